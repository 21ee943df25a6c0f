// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read as tokens, because the order and the layout of statements changed with every template.
 * Statements count at the top of a block only: filters hold words that look like them.
 */
#include "conf_bird.h"

#include <errno.h>
#include <string.h>

#include "addr.h"
#include "conf_lex.h"
#include "util.h"

/* confd writes one */
#define TEMPLATES_MAX 16

/* What a template or a protocol says of its sessions */
struct session {
	char name[BIRD_NAME_LEN], from[BIRD_NAME_LEN];
	struct addr neighbor, source;
	uint32_t as, local_as;
	bool passive, rr_client;
};

struct parser {
	struct lexer l;
	struct obs_conf *out;
	conf_peer_fn fn;
	void *ctx;
	struct session template[TEMPLATES_MAX];
	size_t templates;
	char node[NODE_LEN_SHORT];    /* whose peer comes next, "" not said */
	bool any, any_source, own_id; /* own_id: a session's source is the router's id */
};

/* ---- operands ---- */

static struct addr word_addr(const struct lexer *l)
{
	struct addr a = { 0 }, none = { 0 };
	char text[ADDR_STRLEN];

	return lexer__copy(l, text, sizeof(text)) && !addr_parse(text, &a) ? a : none;
}

static uint32_t word_as(const struct lexer *l)
{
	char text[16];
	uint64_t as;

	return lexer__copy(l, text, sizeof(text)) && !parse_u64(text, 0, UINT32_MAX, &as) ?
		       (uint32_t)as :
		       0;
}

/* The address and the AS of `neighbor A port P as N` and `local A as N`, each of them optional */
static void read_end(struct lexer l, struct addr *addr, uint32_t *as)
{
	struct addr found;
	enum token t;

	while ((t = lexer__next_but_comments(&l)) == T_WORD) {
		if (lexer__is(&l, "as")) {
			if (lexer__next_but_comments(&l) == T_WORD)
				*as = word_as(&l);
			return;
		}
		if (lexer__is(&l, "port")) {
			(void)lexer__next_but_comments(&l);
			continue;
		}
		found = word_addr(&l);
		if (addr_is_set(&found))
			*addr = found;
	}
}

/* A switch is on if it only is named. */
static bool read_switch(struct lexer l)
{
	if (lexer__next_but_comments(&l) != T_WORD)
		return true;
	return !lexer__is(&l, "off") && !lexer__is(&l, "no") && !lexer__is(&l, "0");
}

/* Is that the word that follows? The lexer goes on behind it if so. */
static bool follows(struct lexer *l, const char *word)
{
	struct lexer ahead = *l;

	if (lexer__next_but_comments(&ahead) != T_WORD || !lexer__is(&ahead, word))
		return false;
	*l = ahead;
	return true;
}

/* ---- blocks ---- */

/* l: behind the first word of a statement, a copy */
static void read_statement(struct lexer l, struct session *s)
{
	struct lexer rest = l;

	if (lexer__is(&l, "neighbor"))
		read_end(l, &s->neighbor, &s->as);
	else if (lexer__is(&l, "local"))
		read_end(l, &s->source, &s->local_as);
	else if (lexer__is(&l, "passive"))
		s->passive = read_switch(l);
	else if (lexer__is(&l, "source") && follows(&rest, "address"))
		read_end(rest, &s->source, &s->local_as);
	else if (lexer__is(&l, "rr") && follows(&rest, "client"))
		s->rr_client = read_switch(rest);
}

/* From a statement's first token to its `;`, or to the brace that ends the block around it */
static bool skip_statement(struct lexer *l, enum token t)
{
	unsigned int depth = 0;
	struct lexer before;

	for (;;) {
		if (t == T_END || t == T_BAD)
			return false;
		if (t == T_PUNCT && lexer__is(l, "{"))
			depth++;
		else if (t == T_PUNCT && lexer__is(l, "}") && !depth--)
			break;
		else if (t == T_PUNCT && lexer__is(l, ";") && !depth)
			return true;
		before = *l;
		t = lexer__next_but_comments(l);
	}
	*l = before;
	return true;
}

/* Behind the opening brace; the closing one is read, too. */
static bool read_block(struct lexer *l, struct session *s)
{
	enum token t;

	for (;;) {
		t = lexer__next_but_comments(l);
		if (t == T_PUNCT && lexer__is(l, "}"))
			return true;
		if (t == T_WORD)
			read_statement(*l, s);
		if (!skip_statement(l, t))
			return false;
	}
}

/* NAME from TEMPLATE {, each of the names optional. One in quotes is none of Calico's: left out. */
static bool read_head(struct lexer *l, struct session *s)
{
	bool quoted = false, fits = true;
	enum token t;

	while ((t = lexer__next_but_comments(l)) == T_WORD || t == T_PUNCT) {
		if (t == T_PUNCT && lexer__is(l, "{"))
			break;
		if (t == T_PUNCT && !lexer__is(l, "'") && !lexer__is(l, "-"))
			return false;
		if (t == T_PUNCT)
			quoted = true;
		else if (lexer__is(l, "from"))
			fits = lexer__next_but_comments(l) == T_WORD &&
			       lexer__copy(l, s->from, sizeof(s->from));
		else if (!s->name[0] && !quoted)
			fits = lexer__copy(l, s->name, sizeof(s->name));
		if (!fits)
			return false;
	}
	return t == T_PUNCT;
}

/* ---- the file ---- */

static const struct session *parser__template(const struct parser *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->templates; i++) {
		if (!strcmp(p->template[i].name, name))
			return &p->template[i];
	}
	return NULL;
}

static enum conf_peer_kind kind_of(const char *name)
{
	static const struct {
		const char *prefix;
		enum conf_peer_kind kind;
	} kinds[] = {
		{ "Mesh_", PEER_MESH },
		{ "Global_", PEER_GLOBAL },
		{ "Node_", PEER_NODE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].kind;
	}
	return PEER_OTHER;
}

static void parser__tell(struct parser *p, const struct session *s)
{
	struct obs_conf_peer peer = {
		.kind = kind_of(s->name),
		.addr = s->neighbor,
		.source = s->source,
		.as = s->as,
		.passive = s->passive,
		.rr_client = s->rr_client,
	};

	memcpy(peer.name, s->name, sizeof(peer.name));
	memcpy(peer.node, p->node, sizeof(peer.node));
	if (addr_is_set(&s->source)) {
		p->any_source = true;
		p->own_id |= addr_eq(&s->source, &p->out->router_id);
	}
	if (p->fn)
		p->fn(p->ctx, &peer);
}

/* Behind `protocol bgp` or `template bgp` */
static bool parser__bgp(struct parser *p, bool is_template)
{
	struct session s = { 0 }, head = { 0 };
	const struct session *from;

	if (!read_head(&p->l, &head))
		return false;
	from = head.from[0] ? parser__template(p, head.from) : NULL;
	if (from)
		s = *from;
	memcpy(s.name, head.name, sizeof(s.name));
	if (!read_block(&p->l, &s))
		return false;
	if (!p->out->own_as)
		p->out->own_as = s.local_as;
	if (!is_template)
		parser__tell(p, &s);
	else if (p->templates == TEMPLATES_MAX)
		return false;
	else
		p->template[p->templates++] = s;
	p->node[0] = '\0';
	return true;
}

/*
 * "# For peer /bgp/v1/host/NAME/ip_addr_v4", without the /bgp/v1 until v3.2. Those of global and
 * node-specific peers name no node, or the own one, and end otherwise.
 */
static void parser__comment(struct parser *p)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_";
	static const char host[] = "/host/", key[] = "/ip_addr_v4";
	const char *at, *end = p->l.text + p->l.len;
	size_t len = 0;

	if (!lexer__mentions(&p->l, "For peer ") && !lexer__mentions(&p->l, "Skipping "))
		return;
	p->node[0] = '\0';
	at = memmem(p->l.text, p->l.len, host, strlen(host));
	if (!at)
		return;
	at += strlen(host);
	while (at + len < end && at[len] && strchr(chars, at[len]))
		len++;
	if (len >= sizeof(p->node) || (size_t)(end - at) < len + strlen(key) ||
	    memcmp(at + len, key, strlen(key)) != 0)
		return;
	memcpy(p->node, at, len);
	p->node[len] = '\0';
}

/* A word that starts a statement at the top of the file */
static bool parser__word(struct parser *p)
{
	bool is_template = lexer__is(&p->l, "template");

	if (is_template || lexer__is(&p->l, "protocol")) {
		p->any = true;
		return !follows(&p->l, "bgp") || parser__bgp(p, is_template);
	}
	if (lexer__is(&p->l, "router") && follows(&p->l, "id")) {
		struct lexer ahead = p->l;

		p->any = true;
		if (lexer__next_but_comments(&ahead) == T_WORD)
			p->out->router_id = word_addr(&ahead);
	}
	return true;
}

static bool parser__file(struct parser *p)
{
	unsigned int depth = 0;
	enum token t;

	while ((t = lexer__next(&p->l)) != T_END) {
		if (t == T_BAD)
			return false;
		if (t == T_COMMENT)
			parser__comment(p);
		else if (t == T_PUNCT && lexer__is(&p->l, "{"))
			depth++;
		else if (t == T_PUNCT && lexer__is(&p->l, "}") && !depth--)
			return false;
		else if (t == T_WORD && !depth && !parser__word(p))
			return false;
	}
	return !depth && p->any;
}

int conf_parse_bird(const char *text, size_t len, struct obs_conf *out, conf_peer_fn fn, void *ctx)
{
	struct parser p = { .l = lexer_of(text, len), .out = out, .fn = fn, .ctx = ctx };

	out->router_id = (struct addr){ 0 };
	out->own_as = 0;
	if (!parser__file(&p))
		return -EBADMSG;
	if (p.any_source && !p.own_id)
		out->router_id = (struct addr){ 0 };
	return 0;
}
