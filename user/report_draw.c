// SPDX-License-Identifier: GPL-2.0-only
/*
 * The drawing of two ways that part: boxes and arrows, across or down. What was taken is drawn in
 * full, with a cross at its end; what should have been taken is dashed.
 */
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "report_priv.h"
#include "report_way.h"
#include "util.h"

#define SUB_LINES 2
#define LINE_LEN 64

struct layout {
	bool down;
	int box_w, box_h, gap; /* along the way: gap */
	int lane[3];	       /* across it: where both, the taken and the expected way are */
	int width, height;
	uint32_t title_cols, sub_cols;
};

struct place {
	int x, y;
};

static struct layout layout_of(const struct ways *w, bool down)
{
	uint32_t steps = w->took.cnt > w->should.cnt ? w->took.cnt : w->should.cnt;
	struct layout l = { .down = down };

	l.box_w = down ? 158 : 136;
	l.box_h = 62;
	l.gap = down ? 24 : 26;
	l.title_cols = down ? 19 : 16;
	l.sub_cols = down ? 24 : 21;
	if (down) {
		l.lane[0] = 85;
		l.lane[1] = 0;
		l.lane[2] = 170;
		l.width = 328;
		l.height = (int)steps * (l.box_h + l.gap) + 22;
	} else {
		l.lane[0] = 62;
		l.lane[1] = 108;
		l.lane[2] = 16;
		l.width = (int)steps * (l.box_w + l.gap) - l.gap + 2;
		l.height = 192;
	}
	return l;
}

/* lane: 0 both, 1 taken, 2 expected */
static struct place place_of(const struct layout *l, uint32_t step, int lane)
{
	if (l->down)
		return (struct place){ l->lane[lane] + 1,
				       (int)step * (l->box_h + l->gap) + (lane ? 22 : 1) };
	return (struct place){ (int)step * (l->box_w + l->gap) + 1, l->lane[lane] };
}

/* ---- text in boxes ---- */

static size_t next_char(const char *s, size_t i)
{
	do
		i++;
	while ((s[i] & 0xc0) == 0x80);
	return i;
}

/* As much of s as fits in cols, to the last blank if the rest goes on in another line */
static const char *take_line(const char *s, uint32_t cols, bool last, char out[LINE_LEN * 4])
{
	size_t i = 0, blank = 0, cut;
	uint32_t n = 0;

	while (s[i] && n < cols) {
		if (s[i] == ' ')
			blank = i;
		i = next_char(s, i);
		n++;
	}
	cut = !s[i] ? i : blank && !last ? blank : i;
	if (cut >= LINE_LEN * 4 - 4)
		cut = 0;
	memcpy(out, s, cut);
	out[cut] = '\0';
	if (s[cut] && last) {
		/* room for the ellipsis */
		while (cut && (out[cut - 1] & 0xc0) == 0x80)
			cut--;
		memcpy(out + (cut ? cut - 1 : 0), "\xe2\x80\xa6", 4);
		return s + strlen(s);
	}
	s += cut;
	return *s == ' ' ? s + 1 : s;
}

static void text_line(struct html *h, const char *cls, int x, int y, const char *text)
{
	html_lit(h, "<text class=\"");
	html_lit(h, cls);
	html_num(h, "\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", x, y);
	html_text(h, text);
	html_lit(h, "</text>");
}

static void box_text(struct html *h, const struct layout *l, const struct place *at,
		     const struct step *st)
{
	char line[LINE_LEN * 4], clean[4 * sizeof(st->title)];
	int x = at->x + l->box_w / 2, y = at->y + 20;
	const char *rest;

	text_clean(clean, sizeof(clean), st->title);
	take_line(clean, l->title_cols, true, line);
	text_line(h, "bt", x, y, line);
	text_clean(clean, sizeof(clean), st->sub);
	rest = clean;
	for (int i = 0; i < SUB_LINES && *rest; i++) {
		rest = take_line(rest, l->sub_cols, i == SUB_LINES - 1, line);
		text_line(h, "bs", x, y + 16 + 14 * i, line);
	}
}

static const char *box_class(const struct step *st, int lane)
{
	if (st->kind == STEP_LOST || st->kind == STEP_QUERY)
		return "bx lostbox";
	return lane == 1 ? "bx took" : lane == 2 ? "bx should" : "bx";
}

static void box(struct html *h, const struct layout *l, const struct step *st, uint32_t i, int lane)
{
	struct place at = place_of(l, i, lane);

	html_lit(h, "<rect class=\"");
	html_lit(h, box_class(st, lane));
	html_num(h, "\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", at.x, at.y,
		 l->box_w, l->box_h, st->kind == STEP_END ? 18 : 5);
	box_text(h, l, &at, st);
	if (st->kind != STEP_LOST && st->kind != STEP_QUERY)
		return;
	html_num(h, "<circle class=\"x\" cx=\"%d\" cy=\"%d\" r=\"9\"/>", at.x + l->box_w - 4,
		 at.y + 4);
	text_line(h, "xt", at.x + l->box_w - 4, at.y + 8, st->kind == STEP_LOST ? "\xc3\x97" : "?");
}

/* From one box to the next; a bend where the ways part */
static void arrow(struct html *h, const struct layout *l, struct place a, struct place b, int lane)
{
	const char *cls = lane == 1 ? "ar took" : lane == 2 ? "ar should" : "ar";

	html_lit(h, "<path class=\"");
	html_lit(h, cls);
	if (l->down) {
		int x1 = a.x + l->box_w / 2, y1 = a.y + l->box_h, x2 = b.x + l->box_w / 2;

		html_num(h, "\" d=\"M%d %dV%dH%dV%d\"/>", x1, y1, (y1 + b.y - 7) / 2, x2, b.y - 6);
		html_lit(h, "<path class=\"");
		html_lit(h, lane == 1 ? "hd took" : lane == 2 ? "hd should" : "hd");
		html_num(h, "\" d=\"M%d %dl-4 -7h8z\"/>", x2, b.y - 1);
		return;
	}
	html_num(h, "\" d=\"M%d %dH%dV%dH%d\"/>", a.x + l->box_w, a.y + l->box_h / 2,
		 (a.x + l->box_w + b.x - 5) / 2, b.y + l->box_h / 2, b.x - 6);
	html_lit(h, "<path class=\"");
	html_lit(h, lane == 1 ? "hd took" : lane == 2 ? "hd should" : "hd");
	html_num(h, "\" d=\"M%d %dl-7 -4v8z\"/>", b.x - 1, b.y + l->box_h / 2);
}

static void draw_way(struct html *h, const struct layout *l, const struct way *w, uint32_t from,
		     int lane)
{
	for (uint32_t i = from; i < w->cnt; i++) {
		if (i)
			arrow(h, l, place_of(l, i - 1, i == from ? 0 : lane), place_of(l, i, lane),
			      lane);
		box(h, l, &w->step[i], i, lane);
	}
}

/* Where the ways part, and which is which */
static void labels(struct html *h, const struct layout *l, const struct ways *w)
{
	struct place at;

	if (w->common < w->should.cnt) {
		at = place_of(l, w->common, 2);
		if (l->down)
			text_line(h, "ls start", at.x + l->box_w / 2 + 9, at.y - 8, "expected");
		else
			text_line(h, "ls start", at.x, at.y - 5, "expected");
	}
	if (w->common < w->took.cnt) {
		at = place_of(l, w->common, 1);
		if (l->down)
			text_line(h, "lt end", at.x + l->box_w / 2 - 9, at.y - 8, "taken");
		else
			text_line(h, "lt start", at.x, at.y - 4 + l->box_h + 18, "taken");
	}
	if (!w->common)
		return;
	at = place_of(l, w->common - 1, 0);
	if (l->down)
		html_num(h, "<circle class=\"part\" cx=\"%d\" cy=\"%d\" r=\"4\"/>",
			 at.x + l->box_w / 2, at.y + l->box_h);
	else
		html_num(h, "<circle class=\"part\" cx=\"%d\" cy=\"%d\" r=\"4\"/>", at.x + l->box_w,
			 at.y + l->box_h / 2);
}

static void words_of(struct html *h, const struct way *w)
{
	for (uint32_t i = 0; i < w->cnt; i++)
		html_textf(h, "%s%s%s%s%s", i ? "; " : "", w->step[i].title,
			   w->step[i].sub[0] ? " (" : "", w->step[i].sub,
			   w->step[i].sub[0] ? ")" : "");
}

static void draw(struct html *h, const struct ways *w, bool down)
{
	struct layout l = layout_of(w, down);
	uint32_t id = html_id(h);

	html_lit(h, down ? "<svg role=\"img\" class=\"way down\"" :
			   "<svg role=\"img\" class=\"way across\"");
	html_num(h, " viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" ", l.width + 6, l.height,
		 l.width + 6, l.height);
	html_num(h, "aria-labelledby=\"t%u d%u\"><title id=\"t%u\">", id, id, id);
	html_lit(h, "The way that the packet took, and the way that it should have taken</title>");
	html_num(h, "<desc id=\"d%u\">Taken: ", id);
	words_of(h, &w->took);
	html_lit(h, ". Expected: ");
	words_of(h, &w->should);
	html_lit(h, ".</desc>");
	for (uint32_t i = 0; i < w->common; i++) {
		if (i)
			arrow(h, &l, place_of(&l, i - 1, 0), place_of(&l, i, 0), 0);
		box(h, &l, &w->took.step[i], i, 0);
	}
	draw_way(h, &l, &w->should, w->common, 2);
	draw_way(h, &l, &w->took, w->common, 1);
	labels(h, &l, w);
	html_lit(h, "</svg>\n");
}

void ways_draw(struct html *h, const struct ways *w)
{
	draw(h, w, false);
	draw(h, w, true);
}
