// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lanes: one for each block that packets go to or whose route changes. What the route is at a moment is
 * asked of the engine's mirror, so that both say the same.
 */
#include "report_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render_int.h"
#include "rtnum.h"
#include "util.h"

#define LANES_AT_START 64 /* blocks that are shown though nothing happens there */
#define BLOCK_LEN 26	  /* of a Calico IPPool, where nothing is known */

const struct pool *report_pool(const struct report_node *n, const struct addr *a)
{
	const struct pool *best = NULL;

	for (uint32_t i = 0; i < n->pools.cnt && i < MAX_POOLS; i++) {
		const struct pool *p = &n->pools.pool[i];

		if (prefix_has(&p->cidr, a) && (!best || p->cidr.len > best->cidr.len))
			best = p;
	}
	return best;
}

/* The same as for the engine's packets (judge.c), which tell their destination's alone */
static struct prefix find_block(const struct report_node *n, const struct addr *a)
{
	const struct mirror *m = engine__mirror(n->rn->engine);
	const struct pool *pool = report_pool(n, a);
	const struct route *r;
	const struct gone *g;
	uint8_t len;

	if (!pool || a->family != 4)
		return (struct prefix){ 0 };
	r = mirror__lookup_len(m, a, pool->cidr.len, 31);
	g = mirror__gone(m, a, pool->cidr.len, 31);
	if (g && (!r || g->route.dst.len > r->dst.len))
		return g->route.dst;
	if (r)
		return r->dst;
	len = mirror__block_len(m, &pool->cidr, n->pools.block_len);
	len = len ? len : BLOCK_LEN;
	return prefix_of(a, len > pool->cidr.len ? len : pool->cidr.len);
}

uint64_t addr_mix(const struct addr *a, uint64_t seed)
{
	uint64_t x;

	if (a->family != 4)
		return hash_bytes(a, sizeof(*a), seed);
	x = (uint64_t)a->b[0] << 24 | (uint64_t)a->b[1] << 16 | (uint64_t)a->b[2] << 8 | a->b[3];
	x = (x + seed + 1) * 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

struct prefix report_block(struct report_node *n, const struct addr *a)
{
	uint64_t version = mirror__version(engine__mirror(n->rn->engine));
	struct block_memo *memo = &n->memo[addr_mix(a, 0) % REPORT_MEMOS];

	if (memo->version != version || !addr_eq(&memo->addr, a))
		*memo = (struct block_memo){ *a, version, find_block(n, a) };
	return memo->block;
}

/* ---- what the route is like ---- */

struct local {
	const struct prefix *block;
	bool found;
};

static void on_addr(void *ctx, const struct obs_addr *a)
{
	struct local *l = ctx;

	l->found |= prefix_has(l->block, &a->address.addr);
}

static void on_pod_route(void *ctx, const struct route *r)
{
	struct local *l = ctx;

	if (r->table == TABLE_MAIN && r->dst.len == 32 && r->nh_cnt && !addr_is_set(&r->nh[0].gw) &&
	    r->type == RTN_UNICAST)
		l->found |= prefix_has(l->block, &r->dst.addr);
}

/* The own block is a blackhole by itself; its pods have routes of their own. */
static bool is_own(const struct mirror *m, const struct prefix *block)
{
	struct local l = { .block = block };

	mirror__each_addr(m, on_addr, &l);
	if (!l.found)
		mirror__each_route(m, on_pod_route, &l);
	return l.found;
}

static bool is_tunnel(const struct mirror *m, uint32_t ifindex, enum pool_mode mode)
{
	const struct link_info *l = mirror__link_info(m, ifindex);
	const char *name = mirror__dev(m, ifindex);

	if (mode == POOL_VXLAN)
		return (l && !strcmp(l->kind, "vxlan")) || !strcmp(name, "vxlan.calico");
	if (mode == POOL_IPIP)
		return (l && !strcmp(l->kind, "ipip")) || !strcmp(name, "tunl0");
	return true;
}

static void route_words(const struct mirror *m, const struct route *r, char *buf, size_t sz)
{
	char gw[ADDR_STRLEN], word[WORD_LEN];

	if (r->type != RTN_UNICAST)
		snprintf(buf, sz, "%s", route_type_name(r->type, word));
	else if (!r->nh_cnt)
		snprintf(buf, sz, "no next hop");
	else
		snprintf(buf, sz, "%s%s%s", mirror__dev(m, r->nh[0].ifindex),
			 addr_is_set(&r->nh[0].gw) ? " via " : "",
			 addr_is_set(&r->nh[0].gw) ? addr_str(&r->nh[0].gw, gw) : "");
}

static enum span_state route_state(const struct report_node *n, const struct mirror *m,
				   const struct route *r)
{
	const struct pool *pool = report_pool(n, &r->dst.addr);

	if (r->type != RTN_UNICAST)
		return is_own(m, &r->dst) ? SPAN_OWN : SPAN_OTHER;
	if (!r->nh_cnt)
		return SPAN_OTHER;
	/* WireGuard may carry the traffic of any pool (peers that support it) */
	if (pool && !is_tunnel(m, r->nh[0].ifindex, pool->mode) &&
	    strcmp(mirror__dev(m, r->nh[0].ifindex), "wireguard.cali") != 0)
		return SPAN_OTHER;
	return SPAN_GOOD;
}

void lane_look(struct report_node *n, struct lane *l, uint64_t ts_ns)
{
	const struct mirror *m = engine__mirror(n->rn->engine);
	char what[sizeof(l->route.span[0].what)] = "missing";
	enum span_state state = SPAN_BAD;
	const struct route *r;

	if (l->block.addr.family != 4)
		return;
	r = mirror__lookup_len(m, &l->block.addr, l->block.len, l->block.len);
	if (r) {
		state = route_state(n, m, r);
		route_words(m, r, what, sizeof(what));
	}
	if (state == SPAN_GOOD) {
		l->owner = r->nh[0].gw;
		snprintf(l->dev, sizeof(l->dev), "%s", mirror__dev(m, r->nh[0].ifindex));
	}
	track_add(&l->route, ts_ns, state, what);
}

/* ---- lanes ---- */

static uint64_t block_hash(const struct prefix *p)
{
	return addr_mix(&p->addr, p->len);
}

static struct lane *lane_find(const struct report_node *n, const struct prefix *block)
{
	for (struct hnode *h = hmap_first(&n->lanes_by, block_hash(block)); h; h = hmap_next(h)) {
		struct lane *l = hmap_entry(h, struct lane, node);

		if (prefix_eq(&l->block, block))
			return l;
	}
	return NULL;
}

struct lane *report_lane(struct report_node *n, const struct prefix *block, uint64_t ts_ns)
{
	struct lane *l = lane_find(n, block);

	if (l)
		return l;
	if (n->lane_cnt == REPORT_LANES) {
		n->lanes_left_out++;
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l || hmap_add(&n->lanes_by, &l->node, block_hash(block))) {
		n->report->failed = true;
		free(l);
		return NULL;
	}
	l->block = *block;
	n->lane[n->lane_cnt++] = l;
	l->nr = (uint16_t)n->lane_cnt;
	/* no change of it was told since the start, else the lane would be there */
	lane_look(n, l, n->ready ? n->start_ns : ts_ns);
	return l;
}

static void on_start_route(void *ctx, const struct route *r)
{
	struct report_node *n = ctx;

	if (r->table != TABLE_MAIN || r->dst.len >= 32 || !report_pool(n, &r->dst.addr))
		return;
	/* a pool that is routed as a whole is no block */
	if (r->dst.len == report_pool(n, &r->dst.addr)->cidr.len)
		return;
	if (n->lane_cnt < LANES_AT_START)
		report_lane(n, &r->dst, n->start_ns);
}

void lanes_begin(struct report_node *n, uint64_t ts_ns)
{
	mirror__each_route(engine__mirror(n->rn->engine), on_start_route, n);
	for (uint32_t i = 0; i < n->lane_cnt; i++)
		lane_look(n, n->lane[i], ts_ns);
}

void lanes_route(struct report_node *n, const struct obs_route *o, uint64_t ts_ns)
{
	const struct prefix *dst = &o->route.dst;
	const struct pool *pool = report_pool(n, &dst->addr);
	struct lane *l;

	if (o->route.table != TABLE_MAIN || !pool || dst->len <= pool->cidr.len)
		return;
	/* a pod's */
	if (dst->len == 32 && !(o->route.nh_cnt && addr_is_set(&o->route.nh[0].gw)))
		return;
	l = lane_find(n, dst);
	if (!l) {
		l = report_lane(n, dst, n->start_ns);
		if (!l)
			return;
		/* it was looked at after the change: what it was before is what the change says */
		l->route.cnt = 0;
		if (o->op == ROUTE_DEL || o->op == ROUTE_FLUSH) {
			char what[sizeof(l->route.span[0].what)];
			const struct mirror *m = engine__mirror(n->rn->engine);

			route_words(m, &o->route, what, sizeof(what));
			track_add(&l->route, n->start_ns, route_state(n, m, &o->route), what);
			if (o->route.nh_cnt)
				l->owner = o->route.nh[0].gw;
		} else {
			track_add(&l->route, n->start_ns,
				  o->op == ROUTE_ADD ? SPAN_BAD : SPAN_UNKNOWN,
				  o->op == ROUTE_ADD ? "missing" : "not known");
		}
	}
	lane_look(n, l, ts_ns);
}
