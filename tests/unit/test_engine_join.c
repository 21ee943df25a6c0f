// SPDX-License-Identifier: GPL-2.0-only
/* The engine: which observations are one packet, which packets are one exchange, across NAT. */
#include "feed.h"

/* ---- NAT ---- */

static void test_dnat(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->pod, p->service, 40001, 12), to_pod, r, out;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		q.skb = feed_skb(&f);
		to_pod = with_addrs(q, p->pod, p->peer_pod);
		feed_path(&f, 0, AT_TC_INGRESS, IF_CALI1, q);
		feed_path(&f, 50, AT_TC_EGRESS, IF_TUNNEL,
			  with_ct(with_dst(to_pod, p->peer, IF_TUNNEL, RT_UNICAST, 0), p->pod,
				  p->service, p->peer_pod, p->pod, false));
		feed_path(&f, 60, AT_TC_EGRESS, IF_ETH0,
			  with_encap(to_pod, ENCAP_IPIP, p->node, p->peer));
		r = pkt_reply(&to_pod);
		r.skb = feed_skb(&f);
		feed_path(&f, 900, AT_TC_INGRESS, IF_ETH0,
			  with_encap(r, ENCAP_IPIP, p->peer, p->node));
		feed_path(&f, 905, AT_TC_INGRESS, IF_TUNNEL, r);
		out = with_addrs(r, p->service, p->pod);
		feed_path(&f, 915, AT_TC_EGRESS, IF_CALI1,
			  with_ct(with_dst(out, NULL, IF_CALI1, RT_UNICAST, 0), p->pod, p->service,
				  p->peer_pod, p->pod, true));
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		assert_int_equal(feed_summary(&f).seen, 2);
		assert_verdict(said(&f, 1), V_SENT);
		assert_addr(said(&f, 1)->dst, p->peer_pod);
		assert_addr(said(&f, 1)->orig_dst, p->service);
		assert_prefix(said(&f, 1)->block, p->peer_block);
		assert_verdict(said(&f, 2), V_DELIVERED);
		assert_int_equal(said(&f, 2)->latency_us, 900);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].answered, 1);
		feed_close(&f, 3 * US_PER_S);
	}
}

/*
 * The host asks a service: its packet is born behind the NAT, with the tunnel's address as its
 * source; the answer comes in by the tunnel and ends in a socket.
 */
static void test_masquerade(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->tunnel, p->peer_pod, 41000, 13), r;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		q.skb = feed_skb(&f);
		feed_path(&f, 0, AT_TC_EGRESS, IF_TUNNEL,
			  with_ct(with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0), p->node,
				  p->service, p->peer_pod, p->tunnel, false));
		feed_path(&f, 10, AT_TC_EGRESS, IF_ETH0,
			  with_encap(q, ENCAP_IPIP, p->node, p->peer));
		r = pkt_reply(&q);
		r.skb = feed_skb(&f);
		feed_path(&f, 800, AT_TC_INGRESS, IF_ETH0,
			  with_encap(r, ENCAP_IPIP, p->peer, p->node));
		feed_path(&f, 805, AT_TC_INGRESS, IF_TUNNEL, r);
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		assert_verdict(said(&f, 1), V_SENT);
		assert_addr(said(&f, 1)->orig_dst, p->service);
		assert_verdict(said(&f, 2), V_DELIVERED);
		assert_int_equal(said(&f, 2)->at, AT_LOCAL);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].answered, 1);
		assert_int_equal(feed_summary(&f).problems, 0);
		feed_close(&f, 3 * US_PER_S);
	}
}

/* ---- which packet ---- */

/* The server's answer lies where the question lay, microseconds later; so does the next question. */
static void test_skb_reuse(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q, r;
	struct summary s;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	for (uint16_t i = 0; i < 20; i++) {
		q = pkt_dns(p->pod, p->pod2, 40001, 100 + i);
		r = pkt_reply(&q);
		q.ip_id = r.ip_id = 0;
		q.skb = r.skb = 0xffff888012345600ULL;
		feed_path(&f, i * 40, AT_TC_INGRESS, IF_CALI1, q);
		feed_path(&f, i * 40 + 5, AT_TC_EGRESS, IF_CALI2,
			  with_dst(q, NULL, IF_CALI2, RT_UNICAST, 0));
		feed_path(&f, i * 40 + 12, AT_TC_INGRESS, IF_CALI2, r);
		feed_path(&f, i * 40 + 17, AT_TC_EGRESS, IF_CALI1,
			  with_dst(r, NULL, IF_CALI1, RT_UNICAST, 0));
	}
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	s = feed_summary(&f);
	assert_int_equal(s.seen, 40);
	assert_int_equal(s.verdicts[V_DELIVERED], 40);
	assert_int_equal(s.apps[APP_DNS].answered, 20);
	assert_int_equal(s.apps[APP_DNS].p50_us, 12);
	for (uint64_t id = 1; id <= 40; id++)
		assert_int_equal(said(&f, id)->hop_cnt, 2);
	feed_close(&f, 3 * US_PER_S);
}

/* Where the kernel copies (defragmentation, a shared clone), the addresses tell, before NAT or after. */
static void test_copy(void **state)
{
	const struct plan *p = &plans[1];
	struct obs_pkt q = pkt_dns(p->pod, p->service, 40001, 14), to_pod;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_path(&f, 0, AT_TC_INGRESS, IF_CALI1, q);
	to_pod = with_addrs(q, p->pod, p->peer_pod);
	feed_path(&f, 100, AT_TC_EGRESS, IF_TUNNEL,
		  with_ct(with_dst(to_pod, p->peer, IF_TUNNEL, RT_UNICAST, 0), p->pod, p->service,
			  p->peer_pod, p->pod, false));
	feed_path(&f, 120, AT_TC_EGRESS, IF_ETH0, with_encap(to_pod, ENCAP_IPIP, p->node, p->peer));
	/* half a second later the same bytes are another packet, wherever they show */
	feed_path(&f, 500 * MS, AT_TC_EGRESS, IF_CALI2,
		  with_dst(to_pod, NULL, IF_CALI2, RT_UNICAST, 0));
	feed_ticks(&f, 550 * MS, 650 * MS);
	assert_int_equal(feed_summary(&f).seen, 2);
	assert_int_equal(said(&f, 1)->hop_cnt, 3);
	assert_int_equal(said(&f, 2)->hop_cnt, 1);
	feed_close(&f, 650 * MS);
}

/* A drop that names a packet, so long after that was first seen */
static uint64_t seen_with_drop(bool left, uint32_t us)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1), r = pkt_reply(&q);
	struct feed f;
	uint64_t seen;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	if (left)
		feed_sent(&f, 0, q);
	else
		feed_path(&f, 0, AT_TC_INGRESS, IF_CALI1, q);
	if (left)
		feed_back(&f, 900, r);
	feed_ticks(&f, 50 * MS, us);
	feed_drop(&f, us + 1, IF_ETH0, "", "neigh_invalidate", q);
	feed_ticks(&f, us + 50 * MS, us + 500 * MS);
	seen = feed_summary(&f).seen;
	feed_close(&f, us + 500 * MS);
	return seen;
}

/*
 * Neighbours fail 3 s later, and name the packets that waited for them; one that was seen to leave
 * did not wait, and is remembered for no longer than a queue may hold it.
 */
static void test_remembered(void **state)
{
	(void)state;
	assert_int_equal(seen_with_drop(true, 500 * MS), 2);
	assert_int_equal(seen_with_drop(true, 3 * US_PER_S), 3);
	assert_int_equal(seen_with_drop(false, 3 * US_PER_S), 1);
}

/* Packets wait for a neighbour, at addresses that a small table may have one place for. */
static void waiting(uint64_t stride, uint64_t first)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q[8];
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	for (uint16_t i = 0; i < 8; i++) {
		q[i] = pkt_dns(p->pod, p->service, 40001 + i, 200 + i);
		q[i].skb = first + i * stride;
		feed_path(&f, i * 40, AT_TC_INGRESS, IF_CALI1, q[i]);
	}
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	/* translated meanwhile, so that the address alone tells */
	for (uint16_t i = 0; i < 8; i++)
		feed_drop(&f, 3 * US_PER_S + i, IF_ETH0, "", "neigh_invalidate",
			  with_addrs(q[i], p->pod, p->peer_pod));
	feed_ticks(&f, 3050 * MS, 3500 * MS);
	assert_int_equal(feed_summary(&f).seen, 8);
	assert_int_equal(feed_summary(&f).verdicts[V_NEIGH_FAILED], 8);
	feed_close(&f, 3500 * MS);
}

static void test_waiting(void **state)
{
	(void)state;
	waiting(256, 0xffff888012345600ULL);
	waiting(1 << 24, 0xffff888012345600ULL);
	waiting(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dnat),	   cmocka_unit_test(test_masquerade),
		cmocka_unit_test(test_skb_reuse),  cmocka_unit_test(test_copy),
		cmocka_unit_test(test_remembered), cmocka_unit_test(test_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
