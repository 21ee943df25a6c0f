/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of a failing packet, as steps; for user/report_*.c alone. */
#ifndef CALITRACE_REPORT_WAY_H
#define CALITRACE_REPORT_WAY_H

#include "report_priv.h"

#define STEPS 9

enum step_kind {
	STEP_END, /* a pod, or whoever sends or receives */
	STEP_DEV,
	STEP_ROUTE,
	STEP_TUNNEL,
	STEP_NODE,
	STEP_LOST,  /* the end of what was taken */
	STEP_QUERY, /* the same, but nobody saw it */
};

struct step {
	enum step_kind kind;
	char title[POD_LEN + 8], sub[96];
};

struct way {
	uint32_t cnt;
	struct step step[STEPS];
};

struct ways {
	struct way took, should;
	uint32_t common; /* steps that both begin with: they part after these */
};

void ways_of(const struct report_node *n, const struct case_file *c, const struct finding *f,
	     struct ways *w);

struct html;
/* report_draw.c: twice, across for wide screens and down for narrow ones */
void ways_draw(struct html *h, const struct ways *w);

#endif
