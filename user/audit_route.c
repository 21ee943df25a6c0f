// SPDX-License-Identifier: GPL-2.0-only
/* The audit of routes to the other nodes' blocks: which are missing, and which lead elsewhere. */
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "audit.h"

/* ---- nodes without a route ---- */

struct lack {
	uint32_t expected, without, faults, vteps, recalled;
};

/* Had that node a block, or does anything say that it has one? Without a pool it has none. */
static bool has_block(const struct peer_view *p)
{
	return !p->up || (p->proto && p->proto->imported);
}

static enum cause why_missing(const struct audit *a, const struct peer_view *p)
{
	if (bird_recovers(a->e) || p->restarts)
		return C_GRACEFUL_RESTART;
	/* only BIRD can say that it was told nothing */
	return p->up && world_is_fresh(a->e, SOURCE_BIRD) && p->proto && !p->proto->imported ?
		       C_ROUTE_NOT_ANNOUNCED :
		       C_ROUTE_MISSING;
}

static const char *life_of(const struct peer_view *p, bool stray)
{
	if (p->up)
		return has_block(p) ? "though its BGP session brought some" :
				      "though its BGP session is established: it has none, or "
				      "announces none";
	if (stray)
		return "which probably lives on under another address";
	return p->alive ? "which is alive" : "of which no sign of life is seen";
}

/* What is merely a dead node, or one without blocks, is no problem of this one. */
static void lacks(struct audit *a, const struct peer_view *p, struct lack *l)
{
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];
	bool stray = diag_is_stray(a->d, &p->addr);
	enum cause cause = why_missing(a, p);
	bool fault = (p->alive || stray) && has_block(p) && cause != C_GRACEFUL_RESTART;

	l->without++;
	l->faults += fault;
	audit_raise(a, fault ? CHECK_PROBLEM : CHECK_WARN, cause);
	audit_evidence(a, "no route to a block by %s%s, %s", addr_str(&p->addr, addr),
		       node_suffix(a->e, &p->addr, node, sizeof(node)), life_of(p, stray));
}

static void mesh_routes(struct audit *a, struct lack *l)
{
	for (uint32_t i = 0; i < a->d->peers.cnt; i++) {
		const struct peer_view *p = &a->d->peers.peer[i];

		if (!peer_owns_block(a->e, p))
			continue;
		l->expected++;
		/* routes that lead to a VTEP of nobody's may be this node's */
		if (!diag_routes_by(a->d, &p->addr) && !a->d->unmapped)
			lacks(a, p, l);
	}
	/* with all sessions gone, nobody has to show life for it to be this node's fault */
	if (l->without == l->expected && l->expected && !bird_recovers(a->e) &&
	    (l->expected > 1 || (!a->d->peers.up && a->d->self.what >= SELF_ABSENT))) {
		l->faults = l->without;
		audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
	}
}

/* Behind a reflector the other nodes are no neighbours: without any route they are all cut off. */
static void no_routes_at_all(struct audit *a)
{
	uint32_t listed = owner_listed_cnt(a->e, NODES_IPIP);

	if (a->d->gw_cnt || a->d->peers.up || !a->d->peers.cnt || bird_recovers(a->e))
		return;
	/* where routers are the peers nobody tells whether there are other nodes; one may be dead */
	if (listed < 3 || !audit_tunnels(a, POOL_IPIP)) {
		audit_raise(a, CHECK_WARN, C_ROUTE_MISSING);
		audit_say(a,
			  "No route leads to a block of another node, and no BGP session is up.");
		audit_evidence(a, "none of %u BGP sessions is established", a->d->peers.cnt);
		return;
	}
	audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
	audit_evidence(a, "none of %u BGP sessions is established", a->d->peers.cnt);
	audit_say(a, "No route leads to a block of another node, though Felix lists %u nodes.",
		  listed);
	audit_evidence(a, "cali40all-hosts-net has %u nodes", listed);
}

/* ---- BIRD's routes against the kernel's ---- */

bool audit_not_in_kernel(const struct engine *e, const struct obs_bird_route *b)
{
	const struct route *r;

	/* where Felix programs the routes BIRD's are no more than knowledge */
	if (!b->best || !addr_is_set(&b->from) || b->type != RTN_UNICAST || b->unresolved ||
	    !judge_pool(e, &b->dst.addr) || (e->world.conf.felix_owns && !b->refused))
		return false;
	r = mirror__lookup_len(e->mirror, &b->dst.addr, b->dst.len, b->dst.len);
	return !r || (r->type != RTN_UNICAST && r->protocol != RTPROT_BIRD);
}

/* The kernel was asked after BIRD: what it does by another route than the mirror's has come since. */
static bool came_since(const struct engine *e, const struct prefix *p)
{
	const struct obs_answer *ans = world_answer(e, &p->addr);
	const struct route *r = mirror__lookup(e->mirror, &p->addr);

	if (!ans || ans->err)
		return false;
	return !r || !r->nh_cnt || r->nh[0].ifindex != ans->ifindex ||
	       !addr_eq(&r->nh[0].gw, &ans->gw);
}

struct sums {
	struct audit *a;
	uint32_t absent, device, gateway, recalled, unresolved, foreign, blocked, far, near;
	struct {
		const struct pool *pool;
		bool bird, felix;
		bool inside; /* a tunnel is used towards nodes on this node's own subnets */
	} pool[MAX_POOLS];
};

static void not_in_kernel(struct sums *s, const struct obs_bird_route *b)
{
	const struct engine *e = s->a->e;
	const struct gone *g = mirror__gone(e->mirror, &b->dst.addr, b->dst.len, b->dst.len);
	bool foreign = g && !owner_is_daemon(&g->by);
	char p[PREFIX_STRLEN];

	/* BIRD was asked before the route went, or the kernel before it came */
	if ((g && g->ts_ns >= e->world.told_ns[SOURCE_BIRD]) || came_since(e, &b->dst))
		return;
	s->absent++;
	audit_raise(s->a, CHECK_PROBLEM, foreign ? C_FOREIGN_ROUTE_CHANGE : C_ROUTE_MISSING);
	if (foreign)
		audit_evidence(s->a, "%s was removed by %s[%u]", prefix_str(&b->dst, p), g->by.comm,
			       g->by.pid);
	else
		audit_evidence(s->a, "%s %s", prefix_str(&b->dst, p),
			       b->refused ? "was refused by the kernel" :
					    "is not in the kernel, though BIRD has it");
}

static void bird_routes(struct sums *s)
{
	const struct engine *e = s->a->e;

	if (!world_is_fresh(e, SOURCE_BIRD) || bird_recovers(e))
		return;
	for (uint32_t i = 0; i < world_cnt(e, W_BROUTE); i++)
		if (audit_not_in_kernel(e, world_broute(e, i)))
			not_in_kernel(s, world_broute(e, i));
}

/* ---- routes that stand, and should not stand so ---- */

static bool in_tunnel(enum pool_mode m)
{
	return m == POOL_IPIP || m == POOL_VXLAN;
}

static void tell_route(struct audit *a, const struct route *r, const char *what)
{
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN];

	audit_evidence(a, "%s via %s dev %s%s", prefix_str(&r->dst, p), addr_str(&r->nh[0].gw, gw),
		       mirror__dev(a->e->mirror, r->nh[0].ifindex), what);
}

/* In the full mesh the neighbour that a route comes from is the node that owns the block. */
static bool differs_from_bird(const struct engine *e, const struct route *r)
{
	const struct obs_bird_route *b = world_broute_of(e, &r->dst);

	if (!b || !b->best || strncmp(b->proto, "Mesh_", 5) ||
	    judge_dev(e, r->nh[0].ifindex) != DEV_TUNNEL || !world_is_fresh(e, SOURCE_BIRD))
		return false;
	for (int i = 0; i < r->nh_cnt; i++) {
		struct addr node = diag_node_of(e, &r->nh[i].gw);

		/* what another node passes on has a next hop of its own; a VTEP may be nobody's */
		if (addr_eq(&node, &b->from) || addr_eq(&node, &b->gw) || judge_pool(e, &node))
			return false;
	}
	return true;
}

static void wrong_gateway(struct sums *s, const struct route *r)
{
	char text[ADDR_STRLEN + 32], from[ADDR_STRLEN];

	s->gateway++;
	audit_raise(s->a, CHECK_PROBLEM, C_WRONG_GATEWAY);
	addr_str(&world_broute_of(s->a->e, &r->dst)->from, from);
	snprintf(text, sizeof(text), ", and BIRD has it from %s", from);
	tell_route(s->a, r, text);
}

/* Nobody but a baseline tells whose the block is, and it says that it is another node's. */
static void against_baseline(struct sums *s, const struct route *r)
{
	const struct recalled *old = owner_recalled(s->a->e, &r->dst.addr, &r->nh[0].gw);
	char text[RECALL_OWNER_LEN + RECALL_TIME_LEN + 32], own[RECALL_OWNER_LEN];
	char when[RECALL_TIME_LEN];

	if (!old || r->nh_cnt > 1)
		return;
	s->recalled++;
	audit_raise(s->a, CHECK_PROBLEM, C_WRONG_GATEWAY);
	snprintf(text, sizeof(text), ", and at %s it was the block of%s",
		 recall_time_str(old->wall_ns, when), recall_owner_str(old, own));
	tell_route(s->a, r, text);
}

static bool is_foreign(const struct route *r)
{
	return r->protocol != RTPROT_BIRD && r->protocol != RTPROT_FELIX &&
	       r->protocol != RTPROT_BOOT && r->protocol != RTPROT_KERNEL;
}

static bool is_on_link(const struct engine *e, const struct addr *node)
{
	const struct route *r = mirror__lookup(e->mirror, node);

	return r && r->type == RTN_UNICAST && r->nh_cnt && !addr_is_set(&r->nh[0].gw);
}

static void note_pool(struct sums *s, const struct pool *pool, const struct route *r)
{
	size_t i = (size_t)(pool - s->a->e->pools.pool);
	struct addr node = diag_node_of(s->a->e, &r->nh[0].gw);

	s->pool[i].pool = pool;
	s->pool[i].bird |= r->protocol == RTPROT_BIRD;
	s->pool[i].felix |= r->protocol == RTPROT_FELIX;
	s->pool[i].inside |= judge_dev(s->a->e, r->nh[0].ifindex) == DEV_TUNNEL &&
			     is_on_link(s->a->e, &node);
}

/*
 * Does the pool call for a tunnel to each node? A mode that was inferred from direct routes is no
 * CrossSubnet while others go through the tunnel to nodes that are as near.
 */
static bool calls_for_tunnel(const struct sums *s, const struct pool *pool)
{
	return in_tunnel(pool->mode) ||
	       (pool->mode == POOL_CROSSSUBNET && pool->mode_from == FROM_ROUTES &&
		s->pool[pool - s->a->e->pools.pool].inside);
}

/*
 * CrossSubnet encapsulates to nodes beyond the own subnet only. What is near it takes from the prefix that
 * this node is registered with: one of /32 makes all nodes far, one that is too wide makes far ones near.
 */
static bool crosses_wrongly(struct sums *s, const struct pool *pool, const struct route *r,
			    bool direct)
{
	struct addr node = diag_node_of(s->a->e, &r->nh[0].gw);
	bool near = is_on_link(s->a->e, &node);

	if (pool->mode != POOL_CROSSSUBNET || pool->mode_from == FROM_ROUTES || near == direct ||
	    !owner_is_node(s->a->e, &node))
		return false;
	s->far += direct;
	s->near += near;
	audit_raise(s->a, direct ? CHECK_PROBLEM : CHECK_WARN, C_WRONG_DEVICE);
	tell_route(s->a, r,
		   near ? ", though that node is on a subnet of this one" :
			  ", though that node is on no subnet of this one");
	audit_advise(s->a, "compare the prefix length of this node in calicoctl get node -o wide "
			   "with ip addr");
	return true;
}

/* Where nothing is encapsulated, routes of other daemons (FRR, a cloud's) may well be meant. */
static void examine_unicast(struct sums *s, const struct pool *pool, const struct route *r)
{
	bool direct = judge_dev(s->a->e, r->nh[0].ifindex) != DEV_TUNNEL;

	if (calls_for_tunnel(s, pool) && is_foreign(r)) {
		char text[40];

		s->foreign++;
		audit_raise(s->a, CHECK_PROBLEM, C_FOREIGN_ROUTE_CHANGE);
		snprintf(text, sizeof(text), " (protocol %u)", r->protocol);
		tell_route(s->a, r, text);
	} else if (calls_for_tunnel(s, pool) && direct) {
		s->device++;
		audit_raise(s->a, CHECK_PROBLEM, C_WRONG_DEVICE);
		tell_route(s->a, r, "");
	} else if (crosses_wrongly(s, pool, r, direct)) {
		return;
	} else if (differs_from_bird(s->a->e, r)) {
		wrong_gateway(s, r);
	} else {
		against_baseline(s, r);
	}
}

/* BIRD cannot resolve a next hop, or somebody else has put a stop to a block */
static void examine_stop(struct sums *s, const struct route *r)
{
	char p[PREFIX_STRLEN];

	if (r->type == RTN_UNREACHABLE && r->protocol == RTPROT_BIRD) {
		s->unresolved++;
		audit_raise(s->a, CHECK_PROBLEM, C_BGP_NEXTHOP_UNRESOLVED);
		audit_evidence(s->a, "%s is unreachable by BIRD's word", prefix_str(&r->dst, p));
	} else if (r->protocol != RTPROT_BIRD && r->protocol != RTPROT_FELIX &&
		   (owner_is_other(s->a->e, &r->dst.addr) || world_broute_of(s->a->e, &r->dst) ||
		    recall_block(s->a->e, &r->dst))) {
		s->blocked++;
		audit_raise(s->a, CHECK_PROBLEM, C_FOREIGN_ROUTE_CHANGE);
		audit_evidence(s->a, "%s is %s (protocol %u)", prefix_str(&r->dst, p),
			       r->type == RTN_BLACKHOLE ? "a blackhole" :
			       r->type == RTN_PROHIBIT	? "prohibited" :
							  "unreachable",
			       r->protocol);
	}
}

/* The pool that a route of table main leads into; NULL: none, or it is a pod's of this node */
static const struct pool *pool_of(const struct engine *e, const struct route *r)
{
	const struct pool *pool;

	if (r->table != TABLE_MAIN || !r->dst.len)
		return NULL;
	pool = judge_pool(e, &r->dst.addr);
	if (!pool || r->dst.len < pool->cidr.len)
		return NULL;
	if (r->type == RTN_UNICAST && (!r->nh_cnt || !addr_is_set(&r->nh[0].gw) ||
				       judge_dev(e, r->nh[0].ifindex) == DEV_WORKLOAD))
		return NULL;
	return pool;
}

static void note_route(void *ctx, const struct route *r)
{
	struct sums *s = ctx;
	const struct pool *pool = r->type == RTN_UNICAST ? pool_of(s->a->e, r) : NULL;

	if (pool)
		note_pool(s, pool, r);
}

static void examine_route(void *ctx, const struct route *r)
{
	struct sums *s = ctx;
	const struct pool *pool = pool_of(s->a->e, r);

	if (!pool || !audit_is_best(s->a->e, r))
		return;
	if (r->type == RTN_UNICAST)
		examine_unicast(s, pool, r);
	else if (r->type == RTN_BLACKHOLE || r->type == RTN_UNREACHABLE || r->type == RTN_PROHIBIT)
		examine_stop(s, r);
}

/* Each pool's routes have one owner; a cluster may well have pools of both. */
static void owner_conflict(struct sums *s)
{
	char p[PREFIX_STRLEN];

	for (int i = 0; i < MAX_POOLS; i++) {
		if (!s->pool[i].bird || !s->pool[i].felix)
			continue;
		audit_raise(s->a, CHECK_WARN, C_ROUTE_OWNER_CONFLICT);
		audit_say(s->a,
			  "Some routes of pool %s are BIRD's, others Felix': one of them should "
			  "not program any.",
			  prefix_str(&s->pool[i].pool->cidr, p));
		audit_evidence(s->a, "routes of protocol 12 (bird) and 80 (felix) lead into %s", p);
		audit_advise(s->a, "compare programClusterRoutes in the FelixConfiguration with "
				   "the BGPConfiguration");
	}
}

/* ---- all of it ---- */

static void say_sum(struct audit *a, uint32_t n, const char *what)
{
	if (n)
		audit_say(a, "%u route%s %s.", n, n == 1 ? "" : "s", what);
}

static void say_sums(const struct sums *s)
{
	say_sum(s->a, s->absent, "that BIRD has, and the kernel has not");
	say_sum(s->a, s->unresolved, "whose next hop BIRD cannot resolve");
	say_sum(s->a, s->device, "by another device than the tunnel that the pool calls for");
	say_sum(s->a, s->far, "past the tunnel to nodes of other subnets");
	say_sum(s->a, s->near, "by the tunnel to nodes on this one's subnet");
	say_sum(s->a, s->gateway, "to another node than the one that BIRD has it from");
	say_sum(s->a, s->recalled, "to another node than the block's in the baseline");
	say_sum(s->a, s->foreign, "to blocks, neither BIRD's nor Felix'");
	say_sum(s->a, s->blocked, "that somebody put before those of other nodes' blocks");
}

static void say_lack(struct audit *a, const struct lack *l)
{
	const char *why = l->faults ? "" : "; they seem to be down, or to have none";

	if (!l->without)
		return;
	if (bird_recovers(a->e))
		why = ", as BIRD was just restarted";
	audit_say(a, "%u of %u nodes: no route to a block of theirs%s.", l->without, l->expected,
		  why);
	audit_advise(a,
		     "see checks bgp and node-address; birdcl show route all shows what BIRD has");
}

/* Does anything tell which nodes and blocks there should be? */
static bool is_known(const struct audit *a, const struct lack *l)
{
	if (a->d->unmapped && !world_is_fresh(a->e, SOURCE_VTEP))
		return false;
	/* a node without neighbours is alone; one whose sessions are all down is told nothing */
	return l->expected || l->vteps || l->recalled || a->d->gw_cnt ||
	       (a->d->peers.told && (!a->d->peers.cnt || a->d->peers.up));
}

static void say_good(struct audit *a, const struct lack *l)
{
	uint32_t n = a->d->gw_cnt;

	a->c.advice[0] = '\0';
	if (!is_known(a, l)) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "Nothing on this node tells which other nodes and blocks there are.");
	} else {
		audit_say(a,
			  "Routes to blocks lead to %u other node%s; none is known to be missing.",
			  n, n == 1 ? "" : "s");
	}
}

void audit_routes(struct audit *a)
{
	struct sums s = { .a = a };
	struct lack l = { 0 };

	audit_begin(a, "routes", true);
	bird_routes(&s);
	mirror__each_route(a->e->mirror, note_route, &s);
	mirror__each_route(a->e->mirror, examine_route, &s);
	l.recalled = audit_recalled(a);
	mesh_routes(a, &l);
	l.without += audit_vteps_without_route(a, &l.vteps);
	l.expected += l.vteps;
	no_routes_at_all(a);
	a->missing = l.without + s.absent;
	say_lack(a, &l);
	say_sums(&s);
	owner_conflict(&s);
	audit_advise(
		a,
		"compare ip route with birdcl show route, and see who changes routes: calitrace live");
	if (a->c.state == CHECK_OK)
		say_good(a, &l);
	audit_end(a);
}
