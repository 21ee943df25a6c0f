/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine: observations in, records out. Pure: no I/O, no clock (OBS_TICK tells the time), no
 * globals, so that a replay of the same observations gives the same records.
 */
#ifndef CALITRACE_ENGINE_H
#define CALITRACE_ENGINE_H

#include "mirror.h"
#include "model.h"

struct engine;

struct engine_opts {
	uint64_t reply_timeout_ns;
	bool all;	      /* records of good packets, too */
	uint16_t dns_port[4]; /* host order, 0: unset */
	uint32_t max_packets; /* in memory at once; 0: default */
	/*
	 * NULL: all. Else what a packet, at any hop, says about its exchange, as bits; wants() is
	 * asked whether the exchange is to be counted and told, with the bits of all its packets
	 * or-ed; final: all that are expected. Must be pure: the same packet, the same answer.
	 */
	uint32_t (*match)(const void *ctx, const struct obs_pkt *p);
	bool (*wants)(const void *ctx, uint32_t bits, bool final);
	const void *match_ctx;
	/* the packet with that id is wanted: told once, as soon as it is known; may be NULL */
	void (*matched)(void *ctx, uint64_t id);
	void *matched_ctx;
	record_fn emit;
	void *emit_ctx;
};

/* 0 or -ENOMEM; free with engine__free(). */
int engine__new(const struct engine_opts *opts, struct engine **ret);
void engine__free(struct engine *e);

/* Observations in the order of time. What a record points to lives during the call of emit only. */
void engine__feed(struct engine *e, const struct obs *o);
/* Decides what can be decided at the end of the trace, prints findings that changed. */
void engine__finish(struct engine *e, uint64_t ts_ns);
/* The id of the packet that the observation fed last belongs to, as records have it; 0: to none */
uint64_t engine__last_packet(const struct engine *e);
/* Cheap: may be asked after each feed. */
uint64_t engine__problems(const struct engine *e);
void engine__summary(const struct engine *e, uint64_t ts_ns, struct summary *out);
/*
 * The audit: what is right and wrong now, from what the sources said last, without any traffic.
 * Calls fn for each check, always the same ones in the same order.
 */
void engine__audit(const struct engine *e, void (*fn)(void *ctx, const struct check *c), void *ctx);
/* Addresses for which the kernel is to be asked what it would do (OBS_ANSWER): how many */
size_t engine__questions(const struct engine *e, struct addr *out, size_t max);
/*
 * Filters dropped packets, and their counters may tell which rule did it: two readings for each
 * finding, the second one when more of its packets were lost. Cheap.
 */
bool engine__rules_wanted(const struct engine *e);
/* Some problem is open: what others say of it now may differ from what they said at its start. */
bool engine__has_open(const struct engine *e);
/* True once after a route, a BGP session or a first problem changed: others may explain it. */
bool engine__take_urgent(struct engine *e);
/* Borrowed; for the sources that need to know links, addresses and routes. */
const struct mirror *engine__mirror(const struct engine *e);
/* Finding by id (1 ...), NULL past the end; borrowed until the next feed. */
const struct finding *engine__finding(const struct engine *e, uint32_t id);

#endif
