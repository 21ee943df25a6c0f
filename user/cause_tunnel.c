// SPDX-License-Identifier: GPL-2.0-only
/* Causes in the tunnel and below it: its device, its address, the other end, the underlay's neighbours. */
#include "cause_priv.h"

#include <string.h>

#include "addr.h"
#include "util.h"

/* ---- tunnel devices ---- */

static void find_tunnel(void *ctx, const struct link_info *l)
{
	struct tunnel *t = ctx;

	/* Calico's names are fixed: other devices of the kind are somebody else's */
	if (!strcmp(l->kind, t->kind) &&
	    (!strcmp(l->name, "tunl0") || !strcmp(l->name, "vxlan.calico")))
		t->link = l;
}

bool cause_tunnel(const struct facts *x, struct tunnel *t)
{
	const struct pool *pool = judge_pool(x->e, &x->f->example);

	*t = (struct tunnel){ 0 };
	/* what came in a tunnel tells better than routes by which tunnel */
	if (x->f->encap != ENCAP_NONE)
		t->kind = x->f->encap == ENCAP_IPIP ? "ipip" : "vxlan";
	else if (pool && (pool->mode == POOL_IPIP || pool->mode == POOL_VXLAN))
		t->kind = pool->mode == POOL_IPIP ? "ipip" : "vxlan";
	else
		return false;
	mirror__each_link(x->e->mirror, find_tunnel, t);
	return true;
}

/*
 * What comes by the tunnel finds nobody; or the route went with its device, or before we started: not
 * by somebody's hand.
 */
static bool may_be_tunnels(const struct facts *x)
{
	return x->f->f.verdict == V_LINK_DOWN ||
	       (x->f->f.verdict == V_TUNNEL_ERROR && x->f->encapsulated) ||
	       (cause_route_missing(x) && (!x->gone || x->gone->flushed));
}

static bool row_tunnel_missing(const struct facts *x)
{
	struct tunnel t;

	return may_be_tunnels(x) && cause_tunnel(x, &t) && !t.link;
}

static bool row_tunnel_down(const struct facts *x)
{
	struct tunnel t;

	return may_be_tunnels(x) && cause_tunnel(x, &t) && t.link && !t.link->up;
}

void cause_say_tunnel(const struct facts *x, struct because *b)
{
	struct tunnel t;

	(void)b;
	cause_tunnel(x, &t);
	if (t.link)
		evidence(x->f, "%s is down, and routes by it go with it", t.link->name);
	else
		evidence(x->f, "there is no device %s on this node",
			 strcmp(t.kind, "vxlan") ? "tunl0" : "vxlan.calico");
}

/* ---- the tunnel's address: the source of what the node itself sends to pods ---- */

struct addressed {
	const struct facts *x;
	uint32_t ifindex;
	bool pools;   /* one of a pool */
	bool senders; /* the source of the packets */
};

static void see_address(void *ctx, const struct obs_addr *a)
{
	struct addressed *t = ctx;

	if (a->ifindex != t->ifindex)
		return;
	t->pools |= judge_pool(t->x->e, &a->address.addr) != NULL;
	t->senders |= addr_eq(&a->address.addr, &t->x->f->first.src);
}

static struct addressed addresses_of(const struct facts *x, const struct link_info *l)
{
	struct addressed t = { .x = x, .ifindex = l->ifindex };

	mirror__each_addr(x->e->mirror, see_address, &t);
	return t;
}

/* The node itself asked, and its packets went into the tunnel */
static bool node_asked(const struct facts *x, struct tunnel *t)
{
	return x->f->f.verdict == V_UNANSWERED && addr_is_set(&x->f->first.src) &&
	       mirror__is_local(x->e->mirror, &x->f->first.src) && cause_tunnel(x, t) && t->link &&
	       t->link->up;
}

/* Without one the kernel takes the uplink's: replies come back past the tunnel, or not at all. */
static bool row_no_address(const struct facts *x)
{
	struct tunnel t;

	return node_asked(x, &t) && !judge_pool(x->e, &x->f->first.src) &&
	       !addresses_of(x, t.link).pools;
}

/* Replies to it go to the node that has the block; a borrowed address looks alike. */
static bool row_others_address(const struct facts *x)
{
	struct tunnel t;

	return node_asked(x, &t) && judge_pool(x->e, &x->f->first.src) &&
	       owner_is_other(x->e, &x->f->first.src) && addresses_of(x, t.link).senders;
}

/* Another node sends with the very address that this one's tunnel has. */
static bool row_same_address(const struct facts *x)
{
	const struct link_info *l = cause_link(x, x->f->f.dev);

	return x->f->f.verdict == V_MARTIAN && l && judge_dev(x->e, l->ifindex) == DEV_TUNNEL &&
	       addresses_of(x, l).senders;
}

/* In the tunnel a node's packets have the address of its tunnel, or the sender has none. */
static bool row_no_address_there(const struct facts *x)
{
	const struct link_info *l = cause_link(x, x->f->f.dev);

	return cause_refused_by_rpf(x) && !x->f->encapsulated && l &&
	       judge_dev(x->e, l->ifindex) == DEV_TUNNEL && !judge_pool(x->e, &x->f->first.src) &&
	       owner_is_node(x->e, &x->f->first.src);
}

static void say_no_address(const struct facts *x, struct because *b)
{
	struct tunnel t;
	char a[ADDR_STRLEN];

	(void)b;
	cause_tunnel(x, &t);
	evidence(x->f,
		 "%s has no address of a pool, so this node's own packets carry %s in the "
		 "tunnel",
		 t.link->name, addr_str(&x->f->first.src, a));
}

static void say_others_address(const struct facts *x, struct because *b)
{
	const struct owner *o = owner_for(x->e, &x->f->first.src);
	char a[ADDR_STRLEN], p[PREFIX_STRLEN], gw[ADDR_STRLEN];

	(void)b;
	if (o)
		evidence(x->f,
			 "this node's tunnel has %s, of the block %s, whose route leads to %s",
			 addr_str(&x->f->first.src, a), prefix_str(&o->block, p),
			 addr_str(&o->gw, gw));
}

static void say_same_address(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "packets with the source %s come in by %s, and that is its own address",
		 addr_str(&x->f->first.src, a), x->f->f.dev);
}

static void say_no_address_there(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];

	(void)b;
	evidence(x->f,
		 "in the tunnel come packets with the source %s%s, which is a node's own "
		 "address and none of a pool",
		 addr_str(&x->f->first.src, a),
		 node_suffix(x->e, &x->f->first.src, node, sizeof(node)));
}

/* The route is right, and the VTEP that it leads to is set up for a stranger. */
bool cause_vtep_misled(const struct facts *x)
{
	const struct obs_vtep *v;

	if (x->f->f.verdict != V_WRONG_NEXTHOP || !x->f->encapsulated ||
	    !addr_is_set(&x->f->gateway) || !world_is_fresh(x->e, SOURCE_VTEP))
		return false;
	v = diag_vtep_of(x->e, &x->f->gateway);
	return v && v->have_fdb && owner_is_stranger(x->e, &x->f->example, &x->f->encap_dst);
}

static void say_misled(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN], n[ADDR_STRLEN];

	(void)b;
	evidence(x->f,
		 "what the route sends to the VTEP %s goes to %s, which is no node on Felix' list",
		 addr_str(&x->f->gateway, a), addr_str(&x->f->encap_dst, n));
}

/*
 * CrossSubnet goes without a tunnel to nodes on the own subnet only. One that is beyond it was taken
 * for near: by the length of the prefix that this node is registered with.
 */
static bool row_taken_for_near(const struct facts *x)
{
	const struct pool *pool = judge_pool(x->e, &x->f->example);
	const struct route *r;

	if (x->f->f.verdict != V_NEIGH_FAILED || x->f->encapsulated || x->f->in_pod || !pool ||
	    pool->mode != POOL_CROSSSUBNET || !addr_is_set(&x->f->gateway) ||
	    !owner_is_node(x->e, &x->f->gateway))
		return false;
	r = mirror__lookup(x->e->mirror, &x->f->gateway);
	return !r || r->type != RTN_UNICAST || (r->nh_cnt && addr_is_set(&r->nh[0].gw));
}

static void say_taken_for_near(const struct facts *x, struct because *b)
{
	char gw[ADDR_STRLEN];

	(void)b;
	evidence(x->f,
		 "the route leads to %s dev %s without a tunnel, and that node is not on a "
		 "subnet of this one",
		 addr_str(&x->f->gateway, gw), x->f->route.dev);
}

/* ---- VTEPs, neighbours ---- */

static bool vtep_lacks(const struct facts *x)
{
	const struct obs_vtep *v;

	/* Felix makes these entries permanent, so the kernel asks for a VTEP only where there is none. */
	if (x->f->f.verdict == V_NEIGH_FAILED)
		return true;
	/* newer than the last look at the table: vxlan_xmit() itself drops what it has no entry for */
	if (!strcmp(x->f->location, "vxlan_xmit") &&
	    (!x->f->reason[0] || !strcmp(x->f->reason, "NOT_SPECIFIED") ||
	     !strcmp(x->f->reason, "NO_TX_TARGET")))
		return true;
	if (!world_is_fresh(x->e, SOURCE_VTEP) || !addr_is_set(&x->f->gateway))
		return false;
	v = diag_vtep_of(x->e, &x->f->gateway);
	return !v || !v->have_neigh || !v->have_fdb;
}

static bool row_vtep(const struct facts *x)
{
	struct tunnel t;

	return (x->f->f.verdict == V_NEIGH_FAILED || x->f->f.verdict == V_TUNNEL_ERROR) &&
	       cause_tunnel(x, &t) && !strcmp(t.kind, "vxlan") && t.link &&
	       !strcmp(t.link->name, x->f->f.dev) && vtep_lacks(x);
}

static void say_vtep(const struct facts *x, struct because *b)
{
	const struct obs_vtep *v = diag_vtep_of(x->e, &x->f->gateway);
	char a[ADDR_STRLEN];

	(void)b;
	/* without a neighbour there is no MAC to find the forwarding entry by */
	evidence(x->f, "for the VTEP %s there is %s on %s", addr_str(&x->f->gateway, a),
		 v && v->have_neigh ? "a permanent neighbour, and no forwarding entry (fdb)" :
				      "no permanent neighbour (ip neigh)",
		 x->f->f.dev);
}

/* The node that the packets were to reach on the underlay; family 0: not known */
static struct addr underlay_node(const struct facts *x)
{
	if (x->f->encapsulated)
		return x->f->encap_dst;
	return diag_node_of(x->e, &x->f->gateway);
}

/* Routes to blocks that BIRD or Felix made lead to nodes, be it to one that has left the cluster. */
static bool is_daemons_block(const struct facts *x)
{
	const struct route_ref *r = &x->f->route;
	const struct pool *pool = judge_pool(x->e, &x->f->example);

	return pool && r->have_dst && r->dst.len > pool->cidr.len &&
	       (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX);
}

/* Its own neighbour failed: the tunnel's outer packet, or one without a tunnel to a node */
static bool row_node_unreachable(const struct facts *x)
{
	if (x->f->f.verdict != V_NEIGH_FAILED || x->f->in_pod || cause_no_neighbour(x, NULL))
		return false;
	return x->f->encapsulated ||
	       (addr_is_set(&x->f->gateway) &&
		(owner_is_node(x->e, &x->f->gateway) || is_daemons_block(x)) &&
		!row_taken_for_near(x) && !row_vtep(x));
}

static enum confidence sure_node_unreachable(const struct facts *x)
{
	return x->f->encapsulated || owner_is_node(x->e, &x->f->gateway) ? CONF_CERTAIN :
									   CONF_LIKELY;
}

static void say_node_unreachable(const struct facts *x, struct because *b)
{
	struct addr node = underlay_node(x);
	char a[ADDR_STRLEN], name[NODE_LEN_SHORT + 4];

	(void)b;
	if (addr_is_set(&node))
		evidence(x->f, "%s%s does not answer ARP on %s", addr_str(&node, a),
			 node_suffix(x->e, &node, name, sizeof(name)), x->f->f.dev);
}

/* The tunnel's own packet finds no way, or one that leads back into the tunnel. */
static bool row_no_underlay(const struct facts *x)
{
	const struct link_info *dev = cause_link(x, x->f->f.dev);
	struct addr node = underlay_node(x);
	const struct route *r;

	if (x->f->f.verdict != V_TUNNEL_ERROR || !dev || !addr_is_set(&node) ||
	    judge_dev(x->e, dev->ifindex) != DEV_TUNNEL)
		return false;
	r = mirror__lookup(x->e->mirror, &node);
	return !r || r->type != RTN_UNICAST || (r->nh_cnt && r->nh[0].ifindex == dev->ifindex);
}

static void say_no_underlay(const struct facts *x, struct because *b)
{
	struct addr node = underlay_node(x);
	const struct route *r = mirror__lookup(x->e->mirror, &node);
	char a[ADDR_STRLEN], p[PREFIX_STRLEN];

	(void)b;
	if (!r)
		evidence(x->f, "this node has no route to %s, the tunnel's other end",
			 addr_str(&node, a));
	else
		evidence(x->f,
			 "the route to %s, the tunnel's other end, is %s %s%s%s (protocol %u)",
			 addr_str(&node, a),
			 r->type == RTN_UNICAST	  ? "the tunnel's own" :
			 r->type == RTN_BLACKHOLE ? "a blackhole:" :
			 r->type == RTN_PROHIBIT  ? "prohibited:" :
						    "unreachable:",
			 prefix_str(&r->dst, p), r->type == RTN_UNICAST ? " dev " : "",
			 r->type == RTN_UNICAST ? x->f->f.dev : "", r->protocol);
}

/* ---- WireGuard ---- */

static bool is_wireguard(const struct facts *x)
{
	const struct link_info *l = cause_link(x, x->f->f.dev);

	return x->f->f.verdict == V_TUNNEL_ERROR && l && !strcmp(l->kind, "wireguard");
}

/* wg_xmit() finds no peer whose allowed addresses have the packet's destination (ENOKEY). */
static bool row_no_wg_peer(const struct facts *x)
{
	return is_wireguard(x) && !strcmp(x->f->location, "wg_xmit");
}

/* What waited for a handshake is thrown away when that never comes (drivers/net/wireguard/timers.c). */
static bool row_wg_dead(const struct facts *x)
{
	return is_wireguard(x) && (!strncmp(x->f->location, "wg_packet_purge", 15) ||
				   !strncmp(x->f->location, "wg_expired_", 11));
}

static void say_wg(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "dropped by WireGuard on %s on the way to %s: %s", x->f->f.dev,
		 addr_str(&x->f->example, a),
		 row_no_wg_peer(x) ? "no peer's allowed addresses have it" :
				     "the peer answered no handshake");
}

const struct cause_row cause_tunnel_rows[] = {
	{ C_TUNNEL_MISSING, row_tunnel_missing, NULL, CONF_CERTAIN, cause_say_tunnel,
	  "The tunnel device is gone.",
	  "look at the log of this node's calico-node pod (felix): why does it not make the device?" },
	{ C_TUNNEL_DOWN, row_tunnel_down, NULL, CONF_CERTAIN, cause_say_tunnel,
	  "The tunnel device is down.",
	  "see who took it down (calitrace live tells the process); ip link set tunl0 (or vxlan.calico) up" },
	{ C_TUNNEL_ADDRESS, row_no_address, NULL, CONF_LIKELY, say_no_address,
	  "The tunnel device of this node has no address, so what the node itself sends has the wrong source.",
	  "look at the log of this node's calico-node pod (allocate-tunnel-addrs); restarting that pod sets it" },
	{ C_TUNNEL_ADDRESS, row_others_address, NULL, CONF_LIKELY, say_others_address,
	  "The tunnel device of this node has an address of another node's block.",
	  "compare ip addr here with calicoctl ipam show --ip=ADDRESS; restarting this node's calico-node pod "
	  "sets it anew" },
	{ C_TUNNEL_ADDRESS, row_same_address, NULL, CONF_LIKELY, say_same_address,
	  "Another node's tunnel device has the same address as this one's.",
	  "ask calicoctl ipam show --ip=ADDRESS whose it is; on the node that has it wrongly, restart the "
	  "calico-node pod" },
	{ C_TUNNEL_ADDRESS, row_no_address_there, NULL, CONF_LIKELY, say_no_address_there,
	  "The tunnel device of the node that sends seems to have no address.",
	  "run calitrace check on the node that sends: its check tunnel tells" },
	{ C_WRONG_DEVICE, row_taken_for_near, NULL, CONF_LIKELY, say_taken_for_near,
	  "CrossSubnet takes that node for a neighbour, which it is not.",
	  "compare the prefix length of this node in calicoctl get node -o wide with ip addr here" },
	{ C_VTEP_MISSING, cause_vtep_misled, NULL, CONF_LIKELY, say_misled,
	  "The other node's VTEP is set up wrongly here.",
	  "see bridge fdb show dev vxlan.calico; look at the log of this node's calico-node pod (felix, vxlan)" },
	{ C_VTEP_MISSING, row_vtep, NULL, CONF_CERTAIN, say_vtep,
	  "The other node's VTEP (its end of the VXLAN) is not set up here.",
	  "see ip neigh and bridge fdb show dev vxlan.calico; look at the log of this node's calico-node pod "
	  "(felix, vxlan)" },
	{ C_VTEP_MISSING, row_no_wg_peer, NULL, CONF_LIKELY, say_wg,
	  "WireGuard has no peer for that address.",
	  "compare wg show wireguard.cali with the other node's public key in calicoctl get node -o yaml" },
	{ C_NODE_UNREACHABLE, row_node_unreachable, sure_node_unreachable, CONF_CERTAIN,
	  say_node_unreachable, "The other node does not answer on the underlay.",
	  "check whether that node is up, and the network between the two" },
	{ C_NODE_UNREACHABLE, row_no_underlay, NULL, CONF_CERTAIN, say_no_underlay,
	  "This node has no way to the tunnel's other end.",
	  "see ip route get NODE, and who made the route that it takes: the tunnel's own packets go by it" },
	{ C_NODE_UNREACHABLE, row_wg_dead, NULL, CONF_LIKELY, say_wg,
	  "The WireGuard peer does not answer.",
	  "see latest handshake in wg show wireguard.cali on both nodes, and UDP port 51820 between them" },
};
const size_t cause_tunnel_row_cnt = ARRAY_SIZE(cause_tunnel_rows);
