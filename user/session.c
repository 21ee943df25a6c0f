// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process, one epoll loop. The ring is polled twenty times a second, since its records do not
 * wake anybody; changes of links, routes and addresses come through the ring, too, and in one order
 * with the packets.
 */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "around.h"
#include "beat.h"
#include "child.h"
#include "confine.h"
#include "addr.h"
#include "decode.h"
#include "ifaces.h"
#include "learn.h"
#include "podset.h"
#include "rtnl.h"
#include "rtnum.h"
#include "sources.h"
#include "storm.h"
#include "symbols.h"
#include "timeline.h"
#include "util.h"

#define TICK_NS (50 * NS_PER_MS)
#define REORDER_NS (5 * NS_PER_MS)
#define POOLS_NS (10 * NS_PER_S)
#define RESYNC_NS (200 * NS_PER_MS)
#define HURRY_NS (300 * NS_PER_MS)
#define BGP_PORT 179
#define BIRD_WAIT_NS NS_PER_S
/* A round may be put off for a second after the last one */
#define BIRD_AGAIN_NS (1500 * NS_PER_MS)
#define NETNS_NS NS_PER_S
/* namespaces of pods are looked for no more often, since there is a file for each */
#define PODNS_NS (250 * NS_PER_MS)

struct session {
	const struct opts *o;
	struct session_ops ops;
	int orig_netns, epoll, timer, sig;
	uint32_t inum;
	char node[NODE_LEN];
	struct rtnl *rtnl;
	struct loader *loader;
	struct ifaces *ifaces; /* NULL: the TC programs are refused */
	struct symbols *sym;
	struct timeline *timeline;
	struct obs_pools pools;
	struct around *around;
	uint64_t start_ns, stop_ns, pools_at, resync_at, podns_at, netns_at;
	uint64_t lost, lost_messages, malformed, inert, signalled_ns;
	bool started, resync_all, resync_failed, podns_stale, routes_came, more, stop, hurried;
	struct child child;
	struct beat *beat;
	struct storm *storm;
	struct podset pods;
	const char *why; /* it stopped */
};

const char *session__node(const struct session *s)
{
	return s->node;
}

const struct obs_pools *session__pools(const struct session *s)
{
	return &s->pools;
}

const struct loader *session__loader(const struct session *s)
{
	return s->loader;
}

bool session__hurried(const struct session *s)
{
	return s->hurried;
}

uint32_t session__netns(const struct session *s)
{
	return s->inum;
}

const char *session__why(const struct session *s)
{
	return s->why ? s->why : "";
}

/* The first reason counts. */
static void stop(struct session *s, const char *why)
{
	if (!s->stop)
		s->why = why;
	s->stop = true;
}

int session__status(const struct session *s)
{
	return s->child.status;
}

bool session__due(const struct session *s)
{
	return s->stop || (s->stop_ns && mono_ns() >= s->stop_ns) || child__gone(&s->child);
}

bool session__failed(const struct session *s)
{
	return s->child.failed;
}

const char *const *session__ifaces(struct session *s)
{
	static const char *const none[] = { NULL };

	return s->ifaces ? ifaces__names(s->ifaces) : none;
}

/* ---- observations ---- */

static void deliver(void *ctx, const struct obs *o)
{
	struct session *s = ctx;

	s->ops.obs(s->ops.ctx, o);
}

/* New interfaces are traced when their message is read, not when its turn in the timeline comes. */
static void on_obs(void *ctx, const struct obs *o)
{
	struct session *s = ctx;

	/* whether an IPv6 listener takes IPv4 as well (BIRD 2) or not (bird6), only inet_diag knows */
	if (o->kind == OBS_BGP && !o->bgp.snapshot && o->bgp.local.family == 6 &&
	    (o->bgp.state == BGP_LISTEN || o->bgp.state == BGP_NO_LISTEN)) {
		s->resync_all = true;
		s->resync_at = o->ts_ns + TICK_NS;
		return;
	}
	if (timeline__push(s->timeline, o))
		s->malformed++;
	if (s->loader)
		loader__obs(s->loader, o);
	if (s->ifaces)
		ifaces__obs(s->ifaces, o);
	if (o->kind == OBS_LINK) {
		s->podns_stale = true;
		/* routes leave with a link that goes down, unannounced: look again soon */
		if (!o->link.snapshot && (!o->link.link.up || o->link.op == LINK_DEL) &&
		    !s->resync_at)
			s->resync_at = mono_ns() + RESYNC_NS;
	}
	if (o->kind == OBS_ROUTE && s->started && o->route.op != ROUTE_DEL)
		s->podns_stale = s->routes_came = true;
}

static void on_record(void *ctx, const void *data, size_t len)
{
	struct session *s = ctx;

	storm__seen(s->storm, data, len);
	if (decode_record(data, len, s->sym, on_obs, s))
		s->malformed++;
}

static void push(void *ctx, const struct obs *o)
{
	struct session *s = ctx;

	if (timeline__push(s->timeline, o))
		s->malformed++;
}

static void push_loss_at(struct session *s, enum loss_what what, uint64_t count, uint64_t ts_ns)
{
	struct obs o = { .kind = OBS_LOSS, .ts_ns = ts_ns };

	o.loss = (struct obs_loss){ .what = what, .count = count };
	push(s, &o);
}

static void push_loss(struct session *s, enum loss_what what, uint64_t count)
{
	push_loss_at(s, what, count, mono_ns());
}

static void on_gap(void *ctx, uint64_t count)
{
	push_loss(ctx, LOSS_ATTACHMENT, count);
}

/* ---- sources that are asked now and then ---- */

static int ask_pools(struct session *s, struct obs_pools *out)
{
	return learn_pools(s->o, s->ops.mirror(s->ops.ctx), s->inum, out);
}

/* A pool that is only guessed is not guessed anew: the guess would follow the fault. */
static void refresh_pools(struct session *s)
{
	struct obs o = { .kind = OBS_POOLS, .ts_ns = mono_ns() };

	if (s->pools.cnt && s->pools.pool[0].from == FROM_GUESS)
		return;
	if (ask_pools(s, &o.pools) || !memcmp(&o.pools, &s->pools, sizeof(o.pools)))
		return;
	learn_keep_modes(&o.pools, &s->pools);
	if (loader__set_pools(s->loader, &o.pools))
		return;
	s->pools = o.pools;
	push(s, &o);
}

static void on_podns(void *ctx, uint32_t ifindex, uint32_t inum)
{
	struct session *s = ctx;
	const struct link_info *l = mirror__link_info(s->ops.mirror(s->ops.ctx), ifindex);

	if (inum == s->inum)
		return;
	/* so new that its turn has not come yet */
	if (!l)
		s->podns_stale = true;
	else if (learn_is_pods(s->ops.mirror(s->ops.ctx), l) &&
		 podset__add(&s->pods, inum, ifindex))
		loader__set_podns(s->loader, inum, ifindex);
}

static void podns_gone(void *ctx, uint32_t inum)
{
	struct session *s = ctx;

	loader__set_podns(s->loader, inum, 0);
}

/* Names of namespaces may stand below the host's root, or here where the lab made them. */
static void scan_podns(struct session *s)
{
	int err;

	podset__begin(&s->pods);
	err = podns_scan(s->o->host_root, on_podns, s);
	if (strcmp(s->o->host_root, "/"))
		err |= podns_scan("/", on_podns, s);
	if (!err)
		podset__end(&s->pods, podns_gone, s);
	else
		/* links came or went meanwhile: a pod that was missed would not be traced for long */
		s->podns_stale = true;
}

static size_t ask_questions(void *ctx, struct addr *out, size_t max)
{
	struct session *s = ctx;

	return s->ops.questions ? s->ops.questions(s->ops.ctx, out, max) : 0;
}

static bool wants_rules(void *ctx)
{
	struct session *s = ctx;

	return s->ops.rules && s->ops.rules(s->ops.ctx);
}

static void resync(struct session *s, bool sessions)
{
	uint64_t now = mono_ns();

	s->resync_at = 0;
	s->resync_all = false;
	if (rtnl__dump(s->rtnl, now, on_obs, s)) {
		/* too much is changing for a consistent picture: again, a little later */
		if (!s->resync_failed)
			push_loss(s, LOSS_NETLINK, 1);
		s->resync_failed = true;
		s->resync_at = now + NS_PER_S;
	} else {
		s->resync_failed = false;
	}
	if (sessions) {
		bgp_diag(BGP_PORT, now, on_obs, s);
		bgp_knocks(BGP_PORT, now, on_obs, s);
	}
}

/* now: no later than what else this turn brings, which would have time run on over what is missing */
static void look_at_losses(struct session *s, uint64_t now)
{
	uint64_t messages = 0, lost = loader__lost(s->loader, &messages) + s->malformed;

	if (lost > s->lost) {
		push_loss_at(s, LOSS_RING, lost - s->lost, now);
		/* a session's end may be among them */
		s->resync_all = true;
		s->resync_at = 1;
	}
	if (messages > s->lost_messages)
		s->resync_at = 1;
	s->lost = lost;
	s->lost_messages = messages;
	/* packets that passed while our sign of life was overdue */
	lost = loader__inert(s->loader);
	if (lost > s->inert)
		push_loss_at(s, LOSS_ATTACHMENT, lost - s->inert, now);
	s->inert = lost;
	storm__turn(s->storm, mono_ns(), s->stop, push, s);
}

static void drain_rtnl(struct session *s)
{
	bool through_ring = loader__probe(s->loader, PROBE_ROUTE)->ok;
	/* of rules the ring does not tell */
	int err = through_ring ? rtnl__drain(s->rtnl, mono_ns(), loader__obs, s->loader) :
				 rtnl__drain(s->rtnl, mono_ns(), on_obs, s);

	if (err && through_ring)
		loader__obs(s->loader, NULL);
	if (err && !through_ring) {
		push_loss(s, LOSS_NETLINK, 1);
		s->resync_at = 1;
	}
}

/* ---- opening ---- */

static int watch(struct session *s, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int open_loop(struct session *s)
{
	struct itimerspec every = {
		.it_interval.tv_nsec = (long)TICK_NS,
		.it_value.tv_nsec = (long)TICK_NS,
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGXFSZ); /* the write says so, too */
	if (s->ops.signal) {
		sigaddset(&set, SIGWINCH);
		sigaddset(&set, SIGTSTP);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->sig = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->sig < 0 || s->timer < 0 || s->epoll < 0)
		return -errno;
	if (timerfd_settime(s->timer, 0, &every, NULL))
		return -errno;
	return watch(s, s->sig, EPOLLIN) || watch(s, s->timer, EPOLLIN) ? -EIO : 0;
}

int session__open(const struct opts *o, const struct session_ops *ops, struct session **ret,
		  char *why, size_t why_sz)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		snprintf(why, why_sz, "out of memory");
		return -ENOMEM;
	}
	s->o = o;
	s->ops = *ops;
	s->orig_netns = s->epoll = s->timer = s->sig = -1;
	s->child.status = -1;
	err = confine_start(o, &s->child, why, why_sz);
	if (err)
		goto fail;
	node_name(o, s->node, sizeof(s->node));
	err = node_netns(o, &s->orig_netns, &s->inum, why, why_sz);
	if (err)
		goto fail;
	err = open_loop(s);
	if (!err)
		err = timeline__new(REORDER_NS, &s->timeline);
	if (!err)
		err = symbols__new("/", &s->sym); /* one kernel, whatever the root */
	if (!err)
		err = rtnl__open(&s->rtnl);
	if (err) {
		snprintf(why, why_sz, "cannot set up: %s", strerror(-err));
		goto fail;
	}
	*ret = s;
	return 0;
fail:
	session__close(s);
	return err;
}

static int start_pools(struct session *s, char *why, size_t why_sz)
{
	struct obs o = { .kind = OBS_POOLS, .ts_ns = mono_ns() };
	int err = ask_pools(s, &s->pools);

	/* the rest of the node's state is worth keeping without them */
	if (err == -ENOENT && s->o->snapshot) {
		log_warn(
			"no Calico pool found on this node: name it with --pool 10.244.0.0/16=ipip");
		return 0;
	}
	if (err == -ENOENT)
		snprintf(
			why, why_sz,
			"no Calico pool found on this node (no ipset cali40all-ipam-pools, no "
			"bird_ipam.cfg, no blackhole block); name it: --pool 10.244.0.0/16=ipip (or "
			"=vxlan, =crosssubnet, =none)");
	else if (err)
		snprintf(why, why_sz, "cannot learn the pools: %s", strerror(-err));
	if (err)
		return err;
	o.pools = s->pools;
	deliver(s, &o);
	return 0;
}

/*
 * What the first screen says, and what the first problems will be judged against. BIRD's answer is
 * waited for, as its sessions are half of the story, but not for long.
 */
static int start_around(struct session *s)
{
	const struct around_opts ao = {
		.o = s->o,
		.inum = s->inum,
		.mirror = s->ops.mirror(s->ops.ctx),
		.fn = push,
		.ctx = s,
		.questions = ask_questions,
		.rules = wants_rules,
	};
	int err = around__new(&ao, &s->around);

	if (err)
		return err;
	around__look(s->around, mono_ns());
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	around__wait_bird(s->around, BIRD_WAIT_NS);
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	around__ask_kernel(s->around, mono_ns());
	/* what the first packets that a filter drops are measured against */
	if (!s->o->snapshot)
		around__ask_rules(s->around, mono_ns());
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	return 0;
}

static int start_ifaces(struct session *s)
{
	const struct ifaces_opts io = {
		.o = s->o,
		.loader = s->loader,
		.mirror = s->ops.mirror(s->ops.ctx),
		.loss = on_gap,
		.ctx = s,
	};

	/* without the TC programs, drops and look-ups that failed still tell something */
	if (!loader__probe(s->loader, PROBE_PATH)->ok)
		return 0;
	return ifaces__new(&io, &s->ifaces);
}

static uint16_t vxlan_port(const struct session *s)
{
	uint16_t port = learn_vxlan_port(s->ops.mirror(s->ops.ctx));

	return port ? port : VXLAN_PORT;
}

static int start_loader(struct session *s, char *why, size_t why_sz)
{
	struct loader_opts lo = {
		.netns_inum = s->inum,
		.apps = s->o->apps,
		.dns_port = { s->o->dns_port[0], s->o->dns_port[1], s->o->dns_port[2],
			      s->o->dns_port[3] },
		.bgp_port = BGP_PORT,
		.vxlan_port = vxlan_port(s),
		.sym = s->sym,
		.snap_all = s->o->write || s->o->filter[0],
	};
	int err = loader__open(&lo, &s->loader, why, why_sz);

	if (err)
		return err;
	symbols__ask(s->sym, loader__symbol, s->loader);
	err = loader__set_pools(s->loader, &s->pools);
	if (!err)
		err = storm__new(s->loader, s->sym, &s->storm);
	/* the programs are inert without a sign of life */
	if (!err)
		err = beat__new(s->loader, &s->beat);
	if (!err)
		err = loader__attach(s->loader, rtnl__fd(s->rtnl));
	if (!err)
		err = start_ifaces(s);
	if (err)
		snprintf(why, why_sz,
			 "cannot start tracing: %s; calitrace doctor says what this kernel "
			 "allows",
			 strerror(-err));
	return err;
}

static int no_interface(const struct session *s, char *why, size_t why_sz)
{
	if (ifaces__refused(s->ifaces))
		snprintf(why, why_sz, "none of the interfaces could be attached to: see above");
	else if (s->o->iface_cnt)
		snprintf(why, why_sz, "no interface matches '%s'%s; ip link lists them",
			 s->o->iface[0], s->o->iface_cnt > 1 ? " or the other -i" : "");
	else
		snprintf(why, why_sz,
			 "no interface to trace: no cali*, tunl0 or vxlan.calico here, and no "
			 "route; is this the node's network namespace (--netns)?");
	return -ENODEV;
}

int session__start(struct session *s, char *why, size_t why_sz)
{
	int err = rtnl__dump(s->rtnl, mono_ns(), deliver, s);

	if (err) {
		snprintf(why, why_sz, "cannot read the routes: %s", strerror(-err));
		return err;
	}
	err = start_pools(s, why, why_sz);
	if (!err && !s->o->snapshot)
		err = start_loader(s, why, why_sz);
	if (err)
		return err;
	/*
	 * Again, now that every change comes through the ring: what happened between the first dump
	 * and the filter would be lost otherwise.
	 */
	resync(s, true);
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	if (s->ifaces) {
		ifaces__reconsider(s->ifaces);
		ifaces__settle(s->ifaces);
		if (!ifaces__count(s->ifaces))
			return no_interface(s, why, why_sz);
	}
	if (s->loader)
		scan_podns(s);
	err = start_around(s);
	if (err)
		snprintf(why, why_sz, "cannot set up: %s", strerror(-err));
	if (err)
		return err;
	confine_settle(s->o);
	if (s->o->snapshot)
		return 0;
	err = watch(s, loader__epoll_fd(s->loader), EPOLLIN | EPOLLET);
	if (!err)
		err = watch(s, rtnl__fd(s->rtnl), EPOLLIN);
	if (!err && s->ifaces && ifaces__fd(s->ifaces) >= 0)
		err = watch(s, ifaces__fd(s->ifaces), EPOLLIN);
	if (!err && s->ops.input)
		err = watch(s, STDIN_FILENO, EPOLLIN);
	s->started = true;
	return err;
}

static void push_pools(struct session *s)
{
	struct obs o = { .kind = OBS_POOLS, .ts_ns = mono_ns(), .pools = s->pools };

	if (s->pools.cnt)
		push(s, &o);
}

void session__snapshot(struct session *s, bool wait)
{
	/* what was before stays before it */
	if (s->loader)
		loader__consume(s->loader, on_record, s);
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	resync(s, true);
	push_pools(s);
	if (s->around)
		around__look(s->around, mono_ns());
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	if (!s->around)
		return;
	around__wait_bird(s->around, wait ? BIRD_AGAIN_NS : 0);
	around__ask_kernel(s->around, mono_ns());
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
}

/* ---- the program to trace ---- */

static void start_child(struct session *s)
{
	if (s->o->program)
		child__start(&s->child);
	if (s->child.failed)
		stop(s, "the program could not be run");
}

static void on_child(struct session *s, uint64_t now)
{
	if (s->ifaces)
		ifaces__reap(s->ifaces, now);
	if (!child__reap(&s->child))
		return;
	/* its last requests may still be answered, or turn out unanswered */
	now += s->o->reply_timeout_ns + 2 * TICK_NS;
	if (!s->stop_ns || now < s->stop_ns)
		s->stop_ns = now;
}

/* ---- the loop ---- */

static bool is_no_end(uint32_t sig)
{
	return sig == SIGCHLD || sig == SIGUSR1 || sig == SIGXFSZ || sig == SIGWINCH ||
	       sig == SIGTSTP;
}

static void read_signals(struct session *s, uint64_t now)
{
	struct signalfd_siginfo si;

	while (read(s->sig, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			on_child(s, now);
		if (si.ssi_signo == SIGUSR1 && s->ops.flush)
			s->ops.flush(s->ops.ctx);
		if (si.ssi_signo == SIGWINCH || si.ssi_signo == SIGTSTP)
			s->ops.signal(s->ops.ctx, (int)si.ssi_signo);
		if (is_no_end(si.ssi_signo))
			continue;
		/* timeout(1) and terminals send a signal to us and to our group: that is one */
		if (!s->signalled_ns)
			s->signalled_ns = now;
		s->hurried = now > s->signalled_ns + HURRY_NS;
		stop(s, "signal");
	}
}

static void consume(struct session *s)
{
	struct obs tick = { .kind = OBS_TICK, .ts_ns = mono_ns() };

	/* the tick is stamped before the ring is read, so that it cannot overtake what it finds there */
	loader__consume(s->loader, on_record, s);
	timeline__push(s->timeline, &tick);
	timeline__drain(s->timeline, tick.ts_ns, deliver, s);
}

/* What is rare, and slow where there are many pods: after the packets, and not at every tick. */
static void look_for_podns(struct session *s, uint64_t now)
{
	if (!s->podns_stale || now < s->podns_at)
		return;
	s->podns_stale = false;
	s->podns_at = now + PODNS_NS;
	scan_podns(s);
}

/* Our being there keeps the namespace and its devices alive after all others have left it. */
static void look_at_netns(struct session *s, uint64_t now)
{
	if (now < s->netns_at)
		return;
	s->netns_at = now + NETNS_NS;
	if (!node_netns_gone(s->o, s->inum))
		return;
	log_warn("network namespace '%s' was deleted: tracing ends", s->o->netns);
	stop(s, "network namespace deleted");
}

/* True: more is to be done at once. */
static bool periodic(struct session *s, uint64_t now)
{
	bool more = false;

	if (s->beat)
		beat__turn(s->beat);
	if (s->routes_came && s->ifaces)
		ifaces__reconsider(s->ifaces);
	s->routes_came = false;
	if (s->ifaces)
		more = ifaces__tick(s->ifaces, now);
	look_for_podns(s, now);
	if (s->resync_at && now >= s->resync_at)
		resync(s, s->resync_all);
	if (now >= s->pools_at) {
		s->pools_at = now + POOLS_NS;
		refresh_pools(s);
		s->podns_stale = true;
	}
	if (s->ops.urgent && s->ops.urgent(s->ops.ctx))
		around__urge(s->around);
	if (s->ops.troubled && s->ops.troubled(s->ops.ctx))
		around__hurry(s->around);
	around__turn(s->around, now);
	look_at_netns(s, now);
	return more;
}

static void turn(struct session *s)
{
	struct epoll_event ev[8];
	int n = epoll_wait(s->epoll, ev, ARRAY_SIZE(ev), s->more ? 0 : -1);
	uint64_t now = mono_ns(), ticks;

	for (int i = 0; i < n; i++) {
		if (ev[i].data.fd == s->sig)
			read_signals(s, now);
		else if (ev[i].data.fd == s->timer)
			(void)!read(s->timer, &ticks, sizeof(ticks));
		else if (ev[i].data.fd == rtnl__fd(s->rtnl))
			drain_rtnl(s);
		else if (s->ops.input && ev[i].data.fd == STDIN_FILENO)
			s->ops.input(s->ops.ctx);
	}
	look_at_losses(s, now); /* first: whether a missing answer says anything hangs on it */
	consume(s);
	s->more = periodic(s, now);
	s->ops.tick(s->ops.ctx, now);
	if (s->stop_ns && now >= s->stop_ns)
		stop(s, s->child.status >= 0 ? "program ended" : "duration");
	if (s->ops.done(s->ops.ctx))
		stop(s, "");
}

void session__run(struct session *s)
{
	s->start_ns = mono_ns();
	s->pools_at = s->start_ns + POOLS_NS;
	if (s->o->duration_ns)
		s->stop_ns = s->start_ns + s->o->duration_ns;
	start_child(s);
	while (!s->stop)
		turn(s);
	/* detach first: whatever comes now, nothing of ours is in the packets' way */
	ifaces__free(s->ifaces);
	s->ifaces = NULL;
	loader__consume(s->loader, on_record, s);
	look_at_losses(s, mono_ns());
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	read_signals(s, mono_ns());
	child__end(&s->child);
}

void session__close(struct session *s)
{
	if (!s)
		return;
	ifaces__free(s->ifaces);
	beat__free(s->beat);
	storm__free(s->storm);
	loader__free(s->loader);
	rtnl__free(s->rtnl);
	symbols__free(s->sym);
	timeline__free(s->timeline);
	podset__free(&s->pods);
	if (s->orig_netns >= 0)
		close(s->orig_netns);
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->timer >= 0)
		close(s->timer);
	if (s->sig >= 0)
		close(s->sig);
	around__free(s->around);
	child__cancel(&s->child);
	free(s);
}
