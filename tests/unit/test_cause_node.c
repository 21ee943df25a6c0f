// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tunnel and what is below it, and routes: who made them, who took them away, who should have
 * made them. What BGP did not bring, the loss of BGP does not take.
 */
#include "feed.h"

#define WRONG "192.188.1.1"
#define T (5 * US_PER_S)

static const char *pod_in(const struct prefix *block, char *buf)
{
	struct addr a = block->addr;

	a.b[3]++;
	return addr_str(&a, buf);
}

static const struct finding *leak(struct feed *f, uint32_t from_us, const char *dst)
{
	for (uint32_t us = from_us; us < from_us + US_PER_S; us += 200 * MS) {
		feed_leaked(f, us, pkt_echo(f->plan->pod, dst, 7, (uint16_t)us));
		feed_ticks(f, us + 50 * MS, us + 150 * MS);
	}
	return finding_at(f, 1);
}

static const struct finding *dropped(struct feed *f, uint32_t ifindex, const char *reason,
				     const char *location, struct obs_pkt q)
{
	feed_drop(f, T + MS, ifindex, reason, location, q);
	feed_ticks(f, T + 50 * MS, T + 300 * MS);
	return finding_at(f, 1);
}

/* A request that leaves as it should, and gets no reply; from the node itself, or from a pod */
static const struct finding *unanswered(struct feed *f, const char *src, const char *dst,
					const char *end)
{
	struct obs_pkt q = pkt_echo(src, dst, 1, 1);

	q.skb = feed_skb(f);
	feed_path(f, T + MS, AT_TC_EGRESS, IF_TUNNEL, with_dst(q, end, IF_TUNNEL, RT_UNICAST, 0));
	feed_path(f, T + MS + 10, AT_TC_EGRESS, IF_ETH0,
		  with_encap(with_dst(q, NULL, IF_ETH0, RT_UNICAST, 0), ENCAP_IPIP, f->plan->node,
			     end));
	feed_ticks(f, T + 50 * MS, T + 3 * US_PER_S);
	return finding_at(f, 1);
}

static void tell_nodes(struct feed *f, const char *const *node)
{
	feed_begin(f, T, SOURCE_IPSET);
	feed_listed(f, T, true, NODES_IPIP | NODES_VXLAN, (struct addr){ 0 });
	for (; *node; node++)
		feed_listed(f, T, false, NODES_IPIP | NODES_VXLAN, ip(*node));
	feed_end(f, T, SOURCE_IPSET, SOURCE_OK);
}

/* ---- who took the route away ---- */

static void test_who(void **state)
{
	static const struct {
		const char *comm, *advice;
		bool foreign;
	} cases[] = {
		{ "NetworkManager", "unmanaged-devices", true },
		{ "systemd-network", "ManageForeignRoutes=no", true },
		{ "dhclient", "lease", true },
		{ "ip", "ip route", true },
		{ "keepalived", "what that program is for", true },
		{ "ipsec", "what that program is for", true },
		{ "bird", "", false },
		{ "calico-node", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_route(&f, T, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
			   cases[i].comm);
		x = leak(&f, T + MS, p->peer_pod);
		assert_int_equal(chain_has(x, C_FOREIGN_ROUTE_CHANGE) != NULL, cases[i].foreign);
		if (cases[i].foreign) {
			assert_int_equal(x->cause, C_FOREIGN_ROUTE_CHANGE);
			assert_non_null(strstr(x->advice, cases[i].advice));
			assert_true(evidence_has(x, cases[i].comm));
		}
		feed_close(&f, 2 * T);
	}
}

/* ---- the tunnel's address ---- */

static void test_no_address(void **state)
{
	static const struct {
		bool addressed, from_node, expected;
	} cases[] = {
		{ false, true, true },
		{ true, true, false },
		{ false, false, false }, /* what a pod sends has the pod's own */
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			if (!cases[i].addressed)
				feed_addr(&f, T, IF_TUNNEL, p->tunnel, 32, true);
			x = unanswered(&f, cases[i].from_node ? p->node : p->pod, p->peer_pod,
				       p->peer);
			assert_verdict(x, V_UNANSWERED);
			assert_int_equal(x->cause == C_TUNNEL_ADDRESS, cases[i].expected);
			if (cases[i].expected)
				assert_true(evidence_has(x, p->node));
			feed_close(&f, 2 * T);
		}
	}
}

/* The tunnel has an address of the other node's block, where replies go; or of its own. */
static void test_others_address(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int own = 0; own < 2; own++) {
			const struct finding *x;
			const char *a = own ? p->tunnel : p->peer_pod;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			feed_addr(&f, T, IF_TUNNEL, a, 32, false);
			feed_route(&f, T, ROUTE_REPLACE, p->peer_block, p->peer, IF_TUNNEL,
				   RT_UNICAST, RP_BIRD, "bird");
			feed_route(&f, T, ROUTE_REPLACE, p->other_block, p->peer, IF_TUNNEL,
				   RT_UNICAST, RP_BIRD, "bird");
			x = unanswered(&f, a, p->other_pod, p->peer);
			assert_int_equal(x->cause == C_TUNNEL_ADDRESS, !own);
			if (!own)
				assert_true(evidence_has(x, p->peer_block));
			feed_close(&f, 2 * T);
		}
	}
}

/* Two nodes with the same one: the other's packets look as if they were this node's own. */
static void test_same_address(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int same = 0; same < 2; same++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			x = dropped(&f, IF_TUNNEL, "IP_LOCAL_SOURCE", "ip_rcv_finish_core",
				    pkt_echo(same ? p->tunnel : p->node, p->pod, 1, 1));
			assert_verdict(x, V_MARTIAN);
			assert_int_equal(x->cause == C_TUNNEL_ADDRESS, same);
			feed_close(&f, 2 * T);
		}
	}
}

/* The sender's tunnel has none: this node sees a node's address where only pods' should be. */
static void test_no_address_there(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int node = 0; node < 2; node++) {
			const char *const list[] = { p->node, node ? p->peer : p->gw, NULL };
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, NODE_NO_BGP);
			tell_nodes(&f, list);
			x = dropped(&f, IF_TUNNEL, "IP_RPFILTER", "ip_rcv_finish_core",
				    pkt_echo(p->peer, p->pod, 1, 1));
			assert_non_null(chain_has(x, C_ASYMMETRIC_ROUTE));
			assert_int_equal(chain_has(x, C_TUNNEL_ADDRESS) != NULL, node);
			feed_close(&f, 2 * T);
		}
	}
}

/* ---- below the tunnel ---- */

static void test_underlay(void **state)
{
	static const struct {
		uint8_t type; /* of the route to the other node; 0: none but its subnet's */
		const char *text;
	} cases[] = {
		{ 0, NULL },
		{ RT_UNREACHABLE, "unreachable:" },
		{ RT_BLACKHOLE, "a blackhole:" },
		{ RT_UNICAST, "the tunnel's own" },
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
			if (cases[i].type)
				feed_route(&f, T, ROUTE_ADD, p->peer, NULL,
					   cases[i].type == RT_UNICAST ? IF_TUNNEL : 0,
					   cases[i].type, RP_STATIC, NULL);
			x = dropped(&f, IF_TUNNEL, "IP_OUTNOROUTES", "ip_tunnel_xmit",
				    with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0));
			assert_verdict(x, V_TUNNEL_ERROR);
			assert_int_equal(x->cause == C_NODE_UNREACHABLE, cases[i].text != NULL);
			if (cases[i].text)
				assert_true(evidence_has(x, cases[i].text));
			feed_close(&f, 2 * T);
		}
	}
}

/*
 * Without a tunnel: a node that does not answer ARP, or one that has left; a router that does not is none
 * of the nodes.
 */
static void test_direct(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int node = 0; node < 3; node++) {
			const char *gw = node == 1 ? p->peer : node ? p->other_pod : p->gw;
			const char *const list[] = { p->node, p->peer, NULL };
			struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_NONE, NODE_NO_BGP | NODE_NO_BLOCK);
			tell_nodes(&f, list);
			feed_route(&f, T, ROUTE_ADD, p->peer_block, gw, IF_ETH0, RT_UNICAST,
				   RP_BIRD, NULL);
			x = dropped(&f, IF_ETH0, "NEIGH_FAILED", "neigh_invalidate",
				    with_dst(q, gw, IF_ETH0, RT_UNICAST, 0));
			assert_verdict(x, V_NEIGH_FAILED);
			assert_int_equal(x->cause == C_NODE_UNREACHABLE, node != 0);
			feed_close(&f, 2 * T);
		}
	}
}

/* CrossSubnet without a tunnel, to a node that is not on the own subnet */
static void test_crosssubnet(void **state)
{
	const struct plan *p = &plans[0];
	const char *const list[] = { p->node, p->peer, "10.99.0.7", NULL };

	(void)state;
	for (int far = 0; far < 2; far++) {
		const char *gw = far ? "10.99.0.7" : p->peer;
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_CROSSSUBNET, NODE_NO_BGP | NODE_NO_BLOCK);
		tell_nodes(&f, list);
		feed_route(&f, T, ROUTE_ADD, p->peer_block, gw, IF_ETH0, RT_UNICAST, RP_BIRD, NULL);
		x = dropped(&f, IF_ETH0, "NEIGH_FAILED", "neigh_invalidate",
			    with_dst(q, gw, IF_ETH0, RT_UNICAST, 0));
		assert_int_equal(x->cause, far ? C_WRONG_DEVICE : C_NODE_UNREACHABLE);
		feed_close(&f, 2 * T);
	}
}

/* Which of a VTEP's two entries is missing; none, and it is something else's fault */
static void test_vtep(void **state)
{
	static const struct {
		bool neigh, fdb, told;
		const char *text;
	} cases[] = {
		{ false, true, true, "no permanent neighbour" },
		{ true, false, true, "no forwarding entry" },
		{ true, true, true, NULL },
		{ true, false, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 1, 1);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_VXLAN, 0);
		feed_begin(&f, T, SOURCE_VTEP);
		if (cases[i].told)
			feed_vtep(&f, T, ip(p->peer), ip(p->peer), cases[i].neigh, cases[i].fdb);
		feed_end(&f, T, SOURCE_VTEP, cases[i].told ? SOURCE_OK : SOURCE_DENIED);
		x = dropped(&f, IF_TUNNEL, "VXLAN_NO_REMOTE", "vxlan_xmit",
			    with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0));
		assert_int_equal(chain_has(x, C_VTEP_MISSING) != NULL, cases[i].text != NULL);
		if (cases[i].text)
			assert_true(evidence_has(x, cases[i].text));
		feed_close(&f, 2 * T);
	}
}

/* WireGuard: no peer for it, one that never answers, and what is no fault of a peer's */
static void test_wireguard(void **state)
{
	static const struct {
		const char *location;
		enum cause cause;
	} cases[] = {
		{ "wg_xmit", C_VTEP_MISSING },
		{ "wg_packet_purge_staged_packets", C_NODE_UNREACHABLE },
		{ "wg_expired_retransmit_handshake", C_NODE_UNREACHABLE },
		{ "wg_packet_consume_data_done", C_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_link(&f, T, 9, "wireguard.cali", "wireguard", true, NULL);
		x = dropped(&f, 9, "", cases[i].location,
			    with_dst(pkt_echo(p->pod, p->peer_pod, 1, 1), NULL, 9, RT_UNICAST, 0));
		assert_verdict(x, V_TUNNEL_ERROR);
		assert_int_equal(x->cause, cases[i].cause);
		feed_close(&f, 2 * T);
	}
}

/* ---- routes that Felix programs ---- */

/* No session stands, and a route of Felix' is missing: BGP is not why. Of BIRD's, it is. */
static void test_felix_bgp(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int felix = 0; felix < 2; felix++) {
			const struct finding *x;
			char dst[ADDR_STRLEN];
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			m.protocol = felix ? RP_FELIX : RP_BIRD;
			m.felix_owns = felix;
			for (uint32_t j = 0; j < m.cnt; j++) {
				mesh_down(&m, j, TCP_SILENT, "Connect", "");
				m.peer[j].route = felix && j != 2;
			}
			feed_mesh(&f, T, &m);
			x = leak(&f, T, pod_in(&m.peer[2].block, dst));
			assert_non_null(chain_has(x, C_ROUTE_MISSING));
			assert_int_equal(chain_has(x, C_BGP_DOWN) == NULL, felix);
			assert_null(chain_has(x, C_BGP_PEER_DOWN));
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

static void knock(struct feed *f, struct addr from)
{
	struct obs o = { .kind = OBS_BGP };

	o.bgp = (struct obs_bgp){ .state = BGP_CLOSED,
				  .snapshot = true,
				  .local = ip(f->plan->node),
				  .peer = from,
				  .local_port = 179,
				  .peer_port = 40000 };
	feed_obs(f, T, &o);
}

/* The other node is registered wrongly: its route stands, and leads to nobody. */
static void test_felix_stray(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int astray = 0; astray < 2; astray++) {
			char dst[ADDR_STRLEN];
			const struct finding *x;
			struct addr real;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			m.protocol = RP_FELIX;
			m.felix_owns = true;
			real = m.peer[0].addr;
			mesh_down(&m, 0, TCP_SILENT, "Connect", "");
			m.peer[0].addr = ip(WRONG);
			m.peer[0].arp = 0;
			m.peer[0].route = true;
			feed_mesh(&f, T, &m);
			knock(&f, real);
			x = unanswered(&f, p->pod, pod_in(&m.peer[astray ? 0 : 2].block, dst),
				       astray ?
					       WRONG :
					       addr_str(&m.peer[2].addr, (char[ADDR_STRLEN]){ 0 }));
			assert_verdict(x, V_UNANSWERED);
			assert_int_equal(x->cause == C_NODE_ADDRESS_MISMATCH, astray);
			assert_null(chain_has(x, C_BGP_PEER_DOWN));
			assert_null(chain_has(x, C_RETURN_ROUTE_MISSING));
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

/* BIRD leaves the routes to Felix, who does not make them: nobody does. */
static void test_no_owner(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int i = 0; i < 4; i++) {
			char dst[ADDR_STRLEN], gw[ADDR_STRLEN];
			const struct finding *x;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			m.felix_owns = i != 1;
			for (uint32_t j = 0; j < m.cnt; j++)
				m.peer[j].route = i == 3;
			/* Felix makes the others'; BIRD's went after it was asked */
			m.peer[1].route = i >= 2;
			m.protocol = i == 3 ? RP_BIRD : RP_FELIX;
			feed_mesh(&f, T, &m);
			for (uint32_t j = 0; i == 3 && j < m.cnt; j++)
				feed_route(&f, T + MS, ROUTE_DEL,
					   prefix_str(&m.peer[j].block, (char[PREFIX_STRLEN]){ 0 }),
					   addr_str(&m.peer[j].addr, gw), IF_TUNNEL, RT_UNICAST,
					   RP_BIRD, "bird");
			x = leak(&f, T + 2 * MS, pod_in(&m.peer[2].block, dst));
			assert_int_equal(chain_has(x, C_ROUTE_OWNER_CONFLICT) != NULL, i == 0);
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

/* ---- a network of services ---- */

static void test_service(void **state)
{
	(void)state;
	for (int bird = 0; bird < 2; bird++) {
		const struct plan *p = &plans[bird];
		struct obs_pkt q = pkt_echo(p->pod, "10.96.0.10", 1, 1);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_route(&f, T, ROUTE_ADD, "10.96.0.0/12", NULL, 0, RT_BLACKHOLE,
			   bird ? RP_BIRD : RP_STATIC, NULL);
		x = dropped(&f, IF_CALI1, "", "ip_error", with_dst(q, NULL, 0, RT_BLACKHOLE, 22));
		assert_verdict(x, V_BLACKHOLE);
		assert_int_equal(chain_has(x, C_NOT_TRANSLATED) != NULL, bird);
		feed_close(&f, 2 * T);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_others_address),
		cmocka_unit_test(test_same_address),
		cmocka_unit_test(test_no_address_there),
		cmocka_unit_test(test_underlay),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_crosssubnet),
		cmocka_unit_test(test_vtep),
		cmocka_unit_test(test_wireguard),
		cmocka_unit_test(test_felix_bgp),
		cmocka_unit_test(test_felix_stray),
		cmocka_unit_test(test_no_owner),
		cmocka_unit_test(test_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
