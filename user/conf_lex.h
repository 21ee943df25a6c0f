/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tokens of BIRD's configuration language, as far as the files that confd renders use it. Comments
 * are tokens too: some things are said nowhere else. Pure; reads nothing behind the text's end.
 */
#ifndef CALITRACE_CONF_LEX_H
#define CALITRACE_CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum token {
	T_END,
	T_BAD, /* a string or a comment without an end: give up */
	T_WORD,
	T_STRING,
	T_COMMENT,
	T_PUNCT /* one character */
};

struct lexer {
	const char *p, *end;
	const char *text; /* the last token, without quotes or comment signs; not terminated */
	size_t len;
	bool new_line; /* one lies between it and the token before */
};

struct lexer lexer_of(const char *text, size_t len);
enum token lexer__next(struct lexer *l);
enum token lexer__next_but_comments(struct lexer *l);

/* Is the last token that text? Does it contain it? */
bool lexer__is(const struct lexer *l, const char *text);
bool lexer__mentions(const struct lexer *l, const char *text);
/* Copies it, terminated; false if it does not fit (out is "" then). */
bool lexer__copy(const struct lexer *l, char *out, size_t size);

#endif
