// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which packet does an observation belong to? Within a pass through the node the sk_buff
 * address tells, but it is re-used within microseconds, so it counts only together with a
 * signature of what NAT and tunnels leave alone. Where the kernel copied the packet, the
 * addresses before or after NAT tell.
 */
#include "engine_priv.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../bpf/events.h"
#include "addr.h"
#include "mem.h"

/* Neighbour failures come up to 3 s after the packet */
#define SAME_PASS_NS (5 * NSEC_PER_SEC)
/* The queue of an uplink that stands still may hold a packet for long before it is thrown away. */
#define QUEUED_NS (30 * NSEC_PER_SEC)
/* A copy follows its original closely; retransmissions come 200 ms later at the earliest. */
#define COPY_NS (50 * NSEC_PER_MSEC)

static inline uint64_t sig_of(const struct obs_pkt *p)
{
	uint64_t a = p->proto, b;

	a = a << 16 | p->ip_id;
	a = a << 16 | p->dns_id;
	a = a << 16 | p->dns_flags;
	/* the ICMP id and the ports may be translated, the sequence number is not */
	b = p->proto == PROTO_ICMP ? (uint64_t)p->icmp_type << 24 | p->icmp_code << 16 | p->dport :
				     (uint64_t)p->tcp_flags << 32 | p->seq;
	a ^= b * 0x9e3779b97f4a7c15ULL;
	return a ^ a >> 31;
}

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

static inline uint64_t addr_hash(const struct addr *a)
{
	return a->family == 4 ? addr_bits4(a) : hash_bytes(a->b, sizeof(a->b), a->family);
}

static inline uint64_t key_hash(const struct flow_key *k)
{
	uint64_t l4 = (uint64_t)k->sport << 48 | (uint64_t)k->dport << 32 | (uint32_t)k->id << 16 |
		      (uint32_t)k->proto << 8 | k->pad;

	return mix(mix(addr_hash(&k->src) << 32 ^ addr_hash(&k->dst), l4), k->proto);
}

static inline uint64_t skb_hash(uint64_t skb, uint64_t sig)
{
	return mix(mix(skb, sig), sig >> 32);
}

static inline bool key_eq(const struct flow_key *a, const struct flow_key *b)
{
	return a->proto == b->proto && a->sport == b->sport && a->dport == b->dport &&
	       a->id == b->id && a->pad == b->pad && addr_eq(&a->src, &b->src) &&
	       addr_eq(&a->dst, &b->dst);
}

/*
 * How many entries are looked at, from the newest on: what is there more often is a flood of copies,
 * or meant to cost time.
 */
#define LOOK_MAX 256

static inline struct knode *next_of(const struct engine *e, const struct knode *n, uint32_t *left)
{
	return --*left ? kmap_next(&e->by_key, n) : NULL;
}

static inline void need_key(struct sighting *s, const struct obs_pkt *p)
{
	if (s->have_key)
		return;
	s->have_key = true;
	journey_key(p, &s->key);
	s->key_hash = key_hash(&s->key);
}

static const struct flow_key *key_of(const struct knode *n)
{
	return &hmap_entry(n, struct trk_key, node)->key;
}

static struct trk *key_owner(const struct knode *n)
{
	const struct trk_key *k = hmap_entry(n, struct trk_key, node);

	return (struct trk *)((char *)(k - k->idx) - offsetof(struct trk, key));
}

/* The key that the packet had before NAT, as conntrack knows it; false: it does not */
static bool key_before_nat(const struct obs_pkt *p, struct flow_key *k)
{
	bool reply = p->flags & EV_F_CT_REPLY;

	/* an encapsulated packet carries the entry of its outer header */
	if (!(p->flags & EV_F_CT) || p->encap)
		return false;
	journey_key(p, k);
	k->src = reply ? p->ct_rsrc : p->ct_src;
	k->dst = reply ? p->ct_rdst : p->ct_dst;
	k->sport = reply ? p->ct_rsport : p->ct_sport;
	/* for ICMP the id stands in the source's place, type and code in the destination's */
	if (p->proto != PROTO_ICMP)
		k->dport = reply ? p->ct_rdport : p->ct_dport;
	return true;
}

static inline bool hop_seen(const struct trk *t, enum hook at, uint32_t ifindex)
{
	for (int i = 0; i < t->hop_cnt; i++)
		if (t->hop[i].at == at && t->hop[i].ifindex == ifindex)
			return true;
	return false;
}

static inline bool same_pass(const struct trk *t, const struct obs *o, uint64_t max_age)
{
	/* records of two CPUs may be out of order by a little: then the age is negative */
	if (o->ts_ns > t->last_ns && o->ts_ns - t->last_ns > max_age)
		return false;
	return o->kind == OBS_DROP || !hop_seen(t, o->pkt.hook, o->pkt.ifindex);
}

static inline struct recent *recent_of(struct engine *e, uint64_t skb)
{
	return &e->recent[skb / RECENT_ALIGN % RECENT];
}

static inline bool is_this(const struct trk *t, const struct obs *o, uint64_t sig)
{
	return t->skb == o->pkt.skb && t->sig == sig &&
	       same_pass(t, o, o->kind == OBS_DROP ? QUEUED_NS : SAME_PASS_NS);
}

/* Still there, and found by nothing else */
static inline bool is_unhashed(const struct trk *t)
{
	return t && t->key_cnt && !t->by_skb.tag;
}

/*
 * A packet whose sk_buff carries another one now is gone from the node: nothing more comes of it by
 * that address. One whose sk_buff only had the same place in e->recent may still wait for a neighbour,
 * or in a queue. So may what has no address (0), and what looks like a packet that comes again.
 */
static inline void remember(struct engine *e, struct trk *t)
{
	struct recent *r = recent_of(e, t->skb);

	if ((r->skb != t->skb || !t->skb || r->sig == t->sig) && is_unhashed(r->t) &&
	    r->t->skb == r->skb && r->t->sig == r->sig)
		kmap_add(&e->by_skb, &r->t->by_skb, skb_hash(r->skb, r->sig));
	*r = (struct recent){ t, t->skb, t->sig };
}

static __attribute__((noinline)) struct trk *find_hashed(struct engine *e, const struct obs *o,
							 uint64_t sig)
{
	struct knode *n = kmap_first(&e->by_skb, skb_hash(o->pkt.skb, sig));
	uint32_t left = LOOK_MAX;

	for (; n; n = next_of(e, n, &left)) {
		struct trk *t = hmap_entry(n, struct trk, by_skb);

		if (is_this(t, o, sig))
			return t;
	}
	return NULL;
}

static inline struct trk *find_recent(struct engine *e, const struct obs *o, uint64_t sig)
{
	const struct recent *r = recent_of(e, o->pkt.skb);

	return r->skb == o->pkt.skb && r->sig == sig && is_unhashed(r->t) && is_this(r->t, o, sig) ?
		       r->t :
		       NULL;
}

/* find_recent() found none */
static inline struct trk *find_older(struct engine *e, const struct obs *o, uint64_t sig)
{
	const struct recent *r = recent_of(e, o->pkt.skb);
	/* another packet has it now */
	bool gone = r->skb == o->pkt.skb && r->skb && r->sig != sig;

	return gone || !e->by_skb.used ? NULL : find_hashed(e, o, sig);
}

static struct trk *find_copy(struct engine *e, const struct obs *o, uint64_t sig,
			     const struct flow_key *k, uint64_t hash)
{
	uint64_t max_age = o->kind == OBS_DROP ? SAME_PASS_NS : COPY_NS;

	uint32_t left = LOOK_MAX;

	for (struct knode *n = kmap_first(&e->by_key, hash); n; n = next_of(e, n, &left)) {
		struct trk *t = key_owner(n);

		if (t->sig == sig && key_eq(key_of(n), k) && same_pass(t, o, max_age))
			return t;
	}
	return NULL;
}

static __attribute__((noinline)) struct trk *find_indexed(struct engine *e, const struct obs *o,
							  struct sighting *s)
{
	struct trk *t = find_older(e, o, s->sig);
	struct flow_key k;

	if (t)
		return t;
	need_key(s, &o->pkt);
	if (o->pkt.hook == AT_TC_INGRESS) {
		/* most that come in are new, and will be found by it from now on */
		kmap_expect(&e->by_key, s->key_hash);
		return NULL;
	}
	t = find_copy(e, o, s->sig, &s->key, s->key_hash);
	if (!t && key_before_nat(&o->pkt, &k))
		t = find_copy(e, o, s->sig, &k, key_hash(&k));
	return t;
}

struct trk *journey_find(struct engine *e, const struct obs *o, struct sighting *s)
{
	struct trk *t;

	s->have_key = false;
	s->sig = sig_of(&o->pkt);
	t = find_recent(e, o, s->sig);
	return t ? t : find_indexed(e, o, s);
}

/* The key behind those that it has will find it from now on. */
static inline void index_key(struct engine *e, struct trk *t, uint64_t hash)
{
	struct trk_key *k = &t->key[t->key_cnt];

	k->idx = t->key_cnt;
	k->closed = false;
	if (!kmap_add(&e->by_key, &k->node, hash))
		t->key_cnt++;
}

static bool has_key(const struct trk *t, const struct flow_key *k)
{
	for (int i = 0; i < t->key_cnt; i++)
		if (key_eq(&t->key[i].key, k))
			return true;
	return false;
}

void journey_add_key(struct engine *e, struct trk *t, const struct flow_key *k)
{
	if (t->key_cnt == TRK_KEYS || has_key(t, k))
		return;
	t->key[t->key_cnt].key = *k;
	index_key(e, t, key_hash(k));
}

/* As it was first seen: journey_key() would make the same of it */
static inline bool is_unchanged(const struct trk *t, const struct obs_pkt *p)
{
	const struct flow_key *k = trk_first(t);

	return p->sport == k->sport && p->dport == k->dport && addr_eq(&p->src, &k->src) &&
	       addr_eq(&p->dst, &k->dst) && p->proto == k->proto &&
	       k->id == (p->proto == PROTO_UDP ? p->dns_id : 0) && !k->pad;
}

void journey_add_sight(struct engine *e, struct trk *t, const struct obs_pkt *p, struct sighting *s)
{
	if (is_unchanged(t, p) && t->key_cnt)
		return;
	if (!s->have_key)
		journey_key(p, &s->key);
	journey_add_key(e, t, &s->key);
}

struct trk *journey_request(struct engine *e, const struct flow_key *reply,
			    void (*copy)(struct engine *e, struct trk *t))
{
	bool ports = reply->proto != PROTO_ICMP;
	/* member by member: the reply's was written just now, and is read as it was written */
	struct flow_key k = {
		.src = reply->dst,
		.dst = reply->src,
		.sport = ports ? reply->dport : reply->sport,
		.dport = ports ? reply->sport : reply->dport,
		.id = reply->id,
		.proto = reply->proto,
		.pad = reply->pad,
	};
	struct trk_key *newest = NULL;
	struct trk *best = NULL;
	uint32_t left = LOOK_MAX;

	/* those of this key are looked at once; what only has the same tag may be meant to cost time */
	for (struct knode *n = kmap_first(&e->by_key, key_hash(&k)); n && left;
	     n = kmap_next(&e->by_key, n)) {
		struct trk_key *tk = hmap_entry(n, struct trk_key, node);
		struct trk *t = key_owner(n), *older = t;

		if (!key_eq(&tk->key, &k)) {
			left--;
			continue;
		}
		newest = newest ? newest : tk;
		if (tk->closed)
			break;
		if (t->role != ROLE_REQUEST || t->answered)
			continue;
		/* of several copies (retransmissions) the latest is meant */
		if (!best || t->first_ns > best->first_ns) {
			older = best;
			best = t;
		}
		if (older)
			copy(e, older);
	}
	if (newest)
		newest->closed = true;
	return best;
}

struct trk *journey_by_key(struct engine *e, const struct flow_key *k)
{
	struct trk *best = NULL;
	uint32_t left = LOOK_MAX;

	for (struct knode *n = kmap_first(&e->by_key, key_hash(k)); n; n = next_of(e, n, &left)) {
		struct trk *t = key_owner(n);

		if (t->role == ROLE_ICMP_ERROR || t->role == ROLE_REPLY || !key_eq(key_of(n), k))
			continue;
		if (!best || t->first_ns > best->first_ns)
			best = t;
	}
	return best;
}

struct trk *journey_opposite(struct engine *e, const struct flow_key *k)
{
	struct flow_key o = *k;

	o.src = k->dst;
	o.dst = k->src;
	o.sport = k->dport;
	o.dport = k->sport;
	return journey_by_key(e, &o);
}

/* What all fragments of a packet have in common (RFC 791 3.2); pad keeps it apart from ports */
static void fragment_key(const struct obs_pkt *p, struct flow_key *k)
{
	memset(k, 0, sizeof(*k));
	k->src = p->src;
	k->dst = p->dst;
	k->proto = p->proto;
	k->id = p->ip_id;
	k->pad = 1;
}

struct trk *journey_fragment(struct engine *e, const struct obs *o)
{
	uint32_t left = LOOK_MAX;
	struct flow_key k;

	fragment_key(&o->pkt, &k);
	for (struct knode *n = kmap_first(&e->by_key, key_hash(&k)); n; n = next_of(e, n, &left)) {
		struct trk *t = key_owner(n);

		if (key_eq(key_of(n), &k) && same_pass(t, o, SAME_PASS_NS))
			return t;
	}
	return NULL;
}

void journey_note_fragment(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	struct flow_key k;

	if (!(p->flags & EV_F_FRAG) || p->flags & EV_F_FRAG_LATER)
		return;
	fragment_key(p, &k);
	journey_add_key(e, t, &k);
}

/*
 * Packets are used all over their memory at any time, which is more than the processor knows the
 * small pages of. Untouched, it takes no memory; what few packets need stays in small pages, so that
 * it does not get more.
 */
#define HUGE_PAGE ((size_t)2 << 20)

int journey_init(struct engine *e)
{
	size_t size = (e->opts.max_packets * sizeof(*e->trk) + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

	e->trk = aligned_alloc(HUGE_PAGE, size);
	if (!e->trk)
		return -ENOMEM;
	/* advice: where it is not taken, all is the same, but slower */
	if (size > HUGE_PAGE)
		madvise((char *)e->trk + HUGE_PAGE, size - HUGE_PAGE, MADV_HUGEPAGE);
	kmap_init(&e->by_skb, e->trk);
	kmap_init(&e->by_key, e->trk);
	return 0;
}

/* The next packet's: by the time it comes, its memory is in the cache. */
static void expect_new(const struct trk *t)
{
#pragma GCC unroll 8
	for (size_t at = 0; at <= TRK_CLEARED; at += 64)
		__builtin_prefetch((const char *)t + at, 1);
	__builtin_prefetch(t->hop, 1);
}

/*
 * What is free for longest comes first. Packets age in the order in which they came, so that they
 * get their memory in the order of addresses, round after round: what is next can be fetched ahead.
 */
static struct trk *get_memory(struct engine *e)
{
	struct trk *t = e->unused;

	if (t)
		e->unused = t->pair;
	else if (e->trk_used < e->opts.max_packets)
		t = &e->trk[e->trk_used++];
	else
		return NULL;
	mem_clear(t, TRK_CLEARED);
	expect_new(e->unused ? e->unused : t + 1);
	return t;
}

static void put_memory(struct engine *e, struct trk *t)
{
	t->pair = NULL;
	*(e->unused ? &e->unused_last->pair : &e->unused) = t;
	e->unused_last = t;
}

static void set_headers(const struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	t->app = journey_app(e, p);
	t->role = journey_role(e, p, t->app);
	t->proto = p->proto;
	t->icmp_type = p->icmp_type;
	t->icmp_code = p->icmp_code;
	t->tcp_flags = p->tcp_flags;
	t->ip_id = p->ip_id;
	t->ip_len = p->ip_len;
	t->dns_id = p->dns_id;
	t->dns_flags = p->dns_flags;
	t->netns = p->netns;
	t->dst = p->dst;
}

struct trk *journey_new(struct engine *e, const struct obs *o, struct sighting *s)
{
	const struct obs_pkt *p = &o->pkt;
	struct trk *t = get_memory(e);
	struct flow_key k;

	if (!t)
		return NULL;
	t->id = ++e->next_id;
	t->skb = p->skb;
	t->sig = s->sig;
	t->first_ns = t->last_ns = o->ts_ns;
	t->latency_us = t->late_us = -1;
	set_headers(e, t, p);
	list_init(&t->age);
	list_init(&t->settle);
	list_init(&t->reply);
	remember(e, t);
	/* set even if it cannot be found by it, for want of memory */
	need_key(s, p);
	t->key[0].key = s->key;
	index_key(e, t, s->key_hash);
	/* a packet born on this node is first seen behind its NAT */
	if (key_before_nat(p, &k) && !key_eq(&k, trk_first(t))) {
		if (!addr_eq(&k.dst, &p->dst))
			t->orig_dst = k.dst;
		journey_add_key(e, t, &k);
	}
	list_append(&e->age, &t->age);
	e->trk_cnt++;
	return t;
}

struct trk_drop *journey_drop(struct trk *t)
{
	if (!t->drop)
		t->drop = calloc(1, sizeof(*t->drop));
	return t->drop;
}

void journey_free(struct engine *e, struct trk *t)
{
	if (t->by_skb.tag)
		kmap_del(&e->by_skb, &t->by_skb);
	for (int i = 0; i < t->key_cnt; i++)
		kmap_del(&e->by_key, &t->key[i].node);
	if (t->pair)
		t->pair->pair = NULL;
	list_del(&t->age);
	list_del(&t->settle);
	list_del(&t->reply);
	e->trk_cnt--;
	if (t->drop)
		free(t->drop);
	if (t->own_question)
		free(t->question);
	/* not to be found in e->recent */
	t->key_cnt = 0;
	put_memory(e, t);
}

void journey_expect_free(const struct trk *t)
{
	__builtin_prefetch(&t->settle, 1);
	__builtin_prefetch(&t->key[0].node);
}

void journey_expect_walk(const struct trk *t)
{
	/* most stand in the order of their memory */
	__builtin_prefetch(t + 24, 1);
}

void journey_expect_unindex(const struct engine *e, const struct trk *t)
{
	if (t->by_skb.tag)
		kmap_expect_del(&e->by_skb, &t->by_skb);
	for (int i = 0; i < t->key_cnt; i++)
		kmap_expect_del(&e->by_key, &t->key[i].node);
}

static void free_list(struct engine *e, struct list *l)
{
	while (!list_empty(l))
		journey_free(e, list_entry(l->next, struct trk, age));
}

void journey_free_all(struct engine *e)
{
	free_list(e, &e->age);
	free_list(e, &e->late);
	free_list(e, &e->idle);
	free_list(e, &e->left);
	kmap_free(&e->by_skb);
	kmap_free(&e->by_key);
	free(e->trk);
}
