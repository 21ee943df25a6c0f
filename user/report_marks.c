// SPDX-License-Identifier: GPL-2.0-only
/* Events on the time axis: numbers that do not cover each other, and what they mean below. */
#include <stdlib.h>
#include <string.h>

#include "report_chart.h"
#include "util.h"

#define ROOM 5.5 /* percent of the axis that a number takes on a phone */
#define ROW_H 22

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

/* What is told of many events at about the same time: the smaller the sooner */
static int weight(const struct event *e)
{
	static const int weights[MARK_KINDS] = {
		[MARK_LOSS] = 0,   [MARK_REPAIR] = 0, [MARK_ANSWER] = 1,
		[MARK_GAP] = 1,	   [MARK_ADDR] = 1,   [MARK_PROC] = 2,
		[MARK_ROUTES] = 2, [MARK_LINK] = 3,   [MARK_BGP] = 4,
	};

	return weights[e->kind];
}

/* In the order of time; a weightier one takes the place of the lightest */
static void mark_add(struct mark *m, const struct event *e)
{
	uint32_t worst = 0;

	m->bad |= e->bad;
	if (m->cnt < MARK_EVENTS) {
		m->event[m->cnt++] = e;
		return;
	}
	m->left_out++;
	for (uint32_t i = 1; i < m->cnt; i++)
		if (weight(m->event[i]) >= weight(m->event[worst]))
			worst = i;
	if (weight(e) >= weight(m->event[worst]))
		return;
	memmove(&m->event[worst], &m->event[worst + 1],
		(m->cnt - worst - 1) * sizeof(struct event *));
	m->event[m->cnt - 1] = e;
}

void marks_of(const struct report *r, struct marks *m)
{
	const struct event **e = events_sorted(r);

	*m = (struct marks){ 0 };
	for (uint32_t i = 0; e && i < r->event_cnt; i++) {
		double percent = axis_percent(&r->axis, e[i]->ts_ns);
		struct mark *last = m->cnt ? &m->at[m->cnt - 1] : NULL;

		if ((!last || last->percent + ROOM <= percent) && m->cnt < MARKS) {
			last = &m->at[m->cnt++];
			*last = (struct mark){ .percent = percent };
		}
		mark_add(last, e[i]);
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
	if (!m->cnt)
		return;
	html_lit(s->h, "<div class=\"row events\"><div class=\"lab\"><b>events</b><span>see the "
		       "numbers below</span></div>");
	strip_open(s->h, ROW_H, "strip");
	html_textf(s->h, "Events at %u moments", m->cnt);
	strip_desc(s->h);
	html_lit(s->h, "They are listed below the chart, with the same numbers.</desc>");
	for (uint32_t i = 0; i < m->cnt; i++) {
		const struct mark *at = &m->at[i];
		int dx = shift(at->percent);

		html_num(s->h, "<line class=\"e\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"9\" y2=\"%d\"/>",
			 at->percent, at->percent, ROW_H + 4);
		html_num(s->h, "<svg x=\"%.2f%%\" y=\"9\" overflow=\"visible\">", at->percent);
		if (at->bad)
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
			   moment_str(&s->r->axis, e->last_ns, buf));
	if (s->r->node_cnt > 1)
		html_textf(s->h, " (%s)", s->r->node[e->node]->name);
}

static void mark_item(struct side *s, const struct mark *m)
{
	char buf[CLOCK_LEN];

	html_lit(s->h, m->bad ? "<li class=\"is-bad\"><ul>" : "<li><ul>");
	for (uint32_t i = 0; i < m->cnt; i++) {
		html_lit(s->h, m->event[i]->bad ? "<li class=\"is-bad\">" : "<li>");
		html_elf(s->h, "span", "time", "%s",
			 moment_str(&s->r->axis, m->event[i]->ts_ns, buf));
		html_lit(s->h, " ");
		event_words(s, m->event[i]);
		html_lit(s->h, "</li>\n");
	}
	if (m->left_out)
		html_elf(s->h, "li", "sub", "and %u more, see the table of events", m->left_out);
	html_lit(s->h, "</ul></li>\n");
}

void marks_list(struct side *s, const struct marks *m)
{
	if (!m->cnt)
		return;
	html_lit(s->h, "<ol class=\"marks\" aria-label=\"Events on the time axis\">\n");
	for (uint32_t i = 0; i < m->cnt; i++)
		mark_item(s, &m->at[i]);
	html_lit(s->h, "</ol>\n");
}
