// SPDX-License-Identifier: GPL-2.0-only
/* Sessions, addresses, links, and what the audit says of both sides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "diff_priv.h"

/* ---- sessions ---- */

static struct diff_change *add_peer(const struct diff_pair *p, const struct view_peer *b,
				    const struct view_peer *a)
{
	struct diff_change *c = diff_add(p, DIFF_PEER, DIFF_UNCHANGED);
	char text[ADDR_STRLEN];

	if (!c)
		return NULL;
	snprintf(c->key, sizeof(c->key), "%s", addr_str(a ? &a->addr : &b->addr, text));
	c->before.peer = b;
	c->after.peer = a;
	c->was_wrong = b && b->configured && !b->up;
	return c;
}

/* It is not among AFTER's neighbours: taken out of the configuration, or nobody asked? */
static void peer_gone(const struct diff_pair *p, struct diff_change *c)
{
	const struct view_peer *b = c->before.peer;

	if (!p->a->sources.peers) {
		c->state = DIFF_NOT_OBSERVED;
		c->doubt = b->configured;
		if (c->doubt)
			diff_doubt(p->d, DOUBT_SESSION,
				   "AFTER does not tell which BGP sessions %s should have",
				   p->a->name);
		return;
	}
	c->state = b->up || !b->configured ? DIFF_NEW : DIFF_FIXED;
	diff_note(c, "no longer configured");
}

static void peer_down(const struct diff_pair *p, struct diff_change *c)
{
	const struct view_peer *a = c->after.peer;

	c->state = c->before.peer && !c->before.peer->up ? DIFF_STILL_BROKEN : DIFF_NEW;
	/* only TCP shows it: whether a session is meant is not known */
	if (!a->configured) {
		c->doubt = true;
		diff_doubt(p->d, DOUBT_SESSION,
			   "no session with %s stands, and AFTER does not tell whether one should",
			   c->key);
		return;
	}
	diff_blame(c, a->restarts || p->a->sources.recovering);
	if (a->trouble[0])
		diff_note(c, "%s", a->trouble);
}

static void one_peer(const struct diff_pair *p, const struct view_peer *b,
		     const struct view_peer *a)
{
	struct diff_change *c = add_peer(p, b, a);

	if (!c)
		return;
	if (!a)
		peer_gone(p, c);
	else if (!a->up)
		peer_down(p, c);
	else if (b)
		c->state = b->up ? DIFF_UNCHANGED : DIFF_FIXED;
	else
		c->state = diff_has_state(p->b) ? DIFF_NEW : DIFF_NOT_OBSERVED;
}

/* All sessions may stand that TCP shows: which should is told by BIRD and its configuration. */
static void doubt_peers(const struct diff_pair *p)
{
	if (p->a->sources.peers || p->a->foreign || (!p->a->peer_cnt && !p->b->peer_cnt))
		return;
	diff_doubt(p->d, DOUBT_SESSION, "AFTER does not tell which BGP sessions %s should have",
		   p->a->name);
}

void diff_peers(const struct diff_pair *p)
{
	for (uint32_t i = 0; i < p->b->peer_cnt; i++) {
		const struct view_peer *b = &p->b->peer[i];

		one_peer(p, b, digest__peer(p->a, &b->addr));
	}
	for (uint32_t i = 0; i < p->a->peer_cnt; i++) {
		const struct view_peer *a = &p->a->peer[i];

		if (!digest__peer(p->b, &a->addr))
			one_peer(p, NULL, a);
	}
	doubt_peers(p);
}

/* ---- addresses ---- */

static int addr_cmp(const struct digest_addr *x, const struct digest_addr *y)
{
	int diff = memcmp(x->address.addr.b, y->address.addr.b, sizeof(x->address.addr.b));

	if (!diff)
		diff = (int)x->address.len - (int)y->address.len;
	return diff ? diff : strcmp(x->dev, y->dev);
}

static void one_addr(const struct diff_pair *p, const struct digest_addr *b,
		     const struct digest_addr *a)
{
	struct diff_change *c = diff_add(p, DIFF_ADDRESS, b && a ? DIFF_UNCHANGED : DIFF_NEW);
	const struct digest_addr *x = a ? a : b;
	char text[PREFIX_STRLEN];

	if (!c)
		return;
	snprintf(c->key, sizeof(c->key), "%s dev %s", prefix_str(&x->address, text), x->dev);
	c->before.addr = b;
	c->after.addr = a;
	if (!diff_has_state(b ? p->a : p->b) && !(b && a))
		c->state = DIFF_NOT_OBSERVED;
}

/* Both lists are in order: they are merged. */
void diff_addrs(const struct diff_pair *p)
{
	const struct digest_addr *b = p->b->addr, *a = p->a->addr;
	const struct digest_addr *b_end = b + p->b->addr_cnt, *a_end = a + p->a->addr_cnt;

	while (b < b_end || a < a_end) {
		int diff = b == b_end ? 1 : a == a_end ? -1 : addr_cmp(b, a);

		one_addr(p, diff <= 0 ? b : NULL, diff >= 0 ? a : NULL);
		b += diff <= 0;
		a += diff >= 0;
	}
}

/* ---- links ---- */

static enum diff_state link_state(const struct diff_pair *p, const struct digest_link *b,
				  const struct digest_link *a)
{
	if (!b || !a)
		return diff_has_state(b ? p->a : p->b) ? DIFF_NEW : DIFF_NOT_OBSERVED;
	if (!b->up && a->up)
		return DIFF_FIXED;
	return b->up == a->up && b->running == a->running && b->mtu == a->mtu ? DIFF_UNCHANGED :
										DIFF_NEW;
}

/* That a tunnel device is down or gone is told by the audit, which knows whether it is needed. */
static void one_link(const struct diff_pair *p, const struct digest_link *b,
		     const struct digest_link *a)
{
	struct diff_change *c = diff_add(p, DIFF_LINK, link_state(p, b, a));

	if (!c)
		return;
	snprintf(c->key, sizeof(c->key), "%s", a ? a->name : b->name);
	c->before.link = b;
	c->after.link = a;
}

void diff_links(const struct diff_pair *p)
{
	const struct digest_link *b = p->b->link, *a = p->a->link;
	const struct digest_link *b_end = b + p->b->link_cnt, *a_end = a + p->a->link_cnt;

	/* what another program captured has devices by name, and no state of theirs */
	if (p->a->foreign || p->b->foreign)
		return;
	while (b < b_end || a < a_end) {
		int diff = b == b_end ? 1 : a == a_end ? -1 : strcmp(b->name, a->name);

		one_link(p, diff <= 0 ? b : NULL, diff >= 0 ? a : NULL);
		b += diff <= 0;
		a += diff >= 0;
	}
}

/* ---- the audit ---- */

static void check_wrong(struct diff_change *c)
{
	c->state = c->was_wrong ? DIFF_STILL_BROKEN : DIFF_NEW;
	diff_blame(c, c->after.check->cause == C_GRACEFUL_RESTART);
}

static void check_unknown(const struct diff_pair *p, struct diff_change *c)
{
	const struct check *a = c->after.check;

	c->state = DIFF_NOT_OBSERVED;
	c->doubt = (a && a->needed) || c->was_wrong;
	if (c->doubt)
		diff_doubt(p->d, DOUBT_CHECK, "check %s of AFTER does not know on %s%s%s",
			   c->key + strlen("check/"), p->a->name, a ? ": " : "",
			   a ? a->explain : "");
}

/* A warning is no problem; but what was one is not cured as long as it remains. */
static void check_warns(const struct diff_pair *p, struct diff_change *c)
{
	const struct check *a = c->after.check;
	bool same = c->before.check && c->before.check->state == CHECK_WARN &&
		    c->before.check->cause == a->cause;

	c->state = c->was_wrong ? DIFF_STILL_BROKEN : same ? DIFF_UNCHANGED : DIFF_NEW;
	c->doubt = c->was_wrong || a->cause == C_GRACEFUL_RESTART;
	if (a->cause == C_GRACEFUL_RESTART)
		diff_doubt(p->d, DOUBT_RESTART, "%s: %s", p->a->name, a->explain);
	else if (c->doubt)
		diff_doubt(p->d, DOUBT_CHECK, "check %s still warns on %s: %s",
			   c->key + strlen("check/"), p->a->name, a->explain);
}

static void one_check(const struct diff_pair *p, const struct check *b, const struct check *a)
{
	struct diff_change *c = diff_add(p, DIFF_FINDING, DIFF_UNCHANGED);

	if (!c)
		return;
	snprintf(c->key, sizeof(c->key), "check/%s", a ? a->name : b->name);
	c->before.check = b;
	c->after.check = a;
	c->was_wrong = b && b->state == CHECK_PROBLEM;
	if (!a || a->state == CHECK_UNKNOWN)
		check_unknown(p, c);
	else if (a->state == CHECK_PROBLEM)
		check_wrong(c);
	else if (a->state == CHECK_WARN)
		check_warns(p, c);
	else if (b && (b->state == CHECK_PROBLEM || b->state == CHECK_WARN))
		c->state = DIFF_FIXED;
}

void diff_checks(const struct diff_pair *p)
{
	/* what no calitrace captured has nothing to audit */
	if (p->a->foreign)
		return;
	for (uint32_t i = 0; i < p->b->check_cnt && !p->b->foreign; i++)
		one_check(p, &p->b->check[i], digest__check(p->a, p->b->check[i].name));
	for (uint32_t i = 0; i < p->a->check_cnt; i++)
		if (p->b->foreign || !digest__check(p->b, p->a->check[i].name))
			one_check(p, NULL, &p->a->check[i]);
}
