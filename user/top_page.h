/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of `live --top` that are text: a finding, a row, checks, changes, help. Pure. */
#ifndef CALITRACE_TOP_PAGE_H
#define CALITRACE_TOP_PAGE_H

#include "addr.h"
#include "top_ui.h"

/* Lines for a page of so many columns; freed by top_text__free(), also after -ENOMEM */
struct top_text {
	struct top_text_line {
		char *s; /* clean */
		uint8_t style;
	} * line;
	int cnt, cap, cols;
	bool failed; /* no memory: lines are missing */
};

#define TOP_TEXT_LINES 4000

void top_text__free(struct top_text *t);
/* What the page of the ui says; nothing for the main one */
void top_page__make(struct top_text *t, const struct top_ui *ui, const struct top_model *m);
/* The page's heading */
void top_page__title(const struct top_ui *ui, const struct top_model *m, char *buf, size_t size);

/* ---- words that the main page uses, too ---- */

#define TOP_WORD_LEN 48

/* "02:04:22", local */
const char *top_clock(const struct top_model *m, uint64_t ns, char buf[TOP_WORD_LEN]);
/* "8 s", "3 min 12 s", "2 h 5 min" */
const char *top_span(uint64_t ns, char buf[TOP_WORD_LEN]);
/* At most six columns: 123456, 1.23M, 45.6G */
const char *top_count(uint64_t n, char buf[TOP_WORD_LEN]);
/* "leaked  2 blocks  by eth0  cause bgp-down" */
void top_finding_head(const struct finding *f, char *buf, size_t size);
/* "10.253.140.128/26", "no pool", "other blocks" */
const char *top_block(const struct top_row *r, char buf[PREFIX_STRLEN]);
/* "dns 12 icmp 40" */
void top_apps(const uint64_t *apps, char *buf, size_t size);
/* The ends of the latest packet: pods where they are known and wanted */
void top_ends(const struct top_row *r, bool numeric, char *buf, size_t size);
/* The last minute in so many columns, the newest on the right; blocks: graphics of UTF-8 */
void top_spark(const struct top_row *r, uint64_t now_ns, int cols, bool blocks, char *buf,
	       size_t size);

#endif
