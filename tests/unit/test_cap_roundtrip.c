// SPDX-License-Identifier: GPL-2.0-only
/* What was written is read: each kind, each field */
#include "cap_swap.h"

#define LAST_KIND OBS_NFTRACE

/* what other captures show is not written into one */
#define EACH_KIND(k) for (int k = OBS_PATH; k <= LAST_KIND; k += k + 1 == OBS_ELSEWHERE ? 2 : 1)

static struct cap_end some_end(const struct capw *w)
{
	return (struct cap_end){
		.ts_ns = T0 + 9, .packets = capw__packets(w), .rotated = true, .reason = "1 GiB"
	};
}

/* A file with one observation of each kind, in obs */
static void write_all(struct image *m, struct obs *obs)
{
	static const char *const w1[] = { "eth0", "tunl0", NULL }, *const w2[] = { NULL };
	struct capw *w = image_writer(m, 0);
	struct cap_meta meta = some_meta();
	struct cap_ready ready = { T0 + 1, w1, w2, w1 };
	struct cap_clock clock = { T0 + 2, -5 };
	struct cap_finish finish = { T0 + 3, -1, true };
	size_t before = m->len;
	struct cap_end end;

	assert_int_equal(capw__meta(w, &meta), 0);
	EACH_KIND(k)
	{
		fill_obs(&obs[k], k);
		assert_int_equal(capw__obs(w, &obs[k]), 0);
	}
	assert_int_equal(capw__ready(w, &ready), 0);
	assert_int_equal(capw__clock(w, &clock), 0);
	assert_int_equal(capw__finish(w, &finish), 0);
	end = some_end(w);
	assert_int_equal(capw__packets(w), 2);
	assert_int_equal(capw__end(w, &end), 0);
	assert_int_equal(capw__bytes(w), m->len - before);
	capw__free(w);
}

static void check_meta(const struct cap_meta *m)
{
	struct cap_meta want = some_meta();

	assert_int_equal(m->major, CAP_MAJOR);
	assert_int_equal(m->minor, CAP_MINOR);
	assert_string_equal(m->argv[0], want.argv[0]);
	assert_string_equal(m->argv[3], want.argv[3]);
	assert_null(m->argv[4]);
	want.major = CAP_MAJOR;
	want.minor = CAP_MINOR;
	want.argv = m->argv;
	assert_memory_equal(m, &want, sizeof(want));
}

static void check_all(struct capr *r, const struct obs *obs)
{
	const struct cap_item *i;

	check_meta(&next_of(r, CAP_META)->meta);
	EACH_KIND(k)
	assert_same_obs(&next_of(r, CAP_OBS)->obs, &obs[k]);
	i = next_of(r, CAP_READY);
	assert_int_equal(i->ready.ts_ns, T0 + 1);
	assert_string_equal(i->ready.ifaces[1], "tunl0");
	assert_null(i->ready.ifaces[2]);
	assert_null(i->ready.probes[0]);
	assert_string_equal(i->ready.missing[0], "eth0");
	i = next_of(r, CAP_CLOCK);
	assert_int_equal(i->clock.ts_ns, T0 + 2);
	assert_int_equal(i->clock.wall_offset_ns, -5);
	i = next_of(r, CAP_FINISH);
	assert_int_equal(i->finish.ts_ns, T0 + 3);
	assert_int_equal(i->finish.command_status, -1);
	assert_true(i->finish.hurried);
	i = next_of(r, CAP_END);
	assert_int_equal(i->end.ts_ns, T0 + 9);
	assert_int_equal(i->end.packets, 2);
	assert_true(i->end.rotated);
	assert_string_equal(i->end.reason, "1 GiB");
}

/* Every field of every kind */
static void test_all(void **state)
{
	struct obs *obs = calloc(LAST_KIND + 1, sizeof(*obs));
	struct image m = { 0 };
	struct capr *r;

	(void)state;
	write_all(&m, obs);
	r = image_reader(m.b, m.len);
	assert_non_null(r);
	check_all(r, obs);
	assert_false(capr__swapped(r));
	at_end(r);
	free(m.b);
	free(obs);
}

static void test_other_byte_order(void **state)
{
	struct obs *obs = calloc(LAST_KIND + 1, sizeof(*obs));
	struct image m = { 0 };
	struct capr *r;

	(void)state;
	write_all(&m, obs);
	swap_file(m.b, m.len);
	r = image_reader(m.b, m.len);
	assert_non_null(r);
	check_all(r, obs);
	assert_true(capr__swapped(r));
	at_end(r);
	free(m.b);
	free(obs);
}

/* Parts of a run in one file, of machines of both kinds */
static void test_sections(void **state)
{
	struct obs *obs = calloc(LAST_KIND + 1, sizeof(*obs));
	struct image m = { 0 };
	const struct cap_item *i;
	struct capr *r;
	size_t first;
	char why[512];

	(void)state;
	write_all(&m, obs);
	first = m.len;
	write_all(&m, obs);
	swap_file(m.b + first, m.len - first);
	r = image_reader(m.b, m.len);
	assert_non_null(r);
	/* fill_obs() goes on counting, so that only the second part's are known */
	do
		assert_int_equal(capr__next(r, &i, why, sizeof(why)), 1);
	while (i->kind != CAP_END);
	assert_false(capr__swapped(r));
	check_all(r, obs);
	assert_true(capr__swapped(r));
	at_end(r);
	free(m.b);
	free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_sections),
	};

	return cmocka_run_group_tests_name("cap_roundtrip", tests, NULL, NULL);
}
