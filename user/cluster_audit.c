// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes held against each other: what one has and another lacks names the culprit where each alone
 * shows but the symptom. Reasons are those of the nodes' own audits.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "cluster_priv.h"
#include "diagnose.h"

/* Of all routes of all nodes: what is beyond is counted, not told */
#define MAX_LACKS 16384

struct cluster_audit {
	const struct cluster *c;
	void (*fn)(void *ctx, uint32_t idx, const struct check *k);
	void *ctx;
	struct check k;
};

/* A block that a node lacks a route to, and who has it */
struct lack {
	struct prefix block;
	uint32_t by, owner;	   /* owner: node_cnt where nobody of those captured owns it */
	char node[NODE_LEN_SHORT]; /* the owner's name, "" not told */
};

struct lacks {
	const struct cluster *c;
	uint32_t who, by; /* who lacks; whose routes are walked */
	struct lack *item;
	uint32_t cnt, cap;
};

static void say(struct check *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct check *k, const char *fmt, ...)
{
	size_t n = strlen(k->explain);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->explain + n, sizeof(k->explain) - n, fmt, ap);
	va_end(ap);
}

static void prove(struct check *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void prove(struct check *k, const char *fmt, ...)
{
	va_list ap;

	if (k->evidence_cnt == MAX_EVIDENCE)
		return;
	va_start(ap, fmt);
	vsnprintf(k->evidence[k->evidence_cnt++], EVIDENCE_LEN, fmt, ap);
	va_end(ap);
}

static bool takes_part(const struct cnode *n)
{
	return n->engine && n->ready && !n->ended;
}

static const struct mirror *mirror_of(const struct cluster *c, uint32_t i)
{
	return engine__mirror(c->node[i].engine);
}

/* ---- routes ---- */

static bool is_daemons(const struct engine *e, const struct route *r)
{
	return r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX ||
	       (r->protocol == RTPROT_BOOT && r->nh_cnt &&
		judge_dev(e, r->nh[0].ifindex) == DEV_TUNNEL);
}

/* A block: another node's by a route, the node's own by the stop that it has for it */
static bool is_block(const struct engine *e, const struct route *r)
{
	if (r->table != TABLE_MAIN || !r->dst.len || !is_daemons(e, r) ||
	    !judge_pool(e, &r->dst.addr))
		return false;
	if (r->type == RTN_BLACKHOLE)
		return true;
	return r->type == RTN_UNICAST && r->nh_cnt && addr_is_set(&r->nh[0].gw) &&
	       judge_dev(e, r->nh[0].ifindex) != DEV_WORKLOAD;
}

static uint32_t node_with(const struct cluster *c, const struct addr *a)
{
	uint32_t i = 0;

	while (i < c->node_cnt &&
	       (!takes_part(&c->node[i]) || !mirror__is_local(mirror_of(c, i), a)))
		i++;
	return i;
}

static void find_owner(const struct lacks *l, const struct route *r, struct lack *k)
{
	const struct engine *e = l->c->node[l->by].engine;
	const char *name = "";
	struct addr node;

	k->owner = l->by;
	if (r->type != RTN_BLACKHOLE) {
		node = diag_node_of(e, &r->nh[0].gw);
		k->owner = node_with(l->c, &node);
		name = world_node_name(e, &node);
	}
	if (k->owner < l->c->node_cnt)
		name = l->c->node[k->owner].name;
	snprintf(k->node, sizeof(k->node), "%.*s", (int)sizeof(k->node) - 1, name);
}

static bool keep(struct lacks *l, const struct lack *k)
{
	for (uint32_t i = 0; i < l->cnt && l->cnt < 256; i++)
		if (prefix_eq(&l->item[i].block, &k->block))
			return false;
	if (l->cnt == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;
		void *n = cap <= MAX_LACKS ? realloc(l->item, cap * sizeof(*l->item)) : NULL;

		if (!n)
			return false;
		l->item = n;
		l->cap = cap;
	}
	l->item[l->cnt++] = *k;
	return true;
}

static void note_lack(void *ctx, const struct route *r)
{
	struct lacks *l = ctx;
	const struct route *mine;
	struct lack k = { .block = r->dst, .by = l->by };

	if (!is_block(l->c->node[l->by].engine, r))
		return;
	mine = mirror__lookup_len(mirror_of(l->c, l->who), &r->dst.addr, r->dst.len, 32);
	if (mine)
		return;
	find_owner(l, r, &k);
	/* that its own block has no route is another matter */
	if (k.owner != l->who)
		keep(l, &k);
}

static int by_block(const void *a, const void *b)
{
	const struct lack *x = a, *y = b;
	int d = memcmp(&x->block.addr, &y->block.addr, sizeof(x->block.addr));

	return d			    ? d :
	       x->block.len != y->block.len ? x->block.len - y->block.len :
					      (int)x->by - (int)y->by;
}

static void unique(struct lacks *l)
{
	uint32_t n = 0;

	if (l->cnt)
		qsort(l->item, l->cnt, sizeof(*l->item), by_block);
	for (uint32_t i = 0; i < l->cnt; i++)
		if (!n || !prefix_eq(&l->item[n - 1].block, &l->item[i].block))
			l->item[n++] = l->item[i];
	l->cnt = n;
}

/* The node whose routes show most of what is lacking */
static uint32_t best_witness(const struct lacks *l)
{
	uint32_t best = l->item[0].by, most = 0;

	for (uint32_t n = 0; n < l->c->node_cnt; n++) {
		uint32_t cnt = 0;

		for (uint32_t i = 0; i < l->cnt; i++)
			cnt += l->item[i].by == n;
		if (cnt > most) {
			most = cnt;
			best = n;
		}
	}
	return best;
}

/* ---- reasons ---- */

struct reason {
	struct check *k;
	const char *node;
	bool own; /* of the node that lacks the routes; else of the one whose block it is */
};

static void on_check(void *ctx, const struct check *k)
{
	static const char *const own[] = { "node-address",     "bird",	 "bgp",
					   "graceful-restart", "tunnel", NULL };
	static const char *const owners[] = { "node-address", "bird", NULL };
	struct reason *r = ctx;
	const char *const *w = r->own ? own : owners;

	if (k->state != CHECK_PROBLEM)
		return;
	for (; *w; w++)
		if (!strcmp(*w, k->name))
			prove(r->k, "%s: %s", r->node, k->explain);
}

static void add_reasons(const struct cluster *c, const struct lacks *l, struct check *k)
{
	struct reason r = { .k = k, .node = c->node[l->who].name, .own = true };
	uint32_t last = c->node_cnt;

	engine__audit(c->node[l->who].engine, on_check, &r);
	r.own = false;
	for (uint32_t i = 0; i < l->cnt && i < 8; i++) {
		if (l->item[i].owner >= c->node_cnt || l->item[i].owner == last)
			continue;
		last = l->item[i].owner;
		r.node = c->node[last].name;
		engine__audit(c->node[last].engine, on_check, &r);
	}
}

static void list_blocks(const struct lacks *l, struct check *k)
{
	char p[PREFIX_STRLEN];

	for (uint32_t i = 0; i < l->cnt; i++) {
		const struct lack *x = &l->item[i];
		if (strlen(k->explain) > sizeof(k->explain) - 128) {
			say(k, " and %u more", l->cnt - i);
			break;
		}
		say(k, "%s %s%s%s%s", i ? "," : "", prefix_str(&x->block, p),
		    x->node[0] ? " (" : "", x->node, x->node[0] ? ")" : "");
	}
	say(k, ".");
}

static void audit_routes_of(struct cluster_audit *a, uint32_t who)
{
	struct lacks l = { .c = a->c, .who = who };
	struct check *k = &a->k;

	*k = (struct check){ .name = "cluster-routes", .state = CHECK_OK };
	for (l.by = 0; l.by < a->c->node_cnt; l.by++)
		if (l.by != who && takes_part(&a->c->node[l.by]))
			mirror__each_route(mirror_of(a->c, l.by), note_lack, &l);
	unique(&l);
	if (l.cnt) {
		k->state = CHECK_PROBLEM;
		k->cause = C_ROUTE_MISSING;
		say(k, "%s lacks %u route%s that %s has:", a->c->node[who].name, l.cnt,
		    l.cnt == 1 ? "" : "s", a->c->node[best_witness(&l)].name);
		list_blocks(&l, k);
		add_reasons(a->c, &l, k);
		snprintf(k->advice, sizeof(k->advice),
			 "see why %s has no such route: its checks bgp and node-address, and its "
			 "findings",
			 a->c->node[who].name);
	} else {
		say(k, "%s has a route to each block that the other nodes have.",
		    a->c->node[who].name);
	}
	a->fn(a->ctx, who, k);
	free(l.item);
}

/* ---- addresses ---- */

/* How x knows y by name; NULL: it does not, or y is no neighbour */
static const struct obs_conf_peer *known_as(const struct cluster *c, uint32_t x, uint32_t y)
{
	return world_peer_named(c->node[x].engine, c->node[y].name);
}

/* Has x a neighbour with an address of y's? *dead: the only one that never answers, and is nobody's */
static bool has_peer(const struct cluster *c, uint32_t x, uint32_t y, const struct addr **dead)
{
	const struct peers *p = &diagnose(c->node[x].engine)->peers;
	uint32_t strange = 0;

	*dead = NULL;
	for (uint32_t i = 0; i < p->cnt; i++) {
		if (mirror__is_local(mirror_of(c, y), &p->peer[i].addr))
			return true;
		if (p->peer[i].up || node_with(c, &p->peer[i].addr) < c->node_cnt)
			continue;
		strange++;
		*dead = &p->peer[i].addr;
	}
	if (strange != 1)
		*dead = NULL;
	return false;
}

static const char *own_addr(const struct cluster *c, uint32_t y, char buf[ADDR_STRLEN])
{
	const struct self_view *s = &diagnose(c->node[y].engine)->self;

	return addr_is_set(&s->used) ? addr_str(&s->used, buf) : "";
}

static void wrong_address(struct cluster_audit *a, uint32_t x, uint32_t y, const struct addr *as)
{
	const char *nx = a->c->node[x].name, *ny = a->c->node[y].name;
	bool local = mirror__is_local(mirror_of(a->c, y), as);
	char text[ADDR_STRLEN], own[ADDR_STRLEN];
	const char *is = own_addr(a->c, y, own);

	a->k.state = CHECK_PROBLEM;
	a->k.cause = C_NODE_ADDRESS_MISMATCH;
	addr_str(as, text);
	if (!a->k.explain[0])
		say(&a->k, "%s knows %s as %s, but %s%s%s%s.", nx, ny, text, ny,
		    is[0] ? " itself uses " : " does not use that address", is,
		    local || !is[0] ? "" : " and does not have that one");
	prove(&a->k, "%s's BGP peer %s is %s, by its configuration", nx, ny, text);
	if (local)
		prove(&a->k, "%s has %s, and sends to its peers from %s", ny, text,
		      is[0] ? is : "another address");
	else
		prove(&a->k, "%s is no address of %s", text, ny);
}

static void no_peer(struct cluster_audit *a, uint32_t x, uint32_t y, const struct addr *dead)
{
	const char *nx = a->c->node[x].name, *ny = a->c->node[y].name;
	char text[ADDR_STRLEN], own[ADDR_STRLEN];
	const char *is = own_addr(a->c, y, own);

	a->k.state = CHECK_PROBLEM;
	a->k.cause = C_NODE_ADDRESS_MISMATCH;
	if (!a->k.explain[0] && dead)
		say(&a->k,
		    "%s knows no peer by an address of %s%s%s%s, but has one, %s, that never answers.",
		    nx, ny, is[0] ? " (" : "", is, is[0] ? ")" : "", addr_str(dead, text));
	else if (!a->k.explain[0])
		say(&a->k, "%s knows no peer by an address of %s%s%s%s.", nx, ny, is[0] ? " (" : "",
		    is, is[0] ? ")" : "");
	prove(&a->k, "%s has %s as its peer, and %s has no peer with an address of %s", ny, nx, nx,
	      ny);
}

static bool is_fit(const struct cluster *c, uint32_t y, const struct addr *as)
{
	const struct self_view *s = &diagnose(c->node[y].engine)->self;

	if (!mirror__is_local(mirror_of(c, y), as))
		return false;
	return !addr_is_set(&s->used) || s->what <= SELF_FINE || addr_eq(&s->used, as);
}

static void compare(struct cluster_audit *a, uint32_t x, uint32_t y)
{
	const struct obs_conf_peer *p = known_as(a->c, x, y);
	const struct addr *dead, *unused;

	if (p) {
		if (!is_fit(a->c, y, &p->addr))
			wrong_address(a, x, y, &p->addr);
		return;
	}
	/* reflectors and routers: nobody has all others as neighbours */
	if (!has_peer(a->c, x, y, &dead) && has_peer(a->c, y, x, &unused))
		no_peer(a, x, y, dead);
}

static void audit_address_of(struct cluster_audit *a, uint32_t who)
{
	struct check *k = &a->k;

	*k = (struct check){ .name = "cluster-addresses", .state = CHECK_OK };
	for (uint32_t x = 0; x < a->c->node_cnt; x++)
		if (x != who && takes_part(&a->c->node[x]))
			compare(a, x, who);
	if (k->state == CHECK_OK)
		say(k, "The other nodes know %s by an address that it uses.", a->c->node[who].name);
	else
		snprintf(
			k->advice, sizeof(k->advice),
			"compare calicoctl get node -o wide with ip addr on %s; correct that node's "
			"address (IP_AUTODETECTION_METHOD), then restart its calico-node pod",
			a->c->node[who].name);
	a->fn(a->ctx, who, k);
}

void cluster__audit(const struct cluster *c,
		    void (*fn)(void *ctx, uint32_t idx, const struct check *k), void *ctx)
{
	struct cluster_audit a = { .c = c, .fn = fn, .ctx = ctx };

	for (uint32_t i = 0; i < c->node_cnt; i++) {
		if (!takes_part(&c->node[i]))
			continue;
		audit_routes_of(&a, i);
		audit_address_of(&a, i);
	}
}
