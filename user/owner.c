// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose a block is, without the API server: the gateway that a routing daemon gave its route last.
 * A route that somebody else changed does not change that, so it can be told that packets now go
 * to the wrong node. Also the addresses of the cluster's nodes, as Felix lists them for the
 * allow-lists of tunnel traffic.
 */
#include "diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "recall.h"
#include "way.h"

/* Felix' list is read now and then: a node that just joined may not be on it yet. */
#define JOINING_NS (30 * NSEC_PER_SEC)

static uint64_t prefix_hash(const struct prefix *p)
{
	return hash_bytes(p->addr.b, sizeof(p->addr.b), p->len);
}

static struct owner *find(const struct engine *e, const struct prefix *p)
{
	for (struct hnode *n = hmap_first(&e->owners, prefix_hash(p)); n; n = hmap_next(n)) {
		struct owner *o = hmap_entry(n, struct owner, node);

		if (prefix_eq(&o->block, p))
			return o;
	}
	return NULL;
}

/* The owner of the longest block that holds a, also of one that is withdrawn; NULL: nobody told */
static struct owner *find_for(const struct engine *e, const struct addr *a, bool withdrawn)
{
	const struct pool *pool = judge_pool(e, a);

	if (!pool)
		return NULL;
	for (int len = 32; len >= pool->cidr.len; len--) {
		struct prefix p;
		struct owner *o;

		if (!e->owner_len[len])
			continue;
		p = prefix_of(a, (uint8_t)len);
		o = find(e, &p);
		if (o && (withdrawn || !o->withdrawn))
			return o;
	}
	return NULL;
}

struct owner *owner_for(const struct engine *e, const struct addr *a)
{
	return find_for(e, a, false);
}

bool owner_is_daemon(const struct actor *by)
{
	return !by->pid || !strncmp(by->comm, "bird", 4) || !strncmp(by->comm, "calico", 6) ||
	       !strncmp(by->comm, "felix", 5);
}

/* A borrowed address that went back to its block, or a block that nobody announces any more */
static void withdraw(struct engine *e, const struct obs_route *o)
{
	struct owner *w = owner_is_daemon(&o->by) ? find(e, &o->route.dst) : NULL;

	if (w && (!o->route.nh_cnt || addr_eq(&o->route.nh[0].gw, &w->gw)))
		w->withdrawn = true;
}

void owner_route(struct engine *e, const struct obs_route *o, uint64_t ts_ns)
{
	const struct route *r = &o->route;
	struct owner *w;

	e->owner_version++;
	if (o->op == ROUTE_DEL)
		withdraw(e, o);
	/* the lengths that are kept are IPv4's; a file may have pools and routes of any family */
	if ((o->op != ROUTE_ADD && o->op != ROUTE_REPLACE) || !r->nh_cnt ||
	    !addr_is_set(&r->nh[0].gw) || r->dst.addr.family != 4 || r->dst.len > 32 ||
	    !judge_pool(e, &r->dst.addr))
		return;
	if (r->protocol != RTPROT_BIRD && r->protocol != RTPROT_FELIX && r->protocol != RTPROT_BOOT)
		return;
	w = find(e, &r->dst);
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return;
		w->block = r->dst;
		if (hmap_add(&e->owners, &w->node, prefix_hash(&r->dst))) {
			free(w);
			return;
		}
		e->owner_len[r->dst.len] = true;
	}
	if (!o->snapshot)
		w->changed_ns = ts_ns;
	if (owner_is_daemon(&o->by)) {
		if (!o->snapshot && addr_is_set(&w->gw) && !addr_eq(&w->gw, &r->nh[0].gw)) {
			w->moved_ns = ts_ns;
			if (ts_ns > e->moved_ns)
				e->moved_ns = ts_ns;
		}
		w->gw = r->nh[0].gw;
		w->withdrawn = false;
	}
}

static void from_mirror(void *ctx, const struct route *r)
{
	struct obs_route o = { .op = ROUTE_ADD, .snapshot = true, .route = *r };

	if (!find(ctx, &r->dst))
		owner_route(ctx, &o, 0);
}

void owner_pools(struct engine *e)
{
	e->owner_version++;
	mirror__each_route(e->mirror, from_mirror, e);
}

static uint64_t addr_hash(const struct addr *a)
{
	return hash_bytes(a->b, sizeof(a->b), a->family);
}

static const struct cluster_node *listed(const struct engine *e, const struct addr *a)
{
	for (struct hnode *n = hmap_first(&e->nodes, addr_hash(a)); n; n = hmap_next(n))
		if (addr_eq(&hmap_entry(n, struct cluster_node, node)->addr, a))
			return hmap_entry(n, struct cluster_node, node);
	return NULL;
}

bool owner_on_any_list(const struct engine *e, const struct addr *a)
{
	return listed(e, a);
}

bool owner_is_listed(const struct engine *e, const struct addr *a, uint8_t lists)
{
	const struct cluster_node *c = listed(e, a);

	return c && (c->lists & lists);
}

uint32_t owner_listed_cnt(const struct engine *e, uint8_t list)
{
	return e->listed[list == NODES_VXLAN];
}

/* In the full mesh the neighbour that BIRD has a route from is the node that owns the block. */
static void ask_bird(const struct engine *e, struct owner *w)
{
	const struct obs_bird_route *b = world_broute_of(e, &w->block);
	const struct addr none = { 0 };

	w->bird_ns = e->world.told_ns[SOURCE_BIRD];
	w->bird_from = w->bird_gw = none;
	if (!b || !b->best || strncmp(b->proto, "Mesh_", 5))
		return;
	w->bird_from = b->from;
	w->bird_gw = b->gw;
}

/* The daemon's own route leads elsewhere than to where the daemon has it from */
static bool bird_differs(const struct engine *e, struct owner *w, const struct addr *gw)
{
	struct addr node;

	/* what changed since BIRD was asked, it was not asked about */
	if (!world_is_recent(e, SOURCE_BIRD) || bird_recovers(e) ||
	    w->changed_ns > e->world.told_ns[SOURCE_BIRD])
		return false;
	if (w->bird_ns != e->world.told_ns[SOURCE_BIRD])
		ask_bird(e, w);
	if (!addr_is_set(&w->bird_from) || addr_eq(gw, &w->bird_from) || addr_eq(gw, &w->bird_gw))
		return false;
	node = diag_node_of(e, gw);
	/* a VTEP that is mapped to no node may be anybody's */
	return !addr_eq(&node, &w->bird_from) && !addr_eq(&node, &w->bird_gw) &&
	       !judge_pool(e, &node);
}

/* BIRD, Felix: Felix' routes into VXLAN are of protocol boot, as those of a hand are */
static bool is_daemons(const struct engine *e, const struct route *r)
{
	const struct link_info *l = r->nh_cnt ? mirror__link_info(e->mirror, r->nh[0].ifindex) :
						NULL;

	return r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
	       (r->protocol == RTPROT_BOOT && l && !strcmp(l->kind, "vxlan"));
}

/* Did anything newer than a baseline tell whose the block is? */
static bool is_told_anew(const struct engine *e, const struct recalled *old, const struct addr *dst)
{
	const struct owner *w = find_for(e, dst, true);
	const struct obs_bird_route *b = world_broute_of(e, &old->block);
	const struct route *r = mirror__lookup(e->mirror, dst);

	if (w && (w->withdrawn || (w->changed_ns && addr_is_set(&w->gw)) ||
		  w->block.len > old->block.len))
		return true;
	if (b && b->best && world_is_fresh(e, SOURCE_BIRD))
		return true;
	return r && is_daemons(e, r);
}

const struct recalled *owner_recalled(const struct engine *e, const struct addr *dst,
				      const struct addr *gw)
{
	const struct recalled *old = recall_for(e, dst);
	struct addr node;
	const char *name;

	if (!old || !addr_is_set(&old->owner) || !addr_is_set(gw) || is_told_anew(e, old, dst))
		return NULL;
	node = diag_node_of(e, gw);
	name = world_node_name(e, &node);
	/* the same node, by another address; a VTEP that is mapped to no node may be anybody's */
	if (addr_eq(&node, &old->owner) || addr_eq(gw, &old->gw) ||
	    (name[0] && !strcmp(name, old->name)) || judge_pool(e, &node))
		return NULL;
	return old;
}

bool owner_differs(const struct engine *e, const struct addr *dst, const struct addr *gw)
{
	struct owner *w = way_of(e, dst)->owner;

	if (!addr_is_set(gw))
		return false;
	if (w && ((addr_is_set(&w->gw) && !addr_eq(&w->gw, gw)) || bird_differs(e, w, gw)))
		return true;
	return e->recall.blocks.cnt && owner_recalled(e, dst, gw);
}

bool owner_is_other(const struct engine *e, const struct addr *a)
{
	const struct owner *w = find_for(e, a, true);

	return w && addr_is_set(&w->gw);
}

bool owner_is_node(const struct engine *e, const struct addr *a)
{
	return addr_is_set(a) && (owner_on_any_list(e, a) || bgp_peer_find(e, a));
}

bool owner_is_stranger(const struct engine *e, const struct addr *dst, const struct addr *end)
{
	struct owner *w;

	if (way_of(e, end)->listed || bgp_peer_find(e, end))
		return false;
	w = find_for(e, dst, true);
	/* without a list BIRD may know whose the block is: tunnels end at the nodes that it speaks with */
	if (!e->nodes.cnt)
		return w && !w->withdrawn && bird_differs(e, w, end);
	return !w || !w->changed_ns || e->now_ns > w->changed_ns + JOINING_NS;
}

void owner_node(struct engine *e, const struct obs_node *o)
{
	struct cluster_node *c;

	e->owner_version++;
	if (o->reset) {
		hmap_free_all(&e->nodes, offsetof(struct cluster_node, node));
		e->node_lists = o->lists;
		e->listed[0] = e->listed[1] = 0;
	}
	if (!addr_is_set(&o->addr))
		return;
	c = (struct cluster_node *)listed(e, &o->addr);
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return;
		c->addr = o->addr;
		if (hmap_add(&e->nodes, &c->node, addr_hash(&o->addr))) {
			free(c);
			return;
		}
	}
	e->listed[0] += (o->lists & ~c->lists & NODES_IPIP) != 0;
	e->listed[1] += (o->lists & ~c->lists & NODES_VXLAN) != 0;
	c->lists |= o->lists;
}

void owner_free_all(struct engine *e)
{
	hmap_free_all(&e->nodes, offsetof(struct cluster_node, node));
	hmap_free_all(&e->owners, offsetof(struct owner, node));
}
