// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two nodes' observations, joined: what became on the other node of a request that got no reply, the
 * hops of a packet on both, states and clocks compared. Nothing is claimed of what was not seen.
 */
#include <stdlib.h>

#include "cluster.h"
#include "cluster_clock.h"
#include "feed.h"

#define T US_PER_S
/* The clock of b: another time since boot, and an hour of difference between the two */
#define BOOT (500 * (int64_t)NS_PER_S)

/* ---- two nodes, each with an engine of its own; a asks, b has the pod that is asked ---- */

struct side {
	struct two *two;
	struct feed feed; /* whose log is replayed */
	struct plan plan;
	struct engine *engine;
	struct packet last; /* of the records, and how many far hops it had */
	struct far_hop far[32];
	uint32_t idx;
	int64_t offset;
};

struct two {
	struct cluster *cluster;
	struct side side[2];
	struct check check[8];
	uint32_t check_cnt, check_idx[8];
};

static void mirror_plan(const struct plan *p, struct plan *q)
{
	*q = *p;
	q->own_block = p->peer_block;
	q->peer_block = p->own_block;
	q->pod = p->peer_pod;
	q->peer_pod = p->pod;
	q->node = p->peer;
	q->peer = p->node;
}

static void two_open(struct two *t, const struct plan *p)
{
	*t = (struct two){ 0 };
	t->side[0].plan = *p;
	mirror_plan(p, &t->side[1].plan);
	for (uint32_t i = 0; i < 2; i++)
		feed_open(&t->side[i].feed, &t->side[i].plan, NULL);
}

static void on_record(void *ctx, const struct record *rec)
{
	struct side *s = ctx;
	const struct record *r = cluster__record(s->two->cluster, s->idx, rec);

	if (r->kind != REC_PACKET)
		return;
	s->last = *r->packet;
	assert_true(r->packet->far_cnt <= 32);
	for (int i = 0; i < r->packet->far_cnt; i++)
		s->far[i] = r->packet->far[i];
}

static void one(struct two *t, struct side *s, const struct obs *o)
{
	struct obs x = *o;

	x.ts_ns = (uint64_t)((int64_t)x.ts_ns - s->offset);
	engine__feed(s->engine, &x);
	cluster__obs(t->cluster, s->idx, &x);
	while (cluster__take(t->cluster, s->idx, &x))
		engine__feed(s->engine, &x);
}

/* The logs of both, in the order of time, through engines that are joined */
static void two_run(struct two *t)
{
	static const char *const names[] = { "k8s02", "k8s01" };
	size_t at[2] = { 0, 0 };

	assert_int_equal(cluster__new(2, &t->cluster), 0);
	t->side[1].offset = BOOT;
	for (uint32_t i = 0; i < 2; i++) {
		struct side *s = &t->side[i];
		struct engine_opts eo = s->feed.opts;

		eo.emit = on_record;
		eo.emit_ctx = s;
		s->two = t;
		s->idx = i;
		assert_int_equal(engine__new(&eo, &s->engine), 0);
		cluster__node(t->cluster, i, names[i], s->engine, s->offset);
	}
	for (;;) {
		struct feed *a = &t->side[0].feed, *b = &t->side[1].feed;
		uint32_t i = at[0] == a->log_cnt ||
			     (at[1] < b->log_cnt && b->log[at[1]].ts_ns < a->log[at[0]].ts_ns);

		if (at[i] == t->side[i].feed.log_cnt)
			break;
		one(t, &t->side[i], &t->side[i].feed.log[at[i]++]);
	}
}

static void two_close(struct two *t)
{
	for (uint32_t i = 0; i < 2; i++) {
		engine__free(t->side[i].engine);
		feed_close(&t->side[i].feed, 6 * US_PER_S);
	}
	cluster__free(t->cluster);
}

static const struct finding *of(const struct two *t, uint32_t i)
{
	return engine__finding(t->side[i].engine, 1);
}

static void ticks(struct two *t)
{
	feed_ticks(&t->side[0].feed, T + 50 * MS, 5 * US_PER_S);
	feed_ticks(&t->side[1].feed, T + 50 * MS, 5 * US_PER_S);
}

static void nodes(struct two *t, enum pool_mode mode, unsigned int b)
{
	feed_node(&t->side[0].feed, mode, 0);
	feed_node(&t->side[1].feed, mode, b);
}

/* ---- requests without a reply ---- */

static void test_return_route(void **state)
{
	static const enum pool_mode modes[] = { POOL_IPIP, POOL_VXLAN };

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
			const struct finding *f;
			struct obs_pkt q;
			struct two t;

			two_open(&t, p);
			nodes(&t, modes[m], NODE_NO_BLOCK);
			q = pkt_dns(p->pod, p->peer_pod, 40000, 77);
			feed_sent(&t.side[0].feed, T, q);
			feed_back(&t.side[1].feed, T + 200, q);
			feed_leaked(&t.side[1].feed, T + 400, pkt_reply(&q));
			ticks(&t);
			two_run(&t);
			f = of(&t, 0);
			assert_non_null(f);
			assert_int_equal(f->verdict, V_UNANSWERED);
			assert_string_equal(cause_name(f->cause), "return-route-missing");
			assert_int_equal(chain_has(f, C_RETURN_ROUTE_MISSING)->confidence,
					 CONF_CERTAIN);
			assert_null(chain_has(f, C_BEYOND_NODE));
			assert_non_null(strstr(f->explain, "k8s01 has no route to"));
			assert_non_null(strstr(f->explain, p->own_block));
			assert_true(evidence_has(f, "un-encapsulated by eth0"));
			/* the other node saw its own fault */
			assert_int_equal(of(&t, 1)->verdict, V_LEAKED);
			two_close(&t);
		}
	}
}

static void test_allowlist(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct finding *f;
		struct obs_pkt q, outer;
		struct two t;

		two_open(&t, p);
		nodes(&t, POOL_IPIP, 0);
		q = pkt_echo(p->pod, p->peer_pod, 7, 1);
		feed_sent(&t.side[0].feed, T, q);
		outer = with_encap(q, ENCAP_IPIP, p->node, p->peer);
		outer.skb = feed_skb(&t.side[1].feed);
		feed_path(&t.side[1].feed, T + 200, AT_TC_INGRESS, IF_ETH0, outer);
		outer.flags |= EV_F_DST | EV_F_DST_INPUT;
		outer.dst_type = RT_LOCAL;
		feed_drop(&t.side[1].feed, T + 210, IF_ETH0, "NETFILTER_DROP", "nf_hook_slow",
			  outer);
		ticks(&t);
		two_run(&t);
		assert_int_equal(of(&t, 1)->verdict, V_ALLOWLIST);
		f = of(&t, 0);
		assert_string_equal(cause_name(f->cause), "peer-not-in-allowlist");
		assert_int_equal(chain_has(f, C_PEER_NOT_IN_ALLOWLIST)->confidence, CONF_CERTAIN);
		assert_null(chain_has(f, C_BEYOND_NODE));
		assert_non_null(strstr(f->explain, "k8s01 drops"));
		assert_non_null(strstr(f->explain, p->node));
		two_close(&t);
	}
}

/* Whatever else the other node did to it, or did not */
static void test_fates(void **state)
{
	const struct plan *p = &plans[0];
	static const struct {
		enum {
			NOT_THERE,
			HANDED,
			ANSWERED,
			REFUSED
		} there;
		enum cause cause;
		const char *said;
	} cases[] = {
		{ NOT_THERE, C_UNDERLAY_FILTERED, "did not reach k8s01" },
		{ HANDED, C_UNKNOWN, "which did not answer" },
		{ ANSWERED, C_UNDERLAY_FILTERED, "its replies did not reach this node" },
		{ REFUSED, C_FOREIGN_FIREWALL, "k8s01 lost them" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct finding *f;
		struct obs_pkt q;
		struct two t;

		two_open(&t, p);
		nodes(&t, POOL_IPIP, 0);
		q = pkt_echo(p->pod, p->peer_pod, 7, (uint16_t)i);
		feed_sent(&t.side[0].feed, T, q);
		if (cases[i].there == REFUSED) {
			q.skb = feed_skb(&t.side[1].feed);
			feed_path(&t.side[1].feed, T + 200, AT_TC_INGRESS, IF_TUNNEL, q);
			feed_drop(&t.side[1].feed, T + 210, IF_TUNNEL, "TC_INGRESS", "x", q);
		} else if (cases[i].there != NOT_THERE) {
			feed_back(&t.side[1].feed, T + 200, q);
		}
		if (cases[i].there == ANSWERED)
			feed_sent(&t.side[1].feed, T + 400, pkt_reply(&q));
		ticks(&t);
		two_run(&t);
		f = of(&t, 0);
		assert_string_equal(cause_name(f->cause), cause_name(cases[i].cause));
		assert_null(chain_has(f, C_BEYOND_NODE));
		if (!strstr(f->explain, cases[i].said))
			fail_msg("case %zu: %s", i, f->explain);
		two_close(&t);
	}
}

/* Of what the other capture cannot know nothing is said: it lost events, or it was not running. */
static void test_cannot_know(void **state)
{
	const struct plan *p = &plans[0];

	(void)state;
	for (int lossy = 0; lossy < 2; lossy++) {
		struct two t;

		two_open(&t, p);
		feed_node(&t.side[0].feed, POOL_IPIP, 0);
		if (lossy) {
			feed_node(&t.side[1].feed, POOL_IPIP, 0);
			feed_loss(&t.side[1].feed, T - 10, LOSS_RING, 3);
		}
		feed_sent(&t.side[0].feed, T, pkt_echo(p->pod, p->peer_pod, 7, 1));
		ticks(&t);
		two_run(&t);
		assert_string_equal(cause_name(of(&t, 0)->cause), "beyond-node");
		two_close(&t);
	}
}

/* Another packet of the same exchange's look, e.g. sent again, is not this one. */
static void test_not_the_same(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q, other;
	struct two t;

	(void)state;
	two_open(&t, p);
	nodes(&t, POOL_IPIP, 0);
	q = pkt_echo(p->pod, p->peer_pod, 7, 1);
	other = q;
	other.ip_id++;
	feed_sent(&t.side[0].feed, T, q);
	feed_back(&t.side[1].feed, T + 200, other);
	ticks(&t);
	two_run(&t);
	assert_non_null(strstr(of(&t, 0)->explain, "did not reach k8s01"));
	two_close(&t);
}

static void test_answered(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q;
	struct two t;

	(void)state;
	two_open(&t, p);
	nodes(&t, POOL_IPIP, 0);
	q = pkt_echo(p->pod, p->peer_pod, 7, 1);
	feed_sent(&t.side[0].feed, T, q);
	feed_back(&t.side[1].feed, T + 200, q);
	q = pkt_reply(&q);
	feed_sent(&t.side[1].feed, T + 400, q);
	feed_back(&t.side[0].feed, T + 600, q);
	ticks(&t);
	two_run(&t);
	assert_null(of(&t, 0));
	assert_null(of(&t, 1));
	two_close(&t);
}

/* ---- journeys ---- */

static void test_journey(void **state)
{
	const struct plan *p = &plans[0];
	const struct side *a;
	struct obs_pkt q;
	struct two t;

	(void)state;
	two_open(&t, p);
	nodes(&t, POOL_IPIP, 0);
	q = pkt_echo(p->pod, p->peer_pod, 7, 1);
	feed_sent(&t.side[0].feed, T, q);
	feed_back(&t.side[1].feed, T + 200, q);
	ticks(&t);
	two_run(&t);
	a = &t.side[0];
	assert_int_equal(a->last.verdict, V_UNANSWERED);
	assert_int_equal(a->last.hop_cnt, 3);
	assert_int_equal(a->last.far_cnt, 3);
	assert_string_equal(a->far[0].node, "k8s01");
	assert_string_equal(a->far[0].dev, "eth0");
	assert_string_equal(a->far[1].dev, "tunl0");
	assert_string_equal(a->far[2].dev, "cali111111");
	/* on the clock of the node whose packet it is */
	assert_int_equal(a->far[0].ts_ns - a->last.hop[0].ts_ns, 200 * NS_PER_US);
	two_close(&t);
}

/* Many more packets than are kept: the oldest go, the latest are found. */
static void test_bounded(void **state)
{
	const struct plan *p = &plans[0];
	struct two t;

	(void)state;
	two_open(&t, p);
	nodes(&t, POOL_IPIP, 0);
	two_run(&t);
	for (uint32_t i = 0; i < 200000; i++) {
		struct obs o = { .kind = OBS_PATH, .ts_ns = FEED_T0 + T * NS_PER_US + i * 10 };

		o.pkt = pkt_echo(p->pod, p->peer_pod, (uint16_t)(i >> 16), (uint16_t)i);
		o.pkt.hook = AT_TC_INGRESS;
		o.pkt.ifindex = IF_CALI1;
		o.pkt.skb = 0xffff888000000000ULL + i * 256ULL;
		one(&t, &t.side[0], &o);
	}
	two_close(&t);
}

/* ---- states ---- */

static void keep_check(void *ctx, uint32_t idx, const struct check *k)
{
	struct two *t = ctx;

	assert_true(t->check_cnt < ARRAY_SIZE(t->check));
	t->check_idx[t->check_cnt] = idx;
	t->check[t->check_cnt++] = *k;
}

static const struct check *check_on(struct two *t, uint32_t idx, const char *name)
{
	t->check_cnt = 0;
	cluster__audit(t->cluster, keep_check, t);
	for (uint32_t i = 0; i < t->check_cnt; i++)
		if (t->check_idx[i] == idx && !strcmp(t->check[i].name, name))
			return &t->check[i];
	fail_msg("no check %s", name);
	return NULL;
}

static void test_states_agree(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct two t;

		two_open(&t, p);
		nodes(&t, POOL_IPIP, 0);
		two_run(&t);
		for (uint32_t i = 0; i < 2; i++) {
			assert_int_equal(check_on(&t, i, "cluster-routes")->state, CHECK_OK);
			assert_int_equal(check_on(&t, i, "cluster-addresses")->state, CHECK_OK);
		}
		two_close(&t);
	}
}

/* k8s02 is registered with another address, and lacks what k8s01 has */
static void test_incident(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct check *k;
		struct mesh a, b;
		struct two t;

		two_open(&t, p);
		a = mesh_of(&t.side[0].feed, POOL_IPIP, 9);
		a.self = ip("192.188.1.1");
		for (uint32_t i = 0; i < a.cnt; i++)
			mesh_down(&a, i, TCP_CLOSES, "Active", "Socket: Connection closed");
		feed_mesh(&t.side[0].feed, T, &a);
		b = mesh_of(&t.side[1].feed, POOL_IPIP, 9);
		b.peer[0].addr = ip("192.188.1.1");
		snprintf(b.peer[0].node, sizeof(b.peer[0].node), "k8s02");
		mesh_down(&b, 0, TCP_SILENT, "Connect", "");
		feed_mesh(&t.side[1].feed, T, &b);
		two_run(&t);
		k = check_on(&t, 0, "cluster-routes");
		assert_int_equal(k->state, CHECK_PROBLEM);
		assert_non_null(strstr(k->explain, "k8s02 lacks 9 routes that k8s01 has"));
		assert_non_null(strstr(k->explain, p->peer_block));
		assert_true(check_says(k, "k8s02: "));
		k = check_on(&t, 1, "cluster-routes");
		assert_non_null(strstr(k->explain, "k8s01 lacks 1 route that k8s02 has"));
		assert_non_null(strstr(k->explain, p->own_block));
		k = check_on(&t, 0, "cluster-addresses");
		assert_int_equal(k->state, CHECK_PROBLEM);
		assert_int_equal(k->cause, C_NODE_ADDRESS_MISMATCH);
		assert_non_null(strstr(k->explain, "k8s01 knows k8s02 as 192.188.1.1"));
		assert_non_null(strstr(k->explain, p->node));
		assert_int_equal(check_on(&t, 1, "cluster-addresses")->state, CHECK_OK);
		mesh_free(&a);
		mesh_free(&b);
		two_close(&t);
	}
}

/* Nodes without a tunnel and without a session between them may know routers alone. */
static void test_routers_only(void **state)
{
	static const enum pool_mode modes[] = { POOL_NONE, POOL_IPIP };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const struct plan *p = &plans[0];
		struct two t;

		two_open(&t, p);
		feed_node(&t.side[0].feed, modes[i], NODE_NO_BLOCK | NODE_BGP_DOWN);
		feed_node(&t.side[1].feed, modes[i], NODE_NO_BLOCK | NODE_BGP_DOWN);
		two_run(&t);
		assert_int_equal(check_on(&t, 0, "cluster-routes")->state,
				 modes[i] == POOL_NONE ? CHECK_OK : CHECK_PROBLEM);
		two_close(&t);
	}
}

/* ---- clocks ---- */

struct wire {
	struct clocks *c;
	int64_t skew; /* of node 1 */
	uint32_t seq;
};

static void sighting(struct wire *w, uint32_t idx, enum hook hook, struct obs_pkt p, int64_t ns)
{
	struct obs o = { .kind = OBS_PATH, .pkt = p };

	o.pkt.hook = hook;
	o.pkt.ifindex = IF_ETH0;
	o.ts_ns = (uint64_t)(FEED_T0 + ns);
	clocks__obs(w->c, idx, &o, idx ? w->skew : 0);
}

static void exchange(struct wire *w, int64_t ns, int64_t there, int64_t back)
{
	struct obs_pkt q = pkt_echo("10.0.0.1", "10.0.1.1", 9, (uint16_t)w->seq++), r;

	sighting(w, 0, AT_TC_EGRESS, q, ns);
	sighting(w, 1, AT_TC_INGRESS, q, ns + there);
	r = pkt_reply(&q);
	sighting(w, 1, AT_TC_EGRESS, r, ns + there + 50000);
	sighting(w, 0, AT_TC_INGRESS, r, ns + there + 50000 + back);
}

static void test_clocks(void **state)
{
	static const int64_t skews[] = { 0, 1234567, -3600 * (int64_t)NS_PER_S };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(skews); i++) {
		struct wire w = { .skew = skews[i] };
		struct clock_rel r = { .reference = "k8s02" };
		int64_t off;

		assert_int_equal(clocks__new(2, &w.c), 0);
		for (int k = 0; k < 50; k++)
			exchange(&w, k * 1000000, 20000 + k % 7 * 1000, 24000 + k % 5 * 9000);
		assert_true(clocks__solve(w.c, 1, &r));
		assert_string_equal(r.reference, "k8s02");
		assert_int_equal(r.packets, 50);
		off = r.offset_ns - skews[i];
		assert_true(off < 5000 && off > -5000);
		assert_true(r.error_ns < 50000);
		/* it is as far from the truth as it says at most */
		assert_true((uint64_t)(off < 0 ? -off : off) <= r.error_ns);
		clocks__free(w.c);
	}
}

/* One direction proves nothing, nor do a few packets, nor those that come twice. */
static void test_clocks_unknown(void **state)
{
	struct wire w = { 0 };
	struct clock_rel r = { 0 };

	(void)state;
	assert_int_equal(clocks__new(2, &w.c), 0);
	exchange(&w, 0, 20000, 20000);
	for (int k = 0; k < 20; k++) {
		struct obs_pkt q = pkt_echo("10.0.0.1", "10.0.1.1", 8, (uint16_t)k);

		sighting(&w, 0, AT_TC_EGRESS, q, k * 1000000);
		sighting(&w, 1, AT_TC_INGRESS, q, k * 1000000 + 5000);
	}
	for (int k = 0; k < 20; k++) {
		struct obs_pkt q = pkt_echo("10.0.1.1", "10.0.0.1", 8, 1);

		q.ip_id = 0;
		sighting(&w, 1, AT_TC_EGRESS, q, k * 2 * (int64_t)NS_PER_S);
		sighting(&w, 0, AT_TC_INGRESS, q, k * 2 * (int64_t)NS_PER_S + 5000);
	}
	assert_false(clocks__solve(w.c, 1, &r));
	assert_false(r.known);
	assert_int_equal(r.packets, 1);
	clocks__free(w.c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_return_route),   cmocka_unit_test(test_allowlist),
		cmocka_unit_test(test_fates),	       cmocka_unit_test(test_cannot_know),
		cmocka_unit_test(test_not_the_same),   cmocka_unit_test(test_answered),
		cmocka_unit_test(test_journey),	       cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_states_agree),   cmocka_unit_test(test_incident),
		cmocka_unit_test(test_routers_only),   cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_clocks_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
