// SPDX-License-Identifier: GPL-2.0-only
/* Events on the time axis: numbers that do not cover each other, and what they mean below. */
#include <stdlib.h>
#include <string.h>

#include "report_chart.h"
#include "util.h"

#define LEVEL_H 20
#define ROOM 5.5 /* percent that a number takes on a phone */

static int event_cmp(const void *pa, const void *pb)
{
	const struct event *a = *(const struct event *const *)pa;
	const struct event *b = *(const struct event *const *)pb;

	if (a->ts_ns != b->ts_ns)
		return a->ts_ns < b->ts_ns ? -1 : 1;
	return a < b ? -1 : a > b;
}

const struct event **events_sorted(const struct report *r)
{
	const struct event **e = r->event_cnt ? calloc(r->event_cnt, sizeof(*e)) : NULL;

	for (uint32_t i = 0; e && i < r->event_cnt; i++)
		e[i] = &r->event[i];
	if (e)
		qsort(e, r->event_cnt, sizeof(*e), event_cmp);
	return e;
}

/* Which events are worth a number if not all have one: the smaller the sooner */
static int weight(const struct event *e)
{
	static const int weights[MARK_KINDS] = {
		[MARK_LOSS] = 0, [MARK_REPAIR] = 1, [MARK_ANSWER] = 2,
		[MARK_GAP] = 5,	 [MARK_PROC] = 2,   [MARK_ADDR] = 1,
		[MARK_LINK] = 3, [MARK_ROUTES] = 2, [MARK_BGP] = 4,
	};

	return weights[e->kind] + (e->bad ? 0 : 1);
}

/* The least weight up to which all events fit */
static int weight_limit(const struct report *r)
{
	int limit = 0;

	for (; limit < 8; limit++) {
		uint32_t cnt = 0;

		for (uint32_t i = 0; i < r->event_cnt; i++)
			cnt += weight(&r->event[i]) <= limit;
		if (cnt > MARKS)
			return limit - 1;
	}
	return limit;
}

static uint32_t level_of(const struct marks *m, double percent)
{
	double last[MARK_LEVELS];
	uint32_t best = 0;

	for (uint32_t i = 0; i < MARK_LEVELS; i++)
		last[i] = -100;
	for (uint32_t i = 0; i < m->cnt; i++)
		last[m->at[i].level] = m->at[i].percent;
	for (uint32_t i = 0; i < MARK_LEVELS; i++) {
		if (last[i] + ROOM <= percent)
			return i;
		if (last[i] < last[best])
			best = i;
	}
	return best;
}

/* Too close to the last four: the next number along would cover one of theirs */
static bool is_covered(const struct marks *m, double percent)
{
	uint32_t level = level_of(m, percent);

	for (uint32_t i = 0; i < m->cnt; i++)
		if (m->at[i].level == level && m->at[i].percent + ROOM > percent)
			return true;
	return false;
}

void marks_of(const struct report *r, struct marks *m)
{
	const struct event **e = events_sorted(r);
	int limit = weight_limit(r);

	*m = (struct marks){ 0 };
	for (uint32_t i = 0; e && i < r->event_cnt; i++) {
		double percent = axis_percent(&r->axis, e[i]->ts_ns);
		struct mark *at = &m->at[m->cnt];

		if (weight(e[i]) > limit || m->cnt == MARKS || is_covered(m, percent)) {
			m->left_out++;
			continue;
		}
		at->event = e[i];
		at->percent = percent;
		at->level = level_of(m, percent);
		if (at->level >= m->levels)
			m->levels = at->level + 1;
		m->cnt++;
	}
	free(e);
}

/* A number at the very edge stands inside all the same. */
static int shift(double percent)
{
	return percent < 3 ? 9 : percent > 97 ? -9 : 0;
}

void marks_row(struct side *s, const struct marks *m)
{
	uint32_t height = m->levels * LEVEL_H + 4;

	if (!m->cnt)
		return;
	html_lit(s->h, "<div class=\"row events\"><div class=\"lab\"><b>events</b><span>numbers: "
		       "see below</span></div>");
	strip_open(s->h, height, "strip");
	html_textf(s->h, "%u events on the time axis", m->cnt);
	strip_desc(s->h);
	html_lit(s->h, "They are listed below the chart, with the same numbers.</desc>");
	for (uint32_t i = 0; i < m->cnt; i++) {
		const struct mark *at = &m->at[i];
		int y = (int)(at->level * LEVEL_H) + 10, dx = shift(at->percent);

		html_num(s->h,
			 "<line class=\"e\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%u\"/>",
			 at->percent, at->percent, y, height);
		html_num(s->h, "<svg x=\"%.2f%%\" y=\"%d\" overflow=\"visible\">", at->percent, y);
		if (at->event->bad)
			html_num(
				s->h,
				"<rect class=\"kb\" x=\"%d\" y=\"-8\" width=\"18\" height=\"16\"/>",
				dx - 9);
		else
			html_num(s->h, "<circle class=\"kg\" cx=\"%d\" cy=\"0\" r=\"8.5\"/>", dx);
		html_num(
			s->h,
			"<text class=\"k\" x=\"%d\" y=\"4\" text-anchor=\"middle\">%u</text></svg>",
			dx, i + 1);
	}
	html_lit(s->h, "</svg></div>\n");
}

void event_words(struct side *s, const struct event *e)
{
	char buf[CLOCK_LEN];

	html_text(s->h, e->text);
	if (e->cnt > 1)
		html_textf(s->h, ", and %u more until %s", e->cnt - 1,
			   clock_str(&s->r->axis, e->last_ns, buf));
	if (s->r->node_cnt > 1)
		html_textf(s->h, " (%s)", s->r->node[e->node]->name);
}

void marks_list(struct side *s, const struct marks *m)
{
	char buf[CLOCK_LEN];

	if (!m->cnt)
		return;
	html_lit(s->h, "<ol class=\"marks\" aria-label=\"Events on the time axis\">\n");
	for (uint32_t i = 0; i < m->cnt; i++) {
		const struct event *e = m->at[i].event;

		html_lit(s->h, e->bad ? "<li class=\"is-bad\">" : "<li>");
		html_elf(s->h, "span", "time", "%s", clock_str(&s->r->axis, e->ts_ns, buf));
		html_lit(s->h, " ");
		event_words(s, e);
		html_lit(s->h, "</li>\n");
	}
	html_lit(s->h, "</ol>\n");
	if (m->left_out)
		html_elf(s->h, "p", "note",
			 "%u more events have no number: see the table of events.", m->left_out);
}
