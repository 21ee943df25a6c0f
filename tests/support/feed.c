// SPDX-License-Identifier: GPL-2.0-only
#include "feed.h"

#include <errno.h>
#include <stdlib.h>

#include "render.h"

const struct plan plans[PLAN_CNT] = {
	{
		.name = "10.253.0.0/16 in /26",
		.pool = "10.253.0.0/16",
		.block_len = 26,
		.own_block = "10.253.65.64/26",
		.peer_block = "10.253.181.0/26",
		.other_block = "10.253.13.192/26",
		.pod = "10.253.65.67",
		.pod2 = "10.253.65.70",
		.peer_pod = "10.253.181.10",
		.other_pod = "10.253.13.200",
		.tunnel = "10.253.65.64",
		.node = "10.2.7.201",
		.subnet = "10.2.7.0/24",
		.peer = "10.2.7.200",
		.gw = "10.2.7.254",
		.service = "10.96.0.10",
	},
	{
		.name = "192.168.0.0/16 in /24",
		.pool = "192.168.0.0/16",
		.block_len = 24,
		.own_block = "192.168.7.0/24",
		.peer_block = "192.168.244.0/24",
		.other_block = "192.168.31.0/24",
		.pod = "192.168.7.9",
		.pod2 = "192.168.7.250",
		.peer_pod = "192.168.244.244",
		.other_pod = "192.168.31.1",
		.tunnel = "192.168.7.0",
		.node = "172.16.5.11",
		.subnet = "172.16.0.0/20",
		.peer = "172.16.5.12",
		.gw = "172.16.0.1",
		.service = "172.20.0.10",
	},
	{
		.name = "172.30.0.0/20 in /28",
		.pool = "172.30.0.0/20",
		.block_len = 28,
		.own_block = "172.30.1.32/28",
		.peer_block = "172.30.9.240/28",
		.other_block = "172.30.15.16/28",
		.pod = "172.30.1.37",
		.pod2 = "172.30.1.46",
		.peer_pod = "172.30.9.241",
		.other_pod = "172.30.15.30",
		.tunnel = "172.30.1.32",
		.node = "203.0.113.7",
		.subnet = "203.0.113.0/25",
		.peer = "203.0.113.70",
		.gw = "203.0.113.126",
		.service = "198.18.0.53",
	},
};

struct addr ip(const char *text)
{
	struct addr a = { 0 };

	if (text)
		assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

struct prefix pfx(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

/* ---- records ---- */

static void keep_packet(struct feed *f, const struct packet *p)
{
	size_t cap = f->pkt_cap ? f->pkt_cap : 64;

	while (cap < p->id)
		cap *= 2;
	if (cap != f->pkt_cap) {
		f->pkt = realloc(f->pkt, cap * sizeof(*f->pkt));
		assert_non_null(f->pkt);
		memset(f->pkt + f->pkt_cap, 0, (cap - f->pkt_cap) * sizeof(*f->pkt));
		f->pkt_cap = cap;
	}
	assert_int_equal(p->rev, f->pkt[p->id - 1].rev + 1);
	f->pkt[p->id - 1] = *p;
	f->pkt_recs++;
}

static void on_record(void *ctx, const struct record *rec)
{
	struct feed *f = ctx;
	uint32_t n = f->recs[rec->kind]++;

	if (rec->kind == REC_PACKET)
		keep_packet(f, rec->packet);
	else if (rec->kind == REC_ROUTE && n < ARRAY_SIZE(f->route))
		f->route[n] = *rec->route;
	else if (rec->kind == REC_LINK)
		f->link_op = rec->link->op;
}

void feed_open(struct feed *f, const struct plan *p, const struct engine_opts *opts)
{
	*f = (struct feed){ .plan = p, .skb = 0xffff888000000000ULL };
	f->opts = opts ? *opts :
			 (struct engine_opts){ .reply_timeout_ns = 2 * NS_PER_S,
					       .all = true,
					       .dns_port = { 53 } };
	f->opts.emit = on_record;
	f->opts.emit_ctx = f;
	assert_int_equal(engine__new(&f->opts, &f->engine), 0);
}

void feed_obs(struct feed *f, uint32_t us, struct obs *o)
{
	o->ts_ns = FEED_T0 + (uint64_t)us * NS_PER_US;
	if (f->log_cnt == f->log_cap) {
		f->log_cap = f->log_cap ? f->log_cap * 2 : 64;
		f->log = realloc(f->log, f->log_cap * sizeof(*f->log));
		assert_non_null(f->log);
	}
	f->log[f->log_cnt++] = *o;
	engine__feed(f->engine, o);
}

void feed_ticks(struct feed *f, uint32_t from_us, uint32_t to_us)
{
	struct obs o = { .kind = OBS_TICK };

	for (uint32_t us = from_us; us <= to_us; us += 50 * MS)
		feed_obs(f, us, &o);
}

struct summary feed_summary(const struct feed *f)
{
	struct summary s;

	engine__summary(f->engine, f->log_cnt ? f->log[f->log_cnt - 1].ts_ns : 0, &s);
	return s;
}

/* ---- what holds for each trace ---- */

/* Each packet with a verdict counts once, under its last verdict. */
static void check_counters(const struct feed *f)
{
	uint64_t told[V_MAX] = { 0 }, problems = 0, with = 0, in_findings = 0;
	struct summary s = feed_summary(f);

	for (size_t i = 0; i < f->pkt_cap; i++) {
		if (!f->pkt[i].rev)
			continue;
		told[f->pkt[i].verdict]++;
		if (f->pkt[i].finding)
			in_findings++;
	}
	assert_int_equal(told[V_NONE], 0);
	for (int v = 1; v < V_MAX; v++) {
		if (f->opts.all || verdict_is_problem(v))
			assert_int_equal(told[v], s.verdicts[v]);
		problems += verdict_is_problem(v) ? s.verdicts[v] : 0;
		with += s.verdicts[v];
	}
	assert_int_equal(s.problems, problems);
	assert_int_equal(engine__problems(f->engine), problems);
	assert_true(with <= s.seen);
	/* those about answers count answers, none of which is a problem itself */
	for (uint32_t id = 1; id <= s.finding_cnt; id++)
		if (verdict_is_problem(engine__finding(f->engine, id)->verdict))
			in_findings -= engine__finding(f->engine, id)->packets;
	assert_int_equal(in_findings, 0);
}

static void check_apps(const struct feed *f)
{
	struct summary s = feed_summary(f);
	uint64_t unanswered = 0;

	for (int a = 0; a < APP_MAX; a++) {
		assert_true(s.apps[a].answered + s.apps[a].unanswered <= s.apps[a].sent);
		assert_true(s.apps[a].late <= s.apps[a].unanswered);
		unanswered += s.apps[a].unanswered;
	}
	assert_int_equal(unanswered, s.verdicts[V_UNANSWERED]);
}

static void to_render(void *ctx, const struct record *rec)
{
	render__record(ctx, rec);
}

static char *replay(const struct feed *f, uint64_t end_ns, size_t *len)
{
	struct engine_opts opts = f->opts;
	struct render_opts ro = { .node = "node" };
	struct engine *e;
	struct render *r;
	struct summary s;
	char *text;

	ro.out = open_memstream(&text, len);
	assert_int_equal(render_json__new(&ro, &r), 0);
	opts.emit = to_render;
	opts.emit_ctx = r;
	assert_int_equal(engine__new(&opts, &e), 0);
	for (size_t i = 0; i < f->log_cnt; i++)
		engine__feed(e, &f->log[i]);
	engine__finish(e, end_ns);
	engine__summary(e, end_ns, &s);
	render__summary(r, &s, end_ns);
	engine__free(e);
	render__free(r);
	fclose(ro.out);
	return text;
}

static void check_replay(const struct feed *f, uint64_t end_ns)
{
	size_t len1, len2;
	char *one = replay(f, end_ns, &len1), *two = replay(f, end_ns, &len2);

	assert_int_equal(len1, len2);
	assert_memory_equal(one, two, len1);
	assert_true(len1 > 0);
	free(one);
	free(two);
}

void feed_close(struct feed *f, uint32_t us)
{
	uint64_t end_ns = FEED_T0 + (uint64_t)us * NS_PER_US;

	engine__finish(f->engine, end_ns);
	check_counters(f);
	check_apps(f);
	check_replay(f, end_ns);
	engine__free(f->engine);
	free(f->log);
	free(f->pkt);
}

/* ---- the node ---- */

static struct actor actor(const char *comm)
{
	struct actor a = { .pid = comm ? 812 : 0 };

	if (comm)
		memcpy(a.comm, comm, strnlen(comm, COMM_LEN - 1));
	return a;
}

static struct obs route_obs(enum route_op op, const char *dst, const char *gw, uint32_t ifindex,
			    uint8_t type, uint8_t protocol)
{
	struct obs o = { .kind = OBS_ROUTE };
	struct route *r = &o.route.route;

	o.route.op = op;
	*r = (struct route){ .dst = pfx(dst), .table = 254, .type = type, .protocol = protocol };
	if (!ifindex)
		return o;
	r->nh_cnt = 1;
	r->nh[0] = (struct nexthop){ ip(gw), ifindex };
	r->scope = gw ? 0 : 253;
	return o;
}

void feed_route(struct feed *f, uint32_t us, enum route_op op, const char *dst, const char *gw,
		uint32_t ifindex, uint8_t type, uint8_t protocol, const char *comm)
{
	struct obs o = route_obs(op, dst, gw, ifindex, type, protocol);

	o.route.by = actor(comm);
	feed_obs(f, us, &o);
}

static struct obs link_obs(uint32_t ifindex, const char *name, const char *kind, bool up)
{
	struct obs o = { .kind = OBS_LINK };
	struct link_info *l = &o.link.link;

	o.link.op = LINK_CHANGE;
	*l = (struct link_info){ .ifindex = ifindex, .mtu = 1480, .up = up, .running = up };
	l->arptype = !strcmp(kind, "ipip") ? 768 : 1;
	memcpy(l->name, name, strnlen(name, DEV_LEN - 1));
	memcpy(l->kind, kind, strnlen(kind, DEV_LEN - 1));
	return o;
}

void feed_link(struct feed *f, uint32_t us, uint32_t ifindex, const char *name, const char *kind,
	       bool up, const char *comm)
{
	struct obs o = link_obs(ifindex, name, kind, up);

	o.link.by = actor(comm);
	feed_obs(f, us, &o);
}

void feed_link_del(struct feed *f, uint32_t us, uint32_t ifindex)
{
	struct obs o = link_obs(ifindex, "", "", false);

	o.link.op = LINK_DEL;
	feed_obs(f, us, &o);
}

void feed_bgp_conn(struct feed *f, uint32_t us, enum bgp_state state, const char *peer,
		   uint16_t port)
{
	struct obs o = { .kind = OBS_BGP };

	o.bgp.state = state;
	o.bgp.local = ip(f->plan->node);
	o.bgp.peer = ip(peer);
	o.bgp.peer_port = port;
	feed_obs(f, us, &o);
}

void feed_bgp(struct feed *f, uint32_t us, enum bgp_state state, const char *peer)
{
	feed_bgp_conn(f, us, state, peer, 179);
}

void feed_loss(struct feed *f, uint32_t us, enum loss_what what, uint64_t count)
{
	struct obs o = { .kind = OBS_LOSS };

	o.loss = (struct obs_loss){ .what = what, .count = count };
	feed_obs(f, us, &o);
}

static void snap_link(struct feed *f, uint32_t ifindex, const char *name, const char *kind)
{
	struct obs o = link_obs(ifindex, name, kind, true);

	o.link.op = LINK_ADD;
	o.link.snapshot = true;
	feed_obs(f, 0, &o);
}

static void snap_route(struct feed *f, const char *dst, const char *gw, uint32_t ifindex,
		       uint8_t type, uint8_t protocol)
{
	struct obs o = route_obs(ROUTE_ADD, dst, gw, ifindex, type, protocol);

	o.route.snapshot = true;
	feed_obs(f, 0, &o);
}

static void snap_addr(struct feed *f, uint32_t ifindex, const char *addr, uint8_t len)
{
	struct obs o = { .kind = OBS_ADDR };

	o.addr = (struct obs_addr){ .snapshot = true, .ifindex = ifindex };
	o.addr.address = (struct prefix){ ip(addr), len };
	feed_obs(f, 0, &o);
}

static void snap_bgp(struct feed *f, enum bgp_state state, const char *peer)
{
	struct obs o = { .kind = OBS_BGP };

	o.bgp = (struct obs_bgp){ .state = state, .snapshot = true, .peer_port = 179 };
	o.bgp.peer = ip(peer);
	feed_obs(f, 0, &o);
}

static bool through_tunnel(enum pool_mode mode)
{
	return mode == POOL_IPIP || mode == POOL_VXLAN;
}

static void node_routes(struct feed *f, enum pool_mode mode, unsigned int flags)
{
	const struct plan *p = f->plan;
	uint8_t by = flags & NODE_NO_BGP ? RP_FELIX : RP_BIRD;
	char pod[32];

	if (!(flags & NODE_NO_DEFAULT))
		snap_route(f, "0.0.0.0/0", p->gw, IF_ETH0, RT_UNICAST, RP_BOOT);
	snap_route(f, p->subnet, NULL, IF_ETH0, RT_UNICAST, RP_KERNEL);
	if (!(flags & NODE_NO_OWN))
		snap_route(f, p->own_block, NULL, 0, RT_BLACKHOLE, by);
	snprintf(pod, sizeof(pod), "%s/32", p->pod);
	snap_route(f, pod, NULL, IF_CALI1, RT_UNICAST, RP_BOOT);
	snprintf(pod, sizeof(pod), "%s/32", p->pod2);
	snap_route(f, pod, NULL, IF_CALI2, RT_UNICAST, RP_BOOT);
	if (!(flags & NODE_NO_BLOCK))
		snap_route(f, p->peer_block, p->peer, through_tunnel(mode) ? IF_TUNNEL : IF_ETH0,
			   RT_UNICAST, by);
}

void feed_node(struct feed *f, enum pool_mode mode, unsigned int flags)
{
	const struct plan *p = f->plan;
	struct obs o = { .kind = OBS_BEGIN_SNAPSHOT };
	bool vxlan = mode == POOL_VXLAN;

	feed_obs(f, 0, &o);
	snap_link(f, IF_LO, "lo", "");
	snap_link(f, IF_ETH0, "eth0", "");
	snap_link(f, IF_TUNNEL, vxlan ? "vxlan.calico" : "tunl0", vxlan ? "vxlan" : "ipip");
	snap_link(f, IF_CALI1, "cali111111", "veth");
	snap_link(f, IF_CALI2, "cali222222", "veth");
	snap_addr(f, IF_ETH0, p->node, 24);
	snap_addr(f, IF_TUNNEL, p->tunnel, 32);
	node_routes(f, mode, flags);
	o.kind = OBS_END_SNAPSHOT;
	feed_obs(f, 0, &o);
	if (!(flags & NODE_NO_DIAG))
		snap_bgp(f, flags & NODE_NO_BGP ? BGP_NO_LISTEN : BGP_LISTEN, NULL);
	if (!(flags & (NODE_NO_BGP | NODE_BGP_DOWN | NODE_NO_DIAG)))
		snap_bgp(f, BGP_CONNECTED, p->peer);
	o = (struct obs){ .kind = OBS_POOLS };
	o.pools =
		(struct obs_pools){ .cnt = 1, .block_len = flags & NODE_NO_OWN ? 0 : p->block_len };
	o.pools.pool[0] = (struct pool){ .cidr = pfx(p->pool), .mode = mode, .from = FROM_IPSET };
	feed_obs(f, 0, &o);
}

/* ---- packets ---- */

static uint16_t ip_ids = 100;

static struct obs_pkt pkt_of(const char *src, const char *dst, uint8_t proto)
{
	return (struct obs_pkt){
		.flags = EV_F_NODE_NETNS,
		.netns = 4026531840u,
		.proto = proto,
		.ttl = 63,
		.src = ip(src),
		.dst = ip(dst),
		.ip_id = ++ip_ids,
		.ip_len = 84,
	};
}

struct obs_pkt pkt_echo(const char *src, const char *dst, uint16_t id, uint16_t seq)
{
	struct obs_pkt p = pkt_of(src, dst, 1);

	p.icmp_type = 8;
	p.sport = id;
	p.dport = seq;
	return p;
}

struct obs_pkt pkt_dns(const char *src, const char *dst, uint16_t sport, uint16_t id)
{
	struct obs_pkt p = pkt_of(src, dst, 17);

	p.sport = sport;
	p.dport = 53;
	p.dns_id = id;
	p.dns_flags = 0x0100;
	return p;
}

struct obs_pkt pkt_syn(const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	struct obs_pkt p = pkt_of(src, dst, 6);

	p.sport = sport;
	p.dport = dport;
	p.tcp_flags = 0x02;
	p.seq = 0x1000u + ip_ids;
	return p;
}

struct obs_pkt pkt_reply(const struct obs_pkt *q)
{
	struct obs_pkt p = *q;

	p.src = q->dst;
	p.dst = q->src;
	p.ip_id = ++ip_ids;
	if (p.proto == 1) {
		p.icmp_type = 0;
		return p;
	}
	p.sport = q->dport;
	p.dport = q->sport;
	if (p.proto == 6)
		p.tcp_flags = 0x12;
	else
		p.dns_flags = 0x8180;
	return p;
}

struct obs_pkt with_dst(struct obs_pkt p, const char *gw, uint32_t oif, uint8_t type, uint16_t err)
{
	p.flags |= EV_F_DST | EV_F_DST_INPUT;
	p.gw = ip(gw);
	p.dst_oif = oif;
	p.dst_type = type;
	p.dst_error = err;
	return p;
}

struct obs_pkt with_encap(struct obs_pkt p, enum encap_kind kind, const char *src, const char *dst)
{
	p.encap = kind;
	p.osrc = ip(src);
	p.odst = ip(dst);
	return p;
}

struct obs_pkt with_ct(struct obs_pkt p, const char *src, const char *dst, const char *rsrc,
		       const char *rdst, bool reply)
{
	uint16_t client = reply ? p.dport : p.sport, server = reply ? p.sport : p.dport;

	p.flags |= EV_F_CT | (reply ? EV_F_CT_REPLY : 0);
	p.ct_src = ip(src);
	p.ct_dst = ip(dst);
	p.ct_rsrc = ip(rsrc);
	p.ct_rdst = ip(rdst);
	p.ct_sport = p.ct_rdport = client;
	p.ct_dport = p.ct_rsport = server;
	return p;
}

struct obs_pkt with_addrs(struct obs_pkt p, const char *src, const char *dst)
{
	p.src = ip(src);
	p.dst = ip(dst);
	return p;
}

struct obs_pkt with_snap(struct obs_pkt p, const void *snap, size_t len)
{
	assert_true(len <= SNAP_LEN);
	p.flags |= EV_F_SNAP;
	p.snap_len = (uint16_t)len;
	memcpy(p.snap, snap, len);
	return p;
}

uint64_t feed_skb(struct feed *f)
{
	f->skb += 256;
	return f->skb;
}

void feed_path(struct feed *f, uint32_t us, enum hook hook, uint32_t ifindex, struct obs_pkt p)
{
	struct obs o = { .kind = OBS_PATH, .pkt = p };

	o.pkt.hook = hook;
	o.pkt.ifindex = ifindex;
	if (!o.pkt.skb)
		o.pkt.skb = feed_skb(f);
	feed_obs(f, us, &o);
}

void feed_drop(struct feed *f, uint32_t us, uint32_t ifindex, const char *reason,
	       const char *location, struct obs_pkt p)
{
	struct obs o = { .kind = OBS_DROP, .pkt = p };

	o.pkt.hook = AT_DROP;
	o.pkt.ifindex = ifindex;
	if (!o.pkt.skb)
		o.pkt.skb = feed_skb(f);
	memcpy(o.pkt.reason, reason, strnlen(reason, REASON_LEN - 1));
	memcpy(o.pkt.location, location, strnlen(location, LOCATION_LEN - 1));
	feed_obs(f, us, &o);
}

void feed_fib(struct feed *f, uint32_t us, uint8_t class, uint16_t err, uint32_t table,
	      uint32_t ifindex, const char *src, const char *dst, uint8_t proto, uint16_t dport,
	      const char *comm)
{
	struct obs o = { .kind = OBS_FIB };

	o.fib = (struct obs_fib){
		.netns = 4026531840u,
		.ifindex = ifindex,
		.table = table,
		.class = class,
		.proto = proto,
		.err = err,
		.dport = dport,
		.sport = dport ? 40000 : 0,
		.src = ip(src),
		.dst = ip(dst),
		.by = actor(comm),
	};
	feed_obs(f, us, &o);
}

static enum encap_kind tunnel_kind(const struct feed *f)
{
	const char *dev = mirror__dev(engine__mirror(f->engine), IF_TUNNEL);

	return strcmp(dev, "vxlan.calico") ? ENCAP_IPIP : ENCAP_VXLAN;
}

void feed_sent(struct feed *f, uint32_t us, struct obs_pkt p)
{
	const struct plan *n = f->plan;

	p.skb = p.skb ? p.skb : feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_CALI1, p);
	feed_path(f, us + 10, AT_TC_EGRESS, IF_TUNNEL,
		  with_dst(p, n->peer, IF_TUNNEL, RT_UNICAST, 0));
	feed_path(f, us + 20, AT_TC_EGRESS, IF_ETH0,
		  with_encap(with_dst(p, NULL, IF_ETH0, RT_UNICAST, 0), tunnel_kind(f), n->node,
			     n->peer));
}

void feed_back(struct feed *f, uint32_t us, struct obs_pkt p)
{
	const struct plan *n = f->plan;

	p.skb = p.skb ? p.skb : feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_ETH0, with_encap(p, tunnel_kind(f), n->peer, n->node));
	feed_path(f, us + 5, AT_TC_INGRESS, IF_TUNNEL, p);
	feed_path(f, us + 15, AT_TC_EGRESS, IF_CALI1, with_dst(p, NULL, IF_CALI1, RT_UNICAST, 0));
}

void feed_leaked(struct feed *f, uint32_t us, struct obs_pkt p)
{
	p.skb = p.skb ? p.skb : feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_CALI1, p);
	feed_path(f, us + 10, AT_TC_EGRESS, IF_ETH0,
		  with_dst(p, f->plan->gw, IF_ETH0, RT_UNICAST, 0));
}

/* ---- what the engine said ---- */

bool was_told(const struct feed *f, uint64_t id)
{
	return id <= f->pkt_cap && f->pkt[id - 1].rev;
}

const struct packet *said(const struct feed *f, uint64_t id)
{
	assert_true(was_told(f, id));
	return &f->pkt[id - 1];
}

const struct finding *finding_at(const struct feed *f, uint32_t id)
{
	const struct finding *x = engine__finding(f->engine, id);

	assert_non_null(x);
	return x;
}

const struct because *chain_has(const struct finding *f, enum cause c)
{
	for (int i = 0; i < f->because_cnt; i++)
		if (f->because[i].cause == c)
			return &f->because[i];
	return NULL;
}

bool evidence_has(const struct finding *f, const char *text)
{
	for (int i = 0; i < f->evidence_cnt; i++)
		if (strstr(f->evidence[i], text))
			return true;
	return false;
}

void feed_leak_on(struct feed *f, uint32_t from_us, uint32_t to_us, const char *dst)
{
	for (uint32_t us = from_us; us < to_us; us += 200 * MS) {
		feed_leaked(f, us, pkt_echo(f->plan->pod, dst, 7, (uint16_t)(us / MS)));
		feed_ticks(f, us + 50 * MS, us + 150 * MS);
	}
}
