// SPDX-License-Identifier: GPL-2.0-only
/* The cluster around the imagined node, as its sources tell it; see feed.h. */
#include <stdlib.h>

#include "feed.h"

void feed_begin(struct feed *f, uint32_t us, enum source s)
{
	struct obs o = { .kind = OBS_SOURCE, .source = { .id = s, .begin = true } };

	feed_obs(f, us, &o);
}

void feed_end(struct feed *f, uint32_t us, enum source s, enum source_state state)
{
	struct obs o = { .kind = OBS_SOURCE, .source = { .id = s, .state = state } };

	feed_obs(f, us, &o);
}

void feed_bird_status(struct feed *f, uint32_t us, bool recovering)
{
	struct obs o = { .kind = OBS_BIRD, .bird = { .version = "1.6.8" } };

	o.bird.recovering = recovering;
	o.bird.waiting_for = recovering;
	o.bird.wait_s = 215;
	o.bird.wait_max_s = 240;
	feed_obs(f, us, &o);
}

static void copy(char *to, size_t sz, const char *from)
{
	snprintf(to, sz, "%s", from);
}

static struct obs proto_obs(const char *name, struct addr neighbor, const char *bgp,
			    const char *info)
{
	struct obs o = { .kind = OBS_BIRD_PROTO };

	copy(o.bird_proto.name, sizeof(o.bird_proto.name), name);
	copy(o.bird_proto.kind, sizeof(o.bird_proto.kind), "BGP");
	copy(o.bird_proto.state, sizeof(o.bird_proto.state),
	     !bgp[0]			? "down" :
	     strcmp(bgp, "Established") ? "start" :
					  "up");
	copy(o.bird_proto.bgp, sizeof(o.bird_proto.bgp), bgp);
	copy(o.bird_proto.info, sizeof(o.bird_proto.info), info);
	o.bird_proto.neighbor = neighbor;
	return o;
}

void feed_bird_proto(struct feed *f, uint32_t us, const char *name, struct addr neighbor,
		     const char *bgp, const char *info)
{
	struct obs o = proto_obs(name, neighbor, bgp, info);

	feed_obs(f, us, &o);
}

void feed_bird_route(struct feed *f, uint32_t us, const char *proto, struct prefix dst,
		     struct addr from)
{
	struct obs o = { .kind = OBS_BIRD_ROUTE };

	o.bird_route.dst = dst;
	o.bird_route.from = o.bird_route.gw = from;
	o.bird_route.type = RT_UNICAST;
	o.bird_route.best = true;
	copy(o.bird_route.proto, sizeof(o.bird_route.proto), proto);
	feed_obs(f, us, &o);
}

void feed_conf_peer(struct feed *f, uint32_t us, enum conf_peer_kind kind, struct addr addr,
		    struct addr source, const char *node)
{
	struct obs o = { .kind = OBS_CONF_PEER };

	o.conf_peer.kind = kind;
	o.conf_peer.addr = addr;
	o.conf_peer.source = source;
	copy(o.conf_peer.node, sizeof(o.conf_peer.node), node);
	feed_obs(f, us, &o);
}

void feed_listed(struct feed *f, uint32_t us, bool reset, uint8_t lists, struct addr a)
{
	struct obs o = { .kind = OBS_NODE };

	o.node = (struct obs_node){ .reset = reset, .lists = lists, .addr = a };
	feed_obs(f, us, &o);
}

void feed_answer(struct feed *f, uint32_t us, struct addr dst, struct addr gw, struct addr src,
		 uint32_t ifindex, uint16_t err)
{
	struct obs o = { .kind = OBS_ANSWER };

	o.answer = (struct obs_answer){ .dst = dst,
					.gw = gw,
					.src = src,
					.ifindex = ifindex,
					.err = err,
					.type = err ? 0 : RT_UNICAST };
	feed_obs(f, us, &o);
}

void feed_sysctl(struct feed *f, uint32_t us, uint32_t ifindex, int forwarding, int proxy_arp)
{
	struct obs o = { .kind = OBS_SYSCTL };

	o.sysctl = (struct obs_sysctl){ .ifindex = ifindex,
					.forwarding = (int8_t)forwarding,
					.proxy_arp = (int8_t)proxy_arp,
					.ip_forward = (int8_t)forwarding };
	feed_obs(f, us, &o);
}

void feed_neigh_seen(struct feed *f, uint32_t us, struct addr a, bool failed)
{
	struct obs o = { .kind = OBS_NEIGH };

	o.neigh = (struct obs_neigh){
		.failed = failed, .snapshot = true, .ifindex = IF_ETH0, .dst = a
	};
	feed_obs(f, us, &o);
}

void feed_vtep(struct feed *f, uint32_t us, struct addr vtep, struct addr node, bool neigh,
	       bool fdb)
{
	struct obs o = { .kind = OBS_VTEP };

	o.vtep = (struct obs_vtep){ .ifindex = IF_TUNNEL, .have_neigh = neigh, .have_fdb = fdb };
	if (neigh)
		o.vtep.vtep = vtep;
	if (fdb)
		o.vtep.node = node;
	feed_obs(f, us, &o);
}

void feed_proc(struct feed *f, uint32_t us, const char *comm)
{
	struct obs o = { .kind = OBS_PROC, .proc = { .pid = 812 } };

	copy(o.proc.comm, sizeof(o.proc.comm), comm);
	feed_obs(f, us, &o);
}

void feed_addr(struct feed *f, uint32_t us, uint32_t ifindex, const char *addr, uint8_t len,
	       bool del)
{
	struct obs o = { .kind = OBS_ADDR };

	o.addr = (struct obs_addr){ .del = del, .ifindex = ifindex };
	o.addr.address = (struct prefix){ ip(addr), len };
	feed_obs(f, us, &o);
}

/* ---- a mesh ---- */

static uint32_t number(const struct addr *a)
{
	return (uint32_t)a->b[0] << 24 | a->b[1] << 16 | a->b[2] << 8 | a->b[3];
}

static struct addr address(uint32_t n)
{
	struct addr a = { .family = 4 };

	a.b[0] = (uint8_t)(n >> 24);
	a.b[1] = (uint8_t)(n >> 16);
	a.b[2] = (uint8_t)(n >> 8);
	a.b[3] = (uint8_t)n;
	return a;
}

/* Blocks from the pool's second on, but for those that the plan gives away */
static struct prefix block_of(const struct plan *p, uint32_t *next)
{
	struct prefix pool = pfx(p->pool), own = pfx(p->own_block), peer = pfx(p->peer_block), b;

	do {
		b.addr = address(number(&pool.addr) + ((*next)++ << (32 - p->block_len)));
		b.len = p->block_len;
	} while (prefix_eq(&b, &own) || prefix_eq(&b, &peer));
	assert_true(prefix_has(&pool, &b.addr));
	return b;
}

static void name_session(struct mesh *m, struct mesh_peer *p)
{
	static const char *const kinds[] = { "Mesh", "Global", "Node", "Other" };

	snprintf(p->name, sizeof(p->name), "%s_%u_%u_%u_%u", kinds[m->kind], p->addr.b[0],
		 p->addr.b[1], p->addr.b[2], p->addr.b[3]);
}

struct mesh mesh_of(const struct feed *f, enum pool_mode mode, uint32_t peers)
{
	const struct plan *p = f->plan;
	struct mesh m = { .cnt = peers, .mode = mode, .protocol = RP_BIRD };
	struct addr node = ip(p->node), peer = ip(p->peer);
	uint32_t next = 1, host = number(&node);

	m.self = node;
	m.peer = calloc(peers, sizeof(*m.peer));
	assert_non_null(m.peer);
	for (uint32_t i = 0; i < peers; i++) {
		struct mesh_peer *q = &m.peer[i];

		do
			q->addr = address(++host);
		while (addr_eq(&q->addr, &peer));
		if (!i)
			q->addr = peer;
		q->block = i ? block_of(p, &next) : pfx(p->peer_block);
		snprintf(q->node, sizeof(q->node), "n%u", i);
		copy(q->bgp, sizeof(q->bgp), "Established");
		q->route = q->imported = true;
		q->arp = 1;
	}
	return m;
}

void mesh_free(struct mesh *m)
{
	free(m->peer);
	m->peer = NULL;
}

struct addr mesh_vtep(const struct mesh_peer *p)
{
	return address(number(&p->block.addr) + (1u << (32 - p->block.len)) - 1);
}

void mesh_down(struct mesh *m, uint32_t i, enum tcp_is tcp, const char *bgp, const char *info)
{
	struct mesh_peer *p = &m->peer[i];

	p->tcp = tcp;
	p->route = p->imported = false;
	copy(p->bgp, sizeof(p->bgp), bgp);
	copy(p->info, sizeof(p->info), info);
}

static void tell_tcp(struct feed *f, uint32_t us, const struct mesh_peer *p)
{
	static const enum bgp_state states[] = {
		[TCP_UP] = BGP_CONNECTED,  [TCP_SILENT] = BGP_CONNECTING,
		[TCP_CLOSES] = BGP_RESET,  [TCP_REFUSES] = BGP_REFUSED,
		[TCP_KNOCKS] = BGP_CLOSED,
	};
	struct obs o = { .kind = OBS_BGP };

	if (p->tcp == TCP_NONE)
		return;
	o.bgp = (struct obs_bgp){ .state = states[p->tcp], .peer = p->addr, .peer_port = 179 };
	o.bgp.snapshot = p->tcp != TCP_CLOSES && p->tcp != TCP_REFUSES;
	if (p->tcp == TCP_KNOCKS) {
		o.bgp.local = ip(f->plan->node);
		o.bgp.local_port = 179;
		o.bgp.peer_port = 40000;
	}
	feed_obs(f, us, &o);
}

static void tell_routes(struct feed *f, uint32_t us, const struct mesh *m)
{
	bool tunnel = m->mode == POOL_IPIP || m->mode == POOL_VXLAN;

	for (uint32_t i = 0; i < m->cnt; i++) {
		const struct mesh_peer *p = &m->peer[i];
		struct obs o = { .kind = OBS_ROUTE };
		struct route *r = &o.route.route;

		if (!p->route)
			continue;
		*r = (struct route){ .dst = p->block,
				     .table = 254,
				     .type = RT_UNICAST,
				     .protocol = m->protocol,
				     .nh_cnt = 1 };
		r->nh[0].gw = m->vteps ? mesh_vtep(p) : p->addr;
		r->nh[0].ifindex = tunnel ? IF_TUNNEL : IF_ETH0;
		o.route.snapshot = true;
		feed_obs(f, us, &o);
	}
}

static void tell_bird(struct feed *f, uint32_t us, const struct mesh *m)
{
	feed_begin(f, us, SOURCE_BIRD);
	feed_bird_status(f, us, m->recovering);
	for (uint32_t i = 0; i < m->cnt; i++) {
		const struct mesh_peer *p = &m->peer[i];
		struct obs o = proto_obs(p->name, p->addr, p->bgp, p->info);

		o.bird_proto.imported = p->imported;
		o.bird_proto.gr_neighbor = p->restarts;
		feed_obs(f, us, &o);
		if (p->imported)
			feed_bird_route(f, us, p->name, p->block, p->addr);
	}
	feed_end(f, us, SOURCE_BIRD, SOURCE_OK);
}

static void tell_conf(struct feed *f, uint32_t us, const struct mesh *m)
{
	struct obs o = { .kind = OBS_CONF };

	feed_begin(f, us, SOURCE_CONF);
	o.conf.router_id = m->self;
	o.conf.felix_owns = m->felix_owns;
	feed_obs(f, us, &o);
	for (uint32_t i = 0; i < m->cnt; i++)
		feed_conf_peer(f, us, m->kind, m->peer[i].addr, m->self, m->peer[i].node);
	feed_end(f, us, SOURCE_CONF, SOURCE_OK);
}

static void tell_list(struct feed *f, uint32_t us, const struct mesh *m)
{
	uint8_t list = m->mode == POOL_VXLAN ? NODES_VXLAN : NODES_IPIP;

	feed_begin(f, us, SOURCE_IPSET);
	feed_listed(f, us, true, list, (struct addr){ 0 });
	if (list == NODES_IPIP)
		feed_listed(f, us, false, list, m->self);
	for (uint32_t i = 0; i < m->cnt; i++)
		if (!m->peer[i].unlisted)
			feed_listed(f, us, false, list, m->peer[i].addr);
	feed_end(f, us, SOURCE_IPSET, SOURCE_OK);
}

static void tell_answers(struct feed *f, uint32_t us, const struct mesh *m)
{
	bool tunnel = m->mode == POOL_IPIP || m->mode == POOL_VXLAN;
	struct addr node = ip(f->plan->node), none = { 0 }, gw = ip(f->plan->gw);

	feed_begin(f, us, SOURCE_ANSWER);
	for (uint32_t i = 0; i < m->cnt; i++) {
		const struct mesh_peer *p = &m->peer[i];

		feed_answer(f, us, p->addr, none, node, IF_ETH0, 0);
		if (p->route)
			feed_answer(f, us, p->block.addr, m->vteps ? mesh_vtep(p) : p->addr,
				    tunnel ? ip(f->plan->tunnel) : node,
				    tunnel ? IF_TUNNEL : IF_ETH0, 0);
		else
			feed_answer(f, us, p->block.addr, gw, node, IF_ETH0, 0);
	}
	feed_end(f, us, SOURCE_ANSWER, SOURCE_OK);
}

static void tell_kernel(struct feed *f, uint32_t us, const struct mesh *m)
{
	struct obs o = { .kind = OBS_FILL, .fill = { FILL_CONNTRACK, 10, 1000 } };

	feed_begin(f, us, SOURCE_SYSCTL);
	feed_sysctl(f, us, 0, 1, 0);
	feed_sysctl(f, us, IF_ETH0, 1, 0);
	feed_sysctl(f, us, IF_TUNNEL, 1, 0);
	feed_sysctl(f, us, IF_CALI1, 1, 1);
	feed_sysctl(f, us, IF_CALI2, 1, 1);
	feed_end(f, us, SOURCE_SYSCTL, SOURCE_OK);
	feed_begin(f, us, SOURCE_FILL);
	feed_obs(f, us, &o);
	feed_end(f, us, SOURCE_FILL, SOURCE_OK);
	feed_begin(f, us, SOURCE_NEIGH);
	for (uint32_t i = 0; i < m->cnt; i++)
		if (m->peer[i].arp)
			feed_neigh_seen(f, us, m->peer[i].addr, m->peer[i].arp < 0);
	feed_end(f, us, SOURCE_NEIGH, SOURCE_OK);
	if (m->vteps && !(m->without & MESH_NO_VTEP)) {
		feed_begin(f, us, SOURCE_VTEP);
		for (uint32_t i = 0; i < m->cnt; i++)
			feed_vtep(f, us, mesh_vtep(&m->peer[i]), m->peer[i].addr, true, true);
		feed_end(f, us, SOURCE_VTEP, SOURCE_OK);
	}
}

void feed_around(struct feed *f, uint32_t us, const struct mesh *m)
{
	struct obs tick = { .kind = OBS_TICK };

	if (!(m->without & MESH_NO_CONF))
		tell_conf(f, us, m);
	if (!(m->without & MESH_NO_LIST))
		tell_list(f, us, m);
	if (!(m->without & MESH_NO_PROC)) {
		feed_begin(f, us, SOURCE_PROC);
		if (!m->no_listen)
			feed_proc(f, us, "bird");
		feed_end(f, us, SOURCE_PROC, SOURCE_OK);
	}
	tell_kernel(f, us, m);
	if (m->without & MESH_NO_BIRD)
		feed_end(f, us, SOURCE_BIRD, SOURCE_ABSENT);
	else
		tell_bird(f, us, m);
	if (!(m->without & MESH_NO_ANSWER))
		tell_answers(f, us, m);
	feed_obs(f, us, &tick);
}

/* feed_node() says that somebody listens, or that nobody does: without inet_diag nobody says it. */
static void tell_node(struct feed *f, const struct mesh *m)
{
	unsigned int flags = NODE_NO_BLOCK | NODE_BGP_DOWN;
	struct obs o = { .kind = OBS_LINK };

	if (m->without & MESH_NO_DIAG)
		flags |= NODE_NO_DIAG;
	feed_node(f, m->mode, flags);
	o.link.op = LINK_CHANGE;
	o.link.snapshot = true;
	o.link.link = (struct link_info){ .ifindex = IF_ETH0,
					  .mtu = 1530,
					  .up = true,
					  .running = true,
					  .name = "eth0",
					  .arptype = 1 };
	feed_obs(f, 0, &o);
	if (m->no_listen) {
		o = (struct obs){ .kind = OBS_BGP };
		o.bgp = (struct obs_bgp){ .state = BGP_NO_LISTEN, .snapshot = true };
		feed_obs(f, 0, &o);
	}
}

void feed_mesh(struct feed *f, uint32_t us, const struct mesh *m)
{
	struct mesh named = *m;

	tell_node(f, m);
	for (uint32_t i = 0; i < m->cnt; i++) {
		name_session(&named, &named.peer[i]);
		if (!(m->without & MESH_NO_DIAG))
			tell_tcp(f, 0, &m->peer[i]);
	}
	tell_routes(f, 0, m);
	feed_around(f, us, m);
}

/* ---- the audit ---- */

static void on_check(void *ctx, const struct check *c)
{
	struct audit_said *a = ctx;

	assert_true(a->cnt < 20);
	/* who complains says what was seen, and what to do */
	if ((c->state == CHECK_WARN || c->state == CHECK_PROBLEM) &&
	    !(c->explain[0] && c->evidence_cnt && c->advice[0]))
		fail_msg("%s lacks evidence or advice: %s", c->name, c->explain);
	a->check[a->cnt++] = *c;
}

struct audit_said feed_audit(const struct feed *f)
{
	struct audit_said a = { 0 };

	engine__audit(f->engine, on_check, &a);
	return a;
}

const struct check *check_of(const struct audit_said *a, const char *name)
{
	for (uint32_t i = 0; i < a->cnt; i++)
		if (!strcmp(a->check[i].name, name))
			return &a->check[i];
	fail_msg("no check %s", name);
	return NULL;
}

bool check_says(const struct check *c, const char *text)
{
	for (int i = 0; i < c->evidence_cnt; i++)
		if (strstr(c->evidence[i], text))
			return true;
	return strstr(c->explain, text);
}

static bool is_among(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

void assert_all_ok_but(const struct audit_said *a, const char *const *names)
{
	for (uint32_t i = 0; i < a->cnt; i++) {
		const struct check *c = &a->check[i];

		if (c->state != CHECK_OK && !is_among(c->name, names))
			fail_msg("%s is %s: %s %s", c->name, check_state_name(c->state), c->explain,
				 c->evidence_cnt ? c->evidence[0] : "");
	}
}
