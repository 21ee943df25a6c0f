/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `metrics` tells: counters that only grow, out of an engine that corrects itself, and a page of
 * them in the text format of Prometheus or in OpenMetrics. Pure: no I/O, no clock, no globals.
 */
#ifndef CALITRACE_METRICS_H
#define CALITRACE_METRICS_H

#include "engine_count.h"

/* The contract's limit for the page as a whole */
#define METRICS_SERIES_MAX 2000

/* 0.0.4 of Prometheus' own format, 1.0.0 of OpenMetrics */
enum metrics_format {
	METRICS_TEXT,
	METRICS_OPENMETRICS
};

struct metrics;
/* 0 or -ENOMEM; free with metrics__free(). */
int metrics__new(struct metrics **ret);
void metrics__free(struct metrics *m);

/*
 * A packet for block (family 0: in no pool) has this verdict (by 1), or had it (-1). Counters do not go
 * back: a packet that moves to another verdict is told there at once, and the series that it leaves
 * stands still until as many others have come.
 */
void metrics__packet(struct metrics *m, enum verdict v, enum app app, const struct prefix *block,
		     int by);
/* A reply came that many microseconds after its request. */
void metrics__reply(struct metrics *m, enum app app, int64_t us);
/* Both of them, for engine__count(); m is to outlive the engine. */
struct engine_counts metrics__counts(struct metrics *m);

struct metrics_about {
	const char *version, *kernel, *node;
};
/*
 * The page as of now, with what the engine knows of its node: findings, routes, sessions, losses.
 * *ret is to be freed by the caller. 0 or -ENOMEM.
 */
int metrics__page(struct metrics *m, const struct engine *e, const struct metrics_about *about,
		  enum metrics_format format, char **ret, size_t *len);

/*
 * What an Accept header asks for; NULL: there was none. OpenMetrics only if it is named, and not less
 * wanted than plain text.
 */
enum metrics_format metrics_accept(const char *accept);
const char *metrics_content_type(enum metrics_format format);

#endif
