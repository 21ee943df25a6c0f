// SPDX-License-Identifier: GPL-2.0-only
/* The comparison as text: one sentence, then groups, what matters most first. */
#include "render_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "render_text.h"
#include "rtnum.h"

#define SHOWN 3	    /* of a sort within a group, unless there is but one more */
#define KEY_COLS 11 /* "  route    " */
#define SIDE_LEN 160

enum group {
	GROUP_WRONG,
	GROUP_DOUBT,
	GROUP_FIXED,
	GROUP_OTHER,
	GROUP_REST,
	GROUP_MAX
};

static const char *const titles[GROUP_MAX] = {
	[GROUP_WRONG] = "wrong in AFTER:",
	[GROUP_DOUBT] = "cannot be said:",
	[GROUP_FIXED] = "repaired:",
	[GROUP_OTHER] = "also different:",
	[GROUP_REST] = "unchanged, or not in AFTER:",
};

static enum group group_of(const struct diff_change *c)
{
	if (c->wrong)
		return GROUP_WRONG;
	if (c->doubt)
		return GROUP_DOUBT;
	if (c->state == DIFF_FIXED)
		return GROUP_FIXED;
	return c->state == DIFF_NEW ? GROUP_OTHER : GROUP_REST;
}

/* ---- one side, in a few words ---- */

static void route_words(const struct digest_route *r, char *buf, size_t size)
{
	char gw[ADDR_STRLEN], type[WORD_LEN];

	if (r->type != RTN_UNICAST)
		snprintf(buf, size, "%s", route_type_name(r->type, type));
	else if (addr_is_set(&r->gw))
		snprintf(buf, size, "via %s dev %s", addr_str(&r->gw, gw), r->dev);
	else
		snprintf(buf, size, "dev %s", r->dev);
}

static void flow_words(const struct digest_flow *f, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%llu of %llu answered",
				    (unsigned long long)f->answered, (unsigned long long)f->sent);

	for (int v = 0; v < V_MAX && n < size; v++)
		if (f->lost[v])
			n += (size_t)snprintf(buf + n, size - n, ", %llu %s",
					      (unsigned long long)f->lost[v], verdict_name(v));
}

static void finding_words(const struct finding *f, char *buf, size_t size)
{
	snprintf(buf, size, "%s, %llu packet%s, %s", f->recovered ? "recovered" : "open",
		 (unsigned long long)f->packets, f->packets == 1 ? "" : "s", cause_name(f->cause));
}

/* Where one side has nothing */
static const char *nothing_words(const struct diff_change *c)
{
	if (c->state == DIFF_NOT_OBSERVED && c->what != DIFF_FLOW)
		return "not told";
	switch (c->what) {
	case DIFF_ROUTE:
		return c->was_wrong || c->wrong || c->doubt ? "missing" : "none";
	case DIFF_FLOW:
		return "not seen";
	case DIFF_ADDRESS:
	case DIFF_LINK:
		return c->after.addr || c->after.link ? "not there" : "gone";
	default:
		return "none";
	}
}

void diff_side_words(const struct diff_change *c, const struct diff_side *s, char *buf, size_t size)
{
	if (s->route)
		route_words(s->route, buf, size);
	else if (s->peer)
		snprintf(buf, size, "%s", s->peer->state[0] ? s->peer->state : "no session");
	else if (s->addr)
		snprintf(buf, size, "there");
	else if (s->link)
		snprintf(buf, size, "%s%s mtu %u", s->link->up ? "up" : "down",
			 s->link->up && !s->link->running ? ", no carrier" : "", s->link->mtu);
	else if (s->flow)
		flow_words(s->flow, buf, size);
	else if (s->finding)
		finding_words(s->finding, buf, size);
	else if (s->check)
		snprintf(buf, size, "%s", check_state_name(s->check->state));
	else
		snprintf(buf, size, "%s", nothing_words(c));
}

/* ---- lines ---- */

static const char *mark_of(enum group g)
{
	static const char *const marks[GROUP_MAX] = { "!", "?", "+", "~", " " };

	return marks[g];
}

static void change_line(struct text *t, const struct diff *d, const struct diff_change *c)
{
	static const enum paint paints[GROUP_MAX] = { PAINT_RED, PAINT_BOLD, PAINT_GREEN };
	char before[SIDE_LEN], after[SIDE_LEN];
	const struct view_peer *peer;
	bool is_check = c->before.check || c->after.check;
	enum group g = group_of(c);
	struct line l;

	line_init(&l);
	line_add(&l, "%s ", mark_of(g));
	if (d->after->cnt > 1 || d->before->cnt > 1)
		line_add(&l, "%s  ", c->node);
	line_add(&l, "%-8s ", is_check ? "check" : diff_what_name(c->what));
	line_paint(&l, paints[g], "%s", is_check ? c->key + strlen("check/") : c->key);
	peer = c->after.peer ? c->after.peer : c->before.peer;
	if (peer && peer->node[0])
		line_add(&l, " (%s)", peer->node);
	diff_side_words(c, &c->before, before, sizeof(before));
	diff_side_words(c, &c->after, after, sizeof(after));
	if (strcmp(before, after))
		line_add(&l, "  %s -> %s", before, after);
	else
		line_add(&l, "  %s", after);
	if (c->note[0])
		line_add(&l, "  (%s)", c->note);
	line_emit(t, &l);
}

static void explain(struct text *t, const struct diff_change *c)
{
	const char *words = c->after.finding ? c->after.finding->explain :
			    c->after.check   ? c->after.check->explain :
					       "";

	if (c->wrong && *words)
		text_wrap(t, KEY_COLS, "", words);
}

static void more_line(struct text *t, enum diff_what what, uint32_t more)
{
	static const char *const many[DIFF_WHAT_MAX] = { "routes", "peers", "addresses",
							 "links",  "flows", "findings" };
	struct line l;

	line_init(&l);
	line_pad(&l, 2);
	line_add(&l, "... and %u more %s; -v lists all", more, many[what]);
	line_emit(t, &l);
}

static uint32_t count(const struct diff *d, enum group g, enum diff_what what)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->cnt; i++)
		n += d->change[i].what == what && group_of(&d->change[i]) == g;
	return n;
}

static void sort_lines(struct text *t, const struct diff *d, enum group g, enum diff_what what,
		       bool verbose)
{
	uint32_t all = count(d, g, what), shown = 0;

	for (uint32_t i = 0; i < d->cnt; i++) {
		const struct diff_change *c = &d->change[i];

		if (c->what != what || group_of(c) != g)
			continue;
		if (!verbose && shown == SHOWN && all > SHOWN + 1) {
			more_line(t, what, all - shown);
			return;
		}
		change_line(t, d, c);
		explain(t, c);
		shown++;
	}
}

static void group_lines(struct text *t, const struct diff *d, enum group g, bool verbose)
{
	static const enum diff_what order[] = { DIFF_ROUTE,   DIFF_PEER,    DIFF_FLOW,
						DIFF_FINDING, DIFF_ADDRESS, DIFF_LINK };
	uint32_t all = 0;
	struct line l;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		all += count(d, g, order[i]);
	if (!all)
		return;
	line_init(&l);
	line_paint(&l, PAINT_BOLD, "%s", titles[g]);
	line_emit(t, &l);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		sort_lines(t, d, g, order[i], verbose);
}

/* ---- around them ---- */

static void day_text(const struct digest_node *n, uint64_t ns, const char *fmt, char *buf,
		     size_t size)
{
	time_t sec = (time_t)(((int64_t)ns + n->wall_offset_ns) / (int64_t)NS_PER_S);
	struct tm tm;

	localtime_r(&sec, &tm);
	strftime(buf, size, fmt, &tm);
}

static void side_line(struct text *t, const char *side, const struct digest *all)
{
	for (uint32_t i = 0; i < all->cnt; i++) {
		const struct digest_node *n = &all->node[i];
		char from[32] = "?", to[32] = "?";
		struct line l;

		if (n->begin_ns)
			day_text(n, n->begin_ns, "%F %T", from, sizeof(from));
		if (n->end_ns)
			day_text(n, n->end_ns, "%T", to, sizeof(to));
		line_init(&l);
		line_add(&l, "%-7s %s  %s - %s  %llu packets", side,
			 n->name[0] ? n->name : "(no name)", from, to,
			 (unsigned long long)n->summary.seen);
		line_emit(t, &l);
	}
}

static void doubt_lines(struct text *t, const struct diff *d)
{
	for (int i = 0; i < DOUBT_MAX; i++) {
		const struct diff_reason *r = &d->doubt[i];
		char more[40] = "";

		if (!r->cnt)
			continue;
		if (r->cnt > 1)
			snprintf(more, sizeof(more), " (and %u more)", r->cnt - 1);
		text_wrap(t, 2, "-", r->text);
		if (*more)
			text_wrap(t, 2, "", more + 1);
	}
}

/* Its first words say the verdict, and are coloured; where it takes several lines, it is not. */
static void head_lines(struct text *t, const struct diff *d)
{
	size_t n = strcspn(d->head, ":,"), word = strcspn(d->head, " ");
	char first[40];
	struct line l;

	line_init(&l);
	if (text_cols(d->head) > text_width(t)) {
		snprintf(first, sizeof(first), "%.*s", (int)word, d->head);
		text_wrap(t, 0, first, d->head + word);
		return;
	}
	line_paint(&l,
		   d->exit_status == 0 ? PAINT_GREEN :
		   d->exit_status == 1 ? PAINT_RED :
					 PAINT_BOLD,
		   "%.*s", (int)n, d->head);
	line_add(&l, "%s", d->head + n);
	line_emit(t, &l);
}

static void body(struct text *t, const struct diff *d, bool verbose)
{
	struct line l;

	line_init(&l);
	side_line(t, "BEFORE", d->before);
	side_line(t, "AFTER", d->after);
	for (int g = 0; g < GROUP_MAX; g++)
		if (g != GROUP_REST || verbose)
			group_lines(t, d, g, verbose);
	if (d->only_after) {
		line_add(&l, "%s%s in AFTER only", d->newcomer,
			 d->only_after > 1 ? " and others are" : " is");
		line_emit(t, &l);
	}
	if (d->verdict == DIFF_CANNOT_SAY || d->doubt[DOUBT_LISTS].cnt) {
		line_add(&l, "missing to say more:");
		line_emit(t, &l);
		doubt_lines(t, d);
	}
	if (d->next[0])
		text_wrap(t, 6, "next:", d->next);
}

int render_diff_text(const struct render_opts *ro, const struct diff *d, bool verbose)
{
	struct text *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->r.opts = *ro;
	head_lines(t, d);
	if (!ro->quiet)
		body(t, d, verbose);
	err = t->r.err;
	free(t);
	return err;
}
