// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings: problems of one kind, folded. A finding is opened by the first problem packet (or by a
 * pod's gateway that stays silent), grows with the others, is explained anew when the evidence
 * changes, and recovers when exchanges of its blocks fare well again and their routes are back.
 */
#include "engine_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

#define MAX_FINDINGS 1000
#define COUNTS_NS (5 * NSEC_PER_SEC) /* changes of mere counts are told this often */
#define FRESH_NS (3 * NSEC_PER_SEC)  /* a problem older than this says nothing of now */

static void scope_name(const struct engine *e, const struct trk *t, char *buf, size_t sz)
{
	char text[PREFIX_STRLEN];

	/* a service fails alone, whatever else of the world outside is out of reach */
	if (!addr_is_set(&t->block.addr) && service_known(e, &t->dst) != SERVICE_NOT)
		snprintf(buf, sz, "service/%s", addr_str(&t->dst, text));
	else if (!addr_is_set(&t->block.addr))
		snprintf(buf, sz, "external");
	else if (bgp_all_down(e) && judge_dev(e, t->ifindex) != DEV_WORKLOAD)
		snprintf(buf, sz, "all-blocks");
	else
		snprintf(buf, sz, "%s", prefix_str(&t->block, text));
}

static void key_of(const struct engine *e, const struct trk *t, char *buf, size_t sz)
{
	const char *verdict = verdict_name(t->verdict);
	const char *dev = mirror__dev(e->mirror, t->ifindex);
	char scope[PREFIX_STRLEN];

	scope_name(e, t, scope, sizeof(scope));
	switch (t->verdict) {
	case V_NO_ROUTE:
		if (t->pod_drop)
			snprintf(buf, sz, "%s/proxy-arp", verdict);
		else
			snprintf(buf, sz, "%s/%s", verdict, scope);
		break;
	case V_BLACKHOLE:
	case V_UNREACHABLE:
	case V_PROHIBIT:
	case V_UNANSWERED:
		snprintf(buf, sz, "%s/%s", verdict, scope);
		break;
	case V_OTHER:
		snprintf(buf, sz, "%s/%s/%s", verdict,
			 t->drop && t->drop->location[0] ? t->drop->location : "?", dev);
		break;
	default:
		snprintf(buf, sz, "%s/%s/%s", verdict, dev, scope);
	}
}

static struct fnd *finding_by_key(struct engine *e, const char *key, enum verdict v, uint64_t ts_ns)
{
	struct fnd *f;

	for (uint32_t i = 0; i < e->finding_cnt; i++)
		if (!strcmp(e->finding[i]->f.key, key))
			return e->finding[i];
	/* past the limit, one for each verdict takes the rest */
	if (e->finding_cnt >= MAX_FINDINGS && !strstr(key, "/others")) {
		char others[sizeof(f->f.key)];

		snprintf(others, sizeof(others), "%s/others", verdict_name(v));
		return finding_by_key(e, others, v, ts_ns);
	}
	if (e->finding_cnt == e->finding_cap) {
		uint32_t cap = e->finding_cap ? e->finding_cap * 2 : 16;
		struct fnd **n = realloc(e->finding, cap * sizeof(*n));

		if (!n)
			return NULL;
		e->finding = n;
		e->finding_cap = cap;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	snprintf(f->f.key, sizeof(f->f.key), "%s", key);
	f->f.id = e->finding_cnt + 1;
	f->f.verdict = v;
	f->f.first_ns = ts_ns;
	e->finding[e->finding_cnt++] = f;
	return f;
}

/* Weakest last: what is guessed for one block may not pass for knowledge */
static enum block_from weaker(enum block_from a, enum block_from b)
{
	return a > b ? a : b;
}

static bool add_block(struct finding *f, const struct prefix *block, enum block_from from)
{
	if (!addr_is_set(&block->addr))
		return false;
	for (uint32_t i = 0; i < f->block_cnt; i++)
		if (prefix_eq(&f->block[i], block))
			return false;
	if (f->block_cnt == MAX_BLOCKS)
		return false; /* enough to see how wide it is */
	f->block[f->block_cnt++] = *block;
	f->block_from = weaker(f->block_from, from);
	return true;
}

static bool has_block(const struct finding *f, const struct prefix *block)
{
	for (uint32_t i = 0; i < f->block_cnt; i++)
		if (prefix_eq(&f->block[i], block) || prefix_covers(&f->block[i], block) ||
		    prefix_covers(block, &f->block[i]))
			return true;
	return false;
}

static void emit(struct engine *e, struct fnd *f, uint64_t ts_ns)
{
	struct record rec = { .kind = REC_FINDING, .ts_ns = ts_ns, .finding = &f->f };

	f->f.rev++;
	f->f.ts_ns = ts_ns;
	f->dirty = false;
	f->emitted_ns = ts_ns;
	engine_emit(e, &rec);
}

static void reopen(struct engine *e, struct fnd *f, uint64_t ts_ns)
{
	e->waiting_known = false;
	f->f.last_ns = ts_ns;
	f->f.recovered = false;
	f->good_ns = 0;
	f->dirty = true;
}

/*
 * One that is open and knows the block: in an incident the routes go first and the sessions a
 * moment later, which changes the scope, but it is one fault.
 */
static struct fnd *finding_open(const struct engine *e, const struct trk *t)
{
	const char *dev = mirror__dev(e->mirror, t->ifindex);

	if (!addr_is_set(&t->block.addr) || t->pod_drop)
		return NULL;
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd *f = e->finding[i];

		if (f->f.verdict == t->verdict && !f->f.recovered && !f->proxy_arp &&
		    !strcmp(f->f.dev, dev) && has_block(&f->f, &t->block))
			return f;
	}
	return NULL;
}

static void remember_icmp(struct fnd *f, const struct trk *t)
{
	if (!t->icmp_error.valid || addr_is_set(&f->icmp_from))
		return;
	f->icmp_type = t->icmp_error.type;
	f->icmp_code = t->icmp_error.code;
	f->icmp_from = t->icmp_error.from;
}

static void remember_sample(struct fnd *f, const struct trk *t)
{
	const struct addr *asker = t->role == ROLE_REPLY ? &t->dst : &trk_first(t)->src;

	if (!addr_is_set(asker))
		return;
	for (int i = 0; i < f->sample_cnt; i++)
		if (f->sample[i].app == t->app && addr_eq(&f->sample[i].asker, asker))
			return;
	if (f->sample_cnt < MAX_SAMPLES)
		f->sample[f->sample_cnt++] = (struct sample){ *asker, t->app };
}

void finding_problem(struct engine *e, struct trk *t)
{
	char key[sizeof(((struct finding *)0)->key)];
	struct fnd *f = finding_open(e, t);
	bool fresh, more_blocks;

	if (!f) {
		key_of(e, t, key, sizeof(key));
		f = finding_by_key(e, key, t->verdict, t->last_ns);
	}
	if (!f)
		return;
	fresh = f->f.rev == 0 || f->f.recovered;
	if (fresh) {
		snprintf(f->f.dev, sizeof(f->f.dev), "%s", mirror__dev(e->mirror, t->ifindex));
		f->example = t->dst;
		f->gateway = t->route.gw;
		judge_tell_route(e, &t->route, &f->route);
		f->proxy_arp = t->pod_drop && t->verdict == V_NO_ROUTE;
		f->external = !addr_is_set(&t->block.addr);
		f->local = t->at == AT_TC_EGRESS && judge_dev(e, t->ifindex) == DEV_WORKLOAD;
		finding_first(e, f, t);
		nflook_finding(e, f);
	}
	/* who asks tells that he is somewhere; whom he asked need not have asked first */
	if (addr_eq(&t->dst, &f->example))
		f->first.from_afar |= finding_from_afar(e, t);
	remember_icmp(f, t);
	remember_sample(f, t);
	f->f.packets++;
	f->f.verdicts[t->verdict]++;
	f->f.apps[t->app]++;
	t->finding = f->f.id;
	nflook_lost(e, f, t);
	more_blocks = add_block(&f->f, &t->block, t->block_from);
	reopen(e, f, t->last_ns);
	if (fresh || more_blocks) {
		e->urgent = true;
		cause_explain(e, f);
		emit(e, f, e->now_ns);
	}
}

struct fnd *finding_answers(struct engine *e, const char *key, uint64_t ts_ns)
{
	struct fnd *f = finding_by_key(e, key, V_DELIVERED, ts_ns);

	if (f)
		f->answers = true;
	return f;
}

void finding_tell(struct engine *e, struct fnd *f, uint64_t ts_ns)
{
	emit(e, f, ts_ns);
}

void finding_arp(struct engine *e, const struct arp_silence *a, uint64_t ts_ns)
{
	struct fnd *f = finding_by_key(e, "no-route/proxy-arp", V_NO_ROUTE, ts_ns);

	if (!f)
		return;
	f->proxy_arp = f->external = true;
	f->pod = a->pod;
	f->example = a->gateway;
	if (!f->f.dev[0])
		snprintf(f->f.dev, sizeof(f->f.dev), "%s", mirror__dev(e->mirror, a->ifindex));
	reopen(e, f, ts_ns);
	if (f->f.rev == 0) {
		cause_explain(e, f);
		emit(e, f, ts_ns);
	}
}

/* All that it was about turned out to be something else, which has a finding of its own. */
static void retract(struct engine *e, struct fnd *f)
{
	e->waiting_known = false;
	f->f.recovered = true;
	f->f.recovered_ns = e->now_ns;
	snprintf(f->f.explain, sizeof(f->f.explain),
		 "What happened to these packets is known better by now: see the other findings.");
	emit(e, f, e->now_ns);
}

void finding_uncount(struct engine *e, struct trk *t)
{
	struct fnd *f;

	if (!t->finding || t->finding > e->finding_cnt)
		return;
	f = e->finding[t->finding - 1];
	if (f->f.packets)
		f->f.packets--;
	if (f->f.verdicts[t->counted])
		f->f.verdicts[t->counted]--;
	if (f->f.apps[t->app])
		f->f.apps[t->app]--;
	f->dirty = true;
	t->finding = 0;
	if (!f->f.packets && !f->proxy_arp && !f->f.recovered)
		retract(e, f);
}

void finding_late(struct engine *e, const struct trk *req)
{
	struct fnd *f;

	if (!req->finding || req->finding > e->finding_cnt)
		return;
	f = e->finding[req->finding - 1];
	f->late++;
	if (req->late_us > f->late_us)
		f->late_us = req->late_us;
	f->told_elsewhere = true;
}

/* Its neighbours in the block may fare well all the time. */
static bool of_one_address(const struct finding *f)
{
	return f->verdict == V_BLACKHOLE || f->verdict == V_UNANSWERED || f->verdict == V_NO_SOCKET;
}

/* What fails for all who use a route; the rest (filters, sockets, queues) may fail for one of them. */
static bool of_route(const struct finding *f)
{
	return f->verdict == V_LEAKED || f->verdict == V_NO_ROUTE || f->verdict == V_BLACKHOLE ||
	       f->verdict == V_UNREACHABLE || f->verdict == V_PROHIBIT ||
	       f->verdict == V_WRONG_NEXTHOP;
}

static bool is_sampled(const struct fnd *f, const struct good *g)
{
	for (int i = 0; i < f->sample_cnt; i++) {
		const struct sample *s = &f->sample[i];

		if (s->app == g->app &&
		    (addr_eq(&s->asker, &g->asker[0]) || addr_eq(&s->asker, &g->asker[1])))
			return true;
	}
	return false;
}

/* Did it go where the finding says that it is broken? */
static bool went_there(const struct fnd *f, const struct good *g)
{
	if (f->f.block_cnt && !of_one_address(&f->f))
		return addr_is_set(&g->block.addr) && has_block(&f->f, &g->block);
	/* what died before its translation was told with the service's address */
	return addr_eq(&g->dst, &f->example) ||
	       (addr_is_set(&g->orig_dst) && addr_eq(&g->orig_dst, &f->example));
}

/* Did the exchange need what the finding says is broken? */
static bool is_about(const struct engine *e, const struct fnd *f, const struct good *g)
{
	if (f->proxy_arp)
		return mirror__has_default(e->mirror);
	if (f->answers)
		return false;
	return went_there(f, g) && (of_route(&f->f) || !f->sample_cnt || is_sampled(f, g));
}

static void find_waiting(struct engine *e)
{
	e->waiting = NULL;
	e->waiting_known = true;
	for (uint32_t i = e->finding_cnt; i--;) {
		struct fnd *f = e->finding[i];

		if (f->f.recovered || f->good_ns)
			continue;
		f->waits = e->waiting;
		e->waiting = f;
	}
}

void finding_good(struct engine *e, const struct good *g)
{
	struct fnd **p = &e->waiting, *f;

	if (!e->waiting_known)
		find_waiting(e);
	while ((f = *p)) {
		/* asked before the last loss: it may have gone the way that was wrong, unrecognised */
		if (g->asked_ns > f->f.last_ns && is_about(e, f, g)) {
			f->good_ns = g->ts_ns;
			*p = f->waits;
		} else {
			p = &f->waits;
		}
	}
}

/* What the path's programs withhold has no verdict: some of it may have gone the same wrong way. */
static bool may_be_like(const struct finding *f, const struct obs_loss *l)
{
	if (f->recovered || !addr_is_set(&l->block.addr) || !has_block(f, &l->block))
		return false;
	return l->verdict == f->verdict ||
	       (l->verdict == V_NONE && (f->verdict == V_LEAKED || f->verdict == V_WRONG_NEXTHOP ||
					 f->verdict == V_UNANSWERED));
}

void finding_withheld(struct engine *e, const struct obs_loss *l)
{
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		struct fnd *f = e->finding[i];

		if (!may_be_like(&f->f, l))
			continue;
		f->f.withheld += l->count;
		f->dirty = true;
	}
}

/* How many of its blocks have a way out again */
static uint32_t routes_back(const struct engine *e, const struct finding *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->block_cnt; i++) {
		uint8_t len = f->block[i].len;
		const struct route *r =
			mirror__lookup_len(e->mirror, &f->block[i].addr, len, len < 32 ? 31 : 32);

		n += r && r->type == RTN_UNICAST;
	}
	return n;
}

static bool has_recovered(const struct engine *e, struct fnd *f)
{
	if (f->answers)
		return dns_recovered(e, f, &f->good_ns);
	if (!f->good_ns || f->good_ns <= f->f.last_ns)
		return false;
	if (f->f.verdict == V_LEAKED || (f->f.verdict == V_NO_ROUTE && !f->proxy_arp))
		return routes_back(e, &f->f) == f->f.block_cnt;
	return true;
}

/* The cure in a sentence: which block is back, by which way, after how long, at what price */
static void say_back(const struct engine *e, struct fnd *f)
{
	struct finding *x = &f->f;
	const struct route *r = x->block_cnt ? mirror__lookup_len(e->mirror, &x->block[0].addr,
								  x->block[0].len,
								  x->block[0].len < 32 ? 31 : 32) :
					       NULL;
	uint64_t s = (x->recovered_ns - x->first_ns) / NSEC_PER_SEC;
	char p[PREFIX_STRLEN], gw[ADDR_STRLEN], more[32] = "", after[32];

	if (x->recovered_ns < x->first_ns)
		s = 0;
	if (x->block_cnt > 1)
		snprintf(more, sizeof(more), " (and %u more)", x->block_cnt - 1);
	if (s >= 60)
		snprintf(after, sizeof(after), "%llu m %llu s", (unsigned long long)s / 60,
			 (unsigned long long)s % 60);
	else
		snprintf(after, sizeof(after), "%llu s", (unsigned long long)s);
	if (f->answers)
		snprintf(x->explain, sizeof(x->explain),
			 "The DNS server %s answers well again after %s; it failed %llu times.",
			 addr_str(&f->example, gw), after, (unsigned long long)x->packets);
	else if (of_route(x) && !f->proxy_arp && r && r->type == RTN_UNICAST && r->nh_cnt &&
		 addr_is_set(&r->nh[0].gw))
		snprintf(x->explain, sizeof(x->explain),
			 "%s%s is back via %s dev %s after %s, %llu packets lost.",
			 prefix_str(&x->block[0], p), more, addr_str(&r->nh[0].gw, gw),
			 mirror__dev(e->mirror, r->nh[0].ifindex), after,
			 (unsigned long long)x->packets);
	else
		snprintf(x->explain, sizeof(x->explain),
			 "What was broken works again after %s, %llu packets lost.", after,
			 (unsigned long long)x->packets);
}

/* BIRD tells times to the second, by another clock, and anew in each round. */
#define BIRD_JITTER_NS (5 * NSEC_PER_SEC)

static bool same_since(const struct because *a, const struct because *b)
{
	uint64_t d = a->since_ns > b->since_ns ? a->since_ns - b->since_ns :
						 b->since_ns - a->since_ns;

	if (a->since_from == SINCE_BIRD && b->since_from == SINCE_BIRD)
		return d < BIRD_JITTER_NS;
	return !d;
}

static bool same_chain(const struct finding *a, const struct finding *b)
{
	if (a->because_cnt != b->because_cnt || a->cause != b->cause ||
	    strcmp(a->explain, b->explain))
		return false;
	for (int i = 0; i < a->because_cnt; i++)
		if (a->because[i].cause != b->because[i].cause ||
		    a->because[i].confidence != b->because[i].confidence ||
		    !same_since(&a->because[i], &b->because[i]))
			return false;
	return true;
}

/*
 * BIRD, asked again, has not answered: what followed from what it said before has lost its ground,
 * and nothing else is told in its place. A BIRD that is gone is news, and no silence.
 */
static bool knows_less(const struct engine *e, const struct finding *was, const struct finding *now)
{
	enum source_state s = e->world.state[SOURCE_BIRD];
	int n = now->because_cnt;

	if (s != SOURCE_TIMEOUT && s != SOURCE_GIVEN_UP)
		return false;
	if (n && now->because[n - 1].cause == C_UNKNOWN)
		n--;
	if (n >= was->because_cnt || was->cause == C_UNKNOWN)
		return false;
	for (int i = 0; i < n; i++)
		if (now->because[i].cause != was->because[i].cause)
			return false;
	return true;
}

/* Once the cure has begun, what is seen is evidence of the cure, not of the fault. */
static bool fault_in_force(const struct engine *e, const struct fnd *f, uint64_t ts_ns)
{
	if (f->good_ns || ts_ns > f->f.last_ns + FRESH_NS)
		return false;
	if ((f->f.verdict == V_LEAKED || f->f.verdict == V_NO_ROUTE) && f->f.block_cnt)
		return !routes_back(e, &f->f);
	return true;
}

static void review_one(struct engine *e, struct fnd *f, uint64_t ts_ns, bool final)
{
	struct finding before = f->f;

	if (f->f.recovered) {
		if (final && f->dirty)
			emit(e, f, ts_ns);
		return;
	}
	if (has_recovered(e, f)) {
		f->f.recovered = true;
		f->f.recovered_ns = f->good_ns;
		say_back(e, f);
		emit(e, f, ts_ns);
		return;
	}
	if (f->told_elsewhere || fault_in_force(e, f, ts_ns))
		cause_explain(e, f);
	f->told_elsewhere = false;
	if (knows_less(e, &before, &f->f))
		f->f = before;
	if (!same_chain(&before, &f->f) ||
	    (f->dirty && (final || ts_ns > f->emitted_ns + COUNTS_NS)))
		emit(e, f, ts_ns);
}

static void review_all(struct engine *e, uint64_t ts_ns, bool final)
{
	for (uint32_t i = 0; i < e->finding_cnt; i++)
		review_one(e, e->finding[i], ts_ns, final);
}

void finding_review(struct engine *e, uint64_t ts_ns)
{
	review_all(e, ts_ns, false);
}

void finding_finish(struct engine *e, uint64_t ts_ns)
{
	review_all(e, ts_ns, true);
}

void finding_free_all(struct engine *e)
{
	for (uint32_t i = 0; i < e->finding_cnt; i++) {
		nflook_free(e->finding[i]);
		free(e->finding[i]);
	}
	free(e->finding);
}
