// SPDX-License-Identifier: GPL-2.0-only
/* diff: what counts as cured, and each way in which it must not say so. */
#include "sides.h"

/* ---- the four verdicts ---- */

static void test_healthy(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d = sides_run(&s.before, &s.after, 0);

	(void)state;
	assert_int_equal(d.verdict, DIFF_HEALTHY);
	for (uint32_t i = 0; i < d.cnt; i++)
		assert_int_equal(d.change[i].state, DIFF_UNCHANGED);
	sides_done(&d, &s.before, &s.after);
}

static void test_healthy_broken(void **state)
{
	struct sides s = { side_healthy(), side_broken() };
	struct diff d = sides_run(&s.before, &s.after, 1);

	(void)state;
	assert_int_equal(d.verdict, DIFF_NOT_CURED);
	assert_int_equal(d.wrong[DIFF_ROUTE], 3);
	assert_int_equal(d.wrong[DIFF_PEER], 3);
	assert_int_equal(d.wrong[DIFF_FLOW], 3);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_NEW);
	assert_change(&d, DIFF_PEER, "10.2.7.200", DIFF_NEW);
	assert_change(&d, DIFF_FLOW, OWN " > " BLOCK3 " icmp", DIFF_NEW);
	assert_change(&d, DIFF_FLOW, OWN " > 10.96.0.10 (" BLOCK3 ") dns", DIFF_NEW);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_NEW);
	assert_change(&d, DIFF_FINDING, "check/bgp", DIFF_NEW);
	assert_change(&d, DIFF_ROUTE, OWN, DIFF_UNCHANGED);
	assert_non_null(strstr(d.head, "node-address-mismatch"));
	sides_done(&d, &s.before, &s.after);
}

static void test_cured(void **state)
{
	struct sides s = sides_cured();
	struct diff d = sides_run(&s.before, &s.after, 0);

	(void)state;
	assert_int_equal(d.verdict, DIFF_CURED);
	assert_int_equal(d.fixed[DIFF_ROUTE], 3);
	assert_int_equal(d.fixed[DIFF_PEER], 3);
	assert_int_equal(d.fixed[DIFF_FLOW], 3);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_FIXED);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_FIXED);
	assert_change(&d, DIFF_FINDING, "check/node-address", DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

static void test_quiet(void **state)
{
	struct sides s = { side_broken(), side_quiet() };
	struct diff d = sides_run(&s.before, &s.after, 3);

	(void)state;
	assert_true(d.doubt[DOUBT_TRAFFIC].cnt && d.doubt[DOUBT_EXERCISE].cnt);
	assert_change(&d, DIFF_FLOW, OWN " > " BLOCK3 " icmp", DIFF_NOT_OBSERVED);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_NOT_OBSERVED);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

static void test_healthy_quiet(void **state)
{
	struct sides s = { side_healthy(), side_quiet() };

	(void)state;
	sides_expect_doubt(&s, DOUBT_TRAFFIC);
}

static void test_still_broken(void **state)
{
	struct sides s = { side_broken(), side_broken() };
	struct diff d = sides_run(&s.before, &s.after, 1);

	(void)state;
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_PEER, "10.2.7.200", DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_FLOW, OWN " > " BLOCK3 " icmp", DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_STILL_BROKEN);
	sides_done(&d, &s.before, &s.after);
}

/* A state of the node alone, without traffic, was wrong */
static void test_snapshot_cured(void **state)
{
	struct sides s = { side_quiet(), side_healthy() };
	struct diff d;

	(void)state;
	side_check(&s.before, "tunnel")->state = CHECK_PROBLEM;
	d = sides_run(&s.before, &s.after, 0);
	assert_int_equal(d.verdict, DIFF_CURED);
	sides_done(&d, &s.before, &s.after);
}

/* ---- routes ---- */

static void test_one_route_missing(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	/* nobody sends to that block */
	side_drop_route(&s.after, BLOCK1);
	d = sides_run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

/* BEFORE began when the routes were gone: AFTER does not know either that there was one */
static void test_route_known_before_only(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_forget_block(&s.after, BLOCK1);
	sides_expect(&s, 1);
}

static void test_started_late(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_forget_block(&s.before, BLOCK1);
	side_forget_block(&s.before, BLOCK2);
	side_check(&s.before, "routes")->state = CHECK_OK;
	d = sides_run(&s.before, &s.after, 0);
	/* their nodes were known, and had no route at all */
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_FIXED);
	assert_change(&d, DIFF_ROUTE, BLOCK2, DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

static void test_new_block(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d;

	(void)state;
	side_drop_route(&s.before, BLOCK1);
	side_forget_block(&s.before, BLOCK1);
	/* the node had another one */
	side_block(&s.before, BLOCK2)->owner = ip("10.2.7.203");
	d = sides_run(&s.before, &s.after, 0);
	assert_int_equal(d.verdict, DIFF_HEALTHY);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_NEW);
	sides_done(&d, &s.before, &s.after);
}

static void test_blackhole_instead(void **state)
{
	struct sides s = sides_cured();
	struct digest_route *r = side_route(&s.after, BLOCK1);

	(void)state;
	r->type = RT_BLACKHOLE;
	r->gw = ip(NULL);
	side_block(&s.after, BLOCK1)->have = false;
	sides_expect(&s, 1);
}

static void test_other_owner(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d;

	(void)state;
	side_route(&s.after, BLOCK1)->protocol = RP_FELIX;
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_UNCHANGED);
	assert_true(*sides_change(&d, DIFF_ROUTE, BLOCK1)->note);
	sides_done(&d, &s.before, &s.after);
}

static void test_node_left(void **state)
{
	struct sides s = sides_cured();
	struct digest_node *n = side_node(&s.after);
	struct diff d;

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	n->member[0] = ip("10.2.7.202");
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_NEW);
	sides_done(&d, &s.before, &s.after);
}

/* ... and whether the list of nodes still has it is not known */
static void test_node_left_list_unknown(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	side_node(&s.after)->sources.nodes = false;
	side_node(&s.after)->member_cnt = 0;
	sides_expect(&s, 1);
}

/* The node of the block was not known in BEFORE, but its audit missed routes */
static void test_audit_missed_routes(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_forget_block(&s.before, BLOCK1);
	side_drop_peer(&s.before, "10.2.7.203");
	side_node(&s.before)->member_cnt = 0;
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

/* It did not leave, it was registered anew with another address, as in the founding incident */
static void test_node_readdressed(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	side_node(&s.after)->member[0] = ip("192.188.1.1");
	sides_expect(&s, 1);
}

/* ... but the list of nodes still has it: then confd may have lost its configuration */
static void test_node_left_one_list(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	sides_expect(&s, 1);
}

static void test_block_given_up(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_block(&s.after, BLOCK2)->owner = ip("10.2.7.203");
	sides_expect_doubt(&s, DOUBT_ROUTE);
}

static void test_block_gone(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	sides_expect(&s, 1);
}

/* Another node's file knows of a block that this one never heard of */
static void test_known_elsewhere(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d;

	(void)state;
	side_add_k8s01(&s.before);
	side_add_k8s01(&s.after);
	d = sides_run(&s.before, &s.after, 0);
	diff__free(&d);
	side_drop_route(&s.after, BLOCK3);
	side_forget_block(&s.after, BLOCK3);
	side_drop_route(&s.before, BLOCK3);
	side_forget_block(&s.before, BLOCK3);
	d = sides_run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_STILL_BROKEN);
	assert_non_null(strstr(sides_change(&d, DIFF_ROUTE, BLOCK3)->note, "k8s01"));
	sides_done(&d, &s.before, &s.after);
}

/* ---- sessions ---- */

static void test_one_session_down(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_peer(&s.after, "10.2.7.203")->up = false;
	sides_expect(&s, 1);
}

static void test_session_restarts(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_peer(&s.after, "10.2.7.203")->up = false;
	side_peer(&s.after, "10.2.7.203")->restarts = true;
	sides_expect_doubt(&s, DOUBT_RESTART);
}

/* The stale address of the founding incident, as k8s01 had it */
static void test_stale_peer_removed(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_add_peer(&s.before, "192.188.1.1", false);
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_PEER, "192.188.1.1", DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

static void test_stale_peer_stays(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_add_peer(&s.before, "192.188.1.1", false);
	side_add_peer(&s.after, "192.188.1.1", false);
	sides_expect(&s, 1);
}

static void test_sessions_not_told(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_add_peer(&s.before, "192.188.1.1", false);
	side_node(&s.after)->sources.peers = false;
	sides_expect_doubt(&s, DOUBT_SESSION);
}

static void test_configuration_not_told(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->sources.peers = false;
	sides_expect_doubt(&s, DOUBT_SESSION);
}

/* ---- too early ---- */

static void test_bird_recovers(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->sources.recovering = true;
	sides_expect_doubt(&s, DOUBT_RESTART);
}

static void test_routes_stale(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->sources.stale = 1;
	sides_expect_doubt(&s, DOUBT_RESTART);
}

static void test_check_restart(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_check(&s.after, "graceful-restart")->state = CHECK_WARN;
	side_check(&s.after, "graceful-restart")->cause = C_GRACEFUL_RESTART;
	sides_expect_doubt(&s, DOUBT_RESTART);
}

/* What is not there yet is not wrong yet */
static void test_recovers_without_route(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->sources.recovering = true;
	side_drop_route(&s.after, BLOCK1);
	side_peer(&s.after, "10.2.7.203")->up = false;
	sides_expect_doubt(&s, DOUBT_RESTART);
}

static void test_allowlist_wrong(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_check(&s.after, "allowlist")->state = CHECK_PROBLEM;
	side_check(&s.after, "allowlist")->cause = C_PEER_NOT_IN_ALLOWLIST;
	d = sides_run(&s.before, &s.after, 1);
	assert_non_null(strstr(d.head, "allowlist"));
	sides_done(&d, &s.before, &s.after);
}

/* The peer's list is wrong: all looks well here, but nothing is answered */
static void test_unanswered(void **state)
{
	struct sides s = sides_cured();
	struct digest_node *n = side_node(&s.after);

	(void)state;
	for (uint32_t i = 0; i < n->flow_cnt; i++) {
		n->flow[i].answered = 0;
		side_lose(&n->flow[i], V_UNANSWERED, 5);
	}
	sides_expect(&s, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_healthy_broken),
		cmocka_unit_test(test_cured),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_healthy_quiet),
		cmocka_unit_test(test_still_broken),
		cmocka_unit_test(test_snapshot_cured),
		cmocka_unit_test(test_one_route_missing),
		cmocka_unit_test(test_route_known_before_only),
		cmocka_unit_test(test_started_late),
		cmocka_unit_test(test_new_block),
		cmocka_unit_test(test_blackhole_instead),
		cmocka_unit_test(test_other_owner),
		cmocka_unit_test(test_node_left),
		cmocka_unit_test(test_node_left_list_unknown),
		cmocka_unit_test(test_audit_missed_routes),
		cmocka_unit_test(test_node_readdressed),
		cmocka_unit_test(test_node_left_one_list),
		cmocka_unit_test(test_block_given_up),
		cmocka_unit_test(test_block_gone),
		cmocka_unit_test(test_known_elsewhere),
		cmocka_unit_test(test_one_session_down),
		cmocka_unit_test(test_session_restarts),
		cmocka_unit_test(test_stale_peer_removed),
		cmocka_unit_test(test_stale_peer_stays),
		cmocka_unit_test(test_sessions_not_told),
		cmocka_unit_test(test_configuration_not_told),
		cmocka_unit_test(test_bird_recovers),
		cmocka_unit_test(test_routes_stale),
		cmocka_unit_test(test_check_restart),
		cmocka_unit_test(test_recovers_without_route),
		cmocka_unit_test(test_allowlist_wrong),
		cmocka_unit_test(test_unanswered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
