// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storms, in the kernel: of a known number of packets each is sent, lost or withheld, and counted
 * once, whatever the ring's size and however late the reader is. What is shed is whole exchanges.
 */
#include "frame.h"

#include <bpf/bpf.h>
#include <linux/types.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "loader.h"
#include "util.h"

#define DNS_ID_AT (14 + 20 + 8)
#define BATCHES 8
#define BATCH 2000

struct fixture {
	struct loader *l;
	struct frame dns;
	uint64_t seen;
	uint8_t of_id[4096]; /* records of that DNS id */
};

static void keep_record(void *ctx, const void *data, size_t len)
{
	const struct ev_packet *e = data;
	struct fixture *f = ctx;

	assert_true(len >= sizeof(*e));
	assert_int_equal(e->hdr.kind, EV_PATH);
	f->seen++;
	if (ntohs(e->dns_id) < 4096)
		f->of_id[ntohs(e->dns_id)]++;
}

static bool open_with(struct fixture *f, uint32_t ring_bytes, uint32_t rate, uint32_t burst)
{
	struct loader_opts opts = {
		.dns_port = { 53 },
		.ring_bytes = ring_bytes,
		.token_rate = rate,
		.token_burst = burst,
	};
	struct obs_pools pools = { .cnt = 1 };
	char why[300];
	struct stat st;

	*f = (struct fixture){ 0 };
	put_eth(&f->dns, ETH_P_IP);
	put_dns(&f->dns, POD, FAR, 5);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(prefix_parse("198.18.0.0/15", &pools.pool[0].cidr), 0);
	opts.netns_inum = (uint32_t)st.st_ino;
	if (loader__open(&opts, &f->l, why, sizeof(why))) {
		print_message("%s\n", why);
		return false;
	}
	assert_int_equal(loader__set_pools(f->l, &pools), 0);
	return true;
}

static void pass(struct fixture *f, bool egress, int times)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->dns.b, .data_size_in = f->dns.len,
		    .repeat = times);

	loader__beat(f->l);
	assert_int_equal(bpf_prog_test_run_opts(loader__path_fd(f->l, egress), &opts), 0);
	assert_int_equal((int)opts.retval, -1);
}

static void read_ring(struct fixture *f)
{
	assert_true(loader__consume(f->l, keep_record, f) >= 0);
}

static uint64_t rows(const struct fixture *f)
{
	struct ev_held key, last, *after = NULL;
	uint64_t sum = 0, n;

	while (!loader__held_next(f->l, after, &key, &n)) {
		assert_int_equal(key.kind, EV_LOST_PATH);
		/* the destination's /26: both ends are in the pool */
		assert_int_equal(key.block, inet_addr("198.19.2.0"));
		sum += n;
		last = key;
		after = &last;
	}
	return sum;
}

/* Nothing is counted twice or not at all. */
static void each_is_counted_once(void **state)
{
	static const uint32_t ring[] = { 64u << 10, 1u << 20, 16u << 20 };
	static const long delay_ns[] = { 0, 10000000, 100000000 };
	struct fixture f;

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(ring); r++) {
		for (size_t d = 0; d < ARRAY_SIZE(delay_ns); d++) {
			const struct timespec pause = { .tv_nsec = delay_ns[d] };
			uint64_t lost, held;

			if (!open_with(&f, ring[r], 0, 0))
				skip();
			for (int i = 0; i < BATCHES; i++) {
				pass(&f, i & 1, BATCH);
				nanosleep(&pause, NULL);
				read_ring(&f);
			}
			lost = loader__lost(f.l, NULL);
			held = loader__withheld(f.l, NULL);
			assert_int_equal(f.seen + lost + held, BATCHES * BATCH);
			assert_int_equal(rows(&f), held);
			assert_true(f.seen > 0);
			/* a batch is ten times what the smallest ring holds */
			assert_true((lost > 0) == (ring[r] == 64u << 10));
			loader__free(f.l);
		}
	}
}

/* A reader that is stopped: the ring fills up, what follows is lost and counted. */
static void nobody_reads(void **state)
{
	struct fixture f;
	uint64_t lost;

	(void)state;
	if (!open_with(&f, 64u << 10, 1u << 20, 1u << 20))
		skip();
	pass(&f, false, 100000);
	assert_int_equal(loader__withheld(f.l, NULL), 0);
	lost = loader__lost(f.l, NULL);
	read_ring(&f);
	assert_int_equal(f.seen + lost, 100000);
	assert_true(lost > 0);
	loader__free(f.l);
}

static void tokens_run_out(void **state)
{
	uint64_t held, cut = 0;
	struct fixture f;

	(void)state;
	if (!open_with(&f, 16u << 20, 1, 100))
		skip();
	pass(&f, false, 20000);
	read_ring(&f);
	held = loader__withheld(f.l, &cut);
	assert_int_equal(f.seen + held, 20000);
	assert_int_equal(cut, held);
	assert_int_equal(rows(&f), held);
	/* on each CPU that the kernel ran it on */
	assert_true(f.seen >= 100);
	assert_true(held > 0);
	assert_int_equal(loader__lost(f.l, NULL), 0);
	loader__free(f.l);
}

/* Of an exchange all hooks send their record or none does; of 16 exchanges about one is left. */
static void whole_exchanges_are_shed(void **state)
{
	uint64_t held, cut = 0;
	struct fixture f;
	int left = 0;

	(void)state;
	if (!open_with(&f, 16u << 20, 1u << 20, 1u << 20))
		skip();
	loader__shed(f.l, EV_LOST_PATH, 4);
	for (int id = 0; id < 4096; id++) {
		f.dns.b[DNS_ID_AT] = (uint8_t)(id >> 8);
		f.dns.b[DNS_ID_AT + 1] = (uint8_t)id;
		pass(&f, false, 1);
		pass(&f, true, 1);
	}
	read_ring(&f);
	for (int id = 0; id < 4096; id++) {
		assert_true(f.of_id[id] == 0 || f.of_id[id] == 2);
		left += f.of_id[id] == 2;
	}
	assert_in_range(left, 4096 / 32, 4096 / 8);
	held = loader__withheld(f.l, &cut);
	assert_int_equal(f.seen + held, 2 * 4096);
	assert_int_equal(cut, 0);
	loader__shed(f.l, EV_LOST_PATH, 0);
	pass(&f, false, 1);
	assert_int_equal(loader__withheld(f.l, NULL), held);
	loader__free(f.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_counted_once),
		cmocka_unit_test(nobody_reads),
		cmocka_unit_test(tokens_run_out),
		cmocka_unit_test(whole_exchanges_are_shed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
