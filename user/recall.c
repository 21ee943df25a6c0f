// SPDX-License-Identifier: GPL-2.0-only
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr.h"

/* Of files that nobody vouches for; 5000 nodes with a dozen blocks each fit. */
#define MAX_BLOCKS_RECALLED 65536
#define MAX_NODES_RECALLED 8192

struct recalled_node {
	struct hnode node, by_addr; /* node: by name */
	struct addr addr;
	char name[NODE_LEN_SHORT];
	bool own; /* the node's own capture says so: the others may be mistaken */
	int64_t seen_ns;
};

static uint64_t block_hash(const struct prefix *p)
{
	return hash_bytes(p->addr.b, sizeof(p->addr.b), p->len);
}

const struct recalled *recall_block(const struct engine *e, const struct prefix *p)
{
	for (struct hnode *n = hmap_first(&e->recall.blocks, block_hash(p)); n; n = hmap_next(n)) {
		const struct recalled *r = hmap_entry(n, struct recalled, node);

		if (prefix_eq(&r->block, p))
			return r;
	}
	return NULL;
}

const struct recalled *recall_for(const struct engine *e, const struct addr *a)
{
	const struct pool *pool = e->recall.blocks.cnt ? judge_pool(e, a) : NULL;

	if (!pool)
		return NULL;
	for (int len = 32; len >= pool->cidr.len; len--) {
		struct prefix p = prefix_of(a, (uint8_t)len);
		const struct recalled *r = e->recall.len[len] ? recall_block(e, &p) : NULL;

		if (r)
			return r;
	}
	return NULL;
}

static struct recalled *block_get(struct engine *e, const struct prefix *p)
{
	struct recalled *r = (struct recalled *)recall_block(e, p);

	if (r || p->addr.family != 4 || p->len > 32 || e->recall.blocks.cnt >= MAX_BLOCKS_RECALLED)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->block = *p;
	r->seen_ns = r->route_seen_ns = INT64_MIN;
	if (hmap_add(&e->recall.blocks, &r->node, block_hash(p))) {
		free(r);
		return NULL;
	}
	e->recall.len[p->len] = true;
	return r;
}

/* Of several that tell whose a block is, the latest */
static void note_owner(struct recalled *r, const struct obs_baseline *b)
{
	if (b->seen_ns < r->seen_ns || !addr_is_set(&b->owner))
		return;
	/* the same node once more, without its name */
	if (b->node[0] || !addr_eq(&r->owner, &b->owner))
		memcpy(r->name, b->node, sizeof(r->name));
	r->owner = b->owner;
	memcpy(r->from, b->from, sizeof(r->from));
	r->seen_ns = b->seen_ns;
	r->wall_ns = b->wall_ns;
}

static void note_route(struct recalled *r, const struct obs_baseline *b)
{
	if (b->seen_ns < r->route_seen_ns)
		return;
	r->route = true;
	r->gw = b->gw;
	r->protocol = b->protocol;
	memcpy(r->dev, b->dev, sizeof(r->dev));
	r->route_seen_ns = b->seen_ns;
	r->route_wall_ns = b->wall_ns;
}

static uint64_t name_hash(const char *name)
{
	return hash_bytes(name, strlen(name), 1);
}

static struct recalled_node *node_find(const struct engine *e, const char *name)
{
	struct hnode *n = hmap_first(&e->recall.nodes, name_hash(name));

	for (; n; n = hmap_next(n))
		if (!strcmp(hmap_entry(n, struct recalled_node, node)->name, name))
			return hmap_entry(n, struct recalled_node, node);
	return NULL;
}

static uint64_t addr_hash(const struct addr *a)
{
	return hash_bytes(a->b, sizeof(a->b), a->family);
}

static void node_moves(struct engine *e, struct recalled_node *r, const struct obs_baseline *b)
{
	r->seen_ns = b->seen_ns;
	if (addr_eq(&r->addr, &b->owner))
		return;
	if (addr_is_set(&r->addr))
		hmap_del(&e->recall.by_addr, &r->by_addr);
	r->addr = b->owner;
	/* found by its name alone, then */
	if (hmap_add(&e->recall.by_addr, &r->by_addr, addr_hash(&r->addr)))
		r->addr = (struct addr){ 0 };
}

static void note_node(struct engine *e, const struct obs_baseline *b)
{
	bool own = b->what == BASELINE_NODE;
	struct recalled_node *r;

	if (!b->node[0] || !addr_is_set(&b->owner))
		return;
	r = node_find(e, b->node);
	if (!r) {
		if (e->recall.nodes.cnt >= MAX_NODES_RECALLED)
			return;
		r = calloc(1, sizeof(*r));
		if (!r)
			return;
		memcpy(r->name, b->node, sizeof(r->name));
		r->seen_ns = INT64_MIN;
		if (hmap_add(&e->recall.nodes, &r->node, name_hash(r->name))) {
			free(r);
			return;
		}
	}
	if (own == r->own ? b->seen_ns >= r->seen_ns : own)
		node_moves(e, r, b);
	r->own |= own;
}

void recall_observe(struct engine *e, const struct obs_baseline *b)
{
	struct obs_baseline o = *b;
	struct recalled *r;

	/* from a file: not terminated unless we see to it */
	o.node[sizeof(o.node) - 1] = o.from[sizeof(o.from) - 1] = o.dev[sizeof(o.dev) - 1] = '\0';
	note_node(e, &o);
	if (o.what != BASELINE_ROUTE && o.what != BASELINE_BLOCK)
		return;
	r = block_get(e, &o.block);
	if (!r)
		return;
	e->owner_version++;
	note_owner(r, &o);
	if (o.what == BASELINE_ROUTE)
		note_route(r, &o);
}

void recall_free_all(struct engine *e)
{
	hmap_free_all(&e->recall.blocks, offsetof(struct recalled, node));
	hmap_free(&e->recall.by_addr);
	hmap_free_all(&e->recall.nodes, offsetof(struct recalled_node, node));
}

const char *recall_node_name(const struct engine *e, const struct addr *a)
{
	const struct recalled_node *best = NULL;
	struct hnode *n = hmap_first(&e->recall.by_addr, addr_hash(a));

	for (; n; n = hmap_next(n)) {
		const struct recalled_node *r = hmap_entry(n, struct recalled_node, by_addr);

		if (addr_eq(&r->addr, a) && (!best || r->seen_ns > best->seen_ns))
			best = r;
	}
	return best ? best->name : "";
}

static int by_prefix(const void *a, const void *b)
{
	const struct recalled *x = *(const struct recalled *const *)a;
	const struct recalled *y = *(const struct recalled *const *)b;
	int d = memcmp(&x->block.addr, &y->block.addr, sizeof(x->block.addr));

	return d ? d : x->block.len - y->block.len;
}

uint32_t recall_list(const struct engine *e, const struct recalled ***ret)
{
	uint32_t cnt = 0;

	*ret = e->recall.blocks.cnt ? calloc(e->recall.blocks.cnt, sizeof(**ret)) : NULL;
	if (!*ret)
		return 0;
	for (size_t i = 0; i < e->recall.blocks.size; i++) {
		struct hnode *n = hmap_bucket(&e->recall.blocks, i);

		for (; n; n = n->next)
			(*ret)[cnt++] = hmap_entry(n, struct recalled, node);
	}
	qsort(*ret, cnt, sizeof(**ret), by_prefix);
	return cnt;
}

const char *recall_owner_str(const struct recalled *r, char buf[RECALL_OWNER_LEN])
{
	char a[ADDR_STRLEN] = "";

	if (addr_is_set(&r->owner))
		addr_str(&r->owner, a);
	buf[0] = '\0';
	if (a[0] || r->name[0])
		snprintf(buf, RECALL_OWNER_LEN, " (%s%s%s)", r->name,
			 r->name[0] && a[0] ? ", " : "", a);
	return buf;
}

const char *recall_time_str(int64_t wall_ns, char buf[RECALL_TIME_LEN])
{
	time_t t = (time_t)(wall_ns / (int64_t)NSEC_PER_SEC);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, RECALL_TIME_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buf, RECALL_TIME_LEN, "?");
	return buf;
}
