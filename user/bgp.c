// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node's BGP sessions, as TCP shows them: who is connected, since when. A peer that does not
 * know us accepts and closes at once, so a connection counts as a session only after a while.
 */
#include "engine_priv.h"

#include <stdlib.h>

#include "addr.h"

#define SESSION_NS (2 * NSEC_PER_SEC)

const struct bgp_peer *bgp_peer_find(const struct engine *e, const struct addr *a)
{
	for (uint32_t i = 0; i < e->peer_cnt; i++)
		if (addr_eq(&e->peer[i].peer, a))
			return &e->peer[i];
	return NULL;
}

bool bgp_peer_up(const struct engine *e, const struct bgp_peer *p)
{
	return p->established > 0 && (!p->since_ns || e->now_ns >= p->since_ns + SESSION_NS);
}

bool bgp_in_use(const struct engine *e)
{
	return e->bgp_listen || e->peer_cnt || mirror__has_protocol(e->mirror, RTPROT_BIRD);
}

bool bgp_all_down(const struct engine *e)
{
	if (!e->bgp_listen_known || !bgp_in_use(e))
		return false;
	for (uint32_t i = 0; i < e->peer_cnt; i++)
		if (bgp_peer_up(e, &e->peer[i]))
			return false;
	return true;
}

static struct bgp_peer *peer_get(struct engine *e, const struct addr *a)
{
	struct bgp_peer *p = (struct bgp_peer *)bgp_peer_find(e, a);

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
	p = &e->peer[e->peer_cnt++];
	*p = (struct bgp_peer){ .peer = *a, .last = BGP_CONNECTING };
	return p;
}

void bgp_observe(struct engine *e, const struct obs_bgp *b, uint64_t ts_ns)
{
	struct bgp_peer *p;
	bool was_up;

	/* a new snapshot replaces what was counted up to now */
	if (b->snapshot && !e->bgp_in_snapshot) {
		e->bgp_in_snapshot = true;
		for (uint32_t i = 0; i < e->peer_cnt; i++) {
			/* unless the snapshot names it again, it ended unseen */
			if (bgp_peer_up(e, &e->peer[i]))
				e->peer[i].down_ns = ts_ns;
			e->peer[i].established = 0;
		}
	}
	if (b->state == BGP_LISTEN || b->state == BGP_NO_LISTEN) {
		e->bgp_listen = b->state == BGP_LISTEN;
		e->bgp_listen_known = true;
		e->bgp_changed_ns = ts_ns;
		return;
	}
	p = addr_is_set(&b->peer) ? peer_get(e, &b->peer) : NULL;
	if (!p)
		return;
	was_up = bgp_peer_up(e, p);
	switch (b->state) {
	case BGP_CONNECTED:
		p->established++;
		if (p->established == 1 && b->snapshot)
			p->since_ns = p->down_ns = 0;
		else if (p->established == 1)
			p->since_ns = ts_ns;
		break;
	case BGP_CLOSED:
	case BGP_CLOSED_AFTER_ACCEPT:
		if (p->established > 0)
			p->established--;
		/* both sides connect, and one connection is closed again: the session goes on */
		if (!p->established)
			p->since_ns = ts_ns;
		break;
	case BGP_RESET:
	case BGP_TIMEOUT:
		/* of an established connection or of an attempt: the state before tells */
		if (p->established > 0 && p->last != BGP_CONNECTING)
			p->established--;
		if (!p->established)
			p->since_ns = ts_ns;
		break;
	default:
		break;
	}
	if (was_up && !p->established)
		p->down_ns = ts_ns;
	p->last = b->state;
	e->bgp_changed_ns = ts_ns;
}
