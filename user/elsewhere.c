// SPDX-License-Identifier: GPL-2.0-only
#include "elsewhere.h"

#include <stdlib.h>
#include <string.h>

/* Findings are told apart by block or device: few fates each, as a rule one */
#define MAX_FATES 4096

struct elsewhere {
	struct obs_elsewhere o; /* the first of its kind */
	uint32_t cnt;
};

static bool same_fate(const struct obs_elsewhere *a, const struct obs_elsewhere *b)
{
	return a->finding == b->finding && a->what == b->what && a->verdict == b->verdict &&
	       !strcmp(a->node, b->node);
}

static struct elsewhere *fate_get(struct engine *e, const struct obs_elsewhere *o)
{
	struct elsewhere_list *l = &e->elsewhere;

	for (uint32_t i = 0; i < l->cnt; i++)
		if (same_fate(&l->item[i].o, o))
			return &l->item[i];
	if (l->cnt == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 16;
		void *n = cap <= MAX_FATES ? realloc(l->item, cap * sizeof(*l->item)) : NULL;

		if (!n)
			return NULL;
		l->item = n;
		l->cap = cap;
	}
	l->item[l->cnt] = (struct elsewhere){ .o = *o };
	return &l->item[l->cnt++];
}

void elsewhere_observe(struct engine *e, const struct obs_elsewhere *o)
{
	struct obs_elsewhere x = *o;
	struct elsewhere *f;

	if (!o->finding || o->finding > e->finding_cnt)
		return;
	x.node[sizeof(x.node) - 1] = x.dev[sizeof(x.dev) - 1] = '\0';
	x.reason[sizeof(x.reason) - 1] = x.location[sizeof(x.location) - 1] = '\0';
	f = fate_get(e, &x);
	if (!f)
		return;
	/* what that node concluded may deepen */
	if (x.cause != C_UNKNOWN)
		f->o.cause = x.cause;
	f->cnt++;
	e->finding[o->finding - 1]->told_elsewhere = true;
}

const struct obs_elsewhere *elsewhere_of(const struct engine *e, uint32_t finding, uint32_t *cnt)
{
	const struct elsewhere_list *l = &e->elsewhere;
	const struct elsewhere *best = NULL;

	for (uint32_t i = 0; i < l->cnt; i++)
		if (l->item[i].o.finding == finding && (!best || l->item[i].cnt > best->cnt))
			best = &l->item[i];
	if (best && cnt)
		*cnt = best->cnt;
	return best ? &best->o : NULL;
}

void elsewhere_free_all(struct engine *e)
{
	free(e->elsewhere.item);
}
