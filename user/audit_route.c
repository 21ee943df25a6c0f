// SPDX-License-Identifier: GPL-2.0-only
/* The audit of routes: to the other nodes' blocks, of this node's own ones, and the default. */
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "audit.h"

/* ---- nodes without a route ---- */

struct lack {
	uint32_t expected, without, faults;
};

/* BIRD's best route that came from that peer; NULL: none, or BIRD was not asked */
static const struct obs_bird_route *bird_route_of(const struct audit *a, const struct addr *peer)
{
	for (uint32_t i = 0; i < world_cnt(a->e, W_BROUTE); i++) {
		const struct obs_bird_route *b = world_broute(a->e, i);

		if (b->best && addr_eq(&b->from, peer) && judge_pool(a->e, &b->dst.addr))
			return b;
	}
	return NULL;
}

static const struct route *kernel_route(const struct audit *a, const struct prefix *p)
{
	return mirror__lookup_len(a->e->mirror, &p->addr, p->len, p->len);
}

/* Many without a route have one reason; it is enough to look closely at the first. */
#define CLOSELY 16

/* Why the route of a node is not there; what is merely a dead node is no problem of this one. */
static void lacks(struct audit *a, const struct peer_view *p, struct lack *l)
{
	const struct obs_bird_route *b = l->without < CLOSELY ? bird_route_of(a, &p->addr) : NULL;
	bool restart = bird_recovers(a->e), stray = diag_is_stray(a->d, &p->addr);
	bool fault = (p->alive || stray) && !restart;
	bool silent = p->up && !b && world_is_fresh(a->e, SOURCE_BIRD) && l->without < CLOSELY;
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];

	/* a route of another kind, or by another way, is told as such */
	if (b && kernel_route(a, &b->dst))
		return;
	l->without++;
	l->faults += fault;
	audit_raise(a, fault ? CHECK_PROBLEM : CHECK_WARN,
		    restart ? C_GRACEFUL_RESTART :
		    silent  ? C_ROUTE_NOT_ANNOUNCED :
			      C_ROUTE_MISSING);
	audit_evidence(a, "no route to a block by %s%s, %s", addr_str(&p->addr, addr),
		       node_suffix(a->e, &p->addr, node, sizeof(node)),
		       b	? "though BIRD has it" :
		       p->up	? "though its BGP session is established" :
		       p->alive ? "which is alive" :
		       stray	? "which lives on under another address" :
				  "of which no sign of life is seen");
}

/* A reflector's client that is a node, and whose session is down although it lives */
static void client_route(struct audit *a, const struct peer_view *p)
{
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];

	if (p->up || !p->alive || bird_recovers(a->e) ||
	    !owner_is_listed(a->e, &p->addr, NODES_IPIP | NODES_VXLAN) ||
	    diag_routes_by(a->d, &p->addr))
		return;
	audit_raise(a, CHECK_WARN, C_ROUTE_MISSING);
	audit_say(a, "There is no route to a block by %s%s.", addr_str(&p->addr, addr),
		  node_suffix(a->e, &p->addr, node, sizeof(node)));
	audit_evidence(a, "%s is on Felix' list of nodes, and its BGP session is down", addr);
}

static void mesh_routes(struct audit *a, struct lack *l)
{
	const struct peers *all = &a->d->peers;

	for (uint32_t i = 0; i < all->cnt; i++) {
		const struct peer_view *p = &all->peer[i];

		if (!peer_owns_block(a->e, p)) {
			client_route(a, p);
			continue;
		}
		l->expected++;
		if (!diag_routes_by(a->d, &p->addr))
			lacks(a, p, l);
	}
	/* with all of them gone, nobody has to show life for it to be this node's fault */
	if (l->expected > 1 && l->without == l->expected && !bird_recovers(a->e)) {
		l->faults = l->without;
		audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
	}
	if (l->without)
		audit_say(a, "%u of the %u nodes of the mesh: no route to a block of theirs%s.",
			  l->without, l->expected,
			  bird_recovers(a->e) ? ", as BIRD was just restarted" :
			  l->faults	      ? "" :
						"; they seem to be down");
}

/* Where the peers are reflectors or routers nobody tells which nodes there are. */
static void any_routes(struct audit *a, const struct lack *l)
{
	if (l->expected || a->d->gw_cnt || !a->d->peers.cnt || a->d->peers.up ||
	    bird_recovers(a->e))
		return;
	audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
	audit_say(a, "There is no route to any other node's block.");
	audit_evidence(a, "none of %u BGP sessions is established", a->d->peers.cnt);
}

/* ---- BIRD's routes against the kernel's ---- */

static const struct pool *tunnel_pool(const struct engine *e, const struct addr *a)
{
	const struct pool *pool = judge_pool(e, a);

	return pool && (pool->mode == POOL_IPIP || pool->mode == POOL_VXLAN) ? pool : NULL;
}

struct owners {
	const struct engine *e;
	uint32_t bird, felix;
};

static void count_owner(void *ctx, const struct route *r)
{
	struct owners *o = ctx;

	if (r->table != TABLE_MAIN || r->type != RTN_UNICAST || !r->nh_cnt ||
	    !addr_is_set(&r->nh[0].gw) || !judge_pool(o->e, &r->dst.addr))
		return;
	o->bird += r->protocol == RTPROT_BIRD;
	o->felix += r->protocol == RTPROT_FELIX;
}

static void tell_owners(struct audit *a, const struct owners *o)
{
	if (!o->bird || !o->felix)
		return;
	audit_raise(a, CHECK_WARN, C_ROUTE_OWNER_CONFLICT);
	audit_say(a,
		  "%u routes to blocks are BIRD's, %u are Felix': one should leave them to the "
		  "other.",
		  o->bird, o->felix);
	audit_evidence(a, "protocols 12 and 80 side by side%s",
		       a->e->world.conf.felix_owns ? "; bird_ipam.cfg leaves routes to Felix" : "");
}

static void not_in_kernel(struct audit *a, const struct obs_bird_route *b)
{
	char p[PREFIX_STRLEN];

	if (kernel_route(a, &b->dst))
		return;
	audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
	audit_say(a, "BIRD has a route for %s, and the kernel has none.", prefix_str(&b->dst, p));
	audit_evidence(a,
		       b->refused ?
			       "the kernel refused BIRD's route for %s" :
			       "birdcl show route has %s: somebody removed it from the kernel, or "
			       "BIRD's filter keeps it back",
		       p);
}

/* Only where BIRD's routes are in the kernel: Felix may program them, or a link took all of them. */
static void bird_routes(struct audit *a, const struct owners *o)
{
	if (!o->bird || bird_recovers(a->e))
		return;
	for (uint32_t i = 0; i < world_cnt(a->e, W_BROUTE); i++) {
		const struct obs_bird_route *b = world_broute(a->e, i);

		if (b->best && addr_is_set(&b->from) && judge_pool(a->e, &b->dst.addr) &&
		    b->type == RTN_UNICAST && !b->unresolved)
			not_in_kernel(a, b);
	}
}

/* ---- routes that stand, and should not stand so ---- */

static const struct obs_bird_route *bird_best(const struct engine *e, const struct prefix *p)
{
	const struct obs_bird_route *b = world_broute_of(e, p);
	const struct obs_bird_route *end =
		world_cnt(e, W_BROUTE) ? world_broute(e, 0) + world_cnt(e, W_BROUTE) : NULL;

	for (; b && b < end && prefix_eq(&b->dst, p); b++)
		if (b->best)
			return b;
	return NULL;
}

static bool is_tunnel(const struct engine *e, uint32_t ifindex)
{
	return judge_dev(e, ifindex) == DEV_TUNNEL;
}

static void wrong_device(struct audit *a, const struct route *r)
{
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN];

	audit_raise(a, CHECK_PROBLEM, C_WRONG_DEVICE);
	audit_say(a, "The route for %s leaves by %s, and its pool calls for the tunnel.",
		  prefix_str(&r->dst, p), mirror__dev(a->e->mirror, r->nh[0].ifindex));
	audit_evidence(a, "%s via %s dev %s", p, addr_str(&r->nh[0].gw, gw),
		       mirror__dev(a->e->mirror, r->nh[0].ifindex));
}

/* In the full mesh the neighbour that a route comes from is the node that owns the block. */
static void against_bird(struct audit *a, const struct route *r)
{
	const struct obs_bird_route *b = bird_best(a->e, &r->dst);
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN], want[ADDR_STRLEN];
	struct addr node = diag_node_of(a->e, &r->nh[0].gw);

	if (!b || strncmp(b->proto, "Mesh_", 5) || addr_eq(&node, &b->from) ||
	    r->protocol == RTPROT_FELIX || !is_tunnel(a->e, r->nh[0].ifindex))
		return;
	audit_raise(a, CHECK_PROBLEM, C_WRONG_GATEWAY);
	audit_say(a, "The route for %s leads to %s, and BIRD has it from %s.",
		  prefix_str(&r->dst, p), addr_str(&node, gw), addr_str(&b->from, want));
	audit_evidence(a, "ip route: %s via %s; birdcl show route: from %s", p, gw, want);
}

static void examine_route(void *ctx, const struct route *r)
{
	struct audit *a = ctx;
	char p[PREFIX_STRLEN], word[8];

	if (r->table != TABLE_MAIN || !r->dst.len || !judge_pool(a->e, &r->dst.addr) ||
	    r->dst.len < judge_pool(a->e, &r->dst.addr)->cidr.len)
		return;
	if (r->type == RTN_UNREACHABLE && r->protocol == RTPROT_BIRD) {
		audit_raise(a, CHECK_PROBLEM, C_BGP_NEXTHOP_UNRESOLVED);
		audit_say(a, "BIRD cannot resolve the next hop of %s: its route is unreachable.",
			  prefix_str(&r->dst, p));
		audit_evidence(a, "unreachable %s proto bird", p);
		return;
	}
	if (r->type != RTN_UNICAST || !r->nh_cnt || !addr_is_set(&r->nh[0].gw))
		return;
	snprintf(word, sizeof(word), "%u", r->protocol);
	if (r->protocol != RTPROT_BIRD && r->protocol != RTPROT_FELIX &&
	    r->protocol != RTPROT_BOOT && r->protocol != RTPROT_KERNEL) {
		audit_raise(a, CHECK_PROBLEM, C_FOREIGN_ROUTE_CHANGE);
		audit_say(a, "The route for %s is neither BIRD's nor Felix' (protocol %s).",
			  prefix_str(&r->dst, p), word);
		audit_evidence(a, "ip route: %s proto %s", p, word);
	}
	if (tunnel_pool(a->e, &r->dst.addr) && !is_tunnel(a->e, r->nh[0].ifindex))
		wrong_device(a, r);
	else
		against_bird(a, r);
}

void audit_routes(struct audit *a)
{
	struct owners o = { .e = a->e };
	struct lack l = { 0 };

	audit_begin(a, "routes", true);
	/* what stands and is wrong says more than what is missing */
	mirror__each_route(a->e->mirror, count_owner, &o);
	mirror__each_route(a->e->mirror, examine_route, a);
	bird_routes(a, &o);
	mesh_routes(a, &l);
	any_routes(a, &l);
	tell_owners(a, &o);
	if (l.without)
		audit_advise(
			a,
			"see checks bgp and node-address; birdcl show route all shows what BIRD has");
	audit_advise(
		a,
		"compare ip route with birdcl show route, and see who changes routes: calitrace live");
	if (a->c.state == CHECK_OK)
		a->c.advice[0] = '\0';
	if (a->c.state == CHECK_OK && !l.expected && !a->d->gw_cnt && !a->d->peers.told &&
	    !world_cnt(a->e, W_VTEP)) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "Nothing on this node tells which other nodes and blocks there are.");
	} else if (a->c.state == CHECK_OK) {
		audit_say(a, "Routes lead to blocks of %u other node%s; none is missing.",
			  a->d->gw_cnt, a->d->gw_cnt == 1 ? "" : "s");
	}
	audit_end(a);
}

/* ---- what the kernel would do ---- */

struct fib_ask {
	struct audit *a;
	uint32_t asked, wrong, unreachable;
};

static void ask_fib(void *ctx, const struct route *r)
{
	struct fib_ask *f = ctx;
	struct audit *a = f->a;
	const struct obs_answer *ans = world_answer(a->e, &r->dst.addr);
	char dst[ADDR_STRLEN];

	if (r->table != TABLE_MAIN || r->type != RTN_UNICAST || !r->dst.len || !r->nh_cnt ||
	    !addr_is_set(&r->nh[0].gw) || !judge_pool(a->e, &r->dst.addr) || !ans)
		return;
	f->asked++;
	if (!ans->err && ans->ifindex == r->nh[0].ifindex && addr_eq(&ans->gw, &r->nh[0].gw))
		return;
	/* one of several next hops is as good; a change between the two looks settles by itself */
	if (!ans->err && r->nh_cnt > 1)
		return;
	f->wrong++;
	audit_raise(a, CHECK_PROBLEM, ans->err ? C_ROUTE_MISSING : C_WRONG_GATEWAY);
	if (ans->err)
		audit_evidence(a, "%s: the kernel refuses (%s)", addr_str(&ans->dst, dst),
			       strerror(ans->err));
	else
		audit_evidence(a, "%s: the kernel sends by %s, table main says %s",
			       addr_str(&ans->dst, dst), mirror__dev(a->e->mirror, ans->ifindex),
			       mirror__dev(a->e->mirror, r->nh[0].ifindex));
}

/* The underlay: a peer that the kernel refuses to send to */
static void ask_peers(struct audit *a, struct fib_ask *f)
{
	char addr[ADDR_STRLEN];

	for (uint32_t i = 0; i < a->d->peers.cnt; i++) {
		const struct obs_answer *ans = world_answer(a->e, &a->d->peers.peer[i].addr);

		if (!ans || !ans->err)
			continue;
		f->unreachable++;
		audit_raise(a, CHECK_PROBLEM, C_NODE_UNREACHABLE);
		audit_evidence(a, "%s, a peer: the kernel refuses (%s)", addr_str(&ans->dst, addr),
			       strerror(ans->err));
	}
	if (!f->unreachable)
		return;
	audit_say(a, "This node has no way to %u of its peers.", f->unreachable);
	audit_advise(a, "look at ip route get for them, and at who made that route");
}

void audit_fib(struct audit *a)
{
	struct fib_ask f = { .a = a };

	audit_begin(a, "fib", false);
	mirror__each_route(a->e->mirror, ask_fib, &f);
	ask_peers(a, &f);
	if (f.wrong) {
		audit_say(
			a,
			"For %u of %u blocks the kernel does not do what table main says: a rule or "
			"another table takes them.",
			f.wrong, f.asked);
		audit_advise(a, "look at ip rule, and at ip route show table all");
	} else if (f.asked && !f.unreachable) {
		audit_say(a, "The kernel sends to all %u blocks asked for as table main says.",
			  f.asked);
	} else if (world_is_fresh(a->e, SOURCE_ANSWER) && !f.unreachable) {
		audit_say(a, "No route to another node's block to ask for.");
	} else if (!f.unreachable) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "The kernel was not asked (RTM_GETROUTE).");
	}
	audit_end(a);
}

/* ---- the default route, own blocks, others' leftovers ---- */

void audit_default(struct audit *a)
{
	audit_begin(a, "default-route", false);
	if (mirror__has_default(a->e->mirror)) {
		audit_say(a, "There is a default route.");
	} else {
		audit_raise(a, CHECK_PROBLEM, C_DEFAULT_ROUTE_MISSING);
		audit_evidence(a, "ip route show table main has no default");
		audit_say(
			a,
			"Table main has no default route: proxy ARP stays silent to pods that ask "
			"for their gateway 169.254.1.1.");
		audit_advise(a, "see ip route, and who removed it: calitrace live");
	}
	audit_end(a);
}

struct own {
	struct audit *a;
	uint32_t blocks, pods, strays;
};

static void stray_route(struct own *o, const struct route *r, const char *why)
{
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN];

	o->strays++;
	audit_raise(o->a, CHECK_WARN, C_STALE_ENDPOINT);
	audit_evidence(o->a, "%s is of an own block and leads to %s: %s", prefix_str(&r->dst, p),
		       addr_str(&r->nh[0].gw, gw), why);
}

static void own_route(void *ctx, const struct route *r)
{
	struct own *o = ctx;
	struct audit *a = o->a;
	const struct route *block;
	struct addr node;

	if (r->table != TABLE_MAIN || !judge_pool(a->e, &r->dst.addr))
		return;
	o->blocks += r->type == RTN_BLACKHOLE;
	if (r->type != RTN_UNICAST || r->dst.len != 32 || !r->nh_cnt)
		return;
	if (!addr_is_set(&r->nh[0].gw) && judge_dev(a->e, r->nh[0].ifindex) == DEV_WORKLOAD) {
		o->pods++;
		return;
	}
	/* an address of an own block that another node has borrowed, and no longer uses */
	block = mirror__lookup_len(a->e->mirror, &r->dst.addr, 1, 31);
	if (!addr_is_set(&r->nh[0].gw) || !block || block->type != RTN_BLACKHOLE)
		return;
	node = diag_node_of(a->e, &r->nh[0].gw);
	if (a->e->nodes.cnt && !owner_is_node(a->e, &node))
		stray_route(o, r, "the node that it leads to is not on Felix' list");
	else if (world_is_fresh(a->e, SOURCE_BIRD) && r->protocol == RTPROT_BIRD &&
		 !bird_recovers(a->e) && !world_broute_of(a->e, &r->dst))
		stray_route(o, r, "BIRD knows nothing of it");
}

void audit_own_blocks(struct audit *a)
{
	struct own o = { .a = a };

	audit_begin(a, "own-blocks", false);
	mirror__each_route(a->e->mirror, own_route, &o);
	if (o.strays)
		audit_say(a, "%u stale route%s into this node's own blocks.", o.strays,
			  o.strays == 1 ? "" : "s");
	else
		audit_say(a, "%u own block%s, %u pod%s.", o.blocks, o.blocks == 1 ? "" : "s",
			  o.pods, o.pods == 1 ? "" : "s");
	audit_end(a);
}

static void leftover_link(void *ctx, const struct link_info *l)
{
	static const char *const foreign[] = { "flannel.", "cni0",	  "cilium_",
					       "weave",	   "kube-bridge", NULL };
	struct audit *a = ctx;

	for (int i = 0; foreign[i]; i++) {
		if (strncmp(l->name, foreign[i], strlen(foreign[i])) || !l->up)
			continue;
		audit_raise(a, CHECK_WARN, C_UNKNOWN);
		audit_evidence(a, "device %s is up: another network plugin made it", l->name);
	}
}

void audit_leftovers(struct audit *a)
{
	audit_begin(a, "leftovers", false);
	mirror__each_link(a->e->mirror, leftover_link, a);
	if (a->c.state == CHECK_OK) {
		audit_say(a, "Nothing of other owners is in the way.");
	} else {
		audit_say(a, "Something of another owner is left on this node.");
		audit_advise(a, "find out whether it is still needed");
	}
	audit_end(a);
}
