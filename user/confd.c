// SPDX-License-Identifier: GPL-2.0-only
/*
 * bird_ipam.cfg, as Calico's confd renders it for BIRD: the filter for routes on their
 * way into the kernel has one statement per pool, and what that statement does tells the
 * pool's encapsulation and who programs its routes. Pure: text in, pools out.
 *
 * Read as tokens, not as lines: the layout changed with every template. Two things are
 * known only from comments, which are therefore tokens too: that a rejected prefix is a
 * pool at all (service ranges are rejected without a word), and that it is a VXLAN pool.
 */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "sources.h"

enum token {
	T_END,
	T_BAD,
	T_WORD,
	T_STRING,
	T_COMMENT,
	T_PUNCT
};

struct lexer {
	const char *p, *end;
	const char *text; /* the last token, without quotes or comment signs */
	size_t len;
	bool new_line; /* one lies between it and the token before */
};

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

static enum token next(struct lexer *l)
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

static enum token next_but_comments(struct lexer *l)
{
	enum token t;

	do
		t = next(l);
	while (t == T_COMMENT);
	return t;
}

static bool is(const struct lexer *l, const char *text)
{
	return l->len == strlen(text) && !memcmp(l->text, text, l->len);
}

static bool mentions(const struct lexer *l, const char *text)
{
	return memmem(l->text, l->len, text, strlen(text));
}

/* What the statement of one prefix does */
struct action {
	bool accept, reject, tunnel, no_tunnel, felix, vxlan;
};

static void note_comment(const struct lexer *l, struct action *a)
{
	a->felix |= mentions(l, "Felix");
	a->vxlan |= mentions(l, "VXLAN");
}

static enum token note_token(struct lexer *l, enum token t, struct action *a)
{
	if (t == T_COMMENT)
		note_comment(l, a);
	if (t != T_WORD)
		return t;
	a->accept |= is(l, "accept");
	a->reject |= is(l, "reject");
	if (!is(l, "krt_tunnel"))
		return t;
	t = next_but_comments(l);
	if (t != T_PUNCT || !is(l, "="))
		return t;
	t = next_but_comments(l);
	if (t == T_STRING)
		*(l->len ? &a->tunnel : &a->no_tunnel) = true;
	return t;
}

/* What follows `then`: a block, or one statement; and a comment on its last line */
static bool parse_action(struct lexer *l, struct action *a)
{
	unsigned int depth = 0;
	struct lexer ahead;
	enum token t;

	do {
		t = note_token(l, next(l), a);
		if (t == T_END || t == T_BAD)
			return false;
		if (t == T_PUNCT && is(l, "{"))
			depth++;
		else if (t == T_PUNCT && is(l, "}") && !depth--)
			return false;
	} while (depth || t != T_PUNCT || !(is(l, "}") || is(l, ";")));

	ahead = *l;
	if (next(&ahead) == T_COMMENT && !ahead.new_line) {
		note_comment(&ahead, a);
		*l = ahead;
	}
	return true;
}

static bool word_prefix(const struct lexer *l, struct prefix *out)
{
	char text[PREFIX_STRLEN];

	if (l->len >= sizeof(text))
		return false;
	memcpy(text, l->text, l->len);
	text[l->len] = '\0';
	return !prefix_parse(text, out) && out->addr.family == 4;
}

/* What follows `if`, `then` included. *found: it asks for `net ~ PREFIX`. False: it has no end. */
static bool parse_condition(struct lexer *l, struct prefix *out, bool *found)
{
	unsigned int seen = 0;
	enum token t;

	*found = false;
	for (;;) {
		t = next_but_comments(l);
		if (t == T_END || t == T_BAD)
			return false;
		if (t == T_WORD && is(l, "then"))
			return true;
		if (seen == 2 && t == T_WORD && word_prefix(l, out))
			*found = true;
		if (t == T_WORD)
			seen = is(l, "net") ? 1 : 0;
		else
			seen = seen == 1 && t == T_PUNCT && is(l, "~") ? 2 : 0;
	}
}

struct pools {
	struct pool *out;
	size_t cnt, max;
	bool felix;
};

static void pools__add(struct pools *pools, const struct prefix *cidr, const struct action *a)
{
	struct pool pool = { .cidr = *cidr, .from = FROM_CONFD, .mode_from = FROM_CONFD };
	size_t i;

	/* Rejected without a reason: a range of services */
	if (!a->accept && !(a->reject && (a->felix || a->vxlan)))
		return;
	for (i = 0; i < pools->cnt; i++) {
		if (prefix_eq(&pools->out[i].cidr, cidr))
			return;
	}
	if (!a->accept)
		pool.mode = a->vxlan ? POOL_VXLAN : POOL_UNKNOWN;
	else if (a->tunnel)
		pool.mode = a->no_tunnel ? POOL_CROSSSUBNET : POOL_IPIP;
	else
		pool.mode = POOL_NONE;
	pools->felix |= a->felix;
	if (pools->cnt < pools->max)
		pools->out[pools->cnt++] = pool;
}

/* The body of the filter, its closing brace included */
static bool parse_filter(struct lexer *l, struct pools *pools)
{
	unsigned int depth = 1;
	struct prefix cidr;
	bool found;
	enum token t;

	while (depth) {
		t = next_but_comments(l);
		if (t == T_END || t == T_BAD)
			return false;
		if (t == T_PUNCT && is(l, "{"))
			depth++;
		else if (t == T_PUNCT && is(l, "}"))
			depth--;
		else if (t == T_WORD && is(l, "if")) {
			struct action a = { 0 };

			if (!parse_condition(l, &cidr, &found))
				return false;
			if (!found)
				continue;
			if (!parse_action(l, &a))
				return false;
			pools__add(pools, &cidr, &a);
		}
	}
	return true;
}

/* calico_ipip is what the filter was called until v3.3. */
static bool is_kernel_filter(const struct lexer *l)
{
	return is(l, "calico_kernel_programming") || is(l, "calico_ipip");
}

int confd_parse_pools(const char *text, size_t len, struct pool *out, size_t max, bool *felix_owner)
{
	struct lexer l = { .p = text, .end = text + len };
	struct pools pools = { .out = out, .max = max };
	bool any = false;
	enum token t;

	while ((t = next_but_comments(&l)) != T_END) {
		if (t == T_BAD)
			return -EBADMSG;
		if (t != T_WORD || !is(&l, "filter"))
			continue;
		if (next_but_comments(&l) != T_WORD || !is_kernel_filter(&l) ||
		    next_but_comments(&l) != T_PUNCT || !is(&l, "{"))
			continue;
		any = true;
		if (!parse_filter(&l, &pools))
			return -EBADMSG;
	}
	if (!any)
		return -EBADMSG;
	*felix_owner = pools.felix;
	return (int)pools.cnt;
}
