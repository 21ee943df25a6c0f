/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of cluster*.c share. */
#ifndef CALITRACE_CLUSTER_PRIV_H
#define CALITRACE_CLUSTER_PRIV_H

#include "cluster.h"
#include "engine_priv.h"

/* A packet takes less than that from node to node, and so does the answer to it. */
#define JOIN_NS ((int64_t)(5 * NSEC_PER_SEC))
/* How long sightings are kept: the longest wait for a reply, and more */
#define SIGHT_NS ((int64_t)(15 * NSEC_PER_SEC))
#define MAX_SIGHTS 131072
#define MAX_WAITING 64
#define MAX_FAR 32

#define ICMP_ECHOREPLY_ 0
#define ICMP_ECHO_ 8

/* What packets of one exchange have in common, in one direction */
struct sflow {
	struct addr src, dst;
	uint16_t sport, dport, dns_id;
	uint8_t proto, icmp_type;
};

struct shop {
	uint64_t ts_ns;
	uint32_t ifindex;
	uint8_t at;
};

/* What the node's engine says of a packet: only of those that did not fare well, or late */
struct fate {
	enum verdict verdict;
	uint32_t finding;
	struct prefix block;
	struct addr gw;
	char dev[DEV_LEN], reason[REASON_LEN], location[LOCATION_LEN];
};

/* A packet, as one node saw it in one form */
struct sight {
	struct hnode by_ident, by_flow, by_id;
	struct list age;
	uint32_t node, seq;
	uint64_t id; /* the node's */
	struct sflow flow;
	uint16_t ip_id;
	uint8_t hop_cnt;
	int64_t first_ns; /* on the common clock */
	struct addr outer_src, outer_dst;
	struct shop hop[MAX_HOPS];
	struct fate *fate;
};
bool sight_same(const struct sight *a, const struct sight *b);

struct cnode {
	const char *name;
	struct engine *engine;
	int64_t wall_offset_ns, first_ns, last_ns;
	bool ready, ended, lost;
	struct obs_elsewhere waiting[MAX_WAITING];
	uint32_t wait_cnt;
};

/* Times of files that nobody vouches for: they may wrap around, but not stop us. */
static inline int64_t time_plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t time_minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

struct cluster {
	struct cnode *node;
	uint32_t node_cnt;
	struct hmap by_ident, by_flow, by_id;
	struct list age;
	uint32_t sight_cnt;
	int64_t now_ns;
	struct far_hop far[MAX_FAR];
	uint32_t far_cnt;
	struct record rec;
	struct packet packet;
};

#endif
