// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the node's other programs and files say: BIRD, confd, Felix' sets and files, sysctls. Each
 * source is told in rounds; the last one that ended well is what is known, so a source that falls
 * silent takes nothing away.
 */
#include "engine_priv.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* Beyond this a source is broken, or hostile: 5000 nodes with two routes and 1000 pods each fit. */
#define LIST_MAX 200000

static const struct {
	enum source source;
	uint16_t size;
} kinds[W_MAX] = {
	[W_PROTO] = { SOURCE_BIRD, sizeof(struct obs_bird_proto) },
	[W_PROTO6] = { SOURCE_BIRD6, sizeof(struct obs_bird_proto) },
	[W_BROUTE] = { SOURCE_BIRD, sizeof(struct obs_bird_route) },
	[W_BROUTE6] = { SOURCE_BIRD6, sizeof(struct obs_bird_route) },
	[W_PEER] = { SOURCE_CONF, sizeof(struct obs_conf_peer) },
	[W_SYSCTL] = { SOURCE_SYSCTL, sizeof(struct obs_sysctl) },
	[W_FILL] = { SOURCE_FILL, sizeof(struct obs_fill) },
	[W_PROC] = { SOURCE_PROC, sizeof(struct obs_proc) },
	[W_VTEP] = { SOURCE_VTEP, sizeof(struct obs_vtep) },
	[W_POD] = { SOURCE_CNI, sizeof(struct obs_pod) },
	[W_STATUS] = { SOURCE_STATUS, sizeof(struct obs_pod) },
	[W_ANSWER] = { SOURCE_ANSWER, sizeof(struct obs_answer) },
	[W_NEIGH] = { SOURCE_NEIGH, sizeof(struct obs_neigh) },
};

static void add(struct world *w, enum world_kind k, const void *item)
{
	struct world_list *l = &w->next[k];

	if (l->cnt == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 16;
		void *n = cap <= LIST_MAX ? realloc(l->item, cap * (size_t)kinds[k].size) : NULL;

		if (!n)
			return;
		l->item = n;
		l->cap = cap;
	}
	memcpy((char *)l->item + l->cnt++ * (size_t)kinds[k].size, item, kinds[k].size);
}

static int by_prefix(const void *a, const void *b)
{
	const struct obs_bird_route *x = a, *y = b;
	int d = memcmp(&x->dst.addr, &y->dst.addr, sizeof(x->dst.addr));

	return d ? d : x->dst.len - y->dst.len;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct obs_sysctl *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static int by_dst(const void *a, const void *b)
{
	const struct obs_answer *x = a, *y = b;

	return memcmp(&x->dst, &y->dst, sizeof(x->dst));
}

static int by_neigh(const void *a, const void *b)
{
	const struct obs_neigh *x = a, *y = b;

	return memcmp(&x->dst, &y->dst, sizeof(x->dst));
}

static int by_pod(const void *a, const void *b)
{
	const struct obs_pod *x = a, *y = b;

	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static int by_vtep(const void *a, const void *b)
{
	const struct obs_vtep *x = a, *y = b;

	return memcmp(&x->vtep, &y->vtep, sizeof(x->vtep));
}

static int by_neighbor(const void *a, const void *b)
{
	const struct obs_bird_proto *x = a, *y = b;

	return memcmp(&x->neighbor, &y->neighbor, sizeof(x->neighbor));
}

static int by_peer(const void *a, const void *b)
{
	const struct obs_conf_peer *x = a, *y = b;

	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

typedef int (*order_fn)(const void *, const void *);
static const order_fn orders[W_MAX] = {
	[W_PROTO] = by_neighbor, [W_PROTO6] = by_neighbor, [W_BROUTE] = by_prefix,
	[W_BROUTE6] = by_prefix, [W_PEER] = by_peer,	   [W_SYSCTL] = by_ifindex,
	[W_VTEP] = by_vtep,	 [W_POD] = by_pod,	   [W_STATUS] = by_pod,
	[W_ANSWER] = by_dst,	 [W_NEIGH] = by_neigh,
};

static void take(struct world *w, enum world_kind k)
{
	struct world_list was = w->cur[k];

	w->cur[k] = w->next[k];
	w->next[k] = was;
	if (k == W_PROTO)
		w->proto_was = was.cnt;
	w->next[k].cnt = 0;
	if (orders[k] && w->cur[k].cnt)
		qsort(w->cur[k].item, w->cur[k].cnt, kinds[k].size, orders[k]);
}

/* The old list is in next by now. Attempts change from second to second: turns and reasons are told. */
static bool is_news(const struct obs_bird_proto *was, const struct obs_bird_proto *is)
{
	bool up = !strcmp(is->bgp, "Established");

	if (!was)
		return !up;
	return up != !strcmp(was->bgp, "Established") || strcmp(is->info, was->info);
}

static void tell_sessions(struct engine *e, uint64_t ts_ns)
{
	const struct world_list *was = &e->world.next[W_PROTO];
	uint32_t old_cnt = e->world.proto_was;

	for (uint32_t i = 0; i < world_cnt(e, W_PROTO); i++) {
		const struct obs_bird_proto *p = world_proto(e, i), *o = NULL;
		struct record rec = { .kind = REC_BIRD, .ts_ns = ts_ns, .bird_proto = p };

		if (strcmp(p->kind, "BGP") || !addr_is_set(&p->neighbor))
			continue;
		if (old_cnt)
			o = bsearch(p, was->item, old_cnt, sizeof(*p), by_neighbor);
		if (is_news(o, p))
			engine_emit(e, &rec);
	}
}

static void on_round(struct engine *e, const struct obs_source *s, uint64_t ts_ns)
{
	struct world *w = &e->world;

	if (s->id >= SOURCE_MAX)
		return;
	for (int k = 0; k < W_MAX; k++) {
		if (kinds[k].source != s->id)
			continue;
		if (s->begin)
			w->next[k].cnt = 0;
		else if (s->state == SOURCE_OK)
			take(w, k);
	}
	if (s->begin)
		return;
	if (s->id == SOURCE_BIRD && s->state == SOURCE_OK)
		tell_sessions(e, ts_ns);
	w->state[s->id] = s->state;
	memcpy(w->detail[s->id], s->detail, sizeof(w->detail[s->id]));
	w->version++;
	if (s->state != SOURCE_OK)
		return;
	w->told_ns[s->id] = ts_ns ? ts_ns : 1;
	if (s->id == SOURCE_BIRD || s->id == SOURCE_BIRD6)
		w->bird[s->id == SOURCE_BIRD6] = w->bird_next[s->id == SOURCE_BIRD6];
	if (s->id == SOURCE_CONF)
		w->conf = w->conf_next;
}

void world_observe(struct engine *e, const struct obs *o)
{
	struct world *w = &e->world;

	switch (o->kind) {
	case OBS_SOURCE:
		return on_round(e, &o->source, o->ts_ns);
	case OBS_BIRD:
		w->bird_next[o->bird.v6] = o->bird;
		return;
	case OBS_BIRD_PROTO:
		return add(w, o->bird_proto.v6 ? W_PROTO6 : W_PROTO, &o->bird_proto);
	case OBS_BIRD_ROUTE:
		return add(w, o->bird_route.v6 ? W_BROUTE6 : W_BROUTE, &o->bird_route);
	case OBS_CONF:
		w->conf_next = o->conf;
		return;
	case OBS_CONF_PEER:
		return add(w, W_PEER, &o->conf_peer);
	case OBS_SYSCTL:
		return add(w, W_SYSCTL, &o->sysctl);
	case OBS_FILL:
		return add(w, W_FILL, &o->fill);
	case OBS_PROC:
		return add(w, W_PROC, &o->proc);
	case OBS_VTEP:
		return add(w, W_VTEP, &o->vtep);
	case OBS_POD:
		return add(w, o->pod.status ? W_STATUS : W_POD, &o->pod);
	case OBS_ANSWER:
		return add(w, W_ANSWER, &o->answer);
	case OBS_NEIGH:
		return add(w, W_NEIGH, &o->neigh);
	default:
		return;
	}
}

void world_free_all(struct engine *e)
{
	for (int k = 0; k < W_MAX; k++) {
		free(e->world.cur[k].item);
		free(e->world.next[k].item);
	}
}

bool world_knows(const struct engine *e, enum source s)
{
	return e->world.told_ns[s];
}

bool world_is_fresh(const struct engine *e, enum source s)
{
	return e->world.state[s] == SOURCE_OK;
}

uint32_t world_cnt(const struct engine *e, enum world_kind k)
{
	return e->world.cur[k].cnt;
}

#define ITEM(fn, kind, type)                                             \
	const struct type *fn(const struct engine *e, uint32_t i)        \
	{                                                                \
		return (const struct type *)e->world.cur[kind].item + i; \
	}
ITEM(world_proto, W_PROTO, obs_bird_proto)
ITEM(world_peer, W_PEER, obs_conf_peer)
ITEM(world_broute, W_BROUTE, obs_bird_route)
ITEM(world_vtep, W_VTEP, obs_vtep)
ITEM(world_proc, W_PROC, obs_proc)

/* The first of those that the order calls equal to key */
static const void *find(const struct engine *e, enum world_kind k, const void *key)
{
	const struct world_list *l = &e->world.cur[k];
	size_t size = kinds[k].size;
	uint32_t lo = 0, hi = l->cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (orders[k]((const char *)l->item + mid * size, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == l->cnt || orders[k]((const char *)l->item + lo * size, key))
		return NULL;
	return (const char *)l->item + lo * size;
}

const struct obs_bird_proto *world_proto_of(const struct engine *e, const struct addr *neighbor)
{
	const struct obs_bird_proto key = { .neighbor = *neighbor };

	return find(e, W_PROTO, &key);
}

const struct obs_conf_peer *world_peer_of(const struct engine *e, const struct addr *peer)
{
	const struct obs_conf_peer key = { .addr = *peer };

	return find(e, W_PEER, &key);
}

const struct obs_vtep *world_vtep_of(const struct engine *e, const struct addr *vtep)
{
	const struct obs_vtep key = { .vtep = *vtep };

	return find(e, W_VTEP, &key);
}

const struct obs_sysctl *world_sysctl(const struct engine *e, uint32_t ifindex)
{
	const struct obs_sysctl key = { .ifindex = ifindex };

	return find(e, W_SYSCTL, &key);
}

const struct obs_fill *world_fill(const struct engine *e, enum fill what)
{
	const struct obs_fill *f = e->world.cur[W_FILL].item;

	for (uint32_t i = 0; i < e->world.cur[W_FILL].cnt; i++)
		if (f[i].what == what)
			return &f[i];
	return NULL;
}

const struct obs_neigh *world_neigh(const struct engine *e, const struct addr *a)
{
	const struct obs_neigh key = { .dst = *a };

	return find(e, W_NEIGH, &key);
}

const struct obs_answer *world_answer(const struct engine *e, const struct addr *dst)
{
	const struct obs_answer key = { .dst = *dst };

	return find(e, W_ANSWER, &key);
}

const struct obs_bird_route *world_broute_of(const struct engine *e, const struct prefix *p)
{
	const struct obs_bird_route key = { .dst = *p };

	return find(e, W_BROUTE, &key);
}

const struct obs_pod *world_pod_of(const struct engine *e, const struct addr *a)
{
	const struct obs_pod key = { .addr = *a };
	const struct obs_pod *p = find(e, W_POD, &key);

	return p ? p : find(e, W_STATUS, &key);
}

const char *world_node_name(const struct engine *e, const struct addr *peer)
{
	const struct obs_conf_peer *p = world_peer_of(e, peer);

	return p ? p->node : "";
}
