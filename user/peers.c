// SPDX-License-Identifier: GPL-2.0-only
/* The BGP neighbours, as configuration, BIRD, TCP and ARP show them together. */
#include "diagnose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* Attempts come every few seconds, at most every 30 (error wait): what is older is over. */
#define RECENT_NS (120 * NSEC_PER_SEC)

/* A SYN is sent again after a second (TCP_TIMEOUT_INIT). */
#define UNANSWERED_NS (1500 * NSEC_PER_MSEC)

struct gatherer {
	const struct engine *e;
	struct addr source; /* the last one that was looked up, and what came of it */
	bool source_local;
};

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

static bool is_recent(const struct engine *e, uint64_t ts_ns)
{
	return ts_ns && e->now_ns < ts_ns + RECENT_NS;
}

/*
 * Whether a session stands: TCP tells at once, BIRD when it was asked last. A connection may stand
 * without a session: accepted, and nothing said. TCP shows nothing of sessions on another port than
 * 179, and nothing at all where inet_diag is missing.
 */
static bool view_is_up(const struct engine *e, const struct peer_view *v)
{
	bool fresh = v->proto && world_is_fresh(e, SOURCE_BIRD);
	bool bird_up = fresh && !strcmp(v->proto->bgp, "Established");

	if (!v->tcp || (!e->bgp_listen_known && !v->tcp->established))
		return bird_up;
	if (!bgp_peer_up(e, v->tcp))
		return false;
	return !fresh || bird_up ||
	       e->world.told_ns[SOURCE_BIRD] < v->tcp->since_ns + 2 * NSEC_PER_SEC;
}

/* Within the last minute, that is: how long ago the source does not tell. */
static bool answers_arp(const struct engine *e, const struct peer_view *v)
{
	const struct obs_neigh *n = world_neigh(e, &v->addr);

	return n && !n->failed;
}

/* Can BIRD speak from the address that it is told to? If not, its errors tell of this node alone. */
static bool source_is_here(struct gatherer *g, const struct addr *source)
{
	if (!addr_is_set(source))
		return true;
	if (!addr_eq(source, &g->source)) {
		g->source = *source;
		g->source_local = mirror__is_local(g->e->mirror, source);
	}
	return g->source_local;
}

/*
 * What BIRD's last error says. It stays until the next session, so it may be older than the state:
 * who waits for an answer to its SYN, or for the other side to come, is told nothing by it.
 */
static void view_info(struct gatherer *g, struct peer_view *v, const struct obs_conf_peer *c)
{
	static const char *const silence[] = { "timed out", "unreachable", "No route", NULL };
	/* what it sent is reset if it closes before it has read our OPEN */
	static const char *const close[] = { "Connection closed", "reset by peer", NULL };
	const struct obs_bird_proto *p = v->proto;
	bool waits = !strcmp(p->bgp, "Connect");

	if (waits || has_text(p->info, silence)) {
		v->silent = true;
		return;
	}
	if (!strcmp(p->bgp, "Passive"))
		return;
	v->refuses = strstr(p->info, "refused");
	v->closes = has_text(p->info, close) && source_is_here(g, c ? &c->source : &p->source);
}

/* What TCP saw last is newer than what BIRD keeps. */
static void view_tcp(const struct engine *e, struct peer_view *v)
{
	const struct bgp_peer *t = v->tcp;

	/* BIRD gives up long before the kernel does, and then nothing tells that it was in vain */
	if (t->connect_ns && e->now_ns > t->connect_ns + UNANSWERED_NS) {
		v->silent = true;
		v->closes = v->refuses = false;
		return;
	}
	if (!t->closes_ns && !t->refused_ns && !t->silent_ns)
		return;
	v->closes = t->closes_ns;
	v->refuses = !v->closes && t->refused_ns;
	v->silent = !v->closes && !v->refuses;
}

static void view_fill(struct gatherer *g, struct peer_view *v)
{
	const struct engine *e = g->e;
	const struct obs_conf_peer *c = world_peer_of(e, &v->addr);

	v->proto = world_proto_of(e, &v->addr);
	v->tcp = bgp_peer_find(e, &v->addr);
	v->node = world_node_name(e, &v->addr);
	v->kind = c ? c->kind : v->proto ? kind_of(v->proto->name) : PEER_OTHER;
	v->up = view_is_up(e, v);
	v->alive = v->up;
	if (v->up)
		return;
	v->disabled = v->proto && !strcmp(v->proto->state, "down");
	v->restarts = v->proto && v->proto->gr_neighbor && world_is_fresh(e, SOURCE_BIRD);
	v->knocks = v->tcp && is_recent(e, v->tcp->knock_ns);
	if (v->proto && world_is_fresh(e, SOURCE_BIRD))
		view_info(g, v, c);
	if (v->tcp)
		view_tcp(e, v);
	/* registered with an address that this node has, too (docker0): it is this one that answers */
	if ((v->closes || v->refuses) && mirror__is_local(e->mirror, &v->addr)) {
		v->closes = v->refuses = false;
		v->silent = true;
	}
	/* a reset or a refusal comes from a kernel that runs; so does an answer to ARP */
	v->alive = v->knocks || v->closes || v->refuses || answers_arp(e, v);
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

/* Who merely connects to our port is no neighbour: it may be a scanner, or another cluster's node. */
static bool is_neighbour(const struct bgp_peer *b)
{
	return b->established || b->down_ns || b->silent_ns || b->closes_ns || b->refused_ns ||
	       !b->knock_ns;
}

static void gather_addrs(const struct engine *e, struct peers *p)
{
	for (uint32_t i = 0; i < world_cnt(e, W_PROTO); i++)
		if (!strcmp(world_proto(e, i)->kind, "BGP"))
			view_add(p, &world_proto(e, i)->neighbor);
	for (uint32_t i = 0; i < world_cnt(e, W_PEER); i++)
		view_add(p, &world_peer(e, i)->addr);
	for (uint32_t i = 0; i < e->peer_cnt && !p->told; i++)
		if (is_neighbour(&e->peer[i]))
			view_add(p, &e->peer[i].peer);
}

int peers_gather(const struct engine *e, struct peers *p)
{
	uint32_t protos = world_cnt(e, W_PROTO), confs = world_cnt(e, W_PEER);
	struct gatherer g = { .e = e };

	*p = (struct peers){ .told = protos || confs };
	p->peer = calloc((size_t)protos + confs + e->peer_cnt + 1, sizeof(*p->peer));
	if (!p->peer)
		return -ENOMEM;
	gather_addrs(e, p);
	squeeze(p);
	for (uint32_t i = 0; i < p->cnt; i++) {
		view_fill(&g, &p->peer[i]);
		p->up += p->peer[i].up;
		p->silent += p->peer[i].silent;
		p->closes += p->peer[i].closes;
		p->disabled += p->peer[i].disabled;
	}
	return 0;
}

void peers_free(struct peers *p)
{
	free(p->peer);
	*p = (struct peers){ 0 };
}

const struct peer_view *peers_find(const struct peers *p, const struct addr *a)
{
	const struct peer_view key = { .addr = *a };

	return p->cnt ? bsearch(&key, p->peer, p->cnt, sizeof(key), by_addr) : NULL;
}

/* The address of the tunnel device is of a block of its node; without tunnels a node may have none. */
static bool any_tunnel(const struct engine *e)
{
	for (uint32_t i = 0; i < e->pools.cnt; i++)
		if (e->pools.pool[i].mode != POOL_NONE && e->pools.pool[i].mode != POOL_UNKNOWN)
			return true;
	return false;
}

bool peer_owns_block(const struct engine *e, const struct peer_view *p)
{
	if (!any_tunnel(e))
		return false;
	if (p->kind == PEER_MESH)
		return true;
	/* a reflector sees its clients so; routers are on no list of nodes */
	return !p->up && owner_is_listed(e, &p->addr, NODES_IPIP | NODES_VXLAN);
}

/* TCP 179 is silent to all who should answer, and not all of them are known to be dead. */
bool peers_blocked(const struct engine *e, const struct peers *p)
{
	if (p->up || !p->silent || p->silent + p->disabled != p->cnt)
		return false;
	for (uint32_t i = 0; i < p->cnt; i++) {
		const struct obs_neigh *n = world_neigh(e, &p->peer[i].addr);

		if (p->peer[i].silent && (p->cnt > 1 ? !n || !n->failed : p->peer[i].alive))
			return true;
	}
	return false;
}

const char *peer_trouble(const struct peer_view *p)
{
	if (p->proto && p->proto->info[0] && strcmp(p->proto->bgp, "Connect"))
		return p->proto->info;
	if (p->closes)
		return "it accepts, and closes at once";
	if (p->refuses)
		return "connection refused: nobody listens there";
	if (p->silent)
		return "no answer to our SYN";
	if (p->disabled)
		return "disabled in BIRD";
	if (p->proto && p->proto->bgp[0])
		return p->proto->bgp;
	return p->tcp ? bgp_state_name(p->tcp->last) : "no connection";
}
