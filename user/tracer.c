// SPDX-License-Identifier: GPL-2.0-only
#include "tracer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "filter.h"
#include "recorder.h"
#include "util.h"

struct tracer {
	const struct opts *o;
	char **argv;
	struct tracer_ops ops;
	struct engine *engine;
	struct filter *filter;
	struct session *session;
	struct recorder *recorder; /* NULL: no -w */
	int64_t wall_offset_ns;
	uint64_t ready_ns;
	bool ready; /* records of the snapshot are state, not news */
	bool ended; /* what comes now is the end's snapshot */
};

struct session *tracer__session(struct tracer *t)
{
	return t->session;
}

const struct engine *tracer__engine(const struct tracer *t)
{
	return t->engine;
}

int64_t tracer__wall_offset_ns(const struct tracer *t)
{
	return t->wall_offset_ns;
}

uint64_t tracer__ready_ns(const struct tracer *t)
{
	return t->ready_ns;
}

/* ---- what the session and the engine call ---- */

static bool is_done(void *ctx)
{
	struct tracer *t = ctx;

	return recorder__over(t->recorder) || (t->ops.done && t->ops.done(t->ops.ctx));
}

static void on_record(void *ctx, const struct record *rec)
{
	struct tracer *t = ctx;

	if (t->ready && !t->ended && t->ops.record)
		t->ops.record(t->ops.ctx, rec);
}

static void on_obs(void *ctx, const struct obs *o)
{
	struct tracer *t = ctx;

	/* what the ring still holds when -c is reached is beyond the count */
	if (t->ready && !t->ended && is_done(t))
		return;
	/* the same observations in the same order: the filter knows the interface when its packets come */
	filter__feed(t->filter, o);
	engine__feed(t->engine, o);
	recorder__obs(t->recorder, o, engine__last_packet(t->engine));
	if (o->kind == OBS_TICK && t->ready && !t->ended && t->ops.tick)
		t->ops.tick(t->ops.ctx, o->ts_ns);
}

static void on_matched(void *ctx, uint64_t packet)
{
	struct tracer *t = ctx;

	recorder__matched(t->recorder, packet);
}

static const struct mirror *get_mirror(void *ctx)
{
	struct tracer *t = ctx;

	return engine__mirror(t->engine);
}

static size_t questions(void *ctx, struct addr *out, size_t max)
{
	struct tracer *t = ctx;

	return engine__questions(t->engine, out, max);
}

static bool wants_rules(void *ctx)
{
	struct tracer *t = ctx;

	return engine__rules_wanted(t->engine);
}

static bool is_urgent(void *ctx)
{
	struct tracer *t = ctx;

	return engine__take_urgent(t->engine);
}

static bool is_troubled(void *ctx)
{
	struct tracer *t = ctx;

	return engine__has_open(t->engine);
}

static void flush(void *ctx)
{
	struct tracer *t = ctx;

	recorder__flush(t->recorder);
}

static bool is_due(void *ctx)
{
	const struct tracer *t = ctx;

	return session__due(t->session);
}

static void on_input(void *ctx)
{
	struct tracer *t = ctx;

	t->ops.input(t->ops.ctx);
}

static void on_signal(void *ctx, int sig)
{
	struct tracer *t = ctx;

	t->ops.signal(t->ops.ctx, sig);
}

static void tell_recorder(struct tracer *t, uint64_t ts_ns)
{
	struct tracer_probes p;

	tracer__probes(t, &p);
	recorder__ready(t->recorder, &(struct cap_ready){ .ts_ns = ts_ns,
							  .ifaces = session__ifaces(t->session),
							  .probes = p.used,
							  .missing = p.missing });
}

static void on_turn(void *ctx, uint64_t now_ns)
{
	struct tracer *t = ctx;

	if (recorder__wants_part(t->recorder)) {
		recorder__part(t->recorder, now_ns);
		session__snapshot(t->session, false);
		tell_recorder(t, mono_ns());
	}
	recorder__tick(t->recorder, now_ns);
	if (t->ops.turn)
		t->ops.turn(t->ops.ctx);
}

/* ---- from the beginning to the end ---- */

static int open_engine(struct tracer *t, char *why, size_t why_sz)
{
	struct filter_opts fo = opts_filter(t->o);
	struct engine_opts eo = {
		.reply_timeout_ns = t->o->reply_timeout_ns,
		.all = t->o->all,
		.matched = on_matched,
		.matched_ctx = t,
		.emit = on_record,
		.emit_ctx = t,
	};
	int err = filter__new(&fo, &t->filter, why, why_sz);

	if (err)
		return err;
	memcpy(eo.dns_port, t->o->dns_port, sizeof(eo.dns_port));
	if (t->o->filter[0] || t->o->pod) {
		eo.match = filter__bits;
		eo.wants = filter__wants;
		eo.match_ctx = t->filter;
	}
	err = engine__new(&eo, &t->engine);
	if (!err && t->ops.counts)
		engine__count(t->engine, t->ops.counts);
	return err;
}

static int open_session(struct tracer *t, char *why, size_t why_sz)
{
	const struct session_ops so = {
		.obs = on_obs,
		.tick = on_turn,
		.flush = flush,
		.done = is_done,
		.mirror = get_mirror,
		.questions = questions,
		.rules = wants_rules,
		.urgent = is_urgent,
		.troubled = is_troubled,
		.input = t->ops.input ? on_input : NULL,
		.signal = t->ops.signal ? on_signal : NULL,
		.ctx = t,
	};

	return session__open(t->o, &so, &t->session, why, why_sz);
}

static int open_recorder(struct tracer *t, char *why, size_t why_sz)
{
	const struct recorder_opts ro = {
		.o = t->o,
		.node = session__node(t->session),
		.netns = session__netns(t->session),
		.wall_offset_ns = t->wall_offset_ns,
		.argv = t->argv,
		.ending = is_due,
		.ending_ctx = t,
	};

	return t->o->write ? recorder__new(&ro, &t->recorder, why, why_sz) : 0;
}

int tracer__new(const struct opts *o, char **argv, const struct tracer_ops *ops,
		struct tracer **ret)
{
	struct tracer *t = calloc(1, sizeof(*t));
	char why[400] = "";
	int err = t ? 0 : -ENOMEM;

	if (t) {
		t->o = o;
		t->argv = argv;
		t->ops = *ops;
		t->wall_offset_ns = wall_offset_ns();
		err = open_engine(t, why, sizeof(why));
		if (!err)
			err = open_session(t, why, sizeof(why));
		if (!err)
			err = open_recorder(t, why, sizeof(why));
	}
	if (!err) {
		*ret = t;
		return 0;
	}
	log_err("%s", why[0] ? why : "out of memory");
	tracer__free(t);
	return err;
}

/* Memory comes first, and is recorded: a replay needs no baseline. */
static int recall(struct tracer *t, char *why, size_t why_sz)
{
	const struct baseline_run br = { session__node(t->session), mono_ns(), t->wall_offset_ns };

	return baseline__feed(t->o, &br, on_obs, t, why, why_sz);
}

int tracer__start(struct tracer *t)
{
	char why[400] = "";
	int err = recall(t, why, sizeof(why));

	if (err) {
		log_err("--baseline: %s", why);
		return err;
	}
	err = session__start(t->session, why, sizeof(why));
	if (!err)
		err = recorder__begin(t->recorder, why, sizeof(why));
	if (err) {
		log_err("%s", why[0] ? why : "cannot start");
		return err;
	}
	t->ready_ns = mono_ns();
	return 0;
}

void tracer__probes(const struct tracer *t, struct tracer_probes *out)
{
	const struct loader *ld = session__loader(t->session);
	int used = 0, missing = 0;

	for (int i = 0; ld && i < PROBE_MAX; i++) {
		const struct probe_state *p = loader__probe(ld, i);

		if (p->ok)
			out->used[used++] = p->name;
		else
			out->missing[missing++] = p->name;
	}
	out->used[used] = out->missing[missing] = NULL;
}

void tracer__tell_ready(struct tracer *t)
{
	const char *const *ifaces = session__ifaces(t->session);
	int n = 0;

	while (ifaces[n])
		n++;
	fprintf(stderr, "calitrace: tracing %d interfaces, %u pools\n", n,
		session__pools(t->session)->cnt);
	/* a pod may come later, but a name may also be mistyped, and silence would not tell */
	if (!filter__pod_known(t->filter))
		log_warn("--pod '%s': this node has no interface '%s' (yet); ip link lists them",
			 t->o->pod, t->o->pod_dev);
}

void tracer__run(struct tracer *t)
{
	tell_recorder(t, t->ready_ns);
	t->ready = true;
	if (!t->o->snapshot)
		session__run(t->session);
}

uint64_t tracer__finish(struct tracer *t, struct summary *sum)
{
	uint64_t now = mono_ns();

	engine__finish(t->engine, now);
	engine__summary(t->engine, now, sum);
	sum->have_status = session__status(t->session) >= 0;
	sum->command_status = session__status(t->session);
	return now;
}

static int end_recording(struct tracer *t, uint64_t ts_ns)
{
	const struct cap_finish f = {
		.ts_ns = ts_ns,
		.command_status = session__status(t->session),
		.hurried = session__hurried(t->session),
	};
	const char *over = recorder__over(t->recorder), *why = session__why(t->session);

	t->ended = true;
	recorder__finish(t->recorder, &f);
	/* of a snapshot alone the end is the beginning */
	if (!f.hurried && !t->o->snapshot && !recorder__failed(t->recorder))
		session__snapshot(t->session, true);
	return recorder__end(t->recorder, mono_ns(), over ? over : *why ? why : "done");
}

int tracer__end(struct tracer *t, const struct summary *sum, uint64_t ts_ns)
{
	int err = t->recorder ? end_recording(t, ts_ns) : 0;

	fprintf(stderr,
		"calitrace: %llu packets seen, %llu problems, %llu events lost, %llu withheld\n",
		(unsigned long long)sum->seen, (unsigned long long)sum->problems,
		(unsigned long long)sum->lost, (unsigned long long)sum->withheld);
	return session__failed(t->session) ? -ECHILD : err;
}

void tracer__free(struct tracer *t)
{
	if (!t)
		return;
	session__close(t->session);
	recorder__free(t->recorder);
	engine__free(t->engine);
	filter__free(t->filter);
	free(t);
}
