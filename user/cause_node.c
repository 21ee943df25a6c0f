// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes in this node's place in the cluster: what keeps its sessions down, what its peers do not
 * tell it, and by which address it is known.
 */
#include "cause_priv.h"

#include <string.h>

#include "addr.h"
#include "util.h"

/* The peer whose session the finding hangs on, as all sources show it */
static const struct peer_view *down_view(const struct facts *x)
{
	return x->down_peer ? peers_find(&x->d->peers, &x->down_peer->peer) : NULL;
}

/* ---- this node cannot speak BGP at all ---- */

static bool row_bird_down(const struct facts *x)
{
	return cause_bgp_down(x) && bird_is_down(x->e, NULL);
}

static enum confidence sure_bird_down(const struct facts *x)
{
	bool sure = false;

	bird_is_down(x->e, &sure);
	return sure ? CONF_CERTAIN : CONF_LIKELY;
}

static void say_bird_down(const struct facts *x, struct because *b)
{
	(void)b;
	evidence(x->f, "no process listens on port 179%s",
		 sure_bird_down(x) == CONF_CERTAIN ?
			 ", and no process bird runs in the node's network namespace" :
			 "");
}

static bool row_recovers(const struct facts *x)
{
	/* what Felix programs does not wait for BIRD */
	if (!bird_recovers(x->e) || x->felix ||
	    (x->gone && x->gone->route.protocol != RTPROT_BIRD) ||
	    (!x->gone && x->base && x->base->route && x->base->protocol != RTPROT_BIRD))
		return false;
	return cause_route_missing(x) || cause_bgp_down(x);
}

static void say_recovers(const struct facts *x, struct because *b)
{
	const struct obs_bird *bird = &x->e->world.bird[0];

	(void)b;
	evidence(x->f, "BIRD was restarted, and waits for %u protocol%s: %u of %u s are left",
		 bird->waiting_for, bird->waiting_for == 1 ? "" : "s", bird->wait_s,
		 bird->wait_max_s);
}

/* TCP 179 to all who should answer is silent, and nothing is known against the address. */
static bool row_blocked_all(const struct facts *x)
{
	return cause_bgp_down(x) && !bird_is_down(x->e, NULL) && x->d->self.what < SELF_ABSENT &&
	       peers_blocked(x->e, &x->d->peers);
}

static void say_blocked_all(const struct facts *x, struct because *b)
{
	(void)b;
	evidence(x->f, "none of %u peers answers on TCP port 179", x->d->peers.silent);
}

/* ---- this node's own address ---- */

static bool row_self(const struct facts *x)
{
	const struct self_view *s = &x->d->self;
	const struct pool *pool;

	if (s->what < SELF_ABSENT || bird_is_down(x->e, NULL))
		return false;
	if (cause_bgp_down(x))
		return true;
	/* the routes stand, but tunnel packets come from an address that nobody lets in */
	pool = judge_pool(x->e, &x->f->example);
	if (x->f->f.verdict != V_UNANSWERED || x->f->local || !pool)
		return false;
	if (pool->mode == POOL_IPIP && s->what == SELF_UNLISTED)
		return true;
	return (pool->mode == POOL_IPIP || pool->mode == POOL_VXLAN) && s->what < SELF_REFUSED &&
	       x->felix;
}

static enum confidence sure_self(const struct facts *x)
{
	return cause_bgp_down(x) ? x->d->self.conf : CONF_LIKELY;
}

struct others {
	const struct facts *x;
	uint32_t told;
};

/* Without knowing which: addresses that might have been taken for the node's */
static void other_address(void *ctx, const struct obs_addr *a)
{
	char text[PREFIX_STRLEN];
	struct others *o = ctx;
	const struct engine *e = o->x->e;

	if (o->told == 2 || a->address.addr.family != 4 || a->address.addr.b[0] == 127 ||
	    judge_pool(e, &a->address.addr) || judge_dev(e, a->ifindex) != DEV_OTHER ||
	    addr_eq(&a->address.addr, &o->x->d->self.used))
		return;
	o->told++;
	evidence(o->x->f, "this node has another address, too: %s on %s",
		 prefix_str(&a->address, text), mirror__dev(e->mirror, a->ifindex));
}

static void say_refused(const struct facts *x)
{
	struct others o = { .x = x };

	evidence(x->f,
		 "%u of %u peers accept this node's connections and close them at once: they "
		 "do not know the address that it comes from",
		 x->d->peers.closes, x->d->peers.cnt);
	mirror__each_addr(x->e->mirror, other_address, &o);
}

static void say_self(const struct facts *x, struct because *b)
{
	const struct self_view *s = &x->d->self;
	char reg[ADDR_STRLEN] = "", used[ADDR_STRLEN] = "";

	(void)b;
	if (addr_is_set(&s->registered))
		addr_str(&s->registered, reg);
	if (addr_is_set(&s->used))
		addr_str(&s->used, used);
	switch (s->what) {
	case SELF_ABSENT:
		evidence(x->f,
			 "BIRD speaks from %s, which is no address of this node: bind() fails",
			 reg);
		break;
	case SELF_UNUSED:
		evidence(x->f, "BIRD speaks from %s (%s), the kernel from %s", reg, s->dev, used);
		break;
	case SELF_UNLISTED:
		if (reg[0])
			evidence(x->f,
				 "Felix lists this node as %s (on %s), and not as %s, which the "
				 "kernel uses towards the peers",
				 reg, s->dev, used);
		else
			evidence(x->f,
				 "Felix' list of nodes has not %s, which the kernel uses towards "
				 "the peers",
				 used);
		break;
	default:
		say_refused(x);
	}
}

/* ---- another node's address ---- */

static bool is_stray(const struct facts *x, const struct addr *a)
{
	return addr_is_set(a) &&
	       (addr_eq(a, &x->d->stray.knocker) ||
		(addr_is_set(&x->d->stray.registered) && addr_eq(a, &x->d->stray.registered)));
}

/* The block's node is a neighbour under another address than it had when the baseline was made. */
static bool is_renamed(const struct facts *x)
{
	return x->base && x->down_peer_known && x->down_peer && cause_route_missing(x) &&
	       addr_is_set(&x->base->owner) && !addr_eq(&x->base->owner, &x->down_peer->peer) &&
	       !strcmp(world_node_name(x->e, &x->down_peer->peer), x->base->name);
}

/* Felix' route stands, and leads to the address that the node is registered with. */
static bool sent_astray(const struct facts *x)
{
	struct addr node = x->f->encapsulated ? x->f->encap_dst :
						diag_node_of(x->e, &x->f->gateway);

	return (x->f->f.verdict == V_UNANSWERED || x->f->f.verdict == V_NEIGH_FAILED) &&
	       !x->f->in_pod && addr_is_set(&node) && addr_is_set(&x->d->stray.registered) &&
	       addr_eq(&node, &x->d->stray.registered);
}

static bool row_stray(const struct facts *x)
{
	if (x->all_down && !sent_astray(x))
		return false;
	if (is_renamed(x))
		return true;
	if (!x->d->stray.have)
		return false;
	if (x->f->f.verdict == V_ALLOWLIST)
		return is_stray(x, &x->f->encap_src);
	if (sent_astray(x))
		return true;
	if (!cause_peer_down(x) && !cause_route_missing(x))
		return false;
	/* the route was somebody else's: it is known whose */
	if (!x->down_peer_known && x->gone && x->gone->route.nh_cnt &&
	    !is_stray(x, &x->gone->route.nh[0].gw))
		return false;
	if (!x->down_peer_known && !x->gone && x->base && addr_is_set(&x->base->owner) &&
	    !is_stray(x, &x->base->owner))
		return false;
	/* whose block it was nobody may have told; then this is the one that is known to be wrong */
	return !x->down_peer_known || is_stray(x, &x->down_peer->peer);
}

static enum confidence sure_stray(const struct facts *x)
{
	if (is_renamed(x))
		return CONF_LIKELY;
	if (x->f->f.verdict == V_ALLOWLIST || x->down_peer_known || sent_astray(x))
		return x->d->stray.conf;
	/* it may be any of those that never answer */
	return addr_is_set(&x->d->stray.registered) ? CONF_LIKELY : CONF_UNCLEAR;
}

static void say_stray(const struct facts *x, struct because *b)
{
	const struct stray_view *s = &x->d->stray;
	char knock[ADDR_STRLEN], reg[ADDR_STRLEN], pod[ADDR_STRLEN];

	(void)b;
	if (is_renamed(x))
		evidence(x->f, "%s is known here as %s now, and was %s in the baseline",
			 x->base->name, addr_str(&x->down_peer->peer, reg),
			 addr_str(&x->base->owner, knock));
	if (!s->have)
		return;
	addr_str(&s->knocker, knock);
	if (addr_is_set(&s->sender))
		evidence(x->f,
			 "packets of %s, which is routed to %s%s%s%s, come from %s, and no "
			 "session with %s stands",
			 addr_str(&s->sender, pod), addr_str(&s->registered, reg),
			 s->node[0] ? " (" : "", s->node, s->node[0] ? ")" : "", knock, reg);
	else if (addr_is_set(&s->registered))
		evidence(x->f,
			 "peer %s%s%s%s never answers, while %s connects and is refused, as it is "
			 "no peer here",
			 addr_str(&s->registered, reg), s->node[0] ? " (" : "", s->node,
			 s->node[0] ? ")" : "", knock);
	else
		evidence(x->f, "%s connects and is refused, as it is no peer here", knock);
}

static bool row_unlisted(const struct facts *x)
{
	const struct pool *pool = judge_pool(x->e, &x->f->example);
	uint8_t list = x->e->node_lists;

	/* each kind of tunnel has a list of its own */
	if (pool && pool->mode == POOL_IPIP)
		list &= NODES_IPIP;
	else if (pool && pool->mode == POOL_VXLAN)
		list &= NODES_VXLAN;
	return x->f->f.verdict == V_ALLOWLIST && addr_is_set(&x->f->encap_src) && list &&
	       !owner_is_listed(x->e, &x->f->encap_src, list);
}

static void say_unlisted(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "the tunnel packets come from %s, which is not on Felix' list of nodes",
		 addr_str(&x->f->encap_src, a));
}

/* ---- one peer ---- */

static bool row_blocked_one(const struct facts *x)
{
	const struct peer_view *v = down_view(x);

	return cause_peer_down(x) && v && v->silent && v->alive && !row_stray(x);
}

static void say_blocked_one(const struct facts *x, struct because *b)
{
	const struct peer_view *v = down_view(x);
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "%s is alive, but TCP port 179 there: %s", addr_str(&v->addr, a),
		 peer_trouble(v));
}

static bool row_unreachable(const struct facts *x)
{
	const struct peer_view *v = down_view(x);
	const struct obs_neigh *n = v ? world_neigh(x->e, &v->addr) : NULL;

	return cause_peer_down(x) && x->down_peer_known && n && n->failed && !v->alive;
}

static void say_unreachable(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f, "%s does not answer ARP", addr_str(&x->down_peer->peer, a));
}

/* ---- sessions stand, and the route is not among what they brought ---- */

/* Without tunnels a node of the mesh may have no block, but somebody has, and none is out of sight. */
static bool may_own(const struct facts *x, const struct peer_view *v)
{
	const struct peers *p = &x->d->peers;

	return peer_owns_block(x->e, v) || (v->kind == PEER_MESH && p->up == p->cnt);
}

/* The node whose block it was: the last route's gateway, else the only one that has none */
static const struct peer_view *silent_owner(const struct facts *x, bool *known)
{
	const struct peers *p = &x->d->peers;
	const struct peer_view *found = NULL;

	*known = x->gone && x->gone->route.nh_cnt;
	if (*known) {
		struct addr node = diag_node_of(x->e, &x->gone->route.nh[0].gw);

		return peers_find(p, &node);
	}
	if (x->base && addr_is_set(&x->base->owner)) {
		*known = true;
		return peers_find(p, &x->base->owner);
	}
	for (uint32_t i = 0; i < p->cnt; i++) {
		if (!may_own(x, &p->peer[i]) || diag_routes_by(x->d, &p->peer[i].addr))
			continue;
		if (found)
			return NULL;
		found = &p->peer[i];
	}
	return found;
}

/*
 * A reflector's or a router's neighbours do not own the blocks that they bring: if all of them have
 * sessions, none of them announces it. NULL: there are nodes that speak for themselves.
 */
static const struct peer_view *silent_hub(const struct facts *x)
{
	const struct peers *p = &x->d->peers;

	if (!p->cnt || p->up != p->cnt || !p->told)
		return NULL;
	for (uint32_t i = 0; i < p->cnt; i++)
		if (p->peer[i].kind == PEER_MESH)
			return NULL;
	return &p->peer[0];
}

static bool bird_has_it(const struct facts *x)
{
	const struct finding *f = &x->f->f;

	if (addr_is_set(&x->back.addr))
		return world_broute_of(x->e, &x->back);
	for (uint32_t i = 0; i < f->block_cnt; i++)
		if (world_broute_of(x->e, &f->block[i]))
			return true;
	return false;
}

static bool row_not_announced(const struct facts *x)
{
	const struct peer_view *v;
	bool known;

	if (!cause_route_missing(x) || x->all_down || bird_recovers(x->e) ||
	    !world_is_fresh(x->e, SOURCE_BIRD) || bird_has_it(x))
		return false;
	if (x->gone ? x->gone->route.protocol != RTPROT_BIRD ||
			      x->e->world.told_ns[SOURCE_BIRD] < x->gone->ts_ns :
		      x->felix || x->d->unmapped)
		return false;
	v = silent_owner(x, &known);
	return v ? v->up : silent_hub(x) != NULL;
}

static enum confidence sure_not_announced(const struct facts *x)
{
	bool known;

	return silent_owner(x, &known) && known ? CONF_CERTAIN : CONF_LIKELY;
}

static void say_not_announced(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];
	bool known;
	const struct peer_view *v = silent_owner(x, &known);

	(void)b;
	if (!v) {
		evidence(x->f, "BIRD has no route for the block, though %s established",
			 x->d->peers.cnt > 1 ? "all its sessions are" : "its session is");
		return;
	}
	addr_str(&v->addr, a);
	node_suffix(x->e, &v->addr, node, sizeof(node));
	if (known)
		evidence(
			x->f,
			"the session with %s%s is established, and BIRD has no route for the block",
			a, node);
	else
		evidence(x->f,
			 "BIRD has no route for the block; of those whose session is established "
			 "%s%s alone brings none, but whether the block is its own nobody told",
			 a, node);
}

const struct cause_row cause_node_rows[] = {
	{ C_BIRD_DOWN, row_bird_down, sure_bird_down, CONF_CERTAIN, say_bird_down,
	  "No BIRD runs on this node.",
	  "look at the log of this node's calico-node pod, for why bird does not run" },
	{ C_BGP_BLOCKED, row_blocked_all, NULL, CONF_LIKELY, say_blocked_all,
	  "TCP port 179 is blocked between this node and its peers.",
	  "look for a firewall between this node and its peers that drops TCP port 179" },
	{ C_GRACEFUL_RESTART, row_recovers, NULL, CONF_CERTAIN, say_recovers,
	  "BIRD was restarted, and has not learnt its routes again yet.",
	  "wait until calitrace check no longer shows a graceful restart; a peer that never comes up "
	  "makes it last to its end" },
	{ C_NODE_ADDRESS_MISMATCH, row_self, sure_self, CONF_LIKELY, say_self,
	  "The cluster knows this node by an address that it does not use.",
	  "compare calicoctl get node -o wide with ip addr here; correct this node's address "
	  "(IP_AUTODETECTION_METHOD), then restart this node's calico-node pod" },
	{ C_PEER_NOT_IN_ALLOWLIST, row_unlisted, NULL, CONF_CERTAIN, say_unlisted,
	  "The sender is not on this node's list of nodes that tunnel packets are taken from.",
	  "run calitrace check on the sending node: by which address is it registered?" },
	{ C_NODE_ADDRESS_MISMATCH, row_stray, sure_stray, CONF_LIKELY, say_stray,
	  "That node is registered with an address that it does not use.",
	  "run calitrace check on that node: its address is registered wrongly" },
	{ C_BGP_BLOCKED, row_blocked_one, NULL, CONF_LIKELY, say_blocked_one,
	  "TCP port 179 is blocked between the two nodes.",
	  "look for a firewall on and between the two nodes that drops TCP port 179" },
	{ C_NODE_UNREACHABLE, row_unreachable, NULL, CONF_CERTAIN, say_unreachable,
	  "That node does not even answer ARP.", "check whether that node is up" },
	{ C_ROUTE_NOT_ANNOUNCED, row_not_announced, sure_not_announced, CONF_LIKELY,
	  say_not_announced,
	  "The session to the other node stands, and brings no route for the block.",
	  "look on the other node at its own blackhole route and what it exports, here at filters on import: "
	  "birdcl show route all protocol NAME" },
};
const size_t cause_node_row_cnt = ARRAY_SIZE(cause_node_rows);
