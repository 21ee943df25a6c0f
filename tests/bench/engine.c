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

#include "traffic.h"
#include "util.h"

#define RUNS 5

struct run {
	const char *name;
	enum traffic_kind kind;
	uint32_t rate, bad;
	bool all;
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

static uint64_t make(const struct run *run, uint64_t cnt, struct engine *e)
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
	}
	if (e)
		engine__finish(e, traffic__now(t));
	start = cpu_ns() - start;
	traffic__free(t);
	return start;
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
		struct engine *e;

		r = (struct result){ 0 };
		ns = make(run, cnt, NULL);
		idle = ns < idle ? ns : idle;
		if (engine__new(&o, &e))
			exit(1);
		ns = make(run, cnt, e);
		busy = ns < busy ? ns : busy;
		r.problems = engine__problems(e);
		engine__free(e);
	}
	r.ns = busy > idle ? (double)(busy - idle) / (double)cnt : 0;
	r.made_ns = (double)idle / (double)cnt;
	return r;
}

int main(int argc, char **argv)
{
	static const struct run runs[] = {
		{ "mix", TRAFFIC_MIX, 20000, 0, false },
		{ "mix, slow", TRAFFIC_MIX, 1000, 0, false },
		{ "mix, fast", TRAFFIC_MIX, 200000, 0, false },
		{ "dns to a pod", TRAFFIC_DNS, 20000, 0, false },
		{ "dns to a service", TRAFFIC_SERVICE, 20000, 0, false },
		{ "ping", TRAFFIC_PING, 20000, 0, false },
		{ "tcp", TRAFFIC_TCP, 20000, 0, false },
		{ "dns into a pod", TRAFFIC_INTO, 20000, 0, false },
		{ "mix, 1 % leaks, 1 % silent", TRAFFIC_MIX, 20000, 10, false },
		{ "mix, 20 % leaks, 20 % silent", TRAFFIC_MIX, 20000, 200, false },
		{ "mix, all are told", TRAFFIC_MIX, 20000, 0, true },
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
