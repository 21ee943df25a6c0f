// SPDX-License-Identifier: GPL-2.0-only
/* Whose a block is, and packets that go to another node. */
#include "feed.h"

static void feed_node_addr(struct feed *f, uint32_t us, bool reset, const char *a)
{
	struct obs o = { .kind = OBS_NODE };

	o.node.reset = reset;
	if (a)
		o.node.addr = ip(a);
	feed_obs(f, us, &o);
}

static struct obs_pkt to_gateway(const struct plan *p, struct feed *f, uint32_t us, const char *gw)
{
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, (uint16_t)(us / 1000));

	q.skb = feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_CALI1, q);
	feed_path(f, us + 10, AT_TC_EGRESS, IF_TUNNEL, with_dst(q, gw, IF_TUNNEL, RT_UNICAST, 0));
	feed_path(f, us + 20, AT_TC_EGRESS, IF_ETH0, with_encap(q, ENCAP_IPIP, p->node, gw));
	return q;
}

static void test_owner(void **state)
{
	static const struct {
		const char *who;
		enum verdict want;
	} cases[] = {
		{ "ip", V_WRONG_NEXTHOP },
		/* the daemon knows that the block moved */
		{ "bird", V_UNANSWERED },
		{ "calico-node", V_UNANSWERED },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			feed_route(&f, 500, ROUTE_REPLACE, p->peer_block, p->gw, IF_TUNNEL,
				   RT_UNICAST, RP_BIRD, cases[i].who);
			to_gateway(p, &f, 1000, p->gw);
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_verdict(said(&f, 1), cases[i].want);
			assert_addr(said(&f, 1)->encap.dst, p->gw);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* A borrowed address that its daemon takes back is its block's again; what others delete is not. */
static void test_owner_withdrawn(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int by_ip = 0; by_ip < 2; by_ip++) {
			char borrowed[64];
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			snprintf(borrowed, sizeof(borrowed), "%s/32", p->peer_pod);
			feed_route(&f, 500, ROUTE_ADD, borrowed, p->gw, IF_TUNNEL, RT_UNICAST,
				   RP_BIRD, "bird");
			feed_route(&f, 600, ROUTE_DEL, borrowed, p->gw, IF_TUNNEL, RT_UNICAST,
				   RP_BIRD, by_ip ? "ip" : "bird");
			to_gateway(p, &f, 1000, p->peer);
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_verdict(said(&f, 1), by_ip ? V_WRONG_NEXTHOP : V_UNANSWERED);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* Started late, and BIRD's own route leads to another node than to the one that it has it from. */
static void test_owner_by_bird(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int i = 0; i < 5; i++) {
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
			feed_route(&f, 100, ROUTE_ADD, p->peer_block, p->gw, IF_TUNNEL, RT_UNICAST,
				   RP_BIRD, "bird");
			feed_begin(&f, 200, SOURCE_BIRD);
			feed_bird_status(&f, 200, i == 1);
			if (i != 2)
				feed_bird_route(&f, 200, "Mesh_peer", pfx(p->peer_block),
						ip(p->peer));
			feed_end(&f, 200, SOURCE_BIRD, i == 3 ? SOURCE_TIMEOUT : SOURCE_OK);
			if (i == 4) {
				feed_begin(&f, 300, SOURCE_BIRD);
				feed_end(&f, 300, SOURCE_BIRD, SOURCE_TIMEOUT);
			}
			to_gateway(p, &f, 1000, p->gw);
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			/*
			 * While it restarts, without a route, without an answer nothing is claimed. One
			 * answer that does not come is no reason to forget the last.
			 */
			assert_verdict(said(&f, 1),
				       i == 0 || i == 4 ? V_WRONG_NEXTHOP : V_UNANSWERED);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

static void bird_says(struct feed *f, const struct plan *p, uint32_t us, const char *owner)
{
	feed_begin(f, us, SOURCE_BIRD);
	feed_bird_status(f, us, false);
	feed_bird_route(f, us, "Mesh_peer", pfx(p->peer_block), ip(owner));
	feed_end(f, us, SOURCE_BIRD, SOURCE_OK);
}

/*
 * BIRD's route leads elsewhere since a moment ago: whether the block moved, BIRD says a little
 * later, and the packets wait for that.
 */
static void test_owner_asked(void **state)
{
	static const enum verdict want[] = { V_WRONG_NEXTHOP, V_DELIVERED, V_DELIVERED };

	(void)state;
	EACH_PLAN(p)
	{
		for (int i = 0; i < 3; i++) {
			struct obs_pkt q;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			bird_says(&f, p, 200, p->peer);
			feed_route(&f, 500, ROUTE_REPLACE, p->peer_block, p->gw, IF_TUNNEL,
				   RT_UNICAST, RP_BIRD, "bird");
			q = to_gateway(p, &f, 1000, p->gw);
			feed_back(&f, 1500, pkt_reply(&q));
			feed_ticks(&f, 50 * MS, 300 * MS);
			assert_int_equal(feed_summary(&f).problems, 0);
			/* it has it from whom it had it; from the other node; it does not answer */
			if (i < 2)
				bird_says(&f, p, 300 * MS, i ? p->gw : p->peer);
			feed_ticks(&f, 350 * MS, 3 * US_PER_S);
			assert_int_equal(feed_summary(&f).problems, want[i] == V_WRONG_NEXTHOP);
			if (want[i] == V_WRONG_NEXTHOP)
				assert_verdict(said(&f, 1), want[i]);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* Somebody's route stands where BIRD's should: BIRD has one, and the kernel no place for it. */
static void test_route_in_the_way(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int bird = 0; bird < 2; bird++) {
			struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
			feed_route(&f, 100, ROUTE_ADD, p->peer_block, p->gw, IF_ETH0, RT_UNICAST,
				   RP_STATIC, NULL);
			feed_begin(&f, 200, SOURCE_BIRD);
			feed_bird_status(&f, 200, false);
			if (bird)
				feed_bird_route(&f, 200, "Mesh_peer", pfx(p->peer_block),
						ip(p->peer));
			feed_end(&f, 200, SOURCE_BIRD, SOURCE_OK);
			q.skb = feed_skb(&f);
			feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
			feed_path(&f, 1010, AT_TC_EGRESS, IF_ETH0,
				  with_dst(q, p->gw, IF_ETH0, RT_UNICAST, 0));
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_verdict(said(&f, 1), bird ? V_LEAKED : V_UNANSWERED);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* Started late: the tunnel's other end is on nobody's list. A node that just joined may not be yet. */
static void test_stranger(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int i = 0; i < 4; i++) {
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
			if (i != 1) {
				feed_node_addr(&f, 100, true, p->peer);
				feed_node_addr(&f, 100, false, p->node);
			}
			if (i == 2)
				feed_node_addr(&f, 101, false, p->gw);
			if (i == 3)
				feed_route(&f, 500, ROUTE_ADD, p->peer_block, p->gw, IF_TUNNEL,
					   RT_UNICAST, RP_BIRD, "bird");
			to_gateway(p, &f, 1000, p->gw);
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_verdict(said(&f, 1), i == 0 ? V_WRONG_NEXTHOP : V_UNANSWERED);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* Without a list of the nodes, by BIRD: whom it has the block from, and with whom it speaks */
static void test_stranger_by_bird(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int i = 0; i < 3; i++) {
			struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			feed_begin(&f, 100, SOURCE_BIRD);
			feed_bird_status(&f, 150, i == 2);
			if (i != 1)
				feed_bird_route(&f, 200, "Mesh_peer", pfx(p->peer_block),
						ip(p->peer));
			feed_end(&f, 300, SOURCE_BIRD, SOURCE_OK);
			q.skb = feed_skb(&f);
			feed_path(&f, 1000, AT_TC_EGRESS, IF_TUNNEL,
				  with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0));
			feed_path(&f, 1010, AT_TC_EGRESS, IF_ETH0,
				  with_encap(q, ENCAP_VXLAN, p->node, p->gw));
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			/* not while it learns anew, and not where it has nothing */
			assert_verdict(said(&f, 1), i ? V_UNANSWERED : V_WRONG_NEXTHOP);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_owner_withdrawn),
		cmocka_unit_test(test_owner_by_bird),
		cmocka_unit_test(test_owner_asked),
		cmocka_unit_test(test_route_in_the_way),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_stranger_by_bird),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
