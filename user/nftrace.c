// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces of nf_tables, see nftrace.h; the kernel's side is net/netfilter/nf_tables_trace.c. Each step of a
 * packet is a message, and so a few rules that are traced make very many: who cannot follow leaves, since
 * the kernel makes them only for those that listen, and comes back later.
 */
#include "nftrace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nfrules.h"
#include "nlask.h"
#include "nlattr.h"
#include "state.h"
#include "util.h"

/* In one turn: messages that are read, drops that are told, rules that the kernel is asked for */
#define READ_MAX 512
#define TELL_MAX 32
#define ASK_MAX 4
/* What comes between two turns has to find room. */
#define RCVBUF (2 << 20)
/* A message has the headers of a packet and names: far less */
#define MSG_SZ 4096
#define REST_NS (10 * NS_PER_S)
/* Rules are remembered for so long: handles begin anew with a table. */
#define RULES 32
#define RULE_NS (5 * NS_PER_S)

struct known_rule {
	uint64_t handle, until_ns;
	bool known;
	struct obs_nfrule rule;
};

struct nftrace {
	obs_fn fn;
	void *ctx;
	int fd;		/* that listens; -1: nobody does */
	uint64_t at_ns; /* not tried before */
	enum source_state told;
	struct nftrace_ids ids;
	struct known_rule rule[RULES];
	uint32_t next_rule, asked, overruns;
};

/* ---- messages ---- */

/* False: it is not there, or does not fit: another one's name is worse than none */
static bool name_of(char *buf, size_t sz, struct nlattr *a)
{
	size_t n = a ? strnlen(nla_data(a), (size_t)nla_len(a)) : 0;

	if (!n || n >= sz)
		return false;
	memcpy(buf, nla_data(a), n);
	buf[n] = '\0';
	return true;
}

static void take_ports(struct obs_nftrace *p, const uint8_t *l4, size_t len)
{
	uint16_t be[2];

	if (p->proto == IPPROTO_ICMP) {
		if (len < 8 || (l4[0] != ICMP_ECHO && l4[0] != ICMP_ECHOREPLY))
			return;
		memcpy(be, l4 + 4, sizeof(be));
	} else if ((p->proto == IPPROTO_UDP || p->proto == IPPROTO_TCP) && len >= sizeof(be)) {
		memcpy(be, l4, sizeof(be));
	} else {
		return;
	}
	p->sport = ntohs(be[0]);
	p->dport = ntohs(be[1]);
}

/* False: of IPv6, a later fragment, or not understood */
static bool take_headers(struct obs_nftrace *p, struct nlattr *net, struct nlattr *l4)
{
	struct iphdr ip;

	if (!net || nla_len(net) < (int)sizeof(ip))
		return false;
	memcpy(&ip, nla_data(net), sizeof(ip));
	if (ip.version != 4 || ip.ihl < 5 || ntohs(ip.frag_off) & IP_OFFMASK)
		return false;
	*p = (struct obs_nftrace){
		.src = addr_v4(ip.saddr),
		.dst = addr_v4(ip.daddr),
		.proto = ip.protocol,
		.ip_id = ntohs(ip.id),
	};
	if (l4)
		take_ports(p, nla_data(l4), (size_t)nla_len(l4));
	return true;
}

/* NULL: its headers were not heard, or it is none that we know */
static const struct obs_nftrace *packet_of(struct nftrace_ids *ids, struct nlattr **tb)
{
	uint32_t id = nlattr_be32(tb[NFTA_TRACE_ID]), i = 0;

	while (i < NFTRACE_IDS && ids->item[i].id != id)
		i++;
	if (tb[NFTA_TRACE_NETWORK_HEADER] || tb[NFTA_TRACE_LL_HEADER]) {
		if (i == NFTRACE_IDS)
			i = ids->next++ % NFTRACE_IDS;
		ids->item[i].id = id;
		if (!take_headers(&ids->item[i].packet, tb[NFTA_TRACE_NETWORK_HEADER],
				  tb[NFTA_TRACE_TRANSPORT_HEADER]))
			ids->item[i].packet = (struct obs_nftrace){ 0 };
	}
	return i < NFTRACE_IDS && addr_is_set(&ids->item[i].packet.src) ? &ids->item[i].packet :
									  NULL;
}

static bool is_drop(struct nlattr **tb)
{
	struct nlattr *v[NFTA_VERDICT_MAX + 1];

	switch (nlattr_be32(tb[NFTA_TRACE_TYPE])) {
	case NFT_TRACETYPE_RULE:
		return tb[NFTA_TRACE_RULE_HANDLE] && tb[NFTA_TRACE_VERDICT] &&
		       nla_parse_nested(v, NFTA_VERDICT_MAX, tb[NFTA_TRACE_VERDICT], NULL) >= 0 &&
		       v[NFTA_VERDICT_CODE] &&
		       (nlattr_be32(v[NFTA_VERDICT_CODE]) & NF_VERDICT_MASK) == NF_DROP;
	case NFT_TRACETYPE_POLICY:
		return tb[NFTA_TRACE_POLICY] && nlattr_be32(tb[NFTA_TRACE_POLICY]) == NF_DROP;
	}
	return false;
}

bool nftrace_decode(struct nftrace_ids *ids, struct nlmsghdr *nlh, struct obs_nftrace *out)
{
	const struct obs_nftrace *packet;
	struct nlattr *tb[NFTA_TRACE_MAX + 1];
	struct nfgenmsg nfg;

	if (nlh->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_TRACE) ||
	    nlmsg_parse(nlh, sizeof(nfg), tb, NFTA_TRACE_MAX, NULL) < 0 || !tb[NFTA_TRACE_ID])
		return false;
	memcpy(&nfg, nlmsg_data(nlh), sizeof(nfg));
	packet = packet_of(ids, tb);
	if (!packet || !is_drop(tb))
		return false;
	*out = *packet;
	out->rule.backend = NFB_NFT;
	out->handle = nlattr_be64(tb[NFTA_TRACE_RULE_HANDLE]);
	if (nlattr_be32(tb[NFTA_TRACE_TYPE]) == NFT_TRACETYPE_POLICY) {
		out->handle = 0;
		out->known = true;
		out->rule.verdict = NFV_POLICY;
		snprintf(out->rule.text, sizeof(out->rule.text), "policy drop");
	}
	snprintf(out->rule.family, sizeof(out->rule.family), "%s",
		 nfr_nft_family(nfg.nfgen_family));
	return out->rule.family[0] &&
	       name_of(out->rule.table, sizeof(out->rule.table), tb[NFTA_TRACE_TABLE]) &&
	       name_of(out->rule.chain, sizeof(out->rule.chain), tb[NFTA_TRACE_CHAIN]);
}

/* ---- what the rule says ---- */

static struct known_rule *known_rule(struct nftrace *t, const struct obs_nftrace *n,
				     uint64_t now_ns)
{
	for (int i = 0; i < RULES; i++) {
		struct known_rule *k = &t->rule[i];

		if (k->until_ns > now_ns && k->handle == n->handle &&
		    !strcmp(k->rule.family, n->rule.family) &&
		    !strcmp(k->rule.table, n->rule.table) && !strcmp(k->rule.chain, n->rule.chain))
			return k;
	}
	return NULL;
}

static void ask_rule(struct nftrace *t, struct obs_nftrace *n, uint64_t now_ns)
{
	struct known_rule *k = known_rule(t, n, now_ns);

	if (n->known || (!k && t->asked == ASK_MAX))
		return;
	if (!k) {
		t->asked++;
		k = &t->rule[t->next_rule++ % RULES];
		k->rule = n->rule;
		k->handle = n->handle;
		k->until_ns = now_ns + RULE_NS;
		k->known = !nfr_nft_ask(n->handle, &k->rule);
	}
	n->known = k->known;
	n->rule = k->rule;
}

/* ---- listening ---- */

static void tell(struct nftrace *t, uint64_t ts_ns, int err, const char *what)
{
	const struct round r = { SOURCE_NFTRACE, ts_ns, t->fn, t->ctx };
	enum source_state state = round_state(err);

	if (state == t->told)
		return;
	t->told = state;
	round_begin(&r);
	round_end(&r, err, what);
}

static int listen_to(struct nftrace *t)
{
	const int size = RCVBUF, group = NFNLGRP_NFTRACE;
	int err = 0, fd;

	/* the kernel would load nf_tables for whoever listens to it */
	if (!nfr_nft_may_ask())
		return -ENOENT;
	fd = nlask__open(NETLINK_NETFILTER);
	if (fd < 0)
		return fd == -EPROTONOSUPPORT ? -ENOENT : fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		err = -errno;
	if (err) {
		close(fd);
		return err == -EINVAL ? -ENOENT : err;
	}
	t->fd = fd;
	return 0;
}

static void leave(struct nftrace *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	memset(&t->ids, 0, sizeof(t->ids));
}

/* Octets, 0: of no concern, or -errno */
static int hear(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n =
		recvfrom(fd, buf, size, MSG_TRUNC | MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return len == sizeof(from) && !from.nl_pid && (size_t)n <= size ? (int)n : 0;
}

static uint32_t take(struct nftrace *t, struct nlmsghdr *nlh, int left, uint64_t now_ns)
{
	struct obs o = { .kind = OBS_NFTRACE, .ts_ns = now_ns };
	uint32_t told = 0;

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		if (!nftrace_decode(&t->ids, nlh, &o.nftrace))
			continue;
		ask_rule(t, &o.nftrace, now_ns);
		t->fn(t->ctx, &o);
		told++;
	}
	return told;
}

/* 0, or -errno: it cannot be heard any longer */
static int read_some(struct nftrace *t, uint64_t now_ns)
{
	uint32_t buf[MSG_SZ / sizeof(uint32_t)], told = 0;

	t->asked = 0;
	for (int i = 0; i < READ_MAX && told < TELL_MAX; i++) {
		int n = hear(t->fd, buf, sizeof(buf));

		if (n < 0)
			return n == -EAGAIN ? 0 : n;
		if (n)
			told += take(t, (void *)buf, n, now_ns);
	}
	return 0;
}

int nftrace__new(obs_fn fn, void *ctx, struct nftrace **ret)
{
	struct nftrace *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->fn = fn;
	t->ctx = ctx;
	t->fd = -1;
	*ret = t;
	return 0;
}

void nftrace__free(struct nftrace *t)
{
	if (!t)
		return;
	leave(t);
	free(t);
}

void nftrace__begin(struct nftrace *t)
{
	/* what fails is told by the first turn, which tries again */
	if (t->fd < 0)
		(void)listen_to(t);
}

void nftrace__turn(struct nftrace *t, uint64_t now_ns)
{
	char what[32] = "nf_tables";
	int err = 0;

	if (t->fd < 0 && now_ns < t->at_ns)
		return;
	if (t->fd < 0)
		err = listen_to(t);
	if (!err)
		err = read_some(t, now_ns);
	if (err) {
		leave(t);
		t->at_ns = now_ns + REST_NS;
	}
	if (err == -ENOBUFS)
		snprintf(what, sizeof(what), "too many, %u times", ++t->overruns);
	tell(t, now_ns, err, what);
}
