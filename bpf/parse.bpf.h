/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers of a packet, outside in: IPv4, IPIP or VXLAN, inner IPv4, then as much
 * of ICMP, UDP, TCP and DNS as tells one exchange from another. Reads through a
 * struct reader, so that TC programs and tracepoints share it.
 */
#ifndef CALITRACE_PARSE_H
#define CALITRACE_PARSE_H

#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define P_ICMP 1
#define P_IPIP 4
#define P_TCP 6
#define P_UDP 17
#define IP_OFFMASK 0x1fff
#define IP_MF 0x2000
#define IP_DF 0x4000
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04

/* Own definitions: those of vmlinux.h carry CO-RE relocations, useless on wire formats. */
struct wire_ip4 {
	__u8 vihl, tos;
	__be16 len, id, frag;
	__u8 ttl, proto;
	__be16 csum;
	__be32 src, dst;
};

struct wire_l4 { /* the first 8 bytes of ICMP, UDP, TCP */
	__be16 a, b, c, d;
};

struct wire_arp {
	__be16 htype, ptype;
	__u8 hlen, plen;
	__be16 op;
	__u8 sha[6], sip[4], tha[6], tip[4];
};

struct pkt {
	__be32 src, dst, osrc, odst;
	__be16 sport, dport, ip_id, dns_id, dns_flags;
	__u16 ip_len;
	__u32 seq;
	__u32 l3;  /* offset of the innermost IP header */
	__u32 app; /* EV_APP_*, 0: none of ours */
	__u8 proto, ttl, icmp_type, icmp_code, tcp_flags, encap;
	__u16 pad;
	__u32 flags; /* EV_F_* of the innermost IP header */
};

struct reader {
	struct __sk_buff *tc; /* or */
	const void *base;     /* network header in kernel memory */
};

/* From a paged part: the relative helper reads linear data only. */
static __always_inline int read_paged(struct __sk_buff *tc, __u32 off, void *to, __u32 len)
{
	const struct sk_buff *skb = (const void *)tc;
	const unsigned char *head = BPF_CORE_READ(skb, head), *data = BPF_CORE_READ(skb, data);

	off += head + BPF_CORE_READ(skb, network_header) - data;
	return bpf_skb_load_bytes(tc, off, to, len);
}

static __always_inline int read_bytes(const struct reader *r, __u32 off, void *to, __u32 len)
{
	if (!r->tc)
		return bpf_probe_read_kernel(to, len, r->base + off);
	if (!bpf_skb_load_bytes_relative(r->tc, off, to, len, BPF_HDR_START_NET))
		return 0;
	return read_paged(r->tc, off, to, len);
}

static __always_inline bool is_dns_port(__be16 port)
{
	/* unset entries are 0, and no DNS packet has port 0 */
	return port && (port == cfg.dns_port[0] || port == cfg.dns_port[1] ||
			port == cfg.dns_port[2] || port == cfg.dns_port[3]);
}

static __always_inline int read_ip(const struct reader *r, __u32 off, struct wire_ip4 *ip)
{
	if (read_bytes(r, off, ip, sizeof(*ip)))
		return -1;
	return (ip->vihl >> 4) == 4 && (ip->vihl & 0xf) >= 5 ? 0 : -1;
}

static __always_inline __u32 frag_flags(__be16 frag)
{
	return (frag & bpf_htons(IP_DF) ? EV_F_DF : 0) | (frag & bpf_htons(IP_MF) ? EV_F_FRAG : 0);
}

static __always_inline void parse_dns_head(const struct reader *r, __u32 off, struct pkt *p)
{
	__be16 head[2] = {};

	if (read_bytes(r, off, head, sizeof(head)))
		return;
	p->dns_id = head[0];
	p->dns_flags = head[1];
}

/*
 * A message over TCP starts with its length (RFC 1035 4.2.2). A stream may be cut anywhere: only a
 * segment whose length fits is taken for the start of a message.
 */
static __always_inline void parse_dns_tcp(const struct reader *r, __u32 off, struct pkt *p,
					  __u32 len)
{
	__be16 msg_len;

	if (len < 14 || read_bytes(r, off, &msg_len, sizeof(msg_len)))
		return;
	if (bpf_ntohs(msg_len) + 2U >= len)
		parse_dns_head(r, off + 2, p);
}

static __always_inline void parse_tcp(const struct reader *r, __u32 off, struct pkt *p, __u32 len)
{
	__u8 doff_flags[2];
	__be32 seq;
	__u32 hlen;

	if (read_bytes(r, off + 12, doff_flags, sizeof(doff_flags)) ||
	    read_bytes(r, off + 4, &seq, sizeof(seq)))
		return;
	p->seq = bpf_ntohl(seq);
	p->tcp_flags = doff_flags[1];
	hlen = (doff_flags[0] >> 4) * 4;
	if (is_dns_port(p->sport) || is_dns_port(p->dport)) {
		if (len > hlen) {
			parse_dns_tcp(r, off + hlen, p, len - hlen);
			p->app = EV_APP_DNS;
		} else if (p->tcp_flags & (TCP_SYN | TCP_RST)) {
			p->app = EV_APP_DNS;
		}
	} else if (p->tcp_flags & (TCP_SYN | TCP_RST)) {
		p->app = EV_APP_TCP;
	}
}

static __always_inline void parse_l4(const struct reader *r, __u32 off, struct pkt *p, __u32 len)
{
	struct wire_l4 l4;

	if (p->proto != P_ICMP && p->proto != P_UDP && p->proto != P_TCP)
		return;
	if (read_bytes(r, off, &l4, sizeof(l4)))
		return;
	if (p->proto == P_ICMP) {
		__u16 type_code = bpf_ntohs(l4.a);

		p->icmp_type = type_code >> 8;
		p->icmp_code = type_code & 0xff;
		p->sport = l4.c;
		p->dport = l4.d;
		p->app = EV_APP_ICMP;
		return;
	}
	p->sport = l4.a;
	p->dport = l4.b;
	if (p->proto == P_TCP) {
		parse_tcp(r, off, p, len);
	} else if (is_dns_port(l4.a) || is_dns_port(l4.b)) {
		p->app = EV_APP_DNS;
		if (len >= 8 + 12)
			parse_dns_head(r, off + 8, p);
	}
}

/* Offset of an inner IP header behind VXLAN, 0: it is none */
static __always_inline __u32 vxlan_inner(const struct reader *r, __u32 off)
{
	struct wire_l4 udp;
	__be16 ethertype;

	if (!cfg.vxlan_port || read_bytes(r, off, &udp, sizeof(udp)) || udp.b != cfg.vxlan_port)
		return 0;
	if (read_bytes(r, off + 8 + 8 + 12, &ethertype, sizeof(ethertype)) ||
	    ethertype != bpf_htons(ETH_P_IP))
		return 0;
	return off + 8 + 8 + 14;
}

/* 0: p is filled, p->app tells whether it concerns us. Later fragments have no ports: not ours. */
static __always_inline int parse(const struct reader *r, struct pkt *p)
{
	struct wire_ip4 ip;
	__u32 ihl, inner = 0;

	if (read_ip(r, 0, &ip))
		return -1;
	ihl = (ip.vihl & 0xf) * 4;
	if (!(ip.frag & bpf_htons(IP_OFFMASK))) {
		if (ip.proto == P_IPIP) {
			inner = ihl;
			p->encap = EV_ENCAP_IPIP;
		} else if (ip.proto == P_UDP) {
			inner = vxlan_inner(r, ihl);
			p->encap = inner ? EV_ENCAP_VXLAN : EV_ENCAP_NONE;
		}
	}
	if (inner) {
		p->osrc = ip.src;
		p->odst = ip.dst;
		if (read_ip(r, inner, &ip))
			return -1;
		ihl = (ip.vihl & 0xf) * 4;
	}
	if (ip.frag & bpf_htons(IP_OFFMASK))
		return 0;
	p->l3 = inner;
	p->src = ip.src;
	p->dst = ip.dst;
	p->ip_id = ip.id;
	p->ip_len = bpf_ntohs(ip.len);
	p->ttl = ip.ttl;
	p->proto = ip.proto;
	p->flags = frag_flags(ip.frag);
	parse_l4(r, inner + ihl, p, p->ip_len > ihl ? p->ip_len - ihl : 0);
	p->app &= cfg.apps;
	return 0;
}

static __always_inline bool in_pool(__be32 addr)
{
	struct ev_pool4 key = { .prefixlen = 32, .addr = addr };

	return bpf_map_lookup_elem(&calitrace_pools, &key) != NULL;
}

#endif
