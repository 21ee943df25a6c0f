// SPDX-License-Identifier: GPL-2.0-only
/* Packets that others captured, told as a trace */
#include "addr.h"
#include "cap_fixture.h"
#include "cap_reader.h"

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

/* ---- packets ---- */

/* An echo request from 10.0.0.1 to 10.0.0.2, id 7, seq 3, IP id 0x1234, 40 octets */
static const uint8_t echo[40] = { 0x45, 0, 0,  40, 0x12, 0x34, 0x40, 0, 63, 1, 0, 0, 10, 0,
				  0,	1, 10, 0,  0,	 2,    8,    0, 0,  0, 0, 7, 0,	 3 };
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

static struct addr ip(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, &a), 0);
	return a;
}

static void is_echo(const struct obs *o)
{
	struct addr a = ip("10.0.0.1"), b = ip("10.0.0.2");

	assert_int_equal(o->kind, OBS_PATH);
	assert_true(addr_eq(&o->pkt.src, &a) && addr_eq(&o->pkt.dst, &b));
	assert_int_equal(o->pkt.proto, 1);
	assert_int_equal(o->pkt.ttl, 63);
	assert_int_equal(o->pkt.icmp_type, 8);
	assert_int_equal(o->pkt.sport, 7);
	assert_int_equal(o->pkt.dport, 3);
	assert_int_equal(o->pkt.ip_id, 0x1234);
	assert_int_equal(o->pkt.ip_len, 40);
	assert_int_equal(o->pkt.flags, EV_F_NODE_NETNS | EV_F_SNAP | EV_F_DF);
	assert_int_equal(o->pkt.snap_len, 40);
	assert_memory_equal(o->pkt.snap, echo, 40);
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
		cmocka_unit_test(test_links),	  cmocka_unit_test(test_dns_and_tcp),
		cmocka_unit_test(test_fragments), cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_ipv6),	  cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcapng),	  cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_sections),  cmocka_unit_test(test_empty),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("cap_foreign", tests, NULL, NULL);
}
