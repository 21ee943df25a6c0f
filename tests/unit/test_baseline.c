// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of before the start: what a capture tells of blocks, owners and neighbours, and what findings
 * and the audit make of it; never against what is known now.
 */
#include <stdlib.h>

#include "baseline.h"
#include "feed.h"

#define T (5 * US_PER_S)
#define WALL (1586311462LL * 1000000000LL) /* 2020-04-08 02:04:22 UTC */
#define NONE ((struct addr){ 0 })

/* ---- what a capture tells ---- */

struct told {
	struct obs obs[64];
	uint32_t cnt;
};

static void keep(void *ctx, const struct obs *o)
{
	struct told *t = ctx;

	assert_true(t->cnt < ARRAY_SIZE(t->obs));
	assert_int_equal(o->kind, OBS_BASELINE);
	t->obs[t->cnt++] = *o;
}

/* The observations of a healthy node as a capture; offset: what its clock was then */
static struct told read_back(const struct feed *f, const char *node, const char *reader)
{
	struct baseline_run run = { .node = reader, .ts_ns = 7, .wall_offset_ns = 1000 };
	struct told t = { 0 };
	struct baseline *b;

	assert_int_equal(baseline__new(node, WALL - (int64_t)FEED_T0, &b), 0);
	for (size_t i = 0; i < f->log_cnt; i++)
		baseline__obs(b, &f->log[i]);
	baseline__tell(b, &run, keep, &t);
	baseline__free(b);
	return t;
}

static const struct obs_baseline *told_block(const struct told *t, const char *block)
{
	struct prefix p = pfx(block);

	for (uint32_t i = 0; i < t->cnt; i++)
		if (t->obs[i].baseline.what <= BASELINE_BLOCK &&
		    prefix_eq(&t->obs[i].baseline.block, &p))
			return &t->obs[i].baseline;
	return NULL;
}

static const struct obs_baseline *told_node(const struct told *t, enum baseline_what what,
					    const char *node)
{
	for (uint32_t i = 0; i < t->cnt; i++)
		if (t->obs[i].baseline.what == what && !strcmp(t->obs[i].baseline.node, node))
			return &t->obs[i].baseline;
	return NULL;
}

/* Of the same node: routes as they stood, also one that went while it was traced; no pods */
static void test_same_node(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct obs_baseline *b;
		struct told t;
		struct feed f;
		struct mesh m;

		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 3);
		snprintf(m.peer[0].node, sizeof(m.peer[0].node), "k8s01");
		feed_mesh(&f, T, &m);
		feed_route(&f, 2 * T, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_ticks(&f, 2 * T, 3 * T);
		t = read_back(&f, "k8s02", "k8s02");
		b = told_block(&t, p->peer_block);
		assert_non_null(b);
		assert_int_equal(b->what, BASELINE_ROUTE);
		assert_addr(b->owner, p->peer);
		assert_addr(b->gw, p->peer);
		assert_string_equal(b->dev, "tunl0");
		assert_string_equal(b->node, "k8s01");
		assert_string_equal(b->from, "k8s02");
		/* until it went, by either clock */
		assert_int_equal(b->wall_ns, WALL + 2 * T * 1000LL);
		assert_int_equal(b->seen_ns, b->wall_ns - 1000);
		/* own blocks and pods are no memory worth having */
		assert_null(told_block(&t, p->own_block));
		for (uint32_t i = 0; i < t.cnt; i++)
			assert_true(t.obs[i].baseline.block.len != 32);
		b = told_node(&t, BASELINE_PEER, "k8s01");
		assert_non_null(b);
		assert_addr(b->owner, p->peer);
		mesh_free(&m);
		feed_close(&f, 3 * T);
	}
}

/* Of another node: its own block is its, by the address that the others reach it by */
static void test_other_node(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct obs_baseline *b;
		struct told t;
		struct feed f;
		struct mesh m;

		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 3);
		/* what BIRD is told to speak from is wrong */
		m.self = ip("192.188.1.1");
		feed_mesh(&f, T, &m);
		t = read_back(&f, "k8s02", "k8s01");
		b = told_block(&t, p->own_block);
		assert_non_null(b);
		assert_int_equal(b->what, BASELINE_BLOCK);
		assert_addr(b->owner, p->node);
		assert_string_equal(b->node, "k8s02");
		assert_int_equal(told_block(&t, p->peer_block)->what, BASELINE_BLOCK);
		assert_addr(told_node(&t, BASELINE_NODE, "k8s02")->owner, p->node);
		mesh_free(&m);
		feed_close(&f, T);
	}
}

/* In VXLAN the gateway is a VTEP: the owner is the node behind it. */
static void test_vtep(void **state)
{
	const struct plan *p = &plans[0];
	const struct obs_baseline *b;
	struct addr vtep;
	struct told t;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_VXLAN, 3);
	m.vteps = true;
	m.felix_owns = true;
	m.protocol = RP_BOOT;
	feed_mesh(&f, T, &m);
	/* a hand's, by another device, is none of Calico's */
	feed_route(&f, T, ROUTE_ADD, p->other_block, p->gw, IF_ETH0, RT_UNICAST, RP_BOOT, "ip");
	t = read_back(&f, "k8s02", "k8s02");
	b = told_block(&t, p->peer_block);
	vtep = mesh_vtep(&m.peer[0]);
	assert_non_null(b);
	assert_true(addr_eq(&b->gw, &vtep));
	assert_addr(b->owner, p->peer);
	b = told_block(&t, p->other_block);
	assert_true(!b || strcmp(b->dev, "eth0") != 0);
	mesh_free(&m);
	feed_close(&f, T);
}

/* ---- what findings make of it ---- */

static void feed_baseline(struct feed *f, enum baseline_what what, const char *block,
			  const char *owner, const char *node)
{
	struct obs o = { .kind = OBS_BASELINE };

	o.baseline.what = what;
	o.baseline.protocol = RP_BIRD;
	if (block)
		o.baseline.block = pfx(block);
	o.baseline.owner = o.baseline.gw = ip(owner);
	snprintf(o.baseline.node, sizeof(o.baseline.node), "%s", node);
	snprintf(o.baseline.from, sizeof(o.baseline.from), "k8s09");
	snprintf(o.baseline.dev, sizeof(o.baseline.dev), "tunl0");
	o.baseline.wall_ns = WALL;
	o.baseline.seen_ns = -5;
	feed_obs(f, 0, &o);
}

static const struct finding *leak(struct feed *f, const char *dst)
{
	for (uint32_t us = T; us < T + US_PER_S; us += 200 * MS) {
		feed_leaked(f, us, pkt_echo(f->plan->pod, dst, 7, (uint16_t)us));
		feed_ticks(f, us + 50 * MS, us + 150 * MS);
	}
	return finding_at(f, 1);
}

/* The tracer came after the incident: the missing block, its owner, and since when */
static void test_incident(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct because *b;
		const struct finding *x;
		struct feed f;
		struct mesh m;

		feed_open(&f, p, NULL);
		feed_baseline(&f, BASELINE_ROUTE, p->peer_block, p->peer, "k8s01");
		feed_baseline(&f, BASELINE_PEER, NULL, p->peer, "k8s01");
		m = mesh_of(&f, POOL_IPIP, 4);
		m.self = ip("192.188.1.1");
		m.without = MESH_NO_CONF;
		for (uint32_t j = 0; j < m.cnt; j++)
			mesh_down(&m, j, TCP_CLOSES, "Active", "Socket: Connection closed");
		feed_mesh(&f, T, &m);
		x = leak(&f, p->peer_pod);
		assert_string_equal(block_from_name(x->block_from), "baseline");
		assert_prefix(x->block[0], p->peer_block);
		b = chain_has(x, C_ROUTE_MISSING);
		assert_non_null(b);
		assert_int_equal(b->since_from, SINCE_BASELINE);
		assert_int_equal((int64_t)b->since_ns, -5);
		assert_int_equal(b->confidence, CONF_CERTAIN);
		assert_int_equal(x->peer_cnt, 1);
		assert_addr(x->peer[0], p->peer);
		assert_string_equal(x->peer_node[0], "k8s01");
		assert_true(evidence_has(x, "2020-04-08 02:04:22 UTC"));
		assert_true(evidence_has(x, "baseline"));
		assert_non_null(chain_has(x, C_NODE_ADDRESS_MISMATCH));
		mesh_free(&m);
		feed_close(&f, 2 * T);
	}
}

/* Without a baseline nothing of that is claimed. */
static void test_without(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_BGP_DOWN);
	x = leak(&f, p->peer_pod);
	assert_string_equal(block_from_name(x->block_from), "guess");
	assert_int_equal(chain_has(x, C_ROUTE_MISSING)->since_from, SINCE_BEFORE_START);
	assert_int_equal(x->peer_cnt, 0);
	assert_false(evidence_has(x, "baseline"));
	feed_close(&f, 2 * T);
}

/* What goes while we watch is known better than any baseline. */
static void test_seen_wins(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_baseline(&f, BASELINE_ROUTE, p->peer_block, "10.2.7.77", "k8s77");
	feed_node(&f, POOL_IPIP, 0);
	feed_route(&f, T - 1000, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	x = leak(&f, p->peer_pod);
	assert_string_equal(block_from_name(x->block_from), "history");
	assert_int_equal(chain_has(x, C_ROUTE_MISSING)->since_from, SINCE_SEEN);
	assert_addr(x->peer[0], p->peer);
	assert_false(evidence_has(x, "10.2.7.77"));
	feed_close(&f, 2 * T);
}

/* ---- the wrong node ---- */

static void sent_to(struct feed *f, const char *gw, uint8_t protocol)
{
	const struct plan *p = f->plan;

	feed_node(f, POOL_IPIP, NODE_NO_BLOCK);
	feed_route(f, 1000, ROUTE_ADD, p->peer_block, gw, IF_TUNNEL, RT_UNICAST, protocol, "x");
	feed_path(f, T, AT_TC_INGRESS, IF_CALI1, pkt_echo(p->pod, p->peer_pod, 7, 1));
	feed_path(f, T + 10, AT_TC_EGRESS, IF_TUNNEL,
		  with_dst(pkt_echo(p->pod, p->peer_pod, 7, 1), gw, IF_TUNNEL, RT_UNICAST, 0));
	feed_ticks(f, T + 50 * MS, T + US_PER_S);
}

static void test_wrong_node(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_baseline(&f, BASELINE_ROUTE, p->peer_block, p->peer, "k8s01");
	sent_to(&f, "10.2.7.202", RP_STATIC);
	x = finding_at(&f, 1);
	assert_int_equal(x->verdict, V_WRONG_NEXTHOP);
	assert_true(evidence_has(x, "k8s01"));
	feed_close(&f, 2 * T);

	/* BIRD's own route tells that the block has moved since */
	feed_open(&f, p, NULL);
	feed_baseline(&f, BASELINE_ROUTE, p->peer_block, p->peer, "k8s01");
	sent_to(&f, "10.2.7.202", RP_BIRD);
	assert_int_equal(feed_summary(&f).verdicts[V_WRONG_NEXTHOP], 0);
	feed_close(&f, 2 * T);

	/* the node that had it, by whatever address */
	feed_open(&f, p, NULL);
	feed_baseline(&f, BASELINE_ROUTE, p->peer_block, p->peer, "k8s01");
	sent_to(&f, p->peer, RP_STATIC);
	assert_int_equal(feed_summary(&f).verdicts[V_WRONG_NEXTHOP], 0);
	feed_close(&f, 2 * T);
}

/* ---- the audit ---- */

static void test_audit_missing(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct audit_said a;
		struct feed f;
		struct mesh m;

		feed_open(&f, p, NULL);
		feed_baseline(&f, BASELINE_ROUTE, p->peer_block, p->peer, "k8s01");
		m = mesh_of(&f, POOL_IPIP, 4);
		m.without = MESH_NO_CONF | MESH_NO_BIRD | MESH_NO_LIST | MESH_NO_DIAG;
		for (uint32_t j = 0; j < m.cnt; j++)
			mesh_down(&m, j, TCP_NONE, "", "");
		m.peer[0].arp = 1;
		feed_mesh(&f, T, &m);
		a = feed_audit(&f);
		assert_check(&a, "routes", CHECK_PROBLEM, C_ROUTE_MISSING);
		assert_true(check_says(check_of(&a, "routes"), p->peer_block));
		assert_true(check_says(check_of(&a, "routes"), "k8s01"));
		assert_true(check_says(check_of(&a, "routes"), "baseline"));
		mesh_free(&m);
		feed_close(&f, T);
	}
}

/* A block that was given up, one whose node left, one that is this node's own by now: no fault */
static void test_audit_moved(void **state)
{
	const struct plan *p = &plans[0];
	struct audit_said a;
	struct feed f;
	struct mesh m;

	(void)state;
	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	feed_baseline(&f, BASELINE_ROUTE, p->peer_block, "10.2.7.99", "k8s99");
	feed_baseline(&f, BASELINE_ROUTE, "10.253.99.0/26", "10.2.7.99", "k8s99");
	feed_baseline(&f, BASELINE_ROUTE, p->own_block, p->peer, "k8s01");
	feed_mesh(&f, T, &m);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_OK, C_UNKNOWN);
	mesh_free(&m);
	feed_close(&f, T);

	feed_open(&f, p, NULL);
	m = mesh_of(&f, POOL_IPIP, 4);
	feed_baseline(&f, BASELINE_ROUTE, "10.253.99.0/26", p->peer, "k8s01");
	feed_mesh(&f, T, &m);
	a = feed_audit(&f);
	assert_check(&a, "routes", CHECK_WARN, C_ROUTE_NOT_ANNOUNCED);
	/* its session is up: nothing says that the node is down */
	for (uint32_t i = 0; i < a.cnt; i++)
		if (!strcmp(a.check[i].name, "routes"))
			assert_non_null(strstr(a.check[i].explain, "not announced to this node"));
	mesh_free(&m);
	feed_close(&f, T);
}

/* The latest of several tells; without a name, the name that was told before stays. */
static void test_order(void **state)
{
	const struct plan *p = &plans[0];
	const struct finding *x;
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_baseline(&f, BASELINE_BLOCK, p->peer_block, p->peer, "k8s01");
	feed_baseline(&f, BASELINE_ROUTE, p->peer_block, p->peer, "");
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK | NODE_BGP_DOWN);
	x = leak(&f, p->peer_pod);
	assert_true(evidence_has(x, "k8s01"));
	assert_true(evidence_has(x, "dev tunl0"));
	feed_close(&f, 2 * T);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_node),   cmocka_unit_test(test_other_node),
		cmocka_unit_test(test_vtep),	    cmocka_unit_test(test_incident),
		cmocka_unit_test(test_without),	    cmocka_unit_test(test_seen_wins),
		cmocka_unit_test(test_wrong_node),  cmocka_unit_test(test_audit_missing),
		cmocka_unit_test(test_audit_moved), cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
