// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two readings of the packet filters' counters for each finding whose packets a filter dropped: the first
 * when it is raised, the second when more of them were lost. What moved in between is kept with
 * the finding; what that means is cause_policy.c's. Several findings share a pair of readings.
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
/* Pairs of readings that may pass without a loss of the finding in between */
#define TRIES 3

void nflook_finding(struct fnd *f)
{
	if (f->f.verdict != V_FILTERED || f->nf_hook == NF_HOOK_NONE || f->in_pod || f->rules)
		return;
	f->rules = calloc(1, sizeof(*f->rules));
}

void nflook_lost(struct engine *e, struct fnd *f, const struct trk *t)
{
	struct nflook *l = &e->look;
	uint8_t hook = t->drop ? t->drop->nf_hook : NF_HOOK_NONE;

	if (t->verdict != V_FILTERED || hook == NF_HOOK_NONE || l->state == LOOK_IDLE ||
	    t->last_ns <= l->since_ns || (l->state == LOOK_CLOSING && t->last_ns >= l->until_ns))
		return;
	l->lost[hook]++;
	if (f->rules && f->rules->state == RULES_OPEN)
		f->rules->lost++;
}

/* ---- what is wanted ---- */

static uint64_t most_lost(const struct engine *e, bool *waits)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		const struct fnd_rules *r = e->finding[i]->rules;

		if (r && r->state == RULES_WANTED)
			*waits = true;
		if (r && r->state == RULES_OPEN && r->lost > most)
			most = r->lost;
	}
	return most;
}

enum rules_ask engine__rules_wanted(const struct engine *e)
{
	const struct nflook *l = &e->look;
	bool waits = false, late = e->now_ns >= l->since_ns + COMPANY_NS;
	uint64_t most = most_lost(e, &waits);

	switch (l->state) {
	case LOOK_IDLE:
		return waits ? RULES_FIRST : RULES_NONE;
	case LOOK_OPEN:
		if (most >= ENOUGH || (most && late))
			return RULES_SECOND;
		return !most && waits && late ? RULES_FIRST : RULES_NONE;
	case LOOK_CLOSING:
		break;
	}
	return RULES_NONE;
}

/* ---- what the readings say ---- */

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

static void adopt(struct engine *e, struct fnd *f)
{
	struct fnd_rules *r = f->rules;

	r->head = e->world.nflook;
	r->cnt = 0;
	r->cut = r->head.cut;
	r->hook_lost = e->look.lost[f->nf_hook];
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
	f->told_elsewhere = true;
}

static bool takes_part(const struct fnd *f)
{
	return f->rules && (f->rules->state == RULES_WANTED || f->rules->state == RULES_OPEN);
}

static void failed(struct engine *e, enum source_state state)
{
	e->look.state = LOOK_IDLE;
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd *f = e->finding[i];

		if (!takes_part(f))
			continue;
		if (state == SOURCE_OK)
			f->rules->head = e->world.nflook;
		f->rules->state = RULES_FAILED;
		f->rules->why = state;
		f->told_elsewhere = true;
	}
}

static void first(struct engine *e)
{
	e->look = (struct nflook){ .state = LOOK_OPEN, .since_ns = e->world.nflook.to_ns };
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd *f = e->finding[i];

		if (!takes_part(f))
			continue;
		f->rules->state = RULES_OPEN;
		f->rules->lost = 0;
		adopt(e, f);
	}
}

void nflook_round(struct engine *e, enum source_state state)
{
	const struct obs_nflook *h = &e->world.nflook;

	if (state != SOURCE_OK || h->too_many) {
		failed(e, state);
	} else if (!h->second) {
		first(e);
	} else if (e->look.state == LOOK_OPEN) {
		e->look.state = LOOK_CLOSING;
		e->look.until_ns = h->from_ns;
	}
}

void nflook_tick(struct engine *e, bool final)
{
	if (e->look.state != LOOK_CLOSING || (!final && e->now_ns < e->look.until_ns + CLOSE_NS))
		return;
	e->look.state = LOOK_IDLE;
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd *f = e->finding[i];

		if (!f->rules || f->rules->state != RULES_OPEN)
			continue;
		if (f->rules->lost) {
			adopt(e, f);
			f->rules->state = RULES_DONE;
		} else {
			f->rules->state = ++f->rules->tries < TRIES ? RULES_WANTED : RULES_DONE;
		}
	}
}
