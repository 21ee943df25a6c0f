// SPDX-License-Identifier: GPL-2.0-only
/* The engine: what is folded into one finding, why it says so, when it is over. */
#include "feed.h"

/* A leak of one ping each 200 ms, with the ticks of the session */
static void ping_on(struct feed *f, uint32_t from_us, uint32_t to_us, const char *dst)
{
	for (uint32_t us = from_us; us < to_us; us += 200 * MS) {
		struct obs_pkt q = pkt_echo(f->plan->pod, dst, 8, (uint16_t)(us / MS));

		feed_sent(f, us, q);
		feed_back(f, us + 700, pkt_reply(&q));
		feed_ticks(f, us + 50 * MS, us + 150 * MS);
	}
}

/* ---- route-missing ---- */

static void test_route_deleted(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		const struct because *b;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_route(&f, 700 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leak_on(&f, 1000 * MS, 3000 * MS, p->peer_pod);
		x = finding_at(&f, 1);
		assert_int_equal(feed_summary(&f).finding_cnt, 1);
		assert_int_equal(x->packets, 10);
		assert_int_equal(x->verdicts[V_LEAKED], 10);
		assert_int_equal(x->apps[APP_ICMP], 10);
		assert_int_equal(x->block_from, BLOCK_HISTORY);
		assert_prefix(x->block[0], p->peer_block);
		assert_int_equal(x->cause, C_ROUTE_MISSING);
		b = chain_has(x, C_ROUTE_MISSING);
		assert_int_equal(b->confidence, CONF_CERTAIN);
		assert_int_equal(b->since_from, SINCE_SEEN);
		assert_true(b->since_ns == FEED_T0 + 700 * NS_PER_MS);
		assert_string_equal(b->by.comm, "bird");
		assert_addr(x->peer[0], p->peer);
		/* the session stands: nothing is said of BGP */
		assert_null(chain_has(x, C_BGP_DOWN));
		assert_null(chain_has(x, C_BGP_PEER_DOWN));
		feed_close(&f, 3 * US_PER_S);
	}
}

static void test_before_start(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		const struct because *b;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_VXLAN, NODE_NO_BLOCK | NODE_NO_BGP);
		feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
		x = finding_at(&f, 1);
		b = chain_has(x, C_ROUTE_MISSING);
		assert_non_null(b);
		assert_int_equal(b->since_from, SINCE_BEFORE_START);
		assert_int_equal(b->confidence, CONF_LIKELY);
		assert_int_equal(b->by.pid, 0);
		assert_int_equal(x->block_from, BLOCK_GUESS);
		/* who owned it, nobody told */
		assert_int_equal(x->peer_cnt, 0);
		/* no BIRD on this node: BGP is not to blame */
		assert_int_equal(x->because_cnt, 1);
		feed_close(&f, 2 * US_PER_S);
	}
}

/* Routes of Felix do not hang on BGP. */
static void test_felix_route(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_BGP_DOWN);
	feed_route(&f, 500, ROUTE_REPLACE, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_FELIX,
		   "calico-node");
	feed_route(&f, 700, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_FELIX,
		   "ip");
	feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
	x = finding_at(&f, 1);
	assert_int_equal(x->cause, C_FOREIGN_ROUTE_CHANGE);
	assert_string_equal(chain_has(x, C_ROUTE_MISSING)->by.comm, "ip");
	assert_null(chain_has(x, C_BGP_DOWN));
	feed_close(&f, 2 * US_PER_S);
}

/* ---- BGP ---- */

static void test_bgp_down(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_bgp(&f, 500 * MS, BGP_CLOSED, p->peer);
		feed_route(&f, 600 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
		/* one story for the whole node */
		feed_leak_on(&f, 2000 * MS, 3000 * MS, p->other_pod);
		assert_int_equal(feed_summary(&f).finding_cnt, 1);
		x = finding_at(&f, 1);
		assert_int_equal(x->block_cnt, 2);
		assert_int_equal(x->block_from, BLOCK_GUESS);
		assert_int_equal(x->cause, C_BGP_DOWN);
		assert_int_equal(x->because[0].cause, C_ROUTE_MISSING);
		assert_int_equal(x->because[1].cause, C_BGP_DOWN);
		assert_int_equal(x->because[1].confidence, CONF_CERTAIN);
		assert_true(x->because[1].since_ns == FEED_T0 + 500 * NS_PER_MS);
		feed_close(&f, 3 * US_PER_S);
	}
}

static void test_bgp_down_before_start(void **state)
{
	const struct plan *p = &plans[2];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_BGP_DOWN);
	feed_bgp(&f, 500 * MS, BGP_CONNECTING, p->peer);
	feed_bgp(&f, 900 * MS, BGP_REFUSED, p->peer);
	feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
	x = finding_at(&f, 1);
	/* who refuses is no firewall: nobody listens there */
	assert_int_equal(x->cause, C_BGP_DOWN);
	assert_int_equal(chain_has(x, C_BGP_DOWN)->since_from, SINCE_BEFORE_START);
	assert_true(evidence_has(x, "refused"));
	feed_close(&f, 2 * US_PER_S);
}

/* Another session stands. The route's own peer is known from its gateway, or is guessed. */
static void peer_down(const struct plan *p, bool known)
{
	const struct because *b;
	const struct finding *x;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, known ? 0 : NODE_NO_BLOCK);
	feed_bgp(&f, 100 * MS, BGP_CONNECTED, p->gw);
	feed_bgp(&f, 3000 * MS, BGP_TIMEOUT, p->peer);
	if (known)
		feed_route(&f, 3001 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
	feed_leak_on(&f, 4000 * MS, 5000 * MS, p->peer_pod);
	x = finding_at(&f, 1);
	b = chain_has(x, C_BGP_PEER_DOWN);
	assert_non_null(b);
	assert_null(chain_has(x, C_BGP_DOWN));
	assert_int_equal(x->cause, C_BGP_PEER_DOWN);
	assert_int_equal(b->confidence, known ? CONF_CERTAIN : CONF_LIKELY);
	assert_true(b->since_ns == FEED_T0 + 3 * NS_PER_S);
	/* whose block it is may not be made up */
	assert_int_equal(x->peer_cnt, known);
	assert_int_equal(evidence_has(x, "not known"), !known);
	feed_close(&f, 5 * US_PER_S);
}

static void test_bgp_peer_down(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		peer_down(p, true);
		peer_down(p, false);
	}
}

/* A second connection of a peer that comes and goes (both sides connect) is not its session. */
static void test_collision(void **state)
{
	static const enum bgp_state ends[] = { BGP_CLOSED, BGP_RESET, BGP_TIMEOUT, BGP_REFUSED };
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_bgp_conn(&f, 899 * MS, BGP_CONNECTING, p->peer, 41000);
		if (ends[i] != BGP_REFUSED)
			feed_bgp_conn(&f, 900 * MS, BGP_CONNECTED, p->peer, 41000);
		feed_bgp_conn(&f, 950 * MS, ends[i], p->peer, 41000);
		feed_route(&f, 960 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leak_on(&f, 1000 * MS, 1600 * MS, p->peer_pod);
		assert_int_equal(finding_at(&f, 1)->cause, C_ROUTE_MISSING);
		feed_close(&f, 2 * US_PER_S);
	}
}

/* The session is reset while another attempt is on its way: it is down all the same. */
static void test_reset_beside_attempt(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_bgp_conn(&f, 800 * MS, BGP_CONNECTING, p->peer, 41000);
	feed_bgp(&f, 900 * MS, BGP_RESET, p->peer);
	feed_route(&f, 960 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leak_on(&f, 1000 * MS, 1600 * MS, p->peer_pod);
	assert_int_equal(finding_at(&f, 1)->cause, C_BGP_DOWN);
	feed_close(&f, 2 * US_PER_S);
}

/* A session that came up while a resync asked for sessions is told twice, and counts once. */
static void test_told_twice(void **state)
{
	const struct plan *p = &plans[0];
	struct obs o = { .kind = OBS_BEGIN_SNAPSHOT };
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_BGP_DOWN);
	feed_obs(&f, 10 * MS, &o);
	o = (struct obs){ .kind = OBS_BGP };
	o.bgp = (struct obs_bgp){
		.state = BGP_CONNECTED, .snapshot = true, .peer = ip(p->peer), .peer_port = 179
	};
	feed_obs(&f, 10 * MS, &o);
	feed_bgp(&f, 11 * MS, BGP_CONNECTED, p->peer);
	feed_bgp(&f, 5000 * MS, BGP_CLOSED, p->peer);
	feed_route(&f, 5001 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leak_on(&f, 6000 * MS, 6600 * MS, p->peer_pod);
	assert_int_equal(finding_at(&f, 1)->cause, C_BGP_DOWN);
	feed_close(&f, 7 * US_PER_S);
}

/* What connects and is closed at once is no session: the peer does not know us. */
static void test_closed_after_accept(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_BGP_DOWN);
	for (uint32_t i = 0; i < 5; i++) {
		feed_bgp(&f, i * 1000 * MS + 100 * MS, BGP_CONNECTING, p->peer);
		feed_bgp(&f, i * 1000 * MS + 101 * MS, BGP_CONNECTED, p->peer);
		feed_leaked(&f, i * 1000 * MS + 110 * MS,
			    pkt_echo(p->pod, p->peer_pod, 1, (uint16_t)i));
		feed_ticks(&f, i * 1000 * MS + 121 * MS, i * 1000 * MS + 121 * MS);
		assert_non_null(chain_has(finding_at(&f, 1), C_BGP_DOWN));
		feed_bgp(&f, i * 1000 * MS + 150 * MS, BGP_CLOSED, p->peer);
		feed_ticks(&f, i * 1000 * MS + 200 * MS, i * 1000 * MS + 950 * MS);
	}
	/* it does not know us by the address that we come from; how we are known, nobody told */
	assert_int_equal(finding_at(&f, 1)->cause, C_NODE_ADDRESS_MISMATCH);
	assert_int_equal(chain_has(finding_at(&f, 1), C_NODE_ADDRESS_MISMATCH)->confidence,
			 CONF_LIKELY);
	assert_true(evidence_has(finding_at(&f, 1), "closed-after-accept"));
	feed_close(&f, 6 * US_PER_S);
}

/* ---- other causes ---- */

static void test_return_route(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		struct feed f;

		/* our routes persist, the peers have lost theirs to us: bird was killed */
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_BGP_DOWN);
		feed_sent(&f, 1000, pkt_echo(p->pod, p->peer_pod, 1, 1));
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		x = finding_at(&f, 1);
		assert_int_equal(x->verdict, V_UNANSWERED);
		assert_int_equal(chain_has(x, C_RETURN_ROUTE_MISSING)->confidence, CONF_LIKELY);
		assert_int_equal(x->cause, C_BGP_DOWN);
		feed_close(&f, 3 * US_PER_S);
		/* all well here: it is beyond this node, or nobody knows */
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_sent(&f, 1000, pkt_echo(p->pod, p->peer_pod, 1, 1));
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		x = finding_at(&f, 1);
		assert_int_equal(x->cause, C_BEYOND_NODE);
		assert_null(chain_has(x, C_RETURN_ROUTE_MISSING));
		assert_non_null(chain_has(x, C_UNKNOWN));
		feed_close(&f, 3 * US_PER_S);
	}
}

static void test_unresolved_and_unknown(void **state)
{
	const struct plan *p = &plans[1];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
	feed_route(&f, 500, ROUTE_ADD, p->peer_block, NULL, 0, RT_UNREACHABLE, RP_BIRD, "bird");
	feed_drop(&f, 1000, IF_CALI1, "NOT_SPECIFIED", "ip_error",
		  with_dst(pkt_echo(p->pod, p->peer_pod, 1, 1), NULL, IF_LO, RT_UNREACHABLE, 113));
	feed_drop(&f, 2000, IF_CALI1, "WHATEVER", "some_function",
		  pkt_echo(p->pod, p->peer_pod, 1, 2));
	feed_ticks(&f, 50 * MS, 100 * MS);
	assert_int_equal(finding_at(&f, 1)->cause, C_BGP_NEXTHOP_UNRESOLVED);
	assert_int_equal(finding_at(&f, 2)->cause, C_UNKNOWN);
	assert_int_equal(finding_at(&f, 2)->because[0].confidence, CONF_UNCLEAR);
	feed_close(&f, 200 * MS);
}

static void test_default_missing(void **state)
{
	const struct plan *p = &plans[2];
	struct obs_pkt q = pkt_dns(p->pod, "8.8.8.8", 40001, 1);
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_route(&f, 500, ROUTE_DEL, "0.0.0.0/0", p->gw, IF_ETH0, RT_UNICAST, RP_BOOT,
		   "dhclient");
	feed_drop(&f, 1000, IF_CALI1, "IP_INNOROUTES", "ip_error",
		  with_dst(q, NULL, IF_LO, RT_UNREACHABLE, 101));
	feed_ticks(&f, 50 * MS, 100 * MS);
	x = finding_at(&f, 1);
	assert_int_equal(x->cause, C_DEFAULT_ROUTE_MISSING);
	assert_int_equal(x->because[0].since_from, SINCE_SEEN);
	assert_string_equal(x->because[0].by.comm, "dhclient");
	feed_close(&f, 200 * MS);
}

/* ---- links ---- */

/* Routes leave with the link, unannounced; who downed it is who took them. */
static void test_link_down(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_link(&f, 500 * MS, IF_TUNNEL, "tunl0", "ipip", false, "ip");
		assert_int_equal(f.link_op, LINK_DOWN);
		assert_int_equal(f.recs[REC_ROUTE], 1);
		assert_int_equal(f.route[0].op, ROUTE_FLUSH);
		assert_prefix(f.route[0].route.dst, p->peer_block);
		assert_string_equal(f.route[0].by.comm, "ip");
		feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
		x = finding_at(&f, 1);
		assert_int_equal(chain_has(x, C_ROUTE_MISSING)->since_from, SINCE_SEEN);
		assert_string_equal(chain_has(x, C_ROUTE_MISSING)->by.comm, "ip");
		assert_true(evidence_has(x, "flushed"));
		feed_close(&f, 2 * US_PER_S);
	}
}

/* ---- the end of a problem ---- */

static void test_recovery(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
		feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
		x = finding_at(&f, 1);
		assert_int_equal(feed_summary(&f).open_cnt, 1);
		/* the route alone is a promise */
		feed_route(&f, 2000 * MS, ROUTE_ADD, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_ticks(&f, 2050 * MS, 2400 * MS);
		assert_false(x->recovered);
		ping_on(&f, 2500 * MS, 3500 * MS, p->peer_pod);
		assert_true(x->recovered);
		assert_true(x->recovered_ns >= FEED_T0 + 2500 * NS_PER_MS);
		assert_int_equal(feed_summary(&f).open_cnt, 0);
		assert_int_equal(feed_summary(&f).finding_cnt, 1);
		/* and again: the same finding, open */
		feed_route(&f, 4000 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leak_on(&f, 4100 * MS, 5000 * MS, p->peer_pod);
		assert_false(x->recovered);
		assert_int_equal(feed_summary(&f).finding_cnt, 1);
		assert_int_equal(chain_has(x, C_ROUTE_MISSING)->since_from, SINCE_SEEN);
		assert_true(chain_has(x, C_ROUTE_MISSING)->since_ns == FEED_T0 + 4 * NS_PER_S);
		feed_close(&f, 5 * US_PER_S);
	}
}

/* A host outside asks a pod, whose replies a filter drops, and later lets pass. */
static void test_recovery_of_outside(void **state)
{
	static const char host[] = "198.51.100.7";

	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_NONE, 0);
		for (uint16_t i = 0; i < 4; i++) {
			uint32_t us = (1000u + i * 500u) * MS;
			struct obs_pkt q = pkt_echo(host, p->pod, 7, i), r = pkt_reply(&q);

			q.skb = feed_skb(&f);
			r.skb = feed_skb(&f);
			feed_path(&f, us, AT_TC_INGRESS, IF_ETH0, q);
			feed_path(&f, us + 10, AT_TC_EGRESS, IF_CALI1, q);
			feed_path(&f, us + 20, AT_TC_INGRESS, IF_CALI1, r);
			if (i < 2)
				feed_drop(&f, us + 30, IF_CALI1, "NETFILTER_DROP", "nf_hook_slow",
					  r);
			else
				feed_path(&f, us + 30, AT_TC_EGRESS, IF_ETH0, r);
			feed_ticks(&f, us + 50 * MS, us + 450 * MS);
			x = finding_at(&f, 1);
			assert_int_equal(x->block_cnt, 0);
			assert_int_equal(x->recovered, i >= 2);
		}
		feed_close(&f, 5 * US_PER_S);
	}
}

/* One question and its answer, and a second of ticks */
static void dns_on(struct feed *f, uint32_t us, const char *pod, const char *dst)
{
	struct obs_pkt q = pkt_dns(pod, dst, (uint16_t)(40000 + us / US_PER_S), 7), r;

	q.skb = feed_skb(f);
	feed_sent(f, us, q);
	r = pkt_reply(&q);
	r.skb = feed_skb(f);
	feed_back(f, us + 1000, r);
	feed_ticks(f, us + 50 * MS, us + 950 * MS);
}

/* Good exchanges of another block prove nothing. */
static void test_no_recovery(void **state)
{
	const struct plan *p = &plans[1];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
	feed_route(&f, 500, ROUTE_ADD, p->other_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leak_on(&f, 1000 * MS, 2000 * MS, p->peer_pod);
	ping_on(&f, 2500 * MS, 3500 * MS, p->other_pod);
	assert_false(finding_at(&f, 1)->recovered);
	feed_close(&f, 5 * US_PER_S);
}

/*
 * Nor do those of another block for a firewall's drops, nor another protocol's, nor those of another
 * pod: a rule may be about one of them. The same pod's with that protocol do.
 */
static void test_recovery_of_filtered(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_route(&f, 500, ROUTE_ADD, p->other_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_drop(&f, 1000, IF_CALI1, "NETFILTER_DROP", "nft_do_chain",
		  pkt_dns(p->pod, p->peer_pod, 40001, 1));
	feed_ticks(&f, 50 * MS, 950 * MS);
	ping_on(&f, 1000 * MS, 2000 * MS, p->other_pod);
	assert_false(finding_at(&f, 1)->recovered);
	ping_on(&f, 2000 * MS, 3000 * MS, p->peer_pod);
	assert_false(finding_at(&f, 1)->recovered);
	dns_on(&f, 3000 * MS, p->pod2, p->peer_pod);
	assert_false(finding_at(&f, 1)->recovered);
	dns_on(&f, 4000 * MS, p->pod, p->peer_pod);
	assert_true(finding_at(&f, 1)->recovered);
	feed_close(&f, 5 * US_PER_S);
}

/* What happened while events were lost is less sure, and says so. */
/* What was asked before the last loss and answered after it went the way that was wrong, or may have. */
static void test_no_recovery_of_earlier(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q, lost;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q = pkt_dns(p->pod, p->peer_pod, 40001, 1);
	q.skb = feed_skb(&f);
	lost = pkt_dns(p->pod, p->peer_pod, 40002, 2);
	lost.skb = feed_skb(&f);
	feed_sent(&f, 1000, q);
	feed_drop(&f, 2000, IF_CALI1, "NETFILTER_DROP", "nft_do_chain", lost);
	feed_back(&f, 3000, pkt_reply(&q));
	feed_ticks(&f, 50 * MS, 950 * MS);
	assert_false(finding_at(&f, 1)->recovered);
	dns_on(&f, 1000 * MS, p->pod, p->peer_pod);
	assert_true(finding_at(&f, 1)->recovered);
	feed_close(&f, 5 * US_PER_S);
}

static void test_losses(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_route(&f, 500 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_leak_on(&f, 1000 * MS, 1400 * MS, p->peer_pod);
	x = finding_at(&f, 1);
	assert_int_equal(chain_has(x, C_ROUTE_MISSING)->confidence, CONF_CERTAIN);
	feed_loss(&f, 1500 * MS, LOSS_RING, 17);
	feed_leak_on(&f, 1600 * MS, 2600 * MS, p->peer_pod);
	assert_int_equal(chain_has(x, C_ROUTE_MISSING)->confidence, CONF_LIKELY);
	assert_true(evidence_has(x, "17 events were lost"));
	assert_int_equal(feed_summary(&f).lost, 17);
	feed_close(&f, 3 * US_PER_S);
}

static void test_withheld(void **state)
{
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_loss(&f, 1000, LOSS_WITHHELD, 5);
	assert_int_equal(feed_summary(&f).withheld, 5);
	assert_int_equal(feed_summary(&f).lost, 0);
	assert_int_equal(f.recs[REC_LOSS], 1);
	feed_close(&f, 2000);
}

/* What was withheld is added where verdict and block are the same, and nowhere else. */
static void test_withheld_like(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 1);
	struct obs held = { .kind = OBS_LOSS };
	struct feed f;

	(void)state;
	held.loss = (struct obs_loss){
		.what = LOSS_WITHHELD,
		.count = 1000,
		.verdict = V_FILTERED,
	};
	assert_int_equal(prefix_parse(p->peer_block, &held.loss.block), 0);
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	feed_drop(&f, 2000, IF_CALI1, "NETFILTER_DROP", "nft_do_chain", q);
	feed_ticks(&f, 50 * MS, 250 * MS);
	feed_obs(&f, 300 * MS, &held);
	assert_int_equal(finding_at(&f, 1)->withheld, 1000);
	held.loss.verdict = V_BLACKHOLE;
	feed_obs(&f, 400 * MS, &held);
	assert_int_equal(finding_at(&f, 1)->withheld, 1000);
	held.loss.verdict = V_FILTERED;
	assert_int_equal(prefix_parse("203.0.113.0/26", &held.loss.block), 0);
	feed_obs(&f, 500 * MS, &held);
	assert_int_equal(finding_at(&f, 1)->withheld, 1000);
	assert_int_equal(feed_summary(&f).withheld, 3000);
	feed_close(&f, 600 * MS);
}

/* A verdict that is replaced leaves its finding. */
static void test_moves_between_findings(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	feed_sent(&f, 0, q);
	feed_ticks(&f, 50 * MS, 2900 * MS);
	assert_int_equal(finding_at(&f, 1)->packets, 1);
	feed_drop(&f, 3000 * MS, IF_ETH0, "NEIGH_FAILED", "neigh_invalidate",
		  with_encap(q, ENCAP_IPIP, p->node, p->peer));
	feed_ticks(&f, 3050 * MS, 3300 * MS);
	assert_int_equal(finding_at(&f, 1)->packets, 0);
	assert_int_equal(finding_at(&f, 1)->verdicts[V_UNANSWERED], 0);
	assert_int_equal(finding_at(&f, 2)->packets, 1);
	assert_int_equal(said(&f, 1)->finding, 2);
	feed_close(&f, 3300 * MS);
}

/* Changes are told; the state at start, and what a resync repeats, are not. */
static void test_news(void **state)
{
	const struct plan *p = &plans[0];
	struct obs o = { .kind = OBS_BEGIN_SNAPSHOT };
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	assert_int_equal(f.recs[REC_ROUTE] + f.recs[REC_LINK] + f.recs[REC_ADDR] + f.recs[REC_BGP],
			 0);
	feed_bgp(&f, 100, BGP_CONNECTING, p->gw);
	assert_int_equal(f.recs[REC_BGP], 0);
	feed_bgp(&f, 200, BGP_REFUSED, p->gw);
	assert_int_equal(f.recs[REC_BGP], 1);
	/* a resync in which the block's route is missing: flushed while nobody looked */
	feed_obs(&f, 300, &o);
	o = (struct obs){ .kind = OBS_END_SNAPSHOT };
	feed_obs(&f, 300, &o);
	assert_int_equal(f.recs[REC_ROUTE], 6);
	assert_int_equal(f.route[0].op, ROUTE_DEL);
	feed_close(&f, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route_deleted),
		cmocka_unit_test(test_before_start),
		cmocka_unit_test(test_felix_route),
		cmocka_unit_test(test_bgp_down),
		cmocka_unit_test(test_bgp_down_before_start),
		cmocka_unit_test(test_bgp_peer_down),
		cmocka_unit_test(test_collision),
		cmocka_unit_test(test_reset_beside_attempt),
		cmocka_unit_test(test_told_twice),
		cmocka_unit_test(test_closed_after_accept),
		cmocka_unit_test(test_return_route),
		cmocka_unit_test(test_unresolved_and_unknown),
		cmocka_unit_test(test_default_missing),
		cmocka_unit_test(test_link_down),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_no_recovery),
		cmocka_unit_test(test_recovery_of_filtered),
		cmocka_unit_test(test_no_recovery_of_earlier),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_withheld),
		cmocka_unit_test(test_withheld_like),
		cmocka_unit_test(test_moves_between_findings),
		cmocka_unit_test(test_recovery_of_outside),
		cmocka_unit_test(test_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
