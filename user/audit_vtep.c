// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit of VXLAN's other ends: for each of them Felix sets a permanent neighbour and a
 * forwarding entry, and routes that lead to it. All three come from the datastore, so they stand
 * however dead the other node is.
 */
#include <string.h>

#include "addr.h"
#include "audit.h"

struct vteps {
	struct audit *a;
	const struct link_info *dev;
	uint32_t routes, lacks;
};

static void examine_gateway(void *ctx, const struct route *r)
{
	struct vteps *v = ctx;
	const struct obs_vtep *e;
	char addr[ADDR_STRLEN];

	if (r->table != TABLE_MAIN || r->type != RTN_UNICAST || !r->nh_cnt ||
	    r->nh[0].ifindex != v->dev->ifindex || !addr_is_set(&r->nh[0].gw))
		return;
	v->routes++;
	e = diag_vtep_of(v->a->e, &r->nh[0].gw);
	if (e && e->have_neigh && e->have_fdb)
		return;
	v->lacks++;
	audit_raise(v->a, CHECK_PROBLEM, C_VTEP_MISSING);
	audit_evidence(v->a, "VTEP %s has no permanent %s", addr_str(&r->nh[0].gw, addr),
		       e && e->have_neigh ? "forwarding entry" : "neighbour");
}

void audit_vteps(struct audit *a)
{
	struct vteps v = { .a = a, .dev = audit_tunnel_dev(a->e, "vxlan") };

	/* without any entry the device works otherwise, as in eBPF mode */
	if (!v.dev || !world_is_fresh(a->e, SOURCE_VTEP) || !world_cnt(a->e, W_VTEP))
		return;
	mirror__each_route(a->e->mirror, examine_gateway, &v);
	if (!v.lacks)
		return;
	audit_say(a, "%u of %u routes by %s lead to a VTEP that is not set up.", v.lacks, v.routes,
		  v.dev->name);
	audit_advise(a, "look at the log of this node's calico-node pod (felix, vxlan)");
}

static void find_wireguard(void *ctx, const struct link_info *l)
{
	bool *found = ctx;

	*found |= l->up && !strcmp(l->name, "wireguard.cali");
}

uint32_t audit_vteps_without_route(struct audit *a, uint32_t *all)
{
	uint32_t without = 0;
	bool wireguard = false;

	mirror__each_link(a->e->mirror, find_wireguard, &wireguard);
	for (uint32_t i = 0; i < world_cnt(a->e, W_VTEP) && !wireguard; i++) {
		const struct obs_vtep *v = world_vtep(a->e, i);
		char vtep[ADDR_STRLEN], node[ADDR_STRLEN];

		/* the address of a VTEP is of a block of its node; others' devices have none */
		if (!v->have_neigh || !v->have_fdb || !judge_pool(a->e, &v->vtep) ||
		    peers_find(&a->d->peers, &v->node))
			continue;
		++*all;
		if (diag_routes_by(a->d, &v->node))
			continue;
		without++;
		audit_raise(a, CHECK_PROBLEM, C_ROUTE_MISSING);
		audit_evidence(a, "no route to a block by %s (VTEP %s)", addr_str(&v->node, node),
			       addr_str(&v->vtep, vtep));
	}
	return without;
}
