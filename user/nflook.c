// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readings of the packet filters' counters, for findings whose packets a filter dropped: one when it is
 * raised, one when more of them were lost. Each tells what moved since the reading before, the one
 * at the start included; what moved while so many packets were lost is kept with the finding,
 * and what that means is cause_policy.c's. Findings share readings.
 */
#include "engine_priv.h"

#include <stdlib.h>
#include <string.h>

#include "nfclass.h"

/* Losses that are enough for a second reading at once; fewer have to wait for company */
#define ENOUGH 3
#define COMPANY_NS NSEC_PER_SEC
/* A drop is known to be one when its packet has settled. */
#define CLOSE_NS (5 * SETTLE_NS)
/* Readings that may go by without a loss of the finding */
#define TRIES 4
/* One that recovered and comes back is another fault, but is asked for no more often. */
#define AGAIN_NS (60 * NSEC_PER_SEC)

void nflook_free(struct fnd *f)
{
	if (!f->rules)
		return;
	free(f->rules->first);
	free(f->rules->second);
	free(f->rules->traced);
	free(f->rules);
}

/* What was read of an earlier fault of the same kind says nothing of this one. */
static bool is_old(const struct engine *e, const struct fnd_rules *r)
{
	const struct rules_reading *last = r->second ? r->second : r->first;

	return last && e->now_ns > last->head.to_ns + AGAIN_NS;
}

void nflook_finding(const struct engine *e, struct fnd *f)
{
	if (f->f.verdict != V_FILTERED || f->nf_hook == NF_HOOK_NONE || f->in_pod)
		return;
	/* what an earlier packet met is no proof of what this one did */
	if (f->rules)
		f->rules->traced_cnt = 0;
	if (f->rules && !is_old(e, f->rules))
		return;
	nflook_free(f);
	f->rules = calloc(1, sizeof(*f->rules));
}

void nflook_lost(struct engine *e, struct fnd *f, const struct trk *t)
{
	uint8_t hook = t->drop ? t->drop->nf_hook : NF_HOOK_NONE;
	struct nflook *l = &e->look;

	if (t->verdict != V_FILTERED || hook == NF_HOOK_NONE)
		return;
	if (f->rules)
		traced_lost(e, f, t);
	if (t->last_ns > l->to_ns) {
		l->lost[hook]++;
		if (f->rules)
			f->rules->lost++;
	} else if (l->closing && t->last_ns > l->since_ns && t->last_ns < l->from_ns) {
		l->lost_before[hook]++;
		if (f->rules)
			f->rules->closing++;
	}
}

static bool takes_part(const struct fnd *f)
{
	return f->rules && (f->rules->state == RULES_WANTED || f->rules->state == RULES_OPEN);
}

bool engine__rules_wanted(const struct engine *e)
{
	bool late = e->now_ns >= e->look.to_ns + COMPANY_NS;

	/* whoever was raised a moment ago may find all that it wants in this one */
	if (e->look.closing)
		return false;
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		const struct fnd_rules *r = e->finding[i]->rules;

		if (!takes_part(e->finding[i]))
			continue;
		if (r->state == RULES_WANTED || r->lost >= ENOUGH || (r->lost && late))
			return true;
	}
	return false;
}

/* ---- what a reading says ---- */

static bool dev_fits(const char *pattern, const char *dev)
{
	size_t n = strlen(pattern);

	/* where the packet came from, or would have gone, is not always known */
	if (!n || !dev[0])
		return true;
	if (pattern[n - 1] == '*')
		return !strncmp(pattern, dev, n - 1);
	return !strcmp(pattern, dev);
}

/* May that place have dropped the packets of the finding? */
static bool place_fits(const struct fnd *f, const struct obs_nfrule *r)
{
	const char *dev;
	bool in = false;

	/* later kernels free what nf_tables drops in there, and nothing else */
	if (!strcmp(f->location, "nft_do_chain") && r->backend != NFB_NFT)
		return false;
	if (!(r->hooks & 1u << f->nf_hook) || !dev_fits(r->in, f->in_dev) ||
	    !dev_fits(r->out, f->out_dev))
		return false;
	/* one that stands for several may stand for those of this device, too */
	if (r->alike > 1)
		return true;
	dev = nfclass_dev(r, &in);
	return dev_fits(dev, in ? f->in_dev : f->out_dev);
}

/* NULL: out of memory */
static struct rules_reading *adopt(const struct engine *e, const struct fnd *f)
{
	struct rules_reading *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->head = e->world.nflook;
	r->cut = r->head.cut;
	r->lost = f->rules->closing;
	r->hook_lost = e->look.lost_before[f->nf_hook];
	for (uint32_t i = 0; i < world_cnt(e, W_NFRULE); i++) {
		const struct obs_nfrule *n = world_nfrule(e, i);

		if (!place_fits(f, n))
			continue;
		if (r->cnt == RULES_KEPT) {
			r->cut = true;
			break;
		}
		r->class[r->cnt] = nfclass(n);
		r->place[r->cnt++] = *n;
	}
	return r;
}

static void failed(struct engine *e, enum source_state state)
{
	e->look.closing = false;
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd *f = e->finding[i];

		if (!takes_part(f))
			continue;
		f->rules->state = RULES_FAILED;
		f->rules->why = state;
		f->told_elsewhere = true;
	}
}

static void close_one(struct engine *e, struct fnd *f)
{
	struct fnd_rules *r = f->rules;

	if (r->state == RULES_WANTED) {
		r->first = adopt(e, f);
		r->state = RULES_OPEN;
		f->told_elsewhere = true;
	} else if (r->closing) {
		r->second = adopt(e, f);
		r->state = RULES_DONE;
		f->told_elsewhere = true;
	} else if (++r->tries == TRIES) {
		r->state = RULES_DONE;
	}
	r->closing = 0;
}

/* What was lost before the last reading is counted. */
static void nflook_close(struct engine *e)
{
	if (!e->look.closing)
		return;
	e->look.closing = false;
	for (uint32_t i = 0; i < e->finding_cnt; i++)
		if (takes_part(e->finding[i]))
			close_one(e, e->finding[i]);
}

void nflook_round(struct engine *e, enum source_state state)
{
	const struct obs_nflook *h = &e->world.nflook;
	struct nflook *l = &e->look;

	if (state != SOURCE_OK || h->too_many) {
		failed(e, state);
		return;
	}
	/* of a capture that begins in the middle, the losses before it are not known */
	if (h->since_ns != l->to_ns)
		memset(l->lost, 0, sizeof(l->lost));
	memcpy(l->lost_before, l->lost, sizeof(l->lost));
	memset(l->lost, 0, sizeof(l->lost));
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd_rules *r = e->finding[i]->rules;

		if (!r)
			continue;
		r->closing = h->since_ns == l->to_ns ? r->lost : 0;
		r->lost = 0;
	}
	l->since_ns = h->since_ns;
	l->from_ns = h->from_ns;
	l->to_ns = h->to_ns;
	l->closing = true;
}

void nflook_tick(struct engine *e, bool final)
{
	if (final || e->now_ns >= e->look.from_ns + CLOSE_NS)
		nflook_close(e);
}
