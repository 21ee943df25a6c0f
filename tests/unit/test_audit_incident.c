// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit of the founding incident, on the node itself and on another one: right, or less certain
 * where sources are missing, but never wrong, and never with an address that nobody told.
 */
#include "feed.h"

#define US (5 * US_PER_S)
#define NONE ((struct addr){ 0 })

/* ---- the incident, on the node itself ---- */

#define WRONG "192.188.1.1"

/* The nine peers close what this node opens; it is registered with an address that it once had */
static struct mesh incident(struct feed *f, const struct plan *p, unsigned int without)
{
	struct mesh m;

	feed_open(f, p, NULL);
	m = mesh_of(f, POOL_IPIP, 9);
	m.self = ip(WRONG);
	m.without = without;
	for (uint32_t i = 0; i < m.cnt; i++)
		mesh_down(&m, i, TCP_CLOSES, i ? "Active" : "Idle", "Socket: Connection closed");
	return m;
}

static void assert_incident(const struct audit_said *a)
{
	static const enum check_state bad = CHECK_PROBLEM;

	assert_check(a, "node-address", bad, C_NODE_ADDRESS_MISMATCH);
	assert_check(a, "bgp", bad, C_BGP_DOWN);
	assert_check(a, "routes", bad, C_ROUTE_MISSING);
}

/* Each source alone proves it, or all but one; none makes it another story. */
static void test_incident_sources(void **state)
{
	static const unsigned int all = MESH_NO_BIRD | MESH_NO_CONF | MESH_NO_LIST | MESH_NO_ANSWER;
	static const unsigned int without[] = {
		0,
		MESH_NO_BIRD,
		MESH_NO_CONF,
		MESH_NO_LIST,
		MESH_NO_ANSWER,
		MESH_NO_PROC,
		all & ~MESH_NO_CONF,
		MESH_NO_BIRD | MESH_NO_CONF | MESH_NO_LIST,
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
			struct audit_said a;
			struct feed f;
			struct mesh m = incident(&f, p, without[i]);

			feed_mesh(&f, US, &m);
			a = feed_audit(&f);
			assert_check(&a, "node-address", CHECK_PROBLEM, C_NODE_ADDRESS_MISMATCH);
			assert_check(&a, "bgp", CHECK_PROBLEM, C_BGP_DOWN);
			if (!(without[i] & MESH_NO_CONF))
				assert_incident(&a);
			/* the wrong address is told by those alone that know it */
			assert_int_equal(check_says(check_of(&a, "node-address"), WRONG),
					 !(without[i] & MESH_NO_CONF));
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* The NIC is there: Felix lists this node by its address, and BIRD speaks from it. */
static void test_incident_nic(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int list = 0; list < 2; list++) {
			struct audit_said a;
			struct feed f;
			struct mesh m = incident(&f, p, list ? MESH_NO_CONF : MESH_NO_LIST);

			feed_mesh(&f, US, &m);
			feed_link(&f, US, 9, "eth1", "", true, NULL);
			feed_addr(&f, US, 9, WRONG, 24, false);
			a = feed_audit(&f);
			assert_check(&a, "node-address", CHECK_PROBLEM, C_NODE_ADDRESS_MISMATCH);
			assert_true(check_says(check_of(&a, "node-address"), WRONG " on eth1") ||
				    check_says(check_of(&a, "node-address"), WRONG " (on eth1)"));
			assert_true(check_says(check_of(&a, "node-address"), p->node));
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* inet_diag is missing: BIRD tells that all is down. Both missing: nobody does. */
static void test_incident_no_diag(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m = incident(&f, &plans[0], MESH_NO_DIAG);

	(void)state;
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_incident(&a);
	mesh_free(&m);
	feed_close(&f, US);

	m = incident(&f, &plans[0], MESH_NO_DIAG | MESH_NO_BIRD);
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_UNKNOWN, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* The router's id may be any number, and says nothing of the address that BIRD speaks from. */
static void test_router_id(void **state)
{
	struct obs o = { .kind = OBS_CONF };
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 3);
	feed_mesh(&f, US, &m);
	feed_begin(&f, US, SOURCE_CONF);
	o.conf.router_id = ip("87.3.22.1");
	feed_obs(&f, US, &o);
	for (uint32_t i = 0; i < m.cnt; i++)
		feed_conf_peer(&f, US, PEER_MESH, m.peer[i].addr, NONE, "");
	feed_end(&f, US, SOURCE_CONF, SOURCE_OK);
	a = feed_audit(&f);
	assert_all_ok_but(&a, NULL);
	mesh_free(&m);
	feed_close(&f, US);
}

/* Routers see another source than nodes do, and two networks have no single one. */
static void test_sources_differ(void **state)
{
	const struct plan *p = &plans[0];
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	m.kind = PEER_GLOBAL;
	for (uint32_t i = 0; i < m.cnt; i++)
		m.peer[i].unlisted = true;
	feed_mesh(&f, US, &m);
	feed_addr(&f, US, IF_ETH0, "169.254.7.1", 31, false);
	feed_begin(&f, US, SOURCE_ANSWER);
	for (uint32_t i = 0; i < m.cnt; i++)
		feed_answer(&f, US, m.peer[i].addr, NONE, ip("169.254.7.1"), IF_ETH0, 0);
	feed_end(&f, US, SOURCE_ANSWER, SOURCE_OK);
	feed_begin(&f, US, SOURCE_IPSET);
	feed_listed(&f, US, true, NODES_IPIP, NONE);
	feed_listed(&f, US, false, NODES_IPIP, ip(p->node));
	feed_listed(&f, US, false, NODES_IPIP, ip("10.2.9.9"));
	feed_end(&f, US, SOURCE_IPSET, SOURCE_OK);
	a = feed_audit(&f);
	assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);

	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	feed_mesh(&f, US, &m);
	feed_begin(&f, US, SOURCE_ANSWER);
	for (uint32_t i = 0; i < m.cnt; i++)
		feed_answer(&f, US, m.peer[i].addr, NONE, ip(i % 2 ? p->node : "10.9.9.9"), IF_ETH0,
			    0);
	feed_end(&f, US, SOURCE_ANSWER, SOURCE_OK);
	a = feed_audit(&f);
	assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* ---- the incident, as another node sees it ---- */

static void knock(struct feed *f, uint32_t us, struct addr from, uint16_t port)
{
	struct obs o = { .kind = OBS_BGP };

	o.bgp = (struct obs_bgp){ .state = BGP_CLOSED,
				  .snapshot = true,
				  .local = ip(f->plan->node),
				  .peer = from,
				  .local_port = 179,
				  .peer_port = port };
	feed_obs(f, us, &o);
}

/* Some peers never answer; as many strangers connect as there are addresses in from */
static struct audit_said strays(const struct plan *p, uint32_t dead, uint32_t from, bool named,
				uint32_t us)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 8);
	for (uint32_t i = 0; i < dead; i++) {
		mesh_down(&m, i, TCP_SILENT, "Connect", "");
		m.peer[i].arp = 0;
		m.peer[i].addr = ip(i ? (i > 1 ? "192.188.1.3" : "192.188.1.2") : WRONG);
		if (!named)
			m.peer[i].node[0] = '\0';
	}
	feed_mesh(&f, US, &m);
	for (uint32_t i = 0; i < from; i++) {
		struct addr a2 = m.peer[7].addr;

		a2.b[3] = (uint8_t)(a2.b[3] + 10 + i);
		knock(&f, US, a2, 40000);
	}
	feed_around(&f, us, &m);
	a = feed_audit(&f);
	mesh_free(&m);
	feed_close(&f, us);
	return a;
}

static void test_stray(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct audit_said a = strays(p, 1, 1, true, US);
		const struct check *c = check_of(&a, "node-address");

		assert_check(&a, "node-address", CHECK_PROBLEM, C_NODE_ADDRESS_MISMATCH);
		assert_check(&a, "bgp", CHECK_PROBLEM, C_NODE_ADDRESS_MISMATCH);
		assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
		assert_check(&a, "allowlist", CHECK_WARN, C_PEER_NOT_IN_ALLOWLIST);
		assert_true(check_says(c, WRONG " (n0)"));
		assert_true(strstr(c->advice, "n0"));

		a = strays(p, 1, 1, false, US);
		c = check_of(&a, "node-address");
		assert_true(check_says(c, WRONG " never"));
		assert_null(strstr(c->advice, "n0"));

		/* more strangers than nodes are missing: some of them are no nodes */
		a = strays(p, 1, 2, true, US);
		c = check_of(&a, "node-address");
		assert_check(&a, "node-address", CHECK_WARN, C_NODE_ADDRESS_MISMATCH);
		assert_false(check_says(c, WRONG));
		assert_null(strstr(c->advice, "n0"));

		/* several are missing: which of them it is nobody knows */
		a = strays(p, 3, 1, true, US);
		c = check_of(&a, "node-address");
		assert_check(&a, "node-address", CHECK_PROBLEM, C_NODE_ADDRESS_MISMATCH);
		assert_false(check_says(c, WRONG));
		assert_false(check_says(c, "(n0)"));

		/* nobody connects, or did so long ago: a dead node, and no more */
		a = strays(p, 1, 0, true, US);
		assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
		assert_check(&a, "bgp", CHECK_WARN, C_BGP_PEER_DOWN);
		a = strays(p, 1, 1, true, US + 300 * US_PER_S);
		assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
		/* all is well with the nodes: a scanner */
		a = strays(p, 0, 2, true, US);
		assert_all_ok_but(&a, NULL);
	}
}

/* Who is routed through this node, comes from elsewhere, or is a pod is no node that went astray. */
static void test_no_stray(void **state)
{
	const struct plan *p = &plans[0];
	struct obs o = { .kind = OBS_BGP };
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 8);
	mesh_down(&m, 2, TCP_SILENT, "Connect", "");
	m.peer[2].arp = -1;
	feed_mesh(&f, US, &m);
	knock(&f, US, ip("198.51.100.7"), 40000);
	knock(&f, US, ip(p->pod), 40000);
	o.bgp = (struct obs_bgp){ .state = BGP_CLOSED,
				  .snapshot = true,
				  .local = ip("198.51.100.9"),
				  .peer = ip("10.2.7.77"),
				  .local_port = 179,
				  .peer_port = 40001 };
	feed_obs(&f, US, &o);
	a = feed_audit(&f);
	assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
	assert_check(&a, "bgp", CHECK_WARN, C_BGP_PEER_DOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_incident_sources), cmocka_unit_test(test_incident_nic),
		cmocka_unit_test(test_incident_no_diag), cmocka_unit_test(test_router_id),
		cmocka_unit_test(test_sources_differ),	 cmocka_unit_test(test_stray),
		cmocka_unit_test(test_no_stray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
