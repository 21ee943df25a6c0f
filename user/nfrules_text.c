// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of nf_tables in words, for somebody who looks for them in `nft list ruleset`: expressions are
 * followed as the kernel runs them, on what registers hold. See nfrules.h.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/x_tables.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

#include "nfrules.h"
#include "nlattr.h"
#include "util.h"

#define WORD(r, ...) nfr_word((r)->text, sizeof((r)->text), __VA_ARGS__)

/* What a register holds; data registers of 16 octets are 1 to 4, those of 4 octets 8 to 23. */
#define REGS 24
enum reg_is {
	REG_OTHER,
	REG_ADDR,
	REG_PORT,
	REG_DEV,
	REG_IFINDEX,
	REG_PROTO,
	REG_STATE,
	REG_SILENT, /* which protocol it is, where nothing else is told */
	REG_HEX
};
struct reg {
	enum reg_is is;
	char name[24];
	uint32_t mask; /* 0: whole */
};
struct machine {
	struct nfr_exprs *x;
	struct reg reg[REGS];
};

static struct reg *reg_of(struct machine *m, struct nlattr *a)
{
	uint32_t n = nlattr_be32(a);

	return &m->reg[n < REGS ? n : 0];
}

static void set_reg(struct machine *m, struct nlattr *a, enum reg_is is, const char *name)
{
	struct reg *r = reg_of(m, a);

	r->is = is;
	r->mask = 0;
	snprintf(r->name, sizeof(r->name), "%s", name);
}

static void on_meta(struct machine *m, struct nlattr **tb)
{
	static const struct {
		uint32_t key;
		enum reg_is is;
		const char *name;
	} keys[] = {
		{ NFT_META_IIFNAME, REG_DEV, "iifname" },
		{ NFT_META_OIFNAME, REG_DEV, "oifname" },
		{ NFT_META_IIF, REG_IFINDEX, "iif" },
		{ NFT_META_OIF, REG_IFINDEX, "oif" },
		{ NFT_META_L4PROTO, REG_PROTO, "l4proto" },
		{ NFT_META_NFPROTO, REG_SILENT, "" },
		{ NFT_META_MARK, REG_HEX, "mark" },
	};
	uint32_t key = nlattr_be32(tb[NFTA_META_KEY]);

	if (!tb[NFTA_META_DREG])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key == key) {
			set_reg(m, tb[NFTA_META_DREG], keys[i].is, keys[i].name);
			return;
		}
	}
	set_reg(m, tb[NFTA_META_DREG], REG_OTHER, "meta ...");
}

static void on_payload(struct machine *m, struct nlattr **tb)
{
	static const struct {
		uint32_t base, off, len;
		enum reg_is is;
		const char *name;
	} fields[] = {
		{ NFT_PAYLOAD_NETWORK_HEADER, 12, 4, REG_ADDR, "ip saddr" },
		{ NFT_PAYLOAD_NETWORK_HEADER, 16, 4, REG_ADDR, "ip daddr" },
		{ NFT_PAYLOAD_NETWORK_HEADER, 9, 1, REG_PROTO, "ip protocol" },
		{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, REG_PORT, "sport" },
		{ NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, REG_PORT, "dport" },
		{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, REG_HEX, "icmp type" },
	};
	uint32_t base = nlattr_be32(tb[NFTA_PAYLOAD_BASE]),
		 off = nlattr_be32(tb[NFTA_PAYLOAD_OFFSET]),
		 len = nlattr_be32(tb[NFTA_PAYLOAD_LEN]);

	if (!tb[NFTA_PAYLOAD_DREG])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].base == base && fields[i].off == off && fields[i].len == len) {
			set_reg(m, tb[NFTA_PAYLOAD_DREG], fields[i].is, fields[i].name);
			return;
		}
	}
	/* addresses with a prefix of whole octets are loaded that short */
	if (base == NFT_PAYLOAD_NETWORK_HEADER && (off == 12 || off == 16) && len < 4)
		set_reg(m, tb[NFTA_PAYLOAD_DREG], REG_ADDR, off == 12 ? "ip saddr" : "ip daddr");
	else
		set_reg(m, tb[NFTA_PAYLOAD_DREG], REG_OTHER, "payload ...");
}

static void on_ct(struct machine *m, struct nlattr **tb)
{
	if (!tb[NFTA_CT_DREG])
		return;
	if (nlattr_be32(tb[NFTA_CT_KEY]) == NFT_CT_STATE)
		set_reg(m, tb[NFTA_CT_DREG], REG_STATE, "ct state");
	else
		set_reg(m, tb[NFTA_CT_DREG], REG_OTHER, "ct ...");
}

/* A value, as it stands in the register: octets, of which there are len */
static struct nlattr *value_of(struct nlattr *data)
{
	struct nlattr *tb[NFTA_DATA_MAX + 1];

	if (!data || nla_parse_nested(tb, NFTA_DATA_MAX, data, NULL) < 0)
		return NULL;
	return tb[NFTA_DATA_VALUE];
}

static void on_bitwise(struct machine *m, struct nlattr **tb)
{
	struct reg *to = reg_of(m, tb[NFTA_BITWISE_DREG]);
	struct nlattr *mask = value_of(tb[NFTA_BITWISE_MASK]);

	*to = *reg_of(m, tb[NFTA_BITWISE_SREG]);
	if (mask && nla_len(mask) >= 4)
		memcpy(&to->mask, nla_data(mask), sizeof(to->mask));
}

/* A device's name; one that is compared by its beginning gets a star. */
static void dev_text(struct nlattr *v, char *buf, size_t sz)
{
	size_t len = (size_t)nla_len(v), n = strnlen(nla_data(v), len);

	snprintf(buf, sz, "%.*s%s", (int)n, (const char *)nla_data(v),
		 n == len && n < DEV_LEN ? "*" : "");
}

static void addr_text(const struct reg *r, const uint8_t *v, size_t len, char *buf, size_t sz)
{
	uint8_t b[4] = { 0 };
	int bits = r->mask ? __builtin_popcount(r->mask) : (int)len * 8;

	memcpy(b, v, len < 4 ? len : 4);
	snprintf(buf, sz, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	if (bits < 32)
		snprintf(buf + strlen(buf), sz - strlen(buf), "/%d", bits);
}

static void proto_text(uint8_t proto, char *buf, size_t sz)
{
	snprintf(buf, sz,
		 proto == 1  ? "icmp" :
		 proto == 6  ? "tcp" :
		 proto == 17 ? "udp" :
			       "%u",
		 proto);
}

static void value_text(const struct reg *r, struct nlattr *a, char *buf, size_t sz)
{
	const uint8_t *v = nla_data(a);
	size_t len = (size_t)nla_len(a);
	uint32_t n = 0;

	if (len && len <= 4)
		memcpy(&n, v, len);
	if (r->is == REG_ADDR && len)
		addr_text(r, v, len, buf, sz);
	else if (r->is == REG_PORT && len == 2)
		snprintf(buf, sz, "%u", ntohs((uint16_t)n));
	else if (r->is == REG_DEV)
		dev_text(a, buf, sz);
	else if (r->is == REG_PROTO && len == 1)
		proto_text(v[0], buf, sz);
	else if (r->is == REG_HEX && r->mask)
		snprintf(buf, sz, "0x%x/0x%x", n, r->mask);
	else if (r->is == REG_HEX)
		snprintf(buf, sz, "%u", n);
	else
		snprintf(buf, sz, "...");
}

/* ct state: the mask has the states, compared with zero for "any of them" */
static void cmp_state(struct machine *m, const struct reg *r, bool any, struct nlattr *v)
{
	uint32_t mask = r->mask, is = 0;

	if (nla_len(v) >= 4)
		memcpy(&is, nla_data(v), sizeof(is));
	if (is)
		mask = is;
	nfr_states(m->x->r, mask, !is && !any);
}

static void on_cmp(struct machine *m, struct nlattr **tb)
{
	const struct reg *r = reg_of(m, tb[NFTA_CMP_SREG]);
	struct nlattr *v = value_of(tb[NFTA_CMP_DATA]);
	bool eq = nlattr_be32(tb[NFTA_CMP_OP]) == NFT_CMP_EQ,
	     neq = nlattr_be32(tb[NFTA_CMP_OP]) == NFT_CMP_NEQ;
	struct obs_nfrule *o = m->x->r;
	char text[48];

	if (!v || r->is == REG_SILENT)
		return;
	if (r->is == REG_STATE && (eq || neq)) {
		cmp_state(m, r, neq, v);
		return;
	}
	value_text(r, v, text, sizeof(text));
	if (r->is == REG_DEV && eq && !strcmp(r->name, "iifname"))
		snprintf(o->in, sizeof(o->in), "%.*s", DEV_LEN - 1, text);
	if (r->is == REG_DEV && eq && !strcmp(r->name, "oifname"))
		snprintf(o->out, sizeof(o->out), "%.*s", DEV_LEN - 1, text);
	WORD(o, "%s %s%s", r->name, eq ? "" : neq ? "!= " : "<> ", text);
}

/* fib saddr . mark . iif oif 0: what rpfilter is called there */
static void on_fib(struct machine *m, struct nlattr **tb)
{
	m->x->r->rpfilter |= nlattr_be32(tb[NFTA_FIB_FLAGS]) & NFTA_FIB_F_SADDR;
	set_reg(m, tb[NFTA_FIB_DREG], REG_OTHER, "fib");
}

static void on_lookup(struct machine *m, struct nlattr **tb)
{
	const char *name = "?";
	int len = 1;

	if (tb[NFTA_LOOKUP_SET]) {
		name = nla_data(tb[NFTA_LOOKUP_SET]);
		len = (int)strnlen(name, (size_t)nla_len(tb[NFTA_LOOKUP_SET]));
	}
	WORD(m->x->r, "%s %s@%.*s", reg_of(m, tb[NFTA_LOOKUP_SREG])->name,
	     nlattr_be32(tb[NFTA_LOOKUP_FLAGS]) & NFT_LOOKUP_F_INV ? "!= " : "", len, name);
	if (!tb[NFTA_LOOKUP_DREG] || nlattr_be32(tb[NFTA_LOOKUP_DREG]) != NFT_REG_VERDICT)
		return;
	m->x->maps = true;
	m->x->map[0] = '\0';
	if (len < NFR_CHAIN_LEN)
		snprintf(m->x->map, sizeof(m->x->map), "%.*s", len, name);
	/* Calico's lead to chains of endpoints, kube-proxy's to those of services */
	m->x->drops = true;
	m->x->r->verdict = NFV_MAP;
}

static void on_verdict(struct machine *m, struct nlattr *data)
{
	struct nlattr *tb[NFTA_DATA_MAX + 1], *v[NFTA_VERDICT_MAX + 1];
	uint32_t code;

	if (!data || nla_parse_nested(tb, NFTA_DATA_MAX, data, NULL) < 0 ||
	    !tb[NFTA_DATA_VERDICT] ||
	    nla_parse_nested(v, NFTA_VERDICT_MAX, tb[NFTA_DATA_VERDICT], NULL) < 0)
		return;
	code = nlattr_be32(v[NFTA_VERDICT_CODE]);
	if (((int32_t)code == NFT_JUMP || (int32_t)code == NFT_GOTO) && v[NFTA_VERDICT_CHAIN])
		nlattr_text(m->x->jump, sizeof(m->x->jump), v[NFTA_VERDICT_CHAIN]);
	if (code != NF_DROP)
		return;
	m->x->drops = true;
	m->x->r->verdict = NFV_DROP;
	WORD(m->x->r, "drop");
}

static void on_counter(struct machine *m, struct nlattr **tb)
{
	m->x->r->counted = true;
	m->x->packets = nlattr_be64(tb[NFTA_COUNTER_PACKETS]);
}

static void on_reject(struct machine *m, struct nlattr **tb)
{
	(void)tb;
	m->x->drops = true;
	m->x->r->verdict = NFV_REJECT;
	WORD(m->x->r, "reject");
}

static void on_queue(struct machine *m, struct nlattr **tb)
{
	(void)tb;
	m->x->drops = true;
	m->x->r->verdict = NFV_QUEUE;
	WORD(m->x->r, "queue");
}

static const char *xt_name(struct nlattr *a, char *buf, size_t sz)
{
	snprintf(buf, sz, "%.*s", a ? (int)strnlen(nla_data(a), (size_t)nla_len(a)) : 1,
		 a ? (const char *)nla_data(a) : "?");
	return buf;
}

static void on_match(struct machine *m, struct nlattr **tb)
{
	static const uint8_t none[1];
	struct nlattr *info = tb[NFTA_MATCH_INFO];
	char name[XT_EXTENSION_MAXNAMELEN];

	m->x->xt = true;
	nfr_xt_match(m->x->r, xt_name(tb[NFTA_MATCH_NAME], name, sizeof(name)),
		     (uint8_t)nlattr_be32(tb[NFTA_MATCH_REV]), info ? nla_data(info) : none,
		     info ? (size_t)nla_len(info) : 0);
}

static void on_target(struct machine *m, struct nlattr **tb)
{
	char name[XT_EXTENSION_MAXNAMELEN];

	m->x->xt = true;
	xt_name(tb[NFTA_TARGET_NAME], name, sizeof(name));
	if (!strcmp(name, "REJECT"))
		on_reject(m, tb);
	else if (!strcmp(name, "NFQUEUE"))
		on_queue(m, tb);
}

static const struct {
	const char *name;
	void (*fn)(struct machine *m, struct nlattr **tb);
} exprs[] = {
	{ "meta", on_meta },	   { "payload", on_payload }, { "ct", on_ct },
	{ "bitwise", on_bitwise }, { "cmp", on_cmp },	      { "fib", on_fib },
	{ "lookup", on_lookup },   { "counter", on_counter }, { "reject", on_reject },
	{ "queue", on_queue },	   { "match", on_match },     { "target", on_target },
};

/* No expression at hand has more attributes. */
#define EXPR_ATTRS 16

static void on_expr(struct machine *m, const char *name, struct nlattr *data)
{
	struct nlattr *tb[EXPR_ATTRS + 1] = { NULL };

	if (data && nla_parse_nested(tb, EXPR_ATTRS, data, NULL) < 0)
		return;
	if (!strcmp(name, "immediate")) {
		if (nlattr_be32(tb[NFTA_IMMEDIATE_DREG]) == NFT_REG_VERDICT)
			on_verdict(m, tb[NFTA_IMMEDIATE_DATA]);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(exprs); i++)
		if (!strcmp(name, exprs[i].name))
			exprs[i].fn(m, tb);
}

void nfr_exprs(struct nlattr *list, struct nfr_exprs *x)
{
	struct machine m = { .x = x };
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, list, left)
	{
		struct nlattr *tb[NFTA_EXPR_MAX + 1];
		char name[32];

		if (nla_parse_nested(tb, NFTA_EXPR_MAX, a, NULL) < 0 || !tb[NFTA_EXPR_NAME])
			continue;
		xt_name(tb[NFTA_EXPR_NAME], name, sizeof(name));
		on_expr(&m, name, tb[NFTA_EXPR_DATA]);
	}
}
