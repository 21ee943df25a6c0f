// SPDX-License-Identifier: GPL-2.0-only
/* What was not seen, and what the capture says of itself. */
#include <stdio.h>
#include <string.h>

#include "report_table.h"
#include "util.h"

static const char *loss_words(int what)
{
	static const char *const words[] = {
		[LOSS_RING] = "events lost, the ring was full",
		[LOSS_WITHHELD] = "events withheld to spare the node",
		[LOSS_NETLINK] = "gaps in what the kernel tells of routes",
		[LOSS_MAP] = "packets forgotten, a table was full",
		[LOSS_ATTACHMENT] = "gaps in the attachment to a device",
		[LOSS_CLOCK] = "steps of the clock",
		[LOSS_BIRD] = "rounds of BIRD without an answer",
	};

	return (size_t)what < ARRAY_SIZE(words) && words[what] ? words[what] : "events lost";
}

static void gap(struct side *s, const struct report_node *n, bool *any)
{
	if (!*any)
		html_lit(s->h, "<ul class=\"gaps\">\n");
	*any = true;
	html_lit(s->h, "<li>");
	if (s->r->node_cnt > 1)
		html_textf(s->h, "%s: ", n->name);
}

static void gaps_counted(struct side *s, const struct report_node *n, bool *any)
{
	for (size_t i = 0; i < ARRAY_SIZE(n->loss); i++) {
		if (!n->loss[i])
			continue;
		gap(s, n, any);
		html_elf(s->h, "b", "lost", "%llu", (unsigned long long)n->loss[i]);
		html_lit(s->h, " ");
		html_lit(s->h, loss_words((int)i));
		html_lit(s->h, "</li>\n");
	}
}

static void gaps_sources(struct side *s, const struct report_node *n, bool *any)
{
	for (int i = 0; i < SOURCE_MAX; i++) {
		const struct obs_source *src = &n->source[i];

		/* one that nobody asked, or that is at hand, is no gap */
		if (src->state == SOURCE_OK || src->state == SOURCE_UNASKED)
			continue;
		gap(s, n, any);
		html_textf(s->h, "source %s: %s", source_name((enum source)i),
			   source_state_name(src->state));
		if (src->detail[0])
			html_textf(s->h, " (%s)", src->detail);
		html_lit(s->h, "</li>\n");
	}
}

static void gaps_words(struct side *s, const struct report_node *n, bool *any)
{
	if (n->rn->cut) {
		gap(s, n, any);
		html_lit(s->h, "<b class=\"lost\">the capture was cut short</b>: it ends without "
			       "the block that ends a capture</li>\n");
	}
	if (n->foreign) {
		gap(s, n, any);
		html_lit(s->h, "the file is a plain packet capture: nothing but packets is "
			       "known, no route, no device, no session</li>\n");
	}
	if (n->missing[0]) {
		gap(s, n, any);
		html_lit(s->h, "probes that this kernel did not allow: ");
		html_text(s->h, n->missing);
		html_lit(s->h, "</li>\n");
	}
}

void side_gaps(struct side *s)
{
	bool any = false;

	side_heading(s, 1, "gaps", "What was not seen");
	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		gaps_words(s, s->r->node[i], &any);
		gaps_counted(s, s->r->node[i], &any);
		gaps_sources(s, s->r->node[i], &any);
	}
	if (any)
		html_lit(s->h, "</ul>\n");
	else
		html_lit(s->h, "<p>Nothing that is known of: no event was lost or withheld, every "
			       "source answered, every probe was in use.</p>\n");
	if (s->r->nodes_left_out)
		html_elf(s->h, "p", "note", "%u more nodes are not on this page",
			 s->r->nodes_left_out);
}

/* ---- the capture itself ---- */

static void item(struct html *h, const char *what, const char *text)
{
	if (!text[0])
		return;
	html_lit(h, "<dt>");
	html_lit(h, what);
	html_lit(h, "</dt>");
	html_el(h, "dd", "", text);
}

static void pools(struct html *h, const struct report_node *n)
{
	char buf[PREFIX_STRLEN];

	if (!n->pools.cnt)
		return;
	html_lit(h, "<dt>address pools</dt><dd>");
	for (uint32_t i = 0; i < n->pools.cnt && i < MAX_POOLS; i++) {
		const struct pool *p = &n->pools.pool[i];

		html_textf(h, "%s%s %s (known from %s)", i ? ", " : "", prefix_str(&p->cidr, buf),
			   pool_mode_name(p->mode), pool_from_name(p->from));
	}
	html_lit(h, "</dd>");
}

static void about_node(struct side *s, const struct report_node *n)
{
	char buf[CLOCK_LEN], two[64];

	html_lit(s->h, "<dl class=\"facts\">");
	item(s->h, "node", n->name);
	item(s->h, "file", n->path);
	item(s->h, "kernel", n->kernel);
	item(s->h, "calitrace", n->version);
	item(s->h, "began", date_str(n->start_ns, buf));
	item(s->h, "ended", n->finish_ns ? date_str(n->finish_ns, buf) : "");
	if (n->finish_ns >= n->start_ns)
		item(s->h, "duration", span_str(n->finish_ns - n->start_ns, buf));
	item(s->h, "it ended by", n->reason);
	item(s->h, "clock", n->clock);
	item(s->h, "command", n->argv);
	item(s->h, "filter", n->filter[0] ? n->filter : "none");
	item(s->h, "pod", n->pod);
	snprintf(two, sizeof(two), "%llu", (unsigned long long)n->rn->packets);
	item(s->h, "packet events in the file", two);
	if (n->sum.have_status) {
		snprintf(two, sizeof(two), "%d", n->sum.command_status);
		item(s->h, "exit status of the program", two);
	}
	pools(s->h, n);
	item(s->h, "probes", n->probes);
	html_lit(s->h, "</dl>\n");
}

void side_capture(struct side *s)
{
	side_heading(s, 1, "capture", "The capture");
	if (s->r->node_cnt <= 2) {
		for (uint32_t i = 0; i < s->r->node_cnt; i++)
			about_node(s, s->r->node[i]);
		return;
	}
	for (uint32_t i = 0; i < s->r->node_cnt; i++) {
		html_lit(s->h, "<details><summary>");
		html_text(s->h, s->r->node[i]->name);
		html_lit(s->h, "</summary>");
		about_node(s, s->r->node[i]);
		html_lit(s->h, "</details>\n");
	}
}
