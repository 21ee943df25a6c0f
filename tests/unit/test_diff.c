// SPDX-License-Identifier: GPL-2.0-only
/* diff: what counts as cured, and each way in which it must not say so. */
#include "sides.h"

/* Compares, checks the verdict, hands the comparison out */
static struct diff run(const struct digest *before, const struct digest *after, int status)
{
	static const int of[] = {
		[DIFF_HEALTHY] = 0, [DIFF_CURED] = 0, [DIFF_NOT_CURED] = 1, [DIFF_CANNOT_SAY] = 3
	};
	struct diff d;

	assert_int_equal(diff__run(before, after, &d), 0);
	if (d.exit_status != status)
		print_error("%s\n", d.head);
	assert_int_equal(d.exit_status, status);
	if (status != 2)
		assert_int_equal(of[d.verdict], status);
	assert_true(strlen(d.head) > 10);
	return d;
}

static const struct diff_change *change(const struct diff *d, enum diff_what what, const char *key)
{
	for (uint32_t i = 0; i < d->cnt; i++)
		if (d->change[i].what == what && !strcmp(d->change[i].key, key))
			return &d->change[i];
	return NULL;
}

static void assert_change(const struct diff *d, enum diff_what what, const char *key,
			  enum diff_state state)
{
	const struct diff_change *c = change(d, what, key);

	if (!c)
		fail_msg("no %s %s", diff_what_name(what), key);
	assert_string_equal(diff_state_name(c->state), diff_state_name(state));
}

static void done(struct diff *d, struct digest *before, struct digest *after)
{
	diff__free(d);
	digest__free(before);
	digest__free(after);
}

/* Broken, then healed but for what the caller does to AFTER */
struct sides {
	struct digest before, after;
};

static struct sides cured(void)
{
	struct sides s = { side_broken(), side_healthy() };

	return s;
}

static void expect(struct sides *s, int status)
{
	struct diff d = run(&s->before, &s->after, status);

	done(&d, &s->before, &s->after);
}

static void expect_doubt(struct sides *s, enum diff_doubt why)
{
	struct diff d = run(&s->before, &s->after, 3);

	assert_true(d.doubt[why].cnt > 0);
	assert_int_equal(d.verdict, DIFF_CANNOT_SAY);
	assert_true(*d.next);
	done(&d, &s->before, &s->after);
}

/* ---- the four verdicts ---- */

static void test_healthy(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d = run(&s.before, &s.after, 0);

	(void)state;
	assert_int_equal(d.verdict, DIFF_HEALTHY);
	for (uint32_t i = 0; i < d.cnt; i++)
		assert_int_equal(d.change[i].state, DIFF_UNCHANGED);
	done(&d, &s.before, &s.after);
}

static void test_healthy_broken(void **state)
{
	struct sides s = { side_healthy(), side_broken() };
	struct diff d = run(&s.before, &s.after, 1);

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
	done(&d, &s.before, &s.after);
}

static void test_cured(void **state)
{
	struct sides s = cured();
	struct diff d = run(&s.before, &s.after, 0);

	(void)state;
	assert_int_equal(d.verdict, DIFF_CURED);
	assert_int_equal(d.fixed[DIFF_ROUTE], 3);
	assert_int_equal(d.fixed[DIFF_PEER], 3);
	assert_int_equal(d.fixed[DIFF_FLOW], 3);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_FIXED);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_FIXED);
	assert_change(&d, DIFF_FINDING, "check/node-address", DIFF_FIXED);
	done(&d, &s.before, &s.after);
}

static void test_quiet(void **state)
{
	struct sides s = { side_broken(), side_quiet() };
	struct diff d = run(&s.before, &s.after, 3);

	(void)state;
	assert_true(d.doubt[DOUBT_TRAFFIC].cnt && d.doubt[DOUBT_EXERCISE].cnt);
	assert_change(&d, DIFF_FLOW, OWN " > " BLOCK3 " icmp", DIFF_NOT_OBSERVED);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_NOT_OBSERVED);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_FIXED);
	done(&d, &s.before, &s.after);
}

static void test_healthy_quiet(void **state)
{
	struct sides s = { side_healthy(), side_quiet() };

	(void)state;
	expect_doubt(&s, DOUBT_TRAFFIC);
}

static void test_still_broken(void **state)
{
	struct sides s = { side_broken(), side_broken() };
	struct diff d = run(&s.before, &s.after, 1);

	(void)state;
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_PEER, "10.2.7.200", DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_FLOW, OWN " > " BLOCK3 " icmp", DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_STILL_BROKEN);
	done(&d, &s.before, &s.after);
}

/* A state of the node alone, without traffic, was wrong */
static void test_snapshot_cured(void **state)
{
	struct sides s = { side_quiet(), side_healthy() };
	struct diff d;

	(void)state;
	side_check(&s.before, "tunnel")->state = CHECK_PROBLEM;
	d = run(&s.before, &s.after, 0);
	assert_int_equal(d.verdict, DIFF_CURED);
	done(&d, &s.before, &s.after);
}

/* ---- routes ---- */

static void test_one_route_missing(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	/* nobody sends to that block */
	side_drop_route(&s.after, BLOCK1);
	d = run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_STILL_BROKEN);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_FIXED);
	done(&d, &s.before, &s.after);
}

/* BEFORE began when the routes were gone: AFTER does not know either that there was one */
static void test_route_known_before_only(void **state)
{
	struct sides s = cured();

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_forget_block(&s.after, BLOCK1);
	expect(&s, 1);
}

static void test_started_late(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_forget_block(&s.before, BLOCK1);
	side_forget_block(&s.before, BLOCK2);
	side_check(&s.before, "routes")->state = CHECK_OK;
	d = run(&s.before, &s.after, 0);
	/* their nodes were known, and had no route at all */
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_FIXED);
	assert_change(&d, DIFF_ROUTE, BLOCK2, DIFF_FIXED);
	done(&d, &s.before, &s.after);
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
	d = run(&s.before, &s.after, 0);
	assert_int_equal(d.verdict, DIFF_HEALTHY);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_NEW);
	done(&d, &s.before, &s.after);
}

static void test_blackhole_instead(void **state)
{
	struct sides s = cured();
	struct digest_route *r = side_route(&s.after, BLOCK1);

	(void)state;
	r->type = RT_BLACKHOLE;
	r->gw = ip(NULL);
	side_block(&s.after, BLOCK1)->have = false;
	expect(&s, 1);
}

static void test_other_owner(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d;

	(void)state;
	side_route(&s.after, BLOCK1)->protocol = RP_FELIX;
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_UNCHANGED);
	assert_true(*change(&d, DIFF_ROUTE, BLOCK1)->note);
	done(&d, &s.before, &s.after);
}

static void test_node_left(void **state)
{
	struct sides s = cured();
	struct digest_node *n = side_node(&s.after);
	struct diff d;

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	n->member[0] = ip("10.2.7.202");
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ROUTE, BLOCK1, DIFF_NEW);
	done(&d, &s.before, &s.after);
}

/* It did not leave, it was registered anew with another address, as in the founding incident */
static void test_node_readdressed(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	side_node(&s.after)->member[0] = ip("192.188.1.1");
	expect(&s, 1);
}

/* ... but the list of nodes still has it: then confd may have lost its configuration */
static void test_node_left_one_list(void **state)
{
	struct sides s = cured();

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_drop_peer(&s.after, "10.2.7.203");
	expect(&s, 1);
}

static void test_block_given_up(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	side_block(&s.after, BLOCK2)->owner = ip("10.2.7.203");
	expect_doubt(&s, DOUBT_ROUTE);
}

static void test_block_gone(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_drop_route(&s.after, BLOCK1);
	expect(&s, 1);
}

/* Another node's file knows of a block that this one never heard of */
static void test_known_elsewhere(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d;

	(void)state;
	side_add_k8s01(&s.before);
	side_add_k8s01(&s.after);
	d = run(&s.before, &s.after, 0);
	diff__free(&d);
	side_drop_route(&s.after, BLOCK3);
	side_forget_block(&s.after, BLOCK3);
	side_drop_route(&s.before, BLOCK3);
	side_forget_block(&s.before, BLOCK3);
	d = run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_ROUTE, BLOCK3, DIFF_STILL_BROKEN);
	assert_non_null(strstr(change(&d, DIFF_ROUTE, BLOCK3)->note, "k8s01"));
	done(&d, &s.before, &s.after);
}

/* ---- sessions ---- */

static void test_one_session_down(void **state)
{
	struct sides s = cured();

	(void)state;
	side_peer(&s.after, "10.2.7.203")->up = false;
	expect(&s, 1);
}

static void test_session_restarts(void **state)
{
	struct sides s = cured();

	(void)state;
	side_peer(&s.after, "10.2.7.203")->up = false;
	side_peer(&s.after, "10.2.7.203")->restarts = true;
	expect_doubt(&s, DOUBT_RESTART);
}

/* The stale address of the founding incident, as k8s01 had it */
static void test_stale_peer_removed(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_add_peer(&s.before, "192.188.1.1", false);
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_PEER, "192.188.1.1", DIFF_FIXED);
	done(&d, &s.before, &s.after);
}

static void test_stale_peer_stays(void **state)
{
	struct sides s = cured();

	(void)state;
	side_add_peer(&s.before, "192.188.1.1", false);
	side_add_peer(&s.after, "192.188.1.1", false);
	expect(&s, 1);
}

static void test_sessions_not_told(void **state)
{
	struct sides s = cured();

	(void)state;
	side_add_peer(&s.before, "192.188.1.1", false);
	side_node(&s.after)->sources.peers = false;
	expect_doubt(&s, DOUBT_SESSION);
}

static void test_configuration_not_told(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->sources.peers = false;
	expect_doubt(&s, DOUBT_SESSION);
}

/* ---- too early ---- */

static void test_bird_recovers(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->sources.recovering = true;
	expect_doubt(&s, DOUBT_RESTART);
}

static void test_routes_stale(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->sources.stale = 1;
	expect_doubt(&s, DOUBT_RESTART);
}

static void test_check_restart(void **state)
{
	struct sides s = cured();

	(void)state;
	side_check(&s.after, "graceful-restart")->state = CHECK_WARN;
	side_check(&s.after, "graceful-restart")->cause = C_GRACEFUL_RESTART;
	expect_doubt(&s, DOUBT_RESTART);
}

/* What is not there yet is not wrong yet */
static void test_recovers_without_route(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->sources.recovering = true;
	side_drop_route(&s.after, BLOCK1);
	side_peer(&s.after, "10.2.7.203")->up = false;
	expect_doubt(&s, DOUBT_RESTART);
}

static void test_allowlist_wrong(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_check(&s.after, "allowlist")->state = CHECK_PROBLEM;
	side_check(&s.after, "allowlist")->cause = C_PEER_NOT_IN_ALLOWLIST;
	d = run(&s.before, &s.after, 1);
	assert_non_null(strstr(d.head, "allowlist"));
	done(&d, &s.before, &s.after);
}

/* The peer's list is wrong: all looks well here, but nothing is answered */
static void test_unanswered(void **state)
{
	struct sides s = cured();
	struct digest_node *n = side_node(&s.after);

	(void)state;
	for (uint32_t i = 0; i < n->flow_cnt; i++) {
		n->flow[i].answered = 0;
		side_lose(&n->flow[i], V_UNANSWERED, 5);
	}
	expect(&s, 1);
}

/* ---- exercised? ---- */

static void test_app_not_tried(void **state)
{
	struct sides s = cured();

	(void)state;
	/* pings are answered, nobody asked for a name */
	side_flow(&s.after, BLOCK3, APP_DNS)->app = APP_ICMP;
	expect_doubt(&s, DOUBT_EXERCISE);
}

static void test_block_not_tried(void **state)
{
	struct sides s = cured();

	(void)state;
	side_flow(&s.after, BLOCK2, APP_ICMP)->dst.block = pfx(BLOCK1);
	expect_doubt(&s, DOUBT_EXERCISE);
}

static void test_sent_not_answered(void **state)
{
	struct sides s = cured();

	(void)state;
	/* asked at the very end: no answer yet, and nothing lost */
	side_flow(&s.after, BLOCK2, APP_ICMP)->answered = 0;
	expect_doubt(&s, DOUBT_EXERCISE);
}

static void test_late_is_no_answer(void **state)
{
	struct sides s = cured();
	struct digest_flow *f = side_flow(&s.after, BLOCK2, APP_ICMP);

	(void)state;
	f->answered = 0;
	f->late = 5;
	side_lose(f, V_UNANSWERED, 5);
	expect(&s, 1);
}

/* What was the node's own address while the route was missing is the tunnel's when it is back. */
static void test_other_source(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_lose(side_add_flow(&s.before, "host", BLOCK2, NULL, APP_ICMP), V_LEAKED, 3);
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_FLOW, "host > " BLOCK2 " icmp", DIFF_FIXED);
	done(&d, &s.before, &s.after);
}

/* Replies to another node's pod were lost: its block is what has to be tried */
static void test_far_source(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_lose(side_add_flow(&s.before, BLOCK1, OWN, NULL, APP_ICMP), V_LEAKED, 3);
	expect_doubt(&s, DOUBT_EXERCISE);
	s = (struct sides){ side_healthy(), side_healthy() };
	side_lose(side_add_flow(&s.before, BLOCK1, OWN, NULL, APP_ICMP), V_LEAKED, 3);
	side_add_flow(&s.after, BLOCK1, OWN, NULL, APP_ICMP);
	expect(&s, 0);
}

static void test_outside(void **state)
{
	struct sides s = cured();

	(void)state;
	side_lose(side_add_flow(&s.before, OWN, "", NULL, APP_DNS), V_NO_ROUTE, 3);
	expect_doubt(&s, DOUBT_EXERCISE);
	s = cured();
	side_lose(side_add_flow(&s.before, OWN, "", NULL, APP_DNS), V_NO_ROUTE, 3);
	side_add_flow(&s.after, OWN, "", NULL, APP_DNS);
	expect(&s, 0);
}

/* A loss between answers is over when the next request is answered. */
static void test_recovered_within(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct digest_flow *f = side_flow(&s.after, BLOCK3, APP_ICMP);

	(void)state;
	side_lose(f, V_LEAKED, 2);
	f->good_ns = f->bad_ns + 1;
	expect(&s, 0);
}

/* ---- new problems ---- */

static void test_new_finding(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_add_finding(&s.after, "filtered/tunl0/" BLOCK2, V_FILTERED, BLOCK2, APP_TCP);
	d = run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_FINDING, "filtered/tunl0/" BLOCK2, DIFF_NEW);
	done(&d, &s.before, &s.after);
}

static void test_new_flow_broken(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_lose(side_add_flow(&s.after, OWN, BLOCK1, NULL, APP_TCP), V_FILTERED, 1);
	expect(&s, 1);
}

static void test_finding_lives_on(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_add_finding(&s.after, "leaked/eth0/" BLOCK3, V_LEAKED, BLOCK3, APP_ICMP);
	d = run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_STILL_BROKEN);
	done(&d, &s.before, &s.after);
}

static void test_finding_recovered(void **state)
{
	struct sides s = cured();
	struct finding *f =
		side_add_finding(&s.after, "leaked/eth0/all-blocks", V_LEAKED, BLOCK3, APP_ICMP);
	struct diff d;

	(void)state;
	f->recovered = true;
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_FIXED);
	done(&d, &s.before, &s.after);
}

/* ---- what is not known ---- */

static void test_check_unknown(void **state)
{
	struct sides s = cured();

	(void)state;
	side_check(&s.after, "tunnel")->state = CHECK_UNKNOWN;
	expect_doubt(&s, DOUBT_CHECK);
	s = cured();
	/* not needed, and it was well */
	side_check(&s.after, "allowlist")->state = CHECK_UNKNOWN;
	expect(&s, 0);
	s = cured();
	/* not needed, but it was what was wrong */
	side_check(&s.after, "node-address")->state = CHECK_UNKNOWN;
	expect_doubt(&s, DOUBT_CHECK);
}

static void test_check_warns(void **state)
{
	struct sides s = cured();

	(void)state;
	side_check(&s.after, "bgp")->state = CHECK_WARN;
	expect_doubt(&s, DOUBT_CHECK);
	s = cured();
	side_check(&s.after, "allowlist")->state = CHECK_WARN;
	expect(&s, 0);
}

static void test_losses(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->lost = 1;
	expect_doubt(&s, DOUBT_LOSS);
	s = cured();
	side_node(&s.after)->withheld = 1;
	expect_doubt(&s, DOUBT_LOSS);
}

static void test_cut(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->cut = true;
	expect(&s, 2);
	s = cured();
	side_node(&s.before)->cut = true;
	expect(&s, 2);
	s = cured();
	side_node(&s.after)->complete = false;
	expect(&s, 2);
}

static void test_foreign(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_node(&s.after)->foreign = true;
	expect_doubt(&s, DOUBT_FOREIGN);
	s = cured();
	side_node(&s.after)->cut_lists = true;
	expect_doubt(&s, DOUBT_LISTS);
	s = cured();
	side_node(&s.before)->cut_lists = true;
	expect_doubt(&s, DOUBT_LISTS);
}

static void test_swapped(void **state)
{
	struct sides s = cured();

	(void)state;
	side_node(&s.after)->wall_offset_ns = -3600ll * (int64_t)NS_PER_S;
	side_node(&s.before)->wall_offset_ns = 3600ll * (int64_t)NS_PER_S;
	expect_doubt(&s, DOUBT_ORDER);
}

static void test_nodes(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_add_k8s01(&s.before);
	expect_doubt(&s, DOUBT_NODE);
	s = cured();
	side_add_k8s01(&s.after);
	d = run(&s.before, &s.after, 0);
	assert_int_equal(d.only_after, 1);
	assert_string_equal(d.newcomer, "k8s01");
	diff__free(&d);
	/* what is wrong with it is wrong, without anything to compare with */
	s.after.node[1].check[0].state = CHECK_PROBLEM;
	expect(&s, 1);
}

/* ---- what is merely different ---- */

static void test_address_gone(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_add_addr(&s.before, "192.188.1.1", 24, "ens224");
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ADDRESS, "192.188.1.1/24 dev ens224", DIFF_NEW);
	assert_null(change(&d, DIFF_ADDRESS, "192.188.1.1/24 dev ens224")->after.addr);
	done(&d, &s.before, &s.after);
}

static void test_link_up(void **state)
{
	struct sides s = cured();
	struct diff d;

	(void)state;
	side_node(&s.before)->link[1].up = false;
	d = run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_LINK, "tunl0", DIFF_FIXED);
	assert_change(&d, DIFF_LINK, "eth0", DIFF_UNCHANGED);
	done(&d, &s.before, &s.after);
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
		cmocka_unit_test(test_node_left_one_list),
		cmocka_unit_test(test_node_readdressed),
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
		cmocka_unit_test(test_app_not_tried),
		cmocka_unit_test(test_block_not_tried),
		cmocka_unit_test(test_sent_not_answered),
		cmocka_unit_test(test_late_is_no_answer),
		cmocka_unit_test(test_other_source),
		cmocka_unit_test(test_far_source),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_recovered_within),
		cmocka_unit_test(test_new_finding),
		cmocka_unit_test(test_new_flow_broken),
		cmocka_unit_test(test_finding_lives_on),
		cmocka_unit_test(test_finding_recovered),
		cmocka_unit_test(test_check_unknown),
		cmocka_unit_test(test_check_warns),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_address_gone),
		cmocka_unit_test(test_link_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
