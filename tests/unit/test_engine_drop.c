// SPDX-License-Identifier: GPL-2.0-only
/* The engine: drops and failed look-ups, which verdict they give, and which are none. */
#include <errno.h>

#include "feed.h"

struct drop_case {
	const char *reason, *location;
	uint16_t err;		    /* of the packet's dst, 0: it has none */
	uint16_t fib_err, fib_err2; /* of look-ups just before, 0: none */
	enum verdict want;
	uint16_t want_err;
};

/* A pod's packet to the peer's block that came in and was dropped */
static void drop_of(const struct plan *p, const struct drop_case *c)
{
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 3);
	const struct packet *k;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
	q.skb = feed_skb(&f);
	feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
	if (c->fib_err)
		feed_fib(&f, 1008, EV_FIB_FORWARD, c->fib_err, 254, IF_CALI1, p->pod, p->peer_pod,
			 0, 0, NULL);
	if (c->fib_err2)
		feed_fib(&f, 1009, EV_FIB_FORWARD, c->fib_err2, 253, IF_CALI1, p->pod, p->peer_pod,
			 0, 0, NULL);
	if (c->err)
		q = with_dst(q, NULL, IF_LO, RT_UNREACHABLE, c->err);
	feed_drop(&f, 1010, IF_CALI1, c->reason, c->location, q);
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	k = said(&f, 1);
	assert_verdict(k, c->want);
	assert_int_equal(k->err, c->want_err);
	assert_int_equal(k->at, AT_DROP);
	assert_string_equal(k->dev, "cali111111");
	assert_string_equal(k->location, c->location);
	assert_prefix(k->block, p->peer_block);
	assert_int_equal(k->rev, 1);
	/* the look-up belongs to the packet: it is not told on its own */
	assert_int_equal(feed_summary(&f).seen, 1);
	assert_int_equal(feed_summary(&f).finding_cnt, 1);
	feed_close(&f, 3 * US_PER_S);
}

static void test_route_errors(void **state)
{
	static const struct drop_case cases[] = {
		{ "IP_INNOROUTES", "ip_error", ENETUNREACH, EAGAIN, 0, V_NO_ROUTE, ENETUNREACH },
		{ "IP_INNOROUTES", "ip_error", ENETUNREACH, 0, 0, V_NO_ROUTE, ENETUNREACH },
		{ "NOT_SPECIFIED", "ip_error", EINVAL, 0, 0, V_BLACKHOLE, EINVAL },
		{ "NOT_SPECIFIED", "ip_error", EHOSTUNREACH, 0, 0, V_UNREACHABLE, EHOSTUNREACH },
		{ "NOT_SPECIFIED", "ip_error", EACCES, 0, 0, V_PROHIBIT, EACCES },
		/* before 5.17 there is no reason */
		{ "", "ip_error", ENETUNREACH, 0, 0, V_NO_ROUTE, ENETUNREACH },
		{ "", "ip_error", EHOSTUNREACH, EHOSTUNREACH, 0, V_UNREACHABLE, EHOSTUNREACH },
		/* no look-up failed, and there is a route: the device does not forward */
		{ "", "ip_error", EHOSTUNREACH, 0, 0, V_FORWARDING_OFF, 0 },
		/* 6.18 with routes in table 253: the dst says 101, the look-up knows better */
		{ "IP_INNOROUTES", "ip_error", ENETUNREACH, EHOSTUNREACH, EAGAIN, V_UNREACHABLE,
		  EHOSTUNREACH },
		{ "IP_INNOROUTES", "ip_error", ENETUNREACH, EINVAL, EAGAIN, V_BLACKHOLE, EINVAL },
		{ "IP_INNOROUTES", "ip_error", ENETUNREACH, EACCES, EAGAIN, V_PROHIBIT, EACCES },
		/* a miss in a table before the one with the route */
		{ "NOT_SPECIFIED", "ip_error", EACCES, EAGAIN, EACCES, V_PROHIBIT, EACCES },
		{ "IP_INADDRERRORS", "ip_error", EHOSTUNREACH, 0, 0, V_FORWARDING_OFF, 0 },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			drop_of(p, &cases[i]);
	}
}

static void test_reasons(void **state)
{
	static const struct drop_case cases[] = {
		{ "NETFILTER_DROP", "nft_do_chain", 0, 0, 0, V_FILTERED, 0 },
		{ "", "nf_hook_slow", 0, 0, 0, V_FILTERED, 0 },
		/* in FORWARD with a device: a firewall, whatever look-up failed before */
		{ "NETFILTER_DROP", "nf_hook_slow", 0, EAGAIN, 0, V_FILTERED, 0 },
		{ "IP_RPFILTER", "ip_rcv_finish_core", 0, 0, 0, V_RP_FILTER, 0 },
		{ "NEIGH_FAILED", "neigh_invalidate", 0, 0, 0, V_NEIGH_FAILED, 0 },
		{ "", "neigh_invalidate", 0, 0, 0, V_NEIGH_FAILED, 0 },
		{ "PKT_TOO_BIG", "ip_forward", 0, 0, 0, V_TOO_BIG, 0 },
		{ "QDISC_DROP", "__dev_queue_xmit", 0, 0, 0, V_OVERLOAD, 0 },
		{ "SOMETHING_NEW", "some_function", 0, 0, 0, V_OTHER, 0 },
		{ "", "", 0, 0, 0, V_OTHER, 0 },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			drop_of(p, &cases[i]);
	}
}

/* The type of a dropped packet's route is told even where the mirror has another one by now. */
static void test_error_route(void **state)
{
	const struct plan *p = &plans[2];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 3, 1);
	struct feed f;

	(void)state;
	for (int have = 0; have < 2; have++) {
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
		if (have)
			feed_route(&f, 500, ROUTE_ADD, p->peer_block, NULL, 0, RT_UNREACHABLE,
				   RP_BIRD, "bird");
		feed_drop(&f, 1000, IF_CALI1, "NOT_SPECIFIED", "ip_error",
			  with_dst(q, NULL, IF_LO, RT_UNREACHABLE, EHOSTUNREACH));
		feed_ticks(&f, 50 * MS, 100 * MS);
		assert_int_equal(said(&f, 1)->route.type, RT_UNREACHABLE);
		assert_int_equal(said(&f, 1)->route.have_dst, have);
		if (have)
			assert_prefix(said(&f, 1)->route.dst, p->peer_block);
		feed_close(&f, 100 * MS);
	}
}

/* Host -> service: DNAT in OUTPUT, then the new route fails. nf_hook_slow is not to blame. */
static void test_reroute_failure(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->node, p->peer_pod, 41000, 21);
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
		feed_fib(&f, 1000, EV_FIB_OUTPUT, EHOSTUNREACH, 254, 1, p->node, p->peer_pod, 0, 0,
			 "dig");
		q.flags |= EV_F_NO_DEV;
		/* the dst is that of the service's address: stale, and without an error */
		q = with_ct(with_dst(q, p->gw, IF_ETH0, RT_UNICAST, 0), p->node, p->service,
			    p->peer_pod, p->node, false);
		feed_drop(&f, 1010, 0, "NETFILTER_DROP", "nf_hook_slow", q);
		feed_ticks(&f, 50 * MS, 200 * MS);
		assert_int_equal(feed_summary(&f).seen, 1);
		assert_verdict(said(&f, 1), V_UNREACHABLE);
		assert_int_equal(said(&f, 1)->err, EHOSTUNREACH);
		assert_addr(said(&f, 1)->orig_dst, p->service);
		feed_close(&f, 200 * MS);
		/* the same drop without a failed look-up is what it says */
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_drop(&f, 1010, 0, "NETFILTER_DROP", "nf_hook_slow", q);
		feed_ticks(&f, 50 * MS, 200 * MS);
		assert_verdict(said(&f, 1), V_FILTERED);
		feed_close(&f, 200 * MS);
	}
}

/* ---- what only looks like a drop ---- */

static void test_noise(void **state)
{
	static const struct {
		const char *reason, *location;
	} sinks[] = {
		{ "NO_SOCKET", "icmp_rcv" },
		{ "NO_SOCKET", "ping_rcv" },
		{ "", "icmp_rcv" },
		{ "SOCKET_FILTER", "raw_rcv" },
		{ "NOT_SPECIFIED", "skb_release_data" },
		{ "QUEUE_PURGE", "udp_destruct_common" },
		{ "NOT_SPECIFIED", "inet_sock_destruct" },
		{ "NO_SOCKET", "__udp4_lib_rcv" },
		{ "NO_SOCKET", "udp_rcv" },
		{ "", "__udp4_lib_rcv" },
	};
	const struct plan *p = &plans[0];
	struct obs_pkt echo = pkt_echo(p->pod, p->pod2, 5, 1);
	struct obs_pkt dns = pkt_dns(p->pod, p->pod2, 40001, 4);
	struct feed f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sinks); i++) {
		struct obs_pkt r = pkt_reply(i < 4 ? &echo : &dns);

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		r.skb = feed_skb(&f);
		feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI2, r);
		feed_path(&f, 1010, AT_TC_EGRESS, IF_CALI1,
			  with_dst(r, NULL, IF_CALI1, RT_UNICAST, 0));
		r.flags = EV_F_POD_NETNS;
		feed_drop(&f, 1020, 2, sinks[i].reason, sinks[i].location, r);
		/* and in the node's own namespace, of a packet not seen before */
		r.flags = EV_F_NODE_NETNS;
		r.ip_id++;
		r.skb = 0;
		feed_drop(&f, 2000, 2, sinks[i].reason, sinks[i].location, r);
		feed_ticks(&f, 50 * MS, 200 * MS);
		assert_verdict(said(&f, 1), V_DELIVERED);
		assert_int_equal(feed_summary(&f).seen, 1);
		assert_int_equal(feed_summary(&f).finding_cnt, 0);
		feed_close(&f, 200 * MS);
	}
}

/* A question that finds no listener is no noise. */
static void test_no_socket(void **state)
{
	static const char *const locations[] = { "__udp4_lib_rcv", "udp_rcv" };
	const struct plan *p = &plans[1];
	struct obs_pkt q = pkt_dns(p->pod, p->pod2, 40001, 4);
	struct feed f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(locations); i++) {
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		q.skb = feed_skb(&f);
		feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
		feed_path(&f, 1010, AT_TC_EGRESS, IF_CALI2,
			  with_dst(q, NULL, IF_CALI2, RT_UNICAST, 0));
		q.flags = EV_F_POD_NETNS;
		feed_drop(&f, 1030, 2, i ? "NO_SOCKET" : "", locations[i], q);
		q.flags = EV_F_NODE_NETNS;
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		assert_verdict(said(&f, 1), V_NO_SOCKET);
		assert_int_equal(finding_at(&f, 1)->cause, C_NO_LISTENER);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].unanswered, 0);
		feed_close(&f, 3 * US_PER_S);
	}
}

/* A pod asked, and was deleted before its answer came: the own block swallows it, which is right. */
static void test_deleted_asker(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 6), r = pkt_reply(&q);
		char pod[32];
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_sent(&f, 0, q);
		snprintf(pod, sizeof(pod), "%s/32", p->pod);
		feed_route(&f, 100 * MS, ROUTE_DEL, pod, NULL, IF_CALI1, RT_UNICAST, RP_BOOT,
			   "calico");
		r.skb = feed_skb(&f);
		feed_path(&f, 200 * MS, AT_TC_INGRESS, IF_TUNNEL, r);
		feed_drop(&f, 200 * MS + 10, IF_TUNNEL, "NOT_SPECIFIED", "ip_error",
			  with_dst(r, NULL, IF_LO, RT_BLACKHOLE, EINVAL));
		feed_ticks(&f, 250 * MS, 4 * US_PER_S);
		assert_int_equal(feed_summary(&f).problems, 0);
		assert_int_equal(feed_summary(&f).finding_cnt, 0);
		/* questions to it never had a reason, nor has an answer long after that */
		feed_drop(&f, 5 * US_PER_S, IF_TUNNEL, "NOT_SPECIFIED", "ip_error",
			  with_dst(pkt_echo(p->peer_pod, p->pod, 1, 1), NULL, IF_LO, RT_BLACKHOLE,
				   EINVAL));
		feed_ticks(&f, 5050 * MS, 5100 * MS);
		assert_int_equal(feed_summary(&f).verdicts[V_BLACKHOLE], 1);
		assert_int_equal(finding_at(&f, 1)->cause, C_STALE_ENDPOINT);
		r.skb = 0;
		r.ip_id++;
		feed_drop(&f, 15 * US_PER_S, IF_TUNNEL, "NOT_SPECIFIED", "ip_error",
			  with_dst(r, NULL, IF_LO, RT_BLACKHOLE, EINVAL));
		feed_ticks(&f, 15100 * MS, 15200 * MS);
		assert_int_equal(feed_summary(&f).verdicts[V_BLACKHOLE], 2);
		feed_close(&f, 16 * US_PER_S);
	}
}

/* ---- drops after a verdict ---- */

/* The neighbour's failure names the encapsulated packet, up to 3 s after it left. */
static void late_drop(const struct plan *p, uint32_t us)
{
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 6);
	struct summary s;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	feed_sent(&f, 0, q);
	feed_ticks(&f, 50 * MS, us - 1000);
	assert_int_equal(feed_summary(&f).verdicts[us > 2 * US_PER_S ? V_UNANSWERED : V_SENT], 1);
	feed_drop(&f, us, IF_ETH0, "NEIGH_FAILED", "neigh_invalidate",
		  with_encap(with_dst(q, NULL, IF_ETH0, RT_UNICAST, 0), ENCAP_IPIP, p->node,
			     p->peer));
	feed_ticks(&f, us + 10 * MS, us + 3 * US_PER_S);
	s = feed_summary(&f);
	assert_int_equal(s.seen, 1);
	assert_int_equal(s.verdicts[V_SENT], 0);
	assert_int_equal(s.verdicts[V_UNANSWERED], 0);
	assert_int_equal(s.verdicts[V_NEIGH_FAILED], 1);
	assert_int_equal(s.problems, 1);
	assert_int_equal(s.apps[APP_DNS].unanswered, 0);
	assert_verdict(said(&f, 1), V_NEIGH_FAILED);
	assert_int_equal(said(&f, 1)->rev, us > 2 * US_PER_S ? 3 : 2);
	assert_string_equal(said(&f, 1)->dev, "eth0");
	assert_prefix(said(&f, 1)->block, p->peer_block);
	feed_close(&f, us + 3 * US_PER_S);
}

static void test_drop_after_sent(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		late_drop(p, 1 * US_PER_S);
		late_drop(p, 3 * US_PER_S);
	}
}

/* A drop within the settling time comes before any record: no revision is needed. */
static void test_drop_before_settled(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 6, 1);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	feed_sent(&f, 0, q);
	feed_drop(&f, 5000, IF_ETH0, "QDISC_DROP", "__dev_queue_xmit",
		  with_encap(q, ENCAP_IPIP, p->node, p->peer));
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	assert_verdict(said(&f, 1), V_OVERLOAD);
	assert_int_equal(said(&f, 1)->rev, 1);
	feed_close(&f, 3 * US_PER_S);
}

/* ---- packets that are never born ---- */

static void test_local_failure(void **state)
{
	static const struct {
		uint16_t err;
		enum verdict want;
		uint16_t want_err;
	} cases[] = {
		{ EAGAIN, V_NO_ROUTE, ENETUNREACH },
		{ EINVAL, V_BLACKHOLE, EINVAL },
		{ EHOSTUNREACH, V_UNREACHABLE, EHOSTUNREACH },
		{ EACCES, V_PROHIBIT, EACCES },
	};
	struct feed f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_NO_DEFAULT);
		/* ping learns its source by connecting a UDP socket to port 1025 */
		feed_fib(&f, 1000, EV_FIB_OUTPUT, cases[i].err, 254, 1, NULL, p->peer_pod, 17, 1025,
			 "ping");
		feed_fib(&f, 2000, EV_FIB_OUTPUT, cases[i].err, 254, 1, NULL, p->peer_pod, 17, 53,
			 "dig");
		feed_fib(&f, 3000, EV_FIB_OUTPUT, cases[i].err, 254, 1, NULL, p->peer_pod, 6, 443,
			 "curl");
		/* nobody of ours: the sort order of getaddrinfo(), syslog */
		feed_fib(&f, 4000, EV_FIB_OUTPUT, cases[i].err, 254, 1, NULL, p->peer_pod, 17, 514,
			 "rsyslogd");
		feed_ticks(&f, 50 * MS, 200 * MS);
		assert_int_equal(feed_summary(&f).seen, 3);
		for (uint64_t id = 1; id <= 3; id++) {
			const struct packet *k = said(&f, id);

			assert_verdict(k, cases[i].want);
			assert_int_equal(k->at, AT_FIB);
			assert_int_equal(k->err, cases[i].want_err);
			assert_int_equal(k->by.pid, 812);
			assert_addr(k->dst, p->peer_pod);
		}
		assert_int_equal(said(&f, 1)->app, APP_ICMP);
		assert_string_equal(said(&f, 1)->by.comm, "ping");
		assert_int_equal(said(&f, 2)->app, APP_DNS);
		assert_int_equal(said(&f, 3)->app, APP_TCP);
		/* it never left, so nothing is awaited */
		feed_ticks(&f, 250 * MS, 4 * US_PER_S);
		assert_int_equal(feed_summary(&f).verdicts[V_UNANSWERED], 0);
		feed_close(&f, 4 * US_PER_S);
	}
}

/* A later table had a route after all. */
static void test_miss_then_hit(void **state)
{
	const struct plan *p = &plans[1];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_NO_DEFAULT);
	feed_fib(&f, 1000, EV_FIB_OUTPUT, EAGAIN, 254, 1, NULL, p->peer_pod, 6, 443, "curl");
	feed_fib(&f, 1001, EV_FIB_OUTPUT, 0, 253, 1, NULL, p->peer_pod, 6, 443, "curl");
	/* the hit was another's: this one stands */
	feed_fib(&f, 2000, EV_FIB_OUTPUT, EAGAIN, 254, 1, NULL, p->other_pod, 6, 443, "curl");
	feed_fib(&f, 2001, EV_FIB_OUTPUT, 0, 253, 1, NULL, p->peer_pod, 6, 443, "curl");
	feed_ticks(&f, 50 * MS, 200 * MS);
	assert_int_equal(feed_summary(&f).seen, 1);
	assert_addr(said(&f, 1)->dst, p->other_pod);
	feed_close(&f, 200 * MS);
}

/* No default route: proxy ARP stays silent, and the pod's own stack gives up. */
/* A reader that stalled hands over seconds of records at once, without a tick in between. */
static void test_proxy_arp_after_stall(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 6, 1);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_DEFAULT);
	feed_fib(&f, 1000, EV_FIB_ARP, EAGAIN, 254, IF_CALI1, p->pod, "169.254.1.1", 0, 0, NULL);
	q.flags = EV_F_POD_NETNS;
	feed_drop(&f, 3000 * MS, 2, "NEIGH_FAILED", "neigh_invalidate", q);
	feed_ticks(&f, 3050 * MS, 3200 * MS);
	assert_verdict(said(&f, 1), V_NO_ROUTE);
	feed_close(&f, 3200 * MS);
}

static void test_proxy_arp(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 6, 1);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_DEFAULT);
		feed_fib(&f, 1000, EV_FIB_ARP, EAGAIN, 254, IF_CALI1, p->pod, "169.254.1.1", 0, 0,
			 NULL);
		feed_ticks(&f, 50 * MS, 2950 * MS);
		x = finding_at(&f, 1);
		assert_int_equal(x->cause, C_DEFAULT_ROUTE_MISSING);
		assert_int_equal(x->because[0].since_from, SINCE_BEFORE_START);
		assert_string_equal(x->dev, "cali111111");
		assert_true(evidence_has(x, p->pod));
		assert_int_equal(x->packets, 0);
		q.flags = EV_F_POD_NETNS;
		feed_drop(&f, 3000 * MS, 2, "NEIGH_FAILED", "neigh_invalidate", q);
		feed_ticks(&f, 3050 * MS, 3200 * MS);
		assert_verdict(said(&f, 1), V_NO_ROUTE);
		assert_string_equal(said(&f, 1)->dev, "cali111111");
		assert_int_equal(said(&f, 1)->finding, 1);
		assert_int_equal(feed_summary(&f).finding_cnt, 1);
		feed_close(&f, 3200 * MS);
	}
}

/* The same failure of a pod whose gateway did answer is not the node's missing route. */
static void test_pod_neigh_failed(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 6, 1);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.flags = EV_F_POD_NETNS;
	feed_drop(&f, 3000, 2, "NEIGH_FAILED", "neigh_invalidate", q);
	feed_ticks(&f, 50 * MS, 200 * MS);
	assert_verdict(said(&f, 1), V_NEIGH_FAILED);
	feed_close(&f, 200 * MS);
}

/* A pod that is deleted takes along what it was about to send; one whose device is only down does not. */
static void test_pod_leaves(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 6, 1);

	(void)state;
	q.flags = EV_F_POD_NETNS;
	for (int gone = 0; gone < 2; gone++) {
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_link(&f, 2900, IF_CALI1, "cali111111", "veth", false, "ip");
		feed_drop(&f, 3000, IF_CALI1, "QUEUE_PURGE", "neigh_destroy", q);
		feed_ticks(&f, 50 * MS, 150 * MS);
		if (gone)
			feed_link_del(&f, 170 * MS, IF_CALI1);
		feed_ticks(&f, 200 * MS, 5 * US_PER_S);
		assert_int_equal(feed_summary(&f).finding_cnt, !gone);
		assert_int_equal(feed_summary(&f).problems, !gone);
		if (!gone)
			assert_verdict(said(&f, 1), V_LINK_DOWN);
		feed_close(&f, 5 * US_PER_S);
	}
}

/* The default route is in another table: main's miss is followed by a hit, and ARP is answered. */
static void test_arp_other_table(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_DEFAULT);
	feed_fib(&f, 1000, EV_FIB_ARP, EAGAIN, 254, IF_CALI1, p->pod, "169.254.1.1", 0, 0, NULL);
	feed_fib(&f, 1001, EV_FIB_FORWARD, 0, 100, IF_CALI1, p->pod, "169.254.1.1", 0, 0, NULL);
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	assert_int_equal(feed_summary(&f).finding_cnt, 0);
	feed_close(&f, 3 * US_PER_S);
}

/* A storm of failing look-ups of forwarded packets must not hide the local sender's. */
static void test_fib_storm(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_NO_DEFAULT);
	feed_fib(&f, 1000, EV_FIB_OUTPUT, EAGAIN, 254, 1, NULL, p->peer_pod, 6, 443, "curl");
	for (uint32_t i = 0; i < 500; i++)
		feed_fib(&f, 1100 + i * 20, EV_FIB_FORWARD, EAGAIN, 254, IF_CALI1, p->pod,
			 p->other_pod, 0, 0, NULL);
	feed_ticks(&f, 50 * MS, 200 * MS);
	assert_int_equal(feed_summary(&f).seen, 1);
	assert_verdict(said(&f, 1), V_NO_ROUTE);
	feed_close(&f, 200 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route_errors),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_error_route),
		cmocka_unit_test(test_reroute_failure),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_no_socket),
		cmocka_unit_test(test_deleted_asker),
		cmocka_unit_test(test_drop_after_sent),
		cmocka_unit_test(test_drop_before_settled),
		cmocka_unit_test(test_local_failure),
		cmocka_unit_test(test_miss_then_hit),
		cmocka_unit_test(test_proxy_arp_after_stall),
		cmocka_unit_test(test_proxy_arp),
		cmocka_unit_test(test_pod_neigh_failed),
		cmocka_unit_test(test_pod_leaves),
		cmocka_unit_test(test_arp_other_table),
		cmocka_unit_test(test_fib_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
