// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time axis: events on top, then for each block its packets and its route, then the BGP sessions.
 * All positions across are percentages, so that one drawing serves a phone and a wide screen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "report_chart.h"
#include "report_priv.h"
#include "util.h"

#define LANES_DRAWN 24
#define PEERS_DRAWN 16
#define NODES_DRAWN 12
#define BARS_H 34
#define ROUTE_Y 38
#define ROUTE_H 9
#define LANE_H (ROUTE_Y + ROUTE_H + 1)
#define PEER_H 14
#define TICKS 4

/* ---- pieces ---- */

void strip_open(struct html *h, uint32_t height, const char *cls)
{
	uint32_t id = html_id(h);

	html_num(h, "<svg role=\"img\" width=\"100%%\" height=\"%u\" aria-labelledby=\"t%u d%u\" ",
		 height, id, id);
	html_lit(h, "class=\"");
	html_lit(h, cls);
	html_num(h, "\"><title id=\"t%u\">", id);
}

void strip_desc(struct html *h)
{
	html_num(h, "</title><desc id=\"d%u\">", h->ids);
}

static void rect(struct html *h, char cls, double x, double w, double y, double height)
{
	html_num(h, "<rect class=\"%c\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%.1f\" height=\"%.1f\"/>",
		 cls, x, w, y, height);
}

/* Lines of the events that matter, through all rows */
static void guides(struct side *s, const struct marks *m, uint32_t height)
{
	for (uint32_t i = 0; i < m->cnt; i++)
		html_num(s->h, "<line class=\"e\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%u\"/>",
			 m->at[i].percent, m->at[i].percent, height);
}

static char span_class(enum span_state st)
{
	static const char classes[] = { 'u', 'p', 'o', 'm', 'w' };

	return (unsigned int)st < sizeof(classes) ? classes[st] : 'u';
}

/* Something that took no time at all is still to be seen. */
#define SPAN_MIN 0.35

/* The first span after i that is of another state, or cnt */
static uint32_t run_end(const struct track *t, uint32_t i)
{
	uint32_t k = i + 1;

	while (k < t->cnt && t->span[k].state == t->span[i].state)
		k++;
	return k;
}

static void track_bars(struct side *s, const struct track *t, double y, double height)
{
	const struct axis *a = &s->r->axis;

	for (uint32_t i = 0, next; i < t->cnt; i = next) {
		double from = axis_percent(a, t->span[i].from_ns), to;

		next = run_end(t, i);
		to = axis_percent(a, next < t->cnt ? t->span[next].from_ns : a->t1_ns);
		if (to - from < SPAN_MIN && t->span[i].state != SPAN_GOOD)
			to = from + SPAN_MIN;
		if (to > from)
			rect(s->h, span_class(t->span[i].state), from, to - from, y, height);
	}
}

const char *route_word(enum span_state st)
{
	static const char *const words[] = { "not known", "present", "elsewhere", "missing",
					     "own block" };

	return (unsigned int)st < ARRAY_SIZE(words) ? words[st] : "?";
}

const char *session_word(enum span_state st)
{
	static const char *const words[] = { "not known", "up", "connected", "down", "?" };

	return (unsigned int)st < ARRAY_SIZE(words) ? words[st] : "?";
}

/* Of changes that leave the state as it is, only the last one's words */
void track_words(struct side *s, const struct track *t, const char *(*word)(enum span_state))
{
	char buf[CLOCK_LEN];

	if (!t->cnt)
		html_lit(s->h, "not known");
	for (uint32_t i = 0, next; i < t->cnt; i = next) {
		const char *what;

		next = run_end(t, i);
		what = t->span[next - 1].what;
		if (i)
			html_textf(s->h, "; from %s ",
				   moment_str(&s->r->axis, t->span[i].from_ns, buf));
		html_text(s->h, word(t->span[i].state));
		if (what[0] && strcmp(what, word(t->span[i].state)) != 0)
			html_textf(s->h, " (%s)", what);
	}
	if (t->left_out)
		html_textf(s->h, "; %u short changes left out", t->left_out);
}

/* ---- which blocks and peers, in which order ---- */

static int lane_rank(const struct lane *l)
{
	if (l->lost)
		return 0;
	if (track_was(&l->route, SPAN_BAD) || track_was(&l->route, SPAN_OTHER))
		return 1;
	if (!addr_is_set(&l->block.addr))
		return 4;
	return track_was(&l->route, SPAN_OWN) ? 3 : 2;
}

int lane_cmp(const void *pa, const void *pb)
{
	const struct lane *a = *(struct lane *const *)pa, *b = *(struct lane *const *)pb;
	int d = lane_rank(a) - lane_rank(b);

	if (d)
		return d;
	if (a->lost != b->lost)
		return a->lost < b->lost ? 1 : -1;
	d = memcmp(&a->block.addr, &b->block.addr, sizeof(a->block.addr));
	return d ? d : a->block.len - b->block.len;
}

static bool peer_troubled(const struct peer *p)
{
	return track_was(&p->session, SPAN_BAD) || track_was(&p->session, SPAN_OTHER);
}

int peer_cmp(const void *pa, const void *pb)
{
	const struct peer *a = *(struct peer *const *)pa, *b = *(struct peer *const *)pb;
	int d = peer_troubled(b) - peer_troubled(a);

	return d ? d : memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

/* A sorted copy, freed by the caller; NULL where there is nothing, or no memory */
void *sorted(void *const *from, uint32_t cnt, int (*cmp)(const void *, const void *))
{
	void **to = cnt ? calloc(cnt, sizeof(*to)) : NULL;

	if (!to)
		return NULL;
	memcpy(to, from, cnt * sizeof(*to));
	qsort(to, cnt, sizeof(*to), cmp);
	return to;
}

/* ---- rows ---- */

void lane_name(struct html *h, const struct report_node *n, const struct lane *l)
{
	char buf[PREFIX_STRLEN], gw[ADDR_STRLEN];
	const char *node = peer_node(n, &l->owner);

	if (!addr_is_set(&l->block.addr)) {
		html_lit(h, "<b>outside the pools</b>");
		return;
	}
	html_el(h, "b", "", prefix_str(&l->block, buf));
	if (track_was(&l->route, SPAN_OWN))
		html_elf(h, "span", "", "own block");
	else if (addr_is_set(&l->owner))
		html_elf(h, "span", "", "%s%s%s", node, node[0] ? " " : "",
			 addr_str(&l->owner, gw));
}

static uint32_t peak_of(const struct lane *l)
{
	uint32_t peak = 0;

	for (uint32_t i = 0; i < REPORT_BUCKETS; i++)
		if (l->bar[i].good + l->bar[i].lost > peak)
			peak = l->bar[i].good + l->bar[i].lost;
	return peak;
}

static void lane_bars(struct side *s, const struct lane *l)
{
	uint32_t cnt = axis_cnt(&s->r->axis), peak = peak_of(l);
	double w = 100.0 / (cnt ? cnt : 1);

	for (uint32_t i = 0; i < cnt && peak; i++) {
		double good = l->bar[i].good * (double)BARS_H / peak;
		double lost = l->bar[i].lost * (double)BARS_H / peak;

		/* one lost among a thousand is still to be seen */
		if (l->bar[i].lost && lost < 3)
			lost = 3;
		if (good + lost > BARS_H)
			good = BARS_H - lost;
		if (l->bar[i].good)
			rect(s->h, 'g', i * w, w * 0.9, BARS_H - good, good);
		if (l->bar[i].lost)
			rect(s->h, 'l', i * w, w * 0.9, BARS_H - good - lost, lost);
	}
	html_num(s->h, "<line class=\"b\" x1=\"0\" x2=\"100%%\" y1=\"%d.5\" y2=\"%d.5\"/>", BARS_H,
		 BARS_H);
}

static void lane_counts(struct html *h, const struct lane *l)
{
	if (l->lost)
		html_elf(h, "span", "lost", "%llu lost of %llu", (unsigned long long)l->lost,
			 (unsigned long long)(l->lost + l->good));
	else
		html_elf(h, "span", "", "%llu packet%s", (unsigned long long)l->good,
			 l->good == 1 ? "" : "s");
}

static void lane_row(struct side *s, const struct report_node *n, const struct lane *l,
		     const struct marks *m)
{
	char buf[PREFIX_STRLEN];

	html_lit(s->h, "<div class=\"row\"><div class=\"lab\">");
	lane_name(s->h, n, l);
	lane_counts(s->h, l);
	html_lit(s->h, "</div>");
	strip_open(s->h, LANE_H, "strip");
	html_textf(s->h, "Packets to %s: %llu good, %llu lost",
		   addr_is_set(&l->block.addr) ? prefix_str(&l->block, buf) : "other addresses",
		   (unsigned long long)l->good, (unsigned long long)l->lost);
	strip_desc(s->h);
	html_lit(s->h, "Route: ");
	track_words(s, &l->route, route_word);
	html_lit(s->h, "</desc>");
	guides(s, m, LANE_H);
	lane_bars(s, l);
	track_bars(s, &l->route, ROUTE_Y, ROUTE_H);
	html_lit(s->h, "</svg></div>\n");
}

static void peer_row(struct side *s, const struct report_node *n, const struct peer *p,
		     const struct marks *m)
{
	const char *node = peer_node(n, &p->addr);
	char buf[ADDR_STRLEN];

	html_lit(s->h, "<div class=\"row\"><div class=\"lab\">");
	html_elf(s->h, "b", "", "BGP %s", addr_str(&p->addr, buf));
	html_elf(s->h, "span", track_last(&p->session) == SPAN_GOOD ? "" : "lost",
		 "%s%s%s at the end", node, node[0] ? ", " : "",
		 session_word(track_last(&p->session)));
	html_lit(s->h, "</div>");
	strip_open(s->h, PEER_H, "strip thin");
	html_textf(s->h, "BGP session with %s", addr_str(&p->addr, buf));
	strip_desc(s->h);
	track_words(s, &p->session, session_word);
	html_lit(s->h, "</desc>");
	guides(s, m, PEER_H);
	track_bars(s, &p->session, 2, PEER_H - 4);
	html_lit(s->h, "</svg></div>\n");
}

static void more_row(struct html *h, uint32_t cnt, const char *what)
{
	if (!cnt)
		return;
	html_lit(h, "<p class=\"note\">");
	html_textf(h, "and %u more %s, in the tables below", cnt, what);
	html_lit(h, "</p>\n");
}

/* ---- the axis itself ---- */

/* Round times: as many ticks as a phone has room for */
static uint64_t tick_ns(uint64_t len_ns)
{
	static const uint64_t steps_ms[] = {
		1,	2,	 5,	  10,	   20,	     50,       100,	 200,	   500,
		1000,	2000,	 5000,	  10000,   15000,    30000,    60000,	 120000,   300000,
		600000, 1800000, 3600000, 7200000, 21600000, 43200000, 86400000, 604800000
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps_ms); i++)
		if (len_ns / (steps_ms[i] * NS_PER_MS) < TICKS)
			return steps_ms[i] * NS_PER_MS;
	return len_ns / TICKS + 1;
}

static void ticks(struct side *s)
{
	const struct axis *a = &s->r->axis;
	uint64_t len = (uint64_t)axis_cnt(a) * a->width_ns, step = tick_ns(len);
	uint64_t t = (a->t0_ns + step - 1) / step * step;
	struct axis shown = { .width_ns = step };
	char buf[CLOCK_LEN];

	html_lit(s->h, "<div class=\"row ticks\" aria-hidden=\"true\"><div class=\"lab\"><span>UTC"
		       "</span></div><svg class=\"strip\" width=\"100%\" height=\"24\">");
	for (; t < a->t0_ns + len; t += step) {
		double x = axis_percent(a, t);

		html_num(s->h, "<line class=\"t\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"5\"/>",
			 x, x);
		html_num(s->h, "<text x=\"%.2f%%\" y=\"18\" text-anchor=\"%s\">", x,
			 x < 10 ? "start" :
			 x > 90 ? "end" :
				  "middle");
		html_text(s->h, clock_str(&shown, t, buf));
		html_lit(s->h, "</text>");
	}
	html_lit(s->h, "</svg></div>\n");
}

static void legend(struct side *s)
{
	static const struct {
		char cls;
		const char *word;
	} keys[] = { { 'g', "good packets" },
		     { 'l', "lost packets" },
		     { 'p', "route there, session up" },
		     { 'm', "route missing, session down" },
		     { 'o', "route elsewhere, session not yet up" },
		     { 'w', "own block" } };
	char buf[CLOCK_LEN];

	html_lit(s->h, "<ul class=\"legend\">");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		html_num(s->h,
			 "<li><svg width=\"22\" height=\"12\" aria-hidden=\"true\"><rect "
			 "class=\"%c\" width=\"22\" height=\"12\"/></svg> ",
			 keys[i].cls);
		html_text(s->h, keys[i].word);
		html_lit(s->h, "</li>");
	}
	html_elf(s->h, "li", "", "a bar is %s; each row has a scale of its own",
		 span_str(s->r->axis.width_ns, buf));
	html_lit(s->h, "</ul>\n");
}

static void node_rows(struct side *s, const struct report_node *n, const struct marks *m)
{
	struct lane **lane = sorted((void *const *)n->lane, n->lane_cnt, lane_cmp);
	struct peer **peer = sorted((void *const *)n->peer, n->peer_cnt, peer_cmp);
	uint32_t i;

	if (s->r->node_cnt > 1)
		html_elf(s->h, "p", "of-node", "%s", n->name);
	for (i = 0; lane && i < n->lane_cnt && i < LANES_DRAWN; i++)
		lane_row(s, n, lane[i], m);
	more_row(s->h, n->lane_cnt > LANES_DRAWN ? n->lane_cnt - LANES_DRAWN : 0, "blocks");
	for (i = 0; peer && i < n->peer_cnt && i < PEERS_DRAWN; i++)
		peer_row(s, n, peer[i], m);
	more_row(s->h, n->peer_cnt > PEERS_DRAWN ? n->peer_cnt - PEERS_DRAWN : 0, "BGP sessions");
	free(lane);
	free(peer);
}

void side_chart(struct side *s)
{
	struct marks m;

	side_heading(s, 1, "time", "What happened when");
	if (!s->r->axis.begun) {
		html_lit(s->h, "<p>The capture holds no time: nothing happened in it.</p>\n");
		return;
	}
	marks_of(s->r, &m);
	legend(s);
	html_lit(s->h, "<div class=\"chart\">\n");
	marks_row(s, &m);
	for (uint32_t i = 0; i < s->r->node_cnt && i < NODES_DRAWN; i++)
		node_rows(s, s->r->node[i], &m);
	more_row(s->h, s->r->node_cnt > NODES_DRAWN ? s->r->node_cnt - NODES_DRAWN : 0, "nodes");
	ticks(s);
	html_lit(s->h, "</div>\n");
	marks_list(s, &m);
	chart_table(s);
}
