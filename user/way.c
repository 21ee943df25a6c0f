// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pools, routes and links say of an address or a device is asked for each packet, and changes
 * a few times in an hour: answers are kept as long as nothing of that changes.
 */
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "way.h"

struct ways *ways_new(void)
{
	struct ways *w = aligned_alloc(_Alignof(struct ways), sizeof(*w));

	if (w)
		memset(w, 0, sizeof(*w));
	return w;
}

uint64_t way_version(const struct engine *e)
{
	return mirror__version(e->mirror) + e->owner_version;
}

/* As way_of() does for IPv4 */
static uint32_t place_of(const struct addr *a)
{
	uint64_t h = a->family == 4 ? addr_bits4(a) : hash_bytes(a->b, sizeof(a->b), a->family);

	return (uint32_t)(h * 0x9e3779b97f4a7c15ULL >> 32) & (WAYS - 1);
}

const struct way *way_find(const struct engine *e, const struct addr *a)
{
	struct way *w = &e->ways->way[place_of(a)];
	uint64_t version = way_version(e);

	if (w->version == version && addr_eq(&w->dst, a))
		return w;
	w->version = version;
	w->dst = *a;
	w->pool = judge_pool(e, a);
	w->route = mirror__lookup(e->mirror, a);
	w->local = mirror__is_local(e->mirror, a);
	w->listed = owner_on_any_list(e, a);
	w->owner = owner_for(e, a);
	judge_find_block(e, w);
	return w;
}

enum dev_class way_find_dev(const struct engine *e, uint32_t ifindex)
{
	struct way_dev *d = &e->ways->dev[ifindex & (WAY_DEVS - 1)];
	uint64_t version = way_version(e);

	if (d->version != version || d->ifindex != ifindex) {
		d->version = version;
		d->ifindex = ifindex;
		d->class = judge_find_dev(e, ifindex);
	}
	return d->class;
}
