// SPDX-License-Identifier: GPL-2.0-only
/* live --top without a terminal: what is counted, listed, and where it stands on the screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "top_page.h"
#include "util.h"

#define T0 (1000 * NS_PER_S)
#define BLOCK "10.253.181.0/26"

static struct top_model *model_new(void)
{
	struct top_model *m;

	assert_int_equal(top_model__new(T0, 0, &m), 0);
	snprintf(m->node, sizeof(m->node), "k8s02");
	snprintf(m->version, sizeof(m->version), "9");
	return m;
}

static struct packet packet_of(uint64_t id, uint32_t sec, const char *block, enum verdict v)
{
	struct packet p = { .id = id, .rev = 1, .ts_ns = T0 + sec * NS_PER_S, .verdict = v };

	p.app = APP_ICMP;
	p.src = addr_v4(htobe32(0x0afd4143));
	p.dst = addr_v4(htobe32(0x0afdb502));
	snprintf(p.dev, sizeof(p.dev), "eth0");
	if (block)
		assert_int_equal(prefix_parse(block, &p.block), 0);
	return p;
}

static void feed(struct top_model *m, const struct packet *p)
{
	top_model__record(m, &(struct record){ .kind = REC_PACKET, .packet = p });
}

static void feed_n(struct top_model *m, uint64_t id, uint32_t sec, const char *block,
		   enum verdict v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet p = packet_of(id + i, sec, block, v);

		feed(m, &p);
	}
}

static struct finding finding_of(uint32_t id, const char *explain)
{
	struct finding f = { .id = id, .rev = 1, .verdict = V_LEAKED, .packets = 12 };

	f.cause = C_NODE_ADDRESS_MISMATCH;
	f.because_cnt = 1;
	f.because[0] = (struct because){ .cause = C_ROUTE_MISSING, .confidence = CONF_CERTAIN };
	f.block_cnt = 1;
	assert_int_equal(prefix_parse(BLOCK, &f.block[0]), 0);
	snprintf(f.dev, sizeof(f.dev), "eth0");
	snprintf(f.explain, sizeof(f.explain), "%s", explain);
	snprintf(f.advice, sizeof(f.advice), "compare calicoctl get node with ip addr");
	f.evidence_cnt = 1;
	snprintf(f.evidence[0], sizeof(f.evidence[0]), "the route was deleted by bird");
	return f;
}

static void feed_finding(struct top_model *m, const struct finding *f)
{
	top_model__record(m, &(struct record){ .kind = REC_FINDING, .finding = f });
}

static const struct top_row *row_with(const struct top_model *m, enum verdict v)
{
	for (uint32_t i = 0; i < m->row_cnt; i++)
		if (m->row[i].verdict == v)
			return &m->row[i];
	return NULL;
}

/* ---- the model ---- */

static void test_counts(void **state)
{
	struct top_model *m = model_new();
	const struct top_row *r;

	(void)state;
	feed_n(m, 1, 0, BLOCK, V_LEAKED, 3);
	feed_n(m, 4, 2, BLOCK, V_LEAKED, 2);
	feed_n(m, 6, 2, BLOCK, V_SENT, 7);
	feed_n(m, 13, 2, NULL, V_SENT, 1);
	top_model__tick(m, T0 + 3 * NS_PER_S);
	assert_int_equal(m->row_cnt, 3);
	r = row_with(m, V_LEAKED);
	assert_int_equal(r->packets, 5);
	assert_int_equal(r->apps[APP_ICMP], 5);
	assert_int_equal(top_row__at(r, m->now_ns, 1), 2);
	assert_int_equal(top_row__at(r, m->now_ns, 2), 0);
	assert_int_equal(top_row__at(r, m->now_ns, 3), 3);
	assert_int_equal(top_row__recent(r, m->now_ns, 10), 5);
	assert_int_equal(top_row__recent(r, m->now_ns, 2), 2);
	assert_int_equal(m->packets, 13);
	assert_int_equal(m->problems, 5);
	/* a minute later the window is empty, also of what was never overwritten */
	top_model__tick(m, T0 + 90 * NS_PER_S);
	assert_int_equal(top_row__recent(r, m->now_ns, TOP_SECONDS - 4), 0);
	feed_n(m, 20, 90, BLOCK, V_LEAKED, 1);
	assert_int_equal(top_row__recent(r, T0 + 91 * NS_PER_S, TOP_SECONDS - 4), 1);
	top_model__free(m);
}

/* Sent, and then nothing came back: the packet is counted once, where it belongs in the end. */
static void test_verdict_changes(void **state)
{
	struct top_model *m = model_new();
	struct packet p = packet_of(7, 0, BLOCK, V_SENT);

	(void)state;
	feed(m, &p);
	p.rev = 2;
	p.verdict = V_UNANSWERED;
	feed(m, &p);
	assert_int_equal(row_with(m, V_SENT)->packets, 0);
	assert_int_equal(row_with(m, V_UNANSWERED)->packets, 1);
	assert_int_equal(top_row__at(row_with(m, V_SENT), T0, 0), 0);
	assert_int_equal(m->packets, 1);
	assert_int_equal(m->problems, 1);
	p.rev = 3; /* late */
	feed(m, &p);
	assert_int_equal(row_with(m, V_UNANSWERED)->packets, 1);
	/* so long ago that nobody knows where it was counted */
	p = packet_of(7 + 16384, 1, BLOCK, V_SENT);
	feed(m, &p);
	p = packet_of(7, 1, BLOCK, V_LEAKED);
	p.rev = 4;
	feed(m, &p);
	assert_null(row_with(m, V_LEAKED));
	top_model__free(m);
}

/* Whatever comes, the table has an end; nothing is left uncounted. */
static void test_many_blocks(void **state)
{
	struct top_model *m = model_new();
	uint64_t sum = 0, others = 0;

	(void)state;
	for (uint32_t i = 0; i < 3 * TOP_ROWS; i++) {
		struct packet p = packet_of(i + 1, 0, NULL, i % 2 ? V_SENT : V_LEAKED);

		p.block = (struct prefix){ addr_v4(htobe32(0x0a000000 + 64 * i)), 26 };
		feed(m, &p);
	}
	assert_true(m->row_cnt <= TOP_ROWS);
	for (uint32_t i = 0; i < m->row_cnt; i++) {
		sum += m->row[i].packets;
		others += m->row[i].others;
	}
	assert_int_equal(sum, 3 * TOP_ROWS);
	assert_int_equal(others, 2);
	for (uint32_t i = 1; i < 2 * TOP_FINDINGS; i++) {
		struct finding f = finding_of(i, "x");

		feed_finding(m, &f);
	}
	assert_int_equal(m->finding_cnt, TOP_FINDINGS);
	assert_int_equal(m->finding_more, TOP_FINDINGS - 1);
	top_model__free(m);
}

static void test_losses(void **state)
{
	struct obs_loss ring = { .what = LOSS_RING, .count = 3 };
	struct obs_loss storm = { .what = LOSS_WITHHELD, .count = 40, .verdict = V_NO_ROUTE };
	struct top_model *m = model_new();

	(void)state;
	assert_int_equal(prefix_parse(BLOCK, &storm.block), 0);
	top_model__record(m, &(struct record){ .kind = REC_LOSS, .loss = &ring });
	top_model__record(m, &(struct record){ .kind = REC_LOSS, .loss = &storm });
	assert_int_equal(m->lost, 3);
	assert_int_equal(m->withheld, 40);
	assert_int_equal(row_with(m, V_NO_ROUTE)->withheld, 40);
	assert_int_equal(row_with(m, V_NO_ROUTE)->packets, 0);
	top_model__free(m);
}

/* A peer that refuses each second is one line. */
static void test_changes(void **state)
{
	struct obs_bgp b = { .state = BGP_CLOSED_AFTER_ACCEPT,
			     .peer = addr_v4(htobe32(0x0a0207c8)) };
	struct top_model *m = model_new();

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		top_model__record(m,
				  &(struct record){ .kind = REC_BGP, .ts_ns = T0 + i, .bgp = &b });
	assert_int_equal(m->change_cnt, 1);
	assert_int_equal(m->change[0].times, 100);
	for (uint32_t i = 0; i < 100; i++) {
		b.peer = addr_v4(htobe32(0x0a020000 + i));
		top_model__record(m,
				  &(struct record){ .kind = REC_BGP, .ts_ns = T0 + i, .bgp = &b });
	}
	assert_int_equal(m->change_cnt, 101);
	top_model__free(m);
}

/* ---- the list ---- */

static void test_list(void **state)
{
	struct top_model *m = model_new();
	struct top_ui ui = { 0 };
	struct finding f = finding_of(1, "Packets leave without the tunnel.");
	struct top_list l;

	(void)state;
	feed_n(m, 1, 0, "10.253.181.0/26", V_SENT, 50);
	feed_n(m, 100, 0, "10.253.65.0/26", V_LEAKED, 2);
	feed_n(m, 200, 0, "10.253.140.128/26", V_LEAKED, 9);
	feed_finding(m, &f);
	top_model__tick(m, T0 + NS_PER_S);
	top_list__build(m, &ui, &l);
	assert_int_equal(l.row_cnt, 3);
	assert_int_equal(l.finding_cnt, 1);
	/* problems first, the most of them before the others */
	assert_int_equal(m->row[l.row[0]].packets, 9);
	assert_int_equal(m->row[l.row[1]].packets, 2);
	ui.sort = TOP_BY_BLOCK;
	top_list__build(m, &ui, &l);
	assert_int_equal(m->row[l.row[0]].packets, 2); /* .65 before .140 */
	ui.reverse = true;
	top_list__build(m, &ui, &l);
	assert_int_equal(m->row[l.row[0]].packets, 50);
	ui.problems_only = true;
	top_list__build(m, &ui, &l);
	assert_int_equal(l.row_cnt, 2);
	snprintf(ui.filter, sizeof(ui.filter), "LEAKED 140");
	top_list__build(m, &ui, &l);
	assert_int_equal(l.row_cnt, 1);
	assert_int_equal(l.finding_cnt, 0);
	snprintf(ui.filter, sizeof(ui.filter), "mismatch");
	top_list__build(m, &ui, &l);
	assert_int_equal(l.row_cnt, 0);
	assert_int_equal(l.finding_cnt, 1);
	top_model__free(m);
}

static void keys(struct top_ui *ui, const struct top_model *m, const char *s)
{
	for (; *s; s++)
		top_ui__key(ui, m, *s);
}

static void test_keys(void **state)
{
	struct top_model *m = model_new();
	struct finding f = finding_of(1, "Packets leave without the tunnel.");
	struct top_ui ui = { 0 };

	(void)state;
	feed_n(m, 1, 0, BLOCK, V_SENT, 50);
	feed_finding(m, &f);
	keys(&ui, m, "/qs 1");
	assert_true(ui.typing);
	assert_string_equal(ui.filter, "qs 1");
	top_ui__key(&ui, m, TOP_KEY_BACKSPACE);
	assert_string_equal(ui.filter, "qs ");
	top_ui__key(&ui, m, TOP_KEY_ESC);
	assert_false(ui.typing);
	assert_string_equal(ui.filter, "");
	top_ui__key(&ui, m, TOP_KEY_ENTER);
	assert_int_equal(ui.page, TOP_PAGE_FINDING);
	keys(&ui, m, "h");
	assert_int_equal(ui.page, TOP_PAGE_HELP);
	keys(&ui, m, "q");
	assert_int_equal(ui.page, TOP_PAGE_FINDING);
	keys(&ui, m, "q");
	assert_int_equal(ui.page, TOP_PAGE_MAIN);
	assert_false(ui.quit);
	top_ui__key(&ui, m, TOP_KEY_DOWN);
	top_ui__key(&ui, m, TOP_KEY_ENTER);
	assert_int_equal(ui.page, TOP_PAGE_ROW);
	keys(&ui, m, "1");
	assert_int_equal(ui.page, TOP_PAGE_FINDING);
	keys(&ui, m, "9c");
	assert_int_equal(ui.page, TOP_PAGE_CHECKS);
	/* any key anywhere, on an empty model as well */
	for (int k = 0; k < 0x1010; k++)
		top_ui__key(&ui, m, k);
	top_ui__key(&ui, m, TOP_KEY_ESC);
	keys(&ui, m, "Q");
	assert_true(ui.quit);
	top_model__free(m);
	m = model_new();
	ui = (struct top_ui){ 0 };
	for (int k = 0; k < 0x1010; k++)
		top_ui__key(&ui, m, k);
	top_model__free(m);
}

/* ---- the picture ---- */

struct shot {
	struct top_frame f;
	char s[TOP_MAX_ROWS * (4 * TOP_MAX_COLS + 2)];
};

static struct shot *shoot(struct top_ui *ui, const struct top_model *m, int rows, int cols,
			  bool ascii)
{
	static struct shot shot;
	size_t len = 0;

	top_frame__free(&shot.f);
	shot.f = (struct top_frame){ .ascii = ascii };
	assert_int_equal(top_frame__size(&shot.f, rows, cols), 0);
	top_draw(&shot.f, ui, m, m);
	for (int row = 0; row < shot.f.rows; row++) {
		top_frame__line(&shot.f, row, shot.s + len, sizeof(shot.s) - len);
		len += strlen(shot.s + len);
		shot.s[len++] = '\n';
	}
	shot.s[len] = '\0';
	return &shot;
}

static struct top_model *incident(void)
{
	struct finding f = finding_of(1, "Packets leave this node by eth0 without the tunnel.");
	struct check c = { .name = "routes", .state = CHECK_PROBLEM };
	struct obs_loss ring = { .what = LOSS_RING, .count = 17 };
	struct top_model *m = model_new();

	for (uint32_t s = 0; s < 60; s++) {
		feed_n(m, 1000 + 10 * s, s, BLOCK, V_LEAKED, 1 + s / 20);
		feed_n(m, 1005 + 10 * s, s, "10.253.65.64/26", V_DELIVERED, 2);
	}
	feed_finding(m, &f);
	snprintf(c.explain, sizeof(c.explain), "No route to a block of the other nodes.");
	top_model__check(m, &c);
	top_model__record(m, &(struct record){ .kind = REC_LOSS, .loss = &ring });
	top_model__tick(m, T0 + 60 * NS_PER_S);
	return m;
}

static void expect_all(const char *shot, const char *const *words)
{
	for (; *words; words++)
		if (!strstr(shot, *words))
			fail_msg("expected '%s' in\n%s", *words, shot);
}

static void test_picture(void **state)
{
	static const char *const words[] = { "calitrace 9 on k8s02",
					     "PROBLEM 1 finding open; 1 of 1 checks",
					     "problem  routes",
					     "No route to a block",
					     "leaked  10.253.181.0/26  by eth0  cause node-address",
					     "Packets leave this node by eth0 without the tunnel.",
					     "do: compare calicoctl",
					     "10.253.181.0/26    leaked",
					     "10.253.65.64/26    delivered",
					     "17 lost, 0 withheld",
					     "Enter open",
					     "q quit",
					     NULL };
	struct top_model *m = incident();
	struct top_ui ui = { .blocks = true };

	(void)state;
	for (int rows = 20; rows < 60; rows += 4)
		for (int cols = 80; cols < 240; cols += 13)
			expect_all(shoot(&ui, m, rows, cols, false)->s, words);
	assert_non_null(strstr(shoot(&ui, m, 24, 80, false)->s, "█"));
	assert_non_null(strstr(shoot(&ui, m, 50, 200, false)->s, "10.253.65.67 -> 10.253.181.2"));
	/* in ASCII nothing else, whatever is in the texts */
	ui.blocks = false;
	snprintf(m->finding[0]->explain, sizeof(m->finding[0]->explain),
		 "Stra\xc3\x9f"
		 "e \x1b[2J");
	for (const char *p = shoot(&ui, m, 24, 80, true)->s; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p < 127));
	assert_non_null(strstr(shoot(&ui, m, 24, 80, true)->s, "Stra?e \\x1b[2J"));
	top_model__free(m);
}

static void test_pages(void **state)
{
	static const char *const finding[] = { "FINDING 1  open  leaked",
					       "do         compare",
					       "why        route-missing",
					       "evidence   - the route",
					       "blocks     10.253.181.0/26",
					       "17 lost",
					       NULL };
	static const char *const row[] = { "PACKETS  10.253.181.0/26  leaked",
					   "packets    120 (icmp 120)", NULL };
	struct top_model *m = incident();
	struct top_ui ui = { .page = TOP_PAGE_FINDING, .finding = 1 };

	(void)state;
	expect_all(shoot(&ui, m, 24, 80, false)->s, finding);
	ui.page = TOP_PAGE_ROW;
	ui.row = 0;
	expect_all(shoot(&ui, m, 24, 80, false)->s, row);
	ui.page = TOP_PAGE_HELP;
	expect_all(shoot(&ui, m, 24, 80, false)->s, (const char *const[]){ "freeze", NULL });
	assert_true(ui.scroll_max > 0);
	top_ui__key(&ui, m, TOP_KEY_END);
	expect_all(shoot(&ui, m, 24, 80, false)->s,
		   (const char *const[]){ "silence proves nothing", NULL });
	/* nothing is out of bounds: any page at any size, and with nothing to show */
	for (int page = TOP_PAGE_MAIN; page <= TOP_PAGE_HELP; page++) {
		struct top_model *none = model_new();

		ui = (struct top_ui){ .page = page, .finding = 3, .row = 77 };
		for (int size = 0; size < 90; size += 3) {
			shoot(&ui, none, size, 2 * size, false);
			shoot(&ui, m, size / 2, 3 * size, true);
		}
		top_model__free(none);
	}
	top_model__free(m);
}

/* What is frozen stays, but not the losses: these must not be hidden. */
static void test_frozen(void **state)
{
	struct top_model *m = incident(), *copy;
	struct top_ui ui = { .frozen = true };
	struct top_frame f = { 0 };
	char line[400];

	(void)state;
	assert_int_equal(top_model__copy(m, &copy), 0);
	m->lost = 99;
	m->finding[0]->packets = 4711;
	top_model__tick(m, T0 + 70 * NS_PER_S);
	assert_int_equal(copy->finding[0]->packets, 12);
	assert_int_equal(top_frame__size(&f, 24, 80), 0);
	top_draw(&f, &ui, copy, m);
	top_frame__line(&f, 0, line, sizeof(line));
	assert_non_null(strstr(line, "FROZEN"));
	top_frame__line(&f, 22, line, sizeof(line));
	assert_non_null(strstr(line, "99 lost"));
	top_frame__free(&f);
	top_model__free(copy);
	top_model__free(m);
}

static void test_wrap(void **state)
{
	const char *next;

	(void)state;
	assert_int_equal(top_wrap("one two three", 8, &next), 7);
	assert_string_equal(next, "three");
	assert_int_equal(top_wrap("one two", 7, &next), 7);
	assert_string_equal(next, "");
	assert_int_equal(top_wrap("abcdefghij", 4, &next), 4);
	assert_string_equal(next, "efghij");
	assert_int_equal(top_wrap("a\nb", 4, &next), 1);
	assert_string_equal(next, "b");
	assert_int_equal(top_wrap("äöü äöü", 5, &next), 6);
	assert_int_equal(top_wrap_lines("one two three", 8), 2);
	assert_int_equal(top_wrap_lines("", 8), 0);
}

static void test_words(void **state)
{
	char buf[TOP_WORD_LEN], spark[400];
	struct top_row r = { 0 };

	(void)state;
	assert_string_equal(top_count(999999, buf), "999999");
	assert_string_equal(top_count(1234567, buf), "1.23M");
	assert_string_equal(top_count(UINT64_MAX, buf), "18.4E");
	assert_string_equal(top_span(192 * NS_PER_S, buf), "3 min 12 s");
	r.sec = 100;
	r.hist[100 % TOP_SECONDS] = 8;
	r.hist[98 % TOP_SECONDS] = 1;
	top_spark(&r, 100 * NS_PER_S, 60, false, spark, sizeof(spark));
	assert_int_equal(strlen(spark), 60);
	assert_string_equal(spark + 57, ". #");
	top_spark(&r, 100 * NS_PER_S, 31, true, spark, sizeof(spark));
	assert_int_equal(text_cols(spark), 30);
	top_spark(&r, 100 * NS_PER_S, 0, true, spark, sizeof(spark));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),	    cmocka_unit_test(test_verdict_changes),
		cmocka_unit_test(test_many_blocks), cmocka_unit_test(test_losses),
		cmocka_unit_test(test_changes),	    cmocka_unit_test(test_list),
		cmocka_unit_test(test_keys),	    cmocka_unit_test(test_picture),
		cmocka_unit_test(test_pages),	    cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_wrap),	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
