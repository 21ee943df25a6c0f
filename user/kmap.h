/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash for many short-lived entries, most of which are looked up in vain: the engine's packets.
 * Tags of the hashes stand side by side, so that a look-up that finds nothing reads one line of
 * memory, and no entry. Entries with the same tag are chained, newest first; equality is the
 * caller's. Never shrinks. Pure.
 */
#ifndef CALITRACE_KMAP_H
#define CALITRACE_KMAP_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in an entry */
struct knode {
	struct knode *next, *prev; /* prev NULL: it stands in the table */
	uint32_t tag;
};

struct kmap {
	uint32_t *tag;	      /* 0: free */
	struct knode **first; /* of those with that tag */
	uint32_t size, used;
};

/* 0 or -ENOMEM. A zeroed map is valid and empty. */
int kmap_add(struct kmap *m, struct knode *n, uint64_t hash);
void kmap_del(struct kmap *m, struct knode *n);
/* The newest entry with that tag, then n->next; NULL: none */
struct knode *kmap_first(const struct kmap *m, uint64_t hash);
/* The hash will be looked up, or added, soon */
void kmap_expect(const struct kmap *m, uint64_t hash);
/* The same, of an entry that will be deleted */
void kmap_expect_del(const struct kmap *m, const struct knode *n);
void kmap_free(struct kmap *m);

#endif
