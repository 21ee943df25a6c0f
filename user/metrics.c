// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

const uint32_t metrics_bounds[BOUNDS] = { 100,	   250,	    500,     1000,    2500,   5000,
					  10000,   25000,   50000,   100000,  250000, 500000,
					  1000000, 2500000, 5000000, 10000000 };

int metrics__new(struct metrics **ret)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*ret = m;
	return 0;
}

void metrics__free(struct metrics *m)
{
	if (!m)
		return;
	hmap_free(&m->by_what);
	free(m);
}

static bool is_same(const struct series *a, const struct series *b)
{
	return a->of == b->of && a->verdict == b->verdict && a->app == b->app &&
	       (a->of != OF_BLOCK || prefix_eq(&a->block, &b->block));
}

static uint64_t hash_of(const struct series *s)
{
	const uint8_t what[] = { s->of, s->verdict, s->app, s->block.len };

	return hash_bytes(s->block.addr.b, sizeof(s->block.addr.b),
			  hash_bytes(what, sizeof(what), 0));
}

static struct series *find(struct metrics *m, const struct series *what)
{
	struct hnode *n;

	for (n = hmap_first(&m->by_what, hash_of(what)); n; n = hmap_next(n))
		if (is_same(hmap_entry(n, struct series, node), what))
			return hmap_entry(n, struct series, node);
	return NULL;
}

/*
 * Blocks come from packets, and whoever sends them may make up any number. What goes wrong keeps half
 * of the series for itself: a large cluster that is well would leave no room for it.
 */
static bool has_room(const struct metrics *m, const struct series *what)
{
	if (what->of != OF_BLOCK)
		return m->cnt - m->named < UNNAMED_SERIES;
	return m->named < NAMED_SERIES &&
	       (verdict_is_problem(what->verdict) || m->good < NAMED_SERIES / 2);
}

static struct series *add(struct metrics *m, const struct series *what)
{
	struct series *s = &m->series[m->cnt];

	*s = *what;
	if (hmap_add(&m->by_what, &s->node, hash_of(s)))
		return NULL;
	m->cnt++;
	m->named += s->of == OF_BLOCK;
	m->good += s->of == OF_BLOCK && !verdict_is_problem(s->verdict);
	return s;
}

void metrics__packet(struct metrics *m, enum verdict v, enum app app, const struct prefix *block,
		     int by)
{
	bool named = addr_is_set(&block->addr);
	struct series what = { .of = named ? OF_BLOCK : OF_NONE, .verdict = v, .app = app };
	struct series *s;

	if (v <= V_NONE || v >= V_MAX || app < APP_NONE || app >= APP_MAX)
		return;
	if (named)
		what.block = *block;
	s = find(m, &what);
	if (!s && named && !has_room(m, &what)) {
		what.of = OF_OTHER;
		memset(&what.block, 0, sizeof(what.block));
		s = find(m, &what);
	}
	if (!s && has_room(m, &what))
		s = add(m, &what);
	if (!s)
		return;
	s->value += by;
	if (s->value > 0 && (uint64_t)s->value > s->shown)
		s->shown = (uint64_t)s->value;
}

void metrics__reply(struct metrics *m, enum app app, int64_t us)
{
	struct replies *r;
	int i = 0;

	if (app <= APP_NONE || app >= APP_MAX)
		return;
	r = &m->replies[app];
	if (us < 0)
		us = 0;
	while (i < BOUNDS && us > metrics_bounds[i])
		i++;
	r->bucket[i]++;
	r->sum_us += (uint64_t)us;
}

static void on_count(void *ctx, enum verdict v, enum app app, const struct prefix *block, int by)
{
	metrics__packet(ctx, v, app, block, by);
}

static void on_reply(void *ctx, enum app app, int64_t us)
{
	metrics__reply(ctx, app, us);
}

struct engine_counts metrics__counts(struct metrics *m)
{
	return (struct engine_counts){ .counted = on_count, .replied = on_reply, .ctx = m };
}
