// SPDX-License-Identifier: GPL-2.0-only
#include "digest_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "rtnum.h"

/* ---- elements by hash ---- */

uint32_t digest_index_next(const struct digest_index *x, uint64_t hash, uint32_t *pos)
{
	for (; x->size && *pos < x->size; ++*pos) {
		const struct digest_slot *s = &x->slot[(hash + *pos) & (x->size - 1)];

		if (!s->at)
			return 0;
		if (s->hash == hash) {
			++*pos;
			return s->at;
		}
	}
	return 0;
}

static void index_place(struct digest_index *x, uint64_t hash, uint32_t at)
{
	uint64_t i = hash;

	while (x->slot[i & (x->size - 1)].at)
		i++;
	x->slot[i & (x->size - 1)] = (struct digest_slot){ hash, at };
}

int digest_index_put(struct digest_index *x, uint64_t hash, uint32_t at)
{
	if (x->cnt * 2 >= x->size) {
		struct digest_index n = { .size = x->size ? x->size * 2 : 64 };

		n.slot = calloc(n.size, sizeof(*n.slot));
		if (!n.slot)
			return -ENOMEM;
		for (uint32_t i = 0; i < x->size; i++)
			if (x->slot[i].at)
				index_place(&n, x->slot[i].hash, x->slot[i].at);
		n.cnt = x->cnt;
		free(x->slot);
		*x = n;
	}
	index_place(x, hash, at);
	x->cnt++;
	return 0;
}

bool digest_room(struct digest *d, void *arr, uint32_t cnt, size_t size)
{
	void *grown, **at = arr;

	if (cnt & (cnt - 1))
		return true;
	grown = reallocarray(*at, cnt ? (size_t)cnt * 2 : 1, size);
	if (!grown) {
		d->oom = true;
		return false;
	}
	*at = grown;
	return true;
}

/* ---- nodes ---- */

static void node_free(struct digest_node *n)
{
	free(n->route);
	free(n->block);
	free(n->peer);
	free(n->addr);
	free(n->link);
	free(n->flow);
	free(n->finding);
	free(n->check);
	free(n->member);
	if (!n->build)
		return;
	free(n->build->flows.slot);
	free(n->build->blocks.slot);
	free(n->build->memory);
	free(n->build);
}

void digest__free(struct digest *d)
{
	for (uint32_t i = 0; i < d->cnt; i++)
		node_free(&d->node[i]);
	free(d->node);
	memset(d, 0, sizeof(*d));
}

int digest__add(struct digest *d, const char *name, int64_t wall_offset_ns)
{
	struct digest_node *n;

	for (uint32_t i = 0; i < d->cnt; i++)
		if (!strcmp(d->node[i].name, name))
			return (int)i;
	if (!digest_room(d, &d->node, d->cnt, sizeof(*d->node)))
		return -ENOMEM;
	n = &d->node[d->cnt];
	memset(n, 0, sizeof(*n));
	n->build = calloc(1, sizeof(*n->build));
	if (!n->build) {
		d->oom = true;
		return -ENOMEM;
	}
	memccpy(n->name, name, 0, sizeof(n->name) - 1);
	n->wall_offset_ns = wall_offset_ns;
	return (int)d->cnt++;
}

const struct digest_node *digest__find(const struct digest *d, const char *name)
{
	for (uint32_t i = 0; i < d->cnt; i++)
		if (!strcmp(d->node[i].name, name))
			return &d->node[i];
	return NULL;
}

void digest__record(struct digest *d, int node, const struct engine *e, const struct record *rec)
{
	struct digest_node *n = &d->node[node];

	if (rec->kind == REC_PACKET)
		digest_packet(d, n, e, rec->packet);
	else if (rec->kind == REC_ROUTE)
		digest_change(d, n, e, rec->route, rec->ts_ns);
}

/* ---- questions ---- */

const struct pool *digest_pool(const struct obs_pools *pools, const struct prefix *p)
{
	const struct pool *best = NULL;

	for (uint32_t i = 0; i < pools->cnt; i++) {
		const struct pool *pool = &pools->pool[i];

		if (prefix_covers(&pool->cidr, p) && (!best || pool->cidr.len > best->cidr.len))
			best = pool;
	}
	return best;
}

/* Prefixes stand first in routes and blocks. */
static int by_prefix(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int diff = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

	return diff ? diff : (int)x->len - (int)y->len;
}

const struct digest_block *digest__block(const struct digest_node *n, const struct prefix *p)
{
	return n->block_cnt ? bsearch(p, n->block, n->block_cnt, sizeof(*n->block), by_prefix) :
			      NULL;
}

const struct digest_route *digest__route(const struct digest_node *n, const struct prefix *p)
{
	return n->route_cnt ? bsearch(p, n->route, n->route_cnt, sizeof(*n->route), by_prefix) :
			      NULL;
}

const struct digest_route *digest__way(const struct digest_node *n, const struct prefix *block)
{
	const struct digest_route *r = digest__route(n, block);
	struct prefix p = *block;

	if (r)
		return r->type == RTN_UNICAST ? r : NULL;
	while (p.len--) {
		p = prefix_of(&block->addr, p.len);
		r = digest__route(n, &p);
		if (r && r->in_pool && addr_is_set(&r->gw))
			return r->type == RTN_UNICAST ? r : NULL;
	}
	/* the block's size was guessed */
	for (uint32_t i = 0; i < n->route_cnt; i++)
		if (prefix_covers(block, &n->route[i].dst) && n->route[i].dst.len < 32 &&
		    n->route[i].type == RTN_UNICAST)
			return &n->route[i];
	return NULL;
}

const struct view_peer *digest__peer(const struct digest_node *n, const struct addr *a)
{
	for (uint32_t i = 0; i < n->peer_cnt; i++)
		if (addr_eq(&n->peer[i].addr, a))
			return &n->peer[i];
	return NULL;
}

const struct check *digest__check(const struct digest_node *n, const char *name)
{
	for (uint32_t i = 0; i < n->check_cnt; i++)
		if (!strcmp(n->check[i].name, name))
			return &n->check[i];
	return NULL;
}

bool digest__flow_broken(const struct digest_flow *f)
{
	return f->bad && (!f->answered || f->good_ns <= f->bad_ns);
}

bool digest__flow_waits(const struct digest_flow *f)
{
	return f->asked_ns > f->good_ns + DIGEST_WAIT_NS;
}

bool digest__end_eq(const struct digest_end *a, const struct digest_end *b)
{
	return a->place == b->place && prefix_eq(&a->block, &b->block);
}
