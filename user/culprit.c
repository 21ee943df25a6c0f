// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rule is known by its counter, which moved as packets were lost (nflook.c). Where no counter tells,
 * the hook does if only one kind of rule stands there. Rules of a kind, those that mean the same
 * cause, are taken together: whose rule it was is what matters.
 */
#include "culprit.h"

#include <string.h>

/* Before the first loss, counters may move for any reason: for no longer than that nobody asks which. */
#define FRESH_NS (300 * NSEC_PER_SEC)

bool culprit_wanted(const struct facts *x)
{
	return x->f->f.verdict == V_FILTERED && x->f->rules;
}

/* The rule's own count of what was lost here: all of it, and not much that we know nothing of */
static bool fits(const struct rules_reading *r, uint64_t moved)
{
	return moved >= r->lost && moved <= 2 * r->hook_lost + 2;
}

/* Rules of the same kind taken together, by their cause */
struct kinds {
	uint64_t moved[C_MAX];
	/* how many kinds moved, fit, have rules without counter, are there; and the last one of each */
	uint32_t moving, fitting, silent, all;
	enum cause moves, fit, is_silent, only;
	bool maps;
};

static void count_kinds(const struct rules_reading *r, struct kinds *k)
{
	bool any[C_MAX] = { false }, silent[C_MAX] = { false };

	*k = (struct kinds){ .maps = false };
	for (uint32_t i = 0; i < r->cnt; i++) {
		const struct obs_nfrule *p = &r->place[i];
		enum cause c = r->class[i];

		any[c] = true;
		k->moved[c] += p->moved;
		silent[c] |= !p->counted && p->verdict != NFV_MAP;
		k->maps |= p->verdict == NFV_MAP;
	}
	for (int c = 0; c < C_MAX; c++) {
		k->moving += k->moved[c] > 0;
		k->fitting += k->moved[c] && fits(r, k->moved[c]);
		k->silent += silent[c];
		k->all += any[c];
		if (k->moved[c])
			k->moves = c;
		if (k->moved[c] && fits(r, k->moved[c]))
			k->fit = c;
		if (silent[c])
			k->is_silent = c;
		if (any[c])
			k->only = c;
	}
}

/* Conntrack and NAT drop without any rule: in all hooks but FORWARD, unless the place says otherwise. */
static bool by_rule(const struct facts *x)
{
	return x->f->nf_hook == NF_HOOK_FORWARD || !strcmp(x->f->location, "nft_do_chain");
}

static bool conntrack_is_full(const struct facts *x)
{
	const struct obs_fill *f = world_fill(x->e, FILL_CONNTRACK);

	return f && f->max && f->cnt >= f->max;
}

/* The rule counted what was lost, and hardly anything else; nothing else can have dropped it. */
static bool is_sure(const struct facts *x, const struct rules_reading *r, const struct kinds *k)
{
	uint64_t some = 1 + r->hook_lost / 4;

	return r->lost >= 2 && k->moved[k->fit] <= r->hook_lost + some && by_rule(x) && !r->cut &&
	       k->moving == 1 && !k->maps &&
	       (!k->silent || (k->silent == 1 && k->is_silent == k->fit));
}

static struct culprit by_counters(const struct facts *x, const struct rules_reading *r,
				  const struct kinds *k)
{
	if (k->fitting == 1)
		return (struct culprit){ HOW_COUNTED, k->fit,
					 is_sure(x, r, k) ? CONF_CERTAIN : CONF_LIKELY, r };
	if (k->fitting > 1)
		return (struct culprit){ .how = HOW_SEVERAL, .by = r };
	if (k->moving == 1 && k->moved[k->moves] >= r->lost && !k->silent && !k->maps)
		return (struct culprit){ HOW_BUSY, k->moves, CONF_LIKELY, r };
	if (!k->moving && k->silent == 1 && !k->maps && (by_rule(x) || !conntrack_is_full(x)))
		return (struct culprit){ HOW_SILENT, k->is_silent, CONF_LIKELY, r };
	return (struct culprit){ .how = HOW_NOT, .by = r };
}

/*
 * The reading that the finding was raised with: what moved since the one before may have moved long
 * before the fault, so that one may not be old, and no other kind of rule may have moved.
 */
static struct culprit by_first(const struct facts *x, const struct rules_reading *r)
{
	struct culprit c = { .how = HOW_NOT, .by = r };
	struct kinds k;

	count_kinds(r, &k);
	if (r->lost && r->head.since_ns && r->head.to_ns < r->head.since_ns + FRESH_NS &&
	    k.moving <= 1)
		c = by_counters(x, r, &k);
	if ((c.how == HOW_COUNTED && (!k.silent || k.is_silent == k.fit)) || c.how == HOW_SILENT)
		return c;
	if (k.all == 1 && !r->cut && by_rule(x))
		return (struct culprit){ HOW_PLACE, k.only, CONF_LIKELY, r };
	return (struct culprit){ .how = HOW_NOT, .by = r };
}

static struct culprit by_readings(const struct facts *x)
{
	const struct fnd_rules *r = x->f->rules;
	struct culprit a, b;
	struct kinds k;

	if (r->state == RULES_FAILED || !r->first)
		return (struct culprit){ .how = HOW_NOT };
	a = by_first(x, r->first);
	if (!r->second)
		return a;
	count_kinds(r->second, &k);
	b = by_counters(x, r->second, &k);
	/* the rule may be gone by then */
	if (b.how == HOW_NOT)
		return a.how == HOW_COUNTED || a.how == HOW_SILENT ? a : b;
	/* both fit, and say something else: one of them is chance */
	if (a.how == HOW_COUNTED && b.how == HOW_COUNTED && a.cause != b.cause)
		return (struct culprit){ .how = HOW_SEVERAL, .by = r->second };
	if (a.how == HOW_COUNTED && (b.how == HOW_SEVERAL || b.how == HOW_SILENT))
		return b.how == HOW_SEVERAL || a.cause == b.cause ? a : b;
	if (a.how == HOW_COUNTED && a.cause == b.cause && a.conf > b.conf)
		return a;
	return b;
}

/*
 * A trace proves what became of one packet. It speaks for all of them, unless there is another one that
 * says something else, or counters do.
 */
struct culprit culprit_of(const struct facts *x)
{
	const struct fnd_rules *r = x->f->rules;
	struct culprit c, t = { .how = HOW_TRACED, .conf = CONF_CERTAIN };

	if (!culprit_wanted(x))
		return (struct culprit){ .how = HOW_NOT };
	c = by_readings(x);
	if (!r->traced_cnt)
		return c;
	t.cause = traced_cause(&r->traced[0]);
	/* what the rule says is not known, and so not whose it is */
	if (t.cause == C_UNKNOWN && !r->traced[0].known)
		return c;
	if (r->traced_cnt > 1)
		return (struct culprit){ .how = HOW_SEVERAL };
	if (c.how == HOW_COUNTED && c.cause != t.cause)
		t.conf = CONF_LIKELY;
	return t;
}
