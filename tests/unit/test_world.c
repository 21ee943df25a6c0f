// SPDX-License-Identifier: GPL-2.0-only
/* What the sources said: rounds, what is kept when one fails, orders and look-ups. */
#include <stdlib.h>

#include "diagnose.h"
#include "feed.h"

#define NONE ((struct addr){ 0 })

static struct addr nth(uint32_t n)
{
	struct addr a = { .family = 4 };

	a.b[0] = 10;
	a.b[1] = (uint8_t)(n >> 16);
	a.b[2] = (uint8_t)(n >> 8);
	a.b[3] = (uint8_t)n;
	return a;
}

static void conf_round(struct feed *f, uint32_t from, uint32_t cnt, enum source_state end)
{
	feed_begin(f, 1, SOURCE_CONF);
	for (uint32_t i = 0; i < cnt; i++)
		feed_conf_peer(f, 1, PEER_MESH, nth(from + i), NONE, "");
	feed_end(f, 1, SOURCE_CONF, end);
}

/* What a failed round says does not count, and what was known stays. */
static void test_rounds(void **state)
{
	static const enum source_state bad[] = { SOURCE_ABSENT, SOURCE_DENIED, SOURCE_TIMEOUT,
						 SOURCE_GARBAGE, SOURCE_OFF };
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	assert_false(world_knows(f.engine, SOURCE_CONF));
	conf_round(&f, 1, 3, SOURCE_OK);
	assert_true(world_knows(f.engine, SOURCE_CONF));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		conf_round(&f, 100, 5, bad[i]);
		assert_int_equal(world_cnt(f.engine, W_PEER), 3);
		assert_true(world_knows(f.engine, SOURCE_CONF));
		assert_false(world_is_fresh(f.engine, SOURCE_CONF));
		assert_non_null(world_peer_of(f.engine,
					      &(struct addr){ .b = { 10, 0, 0, 2 }, .family = 4 }));
	}
	conf_round(&f, 2, 1, SOURCE_OK);
	assert_int_equal(world_cnt(f.engine, W_PEER), 1);
	assert_true(world_is_fresh(f.engine, SOURCE_CONF));
	conf_round(&f, 2, 0, SOURCE_OK);
	assert_int_equal(world_cnt(f.engine, W_PEER), 0);
	feed_close(&f, 2);
}

/* Outside of a round nothing belongs to anything; a round that starts anew forgets what it had. */
static void test_outside(void **state)
{
	struct addr a = nth(1), b = nth(2);
	struct obs bird = { .kind = OBS_BIRD, .bird = { .recovering = true } };
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_conf_peer(&f, 1, PEER_MESH, a, NONE, "");
	feed_end(&f, 1, SOURCE_CONF, SOURCE_OK);
	assert_false(world_knows(f.engine, SOURCE_CONF));
	assert_int_equal(world_cnt(f.engine, W_PEER), 0);
	conf_round(&f, 7, 2, SOURCE_OK);
	/* an end too many takes nothing away */
	feed_end(&f, 1, SOURCE_CONF, SOURCE_OK);
	assert_int_equal(world_cnt(f.engine, W_PEER), 2);
	/* one that was cut */
	feed_begin(&f, 1, SOURCE_CONF);
	feed_conf_peer(&f, 1, PEER_MESH, a, NONE, "");
	conf_round(&f, 2, 1, SOURCE_OK);
	assert_null(world_peer_of(f.engine, &a));
	assert_non_null(world_peer_of(f.engine, &b));
	/* rounds of two sources at a time, and an item of a third */
	feed_begin(&f, 1, SOURCE_CONF);
	feed_begin(&f, 1, SOURCE_NEIGH);
	feed_conf_peer(&f, 1, PEER_MESH, a, NONE, "");
	feed_neigh_seen(&f, 1, b, false);
	feed_answer(&f, 1, b, NONE, NONE, 1, 0);
	feed_end(&f, 1, SOURCE_CONF, SOURCE_OK);
	feed_end(&f, 1, SOURCE_NEIGH, SOURCE_OK);
	feed_end(&f, 1, SOURCE_ANSWER, SOURCE_OK);
	assert_non_null(world_peer_of(f.engine, &a));
	assert_non_null(world_neigh(f.engine, &b));
	assert_null(world_answer(f.engine, &b));
	/* a status that came outside is not the next round's */
	feed_obs(&f, 1, &bird);
	feed_begin(&f, 1, SOURCE_BIRD);
	feed_end(&f, 1, SOURCE_BIRD, SOURCE_OK);
	assert_false(bird_recovers(f.engine));
	/* hostile: no such source */
	feed_begin(&f, 1, (enum source)77);
	feed_end(&f, 1, (enum source)77, SOURCE_OK);
	feed_close(&f, 2);
}

/* Of several for one key the look-up has the one that counts, in whatever order they come. */
static void test_duplicates(void **state)
{
	struct addr a = nth(5), x = nth(9), y = nth(4);

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct obs o = { .kind = OBS_BIRD_ROUTE };
		struct feed f;

		feed_open(&f, &plans[0], NULL);
		feed_begin(&f, 1, SOURCE_NEIGH);
		feed_neigh_seen(&f, 1, x, false);
		feed_neigh_seen(&f, 1, a, !turn);
		feed_neigh_seen(&f, 1, a, turn);
		feed_neigh_seen(&f, 1, y, false);
		feed_end(&f, 1, SOURCE_NEIGH, SOURCE_OK);
		assert_false(world_neigh(f.engine, &a)->failed);

		feed_begin(&f, 1, SOURCE_BIRD);
		feed_bird_proto(&f, 1, "Node_x_port_1", a, turn ? "Active" : "Established", "");
		feed_bird_proto(&f, 1, "Node_x_port_2", a, turn ? "Established" : "Active", "");
		o.bird_route.dst = pfx("10.1.0.0/26");
		o.bird_route.best = turn;
		feed_obs(&f, 1, &o);
		o.bird_route.best = !turn;
		feed_obs(&f, 1, &o);
		feed_bird_route(&f, 1, "p", pfx("10.1.0.0/24"), a);
		feed_end(&f, 1, SOURCE_BIRD, SOURCE_OK);
		assert_string_equal(world_proto_of(f.engine, &a)->bgp, "Established");
		assert_true(world_broute_of(f.engine, &o.bird_route.dst)->best);
		o.bird_route.dst.len = 25;
		assert_null(world_broute_of(f.engine, &o.bird_route.dst));

		feed_begin(&f, 1, SOURCE_VTEP);
		feed_vtep(&f, 1, a, x, true, turn);
		feed_vtep(&f, 1, a, x, true, !turn);
		feed_vtep(&f, 1, NONE, y, false, true);
		feed_end(&f, 1, SOURCE_VTEP, SOURCE_OK);
		assert_true(diag_vtep_of(f.engine, &a)->have_fdb);
		assert_null(diag_vtep_of(f.engine, &x));
		assert_addr(((struct addr[]){ diag_node_of(f.engine, &a) })[0], "10.0.0.9");
		assert_addr(((struct addr[]){ diag_node_of(f.engine, &x) })[0], "10.0.0.9");
		feed_close(&f, 2);
	}
}

/* Turns and reasons are told once each; a neighbour may have two sessions. */
static void test_news(void **state)
{
	struct addr a = nth(5);
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	for (int i = 0; i < 4; i++) {
		feed_begin(&f, 1, SOURCE_BIRD);
		feed_bird_proto(&f, 1, "Node_x_port_1", a, i == 2 ? "Active" : "Established", "");
		feed_bird_proto(&f, 1, "Node_x_port_2", a, i % 2 ? "Idle" : "Active", "refused");
		feed_end(&f, 1, SOURCE_BIRD, SOURCE_OK);
	}
	/* the second one at first; the first one's end, and its return */
	assert_int_equal(f.recs[REC_BIRD], 3);
	feed_close(&f, 2);
}

/* More than a source can have: nothing of it is taken for all that there is. */
static void test_too_many(void **state)
{
	const uint32_t many = 200001;
	struct addr a = nth(3);
	struct obs o = { .kind = OBS_SOURCE };
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	conf_round(&f, 1, 3, SOURCE_OK);
	o.source.id = SOURCE_CONF;
	o.source.begin = true;
	engine__feed(f.engine, &o);
	o = (struct obs){ .kind = OBS_CONF_PEER };
	for (uint32_t i = 0; i < many; i++) {
		o.conf_peer.addr = nth(1000 + i);
		engine__feed(f.engine, &o);
	}
	o = (struct obs){ .kind = OBS_SOURCE, .source = { .id = SOURCE_CONF, .state = SOURCE_OK } };
	engine__feed(f.engine, &o);
	assert_false(world_is_fresh(f.engine, SOURCE_CONF));
	assert_int_equal(world_cnt(f.engine, W_PEER), 3);
	assert_non_null(world_peer_of(f.engine, &a));
	assert_string_equal(f.engine->world.detail[SOURCE_CONF], "more than can be kept");
	feed_close(&f, 2);
}

/* Rounds of a large cluster: each is found, none is lost. */
static void test_large(void **state)
{
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_begin(&f, 1, SOURCE_BIRD);
	for (uint32_t i = 0; i < 5000; i++)
		feed_bird_proto(&f, 1, "Mesh_x", nth((i * 2003) % 5000 + 1), "Established", "");
	for (uint32_t i = 0; i < 10000; i++) {
		struct prefix p = { nth((i * 7001) % 10000 * 64), 26 };

		feed_bird_route(&f, 1, "Mesh_x", p, nth(i + 1));
	}
	feed_end(&f, 1, SOURCE_BIRD, SOURCE_OK);
	for (uint32_t i = 0; i < 5000; i++) {
		struct addr a = nth(i + 1);

		assert_non_null(world_proto_of(f.engine, &a));
	}
	for (uint32_t i = 0; i < 10000; i++) {
		struct prefix p = { nth(i * 64), 26 };

		assert_non_null(world_broute_of(f.engine, &p));
	}
	feed_close(&f, 2);
}

/* ---- Felix' lists ---- */

static void test_lists(void **state)
{
	struct addr a = nth(1), b = nth(2);
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_listed(&f, 1, true, NODES_IPIP | NODES_VXLAN, NONE);
	feed_listed(&f, 1, false, NODES_IPIP, a);
	feed_listed(&f, 1, false, NODES_IPIP, a);
	feed_listed(&f, 1, false, NODES_VXLAN, a);
	feed_listed(&f, 1, false, NODES_VXLAN, b);
	assert_int_equal(owner_listed_cnt(f.engine, NODES_IPIP), 1);
	assert_int_equal(owner_listed_cnt(f.engine, NODES_VXLAN), 2);
	assert_true(owner_is_listed(f.engine, &a, NODES_VXLAN));
	assert_false(owner_is_listed(f.engine, &b, NODES_IPIP));
	feed_listed(&f, 1, true, NODES_IPIP, b);
	assert_int_equal(owner_listed_cnt(f.engine, NODES_VXLAN), 0);
	assert_false(owner_is_listed(f.engine, &a, NODES_IPIP | NODES_VXLAN));
	assert_true(owner_is_listed(f.engine, &b, NODES_IPIP));
	feed_close(&f, 2);
}

/* ---- BGP's peers, by TCP ---- */

/* The last outcome counts, whatever came before it. */
static void test_attempts(void **state)
{
	const struct plan *p = &plans[0];
	struct addr a = ip(p->peer);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, NODE_BGP_DOWN);
	feed_bgp(&f, 10 * MS, BGP_REFUSED, p->peer);
	assert_true(bgp_peer_find(f.engine, &a)->refused_ns);
	feed_bgp(&f, 20 * MS, BGP_TIMEOUT, p->peer);
	assert_false(bgp_peer_find(f.engine, &a)->refused_ns);
	assert_true(bgp_peer_find(f.engine, &a)->silent_ns);
	feed_bgp(&f, 30 * MS, BGP_REFUSED, p->peer);
	feed_bgp(&f, 40 * MS, BGP_RESET, p->peer);
	assert_false(bgp_peer_find(f.engine, &a)->refused_ns);
	assert_true(bgp_peer_find(f.engine, &a)->closes_ns);
	assert_true(bgp_all_down(f.engine));
	feed_close(&f, 50 * MS);
}

/* In whatever order they come, each is found */
static void test_peers_by_address(void **state)
{
	struct obs o = { .kind = OBS_BGP };
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, NODE_BGP_DOWN);
	o.bgp = (struct obs_bgp){ .state = BGP_CONNECTED, .snapshot = true, .peer_port = 179 };
	for (uint32_t i = 0; i < 997; i++) {
		o.bgp.peer = nth(i * 331 % 997 + 1);
		feed_obs(&f, 1, &o);
		feed_obs(&f, 1, &o);
	}
	assert_int_equal(f.engine->peer_cnt, 997);
	for (uint32_t i = 0; i < 997; i++) {
		struct addr a = nth(i + 1);

		assert_true(bgp_peer_up(f.engine, bgp_peer_find(f.engine, &a)));
	}
	feed_close(&f, 2);
}

static void pod_round(struct feed *f, enum source s, const char *name, bool verified)
{
	struct obs o = { .kind = OBS_POD };

	o.pod = (struct obs_pod){ .verified = verified, .status = s == SOURCE_STATUS };
	o.pod.addr = ip(f->plan->peer_pod);
	snprintf(o.pod.name, sizeof(o.pod.name), "%s", name);
	feed_begin(f, 1, s);
	feed_obs(f, 1, &o);
	feed_end(f, 1, s, SOURCE_OK);
}

/* The name of the pod that the first packet goes to, with what CNI's and Felix' files say */
static void expect_name(bool cni, bool status, const char *name)
{
	struct feed f;

	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	pod_round(&f, SOURCE_CNI, "default/cni", cni);
	pod_round(&f, SOURCE_STATUS, "default/status", status);
	feed_sent(&f, 10, pkt_echo(f.plan->pod, f.plan->peer_pod, 7, 1));
	feed_ticks(&f, 100000, 4000000);
	assert_string_equal(said(&f, 1)->dst_pod, name);
	feed_close(&f, 4000000);
}

/* A name whose device is another pod's is none. */
static void test_pod_names(void **state)
{
	(void)state;
	expect_name(true, true, "default/cni");
	expect_name(true, false, "default/cni");
	expect_name(false, true, "default/status");
	expect_name(false, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_peers_by_address),
		cmocka_unit_test(test_pod_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
