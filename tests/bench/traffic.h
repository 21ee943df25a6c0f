/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic of an imagined node, for measurements: what each hook would see of DNS questions to pods
 * and to a service, of pings and of TCP connects, out of the node's pods and into them. The same
 * options give the same observations.
 */
#ifndef CALITRACE_BENCH_TRAFFIC_H
#define CALITRACE_BENCH_TRAFFIC_H

#include "model.h"

struct traffic_opts {
	uint32_t rate;	/* observations of packets a second of the trace */
	uint32_t pods;	/* of this node: interfaces, less the uplink, the tunnel and lo */
	uint32_t nodes; /* others, each with a block */
	uint32_t bad;	/* of 1000 exchanges so many leak, and as many get no answer */
	uint32_t tick_ms;
};

/* 20000 a second over 12 interfaces, 50 nodes, all well */
#define TRAFFIC_DEFAULT                                                         \
	{                                                                       \
		.rate = 20000, .pods = 9, .nodes = 50, .bad = 0, .tick_ms = 50, \
	}

#define TRAFFIC_T0 (1000 * 1000000000ULL) /* the snapshot's time */

/* An exchange's kind, for figures that are told apart */
enum traffic_kind {
	TRAFFIC_DNS,	 /* a pod asks another node's pod */
	TRAFFIC_SERVICE, /* a pod asks a service: DNAT */
	TRAFFIC_PING,
	TRAFFIC_TCP,
	TRAFFIC_INTO, /* another node's pod asks one of this node's */
	TRAFFIC_MIX,  /* all of them */
};

struct traffic;

/* Of several nodes this process's is number node, 0 ... o->nodes; before all else */
void traffic__be(uint32_t node);
/* NULL: out of memory */
struct traffic *traffic__new(const struct traffic_opts *o, enum traffic_kind kind);
void traffic__free(struct traffic *t);
/* The node's state at start, as a session tells it */
void traffic__state(const struct traffic *t, void (*fn)(void *ctx, const struct obs *o), void *ctx);
/* The next observation, a packet's or a tick; *o is the caller's, and is best the same one. */
void traffic__next(struct traffic *t, struct obs *o);
/* When the last one was */
uint64_t traffic__now(const struct traffic *t);

/* capw_opts.put into a file: ctx is an int, its descriptor */
int bench_put(void *ctx, const void *data, size_t len);

#endif
