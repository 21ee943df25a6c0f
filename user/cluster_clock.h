/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the clocks of several nodes stand to each other, from packets that two of them saw: one way it
 * took the network's delay plus the difference of the clocks, the other way the delay minus it. Pure;
 * memory does not depend on how many packets there are.
 */
#ifndef CALITRACE_CLUSTER_CLOCK_H
#define CALITRACE_CLUSTER_CLOCK_H

#include "cluster.h"

struct clocks;

/* For so many nodes: 0 or -ENOMEM */
int clocks__new(uint32_t nodes, struct clocks **ret);
void clocks__free(struct clocks *c);
/* Each node's own observations in the order of time; the nodes in any order, one after the other */
void clocks__obs(struct clocks *c, uint32_t idx, const struct obs *o, int64_t wall_offset_ns);
/*
 * Against node 0, by way of others where the two had no packets in common: *ref is the index of the
 * node that it was measured against. out->reference is left alone. False: not known, then there were
 * out->packets in the direction that had fewer, against node 0.
 */
bool clocks__solve(struct clocks *c, uint32_t idx, struct clock_rel *out);

#endif
