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
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
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
	__u32 l3;    /* offset of the innermost IP header */
	__u32 l4;    /* and of what follows it */
	__u32 app;   /* EV_APP_*, 0: none of ours */
	__u32 flags; /* EV_F_* of the innermost IP header */
	__u8 proto, ttl, icmp_type, icmp_code, tcp_flags, encap;
	__u16 pad;
};

struct reader {
	struct __sk_buff *tc; /* or */
	const void *base;     /* network header in kernel memory, and */
	__u32 end;	      /* how much of it is there: what follows is some older packet's */
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
		return off + len > r->end ? -1 : bpf_probe_read_kernel(to, len, r->base + off);
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

/* An IPv4 header and, of the protocols that we know, the 8 bytes behind it */
struct layer {
	struct wire_ip4 ip;
	struct wire_l4 l4;
	__u32 l4_off;
	bool have_l4; /* l4 is set: not in later fragments, and not where a quote ends */
};

static __always_inline bool is_later_fragment(const struct wire_ip4 *ip)
{
	return ip->frag & bpf_htons(IP_OFFMASK);
}

static __always_inline bool is_known_proto(__u8 proto)
{
	return proto == P_ICMP || proto == P_UDP || proto == P_TCP;
}

/* The header's checksum is not looked at: a wrong one is what a packet may be dropped for. */
static __always_inline int read_layer(const struct reader *r, __u32 off, struct layer *l)
{
	if (read_bytes(r, off, &l->ip, sizeof(l->ip)) || l->ip.vihl >> 4 != 4 ||
	    (l->ip.vihl & 0xf) < 5)
		return -1;
	l->l4_off = off + (l->ip.vihl & 0xf) * 4;
	l->have_l4 = !is_later_fragment(&l->ip) && is_known_proto(l->ip.proto) &&
		     !read_bytes(r, l->l4_off, &l->l4, sizeof(l->l4));
	return 0;
}

static __always_inline bool is_vxlan(const struct layer *l)
{
	return l->ip.proto == P_UDP && l->have_l4 && cfg.vxlan_port && l->l4.b == cfg.vxlan_port;
}

/* Offset of the IP header that this packet carries, 0: none. Sets *encap if there is one. */
static __always_inline __u32 carried_ip(const struct reader *r, const struct layer *l, __u8 *encap)
{
	__be16 ethertype;

	if (l->ip.proto == P_IPIP && !is_later_fragment(&l->ip)) {
		*encap = EV_ENCAP_IPIP;
		return l->l4_off;
	}
	if (!is_vxlan(l) || read_bytes(r, l->l4_off + 8 + 8 + 12, &ethertype, sizeof(ethertype)) ||
	    ethertype != bpf_htons(ETH_P_IP))
		return 0;
	*encap = EV_ENCAP_VXLAN;
	return l->l4_off + 8 + 8 + 14;
}

static __always_inline __u32 frag_flags(__be16 frag)
{
	return (frag & bpf_htons(IP_DF) ? EV_F_DF : 0) | (frag & bpf_htons(IP_MF) ? EV_F_FRAG : 0) |
	       (frag & bpf_htons(IP_OFFMASK) ? EV_F_FRAG_LATER : 0);
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

static __always_inline void parse_udp(const struct reader *r, struct pkt *p, __u32 len)
{
	if (is_dns_port(p->sport) || is_dns_port(p->dport)) {
		p->app = EV_APP_DNS;
		if (len >= 8 + 12)
			parse_dns_head(r, p->l4 + 8, p);
	} else {
		p->app = EV_APP_UDP;
	}
}

/* len: of what the innermost IP header says follows it */
static __always_inline void parse_l4(const struct reader *r, const struct layer *l, struct pkt *p,
				     __u32 len)
{
	if (p->proto == P_ICMP) {
		__u16 type_code = bpf_ntohs(l->l4.a);

		p->icmp_type = type_code >> 8;
		p->icmp_code = type_code & 0xff;
		p->sport = l->l4.c;
		p->dport = l->l4.d;
		p->app = EV_APP_ICMP;
		return;
	}
	p->sport = l->l4.a;
	p->dport = l->l4.b;
	if (p->proto == P_TCP)
		parse_tcp(r, p->l4, p, len);
	else
		parse_udp(r, p, len);
}

/* Which apps a later fragment may belong to: the first one alone has the ports. */
static __always_inline __u32 fragment_apps(__u8 proto)
{
	switch (proto) {
	case P_ICMP:
		return EV_APP_ICMP;
	case P_UDP:
		return EV_APP_DNS | EV_APP_UDP;
	case P_TCP:
		return EV_APP_DNS | EV_APP_TCP;
	}
	return 0;
}

static __always_inline void parse_ip(const struct reader *r, const struct layer *l, struct pkt *p)
{
	__u32 hlen = (l->ip.vihl & 0xf) * 4;

	p->l4 = l->l4_off;
	p->src = l->ip.src;
	p->dst = l->ip.dst;
	p->ip_id = l->ip.id;
	p->ip_len = bpf_ntohs(l->ip.len);
	p->ttl = l->ip.ttl;
	p->proto = l->ip.proto;
	p->flags = frag_flags(l->ip.frag);
	if (p->flags & EV_F_FRAG_LATER)
		p->app = fragment_apps(p->proto);
	else if (l->have_l4)
		parse_l4(r, l, p, p->ip_len > hlen ? p->ip_len - hlen : 0);
}

static __always_inline bool icmp_is_error(const struct pkt *p)
{
	return p->proto == P_ICMP && !(p->flags & EV_F_FRAG_LATER) &&
	       (p->icmp_type == 3 || p->icmp_type == 11 || p->icmp_type == 12);
}

/*
 * 1 unless x is 0, without a branch: three for each of sixteen slots were 100000 steps for the
 * verifier, 0.4 s of it. The barriers keep the compiler from making branches of it.
 */
static __always_inline __u64 differs(__u64 x)
{
	x |= -x;
	asm volatile("" : "+r"(x));
	x >>= 63;
	asm volatile("" : "+r"(x));
	return x;
}

/* Bit 32 is set if it is one of this pool's, see struct ev_life. */
static __always_inline __u64 pool_fits(__u32 i, __be32 addr)
{
	__u64 p = life.pool[i]; /* in one load, as user space stores it */
	__u64 x = (__u32)(addr & (__u32)(p >> 32)) ^ (__u32)p;

	/* no branch, see differs() */
	asm volatile("" : "+r"(x));
	return x + 1;
}

/*
 * Few have more pools than stand in .bss: the trie costs a multiple. Without branches for the
 * verifier's sake, but not a function of its own: before 6.5 (0108a4e9f358) a kernel without that
 * fix panics at the first fault of a tracing program that has one.
 */
static __always_inline bool in_pool(__be32 addr)
{
	struct ev_pool4 key = { .prefixlen = 32, .addr = addr };
	__u64 fits = 0;
	__u32 i;

	for (i = 0; i < EV_FAST_POOLS; i++)
		fits |= pool_fits(i, addr);
	if (fits >> 32)
		return true;
	if (!life.more_pools)
		return false;
	return bpf_map_lookup_elem(&calitrace_pools, &key) != NULL;
}

/*
 * Is the packet that an ICMP error quotes one of a pool's? A router's error goes to the node when
 * the packet was encapsulated: only the quote's inner header has the pods' addresses.
 */
static __always_inline bool quote_in_pool(const struct reader *r, const struct pkt *p)
{
	struct layer l;
	__u8 encap;
	__u32 off;

	if (!icmp_is_error(p) || read_layer(r, p->l4 + 8, &l))
		return false;
	if (in_pool(l.ip.dst) || in_pool(l.ip.src))
		return true;
	off = carried_ip(r, &l, &encap);
	return off && !read_layer(r, off, &l) && (in_pool(l.ip.dst) || in_pool(l.ip.src));
}

#define NFCT_PTRMASK 7UL /* include/linux/skbuff.h: the low bits are ctinfo */

/* Is the untranslated tuple one of a pool's? For masqueraded packets and replies to the node. */
static __always_inline bool ct_in_pool(const struct sk_buff *skb)
{
	const struct nf_conn *ct;

	if (!bpf_core_field_exists(skb->_nfct))
		return false;
	ct = (const void *)(BPF_CORE_READ(skb, _nfct) & ~NFCT_PTRMASK);
	if (!ct)
		return false;
	return in_pool(BPF_CORE_READ(ct, tuplehash[0].tuple.src.u3.ip)) ||
	       in_pool(BPF_CORE_READ(ct, tuplehash[1].tuple.src.u3.ip));
}

/* v, at this very place: left to itself the compiler does it later, in each of the forms. */
static __always_inline __u64 blur(__u64 v, __u64 zero)
{
	asm volatile("%0 |= %1" : "+r"(v) : "r"(zero));
	return v;
}

/*
 * A packet has more than a hundred forms, each of which the verifier would take through all that
 * follows, as in each it knows other members to be 0. It no longer does: of what 6.1 walks through a
 * third is left, for an instruction to each of these members of packets that are ours.
 */
static __always_inline void pkt_blur(struct pkt *p)
{
	__u64 zero = *(volatile __u64 *)&life.zero;

	p->osrc = blur(p->osrc, zero);
	p->odst = blur(p->odst, zero);
	p->sport = blur(p->sport, zero);
	p->dport = blur(p->dport, zero);
	p->dns_id = blur(p->dns_id, zero);
	p->dns_flags = blur(p->dns_flags, zero);
	p->seq = blur(p->seq, zero);
	p->l3 = blur(p->l3, zero);
	p->l4 = blur(p->l4, zero);
	p->app = blur(p->app, zero);
	p->flags = blur(p->flags, zero);
	p->proto = blur(p->proto, zero);
	p->icmp_type = blur(p->icmp_type, zero);
	p->icmp_code = blur(p->icmp_code, zero);
	p->tcp_flags = blur(p->tcp_flags, zero);
	p->encap = blur(p->encap, zero);
}

/*
 * 0: p is filled, p->app tells whether it concerns us, which it does only if it is one of a pool's. A
 * later fragment has no ports and no ICMP header, and has EV_F_FRAG_LATER set. ct: the conntrack
 * entry's addresses count as well, NULL: they do not.
 */
static __always_inline int parse(const struct reader *r, struct pkt *p, const struct sk_buff *ct)
{
	struct layer l;
	bool ours;

	if (read_layer(r, 0, &l))
		return -1;
	p->l3 = carried_ip(r, &l, &p->encap);
	if (p->l3) {
		p->osrc = l.ip.src;
		p->odst = l.ip.dst;
		if (read_layer(r, p->l3, &l))
			return -1;
	} else if (is_vxlan(&l)) {
		return 0; /* something else than IPv4 inside: the outer packet is nobody's UDP */
	}
	/* before the ports are read: afterwards there are more forms to do it for, see pkt_blur() */
	ours = in_pool(l.ip.dst) || in_pool(l.ip.src);
	if (!ours && !ct && l.ip.proto != P_ICMP)
		return 0;
	parse_ip(r, &l, p);
	/* an ICMP error belongs to what it quotes */
	if (!icmp_is_error(p))
		p->app &= cfg.apps;
	pkt_blur(p);
	if (!ours && p->app && !quote_in_pool(r, p) && !(ct && ct_in_pool(ct)))
		p->app = 0;
	return 0;
}

#endif
