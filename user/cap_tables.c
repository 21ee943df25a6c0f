// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fields of each kind of record, in their order in a file: add at the end of a table, never
 * change or remove. man 5 calitrace-capture has the same lists.
 */
#include "cap_codec.h"

#define SIZE(s, m) sizeof(((struct s *)0)->m)
#define INT(s, m)                                                                \
	{                                                                        \
		.type = CF_INT, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define TIME(s, m)                                                                \
	{                                                                         \
		.type = CF_TIME, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define BOOL(s, m)                                                                \
	{                                                                         \
		.type = CF_BOOL, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define BYTES(s, m)                                                                \
	{                                                                          \
		.type = CF_BYTES, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define STR(s, m)                                                                \
	{                                                                        \
		.type = CF_STR, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define ADDR(s, m)                                                                \
	{                                                                         \
		.type = CF_ADDR, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define NET(s, m)                                                                \
	{                                                                        \
		.type = CF_NET, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define IFNET(s, m)                                                                \
	{                                                                          \
		.type = CF_IFNET, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define ACTOR(s, m)                                                                \
	{                                                                          \
		.type = CF_ACTOR, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define WORDS(s, m)                                                                \
	{                                                                          \
		.type = CF_WORDS, .off = offsetof(struct s, m), .size = SIZE(s, m) \
	}
#define ENUM(s, m, values)                                                                         \
	{                                                                                          \
		.type = CF_ENUM, .off = offsetof(struct s, m), .size = SIZE(s, m), .max = (values) \
	}
#define LIST(s, m, cnt, table)                                                         \
	{                                                                              \
		.type = CF_LIST, .off = offsetof(struct s, m), .size = SIZE(s, m[0]),  \
		.max = SIZE(s, m) / SIZE(s, m[0]), .cnt_off = offsetof(struct s, cnt), \
		.cnt_size = SIZE(s, cnt), .sub = &(table)                              \
	}
#define TABLE(s, fields)                                                       \
	{                                                                      \
		fields, sizeof(fields) / sizeof((fields)[0]), sizeof(struct s) \
	}

/* clang-format off */
static const struct cap_field fib[] = {
	INT(obs_fib, netns), INT(obs_fib, ifindex), INT(obs_fib, table), INT(obs_fib, class),
	INT(obs_fib, proto), BOOL(obs_fib, ambiguous), INT(obs_fib, err), INT(obs_fib, sport),
	INT(obs_fib, dport), ADDR(obs_fib, src), ADDR(obs_fib, dst), ACTOR(obs_fib, by),
};
static const struct cap_field res[] = {
	INT(obs_res, skb), INT(obs_res, netns), INT(obs_res, ifindex), INT(obs_res, table),
	INT(obs_res, type), NET(obs_res, prefix), ADDR(obs_res, src), ADDR(obs_res, dst),
};
static const struct cap_field node[] = {
	BOOL(obs_node, reset), INT(obs_node, lists), ADDR(obs_node, addr),
};
static const struct cap_field source[] = {
	ENUM(obs_source, id, SOURCE_MAX), BOOL(obs_source, begin),
	ENUM(obs_source, state, SOURCE_OFF + 1), STR(obs_source, detail),
};
static const struct cap_field bird[] = {
	BOOL(obs_bird, v6), STR(obs_bird, version), ADDR(obs_bird, router_id),
	TIME(obs_bird, boot_ns), TIME(obs_bird, conf_ns), BOOL(obs_bird, recovering),
	INT(obs_bird, waiting_for), INT(obs_bird, wait_s), INT(obs_bird, wait_max_s),
};
static const struct cap_field bird_proto[] = {
	BOOL(obs_bird_proto, v6), STR(obs_bird_proto, name), STR(obs_bird_proto, kind),
	STR(obs_bird_proto, state), STR(obs_bird_proto, bgp), STR(obs_bird_proto, info),
	TIME(obs_bird_proto, since_ns), ADDR(obs_bird_proto, neighbor),
	ADDR(obs_bird_proto, source), INT(obs_bird_proto, imported),
	INT(obs_bird_proto, exported), BOOL(obs_bird_proto, gr_pending),
	BOOL(obs_bird_proto, gr_neighbor),
};
static const struct cap_field bird_route[] = {
	BOOL(obs_bird_route, v6), NET(obs_bird_route, dst), STR(obs_bird_route, proto),
	ADDR(obs_bird_route, from), ADDR(obs_bird_route, gw), STR(obs_bird_route, dev),
	INT(obs_bird_route, type), BOOL(obs_bird_route, best), BOOL(obs_bird_route, refused),
	BOOL(obs_bird_route, stale), BOOL(obs_bird_route, unresolved),
};
static const struct cap_field conf[] = {
	ADDR(obs_conf, router_id), BOOL(obs_conf, felix_owns), INT(obs_conf, own_as),
};
static const struct cap_field conf_peer[] = {
	ENUM(obs_conf_peer, kind, PEER_OTHER + 1), STR(obs_conf_peer, name),
	STR(obs_conf_peer, node), ADDR(obs_conf_peer, addr), ADDR(obs_conf_peer, source),
	INT(obs_conf_peer, as), BOOL(obs_conf_peer, passive), BOOL(obs_conf_peer, rr_client),
};
static const struct cap_field sysctl[] = {
	INT(obs_sysctl, ifindex), INT(obs_sysctl, rp_filter), INT(obs_sysctl, forwarding),
	INT(obs_sysctl, proxy_arp), INT(obs_sysctl, ip_forward),
};
static const struct cap_field fill[] = {
	ENUM(obs_fill, what, FILL_MAX), INT(obs_fill, cnt), INT(obs_fill, max),
};
static const struct cap_field proc[] = {
	INT(obs_proc, pid), STR(obs_proc, comm), TIME(obs_proc, start_ns),
};
static const struct cap_field vtep[] = {
	INT(obs_vtep, ifindex), BOOL(obs_vtep, have_neigh), BOOL(obs_vtep, have_fdb),
	ADDR(obs_vtep, vtep), BYTES(obs_vtep, mac), ADDR(obs_vtep, node),
};
static const struct cap_field pod[] = {
	STR(obs_pod, name), STR(obs_pod, dev), ADDR(obs_pod, addr), BOOL(obs_pod, verified),
	BOOL(obs_pod, status),
};
static const struct cap_field answer[] = {
	ADDR(obs_answer, dst), INT(obs_answer, err), INT(obs_answer, type),
	ADDR(obs_answer, gw), ADDR(obs_answer, src), INT(obs_answer, ifindex),
};
static const struct cap_field baseline[] = {
	ENUM(obs_baseline, what, BASELINE_NODE + 1), INT(obs_baseline, protocol),
	NET(obs_baseline, block), ADDR(obs_baseline, owner), ADDR(obs_baseline, gw),
	STR(obs_baseline, node), STR(obs_baseline, from), STR(obs_baseline, dev),
	TIME(obs_baseline, seen_ns), INT(obs_baseline, wall_ns),
};
static const struct cap_field rule[] = {
	INT(obs_rule, priority), INT(obs_rule, table), INT(obs_rule, mark), INT(obs_rule, mask),
	INT(obs_rule, action), INT(obs_rule, tos), BOOL(obs_rule, invert), NET(obs_rule, src),
	NET(obs_rule, dst), STR(obs_rule, iif), STR(obs_rule, oif),
};
static const struct cap_field nflook[] = {
	TIME(obs_nflook, since_ns), BOOL(obs_nflook, too_many), BOOL(obs_nflook, cut),
	TIME(obs_nflook, from_ns), TIME(obs_nflook, to_ns), INT(obs_nflook, nft_rules),
	INT(obs_nflook, legacy_rules), INT(obs_nflook, iptables_rules),
	STR(obs_nflook, failed),
};
static const struct cap_field nfrule[] = {
	ENUM(obs_nfrule, backend, NFB_MAX), ENUM(obs_nfrule, verdict, NFV_MAX),
	INT(obs_nfrule, hooks), BOOL(obs_nfrule, counted), BOOL(obs_nfrule, invalid),
	BOOL(obs_nfrule, rpfilter), INT(obs_nfrule, number), INT(obs_nfrule, alike),
	INT(obs_nfrule, moved), STR(obs_nfrule, family), STR(obs_nfrule, table),
	STR(obs_nfrule, chain), STR(obs_nfrule, in), STR(obs_nfrule, out),
	STR(obs_nfrule, comment), STR(obs_nfrule, text),
};
static const struct cap_field service[] = {
	ADDR(obs_service, addr),
};
static const struct cap_field nftrace[] = {
	ADDR(obs_nftrace, src), ADDR(obs_nftrace, dst), INT(obs_nftrace, proto),
	BOOL(obs_nftrace, known), INT(obs_nftrace, ip_id), INT(obs_nftrace, sport),
	INT(obs_nftrace, dport), INT(obs_nftrace, handle),
	ENUM(obs_nftrace, rule.backend, NFB_MAX), ENUM(obs_nftrace, rule.verdict, NFV_MAX),
	BOOL(obs_nftrace, rule.counted), BOOL(obs_nftrace, rule.invalid),
	BOOL(obs_nftrace, rule.rpfilter), STR(obs_nftrace, rule.family),
	STR(obs_nftrace, rule.table), STR(obs_nftrace, rule.chain), STR(obs_nftrace, rule.in),
	STR(obs_nftrace, rule.out), STR(obs_nftrace, rule.comment), STR(obs_nftrace, rule.text),
};
static const struct cap_field hop[] = {
	ADDR(nexthop, gw), INT(nexthop, ifindex),
};
static const struct cap_table hop_table = TABLE(nexthop, hop);
static const struct cap_field route[] = {
	ENUM(obs_route, op, ROUTE_FLUSH + 1), BOOL(obs_route, snapshot),
	NET(obs_route, route.dst), INT(obs_route, route.table), INT(obs_route, route.metric),
	INT(obs_route, route.type), INT(obs_route, route.protocol),
	INT(obs_route, route.scope), INT(obs_route, route.tos),
	LIST(obs_route, route.nh, route.nh_cnt, hop_table), ACTOR(obs_route, by),
};
static const struct cap_field link_fields[] = {
	ENUM(obs_link, op, LINK_CHANGE + 1), BOOL(obs_link, snapshot),
	INT(obs_link, link.ifindex), INT(obs_link, link.mtu), INT(obs_link, link.arptype),
	BOOL(obs_link, link.up), BOOL(obs_link, link.running), STR(obs_link, link.name),
	STR(obs_link, link.kind), INT(obs_link, link.peer_netns),
	INT(obs_link, link.vxlan_port), ACTOR(obs_link, by),
};
static const struct cap_field addr_fields[] = {
	BOOL(obs_addr, del), BOOL(obs_addr, snapshot), INT(obs_addr, ifindex),
	IFNET(obs_addr, address), TIME(obs_addr, created_ns), ACTOR(obs_addr, by),
};
static const struct cap_field neigh[] = {
	BOOL(obs_neigh, failed), BOOL(obs_neigh, snapshot), INT(obs_neigh, ifindex),
	ADDR(obs_neigh, dst),
};
static const struct cap_field bgp[] = {
	ENUM(obs_bgp, state, BGP_CONNECTING + 1), BOOL(obs_bgp, snapshot),
	ADDR(obs_bgp, local), ADDR(obs_bgp, peer), INT(obs_bgp, local_port),
	INT(obs_bgp, peer_port), BOOL(obs_bgp, unproved),
};
static const struct cap_field pool_fields[] = {
	NET(pool, cidr), ENUM(pool, mode, POOL_CROSSSUBNET + 1),
	ENUM(pool, from, FROM_DEVICE + 1), ENUM(pool, mode_from, FROM_DEVICE + 1),
};
static const struct cap_table pool_table = TABLE(pool, pool_fields);
static const struct cap_field pools[] = {
	INT(obs_pools, block_len), LIST(obs_pools, pool, cnt, pool_table),
};
static const struct cap_field loss[] = {
	ENUM(obs_loss, what, LOSS_BIRD + 1), INT(obs_loss, count), ENUM(obs_loss, verdict, V_MAX),
	NET(obs_loss, block), BOOL(obs_loss, torn),
};

static const struct cap_field meta[] = {
	INT(cap_meta, major), INT(cap_meta, minor), INT(cap_meta, run), INT(cap_meta, part),
	STR(cap_meta, node), STR(cap_meta, version), STR(cap_meta, kernel),
	INT(cap_meta, wall_offset_ns), TIME(cap_meta, reply_timeout_ns), INT(cap_meta, apps),
	INT(cap_meta, snaplen), INT(cap_meta, dns_port[0]), INT(cap_meta, dns_port[1]),
	INT(cap_meta, dns_port[2]), INT(cap_meta, dns_port[3]), STR(cap_meta, filter),
	STR(cap_meta, pod), STR(cap_meta, pod_dev), ADDR(cap_meta, pod_addr),
	INT(cap_meta, netns), WORDS(cap_meta, argv),
};
static const struct cap_field ready[] = {
	WORDS(cap_ready, ifaces), WORDS(cap_ready, probes), WORDS(cap_ready, missing),
};
static const struct cap_field clock_fields[] = {
	INT(cap_clock, wall_offset_ns),
};
static const struct cap_field finish[] = {
	INT(cap_finish, command_status), BOOL(cap_finish, hurried),
};
static const struct cap_field end[] = {
	INT(cap_end, packets), BOOL(cap_end, rotated), STR(cap_end, reason),
};
/* clang-format on */

const struct cap_table cap_meta_table = TABLE(cap_meta, meta);
const struct cap_table cap_ready_table = TABLE(cap_ready, ready);
const struct cap_table cap_clock_table = TABLE(cap_clock, clock_fields);
const struct cap_table cap_finish_table = TABLE(cap_finish, finish);
const struct cap_table cap_end_table = TABLE(cap_end, end);

/* By their numbers in files, which enum obs_kind must keep */
static const struct cap_table obs_tables[] = {
	[3] = TABLE(obs_fib, fib),
	[4] = TABLE(obs_route, route),
	[5] = TABLE(obs_link, link_fields),
	[6] = TABLE(obs_addr, addr_fields),
	[7] = TABLE(obs_neigh, neigh),
	[8] = TABLE(obs_bgp, bgp),
	[9] = TABLE(obs_pools, pools),
	[10] = TABLE(obs_loss, loss),
	[11] = { NULL, 0, 0 }, /* tick */
	[12] = { NULL, 0, 0 }, /* end of snapshot */
	[13] = { NULL, 0, 0 }, /* begin of snapshot */
	[14] = TABLE(obs_node, node),
	[15] = TABLE(obs_res, res),
	[16] = TABLE(obs_source, source),
	[17] = TABLE(obs_bird, bird),
	[18] = TABLE(obs_bird_proto, bird_proto),
	[19] = TABLE(obs_bird_route, bird_route),
	[20] = TABLE(obs_conf, conf),
	[21] = TABLE(obs_conf_peer, conf_peer),
	[22] = TABLE(obs_sysctl, sysctl),
	[23] = TABLE(obs_fill, fill),
	[24] = TABLE(obs_proc, proc),
	[25] = TABLE(obs_vtep, vtep),
	[26] = TABLE(obs_pod, pod),
	[27] = TABLE(obs_answer, answer),
	[28] = TABLE(obs_baseline, baseline),
	[30] = TABLE(obs_rule, rule),
	[31] = TABLE(obs_nflook, nflook),
	[32] = TABLE(obs_nfrule, nfrule),
	[33] = TABLE(obs_service, service),
	[34] = TABLE(obs_nftrace, nftrace),
};
_Static_assert(OBS_PATH == 1 && OBS_DROP == 2 && OBS_FIB == 3 && OBS_ROUTE == 4 && OBS_LINK == 5 &&
		       OBS_ADDR == 6 && OBS_NEIGH == 7 && OBS_BGP == 8 && OBS_POOLS == 9 &&
		       OBS_LOSS == 10 && OBS_TICK == 11 && OBS_END_SNAPSHOT == 12 &&
		       OBS_BEGIN_SNAPSHOT == 13 && OBS_NODE == 14 && OBS_RES == 15 &&
		       OBS_SOURCE == 16 && OBS_BIRD == 17 && OBS_BIRD_PROTO == 18 &&
		       OBS_BIRD_ROUTE == 19 && OBS_CONF == 20 && OBS_CONF_PEER == 21 &&
		       OBS_SYSCTL == 22 && OBS_FILL == 23 && OBS_PROC == 24 && OBS_VTEP == 25 &&
		       OBS_POD == 26 && OBS_ANSWER == 27 && OBS_BASELINE == 28 && OBS_RULE == 30 &&
		       OBS_NFLOOK == 31 && OBS_NFRULE == 32 && OBS_SERVICE == 33 &&
		       OBS_NFTRACE == 34,
	       "numbers that are in files");

_Static_assert(V_NO_ROUTE == 4 && V_BLACKHOLE == 5 && V_UNREACHABLE == 6 && V_PROHIBIT == 7 &&
		       V_RP_FILTER == 8 && V_FILTERED == 11 && V_NEIGH_FAILED == 13 &&
		       V_TOO_BIG == 17 && V_NO_SOCKET == 19 && V_OVERLOAD == 20 && V_OTHER == 22,
	       "verdicts that are in files");

const struct cap_table *cap_obs_table(uint32_t kind)
{
	if (kind < OBS_FIB || kind >= sizeof(obs_tables) / sizeof(obs_tables[0]))
		return NULL;
	return &obs_tables[kind];
}
