// SPDX-License-Identifier: GPL-2.0-only
/* Readings of packet filters: see nfrules.h. */
#include "nfrules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nfclass.h"
#include "state.h"
#include "util.h"

/* More places than these are told as cut: nobody reads so many. */
#define TELL_MAX 256
/* A chain can be reached by no more jumps than the kernel allows (NFT_JUMP_STACK_SIZE). */
#define DEPTH 16

void nfrules_free(struct nfrules *s)
{
	free(s->chain);
	free(s->edge);
	free(s->place);
	*s = (struct nfrules){ 0 };
}

/* Room for one more; the new array, NULL: no memory */
static void *room(void *mem, uint32_t cnt, uint32_t *cap, size_t size)
{
	uint32_t n = *cap ? *cap * 2 : 64;
	void *new;

	if (cnt < *cap)
		return mem;
	new = realloc(mem, n * size);
	if (new)
		*cap = n;
	return new;
}

#define ADD(s, what, value)                                                                     \
	({                                                                                      \
		void *mem_ =                                                                    \
			room((s)->what, (s)->what##_cnt, &(s)->what##_cap, sizeof(*(s)->what)); \
                                                                                                \
		if (mem_) {                                                                     \
			(s)->what = mem_;                                                       \
			(s)->what[(s)->what##_cnt++] = (value);                                 \
		}                                                                               \
		mem_ ? (int)(s)->what##_cnt - 1 : -ENOMEM;                                      \
	})

int nfrules_chain(struct nfrules *s, const struct nfr_chain *c)
{
	if (s->chain_cnt >= NFRULES_CHAINS)
		return -E2BIG;
	return ADD(s, chain, *c);
}

int nfrules_edge(struct nfrules *s, uint32_t from, uint32_t to)
{
	int n = ADD(s, edge, ((struct nfr_edge){ from, to }));

	return n < 0 ? n : 0;
}

int nfrules_place(struct nfrules *s, const struct nfr_place *p)
{
	int n = ADD(s, place, *p);

	return n < 0 ? n : 0;
}

static int by_name(const struct nfr_chain *a, const struct nfr_chain *b)
{
	int d = strcmp(a->table, b->table);

	if (!d)
		d = strcmp(a->name, b->name);
	return d ? d : strcmp(a->family, b->family);
}

static int chains_by_name(const void *a, const void *b)
{
	return by_name(a, b);
}

void nfrules_sort(struct nfrules *s)
{
	if (s->chain_cnt)
		qsort(s->chain, s->chain_cnt, sizeof(*s->chain), chains_by_name);
	s->sorted = s->chain_cnt;
	s->last = 0;
}

int nfrules_find(struct nfrules *s, const char *family, const char *table, const char *name)
{
	struct nfr_chain key = { .hooks = 0 };
	const struct nfr_chain *c;

	snprintf(key.family, sizeof(key.family), "%s", family);
	snprintf(key.table, sizeof(key.table), "%s", table);
	snprintf(key.name, sizeof(key.name), "%s", name);
	if (s->last < s->sorted && !by_name(&s->chain[s->last], &key))
		return (int)s->last;
	c = s->sorted ? bsearch(&key, s->chain, s->sorted, sizeof(key), chains_by_name) : NULL;
	if (!c)
		return -1;
	s->last = (uint32_t)(c - s->chain);
	return (int)s->last;
}

/* Where a verdict map leads its elements tell, which are not read: to any chain that nobody jumps to. */
static void link_maps(struct nfrules *s)
{
	for (uint32_t i = 0; i < s->chain_cnt; i++) {
		const struct nfr_chain *c = &s->chain[i];

		for (uint32_t k = 0; c->maps && k < s->chain_cnt; k++) {
			struct nfr_chain *to = &s->chain[k];

			if (!to->entered && !strcmp(c->table, to->table) &&
			    !strcmp(c->family, to->family))
				to->hooks |= c->hooks;
		}
	}
}

void nfrules_link(struct nfrules *s)
{
	bool more = true;

	for (uint32_t i = 0; i < s->edge_cnt; i++)
		s->chain[s->edge[i].to].entered = true;
	for (int round = 0; more && round < DEPTH; round++) {
		more = false;
		for (uint32_t i = 0; i < s->edge_cnt; i++) {
			const struct nfr_edge *e = &s->edge[i];
			uint8_t was = s->chain[e->to].hooks;

			s->chain[e->to].hooks |= s->chain[e->from].hooks;
			more |= s->chain[e->to].hooks != was;
		}
		if (!round || more)
			link_maps(s);
		more |= !round;
	}
	for (uint32_t i = 0; i < s->place_cnt; i++) {
		struct nfr_place *p = &s->place[i];
		const struct nfr_chain *c = &s->chain[p->chain];

		p->r.hooks = c->hooks;
		if (!p->r.comment[0])
			snprintf(p->r.comment, sizeof(p->r.comment), "%s", c->about);
	}
}

/* ---- what two readings tell ---- */

static int by_id(const void *a, const void *b)
{
	const struct nfr_place *x = a, *y = b;

	if (x->r.backend != y->r.backend)
		return x->r.backend < y->r.backend ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int read_all(struct nfrules *s)
{
	int nft, legacy, err;

	s->look.from_ns = mono_ns();
	nft = nfrules_nft(s);
	legacy = nft == -E2BIG ? nft : nfrules_legacy(s);
	s->look.to_ns = mono_ns();
	s->look.too_many = nft == -E2BIG || legacy == -E2BIG;
	if (s->look.too_many)
		return 0;
	err = nft && legacy ? nft : 0;
	if (!err && (nft || legacy))
		snprintf(s->look.failed, sizeof(s->look.failed), "%s: %s",
			 nft ? "nf_tables" : "iptables-legacy", strerror(nft ? -nft : -legacy));
	nfrules_link(s);
	if (s->place_cnt)
		qsort(s->place, s->place_cnt, sizeof(*s->place), by_id);
	return err;
}

/* How far its counter went; a rule that was not there before began at zero */
static uint64_t moved(const struct nfrules *was, const struct nfr_place *p)
{
	const struct nfr_place *o =
		was->place_cnt ? bsearch(p, was->place, was->place_cnt, sizeof(*p), by_id) : NULL;

	if (!o)
		return p->packets;
	return p->packets > o->packets ? p->packets - o->packets : 0;
}

/* Two that nobody needs to tell apart, as neither did anything */
static bool is_alike(const struct obs_nfrule *a, const struct obs_nfrule *b)
{
	return a->backend == b->backend && a->hooks == b->hooks && a->counted == b->counted &&
	       nfclass(a) == nfclass(b) && !strcmp(a->in, b->in) && !strcmp(a->out, b->out) &&
	       (a->counted || (a->verdict == b->verdict && !strcmp(a->chain, b->chain) &&
			       !strcmp(a->table, b->table)));
}

struct places {
	struct obs_nfrule item[TELL_MAX];
	uint32_t cnt;
	bool cut;
};

static void add_place(struct places *out, const struct obs_nfrule *r, uint64_t n)
{
	for (uint32_t i = 0; !n && i < out->cnt; i++) {
		if (!out->item[i].alike || !is_alike(&out->item[i], r))
			continue;
		out->item[i].alike++;
		return;
	}
	if (out->cnt == TELL_MAX) {
		out->cut = true;
		return;
	}
	out->item[out->cnt] = *r;
	out->item[out->cnt].moved = n;
	out->item[out->cnt++].alike = !n;
}

/* Those that moved first: of these none may be missing */
static void gather(const struct nfrules *s, const struct nfrules *was, struct places *out)
{
	for (uint32_t i = 0; was && i < s->place_cnt; i++) {
		const struct nfr_place *p = &s->place[i];
		uint64_t n = p->r.hooks && p->r.counted ? moved(was, p) : 0;

		if (n)
			add_place(out, &p->r, n);
	}
	for (uint32_t i = 0; i < s->place_cnt; i++) {
		const struct nfr_place *p = &s->place[i];

		if (p->r.hooks && !(was && p->r.counted && moved(was, p)))
			add_place(out, &p->r, 0);
	}
}

static void tell(struct nfrules *s, const struct nfrules *was, const struct round *r)
{
	struct obs o = { .kind = OBS_NFLOOK };
	struct places *out = calloc(1, sizeof(*out));

	if (out && !s->look.too_many)
		gather(s, was, out);
	s->look.cut = !out || out->cut;
	o.nflook = s->look;
	round_tell(r, &o);
	o.kind = OBS_NFRULE;
	for (uint32_t i = 0; out && i < out->cnt; i++) {
		o.nfrule = out->item[i];
		round_tell(r, &o);
	}
	free(out);
}

void nfrules_drop(struct nfrules **last)
{
	if (*last)
		nfrules_free(*last);
	free(*last);
	*last = NULL;
}

int state_nfrules(struct nfrules **last, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct round r = { SOURCE_NFRULES, ts_ns, fn, ctx };
	struct nfrules *s = calloc(1, sizeof(*s));
	int err = s ? read_all(s) : -ENOMEM;

	round_begin(&r);
	if (!err) {
		s->look.since_ns = *last ? (*last)->look.to_ns : 0;
		tell(s, *last, &r);
	}
	nfrules_drop(last);
	/* what has too many rules is no measure for the next one */
	if (!err && !s->look.too_many)
		*last = s;
	else if (s)
		nfrules_drop(&s);
	return round_end(&r, err, "packet filters");
}
