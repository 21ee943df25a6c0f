// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dead man's switch, in the kernel: programs without a sign of life from user space pass every
 * packet unseen and count it, and go on as soon as there is one.
 */
#include "frame.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "decode.h"
#include "loader.h"
#include "util.h"

/* Ten times the deadline of 2 s: a test that has waited so long has failed */
#define PATIENCE_NS (20 * NS_PER_S)

struct fixture {
	struct loader *l;
	struct frame dns;
	uint64_t passed;
	int cnt;
};

static void keep_obs(void *ctx, const struct obs *obs)
{
	struct fixture *f = ctx;

	f->cnt += obs->kind == OBS_PATH;
}

static void keep_record(void *ctx, const void *data, size_t len)
{
	assert_int_equal(decode_record(data, len, NULL, keep_obs, ctx), 0);
}

/* A packet that concerns us passes both hooks, as it does whatever they think of it. */
static void pass(struct fixture *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->dns.b, .data_size_in = f->dns.len);

	for (int egress = 0; egress < 2; egress++) {
		assert_int_equal(bpf_prog_test_run_opts(loader__path_fd(f->l, egress), &opts), 0);
		assert_int_equal((int)opts.retval, -1);
		f->passed++;
	}
}

/* What came since the last call; asking is a sign of life */
static int records(struct fixture *f)
{
	f->cnt = 0;
	assert_true(loader__consume(f->l, keep_record, f) >= 0);
	return f->cnt;
}

/* Packets pass, nobody asks for the records, until some passed unseen. */
static void starve(struct fixture *f)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	uint64_t end = mono_ns() + PATIENCE_NS, before = loader__inert(f->l);

	while (loader__inert(f->l) == before) {
		assert_true(mono_ns() < end);
		nanosleep(&pause, NULL);
		pass(f);
	}
}

/* Nobody has to remember a first sign of life. */
static void alive_from_the_start(void **state)
{
	struct fixture *f = *state;

	if (!f->l)
		skip();
	pass(f);
	assert_int_equal(loader__inert(f->l), 0);
	assert_int_equal(records(f), 2);
}

/* Each packet is either recorded or counted, never both, and nothing is lost. */
static void dead_and_revived(void **state)
{
	struct fixture *f = *state;
	uint64_t inert;

	if (!f->l)
		skip();
	starve(f);
	inert = loader__inert(f->l);
	pass(f);
	assert_int_equal(loader__inert(f->l), inert + 2);
	loader__beat(f->l);
	pass(f);
	assert_int_equal(loader__inert(f->l), inert + 2);
	assert_int_equal(records(f), f->passed - inert - 2);
	pass(f);
	assert_int_equal(records(f), 2);
	assert_int_equal(loader__lost(f->l, NULL), 0);
}

/* Does this packet count as one that may be ours, which it does unless it is certain that it is not? */
static bool may_be_ours(struct fixture *f, const struct frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->b, .data_size_in = frame->len);
	uint64_t before = loader__inert(f->l);

	for (int egress = 0; egress < 2; egress++)
		assert_int_equal(bpf_prog_test_run_opts(loader__path_fd(f->l, egress), &opts), 0);
	assert_in_range(loader__inert(f->l) - before, 0, 2);
	assert_int_not_equal(loader__inert(f->l) - before, 1); /* both hooks are of one opinion */
	return loader__inert(f->l) != before;
}

/* Nobody's: to a MAC address that begins with these four bytes */
static struct frame other_udp(const uint8_t mac[4])
{
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	memcpy(f.b, mac, 4);
	put_ip(&f, POD, FAR, IPPROTO_UDP, 8 + DNS_LEN, 0, 5);
	put_udp(&f, 4000, 4001, DNS_LEN);
	put(&f, dns, DNS_LEN);
	return f;
}

/*
 * Which packets it is certain of that they are none of ours is what the counter tells while the
 * programs look no further. MAC addresses may begin like an IPv4 header.
 */
static void macs_like_headers(void **state)
{
	const uint8_t len = ETH_HLEN + 20 + 8 + DNS_LEN;
	const struct {
		uint8_t mac[4];
		bool undecided;
	} cases[] = {
		{ { 0x02 }, false },
		{ { 0x52, 0x54 }, false },
		{ { 0x40 }, false }, /* of an IPv4 header, the length would be 0 to 4 words */
		{ { 0x42, 0, 0, len }, false },
		{ { 0x44, 0, 0, 40 }, false },
		{ { 0x45, 0, 0, len + 1 }, false }, /* and this packet longer than it is */
		{ { 0x46, 0, 0xff, 0xff }, false },
		{ { 0x4c, 0, 1, 0 }, false },
		{ { 0x4e, 0, 0, len + 1 }, false },
		{ { 0x46, 0, 0, len }, true },
		{ { 0x4e, 0, 0, 60 }, true },
		{ { 0x45, 0, 0, 0 }, true },
	};
	struct fixture *f = *state;

	if (!f->l)
		skip();
	starve(f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frame frame = other_udp(cases[i].mac);

		assert_int_equal(frame.len, len);
		assert_int_equal(may_be_ours(f, &frame), cases[i].undecided);
		frame = f->dns;
		memcpy(frame.b, cases[i].mac, 4);
		assert_true(may_be_ours(f, &frame));
	}
}

/* Without an Ethernet header: a source in 8.0.0.0/16 stands where a frame has IPv4's ethertype. */
static void headers_like_frames(void **state)
{
	static const char *const src[] = { "8.0.0.1", "8.0.69.0", "8.0.69.1", "8.0.255.255" };
	struct fixture *f = *state;

	if (!f->l)
		skip();
	starve(f);
	for (size_t i = 0; i < ARRAY_SIZE(src); i++) {
		for (uint8_t ihl = 5; ihl <= 15; ihl++) {
			struct frame frame = { 0 };

			put_dns(&frame, src[i], POD, ihl);
			assert_true(may_be_ours(f, &frame));
			put(&frame, echo, sizeof(echo)); /* and what a device fills up with */
			assert_true(may_be_ours(f, &frame));
		}
	}
}

static int setup(void **state)
{
	struct loader_opts opts = { .dns_port = { 53 }, .bgp_port = 179, .vxlan_port = 4789 };
	struct obs_pools pools = { .cnt = 1 };
	static struct fixture fix;
	char why[300];
	struct stat st;

	fix = (struct fixture){ 0 };
	*state = &fix;
	put_eth(&fix.dns, ETH_P_IP);
	put_dns(&fix.dns, POD, FAR, 5);
	if (stat("/proc/self/ns/net", &st) || prefix_parse("198.18.0.0/15", &pools.pool[0].cidr))
		return -1;
	opts.netns_inum = (uint32_t)st.st_ino;
	if (loader__open(&opts, &fix.l, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		fix.l = NULL;
		return 0;
	}
	return loader__set_pools(fix.l, &pools);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loader__free(f->l);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(alive_from_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(dead_and_revived, setup, teardown),
		cmocka_unit_test_setup_teardown(macs_like_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(headers_like_frames, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
