// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files (replay_file.c) become nodes: the parts of a run one after another, each node with an engine
 * of its own. What the nodes' files hold is taken in the order of the wall clock, one item at a
 * time, so that memory does not depend on how much there is.
 */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "replay_priv.h"
#include "util.h"

#define DAY_NS (86400 * (int64_t)NS_PER_S)

/* ---- what the engine says ---- */

static void hand_record(struct rnode *n, const struct record *rec)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (ops->record)
		ops->record(ops->ctx, &n->pub, rec);
}

void replay_record(void *ctx, const struct record *rec)
{
	struct rnode *n = ctx;

	/* records of a snapshot are state, not news */
	if (n->pub.ready && !n->pub.finished && rec->ts_ns >= n->since_ns)
		hand_record(n, replay_cluster__record(n, rec));
}

/* ---- one node's items ---- */

static bool is_packet(const struct obs *o)
{
	return o->kind == OBS_PATH || o->kind == OBS_DROP || o->kind == OBS_FIB ||
	       o->kind == OBS_RES;
}

static void hand_item(struct rnode *n, const struct cap_item *item)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (ops->item)
		ops->item(ops->ctx, &n->pub, item);
}

static const struct pool *find_pool(const struct obs_pools *p, const struct prefix *cidr)
{
	for (uint32_t i = 0; i < p->cnt && i < MAX_POOLS; i++)
		if (prefix_covers(&p->pool[i].cidr, cidr))
			return &p->pool[i];
	return NULL;
}

/* --pool replaces what the node learnt; without =mode, what it learnt of that CIDR's stays. */
static void replace_pools(const struct opts *o, struct obs_pools *p)
{
	struct obs_pools out = { .block_len = p->block_len };

	for (uint32_t i = 0; i < o->pool_cnt && i < MAX_POOLS; i++) {
		struct pool *q = &out.pool[out.cnt++];
		const struct pool *learnt = find_pool(p, &o->pool[i].cidr);

		*q = o->pool[i];
		q->from = q->mode_from = FROM_OPTION;
		if (q->mode == POOL_UNKNOWN && learnt) {
			q->mode = learnt->mode;
			q->mode_from = learnt->mode_from;
		}
	}
	*p = out;
}

static inline void feed(struct rnode *n, const struct obs *o, const struct cap_item *item)
{
	const struct replay_ops *ops = &n->r->ro.ops;
	bool packet = o->kind == OBS_PATH;

	if (!n->pub.first_ns)
		n->pub.first_ns = o->ts_ns;
	if (o->ts_ns > n->pub.last_ns)
		n->pub.last_ns = o->ts_ns;
	n->pub.packets += packet || o->kind == OBS_DROP;
	/* the same observations in the same order: the filter knows a device when its packets come */
	if (o->kind == OBS_LINK)
		filter__feed(n->filter, o);
	engine__feed(n->pub.engine, o);
	if (ops->obs && !(packet && ops->no_paths))
		ops->obs(ops->ctx, &n->pub, o, item);
	if (n->r->cluster)
		replay_cluster__obs(n, o);
}

static void finish(struct rnode *n, uint64_t ts_ns)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (n->pub.finished || !n->pub.ready)
		return;
	replay_cluster__finish(n, ts_ns);
	engine__finish(n->pub.engine, ts_ns);
	n->pub.finished = true;
	n->pub.finish_ns = ts_ns;
	/* it may print */
	progress__clear(&n->r->progress);
	if (ops->finish)
		ops->finish(ops->ctx, &n->pub, ts_ns);
}

static void be_ready(struct rnode *n, const struct cap_ready *r)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (n->pub.ready)
		return;
	/* what the node was like at the start is whole, or it is nothing */
	if (n->until_ns < r->ts_ns)
		n->until_ns = r->ts_ns;
	if (ops->ready)
		ops->ready(ops->ctx, &n->pub, r);
	n->pub.ready = true;
	replay_cluster__ready(n);
}

/* The pools are given, or who captured packets alone cannot know whether one left as it should. */
static void feed_changed(struct rnode *n, const struct cap_item *item)
{
	struct obs own = item->obs;

	if (own.kind == OBS_POOLS)
		replace_pools(n->r->ro.o, &own.pools);
	else
		own.pkt.hook = AT_TC_INGRESS;
	feed(n, &own, item);
}

/* The interval is over, or has not begun: false if the engine is not to have it */
static inline bool is_in_time(struct rnode *n, const struct obs *o)
{
	if (o->ts_ns > n->until_ns)
		finish(n, n->until_ns);
	if (is_packet(o) && (o->ts_ns < n->since_ns || n->pub.finished))
		return false;
	return o->ts_ns <= n->until_ns || !(n->pub.ready || is_packet(o));
}

static void on_obs(struct rnode *n, const struct cap_item *item)
{
	const struct obs *o = &item->obs;

	if (!is_in_time(n, o)) {
		n->r->skipped += is_packet(o);
		hand_item(n, item);
	} else if ((o->kind == OBS_POOLS && n->r->ro.o->pool_cnt) ||
		   (o->kind == OBS_PATH && n->pub.meta->foreign)) {
		feed_changed(n, item);
	} else {
		feed(n, o, item);
	}
}

/* The same of what nearly all are: nothing is to be decided. False: it is another */
static inline bool on_path(struct rnode *n, const struct cap_item *item)
{
	const struct obs *o = &item->obs;

	if (o->kind != OBS_PATH || o->ts_ns > n->until_ns || o->ts_ns < n->since_ns ||
	    n->pub.finished || n->pub.meta->foreign)
		return false;
	feed(n, o, item);
	return true;
}

static void process(struct rnode *n, const struct cap_item *item)
{
	switch (item->kind) {
	case CAP_OBS:
		if (!on_path(n, item))
			on_obs(n, item);
		return;
	case CAP_READY:
		be_ready(n, &item->ready);
		break;
	case CAP_FINISH:
		n->pub.command_status = item->finish.command_status;
		finish(n, item->finish.ts_ns < n->until_ns ? item->finish.ts_ns : n->until_ns);
		break;
	case CAP_END:
		n->file[n->cur]->rotated = item->end.rotated;
		break;
	case CAP_META: /* of a later part: the snapshot that follows was told to the engine, too */
	case CAP_CLOCK:
	case CAP_OTHER:
		break;
	}
	hand_item(n, item);
}

/* ---- from file to file ---- */

static void remember(struct replay *r, int err, const char *why)
{
	if (r->err)
		return;
	r->err = err;
	snprintf(r->why, sizeof(r->why), "%s", why);
}

static void end_node(struct rnode *n)
{
	const struct replay_ops *ops = &n->r->ro.ops;
	const struct replay_file *f = n->file[n->file_cnt - 1];

	n->done = true;
	n->head = NULL;
	if (f->rotated && !n->pub.finished) {
		log_warn("%s: the capture goes on in another file, which is not given", f->path);
		n->pub.gap = true;
	}
	finish(n, n->pub.last_ns < n->until_ns ? n->pub.last_ns : n->until_ns);
	replay_cluster__end(n);
	if (ops->end)
		ops->end(ops->ctx, &n->pub);
}

static void end_file(struct rnode *n, int err, const char *why)
{
	struct replay_file *f = n->file[n->cur];

	if (err) {
		n->pub.cut = true;
		remember(n->r, err, why);
	}
	replay_file__close(f);
	if (n->cur + 1 == n->file_cnt)
		return end_node(n);
	n->cur++;
	n->pub.path = n->file[n->cur]->path;
}

static uint64_t item_ts(const struct cap_item *item)
{
	switch (item->kind) {
	case CAP_OBS:
		return item->obs.ts_ns;
	case CAP_READY:
		return item->ready.ts_ns;
	case CAP_CLOCK:
		return item->clock.ts_ns;
	case CAP_FINISH:
		return item->finish.ts_ns;
	case CAP_END:
		return item->end.ts_ns;
	case CAP_META:
	case CAP_OTHER:
		break;
	}
	return 0;
}

/* The node's next item, of whatever file; none: done */
static __attribute__((noinline)) void fetch_any(struct rnode *n)
{
	char why[400];

	while (!n->done) {
		int got = replay_file__next(n->file[n->cur], &n->head, why, sizeof(why));
		uint64_t ts;

		if (got <= 0) {
			end_file(n, got, why);
			continue;
		}
		ts = item_ts(n->head);
		if (ts)
			n->wall_ns = (int64_t)(ts + (uint64_t)n->pub.wall_offset_ns);
		return;
	}
}

static inline void fetch(struct rnode *n)
{
	const struct cap_item *item = replay_file__next_packet(n->file[n->cur]);

	if (!item)
		return fetch_any(n);
	n->head = item;
	if (item->obs.ts_ns)
		n->wall_ns = (int64_t)(item->obs.ts_ns + (uint64_t)n->pub.wall_offset_ns);
}

/* The node whose turn it is; *limit: up to which time it stays so. NULL: all are done */
static struct rnode *earliest(const struct replay *r, int64_t *limit)
{
	struct rnode *first = NULL;

	*limit = INT64_MAX;
	for (uint32_t i = 0; i < r->node_cnt; i++) {
		struct rnode *n = r->node[i];

		if (n->done)
			continue;
		if (!first || n->wall_ns < first->wall_ns) {
			if (first)
				*limit = first->wall_ns;
			first = n;
		} else if (n->wall_ns < *limit) {
			*limit = n->wall_ns;
		}
	}
	return first;
}

/* Of packets only after some: what one or two print more, nobody minds. */
#define STOP_EVERY 16

/* So many times nobody looks at the clock. */
#define TELL_EVERY 256

static void tell_progress(struct replay *r)
{
	uint64_t done = 0;

	for (uint32_t i = 0; i < r->node_cnt; i++) {
		const struct rnode *n = r->node[i];

		for (uint32_t k = 0; k < n->file_cnt; k++)
			done += n->done || k < n->cur ? n->file[k]->size :
				k == n->cur	      ? replay_file__position(n->file[k]) :
							0;
	}
	progress__turn(&r->progress, done);
}

/* What prints as it goes shows how far it is, and the line would be in its way. */
static void begin_progress(struct replay *r)
{
	const struct opts *o = r->ro.o;
	uint64_t total = 0;

	if (o->quiet || !progress_wanted() ||
	    (o->command == CMD_SHOW && !o->summary && !o->timeline && isatty(STDOUT_FILENO)))
		return;
	for (uint32_t i = 0; i < r->files.cnt; i++) {
		if (!r->files.file[i]->size)
			total = UINT64_MAX;
		if (total != UINT64_MAX)
			total += r->files.file[i]->size;
	}
	progress__begin(&r->progress, r->ro.file[0], total == UINT64_MAX ? 0 : total);
}

static __attribute__((noinline)) bool is_stopped(struct replay *r)
{
	r->unasked = 0;
	if (r->progress.on && ++r->asked % TELL_EVERY == 0)
		tell_progress(r);
	r->stopped = r->stopped || (r->ro.ops.stop && r->ro.ops.stop(r->ro.ops.ctx));
	return r->stopped;
}

static inline bool is_stopped_after(struct replay *r, const struct cap_item *last)
{
	if (last->kind == CAP_OBS && last->obs.kind == OBS_PATH && ++r->unasked < STOP_EVERY)
		return false;
	return is_stopped(r);
}

static int64_t wall_start(const struct replay *r)
{
	int64_t start = INT64_MAX;

	for (uint32_t i = 0; i < r->node_cnt; i++) {
		const struct replay_node *p = &r->node[i]->pub;
		int64_t t = (int64_t)(p->meta->mono_ns + (uint64_t)p->wall_offset_ns);

		if (t < start)
			start = t;
	}
	/* a file may say anything: days are counted from here */
	return start < 0 ? 0 : start > INT64_MAX / 2 ? INT64_MAX / 2 : start;
}

/* On the wall clock, from where the earliest capture began at start; unset: never */
static int64_t when_wall(const struct when *w, int64_t start, int64_t never)
{
	int64_t day, t;

	switch (w->kind) {
	case WHEN_OFFSET:
		return (int64_t)((uint64_t)start + (uint64_t)w->ns);
	case WHEN_WALL:
		return w->ns;
	case WHEN_CLOCK:
		day = start - start % DAY_NS;
		t = day + w->ns;
		/* long before the beginning: the next day's is meant */
		return t + DAY_NS / 2 < start ? t + DAY_NS : t;
	case WHEN_UNSET:
		break;
	}
	return never;
}

static uint64_t to_mono(int64_t wall, int64_t offset)
{
	if (wall == INT64_MAX)
		return UINT64_MAX;
	return wall > offset ? (uint64_t)wall - (uint64_t)offset : 0;
}

static void set_interval(struct replay *r)
{
	int64_t start = wall_start(r);
	int64_t since = when_wall(&r->ro.o->since, start, 0);
	int64_t until = when_wall(&r->ro.o->until, start, INT64_MAX);

	for (uint32_t i = 0; i < r->node_cnt; i++) {
		struct rnode *n = r->node[i];

		n->since_ns = since ? to_mono(since, n->pub.wall_offset_ns) : 0;
		n->until_ns = to_mono(until, n->pub.wall_offset_ns);
	}
}

static void begin(struct replay *r)
{
	const struct replay_ops *ops = &r->ro.ops;
	int err = replay_cluster__begin(r);

	if (err)
		remember(r, err, "out of memory");
	/* the caller may correct the offsets of their clocks here */
	for (uint32_t i = 0; i < r->node_cnt; i++)
		if (ops->node)
			ops->node(ops->ctx, &r->node[i]->pub);
	replay_cluster__nodes(r);
	set_interval(r);
	for (uint32_t i = 0; i < r->node_cnt; i++) {
		struct rnode *n = r->node[i];

		n->wall_ns = (int64_t)(n->pub.meta->mono_ns + (uint64_t)n->pub.wall_offset_ns);
		fetch(n);
	}
}

static void tell_span(int64_t start, int64_t end, bool packets)
{
	const time_t at[2] = { start / (int64_t)NS_PER_S, end / (int64_t)NS_PER_S };
	char text[2][32] = { "?", "?" };
	struct tm tm;

	for (int i = 0; i < 2; i++)
		if (gmtime_r(&at[i], &tm))
			strftime(text[i], sizeof(text[i]), "%Y-%m-%dT%H:%M:%SZ", &tm);
	log_warn("no packet is between --since and --until: the capture is from %s to %s%s",
		 text[0], text[1], packets ? "" : ", and has none at all");
}

/* Nothing at all may be a matter of the wrong day, or hour. */
static void look_at_interval(const struct replay *r)
{
	const struct opts *o = r->ro.o;
	int64_t start = wall_start(r), end = start;
	uint64_t packets = 0;

	for (uint32_t i = 0; i < r->node_cnt; i++) {
		packets += r->node[i]->pub.packets;
		if (r->node[i]->wall_ns > end)
			end = r->node[i]->wall_ns;
	}
	if (packets || (!r->skipped && when_wall(&o->since, start, start) <= end &&
			when_wall(&o->until, start, end) >= start))
		return;
	tell_span(start, end, r->skipped);
}

int replay__run(struct replay *r, char *why, size_t why_sz)
{
	struct rnode *n;
	int64_t limit;

	begin(r);
	begin_progress(r);
	while (!is_stopped(r) && (n = earliest(r, &limit)))
		do {
			process(n, n->head);
			if (is_stopped_after(r, n->head))
				break;
			fetch(n);
		} while (!n->done && n->wall_ns <= limit);
	for (uint32_t i = 0; i < r->node_cnt; i++)
		if (!r->node[i]->done)
			end_node(r->node[i]);
	progress__clear(&r->progress);
	if (!r->stopped && (r->ro.o->since.kind || r->ro.o->until.kind))
		look_at_interval(r);
	if (r->err)
		snprintf(why, why_sz, "%s", r->why);
	return r->err;
}
