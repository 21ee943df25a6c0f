// SPDX-License-Identifier: GPL-2.0-only
/* rtnl_decode(): messages as the kernel writes them, cut ones, and bent ones. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "rtnl.h"
#include "util.h"

struct seen {
	size_t cnt;
	struct obs obs;
};

static void keep(void *ctx, const struct obs *obs)
{
	struct seen *seen = ctx;

	seen->cnt++;
	seen->obs = *obs;
}

/* Only the first have bytes exist: a byte read beyond them is one that ASan sees. */
static int decode_cut(struct nl_msg *msg, size_t have, struct seen *seen)
{
	static const struct actor by = { .pid = 42, .comm = "ip" };
	void *copy = malloc(have ? have : 1);
	int err;

	memset(seen, 0, sizeof(*seen));
	memcpy(copy, nlmsg_hdr(msg), have);
	err = rtnl_decode(copy, have, 7, &by, keep, seen);
	free(copy);
	return err;
}

static int decode(struct nl_msg *msg, struct seen *seen)
{
	return decode_cut(msg, nlmsg_hdr(msg)->nlmsg_len, seen);
}

static void put_v4(struct nl_msg *msg, int type, const char *text)
{
	struct in_addr in;

	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	assert_int_equal(nla_put(msg, type, sizeof(in), &in), 0);
}

static struct nl_msg *new_msg(int type, int flags, const void *hdr, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, (void *)hdr, len, NLMSG_ALIGNTO), 0);
	return msg;
}

static struct nl_msg *new_route(int type, int flags, uint8_t rtn, const char *dst, uint8_t len)
{
	const struct rtmsg rtm = {
		.rtm_family = AF_INET,
		.rtm_dst_len = len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BIRD,
		.rtm_type = rtn,
	};
	struct nl_msg *msg = new_msg(type, flags, &rtm, sizeof(rtm));

	nla_put_u32(msg, RTA_TABLE, RT_TABLE_MAIN);
	if (dst)
		put_v4(msg, RTA_DST, dst);
	nla_put_u32(msg, RTA_PRIORITY, 1024);
	return msg;
}

static struct nl_msg *new_tunnel_route(int type, int flags)
{
	struct nl_msg *msg = new_route(type, flags, RTN_UNICAST, "10.253.65.64", 26);

	put_v4(msg, RTA_GATEWAY, "10.2.7.201");
	nla_put_u32(msg, RTA_OIF, 9);
	return msg;
}

static void check_prefix(const struct prefix *p, const char *text)
{
	char buf[PREFIX_STRLEN];

	assert_string_equal(prefix_str(p, buf), text);
}

static void check_addr(const struct addr *a, const char *text)
{
	char buf[ADDR_STRLEN];

	assert_string_equal(addr_str(a, buf), text);
}

static void test_route_ops(void **state)
{
	static const struct {
		int type, flags;
		enum route_op op;
	} cases[] = {
		{ RTM_NEWROUTE, NLM_F_CREATE, ROUTE_ADD },
		{ RTM_NEWROUTE, NLM_F_REPLACE, ROUTE_REPLACE },
		{ RTM_DELROUTE, 0, ROUTE_DEL },
	};
	struct nl_msg *msg;
	struct seen seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct route *r = &seen.obs.route.route;

		msg = new_tunnel_route(cases[i].type, cases[i].flags);
		assert_int_equal(decode(msg, &seen), 0);
		assert_int_equal(seen.cnt, 1);
		assert_int_equal(seen.obs.kind, OBS_ROUTE);
		assert_int_equal(seen.obs.ts_ns, 7);
		assert_int_equal(seen.obs.route.op, cases[i].op);
		assert_false(seen.obs.route.snapshot);
		assert_int_equal(seen.obs.route.by.pid, 42);
		check_prefix(&r->dst, "10.253.65.64/26");
		assert_int_equal(r->table, RT_TABLE_MAIN);
		assert_int_equal(r->metric, 1024);
		assert_int_equal(r->protocol, RTPROT_BIRD);
		assert_int_equal(r->nh_cnt, 1);
		assert_int_equal(r->nh[0].ifindex, 9);
		check_addr(&r->nh[0].gw, "10.2.7.201");
		nlmsg_free(msg);
	}
}

static void test_route_shapes(void **state)
{
	const struct {
		uint16_t family;
		uint8_t addr[16];
	} via = { AF_INET6, { 0xfd } };
	struct nl_msg *msg;
	struct seen seen;

	(void)state;
	/* The default route has no RTA_DST, and RTA_TABLE wins over the 8 bits in the header. */
	msg = new_route(RTM_NEWROUTE, 0, RTN_UNICAST, NULL, 0);
	nla_put_u32(msg, RTA_TABLE, 100000);
	nla_put_u32(msg, RTA_OIF, 2);
	assert_int_equal(decode(msg, &seen), 0);
	check_prefix(&seen.obs.route.route.dst, "0.0.0.0/0");
	assert_int_equal(seen.obs.route.route.table, 100000);
	assert_false(addr_is_set(&seen.obs.route.route.nh[0].gw));
	nlmsg_free(msg);

	/* Host bits must not survive. */
	msg = new_route(RTM_NEWROUTE, 0, RTN_BLACKHOLE, "10.253.65.77", 26);
	assert_int_equal(decode(msg, &seen), 0);
	check_prefix(&seen.obs.route.route.dst, "10.253.65.64/26");
	assert_int_equal(seen.obs.route.route.nh_cnt, 0);
	nlmsg_free(msg);

	/* RFC 5549: on link for us */
	msg = new_route(RTM_NEWROUTE, 0, RTN_UNICAST, "10.0.0.0", 8);
	nla_put(msg, RTA_VIA, sizeof(via), &via);
	nla_put_u32(msg, RTA_OIF, 3);
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.obs.route.route.nh_cnt, 1);
	assert_false(addr_is_set(&seen.obs.route.route.nh[0].gw));
	nlmsg_free(msg);
}

/* Puts cnt next hops 10.2.7.1 ... on devices 1 ... */
static struct nl_msg *new_multipath(unsigned int cnt)
{
	struct nl_msg *msg = new_route(RTM_NEWROUTE, 0, RTN_UNICAST, "10.9.0.0", 24);
	struct {
		struct rtnexthop nh;
		struct nlattr attr;
		uint32_t gw;
	} hop[64];
	unsigned int i;

	assert_true(cnt <= 64);
	for (i = 0; i < cnt; i++) {
		hop[i].nh = (struct rtnexthop){
			.rtnh_len = sizeof(hop[i]),
			.rtnh_ifindex = (int)i + 1,
		};
		hop[i].attr.nla_len = NLA_HDRLEN + 4;
		hop[i].attr.nla_type = RTA_GATEWAY;
		hop[i].gw = htonl(0x0a020701 + i);
	}
	assert_int_equal(nla_put(msg, RTA_MULTIPATH, (int)(cnt * sizeof(hop[0])), hop), 0);
	return msg;
}

static void test_multipath(void **state)
{
	const struct route *r;
	struct nl_msg *msg;
	struct seen seen;

	(void)state;
	msg = new_multipath(2);
	assert_int_equal(decode(msg, &seen), 0);
	r = &seen.obs.route.route;
	assert_int_equal(r->nh_cnt, 2);
	check_addr(&r->nh[1].gw, "10.2.7.2");
	assert_int_equal(r->nh[1].ifindex, 2);
	nlmsg_free(msg);

	msg = new_multipath(64);
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.obs.route.route.nh_cnt, MAX_NEXTHOPS);
	nlmsg_free(msg);

	/* A next hop that claims more than there is, and one that claims less than itself */
	msg = new_multipath(1);
	((struct rtnexthop *)((char *)nlmsg_tail(nlmsg_hdr(msg)) - 16))->rtnh_len = 17;
	assert_int_equal(decode(msg, &seen), -EBADMSG);
	((struct rtnexthop *)((char *)nlmsg_tail(nlmsg_hdr(msg)) - 16))->rtnh_len = 0;
	assert_int_equal(decode(msg, &seen), -EBADMSG);
	assert_int_equal(seen.cnt, 0);
	nlmsg_free(msg);
}

static void test_route_ignored(void **state)
{
	struct nl_msg *msg;
	struct seen seen;

	(void)state;
	msg = new_route(RTM_NEWROUTE, 0, RTN_BROADCAST, "10.2.7.255", 32);
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.cnt, 0);
	nlmsg_free(msg);

	msg = new_tunnel_route(RTM_NEWROUTE, 0);
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_flags = RTM_F_CLONED;
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.cnt, 0);
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_flags = 0;
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_family = AF_INET6;
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.cnt, 0);
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_family = AF_INET;
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_dst_len = 33;
	assert_int_equal(decode(msg, &seen), -EBADMSG);
	nlmsg_free(msg);
}

/* However a route is cut: either it is refused, or all of it that counts was there. */
static void test_route_cut(void **state)
{
	struct nl_msg *msg = new_tunnel_route(RTM_NEWROUTE, 0);
	size_t whole = nlmsg_hdr(msg)->nlmsg_len, have;
	struct seen seen;

	(void)state;
	nla_put_u32(msg, RTA_FLOW, 1);
	for (have = 0; have < whole; have++) {
		assert_int_equal(decode_cut(msg, have, &seen), -EBADMSG);
		assert_int_equal(seen.cnt, 0);
	}
	for (; have < nlmsg_hdr(msg)->nlmsg_len; have++) {
		assert_int_equal(decode_cut(msg, have, &seen), 0);
		assert_int_equal(seen.obs.route.route.nh[0].ifindex, 9);
	}
	nlmsg_free(msg);

	msg = new_route(RTM_NEWROUTE, 0, RTN_BLACKHOLE, "10.253.65.64", 26);
	nla_put_u32(msg, RTA_FLOW, 1);
	assert_int_equal(decode_cut(msg, nlmsg_hdr(msg)->nlmsg_len - 1, &seen), -EBADMSG);
	nlmsg_free(msg);
}

static struct nl_msg *new_link(int type, uint8_t family)
{
	const struct ifinfomsg ifi = {
		.ifi_family = family,
		.ifi_index = 12,
		.ifi_type = ARPHRD_TUNNEL,
		.ifi_flags = IFF_UP | IFF_RUNNING,
	};
	struct nl_msg *msg = new_msg(type, 0, &ifi, sizeof(ifi));
	struct nlattr *info;

	nla_put_string(msg, IFLA_IFNAME, "tunl0");
	nla_put_u32(msg, IFLA_MTU, 1480);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "ipip");
	nla_nest_end(msg, info);
	return msg;
}

static void test_link(void **state)
{
	struct nl_msg *msg = new_link(RTM_NEWLINK, AF_UNSPEC);
	const struct link_info *link;
	struct seen seen;

	(void)state;
	assert_int_equal(decode(msg, &seen), 0);
	link = &seen.obs.link.link;
	assert_int_equal(seen.obs.link.op, LINK_CHANGE);
	assert_string_equal(link->name, "tunl0");
	assert_string_equal(link->kind, "ipip");
	assert_int_equal(link->ifindex, 12);
	assert_int_equal(link->mtu, 1480);
	assert_int_equal(link->arptype, ARPHRD_TUNNEL);
	assert_true(link->up && link->running);
	/* Cut behind the MTU: good enough, but the kind is not known. */
	assert_int_equal(decode_cut(msg, 16 + 16 + 12 + 8 + 3, &seen), 0);
	assert_string_equal(link->kind, "");
	assert_int_equal(decode_cut(msg, 16 + 16 + 12 + 7, &seen), -EBADMSG);
	nlmsg_free(msg);

	msg = new_link(RTM_DELLINK, AF_UNSPEC);
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.obs.link.op, LINK_DEL);
	nlmsg_free(msg);

	msg = new_link(RTM_DELLINK, AF_BRIDGE);
	assert_int_equal(decode(msg, &seen), 0);
	assert_int_equal(seen.cnt, 0);
	nlmsg_free(msg);
}

static struct nl_msg *new_vxlan(const char *kind, const void *port, int port_len)
{
	const struct ifinfomsg ifi = { .ifi_index = 9, .ifi_type = ARPHRD_ETHER };
	struct nl_msg *msg = new_msg(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	struct nlattr *info, *data;

	nla_put_string(msg, IFLA_IFNAME, "vxlan.calico");
	nla_put_u32(msg, IFLA_MTU, 1450);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, kind);
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	nla_put_u32(msg, IFLA_VXLAN_ID, 4096);
	nla_put(msg, IFLA_VXLAN_PORT, port_len, port);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return msg;
}

static void test_link_vxlan(void **state)
{
	static const struct {
		const char *kind;
		int len;
		uint16_t want;
	} cases[] = {
		{ "vxlan", 2, 4789 },
		{ "vxlan", 1, 0 },  /* too short to be one */
		{ "geneve", 2, 0 }, /* the same number means something else */
	};
	const uint16_t port = htons(4789);
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nl_msg *msg = new_vxlan(cases[i].kind, &port, cases[i].len);

		assert_int_equal(decode(msg, &seen), 0);
		assert_string_equal(seen.obs.link.link.kind, cases[i].kind);
		assert_int_equal(seen.obs.link.link.vxlan_port, cases[i].want);
		nlmsg_free(msg);
	}
}

/* Neither a name without its end nor one that is too long may leave its place. */
static void test_link_name(void **state)
{
	const struct ifinfomsg ifi = { .ifi_index = 3 };
	struct nl_msg *msg = new_msg(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	struct seen seen;

	(void)state;
	nla_put_u32(msg, IFLA_MTU, 1500);
	nla_put(msg, IFLA_IFNAME, 40, "0123456789012345678901234567890123456789");
	assert_int_equal(decode(msg, &seen), 0);
	assert_string_equal(seen.obs.link.link.name, "012345678901234");
	nlmsg_free(msg);
}

static void test_addr(void **state)
{
	const struct ifaddrmsg ifa = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = 24,
		.ifa_index = 5,
	};
	struct nl_msg *msg = new_msg(RTM_NEWADDR, 0, &ifa, sizeof(ifa));
	struct seen seen;

	(void)state;
	put_v4(msg, IFA_ADDRESS, "10.2.7.9");
	put_v4(msg, IFA_LOCAL, "10.2.7.201");
	assert_int_equal(decode(msg, &seen), 0);
	assert_false(seen.obs.addr.del);
	check_prefix(&seen.obs.addr.address, "10.2.7.201/24");
	assert_int_equal(seen.obs.addr.ifindex, 5);
	nlmsg_hdr(msg)->nlmsg_type = RTM_DELADDR;
	assert_int_equal(decode(msg, &seen), 0);
	assert_true(seen.obs.addr.del);
	assert_int_equal(decode_cut(msg, nlmsg_hdr(msg)->nlmsg_len - 1, &seen), -EBADMSG);
	nlmsg_free(msg);
}

#define ROUND_NS ((1ull << 32) * 10 * NS_PER_MS) /* 497 days */

static uint64_t created(uint32_t cstamp, size_t len, uint64_t now_ns)
{
	const struct ifaddrmsg ifa = { .ifa_family = AF_INET, .ifa_prefixlen = 24 };
	const struct ifa_cacheinfo ci = { .cstamp = cstamp, .tstamp = 99, .ifa_valid = 98 };
	struct nl_msg *msg = new_msg(RTM_NEWADDR, 0, &ifa, sizeof(ifa));
	struct seen seen = { 0 };

	put_v4(msg, IFA_LOCAL, "10.2.7.201");
	nla_put(msg, IFA_CACHEINFO, (int)len, &ci);
	assert_int_equal(rtnl_decode_snapshot(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, now_ns,
					      keep, &seen),
			 0);
	assert_int_equal(seen.cnt, 1);
	nlmsg_free(msg);
	return seen.obs.addr.created_ns;
}

static void test_addr_created(void **state)
{
	const size_t len = sizeof(struct ifa_cacheinfo);

	(void)state;
	assert_int_equal(created(12345, len, 200 * NS_PER_S), 123450 * NS_PER_MS);
	assert_int_equal(created(12345, len, 123450 * NS_PER_MS), 123450 * NS_PER_MS);
	/* the time of the message was taken before the address was made */
	assert_int_equal(created(12345, len, 123 * NS_PER_S), 123450 * NS_PER_MS);
	assert_int_equal(created(12345, len - 1, 200 * NS_PER_S), 0);
	/* the counter has started again since; and may have since the address was made */
	assert_int_equal(created(5, len, ROUND_NS + NS_PER_S), ROUND_NS + 50 * NS_PER_MS);
	assert_int_equal(created(UINT32_MAX, len, ROUND_NS + 5 * NS_PER_S),
			 ROUND_NS - 10 * NS_PER_MS);
	assert_int_equal(created(5, len, 3 * ROUND_NS - 2 * NS_PER_S),
			 2 * ROUND_NS + 50 * NS_PER_MS);
}

static void test_neigh(void **state)
{
	static const struct {
		int type;
		uint16_t nud;
		size_t cnt;
		bool failed;
	} cases[] = {
		{ RTM_NEWNEIGH, NUD_FAILED, 1, true },
		{ RTM_NEWNEIGH, NUD_REACHABLE, 1, false },
		{ RTM_NEWNEIGH, NUD_PERMANENT, 1, false },
		{ RTM_NEWNEIGH, NUD_STALE, 0, false },
		{ RTM_NEWNEIGH, NUD_PROBE, 0, false },
		{ RTM_DELNEIGH, NUD_FAILED, 0, false },
	};
	struct nl_msg *msg;
	struct seen seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ndmsg ndm = {
			.ndm_family = AF_INET,
			.ndm_ifindex = 4,
			.ndm_state = cases[i].nud,
		};

		msg = new_msg(cases[i].type, 0, &ndm, sizeof(ndm));
		put_v4(msg, NDA_DST, "10.2.7.200");
		assert_int_equal(decode(msg, &seen), 0);
		assert_int_equal(seen.cnt, cases[i].cnt);
		if (seen.cnt) {
			assert_int_equal(seen.obs.neigh.failed, cases[i].failed);
			check_addr(&seen.obs.neigh.dst, "10.2.7.200");
		}
		nlmsg_free(msg);
	}
}

static void test_no_message(void **state)
{
	struct nlmsghdr nlh = { .nlmsg_len = 3, .nlmsg_type = RTM_NEWROUTE };
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(rtnl_decode(&nlh, 0, 7, NULL, keep, &seen), -EBADMSG);
	assert_int_equal(rtnl_decode(&nlh, sizeof(nlh), 7, NULL, keep, &seen), -EBADMSG);
	nlh.nlmsg_len = sizeof(nlh);
	assert_int_equal(rtnl_decode(&nlh, sizeof(nlh), 7, NULL, keep, &seen), -EBADMSG);
	nlh.nlmsg_len = UINT32_MAX;
	assert_int_equal(rtnl_decode(&nlh, sizeof(nlh), 7, NULL, keep, &seen), -EBADMSG);
	nlh.nlmsg_type = RTM_NEWACTION;
	assert_int_equal(rtnl_decode(&nlh, sizeof(nlh), 7, NULL, keep, &seen), 0);
	assert_int_equal(seen.cnt, 0);
}

static void test_rule(void **state)
{
	struct fib_rule_hdr hdr = { .family = AF_INET, .src_len = 26, .action = FR_ACT_TO_TBL };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWRULE, 0);
	struct seen seen = { 0 };
	const struct obs_rule *r = &seen.obs.rule;

	(void)state;
	nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO);
	put_v4(msg, FRA_SRC, "10.253.65.64");
	nla_put_u32(msg, FRA_PRIORITY, 100);
	nla_put_u32(msg, FRA_TABLE, 300);
	nla_put_u32(msg, FRA_FWMARK, 0x40);
	nla_put_string(msg, FRA_IIFNAME, "cali0");
	assert_int_equal(
		rtnl_decode_snapshot(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 7, keep, &seen), 0);
	assert_int_equal(seen.cnt, 1);
	assert_int_equal(seen.obs.kind, OBS_RULE);
	assert_int_equal(r->priority, 100);
	assert_int_equal(r->table, 300);
	assert_int_equal(r->mark, 0x40);
	assert_int_equal(r->src.len, 26);
	check_addr(&r->src.addr, "10.253.65.64");
	assert_int_equal(r->dst.addr.family, 0);
	assert_string_equal(r->iif, "cali0");
	/* cut anywhere: nothing, or what is there */
	for (uint32_t len = 0; len < nlmsg_hdr(msg)->nlmsg_len; len++)
		rtnl_decode_snapshot(nlmsg_hdr(msg), len, 7, keep, &seen);
	/* a change is no state */
	seen.cnt = 0;
	assert_int_equal(
		rtnl_decode(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 7, NULL, keep, &seen), 0);
	assert_int_equal(seen.cnt, 0);
	nlmsg_free(msg);
}

/* Nothing to assert but that it comes back: the sanitizers watch. The same bytes every time. */
static void test_bent(void **state)
{
	struct nl_msg *msgs[] = {
		new_tunnel_route(RTM_NEWROUTE, 0),
		new_multipath(5),
		new_link(RTM_NEWLINK, AF_UNSPEC),
	};
	uint32_t rnd = 12345;
	struct seen seen;
	size_t i, j, len;
	uint8_t *p;

	(void)state;
	for (i = 0; i < 60000; i++) {
		struct nl_msg *msg = msgs[i % 3];
		uint8_t saved[512];

		p = (uint8_t *)nlmsg_hdr(msg);
		len = nlmsg_hdr(msg)->nlmsg_len;
		assert_true(len <= sizeof(saved));
		memcpy(saved, p, len);
		for (j = 0; j < 3; j++) {
			rnd = rnd * 1664525 + 1013904223;
			p[(rnd >> 8) % len] = (uint8_t)(rnd >> 24);
		}
		decode_cut(msg, i % 7 ? len : (rnd >> 4) % len, &seen);
		memcpy(p, saved, len);
	}
	for (i = 0; i < 3; i++)
		nlmsg_free(msgs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route_ops),  cmocka_unit_test(test_route_shapes),
		cmocka_unit_test(test_multipath),  cmocka_unit_test(test_route_ignored),
		cmocka_unit_test(test_route_cut),  cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_vxlan), cmocka_unit_test(test_link_name),
		cmocka_unit_test(test_addr),	   cmocka_unit_test(test_addr_created),
		cmocka_unit_test(test_neigh),	   cmocka_unit_test(test_no_message),
		cmocka_unit_test(test_rule),	   cmocka_unit_test(test_bent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
