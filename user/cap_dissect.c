// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of packets that others captured. Each length is checked before the field; what is cut off
 * is zero. What is looked at is what the kernel side looks at (bpf/parse.bpf.h).
 */
#include <linux/types.h>

#include "../bpf/events.h"
#include "addr.h"
#include "cap_reader.h"

#define TYPE_IP4 0x0800
#define TYPE_IP6 0x86dd
#define P_ICMP 1
#define P_IPIP 4
#define P_TCP 6
#define P_UDP 17
#define P_ICMP6 58
#define IP4_HLEN 20u
#define IP6_HLEN 40u
#define PORT_DNS 53
#define PORT_VXLAN 4789
#define SLL_OUTGOING 4
#define MAX_TAGS 4
#define MAX_EXTENSIONS 8

/* What is left of a packet */
struct rest {
	const uint8_t *p;
	size_t len;
};

static bool advance(struct rest *r, size_t n)
{
	if (r->len < n)
		return false;
	r->p += n;
	r->len -= n;
	return true;
}

/* ---- below IP ---- */

static uint16_t type_by_nibble(const struct rest *r)
{
	switch (r->len ? r->p[0] >> 4 : 0) {
	case 4:
		return TYPE_IP4;
	case 6:
		return TYPE_IP6;
	}
	return 0;
}

/* What an Ethernet header leads to; 0: it is cut */
static uint16_t skip_ethernet(struct rest *r)
{
	uint16_t type;

	if (!advance(r, 14))
		return 0;
	type = be16(r->p - 2);
	for (int i = 0; i < MAX_TAGS && (type == 0x8100 || type == 0x88a8 || type == 0x9100); i++) {
		if (!advance(r, 4))
			return 0;
		type = be16(r->p - 2);
	}
	return type;
}

static uint16_t skip_ppp(struct rest *r)
{
	if (r->len >= 2 && r->p[0] == 0xff && r->p[1] == 0x03)
		advance(r, 2);
	if (!advance(r, 2))
		return 0;
	return be16(r->p - 2) == 0x0021 ? TYPE_IP4 : be16(r->p - 2) == 0x0057 ? TYPE_IP6 : 0;
}

/* The type of what follows the link's header, 0: no IP */
static uint16_t skip_link(uint16_t link, struct rest *r, bool *outgoing)
{
	switch (link) {
	case LINK_ETHERNET:
		return skip_ethernet(r);
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_IPV4:
	case LINK_IPV6:
		return type_by_nibble(r);
	case LINK_NULL:
	case LINK_LOOP:
		return advance(r, 4) ? type_by_nibble(r) : 0;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		return skip_ppp(r);
	case LINK_SLL:
		if (!advance(r, 16))
			return 0;
		*outgoing = be16(r->p - 16) == SLL_OUTGOING;
		return be16(r->p - 2);
	case LINK_SLL2:
		if (!advance(r, 20))
			return 0;
		*outgoing = r->p[-10] == SLL_OUTGOING;
		return be16(r->p - 20);
	}
	return 0;
}

/* ---- IP ---- */

struct ip {
	struct addr src, dst;
	uint8_t proto, ttl;
	uint16_t id, len, hlen;
	uint32_t flags; /* EV_F_* */
};

static bool parse_ip4(const struct rest *r, struct ip *ip)
{
	const uint8_t *b = r->p;
	uint16_t frag;

	if (r->len < IP4_HLEN || b[0] >> 4 != 4 || (b[0] & 15) < 5)
		return false;
	frag = be16(b + 6);
	*ip = (struct ip){
		.hlen = (b[0] & 15) * 4,
		.len = be16(b + 2),
		.id = be16(b + 4),
		.ttl = b[8],
		.proto = b[9],
		.flags = (frag & 0x4000 ? EV_F_DF : 0) | (frag & 0x2000 ? EV_F_FRAG : 0) |
			 (frag & 0x1fff ? EV_F_FRAG_LATER : 0),
	};
	ip->src.family = ip->dst.family = 4;
	memcpy(ip->src.b, b + 12, 4);
	memcpy(ip->dst.b, b + 16, 4);
	return true;
}

static bool is_extension(uint8_t proto)
{
	return proto == 0 || proto == 43 || proto == 44 || proto == 60;
}

static void skip_extensions(const struct rest *r, struct ip *ip)
{
	for (int i = 0; i < MAX_EXTENSIONS && is_extension(ip->proto); i++) {
		const uint8_t *b = r->p + ip->hlen;

		if (r->len < ip->hlen + 8u)
			return;
		if (ip->proto == 44) {
			ip->id = be16(b + 6);
			ip->flags |= (b[3] & 1 ? EV_F_FRAG : 0) |
				     (be16(b + 2) & 0xfff8 ? EV_F_FRAG_LATER : 0);
			ip->hlen += 8;
		} else {
			ip->hlen += 8 + b[1] * 8;
		}
		ip->proto = b[0];
		if (ip->flags & EV_F_FRAG_LATER)
			return;
	}
}

static bool parse_ip6(const struct rest *r, struct ip *ip)
{
	const uint8_t *b = r->p;
	uint32_t len;

	if (r->len < IP6_HLEN || b[0] >> 4 != 6)
		return false;
	len = be16(b + 4) + IP6_HLEN;
	*ip = (struct ip){
		.hlen = IP6_HLEN,
		.len = (uint16_t)(len > UINT16_MAX ? UINT16_MAX : len),
		.proto = b[6],
		.ttl = b[7],
		.flags = EV_F_DF,
	};
	ip->src.family = ip->dst.family = 6;
	memcpy(ip->src.b, b + 8, 16);
	memcpy(ip->dst.b, b + 24, 16);
	skip_extensions(r, ip);
	return true;
}

static bool parse_ip(const struct rest *r, uint16_t type, struct ip *ip)
{
	return type == TYPE_IP4 ? parse_ip4(r, ip) : type == TYPE_IP6 && parse_ip6(r, ip);
}

/* The packet that this one carries: r and type are moved on to it. */
static enum encap_kind carried(struct rest *r, const struct ip *ip, uint16_t *type)
{
	struct rest in = *r;

	if (ip->flags & EV_F_FRAG_LATER || !advance(&in, ip->hlen))
		return ENCAP_NONE;
	if (ip->proto == P_IPIP) {
		*r = in;
		*type = TYPE_IP4;
		return ENCAP_IPIP;
	}
	if (ip->proto != P_UDP || in.len < 8 || be16(in.p + 2) != PORT_VXLAN || !advance(&in, 16))
		return ENCAP_NONE;
	*type = skip_ethernet(&in);
	if (*type != TYPE_IP4 && *type != TYPE_IP6)
		return ENCAP_NONE;
	*r = in;
	return ENCAP_VXLAN;
}

/* ---- above IP ---- */

static void parse_dns(struct rest r, struct obs_pkt *p)
{
	if (r.len < 4)
		return;
	p->dns_id = be16(r.p);
	p->dns_flags = be16(r.p + 2);
}

static void parse_tcp(struct rest r, struct obs_pkt *p, size_t len)
{
	size_t hlen;

	if (r.len < 14)
		return;
	p->seq = be32(r.p + 4);
	p->tcp_flags = r.p[13];
	hlen = (r.p[12] >> 4) * 4u;
	/* a message starts with its length; only where that fits a segment starts one */
	if ((p->sport != PORT_DNS && p->dport != PORT_DNS) || len < hlen + 14 ||
	    !advance(&r, hlen) || r.len < 2 || be16(r.p) + 2u < len - hlen)
		return;
	advance(&r, 2);
	parse_dns(r, p);
}

/* r: what follows the IP header; len: how much that is according to it */
static void parse_l4(struct rest r, struct obs_pkt *p, size_t len)
{
	if (r.len < 8)
		return;
	if (p->proto == P_ICMP || p->proto == P_ICMP6) {
		p->icmp_type = r.p[0];
		p->icmp_code = r.p[1];
		p->sport = be16(r.p + 4);
		p->dport = be16(r.p + 6);
		return;
	}
	if (p->proto != P_TCP && p->proto != P_UDP)
		return;
	p->sport = be16(r.p);
	p->dport = be16(r.p + 2);
	if (p->proto == P_TCP) {
		parse_tcp(r, p, len);
	} else if ((p->sport == PORT_DNS || p->dport == PORT_DNS) && len >= 8 + 12) {
		advance(&r, 8);
		parse_dns(r, p);
	}
}

static void fill(struct obs_pkt *p, struct rest r, const struct ip *ip)
{
	size_t len = ip->len > ip->hlen ? ip->len - ip->hlen : 0;

	p->src = ip->src;
	p->dst = ip->dst;
	p->proto = ip->proto;
	p->ttl = ip->ttl;
	p->ip_id = ip->id;
	p->ip_len = ip->len;
	p->flags = ip->flags | EV_F_NODE_NETNS | EV_F_SNAP;
	/* Ethernet pads what is short */
	if (ip->len >= ip->hlen && r.len > ip->len)
		r.len = ip->len;
	p->snap_len = (uint16_t)(r.len < SNAP_LEN ? r.len : SNAP_LEN);
	memcpy(p->snap, r.p, p->snap_len);
	if (!(ip->flags & EV_F_FRAG_LATER) && advance(&r, ip->hlen))
		parse_l4(r, p, len);
}

bool cap_dissect(uint16_t link, const uint8_t *data, size_t len, struct obs *o)
{
	struct rest r = { data, len };
	struct obs_pkt *p = &o->pkt;
	bool outgoing = false;
	uint16_t type = skip_link(link, &r, &outgoing);
	struct ip ip;

	memset(p, 0, sizeof(*p));
	if (!parse_ip(&r, type, &ip))
		return false;
	p->encap = carried(&r, &ip, &type);
	if (p->encap) {
		p->osrc = ip.src;
		p->odst = ip.dst;
		if (!parse_ip(&r, type, &ip))
			return false;
	}
	p->hook = outgoing ? AT_TC_EGRESS : AT_TC_INGRESS;
	fill(p, r, &ip);
	return true;
}
