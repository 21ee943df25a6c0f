// SPDX-License-Identifier: GPL-2.0-only
/* The audit: what it says of clusters that are fine, and of those that are not. */
#include <stdlib.h>
#include <time.h>

#include "feed.h"

#define US (5 * US_PER_S)
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE ((struct addr){ 0 })

/* ---- clusters that are fine ---- */

static void healthy(const struct plan *p, enum pool_mode mode, enum conf_peer_kind kind,
		    uint32_t peers)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	feed_open(&f, p, NULL);
	m = mesh_of(&f, mode, peers);
	m.kind = kind;
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_int_equal(a.cnt, 13);
	assert_all_ok_but(&a, NULL);
	/* all say something, and none gives advice for nothing */
	for (uint32_t i = 0; i < a.cnt; i++) {
		assert_true(a.check[i].explain[0]);
		assert_string_equal(a.check[i].advice, "");
		assert_int_equal(a.check[i].evidence_cnt, 0);
	}
	mesh_free(&m);
	feed_close(&f, US);
}

static void test_healthy(void **state)
{
	static const enum pool_mode modes[] = { POOL_IPIP, POOL_NONE, POOL_CROSSSUBNET };

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
			healthy(p, modes[i], PEER_MESH, 9);
			healthy(p, modes[i], PEER_NODE, 5);
		}
		healthy(p, POOL_IPIP, PEER_MESH, 1);
	}
}

/* Felix' routes lead to VTEPs, with BIRD beside it and without. */
static void test_vxlan(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int bird = 0; bird < 2; bird++) {
			struct audit_said a;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_VXLAN, 5);
			m.vteps = true;
			m.felix_owns = true;
			m.protocol = RP_BOOT;
			if (!bird) {
				m.without = MESH_NO_BIRD | MESH_NO_CONF;
				m.no_listen = true;
				for (uint32_t i = 0; i < m.cnt; i++)
					m.peer[i].tcp = TCP_NONE;
			}
			feed_mesh(&f, US, &m);
			a = feed_audit(&f);
			/* an own blackhole of BIRD's may be of former days */
			assert_all_ok_but(&a, bird ? NULL : NAMES("node-address"));
			assert_check(&a, "routes", CHECK_OK, C_UNKNOWN);
			assert_true(check_says(check_of(&a, "routes"), "5 other nodes"));
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* VTEPs that nobody maps to nodes: no node's route may be claimed to be missing. */
static void test_vteps_unknown(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_VXLAN, 5);
	m.vteps = true;
	m.protocol = RP_FELIX;
	m.without = MESH_NO_VTEP;
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_UNKNOWN, C_UNKNOWN);
	assert_check(&a, "tunnel", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

static void test_vtep_faults(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int fdb = 0; fdb < 2; fdb++) {
			struct audit_said a;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_VXLAN, 3);
			m.vteps = m.felix_owns = true;
			m.protocol = RP_FELIX;
			feed_mesh(&f, US, &m);
			feed_begin(&f, US, SOURCE_VTEP);
			for (uint32_t i = 0; i < m.cnt; i++)
				feed_vtep(&f, US, mesh_vtep(&m.peer[i]), m.peer[i].addr, i || fdb,
					  i || !fdb);
			feed_end(&f, US, SOURCE_VTEP, SOURCE_OK);
			a = feed_audit(&f);
			assert_check(&a, "tunnel", CHECK_PROBLEM, C_VTEP_MISSING);
			assert_true(check_says(check_of(&a, "tunnel"),
					       fdb ? "forwarding entry" : "neighbour"));
			/* the route to it is there */
			assert_true(check_of(&a, "routes")->state != CHECK_PROBLEM);
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* Without BGP the VTEPs tell which nodes there are, and that one has no route. */
static void test_felix_route_missing(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[1], NULL);
	m = mesh_of(&f, POOL_VXLAN, 3);
	m.vteps = m.no_listen = true;
	m.protocol = RP_FELIX;
	m.without = MESH_NO_BIRD | MESH_NO_CONF;
	for (uint32_t i = 0; i < m.cnt; i++)
		m.peer[i].tcp = TCP_NONE;
	m.peer[1].route = false;
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
	assert_check(&a, "bgp", CHECK_OK, C_UNKNOWN);
	assert_check(&a, "bird", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* Protocol 80 without any BIRD: nothing is told of BGP. A dead node's routes stand all the same. */
static void test_felix_ipip(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct audit_said a;
		struct feed f;
		struct mesh m;

		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.protocol = RP_FELIX;
		m.felix_owns = true;
		mesh_down(&m, 2, TCP_SILENT, "Connect", "");
		m.peer[2].route = true;
		m.peer[2].arp = -1;
		feed_mesh(&f, US, &m);
		a = feed_audit(&f);
		assert_check(&a, "bgp", CHECK_WARN, C_BGP_PEER_DOWN);
		assert_all_ok_but(&a, NAMES("bgp"));
		mesh_free(&m);
		feed_close(&f, US);
	}
}

/* Nothing but what the kernel shows: unknown is not a problem. */
static void test_no_sources(void **state)
{
	struct audit_said a;
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_ticks(&f, US, US);
	a = feed_audit(&f);
	for (uint32_t i = 0; i < a.cnt; i++)
		assert_true(a.check[i].state == CHECK_OK || a.check[i].state == CHECK_UNKNOWN);
	assert_check(&a, "fib", CHECK_UNKNOWN, C_UNKNOWN);
	assert_check(&a, "sysctl", CHECK_UNKNOWN, C_UNKNOWN);
	feed_close(&f, US);
}

/* ---- what other programs of a healthy node do ---- */

/* MetalLB speaks BGP with a router that is down, where Calico uses VXLAN alone. */
static void test_others_bgp(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_VXLAN, 3);
	m.vteps = true;
	m.protocol = RP_FELIX;
	m.without = MESH_NO_BIRD | MESH_NO_CONF;
	for (uint32_t i = 0; i < m.cnt; i++)
		m.peer[i].tcp = TCP_NONE;
	feed_mesh(&f, US, &m);
	feed_bgp(&f, US, BGP_TIMEOUT, plans[0].gw);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_OK, C_UNKNOWN);
	assert_check(&a, "bird", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* With listenPort TCP 179 shows nothing, and BIRD tells all. */
static void test_other_port(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[2], NULL);
	m = mesh_of(&f, POOL_IPIP, 3);
	for (uint32_t i = 0; i < m.cnt; i++)
		m.peer[i].tcp = TCP_NONE;
	feed_mesh(&f, US, &m);
	feed_bgp(&f, US, BGP_NO_LISTEN, NULL);
	a = feed_audit(&f);
	assert_all_ok_but(&a, NULL);
	mesh_free(&m);
	feed_close(&f, US);
}

/* WireGuard's rule takes what it encrypts, and table main says otherwise. */
static void test_wireguard(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_NONE, 3);
	feed_mesh(&f, US, &m);
	feed_link(&f, US, 77, "wireguard.cali", "wireguard", true, NULL);
	feed_begin(&f, US, SOURCE_ANSWER);
	for (uint32_t i = 0; i < m.cnt; i++)
		feed_answer(&f, US, m.peer[i].block.addr, NONE, ip(plans[0].tunnel), 77, 0);
	feed_end(&f, US, SOURCE_ANSWER, SOURCE_OK);
	a = feed_audit(&f);
	assert_check(&a, "fib", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* A VPN of the administrator's that forwards nothing, and a tunnel without an address */
static void test_foreign_devices(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 3);
	feed_mesh(&f, US, &m);
	feed_link(&f, US, 77, "wg0", "wireguard", true, NULL);
	feed_link(&f, US, 78, "ipip7", "ipip", true, NULL);
	feed_link(&f, US, 79, "flannel.1", "vxlan", true, NULL);
	feed_route(&f, US, ROUTE_ADD, "10.99.7.0/24", "10.99.7.0", 79, RT_UNICAST, RP_BOOT, NULL);
	feed_begin(&f, US, SOURCE_SYSCTL);
	feed_sysctl(&f, US, 0, 1, 0);
	feed_sysctl(&f, US, 77, 0, 0);
	feed_end(&f, US, SOURCE_SYSCTL, SOURCE_OK);
	a = feed_audit(&f);
	assert_all_ok_but(&a, NULL);
	/* and one that nobody uses any more */
	feed_link(&f, US, 80, "cni0", "bridge", true, NULL);
	a = feed_audit(&f);
	assert_check(&a, "leftovers", CHECK_WARN, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* Routes of other daemons, where nothing is encapsulated; a pool of BIRD's beside one of Felix' */
static void test_owners(void **state)
{
	const struct plan *p = &plans[0];
	struct obs o = { .kind = OBS_POOLS };
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_NONE, 3);
	feed_mesh(&f, US, &m);
	feed_route(&f, US, ROUTE_ADD, p->other_block, p->gw, IF_ETH0, RT_UNICAST, 186, "zebra");
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_OK, C_UNKNOWN);
	o.pools.cnt = 2;
	o.pools.pool[0] = (struct pool){ .cidr = pfx(p->pool), .mode = POOL_NONE };
	o.pools.pool[1] = (struct pool){ .cidr = pfx("10.77.0.0/16"), .mode = POOL_IPIP };
	feed_obs(&f, US, &o);
	feed_route(&f, US, ROUTE_ADD, "10.77.1.0/26", p->peer, IF_TUNNEL, RT_UNICAST, RP_FELIX,
		   NULL);
	a = feed_audit(&f);
	assert_int_equal(check_of(&a, "routes")->state, CHECK_OK);
	/* both in one pool */
	feed_route(&f, US, ROUTE_ADD, "10.77.2.0/26", p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   NULL);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_WARN, C_ROUTE_OWNER_CONFLICT);
	mesh_free(&m);
	feed_close(&f, US);
}

/* ---- peers that are down ---- */

struct down_case {
	const char *what;
	enum tcp_is tcp;
	const char *bgp, *info;
	int arp;
	enum check_state state;
	enum cause cause;
};

static void test_one_down(void **state)
{
	static const struct down_case cases[] = {
		{ "dead", TCP_SILENT, "Connect", "", -1, CHECK_WARN, C_BGP_PEER_DOWN },
		{ "not seen", TCP_SILENT, "Connect", "", 0, CHECK_WARN, C_BGP_PEER_DOWN },
		{ "blocked", TCP_SILENT, "Connect", "", 1, CHECK_PROBLEM, C_BGP_BLOCKED },
		{ "refuses", TCP_REFUSES, "Active", "Socket: Connection refused", 0, CHECK_PROBLEM,
		  C_BGP_PEER_DOWN },
		{ "closes", TCP_CLOSES, "Idle", "Socket: Connection closed", 0, CHECK_PROBLEM,
		  C_BGP_PEER_DOWN },
		/* an error of former days, and its SYN is not answered now */
		{ "closed, then died", TCP_NONE, "Connect", "Socket: Connection closed", -1,
		  CHECK_WARN, C_BGP_PEER_DOWN },
		{ "waits for it", TCP_NONE, "Passive", "Socket: Connection closed", -1, CHECK_WARN,
		  C_BGP_PEER_DOWN },
		{ "unreachable", TCP_NONE, "Idle", "Socket: No route to host", -1, CHECK_WARN,
		  C_BGP_PEER_DOWN },
		{ "switched off", TCP_NONE, "", "", 1, CHECK_PROBLEM, C_BGP_PEER_DOWN },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct down_case *c = &cases[i];
			struct audit_said a;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 5);
			mesh_down(&m, 3, c->tcp, c->bgp, c->info);
			m.peer[3].arp = c->arp;
			feed_mesh(&f, US, &m);
			a = feed_audit(&f);
			assert_check(&a, "bgp", c->state, c->cause);
			assert_true(check_says(check_of(&a, "bgp"), "n3"));
			assert_int_equal(check_of(&a, "routes")->cause, C_ROUTE_MISSING);
			assert_int_equal(check_of(&a, "routes")->state == CHECK_PROBLEM,
					 c->arp > 0 || c->tcp == TCP_REFUSES ||
						 c->tcp == TCP_CLOSES);
			assert_all_ok_but(&a, NAMES("bgp", "routes"));
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* It connected to us once, long ago: that is no sign of life of now. */
static void test_old_knock(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		uint32_t us = old ? US + 300 * US_PER_S : US;
		struct audit_said a;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[0], NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		mesh_down(&m, 2, TCP_KNOCKS, "Passive", "");
		m.peer[2].arp = 0;
		feed_mesh(&f, US, &m);
		feed_around(&f, us, &m);
		a = feed_audit(&f);
		assert_check(&a, "bgp", old ? CHECK_WARN : CHECK_PROBLEM, C_BGP_PEER_DOWN);
		assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
		mesh_free(&m);
		feed_close(&f, us);
	}
}

/* Registered with the address of docker0, which this node has as well: it answers itself. */
static void test_address_of_ours(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	mesh_down(&m, 2, TCP_CLOSES, "Idle", "Socket: Connection closed");
	m.peer[2].addr = ip("172.17.0.1");
	m.peer[2].arp = 0;
	feed_mesh(&f, US, &m);
	feed_link(&f, US, 8, "docker0", "bridge", true, NULL);
	feed_addr(&f, US, 8, "172.17.0.1", 16, false);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_WARN, C_BGP_PEER_DOWN);
	assert_false(check_says(check_of(&a, "routes"), "alive"));
	mesh_free(&m);
	feed_close(&f, US);
}

/* A connection stands, and the other side says nothing: BIRD knows that it is no session. */
static void test_hung(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	mesh_down(&m, 2, TCP_UP, "OpenSent", "");
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_PROBLEM, C_BGP_PEER_DOWN);
	assert_true(check_says(check_of(&a, "bgp"), "OpenSent"));
	mesh_free(&m);
	feed_close(&f, US);
}

/* All of them: TCP 179 is blocked only if anything tells that they live. */
static void test_all_silent(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (uint32_t n = 1; n < 5; n += 3) {
			for (int arp = -1; arp < 2; arp += 2) {
				struct audit_said a;
				struct feed f;
				struct mesh m;

				feed_open(&f, p, NULL);
				m = mesh_of(&f, POOL_IPIP, n);
				for (uint32_t i = 0; i < n; i++) {
					mesh_down(&m, i, TCP_SILENT, "Connect", "");
					m.peer[i].arp = arp;
				}
				feed_mesh(&f, US, &m);
				a = feed_audit(&f);
				/* a single neighbour that is dead is not this node's fault */
				assert_check(&a, "bgp",
					     n == 1 && arp < 0 ? CHECK_WARN : CHECK_PROBLEM,
					     arp > 0 ? C_BGP_BLOCKED :
					     n == 1  ? C_BGP_PEER_DOWN :
						       C_BGP_DOWN);
				assert_check(&a, "routes",
					     n == 1 && arp < 0 ? CHECK_WARN : CHECK_PROBLEM,
					     C_ROUTE_MISSING);
				assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
				mesh_free(&m);
				feed_close(&f, US);
			}
		}
	}
}

static void test_bird_down(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int which = 0; which < 4; which++) {
			bool proc = which & 1, felix = which & 2;
			struct audit_said a;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			m.no_listen = true;
			m.protocol = felix ? RP_FELIX : RP_BIRD;
			m.without = MESH_NO_BIRD | (felix ? 0 : MESH_NO_CONF) |
				    (proc ? 0 : MESH_NO_PROC);
			for (uint32_t i = 0; i < m.cnt; i++)
				m.peer[i].tcp = TCP_NONE;
			feed_mesh(&f, US, &m);
			a = feed_audit(&f);
			assert_check(&a, "bird", CHECK_PROBLEM, C_BIRD_DOWN);
			assert_check(&a, "bgp", CHECK_PROBLEM, C_BIRD_DOWN);
			/* what nobody looked at is no evidence */
			assert_int_equal(check_says(check_of(&a, "bird"), "process bird"), proc);
			/* Felix goes on with its own */
			assert_int_equal(check_says(check_of(&a, "bird"), "frozen"), !felix);
			assert_int_equal(check_says(check_of(&a, "bird"), "Felix'"), felix);
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* Old routes stay, and so no problem may come of it. */
static void test_graceful(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct audit_said a;
		struct feed f;
		struct mesh m;

		/* this node's own */
		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.recovering = true;
		for (uint32_t i = 0; i < m.cnt; i++) {
			mesh_down(&m, i, TCP_NONE, "Active", "");
			m.peer[i].route = i > 0;
		}
		feed_mesh(&f, US, &m);
		a = feed_audit(&f);
		assert_check(&a, "graceful-restart", CHECK_WARN, C_GRACEFUL_RESTART);
		assert_check(&a, "bgp", CHECK_WARN, C_GRACEFUL_RESTART);
		assert_check(&a, "routes", CHECK_WARN, C_GRACEFUL_RESTART);
		assert_all_ok_but(&a, NAMES("graceful-restart", "bgp", "routes"));
		mesh_free(&m);
		feed_close(&f, US);

		/* a neighbour's: it refuses for a while, and is alive */
		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		mesh_down(&m, 1, TCP_REFUSES, "Active", "Socket: Connection refused");
		m.peer[1].route = m.peer[1].restarts = true;
		feed_mesh(&f, US, &m);
		a = feed_audit(&f);
		assert_check(&a, "graceful-restart", CHECK_WARN, C_GRACEFUL_RESTART);
		assert_check(&a, "bgp", CHECK_WARN, C_GRACEFUL_RESTART);
		assert_all_ok_but(&a, NAMES("graceful-restart", "bgp"));
		mesh_free(&m);
		feed_close(&f, US);
	}
}

/* A client of a reflector that lost it has no route at all; a reflector misses its client. */
static void test_reflector(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 1);
	m.kind = PEER_GLOBAL;
	mesh_down(&m, 0, TCP_SILENT, "Connect", "");
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_PROBLEM, C_BGP_BLOCKED);
	assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
	mesh_free(&m);
	feed_close(&f, US);

	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	m.kind = PEER_NODE;
	mesh_down(&m, 2, TCP_SILENT, "Connect", "");
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
	mesh_free(&m);
	feed_close(&f, US);
}

/* All nodes' routes come by a router, without tunnels */
static void test_router(void **state)
{
	const struct plan *p = &plans[2];
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_NONE, 1);
	m.kind = PEER_GLOBAL;
	m.peer[0].addr = ip(p->gw);
	m.peer[0].unlisted = true;
	feed_mesh(&f, US, &m);
	feed_route(&f, US, ROUTE_ADD, p->other_block, p->gw, IF_ETH0, RT_UNICAST, RP_BIRD, NULL);
	a = feed_audit(&f);
	assert_all_ok_but(&a, NULL);
	mesh_free(&m);
	feed_close(&f, US);

	/* it is silent: what routes there should be nobody else tells, but that there is none */
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_NONE, 1);
	m.kind = PEER_GLOBAL;
	mesh_down(&m, 0, TCP_SILENT, "Connect", "");
	m.peer[0].unlisted = true;
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_PROBLEM, C_BGP_BLOCKED);
	assert_check(&a, "routes", CHECK_WARN, C_ROUTE_MISSING);
	assert_check(&a, "node-address", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, US);
}

/* A SYN that waits for more than a second tells as much as one that was given up. */
static void test_waiting(void **state)
{
	(void)state;
	for (int s = 1; s < 4; s += 2) {
		uint32_t us = US + (uint32_t)s * US_PER_S;
		struct audit_said a;
		struct feed f;
		struct mesh m;

		feed_open(&f, &plans[1], NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		mesh_down(&m, 0, TCP_NONE, "Active", "");
		feed_mesh(&f, US, &m);
		feed_bgp(&f, US, BGP_CONNECTING, plans[1].peer);
		feed_ticks(&f, us, us);
		a = feed_audit(&f);
		assert_check(&a, "bgp", CHECK_PROBLEM, s > 1 ? C_BGP_BLOCKED : C_BGP_PEER_DOWN);
		mesh_free(&m);
		feed_close(&f, us);
	}
}

static double ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) * 1e3 + (double)(now.tv_nsec - t->tv_nsec) / 1e6;
}

static void test_big_mesh(void **state)
{
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 300);
	for (uint32_t i = 7; i < 300; i += 100) {
		mesh_down(&m, i, TCP_SILENT, "Connect", "");
		m.peer[i].arp = -1;
	}
	feed_mesh(&f, US, &m);
	a = feed_audit(&f);
	assert_check(&a, "bgp", CHECK_WARN, C_BGP_PEER_DOWN);
	assert_check(&a, "routes", CHECK_WARN, C_ROUTE_MISSING);
	assert_true(check_says(check_of(&a, "bgp"), "3 of 300"));
	assert_all_ok_but(&a, NAMES("bgp", "routes"));
	mesh_free(&m);
	feed_close(&f, US);
}

/* ---- a huge one: printed, not asserted; a quadratic loop would be seen as minutes ---- */

static void test_huge(void **state)
{
	static const struct plan huge = {
		.name = "10.0.0.0/8 in /26",
		.pool = "10.0.0.0/8",
		.block_len = 26,
		.own_block = "10.200.0.0/26",
		.peer_block = "10.201.0.0/26",
		.other_block = "10.202.0.0/26",
		.pod = "10.200.0.1",
		.pod2 = "10.200.0.2",
		.peer_pod = "10.201.0.1",
		.other_pod = "10.202.0.1",
		.tunnel = "10.200.0.0",
		.node = "172.16.0.1",
		.subnet = "172.16.0.0/12",
		.peer = "172.16.0.2",
		.gw = "172.31.255.254",
		.service = "192.168.0.10",
	};
	struct audit_said a;
	struct timespec t;
	struct obs tick = { .kind = OBS_TICK };
	struct feed f;
	struct mesh m;

	(void)state;
	for (int vxlan = 0; vxlan < 2; vxlan++) {
		feed_open(&f, &huge, NULL);
		m = mesh_of(&f, vxlan ? POOL_VXLAN : POOL_IPIP, 5000);
		m.vteps = vxlan;
		feed_mesh(&f, US, &m);
		for (uint32_t i = 0; i < 5000; i++) {
			struct obs o = { .kind = OBS_ROUTE };

			o.route.op = ROUTE_ADD;
			o.route.snapshot = true;
			o.route.route = (struct route){ .dst = pfx("10.220.0.0/26"),
							.table = 254,
							.type = RT_UNICAST,
							.protocol = RP_BIRD,
							.nh_cnt = 1 };
			o.route.route.dst.addr.b[1] = (uint8_t)(220 + i / 1024);
			o.route.route.dst.addr.b[2] = (uint8_t)(i / 4);
			o.route.route.dst.addr.b[3] = (uint8_t)(i % 4 * 64);
			o.route.route.nh[0].gw = vxlan ? mesh_vtep(&m.peer[i]) : m.peer[i].addr;
			o.route.route.nh[0].ifindex = IF_TUNNEL;
			feed_obs(&f, US, &o);
		}
		tick.kind = OBS_TICK;
		feed_obs(&f, US + US_PER_S, &tick);
		clock_gettime(CLOCK_MONOTONIC, &t);
		a = feed_audit(&f);
		print_message("audit of 5000 peers and 10000 routes: %.1f ms\n", ms_since(&t));
		assert_check(&a, "bgp", CHECK_OK, C_UNKNOWN);
		assert_check(&a, "routes", CHECK_OK, C_UNKNOWN);
		mesh_free(&m);
		engine__free(f.engine);
		free(f.log);
		free(f.pkt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_vxlan),
		cmocka_unit_test(test_vteps_unknown),
		cmocka_unit_test(test_vtep_faults),
		cmocka_unit_test(test_felix_route_missing),
		cmocka_unit_test(test_felix_ipip),
		cmocka_unit_test(test_no_sources),
		cmocka_unit_test(test_others_bgp),
		cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_wireguard),
		cmocka_unit_test(test_foreign_devices),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_one_down),
		cmocka_unit_test(test_old_knock),
		cmocka_unit_test(test_address_of_ours),
		cmocka_unit_test(test_hung),
		cmocka_unit_test(test_all_silent),
		cmocka_unit_test(test_bird_down),
		cmocka_unit_test(test_graceful),
		cmocka_unit_test(test_reflector),
		cmocka_unit_test(test_router),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_big_mesh),
		cmocka_unit_test(test_huge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
