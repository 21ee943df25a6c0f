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

/* ---- all of them ---- */

void engine__audit(const struct engine *e, void (*fn)(void *ctx, const struct check *c), void *ctx)
{
	struct audit a = { .e = e, .fn = fn, .ctx = ctx, .d = diagnose(e) };

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

static void ignore(void *ctx, const struct check *c)
{
	(void)ctx, (void)c;
}

uint32_t engine__routes_missing(const struct engine *e)
{
	struct audit a = { .e = e, .fn = ignore, .d = diagnose(e) };

	audit_routes(&a);
	return a.missing;
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
	const struct diag *d = diagnose(e);

	for (uint32_t i = 0; i < d->peers.cnt; i++)
		ask(&q, &d->peers.peer[i].addr);
	/* nodes that are no neighbours: behind a reflector, or a router */
	q.max = max < q.cnt + ASK_PEERS ? max : q.cnt + ASK_PEERS;
	for (uint32_t i = 0; i < d->gw_cnt; i++)
		if (!peers_find(&d->peers, &d->gw[i].node))
			ask(&q, &d->gw[i].node);
	q.max = max < q.cnt + ASK_BLOCKS ? max : q.cnt + ASK_BLOCKS;
	/* what BIRD has and the kernel has not is asked for first: it may have come since */
	for (uint32_t i = 0; i < world_cnt(e, W_BROUTE) && q.cnt < q.max; i++)
		if (audit_not_in_kernel(e, world_broute(e, i)))
			ask(&q, &world_broute(e, i)->dst.addr);
	mirror__each_route(e->mirror, ask_block, &q);
	return q.cnt;
}
