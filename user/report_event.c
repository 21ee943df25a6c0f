// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks on the time axis. What happens at once is one mark: BIRD removes a thousand routes in one go.
 */
#include "report_priv.h"

#include <stdio.h>
#include <string.h>

#include "event_tell.h"
#include "rtnum.h"
#include "util.h"

#define FOLD_NS NS_PER_S
#define FOLD_BGP_NS (5 * NS_PER_S) /* BIRD tries again each second or two */

static bool same(const struct event *a, const struct event *b)
{
	uint64_t fold_ns = a->kind == MARK_BGP ? FOLD_BGP_NS : FOLD_NS;

	return a->kind == b->kind && a->node == b->node && a->op == b->op && a->pid == b->pid &&
	       a->finding == b->finding && b->ts_ns < a->last_ns + fold_ns && b->ts_ns >= a->ts_ns;
}

static bool folds(enum event_kind k)
{
	return k == MARK_ROUTES || k == MARK_BGP || k == MARK_ANSWER || k == MARK_GAP;
}

static void event_add(struct report *r, const struct event *e)
{
	bool room;

	report_grow(r, e->ts_ns);
	for (uint32_t i = r->event_cnt; folds(e->kind) && i-- > 0;) {
		struct event *old = &r->event[i];

		if (same(old, e)) {
			old->cnt += e->cnt;
			old->last_ns = e->ts_ns;
			return;
		}
		if (i + 32 < r->event_cnt)
			break;
	}
	/* what the reader looks for first has its place */
	room = e->kind == MARK_LOSS || e->kind == MARK_REPAIR || e->kind == MARK_ANSWER;
	if (r->event_cnt >= (room ? REPORT_EVENTS : REPORT_EVENTS - 2 * REPORT_CASES)) {
		r->events_left_out++;
		return;
	}
	r->event[r->event_cnt++] = *e;
}

static struct event event_of(const struct report_node *n, enum event_kind kind, uint64_t ts_ns)
{
	return (struct event){
		.ts_ns = ts_ns, .last_ns = ts_ns, .kind = kind, .node = n->idx, .cnt = 1
	};
}

/* "route del 10.253.181.0/26 ...": the page has no column for what it is about */
static void describe(struct event *e, const char *what, const struct record *rec)
{
	int len = snprintf(e->text, sizeof(e->text), "%s ", what);

	event_tell(rec, e->text + len, sizeof(e->text) - (size_t)len);
}

static void route_event(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	struct event e = event_of(n, MARK_ROUTES, ts_ns);

	if (rec->route->route.table != TABLE_MAIN)
		return;
	e.op = rec->route->op;
	e.bad = e.op == ROUTE_DEL || e.op == ROUTE_FLUSH;
	e.pid = rec->route->by.pid;
	describe(&e, "route", rec);
	event_add(n->report, &e);
}

static void link_event(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	struct event e = event_of(n, MARK_LINK, ts_ns);

	e.op = rec->link->op;
	e.bad = e.op == LINK_DEL || e.op == LINK_DOWN;
	e.pid = rec->link->by.pid;
	describe(&e, "device", rec);
	event_add(n->report, &e);
}

static void addr_event(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	struct event e = event_of(n, MARK_ADDR, ts_ns);

	e.op = rec->addr->del;
	e.bad = rec->addr->del;
	e.pid = rec->addr->by.pid;
	describe(&e, "address", rec);
	event_add(n->report, &e);
}

static void bgp_event(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	struct event e = event_of(n, MARK_BGP, ts_ns);

	e.op = rec->bgp->state;
	e.bad = rec->bgp->state != BGP_CONNECTED && rec->bgp->state != BGP_LISTEN;
	describe(&e, "BGP:", rec);
	event_add(n->report, &e);
}

static void bird_event(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	struct event e = event_of(n, MARK_BGP, ts_ns);
	const struct obs_bird_proto *p = rec->bird_proto;

	if (p->v6 || strcmp(p->kind, "BGP") != 0)
		return;
	e.bad = strcmp(p->bgp, "Established") != 0;
	e.op = 100 + e.bad;
	describe(&e, "BIRD says", rec);
	event_add(n->report, &e);
}

/* Its first packet, its end, and its coming back */
static void finding_event(struct report_node *n, const struct finding *f)
{
	struct event e = event_of(n, MARK_LOSS, report_wall(n, f->first_ns));
	uint32_t *told;

	if (!f->id || f->id > REPORT_CASES)
		return;
	told = &n->told[f->id - 1];
	e.finding = f->id;
	if (!*told || (*told == 2 && !f->recovered)) {
		e.bad = true;
		if (*told)
			e.ts_ns = e.last_ns = report_wall(n, f->ts_ns);
		snprintf(e.text, sizeof(e.text), "finding %u %s: %s", f->id,
			 *told ? "is back" : "begins",
			 f->verdict == V_NONE ? cause_clause(f->cause) :
						verdict_clause(f->verdict));
		event_add(n->report, &e);
		*told = 1;
	}
	if (*told == 1 && f->recovered) {
		e = event_of(n, MARK_REPAIR, report_wall(n, f->recovered_ns));
		e.finding = f->id;
		snprintf(e.text, sizeof(e.text), "finding %u is over", f->id);
		event_add(n->report, &e);
		*told = 2;
	}
}

static void loss_event(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	struct event e = event_of(n, MARK_GAP, ts_ns);
	const struct obs_loss *l = rec->loss;

	e.op = l->what;
	e.bad = true;
	describe(&e, "not seen:", rec);
	event_add(n->report, &e);
	if ((size_t)l->what < ARRAY_SIZE(n->loss))
		n->loss[l->what] += l->count;
}

void event_record(struct report_node *n, const struct record *rec, uint64_t ts_ns)
{
	switch (rec->kind) {
	case REC_FINDING:
		return finding_event(n, rec->finding);
	case REC_ROUTE:
		return route_event(n, rec, ts_ns);
	case REC_LINK:
		return link_event(n, rec, ts_ns);
	case REC_ADDR:
		return addr_event(n, rec, ts_ns);
	case REC_BGP:
		return bgp_event(n, rec, ts_ns);
	case REC_BIRD:
		return bird_event(n, rec, ts_ns);
	case REC_LOSS:
		return loss_event(n, rec, ts_ns);
	default:
		return;
	}
}

void event_proc(struct report_node *n, const struct obs_proc *p)
{
	uint64_t ts_ns = report_wall(n, p->start_ns);
	struct event e = event_of(n, MARK_PROC, ts_ns);
	char name[EVENT_PROC_LEN];

	/* the same process is told at each round */
	if (!p->start_ns || !n->ready || ts_ns < n->start_ns)
		return;
	for (uint32_t i = 0; i < n->report->event_cnt; i++) {
		const struct event *old = &n->report->event[i];

		if (old->kind == MARK_PROC && old->node == n->idx && old->pid == p->pid &&
		    old->ts_ns == ts_ns)
			return;
	}
	e.pid = p->pid;
	event_tell_proc(p, name, sizeof(name));
	snprintf(e.text, sizeof(e.text), "process %s began", name);
	event_add(n->report, &e);
}

/* In the order of time, so that they fold */
void event_answers(struct report_node *n)
{
	char buf[PREFIX_STRLEN];
	uint64_t done_ns = 0;

	for (;;) {
		const struct lane *next = NULL;
		struct event e;

		for (uint32_t i = 0; i < n->lane_cnt; i++) {
			const struct lane *l = n->lane[i];

			if (l->answer_ns > done_ns && (!next || l->answer_ns < next->answer_ns))
				next = l;
		}
		if (!next)
			return;
		done_ns = next->answer_ns;
		e = event_of(n, MARK_ANSWER, done_ns);
		snprintf(e.text, sizeof(e.text), "first answer after the losses: %s",
			 prefix_str(&next->block, buf));
		event_add(n->report, &e);
	}
}
