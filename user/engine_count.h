/* SPDX-License-Identifier: GPL-2.0-only */
/* For counters outside of the engine: what it counts, as it counts it. Part of the engine: pure. */
#ifndef CALITRACE_ENGINE_COUNT_H
#define CALITRACE_ENGINE_COUNT_H

#include "engine.h"

struct engine_counts {
	/* A packet for block (family 0: in no pool) has this verdict (by 1), or had it until now (-1) */
	void (*counted)(void *ctx, enum verdict v, enum app app, const struct prefix *block,
			int by);
	/* A reply came so many microseconds after its request */
	void (*replied)(void *ctx, enum app app, int64_t us);
	void *ctx;
};

/* Before the first observation; both functions are to be there. */
void engine__count(struct engine *e, const struct engine_counts *counts);
/* Other nodes and blocks that no route leads to, as the audit finds them */
uint32_t engine__routes_missing(const struct engine *e);

#endif
