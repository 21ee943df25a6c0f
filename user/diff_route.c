// SPDX-License-Identifier: GPL-2.0-only
/* Routes of two sides: which are back, which are missing, which lead elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "diff_priv.h"
#include "rtnum.h"

/* A block as some node of a side has it: its own, or by a route */
struct known {
	struct prefix block;
	struct addr owner; /* family 0: not told */
	const struct digest_node *who;
	bool own;
};
struct knowledge {
	struct known *k;
	uint32_t cnt;
};

struct routes {
	const struct diff_pair *p;
	struct knowledge before, after;
	struct prefix *prefix; /* all that either side has, in order */
	uint32_t cnt;
	bool lacked; /* the audit of BEFORE missed routes */
};

static int prefix_cmp(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int diff = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

	return diff ? diff : (int)x->len - (int)y->len;
}

/* A block of the node itself: BIRD's or Felix' stop for what no pod has */
static bool is_own(const struct digest_node *n, const struct prefix *p)
{
	const struct digest_route *r = digest__route(n, p);

	return r && r->in_pool && r->type != RTN_UNICAST && !digest__block(n, p) &&
	       (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX);
}

static bool has_addr(const struct digest_node *n, const struct addr *a)
{
	for (uint32_t i = 0; i < n->addr_cnt; i++)
		if (addr_eq(&n->addr[i].address.addr, a))
			return true;
	return false;
}

/* ---- what the other nodes of a side know ---- */

static void learn(struct knowledge *k, const struct digest_node *n)
{
	for (uint32_t i = 0; i < n->route_cnt; i++)
		if (n->route[i].dst.len < 32 && is_own(n, &n->route[i].dst))
			k->k[k->cnt++] =
				(struct known){ .block = n->route[i].dst, .who = n, .own = true };
	for (uint32_t i = 0; i < n->block_cnt; i++)
		if (n->block[i].have)
			k->k[k->cnt++] = (struct known){ .block = n->block[i].block,
							 .owner = n->block[i].owner,
							 .who = n };
}

/* One node knows nothing of itself that its own digest does not say. */
static void gather(struct knowledge *k, const struct digest *side, struct diff *d)
{
	size_t max = 0;

	*k = (struct knowledge){ 0 };
	if (side->cnt < 2)
		return;
	for (uint32_t i = 0; i < side->cnt; i++)
		max += side->node[i].route_cnt + side->node[i].block_cnt;
	k->k = calloc(max + 1, sizeof(*k->k));
	if (!k->k) {
		d->oom = true;
		return;
	}
	for (uint32_t i = 0; i < side->cnt; i++)
		learn(k, &side->node[i]);
	qsort(k->k, k->cnt, sizeof(*k->k), prefix_cmp);
}

/* Who else knows that block, and that it is not n's own; NULL: nobody */
static const struct known *known_elsewhere(const struct knowledge *k, const struct digest_node *n,
					   const struct prefix *p)
{
	const struct known *x = k->cnt ? bsearch(p, k->k, k->cnt, sizeof(*k->k), prefix_cmp) : NULL;
	const struct known *best = NULL;

	if (!x)
		return NULL;
	while (x > k->k && prefix_eq(&x[-1].block, p))
		x--;
	for (; x < k->k + k->cnt && prefix_eq(&x->block, p); x++) {
		if (x->who == n ? x->own : addr_is_set(&x->owner) && has_addr(n, &x->owner))
			return NULL;
		/* whose own it is, knows it best */
		if (x->who != n && (!best || x->own))
			best = x;
	}
	return best;
}

/* ---- one prefix ---- */

struct block_view {
	const struct digest_block *b, *a; /* NULL: the side does not know it */
	const struct digest_route *had, *has;
	const struct known *elsewhere; /* on AFTER's side */
	struct addr owner;
	bool was_missing;
};

static uint32_t routes_by(const struct digest_node *n, const struct addr *owner)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < n->block_cnt; i++)
		cnt += n->block[i].have && addr_eq(&n->block[i].owner, owner);
	return cnt;
}

static bool is_member(const struct digest_node *n, const struct addr *a)
{
	for (uint32_t i = 0; i < n->member_cnt; i++)
		if (addr_eq(&n->member[i], a))
			return true;
	return false;
}

static bool is_configured(const struct digest_node *n, const struct addr *a)
{
	const struct view_peer *peer = digest__peer(n, a);

	return peer && peer->configured;
}

/* No route in BEFORE: was one missing, or was there no such block yet? */
static bool was_missing(const struct routes *r, const struct block_view *v, const struct prefix *p)
{
	const struct digest_node *b = r->p->b;

	if (v->had || !diff_has_state(b))
		return false;
	if (v->b || r->lacked || known_elsewhere(&r->before, b, p))
		return true;
	return addr_is_set(&v->owner) && (is_configured(b, &v->owner) || is_member(b, &v->owner)) &&
	       !routes_by(b, &v->owner);
}

/* Is there a node in AFTER that BEFORE does not list? It may be an old one under another address. */
static bool has_newcomer(const struct digest_node *b, const struct digest_node *a)
{
	for (uint32_t i = 0; i < a->member_cnt; i++)
		if (!is_member(b, &a->member[i]))
			return true;
	for (uint32_t i = 0; i < a->peer_cnt; i++)
		if (a->peer[i].configured && !is_configured(b, &a->peer[i].addr))
			return true;
	return false;
}

/* Did the node that had the block leave the cluster? Only lists that had it can tell that. */
static bool owner_left(const struct routes *r, const struct addr *owner)
{
	const struct digest_node *b = r->p->b, *a = r->p->a;
	bool was_peer = is_configured(b, owner), was_member = is_member(b, owner);

	if (!addr_is_set(owner) || (!was_peer && !was_member))
		return false;
	if (was_peer && (!a->sources.peers || is_configured(a, owner)))
		return false;
	if (was_member && (!a->sources.nodes || is_member(a, owner)))
		return false;
	return !is_configured(a, owner) && !is_member(a, owner) && !has_newcomer(b, a);
}

/* Its node is there and announces other blocks: then this one was given up. */
static bool given_up(const struct routes *r, const struct block_view *v)
{
	const struct digest_node *a = r->p->a;
	const struct view_peer *peer = digest__peer(a, &v->owner);

	return addr_is_set(&v->owner) && peer && peer->up && a->sources.bird &&
	       !a->sources.recovering && !a->sources.stale && !v->elsewhere &&
	       (!v->a || !(v->a->known & (DG_BIRD | DG_FINDING))) && routes_by(a, &v->owner);
}

static void tell_why(struct diff_change *c, const struct routes *r, const struct block_view *v)
{
	const struct digest_block *b = v->a;

	if (r->p->a->sources.recovering)
		diff_note(c, "BIRD was restarted and still waits for its neighbours");
	else if (v->a && v->a->known & DG_BIRD)
		diff_note(c, "BIRD has it, the kernel has not");
	else if (v->elsewhere)
		diff_note(c, v->elsewhere->own ? "it is a block of %s" : "%s has a route to it",
			  v->elsewhere->who->name);
	else if (b && b->gone_ns && b->by.pid)
		diff_note(c, "removed by %s[%u]", b->by.comm, b->by.pid);
	else if (v->a && v->a->known & DG_FINDING)
		diff_note(c, "packets to it were lost");
}

static void route_gone(const struct routes *r, const struct prefix *p, const struct block_view *v,
		       struct diff_change *c)
{
	char owner[ADDR_STRLEN], text[PREFIX_STRLEN];

	if (!diff_has_state(r->p->a)) {
		c->state = DIFF_NOT_OBSERVED;
		c->doubt = c->was_wrong;
	} else if (owner_left(r, &v->owner)) {
		c->state = DIFF_NEW;
		c->was_wrong = false;
		diff_note(c, "its node %s left the cluster", addr_str(&v->owner, owner));
	} else if (given_up(r, v)) {
		c->doubt = true;
		diff_note(c, "its node %s announces other blocks only", addr_str(&v->owner, owner));
		diff_doubt(r->p->d, DOUBT_ROUTE,
			   "%s has no route any more: its node %s announces "
			   "other blocks only",
			   prefix_str(p, text), owner);
	} else {
		diff_blame(c, r->p->a->sources.recovering);
		tell_why(c, r, v);
	}
}

static bool same_effect(const struct digest_route *x, const struct digest_route *y)
{
	return x->type == y->type && addr_eq(&x->gw, &y->gw) && !strcmp(x->dev, y->dev);
}

static struct diff_change *add_route(const struct routes *r, const struct prefix *p,
				     enum diff_state state)
{
	struct diff_change *c = diff_add(r->p, DIFF_ROUTE, state);
	char text[PREFIX_STRLEN];

	if (!c)
		return NULL;
	snprintf(c->key, sizeof(c->key), "%s", p->len ? prefix_str(p, text) : "default");
	c->before.route = digest__route(r->p->b, p);
	c->after.route = digest__route(r->p->a, p);
	return c;
}

static void note_owner(struct diff_change *c)
{
	const struct digest_route *b = c->before.route, *a = c->after.route;

	if (b && a && same_effect(b, a) && b->protocol != a->protocol)
		diff_note(c, "the same way, by another program");
}

/* A route that is none to another node's block: told if it differs, and nobody's fault. */
static void plain_route(const struct routes *r, const struct prefix *p)
{
	struct diff_change *c;
	const struct digest_route *b = digest__route(r->p->b, p), *a = digest__route(r->p->a, p);

	if (!b && !a)
		return;
	c = add_route(r, p, b && a && same_effect(b, a) ? DIFF_UNCHANGED : DIFF_NEW);
	if (!c)
		return;
	note_owner(c);
	if (!diff_has_state(b ? r->p->a : r->p->b) && !(b && a))
		c->state = DIFF_NOT_OBSERVED;
}

static void block_route(const struct routes *r, const struct prefix *p, struct block_view *v)
{
	enum diff_state state = DIFF_NEW;
	struct diff_change *c;

	v->was_missing = was_missing(r, v, p);
	if (v->had && v->has)
		state = same_effect(v->had, v->has) ? DIFF_UNCHANGED : DIFF_NEW;
	else if (v->has)
		state = v->was_missing		? DIFF_FIXED :
			diff_has_state(r->p->b) ? DIFF_NEW :
						  DIFF_NOT_OBSERVED;
	else if (v->was_missing)
		state = DIFF_STILL_BROKEN;
	c = add_route(r, p, state);
	if (!c)
		return;
	c->before.route = c->before.route ? c->before.route : v->had;
	c->after.route = c->after.route ? c->after.route : v->has;
	c->owner = v->owner;
	c->was_wrong = v->was_missing;
	if (!v->has)
		route_gone(r, p, v, c);
	else
		note_owner(c);
}

static void one_prefix(const struct routes *r, const struct prefix *p)
{
	const struct digest_node *b = r->p->b, *a = r->p->a;
	struct block_view v = {
		.b = digest__block(b, p),
		.a = digest__block(a, p),
		.elsewhere = known_elsewhere(&r->after, a, p),
	};

	/* another node's block on one side, this node's own on the other: it moved */
	if ((!v.b && !v.a && !v.elsewhere) || is_own(a, p) || p->len >= 32) {
		plain_route(r, p);
		return;
	}
	v.had = digest__way(b, p);
	v.has = digest__way(a, p);
	if (v.b)
		v.owner = v.b->owner;
	if (v.a && addr_is_set(&v.a->owner))
		v.owner = v.a->owner;
	if (!addr_is_set(&v.owner) && v.elsewhere)
		v.owner = v.elsewhere->owner;
	/* what was guessed from lost packets, and another route's part */
	if (!v.b && !v.a && v.has && !prefix_eq(&v.has->dst, p))
		return;
	block_route(r, p, &v);
}

/* ---- all of them ---- */

static void add_prefixes(struct routes *r, const struct digest_node *n)
{
	for (uint32_t i = 0; i < n->route_cnt; i++)
		r->prefix[r->cnt++] = n->route[i].dst;
	for (uint32_t i = 0; i < n->block_cnt; i++)
		r->prefix[r->cnt++] = n->block[i].block;
}

static bool collect(struct routes *r)
{
	const struct digest_node *b = r->p->b, *a = r->p->a;
	size_t max =
		(size_t)b->route_cnt + b->block_cnt + a->route_cnt + a->block_cnt + r->after.cnt;

	r->prefix = calloc(max + 1, sizeof(*r->prefix));
	if (!r->prefix) {
		r->p->d->oom = true;
		return false;
	}
	add_prefixes(r, b);
	add_prefixes(r, a);
	for (uint32_t i = 0; i < r->after.cnt; i++)
		r->prefix[r->cnt++] = r->after.k[i].block;
	qsort(r->prefix, r->cnt, sizeof(*r->prefix), prefix_cmp);
	return true;
}

static bool lacked_routes(const struct digest_node *b)
{
	const struct check *c = digest__check(b, "routes");

	return c && (c->state == CHECK_PROBLEM || c->state == CHECK_WARN) &&
	       (c->cause == C_ROUTE_MISSING || c->cause == C_GRACEFUL_RESTART ||
		c->cause == C_ROUTE_NOT_ANNOUNCED);
}

void diff_routes(const struct diff_pair *p)
{
	struct routes r = { .p = p, .lacked = lacked_routes(p->b) };

	gather(&r.before, p->before_all, p->d);
	gather(&r.after, p->after_all, p->d);
	if (collect(&r))
		for (uint32_t i = 0; i < r.cnt; i++)
			if (!i || !prefix_eq(&r.prefix[i - 1], &r.prefix[i]))
				one_prefix(&r, &r.prefix[i]);
	free(r.before.k);
	free(r.after.k);
	free(r.prefix);
}
