/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How `live --top` is looked at: pages, order, filter, what is chosen; keys in, another state out, and
 * the picture of it. Pure: the terminal is top.c's.
 */
#ifndef CALITRACE_TOP_UI_H
#define CALITRACE_TOP_UI_H

#include "top_frame.h"
#include "top_model.h"

enum top_page {
	TOP_PAGE_MAIN,
	TOP_PAGE_FINDING, /* ui.finding */
	TOP_PAGE_ROW,	  /* ui.row */
	TOP_PAGE_CHECKS,
	TOP_PAGE_CHANGES,
	TOP_PAGE_HELP
};

enum top_sort {
	TOP_BY_TROUBLE, /* problems first, those with the most packets lately before the others */
	TOP_BY_BLOCK,
	TOP_BY_VERDICT,
	TOP_BY_PACKETS,
	TOP_BY_RATE,
	TOP_BY_LAST,
	TOP_SORTS
};

/* Keys: printable characters are themselves. */
enum top_key {
	TOP_KEY_NONE = 0,
	TOP_KEY_BACKSPACE = 8,
	TOP_KEY_TAB = 9,
	TOP_KEY_ENTER = 10,
	TOP_KEY_ESC = 27,
	TOP_KEY_UP = 0x1000,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END
};

#define TOP_FILTER_LEN 64

/* What the main page lists, in its order: numbers of findings (ids) and of rows */
struct top_list {
	uint32_t finding[TOP_FINDINGS], finding_cnt;
	uint16_t row[TOP_ROWS];
	uint32_t row_cnt;
};

struct top_ui {
	enum top_page page, from; /* from: where ESC of a page leads back to */
	enum top_sort sort;
	bool reverse, problems_only;
	char filter[TOP_FILTER_LEN];
	bool typing; /* keys go into the filter */
	bool frozen;
	bool numeric; /* addresses instead of names */
	bool blocks;  /* the terminal has block graphics: not in ASCII, nor on the console */
	bool quit;
	/* the chosen line of the main page: a finding, or a row of the table */
	bool on_row, moved; /* moved: by a key; before that it is the first one, whatever that is */
	uint32_t finding, row;
	int scroll, scroll_max; /* of the other pages, in lines; the maximum is set by drawing */
	int page_rows;		/* lines of what is scrolled, set by drawing */
};

/* The list for the main page: filtered, sorted */
void top_list__build(const struct top_model *m, const struct top_ui *ui, struct top_list *l);
/* Whether the text of a finding, or of a row, has all words of the filter */
bool top_list__finding_fits(const struct finding *f, const char *filter);
bool top_list__row_fits(const struct top_row *r, const char *filter);

/* key: enum top_key or a character of ASCII. m: what is looked at */
void top_ui__key(struct top_ui *ui, const struct top_model *m, int key);
const char *top_sort_name(enum top_sort s);

/*
 * The picture into f. m: what is looked at; live: the model that goes on, the same unless frozen: what
 * is lost now must not be hidden.
 */
void top_draw(struct top_frame *f, struct top_ui *ui, const struct top_model *m,
	      const struct top_model *live);

#endif
