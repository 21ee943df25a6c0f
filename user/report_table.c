// SPDX-License-Identifier: GPL-2.0-only
/* The tables that fold. Each is sorted, has a caption and heads, and a bound that is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render_int.h"
#include "report_chart.h"
#include "report_table.h"
#include "rtnum.h"
#include "util.h"

#define SLOTS 40

/* ---- the frame of a table ---- */

void table_open(struct side *s, const char *caption, uint32_t rows, const char *const *heads)
{
	html_lit(s->h, s->open ? "<details open=\"\"><summary>" : "<details><summary>");
	html_text(s->h, caption);
	html_elf(s->h, "span", "cnt", " %u", rows);
	html_lit(s->h, "</summary>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		       "aria-label=\"");
	html_text(s->h, caption);
	html_lit(s->h, "\"><table><caption>");
	html_text(s->h, caption);
	if (s->tag[0])
		html_textf(s->h, ", %s", s->tag + 1);
	html_lit(s->h, "</caption><thead><tr>");
	for (; *heads; heads++) {
		/* a leading # is a number's column */
		html_lit(s->h,
			 **heads == '#' ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
		html_text(s->h, *heads + (**heads == '#'));
		html_lit(s->h, "</th>");
	}
	html_lit(s->h, "</tr></thead><tbody>\n");
}

void table_close(struct side *s, uint64_t left_out, const char *what)
{
	html_lit(s->h, "</tbody></table></div>\n");
	if (left_out)
		html_elf(s->h, "p", "note", "and %llu %s, which are not listed",
			 (unsigned long long)left_out, what);
	html_lit(s->h, "</details>\n");
}

void row_open(struct html *h, const char *head)
{
	html_lit(h, "<tr>");
	html_el(h, "th scope=\"row\"", "", head);
}

void cell_num(struct html *h, uint64_t n)
{
	html_elf(h, "td", "n", "%llu", (unsigned long long)n);
}

void cell_lost(struct html *h, uint64_t n)
{
	html_elf(h, "td", n ? "n lost" : "n", "%llu", (unsigned long long)n);
}

void cell_time(struct side *s, uint64_t wall_ns)
{
	char buf[CLOCK_LEN];

	html_el(s->h, "td", "", wall_ns ? moment_str(&s->r->axis, wall_ns, buf) : "");
}

/* ---- the chart's data ---- */

static uint32_t lanes_in_all(const struct report *r)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < r->node_cnt; i++)
		cnt += r->node[i]->lane_cnt;
	return cnt;
}

static void lane_line(struct side *s, const struct report_node *n, const struct lane *l)
{
	html_lit(s->h, "<tr><th scope=\"row\">");
	lane_name(s->h, n, l);
	html_lit(s->h, "</th>");
	html_el(s->h, "td", "", n->name);
	cell_num(s->h, l->good);
	cell_lost(s->h, l->lost);
	cell_time(s, l->first_lost_ns);
	cell_time(s, l->last_lost_ns);
	cell_time(s, l->answer_ns);
	html_lit(s->h, "<td>");
	if (addr_is_set(&l->block.addr))
		track_words(s, &l->route, route_word);
	html_lit(s->h, "</td></tr>\n");
}

static void table_lanes(struct side *s)
{
	static const char *const heads[] = { "block",	     "node",	   "#good",
					     "#lost",	     "first lost", "last lost",
					     "first answer", "route",	   NULL };
	uint64_t left_out = 0;

	table_open(s, "Blocks: packets and routes over time", lanes_in_all(s->r), heads);
	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		const struct report_node *n = s->r->node[i];
		struct lane **lane = sorted((void *const *)n->lane, n->lane_cnt, lane_cmp);

		for (uint32_t k = 0; lane && k < n->lane_cnt; k++)
			lane_line(s, n, lane[k]);
		left_out += n->lanes_left_out;
		free(lane);
	}
	table_close(s, left_out, "packets and changes of other blocks");
}

/* As many buckets in a row that a table has no more than SLOTS of them */
static void table_time(struct side *s)
{
	static const char *const heads[] = { "from", "#good", "#lost", NULL };
	uint32_t cnt = axis_cnt(&s->r->axis), step = (cnt + SLOTS - 1) / SLOTS;
	char buf[CLOCK_LEN];

	if (!cnt)
		return;
	table_open(s, "Packets over time", (cnt + step - 1) / step, heads);
	for (uint32_t i = 0; i < cnt; i += step) {
		uint64_t good = 0, lost = 0;

		for (uint32_t k = 0; k < s->r->node_cnt; k++)
			for (uint32_t l = 0; l < s->r->node[k]->lane_cnt; l++)
				for (uint32_t b = i; b < i + step && b < cnt; b++) {
					good += s->r->node[k]->lane[l]->bar[b].good;
					lost += s->r->node[k]->lane[l]->bar[b].lost;
				}
		row_open(s->h,
			 clock_str(&s->r->axis, s->r->axis.t0_ns + i * s->r->axis.width_ns, buf));
		cell_num(s->h, good);
		cell_lost(s->h, lost);
		html_lit(s->h, "</tr>\n");
	}
	table_close(s, 0, "");
}

void chart_table(struct side *s)
{
	table_lanes(s);
	table_time(s);
}

/* ---- peers ---- */

static void peer_line(struct side *s, const struct report_node *n, const struct peer *p)
{
	char buf[CLOCK_LEN > ADDR_STRLEN ? CLOCK_LEN : ADDR_STRLEN];

	row_open(s->h, addr_str(&p->addr, buf));
	html_el(s->h, "td", "", peer_node(n, &p->addr));
	html_el(s->h, "td", "", n->name);
	html_el(s->h, "td", track_last(&p->session) == SPAN_GOOD ? "" : "lost",
		session_word(track_last(&p->session)));
	html_el(s->h, "td", "", p->by_bird ? (p->bgp[0] ? p->bgp : "down") : "not said");
	html_el(s->h, "td", "", p->info);
	html_el(s->h, "td", "", p->since_ns ? date_str(report_wall(n, p->since_ns), buf) : "");
	if (p->by_bird)
		cell_num(s->h, p->imported);
	else
		html_lit(s->h, "<td></td>");
	html_lit(s->h, "<td>");
	track_words(s, &p->session, session_word);
	html_lit(s->h, "</td></tr>\n");
}

static void table_peers(struct side *s)
{
	static const char *const heads[] = { "peer",	  "its node", "seen from", "at the end",
					     "BIRD says", "error",    "since",	   "#imported",
					     "session",	  NULL };
	uint64_t left_out = 0;
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		cnt += s->r->node[i]->peer_cnt;
	table_open(s, "BGP peers", cnt, heads);
	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		const struct report_node *n = s->r->node[i];
		struct peer **peer = sorted((void *const *)n->peer, n->peer_cnt, peer_cmp);

		for (uint32_t k = 0; peer && k < n->peer_cnt; k++)
			peer_line(s, n, peer[k]);
		left_out += n->peers_left_out;
		free(peer);
	}
	table_close(s, left_out, "changes of other peers");
}

/* ---- checks ---- */

static enum check_state state_at_start(const struct report_node *n, const char *name)
{
	for (uint32_t i = 0; i < n->start_cnt; i++)
		if (!strcmp(n->start[i].name, name))
			return n->start[i].state;
	return CHECK_UNKNOWN;
}

static const char *check_class(enum check_state st)
{
	return st == CHECK_PROBLEM ? "lost" : st == CHECK_OK ? "ok" : "warned";
}

static void check_line(struct side *s, const struct report_node *n, const struct check *c)
{
	enum check_state first = state_at_start(n, c->name);

	row_open(s->h, c->name);
	html_el(s->h, "td", "", n->name);
	html_el(s->h, "td", check_class(first), check_state_name(first));
	html_el(s->h, "td", check_class(c->state), check_state_name(c->state));
	html_lit(s->h, "<td class=\"wide\">");
	html_text(s->h, c->explain);
	for (int i = 0; i < c->evidence_cnt && i < MAX_EVIDENCE; i++) {
		html_lit(s->h, "<br/><span class=\"sub\">");
		html_text(s->h, c->evidence[i]);
		html_lit(s->h, "</span>");
	}
	html_lit(s->h, "</td></tr>\n");
}

static void table_checks(struct side *s)
{
	static const char *const heads[] = { "check",	   "node",	 "at the start",
					     "at the end", "what is so", NULL };
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		cnt += s->r->node[i]->end_cnt;
	table_open(s, "Checks of the audit", cnt, heads);
	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		for (uint32_t k = 0; k < s->r->node[i]->end_cnt; k++)
			check_line(s, s->r->node[i], &s->r->node[i]->end[k]);
	table_close(s, 0, "");
}

/* ---- flows ---- */

static int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int d = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return d ? d : a->len - b->len;
}

static int flow_cmp(const void *pa, const void *pb)
{
	const struct flow *a = *(struct flow *const *)pa, *b = *(struct flow *const *)pb;
	uint64_t la = a->lost + a->answer_lost, lb = b->lost + b->answer_lost;
	int d;

	if (la != lb)
		return la < lb ? 1 : -1;
	d = prefix_cmp(&a->src, &b->src);
	d = d ? d : prefix_cmp(&a->dst, &b->dst);
	return d ? d : (int)a->app - (int)b->app;
}

static void cell_block(struct html *h, const struct prefix *p, const char *tag)
{
	char buf[PREFIX_STRLEN];

	html_el(h, tag, "", addr_is_set(&p->addr) ? prefix_str(p, buf) : "outside the pools");
}

static void flow_line(struct side *s, const struct report_node *n, const struct flow *f)
{
	html_lit(s->h, "<tr>");
	cell_block(s->h, &f->src, "th scope=\"row\"");
	cell_block(s->h, &f->dst, "td");
	html_el(s->h, "td", "", app_name(f->app));
	html_el(s->h, "td", "", n->name);
	cell_num(s->h, f->sent);
	cell_num(s->h, f->answered);
	cell_num(s->h, f->late);
	cell_lost(s->h, f->lost);
	cell_lost(s->h, f->answer_lost);
	html_lit(s->h, "</tr>\n");
}

static void table_flows(struct side *s)
{
	static const char *const heads[] = { "from",	      "to",	   "app",   "seen on",
					     "#requests",     "#answered", "#late", "#lost",
					     "#answers lost", NULL };
	uint64_t left_out = 0;
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		cnt += s->r->node[i]->flow_cnt;
	table_open(s, "Flows, by block and application", cnt, heads);
	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		const struct report_node *n = s->r->node[i];
		struct flow **flow = sorted((void *const *)n->flow, n->flow_cnt, flow_cmp);

		for (uint32_t k = 0; flow && k < n->flow_cnt; k++)
			flow_line(s, n, flow[k]);
		left_out += n->flows_left_out;
		free(flow);
	}
	table_close(s, left_out, "packets of other flows");
}

/* ---- events ---- */

static void table_events(struct side *s)
{
	static const char *const heads[] = { "when", "what", "event", NULL };
	const struct event **e = events_sorted(s->r);
	char buf[CLOCK_LEN];

	table_open(s, "Events", s->r->event_cnt, heads);
	for (uint32_t i = 0; e && i < s->r->event_cnt; i++) {
		row_open(s->h, moment_str(&s->r->axis, e[i]->ts_ns, buf));
		html_el(s->h, "td", e[i]->bad ? "lost" : "", event_word(e[i]->kind));
		html_lit(s->h, "<td>");
		event_words(s, e[i]);
		html_lit(s->h, "</td></tr>\n");
	}
	table_close(s, s->r->events_left_out, "events");
	free(e);
}

void side_tables(struct side *s)
{
	side_heading(s, 1, "tables", "In numbers");
	table_flows(s);
	table_peers(s);
	table_checks(s);
	table_events(s);
	table_samples(s);
	table_routes(s);
}
