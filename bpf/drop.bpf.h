/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kfree_skb: every packet that the kernel throws away, with the reason and the place.
 * The tracepoint sees the whole machine, so the namespace is tested first. Its third
 * argument came with kernel 5.17 (c504e5c2f964): two programs, one of which is loaded.
 */
#ifndef CALITRACE_DROP_H
#define CALITRACE_DROP_H

#define PACKET_OTHERHOST_ 3 /* linux/if_packet.h */

/* *host: the host side of the pod's device; indexes of a pod's namespace mean nothing on the node. */
static __always_inline __u32 netns_flag(__u32 inum, __u32 *host)
{
	const __u32 *ifindex;

	if (!inum)
		return 0;
	if (inum == cfg.netns)
		return EV_F_NODE_NETNS;
	ifindex = bpf_map_lookup_elem(&calitrace_podns, &inum);
	if (!ifindex)
		return 0;
	*host = *ifindex;
	return EV_F_POD_NETNS;
}

/*
 * Whose packet is it? By device, else by route, else by socket: the device is NULL in
 * LOCAL_OUT, and behind UDP's receive queue its place holds something else
 * (sk_buff.dev_scratch), which a BTF load survives.
 */
static __always_inline bool drop_netns(const struct sk_buff *skb, struct packet_head *h)
{
	const struct net_device *dev = skb->dev;
	__u32 inum = dev ? dev->nd_net.net->ns.inum : 0;
	const struct rtable *rt;
	__u32 flag = netns_flag(inum, &h->ifindex);

	if (flag) {
		if (flag == EV_F_NODE_NETNS)
			h->ifindex = dev->ifindex;
		goto found;
	}
	rt = skb_rtable(skb);
	if (rt) {
		inum = BPF_CORE_READ(rt, dst.dev, nd_net.net, ns.inum);
		flag = netns_flag(inum, &h->ifindex);
		if (flag)
			goto found_no_dev;
	}
	inum = BPF_CORE_READ(skb, sk, __sk_common.skc_net.net, ns.inum);
	flag = netns_flag(inum, &h->ifindex);
	if (!flag)
		return false;
found_no_dev:
	flag |= EV_F_NO_DEV;
found:
	h->netns = inum;
	h->flags = flag;
	return true;
}

/*
 * Where the IPv4 header stands, false: there is none. A VLAN tag that was written into the packet
 * makes skb->protocol the tag's: on the way out the network header still points behind it, on the
 * way in (generic XDP) to the tag itself.
 */
static __always_inline bool drop_reader(const struct sk_buff *skb, struct reader *r)
{
	__u32 off = skb->network_header, end = skb->tail;
	__be16 proto = skb->protocol, type;

	if (proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD)) {
		if (bpf_probe_read_kernel(&type, sizeof(type), skb->head + off - 2))
			return false;
		proto = type;
		if (type == skb->protocol) {
			if (bpf_probe_read_kernel(&proto, sizeof(proto), skb->head + off + 2))
				return false;
			off += 4;
		}
	}
	if (proto != bpf_htons(ETH_P_IP) || off > end)
		return false;
	r->base = skb->head + off;
	r->end = end - off;
	return true;
}

/* An aggregate is not one packet: what hangs on it are several requests or answers. */
static __always_inline __u32 drop_gso(const struct sk_buff *skb)
{
	const struct skb_shared_info *info = (const void *)(skb->head + skb->end);

	return BPF_CORE_READ(info, gso_segs) > 1 ? EV_F_GSO : 0;
}

/* Up to NOT_SPECIFIED, which is 2 at most, the kernel has not said why: the route may. */
static __always_inline void drop_withhold(const struct sk_buff *skb, const struct pkt *p,
					  __u32 reason)
{
	struct ev_held key = {
		.kind = EV_LOST_DROP,
		.reason = reason,
		.block = held_block(p->src, p->dst),
	};
	const struct rtable *rt = reason <= 2 ? skb_rtable(skb) : NULL;
	int err;

	if (rt) {
		err = BPF_CORE_READ(rt, dst.error);
		key.dst_error = err < 0 ? -err : err;
		key.dst_type = BPF_CORE_READ(rt, rt_type);
	}
	held_count(&key);
}

#define ICMP_ECHO_REPLY 0

/*
 * As quick_miss(), on a copy: of what is encapsulated nothing is certain here. An echo reply that finds
 * "no socket" was read by a raw one, as ping has it: that is what becomes of each, and no loss.
 */
static __always_inline bool drop_quick_miss(const struct reader *r, __u32 reason)
{
	__u8 head[QUICK_BYTES + 6] __attribute__((aligned(8)));
	const struct wire_ip4 *ip = (const void *)head;
	const struct wire_l4 *l4 = (const void *)(head + sizeof(*ip));

	if (r->end < QUICK_BYTES || bpf_probe_read_kernel(head, QUICK_BYTES, r->base))
		return false;
	if (ip->frag & bpf_htons(IP_OFFMASK) || ip->proto == P_IPIP ||
	    (ip->proto == P_UDP && cfg.vxlan_port && l4->b == cfg.vxlan_port))
		return false;
	if (ip->vihl == PLAIN_IP4 && ip->proto == P_ICMP && reason && reason == cfg.no_socket &&
	    head[sizeof(*ip)] == ICMP_ECHO_REPLY)
		return true;
	return quick_inner(head);
}

static __always_inline int on_drop(const struct sk_buff *skb, __u64 location, __u32 reason)
{
	struct packet_head h = {
		.kind = EV_DROP,
		.lost = EV_LOST_DROP,
		.iif = skb->skb_iif,
		.skb = skb,
		.reason = reason,
		.location = location,
	};
	struct reader r = {};
	struct pkt p = {};

	if (!drop_reader(skb, &r) || drop_quick_miss(&r, reason) || !alive() ||
	    !drop_netns(skb, &h))
		return 0;
	if (parse(&r, &p, skb) || !p.app)
		return 0;
	if (!storm_admits(EV_LOST_DROP, exchange_mark(&p))) {
		drop_withhold(skb, &p, reason);
		return 0;
	}
	h.flags |= drop_gso(skb);
	/* a frame for somebody else, which a switch or promiscuous mode let in; 5.10 does not say so */
	if (BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type) == PACKET_OTHERHOST_)
		h.flags |= EV_F_OTHERHOST;
	packet_emit(&h, &p, &r);
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(calitrace_drop3, struct sk_buff *skb, void *location, int reason)
{
	return on_drop(skb, (__u64)location, reason);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(calitrace_drop2, struct sk_buff *skb, void *location)
{
	return on_drop(skb, (__u64)location, 0);
}

#endif
