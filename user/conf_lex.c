// SPDX-License-Identifier: GPL-2.0-only
#include "conf_lex.h"

#include <string.h>

struct lexer lexer_of(const char *text, size_t len)
{
	return (struct lexer){ .p = text, .end = text + len };
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '/' || c == ':';
}

static void skip_blanks(struct lexer *l)
{
	l->new_line = false;
	for (; l->p < l->end && strchr(" \t\r\n\v\f", *l->p) && *l->p; l->p++)
		l->new_line |= *l->p == '\n';
}

/* What lies between p and the next `stop`; the lexer goes on behind that. */
static enum token take_until(struct lexer *l, const char *stop, enum token kind)
{
	const char *found = memmem(l->p, (size_t)(l->end - l->p), stop, strlen(stop));

	if (!found)
		return T_BAD;
	l->text = l->p;
	l->len = (size_t)(found - l->p);
	l->p = found + strlen(stop);
	return kind;
}

static enum token take_line_comment(struct lexer *l)
{
	const char *eol = memchr(l->p, '\n', (size_t)(l->end - l->p));

	l->text = l->p;
	/* The line feed stays: it tells that the next token is on another line. */
	l->p = eol ? eol : l->end;
	l->len = (size_t)(l->p - l->text);
	return T_COMMENT;
}

static bool at_comment(const struct lexer *l)
{
	return l->end - l->p > 1 && l->p[0] == '/' && l->p[1] == '*';
}

enum token lexer__next(struct lexer *l)
{
	skip_blanks(l);
	if (l->p == l->end)
		return T_END;
	if (*l->p == '#') {
		l->p++;
		return take_line_comment(l);
	}
	if (*l->p == '"') {
		l->p++;
		return take_until(l, "\"", T_STRING);
	}
	if (at_comment(l)) {
		l->p += 2;
		return take_until(l, "*/", T_COMMENT);
	}
	l->text = l->p;
	l->len = 1;
	if (!is_word(*l->p++))
		return T_PUNCT;
	while (l->p < l->end && is_word(*l->p) && !at_comment(l))
		l->p++;
	l->len = (size_t)(l->p - l->text);
	return T_WORD;
}

enum token lexer__next_but_comments(struct lexer *l)
{
	enum token t;

	do
		t = lexer__next(l);
	while (t == T_COMMENT);
	return t;
}

bool lexer__is(const struct lexer *l, const char *text)
{
	return l->len == strlen(text) && !memcmp(l->text, text, l->len);
}

bool lexer__mentions(const struct lexer *l, const char *text)
{
	return memmem(l->text, l->len, text, strlen(text));
}

bool lexer__copy(const struct lexer *l, char *out, size_t size)
{
	bool fits = l->len < size;

	if (fits)
		memcpy(out, l->text, l->len);
	out[fits ? l->len : 0] = '\0';
	return fits;
}
