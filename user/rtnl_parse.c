// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtnetlink messages to observations: pure, no socket and no memory of what was before.
 *
 * Every byte decoded here may come from a truncated copy: nothing is read that was not
 * measured before, and what is not understood is ignored.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#include "addr.h"
#include "rtnl.h"
#include "util.h"

struct emit {
	uint64_t ts_ns;
	const struct actor *by; /* NULL: not known */
	bool snapshot;
	obs_fn fn;
	void *ctx;
};

/*
 * The attributes after a family header of hdr_len bytes, as far as they are within len. True if
 * the message is whole; then and only then a missing attribute means that there is none.
 */
static bool attributes(const struct nlmsghdr *nlh, size_t len, size_t hdr_len, struct nlattr **tb,
		       int max)
{
	size_t have = nlh->nlmsg_len < len ? nlh->nlmsg_len : len;
	size_t start = NLMSG_HDRLEN + NLMSG_ALIGN(hdr_len);

	memset(tb, 0, sizeof(*tb) * (size_t)(max + 1));
	if (have > start)
		nla_parse(tb, max, (struct nlattr *)((const char *)nlh + start),
			  (int)(have - start), NULL);
	return nlh->nlmsg_len <= len;
}

static bool get_u32(const struct nlattr *nla, uint32_t *out)
{
	if (!nla || nla_len(nla) < (int)sizeof(*out))
		return false;
	memcpy(out, nla_data(nla), sizeof(*out));
	return true;
}

static bool get_v4(const struct nlattr *nla, struct addr *out)
{
	uint32_t be;

	if (!get_u32(nla, &be) || nla_len(nla) != sizeof(be))
		return false;
	*out = addr_v4(be);
	return true;
}

/* Text that may lack its end; false if there is none */
static bool get_text(const struct nlattr *nla, char *out, size_t size)
{
	size_t len = nla ? strnlen(nla_data(nla), (size_t)nla_len(nla)) : 0;

	if (!len)
		return false;
	if (len >= size)
		len = size - 1;
	memcpy(out, nla_data(nla), len);
	memset(out + len, 0, size - len);
	return true;
}

/* RTA_VIA is an IPv6 gateway of an IPv4 route (RFC 5549): it counts as on link */
static bool nexthop_parse(struct route *route, uint32_t ifindex, struct nlattr *gateway)
{
	struct nexthop *nh;

	if (route->nh_cnt == MAX_NEXTHOPS)
		return true;
	nh = &route->nh[route->nh_cnt];
	if (gateway && !get_v4(gateway, &nh->gw))
		return false;
	nh->ifindex = ifindex;
	route->nh_cnt++;
	return true;
}

/* More than MAX_NEXTHOPS: the first ones stand for all */
static bool multipath_parse(struct route *route, struct nlattr *multipath)
{
	struct nlattr *tb[RTA_MAX + 1];
	char *p = nla_data(multipath);
	size_t left = (size_t)nla_len(multipath), used;
	struct rtnexthop nh;

	while (left >= sizeof(nh)) {
		memcpy(&nh, p, sizeof(nh));
		if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > left)
			return false;
		if (nla_parse(tb, RTA_MAX, (struct nlattr *)(p + sizeof(nh)),
			      (int)(nh.rtnh_len - sizeof(nh)), NULL) < 0 ||
		    !nexthop_parse(route, (uint32_t)nh.rtnh_ifindex, tb[RTA_GATEWAY]))
			return false;
		used = RTNH_ALIGN(nh.rtnh_len);
		if (used >= left)
			break;
		p += used;
		left -= used;
	}
	return true;
}

static bool route_type_counts(uint8_t type)
{
	switch (type) {
	case RTN_UNICAST:
	case RTN_LOCAL:
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_THROW:
		return true;
	default:
		return false;
	}
}

static int route_parse(const struct rtmsg *rtm, struct nlattr **tb, bool whole, struct route *route)
{
	struct addr dst = addr_v4(0);
	uint32_t oif = 0;

	if (rtm->rtm_dst_len > 32 || (rtm->rtm_dst_len && !get_v4(tb[RTA_DST], &dst)))
		return -EBADMSG;
	/* The kernel writes the next hops last: with them nothing of interest can be missing. */
	if (!whole && !tb[RTA_OIF] && !tb[RTA_MULTIPATH])
		return -EBADMSG;
	*route = (struct route){
		.dst = prefix_of(&dst, rtm->rtm_dst_len),
		.table = rtm->rtm_table,
		.type = rtm->rtm_type,
		.protocol = rtm->rtm_protocol,
		.scope = rtm->rtm_scope,
		.tos = rtm->rtm_tos,
	};
	get_u32(tb[RTA_TABLE], &route->table);
	get_u32(tb[RTA_PRIORITY], &route->metric);
	if (tb[RTA_MULTIPATH])
		return multipath_parse(route, tb[RTA_MULTIPATH]) ? 0 : -EBADMSG;
	if (get_u32(tb[RTA_OIF], &oif) || tb[RTA_GATEWAY])
		return nexthop_parse(route, oif, tb[RTA_GATEWAY]) ? 0 : -EBADMSG;
	return 0;
}

static void send_obs(const struct emit *e, struct obs *obs)
{
	obs->ts_ns = e->ts_ns;
	e->fn(e->ctx, obs);
}

static struct actor actor_of(const struct emit *e)
{
	return e->by ? *e->by : (struct actor){ 0 };
}

static int decode_route(const struct nlmsghdr *nlh, size_t len, const struct emit *e)
{
	const struct rtmsg *rtm = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	struct obs obs = { .kind = OBS_ROUTE };
	struct nlattr *tb[RTA_MAX + 1];
	bool whole;
	int err;

	if (rtm->rtm_family != AF_INET || (rtm->rtm_flags & RTM_F_CLONED) ||
	    !route_type_counts(rtm->rtm_type))
		return 0;
	whole = attributes(nlh, len, sizeof(*rtm), tb, RTA_MAX);
	err = route_parse(rtm, tb, whole, &obs.route.route);
	if (err)
		return err;
	if (nlh->nlmsg_type == RTM_DELROUTE)
		obs.route.op = ROUTE_DEL;
	else
		obs.route.op = nlh->nlmsg_flags & NLM_F_REPLACE ? ROUTE_REPLACE : ROUTE_ADD;
	/* In answers to a dump the flags of that value mean something else. */
	if (e->snapshot)
		obs.route.op = ROUTE_ADD;
	obs.route.snapshot = e->snapshot;
	obs.route.by = actor_of(e);
	send_obs(e, &obs);
	return 0;
}

/* IFLA_INFO_DATA means something else for each kind */
static uint16_t vxlan_port(struct nlattr *data)
{
	struct nlattr *tb[IFLA_VXLAN_MAX + 1], *port;
	uint16_t be;

	if (!data || nla_parse_nested(tb, IFLA_VXLAN_MAX, data, NULL))
		return 0;
	port = tb[IFLA_VXLAN_PORT];
	if (!port || nla_len(port) < (int)sizeof(be))
		return 0;
	memcpy(&be, nla_data(port), sizeof(be));
	return ntohs(be);
}

static void decode_linkinfo(struct nlattr *linkinfo, struct link_info *link)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	if (!linkinfo || nla_parse_nested(info, IFLA_INFO_MAX, linkinfo, NULL))
		return;
	get_text(info[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	if (!strcmp(link->kind, "vxlan"))
		link->vxlan_port = vxlan_port(info[IFLA_INFO_DATA]);
}

/* IFLA_LINKINFO lies behind the statistics: a cut message may have lost it, then kind stays "". */
static int decode_link(const struct nlmsghdr *nlh, size_t len, const struct emit *e)
{
	const struct ifinfomsg *ifi = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	struct nlattr *tb[IFLA_MAX + 1];
	struct obs obs = { .kind = OBS_LINK };
	struct link_info *link = &obs.link.link;

	/* An AF_BRIDGE message tells of a bridge's port: DELLINK means "left the bridge". */
	if (ifi->ifi_family != AF_UNSPEC)
		return 0;
	attributes(nlh, len, sizeof(*ifi), tb, IFLA_MAX);
	if (ifi->ifi_index <= 0 || !get_text(tb[IFLA_IFNAME], link->name, sizeof(link->name)) ||
	    !get_u32(tb[IFLA_MTU], &link->mtu))
		return -EBADMSG;
	link->ifindex = (uint32_t)ifi->ifi_index;
	link->arptype = ifi->ifi_type;
	link->up = ifi->ifi_flags & IFF_UP;
	link->running = ifi->ifi_flags & IFF_RUNNING;
	decode_linkinfo(tb[IFLA_LINKINFO], link);
	if (nlh->nlmsg_type == RTM_DELLINK)
		obs.link.op = LINK_DEL;
	else
		obs.link.op = e->snapshot ? LINK_ADD : LINK_CHANGE;
	obs.link.snapshot = e->snapshot;
	obs.link.by = actor_of(e);
	send_obs(e, &obs);
	return 0;
}

/*
 * When an address was created, CLOCK_MONOTONIC. The kernel counts jiffies since boot and tells
 * hundredths of a second in 32 bits (net/ipv4/devinet.c: cstamp_delta), which start again each 497
 * days: the time of the message tells how often they did, even if it was taken up to 1 s before.
 * Jiffies follow CLOCK_MONOTONIC but start with the first tick of the boot: the answer is too early
 * by always the same time, some 250 ms where it was measured. A change of the lifetimes leaves it.
 */
static uint64_t created_at(const struct nlattr *nla, uint64_t now_ns)
{
	const uint64_t round_ns = (1ull << 32) * (NS_PER_S / 100);
	struct ifa_cacheinfo ci;
	uint64_t ns;

	if (!nla || nla_len(nla) < (int)sizeof(ci))
		return 0;
	memcpy(&ci, nla_data(nla), sizeof(ci));
	ns = ci.cstamp * (NS_PER_S / 100);
	if (now_ns + NS_PER_S > ns)
		ns += (now_ns + NS_PER_S - ns) / round_ns * round_ns;
	return ns;
}

static int decode_addr(const struct nlmsghdr *nlh, size_t len, const struct emit *e)
{
	const struct ifaddrmsg *ifa = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	struct obs obs = { .kind = OBS_ADDR };
	struct nlattr *tb[IFA_MAX + 1];

	if (ifa->ifa_family != AF_INET)
		return 0;
	attributes(nlh, len, sizeof(*ifa), tb, IFA_MAX);
	/* With a peer address IFA_ADDRESS is the peer's; IFA_LOCAL, where given, is ours. */
	if (ifa->ifa_prefixlen > 32 || !tb[IFA_LOCAL] ||
	    !get_v4(tb[IFA_LOCAL], &obs.addr.address.addr))
		return -EBADMSG;
	obs.addr.address.len = ifa->ifa_prefixlen;
	obs.addr.ifindex = ifa->ifa_index;
	obs.addr.del = nlh->nlmsg_type == RTM_DELADDR;
	obs.addr.snapshot = e->snapshot;
	obs.addr.created_ns = created_at(tb[IFA_CACHEINFO], e->ts_ns);
	obs.addr.by = actor_of(e);
	send_obs(e, &obs);
	return 0;
}

/* The states between a question and its answer are noise; a removed entry tells nothing. */
static int decode_neigh(const struct nlmsghdr *nlh, size_t len, const struct emit *e)
{
	const struct ndmsg *ndm = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	struct obs obs = { .kind = OBS_NEIGH };
	struct nlattr *tb[NDA_MAX + 1];
	bool failed = ndm->ndm_state & NUD_FAILED;

	if (ndm->ndm_family != AF_INET || nlh->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	if (!failed && (e->snapshot || !(ndm->ndm_state & (NUD_REACHABLE | NUD_PERMANENT))))
		return 0;
	attributes(nlh, len, sizeof(*ndm), tb, NDA_MAX);
	if (!get_v4(tb[NDA_DST], &obs.neigh.dst))
		return -EBADMSG;
	obs.neigh.ifindex = (uint32_t)ndm->ndm_ifindex;
	obs.neigh.failed = failed;
	obs.neigh.snapshot = e->snapshot;
	send_obs(e, &obs);
	return 0;
}

static void rule_prefix(const struct nlattr *nla, uint8_t len, struct prefix *out)
{
	if (get_v4(nla, &out->addr))
		out->len = len;
}

/* Which packets go to which table. Told in snapshots only: packets tell their table themselves. */
static int decode_rule(const struct nlmsghdr *nlh, size_t len, const struct emit *e)
{
	const struct fib_rule_hdr *hdr = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	struct obs obs = { .kind = OBS_RULE };
	struct nlattr *tb[FRA_MAX + 1];

	if (hdr->family != AF_INET || !e->snapshot)
		return 0;
	attributes(nlh, len, sizeof(*hdr), tb, FRA_MAX);
	if (hdr->src_len > 32 || hdr->dst_len > 32)
		return -EBADMSG;
	obs.rule.table = hdr->table;
	obs.rule.action = hdr->action;
	obs.rule.tos = hdr->tos;
	obs.rule.invert = hdr->flags & FIB_RULE_INVERT;
	get_u32(tb[FRA_TABLE], &obs.rule.table);
	get_u32(tb[FRA_PRIORITY], &obs.rule.priority);
	get_u32(tb[FRA_FWMARK], &obs.rule.mark);
	get_u32(tb[FRA_FWMASK], &obs.rule.mask);
	rule_prefix(tb[FRA_SRC], hdr->src_len, &obs.rule.src);
	rule_prefix(tb[FRA_DST], hdr->dst_len, &obs.rule.dst);
	get_text(tb[FRA_IIFNAME], obs.rule.iif, sizeof(obs.rule.iif));
	get_text(tb[FRA_OIFNAME], obs.rule.oif, sizeof(obs.rule.oif));
	send_obs(e, &obs);
	return 0;
}

static const struct decoder {
	uint16_t type;
	size_t hdr_len;
	int (*fn)(const struct nlmsghdr *nlh, size_t len, const struct emit *e);
} decoders[] = {
	{ RTM_NEWROUTE, sizeof(struct rtmsg), decode_route },
	{ RTM_DELROUTE, sizeof(struct rtmsg), decode_route },
	{ RTM_NEWLINK, sizeof(struct ifinfomsg), decode_link },
	{ RTM_DELLINK, sizeof(struct ifinfomsg), decode_link },
	{ RTM_NEWADDR, sizeof(struct ifaddrmsg), decode_addr },
	{ RTM_DELADDR, sizeof(struct ifaddrmsg), decode_addr },
	{ RTM_NEWNEIGH, sizeof(struct ndmsg), decode_neigh },
	{ RTM_DELNEIGH, sizeof(struct ndmsg), decode_neigh },
	{ RTM_NEWRULE, sizeof(struct fib_rule_hdr), decode_rule },
};

/* len: bytes there are, which may be fewer than the message claims */
static int decode(const void *msg, size_t len, const struct emit *e)
{
	const struct nlmsghdr *nlh = msg;
	size_t i;

	if ((uintptr_t)msg % NLMSG_ALIGNTO)
		return -EINVAL;
	if (len < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh))
		return -EBADMSG;
	for (i = 0; i < ARRAY_SIZE(decoders); i++) {
		if (decoders[i].type != nlh->nlmsg_type)
			continue;
		/* Both ends count: what the message claims and what is there */
		if (nlh->nlmsg_len < NLMSG_HDRLEN + decoders[i].hdr_len ||
		    len < NLMSG_HDRLEN + decoders[i].hdr_len)
			return -EBADMSG;
		return decoders[i].fn(nlh, len, e);
	}
	return 0;
}

int rtnl_decode(const void *msg, size_t len, uint64_t ts_ns, const struct actor *by, obs_fn fn,
		void *ctx)
{
	const struct emit e = { .ts_ns = ts_ns, .by = by, .fn = fn, .ctx = ctx };

	return decode(msg, len, &e);
}

int rtnl_decode_snapshot(const void *msg, size_t len, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct emit e = { .ts_ns = ts_ns, .snapshot = true, .fn = fn, .ctx = ctx };

	return decode(msg, len, &e);
}
