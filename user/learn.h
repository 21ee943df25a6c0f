/* SPDX-License-Identifier: GPL-2.0-only */
/* What is learnt of the node at start and asked again now and then, from its state and its files. */
#ifndef CALITRACE_LEARN_H
#define CALITRACE_LEARN_H

#include "mirror.h"
#include "opts.h"

/* Pools as pools_learn() says them, from the mirror and the options. inum: the node's namespace. */
int learn_pools(const struct opts *o, const struct mirror *m, uint32_t inum, struct obs_pools *out);
/* What is learnt now keeps the mode of a pool that was known to have more than it shows now. */
void learn_keep_modes(struct obs_pools *now, const struct obs_pools *before);
/* Is it a pod's device? A node may be a namespace itself, whose uplink leads to another. */
bool learn_is_pods(const struct mirror *m, const struct link_info *l);
/* The UDP port of the node's VXLAN device, host order; 0: there is none, or it does not tell */
uint16_t learn_vxlan_port(const struct mirror *m);

/* The nodes of the cluster, as Felix lists those whose tunnel traffic is let in */
struct node_listed {
	struct addr addr;
	uint8_t lists; /* NODES_*: where it stands */
};
struct nodes {
	struct node_listed *node; /* in order, each once */
	size_t cnt;
	uint8_t lists; /* those that exist */
};
/* Reads them; sets that are missing count as empty. 0: nothing new; 1: *n has changed; or -errno. */
int nodes__learn(struct nodes *n);
/* One observation that forgets the old list, then one a node, all stamped ts_ns */
void nodes__tell(const struct nodes *n, uint64_t ts_ns, void (*fn)(void *ctx, const struct obs *o),
		 void *ctx);
void nodes__free(struct nodes *n);

/* A set as it was read. The pure part of nodes__learn() takes the nodes out of those that exist: 0,
 * 1 or -ENOMEM. */
struct node_list {
	uint8_t list; /* one of NODES_* */
	const struct prefix *member;
	size_t cnt;
};
int nodes__replace(struct nodes *n, const struct node_list *list, size_t cnt);

#endif
