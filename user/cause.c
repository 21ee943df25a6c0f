// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why: a table of causes, from the symptom down to the root. Each row says when the evidence
 * holds, how sure that makes it, and in which words to tell it. Nothing is claimed that no row
 * proves; what needs the other node's trace is at most likely.
 */
#include "cause_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "util.h"

void evidence(struct fnd *f, const char *fmt, ...)
{
	va_list ap;

	if (f->f.evidence_cnt == MAX_EVIDENCE)
		return;
	va_start(ap, fmt);
	vsnprintf(f->f.evidence[f->f.evidence_cnt++], EVIDENCE_LEN, fmt, ap);
	va_end(ap);
}

static struct because *because(struct fnd *f, enum cause c, enum confidence conf)
{
	struct because *b;

	if (f->f.because_cnt == MAX_BECAUSE)
		return NULL;
	b = &f->f.because[f->f.because_cnt++];
	*b = (struct because){ .cause = c, .confidence = conf };
	return b;
}

static const struct route *block_route(const struct engine *e, const struct prefix *block)
{
	return mirror__lookup_len(e->mirror, &block->addr, block->len, block->len < 32 ? 31 : 32);
}

static void add_peer(struct finding *f, const struct addr *a)
{
	for (uint32_t i = 0; i < f->peer_cnt; i++)
		if (addr_eq(&f->peer[i], a))
			return;
	if (f->peer_cnt < MAX_BLOCKS)
		f->peer[f->peer_cnt++] = *a;
}

/* The session with the node that had the block: it may be known by another address now. */
static const struct bgp_peer *session_of(const struct facts *x, const struct addr *a)
{
	const struct bgp_peer *p = bgp_peer_find(x->e, a);
	const struct obs_conf_peer *c;

	if (p || !x->base || !addr_eq(a, &x->base->owner))
		return p;
	c = world_peer_named(x->e, x->base->name);
	return c ? bgp_peer_find(x->e, &c->addr) : NULL;
}

static void note_peer(struct facts *x, const struct addr *a)
{
	const struct bgp_peer *p = session_of(x, a);

	add_peer(&x->f->f, a);
	if (p && !bgp_peer_up(x->e, p)) {
		x->down_peer = p;
		x->down_peer_known = true;
	}
}

/* Nobody saw its route go, but a baseline has the block. */
static const struct addr *recalled_owner(struct facts *x, const struct prefix *block)
{
	const struct recalled *r = recall_block(x->e, block);

	/* with the captures of other nodes at hand, this node's own blocks are recalled, too */
	if (!r || mirror__is_local(x->e->mirror, &r->owner))
		return NULL;
	if (!x->base)
		x->base = r;
	return &r->owner;
}

/* Routes of the blocks: which are missing, who was their gateway */
static void gather_blocks(struct facts *x)
{
	struct finding *f = &x->f->f;

	for (uint32_t i = 0; i < f->block_cnt; i++) {
		const struct route *r = block_route(x->e, &f->block[i]);
		const struct gone *g = mirror__gone(x->e->mirror, &f->block[i].addr,
						    f->block[i].len, f->block[i].len);
		const struct addr *gw = NULL;

		if (r && r->type == RTN_UNICAST) {
			gw = r->nh_cnt ? &r->nh[0].gw : NULL;
		} else {
			x->missing++;
			if (g) {
				if (!x->gone || g->ts_ns < x->gone->ts_ns)
					x->gone = g;
				gw = g->route.nh_cnt ? &g->route.nh[0].gw : NULL;
			} else {
				gw = recalled_owner(x, &f->block[i]);
			}
		}
		if (gw && addr_is_set(gw))
			note_peer(x, gw);
	}
}

/* Packets go to another node than the one that had the block when a baseline was made. */
static void gather_owner(struct facts *x)
{
	if (x->f->f.verdict == V_WRONG_NEXTHOP)
		x->owner = owner_recalled(x->e, &x->f->example, &x->f->gateway);
	if (x->owner)
		add_peer(&x->f->f, &x->owner->owner);
}

/* Whose tunnel packets are refused */
static void gather_sender(struct facts *x)
{
	if (x->f->f.verdict == V_ALLOWLIST && addr_is_set(&x->f->encap_src))
		add_peer(&x->f->f, &x->f->encap_src);
}

/*
 * What comes in by the tunnel and is refused by rp_filter has lost its way back: then it is the
 * sender's block whose route counts, and why it is missing.
 */
static void gather_back(struct facts *x)
{
	const struct engine *e = x->e;
	const struct pool *pool = judge_pool(e, &x->f->first.src);
	const struct route *r;
	enum block_from from;
	const struct addr *gw;

	if (x->f->f.verdict != V_RP_FILTER || x->f->encapsulated || !pool ||
	    strncmp(x->f->f.dev, "cali", 4) == 0)
		return;
	r = mirror__lookup_len(e->mirror, &x->f->first.src, pool->cidr.len, 32);
	if (r && (r->type == RTN_UNICAST || !owner_is_other(e, &x->f->first.src)))
		return;
	judge_block(e, &x->f->first.src, &x->back, &from);
	x->route_kind = true;
	x->missing = 1;
	x->gone = mirror__gone(e->mirror, &x->back.addr, x->back.len, x->back.len);
	gw = x->gone && x->gone->route.nh_cnt ? &x->gone->route.nh[0].gw :
						recalled_owner(x, &x->back);
	if (gw && addr_is_set(gw))
		note_peer(x, gw);
}

const struct prefix *cause_lost_block(const struct facts *x)
{
	return addr_is_set(&x->back.addr) ? &x->back : &x->f->f.block[0];
}

static void gather_peers(struct facts *x)
{
	for (uint32_t i = 0; i < x->e->peer_cnt; i++) {
		if (bgp_peer_up(x->e, &x->e->peer[i]))
			continue;
		x->down_cnt++;
		if (!x->down_peer)
			x->down_peer = &x->e->peer[i];
	}
}

static void gather(const struct engine *e, struct fnd *f, struct facts *x)
{
	*x = (struct facts){ .e = e, .f = f };
	x->route_kind = f->f.verdict == V_LEAKED || f->f.verdict == V_NO_ROUTE;
	x->all_down = bgp_all_down(e);
	x->in_use = bgp_in_use(e);
	x->d = diagnose(e);
	if (f->f.verdict == V_UNANSWERED)
		x->there = elsewhere_of(e, f->f.id, &x->there_cnt);
	gather_blocks(x);
	gather_owner(x);
	gather_sender(x);
	cause_gather_borrowed(x);
	if (x->borrower)
		note_peer(x, x->borrower);
	cause_gather_spare(x);
	gather_back(x);
	if (x->route_kind || f->f.verdict == V_UNANSWERED)
		x->felix = cause_felix_routes(
			x, judge_pool(e, addr_is_set(&x->back.addr) ? &x->back.addr : &f->example));
	gather_peers(x);
}

/* ---- the rows ---- */

static bool row_default_missing(const struct facts *x)
{
	return x->f->f.verdict == V_NO_ROUTE && !mirror__has_default(x->e->mirror) &&
	       (x->f->proxy_arp || x->f->external);
}

struct other_default {
	uint32_t table;
};

static void other_default(void *ctx, const struct route *r)
{
	struct other_default *o = ctx;

	if (r->dst.len == 0 && r->type == RTN_UNICAST && r->table != TABLE_MAIN)
		o->table = r->table;
}

/* Rules may send packets to another table, and which one applied is not seen. */
static enum confidence sure_default_missing(const struct facts *x)
{
	struct other_default o = { 0 };

	mirror__each_route(x->e->mirror, other_default, &o);
	return o.table ? CONF_LIKELY : CONF_CERTAIN;
}

static void say_default_missing(const struct facts *x, struct because *b)
{
	char pod[ADDR_STRLEN], gw[ADDR_STRLEN];
	struct addr any = { .family = 4 };
	const struct gone *g = mirror__gone(x->e->mirror, &any, 0, 0);

	b->since_from = g ? SINCE_SEEN : SINCE_BEFORE_START;
	if (g) {
		b->since_ns = g->ts_ns;
		b->by = g->by;
	}
	evidence(x->f, "table main has no default route");
	if (x->f->proxy_arp && addr_is_set(&x->f->pod))
		evidence(x->f,
			 "pod %s asks on %s for its gateway %s (ARP), and the node stays silent: "
			 "proxy ARP answers only for what the node can route to",
			 addr_str(&x->f->pod, pod), x->f->f.dev, addr_str(&x->f->example, gw));
}

bool cause_route_missing(const struct facts *x)
{
	return x->route_kind && x->missing && !x->f->proxy_arp;
}

/* A block may have been given up since a baseline, but not by a node that nobody hears any more. */
static enum confidence sure_route_missing(const struct facts *x)
{
	/* who sends from a block has it */
	if (x->gone || addr_is_set(&x->back.addr))
		return CONF_CERTAIN;
	return x->base && x->base->route && (x->all_down || x->down_peer_known) ? CONF_CERTAIN :
										  CONF_LIKELY;
}

static void since_is(struct because *b, enum since_from from, uint64_t ns)
{
	b->since_from = from;
	b->since_ns = ns;
}

/* This node's own route stood when the baseline was made; that others have the block tells no time. */
static void say_recalled(const struct facts *x, struct because *b)
{
	char block[PREFIX_STRLEN], gw[ADDR_STRLEN], when[RECALL_TIME_LEN], own[RECALL_OWNER_LEN];
	const struct recalled *r = x->base;

	recall_time_str(r->route ? r->route_wall_ns : r->wall_ns, when);
	prefix_str(&r->block, block);
	recall_owner_str(r, own);
	if (r->route) {
		since_is(b, SINCE_BASELINE, (uint64_t)r->route_seen_ns);
		evidence(x->f, "the route %s via %s dev %s%s stood at %s in the baseline", block,
			 addr_str(&r->gw, gw), r->dev, own, when);
	} else {
		evidence(x->f,
			 "%s%s was in use at %s by the capture of %s; this node has no route to it",
			 block, own, when, r->from[0] ? r->from : "another node");
	}
	if (x->missing > 1)
		evidence(x->f, "%u blocks of this finding have no route", x->missing);
}

static void say_route_missing(const struct facts *x, struct because *b)
{
	struct finding *f = &x->f->f;
	char text[PREFIX_STRLEN], gw[ADDR_STRLEN];
	const struct route *r;

	b->since_from = x->gone ? SINCE_SEEN : SINCE_BEFORE_START;
	if (x->gone) {
		const struct route *was = &x->gone->route;

		b->since_ns = x->gone->ts_ns;
		b->by = x->gone->by;
		evidence(x->f, "the route %s via %s dev %s was %s while we watched%s%s",
			 prefix_str(&was->dst, text),
			 was->nh_cnt ? addr_str(&was->nh[0].gw, gw) : "?",
			 was->nh_cnt ? mirror__dev(x->e->mirror, was->nh[0].ifindex) : "?",
			 x->gone->flushed ? "flushed with its link" : "deleted",
			 b->by.pid ? " by " : "", b->by.pid ? b->by.comm : "");
	} else if (x->base) {
		say_recalled(x, b);
	} else {
		evidence(x->f,
			 "no route covers %s%s; it was gone before we started, so who owned it "
			 "and since when is not known here",
			 prefix_str(cause_lost_block(x), text),
			 f->block_from == BLOCK_GUESS ? " (block length guessed)" : "");
	}
	r = mirror__lookup(x->e->mirror, &x->f->example);
	if (f->verdict == V_LEAKED && r && r->nh_cnt)
		evidence(x->f, "the best match for %s is now %s via %s dev %s",
			 addr_str(&x->f->example, gw),
			 r->dst.len ? "a shorter route" : "the default route",
			 addr_str(&r->nh[0].gw, text), mirror__dev(x->e->mirror, r->nh[0].ifindex));
}

/* The peers lost this node's routes: what goes out right cannot come back */
static bool row_return_missing(const struct facts *x)
{
	/* what the other node's capture shows is no guess */
	if (x->there)
		return false;
	return x->f->f.verdict == V_UNANSWERED && x->f->f.block_cnt && !x->f->local && x->in_use &&
	       !x->felix && (x->all_down || x->down_peer_known);
}

static bool bgp_made(const struct facts *x)
{
	/* routes of Felix (proto 80) or of the administrator do not hang on BGP */
	if (!x->gone && x->base && x->base->route)
		return x->in_use && x->base->protocol == RTPROT_BIRD;
	if (!x->gone && x->felix)
		return false;
	return x->in_use && (!x->gone || x->gone->route.protocol == RTPROT_BIRD);
}

bool cause_bgp_down(const struct facts *x)
{
	return x->all_down && (row_return_missing(x) || cause_return_proven(x) ||
			       (cause_route_missing(x) && bgp_made(x)));
}

/*
 * BIRD knows since when a session is no longer up, as long as its protocol has not been restarted:
 * each start begins a new time. To the second, or to the day where that is all it says.
 */
static void since_bird(struct because *b, const struct obs_bird_proto *p)
{
	if (b->since_from == SINCE_UNSET)
		b->since_from = SINCE_BEFORE_START;
	if (p && p->since_ns && !strcmp(p->state, "start") && p->since_ns > b->since_ns)
		since_is(b, SINCE_BIRD, p->since_ns);
}

static void say_bgp_down(const struct facts *x, struct because *b)
{
	uint64_t since = 0;
	char peer[ADDR_STRLEN];

	for (uint32_t i = 0; i < x->e->peer_cnt; i++)
		if (x->e->peer[i].down_ns > since)
			since = x->e->peer[i].down_ns;
	if (since)
		since_is(b, SINCE_SEEN, since);
	else
		/* the last session that went left none */
		for (uint32_t i = 0; i < x->d->peers.cnt; i++)
			since_bird(b, x->d->peers.peer[i].proto);
	evidence(x->f,
		 "no TCP connection of this node on port 179 is established; %s listens on it",
		 x->e->bgp_listen ? "a process" : "nobody");
	for (uint32_t i = 0; i < x->e->peer_cnt && i < 3; i++)
		evidence(x->f, "BGP peer %s: %s", addr_str(&x->e->peer[i].peer, peer),
			 bgp_state_name(x->e->peer[i].last));
}

bool cause_peer_down(const struct facts *x)
{
	if (x->all_down || !x->down_peer)
		return false;
	if (row_return_missing(x) || (cause_return_proven(x) && x->down_peer_known))
		return true;
	return cause_route_missing(x) && bgp_made(x) &&
	       (x->down_peer_known || (!x->gone && !x->base));
}

static enum confidence sure_peer_down(const struct facts *x)
{
	if (x->down_peer_known)
		return CONF_CERTAIN;
	/* whose block it was, nobody told */
	return x->down_cnt == 1 ? CONF_LIKELY : CONF_UNCLEAR;
}

static void say_peer_down(const struct facts *x, struct because *b)
{
	char peer[ADDR_STRLEN];

	if (x->down_peer->down_ns)
		since_is(b, SINCE_SEEN, x->down_peer->down_ns);
	else
		since_bird(b, world_proto_of(x->e, &x->down_peer->peer));
	if (x->down_peer_known)
		add_peer(&x->f->f, &x->down_peer->peer);
	evidence(x->f, "the BGP session with %s is not established (%s)%s",
		 addr_str(&x->down_peer->peer, peer), bgp_state_name(x->down_peer->last),
		 x->down_peer_known ? "" : "; whether the block is that node's is not known");
}

static bool row_unresolved(const struct facts *x)
{
	return x->f->f.verdict == V_UNREACHABLE && x->f->route.have_dst &&
	       x->f->route.protocol == RTPROT_BIRD;
}

static void say_unresolved(const struct facts *x, struct because *b)
{
	char p[PREFIX_STRLEN];

	(void)b;
	evidence(x->f,
		 "bird has put an unreachable route for %s: it cannot resolve the BGP next hop",
		 prefix_str(&x->f->route.dst, p));
}

/*
 * Without pools (packets that somebody else captured) nobody knows whether they left as they should; with
 * any other cause they did not, or it is known what became of them.
 */
static bool row_beyond(const struct facts *x)
{
	return x->f->f.verdict == V_UNANSWERED && x->e->pools.cnt && !x->f->local &&
	       !x->f->f.because_cnt && !cause_not_translated(x);
}

static void say_beyond(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	evidence(x->f,
		 "requests to %s left this node by %s as they should; no reply came back to it",
		 addr_str(&x->f->example, a), x->f->f.dev[0] ? x->f->f.dev : "?");
}

static const struct cause_row base[] = {
	/* from the symptom to the root */
	{ C_DEFAULT_ROUTE_MISSING, row_default_missing, sure_default_missing, CONF_CERTAIN,
	  say_default_missing, "This node has no default route.",
	  "restore the default route (ip route add default via GATEWAY dev NIC); then see who took it away" },
	{ C_ROUTE_MISSING, cause_route_missing, sure_route_missing, CONF_CERTAIN, say_route_missing,
	  "The route for the block is missing.",
	  "see why the routing daemon has no route for it: calicoctl node status; birdcl show route" },
	{ C_BORROWED_ADDRESS, cause_borrowed, cause_sure_borrowed, CONF_CERTAIN, cause_say_borrowed,
	  "The address is of this node's own block, but a pod on another node has it, and this node has "
	  "lost, or never got, the route to that pod.",
	  "on this node: ip route show ADDRESS, and birdcl show route for ADDRESS; it has to lead to the "
	  "node that has the pod (kubectl get pod -A -o wide)" },
	{ C_RETURN_ROUTE_MISSING, row_return_missing, NULL, CONF_LIKELY, NULL,
	  "The other node has probably lost its route back to this node's pods.",
	  "trace on the other node: calitrace live there shows whether the replies leak" },
	{ C_BGP_DOWN, cause_bgp_down, NULL, CONF_CERTAIN, say_bgp_down,
	  "No BGP session of this node is established, so it neither learns nor announces routes.",
	  "look at calicoctl node status (or birdcl show protocols) and at this node's address there: do "
	  "the peers know this node by an address that it still has?" },
	{ C_BGP_PEER_DOWN, cause_peer_down, sure_peer_down, CONF_CERTAIN, say_peer_down,
	  "The BGP session that the route came by is down.",
	  "check calico-node on that peer, and TCP port 179 between the two nodes" },
};

static const struct cause_row ends[] = {
	{ C_BGP_NEXTHOP_UNRESOLVED, row_unresolved, NULL, CONF_LIKELY, say_unresolved,
	  "BIRD cannot resolve the next hop of that block.",
	  "see birdcl show route all for the block, and whether this node reaches the next hop" },
	{ C_BEYOND_NODE, row_beyond, NULL, CONF_LIKELY, say_beyond,
	  "The packets left this node correctly; they, or the replies, are lost beyond it.",
	  "run calitrace live on the node that owns the destination" },
};

static void append(char *buf, size_t sz, const char *s)
{
	size_t n = strlen(buf);

	snprintf(buf + n, sz - n, " %s", s);
}

static void say_guess(const struct engine *e, struct fnd *f)
{
	const struct pool *pool = judge_pool(e, &f->example);
	char text[PREFIX_STRLEN];

	if (pool && pool->from == FROM_GUESS)
		evidence(
			f,
			"that %s is a pool is a guess from this node's own block and tunnel address: "
			"name it with --pool to be sure",
			prefix_str(&pool->cidr, text));
}

static void say_owner(const struct facts *x)
{
	char block[PREFIX_STRLEN], when[RECALL_TIME_LEN], own[RECALL_OWNER_LEN];

	if (x->owner)
		evidence(x->f, "%s was the block of%s at %s, by the baseline",
			 prefix_str(&x->owner->block, block), recall_owner_str(x->owner, own),
			 recall_time_str(x->owner->wall_ns, when));
}

static void name_peers(const struct engine *e, struct finding *f)
{
	for (uint32_t i = 0; i < f->peer_cnt; i++) {
		struct addr node = diag_node_of(e, &f->peer[i]);

		snprintf(f->peer_node[i], sizeof(f->peer_node[i]), "%s", world_node_name(e, &node));
	}
}

/* Was anything lost in the time that the finding speaks of, or shortly before? */
static bool lossy(const struct engine *e, const struct fnd *f)
{
	return e->lost && e->lost_ns + KEEP_NS >= f->f.first_ns;
}

/* Rows in their order; the deepest that holds, before if none does */
static const struct cause_row *walk(const struct facts *x, const struct cause_row *rows, size_t cnt,
				    const struct cause_row *deepest)
{
	struct fnd *f = x->f;

	for (size_t i = 0; i < cnt; i++) {
		const struct cause_row *r = &rows[i];
		struct because *b;

		if (!r->holds(x))
			continue;
		b = because(f, r->cause, r->sure ? r->sure(x) : r->conf);
		if (!b)
			break;
		/* what was lost could have said otherwise */
		if (lossy(x->e, f) && b->confidence == CONF_CERTAIN)
			b->confidence = CONF_LIKELY;
		if (r->say)
			r->say(x, b);
		if (r->sentence[0])
			append(f->f.explain, sizeof(f->f.explain), r->sentence);
		/* a guess does not become the cause while something surer is known */
		if (!deepest || b->confidence != CONF_UNCLEAR)
			deepest = r;
	}
	return deepest;
}

/* What to do next where no cause is known: it depends on where the packets ended */
static const char *advice_without_cause(const struct finding *f)
{
	switch (f->verdict) {
	case V_FILTERED:
		return "find the rule on this node whose counter grows: iptables-save -c, "
		       "iptables-legacy-save -c, nft list ruleset, tc filter show";
	case V_UNANSWERED:
		return "look at both ends: calitrace live on the other node; whether the target runs, "
		       "listens, and may answer (its own network policy)";
	default:
		return "compare with calitrace live on the node at the other end; -v shows more";
	}
}

void cause_explain(const struct engine *e, struct fnd *f)
{
	const struct cause_row *there, *deepest;
	struct facts x;

	f->f.because_cnt = f->f.evidence_cnt = 0;
	f->f.peer_cnt = 0;
	memset(f->f.because, 0, sizeof(f->f.because));
	symptom(f, f->f.explain, sizeof(f->f.explain));
	symptom_evidence(f);
	gather(e, f, &x);
	there = walk(&x, cause_there_rows, cause_there_row_cnt, NULL);
	deepest = walk(&x, cause_limit_rows, cause_limit_row_cnt, there);
	deepest = walk(&x, base, ARRAY_SIZE(base), deepest);
	deepest = walk(&x, cause_node_rows, cause_node_row_cnt, deepest);
	deepest = walk(&x, cause_tunnel_rows, cause_tunnel_row_cnt, deepest);
	deepest = walk(&x, cause_path_rows, cause_path_row_cnt, deepest);
	deepest = walk(&x, cause_policy_rows, cause_policy_row_cnt, deepest);
	deepest = walk(&x, cause_pod_rows, cause_pod_row_cnt, deepest);
	deepest = walk(&x, cause_service_rows, cause_service_row_cnt, deepest);
	deepest = walk(&x, ends, ARRAY_SIZE(ends), deepest);
	f->f.cause = deepest ? deepest->cause : C_UNKNOWN;
	/* the cause that the other node found stands in the chain alone */
	if (there && deepest == there)
		f->f.cause = f->f.because[0].cause;
	if (!deepest || deepest->cause == C_BEYOND_NODE)
		because(f, C_UNKNOWN, CONF_UNCLEAR);
	snprintf(f->f.advice, sizeof(f->f.advice), "%s",
		 deepest ? deepest->advice : advice_without_cause(&f->f));
	cause_policy_doubt(&x);
	say_owner(&x);
	name_peers(e, &f->f);
	say_guess(e, f);
	if (lossy(e, f))
		evidence(f, "%llu events were lost: what they would have told is missing here",
			 (unsigned long long)e->lost);
}
