// SPDX-License-Identifier: GPL-2.0-only
/* What is read first: the headline and the figures. */
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "report_priv.h"
#include "util.h"

/* ---- the headline ---- */

/* One that turned out to be something else has no packets left. */
static bool counts(const struct finding *f)
{
	return f && (!f->recovered || f->packets ||
		     !strncmp(f->key, "no-route/proxy-arp", sizeof("no-route/proxy-arp") - 1));
}

const struct finding *report_finding(const struct report_node *n, uint32_t id)
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
		const struct finding *f = report_finding(n, id);

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
	if (hl->open > 1)
		html_textf(s->h, ", and %u more finding%s open", hl->open - 1,
			   hl->open > 2 ? "s are" : " is");
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
