// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings: the block that one reads first. A later revision says only what is
 * new and matters, at most once a second each; the summary has the last state.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render_text.h"

#define INDENT 12
#define UPDATE_NS NS_PER_S
/* The engine numbers findings from 1 on; beyond this it is a bug, not a finding. */
#define MAX_FINDINGS 65536

static size_t block_stored(const struct finding *f)
{
	return f->block_cnt < MAX_BLOCKS ? f->block_cnt : MAX_BLOCKS;
}

static size_t because_stored(const struct finding *f)
{
	return f->because_cnt < MAX_BECAUSE ? f->because_cnt : MAX_BECAUSE;
}

void finding_line(struct line *l, const struct finding *f)
{
	char buf[PREFIX_STRLEN];

	line_add(l, "%s", f->verdict == V_NONE ? "without traffic" : verdict_name(f->verdict));
	if (f->block_cnt == 1)
		line_add(l, "  1 block %s", prefix_str(&f->block[0], buf));
	else if (f->block_cnt)
		line_add(l, "  %u blocks", f->block_cnt);
	if (f->dev[0])
		line_add(l, "  by %s", f->dev);
	line_add(l, "  cause %s", cause_name(f->cause));
}

static void print_why(struct text *t, const struct finding *f)
{
	size_t i;

	for (i = 0; i < because_stored(f); i++) {
		const struct because *b = &f->because[i];
		struct line l;

		line_init(&l);
		line_add(&l, "%s", i ? "" : "  why:");
		line_pad(&l, INDENT);
		line_add(&l, "%s", cause_name(b->cause));
		line_pad(&l, INDENT + 24);
		line_add(&l, "%s", confidence_name(b->confidence));
		if (b->since_from == SINCE_SEEN) {
			line_add(&l, "  since ");
			line_time(t, &l, b->since_ns);
		} else if (b->since_from == SINCE_BIRD) {
			line_add(&l, "  since ");
			line_date(t, &l, b->since_ns + HALF_SECOND_NS);
		} else if (b->since_from == SINCE_BEFORE_START) {
			line_add(&l, "  since before the start");
		} else if (b->since_from == SINCE_BASELINE) {
			line_add(&l, "  since after ");
			line_date(t, &l, b->since_ns);
			line_add(&l, " (baseline)");
		}
		if (b->by.pid)
			line_add(&l, "  ");
		line_actor(&l, &b->by);
		line_emit(t, &l);
	}
}

static void print_evidence(struct text *t, const struct finding *f)
{
	size_t cnt = f->evidence_cnt < MAX_EVIDENCE ? f->evidence_cnt : MAX_EVIDENCE, i;

	for (i = 0; i < cnt; i++)
		text_wrap(t, INDENT, i ? "" : "  evidence:", f->evidence[i]);
}

/* As many of the blocks from `from` on as three lines hold */
static void print_blocks(struct text *t, const struct finding *f, size_t from)
{
	char words[3 * LINE_COLS - 64], buf[PREFIX_STRLEN];
	size_t len = 0, i;

	words[0] = '\0';
	for (i = from; i < block_stored(f) && len + PREFIX_STRLEN < sizeof(words); i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", len ? " " : "",
					prefix_str(&f->block[i], buf));
	if (f->block_cnt > i)
		snprintf(words + len, sizeof(words) - len, "%s… and %zu more", len ? " " : "",
			 f->block_cnt - i);
	text_wrap(t, INDENT, "  blocks:", words);
}

/* "10.2.7.200 (k8s01)"; how long it is: there is room for it */
static size_t peer_word(const struct text *t, const struct finding *f, size_t i, char *words,
			size_t sz)
{
	const char *node = t->r.opts.numeric ? "" : f->peer_node[i];
	char buf[ADDR_STRLEN];

	return (size_t)snprintf(words, sz, "%s%s%s%s%s", i ? " " : "", addr_str(&f->peer[i], buf),
				node[0] ? " (" : "", node, node[0] ? ")" : "");
}

static void print_peers(struct text *t, const struct finding *f)
{
	size_t cnt = f->peer_cnt < MAX_BLOCKS ? f->peer_cnt : MAX_BLOCKS, i;
	char words[2 * LINE_COLS - 32 + NODE_LEN_SHORT];
	size_t len = 0;

	words[0] = '\0';
	for (i = 0; i < cnt && len + ADDR_STRLEN + NODE_LEN_SHORT + 4 < sizeof(words); i++)
		len += peer_word(t, f, i, words + len, sizeof(words) - len);
	if (f->peer_cnt > i)
		snprintf(words + len, sizeof(words) - len, " … and %zu more", f->peer_cnt - i);
	if (len)
		text_wrap(t, INDENT, "  peers:", words);
}

static void print_head(struct text *t, const struct finding *f, enum paint paint, const char *news)
{
	struct line l;

	line_init(&l);
	line_paint(&l, paint, "FINDING %u  ", f->id);
	if (*news)
		line_add(&l, "%s  ", news);
	finding_line(&l, f);
	l.paint_to = l.len;
	line_add(&l, "  (");
	line_time(t, &l, f->ts_ns);
	line_add(&l, ")");
	line_emit(t, &l);
}

static void print_whole(struct text *t, const struct finding *f)
{
	print_head(t, f, PAINT_RED, "");
	if (f->explain[0])
		text_wrap(t, INDENT, "", f->explain);
	print_why(t, f);
	if (f->block_cnt > 1)
		print_blocks(t, f, 0);
	print_peers(t, f);
	print_evidence(t, f);
	if (f->advice[0])
		text_wrap(t, INDENT, "  do:", f->advice);
}

static void print_recovered(struct text *t, const struct finding *f)
{
	char buf[DURATION_LEN];
	uint64_t ns = f->recovered_ns > f->first_ns ? f->recovered_ns - f->first_ns : 0;
	struct line l;

	line_init(&l);
	line_paint(&l, PAINT_GREEN, "FINDING %u  RECOVERED", f->id);
	line_add(&l, "  after %s  was ", duration_str(ns / NS_PER_US, buf));
	finding_line(&l, f);
	l.paint_to = l.len;
	line_add(&l, "  %llu packet%s", (unsigned long long)f->packets, f->packets == 1 ? "" : "s");
	if (f->withheld)
		line_add(&l, " and up to %llu more withheld", (unsigned long long)f->withheld);
	line_add(&l, "  (");
	line_time(t, &l, f->recovered_ns);
	line_add(&l, ")");
	line_emit(t, &l);
	if (f->explain[0])
		text_wrap(t, INDENT, "", f->explain);
}

static bool chain_changed(const struct shown_finding *s)
{
	size_t i;

	if (s->cause != s->now.cause || s->because_cnt != s->now.because_cnt)
		return true;
	for (i = 0; i < because_stored(&s->now); i++)
		if (s->because[i] != s->now.because[i].cause)
			return true;
	return false;
}

static void print_cause(struct text *t, const struct shown_finding *s)
{
	const struct finding *f = &s->now;
	char news[64];

	snprintf(news, sizeof(news), "%s %s", s->cause == f->cause ? "more about" : "cause was",
		 cause_name(s->cause));
	print_head(t, f, PAINT_RED, news);
	if (f->explain[0])
		text_wrap(t, INDENT, "", f->explain);
	print_why(t, f);
	if (f->advice[0])
		text_wrap(t, INDENT, "  do:", f->advice);
}

/* What differs from what was printed; nothing if nothing that matters does. */
static void print_news(struct text *t, const struct shown_finding *s)
{
	const struct finding *f = &s->now;

	if (f->recovered) {
		if (!s->recovered)
			print_recovered(t, f);
		return;
	}
	if (s->recovered)
		print_head(t, f, PAINT_RED, "IS BACK");
	if (chain_changed(s))
		print_cause(t, s);
	else if (f->block_cnt > s->block_cnt && !s->recovered)
		print_head(t, f, PAINT_RED, "MORE BLOCKS");
	if (f->block_cnt > s->block_cnt)
		print_blocks(t, f, s->block_cnt);
}

static bool has_news(const struct shown_finding *s)
{
	if (s->now.recovered)
		return !s->recovered;
	return s->recovered || chain_changed(s) || s->now.block_cnt > s->block_cnt;
}

static void mark_printed(struct shown_finding *s, uint64_t now_ns)
{
	size_t i;

	s->printed_ns = now_ns;
	s->pending = false;
	s->recovered = s->now.recovered;
	s->cause = s->now.cause;
	s->because_cnt = s->now.because_cnt;
	for (i = 0; i < because_stored(&s->now); i++)
		s->because[i] = s->now.because[i].cause;
	if (s->now.block_cnt > s->block_cnt)
		s->block_cnt = s->now.block_cnt;
}

static int finding_slot(struct text *t, uint32_t id, struct shown_finding **ret)
{
	size_t cap = t->finding_cap ? t->finding_cap : 16;
	struct shown_finding **slots;

	if (!id || id > MAX_FINDINGS)
		return -ERANGE;
	while (cap < id)
		cap *= 2;
	if (cap > t->finding_cap) {
		slots = realloc(t->finding, cap * sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		memset(slots + t->finding_cap, 0, (cap - t->finding_cap) * sizeof(*slots));
		t->finding = slots;
		t->finding_cap = cap;
	}
	if (!t->finding[id - 1])
		t->finding[id - 1] = calloc(1, sizeof(**slots));
	if (!t->finding[id - 1])
		return -ENOMEM;
	*ret = t->finding[id - 1];
	return 0;
}

void text_finding(struct text *t, const struct finding *f)
{
	struct shown_finding *s;
	int err = finding_slot(t, f->id, &s);

	if (err) {
		render_fail(&t->r, err);
		return;
	}
	s->now = *f;
	if (s->seen) {
		s->pending = true;
		return;
	}
	s->seen = true;
	print_whole(t, f);
	if (f->recovered)
		print_recovered(t, f);
	mark_printed(s, t->now_ns);
}

void text_findings(struct text *t, uint64_t now_ns, bool all)
{
	size_t i;

	for (i = 0; i < t->finding_cap; i++) {
		struct shown_finding *s = t->finding[i];

		if (!s || !s->pending || (!all && now_ns < s->printed_ns + UPDATE_NS))
			continue;
		s->pending = false;
		if (!has_news(s))
			continue;
		/* what was still being counted came before the cure */
		if (s->now.recovered && !s->recovered)
			text_folds(t, now_ns, true);
		print_news(t, s);
		mark_printed(s, now_ns);
	}
}
