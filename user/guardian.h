/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small process that outlives the tracer if that is killed, and then removes the clsact filters
 * which nobody else would. It learns of the death by the end of a socket, knows nothing but the slot
 * and the qdiscs that were made, and holds the slot meanwhile, so that no other
 * calitrace takes it.
 */
#ifndef CALITRACE_GUARDIAN_H
#define CALITRACE_GUARDIAN_H

#include "clsact.h"

struct guardian;

/* Forks it (single-threaded callers only): 0 or -errno. c stays the caller's. */
int guardian__new(struct clsact *c, struct guardian **ret);
/* A qdisc on that device is (going to be) ours, or is ours no more. Never blocks. */
void guardian__tell(struct guardian *g, uint32_t ifindex, bool made);
/* False once it is gone; then free it. Reaps it. */
bool guardian__alive(struct guardian *g);
/* Everything is detached: ends it, reaps it, frees. NULL is fine. */
void guardian__free(struct guardian *g);

#endif
