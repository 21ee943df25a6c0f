// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node's BGP sessions, as TCP shows them: who is connected, since when. A peer that does not
 * know us accepts and closes at once, so a connection counts as a session only after a while.
 */
#include "engine_priv.h"

#include <stdlib.h>
#include <string.h>

#include "addr.h"

#define BGP_PORT 179
#define SESSION_NS (2 * NSEC_PER_SEC)

/* The index of the peer, or where it belongs: they stand in the order of their addresses. */
static uint32_t peer_index(const struct engine *e, const struct addr *a)
{
	uint32_t lo = 0, hi = e->peer_cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (memcmp(&e->peer[mid].peer, a, sizeof(*a)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct bgp_peer *bgp_peer_find(const struct engine *e, const struct addr *a)
{
	uint32_t i = peer_index(e, a);

	return i < e->peer_cnt && addr_eq(&e->peer[i].peer, a) ? &e->peer[i] : NULL;
}

bool bgp_peer_up(const struct engine *e, const struct bgp_peer *p)
{
	return p->established > 0 && (!p->since_ns || e->now_ns >= p->since_ns + SESSION_NS);
}

bool bgp_in_use(const struct engine *e)
{
	return e->bgp_listen || e->peer_cnt || mirror__has_protocol(e->mirror, RTPROT_BIRD);
}

/* Another program of this node may speak BGP, too (MetalLB, FRR): what is configured here counts. */
static bool is_meant(const struct engine *e, const struct addr *peer)
{
	if (!world_cnt(e, W_PEER) && !world_cnt(e, W_PROTO))
		return true;
	return world_peer_of(e, peer) || world_proto_of(e, peer);
}

/* BIRD may have been told to use another port than 179 (listenPort): then TCP shows nothing here. */
static bool on_other_port(const struct engine *e)
{
	if (e->peer_cnt || !world_is_fresh(e, SOURCE_BIRD))
		return false;
	for (uint32_t i = 0; i < world_cnt(e, W_PROTO); i++)
		if (!strcmp(world_proto(e, i)->bgp, "Established"))
			return true;
	return false;
}

bool bgp_all_down(const struct engine *e)
{
	if (!e->bgp_listen_known || !bgp_in_use(e))
		return false;
	for (uint32_t i = 0; i < e->peer_cnt; i++)
		if (bgp_peer_up(e, &e->peer[i]) && is_meant(e, &e->peer[i].peer))
			return false;
	return !on_other_port(e);
}

static struct bgp_peer *peer_get(struct engine *e, const struct addr *a)
{
	struct bgp_peer *p = (struct bgp_peer *)bgp_peer_find(e, a);
	uint32_t i;

	if (p || e->peer_cnt == MAX_PEERS)
		return p;
	if (e->peer_cnt == e->peer_cap) {
		uint32_t cap = e->peer_cap ? e->peer_cap * 2 : 16;
		struct bgp_peer *n = realloc(e->peer, cap * sizeof(*n));

		if (!n)
			return NULL;
		e->peer = n;
		e->peer_cap = cap;
	}
	i = peer_index(e, a);
	p = &e->peer[i];
	memmove(p + 1, p, (e->peer_cnt++ - i) * sizeof(*p));
	*p = (struct bgp_peer){ .peer = *a, .last = BGP_CONNECTING };
	return p;
}

static struct bgp_conn *conn_find(struct bgp_peer *p, const struct obs_bgp *b)
{
	for (int i = 0; i < p->established; i++)
		if (p->conn[i].local_port == b->local_port && p->conn[i].peer_port == b->peer_port)
			return &p->conn[i];
	return NULL;
}

#define STOOD_NS (10 * NSEC_PER_SEC)

/* A connection of the snapshot may be told once more by its own event. */
static void conn_add(struct bgp_peer *p, const struct obs_bgp *b, uint64_t ts_ns)
{
	if (conn_find(p, b))
		return;
	if (p->established < MAX_CONNS)
		p->conn[p->established++] = (struct bgp_conn){ b->local_port, b->peer_port };
	if (p->established == 1 && b->snapshot && !b->unproved)
		p->since_ns = p->down_ns = 0;
	else if (p->established == 1)
		p->since_ns = ts_ns;
}

/* An attempt that failed was never counted; one of two that ends leaves the session up. */
static void conn_end(struct bgp_peer *p, const struct obs_bgp *b, uint64_t ts_ns)
{
	struct bgp_conn *c = conn_find(p, b);

	if (c)
		*c = p->conn[--p->established];
	if (!p->established)
		p->since_ns = ts_ns;
}

/*
 * What its attempts say of the peer: it connects to us, it does not answer us, it answers and
 * closes. All is forgotten when a session stands.
 */
static void note_attempt(struct engine *e, struct bgp_peer *p, const struct obs_bgp *b,
			 uint64_t ts_ns)
{
	bool inbound = b->local_port == BGP_PORT && b->peer_port != BGP_PORT;

	if (bgp_peer_up(e, p)) {
		p->knock_ns = p->silent_ns = p->closes_ns = p->refused_ns = p->connect_ns = 0;
		return;
	}
	if (inbound) {
		p->knock_ns = ts_ns ? ts_ns : 1;
		return;
	}
	p->connect_ns = b->state == BGP_CONNECTING && !b->snapshot ? ts_ns : 0;
	switch (b->state) {
	case BGP_REFUSED:
		/* its kernel runs, and nobody listens there */
		p->refused_ns = ts_ns ? ts_ns : 1;
		p->silent_ns = p->closes_ns = 0;
		return;
	case BGP_TIMEOUT:
		p->silent_ns = ts_ns ? ts_ns : 1;
		p->closes_ns = p->refused_ns = 0;
		return;
	case BGP_RESET:
	case BGP_CLOSED_AFTER_ACCEPT:
	case BGP_CLOSED:
		p->closes_ns = ts_ns ? ts_ns : 1;
		p->silent_ns = p->refused_ns = 0;
		return;
	case BGP_CONNECTING:
		/* one that stands unanswered when we look has been waiting */
		if (b->snapshot)
			p->silent_ns = ts_ns ? ts_ns : 1;
		return;
	default:
		return;
	}
}

/* A new snapshot replaces what was counted up to now. */
static void snapshot_begins(struct engine *e, uint64_t ts_ns)
{
	e->bgp_in_snapshot = true;
	for (uint32_t i = 0; i < e->peer_cnt; i++) {
		/* unless the snapshot names it again, it ended unseen */
		if (bgp_peer_up(e, &e->peer[i]))
			e->peer[i].down_ns = ts_ns;
		e->peer[i].established = 0;
	}
}

/* Conntrack has our own connections, too, and those that are merely routed through this node. */
static bool is_not_ours(const struct engine *e, const struct obs_bgp *b)
{
	if (mirror__is_local(e->mirror, &b->peer))
		return true;
	return b->state == BGP_CLOSED && addr_is_set(&b->local) &&
	       !mirror__is_local(e->mirror, &b->local);
}

void bgp_observe(struct engine *e, const struct obs_bgp *b, uint64_t ts_ns)
{
	struct bgp_peer *p;
	bool was_up;

	e->bgp_version++;
	if (b->snapshot && !e->bgp_in_snapshot)
		snapshot_begins(e, ts_ns);
	if (b->snapshot && is_not_ours(e, b))
		return;
	if (b->state == BGP_LISTEN || b->state == BGP_NO_LISTEN) {
		e->bgp_listen = b->state == BGP_LISTEN;
		e->bgp_listen_known = true;
		return;
	}
	p = addr_is_set(&b->peer) ? peer_get(e, &b->peer) : NULL;
	if (!p)
		return;
	was_up = bgp_peer_up(e, p);
	note_attempt(e, p, b, ts_ns);
	/* who merely knocked lately, by conntrack: no session of now is meant */
	if (b->snapshot && b->state == BGP_CLOSED)
		return;
	if (b->state == BGP_CONNECTED)
		conn_add(p, b, ts_ns);
	else if (b->state != BGP_CONNECTING)
		conn_end(p, b, ts_ns);
	/* an attempt that lasts a few seconds on a slow node does not end the time without a session */
	if (was_up && !p->established && (!p->down_ns || ts_ns > p->since_ns + STOOD_NS))
		p->down_ns = ts_ns;
	p->last = b->state;
}
