// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exchanges: a request, its reply or the ICMP error that quotes it, and whether they are wanted.
 * A filter selects exchanges, not packets: what does not match yet is held back, since its
 * reply or a later hop may.
 */
#include "engine_priv.h"

#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "way.h"

#define ICMP_UNREACH_ 3
#define ICMP_PORT_UNREACH_ 3

void exchange_latency(struct latency *l, int64_t us, int by)
{
	uint64_t v = us < 0 ? 0 : us;
	int log = v ? 63 - __builtin_clzll(v) : 0;

	/* below 8 us each value has its own bucket, above it eight share a power of two */
	if (log < 3)
		l->bucket[v] += by;
	else
		l->bucket[log * 8 + ((v >> (log - 3)) & 7)] += by;
	l->cnt += by;
}

static void count_request(struct engine *e, const struct trk *t)
{
	e->seen++;
	if (t->role == ROLE_REQUEST || t->from_fib)
		e->apps[t->app].sent++;
}

/* In the counters: that req was answered by reply, in time or late */
static void count_answer(struct engine *e, struct trk *reply, const struct trk *req)
{
	struct app_stats *s = &e->apps[req->app];

	if (e->counts.replied)
		e->counts.replied(e->counts.ctx, req->app, reply->latency_us);
	if (reply->app == APP_DNS && reply->dns_flags & DNS_QR) {
		s->rcode[reply->dns_flags & 15]++;
		dns_answer(e, reply);
	}
	if (req->late_us >= 0) {
		s->late++;
		return;
	}
	s->answered++;
	exchange_latency(&e->latency[req->app], reply->latency_us, 1);
	reply->answer_counted = true;
}

/* Some packet of the exchange passed the filter: all of it counts, also what was held back. */
static void match(struct engine *e, struct trk *t)
{
	struct trk *pair = t->pair;

	if (t->matched)
		return;
	t->matched = true;
	if (e->opts.matched)
		e->opts.matched(e->opts.matched_ctx, t->id);
	e->last_packet_ns = t->last_ns;
	e->silence_told = false;
	count_request(e, t);
	if (pair && !pair->matched)
		match(e, pair);
	else if (pair && t->role == ROLE_REPLY)
		count_answer(e, t, pair);
	else if (pair && pair->role == ROLE_REPLY)
		count_answer(e, pair, t);
	if (t->held) {
		t->held = false;
		engine_settle(e, t);
	}
}

static bool is_wanted(const struct engine *e, const struct trk *t, bool final)
{
	uint32_t bits = t->match_bits | (t->pair ? t->pair->match_bits : 0);

	return !e->opts.match || e->opts.wants(e->opts.match_ctx, bits, final);
}

void exchange_match(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	if (e->opts.match)
		t->match_bits |= e->opts.match(e->opts.match_ctx, p);
	if (!t->matched && is_wanted(e, t, t->held))
		match(e, t);
}

void exchange_decide(struct engine *e, struct trk *t)
{
	if (!t->matched && is_wanted(e, t, true))
		match(e, t);
}

static void on_request(struct engine *e, struct trk *t)
{
	t->reply_at = t->first_ns + e->opts.reply_timeout_ns;
	list_append(&e->reply, &t->reply);
	if (t->reply_at < e->due_ns)
		e->due_ns = t->reply_at;
}

static void answer(struct engine *e, struct trk *reply, struct trk *req)
{
	int64_t us = (int64_t)(reply->first_ns - req->first_ns) / 1000;
	bool late = req->verdict == V_UNANSWERED && (req->settled || req->held);

	req->answered = true;
	list_del(&req->reply);
	engine_shelve(e, req);
	reply->latency_us = us;
	*(late ? &req->late_us : &req->latency_us) = us;
	if (req->pair)
		req->pair->pair = NULL;
	req->pair = reply;
	reply->pair = req;
	if (req->matched && reply->matched)
		count_answer(e, reply, req);
	else if (req->matched)
		match(e, reply);
	else if (reply->matched || is_wanted(e, req, false))
		match(e, req);
	if (late && req->matched) {
		engine_emit_packet(e, req);
		finding_late(e, req);
	}
}

/* A copy of the same request, which nobody will answer any more */
static void answer_copy(struct engine *e, struct trk *older)
{
	older->answered = true;
	list_del(&older->reply);
	engine_shelve(e, older);
	if (older->matched && older->counted != V_UNANSWERED)
		e->apps[older->app].answered++;
}

static void on_reply(struct engine *e, struct trk *t, const struct flow_key *k)
{
	struct trk *req = journey_request(e, k, answer_copy);
	const struct way *w;

	if (!req)
		return;
	t->answered = true;
	answer(e, t, req);
	/* a reset refuses: that nothing was lost does not make it well */
	t->pair_good = !verdict_is_problem(req->verdict) &&
		       !(t->proto == PROTO_TCP && t->tcp_flags & TCPF_RST);
	t->asked = (struct trk_asked){
		.dst = req->dst,
		.orig = req->orig_dst,
		.src = trk_first(req)->src,
		.ts_ns = req->first_ns,
	};
	if (!t->pair_good)
		return;
	w = way_of(e, &req->dst);
	t->asked.have_block = w->from != BLOCK_UNKNOWN;
	t->asked.block_len = w->block_len;
}

/*
 * The target itself says that nobody listens there: that is proof that the request reached it. Any other
 * error only tells of the way, and the request stays without a reply.
 */
static bool proves_no_socket(const struct trk *req, const struct obs_pkt *p)
{
	return p->icmp_type == ICMP_UNREACH_ && p->icmp_code == ICMP_PORT_UNREACH_ &&
	       (addr_eq(&p->src, &req->dst) || addr_eq(&p->src, &req->orig_dst)) &&
	       (req->verdict == V_NONE || !verdict_is_problem(req->verdict) ||
		req->verdict == V_UNANSWERED);
}

static void on_icmp_error(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	struct trk *req = icmp_error_request(e, p);

	if (!req || req->icmp_error.valid)
		return;
	req->icmp_error.valid = true;
	req->icmp_error.type = p->icmp_type;
	req->icmp_error.code = p->icmp_code;
	req->icmp_error.from = p->src;
	if (!t->pair && !req->pair) {
		t->pair = req;
		req->pair = t;
	}
	if (req->matched)
		match(e, t);
	if (proves_no_socket(req, p)) {
		list_del(&req->reply);
		req->verdict = V_NO_SOCKET;
		engine_settle_later(e, req, &e->settle, SETTLE_NS);
	} else if (req->rev) {
		engine_emit_packet(e, req);
	}
}

/* A protocol in which nobody knows what answers what: both directions belong together. */
static void on_other(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	struct flow_key k;
	struct trk *o;

	journey_key(p, &k);
	o = journey_opposite(e, &k);
	if (!o)
		return;
	if (o->matched)
		match(e, t);
	else if (t->matched)
		match(e, o);
}

void exchange_begin(struct engine *e, struct trk *t, const struct obs_pkt *p)
{
	struct flow_key k;

	if (t->role == ROLE_REQUEST) {
		on_request(e, t);
	} else if (t->role == ROLE_REPLY) {
		journey_key(p, &k);
		on_reply(e, t, &k);
	} else if (t->role == ROLE_ICMP_ERROR) {
		on_icmp_error(e, t, p);
	} else if (t->app == APP_UDP) {
		on_other(e, t, p);
	}
}
