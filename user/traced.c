// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets whose end nf_tables was seen to trace, held against those that were lost: which of the two is
 * told first nobody knows, so that both are kept for a moment.
 */
#include "engine_priv.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "nfclass.h"

/* A trace is read a turn or two after the packet was lost; later an IP id may have come again. */
#define NEAR_NS NSEC_PER_SEC
#define LOST 256
#define SEEN 64

struct traced {
	struct {
		struct flow_key key;
		uint16_t ip_id;
		uint32_t finding; /* its id, 0: nothing here */
		uint64_t ts_ns;
	} lost[LOST];
	struct {
		struct obs_nftrace n;
		uint64_t ts_ns; /* 0: nothing here */
	} seen[SEEN];
	uint32_t next_lost, next_seen;
};

void traced_free(struct engine *e)
{
	free(e->traced);
	e->traced = NULL;
}

/* NULL: out of memory: then nobody knows */
static struct traced *get(struct engine *e)
{
	if (!e->traced)
		e->traced = calloc(1, sizeof(*e->traced));
	return e->traced;
}

enum cause traced_cause(const struct obs_nftrace *n)
{
	enum cause c = nfclass(&n->rule);
	bool in;

	/* in an endpoint's chain policies deny, but one rule there is for INVALID packets */
	if (!n->known && nfclass_dev(&n->rule, &in)[0])
		return C_UNKNOWN;
	return c;
}

static void join(struct fnd *f, const struct obs_nftrace *n)
{
	struct fnd_rules *r = f->rules;

	/* more of the same tells nothing new */
	for (uint32_t i = 0; r->traced && i < r->traced_cnt; i++)
		if (traced_cause(&r->traced[i]) == traced_cause(n))
			return;
	if (!r->traced)
		r->traced = calloc(TRACED_KEPT, sizeof(*r->traced));
	if (!r->traced || r->traced_cnt == TRACED_KEPT)
		return;
	r->traced[r->traced_cnt++] = *n;
	f->told_elsewhere = true;
}

static bool is_near(uint64_t a, uint64_t b)
{
	return a < b ? b - a <= NEAR_NS : a - b <= NEAR_NS;
}

static bool is_same(const struct obs_nftrace *n, const struct flow_key *k, uint16_t ip_id)
{
	return n->ip_id == ip_id && n->proto == k->proto && n->sport == k->sport &&
	       n->dport == k->dport && addr_eq(&n->src, &k->src) && addr_eq(&n->dst, &k->dst);
}

/* By any of its addresses: rules before NAT see others than those behind it. */
void traced_lost(struct engine *e, struct fnd *f, const struct trk *t)
{
	struct traced *x = get(e);

	for (int i = 0; x && i < t->key_cnt; i++) {
		const struct flow_key *k = &t->key[i].key;
		uint32_t at = x->next_lost++ % LOST;

		x->lost[at].key = *k;
		x->lost[at].ip_id = t->ip_id;
		x->lost[at].finding = f->f.id;
		x->lost[at].ts_ns = t->last_ns;
		for (uint32_t s = 0; s < SEEN; s++)
			if (x->seen[s].ts_ns && is_near(x->seen[s].ts_ns, t->last_ns) &&
			    is_same(&x->seen[s].n, k, t->ip_id))
				join(f, &x->seen[s].n);
	}
}

void traced_observe(struct engine *e, const struct obs_nftrace *n, uint64_t ts_ns)
{
	struct traced *x = get(e);
	uint32_t at;

	if (!x)
		return;
	at = x->next_seen++ % SEEN;
	x->seen[at].n = *n;
	x->seen[at].ts_ns = ts_ns;
	for (uint32_t i = 0; i < LOST; i++) {
		uint32_t id = x->lost[i].finding;
		struct fnd *f = id && id <= e->finding_cnt ? e->finding[id - 1] : NULL;

		if (f && f->rules && is_near(x->lost[i].ts_ns, ts_ns) &&
		    is_same(n, &x->lost[i].key, x->lost[i].ip_id))
			join(f, n);
	}
}
