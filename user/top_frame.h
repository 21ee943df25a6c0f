/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands on the screen of `live --top`, cell by cell: what is drawn, before any terminal has to do
 * with it. Whatever is put there is made safe, and cut at the edge. Pure.
 */
#ifndef CALITRACE_TOP_FRAME_H
#define CALITRACE_TOP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum top_style {
	TOP_PLAIN,
	TOP_BOLD,
	TOP_DIM,
	TOP_BAD,
	TOP_WARN,
	TOP_GOOD,
	TOP_BAR,    /* title and keys */
	TOP_CHOSEN, /* the line under the cursor */
	TOP_STYLES
};

struct top_cell {
	char s[5]; /* one character of UTF-8, terminated */
	uint8_t style;
};

struct top_frame {
	int rows, cols;
	bool ascii;
	int chosen; /* all that is put into that row is TOP_CHOSEN; -1: none */
	struct top_cell *cell;
};

#define TOP_MIN_ROWS 8
#define TOP_MIN_COLS 40
#define TOP_MAX_ROWS 300
#define TOP_MAX_COLS 500

/* Blank; rows and cols are brought between the limits. 0 or -ENOMEM; may be called again. */
int top_frame__size(struct top_frame *f, int rows, int cols);
void top_frame__free(struct top_frame *f);
void top_frame__clear(struct top_frame *f);
/* Puts text at that place, at most width columns of it (what is cut ends with an ellipsis); returns the
 * column behind it. Rows and columns outside are no error. */
int top_put(struct top_frame *f, int row, int col, int width, enum top_style style,
	    const char *text);
/* The same for what is clean already, or our own, as graphics are */
int top_put_clean(struct top_frame *f, int row, int col, int width, enum top_style style,
		  const char *text);
int top_printf(struct top_frame *f, int row, int col, enum top_style style, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The rest of the row from col on, in that style */
void top_fill(struct top_frame *f, int row, int col, enum top_style style);
/* The row as text, blanks at its end left out; for tests. size: 4 octets a column and one more */
void top_frame__line(const struct top_frame *f, int row, char *buf, size_t size);

/* ---- wrapped text ---- */

/*
 * The length in octets of the first line of words, at most cols wide, broken at a blank if there is one;
 * *next is where the following line begins, "" at the end. For text that text_clean() made.
 */
size_t top_wrap(const char *words, int cols, const char **next);
/* How many lines that takes */
int top_wrap_lines(const char *words, int cols);

#endif
