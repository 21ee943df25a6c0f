// SPDX-License-Identifier: GPL-2.0-only
/* The table of `live --top`: packets by block and verdict, and as many columns as there is room for. */
#include <stdio.h>
#include <string.h>

#include "top_draw.h"
#include "util.h"

#define WIDE 120
#define LATELY 10

enum column {
	COL_BLOCK,
	COL_VERDICT,
	COL_PACKETS,
	COL_RATE,
	COL_SPARK,
	COL_LAST,
	COL_DEV,
	COL_APPS,
	COL_ENDS,
	COLUMNS
};

struct layout {
	int at[COLUMNS], width[COLUMNS]; /* width 0: there is no room for it */
};

/* The last minute takes what the others leave, up to a second a column. */
static struct layout make_layout(int cols)
{
	static const int fixed[] = { 19, 15, 8, 6 };
	static const int extra[] = { 8, 16, 24 };
	struct layout l = { 0 };
	int at = 1, c;

	for (c = COL_BLOCK; c <= COL_RATE; c++) {
		l.at[c] = at;
		l.width[c] = fixed[c] - 1;
		at += fixed[c];
	}
	l.at[COL_SPARK] = at;
	l.width[COL_SPARK] = cols - at > 60 ? 60 : cols - at > 30 && cols < WIDE ? 30 : cols - at;
	if (l.width[COL_SPARK] < 10)
		l.width[COL_SPARK] = 0;
	at += l.width[COL_SPARK] + 2;
	for (c = COL_LAST; c <= COL_APPS && at + extra[c - COL_LAST] <= cols; c++) {
		l.at[c] = at;
		l.width[c] = extra[c - COL_LAST] - 1;
		at += extra[c - COL_LAST];
	}
	if (c == COL_ENDS && at + 16 <= cols) {
		l.at[c] = at;
		l.width[c] = cols - at;
	}
	return l;
}

static void draw_head(struct canvas *c, const struct layout *l, uint32_t from, uint32_t shown)
{
	static const char *const names[COLUMNS] = {
		[COL_BLOCK] = "BLOCK", [COL_VERDICT] = "VERDICT", [COL_PACKETS] = "PACKETS",
		[COL_RATE] = "  NOW",  [COL_SPARK] = "LAST 60 S", [COL_LAST] = "SEEN",
		[COL_DEV] = "DEVICE",  [COL_APPS] = "OF THESE",	  [COL_ENDS] = "LATEST",
	};
	int row = c->row++, col = 0;
	char words[80];

	for (int i = 0; i < COLUMNS; i++)
		if (l->width[i])
			col = top_put(c->f, row, l->at[i], l->width[i], TOP_BOLD, names[i]);
	snprintf(words, sizeof(words), "by %s%s", top_sort_name(c->ui->sort),
		 c->ui->reverse ? ", reversed" : "");
	if (shown < c->list.row_cnt)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), ", %u-%u of %u",
			 from + 1, from + shown, c->list.row_cnt);
	if (col + 2 + (int)strlen(words) <= c->f->cols)
		top_printf(c->f, row, c->f->cols - (int)strlen(words), TOP_DIM, "%s", words);
}

/* "now" is packets a second; below ten, tenths tell more than zeros */
static void rate_words(const struct top_row *r, uint64_t now_ns, char buf[TOP_WORD_LEN])
{
	uint64_t sum = top_row__recent(r, now_ns, LATELY);

	if (!sum)
		snprintf(buf, TOP_WORD_LEN, "-");
	else if (sum < 100)
		snprintf(buf, TOP_WORD_LEN, "%u.%u", (unsigned int)(sum / LATELY),
			 (unsigned int)(sum % LATELY));
	else
		top_count(sum / LATELY, buf);
}

static void draw_more(struct canvas *c, const struct layout *l, const struct top_row *r)
{
	char words[400];

	if (l->width[COL_LAST]) {
		top_span(c->m->now_ns > r->last_ns ? c->m->now_ns - r->last_ns : 0, words);
		top_put(c->f, c->row, l->at[COL_LAST], l->width[COL_LAST], TOP_PLAIN,
			r->last_ns ? words : "");
	}
	if (l->width[COL_DEV])
		top_put(c->f, c->row, l->at[COL_DEV], l->width[COL_DEV], TOP_PLAIN, r->dev);
	top_apps(r->apps, words, sizeof(words));
	if (l->width[COL_APPS])
		top_put(c->f, c->row, l->at[COL_APPS], l->width[COL_APPS], TOP_PLAIN, words);
	top_ends(r, c->ui->numeric, words, sizeof(words));
	if (l->width[COL_ENDS])
		top_put(c->f, c->row, l->at[COL_ENDS], l->width[COL_ENDS], TOP_PLAIN, words);
}

static void draw_row(struct canvas *c, const struct layout *l, uint16_t idx)
{
	const struct top_row *r = &c->m->row[idx];
	bool bad = verdict_is_problem(r->verdict);
	bool idle = !top_row__recent(r, c->m->now_ns, TOP_SECONDS - 4) &&
		    !top_row__at(r, c->m->now_ns, 0);
	char words[400], block[PREFIX_STRLEN];

	c->f->chosen = top_chosen(c, true, idx) ? c->row : -1;
	if (c->f->chosen >= 0)
		top_fill(c->f, c->row, 0, TOP_CHOSEN);
	top_put(c->f, c->row, l->at[COL_BLOCK], l->width[COL_BLOCK], idle ? TOP_DIM : TOP_PLAIN,
		top_block(r, block));
	top_put(c->f, c->row, l->at[COL_VERDICT], l->width[COL_VERDICT],
		idle ? TOP_DIM :
		bad  ? TOP_BAD :
		       TOP_GOOD,
		verdict_name(r->verdict));
	top_count(r->packets + r->withheld, words);
	top_printf(c->f, c->row, l->at[COL_PACKETS], TOP_PLAIN, "%7s", words);
	rate_words(r, c->m->now_ns, words);
	top_printf(c->f, c->row, l->at[COL_RATE], idle ? TOP_DIM : TOP_PLAIN, "%5s", words);
	top_spark(r, c->m->now_ns, l->width[COL_SPARK], c->ui->blocks, words, sizeof(words));
	if (l->width[COL_SPARK])
		top_put_clean(c->f, c->row, l->at[COL_SPARK], l->width[COL_SPARK],
			      bad ? TOP_BAD : TOP_GOOD, words);
	draw_more(c, l, r);
	c->f->chosen = -1;
	c->row++;
}

void top_table(struct canvas *c, int room)
{
	struct layout l = make_layout(c->f->cols);
	uint32_t cnt = c->list.row_cnt, from = 0, shown = room > 1 ? (uint32_t)room - 1 : 0;

	if (room < 2)
		return;
	shown = shown < cnt ? shown : cnt;
	for (uint32_t i = 0; c->ui->on_row && i < cnt; i++)
		if (top_chosen(c, true, c->list.row[i]) && i >= shown)
			from = i - shown + 1;
	draw_head(c, &l, from, shown);
	for (uint32_t i = from; i < from + shown; i++)
		draw_row(c, &l, c->list.row[i]);
	if (!cnt)
		top_put(c->f, c->row++, 1, c->f->cols, TOP_DIM,
			c->ui->filter[0] || c->ui->problems_only ?
				"nothing that the filter lets through (Esc drops it, p: everything)" :
				"no packet that matches has passed yet: silence is not health");
}
