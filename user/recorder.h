/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records a trace: what the engine gets, in its order, and what a replay needs besides, into a
 * capture file. With a FILTER or --pod, packets are written of exchanges that the engine wants; as it
 * may learn that only from the reply, everything waits for as long as a reply may take, in its order.
 *
 * All calls take NULL for a recorder: nothing is recorded then. Trouble is remembered, and told by
 * recorder__end().
 */
#ifndef CALITRACE_RECORDER_H
#define CALITRACE_RECORDER_H

#include "capfile.h"
#include "opts.h"

struct recorder;

struct recorder_opts {
	const struct opts *o; /* borrowed, as all here */
	const char *node;
	uint32_t netns; /* inode number of the node's */
	int64_t wall_offset_ns;
	char **argv;		   /* NULL-terminated */
	bool (*ending)(void *ctx); /* see struct capsink_opts; NULL: never */
	void *ending_ctx;
};

/* Opens the file and begins it. 0, or -errno with one line in why. */
int recorder__new(const struct recorder_opts *ro, struct recorder **ret, char *why, size_t why_sz);
/* Without recorder__end(), what was written is removed: the trace did not begin. */
void recorder__free(struct recorder *r);

/* The trace has begun: the file takes an earlier one's place. 0, or -errno with one line in why */
int recorder__begin(struct recorder *r, char *why, size_t why_sz);
/* After the engine had it; packet: engine__last_packet(), else 0 */
void recorder__obs(struct recorder *r, const struct obs *o, uint64_t packet);
/* For engine_opts.matched: that packet is wanted */
void recorder__matched(void *recorder, uint64_t packet);
/* Copied */
void recorder__ready(struct recorder *r, const struct cap_ready *ready);
/* Now and then: what is buffered goes out once a second, a stepped clock is noted. */
void recorder__tick(struct recorder *r, uint64_t now_ns);
/* What is buffered goes out, but for what waits for replies. */
void recorder__flush(struct recorder *r);
/* Some limit was reached, or writing failed: a word or two, else NULL */
const char *recorder__over(const struct recorder *r);

/* Nothing is written any more. */
bool recorder__failed(const struct recorder *r);

/*
 * The file is as large as -C has it, and no less than half of it is what came after the node's state:
 * a new one is to be begun, and told the node's state, then READY.
 */
bool recorder__wants_part(const struct recorder *r);
void recorder__part(struct recorder *r, uint64_t ts_ns);

/* After engine__finish(): nothing waits any longer. The end's snapshot may follow. */
void recorder__finish(struct recorder *r, const struct cap_finish *f);
/* The last block; says on stderr what went wrong, or how much there is. 0 or -errno */
int recorder__end(struct recorder *r, uint64_t ts_ns, const char *reason);

#endif
