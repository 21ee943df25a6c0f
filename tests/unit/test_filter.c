// SPDX-License-Identifier: GPL-2.0-only
/* FILTER and --pod: what is taken, what is traced for it, which packets match in which form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "filter.h"
#include "sha1.h"
#include "util.h"

#define POD "10.253.65.67"
#define PEER "10.253.181.10"
#define NODE "10.2.7.201"
#define PEER_NODE "10.2.7.200"
#define SERVICE "10.96.0.10"
#define D EV_APP_DNS
#define I EV_APP_ICMP
#define T EV_APP_TCP
#define U EV_APP_UDP
#define HIT FILTER_HIT
#define PASS FILTER_PASS
#define NOT FILTER_NOT

enum {
	ICMP = 1,
	TCP = 6,
	UDP = 17
};

static struct addr ip(const char *text)
{
	struct addr a = { 0 };

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static int make(const char *expr, const char *dev, const char *addr, struct filter **ret, char *why,
		size_t why_sz)
{
	struct addr a = addr ? ip(addr) : (struct addr){ 0 };
	struct filter_opts o = {
		.expr = expr,
		.pod_dev = dev,
		.pod_addr = addr ? &a : NULL,
		.dns_port = { 53, 5353 },
		.vxlan_port = 4789,
	};

	return filter__new(&o, ret, why, why_sz);
}

static struct filter *made(const char *expr)
{
	struct filter *f = NULL;
	char why[400] = "";

	if (make(expr, NULL, NULL, &f, why, sizeof(why)))
		fail_msg("%s: %s", expr, why);
	return f;
}

/* ---- SHA-1 ---- */

static void assert_sha1(const char *text, size_t len, const char *hex)
{
	char got[2 * SHA1_LEN + 1];
	uint8_t sum[SHA1_LEN];

	sha1(text, len, sum);
	for (int i = 0; i < SHA1_LEN; i++)
		snprintf(got + 2 * i, 3, "%02x", sum[i]);
	assert_string_equal(got, hex);
}

/* RFC 3174, 7.3 */
static void sha1_vectors(void **state)
{
	static char many[1000000];

	(void)state;
	assert_sha1("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	memset(many, 'a', sizeof(many));
	assert_sha1(many, sizeof(many), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	for (int i = 0; i < 640; i++)
		many[i] = (char)('0' + i % 8);
	assert_sha1(many, 640, "dea356a2cddd90c7a7ecedc5ebb563934f460452");
	assert_sha1("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	/* where the length just fits in, and just does not */
	memset(many, 'a', 64);
	assert_sha1(many, 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	assert_sha1(many, 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

static void interface_names(void **state)
{
	char dev[DEV_LEN], long_name[600];

	(void)state;
	/* the name that Calico's own tests hold fast over its releases */
	pod_dev_name("default", "podA", dev);
	assert_string_equal(dev, "cali7f94ce7c295");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	pod_dev_name(long_name, long_name, dev);
	assert_int_equal(strlen(dev), 15);
}

/* ---- what is taken ---- */

static const struct {
	const char *expr, *word; /* that the message has to have */
} bad[] = {
	{ "foo bar", "syntax" },
	{ "((icmp", "syntax" },
	{ "icmp)", "syntax" },
	{ "icmp and", "syntax" },
	{ "caf\xc3\xa9", "pcap-filter" },
	{ "\xff\xfe", "pcap-filter" },
	{ "host \x01", "pcap-filter" },
	{ "port 99999", "99999" },
	{ "port nosuchservice", "nosuchservice" },
	{ "host no-such-host.invalid", "/etc/hosts" },
	{ "net no-such-net", "/etc/hosts" },
	{ "ether host 02:00:00:00:00:01", "link layer" },
	{ "ether[0] & 1 != 0", "link layer" },
	{ "icmp and ether [0] = 1", "link layer" },
	{ "link[0] = 1", "link layer" },
	{ "vlan", "link layer" },
	{ "vlan 5 and icmp", "link layer" },
	{ "arp", "link layer" },
	{ "mpls", "link layer" },
	{ "broadcast", "link layer" },
	{ "inbound", "link layer" },
	{ "outbound and icmp", "link layer" },
	{ "ifname eth0", "link layer" },
	{ "port 53 and icmp", "contradict" },
	{ "tcp and udp", "contradict" },
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct filter *f = NULL;
		char why[400] = "";

		if (make(bad[i].expr, NULL, NULL, &f, why, sizeof(why)) != -EINVAL)
			fail_msg("'%s' was taken", bad[i].expr);
		if (f || !strstr(why, bad[i].word) || strncmp(why, "FILTER '", 8))
			fail_msg("'%s': %s", bad[i].expr, why);
	}
}

static char *repeated(const char *head, const char *part, size_t cnt, const char *tail)
{
	size_t len = strlen(head) + cnt * strlen(part) + strlen(tail) + 1;
	char *s = malloc(len), *at = s;

	assert_non_null(s);
	at += snprintf(at, len, "%s", head);
	while (cnt--)
		at += snprintf(at, len - (size_t)(at - s), "%s", part);
	snprintf(at, len - (size_t)(at - s), "%s", tail);
	return s;
}

/* An answer, whichever, and no harm */
static void hostile_one(char *expr, int expected)
{
	struct filter *f = NULL;
	char why[400] = "";
	int err = make(expr, NULL, NULL, &f, why, sizeof(why));

	if (err != expected)
		fail_msg("%.40s...: %d, %s", expr, err, why);
	assert_int_equal(err != 0, why[0] != '\0');
	filter__free(f);
	free(expr);
}

static void hostile(void **state)
{
	char deep[4000];

	(void)state;
	hostile_one(repeated("icmp", " or port 7", 5000, ""), -EINVAL);
	hostile_one(repeated("icmp", " or port 7", 400, ""), 0);
	hostile_one(repeated("", "(", 2000, ""), -EINVAL);
	hostile_one(repeated("", "not ", 1000, "icmp"), 0);
	hostile_one(repeated("", "!", 4000, "icmp"), 0);
	hostile_one(repeated("ip[1", "+1", 2000, "] = 1"), 0);
	hostile_one(repeated("ip[", "ip[", 1300, ""), -EINVAL);
	hostile_one(repeated("", "a", 4000, ""), -EINVAL);
	hostile_one(repeated("", "%s%n", 100, ""), -EINVAL);
	hostile_one(repeated("host ", "9", 1000, ""), -EINVAL);
	memset(deep, '(', 1900);
	memcpy(deep + 1900, "icmp", 4);
	memset(deep + 1904, ')', 1900);
	deep[3804] = '\0';
	hostile_one(strdup(deep), 0);
	/* a NUL ends the string, and with it the expression */
	hostile_one(strdup("icmp\0) or"), 0);
	hostile_one(strdup(" \t "), 0);
}

/* Many ports: libpcap's optimizer would need seconds for this one */
static void long_lists(void **state)
{
	char expr[FILTER_LEN] = "";
	struct filter *f;
	uint32_t apps;
	char why[400];
	size_t len = 0;

	(void)state;
	for (int port = 1000; len < sizeof(expr) - 40; port += 3)
		len += (size_t)snprintf(expr + len, sizeof(expr) - len, "%sport %d",
					len ? " or " : "", port);
	f = made(expr);
	assert_int_equal(filter__apps(f, 0, &apps, why, sizeof(why)), 0);
	assert_int_equal(apps, T | U);
	filter__free(f);
}

/* ---- what is traced for it ---- */

static const struct {
	const char *expr;
	uint32_t given, apps; /* 0: contradicts */
} apps_of[] = {
	{ "", 0, D | I | T },
	{ "", D | I, D | I },
	{ "host " POD, 0, D | I | T },
	{ "host " POD, I, I },
	{ "not host " POD, 0, D | I | T },
	{ "net 10.253.0.0/16 and not net 10.253.65.64/26", 0, D | I | T },
	{ "ip", 0, D | I | T },
	{ "less 100", 0, D | I | T },
	{ "icmp", 0, I },
	{ "icmp", D | I, I },
	{ "icmp", D, 0 },
	{ "icmp[icmptype] = icmp-echo", 0, I },
	{ "icmp and host " POD, 0, I },
	{ "port 53", 0, D },
	{ "port 53", D, D },
	{ "port 53", T, 0 },
	{ "port 53", I | T, 0 },
	{ "dst port 53", 0, D },
	{ "udp src port 5353", 0, D },
	{ "tcp port 53", 0, D },
	{ "udp[2:2] = 53", 0, D },
	{ "host " POD " and port 53", I, 0 },
	{ "tcp", 0, D | T },
	{ "tcp", D, D },
	{ "tcp", I, 0 },
	{ "tcp port 80", 0, T },
	{ "tcp port 80", D, 0 },
	{ "port 80", 0, T | U },
	{ "port 80 or icmp", 0, I | T | U },
	{ "tcp[tcpflags] & tcp-syn != 0", 0, D | T },
	{ "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn and port 443", 0, T },
	{ "udp", 0, D | U },
	{ "udp", T | I, 0 },
	{ "udp port 8080", 0, U },
	{ "udp port 8080", D, 0 },
	{ "portrange 8000-8100", 0, T | U },
	{ "ip[9] = 17", 0, D | U },
	{ "ip proto 6", 0, D | T },
	{ "not port 53", 0, D | I | T | U }, /* 5353 is for DNS here as well */
	{ "icmp or tcp or udp port 8080", 0, D | I | T | U },
	{ "host " POD " or udp port 8080", 0, D | I | T | U },
	{ "not port 53 and not port 5353", 0, I | T | U },
	{ "not port 53 and not port 5353", D, 0 },
	{ "not udp port 53", 0, D | I | T | U },
	{ "not icmp", 0, D | T | U },
	{ "not tcp", 0, D | I | U },
	{ "not udp", 0, D | I | T },
	/* only of a client that took this port itself */
	{ "src port 20000 and dst port 53", 0, D },
	/* headers of tunnels: what is inside is not named */
	{ "udp port 4789", 0, D | I | T },
	{ "ip proto 4", 0, D | I | T },
	{ "ip proto 4 and host " NODE, T, T },
	{ "ip[6:2] & 0x1fff != 0", 0, D | I | T },
	{ "ip[6:2] & 0x1fff != 0 and udp", 0, D | U },
	/* sums that come out the same for each packet of a kind */
	{ "ip[9] + 3 = 20", 0, D | U },
	{ "17 - ip[9] = 0", 0, D | U },
	{ "-ip[9] + 6 = 0", 0, D | T },
	{ "ip[9] * 2 = 34", 0, D | U },
	{ "ip[9] / 2 = 3", 0, D | T },
	{ "ip[9] % 5 = 2", 0, D | U },
	{ "ip[9] | 2 = 19", 0, D | U },
	{ "ip[9] ^ 1 = 16", 0, D | U },
	{ "ip[9] << 1 = 12", 0, D | T },
	{ "ip[9] >> 4 = 1", 0, D | U },
	{ "ip[9] + ip[9] = 34", 0, D | U },
	/* a port, octet by octet */
	{ "udp[0] = 0 and udp[1] = 53", 0, D | U }, /* each by itself */
	{ "udp[2] = 31 and udp[3] = 144", 0, U },
	{ "ip[0] & 0xf > 5", 0, D | I | T },
	{ "ip[0] & 0xf > 5 and tcp port 80", 0, T },
	{ "ip6", 0, 0 },
	{ "sctp", 0, 0 },
	{ "tcp[tcpflags] = tcp-ack and port 80", 0, 0 },
};

static void apps(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(apps_of); i++) {
		struct filter *f = made(apps_of[i].expr);
		char why[400] = "";
		uint32_t got = 0;
		int err = filter__apps(f, apps_of[i].given, &got, why, sizeof(why));

		if (got != apps_of[i].apps || (err == -EINVAL) != !apps_of[i].apps)
			fail_msg("'%s' with %x: %x, %s", apps_of[i].expr, apps_of[i].given, got,
				 why);
		assert_int_equal(!err, !why[0]);
		filter__free(f);
	}
}

static void contradiction_names_both(void **state)
{
	struct filter *f = made("port 53");
	char why[400] = "";
	uint32_t got;

	(void)state;
	assert_int_equal(filter__apps(f, I | T, &got, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "--proto icmp, tcp contradicts the FILTER 'port 53', which "
				 "selects dns: leave one of them out");
	filter__free(f);
}

/* ---- packets ---- */

static struct obs_pkt packet(uint8_t proto, const char *src, uint16_t sport, const char *dst,
			     uint16_t dport)
{
	struct obs_pkt p = {
		.proto = proto,
		.flags = EV_F_NODE_NETNS,
		.ip_len = 84,
		.ttl = 64,
		.ip_id = 4711,
		.sport = sport,
		.dport = dport,
		.src = ip(src),
		.dst = ip(dst),
	};

	if (proto == TCP)
		p.tcp_flags = 0x02;
	if (proto == ICMP)
		p.icmp_type = 8;
	return p;
}

static struct obs_pkt query(void)
{
	struct obs_pkt p = packet(UDP, POD, 40000, PEER, 53);

	p.dns_id = 0x1234;
	p.dns_flags = 0x0100;
	return p;
}

static struct obs_pkt tunnelled(struct obs_pkt p, enum encap_kind kind)
{
	p.encap = kind;
	p.osrc = ip(NODE);
	p.odst = ip(PEER_NODE);
	return p;
}

/* The entry of a query to a service, whose port and the source's address are translated as well */
static struct obs_pkt translated(struct obs_pkt p, bool reply)
{
	p.flags |= EV_F_CT | (reply ? EV_F_CT_REPLY : 0);
	p.ct_src = ip(POD);
	p.ct_dst = ip(SERVICE);
	p.ct_sport = 40000;
	p.ct_dport = 53;
	p.ct_rsrc = ip(PEER);
	p.ct_rdst = ip("10.253.65.64");
	p.ct_rsport = 5353;
	p.ct_rdport = 61234;
	return p;
}

static void assert_bits(const char *expr, const struct obs_pkt *p, uint32_t expected)
{
	struct filter *f = made(expr);
	uint32_t got = filter__bits(f, p);

	if (got != (expected | FILTER_POD))
		fail_msg("'%s': %x, expected %x", expr, got, expected | FILTER_POD);
	assert_int_equal(filter__match(f, p), expected == HIT || expected == PASS);
	assert_int_equal(filter__wants(f, got, false), expected == HIT);
	filter__free(f);
}

struct expectation {
	const char *expr;
	uint32_t bits;
};

static void expect_all(const struct obs_pkt *p, const struct expectation *e, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		assert_bits(e[i].expr, p, e[i].bits);
}
#define expect(p, ...)                                                   \
	expect_all(p, (const struct expectation[]){ __VA_ARGS__ },       \
		   sizeof((const struct expectation[]){ __VA_ARGS__ }) / \
			   sizeof(struct expectation))

static void inner(void **state)
{
	struct obs_pkt p = query();

	(void)state;
	expect(&p, { "", HIT }, { "host " POD, HIT }, { "src host " POD, HIT },
	       { "dst host " POD, 0 }, { "host " PEER " and udp port 53", HIT },
	       { "net 10.253.181.0/26", HIT }, { "net 10.253.182.0/26", 0 }, { "icmp", 0 },
	       { "tcp port 53", 0 }, { "src port 40000 and dst port 53", HIT },
	       { "udp[8:2] = 0x1234", PASS }, { "udp[10] & 0x80 = 0", PASS },
	       { "udp[4:2] = 64", PASS }, { "ip[8] = 64", PASS }, { "ip[4:2] = 4711", PASS },
	       { "greater 84", PASS }, { "greater 85", 0 }, { "not port 53", NOT },
	       { "not host " POD, NOT }, { "not host 10.1.1.1", PASS }, { "not icmp", PASS },
	       { "not udp", 0 }, { "udp[2:2] > 10000", 0 }, { "udp[2:2] < 10000", HIT });
	p = packet(ICMP, POD, 7, PEER, 1);
	expect(&p, { "icmp", PASS }, { "icmp[icmptype] = icmp-echo", PASS },
	       { "icmp[4:2] = 7 and icmp[6:2] = 1", HIT }, { "port 53", 0 },
	       { "not port 53", PASS }, { "not icmp", 0 }, { "port 7", 0 });
	p = packet(TCP, POD, 40000, PEER, 80);
	p.seq = 0x01020304;
	p.flags |= EV_F_DF;
	expect(&p, { "tcp[tcpflags] & tcp-syn != 0", PASS }, { "tcp[4:4] = 0x01020304", PASS },
	       { "ip[6] & 0x40 != 0", PASS }, { "tcp[tcpflags] & tcp-rst != 0", 0 },
	       { "tcp port 80", HIT }, { "udp port 80", 0 });
	/* over TCP the message stands behind its length */
	p = packet(TCP, POD, 40000, PEER, 53);
	p.dns_id = 0x1234;
	expect(&p, { "tcp[22:2] = 0x1234", PASS });
}

static void outer(void **state)
{
	struct obs_pkt p = tunnelled(query(), ENCAP_IPIP);

	(void)state;
	expect(&p, { "host " PEER_NODE, HIT }, { "src host " NODE, HIT }, { "dst host " NODE, 0 },
	       { "host " POD, HIT }, { "port 53", HIT }, { "host " PEER_NODE " and port 53", HIT },
	       { "host " PEER_NODE " and icmp", 0 }, { "ip proto 4", HIT },
	       { "ip proto 4 and dst host " PEER_NODE, HIT }, { "udp port 4789", 0 },
	       /* what the outer header has not is no proof */
	       { "not port 53", NOT }, { "not host " POD, NOT }, { "not host " PEER_NODE, NOT },
	       { "not icmp", PASS }, { "host " PEER_NODE " and not port 53", 0 });
	p = tunnelled(query(), ENCAP_VXLAN);
	expect(&p, { "host " PEER_NODE, HIT }, { "udp port 4789", HIT }, { "ip proto 4", 0 },
	       { "udp dst port 4789 and host " NODE, HIT }, { "dst port 53", HIT },
	       { "not port 53", NOT } /* the inner header stands at 50 */, { "icmp", 0 });
	p = tunnelled(packet(ICMP, POD, 7, PEER, 1), ENCAP_VXLAN);
	expect(&p, { "icmp", PASS }, { "udp", 0 }, { "not port 53", PASS },
	       { "host " PEER_NODE " and icmp", HIT });
}

static void before_and_after_nat(void **state)
{
	/* behind NAT, and back in front of it */
	struct obs_pkt ask = translated(packet(UDP, "10.253.65.64", 61234, PEER, 5353), false);
	struct obs_pkt answer = translated(packet(UDP, SERVICE, 53, POD, 40000), true);

	(void)state;
	expect(&ask, { "dst host " SERVICE, HIT }, { "src host " SERVICE, 0 },
	       { "src host " POD " and dst host " SERVICE, HIT }, { "dst host " PEER, HIT },
	       { "src host " POD " and dst host " PEER, 0 }, { "dst port 53", HIT },
	       { "dst port 5353", HIT }, { "src port 40000", HIT }, { "src port 61234", HIT },
	       { "dst host " SERVICE " and dst port 5353", 0 }, { "not host " SERVICE, NOT },
	       { "not host 10.1.1.1", PASS });
	expect(&answer, { "src host " SERVICE, HIT }, { "dst host " SERVICE, 0 },
	       { "src host " PEER " and src port 5353", HIT }, { "dst host 10.253.65.64", HIT },
	       { "dst port 61234", HIT }, { "src host " PEER " and src port 53", 0 },
	       { "not host " PEER, NOT });
	/* in front of NAT: the other form is the one behind it */
	ask = translated(packet(UDP, POD, 40000, SERVICE, 53), false);
	expect(&ask, { "dst host " PEER " and dst port 5353 and src port 61234", HIT });
	answer = translated(packet(UDP, PEER, 5353, "10.253.65.64", 61234), true);
	expect(&answer, { "src host " SERVICE " and dst port 40000", HIT });
	/* the id of an echo may be translated */
	ask = translated(packet(ICMP, POD, 40000, SERVICE, 1), false);
	expect(&ask, { "icmp[4:2] = 5353", HIT }, { "icmp[4:2] = 40000", HIT },
	       { "icmp[4:2] = 61234", 0 });
}

static void nat_of_the_outer_header(void **state)
{
	struct obs_pkt p = tunnelled(packet(UDP, "10.253.65.1", 40000, PEER, 53), ENCAP_IPIP);

	(void)state;
	p = translated(p, false);
	expect(&p, { "dst host " SERVICE, HIT }, { "dst port 5353", 0 }, { "dst port 53", HIT });
}

static void fragments(void **state)
{
	struct obs_pkt p = packet(UDP, POD, 0, PEER, 0);

	(void)state;
	p.flags |= EV_F_FRAG_LATER;
	p = translated(p, false);
	expect(&p, { "host " POD, HIT }, { "host " SERVICE, HIT }, { "port 53", 0 },
	       { "port 40000", 0 }, { "port 0", 0 }, { "udp", PASS },
	       { "ip[6:2] & 0x1fff != 0", PASS });
	p = query();
	p.flags |= EV_F_FRAG;
	expect(&p, { "port 53", HIT }, { "ip[6] & 0x20 != 0", PASS },
	       { "ip[6:2] & 0x1fff != 0", 0 });
}

static void icmp_errors(void **state)
{
	struct obs_pkt p = packet(ICMP, NODE, 0, POD, 1450);

	(void)state;
	p.icmp_type = 3;
	p.icmp_code = 4;
	/* the entry is that of the packet that it complains about */
	p = translated(p, true);
	expect(&p, { "icmp[icmptype] = icmp-unreach", PASS }, { "icmp[1] = 4", PASS },
	       { "src host " NODE, HIT }, { "icmp[6:2] = 1450", PASS }, { "host " SERVICE, 0 },
	       { "host " PEER, 0 }, { "port 53", 0 });
}

/* The bytes that were copied say more than the record */
static void snaps(void **state)
{
	static const uint8_t options[] = {
		0x46, 0,    0,	 60,  0,  9,	0,   0,	  64,	17,   0, 0, 10, 253, 65,
		67,   10,   253, 181, 10, 0x94, 4,   0,	  0, /* router alert */
		0x9c, 0x40, 0,	 53,  0,  36,	0,   0,	  0xab, 0xcd, 1, 0, 0,	1,   0,
		0,    0,    0,	 0,   0,  3,	'w', 'w', 'w',	0,    0, 1, 0,	1,
	};
	struct obs_pkt p = query();

	(void)state;
	memcpy(p.snap, options, sizeof(options));
	p.snap_len = sizeof(options);
	p = translated(p, false);
	expect(&p, { "port 53", HIT }, { "udp[8:2] = 0xabcd", PASS }, { "ip[0] = 0x46", PASS },
	       { "udp[21:2] = 0x7777", PASS }, { "dst host " SERVICE " and src port 40000", HIT },
	       { "dst port 5353", HIT });
	/* what is no IPv4 header is not used */
	p.snap[0] = 0x60;
	expect(&p, { "port 53", HIT }, { "ip[0] = 0x45", PASS }, { "udp[8:2] = 0x1234", PASS });
	p.snap[0] = 0x4f;
	p.snap_len = 40;
	expect(&p, { "port 53", HIT }, { "ip[0] = 0x45", PASS });
	memset(p.snap, 0x4f, sizeof(p.snap));
	p.snap_len = SNAP_LEN;
	expect(&p, { "host " POD, HIT }, { "ip[0] = 0x4f", PASS });
	p.snap_len = UINT16_MAX;
	p.ip_len = UINT16_MAX;
	expect(&p, { "host " POD, HIT });
	p = tunnelled(p, ENCAP_VXLAN);
	expect(&p, { "udp port 4789", HIT });
}

/* Beyond what was copied is zero, beyond the packet is nothing */
static void ends(void **state)
{
	struct obs_pkt p = query();

	(void)state;
	expect(&p, { "udp[64] = 0", 0 }, { "udp[50] = 0", PASS }, { "ip[83] = 0", PASS },
	       { "ip[84] = 0", 0 });
	p.ip_len = 0;
	expect(&p, { "udp[8:2] = 0x1234", PASS }, { "host " POD, HIT });
	/* a record of another family has no IPv4 form */
	p.src.family = p.dst.family = 6;
	expect(&p, { "host " POD, 0 }, { "udp", NOT });
}

/* ---- --pod ---- */

static void feed_link(struct filter *f, enum link_op op, uint32_t ifindex, const char *name)
{
	struct obs o = { .kind = OBS_LINK, .link = { .op = op, .link = { .ifindex = ifindex } } };

	snprintf(o.link.link.name, sizeof(o.link.link.name), "%s", name);
	filter__feed(f, &o);
}

static bool seen_at(const struct filter *f, uint32_t ifindex, uint32_t flags)
{
	struct obs_pkt p = query();

	p.ifindex = ifindex;
	p.flags = flags;
	return filter__match(f, &p);
}

static void pod_by_interface(void **state)
{
	struct filter *f = NULL;
	struct obs_pkt p = query();
	char why[400];

	(void)state;
	assert_int_equal(make(NULL, "cali1", NULL, &f, why, sizeof(why)), 0);
	assert_false(filter__pod_known(f));
	assert_false(seen_at(f, 0, EV_F_NODE_NETNS));
	feed_link(f, LINK_ADD, 6, "cali2");
	feed_link(f, LINK_ADD, 7, "cali1");
	assert_true(filter__pod_known(f));
	assert_true(seen_at(f, 7, EV_F_NODE_NETNS));
	assert_false(seen_at(f, 6, EV_F_NODE_NETNS));
	/* the same number in the pod's own namespace */
	assert_false(seen_at(f, 7, EV_F_POD_NETNS));
	p.ifindex = 2;
	p.iif = 7;
	assert_true(filter__match(f, &p));
	/* gone, and back under another number, which is another one's afterwards */
	feed_link(f, LINK_DEL, 7, "cali1");
	assert_false(seen_at(f, 7, EV_F_NODE_NETNS));
	feed_link(f, LINK_ADD, 9, "cali1");
	assert_true(seen_at(f, 9, EV_F_NODE_NETNS));
	feed_link(f, LINK_CHANGE, 9, "renamed");
	assert_false(seen_at(f, 9, EV_F_NODE_NETNS));
	filter__free(f);
}

static void pod_by_address(void **state)
{
	struct filter *f = NULL;
	struct obs_pkt p = query(), q = packet(UDP, NODE, 1, PEER, 2);
	char why[400];

	(void)state;
	assert_int_equal(make(NULL, NULL, POD, &f, why, sizeof(why)), 0);
	assert_true(filter__pod_known(f));
	assert_true(filter__match(f, &p));
	assert_false(filter__match(f, &q));
	q = translated(q, false);
	assert_true(filter__match(f, &q));
	p = packet(UDP, PEER, 53, POD, 40000);
	assert_true(filter__match(f, &p));
	filter__free(f);
}

/* Each of the two may hold for another packet of the exchange. */
static void filter_and_pod(void **state)
{
	struct obs_pkt in = query(), out = tunnelled(query(), ENCAP_IPIP);
	struct filter *f = NULL;
	char why[400];

	(void)state;
	assert_int_equal(make("host " PEER_NODE, "cali1", NULL, &f, why, sizeof(why)), 0);
	feed_link(f, LINK_ADD, 7, "cali1");
	in.ifindex = 7;
	out.ifindex = 2;
	assert_int_equal(filter__bits(f, &in), FILTER_POD);
	assert_int_equal(filter__bits(f, &out), FILTER_HIT);
	assert_false(filter__match(f, &in));
	assert_true(filter__wants(f, filter__bits(f, &in) | filter__bits(f, &out), false));
	filter__free(f);
	/* what is ruled out in one packet is ruled out for all */
	f = made("not host " SERVICE);
	in = packet(UDP, POD, 40000, SERVICE, 53);
	assert_false(filter__wants(f, filter__bits(f, &in) | filter__bits(f, &out), true));
	assert_true(filter__wants(f, filter__bits(f, &out), true));
	assert_false(filter__wants(f, filter__bits(f, &out), false));
	filter__free(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_vectors),
		cmocka_unit_test(interface_names),
		cmocka_unit_test(refused),
		cmocka_unit_test(hostile),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(apps),
		cmocka_unit_test(contradiction_names_both),
		cmocka_unit_test(inner),
		cmocka_unit_test(outer),
		cmocka_unit_test(before_and_after_nat),
		cmocka_unit_test(nat_of_the_outer_header),
		cmocka_unit_test(fragments),
		cmocka_unit_test(icmp_errors),
		cmocka_unit_test(snaps),
		cmocka_unit_test(ends),
		cmocka_unit_test(pod_by_interface),
		cmocka_unit_test(pod_by_address),
		cmocka_unit_test(filter_and_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
