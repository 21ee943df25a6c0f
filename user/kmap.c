// SPDX-License-Identifier: GPL-2.0-only
#include "kmap.h"

#include <stdlib.h>

#define KMAP_MIN 64

int kmap_grow(struct kmap *m)
{
	struct kmap n = *m;

	n.size = m->size ? m->size * 2 : KMAP_MIN;
	n.mask = n.size - 1;
	n.slot = calloc(n.size, sizeof(*n.slot));
	if (!n.size || !n.slot) {
		free(n.slot);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < m->size; i++)
		if (m->slot[i].tag)
			*kmap_find(&n, m->slot[i].tag) = m->slot[i];
	free(m->slot);
	*m = n;
	return 0;
}

/* Place i is free now: those behind it that belong before it move up. */
static void close_gap(struct kmap *m, uint32_t i)
{
	uint32_t mask = m->mask, k = i;

	for (;;) {
		k = (k + 1) & mask;
		if (!m->slot[k].tag)
			break;
		/* its way from home to k does not lead over the gap */
		if (((k - m->slot[k].tag) & mask) < ((k - i) & mask))
			continue;
		m->slot[i] = m->slot[k];
		i = k;
	}
	m->slot[i].tag = 0;
	m->used--;
}

void kmap_del(struct kmap *m, struct knode *n)
{
	struct kslot *s;

	if (n->next)
		kmap_node(m, n->next)->prev = n->prev;
	if (n->prev) {
		kmap_node(m, n->prev)->next = n->next;
		return;
	}
	s = kmap_find(m, n->tag);
	if (n->next)
		s->first = n->next;
	else
		close_gap(m, (uint32_t)(s - m->slot));
}

void kmap_free(struct kmap *m)
{
	free(m->slot);
	*m = (struct kmap){ .base = m->base };
}
