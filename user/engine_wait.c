// SPDX-License-Identifier: GPL-2.0-only
/* Packets whose verdict is there, and waits for what only comes after them. */
#include "diagnose.h"
#include "engine_priv.h"
#include "way.h"

/* BIRD is asked at most a second after a route changed, and has another to answer. */
#define ASKED_NS (2 * NSEC_PER_SEC)

/* ---- a device that may be about to go ---- */

/*
 * What a pod was about to send when its device went down: if the device is gone soon after, the pod
 * was deleted, and nobody misses the packet.
 */
static bool may_leave(const struct trk *t)
{
	return t->pod_drop && !t->leaving && t->role == ROLE_REQUEST && t->verdict == V_LINK_DOWN;
}

void wait_leave(struct engine *e, struct trk *t)
{
	if (!mirror__link_info(e->mirror, t->ifindex)) {
		t->verdict = V_NONE;
		t->answered = true;
		list_del(&t->reply);
	}
	engine_settle(e, t);
}

/* ---- a block that may have moved ---- */

/* Its route leads to another node since a moment ago, and BIRD has not been heard about it. */
static bool is_open(const struct engine *e, const struct trk *t)
{
	const struct owner *w;

	if (e->now_ns >= e->moved_ns + ASKED_NS)
		return false;
	w = way_of(e, &t->dst)->owner;
	return w && w->moved_ns && w->moved_ns > e->world.told_ns[SOURCE_BIRD] &&
	       e->now_ns < w->moved_ns + ASKED_NS && world_is_recent(e, SOURCE_BIRD) &&
	       !bird_recovers(e);
}

void wait_told(struct engine *e)
{
	for (struct list *p = e->asking.next, *next; p != &e->asking; p = next) {
		struct trk *t = list_entry(p, struct trk, settle);

		next = p->next;
		if (is_open(e, t))
			continue;
		list_del(&t->settle);
		t->settle_at = e->now_ns;
		list_append(&e->settle, &t->settle);
		e->due_ns = 0;
	}
}

bool wait_more(struct engine *e, struct trk *t)
{
	if (may_leave(t)) {
		t->leaving = true;
		engine_settle_later(e, t, &e->leaving, LEAVE_NS);
		return true;
	}
	if (t->verdict != V_SENT || t->settled || !t->by_owner)
		return false;
	if (!t->asked_bird && is_open(e, t)) {
		t->asked_bird = true;
		engine_settle_later(e, t, &e->asking, ASKED_NS);
		return true;
	}
	if (t->asked_bird && owner_differs(e, &t->dst, &t->route.gw))
		t->verdict = V_WRONG_NEXTHOP;
	return false;
}
