// SPDX-License-Identifier: GPL-2.0-only
/* The audit of the default route, of this node's own blocks, and of what others have left behind. */
#include <string.h>

#include "addr.h"
#include "audit.h"

void audit_default(struct audit *a)
{
	/* Calico's gateway of all pods; a route for 169.254.0.0/16 is as good for proxy ARP */
	static const struct addr pods_gateway = { .b = { 169, 254, 1, 1 }, .family = 4 };
	const struct route *r = mirror__lookup(a->e->mirror, &pods_gateway);

	audit_begin(a, "default-route", false);
	if (mirror__has_default(a->e->mirror)) {
		audit_say(a, "There is a default route.");
	} else if (r && r->type == RTN_UNICAST) {
		audit_say(a, "There is no default route, but one that covers 169.254.1.1.");
	} else {
		audit_raise(a, CHECK_PROBLEM, C_DEFAULT_ROUTE_MISSING);
		audit_evidence(a, "ip route shows neither a default nor a route that covers "
				  "169.254.1.1");
		audit_say(
			a,
			"Table main has no default route: proxy ARP stays silent to pods that ask "
			"for their gateway 169.254.1.1.");
		audit_advise(a, "see ip route, and who removed it: calitrace live");
	}
	audit_end(a);
}

struct own {
	struct audit *a;
	uint32_t blocks, pods, strays;
};

static void stray_route(struct own *o, const struct route *r, const char *why)
{
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN];

	o->strays++;
	audit_raise(o->a, CHECK_WARN, C_STALE_ENDPOINT);
	audit_evidence(o->a, "%s is of an own block and leads to %s: %s", prefix_str(&r->dst, p),
		       addr_str(&r->nh[0].gw, gw), why);
}

static void own_route(void *ctx, const struct route *r)
{
	struct own *o = ctx;
	struct audit *a = o->a;
	const struct route *block;
	struct addr node;

	if (r->table != TABLE_MAIN || !judge_pool(a->e, &r->dst.addr))
		return;
	o->blocks += r->type == RTN_BLACKHOLE;
	if (r->type != RTN_UNICAST || r->dst.len != 32 || !r->nh_cnt)
		return;
	if (!addr_is_set(&r->nh[0].gw) && judge_dev(a->e, r->nh[0].ifindex) == DEV_WORKLOAD) {
		o->pods++;
		return;
	}
	/* an address of an own block that another node has borrowed, and no longer uses */
	block = mirror__lookup_len(a->e->mirror, &r->dst.addr, 1, 31);
	if (!addr_is_set(&r->nh[0].gw) || !block || block->type != RTN_BLACKHOLE)
		return;
	node = diag_node_of(a->e, &r->nh[0].gw);
	if (a->e->nodes.cnt && !owner_is_node(a->e, &node))
		stray_route(o, r, "that is no node on Felix' list");
	else if (world_is_fresh(a->e, SOURCE_BIRD) && r->protocol == RTPROT_BIRD &&
		 !bird_recovers(a->e) && !world_broute_of(a->e, &r->dst))
		stray_route(o, r, "BIRD knows nothing of it");
}

void audit_own_blocks(struct audit *a)
{
	struct own o = { .a = a };

	audit_begin(a, "own-blocks", false);
	mirror__each_route(a->e->mirror, own_route, &o);
	if (o.strays)
		audit_say(a, "%u stale route%s into this node's own blocks.", o.strays,
			  o.strays == 1 ? "" : "s");
	else
		audit_say(a, "%u own block%s, %u pod%s.", o.blocks, o.blocks == 1 ? "" : "s",
			  o.pods, o.pods == 1 ? "" : "s");
	audit_end(a);
}

struct foreign {
	struct audit *a;
	const struct link_info *dev;
	bool used;
};

static void note_use(void *ctx, const struct route *r)
{
	struct foreign *f = ctx;

	for (int i = 0; i < r->nh_cnt; i++)
		f->used |= r->nh[i].ifindex == f->dev->ifindex && addr_is_set(&r->nh[i].gw);
}

/* Canal is flannel's network with Calico's policies: there flannel.1 is no leftover. */
static void leftover_link(void *ctx, const struct link_info *l)
{
	static const char *const foreign[] = { "flannel.", "cni0",	  "cilium_",
					       "weave",	   "kube-bridge", NULL };
	struct audit *a = ctx;
	struct foreign f = { .a = a, .dev = l };

	for (int i = 0; foreign[i]; i++) {
		if (strncmp(l->name, foreign[i], strlen(foreign[i])) || !l->up)
			continue;
		mirror__each_route(a->e->mirror, note_use, &f);
		if (f.used)
			continue;
		audit_raise(a, CHECK_WARN, C_UNKNOWN);
		audit_evidence(a, "device %s is up: another network plugin made it", l->name);
	}
}

void audit_leftovers(struct audit *a)
{
	audit_begin(a, "leftovers", false);
	mirror__each_link(a->e->mirror, leftover_link, a);
	if (a->c.state == CHECK_OK) {
		audit_say(a, "Nothing of other owners is in the way.");
	} else {
		audit_say(a, "Something of another owner is left on this node.");
		audit_advise(a, "find out whether it is still needed");
	}
	audit_end(a);
}
