// SPDX-License-Identifier: GPL-2.0-only
/*
 * bird_ipam.cfg, as Calico's confd renders it for BIRD: the filter for routes on their
 * way into the kernel has one statement per pool, and what that statement does tells the
 * pool's encapsulation and who programs its routes. Pure: text in, pools out.
 *
 * Read as tokens, not as lines: the layout changed with every template. Two things are
 * known only from comments, which are therefore tokens too: that a rejected prefix is a
 * pool at all (service ranges are rejected without a word), and that it is a VXLAN pool.
 *
 * bird_aggr.cfg has the node's own blocks, in the function that has them announced as a whole.
 */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "conf_lex.h"
#include "sources.h"

/* What the statement of one prefix does */
struct action {
	bool accept, reject, tunnel, no_tunnel, felix, vxlan;
};

static void note_comment(const struct lexer *l, struct action *a)
{
	a->felix |= lexer__mentions(l, "Felix");
	a->vxlan |= lexer__mentions(l, "VXLAN");
}

static enum token note_token(struct lexer *l, enum token t, struct action *a)
{
	if (t == T_COMMENT)
		note_comment(l, a);
	if (t != T_WORD)
		return t;
	a->accept |= lexer__is(l, "accept");
	a->reject |= lexer__is(l, "reject");
	if (!lexer__is(l, "krt_tunnel"))
		return t;
	t = lexer__next_but_comments(l);
	if (t != T_PUNCT || !lexer__is(l, "="))
		return t;
	t = lexer__next_but_comments(l);
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
		t = note_token(l, lexer__next(l), a);
		if (t == T_END || t == T_BAD)
			return false;
		if (t == T_PUNCT && lexer__is(l, "{"))
			depth++;
		else if (t == T_PUNCT && lexer__is(l, "}") && !depth--)
			return false;
	} while (depth || t != T_PUNCT || !(lexer__is(l, "}") || lexer__is(l, ";")));

	ahead = *l;
	if (lexer__next(&ahead) == T_COMMENT && !ahead.new_line) {
		note_comment(&ahead, a);
		*l = ahead;
	}
	return true;
}

static bool word_prefix(const struct lexer *l, struct prefix *out)
{
	char text[PREFIX_STRLEN];

	if (!lexer__copy(l, text, sizeof(text)))
		return false;
	return !prefix_parse(text, out) && out->addr.family == 4;
}

/* What follows `if`, `then` included. *found: it asks for `net ~ PREFIX`. False: it has no end. */
static bool parse_condition(struct lexer *l, struct prefix *out, bool *found)
{
	unsigned int seen = 0;
	enum token t;

	*found = false;
	for (;;) {
		t = lexer__next_but_comments(l);
		if (t == T_END || t == T_BAD)
			return false;
		if (t == T_WORD && lexer__is(l, "then"))
			return true;
		if (seen == 2 && t == T_WORD && word_prefix(l, out))
			*found = true;
		if (t == T_WORD)
			seen = lexer__is(l, "net") ? 1 : 0;
		else
			seen = seen == 1 && t == T_PUNCT && lexer__is(l, "~") ? 2 : 0;
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

/* The next token of a body, *depth braces deep. False: it has no end. */
static bool next_within(struct lexer *l, unsigned int *depth, enum token *t)
{
	*t = lexer__next_but_comments(l);
	if (*t == T_PUNCT && lexer__is(l, "{"))
		++*depth;
	else if (*t == T_PUNCT && lexer__is(l, "}"))
		--*depth;
	return *t != T_END && *t != T_BAD;
}

/* The body of the filter, its closing brace included */
static bool parse_filter(struct lexer *l, struct pools *pools)
{
	unsigned int depth = 1;
	struct prefix cidr;
	bool found;
	enum token t;

	while (depth) {
		if (!next_within(l, &depth, &t))
			return false;
		if (t == T_WORD && lexer__is(l, "if")) {
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
	return lexer__is(l, "calico_kernel_programming") || lexer__is(l, "calico_ipip");
}

int confd_parse_pools(const char *text, size_t len, struct pool *out, size_t max, bool *felix_owner)
{
	struct lexer l = lexer_of(text, len);
	struct pools pools = { .out = out, .max = max };
	bool any = false;
	enum token t;

	while ((t = lexer__next_but_comments(&l)) != T_END) {
		if (t == T_BAD)
			return -EBADMSG;
		if (t != T_WORD || !lexer__is(&l, "filter"))
			continue;
		if (lexer__next_but_comments(&l) != T_WORD || !is_kernel_filter(&l) ||
		    lexer__next_but_comments(&l) != T_PUNCT || !lexer__is(&l, "{"))
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

/* ---- bird_aggr.cfg ---- */

/* Behind the opening brace of the function; the closing one is read, too */
static bool parse_aggr(struct lexer *l, struct prefix *out, size_t max, size_t *cnt)
{
	unsigned int depth = 1, seen = 0;
	struct prefix block;
	enum token t;

	while (depth) {
		if (!next_within(l, &depth, &t))
			return false;
		if (seen == 2 && t == T_WORD && *cnt < max && word_prefix(l, &block))
			out[(*cnt)++] = block;
		if (t == T_WORD)
			seen = lexer__is(l, "net") ? 1 : 0;
		else
			seen = seen == 1 && t == T_PUNCT && lexer__is(l, "=") ? 2 : 0;
	}
	return true;
}

int confd_parse_blocks(const char *text, size_t len, struct prefix *out, size_t max)
{
	struct lexer l = lexer_of(text, len);
	bool any = false;
	size_t cnt = 0;
	enum token t;

	while ((t = lexer__next_but_comments(&l)) != T_END) {
		if (t == T_BAD)
			return -EBADMSG;
		if (t != T_WORD || !lexer__is(&l, "function") ||
		    lexer__next_but_comments(&l) != T_WORD || !lexer__is(&l, "calico_aggr"))
			continue;
		while ((t = lexer__next_but_comments(&l)) == T_PUNCT && !lexer__is(&l, "{"))
			;
		if (t != T_PUNCT || !parse_aggr(&l, out, max, &cnt))
			return -EBADMSG;
		any = true;
	}
	return any ? (int)cnt : -EBADMSG;
}
