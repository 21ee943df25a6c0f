// SPDX-License-Identifier: GPL-2.0-only
#include "diff_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

static const char *word(const char *const *words, size_t cnt, size_t i)
{
	return i < cnt ? words[i] : "?";
}

const char *diff_what_name(enum diff_what w)
{
	static const char *const names[] = { "route", "peer", "address", "link", "flow", "finding" };

	return word(names, sizeof(names) / sizeof(*names), w);
}

const char *diff_state_name(enum diff_state s)
{
	static const char *const names[] = { "fixed", "still-broken", "new", "unchanged",
					     "not-observed" };

	return word(names, sizeof(names) / sizeof(*names), s);
}

const char *diff_verdict_name(enum diff_verdict v)
{
	static const char *const names[] = { "healthy", "cured", "not-cured", "cannot-say" };

	return word(names, sizeof(names) / sizeof(*names), v);
}

/* ---- changes ---- */

struct diff_change *diff_add(const struct diff_pair *p, enum diff_what what, enum diff_state state)
{
	struct diff *d = p->d;
	struct diff_change *c;

	if (!(d->cnt & (d->cnt - 1))) {
		c = reallocarray(d->change, d->cnt ? (size_t)d->cnt * 2 : 1, sizeof(*c));
		if (!c) {
			d->oom = true;
			return NULL;
		}
		d->change = c;
	}
	c = &d->change[d->cnt++];
	*c = (struct diff_change){ .what = what,
				   .state = state,
				   .node = p->a ? p->a->name : p->b->name };
	return c;
}

void diff_note(struct diff_change *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->note, sizeof(c->note), fmt, ap);
	va_end(ap);
}

void diff_doubt(struct diff *d, enum diff_doubt what, const char *fmt, ...)
{
	struct diff_reason *r = &d->doubt[what];
	va_list ap;

	if (r->cnt++)
		return;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
}

void diff_blame(struct diff_change *c, bool restarts)
{
	c->doubt = restarts;
	c->wrong = !restarts;
}

bool diff_has_state(const struct digest_node *n)
{
	return n->complete && !n->foreign && n->sources.links;
}

/* ---- what speaks against AFTER as a whole ---- */

static void doubt_restart(struct diff *d, const struct digest_node *n)
{
	const struct view_sources *s = &n->sources;

	if (s->recovering)
		diff_doubt(
			d, DOUBT_RESTART,
			"BIRD on %s was restarted and still waits for %u protocol%s when AFTER ends",
			n->name, s->waiting_for, s->waiting_for == 1 ? "" : "s");
	else if (s->stale)
		diff_doubt(
			d, DOUBT_RESTART,
			"BIRD on %s still keeps %u route%s of neighbours that restart gracefully",
			n->name, s->stale, s->stale == 1 ? "" : "s");
	for (uint32_t i = 0; i < n->peer_cnt; i++) {
		char addr[ADDR_STRLEN];

		if (n->peer[i].restarts)
			diff_doubt(d, DOUBT_RESTART, "%s restarts gracefully when AFTER ends",
				   addr_str(&n->peer[i].addr, addr));
	}
}

/* Routes and sessions look well while BIRD restarts gracefully: that none does only BIRD can tell. */
static void doubt_silent_bird(struct diff *d, const struct digest_node *n)
{
	const struct check *c = digest__check(n, "graceful-restart");

	if (!n->foreign && !n->sources.bird && c && c->state == CHECK_UNKNOWN)
		diff_doubt(d, DOUBT_SESSION,
			   "BIRD on %s does not answer when AFTER ends: it may be restarting",
			   n->name);
}

static void doubt_node(struct diff *d, const struct digest_node *n)
{
	if (n->foreign)
		diff_doubt(d, DOUBT_FOREIGN,
			   "AFTER was not captured by calitrace: it has no routes and no sessions");
	if (n->lost || n->withheld)
		diff_doubt(d, DOUBT_LOSS, "%llu events of AFTER were lost on %s, %llu withheld",
			   (unsigned long long)n->lost, n->name, (unsigned long long)n->withheld);
	if (n->gap)
		diff_doubt(d, DOUBT_GAP, "a file of AFTER's capture on %s is not given", n->name);
	if (n->cut_lists)
		diff_doubt(d, DOUBT_LISTS, "%s has more blocks, routes or flows than are compared",
			   n->name);
	doubt_restart(d, n);
	doubt_silent_bird(d, n);
}

static int64_t wall(const struct digest_node *n, uint64_t mono_ns)
{
	return (int64_t)mono_ns + n->wall_offset_ns;
}

static void doubt_pair(const struct diff_pair *p)
{
	if (p->b->cut_lists)
		diff_doubt(p->d, DOUBT_LISTS,
			   "%s has more blocks, routes or flows in BEFORE than are compared",
			   p->b->name);
	/* also while BEFORE was still being taken: what BEFORE ends with came later */
	if (p->a->end_ns && p->b->end_ns && wall(p->a, p->a->end_ns) < wall(p->b, p->b->end_ns))
		diff_doubt(p->d, DOUBT_ORDER, "AFTER is older than BEFORE: the two seem swapped");
}

/* ---- nodes ---- */

/* A side of one node that has no name (tcpdump's) is compared with the other side's one node. */
static const struct digest_node *counterpart(const struct digest *from, const struct digest *in,
					     const struct digest_node *n)
{
	const struct digest_node *found = digest__find(in, n->name);

	if (found || from->cnt != 1 || in->cnt != 1)
		return found;
	return n->foreign || in->node[0].foreign ? &in->node[0] : NULL;
}

static bool was_wrong(const struct digest_node *n)
{
	for (uint32_t i = 0; i < n->check_cnt; i++)
		if (n->check[i].state == CHECK_PROBLEM)
			return true;
	for (uint32_t i = 0; i < n->finding_cnt; i++)
		if (!n->finding[i].recovered)
			return true;
	return false;
}

static void only_before(struct diff *d, const struct digest_node *n)
{
	d->was_wrong += was_wrong(n);
	diff_doubt(d, DOUBT_NODE, "%s is in BEFORE only%s", n->name,
		   was_wrong(n) ? ", where something was wrong with it" : "");
}

/* Nothing to compare with: what is wrong there is wrong all the same. */
static void only_in_after(const struct diff_pair *p)
{
	static const struct digest_node nothing;
	struct diff_pair alone = *p;

	alone.b = &nothing;
	diff_checks(&alone);
	diff_findings(&alone);
	diff_flows(&alone);
	if (!p->d->only_after++)
		memccpy(p->d->newcomer, p->a->name, 0, sizeof(p->d->newcomer) - 1);
}

static void pair(struct diff_pair *p)
{
	if (diff_gather_tried(p))
		p->d->oom = true;
	diff_routes(p);
	diff_peers(p);
	diff_addrs(p);
	diff_links(p);
	diff_flows(p);
	diff_findings(p);
	diff_checks(p);
	doubt_pair(p);
	free(p->tried);
}

static void count_after(struct diff *d, const struct digest_node *n)
{
	for (uint32_t i = 0; i < n->flow_cnt; i++)
		d->answered += n->flow[i].answered;
	for (uint32_t i = 0; i < n->block_cnt; i++)
		d->routes += n->block[i].have;
	for (uint32_t i = 0; i < n->peer_cnt; i++)
		d->sessions += n->peer[i].up;
	d->cut |= n->cut || !n->complete;
}

static void count_changes(struct diff *d)
{
	for (uint32_t i = 0; i < d->cnt; i++) {
		const struct diff_change *c = &d->change[i];

		d->wrong[c->what] += c->wrong;
		d->fixed[c->what] += c->state == DIFF_FIXED;
		d->was_wrong += c->was_wrong;
		d->doubtful += c->doubt;
	}
}

static void doubt_all(struct diff *d, const struct digest *after)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < after->cnt; i++)
		seen += after->node[i].summary.seen;
	if (!d->answered)
		diff_doubt(d, DOUBT_TRAFFIC,
			   seen ? "AFTER has no request that was answered" :
				  "AFTER has no traffic");
	d->oom |= after->oom;
}

int diff__run(const struct digest *before, const struct digest *after, struct diff *out)
{
	struct diff_pair p;

	memset(out, 0, sizeof(*out));
	out->before = before;
	out->after = after;
	for (uint32_t i = 0; i < after->cnt; i++) {
		p = (struct diff_pair){ .d = out, .before_all = before, .after_all = after };
		p.a = &after->node[i];
		p.b = counterpart(after, before, p.a);
		count_after(out, p.a);
		doubt_node(out, p.a);
		if (p.b)
			pair(&p);
		else
			only_in_after(&p);
	}
	for (uint32_t i = 0; i < before->cnt; i++) {
		if (!counterpart(before, after, &before->node[i]))
			only_before(out, &before->node[i]);
		out->cut |= before->node[i].cut || !before->node[i].complete;
	}
	doubt_all(out, after);
	out->oom |= before->oom;
	count_changes(out);
	diff_conclude(out);
	return out->oom ? -ENOMEM : 0;
}

void diff__free(struct diff *d)
{
	free(d->change);
	memset(d, 0, sizeof(*d));
}
