/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several nodes: what stands between the engines of a replay, one a node, and the caller. A packet is
 * known again on another node by its inner addresses and ports (ICMP: id and seq), its IP id and its
 * DNS id; so what became of a request that got no reply is known, as far as the other captures go. And
 * each node's state is held against the others'. Pure, in bounded memory.
 */
#ifndef CALITRACE_CLUSTER_H
#define CALITRACE_CLUSTER_H

#include "engine.h"

/* A hop of a packet on another node; ts_ns is on the clock of the node whose record has it. */
struct far_hop {
	enum hook at;
	const char *node;
	char dev[DEV_LEN];
	uint64_t ts_ns;
};

/* How a node's clock stands to another's, from packets that both saw */
struct clock_rel {
	const char *reference; /* the other node's name */
	bool known;	       /* enough packets were seen in both directions */
	int64_t offset_ns; /* this node's wall clock minus the reference's, as the files have them */
	uint64_t error_ns; /* it is that far from the truth at most */
	uint64_t packets;  /* seen on both, in the direction that had fewer */
};

struct cluster;

/* For so many nodes: 0 or -ENOMEM */
int cluster__new(uint32_t nodes, struct cluster **ret);
void cluster__free(struct cluster *c);
/* Node idx: name and engine live as long as c; wall_offset_ns: corrected, one clock for all nodes */
void cluster__node(struct cluster *c, uint32_t idx, const char *name, struct engine *e,
		   int64_t wall_offset_ns);
/* After the engine of idx had the observation, in the order of time over all nodes */
void cluster__obs(struct cluster *c, uint32_t idx, const struct obs *o);
/* What the engine of idx says: the record to be handed on, borrowed until the next call */
const struct record *cluster__record(struct cluster *c, uint32_t idx, const struct record *rec);
/*
 * What the engine of idx is to be told of its packets: true and an observation, until there is no more.
 * Not from within a call of that engine's.
 */
bool cluster__take(struct cluster *c, uint32_t idx, struct obs *out);
/* The node tells nothing from here on, or is complete again */
void cluster__ends(struct cluster *c, uint32_t idx);
/*
 * The nodes' state, one against the other: routes that some have and others lack, addresses by which
 * they know each other. Calls fn for each check with the node that it is about.
 */
void cluster__audit(const struct cluster *c,
		    void (*fn)(void *ctx, uint32_t idx, const struct check *k), void *ctx);

#endif
