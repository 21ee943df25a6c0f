/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This node's place in the cluster, from all that is known at the moment: its peers, its own
 * address, what keeps BGP from working. Part of the engine: pure. The audit and the causes of
 * findings both ask here, so they cannot contradict each other.
 */
#ifndef CALITRACE_DIAGNOSE_H
#define CALITRACE_DIAGNOSE_H

#include "engine_priv.h"
#include "recall.h"

/* A BGP neighbour, as configuration, BIRD and TCP show it together */
struct peer_view {
	struct addr addr;
	const char *node; /* "" not told */
	enum conf_peer_kind kind;
	bool up;			    /* its session is established */
	bool disabled;			    /* by BIRD's configuration or its operator */
	bool knocks;			    /* connects to this node's port 179 */
	bool silent;			    /* our connects get no answer, are refused or reset */
	bool refuses;			    /* its kernel says that nobody listens */
	bool closes;			    /* it accepts, and closes at once */
	bool alive;			    /* it did something lately that a dead node cannot */
	bool restarts;			    /* gracefully: its routes are kept meanwhile */
	const struct obs_bird_proto *proto; /* NULL: BIRD did not tell */
	const struct bgp_peer *tcp;	    /* NULL: no connection was seen */
};

struct peers {
	struct peer_view *peer; /* in the order of addresses */
	uint32_t cnt, up, silent, closes, disabled;
	bool told; /* confd or BIRD named them; else only TCP */
};

/* 0 or -ENOMEM; peers.c */
int peers_gather(const struct engine *e, struct peers *p);
void peers_free(struct peers *p);
const struct peer_view *peers_find(const struct peers *p, const struct addr *a);
/* It is a node, and with pools in tunnels: then it has a block, unless no pool selects it */
bool peer_owns_block(const struct engine *e, const struct peer_view *p);
/* No session stands, and TCP port 179 is what keeps them down, as far as anything tells */
bool peers_blocked(const struct engine *e, const struct peers *p);

/* What is the matter with the address that this node is known by */
enum self_what {
	SELF_UNKNOWN, /* nothing to compare */
	SELF_FINE,
	SELF_ABSENT,   /* BIRD speaks from an address that this node does not have */
	SELF_UNUSED,   /* ... that the kernel does not use towards the peers */
	SELF_UNLISTED, /* Felix lists this node by another address, or by none */
	SELF_REFUSED,  /* the peers accept its connections, and close them at once */
};
struct self_view {
	enum self_what what;
	enum confidence conf;
	struct addr registered; /* family 0: not known */
	char dev[DEV_LEN];	/* where registered stands; "": on no device */
	struct addr used;	/* towards the peers; family 0: not known */
};

/* Another node that is registered with an address that it does not use */
struct stray_view {
	bool have;
	enum confidence conf;
	struct addr knocker;	/* who connects, and is nobody's neighbour here */
	struct addr registered; /* the neighbour that never answers; family 0: several do not */
	uint32_t knockers, dead;
	const char *node; /* "" not told */
	/* told by tunnel packets from it, of a pod or tunnel that is routed to the other */
	struct addr sender; /* that one; family 0: it connects */
};

/* A gateway of routes to blocks, as a node's address, and how many it has */
struct gateway {
	struct addr node;
	uint32_t routes;
};

/* Who programs the routes into a pool */
struct route_owners {
	const struct pool *pool;
	uint64_t version; /* way_version() then; 0: not counted yet */
	uint32_t bird, felix;
	bool own_felix; /* the own block's blackhole is Felix' */
};

/* All of the above, as of now */
struct diag {
	struct peers peers;
	struct self_view self;
	struct stray_view stray;
	struct gateway *gw; /* in the order of addresses */
	uint32_t gw_cnt;
	uint32_t unmapped;   /* of them, VTEPs that nothing assigns to a node */
	uint64_t gw_version; /* of all that gateways follow from */
	uint64_t ts_ns, version;
	struct route_owners owners; /* of the pool that was asked for last; cause_path.c */
};
/* Made anew when the sources said something, or after a moment; borrowed until the next call */
const struct diag *diagnose(const struct engine *e);
void diagnose_free(struct diag *d);
/* That neighbour's node lives on under another address */
bool diag_is_stray(const struct diag *d, const struct addr *peer);
/* Routes to blocks by that node */
uint32_t diag_routes_by(const struct diag *d, const struct addr *node);
/* What is set up for that VTEP, NULL: nothing */
const struct obs_vtep *diag_vtep_of(const struct engine *e, const struct addr *vtep);
/* The node behind a gateway: itself, or where the forwarding entry of a VTEP leads */
struct addr diag_node_of(const struct engine *e, const struct addr *gw);

/* What a baseline told of the block of dst, if that is another node's than gw's, and nothing newer is
 * known; else NULL. owner.c */
const struct recalled *owner_recalled(const struct engine *e, const struct addr *dst,
				      const struct addr *gw);

/* No BIRD runs although this node uses BGP; *sure: the processes were looked at (NULL: no matter) */
bool bird_is_down(const struct engine *e, bool *sure);
/* BIRD still waits for its peers after a restart */
bool bird_recovers(const struct engine *e);
/* The class and text of BIRD's last error for that peer, or what TCP says; static or borrowed */
const char *peer_trouble(const struct peer_view *p);
/* " (k8s01)" or "" into buf */
const char *node_suffix(const struct engine *e, const struct addr *a, char *buf, size_t sz);

#endif
