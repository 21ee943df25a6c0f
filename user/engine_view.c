// SPDX-License-Identifier: GPL-2.0-only
#include "engine_view.h"

#include <string.h>

#include "addr.h"
#include "diagnose.h"

static void copy_text(char *out, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memcpy(out, text, n);
	out[n] = '\0';
}

static const char *session_word(const struct peer_view *p)
{
	if (p->up)
		return "Established";
	if (p->disabled)
		return "down";
	if (p->proto && p->proto->bgp[0])
		return p->proto->bgp;
	if (p->proto)
		return p->proto->state;
	return p->tcp ? bgp_state_name(p->tcp->last) : "";
}

void engine__each_peer(const struct engine *e, void (*fn)(void *ctx, const struct view_peer *p),
		       void *ctx)
{
	const struct diag *d = diagnose(e);

	for (uint32_t i = 0; i < d->peers.cnt; i++) {
		const struct peer_view *p = &d->peers.peer[i];
		struct view_peer v = {
			.addr = p->addr,
			.up = p->up,
			.configured = d->peers.told,
			.disabled = p->disabled,
			.restarts = p->restarts,
		};

		copy_text(v.node, sizeof(v.node), p->node);
		copy_text(v.name, sizeof(v.name), p->proto ? p->proto->name : "");
		copy_text(v.state, sizeof(v.state), session_word(p));
		copy_text(v.trouble, sizeof(v.trouble), p->up ? "" : peer_trouble(p));
		fn(ctx, &v);
	}
}

/* In the full mesh the neighbour that a route comes from is the node that owns the block. */
static struct addr owner_of(const struct obs_bird_route *b)
{
	return !strncmp(b->proto, "Mesh_", 5) || !addr_is_set(&b->gw) ? b->from : b->gw;
}

void engine__each_bird_block(const struct engine *e,
			     void (*fn)(void *ctx, const struct prefix *block,
					const struct addr *owner),
			     void *ctx)
{
	if (!world_is_fresh(e, SOURCE_BIRD))
		return;
	for (uint32_t i = 0; i < world_cnt(e, W_BROUTE); i++) {
		const struct obs_bird_route *b = world_broute(e, i);
		struct addr owner = owner_of(b);

		if (b->best && addr_is_set(&b->from) && b->type == RTN_UNICAST &&
		    judge_pool(e, &b->dst.addr))
			fn(ctx, &b->dst, &owner);
	}
}

static uint32_t stale_routes(const struct engine *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < world_cnt(e, W_BROUTE); i++)
		n += world_broute(e, i)->best && world_broute(e, i)->stale;
	return n;
}

void engine__sources(const struct engine *e, struct view_sources *out)
{
	*out = (struct view_sources){
		.bird = world_is_fresh(e, SOURCE_BIRD),
		.peers = (world_is_fresh(e, SOURCE_BIRD) || world_is_fresh(e, SOURCE_CONF)) &&
			 diagnose(e)->peers.told,
		.nodes = e->node_lists,
		.links = e->snapshot_done,
		.recovering = bird_recovers(e),
		.waiting_for = e->world.bird[0].waiting_for,
		.stale = world_is_fresh(e, SOURCE_BIRD) ? stale_routes(e) : 0,
	};
}

void engine__each_node(const struct engine *e, void (*fn)(void *ctx, const struct addr *a),
		       void *ctx)
{
	for (size_t i = 0; i < e->nodes.size; i++)
		for (struct hnode *n = hmap_bucket(&e->nodes, i); n; n = n->next)
			fn(ctx, &hmap_entry(n, struct cluster_node, node)->addr);
}

bool engine__is_node(const struct engine *e, const struct addr *a)
{
	return owner_is_node(e, a) || world_peer_of(e, a) || world_proto_of(e, a);
}

struct addr engine__node_of(const struct engine *e, const struct addr *gw)
{
	return diag_node_of(e, gw);
}

bool engine__block(const struct engine *e, const struct addr *a, struct prefix *block)
{
	enum block_from from;

	judge_block(e, a, block, &from);
	return addr_is_set(&block->addr);
}

const struct obs_pools *engine__pools(const struct engine *e)
{
	return &e->pools;
}

void engine__count(struct engine *e, const struct engine_counts *counts)
{
	e->counts = *counts;
}

bool engine__has_open(const struct engine *e)
{
	for (uint32_t i = 0; i < e->finding_cnt; i++)
		if (!e->finding[i]->f.recovered)
			return true;
	return false;
}
