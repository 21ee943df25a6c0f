// SPDX-License-Identifier: GPL-2.0-only
/*
 * An observed packet, less its time and its octets, which pcapng has a place for: a fixed part that
 * begins with its own length, the addresses that there are, texts. The fixed part may get longer at
 * its end, and so may the whole.
 */
#include <errno.h>

#include "cap_bytes.h"
#include "cap_codec.h"

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

/* Their order in P_ADDRS and after the fixed part */
static const uint16_t addr_at[] = {
	offsetof(struct obs_pkt, src),	   offsetof(struct obs_pkt, dst),
	offsetof(struct obs_pkt, osrc),	   offsetof(struct obs_pkt, odst),
	offsetof(struct obs_pkt, gw),	   offsetof(struct obs_pkt, ct_src),
	offsetof(struct obs_pkt, ct_dst),  offsetof(struct obs_pkt, ct_rsrc),
	offsetof(struct obs_pkt, ct_rdst),
};
#define ADDR_CNT (sizeof(addr_at) / sizeof(addr_at[0]))
#define ADDR_MAX 16u /* that P_ADDRS has room for */

_Static_assert(P_FIXED + ADDR_CNT * 16 + 2 + REASON_LEN + LOCATION_LEN <= CAP_PKT_MAX, "room");

static uint8_t *put_fixed(uint8_t *b, const struct obs *o)
{
	const struct obs_pkt *p = &o->pkt;

	put16(b + P_LEN, P_FIXED);
	b[P_KIND] = (uint8_t)o->kind;
	b[P_HOOK] = p->hook;
	b[P_ENCAP] = p->encap;
	b[P_PROTO] = p->proto;
	b[P_TTL] = p->ttl;
	b[P_ICMP_TYPE] = p->icmp_type;
	b[P_ICMP_CODE] = p->icmp_code;
	b[P_TCP_FLAGS] = p->tcp_flags;
	b[P_DST_TYPE] = p->dst_type;
	b[P_DST_TYPE + 1] = 0;
	put16(b + P_DST_ERROR, p->dst_error);
	put16(b + P_SPORT, p->sport);
	put16(b + P_DPORT, p->dport);
	put16(b + P_IP_ID, p->ip_id);
	put16(b + P_DNS_ID, p->dns_id);
	put16(b + P_DNS_FLAGS, p->dns_flags);
	put16(b + P_IP_LEN, p->ip_len);
	put16(b + P_CT_SPORT, p->ct_sport);
	put16(b + P_CT_DPORT, p->ct_dport);
	put16(b + P_CT_RSPORT, p->ct_rsport);
	put16(b + P_CT_RDPORT, p->ct_rdport);
	put16(b + P_SNAP_LEN, p->snap_len);
	put32(b + P_NETNS, p->netns);
	put32(b + P_IFINDEX, p->ifindex);
	put32(b + P_FLAGS, p->flags);
	put32(b + P_SEQ, p->seq);
	put32(b + P_IIF, p->iif);
	put32(b + P_DST_OIF, p->dst_oif);
	put32(b + P_CT_STATUS, p->ct_status);
	put64(b + P_SKB, p->skb);
	return b + P_FIXED;
}

static uint8_t *put_addrs(uint8_t *out, const struct obs_pkt *p, uint32_t *have)
{
	*have = 0;
	for (size_t i = 0; i < ADDR_CNT; i++) {
		const struct addr *a = (const void *)((const char *)p + addr_at[i]);

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
	size_t len = strnlen(s, size);

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

static inline __attribute__((always_inline)) void get_fixed(const uint8_t *b, bool swap,
							    struct obs_pkt *p)
{
	p->hook = b[P_HOOK];
	p->encap = b[P_ENCAP];
	p->proto = b[P_PROTO];
	p->ttl = b[P_TTL];
	p->icmp_type = b[P_ICMP_TYPE];
	p->icmp_code = b[P_ICMP_CODE];
	p->tcp_flags = b[P_TCP_FLAGS];
	p->dst_type = b[P_DST_TYPE];
	p->dst_error = get16(b + P_DST_ERROR, swap);
	p->sport = get16(b + P_SPORT, swap);
	p->dport = get16(b + P_DPORT, swap);
	p->ip_id = get16(b + P_IP_ID, swap);
	p->dns_id = get16(b + P_DNS_ID, swap);
	p->dns_flags = get16(b + P_DNS_FLAGS, swap);
	p->ip_len = get16(b + P_IP_LEN, swap);
	p->ct_sport = get16(b + P_CT_SPORT, swap);
	p->ct_dport = get16(b + P_CT_DPORT, swap);
	p->ct_rsport = get16(b + P_CT_RSPORT, swap);
	p->ct_rdport = get16(b + P_CT_RDPORT, swap);
	p->netns = get32(b + P_NETNS, swap);
	p->ifindex = get32(b + P_IFINDEX, swap);
	p->flags = get32(b + P_FLAGS, swap);
	p->seq = get32(b + P_SEQ, swap);
	p->iif = get32(b + P_IIF, swap);
	p->dst_oif = get32(b + P_DST_OIF, swap);
	p->ct_status = get32(b + P_CT_STATUS, swap);
	p->skb = get64(b + P_SKB, swap);
	p->snap_len = get16(b + P_SNAP_LEN, swap);
}

/* NULL: they reach past the end. Newer versions may have more than we know. */
static const uint8_t *get_addrs(const uint8_t *in, const uint8_t *end, uint32_t have,
				struct obs_pkt *p)
{
	for (size_t i = 0; i < ADDR_MAX && have; i++, have >>= 2) {
		struct addr *a = i < ADDR_CNT ? (void *)((char *)p + addr_at[i]) : NULL;
		size_t len = (have & 3) == 1 ? 4 : 16;

		if (!(have & 3))
			continue;
		if ((have & 3) == 3 || (size_t)(end - in) < len)
			return NULL;
		if (a) {
			a->family = len == 4 ? 4 : 6;
			memcpy(a->b, in, len);
		}
		in += len;
	}
	return in;
}

static const uint8_t *get_text(const uint8_t *in, const uint8_t *end, char *s, size_t size)
{
	size_t len;

	if (in == end)
		return in;
	len = *in++;
	if ((size_t)(end - in) < len)
		return NULL;
	memcpy(s, in, len < size ? len : size - 1);
	return in + len;
}

int cap_pkt_decode(const uint8_t *in, size_t len, bool swap, struct obs *o)
{
	uint8_t fixed[P_FIXED] = { 0 };
	const uint8_t *end = in + len, *b = in;
	struct obs_pkt *p = &o->pkt;
	size_t have = len >= 4 ? get16(in, swap) : 0;

	if (have < P_KIND + 2 || have > len)
		return -EBADMSG;
	if (have < P_FIXED)
		b = memcpy(fixed, in, have);
	if ((b[P_KIND] != OBS_PATH && b[P_KIND] != OBS_DROP) || b[P_HOOK] > AT_LOCAL ||
	    b[P_ENCAP] > ENCAP_WIREGUARD)
		return -ENOENT;
	o->kind = b[P_KIND];
	memset(p, 0, offsetof(struct obs_pkt, snap_len));
	if (swap)
		get_fixed(b, true, p);
	else
		get_fixed(b, false, p);
	in = get_addrs(in + have, end, get32(b + P_ADDRS, swap), p);
	if (in)
		in = get_text(in, end, p->reason, sizeof(p->reason));
	if (in)
		in = get_text(in, end, p->location, sizeof(p->location));
	return in ? 0 : -EBADMSG;
}
