// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes observations in, keeps the time, and decides when something is final. The rest of the
 * engine stands in journey.c (which packet), judge.c (what became of it), finding.c and cause.c
 * (what it means), bgp.c and mirror.c (the state of the node).
 */
#include "engine.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "diagnose.h"
#include "way.h"

#ifndef DEFAULT_PACKETS /* fuzzers have fewer */
#define DEFAULT_PACKETS 65536
#endif

void engine_emit(struct engine *e, struct record *rec)
{
	if (e->opts.emit)
		e->opts.emit(e->opts.emit_ctx, rec);
}

int engine__new(const struct engine_opts *opts, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->opts = *opts;
	if (!e->opts.max_packets)
		e->opts.max_packets = DEFAULT_PACKETS;
	e->mirror = mirror__new();
	e->diag = calloc(1, sizeof(*e->diag));
	e->ways = ways_new();
	if (!e->mirror || !e->diag || !e->ways || journey_init(e)) {
		mirror__free(e->mirror);
		free(e->ways);
		free(e->diag);
		free(e);
		return -ENOMEM;
	}
	list_init(&e->age);
	list_init(&e->late);
	list_init(&e->idle);
	list_init(&e->left);
	list_init(&e->settle);
	list_init(&e->vanish);
	list_init(&e->leaving);
	list_init(&e->asking);
	list_init(&e->reply);
	list_init(&e->held_up);
	*ret = e;
	return 0;
}

void engine__free(struct engine *e)
{
	if (!e)
		return;
	journey_free_all(e);
	finding_free_all(e);
	owner_free_all(e);
	world_free_all(e);
	diagnose_free(e->diag);
	free(e->diag);
	mirror__free(e->mirror);
	free(e->ways);
	free(e->peer);
	free(e);
}

const struct mirror *engine__mirror(const struct engine *e)
{
	return e->mirror;
}

uint64_t engine__problems(const struct engine *e)
{
	return e->problems;
}

const struct finding *engine__finding(const struct engine *e, uint32_t id)
{
	return id && id <= e->finding_cnt ? &e->finding[id - 1]->f : NULL;
}

/* ---- counters ---- */

static inline void count_verdict(struct engine *e, const struct trk *t, enum verdict v, int by)
{
	if (v == V_NONE)
		return;
	if (e->counts.counted)
		e->counts.counted(e->counts.ctx, v, t->app, &t->block, by);
	e->verdicts[v] += by;
	if (verdict_is_problem(v))
		e->problems += by;
	if (v == V_UNANSWERED)
		e->apps[t->app].unanswered += by;
}

static uint64_t latency_quantile(const struct latency *l, double q)
{
	uint64_t want = (uint64_t)((double)l->cnt * q), sum = 0;

	if (!l->cnt)
		return 0;
	for (int i = 0; i < 64 * 8; i++) {
		sum += l->bucket[i];
		if (sum > want)
			return i < 8 ? (uint64_t)i : ((uint64_t)(8 | (i & 7)) << (i / 8 - 3));
	}
	return 0;
}

/* ---- deadlines ---- */

/* Where the packets with a good provisional verdict wait; egress and vanish have their own delay. */
void engine_settle_later(struct engine *e, struct trk *t, struct list *queue, uint64_t delay)
{
	list_del(&t->settle);
	t->settle_at = t->last_ns + delay;
	list_append(queue, &t->settle);
	if (t->settle_at < e->due_ns)
		e->due_ns = t->settle_at;
}

void engine_set_verdict(struct engine *e, struct trk *t, enum verdict v)
{
	t->verdict = v;
	if (!t->settled)
		engine_settle_later(e, t, &e->settle, SETTLE_NS);
}

/* Into the tunnel: the outer packet may wait for a neighbour before it is seen on the uplink. */
void engine_set_passing(struct engine *e, struct trk *t, enum verdict v)
{
	t->verdict = v;
	t->passing = true;
	if (!t->settled)
		engine_settle_later(e, t, &e->vanish, VANISH_NS);
}

/* A reply got through: its request's block and its own are alive. */
static void good_exchange(struct engine *e, const struct trk *reply)
{
	const struct trk_asked *asked = &reply->asked;
	struct good g;

	if (!reply->pair_good || (e->waiting_known && !e->waiting))
		return;
	g = (struct good){
		.dst = asked->dst,
		.orig_dst = asked->orig,
		.asker = { asked->src, reply->dst },
		.app = reply->app,
		.asked_ns = asked->ts_ns,
		.ts_ns = reply->last_ns,
	};
	if (asked->have_block)
		g.block = prefix_of(&asked->dst, asked->block_len);
	finding_good(e, &g);
	/* of an address outside, none: a finding of such is about that address itself */
	g.block = reply->block;
	g.dst = reply->dst;
	memset(&g.orig_dst, 0, sizeof(g.orig_dst));
	finding_good(e, &g);
}

/* It left this node, or for a pod, and nobody may ask for it any more */
static bool has_left(const struct engine *e, const struct trk *t)
{
	return t->settled && t->at == AT_TC_EGRESS && !t->passing &&
	       !verdict_is_problem(t->verdict) && t->app != APP_UDP && !e->opts.match;
}

/* Into the queue of what is still expected of it: its fate, a reply, a late reply, nothing */
void engine_shelve(struct engine *e, struct trk *t)
{
	bool waits = t->role == ROLE_REQUEST && !t->answered;

	if ((!t->settled && !t->held) || (waits && !verdict_is_problem(t->verdict)))
		return;
	list_del(&t->age);
	list_append(waits && t->verdict == V_UNANSWERED ? &e->late :
		    has_left(e, t)			? &e->left :
							  &e->idle,
		    &t->age);
}

/* The verdict is final for now: count it, tell it. */
void engine_settle(struct engine *e, struct trk *t)
{
	bool problem;

	list_del(&t->settle);
	if (t->wrong_hop || t->at == AT_DROP)
		judge_final(e, t);
	if (wait_more(e, t))
		return;
	if (!t->matched)
		exchange_decide(e, t);
	problem = verdict_is_problem(t->verdict);
	if (!t->matched) {
		t->held = true;
		engine_shelve(e, t);
		return;
	}
	if (t->settled && t->counted == t->verdict)
		return;
	if (t->settled) {
		count_verdict(e, t, t->counted, -1);
		finding_uncount(e, t);
	}
	/* a reply that is lost on this very node reaches nobody */
	if (problem && t->answer_counted) {
		t->answer_counted = false;
		e->apps[t->app].answered--;
		exchange_latency(&e->latency[t->app], t->latency_us, -1);
	}
	t->settled = true;
	t->counted = t->verdict;
	count_verdict(e, t, t->verdict, 1);
	if (problem)
		finding_problem(e, t);
	else
		good_exchange(e, t);
	if (t->verdict != V_NONE && (problem || t->rev || e->opts.all))
		engine_emit_packet(e, t);
	engine_shelve(e, t);
}

static void vanish(struct engine *e, struct trk *t)
{
	/*
	 * Came in for an address of ours, was not dropped: a local socket has it. For any other
	 * address nothing is decided: it may wait for a neighbour.
	 */
	if (t->verdict == V_NONE && !t->encapsulated && way_of(e, &t->dst)->local) {
		t->verdict = V_DELIVERED;
		t->at = AT_LOCAL;
		judge_block(e, &t->dst, &t->block, &t->block_from);
	}
	engine_settle(e, t);
}

/*
 * It came in, or went into the tunnel, and was not seen to leave: it may wait for a neighbour, whose
 * failure is told up to 3 s later. Where no tunnel packet was ever seen, the uplink is not traced.
 */
static bool may_be_held_up(const struct engine *e, const struct trk *t)
{
	return t->verdict == V_NONE || (t->passing && e->encap_seen);
}

static void unanswered(struct engine *e, struct trk *t)
{
	list_del(&t->reply);
	if (t->answered || verdict_is_problem(t->verdict))
		return;
	/* its answer may be what was withheld or lost: nobody can say */
	if (t->first_ns < e->torn_ns) {
		t->answered = true;
		engine_shelve(e, t);
		return;
	}
	if (may_be_held_up(e, t) && !t->patience) {
		t->patience = true;
		t->reply_at += NEIGH_NS;
		list_append(&e->held_up, &t->reply);
		if (t->reply_at < e->due_ns)
			e->due_ns = t->reply_at;
		return;
	}
	if (!addr_is_set(&t->block.addr))
		judge_block(e, &t->dst, &t->block, &t->block_from);
	t->verdict = V_UNANSWERED;
	engine_settle(e, t);
}

/* When the next one is due, as far as this queue goes */
static inline uint64_t run_replies(struct engine *e, struct list *l)
{
	while (!list_empty(l)) {
		struct trk *t = list_entry(l->next, struct trk, reply);

		if (t->reply_at > e->now_ns)
			return t->reply_at;
		unanswered(e, t);
	}
	return UINT64_MAX;
}

/* The same; fn takes each off the queue. */
static inline uint64_t run_queue(struct engine *e, struct list *l, uint64_t now,
				 void (*fn)(struct engine *e, struct trk *t))
{
	while (!list_empty(l)) {
		struct trk *t = list_entry(l->next, struct trk, settle);

		if (t->settle_at > now)
			return t->settle_at;
		journey_expect_settle(t->settle.next);
		fn(e, t);
	}
	return UINT64_MAX;
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t run_settles(struct engine *e, uint64_t now)
{
	uint64_t due = run_queue(e, &e->settle, now, engine_settle);

	due = earlier(due, run_queue(e, &e->vanish, now, vanish));
	due = earlier(due, run_queue(e, &e->leaving, now, wait_leave));
	return earlier(due, run_queue(e, &e->asking, now, engine_settle));
}

static __attribute__((noinline)) void run_deadlines(struct engine *e)
{
	uint64_t due;

	/* who gets into a queue meanwhile says so there */
	e->due_ns = UINT64_MAX;
	due = run_settles(e, e->now_ns);
	due = earlier(due, run_replies(e, &e->reply));
	due = earlier(due, run_replies(e, &e->held_up));
	e->due_ns = earlier(e->due_ns, due);
}

/* Many age at once, and none of them is in the cache any more: they are fetched side by side. */
#define FORGET 64

static uint32_t forget_some(struct engine *e, const struct list *l, uint64_t keep_ns)
{
	struct trk *old[FORGET];
	uint32_t n = 0;

	for (struct list *p = l->next; p != l && n < FORGET; p = p->next) {
		old[n] = list_entry(p, struct trk, age);
		journey_expect_walk(old[n]);
		if (e->now_ns <= old[n]->first_ns + keep_ns)
			break;
		journey_expect_free(old[n++]);
	}
	for (uint32_t i = 0; i < n; i++)
		journey_expect_unindex(e, old[i]);
	for (uint32_t i = 0; i < n; i++)
		journey_free(e, old[i]);
	return n;
}

static void forget(struct engine *e, const struct list *l, uint64_t keep_ns)
{
	while (forget_some(e, l, keep_ns) == FORGET)
		;
}

static void run_ageing(struct engine *e)
{
	forget(e, &e->left, KEEP_LEFT_NS);
	forget(e, &e->idle, KEEP_NS);
	forget(e, &e->late, e->opts.reply_timeout_ns + LATE_NS);
}

static const struct trk *oldest(const struct list *l)
{
	return list_empty(l) ? NULL : list_entry(l->next, struct trk, age);
}

/* Of what nothing is expected of, the list with the oldest */
static struct list *least_wanted(struct engine *e)
{
	const struct trk *idle = oldest(&e->idle), *left = oldest(&e->left);

	if (left && (!idle || left->first_ns <= idle->first_ns))
		return &e->left;
	if (idle)
		return &e->idle;
	return !list_empty(&e->late) ? &e->late : &e->age;
}

/* A full table gives up first what nothing is expected of: at 50000 questions a second it is full. */
static __attribute__((noinline)) void give_up_one(struct engine *e)
{
	struct obs_loss loss = { .what = LOSS_MAP, .count = 1 };
	struct record rec = { .kind = REC_LOSS, .ts_ns = e->now_ns, .loss = &loss };
	struct list *l = least_wanted(e);

	if (list_empty(l))
		return;
	if (l == &e->age) {
		e->lost++;
		e->lost_ns = e->now_ns;
		engine_emit(e, &rec);
	}
	journey_free(e, list_entry(l->next, struct trk, age));
}

void engine_make_room(struct engine *e)
{
	if (e->trk_cnt >= e->opts.max_packets)
		give_up_one(e);
}

/* ---- packets ---- */

/* Of a packet's bytes only a DNS question is ever told. */
static void keep_question(struct trk *t, const struct obs_pkt *p)
{
	size_t off;

	if (!p->snap_len)
		return;
	t->snap_seen = true;
	off = engine_question(p->snap, p->snap_len);
	if (t->app != APP_DNS || !off || off >= p->snap_len)
		return;
	t->question_len = (uint16_t)(p->snap_len - off);
	t->own_question = t->question_len > sizeof(t->short_question);
	t->question = t->own_question ? malloc(t->question_len) : t->short_question;
	if (t->question)
		memcpy(t->question, p->snap + off, t->question_len);
}

static inline void set_dst(struct trk *t, const struct addr *dst)
{
	if (addr_eq(dst, &t->dst))
		return;
	if (!addr_is_set(&t->orig_dst))
		t->orig_dst = t->dst;
	t->dst = *dst;
}

static inline __attribute__((always_inline)) struct trk *
packet_get(struct engine *e, const struct obs *o, bool *fresh)
{
	struct sighting s;
	struct trk *t = journey_find(e, o, &s);

	*fresh = !t;
	if (!t) {
		engine_make_room(e);
		t = journey_new(e, o, &s);
		if (!t)
			return NULL;
	} else if (!o->pkt.encap) {
		set_dst(t, &o->pkt.dst);
		if (t->role == ROLE_REQUEST)
			journey_add_sight(e, t, &o->pkt, &s);
	}
	if (o->pkt.flags & EV_F_CT)
		service_learn(e, &o->pkt, o->ts_ns);
	if (!t->snap_seen)
		keep_question(t, &o->pkt);
	if (o->pkt.flags & EV_F_FRAG)
		journey_note_fragment(e, t, &o->pkt);
	e->last_id = t->id;
	if (e->opts.match || !t->matched)
		exchange_match(e, t, &o->pkt);
	return t;
}

static void on_path(struct engine *e, const struct obs *o)
{
	const struct obs_pkt *p = &o->pkt;
	struct trk *t;
	bool fresh;

	/* asked for when it leaves: by then it is in the cache */
	way_expect(e, &p->dst);
	t = packet_get(e, o, &fresh);
	if (!t)
		return;
	journey_hop(t, p->hook, p->ifindex, o->ts_ns);
	t->encapsulated = p->encap != ENCAP_NONE;
	if (fresh)
		exchange_begin(e, t, p);
	if (p->hook == AT_TC_EGRESS) {
		/* a drop that came first stands */
		if (verdict_is_problem(t->verdict))
			return;
		judge_egress(e, t, p);
		if (t->settled)
			engine_settle(e, t);
	} else if (!t->settled || t->verdict == V_NONE) {
		/* a busy node may take long from one device to the next */
		t->settled = false;
		t->ifindex = p->ifindex;
		t->at = AT_TC_INGRESS;
		engine_settle_later(e, t, &e->vanish, VANISH_NS);
	}
}

/* One fragment lost is the packet lost. Whether it is one of ours only its first fragment told. */
static void on_fragment_drop(struct engine *e, const struct obs *o)
{
	struct trk *t = journey_fragment(e, o);

	if (!t)
		return;
	e->last_id = t->id;
	if (verdict_is_problem(t->verdict))
		return;
	journey_hop(t, AT_DROP, o->pkt.ifindex, o->ts_ns);
	if (judge_drop(e, t, &o->pkt, o->ts_ns))
		engine_settle_later(e, t, &e->settle, SETTLE_NS);
}

static void on_drop(struct engine *e, const struct obs *o)
{
	const struct obs_pkt *p = &o->pkt;
	bool fresh;
	struct trk *t;

	if (judge_drop_is_noise(e, p))
		return;
	if (p->flags & EV_F_FRAG_LATER) {
		on_fragment_drop(e, o);
		return;
	}
	t = packet_get(e, o, &fresh);
	if (!t)
		return;
	/* the rest of an aggregate that a drop names was counted with it */
	journey_hop(t, AT_DROP, p->ifindex, o->ts_ns);
	if (fresh)
		exchange_begin(e, t, p);
	/* what was settled waits once more: that a link went down is told after its packets' end */
	if (judge_drop(e, t, p, o->ts_ns))
		engine_settle_later(e, t, &e->settle, SETTLE_NS);
}

/* ---- the node's state ---- */

static void flushed(void *ctx, const struct obs_route *r)
{
	struct engine *e = ctx;
	struct record rec = { .kind = REC_ROUTE, .ts_ns = e->now_ns, .route = r };

	rec.dev = r->route.nh_cnt ? mirror__dev(e->mirror, r->route.nh[0].ifindex) : "";
	e->urgent = true;
	if (e->snapshot_done && r->route.table != 255)
		engine_emit(e, &rec);
}

static void on_route(struct engine *e, const struct obs *o)
{
	bool news = mirror__route(e->mirror, &o->route, o->ts_ns);

	owner_route(e, &o->route, o->ts_ns);

	if (!news || o->route.snapshot)
		return;
	flushed(e, &o->route);
}

static void on_link(struct engine *e, const struct obs *o)
{
	struct obs_link l = o->link;
	struct record rec = { .kind = REC_LINK, .ts_ns = o->ts_ns, .link = &l };

	if (mirror__link(e->mirror, &o->link, o->ts_ns, &l.op, flushed, e) && !o->link.snapshot)
		engine_emit(e, &rec);
}

static void on_addr(struct engine *e, const struct obs *o)
{
	struct record rec = { .kind = REC_ADDR, .ts_ns = o->ts_ns, .addr = &o->addr };

	rec.dev = mirror__dev(e->mirror, o->addr.ifindex);
	if (mirror__addr(e->mirror, &o->addr) && !o->addr.snapshot)
		engine_emit(e, &rec);
}

static void on_bgp(struct engine *e, const struct obs *o)
{
	struct obs_bgp b = o->bgp;
	struct record rec = { .kind = REC_BGP, .ts_ns = o->ts_ns, .bgp = &b };
	const struct bgp_peer *p = bgp_peer_find(e, &b.peer);

	if (b.state == BGP_CLOSED && p && p->since_ns && p->established &&
	    o->ts_ns < p->since_ns + 2 * NSEC_PER_SEC)
		b.state = BGP_CLOSED_AFTER_ACCEPT;
	bgp_observe(e, &b, o->ts_ns);
	e->urgent |= !b.snapshot && b.state != BGP_CONNECTING;
	/* attempts are told by how they end */
	if (!b.snapshot && b.state != BGP_CONNECTING)
		engine_emit(e, &rec);
}

static void on_loss(struct engine *e, const struct obs *o)
{
	struct record rec = { .kind = REC_LOSS, .ts_ns = o->ts_ns, .loss = &o->loss };

	if (o->loss.what == LOSS_WITHHELD) {
		e->withheld += o->loss.count;
		finding_withheld(e, &o->loss);
	} else {
		e->lost += o->loss.count;
		e->lost_ns = o->ts_ns;
	}
	engine_emit(e, &rec);
}

static void on_neigh(struct engine *e, const struct obs *o)
{
	struct record rec = { .kind = REC_NEIGH, .ts_ns = o->ts_ns, .neigh = &o->neigh };

	rec.dev = mirror__dev(e->mirror, o->neigh.ifindex);
	if (o->neigh.snapshot)
		world_observe(e, o);
	else
		engine_emit(e, &rec);
}

static void run_silence(struct engine *e)
{
	uint64_t since = e->last_packet_ns ? e->last_packet_ns : e->start_ns;
	struct record rec = { .kind = REC_SILENCE, .ts_ns = e->now_ns };

	if (e->silence_told || e->now_ns < since + SILENCE_NS)
		return;
	e->silence_told = true;
	rec.silence_ns = e->now_ns - since;
	engine_emit(e, &rec);
}

static void run_time(struct engine *e, uint64_t ts_ns)
{
	if (ts_ns > e->now_ns)
		e->now_ns = ts_ns;
	if (!e->started) {
		e->started = true;
		e->start_ns = ts_ns;
	}
	/* here and not at ticks: after a stall, seconds of records come between two of them */
	if (e->fib_open_ns)
		lookup_run(e);
	if (e->due_ns <= e->now_ns)
		run_deadlines(e);
}

static void on_tick(struct engine *e)
{
	run_ageing(e);
	run_silence(e);
	nflook_tick(e, false);
	if (e->now_ns < e->last_check_ns + NSEC_PER_SEC / 4)
		return;
	e->last_check_ns = e->now_ns;
	finding_review(e, e->now_ns);
}

static void on_snapshot(struct engine *e, const struct obs *o)
{
	if (o->kind == OBS_BEGIN_SNAPSHOT) {
		mirror__begin_snapshot(e->mirror);
		e->bgp_in_snapshot = false;
		return;
	}
	mirror__end_snapshot(e->mirror, o->ts_ns, flushed, e);
	e->snapshot_done = true;
}

uint64_t engine__last_packet(const struct engine *e)
{
	return e->last_id;
}

/* What changes the state of the node, or may */
static void on_state(struct engine *e, const struct obs *o)
{
	switch (o->kind) {
	case OBS_FIB:
		lookup_failed(e, o);
		break;
	case OBS_ROUTE:
		on_route(e, o);
		break;
	case OBS_LINK:
		on_link(e, o);
		break;
	case OBS_ADDR:
		on_addr(e, o);
		break;
	case OBS_NEIGH:
		on_neigh(e, o);
		break;
	case OBS_BGP:
		on_bgp(e, o);
		break;
	case OBS_POOLS:
		e->pools = o->pools;
		memset(e->life, 0, sizeof(e->life));
		owner_pools(e);
		break;
	case OBS_LOSS:
		on_loss(e, o);
		break;
	case OBS_NODE:
		owner_node(e, &o->node);
		break;
	case OBS_RES:
		e->res[e->res_next++ % FIB_RESULTS] = (struct fib_result){ o->ts_ns, o->res };
		break;
	case OBS_BEGIN_SNAPSHOT:
	case OBS_END_SNAPSHOT:
		on_snapshot(e, o);
		break;
	default:
		world_observe(e, o);
		if (o->kind == OBS_SOURCE && o->source.id == SOURCE_BIRD && !o->source.begin)
			wait_told(e);
	}
}

/* Does it hide a part of exchanges whose rest was seen? It has to be known before time runs on. */
static bool is_torn(const struct obs_loss *l)
{
	return l->what == LOSS_RING || l->what == LOSS_ATTACHMENT ||
	       (l->what == LOSS_WITHHELD && l->torn);
}

void engine__feed(struct engine *e, const struct obs *o)
{
	bool packet = o->kind == OBS_PATH || o->kind == OBS_DROP;

	e->last_id = 0;
	if (packet && !e->ways_now)
		e->ways_now = way_version(e);
	if (o->kind == OBS_LOSS && is_torn(&o->loss))
		e->torn_ns = o->ts_ns;
	run_time(e, o->ts_ns);
	if (o->kind == OBS_PATH) {
		on_path(e, o);
	} else if (o->kind == OBS_DROP) {
		on_drop(e, o);
	} else if (o->kind == OBS_TICK) {
		on_tick(e);
	} else {
		e->ways_now = 0;
		on_state(e, o);
	}
}

void engine__finish(struct engine *e, uint64_t ts_ns)
{
	run_time(e, ts_ns);
	/* what has a verdict keeps it; what waits for a reply is left as it was */
	run_settles(e, UINT64_MAX);
	e->now_ns += SETTLE_NS + 1;
	lookup_run(e);
	nflook_tick(e, true);
	finding_finish(e, ts_ns);
}

void engine__summary(const struct engine *e, uint64_t ts_ns, struct summary *out)
{
	memset(out, 0, sizeof(*out));
	out->duration_ns = e->started && ts_ns > e->start_ns ? ts_ns - e->start_ns : 0;
	out->seen = e->seen;
	out->problems = e->problems;
	memcpy(out->verdicts, e->verdicts, sizeof(out->verdicts));
	memcpy(out->apps, e->apps, sizeof(out->apps));
	for (int a = 0; a < APP_MAX; a++) {
		out->apps[a].p50_us = latency_quantile(&e->latency[a], 0.5);
		out->apps[a].p99_us = latency_quantile(&e->latency[a], 0.99);
	}
	out->lost = e->lost;
	out->withheld = e->withheld;
	out->finding_cnt = e->finding_cnt;
	for (uint32_t i = 0; i < e->finding_cnt; i++)
		out->open_cnt += !e->finding[i]->f.recovered;
}

bool engine__take_urgent(struct engine *e)
{
	bool was = e->urgent;

	e->urgent = false;
	return was;
}
