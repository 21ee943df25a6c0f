// SPDX-License-Identifier: GPL-2.0-only
/* Each finding with its reasons, what the audit complains of, and in lines what is too much of it. */
#include <stdio.h>
#include <string.h>

#include "report_table.h"
#include "util.h"

#define FINDINGS_IN_FULL 10
#define FINDINGS_IN_LINES 300

static void chain(struct side *s, const struct report_node *n, const struct finding *f)
{
	char buf[CLOCK_LEN];

	if (!f->because_cnt)
		return;
	html_lit(s->h, "<ol class=\"chain\" aria-label=\"Causes, from the symptom to the root\">");
	for (int i = 0; i < f->because_cnt && i < MAX_BECAUSE; i++) {
		const struct because *b = &f->because[i];

		html_lit(s->h, "<li><b>");
		html_lit(s->h, cause_clause(b->cause));
		html_lit(s->h, "</b><br/><span class=\"sub\">");
		html_elf(s->h, "code", "", "%s", cause_name(b->cause));
		html_lit(s->h, " <span class=\"conf\">");
		html_text(s->h, confidence_name(b->confidence));
		html_lit(s->h, "</span>");
		/* BIRD tells seconds, and it may have been days ago */
		if (b->since_from == SINCE_BIRD)
			html_textf(s->h, " since %s",
				   date_str(report_wall(n, b->since_ns) + NS_PER_S / 2, buf));
		else if (b->since_from == SINCE_SEEN)
			html_textf(s->h, " since %s",
				   moment_str(&s->r->axis, report_wall(n, b->since_ns), buf));
		else if (b->since_from == SINCE_BEFORE_START)
			html_lit(s->h, " since before the start");
		if (b->by.pid)
			html_textf(s->h, ", by %.*s[%u]", COMM_LEN, b->by.comm, b->by.pid);
		html_lit(s->h, "</span></li>");
	}
	html_lit(s->h, "</ol>\n");
}

static void fact(struct html *h, const char *what)
{
	html_lit(h, "<dt>");
	html_lit(h, what);
	html_lit(h, "</dt>");
}

static void fact_blocks(struct html *h, const struct finding *f)
{
	uint32_t stored = f->block_cnt < MAX_BLOCKS ? f->block_cnt : MAX_BLOCKS;
	char buf[PREFIX_STRLEN];

	if (!stored)
		return;
	fact(h, "blocks");
	html_lit(h, "<dd>");
	for (uint32_t i = 0; i < stored; i++) {
		html_lit(h, i ? " " : "");
		html_el(h, "code", "", prefix_str(&f->block[i], buf));
	}
	if (f->block_cnt > stored)
		html_textf(h, " and %u more", f->block_cnt - stored);
	html_lit(h, "</dd>");
}

static void fact_peers(struct html *h, const struct report_node *n, const struct finding *f)
{
	uint32_t stored = f->peer_cnt < MAX_BLOCKS ? f->peer_cnt : MAX_BLOCKS;
	char buf[ADDR_STRLEN];

	if (!stored)
		return;
	fact(h, "their nodes");
	html_lit(h, "<dd>");
	for (uint32_t i = 0; i < stored; i++) {
		html_lit(h, i ? " " : "");
		html_el(h, "code", "", addr_str(&f->peer[i], buf));
		html_textf(h, " %s",
			   f->peer_node[i][0] ? f->peer_node[i] : peer_node(n, &f->peer[i]));
	}
	if (f->peer_cnt > stored)
		html_textf(h, " and %u more", f->peer_cnt - stored);
	html_lit(h, "</dd>");
}

static void fact_packets(struct html *h, const struct finding *f)
{
	fact(h, "packets");
	html_lit(h, "<dd>");
	html_textf(h, "%llu", (unsigned long long)f->packets);
	for (int v = 0; v < V_MAX; v++)
		if (f->verdicts[v])
			html_textf(h, ", %llu %s", (unsigned long long)f->verdicts[v],
				   verdict_name((enum verdict)v));
	for (int a = 0; a < APP_MAX; a++)
		if (f->apps[a])
			html_textf(h, "; %s %llu", app_name((enum app)a),
				   (unsigned long long)f->apps[a]);
	html_lit(h, "</dd>");
}

static void facts(struct side *s, const struct report_node *n, const struct finding *f)
{
	const struct axis *a = &s->r->axis;
	char one[CLOCK_LEN], two[CLOCK_LEN];

	html_lit(s->h, "<dl class=\"facts\">");
	fact(s->h, "when");
	html_elf(s->h, "dd", "", "first %s, last %s%s%s",
		 moment_str(a, report_wall(n, f->first_ns), one),
		 moment_str(a, report_wall(n, f->last_ns), two), f->recovered ? ", recovered " : "",
		 f->recovered ?
			 moment_str(a, report_wall(n, f->recovered_ns), (char[CLOCK_LEN]){ 0 }) :
			 "");
	fact_packets(s->h, f);
	fact_blocks(s->h, f);
	fact_peers(s->h, n, f);
	if (f->dev[0]) {
		fact(s->h, "device");
		html_lit(s->h, "<dd>");
		html_el(s->h, "code", "", f->dev);
		html_lit(s->h, "</dd>");
	}
	html_lit(s->h, "</dl>\n");
}

static void evidence(struct html *h, const char (*lines)[EVIDENCE_LEN], int cnt)
{
	if (cnt <= 0)
		return;
	html_lit(h, "<p class=\"label\">Evidence</p><ul class=\"evidence\">");
	for (int i = 0; i < cnt && i < MAX_EVIDENCE; i++)
		html_el(h, "li", "", lines[i]);
	html_lit(h, "</ul>\n");
}

static void advice(struct html *h, const char *text)
{
	if (!text[0])
		return;
	html_lit(h, "<p class=\"advice\"><strong>What to do:</strong> ");
	html_text(h, text);
	html_lit(h, "</p>\n");
}

static void finding_whole(struct side *s, const struct report_node *n, const struct finding *f)
{
	html_lit(s->h, f->recovered ? "<article class=\"finding over\">" :
				      "<article class=\"finding open\">");
	html_num(s->h, "<h%d id=\"finding%u-%u", s->depth + 2, n->idx, f->id);
	html_lit(s->h, s->tag);
	html_lit(s->h, "\">");
	html_lit(s->h, f->recovered ?
			       "<span class=\"badge warn\"><span aria-hidden=\"true\">&#8635; "
			       "</span>recovered</span> " :
			       "<span class=\"badge bad\"><span aria-hidden=\"true\">&#10005; "
			       "</span>open</span> ");
	html_textf(s->h, "Finding %u%s%s: %s", f->id, s->r->node_cnt > 1 ? " on " : "",
		   s->r->node_cnt > 1 ? n->name : "",
		   f->verdict == V_NONE ? "without any traffic" : verdict_clause(f->verdict));
	html_num(s->h, "</h%d>\n", s->depth + 2);
	html_el(s->h, "p", "explain", f->explain);
	chain(s, n, f);
	facts(s, n, f);
	evidence(s->h, f->evidence, f->evidence_cnt);
	advice(s->h, f->advice);
	html_lit(s->h, "</article>\n");
}

static void check_whole(struct side *s, const struct report_node *n, const struct check *c)
{
	html_lit(s->h, "<article class=\"finding ");
	html_lit(s->h, c->state == CHECK_PROBLEM ? "open" : "over");
	html_lit(s->h, "\">");
	html_num(s->h, "<h%d>", s->depth + 2);
	html_lit(s->h, c->state == CHECK_PROBLEM ?
			       "<span class=\"badge bad\"><span aria-hidden=\"true\">&#10005; "
			       "</span>problem</span> " :
			       "<span class=\"badge warn\">! warning</span> ");
	html_textf(s->h, "Check %s%s%s, at the end", c->name, s->r->node_cnt > 1 ? " on " : "",
		   s->r->node_cnt > 1 ? n->name : "");
	html_num(s->h, "</h%d>\n", s->depth + 2);
	html_el(s->h, "p", "explain", c->explain);
	evidence(s->h, c->evidence, c->evidence_cnt);
	advice(s->h, c->advice);
	html_lit(s->h, "</article>\n");
}

/* Those that are open, then those that have recovered: each by its number, from the first to the cnt-th */
static uint32_t findings_pass(struct side *s, uint32_t from, uint32_t cnt,
			      void (*tell)(struct side *s, const struct report_node *n,
					   const struct finding *f))
{
	uint32_t at = 0;

	for (int recovered = 0; recovered < 2; recovered++) {
		for (uint32_t i = 0; i < s->r->node_cnt; i++) {
			const struct report_node *n = s->r->node[i];

			for (uint32_t id = 1; id <= n->sum.finding_cnt; id++) {
				const struct finding *f = report_finding(n, id);

				if (!f || f->recovered != recovered)
					continue;
				if (at >= from && at - from < cnt)
					tell(s, n, f);
				at++;
			}
		}
	}
	return at;
}

static void finding_line(struct side *s, const struct report_node *n, const struct finding *f)
{
	char buf[PREFIX_STRLEN + 16] = "";

	if (f->block_cnt == 1)
		prefix_str(&f->block[0], buf);
	else if (f->block_cnt)
		snprintf(buf, sizeof(buf), "%u blocks", f->block_cnt);
	html_lit(s->h, "<tr>");
	html_elf(s->h, "th scope=\"row\"", "", "%u", f->id);
	html_el(s->h, "td", "", n->name);
	html_el(s->h, "td", f->recovered ? "warned" : "lost", f->recovered ? "recovered" : "open");
	html_el(s->h, "td", "", verdict_name(f->verdict));
	html_el(s->h, "td", "", buf);
	html_el(s->h, "td", "", cause_name(f->cause));
	cell_num(s->h, f->packets);
	cell_time(s, report_wall(n, f->first_ns));
	html_lit(s->h, "</tr>\n");
}

static void more_findings(struct side *s, uint32_t cnt)
{
	static const char *const heads[] = { "finding", "node",	    "state", "verdict", "to",
					     "cause",	"#packets", "first", NULL };
	uint32_t more = cnt - FINDINGS_IN_FULL;

	table_open(s, "More findings", more, heads);
	findings_pass(s, FINDINGS_IN_FULL, FINDINGS_IN_LINES, finding_line);
	table_close(s, more > FINDINGS_IN_LINES ? more - FINDINGS_IN_LINES : 0, "more findings");
}

static uint32_t checks_pass(struct side *s)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		const struct report_node *n = s->r->node[i];

		for (uint32_t k = 0; k < n->end_cnt; k++) {
			if (n->end[k].state != CHECK_PROBLEM && n->end[k].state != CHECK_WARN)
				continue;
			if (told < FINDINGS_IN_FULL)
				check_whole(s, n, &n->end[k]);
			told++;
		}
	}
	return told;
}

void side_findings(struct side *s)
{
	uint32_t cnt, checks;

	side_heading(s, 1, "findings", "Findings");
	cnt = findings_pass(s, 0, FINDINGS_IN_FULL, finding_whole);
	if (cnt > FINDINGS_IN_FULL)
		more_findings(s, cnt);
	checks = checks_pass(s);
	if (!cnt && !checks)
		html_lit(s->h, "<p>None: no packet had a problem, and the audit at the end of the "
			       "capture found nothing wrong.</p>\n");
}
