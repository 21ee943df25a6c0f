// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel refuses by its settings, by sizes, checksums and full tables. These causes are near the
 * symptom: those of the node and of the routes, which come behind, may go deeper.
 */
#include "cause_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "util.h"

#define TABLE_LOCAL 255 /* linux/rtnetlink.h, RT_TABLE_LOCAL */

/* ---- devices by their names ---- */

struct by_name {
	const char *name;
	const struct link_info *link;
};

static void match_name(void *ctx, const struct link_info *l)
{
	struct by_name *b = ctx;

	if (!strcmp(l->name, b->name))
		b->link = l;
}

const struct link_info *cause_link(const struct facts *x, const char *name)
{
	struct by_name b = { .name = name };

	if (name[0])
		mirror__each_link(x->e->mirror, match_name, &b);
	return b.link;
}

static bool came_by(const struct facts *x, enum dev_class class)
{
	const struct link_info *l = cause_link(x, x->f->f.dev);

	return l && judge_dev(x->e, l->ifindex) == class;
}

/* ---- rp_filter: the way back to who sent it ---- */

/* Whom the kernel looked up: of a tunnel's packet the other node */
static const struct addr *sender(const struct facts *x)
{
	return x->f->encapsulated ? &x->f->encap_src : &x->f->first.src;
}

/* One hop of several by that device is enough (fib_validate_source, CONFIG_IP_ROUTE_MULTIPATH). */
static bool leads_by(const struct facts *x, const struct route *r, const char *dev)
{
	for (int i = 0; r && r->type == RTN_UNICAST && i < r->nh_cnt; i++)
		if (!strcmp(mirror__dev(x->e->mirror, r->nh[i].ifindex), dev))
			return true;
	return false;
}

struct elsewhere_route {
	const struct facts *x;
	const struct route *found;
};

static void other_table(void *ctx, const struct route *r)
{
	struct elsewhere_route *o = ctx;

	if (r->table != TABLE_MAIN && r->table != TABLE_LOCAL && r->type == RTN_UNICAST &&
	    prefix_has(&r->dst, sender(o->x)) && !leads_by(o->x, r, o->x->f->f.dev))
		o->found = r;
}

/* A route of another table that rules may send the way back to */
static const struct route *route_of_rules(const struct facts *x)
{
	struct elsewhere_route o = { .x = x };

	mirror__each_route(x->e->mirror, other_table, &o);
	return o.found;
}

bool cause_refused_by_rpf(const struct facts *x)
{
	const struct addr *src = sender(x);

	return x->f->f.verdict == V_RP_FILTER && !x->f->in_pod && x->f->f.dev[0] &&
	       addr_is_set(src);
}

static bool row_asymmetric(const struct facts *x)
{
	if (!cause_refused_by_rpf(x) || came_by(x, DEV_WORKLOAD))
		return false;
	return !leads_by(x, mirror__lookup(x->e->mirror, sender(x)), x->f->f.dev) ||
	       route_of_rules(x);
}

/* Which table a rule chose for the way back is not seen. */
static enum confidence sure_asymmetric(const struct facts *x)
{
	return route_of_rules(x) ? CONF_LIKELY : CONF_CERTAIN;
}

static void way_back_str(const struct facts *x, const struct route *r, char *buf, size_t sz)
{
	char gw[ADDR_STRLEN], p[PREFIX_STRLEN];

	if (!r)
		snprintf(buf, sz, "there is no route back");
	else if (r->type != RTN_UNICAST || !r->nh_cnt)
		snprintf(buf, sz, "the way back ends in the route %s, which leads nowhere",
			 prefix_str(&r->dst, p));
	else
		snprintf(buf, sz, "the way back is %s%s%s dev %s",
			 r->dst.len ? prefix_str(&r->dst, p) : "the default route",
			 addr_is_set(&r->nh[0].gw) ? " via " : "",
			 addr_is_set(&r->nh[0].gw) ? addr_str(&r->nh[0].gw, gw) : "",
			 mirror__dev(x->e->mirror, r->nh[0].ifindex));
}

/* The kernel takes the greater of the device's value and of that for all. */
static void say_sysctl(const struct facts *x)
{
	const struct link_info *l = cause_link(x, x->f->f.dev);
	const struct obs_sysctl *own = l ? world_sysctl(x->e, l->ifindex) : NULL;
	const struct obs_sysctl *all = world_sysctl(x->e, 0);
	int v = own ? own->rp_filter : -1;
	bool by_all = all && all->rp_filter > v;

	if (by_all)
		v = all->rp_filter;
	if (v == 1 || v == 2)
		evidence(x->f, "net.ipv4.conf.%s.rp_filter is %d (%s)",
			 by_all ? "all" : x->f->f.dev, v, v == 1 ? "strict" : "loose");
}

static void say_way_back(const struct facts *x, struct because *b)
{
	const struct route *r = mirror__lookup(x->e->mirror, sender(x)), *other;
	char a[ADDR_STRLEN], way[160];

	(void)b;
	other = leads_by(x, r, x->f->f.dev) ? route_of_rules(x) : NULL;
	way_back_str(x, other ? other : r, way, sizeof(way));
	evidence(x->f, "packets of %s come in by %s, and %s", addr_str(sender(x), a), x->f->f.dev,
		 way);
	if (other)
		evidence(x->f, "that route is in table %u, which a rule may have chosen (ip rule)",
			 other->table);
	say_sysctl(x);
}

/*
 * The pod's address is its own, by CNI's record, or no route at all leads to its device: so it is the
 * route that is wrong. Whether the setting that refuses it is Calico's, cause_policy.c says.
 */
static bool row_pod_route(const struct facts *x)
{
	const struct obs_pod *pod = world_pod_of(x->e, &x->f->first.src);

	return cause_refused_by_rpf(x) && !x->f->encapsulated && came_by(x, DEV_WORKLOAD) &&
	       !leads_by(x, mirror__lookup(x->e->mirror, &x->f->first.src), x->f->f.dev) &&
	       (pod ? !strcmp(pod->dev, x->f->f.dev) : x->came_by_spare);
}

static enum confidence sure_pod_route(const struct facts *x)
{
	return world_pod_of(x->e, &x->f->first.src) ? CONF_CERTAIN : CONF_LIKELY;
}

static void say_pod_route(const struct facts *x, struct because *b)
{
	const struct obs_pod *pod = world_pod_of(x->e, &x->f->first.src);

	say_way_back(x, b);
	if (pod)
		evidence(x->f, "by CNI's record that address is %s's, behind %s", pod->name,
			 pod->dev);
	else
		evidence(x->f, "no route leads to %s, as one does to each pod's device",
			 x->f->f.dev);
}

/* ---- sizes ---- */

static bool told_too_big(const struct facts *x)
{
	/* destination unreachable, fragmentation needed: RFC 1191 */
	return x->f->f.verdict == V_UNANSWERED && addr_is_set(&x->f->icmp_from) &&
	       x->f->icmp_type == 3 && x->f->icmp_code == 4;
}

/* The device that the packet was to leave by */
static const struct link_info *way_out(const struct facts *x)
{
	const struct link_info *l = cause_link(x, x->f->out_dev);

	return l ? l : cause_link(x, x->f->route.dev);
}

/* Under a tunnel: the device that leads to the node behind the gateway; NULL: not known, or none */
static const struct link_info *under(const struct facts *x, const struct link_info *tunnel)
{
	struct addr node = diag_node_of(x->e, &x->f->gateway);
	const struct route *r;

	if (judge_dev(x->e, tunnel->ifindex) != DEV_TUNNEL || !addr_is_set(&node))
		return NULL;
	r = mirror__lookup(x->e->mirror, &node);
	return r && r->nh_cnt ? mirror__link_info(x->e->mirror, r->nh[0].ifindex) : NULL;
}

/* IPv4's own header, and UDP, VXLAN and Ethernet for VXLAN (RFC 7348); WireGuard's as Calico has it */
static uint32_t overhead(const struct link_info *tunnel)
{
	return !strcmp(tunnel->kind, "vxlan") ? 50 : !strcmp(tunnel->kind, "wireguard") ? 60 : 20;
}

/* The first device that is too small for the packet; *room: what it leaves to it */
static const struct link_info *small_device(const struct facts *x, uint32_t *room)
{
	const struct link_info *out = way_out(x), *l = out ? under(x, out) : NULL;

	if (!out || !x->f->len)
		return NULL;
	*room = out->mtu;
	if (x->f->len > out->mtu)
		return out;
	if (!l || l->mtu < overhead(out))
		return NULL;
	*room = l->mtu - overhead(out);
	return x->f->len > *room ? l : NULL;
}

static bool row_mtu(const struct facts *x)
{
	return x->f->f.verdict == V_TOO_BIG || told_too_big(x);
}

static enum confidence sure_mtu(const struct facts *x)
{
	uint32_t room;

	return told_too_big(x) || small_device(x, &room) ? CONF_CERTAIN : CONF_LIKELY;
}

static void say_mtu(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];
	uint32_t room = 0;
	const struct link_info *l = small_device(x, &room), *out = way_out(x);

	(void)b;
	if (told_too_big(x)) {
		evidence(x->f, "%s says that the packet does not fit its next link",
			 addr_str(&x->f->icmp_from, a));
		return;
	}
	if (!x->f->len)
		return;
	if (l && out && l != out)
		evidence(x->f,
			 "the packet has %u octets; %s has an MTU of %u, of which %s takes %u for "
			 "its own headers",
			 x->f->len, l->name, l->mtu, out->name, overhead(out));
	else if (l)
		evidence(x->f, "the packet has %u octets, and %s an MTU of %u", x->f->len, l->name,
			 room);
	else if (out)
		evidence(
			x->f,
			"the packet has %u octets, and %s would carry %u: a route's mtu, or a path "
			"MTU that was learnt, is smaller (ip route get %s)",
			x->f->len, out->name, out->mtu, addr_str(&x->f->example, a));
}

/* ---- checksums ---- */

static bool has_reason(const struct facts *x)
{
	return x->f->reason[0] && strcmp(x->f->reason, "NOT_SPECIFIED") != 0;
}

/*
 * Before there were reasons: a tunnel's socket queues nothing, it only looks at the checksum
 * (net/ipv4/udp.c, udp_queue_rcv_one_skb); and while its device is up there is one to be found.
 */
static bool socket_refused(const struct facts *x)
{
	struct tunnel t;

	if (has_reason(x) || !x->f->encapsulated)
		return false;
	if (!strncmp(x->f->location, "udp_queue_rcv", 13))
		return true;
	return !strcmp(x->f->location, "__udp4_lib_rcv") && cause_tunnel(x, &t) && t.link &&
	       t.link->up && !strcmp(t.kind, "vxlan");
}

static bool row_checksum(const struct facts *x)
{
	static const char *const reasons[] = { "UDP_CSUM", "TCP_CSUM", "SKB_CSUM" };

	if (x->f->f.verdict != V_OTHER && x->f->f.verdict != V_TUNNEL_ERROR)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(x->f->reason, reasons[i]))
			return true;
	return socket_refused(x);
}

static bool pod_sent_it(const struct facts *x)
{
	const struct obs_pod *pod = world_pod_of(x->e, &x->f->first.src);

	return !x->f->encapsulated && pod && !strcmp(pod->dev, x->f->f.dev);
}

static void say_checksum(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	if (x->f->encapsulated)
		evidence(x->f, "the UDP checksum of tunnel packets from %s is wrong on arrival",
			 addr_str(&x->f->encap_src, a));
	else if (addr_is_set(&x->f->first.src))
		evidence(x->f, "the checksum of packets from %s is wrong%s",
			 addr_str(&x->f->first.src, a),
			 pod_sent_it(x) ? ", when they leave the pod" : "");
	if (x->f->f.apps[APP_ICMP] == 0)
		evidence(x->f, "none of the packets lost is ICMP, whose checksum no device makes");
}

/* ---- full tables ---- */

/* Entries come and go while the table is full: 95 % of it when it was last read is near enough. */
static bool is_full(const struct facts *x, enum fill what)
{
	const struct obs_fill *f = world_fill(x->e, what);

	return f && f->max && f->cnt >= f->max - f->max / 20;
}

static void say_fill(const struct facts *x, enum fill what, const char *name)
{
	const struct obs_fill *f = world_fill(x->e, what);

	if (f && f->max)
		evidence(x->f, "the %s table holds %llu of %llu entries", name,
			 (unsigned long long)f->cnt, (unsigned long long)f->max);
}

static bool row_conntrack(const struct facts *x)
{
	return x->f->f.verdict == V_FILTERED && is_full(x, FILL_CONNTRACK) &&
	       (x->f->nf_hook == NF_HOOK_PREROUTING || x->f->nf_hook == NF_HOOK_OUTPUT);
}

static void say_conntrack(const struct facts *x, struct because *b)
{
	(void)b;
	say_fill(x, FILL_CONNTRACK, "conntrack");
	evidence(x->f, "dropped in %s, where a connection gets its entry",
		 nf_hook_name((enum nf_hook)x->f->nf_hook));
}

/* ip_finish_output2() throws a packet away for no other reason than an entry that it did not get. */
bool cause_no_neighbour(const struct facts *x, bool *sure)
{
	bool told = !strcmp(x->f->reason, "NEIGH_CREATEFAIL") ||
		    ((!x->f->reason[0] || !strcmp(x->f->reason, "NOT_SPECIFIED")) &&
		     !strncmp(x->f->location, "ip_finish_output2", 17));

	if (x->f->f.verdict != V_NEIGH_FAILED)
		return false;
	if (sure)
		*sure = told;
	/* a table that is full makes neighbours fail, too, but so does one that is silent */
	return told || (is_full(x, FILL_NEIGH) && strcmp(x->f->reason, "NEIGH_FAILED") != 0 &&
			strncmp(x->f->location, "neigh_", 6) != 0);
}

static bool row_neigh_table(const struct facts *x)
{
	return cause_no_neighbour(x, NULL);
}

static enum confidence sure_neigh_table(const struct facts *x)
{
	bool told = false;

	cause_no_neighbour(x, &told);
	return told && is_full(x, FILL_NEIGH) ? CONF_CERTAIN : CONF_LIKELY;
}

static void say_neigh_table(const struct facts *x, struct because *b)
{
	bool told = false;

	(void)b;
	cause_no_neighbour(x, &told);
	if (told)
		evidence(x->f, "the kernel could make no entry for the next hop");
	say_fill(x, FILL_NEIGH, "neighbour");
}

const struct cause_row cause_limit_rows[] = {
	{ C_ASYMMETRIC_ROUTE, row_asymmetric, sure_asymmetric, CONF_CERTAIN, say_way_back,
	  "What comes in by that device would be answered by another one.",
	  "compare ip route get SOURCE with the device that the packets come in by (ip rule, too); mend the "
	  "route, or set net.ipv4.conf.DEV.rp_filter to 2 (loose)" },
	{ C_ASYMMETRIC_ROUTE, row_pod_route, sure_pod_route, CONF_CERTAIN, say_pod_route,
	  "The route for the pod's own address does not lead to its device.",
	  "see ip route get POD and who changed its /32 route (calitrace live tells the process); restarting this "
	  "node's calico-node pod puts it back" },
	{ C_MTU_MISMATCH, row_mtu, sure_mtu, CONF_LIKELY, say_mtu,
	  "The MTU on the way is smaller than the sender takes it to be.",
	  "compare the MTU of the pod's eth0, of the tunnel and of the uplink: ip link; ip route get; a path MTU "
	  "that was learnt goes with ip route flush cache" },
	{ C_CHECKSUM_OFFLOAD, row_checksum, NULL, CONF_LIKELY, say_checksum,
	  "They arrive with a wrong checksum: most often the sender's network card or tunnel should have made "
	  "it, and did not.",
	  "on the node that sends: ethtool -K vxlan.calico tx-checksum-ip-generic off (or of its NIC); if that "
	  "helps, keep it so: Felix' featureDetectOverride ChecksumOffloadBroken=true" },
	{ C_CONNTRACK_FULL, row_conntrack, NULL, CONF_LIKELY, say_conntrack,
	  "The conntrack table is full.",
	  "see what fills it (conntrack -S, conntrack -L), then raise net.netfilter.nf_conntrack_max" },
	{ C_NEIGH_TABLE_FULL, row_neigh_table, sure_neigh_table, CONF_LIKELY, say_neigh_table,
	  "The neighbour table (ARP) is full.",
	  "see ip -s neigh for what fills it; raise net.ipv4.neigh.default.gc_thresh3 (and gc_thresh1, 2)" },
};
const size_t cause_limit_row_cnt = ARRAY_SIZE(cause_limit_rows);
