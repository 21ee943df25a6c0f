// SPDX-License-Identifier: GPL-2.0-only
/* See html.h. What cannot be written is noticed by whoever closes the stream. */
#include "html.h"

#include <stdarg.h>
#include <string.h>

#include "util.h"

void html_lit(struct html *h, const char *markup)
{
	fputs(markup, h->out);
}

void html_num(struct html *h, const char *markup, ...)
{
	va_list ap;

	va_start(ap, markup);
	vfprintf(h->out, markup, ap);
	va_end(ap);
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(struct html *h, const char *text)
{
	/* each octet becomes four at most */
	char part[HTML_TEXT_MAX + 1], clean[4 * HTML_TEXT_MAX + 8];
	const char *p = clean;
	size_t len = strnlen(text, HTML_TEXT_MAX);

	memcpy(part, text, len);
	part[len] = '\0';
	text_clean(clean, sizeof(clean), part);
	while (*p) {
		size_t plain = strcspn(p, "&<>\"'");

		fwrite(p, 1, plain, h->out);
		p += plain;
		if (*p)
			fputs(entity(*p++), h->out);
	}
	if (text[len])
		fputs("\xe2\x80\xa6", h->out);
}

static void text_va(struct html *h, const char *fmt, va_list ap)
{
	char buf[HTML_TEXT_MAX + 8];

	vsnprintf(buf, sizeof(buf), fmt, ap);
	html_text(h, buf);
}

void html_textf(struct html *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_va(h, fmt, ap);
	va_end(ap);
}

static void open_tag(struct html *h, const char *tag, const char *cls)
{
	fprintf(h->out, "<%s", tag);
	if (cls[0])
		fprintf(h->out, " class=\"%s\"", cls);
	fputc('>', h->out);
}

/* "td colspan=..." is closed as td */
static void close_tag(struct html *h, const char *tag)
{
	fprintf(h->out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void html_el(struct html *h, const char *tag, const char *cls, const char *text)
{
	open_tag(h, tag, cls);
	html_text(h, text);
	close_tag(h, tag);
}

void html_elf(struct html *h, const char *tag, const char *cls, const char *fmt, ...)
{
	va_list ap;

	open_tag(h, tag, cls);
	va_start(ap, fmt);
	text_va(h, fmt, ap);
	va_end(ap);
	close_tag(h, tag);
}

uint32_t html_id(struct html *h)
{
	return ++h->ids;
}
