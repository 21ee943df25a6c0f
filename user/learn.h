/* SPDX-License-Identifier: GPL-2.0-only */
/* What is learnt of the node at start and asked again now and then, from its state and its files. */
#ifndef CALITRACE_LEARN_H
#define CALITRACE_LEARN_H

#include "mirror.h"
#include "opts.h"

/* Pools as pools_learn() says them, from the mirror and the options. inum: the node's namespace. */
int learn_pools(const struct opts *o, const struct mirror *m, uint32_t inum, struct obs_pools *out);
/* The UDP port of the node's VXLAN device, host order; 0: there is none, or it does not tell */
uint16_t learn_vxlan_port(const struct mirror *m);

/* The nodes of the cluster, as Felix lists those whose tunnel traffic is let in */
struct nodes {
	struct addr *addr; /* in order, each once */
	size_t cnt;
};
/* Reads them; sets that are missing count as empty. 0: nothing new; 1: *n has changed; or -errno. */
int nodes__learn(struct nodes *n);
/* One observation that forgets the old list, then one a node, all stamped ts_ns */
void nodes__tell(const struct nodes *n, uint64_t ts_ns, void (*fn)(void *ctx, const struct obs *o),
		 void *ctx);
void nodes__free(struct nodes *n);
/* The pure part of nodes__learn(): takes the nodes out of a set's members. 0, 1 or -ENOMEM. */
int nodes__replace(struct nodes *n, const struct prefix *member, size_t cnt);

#endif
