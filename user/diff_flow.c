// SPDX-License-Identifier: GPL-2.0-only
/* Exchanges and findings of both sides: what was lost, and whether it was tried again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "diff_priv.h"
#include "rtnum.h"

/* ---- was it tried again, and answered? ---- */

static int tried_cmp(const void *a, const void *b)
{
	const struct diff_tried *x = a, *y = b;
	int diff = (int)x->app - (int)y->app;

	if (!diff)
		diff = memcmp(x->block.addr.b, y->block.addr.b, sizeof(x->block.addr.b));
	return diff ? diff : (int)x->block.len - (int)y->block.len;
}

static void note_tried(struct diff_pair *p, const struct digest_end *end, enum app app)
{
	if (end->place == DG_BLOCK || end->place == DG_NODE)
		p->tried[p->tried_cnt++] = (struct diff_tried){ end->block, app };
}

int diff_gather_tried(struct diff_pair *p)
{
	uint32_t kept = 0;

	p->tried = calloc((size_t)p->a->flow_cnt * 2 + 1, sizeof(*p->tried));
	if (!p->tried)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->a->flow_cnt; i++) {
		const struct digest_flow *f = &p->a->flow[i];

		if (!f->answered || digest__flow_broken(f) || digest__flow_waits(f))
			continue;
		note_tried(p, &f->src, f->app);
		note_tried(p, &f->dst, f->app);
		p->between[f->app][f->src.place][f->dst.place] = true;
	}
	if (p->tried_cnt)
		qsort(p->tried, p->tried_cnt, sizeof(*p->tried), tried_cmp);
	for (uint32_t i = 0; i < p->tried_cnt; i++)
		if (!kept || tried_cmp(&p->tried[kept - 1], &p->tried[i]))
			p->tried[kept++] = p->tried[i];
	p->tried_cnt = kept;
	return 0;
}

/* The first that is not before key, NULL: all are */
static const struct diff_tried *tried_from(const struct diff_pair *p, const struct diff_tried *key)
{
	uint32_t lo = 0, hi = p->tried_cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (tried_cmp(&p->tried[mid], key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->tried_cnt ? &p->tried[lo] : NULL;
}

/* Its size may have been a guess on one of the sides: a part of it counts, and so does a larger one. */
static bool block_tried(const struct diff_pair *p, const struct prefix *block, enum app app)
{
	const struct diff_tried key = { *block, app }, *t = tried_from(p, &key);

	if (t && t->app == app && prefix_covers(block, &t->block))
		return true;
	for (uint8_t len = block->len; len--;) {
		const struct diff_tried larger = { prefix_of(&block->addr, len), app };

		t = tried_from(p, &larger);
		if (t && !tried_cmp(t, &larger))
			return true;
	}
	return false;
}

/* The node's own block is at one end of nearly all exchanges: the other end is what was cut off. */
static bool is_own_block(const struct diff_pair *p, const struct prefix *block)
{
	const struct digest_route *b = digest__route(p->b, block), *a = digest__route(p->a, block);

	return (a && a->type != RTN_UNICAST && !digest__block(p->a, block)) ||
	       (b && b->type != RTN_UNICAST && !digest__block(p->b, block));
}

static bool is_far(const struct diff_pair *p, const struct digest_end *end)
{
	return end->place == DG_NODE || (end->place == DG_BLOCK && !is_own_block(p, &end->block));
}

static bool flow_tried(const struct diff_pair *p, const struct digest_flow *f)
{
	bool far_src = is_far(p, &f->src), far_dst = is_far(p, &f->dst);
	bool dst = f->dst.place == DG_BLOCK;

	if (far_src && !block_tried(p, &f->src.block, f->app))
		return false;
	if (far_dst || (dst && !far_src))
		return block_tried(p, &f->dst.block, f->app);
	/* the kubelet's probes of this node's pods say nothing of the way out */
	return far_src || p->between[f->app][f->src.place][f->dst.place];
}

/* ---- flows ---- */

static int end_cmp(const struct digest_end *x, const struct digest_end *y)
{
	int diff = (int)x->place - (int)y->place;

	if (!diff)
		diff = memcmp(x->block.addr.b, y->block.addr.b, sizeof(x->block.addr.b));
	return diff ? diff : (int)x->block.len - (int)y->block.len;
}

static int flow_cmp(const struct digest_flow *x, const struct digest_flow *y)
{
	int diff = end_cmp(&x->src, &y->src);

	if (!diff)
		diff = end_cmp(&x->dst, &y->dst);
	if (!diff)
		diff = memcmp(&x->service.b, &y->service.b, sizeof(x->service.b));
	return diff ? diff : (int)x->app - (int)y->app;
}

static int by_flow(const void *a, const void *b)
{
	const struct digest_flow *const *x = a, *const *y = b;

	return flow_cmp(*x, *y);
}

/* Borrowed pointers in order; NULL: none, or no memory (d->oom) */
static const struct digest_flow **in_order(struct diff *d, const struct digest_node *n)
{
	const struct digest_flow **list;

	if (!n->flow_cnt)
		return NULL;
	list = calloc(n->flow_cnt, sizeof(*list));
	if (!list) {
		d->oom = true;
		return NULL;
	}
	for (uint32_t i = 0; i < n->flow_cnt; i++)
		list[i] = &n->flow[i];
	qsort(list, n->flow_cnt, sizeof(*list), by_flow);
	return list;
}

static const char *end_str(const struct digest_end *end, char buf[PREFIX_STRLEN])
{
	static const char *const names[] = {
		[DG_OUTSIDE] = "outside", [DG_BLOCK] = "",	[DG_HOST] = "host",
		[DG_NODE] = "",		  [DG_OTHER] = "other",
	};

	if (end->place == DG_NODE)
		return addr_str(&end->block.addr, buf);
	return end->place == DG_BLOCK ? prefix_str(&end->block, buf) : names[end->place];
}

static void flow_key(const struct digest_flow *f, char *buf, size_t size)
{
	char src[PREFIX_STRLEN], dst[PREFIX_STRLEN], service[ADDR_STRLEN];

	if (addr_is_set(&f->service))
		snprintf(buf, size, "%s > %s (%s) %s", end_str(&f->src, src),
			 addr_str(&f->service, service), end_str(&f->dst, dst), app_name(f->app));
	else
		snprintf(buf, size, "%s > %s %s", end_str(&f->src, src), end_str(&f->dst, dst),
			 app_name(f->app));
}

static void flow_was_broken(const struct diff_pair *p, struct diff_change *c)
{
	const struct digest_flow *b = c->before.flow, *a = c->after.flow;

	if (a && a->answered && !digest__flow_waits(a)) {
		c->state = DIFF_FIXED;
	} else if (flow_tried(p, b)) {
		c->state = DIFF_FIXED;
		diff_note(c, "by other exchanges of %s with the same block", app_name(b->app));
	} else {
		c->state = DIFF_NOT_OBSERVED;
		c->doubt = true;
		diff_doubt(p->d, DOUBT_EXERCISE, "%s was broken in BEFORE and %s in AFTER", c->key,
			   a && a->answered ? "its last requests wait for a reply" :
					      "has no answered exchange");
	}
}

static void one_flow(const struct diff_pair *p, const struct digest_flow *b,
		     const struct digest_flow *a)
{
	struct diff_change *c = diff_add(p, DIFF_FLOW, DIFF_UNCHANGED);

	if (!c)
		return;
	flow_key(a ? a : b, c->key, sizeof(c->key));
	c->before.flow = b;
	c->after.flow = a;
	c->was_wrong = b && digest__flow_broken(b);
	if (a && digest__flow_broken(a)) {
		c->state = c->was_wrong ? DIFF_STILL_BROKEN : DIFF_NEW;
		diff_blame(c, false);
	} else if (c->was_wrong) {
		flow_was_broken(p, c);
	} else if (!a) {
		c->state = DIFF_NOT_OBSERVED;
	} else if (!b) {
		c->state = DIFF_NEW;
	}
}

void diff_flows(const struct diff_pair *p)
{
	const struct digest_flow **b = in_order(p->d, p->b), **a = in_order(p->d, p->a);
	uint32_t i = 0, k = 0, nb = b ? p->b->flow_cnt : 0, na = a ? p->a->flow_cnt : 0;

	while (i < nb || k < na) {
		int diff = i == nb ? 1 : k == na ? -1 : flow_cmp(b[i], a[k]);

		one_flow(p, diff <= 0 ? b[i] : NULL, diff >= 0 ? a[k] : NULL);
		i += diff <= 0;
		k += diff >= 0;
	}
	free(b);
	free(a);
}

/* ---- findings ---- */

static const struct finding *find(const struct digest_node *n, const char *key)
{
	for (uint32_t i = 0; i < n->finding_cnt; i++)
		if (!strcmp(n->finding[i].key, key))
			return &n->finding[i];
	return NULL;
}

static bool share_a_block(const struct finding *x, const struct finding *y)
{
	for (uint32_t i = 0; i < x->block_cnt; i++)
		for (uint32_t k = 0; k < y->block_cnt; k++)
			if (prefix_covers(&x->block[i], &y->block[k]) ||
			    prefix_covers(&y->block[k], &x->block[i]))
				return true;
	return false;
}

/* The same fault may have another scope or device now, and so another key. */
static bool lives_on(const struct digest_node *n, const struct finding *f)
{
	for (uint32_t i = 0; i < n->finding_cnt; i++)
		if (!n->finding[i].recovered && share_a_block(&n->finding[i], f))
			return true;
	return false;
}

static bool at_block(const struct digest_end *end, const struct prefix *block)
{
	return end->place == DG_BLOCK &&
	       (prefix_covers(&end->block, block) || prefix_covers(block, &end->block));
}

/* Of a finding's blocks and apps not each was lost with each. */
static bool was_lost(const struct diff_pair *p, const struct prefix *block, enum app app)
{
	for (uint32_t i = 0; i < p->b->flow_cnt; i++) {
		const struct digest_flow *f = &p->b->flow[i];

		if (f->app == app && digest__flow_broken(f) &&
		    (at_block(&f->src, block) || at_block(&f->dst, block)))
			return true;
	}
	return false;
}

static bool any_outside_tried(const struct diff_pair *p, enum app app)
{
	for (int place = 0; place <= DG_OTHER; place++)
		if (p->between[app][place][DG_OUTSIDE] || p->between[app][DG_OUTSIDE][place])
			return true;
	return false;
}

/* A finding without blocks: one end of what was lost is in none. */
static bool outside_tried(const struct diff_pair *p, enum app app)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < p->b->flow_cnt; i++) {
		const struct digest_flow *f = &p->b->flow[i];

		if (f->app != app || !digest__flow_broken(f) ||
		    (f->src.place == DG_BLOCK && f->dst.place == DG_BLOCK))
			continue;
		lost++;
		if (!flow_tried(p, f))
			return false;
	}
	return lost || any_outside_tried(p, app);
}

static bool app_tried(const struct diff_pair *p, const struct finding *f, enum app app)
{
	uint32_t lost = 0;

	if (!f->block_cnt)
		return outside_tried(p, app);
	for (uint32_t i = 0; i < f->block_cnt; i++) {
		if (!was_lost(p, &f->block[i], app))
			continue;
		lost++;
		if (!block_tried(p, &f->block[i], app))
			return false;
	}
	/* no exchange of that kind was kept: then all of them have to be tried */
	for (uint32_t i = 0; i < f->block_cnt && !lost; i++)
		if (!block_tried(p, &f->block[i], app))
			return false;
	return true;
}

static bool finding_tried(const struct diff_pair *p, const struct finding *f)
{
	uint32_t apps = 0;

	for (int app = 0; app < APP_MAX; app++) {
		if (!f->apps[app])
			continue;
		apps++;
		if (!app_tried(p, f, app))
			return false;
	}
	if (apps)
		return true;
	/* a gateway that stayed silent: no packet was ever born */
	for (int app = 0; app < APP_MAX; app++)
		if (app_tried(p, f, app))
			return true;
	return false;
}

static void finding_was_open(const struct diff_pair *p, struct diff_change *c)
{
	if (c->after.finding || finding_tried(p, c->before.finding)) {
		c->state = DIFF_FIXED;
	} else {
		c->state = DIFF_NOT_OBSERVED;
		c->doubt = true;
		diff_doubt(p->d, DOUBT_EXERCISE,
			   "what was lost in BEFORE (%s) was not tried again in AFTER", c->key);
	}
}

static void one_finding(const struct diff_pair *p, const struct finding *b, const struct finding *a)
{
	bool was_open = b && !b->recovered, is_open = a && !a->recovered;
	struct diff_change *c = diff_add(p, DIFF_FINDING, DIFF_UNCHANGED);

	if (!c)
		return;
	snprintf(c->key, sizeof(c->key), "%s", a ? a->key : b->key);
	c->before.finding = b;
	c->after.finding = a;
	c->was_wrong = was_open;
	if (is_open || (was_open && !a && lives_on(p->a, b))) {
		c->state = was_open ? DIFF_STILL_BROKEN : DIFF_NEW;
		diff_blame(c, false);
		if (!is_open)
			diff_note(c, "packets to the same blocks are lost in AFTER, too");
	} else if (was_open) {
		finding_was_open(p, c);
	} else if (a && !b) {
		c->state = DIFF_NEW;
		diff_note(c, "recovered before AFTER ends");
	}
}

void diff_findings(const struct diff_pair *p)
{
	for (uint32_t i = 0; i < p->b->finding_cnt; i++)
		one_finding(p, &p->b->finding[i], find(p->a, p->b->finding[i].key));
	for (uint32_t i = 0; i < p->a->finding_cnt; i++)
		if (!find(p->b, p->a->finding[i].key))
			one_finding(p, NULL, &p->a->finding[i]);
}
