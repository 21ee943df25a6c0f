// SPDX-License-Identifier: GPL-2.0-only
/* Causes on the packet's own path: devices, foreign routes, settings, tables that are full. */
#include "cause_priv.h"

#include <string.h>

#include "addr.h"
#include "util.h"

/* ---- tunnel devices ---- */

struct tunnel {
	const char *kind;
	const struct link_info *link;
};

static void find_tunnel(void *ctx, const struct link_info *l)
{
	struct tunnel *t = ctx;

	/* Calico's names are fixed: other devices of the kind are somebody else's */
	if (!strcmp(l->kind, t->kind) &&
	    (!strcmp(l->name, "tunl0") || !strcmp(l->name, "vxlan.calico")))
		t->link = l;
}

/* The device that the pool of the destination calls for; false: it calls for none */
static bool tunnel_of(const struct facts *x, struct tunnel *t)
{
	const struct pool *pool = judge_pool(x->e, &x->f->example);

	*t = (struct tunnel){ 0 };
	if (pool && pool->mode == POOL_IPIP)
		t->kind = "ipip";
	else if (pool && pool->mode == POOL_VXLAN)
		t->kind = "vxlan";
	else
		return false;
	mirror__each_link(x->e->mirror, find_tunnel, t);
	return true;
}

/* The route went with its device, or before we started: not by somebody's hand. */
static bool may_be_tunnels(const struct facts *x)
{
	return x->f->f.verdict == V_LINK_DOWN ||
	       (cause_route_missing(x) && (!x->gone || x->gone->flushed));
}

static bool row_tunnel_missing(const struct facts *x)
{
	struct tunnel t;

	return may_be_tunnels(x) && tunnel_of(x, &t) && !t.link;
}

static bool row_tunnel_down(const struct facts *x)
{
	struct tunnel t;

	return may_be_tunnels(x) && tunnel_of(x, &t) && t.link && !t.link->up;
}

static void say_tunnel(const struct facts *x, struct because *b)
{
	struct tunnel t;

	(void)b;
	tunnel_of(x, &t);
	if (t.link)
		evidence(x->f, "%s is down, and routes by it go with it", t.link->name);
	else
		evidence(x->f, "there is no device %s on this node",
			 strcmp(t.kind, "vxlan") ? "tunl0" : "vxlan.calico");
}

/* ---- routes that somebody else changed ---- */

/* Felix' routes into VXLAN are of protocol boot, as those of a hand are: the device tells */
static bool is_vxlans(const struct facts *x, uint8_t protocol, const char *dev)
{
	struct tunnel t;

	return protocol == RTPROT_BOOT && tunnel_of(x, &t) && !strcmp(t.kind, "vxlan") && t.link &&
	       !strcmp(t.link->name, dev);
}

static bool is_daemons(const struct facts *x)
{
	const struct route_ref *r = &x->f->route;

	return r->have_dst && r->dst.len &&
	       (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
		is_vxlans(x, r->protocol, r->dev));
}

static bool was_daemons(const struct facts *x)
{
	const struct route *r = &x->gone->route;

	return r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
	       (r->nh_cnt &&
		is_vxlans(x, r->protocol, mirror__dev(x->e->mirror, r->nh[0].ifindex)));
}

static bool row_foreign(const struct facts *x)
{
	if (cause_route_missing(x) && x->gone && !x->gone->flushed)
		return !owner_is_daemon(&x->gone->by) && was_daemons(x);
	if ((x->f->f.verdict != V_LEAKED && x->f->f.verdict != V_WRONG_NEXTHOP) || x->missing)
		return false;
	return x->f->route.have_dst && x->f->route.dst.len && !is_daemons(x) &&
	       x->f->route.protocol != RTPROT_KERNEL;
}

static void say_foreign(const struct facts *x, struct because *b)
{
	char p[PREFIX_STRLEN];

	if (x->missing && x->gone) {
		b->by = x->gone->by;
		evidence(x->f, "%s[%u] deleted the route %s, which is not its own",
			 x->gone->by.comm, x->gone->by.pid, prefix_str(&x->gone->route.dst, p));
		return;
	}
	evidence(x->f,
		 "the route %s that the packets took is neither BIRD's nor Felix' (protocol %u)",
		 prefix_str(&x->f->route.dst, p), x->f->route.protocol);
}

static enum confidence sure_foreign(const struct facts *x)
{
	return x->missing ? CONF_CERTAIN : CONF_LIKELY;
}

/* Without a tunnel no device can be the wrong one: the gateway is. */
static bool calls_for_none(const struct facts *x)
{
	const struct pool *pool = judge_pool(x->e, &x->f->example);

	return pool && pool->mode == POOL_NONE;
}

static bool row_wrong_device(const struct facts *x)
{
	return x->f->f.verdict == V_LEAKED && !x->missing && is_daemons(x) && !calls_for_none(x);
}

static bool row_wrong_gateway(const struct facts *x)
{
	if (x->f->f.verdict == V_LEAKED && !x->missing && calls_for_none(x))
		return is_daemons(x);
	return x->f->f.verdict == V_WRONG_NEXTHOP && is_daemons(x);
}

static void say_route(const struct facts *x, struct because *b)
{
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "the route is %s via %s dev %s", prefix_str(&x->f->route.dst, p),
		 addr_str(&x->f->route.gw, gw), x->f->route.dev);
}

/* ---- VTEPs, neighbours ---- */

static bool vtep_lacks(const struct facts *x)
{
	const struct obs_vtep *v;

	if (!world_is_fresh(x->e, SOURCE_VTEP) || !addr_is_set(&x->f->gateway))
		return false;
	v = diag_vtep_of(x->e, &x->f->gateway);
	return !v || !v->have_neigh || !v->have_fdb;
}

static bool row_vtep(const struct facts *x)
{
	struct tunnel t;

	return (x->f->f.verdict == V_NEIGH_FAILED || x->f->f.verdict == V_TUNNEL_ERROR) &&
	       tunnel_of(x, &t) && !strcmp(t.kind, "vxlan") && t.link &&
	       !strcmp(t.link->name, x->f->f.dev) && vtep_lacks(x);
}

static void say_vtep(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "VTEP %s lacks its permanent neighbour or its forwarding entry on %s",
		 addr_str(&x->f->gateway, a), x->f->f.dev);
}

static bool row_node_unreachable(const struct facts *x)
{
	return x->f->f.verdict == V_NEIGH_FAILED && x->f->encapsulated && !x->f->in_pod;
}

static void say_node_unreachable(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	if (addr_is_set(&x->f->encap_dst))
		evidence(x->f, "%s does not answer ARP on %s", addr_str(&x->f->encap_dst, a),
			 x->f->f.dev);
}

/* ---- settings ---- */

/* The device of the pod that asked, by its route */
static uint32_t asker_dev(const struct facts *x)
{
	const struct route *r =
		x->f->sample_cnt ?
			mirror__lookup_len(x->e->mirror, &x->f->sample[0].asker, 32, 32) :
			NULL;

	return r && r->nh_cnt ? r->nh[0].ifindex : 0;
}

static bool row_proxy_arp(const struct facts *x)
{
	const struct obs_sysctl *s = world_sysctl(x->e, asker_dev(x));

	return x->f->f.verdict == V_NEIGH_FAILED && x->f->in_pod && s && asker_dev(x) &&
	       s->proxy_arp == 0;
}

static void say_proxy_arp(const struct facts *x, struct because *b)
{
	(void)b;
	evidence(x->f, "net.ipv4.conf.%s.proxy_arp is 0", mirror__dev(x->e->mirror, asker_dev(x)));
}

static bool row_forwarding(const struct facts *x)
{
	return x->f->f.verdict == V_FORWARDING_OFF;
}

static void say_forwarding(const struct facts *x, struct because *b)
{
	const struct obs_sysctl *all = world_sysctl(x->e, 0);

	(void)b;
	if (all && all->ip_forward == 0)
		evidence(x->f, "net.ipv4.ip_forward is 0");
}

static bool row_mtu(const struct facts *x)
{
	return x->f->f.verdict == V_TOO_BIG;
}

/* ---- tables ---- */

static bool is_full(const struct facts *x, enum fill what)
{
	const struct obs_fill *f = world_fill(x->e, what);

	return f && f->max && f->cnt >= f->max;
}

static bool row_conntrack(const struct facts *x)
{
	return x->f->f.verdict == V_FILTERED && is_full(x, FILL_CONNTRACK) &&
	       (x->f->nf_hook == NF_HOOK_PREROUTING || x->f->nf_hook == NF_HOOK_OUTPUT);
}

static void say_conntrack(const struct facts *x, struct because *b)
{
	const struct obs_fill *f = world_fill(x->e, FILL_CONNTRACK);

	(void)b;
	evidence(x->f, "conntrack holds %llu of %llu entries", (unsigned long long)f->cnt,
		 (unsigned long long)f->max);
}

static bool row_neigh_table(const struct facts *x)
{
	return x->f->f.verdict == V_NEIGH_FAILED && is_full(x, FILL_NEIGH);
}

const struct cause_row cause_path_rows[] = {
	{ C_TUNNEL_MISSING, row_tunnel_missing, NULL, CONF_CERTAIN, say_tunnel,
	  "The tunnel device is gone.",
	  "look at the log of this node's calico-node pod (felix): why does it not make the device?" },
	{ C_TUNNEL_DOWN, row_tunnel_down, NULL, CONF_CERTAIN, say_tunnel,
	  "The tunnel device is down.",
	  "see who took it down (calitrace live tells the process); ip link set tunl0 (or vxlan.calico) up" },
	{ C_FOREIGN_ROUTE_CHANGE, row_foreign, sure_foreign, CONF_CERTAIN, say_foreign,
	  "Somebody else than the routing daemon changed the route.",
	  "find out what that program is for; keep it off Calico's routes and devices" },
	{ C_WRONG_DEVICE, row_wrong_device, NULL, CONF_CERTAIN, say_route,
	  "The routing daemon's own route leaves by another device than the tunnel.",
	  "see whether the tunnel device was there when the route came (felix log); birdcl show route all" },
	{ C_WRONG_GATEWAY, row_wrong_gateway, NULL, CONF_LIKELY, say_route,
	  "The routing daemon's own route leads to the wrong node.",
	  "compare calicoctl get node -o wide with where the block's pods really are" },
	{ C_VTEP_MISSING, row_vtep, NULL, CONF_CERTAIN, say_vtep,
	  "The other node's VTEP is not set up here.",
	  "look at the log of this node's calico-node pod (felix, vxlan)" },
	{ C_NODE_UNREACHABLE, row_node_unreachable, NULL, CONF_CERTAIN, say_node_unreachable,
	  "The other node does not answer on the underlay.",
	  "check whether that node is up, and the network between the two" },
	{ C_PROXY_ARP_OFF, row_proxy_arp, NULL, CONF_CERTAIN, say_proxy_arp,
	  "Proxy ARP is off on the pod's device.",
	  "find out what reset it (sysctl --system); Felix sets it again when the device comes up anew" },
	{ C_FORWARDING_DISABLED, row_forwarding, NULL, CONF_CERTAIN, say_forwarding,
	  "Forwarding is switched off there.",
	  "find out what reset it (sysctl --system, docker): sysctl net.ipv4.ip_forward, net.ipv4.conf" },
	{ C_MTU_MISMATCH, row_mtu, NULL, CONF_LIKELY, NULL,
	  "The MTU on the way is smaller than the sender takes it to be.",
	  "compare the MTU of the pod's eth0, of the tunnel and of the uplink: ip link" },
	{ C_CONNTRACK_FULL, row_conntrack, NULL, CONF_LIKELY, say_conntrack,
	  "The conntrack table is full.",
	  "see what fills it (conntrack -S, conntrack -L), then raise net.netfilter.nf_conntrack_max" },
	{ C_NEIGH_TABLE_FULL, row_neigh_table, NULL, CONF_LIKELY, NULL,
	  "The neighbour table is full.", "raise net.ipv4.neigh.default.gc_thresh3" },
};
const size_t cause_path_row_cnt = ARRAY_SIZE(cause_path_rows);
