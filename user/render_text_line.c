// SPDX-License-Identifier: GPL-2.0-only
/* Lines of text: built, kept safe and narrow, coloured at the very end. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "render_text.h"

static const char *const paints[] = {
	[PAINT_NONE] = "",	 [PAINT_RED] = "\x1b[1;31m", [PAINT_GREEN] = "\x1b[1;32m",
	[PAINT_DIM] = "\x1b[2m", [PAINT_BOLD] = "\x1b[1m",
};
#define PAINT_END "\x1b[0m"

void line_init(struct line *l)
{
	l->s[0] = '\0';
	l->len = l->cols = 0;
	l->paint = PAINT_NONE;
}

__attribute__((format(printf, 2, 0))) static void line_vadd(struct line *l, const char *fmt,
							    va_list ap)
{
	char raw[1024];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	l->cols += text_clean(l->s + l->len, sizeof(l->s) - l->len, raw);
	l->len += strlen(l->s + l->len);
}

void line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
}

bool line_try(struct line *l, const char *fmt, ...)
{
	struct line before = *l;
	va_list ap;

	if (l->len)
		line_add(l, " ");
	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
	if (l->cols <= LINE_COLS)
		return true;
	*l = before;
	return false;
}

void line_pad(struct line *l, size_t col)
{
	do {
		line_add(l, " ");
	} while (l->cols < col && l->len + 1 < sizeof(l->s));
}

void line_paint(struct line *l, enum paint paint, const char *fmt, ...)
{
	va_list ap;

	l->paint = paint;
	l->paint_from = l->len;
	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
	l->paint_to = l->len;
}

void line_time(struct text *t, struct line *l, uint64_t ns)
{
	int64_t wall = (int64_t)(ns + (uint64_t)t->r.opts.wall_offset_ns);
	int64_t sec = wall / (int64_t)NS_PER_S;

	if (!t->clock_text[0] || sec != t->clock_s) {
		time_t clock = (time_t)sec;
		struct tm tm;

		localtime_r(&clock, &tm);
		strftime(t->clock_text, sizeof(t->clock_text), "%H:%M:%S", &tm);
		t->clock_s = sec;
	}
	line_add(l, "%s.%03d", t->clock_text, (int)(wall % (int64_t)NS_PER_S / (int64_t)NS_PER_MS));
}

void line_date(struct text *t, struct line *l, uint64_t ns)
{
	int64_t wall = (int64_t)(ns + (uint64_t)t->r.opts.wall_offset_ns);
	time_t clock = (time_t)(wall / (int64_t)NS_PER_S);
	char text[32] = "?";
	struct tm tm;

	if (localtime_r(&clock, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	line_add(l, "%s", text);
}

void line_actor(struct line *l, const struct actor *by)
{
	if (!by->pid)
		return;
	line_add(l, "by %s[%u]", by->comm[0] ? by->comm : "pid", by->pid);
}

/* Bytes of the first cols characters */
static size_t bytes_of_cols(const char *s, size_t cols)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if ((s[i] & 0xc0) != 0x80 && cols-- == 0)
			break;
	return i;
}

/* The last column stays empty: some terminals begin a new line behind it. */
static size_t widest(const struct text *t)
{
	size_t cols = t->r.opts.cols;

	return cols <= LINE_COLS ? LINE_COLS : cols <= LINE_COLS_MAX ? cols - 1 : LINE_COLS_MAX;
}

/* Longer lines than LINE_COLS are tiresome to read, be there room or not. */
size_t text_width(const struct text *t)
{
	size_t cols = t->r.opts.cols;

	return !cols || cols > LINE_COLS ? LINE_COLS :
	       cols > LINE_COLS_MIN	 ? cols - 1 :
					   LINE_COLS_MIN;
}

static void line_cut(const struct text *t, struct line *l)
{
	size_t cols = widest(t);

	if (l->cols > cols) {
		l->len = bytes_of_cols(l->s, cols - 1);
		l->len += (size_t)snprintf(l->s + l->len, sizeof(l->s) - l->len, "…");
		l->cols = cols;
	}
	while (l->len && l->s[l->len - 1] == ' ')
		l->len--;
	l->s[l->len] = '\0';
	if (l->paint_to > l->len)
		l->paint_to = l->len;
	if (l->paint_from > l->paint_to)
		l->paint_from = l->paint_to;
}

/* Lines of several nodes stand side by side: each begins with whose it is. */
static void print_prefix(struct text *t)
{
	char clean[2 * NODE_LEN];

	text_clean(clean, sizeof(clean), t->r.opts.prefix);
	if (fputs(clean, t->r.opts.out) == EOF)
		render_fail(&t->r, 0);
}

void line_emit(struct text *t, struct line *l)
{
	FILE *out = t->r.opts.out;
	int n;

	line_cut(t, l);
	errno = 0;
	if (t->r.opts.prefix)
		print_prefix(t);
	if (l->paint == PAINT_NONE || !t->r.opts.colour)
		n = fprintf(out, "%s\n", l->s);
	else
		n = fprintf(out, "%.*s%s%.*s" PAINT_END "%s\n", (int)l->paint_from, l->s,
			    paints[l->paint], (int)(l->paint_to - l->paint_from),
			    l->s + l->paint_from, l->s + l->paint_to);
	if (n < 0)
		render_fail(&t->r, 0);
	line_init(l);
}

void line_wrap(struct text *t, struct line *l, size_t indent, const char *words)
{
	bool first = true;

	line_pad(l, indent);
	while (*words) {
		size_t n = strcspn(words, " \n");
		struct line before = *l;

		if (n) {
			line_add(l, "%s%.*s", first ? "" : " ", (int)n, words);
			if (l->cols > text_width(t) && !first) {
				*l = before;
				line_emit(t, l);
				line_pad(l, indent);
				line_add(l, "%.*s", (int)n, words);
			}
			first = false;
		}
		words += n + (words[n] != '\0');
	}
	line_emit(t, l);
}

void text_wrap(struct text *t, size_t indent, const char *label, const char *words)
{
	struct line l;

	line_init(&l);
	if (*label)
		line_add(&l, "%s", label);
	line_wrap(t, &l, indent, words);
}

const char *duration_str(uint64_t us, char buf[DURATION_LEN])
{
	uint64_t s = us / 1000000;

	if (us < 1000)
		snprintf(buf, DURATION_LEN, "%u us", (unsigned int)us);
	else if (us < 10 * 1000)
		snprintf(buf, DURATION_LEN, "%.1f ms", (double)us / 1e3);
	else if (us < 1000 * 1000)
		snprintf(buf, DURATION_LEN, "%u ms", (unsigned int)(us / 1000));
	else if (s < 60)
		snprintf(buf, DURATION_LEN, "%.1f s", (double)(us / 100000) / 10);
	else if (s < 3600)
		snprintf(buf, DURATION_LEN, "%u min %u s", (unsigned int)(s / 60),
			 (unsigned int)(s % 60));
	else
		snprintf(buf, DURATION_LEN, "%llu h %u min", (unsigned long long)(s / 3600),
			 (unsigned int)(s % 3600 / 60));
	return buf;
}

void short_str(char *out, size_t size, size_t cols, const char *in)
{
	char clean[4 * QNAME_LEN + 1];

	if (text_clean(clean, sizeof(clean), in) <= cols) {
		snprintf(out, size, "%s", clean);
		return;
	}
	snprintf(out, size, "%.*s…", (int)bytes_of_cols(clean, cols ? cols - 1 : 0), clean);
}
