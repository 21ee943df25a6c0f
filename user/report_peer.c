// SPDX-License-Identifier: GPL-2.0-only
/*
 * BGP sessions, one track for each neighbour: what TCP does is known at once, what BIRD says of it a
 * little later; the newest of both counts, but BIRD's saying the same again is no news.
 */
#include "report_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF_PEERS 1024

static struct peer *peer_get(struct report_node *n, const struct addr *a)
{
	struct peer *p;

	for (uint32_t i = 0; i < n->peer_cnt; i++)
		if (addr_eq(&n->peer[i]->addr, a))
			return n->peer[i];
	if (n->peer_cnt == REPORT_PEERS) {
		n->peers_left_out++;
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		n->report->failed = true;
		return NULL;
	}
	p->addr = *a;
	n->peer[n->peer_cnt++] = p;
	return p;
}

/* The connection's place, or that of one that is down, or NULL */
static struct conn *conn_get(struct peer *p, const struct obs_bgp *b)
{
	struct conn *spare = NULL;

	for (int i = 0; i < PEER_CONNS; i++) {
		struct conn *c = &p->conn[i];

		if (c->local_port == b->local_port && c->peer_port == b->peer_port &&
		    (c->local_port || c->peer_port))
			return c;
		if (!c->up && !spare)
			spare = c;
	}
	return spare;
}

static bool any_up(const struct peer *p)
{
	for (int i = 0; i < PEER_CONNS; i++)
		if (p->conn[i].up)
			return true;
	return false;
}

/* The other end of a connection of the node with itself is none */
static bool is_peer(const struct report_node *n, const struct addr *a)
{
	return addr_is_set(a) && !mirror__is_local(engine__mirror(n->rn->engine), a);
}

void peer_bgp(struct report_node *n, const struct obs_bgp *b, uint64_t ts_ns)
{
	struct peer *p = is_peer(n, &b->peer) ? peer_get(n, &b->peer) : NULL;
	bool up = b->state == BGP_CONNECTED;
	struct conn *c;

	if (!p)
		return;
	c = conn_get(p, b);
	if (c)
		*c = (struct conn){ b->local_port, b->peer_port, up };
	/* connected is not yet Established: where BIRD is asked, it will say so */
	if (up && p->by_bird)
		return;
	if (up)
		track_add(&p->session, ts_ns, b->unproved ? SPAN_OTHER : SPAN_GOOD,
			  "TCP connected");
	else if (b->state == BGP_CONNECTING && track_last(&p->session) != SPAN_GOOD)
		track_add(&p->session, ts_ns, SPAN_BAD, "no answer yet");
	else if (b->state != BGP_CONNECTING && !any_up(p))
		track_add(&p->session, ts_ns, SPAN_BAD, bgp_state_name(b->state));
}

void peer_bird(struct report_node *n, const struct obs_bird_proto *b, uint64_t ts_ns)
{
	struct peer *p;
	bool news;

	if (b->v6 || strcmp(b->kind, "BGP") != 0 || !addr_is_set(&b->neighbor))
		return;
	p = peer_get(n, &b->neighbor);
	if (!p)
		return;
	news = !p->by_bird || strcmp(p->bgp, b->bgp) != 0;
	p->by_bird = true;
	snprintf(p->name, sizeof(p->name), "%s", b->name);
	snprintf(p->bgp, sizeof(p->bgp), "%s", b->bgp);
	snprintf(p->info, sizeof(p->info), "%s", b->info);
	p->imported = b->imported;
	p->since_ns = b->since_ns;
	if (!news)
		return;
	if (!strcmp(b->bgp, "Established"))
		track_add(&p->session, ts_ns, SPAN_GOOD, b->bgp);
	else
		track_add(&p->session, ts_ns, SPAN_BAD, b->bgp[0] ? b->bgp : "down");
}

void peer_conf(struct report_node *n, const struct obs_conf_peer *c)
{
	for (uint32_t i = 0; i < n->conf_cnt; i++) {
		if (!addr_eq(&n->conf[i].addr, &c->addr))
			continue;
		n->conf[i] = *c;
		return;
	}
	if (!n->conf)
		n->conf = calloc(CONF_PEERS, sizeof(*n->conf));
	if (n->conf && n->conf_cnt < CONF_PEERS)
		n->conf[n->conf_cnt++] = *c;
}

const char *peer_node(const struct report_node *n, const struct addr *a)
{
	for (uint32_t i = 0; addr_is_set(a) && i < n->conf_cnt; i++)
		if (addr_eq(&n->conf[i].addr, a))
			return n->conf[i].node;
	return "";
}
