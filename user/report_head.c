// SPDX-License-Identifier: GPL-2.0-only
/* What is read first: the headline, the figures, and each finding with its reasons. */
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "report_priv.h"
#include "util.h"

#define FINDINGS_IN_FULL 20

/* ---- the headline ---- */

/* One that turned out to be something else has no packets left. */
static bool counts(const struct finding *f)
{
	return f && (!f->recovered || f->packets ||
		     !strncmp(f->key, "no-route/proxy-arp", sizeof("no-route/proxy-arp") - 1));
}

static const struct finding *finding_at(const struct report_node *n, uint32_t id)
{
	const struct finding *f = n->have_summary ? engine__finding(n->rn->engine, id) : NULL;

	return counts(f) ? f : NULL;
}

static bool is_worse(const struct finding *a, const struct finding *b)
{
	if (!b || a->recovered != b->recovered)
		return !b || b->recovered;
	return a->packets > b->packets;
}

static void head_node(struct headline *hl, const struct report_node *n)
{
	for (uint32_t id = 1; id <= n->sum.finding_cnt; id++) {
		const struct finding *f = finding_at(n, id);

		if (!f)
			continue;
		*(f->recovered ? &hl->recovered : &hl->open) += 1;
		if (is_worse(f, hl->worst)) {
			hl->worst = f;
			hl->node = n;
		}
	}
	for (uint32_t i = 0; i < n->end_cnt; i++) {
		const struct check *c = &n->end[i];

		hl->unknown += c->needed && c->state == CHECK_UNKNOWN;
		if (c->state != CHECK_PROBLEM)
			continue;
		hl->broken_checks++;
		if (!hl->check) {
			hl->check = c;
			hl->check_node = n;
		}
	}
	hl->seen += n->sum.seen;
	hl->lost += n->sum.problems;
	hl->unanswered += n->sum.verdicts[V_UNANSWERED];
	hl->gaps += n->sum.lost + n->sum.withheld;
	hl->cut |= n->rn->cut;
}

struct headline headline_of(const struct report *r)
{
	struct headline hl = { 0 };

	for (uint32_t i = 0; i < r->node_cnt; i++)
		head_node(&hl, r->node[i]);
	hl.cut |= r->trouble[0] != '\0';
	if (hl.open || hl.broken_checks)
		hl.state = STATE_BROKEN;
	else if (hl.recovered)
		hl.state = STATE_RECOVERED;
	else if (!hl.seen || hl.gaps || hl.cut || hl.unknown)
		hl.state = STATE_SILENT;
	else
		hl.state = STATE_HEALTHY;
	if (!hl.node)
		hl.node = hl.check_node ? hl.check_node : r->node_cnt ? r->node[0] : NULL;
	return hl;
}

static void blocks_words(struct html *h, const struct finding *f)
{
	char buf[PREFIX_STRLEN];

	if (f->block_cnt == 1)
		html_textf(h, " to %s", prefix_str(&f->block[0], buf));
	else if (f->block_cnt)
		html_textf(h, " to %u blocks", f->block_cnt);
}

/* The earliest moment that anything of the finding is known for; 0: it began before the start */
static uint64_t since_ns(const struct report_node *n, const struct finding *f)
{
	uint64_t since = f->first_ns;

	for (int i = 0; i < f->because_cnt && i < MAX_BECAUSE; i++) {
		const struct because *b = &f->because[i];

		if (b->since_from == SINCE_BEFORE_START)
			return 0;
		if (b->since_from == SINCE_SEEN && b->since_ns && b->since_ns < since)
			since = b->since_ns;
	}
	return report_wall(n, since);
}

static void since_words(struct side *s, const struct report_node *n, const struct finding *f)
{
	uint64_t since = since_ns(n, f);
	char buf[CLOCK_LEN];

	if (since)
		html_textf(s->h, ", since %s UTC", moment_str(&s->r->axis, since, buf));
	else
		html_lit(s->h, ", since before the capture began");
}

static void broken_words(struct side *s, const struct headline *hl)
{
	const struct finding *f = hl->worst;

	if (!f || f->recovered) {
		html_textf(s->h, "%s: ", hl->check_node->name);
		html_text(s->h, hl->check->explain);
		return;
	}
	html_text(s->h, hl->node->name);
	html_lit(s->h, f->packets ? " loses packets" : " cannot reach what it should");
	blocks_words(s->h, f);
	since_words(s, hl->node, f);
}

static void recovered_words(struct side *s, const struct headline *hl)
{
	const struct finding *f = hl->worst;
	char buf[CLOCK_LEN];

	html_textf(s->h, "%s lost packets", hl->node->name);
	blocks_words(s->h, f);
	html_textf(s->h, " for %s, and has recovered",
		   span_str(f->recovered_ns > f->first_ns ? f->recovered_ns - f->first_ns : 0,
			    buf));
}

static void head_words(struct side *s, const struct headline *hl)
{
	switch (hl->state) {
	case STATE_BROKEN:
		return broken_words(s, hl);
	case STATE_RECOVERED:
		return recovered_words(s, hl);
	case STATE_SILENT:
		return html_lit(s->h, "Nothing wrong was seen, but too little to say that all is "
				      "well");
	case STATE_HEALTHY:
		html_lit(s->h, "Nothing wrong was seen");
		if (s->r->node_cnt == 1)
			html_textf(s->h, " on %s", hl->node->name);
	}
}

static const char *confidence_adverb(enum confidence c)
{
	return c == CONF_CERTAIN ? "" : c == CONF_LIKELY ? "probably " : "perhaps ";
}

/* "Cause: routes are missing, because ..., probably because ..." */
static void why_words(struct html *h, const struct finding *f)
{
	int told = 0;

	for (int i = 0; i < f->because_cnt && i < MAX_BECAUSE; i++) {
		const struct because *b = &f->because[i];

		if (b->cause == C_UNKNOWN)
			continue;
		html_lit(h, told ? ", " : "Cause: ");
		html_lit(h, confidence_adverb(b->confidence));
		html_lit(h, told ? "because " : "");
		html_lit(h, cause_clause(b->cause));
		told++;
	}
	html_lit(h, told ? "." : "");
	if (told)
		return;
	html_text(h, f->explain);
	html_lit(h, " The reason is not known.");
}

static void silent_words(struct html *h, const struct headline *hl)
{
	if (!hl->seen)
		html_lit(h, "No matching packet was seen. ");
	if (hl->gaps)
		html_textf(h, "%llu events are missing. ", (unsigned long long)hl->gaps);
	if (hl->cut)
		html_lit(h, "The capture was cut short. ");
	if (hl->unknown)
		html_textf(h, "%u checks that are needed for it say nothing. ", hl->unknown);
}

static void head_reason(struct side *s, const struct headline *hl)
{
	html_lit(s->h, "<p class=\"why\">");
	if (hl->state == STATE_SILENT)
		silent_words(s->h, hl);
	else if (hl->state == STATE_HEALTHY)
		html_lit(s->h, "All packets that were seen fared as they should, and no check of "
			       "the audit complains.");
	else if (hl->worst && (hl->state == STATE_RECOVERED || !hl->worst->recovered))
		why_words(s->h, hl->worst);
	else if (hl->check)
		html_text(s->h, hl->check->advice);
	html_lit(s->h, "</p>\n");
}

static void figure(struct html *h, const char *what, const char *cls, uint64_t n)
{
	html_lit(h, "<div><dt>");
	html_lit(h, what);
	html_lit(h, "</dt>");
	html_elf(h, "dd", n ? cls : "", "%llu", (unsigned long long)n);
	html_lit(h, "</div>");
}

static void head_figures(struct side *s, const struct headline *hl)
{
	char buf[CLOCK_LEN];

	html_lit(s->h, "<dl class=\"figures\">");
	figure(s->h, "packets seen", "", hl->seen);
	figure(s->h, "with a problem", "bad", hl->lost);
	figure(s->h, "of these unanswered", "bad", hl->unanswered);
	figure(s->h, "findings open", "bad", hl->open);
	figure(s->h, "recovered", "good", hl->recovered);
	figure(s->h, "events not seen", "warn", hl->gaps);
	html_lit(s->h, "<div><dt>traced for</dt>");
	html_el(s->h, "dd", "", span_str(s->r->axis.t1_ns - s->r->axis.t0_ns, buf));
	html_lit(s->h, "</div></dl>\n");
}

const char *state_badge(enum state_word w)
{
	static const char *const words[] = {
		[STATE_BROKEN] = "<span class=\"badge bad\"><span aria-hidden=\"true\">&#10005; "
				 "</span>broken</span>",
		[STATE_RECOVERED] = "<span class=\"badge warn\"><span aria-hidden=\"true\">&#8635; "
				    "</span>recovered</span>",
		[STATE_SILENT] = "<span class=\"badge warn\"><span aria-hidden=\"true\">? "
				 "</span>cannot say</span>",
		[STATE_HEALTHY] = "<span class=\"badge good\"><span aria-hidden=\"true\">&#10003; "
				  "</span>nothing wrong</span>",
	};

	return words[w];
}

void side_heading(struct side *s, int below, const char *id, const char *text)
{
	html_num(s->h, "<h%d", s->depth + below);
	if (id[0]) {
		html_lit(s->h, " id=\"");
		html_lit(s->h, id);
		html_lit(s->h, s->tag);
		html_lit(s->h, "\"");
	}
	html_lit(s->h, ">");
	html_text(s->h, text);
	html_num(s->h, "</h%d>\n", s->depth + below);
}

void side_head(struct side *s)
{
	struct headline hl = headline_of(s->r);

	html_lit(s->h, "<div class=\"head ");
	html_lit(s->h, hl.state == STATE_BROKEN	 ? "is-bad" :
		       hl.state == STATE_HEALTHY ? "is-good" :
						   "is-warn");
	html_lit(s->h, "\">\n");
	html_lit(s->h, state_badge(hl.state));
	html_num(s->h, "<h%d class=\"headline\">", s->depth);
	head_words(s, &hl);
	html_num(s->h, "</h%d>\n", s->depth);
	head_reason(s, &hl);
	if (s->r->trouble[0]) {
		html_lit(s->h, "<p class=\"note warn\"><strong>Cut short:</strong> ");
		html_text(s->h, s->r->trouble);
		html_lit(s->h, " All up to there is on this page.</p>\n");
	}
	head_figures(s, &hl);
	html_lit(s->h, "</div>\n");
}

/* ---- findings ---- */

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
		if (b->since_from == SINCE_SEEN || b->since_from == SINCE_BIRD)
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

static uint32_t findings_pass(struct side *s, bool recovered, uint32_t told, uint32_t *more)
{
	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		const struct report_node *n = s->r->node[i];

		for (uint32_t id = 1; id <= n->sum.finding_cnt; id++) {
			const struct finding *f = finding_at(n, id);

			if (!f || f->recovered != recovered)
				continue;
			if (told < FINDINGS_IN_FULL)
				finding_whole(s, n, f);
			else
				++*more;
			told += told < FINDINGS_IN_FULL;
		}
	}
	return told;
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
	uint32_t more = 0, told;

	side_heading(s, 1, "findings", "Findings");
	told = findings_pass(s, false, 0, &more);
	told += checks_pass(s);
	told = findings_pass(s, true, told, &more);
	if (!told)
		html_lit(s->h, "<p>None: no packet had a problem, and the audit at the end of the "
			       "capture found nothing wrong.</p>\n");
	if (more)
		html_elf(s->h, "p", "note",
			 "and %u more findings, which are not printed here: calitrace show tells "
			 "them all.",
			 more);
}
