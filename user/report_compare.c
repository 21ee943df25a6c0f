// SPDX-License-Identifier: GPL-2.0-only
/* What differs between two captures, above the two. */
#include <string.h>

#include "diff.h"
#include "report_table.h"
#include "util.h"

#define CHANGES_MAX 500

static const char *verdict_markup(enum diff_verdict v)
{
	switch (v) {
	case DIFF_HEALTHY:
		return "<div class=\"compare is-good\"><span class=\"badge good\"><span "
		       "aria-hidden=\"true\">&#10003; </span>healthy</span><h1>Nothing was "
		       "wrong, and nothing is</h1>\n";
	case DIFF_CURED:
		return "<div class=\"compare is-good\"><span class=\"badge good\"><span "
		       "aria-hidden=\"true\">&#10003; </span>cured</span><h1>What was wrong is "
		       "cured</h1>\n";
	case DIFF_NOT_CURED:
		return "<div class=\"compare is-bad\"><span class=\"badge bad\"><span "
		       "aria-hidden=\"true\">&#10005; </span>not cured</span><h1>Something is "
		       "wrong</h1>\n";
	case DIFF_CANNOT_SAY:
		break;
	}
	return "<div class=\"compare is-warn\"><span class=\"badge warn\"><span "
	       "aria-hidden=\"true\">? </span>cannot say</span><h1>Nobody can say that all is "
	       "well</h1>\n";
}

static const char *state_class(const struct diff_change *c)
{
	return c->wrong ? "lost" : c->state == DIFF_FIXED ? "ok" : c->doubt ? "warned" : "";
}

static uint32_t told_cnt(const struct diff *d)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < d->cnt; i++)
		cnt += d->change[i].state != DIFF_UNCHANGED;
	return cnt;
}

/* Those that are wrong first, then the doubtful, then the rest, each in diff's order */
static int rank(const struct diff_change *c)
{
	return c->wrong ? 0 : c->doubt ? 1 : 2;
}

static void changes(struct side *s, const struct diff *d)
{
	static const char *const heads[] = { "what", "of", "node", "state", "why", NULL };
	uint32_t cnt = told_cnt(d), told = 0;

	table_open(s, "What changed", cnt, heads);
	for (int pass = 0; pass < 3; pass++) {
		for (uint32_t i = 0; i < d->cnt && told < CHANGES_MAX; i++) {
			const struct diff_change *c = &d->change[i];

			if (c->state == DIFF_UNCHANGED || rank(c) != pass)
				continue;
			row_open(s->h, c->key);
			html_el(s->h, "td", "", diff_what_name(c->what));
			html_el(s->h, "td", "", c->node ? c->node : "");
			html_el(s->h, "td", state_class(c), diff_state_name(c->state));
			html_el(s->h, "td", "brk", c->note);
			html_lit(s->h, "</tr>\n");
			told++;
		}
	}
	table_close(s, cnt - told, "changes");
}

void report_compare(struct html *h, const struct report *r, const struct diff *d)
{
	struct side s = { .h = h, .r = r, .tag = "", .depth = 2, .open = true };

	html_lit(h, verdict_markup(d->verdict));
	html_el(h, "p", "why", d->head);
	if (d->next[0])
		html_el(h, "p", "advice", d->next);
	html_lit(h, "</div>\n");
	changes(&s, d);
}
