// SPDX-License-Identifier: GPL-2.0-only
/* The line that is drawn while files are read, for any width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "progress.h"
#include "util.h"

static void test_line(void **state)
{
	struct progress p = { .on = true, .name = "dir/before.pcapng", .total = 200000000 };
	char s[512];

	(void)state;
	progress_line(&p, 50000000, 3 * NS_PER_S, 80, false, s, sizeof(s));
	assert_string_equal(
		s,
		"before.pcapng #########...........................  25 % of 200.0 MB, 10 s left");
	progress_line(&p, 50000000, 3 * NS_PER_S, 80, true, s, sizeof(s));
	assert_non_null(strstr(s, "█░"));
	/* more than there is, as of a file that grows */
	progress_line(&p, 300000000, 3 * NS_PER_S, 80, false, s, sizeof(s));
	assert_non_null(strstr(s, "100 %"));
	p.total = 0;
	progress_line(&p, 300000000, 3 * NS_PER_S, 80, false, s, sizeof(s));
	assert_string_equal(s, "300.0 MB read");
}

static void test_width(void **state)
{
	struct progress p = { .on = true, .total = 5000000000 };
	char s[512];

	(void)state;
	p.name = "node\x1b[2J-of-a-very-long-name-that-does-not-fit.pcapng";
	for (int cols = 0; cols <= 120; cols++) {
		for (uint64_t done = 0; done <= p.total; done += p.total / 7) {
			progress_line(&p, done, NS_PER_S, cols, true, s, sizeof(s));
			assert_true((int)text_cols(s) <= (cols ? cols - 1 : 0));
			assert_null(strchr(s, '\x1b'));
		}
	}
}

/* Before the first second is over, nothing is drawn; what was not drawn is not removed. */
static void test_quick(void **state)
{
	struct progress p = { 0 };

	(void)state;
	progress__turn(&p, 1);
	progress__begin(&p, "x", 10);
	progress__turn(&p, 5);
	assert_false(p.shown);
	progress__clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
