/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One order of time out of several sources: observations wait for a short while, and leave sorted
 * by their stamps (equal stamps: in the order of arrival). Pure.
 */
#ifndef CALITRACE_TIMELINE_H
#define CALITRACE_TIMELINE_H

#include "model.h"

/* Observations differ much in size: the octets that the kind at hand uses, which suffice for a copy */
size_t obs_size(const struct obs *o);

struct timeline;

/* window_ns: how much later than its stamp an observation may arrive and still be sorted in. */
int timeline__new(uint64_t window_ns, struct timeline **ret);
void timeline__free(struct timeline *t);
/* Copies the observation. -ENOMEM, else 0. One that comes too late leaves at once, out of order. */
int timeline__push(struct timeline *t, const struct obs *o);
/* Hands out all that is older than now_ns - window; UINT64_MAX: all. */
void timeline__drain(struct timeline *t, uint64_t now_ns,
		     void (*fn)(void *ctx, const struct obs *o), void *ctx);

#endif
