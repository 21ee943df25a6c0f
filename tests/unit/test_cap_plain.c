// SPDX-License-Identifier: GPL-2.0-only
/*
 * The short way for plain packets says what the long way says, of good files and of damaged ones: a
 * section that tells its length goes the long way.
 */
#include "cap_fixture.h"

#define PACKETS 40

/* Queries as they are captured, with few octets of theirs, none, or all */
static void write_packets(struct image *m)
{
	static const char *const none[] = { NULL };
	struct cap_meta meta = { .wall_offset_ns = WALL_OFFSET, .netns = NODE_NETNS, .argv = none };
	struct capw *w = image_writer(m, 0);
	static struct obs o;

	assert_int_equal(capw__meta(w, &meta), 0);
	for (uint32_t i = 0; i < PACKETS; i++) {
		fill_packet(&o, i % 5 ? OBS_PATH : OBS_DROP);
		o.ts_ns = T0 + i;
		o.pkt.ifindex = 2 + i % 3;
		o.pkt.snap_len = (uint16_t)(i % 7 * 32);
		if (i % 2)
			memset(&o.pkt.osrc, 0, sizeof(o.pkt.osrc));
		if (i % 3)
			o.pkt.src = o.pkt.dst = (struct addr){ .b = { 10, 0, 0, 1 }, .family = 4 };
		if (i % 4)
			memset(o.pkt.reason, 0, REASON_LEN + LOCATION_LEN);
		assert_int_equal(capw__obs(w, &o), 0);
	}
	assert_int_equal(capw__end(w, &(struct cap_end){ .ts_ns = T0 + PACKETS }), 0);
	capw__free(w);
}

/* The same file, which says how long its section is */
static uint8_t *long_way(const struct image *m)
{
	uint8_t *b = malloc(m->len);

	assert_non_null(b);
	memcpy(b, m->b, m->len);
	assert_true(get64(b + 16, false) == UINT64_MAX);
	put64(b + 16, m->len - get32(b + 4, false));
	return b;
}

static void check_item(const struct cap_item *a, const struct cap_item *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_true(a->offset == b->offset && a->block_len == b->block_len);
	if (a->offset)
		assert_memory_equal(a->block, b->block, a->block_len);
	if (a->kind != CAP_OBS || (a->obs.kind != OBS_PATH && a->obs.kind != OBS_DROP))
		return;
	assert_same_obs(&a->obs, &b->obs);
}

/* Returns how many packets both have told */
static uint32_t compare(const struct image *m)
{
	uint8_t *other = long_way(m);
	struct capr *a = image_reader(m->b, m->len), *b = image_reader(other, m->len);
	const struct cap_item *ia, *ib;
	char why[512];
	uint32_t n = 0;
	int got;

	assert_non_null(a);
	assert_non_null(b);
	while ((got = capr__next(a, &ia, why, sizeof(why))) == 1) {
		assert_int_equal(capr__next(b, &ib, why, sizeof(why)), 1);
		check_item(ia, ib);
		n += ia->kind == CAP_OBS;
	}
	assert_int_equal(capr__next(b, &ib, why, sizeof(why)), got);
	capr__free(a);
	capr__free(b);
	free(other);
	return n;
}

static void test_good(void **state)
{
	struct image m = { 0 };

	(void)state;
	write_packets(&m);
	assert_int_equal(compare(&m), PACKETS);
	free(m.b);
}

/* One octet after the other, but for the section's header, has another value. */
static void test_damaged(void **state)
{
	static const uint8_t change[] = { 0x01, 0x04, 0x80, 0xff };
	struct image m = { 0 };
	uint32_t fewer = 0;

	(void)state;
	write_packets(&m);
	for (size_t at = get32(m.b + 4, false); at < m.len; at++) {
		uint8_t was = m.b[at];

		m.b[at] ^= change[at % sizeof(change)];
		fewer += compare(&m) < PACKETS;
		m.b[at] = was;
	}
	assert_true(fewer > PACKETS);
	free(m.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("cap_plain", tests, NULL, NULL);
}
