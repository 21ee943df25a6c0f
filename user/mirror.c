// SPDX-License-Identifier: GPL-2.0-only
#include "mirror.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "hmap.h"
#include "rtnum.h"

#define MAX_GONE 32768

struct mroute {
	struct hnode node;
	struct route route;
	uint32_t gen;
};

struct mgone {
	struct hnode node;
	struct gone gone;
};

struct mlink {
	struct hnode node;
	struct link_info link;
	bool present;
	uint32_t gen;
	uint64_t down_ns; /* since when it is down or gone, as far as that was seen */
	struct actor down_by;
};

struct maddr {
	struct obs_addr a;
	uint32_t gen;
};

/* Answers of mirror__block_len() that hold while the routes stay as they are */
struct block_lens {
	uint32_t cnt;
	struct {
		struct prefix p;
		uint64_t version;
		uint32_t len_cnt[33];
	} at[MAX_POOLS];
};

struct mirror {
	struct hmap routes, gone, links;
	uint64_t version;	 /* counts the changes of routes, links and addresses */
	uint32_t proto_cnt[256]; /* routes of table main by protocol */
	struct block_lens *lens;
	uint32_t len_cnt[33]; /* routes of table main by prefix length */
	uint32_t gone_len_cnt[33];
	struct maddr *addr;
	size_t addr_cnt, addr_cap;
	uint32_t gen;
	bool in_snapshot;
};

struct mirror *mirror__new(void)
{
	struct mirror *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->lens = calloc(1, sizeof(*m->lens));
	if (!m->lens) {
		free(m);
		return NULL;
	}
	m->version = 1; /* 0: of nothing */
	return m;
}

void mirror__free(struct mirror *m)
{
	if (!m)
		return;
	hmap_free_all(&m->routes, offsetof(struct mroute, node));
	hmap_free_all(&m->gone, offsetof(struct mgone, node));
	hmap_free_all(&m->links, offsetof(struct mlink, node));
	free(m->addr);
	free(m->lens);
	free(m);
}

static uint64_t prefix_hash(const struct prefix *p, uint32_t table)
{
	return hash_bytes(p->addr.b, sizeof(p->addr.b), ((uint64_t)table << 8) | p->len);
}

/* The kernel's identity of a route: prefix, tos, metric; the type and next hops are its value. */
static bool same_key(const struct route *a, const struct route *b)
{
	return a->table == b->table && a->metric == b->metric && a->tos == b->tos &&
	       prefix_eq(&a->dst, &b->dst);
}

static bool same_value(const struct route *a, const struct route *b)
{
	if (a->type != b->type || a->protocol != b->protocol || a->nh_cnt != b->nh_cnt)
		return false;
	for (int i = 0; i < a->nh_cnt; i++)
		if (a->nh[i].ifindex != b->nh[i].ifindex || !addr_eq(&a->nh[i].gw, &b->nh[i].gw))
			return false;
	return true;
}

static struct mroute *route_find(const struct mirror *m, const struct route *r)
{
	struct hnode *n = hmap_first(&m->routes, prefix_hash(&r->dst, r->table));

	for (; n; n = hmap_next(n)) {
		struct mroute *mr = hmap_entry(n, struct mroute, node);

		if (same_key(&mr->route, r))
			return mr;
	}
	return NULL;
}

static struct mgone *gone_find(const struct mirror *m, const struct prefix *p)
{
	struct hnode *n = hmap_first(&m->gone, prefix_hash(p, TABLE_MAIN));

	for (; n; n = hmap_next(n)) {
		struct mgone *g = hmap_entry(n, struct mgone, node);

		if (prefix_eq(&g->gone.route.dst, p))
			return g;
	}
	return NULL;
}

/* Felix takes over from BIRD at an upgrade; anybody else's route is another route. */
static bool same_owner(uint8_t a, uint8_t b)
{
	bool ca = a == RTPROT_BIRD || a == RTPROT_FELIX;
	bool cb = b == RTPROT_BIRD || b == RTPROT_FELIX;

	return a == b || (ca && cb);
}

static void gone_forget(struct mirror *m, const struct route *back)
{
	struct mgone *g = gone_find(m, &back->dst);

	if (!g || !same_owner(g->gone.route.protocol, back->protocol))
		return;
	m->version++;
	m->gone_len_cnt[back->dst.len]--;
	hmap_del(&m->gone, &g->node);
	free(g);
}

static void gone_remember(struct mirror *m, const struct route *r, uint64_t ts_ns, bool flushed,
			  const struct actor *by)
{
	struct mgone *g;

	if (r->table != TABLE_MAIN || r->dst.len > 32)
		return;
	g = gone_find(m, &r->dst);
	if (!g) {
		if (m->gone.cnt >= MAX_GONE)
			return;
		g = calloc(1, sizeof(*g));
		if (!g)
			return;
		if (hmap_add(&m->gone, &g->node, prefix_hash(&r->dst, TABLE_MAIN))) {
			free(g);
			return;
		}
		m->gone_len_cnt[r->dst.len]++;
	}
	m->version++;
	g->gone = (struct gone){ .route = *r, .ts_ns = ts_ns, .flushed = flushed };
	if (by)
		g->gone.by = *by;
}

static void route_count(struct mirror *m, const struct route *r, int by)
{
	m->version++;
	if (r->table != TABLE_MAIN)
		return;
	m->len_cnt[r->dst.len] += by;
	m->proto_cnt[r->protocol] += by;
}

static void route_remove(struct mirror *m, struct mroute *mr)
{
	route_count(m, &mr->route, -1);
	hmap_del(&m->routes, &mr->node);
	free(mr);
}

static bool route_put(struct mirror *m, const struct route *r)
{
	struct mroute *mr = route_find(m, r);
	bool changed;

	if (r->table == TABLE_MAIN && r->type == RTN_UNICAST)
		gone_forget(m, r);
	if (mr) {
		changed = !same_value(&mr->route, r);
		if (changed) {
			route_count(m, &mr->route, -1);
			route_count(m, r, 1);
		}
		mr->route = *r;
		mr->gen = m->gen;
		return changed;
	}
	mr = calloc(1, sizeof(*mr));
	if (!mr)
		return false;
	mr->route = *r;
	mr->gen = m->gen;
	if (hmap_add(&m->routes, &mr->node, prefix_hash(&r->dst, r->table))) {
		free(mr);
		return false;
	}
	route_count(m, r, 1);
	return true;
}

bool mirror__route(struct mirror *m, const struct obs_route *o, uint64_t ts_ns)
{
	struct mroute *mr;
	bool was_unicast;

	if (o->route.dst.len > 32)
		return false;
	switch (o->op) {
	case ROUTE_ADD:
	case ROUTE_REPLACE:
		mr = route_find(m, &o->route);
		was_unicast = mr && mr->route.type == RTN_UNICAST;
		/* one that turned into another type, or into somebody else's, is gone */
		if (was_unicast && (o->route.type != RTN_UNICAST ||
				    !same_owner(mr->route.protocol, o->route.protocol)))
			gone_remember(m, &mr->route, ts_ns, false, &o->by);
		return route_put(m, &o->route);
	case ROUTE_DEL:
	case ROUTE_FLUSH:
		mr = route_find(m, &o->route);
		if (o->route.type == RTN_UNICAST)
			gone_remember(m, mr ? &mr->route : &o->route, ts_ns, o->op == ROUTE_FLUSH,
				      &o->by);
		if (mr)
			route_remove(m, mr);
		return true;
	}
	return false;
}

void mirror__begin_snapshot(struct mirror *m)
{
	m->gen++;
	m->in_snapshot = true;
}

struct sweep {
	struct mirror *m;
	uint32_t ifindex; /* 0: by generation */
	uint64_t ts_ns;
	const struct actor *by;
	enum route_op op;
	void (*fn)(void *ctx, const struct obs_route *r);
	void *ctx;
};

/* A route with several next hops outlives one of their devices (fib_sync_down_dev). */
static bool route_lost(const struct route *r, uint32_t ifindex)
{
	for (int i = 0; i < r->nh_cnt; i++)
		if (r->nh[i].ifindex != ifindex)
			return false;
	return r->nh_cnt > 0;
}

static bool sweep_wants(const struct sweep *s, const struct mroute *mr)
{
	if (s->ifindex)
		return mr->route.type == RTN_UNICAST && route_lost(&mr->route, s->ifindex);
	return mr->gen != s->m->gen;
}

static void route_sweep(const struct sweep *s)
{
	struct mirror *m = s->m;

	for (size_t i = 0; i < m->routes.size; i++) {
		struct hnode *n = hmap_bucket(&m->routes, i);

		while (n) {
			struct mroute *mr = hmap_entry(n, struct mroute, node);
			struct obs_route o = { .op = s->op, .route = mr->route };

			n = n->next;
			if (!sweep_wants(s, mr))
				continue;
			if (s->by)
				o.by = *s->by;
			mirror__route(m, &o, s->ts_ns);
			if (s->fn)
				s->fn(s->ctx, &o);
		}
	}
}

void mirror__end_snapshot(struct mirror *m, uint64_t ts_ns,
			  void (*fn)(void *ctx, const struct obs_route *r), void *ctx)
{
	struct sweep s = { .m = m, .ts_ns = ts_ns, .op = ROUTE_DEL, .fn = fn, .ctx = ctx };
	size_t keep = 0;

	if (!m->in_snapshot)
		return;
	m->in_snapshot = false;
	route_sweep(&s);
	for (size_t i = 0; i < m->addr_cnt; i++)
		if (m->addr[i].gen == m->gen)
			m->addr[keep++] = m->addr[i];
	m->addr_cnt = keep;
	for (size_t i = 0; i < m->links.size; i++)
		for (struct hnode *n = hmap_bucket(&m->links, i); n; n = n->next) {
			struct mlink *l = hmap_entry(n, struct mlink, node);

			l->present = l->present && l->gen == m->gen;
		}
	/* fn may have asked, and what it got was of before */
	m->version++;
}

static struct mlink *link_find(const struct mirror *m, uint32_t ifindex)
{
	struct hnode *n = hmap_first(&m->links, hash_bytes(&ifindex, sizeof(ifindex), 1));

	return n ? hmap_entry(n, struct mlink, node) : NULL;
}

static enum link_op link_change(const struct mlink *l, const struct link_info *now, bool *changed)
{
	*changed = true;
	if (!l->present)
		return LINK_ADD;
	if (l->link.up != now->up)
		return now->up ? LINK_UP : LINK_DOWN;
	if (l->link.running != now->running)
		return now->running ? LINK_UP : LINK_DOWN;
	*changed = l->link.mtu != now->mtu || strcmp(l->link.name, now->name);
	return LINK_CHANGE;
}

/* A snapshot tells that it is down, and not since when. */
static void link_history(struct mlink *l, const struct obs_link *o, enum link_op op, uint64_t ts_ns)
{
	if (l->present && l->link.up && l->link.running) {
		l->down_ns = 0;
	} else if (!o->snapshot && !l->down_ns && (op == LINK_DOWN || op == LINK_DEL)) {
		l->down_ns = ts_ns;
		l->down_by = o->by;
	}
}

static void link_flush(struct mirror *m, const struct obs_link *o, uint64_t ts_ns,
		       void (*fn)(void *ctx, const struct obs_route *r), void *ctx)
{
	struct sweep s = {
		.m = m,
		.ifindex = o->link.ifindex,
		.ts_ns = ts_ns,
		.by = &o->by,
		.op = ROUTE_FLUSH,
		.fn = fn,
		.ctx = ctx,
	};

	route_sweep(&s);
}

bool mirror__link(struct mirror *m, const struct obs_link *o, uint64_t ts_ns, enum link_op *op,
		  void (*fn)(void *ctx, const struct obs_route *r), void *ctx)
{
	struct mlink *l = link_find(m, o->link.ifindex);
	bool changed, was_up;

	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return false;
		l->link.ifindex = o->link.ifindex;
		if (hmap_add(&m->links, &l->node,
			     hash_bytes(&o->link.ifindex, sizeof(o->link.ifindex), 1))) {
			free(l);
			return false;
		}
	}
	was_up = l->present && l->link.up;
	m->version++;
	if (o->op == LINK_DEL) {
		*op = LINK_DEL;
		changed = l->present;
		l->present = false;
		if (!l->link.name[0])
			l->link = o->link;
	} else {
		char kind[DEV_LEN];

		*op = link_change(l, &o->link, &changed);
		memcpy(kind, l->link.kind, sizeof(kind));
		l->link = o->link;
		/* long messages come cut, and the kind stands behind the cut */
		if (!o->link.kind[0] && *op != LINK_ADD)
			memcpy(l->link.kind, kind, sizeof(kind));
		l->present = true;
		l->gen = m->gen;
	}
	if (changed)
		link_history(l, o, *op, ts_ns);
	/* IPv4 routes leave with IFF_UP, without a message of their own (fib_sync_down_dev) */
	if (was_up && (o->op == LINK_DEL || !o->link.up))
		link_flush(m, o, ts_ns, fn, ctx);
	return changed;
}

static struct maddr *addr_find(struct mirror *m, const struct obs_addr *o)
{
	for (size_t i = 0; i < m->addr_cnt; i++) {
		const struct obs_addr *a = &m->addr[i].a;

		if (a->ifindex == o->ifindex && a->address.len == o->address.len &&
		    addr_eq(&a->address.addr, &o->address.addr))
			return &m->addr[i];
	}
	return NULL;
}

bool mirror__addr(struct mirror *m, const struct obs_addr *o)
{
	struct maddr *a = addr_find(m, o);

	m->version++;
	if (o->del) {
		if (a)
			*a = m->addr[--m->addr_cnt];
		return a != NULL;
	}
	if (a) {
		a->gen = m->gen;
		return false;
	}
	if (m->addr_cnt == m->addr_cap) {
		size_t cap = m->addr_cap ? m->addr_cap * 2 : 16;
		struct maddr *n = realloc(m->addr, cap * sizeof(*n));

		if (!n)
			return false;
		m->addr = n;
		m->addr_cap = cap;
	}
	m->addr[m->addr_cnt++] = (struct maddr){ .a = *o, .gen = m->gen };
	return true;
}

const struct route *mirror__lookup_len(const struct mirror *m, const struct addr *a,
				       uint8_t min_len, uint8_t max_len)
{
	if (a->family != 4)
		return NULL;
	for (int len = max_len; len >= min_len; len--) {
		struct prefix p;
		const struct route *best = NULL;

		if (!m->len_cnt[len])
			continue;
		p = prefix_of(a, len);
		for (struct hnode *n = hmap_first(&m->routes, prefix_hash(&p, TABLE_MAIN)); n;
		     n = hmap_next(n)) {
			const struct mroute *mr = hmap_entry(n, struct mroute, node);

			if (mr->route.table == TABLE_MAIN && prefix_eq(&mr->route.dst, &p) &&
			    (!best || mr->route.metric < best->metric))
				best = &mr->route;
		}
		if (best)
			return best;
	}
	return NULL;
}

const struct route *mirror__lookup(const struct mirror *m, const struct addr *a)
{
	return mirror__lookup_len(m, a, 0, 32);
}

const struct gone *mirror__gone(const struct mirror *m, const struct addr *a, uint8_t min_len,
				uint8_t max_len)
{
	struct mgone *g;

	if (a->family != 4 || !m->gone.cnt)
		return NULL;
	for (int len = max_len; len >= min_len; len--) {
		struct prefix p;

		if (!m->gone_len_cnt[len])
			continue;
		p = prefix_of(a, len);
		g = gone_find(m, &p);
		if (g)
			return &g->gone;
	}
	return NULL;
}

bool mirror__gone_inside(const struct mirror *m, const struct prefix *p)
{
	for (size_t i = 0; i < m->gone.size; i++)
		for (struct hnode *n = hmap_bucket(&m->gone, i); n; n = n->next) {
			const struct route *r = &hmap_entry(n, struct mgone, node)->gone.route;

			if ((r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX) &&
			    prefix_covers(p, &r->dst))
				return true;
		}
	return false;
}

bool mirror__is_local(const struct mirror *m, const struct addr *a)
{
	for (size_t i = 0; i < m->addr_cnt; i++)
		if (addr_eq(&m->addr[i].a.address.addr, a))
			return true;
	return false;
}

bool mirror__has_default(const struct mirror *m)
{
	struct addr any = { .family = 4 };
	const struct route *r = mirror__lookup_len(m, &any, 0, 0);

	return r && r->type == RTN_UNICAST;
}

bool mirror__has_protocol(const struct mirror *m, uint8_t protocol)
{
	return m->proto_cnt[protocol] > 0;
}

uint64_t mirror__version(const struct mirror *m)
{
	return m->version;
}

/* A pod of this node has a /32 without a gateway; with one it is a block, or a borrowed address. */
static bool leads_away(const struct route *r)
{
	return r->dst.len == 32 && r->type == RTN_UNICAST && r->nh_cnt && addr_is_set(&r->nh[0].gw);
}

/* Of each length; [32]: those that lead to another node, [0]: shorter ones that went */
static void count_lens(const struct mirror *m, const struct prefix *p, uint32_t cnt[33])
{
	memset(cnt, 0, 33 * sizeof(*cnt));
	for (size_t i = 0; i < m->gone.size; i++)
		for (struct hnode *n = hmap_bucket(&m->gone, i); n; n = n->next) {
			const struct route *r = &hmap_entry(n, struct mgone, node)->gone.route;

			if (prefix_covers(p, &r->dst)) {
				cnt[0] += r->dst.len < 32;
				cnt[32] += leads_away(r);
			}
		}
	for (size_t i = 0; i < m->routes.size; i++)
		for (struct hnode *n = hmap_bucket(&m->routes, i); n; n = n->next) {
			const struct route *r = &hmap_entry(n, struct mroute, node)->route;

			/* a subnet of this node within a pool is no block */
			if (r->table == TABLE_MAIN && (r->dst.len < 32 || leads_away(r)) &&
			    r->protocol != RTPROT_KERNEL && prefix_covers(p, &r->dst))
				cnt[r->dst.len]++;
		}
}

/* It is asked for each packet whose block is not known: a walk over all routes must be rare. */
static const uint32_t *lens_within(const struct mirror *m, const struct prefix *p)
{
	struct block_lens *l = m->lens;
	uint32_t i = 0;

	while (i < l->cnt && !prefix_eq(&l->at[i].p, p))
		i++;
	if (i < l->cnt && l->at[i].version == m->version)
		return l->at[i].len_cnt;
	if (i == MAX_POOLS)
		i = l->cnt = 0;
	if (i == l->cnt)
		l->cnt++;
	l->at[i].p = *p;
	l->at[i].version = m->version;
	count_lens(m, p, l->at[i].len_cnt);
	return l->at[i].len_cnt;
}

uint8_t mirror__block_len(const struct mirror *m, const struct prefix *p, uint8_t likely)
{
	const uint32_t *cnt = lens_within(m, p);
	uint8_t best = 0;

	if (likely && likely < 32 && cnt[likely])
		return likely;
	for (uint8_t len = 1; len < 32; len++)
		if (cnt[len] && (!best || cnt[len] > cnt[best]))
			best = len;
	/* addresses one by one, and nothing longer was ever routed: blocks of one address */
	if (!best && !likely && cnt[32] && !cnt[0])
		return 32;
	return best ? best : likely;
}

const char *mirror__dev(const struct mirror *m, uint32_t ifindex)
{
	const struct mlink *l = ifindex ? link_find(m, ifindex) : NULL;

	return l ? l->link.name : "";
}

const struct link_info *mirror__link_info(const struct mirror *m, uint32_t ifindex)
{
	const struct mlink *l = ifindex ? link_find(m, ifindex) : NULL;

	return l && l->present ? &l->link : NULL;
}

uint64_t mirror__link_down(const struct mirror *m, uint32_t ifindex, struct actor *by)
{
	const struct mlink *l = ifindex ? link_find(m, ifindex) : NULL;

	if (!l || !l->down_ns)
		return 0;
	*by = l->down_by;
	return l->down_ns;
}

void mirror__each_route(const struct mirror *m, void (*fn)(void *ctx, const struct route *r),
			void *ctx)
{
	for (size_t i = 0; i < m->routes.size; i++)
		for (struct hnode *n = hmap_bucket(&m->routes, i); n; n = n->next)
			fn(ctx, &hmap_entry(n, struct mroute, node)->route);
}

void mirror__each_link(const struct mirror *m, void (*fn)(void *ctx, const struct link_info *l),
		       void *ctx)
{
	for (size_t i = 0; i < m->links.size; i++)
		for (struct hnode *n = hmap_bucket(&m->links, i); n; n = n->next) {
			const struct mlink *l = hmap_entry(n, struct mlink, node);

			if (l->present)
				fn(ctx, &l->link);
		}
}

void mirror__each_addr(const struct mirror *m, void (*fn)(void *ctx, const struct obs_addr *a),
		       void *ctx)
{
	for (size_t i = 0; i < m->addr_cnt; i++)
		fn(ctx, &m->addr[i].a);
}
