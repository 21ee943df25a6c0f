// SPDX-License-Identifier: GPL-2.0-only
/* The timeline: one order out of several sources. */
#include <stdlib.h>

#include "feed.h"
#include "timeline.h"

#define WINDOW 5000

struct out {
	uint32_t cnt;
	struct obs obs[4096];
};

/* What an observation of that kind holds; the rest of it may not even be there. */
static size_t used(const struct obs *o)
{
	static const size_t sizes[] = {
		[OBS_PATH] = offsetof(struct obs_pkt, snap),
		[OBS_DROP] = offsetof(struct obs_pkt, snap),
		[OBS_FIB] = sizeof(struct obs_fib),
		[OBS_ROUTE] = sizeof(struct obs_route),
		[OBS_LINK] = sizeof(struct obs_link),
		[OBS_ADDR] = sizeof(struct obs_addr),
		[OBS_NEIGH] = sizeof(struct obs_neigh),
		[OBS_BGP] = sizeof(struct obs_bgp),
		[OBS_POOLS] = sizeof(struct obs_pools),
		[OBS_LOSS] = sizeof(struct obs_loss),
		[OBS_BEGIN_SNAPSHOT] = 0,
	};
	bool packet = o->kind == OBS_PATH || o->kind == OBS_DROP;

	return offsetof(struct obs, pkt) + sizes[o->kind] + (packet ? o->pkt.snap_len : 0);
}

static void keep(void *ctx, const struct obs *o)
{
	struct out *out = ctx;

	assert_true(out->cnt < ARRAY_SIZE(out->obs));
	memcpy(&out->obs[out->cnt++], o, used(o));
}

static void push(struct timeline *t, uint64_t ts, uint64_t mark)
{
	struct obs o = { .kind = OBS_LOSS, .ts_ns = ts, .loss = { LOSS_RING, mark } };

	assert_int_equal(timeline__push(t, &o), 0);
}

static struct timeline *open_timeline(struct out *out)
{
	struct timeline *t;

	out->cnt = 0;
	assert_int_equal(timeline__new(WINDOW, &t), 0);
	return t;
}

static struct out out;

static void test_order(void **state)
{
	struct timeline *t = open_timeline(&out);
	uint32_t x = 12345;

	(void)state;
	for (uint64_t i = 0; i < 2000; i++) {
		x = x * 1664525 + 1013904223;
		push(t, x >> 22, i); /* a thousand stamps: many are equal */
	}
	timeline__drain(t, UINT64_MAX, keep, &out);
	assert_int_equal(out.cnt, 2000);
	for (uint32_t i = 1; i < out.cnt; i++) {
		assert_true(out.obs[i - 1].ts_ns <= out.obs[i].ts_ns);
		if (out.obs[i - 1].ts_ns == out.obs[i].ts_ns)
			assert_true(out.obs[i - 1].loss.count < out.obs[i].loss.count);
	}
	timeline__free(t);
}

static void test_window(void **state)
{
	struct timeline *t = open_timeline(&out);

	(void)state;
	push(t, 10000, 1);
	push(t, 8000, 2);
	timeline__drain(t, 12999, keep, &out);
	assert_int_equal(out.cnt, 0);
	timeline__drain(t, 13000, keep, &out);
	assert_int_equal(out.cnt, 1);
	/* sorted in although it came last */
	push(t, 9000, 3);
	timeline__drain(t, 15000, keep, &out);
	assert_int_equal(out.cnt, 3);
	assert_int_equal(out.obs[1].loss.count, 3);
	/* too late: out of order, but not lost */
	push(t, 100, 4);
	timeline__drain(t, 15001, keep, &out);
	assert_int_equal(out.cnt, 4);
	assert_int_equal(out.obs[3].loss.count, 4);
	/* what is left goes with the timeline */
	push(t, 20000, 5);
	timeline__free(t);
}

/* Two sources, each in order, and now and then something late: more than a chunk holds */
static void test_long(void **state)
{
	struct timeline *t = open_timeline(&out);
	uint64_t told = 0, mark = 0, last = 0;

	(void)state;
	for (uint64_t turn = 1; turn <= 40; turn++) {
		for (uint64_t i = 0; i < 1000; i++) {
			push(t, turn * 100000 + i * 50, mark++);
			push(t, turn * 100000 + i * 50 + (i % 7 ? 3 : -40), mark++);
		}
		out.cnt = 0;
		timeline__drain(t, turn * 100000 + 60000, keep, &out);
		for (uint32_t i = 0; i < out.cnt; i++) {
			assert_true(out.obs[i].ts_ns >= last);
			last = out.obs[i].ts_ns;
		}
		told += out.cnt;
	}
	assert_true(told == mark);
	timeline__free(t);
}

/* Of each kind all that it uses is copied, with the snap of a packet. */
static void test_copies(void **state)
{
	static const enum obs_kind kinds[] = {
		OBS_PATH,	    OBS_DROP, OBS_FIB,	 OBS_ROUTE, OBS_LINK, OBS_ADDR,
		OBS_NEIGH,	    OBS_BGP,  OBS_POOLS, OBS_LOSS,  OBS_TICK, OBS_END_SNAPSHOT,
		OBS_BEGIN_SNAPSHOT,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct timeline *t = open_timeline(&out);
		struct obs o;

		memset(&o, 0xa5, sizeof(o));
		o.kind = kinds[i];
		o.ts_ns = 1;
		if (o.kind == OBS_PATH || o.kind == OBS_DROP)
			o.pkt.snap_len = 77;
		assert_int_equal(timeline__push(t, &o), 0);
		timeline__drain(t, UINT64_MAX, keep, &out);
		assert_int_equal(out.cnt, 1);
		assert_memory_equal(&out.obs[0], &o, used(&o));
		timeline__free(t);
	}
}

/* A handler may push: what it pushes takes part. */
static void push_more(void *ctx, const struct obs *o)
{
	static uint32_t left = 3;
	struct timeline *t = ctx;

	if (left--)
		push(t, o->ts_ns + 1, left);
	/* what it was called with is still there */
	keep(&out, o);
}

/* Each says another that comes before the next: also where a chunk ends. */
static void push_between(void *ctx, const struct obs *o)
{
	struct timeline *t = ctx;

	if (!(o->ts_ns % 10))
		push(t, o->ts_ns + 5, 0);
	assert_true(!out.cnt || out.obs[out.cnt - 1].ts_ns + 5 == o->ts_ns);
	keep(&out, o);
}

static void test_push_between(void **state)
{
	struct timeline *t = open_timeline(&out);

	(void)state;
	for (uint64_t i = 1; i <= 2000; i++)
		push(t, i * 10, 0);
	timeline__drain(t, UINT64_MAX, push_between, t);
	assert_int_equal(out.cnt, 4000);
	timeline__free(t);
}

/* A handler may drain: what it was called with stays while it runs. */
static void drain_more(void *ctx, const struct obs *o)
{
	struct timeline *t = ctx;
	uint64_t mark = o->loss.count;

	keep(&out, o);
	if (mark <= 2)
		timeline__drain(t, UINT64_MAX, drain_more, t);
	for (uint64_t i = 0; i < 5000 && mark == 1; i++)
		push(t, 100 + i, 7);
	assert_true(o->loss.count == mark);
}

static void test_drain_while_draining(void **state)
{
	struct timeline *t = open_timeline(&out);

	(void)state;
	push(t, 1, 1);
	push(t, 2, 2);
	push(t, 3, 3);
	timeline__drain(t, 5001, drain_more, t);
	assert_int_equal(out.cnt, 3);
	timeline__free(t);
}

static void test_push_while_draining(void **state)
{
	struct timeline *t = open_timeline(&out);

	(void)state;
	push(t, 1, 99);
	timeline__drain(t, UINT64_MAX, push_more, t);
	assert_int_equal(out.cnt, 4);
	timeline__free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_push_while_draining),
		cmocka_unit_test(test_push_between),
		cmocka_unit_test(test_drain_while_draining),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
