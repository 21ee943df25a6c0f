// SPDX-License-Identifier: GPL-2.0-only
#include "top_page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render_int.h"
#include "report_priv.h"
#include "util.h"

#define INDENT 11

void top_text__free(struct top_text *t)
{
	for (int i = 0; i < t->cnt; i++)
		free(t->line[i].s);
	free(t->line);
	*t = (struct top_text){ 0 };
}

static bool has_room(struct top_text *t)
{
	int cap = t->cap ? 2 * t->cap : 64;
	struct top_text_line *line;

	if (t->cnt < t->cap)
		return true;
	line = t->cnt < TOP_TEXT_LINES ? realloc(t->line, (size_t)cap * sizeof(*line)) : NULL;
	if (!line)
		return false;
	t->line = line;
	t->cap = cap;
	return true;
}

/* One line of clean text behind a label of so many columns */
static void add_line(struct top_text *t, enum top_style style, int indent, const char *label,
		     const char *text, size_t len)
{
	char *s = NULL;

	if (!has_room(t) || str_printf(&s, "%-*s%.*s", indent, label, (int)len, text)) {
		t->failed = true;
		return;
	}
	t->line[t->cnt++] = (struct top_text_line){ .s = s, .style = (uint8_t)style };
}

static void blank(struct top_text *t)
{
	add_line(t, TOP_PLAIN, 0, "", "", 0);
}

/* Wrapped; the label stands on the first line. */
static void say(struct top_text *t, enum top_style style, int indent, const char *label,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void say(struct top_text *t, enum top_style style, int indent, const char *label,
		const char *fmt, ...)
{
	char raw[2048], clean[2400];
	const char *p = clean, *next;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_clean(clean, sizeof(clean), raw);
	do {
		size_t len = top_wrap(p, t->cols > indent + 8 ? t->cols - indent : 8, &next);

		add_line(t, style, indent, p == clean ? label : "", p, len);
		p = next;
	} while (*p);
}

/* ---- a finding ---- */

static void since_words(const struct top_model *m, const struct because *b, char *buf, size_t sz)
{
	char at[TOP_WORD_LEN], by[48] = "";

	if (b->by.pid)
		snprintf(by, sizeof(by), ", by %s[%u]", b->by.comm[0] ? b->by.comm : "pid",
			 b->by.pid);
	if (b->since_from == SINCE_BEFORE_START)
		snprintf(buf, sz, ", since before the start%s", by);
	else if (b->since_from == SINCE_BASELINE)
		snprintf(buf, sz, ", since after %s (baseline)%s", top_clock(m, b->since_ns, at),
			 by);
	else if (b->since_from == SINCE_UNSET)
		snprintf(buf, sz, "%s", by);
	else
		snprintf(buf, sz, ", since %s%s", top_clock(m, b->since_ns, at), by);
}

static void say_why(struct top_text *t, const struct top_model *m, const struct finding *f)
{
	char since[120];

	for (int i = 0; i < f->because_cnt && i < MAX_BECAUSE; i++) {
		const struct because *b = &f->because[i];

		since_words(m, b, since, sizeof(since));
		say(t, TOP_BOLD, INDENT, i ? "  because" : "why", "%s", cause_name(b->cause));
		say(t, TOP_PLAIN, INDENT, "", "%s (%s%s)", cause_clause(b->cause),
		    confidence_name(b->confidence), since);
	}
	if (!f->because_cnt)
		say(t, TOP_PLAIN, INDENT, "why", "not known yet: nothing that was seen proves it");
}

static void say_lists(struct top_text *t, const struct top_ui *ui, const struct finding *f)
{
	char words[1600], buf[PREFIX_STRLEN];
	size_t len = 0;
	uint32_t i;

	words[0] = '\0';
	for (i = 0; i < f->block_cnt && i < MAX_BLOCKS; i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", i ? " " : "",
					prefix_str(&f->block[i], buf));
	if (f->block_cnt > i)
		snprintf(words + len, sizeof(words) - len, " and %u more", f->block_cnt - i);
	if (words[0])
		say(t, TOP_PLAIN, INDENT, "blocks", "%s", words);
	words[0] = '\0';
	for (i = len = 0; i < f->peer_cnt && i < MAX_BLOCKS && len + 160 < sizeof(words); i++) {
		const char *node = ui->numeric ? "" : f->peer_node[i];

		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s%s%s%s",
					i ? " " : "", addr_str(&f->peer[i], buf),
					node[0] ? " (" : "", node, node[0] ? ")" : "");
	}
	if (f->peer_cnt > i)
		snprintf(words + len, sizeof(words) - len, " and %u more", f->peer_cnt - i);
	if (words[0])
		say(t, TOP_PLAIN, INDENT, "peers", "%s", words);
}

static void say_counts(struct top_text *t, const struct top_model *m, const struct finding *f)
{
	char apps[160], from[TOP_WORD_LEN], to[TOP_WORD_LEN], held[96] = "", words[400];
	size_t len = 0;

	top_apps(f->apps, apps, sizeof(apps));
	if (f->withheld)
		snprintf(held, sizeof(held), ", and up to %llu more that were withheld",
			 (unsigned long long)f->withheld);
	if (f->packets)
		say(t, TOP_PLAIN, INDENT, "packets", "%llu (%s), from %s to %s%s",
		    (unsigned long long)f->packets, apps, top_clock(m, f->first_ns, from),
		    top_clock(m, f->last_ns, to), held);
	words[0] = '\0';
	for (int v = 0; v < V_MAX && len + 40 < sizeof(words); v++)
		if (f->verdicts[v] && f->verdicts[v] != f->packets)
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s %llu",
						len ? ", " : "", verdict_name(v),
						(unsigned long long)f->verdicts[v]);
	if (words[0])
		say(t, TOP_PLAIN, INDENT, "verdicts", "%s", words);
}

static void say_evidence(struct top_text *t, const char (*evidence)[EVIDENCE_LEN], uint8_t cnt)
{
	for (int i = 0; i < cnt && i < MAX_EVIDENCE; i++)
		say(t, TOP_PLAIN, INDENT, i ? "" : "evidence", "- %s", evidence[i]);
}

static void page_finding(struct top_text *t, const struct top_ui *ui, const struct top_model *m)
{
	const struct finding *f =
		ui->finding && ui->finding <= m->finding_cnt ? m->finding[ui->finding - 1] : NULL;

	if (!f) {
		say(t, TOP_PLAIN, 0, "", "This finding is not here any more.");
		return;
	}
	say(t, TOP_BOLD, 0, "", "%s", f->explain[0] ? f->explain : verdict_clause(f->verdict));
	blank(t);
	if (f->advice[0]) {
		say(t, TOP_BOLD, INDENT, "do", "%s", f->advice);
		blank(t);
	}
	say_why(t, m, f);
	blank(t);
	say_evidence(t, f->evidence, f->evidence_cnt);
	if (f->evidence_cnt)
		blank(t);
	say_lists(t, ui, f);
	say_counts(t, m, f);
	if (f->dev[0])
		say(t, TOP_PLAIN, INDENT, "device", "%s", f->dev);
}

/* ---- a row ---- */

static void page_row(struct top_text *t, const struct top_ui *ui, const struct top_model *m)
{
	const struct top_row *r = ui->row < m->row_cnt ? &m->row[ui->row] : NULL;
	char words[400], span[TOP_WORD_LEN];
	bool bad = r && verdict_is_problem(r->verdict);

	if (!r)
		return;
	say(t, bad ? TOP_BAD : TOP_GOOD, INDENT, "verdict", "%s: %s", verdict_name(r->verdict),
	    verdict_clause(r->verdict));
	top_apps(r->apps, words, sizeof(words));
	say(t, TOP_PLAIN, INDENT, "packets", "%llu%s%s%s", (unsigned long long)r->packets,
	    words[0] ? " (" : "", words, words[0] ? ")" : "");
	if (r->withheld)
		say(t, TOP_PLAIN, INDENT, "withheld", "%llu events of such packets, in a storm",
		    (unsigned long long)r->withheld);
	top_spark(r, m->now_ns, 60, ui->blocks, words, sizeof(words));
	add_line(t, TOP_PLAIN, INDENT, "last 60 s", words, strlen(words));
	top_ends(r, ui->numeric, words, sizeof(words));
	if (r->last_ns)
		say(t, TOP_PLAIN, INDENT, "latest", "%s%s%s, %s ago", words,
		    r->dev[0] ? ", by " : "", r->dev,
		    top_span(m->now_ns > r->last_ns ? m->now_ns - r->last_ns : 0, span));
	if (!r->finding || r->finding > m->finding_cnt || !m->finding[r->finding - 1])
		return;
	top_finding_head(m->finding[r->finding - 1], words, sizeof(words));
	blank(t);
	say(t, TOP_BOLD, INDENT, "finding", "%u  %s", r->finding, words);
	say(t, TOP_PLAIN, INDENT, "", "%s", m->finding[r->finding - 1]->explain);
	say(t, TOP_PLAIN, INDENT, "", "Enter opens it.");
}

/* ---- checks, changes, help ---- */

static enum top_style check_style(enum check_state s)
{
	return s == CHECK_PROBLEM ? TOP_BAD :
	       s == CHECK_WARN	  ? TOP_WARN :
	       s == CHECK_OK	  ? TOP_GOOD :
				    TOP_BOLD;
}

static void say_check(struct top_text *t, const struct check *c)
{
	char label[40];

	snprintf(label, sizeof(label), "%s", check_state_name(c->state));
	say(t, check_style(c->state), INDENT, label, "%s", c->name);
	say(t, TOP_PLAIN, INDENT, "", "%s", c->explain);
	if (c->state == CHECK_OK)
		return;
	say_evidence(t, c->evidence, c->evidence_cnt);
	if (c->advice[0])
		say(t, TOP_BOLD, INDENT, "do", "%s", c->advice);
	blank(t);
}

static void page_checks(struct top_text *t, const struct top_model *m)
{
	static const enum check_state order[] = { CHECK_PROBLEM, CHECK_WARN, CHECK_UNKNOWN,
						  CHECK_OK };

	for (size_t s = 0; s < ARRAY_SIZE(order); s++)
		for (uint32_t i = 0; i < m->check_cnt; i++)
			if (m->check[i].state == order[s])
				say_check(t, &m->check[i]);
}

static void page_changes(struct top_text *t, const struct top_model *m)
{
	uint32_t kept = m->change_cnt < TOP_CHANGES ? m->change_cnt : TOP_CHANGES;
	uint64_t before = UINT64_MAX;
	char at[TOP_WORD_LEN];

	if (!kept)
		say(t, TOP_PLAIN, 0, "",
		    "No route, link, address, neighbour or BGP session "
		    "changed since the start.");
	/* they are few: the next older one is looked for each time */
	for (uint32_t shown = 0; shown < kept;) {
		uint64_t newest = 0;

		for (uint32_t i = 0; i < kept; i++)
			if (m->change[i].ts_ns < before && m->change[i].ts_ns > newest)
				newest = m->change[i].ts_ns;
		if (!newest)
			return;
		for (uint32_t i = 0; i < kept; i++) {
			const struct top_change *c = &m->change[i];

			if (c->ts_ns != newest)
				continue;
			shown++;
			top_clock(m, c->ts_ns, at);
			if (c->times > 1)
				say(t, TOP_PLAIN, 10, at, "%s  (%u times)", c->text, c->times);
			else
				say(t, TOP_PLAIN, 10, at, "%s", c->text);
		}
		before = newest;
	}
}

static void page_help(struct top_text *t)
{
	static const char *const keys[][2] = {
		{ "up, down", "choose a finding or a line of the table (also k, j, Page Up, Page "
			      "Down, Home, End; Tab: from the findings to the table)" },
		{ "Enter", "open it: the whole sentence, what to do, why, the evidence" },
		{ "1 to 9", "open the finding of that number" },
		{ "Esc, q", "back" },
		{ "/", "filter: type words; what has all of them stays (block, verdict, cause, "
		       "device, pod, address, dns, icmp, tcp). Enter keeps it, Esc drops it" },
		{ "s, S", "sort by the next column, by the one before; r turns the order round" },
		{ "p", "problems only, or everything" },
		{ "space", "freeze what is shown, to read it; tracing goes on" },
		{ "c", "checks: what is wrong on this node without any traffic" },
		{ "e", "events: what changed lately (routes, links, addresses, BGP)" },
		{ "n", "numbers instead of pods' and nodes' names" },
		{ "Q, Ctrl-C", "end; the summary stands on the terminal then" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		say(t, TOP_PLAIN, INDENT, keys[i][0], "%s", keys[i][1]);
	blank(t);
	say(t, TOP_PLAIN, 0, "",
	    "One line of the table is all packets for one block of addresses that had the same "
	    "verdict; \"now\" is packets a second, over the last ten. sent and delivered are good, "
	    "all others are problems. Lost and withheld below are events that nobody saw: where "
	    "these grow, silence proves nothing.");
}

void top_page__title(const struct top_ui *ui, const struct top_model *m, char *buf, size_t size)
{
	const struct finding *f =
		ui->finding && ui->finding <= m->finding_cnt ? m->finding[ui->finding - 1] : NULL;
	const struct top_row *r = ui->row < m->row_cnt ? &m->row[ui->row] : NULL;
	char words[200], block[PREFIX_STRLEN];

	buf[0] = '\0';
	if (ui->page == TOP_PAGE_FINDING && f) {
		top_finding_head(f, words, sizeof(words));
		snprintf(buf, size, "FINDING %u  %s  %s", f->id,
			 f->recovered ? "RECOVERED" : "open", words);
	} else if (ui->page == TOP_PAGE_ROW && r) {
		snprintf(buf, size, "PACKETS  %s  %s", top_block(r, block),
			 verdict_name(r->verdict));
	} else if (ui->page == TOP_PAGE_CHECKS) {
		snprintf(buf, size, "CHECKS  this node now, without any traffic");
	} else if (ui->page == TOP_PAGE_CHANGES) {
		snprintf(buf, size, "EVENTS  the latest changes, the newest first");
	} else if (ui->page == TOP_PAGE_HELP) {
		snprintf(buf, size, "HELP");
	}
}

void top_page__make(struct top_text *t, const struct top_ui *ui, const struct top_model *m)
{
	switch (ui->page) {
	case TOP_PAGE_FINDING:
		page_finding(t, ui, m);
		return;
	case TOP_PAGE_ROW:
		page_row(t, ui, m);
		return;
	case TOP_PAGE_CHECKS:
		page_checks(t, m);
		return;
	case TOP_PAGE_CHANGES:
		page_changes(t, m);
		return;
	case TOP_PAGE_HELP:
		page_help(t);
		return;
	case TOP_PAGE_MAIN:
		return;
	}
}
