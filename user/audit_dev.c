// SPDX-License-Identifier: GPL-2.0-only
/* The audit of devices and settings: tunnels, sysctls, allow-lists, tables that fill up. */
#include <string.h>

#include "addr.h"
#include "audit.h"

/* ---- tunnel devices ---- */

struct tunnel {
	const struct audit *a;
	const char *kind;
	const struct link_info *link;
	bool addressed, own_block;
	struct addr others; /* its address that is of another node's block, family 0: none is */
};

/* Calico's names are fixed: other devices of the kind are somebody else's. */
static bool is_named(const struct link_info *l)
{
	return !strcmp(l->name, "tunl0") || !strcmp(l->name, "vxlan.calico");
}

static void find_tunnel(void *ctx, const struct link_info *l)
{
	struct tunnel *t = ctx;

	if (!strcmp(l->kind, t->kind) && is_named(l))
		t->link = l;
}

const struct link_info *audit_tunnel_dev(const struct engine *e, const char *kind)
{
	struct tunnel t = { .kind = kind };

	mirror__each_link(e->mirror, find_tunnel, &t);
	return t.link;
}

static void has_address(void *ctx, const struct obs_addr *o)
{
	struct tunnel *t = ctx;

	if (o->ifindex != t->link->ifindex || !judge_pool(t->a->e, &o->address.addr))
		return;
	t->addressed = true;
	if (owner_is_other(t->a->e, &o->address.addr))
		t->others = o->address.addr;
}

/* Two nodes may have the same one (calicoctl#1866); or it was borrowed, and the others know. */
static void say_others(struct audit *a, const struct tunnel *t)
{
	const struct owner *o = owner_for(a->e, &t->others);
	char own[ADDR_STRLEN], gw[ADDR_STRLEN] = "?", p[PREFIX_STRLEN] = "?";

	if (o) {
		addr_str(&o->gw, gw);
		prefix_str(&o->block, p);
	}
	audit_raise(a, CHECK_WARN, C_TUNNEL_ADDRESS);
	audit_say(
		a,
		"%s has an address of another node's block: replies to what this node itself sends "
		"may go there.",
		t->link->name);
	audit_evidence(a, "%s of %s is in %s, whose route leads to %s", addr_str(&t->others, own),
		       t->link->name, p, gw);
	audit_advise(
		a, "calicoctl ipam show --ip=%s says whose it is; on other nodes: ip route get %s",
		own, own);
}

static void has_block(void *ctx, const struct route *r)
{
	struct tunnel *t = ctx;

	t->own_block |= r->type == RTN_BLACKHOLE && judge_pool(t->a->e, &r->dst.addr);
}

/* The MTU of the device that leads to the peers, 0: not known */
static uint32_t underlay_mtu(const struct audit *a)
{
	for (uint32_t i = 0; i < a->d->peers.cnt; i++) {
		const struct obs_answer *ans = world_answer(a->e, &a->d->peers.peer[i].addr);
		const struct link_info *l =
			ans && !ans->err ? mirror__link_info(a->e->mirror, ans->ifindex) : NULL;

		if (l)
			return l->mtu;
	}
	return 0;
}

/* IPv4's own header, and UDP, VXLAN and Ethernet for VXLAN (RFC 7348) */
static uint32_t overhead(const char *kind)
{
	return strcmp(kind, "vxlan") ? 20 : 50;
}

/* A node that no pool selects has no block, and no address of one. */
static void examine_address(struct audit *a, struct tunnel *t)
{
	mirror__each_addr(a->e->mirror, has_address, t);
	if (addr_is_set(&t->others))
		say_others(a, t);
	if (t->addressed)
		return;
	mirror__each_route(a->e->mirror, has_block, t);
	audit_raise(a, t->own_block ? CHECK_PROBLEM : CHECK_WARN, C_TUNNEL_ADDRESS);
	audit_say(a,
		  "%s has no address of a pool: what the node itself sends to pods has the wrong "
		  "source.",
		  t->link->name);
	audit_evidence(a, "no address of %s lies in a pool%s", t->link->name,
		       t->own_block ? ", and this node has a block" : "; it has no block, either");
	audit_advise(
		a, "look at the log of this node's calico-node pod (felix, allocate-tunnel-addrs)");
}

static void examine_mtu(struct audit *a, const struct tunnel *t)
{
	uint32_t under = underlay_mtu(a), over = overhead(t->kind);

	if (under <= over || t->link->mtu + over <= under)
		return;
	audit_raise(a, CHECK_WARN, C_MTU_MISMATCH);
	audit_say(a,
		  "The MTU of %s is %u, the underlay's %u: %u octets of encapsulation do not fit.",
		  t->link->name, t->link->mtu, under, over);
	audit_evidence(a, "%u + %u > %u", t->link->mtu, over, under);
	audit_advise(a, "set Calico's mtu to %u or less", under - over);
}

struct pods {
	const struct audit *a;
	const struct link_info *widest;
	uint32_t cnt, limit;
};

static void pod_mtu(void *ctx, const struct link_info *l)
{
	struct pods *p = ctx;

	if (!l->up || judge_dev(p->a->e, l->ifindex) != DEV_WORKLOAD || l->mtu <= p->limit)
		return;
	p->cnt++;
	if (!p->widest || l->mtu > p->widest->mtu)
		p->widest = l;
}

/* Felix gives pods the tunnel's MTU; what they send beyond it comes back, or is lost. */
static void examine_pods_mtu(struct audit *a, const struct tunnel *t)
{
	struct pods p = { .a = a, .limit = t->link->mtu };

	mirror__each_link(a->e->mirror, pod_mtu, &p);
	if (!p.cnt)
		return;
	audit_raise(a, CHECK_WARN, C_MTU_MISMATCH);
	audit_say(a, "The MTU of %s is %u, smaller than that of %u pod%s.", t->link->name,
		  t->link->mtu, p.cnt, p.cnt == 1 ? "" : "s");
	audit_evidence(a, "the MTU of %s is %u", p.widest->name, p.widest->mtu);
	audit_advise(a, "make Calico's mtu fit, and restart pods that are older than it");
}

static void examine_tunnel(struct audit *a, const char *kind)
{
	struct tunnel t = { .a = a, .kind = kind };

	t.link = audit_tunnel_dev(a->e, kind);
	if (!t.link) {
		audit_raise(a, CHECK_PROBLEM, C_TUNNEL_MISSING);
		audit_say(a, "A pool calls for %s, and there is no device %s.", kind,
			  strcmp(kind, "vxlan") ? "tunl0" : "vxlan.calico");
		audit_evidence(a, "no link of that name is in the node's network namespace");
		audit_advise(
			a,
			"look at the log of this node's calico-node pod (felix), and at modprobe %s",
			kind);
		return;
	}
	if (!t.link->up) {
		audit_raise(a, CHECK_PROBLEM, C_TUNNEL_DOWN);
		audit_say(a, "%s is down.", t.link->name);
		audit_evidence(a, "the link %s (%u) is not administratively up", t.link->name,
			       t.link->ifindex);
		audit_advise(a, "ip link set %s up; Felix does so within 10 s where it runs",
			     t.link->name);
		return;
	}
	examine_address(a, &t);
	examine_mtu(a, &t);
	examine_pods_mtu(a, &t);
}

/* CrossSubnet needs a device as well, and which one the mode does not tell. */
static void examine_crosssubnet(struct audit *a)
{
	const struct link_info *ipip = audit_tunnel_dev(a->e, "ipip");
	const struct link_info *vxlan = audit_tunnel_dev(a->e, "vxlan");

	if ((ipip && ipip->up) || (vxlan && vxlan->up))
		return;
	audit_raise(a, CHECK_PROBLEM, ipip || vxlan ? C_TUNNEL_DOWN : C_TUNNEL_MISSING);
	audit_say(a, "A pool calls for a tunnel to nodes of other subnets, and there is none.");
	audit_evidence(a, "neither tunl0 nor vxlan.calico is up in the node's network namespace");
	audit_advise(a, "look at the log of this node's calico-node pod (felix)");
}

void audit_tunnel(struct audit *a)
{
	bool ipip = false, vxlan = false, known = false;

	audit_begin(a, "tunnel", true);
	for (uint32_t i = 0; i < a->e->pools.cnt; i++) {
		enum pool_mode m = a->e->pools.pool[i].mode;

		ipip |= m == POOL_IPIP;
		vxlan |= m == POOL_VXLAN;
		known |= m != POOL_UNKNOWN;
	}
	if (!known) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(
			a,
			"Nothing tells how the pools are encapsulated; name it: --pool CIDR=ipip (or "
			"=vxlan, =crosssubnet, =none).");
	}
	if (ipip)
		examine_tunnel(a, "ipip");
	if (vxlan)
		examine_tunnel(a, "vxlan");
	if (!ipip && !vxlan && audit_tunnels(a, POOL_CROSSSUBNET))
		examine_crosssubnet(a);
	audit_vteps(a);
	if (a->c.state == CHECK_OK)
		audit_say(a, ipip || vxlan ?
				     "The tunnel device is up, addressed, and its MTU fits." :
				     "No pool calls for a tunnel everywhere.");
	audit_end(a);
}

/* ---- sysctls ---- */

struct sysctls {
	struct audit *a;
	uint32_t seen, off, silent;
};

/* Pods' devices, and Calico's own tunnels: others may well forward nothing */
static bool carries(const struct audit *a, const struct link_info *l)
{
	return l->up && a->e->pools.cnt &&
	       (judge_dev(a->e, l->ifindex) == DEV_WORKLOAD || is_named(l) ||
		!strcmp(l->name, "wireguard.cali"));
}

static void examine_sysctl(void *ctx, const struct link_info *l)
{
	struct sysctls *s = ctx;
	const struct obs_sysctl *v = world_sysctl(s->a->e, l->ifindex);

	if (!v || !carries(s->a, l))
		return;
	s->seen++;
	if (v->forwarding == 0) {
		s->off++;
		audit_raise(s->a, CHECK_PROBLEM, C_FORWARDING_DISABLED);
		audit_evidence(s->a, "net.ipv4.conf.%s.forwarding is 0", l->name);
	}
	if (v->proxy_arp == 0 && judge_dev(s->a->e, l->ifindex) == DEV_WORKLOAD) {
		s->silent++;
		audit_raise(s->a, CHECK_PROBLEM, C_PROXY_ARP_OFF);
		audit_evidence(s->a, "net.ipv4.conf.%s.proxy_arp is 0", l->name);
	}
}

void audit_sysctl(struct audit *a)
{
	const struct obs_sysctl *all = world_sysctl(a->e, 0);
	struct sysctls s = { .a = a };

	audit_begin(a, "sysctl", true);
	if (!all || all->ip_forward < 0) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "/proc/sys/net/ipv4 could not be read.");
		audit_end(a);
		return;
	}
	/* without pools this is no node of Calico's, and may well forward nothing */
	if (!all->ip_forward && a->e->pools.cnt) {
		audit_raise(a, CHECK_PROBLEM, C_FORWARDING_DISABLED);
		audit_say(a, "This node forwards nothing: net.ipv4.ip_forward is 0.");
		audit_evidence(a, "/proc/sys/net/ipv4/ip_forward is 0");
	}
	mirror__each_link(a->e->mirror, examine_sysctl, &s);
	if (s.off && all->ip_forward)
		audit_say(a, "Forwarding is off on %u of %u devices of pods and tunnels.", s.off,
			  s.seen);
	if (s.silent)
		audit_say(a, "Proxy ARP is off on %u pod device%s: such a pod finds no gateway.",
			  s.silent, s.silent == 1 ? "" : "s");
	if (a->c.state == CHECK_OK)
		audit_say(a, "Forwarding and proxy ARP are on where they have to be.");
	else
		audit_advise(
			a,
			"find out what reset it (sysctl --system, docker); Felix sets it again when "
			"the device comes up anew or calico-node starts");
	audit_end(a);
}

/* ---- allow-lists of tunnel packets ---- */

bool audit_tunnels(const struct audit *a, enum pool_mode mode)
{
	for (uint32_t i = 0; i < a->e->pools.cnt; i++)
		if (a->e->pools.pool[i].mode == mode)
			return true;
	return false;
}

static void unlisted(struct audit *a, const struct addr *who, uint8_t list, bool sure,
		     const char *what)
{
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];

	if (owner_is_listed(a->e, who, list))
		return;
	audit_raise(a, sure ? CHECK_PROBLEM : CHECK_WARN, C_PEER_NOT_IN_ALLOWLIST);
	audit_evidence(a, "%s%s %s, and is not on the list", addr_str(who, addr),
		       node_suffix(a->e, who, node, sizeof(node)), what);
}

/* A node without a VTEP is rightly not on VXLAN's list; one that just joined may come later. */
static void examine_list(struct audit *a, uint8_t list)
{
	const struct diag *d = a->d;

	for (uint32_t i = 0; i < d->peers.cnt; i++) {
		const struct peer_view *p = &d->peers.peer[i];

		if (peer_owns_block(a->e, p) && (list == NODES_IPIP || diag_routes_by(d, &p->addr)))
			unlisted(a, &p->addr, list, p->up || diag_routes_by(d, &p->addr),
				 "is a node of the cluster");
	}
	/* networks that were let in as a whole are not told */
	if (d->stray.have && d->stray.conf != CONF_UNCLEAR)
		unlisted(a, &d->stray.knocker, list, false, "behaves like a node of the cluster");
}

void audit_allowlist(struct audit *a)
{
	uint8_t list = audit_tunnels(a, POOL_IPIP)  ? NODES_IPIP :
		       audit_tunnels(a, POOL_VXLAN) ? NODES_VXLAN :
						      0;

	audit_begin(a, "allowlist", false);
	if (!list) {
		audit_say(a, "No pool calls for a tunnel everywhere.");
	} else if (!(a->e->node_lists & list)) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "Felix' list of tunnel peers (ipset) is not to be read here.");
	} else {
		examine_list(a, list);
		if (a->c.state == CHECK_OK)
			audit_say(a, "Felix' list of tunnel peers has %u nodes; none is missing.",
				  owner_listed_cnt(a->e, list));
		else
			audit_say(
				a,
				"Nodes are missing on Felix' list of tunnel peers: this node drops "
				"their tunnel packets.");
		if (a->c.state != CHECK_OK)
			audit_advise(a, "see check node-address on those nodes");
	}
	audit_end(a);
}

/* ---- tables ---- */

static void examine_fill(struct audit *a, enum fill what, const char *name, enum cause cause)
{
	const struct obs_fill *f = world_fill(a->e, what);

	if (!f || !f->max || f->cnt * 10 < f->max * 9)
		return;
	audit_raise(a, f->cnt >= f->max ? CHECK_PROBLEM : CHECK_WARN, cause);
	audit_say(a, "The %s table is %s.", name, f->cnt >= f->max ? "full" : "almost full");
	audit_evidence(a, "it holds %llu of %llu entries", (unsigned long long)f->cnt,
		       (unsigned long long)f->max);
}

void audit_tables(struct audit *a)
{
	audit_begin(a, "tables", false);
	examine_fill(a, FILL_CONNTRACK, "conntrack", C_CONNTRACK_FULL);
	examine_fill(a, FILL_NEIGH, "neighbour", C_NEIGH_TABLE_FULL);
	if (a->c.state != CHECK_OK)
		audit_advise(a,
			     "see what fills it (conntrack -S, ip -s neigh), then raise its limit");
	else if (world_is_fresh(a->e, SOURCE_FILL))
		audit_say(a, "Conntrack and neighbour table have room.");
	else {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "Their fill could not be read.");
	}
	audit_end(a);
}
