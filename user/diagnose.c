// SPDX-License-Identifier: GPL-2.0-only
#include "diagnose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

const char *node_suffix(const struct engine *e, const struct addr *a, char *buf, size_t sz)
{
	const char *name = world_node_name(e, a);

	snprintf(buf, sz, "%s%s%s", name[0] ? " (" : "", name, name[0] ? ")" : "");
	return buf;
}

/* ---- BIRD itself ---- */

static void note_bird_route(void *ctx, const struct route *r)
{
	bool *any = ctx;

	*any |= r->protocol == RTPROT_BIRD && r->type == RTN_UNICAST && r->nh_cnt &&
		addr_is_set(&r->nh[0].gw) && r->table == TABLE_MAIN;
}

/* Another daemon than BIRD may speak BGP, or none; a blackhole of BIRD's may be of years ago. */
static bool bird_is_meant(const struct engine *e)
{
	bool routes = false;

	if (world_cnt(e, W_PEER) || world_knows(e, SOURCE_BIRD))
		return true;
	if (mirror__has_protocol(e->mirror, RTPROT_BIRD))
		mirror__each_route(e->mirror, note_bird_route, &routes);
	return routes;
}

bool bird_is_down(const struct engine *e, bool *sure)
{
	bool looked = world_is_fresh(e, SOURCE_PROC);

	if (sure)
		*sure = looked;
	/* it may listen elsewhere than on 179: who answers, or is seen, runs */
	if (!e->bgp_listen_known || e->bgp_listen || world_is_fresh(e, SOURCE_BIRD))
		return false;
	for (uint32_t i = 0; looked && i < world_cnt(e, W_PROC); i++)
		if (!strcmp(world_proc(e, i)->comm, "bird"))
			return false;
	return bird_is_meant(e);
}

bool bird_recovers(const struct engine *e)
{
	return world_is_fresh(e, SOURCE_BIRD) && e->world.bird[0].recovering;
}

/* ---- this node's own address ---- */

struct local_ask {
	const struct engine *e;
	uint8_t lists;
	struct addr found;
	uint32_t ifindex;
};

static void local_listed(void *ctx, const struct obs_addr *a)
{
	struct local_ask *l = ctx;

	if (!addr_is_set(&l->found) && owner_is_listed(l->e, &a->address.addr, l->lists)) {
		l->found = a->address.addr;
		l->ifindex = a->ifindex;
	}
}

static void local_dev(void *ctx, const struct obs_addr *a)
{
	struct local_ask *l = ctx;

	if (addr_eq(&a->address.addr, &l->found))
		l->ifindex = a->ifindex;
}

static void set_registered(const struct engine *e, struct self_view *v, const struct addr *a)
{
	struct local_ask l = { .found = *a };

	v->registered = *a;
	mirror__each_addr(e->mirror, local_dev, &l);
	snprintf(v->dev, sizeof(v->dev), "%s", l.ifindex ? mirror__dev(e->mirror, l.ifindex) : "");
}

/* A vote for the source that the kernel would send from to that node; false: it has none */
static bool source_to(const struct engine *e, const struct addr *node, struct addr *src)
{
	const struct obs_answer *a = world_answer(e, node);

	if (!a || a->err || a->type != RTN_UNICAST || !addr_is_set(&a->src) ||
	    judge_pool(e, &a->src))
		return false;
	*src = a->src;
	return true;
}

/* Routers may well see another address than the one that nodes see. */
static bool is_node(const struct engine *e, const struct peers *p, uint32_t i)
{
	const struct addr *a = &p->peer[i].addr;

	return p->peer[i].kind == PEER_MESH || !p->told ||
	       owner_is_listed(e, a, NODES_IPIP | NODES_VXLAN);
}

struct vote {
	struct addr best;
	uint32_t cnt, of, lead;
};

/* fn is called for each vote: the candidate is found first, then counted (Boyer and Moore). */
static void votes(const struct engine *e, const struct diag *d, struct vote *v,
		  void (*fn)(struct vote *v, const struct addr *src))
{
	struct addr src;

	for (uint32_t i = 0; i < d->peers.cnt; i++)
		if (is_node(e, &d->peers, i) && source_to(e, &d->peers.peer[i].addr, &src))
			fn(v, &src);
	for (uint32_t i = 0; i < d->gw_cnt; i++)
		if (owner_is_listed(e, &d->gw[i].node, NODES_IPIP | NODES_VXLAN) &&
		    source_to(e, &d->gw[i].node, &src))
			fn(v, &src);
}

static void elect(struct vote *v, const struct addr *src)
{
	if (!v->lead)
		v->best = *src;
	v->lead += addr_eq(&v->best, src) ? 1 : -1;
}

static void count(struct vote *v, const struct addr *src)
{
	v->of++;
	v->cnt += addr_eq(&v->best, src);
}

/*
 * What the other nodes see as the source of this node's packets, by the kernel's own answer. Unset
 * where there is no single one: with two networks one node may be reached by either.
 */
static struct addr source_used(const struct engine *e, const struct diag *d)
{
	struct vote v = { 0 };

	votes(e, d, &v, elect);
	votes(e, d, &v, count);
	return 2 * v.cnt > v.of ? v.best : (struct addr){ 0 };
}

/* The address that BIRD is told to speak from. Not the router's id: that may be any number. */
static struct addr source_configured(const struct engine *e, const struct peers *p)
{
	for (uint32_t i = 0; i < p->cnt && world_is_fresh(e, SOURCE_BIRD); i++)
		if (p->peer[i].proto && addr_is_set(&p->peer[i].proto->source))
			return p->peer[i].proto->source;
	for (uint32_t i = 0; i < world_cnt(e, W_PEER); i++)
		if (world_peer(e, i)->source.family == 4)
			return world_peer(e, i)->source;
	return (struct addr){ 0 };
}

/* Do tunnel packets take their source from the kernel? VXLAN's are bound to the node's address. */
static bool any_ipip(const struct engine *e)
{
	for (uint32_t i = 0; i < e->pools.cnt; i++)
		if (e->pools.pool[i].mode == POOL_IPIP)
			return true;
	return false;
}

/* Felix lists all nodes, this one included, by the addresses that they are registered with. */
static bool examine_list(const struct engine *e, const struct peers *p, struct self_view *v)
{
	struct local_ask l = { .e = e, .lists = NODES_IPIP };

	if (owner_listed_cnt(e, NODES_IPIP) < 2 || !addr_is_set(&v->used) ||
	    owner_is_listed(e, &v->used, NODES_IPIP))
		return false;
	/* where sessions stand, or there are none, it matters to IPIP alone */
	if ((p->up || !p->cnt) && !any_ipip(e))
		return false;
	mirror__each_addr(e->mirror, local_listed, &l);
	v->what = SELF_UNLISTED;
	v->conf = addr_is_set(&l.found) ? CONF_CERTAIN : CONF_LIKELY;
	if (addr_is_set(&l.found))
		set_registered(e, v, &l.found);
	return true;
}

/* Nobody takes connections from the address that this node has: who knows it, would. */
static bool examine_refusal(const struct peers *p, struct self_view *v)
{
	uint32_t strict = 0;

	if (p->up || !p->closes || p->closes + p->disabled < p->cnt)
		return false;
	for (uint32_t i = 0; i < p->cnt; i++)
		strict += p->peer[i].kind == PEER_MESH || p->peer[i].kind == PEER_OTHER;
	v->what = SELF_REFUSED;
	/* that a reflector does not know this node may have other reasons */
	v->conf = strict ? CONF_LIKELY : CONF_UNCLEAR;
	return true;
}

/* Towards some neighbour at least, be it a router, the kernel uses what BIRD is told to use. */
static bool is_source_to_any(const struct engine *e, const struct peers *p,
			     const struct addr *configured)
{
	struct addr src;

	for (uint32_t i = 0; i < p->cnt && addr_is_set(configured); i++)
		if (source_to(e, &p->peer[i].addr, &src) && addr_eq(&src, configured))
			return true;
	return false;
}

static bool is_compared(const struct engine *e, const struct peers *p, const struct self_view *v,
			const struct addr *configured)
{
	return p->up || is_source_to_any(e, p, configured) ||
	       (addr_is_set(&v->used) && owner_is_listed(e, &v->used, NODES_IPIP));
}

static void self_examine(const struct engine *e, const struct diag *d, struct self_view *v)
{
	const struct peers *p = &d->peers;
	struct addr configured = source_configured(e, p);

	*v = (struct self_view){ .used = source_used(e, d) };
	if (addr_is_set(&configured) && !mirror__is_local(e->mirror, &configured)) {
		v->what = SELF_ABSENT;
		v->conf = CONF_CERTAIN;
		v->registered = configured;
		return;
	}
	if (examine_list(e, p, v))
		return;
	/* a node may well speak from an address of its own choice, as long as it works */
	if (!p->up && addr_is_set(&configured) && addr_is_set(&v->used) &&
	    !addr_eq(&configured, &v->used)) {
		v->what = SELF_UNUSED;
		v->conf = CONF_LIKELY;
		set_registered(e, v, &configured);
		return;
	}
	if (!examine_refusal(p, v) && is_compared(e, p, v, &configured))
		v->what = SELF_FINE;
}

/* ---- another node's ---- */

/* BIRD tries again after 30 s at most. */
#define KNOCK_NS (120 * NSEC_PER_SEC)

/* The routes by which the nodes are reached that have a session: few, as a rule one */
#define WAYS 16
struct ways {
	const struct route *way[WAYS];
	uint32_t cnt;
};

static void ways_gather(const struct engine *e, const struct peers *p, struct ways *w)
{
	w->cnt = 0;
	for (uint32_t i = 0; i < p->cnt; i++) {
		const struct route *r = mirror__lookup(e->mirror, &p->peer[i].addr);
		uint32_t j = 0;

		while (j < w->cnt && w->way[j] != r)
			j++;
		if (p->peer[i].up && j == w->cnt && j < WAYS)
			w->way[w->cnt++] = r;
	}
}

/* Who does not come from where other nodes are is none: a scanner, a router's health check */
static bool comes_like_a_node(const struct engine *e, const struct ways *w, const struct addr *a)
{
	const struct route *r = mirror__lookup(e->mirror, a);

	for (uint32_t i = 0; i < w->cnt; i++)
		if (w->way[i] == r)
			return true;
	return !w->cnt || w->cnt == WAYS;
}

/* It connects again and again, and is no neighbour here, nor known as a node by that address. */
static bool is_knocker(const struct engine *e, const struct peers *p, const struct ways *w,
		       const struct bgp_peer *b)
{
	return b->knock_ns && e->now_ns < b->knock_ns + KNOCK_NS && b->peer.family == 4 &&
	       !bgp_peer_up(e, b) && !peers_find(p, &b->peer) &&
	       !mirror__is_local(e->mirror, &b->peer) && !judge_pool(e, &b->peer) &&
	       !owner_is_listed(e, &b->peer, NODES_IPIP | NODES_VXLAN) &&
	       comes_like_a_node(e, w, &b->peer);
}

/* Who connects is known by its right address; who restarts will be back. */
static bool may_be_stray(const struct peer_view *q)
{
	return !q->up && !q->disabled && !q->knocks && !q->closes && !q->refuses && !q->restarts;
}

/* The neighbour whose block these packets are of, as the routes have it, if it is another address */
static const struct peer_view *sender_peer(const struct engine *e, const struct peers *p,
					   const struct fnd *f)
{
	const struct route *r = mirror__lookup(e->mirror, &f->first.src);
	struct addr node;

	if (!r || r->nh_cnt != 1 || !addr_is_set(&r->nh[0].gw))
		return NULL;
	node = diag_node_of(e, &r->nh[0].gw);
	return addr_eq(&node, &f->encap_src) ? NULL : peers_find(p, &node);
}

static bool is_nobody(const struct engine *e, const struct peers *p, const struct addr *a)
{
	return !peers_find(p, a) && !mirror__is_local(e->mirror, a) &&
	       !owner_is_listed(e, a, NODES_IPIP | NODES_VXLAN);
}

/*
 * Where Felix has the routes they stay, and lead to the address that a node is registered with. Its tunnel
 * packets come from the one that it has, and are dropped: it need not connect to be known by that.
 */
static void stray_by_packets(const struct engine *e, const struct peers *p, struct stray_view *v)
{
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		const struct fnd *f = e->finding[i];
		const struct peer_view *q;

		if (f->f.verdict != V_ALLOWLIST || f->f.recovered || !addr_is_set(&f->encap_src) ||
		    !is_nobody(e, p, &f->encap_src))
			continue;
		q = sender_peer(e, p, f);
		if (!q || !may_be_stray(q))
			continue;
		v->have = true;
		v->conf = CONF_LIKELY;
		v->knocker = f->encap_src;
		v->registered = q->addr;
		v->node = q->node;
		v->sender = f->first.src;
		return;
	}
}

static void stray_by_knocks(const struct engine *e, const struct peers *p, struct stray_view *v)
{
	const struct peer_view *dead = NULL;
	struct ways w;

	ways_gather(e, p, &w);
	for (uint32_t i = 0; i < p->cnt; i++) {
		if (!may_be_stray(&p->peer[i]))
			continue;
		dead = &p->peer[i];
		v->dead++;
	}
	for (uint32_t i = 0; i < e->peer_cnt && v->dead; i++) {
		if (!is_knocker(e, p, &w, &e->peer[i]))
			continue;
		v->knocker = e->peer[i].peer;
		v->knockers++;
	}
	v->have = v->knockers && v->dead;
	/* what only the other node could prove is likely at most; some of too many are no nodes */
	v->conf = v->knockers <= v->dead ? CONF_LIKELY : CONF_UNCLEAR;
	if (!v->have || v->knockers > 1 || v->dead > 1)
		return;
	v->registered = dead->addr;
	v->node = dead->node;
}

static void stray_examine(const struct engine *e, const struct peers *p, struct stray_view *v)
{
	*v = (struct stray_view){ .node = "" };
	if (!p->told)
		return;
	stray_by_knocks(e, p, v);
	if (!addr_is_set(&v->registered))
		stray_by_packets(e, p, v);
}

/* ---- routes by node ---- */

/* By halves: there are as many as nodes, and they stand in the order of their addresses. */
const struct obs_vtep *diag_vtep_of(const struct engine *e, const struct addr *a)
{
	uint32_t lo = 0, hi = world_cnt(e, W_VTEP);

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (memcmp(&world_vtep(e, mid)->vtep, a, sizeof(*a)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < world_cnt(e, W_VTEP) && addr_eq(&world_vtep(e, lo)->vtep, a) ?
		       world_vtep(e, lo) :
		       NULL;
}

struct addr diag_node_of(const struct engine *e, const struct addr *gw)
{
	const struct obs_vtep *v = diag_vtep_of(e, gw);

	return v && addr_is_set(&v->node) ? v->node : *gw;
}

struct gather {
	const struct engine *e;
	struct diag *d;
	uint32_t cap;
};

static void note_gateway(void *ctx, const struct route *r)
{
	struct gather *g = ctx;
	struct diag *d = g->d;

	if (r->table != TABLE_MAIN || r->type != RTN_UNICAST || !r->dst.len ||
	    !judge_pool(g->e, &r->dst.addr))
		return;
	for (int i = 0; i < r->nh_cnt; i++) {
		/* a workload may have a gateway, too: one that speaks BGP */
		if (!addr_is_set(&r->nh[i].gw) || judge_dev(g->e, r->nh[i].ifindex) == DEV_WORKLOAD)
			continue;
		if (d->gw_cnt == g->cap) {
			uint32_t cap = g->cap ? g->cap * 2 : 256;
			void *n = realloc(d->gw, cap * sizeof(*d->gw));

			if (!n)
				return;
			d->gw = n;
			g->cap = cap;
		}
		d->gw[d->gw_cnt++] = (struct gateway){ r->nh[i].gw, 1 };
	}
}

static int by_node(const void *x, const void *y)
{
	const struct gateway *a = x, *b = y;

	return memcmp(&a->node, &b->node, sizeof(a->node));
}

static uint32_t fold(struct gateway *gw, uint32_t cnt)
{
	uint32_t n = 0;

	if (cnt)
		qsort(gw, cnt, sizeof(*gw), by_node);
	for (uint32_t i = 0; i < cnt; i++)
		if (n && addr_eq(&gw[n - 1].node, &gw[i].node))
			gw[n - 1].routes += gw[i].routes;
		else
			gw[n++] = gw[i];
	return n;
}

static void gather_gateways(const struct engine *e, struct diag *d)
{
	struct gather g = { .e = e, .d = d };
	uint64_t version = e->world.version + way_version(e);

	if (d->gw_version == version)
		return;
	free(d->gw);
	d->gw = NULL;
	d->gw_cnt = d->unmapped = 0;
	d->gw_version = version;
	mirror__each_route(e->mirror, note_gateway, &g);
	d->gw_cnt = fold(d->gw, d->gw_cnt);
	for (uint32_t i = 0; i < d->gw_cnt; i++) {
		d->gw[i].node = diag_node_of(e, &d->gw[i].node);
		/* nodes' addresses lie outside of the pools */
		d->unmapped += judge_pool(e, &d->gw[i].node) != NULL;
	}
	d->gw_cnt = fold(d->gw, d->gw_cnt);
}

bool diag_is_stray(const struct diag *d, const struct addr *peer)
{
	return d->stray.have && addr_is_set(&d->stray.registered) &&
	       addr_eq(&d->stray.registered, peer);
}

uint32_t diag_routes_by(const struct diag *d, const struct addr *node)
{
	const struct gateway key = { .node = *node };
	const struct gateway *g;

	g = d->gw_cnt ? bsearch(&key, d->gw, d->gw_cnt, sizeof(key), by_node) : NULL;
	return g ? g->routes : 0;
}

/* ---- all of it ---- */

#define MOMENT_NS (200 * NSEC_PER_MSEC)

void diagnose_free(struct diag *d)
{
	peers_free(&d->peers);
	free(d->gw);
	*d = (struct diag){ 0 };
}

const struct diag *diagnose(const struct engine *e)
{
	struct diag *d = e->diag;
	uint64_t version = e->world.version + mirror__version(e->mirror) + e->bgp_version;

	if (d->ts_ns && d->version == version && e->now_ns < d->ts_ns + MOMENT_NS)
		return d;
	peers_free(&d->peers);
	d->self = (struct self_view){ 0 };
	d->stray = (struct stray_view){ 0 };
	/* without memory there are no peers to speak of, and nothing is claimed */
	peers_gather(e, &d->peers);
	gather_gateways(e, d);
	self_examine(e, d, &d->self);
	stray_examine(e, &d->peers, &d->stray);
	d->ts_ns = e->now_ns ? e->now_ns : 1;
	d->version = version;
	return d;
}
