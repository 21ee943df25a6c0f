/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture as one page: what a replay tells is boiled down while it runs (bounded, whatever the
 * number of packets), and written as HTML at its end. Pure but for the stream that it writes to.
 */
#ifndef CALITRACE_REPORT_H
#define CALITRACE_REPORT_H

#include <stdio.h>

#include "replay.h"

struct report;
struct diff;

/* 0 or -ENOMEM; free with report__free(). file: what the user called it; copied. */
int report__new(const char *file, struct report **ret);
void report__free(struct report *r);
/* The hooks that a replay is to call, with all packets; they use replay_node.user. */
struct replay_ops report__ops(struct report *r);
/* True if memory ran out on the way: the page would be wrong. */
bool report__failed(const struct report *r);
/* What could not be read, in one line; shown on the page. */
void report__set_trouble(struct report *r, const char *why);

struct report_page {
	const struct report *before; /* or the only one */
	const struct report *after;  /* NULL: none */
	const struct diff *diff;     /* of the two; with after only */
	const char *version;
};

/*
 * Writes the page; the engines of the replays must still be there. Errors are the stream's: ask
 * ferror(). The same captures give the same bytes.
 */
void report__write(const struct report_page *page, FILE *out);

#endif
