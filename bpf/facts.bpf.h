/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hangs on an sk_buff besides its bytes: the routing decision made for it
 * (struct rtable) and its conntrack entry. Everything is read with probe reads, since
 * the pointers come out of tagged words.
 */
#ifndef CALITRACE_FACTS_H
#define CALITRACE_FACTS_H

#define AF_INET4 2
#define DST_METADATA_FLAG 0x0080 /* include/net/dst.h */
#define NFCT_PTRMASK 7UL	 /* include/linux/skbuff.h: the low bits are ctinfo */
#define CT_IS_REPLY 3		 /* IP_CT_IS_REPLY */

static __always_inline const struct rtable *skb_rtable(const struct sk_buff *skb)
{
	unsigned long ref = BPF_CORE_READ(skb, _skb_refdst);
	const struct rtable *rt = (const void *)(ref & ~1UL); /* SKB_DST_NOREF */

	if (!rt || BPF_CORE_READ(rt, dst.flags) & DST_METADATA_FLAG)
		return NULL;
	if (BPF_CORE_READ(rt, dst.ops, family) != AF_INET4)
		return NULL;
	return rt;
}

static __always_inline void facts_dst(struct ev_packet *e, struct ev_addrs4 *a,
				      const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);
	int err;

	if (!rt)
		return;
	e->flags |= EV_F_DST;
	if (BPF_CORE_READ(rt, rt_is_input))
		e->flags |= EV_F_DST_INPUT;
	e->dst_type = BPF_CORE_READ(rt, rt_type);
	/* a route for input carries it as a positive number (ip_route_input_slow) */
	err = BPF_CORE_READ(rt, dst.error);
	e->dst_error = err < 0 ? -err : err;
	e->dst_oif = BPF_CORE_READ(rt, dst.dev, ifindex);
	if (BPF_CORE_READ(rt, rt_gw_family) == AF_INET4)
		a->gw = BPF_CORE_READ(rt, rt_gw4);
}

static __always_inline const struct nf_conn *skb_conntrack(const struct sk_buff *skb, __u32 *ctinfo)
{
	unsigned long nfct;

	if (!bpf_core_field_exists(skb->_nfct))
		return NULL;
	nfct = BPF_CORE_READ(skb, _nfct);
	*ctinfo = nfct & NFCT_PTRMASK;
	return (const void *)(nfct & ~NFCT_PTRMASK);
}

static __always_inline void facts_ct(struct ev_packet *e, struct ev_addrs4 *a,
				     const struct sk_buff *skb)
{
	__u32 ctinfo = 0;
	const struct nf_conn *ct = skb_conntrack(skb, &ctinfo);

	if (!ct)
		return;
	e->flags |= EV_F_CT;
	if (ctinfo >= CT_IS_REPLY)
		e->flags |= EV_F_CT_REPLY;
	e->ct_status = BPF_CORE_READ(ct, status);
	a->ct_src = BPF_CORE_READ(ct, tuplehash[0].tuple.src.u3.ip);
	a->ct_dst = BPF_CORE_READ(ct, tuplehash[0].tuple.dst.u3.ip);
	a->ct_rsrc = BPF_CORE_READ(ct, tuplehash[1].tuple.src.u3.ip);
	a->ct_rdst = BPF_CORE_READ(ct, tuplehash[1].tuple.dst.u3.ip);
	e->ct_sport = BPF_CORE_READ(ct, tuplehash[0].tuple.src.u.all);
	e->ct_dport = BPF_CORE_READ(ct, tuplehash[0].tuple.dst.u.all);
	e->ct_rsport = BPF_CORE_READ(ct, tuplehash[1].tuple.src.u.all);
	e->ct_rdport = BPF_CORE_READ(ct, tuplehash[1].tuple.dst.u.all);
}

/* Is the untranslated tuple one of a pool's? For masqueraded packets and replies to the node. */
static __always_inline bool ct_in_pool(const struct sk_buff *skb)
{
	__u32 ctinfo = 0;
	const struct nf_conn *ct = skb_conntrack(skb, &ctinfo);

	if (!ct)
		return false;
	return in_pool(BPF_CORE_READ(ct, tuplehash[0].tuple.src.u3.ip)) ||
	       in_pool(BPF_CORE_READ(ct, tuplehash[1].tuple.src.u3.ip));
}

#endif
