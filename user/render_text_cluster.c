// SPDX-License-Identifier: GPL-2.0-only
/* What several nodes' captures tell together: clocks, and journeys from node to node. */
#include <stdio.h>
#include <string.h>

#include "cluster.h"
#include "render_text.h"

#define COL_PATH 13

void text_clock(struct text *t, const struct record *rec)
{
	const struct clock_rel *c = rec->clock;
	uint64_t off_ns = c->offset_ns < 0 ? -(uint64_t)c->offset_ns : (uint64_t)c->offset_ns;
	char off[DURATION_LEN], err[DURATION_LEN];
	struct line l;

	line_init(&l);
	line_add(&l, "clock    %s ", t->r.opts.node);
	duration_str((c->error_ns + NS_PER_US - 1) / NS_PER_US, err);
	if (c->known && off_ns <= c->error_ns)
		line_add(&l, "agrees with %s to within %s, by %llu packets each way", c->reference,
			 err, (unsigned long long)c->packets);
	else if (c->known)
		line_add(&l, "is %s %s %s, by %llu packets each way, to within %s",
			 duration_str(off_ns / NS_PER_US, off),
			 c->offset_ns < 0 ? "behind" : "ahead of", c->reference,
			 (unsigned long long)c->packets, err);
	else
		line_add(
			&l,
			"against %s: not known, too few packets seen on both in each direction (%llu)",
			c->reference, (unsigned long long)c->packets);
	line_emit(t, &l);
}

static void add_hop(struct line *l, const char **node, const char *at, const char *dev)
{
	if (strcmp(*node, at) != 0)
		line_add(l, "%s%s:", (*node)[0] ? " > " : "", at);
	line_add(l, " %s", dev[0] ? dev : "?");
	*node = at;
}

/* From device to device, node by node, in the order of time */
void text_journey(struct text *t, const struct packet *p)
{
	const char *node = "";
	int own = 0, far = 0;
	struct line l;

	if (!p->far_cnt)
		return;
	line_init(&l);
	line_pad(&l, COL_PATH);
	line_add(&l, "path ");
	while (own < p->hop_cnt || far < p->far_cnt) {
		if (far == p->far_cnt ||
		    (own < p->hop_cnt && p->hop[own].ts_ns <= p->far[far].ts_ns)) {
			add_hop(&l, &node, t->r.opts.node, p->hop[own].dev);
			own++;
		} else {
			add_hop(&l, &node, p->far[far].node, p->far[far].dev);
			far++;
		}
	}
	line_emit(t, &l);
}
