// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit against baselines: blocks that had a route, or an owner, and have no route now. What
 * this node's own sources say now is newer: who left the cluster, or holds another block, owes none.
 */
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "audit.h"

/* Lines of evidence for single blocks; the rest are counted */
#define TOLD_MAX 4

struct recall_sums {
	struct audit *a;
	uint32_t known, missing, faults, told;
	uint32_t silent; /* the session is up, and BIRD has no such route */
	bool routes;	 /* of this node itself: from a baseline, not from another capture */
};

/* Some route leads there, or a stop of the daemons' own: it is this node's by now. */
static bool has_route(const struct engine *e, const struct prefix *p)
{
	const struct pool *pool = judge_pool(e, &p->addr);
	uint8_t min = pool->cidr.len < p->len ? pool->cidr.len + 1 : p->len;
	const struct route *r = mirror__lookup_len(e->mirror, &p->addr, min, 32);

	return r && (r->type == RTN_UNICAST || r->protocol == RTPROT_BIRD ||
		     r->protocol == RTPROT_FELIX);
}

static bool knocks(const struct engine *e, const struct addr *a)
{
	const struct bgp_peer *p = bgp_peer_find(e, a);

	return p && (p->knock_ns || p->established);
}

/* Felix lists the nodes, confd the neighbours: who is in neither any more is none. */
static bool has_left(const struct engine *e, const struct recalled *r)
{
	bool listed = owner_listed_cnt(e, NODES_IPIP) || owner_listed_cnt(e, NODES_VXLAN);

	if (!listed || owner_is_listed(e, &r->owner, NODES_IPIP | NODES_VXLAN) ||
	    world_peer_of(e, &r->owner) || knocks(e, &r->owner))
		return false;
	return !world_peer_named(e, r->name);
}

/* The owner's session, also where it is registered with another address now */
static const struct peer_view *owner_peer(const struct audit *a, const struct recalled *r)
{
	const struct peer_view *p = peers_find(&a->d->peers, &r->owner);
	const struct obs_conf_peer *c = p ? NULL : world_peer_named(a->e, r->name);

	return c ? peers_find(&a->d->peers, &c->addr) : p;
}

static bool seems_dead(const struct audit *a, const struct recalled *r, const struct peer_view *p)
{
	const struct obs_neigh *n = world_neigh(a->e, &r->owner);

	if (p && !addr_eq(&p->addr, &r->owner))
		return false; /* it lives on under another address, or was given one */
	if (p)
		return !p->alive && !diag_is_stray(a->d, &p->addr);
	return n && n->failed && !knocks(a->e, &r->owner);
}

static void tell(struct recall_sums *s, const struct recalled *r, const struct peer_view *p)
{
	char block[PREFIX_STRLEN], gw[ADDR_STRLEN], own[RECALL_OWNER_LEN], when[RECALL_TIME_LEN];

	if (s->told++ >= TOLD_MAX)
		return;
	prefix_str(&r->block, block);
	recall_owner_str(r, own);
	recall_time_str(r->route ? r->route_wall_ns : r->wall_ns, when);
	if (r->route)
		audit_evidence(s->a, "%s via %s dev %s%s stood at %s in the baseline%s", block,
			       addr_str(&r->gw, gw), r->dev, own, when,
			       p && p->up ? "; the session with that node is established" : "");
	else
		audit_evidence(s->a, "%s%s was in use at %s by the capture of %s", block, own, when,
			       r->from[0] ? r->from : "another node");
	if (p && !addr_eq(&p->addr, &r->owner))
		audit_evidence(s->a, "%s is known here as %s now, and was %s in the baseline",
			       r->name, addr_str(&p->addr, gw), addr_str(&r->owner, block));
}

static void examine(struct recall_sums *s, const struct recalled *r)
{
	const struct engine *e = s->a->e;
	const struct peer_view *p;
	enum cause cause = C_ROUTE_MISSING;
	bool fault;

	if (!addr_is_set(&r->owner) || !judge_pool(e, &r->block.addr) ||
	    mirror__is_local(e->mirror, &r->owner) || has_left(e, r))
		return;
	s->known++;
	if (has_route(e, &r->block))
		return;
	p = owner_peer(s->a, r);
	fault = !seems_dead(s->a, r, p);
	if (bird_recovers(e) || (p && p->restarts)) {
		cause = C_GRACEFUL_RESTART;
		fault = false;
	} else if (world_is_fresh(e, SOURCE_BIRD) && (p ? p->up : s->a->d->peers.up)) {
		/* given up since, as far as this node, or its reflector, can know */
		cause = C_ROUTE_NOT_ANNOUNCED;
		fault = false;
		s->silent++;
	}
	s->missing++;
	s->routes |= r->route;
	s->faults += fault;
	audit_raise(s->a, fault ? CHECK_PROBLEM : CHECK_WARN, cause);
	tell(s, r, p);
}

uint32_t audit_recalled(struct audit *a)
{
	struct recall_sums s = { .a = a };
	const struct recalled **list;
	uint32_t cnt = recall_list(a->e, &list);

	for (uint32_t i = 0; i < cnt; i++)
		examine(&s, list[i]);
	free(list);
	/* one node may be dead; that all of them are is not likely */
	if (s.missing == s.known && s.missing > 1 && !s.faults && !bird_recovers(a->e) &&
	    !a->d->peers.up)
		audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
	if (s.told > TOLD_MAX)
		audit_evidence(a, "and %u more blocks", s.told - TOLD_MAX);
	if (s.missing)
		audit_say(a, "%u of %u blocks known from %s: no route%s.", s.missing, s.known,
			  s.routes ? "a baseline" : "other captures",
			  s.faults ? "" :
			  s.silent == s.missing ?
				     "; given up since, or not announced to this node" :
				     "; given up since, or their nodes seem to be down");
	return s.known;
}
