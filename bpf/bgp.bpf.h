/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP state changes of connections with the BGP port, of the node's namespace. */
#ifndef CALITRACE_BGP_H
#define CALITRACE_BGP_H

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(calitrace_bgp, struct sock *sk, int oldstate, int newstate)
{
	/* not skc_num: an accepted socket has given that up (inet_put_port) when it is reset */
	__be16 local = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
	__be16 remote = sk->__sk_common.skc_dport;
	__u32 inum = sk->__sk_common.skc_net.net->ns.inum;
	struct ev_bgp *e;

	if ((local != cfg.bgp_port && remote != cfg.bgp_port) || inum != cfg.netns || !alive())
		return 0;
	e = emit_reserve(sizeof(*e), EV_LOST_BGP);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	emit_header(&e->hdr, EV_BGP, sizeof(*e), 0, inum, 0);
	e->oldstate = oldstate;
	e->newstate = newstate;
	e->err = sk->sk_err;
	e->sport = local;
	e->dport = remote;
	if (sk->__sk_common.skc_family == AF_INET4) {
		__be32 a = sk->__sk_common.skc_rcv_saddr, b = sk->__sk_common.skc_daddr;

		__builtin_memcpy(e->src, &a, 4);
		__builtin_memcpy(e->dst, &b, 4);
	} else {
		e->hdr.family = 6;
		BPF_CORE_READ_INTO(&e->src, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&e->dst, sk, __sk_common.skc_v6_daddr);
	}
	emit_submit(e);
	return 0;
}

#endif
