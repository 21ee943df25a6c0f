// SPDX-License-Identifier: GPL-2.0-only
/*
 * An observed packet, less its time and its octets, which pcapng has a place for: a fixed part that
 * begins with its own length, the addresses that there are, texts. The fixed part may get longer at
 * its end, and so may the whole.
 */
#include <errno.h>

#include "addr.h"
#include "cap_bytes.h"
#include "cap_codec.h"
#include "mem.h"

/* Offsets in the fixed part; octet 11 is zero */
enum {
	P_LEN = 0,
	P_KIND = 2,
	P_HOOK = 3,
	P_ENCAP = 4,
	P_PROTO = 5,
	P_TTL = 6,
	P_ICMP_TYPE = 7,
	P_ICMP_CODE = 8,
	P_TCP_FLAGS = 9,
	P_DST_TYPE = 10,
	P_DST_ERROR = 12,
	P_SPORT = 14,
	P_DPORT = 16,
	P_IP_ID = 18,
	P_DNS_ID = 20,
	P_DNS_FLAGS = 22,
	P_IP_LEN = 24,
	P_CT_SPORT = 26,
	P_CT_DPORT = 28,
	P_CT_RSPORT = 30,
	P_CT_RDPORT = 32,
	P_SNAP_LEN = 34, /* octets of the packet that were observed, not rebuilt */
	P_ADDRS = 36,	 /* two bits each: 0 none, 1 IPv4, 2 IPv6 */
	P_NETNS = 40,
	P_IFINDEX = 44,
	P_FLAGS = 48,
	P_SEQ = 52,
	P_IIF = 56,
	P_DST_OIF = 60,
	P_CT_STATUS = 64,
	P_SKB = 68,
	P_FIXED = 76,
};

/* Their order in P_ADDRS and after the fixed part is that in the struct, src to ct_rdst */
#define ADDR_CNT 9u
_Static_assert(offsetof(struct obs_pkt, reason) ==
		       offsetof(struct obs_pkt, src) + ADDR_CNT * sizeof(struct addr),
	       "addresses");
#define ADDR_MAX 16u /* that P_ADDRS has room for */

_Static_assert(P_FIXED + ADDR_CNT * 16 + 2 + REASON_LEN + LOCATION_LEN <= CAP_PKT_MAX, "room");

/* The struct has them in the same order: no field is copied alone. */
#define SAME(field, at)                                                       \
	_Static_assert(offsetof(struct obs_pkt, field) ==                     \
			       offsetof(struct obs_pkt, zero) + (size_t)(at), \
		       #field)
SAME(hook, P_HOOK);
SAME(encap, P_ENCAP);
SAME(proto, P_PROTO);
SAME(ttl, P_TTL);
SAME(icmp_type, P_ICMP_TYPE);
SAME(icmp_code, P_ICMP_CODE);
SAME(tcp_flags, P_TCP_FLAGS);
SAME(dst_type, P_DST_TYPE);
SAME(dst_error, P_DST_ERROR);
SAME(sport, P_SPORT);
SAME(dport, P_DPORT);
SAME(ip_id, P_IP_ID);
SAME(dns_id, P_DNS_ID);
SAME(dns_flags, P_DNS_FLAGS);
SAME(ip_len, P_IP_LEN);
SAME(ct_sport, P_CT_SPORT);
SAME(ct_dport, P_CT_DPORT);
SAME(ct_rsport, P_CT_RSPORT);
SAME(ct_rdport, P_CT_RDPORT);
SAME(snap_len, P_SNAP_LEN);
SAME(zero_as_well, P_ADDRS);
SAME(netns, P_NETNS);
SAME(ifindex, P_IFINDEX);
SAME(flags, P_FLAGS);
SAME(seq, P_SEQ);
SAME(iif, P_IIF);
SAME(dst_oif, P_DST_OIF);
SAME(ct_status, P_CT_STATUS);
SAME(src, P_SKB);

static uint8_t *put_fixed(uint8_t *b, const struct obs *o)
{
	memcpy(b, (const uint8_t *)&o->pkt + offsetof(struct obs_pkt, zero), P_SKB);
	put16(b + P_LEN, P_FIXED);
	b[P_KIND] = (uint8_t)o->kind;
	b[P_DST_TYPE + 1] = 0;
	put64(b + P_SKB, o->pkt.skb);
	return b + P_FIXED;
}

static inline struct addr *addr_of(struct obs_pkt *p, size_t i)
{
	return (void *)((char *)p + offsetof(struct obs_pkt, src) + i * sizeof(struct addr));
}

static uint8_t *put_addrs(uint8_t *out, const struct obs_pkt *p, uint32_t *have)
{
	*have = 0;
	for (size_t i = 0; i < ADDR_CNT; i++) {
		const struct addr *a = addr_of((struct obs_pkt *)(uintptr_t)p, i);

		if (a->family == 4) {
			memcpy(out, a->b, 4);
			out += 4;
			*have |= 1u << 2 * i;
		} else if (a->family == 6) {
			memcpy(out, a->b, 16);
			out += 16;
			*have |= 2u << 2 * i;
		}
	}
	return out;
}

static uint8_t *put_text(uint8_t *out, const char *s, size_t size)
{
	size_t len = *s ? strnlen(s, size) : 0;

	*out = (uint8_t)len;
	memcpy(out + 1, s, len);
	return out + 1 + len;
}

size_t cap_pkt_encode(const struct obs *o, uint8_t *out)
{
	uint8_t *p = put_fixed(out, o);
	uint32_t have;

	p = put_addrs(p, &o->pkt, &have);
	put32(out + P_ADDRS, have);
	p = put_text(p, o->pkt.reason, sizeof(o->pkt.reason));
	p = put_text(p, o->pkt.location, sizeof(o->pkt.location));
	return (size_t)(p - out);
}

static void get_swapped(const uint8_t *b, struct obs_pkt *p)
{
	p->dst_error = get16(b + P_DST_ERROR, true);
	p->sport = get16(b + P_SPORT, true);
	p->dport = get16(b + P_DPORT, true);
	p->ip_id = get16(b + P_IP_ID, true);
	p->dns_id = get16(b + P_DNS_ID, true);
	p->dns_flags = get16(b + P_DNS_FLAGS, true);
	p->ip_len = get16(b + P_IP_LEN, true);
	p->ct_sport = get16(b + P_CT_SPORT, true);
	p->ct_dport = get16(b + P_CT_DPORT, true);
	p->ct_rsport = get16(b + P_CT_RSPORT, true);
	p->ct_rdport = get16(b + P_CT_RDPORT, true);
	p->snap_len = get16(b + P_SNAP_LEN, true);
	p->netns = get32(b + P_NETNS, true);
	p->ifindex = get32(b + P_IFINDEX, true);
	p->flags = get32(b + P_FLAGS, true);
	p->seq = get32(b + P_SEQ, true);
	p->iif = get32(b + P_IIF, true);
	p->dst_oif = get32(b + P_DST_OIF, true);
	p->ct_status = get32(b + P_CT_STATUS, true);
	p->skb = get64(b + P_SKB, true);
}

static inline void get_fixed(const uint8_t *b, bool swap, struct obs_pkt *p)
{
	memcpy((uint8_t *)p + offsetof(struct obs_pkt, zero), b, P_SKB);
	memset(p->zero, 0, sizeof(p->zero));
	p->zero_too = 0;
	p->zero_as_well = 0;
	p->skb = get64(b + P_SKB, false);
	if (swap)
		get_swapped(b, p);
}

/* NULL: they reach past the end. Newer versions may have more than we know. */
static const uint8_t *get_addrs(const uint8_t *in, const uint8_t *end, uint32_t have,
				struct obs_pkt *p)
{
	while (have) {
		uint32_t i = (uint32_t)__builtin_ctz(have) / 2, family = have >> 2 * i & 3;
		size_t len = family == 1 ? 4 : 16;

		have &= ~(3u << 2 * i);
		if (family == 3 || (size_t)(end - in) < len)
			return NULL;
		if (i < ADDR_CNT && family == 1) {
			addr_set4(addr_of(p, i), get32(in, false));
		} else if (i < ADDR_CNT) {
			addr_of(p, i)->family = 6;
			memcpy(addr_of(p, i)->b, in, 16);
		}
		in += len;
	}
	return in;
}

/* The same if there is no IPv6 among them */
static inline const uint8_t *get_addrs4(const uint8_t *in, const uint8_t *end, uint32_t have,
					struct obs_pkt *p)
{
	for (; have; have &= have - 1, in += 4) {
		uint32_t i = (uint32_t)__builtin_ctz(have) / 2;

		if (end - in < 4)
			return NULL;
		if (i < ADDR_CNT)
			addr_set4(addr_of(p, i), get32(in, false));
	}
	return in;
}

static const uint8_t *get_text(const uint8_t *in, const uint8_t *end, char *s, size_t size)
{
	size_t len;

	if (in == end)
		return in;
	len = *in++;
	if (!len)
		return in;
	if ((size_t)(end - in) < len)
		return NULL;
	memcpy(s, in, len < size ? len : size - 1);
	return in + len;
}

int cap_pkt_decode(const uint8_t *in, size_t len, bool swap, struct obs *o)
{
	uint8_t fixed[P_FIXED];
	const uint8_t *end = in + len, *b = in;
	struct obs_pkt *p = &o->pkt;
	size_t have = len >= 4 ? get16(in, swap) : 0;
	uint32_t addrs;

	if (have < P_KIND + 2 || have > len)
		return -EBADMSG;
	if (have < P_FIXED) {
		memset(fixed, 0, sizeof(fixed));
		b = memcpy(fixed, in, have);
	}
	if ((b[P_KIND] != OBS_PATH && b[P_KIND] != OBS_DROP) || b[P_HOOK] > AT_LOCAL ||
	    b[P_ENCAP] > ENCAP_WIREGUARD)
		return -ENOENT;
	o->kind = b[P_KIND];
	get_fixed(b, swap, p);
	mem_clear(&p->src, offsetof(struct obs_pkt, snap) - offsetof(struct obs_pkt, src));
	addrs = get32(b + P_ADDRS, swap);
	in = addrs & 0xaaaaaaaa ? get_addrs(in + have, end, addrs, p) :
				  get_addrs4(in + have, end, addrs, p);
	if (in)
		in = get_text(in, end, p->reason, sizeof(p->reason));
	if (in)
		in = get_text(in, end, p->location, sizeof(p->location));
	return in ? 0 : -EBADMSG;
}

/* One that may be there: *in is moved on behind it. Four octets at *in can be read anyway. */
static inline __attribute__((always_inline)) void get_addr4(const uint8_t **in, uint32_t have,
							    struct addr *a)
{
	uint32_t there = have & 1, be = get32(*in, false) & -there;

	addr_set4(a, be);
	a->family = (uint8_t)(there * 4);
	*in += there * 4;
}

/* Two bits each, of which the lower one says IPv4 */
#define ALL_IPV4 0x15555u
_Static_assert(P_FIXED + 4 * ADDR_CNT + 4 <= CAP_PKT_SPARE,
	       "addresses are read before they are checked");

bool cap_pkt_decode_plain(const uint8_t *b, size_t len, struct obs *o, bool *text)
{
	const uint8_t *in = b + P_FIXED, *end = b + len;
	struct obs_pkt *p = &o->pkt;
	uint32_t have;

	if (len < P_FIXED || get16(b + P_LEN, false) != P_FIXED || b[P_KIND] != OBS_PATH ||
	    b[P_HOOK] > AT_LOCAL || b[P_ENCAP] > ENCAP_WIREGUARD)
		return false;
	have = get32(b + P_ADDRS, false);
	if (have & ~ALL_IPV4)
		return false;
		/* without branches: which are there differs from packet to packet */
#pragma GCC unroll 5
	for (size_t i = 0; i < 5; i++)
		get_addr4(&in, have >> 2 * i, addr_of(p, i));
	if (have >> 10)
		for (size_t i = 5; i < ADDR_CNT; i++)
			get_addr4(&in, have >> 2 * i, addr_of(p, i));
	else
		mem_clear_const(&p->ct_src, 4 * sizeof(struct addr));
	/* two texts, both empty; older writers may have less */
	if (!(end - in == 2 && !get16(in, false)) &&
	    (in > end || (in < end && in[0]) || (end - in > 1 && in[1])))
		return false;
	o->kind = OBS_PATH;
	mem_copy_const(p->zero, b, P_SKB);
	memset(p->zero, 0, sizeof(p->zero));
	p->zero_too = 0;
	p->zero_as_well = 0;
	p->skb = get64(b + P_SKB, false);
	if (*text)
		mem_clear(p->reason, sizeof(p->reason) + sizeof(p->location));
	*text = false;
	return true;
}
