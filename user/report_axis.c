// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time axis, whose buckets become wider while time goes on, and tracks of what changes. Widths are
 * such as people read off a clock, each a multiple of the one before, so that counts can be added up.
 */
#include "report_priv.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

static const uint64_t widths_ms[] = {
	1,     5,      10,     50,	100,	 500,	   1000,     5000,     10000,	 30000,
	60000, 300000, 600000, 1800000, 3600000, 10800000, 21600000, 43200000, 86400000, 604800000,
};

static bool fits(const struct axis *a, uint64_t ts_ns)
{
	return ts_ns < a->t0_ns || (ts_ns - a->t0_ns) / a->width_ns < REPORT_BUCKETS;
}

/* Past a week's buckets, by doubling: a file may claim any time. */
static uint64_t next_width(uint64_t width_ns)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths_ms); i++)
		if (widths_ms[i] * NS_PER_MS > width_ns)
			return widths_ms[i] * NS_PER_MS;
	return width_ns <= UINT64_MAX / 2 ? width_ns * 2 : width_ns;
}

uint32_t axis_grow(struct axis *a, uint64_t ts_ns)
{
	uint64_t was, width;

	if (!a->begun) {
		*a = (struct axis){ .begun = true, .t0_ns = ts_ns, .t1_ns = ts_ns };
		a->width_ns = widths_ms[0] * NS_PER_MS;
	}
	if (ts_ns > a->t1_ns)
		a->t1_ns = ts_ns;
	was = a->width_ns;
	while (!fits(a, ts_ns)) {
		width = next_width(a->width_ns);
		if (width == a->width_ns)
			break;
		a->width_ns = width;
	}
	return (uint32_t)(a->width_ns / was > REPORT_BUCKETS ? REPORT_BUCKETS : a->width_ns / was);
}

uint32_t axis_bucket(const struct axis *a, uint64_t ts_ns)
{
	uint64_t i = ts_ns > a->t0_ns ? (ts_ns - a->t0_ns) / a->width_ns : 0;

	return (uint32_t)(i < REPORT_BUCKETS ? i : REPORT_BUCKETS - 1);
}

uint32_t axis_cnt(const struct axis *a)
{
	return a->begun ? axis_bucket(a, a->t1_ns) + 1 : 0;
}

double axis_percent(const struct axis *a, uint64_t ts_ns)
{
	double len = (double)axis_cnt(a) * (double)a->width_ns, at;

	if (!a->begun || ts_ns <= a->t0_ns)
		return 0;
	at = (double)(ts_ns - a->t0_ns) / len * 100;
	return at < 100 ? at : 100;
}

static void drop(struct track *t, uint32_t i)
{
	t->cnt--;
	t->left_out++;
	memmove(&t->span[i], &t->span[i + 1], (t->cnt - i) * sizeof(t->span[0]));
}

/* Of a session that flaps, what lasted longer tells more. The first and the last one stay. */
static void drop_shortest(struct track *t)
{
	uint32_t best = 1;

	for (uint32_t i = 1; i + 1 < t->cnt; i++)
		if (t->span[i + 1].from_ns - t->span[i].from_ns <
		    t->span[best + 1].from_ns - t->span[best].from_ns)
			best = i;
	drop(t, best);
	if (t->span[best].state == t->span[best - 1].state)
		drop(t, best);
}

void track_add(struct track *t, uint64_t ts_ns, enum span_state state, const char *what)
{
	struct span *last = t->cnt ? &t->span[t->cnt - 1] : NULL;

	if (last && last->state == state && !strncmp(last->what, what, sizeof(last->what) - 1))
		return;
	if (t->cnt == REPORT_SPANS)
		drop_shortest(t);
	last = &t->span[t->cnt++];
	last->from_ns = ts_ns;
	last->state = state;
	snprintf(last->what, sizeof(last->what), "%s", what);
}

enum span_state track_first(const struct track *t)
{
	return t->cnt ? t->span[0].state : SPAN_UNKNOWN;
}

enum span_state track_last(const struct track *t)
{
	return t->cnt ? t->span[t->cnt - 1].state : SPAN_UNKNOWN;
}

bool track_was(const struct track *t, enum span_state state)
{
	for (uint32_t i = 0; i < t->cnt; i++)
		if (t->span[i].state == state)
			return true;
	return false;
}
