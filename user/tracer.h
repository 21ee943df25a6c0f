/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What live and capture share: a session whose observations go through the FILTER into the engine,
 * and are recorded if -w asks for it. What the engine says between start and end goes to the caller.
 */
#ifndef CALITRACE_TRACER_H
#define CALITRACE_TRACER_H

#include "capfile.h"
#include "engine.h"
#include "engine_count.h"
#include "loader.h"
#include "session.h"

struct tracer;

struct tracer_ops {
	/* what the engine says from tracer__run() on; may be NULL, as all here */
	void (*record)(void *ctx, const struct record *rec);
	/* its time, as a replay will have it, after what it said then */
	void (*tick)(void *ctx, uint64_t ts_ns);
	/* about twenty times a second, after the observations of that moment */
	void (*turn)(void *ctx);
	/* the caller wants to stop; asked before each observation */
	bool (*done)(void *ctx);
	const struct engine_counts *counts; /* NULL: none */
	/* as in struct session_ops */
	void (*input)(void *ctx);
	void (*signal)(void *ctx, int sig);
	void *ctx;
};

/* All are borrowed by the tracer. 0, or -errno after a line on stderr. */
int tracer__new(const struct opts *o, char **argv, const struct tracer_ops *ops,
		struct tracer **ret);
/* Attaches; from then on everything is traced. 0, or -errno after a line on stderr. */
int tracer__start(struct tracer *t);
/* When that was: for the checks of the first screen */
uint64_t tracer__ready_ns(const struct tracer *t);
/* The line on stderr that scripts wait for, and a warning about a --pod that is not there */
void tracer__tell_ready(struct tracer *t);
void tracer__run(struct tracer *t);
/* Ends the engine's part; returns the time of it. */
uint64_t tracer__finish(struct tracer *t, struct summary *sum);
/* The end of the recording, and the closing line. 0, or -errno: recording or the program failed. */
int tracer__end(struct tracer *t, const struct summary *sum, uint64_t ts_ns);
void tracer__free(struct tracer *t);

struct session *tracer__session(struct tracer *t);
const struct engine *tracer__engine(const struct tracer *t);
/* CLOCK_REALTIME - CLOCK_MONOTONIC, for all times that are shown or recorded */
int64_t tracer__wall_offset_ns(const struct tracer *t);

/* Names of the probes in use, and of those that are not, each ended by NULL */
struct tracer_probes {
	const char *used[PROBE_MAX + 1], *missing[PROBE_MAX + 1];
};
void tracer__probes(const struct tracer *t, struct tracer_probes *out);

#endif
