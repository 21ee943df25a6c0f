// SPDX-License-Identifier: GPL-2.0-only
/* The hooks of a replay, and the life of what a report keeps. */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "report_priv.h"
#include "util.h"

int report__new(const char *file, struct report **ret)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->node = calloc(REPORT_NODES, sizeof(struct report_node *));
	if (!r->node) {
		free(r);
		return -ENOMEM;
	}
	snprintf(r->file, sizeof(r->file), "%s", file);
	*ret = r;
	return 0;
}

static void node_free(struct report_node *n)
{
	for (uint32_t i = 0; i < n->lane_cnt; i++)
		free(n->lane[i]);
	for (uint32_t i = 0; i < n->peer_cnt; i++)
		free(n->peer[i]);
	for (uint32_t i = 0; i < n->flow_cnt; i++)
		free(n->flow[i]);
	for (uint32_t i = 0; n->cases && i < REPORT_CASES; i++)
		free(n->cases[i]);
	hmap_free(&n->lanes_by);
	hmap_free(&n->flows_by);
	free(n->lane);
	free(n->peer);
	free(n->flow);
	free(n->cases);
	free(n->memory);
	free(n->memo);
	free(n->conf);
	free(n);
}

void report__free(struct report *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->node_cnt; i++)
		node_free(r->node[i]);
	free(r->node);
	free(r->sample);
	free(r);
}

bool report__failed(const struct report *r)
{
	return r->failed;
}

void report__set_trouble(struct report *r, const char *why)
{
	snprintf(r->trouble, sizeof(r->trouble), "%s", why);
}

uint64_t report_wall(const struct report_node *n, uint64_t ts_ns)
{
	/* a damaged file has any offset */
	uint64_t wall = ts_ns + (uint64_t)n->rn->wall_offset_ns;

	return wall <= INT64_MAX ? wall : 0;
}

/* ---- META ---- */

/* Each word after a blank; what does not fit is left out with an ellipsis */
static void join_words(char *out, size_t sz, cap_words words, const char *between)
{
	size_t len = 0;

	out[0] = '\0';
	for (; words && *words && len + 4 < sz; words++) {
		int n = snprintf(out + len, sz - len, "%s%s", len ? between : "", *words);

		len += n > 0 ? (size_t)n : 0;
	}
	if (len >= sz)
		snprintf(out + sz - 4, 4, "\xe2\x80\xa6");
}

static void copy_meta(struct report_node *n, const struct cap_meta *m)
{
	snprintf(n->version, sizeof(n->version), "%s", m->version);
	snprintf(n->kernel, sizeof(n->kernel), "%s", m->kernel);
	snprintf(n->filter, sizeof(n->filter), "%s", m->filter);
	snprintf(n->pod, sizeof(n->pod), "%s", m->pod);
	n->foreign = m->foreign;
	join_words(n->argv, sizeof(n->argv), m->argv, " ");
}

static bool node_alloc(struct report_node *n)
{
	n->lane = calloc(REPORT_LANES, sizeof(struct lane *));
	n->peer = calloc(REPORT_PEERS, sizeof(struct peer *));
	n->flow = calloc(REPORT_FLOWS, sizeof(struct flow *));
	n->cases = calloc(REPORT_CASES, sizeof(struct case_file *));
	n->memory = calloc(REPORT_MEMORY, sizeof(struct memory));
	n->memo = calloc(REPORT_MEMOS, sizeof(struct block_memo));
	return n->lane && n->peer && n->flow && n->cases && n->memory && n->memo;
}

static void on_node(void *ctx, struct replay_node *rn)
{
	struct report *r = ctx;
	struct report_node *n;

	if (rn->user)
		return; /* another file of the same run */
	if (r->node_cnt == REPORT_NODES) {
		r->nodes_left_out++;
		return;
	}
	n = calloc(1, sizeof(*n));
	if (!n || !node_alloc(n)) {
		if (n)
			node_free(n);
		r->failed = true;
		return;
	}
	n->report = r;
	n->rn = rn;
	n->idx = r->node_cnt;
	snprintf(n->name, sizeof(n->name), "%s", rn->name ? rn->name : "");
	snprintf(n->path, sizeof(n->path), "%s", rn->path ? rn->path : "");
	if (rn->meta)
		copy_meta(n, rn->meta);
	r->node[r->node_cnt++] = n;
	rn->user = n;
}

/* ---- the trace ---- */

struct checks {
	struct check *to;
	uint32_t cnt;
};

static void on_check(void *ctx, const struct check *c)
{
	struct checks *s = ctx;

	if (s->cnt < REPORT_CHECKS)
		s->to[s->cnt++] = *c;
}

static uint32_t audit(const struct report_node *n, struct check *to)
{
	struct checks s = { .to = to };

	engine__audit(n->rn->engine, on_check, &s);
	return s.cnt;
}

static void begin(struct report_node *n, uint64_t ts_ns)
{
	n->start_ns = report_wall(n, ts_ns);
	report_grow(n->report, n->start_ns);
	lanes_begin(n, n->start_ns);
	for (uint32_t i = 0; i < n->peer_cnt; i++)
		track_begin(&n->peer[i]->session, n->start_ns);
	n->ready = true;
}

static void on_ready(void *ctx, struct replay_node *rn, const struct cap_ready *c)
{
	struct report_node *n = rn->user;

	(void)ctx;
	/* the later parts of a run have a snapshot of their own */
	if (!n || n->ready)
		return;
	begin(n, c->ts_ns);
	n->start_cnt = audit(n, n->start);
	join_words(n->probes, sizeof(n->probes), c->probes, ", ");
	join_words(n->missing, sizeof(n->missing), c->missing, "; ");
}

static void on_source(struct report_node *n, const struct obs_source *s)
{
	if (s->begin || (unsigned int)s->id >= SOURCE_MAX)
		return;
	n->source[s->id] = *s;
}

static void on_obs(void *ctx, struct replay_node *rn, const struct obs *o,
		   const struct cap_item *item)
{
	struct report_node *n = rn->user;
	uint64_t ts_ns;

	(void)ctx;
	(void)item;
	if (!n || n->ended)
		return;
	ts_ns = report_wall(n, o->ts_ns);
	switch (o->kind) {
	case OBS_POOLS:
		n->pools = o->pools;
		break;
	case OBS_BGP:
		peer_bgp(n, &o->bgp, ts_ns);
		break;
	case OBS_BIRD_PROTO:
		peer_bird(n, &o->bird_proto, ts_ns);
		break;
	case OBS_CONF_PEER:
		peer_conf(n, &o->conf_peer);
		break;
	case OBS_SOURCE:
		on_source(n, &o->source);
		break;
	case OBS_ELSEWHERE:
		report_elsewhere(n, &o->elsewhere);
		break;
	case OBS_PROC:
		event_proc(n, &o->proc);
		break;
	case OBS_TICK:
		if (n->ready && !rn->finished)
			report_grow(n->report, ts_ns);
		break;
	default:
		break;
	}
}

/* Of all nodes together: told when it changes, so the first and the last one count */
static void cluster_check(struct report_node *n, const struct check *c)
{
	for (uint32_t i = 0; i < n->joint_cnt; i++) {
		if (strcmp(n->joint[i].name, c->name) != 0)
			continue;
		n->joint[i] = *c;
		return;
	}
	if (n->joint_cnt == REPORT_JOINT)
		return;
	n->joint[n->joint_cnt++] = *c;
	if (n->start_cnt < REPORT_CHECKS)
		n->start[n->start_cnt++] = *c;
}

static void clock_words(struct report_node *n, const struct clock_rel *c)
{
	if (c->known)
		snprintf(
			n->clock, sizeof(n->clock),
			"%+.3f ms against %.60s, at most %.3f ms off, from %llu packets seen on both",
			(double)c->offset_ns / 1e6, c->reference, (double)c->error_ns / 1e6,
			(unsigned long long)c->packets);
	else
		snprintf(n->clock, sizeof(n->clock),
			 "against %.60s: not known, too few packets were seen on both",
			 c->reference);
}

static void on_record(void *ctx, struct replay_node *rn, const struct record *rec)
{
	struct report_node *n = rn->user;
	uint64_t ts_ns;

	(void)ctx;
	if (!n || n->ended)
		return;
	if (rec->kind == REC_CHECK)
		return cluster_check(n, rec->check);
	if (rec->kind == REC_CLOCK)
		return clock_words(n, rec->clock);
	/* a foreign file begins with its first packet */
	if (!n->ready)
		begin(n, rec->ts_ns);
	ts_ns = report_wall(n, rec->ts_ns);
	if (rec->kind == REC_PACKET) {
		n->packets++;
		report_packet(n, rec->packet, report_wall(n, rec->packet->ts_ns));
		return;
	}
	if (rec->kind == REC_ROUTE)
		lanes_route(n, rec->route, ts_ns);
	event_record(n, rec, ts_ns);
}

/* Blocks that a finding knows, of which no packet was seen and no route was there */
static void findings_lanes(struct report_node *n)
{
	for (uint32_t id = 1; id <= n->sum.finding_cnt; id++) {
		const struct finding *f = engine__finding(n->rn->engine, id);

		for (uint32_t i = 0; f && i < f->block_cnt && i < MAX_BLOCKS; i++)
			report_lane(n, &f->block[i], n->start_ns);
	}
}

static void on_finish(void *ctx, struct replay_node *rn, uint64_t ts_ns)
{
	struct report_node *n = rn->user;

	(void)ctx;
	if (!n || n->ended)
		return;
	if (!n->ready)
		begin(n, ts_ns);
	n->finish_ns = report_wall(n, ts_ns);
	report_grow(n->report, n->finish_ns);
	engine__summary(rn->engine, ts_ns, &n->sum);
	n->sum.have_status = rn->command_status >= 0;
	n->sum.command_status = rn->command_status;
	n->have_summary = true;
	n->end_cnt = audit(n, n->end);
	for (uint32_t i = 0; i < n->joint_cnt && n->end_cnt < REPORT_CHECKS; i++)
		n->end[n->end_cnt++] = n->joint[i];
	findings_lanes(n);
	for (uint32_t i = 0; i < n->lane_cnt; i++)
		lane_look(n, n->lane[i], n->finish_ns);
	event_answers(n);
	/* the end's snapshot is no part of the time that is drawn */
	n->ended = true;
}

static void on_item(void *ctx, struct replay_node *rn, const struct cap_item *item)
{
	struct report_node *n = rn->user;

	(void)ctx;
	if (!n || item->kind != CAP_END || item->end.rotated)
		return;
	snprintf(n->reason, sizeof(n->reason), "%s", item->end.reason);
}

struct replay_ops report__ops(struct report *r)
{
	return (struct replay_ops){
		.node = on_node,
		.ready = on_ready,
		.obs = on_obs,
		.record = on_record,
		.finish = on_finish,
		.item = on_item,
		.ctx = r,
	};
}
