/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chained hash of nodes that their owners embed. Stores the hash only: equality is
 * the caller's. Grows by doubling, never shrinks. Pure.
 */
#ifndef CALITRACE_HMAP_H
#define CALITRACE_HMAP_H

#include <stddef.h>
#include <stdint.h>

struct hnode {
	struct hnode *next;
	uint64_t hash;
};

struct hmap {
	struct hnode **bucket;
	size_t size, cnt;
};

#define hmap_entry(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* -ENOMEM or 0. A zeroed hmap is valid and empty. */
int hmap_add(struct hmap *m, struct hnode *n, uint64_t hash);
void hmap_del(struct hmap *m, struct hnode *n);
/* First node with that hash, then hmap_next(): borrowed, NULL at the end. */
struct hnode *hmap_first(const struct hmap *m, uint64_t hash);
struct hnode *hmap_next(const struct hnode *n);
/* Any node of bucket i (i < m->size), for walks over everything */
struct hnode *hmap_bucket(const struct hmap *m, size_t i);
void hmap_free(struct hmap *m);
/* The same, and frees the entries; offset is that of their node. The map is empty and valid then. */
void hmap_free_all(struct hmap *m, size_t offset);

/* 64-bit mix of a byte string; seed chains calls. */
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);

#endif
