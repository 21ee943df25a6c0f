/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet frames for BPF_PROG_TEST_RUN, written header by header. */
#ifndef CALITRACE_TEST_FRAME_H
#define CALITRACE_TEST_FRAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <string.h>

#define POD "198.18.1.2"
#define FAR "198.19.2.3"
#define NODE "192.0.2.1"
#define PEER "192.0.2.2"
#define ROUTER "192.0.2.254"

struct frame {
	uint8_t b[2048];
	uint32_t len;
};

static inline void put(struct frame *f, const void *data, uint32_t len)
{
	memcpy(f->b + f->len, data, len);
	f->len += len;
}

static inline void put_eth(struct frame *f, uint16_t type)
{
	struct ethhdr eth = { .h_dest = { 2 }, .h_source = { 4 }, .h_proto = htons(type) };

	put(f, &eth, sizeof(eth));
}

/* len: of what follows; the options of ihl beyond five words are zero */
static inline void put_ip(struct frame *f, const char *src, const char *dst, uint8_t proto,
			  uint32_t len, uint16_t frag, uint8_t ihl)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = ihl,
		.tot_len = htons((uint16_t)(ihl * 4u + len)),
		.id = htons(77),
		.frag_off = htons(frag),
		.ttl = 61,
		.protocol = proto,
	};
	const uint8_t options[40] = { 0 };

	assert_int_equal(inet_pton(AF_INET, src, &ip.saddr), 1);
	assert_int_equal(inet_pton(AF_INET, dst, &ip.daddr), 1);
	put(f, &ip, sizeof(ip));
	put(f, options, ihl * 4u - 20);
}

static inline void put_udp(struct frame *f, uint16_t sport, uint16_t dport, uint32_t len)
{
	struct udphdr udp = {
		.source = htons(sport),
		.dest = htons(dport),
		.len = htons((uint16_t)(8 + len)),
	};

	put(f, &udp, sizeof(udp));
}

static inline void put_tcp(struct frame *f, uint16_t dport, bool syn, uint8_t doff)
{
	const uint8_t options[40] = { 0 };
	struct tcphdr tcp = {
		.source = htons(4000),
		.dest = htons(dport),
		.seq = htonl(0x01020304),
		.doff = doff,
		.syn = syn,
		.ack = !syn,
	};

	put(f, &tcp, sizeof(tcp));
	put(f, options, doff * 4u - 20);
}

/* Id 0xbeef, recursion desired, one question: example.org A */
static const uint8_t dns[] = "\xbe\xef\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
			     "\x07"
			     "example\x03org\x00\x00\x01\x00";
#define DNS_LEN sizeof(dns)

static const uint8_t echo[64] = { 8, 0, 0, 0, 0x12, 0x34, 0, 5 };
static const uint8_t unreachable[36] = { 3, 1 };

/* From a router to the node: quote_len bytes follow, of the packet that it complains about */
static inline void put_icmp_error(struct frame *f, uint8_t type, uint32_t quote_len)
{
	const uint8_t icmp[8] = { type, 1 };

	put_eth(f, ETH_P_IP);
	put_ip(f, ROUTER, NODE, IPPROTO_ICMP, sizeof(icmp) + quote_len, 0, 5);
	put(f, icmp, sizeof(icmp));
}

static inline void put_dns(struct frame *f, const char *src, const char *dst, uint8_t ihl)
{
	put_ip(f, src, dst, IPPROTO_UDP, 8 + DNS_LEN, 0, ihl);
	put_udp(f, 5353, 53, DNS_LEN);
	put(f, dns, DNS_LEN);
}

static inline void put_echo(struct frame *f, const char *src, const char *dst, uint16_t frag)
{
	put_ip(f, src, dst, IPPROTO_ICMP, sizeof(echo), frag, 5);
	put(f, echo, sizeof(echo));
}

/* From NODE to PEER, with a DNS query from POD to FAR inside */
static inline void put_ipip(struct frame *f, uint16_t frag, uint8_t ihl)
{
	put_ip(f, NODE, PEER, IPPROTO_IPIP, 28 + DNS_LEN, frag, ihl);
	put_dns(f, POD, FAR, 5);
}

static inline void put_vxlan(struct frame *f, uint16_t port)
{
	const uint8_t vxlan[8] = { 8 };

	put_ip(f, NODE, PEER, IPPROTO_UDP, 8 + 8 + 14 + 28 + DNS_LEN, 0, 5);
	put_udp(f, 50000, port, 8 + 14 + 28 + DNS_LEN);
	put(f, vxlan, sizeof(vxlan));
	put_eth(f, ETH_P_IP);
	put_dns(f, POD, FAR, 5);
}

static inline void put_dns_tcp(struct frame *f, uint16_t msg_len, uint8_t doff)
{
	uint16_t be = htons(msg_len);

	put_ip(f, POD, FAR, IPPROTO_TCP, doff * 4u + 2 + DNS_LEN, 0, 5);
	put_tcp(f, 53, false, doff);
	put(f, &be, sizeof(be));
	put(f, dns, DNS_LEN);
}

#endif
