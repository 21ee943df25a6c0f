// SPDX-License-Identifier: GPL-2.0-only
/* Causes of cause_priv.h: the pod that it was for, or that it came from: its address, its device. */
#include "cause_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "util.h"

const char *cause_pod_name(const struct facts *x, const struct addr *a, char *buf, size_t sz)
{
	const struct obs_pod *p = addr_is_set(a) ? world_pod_of(x->e, a) : NULL;

	buf[0] = '\0';
	if (p && p->name[0])
		snprintf(buf, sz, " (%s)", p->name);
	return buf;
}

static const char *actor_str(const struct actor *by, char *buf, size_t sz)
{
	buf[0] = '\0';
	if (by->pid)
		snprintf(buf, sz, " by %s[%u]", by->comm, by->pid);
	return buf;
}

/* ---- whose address a pod uses ---- */

/* The addresses of the pod behind a device: its /32 routes, and what CNI and Felix wrote down */
struct own {
	const struct facts *x;
	uint32_t ifindex;
	const char *dev;
	bool has; /* the one that the packet came from is among them */
	struct addr one;
	const char *pod;
};

static void own_addr(struct own *o, const struct addr *a)
{
	o->has |= addr_eq(a, &o->x->f->first.src);
	if (!addr_is_set(&o->one))
		o->one = *a;
}

static void own_route(void *ctx, const struct route *r)
{
	struct own *o = ctx;

	if (r->dst.len == 32 && r->type == RTN_UNICAST && r->nh_cnt &&
	    r->nh[0].ifindex == o->ifindex && !addr_is_set(&r->nh[0].gw))
		own_addr(o, &r->dst.addr);
}

static void own_pods(struct own *o, enum world_kind kind)
{
	const struct world_list *l = &o->x->e->world.cur[kind];
	const struct obs_pod *p = l->item;

	for (uint32_t i = 0; i < l->cnt; i++) {
		if (strcmp(p[i].dev, o->dev))
			continue;
		own_addr(o, &p[i].addr);
		o->pod = p[i].name;
	}
}

/* False: the packet did not come from a pod of this node, or its addresses are not known */
static bool own_of(const struct facts *x, struct own *o)
{
	const struct fnd_flow *p = &x->f->first;

	*o = (struct own){ .x = x, .ifindex = p->in_ifindex ? p->in_ifindex : p->ifindex };
	if (x->f->in_pod || judge_dev(x->e, o->ifindex) != DEV_WORKLOAD || !addr_is_set(&p->src))
		return false;
	o->dev = mirror__dev(x->e->mirror, o->ifindex);
	mirror__each_route(x->e->mirror, own_route, o);
	own_pods(o, W_POD);
	own_pods(o, W_STATUS);
	return addr_is_set(&o->one);
}

/* Felix checks sources in PREROUTING of table raw; the kernel when it looks up the route back. */
static bool row_spoofed(const struct facts *x)
{
	enum verdict v = x->f->f.verdict;
	struct own o;

	if (v != V_RP_FILTER && v != V_MARTIAN &&
	    (v != V_FILTERED || x->f->nf_hook != NF_HOOK_PREROUTING))
		return false;
	return own_of(x, &o) && !o.has;
}

/* That netfilter dropped it for its source is most probable, and not seen. */
static enum confidence sure_spoofed(const struct facts *x)
{
	return x->f->f.verdict == V_FILTERED ? CONF_LIKELY : CONF_CERTAIN;
}

static void say_spoofed(const struct facts *x, struct because *b)
{
	char src[ADDR_STRLEN], own[ADDR_STRLEN], whose[POD_SUFFIX];
	bool is_node = mirror__is_local(x->e->mirror, &x->f->first.src);
	struct own o;

	(void)b;
	if (!own_of(x, &o))
		return;
	addr_str(&x->f->first.src, src);
	evidence(x->f, "the pod behind %s%s%s%s sends from %s%s; its own address is %s", o.dev,
		 o.pod ? " (" : "", o.pod ? o.pod : "", o.pod ? ")" : "", src,
		 is_node ? ", which is this node's" : "", addr_str(&o.one, own));
	if (cause_pod_name(x, &x->f->first.src, whose, sizeof(whose))[0])
		evidence(x->f, "%s is the address of another pod here%s", src, whose);
}

/* ---- an address of an own block, that another node's pod has ---- */

static bool has_gateway(const struct route *r)
{
	return r->nh_cnt && addr_is_set(&r->nh[0].gw);
}

void cause_gather_borrowed(struct facts *x)
{
	const struct fnd *f = x->f;
	const struct prefix host = { f->example, 32 };
	const struct gone *g;
	const struct obs_bird_route *br;
	const struct recalled *old;

	if (f->f.verdict != V_BLACKHOLE || !addr_is_set(&f->example) ||
	    mirror__lookup_len(x->e->mirror, &f->example, 32, 32))
		return;
	g = mirror__gone(x->e->mirror, &f->example, 32, 32);
	br = world_broute_of(x->e, &host);
	old = recall_block(x->e, &host);
	if (g && has_gateway(&g->route)) {
		x->borrowed = BORROWED_GONE;
		x->borrower = &g->route.nh[0].gw;
		x->gone = g;
	} else if (br && br->type == RTN_UNICAST && addr_is_set(&br->from)) {
		x->borrowed = BORROWED_BIRD;
		x->borrower = &br->from;
	} else if (old && addr_is_set(&old->owner) &&
		   !mirror__is_local(x->e->mirror, &old->owner)) {
		x->borrowed = BORROWED_BASELINE;
		x->borrower = &old->owner;
		x->base = old;
	} else if (f->first.from_afar && !g && !world_pod_of(x->e, &f->example)) {
		x->borrowed = BORROWED_ASKED;
	}
	if (x->borrowed != BORROWED_GONE && x->borrowed != BORROWED_BASELINE)
		return;
	x->route_kind = true;
	x->missing = 1;
}

bool cause_borrowed(const struct facts *x)
{
	return x->borrowed != BORROWED_NOT;
}

enum confidence cause_sure_borrowed(const struct facts *x)
{
	return x->borrowed == BORROWED_GONE || x->borrowed == BORROWED_BIRD ? CONF_CERTAIN :
									      CONF_LIKELY;
}

void cause_say_borrowed(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN], gw[ADDR_STRLEN] = "", node[NODE_LEN_SHORT + 4] = "";

	(void)b;
	addr_str(&x->f->example, a);
	if (x->borrower) {
		addr_str(x->borrower, gw);
		node_suffix(x->e, x->borrower, node, sizeof(node));
	}
	if (x->borrowed == BORROWED_BIRD)
		evidence(x->f, "BIRD has a route for %s alone, from %s%s; the kernel has none", a,
			 gw, node);
	else if (x->borrowed == BORROWED_ASKED)
		evidence(x->f,
			 "requests from %s came in from another node: a pod there has that address",
			 a);
	else
		evidence(x->f, "%s, of this node's own block, was in use at %s%s", a, gw, node);
}

/* ---- the pod's device ---- */

static bool is_workload(const struct facts *x, uint32_t ifindex)
{
	return ifindex && judge_dev(x->e, ifindex) == DEV_WORKLOAD;
}

static void named(void *ctx, const struct link_info *l)
{
	struct own *o = ctx;

	if (!strcmp(l->name, o->dev))
		o->ifindex = l->ifindex;
}

/* The device that led to the destination's pod, 0: not known */
static uint32_t dev_of_target(const struct facts *x)
{
	const struct gone *g = mirror__gone(x->e->mirror, &x->f->example, 32, 32);
	const struct obs_pod *p = world_pod_of(x->e, &x->f->example);
	struct own o = { 0 };

	if (g && g->route.nh_cnt && !has_gateway(&g->route))
		return g->route.nh[0].ifindex;
	if (!p || !p->dev[0])
		return 0;
	o.dev = p->dev;
	mirror__each_link(x->e->mirror, named, &o);
	return o.ifindex;
}

/* Something of this node's own in a block: a pod, the tunnel's address */
struct life {
	const struct facts *x;
	const struct prefix *block;
	bool found;
};

static void life_route(void *ctx, const struct route *r)
{
	struct life *l = ctx;

	if (r->dst.len == 32 && r->type == RTN_UNICAST && r->nh_cnt && !has_gateway(r) &&
	    prefix_covers(l->block, &r->dst))
		l->found = true;
}

static void life_addr(void *ctx, const struct obs_addr *a)
{
	struct life *l = ctx;

	if (prefix_has(l->block, &a->address.addr))
		l->found = true;
}

static void life_pods(struct life *l, enum world_kind kind)
{
	const struct world_list *w = &l->x->e->world.cur[kind];
	const struct obs_pod *p = w->item;

	for (uint32_t i = 0; i < w->cnt; i++)
		if (prefix_has(l->block, &p[i].addr))
			l->found = true;
}

/* A blackhole need not be the own block's: BIRD may have been told one for any. */
static bool is_own_block(const struct facts *x, const struct prefix *block)
{
	const struct gone *g = mirror__gone(x->e->mirror, &x->f->example, 32, 32);
	struct life l = { .x = x, .block = block };

	if (g && g->route.nh_cnt && !has_gateway(&g->route))
		return true;
	mirror__each_route(x->e->mirror, life_route, &l);
	mirror__each_addr(x->e->mirror, life_addr, &l);
	life_pods(&l, W_POD);
	life_pods(&l, W_STATUS);
	return l.found;
}

/* An own block's address without a route of its own */
static bool is_own_dead(const struct facts *x)
{
	const struct route_ref *r = &x->f->route;

	return x->f->f.verdict == V_BLACKHOLE && r->have_dst && r->dst.len < 32 &&
	       (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX) &&
	       !owner_is_other(x->e, &x->f->example) && !cause_borrowed(x) &&
	       is_own_block(x, &r->dst);
}

/* The pod's device that is down, 0: none. Routes by it left with it: then the own block's blackhole shows. */
static uint32_t down_dev(const struct facts *x)
{
	const struct fnd_flow *p = &x->f->first;
	const struct link_info *l;
	uint32_t dev;

	if (x->f->f.verdict == V_LINK_DOWN)
		return is_workload(x, p->out_ifindex) ? p->out_ifindex :
		       is_workload(x, p->ifindex)     ? p->ifindex :
							0;
	if (!is_own_dead(x))
		return 0;
	dev = dev_of_target(x);
	if (!dev)
		dev = x->spare;
	l = mirror__link_info(x->e->mirror, dev);
	return l && !l->up && is_workload(x, dev) ? dev : 0;
}

static bool row_link_down(const struct facts *x)
{
	return down_dev(x) != 0;
}

static bool is_by_elimination(const struct facts *x)
{
	return x->f->f.verdict != V_LINK_DOWN && !dev_of_target(x);
}

static enum confidence sure_link_down(const struct facts *x)
{
	return is_by_elimination(x) ? CONF_LIKELY : CONF_CERTAIN;
}

static void say_link_down(const struct facts *x, struct because *b)
{
	uint32_t dev = down_dev(x);
	const struct link_info *l = mirror__link_info(x->e->mirror, dev);
	const char *name = mirror__dev(x->e->mirror, dev);
	char pod[POD_SUFFIX], who[COMM_LEN + 16];
	struct actor by = { 0 };
	uint64_t since = mirror__link_down(x->e->mirror, dev, &by);

	cause_pod_name(x, &x->f->example, pod, sizeof(pod));
	if (since) {
		b->since_from = SINCE_SEEN;
		b->since_ns = since;
		b->by = by;
	} else if (l && !(l->up && l->running)) {
		b->since_from = SINCE_BEFORE_START;
	}
	actor_str(&by, who, sizeof(who));
	if (!l)
		evidence(x->f, "%s, which led to the pod%s, was deleted%s", name, pod, who);
	else if (!l->up)
		evidence(x->f, "%s, which leads to the pod%s, was switched off on this node%s",
			 name, pod, who);
	else if (!l->running)
		evidence(
			x->f,
			"%s, which leads to the pod%s, has no carrier: eth0 inside the pod is down",
			name, pod);
	else
		evidence(x->f, "the pod%s takes nothing in from %s: eth0 inside it is down", pod,
			 name);
	if (is_by_elimination(x))
		evidence(
			x->f,
			"nothing tells whose device %s is; of the pods' devices it alone has no route",
			name);
}

/*
 * The pod is there, and its device is up: only the route to it is gone. Felix itself takes it away where
 * the pod is being deleted, a moment before the device goes.
 */
static bool row_pod_route(const struct facts *x)
{
	const struct gone *g = mirror__gone(x->e->mirror, &x->f->example, 32, 32);
	const struct link_info *l;
	uint32_t dev;

	if (!is_own_dead(x) || mirror__lookup_len(x->e->mirror, &x->f->example, 32, 32) ||
	    (g && !g->flushed && owner_is_daemon(&g->by)))
		return false;
	dev = dev_of_target(x);
	l = mirror__link_info(x->e->mirror, dev);
	return l && l->up && l->running && is_workload(x, dev);
}

static void say_pod_route(const struct facts *x, struct because *b)
{
	const struct gone *g = mirror__gone(x->e->mirror, &x->f->example, 32, 32);
	char a[ADDR_STRLEN], pod[POD_SUFFIX], who[COMM_LEN + 16] = "";

	b->since_from = g ? SINCE_SEEN : SINCE_BEFORE_START;
	if (g) {
		b->since_ns = g->ts_ns;
		b->by = g->by;
		actor_str(&g->by, who, sizeof(who));
	}
	evidence(x->f, "the route %s/32 dev %s is missing%s%s, and the pod's device%s is up",
		 addr_str(&x->f->example, a), mirror__dev(x->e->mirror, dev_of_target(x)),
		 g ? ": deleted while we watched" : "", who,
		 cause_pod_name(x, &x->f->example, pod, sizeof(pod)));
}

bool cause_dead_target(const struct facts *x)
{
	if (!is_own_dead(x) || row_link_down(x) || row_pod_route(x))
		return false;
	/* a device that nobody knows the pod of: that address may be its pod's */
	return dev_of_target(x) || !x->spare_cnt;
}

/* ---- the server in the pod ---- */

static bool is_one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

/* A socket's own buffer, and no queue of a device; before 5.17 only the function tells. */
static bool is_socket_full(const struct fnd *f)
{
	static const char *const reasons[] = { "SOCKET_RCVBUFF", "SOCKET_BACKLOG", NULL };
	static const char *const places[] = { "udp_queue_rcv_one_skb", "udp_queue_rcv_skb",
					      "__udp_enqueue_schedule_skb", NULL };

	if (f->reason[0] && strcmp(f->reason, "NOT_SPECIFIED"))
		return is_one_of(f->reason, reasons);
	return is_one_of(f->location, places);
}

static bool row_overload(const struct facts *x)
{
	return x->f->f.verdict == V_OVERLOAD && is_socket_full(x->f);
}

static enum confidence sure_overload(const struct facts *x)
{
	return x->f->reason[0] ? CONF_CERTAIN : CONF_LIKELY;
}

/* "UDP port 53 of 10.253.181.10 (kube-system/coredns)" */
static void where_to(const struct facts *x, char *buf, size_t sz)
{
	char a[ADDR_STRLEN], pod[POD_SUFFIX];
	const struct fnd_flow *p = &x->f->first;
	bool has_port = p->dport && (p->proto == PROTO_UDP || p->proto == PROTO_TCP);

	addr_str(&x->f->example, a);
	cause_pod_name(x, &x->f->example, pod, sizeof(pod));
	if (has_port)
		snprintf(buf, sz, "%s port %u of %s%s", p->proto == PROTO_TCP ? "TCP" : "UDP",
			 p->dport, a, pod);
	else
		snprintf(buf, sz, "%s%s", a, pod);
}

#define WHERE_LEN (ADDR_STRLEN + POD_SUFFIX + 24)

static void say_overload(const struct facts *x, struct because *b)
{
	char where[WHERE_LEN];

	(void)b;
	where_to(x, where, sizeof(where));
	evidence(
		x->f,
		"the receive buffer of the socket at %s is full: its process does not read, or not fast enough",
		where);
}

/* The answers left the pod's own device long after the requests had gone in there. */
static bool row_slow(const struct facts *x)
{
	return x->f->f.verdict == V_UNANSWERED && x->f->local &&
	       x->f->late * 2 >= x->f->f.packets && x->f->late;
}

static void say_slow(const struct facts *x, struct because *b)
{
	char where[WHERE_LEN];

	(void)b;
	where_to(x, where, sizeof(where));
	evidence(x->f, "%s got %llu of these requests, and answered them after up to %lld ms",
		 where, (unsigned long long)x->f->late, (long long)x->f->late_us / 1000);
}

static bool row_no_listener(const struct facts *x)
{
	return x->f->f.verdict == V_NO_SOCKET;
}

static void say_no_listener(const struct facts *x, struct because *b)
{
	bool told = x->f->at != AT_DROP && addr_is_set(&x->f->icmp_from);
	char where[WHERE_LEN];

	(void)b;
	where_to(x, where, sizeof(where));
	evidence(x->f, "nothing listens on %s%s", where,
		 told	      ? ": its own kernel says so (ICMP port unreachable)" :
		 x->f->in_pod ? ": the kernel found no socket in the pod's network namespace" :
				"");
}

const struct cause_row cause_pod_rows[] = {
	{ C_SPOOFED_SOURCE, row_spoofed, sure_spoofed, CONF_CERTAIN, say_spoofed,
	  "The pod sends from an address that is not its own.",
	  "look inside that pod (nsenter -t PID -n ip address) for what brought the other address: a VPN, a "
	  "nested container, keepalived; if it is meant, Calico has to allow it (allowedSourcePrefixes)" },
	{ C_ROUTE_MISSING, row_pod_route, NULL, CONF_LIKELY, say_pod_route,
	  "The pod is there, but this node has lost its route to it.",
	  "ip route add ADDRESS dev DEVICE scope link brings it back at once, Felix within 90 s; then find out "
	  "who took it away" },
	{ C_POD_LINK_DOWN, row_link_down, sure_link_down, CONF_CERTAIN, say_link_down,
	  "The network device of the pod is down.",
	  "if it was switched off here: ip link set DEVICE up; else look inside the pod: nsenter -t PID -n "
	  "ip link (PID of one of its processes, by crictl inspect), or delete the pod" },
	{ C_SERVER_OVERLOAD, row_overload, sure_overload, CONF_CERTAIN, say_overload,
	  "The server there does not keep up with what it gets.",
	  "see what that process does (CPU limit, stuck, too few replicas): kubectl top pod; in its network "
	  "namespace: nsenter -t PID -n ss -lunpm shows the full queue" },
	{ C_SERVER_OVERLOAD, row_slow, NULL, CONF_LIKELY, say_slow,
	  "The server there answers, but takes too long.",
	  "see what that process does (CPU limit, too few replicas): kubectl top pod; a DNS server may wait for "
	  "its own upstream: try dig @ADDRESS for a name of the cluster and for one of outside" },
	{ C_NO_LISTENER, row_no_listener, NULL, CONF_CERTAIN, say_no_listener,
	  "Nothing listens on that port there.",
	  "check that the server runs, and that it listens on that address and port: nsenter -t PID -n ss "
	  "-lntup on the node of the pod" },
};
const size_t cause_pod_row_cnt = ARRAY_SIZE(cause_pod_rows);
