// SPDX-License-Identifier: GPL-2.0-only
/* The engine: where a packet went, whether it was answered, what the renderers are told. */
#include "feed.h"

static const struct engine_opts quiet = { .reply_timeout_ns = 2 * NS_PER_S, .dns_port = { 53 } };

/* ---- leaks ---- */

static void check_leak(const struct feed *f, uint64_t id, enum block_from from)
{
	const struct packet *p = said(f, id);

	assert_verdict(p, V_LEAKED);
	assert_int_equal(p->at, AT_TC_EGRESS);
	assert_string_equal(p->dev, "eth0");
	assert_prefix(p->block, f->plan->peer_block);
	assert_string_equal(block_from_name(p->block_from), block_from_name(from));
	assert_true(p->route.have && p->route.have_dst);
	assert_int_equal(p->route.dst.len, 0);
	assert_addr(p->route.gw, f->plan->gw);
	assert_int_equal(p->encap.kind, ENCAP_NONE);
	assert_int_equal(p->finding, 1);
}

static void leak_in(const struct plan *p, enum pool_mode mode, bool seen)
{
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, mode, seen ? 0 : NODE_NO_BLOCK);
	if (seen)
		feed_route(&f, 1000, ROUTE_DEL, p->peer_block, p->peer,
			   mode == POOL_CROSSSUBNET ? IF_ETH0 : IF_TUNNEL, RT_UNICAST, RP_BIRD,
			   "bird");
	feed_leaked(&f, 2000, pkt_dns(p->pod, p->peer_pod, 40001, 4711));
	feed_leaked(&f, 3000, pkt_echo(p->pod, p->peer_pod, 7, 1));
	feed_leaked(&f, 4000, pkt_syn(p->pod, p->peer_pod, 50000, 443));
	feed_ticks(&f, 50 * MS, 100 * MS);
	for (uint64_t id = 1; id <= 3; id++)
		check_leak(&f, id, seen ? BLOCK_HISTORY : BLOCK_GUESS);
	assert_int_equal(said(&f, 1)->app, APP_DNS);
	assert_int_equal(said(&f, 2)->app, APP_ICMP);
	assert_int_equal(said(&f, 3)->app, APP_TCP);
	/* what leaked is a problem already: it does not turn into an unanswered one */
	feed_ticks(&f, 150 * MS, 3 * US_PER_S);
	assert_int_equal(feed_summary(&f).verdicts[V_LEAKED], 3);
	feed_close(&f, 3 * US_PER_S);
}

static void test_leak(void **state)
{
	static const enum pool_mode modes[] = { POOL_IPIP, POOL_VXLAN, POOL_CROSSSUBNET };

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
			leak_in(p, modes[i], true);
			leak_in(p, modes[i], false);
		}
	}
}

/* The verdict of a packet to the peer's block that leaves un-encapsulated by eth0 to gw */
static enum verdict plain_exit(const struct plan *p, enum pool_mode mode, unsigned int flags,
			       const char *gw)
{
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 9, 1);
	enum verdict v;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, mode, flags);
	q.skb = feed_skb(&f);
	feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
	feed_path(&f, 1010, AT_TC_EGRESS, IF_ETH0, with_dst(q, gw, IF_ETH0, RT_UNICAST, 0));
	feed_ticks(&f, 50 * MS, 100 * MS);
	v = said(&f, 1)->verdict;
	feed_close(&f, 100 * MS);
	return v;
}

static void test_plain_exit(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		/* by the block's own route: that is what these pools call for */
		assert_int_equal(plain_exit(p, POOL_NONE, 0, p->peer), V_SENT);
		assert_int_equal(plain_exit(p, POOL_CROSSSUBNET, 0, p->peer), V_SENT);
		assert_int_equal(plain_exit(p, POOL_UNKNOWN, 0, p->peer), V_SENT);
		/* by a shorter one to somebody who is no node of the cluster */
		assert_int_equal(plain_exit(p, POOL_NONE, NODE_NO_BLOCK, p->gw), V_LEAKED);
		assert_int_equal(plain_exit(p, POOL_UNKNOWN, NODE_NO_BLOCK, p->gw), V_LEAKED);
		/* the mirror does not know how the packet got that next hop: nothing is claimed */
		assert_int_equal(plain_exit(p, POOL_CROSSSUBNET, NODE_NO_BLOCK, p->peer), V_SENT);
		assert_int_equal(plain_exit(p, POOL_UNKNOWN, NODE_NO_BLOCK, p->peer), V_SENT);
		/* a tunnel is a tunnel, whatever the next hop */
		assert_int_equal(plain_exit(p, POOL_IPIP, 0, p->peer), V_LEAKED);
	}
}

/* Without encapsulation the routers may be BGP peers: their default route is no leak. */
static void test_peering_router(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_NONE, NODE_NO_BLOCK);
		feed_bgp(&f, 500, BGP_CONNECTED, p->gw);
		feed_leaked(&f, 1000, pkt_echo(p->pod, p->peer_pod, 1, 1));
		feed_ticks(&f, 50 * MS, 100 * MS);
		assert_verdict(said(&f, 1), V_SENT);
		assert_int_equal(feed_summary(&f).finding_cnt, 0);
		feed_close(&f, 100 * MS);
	}
}

/* Outside the pools nothing is a leak, e.g. the reply of a pod to a node's own address. */
static void test_outside_pools(void **state)
{
	struct obs_pkt q, r;
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
	q = pkt_echo(plans[0].peer, plans[0].pod, 3, 1);
	q.skb = feed_skb(&f);
	feed_path(&f, 1000, AT_TC_INGRESS, IF_ETH0, q);
	feed_path(&f, 1010, AT_TC_EGRESS, IF_CALI1, with_dst(q, NULL, IF_CALI1, RT_UNICAST, 0));
	r = pkt_reply(&q);
	r.skb = feed_skb(&f);
	feed_path(&f, 1100, AT_TC_INGRESS, IF_CALI1, r);
	feed_path(&f, 1110, AT_TC_EGRESS, IF_ETH0, with_dst(r, NULL, IF_ETH0, RT_UNICAST, 0));
	feed_ticks(&f, 50 * MS, 200 * MS);
	assert_verdict(said(&f, 1), V_DELIVERED);
	assert_verdict(said(&f, 2), V_SENT);
	assert_int_equal(said(&f, 2)->block.addr.family, 0);
	feed_close(&f, 200 * MS);
}

/* ---- exchanges that fare well ---- */

static void test_sent_and_delivered(void **state)
{
	static const enum pool_mode modes[] = { POOL_IPIP, POOL_VXLAN };

	(void)state;
	for (int i = 0; i < 2 * PLAN_CNT; i++) {
		const struct plan *p = &plans[i / 2];
		struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 99);
		const struct packet *k;
		struct summary s;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, modes[i % 2], 0);
		feed_sent(&f, 1000, q);
		feed_back(&f, 3000, pkt_reply(&q));
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		k = said(&f, 1);
		assert_verdict(k, V_SENT);
		assert_string_equal(k->dev, "eth0");
		assert_prefix(k->block, p->peer_block);
		assert_int_equal(k->block_from, BLOCK_ROUTE);
		assert_int_equal(k->encap.kind,
				 modes[i % 2] == POOL_IPIP ? ENCAP_IPIP : ENCAP_VXLAN);
		assert_addr(k->encap.dst, p->peer);
		/* the route is the inner packet's, not the outer one's */
		assert_prefix(k->route.dst, p->peer_block);
		assert_addr(k->route.gw, p->peer);
		assert_int_equal(k->hop_cnt, 3);
		assert_verdict(said(&f, 2), V_DELIVERED);
		assert_string_equal(said(&f, 2)->dev, "cali111111");
		assert_int_equal(said(&f, 2)->latency_us, 2000);
		s = feed_summary(&f);
		assert_int_equal(s.apps[APP_DNS].answered, 1);
		assert_int_equal(s.apps[APP_DNS].rcode[0], 1);
		assert_int_equal(s.problems, 0);
		assert_int_equal(s.finding_cnt, 0);
		feed_close(&f, 3 * US_PER_S);
	}
}

/* Pod to pod on one node, and a pod to the node itself */
static void test_local(void **state)
{
	const struct plan *p = &plans[1];
	struct obs_pkt q = pkt_echo(p->pod, p->pod2, 5, 1), r = pkt_reply(&q);
	struct obs_pkt n = pkt_dns(p->pod, p->node, 40002, 8), m = pkt_reply(&n);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	r.skb = feed_skb(&f);
	feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
	feed_path(&f, 1010, AT_TC_EGRESS, IF_CALI2, with_dst(q, NULL, IF_CALI2, RT_UNICAST, 0));
	feed_path(&f, 1100, AT_TC_INGRESS, IF_CALI2, r);
	feed_path(&f, 1110, AT_TC_EGRESS, IF_CALI1, with_dst(r, NULL, IF_CALI1, RT_UNICAST, 0));
	feed_path(&f, 2000, AT_TC_INGRESS, IF_CALI1, n);
	feed_path(&f, 2200, AT_TC_EGRESS, IF_CALI1, with_dst(m, NULL, IF_CALI1, RT_UNICAST, 0));
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	assert_verdict(said(&f, 1), V_DELIVERED);
	assert_prefix(said(&f, 1)->block, p->own_block);
	assert_verdict(said(&f, 2), V_DELIVERED);
	assert_verdict(said(&f, 3), V_DELIVERED);
	assert_int_equal(said(&f, 3)->at, AT_LOCAL);
	assert_verdict(said(&f, 4), V_DELIVERED);
	assert_int_equal(feed_summary(&f).apps[APP_DNS].answered, 1);
	assert_int_equal(feed_summary(&f).problems, 0);
	feed_close(&f, 3 * US_PER_S);
}

/* ---- unanswered ---- */

/* An answer that leaks on this very node is none that its asker got. */
static void test_answer_leaks(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->peer_pod, p->pod, 40001, 77);
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
		q.skb = feed_skb(&f);
		feed_path(&f, 0, AT_TC_INGRESS, IF_TUNNEL, q);
		feed_path(&f, 100, AT_TC_EGRESS, IF_CALI1, q);
		feed_leaked(&f, 1000, pkt_reply(&q));
		feed_ticks(&f, 50 * MS, 3000 * MS);
		assert_verdict(said(&f, 2), V_LEAKED);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].sent, 1);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].answered, 0);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].p50_us, 0);
		feed_close(&f, 3 * US_PER_S);
	}
}

/* Where some of an exchange may have been withheld, silence proves nothing; of what comes later it does. */
static void test_torn(void **state)
{
	struct obs torn = { .kind = OBS_LOSS };

	(void)state;
	torn.loss = (struct obs_loss){ .what = LOSS_WITHHELD, .count = 1, .torn = true };
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 77);
		struct obs_pkt later = pkt_dns(p->pod, p->peer_pod, 40002, 78);
		struct feed f;

		feed_open(&f, p, &quiet);
		feed_node(&f, POOL_IPIP, 0);
		feed_sent(&f, 0, q);
		feed_obs(&f, 100 * MS, &torn);
		feed_loss(&f, 110 * MS, LOSS_NETLINK, 1);
		later.skb = feed_skb(&f);
		feed_sent(&f, 200 * MS, later);
		feed_ticks(&f, 250 * MS, 2150 * MS);
		assert_int_equal(feed_summary(&f).verdicts[V_UNANSWERED], 0);
		feed_ticks(&f, 2200 * MS, 2400 * MS);
		assert_int_equal(feed_summary(&f).verdicts[V_UNANSWERED], 1);
		assert_int_equal(feed_summary(&f).verdicts[V_SENT], 1);
		assert_int_equal(feed_summary(&f).withheld, 1);
		feed_close(&f, 2500 * MS);
	}
}

static void test_unanswered(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 77);
		struct feed f;

		feed_open(&f, p, &quiet);
		feed_node(&f, POOL_IPIP, 0);
		feed_sent(&f, 0, q);
		feed_ticks(&f, 50 * MS, 1950 * MS);
		assert_false(was_told(&f, 1));
		assert_int_equal(feed_summary(&f).verdicts[V_SENT], 1);
		feed_ticks(&f, 2000 * MS, 2050 * MS);
		assert_verdict(said(&f, 1), V_UNANSWERED);
		assert_int_equal(said(&f, 1)->rev, 1);
		assert_int_equal(feed_summary(&f).verdicts[V_SENT], 0);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].unanswered, 1);
		assert_prefix(finding_at(&f, 1)->block[0], p->peer_block);
		/* late is not never */
		feed_back(&f, 2500 * MS, pkt_reply(&q));
		feed_ticks(&f, 2550 * MS, 2700 * MS);
		assert_int_equal(said(&f, 1)->rev, 2);
		assert_verdict(said(&f, 1), V_UNANSWERED);
		assert_int_equal(said(&f, 1)->late_us, 2500000);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].late, 1);
		assert_int_equal(feed_summary(&f).apps[APP_DNS].answered, 0);
		feed_close(&f, 2700 * MS);
	}
}

/* The resolver asks again with the same id and port: one answer settles all its copies. */
static void test_retransmission(void **state)
{
	const struct plan *p = &plans[2];
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 5), again = q;
	struct summary s;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	/* senders that set DF leave the IP id 0: only the device tells the copies apart */
	q.ip_id = again.ip_id = 0;
	q.skb = again.skb = feed_skb(&f);
	feed_sent(&f, 0, q);
	feed_sent(&f, 900 * MS, again);
	feed_back(&f, 901 * MS, pkt_reply(&q));
	feed_ticks(&f, 950 * MS, 4 * US_PER_S);
	s = feed_summary(&f);
	assert_int_equal(s.seen, 3);
	assert_int_equal(s.verdicts[V_SENT], 2);
	assert_int_equal(s.apps[APP_DNS].sent, 2);
	assert_int_equal(s.apps[APP_DNS].answered, 2);
	assert_int_equal(s.problems, 0);
	/* the answer is to the last one */
	assert_int_equal(said(&f, 3)->latency_us, 1000);
	feed_close(&f, 4 * US_PER_S);
}

static void flood_of_copies(const struct plan *p, uint32_t copies)
{
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 5), r = pkt_reply(&q);
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	for (uint32_t i = 0; i < copies; i++) {
		q.ip_id = (uint16_t)i;
		q.skb = feed_skb(&f);
		feed_path(&f, i, AT_TC_INGRESS, IF_CALI1, q);
	}
	for (uint32_t i = 0; i < copies; i++) {
		r.ip_id = (uint16_t)i;
		r.skb = feed_skb(&f);
		feed_path(&f, copies + i, AT_TC_INGRESS, IF_TUNNEL, r);
	}
	feed_ticks(&f, 950 * MS, 4 * US_PER_S);
	assert_int_equal(feed_summary(&f).apps[APP_DNS].sent, copies);
	assert_int_equal(feed_summary(&f).apps[APP_DNS].answered, copies);
	assert_int_equal(feed_summary(&f).apps[APP_DNS].unanswered, 0);
	feed_close(&f, 4 * US_PER_S);
}

/*
 * So many copies, and as many answers: each is looked at once. If all were, for each other one, this
 * would go on for minutes, and the run gives up.
 */
static void test_flood_of_copies(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		flood_of_copies(p, 30000);
	}
}

static void test_syn_refused(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_syn(p->pod, p->peer_pod, 51000, 443), r = pkt_reply(&q);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_sent(&f, 0, q);
	r.tcp_flags = 0x14; /* RST and ACK */
	feed_back(&f, 700, r);
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	assert_int_equal(feed_summary(&f).apps[APP_TCP].answered, 1);
	assert_int_equal(feed_summary(&f).problems, 0);
	feed_close(&f, 3 * US_PER_S);
}

/* DNS over TCP: the handshake is one exchange, each message on the stream another. */
static void test_dns_over_tcp(void **state)
{
	const struct plan *p = &plans[1];
	struct obs_pkt syn = pkt_syn(p->pod, p->peer_pod, 52000, 53), q = syn, r;
	struct summary s;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_sent(&f, 0, syn);
	feed_back(&f, 500, pkt_reply(&syn));
	q.tcp_flags = 0x18;
	q.seq++;
	q.ip_id++;
	q.dns_id = 31;
	q.dns_flags = 0x0100;
	feed_sent(&f, 1000, q);
	r = pkt_reply(&q);
	r.tcp_flags = 0x18;
	/* the segment starts with the length of the message alone: no id to be seen */
	r.dns_id = r.dns_flags = 0;
	feed_back(&f, 1600, r);
	/* the rest of the answer asks nothing and answers nobody */
	r.seq += 2;
	r.ip_id++;
	feed_back(&f, 1700, r);
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	s = feed_summary(&f);
	assert_int_equal(s.apps[APP_DNS].sent, 2);
	assert_int_equal(s.apps[APP_DNS].answered, 2);
	assert_int_equal(s.apps[APP_TCP].sent, 0);
	assert_int_equal(s.problems, 0);
	assert_int_equal(said(&f, 4)->latency_us, 600);
	feed_close(&f, 3 * US_PER_S);
}

/* Of an aggregate only the first packet is known: it may answer, it never asks. */
static void test_aggregate(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 6);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.flags |= EV_F_GSO;
	feed_sent(&f, 0, q);
	feed_ticks(&f, 50 * MS, 4 * US_PER_S);
	assert_verdict(said(&f, 1), V_SENT);
	assert_int_equal(feed_summary(&f).apps[APP_DNS].sent, 0);
	assert_int_equal(feed_summary(&f).problems, 0);
	feed_close(&f, 4 * US_PER_S);
}

/* ---- what the renderers are told ---- */

static void test_question(void **state)
{
	static const uint8_t snap[] = {
		0x45, 0,    0,	 61,  0,   0,  0x40, 0,	  64,	17,   0,   0, 10, 0,  0, 1,
		10,   0,    0,	 2, /* IPv4 */
		0x9c, 0x41, 0,	 53,  0,   41, 0,    0,	  0x12, 0x34, 1,   0, 0,  1,  0, 0,
		0,    0,    0,	 0, /* UDP, DNS */
		4,    'k',  'u', 'b', 'e', 5,  'l',  'o', 'c',	'a',  'l', 0, 0,  28, 0, 1,
	};
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 0x1234);
	struct feed f;

	(void)state;
	for (size_t len = 0; len <= sizeof(snap); len++) {
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_sent(&f, 0, with_snap(q, snap, len));
		feed_ticks(&f, 50 * MS, 100 * MS);
		assert_true(said(&f, 1)->dns_valid);
		assert_int_equal(said(&f, 1)->dns_qtype, len >= 54 ? 28 : 0);
		if (len >= 52)
			assert_string_equal(said(&f, 1)->qname, "kube.local");
		feed_close(&f, 100 * MS);
	}
}

/* Good packets are counted in silence unless all are wanted. */
static void test_quiet(void **state)
{
	struct obs_pkt q = pkt_echo(plans[0].pod, plans[0].peer_pod, 1, 1);
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], &quiet);
	feed_node(&f, POOL_IPIP, 0);
	feed_sent(&f, 0, q);
	feed_back(&f, 300, pkt_reply(&q));
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	assert_int_equal(f.recs[REC_PACKET], 0);
	assert_int_equal(feed_summary(&f).verdicts[V_SENT], 1);
	assert_int_equal(feed_summary(&f).verdicts[V_DELIVERED], 1);
	feed_close(&f, 3 * US_PER_S);
}

/* A full table gives up the oldest; what was still waiting is a loss, what was settled is none. */
static void test_full_table(void **state)
{
	struct engine_opts opts = quiet;
	struct feed f;

	(void)state;
	opts.max_packets = 16;
	feed_open(&f, &plans[0], &opts);
	feed_node(&f, POOL_IPIP, 0);
	for (uint16_t i = 0; i < 20; i++) {
		struct obs_pkt q = pkt_echo(plans[0].pod, plans[0].peer_pod, 1, i);

		feed_sent(&f, i * 1000, q);
		feed_back(&f, i * 1000 + 300, pkt_reply(&q));
		feed_ticks(&f, i * 1000 + 900, i * 1000 + 900);
	}
	/* the table holds 8 exchanges of 1 ms, and nothing is final before 10 ms */
	assert_true(feed_summary(&f).lost > 0);
	assert_int_equal(f.recs[REC_LOSS], feed_summary(&f).lost);
	feed_close(&f, 100 * MS);
}

static void test_silence(void **state)
{
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_ticks(&f, 50 * MS, 9900 * MS);
	assert_int_equal(f.recs[REC_SILENCE], 0);
	feed_ticks(&f, 9950 * MS, 25 * US_PER_S);
	assert_int_equal(f.recs[REC_SILENCE], 1);
	/* traffic, then silence again: that is news */
	feed_leaked(&f, 26 * US_PER_S, pkt_echo(plans[0].pod, plans[0].peer_pod, 1, 1));
	feed_ticks(&f, 26050 * MS, 40 * US_PER_S);
	assert_int_equal(f.recs[REC_SILENCE], 2);
	feed_close(&f, 40 * US_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_plain_exit),
		cmocka_unit_test(test_peering_router),
		cmocka_unit_test(test_outside_pools),
		cmocka_unit_test(test_sent_and_delivered),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_answer_leaks),
		cmocka_unit_test(test_unanswered),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_flood_of_copies),
		cmocka_unit_test(test_syn_refused),
		cmocka_unit_test(test_dns_over_tcp),
		cmocka_unit_test(test_aggregate),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
