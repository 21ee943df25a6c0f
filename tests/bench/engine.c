// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an observation costs the engine: the same traffic is made twice, once with an engine that
 * gets it, and the difference is told, in nanoseconds of CPU time. `engine [OBSERVATIONS]`
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "capfile.h"
#include "traffic.h"
#include "util.h"

#define RUNS 5

struct run {
	const char *name;
	enum traffic_kind kind;
	uint32_t rate, bad;
	bool all, record; /* and it goes to a capture, whose octets go nowhere */
};

struct result {
	double ns, made_ns; /* an observation; to make it */
	uint64_t records, problems;
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void on_record(void *ctx, const struct record *rec)
{
	struct result *r = ctx;

	(void)rec;
	r->records++;
}

static void feed(void *ctx, const struct obs *o)
{
	engine__feed(ctx, o);
}

static int put(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return 0;
}

static uint64_t make(const struct run *run, uint64_t cnt, struct engine *e, struct capw *w)
{
	struct traffic_opts o = TRAFFIC_DEFAULT;
	struct traffic *t;
	static struct obs obs;
	uint64_t start;

	o.rate = run->rate;
	o.bad = run->bad;
	t = traffic__new(&o, run->kind);
	if (!t)
		exit(1);
	if (e)
		traffic__state(t, feed, e);
	start = cpu_ns();
	for (uint64_t i = 0; i < cnt; i++) {
		traffic__next(t, &obs);
		if (e)
			engine__feed(e, &obs);
		if (w)
			capw__obs(w, &obs);
	}
	if (e)
		engine__finish(e, traffic__now(t));
	start = cpu_ns() - start;
	traffic__free(t);
	return start;
}

static int open_capture(struct capw **ret)
{
	static const char *const argv[] = { "calitrace", NULL };
	const struct capw_opts wo = { .snaplen = SNAP_LEN, .put = put };
	const struct cap_meta m = { .node = "bench", .argv = argv, .mono_ns = TRAFFIC_T0 };

	return capw__new(&wo, ret) || capw__meta(*ret, &m);
}

/* The quickest of several: others use the machine, too, and never make anything quicker */
static struct result measure(const struct run *run, uint64_t cnt)
{
	uint64_t idle = UINT64_MAX, busy = UINT64_MAX, ns;
	struct result r;

	for (int i = 0; i < RUNS; i++) {
		struct engine_opts o = {
			.reply_timeout_ns = 2 * NS_PER_S,
			.all = run->all,
			.dns_port = { 53 },
			.emit = on_record,
			.emit_ctx = &r,
		};
		struct capw *w = NULL;
		struct engine *e;

		r = (struct result){ 0 };
		ns = make(run, cnt, NULL, NULL);
		idle = ns < idle ? ns : idle;
		if (engine__new(&o, &e) || (run->record && open_capture(&w)))
			exit(1);
		ns = make(run, cnt, e, w);
		busy = ns < busy ? ns : busy;
		r.problems = engine__problems(e);
		engine__free(e);
		capw__free(w);
	}
	r.ns = busy > idle ? (double)(busy - idle) / (double)cnt : 0;
	r.made_ns = (double)idle / (double)cnt;
	return r;
}

int main(int argc, char **argv)
{
	static const struct run runs[] = {
		{ .name = "mix", .rate = 20000, .kind = TRAFFIC_MIX },
		{ .name = "mix, slow", .rate = 1000, .kind = TRAFFIC_MIX },
		{ .name = "mix, fast", .rate = 200000, .kind = TRAFFIC_MIX },
		{ .name = "dns to a pod", .rate = 20000, .kind = TRAFFIC_DNS },
		{ .name = "dns to a service", .rate = 20000, .kind = TRAFFIC_SERVICE },
		{ .name = "ping", .rate = 20000, .kind = TRAFFIC_PING },
		{ .name = "tcp", .rate = 20000, .kind = TRAFFIC_TCP },
		{ .name = "dns into a pod", .rate = 20000, .kind = TRAFFIC_INTO },
		{ .name = "mix, 1 % leaks, 1 % silent",
		  .rate = 20000,
		  .kind = TRAFFIC_MIX,
		  .bad = 10 },
		{ .name = "mix, 20 % and 20 %", .rate = 20000, .kind = TRAFFIC_MIX, .bad = 200 },
		{ .name = "mix, all told", .rate = 20000, .kind = TRAFFIC_MIX, .all = true },
		{ .name = "mix, and written", .rate = 20000, .kind = TRAFFIC_MIX, .record = true },
	};
	uint64_t cnt = 1000000;
	struct rusage ru;

	if (argc > 1 && parse_u64(argv[1], 1, UINT32_MAX, &cnt))
		return 2;
	printf("%-30s %8s %8s %10s %10s\n", "traffic", "ns/obs", "(made)", "records", "problems");
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct result r = measure(&runs[i], cnt);

		printf("%-30s %8.1f %8.1f %10llu %10llu\n", runs[i].name, r.ns, r.made_ns,
		       (unsigned long long)r.records, (unsigned long long)r.problems);
		if (argc > 2)
			break;
	}
	getrusage(RUSAGE_SELF, &ru);
	printf("peak memory %ld KiB\n", ru.ru_maxrss);
	return 0;
}
