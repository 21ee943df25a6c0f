/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by user/diff*.c, by nobody else. */
#ifndef CALITRACE_DIFF_PRIV_H
#define CALITRACE_DIFF_PRIV_H

#include "diff.h"

struct diff_tried {
	struct prefix block;
	enum app app;
};

/* One node on both sides, and the sides that it belongs to */
struct diff_pair {
	struct diff *d;
	const struct digest *before_all, *after_all;
	const struct digest_node *b, *a;
	/* what was answered in AFTER: blocks at either end, in order; from what place to what place */
	struct diff_tried *tried;
	uint32_t tried_cnt;
	bool between[APP_MAX][DG_OTHER + 1][DG_OTHER + 1];
};

/* A new change of that pair, to be filled; NULL: no memory. Only good until the next one. */
struct diff_change *diff_add(const struct diff_pair *p, enum diff_what what, enum diff_state state);
void diff_note(struct diff_change *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diff_doubt(struct diff *d, enum diff_doubt what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Something is wrong in AFTER; while a graceful restart runs it may only be not yet right. */
void diff_blame(struct diff_change *c, bool restarts);

/* Does that side tell the state of its node: routes, links, addresses? */
bool diff_has_state(const struct digest_node *n);

void diff_routes(const struct diff_pair *p);
void diff_peers(const struct diff_pair *p);
void diff_addrs(const struct diff_pair *p);
void diff_links(const struct diff_pair *p);
void diff_checks(const struct diff_pair *p);
void diff_flows(const struct diff_pair *p);
void diff_findings(const struct diff_pair *p);
/* Fills between and tried, which the caller frees. 0 or -ENOMEM; diff_flow.c */
int diff_gather_tried(struct diff_pair *p);
/* diff_head.c: the sentence, and what to do */
void diff_conclude(struct diff *d);

#endif
