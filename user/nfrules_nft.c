// SPDX-License-Identifier: GPL-2.0-only
/*
 * nf_tables by netlink, see nfrules.h: all chains, then all rules. iptables-nft's are among them. The
 * kernel would load nf_tables for a mere question; an observer has no business doing that.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hmap.h"
#include "nfclass.h"
#include "nfrules.h"
#include "nlask.h"
#include "nlattr.h"
#include "util.h"

/* Of a rule's userdata: type, length, value; libnftnl/udata.h: NFTNL_UDATA_RULE_COMMENT */
#define UDATA_COMMENT 0

const char *nfr_nft_family(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_NETDEV:
		return "netdev";
	}
	return "";
}

/* Bits of enum nf_hook; where a device's ingress is, nothing of IP has happened yet. */
static uint8_t hooks_of(uint8_t family, uint32_t num)
{
	if (family == NFPROTO_NETDEV)
		return 1 << (num ? NF_HOOK_POSTROUTING : NF_HOOK_PREROUTING);
	if (family == NFPROTO_INET && num == NF_INET_INGRESS)
		return 1 << NF_HOOK_PREROUTING;
	return num < NF_INET_NUMHOOKS ? (uint8_t)(1 << (num + NF_HOOK_PREROUTING)) : 0;
}

/* Each table counts its handles. */
static uint64_t id_of(const struct obs_nfrule *r, const char *what, uint64_t handle)
{
	uint64_t h = hash_bytes(r->table, strlen(r->table), 1);

	h = hash_bytes(r->family, strlen(r->family), h);
	return hash_bytes(&handle, sizeof(handle), hash_bytes(what, strlen(what), h));
}

/* Its counters stand there if it was made with some, as iptables-nft's are. */
static int policy_place(struct nfrules *s, struct nlattr **tb, const struct nfr_chain *c)
{
	struct nfr_place p = { .r = { .backend = NFB_NFT, .verdict = NFV_POLICY } };
	struct nlattr *ctr[NFTA_COUNTER_MAX + 1];

	snprintf(p.r.family, sizeof(p.r.family), "%s", c->family);
	snprintf(p.r.table, sizeof(p.r.table), "%s", c->table);
	snprintf(p.r.chain, sizeof(p.r.chain), "%s", c->name);
	snprintf(p.r.text, sizeof(p.r.text), "policy drop");
	p.id = id_of(&p.r, "chain", nlattr_be64(tb[NFTA_CHAIN_HANDLE]));
	if (tb[NFTA_CHAIN_COUNTERS] &&
	    nla_parse_nested(ctr, NFTA_COUNTER_MAX, tb[NFTA_CHAIN_COUNTERS], NULL) >= 0 &&
	    ctr[NFTA_COUNTER_PACKETS]) {
		p.r.counted = true;
		p.packets = nlattr_be64(ctr[NFTA_COUNTER_PACKETS]);
	}
	/* the chain gets its number when all are there */
	p.chain = UINT32_MAX;
	return nfrules_place(s, &p);
}

int nfr_nft_chain(struct nfrules *s, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1] = { NULL };
	struct nfr_chain c = { .hooks = 0 };
	struct nfgenmsg nfg;
	int err;

	if (nlmsg_parse(nlh, sizeof(nfg), tb, NFTA_CHAIN_MAX, NULL) < 0 || !tb[NFTA_CHAIN_NAME] ||
	    !tb[NFTA_CHAIN_TABLE])
		return 0;
	memcpy(&nfg, nlmsg_data(nlh), sizeof(nfg));
	snprintf(c.family, sizeof(c.family), "%s", nfr_nft_family(nfg.nfgen_family));
	if (!c.family[0])
		return 0;
	nlattr_text(c.table, sizeof(c.table), tb[NFTA_CHAIN_TABLE]);
	nlattr_text(c.name, sizeof(c.name), tb[NFTA_CHAIN_NAME]);
	if (tb[NFTA_CHAIN_HOOK] &&
	    nla_parse_nested(hook, NFTA_HOOK_MAX, tb[NFTA_CHAIN_HOOK], NULL) >= 0) {
		c.hooks = hooks_of(nfg.nfgen_family, nlattr_be32(hook[NFTA_HOOK_HOOKNUM]));
		c.entered = true;
	}
	err = nfrules_chain(s, &c);
	if (err < 0 || !tb[NFTA_CHAIN_POLICY] || nlattr_be32(tb[NFTA_CHAIN_POLICY]) != NF_DROP ||
	    !c.entered)
		return err < 0 ? err : 0;
	return policy_place(s, tb, &c);
}

/* A comment of nft, which stands among the data that the kernel only keeps */
static void read_userdata(struct obs_nfrule *r, struct nlattr *a)
{
	const uint8_t *p = a ? nla_data(a) : NULL, *end = a ? p + nla_len(a) : NULL;

	for (; p && end - p >= 2 && end - p - 2 >= p[1]; p += 2 + p[1])
		if (p[0] == UDATA_COMMENT && !r->comment[0])
			snprintf(r->comment, sizeof(r->comment), "%.*s",
				 (int)strnlen((const char *)p + 2, p[1]), (const char *)p + 2);
}

/* Of the place that came last */
static void note_map(struct nfrules *s, const char *set)
{
	struct nfr_map *m = &s->map[s->map_cnt];

	if (!set[0] || s->map_cnt == NFRULES_MAPS)
		return;
	m->place = s->place_cnt - 1;
	snprintf(m->set, sizeof(m->set), "%s", set);
	s->map_cnt++;
}

static int take_exprs(struct nfrules *s, struct nlattr **tb, uint32_t chain)
{
	struct nfr_place p = { .chain = chain, .r = { .backend = NFB_NFT } };
	struct nfr_exprs x = { .r = &p.r };
	struct nfr_chain *c = &s->chain[chain];
	int to, err = 0;

	read_userdata(&p.r, tb[NFTA_RULE_USERDATA]);
	if (tb[NFTA_RULE_EXPRESSIONS])
		nfr_exprs(tb[NFTA_RULE_EXPRESSIONS], &x);
	s->look.iptables_rules += x.xt;
	c->maps |= x.maps;
	if (!c->about[0] &&
	    (!strncmp(p.r.comment, "Policy ", 7) || !strncmp(p.r.comment, "Profile ", 8)))
		snprintf(c->about, sizeof(c->about), "%s", p.r.comment);
	if (x.jump[0]) {
		to = nfrules_find(s, c->family, c->table, x.jump);
		err = to < 0 ? 0 : nfrules_edge(s, chain, (uint32_t)to);
	}
	if (err || !x.drops)
		return err;
	snprintf(p.r.family, sizeof(p.r.family), "%s", c->family);
	snprintf(p.r.table, sizeof(p.r.table), "%s", c->table);
	snprintf(p.r.chain, sizeof(p.r.chain), "%s", c->name);
	p.r.number = c->rules;
	/* the maps of Calico and kube-proxy lead to chains alone */
	if (p.r.verdict == NFV_MAP && nfclass(&p.r) != C_FOREIGN_FIREWALL)
		return 0;
	p.id = id_of(&p.r, "rule", nlattr_be64(tb[NFTA_RULE_HANDLE]));
	p.packets = x.packets;
	err = nfrules_place(s, &p);
	if (!err && p.r.verdict == NFV_MAP)
		note_map(s, x.map);
	return err;
}

int nfr_nft_rule(struct nfrules *s, struct nlmsghdr *nlh)
{
	char table[NFR_TABLE_LEN], chain[NFR_CHAIN_LEN];
	struct nlattr *tb[NFTA_RULE_MAX + 1];
	struct nfgenmsg nfg;
	const char *family;
	int n;

	if (nlmsg_parse(nlh, sizeof(nfg), tb, NFTA_RULE_MAX, NULL) < 0)
		return 0;
	memcpy(&nfg, nlmsg_data(nlh), sizeof(nfg));
	family = nfr_nft_family(nfg.nfgen_family);
	if (!family[0])
		return 0;
	if (++s->look.nft_rules > NFRULES_MAX)
		return -E2BIG;
	nlattr_text(table, sizeof(table), tb[NFTA_RULE_TABLE]);
	nlattr_text(chain, sizeof(chain), tb[NFTA_RULE_CHAIN]);
	n = nfrules_find(s, family, table, chain);
	/* its chain came after the chains were read: the next reading will know */
	if (n < 0)
		return 0;
	s->chain[n].rules++;
	return take_exprs(s, tb, (uint32_t)n);
}

/* ---- asking ---- */

static int take_chain(void *ctx, struct nlmsghdr *nlh)
{
	return nfr_nft_chain(ctx, nlh);
}

static int take_rule(void *ctx, struct nlmsghdr *nlh)
{
	return nfr_nft_rule(ctx, nlh);
}

static int dump(int fd, int type, nlask_fn fn, struct nfrules *s)
{
	const struct nfgenmsg hdr = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	struct nl_msg *msg =
		nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_REQUEST | NLM_F_DUMP);
	int err = -ENOMEM;

	if (msg && !nlmsg_append(msg, (void *)&hdr, sizeof(hdr), NLMSG_ALIGNTO))
		err = nlask(fd, msg, fn, s);
	nlmsg_free(msg);
	/* one that changed meanwhile is near enough: counters of what is gone are no use */
	return err == -EINTR ? 0 : err;
}

/* The policies that drop know their chains by name until these have been sorted. */
static void number_policies(struct nfrules *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->place_cnt; i++) {
		struct nfr_place *p = &s->place[i];
		int n = nfrules_find(s, p->r.family, p->r.table, p->r.chain);

		if (n < 0)
			continue;
		p->chain = (uint32_t)n;
		s->place[kept++] = *p;
	}
	s->place_cnt = kept;
}

bool nfr_nft_may_ask(void)
{
	return !access("/sys/module/nf_tables", F_OK) || access("/proc/modules", F_OK);
}

int nfrules_nft(struct nfrules *s)
{
	int fd, err;

	if (!nfr_nft_may_ask())
		return 0;
	fd = nlask__open(NETLINK_NETFILTER);
	if (fd < 0)
		return fd == -EPROTONOSUPPORT ? 0 : fd;
	err = dump(fd, NFT_MSG_GETCHAIN, take_chain, s);
	/* those that came before it failed are read by others all the same */
	nfrules_sort(s);
	number_policies(s);
	if (!err)
		err = dump(fd, NFT_MSG_GETRULE, take_rule, s);
	if (!err)
		err = nfr_nft_maps(s, fd);
	close(fd);
	/* nfnetlink says EINVAL for a subsystem that it lacks */
	return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err;
}

/* ---- a single rule ---- */

struct one_rule {
	struct obs_nfrule *r;
	bool found;
};

static void read_one(struct nlattr **tb, struct obs_nfrule *r)
{
	struct nfr_exprs x = { .r = r };

	read_userdata(r, tb[NFTA_RULE_USERDATA]);
	if (tb[NFTA_RULE_EXPRESSIONS])
		nfr_exprs(tb[NFTA_RULE_EXPRESSIONS], &x);
}

static int take_one(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NFTA_RULE_MAX + 1];
	struct one_rule *one = ctx;

	if (one->found || nlmsg_parse(nlh, sizeof(struct nfgenmsg), tb, NFTA_RULE_MAX, NULL) < 0)
		return 0;
	one->found = true;
	read_one(tb, one->r);
	return 0;
}

int nfr_nft_ask(uint64_t handle, struct obs_nfrule *r)
{
	struct nfgenmsg hdr = { .version = NFNETLINK_V0 };
	struct one_rule one = { .r = r };
	uint64_t be = htobe64(handle);
	struct nl_msg *msg;
	int fd, err = -ENOMEM;

	while (strcmp(nfr_nft_family(hdr.nfgen_family), r->family))
		if (!++hdr.nfgen_family)
			return -EINVAL;
	fd = nlask__open(NETLINK_NETFILTER);
	if (fd < 0)
		return fd;
	msg = nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE,
				 NLM_F_REQUEST | NLM_F_ACK);
	if (msg && !nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO) &&
	    !nla_put_string(msg, NFTA_RULE_TABLE, r->table) &&
	    !nla_put_string(msg, NFTA_RULE_CHAIN, r->chain) &&
	    !nla_put(msg, NFTA_RULE_HANDLE, sizeof(be), &be))
		err = nlask(fd, msg, take_one, &one);
	nlmsg_free(msg);
	close(fd);
	return err || one.found ? err : -ENOENT;
}
