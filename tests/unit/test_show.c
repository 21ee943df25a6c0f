// SPDX-License-Identifier: GPL-2.0-only
/* `show -w`: what a packet's comment says of its fate, in blocks of either byte order, in order or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "show_comment.h"

#define BLOCK_MAX 512
#define DATA "0123456789"

struct block {
	uint8_t b[BLOCK_MAX];
	size_t len;
	bool swapped;
};

static void put16(struct block *k, uint16_t v)
{
	v = k->swapped ? __builtin_bswap16(v) : v;
	memcpy(k->b + k->len, &v, sizeof(v));
	k->len += sizeof(v);
}

static void put32(struct block *k, uint32_t v)
{
	v = k->swapped ? __builtin_bswap32(v) : v;
	memcpy(k->b + k->len, &v, sizeof(v));
	k->len += sizeof(v);
}

static void put_text(struct block *k, const char *s, size_t len)
{
	memcpy(k->b + k->len, s, len);
	k->len += (len + 3) & ~(size_t)3;
}

static void put_option(struct block *k, uint16_t code, const char *s)
{
	put16(k, code);
	put16(k, (uint16_t)strlen(s));
	put_text(k, s, strlen(s));
}

/* An Enhanced Packet Block with that comment after another option; NULL: with no options at all */
static struct block packet(bool swapped, const char *comment)
{
	struct block k = { .swapped = swapped };
	uint32_t total;

	put32(&k, 6);
	put32(&k, 0);
	for (int i = 0; i < 3; i++)
		put32(&k, 0);
	put32(&k, sizeof(DATA) - 1);
	put32(&k, 60);
	put_text(&k, DATA, sizeof(DATA) - 1);
	if (comment) {
		put_option(&k, 0x8001, "private");
		put_option(&k, 1, comment);
		put32(&k, 0);
	}
	total = (uint32_t)k.len + 4;
	put32(&k, total);
	total = swapped ? __builtin_bswap32(total) : total;
	memcpy(k.b + 4, &total, sizeof(total));
	return k;
}

static const struct packet_fate leak = { V_LEAKED, C_BGP_DOWN, 17 };

static void assert_comment(const struct block *k, const struct packet_fate *f, const char *want)
{
	char said[CAP_COMMENT_LEN + 1];

	assert_true(show_comment(k->b, k->len, k->swapped, f, said));
	assert_string_equal(said, want);
}

static void test_fate(void **state)
{
	const struct packet_fate good = { V_SENT, C_UNKNOWN, 0 };

	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		struct block k = packet(swapped, "tc-egress eth0");

		assert_comment(&k, &leak,
			       "verdict=leaked cause=bgp-down finding=17; tc-egress eth0");
		assert_comment(&k, &good, "verdict=sent; tc-egress eth0");
		k = packet(swapped, NULL);
		assert_comment(&k, &leak, "verdict=leaked cause=bgp-down finding=17");
		k = packet(swapped, "");
		assert_comment(&k, &good, "verdict=sent");
	}
}

/* A copy of a copy has the fate once, and what was said first. */
static void test_again(void **state)
{
	struct block k;

	(void)state;
	k = packet(false, "verdict=sent; tc-egress eth0; and more");
	assert_comment(&k, &leak,
		       "verdict=leaked cause=bgp-down finding=17; tc-egress eth0; and more");
	k = packet(false, "verdict=unanswered cause=unknown finding=3");
	assert_comment(&k, &leak, "verdict=leaked cause=bgp-down finding=17");
}

static void test_long(void **state)
{
	char said[CAP_COMMENT_LEN + 1], big[BLOCK_MAX - 100];
	struct block k;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	k = packet(false, big);
	assert_true(show_comment(k.b, k.len, false, &leak, said));
	assert_int_equal(strlen(said),
			 strlen(big) + strlen("verdict=leaked cause=bgp-down finding=17; "));
}

/* Whatever is wrong with a block, no octet beyond it is looked at (the sanitizer sees to that). */
static void test_damaged(void **state)
{
	struct block k = packet(false, "tc-egress eth0");
	char said[CAP_COMMENT_LEN + 1];

	(void)state;
	for (size_t len = 4; len < k.len; len += 4) {
		uint8_t *exact = test_malloc(len);

		memcpy(exact, k.b, len);
		show_comment(exact, len, false, &leak, said);
		test_free(exact);
	}
	/* captured octets: more than the block has */
	memset(k.b + 20, 0xff, 4);
	assert_false(show_comment(k.b, k.len, false, &leak, said));
	k = packet(false, "tc-egress eth0");
	k.b[0] = 5;
	assert_false(show_comment(k.b, k.len, false, &leak, said));
	/* an option that is longer than the block */
	k = packet(false, "tc-egress eth0");
	memset(k.b + 28 + 12 + 2, 0xff, 2);
	assert_false(show_comment(k.b, k.len, false, &leak, said));
}

static void test_order(void **state)
{
	struct block k = { .swapped = false };
	bool swapped = true;

	(void)state;
	put32(&k, 0x0a0d0d0a);
	put32(&k, 28);
	put32(&k, 0x1a2b3c4d);
	assert_true(show_section_order(k.b, k.len, &swapped));
	assert_false(swapped);
	k.len = 8;
	put32(&k, 0x4d3c2b1a);
	assert_true(show_section_order(k.b, k.len, &swapped));
	assert_true(swapped);
	assert_false(show_section_order(k.b, 8, &swapped));
	k = packet(false, NULL);
	assert_false(show_section_order(k.b, k.len, &swapped));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fate),  cmocka_unit_test(test_again),
		cmocka_unit_test(test_long),  cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
