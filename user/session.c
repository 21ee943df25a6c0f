// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process, one epoll loop. The ring is polled twenty times a second, since its records do not
 * wake anybody; changes of links, routes and addresses come through the ring, too, and in one order
 * with the packets.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sched.h>

#include "attach.h"
#include "decode.h"
#include "rtnl.h"
#include "sources.h"
#include "symbols.h"
#include "timeline.h"
#include "util.h"

#define TICK_NS (50 * NS_PER_MS)
#define REORDER_NS (5 * NS_PER_MS)
#define POOLS_NS (10 * NS_PER_S)
#define RESYNC_NS (200 * NS_PER_MS)
#define HURRY_NS (300 * NS_PER_MS)
#define BGP_PORT 179
#define VXLAN_PORT 4789
#define RTN_UNICAST_ 1

struct session {
	const struct opts *o;
	struct session_ops ops;
	int orig_netns, epoll, timer, sig;
	uint32_t inum;
	char node[NODE_LEN];
	struct rtnl *rtnl;
	struct loader *loader;
	struct attach *attach;
	struct symbols *sym;
	struct timeline *timeline;
	struct obs_pools pools;
	uint64_t start_ns, stop_ns, pools_at, resync_at;
	uint64_t lost, lost_messages, malformed, signalled_ns;
	bool started, resync_all, resync_failed, podns_stale, stop, hurried;
	bool failed; /* the program could not be run */
	pid_t child;
	int status;
	const char **names;
	size_t names_cnt;
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

int session__status(const struct session *s)
{
	return s->status;
}

bool session__failed(const struct session *s)
{
	return s->failed;
}

/* ---- which interfaces ---- */

static bool leaves_by_default(const char *name)
{
	return !strcmp(name, "tunl0") || !strcmp(name, "vxlan.calico") ||
	       !strcmp(name, "wireguard.cali") || !strncmp(name, "cali", 4);
}

struct oif_ask {
	uint32_t ifindex;
	bool found;
};

static void oif_check(void *ctx, const struct route *r)
{
	struct oif_ask *a = ctx;

	for (int i = 0; r->type == RTN_UNICAST_ && i < r->nh_cnt; i++)
		a->found = a->found || r->nh[i].ifindex == a->ifindex;
}

static bool route_leaves_by(const struct session *s, uint32_t ifindex)
{
	struct oif_ask a = { .ifindex = ifindex };

	mirror__each_route(s->ops.mirror(s->ops.ctx), oif_check, &a);
	return a.found;
}

static bool iface_wanted(const struct session *s, const struct link_info *l)
{
	for (uint32_t i = 0; i < s->o->iface_cnt; i++)
		if (!fnmatch(s->o->iface[i], l->name, 0))
			return true;
	if (!s->o->iface_default || !strcmp(l->name, "lo"))
		return false;
	return leaves_by_default(l->name) || route_leaves_by(s, l->ifindex);
}

static void iface_follow(struct session *s, const struct link_info *l)
{
	struct obs loss = { .kind = OBS_LOSS, .ts_ns = mono_ns() };
	char why[200] = "";
	int err;

	if (!s->attach || attach__has(s->attach, l->ifindex) || !iface_wanted(s, l))
		return;
	err = attach__add(s->attach, l->ifindex, l->name, why, sizeof(why));
	if (!err) {
		/* attached, but somebody else's filter comes first */
		if (why[0])
			log_warn("%s", why);
		return;
	}
	/* gone again before we came: nothing to tell, its message is on the way */
	if (err == -ENODEV || !mirror__link_info(s->ops.mirror(s->ops.ctx), l->ifindex))
		return;
	log_warn("%s", why);
	loss.loss = (struct obs_loss){ .what = LOSS_ATTACHMENT, .count = 1 };
	timeline__push(s->timeline, &loss);
}

static void iface_add_one(void *ctx, const struct link_info *l)
{
	iface_follow(ctx, l);
}

static void count_name(void *ctx, const struct link_info *l)
{
	struct session *s = ctx;
	const char **n;

	if (!s->attach || !attach__has(s->attach, l->ifindex))
		return;
	n = realloc(s->names, (s->names_cnt + 2) * sizeof(*n));
	if (!n)
		return;
	s->names = n;
	s->names[s->names_cnt++] = l->name;
	s->names[s->names_cnt] = NULL;
}

const char *const *session__ifaces(struct session *s)
{
	static const char *const none[] = { NULL };

	s->names_cnt = 0;
	mirror__each_link(s->ops.mirror(s->ops.ctx), count_name, s);
	return s->names_cnt ? s->names : none;
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
	if (o->kind == OBS_LINK && s->attach) {
		if (o->link.op == LINK_DEL) {
			attach__remove(s->attach, o->link.link.ifindex);
		} else {
			iface_follow(s, &o->link.link);
			s->podns_stale = true;
		}
		/* routes leave with a link that goes down, unannounced: look again soon */
		if ((!o->link.link.up || o->link.op == LINK_DEL) && !s->resync_at)
			s->resync_at = mono_ns() + RESYNC_NS;
	}
	if (o->kind == OBS_ROUTE && s->started && o->route.op != ROUTE_DEL)
		s->podns_stale = true;
}

static void on_record(void *ctx, const void *data, size_t len)
{
	struct session *s = ctx;

	if (decode_record(data, len, s->sym, on_obs, s))
		s->malformed++;
}

static void push_loss(struct session *s, enum loss_what what, uint64_t count)
{
	struct obs o = { .kind = OBS_LOSS, .ts_ns = mono_ns() };

	o.loss = (struct obs_loss){ .what = what, .count = count };
	timeline__push(s->timeline, &o);
}

/* ---- sources that are asked now and then ---- */

struct lists {
	struct link_info *link;
	struct obs_addr *addr;
	struct route *route;
	size_t links, addrs, routes;
	bool failed;
};

static void *grow(struct lists *l, void *p, size_t n, size_t size)
{
	void *q;

	if (n & (n - 1)) /* grow at powers of two */
		return p;
	q = realloc(p, (n ? n * 2 : 1) * size);
	if (!q)
		l->failed = true;
	return q ? q : p;
}

static void collect_link(void *ctx, const struct link_info *link)
{
	struct lists *l = ctx;

	l->link = grow(l, l->link, l->links, sizeof(*l->link));
	if (!l->failed)
		l->link[l->links++] = *link;
}

static void collect_addr(void *ctx, const struct obs_addr *addr)
{
	struct lists *l = ctx;

	l->addr = grow(l, l->addr, l->addrs, sizeof(*l->addr));
	if (!l->failed)
		l->addr[l->addrs++] = *addr;
}

static void collect_route(void *ctx, const struct route *route)
{
	struct lists *l = ctx;

	l->route = grow(l, l->route, l->routes, sizeof(*l->route));
	if (!l->failed)
		l->route[l->routes++] = *route;
}

static int learn_pools(struct session *s, struct obs_pools *out)
{
	const struct mirror *m = s->ops.mirror(s->ops.ctx);
	struct lists l = { 0 };
	struct pools_ask ask = {
		.host_root = s->o->host_root,
		.netns_inum = s->inum,
		.option = s->o->pool,
		.option_cnt = s->o->pool_cnt,
	};
	int err;

	mirror__each_link(m, collect_link, &l);
	mirror__each_addr(m, collect_addr, &l);
	mirror__each_route(m, collect_route, &l);
	ask.links = l.link;
	ask.link_cnt = l.links;
	ask.addrs = l.addr;
	ask.addr_cnt = l.addrs;
	ask.routes = l.route;
	ask.route_cnt = l.routes;
	err = l.failed ? -ENOMEM : pools_learn(&ask, out);
	free(l.link);
	free(l.addr);
	free(l.route);
	return err;
}

/* A pool that is only guessed is not guessed anew: the guess would follow the fault. */
static void refresh_pools(struct session *s)
{
	struct obs o = { .kind = OBS_POOLS, .ts_ns = mono_ns() };

	if (s->pools.cnt && s->pools.pool[0].from == FROM_GUESS)
		return;
	if (learn_pools(s, &o.pools) || !memcmp(&o.pools, &s->pools, sizeof(o.pools)))
		return;
	for (uint32_t i = 0; i < o.pools.cnt; i++)
		for (uint32_t k = 0; k < s->pools.cnt; k++)
			/* the mode that routes showed is not forgotten when they are gone */
			if (o.pools.pool[i].mode == POOL_UNKNOWN &&
			    !memcmp(&o.pools.pool[i].cidr, &s->pools.pool[k].cidr,
				    sizeof(struct prefix)))
				o.pools.pool[i] = s->pools.pool[k];
	if (loader__set_pools(s->loader, &o.pools))
		return;
	s->pools = o.pools;
	timeline__push(s->timeline, &o);
}

static void on_podns(void *ctx, uint32_t ifindex, uint32_t inum)
{
	struct session *s = ctx;

	if (inum != s->inum)
		loader__set_podns(s->loader, inum, ifindex);
}

/* Names of namespaces may stand below the host's root, or here where the lab made them. */
static void scan_podns(struct session *s)
{
	podns_scan(s->o->host_root, on_podns, s);
	if (strcmp(s->o->host_root, "/"))
		podns_scan("/", on_podns, s);
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
	if (sessions)
		bgp_diag(BGP_PORT, now, on_obs, s);
}

static void look_at_losses(struct session *s)
{
	uint64_t messages = 0, lost = loader__lost(s->loader, &messages) + s->malformed;

	if (lost > s->lost) {
		push_loss(s, LOSS_RING, lost - s->lost);
		/* a session's end may be among them */
		s->resync_all = true;
		s->resync_at = 1;
	}
	if (messages > s->lost_messages)
		s->resync_at = 1;
	s->lost = lost;
	s->lost_messages = messages;
}

static void drain_rtnl(struct session *s)
{
	bool through_ring = loader__probe(s->loader, PROBE_ROUTE)->ok;
	int err = rtnl__drain(s->rtnl, mono_ns(), through_ring ? NULL : on_obs, s);

	if (err && !through_ring) {
		push_loss(s, LOSS_NETLINK, 1);
		s->resync_at = 1;
	}
}

/* ---- opening ---- */

static int watch(struct session *s, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

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
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->sig = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->sig < 0 || s->timer < 0 || s->epoll < 0)
		return -errno;
	if (timerfd_settime(s->timer, 0, &every, NULL))
		return -errno;
	return watch(s, s->sig) || watch(s, s->timer) ? -EIO : 0;
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
	s->status = -1;
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
	int err = learn_pools(s, &s->pools);

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

static int start_loader(struct session *s, char *why, size_t why_sz)
{
	struct loader_opts lo = {
		.netns_inum = s->inum,
		.apps = s->o->apps,
		.dns_port = { s->o->dns_port[0], s->o->dns_port[1], s->o->dns_port[2],
			      s->o->dns_port[3] },
		.bgp_port = BGP_PORT,
		.vxlan_port = VXLAN_PORT,
	};
	int err = loader__open(&lo, &s->loader, why, why_sz);

	if (err)
		return err;
	err = loader__set_pools(s->loader, &s->pools);
	if (!err)
		err = loader__attach(s->loader, rtnl__fd(s->rtnl));
	/* without the TC programs, drops and look-ups that failed still tell something */
	if (!err && loader__probe(s->loader, PROBE_PATH)->ok)
		err = attach__new(s->loader, &s->attach);
	if (err)
		snprintf(why, why_sz,
			 "cannot start tracing: %s; calitrace doctor says what this kernel "
			 "allows",
			 strerror(-err));
	return err;
}

static int no_interface(const struct session *s, char *why, size_t why_sz)
{
	if (s->o->iface_cnt)
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
	if (!err)
		err = start_loader(s, why, why_sz);
	if (err)
		return err;
	/*
	 * Again, now that every change comes through the ring: what happened between the first dump
	 * and the filter would be lost otherwise.
	 */
	resync(s, true);
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	mirror__each_link(s->ops.mirror(s->ops.ctx), iface_add_one, s);
	if (s->attach && !attach__count(s->attach))
		return no_interface(s, why, why_sz);
	scan_podns(s);
	err = watch(s, loader__epoll_fd(s->loader));
	if (!err)
		err = watch(s, rtnl__fd(s->rtnl));
	s->started = true;
	return err;
}

/* ---- the program to trace ---- */

static void child_exec(const struct session *s, int tell)
{
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (s->orig_netns >= 0 && setns(s->orig_netns, CLONE_NEWNET))
		_exit(126);
	/* its words must not mix with our data */
	if (s->o->output == OUTPUT_JSON)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(s->o->program[0], s->o->program);
	err = errno;
	(void)!write(tell, &err, sizeof(err));
	_exit(err == ENOENT ? 127 : 126);
}

/* The pipe closes when the program starts; else the reason why it did not comes through it. */
static void child_start(struct session *s)
{
	int tell[2] = { -1, -1 }, err = 0;

	if (!s->o->program)
		return;
	fflush(NULL);
	if (pipe2(tell, O_CLOEXEC) || (s->child = fork()) < 0)
		err = errno;
	else if (s->child == 0)
		child_exec(s, tell[1]);
	close(tell[1]);
	if (!err && read(tell[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(tell[0]);
	if (!err)
		return;
	log_err("cannot run '%s': %s", s->o->program[0], strerror(err));
	s->failed = s->stop = true;
	s->status = err == ENOENT ? 127 : 126;
	s->child = 0;
}

static void child_reap(struct session *s, uint64_t now)
{
	int st;

	if (!s->child || waitpid(s->child, &st, WNOHANG) != s->child)
		return;
	s->child = 0;
	s->status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	/* its last requests may still be answered, or turn out unanswered */
	now += s->o->reply_timeout_ns + 2 * TICK_NS;
	if (!s->stop_ns || now < s->stop_ns)
		s->stop_ns = now;
}

/* ---- the loop ---- */

static void read_signals(struct session *s, uint64_t now)
{
	struct signalfd_siginfo si;

	while (read(s->sig, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			child_reap(s, now);
			continue;
		}
		/* timeout(1) and terminals send a signal to us and to our group: that is one */
		if (!s->signalled_ns)
			s->signalled_ns = now;
		s->hurried = now > s->signalled_ns + HURRY_NS;
		s->stop = true;
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

static void periodic(struct session *s, uint64_t now)
{
	look_at_losses(s);
	if (s->podns_stale) {
		s->podns_stale = false;
		scan_podns(s);
		/* a route may have made another device one to trace */
		mirror__each_link(s->ops.mirror(s->ops.ctx), iface_add_one, s);
	}
	if (s->resync_at && now >= s->resync_at)
		resync(s, s->resync_all);
	if (now >= s->pools_at) {
		s->pools_at = now + POOLS_NS;
		refresh_pools(s);
	}
}

static void turn(struct session *s)
{
	struct epoll_event ev[8];
	int n = epoll_wait(s->epoll, ev, ARRAY_SIZE(ev), -1);
	uint64_t now = mono_ns(), ticks;

	for (int i = 0; i < n; i++) {
		if (ev[i].data.fd == s->sig)
			read_signals(s, now);
		else if (ev[i].data.fd == s->timer)
			(void)!read(s->timer, &ticks, sizeof(ticks));
		else if (ev[i].data.fd == rtnl__fd(s->rtnl))
			drain_rtnl(s);
	}
	consume(s);
	periodic(s, now);
	s->ops.tick(s->ops.ctx, now);
	if ((s->stop_ns && now >= s->stop_ns) || s->ops.done(s->ops.ctx))
		s->stop = true;
}

void session__run(struct session *s)
{
	s->start_ns = mono_ns();
	s->pools_at = s->start_ns + POOLS_NS;
	if (s->o->duration_ns)
		s->stop_ns = s->start_ns + s->o->duration_ns;
	child_start(s);
	while (!s->stop)
		turn(s);
	/* detach first: whatever comes now, nothing of ours is in the packets' way */
	attach__free(s->attach);
	s->attach = NULL;
	loader__consume(s->loader, on_record, s);
	look_at_losses(s);
	timeline__drain(s->timeline, UINT64_MAX, deliver, s);
	read_signals(s, mono_ns());
	if (s->child > 0)
		kill(s->child, SIGTERM);
}

void session__close(struct session *s)
{
	if (!s)
		return;
	attach__free(s->attach);
	loader__free(s->loader);
	rtnl__free(s->rtnl);
	symbols__free(s->sym);
	timeline__free(s->timeline);
	if (s->orig_netns >= 0)
		close(s->orig_netns);
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->timer >= 0)
		close(s->timer);
	if (s->sig >= 0)
		close(s->sig);
	free(s->names);
	free(s);
}
