// SPDX-License-Identifier: GPL-2.0-only
/* Captures in memory, read again: what the engine was told when they were made, it is told again. */
#include "feed.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "digest_replay.h"
#include "replay.h"

#define MAX_SAID 4096
#define OFFSET (5000 * (int64_t)NS_PER_S)

/* ---- a capture ---- */

struct file {
	int fd;
	char path[32];
	struct capw *w;
	struct cap_meta meta;
};

static int put(void *ctx, const void *data, size_t len)
{
	struct file *f = ctx;

	return write(f->fd, data, len) == (ssize_t)len ? 0 : -EIO;
}

static void file_open(struct file *f, const char *node, uint64_t run, uint32_t part)
{
	static const char *const argv[] = { "calitrace", "capture", NULL };
	struct capw_opts o = { .snaplen = SNAP_LEN, .put = put, .ctx = f };

	*f = (struct file){ .fd = memfd_create("capture", 0) };
	assert_true(f->fd >= 0);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	f->meta = (struct cap_meta){ .run = run,
				     .part = part,
				     .mono_ns = FEED_T0,
				     .wall_offset_ns = OFFSET,
				     .reply_timeout_ns = 2 * NS_PER_S,
				     .snaplen = SNAP_LEN,
				     .dns_port = { 53 },
				     .argv = argv };
	snprintf(f->meta.node, sizeof(f->meta.node), "%s", node);
	assert_int_equal(capw__new(&o, &f->w), 0);
}

static void file_ready(struct file *f, uint64_t us)
{
	static const char *const none[] = { NULL };
	struct cap_ready r = { FEED_T0 + us * NS_PER_US, none, none, none };

	assert_int_equal(capw__ready(f->w, &r), 0);
}

static void file_obs(struct file *f, const struct feed *fd, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(capw__obs(f->w, &fd->log[i]), 0);
}

static void file_finish(struct file *f, uint64_t us, bool rotated)
{
	struct cap_finish fin = { .ts_ns = FEED_T0 + us * NS_PER_US, .command_status = 7 };
	struct cap_end end = { .ts_ns = fin.ts_ns, .rotated = rotated };

	if (!rotated)
		assert_int_equal(capw__finish(f->w, &fin), 0);
	end.packets = capw__packets(f->w);
	assert_int_equal(capw__end(f->w, &end), 0);
	assert_int_equal(capw__flush(f->w), 0);
}

static void file_close(struct file *f)
{
	capw__free(f->w);
	close(f->fd);
}

/* ---- a replay ---- */

struct saw {
	char order[MAX_SAID]; /* of observations: the node's index as a letter */
	uint32_t obs, records, packets, ready, finished, ends, items;
	uint64_t seen, problems, finish_ns, last_ts;
	int64_t wall;
	bool backwards, gap;
	int status, err;
	char why[400];
	uint32_t clocks;
};

static void on_ready(void *ctx, struct replay_node *n, const struct cap_ready *r)
{
	struct saw *s = ctx;

	assert_false(n->ready);
	assert_true(r->ts_ns > 0);
	s->ready++;
}

static void on_obs(void *ctx, struct replay_node *n, const struct obs *o,
		   const struct cap_item *item)
{
	struct saw *s = ctx;
	int64_t wall = (int64_t)o->ts_ns + n->wall_offset_ns;

	/* but for pools, which --pool replaces */
	assert_true(o == &item->obs || o->kind == OBS_POOLS);
	assert_true(item->block_len > 0);
	if (s->obs + 1 < MAX_SAID)
		s->order[s->obs] = (char)('a' + n->idx);
	s->obs++;
	s->backwards |= wall < s->wall;
	s->wall = wall;
	s->last_ts = o->ts_ns;
	s->packets += o->kind == OBS_PATH || o->kind == OBS_DROP;
}

static void on_rec(void *ctx, struct replay_node *n, const struct record *rec)
{
	struct saw *s = ctx;

	assert_true(n->ready && !n->finished);
	/* how far apart the clocks are is said of all nodes together */
	if (rec->kind == REC_CLOCK)
		s->clocks++;
	else
		s->records++;
	(void)rec;
}

static void on_finish(void *ctx, struct replay_node *n, uint64_t ts_ns)
{
	struct summary sum;
	struct saw *s = ctx;

	engine__summary(n->engine, ts_ns, &sum);
	s->finished++;
	s->seen += sum.seen;
	s->problems += sum.problems;
	s->finish_ns = ts_ns;
	s->status = n->command_status;
}

static void on_end(void *ctx, struct replay_node *n)
{
	struct saw *s = ctx;

	s->gap = n->gap;
	s->ends++;
}

static void on_item(void *ctx, struct replay_node *n, const struct cap_item *item)
{
	struct saw *s = ctx;

	(void)n;
	(void)item;
	s->items++;
}

static void replay(struct saw *s, const struct opts *o, const char *const *path, uint32_t cnt)
{
	struct replay_opts ro = { .o = o,
				  .file = path,
				  .file_cnt = cnt,
				  .all = true,
				  .ops = { .ready = on_ready,
					   .obs = on_obs,
					   .record = on_rec,
					   .finish = on_finish,
					   .end = on_end,
					   .item = on_item,
					   .ctx = s } };
	struct replay *r = NULL;

	*s = (struct saw){ .status = -2 };
	s->err = replay__open(&ro, &r, s->why, sizeof(s->why));
	if (!s->err)
		s->err = replay__run(r, s->why, sizeof(s->why));
	replay__free(r);
}

/* ---- what is replayed: a node, a leak, an exchange that fares well ---- */

struct trace {
	struct feed f;
	size_t node_cnt; /* observations of the snapshot */
	uint32_t snapshot_recs, recs;
	struct summary sum;
};

#define END_US (4 * US_PER_S)

static uint32_t count_recs(const struct feed *f)
{
	uint32_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(f->recs); i++)
		n += f->recs[i];
	return n;
}

static void trace_open(struct trace *t, const struct plan *p)
{
	struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
	struct feed *f = &t->f;

	feed_open(f, p, NULL);
	feed_node(f, POOL_IPIP, 0);
	t->node_cnt = f->log_cnt;
	t->snapshot_recs = count_recs(f);
	feed_ticks(f, 10 * MS, 90 * MS);
	feed_sent(f, 100 * MS, q);
	feed_back(f, 101 * MS, pkt_reply(&q));
	feed_ticks(f, 150 * MS, 900 * MS);
	feed_leaked(f, 1000 * MS, pkt_echo(p->pod, p->peer_pod, 7, 2));
	feed_ticks(f, 1050 * MS, END_US);
}

static void trace_end(struct trace *t)
{
	uint64_t ts = FEED_T0 + END_US * NS_PER_US;

	engine__finish(t->f.engine, ts);
	engine__summary(t->f.engine, ts, &t->sum);
	t->recs = count_recs(&t->f) - t->snapshot_recs;
}

/* The first observation at or after us */
static size_t at_us(const struct trace *t, uint64_t us)
{
	size_t i = t->node_cnt;

	while (i < t->f.log_cnt && t->f.log[i].ts_ns < FEED_T0 + us * NS_PER_US)
		i++;
	return i;
}

static void write_whole(struct file *f, const struct trace *t, const char *node, uint64_t run)
{
	file_open(f, node, run, 0);
	assert_int_equal(capw__meta(f->w, &f->meta), 0);
	file_obs(f, &t->f, 0, t->node_cnt);
	file_ready(f, 1);
	file_obs(f, &t->f, t->node_cnt, t->f.log_cnt);
	file_finish(f, END_US, false);
}

static void assert_whole(const struct saw *s, const struct trace *t, size_t more)
{
	assert_int_equal(s->err, 0);
	assert_int_equal(s->obs, t->f.log_cnt + more);
	assert_int_equal(s->records, t->recs);
	assert_int_equal(s->seen, t->sum.seen);
	assert_int_equal(s->problems, t->sum.problems);
	assert_int_equal(s->ready, 1);
	assert_int_equal(s->finished, 1);
	assert_int_equal(s->ends, 1);
	assert_int_equal(s->finish_ns, FEED_T0 + END_US * NS_PER_US);
	assert_int_equal(s->status, 7);
}

static const struct opts no_opts = { .command = CMD_SHOW };

static void test_one_file(void **state)
{
	const char *path[1];
	struct trace t;
	struct file f;
	struct saw s;

	(void)state;
	trace_open(&t, &plans[0]);
	write_whole(&f, &t, "n1", 1);
	trace_end(&t);
	assert_true(t.sum.problems > 0 && t.sum.seen > 2);
	path[0] = f.path;
	replay(&s, &no_opts, path, 1);
	assert_whole(&s, &t, 0);
	/* section, META, READY, FINISH and END at least */
	assert_true(s.items >= 5);
	file_close(&f);
	feed_close(&t.f, END_US);
}

/* The second file begins with the node as it is, which is no news: no start, no records. */
static void test_parts(void **state)
{
	const char *path[2];
	struct trace t;
	struct file a, b;
	struct saw s;
	size_t cut;

	(void)state;
	trace_open(&t, &plans[1]);
	cut = at_us(&t, 1000 * MS + 1);
	file_open(&a, "n1", 9, 0);
	assert_int_equal(capw__meta(a.w, &a.meta), 0);
	file_obs(&a, &t.f, 0, t.node_cnt);
	file_ready(&a, 1);
	file_obs(&a, &t.f, t.node_cnt, cut);
	file_finish(&a, 1000 * MS, true);
	file_open(&b, "n1", 9, 1);
	assert_int_equal(capw__meta(b.w, &b.meta), 0);
	file_obs(&b, &t.f, 0, t.node_cnt);
	file_ready(&b, 1000 * MS);
	file_obs(&b, &t.f, cut, t.f.log_cnt);
	file_finish(&b, END_US, false);
	trace_end(&t);
	/* in whatever order they are named */
	path[0] = b.path;
	path[1] = a.path;
	replay(&s, &no_opts, path, 2);
	assert_whole(&s, &t, t.node_cnt);
	assert_false(s.gap);
	/* the first alone: ends with its last observation, and is not cut */
	path[0] = a.path;
	replay(&s, &no_opts, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.obs, cut);
	assert_int_equal(s.finish_ns, t.f.log[cut - 1].ts_ns);
	assert_true(s.gap);
	/* the second alone knows the node from its own head */
	path[0] = b.path;
	replay(&s, &no_opts, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.obs, t.node_cnt + t.f.log_cnt - cut);
	assert_false(s.gap);
	/* the same one twice */
	path[1] = b.path;
	replay(&s, &no_opts, path, 2);
	assert_int_equal(s.err, -EINVAL);
	assert_non_null(strstr(s.why, "same part"));
	file_close(&a);
	file_close(&b);
	feed_close(&t.f, END_US);
}

/* Two nodes whose monotonic clocks have nothing in common: the wall clock decides. */
static void test_two_nodes(void **state)
{
	const char *path[2];
	struct trace t;
	struct file a, b;
	struct saw s;

	(void)state;
	trace_open(&t, &plans[0]);
	write_whole(&a, &t, "n1", 1);
	file_open(&b, "n2", 2, 0);
	b.meta.wall_offset_ns = OFFSET + 20 * (int64_t)NS_PER_MS;
	assert_int_equal(capw__meta(b.w, &b.meta), 0);
	file_obs(&b, &t.f, 0, t.node_cnt);
	file_ready(&b, 1);
	file_obs(&b, &t.f, t.node_cnt, t.f.log_cnt);
	file_finish(&b, END_US, false);
	trace_end(&t);
	path[0] = a.path;
	path[1] = b.path;
	replay(&s, &no_opts, path, 2);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.obs, 2 * t.f.log_cnt);
	assert_int_equal(s.records, 2 * t.recs);
	assert_int_equal(s.clocks, 1);
	assert_int_equal(s.finished, 2);
	assert_int_equal(s.ends, 2);
	assert_false(s.backwards);
	assert_non_null(strstr(s.order, "ba"));
	assert_non_null(strstr(s.order, "ab"));
	/* the same node in two runs: no parts of one */
	path[1] = a.path;
	replay(&s, &no_opts, path, 2);
	assert_int_equal(s.err, -EINVAL);
	file_close(&a);
	file_close(&b);
	feed_close(&t.f, END_US);
}

/* ---- into a digest, as diff and report do ---- */

static void to_node(void *ctx, struct replay_node *n)
{
	digest_replay__node(ctx, n);
}

static void to_ready(void *ctx, struct replay_node *n, const struct cap_ready *r)
{
	digest_replay__ready(ctx, n, r);
}

static void to_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	digest_replay__record(ctx, n, rec);
}

static void to_end(void *ctx, struct replay_node *n)
{
	digest_replay__end(ctx, n);
}

/* More nodes than there is room for at first; each file's digest is the same. */
static void test_digest(void **state)
{
	struct digest d = { 0 };
	struct digest_replay dr = { .digest = &d };
	const char *path[10];
	struct replay_opts ro = { .o = &no_opts,
				  .file = path,
				  .file_cnt = ARRAY_SIZE(path),
				  .all = true,
				  .ops = { .node = to_node,
					   .ready = to_ready,
					   .record = to_record,
					   .end = to_end,
					   .ctx = &dr } };
	struct file f[ARRAY_SIZE(path)];
	char name[8], why[400] = "";
	struct replay *r = NULL;
	struct trace t;

	(void)state;
	trace_open(&t, &plans[0]);
	for (unsigned int i = 0; i < ARRAY_SIZE(path); i++) {
		snprintf(name, sizeof(name), "n%u", i);
		write_whole(&f[i], &t, name, i + 1);
		path[i] = f[i].path;
	}
	assert_int_equal(replay__open(&ro, &r, why, sizeof(why)), 0);
	assert_int_equal(replay__run(r, why, sizeof(why)), 0);
	replay__free(r);
	assert_false(d.oom);
	assert_int_equal(d.cnt, ARRAY_SIZE(path));
	trace_end(&t);
	for (unsigned int i = 0; i < ARRAY_SIZE(path); i++) {
		const struct digest_node *n;

		snprintf(name, sizeof(name), "n%u", i);
		n = digest__find(&d, name);
		assert_non_null(n);
		assert_true(n->complete);
		assert_false(n->foreign || n->cut || n->gap);
		assert_int_equal(n->wall_offset_ns, OFFSET);
		assert_int_equal(n->begin_ns, FEED_T0 + NS_PER_US);
		assert_int_equal(n->end_ns, FEED_T0 + END_US * NS_PER_US);
		assert_int_equal(n->summary.problems, t.sum.problems);
		assert_true(n->packets > 0);
		assert_int_equal(n->packets, d.node[0].packets);
		assert_int_equal(n->finding_cnt, 1);
		assert_true(n->flow_cnt > 0);
		file_close(&f[i]);
	}
	digest_replay__free(&dr);
	assert_null(dr.node);
	digest__free(&d);
	feed_close(&t.f, END_US);
}

static void test_cut(void **state)
{
	const char *path[1];
	struct trace t;
	struct file f;
	struct saw s;
	off_t size;

	(void)state;
	trace_open(&t, &plans[2]);
	write_whole(&f, &t, "n1", 1);
	trace_end(&t);
	size = lseek(f.fd, 0, SEEK_END);
	path[0] = f.path;
	assert_int_equal(ftruncate(f.fd, size * 2 / 3), 0);
	replay(&s, &no_opts, path, 1);
	assert_int_equal(s.err, -EBADMSG);
	assert_non_null(strstr(s.why, f.path));
	assert_true(s.obs > t.node_cnt && s.obs < t.f.log_cnt);
	assert_int_equal(s.finished, 1);
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.finish_ns, s.last_ts);
	assert_int_equal(s.status, -1);
	/* within the snapshot: nothing can be said of the time after it */
	assert_int_equal(ftruncate(f.fd, 1200), 0);
	replay(&s, &no_opts, path, 1);
	assert_int_equal(s.err, -EBADMSG);
	assert_int_equal(s.ready + s.finished, 0);
	file_close(&f);
	feed_close(&t.f, END_US);
}

static void test_interval(void **state)
{
	struct opts o = no_opts;
	const char *path[1];
	struct trace t;
	struct file f;
	struct saw s;

	(void)state;
	trace_open(&t, &plans[0]);
	write_whole(&f, &t, "n1", 1);
	trace_end(&t);
	path[0] = f.path;
	/* after the good exchange, before the leak */
	o.since = (struct when){ WHEN_OFFSET, 500 * NS_PER_MS };
	replay(&s, &o, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.seen, 1);
	assert_int_equal(s.problems, 1);
	assert_true(s.obs > t.node_cnt);
	/* the node's state is older, and is known */
	o.until = (struct when){ WHEN_WALL, (int64_t)(FEED_T0 + 900 * NS_PER_MS) + OFFSET };
	replay(&s, &o, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.seen, 0);
	assert_int_equal(s.finish_ns, FEED_T0 + 900 * NS_PER_MS);
	o.since = (struct when){ 0 };
	replay(&s, &o, path, 1);
	assert_int_equal(s.seen, 2);
	assert_int_equal(s.problems, 0);
	assert_int_equal(s.finished, 1);
	/* 1000 s + 5000 s after the epoch: 01:40:00 */
	o.since = (struct when){ WHEN_CLOCK, (6000 * (int64_t)NS_PER_S) + 500 * NS_PER_MS };
	o.until = (struct when){ 0 };
	replay(&s, &o, path, 1);
	assert_int_equal(s.seen, 1);
	/* earlier in the day than the capture, but not by much: all of it */
	o.since.ns = 3000 * (int64_t)NS_PER_S;
	replay(&s, &o, path, 1);
	assert_int_equal(s.seen, 3);
	/* an end before the beginning: what the node was like is known as a whole all the same */
	o.since = (struct when){ 0 };
	o.until = (struct when){ WHEN_WALL, (int64_t)FEED_T0 - (int64_t)NS_PER_S + OFFSET };
	replay(&s, &o, path, 1);
	assert_int_equal(s.seen, 0);
	assert_int_equal(s.obs, t.node_cnt);
	assert_int_equal(s.finished, 1);
	file_close(&f);
	feed_close(&t.f, END_US);
}

static void test_filter(void **state)
{
	struct opts o = no_opts;
	const char *path[1];
	struct trace t;
	struct file f;
	struct saw s;

	(void)state;
	trace_open(&t, &plans[0]);
	file_open(&f, "n1", 1, 0);
	snprintf(f.meta.filter, sizeof(f.meta.filter), "port 53");
	assert_int_equal(capw__meta(f.w, &f.meta), 0);
	file_obs(&f, &t.f, 0, t.node_cnt);
	file_ready(&f, 1);
	file_obs(&f, &t.f, t.node_cnt, t.f.log_cnt);
	file_finish(&f, END_US, false);
	path[0] = f.path;
	/* the recorded one applies again */
	replay(&s, &o, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.seen, 0);
	snprintf(o.filter, sizeof(o.filter), "icmp");
	replay(&s, &o, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.seen, 3);
	snprintf(o.filter, sizeof(o.filter), "icmp and not host %s", plans[0].peer_pod);
	replay(&s, &o, path, 1);
	assert_int_equal(s.seen, 0);
	file_close(&f);
	feed_close(&t.f, END_US);
}

/* What would be a leak out of a pool that calls for a tunnel is none where it calls for none. */
static void test_pool(void **state)
{
	struct opts o = no_opts;
	const char *path[1];
	struct trace t;
	struct file f;
	struct saw s;

	(void)state;
	trace_open(&t, &plans[0]);
	write_whole(&f, &t, "n1", 1);
	trace_end(&t);
	path[0] = f.path;
	o.pool[0].cidr = pfx("203.0.113.0/24");
	o.pool[0].mode = POOL_IPIP;
	o.pool_cnt = 1;
	replay(&s, &o, path, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.seen, t.sum.seen);
	/* outside all pools, it went where the kernel sent it, and nobody answered */
	assert_int_equal(s.problems, 1);
	/* with no mode the one that was learnt stays */
	o.pool[0].cidr = pfx(plans[0].pool);
	o.pool[0].mode = POOL_UNKNOWN;
	replay(&s, &o, path, 1);
	assert_int_equal(s.records, t.recs);
	file_close(&f);
	feed_close(&t.f, END_US);
}

static void test_reply_timeout(void **state)
{
	struct opts o = no_opts;
	const char *path[1];
	struct trace t;
	struct file f;
	struct saw s;

	(void)state;
	feed_open(&t.f, &plans[0], NULL);
	feed_node(&t.f, POOL_IPIP, 0);
	t.node_cnt = t.f.log_cnt;
	feed_sent(&t.f, 100 * MS, pkt_echo(plans[0].pod, plans[0].peer_pod, 7, 1));
	feed_ticks(&t.f, 150 * MS, END_US);
	write_whole(&f, &t, "n1", 1);
	path[0] = f.path;
	replay(&s, &o, path, 1);
	assert_int_equal(s.problems, 1);
	o.timeout_given = true;
	o.reply_timeout_ns = 60 * NS_PER_S;
	replay(&s, &o, path, 1);
	assert_int_equal(s.problems, 0);
	file_close(&f);
	feed_close(&t.f, END_US);
}

static void test_no_capture(void **state)
{
	const char *path[] = { "/nonexistent/x.pcapng" };
	struct saw s;
	struct file f;

	(void)state;
	replay(&s, &no_opts, path, 1);
	assert_int_equal(s.err, -ENOENT);
	assert_non_null(strstr(s.why, path[0]));
	file_open(&f, "n1", 1, 0);
	assert_int_equal(write(f.fd, "no capture at all, but long enough", 34), 34);
	path[0] = f.path;
	replay(&s, &no_opts, path, 1);
	assert_true(s.err < 0);
	assert_non_null(strstr(s.why, f.path));
	path[0] = "/proc/self/fd";
	replay(&s, &no_opts, path, 1);
	assert_int_equal(s.err, -ENOENT);
	assert_non_null(strstr(s.why, "pcapng"));
	file_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_file),      cmocka_unit_test(test_parts),
		cmocka_unit_test(test_two_nodes),     cmocka_unit_test(test_digest),
		cmocka_unit_test(test_cut),	      cmocka_unit_test(test_interval),
		cmocka_unit_test(test_filter),	      cmocka_unit_test(test_pool),
		cmocka_unit_test(test_reply_timeout), cmocka_unit_test(test_no_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
