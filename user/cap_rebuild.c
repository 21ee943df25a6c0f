// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of most packets the kernel side hands over what it found in their headers, not the octets. Other
 * programs want a packet: its headers are made again from what is known. What is not known is zero
 * (TCP's window and acknowledgement, checksums), and the offset of a later fragment is 8. The file
 * says how many octets were really observed; the reader leaves these away.
 */
#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "cap_writer.h"

#define P_ICMP 1
#define P_TCP 6
#define P_UDP 17
#define P_ICMP6 58

static void wr16(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static void ip4_checksum(uint8_t *b)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	wr16(b + 10, ~(sum + (sum >> 16)));
}

static size_t rebuild_ip(uint8_t *b, const struct obs_pkt *p)
{
	if (p->src.family == 6) {
		memset(b, 0, 40);
		b[0] = 0x60;
		wr16(b + 4, p->ip_len > 40 ? p->ip_len - 40u : 0);
		b[6] = p->proto;
		b[7] = p->ttl;
		memcpy(b + 8, p->src.b, 16);
		memcpy(b + 24, p->dst.b, 16);
		return 40;
	}
	memset(b, 0, 20);
	b[0] = 0x45;
	wr16(b + 2, p->ip_len);
	wr16(b + 4, p->ip_id);
	wr16(b + 6, (p->flags & EV_F_DF ? 0x4000u : 0) | (p->flags & EV_F_FRAG ? 0x2000u : 0) |
			    (p->flags & EV_F_FRAG_LATER ? 1u : 0));
	b[8] = p->ttl;
	b[9] = p->proto;
	memcpy(b + 12, p->src.b, 4);
	memcpy(b + 16, p->dst.b, 4);
	ip4_checksum(b);
	return 20;
}

static size_t rebuild_l4(uint8_t *b, const struct obs_pkt *p, size_t ip)
{
	memset(b, 0, 20);
	switch (p->proto) {
	case P_ICMP:
	case P_ICMP6:
		b[0] = p->icmp_type;
		b[1] = p->icmp_code;
		wr16(b + 4, p->sport);
		wr16(b + 6, p->dport);
		return 8;
	case P_UDP:
		wr16(b, p->sport);
		wr16(b + 2, p->dport);
		wr16(b + 4, p->ip_len > ip ? (uint32_t)(p->ip_len - ip) : 8);
		return 8;
	case P_TCP:
		wr16(b, p->sport);
		wr16(b + 2, p->dport);
		wr16(b + 4, p->seq >> 16);
		wr16(b + 6, p->seq);
		b[12] = 0x50;
		b[13] = p->tcp_flags;
		return 20;
	}
	return 0;
}

size_t cap_rebuild(uint8_t *out, const struct obs_pkt *p)
{
	size_t n;

	if (!p->src.family || p->src.family != p->dst.family)
		return 0;
	n = rebuild_ip(out, p);
	if (!(p->flags & EV_F_FRAG_LATER))
		n += rebuild_l4(out + n, p, n);
	return n;
}
