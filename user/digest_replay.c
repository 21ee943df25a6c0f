// SPDX-License-Identifier: GPL-2.0-only
#include "digest_replay.h"

#include <stdlib.h>

/* Where the index of a node of the replay stands; NULL: there is no memory */
static int *place_of(struct digest_replay *d, uint32_t idx)
{
	uint32_t cnt = d->cnt ? d->cnt : 8;
	int *node;

	while (cnt <= idx)
		cnt *= 2;
	if (cnt > d->cnt) {
		node = realloc(d->node, cnt * sizeof(*node));
		if (!node) {
			d->digest->oom = true;
			return NULL;
		}
		for (uint32_t i = d->cnt; i < cnt; i++)
			node[i] = -1;
		d->node = node;
		d->cnt = cnt;
	}
	return &d->node[idx];
}

static int node_of(const struct digest_replay *d, const struct replay_node *n)
{
	return n->idx < d->cnt ? d->node[n->idx] : -1;
}

void digest_replay__node(struct digest_replay *d, const struct replay_node *n)
{
	/* without a name there is the file's */
	const char *name = n->name[0] ? n->name : n->path;
	int *place = place_of(d, n->idx);

	if (!place)
		return;
	*place = digest__add(d->digest, name, n->wall_offset_ns);
	if (*place >= 0)
		d->digest->node[*place].foreign |= n->meta->foreign;
}

void digest_replay__ready(struct digest_replay *d, const struct replay_node *n,
			  const struct cap_ready *r)
{
	int i = node_of(d, n);

	if (i >= 0)
		digest__begin(d->digest, i, n->engine, r->ts_ns);
}

void digest_replay__record(struct digest_replay *d, const struct replay_node *n,
			   const struct record *rec)
{
	int i = node_of(d, n);

	if (i >= 0)
		digest__record(d->digest, i, n->engine, rec);
}

void digest_replay__end(struct digest_replay *d, const struct replay_node *n)
{
	int i = node_of(d, n);

	if (i < 0)
		return;
	d->digest->node[i].cut |= n->cut;
	d->digest->node[i].gap |= n->gap;
	d->digest->node[i].packets += n->packets;
	digest__end(d->digest, i, n->engine, n->finish_ns ? n->finish_ns : n->last_ns);
}

void digest_replay__free(struct digest_replay *d)
{
	free(d->node);
	d->node = NULL;
	d->cnt = 0;
}
