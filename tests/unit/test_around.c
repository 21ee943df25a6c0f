// SPDX-License-Identifier: GPL-2.0-only
/* When the sources around the kernel's routes are asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "around.h"
#include "util.h"

#define T0 (1000 * NS_PER_S)

/* Rounds of confd's files: asked in each look, and when something is urgent */
static void count(void *ctx, const struct obs *o)
{
	int *rounds = ctx;

	*rounds += o->kind == OBS_SOURCE && o->source.begin && o->source.id == SOURCE_CONF;
}

/* No more often than once a second; what comes in between is put off, not forgotten. */
static void urged(void **state)
{
	static const struct opts o = { .host_root = "/nonexistent", .no_bird = true };
	struct mirror *m = mirror__new();
	int rounds = 0;
	const struct around_opts ao = { .o = &o, .mirror = m, .fn = count, .ctx = &rounds };
	struct around *a = NULL;

	(void)state;
	assert_non_null(m);
	assert_int_equal(around__new(&ao, &a), 0);
	around__look(a, T0);
	assert_int_equal(rounds, 1);
	around__turn(a, T0 + 50 * NS_PER_MS);
	assert_int_equal(rounds, 1);
	around__urge(a);
	around__turn(a, T0 + 100 * NS_PER_MS);
	assert_int_equal(rounds, 2);
	around__urge(a);
	around__turn(a, T0 + 150 * NS_PER_MS);
	assert_int_equal(rounds, 2);
	around__turn(a, T0 + 1200 * NS_PER_MS);
	assert_int_equal(rounds, 3);
	around__turn(a, T0 + 5 * NS_PER_S);
	assert_int_equal(rounds, 3);
	around__free(a);
	mirror__free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(urged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
