// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a drop says: the reason where the kernel names one, else the function that threw the
 * packet away, the routing decision and the connection that hung on it, and the look-up that
 * failed just before. The same drop gets the same word on kernels with reasons and without.
 */
#include "engine_priv.h"

#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "util.h"

/* From the look-up to the drop; the same pair of addresses fails the same way for longer than that. */
#define WITNESS_NS (10 * NSEC_PER_MSEC)
#define ARP_NS (10 * NSEC_PER_SEC)

static bool in_list(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

/* Before 5.17 there is no reason; later kernels say NOT_SPECIFIED where nobody gave one. */
static bool has_reason(const struct obs_pkt *p)
{
	return p->reason[0] && strcmp(p->reason, "NOT_SPECIFIED") &&
	       strcmp(p->reason, "NOT_DROPPED_YET");
}

/* ---- what only looks like a drop ---- */

static bool is_syn(const struct obs_pkt *p)
{
	return p->proto == PROTO_TCP && (p->tcp_flags & (TCPF_SYN | TCPF_ACK)) == TCPF_SYN;
}

static bool is_reply(const struct obs_pkt *p)
{
	return p->proto == PROTO_UDP  ? p->dns_flags & DNS_QR :
	       p->proto == PROTO_ICMP ? p->icmp_type != 8 :
					!is_syn(p);
}

static bool is_no_socket(const struct obs_pkt *p)
{
	if (has_reason(p))
		return !strcmp(p->reason, "NO_SOCKET");
	return !p->reason[0] && (!strcmp(p->location, "__udp4_lib_rcv") ||
				 (!strcmp(p->location, "tcp_v4_rcv") && is_syn(p)));
}

/* An echo reply handed to raw sockets as a clone, a closed socket's queue, a clone for tcpdump */
static bool is_sink(const struct obs_pkt *p)
{
	static const char *const sinks[] = {
		"icmp_rcv",
		"ping_rcv",
		"raw_rcv",
		"raw_local_deliver",
		"raw_v4_input",
		"raw_rcv_skb",
		"skb_release_data",
		"inet_sock_destruct",
		"udp_destruct_common",
		"udp_destruct_sock",
		"__sk_destruct",
		"sk_stream_kill_queues",
		"packet_rcv",
		"tpacket_rcv",
		"packet_rcv_spkt",
		"packet_rcv_fanout",
		"skb_queue_purge",
		"skb_queue_purge_reason",
		"__skb_queue_purge_reason",
		NULL,
	};
	static const char *const reasons[] = {
		"SOCKET_FILTER", "PACKET_SOCK_ERROR", "CONSUMED",
		"SKB_CONSUMED",	 "SOCKET_CLOSE",      NULL,
	};

	return in_list(p->location, sinks) || in_list(p->reason, reasons);
}

static enum verdict verdict_of(const struct engine *e, const struct obs_pkt *p);

bool judge_drop_is_noise(const struct engine *e, const struct obs_pkt *p)
{
	if (!p->encap && is_sink(p))
		return true;
	/* a switch that floods, a device in promiscuous mode; in a tunnel it means a wrong inner MAC */
	if ((p->flags & EV_F_OTHERHOST || !strcmp(p->reason, "OTHERHOST")) &&
	    judge_dev(e, p->ifindex) != DEV_TUNNEL)
		return true;
	if (p->encap)
		return false;
	/* an answer that came when its asker had gone */
	if (is_no_socket(p) && is_reply(p))
		return true;
	/* a reset for a connection that conntrack has forgotten is dropped as INVALID, and missed by nobody */
	if (p->proto == PROTO_TCP && p->tcp_flags & TCPF_RST &&
	    !strcmp(p->reason, "NETFILTER_DROP"))
		return true;
	/* TCP throws away duplicates, late segments and resets as a matter of course */
	if (p->proto == PROTO_TCP && !is_no_socket(p) && str_begins(p->location, "tcp_") &&
	    strcmp(p->reason, "TCP_CSUM") != 0)
		return true;
	/* a pod's own sockets free packets in places that say nothing */
	return p->flags & EV_F_POD_NETNS && !has_reason(p) && verdict_of(e, p) == V_OTHER;
}

/* ---- places ---- */

/* The packet is longer than the device carries, and may not be cut */
static bool longer_than_mtu(const struct engine *e, const struct obs_pkt *p, uint32_t ifindex)
{
	const struct link_info *l = mirror__link_info(e->mirror, ifindex);

	return l && l->mtu && p->ip_len > l->mtu;
}

/*
 * ip_rcv_finish() drops what ip_route_input() refused. Without a reason the packet itself tells a
 * martian from one that came in by the wrong device.
 */
static bool is_martian(const struct engine *e, const struct obs_pkt *p)
{
	uint8_t s = p->src.b[0], d = p->dst.b[0];

	return s == 127 || s == 0 || s >= 224 || d == 127 || d == 0 || d >= 240 ||
	       mirror__is_local(e->mirror, &p->src);
}

/* Functions of the tunnels' drivers */
static bool is_tunnel(const char *location)
{
	static const char *const starts[] = { "ip_tunnel_", "ipip_",  "ip_md_tunnel_",
					      "iptunnel_",  "vxlan_", "wg_" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (str_begins(location, starts[i]))
			return true;
	return false;
}

static enum verdict verdict_of_tunnel(const struct engine *e, const struct obs_pkt *p)
{
	bool sends = strstr(p->location, "xmit");

	return sends && longer_than_mtu(e, p, p->ifindex) ? V_TOO_BIG : V_TUNNEL_ERROR;
}

static enum verdict verdict_of_place(const struct engine *e, const struct obs_pkt *p)
{
	static const struct judge_word places[] = {
		{ "nf_hook_slow", V_FILTERED },
		{ "nf_hook_slow_list", V_FILTERED },
		{ "nft_do_chain", V_FILTERED },
		{ "do_xdp_generic", V_FILTERED },
		{ "netif_receive_generic_xdp", V_FILTERED },
		{ "generic_xdp_tx", V_FILTERED },
		{ "neigh_invalidate", V_NEIGH_FAILED },
		{ "__neigh_event_send", V_NEIGH_FAILED },
		{ "neigh_resolve_output", V_NEIGH_FAILED },
		{ "neigh_connected_output", V_NEIGH_FAILED },
		{ "neigh_destroy", V_NEIGH_FAILED },
		{ "arp_error_report", V_NEIGH_FAILED },
		{ "ip_finish_output2", V_NEIGH_FAILED },
		{ "ip_fragment", V_TOO_BIG },
		{ "ip_do_fragment", V_TOO_BIG },
		{ "udp_queue_rcv_one_skb", V_OVERLOAD },
		{ "udp_queue_rcv_skb", V_OVERLOAD },
		{ "__udp_enqueue_schedule_skb", V_OVERLOAD },
		{ "enqueue_to_backlog", V_OVERLOAD },
		{ "kfree_skb_list", V_OVERLOAD },
		{ "kfree_skb_list_reason", V_OVERLOAD },
		{ "__dev_xmit_skb", V_OVERLOAD },
		{ "rtnl_kfree_skbs", V_OVERLOAD },
		{ "tunnel4_rcv", V_TUNNEL_ERROR },
	};
	const char *l = p->location;
	enum verdict v = judge_find(places, sizeof(places) / sizeof(places[0]), l);

	/* a tunnel's socket queues nothing, it only looks at the checksum: udp_queue_rcv_one_skb() */
	if (p->encap && str_begins(l, "udp_queue_rcv"))
		return V_OTHER;
	if (v != V_NONE)
		return v;
	if (is_tunnel(l))
		return verdict_of_tunnel(e, p);
	if (str_begins(l, "ip_forward"))
		return p->ttl <= 1 ? V_TTL : V_TOO_BIG;
	if (str_begins(l, "ip_rcv_finish") || str_begins(l, "ip_list_rcv") ||
	    str_begins(l, "ip_sublist_rcv"))
		return is_martian(e, p) || p->reason[0] ? V_MARTIAN : V_RP_FILTER;
	if (str_begins(l, "__dev_forward_skb") || str_begins(l, "____dev_forward_skb") ||
	    !strcmp(l, "dev_forward_skb") || !strcmp(l, "veth_xmit"))
		return longer_than_mtu(e, p, p->ifindex) ? V_TOO_BIG : V_LINK_DOWN;
	/* kernels without reasons: the classifier's verdict; later ones say TC_INGRESS, TC_EGRESS */
	if (!p->reason[0] &&
	    (str_begins(l, "__netif_receive_skb") || !strcmp(l, "__dev_queue_xmit")))
		return V_FILTERED;
	if (!is_no_socket(p))
		return V_OTHER;
	return p->encap ? V_TUNNEL_ERROR : V_NO_SOCKET;
}

static enum verdict verdict_of(const struct engine *e, const struct obs_pkt *p)
{
	enum verdict v;

	if (!has_reason(p))
		return verdict_of_place(e, p);
	/* ip_forward says "header error" for a TTL that ran out */
	if (!strcmp(p->reason, "IP_INHDR") && str_begins(p->location, "ip_forward"))
		return V_TTL;
	v = judge_reason(p->reason);
	/* the inner packet found its route, the tunnel's own did not */
	if (is_tunnel(p->location) && v != V_TOO_BIG)
		return V_TUNNEL_ERROR;
	/* a tunnel's packet that found no tunnel: VXLAN's port is closed with its device */
	if (p->encap && (v == V_NO_SOCKET || !strcmp(p->reason, "IP_NOPROTO")))
		return V_TUNNEL_ERROR;
	return v;
}

/* The errno of a look-up of these addresses that failed just before, 0: none */
static uint16_t witness(const struct engine *e, const struct addr *src, const struct addr *dst,
			uint64_t ts_ns)
{
	uint16_t err = 0;

	for (int i = 0; i < FIB_FAILS; i++) {
		const struct fib_fail *f = &e->fib_fail[i];

		if (!f->ts_ns || f->ts_ns > ts_ns || ts_ns - f->ts_ns > WITNESS_NS ||
		    !addr_eq(&f->fib.dst, dst) ||
		    (addr_is_set(&f->fib.src) && !addr_eq(&f->fib.src, src)))
			continue;
		/* a miss in a later table says less than a route of an error type in an earlier one */
		if (!err || f->fib.err != EAGAIN)
			err = f->fib.err;
	}
	return err == EAGAIN ? ENETUNREACH : err;
}

const struct arp_silence *judge_arp(const struct engine *e, const struct addr *pod, uint64_t ts_ns)
{
	for (uint32_t i = 0; i < e->arp_cnt; i++) {
		const struct arp_silence *a = &e->arp[i];

		if (addr_eq(&a->pod, pod) && a->ts_ns + ARP_NS > ts_ns)
			return a;
	}
	return NULL;
}

static void drop_route(const struct engine *e, struct trk *t, const struct obs_pkt *p,
		       enum verdict v)
{
	const struct route *r = mirror__lookup(e->mirror, &t->dst);
	uint8_t want = v == V_BLACKHOLE	  ? RTN_BLACKHOLE :
		       v == V_UNREACHABLE ? RTN_UNREACHABLE :
		       v == V_PROHIBIT	  ? RTN_PROHIBIT :
					    0;

	if (want) {
		if (r && r->type == want)
			judge_set_route(r, &t->route);
		else
			t->route = (struct trk_route){ .have = true,
						       .type = want,
						       .table = TABLE_MAIN };
	} else if (v == V_NO_ROUTE) {
		memset(&t->route, 0, sizeof(t->route));
	} else if (p->flags & EV_F_DST && !p->encap) {
		judge_route(e, &t->dst, p, &t->route);
	}
}

/* ---- where: netfilter's hook and the devices ---- */

/*
 * The hook that the packet was dropped in, from what hung on it: before routing nothing does; ip_output()
 * sets the device after OUTPUT and FORWARD, and before POSTROUTING.
 */
static enum nf_hook hook_of(const struct obs_pkt *p)
{
	bool behind = !(p->flags & EV_F_NO_DEV) && p->ifindex == p->dst_oif;

	if (!(p->flags & EV_F_DST))
		return NF_HOOK_PREROUTING;
	if (!(p->flags & EV_F_DST_INPUT))
		return behind ? NF_HOOK_POSTROUTING : NF_HOOK_OUTPUT;
	if (p->dst_type == RTN_LOCAL)
		return NF_HOOK_INPUT;
	return behind && p->iif != p->ifindex ? NF_HOOK_POSTROUTING : NF_HOOK_FORWARD;
}

static bool is_netfilter(const struct obs_pkt *p)
{
	if (has_reason(p))
		return !strcmp(p->reason, "NETFILTER_DROP");
	return str_begins(p->location, "nf_hook_slow") || !strcmp(p->location, "nft_do_chain");
}

static void drop_place(struct trk *t, const struct obs_pkt *p)
{
	struct trk_drop *d = journey_drop(t);

	if (!d)
		return;
	memcpy(d->reason, p->reason, sizeof(d->reason));
	memcpy(d->location, p->location, sizeof(d->location));
	/* indexes of a pod's namespace mean nothing here */
	if (p->flags & EV_F_POD_NETNS)
		return;
	d->nf_hook = is_netfilter(p) ? hook_of(p) : NF_HOOK_NONE;
	d->in_ifindex = p->iif;
	d->ct = p->flags & EV_F_CT && !p->encap;
	d->ct_status = d->ct ? p->ct_status : 0;
	d->out_ifindex = 0;
	if (p->flags & EV_F_DST && p->dst_type == RTN_UNICAST && !p->dst_error)
		d->out_ifindex = p->dst_oif;
	/* born here, and dropped before it had a device: the one that it was to leave by */
	if (!t->ifindex && p->flags & EV_F_NO_DEV)
		t->ifindex = d->out_ifindex;
}

/* ---- the verdict ---- */

/* ip_error says EHOSTUNREACH for a device that does not forward, too; a look-up that failed is not behind that. */
static bool forwarding_off(const struct engine *e, const struct obs_pkt *p, uint16_t seen)
{
	const struct route *r;

	if (!strcmp(p->reason, "IP_INADDRERRORS"))
		return true;
	if (p->reason[0] || p->dst_error != EHOSTUNREACH || seen)
		return false;
	r = mirror__lookup(e->mirror, &p->dst);
	return r && r->type == RTN_UNICAST;
}

static enum verdict drop_verdict(const struct engine *e, struct trk *t, const struct obs_pkt *p,
				 uint64_t ts_ns)
{
	uint16_t err = p->flags & EV_F_DST && !p->encap ? p->dst_error : 0;
	uint16_t seen = witness(e, &p->src, &p->dst, ts_ns);
	enum verdict v = V_NONE;

	if (err && forwarding_off(e, p, seen))
		return V_FORWARDING_OFF;
	if (err)
		v = judge_errno(seen ? seen : err);
	/* DNAT in OUTPUT, then the new route fails: looks like a firewall, and is none */
	else if (is_netfilter(p) && p->flags & EV_F_NO_DEV && seen)
		v = judge_errno(seen);
	if (v != V_NONE) {
		t->err = seen ? seen : err;
		return v;
	}
	v = verdict_of(e, p);
	if (v == V_FILTERED && p->encap && is_netfilter(p) && hook_of(p) == NF_HOOK_INPUT)
		return V_ALLOWLIST;
	return v;
}

/* A drop in a pod's namespace: told on the device that leads there. */
static enum verdict pod_verdict(const struct engine *e, struct trk *t, const struct obs_pkt *p,
				enum verdict v, uint64_t ts_ns)
{
	const struct arp_silence *a = judge_arp(e, &p->src, ts_ns);

	t->pod_drop = true;
	if (p->ifindex && judge_dev(e, p->ifindex) == DEV_WORKLOAD)
		t->ifindex = p->ifindex;
	if (v != V_NEIGH_FAILED || !a)
		return v;
	t->err = ENETUNREACH;
	t->ifindex = a->ifindex;
	return V_NO_ROUTE;
}

bool judge_drop(struct engine *e, struct trk *t, const struct obs_pkt *p, uint64_t ts_ns)
{
	enum verdict v = drop_verdict(e, t, p, ts_ns);

	if (!p->encap && !(p->flags & EV_F_FRAG_LATER))
		t->dst = p->dst;
	if (judge_asker_gone(e, t, ts_ns))
		return false;
	if (p->flags & EV_F_POD_NETNS)
		v = pod_verdict(e, t, p, v, ts_ns);
	else if (p->ifindex)
		t->ifindex = p->ifindex;
	t->at = AT_DROP;
	judge_block(e, &t->dst, &t->block, &t->block_from);
	drop_route(e, t, p, v);
	drop_place(t, p);
	if (p->encap) {
		t->encap = p->encap;
		t->encap_src = p->osrc;
		t->encap_dst = p->odst;
	}
	if (v == V_FILTERED)
		service_find_twin(e, t);
	engine_set_verdict(e, t, v);
	return true;
}

/* ---- at the end of the wait ---- */

static bool is_down(const struct engine *e, uint32_t ifindex)
{
	const struct link_info *l = mirror__link_info(e->mirror, ifindex);

	return ifindex && (!l || !l->up || !l->running);
}

struct of_kind {
	const char *kind;
	const struct link_info *link;
};

static void find_tunnel(void *ctx, const struct link_info *l)
{
	struct of_kind *k = ctx;

	if (!strcmp(l->kind, k->kind))
		k->link = l;
}

/* What arrived in a tunnel finds no handler where the tunnel's device is down. */
static bool tunnel_is_down(const struct engine *e, const struct trk *t)
{
	struct of_kind k = { .kind = t->encap == ENCAP_VXLAN ? "vxlan" : "ipip" };

	if (t->encap == ENCAP_NONE)
		return false;
	mirror__each_link(e->mirror, find_tunnel, &k);
	return k.link && !k.link->up;
}

/*
 * Where the device below is the narrow one, the tunnel drops without a word of why, and tells the
 * sender: fragmentation needed, RFC 1191 (tnl_update_pmtu() in net/ipv4/ip_tunnel.c).
 */
static bool says_too_big(const struct trk *t)
{
	return t->icmp_error.valid && t->icmp_error.type == 3 && t->icmp_error.code == 4;
}

/*
 * The message that a link went down comes after the packets that died of it, so this is decided
 * when their wait is over.
 */
void judge_final(const struct engine *e, struct trk *t)
{
	if (t->wrong_hop && t->verdict == V_SENT)
		t->verdict = V_WRONG_NEXTHOP;
	if (t->at != AT_DROP)
		return;
	switch (t->verdict) {
	case V_NEIGH_FAILED:
	case V_OVERLOAD:
	case V_OTHER:
		if (is_down(e, t->ifindex) || is_down(e, t->drop ? t->drop->out_ifindex : 0))
			t->verdict = V_LINK_DOWN;
		break;
	case V_TUNNEL_ERROR:
		if (tunnel_is_down(e, t) || is_down(e, t->ifindex))
			t->verdict = V_LINK_DOWN;
		else if (says_too_big(t))
			t->verdict = V_TOO_BIG;
		break;
	default:
		break;
	}
}
