// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who connected to this node's BGP port lately, by conntrack: a node that BIRD does not know is
 * accepted and closed at once, which leaves no socket behind, but an entry for some seconds.
 *
 * The filter runs in the kernel (5.8 and later), so that a full table costs no more than a walk.
 */
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "sources.h"

/* net/netfilter/nf_conntrack_netlink.c: which fields of the tuple are compared */
#define FILTER_PROTO_NUM (1 << 3)
#define FILTER_DST_PORT (1 << 5)

struct knocks {
	uint16_t port; /* network order */
	uint64_t ts_ns;
	obs_fn fn;
	void *ctx;
};

static bool tuple_addr(struct nlattr *ip, int type, struct addr *out)
{
	struct nlattr *tb[CTA_IP_MAX + 1];
	uint32_t be;

	if (!ip || nla_parse_nested(tb, CTA_IP_MAX, ip, NULL) < 0 || !tb[type] ||
	    nla_len(tb[type]) != sizeof(be))
		return false;
	memcpy(&be, nla_data(tb[type]), sizeof(be));
	*out = addr_v4(be);
	return true;
}

static uint16_t tuple_port(struct nlattr *proto, int type)
{
	struct nlattr *tb[CTA_PROTO_MAX + 1];
	uint16_t be;

	if (!proto || nla_parse_nested(tb, CTA_PROTO_MAX, proto, NULL) < 0 || !tb[type] ||
	    nla_len(tb[type]) != sizeof(be))
		return 0;
	memcpy(&be, nla_data(tb[type]), sizeof(be));
	return be;
}

/* An old kernel may not filter, and then tells all: only what was asked for counts. */
static int take(void *ctx, struct nlmsghdr *nlh)
{
	struct obs o = { .kind = OBS_BGP, .bgp = { .state = BGP_CLOSED, .snapshot = true } };
	struct nlattr *tb[CTA_MAX + 1], *tuple[CTA_TUPLE_MAX + 1];
	const struct knocks *k = ctx;

	if (nlmsg_parse(nlh, sizeof(struct nfgenmsg), tb, CTA_MAX, NULL) < 0)
		return -EBADMSG;
	if (!tb[CTA_TUPLE_ORIG] ||
	    nla_parse_nested(tuple, CTA_TUPLE_MAX, tb[CTA_TUPLE_ORIG], NULL) < 0 ||
	    tuple_port(tuple[CTA_TUPLE_PROTO], CTA_PROTO_DST_PORT) != k->port ||
	    !tuple_addr(tuple[CTA_TUPLE_IP], CTA_IP_V4_SRC, &o.bgp.peer) ||
	    !tuple_addr(tuple[CTA_TUPLE_IP], CTA_IP_V4_DST, &o.bgp.local))
		return 0;
	o.ts_ns = k->ts_ns;
	o.bgp.local_port = ntohs(k->port);
	o.bgp.peer_port = ntohs(tuple_port(tuple[CTA_TUPLE_PROTO], CTA_PROTO_SRC_PORT));
	k->fn(k->ctx, &o);
	return 0;
}

static int put_filter(struct nl_msg *msg, uint16_t port)
{
	struct nlattr *tuple, *proto, *filter;

	tuple = nla_nest_start(msg, CTA_TUPLE_ORIG);
	proto = tuple ? nla_nest_start(msg, CTA_TUPLE_PROTO) : NULL;
	if (!proto || nla_put_u8(msg, CTA_PROTO_NUM, IPPROTO_TCP) ||
	    nla_put_u16(msg, CTA_PROTO_DST_PORT, port))
		return -ENOMEM;
	nla_nest_end(msg, proto);
	nla_nest_end(msg, tuple);
	filter = nla_nest_start(msg, CTA_FILTER);
	if (!filter || nla_put_u32(msg, CTA_FILTER_ORIG_FLAGS, FILTER_PROTO_NUM | FILTER_DST_PORT))
		return -ENOMEM;
	nla_nest_end(msg, filter);
	return 0;
}

/* The kernel would load the module for a mere question. */
static bool may_ask(void)
{
	return !access("/proc/net/nf_conntrack", F_OK) ||
	       !access("/sys/module/nf_conntrack_netlink", F_OK);
}

int bgp_knocks(uint16_t port, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct nfgenmsg hdr = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	struct knocks k = { .port = htons(port), .ts_ns = ts_ns, .fn = fn, .ctx = ctx };
	struct nl_msg *msg;
	int fd, err = -ENOMEM;

	if (!may_ask())
		return -EOPNOTSUPP;
	fd = nlask__open(NETLINK_NETFILTER);
	if (fd < 0)
		return fd;
	msg = nlmsg_alloc_simple((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET,
				 NLM_F_REQUEST | NLM_F_DUMP);
	if (msg && !nlmsg_append(msg, (void *)&hdr, sizeof(hdr), NLMSG_ALIGNTO) &&
	    !put_filter(msg, k.port))
		err = nlask(fd, msg, take, &k);
	nlmsg_free(msg);
	close(fd);
	return err;
}
