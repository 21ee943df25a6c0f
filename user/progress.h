/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line on standard error while files are read, if that is a terminal and it takes longer than a
 * second; it is gone when they are read. Nothing with -q, or on a terminal that can only print
 * (TERM=dumb), as for a screen reader.
 */
#ifndef CALITRACE_PROGRESS_H
#define CALITRACE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on, shown;
	const char *name; /* what is read; borrowed */
	uint64_t total;	  /* octets, 0: not known */
	uint64_t start_ns, drawn_ns;
};

/* Whether a line may be drawn at all: a terminal that understands that */
bool progress_wanted(void);
void progress__begin(struct progress *p, const char *name, uint64_t total);
/* So much was read. To be called often, but not for each packet; draws ten times a second at most. */
void progress__turn(struct progress *p, uint64_t done);
/* Before anybody else writes on the terminal, and at the end */
void progress__clear(struct progress *p);
/*
 * The line without what positions it: at most cols wide. blocks: with graphics of UTF-8. spent_ns:
 * since the start. Pure.
 */
void progress_line(const struct progress *p, uint64_t done, uint64_t spent_ns, int cols,
		   bool blocks, char *buf, uint32_t size);

#endif
