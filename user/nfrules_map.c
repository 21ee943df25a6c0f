// SPDX-License-Identifier: GPL-2.0-only
/*
 * The elements of verdict maps of nf_tables, see nfrules.h: which of them drop, which lead to chains. So
 * many maps, and so many elements of each, are read as are rules; what is not read may do anything.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "nfrules.h"
#include "nlask.h"
#include "nlattr.h"

#define ELEMENTS_MAX 1024

/* What the elements of one map do */
struct elements {
	struct nfrules *s;
	const struct nfr_chain *from;
	uint32_t chain; /* its number */
	uint32_t cnt, drops, counted;
	uint64_t packets; /* of those that drop */
};

static int take_jump(struct elements *e, struct nlattr *name)
{
	char chain[NFR_CHAIN_LEN];
	int to;

	if (!name)
		return 0;
	nlattr_text(chain, sizeof(chain), name);
	to = nfrules_find(e->s, e->from->family, e->from->table, chain);
	return to < 0 ? 0 : nfrules_edge(e->s, e->chain, (uint32_t)to);
}

/* A counter that the element itself has */
static void take_counter(struct elements *e, struct nlattr *expr)
{
	struct nlattr *tb[NFTA_EXPR_MAX + 1], *c[NFTA_COUNTER_MAX + 1];

	if (!expr || nla_parse_nested(tb, NFTA_EXPR_MAX, expr, NULL) < 0 || !tb[NFTA_EXPR_NAME] ||
	    !tb[NFTA_EXPR_DATA] ||
	    strncmp(nla_data(tb[NFTA_EXPR_NAME]), "counter", (size_t)nla_len(tb[NFTA_EXPR_NAME])) !=
		    0 ||
	    nla_parse_nested(c, NFTA_COUNTER_MAX, tb[NFTA_EXPR_DATA], NULL) < 0 ||
	    !c[NFTA_COUNTER_PACKETS] || nla_len(c[NFTA_COUNTER_PACKETS]) < (int)sizeof(uint64_t))
		return;
	e->packets += nlattr_be64(c[NFTA_COUNTER_PACKETS]);
	e->counted++;
}

/* 0, -E2BIG, -ENOMEM; an element without a verdict ends a range, or is none of a verdict map */
static int take_element(struct elements *e, struct nlattr *list)
{
	struct nlattr *tb[NFTA_SET_ELEM_MAX + 1], *d[NFTA_DATA_MAX + 1], *v[NFTA_VERDICT_MAX + 1];
	int32_t code;

	if (++e->cnt > ELEMENTS_MAX)
		return -E2BIG;
	if (nla_parse_nested(tb, NFTA_SET_ELEM_MAX, list, NULL) < 0 || !tb[NFTA_SET_ELEM_DATA] ||
	    nla_parse_nested(d, NFTA_DATA_MAX, tb[NFTA_SET_ELEM_DATA], NULL) < 0 ||
	    !d[NFTA_DATA_VERDICT] ||
	    nla_parse_nested(v, NFTA_VERDICT_MAX, d[NFTA_DATA_VERDICT], NULL) < 0 ||
	    !v[NFTA_VERDICT_CODE])
		return 0;
	code = (int32_t)nlattr_be32(v[NFTA_VERDICT_CODE]);
	if (code == NFT_JUMP || code == NFT_GOTO)
		return take_jump(e, v[NFTA_VERDICT_CHAIN]);
	if (code != NF_DROP)
		return 0;
	e->drops++;
	take_counter(e, tb[NFTA_SET_ELEM_EXPR]);
	return 0;
}

static int take_elements(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1], *a;
	int left, err = 0;

	if (nlmsg_parse(nlh, sizeof(struct nfgenmsg), tb, NFTA_SET_ELEM_LIST_MAX, NULL) < 0 ||
	    !tb[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	nla_for_each_nested(a, tb[NFTA_SET_ELEM_LIST_ELEMENTS], left) if (!err)
		err = take_element(ctx, a);
	return err;
}

static int ask(int fd, const struct nfr_map *m, struct elements *e)
{
	struct nfgenmsg hdr = { .version = NFNETLINK_V0 };
	struct nl_msg *msg;
	int err = -ENOMEM;

	while (strcmp(nfr_nft_family(hdr.nfgen_family), e->from->family))
		if (!++hdr.nfgen_family)
			return -EINVAL;
	msg = nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM,
				 NLM_F_REQUEST | NLM_F_DUMP);
	if (msg && !nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO) &&
	    !nla_put_string(msg, NFTA_SET_ELEM_LIST_TABLE, e->from->table) &&
	    !nla_put_string(msg, NFTA_SET_ELEM_LIST_SET, m->set))
		err = nlask(fd, msg, take_elements, e);
	nlmsg_free(msg);
	return err;
}

/* A map of which all is known: a place that drops, or none. The rule's own counter counts the others, too. */
static void settle(struct nfr_place *p, const struct elements *e)
{
	if (!e->drops) {
		p->chain = UINT32_MAX;
		return;
	}
	p->r.verdict = NFV_DROP;
	p->r.counted = e->counted == e->drops;
	p->packets = p->r.counted ? e->packets : 0;
	nfr_word(p->r.text, sizeof(p->r.text), "(%u of %u elements drop)", e->drops, e->cnt);
}

static void take_out(struct nfrules *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->place_cnt; i++)
		if (s->place[i].chain != UINT32_MAX)
			s->place[kept++] = s->place[i];
	s->place_cnt = kept;
}

int nfr_nft_maps(struct nfrules *s, int fd)
{
	int err = 0;

	for (uint32_t i = 0; i < s->map_cnt && err != -ENOMEM; i++) {
		struct nfr_place *p = &s->place[s->map[i].place];
		const struct nfr_chain from = s->chain[p->chain];
		struct elements e = { .s = s, .from = &from, .chain = p->chain };

		err = ask(fd, &s->map[i], &e);
		if (!err)
			settle(p, &e);
	}
	take_out(s);
	return err == -ENOMEM ? err : 0;
}
