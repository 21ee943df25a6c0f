// SPDX-License-Identifier: GPL-2.0-only
/* Packets that others captured, told as a trace */
#include "cap_packets.h"

#define WALL 1586484262u /* s */

/* ---- files as others write them, in either byte order ---- */

struct maker {
	struct image m;
	bool swap;
};

static void w32(struct maker *k, uint32_t v)
{
	v = k->swap ? __builtin_bswap32(v) : v;
	image_put(&k->m, &v, 4);
}

static void w16(struct maker *k, uint16_t v)
{
	v = k->swap ? __builtin_bswap16(v) : v;
	image_put(&k->m, &v, 2);
}

static void bytes(struct maker *k, const void *b, size_t len)
{
	image_put(&k->m, b, len);
}

static void pcap_head(struct maker *k, uint32_t magic, uint32_t link)
{
	w32(k, magic);
	w16(k, 2);
	w16(k, 4);
	w32(k, 0);
	w32(k, 0);
	w32(k, 262144);
	w32(k, link);
}

static void pcap_packet(struct maker *k, uint32_t s, uint32_t frac, const void *b, uint32_t len)
{
	w32(k, s);
	w32(k, frac);
	w32(k, len);
	w32(k, len);
	bytes(k, b, len);
}

static void ng_head(struct maker *k)
{
	w32(k, NG_SHB);
	w32(k, 28);
	w32(k, NG_ORDER);
	w16(k, 1);
	w16(k, 0);
	w32(k, UINT32_MAX);
	w32(k, UINT32_MAX);
	w32(k, 28);
}

/* resol 0: no option */
static void ng_if(struct maker *k, uint16_t link, const char *name, uint8_t resol)
{
	size_t n = strlen(name), len = 20 + (n ? 4 + pad4(n) : 0) + (resol ? 8 : 0);

	w32(k, NG_IDB);
	w32(k, (uint32_t)len);
	w16(k, link);
	w16(k, 0);
	w32(k, 0);
	if (n) {
		w16(k, NG_IF_NAME);
		w16(k, (uint16_t)n);
		bytes(k, name, n);
		bytes(k, "\0\0\0", pad4(n) - n);
	}
	if (resol) {
		w16(k, NG_IF_TSRESOL);
		w16(k, 1);
		bytes(k, &resol, 1);
		bytes(k, "\0\0\0", 3);
	}
	w32(k, (uint32_t)len);
}

static void ng_packet(struct maker *k, uint32_t iface, uint64_t ts, const void *b, uint32_t n)
{
	uint32_t len = 32 + (uint32_t)pad4(n);

	w32(k, NG_EPB);
	w32(k, len);
	w32(k, iface);
	w32(k, (uint32_t)(ts >> 32));
	w32(k, (uint32_t)ts);
	w32(k, n);
	w32(k, n);
	bytes(k, b, n);
	bytes(k, "\0\0\0", pad4(n) - n);
	w32(k, len);
}

/* Without a time and an interface */
static void ng_simple(struct maker *k, const void *b, uint32_t n)
{
	uint32_t len = 16 + (uint32_t)pad4(n);

	w32(k, NG_SPB);
	w32(k, len);
	w32(k, n);
	bytes(k, b, n);
	bytes(k, "\0\0\0", pad4(n) - n);
	w32(k, len);
}

/* Of a length divisible by four, with the flags of an EPB; obsolete or not */
static void ng_flagged(struct maker *k, bool obsolete, uint64_t ts, const void *b, uint32_t n,
		       uint32_t flags)
{
	uint32_t len = 32 + n + 8;

	w32(k, obsolete ? NG_PB : NG_EPB);
	w32(k, len);
	if (obsolete) {
		w16(k, 0);
		w16(k, 7); /* drops */
	} else {
		w32(k, 0);
	}
	w32(k, (uint32_t)(ts >> 32));
	w32(k, (uint32_t)ts);
	w32(k, n);
	w32(k, n);
	bytes(k, b, n);
	w16(k, NG_EPB_FLAGS);
	w16(k, 4);
	w32(k, flags);
	w32(k, len);
}

/* ---- whole files ---- */

static struct capr *open_made(struct maker *k)
{
	struct capr *r = image_reader(k->m.b, k->m.len);

	assert_non_null(r);
	free(k->m.b);
	return r;
}

/* META, END_SNAPSHOT and READY, and the interfaces' names */
static void is_begin(struct capr *r, const char *const *names, uint64_t wall_ns)
{
	const struct cap_item *i = next_of(r, CAP_META);

	assert_true(i->meta.foreign);
	assert_string_equal(i->meta.node, "");
	assert_int_equal(i->meta.wall_offset_ns, (int64_t)(wall_ns - NS_PER_S));
	assert_int_equal(i->meta.dns_port[0], 53);
	assert_null(i->meta.argv);
	for (uint32_t n = 0; names[n]; n++) {
		i = next_of(r, CAP_OBS);
		assert_int_equal(i->obs.kind, OBS_LINK);
		assert_int_equal(i->obs.link.link.ifindex, n + 1);
		assert_true(i->obs.link.snapshot);
		assert_string_equal(i->obs.link.link.name, names[n]);
	}
	assert_int_equal(next_of(r, CAP_OBS)->obs.kind, OBS_END_SNAPSHOT);
	i = next_of(r, CAP_READY);
	assert_int_equal(i->ready.ts_ns, NS_PER_S);
	assert_null(i->ready.ifaces);
}

/* The packet comes at that time, after ticks of which none is late; how many they were */
static uint32_t is_packet(struct capr *r, uint64_t ts_ns, uint32_t ifindex)
{
	static uint64_t last_skb;
	const struct cap_item *i;
	uint64_t last = 0;
	uint32_t ticks = 0;

	for (i = next_of(r, CAP_OBS); i->obs.kind == OBS_TICK; i = next_of(r, CAP_OBS)) {
		assert_true(i->obs.ts_ns > last && i->obs.ts_ns < ts_ns);
		last = i->obs.ts_ns;
		ticks++;
	}
	is_echo(&i->obs);
	assert_true(i->obs.ts_ns == ts_ns);
	assert_int_equal(i->obs.pkt.ifindex, ifindex);
	assert_true(i->obs.pkt.skb != last_skb);
	last_skb = i->obs.pkt.skb;
	return ticks;
}

static void is_end(struct capr *r, uint64_t ts_ns, uint32_t packets)
{
	const struct cap_item *i = next_of(r, CAP_FINISH);

	assert_true(i->finish.ts_ns == ts_ns);
	assert_int_equal(i->finish.command_status, -1);
	i = next_of(r, CAP_END);
	assert_int_equal(i->end.packets, packets);
	at_end(r);
}

static void test_pcap(void **state)
{
	static const char *const names[] = { "if1", NULL };

	(void)state;
	for (int n = 0; n < 4; n++) {
		struct maker k = { .swap = n & 1 };
		uint32_t unit = n & 2 ? 1 : 1000;
		struct capr *r;

		pcap_head(&k, n & 2 ? 0xA1B23C4D : 0xA1B2C3D4, LINK_RAW);
		pcap_packet(&k, WALL, 500, echo, sizeof(echo));
		pcap_packet(&k, WALL, 900, echo, sizeof(echo));
		pcap_packet(&k, WALL, 800, echo, sizeof(echo)); /* time goes back */
		pcap_packet(&k, WALL, 990, "nothing", 7);
		r = open_made(&k);
		is_begin(r, names, WALL * NS_PER_S + 500 * unit);
		is_packet(r, NS_PER_S, 1);
		is_packet(r, NS_PER_S + 400 * unit, 1);
		is_packet(r, NS_PER_S + 400 * unit, 1);
		assert_int_equal(capr__swapped(r), n & 1);
		is_end(r, NS_PER_S + 400 * unit, 4);
	}
}

static void test_pcapng(void **state)
{
	static const char *const names[] = { "eth0", "if2", "a-name-that-is-", NULL };

	(void)state;
	for (int n = 0; n < 2; n++) {
		struct maker k = { .swap = n & 1 };
		struct capr *r;

		ng_head(&k);
		ng_if(&k, LINK_RAW, "eth0", 0);
		ng_if(&k, LINK_RAW, "", 9);
		ng_if(&k, LINK_RAW, "a-name-that-is-longer", 0x80 | 10);
		ng_packet(&k, 0, WALL * 1000000ull, echo, sizeof(echo));
		ng_packet(&k, 1, WALL * NS_PER_S + 7, echo, sizeof(echo));
		ng_packet(&k, 2, WALL * 1024ull + 512, echo, sizeof(echo));
		r = open_made(&k);
		is_begin(r, names, WALL * NS_PER_S);
		is_packet(r, NS_PER_S, 1);
		is_packet(r, NS_PER_S + 7, 2);
		assert_int_equal(is_packet(r, NS_PER_S + NS_PER_S / 2, 3), 9);
		is_end(r, NS_PER_S + NS_PER_S / 2, 3);
	}
}

/* The other blocks that packets come in; an interface whose times count from elsewhere */
static void test_other_blocks(void **state)
{
	static const char *const names[] = { "if1", NULL };

	(void)state;
	for (int n = 0; n < 2; n++) {
		struct maker k = { .swap = n & 1 };
		const struct cap_item *i;
		struct capr *r;

		ng_head(&k);
		ng_if(&k, LINK_RAW, "", 9);
		ng_flagged(&k, true, WALL * NS_PER_S, echo, sizeof(echo), 1);
		ng_simple(&k, echo, sizeof(echo));
		ng_flagged(&k, false, WALL * NS_PER_S + 5, echo, sizeof(echo), 2);
		r = open_made(&k);
		is_begin(r, names, WALL * NS_PER_S);
		is_packet(r, NS_PER_S, 1);
		is_packet(r, NS_PER_S, 1);
		i = next_of(r, CAP_OBS);
		is_echo(&i->obs);
		assert_int_equal(i->obs.pkt.hook, AT_TC_EGRESS);
		assert_true(i->obs.ts_ns == NS_PER_S + 5);
		is_end(r, NS_PER_S + 5, 3);
	}
}

/* Ticks each 50 ms; of a gap its begin, where requests time out, and its end */
static void test_ticks(void **state)
{
	static const char *const names[] = { "if1", NULL };
	struct maker k = { 0 };
	struct capr *r;
	uint64_t at = NS_PER_S;

	(void)state;
	pcap_head(&k, 0xA1B2C3D4, LINK_RAW);
	pcap_packet(&k, WALL, 0, echo, sizeof(echo));
	pcap_packet(&k, WALL, 40000, echo, sizeof(echo));
	pcap_packet(&k, WALL + 1, 0, echo, sizeof(echo));
	pcap_packet(&k, WALL + 86401, 0, echo, sizeof(echo));
	pcap_packet(&k, WALL + 86401, 60000, echo, sizeof(echo));
	r = open_made(&k);
	is_begin(r, names, WALL * NS_PER_S);
	assert_int_equal(is_packet(r, at, 1), 0);
	assert_int_equal(is_packet(r, at + 40 * NS_PER_MS, 1), 0);
	assert_int_equal(is_packet(r, at + NS_PER_S, 1), 19);
	assert_in_range(is_packet(r, at + 86401 * NS_PER_S, 1), 70, 90);
	assert_in_range(is_packet(r, at + 86401 * NS_PER_S + 60 * NS_PER_MS, 1), 1, 2);
	is_end(r, at + 86401 * NS_PER_S + 60 * NS_PER_MS, 5);
}

/* A second section has interfaces of its own, which come as they are described. */
static void test_sections(void **state)
{
	static const char *const names[] = { "eth0", NULL };
	struct maker k = { 0 };
	const struct cap_item *i;
	struct capr *r;

	(void)state;
	ng_head(&k);
	ng_if(&k, LINK_RAW, "eth0", 0);
	ng_packet(&k, 0, WALL * 1000000ull, echo, sizeof(echo));
	k.swap = true;
	ng_head(&k);
	ng_if(&k, LINK_RAW, "eth1", 0);
	ng_packet(&k, 0, WALL * 1000000ull, echo, sizeof(echo));
	r = open_made(&k);
	is_begin(r, names, WALL * NS_PER_S);
	is_packet(r, NS_PER_S, 1);
	i = next_of(r, CAP_OBS);
	assert_int_equal(i->obs.kind, OBS_LINK);
	assert_int_equal(i->obs.link.link.ifindex, 2);
	assert_string_equal(i->obs.link.link.name, "eth1");
	is_packet(r, NS_PER_S, 2);
	is_end(r, NS_PER_S, 2);
}

static void test_empty(void **state)
{
	static const char *const none[] = { NULL }, *const one[] = { "if1", NULL };
	struct maker k = { 0 };
	struct capr *r;

	(void)state;
	ng_head(&k);
	r = open_made(&k);
	is_begin(r, none, NS_PER_S);
	is_end(r, NS_PER_S, 0);
	k = (struct maker){ 0 };
	pcap_head(&k, 0xA1B2C3D4, LINK_RAW);
	r = open_made(&k);
	is_begin(r, one, NS_PER_S);
	is_end(r, NS_PER_S, 0);
}

static void test_cut(void **state)
{
	struct maker k = { 0 };

	(void)state;
	pcap_head(&k, 0xA1B2C3D4, LINK_RAW);
	pcap_packet(&k, WALL, 0, echo, sizeof(echo));
	pcap_packet(&k, WALL, 1, echo, sizeof(echo));
	for (size_t len = 0; len < k.m.len; len++) {
		struct told t = tell(k.m.b, len);

		assert_int_equal(t.last, len == 24 || len == 80 ? 0 : -EBADMSG);
		assert_int_equal(t.packets, len >= 80);
	}
	put32(k.m.b + 32, 0xffffffff);
	assert_int_equal(tell(k.m.b, k.m.len).last, -EBADMSG);
	free(k.m.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap),	     cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_other_blocks), cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_sections),     cmocka_unit_test(test_empty),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("cap_foreign", tests, NULL, NULL);
}
