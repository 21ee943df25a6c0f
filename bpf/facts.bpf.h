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

/*
 * A kernel object's members in one copy: each probe read costs more than the bytes that it moves.
 * OBJ_FIELD's member must lie within the copy, which is at most OBJ_COPY bytes from `from` on.
 */
#define OBJ_COPY 192
#define OBJ_FIELD(copy, from, type, field)                                                         \
	(*(const typeof(((type *)0)->field) *)obj_field(copy, bpf_core_field_offset(type, field) - \
								      (from)))
#define OBJ_LEN(from, type, field) \
	(bpf_core_field_offset(type, field) + bpf_core_field_size(type, field) - (from))

struct obj_copy {
	__u8 b[OBJ_COPY];
} __attribute__((aligned(8)));

/* Known to the verifier all the same: without it the compiler subtracts from the stack pointer. */
static __always_inline const void *obj_field(const struct obj_copy *c, __u64 off)
{
	asm volatile("" : "+r"(off));
	return c->b + off;
}

static __always_inline bool obj_read(struct obj_copy *c, const void *obj, __u32 from, __u32 len)
{
	/* a kernel that has grown beyond it: not known, rather than refused */
	if (len > OBJ_COPY)
		return false;
	return !bpf_probe_read_kernel(c->b, len, (const __u8 *)obj + from);
}

/*
 * c is room to copy to. dev_ifindex: of the packet's device dev, which nearly always is the route's,
 * too.
 */
static __always_inline void facts_dst(struct ev_packet *e, struct ev_addrs4 *a, struct obj_copy *c,
				      const struct rtable *rt, const struct net_device *dev,
				      __u32 dev_ifindex)
{
	const struct net_device *to;
	const struct dst_ops *ops;
	int err;

	if (!rt || !obj_read(c, rt, 0, OBJ_LEN(0, struct rtable, rt_gw4)) ||
	    OBJ_FIELD(c, 0, struct rtable, dst.flags) & DST_METADATA_FLAG)
		return;
	ops = OBJ_FIELD(c, 0, struct rtable, dst.ops);
	if ((__u64)ops != life.ops4) {
		if (BPF_CORE_READ(ops, family) != AF_INET4)
			return;
		if (!life.ops4)
			life.ops4 = (__u64)ops;
	}
	e->flags |= EV_F_DST;
	if (OBJ_FIELD(c, 0, struct rtable, rt_is_input))
		e->flags |= EV_F_DST_INPUT;
	e->dst_type = OBJ_FIELD(c, 0, struct rtable, rt_type);
	/* a route for input carries it as a positive number (ip_route_input_slow) */
	err = OBJ_FIELD(c, 0, struct rtable, dst.error);
	e->dst_error = err < 0 ? -err : err;
	to = OBJ_FIELD(c, 0, struct rtable, dst.dev);
	e->dst_oif = to == dev && dev_ifindex ? dev_ifindex : BPF_CORE_READ(to, ifindex);
	if (OBJ_FIELD(c, 0, struct rtable, rt_gw_family) == AF_INET4)
		a->gw = OBJ_FIELD(c, 0, struct rtable, rt_gw4);
}

#define CT_FROM bpf_core_field_offset(struct nf_conn, tuplehash)
#define CT_FIELD(copy, field) OBJ_FIELD(copy, CT_FROM, struct nf_conn, field)

static __always_inline void facts_ct(struct ev_packet *e, struct ev_addrs4 *a, struct obj_copy *c,
				     __u64 nfct)
{
	const struct nf_conn *ct = (const void *)(nfct & ~NFCT_PTRMASK);

	/* the status stands behind the tuples */
	if (!ct || !obj_read(c, ct, CT_FROM, OBJ_LEN(CT_FROM, struct nf_conn, status)))
		return;
	e->flags |= EV_F_CT;
	if ((nfct & NFCT_PTRMASK) >= CT_IS_REPLY)
		e->flags |= EV_F_CT_REPLY;
	e->ct_status = CT_FIELD(c, status);
	a->ct_src = CT_FIELD(c, tuplehash[0].tuple.src.u3.ip);
	a->ct_dst = CT_FIELD(c, tuplehash[0].tuple.dst.u3.ip);
	a->ct_rsrc = CT_FIELD(c, tuplehash[1].tuple.src.u3.ip);
	a->ct_rdst = CT_FIELD(c, tuplehash[1].tuple.dst.u3.ip);
	e->ct_sport = CT_FIELD(c, tuplehash[0].tuple.src.u.all);
	e->ct_dport = CT_FIELD(c, tuplehash[0].tuple.dst.u.all);
	e->ct_rsport = CT_FIELD(c, tuplehash[1].tuple.src.u.all);
	e->ct_rdport = CT_FIELD(c, tuplehash[1].tuple.dst.u.all);
}

#define SKB_FROM bpf_core_field_offset(struct sk_buff, dev)
#define SKB_FIELD(copy, field) OBJ_FIELD(copy, SKB_FROM, struct sk_buff, field)

/* dev_ifindex: of skb->dev, 0: not known */
static __always_inline void facts(struct ev_packet *e, struct ev_addrs4 *a,
				  const struct sk_buff *skb, __u32 dev_ifindex)
{
	__u32 len = OBJ_LEN(SKB_FROM, struct sk_buff, _skb_refdst);
	const struct net_device *dev;
	__u64 ref, nfct = 0;
	struct obj_copy c;

	/* it stands behind the route, as the route does behind the device */
	if (bpf_core_field_exists(skb->_nfct))
		len = OBJ_LEN(SKB_FROM, struct sk_buff, _nfct);
	if (!obj_read(&c, skb, SKB_FROM, len))
		return;
	ref = SKB_FIELD(&c, _skb_refdst);
	dev = SKB_FIELD(&c, dev);
	if (bpf_core_field_exists(skb->_nfct))
		nfct = SKB_FIELD(&c, _nfct);
	facts_dst(e, a, &c, (const void *)(ref & ~1UL), dev, dev_ifindex);
	facts_ct(e, a, &c, nfct);
}

#endif
