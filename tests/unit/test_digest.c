// SPDX-License-Identifier: GPL-2.0-only
/* One side of a comparison: exchanges, blocks and routes as they are drawn from an engine. */
#include <stdlib.h>

#include "digest.h"
#include "feed.h"

/* The first observations are the snapshot of the start: a replay begins to tell after them. */
struct replayed {
	struct digest d;
	struct engine *engine;
	int node;
	bool ready;
};

static void on_record(void *ctx, const struct record *rec)
{
	struct replayed *r = ctx;

	if (r->ready)
		digest__record(&r->d, r->node, r->engine, rec);
}

/* What was fed, once more, into digest d of node k8s02; it ends at us. */
static void replay_into(struct digest *d, const struct feed *f, uint32_t us)
{
	struct replayed r = { .d = *d };
	struct engine_opts eo = {
		.reply_timeout_ns = 2 * NS_PER_S,
		.all = true,
		.dns_port = { 53 },
		.emit = on_record,
		.emit_ctx = &r,
	};
	uint64_t end_ns = FEED_T0 + (uint64_t)us * NS_PER_US;

	r.node = digest__add(&r.d, "k8s02", 0);
	assert_int_equal(r.node, 0);
	assert_int_equal(engine__new(&eo, &r.engine), 0);
	for (size_t i = 0; i < f->log_cnt; i++) {
		engine__feed(r.engine, &f->log[i]);
		if (f->log[i].kind == OBS_POOLS && !r.ready) {
			digest__begin(&r.d, r.node, r.engine, FEED_T0);
			r.ready = true;
		}
	}
	engine__finish(r.engine, end_ns);
	digest__end(&r.d, r.node, r.engine, end_ns);
	engine__free(r.engine);
	*d = r.d;
}

static struct digest digest_of(const struct feed *f, uint32_t us)
{
	struct digest d = { 0 };

	replay_into(&d, f, us);
	assert_false(d.oom);
	assert_true(d.node[0].complete);
	return d;
}

static bool is_end(const struct digest_end *e, const char *block)
{
	struct prefix p;

	if (!block)
		return e->place == DG_OUTSIDE;
	p = pfx(block);
	return e->place == DG_BLOCK && prefix_eq(&e->block, &p);
}

/* dst NULL: outside; fails if there is none */
static const struct digest_flow *flow(const struct digest *d, const char *src, const char *dst,
				      enum app app)
{
	const struct digest_node *n = &d->node[0];

	for (uint32_t i = 0; i < n->flow_cnt; i++)
		if (n->flow[i].app == app && is_end(&n->flow[i].src, src) &&
		    is_end(&n->flow[i].dst, dst))
			return &n->flow[i];
	fail_msg("no flow %s > %s", src, dst ? dst : "outside");
	return NULL;
}

static const struct digest_block *block(const struct digest *d, const char *text)
{
	struct prefix p = pfx(text);
	const struct digest_block *b = digest__block(&d->node[0], &p);

	assert_non_null(b);
	return b;
}

static void node_up(struct feed *f, const struct plan *p)
{
	feed_open(f, p, NULL);
	feed_node(f, POOL_IPIP, 0);
}

/* The digest of what was fed up to us, and that is all of it */
static struct digest close_at(struct feed *f, uint32_t us)
{
	struct digest d = digest_of(f, us);

	feed_close(f, us);
	return d;
}

/* ---- exchanges ---- */

/* The own node's addresses are one end, each other node's is an end of its own. */
static void test_nodes_are_ends(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q[2] = { pkt_echo(p->pod, p->node, 7, 1), pkt_echo(p->pod, p->peer, 7, 2) };
	struct feed f;
	struct digest d;

	(void)state;
	node_up(&f, p);
	for (int i = 0; i < 2; i++) {
		feed_sent(&f, 1000 * MS + i * MS, q[i]);
		feed_back(&f, 1001 * MS + i * MS, pkt_reply(&q[i]));
	}
	d = close_at(&f, 3000 * MS);
	assert_int_equal(d.node[0].flow_cnt, 2);
	assert_int_equal(d.node[0].flow[0].dst.place, DG_HOST);
	assert_int_equal(d.node[0].flow[1].dst.place, DG_NODE);
	assert_memory_equal(&d.node[0].flow[1].dst.block.addr, &q[1].dst, sizeof(struct addr));
	digest__free(&d);
}

/* Asked long after the last one that was answered, and not overdue when the trace ends */
static void test_waits(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
	const struct digest_flow *x;
	struct feed f;
	struct digest d;

	(void)state;
	node_up(&f, p);
	feed_sent(&f, 1000 * MS, q);
	feed_back(&f, 1001 * MS, pkt_reply(&q));
	feed_ticks(&f, 1100 * MS, 3500 * MS);
	feed_sent(&f, 3600 * MS, pkt_echo(p->pod, p->peer_pod, 7, 2));
	feed_ticks(&f, 3700 * MS, 4000 * MS);
	d = close_at(&f, 4 * US_PER_S);
	x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
	assert_int_equal(x->sent, 2);
	assert_int_equal(x->bad, 0);
	assert_true(digest__flow_waits(x));
	assert_false(digest__flow_broken(x));
	digest__free(&d);
}

static void test_answered(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_sent(&f, 1000 * MS, q);
		feed_back(&f, 1001 * MS, pkt_reply(&q));
		feed_ticks(&f, 1100 * MS, 4000 * MS);
		d = close_at(&f, 4 * US_PER_S);
		x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
		assert_int_equal(d.node[0].flow_cnt, 1);
		assert_int_equal(x->sent, 1);
		assert_int_equal(x->answered, 1);
		assert_int_equal(x->bad, 0);
		assert_true(x->good_ns == FEED_T0 + NS_PER_S);
		assert_false(digest__flow_broken(x));
		assert_false(digest__flow_waits(x));
		assert_false(addr_is_set(&x->service));
		digest__free(&d);
	}
}

static void test_service(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_dns(p->pod, p->service, 40001, 12), to_pod, r, out;
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		q.skb = feed_skb(&f);
		to_pod = with_addrs(q, p->pod, p->peer_pod);
		feed_path(&f, 0, AT_TC_INGRESS, IF_CALI1, q);
		feed_path(&f, 50, AT_TC_EGRESS, IF_TUNNEL,
			  with_ct(with_dst(to_pod, p->peer, IF_TUNNEL, RT_UNICAST, 0), p->pod,
				  p->service, p->peer_pod, p->pod, false));
		feed_path(&f, 60, AT_TC_EGRESS, IF_ETH0,
			  with_encap(to_pod, ENCAP_IPIP, p->node, p->peer));
		r = pkt_reply(&to_pod);
		r.skb = feed_skb(&f);
		feed_path(&f, 900, AT_TC_INGRESS, IF_ETH0,
			  with_encap(r, ENCAP_IPIP, p->peer, p->node));
		feed_path(&f, 905, AT_TC_INGRESS, IF_TUNNEL, r);
		out = with_addrs(r, p->service, p->pod);
		feed_path(&f, 915, AT_TC_EGRESS, IF_CALI1,
			  with_ct(with_dst(out, NULL, IF_CALI1, RT_UNICAST, 0), p->pod, p->service,
				  p->peer_pod, p->pod, true));
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		d = close_at(&f, 3 * US_PER_S);
		assert_int_equal(d.node[0].flow_cnt, 1);
		x = flow(&d, p->own_block, p->peer_block, APP_DNS);
		assert_addr(x->service, p->service);
		assert_int_equal(x->sent, 1);
		assert_int_equal(x->answered, 1);
		digest__free(&d);
	}
}

static void test_leaked(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_sent(&f, 500 * MS, q);
		feed_back(&f, 501 * MS, pkt_reply(&q));
		feed_route(&f, 700 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leaked(&f, 1000 * MS, pkt_echo(p->pod, p->peer_pod, 7, 2));
		feed_ticks(&f, 1100 * MS, 4000 * MS);
		d = close_at(&f, 4 * US_PER_S);
		x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
		assert_int_equal(x->sent, 2);
		assert_int_equal(x->answered, 1);
		assert_int_equal(x->lost[V_LEAKED], 1);
		assert_int_equal(x->bad, 1);
		assert_true(digest__flow_broken(x));
		assert_int_equal(d.node[0].finding_cnt, 1);
		digest__free(&d);
	}
}

/* The reply gets to this node, and is lost on it: it is an answer to nobody */
static void test_reply_lost(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->peer_pod, p->pod, 7, 1);
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_route(&f, 700 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_back(&f, 1000 * MS, q);
		feed_leaked(&f, 1001 * MS, pkt_reply(&q));
		feed_ticks(&f, 1100 * MS, 4000 * MS);
		d = close_at(&f, 4 * US_PER_S);
		assert_int_equal(d.node[0].flow_cnt, 1);
		x = flow(&d, p->peer_block, p->own_block, APP_ICMP);
		assert_int_equal(x->sent, 1);
		assert_int_equal(x->answered, 0);
		assert_int_equal(x->lost[V_LEAKED], 1);
		assert_true(digest__flow_broken(x));
		digest__free(&d);
	}
}

/* A later record of the same packet replaces the earlier one. */
static void test_late(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_sent(&f, 1000 * MS, q);
		feed_ticks(&f, 1100 * MS, 4000 * MS);
		feed_back(&f, 4050 * MS, pkt_reply(&q));
		feed_ticks(&f, 4100 * MS, 6000 * MS);
		d = close_at(&f, 6 * US_PER_S);
		x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
		assert_int_equal(x->sent, 1);
		assert_int_equal(x->late, 1);
		assert_int_equal(x->answered, 0);
		assert_int_equal(x->lost[V_UNANSWERED], 1);
		assert_int_equal(x->bad, 1);
		digest__free(&d);
	}
}

/* What asks and has no answer yet when the trace ends is neither good nor bad */
static void test_open_end(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_sent(&f, 1000 * MS, pkt_echo(p->pod, p->peer_pod, 7, 1));
		feed_ticks(&f, 1100 * MS, 1500 * MS);
		d = close_at(&f, 1500 * MS);
		x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
		assert_int_equal(x->sent, 1);
		assert_int_equal(x->answered, 0);
		assert_int_equal(x->bad, 0);
		assert_false(digest__flow_broken(x));
		digest__free(&d);
	}
}

/* A reset refuses: that it came proves the way, and answers nothing */
static void test_reset(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_syn(p->pod, p->peer_pod, 40002, 80), r = pkt_reply(&q);
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		r.tcp_flags = 0x14;
		node_up(&f, p);
		feed_sent(&f, 1000 * MS, q);
		feed_back(&f, 1001 * MS, r);
		feed_ticks(&f, 1100 * MS, 4000 * MS);
		d = close_at(&f, 4 * US_PER_S);
		x = flow(&d, p->own_block, p->peer_block, APP_TCP);
		assert_int_equal(x->sent, 1);
		assert_int_equal(x->answered, 0);
		assert_int_equal(x->bad, 0);
		digest__free(&d);
	}
}

/* Good again after a loss: not broken at the end */
static void test_healed_within(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 2);
		const struct digest_flow *x;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_route(&f, 700 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leaked(&f, 1000 * MS, pkt_echo(p->pod, p->peer_pod, 7, 1));
		feed_route(&f, 1500 * MS, ROUTE_ADD, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_sent(&f, 2000 * MS, q);
		feed_back(&f, 2001 * MS, pkt_reply(&q));
		feed_ticks(&f, 2100 * MS, 4000 * MS);
		d = close_at(&f, 4 * US_PER_S);
		x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
		assert_int_equal(x->bad, 1);
		assert_false(digest__flow_broken(x));
		assert_true(block(&d, p->peer_block)->have);
		assert_true(block(&d, p->peer_block)->gone_ns == 0);
		digest__free(&d);
	}
}

/* ---- the state ---- */

static void test_blocks(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct prefix own = pfx(p->own_block);
		const struct digest_block *b;
		const struct digest_node *n;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_ticks(&f, 100 * MS, 300 * MS);
		d = close_at(&f, 300 * MS);
		n = &d.node[0];
		b = block(&d, p->peer_block);
		assert_true(b->have);
		assert_true(b->known & DG_ROUTE);
		assert_addr(b->owner, p->peer);
		/* the own one is a stop, and none of another node's */
		assert_null(digest__block(n, &own));
		assert_non_null(digest__route(n, &own));
		for (uint32_t i = 0; i < n->route_cnt; i++) {
			assert_int_not_equal(strncmp(n->route[i].dev, "cali", 4), 0);
			if (i)
				assert_true(memcmp(&n->route[i - 1].dst, &n->route[i].dst,
						   sizeof(struct prefix)) < 0);
		}
		assert_non_null(digest__check(n, "routes"));
		digest__free(&d);
	}
}

static void test_route_gone(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct prefix peer_block = pfx(p->peer_block);
		const struct digest_block *b;
		struct feed f;
		struct digest d;

		node_up(&f, p);
		feed_route(&f, 700 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_ticks(&f, 800 * MS, 1000 * MS);
		d = close_at(&f, 1000 * MS);
		b = block(&d, p->peer_block);
		assert_false(b->have);
		assert_int_equal(b->known, DG_HISTORY);
		assert_true(b->gone_ns == FEED_T0 + 700 * NS_PER_MS);
		assert_string_equal(b->by.comm, "bird");
		assert_addr(b->owner, p->peer);
		assert_null(digest__way(&d.node[0], &peer_block));
		digest__free(&d);
	}
}

/* The trace began when the route was gone: only what is lost tells of the block */
static void test_known_by_loss(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct digest_block *b;
		struct feed f;
		struct digest d;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
		feed_leaked(&f, 1000 * MS, pkt_echo(p->pod, p->peer_pod, 7, 1));
		feed_ticks(&f, 1100 * MS, 4000 * MS);
		d = close_at(&f, 4 * US_PER_S);
		b = block(&d, p->peer_block);
		assert_false(b->have);
		assert_int_equal(b->known, DG_FINDING);
		digest__free(&d);
	}
}

/* The sources around the node: sessions, and what BIRD has that the kernel has not */
static void test_mesh(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct digest_node *n;
		char text[PREFIX_STRLEN];
		struct feed f;
		struct digest d;
		struct mesh m;

		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 4);
		m.peer[2].route = false;
		mesh_down(&m, 3, TCP_CLOSES, "Idle", "Socket: Connection closed");
		feed_mesh(&f, 0, &m);
		feed_ticks(&f, 100 * MS, 300 * MS);
		d = close_at(&f, 300 * MS);
		n = &d.node[0];
		assert_int_equal(n->peer_cnt, 4);
		for (uint32_t i = 0; i < 4; i++) {
			const struct view_peer *v = digest__peer(n, &m.peer[i].addr);

			assert_non_null(v);
			assert_true(v->configured);
			assert_int_equal(v->up, i != 3);
			assert_string_equal(v->node, m.peer[i].node);
		}
		assert_string_equal(digest__peer(n, &m.peer[3].addr)->state, "Idle");
		assert_true(n->sources.bird && n->sources.peers && n->sources.nodes);
		prefix_str(&m.peer[2].block, text);
		assert_false(block(&d, text)->have);
		assert_true(block(&d, text)->known & DG_BIRD);
		assert_true(addr_eq(&block(&d, text)->owner, &m.peer[2].addr));
		assert_true(block(&d, p->peer_block)->have);
		assert_int_equal(digest__check(n, "routes")->state, CHECK_PROBLEM);
		mesh_free(&m);
		digest__free(&d);
	}
}

static void test_recovering(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct feed f;
		struct digest d;
		struct mesh m;

		feed_open(&f, p, NULL);
		m = mesh_of(&f, POOL_IPIP, 3);
		m.recovering = true;
		feed_mesh(&f, 0, &m);
		feed_ticks(&f, 100 * MS, 300 * MS);
		d = close_at(&f, 300 * MS);
		assert_true(d.node[0].sources.recovering);
		mesh_free(&m);
		digest__free(&d);
	}
}

static void test_loss(void **state)
{
	struct feed f;
	struct digest d;

	(void)state;
	node_up(&f, plans);
	feed_loss(&f, 500 * MS, LOSS_RING, 17);
	feed_loss(&f, 500 * MS, LOSS_WITHHELD, 3);
	feed_ticks(&f, 600 * MS, 1000 * MS);
	d = close_at(&f, 1000 * MS);
	assert_int_equal(d.node[0].lost, 17);
	assert_int_equal(d.node[0].withheld, 3);
	digest__free(&d);
}

/* ---- bounds ---- */

/* Two runs of one node: packets are counted from 1 in each */
static void test_two_runs(void **state)
{
	const struct plan *p = plans;
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
	const struct digest_flow *x;
	struct digest d = { 0 };
	struct feed f;

	(void)state;
	node_up(&f, p);
	feed_sent(&f, 1000 * MS, q);
	feed_back(&f, 1001 * MS, pkt_reply(&q));
	feed_ticks(&f, 1100 * MS, 4000 * MS);
	replay_into(&d, &f, 4 * US_PER_S);
	replay_into(&d, &f, 4 * US_PER_S);
	feed_close(&f, 4 * US_PER_S);
	assert_int_equal(d.cnt, 1);
	x = flow(&d, p->own_block, p->peer_block, APP_ICMP);
	assert_int_equal(x->sent, 2);
	assert_int_equal(x->answered, 2);
	assert_true(block(&d, p->peer_block)->have);
	digest__free(&d);
}

/* Each pair of blocks once, until there are too many: the rest is counted together */
static void test_many_flows(void **state)
{
	const struct plan *p = plans;
	struct packet pkt = { .app = APP_ICMP, .icmp_valid = true, .icmp_type = 8, .proto = 1 };
	struct record rec = { .kind = REC_PACKET, .packet = &pkt };
	uint64_t sent = 0, over = 0;
	struct digest d = { 0 };
	struct feed f;

	(void)state;
	node_up(&f, p);
	assert_int_equal(digest__add(&d, "k8s02", 0), 0);
	pkt.verdict = V_SENT;
	pkt.src = pkt.dst = ip("10.253.0.1");
	for (uint32_t i = 0; i < DIGEST_FLOWS + 5000; i++) {
		pkt.id = i + 1;
		pkt.src.b[2] = (uint8_t)(i / 400 / 4);
		pkt.src.b[3] = (uint8_t)(i / 400 % 4 * 64);
		pkt.dst.b[2] = (uint8_t)(i % 400 / 4);
		pkt.dst.b[3] = (uint8_t)(i % 400 % 4 * 64 + 3);
		digest__record(&d, 0, f.engine, &rec);
	}
	assert_true(d.node[0].cut_lists);
	assert_int_equal(d.node[0].flow_cnt, DIGEST_FLOWS + 1);
	for (uint32_t i = 0; i < d.node[0].flow_cnt; i++) {
		sent += d.node[0].flow[i].sent;
		over += d.node[0].flow[i].src.place == DG_OTHER;
	}
	assert_int_equal(sent, DIGEST_FLOWS + 5000);
	assert_int_equal(over, 1);
	digest__free(&d);
	feed_close(&f, 1000 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes_are_ends), cmocka_unit_test(test_waits),
		cmocka_unit_test(test_answered),       cmocka_unit_test(test_service),
		cmocka_unit_test(test_leaked),	       cmocka_unit_test(test_reply_lost),
		cmocka_unit_test(test_late),	       cmocka_unit_test(test_open_end),
		cmocka_unit_test(test_reset),	       cmocka_unit_test(test_healed_within),
		cmocka_unit_test(test_blocks),	       cmocka_unit_test(test_route_gone),
		cmocka_unit_test(test_known_by_loss),  cmocka_unit_test(test_mesh),
		cmocka_unit_test(test_recovering),     cmocka_unit_test(test_loss),
		cmocka_unit_test(test_two_runs),       cmocka_unit_test(test_many_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
