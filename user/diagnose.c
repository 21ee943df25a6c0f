// SPDX-License-Identifier: GPL-2.0-only
#include "diagnose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* ---- peers ---- */

static int by_addr(const void *a, const void *b)
{
	const struct peer_view *x = a, *y = b;

	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static enum conf_peer_kind kind_of(const char *name)
{
	if (!strncmp(name, "Mesh_", 5))
		return PEER_MESH;
	if (!strncmp(name, "Global_", 7))
		return PEER_GLOBAL;
	return !strncmp(name, "Node_", 5) ? PEER_NODE : PEER_OTHER;
}

static bool has_text(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return true;
	return false;
}

/* strerror() as BIRD prints it, behind "Socket: " */
static bool info_is_silence(const char *info)
{
	static const char *const words[] = { "timed out", "unreachable", "No route", NULL };

	return has_text(info, words);
}

/*
 * Whether a session stands: TCP tells at once, BIRD when it was asked last. A connection that
 * stood before the start, and of which nothing was received, is none.
 */
static bool view_is_up(const struct engine *e, const struct peer_view *v)
{
	bool told = v->proto && world_is_fresh(e, SOURCE_BIRD);

	if (v->tcp)
		return bgp_peer_up(e, v->tcp);
	return told && !e->bgp_listen_known && !strcmp(v->proto->bgp, "Established");
}

/* A reset or a refusal comes from a kernel that runs; so does an answer to ARP. */
static bool view_is_alive(const struct engine *e, const struct peer_view *v)
{
	const struct obs_neigh *n = world_neigh(e, &v->addr);

	return v->up || v->knocks || v->closes || v->refuses || (n && !n->failed);
}

static void view_fill(const struct engine *e, struct peer_view *v)
{
	const struct obs_conf_peer *c = world_peer_of(e, &v->addr);

	v->proto = world_proto_of(e, &v->addr);
	v->tcp = bgp_peer_find(e, &v->addr);
	v->node = c ? c->node : "";
	v->kind = c ? c->kind : v->proto ? kind_of(v->proto->name) : PEER_OTHER;
	v->up = view_is_up(e, v);
	v->disabled = v->proto && !strcmp(v->proto->state, "down");
	v->knocks = v->tcp && v->tcp->knock_ns;
	v->alive = v->up;
	if (v->up)
		return;
	v->closes = v->tcp && v->tcp->closes_ns;
	/* what it sent is reset if it closes before it has read our OPEN */
	if (v->proto && (strstr(v->proto->info, "Connection closed") ||
			 strstr(v->proto->info, "reset by peer")))
		v->closes = true;
	v->refuses = !v->closes && ((v->tcp && v->tcp->refused_ns) ||
				    (v->proto && strstr(v->proto->info, "refused")));
	v->silent = !v->closes && !v->refuses &&
		    ((v->tcp && v->tcp->silent_ns) ||
		     (v->proto &&
		      (!strcmp(v->proto->bgp, "Connect") || info_is_silence(v->proto->info))));
	v->alive = view_is_alive(e, v);
}

static void view_add(struct peers *p, const struct addr *a)
{
	if (a->family == 4)
		p->peer[p->cnt++].addr = *a;
}

static void squeeze(struct peers *p)
{
	uint32_t n = 0;

	qsort(p->peer, p->cnt, sizeof(*p->peer), by_addr);
	for (uint32_t i = 0; i < p->cnt; i++)
		if (!n || by_addr(&p->peer[n - 1], &p->peer[i]))
			p->peer[n++] = p->peer[i];
	p->cnt = n;
}

static int peers_gather(const struct engine *e, struct peers *p)
{
	uint32_t protos = world_cnt(e, W_PROTO), confs = world_cnt(e, W_PEER);

	*p = (struct peers){ .told = protos || confs };
	p->peer = calloc((size_t)protos + confs + e->peer_cnt + 1, sizeof(*p->peer));
	if (!p->peer)
		return -ENOMEM;
	for (uint32_t i = 0; i < protos; i++)
		if (!strcmp(world_proto(e, i)->kind, "BGP"))
			view_add(p, &world_proto(e, i)->neighbor);
	for (uint32_t i = 0; i < confs; i++)
		view_add(p, &world_peer(e, i)->addr);
	/* who merely knocks is no neighbour, where the neighbours are known */
	for (uint32_t i = 0; i < e->peer_cnt && !p->told; i++)
		view_add(p, &e->peer[i].peer);
	squeeze(p);
	for (uint32_t i = 0; i < p->cnt; i++) {
		view_fill(e, &p->peer[i]);
		p->up += p->peer[i].up;
		p->silent += p->peer[i].silent;
		p->closes += p->peer[i].closes;
		p->disabled += p->peer[i].disabled;
	}
	return 0;
}

static void peers_free(struct peers *p)
{
	free(p->peer);
	*p = (struct peers){ 0 };
}

const struct peer_view *peers_find(const struct peers *p, const struct addr *a)
{
	const struct peer_view key = { .addr = *a };

	return p->cnt ? bsearch(&key, p->peer, p->cnt, sizeof(key), by_addr) : NULL;
}

bool peer_owns_block(const struct engine *e, const struct peer_view *p)
{
	if (p->kind != PEER_MESH)
		return false;
	/* the address of the tunnel device is of a block of its node; without tunnels a node may have none */
	for (uint32_t i = 0; i < e->pools.cnt; i++)
		if (e->pools.pool[i].mode != POOL_NONE && e->pools.pool[i].mode != POOL_UNKNOWN)
			return true;
	return false;
}

const char *peer_trouble(const struct peer_view *p)
{
	if (p->proto && p->proto->info[0])
		return p->proto->info;
	if (p->tcp && p->tcp->closes_ns)
		return "it accepts, and closes at once";
	if (p->tcp && p->tcp->silent_ns)
		return "no answer to our SYN";
	if (p->tcp && p->tcp->refused_ns)
		return "connection refused: nobody listens there";
	if (p->disabled)
		return "disabled in BIRD";
	if (p->proto && p->proto->bgp[0])
		return p->proto->bgp;
	return p->tcp ? bgp_state_name(p->tcp->last) : "no connection";
}

const char *node_suffix(const struct engine *e, const struct addr *a, char *buf, size_t sz)
{
	const char *name = world_node_name(e, a);

	snprintf(buf, sz, "%s%s%s", name[0] ? " (" : "", name, name[0] ? ")" : "");
	return buf;
}

bool diag_is_tunnel(const struct link_info *l)
{
	return l->up || !strcmp(l->name, "tunl0") || !strcmp(l->name, "vxlan.calico");
}

/* ---- BIRD itself ---- */

bool bird_is_down(const struct engine *e)
{
	if (!e->bgp_listen_known || e->bgp_listen)
		return false;
	/* another daemon than BIRD may speak BGP, or none: only what is configured here counts */
	if (!world_cnt(e, W_PEER) && !world_knows(e, SOURCE_BIRD) &&
	    !mirror__has_protocol(e->mirror, RTPROT_BIRD))
		return false;
	for (uint32_t i = 0; i < world_cnt(e, W_PROC); i++)
		if (!strcmp(world_proc(e, i)->comm, "bird"))
			return false;
	return true;
}

bool bird_recovers(const struct engine *e)
{
	return world_is_fresh(e, SOURCE_BIRD) && e->world.bird[0].recovering;
}

/* ---- this node's own address ---- */

struct local_ask {
	const struct engine *e;
	uint8_t lists;
	struct addr found;
	uint32_t ifindex;
};

static void local_listed(void *ctx, const struct obs_addr *a)
{
	struct local_ask *l = ctx;

	if (!addr_is_set(&l->found) && owner_is_listed(l->e, &a->address.addr, l->lists)) {
		l->found = a->address.addr;
		l->ifindex = a->ifindex;
	}
}

static void local_dev(void *ctx, const struct obs_addr *a)
{
	struct local_ask *l = ctx;

	if (addr_eq(&a->address.addr, &l->found))
		l->ifindex = a->ifindex;
}

static void set_registered(const struct engine *e, struct self_view *v, const struct addr *a)
{
	struct local_ask l = { .found = *a };

	v->registered = *a;
	mirror__each_addr(e->mirror, local_dev, &l);
	snprintf(v->dev, sizeof(v->dev), "%s", l.ifindex ? mirror__dev(e->mirror, l.ifindex) : "");
}

/* What most peers would see as the source of this node's packets, by the kernel's own answer */
static struct addr source_used(const struct engine *e, const struct peers *p)
{
	struct addr best = { 0 };
	uint32_t votes = 0;

	for (uint32_t i = 0; i < p->cnt; i++) {
		const struct obs_answer *a = world_answer(e, &p->peer[i].addr);

		if (!a || a->err || !addr_is_set(&a->src) || judge_pool(e, &a->src))
			continue;
		if (!votes)
			best = a->src;
		votes += addr_eq(&best, &a->src) ? 1 : -1; /* the majority survives */
	}
	return best;
}

/* The address that BIRD is told to speak from */
static struct addr source_configured(const struct engine *e, const struct peers *p)
{
	const struct addr none = { 0 };

	for (uint32_t i = 0; i < p->cnt; i++)
		if (p->peer[i].proto && addr_is_set(&p->peer[i].proto->source))
			return p->peer[i].proto->source;
	for (uint32_t i = 0; i < world_cnt(e, W_PEER); i++)
		if (world_peer(e, i)->source.family == 4)
			return world_peer(e, i)->source;
	return world_cnt(e, W_PEER) ? e->world.conf.router_id : none;
}

/* Felix lists all nodes, this one included, by the addresses that they are registered with. */
static bool examine_list(const struct engine *e, struct self_view *v)
{
	struct local_ask l = { .e = e, .lists = NODES_IPIP };

	if (owner_listed_cnt(e, NODES_IPIP) < 2 || !addr_is_set(&v->used) ||
	    owner_is_listed(e, &v->used, NODES_IPIP))
		return false;
	mirror__each_addr(e->mirror, local_listed, &l);
	v->what = SELF_UNLISTED;
	v->conf = addr_is_set(&l.found) ? CONF_CERTAIN : CONF_LIKELY;
	if (addr_is_set(&l.found))
		set_registered(e, v, &l.found);
	return true;
}

static void self_examine(const struct engine *e, const struct peers *p, struct self_view *v)
{
	struct addr configured = source_configured(e, p);

	*v = (struct self_view){ .used = source_used(e, p) };
	if (addr_is_set(&configured) && !mirror__is_local(e->mirror, &configured)) {
		v->what = SELF_ABSENT;
		v->conf = CONF_CERTAIN;
		v->registered = configured;
		return;
	}
	if (examine_list(e, v))
		return;
	/* a node may well speak from an address of its own choice, as long as it works */
	if (!p->up && addr_is_set(&configured) && addr_is_set(&v->used) &&
	    !addr_eq(&configured, &v->used)) {
		v->what = SELF_UNUSED;
		v->conf = CONF_LIKELY;
		set_registered(e, v, &configured);
		return;
	}
	if (!p->up && p->closes && p->closes + p->disabled >= p->cnt) {
		v->what = SELF_REFUSED;
		v->conf = CONF_LIKELY;
		return;
	}
	if (p->up || addr_is_set(&v->used))
		v->what = SELF_FINE;
}

/* ---- another node's ---- */

static bool is_knocker(const struct engine *e, const struct peers *p, const struct bgp_peer *b)
{
	return b->knock_ns && b->peer.family == 4 && !bgp_peer_up(e, b) &&
	       !peers_find(p, &b->peer) && !mirror__is_local(e->mirror, &b->peer);
}

static void stray_examine(const struct engine *e, const struct peers *p, struct stray_view *v)
{
	const struct peer_view *dead = NULL;
	uint32_t knockers = 0, dead_cnt = 0;

	*v = (struct stray_view){ .node = "" };
	if (!p->told)
		return;
	for (uint32_t i = 0; i < e->peer_cnt; i++) {
		if (!is_knocker(e, p, &e->peer[i]))
			continue;
		v->knocker = e->peer[i].peer;
		knockers++;
	}
	for (uint32_t i = 0; i < p->cnt; i++) {
		const struct peer_view *q = &p->peer[i];

		/* who connects is known by its right address */
		if (q->up || q->disabled || q->knocks)
			continue;
		dead = q;
		dead_cnt++;
	}
	if (!knockers || !dead_cnt)
		return;
	v->have = true;
	v->conf = CONF_LIKELY;
	if (knockers > 1 || dead_cnt > 1)
		return;
	v->registered = dead->addr;
	v->node = dead->node;
	/* configuration says that nobody else is meant, and who knocks is nobody in it */
	if (world_peer_of(e, &dead->addr))
		v->conf = CONF_CERTAIN;
}

/* ---- routes by node ---- */

struct addr diag_node_of(const struct engine *e, const struct addr *gw)
{
	for (uint32_t i = 0; i < world_cnt(e, W_VTEP); i++) {
		const struct obs_vtep *v = world_vtep(e, i);

		if (addr_is_set(&v->node) && addr_eq(&v->vtep, gw))
			return v->node;
	}
	return *gw;
}

struct gather {
	const struct engine *e;
	struct diag *d;
	uint32_t cap;
};

static void note_gateway(void *ctx, const struct route *r)
{
	struct gather *g = ctx;
	struct diag *d = g->d;

	if (r->type != RTN_UNICAST || !r->dst.len || !judge_pool(g->e, &r->dst.addr))
		return;
	for (int i = 0; i < r->nh_cnt; i++) {
		if (!addr_is_set(&r->nh[i].gw))
			continue;
		if (d->gw_cnt == g->cap) {
			uint32_t cap = g->cap ? g->cap * 2 : 256;
			void *n = realloc(d->gw, cap * sizeof(*d->gw));

			if (!n)
				return;
			d->gw = n;
			g->cap = cap;
		}
		d->gw[d->gw_cnt++] = (struct gateway){ r->nh[i].gw, 1 };
	}
}

static int by_node(const void *x, const void *y)
{
	const struct gateway *a = x, *b = y;

	return memcmp(&a->node, &b->node, sizeof(a->node));
}

static uint32_t fold(struct gateway *gw, uint32_t cnt)
{
	uint32_t n = 0;

	if (cnt)
		qsort(gw, cnt, sizeof(*gw), by_node);
	for (uint32_t i = 0; i < cnt; i++)
		if (n && addr_eq(&gw[n - 1].node, &gw[i].node))
			gw[n - 1].routes += gw[i].routes;
		else
			gw[n++] = gw[i];
	return n;
}

static void gather_gateways(const struct engine *e, struct diag *d)
{
	struct gather g = { .e = e, .d = d };

	mirror__each_route(e->mirror, note_gateway, &g);
	d->gw_cnt = fold(d->gw, d->gw_cnt);
	if (!world_cnt(e, W_VTEP))
		return;
	for (uint32_t i = 0; i < d->gw_cnt; i++)
		d->gw[i].node = diag_node_of(e, &d->gw[i].node);
	d->gw_cnt = fold(d->gw, d->gw_cnt);
}

bool diag_is_stray(const struct diag *d, const struct addr *peer)
{
	return d->stray.have && addr_is_set(&d->stray.registered) &&
	       addr_eq(&d->stray.registered, peer);
}

uint32_t diag_routes_by(const struct diag *d, const struct addr *node)
{
	const struct gateway key = { .node = *node };
	const struct gateway *g;

	g = d->gw_cnt ? bsearch(&key, d->gw, d->gw_cnt, sizeof(key), by_node) : NULL;
	return g ? g->routes : 0;
}

/* ---- all of it ---- */

#define MOMENT_NS (200 * NSEC_PER_MSEC)

void diagnose_free(struct diag *d)
{
	peers_free(&d->peers);
	free(d->gw);
	*d = (struct diag){ 0 };
}

const struct diag *diagnose(const struct engine *e)
{
	struct diag *d = e->diag;
	uint64_t version = e->world.version + mirror__version(e->mirror) + e->bgp_version;

	if (d->ts_ns && d->version == version && e->now_ns < d->ts_ns + MOMENT_NS)
		return d;
	diagnose_free(d);
	/* without memory there are no peers to speak of, and nothing is claimed */
	peers_gather(e, &d->peers);
	gather_gateways(e, d);
	self_examine(e, &d->peers, &d->self);
	stray_examine(e, &d->peers, &d->stray);
	d->ts_ns = e->now_ns ? e->now_ns : 1;
	d->version = version;
	return d;
}
