// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures of two nodes in one replay: the clock that is wrong is put right before anything is
 * merged, requests are followed from file to file, states are compared. A baseline is given to show.
 */
#include "feed.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cluster.h"
#include "replay.h"

#define OFFSET (5000 * (int64_t)NS_PER_S)
#define T US_PER_S
#define HOUR (3600 * (int64_t)NS_PER_S)

struct file {
	int fd;
	char path[32];
};

static int put(void *ctx, const void *data, size_t len)
{
	struct file *f = ctx;

	return write(f->fd, data, len) == (ssize_t)len ? 0 : -EIO;
}

/* A capture of what the feed was told; the first cnt observations are the snapshot */
static void write_file(struct file *f, const struct feed *fd, const char *node, uint64_t run,
		       int64_t wall_offset, size_t cnt)
{
	static const char *const none[] = { NULL };
	struct capw_opts o = { .snaplen = SNAP_LEN, .put = put, .ctx = f };
	struct cap_meta m = { .run = run,
			      .mono_ns = FEED_T0,
			      .wall_offset_ns = wall_offset,
			      .reply_timeout_ns = 2 * NS_PER_S,
			      .snaplen = SNAP_LEN,
			      .dns_port = { 53 },
			      .argv = none };
	struct cap_ready ready = { FEED_T0 + 1, none, none, none };
	struct cap_finish fin = { .ts_ns = FEED_T0 + 5 * NS_PER_S, .command_status = -1 };
	struct cap_end end = { .ts_ns = fin.ts_ns };
	struct capw *w;

	*f = (struct file){ .fd = memfd_create("capture", 0) };
	assert_true(f->fd >= 0);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	snprintf(m.node, sizeof(m.node), "%s", node);
	assert_int_equal(capw__new(&o, &w), 0);
	assert_int_equal(capw__meta(w, &m), 0);
	for (size_t i = 0; i < fd->log_cnt; i++) {
		if (i == cnt)
			assert_int_equal(capw__ready(w, &ready), 0);
		assert_int_equal(capw__obs(w, &fd->log[i]), 0);
	}
	if (cnt >= fd->log_cnt)
		assert_int_equal(capw__ready(w, &ready), 0);
	assert_int_equal(capw__finish(w, &fin), 0);
	end.packets = capw__packets(w);
	assert_int_equal(capw__end(w, &end), 0);
	assert_int_equal(capw__flush(w), 0);
	capw__free(w);
}

/* ---- what was said ---- */

struct said {
	struct clock_rel clock;
	uint32_t clocks, far;
	struct finding finding[2]; /* of each node, the last revision */
	struct check check[2];	   /* the last problem that was told of each */
};

static void on_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	struct said *s = ctx;

	if (rec->kind == REC_CLOCK) {
		s->clocks++;
		s->clock = *rec->clock;
		s->clock.reference = NULL;
		assert_string_equal(n->name, "k8s01");
		assert_string_equal(rec->clock->reference, "k8s02");
	} else if (rec->kind == REC_FINDING) {
		s->finding[n->idx] = *rec->finding;
	} else if (rec->kind == REC_CHECK) {
		s->check[n->idx] = *rec->check;
	} else if (rec->kind == REC_PACKET && rec->packet->far_cnt) {
		s->far++;
	}
}

static void run(const char *const *file, uint32_t cnt, const char *baseline, struct said *s)
{
	struct opts o = { .baseline = { baseline }, .baseline_cnt = baseline != NULL };
	struct replay_opts ro = { .o = &o, .file = file, .file_cnt = cnt };
	struct replay *r;
	char why[400];

	*s = (struct said){ 0 };
	ro.ops.record = on_record;
	ro.ops.ctx = s;
	if (replay__open(&ro, &r, why, sizeof(why)))
		fail_msg("%s", why);
	if (replay__run(r, why, sizeof(why)))
		fail_msg("%s", why);
	replay__free(r);
}

/* ---- two nodes ---- */

static void mirror_plan(const struct plan *p, struct plan *q)
{
	*q = *p;
	q->own_block = p->peer_block;
	q->peer_block = p->own_block;
	q->pod = p->peer_pod;
	q->peer_pod = p->pod;
	q->node = p->peer;
	q->peer = p->node;
}

/* Answered ones first, which tell the clocks; then one whose reply leaks on the other node */
static void exchanges(struct feed *a, struct feed *b)
{
	struct obs_pkt q, r;

	for (uint16_t i = 0; i < 10; i++) {
		q = pkt_echo(a->plan->pod, a->plan->peer_pod, 7, i);
		r = pkt_reply(&q);
		feed_sent(a, T + i * 1000, q);
		feed_back(b, T + i * 1000 + 50, q);
		feed_sent(b, T + i * 1000 + 100, r);
		feed_back(a, T + i * 1000 + 150, r);
	}
	feed_route(b, T + 20 * MS, ROUTE_DEL, b->plan->peer_block, b->plan->peer, IF_TUNNEL,
		   RT_UNICAST, RP_BIRD, "bird");
	q = pkt_echo(a->plan->pod, a->plan->peer_pod, 7, 99);
	feed_sent(a, T + 30 * MS, q);
	feed_back(b, T + 30 * MS + 50, q);
	feed_leaked(b, T + 30 * MS + 100, pkt_reply(&q));
	feed_ticks(a, T + 50 * MS, 5 * US_PER_S);
	feed_ticks(b, T + 50 * MS, 5 * US_PER_S);
}

/* k8s01's clock is off: by an hour, nothing could be joined without putting it right. */
static void test_skew(void **state)
{
	static const int64_t skews[] = { 0, 3 * (int64_t)NS_PER_MS, HOUR, -HOUR };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(skews); i++) {
		struct file fa, fb;
		struct feed a, b;
		struct plan q;
		struct said s;
		size_t na, nb;
		int64_t off;

		mirror_plan(&plans[0], &q);
		feed_open(&a, &plans[0], NULL);
		feed_open(&b, &q, NULL);
		feed_node(&a, POOL_IPIP, 0);
		feed_node(&b, POOL_IPIP, 0);
		na = a.log_cnt;
		nb = b.log_cnt;
		exchanges(&a, &b);
		write_file(&fa, &a, "k8s02", 1, OFFSET, na);
		write_file(&fb, &b, "k8s01", 2, OFFSET + skews[i], nb);
		run((const char *const[]){ fa.path, fb.path }, 2, NULL, &s);
		assert_int_equal(s.clocks, 1);
		assert_true(s.clock.known);
		off = s.clock.offset_ns - skews[i];
		assert_true(off < 100000 && off > -100000);
		assert_int_equal(s.clock.packets, 10);
		assert_string_equal(cause_name(s.finding[0].cause), "return-route-missing");
		assert_non_null(strstr(s.finding[0].explain, "k8s01 has no route to"));
		assert_true(s.far > 0);
		/* at the end k8s01 lacks what k8s02 has: its own block */
		assert_string_equal(s.check[1].name, "cluster-routes");
		if (!strstr(s.check[1].explain, plans[0].own_block))
			fail_msg("%zu: %s", i, s.check[1].explain);
		assert_string_equal(s.check[0].name, "");
		feed_close(&a, 5 * US_PER_S);
		feed_close(&b, 5 * US_PER_S);
		close(fa.fd);
		close(fb.fd);
	}
}

/* With one node nothing of this is said. */
static void test_one_node(void **state)
{
	struct file fa;
	struct feed a, b;
	struct plan q;
	struct said s;
	size_t na;

	(void)state;
	mirror_plan(&plans[0], &q);
	feed_open(&a, &plans[0], NULL);
	feed_open(&b, &q, NULL);
	feed_node(&a, POOL_IPIP, 0);
	feed_node(&b, POOL_IPIP, 0);
	na = a.log_cnt;
	exchanges(&a, &b);
	write_file(&fa, &a, "k8s02", 1, OFFSET, na);
	run((const char *const[]){ fa.path }, 1, NULL, &s);
	assert_int_equal(s.clocks, 0);
	assert_int_equal(s.far, 0);
	assert_string_equal(s.check[0].name, "");
	assert_string_equal(cause_name(s.finding[0].cause), "beyond-node");
	feed_close(&a, 5 * US_PER_S);
	feed_close(&b, 5 * US_PER_S);
	close(fa.fd);
}

/* show --baseline: the file of before the fault is memory for the one of after it */
static void test_baseline(void **state)
{
	const struct because *w;
	struct file before, after;
	struct feed a, b;
	struct said s;
	size_t n;

	(void)state;
	feed_open(&a, &plans[0], NULL);
	feed_node(&a, POOL_IPIP, 0);
	write_file(&before, &a, "k8s02", 1, OFFSET, a.log_cnt);
	feed_close(&a, 5 * US_PER_S);
	feed_open(&b, &plans[0], NULL);
	feed_node(&b, POOL_IPIP, NODE_NO_BLOCK | NODE_BGP_DOWN);
	n = b.log_cnt;
	feed_leaked(&b, T, pkt_echo(b.plan->pod, b.plan->peer_pod, 7, 1));
	feed_ticks(&b, T + 50 * MS, 5 * US_PER_S);
	write_file(&after, &b, "k8s02", 2, OFFSET + 2 * HOUR, n);
	run((const char *const[]){ after.path }, 1, before.path, &s);
	assert_string_equal(block_from_name(s.finding[0].block_from), "baseline");
	w = chain_has(&s.finding[0], C_ROUTE_MISSING);
	assert_non_null(w);
	assert_int_equal(w->since_from, SINCE_BASELINE);
	/* two hours ago, on the clock of the run that is shown */
	assert_int_equal((int64_t)w->since_ns, (int64_t)FEED_T0 - 2 * HOUR);
	run((const char *const[]){ after.path }, 1, NULL, &s);
	assert_string_equal(block_from_name(s.finding[0].block_from), "guess");
	feed_close(&b, 5 * US_PER_S);
	close(before.fd);
	close(after.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skew),
		cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_baseline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
