/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash for many short-lived entries, most of which are looked up in vain: the engine's packets.
 * All entries stand in one block of memory, so that half a pointer tells one. Tags of the hashes
 * stand side by side, so that a look-up that finds nothing reads one line of memory, and no entry.
 * Entries with the same tag are chained, newest first; equality is the caller's. Never shrinks. Pure.
 *
 * Open addressing with linear probing; what is deleted makes room for those that had to step aside.
 */
#ifndef CALITRACE_KMAP_H
#define CALITRACE_KMAP_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define KMAP_UNIT 4u /* entries are aligned to it */

/* Embedded in an entry; next, prev: which one (kmap_node()), 0 none */
struct knode {
	uint32_t next, prev; /* prev 0: it stands in the table */
	uint32_t tag;
};

struct kslot {
	uint32_t tag;	/* 0: free */
	uint32_t first; /* of those with that tag */
};

struct kmap {
	uintptr_t base;
	struct kslot *slot;
	uint32_t size, mask, used;
};

/*
 * A map of entries in the block of memory that begins at mem, which is at most 16 GiB. What is not
 * there yet (kmap_add() makes it) takes no memory.
 */
static inline void kmap_init(struct kmap *m, const void *mem)
{
	*m = (struct kmap){ .base = (uintptr_t)mem - KMAP_UNIT };
}

void kmap_free(struct kmap *m);
/* kmap.c: room for more than there are. 0 or -ENOMEM */
int kmap_grow(struct kmap *m);

static inline struct knode *kmap_node(const struct kmap *m, uint32_t ref)
{
	return ref ? (struct knode *)(m->base + (uintptr_t)ref * KMAP_UNIT) : NULL;
}

static inline uint32_t kmap_ref(const struct kmap *m, const struct knode *n)
{
	return (uint32_t)(((uintptr_t)n - m->base) / KMAP_UNIT);
}

static inline uint32_t kmap_tag(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag ? tag : 1;
}

/* Where the tag stands, or the free place where it would */
static inline struct kslot *kmap_find(const struct kmap *m, uint32_t tag)
{
	uint32_t i = tag & m->mask;

	while (m->slot[i].tag && m->slot[i].tag != tag)
		i = (i + 1) & m->mask;
	return &m->slot[i];
}

/* The newest entry with that tag, then kmap_next(); NULL: none */
static inline struct knode *kmap_first(const struct kmap *m, uint64_t hash)
{
	const struct kslot *s;

	if (!m->size)
		return NULL;
	s = kmap_find(m, kmap_tag(hash));
	return s->tag ? kmap_node(m, s->first) : NULL;
}

static inline struct knode *kmap_next(const struct kmap *m, const struct knode *n)
{
	return kmap_node(m, n->next);
}

/* 0 or -ENOMEM */
static inline int kmap_add(struct kmap *m, struct knode *n, uint64_t hash)
{
	struct kslot *s;

	/* two thirds full, probing is still short */
	if (m->used >= m->size / 3 * 2 && kmap_grow(m))
		return -ENOMEM;
	n->tag = kmap_tag(hash);
	n->next = n->prev = 0;
	s = kmap_find(m, n->tag);
	if (s->tag) {
		n->next = s->first;
		kmap_node(m, n->next)->prev = kmap_ref(m, n);
	} else {
		s->tag = n->tag;
		m->used++;
	}
	s->first = kmap_ref(m, n);
	return 0;
}

void kmap_del(struct kmap *m, struct knode *n);

/* The hash will be looked up, or added, soon */
static inline void kmap_expect(const struct kmap *m, uint64_t hash)
{
	if (m->size)
		__builtin_prefetch(&m->slot[kmap_tag(hash) & m->mask], 1);
}

/* The same, of an entry that will be deleted */
static inline void kmap_expect_del(const struct kmap *m, const struct knode *n)
{
	__builtin_prefetch(&m->slot[n->tag & m->mask], 1);
}

#endif
