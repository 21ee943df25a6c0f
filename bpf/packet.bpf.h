/* SPDX-License-Identifier: GPL-2.0-only */
/* struct ev_packet, as the TC programs and the drop tracepoint send it. */
#ifndef CALITRACE_PACKET_H
#define CALITRACE_PACKET_H

struct packet_small {
	struct ev_packet e;
	struct ev_addrs4 a;
};

struct packet_large {
	struct ev_packet e;
	struct ev_addrs4 a;
	__u8 snap[EV_SNAP_LEN];
};

/* What is known before there is room in the ring */
struct packet_head {
	__u16 kind;
	__u8 hook;
	__u32 netns, ifindex, iif, flags, lost;
	const struct sk_buff *skb;
	__u32 reason;
	__u64 location;
	__u64 ts_ns; /* 0: the clock was not asked yet */
};

static __always_inline void packet_fill(struct ev_packet *e, struct ev_addrs4 *a,
					const struct packet_head *h, const struct pkt *p)
{
	__builtin_memset(e, 0, sizeof(*e));
	__builtin_memset(a, 0, sizeof(*a));
	e->hook = h->hook;
	e->encap = p->encap;
	e->proto = p->proto;
	e->ttl = p->ttl;
	e->icmp_type = p->icmp_type;
	e->icmp_code = p->icmp_code;
	e->tcp_flags = p->tcp_flags;
	e->sport = p->sport;
	e->dport = p->dport;
	e->ip_id = p->ip_id;
	e->dns_id = p->dns_id;
	e->dns_flags = p->dns_flags;
	e->ip_len = p->ip_len;
	e->seq = p->seq;
	e->flags = h->flags | p->flags;
	e->iif = h->iif;
	e->reason = h->reason;
	e->location = h->location;
	a->src = p->src;
	a->dst = p->dst;
	a->osrc = p->osrc;
	a->odst = p->odst;
	/*
	 * Nothing is attached yet on the way in, and to what left in a tunnel the tunnel's. The
	 * record is read back, as for p->encap the verifier walks through all before it twice.
	 */
	if (h->hook == EV_HOOK_TC_EGRESS ? !*(volatile __u8 *)&e->encap :
					   h->hook != EV_HOOK_TC_INGRESS)
		facts(e, a, h->skb, h->hook == EV_HOOK_TC_EGRESS ? h->ifindex : 0);
}

static __always_inline void packet_snap(struct packet_large *l, const struct reader *r,
					const struct pkt *p)
{
	__u32 n = p->ip_len;

	/* as much as there is; the length that the packet claims may be more */
	if (!r->tc && n > r->end - p->l3)
		n = r->end - p->l3;
	if (n > EV_SNAP_LEN)
		n = EV_SNAP_LEN;
	if (n < 28)
		return;
	/* the compiler must not forget the bounds that the verifier wants to see */
	asm volatile("" : "+r"(n));
	if (n > EV_SNAP_LEN || n < 28 || read_bytes(r, p->l3, l->snap, n))
		return;
	l->e.snap_len = n;
	l->e.flags |= EV_F_SNAP;
}

/*
 * Did this packet's last record have its bytes? Of one packet that goes through the node they are
 * the same at each device, and its passes follow each other on one CPU, as a rule.
 */
static __always_inline bool snap_is_known(const struct packet_head *h, const struct pkt *p)
{
	__u32 zero = 0, dns = p->dns_id | (__u32)p->dns_flags << 16, id = p->ip_id ^ p->seq;
	struct cur_ring *c = bpf_map_lookup_elem(&calitrace_cur, &zero);
	__u64 jiffy = bpf_jiffies64();

	if (!c)
		return false;
	if (c->snap_skb == (__u64)h->skb && c->snap_dns == dns && c->snap_id == id &&
	    jiffy - c->snap_jiffy <= 1)
		return true;
	c->snap_skb = (__u64)h->skb;
	c->snap_dns = dns;
	c->snap_id = id;
	c->snap_jiffy = jiffy;
	return false;
}

/* Names and quotes are read by user space. */
static __always_inline bool wants_snap(const struct packet_head *h, const struct pkt *p)
{
	if (icmp_is_error(p))
		return true;
	if (p->app != EV_APP_DNS || p->flags & EV_F_FRAG_LATER)
		return false;
	return cfg.snap_all || h->kind != EV_PATH || !snap_is_known(h, p);
}

/* The clock costs as much as all the rest of a record that finds no room. */
static __always_inline __u64 head_time(const struct packet_head *h)
{
	return h->ts_ns ? h->ts_ns : bpf_ktime_get_ns();
}

static __always_inline void packet_emit(const struct packet_head *h, const struct pkt *p,
					const struct reader *r)
{
	if (wants_snap(h, p)) {
		struct packet_large *l = emit_reserve(sizeof(*l), h->lost);

		if (!l)
			return;
		packet_fill(&l->e, &l->a, h, p);
		packet_snap(l, r, p);
		emit_header_at(&l->e.hdr, h->kind, sizeof(*l), (__u64)h->skb, h->netns, h->ifindex,
			       head_time(h));
		emit_submit(l);
	} else {
		struct packet_small *s = emit_reserve(sizeof(*s), h->lost);

		if (!s)
			return;
		packet_fill(&s->e, &s->a, h, p);
		emit_header_at(&s->e.hdr, h->kind, sizeof(*s), (__u64)h->skb, h->netns, h->ifindex,
			       head_time(h));
		emit_submit(s);
	}
}

#endif
