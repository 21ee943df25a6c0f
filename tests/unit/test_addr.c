// SPDX-License-Identifier: GPL-2.0-only
/* Addresses, prefixes, and the words of the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "util.h"

static struct addr addr(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, &a), 0);
	return a;
}

static struct prefix prefix(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

static void parse_and_print(void **state)
{
	static const struct {
		const char *in, *out;
		int err;
	} cases[] = {
		{ "10.253.0.0/16", "10.253.0.0/16", 0 },
		{ "10.253.65.64/26", "10.253.65.64/26", 0 },
		{ "0.0.0.0/0", "0.0.0.0/0", 0 },
		{ "1.2.3.4", "1.2.3.4/32", 0 },
		{ "1.2.3.4/32", "1.2.3.4/32", 0 },
		{ "fd00:10::/48", "fd00:10::/48", 0 },
		{ "::1", "::1/128", 0 },
		{ "10.253.65.67/26", NULL, -EDOM },
		{ "fd00::1/64", NULL, -EDOM },
		{ "10.253.0.0/33", NULL, -EINVAL },
		{ "10.253.0.0/", NULL, -EINVAL },
		{ "10.253.0.0/ 16", NULL, -EINVAL },
		{ "10.253.0.0/+16", NULL, -EINVAL },
		{ "10.253.0.0/0x10", NULL, -EINVAL },
		{ "10.253.0.0/0016", NULL, -EINVAL },
		{ "10.253.0.0/16/16", NULL, -EINVAL },
		{ "10.253/16", NULL, -EINVAL },
		{ "/16", NULL, -EINVAL },
		{ "", NULL, -EINVAL },
		{ "1.2.3.4.5", NULL, -EINVAL },
		{ "::/129", NULL, -EINVAL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/64", NULL, -EINVAL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p, untouched;
		char buf[PREFIX_STRLEN];

		memset(&p, 0x5a, sizeof(p));
		untouched = p;
		assert_int_equal(prefix_parse(cases[i].in, &p), cases[i].err);
		if (cases[i].err)
			assert_memory_equal(&p, &untouched, sizeof(p));
		else
			assert_string_equal(prefix_str(&p, buf), cases[i].out);
	}
}

static void v4_in_and_out(void **state)
{
	struct addr a = addr_v4(htonl(0x0afd4143)), none = addr_v4_opt(0), six = addr("fd00::1");
	char buf[ADDR_STRLEN];

	(void)state;
	assert_string_equal(addr_str(&a, buf), "10.253.65.67");
	assert_int_equal(addr_be(&a), htonl(0x0afd4143));
	assert_false(addr_is_set(&none));
	assert_int_equal(addr_be(&none), 0);
	assert_int_equal(addr_be(&six), 0);
	assert_string_equal(addr_str(&none, buf), "?");
	a = addr_v4(0);
	assert_true(addr_is_set(&a));
	assert_false(addr_eq(&a, &none));
}

static void contains(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool in;
	} cases[] = {
		{ "10.253.65.64/26", "10.253.65.64", true },
		{ "10.253.65.64/26", "10.253.65.127", true },
		{ "10.253.65.64/26", "10.253.65.128", false },
		{ "10.253.65.64/26", "10.253.65.63", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::1", false },
		{ "10.0.0.1/32", "10.0.0.1", true },
		{ "10.0.0.1/32", "10.0.0.0", false },
		{ "fd00::/9", "fd7f::1", true },
		{ "fd00::/9", "fd80::1", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p = prefix(cases[i].prefix);
		struct addr a = addr(cases[i].addr);

		assert_int_equal(prefix_has(&p, &a), cases[i].in);
	}
}

static void unset_is_in_nothing(void **state)
{
	struct prefix all = prefix("0.0.0.0/0"), none = { 0 };
	struct addr unset = { 0 };

	(void)state;
	assert_false(prefix_has(&all, &unset));
	assert_false(prefix_has(&none, &unset));
	all.len = 200; /* nonsense must not read beyond the address */
	unset = addr("1.2.3.4");
	assert_false(prefix_has(&all, &unset));
}

static void covers_and_equals(void **state)
{
	struct prefix pool = prefix("10.253.0.0/16"), block = prefix("10.253.65.64/26");
	struct prefix other = prefix("10.254.65.64/26");

	(void)state;
	assert_true(prefix_covers(&pool, &block));
	assert_true(prefix_covers(&pool, &pool));
	assert_false(prefix_covers(&block, &pool));
	assert_false(prefix_covers(&pool, &other));
	assert_true(prefix_eq(&pool, &pool));
	assert_false(prefix_eq(&pool, &block));
}

static void prefix_of_address(void **state)
{
	struct addr a = addr("10.253.65.67"), six = addr("fd00:1:3:3::4");
	char buf[PREFIX_STRLEN];
	struct prefix p;

	(void)state;
	p = prefix_of(&a, 26);
	assert_string_equal(prefix_str(&p, buf), "10.253.65.64/26");
	p = prefix_of(&a, 0);
	assert_string_equal(prefix_str(&p, buf), "0.0.0.0/0");
	p = prefix_of(&a, 99);
	assert_string_equal(prefix_str(&p, buf), "10.253.65.67/32");
	p = prefix_of(&six, 47);
	assert_string_equal(prefix_str(&p, buf), "fd00:1:2::/47");
}

/* Every value has a word, no word stands twice, and nothing is read beyond a table. */
static void words(void **state)
{
	enum verdict v, w;
	enum cause c;

	(void)state;
	for (v = V_NONE; v < V_MAX; v++) {
		assert_string_not_equal(verdict_name(v), "?");
		for (w = V_NONE; w < v; w++)
			assert_string_not_equal(verdict_name(v), verdict_name(w));
	}
	for (c = C_UNKNOWN; c < C_MAX; c++)
		assert_string_not_equal(cause_name(c), "?");
	assert_string_equal(verdict_name(V_MAX), "?");
	assert_string_equal(verdict_name((enum verdict) - 1), "?");
	assert_string_equal(loss_name((enum loss_what)99), "?");
	assert_string_equal(bgp_state_name(BGP_CLOSED_AFTER_ACCEPT), "closed-after-accept");
	assert_string_equal(since_from_name(SINCE_BEFORE_START), "before-start");
}

static void problems(void **state)
{
	(void)state;
	assert_false(verdict_is_problem(V_NONE));
	assert_false(verdict_is_problem(V_SENT));
	assert_false(verdict_is_problem(V_DELIVERED));
	assert_true(verdict_is_problem(V_LEAKED));
	assert_true(verdict_is_problem(V_OTHER));
	assert_false(verdict_is_problem(V_MAX));
}

static void clean_text(void **state)
{
	static const struct {
		const char *in, *out;
		size_t cols;
	} cases[] = {
		{ "kubernetes.default", "kubernetes.default", 18 },
		{ "a\x1b[31mb", "a\\x1b[31mb", 10 },
		{ "a\nb\tc\r", "a\\x0ab\\x09c\\x0d", 15 },
		{ "\x7f", "\\x7f", 4 },
		{ "m\xc3\xbcller", "m\xc3\xbcller", 6 },
		{ "\xff\xfe", "\\xff\\xfe", 8 },
		{ "cut \xe2\x80", "cut \\xe2\\x80", 12 },
		{ "\xe2\x80\xa6 12 more", "\xe2\x80\xa6 12 more", 9 },
		/* overlong, C1 control, right-to-left override, zero width, wide, beyond the BMP */
		{ "\xc0\x80", "\\xc0\\x80", 8 },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m", 11 },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae", 12 },
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b", 12 },
		{ "\xe4\xb8\xad", "\\xe4\\xb8\\xad", 12 },
		{ "\xf0\x9f\x98\x80", "\\xf0\\x9f\\x98\\x80", 16 },
	};
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(text_clean(out, sizeof(out), cases[i].in), cases[i].cols);
		assert_string_equal(out, cases[i].out);
		assert_int_equal(text_cols(out), cases[i].cols);
	}
	assert_int_equal(text_clean(out, 6, "ab\x01zz"), 2);
	assert_string_equal(out, "ab");
}

static void numbers_and_durations(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(parse_u64("-1", 0, 9, &n), -EINVAL);
	assert_int_equal(parse_u64(" 1", 0, 9, &n), -EINVAL);
	assert_int_equal(parse_u64("10", 0, 9, &n), -ERANGE);
	assert_int_equal(parse_duration_ns("250ms", true, &n), 0);
	assert_true(n == 250 * NS_PER_MS);
	assert_int_equal(parse_duration_ns("250ms", false, &n), -EINVAL);
	assert_int_equal(parse_duration_ns("99999999999999999999h", false, &n), -ERANGE);
	assert_int_equal(parse_duration_ns("9999999999999h", false, &n), -ERANGE);
	assert_int_equal(parse_duration_ns("1d", false, &n), -EINVAL);
	assert_int_equal(parse_duration_ns("", false, &n), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_print),
		cmocka_unit_test(v4_in_and_out),
		cmocka_unit_test(contains),
		cmocka_unit_test(unset_is_in_nothing),
		cmocka_unit_test(covers_and_equals),
		cmocka_unit_test(prefix_of_address),
		cmocka_unit_test(words),
		cmocka_unit_test(problems),
		cmocka_unit_test(clean_text),
		cmocka_unit_test(numbers_and_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
