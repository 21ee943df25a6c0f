// SPDX-License-Identifier: GPL-2.0-only
#include "traffic.h"

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "addr.h"

#define NETNS 4026531840u
#define IF_LO 1
#define IF_UPLINK 2
#define IF_TUNNEL 3
#define IF_POD0 10
#define RT_UNICAST_ 1
#define RT_BLACKHOLE_ 6
#define PROT_KERNEL 2
#define PROT_BOOT 3
#define PROT_BIRD 12
#define ARPHRD_ETHER_ 1
#define ARPHRD_TUNNEL_ 768
#define DNS_PORT 53
/* A reply comes when so many exchanges more have begun */
#define LAG 8
/* Three hooks see the request, three the reply */
#define STEP_MAX 6
/* sk_buffs come from a slab: their addresses are used again soon */
#define SKBS 512

enum fate {
	FATE_WELL,
	FATE_LEAKS,
	FATE_SILENT
};

/* One observation of a step: where, when, and what is different there */
struct sight {
	bool reply, outer;
	enum hook hook;
	uint32_t ifindex;
};

/* Steps are numbered; what belongs to one follows from its number. */
struct exchange {
	uint64_t n;
	enum traffic_kind kind;
	enum fate fate;
	uint32_t pod, node; /* the node's pod, the other's node */
	struct addr here, there;
};

struct traffic {
	struct traffic_opts o;
	enum traffic_kind kind;
	uint64_t step, tick_ns, now_ns, gap_ns;
	uint32_t at, cnt; /* in sight[] */
	struct sight sight[STEP_MAX];
	struct exchange asks, answers;
	struct obs_pkt request, reply; /* of the step, as first seen */
};

static struct addr v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct addr r = { .b = { a, b, c, d }, .family = 4 };

	return r;
}

/* A process makes the traffic of one node. */
static uint32_t self;

void traffic__be(uint32_t node)
{
	self = node;
}

/* 0 is the node itself, whichever it is, and who it is stands for the first one. */
static uint32_t number(uint32_t i)
{
	return !i ? self : i == self ? 0 : i;
}

static struct addr node_addr(uint32_t i)
{
	i = number(i);
	return v4(10, 2, (uint8_t)(i >> 8), (uint8_t)(i + 1));
}

/* Blocks of 64; the node's own is the first */
static struct addr block_addr(uint32_t i, uint8_t host)
{
	i = number(i);
	return v4(10, (uint8_t)(192 + (i >> 10)), (uint8_t)(i >> 2),
		  (uint8_t)((i & 3) << 6 | host));
}

static struct prefix prefix(struct addr a, uint8_t len)
{
	struct prefix p = { a, len };

	return p;
}

struct traffic *traffic__new(const struct traffic_opts *o, enum traffic_kind kind)
{
	struct traffic *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->o = *o;
	t->kind = kind;
	t->now_ns = TRAFFIC_T0;
	t->tick_ns = TRAFFIC_T0;
	t->gap_ns = STEP_MAX * 1000000000ULL / o->rate;
	return t;
}

void traffic__free(struct traffic *t)
{
	free(t);
}

uint64_t traffic__now(const struct traffic *t)
{
	return t->now_ns;
}

/* ---- the node ---- */

struct teller {
	void (*fn)(void *ctx, const struct obs *o);
	void *ctx;
};

static void tell(const struct teller *to, struct obs *o)
{
	o->ts_ns = TRAFFIC_T0;
	to->fn(to->ctx, o);
}

static void tell_link(const struct teller *to, uint32_t ifindex, const char *name, const char *kind)
{
	struct obs o = { .kind = OBS_LINK };
	struct link_info *l = &o.link.link;

	o.link.op = LINK_ADD;
	o.link.snapshot = true;
	*l = (struct link_info){ .ifindex = ifindex, .mtu = 1480, .up = true, .running = true };
	l->arptype = strcmp(kind, "ipip") ? ARPHRD_ETHER_ : ARPHRD_TUNNEL_;
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	tell(to, &o);
}

static void tell_addr(const struct teller *to, uint32_t ifindex, struct addr a, uint8_t len)
{
	struct obs o = { .kind = OBS_ADDR };

	o.addr.snapshot = true;
	o.addr.ifindex = ifindex;
	o.addr.address = prefix(a, len);
	tell(to, &o);
}

static void tell_route(const struct teller *to, struct prefix dst, const struct addr *gw,
		       uint32_t ifindex, uint8_t protocol)
{
	struct obs o = { .kind = OBS_ROUTE };
	struct route *r = &o.route.route;

	o.route.op = ROUTE_ADD;
	o.route.snapshot = true;
	r->dst = dst;
	r->table = 254;
	r->protocol = protocol;
	r->type = ifindex ? RT_UNICAST_ : RT_BLACKHOLE_;
	r->scope = gw ? 0 : 253;
	r->nh_cnt = ifindex != 0;
	r->nh[0].ifindex = ifindex;
	if (gw)
		r->nh[0].gw = *gw;
	tell(to, &o);
}

static void tell_links(const struct traffic *t, const struct teller *to)
{
	char name[DEV_LEN];

	tell_link(to, IF_LO, "lo", "");
	tell_link(to, IF_UPLINK, "eth0", "");
	tell_link(to, IF_TUNNEL, "tunl0", "ipip");
	tell_addr(to, IF_LO, v4(127, 0, 0, 1), 8);
	tell_addr(to, IF_UPLINK, node_addr(0), 16);
	tell_addr(to, IF_TUNNEL, block_addr(0, 0), 32);
	for (uint32_t i = 0; i < t->o.pods; i++) {
		snprintf(name, sizeof(name), "cali%08x", i * 2654435761u);
		tell_link(to, IF_POD0 + i, name, "veth");
	}
}

static void tell_routes(const struct traffic *t, const struct teller *to)
{
	struct addr gw = v4(10, 2, 255, 254);

	tell_route(to, prefix(v4(0, 0, 0, 0), 0), &gw, IF_UPLINK, PROT_BOOT);
	tell_route(to, prefix(v4(10, 2, 0, 0), 16), NULL, IF_UPLINK, PROT_KERNEL);
	tell_route(to, prefix(block_addr(0, 0), 26), NULL, 0, PROT_BIRD);
	for (uint32_t i = 0; i < t->o.pods; i++)
		tell_route(to, prefix(block_addr(0, (uint8_t)(1 + i % 62)), 32), NULL, IF_POD0 + i,
			   PROT_BOOT);
	for (uint32_t i = 1; i <= t->o.nodes; i++) {
		gw = node_addr(i);
		tell_route(to, prefix(block_addr(i, 0), 26), &gw, IF_TUNNEL, PROT_BIRD);
	}
}

static void tell_bgp(const struct traffic *t, const struct teller *to)
{
	struct obs o = { .kind = OBS_BGP };

	o.bgp.snapshot = true;
	o.bgp.state = BGP_LISTEN;
	tell(to, &o);
	o.bgp.state = BGP_CONNECTED;
	o.bgp.local = node_addr(0);
	o.bgp.peer_port = 179;
	for (uint32_t i = 1; i <= t->o.nodes; i++) {
		o.bgp.peer = node_addr(i);
		o.bgp.local_port = (uint16_t)(40000 + i);
		tell(to, &o);
	}
}

void traffic__state(const struct traffic *t, void (*fn)(void *ctx, const struct obs *o), void *ctx)
{
	struct teller to = { fn, ctx };
	struct obs o = { .kind = OBS_BEGIN_SNAPSHOT };

	tell(&to, &o);
	tell_links(t, &to);
	tell_routes(t, &to);
	o.kind = OBS_END_SNAPSHOT;
	tell(&to, &o);
	tell_bgp(t, &to);
	for (uint32_t i = 0; i <= t->o.nodes; i++) {
		o = (struct obs){ .kind = OBS_NODE };
		o.node.reset = !i;
		o.node.lists = NODES_IPIP;
		o.node.addr = node_addr(i);
		tell(&to, &o);
	}
	o = (struct obs){ .kind = OBS_POOLS };
	o.pools = (struct obs_pools){ .cnt = 1, .block_len = 26 };
	o.pools.pool[0] = (struct pool){ .cidr = prefix(v4(10, 192, 0, 0), 12),
					 .mode = POOL_IPIP,
					 .from = FROM_IPSET,
					 .mode_from = FROM_CONFD };
	tell(&to, &o);
}

/* ---- packets ---- */

static enum traffic_kind kind_of(const struct traffic *t, uint64_t n)
{
	static const enum traffic_kind mix[10] = {
		TRAFFIC_DNS, TRAFFIC_SERVICE, TRAFFIC_PING, TRAFFIC_DNS,     TRAFFIC_TCP,
		TRAFFIC_DNS, TRAFFIC_INTO,    TRAFFIC_PING, TRAFFIC_SERVICE, TRAFFIC_TCP,
	};

	return t->kind == TRAFFIC_MIX ? mix[n % 10] : t->kind;
}

static struct exchange exchange_of(const struct traffic *t, uint64_t n)
{
	uint32_t r = (uint32_t)((n * 0x9e3779b97f4a7c15ULL) >> 32), part = r % 1000;
	struct exchange x = { .n = n, .kind = kind_of(t, n) };
	bool dns = x.kind == TRAFFIC_DNS || x.kind == TRAFFIC_SERVICE;
	uint32_t others = r / 16;

	x.fate = part < t->o.bad ? FATE_LEAKS : part < 2 * t->o.bad ? FATE_SILENT : FATE_WELL;
	/* few pods answer DNS, and trouble is with a few nodes, as a rule */
	if (dns || x.fate != FATE_WELL)
		others = r % 3;
	x.pod = r / 1000 % t->o.pods;
	x.node = 1 + others % t->o.nodes;
	x.here = block_addr(0, (uint8_t)(1 + x.pod % 62));
	x.there = block_addr(x.node, dns ? 10 : (uint8_t)(2 + r % 60));
	return x;
}

/* An IPv4 header, and what the renderers look at behind it: a DNS question */
static void put_snap(struct obs_pkt *p)
{
	static const uint8_t question[] = "\7kubelet\4test\3svc\7cluster\5local\0\0\1\0\1";
	uint8_t *b = p->snap;

	memset(b, 0, 64);
	b[0] = 0x45;
	b[2] = (uint8_t)(p->ip_len >> 8);
	b[3] = (uint8_t)p->ip_len;
	b[4] = (uint8_t)(p->ip_id >> 8);
	b[5] = (uint8_t)p->ip_id;
	b[8] = p->ttl;
	b[9] = p->proto;
	memcpy(b + 12, p->src.b, 4);
	memcpy(b + 16, p->dst.b, 4);
	if (p->proto == 1) {
		b[20] = p->icmp_type;
		b[24] = (uint8_t)(p->sport >> 8);
		b[25] = (uint8_t)p->sport;
		b[26] = (uint8_t)(p->dport >> 8);
		b[27] = (uint8_t)p->dport;
		p->snap_len = 28;
		return;
	}
	b[20] = (uint8_t)(p->sport >> 8);
	b[21] = (uint8_t)p->sport;
	b[22] = (uint8_t)(p->dport >> 8);
	b[23] = (uint8_t)p->dport;
	if (p->proto == 6) {
		b[32] = 5 << 4;
		b[33] = p->tcp_flags;
		p->snap_len = 40;
		return;
	}
	b[25] = (uint8_t)(p->ip_len - 20);
	b[28] = (uint8_t)(p->dns_id >> 8);
	b[29] = (uint8_t)p->dns_id;
	b[30] = (uint8_t)(p->dns_flags >> 8);
	b[31] = (uint8_t)p->dns_flags;
	b[33] = 1;
	memcpy(b + 40, question, sizeof(question) - 1);
	p->snap_len = 40 + sizeof(question) - 1;
}

static void put_kind(const struct exchange *x, struct obs_pkt *p, bool reply)
{
	uint16_t client = (uint16_t)(32768 + x->n % 28000);

	p->proto = 17;
	p->ip_len = 73;
	if (x->kind == TRAFFIC_PING) {
		p->proto = 1;
		p->icmp_type = reply ? 0 : 8;
		p->sport = (uint16_t)(x->n / 1000);
		p->dport = (uint16_t)x->n;
		p->ip_len = 84;
		return;
	}
	p->sport = reply ? DNS_PORT : client;
	p->dport = reply ? client : DNS_PORT;
	if (x->kind == TRAFFIC_TCP) {
		p->proto = 6;
		p->sport = reply ? 8080 : client;
		p->dport = reply ? client : 8080;
		p->tcp_flags = reply ? 0x12 : 0x02;
		p->seq = (uint32_t)(x->n * 2654435761u + reply);
		p->ip_len = 60;
		return;
	}
	p->dns_id = (uint16_t)(x->n * 40503);
	p->dns_flags = reply ? 0x8180 : 0x0100;
}

/* As its first hook sees it */
static void make_packet(const struct exchange *x, struct obs_pkt *p, bool reply)
{
	bool from_here = (x->kind == TRAFFIC_INTO) == reply;

	memset(p, 0, offsetof(struct obs_pkt, snap));
	p->skb = 0xffff888000000000ULL + (x->n * 2 + reply) % SKBS * 256;
	p->netns = NETNS;
	p->flags = EV_F_NODE_NETNS | EV_F_SNAP;
	p->ttl = 64;
	p->src = from_here ? x->here : x->there;
	p->dst = from_here ? x->there : x->here;
	p->ip_id = (uint16_t)(x->n * 2 + reply);
	put_kind(x, p, reply);
	put_snap(p);
}

static void add_sight(struct traffic *t, bool reply, enum hook hook, uint32_t ifindex, bool outer)
{
	t->sight[t->cnt++] = (struct sight){ reply, outer, hook, ifindex };
}

static void add_out(struct traffic *t, const struct exchange *x, bool reply)
{
	add_sight(t, reply, AT_TC_INGRESS, IF_POD0 + x->pod, false);
	if (x->fate == FATE_LEAKS) {
		add_sight(t, reply, AT_TC_EGRESS, IF_UPLINK, false);
		return;
	}
	add_sight(t, reply, AT_TC_EGRESS, IF_TUNNEL, false);
	add_sight(t, reply, AT_TC_EGRESS, IF_UPLINK, true);
}

static void add_in(struct traffic *t, const struct exchange *x, bool reply)
{
	add_sight(t, reply, AT_TC_INGRESS, IF_UPLINK, true);
	add_sight(t, reply, AT_TC_INGRESS, IF_TUNNEL, false);
	add_sight(t, reply, AT_TC_EGRESS, IF_POD0 + x->pod, false);
}

/* The request of this step, and the reply to that of LAG steps before */
static void next_step(struct traffic *t)
{
	struct exchange *x = &t->asks;

	t->at = t->cnt = 0;
	*x = exchange_of(t, t->step);
	make_packet(x, &t->request, false);
	if (x->kind == TRAFFIC_INTO)
		add_in(t, x, false);
	else
		add_out(t, x, false);
	if (t->step++ < LAG)
		return;
	x = &t->answers;
	*x = exchange_of(t, t->step - 1 - LAG);
	if (x->fate == FATE_SILENT || (x->fate == FATE_LEAKS && x->kind != TRAFFIC_INTO))
		return;
	make_packet(x, &t->reply, true);
	if (x->kind == TRAFFIC_INTO)
		add_out(t, x, true);
	else
		add_in(t, x, true);
}

/* What routing hangs on a packet that leaves, and conntrack on one for a service */
static void put_way(const struct exchange *x, const struct sight *s, struct obs_pkt *p)
{
	bool service = x->kind == TRAFFIC_SERVICE && !s->outer;
	struct addr vip = v4(10, 96, 0, 10);
	bool forwarded = s->hook == AT_TC_EGRESS;

	if (forwarded) {
		p->flags |= EV_F_DST | EV_F_DST_INPUT;
		p->dst_oif = s->ifindex;
		p->dst_type = RT_UNICAST_;
		p->ttl--;
		if (s->ifindex == IF_TUNNEL)
			p->gw = node_addr(x->node);
		else if (s->ifindex == IF_UPLINK && !s->outer)
			p->gw = v4(10, 2, 255, 254);
	}
	if (s->outer) {
		p->encap = ENCAP_IPIP;
		p->osrc = node_addr(s->hook == AT_TC_EGRESS ? 0 : x->node);
		p->odst = node_addr(s->hook == AT_TC_EGRESS ? x->node : 0);
	}
	if (service && !s->reply && !forwarded)
		p->dst = vip;
	if (!service || !forwarded)
		return;
	p->flags |= EV_F_CT | (s->reply ? EV_F_CT_REPLY : 0);
	p->ct_src = p->ct_rdst = x->here;
	p->ct_dst = vip;
	p->ct_rsrc = x->there;
	p->ct_sport = p->ct_rdport = s->reply ? p->dport : p->sport;
	p->ct_dport = p->ct_rsport = DNS_PORT;
	if (s->reply)
		p->src = vip;
}

void traffic__next(struct traffic *t, struct obs *o)
{
	const struct sight *s;

	if (t->now_ns >= t->tick_ns) {
		o->kind = OBS_TICK;
		o->ts_ns = t->now_ns;
		t->tick_ns += t->o.tick_ms * 1000000ULL;
		return;
	}
	while (t->at == t->cnt) {
		next_step(t);
		t->now_ns = TRAFFIC_T0 + t->step * t->gap_ns;
	}
	s = &t->sight[t->at++];
	o->kind = OBS_PATH;
	o->ts_ns = t->now_ns += t->gap_ns / STEP_MAX;
	memcpy(&o->pkt, s->reply ? &t->reply : &t->request,
	       offsetof(struct obs_pkt, snap) + (s->reply ? t->reply : t->request).snap_len);
	o->pkt.hook = s->hook;
	o->pkt.ifindex = s->ifindex;
	put_way(s->reply ? &t->answers : &t->asks, s, &o->pkt);
}

int bench_put(void *ctx, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(*(int *)ctx, p, len);

		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
