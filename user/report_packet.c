// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets, counted by block and time and by flow. A packet is told again when its verdict changes, so
 * what was counted for it is remembered for a while, and taken back.
 */
#include "report_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtnum.h"
#include "util.h"

#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

static void lane_widen(struct lane *l, uint32_t by)
{
	for (uint32_t i = 0; i < REPORT_BUCKETS; i++) {
		struct bar b = l->bar[i];

		l->bar[i] = (struct bar){ 0 };
		l->bar[i / by].good += b.good;
		l->bar[i / by].lost += b.lost;
	}
}

void report_grow(struct report *r, uint64_t ts_ns)
{
	uint32_t by = axis_grow(&r->axis, ts_ns);

	if (by <= 1)
		return;
	for (uint32_t i = 0; i < r->node_cnt; i++)
		for (uint32_t k = 0; k < r->node[i]->lane_cnt; k++)
			lane_widen(r->node[i]->lane[k], by);
}

/* ---- flows ---- */

static struct flow *flow_get(struct report_node *n, const struct prefix *src,
			     const struct prefix *dst, enum app app)
{
	uint64_t hash = hash_bytes(dst, sizeof(*dst), hash_bytes(src, sizeof(*src), app));
	struct flow *f;

	for (struct hnode *h = hmap_first(&n->flows_by, hash); h; h = hmap_next(h)) {
		f = hmap_entry(h, struct flow, node);
		if (f->app == app && prefix_eq(&f->src, src) && prefix_eq(&f->dst, dst))
			return f;
	}
	if (n->flow_cnt == REPORT_FLOWS) {
		n->flows_left_out++;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f || hmap_add(&n->flows_by, &f->node, hash)) {
		n->report->failed = true;
		free(f);
		return NULL;
	}
	f->src = *src;
	f->dst = *dst;
	f->app = app;
	n->flow[n->flow_cnt++] = f;
	f->nr = (uint16_t)n->flow_cnt;
	return f;
}

static bool is_reply(const struct packet *p)
{
	switch (p->app) {
	case APP_DNS:
		return p->dns_valid ? p->dns_response :
				      p->latency_us >= 0 && (p->tcp_flags & TCP_ACK);
	case APP_ICMP:
		return p->icmp_valid && p->icmp_type != 8;
	case APP_TCP:
		return (p->tcp_flags & TCP_ACK) || (p->tcp_flags & TCP_RST);
	default:
		return false;
	}
}

static void flow_count(struct report_node *n, const struct packet *p, struct memory *m)
{
	struct prefix src = report_block(n, &p->src), dst = p->block;
	struct flow *f;

	if (!addr_is_set(&dst.addr))
		dst = report_block(n, &p->dst);
	m->reply = is_reply(p);
	f = m->reply ? flow_get(n, &dst, &src, p->app) : flow_get(n, &src, &dst, p->app);
	if (!f)
		return;
	m->flow = f->nr;
	if (!m->reply)
		f->sent++;
}

/* ---- counting ---- */

static void add(uint64_t *to, bool back)
{
	if (!back)
		++*to;
	else if (*to)
		--*to;
}

static void add_bar(uint32_t *to, bool back)
{
	if (!back)
		++*to;
	else if (*to)
		--*to;
}

/* back: it is taken back */
static void count(struct report_node *n, const struct memory *m, uint64_t ts_ns, bool back)
{
	struct lane *l = m->lane ? n->lane[m->lane - 1] : NULL;
	struct flow *f = m->flow ? n->flow[m->flow - 1] : NULL;
	bool bad = verdict_is_problem(m->verdict);
	uint32_t i = axis_bucket(&n->report->axis, ts_ns);

	if (l) {
		add_bar(bad ? &l->bar[i].lost : &l->bar[i].good, back);
		add(bad ? &l->lost : &l->good, back);
	}
	if (f && bad)
		add(m->reply ? &f->answer_lost : &f->lost, back);
	else if (f && m->reply)
		add(&f->answered, back);
}

static void note_loss(struct lane *l, const struct packet *p, uint64_t ts_ns)
{
	if (!verdict_is_problem(p->verdict))
		return;
	if (!l->first_lost_ns || ts_ns < l->first_lost_ns)
		l->first_lost_ns = ts_ns;
	if (ts_ns >= l->last_lost_ns) {
		l->last_lost_ns = ts_ns;
		l->answer_ns = 0;
	}
}

/* A reply that arrives proves that its sender's block is reached again. */
static void note_answer(struct report_node *n, const struct packet *p, uint64_t ts_ns)
{
	struct prefix src = report_block(n, &p->src);
	struct lane *l;

	if (!is_reply(p) || p->latency_us < 0 || verdict_is_problem(p->verdict) ||
	    !addr_is_set(&src.addr))
		return;
	l = report_lane(n, &src, ts_ns);
	if (!l || !l->last_lost_ns || l->answer_ns)
		return;
	/* asked after the last loss, else the request may be an older one */
	if (ts_ns <= l->last_lost_ns + (uint64_t)p->latency_us * NS_PER_US)
		return;
	l->answer_ns = ts_ns;
}

/* ---- packets that are told one by one ---- */

static struct sample *sample_find(struct report *r, const struct report_node *n, uint64_t id)
{
	for (uint32_t i = r->sample_cnt; i-- > 0;)
		if (r->sample[i].node == n->idx && r->sample[i].packet.id == id)
			return &r->sample[i];
	return NULL;
}

static bool is_wanted(const struct report *r, const struct case_file *c)
{
	if (r->sample_cnt >= SAMPLES_MAX)
		return false;
	return r->sample_cnt < REPORT_SAMPLES || (c && c->kept < REPORT_PER_CASE);
}

static void sample_add(struct report_node *n, struct case_file *c, const struct packet *p,
		       uint64_t ts_ns)
{
	struct report *r = n->report;

	if (!is_wanted(r, c)) {
		r->samples_left_out++;
		return;
	}
	if (r->sample_cnt == r->sample_cap) {
		uint32_t cap = r->sample_cap ? r->sample_cap * 2 : 16;
		struct sample *s = realloc(r->sample, cap * sizeof(*s));

		if (!s) {
			r->failed = true;
			return;
		}
		r->sample = s;
		r->sample_cap = cap;
	}
	r->sample[r->sample_cnt++] = (struct sample){ n->idx, *p, ts_ns };
	if (c)
		c->kept++;
}

/* ---- the way that it should have gone ---- */

void find_uplink(const struct mirror *m, const struct addr *gw, char dev[DEV_LEN])
{
	const struct route *r = addr_is_set(gw) ? mirror__lookup(m, gw) : NULL;

	if (r && r->nh_cnt)
		snprintf(dev, DEV_LEN, "%s", mirror__dev(m, r->nh[0].ifindex));
}

static void journey_keep(struct report_node *n, struct journey *j, const struct packet *p,
			 uint64_t ts_ns)
{
	const struct mirror *m = engine__mirror(n->rn->engine);
	const struct pool *pool = report_pool(n, &p->dst);
	const struct route *r = mirror__lookup_len(m, &p->dst, pool ? pool->cidr.len : 1, 32);
	const struct gone *g = mirror__gone(m, &p->dst, pool ? pool->cidr.len : 1, 32);

	*j = (struct journey){ .packet = *p, .wall_ns = ts_ns };
	j->mode = pool ? pool->mode : POOL_UNKNOWN;
	if (g && (!r || g->route.dst.len > r->dst.len))
		r = &g->route;
	if (!r || r->type != RTN_UNICAST || !r->nh_cnt)
		return;
	j->should = *r;
	j->own = !addr_is_set(&r->nh[0].gw) && r->dst.len == 32;
	snprintf(j->should_dev, sizeof(j->should_dev), "%s", mirror__dev(m, r->nh[0].ifindex));
	find_uplink(m, &r->nh[0].gw, j->uplink);
}

/* From a pod it tells more than from the node itself, and a request more than a reply. */
static int telling(const struct packet *p)
{
	return (p->hop_cnt && !strncmp(p->hop[0].dev, "cali", 4) ? 4 : 0) + (is_reply(p) ? 0 : 2) +
	       (p->src_pod[0] ? 1 : 0);
}

static struct case_file *case_of(struct report_node *n, uint32_t finding)
{
	struct case_file **c;

	if (!finding || finding > REPORT_CASES)
		return NULL;
	c = &n->cases[finding - 1];
	if (!*c)
		*c = calloc(1, sizeof(**c));
	if (!*c)
		n->report->failed = true;
	return *c;
}

static void problem(struct report_node *n, const struct packet *p, uint64_t ts_ns)
{
	struct sample *s = p->rev > 1 ? sample_find(n->report, n, p->id) : NULL;
	struct case_file *c = case_of(n, p->finding);

	if (c && (!c->have || telling(p) > telling(&c->journey.packet))) {
		journey_keep(n, &c->journey, p, ts_ns);
		c->have = true;
	}
	if (s)
		s->packet = *p;
	else
		sample_add(n, c, p, ts_ns);
}

/* ---- a packet ---- */

/* An earlier revision that is forgotten by now: it was nearly always sent, and good. */
static void guess_memory(struct report_node *n, struct memory *m, const struct packet *p)
{
	struct lane *l = report_lane(n, &p->block, report_wall(n, p->ts_ns));
	uint64_t good = l ? l->good : 0;

	*m = (struct memory){ .id = p->id, .verdict = good ? V_SENT : p->verdict };
	m->lane = l ? l->nr : 0;
	m->late = p->late_us >= 0;
}

void report_packet(struct report_node *n, const struct packet *p, uint64_t ts_ns)
{
	struct memory *m = &n->memory[p->id % REPORT_MEMORY];
	struct lane *l;

	if (p->verdict == V_NONE)
		return;
	report_grow(n->report, ts_ns);
	l = report_lane(n, &p->block, ts_ns);
	if (p->rev > 1 && m->id != p->id)
		guess_memory(n, m, p);
	if (m->id == p->id) {
		count(n, m, ts_ns, true);
	} else {
		*m = (struct memory){ .id = p->id };
		flow_count(n, p, m);
	}
	m->lane = l ? l->nr : 0;
	m->verdict = (uint8_t)p->verdict;
	count(n, m, ts_ns, false);
	if (p->late_us >= 0 && !m->late && m->flow)
		n->flow[m->flow - 1]->late++;
	m->late = p->late_us >= 0;
	if (l)
		note_loss(l, p, ts_ns);
	if (verdict_is_problem(p->verdict))
		problem(n, p, ts_ns);
	else
		note_answer(n, p, ts_ns);
}
