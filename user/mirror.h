/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The node's routes, links and addresses as the kernel has them, kept up to date by
 * observations, with a memory of the routes that went. Since observations come in the order of
 * time, "now" is always "as of the packet that is being judged". Pure.
 */
#ifndef CALITRACE_MIRROR_H
#define CALITRACE_MIRROR_H

#include "model.h"

struct mirror;

/* A route that went, and has not come back */
struct gone {
	struct route route;
	uint64_t ts_ns;
	bool flushed; /* by a link that went down, not announced */
	struct actor by;
};

struct mirror *mirror__new(void);
void mirror__free(struct mirror *m);

void mirror__begin_snapshot(struct mirror *m);
/* Removes what the snapshot did not repeat; calls fn for each such route as ROUTE_DEL. */
void mirror__end_snapshot(struct mirror *m, uint64_t ts_ns,
			  void (*fn)(void *ctx, const struct obs_route *r), void *ctx);
/* True if the observation changed anything (or tells of a route's end): worth a record. */
bool mirror__route(struct mirror *m, const struct obs_route *o, uint64_t ts_ns);
/*
 * True if anything changed; *op is what really happened. When the link went down or away, the routes that
 * left with it are handed to fn as ROUTE_FLUSH.
 */
bool mirror__link(struct mirror *m, const struct obs_link *o, uint64_t ts_ns, enum link_op *op,
		  void (*fn)(void *ctx, const struct obs_route *r), void *ctx);
bool mirror__addr(struct mirror *m, const struct obs_addr *o);

/* Best match of table main (longest prefix, lowest metric), NULL: none. Borrowed until the next change. */
const struct route *mirror__lookup(const struct mirror *m, const struct addr *a);
/* The same, but only prefixes of min_len <= length <= max_len */
const struct route *mirror__lookup_len(const struct mirror *m, const struct addr *a,
				       uint8_t min_len, uint8_t max_len);
/* The longest withdrawn route of min_len..max_len that covers a; NULL: none. Borrowed likewise. */
const struct gone *mirror__gone(const struct mirror *m, const struct addr *a, uint8_t min_len,
				uint8_t max_len);
/* Did a route of bird's or Felix' inside p go, and not come back? */
bool mirror__gone_inside(const struct mirror *m, const struct prefix *p);
/* Is a an address of this node? */
bool mirror__is_local(const struct mirror *m, const struct addr *a);
/* Does any unicast default route stand in table main? */
bool mirror__has_default(const struct mirror *m);
/* Is there a route of that protocol in table main? */
bool mirror__has_protocol(const struct mirror *m, uint8_t protocol);
/*
 * The length of the blocks within p: `likely` (0: none) if a route of that length is there, else the
 * most frequent one (more specific than p, not /32), else `likely`, else 32 if routes of single addresses
 * lead to other nodes and none of a longer block ever did. Cheap while routes stay.
 */
uint8_t mirror__block_len(const struct mirror *m, const struct prefix *p, uint8_t likely);
/* Changes with each change of routes, those that went, links and addresses; never 0 */
uint64_t mirror__version(const struct mirror *m);
/* Name, also of a link that is gone; "" if never seen */
const char *mirror__dev(const struct mirror *m, uint32_t ifindex);
/*
 * When it last went down, lost its carrier, or was deleted, while that was watched; 0: it did not, or is
 * up again. *by: who did it.
 */
uint64_t mirror__link_down(const struct mirror *m, uint32_t ifindex, struct actor *by);
/* NULL if there is none (any more) */
const struct link_info *mirror__link_info(const struct mirror *m, uint32_t ifindex);
/* Calls fn for each route / link / address that stands */
void mirror__each_route(const struct mirror *m, void (*fn)(void *ctx, const struct route *r),
			void *ctx);
void mirror__each_link(const struct mirror *m, void (*fn)(void *ctx, const struct link_info *l),
		       void *ctx);
void mirror__each_addr(const struct mirror *m, void (*fn)(void *ctx, const struct obs_addr *a),
		       void *ctx);

#endif
