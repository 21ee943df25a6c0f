/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What baselines told: blocks, whose they were, how this node's routes to them stood, and by which
 * address each node was known. Part of the engine: pure. Memory of the past, so whatever this node's
 * own sources say now is newer, and wins.
 */
#ifndef CALITRACE_RECALL_H
#define CALITRACE_RECALL_H

#include "engine_priv.h"

struct recalled {
	struct hnode node;
	struct prefix block;
	struct addr owner;	   /* family 0: not told */
	char name[NODE_LEN_SHORT]; /* the owner's, "" not told */
	char from[NODE_LEN_SHORT]; /* whose capture says so */
	int64_t seen_ns, wall_ns;  /* when it was the owner's last; MONOTONIC, REALTIME */
	bool route;		   /* this node's own route stood so: */
	struct addr gw;
	char dev[DEV_LEN];
	uint8_t protocol;
	int64_t route_seen_ns, route_wall_ns;
};

void recall_observe(struct engine *e, const struct obs_baseline *b);
void recall_free_all(struct engine *e);
/* Exactly that block; NULL: no baseline has it */
const struct recalled *recall_block(const struct engine *e, const struct prefix *p);
/* The longest block that holds a, and lies in its pool */
const struct recalled *recall_for(const struct engine *e, const struct addr *a);
/* "" where no baseline names the node with that address */
const char *recall_node_name(const struct engine *e, const struct addr *a);
/* All of them, in the order of their prefixes: *ret is to be freed by the caller; how many */
uint32_t recall_list(const struct engine *e, const struct recalled ***ret);
/* " (k8s01, 10.2.7.200)", or less where less is known, or "" */
#define RECALL_OWNER_LEN (NODE_LEN_SHORT + 52)
const char *recall_owner_str(const struct recalled *r, char buf[RECALL_OWNER_LEN]);
/* "2020-04-08 02:04:22 UTC" */
#define RECALL_TIME_LEN 32
const char *recall_time_str(int64_t wall_ns, char buf[RECALL_TIME_LEN]);

#endif
