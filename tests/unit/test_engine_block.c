// SPDX-License-Identifier: GPL-2.0-only
/* The engine: blocks and pools of unusual shape; pods that are gone; a table that is full. */
#include "feed.h"

/* Two pools, the modes as BIRD's configuration tells them */
static void feed_pools(struct feed *f, uint32_t us, const char *a, const char *b,
		       enum pool_mode mode_b)
{
	struct obs o = { .kind = OBS_POOLS };

	o.pools = (struct obs_pools){ .cnt = 2, .block_len = f->plan->block_len };
	o.pools.pool[0] = (struct pool){ pfx(a), POOL_IPIP, FROM_IPSET, FROM_CONFD };
	o.pools.pool[1] = (struct pool){ pfx(b), mode_b, FROM_IPSET, FROM_CONFD };
	feed_obs(f, us, &o);
}

/* Calico's default pool on a home network: what is on the node's own subnet needs no tunnel. */
static void test_subnet_in_pool(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt lan = pkt_dns("192.168.1.10", "192.168.1.1", 40001, 1);
	struct obs_pkt far = pkt_dns("192.168.1.10", "192.168.77.1", 40002, 2);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_pools(&f, 1, p->pool, "192.168.0.0/16", POOL_IPIP);
	feed_route(&f, 2, ROUTE_ADD, "192.168.1.0/24", NULL, IF_ETH0, RT_UNICAST, RP_KERNEL, NULL);
	feed_path(&f, 1000, AT_TC_EGRESS, IF_ETH0, with_dst(lan, NULL, IF_ETH0, RT_UNICAST, 0));
	feed_path(&f, 2000, AT_TC_EGRESS, IF_ETH0, with_dst(far, p->gw, IF_ETH0, RT_UNICAST, 0));
	feed_ticks(&f, 50 * MS, 100 * MS);
	assert_verdict(said(&f, 1), V_SENT);
	assert_verdict(said(&f, 2), V_LEAKED);
	/* nor is that subnet the measure of the pool's blocks */
	assert_int_equal(said(&f, 2)->block.len, p->block_len);
	feed_close(&f, 200 * MS);
}

/* A pool made to keep natOutgoing off the data centre: no pod lives there, so nothing leaks. */
static void test_lifeless_pool(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_pools(&f, 1, p->pool, "172.20.0.0/14", POOL_NONE);
	feed_leaked(&f, 1000, pkt_dns(p->pod, "172.20.9.9", 40001, 1));
	feed_ticks(&f, 50 * MS, 100 * MS);
	assert_verdict(said(&f, 1), V_SENT);
	assert_int_equal(feed_summary(&f).finding_cnt, 0);
	/* BIRD has a block in it: now it is a pool like any other */
	feed_route(&f, 200 * MS, ROUTE_ADD, "172.20.4.0/26", p->peer, IF_ETH0, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leaked(&f, 300 * MS, pkt_dns(p->pod, "172.20.9.9", 40001, 2));
	/* and stays one when the route goes: that is the fault */
	feed_route(&f, 400 * MS, ROUTE_DEL, "172.20.4.0/26", p->peer, IF_ETH0, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leaked(&f, 500 * MS, pkt_dns(p->pod, "172.20.4.9", 40001, 3));
	feed_ticks(&f, 550 * MS, 700 * MS);
	assert_verdict(said(&f, 2), V_LEAKED);
	assert_verdict(said(&f, 3), V_LEAKED);
	assert_prefix(said(&f, 3)->block, "172.20.4.0/26");
	feed_close(&f, 1 * US_PER_S);
}

/* The own block is a /26, those of the other pool are /28. */
static void test_other_block_len(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_pools(&f, 1, p->pool, "10.77.0.0/16", POOL_IPIP);
	feed_route(&f, 2, ROUTE_ADD, "10.77.0.0/28", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD, NULL);
	feed_route(&f, 3, ROUTE_ADD, "10.77.0.32/28", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   NULL);
	feed_leaked(&f, 1000, pkt_echo(p->pod, "10.77.0.20", 1, 1));
	feed_leaked(&f, 2000, pkt_echo(p->pod, p->other_pod, 1, 1));
	feed_ticks(&f, 50 * MS, 300 * MS);
	assert_prefix(said(&f, 1)->block, "10.77.0.16/28");
	assert_int_equal(said(&f, 1)->block_from, BLOCK_GUESS);
	assert_prefix(said(&f, 2)->block, p->other_block);
	x = finding_at(&f, said(&f, 1)->finding);
	assert_int_equal(x->cause, C_ROUTE_MISSING);
	feed_close(&f, 300 * MS);
}

/* A block of one address: its route looks like a pod's, but has a gateway. */
static void test_block_of_one(void **state)
{
	const struct plan *p = &plans[0];
	const struct because *b;
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_OWN | NODE_NO_BLOCK);
	feed_route(&f, 10, ROUTE_ADD, "10.253.181.10/32", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_route(&f, 20, ROUTE_DEL, "10.253.181.10/32", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leaked(&f, 1000, pkt_echo(p->pod, p->peer_pod, 1, 1));
	feed_ticks(&f, 50 * MS, 300 * MS);
	assert_prefix(said(&f, 1)->block, "10.253.181.10/32");
	assert_int_equal(said(&f, 1)->block_from, BLOCK_HISTORY);
	x = finding_at(&f, 1);
	b = chain_has(x, C_ROUTE_MISSING);
	assert_int_equal(b->since_from, SINCE_SEEN);
	assert_addr(x->peer[0], p->peer);
	feed_route(&f, 310 * MS, ROUTE_ADD, "10.253.181.10/32", p->peer, IF_TUNNEL, RT_UNICAST,
		   RP_BIRD, "bird");
	for (uint16_t i = 4; i < 10; i++) {
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, i);

		feed_sent(&f, i * 100 * MS, q);
		feed_back(&f, i * 100 * MS + 700, pkt_reply(&q));
		feed_ticks(&f, i * 100 * MS + 50 * MS, i * 100 * MS + 99 * MS);
	}
	feed_ticks(&f, 1000 * MS, 1500 * MS);
	assert_true(x->recovered);
	feed_close(&f, 1500 * MS);
}

/* The pool is one block, and the block the pool. */
static void test_pool_of_one_block(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_pools(&f, 1, p->pool, "10.99.0.64/26", POOL_IPIP);
	feed_route(&f, 2, ROUTE_ADD, "10.99.0.64/26", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   NULL);
	feed_sent(&f, 1000, pkt_echo(p->pod, "10.99.0.70", 1, 1));
	feed_route(&f, 2000, ROUTE_DEL, "10.99.0.64/26", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leaked(&f, 3000, pkt_echo(p->pod, "10.99.0.70", 1, 2));
	feed_ticks(&f, 150 * MS, 300 * MS);
	assert_verdict(said(&f, 1), V_SENT);
	assert_prefix(said(&f, 1)->block, "10.99.0.64/26");
	assert_verdict(said(&f, 2), V_LEAKED);
	assert_prefix(said(&f, 2)->block, "10.99.0.64/26");
	assert_int_equal(said(&f, 2)->block_from, BLOCK_HISTORY);
	feed_close(&f, 300 * MS);
}

/*
 * A block that somebody sent elsewhere: to the default gateway it leaks, in a pool without tunnel and in
 * one whose mode is only inferred as well; to a node it is CrossSubnet's, or the wrong one's.
 */
static void displaced(enum pool_mode mode, bool history, bool bird, const char *gw,
		      uint8_t protocol, enum verdict want)
{
	const struct plan *p = &plans[0];
	struct obs o = { .kind = OBS_POOLS };
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, mode, history ? 0 : NODE_NO_BLOCK);
	o.pools = (struct obs_pools){ .cnt = 1, .block_len = p->block_len };
	o.pools.pool[0] = (struct pool){ pfx(p->pool), mode, FROM_IPSET, FROM_ROUTES };
	feed_obs(&f, 1, &o);
	feed_begin(&f, 2, SOURCE_BIRD);
	if (bird)
		feed_bird_route(&f, 3, "Mesh_peer", pfx(p->peer_block), ip(p->peer));
	feed_end(&f, 4, SOURCE_BIRD, SOURCE_OK);
	feed_route(&f, 5, ROUTE_REPLACE, p->peer_block, gw, IF_ETH0, RT_UNICAST, protocol, "ip");
	feed_path(&f, 1000, AT_TC_EGRESS, IF_ETH0,
		  with_dst(pkt_echo(p->pod, p->peer_pod, 1, 1), gw, IF_ETH0, RT_UNICAST, 0));
	feed_ticks(&f, 50 * MS, 100 * MS);
	if (said(&f, 1)->verdict != want)
		fail_msg("mode %d, history %d, bird %d, gateway %s: %s", mode, history, bird, gw,
			 verdict_name(said(&f, 1)->verdict));
	feed_close(&f, 200 * MS);
}

static void test_displaced(void **state)
{
	const struct plan *p = &plans[0];

	(void)state;
	displaced(POOL_VXLAN, true, false, p->gw, RP_STATIC, V_LEAKED);
	displaced(POOL_VXLAN, false, true, p->gw, RP_STATIC, V_LEAKED);
	displaced(POOL_NONE, true, false, p->gw, RP_STATIC, V_LEAKED);
	displaced(POOL_NONE, false, true, p->gw, RP_BOOT, V_LEAKED);
	/* nobody says that Calico ever had it: a part of the pool that is the site's */
	displaced(POOL_NONE, false, false, p->gw, RP_STATIC, V_SENT);
	displaced(POOL_VXLAN, false, false, p->gw, RP_STATIC, V_SENT);
	displaced(POOL_NONE, false, true, p->peer, RP_STATIC, V_SENT);
}

/* Answers for a pod that was just deleted end in many ways, none of which is a fault. */
static void test_pod_gone(void **state)
{
	static const struct {
		const char *reason, *location;
	} ends[] = {
		{ "NEIGH_FAILED", "neigh_invalidate" },
		{ "DEV_READY", "__dev_queue_xmit" },
		{ "NETFILTER_DROP", "nft_do_chain" },
		{ NULL, NULL }, /* no blackhole for its block: out by the default route */
	};
	const struct plan *p = &plans[1];
	char pod[32];
	struct feed f;

	(void)state;
	snprintf(pod, sizeof(pod), "%s/32", p->pod);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(ends); i++) {
		const char *reason = ends[i / 2].reason;
		struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 5), r = pkt_reply(&q);
		bool gone = i % 2;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_OWN);
		feed_sent(&f, 1000, q);
		if (gone)
			feed_route(&f, 2000, ROUTE_DEL, pod, NULL, IF_CALI1, RT_UNICAST, RP_BOOT,
				   "calico");
		r.skb = feed_skb(&f);
		feed_path(&f, 3000, AT_TC_INGRESS, IF_TUNNEL, r);
		if (reason)
			feed_drop(&f, 3010, IF_CALI1, reason, ends[i / 2].location, r);
		else
			feed_path(&f, 3010, AT_TC_EGRESS, IF_ETH0,
				  with_dst(r, p->gw, IF_ETH0, RT_UNICAST, 0));
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		assert_int_equal(feed_summary(&f).problems, gone ? 0 : 1);
		assert_int_equal(feed_summary(&f).finding_cnt, gone ? 0 : 1);
		feed_close(&f, 3 * US_PER_S);
	}
}

/* A full table gives up what is done with, and keeps what waits for its answer. */
static void test_crowd(void **state)
{
	struct engine_opts opts = { .reply_timeout_ns = 2 * NS_PER_S, .dns_port = { 53 } };
	const struct plan *p = &plans[0];
	static struct obs_pkt q[403];
	struct summary s;
	struct feed f;

	(void)state;
	opts.max_packets = 128;
	feed_open(&f, p, &opts);
	feed_node(&f, POOL_IPIP, 0);
	/* each tenth question gets no answer, the others get theirs long after they were settled */
	for (uint16_t i = 0; i < 403; i++) {
		uint32_t us = i * 10 * MS;

		q[i] = pkt_dns(p->pod, p->peer_pod, 40000 + i, i);
		if (i < 400)
			feed_sent(&f, us, q[i]);
		if (i >= 3 && i % 10 != 3)
			feed_back(&f, us + 500, pkt_reply(&q[i - 3]));
		feed_ticks(&f, us + 9 * MS, us + 9 * MS);
	}
	feed_ticks(&f, 4050 * MS, 7050 * MS);
	s = feed_summary(&f);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.seen, 760);
	assert_int_equal(s.verdicts[V_UNANSWERED], 40);
	assert_int_equal(s.apps[APP_DNS].answered, 360);
	feed_close(&f, 7050 * MS);
}

/* No node tells of IPv6 pools yet, but a file may: what is kept of lengths has room for IPv4's. */
static void test_ipv6_pool(void **state)
{
	static const char *const dst[] = { "2001:db8::/40", "2001:db8::/48", "2001:db8::/64",
					   "2001:db8::1/128" };
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_pools(&f, 1, p->pool, "2001:db8::/32", POOL_IPIP);
	for (uint32_t i = 0; i < ARRAY_SIZE(dst); i++)
		feed_route(&f, 2 + i, ROUTE_ADD, dst[i], "2001:db8:1::1", IF_ETH0, RT_UNICAST,
			   RP_BIRD, "bird");
	feed_bgp(&f, 10, BGP_CLOSED, p->peer);
	feed_leaked(&f, 1000, pkt_dns(p->pod, p->peer_pod, 40001, 1));
	feed_ticks(&f, 50 * MS, 100 * MS);
	assert_verdict(said(&f, 1), V_LEAKED);
	feed_close(&f, 200 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subnet_in_pool),	  cmocka_unit_test(test_lifeless_pool),
		cmocka_unit_test(test_other_block_len),	  cmocka_unit_test(test_block_of_one),
		cmocka_unit_test(test_pool_of_one_block), cmocka_unit_test(test_displaced),
		cmocka_unit_test(test_pod_gone),	  cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_ipv6_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
