// SPDX-License-Identifier: GPL-2.0-only
/* The audit of BGP: BIRD, its sessions, the addresses that nodes are known by. */
#include <string.h>

#include "addr.h"
#include "audit.h"

static bool only_vxlan(const struct engine *e)
{
	for (uint32_t i = 0; i < e->pools.cnt; i++)
		if (e->pools.pool[i].mode != POOL_VXLAN)
			return false;
	return e->pools.cnt;
}

/* Where all pools are VXLAN's, sessions may be another program's: a load balancer's, say. */
static bool uses_bgp(const struct audit *a)
{
	return (a->d->peers.told && a->d->peers.cnt) || world_knows(a->e, SOURCE_BIRD) ||
	       (bgp_in_use(a->e) && !only_vxlan(a->e));
}

/* Routes to other nodes' blocks, by whose they are */
struct routes_of {
	const struct engine *e;
	bool bird, felix;
};

static void count_route(void *ctx, const struct route *r)
{
	struct routes_of *c = ctx;
	const struct link_info *l;

	if (r->type != RTN_UNICAST || !r->nh_cnt || !addr_is_set(&r->nh[0].gw) ||
	    !judge_pool(c->e, &r->dst.addr))
		return;
	l = mirror__link_info(c->e->mirror, r->nh[0].ifindex);
	c->bird |= r->protocol == RTPROT_BIRD;
	c->felix |= r->protocol == RTPROT_FELIX ||
		    (r->protocol == RTPROT_BOOT && l && !strcmp(l->kind, "vxlan"));
}

static void say_bird_down(struct audit *a)
{
	struct routes_of c = { .e = a->e };
	bool sure = false;

	bird_is_down(a->e, &sure);
	mirror__each_route(a->e->mirror, count_route, &c);
	audit_raise(a, CHECK_PROBLEM, C_BIRD_DOWN);
	audit_say(
		a, "No BIRD runs on this node: it neither learns nor announces routes%s.",
		c.felix && !c.bird ?
			"; those to other nodes' blocks are Felix', which maintains them without it" :
			", and those that stand are frozen");
	audit_evidence(a, "no process listens on TCP port 179%s",
		       sure ? ", and no process bird runs in the node's network namespace" : "");
	audit_advise(a, "look at the log of this node's calico-node pod (bird)");
}

void audit_bird(struct audit *a)
{
	const struct engine *e = a->e;
	enum source_state s = e->world.state[SOURCE_BIRD];

	audit_begin(a, "bird", false);
	if (bird_is_down(e, NULL)) {
		say_bird_down(a);
	} else if (s == SOURCE_OK) {
		audit_say(a, "BIRD %s answers.", e->world.bird[0].version);
	} else if (s == SOURCE_ABSENT && !uses_bgp(a)) {
		audit_say(a, "BIRD is not used on this node.");
	} else {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "BIRD's control socket: %s%s%s.", source_state_name(s),
			  e->world.detail[SOURCE_BIRD][0] ? ", " : "",
			  e->world.detail[SOURCE_BIRD]);
	}
	audit_end(a);
}

/* ---- sessions ---- */

static void tell_peer(struct audit *a, const struct peer_view *p)
{
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];

	audit_evidence(a, "%s%s: %s", addr_str(&p->addr, addr),
		       node_suffix(a->e, &p->addr, node, sizeof(node)), peer_trouble(p));
}

/* What keeps the sessions down, as far as anything tells */
static enum cause root_of_all_down(const struct audit *a)
{
	if (bird_is_down(a->e, NULL))
		return C_BIRD_DOWN;
	if (a->d->self.what < SELF_ABSENT && peers_blocked(a->e, &a->d->peers))
		return C_BGP_BLOCKED;
	return C_BGP_DOWN;
}

static void all_down(struct audit *a)
{
	uint32_t n = a->d->peers.cnt;

	audit_raise(a, CHECK_PROBLEM, root_of_all_down(a));
	if (n)
		audit_say(a,
			  "None of %u BGP session%s is established: this node neither learns nor "
			  "announces routes.",
			  n, n == 1 ? "" : "s");
	else
		audit_say(a, "No BGP session is established, and nobody is there to make one.");
	if (bird_is_down(a->e, NULL))
		audit_evidence(a, "no process listens on TCP port 179");
	for (uint32_t i = 0; i < n && i < 4; i++)
		tell_peer(a, &a->d->peers.peer[i]);
	audit_advise(
		a, "see check node-address and bird; calicoctl node status shows the peers' view");
}

/* A peer that is down, and that shows life, or that was configured to be down */
static bool is_fault(const struct audit *a, const struct peer_view *p)
{
	if (p->restarts)
		return false;
	return p->disabled || diag_is_stray(a->d, &p->addr) || (p->alive && !bird_recovers(a->e));
}

static enum cause cause_of(const struct audit *a, const struct peer_view *p)
{
	if (diag_is_stray(a->d, &p->addr))
		return C_NODE_ADDRESS_MISMATCH;
	if (p->restarts || bird_recovers(a->e))
		return C_GRACEFUL_RESTART;
	return p->silent && p->alive ? C_BGP_BLOCKED : C_BGP_PEER_DOWN;
}

static void tell_down(struct audit *a, uint32_t faults)
{
	uint32_t down = a->d->peers.cnt - a->d->peers.up;
	const char *why = "; no sign of life is seen of the other end";

	if (faults)
		why = "";
	else if (a->c.cause == C_GRACEFUL_RESTART)
		why = ": after a restart that takes a while";
	audit_say(a, "%u of %u BGP sessions %s not established%s.", down, a->d->peers.cnt,
		  down == 1 ? "is" : "are", why);
	audit_advise(a, faults ? "check calico-node there, and TCP port 179 between the two nodes" :
				 "check whether that node is meant to be down");
}

static void some_down(struct audit *a)
{
	uint32_t faults = 0;

	for (uint32_t i = 0; i < a->d->peers.cnt; i++) {
		const struct peer_view *p = &a->d->peers.peer[i];
		bool fault = !p->up && is_fault(a, p);

		faults += fault;
		if (!p->up) {
			audit_raise(a, fault ? CHECK_PROBLEM : CHECK_WARN, cause_of(a, p));
			tell_peer(a, p);
		}
	}
	tell_down(a, faults);
}

/* With a single neighbour it may as well be that one's fault; after a restart they come back. */
static bool is_ours(const struct audit *a)
{
	const struct peers *p = &a->d->peers;

	if (p->up)
		return false;
	if (a->d->self.what >= SELF_ABSENT)
		return true;
	if (bird_recovers(a->e))
		return false;
	return p->cnt > 1 || is_fault(a, &p->peer[0]);
}

void audit_bgp(struct audit *a)
{
	const struct engine *e = a->e;

	audit_begin(a, "bgp", true);
	if (bird_is_down(e, NULL)) {
		all_down(a);
	} else if (!uses_bgp(a)) {
		audit_say(a, "BGP is not used on this node.");
	} else if (!e->bgp_listen_known && !world_is_fresh(e, SOURCE_BIRD)) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "Neither inet_diag nor BIRD tells the sessions.");
	} else if (!a->d->peers.cnt) {
		/* a lone node has no peers; then nothing can be missing either */
		audit_say(a, "No BGP peer is known.");
	} else if (a->d->peers.up == a->d->peers.cnt) {
		audit_say(a, "All %u BGP sessions are established.", a->d->peers.cnt);
	} else if (is_ours(a)) {
		all_down(a);
	} else {
		some_down(a);
	}
	audit_end(a);
}

/* ---- addresses ---- */

static void say_self(struct audit *a)
{
	char reg[ADDR_STRLEN] = "", used[ADDR_STRLEN] = "";
	const struct self_view *s = &a->d->self;

	addr_str(&s->registered, reg);
	addr_str(&s->used, used);
	switch (s->what) {
	case SELF_ABSENT:
		audit_say(a, "BIRD speaks from %s, an address that this node does not have.", reg);
		audit_evidence(a, "nobody can bind() to it, so no session can come up");
		break;
	case SELF_UNUSED:
		audit_say(a, "BIRD speaks from %s%s%s, but this node reaches its peers from %s.",
			  reg, s->dev[0] ? " on " : "", s->dev, used);
		break;
	case SELF_UNLISTED:
		if (addr_is_set(&s->registered))
			audit_say(a,
				  "This node is registered as %s (on %s), but it reaches its "
				  "peers from %s.",
				  reg, s->dev, used);
		else
			audit_say(a,
				  "This node reaches its peers from %s, which is not the "
				  "address that it is registered with.",
				  used);
		audit_evidence(
			a,
			"Felix' list of the cluster's nodes (cali40all-hosts-net) has not %s%s%s",
			used, reg[0] && addr_is_set(&s->registered) ? ", but " : "",
			addr_is_set(&s->registered) ? reg : "");
		break;
	default:
		audit_say(a,
			  "The peers accept this node's connections and close them at once: it "
			  "seems that they do not know it by %s.",
			  used[0] && addr_is_set(&s->used) ? used : "its address");
		audit_evidence(a, "%u of %u peers do so", a->d->peers.closes, a->d->peers.cnt);
	}
	if (addr_is_set(&s->used) && s->what != SELF_REFUSED)
		audit_evidence(a, "the kernel sends to the peers from %s", used);
}

static void say_stray(struct audit *a)
{
	char reg[ADDR_STRLEN], knock[ADDR_STRLEN];
	const struct stray_view *s = &a->d->stray;

	addr_str(&s->knocker, knock);
	/* somebody else than a node may connect: then there are more of them than nodes are missing */
	audit_raise(a, s->conf == CONF_UNCLEAR ? CHECK_WARN : CHECK_PROBLEM,
		    C_NODE_ADDRESS_MISMATCH);
	if (addr_is_set(&s->registered))
		audit_say(
			a,
			"Peer %s%s%s%s never answers, while %s, which is no peer here, connects "
			"and is refused: probably that node is registered with an address that it "
			"does not use.",
			addr_str(&s->registered, reg), s->node[0] ? " (" : "", s->node,
			s->node[0] ? ")" : "", knock);
	else
		audit_say(
			a,
			"%u peer%s never answer%s, while %s%s, which is no peer here, connects and "
			"is refused: it may be a node that is registered with another address.",
			s->dead, s->dead == 1 ? "" : "s", s->dead == 1 ? "s" : "", knock,
			s->knockers > 1 ? " (and others)" : "");
	audit_evidence(a, "%s connected to port 179 of this node, and the connection was closed",
		       knock);
}

static void say_fine(struct audit *a)
{
	if (a->d->self.what == SELF_FINE) {
		audit_say(a, "This node is known by the address that it uses.");
		return;
	}
	audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
	audit_say(a, "Nothing here tells which address this node is registered with.");
}

void audit_node_address(struct audit *a)
{
	audit_begin(a, "node-address", false);
	if (a->d->self.what >= SELF_ABSENT) {
		/* what only might be so is no problem yet */
		audit_raise(a, a->d->self.conf == CONF_UNCLEAR ? CHECK_WARN : CHECK_PROBLEM,
			    C_NODE_ADDRESS_MISMATCH);
		say_self(a);
		audit_advise(a, "compare this node's address in calicoctl get node -o wide with ip "
				"addr; correct it (IP_AUTODETECTION_METHOD), then restart this "
				"node's calico-node pod only");
	}
	if (a->d->stray.have) {
		say_stray(a);
		audit_advise(a, "run calitrace check on %s: its address seems to be wrong",
			     a->d->stray.node[0] ? a->d->stray.node : "the node that connects");
	}
	if (a->c.state == CHECK_OK)
		say_fine(a);
	audit_end(a);
}

/* ---- graceful restart ---- */

/* A session that is back only waits for the end of what the neighbour has to tell. */
static void tell_restarting(struct audit *a)
{
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->d->peers.cnt; i++) {
		const struct peer_view *p = &a->d->peers.peer[i];

		if (!p->restarts)
			continue;
		audit_evidence(a, "%s%s restarts; its routes are kept meanwhile",
			       addr_str(&p->addr, addr),
			       node_suffix(a->e, &p->addr, node, sizeof(node)));
		n++;
	}
	if (!n)
		return;
	audit_raise(a, CHECK_WARN, C_GRACEFUL_RESTART);
	audit_say(a, "%u peer%s restart%s gracefully.", n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	audit_advise(a, "wait, and check again: its routes are kept for two minutes at most");
}

void audit_graceful(struct audit *a)
{
	const struct obs_bird *b = &a->e->world.bird[0];

	audit_begin(a, "graceful-restart", false);
	if (bird_recovers(a->e)) {
		audit_raise(a, CHECK_WARN, C_GRACEFUL_RESTART);
		audit_say(
			a,
			"BIRD was restarted and still waits for %u protocol%s (%u of %u s left): "
			"until then it neither announces this node's routes nor removes old ones.",
			b->waiting_for, b->waiting_for == 1 ? "" : "s", b->wait_s, b->wait_max_s);
		audit_evidence(a, "birdc show status: recovery in progress");
		audit_advise(
			a,
			"wait, and check again; a peer that never comes up makes it last to the end");
	}
	if (world_is_fresh(a->e, SOURCE_BIRD))
		tell_restarting(a);
	if (a->c.state == CHECK_OK && uses_bgp(a) && !world_is_fresh(a->e, SOURCE_BIRD)) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "Only BIRD could tell, and it does not answer.");
	} else if (a->c.state == CHECK_OK) {
		audit_say(a, "No graceful restart is in progress.");
	}
	audit_end(a);
}
