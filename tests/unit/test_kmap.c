// SPDX-License-Identifier: GPL-2.0-only
#include "kmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES 3000

struct entry {
	struct knode node;
	uint64_t hash;
	uint32_t added; /* when; 0: it is not in */
};

static uint32_t random_below(uint64_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)((*state >> 20) % n);
}

/* All that have that hash are there, newest first, and nothing else */
static void check_hash(const struct kmap *m, const struct entry *all, uint64_t hash)
{
	uint32_t want = 0, got = 0, last = UINT32_MAX;

	for (int i = 0; i < ENTRIES; i++)
		want += all[i].added && all[i].hash == hash;
	for (const struct knode *n = kmap_first(m, hash); n; n = kmap_next(m, n)) {
		const struct entry *e = (const struct entry *)n;

		assert_true(e->added && e->added < last);
		last = e->added;
		got += e->hash == hash;
	}
	assert_int_equal(got, want);
}

/* spread: of the hashes; small ones give chains, those that differ in few bits give neighbours */
static void churn(uint32_t spread, uint64_t step)
{
	static struct entry all[ENTRIES];
	uint64_t state = 88172645463325252ULL;
	struct kmap m;

	kmap_init(&m, all);
	memset(all, 0, sizeof(all));
	assert_null(kmap_first(&m, 1));
	for (uint32_t round = 1; round < 40000; round++) {
		struct entry *e = &all[random_below(&state, ENTRIES)];

		if (e->added) {
			kmap_del(&m, &e->node);
			e->added = 0;
		} else {
			e->hash = random_below(&state, spread) * step;
			assert_int_equal(kmap_add(&m, &e->node, e->hash), 0);
			e->added = round;
		}
		if (round % 16 == 0)
			check_hash(&m, all, all[random_below(&state, ENTRIES)].hash);
	}
	for (int i = 0; i < ENTRIES; i++)
		if (all[i].added)
			kmap_del(&m, &all[i].node);
	assert_int_equal(m.used, 0);
	kmap_free(&m);
}

static void test_spread(void **state)
{
	(void)state;
	churn(UINT32_MAX, 0x9e3779b97f4a7c15ULL);
}

static void test_same(void **state)
{
	(void)state;
	churn(20, 1ULL << 32);
}

/* All want the same few places: they step aside, and come back. */
static void test_crowded(void **state)
{
	(void)state;
	churn(3000, 1ULL << 44);
}

static void test_zero(void **state)
{
	struct entry e[2] = { 0 };
	struct kmap m;

	(void)state;
	kmap_init(&m, e);
	assert_int_equal(kmap_add(&m, &e[0].node, 0), 0);
	assert_int_equal(kmap_add(&m, &e[1].node, 0), 0);
	assert_ptr_equal(kmap_first(&m, 0), &e[1].node);
	assert_ptr_equal(kmap_next(&m, &e[1].node), &e[0].node);
	kmap_del(&m, &e[0].node);
	assert_ptr_equal(kmap_first(&m, 0), &e[1].node);
	assert_null(kmap_next(&m, &e[1].node));
	kmap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_crowded),
		cmocka_unit_test(test_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
