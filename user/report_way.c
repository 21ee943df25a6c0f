// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way that a failing packet took, and the one that it should have taken, as steps: what both have
 * in common comes once. The drawing is report_draw.c's.
 */
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "render_int.h"
#include "report_way.h"
#include "rtnum.h"
#include "util.h"

static struct step *step_add(struct way *w, enum step_kind kind)
{
	struct step *st = &w->step[w->cnt < STEPS ? w->cnt : STEPS - 1];

	if (w->cnt < STEPS)
		w->cnt++;
	*st = (struct step){ .kind = kind };
	return st;
}

#define SET(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

/* ---- who owns the block, by what leads there ---- */

struct target {
	bool known, tunnel;
	struct addr owner;
	char node[NODE_LEN_SHORT], dev[DEV_LEN], uplink[DEV_LEN];
	enum encap_kind kind;
};

static const struct lane *lane_of(const struct report_node *n, const struct prefix *block)
{
	for (uint32_t i = 0; i < n->lane_cnt; i++)
		if (prefix_eq(&n->lane[i]->block, block))
			return n->lane[i];
	return NULL;
}

static void target_owner(const struct report_node *n, const struct journey *j,
			 const struct finding *f, struct target *t)
{
	const struct lane *l = lane_of(n, &j->packet.block);

	/* the route itself is what is wrong there */
	if (j->packet.verdict != V_WRONG_NEXTHOP) {
		if (j->should.nh_cnt)
			t->owner = j->should.nh[0].gw;
		if (!addr_is_set(&t->owner) && l)
			t->owner = l->owner;
	}
	if (!addr_is_set(&t->owner) && f && f->peer_cnt == 1)
		t->owner = f->peer[0];
	SET(t->node, "%s", peer_node(n, &t->owner));
	for (uint32_t i = 0; f && !t->node[0] && i < f->peer_cnt && i < MAX_BLOCKS; i++)
		if (addr_eq(&f->peer[i], &t->owner))
			SET(t->node, "%s", f->peer_node[i]);
	t->known = addr_is_set(&t->owner);
}

static struct target target_of(const struct report_node *n, const struct journey *j,
			       const struct finding *f)
{
	const struct lane *l = lane_of(n, &j->packet.block);
	struct target t = { 0 };
	bool vxlan = j->mode == POOL_VXLAN;

	target_owner(n, j, f, &t);
	SET(t.dev, "%s", j->should_dev[0] ? j->should_dev : l ? l->dev : "");
	t.tunnel = j->mode == POOL_IPIP || vxlan || !strcmp(t.dev, "tunl0") ||
		   !strcmp(t.dev, "vxlan.calico");
	if (t.tunnel && strcmp(t.dev, "tunl0") != 0 && strcmp(t.dev, "vxlan.calico") != 0)
		SET(t.dev, "%s", vxlan ? "vxlan.calico" : "tunl0");
	t.kind = !t.tunnel ? ENCAP_NONE : strcmp(t.dev, "tunl0") != 0 ? ENCAP_VXLAN : ENCAP_IPIP;
	SET(t.uplink, "%s", j->uplink);
	if (!t.uplink[0] && t.known)
		find_uplink(engine__mirror(n->rn->engine), &t.owner, t.uplink);
	return t;
}

/* ---- steps ---- */

static bool is_tunnel_name(const char *dev)
{
	return !strcmp(dev, "tunl0") || !strcmp(dev, "vxlan.calico") ||
	       !strcmp(dev, "wireguard.cali");
}

static bool is_workload(const char *dev)
{
	return !strncmp(dev, "cali", 4);
}

/* A pod by its name; its namespace and address below */
static void step_host(struct step *st, const struct addr *a, const char *pod, const char *role)
{
	const char *name = strchr(pod, '/');
	char buf[ADDR_STRLEN];

	addr_str(a, buf);
	SET(st->title, "%s", !pod[0] ? buf : name ? name + 1 : pod);
	if (pod[0] && name)
		SET(st->sub, "%.*s, %s", (int)(name - pod < 40 ? name - pod : 40), pod, buf);
	else
		SET(st->sub, "%s", pod[0] ? buf : role);
}

static void step_source(struct way *w, const struct report_node *n, const struct packet *p)
{
	struct step *st = step_add(w, STEP_END);

	step_host(st, &p->src, p->src_pod, "the sender");
	st = step_add(w, STEP_DEV);
	if (p->hop_cnt && p->hop[0].at == AT_TC_INGRESS) {
		SET(st->title, "%s", p->hop[0].dev);
		SET(st->sub, "%s %.60s",
		    is_workload(p->hop[0].dev) ? "from the pod into" : "came in to", n->name);
	} else {
		SET(st->title, "%.120s", n->name);
		SET(st->sub, "sent by the node itself");
	}
}

static void step_pod(struct way *w, const struct packet *p)
{
	step_host(step_add(w, STEP_END), &p->dst, p->dst_pod, "the receiver");
}

/* What comes from another node in a tunnel, and was not yet out of it when it was seen first */
static bool comes_in_tunnel(const struct packet *p, enum pool_mode mode)
{
	return p->hop_cnt && p->hop[0].at == AT_TC_INGRESS && !is_workload(p->hop[0].dev) &&
	       !is_tunnel_name(p->hop[0].dev) && (mode == POOL_IPIP || mode == POOL_VXLAN);
}

static void step_unpack(struct way *w, enum pool_mode mode)
{
	struct step *st = step_add(w, STEP_TUNNEL);

	SET(st->title, "%s", mode == POOL_VXLAN ? "vxlan.calico" : "tunl0");
	SET(st->sub, "out of the tunnel");
}

static void step_node(struct way *w, const struct target *t)
{
	struct step *st = step_add(w, STEP_NODE);
	char buf[ADDR_STRLEN];

	if (!t->known) {
		SET(st->title, "the block's node");
		SET(st->sub, "nobody told which one it is");
		return;
	}
	addr_str(&t->owner, buf);
	SET(st->title, "%s", t->node[0] ? t->node : buf);
	SET(st->sub, "%s%snode of the block", t->node[0] ? buf : "", t->node[0] ? ", " : "");
}

static void step_encap(struct step *st, enum encap_kind kind, const struct addr *dst)
{
	char buf[ADDR_STRLEN];

	st->kind = STEP_TUNNEL;
	SET(st->sub, "%s%s%s", kind == ENCAP_NONE ? "the tunnel" : encap_name(kind),
	    addr_is_set(dst) ? " to " : "", addr_is_set(dst) ? addr_str(dst, buf) : "");
}

/* To a pod of this very node */
static void should_local(struct way *w, const struct journey *j)
{
	char buf[PREFIX_STRLEN];
	struct step *st;

	if (comes_in_tunnel(&j->packet, j->mode))
		step_unpack(w, j->mode);
	st = step_add(w, STEP_ROUTE);
	SET(st->title, "%s", route_dst_str(&j->should.dst, buf));
	SET(st->sub, "route dev %s", j->should_dev);
	SET(step_add(w, STEP_DEV)->title, "%s", j->should_dev);
	step_pod(w, &j->packet);
}

static void should_of(struct way *w, const struct report_node *n, const struct journey *j,
		      const struct finding *f)
{
	struct target t = target_of(n, j, f);
	char buf[PREFIX_STRLEN], gw[ADDR_STRLEN];
	struct step *st;

	step_source(w, n, &j->packet);
	if (j->own) {
		should_local(w, j);
		return;
	}
	st = step_add(w, STEP_ROUTE);
	SET(st->title, "%s",
	    addr_is_set(&j->packet.block.addr) ? prefix_str(&j->packet.block, buf) : "a route");
	if (t.known)
		SET(st->sub, "route via %s dev %s", addr_str(&t.owner, gw), t.dev[0] ? t.dev : "?");
	else
		SET(st->sub, "a route to its node");
	if (t.tunnel) {
		st = step_add(w, STEP_TUNNEL);
		SET(st->title, "%s", t.dev);
		step_encap(st, t.kind, &t.owner);
	}
	if (t.uplink[0] || !t.tunnel) {
		st = step_add(w, STEP_DEV);
		SET(st->title, "%s", t.uplink[0] ? t.uplink : t.dev[0] ? t.dev : "the uplink");
		SET(st->sub, "out of %.60s", n->name);
	}
	step_node(w, &t);
	step_pod(w, &j->packet);
}

/* ---- what happened ---- */

static void took_route(struct way *w, const struct packet *p)
{
	const struct route_ref *r = &p->route;
	char dst[PREFIX_STRLEN], gw[ADDR_STRLEN], word[WORD_LEN];
	struct step *st;

	if (!r->have) {
		if (p->verdict != V_NO_ROUTE)
			return;
		st = step_add(w, STEP_ROUTE);
		SET(st->title, "no route");
		SET(st->sub, "nothing matches the address");
		return;
	}
	st = step_add(w, STEP_ROUTE);
	if (r->have_dst)
		SET(st->title, "%s", route_dst_str(&r->dst, dst));
	else
		SET(st->title, "a route");
	if (r->type > RTN_LOCAL)
		SET(st->sub, "%s route", route_type_name(r->type, word));
	else if (addr_is_set(&r->gw))
		SET(st->sub, "route via %s dev %s", addr_str(&r->gw, gw), r->dev);
	else
		SET(st->sub, "route dev %s", r->dev);
}

static void took_devices(struct way *w, const struct report_node *n, const struct packet *p)
{
	for (int i = 0; i < p->hop_cnt && i < MAX_HOPS; i++) {
		const struct hop *hop = &p->hop[i];
		struct step *st;

		if (hop->at != AT_TC_EGRESS)
			continue;
		st = step_add(w, STEP_DEV);
		SET(st->title, "%s", hop->dev);
		if (is_tunnel_name(hop->dev))
			step_encap(st, p->encap.kind, &p->encap.dst);
		else if (is_workload(hop->dev))
			SET(st->sub, "to the pod");
		else
			SET(st->sub, "%s%s", p->encap.kind == ENCAP_NONE ? "no tunnel, " : "",
			    n->name[0] ? "out of the node" : "");
	}
}

/* The same words as on the way that it should have gone, where it went there */
static void align_uplink(struct way *took, const struct way *should)
{
	for (uint32_t i = 0; i < took->cnt; i++)
		for (uint32_t k = 0; k < should->cnt; k++)
			if (i == k && took->step[i].kind != STEP_ROUTE &&
			    took->step[i].kind == should->step[k].kind &&
			    !strcmp(took->step[i].title, should->step[k].title) &&
			    strncmp(took->step[i].sub, "no tunnel", 9) != 0)
				took->step[i] = should->step[k];
}

static void end_words(struct step *st, const struct packet *p)
{
	char buf[ADDR_STRLEN];

	switch (p->verdict) {
	case V_LEAKED:
		SET(st->title, "%s",
		    addr_is_set(&p->route.gw) ? addr_str(&p->route.gw, buf) : "the link");
		SET(st->sub, "does not know the pods' addresses: lost");
		return;
	case V_WRONG_NEXTHOP:
		SET(st->title, "%s",
		    p->encap.kind != ENCAP_NONE ? addr_str(&p->encap.dst, buf) :
						  addr_str(&p->route.gw, buf));
		SET(st->sub, "not the node of the block");
		return;
	case V_UNANSWERED:
		SET(st->title, "no answer");
		SET(st->sub, "nothing came back in time");
		return;
	case V_NO_ROUTE:
		SET(st->title, "dropped");
		SET(st->sub, "the sender is told: unreachable");
		if (!p->route.have)
			SET(st->sub, "nowhere to go");
		return;
	default:
		SET(st->title, "dropped");
		if (p->dev[0])
			SET(st->sub, "%s at %s", verdict_name(p->verdict), p->dev);
		else
			SET(st->sub, "%s", verdict_name(p->verdict));
	}
}

/* Dropped on arrival: it never got as far as a route. */
static bool before_route(const struct packet *p)
{
	return p->verdict == V_RP_FILTER || p->verdict == V_MARTIAN || p->verdict == V_ALLOWLIST ||
	       (p->verdict == V_FILTERED && p->nf_hook != NF_HOOK_NONE &&
		p->nf_hook <= NF_HOOK_INPUT);
}

static bool came_out_of_tunnel(const struct packet *p, enum pool_mode mode)
{
	if (!comes_in_tunnel(p, mode))
		return false;
	for (int i = 1; i < p->hop_cnt && i < MAX_HOPS; i++)
		if (is_tunnel_name(p->hop[i].dev) || is_workload(p->hop[i].dev))
			return true;
	return is_tunnel_name(p->dev) || is_workload(p->dev);
}

static void took_of(struct way *w, const struct report_node *n, const struct journey *j,
		    const struct way *should)
{
	const struct packet *p = &j->packet;

	step_source(w, n, p);
	if (came_out_of_tunnel(p, j->mode))
		step_unpack(w, j->mode);
	if (!before_route(p)) {
		took_route(w, p);
		took_devices(w, n, p);
		align_uplink(w, should);
	}
	/* what left as it should reached the other node's wire, for all that is known */
	if (w->cnt == STEPS)
		w->cnt--;
	end_words(step_add(w, p->verdict == V_UNANSWERED ? STEP_QUERY : STEP_LOST), p);
}

static bool same(const struct step *a, const struct step *b)
{
	return a->kind == b->kind && !strcmp(a->title, b->title) && !strcmp(a->sub, b->sub);
}

void ways_of(const struct report_node *n, const struct journey *j, const struct finding *f,
	     struct ways *w)
{
	*w = (struct ways){ 0 };
	should_of(&w->should, n, j, f);
	took_of(&w->took, n, j, &w->should);
	while (w->common < w->took.cnt && w->common < w->should.cnt &&
	       same(&w->took.step[w->common], &w->should.step[w->common]))
		w->common++;
}
