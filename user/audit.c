// SPDX-License-Identifier: GPL-2.0-only
#include "audit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* ---- one check ---- */

void audit_begin(struct audit *a, const char *name, bool needed)
{
	a->c = (struct check){ .state = CHECK_OK, .needed = needed };
	snprintf(a->c.name, sizeof(a->c.name), "%s", name);
}

void audit_end(struct audit *a)
{
	a->fn(a->ctx, &a->c);
}

/* How much it matters: what is not known is less than what may be wrong. */
static int weight(enum check_state s)
{
	static const int of[] = {
		[CHECK_OK] = 0, [CHECK_UNKNOWN] = 1, [CHECK_WARN] = 2, [CHECK_PROBLEM] = 3
	};

	return of[s];
}

void audit_raise(struct audit *a, enum check_state s, enum cause cause)
{
	if (weight(s) <= weight(a->c.state))
		return;
	a->c.state = s;
	a->c.cause = cause;
}

void audit_say(struct audit *a, const char *fmt, ...)
{
	size_t n = strlen(a->c.explain);
	va_list ap;

	if (n && n < sizeof(a->c.explain) - 2) {
		a->c.explain[n++] = ' ';
		a->c.explain[n] = '\0';
	}
	va_start(ap, fmt);
	vsnprintf(a->c.explain + n, sizeof(a->c.explain) - n, fmt, ap);
	va_end(ap);
}

void audit_evidence(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	if (a->c.evidence_cnt == MAX_EVIDENCE)
		return;
	va_start(ap, fmt);
	vsnprintf(a->c.evidence[a->c.evidence_cnt++], EVIDENCE_LEN, fmt, ap);
	va_end(ap);
}

void audit_advise(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	if (a->c.advice[0])
		return;
	va_start(ap, fmt);
	vsnprintf(a->c.advice, sizeof(a->c.advice), fmt, ap);
	va_end(ap);
}

/* ---- routes by node ---- */

struct addr audit_node_of(const struct engine *e, const struct addr *gw)
{
	for (uint32_t i = 0; i < world_cnt(e, W_VTEP); i++) {
		const struct obs_vtep *v = world_vtep(e, i);

		if (addr_is_set(&v->node) && addr_eq(&v->vtep, gw))
			return v->node;
	}
	return *gw;
}

struct gather {
	struct audit *a;
	uint32_t cap;
	bool failed;
};

static void note_gateway(void *ctx, const struct route *r)
{
	struct gather *g = ctx;
	struct audit *a = g->a;

	if (r->type != RTN_UNICAST || !r->dst.len || !judge_pool(a->e, &r->dst.addr))
		return;
	for (int i = 0; i < r->nh_cnt; i++) {
		if (!addr_is_set(&r->nh[i].gw))
			continue;
		if (a->gw_cnt == g->cap) {
			uint32_t cap = g->cap ? g->cap * 2 : 256;
			void *n = realloc(a->gw, cap * sizeof(*a->gw));

			if (!n) {
				g->failed = true;
				return;
			}
			a->gw = n;
			g->cap = cap;
		}
		a->gw[a->gw_cnt++] = (struct gateway){ r->nh[i].gw, 1 };
	}
}

static int by_node(const void *x, const void *y)
{
	const struct gateway *a = x, *b = y;

	return memcmp(&a->node, &b->node, sizeof(a->node));
}

static uint32_t fold(struct gateway *gw, uint32_t cnt)
{
	uint32_t n = 0;

	if (cnt)
		qsort(gw, cnt, sizeof(*gw), by_node);
	for (uint32_t i = 0; i < cnt; i++)
		if (n && addr_eq(&gw[n - 1].node, &gw[i].node))
			gw[n - 1].routes += gw[i].routes;
		else
			gw[n++] = gw[i];
	return n;
}

static int gather_gateways(struct audit *a)
{
	struct gather g = { .a = a };

	mirror__each_route(a->e->mirror, note_gateway, &g);
	a->gw_cnt = fold(a->gw, a->gw_cnt);
	for (uint32_t i = 0; i < a->gw_cnt; i++)
		a->gw[i].node = audit_node_of(a->e, &a->gw[i].node);
	a->gw_cnt = fold(a->gw, a->gw_cnt);
	return g.failed ? -ENOMEM : 0;
}

uint32_t audit_routes_by(const struct audit *a, const struct addr *node)
{
	const struct gateway key = { .node = *node };
	const struct gateway *g;

	g = a->gw_cnt ? bsearch(&key, a->gw, a->gw_cnt, sizeof(key), by_node) : NULL;
	return g ? g->routes : 0;
}

int engine__audit(const struct engine *e, void (*fn)(void *ctx, const struct check *c), void *ctx)
{
	struct audit a = { .e = e, .fn = fn, .ctx = ctx };
	int err = peers_gather(e, &a.peers);

	if (!err)
		err = gather_gateways(&a);
	if (!err) {
		self_examine(e, &a.peers, &a.self);
		stray_examine(e, &a.peers, &a.stray);
		audit_routes(&a);
		audit_fib(&a);
		audit_bgp(&a);
		audit_node_address(&a);
		audit_bird(&a);
		audit_graceful(&a);
		audit_tunnel(&a);
		audit_sysctl(&a);
		audit_allowlist(&a);
		audit_default(&a);
		audit_own_blocks(&a);
		audit_tables(&a);
		audit_leftovers(&a);
	}
	free(a.gw);
	peers_free(&a.peers);
	return err;
}

/* ---- what the kernel is to be asked ---- */

#define ASK_PEERS 16
#define ASK_BLOCKS 64

struct ask {
	const struct engine *e;
	struct addr *out;
	size_t cnt, max;
};

static void ask(struct ask *q, const struct addr *a)
{
	if (q->cnt < q->max && a->family == 4)
		q->out[q->cnt++] = *a;
}

static void ask_block(void *ctx, const struct route *r)
{
	struct ask *q = ctx;

	if (r->type == RTN_UNICAST && r->dst.len && r->nh_cnt && addr_is_set(&r->nh[0].gw) &&
	    r->table == TABLE_MAIN && judge_pool(q->e, &r->dst.addr))
		ask(q, &r->dst.addr);
}

size_t engine__questions(const struct engine *e, struct addr *out, size_t max)
{
	struct ask q = { .e = e, .out = out, .max = max < ASK_PEERS ? max : ASK_PEERS };
	struct peers p;

	if (!peers_gather(e, &p)) {
		for (uint32_t i = 0; i < p.cnt; i++)
			ask(&q, &p.peer[i].addr);
		peers_free(&p);
	}
	q.max = max < q.cnt + ASK_BLOCKS ? max : q.cnt + ASK_BLOCKS;
	mirror__each_route(e->mirror, ask_block, &q);
	for (uint32_t i = 0; i < world_cnt(e, W_BROUTE); i++)
		if (world_broute(e, i)->best && world_broute(e, i)->type == RTN_UNICAST &&
		    judge_pool(e, &world_broute(e, i)->dst.addr))
			ask(&q, &world_broute(e, i)->dst.addr);
	return q.cnt;
}
