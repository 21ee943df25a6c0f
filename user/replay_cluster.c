// SPDX-License-Identifier: GPL-2.0-only
/*
 * A replay of several nodes: clocks are compared before it runs, packets joined and states compared
 * while it does. With one node nothing of this happens.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "cluster_clock.h"
#include "replay_priv.h"

/* What is read ahead of all files for the clocks' sake */
#define AHEAD_ITEMS 500000

struct told_check {
	char name[32];
	enum check_state state;
	char explain[512];
};

#define CHECKS 2 /* of each node */

struct replay_cluster {
	struct replay *r;
	struct cluster *cluster;
	struct clock_rel *rel;	 /* of each node */
	struct told_check *told; /* CHECKS of each node */
	struct baseline **base;	 /* what each node's start tells the others; NULL: it was told */
};

/* ---- clocks ---- */

struct ahead {
	struct capr *capr;
	const struct cap_item *item;
	int64_t wall_ns;
};

static bool ahead_next(struct ahead *a, int64_t offset)
{
	char why[200];

	do {
		if (capr__next(a->capr, &a->item, why, sizeof(why)) <= 0)
			return false;
	} while (a->item->kind != CAP_OBS);
	a->wall_ns = (int64_t)(a->item->obs.ts_ns + (uint64_t)offset);
	return true;
}

/* What cannot be read twice (stdin), or at all, tells nothing of clocks here. */
static void ahead_open(struct ahead *a, const struct rnode *n)
{
	char why[200];

	if (!strcmp(n->pub.path, "-") || n->pub.meta->foreign ||
	    capr__open(n->pub.path, &a->capr, why, sizeof(why))) {
		a->capr = NULL;
		return;
	}
	if (!ahead_next(a, n->pub.wall_offset_ns)) {
		capr__free(a->capr);
		a->capr = NULL;
	}
}

static void read_ahead(struct replay *r, struct clocks *c, struct ahead *a)
{
	for (uint32_t left = AHEAD_ITEMS; left; left--) {
		uint32_t first = r->node_cnt;
		int64_t offset;

		for (uint32_t i = 0; i < r->node_cnt; i++)
			if (a[i].capr && (first == r->node_cnt || a[i].wall_ns < a[first].wall_ns))
				first = i;
		if (first == r->node_cnt)
			return;
		offset = r->node[first]->pub.wall_offset_ns;
		clocks__obs(c, first, &a[first].item->obs, offset);
		if (!ahead_next(&a[first], offset)) {
			capr__free(a[first].capr);
			a[first].capr = NULL;
		}
	}
}

static void move_clock(struct replay_node *p, int64_t by)
{
	p->wall_offset_ns = (int64_t)((uint64_t)p->wall_offset_ns - (uint64_t)by);
}

static int compare_clocks(struct replay *r)
{
	struct ahead *a = calloc(r->node_cnt, sizeof(*a));
	struct clocks *c = NULL;
	int err = a ? clocks__new(r->node_cnt, &c) : -ENOMEM;

	for (uint32_t i = 0; !err && i < r->node_cnt; i++)
		ahead_open(&a[i], r->node[i]);
	if (!err)
		read_ahead(r, c, a);
	for (uint32_t i = 0; !err && i < r->node_cnt; i++) {
		struct clock_rel *rel = &r->cluster->rel[i];

		capr__free(a[i].capr);
		rel->reference = r->node[0]->pub.name;
		if (clocks__solve(c, i, rel))
			move_clock(&r->node[i]->pub, rel->offset_ns);
	}
	clocks__free(c);
	free(a);
	return err;
}

/* ---- the replay ---- */

void replay_cluster__free(struct replay *r)
{
	struct replay_cluster *c = r->cluster;

	if (!c)
		return;
	cluster__free(c->cluster);
	for (uint32_t i = 0; c->base && i < r->node_cnt; i++)
		baseline__free(c->base[i]);
	free(c->base);
	free(c->rel);
	free(c->told);
	free(c);
	r->cluster = NULL;
}

int replay_cluster__begin(struct replay *r)
{
	struct replay_cluster *c;
	int err;

	if (r->node_cnt < 2)
		return 0;
	c = r->cluster = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->r = r;
	c->rel = calloc(r->node_cnt, sizeof(*c->rel));
	c->told = calloc((size_t)r->node_cnt * CHECKS, sizeof(*c->told));
	c->base = calloc(r->node_cnt, sizeof(*c->base));
	err = c->rel && c->told && c->base ? cluster__new(r->node_cnt, &c->cluster) : -ENOMEM;
	return err ? err : compare_clocks(r);
}

/* Each node's state at its start is memory for the others: blocks, owners, names. */
static void on_memory(void *ctx, const struct obs *o)
{
	struct rnode *n = ctx;

	engine__feed(n->pub.engine, o);
}

static void tell_others(struct rnode *n)
{
	struct baseline **b = &n->r->cluster->base[n->pub.idx];

	for (uint32_t i = 0; *b && i < n->r->node_cnt; i++) {
		struct rnode *to = n->r->node[i];
		const struct baseline_run br = {
			.node = to->pub.name,
			.ts_ns = to->pub.last_ns ? to->pub.last_ns : to->pub.meta->mono_ns,
			.wall_offset_ns = to->pub.wall_offset_ns,
		};

		if (to != n && !to->pub.finished)
			baseline__tell(*b, &br, on_memory, to);
	}
	baseline__free(*b);
	*b = NULL;
}

/* The caller may have corrected the clocks, too. */
void replay_cluster__nodes(struct replay *r)
{
	for (uint32_t i = 0; r->cluster && i < r->node_cnt; i++) {
		struct replay_node *p = &r->node[i]->pub;

		cluster__node(r->cluster->cluster, i, p->name, p->engine, p->wall_offset_ns);
		if (!p->meta->foreign &&
		    baseline__new(p->name, p->wall_offset_ns, &r->cluster->base[i]))
			r->cluster->base[i] = NULL;
	}
}

static void hand(struct rnode *n, const struct record *rec)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (ops->record)
		ops->record(ops->ctx, &n->pub, rec);
}

/* What is new since it was told last; that all is well only where it was not */
static void on_check(void *ctx, uint32_t idx, const struct check *k)
{
	struct replay_cluster *c = ctx;
	struct rnode *n = c->r->node[idx];
	struct record rec = { .kind = REC_CHECK, .ts_ns = n->pub.last_ns, .check = k };
	struct told_check *t = &c->told[idx * CHECKS];

	while (t < &c->told[idx * CHECKS + CHECKS - 1] && t->name[0] && strcmp(t->name, k->name))
		t++;
	if (t->state == k->state && (k->state == CHECK_OK || !strcmp(t->explain, k->explain)))
		return;
	snprintf(t->name, sizeof(t->name), "%s", k->name);
	snprintf(t->explain, sizeof(t->explain), "%s", k->explain);
	t->state = k->state;
	hand(n, &rec);
}

static void audit(struct replay *r)
{
	cluster__audit(r->cluster->cluster, on_check, r->cluster);
}

void replay_cluster__ready(struct rnode *n)
{
	struct replay_cluster *c = n->r->cluster;
	struct record rec = { .kind = REC_CLOCK, .ts_ns = n->pub.last_ns };
	uint32_t ready = 0;

	if (!c)
		return;
	rec.clock = &c->rel[n->pub.idx];
	if (n->pub.idx)
		hand(n, &rec);
	tell_others(n);
	for (uint32_t i = 0; i < n->r->node_cnt; i++)
		ready += n->r->node[i]->pub.ready;
	if (ready == n->r->node_cnt)
		audit(n->r);
}

void replay_cluster__obs(struct rnode *n, const struct obs *o)
{
	struct obs x;

	if (!n->r->cluster)
		return;
	if (n->r->cluster->base[n->pub.idx])
		baseline__obs(n->r->cluster->base[n->pub.idx], o);
	cluster__obs(n->r->cluster->cluster, n->pub.idx, o);
	while (cluster__take(n->r->cluster->cluster, n->pub.idx, &x))
		engine__feed(n->pub.engine, &x);
}

/* Requests that are overdue now are looked for on the other nodes before the last word is said. */
void replay_cluster__finish(struct rnode *n, uint64_t ts_ns)
{
	const struct obs tick = { .kind = OBS_TICK, .ts_ns = ts_ns };
	struct replay_cluster *c = n->r->cluster;
	struct obs x;

	if (!c)
		return;
	engine__feed(n->pub.engine, &tick);
	while (cluster__take(c->cluster, n->pub.idx, &x))
		engine__feed(n->pub.engine, &x);
	/* while all are there; the end's snapshots are another time */
	audit(n->r);
}

void replay_cluster__end(struct rnode *n)
{
	if (n->r->cluster)
		cluster__ends(n->r->cluster->cluster, n->pub.idx);
}

const struct record *replay_cluster__record(struct rnode *n, const struct record *rec)
{
	return n->r->cluster ? cluster__record(n->r->cluster->cluster, n->pub.idx, rec) : rec;
}
