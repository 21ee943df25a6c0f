/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by digest.c, digest_flow.c and digest_state.c, by nobody else. */
#ifndef CALITRACE_DIGEST_PRIV_H
#define CALITRACE_DIGEST_PRIV_H

#include "digest.h"

/* Elements of an array by their hash: the array may move, it only grows. A zeroed one is empty. */
struct digest_slot {
	uint64_t hash;
	uint32_t at; /* index + 1 */
};
struct digest_index {
	struct digest_slot *slot;
	uint32_t size, cnt;
};
/* Index + 1 of the next element with that hash, 0: there is none; *pos is 0 at first. */
uint32_t digest_index_next(const struct digest_index *x, uint64_t hash, uint32_t *pos);
/* 0 or -ENOMEM */
int digest_index_put(struct digest_index *x, uint64_t hash, uint32_t at);

/* What a packet was counted as: each later record of it replaces the earlier */
struct digest_memory {
	uint64_t id;
	uint32_t flow; /* index + 1 */
	uint8_t verdict;
	bool sent, answered, late;
};
#define DIGEST_MEMORY (1u << 17) /* more than an engine has packets at once */

/* Where an address belongs, as of that version of the mirror */
struct digest_place_memo {
	struct addr addr;
	struct digest_end end;
	uint64_t version;
};
#define DIGEST_PLACES 1024

/* The flow of two addresses, likewise: most packets are of few pairs */
struct digest_flow_memo {
	struct addr src, dst, orig;
	uint8_t app;
	uint32_t flow; /* index + 1 */
	uint64_t version;
};
#define DIGEST_PAIRS 4096

struct digest_build {
	struct digest_index flows, blocks;
	struct digest_memory *memory; /* by id modulo DIGEST_MEMORY */
	struct digest_place_memo place[DIGEST_PLACES];
	struct digest_flow_memo pair[DIGEST_PAIRS];
};

/* Room for one more than cnt elements of that size in *arr, which grows by doubling; d->oom if not */
bool digest_room(struct digest *d, void *arr, uint32_t cnt, size_t size);
/* The pool that holds all of p, NULL: none */
const struct pool *digest_pool(const struct obs_pools *pools, const struct prefix *p);
/* The block, a new one if it was not known; NULL: no memory, or too many */
struct digest_block *digest_note_block(struct digest *d, struct digest_node *n,
				       const struct prefix *p, uint32_t known);
/* digest_flow.c */
void digest_packet(struct digest *d, struct digest_node *n, const struct engine *e,
		   const struct packet *p);
/* digest_state.c */
void digest_change(struct digest *d, struct digest_node *n, const struct engine *e,
		   const struct obs_route *o, uint64_t ts_ns);

#endif
