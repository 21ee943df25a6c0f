// SPDX-License-Identifier: GPL-2.0-only
/* The page: its head, one side or two, its foot. Nothing on it is fetched, nothing on it runs. */
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "report_priv.h"
#include "report_way.h"

#define JOURNEYS 6

extern const char calitrace_report_css[], calitrace_report_css_end[];

/* ---- journeys ---- */

static void journey_caption(struct side *s, const struct report_node *n, const struct journey *j,
			    uint32_t id)
{
	char a[ADDR_STRLEN], b[ADDR_STRLEN], c[CLOCK_LEN];

	html_elf(s->h, "figcaption", "", "Finding %u on %s: %s from %s to %s at %s (%s)", id,
		 n->name, app_name(j->packet.app), addr_str(&j->packet.src, a),
		 addr_str(&j->packet.dst, b), moment_str(&s->r->axis, j->wall_ns, c),
		 verdict_name(j->packet.verdict));
	html_lit(s->h, "\n");
}

static uint32_t node_journeys(struct side *s, const struct report_node *n, uint32_t told,
			      bool recovered)
{
	for (uint32_t id = 1; id <= REPORT_CASES && id <= n->sum.finding_cnt; id++) {
		const struct finding *f = engine__finding(n->rn->engine, id);
		const struct case_file *c = n->cases[id - 1];
		struct ways w;

		if (!c || !c->have || !f || f->recovered != recovered || !f->packets ||
		    told == JOURNEYS)
			continue;
		ways_of(n, &c->journey, f, &w);
		html_lit(s->h, "<figure class=\"journey\">");
		journey_caption(s, n, &c->journey, id);
		ways_draw(s->h, &w);
		html_lit(s->h, "</figure>\n");
		told++;
	}
	return told;
}

void side_journeys(struct side *s)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		told += s->r->node[i]->have_summary && s->r->node[i]->sum.finding_cnt;
	if (!told)
		return;
	side_heading(s, 1, "way", "The way of a failing packet");
	html_lit(s->h, "<p class=\"note\">Drawn in full: the way that it took, up to where it was "
		       "lost. Dashed: the way that it should have taken.</p>\n");
	told = 0;
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < s->r->node_cnt; i++)
			if (s->r->node[i]->have_summary)
				told = node_journeys(s, s->r->node[i], told, pass);
	if (!told)
		html_lit(s->h, "<p>No packet of the findings is in the capture.</p>\n");
}

/* ---- the page ---- */

static void patterns(struct html *h)
{
	html_lit(h,
		 "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>"
		 "<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
		 "patternTransform=\"rotate(45)\"><rect class=\"hb\" width=\"5\" height=\"5\"/>"
		 "<rect class=\"hs\" width=\"1.6\" height=\"5\"/></pattern>"
		 "<pattern id=\"dots\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
		 "<rect class=\"db\" width=\"5\" height=\"5\"/>"
		 "<rect class=\"ds\" x=\"1\" y=\"1\" width=\"2\" height=\"2\"/></pattern>"
		 "</defs></svg>\n");
}

static void title_words(struct html *h, const struct report_page *p)
{
	for (uint32_t i = 0; i < p->before->node_cnt && i < 3; i++)
		html_textf(h, "%s%s", i ? ", " : "", p->before->node[i]->name);
	if (p->before->node_cnt > 3)
		html_textf(h, " and %u more", p->before->node_cnt - 3);
}

static void page_head(struct html *h, const struct report_page *p)
{
	html_lit(h, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		    "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
		    "<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>");
	html_lit(h, p->after ? "Before and after: " : "Trace of ");
	title_words(h, p);
	html_lit(h, " - calitrace</title>\n<style>\n");
	fwrite(calitrace_report_css, 1, (size_t)(calitrace_report_css_end - calitrace_report_css),
	       h->out);
	html_lit(h, "</style></head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the "
		    "result</a>\n");
	patterns(h);
}

static void nav(struct html *h, const struct report_page *p)
{
	static const char *const words[][2] = {
		{ "findings", "Findings" }, { "way", "Way" },	    { "time", "Time" },
		{ "tables", "Numbers" },    { "gaps", "Not seen" }, { "capture", "Capture" },
	};
	struct headline hl = headline_of(p->before);

	if (p->after) {
		html_lit(h, "<nav aria-label=\"Contents\"><a href=\"#before\">Before</a>"
			    "<a href=\"#after\">After</a></nav>\n");
		return;
	}
	html_lit(h, "<nav aria-label=\"Contents\">");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (i == 1 && !hl.worst)
			continue;
		html_lit(h, "<a href=\"#");
		html_lit(h, words[i][0]);
		html_lit(h, "\">");
		html_lit(h, words[i][1]);
		html_lit(h, "</a>");
	}
	html_lit(h, "</nav>\n");
}

static void banner(struct html *h, const struct report_page *p)
{
	char buf[CLOCK_LEN];

	html_lit(h, p->after ? "<header class=\"pair\">" : "<header>");
	html_lit(h, "<p class=\"brand\"><b>calitrace</b> <span>");
	title_words(h, p);
	if (p->before->axis.begun) {
		html_lit(h, "</span> <span>");
		html_text(h, date_str(p->before->axis.t0_ns, buf));
	}
	html_lit(h, "</span></p>\n");
	nav(h, p);
	html_lit(h, "</header>\n");
}

static void side_whole(struct html *h, const struct report *r, const char *tag, const char *id,
		       const char *name, int depth)
{
	struct side s = { .h = h, .r = r, .tag = tag, .depth = depth };

	html_lit(h, "<section class=\"side\" aria-label=\"");
	html_lit(h, name);
	html_lit(h, "\">\n");
	if (tag[0]) {
		html_num(h, "<h%d class=\"side-name\" id=\"", depth - 1);
		html_lit(h, id);
		html_lit(h, "\">");
		html_lit(h, name);
		html_lit(h, " <span>");
		html_text(h, r->file);
		html_num(h, "</span></h%d>\n", depth - 1);
	}
	side_head(&s);
	side_findings(&s);
	side_journeys(&s);
	side_chart(&s);
	side_tables(&s);
	side_gaps(&s);
	side_capture(&s);
	html_lit(h, "</section>\n");
}

void report__write(const struct report_page *p, FILE *out)
{
	struct html h = { .out = out };

	page_head(&h, p);
	banner(&h, p);
	html_lit(&h, p->after ? "<main id=\"main\" class=\"pair\">\n" : "<main id=\"main\">\n");
	if (p->after) {
		report_compare(&h, p->before, p->diff);
		html_lit(&h, "<div class=\"sides\">\n");
		side_whole(&h, p->before, "-before", "before", "Before", 3);
		side_whole(&h, p->after, "-after", "after", "After", 3);
		html_lit(&h, "</div>\n");
	} else {
		side_whole(&h, p->before, "", "", "The trace", 1);
	}
	html_lit(&h, "</main>\n<footer><p>Made by calitrace ");
	html_text(&h, p->version);
	html_lit(&h, " from ");
	html_text(&h, p->before->file);
	if (p->after) {
		html_lit(&h, " and ");
		html_text(&h, p->after->file);
	}
	html_lit(&h, ". All times are UTC. Folded tables are printed as they are on the screen: "
		     "open what the paper should have.</p></footer>\n</body></html>\n");
}
