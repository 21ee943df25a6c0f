/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TC ingress and egress of the pods' devices, the tunnels and the uplinks. Observes
 * only: the one return value is TCX_NEXT, which clsact knows as TC_ACT_UNSPEC. One
 * program serves Ethernet and tunnel devices, since all offsets count from the
 * network header.
 */
#ifndef CALITRACE_PATH_H
#define CALITRACE_PATH_H

#define PATH_NEXT (-1)

static __always_inline void cur_remember(const struct __sk_buff *tc, __be32 src, __be32 dst,
					 __u32 arp, __u64 now)
{
	__u32 zero = 0;
	struct cur_ring *c = bpf_map_lookup_elem(&calitrace_cur, &zero);
	struct cur_slot *s;

	if (!c)
		return;
	s = &c->slot[c->next++ & (CUR_SLOTS - 1)];
	s->ts_ns = now;
	c->jiffy = bpf_jiffies64();
	s->skb = (__u64)tc;
	s->src = src;
	s->dst = dst;
	s->ifindex = tc->ifindex;
	s->arp = arp;
}

/* By its pointer, which NAT and encapsulation leave as it is */
static __always_inline void cur_forget(const struct __sk_buff *tc)
{
	__u32 zero = 0, i;
	struct cur_ring *c = bpf_map_lookup_elem(&calitrace_cur, &zero);

	if (!c)
		return;
	for (i = 0; i < CUR_SLOTS; i++) {
		if (c->slot[i].skb == (__u64)tc)
			c->slot[i].ts_ns = 0;
	}
}

/* A pod asks for its gateway: whether proxy ARP answers hangs on a FIB look-up that follows. */
static __always_inline void path_arp(struct __sk_buff *tc)
{
	struct reader r = { .tc = tc };
	struct wire_arp arp;
	__be32 sip, tip;

	if (read_bytes(&r, 0, &arp, sizeof(arp)) || arp.op != bpf_htons(1) || arp.plen != 4)
		return;
	__builtin_memcpy(&sip, arp.sip, 4);
	__builtin_memcpy(&tip, arp.tip, 4);
	if (in_pool(sip))
		cur_remember(tc, sip, tip, 1, bpf_ktime_get_ns());
}

static __always_inline void path_withhold(const struct pkt *p)
{
	struct ev_held key = { .kind = EV_LOST_PATH, .block = held_block(p->src, p->dst) };

	held_count(&key);
}

static __always_inline void path_look(struct __sk_buff *tc, __u8 hook)
{
	const struct sk_buff *skb = (const void *)tc;
	struct reader r = { .tc = tc };
	struct pkt p = {};
	struct packet_head h = {
		.kind = EV_PATH,
		.hook = hook,
		.netns = cfg.netns,
		.ifindex = tc->ifindex,
		.iif = tc->ingress_ifindex,
		.flags = EV_F_NODE_NETNS | (tc->gso_segs > 1 ? EV_F_GSO : 0),
		.lost = EV_LOST_PATH,
		.skb = skb,
	};

	if (parse(&r, &p, hook == EV_HOOK_TC_EGRESS ? skb : NULL)) {
		count(EV_LOST_PARSE);
		return;
	}
	/* what a later fragment meets here, its first one has met as well */
	if (!p.app || p.flags & EV_F_FRAG_LATER)
		return;
	if (!storm_admits(EV_LOST_PATH, exchange_mark(&p))) {
		path_withhold(&p);
		return;
	}
	if (hook == EV_HOOK_TC_INGRESS) {
		h.ts_ns = bpf_ktime_get_ns();
		cur_remember(tc, p.src, p.dst, 0, h.ts_ns);
	} else {
		cur_forget(tc);
	}
	packet_emit(&h, &p, &r);
}

/* Without a sign of life only what may be ours is counted: looking costs less than counting. */
static __always_inline void path_ip(struct __sk_buff *tc, __u8 hook)
{
	if (quick_miss(tc))
		return;
	if (alive())
		path_look(tc, hook);
	else
		count(EV_INERT);
}

SEC("tc")
int calitrace_in(struct __sk_buff *tc)
{
	if (tc->protocol == bpf_htons(ETH_P_IP))
		path_ip(tc, EV_HOOK_TC_INGRESS);
	else if (tc->protocol == bpf_htons(ETH_P_ARP) && alive())
		path_arp(tc);
	return PATH_NEXT;
}

SEC("tc")
int calitrace_eg(struct __sk_buff *tc)
{
	if (tc->protocol == bpf_htons(ETH_P_IP))
		path_ip(tc, EV_HOOK_TC_EGRESS);
	return PATH_NEXT;
}

#endif
