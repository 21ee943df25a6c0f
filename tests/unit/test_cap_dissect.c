// SPDX-License-Identifier: GPL-2.0-only
/* Headers of packets that others captured, and what their times mean */
#include "cap_packets.h"

/* A DNS query from port 4660 to 53, id 0xbeef */
static const uint8_t dns[45] = { 0x45, 0,  0, 45, 0,	1,    0, 0, 64,	  17,	0, 0,
				 10,   0,  0, 1,  10,	0,    0, 2, 0x12, 0x34, 0, 53,
				 0,    25, 0, 0,  0xbe, 0xef, 1, 0, 0,	  1 };
static const uint8_t syn[40] = { 0x45, 0, 0, 40,   0,	 1, 0,	0, 64, 6, 0, 0, 10, 0, 0, 1,	10,
				 0,    0, 2, 0x12, 0x34, 0, 80, 1, 2,  3, 4, 0, 0,  0, 0, 0x50, 2 };

static size_t in_ethernet(uint8_t *out, uint16_t tag, uint16_t type, const uint8_t *b, size_t len)
{
	size_t at = 12;

	memset(out, 0xaa, 12);
	if (tag) {
		memcpy(out + at, (uint8_t[]){ (uint8_t)(tag >> 8), (uint8_t)tag, 0, 42 }, 4);
		at += 4;
	}
	memcpy(out + at, (uint8_t[]){ (uint8_t)(type >> 8), (uint8_t)type }, 2);
	memcpy(out + at + 2, b, len);
	return at + 2 + len;
}

static size_t in_ip(uint8_t *out, uint8_t proto, const uint8_t *b, size_t len)
{
	memset(out, 0, 20);
	out[0] = 0x45;
	out[3] = (uint8_t)(20 + len);
	out[8] = 64;
	out[9] = proto;
	memcpy(out + 12, "\x0a\x02\x07\xc9\x0a\x02\x07\xc8", 8);
	memcpy(out + 20, b, len);
	return 20 + len;
}

/* ---- headers below IP ---- */

static void is_echo_in(uint16_t link, const void *b, size_t len, enum hook hook)
{
	struct obs o = { .kind = OBS_PATH };

	assert_true(cap_dissect(link, b, len, &o));
	is_echo(&o);
	assert_int_equal(o.pkt.hook, hook);
	assert_int_equal(o.pkt.encap, ENCAP_NONE);
	/* cut anywhere it is refused, or has what is there */
	for (size_t n = 0; n < len; n++)
		if (cap_dissect(link, b, n, &o))
			assert_in_range(o.pkt.snap_len, 20, 40);
}

static size_t behind(uint8_t *out, const char *head, size_t n)
{
	memcpy(out, head, n);
	memcpy(out + n, echo, sizeof(echo));
	return n + sizeof(echo);
}

static void test_links(void **state)
{
	uint8_t b[200];
	struct obs o;

	(void)state;
	is_echo_in(LINK_RAW, echo, sizeof(echo), AT_TC_INGRESS);
	is_echo_in(LINK_RAW_BSD, echo, sizeof(echo), AT_TC_INGRESS);
	is_echo_in(LINK_IPV4, echo, sizeof(echo), AT_TC_INGRESS);
	is_echo_in(LINK_ETHERNET, b, in_ethernet(b, 0, 0x0800, echo, sizeof(echo)), AT_TC_INGRESS);
	is_echo_in(LINK_ETHERNET, b, in_ethernet(b, 0x8100, 0x0800, echo, sizeof(echo)),
		   AT_TC_INGRESS);
	is_echo_in(LINK_ETHERNET, b, in_ethernet(b, 0x88a8, 0x0800, echo, sizeof(echo)),
		   AT_TC_INGRESS);
	is_echo_in(LINK_NULL, b, behind(b, "\2\0\0\0", 4), AT_TC_INGRESS);
	is_echo_in(LINK_LOOP, b, behind(b, "\0\0\0\2", 4), AT_TC_INGRESS);
	is_echo_in(LINK_PPP, b, behind(b, "\0\x21", 2), AT_TC_INGRESS);
	is_echo_in(LINK_PPP_HDLC, b, behind(b, "\xff\3\0\x21", 4), AT_TC_INGRESS);
	is_echo_in(LINK_SLL, b, behind(b, "\0\0\0\1\0\6aaaaaa\0\0\x08\0", 16), AT_TC_INGRESS);
	is_echo_in(LINK_SLL, b, behind(b, "\0\4\0\1\0\6aaaaaa\0\0\x08\0", 16), AT_TC_EGRESS);
	is_echo_in(LINK_SLL2, b, behind(b, "\x08\0\0\0\0\0\0\2\0\1\0\6aaaaaa\0\0", 20),
		   AT_TC_INGRESS);
	is_echo_in(LINK_SLL2, b, behind(b, "\x08\0\0\0\0\0\0\2\0\1\4\6aaaaaa\0\0", 20),
		   AT_TC_EGRESS);
	assert_false(
		cap_dissect(LINK_ETHERNET, b, in_ethernet(b, 0, 0x0806, echo, sizeof(echo)), &o));
	assert_false(cap_dissect(147, echo, sizeof(echo), &o));
	/* what pads an Ethernet frame is no part of the packet */
	memset(b, 0, sizeof(b));
	in_ethernet(b, 0, 0x0800, echo, sizeof(echo));
	assert_true(cap_dissect(LINK_ETHERNET, b, 60, &o));
	o.kind = OBS_PATH;
	is_echo(&o);
}

/* ---- IP and above ---- */

static void test_dns_and_tcp(void **state)
{
	struct obs o;

	(void)state;
	assert_true(cap_dissect(LINK_RAW, dns, sizeof(dns), &o));
	assert_int_equal(o.pkt.proto, 17);
	assert_int_equal(o.pkt.sport, 4660);
	assert_int_equal(o.pkt.dport, 53);
	assert_int_equal(o.pkt.dns_id, 0xbeef);
	assert_int_equal(o.pkt.dns_flags, 0x0100);
	assert_true(cap_dissect(LINK_RAW, syn, sizeof(syn), &o));
	assert_int_equal(o.pkt.proto, 6);
	assert_int_equal(o.pkt.dport, 80);
	assert_int_equal(o.pkt.tcp_flags, 2);
	assert_int_equal(o.pkt.seq, 0x01020304);
	assert_int_equal(o.pkt.dns_id, 0);
}

static void test_fragments(void **state)
{
	uint8_t b[sizeof(dns)];
	struct obs o;

	(void)state;
	memcpy(b, dns, sizeof(dns));
	b[6] = 0x20;
	assert_true(cap_dissect(LINK_RAW, b, sizeof(b), &o));
	assert_int_equal(o.pkt.flags & (EV_F_FRAG | EV_F_FRAG_LATER), EV_F_FRAG);
	assert_int_equal(o.pkt.dport, 53);
	b[7] = 1;
	assert_true(cap_dissect(LINK_RAW, b, sizeof(b), &o));
	assert_int_equal(o.pkt.flags & (EV_F_FRAG | EV_F_FRAG_LATER), EV_F_FRAG | EV_F_FRAG_LATER);
	assert_int_equal(o.pkt.dport, 0);
	assert_int_equal(o.pkt.dns_id, 0);
}

static void has_outer(const struct obs *o, enum encap_kind kind)
{
	struct addr a = ip("10.2.7.201"), b = ip("10.2.7.200");

	is_echo(o);
	assert_int_equal(o->pkt.encap, kind);
	assert_true(addr_eq(&o->pkt.osrc, &a) && addr_eq(&o->pkt.odst, &b));
}

static void test_tunnels(void **state)
{
	uint8_t b[200], inner[200], udp[200] = { 0x12, 0x34, 0x12, 0xb5, 0, 0, 0, 0, 8 };
	struct obs o = { .kind = OBS_PATH };
	size_t n;

	(void)state;
	n = in_ip(b, 4, echo, sizeof(echo));
	assert_true(cap_dissect(LINK_RAW, b, n, &o));
	o.kind = OBS_PATH;
	has_outer(&o, ENCAP_IPIP);
	/* a tunnel whose packet is cut off says nothing */
	assert_false(cap_dissect(LINK_RAW, b, 39, &o));
	n = in_ethernet(inner, 0, 0x0800, echo, sizeof(echo));
	memcpy(udp + 16, inner, n);
	n = in_ip(b, 17, udp, n + 16);
	assert_true(cap_dissect(LINK_RAW, b, n, &o));
	o.kind = OBS_PATH;
	has_outer(&o, ENCAP_VXLAN);
	/* another port: UDP */
	udp[3]++;
	n = in_ip(b, 17, udp, 100);
	assert_true(cap_dissect(LINK_RAW, b, n, &o));
	assert_int_equal(o.pkt.encap, ENCAP_NONE);
	assert_int_equal(o.pkt.dport, 4790);
}

static void test_ipv6(void **state)
{
	uint8_t b[200] = { 0x60, 0, 0, 0, 0, 16, 44, 63, 0x20, 1, 0x0d, 0xb8 };
	static const uint8_t more[] = { 58, 0, 0, 1, 0, 0, 0x12, 0x34, 128, 0, 0, 0, 0, 7, 0, 3 };
	struct addr src = ip("2001:db8::"), dst = ip("fd00::2");
	struct obs o;

	(void)state;
	memcpy(b + 24, dst.b, 16);
	memcpy(b + 40, more, sizeof(more));
	assert_true(cap_dissect(LINK_IPV6, b, 56, &o));
	assert_true(addr_eq(&o.pkt.src, &src) && addr_eq(&o.pkt.dst, &dst));
	assert_int_equal(o.pkt.proto, 58);
	assert_int_equal(o.pkt.ip_len, 56);
	assert_int_equal(o.pkt.ip_id, 0x1234);
	assert_int_equal(o.pkt.icmp_type, 128);
	assert_int_equal(o.pkt.sport, 7);
	assert_int_equal(o.pkt.flags & (EV_F_FRAG | EV_F_FRAG_LATER), EV_F_FRAG);
	for (size_t n = 0; n < 56; n++)
		assert_int_equal(cap_dissect(LINK_RAW, b, n, &o), n >= 40);
}

static void test_times(void **state)
{
	static const struct {
		uint8_t resol;
		int64_t offset_s;
		uint64_t ts, ns;
	} rows[] = {
		{ 0, 0, 5, 5 * NS_PER_S },
		{ 6, 0, 1586484262000001, 1586484262000001000 },
		{ 9, 0, 7, 7 },
		{ 12, 0, 7999, 7 },
		{ 19, 0, UINT64_MAX, 1844674407 },
		{ 0x80, 0, 5, 5 * NS_PER_S },
		{ 0x80 | 1, 0, 5, 2500000000 },
		{ 0x80 | 63, 0, 1ull << 62, 500000000 },
		{ 9, 3, 7, 3000000007 },
		{ 9, -3, 3000000007, 7 },
		{ 9, -3, 7, 0 },		 /* before the epoch */
		{ 0, 0, UINT64_MAX, INT64_MAX }, /* beyond its end */
		{ 9, INT64_MAX, 0, INT64_MAX },
		{ 9, INT64_MIN, 0, 0 },
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		struct cap_if i = { .resol = rows[n].resol, .offset_s = rows[n].offset_s };

		assert_true(cap_if_ns(&i, rows[n].ts) == rows[n].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),	  cmocka_unit_test(test_dns_and_tcp),
		cmocka_unit_test(test_fragments), cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_ipv6),	  cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests_name("cap_dissect", tests, NULL, NULL);
}
