// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtnetlink, see rtnl.h. Two sockets: one that monitors, one for dumps, so that an
 * answer never waits behind a burst of changes. A dump is kept as raw messages until
 * the kernel has confirmed that it is consistent, and only then decoded: a node may
 * carry a full routing table, and a raw route is twenty times smaller than an obs.
 *
 * Every byte decoded here may come from a truncated copy: nothing is read that was
 * not measured before, and what is not understood is ignored.
 */
#include "rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "util.h"

/* Enough for some 10000 queued changes; the kernel doubles it and counts skb overhead */
#define MONITOR_BUF_SZ (4 * 1024 * 1024)
/* About a million routes: beyond that the node is no node */
#define DUMP_MAX_SZ (256 * 1024 * 1024)
#define DUMP_TRIES 3
/* A flood of changes must not keep rtnl__drain() from returning */
#define DRAIN_MAX 16384

struct rtnl {
	int monitor_fd, dump_fd;
};

struct emit {
	uint64_t ts_ns;
	const struct actor *by;		/* NULL: not known */
	bool snapshot;
	obs_fn fn;
	void *ctx;
};

/* ---- messages to observations ---- */

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

/* IFLA_LINKINFO lies behind the statistics: a cut message may have lost it, then kind stays "". */
static int decode_link(const struct nlmsghdr *nlh, size_t len, const struct emit *e)
{
	const struct ifinfomsg *ifi = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
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
	if (tb[IFLA_LINKINFO] && !nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL))
		get_text(info[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	if (nlh->nlmsg_type == RTM_DELLINK)
		obs.link.op = LINK_DEL;
	else
		obs.link.op = e->snapshot ? LINK_ADD : LINK_CHANGE;
	obs.link.snapshot = e->snapshot;
	obs.link.by = actor_of(e);
	send_obs(e, &obs);
	return 0;
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

/* ---- sockets ---- */

static int monitor_open(void)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE,
		RTNLGRP_NEIGH,
	};
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int size = MONITOR_BUF_SZ, fd, err;
	size_t i;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	/* Without CAP_NET_ADMIN in the initial user namespace: what net.core.rmem_max allows */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		goto fail;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(int)))
			goto fail;
	}
	return fd;
fail:
	err = -errno;
	close(fd);
	return err;
}

int rtnl__open(struct rtnl **ret)
{
	struct rtnl *r = calloc(1, sizeof(*r));
	int one = 1, err;

	if (!r)
		return -ENOMEM;
	r->dump_fd = -1;
	r->monitor_fd = err = monitor_open();
	if (err >= 0)
		r->dump_fd = err = nlask__open(NETLINK_ROUTE);
	if (err < 0) {
		rtnl__free(r);
		return err;
	}
	/* Since 4.20. It keeps cached clones of routes out of the dump; we skip them anyway. */
	(void)setsockopt(r->dump_fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	*ret = r;
	return 0;
}

void rtnl__free(struct rtnl *r)
{
	if (!r)
		return;
	if (r->monitor_fd >= 0)
		close(r->monitor_fd);
	if (r->dump_fd >= 0)
		close(r->dump_fd);
	free(r);
}

int rtnl__fd(const struct rtnl *r)
{
	return r->monitor_fd;
}

/* ---- dumps ---- */

/* Raw messages one after the other, each aligned to NLMSG_ALIGNTO */
struct messages {
	char *buf;
	size_t len, size;
};

static int messages__add(void *ctx, struct nlmsghdr *nlh)
{
	struct messages *m = ctx;
	size_t need = m->len + NLMSG_ALIGN(nlh->nlmsg_len);
	size_t size = m->size;
	char *buf;

	if (need > DUMP_MAX_SZ)
		return -E2BIG;
	while (size < need)
		size = size ? size * 2 : NLASK_BUF_SZ;
	if (size != m->size) {
		buf = realloc(m->buf, size);
		if (!buf)
			return -ENOMEM;
		m->buf = buf;
		m->size = size;
	}
	memcpy(m->buf + m->len, nlh, nlh->nlmsg_len);
	m->len = need;
	return 0;
}

static void messages__decode(const struct messages *m, const struct emit *e)
{
	const struct nlmsghdr *nlh;
	size_t at;

	for (at = 0; at < m->len; at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (const void *)(m->buf + at);
		/* One that is malformed does not spoil the others. */
		(void)decode(nlh, nlh->nlmsg_len, e);
	}
}

static struct nl_msg *dump_question(uint16_t type)
{
	/* All four headers are zero but for the family, and pass as such in strict mode. */
	union {
		struct rtmsg rtm;
		struct ifinfomsg ifi;
		struct ifaddrmsg ifa;
		struct ndmsg ndm;
	} hdr = { 0 };
	size_t len = type == RTM_GETLINK ? sizeof(hdr.ifi) : type == RTM_GETADDR ? sizeof(hdr.ifa) :
		     type == RTM_GETROUTE ? sizeof(hdr.rtm) : sizeof(hdr.ndm);
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);

	if (!msg)
		return NULL;
	*(uint8_t *)&hdr = type == RTM_GETLINK ? AF_UNSPEC : AF_INET;
	if (nlmsg_append(msg, &hdr, len, NLMSG_ALIGNTO) ||
	    (type == RTM_GETLINK && nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int dump_one(struct rtnl *r, uint16_t type, struct messages *m)
{
	const size_t before = m->len;
	struct nl_msg *msg;
	int err = -EINTR, i;

	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		m->len = before;
		msg = dump_question(type);
		if (!msg)
			return -ENOMEM;
		err = nlask(r->dump_fd, msg, messages__add, m);
		nlmsg_free(msg);
	}
	return err;
}

int rtnl__dump(struct rtnl *r, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	static const uint16_t types[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH };
	const struct emit e = { .ts_ns = ts_ns, .snapshot = true, .fn = fn, .ctx = ctx };
	struct messages m = { 0 };
	struct obs mark = { 0 };
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types) && !err; i++)
		err = dump_one(r, types[i], &m);
	if (!err) {
		mark.kind = OBS_BEGIN_SNAPSHOT;
		send_obs(&e, &mark);
		messages__decode(&m, &e);
		mark.kind = OBS_END_SNAPSHOT;
		send_obs(&e, &mark);
	}
	free(m.buf);
	return err;
}

/* ---- changes ---- */

static void decode_datagram(void *buf, int left, const struct emit *e)
{
	struct nlmsghdr *nlh;

	for (nlh = buf; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
		(void)decode(nlh, nlh->nlmsg_len, e);
}

int rtnl__drain(struct rtnl *r, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct emit e = { .ts_ns = ts_ns, .fn = fn, .ctx = ctx };
	uint32_t buf[NLASK_BUF_SZ / 4];
	size_t size = fn ? sizeof(buf) : sizeof(buf[0]);
	struct sockaddr_nl from;
	socklen_t len;
	bool lost = false;
	ssize_t n;
	int i;

	for (i = 0; i < DRAIN_MAX; i++) {
		len = sizeof(from);
		n = recvfrom(r->monitor_fd, buf, size, MSG_TRUNC | MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (n < 0)
			lost |= errno == ENOBUFS;
		else if (fn && n > (ssize_t)size)
			lost = true;
		else if (fn && len == sizeof(from) && !from.nl_pid)
			decode_datagram(buf, (int)n, &e);
	}
	return lost;
}
