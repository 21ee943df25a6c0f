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

static void note_source(void *ctx, const struct obs *o)
{
	bool *asked = ctx;

	if (o->kind == OBS_SOURCE && o->source.begin)
		asked[o->source.id] = true;
}

static size_t one_question(void *ctx, struct addr *out, size_t max)
{
	(void)ctx;
	(void)max;
	out[0] = (struct addr){ .family = 4, .b = { 127, 0, 0, 1 } };
	return 1;
}

/* A source that nobody asks is as good as none. BIRD has rounds of its own. */
static void every_source(void **state)
{
	static const struct opts o = { .host_root = "/nonexistent", .no_bird = true };
	bool asked[SOURCE_MAX] = { [SOURCE_BIRD] = true, [SOURCE_BIRD6] = true };
	struct mirror *m = mirror__new();
	const struct around_opts ao = {
		.o = &o, .mirror = m, .fn = note_source, .ctx = asked, .questions = one_question
	};
	struct around *a = NULL;

	(void)state;
	assert_non_null(m);
	assert_int_equal(around__new(&ao, &a), 0);
	around__look(a, T0);
	around__ask_kernel(a, T0);
	around__ask_rules(a, false, T0);
	for (int s = 0; s < SOURCE_MAX; s++)
		if (!asked[s])
			fail_msg("%s is not asked", source_name(s));
	around__free(a);
	mirror__free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urged),
		cmocka_unit_test(every_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
