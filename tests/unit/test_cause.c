// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deeper causes of findings: what of the node's place in the cluster and of the packet's path
 * is to blame. Right with all sources; without one of them right or less certain, never wrong.
 */
#include "feed.h"

#define WRONG "192.188.1.1"
#define T (5 * US_PER_S)
#define NONE ((struct addr){ 0 })

static const char *pod_in(const struct prefix *block, char *buf)
{
	struct addr a = block->addr;

	a.b[3]++;
	return addr_str(&a, buf);
}

/* A leak of one ping each 200 ms for a second, to a pod of that peer */
static const struct finding *leak(struct feed *f, uint32_t from_us, const struct mesh_peer *p)
{
	char dst[ADDR_STRLEN];

	for (uint32_t us = from_us; us < from_us + US_PER_S; us += 200 * MS) {
		feed_leaked(f, us, pkt_echo(f->plan->pod, pod_in(&p->block, dst), 7, (uint16_t)us));
		feed_ticks(f, us + 50 * MS, us + 150 * MS);
	}
	return finding_at(f, 1);
}

static void del_route(struct feed *f, uint32_t us, const struct mesh *m, uint32_t i,
		      const char *comm)
{
	char dst[PREFIX_STRLEN], gw[ADDR_STRLEN];
	struct addr a = m->vteps ? mesh_vtep(&m->peer[i]) : m->peer[i].addr;

	feed_route(f, us, ROUTE_DEL, prefix_str(&m->peer[i].block, dst), addr_str(&a, gw),
		   IF_TUNNEL, RT_UNICAST, m->protocol, comm);
}

static void assert_chain(const struct finding *x, enum cause deepest, enum confidence conf)
{
	assert_string_equal(cause_name(x->cause), cause_name(deepest));
	assert_non_null(chain_has(x, deepest));
	assert_string_equal(confidence_name(chain_has(x, deepest)->confidence),
			    confidence_name(conf));
}

/* No finding names an address or a node that no source told. */
static void assert_names_not(const struct finding *x, const char *name)
{
	assert_false(evidence_has(x, name));
	assert_null(strstr(x->explain, name));
	assert_null(strstr(x->advice, name));
}

/* ---- this node's own address ---- */

static void test_incident(void **state)
{
	static const struct {
		unsigned int without;
		enum confidence conf;
		bool named;
	} cases[] = {
		{ 0, CONF_CERTAIN, true },
		{ MESH_NO_BIRD, CONF_CERTAIN, true },
		{ MESH_NO_LIST, CONF_CERTAIN, true },
		{ MESH_NO_ANSWER, CONF_CERTAIN, true },
		{ MESH_NO_CONF, CONF_LIKELY, false },
		{ MESH_NO_CONF | MESH_NO_LIST, CONF_LIKELY, false },
		{ MESH_NO_CONF | MESH_NO_LIST | MESH_NO_BIRD | MESH_NO_ANSWER, CONF_LIKELY, false },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct finding *x;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 9);
			m.self = ip(WRONG);
			m.without = cases[i].without;
			for (uint32_t j = 0; j < m.cnt; j++)
				mesh_down(&m, j, TCP_CLOSES, j ? "Active" : "Idle",
					  "Socket: Connection closed");
			feed_mesh(&f, T, &m);
			x = leak(&f, T, &m.peer[3]);
			assert_non_null(chain_has(x, C_ROUTE_MISSING));
			assert_non_null(chain_has(x, C_BGP_DOWN));
			assert_chain(x, C_NODE_ADDRESS_MISMATCH, cases[i].conf);
			assert_int_equal(evidence_has(x, WRONG), cases[i].named);
			assert_null(chain_has(x, C_BGP_BLOCKED));
			assert_null(chain_has(x, C_BIRD_DOWN));
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

/* Felix lists this node by an address that it has on another NIC: sessions may even stand. */
static void test_unlisted(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	m.self = ip(WRONG);
	m.without = MESH_NO_CONF;
	feed_mesh(&f, T, &m);
	feed_link(&f, T, 9, "eth1", "", true, NULL);
	feed_addr(&f, T, 9, WRONG, 24, false);
	feed_sent(&f, T + MS, pkt_echo(p->pod, p->peer_pod, 1, 1));
	feed_ticks(&f, T + 50 * MS, T + 3 * US_PER_S);
	x = finding_at(&f, 1);
	assert_int_equal(x->verdict, V_UNANSWERED);
	assert_non_null(chain_has(x, C_NODE_ADDRESS_MISMATCH));
	assert_true(evidence_has(x, WRONG " (on eth1)"));
	mesh_free(&m);
	feed_close(&f, 2 * T);
}

static void test_blocked_all(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int arp = -1; arp < 2; arp += 2) {
			const struct finding *x;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			for (uint32_t j = 0; j < m.cnt; j++) {
				mesh_down(&m, j, TCP_SILENT, "Connect", "");
				m.peer[j].arp = arp;
			}
			feed_mesh(&f, T, &m);
			x = leak(&f, T, &m.peer[1]);
			/* none of them answers at all: then it is not port 179 */
			assert_chain(x, arp > 0 ? C_BGP_BLOCKED : C_BGP_DOWN,
				     arp > 0 ? CONF_LIKELY : CONF_CERTAIN);
			assert_null(chain_has(x, C_NODE_ADDRESS_MISMATCH));
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

static void test_bird_down(void **state)
{
	(void)state;
	for (int proc = 0; proc < 2; proc++) {
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[1], NULL);
		m = mesh_of(&f, POOL_IPIP, 3);
		m.no_listen = true;
		m.without = MESH_NO_BIRD | (proc ? 0 : MESH_NO_PROC);
		for (uint32_t j = 0; j < m.cnt; j++)
			mesh_down(&m, j, TCP_NONE, "", "");
		feed_mesh(&f, T, &m);
		x = leak(&f, T, &m.peer[1]);
		assert_chain(x, C_BIRD_DOWN, proc ? CONF_CERTAIN : CONF_LIKELY);
		assert_int_equal(evidence_has(x, "no process bird"), proc);
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

/* What Felix programs does not wait for BIRD. */
static void test_recovers(void **state)
{
	(void)state;
	for (int felix = 0; felix < 2; felix++) {
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[0], NULL);
		m = mesh_of(&f, POOL_IPIP, 3);
		m.recovering = true;
		m.felix_owns = felix;
		m.protocol = felix ? RP_FELIX : RP_BIRD;
		m.peer[1].route = false;
		feed_mesh(&f, T, &m);
		x = leak(&f, T, &m.peer[1]);
		assert_int_equal(chain_has(x, C_GRACEFUL_RESTART) != NULL, !felix);
		assert_null(chain_has(x, C_ROUTE_NOT_ANNOUNCED));
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

/* ---- another node's address ---- */

static void knock(struct feed *f, uint32_t us, struct addr from)
{
	struct obs o = { .kind = OBS_BGP };

	o.bgp = (struct obs_bgp){ .state = BGP_CLOSED,
				  .snapshot = true,
				  .local = ip(f->plan->node),
				  .peer = from,
				  .local_port = 179,
				  .peer_port = 40000 };
	feed_obs(f, us, &o);
}

static void stray(const struct plan *p, uint32_t dead, bool named)
{
	const struct finding *x;
	struct addr real;
	struct feed f;
	struct mesh m;

	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 6);
	real = m.peer[0].addr;
	for (uint32_t j = 0; j < dead; j++) {
		mesh_down(&m, j, TCP_SILENT, "Connect", "");
		m.peer[j].arp = 0;
	}
	m.peer[0].addr = ip(WRONG);
	if (!named)
		m.peer[0].node[0] = '\0';
	feed_mesh(&f, T, &m);
	knock(&f, T, real);
	x = leak(&f, T, &m.peer[0]);
	assert_non_null(chain_has(x, C_BGP_PEER_DOWN));
	assert_non_null(chain_has(x, C_NODE_ADDRESS_MISMATCH));
	/* what only that node could prove is never certain; one of several is a guess */
	assert_int_equal(chain_has(x, C_NODE_ADDRESS_MISMATCH)->confidence,
			 dead == 1 ? CONF_LIKELY : CONF_UNCLEAR);
	assert_true(evidence_has(x, " connects and is refused"));
	if (!named || dead > 1)
		assert_names_not(x, "(n0)");
	else
		assert_true(evidence_has(x, WRONG " (n0)"));
	mesh_free(&m);
	feed_close(&f, 2 * T);
}

static void test_stray(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		stray(p, 1, true);
		stray(p, 1, false);
		stray(p, 3, true);
	}
}

/*
 * Felix' route to the wrong address stays, and the node never connects: its tunnel packets, which are
 * dropped, tell where it is. Not where they come from the address that the route has.
 */
static void stray_sends(const struct plan *p, bool astray)
{
	const struct finding *x;
	struct obs_pkt q;
	struct feed f;
	struct mesh m;

	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 6);
	m.felix_owns = true;
	m.protocol = RP_FELIX;
	mesh_down(&m, 0, TCP_SILENT, "Connect", "");
	m.peer[0].route = true;
	m.peer[0].arp = 0;
	if (astray)
		m.peer[0].addr = ip(WRONG);
	feed_mesh(&f, T, &m);
	feed_begin(&f, T, SOURCE_IPSET);
	feed_listed(&f, T, true, NODES_IPIP | NODES_VXLAN, NONE);
	feed_listed(&f, T, false, NODES_IPIP, ip(p->node));
	feed_listed(&f, T, false, NODES_IPIP, m.peer[1].addr);
	feed_end(&f, T, SOURCE_IPSET, SOURCE_OK);
	q = with_encap(pkt_echo(p->peer_pod, p->pod, 1, 1), ENCAP_IPIP, p->peer, p->node);
	q = with_dst(q, NULL, IF_LO, RT_LOCAL, 0);
	feed_drop(&f, T + MS, IF_ETH0, "NETFILTER_DROP", "nf_hook_slow", q);
	feed_ticks(&f, T + 50 * MS, T + 300 * MS);
	x = finding_at(&f, 1);
	assert_verdict(x, V_ALLOWLIST);
	assert_non_null(chain_has(x, C_PEER_NOT_IN_ALLOWLIST));
	assert_int_equal(chain_has(x, C_NODE_ADDRESS_MISMATCH) != NULL, astray);
	if (astray)
		assert_true(evidence_has(x, "is routed to " WRONG));
	mesh_free(&m);
	feed_close(&f, 2 * T);
}

static void test_stray_sends(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		stray_sends(p, true);
		stray_sends(p, false);
	}
}

/* A stray node there is, but the route that is missing was another one's, and somebody took it. */
static void test_not_the_strays(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct addr real;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 6);
	real = m.peer[0].addr;
	mesh_down(&m, 0, TCP_SILENT, "Connect", "");
	m.peer[0].addr = ip(WRONG);
	feed_mesh(&f, T, &m);
	knock(&f, T, real);
	del_route(&f, T + MS, &m, 2, "netplan");
	x = leak(&f, T + 2 * MS, &m.peer[2]);
	assert_chain(x, C_FOREIGN_ROUTE_CHANGE, CONF_CERTAIN);
	assert_null(chain_has(x, C_NODE_ADDRESS_MISMATCH));
	assert_true(evidence_has(x, "netplan[812]"));
	mesh_free(&m);
	feed_close(&f, 2 * T);
}

/* ---- one peer ---- */

static void test_one_peer(void **state)
{
	static const struct {
		enum tcp_is tcp;
		const char *bgp;
		int arp;
		enum cause cause;
		enum confidence conf;
	} cases[] = {
		{ TCP_SILENT, "Connect", 1, C_BGP_BLOCKED, CONF_LIKELY },
		{ TCP_SILENT, "Connect", -1, C_NODE_UNREACHABLE, CONF_CERTAIN },
		{ TCP_SILENT, "Connect", 0, C_BGP_PEER_DOWN, CONF_CERTAIN },
		{ TCP_REFUSES, "Active", 1, C_BGP_PEER_DOWN, CONF_CERTAIN },
		{ TCP_CLOSES, "Active", 1, C_BGP_PEER_DOWN, CONF_CERTAIN },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct finding *x;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			mesh_down(&m, 2, cases[i].tcp, cases[i].bgp, "");
			m.peer[2].route = true;
			m.peer[2].arp = cases[i].arp;
			feed_mesh(&f, T, &m);
			del_route(&f, T + MS, &m, 2, "bird");
			x = leak(&f, T + 2 * MS, &m.peer[2]);
			assert_chain(x, cases[i].cause, cases[i].conf);
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

/* The session stands, and BIRD has no route. Seen to go: it is known whose; else by elimination. */
static void test_not_announced(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int late = 0; late < 2; late++) {
			const struct finding *x;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			m.peer[2].imported = false;
			m.peer[2].route = !late;
			feed_mesh(&f, T, &m);
			if (!late) {
				del_route(&f, T + MS, &m, 2, "bird");
				m.peer[2].route = false;
				feed_around(&f, T + 2 * MS, &m);
			}
			x = leak(&f, T + 3 * MS, &m.peer[2]);
			assert_chain(x, C_ROUTE_NOT_ANNOUNCED, late ? CONF_LIKELY : CONF_CERTAIN);
			assert_int_equal(evidence_has(x, "nobody told"), late);
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

/* BIRD was asked again, and does not answer: what it said before stands. If it is gone, that is news. */
static void test_bird_falls_silent(void **state)
{
	static const enum source_state fails[] = { SOURCE_TIMEOUT, SOURCE_GIVEN_UP, SOURCE_ABSENT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fails); i++) {
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[0], NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.peer[2].imported = m.peer[2].route = false;
		feed_mesh(&f, T, &m);
		x = leak(&f, T + 3 * MS, &m.peer[2]);
		assert_chain(x, C_ROUTE_NOT_ANNOUNCED, CONF_LIKELY);
		feed_begin(&f, T + US_PER_S + 5 * MS, SOURCE_BIRD);
		feed_end(&f, T + US_PER_S + 6 * MS, SOURCE_BIRD, fails[i]);
		x = leak(&f, T + US_PER_S + 10 * MS, &m.peer[2]);
		assert_int_equal(chain_has(x, C_ROUTE_NOT_ANNOUNCED) != NULL,
				 fails[i] != SOURCE_ABSENT);
		assert_int_equal(evidence_has(x, "nobody told"), fails[i] != SOURCE_ABSENT);
		assert_int_equal(x->packets, 10);
		mesh_free(&m);
		feed_close(&f, 4 * T);
	}
}

/* Reflectors bring everybody's blocks: what none of them brings is not announced. */
static void test_not_reflected(void **state)
{
	(void)state;
	for (int up = 0; up < 2; up++) {
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[0], NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.kind = PEER_GLOBAL;
		for (uint32_t i = 0; i < m.cnt; i++)
			snprintf(m.peer[i].name, sizeof(m.peer[i].name), "Global_%u", i);
		m.peer[2].imported = m.peer[2].route = false;
		if (!up)
			mesh_down(&m, 1, TCP_SILENT, "Connect", "");
		feed_mesh(&f, T, &m);
		x = leak(&f, T + 3 * MS, &m.peer[2]);
		if (up)
			assert_chain(x, C_ROUTE_NOT_ANNOUNCED, CONF_LIKELY);
		else
			assert_null(chain_has(x, C_ROUTE_NOT_ANNOUNCED));
		assert_int_equal(evidence_has(x, "though all its sessions are established"), up);
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

/* Two nodes without a route, BIRD that was asked too early, or Felix' routes: nothing is claimed. */
static void test_not_announced_unknown(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[0], NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.peer[2].imported = false;
		m.peer[2].route = i == 1;
		if (!i)
			m.peer[3].route = m.peer[3].imported = false;
		m.felix_owns = i == 2;
		if (i == 2)
			m.protocol = RP_FELIX;
		feed_mesh(&f, T, &m);
		if (i == 1)
			del_route(&f, T + MS, &m, 2, "bird");
		x = leak(&f, T + 2 * MS, &m.peer[2]);
		assert_null(chain_has(x, C_ROUTE_NOT_ANNOUNCED));
		assert_non_null(chain_has(x, C_ROUTE_MISSING));
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

/* Two pools of two owners are no conflict; two owners of one are. */
static void test_owner_conflict(void **state)
{
	const struct plan *p = &plans[0];

	(void)state;
	for (int one = 0; one < 2; one++) {
		struct obs o = { .kind = OBS_POOLS };
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.peer[2].route = false;
		feed_mesh(&f, T, &m);
		o.pools.cnt = 2;
		o.pools.pool[0] = (struct pool){ .cidr = pfx(p->pool), .mode = POOL_IPIP };
		o.pools.pool[1] = (struct pool){ .cidr = pfx("10.77.0.0/16"), .mode = POOL_NONE };
		feed_obs(&f, T, &o);
		feed_route(&f, T, ROUTE_ADD, one ? p->other_block : "10.77.1.0/26", p->peer,
			   IF_TUNNEL, RT_UNICAST, RP_FELIX, NULL);
		x = leak(&f, T + MS, &m.peer[2]);
		assert_int_equal(chain_has(x, C_ROUTE_OWNER_CONFLICT) != NULL, one);
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

/* ---- the packet's path ---- */

static void allowlist(const struct plan *p, enum pool_mode mode, uint8_t listed, bool expected)
{
	enum encap_kind kind = mode == POOL_VXLAN ? ENCAP_VXLAN : ENCAP_IPIP;
	const struct finding *x;
	const char *said;
	struct obs_pkt q;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, mode, 0);
	feed_begin(&f, T, SOURCE_IPSET);
	feed_listed(&f, T, true, NODES_IPIP | NODES_VXLAN, NONE);
	feed_listed(&f, T, false, NODES_IPIP, ip(p->node));
	feed_listed(&f, T, false, listed, ip(p->peer));
	feed_end(&f, T, SOURCE_IPSET, SOURCE_OK);
	q = with_encap(pkt_echo(p->peer_pod, p->pod, 1, 1), kind, p->peer, p->node);
	q = with_dst(q, NULL, IF_LO, RT_LOCAL, 0);
	feed_drop(&f, T + MS, IF_ETH0, "NETFILTER_DROP", "nf_hook_slow", q);
	feed_ticks(&f, T + 50 * MS, T + 300 * MS);
	x = finding_at(&f, 1);
	assert_verdict(x, V_ALLOWLIST);
	assert_int_equal(chain_has(x, C_PEER_NOT_IN_ALLOWLIST) != NULL, expected);
	assert_int_equal(x->peer_cnt, 1);
	assert_addr(x->peer[0], p->peer);
	/* said once, and only where it is known */
	said = strstr(x->explain, "list of nodes");
	assert_int_equal(said != NULL, expected);
	assert_null(said ? strstr(said + 1, "list of nodes") : NULL);
	feed_close(&f, 2 * T);
}

/* Each kind of tunnel has a list of its own. */
static void test_allowlist(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		allowlist(p, POOL_IPIP, 0, true);
		allowlist(p, POOL_IPIP, NODES_IPIP, false);
		allowlist(p, POOL_VXLAN, NODES_IPIP, true);
		allowlist(p, POOL_VXLAN, NODES_VXLAN, false);
	}
}

/* Down, or gone; but a route that somebody deleted did not go with its device. */
static void test_tunnel(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int how = 0; how < 3; how++) {
			const struct finding *x;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 3);
			feed_mesh(&f, T, &m);
			if (how == 2)
				del_route(&f, T, &m, 1, "ip");
			if (how == 1)
				feed_link_del(&f, T + MS, IF_TUNNEL);
			else
				feed_link(&f, T + MS, IF_TUNNEL, "tunl0", "ipip", false, "ip");
			if (how == 1)
				feed_link(&f, T + MS, 55, "nobody", "ipip", true, NULL);
			x = leak(&f, T + 2 * MS, &m.peer[1]);
			assert_chain(x,
				     how == 0 ? C_TUNNEL_DOWN :
				     how == 1 ? C_TUNNEL_MISSING :
						C_FOREIGN_ROUTE_CHANGE,
				     CONF_CERTAIN);
			assert_int_equal(chain_has(x, C_TUNNEL_DOWN) != NULL, how == 0);
			mesh_free(&m);
			feed_close(&f, 2 * T);
		}
	}
}

/* Felix' routes into VXLAN are of protocol boot: who else deletes one is a foreigner. */
static void test_foreign_vxlan(void **state)
{
	(void)state;
	for (int foreign = 0; foreign < 2; foreign++) {
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[2], NULL);
		m = mesh_of(&f, POOL_VXLAN, 3);
		m.vteps = m.felix_owns = true;
		m.protocol = RP_BOOT;
		feed_mesh(&f, T, &m);
		del_route(&f, T + MS, &m, 1, foreign ? "ip" : "calico-node");
		x = leak(&f, T + 2 * MS, &m.peer[1]);
		assert_int_equal(x->cause == C_FOREIGN_ROUTE_CHANGE, foreign);
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_incident),
		cmocka_unit_test(test_unlisted),
		cmocka_unit_test(test_blocked_all),
		cmocka_unit_test(test_bird_down),
		cmocka_unit_test(test_recovers),
		cmocka_unit_test(test_stray),
		cmocka_unit_test(test_stray_sends),
		cmocka_unit_test(test_not_the_strays),
		cmocka_unit_test(test_one_peer),
		cmocka_unit_test(test_not_announced),
		cmocka_unit_test(test_bird_falls_silent),
		cmocka_unit_test(test_not_reflected),
		cmocka_unit_test(test_not_announced_unknown),
		cmocka_unit_test(test_owner_conflict),
		cmocka_unit_test(test_allowlist),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_foreign_vxlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
