// SPDX-License-Identifier: GPL-2.0-only
/* Open addressing with linear probing; what is deleted makes room for those that had to step aside. */
#include "kmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KMAP_MIN 64

static uint32_t tag_of(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag ? tag : 1;
}

static uint32_t home(const struct kmap *m, uint32_t tag)
{
	return tag & (m->size - 1);
}

/* Where the tag stands, or the free place where it would */
static uint32_t find(const struct kmap *m, uint32_t tag)
{
	uint32_t i = home(m, tag);

	while (m->tag[i] && m->tag[i] != tag)
		i = (i + 1) & (m->size - 1);
	return i;
}

static int grow(struct kmap *m)
{
	struct kmap n = { .size = m->size ? m->size * 2 : KMAP_MIN, .used = m->used };

	n.tag = calloc(n.size, sizeof(*n.tag));
	n.first = malloc(n.size * sizeof(struct knode *));
	if (!n.size || !n.tag || !n.first) {
		kmap_free(&n);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < m->size; i++) {
		uint32_t to;

		if (!m->tag[i])
			continue;
		to = find(&n, m->tag[i]);
		n.tag[to] = m->tag[i];
		n.first[to] = m->first[i];
	}
	kmap_free(m);
	*m = n;
	return 0;
}

int kmap_add(struct kmap *m, struct knode *n, uint64_t hash)
{
	uint32_t i;

	/* two thirds full, probing is still short */
	if (m->used >= m->size / 3 * 2 && grow(m))
		return -ENOMEM;
	n->tag = tag_of(hash);
	n->next = n->prev = NULL;
	i = find(m, n->tag);
	if (m->tag[i]) {
		n->next = m->first[i];
		n->next->prev = n;
	} else {
		m->tag[i] = n->tag;
		m->used++;
	}
	m->first[i] = n;
	return 0;
}

/* Place i is free now: those behind it that belong before it move up. */
static void close_gap(struct kmap *m, uint32_t i)
{
	uint32_t mask = m->size - 1, k = i;

	for (;;) {
		k = (k + 1) & mask;
		if (!m->tag[k])
			break;
		/* its way from home to k does not lead over the gap */
		if (((k - home(m, m->tag[k])) & mask) < ((k - i) & mask))
			continue;
		m->tag[i] = m->tag[k];
		m->first[i] = m->first[k];
		i = k;
	}
	m->tag[i] = 0;
	m->used--;
}

void kmap_del(struct kmap *m, struct knode *n)
{
	uint32_t i;

	if (n->next)
		n->next->prev = n->prev;
	if (n->prev) {
		n->prev->next = n->next;
		return;
	}
	i = find(m, n->tag);
	if (n->next)
		m->first[i] = n->next;
	else
		close_gap(m, i);
}

struct knode *kmap_first(const struct kmap *m, uint64_t hash)
{
	uint32_t i;

	if (!m->size)
		return NULL;
	i = find(m, tag_of(hash));
	return m->tag[i] ? m->first[i] : NULL;
}

void kmap_expect(const struct kmap *m, uint64_t hash)
{
	uint32_t i;

	if (!m->size)
		return;
	i = home(m, tag_of(hash));
	__builtin_prefetch(&m->tag[i]);
	__builtin_prefetch(&m->first[i]);
}

void kmap_expect_del(const struct kmap *m, const struct knode *n)
{
	uint32_t i = home(m, n->tag);

	__builtin_prefetch(&m->tag[i]);
	__builtin_prefetch(&m->first[i]);
}

void kmap_free(struct kmap *m)
{
	free(m->tag);
	free(m->first);
	memset(m, 0, sizeof(*m));
}
