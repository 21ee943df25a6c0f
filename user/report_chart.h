/* SPDX-License-Identifier: GPL-2.0-only */
/* What the drawing of the time axis, its events and its tables share; for user/report_*.c alone. */
#ifndef CALITRACE_REPORT_CHART_H
#define CALITRACE_REPORT_CHART_H

#include "html.h"
#include "report_priv.h"

#define MARKS 18
#define MARK_EVENTS 6

/* What happened at about the same time: one number on the axis */
struct mark {
	const struct event *event[MARK_EVENTS]; /* the weightiest, in the order of time */
	uint32_t cnt, left_out;
	bool bad;
	double percent;
};
struct marks {
	uint32_t cnt;
	struct mark at[MARKS];
};

/* report_marks.c */
void marks_of(const struct report *r, struct marks *m);
void marks_row(struct side *s, const struct marks *m);
void marks_list(struct side *s, const struct marks *m);
void event_words(struct side *s, const struct event *e);
/* All events in the order of time; freed by the caller, NULL: none */
const struct event **events_sorted(const struct report *r);

/* report_chart.c */
void strip_open(struct html *h, uint32_t height, const char *cls); /* up to the title's text */
void strip_desc(struct html *h); /* from there to the text of desc */
const char *route_word(enum span_state st);
const char *session_word(enum span_state st);
void track_words(struct side *s, const struct track *t, const char *(*word)(enum span_state));
void lane_name(struct html *h, const struct report_node *n, const struct lane *l);
int lane_cmp(const void *pa, const void *pb);
int peer_cmp(const void *pa, const void *pb);
void *sorted(void *const *from, uint32_t cnt, int (*cmp)(const void *, const void *));

/* report_table.c: the chart's data */
void chart_table(struct side *s);

#endif
