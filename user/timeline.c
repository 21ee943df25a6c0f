// SPDX-License-Identifier: GPL-2.0-only
#include "timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct item {
	uint64_t ts_ns, seq;
	struct obs *obs;
};

struct timeline {
	uint64_t window_ns, seq;
	struct item *heap; /* a binary heap, the earliest on top */
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
	if (!t)
		return;
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

int timeline__push(struct timeline *t, const struct obs *o)
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

void timeline__drain(struct timeline *t, uint64_t now_ns,
		     void (*fn)(void *ctx, const struct obs *o), void *ctx)
{
	while (t->cnt && (now_ns == UINT64_MAX || t->heap[0].ts_ns + t->window_ns <= now_ns)) {
		struct obs *o = pop(t);

		fn(ctx, o);
		free(o);
	}
}
