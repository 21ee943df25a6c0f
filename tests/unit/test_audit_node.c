// SPDX-License-Identifier: GPL-2.0-only
/* The audit of the node itself: routes that stand wrongly, tunnel, settings, tables. */
#include <errno.h>

#include "feed.h"

#define US (5 * US_PER_S)
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE ((struct addr){ 0 })

struct node {
	struct feed f;
	struct mesh m;
};

/* A healthy mesh of four and this node */
static void node_open(struct node *n, const struct plan *p, enum pool_mode mode)
{
	feed_open(&n->f, p, NULL);
	n->m = mesh_of(&n->f, mode, 4);
	n->m.vteps = mode == POOL_VXLAN;
	n->m.felix_owns = mode == POOL_VXLAN;
	n->m.protocol = mode == POOL_VXLAN ? RP_FELIX : RP_BIRD;
	feed_mesh(&n->f, US, &n->m);
}

static void node_close(struct node *n)
{
	mesh_free(&n->m);
	feed_close(&n->f, US);
}

static const char *block(const struct node *n, uint32_t i, char *buf)
{
	return prefix_str(&n->m.peer[i].block, buf);
}

static const char *peer(const struct node *n, uint32_t i, char *buf)
{
	return addr_str(&n->m.peer[i].addr, buf);
}

/* ---- routes ---- */

struct route_case {
	enum route_op op;
	uint32_t ifindex; /* 0: none */
	uint8_t type, protocol;
	int to; /* peer that it leads to; -1 the default gateway */
	enum check_state state;
	enum cause cause;
};

/* What somebody makes of the route to the second node's block */
static void test_routes_that_stand(void **state)
{
	static const struct route_case cases[] = {
		{ ROUTE_REPLACE, IF_ETH0, RT_UNICAST, RP_STATIC, -1, CHECK_PROBLEM,
		  C_FOREIGN_ROUTE_CHANGE },
		{ ROUTE_REPLACE, IF_TUNNEL, RT_UNICAST, 16, 2, CHECK_PROBLEM,
		  C_FOREIGN_ROUTE_CHANGE },
		{ ROUTE_REPLACE, IF_ETH0, RT_UNICAST, RP_BIRD, 1, CHECK_PROBLEM, C_WRONG_DEVICE },
		{ ROUTE_REPLACE, IF_TUNNEL, RT_UNICAST, RP_BIRD, 2, CHECK_PROBLEM,
		  C_WRONG_GATEWAY },
		{ ROUTE_REPLACE, IF_TUNNEL, RT_UNICAST, RP_FELIX, 2, CHECK_PROBLEM,
		  C_WRONG_GATEWAY },
		{ ROUTE_REPLACE, 0, RT_BLACKHOLE, RP_BOOT, -1, CHECK_PROBLEM,
		  C_FOREIGN_ROUTE_CHANGE },
		{ ROUTE_REPLACE, 0, RT_PROHIBIT, RP_STATIC, -1, CHECK_PROBLEM,
		  C_FOREIGN_ROUTE_CHANGE },
		{ ROUTE_REPLACE, 0, RT_UNREACHABLE, RP_BIRD, -1, CHECK_PROBLEM,
		  C_BGP_NEXTHOP_UNRESOLVED },
	};
	char b[PREFIX_STRLEN], gw[ADDR_STRLEN];

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct route_case *c = &cases[i];
			struct audit_said a;
			struct node n;

			node_open(&n, p, POOL_IPIP);
			feed_route(&n.f, US, c->op, block(&n, 1, b),
				   c->to < 0 ? p->gw : peer(&n, (uint32_t)c->to, gw), c->ifindex,
				   c->type, c->protocol, "ip");
			a = feed_audit(&n.f);
			assert_check(&a, "routes", c->state, c->cause);
			assert_true(check_says(check_of(&a, "routes"), b));
			node_close(&n);
		}
	}
}

/* Another metric's route is not the one that the kernel takes. */
static void test_metric(void **state)
{
	struct obs o = { .kind = OBS_ROUTE };
	struct audit_said a;
	struct node n;

	(void)state;
	node_open(&n, &plans[0], POOL_IPIP);
	o.route.op = ROUTE_ADD;
	o.route.route = (struct route){ .dst = n.m.peer[1].block,
					.table = 254,
					.metric = 4096,
					.type = RT_UNICAST,
					.protocol = RP_STATIC,
					.nh_cnt = 1 };
	o.route.route.nh[0] = (struct nexthop){ ip(plans[0].gw), IF_ETH0 };
	feed_obs(&n.f, US, &o);
	a = feed_audit(&n.f);
	assert_all_ok_but(&a, NULL);
	node_close(&n);
}

/* Deleted: by whom is told if it was seen, and nobody is blamed for what may just have happened. */
static void test_route_deleted(void **state)
{
	char b[PREFIX_STRLEN], gw[ADDR_STRLEN];

	(void)state;
	EACH_PLAN(p)
	{
		struct audit_said a;
		struct node n;

		/* BIRD was asked before: whether it wants it back is not known yet */
		node_open(&n, p, POOL_IPIP);
		feed_route(&n.f, US + MS, ROUTE_DEL, block(&n, 1, b), peer(&n, 1, gw), IF_TUNNEL,
			   RT_UNICAST, RP_BIRD, "ip");
		a = feed_audit(&n.f);
		assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
		/* and it does */
		n.m.peer[1].route = false;
		feed_around(&n.f, US + 2 * MS, &n.m);
		a = feed_audit(&n.f);
		assert_check(&a, "routes", CHECK_PROBLEM, C_FOREIGN_ROUTE_CHANGE);
		assert_true(check_says(check_of(&a, "routes"), "ip[812]"));
		/* the kernel, asked last, has it again */
		n.m.peer[1].route = true;
		feed_around(&n.f, US + 3 * MS, &n.m);
		a = feed_audit(&n.f);
		assert_false(check_says(check_of(&a, "routes"), "ip[812]"));
		node_close(&n);
	}
}

/* The same, and the kernel is not asked */
static void test_route_deleted_unasked(void **state)
{
	char b[PREFIX_STRLEN], gw[ADDR_STRLEN];
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	m.without = MESH_NO_ANSWER;
	feed_mesh(&f, US, &m);
	feed_route(&f, US + MS, ROUTE_DEL, prefix_str(&m.peer[1].block, b),
		   addr_str(&m.peer[1].addr, gw), IF_TUNNEL, RT_UNICAST, RP_BIRD, "ip");
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
	assert_false(check_says(check_of(&a, "routes"), "ip[812]"));
	feed_around(&f, US + 2 * MS, &m);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_PROBLEM, C_FOREIGN_ROUTE_CHANGE);
	mesh_free(&m);
	feed_close(&f, 2 * US);
}

/* The session stands: only BIRD can say that nothing came by it, and then it may have no block. */
static void test_not_announced(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int bird = 0; bird < 2; bird++) {
			struct audit_said a;
			struct feed f;
			struct mesh m;

			feed_open(&f, p, NULL);
			m = mesh_of(&f, POOL_IPIP, 4);
			m.peer[2].route = m.peer[2].imported = false;
			m.without = bird ? 0 : MESH_NO_BIRD;
			feed_mesh(&f, US, &m);
			a = feed_audit(&f);
			assert_check(&a, "routes", CHECK_WARN,
				     bird ? C_ROUTE_NOT_ANNOUNCED : C_ROUTE_MISSING);
			assert_true(check_says(check_of(&a, "routes"), "n2"));
			assert_check(&a, "bgp", CHECK_OK, C_UNKNOWN);
			mesh_free(&m);
			feed_close(&f, US);
		}
	}
}

/* ---- what the kernel would do ---- */

static void test_fib(void **state)
{
	struct audit_said a;
	struct node n;

	(void)state;
	/* a rule leads elsewhere */
	node_open(&n, &plans[1], POOL_IPIP);
	feed_begin(&n.f, US, SOURCE_ANSWER);
	feed_answer(&n.f, US, n.m.peer[0].block.addr, ip(plans[1].gw), NONE, IF_ETH0, 0);
	feed_answer(&n.f, US, n.m.peer[1].block.addr, n.m.peer[1].addr, NONE, IF_TUNNEL, 0);
	feed_end(&n.f, US, SOURCE_ANSWER, SOURCE_OK);
	a = feed_audit(&n.f);
	assert_check(&a, "fib", CHECK_PROBLEM, C_WRONG_GATEWAY);
	assert_true(check_says(check_of(&a, "fib"), "1 of 2"));
	/* a node that blocks are routed to is cut off */
	feed_begin(&n.f, US, SOURCE_ANSWER);
	feed_answer(&n.f, US, n.m.peer[1].addr, NONE, NONE, 0, EHOSTUNREACH);
	feed_end(&n.f, US, SOURCE_ANSWER, SOURCE_OK);
	a = feed_audit(&n.f);
	assert_check(&a, "fib", CHECK_PROBLEM, C_NODE_UNREACHABLE);
	node_close(&n);
}

/* The first address of a block may be borrowed: then the answer is about that. */
static void test_fib_borrowed(void **state)
{
	char a32[ADDR_STRLEN], gw[ADDR_STRLEN];
	struct audit_said a;
	struct node n;

	(void)state;
	node_open(&n, &plans[0], POOL_IPIP);
	snprintf(a32, sizeof(a32), "%s/32", addr_str(&n.m.peer[1].block.addr, gw));
	feed_route(&n.f, US, ROUTE_ADD, a32, peer(&n, 2, gw), IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	feed_begin(&n.f, US, SOURCE_ANSWER);
	feed_answer(&n.f, US, n.m.peer[1].block.addr, n.m.peer[2].addr, NONE, IF_TUNNEL, 0);
	feed_end(&n.f, US, SOURCE_ANSWER, SOURCE_OK);
	a = feed_audit(&n.f);
	assert_check(&a, "fib", CHECK_OK, C_UNKNOWN);
	node_close(&n);
}

/* ---- the tunnel ---- */

static void tunnel(const struct plan *p, enum pool_mode mode)
{
	const char *name = mode == POOL_VXLAN ? "vxlan.calico" : "tunl0";
	const char *kind = mode == POOL_VXLAN ? "vxlan" : "ipip";
	struct audit_said a;
	struct node n;

	node_open(&n, p, mode);
	feed_link(&n.f, US, IF_TUNNEL, name, kind, false, "ip");
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_PROBLEM, C_TUNNEL_DOWN);
	assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
	node_close(&n);

	/* another device of the kind is not Calico's */
	node_open(&n, p, mode);
	feed_link_del(&n.f, US, IF_TUNNEL);
	feed_link(&n.f, US, 44, "nobody", kind, true, NULL);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_PROBLEM, C_TUNNEL_MISSING);
	assert_true(check_says(check_of(&a, "tunnel"), name));
	node_close(&n);

	/* one that another node's block has, and maybe that node */
	node_open(&n, p, mode);
	feed_addr(&n.f, US, IF_TUNNEL, p->peer_pod, 32, false);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_WARN, C_TUNNEL_ADDRESS);
	assert_true(check_says(check_of(&a, "tunnel"), p->peer_block));
	node_close(&n);

	node_open(&n, p, mode);
	feed_addr(&n.f, US, IF_TUNNEL, p->tunnel, 32, true);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_PROBLEM, C_TUNNEL_ADDRESS);
	/* a node that no pool selects has no block, either */
	feed_route(&n.f, US, ROUTE_DEL, p->own_block, NULL, 0, RT_BLACKHOLE, RP_BIRD, NULL);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_WARN, C_TUNNEL_ADDRESS);
	node_close(&n);
}

static void test_tunnel(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		tunnel(p, POOL_IPIP);
		tunnel(p, POOL_VXLAN);
	}
}

static void set_mtu(struct node *n, uint32_t ifindex, const char *name, const char *kind,
		    uint32_t mtu)
{
	struct obs o = { .kind = OBS_LINK };
	struct link_info *l = &o.link.link;

	o.link.op = LINK_CHANGE;
	*l = (struct link_info){ .ifindex = ifindex, .mtu = mtu, .up = true, .running = true };
	l->arptype = strcmp(kind, "ipip") ? 1 : 768;
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	feed_obs(&n->f, US, &o);
}

static void test_mtu(void **state)
{
	struct audit_said a;
	struct node n;

	(void)state;
	node_open(&n, &plans[0], POOL_IPIP);
	set_mtu(&n, IF_ETH0, "eth0", "", 1500);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_OK, C_UNKNOWN);
	set_mtu(&n, IF_ETH0, "eth0", "", 1499);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_WARN, C_MTU_MISMATCH);
	set_mtu(&n, IF_ETH0, "eth0", "", 1500);
	set_mtu(&n, IF_TUNNEL, "tunl0", "ipip", 1400);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_WARN, C_MTU_MISMATCH);
	assert_true(check_says(check_of(&a, "tunnel"), "2 pods"));
	/* an MTU that cannot be does no arithmetic */
	set_mtu(&n, IF_TUNNEL, "tunl0", "ipip", 1480);
	set_mtu(&n, IF_ETH0, "eth0", "", 10);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_OK, C_UNKNOWN);
	node_close(&n);
}

/* CrossSubnet, of whichever tunnel: all gone is a problem. */
static void test_crosssubnet(void **state)
{
	struct obs o = { .kind = OBS_POOLS };
	char b[PREFIX_STRLEN], gw[ADDR_STRLEN];
	struct audit_said a;
	struct node n;

	(void)state;
	node_open(&n, &plans[0], POOL_CROSSSUBNET);
	feed_link(&n.f, US, IF_TUNNEL, "tunl0", "ipip", false, "ip");
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_PROBLEM, C_TUNNEL_DOWN);
	feed_link_del(&n.f, US, IF_TUNNEL);
	a = feed_audit(&n.f);
	assert_check(&a, "tunnel", CHECK_PROBLEM, C_TUNNEL_MISSING);
	node_close(&n);

	/* one direct route among those in the tunnel makes it look so */
	node_open(&n, &plans[0], POOL_VXLAN);
	o.pools.cnt = 1;
	o.pools.pool[0] = (struct pool){ .cidr = pfx(plans[0].pool),
					 .mode = POOL_CROSSSUBNET,
					 .mode_from = FROM_ROUTES };
	feed_obs(&n.f, US, &o);
	feed_route(&n.f, US, ROUTE_REPLACE, block(&n, 1, b), peer(&n, 1, gw), IF_ETH0, RT_UNICAST,
		   RP_FELIX, "ip");
	a = feed_audit(&n.f);
	assert_check(&a, "routes", CHECK_PROBLEM, C_WRONG_DEVICE);
	/* confd's word is believed: then the others' go by the tunnel without need */
	o.pools.pool[0].mode_from = FROM_CONFD;
	feed_obs(&n.f, US, &o);
	a = feed_audit(&n.f);
	assert_check(&a, "routes", CHECK_WARN, C_WRONG_DEVICE);
	assert_true(check_says(check_of(&a, "routes"), "by the tunnel to nodes on this one's"));
	node_close(&n);
}

/* Each node as CrossSubnet has it: near ones direct. One beyond the subnet that is direct, too, is lost. */
static void test_crosssubnet_far(void **state)
{
	char b[PREFIX_STRLEN], gw[ADDR_STRLEN];

	(void)state;
	for (int far = 0; far < 2; far++) {
		struct obs o = { .kind = OBS_POOLS };
		struct audit_said a;
		struct node n;

		node_open(&n, &plans[0], POOL_IPIP);
		o.pools.cnt = 1;
		o.pools.pool[0] = (struct pool){ .cidr = pfx(plans[0].pool),
						 .mode = POOL_CROSSSUBNET,
						 .mode_from = FROM_CONFD };
		feed_obs(&n.f, US, &o);
		for (uint32_t i = 0; i < n.m.cnt; i++)
			feed_route(&n.f, US, ROUTE_REPLACE, block(&n, i, b), peer(&n, i, gw),
				   IF_ETH0, RT_UNICAST, RP_BIRD, "bird");
		if (far)
			feed_route(&n.f, US, ROUTE_ADD, peer(&n, 1, gw), plans[0].gw, IF_ETH0,
				   RT_UNICAST, RP_STATIC, NULL);
		a = feed_audit(&n.f);
		assert_check(&a, "routes", far ? CHECK_PROBLEM : CHECK_OK,
			     far ? C_WRONG_DEVICE : C_UNKNOWN);
		assert_int_equal(check_says(check_of(&a, "routes"), "past the tunnel"), far);
		node_close(&n);
	}
}

/* ---- settings ---- */

static void test_sysctl(void **state)
{
	static const struct {
		uint32_t ifindex;
		int forwarding, proxy_arp;
		enum check_state state;
		enum cause cause;
	} cases[] = {
		{ 0, 0, 0, CHECK_PROBLEM, C_FORWARDING_DISABLED },
		{ IF_CALI1, 0, 1, CHECK_PROBLEM, C_FORWARDING_DISABLED },
		{ IF_TUNNEL, 0, 0, CHECK_PROBLEM, C_FORWARDING_DISABLED },
		{ IF_CALI2, 1, 0, CHECK_PROBLEM, C_PROXY_ARP_OFF },
		{ IF_CALI2, -1, -1, CHECK_OK, C_UNKNOWN },
		{ IF_LO, 0, 0, CHECK_OK, C_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct audit_said a;
		struct node n;

		node_open(&n, &plans[2], POOL_IPIP);
		feed_begin(&n.f, US, SOURCE_SYSCTL);
		if (cases[i].ifindex)
			feed_sysctl(&n.f, US, 0, 1, 0);
		feed_sysctl(&n.f, US, cases[i].ifindex, cases[i].forwarding, cases[i].proxy_arp);
		feed_end(&n.f, US, SOURCE_SYSCTL, SOURCE_OK);
		a = feed_audit(&n.f);
		assert_check(&a, "sysctl", cases[i].state, cases[i].cause);
		assert_all_ok_but(&a, NAMES("sysctl"));
		node_close(&n);
	}
}

static void test_default_route(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct audit_said a;
		struct node n;

		node_open(&n, p, POOL_IPIP);
		feed_route(&n.f, US, ROUTE_DEL, "0.0.0.0/0", p->gw, IF_ETH0, RT_UNICAST, RP_BOOT,
			   "dhclient");
		a = feed_audit(&n.f);
		assert_check(&a, "default-route", CHECK_PROBLEM, C_DEFAULT_ROUTE_MISSING);
		/* proxy ARP asks for 169.254.1.1 alone */
		feed_route(&n.f, US, ROUTE_ADD, "169.254.0.0/16", NULL, IF_ETH0, RT_UNICAST,
			   RP_BOOT, NULL);
		a = feed_audit(&n.f);
		assert_check(&a, "default-route", CHECK_OK, C_UNKNOWN);
		node_close(&n);
	}
}

static void test_tables(void **state)
{
	static const struct {
		enum fill what;
		uint64_t cnt, max;
		enum check_state state;
		enum cause cause;
	} cases[] = {
		{ FILL_CONNTRACK, 899, 1000, CHECK_OK, C_UNKNOWN },
		{ FILL_CONNTRACK, 900, 1000, CHECK_WARN, C_CONNTRACK_FULL },
		{ FILL_CONNTRACK, 1000, 1000, CHECK_PROBLEM, C_CONNTRACK_FULL },
		{ FILL_CONNTRACK, 7, 0, CHECK_OK, C_UNKNOWN },
		{ FILL_NEIGH, 1024, 1024, CHECK_PROBLEM, C_NEIGH_TABLE_FULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct obs o = { .kind = OBS_FILL };
		struct audit_said a;
		struct node n;

		node_open(&n, &plans[0], POOL_IPIP);
		feed_begin(&n.f, US, SOURCE_FILL);
		o.fill = (struct obs_fill){ cases[i].what, cases[i].cnt, cases[i].max };
		feed_obs(&n.f, US, &o);
		feed_end(&n.f, US, SOURCE_FILL, SOURCE_OK);
		a = feed_audit(&n.f);
		assert_check(&a, "tables", cases[i].state, cases[i].cause);
		node_close(&n);
	}
}

/* ---- the allow-list ---- */

static void test_allowlist(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int vxlan = 0; vxlan < 2; vxlan++) {
			struct audit_said a;
			struct node n;

			node_open(&n, p, vxlan ? POOL_VXLAN : POOL_IPIP);
			n.m.peer[2].unlisted = true;
			feed_around(&n.f, US, &n.m);
			a = feed_audit(&n.f);
			assert_check(&a, "allowlist", CHECK_PROBLEM, C_PEER_NOT_IN_ALLOWLIST);
			assert_true(check_says(check_of(&a, "allowlist"), "(n2)"));
			assert_all_ok_but(&a, NAMES("allowlist"));
			node_close(&n);
		}
	}
}

/* A node without a block, and so without a VTEP, is rightly not on VXLAN's list. */
static void test_allowlist_without_vtep(void **state)
{
	char b[PREFIX_STRLEN], gw[ADDR_STRLEN];
	struct audit_said a;
	struct addr vtep;
	struct node n;

	(void)state;
	node_open(&n, &plans[0], POOL_VXLAN);
	n.m.peer[2].unlisted = true;
	n.m.peer[2].route = n.m.peer[2].imported = false;
	vtep = mesh_vtep(&n.m.peer[2]);
	feed_route(&n.f, US, ROUTE_DEL, block(&n, 2, b), addr_str(&vtep, gw), IF_TUNNEL, RT_UNICAST,
		   RP_FELIX, "calico-node");
	feed_around(&n.f, US, &n.m);
	a = feed_audit(&n.f);
	assert_check(&a, "allowlist", CHECK_OK, C_UNKNOWN);
	assert_int_equal(check_of(&a, "routes")->state, CHECK_WARN);
	node_close(&n);
}

/* ---- questions for the kernel ---- */

static bool asked(const struct addr *out, size_t cnt, const struct addr *a)
{
	for (size_t i = 0; i < cnt; i++)
		if (addr_eq(&out[i], a))
			return true;
	return false;
}

static void test_questions(void **state)
{
	struct addr out[96];
	struct node n;
	size_t cnt;

	(void)state;
	node_open(&n, &plans[0], POOL_IPIP);
	cnt = engine__questions(n.f.engine, out, 96);
	assert_in_range(cnt, 8, 96);
	for (uint32_t i = 0; i < n.m.cnt; i++) {
		assert_true(asked(out, cnt, &n.m.peer[i].addr));
		assert_true(asked(out, cnt, &n.m.peer[i].block.addr));
	}
	/* never more than there is room for */
	for (size_t max = 0; max < 12; max++)
		assert_in_range(engine__questions(n.f.engine, out, max), 0, max);
	node_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes_that_stand),
		cmocka_unit_test(test_metric),
		cmocka_unit_test(test_route_deleted),
		cmocka_unit_test(test_route_deleted_unasked),
		cmocka_unit_test(test_not_announced),
		cmocka_unit_test(test_fib),
		cmocka_unit_test(test_fib_borrowed),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_crosssubnet),
		cmocka_unit_test(test_crosssubnet_far),
		cmocka_unit_test(test_sysctl),
		cmocka_unit_test(test_default_route),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_allowlist),
		cmocka_unit_test(test_allowlist_without_vtep),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
