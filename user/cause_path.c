// SPDX-License-Identifier: GPL-2.0-only
/* Causes on the packet's own path: routes and who made them, switches of the node. */
#include "cause_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "util.h"

/* ---- routes that somebody else changed ---- */

/* Felix' routes into VXLAN are of protocol boot, as those of a hand are: the device tells */
static bool is_vxlans(const struct facts *x, uint8_t protocol, const char *dev)
{
	struct tunnel t;

	return protocol == RTPROT_BOOT && cause_tunnel(x, &t) && !strcmp(t.kind, "vxlan") &&
	       t.link && !strcmp(t.link->name, dev);
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

/* Who deleted it, by the start of the process' name (15 octets of it are known) */
static bool deleted_by(const struct facts *x, const char *comm)
{
	return row_foreign(x) && x->missing && x->gone &&
	       !strncmp(x->gone->by.comm, comm, strlen(comm));
}

static bool row_by_networkmanager(const struct facts *x)
{
	return deleted_by(x, "NetworkManager");
}

static bool row_by_networkd(const struct facts *x)
{
	return deleted_by(x, "systemd-network");
}

static bool row_by_dhcp(const struct facts *x)
{
	return deleted_by(x, "dhclient") || deleted_by(x, "dhcpcd") || deleted_by(x, "udhcpc");
}

static bool row_by_hand(const struct facts *x)
{
	return row_foreign(x) && x->missing && x->gone &&
	       (!strcmp(x->gone->by.comm, "ip") || !strcmp(x->gone->by.comm, "route"));
}

static bool row_by_others(const struct facts *x)
{
	return row_foreign(x) && !row_by_networkmanager(x) && !row_by_networkd(x) &&
	       !row_by_dhcp(x) && !row_by_hand(x);
}

/* As iproute2's rt_protos has them */
static const char *protocol_of(uint8_t protocol)
{
	switch (protocol) {
	case RTPROT_BOOT:
		return "boot: ip route, by hand or a script";
	case RTPROT_STATIC:
		return "static: an administrator's, NetworkManager's or systemd-networkd's";
	case RTPROT_DHCP:
		return "dhcp";
	default:
		return "another program's";
	}
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
	evidence(
		x->f,
		"the route %s that the packets took is neither BIRD's nor Felix' (protocol %u, %s)",
		prefix_str(&x->f->route.dst, p), x->f->route.protocol,
		protocol_of(x->f->route.protocol));
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

/* BIRD takes the device that leads to the next hop, where there is no tunnel to take. */
static bool row_no_tunnel(const struct facts *x)
{
	struct tunnel t;

	return row_wrong_device(x) && cause_tunnel(x, &t) && !t.link;
}

static bool row_wrong_gateway(const struct facts *x)
{
	if (cause_vtep_misled(x))
		return false;
	if (x->f->f.verdict == V_LEAKED && !x->missing && calls_for_none(x))
		return is_daemons(x);
	return x->f->f.verdict == V_WRONG_NEXTHOP && is_daemons(x);
}

static void say_route(const struct facts *x, struct because *b)
{
	const struct pool *pool = judge_pool(x->e, &x->f->example);
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];
	const struct owner *o = owner_for(x->e, &x->f->example);

	(void)b;
	if (x->f->f.verdict == V_LEAKED && pool)
		evidence(x->f, "the pool %s is encapsulated: %s", prefix_str(&pool->cidr, p),
			 pool_mode_name(pool->mode));
	else if (o && addr_is_set(&o->gw) && !addr_eq(&o->gw, &x->f->route.gw))
		evidence(x->f, "the block %s was %s's%s by the routes seen before",
			 prefix_str(&o->block, p), addr_str(&o->gw, gw),
			 node_suffix(x->e, &o->gw, node, sizeof(node)));
	evidence(x->f, "the route is %s via %s dev %s", prefix_str(&x->f->route.dst, p),
		 addr_str(&x->f->route.gw, gw), x->f->route.dev);
}

/* ---- a service's address ---- */

/* BIRD has a blackhole for the service network that it announces: what has not been translated ends there. */
static bool row_service_blackhole(const struct facts *x)
{
	/* cause_service.c knows more of it, where it knows anything */
	return x->f->f.verdict == V_BLACKHOLE && x->f->external && x->f->route.have_dst &&
	       !cause_not_translated(x) && !judge_pool(x->e, &x->f->route.dst.addr) &&
	       (x->f->route.protocol == RTPROT_BIRD || x->f->route.protocol == RTPROT_FELIX);
}

static void say_service_blackhole(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN], p[PREFIX_STRLEN];

	(void)b;
	evidence(
		x->f,
		"%s lies in no pool, and the blackhole %s is of protocol %u: a network of services "
		"that this node announces",
		addr_str(&x->f->example, a), prefix_str(&x->f->route.dst, p), x->f->route.protocol);
}

/* ---- who programs the routes ---- */

/* Another pool's routes may well have another owner. */
struct owners {
	const struct engine *e;
	struct route_owners *o;
};

/* The tunnel's other kind: Felix' routes into VXLAN are of protocol boot. */
static bool in_calicos_vxlan(const struct engine *e, const struct route *r)
{
	const struct link_info *l = mirror__link_info(e->mirror, r->nh[0].ifindex);

	return r->protocol == RTPROT_BOOT && l && !strcmp(l->name, "vxlan.calico");
}

static void count_owner(void *ctx, const struct route *r)
{
	const struct engine *e = ((struct owners *)ctx)->e;
	struct route_owners *o = ((struct owners *)ctx)->o;

	if (r->table != TABLE_MAIN || judge_pool(e, &r->dst.addr) != o->pool)
		return;
	o->own_felix |= r->type == RTN_BLACKHOLE && r->protocol == RTPROT_FELIX;
	if (r->type != RTN_UNICAST || !r->nh_cnt || !addr_is_set(&r->nh[0].gw))
		return;
	o->bird += r->protocol == RTPROT_BIRD;
	o->felix += r->protocol == RTPROT_FELIX || in_calicos_vxlan(e, r);
}

/* The same as long as no route changes, and findings are explained again and again */
static struct route_owners count_pools(const struct facts *x, const struct pool *pool)
{
	struct route_owners *o = &x->e->diag->owners;
	uint64_t version = way_version(x->e);

	if (o->version == version && o->pool == pool)
		return *o;
	*o = (struct route_owners){ .pool = pool, .version = version };
	if (pool)
		mirror__each_route(x->e->mirror, count_owner,
				   &(struct owners){ .e = x->e, .o = o });
	return *o;
}

bool cause_felix_routes(const struct facts *x, const struct pool *pool)
{
	struct route_owners o;

	if (!pool)
		return false;
	o = count_pools(x, pool);
	/*
	 * None at all is left: then the own block's blackhole tells, or BIRD's configuration, which
	 * leaves VXLAN to Felix in any case.
	 */
	return !o.bird && (o.felix || o.own_felix ||
			   (x->e->world.conf.felix_owns && pool->mode != POOL_VXLAN));
}

static bool row_owner_conflict(const struct facts *x)
{
	struct route_owners o;

	if (!cause_route_missing(x) || x->all_down)
		return false;
	o = count_pools(x, judge_pool(x->e, &cause_lost_block(x)->addr));
	return o.bird && o.felix;
}

static void say_owner_conflict(const struct facts *x, struct because *b)
{
	(void)b;
	evidence(x->f,
		 "some routes to blocks are BIRD's (protocol 12), others Felix' (protocol 80)%s",
		 x->e->world.conf.felix_owns ? "; bird_ipam.cfg leaves them to Felix" : "");
}

/*
 * BIRD is told to leave the pool to Felix, and Felix has put no route there: each leaves it to the
 * other. BIRD itself has learnt the block, so the other node is there. VXLAN is always Felix'.
 */
static bool row_no_owner(const struct facts *x)
{
	const struct prefix *block = cause_lost_block(x);
	const struct pool *pool = judge_pool(x->e, &block->addr);
	struct route_owners o;

	if (!cause_route_missing(x) || !x->e->world.conf.felix_owns || !pool ||
	    pool->mode == POOL_VXLAN || pool->mode == POOL_UNKNOWN || bird_recovers(x->e) ||
	    !world_is_fresh(x->e, SOURCE_BIRD) || !world_broute_of(x->e, block) || x->all_down)
		return false;
	/* what BIRD said before the route went is not what it has now */
	if (x->gone && x->e->world.told_ns[SOURCE_BIRD] < x->gone->ts_ns)
		return false;
	o = count_pools(x, pool);
	return !o.bird && !o.felix;
}

static void say_no_owner(const struct facts *x, struct because *b)
{
	char p[PREFIX_STRLEN];

	(void)b;
	evidence(x->f,
		 "bird_ipam.cfg leaves the routes to Felix, BIRD has %s, and no route of Felix "
		 "(protocol 80) leads into the pool",
		 prefix_str(cause_lost_block(x), p));
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
	const struct link_info *l = cause_link(x, x->f->f.dev);
	const struct obs_sysctl *own = l ? world_sysctl(x->e, l->ifindex) : NULL;
	const struct obs_sysctl *all = world_sysctl(x->e, 0);

	(void)b;
	if (all && all->ip_forward == 0)
		evidence(x->f, "net.ipv4.ip_forward is 0");
	else if (own && own->forwarding == 0)
		evidence(x->f, "net.ipv4.conf.%s.forwarding is 0", l->name);
}

const struct cause_row cause_path_rows[] = {
	{ C_FOREIGN_ROUTE_CHANGE, row_by_networkmanager, sure_foreign, CONF_CERTAIN, say_foreign,
	  "NetworkManager deleted the route, which is not its own.",
	  "keep it off Calico's devices: in /etc/NetworkManager/conf.d/calico.conf [keyfile] "
	  "unmanaged-devices=interface-name:cali*;interface-name:tunl*;interface-name:vxlan.calico" },
	{ C_FOREIGN_ROUTE_CHANGE, row_by_networkd, sure_foreign, CONF_CERTAIN, say_foreign,
	  "systemd-networkd deleted the route, which is not its own.",
	  "set ManageForeignRoutes=no under [Network] in /etc/systemd/networkd.conf, then systemctl restart "
	  "systemd-networkd" },
	{ C_FOREIGN_ROUTE_CHANGE, row_by_dhcp, sure_foreign, CONF_CERTAIN, say_foreign,
	  "A DHCP client deleted the route, which is not its own.",
	  "see what its hooks do to routes when the lease is renewed; keep it off Calico's devices" },
	{ C_FOREIGN_ROUTE_CHANGE, row_by_hand, sure_foreign, CONF_CERTAIN, say_foreign,
	  "Somebody's command (ip route) deleted the route.",
	  "find who or which script runs ip route here (history, cron, hooks); restarting this node's "
	  "calico-node pod puts the routes back" },
	{ C_FOREIGN_ROUTE_CHANGE, row_by_others, sure_foreign, CONF_CERTAIN, say_foreign,
	  "Somebody else than the routing daemon changed the route.",
	  "find out what that program is for; keep it off Calico's routes and devices" },
	{ C_WRONG_DEVICE, row_wrong_device, NULL, CONF_CERTAIN, say_route,
	  "The routing daemon's own route leaves by another device than the tunnel.",
	  "see whether the tunnel device was there when the route came (felix log); birdcl show route all" },
	{ C_TUNNEL_MISSING, row_no_tunnel, NULL, CONF_CERTAIN, cause_say_tunnel,
	  "The tunnel device is gone.",
	  "look at the log of this node's calico-node pod (felix): why does it not make the device?" },
	{ C_WRONG_GATEWAY, row_wrong_gateway, NULL, CONF_LIKELY, say_route,
	  "The routing daemon's own route leads to the wrong node.",
	  "compare calicoctl get node -o wide with where the block's pods really are" },
	{ C_PROXY_ARP_OFF, row_proxy_arp, NULL, CONF_CERTAIN, say_proxy_arp,
	  "Proxy ARP is off on the pod's device.",
	  "find out what reset it (sysctl --system); Felix sets it again when the device comes up anew" },
	{ C_FORWARDING_DISABLED, row_forwarding, NULL, CONF_CERTAIN, say_forwarding,
	  "Forwarding is switched off there.",
	  "find out what reset it (sysctl --system, docker): sysctl net.ipv4.ip_forward, net.ipv4.conf" },
	{ C_ROUTE_OWNER_CONFLICT, row_owner_conflict, NULL, CONF_LIKELY, say_owner_conflict,
	  "BIRD and Felix both program routes, or each leaves them to the other.",
	  "compare programClusterRoutes in the FelixConfiguration with BGPConfiguration" },
	{ C_ROUTE_OWNER_CONFLICT, row_no_owner, NULL, CONF_LIKELY, say_no_owner,
	  "BIRD leaves the routes of this pool to Felix, and Felix does not program them.",
	  "compare programClusterRoutes in the FelixConfiguration with BGPConfiguration" },
	{ C_NOT_TRANSLATED, row_service_blackhole, NULL, CONF_LIKELY, say_service_blackhole,
	  "The service's address was not translated to a pod's.",
	  "see whether kube-proxy runs here and knows the service: iptables-save -t nat, ipvsadm -Ln" },
};
const size_t cause_path_row_cnt = ARRAY_SIZE(cause_path_rows);
