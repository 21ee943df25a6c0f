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

#include "addr.h"
#include "replay_file.h"
#include "util.h"

/* Foreign files have no ticks, without which the engine knows no silence and forgets nothing. */
#define TICK_NS (50 * NS_PER_MS)
#define DAY_NS (86400 * (int64_t)NS_PER_S)
#define REPLY_TIMEOUT_NS (2 * NS_PER_S)

struct rnode {
	struct replay_node pub; /* first */
	struct replay *r;
	struct replay_file **file; /* in the order of their parts */
	uint32_t file_cnt, cur;
	struct filter *filter;
	struct obs_pools pools;	     /* as fed, with --pool */
	const struct cap_item *head; /* what comes next; borrowed from the file */
	int64_t wall_ns;	     /* its time; an item without one has that of the one before */
	uint64_t since_ns, until_ns; /* MONOTONIC of the node */
	uint64_t tick_ns;
	bool repeated; /* within the snapshot of a part that continues what is known */
	bool done;
};

struct replay {
	struct replay_opts ro;
	struct replay_files files;
	struct rnode **node;
	uint32_t node_cnt;
	bool stopped;
	int err; /* the first one, and what was said of it */
	char why[400];
};

/* ---- what the engine says ---- */

/*
 * The one way from an engine to the caller: whoever joins packets over several nodes stands here,
 * between the two.
 */
static void hand_record(struct rnode *n, const struct record *rec)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (ops->record)
		ops->record(ops->ctx, &n->pub, rec);
}

static void on_record(void *ctx, const struct record *rec)
{
	struct rnode *n = ctx;

	/* records of a snapshot are state, not news */
	if (n->pub.ready && !n->pub.finished && rec->ts_ns >= n->since_ns)
		hand_record(n, rec);
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

static void feed(struct rnode *n, const struct obs *o, const struct cap_item *item)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (!n->pub.first_ns)
		n->pub.first_ns = o->ts_ns;
	if (o->ts_ns > n->pub.last_ns)
		n->pub.last_ns = o->ts_ns;
	n->pub.packets += o->kind == OBS_PATH || o->kind == OBS_DROP;
	/* the same observations in the same order: the filter knows a device when its packets come */
	filter__feed(n->filter, o);
	engine__feed(n->pub.engine, o);
	if (ops->obs)
		ops->obs(ops->ctx, &n->pub, o, item);
}

static void feed_tick(struct rnode *n, uint64_t ts_ns)
{
	struct obs tick = { .kind = OBS_TICK, .ts_ns = ts_ns };

	if (!n->pub.meta->foreign || ts_ns < n->tick_ns)
		return;
	n->tick_ns = ts_ns + TICK_NS;
	feed(n, &tick, NULL);
}

static void finish(struct rnode *n, uint64_t ts_ns)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	if (n->pub.finished || !n->pub.ready)
		return;
	engine__finish(n->pub.engine, ts_ns);
	n->pub.finished = true;
	n->pub.finish_ns = ts_ns;
	if (ops->finish)
		ops->finish(ops->ctx, &n->pub, ts_ns);
}

static void be_ready(struct rnode *n, const struct cap_ready *r)
{
	const struct replay_ops *ops = &n->r->ro.ops;

	n->repeated = false;
	if (n->pub.ready)
		return;
	if (ops->ready)
		ops->ready(ops->ctx, &n->pub, r);
	n->pub.ready = true;
}

static void on_obs(struct rnode *n, const struct cap_item *item)
{
	const struct obs *o = &item->obs;
	struct obs pools;

	if (o->ts_ns > n->until_ns)
		finish(n, n->until_ns);
	if (n->repeated || (is_packet(o) && (o->ts_ns < n->since_ns || n->pub.finished)) ||
	    o->ts_ns > n->until_ns) {
		hand_item(n, item);
		return;
	}
	feed_tick(n, o->ts_ns);
	if (o->kind == OBS_POOLS && n->r->ro.o->pool_cnt) {
		pools = *o;
		replace_pools(n->r->ro.o, &pools.pools);
		o = &pools;
	}
	feed(n, o, item);
}

static void on_meta(struct rnode *n, const struct cap_meta *m)
{
	static const char *const none[] = { NULL };
	const struct cap_ready nothing = { m->mono_ns, none, none, none };

	/* what rotation writes anew at the head of a file, the engine knows already */
	n->repeated = n->pub.ready;
	if (m->foreign)
		be_ready(n, &nothing);
}

static void process(struct rnode *n, const struct cap_item *item)
{
	switch (item->kind) {
	case CAP_OBS:
		return on_obs(n, item);
	case CAP_META:
		on_meta(n, &item->meta);
		break;
	case CAP_READY:
		be_ready(n, &item->ready);
		break;
	case CAP_FINISH:
		n->pub.command_status = item->finish.command_status;
		finish(n, item->finish.ts_ns < n->until_ns ? item->finish.ts_ns : n->until_ns);
		break;
	case CAP_END:
		n->file[n->cur]->ended = true;
		n->file[n->cur]->rotated = item->end.rotated;
		break;
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
	if (f->rotated && !n->pub.finished)
		log_warn("%s: the capture goes on in another file, which is not given", f->path);
	finish(n, n->pub.last_ns < n->until_ns ? n->pub.last_ns : n->until_ns);
	if (ops->end)
		ops->end(ops->ctx, &n->pub);
}

static void end_file(struct rnode *n, int err, const char *why)
{
	struct replay_file *f = n->file[n->cur];
	char cut[400];

	if (!err && !f->ended && !f->meta.foreign) {
		snprintf(cut, sizeof(cut),
			 "%s: ends without its last block: it was cut, and what it holds is shown",
			 f->path);
		err = -EBADMSG;
		why = cut;
	}
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
static void fetch(struct rnode *n)
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

static bool is_stopped(struct replay *r)
{
	r->stopped = r->stopped || (r->ro.ops.stop && r->ro.ops.stop(r->ro.ops.ctx));
	return r->stopped;
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
	return start;
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

	/* the caller may correct the offsets of their clocks here */
	for (uint32_t i = 0; i < r->node_cnt; i++)
		if (ops->node)
			ops->node(ops->ctx, &r->node[i]->pub);
	set_interval(r);
	for (uint32_t i = 0; i < r->node_cnt; i++) {
		struct rnode *n = r->node[i];

		n->wall_ns = (int64_t)(n->pub.meta->mono_ns + (uint64_t)n->pub.wall_offset_ns);
		fetch(n);
	}
}

int replay__run(struct replay *r, char *why, size_t why_sz)
{
	struct rnode *n;
	int64_t limit;

	begin(r);
	while (!is_stopped(r) && (n = earliest(r, &limit)))
		do {
			process(n, n->head);
			fetch(n);
		} while (!n->done && n->wall_ns <= limit && !is_stopped(r));
	for (uint32_t i = 0; i < r->node_cnt; i++)
		if (!r->node[i]->done)
			end_node(r->node[i]);
	if (r->err)
		snprintf(why, why_sz, "%s", r->why);
	return r->err;
}

/* ---- opening ---- */

static int by_part(const void *a, const void *b)
{
	const struct replay_file *const *fa = a, *const *fb = b;
	uint32_t pa = (*fa)->meta.part, pb = (*fb)->meta.part;

	return pa < pb ? -1 : pa > pb;
}

static int check_parts(struct rnode *n, char *why, size_t why_sz)
{
	qsort(n->file, n->file_cnt, sizeof(struct replay_file *), by_part);
	for (uint32_t i = 1; i < n->file_cnt; i++) {
		const struct replay_file *a = n->file[i - 1], *b = n->file[i];

		if (a->meta.part == b->meta.part) {
			snprintf(why, why_sz, "%s: the same part of the same capture as %s",
				 b->path, a->path);
			return -EINVAL;
		}
		if (a->meta.part + 1 != b->meta.part)
			log_warn("%s: what was captured between %s and it is missing", b->path,
				 a->path);
	}
	return 0;
}

static struct rnode *find_run(const struct replay *r, const struct cap_meta *m)
{
	for (uint32_t i = 0; i < r->node_cnt && !m->foreign; i++)
		if (!r->node[i]->file[0]->meta.foreign && r->node[i]->file[0]->meta.run == m->run)
			return r->node[i];
	return NULL;
}

static struct rnode *add_node(struct replay *r)
{
	struct rnode **list = realloc(r->node, (r->node_cnt + 1) * sizeof(struct rnode *));
	struct rnode *n = calloc(1, sizeof(*n));

	if (list)
		r->node = list;
	if (n)
		n->file = calloc(r->files.cnt, sizeof(struct replay_file *));
	if (!list || !n || !n->file) {
		if (n)
			free(n->file);
		free(n);
		return NULL;
	}
	n->r = r;
	n->pub.idx = r->node_cnt;
	n->pub.command_status = -1;
	r->node[r->node_cnt++] = n;
	return n;
}

static int make_nodes(struct replay *r)
{
	for (uint32_t i = 0; i < r->files.cnt; i++) {
		struct replay_file *f = r->files.file[i];
		struct rnode *n = find_run(r, &f->meta);

		if (!n)
			n = add_node(r);
		if (!n)
			return -ENOMEM;
		n->file[n->file_cnt++] = f;
	}
	return 0;
}

static int open_filter(struct rnode *n, char *why, size_t why_sz)
{
	const struct opts *o = n->r->ro.o;
	const struct cap_meta *m = n->pub.meta;
	struct filter_opts fo = opts_filter(o);
	char said[300];
	int err;

	if (!o->filter[0])
		fo.expr = m->filter;
	if (!o->pod) {
		fo.pod_dev = m->pod_dev;
		fo.pod_addr = addr_is_set(&m->pod_addr) ? &m->pod_addr : NULL;
	}
	if (!m->foreign)
		memcpy(fo.dns_port, m->dns_port, sizeof(fo.dns_port));
	err = filter__new(&fo, &n->filter, said, sizeof(said));
	if (err == -EINVAL)
		snprintf(why, why_sz, "%s: %s", n->pub.path, said);
	return err;
}

static int open_engine(struct rnode *n)
{
	const struct opts *o = n->r->ro.o;
	const struct cap_meta *m = n->pub.meta;
	struct engine_opts eo = {
		.reply_timeout_ns = o->timeout_given	? o->reply_timeout_ns :
				    m->reply_timeout_ns ? m->reply_timeout_ns :
							  REPLY_TIMEOUT_NS,
		.all = n->r->ro.all,
		.emit = on_record,
		.emit_ctx = n,
	};

	memcpy(eo.dns_port, m->foreign ? o->dns_port : m->dns_port, sizeof(eo.dns_port));
	if (o->filter[0] || o->pod || m->filter[0] || m->pod[0]) {
		eo.match = filter__bits;
		eo.wants = filter__wants;
		eo.match_ctx = n->filter;
	}
	return engine__new(&eo, &n->pub.engine);
}

static int open_node(struct rnode *n, char *why, size_t why_sz)
{
	int err = check_parts(n, why, why_sz);

	if (err)
		return err;
	for (uint32_t i = 1; i < n->file_cnt; i++)
		replay_file__park(n->file[i]);
	n->pub.meta = &n->file[0]->meta;
	n->pub.name = n->pub.meta->node;
	n->pub.path = n->file[0]->path;
	n->pub.wall_offset_ns = n->pub.meta->wall_offset_ns;
	n->until_ns = UINT64_MAX;
	err = open_filter(n, why, why_sz);
	return err ? err : open_engine(n);
}

int replay__open(const struct replay_opts *ro, struct replay **ret, char *why, size_t why_sz)
{
	struct replay *r = calloc(1, sizeof(*r));
	int err;

	snprintf(why, why_sz, "out of memory");
	if (!r)
		return -ENOMEM;
	r->ro = *ro;
	err = replay_files__open(&r->files, ro->file, ro->file_cnt, why, why_sz);
	if (!err)
		err = make_nodes(r);
	for (uint32_t i = 0; !err && i < r->node_cnt; i++)
		err = open_node(r->node[i], why, why_sz);
	if (err) {
		replay__free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void replay__free(struct replay *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->node_cnt; i++) {
		engine__free(r->node[i]->pub.engine);
		filter__free(r->node[i]->filter);
		free(r->node[i]->file);
		free(r->node[i]);
	}
	free(r->node);
	replay_files__free(&r->files);
	free(r);
}

uint32_t replay__node_cnt(const struct replay *r)
{
	return r->node_cnt;
}

struct replay_node *replay__node(struct replay *r, uint32_t idx)
{
	return idx < r->node_cnt ? &r->node[idx]->pub : NULL;
}
