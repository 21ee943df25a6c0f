// SPDX-License-Identifier: GPL-2.0-only
/*
 * What became of a packet: from the device that it left by, the route that hung on it, the place
 * and reason of a drop. What a pool calls for is compared with what was done.
 */
#include "engine_priv.h"

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "recall.h"
#include "way.h"

#define ARPHRD_TUNNEL_ 768	       /* ipip */
#define RESULT_NS (10 * NSEC_PER_MSEC) /* from the look-up to the device */
#define DEFAULT_BLOCK_LEN 26	       /* of a Calico IPPool (libcalico-go, IPPoolSpec.BlockSize) */

const struct pool *judge_pool(const struct engine *e, const struct addr *a)
{
	const struct pool *best = NULL;

	for (uint32_t i = 0; i < e->pools.cnt; i++) {
		const struct pool *p = &e->pools.pool[i];

		if (prefix_has(&p->cidr, a) && (!best || p->cidr.len > best->cidr.len))
			best = p;
	}
	return best;
}

/* A /32 without a gateway is a pod's of this node; with one it is a block, or a borrowed address. */
static bool is_block(const struct route *r)
{
	return r->dst.len < 32 || (r->nh_cnt && addr_is_set(&r->nh[0].gw));
}

void judge_block(const struct engine *e, const struct addr *a, struct prefix *block,
		 enum block_from *from)
{
	way_block(way_of(e, a), a, block, from);
}

void judge_find_block(const struct engine *e, struct way *w)
{
	const struct pool *pool = w->pool;
	const struct addr *a = &w->dst;
	const struct route *r;
	const struct recalled *old;
	const struct gone *g;
	uint8_t len;

	w->from = BLOCK_UNKNOWN;
	if (!pool)
		return;
	r = w->route && w->route->dst.len >= pool->cidr.len ? w->route : NULL;
	if (r && !is_block(r))
		r = mirror__lookup_len(e->mirror, a, pool->cidr.len, 31);
	g = mirror__gone(e->mirror, a, pool->cidr.len, 32);
	if (g && !is_block(&g->route))
		g = mirror__gone(e->mirror, a, pool->cidr.len, 31);
	old = recall_for(e, a);
	/* what went may be more specific than what stands (a pool routed as a whole) */
	if (g && (!r || g->route.dst.len > r->dst.len)) {
		w->block_len = g->route.dst.len;
		w->from = BLOCK_HISTORY;
	} else if (old && (!r || old->block.len > r->dst.len)) {
		w->block_len = old->block.len;
		w->from = BLOCK_BASELINE;
	} else if (r) {
		w->block_len = r->dst.len;
		w->from = BLOCK_ROUTE;
	} else {
		/* blocks of another pool may be of another size than the own one */
		len = mirror__block_len(e->mirror, &pool->cidr, e->pools.block_len);
		if (!len)
			len = DEFAULT_BLOCK_LEN;
		w->block_len = len > pool->cidr.len ? len : pool->cidr.len;
		w->from = BLOCK_GUESS;
	}
}

enum dev_class judge_dev(const struct engine *e, uint32_t ifindex)
{
	return way_dev(e, ifindex);
}

enum dev_class judge_find_dev(const struct engine *e, uint32_t ifindex)
{
	const struct link_info *l = mirror__link_info(e->mirror, ifindex);
	const char *name = l ? l->name : mirror__dev(e->mirror, ifindex);

	if (l && (!strcmp(l->kind, "ipip") || !strcmp(l->kind, "vxlan") ||
		  !strcmp(l->kind, "wireguard") || l->arptype == ARPHRD_TUNNEL_))
		return DEV_TUNNEL;
	if (!strcmp(name, "tunl0") || !strcmp(name, "vxlan.calico") ||
	    !strcmp(name, "wireguard.cali"))
		return DEV_TUNNEL;
	return !strncmp(name, "cali", 4) ? DEV_WORKLOAD : DEV_OTHER;
}

void judge_set_route(const struct route *r, struct trk_route *ret)
{
	*ret = (struct trk_route){
		.have = true,
		.have_dst = true,
		.dst = r->dst,
		.type = r->type,
		.protocol = r->protocol,
		.scope = r->scope,
		.table = r->table,
	};
	if (r->nh_cnt) {
		ret->gw = r->nh[0].gw;
		ret->ifindex = r->nh[0].ifindex;
	}
}

void judge_tell_route(const struct engine *e, const struct trk_route *r, struct route_ref *ref)
{
	*ref = (struct route_ref){
		.have = r->have,
		.have_dst = r->have_dst,
		.dst = r->dst,
		.gw = r->gw,
		.type = r->type,
		.protocol = r->protocol,
		.scope = r->scope,
		.table = r->table,
	};
	strncpy(ref->dev, mirror__dev(e->mirror, r->ifindex), DEV_LEN - 1);
}

static const struct nexthop *nexthop_match(const struct route *r, const struct obs_pkt *p)
{
	for (int i = 0; i < r->nh_cnt; i++)
		if (r->nh[i].ifindex == p->dst_oif && addr_eq(&r->nh[i].gw, &p->gw))
			return &r->nh[i];
	return NULL;
}

/* The FIB's own answer for this packet, where it was told; NULL: it was not */
static const struct obs_res *fib_result(const struct engine *e, const struct obs_pkt *p)
{
	/* most kernels and nodes never tell any */
	if (!e->res[0].ts_ns)
		return NULL;
	for (int i = 0; i < FIB_RESULTS; i++) {
		const struct fib_result *f = &e->res[i];

		if (f->ts_ns && f->res.skb == p->skb && addr_eq(&f->res.dst, &p->dst) &&
		    addr_eq(&f->res.src, &p->src) && f->ts_ns + RESULT_NS > e->now_ns)
			return &f->res;
	}
	return NULL;
}

static void route_of(const struct engine *e, const struct way *w, const struct obs_pkt *p,
		     struct trk_route *ret)
{
	const struct route *r = w->route;
	const struct obs_res *res;
	const struct nexthop *nh;

	if (!(p->flags & EV_F_DST)) {
		memset(ret, 0, sizeof(*ret));
		return;
	}
	nh = r ? nexthop_match(r, p) : NULL;
	res = fib_result(e, p);
	if (nh && (!res || res->table == TABLE_MAIN)) {
		judge_set_route(r, ret);
		ret->gw = nh->gw;
		ret->ifindex = nh->ifindex;
		return;
	}
	/* which table it was, only the FIB's own answer tells */
	*ret = (struct trk_route){
		.have = true,
		.type = p->dst_type,
		.gw = p->gw,
		.ifindex = p->dst_oif,
		.table = TABLE_MAIN,
	};
	if (res) {
		ret->have_dst = true;
		ret->dst = res->prefix;
		ret->table = res->table;
	}
}

/*
 * The route that the packet's own dst names. The dst has no prefix: that of the mirror's best match is
 * taken, if its gateway and device are the packet's.
 */
void judge_route(const struct engine *e, const struct addr *dst, const struct obs_pkt *p,
		 struct trk_route *ret)
{
	route_of(e, way_of(e, dst), p, ret);
}

/* To a neighbour on a subnet of this node's own, though that lies within a pool */
static bool on_own_subnet(const struct trk_route *r)
{
	return r->have_dst && r->protocol == RTPROT_KERNEL && !addr_is_set(&r->gw);
}

static bool is_bgp_peer(const struct engine *e, const struct addr *a)
{
	return addr_is_set(a) && bgp_peer_find(e, a);
}

/*
 * The pool may overlap the site's own addresses: a route that the administrator or DHCP made for a part of
 * it is meant, unless a block of Calico's was there, or BIRD has one that the kernel has no place for.
 */
static bool administered(const struct engine *e, const struct pool *pool, const struct trk *t)
{
	const struct trk_route *r = &t->route;
	const struct obs_bird_route *b;

	if (!r->have_dst || r->dst.len <= pool->cidr.len)
		return false;
	if (r->protocol != RTPROT_STATIC && r->protocol != RTPROT_RA && r->protocol != RTPROT_DHCP)
		return false;
	/* what BIRD learnt from the kernel comes from nobody */
	b = world_broute_of(e, &r->dst);
	return !mirror__gone(e->mirror, &t->dst, r->dst.len, 32) && !(b && addr_is_set(&b->from));
}

struct alive {
	const struct engine *e;
	const struct prefix *cidr;
	bool found;
};

static void alive_route(void *ctx, const struct route *r)
{
	struct alive *a = ctx;

	if (prefix_covers(a->cidr, &r->dst) &&
	    (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
	     (r->dst.len == 32 && r->nh_cnt && judge_dev(a->e, r->nh[0].ifindex) == DEV_WORKLOAD)))
		a->found = true;
}

static void alive_addr(void *ctx, const struct obs_addr *o)
{
	struct alive *a = ctx;

	if (prefix_has(a->cidr, &o->address.addr) && judge_dev(a->e, o->ifindex) == DEV_TUNNEL)
		a->found = true;
}

/*
 * Pools are also made to keep natOutgoing away from a data centre's addresses, disabled and
 * without tunnel: no pod lives there, so nothing leaks. A pool that somebody named is meant.
 */
static bool pool_has_life(const struct engine *e, const struct pool *pool)
{
	struct alive a = { .e = e, .cidr = &pool->cidr };

	if (pool->from == FROM_OPTION || pool->from == FROM_GUESS)
		return true;
	mirror__each_addr(e->mirror, alive_addr, &a);
	if (!a.found && !mirror__gone_inside(e->mirror, &pool->cidr))
		mirror__each_route(e->mirror, alive_route, &a);
	else
		a.found = true;
	return a.found;
}

/* It is asked for each packet to such a pool: a walk over all routes must be rare. */
static bool pool_alive(struct engine *e, const struct pool *pool)
{
	struct pool_life *l = &e->life[pool - e->pools.pool];
	uint64_t version = mirror__version(e->mirror);

	if (l->version != version)
		*l = (struct pool_life){ version, pool_has_life(e, pool) };
	return l->alive;
}

static bool is_default_gateway(const struct engine *e, const struct addr *gw)
{
	struct addr any = { .family = 4 };
	const struct route *r = mirror__lookup_len(e->mirror, &any, 0, 0);

	return r && r->nh_cnt && addr_is_set(gw) && addr_eq(&r->nh[0].gw, gw) &&
	       !is_bgp_peer(e, gw);
}

/* Somebody sent a block to the default gateway that Calico has, or had, from a node. */
static bool displaced(const struct engine *e, const struct trk_route *r)
{
	const struct obs_bird_route *b = world_broute_of(e, &r->dst);
	const struct gone *g = mirror__gone(e->mirror, &r->dst.addr, r->dst.len, r->dst.len);
	const struct addr *was = g && g->route.nh_cnt ? &g->route.nh[0].gw : b ? &b->from : NULL;

	return r->protocol != RTPROT_BIRD && r->protocol != RTPROT_FELIX &&
	       is_default_gateway(e, &r->gw) && was && addr_is_set(was) && !addr_eq(was, &r->gw);
}

/* An un-encapsulated packet for an address of this pool leaves by a device that is no pod's. */
static bool leaks(struct engine *e, const struct pool *pool, const struct trk *t)
{
	bool told = pool->mode_from == FROM_OPTION || pool->mode_from == FROM_CONFD;
	bool tunnelled = pool->mode == POOL_IPIP || pool->mode == POOL_VXLAN;
	bool shorter;

	if (on_own_subnet(&t->route) || administered(e, pool, t))
		return false;
	/* confd writes the same for VXLAN and its CrossSubnet: "handled by Felix"; BIRD's route tells */
	if (pool->mode == POOL_VXLAN && t->route.have_dst && t->route.dst.len > pool->cidr.len &&
	    t->route.protocol == RTPROT_BIRD && owner_is_node(e, &t->route.gw))
		return false;
	if (tunnelled && told)
		return true;
	/* without a proved prefix nothing is claimed, unless the pool has a tunnel */
	if (!t->route.have_dst)
		return tunnelled;
	shorter = t->route.dst.len < pool->cidr.len;
	/* a mode that was inferred may be CrossSubnet's: then blocks have direct routes, too */
	if (tunnelled && t->route.dst.len == pool->cidr.len)
		return e->pools.block_len > pool->cidr.len;
	if (!shorter && displaced(e, &t->route))
		return true;
	if (!tunnelled && pool->mode != POOL_CROSSSUBNET && !(shorter && pool_alive(e, pool)))
		return false;
	if (pool->mode == POOL_NONE)
		return addr_is_set(&t->route.gw) && !is_bgp_peer(e, &t->route.gw);
	/* BIRD falls back to the underlay's gateway while the tunnel device is missing */
	if (pool->mode == POOL_CROSSSUBNET && t->route.protocol == RTPROT_BIRD)
		return shorter || is_default_gateway(e, &t->route.gw);
	return shorter;
}

/* A reply that finds its asker's pod deleted a moment ago is no fault, wherever it ends. */
bool judge_asker_gone(const struct engine *e, const struct trk *t, uint64_t ts_ns)
{
	const struct gone *g = mirror__gone(e->mirror, &t->dst, 32, 32);

	return t->role == ROLE_REPLY && g && !is_block(&g->route) &&
	       g->ts_ns + 10 * NSEC_PER_SEC > ts_ns;
}

void judge_egress(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	enum dev_class class = way_dev(e, p->ifindex);
	const struct way *w;
	const struct pool *pool;

	t->at = AT_TC_EGRESS;
	t->ifindex = p->ifindex;
	if (p->encap) {
		t->encap = p->encap;
		t->encap_src = p->osrc;
		t->encap_dst = p->odst;
		t->passing = false;
		e->encap_seen = true;
		t->wrong_hop |= owner_is_stranger(e, &p->dst, &p->odst);
		engine_set_verdict(e, t, V_SENT);
		return;
	}
	w = way_of(e, &p->dst);
	pool = w->pool;
	way_block(w, &p->dst, &t->block, &t->block_from);
	route_of(e, w, p, &t->route);
	t->by_owner = class == DEV_TUNNEL ||
		      (class != DEV_WORKLOAD && t->block_from == BLOCK_ROUTE);
	if (t->by_owner)
		t->wrong_hop = owner_differs(e, &p->dst, &t->route.gw);
	if (class == DEV_WORKLOAD || (class == DEV_OTHER && t->route.have_dst &&
				      t->route.dst.len == 32 && !addr_is_set(&t->route.gw) && pool))
		engine_set_verdict(e, t, V_DELIVERED);
	else if (class == DEV_OTHER && pool && leaks(e, pool, t) &&
		 !judge_asker_gone(e, t, t->last_ns))
		engine_set_verdict(e, t, V_LEAKED);
	else if (class == DEV_TUNNEL)
		engine_set_passing(e, t, V_SENT);
	else
		engine_set_verdict(e, t, V_SENT);
}
