/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the look-up said for a packet that came in: optional, since many kernels do not allow to
 * hook into functions. Only what table main would not have said is sent, so where there are no
 * rules nothing is.
 */
#ifndef CALITRACE_RES_H
#define CALITRACE_RES_H

#define TABLE_MAIN 254
#define TYPE_UNREACHABLE 7 /* RTN_UNREACHABLE: ip_route_input_slow says so where nothing matched */

/* Forward-declared in vmlinux.h. CO-RE finds the member in the kernel's. */
struct fib_table {
	__u32 tb_id;
} __attribute__((preserve_access_index));

/* After a failed look-up most of fib_result was never written. */
static __always_inline bool res_is_valid(const struct sk_buff *skb, const struct fib_result *res)
{
	const struct rtable *rt = skb_rtable(skb);

	return rt && !BPF_CORE_READ(rt, dst.error) && res->type != TYPE_UNREACHABLE;
}

static __always_inline void res_emit(const struct sk_buff *skb, const struct net_device *dev,
				     const struct fib_result *res, const struct pkt *p)
{
	struct ev_res *e = emit_reserve(sizeof(*e), EV_LOST_RES);

	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	emit_header(&e->hdr, EV_RES, sizeof(*e), (__u64)skb, cfg.netns, dev->ifindex);
	e->src = p->src;
	e->dst = p->dst;
	e->prefix = res->prefix;
	e->table = res->table->tb_id;
	e->prefix_len = res->prefixlen;
	e->type = res->type;
	emit_submit(e);
}

/* The result is an errno, on newer kernels a drop reason: 0 is success in both. */
SEC("fexit/ip_route_input_slow")
int BPF_PROG(calitrace_res, struct sk_buff *skb, __be32 daddr, __be32 saddr, __u8 tos,
	     struct net_device *dev, struct fib_result *res, int ret)
{
	__u32 table = res->table->tb_id; /* 0 where there is none */
	struct reader r = {};
	struct pkt p = {};

	if (!table || table == TABLE_MAIN || table == TABLE_LOCAL || ret || !alive() ||
	    dev->nd_net.net->ns.inum != cfg.netns || !res_is_valid(skb, res) ||
	    !drop_reader(skb, &r))
		return 0;
	/* of a packet in a tunnel, the outer header was looked up */
	if (parse(&r, &p, NULL) || !p.app || p.encap)
		return 0;
	res_emit(skb, dev, res, &p);
	return 0;
}

#endif
