// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture of `live --top`. From the top: who and when, the one line that says how it stands, what
 * is wrong without any traffic, findings with their sentences, the table, what was lost, the keys.
 * The findings get their lines first, but never all: traffic that fares well is news as well.
 */
#include <stdio.h>
#include <string.h>

#include "top_page.h"
#include "util.h"

#define WIDE 120
#define TALL 32
#define MESSAGE_NS (15 * NS_PER_S)
#define LATELY 10
#define SENTENCE_MAX 110

struct canvas {
	struct top_frame *f;
	struct top_ui *ui;
	const struct top_model *m, *live;
	struct top_list list;
	int row; /* the next one to be drawn */
};

/* ---- head and foot ---- */

static void draw_title(struct canvas *c)
{
	char up[TOP_WORD_LEN], at[TOP_WORD_LEN], right[80];
	const struct top_model *m = c->live;
	int col;

	top_fill(c->f, 0, 0, TOP_BAR);
	if (c->ui->frozen)
		snprintf(right, sizeof(right), "FROZEN at %s ", top_clock(c->m, c->m->now_ns, at));
	else
		snprintf(right, sizeof(right), "%s ", top_clock(m, m->now_ns, at));
	col = top_printf(c->f, 0, 1, TOP_BAR, "calitrace %s on %s", m->version, m->node);
	top_printf(c->f, 0, col, TOP_BAR, "   for %s   %u devices, %u pool%s   ",
		   top_span(m->now_ns - m->start_ns, up), m->iface_cnt, m->pool_cnt,
		   m->pool_cnt == 1 ? "" : "s");
	top_printf(c->f, 0, c->f->cols - (int)text_cols(right), TOP_BAR, "%s", right);
}

/* The line that is read first */
static void draw_state(struct canvas *c)
{
	uint32_t worst, recovered, open = top_model__open(c->m, &recovered);
	uint32_t bad = top_model__bad_checks(c->m, &worst);
	char n[TOP_WORD_LEN], span[TOP_WORD_LEN];
	int row = c->row++, col;

	if (open || worst) {
		col = top_put(c->f, row, 0, 20, TOP_BAD, "PROBLEM ");
		col = top_printf(c->f, row, col, TOP_BOLD, "%u finding%s open", open,
				 open == 1 ? "" : "s");
		if (recovered)
			col = top_printf(c->f, row, col, TOP_PLAIN, ", %u recovered", recovered);
		if (bad)
			col = top_printf(c->f, row, col, TOP_PLAIN, "; %u of %u checks are not ok",
					 bad, c->m->check_cnt);
	} else if (!c->m->packets) {
		col = top_put(c->f, row, 0, 20, TOP_WARN, "CANNOT SAY ");
		col = top_put(c->f, row, col, c->f->cols, TOP_PLAIN, "no matching packet yet");
	} else {
		col = top_put(c->f, row, 0, 20, TOP_GOOD, "no open problem ");
		col = top_printf(c->f, row, col, TOP_PLAIN, "in %s packets",
				 top_count(c->m->packets, n));
		if (recovered)
			col = top_printf(c->f, row, col, TOP_PLAIN, "; %u finding%s recovered",
					 recovered, recovered == 1 ? "" : "s");
		if (bad)
			col = top_printf(c->f, row, col, TOP_WARN, "; %u check%s warn%s", bad,
					 bad == 1 ? "" : "s", bad == 1 ? "s" : "");
	}
	if (c->m->silence_ns && c->m->packets)
		top_printf(c->f, row, col, TOP_WARN, "; no packet for %s",
			   top_span(c->m->silence_ns, span));
}

/* The worst of them, a line each, the last one for how many more there are */
static void draw_checks(struct canvas *c)
{
	static const enum check_state order[] = { CHECK_PROBLEM, CHECK_WARN };
	uint32_t worst, bad = top_model__bad_checks(c->m, &worst), shown = 0;
	uint32_t max = c->f->rows >= TALL ? 8 : c->f->rows >= 20 ? 3 : 1;

	for (size_t s = 0; s < ARRAY_SIZE(order); s++) {
		for (uint32_t i = 0; i < c->m->check_cnt; i++) {
			const struct check *k = &c->m->check[i];
			bool is_bad = k->state == CHECK_PROBLEM;

			if (k->state != order[s] || shown >= max)
				continue;
			shown++;
			top_put(c->f, c->row, 0, 8, is_bad ? TOP_BAD : TOP_WARN,
				check_state_name(k->state));
			top_put(c->f, c->row, 9, 16, TOP_BOLD, k->name);
			top_put(c->f, c->row++, 26, c->f->cols, TOP_PLAIN, k->explain);
		}
	}
	if (bad > shown)
		top_printf(c->f, c->row++, 9, TOP_DIM, "and %u more: c tells all, and what to do",
			   bad - shown);
}

static const struct top_change *latest_change(const struct top_model *m)
{
	const struct top_change *latest = &m->change[0];

	for (uint32_t i = 1; i < TOP_CHANGES && i < m->change_cnt; i++)
		if (m->change[i].ts_ns > latest->ts_ns)
			latest = &m->change[i];
	return latest;
}

static void draw_losses(struct canvas *c)
{
	const struct top_model *m = c->live;
	bool lossy = m->lost || m->withheld;
	char seen[TOP_WORD_LEN], bad[TOP_WORD_LEN], at[TOP_WORD_LEN];
	int row = c->f->rows - 2, col;

	col = top_printf(c->f, row, 0, TOP_PLAIN, "%s packets, ", top_count(m->packets, seen));
	col = top_printf(c->f, row, col, m->problems ? TOP_BAD : TOP_PLAIN, "%s problems",
			 top_count(m->problems, bad));
	col = top_put(c->f, row, col, 4, TOP_PLAIN, "; ");
	col = top_printf(c->f, row, col, lossy ? TOP_WARN : TOP_PLAIN, "%llu lost, %llu withheld",
			 (unsigned long long)m->lost, (unsigned long long)m->withheld);
	if (m->message[0] && m->now_ns < m->message_ns + MESSAGE_NS)
		top_printf(c->f, row, col + 2, TOP_BOLD, "%s", m->message);
	else if (lossy)
		top_put(c->f, row, col, c->f->cols, TOP_WARN, ": not everything was seen");
	else if (c->ui->filter[0] || c->ui->problems_only)
		top_printf(c->f, row, col + 2, TOP_DIM, "%s%s%s",
			   c->ui->problems_only ? "problems only (p)" : "",
			   c->ui->problems_only && c->ui->filter[0] ? ", " : "",
			   c->ui->filter[0] ? "filtered (/)" : "");
	else if (m->change_cnt)
		top_printf(c->f, row, col + 2, TOP_DIM, "%s %s (e)",
			   top_clock(m, latest_change(m)->ts_ns, at), latest_change(m)->text);
}

static void draw_keys(struct canvas *c)
{
	static const char *const help[] = {
		" Enter open  s sort  / filter  p problems  space freeze  c checks  h help  q quit",
		" Enter open  s sort  / filter  p problems  space freeze  h help  q quit",
		" h help  q quit",
	};
	static const char *const pages[] = {
		" Esc back  up, down scroll  c checks  e events  h help  Q quit",
		" Esc back  h help  Q quit",
	};
	const char *const *words = c->ui->page == TOP_PAGE_MAIN ? help : pages;
	size_t cnt = c->ui->page == TOP_PAGE_MAIN ? ARRAY_SIZE(help) : ARRAY_SIZE(pages), i = 0;
	int row = c->f->rows - 1;

	top_fill(c->f, row, 0, TOP_BAR);
	if (c->ui->typing) {
		top_printf(c->f, row, 0, TOP_BAR, " filter: %s_   (Enter keeps it, Esc drops it)",
			   c->ui->filter);
		return;
	}
	while (i + 1 < cnt && (int)strlen(words[i]) > c->f->cols)
		i++;
	top_put(c->f, row, 0, c->f->cols, TOP_BAR, words[i]);
}

/* ---- findings ---- */

static bool is_chosen(const struct canvas *c, bool row, uint32_t id)
{
	return c->ui->on_row == row && (row ? c->ui->row : c->ui->finding) == id;
}

/* Before a key was pressed, the first line is the chosen one. */
static void settle_choice(struct canvas *c)
{
	const struct top_list *l = &c->list;
	bool there = false;

	for (uint32_t i = 0; i < l->finding_cnt; i++)
		there |= c->ui->moved && is_chosen(c, false, l->finding[i]);
	for (uint32_t i = 0; i < l->row_cnt; i++)
		there |= c->ui->moved && is_chosen(c, true, l->row[i]);
	if (there)
		return;
	c->ui->on_row = !l->finding_cnt;
	c->ui->finding = l->finding_cnt ? l->finding[0] : 0;
	c->ui->row = l->row_cnt ? l->row[0] : 0;
}

#define SENTENCE_COL 4

/* Longer lines are hard to read. */
static int sentence_cols(const struct canvas *c)
{
	int cols = c->f->cols - SENTENCE_COL;

	return cols < SENTENCE_MAX ? cols : SENTENCE_MAX;
}

/* "what is wrong." and, where there is room, "Do: ..." */
static void finding_words(const struct finding *f, char *buf, size_t size)
{
	text_clean(buf, size, f->explain);
	if (f->advice[0] && !f->recovered) {
		size_t len = strlen(buf);

		if (len + 8 < size) {
			memcpy(buf + len, "\ndo: ", 6);
			text_clean(buf + len + 5, size - len - 5, f->advice);
		}
	}
}

static void draw_finding(struct canvas *c, const struct finding *f, int lines)
{
	bool chosen = is_chosen(c, false, f->id);
	char head[200], words[2048], n[TOP_WORD_LEN];
	const char *p = words, *next;
	int col;

	c->f->chosen = chosen ? c->row : -1;
	if (chosen)
		top_fill(c->f, c->row, 0, TOP_CHOSEN);
	top_finding_head(f, head, sizeof(head));
	top_printf(c->f, c->row, 0, TOP_BOLD, "%2u", f->id);
	col = top_put(c->f, c->row, 3, c->f->cols, f->recovered ? TOP_GOOD : TOP_BAD,
		      f->recovered ? "RECOVERED  " : "");
	col = top_put(c->f, c->row, col, c->f->cols - col, f->recovered ? TOP_PLAIN : TOP_BAD,
		      head);
	if (f->packets)
		top_printf(c->f, c->row, col, TOP_PLAIN, "  %s packet%s", top_count(f->packets, n),
			   f->packets == 1 ? "" : "s");
	c->f->chosen = -1;
	c->row++;
	finding_words(f, words, sizeof(words));
	for (int i = 0; i < lines && *p; i++) {
		size_t len = top_wrap(p, sentence_cols(c), &next);
		bool cut = i + 1 == lines && *next;

		top_printf(c->f, c->row++, SENTENCE_COL, TOP_PLAIN, "%.*s%s",
			   (int)(cut && len > 4 ? len - 1 : len), p, cut ? "…" : "");
		p = next;
	}
}

static int finding_lines(const struct canvas *c, const struct finding *f)
{
	char words[2048];

	finding_words(f, words, sizeof(words));
	return top_wrap_lines(words, sentence_cols(c));
}

static int place_of_finding(const struct canvas *c)
{
	for (uint32_t i = 0; i < c->list.finding_cnt; i++)
		if (is_chosen(c, false, c->list.finding[i]))
			return (int)i;
	return 0;
}

/* Each gets its first line; what room is left goes to sentences, the chosen one's first. */
static void draw_some_findings(struct canvas *c, int from, int cnt, int spare)
{
	int lines[TOP_FINDINGS] = { 0 }, at = place_of_finding(c);

	for (int pass = 0; pass < 2; pass++) {
		for (int i = from; i < from + cnt && spare > 0; i++) {
			const struct finding *f = c->m->finding[c->list.finding[i] - 1];

			if (pass == (i == at))
				continue;
			lines[i] = finding_lines(c, f);
			if (f->recovered && lines[i] > 2 && i != at)
				lines[i] = 2;
			lines[i] = lines[i] < spare ? lines[i] : spare;
			spare -= lines[i];
		}
	}
	for (int i = from; i < from + cnt; i++)
		draw_finding(c, c->m->finding[c->list.finding[i] - 1], lines[i]);
}

static void draw_findings(struct canvas *c, int room)
{
	int cnt = (int)c->list.finding_cnt, from = 0, heads, at = place_of_finding(c);
	uint32_t more = c->m->finding_more;

	if (!cnt || room < 2)
		return;
	heads = cnt < room - 1 ? cnt : room - 1;
	/* the first one's sentence is worth more than the last one's line */
	if (heads > 1 && heads == room - 1)
		heads = heads > 4 ? heads - 3 : heads > 2 ? heads - 1 : heads;
	if (at >= heads)
		from = at - heads + 1;
	if (heads < cnt || more)
		top_printf(c->f, c->row++, 0, TOP_BOLD, "FINDINGS  %d to %d of %u", from + 1,
			   from + heads, (uint32_t)cnt + more);
	else
		top_printf(c->f, c->row++, 0, TOP_BOLD, "FINDINGS");
	draw_some_findings(c, from, heads, room - 1 - heads);
}

/* ---- the table ---- */

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

	c->f->chosen = is_chosen(c, true, idx) ? c->row : -1;
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

static void draw_table(struct canvas *c, int room)
{
	struct layout l = make_layout(c->f->cols);
	uint32_t cnt = c->list.row_cnt, from = 0, shown = room > 1 ? (uint32_t)room - 1 : 0;

	if (room < 2)
		return;
	shown = shown < cnt ? shown : cnt;
	for (uint32_t i = 0; c->ui->on_row && i < cnt; i++)
		if (is_chosen(c, true, c->list.row[i]) && i >= shown)
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

/* What is left below the table is for what happened lately. */
static void draw_events(struct canvas *c, int room)
{
	struct top_ui ui = { .page = TOP_PAGE_CHANGES };
	struct top_text t = { .cols = c->f->cols - 1 };

	if (room < 4 || !c->m->change_cnt)
		return;
	top_put(c->f, c->row + 1, 0, c->f->cols, TOP_BOLD, "EVENTS");
	c->row += 2;
	top_page__make(&t, &ui, c->m);
	for (int i = 0; i < t.cnt && i < room - 2; i++)
		top_put_clean(c->f, c->row++, 1, c->f->cols, TOP_PLAIN, t.line[i].s);
	top_text__free(&t);
}

static void draw_main(struct canvas *c)
{
	int room, table, end = c->f->rows - 2;
	bool airy = c->f->rows >= TALL;

	top_list__build(c->m, c->ui, &c->list);
	settle_choice(c);
	draw_checks(c);
	c->row += airy;
	room = end - c->row;
	/* a third for the table, and more where there are few findings, fewer where there are few rows */
	table = c->list.row_cnt + 1 < (uint32_t)room / 2 ? (int)c->list.row_cnt + 1 : room / 2;
	if (table < 3)
		table = 3;
	if (c->list.finding_cnt)
		draw_findings(c, room - table - airy);
	c->row += airy && c->list.finding_cnt;
	c->ui->page_rows = end - c->row;
	draw_table(c, end - c->row);
	draw_events(c, end - c->row);
}

/* ---- the other pages ---- */

static void draw_page(struct canvas *c)
{
	struct top_text t = { .cols = c->f->cols - 1 };
	int room = c->f->rows - 5, shown;
	char title[300];

	top_page__title(c->ui, c->m, title, sizeof(title));
	top_put(c->f, c->row++, 0, c->f->cols, TOP_BOLD, title);
	c->row++; /* for where one is in a long page */
	top_page__make(&t, c->ui, c->m);
	c->ui->page_rows = room;
	c->ui->scroll_max = t.cnt > room ? t.cnt - room : 0;
	if (c->ui->scroll > c->ui->scroll_max)
		c->ui->scroll = c->ui->scroll_max;
	shown = t.cnt - c->ui->scroll < room ? t.cnt - c->ui->scroll : room;
	for (int i = 0; i < shown; i++)
		top_put_clean(c->f, c->row++, 0, c->f->cols, t.line[c->ui->scroll + i].style,
			      t.line[c->ui->scroll + i].s);
	if (c->ui->scroll_max)
		top_printf(c->f, 2, c->f->cols - 24, TOP_DIM, "line %d to %d of %d",
			   c->ui->scroll + 1, c->ui->scroll + shown, t.cnt);
	top_text__free(&t);
}

void top_draw(struct top_frame *f, struct top_ui *ui, const struct top_model *m,
	      const struct top_model *live)
{
	struct canvas c = { .f = f, .ui = ui, .m = m, .live = live, .row = 1 };

	top_frame__clear(f);
	draw_title(&c);
	if (ui->page == TOP_PAGE_MAIN) {
		draw_state(&c);
		draw_main(&c);
	} else {
		draw_page(&c);
	}
	draw_losses(&c);
	draw_keys(&c);
}
