/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sources around the kernel's routes, asked in rounds: BIRD, confd, Felix' sets and files,
 * sysctls, the kernel's own answers. Each is optional; what is missing is said by its round. And the
 * wall clock, which is not asked for anything: that it was set is a loss, LOSS_CLOCK.
 */
#ifndef CALITRACE_AROUND_H
#define CALITRACE_AROUND_H

#include "learn.h"
#include "mirror.h"
#include "opts.h"
#include "rtnl.h"

struct around;

struct around_opts {
	const struct opts *o;
	uint32_t inum;		     /* of the node's network namespace */
	const struct mirror *mirror; /* of the node, kept by the caller; borrowed */
	obs_fn fn;
	void *ctx;
	/* which addresses the kernel is to be asked for: how many; may be NULL */
	size_t (*questions)(void *ctx, struct addr *out, size_t max);
	/* whether a reading of the packet filters is wanted; may be NULL: never */
	bool (*rules)(void *ctx);
	/* the wall clock less CLOCK_MONOTONIC, ns; NULL: wall_offset_ns() */
	int64_t (*wall_offset)(void *ctx);
};

/* 0 or -errno; free with around__free(). In the node's network namespace, as all calls here. */
int around__new(const struct around_opts *o, struct around **ret);
void around__free(struct around *a);
/* All but BIRD, at once. now: CLOCK_MONOTONIC ns, as everywhere here. */
void around__look(struct around *a, uint64_t now_ns);
/* Asks BIRD, and waits for the end of a round, but no longer than max_ns. */
void around__wait_bird(struct around *a, uint64_t max_ns);
/* The kernel's own answers, for the questions of now */
void around__ask_kernel(struct around *a, uint64_t now_ns);
/* The packet filters' counters, and what moved since they were asked for last */
void around__ask_rules(struct around *a, uint64_t now_ns);
/* Something happened that BIRD may explain: soon, not at once */
void around__urge(struct around *a);
/* BIRD is wanted as often as is polite, and not only when something happens. */
void around__hurry(struct around *a);
/* What is due; never blocks on BIRD. Called about twenty times a second. */
void around__turn(struct around *a, uint64_t now_ns);

#endif
