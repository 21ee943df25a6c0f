// SPDX-License-Identifier: GPL-2.0-only
/* diff: what was not tried again, what is new, what is not known, what is merely different. */
#include "sides.h"

/* ---- exercised? ---- */

static void test_app_not_tried(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	/* pings are answered, nobody asked for a name */
	side_flow(&s.after, BLOCK3, APP_DNS)->app = APP_ICMP;
	sides_expect_doubt(&s, DOUBT_EXERCISE);
}

static void test_block_not_tried(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_flow(&s.after, BLOCK2, APP_ICMP)->dst.block = pfx(BLOCK1);
	sides_expect_doubt(&s, DOUBT_EXERCISE);
}

/* The size of a block without a route is a guess: what was tried may be a part of it, or more */
static void test_guessed_size(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_flow(&s.after, BLOCK2, APP_ICMP)->dst.block = pfx("10.253.140.160/27");
	sides_expect(&s, 0);
	s = sides_cured();
	side_flow(&s.after, BLOCK2, APP_ICMP)->dst.block = pfx("10.253.140.0/24");
	sides_expect(&s, 0);
	s = sides_cured();
	side_flow(&s.after, BLOCK2, APP_ICMP)->dst.block = pfx("10.253.140.192/26");
	sides_expect_doubt(&s, DOUBT_EXERCISE);
}

static void test_sent_not_answered(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	/* asked at the very end: no answer yet, and nothing lost */
	side_flow(&s.after, BLOCK2, APP_ICMP)->answered = 0;
	sides_expect_doubt(&s, DOUBT_EXERCISE);
}

/* The same where no finding tells of it */
static void test_flow_not_answered(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_lose(side_add_flow(&s.before, OWN, BLOCK1, NULL, APP_TCP), V_UNANSWERED, 3);
	side_add_flow(&s.after, OWN, BLOCK1, NULL, APP_TCP)->answered = 0;
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	s = (struct sides){ side_healthy(), side_healthy() };
	side_lose(side_add_flow(&s.before, OWN, BLOCK1, NULL, APP_TCP), V_UNANSWERED, 3);
	sides_expect_doubt(&s, DOUBT_EXERCISE);
}

/* With a long --reply-timeout nothing is overdue when AFTER ends. */
static void test_still_waits(void **state)
{
	struct sides s = sides_cured();
	struct digest_flow *f = side_flow(&s.after, BLOCK2, APP_ICMP);

	(void)state;
	f->sent += 6;
	f->asked_ns = f->good_ns + 6 * NS_PER_S;
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	/* the one that was made just now may wait */
	s = sides_cured();
	f = side_flow(&s.after, BLOCK2, APP_ICMP);
	f->sent++;
	f->asked_ns = f->good_ns + NS_PER_S;
	sides_expect(&s, 0);
}

static void test_late_is_no_answer(void **state)
{
	struct sides s = sides_cured();
	struct digest_flow *f = side_flow(&s.after, BLOCK2, APP_ICMP);

	(void)state;
	f->answered = 0;
	f->late = 5;
	side_lose(f, V_UNANSWERED, 5);
	sides_expect(&s, 1);
}

/* A finding of two blocks and two apps: names were asked of one block only, before as after. */
static void test_not_each_with_each(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.before)->finding[0].apps[APP_DNS] = 5;
	sides_expect(&s, 0);
	/* but what was lost has to be tried */
	s = sides_cured();
	side_node(&s.before)->finding[0].apps[APP_DNS] = 5;
	side_flow(&s.after, BLOCK3, APP_DNS)->app = APP_TCP;
	sides_expect_doubt(&s, DOUBT_EXERCISE);
}

/* What was the node's own address while the route was missing is the tunnel's when it is back. */
static void test_other_source(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_lose(side_add_flow(&s.before, "host", BLOCK2, NULL, APP_ICMP), V_LEAKED, 3);
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_FLOW, "host > " BLOCK2 " icmp", DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

/* Replies to another node's pod were lost: its block is what has to be tried */
static void test_far_source(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_lose(side_add_flow(&s.before, BLOCK1, OWN, NULL, APP_ICMP), V_LEAKED, 3);
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	s = (struct sides){ side_healthy(), side_healthy() };
	side_lose(side_add_flow(&s.before, BLOCK1, OWN, NULL, APP_ICMP), V_LEAKED, 3);
	side_add_flow(&s.after, BLOCK1, OWN, NULL, APP_ICMP);
	sides_expect(&s, 0);
}

static struct sides sides_of_node(const char *src, const char *dst)
{
	struct sides s = { side_healthy(), side_healthy() };

	side_lose(side_add_flow(&s.before, OWN, "192.0.2.7", NULL, APP_TCP), V_UNANSWERED, 3);
	side_add_flow(&s.after, src, dst, NULL, APP_TCP);
	return s;
}

/* One node's answer is not another's, nor is the own node's. */
static void test_other_node(void **state)
{
	struct sides s = sides_of_node(OWN, "192.0.2.8");
	struct diff d;

	(void)state;
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	s = sides_of_node(OWN, "host");
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	s = sides_of_node("192.0.2.7", OWN);
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_FLOW, OWN " > 192.0.2.7 tcp", DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

static void test_outside(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_lose(side_add_flow(&s.before, OWN, "", NULL, APP_DNS), V_NO_ROUTE, 3);
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	s = sides_cured();
	side_lose(side_add_flow(&s.before, OWN, "", NULL, APP_DNS), V_NO_ROUTE, 3);
	side_add_flow(&s.after, OWN, "", NULL, APP_DNS);
	sides_expect(&s, 0);
}

/* The kubelet asks the node's pods all the time: that is no way out. */
static void test_probes_are_no_way_out(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_lose(side_add_flow(&s.before, OWN, "", NULL, APP_TCP), V_UNANSWERED, 3);
	side_add_flow(&s.after, "host", OWN, NULL, APP_TCP);
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	/* nor is it of what a finding tells alone */
	s = (struct sides){ side_healthy(), side_healthy() };
	side_add_finding(&s.before, "unanswered/eth0/outside", V_UNANSWERED, NULL, APP_TCP);
	side_add_flow(&s.after, "host", OWN, NULL, APP_TCP);
	sides_expect_doubt(&s, DOUBT_EXERCISE);
	s = (struct sides){ side_healthy(), side_healthy() };
	side_add_finding(&s.before, "unanswered/eth0/outside", V_UNANSWERED, NULL, APP_TCP);
	side_add_flow(&s.after, OWN, "", NULL, APP_TCP);
	sides_expect(&s, 0);
}

/* A loss between answers is over when the next request is answered. */
static void test_recovered_within(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct digest_flow *f = side_flow(&s.after, BLOCK3, APP_ICMP);

	(void)state;
	side_lose(f, V_LEAKED, 2);
	f->good_ns = f->bad_ns + 1;
	sides_expect(&s, 0);
}

/* ---- new problems ---- */

static void test_new_finding(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_add_finding(&s.after, "filtered/tunl0/" BLOCK2, V_FILTERED, BLOCK2, APP_TCP);
	d = sides_run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_FINDING, "filtered/tunl0/" BLOCK2, DIFF_NEW);
	sides_done(&d, &s.before, &s.after);
}

static void test_new_flow_broken(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_lose(side_add_flow(&s.after, OWN, BLOCK1, NULL, APP_TCP), V_FILTERED, 1);
	sides_expect(&s, 1);
}

static void test_finding_lives_on(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_add_finding(&s.after, "leaked/eth0/" BLOCK3, V_LEAKED, BLOCK3, APP_ICMP);
	d = sides_run(&s.before, &s.after, 1);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_STILL_BROKEN);
	sides_done(&d, &s.before, &s.after);
}

static void test_finding_recovered(void **state)
{
	struct sides s = sides_cured();
	struct finding *f =
		side_add_finding(&s.after, "leaked/eth0/all-blocks", V_LEAKED, BLOCK3, APP_ICMP);
	struct diff d;

	(void)state;
	f->recovered = true;
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_FINDING, "leaked/eth0/all-blocks", DIFF_FIXED);
	sides_done(&d, &s.before, &s.after);
}

/* ---- what is not known ---- */

static void test_check_unknown(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_check(&s.after, "tunnel")->state = CHECK_UNKNOWN;
	sides_expect_doubt(&s, DOUBT_CHECK);
	s = sides_cured();
	/* not needed, and it was well */
	side_check(&s.after, "allowlist")->state = CHECK_UNKNOWN;
	sides_expect(&s, 0);
	s = sides_cured();
	/* not needed, but it was what was wrong */
	side_check(&s.after, "node-address")->state = CHECK_UNKNOWN;
	sides_expect_doubt(&s, DOUBT_CHECK);
}

/* Its configuration and TCP tell of sessions; of a graceful restart they tell nothing. */
static void test_bird_silent(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->sources.bird = false;
	side_check(&s.after, "graceful-restart")->state = CHECK_UNKNOWN;
	sides_expect_doubt(&s, DOUBT_SESSION);
	/* where there is no BGP there is nothing to ask for */
	s = sides_cured();
	side_node(&s.after)->sources.bird = false;
	sides_expect(&s, 0);
}

static void test_check_warns(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_check(&s.after, "bgp")->state = CHECK_WARN;
	sides_expect_doubt(&s, DOUBT_CHECK);
	s = sides_cured();
	side_check(&s.after, "allowlist")->state = CHECK_WARN;
	sides_expect(&s, 0);
}

static void test_losses(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->lost = 1;
	sides_expect_doubt(&s, DOUBT_LOSS);
	s = sides_cured();
	side_node(&s.after)->withheld = 1;
	sides_expect_doubt(&s, DOUBT_LOSS);
	s = sides_cured();
	side_node(&s.after)->gap = true;
	sides_expect_doubt(&s, DOUBT_GAP);
}

static void test_cut(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->cut = true;
	sides_expect(&s, 2);
	s = sides_cured();
	side_node(&s.before)->cut = true;
	sides_expect(&s, 2);
	s = sides_cured();
	side_node(&s.after)->complete = false;
	sides_expect(&s, 2);
}

/* What no calitrace captured has nothing to audit: what the audit lacks there was not broken. */
static void test_foreign_before(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct diff d;

	(void)state;
	side_node(&s.before)->foreign = true;
	side_check(&s.before, "sysctl")->state = CHECK_PROBLEM;
	d = sides_run(&s.before, &s.after, 0);
	assert_int_equal(d.verdict, DIFF_HEALTHY);
	sides_done(&d, &s.before, &s.after);
}

static void test_foreign(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };

	(void)state;
	side_node(&s.after)->foreign = true;
	sides_expect_doubt(&s, DOUBT_FOREIGN);
	s = sides_cured();
	side_node(&s.after)->cut_lists = true;
	sides_expect_doubt(&s, DOUBT_LISTS);
	s = sides_cured();
	side_node(&s.before)->cut_lists = true;
	sides_expect_doubt(&s, DOUBT_LISTS);
}

static void test_swapped(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.after)->wall_offset_ns = -3600ll * (int64_t)NS_PER_S;
	side_node(&s.before)->wall_offset_ns = 3600ll * (int64_t)NS_PER_S;
	sides_expect_doubt(&s, DOUBT_ORDER);
}

/* A long BEFORE that goes on after AFTER: it ends with the later state. */
static void test_overlapping(void **state)
{
	struct sides s = sides_cured();

	(void)state;
	side_node(&s.before)->begin_ns = side_node(&s.after)->begin_ns - 60 * NS_PER_S;
	side_node(&s.before)->end_ns = side_node(&s.after)->end_ns + 60 * NS_PER_S;
	sides_expect_doubt(&s, DOUBT_ORDER);
	/* the same capture twice is as old as itself */
	s = (struct sides){ side_healthy(), side_healthy() };
	sides_expect(&s, 0);
}

static void test_nodes(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_add_k8s01(&s.before);
	sides_expect_doubt(&s, DOUBT_NODE);
	s = sides_cured();
	side_add_k8s01(&s.after);
	d = sides_run(&s.before, &s.after, 0);
	assert_int_equal(d.only_after, 1);
	assert_string_equal(d.newcomer, "k8s01");
	diff__free(&d);
	/* what is wrong with it is wrong, without anything to compare with */
	s.after.node[1].check[0].state = CHECK_PROBLEM;
	sides_expect(&s, 1);
}

/* ---- what is merely different ---- */

static void test_address_gone(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_add_addr(&s.before, "192.188.1.1", 24, "ens224");
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_ADDRESS, "192.188.1.1/24 dev ens224", DIFF_NEW);
	assert_null(sides_change(&d, DIFF_ADDRESS, "192.188.1.1/24 dev ens224")->after.addr);
	sides_done(&d, &s.before, &s.after);
}

static void test_link_up(void **state)
{
	struct sides s = sides_cured();
	struct diff d;

	(void)state;
	side_node(&s.before)->link[1].up = false;
	d = sides_run(&s.before, &s.after, 0);
	assert_change(&d, DIFF_LINK, "tunl0", DIFF_FIXED);
	assert_change(&d, DIFF_LINK, "eth0", DIFF_UNCHANGED);
	sides_done(&d, &s.before, &s.after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_app_not_tried),
		cmocka_unit_test(test_not_each_with_each),
		cmocka_unit_test(test_block_not_tried),
		cmocka_unit_test(test_guessed_size),
		cmocka_unit_test(test_sent_not_answered),
		cmocka_unit_test(test_flow_not_answered),
		cmocka_unit_test(test_still_waits),
		cmocka_unit_test(test_late_is_no_answer),
		cmocka_unit_test(test_other_source),
		cmocka_unit_test(test_far_source),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_other_node),
		cmocka_unit_test(test_probes_are_no_way_out),
		cmocka_unit_test(test_recovered_within),
		cmocka_unit_test(test_new_finding),
		cmocka_unit_test(test_new_flow_broken),
		cmocka_unit_test(test_finding_lives_on),
		cmocka_unit_test(test_finding_recovered),
		cmocka_unit_test(test_check_unknown),
		cmocka_unit_test(test_bird_silent),
		cmocka_unit_test(test_check_warns),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_foreign_before),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_overlapping),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_address_gone),
		cmocka_unit_test(test_link_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
