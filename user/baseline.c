// SPDX-License-Identifier: GPL-2.0-only
#include "baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "hmap.h"
#include "mirror.h"
#include "rtnum.h"

/* A capture is a file that nobody vouches for. */
#define MAX_BLOCKS_KEPT 65536
#define MAX_NODES_KEPT 8192

/* A route to a block, as it stood last */
struct stood {
	struct hnode node;
	struct prefix block;
	struct addr gw; /* family 0: a blackhole, the node's own block */
	uint32_t ifindex;
	uint8_t protocol;
	uint64_t last_ns;
	char dev[DEV_LEN];
};

/* A neighbour and its name, or a VTEP and the node behind it */
struct known {
	struct hnode node;
	struct addr addr, to;
	char name[NODE_LEN_SHORT];
};

struct baseline {
	char node[NODE_LEN];
	int64_t wall_offset_ns;
	struct mirror *mirror;
	struct obs_pools pools;
	struct hmap blocks, peers, vteps;
	struct addr source; /* that BIRD speaks from */
	uint64_t now_ns;
};

int baseline__new(const char *node, int64_t wall_offset_ns, struct baseline **ret)
{
	struct baseline *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->mirror = mirror__new();
	if (!b->mirror) {
		free(b);
		return -ENOMEM;
	}
	snprintf(b->node, sizeof(b->node), "%s", node);
	b->wall_offset_ns = wall_offset_ns;
	*ret = b;
	return 0;
}

void baseline__free(struct baseline *b)
{
	if (!b)
		return;
	hmap_free_all(&b->blocks, offsetof(struct stood, node));
	hmap_free_all(&b->peers, offsetof(struct known, node));
	hmap_free_all(&b->vteps, offsetof(struct known, node));
	mirror__free(b->mirror);
	free(b);
}

/* ---- routes ---- */

static bool is_tunnel(const struct baseline *b, uint32_t ifindex)
{
	const char *dev = mirror__dev(b->mirror, ifindex);

	return !strcmp(dev, "tunl0") || !strcmp(dev, "vxlan.calico") ||
	       !strcmp(dev, "wireguard.cali");
}

/* Felix' routes into VXLAN are of protocol boot; by any other device that is a hand's. */
static bool is_daemons(const struct baseline *b, const struct route *r)
{
	return r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
	       (r->protocol == RTPROT_BOOT && r->nh_cnt &&
		!strcmp(mirror__dev(b->mirror, r->nh[0].ifindex), "vxlan.calico"));
}

/* To another node's block, or the stop that a node has for its own */
static bool is_blocks(const struct baseline *b, const struct route *r)
{
	if (r->table != TABLE_MAIN || !r->dst.len || r->dst.len > 32 || !is_daemons(b, r))
		return false;
	if (r->type == RTN_BLACKHOLE)
		return true;
	return r->type == RTN_UNICAST && r->nh_cnt && addr_is_set(&r->nh[0].gw) &&
	       strncmp(mirror__dev(b->mirror, r->nh[0].ifindex), "cali", 4) != 0;
}

static uint64_t block_hash(const struct prefix *p)
{
	return hash_bytes(p->addr.b, sizeof(p->addr.b), p->len);
}

static struct stood *stood_get(struct baseline *b, const struct prefix *p)
{
	struct hnode *n = hmap_first(&b->blocks, block_hash(p));
	struct stood *s;

	for (; n; n = hmap_next(n))
		if (prefix_eq(&hmap_entry(n, struct stood, node)->block, p))
			return hmap_entry(n, struct stood, node);
	if (b->blocks.cnt >= MAX_BLOCKS_KEPT)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->block = *p;
	if (hmap_add(&b->blocks, &s->node, block_hash(p))) {
		free(s);
		return NULL;
	}
	return s;
}

static void note_route(struct baseline *b, const struct route *r)
{
	struct stood *s = is_blocks(b, r) ? stood_get(b, &r->dst) : NULL;

	if (!s || s->last_ns > b->now_ns)
		return;
	s->last_ns = b->now_ns;
	s->gw = r->type == RTN_UNICAST ? r->nh[0].gw : (struct addr){ 0 };
	s->ifindex = r->type == RTN_UNICAST ? r->nh[0].ifindex : 0;
	s->protocol = r->protocol;
	snprintf(s->dev, sizeof(s->dev), "%s", mirror__dev(b->mirror, s->ifindex));
}

/* One that goes stood until now. */
static void went(void *ctx, const struct obs_route *o)
{
	note_route(ctx, &o->route);
}

static void stands(void *ctx, const struct route *r)
{
	note_route(ctx, r);
}

static void on_route(struct baseline *b, const struct obs *o)
{
	const struct route *r = &o->route.route;
	const struct route *was;

	if (r->dst.len > 32 || r->nh_cnt > MAX_NEXTHOPS)
		return;
	was = mirror__lookup_len(b->mirror, &r->dst.addr, r->dst.len, r->dst.len);
	if (was)
		note_route(b, was);
	if (o->route.op == ROUTE_ADD || o->route.op == ROUTE_REPLACE)
		note_route(b, r);
	mirror__route(b->mirror, &o->route, o->ts_ns);
}

/* ---- nodes ---- */

static uint64_t addr_hash(const struct addr *a)
{
	return hash_bytes(a->b, sizeof(a->b), a->family);
}

static struct known *known_find(const struct hmap *m, const struct addr *a)
{
	for (struct hnode *n = hmap_first(m, addr_hash(a)); n; n = hmap_next(n))
		if (addr_eq(&hmap_entry(n, struct known, node)->addr, a))
			return hmap_entry(n, struct known, node);
	return NULL;
}

static struct known *known_get(struct hmap *m, const struct addr *a)
{
	struct known *k = known_find(m, a);

	if (k || a->family != 4 || m->cnt >= MAX_NODES_KEPT)
		return k;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->addr = *a;
	if (hmap_add(m, &k->node, addr_hash(a))) {
		free(k);
		return NULL;
	}
	return k;
}

static void on_peer(struct baseline *b, const struct obs_conf_peer *p)
{
	struct known *k = known_get(&b->peers, &p->addr);

	if (k && p->node[0])
		snprintf(k->name, sizeof(k->name), "%.*s", (int)sizeof(p->node) - 1, p->node);
	if (p->source.family == 4)
		b->source = p->source;
}

static void on_proto(struct baseline *b, const struct obs_bird_proto *p)
{
	if (strncmp(p->kind, "BGP", sizeof(p->kind)) != 0 || p->v6)
		return;
	known_get(&b->peers, &p->neighbor);
	if (p->source.family == 4)
		b->source = p->source;
}

static void on_vtep(struct baseline *b, const struct obs_vtep *v)
{
	struct known *k = addr_is_set(&v->vtep) ? known_get(&b->vteps, &v->vtep) : NULL;

	if (k && addr_is_set(&v->node))
		k->to = v->node;
}

void baseline__obs(struct baseline *b, const struct obs *o)
{
	enum link_op op;

	if (o->ts_ns > b->now_ns)
		b->now_ns = o->ts_ns;
	switch (o->kind) {
	case OBS_ROUTE:
		return on_route(b, o);
	case OBS_LINK:
		mirror__link(b->mirror, &o->link, o->ts_ns, &op, went, b);
		return;
	case OBS_ADDR:
		mirror__addr(b->mirror, &o->addr);
		return;
	case OBS_BEGIN_SNAPSHOT:
		return mirror__begin_snapshot(b->mirror);
	case OBS_END_SNAPSHOT:
		return mirror__end_snapshot(b->mirror, o->ts_ns, went, b);
	case OBS_POOLS:
		b->pools = o->pools;
		return;
	case OBS_CONF_PEER:
		return on_peer(b, &o->conf_peer);
	case OBS_BIRD_PROTO:
		return on_proto(b, &o->bird_proto);
	case OBS_VTEP:
		return on_vtep(b, &o->vtep);
	default:
		return;
	}
}

/* ---- what it told ---- */

struct teller {
	struct baseline *b;
	const struct baseline_run *run;
	bool same;	  /* the capture is of this very node */
	struct addr self; /* the address that the other nodes reach that node by */
	obs_fn fn;
	void *ctx;
};

struct self_ask {
	const struct baseline *b;
	uint32_t ifindex;
	struct addr found;
};

static bool in_pools(const struct baseline *b, const struct addr *a)
{
	for (uint32_t i = 0; i < b->pools.cnt && i < MAX_POOLS; i++)
		if (prefix_has(&b->pools.pool[i].cidr, a))
			return true;
	return false;
}

static void first_addr(void *ctx, const struct obs_addr *a)
{
	struct self_ask *q = ctx;

	if (a->address.addr.family != 4 || a->ifindex != q->ifindex ||
	    in_pools(q->b, &a->address.addr))
		return;
	/* of several on one device that which BIRD speaks from */
	if (!addr_is_set(&q->found) || addr_eq(&a->address.addr, &q->b->source))
		q->found = a->address.addr;
}

/*
 * The address of the device that the other nodes are reached by: what BIRD is told to speak from may
 * be the very thing that is wrong. Without neighbours the default route's device.
 */
static struct addr self_addr(const struct baseline *b)
{
	struct self_ask q = { .b = b };
	const struct route *r = NULL;
	struct addr any = { .family = 4 };

	for (size_t i = 0; i < b->peers.size && !r; i++) {
		struct hnode *n = hmap_bucket(&b->peers, i);

		if (n)
			r = mirror__lookup(b->mirror, &hmap_entry(n, struct known, node)->addr);
	}
	if (!r)
		r = mirror__lookup(b->mirror, &any);
	if (r && r->nh_cnt && !is_tunnel(b, r->nh[0].ifindex)) {
		q.ifindex = r->nh[0].ifindex;
		mirror__each_addr(b->mirror, first_addr, &q);
	}
	return addr_is_set(&q.found) ? q.found : b->source;
}

static void tell(const struct teller *t, struct obs *o, uint64_t last_ns)
{
	struct obs_baseline *x = &o->baseline;

	o->kind = OBS_BASELINE;
	o->ts_ns = t->run->ts_ns;
	/* unsigned: the file's clock may be anything */
	x->wall_ns = (int64_t)(last_ns + (uint64_t)t->b->wall_offset_ns);
	x->seen_ns = (int64_t)((uint64_t)x->wall_ns - (uint64_t)t->run->wall_offset_ns);
	snprintf(x->from, sizeof(x->from), "%.*s", (int)sizeof(x->from) - 1, t->b->node);
	t->fn(t->ctx, o);
}

static void tell_node(const struct teller *t, enum baseline_what what, const struct addr *a,
		      const char *name)
{
	struct obs o = { .baseline = { .what = what, .owner = *a } };

	snprintf(o.baseline.node, sizeof(o.baseline.node), "%.*s", (int)sizeof(o.baseline.node) - 1,
		 name);
	tell(t, &o, t->b->now_ns);
}

static void tell_block(const struct teller *t, const struct stood *s)
{
	const struct known *v = known_find(&t->b->vteps, &s->gw), *p;
	struct obs o = { .baseline = { .protocol = s->protocol, .block = s->block } };
	struct obs_baseline *x = &o.baseline;

	if (t->b->pools.cnt && !in_pools(t->b, &s->block.addr))
		return;
	if (!addr_is_set(&s->gw)) {
		/* an own block: of this node they are known better */
		if (t->same)
			return;
		x->what = BASELINE_BLOCK;
		x->owner = t->self;
		snprintf(x->node, sizeof(x->node), "%.*s", (int)sizeof(x->node) - 1, t->b->node);
		return tell(t, &o, s->last_ns);
	}
	x->what = t->same ? BASELINE_ROUTE : BASELINE_BLOCK;
	x->gw = s->gw;
	x->owner = v && addr_is_set(&v->to) ? v->to : s->gw;
	memcpy(x->dev, s->dev, sizeof(x->dev));
	p = known_find(&t->b->peers, &x->owner);
	if (p)
		memcpy(x->node, p->name, sizeof(x->node));
	tell(t, &o, s->last_ns);
}

void baseline__tell(struct baseline *b, const struct baseline_run *run, obs_fn fn, void *ctx)
{
	struct teller t = { .b = b,
			    .run = run,
			    .same = !strcmp(b->node, run->node),
			    .self = self_addr(b),
			    .fn = fn,
			    .ctx = ctx };
	struct hnode *n;

	mirror__each_route(b->mirror, stands, b);
	if (addr_is_set(&t.self) && b->node[0])
		tell_node(&t, BASELINE_NODE, &t.self, b->node);
	for (size_t i = 0; i < b->peers.size; i++)
		for (n = hmap_bucket(&b->peers, i); n; n = n->next)
			tell_node(&t, BASELINE_PEER, &hmap_entry(n, struct known, node)->addr,
				  hmap_entry(n, struct known, node)->name);
	for (size_t i = 0; i < b->blocks.size; i++)
		for (n = hmap_bucket(&b->blocks, i); n; n = n->next)
			tell_block(&t, hmap_entry(n, struct stood, node));
}
