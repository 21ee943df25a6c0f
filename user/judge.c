// SPDX-License-Identifier: GPL-2.0-only
/*
 * What became of a packet: from the device that it left by, the route that hung on it, the place
 * and reason of a drop. What a pool calls for is compared with what was done.
 */
#include "engine_priv.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"

#define ARPHRD_TUNNEL_ 768 /* ipip */
#define TABLE_MAIN 254
#define RTPROT_STATIC_ 4 /* linux/rtnetlink.h */
#define RTPROT_RA_ 9
#define RTPROT_DHCP_ 16
#define DEFAULT_BLOCK_LEN 26 /* of a Calico IPPool (libcalico-go, IPPoolSpec.BlockSize) */
#define WITNESS_NS (2 * NSEC_PER_MSEC)
#define ARP_NS (10 * NSEC_PER_SEC)

const struct pool *judge_pool(const struct engine *e, const struct addr *a)
{
	const struct pool *best = NULL;

	for (uint32_t i = 0; i < e->pools.cnt; i++) {
		const struct pool *p = &e->pools.pool[i];

		if (prefix_has(&p->cidr, a) && (!best || p->cidr.len > best->cidr.len))
			best = p;
	}
	return best;
}

/* A /32 without a gateway is a pod's of this node; with one it is a block, or a borrowed address. */
static bool is_block(const struct route *r)
{
	return r->dst.len < 32 || (r->nh_cnt && addr_is_set(&r->nh[0].gw));
}

void judge_block(const struct engine *e, const struct addr *a, struct prefix *block,
		 enum block_from *from)
{
	const struct pool *pool = judge_pool(e, a);
	const struct route *r;
	const struct gone *g;
	uint8_t len;

	memset(block, 0, sizeof(*block));
	*from = BLOCK_UNKNOWN;
	if (!pool)
		return;
	r = mirror__lookup_len(e->mirror, a, pool->cidr.len, 32);
	if (r && !is_block(r))
		r = mirror__lookup_len(e->mirror, a, pool->cidr.len, 31);
	g = mirror__gone(e->mirror, a, pool->cidr.len, 32);
	if (g && !is_block(&g->route))
		g = mirror__gone(e->mirror, a, pool->cidr.len, 31);
	/* what went may be more specific than what stands (a pool routed as a whole) */
	if (g && (!r || g->route.dst.len > r->dst.len)) {
		*block = g->route.dst;
		*from = BLOCK_HISTORY;
	} else if (r) {
		*block = r->dst;
		*from = BLOCK_ROUTE;
	} else {
		/* blocks of another pool may be of another size than the own one */
		len = mirror__block_len(e->mirror, &pool->cidr, e->pools.block_len);
		if (!len)
			len = DEFAULT_BLOCK_LEN;
		*block = prefix_of(a, len > pool->cidr.len ? len : pool->cidr.len);
		*from = BLOCK_GUESS;
	}
}

enum dev_class judge_dev(const struct engine *e, uint32_t ifindex)
{
	const struct link_info *l = mirror__link_info(e->mirror, ifindex);
	const char *name = l ? l->name : mirror__dev(e->mirror, ifindex);

	if (l && (!strcmp(l->kind, "ipip") || !strcmp(l->kind, "vxlan") ||
		  !strcmp(l->kind, "wireguard") || l->arptype == ARPHRD_TUNNEL_))
		return DEV_TUNNEL;
	if (!strcmp(name, "tunl0") || !strcmp(name, "vxlan.calico") ||
	    !strcmp(name, "wireguard.cali"))
		return DEV_TUNNEL;
	return !strncmp(name, "cali", 4) ? DEV_WORKLOAD : DEV_OTHER;
}

void judge_set_route(const struct engine *e, const struct route *r, struct route_ref *ref)
{
	memset(ref, 0, sizeof(*ref));
	ref->have = ref->have_dst = true;
	ref->dst = r->dst;
	ref->type = r->type;
	ref->protocol = r->protocol;
	ref->scope = r->scope;
	ref->table = r->table;
	if (r->nh_cnt) {
		ref->gw = r->nh[0].gw;
		strncpy(ref->dev, mirror__dev(e->mirror, r->nh[0].ifindex), DEV_LEN - 1);
	}
}

static const struct nexthop *nexthop_match(const struct route *r, const struct obs_pkt *p)
{
	for (int i = 0; i < r->nh_cnt; i++)
		if (r->nh[i].ifindex == p->dst_oif && addr_eq(&r->nh[i].gw, &p->gw))
			return &r->nh[i];
	return NULL;
}

/*
 * The route that the packet's own dst names. The dst has no prefix: that of the mirror's best match is
 * taken, if its gateway and device are the packet's.
 */
void judge_route(const struct engine *e, const struct addr *dst, const struct obs_pkt *p,
		 struct route_ref *ref)
{
	const struct route *r = mirror__lookup(e->mirror, dst);
	const struct nexthop *nh = r ? nexthop_match(r, p) : NULL;

	memset(ref, 0, sizeof(*ref));
	if (!(p->flags & EV_F_DST))
		return;
	if (nh) {
		judge_set_route(e, r, ref);
		ref->gw = nh->gw;
		strncpy(ref->dev, mirror__dev(e->mirror, nh->ifindex), DEV_LEN - 1);
		return;
	}
	ref->have = true;
	ref->type = p->dst_type;
	ref->gw = p->gw;
	ref->table = TABLE_MAIN;
	strncpy(ref->dev, mirror__dev(e->mirror, p->dst_oif), DEV_LEN - 1);
}

/* To a neighbour on a subnet of this node's own, though that lies within a pool */
static bool on_own_subnet(const struct route_ref *r)
{
	return r->have_dst && r->protocol == RTPROT_KERNEL && !addr_is_set(&r->gw);
}

static bool is_bgp_peer(const struct engine *e, const struct addr *a)
{
	return addr_is_set(a) && bgp_peer_find(e, a);
}

/*
 * The pool may overlap the site's own addresses: a route that the administrator or DHCP made for a part of
 * it is meant, unless a block of Calico's was there.
 */
static bool administered(const struct engine *e, const struct pool *pool, const struct trk *t)
{
	const struct route_ref *r = &t->route;

	if (!r->have_dst || r->dst.len <= pool->cidr.len)
		return false;
	if (r->protocol != RTPROT_STATIC_ && r->protocol != RTPROT_RA_ &&
	    r->protocol != RTPROT_DHCP_)
		return false;
	return !mirror__gone(e->mirror, &t->dst, r->dst.len, 32);
}

struct alive {
	const struct engine *e;
	const struct prefix *cidr;
	bool found;
};

static void alive_route(void *ctx, const struct route *r)
{
	struct alive *a = ctx;

	if (prefix_covers(a->cidr, &r->dst) &&
	    (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
	     (r->dst.len == 32 && r->nh_cnt && judge_dev(a->e, r->nh[0].ifindex) == DEV_WORKLOAD)))
		a->found = true;
}

static void alive_addr(void *ctx, const struct obs_addr *o)
{
	struct alive *a = ctx;

	if (prefix_has(a->cidr, &o->address.addr) && judge_dev(a->e, o->ifindex) == DEV_TUNNEL)
		a->found = true;
}

/*
 * Pools are also made to keep natOutgoing away from a data centre's addresses, disabled and
 * without tunnel: no pod lives there, so nothing leaks. A pool that somebody named is meant.
 */
static bool pool_has_life(const struct engine *e, const struct pool *pool)
{
	struct alive a = { .e = e, .cidr = &pool->cidr };

	if (pool->from == FROM_OPTION || pool->from == FROM_GUESS)
		return true;
	mirror__each_addr(e->mirror, alive_addr, &a);
	if (!a.found && !mirror__gone_inside(e->mirror, &pool->cidr))
		mirror__each_route(e->mirror, alive_route, &a);
	else
		a.found = true;
	return a.found;
}

/* It is asked for each packet to such a pool: a walk over all routes must be rare. */
static bool pool_alive(struct engine *e, const struct pool *pool)
{
	struct pool_life *l = &e->life[pool - e->pools.pool];
	uint64_t version = mirror__version(e->mirror);

	if (l->version != version)
		*l = (struct pool_life){ version, pool_has_life(e, pool) };
	return l->alive;
}

static bool is_default_gateway(const struct engine *e, const struct addr *gw)
{
	struct addr any = { .family = 4 };
	const struct route *r = mirror__lookup_len(e->mirror, &any, 0, 0);

	return r && r->nh_cnt && addr_is_set(gw) && addr_eq(&r->nh[0].gw, gw) &&
	       !is_bgp_peer(e, gw);
}

/* An un-encapsulated packet for an address of this pool leaves by a device that is no pod's. */
static bool leaks(struct engine *e, const struct pool *pool, const struct trk *t)
{
	bool told = pool->mode_from == FROM_OPTION || pool->mode_from == FROM_CONFD;
	bool tunnelled = pool->mode == POOL_IPIP || pool->mode == POOL_VXLAN;
	bool shorter;

	if (on_own_subnet(&t->route) || administered(e, pool, t))
		return false;
	if (tunnelled && told)
		return true;
	/* without a proved prefix nothing is claimed, unless the pool has a tunnel */
	if (!t->route.have_dst)
		return tunnelled;
	shorter = t->route.dst.len < pool->cidr.len;
	/* a mode that was inferred may be CrossSubnet's: then blocks have direct routes, too */
	if (tunnelled && t->route.dst.len == pool->cidr.len)
		return e->pools.block_len > pool->cidr.len;
	if (!tunnelled && pool->mode != POOL_CROSSSUBNET && !(shorter && pool_alive(e, pool)))
		return false;
	if (pool->mode == POOL_NONE)
		return addr_is_set(&t->route.gw) && !is_bgp_peer(e, &t->route.gw);
	/* BIRD falls back to the underlay's gateway while the tunnel device is missing */
	if (pool->mode == POOL_CROSSSUBNET && t->route.protocol == RTPROT_BIRD)
		return shorter || is_default_gateway(e, &t->route.gw);
	return shorter;
}

/* A reply that finds its asker's pod deleted a moment ago is no fault, wherever it ends. */
static bool asker_gone(const struct engine *e, const struct trk *t, uint64_t ts_ns)
{
	const struct gone *g = mirror__gone(e->mirror, &t->dst, 32, 32);

	return t->role == ROLE_REPLY && g && !is_block(&g->route) &&
	       g->ts_ns + 10 * NSEC_PER_SEC > ts_ns;
}

void judge_egress(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	enum dev_class class = judge_dev(e, p->ifindex);
	const struct pool *pool = judge_pool(e, &p->dst);

	t->at = AT_TC_EGRESS;
	t->ifindex = p->ifindex;
	if (p->encap) {
		t->encap = p->encap;
		t->encap_src = p->osrc;
		t->encap_dst = p->odst;
		engine_set_verdict(e, t, V_SENT);
		return;
	}
	judge_block(e, &p->dst, &t->block, &t->block_from);
	judge_route(e, &p->dst, p, &t->route);
	if (class == DEV_WORKLOAD || (class == DEV_OTHER && t->route.have_dst &&
				      t->route.dst.len == 32 && !addr_is_set(&t->route.gw) && pool))
		engine_set_verdict(e, t, V_DELIVERED);
	else if (class == DEV_OTHER && pool && leaks(e, pool, t) && !asker_gone(e, t, t->last_ns))
		engine_set_verdict(e, t, V_LEAKED);
	else if (class == DEV_TUNNEL)
		engine_set_passing(e, t, V_SENT);
	else
		engine_set_verdict(e, t, V_SENT);
}

enum verdict judge_errno(uint16_t err)
{
	switch (err) {
	case ENETUNREACH:
	case EAGAIN: /* a miss in the last table walked */
		return V_NO_ROUTE;
	case EINVAL:
		return V_BLACKHOLE;
	case EHOSTUNREACH:
		return V_UNREACHABLE;
	case EACCES:
		return V_PROHIBIT;
	default:
		return V_NONE;
	}
}

static bool in_list(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

/*
 * What only looks like a drop: echo replies are handed to raw sockets as clones and then find no
 * ICMP handler; a closed socket empties its queue; packet sockets (tcpdump) lose clones.
 */
bool judge_drop_is_noise(const struct engine *e, const struct obs_pkt *p)
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
		"SOCKET_FILTER", "PACKET_SOCK_ERROR", "CONSUMED", "SKB_CONSUMED", "OTHERHOST", NULL,
	};
	bool reply = p->proto == PROTO_UDP  ? p->dns_flags & 0x8000 :
		     p->proto == PROTO_ICMP ? p->icmp_type != 8 :
					      (p->tcp_flags & 0x12) != 0x02;
	bool no_socket = !strcmp(p->reason, "NO_SOCKET") ||
			 (!p->reason[0] && !strcmp(p->location, "__udp4_lib_rcv"));

	(void)e;
	if (in_list(p->location, sinks) || in_list(p->reason, reasons))
		return true;
	/* an answer that came when its asker had gone */
	if (no_socket && reply)
		return true;
	/* a reset for a connection that conntrack has forgotten is dropped as INVALID, and missed by nobody */
	if (p->proto == PROTO_TCP && p->tcp_flags & 0x04 && !strcmp(p->reason, "NETFILTER_DROP"))
		return true;
	/* TCP throws away duplicates, late segments and resets as a matter of course */
	if (p->proto == PROTO_TCP && !no_socket && !strncmp(p->location, "tcp_", 4))
		return true;
	/* in a pod's namespace only what the node causes, and what finds no listener */
	if (p->flags & EV_F_POD_NETNS)
		return !no_socket && strncmp(p->reason, "NEIGH_", 6) &&
		       strcmp(p->location, "neigh_invalidate") &&
		       strcmp(p->location, "__neigh_event_send");
	return false;
}

static enum verdict verdict_of_reason(const struct obs_pkt *p)
{
	static const struct {
		const char *reason;
		enum verdict verdict;
	} table[] = {
		{ "IP_INNOROUTES", V_NO_ROUTE },
		{ "IP_OUTNOROUTES", V_NO_ROUTE },
		{ "IP_RPFILTER", V_RP_FILTER },
		{ "IP_LOCAL_SOURCE", V_MARTIAN },
		{ "IP_INVALID_SOURCE", V_MARTIAN },
		{ "IP_INVALID_DEST", V_MARTIAN },
		{ "IP_LOCALNET", V_MARTIAN },
		{ "IP_INADDRERRORS", V_FORWARDING_OFF },
		{ "NETFILTER_DROP", V_FILTERED },
		{ "TC_INGRESS", V_FILTERED },
		{ "TC_EGRESS", V_FILTERED },
		{ "XDP", V_FILTERED },
		{ "BPF_CGROUP_EGRESS", V_FILTERED },
		{ "NEIGH_FAILED", V_NEIGH_FAILED },
		{ "NEIGH_CREATEFAIL", V_NEIGH_FAILED },
		{ "NEIGH_QUEUEFULL", V_NEIGH_FAILED },
		{ "NEIGH_DEAD", V_NEIGH_FAILED },
		{ "PKT_TOO_BIG", V_TOO_BIG },
		{ "NO_SOCKET", V_NO_SOCKET },
		{ "SOCKET_RCVBUFF", V_OVERLOAD },
		{ "PROTO_MEM", V_OVERLOAD },
		{ "QDISC_DROP", V_OVERLOAD },
		{ "FULL_RING", V_OVERLOAD },
		{ "CPU_BACKLOG", V_OVERLOAD },
		{ "DEV_READY", V_LINK_DOWN },
	};
	/* kernels before 5.17 name only the place */
	static const struct {
		const char *location;
		enum verdict verdict;
	} places[] = {
		{ "nf_hook_slow", V_FILTERED },
		{ "neigh_invalidate", V_NEIGH_FAILED },
		{ "__udp4_lib_rcv", V_NO_SOCKET },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(p->reason, table[i].reason))
			return table[i].verdict;
	for (size_t i = 0; !p->reason[0] && i < sizeof(places) / sizeof(places[0]); i++)
		if (!strcmp(p->location, places[i].location))
			return places[i].verdict;
	return V_OTHER;
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
			judge_set_route(e, r, &t->route);
		else
			t->route = (struct route_ref){ .have = true,
						       .type = want,
						       .table = TABLE_MAIN };
	} else if (v == V_NO_ROUTE) {
		memset(&t->route, 0, sizeof(t->route));
	} else if (p->flags & EV_F_DST && !p->encap) {
		judge_route(e, &t->dst, p, &t->route);
	}
}

static enum verdict drop_verdict(const struct engine *e, struct trk *t, const struct obs_pkt *p,
				 uint64_t ts_ns)
{
	uint16_t err = p->flags & EV_F_DST && !p->encap ? p->dst_error : 0;
	uint16_t seen = witness(e, &p->src, &p->dst, ts_ns);
	bool filter = !strcmp(p->reason, "NETFILTER_DROP") || !strcmp(p->location, "nf_hook_slow");
	enum verdict v = V_NONE;

	/* ip_error says EHOSTUNREACH for a device that does not forward as well */
	if (!strcmp(p->reason, "IP_INADDRERRORS"))
		return V_FORWARDING_OFF;
	if (err)
		v = judge_errno(seen ? seen : err);
	/* DNAT in OUTPUT, then the new route fails: looks like a firewall, and is none */
	else if (filter && p->flags & EV_F_NO_DEV && seen)
		v = judge_errno(seen);
	if (v != V_NONE) {
		t->err = seen ? seen : err;
		return v;
	}
	return verdict_of_reason(p);
}

bool judge_drop(struct engine *e, struct trk *t, const struct obs_pkt *p, uint64_t ts_ns)
{
	enum verdict v = drop_verdict(e, t, p, ts_ns);

	if (!p->encap)
		t->dst = p->dst;
	if (asker_gone(e, t, ts_ns))
		return false;
	if (p->flags & EV_F_POD_NETNS) {
		t->pod_drop = true;
		if (v == V_NEIGH_FAILED && judge_arp(e, &p->src, ts_ns)) {
			v = V_NO_ROUTE;
			t->err = ENETUNREACH;
			t->ifindex = judge_arp(e, &p->src, ts_ns)->ifindex;
		}
	} else if (p->ifindex) {
		t->ifindex = p->ifindex;
	}
	t->at = AT_DROP;
	judge_block(e, &t->dst, &t->block, &t->block_from);
	drop_route(e, t, p, v);
	memcpy(t->reason, p->reason, sizeof(t->reason));
	memcpy(t->location, p->location, sizeof(t->location));
	if (p->encap) {
		t->encap = p->encap;
		t->encap_src = p->osrc;
		t->encap_dst = p->odst;
	}
	engine_set_verdict(e, t, v);
	return true;
}
