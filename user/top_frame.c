// SPDX-License-Identifier: GPL-2.0-only
#include "top_frame.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static int within(int n, int min, int max)
{
	return n < min ? min : n > max ? max : n;
}

int top_frame__size(struct top_frame *f, int rows, int cols)
{
	struct top_cell *cell;

	rows = within(rows, TOP_MIN_ROWS, TOP_MAX_ROWS);
	cols = within(cols, TOP_MIN_COLS, TOP_MAX_COLS);
	cell = calloc((size_t)rows * (size_t)cols, sizeof(*cell));
	if (!cell)
		return -ENOMEM;
	free(f->cell);
	f->cell = cell;
	f->rows = rows;
	f->cols = cols;
	top_frame__clear(f);
	return 0;
}

void top_frame__free(struct top_frame *f)
{
	free(f->cell);
	f->cell = NULL;
}

void top_frame__clear(struct top_frame *f)
{
	f->chosen = -1;
	for (int i = 0; i < f->rows * f->cols; i++)
		f->cell[i] = (struct top_cell){ .s = " ", .style = TOP_PLAIN };
}

static struct top_cell *cell_at(struct top_frame *f, int row, int col)
{
	if (row < 0 || row >= f->rows || col < 0 || col >= f->cols)
		return NULL;
	return &f->cell[row * f->cols + col];
}

/* Octets of the character that begins there */
static size_t char_len(const char *s)
{
	size_t n = 1;

	while (n < 4 && (s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void set_cell(struct top_frame *f, int row, int col, enum top_style style, const char *s,
		     size_t len)
{
	struct top_cell *c = cell_at(f, row, col);

	if (!c)
		return;
	if (f->ascii && len > 1) {
		/* an ellipsis of ours is the one that is common */
		s = len == 3 && !memcmp(s, "…", 3) ? "~" : "?";
		len = 1;
	}
	memset(c->s, 0, sizeof(c->s));
	memcpy(c->s, s, len);
	c->style = (uint8_t)(row == f->chosen ? TOP_CHOSEN : style);
}

int top_put_clean(struct top_frame *f, int row, int col, int width, enum top_style style,
		  const char *text)
{
	int cols = (int)text_cols(text), end;

	if (width > f->cols - col)
		width = f->cols - col;
	if (width <= 0)
		return col;
	end = col + (cols > width ? width - 1 : cols);
	for (; col < end; col++) {
		size_t len = char_len(text);

		set_cell(f, row, col, style, text, len);
		text += len;
	}
	if (cols > width)
		set_cell(f, row, col++, style, "…", 3);
	return col;
}

int top_put(struct top_frame *f, int row, int col, int width, enum top_style style,
	    const char *text)
{
	char clean[2048];

	text_clean(clean, sizeof(clean), text);
	return top_put_clean(f, row, col, width, style, clean);
}

int top_printf(struct top_frame *f, int row, int col, enum top_style style, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return top_put(f, row, col, f->cols - col, style, text);
}

void top_fill(struct top_frame *f, int row, int col, enum top_style style)
{
	for (; col < f->cols; col++)
		set_cell(f, row, col, style, " ", 1);
}

void top_frame__line(const struct top_frame *f, int row, char *buf, size_t size)
{
	size_t len = 0, end = 0;

	for (int col = 0; col < f->cols; col++) {
		const char *s = f->cell[row * f->cols + col].s;
		size_t n = strlen(s);

		if (len + n >= size)
			break;
		memcpy(buf + len, s, n);
		len += n;
		if (*s != ' ')
			end = len;
	}
	buf[end] = '\0';
}

size_t top_wrap(const char *words, int cols, const char **next)
{
	const char *p = words, *blank = NULL;
	size_t len;

	for (int col = 0; *p && *p != '\n' && col < cols; col++) {
		if (*p == ' ')
			blank = p;
		p += char_len(p);
	}
	if (*p && *p != '\n' && *p != ' ' && blank)
		p = blank;
	len = (size_t)(p - words);
	while (*p == ' ')
		p++;
	*next = p + (*p == '\n');
	return len;
}

int top_wrap_lines(const char *words, int cols)
{
	int n = 0;

	for (; *words; n++)
		top_wrap(words, cols > 0 ? cols : 1, &words);
	return n;
}
