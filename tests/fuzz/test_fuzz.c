// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every seed, and every input that once was too much, through its target; then each a few times with
 * octets changed, the same ones each time. From the project's root.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "replay.h"
#include "util.h"

#define RUNS 20
#define TARGETS_MAX 32

static uint32_t replay_dir(const struct fuzz_target *t, const char *dir)
{
	uint32_t cnt = 0;
	struct dirent *de;
	char path[512];
	DIR *d;

	snprintf(path, sizeof(path), "tests/fuzz/%s/%s", dir, t->name);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "tests/fuzz/%s/%s/%s", dir, t->name, de->d_name);
		assert_int_equal(fuzz_file(t, path, RUNS, 1 + cnt), 0);
		cnt++;
	}
	if (d)
		closedir(d);
	return cnt;
}

static void test_target(void **state)
{
	const struct fuzz_target *t = *state;

	assert_int_not_equal(replay_dir(t, "seeds"), 0);
	replay_dir(t, "crashes");
}

int main(void)
{
	struct CMUnitTest tests[TARGETS_MAX];
	size_t n = 0;

	for (; fuzz_targets[n].name; n++)
		tests[n] = (struct CMUnitTest){ .name = fuzz_targets[n].name,
						.test_func = test_target,
						.initial_state = (void *)&fuzz_targets[n] };
	return _cmocka_run_group_tests("fuzz", tests, n, NULL, NULL);
}
