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
	static const char *const words[] = { "timed out",     "refused",  "unreachable",
					     "reset by peer", "No route", NULL };

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

	return v->up || v->knocks || v->closes || (n && !n->failed) ||
	       (v->silent && v->tcp && v->tcp->last == BGP_REFUSED);
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
	if (v->proto && strstr(v->proto->info, "Connection closed"))
		v->closes = true;
	v->silent = !v->closes && ((v->tcp && v->tcp->silent_ns) ||
				   (v->proto && (!strcmp(v->proto->bgp, "Connect") ||
						 info_is_silence(v->proto->info))));
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

int peers_gather(const struct engine *e, struct peers *p)
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
		return p->tcp->last == BGP_REFUSED ? "connection refused" :
		       p->tcp->last == BGP_RESET   ? "connection reset" :
						     "no answer to our SYN";
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

void self_examine(const struct engine *e, const struct peers *p, struct self_view *v)
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

void stray_examine(const struct engine *e, const struct peers *p, struct stray_view *v)
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
