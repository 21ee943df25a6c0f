// SPDX-License-Identifier: GPL-2.0-only
/* Files that were cut, damaged, made up, or written by another version */
#include "cap_swap.h"

#define LAST_KIND OBS_BASELINE

/* A trace that looks like one: some of everything, many packets */
static void write_trace(struct image *m, uint32_t packets)
{
	struct capw *w = image_writer(m, 0);
	struct cap_meta meta = some_meta();
	struct cap_ready ready = { T0, NULL, NULL, NULL };
	struct cap_finish finish = { T0, 0, false };
	struct cap_end end = { .ts_ns = T0 };
	struct obs o;

	capw__meta(w, &meta);
	for (int k = OBS_FIB; k <= LAST_KIND; k++) {
		fill_obs(&o, k);
		capw__obs(w, &o);
	}
	capw__ready(w, &ready);
	for (uint32_t i = 0; i < packets; i++) {
		fill_packet(&o, i % 5 ? OBS_PATH : OBS_DROP);
		o.ts_ns = T0 + i;
		o.pkt.snap_len = (uint16_t)(i % 2 ? 0 : i % SNAP_LEN);
		capw__obs(w, &o);
		o = (struct obs){ .kind = OBS_TICK, .ts_ns = T0 + i };
		capw__obs(w, &o);
	}
	capw__finish(w, &finish);
	end.packets = capw__packets(w);
	assert_int_equal(capw__end(w, &end), 0);
	capw__free(w);
}

/* Packet blocks that are whole in the first len octets */
static uint32_t packets_before(const struct image *m, size_t len)
{
	uint32_t n = 0;

	for (size_t at = 0; at + 12 <= len; at += get32(m->b + at + 4, false))
		n += get32(m->b + at, false) == NG_EPB && at + get32(m->b + at + 4, false) <= len;
	return n;
}

static void assert_cut(const struct image *m, size_t len)
{
	struct told t = tell(m->b, len);
	char octet[40];

	assert_int_equal(t.last, -EBADMSG);
	assert_int_equal(t.packets, packets_before(m, len));
	snprintf(octet, sizeof(octet), "cut at octet %zu;", len);
	assert_non_null(strstr(t.why, octet));
	assert_non_null(strstr(t.why, "/proc/self/fd/"));
}

static void test_cut_at_every_octet(void **state)
{
	struct image m = { 0 };

	(void)state;
	write_trace(&m, 100);
	assert_true(m.len > 20000);
	assert_int_equal(tell(m.b, m.len).last, 0);
	for (size_t len = m.len - 1; len >= m.len - 4096; len--)
		assert_cut(&m, len);
	/* and in the first blocks */
	for (size_t len = 28; len < 2048; len++)
		assert_int_equal(tell(m.b, len).last, -EBADMSG);
	for (size_t len = 0; len < 28; len++)
		assert_int_equal(tell(m.b, len).last, -EBADMSG);
	free(m.b);
}

/* Between two blocks, too: END is missing. */
static void test_no_end(void **state)
{
	struct image m = { 0 };
	size_t len = 0;

	(void)state;
	write_trace(&m, 10);
	for (size_t at = 0; at < m.len; at += get32(m.b + at + 4, false))
		len = at;
	assert_cut(&m, len);
	free(m.b);
}

/* ---- one word of a good file is another ---- */

static size_t find(const struct image *m, uint32_t type, uint32_t nth)
{
	for (size_t at = 0; at < m->len; at += get32(m->b + at + 4, false))
		if (get32(m->b + at, false) == type && !nth--)
			return at;
	fail_msg("no block %u", type);
	return 0;
}

static size_t find_rec(const struct image *m, uint16_t kind)
{
	for (size_t at = 0; at < m->len; at += get32(m->b + at + 4, false))
		if (get32(m->b + at, false) == CAP_BLOCK && get16(m->b + at + 8, false) == kind)
			return at;
	fail_msg("no record %u", kind);
	return 0;
}

static void assert_damaged(struct image *m, size_t block, const char *what)
{
	struct told t = tell(m->b, m->len);
	char octet[60];

	if (t.last != -EBADMSG || !strstr(t.why, what))
		fail_msg("%d, %s; expected %s", t.last, t.why, what);
	snprintf(octet, sizeof(octet), "damaged at octet %zu (", block);
	if (!strstr(t.why, octet))
		fail_msg("%s: no '%s'", t.why, octet);
	snprintf(octet, sizeof(octet), "the %u packets before it are good",
		 packets_before(m, block));
	if (!strstr(t.why, octet))
		fail_msg("%s: no '%s'", t.why, octet);
}

static void bend32(struct image *m, size_t block, size_t off, uint32_t v, const char *what)
{
	uint32_t was = get32(m->b + block + off, false);

	put32(m->b + block + off, v);
	assert_damaged(m, block, what);
	put32(m->b + block + off, was);
}

static void bend16(struct image *m, size_t block, size_t off, uint16_t v, const char *what)
{
	uint16_t was = get16(m->b + block + off, false);

	put16(m->b + block + off, v);
	assert_damaged(m, block, what);
	put16(m->b + block + off, was);
}

static void test_block_lengths(void **state)
{
	static const uint32_t lengths[] = { 0,	  4,	   11,	       13,	   33,
					    1001, 1 << 31, 0xffffffff, 0xfffffffc, (16 << 20) + 4 };
	static const uint32_t types[] = { CAP_BLOCK, NG_IDB, NG_EPB };
	struct image m = { 0 };

	(void)state;
	write_trace(&m, 10);
	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
			bend32(&m, find(&m, types[t], 1), 4, lengths[i], "block's length");
	bend32(&m, find(&m, NG_EPB, 1), 4, 12, "two lengths differ");
	bend32(&m, find(&m, NG_EPB, 1), get32(m.b + find(&m, NG_EPB, 1) + 4, false) - 4, 0,
	       "two lengths differ");
	free(m.b);
}

/* A block of 12 octets is whole, but nothing fits in it. */
static void test_short_blocks(void **state)
{
	static const uint32_t types[] = { NG_IDB, NG_EPB, NG_SPB, NG_PB, CAP_BLOCK, NG_SHB };
	struct image m = { 0 };

	(void)state;
	write_trace(&m, 10);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t at = find(&m, NG_EPB, 3);
		uint8_t was[16];

		memcpy(was, m.b + at, sizeof(was));
		put32(m.b + at, types[i]);
		put32(m.b + at + 4, types[i] == NG_SHB ? 16 : 12);
		put32(m.b + at + 8, types[i] == NG_SHB ? NG_ORDER : 12);
		put32(m.b + at + 12, 16);
		assert_damaged(&m, at, "length");
		memcpy(m.b + at, was, sizeof(was));
	}
	free(m.b);
}

static void test_packets(void **state)
{
	struct image m = { 0 };
	size_t at, opt;

	(void)state;
	write_trace(&m, 10);
	at = find(&m, NG_EPB, 4);
	bend32(&m, at, 8, 1000, "interface that is not described");
	bend32(&m, at, 8, 0xffffffff, "interface that is not described");
	bend32(&m, at, 20, 0xffffffff, "packet's length");
	bend32(&m, at, 20, get32(m.b + at + 4, false), "packet's length");
	opt = 28 + pad4(get32(m.b + at + 20, false));
	bend16(&m, at, opt + 2, 0xffff, "option's length");
	bend16(&m, at, opt + 2, (uint16_t)get32(m.b + at + 4, false), "option's length");
	opt += 4 + pad4(get16(m.b + at + opt + 2, false));
	assert_int_equal(get16(m.b + at + opt, false), CAP_OPT_PACKET);
	bend16(&m, at, opt + 4, 0, "packet's observation");
	bend16(&m, at, opt + 4, 3, "packet's observation");
	bend16(&m, at, opt + 4, 0xffff, "packet's observation");
	bend32(&m, at, opt + 4 + 36, 0xffffffff, "packet's observation");
	bend32(&m, at, opt + 4 + 36, 0xaaaaaaaa, "packet's observation");
	free(m.b);
}

static void test_interfaces(void **state)
{
	struct image m = { 0 };
	size_t at, resol;

	(void)state;
	write_trace(&m, 10);
	at = find(&m, NG_IDB, 1);
	bend16(&m, at, 18, 0xffff, "option's length");
	resol = 16 + 4 + pad4(get16(m.b + at + 18, false));
	assert_int_equal(get16(m.b + at + resol, false), NG_IF_TSRESOL);
	bend16(&m, at, resol + 2, 2, "time resolution");
	bend32(&m, at, resol + 4, 0x7f, "time resolution");
	bend32(&m, at, resol + 4, 0xff, "time resolution");
	bend32(&m, at, resol + 4, 0xc0, "time resolution");
	bend32(&m, at, resol + 4, 20, "time resolution");
	bend16(&m, at, resol, NG_IF_TSOFFSET, "time offset");
	free(m.b);
}

static void test_sections(void **state)
{
	struct image m = { 0 };
	size_t rest;

	(void)state;
	write_trace(&m, 10);
	bend32(&m, 0, 8, 0x12345678, "byte order");
	bend32(&m, 0, 4, 24, "two lengths differ");
	/* lengths that lie */
	rest = m.len - get32(m.b + 4, false);
	put64(m.b + 16, rest);
	assert_int_equal(tell(m.b, m.len).last, 0);
	put64(m.b + 16, rest - 4);
	assert_int_equal(tell(m.b, m.len).last, -EBADMSG);
	put64(m.b + 16, 0);
	assert_int_equal(tell(m.b, m.len).last, -EBADMSG);
	put64(m.b + 16, rest + 4);
	assert_int_equal(tell(m.b, m.len).last, -EBADMSG);
	put64(m.b + 16, UINT64_MAX);
	put16(m.b + 12, 2);
	assert_int_equal(tell(m.b, m.len).last, -EOPNOTSUPP);
	free(m.b);
}

static void test_records(void **state)
{
	struct image m = { 0 };
	size_t at;

	(void)state;
	write_trace(&m, 10);
	for (int k = OBS_FIB; k <= LAST_KIND; k++) {
		at = find_rec(&m, (uint16_t)k);
		bend32(&m, at, 12, get32(m.b + at + 4, false), "record's length");
		bend32(&m, at, 12, 0xffffffff, "record's length");
	}
	for (int k = OBS_FIB; k <= LAST_KIND; k++)
		bend32(&m, find_rec(&m, (uint16_t)k), 20, 0x40000001, "record's time");
	bend32(&m, find(&m, NG_EPB, 2), 12, 0x70000000, "packet's time");
	bend32(&m, find_rec(&m, CAP_REC_META), 20, 0x40000001, "first record's contents");
	at = find_rec(&m, OBS_LINK); /* op, snapshot, ifindex, mtu, arptype, up, running, name */
	bend16(&m, at, 24 + 2 + 12 + 2, 0xffff, "record's contents");
	at = find_rec(&m, CAP_REC_READY);
	put32(m.b + at + 12, 2);
	bend16(&m, at, 24, 0xffff, "record's contents");
	free(m.b);
}

/* A time inside of a record that cannot be is not known; the rest is. */
static void test_times(void **state)
{
	struct image m = { 0 };
	struct capr *r;
	const struct cap_item *i;
	char why[512];
	size_t at;

	(void)state;
	write_trace(&m, 1);
	at = find_rec(&m, OBS_PROC); /* u32, text, u64 */
	at += 24 + 4 + 2 + get16(m.b + at + 28, false);
	put64(m.b + at, CAP_TIME_MAX + 1);
	r = image_reader(m.b, m.len);
	do
		assert_int_equal(capr__next(r, &i, why, sizeof(why)), 1);
	while (i->kind != CAP_OBS || i->obs.kind != OBS_PROC);
	assert_true(i->obs.proc.start_ns == 0);
	assert_true(i->obs.proc.pid != 0);
	capr__free(r);
	free(m.b);
}

/* ---- other versions ---- */

static void test_newer_major(void **state)
{
	struct image m = { 0 };
	struct told t;

	(void)state;
	write_trace(&m, 3);
	put16(m.b + find_rec(&m, CAP_REC_META) + 24 + CAP_MAGIC_LEN, CAP_MAJOR + 1);
	t = tell(m.b, m.len);
	assert_int_equal(t.last, -EOPNOTSUPP);
	assert_int_equal(t.items, 2); /* the section's header, an interface */
	assert_non_null(strstr(t.why, "newer version"));
	free(m.b);
}

/* What a newer minor version added is passed over: kinds, values, options, fields at the end. */
static void test_unknown(void **state)
{
	struct image m = { 0 };
	struct told all, t;
	size_t at;

	(void)state;
	write_trace(&m, 10);
	all = tell(m.b, m.len);
	put16(m.b + find_rec(&m, OBS_LINK) + 8, 4711); /* kind */
	put16(m.b + find_rec(&m, OBS_POD) + 8, 250);
	m.b[find_rec(&m, OBS_SOURCE) + 24] = 200;     /* enum source */
	m.b[find_rec(&m, OBS_BGP) + 24] = 99;	      /* enum bgp_state */
	put32(m.b + find(&m, NG_EPB, 2), 0x80CA117B); /* another block for local use */
	at = find(&m, NG_EPB, 2);
	at += 28 + pad4(get32(m.b + at + 20, false));
	put16(m.b + at, 0x8CA2); /* another option in place of the comment */
	t = tell(m.b, m.len);
	assert_int_equal(t.last, 0);
	assert_int_equal(t.items, all.items);
	assert_int_equal(t.obs, all.obs - 5);
	assert_int_equal(t.packets, all.packets - 1);
	free(m.b);
}

/* Records that end early: what is not there is zero. The longest field of each is at risk. */
static void test_older_minor(void **state)
{
	uint8_t buf[16384];
	struct obs o, got;

	(void)state;
	for (int k = OBS_FIB; k <= LAST_KIND; k++) {
		const struct cap_table *t = cap_obs_table(k);

		for (uint16_t fields = 0; fields <= t->cnt; fields++) {
			struct cap_table older = { t->field, fields, t->size };
			struct obs want = { 0 };
			size_t len;

			fill_obs(&o, k);
			len = cap_encode(&older, &o.pkt, buf);
			memset(&got, 0xee, sizeof(got));
			assert_int_equal(cap_decode(t, buf, len, false, &got.pkt, NULL), 0);
			assert_int_equal(cap_decode(&older, buf, len, false, &want.pkt, NULL), 0);
			assert_memory_equal(&got.pkt, &want.pkt, t->size);
			/* and longer ones: the rest is passed over */
			len = cap_encode(t, &o.pkt, buf);
			assert_int_equal(cap_decode(&older, buf, len, false, &got.pkt, NULL), 0);
			assert_memory_equal(&got.pkt, &want.pkt, t->size);
		}
	}
}

static void test_older_packet(void **state)
{
	struct obs o, got;
	uint8_t buf[CAP_PKT_MAX + 16], longer[CAP_PKT_MAX + 16];
	size_t len, fixed;

	(void)state;
	fill_packet(&o, OBS_DROP);
	len = cap_pkt_encode(&o, buf);
	fixed = get16(buf, false);
	/* a longer fixed part, and something after the end */
	memcpy(longer, buf, fixed);
	memset(longer + fixed, 0xee, 8);
	memcpy(longer + fixed + 8, buf + fixed, len - fixed);
	memset(longer + len + 8, 0xee, 8);
	put16(longer, (uint16_t)(fixed + 8));
	assert_int_equal(cap_pkt_decode(longer, len + 16, false, &got), 0);
	assert_memory_equal(&got.pkt, &o.pkt, offsetof(struct obs_pkt, snap));
	/* a shorter one, that ends before skb, and no texts */
	memcpy(longer, buf, 68);
	memcpy(longer + 68, buf + fixed, len - fixed);
	put16(longer, 68);
	for (size_t cut = len - (fixed - 68); cut > 4; cut--) {
		int err = cap_pkt_decode(longer, cut, false, &got);

		assert_true(err == 0 || err == -EBADMSG);
		if (cut == len - (fixed - 68)) {
			assert_int_equal(err, 0);
			assert_true(got.pkt.skb == 0);
			assert_int_equal(got.pkt.ct_status, o.pkt.ct_status);
			assert_string_equal(got.pkt.reason, o.pkt.reason);
		}
	}
}

/* ---- anything ---- */

static uint32_t prng(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* Octets of a good file are changed at random: it is read to some end, and nothing else happens. */
static void test_noise(void **state)
{
	struct image m = { 0 }, bad = { 0 };
	uint32_t seed = 0x2545f491, refused = 0;

	(void)state;
	write_trace(&m, 10);
	for (int i = 0; i < 3000; i++) {
		bad.len = 0;
		image_put(&bad, m.b, m.len);
		if (i % 2)
			swap_file(bad.b, bad.len);
		for (uint32_t n = prng(&seed) % 4 + 1; n; n--)
			bad.b[prng(&seed) % bad.len] = (uint8_t)prng(&seed);
		refused += tell(bad.b, bad.len).last == -EBADMSG;
	}
	assert_in_range(refused, 100, 2999);
	free(m.b);
	free(bad.b);
}

static void test_no_capture(void **state)
{
	char why[512] = "";
	struct capr *r;
	struct told t;

	(void)state;
	t = tell("", 0);
	assert_int_equal(t.last, -EBADMSG);
	assert_non_null(strstr(t.why, "empty"));
	t = tell("abc", 3);
	assert_int_equal(t.last, -EBADMSG);
	t = tell("#!/bin/bash\n# and so on, for longer than any header", 50);
	assert_int_equal(t.last, -EBADMSG);
	assert_non_null(strstr(t.why, "neither pcapng nor pcap"));
	t = tell("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
	assert_int_equal(t.last, -EBADMSG);
	assert_non_null(strstr(t.why, "gzip -dc"));
	assert_int_equal(capr__open("/nonexistent/x.pcapng", &r, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "/nonexistent/x.pcapng"));
	assert_int_equal(capr__open("/proc", &r, why, sizeof(why)), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_every_octet),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_block_lengths),
		cmocka_unit_test(test_short_blocks),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_newer_major),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_older_minor),
		cmocka_unit_test(test_older_packet),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_no_capture),
	};

	return cmocka_run_group_tests_name("cap_hostile", tests, NULL, NULL);
}
