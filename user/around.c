// SPDX-License-Identifier: GPL-2.0-only
#include "around.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "birdctl.h"
#include "nfrules.h"
#include "nftrace.h"
#include "sources.h"
#include "state.h"
#include "util.h"

/* What gives no sign when it changes is looked at this often, BIRD among it. */
#define LOOK_NS (10 * NS_PER_S)
#define QUESTIONS 128
/* A reading takes its time on a busy node. */
#define RULES_NS (250 * NS_PER_MS)
#define CLOCK_NS (250 * NS_PER_MS)

struct around {
	struct around_opts o;
	struct state_ask ask;
	struct nodes nodes;
	struct birdctl *bird, *bird6;
	uint32_t bird_pid, bird6_pid;
	uint64_t look_at, urged_ns;
	bool urged;
	struct nfrules *rules; /* the reading before, NULL: none */
	uint64_t rules_at;     /* no other one before */
	struct nftrace *trace;
	int64_t wall_ns; /* how far the wall clock was off */
	uint64_t clock_at;
};

/* A new BIRD deserves to be asked again, even if the old one was given up. */
static void meet(struct birdctl *b, uint32_t now, uint32_t *pid)
{
	if (now == *pid)
		return;
	*pid = now;
	if (b) {
		birdctl__set_pid(b, now);
		birdctl__retry(b);
	}
}

static bool take_bird(void *ctx, const struct obs_proc *proc)
{
	uint32_t *pid = (uint32_t *)ctx + !strcmp(proc->comm, "bird6");

	*pid = *pid ? *pid : proc->pid;
	return true;
}

static void look_for_birds(struct around *a)
{
	static const char *const comms[] = { "bird", "bird6", NULL };
	uint32_t pid[2] = { 0 };

	(void)proc_each(a->o.o->host_root, a->o.inum, comms, take_bird, pid);
	meet(a->bird, pid[0], &a->bird_pid);
	meet(a->bird6, pid[1], &a->bird6_pid);
}

static void tell_off(struct around *a, enum source id)
{
	struct obs o = { .kind = OBS_SOURCE, .ts_ns = mono_ns() };

	o.source.id = id;
	o.source.state = SOURCE_OFF;
	a->o.fn(a->o.ctx, &o);
}

static int open_bird(struct around *a)
{
	struct birdctl_opts bo = { .host_root = a->o.o->host_root, .fn = a->o.fn, .ctx = a->o.ctx };
	int err;

	if (a->o.o->no_bird) {
		tell_off(a, SOURCE_BIRD);
		return 0;
	}
	err = birdctl__new(&bo, &a->bird);
	bo.v6 = true;
	return err ? err : birdctl__new(&bo, &a->bird6);
}

static int64_t wall_of(const struct around *a)
{
	return a->o.wall_offset ? a->o.wall_offset(a->o.ctx) : wall_offset_ns();
}

/* All times are of CLOCK_MONOTONIC, but they are told by the wall clock as it was at the start. */
static void look_at_clock(struct around *a, uint64_t now_ns)
{
	struct obs o = { .kind = OBS_LOSS, .ts_ns = now_ns };

	a->clock_at = now_ns + CLOCK_NS;
	if (!wall_stepped(&a->wall_ns, wall_of(a)))
		return;
	o.loss.what = LOSS_CLOCK;
	o.loss.count = 1;
	a->o.fn(a->o.ctx, &o);
}

int around__new(const struct around_opts *o, struct around **ret)
{
	struct around *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->o = *o;
	a->ask = (struct state_ask){
		.host_root = o->o->host_root,
		.netns_inum = o->inum,
		.mirror = o->mirror,
		.nodes = &a->nodes,
	};
	err = open_bird(a);
	if (!err)
		err = nftrace__new(o->fn, o->ctx, &a->trace);
	/* before anybody is told that packets are traced: the first one may be the one that counts */
	if (!err && o->rules)
		nftrace__begin(a->trace);
	if (err) {
		around__free(a);
		return err;
	}
	look_for_birds(a);
	a->wall_ns = wall_of(a);
	*ret = a;
	return 0;
}

void around__free(struct around *a)
{
	if (!a)
		return;
	birdctl__free(a->bird);
	birdctl__free(a->bird6);
	nodes__free(&a->nodes);
	nftrace__free(a->trace);
	nfrules_drop(&a->rules);
	free(a);
}

void around__look(struct around *a, uint64_t now_ns)
{
	static int (*const looks[])(const struct state_ask *, uint64_t, obs_fn, void *) = {
		state_conf, state_nodes, state_proc, state_sysctl, state_vtep,
		state_fill, state_neigh, state_pods, state_status, state_kubelet,
	};

	a->look_at = now_ns + LOOK_NS;
	look_for_birds(a);
	/* what fails says so in its own round */
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
		looks[i](&a->ask, now_ns, a->o.fn, a->o.ctx);
}

void around__ask_kernel(struct around *a, uint64_t now_ns)
{
	struct addr dst[QUESTIONS];
	size_t n = a->o.questions ? a->o.questions(a->o.ctx, dst, QUESTIONS) : 0;

	if (n)
		state_answer(&a->ask, dst, n, now_ns, a->o.fn, a->o.ctx);
}

void around__wait_bird(struct around *a, uint64_t max_ns)
{
	uint64_t now = mono_ns(), end = now + max_ns;
	uint32_t rounds;

	if (!a->bird)
		return;
	birdctl__want(a->bird, true);
	rounds = birdctl__rounds(a->bird);
	for (; now < end && birdctl__rounds(a->bird) == rounds; now = mono_ns()) {
		struct pollfd p = { .fd = birdctl__fd(a->bird), .events = POLLIN };

		if (birdctl__state(a->bird) == SOURCE_GIVEN_UP)
			return;
		birdctl__turn(a->bird, now);
		if (birdctl__rounds(a->bird) == rounds)
			poll(&p, p.fd >= 0, 5);
	}
}

void around__ask_rules(struct around *a, uint64_t now_ns)
{
	state_nfrules(&a->rules, now_ns, a->o.fn, a->o.ctx);
	a->rules_at = mono_ns() + RULES_NS;
}

void around__urge(struct around *a)
{
	a->urged = true;
	if (a->bird)
		birdctl__want(a->bird, true);
}

void around__hurry(struct around *a)
{
	if (a->bird)
		birdctl__want(a->bird, false);
}

void around__turn(struct around *a, uint64_t now_ns)
{
	if (a->bird)
		birdctl__turn(a->bird, now_ns);
	if (a->bird6)
		birdctl__turn(a->bird6, now_ns);
	if (a->o.rules)
		nftrace__turn(a->trace, now_ns);
	if (a->o.rules && now_ns >= a->rules_at && a->o.rules(a->o.ctx))
		around__ask_rules(a, mono_ns());
	if (a->urged && now_ns > a->urged_ns + NS_PER_S) {
		a->urged_ns = now_ns;
		a->urged = false;
		look_for_birds(a);
		/* who listens no longer may be gone */
		state_proc(&a->ask, now_ns, a->o.fn, a->o.ctx);
		/* what a wrong address changes first: lists of nodes, VTEPs, and what confd writes */
		state_nodes(&a->ask, now_ns, a->o.fn, a->o.ctx);
		state_vtep(&a->ask, now_ns, a->o.fn, a->o.ctx);
		state_conf(&a->ask, now_ns, a->o.fn, a->o.ctx);
		state_neigh(&a->ask, now_ns, a->o.fn, a->o.ctx);
		/* and what somebody may have reset, which makes no sound */
		state_sysctl(&a->ask, now_ns, a->o.fn, a->o.ctx);
		around__ask_kernel(a, now_ns);
	}
	if (now_ns >= a->clock_at)
		look_at_clock(a, now_ns);
	if (now_ns >= a->look_at) {
		if (a->bird)
			birdctl__want(a->bird, false);
		if (a->bird6)
			birdctl__want(a->bird6, false);
		around__look(a, now_ns);
		around__ask_kernel(a, now_ns);
	}
}
