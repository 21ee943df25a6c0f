/* SPDX-License-Identifier: GPL-2.0-only */
/* Which packets are wanted, by their ids, which grow: of the last million. */
#ifndef CALITRACE_WANTED_H
#define CALITRACE_WANTED_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WANTED_CNT (1ull << 20)

struct wanted {
	uint64_t top; /* the largest id added */
	uint64_t bits[WANTED_CNT / 64];
};

static inline void wanted_forget(struct wanted *w, uint64_t id)
{
	w->bits[id % WANTED_CNT / 64] &= ~(1ull << id % 64);
}

static inline void wanted_add(struct wanted *w, uint64_t id)
{
	if (id > w->top && id - w->top >= WANTED_CNT)
		memset(w->bits, 0, sizeof(w->bits));
	else
		for (uint64_t i = w->top + 1; i <= id; i++)
			wanted_forget(w, i);
	if (id > w->top)
		w->top = id;
	if (w->top - id < WANTED_CNT)
		w->bits[id % WANTED_CNT / 64] |= 1ull << id % 64;
}

static inline bool wanted_has(const struct wanted *w, uint64_t id)
{
	return id <= w->top && w->top - id < WANTED_CNT &&
	       w->bits[id % WANTED_CNT / 64] & 1ull << id % 64;
}

#endif
