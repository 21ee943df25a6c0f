// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where CNI's records are not there, nothing tells which pod is behind which device. But each pod has a
 * device, and each device a route to its pod's address (Felix, dataplane/linux/endpoint_mgr.go): one
 * that no route leads to is the device of a pod that the node does not find.
 */
#include "cause_priv.h"

#include <string.h>

#include "addr.h"

/* More pods than that on one node: nothing is claimed */
#define DEVS_MAX 512

struct spares {
	const struct engine *e;
	uint32_t dev[DEVS_MAX], cnt;
	bool cut;
};

static void add_link(void *ctx, const struct link_info *l)
{
	struct spares *s = ctx;

	if (judge_dev(s->e, l->ifindex) != DEV_WORKLOAD)
		return;
	if (s->cnt == DEVS_MAX)
		s->cut = true;
	else
		s->dev[s->cnt++] = l->ifindex;
}

static void strike_route(void *ctx, const struct route *r)
{
	struct spares *s = ctx;

	if (r->dst.len != 32 || r->type != RTN_UNICAST || !r->nh_cnt || addr_is_set(&r->nh[0].gw) ||
	    judge_dev(s->e, r->nh[0].ifindex) != DEV_WORKLOAD)
		return;
	for (uint32_t i = 0; i < s->cnt; i++) {
		if (s->dev[i] != r->nh[0].ifindex)
			continue;
		s->dev[i] = s->dev[--s->cnt];
		return;
	}
}

/* Those whose pod a record tells are not to be guessed */
static void strike_known(struct spares *s, enum world_kind kind)
{
	const struct world_list *w = &s->e->world.cur[kind];
	const struct obs_pod *p = w->item;

	for (uint32_t i = 0; i < w->cnt; i++)
		for (uint32_t k = s->cnt; k-- > 0;)
			if (!strcmp(p[i].dev, mirror__dev(s->e->mirror, s->dev[k])))
				s->dev[k] = s->dev[--s->cnt];
}

void cause_gather_spare(struct facts *x)
{
	struct spares s = { .e = x->e };
	const struct link_info *l;

	if (x->f->f.verdict != V_BLACKHOLE && x->f->f.verdict != V_RP_FILTER)
		return;
	mirror__each_link(x->e->mirror, add_link, &s);
	mirror__each_route(x->e->mirror, strike_route, &s);
	strike_known(&s, W_POD);
	strike_known(&s, W_STATUS);
	x->spare_cnt = s.cut ? UINT32_MAX : s.cnt;
	x->spare = x->spare_cnt == 1 ? s.dev[0] : 0;
	l = cause_link(x, x->f->f.dev);
	for (uint32_t i = 0; l && !s.cut && i < s.cnt; i++)
		x->came_by_spare |= s.dev[i] == l->ifindex;
}
