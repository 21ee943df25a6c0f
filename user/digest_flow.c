// SPDX-License-Identifier: GPL-2.0-only
/* Exchanges, out of the records of packets: from where, to where, how they fared. */
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "digest_priv.h"
#include "hmap.h"

#define PROTO_TCP_ 6
#define TCP_SYN_ 0x02
#define TCP_RST_ 0x04
#define TCP_ACK_ 0x10
#define ICMP_ECHO_ 8

static struct digest_end place_find(const struct engine *e, const struct addr *a)
{
	struct digest_end end = { .place = DG_OUTSIDE };

	if (engine__block(e, a, &end.block))
		end.place = DG_BLOCK;
	else if (mirror__is_local(engine__mirror(e), a))
		end.place = DG_HOST;
	else if (engine__is_node(e, a))
		end = (struct digest_end){ DG_NODE, { *a, a->family == 6 ? 128 : 32 } };
	return end;
}

/* Several runs of a node may be given, each with its own engine, which counts packets from 1. */
static uint64_t run_of(const struct engine *e)
{
	return (uint64_t)(uintptr_t)e >> 4;
}

/* What places hang on: it changes with routes, links, addresses and pools */
static uint64_t version_of(const struct engine *e)
{
	return mirror__version(engine__mirror(e)) ^ (uint64_t)engine__pools(e)->cnt << 56 ^
	       run_of(e) << 20;
}

/* Asked for each packet: the answer holds as long as no route, link or address changes. */
static struct digest_end place_of(struct digest_node *n, const struct engine *e,
				  const struct addr *a)
{
	uint64_t version = version_of(e);
	struct digest_place_memo *m =
		&n->build->place[hash_bytes(a->b, sizeof(a->b), 0) % DIGEST_PLACES];

	if (m->version != version || !addr_eq(&m->addr, a)) {
		m->addr = *a;
		m->end = place_find(e, a);
		m->version = version;
	}
	return m->end;
}

static uint64_t end_hash(const struct digest_end *end, uint64_t seed)
{
	uint64_t h = hash_bytes(end->block.addr.b, sizeof(end->block.addr.b), seed);

	return h * 31 + end->block.len + ((uint64_t)end->place << 8);
}

static uint64_t flow_hash(const struct digest_flow *k)
{
	uint64_t h = end_hash(&k->dst, end_hash(&k->src, k->app));

	return hash_bytes(k->service.b, sizeof(k->service.b), h);
}

static bool flow_eq(const struct digest_flow *a, const struct digest_flow *b)
{
	return a->app == b->app && digest__end_eq(&a->src, &b->src) &&
	       digest__end_eq(&a->dst, &b->dst) && addr_eq(&a->service, &b->service);
}

/* Index + 1; 0: no memory */
static uint32_t flow_get(struct digest *d, struct digest_node *n, struct digest_flow *key)
{
	uint64_t hash = flow_hash(key);
	uint32_t pos = 0, at;

	while ((at = digest_index_next(&n->build->flows, hash, &pos)))
		if (flow_eq(&n->flow[at - 1], key))
			return at;
	if (n->flow_cnt >= DIGEST_FLOWS && key->src.place != DG_OTHER) {
		struct digest_flow other = { .src = { .place = DG_OTHER },
					     .dst = { .place = DG_OTHER },
					     .app = key->app,
					     .first_ns = key->first_ns };

		n->cut_lists = true;
		return flow_get(d, n, &other);
	}
	if (!digest_room(d, &n->flow, n->flow_cnt, sizeof(*n->flow)))
		return 0;
	if (digest_index_put(&n->build->flows, hash, n->flow_cnt + 1)) {
		d->oom = true;
		return 0;
	}
	n->flow[n->flow_cnt] = *key;
	return ++n->flow_cnt;
}

static bool is_request(const struct packet *p)
{
	if (p->answers.valid)
		return false;
	if (p->icmp_valid)
		return p->icmp_type == ICMP_ECHO_;
	if (p->dns_valid)
		return !p->dns_response;
	/* what died before it was a packet has no flags */
	if (p->proto == PROTO_TCP_)
		return !p->hop_cnt || (p->tcp_flags & (TCP_SYN_ | TCP_RST_ | TCP_ACK_)) == TCP_SYN_;
	return !p->hop_cnt;
}

static void forget(struct digest_node *n, const struct digest_memory *m)
{
	struct digest_flow *f = &n->flow[m->flow - 1];

	f->sent -= m->sent;
	f->answered -= m->answered;
	f->late -= m->late;
	if (verdict_is_problem(m->verdict)) {
		f->lost[m->verdict]--;
		f->bad--;
	}
}

static void count(struct digest_flow *f, const struct digest_memory *m, uint64_t ts_ns)
{
	f->sent += m->sent;
	f->answered += m->answered;
	f->late += m->late;
	if (m->sent && ts_ns > f->asked_ns)
		f->asked_ns = ts_ns;
	if (m->answered && ts_ns > f->good_ns)
		f->good_ns = ts_ns;
	if (!verdict_is_problem(m->verdict))
		return;
	f->lost[m->verdict]++;
	f->bad++;
	if (ts_ns > f->bad_ns)
		f->bad_ns = ts_ns;
}

static uint64_t low(const struct addr *a)
{
	uint64_t v;

	memcpy(&v, a->b, sizeof(v));
	return v;
}

/* The addresses by which the request is known, this being it or its reply */
static struct digest_flow_memo ends_of(const struct packet *p, uint64_t version)
{
	if (p->answers.valid)
		return (struct digest_flow_memo){
			p->answers.src, p->answers.dst, p->answers.orig_dst, p->app, 0, version
		};
	return (struct digest_flow_memo){ p->src, p->dst, p->orig_dst, p->app, 0, version };
}

static bool memo_eq(const struct digest_flow_memo *x, const struct digest_flow_memo *y)
{
	return x->version == y->version && x->app == y->app && addr_eq(&x->src, &y->src) &&
	       addr_eq(&x->dst, &y->dst) && addr_eq(&x->orig, &y->orig);
}

/* Index + 1; 0: no memory */
static uint32_t flow_of(struct digest *d, struct digest_node *n, const struct engine *e,
			const struct packet *p, uint64_t ts_ns)
{
	struct digest_flow_memo ends = ends_of(p, version_of(e));
	uint64_t hash = (low(&ends.src) * 31 + low(&ends.dst)) * 31 + low(&ends.orig) + ends.app;
	struct digest_flow_memo *m = &n->build->pair[(hash * 0x9e3779b97f4a7c15ull) >> 52];
	struct digest_flow key = { .app = p->app, .first_ns = ts_ns };

	if (m->flow && memo_eq(m, &ends))
		return m->flow;
	key.src = place_of(n, e, &ends.src);
	key.dst = place_of(n, e, &ends.dst);
	/* a pod's own address that was translated is none of a service */
	if (addr_is_set(&ends.orig) && place_of(n, e, &ends.orig).place != DG_BLOCK)
		key.service = ends.orig;
	*m = ends;
	m->flow = flow_get(d, n, &key);
	return m->flow;
}

static struct digest_memory *memory_of(struct digest *d, struct digest_node *n, uint64_t id)
{
	struct digest_build *b = n->build;

	if (!b->memory)
		b->memory = calloc(DIGEST_MEMORY, sizeof(*b->memory));
	d->oom |= !b->memory;
	return b->memory ? &b->memory[id % DIGEST_MEMORY] : NULL;
}

void digest_packet(struct digest *d, struct digest_node *n, const struct engine *e,
		   const struct packet *p)
{
	uint64_t id = p->id + (run_of(e) << 24);
	struct digest_memory *slot = memory_of(d, n, id);
	bool bad = verdict_is_problem(p->verdict);
	struct digest_memory m = {
		.id = id,
		.verdict = (uint8_t)p->verdict,
		.sent = is_request(p),
		.answered = p->answers.valid && p->answers.good && !bad,
		.late = p->late_us >= 0,
	};
	uint64_t asked_ns = p->answers.valid ? p->answers.ts_ns : p->ts_ns;

	if (!slot)
		return;
	if (slot->id == id && slot->flow)
		forget(n, slot);
	/* what is neither asked nor answered proves nothing, unless it is lost */
	if (!m.sent && !m.answered && !bad) {
		if (slot->id == id)
			*slot = (struct digest_memory){ 0 };
		return;
	}
	m.flow = flow_of(d, n, e, p, asked_ns);
	if (!m.flow)
		return;
	count(&n->flow[m.flow - 1], &m, asked_ns);
	*slot = m;
}
