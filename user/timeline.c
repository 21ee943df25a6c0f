// SPDX-License-Identifier: GPL-2.0-only
#include "timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define CHUNK_LEN (64u << 10)

struct item {
	uint64_t ts_ns, seq;
	struct obs *obs;
};

/* Observations in order: each is a struct queued, then what it uses of a struct obs. */
struct chunk {
	struct chunk *next;
	size_t at, len; /* handed out up to at, filled up to len */
	_Alignas(8) uint8_t data[CHUNK_LEN];
};
struct queued {
	uint64_t seq;
	size_t size; /* with this head */
};

struct timeline {
	uint64_t window_ns, seq;
	/* nearly all comes in order, and has no need of a heap; last_ns: of the last one in there */
	struct chunk *first, *last;
	uint64_t last_ns;
	int depth;	   /* of handlers that hold what is in a chunk */
	struct item *heap; /* what does not: a binary heap, the earliest on top */
	size_t cnt, cap;
};

int timeline__new(uint64_t window_ns, struct timeline **ret)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->window_ns = window_ns;
	*ret = t;
	return 0;
}

void timeline__free(struct timeline *t)
{
	struct chunk *c;

	if (!t)
		return;
	while ((c = t->first)) {
		t->first = c->next;
		free(c);
	}
	for (size_t i = 0; i < t->cnt; i++)
		free(t->heap[i].obs);
	free(t->heap);
	free(t);
}

size_t obs_size(const struct obs *o)
{
	static const uint16_t size[] = {
		[OBS_FIB] = sizeof(o->fib),
		[OBS_ROUTE] = sizeof(o->route),
		[OBS_LINK] = sizeof(o->link),
		[OBS_ADDR] = sizeof(o->addr),
		[OBS_NEIGH] = sizeof(o->neigh),
		[OBS_BGP] = sizeof(o->bgp),
		[OBS_POOLS] = sizeof(o->pools),
		[OBS_LOSS] = sizeof(o->loss),
		[OBS_NODE] = sizeof(o->node),
		[OBS_RES] = sizeof(o->res),
		[OBS_SOURCE] = sizeof(o->source),
		[OBS_BIRD] = sizeof(o->bird),
		[OBS_BIRD_PROTO] = sizeof(o->bird_proto),
		[OBS_BIRD_ROUTE] = sizeof(o->bird_route),
		[OBS_CONF] = sizeof(o->conf),
		[OBS_CONF_PEER] = sizeof(o->conf_peer),
		[OBS_SYSCTL] = sizeof(o->sysctl),
		[OBS_FILL] = sizeof(o->fill),
		[OBS_PROC] = sizeof(o->proc),
		[OBS_VTEP] = sizeof(o->vtep),
		[OBS_POD] = sizeof(o->pod),
		[OBS_ANSWER] = sizeof(o->answer),
		[OBS_BASELINE] = sizeof(o->baseline),
		[OBS_ELSEWHERE] = sizeof(o->elsewhere),
		[OBS_RULE] = sizeof(o->rule),
		[OBS_NFLOOK] = sizeof(o->nflook),
		[OBS_NFRULE] = sizeof(o->nfrule),
		[OBS_SERVICE] = sizeof(o->service),
		[OBS_NFTRACE] = sizeof(o->nftrace),
	};

	if (o->kind == OBS_PATH || o->kind == OBS_DROP)
		return offsetof(struct obs, pkt) + offsetof(struct obs_pkt, snap) + o->pkt.snap_len;
	return offsetof(struct obs, pkt) + ((size_t)o->kind < ARRAY_SIZE(size) ? size[o->kind] : 0);
}

static bool before(const struct item *a, const struct item *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->seq < b->seq;
}

static void swap(struct item *a, struct item *b)
{
	struct item x = *a;

	*a = *b;
	*b = x;
}

/* ---- in order ---- */

/* The chunk that has the next one, NULL: none. Those before it are still held by a handler. */
static struct chunk *queue_chunk(const struct timeline *t)
{
	struct chunk *c = t->first;

	while (c && c->at == c->len)
		c = c->next;
	return c;
}

static struct queued *queue_head(const struct timeline *t)
{
	struct chunk *c = queue_chunk(t);

	return c ? (struct queued *)(c->data + c->at) : NULL;
}

/* Room for size octets at the end, NULL: no memory */
static void *queue_room(struct timeline *t, size_t size)
{
	struct chunk *c = t->last;

	if (c && c->len + size <= CHUNK_LEN)
		return c->data + c->len;
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	c->next = NULL;
	c->at = c->len = 0;
	*(t->last ? &t->last->next : &t->first) = c;
	t->last = c;
	return c->data;
}

static int queue_push(struct timeline *t, const struct obs *o)
{
	size_t used = obs_size(o), size = sizeof(struct queued) + ((used + 7) & ~(size_t)7);
	struct queued *q = queue_room(t, size);

	if (!q)
		return -ENOMEM;
	*q = (struct queued){ t->seq++, size };
	memcpy(q + 1, o, used);
	t->last->len += size;
	t->last_ns = o->ts_ns;
	return 0;
}

/* Chunks that are handed out go, but for one. */
static void queue_recycle(struct timeline *t)
{
	struct chunk *c;

	while ((c = t->first) && c->at == c->len && c->next) {
		t->first = c->next;
		free(c);
	}
	if (c && c->at == c->len)
		c->at = c->len = 0;
}

/* ---- out of order ---- */

static int heap_push(struct timeline *t, const struct obs *o)
{
	size_t size = obs_size(o), i;
	struct obs *copy;

	if (t->cnt == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		struct item *n = realloc(t->heap, cap * sizeof(*n));

		if (!n)
			return -ENOMEM;
		t->heap = n;
		t->cap = cap;
	}
	/* kinds differ in size by a factor of fifty, and nobody reads another kind's member */
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, o, size);
	i = t->cnt++;
	t->heap[i] = (struct item){ o->ts_ns, t->seq++, copy };
	while (i && before(&t->heap[i], &t->heap[(i - 1) / 2])) {
		swap(&t->heap[i], &t->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return 0;
}

static struct obs *pop(struct timeline *t)
{
	struct obs *o = t->heap[0].obs;
	size_t i = 0;

	t->heap[0] = t->heap[--t->cnt];
	for (;;) {
		size_t l = 2 * i + 1, r = l + 1, m = i;

		if (l < t->cnt && before(&t->heap[l], &t->heap[m]))
			m = l;
		if (r < t->cnt && before(&t->heap[r], &t->heap[m]))
			m = r;
		if (m == i)
			return o;
		swap(&t->heap[i], &t->heap[m]);
		i = m;
	}
}

int timeline__push(struct timeline *t, const struct obs *o)
{
	return !queue_head(t) || o->ts_ns >= t->last_ns ? queue_push(t, o) : heap_push(t, o);
}

/* The queue has the next one, and not the heap */
static bool queue_is_first(const struct timeline *t, const struct queued *q)
{
	struct item i;

	if (!q || !t->cnt)
		return q;
	i = (struct item){ .ts_ns = ((const struct obs *)(q + 1))->ts_ns, .seq = q->seq };
	return before(&i, &t->heap[0]);
}

void timeline__drain(struct timeline *t, uint64_t now_ns,
		     void (*fn)(void *ctx, const struct obs *o), void *ctx)
{
	for (;;) {
		const struct queued *q = queue_head(t);
		bool queued = queue_is_first(t, q);
		struct obs *o;

		if (!queued && !t->cnt)
			return;
		o = queued ? (struct obs *)(q + 1) : t->heap[0].obs;
		if (now_ns != UINT64_MAX && o->ts_ns + t->window_ns > now_ns)
			return;
		if (queued)
			queue_chunk(t)->at += q->size;
		else
			pop(t);
		t->depth++;
		fn(ctx, o);
		t->depth--;
		if (!queued)
			free(o);
		else if (!t->depth)
			queue_recycle(t);
	}
}
