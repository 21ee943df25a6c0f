// SPDX-License-Identifier: GPL-2.0-only
/* The exit status of `live` and `show`: traffic that fared well does not make a sick node healthy. */
#include "feed.h"

#include "cmd.h"
#include "screen.h"
#include "util.h"

#define US (5 * US_PER_S)

static const struct opts strict = { .exit_code = true };

/* The end of a node of a mesh, sick or not, after so many packets that fared well */
static int status_of(bool sick, bool from_start, uint64_t seen, struct summary *s)
{
	struct feed f;
	struct mesh m;
	int status;

	*s = (struct summary){ .seen = seen };
	feed_open(&f, &plans[0], NULL);
	m = mesh_of(&f, POOL_IPIP, 3);
	for (uint32_t i = 0; sick && i < m.cnt; i++)
		mesh_down(&m, i, TCP_CLOSES, "Idle", "Socket: Connection closed");
	feed_mesh(&f, US, &m);
	screen_judge(f.engine, from_start ? screen_bad(f.engine) : 0, s);
	status = screen_exit(&strict, s);
	mesh_free(&m);
	feed_close(&f, US);
	return status;
}

static void test_healthy(void **state)
{
	struct summary s;

	(void)state;
	assert_int_equal(status_of(false, true, 9, &s), EXIT_OK);
	assert_int_equal(s.check_cnt, 0);
	assert_string_equal(s.checks, "");
	assert_int_equal(status_of(false, true, 0, &s), EXIT_CANNOT_SAY);
}

static void test_sick(void **state)
{
	struct summary s;

	(void)state;
	assert_int_equal(status_of(true, true, 9, &s), EXIT_PROBLEM);
	assert_true(s.check_cnt > 0);
	assert_non_null(strstr(s.checks, "bgp"));
	assert_int_equal(status_of(true, true, 0, &s), EXIT_PROBLEM);
	/* not at the start: what is known of the end may be old */
	assert_int_equal(status_of(true, false, 9, &s), EXIT_OK);
	/* without --exit-code, that it ran is all that counts */
	assert_int_equal(screen_exit(&(struct opts){ 0 }, &s), EXIT_OK);
}

/* Good packets, and nobody knows whether forwarding is on, or how pools are encapsulated */
static void test_unknown(void **state)
{
	struct summary s = { .seen = 9 };
	struct feed f;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	screen_judge(f.engine, 0, &s);
	assert_int_equal(screen_exit(&strict, &s), EXIT_CANNOT_SAY);
	assert_int_equal(screen_exit(&(struct opts){ 0 }, &s), EXIT_OK);
	assert_non_null(strstr(s.open_checks, "sysctl"));
	assert_int_equal(s.check_cnt, 0);
	feed_close(&f, US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_sick),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
