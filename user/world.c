// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the node's other programs and files say: BIRD, confd, Felix' sets and files, sysctls. Each
 * source is told in rounds; the last one that ended well is what is known, so a source that falls
 * silent takes nothing away.
 */
#include "engine_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "elsewhere.h"
#include "recall.h"

/* Beyond this a source is broken, or hostile: 5000 nodes with two routes and 1000 pods each fit. */
#define LIST_MAX 200000
/* For so long what a source said last counts, though it fails since. */
#define RECENT_NS (30 * NSEC_PER_SEC)

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
	[W_NFRULE] = { SOURCE_NFRULES, sizeof(struct obs_nfrule) },
	[W_SERVICE] = { SOURCE_KUBELET, sizeof(struct obs_service) },
};

static bool grow(struct world_list *l, size_t size)
{
	uint32_t cap = l->cap ? l->cap * 2 : 16;
	void *n;

	if (cap > LIST_MAX)
		cap = LIST_MAX;
	n = cap > l->cap ? realloc(l->item, cap * size) : NULL;
	if (!n)
		return false;
	l->item = n;
	l->cap = cap;
	return true;
}

/* What comes outside of its source's round belongs to no state, and is passed over. */
static void add(struct world *w, enum world_kind k, const void *item)
{
	struct world_list *l = &w->next[k];

	if (!w->open[kinds[k].source] || l->cut)
		return;
	if (l->cnt == l->cap && !grow(l, kinds[k].size)) {
		l->cut = true;
		return;
	}
	memcpy((char *)l->item + l->cnt++ * (size_t)kinds[k].size, item, kinds[k].size);
}

/* ---- orders: of look-ups, and of what a look-up finds first among several ---- */

static int by_addr(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int by_prefix(const void *a, const void *b)
{
	const struct obs_bird_route *x = a, *y = b;
	int d = by_addr(&x->dst.addr, &y->dst.addr);

	return d ? d : x->dst.len - y->dst.len;
}

/* The best one first */
static int broutes(const void *a, const void *b)
{
	const struct obs_bird_route *x = a, *y = b;
	int d = by_prefix(a, b);

	return d ? d : x->best != y->best ? y->best - x->best : strcmp(x->proto, y->proto);
}

static int by_ifindex(const void *a, const void *b)
{
	const struct obs_sysctl *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static int by_dst(const void *a, const void *b)
{
	return by_addr(&((const struct obs_answer *)a)->dst, &((const struct obs_answer *)b)->dst);
}

static int by_neigh(const void *a, const void *b)
{
	return by_addr(&((const struct obs_neigh *)a)->dst, &((const struct obs_neigh *)b)->dst);
}

/* Who answers on one device is alive, whatever another one says. */
static int neighs(const void *a, const void *b)
{
	const struct obs_neigh *x = a, *y = b;
	int d = by_neigh(a, b);

	return d ? d : x->failed - y->failed;
}

static int by_pod(const void *a, const void *b)
{
	return by_addr(&((const struct obs_pod *)a)->addr, &((const struct obs_pod *)b)->addr);
}

static bool is_up(const struct obs_bird_proto *p)
{
	return !strcmp(p->bgp, "Established");
}

static int by_neighbor(const void *a, const void *b)
{
	const struct obs_bird_proto *x = a, *y = b;

	return by_addr(&x->neighbor, &y->neighbor);
}

/* Of several sessions with one neighbour the one that stands */
static int protos(const void *a, const void *b)
{
	const struct obs_bird_proto *x = a, *y = b;
	int d = by_neighbor(a, b);

	return d ? d : is_up(x) != is_up(y) ? is_up(y) - is_up(x) : strcmp(x->name, y->name);
}

static int by_peer(const void *a, const void *b)
{
	const struct obs_conf_peer *x = a, *y = b;

	return by_addr(&x->addr, &y->addr);
}

static int peers(const void *a, const void *b)
{
	const struct obs_conf_peer *x = a, *y = b;
	int d = by_peer(a, b);

	return d ? d : x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->name, y->name);
}

static int by_vtep(const void *a, const void *b)
{
	return by_addr(&((const struct obs_vtep *)a)->vtep, &((const struct obs_vtep *)b)->vtep);
}

/* The one that leads somewhere */
static int vteps(const void *a, const void *b)
{
	const struct obs_vtep *x = a, *y = b;
	int d = by_vtep(a, b);

	return d ? d : y->have_fdb - x->have_fdb;
}

typedef int (*order_fn)(const void *, const void *);
static const struct {
	order_fn key, all; /* all: NULL, the same */
} orders[W_MAX] = {
	[W_PROTO] = { by_neighbor, protos }, [W_PROTO6] = { by_neighbor, protos },
	[W_BROUTE] = { by_prefix, broutes }, [W_BROUTE6] = { by_prefix, broutes },
	[W_PEER] = { by_peer, peers },	     [W_SYSCTL] = { by_ifindex, NULL },
	[W_VTEP] = { by_vtep, vteps },	     [W_POD] = { by_pod, NULL },
	[W_STATUS] = { by_pod, NULL },	     [W_ANSWER] = { by_dst, NULL },
	[W_NEIGH] = { by_neigh, neighs },
};

static const void *at(const struct world_list *l, enum world_kind k, uint32_t i)
{
	return (const char *)l->item + i * (size_t)kinds[k].size;
}

/* The index of the first that the order does not put before key; cnt: there is none */
static uint32_t lower(const struct world_list *l, enum world_kind k, const void *key)
{
	uint32_t lo = 0, hi = l->cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (orders[k].key(at(l, k, mid), key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The first of those that the order calls equal to key */
static const void *find(const struct engine *e, enum world_kind k, const void *key)
{
	const struct world_list *l = &e->world.cur[k];
	uint32_t i = lower(l, k, key);

	return i < l->cnt && !orders[k].key(at(l, k, i), key) ? at(l, k, i) : NULL;
}

/* ---- rounds ---- */

static void take(struct world *w, enum world_kind k)
{
	struct world_list was = w->cur[k];

	w->cur[k] = w->next[k];
	w->next[k] = was;
	if (k == W_PROTO)
		w->proto_was = was.cnt;
	w->next[k].cnt = 0;
	if (orders[k].key && w->cur[k].cnt)
		qsort(w->cur[k].item, w->cur[k].cnt, kinds[k].size,
		      orders[k].all ? orders[k].all : orders[k].key);
}

/* Attempts change from second to second: turns and reasons are told. */
static bool is_news(const struct obs_bird_proto *was, const struct obs_bird_proto *is)
{
	if (!was)
		return !is_up(is);
	/* of attempts that fail, now so, now so, the first tells enough */
	return is_up(is) != is_up(was) || !is->info[0] != !was->info[0];
}

/* The same session in the round before: a neighbour may have several */
static const struct obs_bird_proto *session_was(const struct world *w,
						const struct obs_bird_proto *p)
{
	/* take() has put the old list there */
	const struct world_list l = { .item = w->next[W_PROTO].item, .cnt = w->proto_was };

	for (uint32_t i = lower(&l, W_PROTO, p); i < l.cnt; i++) {
		const struct obs_bird_proto *o = at(&l, W_PROTO, i);

		if (by_neighbor(o, p))
			break;
		if (!strcmp(o->name, p->name))
			return o;
	}
	return NULL;
}

static void tell_sessions(struct engine *e, uint64_t ts_ns)
{
	for (uint32_t i = 0; i < world_cnt(e, W_PROTO); i++) {
		const struct obs_bird_proto *p = world_proto(e, i);
		struct record rec = { .kind = REC_BIRD, .ts_ns = ts_ns, .bird_proto = p };

		if (!strcmp(p->kind, "BGP") && addr_is_set(&p->neighbor) &&
		    is_news(session_was(&e->world, p), p))
			engine_emit(e, &rec);
	}
}

static void round_begins(struct world *w, enum source s)
{
	for (int k = 0; k < W_MAX; k++) {
		if (kinds[k].source != s)
			continue;
		w->next[k].cnt = 0;
		w->next[k].cut = false;
	}
	if (s == SOURCE_BIRD || s == SOURCE_BIRD6)
		w->bird_next[s == SOURCE_BIRD6] = (struct obs_bird){ 0 };
	if (s == SOURCE_CONF)
		w->conf_next = (struct obs_conf){ 0 };
	if (s == SOURCE_NFRULES)
		w->nflook_next = (struct obs_nflook){ 0 };
	w->open[s] = true;
}

/* One of which not everything could be kept is none: what it lacks would be taken for gone. */
static bool round_is_whole(const struct world *w, enum source s)
{
	for (int k = 0; k < W_MAX; k++)
		if (kinds[k].source == s && w->next[k].cut)
			return false;
	return true;
}

static void round_take(struct engine *e, enum source s, uint64_t ts_ns)
{
	struct world *w = &e->world;

	for (int k = 0; k < W_MAX; k++)
		if (kinds[k].source == s)
			take(w, k);
	w->told_ns[s] = ts_ns ? ts_ns : 1;
	if (s == SOURCE_BIRD || s == SOURCE_BIRD6)
		w->bird[s == SOURCE_BIRD6] = w->bird_next[s == SOURCE_BIRD6];
	if (s == SOURCE_CONF)
		w->conf = w->conf_next;
	if (s == SOURCE_NFRULES)
		w->nflook = w->nflook_next;
	if (s == SOURCE_BIRD)
		tell_sessions(e, ts_ns);
}

static void on_round(struct engine *e, const struct obs_source *s, uint64_t ts_ns)
{
	struct world *w = &e->world;
	enum source_state state = s->state;
	bool open;

	if (s->id >= SOURCE_MAX)
		return;
	/* what the last reading told is taken for good before it is replaced */
	if (s->begin && s->id == SOURCE_NFRULES)
		nflook_tick(e, true);
	if (s->begin)
		return round_begins(w, s->id);
	open = w->open[s->id];
	w->open[s->id] = false;
	/* the end of a round whose beginning nobody saw says nothing of what there is */
	if (state == SOURCE_OK && !open)
		return;
	if (state == SOURCE_OK && !round_is_whole(w, s->id))
		state = SOURCE_GARBAGE;
	w->state[s->id] = state;
	memcpy(w->detail[s->id], s->detail, sizeof(w->detail[s->id]));
	w->version++;
	if (state == SOURCE_OK)
		round_take(e, s->id, ts_ns);
	else if (s->state == SOURCE_OK)
		snprintf(w->detail[s->id], sizeof(w->detail[s->id]), "more than can be kept");
	if (s->id == SOURCE_NFRULES)
		nflook_round(e, state);
}

void world_observe(struct engine *e, const struct obs *o)
{
	struct world *w = &e->world;

	switch (o->kind) {
	case OBS_SOURCE:
		return on_round(e, &o->source, o->ts_ns);
	case OBS_BIRD:
		if (w->open[o->bird.v6 ? SOURCE_BIRD6 : SOURCE_BIRD])
			w->bird_next[o->bird.v6] = o->bird;
		return;
	case OBS_BIRD_PROTO:
		return add(w, o->bird_proto.v6 ? W_PROTO6 : W_PROTO, &o->bird_proto);
	case OBS_BIRD_ROUTE:
		return add(w, o->bird_route.v6 ? W_BROUTE6 : W_BROUTE, &o->bird_route);
	case OBS_CONF:
		if (w->open[SOURCE_CONF])
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
	case OBS_NFLOOK:
		if (w->open[SOURCE_NFRULES])
			w->nflook_next = o->nflook;
		return;
	case OBS_NFRULE:
		return add(w, W_NFRULE, &o->nfrule);
	case OBS_SERVICE:
		return add(w, W_SERVICE, &o->service);
	case OBS_NFTRACE:
		return traced_observe(e, &o->nftrace, o->ts_ns);
	case OBS_ELSEWHERE:
		return elsewhere_observe(e, &o->elsewhere);
	case OBS_BASELINE:
		return recall_observe(e, &o->baseline);
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
	recall_free_all(e);
	traced_free(e);
	elsewhere_free_all(e);
}

bool world_knows(const struct engine *e, enum source s)
{
	return e->world.told_ns[s];
}

bool world_is_fresh(const struct engine *e, enum source s)
{
	return e->world.state[s] == SOURCE_OK;
}

bool world_is_recent(const struct engine *e, enum source s)
{
	uint64_t told = e->world.told_ns[s];

	return world_is_fresh(e, s) || (told && e->now_ns < told + RECENT_NS);
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
ITEM(world_nfrule, W_NFRULE, obs_nfrule)

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

const struct obs_conf_peer *world_peer_named(const struct engine *e, const char *name)
{
	for (uint32_t i = 0; name[0] && i < world_cnt(e, W_PEER); i++)
		if (!strcmp(world_peer(e, i)->node, name))
			return world_peer(e, i);
	return NULL;
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
	const struct obs_pod *p = find(e, W_POD, &key), *s = find(e, W_STATUS, &key);

	return !p || (s && s->verified && !p->verified) ? s : p;
}

const char *world_node_name(const struct engine *e, const struct addr *peer)
{
	const struct obs_conf_peer *p = world_peer_of(e, peer);

	return p && p->node[0] ? p->node : recall_node_name(e, peer);
}
