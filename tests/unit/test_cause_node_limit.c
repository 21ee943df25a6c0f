// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel refuses by its settings, sizes, checksums and full tables: named with evidence,
 * and never where the evidence says something else.
 */
#include "feed.h"

#define T (5 * US_PER_S)
#define OUTSIDE "203.0.113.9"

enum {
	IF_ETH1 = 9
};

/* The finding of one packet that was dropped there */
static const struct finding *dropped(struct feed *f, uint32_t ifindex, const char *reason,
				     const char *location, struct obs_pkt q)
{
	feed_drop(f, T + MS, ifindex, reason, location, q);
	feed_ticks(f, T + 50 * MS, T + 300 * MS);
	return finding_at(f, 1);
}

static struct obs_pkt from_tunnel(const struct plan *p, struct obs_pkt q)
{
	return with_encap(q, ENCAP_IPIP, p->peer, p->node);
}

static const struct finding *rpf(struct feed *f, uint32_t ifindex, struct obs_pkt q)
{
	return dropped(f, ifindex, "IP_RPFILTER", "ip_rcv_finish_core", q);
}

static void tell_sysctl(struct feed *f, uint32_t ifindex, int rp_filter)
{
	struct obs o = { .kind = OBS_SYSCTL };

	feed_begin(f, T, SOURCE_SYSCTL);
	o.sysctl = (struct obs_sysctl){ .ifindex = ifindex, .rp_filter = (int8_t)rp_filter };
	feed_obs(f, T, &o);
	feed_end(f, T, SOURCE_SYSCTL, SOURCE_OK);
}

static void tell_pod(struct feed *f, const char *addr, const char *dev)
{
	struct obs o = { .kind = OBS_POD };

	feed_begin(f, T, SOURCE_CNI);
	snprintf(o.pod.name, sizeof(o.pod.name), "default/p1");
	snprintf(o.pod.dev, sizeof(o.pod.dev), "%s", dev);
	o.pod.addr = ip(addr);
	feed_obs(f, T, &o);
	feed_end(f, T, SOURCE_CNI, SOURCE_OK);
}

static void tell_fill(struct feed *f, enum fill what, uint64_t cnt)
{
	struct obs o = { .kind = OBS_FILL };

	feed_begin(f, T, SOURCE_FILL);
	o.fill = (struct obs_fill){ .what = what, .cnt = cnt, .max = 1000 };
	feed_obs(f, T, &o);
	feed_end(f, T, SOURCE_FILL, SOURCE_OK);
}

/* ---- rp_filter ---- */

/* The peer's tunnel packets come in by eth0, and what leads back to it leaves by eth1, or does not. */
static void test_uplink(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int other = 0; other < 2; other++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			tell_sysctl(&f, IF_ETH0, 1);
			feed_link(&f, T, IF_ETH1, "eth1", "", true, NULL);
			if (other)
				feed_route(&f, T, ROUTE_ADD, p->peer, p->gw, IF_ETH1, RT_UNICAST,
					   RP_STATIC, NULL);
			x = rpf(&f, IF_ETH0, from_tunnel(p, pkt_echo(p->peer_pod, p->pod, 1, 1)));
			assert_verdict(x, V_RP_FILTER);
			assert_int_equal(chain_has(x, C_ASYMMETRIC_ROUTE) != NULL, other);
			if (other) {
				assert_int_equal(x->cause, C_ASYMMETRIC_ROUTE);
				assert_int_equal(x->because[0].confidence, CONF_CERTAIN);
				assert_true(evidence_has(x, "dev eth1"));
				assert_true(evidence_has(x, "eth0.rp_filter is 1 (strict)"));
			}
			feed_close(&f, 2 * T);
		}
	}
}

/* Several ways back, one of them by that device: then the kernel would have taken it. */
static void test_ecmp(void **state)
{
	const struct plan *p = &plans[0];

	(void)state;
	for (int same = 0; same < 2; same++) {
		struct obs o = { .kind = OBS_ROUTE };
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_link(&f, T, IF_ETH1, "eth1", "", true, NULL);
		o.route.op = ROUTE_ADD;
		o.route.route = (struct route){ .dst = pfx(OUTSIDE),
						.table = 254,
						.type = RT_UNICAST,
						.protocol = RP_STATIC,
						.nh_cnt = 2 };
		o.route.route.nh[0] = (struct nexthop){ ip(p->gw), IF_ETH1 };
		o.route.route.nh[1] = (struct nexthop){ ip(p->gw), same ? IF_ETH0 : IF_ETH1 };
		feed_obs(&f, T, &o);
		x = rpf(&f, IF_ETH0, pkt_echo(OUTSIDE, p->node, 1, 1));
		assert_int_equal(chain_has(x, C_ASYMMETRIC_ROUTE) == NULL, same);
		feed_close(&f, 2 * T);
	}
}

/* Table main would answer by that device; a rule may have sent the way back to another table. */
static void test_rules(void **state)
{
	const struct plan *p = &plans[1];
	struct obs o = { .kind = OBS_ROUTE };
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_link(&f, T, IF_ETH1, "eth1", "", true, NULL);
	o.route.op = ROUTE_ADD;
	o.route.route = (struct route){ .dst = pfx("0.0.0.0/0"),
					.table = 100,
					.type = RT_UNICAST,
					.protocol = RP_STATIC,
					.nh_cnt = 1 };
	o.route.route.nh[0] = (struct nexthop){ ip(p->gw), IF_ETH1 };
	feed_obs(&f, T, &o);
	x = rpf(&f, IF_ETH0, pkt_echo(OUTSIDE, p->node, 1, 1));
	assert_int_equal(x->cause, C_ASYMMETRIC_ROUTE);
	assert_int_equal(x->because[0].confidence, CONF_LIKELY);
	assert_true(evidence_has(x, "table 100"));
	feed_close(&f, 2 * T);
}

/* What comes out of the tunnel has lost its way back: that route, and why it is missing, is the cause. */
static void test_back_missing(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int down = 0; down < 2; down++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			if (down)
				feed_bgp(&f, T, BGP_CLOSED, p->peer);
			feed_route(&f, T, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
				   RP_BIRD, "bird");
			x = rpf(&f, IF_TUNNEL, pkt_echo(p->peer_pod, p->pod, 1, 1));
			assert_non_null(chain_has(x, C_ASYMMETRIC_ROUTE));
			assert_non_null(chain_has(x, C_ROUTE_MISSING));
			assert_int_equal(chain_has(x, C_ROUTE_MISSING)->since_from, SINCE_SEEN);
			assert_int_equal(chain_has(x, C_BGP_DOWN) != NULL, down);
			assert_int_equal(x->cause, down ? C_BGP_DOWN : C_ROUTE_MISSING);
			assert_true(evidence_has(x, p->peer_block));
			feed_close(&f, 2 * T);
		}
	}
}

/* The pod's own address leads elsewhere; whose address it is CNI's record tells. */
static void test_pod_route(void **state)
{
	static const struct {
		const char *dev; /* of the pod with that address */
		bool moved, expected;
	} cases[] = {
		{ "cali111111", true, true },
		{ "cali222222", true, false }, /* it uses another pod's address */
		{ "cali111111", false, false },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			tell_pod(&f, p->pod, cases[i].dev);
			if (cases[i].moved)
				feed_route(&f, T, ROUTE_REPLACE, p->pod, NULL, IF_CALI2, RT_UNICAST,
					   RP_BOOT, NULL);
			x = rpf(&f, IF_CALI1, pkt_echo(p->pod, p->peer_pod, 1, 1));
			assert_int_equal(chain_has(x, C_ASYMMETRIC_ROUTE) != NULL,
					 cases[i].expected);
			assert_null(chain_has(x, C_CALICO_RPF));
			if (cases[i].expected)
				assert_true(evidence_has(x, "default/p1"));
			feed_close(&f, 2 * T);
		}
	}
}

/* Strict as Felix copies it from conf/default, or by somebody's hand on the one device */
static void test_calico_rpf(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int8_t def = 0; def < 2; def++) {
			static const uint32_t dev[] = { 0, SYSCTL_DEFAULT, IF_CALI1 };
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			tell_pod(&f, p->pod, "cali111111");
			feed_begin(&f, T, SOURCE_SYSCTL);
			for (size_t i = 0; i < ARRAY_SIZE(dev); i++) {
				struct obs o = { .kind = OBS_SYSCTL };

				o.sysctl = (struct obs_sysctl){ .ifindex = dev[i],
								.rp_filter = i == 2 ? 1 :
									     i	    ? def :
										      0 };
				feed_obs(&f, T, &o);
			}
			feed_end(&f, T, SOURCE_SYSCTL, SOURCE_OK);
			feed_route(&f, T, ROUTE_REPLACE, p->pod, NULL, IF_CALI2, RT_UNICAST,
				   RP_BOOT, NULL);
			x = rpf(&f, IF_CALI1, pkt_echo(p->pod, p->peer_pod, 1, 1));
			assert_non_null(chain_has(x, C_ASYMMETRIC_ROUTE));
			assert_int_equal(x->cause, def ? C_CALICO_RPF : C_ASYMMETRIC_ROUTE);
			feed_close(&f, 2 * T);
		}
	}
}

/* Without CNI's record: no route leads to the device, as one does to each pod's. With one, nobody knows. */
static void test_route_of_unknown_pod(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int routed = 0; routed < 2; routed++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			feed_route(&f, T, ROUTE_REPLACE, p->pod, NULL, IF_CALI2, RT_UNICAST,
				   RP_BOOT, NULL);
			if (routed)
				feed_route(&f, T, ROUTE_REPLACE, p->pod2, NULL, IF_CALI1,
					   RT_UNICAST, RP_BOOT, NULL);
			x = rpf(&f, IF_CALI1, pkt_echo(p->pod, p->peer_pod, 1, 1));
			if (routed) {
				assert_null(chain_has(x, C_ASYMMETRIC_ROUTE));
			} else {
				assert_int_equal(x->cause, C_ASYMMETRIC_ROUTE);
				assert_int_equal(chain_has(x, C_ASYMMETRIC_ROUTE)->confidence,
						 CONF_LIKELY);
				assert_true(evidence_has(x, "no route leads to cali111111"));
			}
			feed_close(&f, 2 * T);
		}
	}
}

/* ---- sizes ---- */

static void set_mtu(struct feed *f, uint32_t ifindex, const char *name, const char *kind,
		    uint32_t mtu)
{
	struct obs o = { .kind = OBS_LINK };

	o.link.op = LINK_CHANGE;
	o.link.link =
		(struct link_info){ .ifindex = ifindex, .mtu = mtu, .up = true, .running = true };
	snprintf(o.link.link.name, sizeof(o.link.link.name), "%s", name);
	snprintf(o.link.link.kind, sizeof(o.link.link.kind), "%s", kind);
	feed_obs(f, T, &o);
}

/* Too big for the tunnel, for what is below it with the tunnel's headers, or for none that is known */
static void test_mtu(void **state)
{
	static const struct {
		uint32_t tunnel, uplink;
		const char *text;
		enum confidence conf;
	} cases[] = {
		{ 1000, 1500, "tunl0 an MTU of 1000", CONF_CERTAIN },
		{ 1480, 1000, "eth0 has an MTU of 1000, of which tunl0 takes 20", CONF_CERTAIN },
		{ 1480, 1500, "a path MTU that was learnt", CONF_LIKELY },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			set_mtu(&f, IF_TUNNEL, "tunl0", "ipip", cases[i].tunnel);
			set_mtu(&f, IF_ETH0, "eth0", "", cases[i].uplink);
			q = with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0);
			q.ip_len = 1228;
			x = dropped(&f, IF_CALI1, "PKT_TOO_BIG", "ip_forward", q);
			assert_verdict(x, V_TOO_BIG);
			assert_int_equal(x->cause, C_MTU_MISMATCH);
			assert_true(evidence_has(x, cases[i].text));
			assert_int_equal(x->because[0].confidence, cases[i].conf);
			feed_close(&f, 2 * T);
		}
	}
}

/* ---- checksums ---- */

static void test_checksum(void **state)
{
	static const struct {
		const char *reason, *location;
		bool encap, expected;
	} cases[] = {
		{ "UDP_CSUM", "udp_queue_rcv_one_skb", true, true },
		{ "", "udp_queue_rcv_one_skb", true, true },
		{ "", "udp_queue_rcv_one_skb", false, false }, /* a full socket */
		{ "", "__udp4_lib_rcv", true, true },
		{ "NO_SOCKET", "__udp4_lib_rcv", true, false }, /* nobody has the tunnel's port */
		{ "", "__udp4_lib_rcv", false, false },
		{ "UDP_CSUM", "__udp4_lib_rcv", false, true },
		{ "IP_CSUM", "ip_rcv_core", false, false }, /* no device makes the header's */
		{ "SOCKET_RCVBUFF", "udp_queue_rcv_one_skb", false, false },
		{ "PROTO_MEM", "udp_queue_rcv_one_skb", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		struct obs_pkt q = pkt_dns(p->peer_pod, p->pod, 4242, 7);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_VXLAN, 0);
		if (cases[i].encap)
			q = with_encap(q, ENCAP_VXLAN, p->peer, p->node);
		x = dropped(&f, cases[i].encap ? IF_ETH0 : IF_CALI1, cases[i].reason,
			    cases[i].location, q);
		assert_int_equal(chain_has(x, C_CHECKSUM_OFFLOAD) != NULL, cases[i].expected);
		if (cases[i].expected)
			assert_true(evidence_has(x, cases[i].encap ? p->peer : p->peer_pod));
		feed_close(&f, 2 * T);
	}
}

/* A TCP segment with a wrong checksum is no matter of course. */
static void test_checksum_tcp(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	x = dropped(&f, IF_CALI1, "TCP_CSUM", "tcp_v4_rcv", pkt_syn(p->peer_pod, p->pod, 4242, 80));
	assert_int_equal(x->cause, C_CHECKSUM_OFFLOAD);
	feed_close(&f, 2 * T);
}

/* ---- full tables ---- */

static void test_neigh_table(void **state)
{
	static const struct {
		const char *reason, *location;
		uint64_t fill;
		bool expected;
		enum confidence conf;
	} cases[] = {
		{ "NEIGH_CREATEFAIL", "ip_finish_output2", 990, true, CONF_CERTAIN },
		{ "NEIGH_CREATEFAIL", "ip_finish_output2", 100, true, CONF_LIKELY },
		{ "", "ip_finish_output2", 1000, true, CONF_CERTAIN },
		{ "NEIGH_FAILED", "neigh_invalidate", 1000, false, 0 },
		{ "", "neigh_invalidate", 1000, false, 0 },
		{ "NEIGH_FAILED", "neigh_invalidate", 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		tell_fill(&f, FILL_NEIGH, cases[i].fill);
		x = dropped(&f, IF_ETH0, cases[i].reason, cases[i].location,
			    with_encap(q, ENCAP_IPIP, p->node, p->peer));
		assert_verdict(x, V_NEIGH_FAILED);
		assert_int_equal(chain_has(x, C_NEIGH_TABLE_FULL) != NULL, cases[i].expected);
		/* the other node is not to blame for what it was never asked */
		assert_int_equal(chain_has(x, C_NODE_UNREACHABLE) == NULL, cases[i].expected);
		if (cases[i].expected)
			assert_int_equal(x->because[0].confidence, cases[i].conf);
		feed_close(&f, 2 * T);
	}
}

static void test_conntrack(void **state)
{
	static const struct {
		uint64_t fill;
		bool forward, expected;
	} cases[] = {
		{ 1000, false, true },
		{ 970, false, true },
		{ 900, false, false },
		{ 1000, true, false }, /* it has an entry by then */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		tell_fill(&f, FILL_CONNTRACK, cases[i].fill);
		if (cases[i].forward) {
			q = with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0);
			q.flags |= EV_F_DST_INPUT;
			q.iif = IF_CALI1;
		}
		x = dropped(&f, IF_CALI1, "NETFILTER_DROP", "nf_hook_slow", q);
		assert_verdict(x, V_FILTERED);
		assert_int_equal(chain_has(x, C_CONNTRACK_FULL) != NULL, cases[i].expected);
		feed_close(&f, 2 * T);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uplink),	    cmocka_unit_test(test_ecmp),
		cmocka_unit_test(test_rules),	    cmocka_unit_test(test_back_missing),
		cmocka_unit_test(test_calico_rpf),  cmocka_unit_test(test_route_of_unknown_pod),
		cmocka_unit_test(test_pod_route),   cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_checksum),    cmocka_unit_test(test_checksum_tcp),
		cmocka_unit_test(test_neigh_table), cmocka_unit_test(test_conntrack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
