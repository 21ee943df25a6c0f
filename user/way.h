/* SPDX-License-Identifier: GPL-2.0-only */
/* way.c: what is asked for each packet, and changes a few times in an hour */
#ifndef CALITRACE_WAY_H
#define CALITRACE_WAY_H

#include <string.h>

#include "addr.h"
#include "engine_priv.h"

struct way {
	uint64_t version; /* way_version() then; 0: none */
	struct addr dst;
	bool local;		   /* an address of this node */
	bool listed;		   /* a node's, by Felix' list */
	uint8_t from, block_len;   /* enum block_from; of dst's block */
	const struct pool *pool;   /* judge_pool()'s */
	const struct route *route; /* mirror__lookup()'s */
	struct owner *owner;	   /* owner_for()'s */
} __attribute__((aligned(64)));

/* Powers of two. Two addresses in one place push each other out: slower, and not wrong. */
#define WAYS 8192
#define WAY_DEVS 256
struct ways {
	struct way way[WAYS];
	struct way_dev {
		uint64_t version;
		uint32_t ifindex;
		enum dev_class class;
	} dev[WAY_DEVS];
};
const struct way *way_find(const struct engine *e, const struct addr *a);
enum dev_class way_find_dev(const struct engine *e, uint32_t ifindex);

/* Where the way to an IPv4 address stands, if it is known */
static inline const struct way *way_place(const struct engine *e, uint32_t v4)
{
	return &e->ways->way[(uint32_t)(v4 * 0x9e3779b97f4a7c15ULL >> 32) & (WAYS - 1)];
}

/* It will be asked for soon. */
static inline void way_expect(const struct engine *e, const struct addr *a)
{
	__builtin_prefetch(way_place(e, addr_bits4(a)));
}

/* Borrowed until the next call, or change of the mirror */
static inline const struct way *way_of(const struct engine *e, const struct addr *a)
{
	uint32_t v4 = addr_bits4(a);
	const struct way *w = way_place(e, v4);

	if (a->family == 4 && w->version == e->ways_now && w->dst.family == 4 &&
	    addr_bits4(&w->dst) == v4 && e->ways_now)
		return w;
	return way_find(e, a);
}

static inline enum dev_class way_dev(const struct engine *e, uint32_t ifindex)
{
	const struct way_dev *d = &e->ways->dev[ifindex & (WAY_DEVS - 1)];

	if (d->version == e->ways_now && d->ifindex == ifindex && e->ways_now)
		return d->class;
	return way_find_dev(e, ifindex);
}

/* Of what way_of() said of a */
static inline void way_block(const struct way *w, const struct addr *a, struct prefix *block,
			     enum block_from *from)
{
	*from = w->from;
	if (w->from == BLOCK_UNKNOWN)
		memset(block, 0, sizeof(*block));
	else
		*block = prefix_of(a, w->block_len);
}

#endif
