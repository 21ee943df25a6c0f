// SPDX-License-Identifier: GPL-2.0-only
#include "podset.h"

#include <stdlib.h>

void podset__begin(struct podset *s)
{
	for (size_t i = 0; i < s->cnt; i++)
		s->entry[i].seen = false;
}

bool podset__add(struct podset *s, uint32_t inum, uint32_t ifindex)
{
	struct pod_entry *e;
	bool same;

	for (size_t i = 0; i < s->cnt; i++) {
		e = &s->entry[i];
		if (e->inum != inum)
			continue;
		same = e->ifindex == ifindex;
		e->seen = true;
		e->ifindex = ifindex;
		return !same;
	}
	if (s->cnt == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 128;

		e = realloc(s->entry, cap * sizeof(*e));
		if (!e)
			return false;
		s->entry = e;
		s->cap = cap;
	}
	s->entry[s->cnt++] = (struct pod_entry){ inum, ifindex, true };
	return true;
}

void podset__end(struct podset *s, void (*fn)(void *ctx, uint32_t inum), void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->cnt; i++) {
		if (s->entry[i].seen)
			s->entry[kept++] = s->entry[i];
		else
			fn(ctx, s->entry[i].inum);
	}
	s->cnt = kept;
}

void podset__free(struct podset *s)
{
	free(s->entry);
	*s = (struct podset){ 0 };
}
