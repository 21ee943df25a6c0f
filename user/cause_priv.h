/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by cause.c and the cause_*.c, by nobody else. */
#ifndef CALITRACE_CAUSE_PRIV_H
#define CALITRACE_CAUSE_PRIV_H

#include "diagnose.h"
#include "elsewhere.h"

/* How it is known that the destination, of an own block, is a pod's of another node */
enum borrowed {
	BORROWED_NOT,	   /* nothing tells so */
	BORROWED_GONE,	   /* its own /32 by that node went while we watched */
	BORROWED_BIRD,	   /* BIRD has such a /32, and the kernel has not */
	BORROWED_BASELINE, /* a baseline has it */
	BORROWED_ASKED,	   /* requests from that address came in from another node */
};

/* What the rows look at, gathered once */
struct facts {
	const struct engine *e;
	struct fnd *f;
	bool route_kind;	     /* leaked, or no route: a route should have been there */
	uint32_t missing;	     /* blocks without a unicast route */
	struct prefix back;	     /* rp_filter: the sender's block has none; family 0: it has */
	const struct gone *gone;     /* of the first block whose route was seen to go */
	const struct recalled *base; /* of the first one that only a baseline has */
	const struct recalled
		*owner; /* whose the block is by a baseline, where packets go elsewhere */
	bool felix;	/* routes into the pool are Felix': BGP neither brings nor takes them */
	bool all_down, in_use;
	const struct bgp_peer *down_peer; /* the gateway of a block that is missing or silent */
	bool down_peer_known;		  /* that it is that block's is known, not guessed */
	uint32_t down_cnt;
	enum borrowed borrowed;
	const struct addr *borrower; /* the node that has the borrowed address; NULL: not known */
	/* Blackholes, rp_filter: pods' devices that no route leads to and no record tells the pod of */
	uint32_t spare_cnt,
		spare; /* UINT32_MAX: too many devices; the only one, 0: there is no such */
	bool came_by_spare;
	const struct diag *d;
	const struct obs_elsewhere *there; /* what another node's capture showed, NULL: nothing */
	uint32_t there_cnt;
};

/* A cause: when the evidence holds, how sure that makes it, and in which words to tell it */
struct cause_row {
	enum cause cause;
	bool (*holds)(const struct facts *x);
	enum confidence (*sure)(const struct facts *x); /* NULL: conf */
	enum confidence conf;
	void (*say)(const struct facts *x, struct because *b);
	const char *sentence, *advice;
};

/* Links of the chain that deeper ones hang on */
bool cause_route_missing(const struct facts *x);
bool cause_bgp_down(const struct facts *x);
bool cause_peer_down(const struct facts *x);

/* cause_policy.c: a filter did it, and no cause is known: says what could not be told */
void cause_policy_doubt(const struct facts *x);

/* The block whose route is missing: the finding's first, or the one that the packets come from */
const struct prefix *cause_lost_block(const struct facts *x);
/* Are this node's routes into that pool Felix'? Walks all routes; gathered once. cause_path.c */
bool cause_felix_routes(const struct facts *x, const struct pool *pool);
/* The device that packets of that source came in by is not the one that leads back to it;
 * cause_limit.c */
bool cause_refused_by_rpf(const struct facts *x);
/* The neighbour table had no room for one more entry; *sure: the kernel said so. cause_limit.c */
bool cause_no_neighbour(const struct facts *x, bool *sure);
/* The tunnel that the pool of the destination calls for; false: it calls for none. cause_tunnel.c */
struct tunnel {
	const char *kind;	      /* "ipip" or "vxlan" */
	const struct link_info *link; /* NULL: the device is not there */
};
bool cause_tunnel(const struct facts *x, struct tunnel *t);
/* Says that it is down, or not there */
void cause_say_tunnel(const struct facts *x, struct because *b);
/* The route is right, and the VTEP that it leads to is set up for a stranger. */
bool cause_vtep_misled(const struct facts *x);
/* NULL: this node has no such device */
const struct link_info *cause_link(const struct facts *x, const char *name);

/* The other node lost the reply for want of a route back, by its own capture; cause_there.c */
bool cause_return_proven(const struct facts *x);

/*
 * Whose rules dropped them, by their counters, and in words; C_UNKNOWN: the counters do not tell.
 * cause_policy.c
 */
enum cause cause_of_rules(const struct facts *x, enum confidence *sure);
void cause_say_rules(const struct facts *x, struct because *b);

/* cause_pod.c: fills what tells of a borrowed address; before anything is explained */
void cause_gather_borrowed(struct facts *x);
bool cause_borrowed(const struct facts *x);
enum confidence cause_sure_borrowed(const struct facts *x);
void cause_say_borrowed(const struct facts *x, struct because *b);
/* cause_spare.c: fills what tells of devices without a route; before anything is explained */
void cause_gather_spare(struct facts *x);
/* An own block's address that no pod of this node has, nor ever had on another node */
bool cause_dead_target(const struct facts *x);
/* cause_service.c: the service's address leaves as it is; kube-proxy rejects it */
bool cause_not_translated(const struct facts *x);
bool cause_no_endpoints(const struct facts *x);
/* " (namespace/name)", or "" where no pod with that address is known */
const char *cause_pod_name(const struct facts *x, const struct addr *a, char *buf, size_t sz);
#define POD_SUFFIX (POD_LEN + 4)

/*
 * cause_limit.c: what the kernel refuses by its settings, sizes and tables; cause_node.c: this
 * node's place in the cluster; cause_tunnel.c: the tunnel and what is below it; cause_path.c: routes
 * and who made them; cause_policy.c: who filtered it; cause_pod.c,
 * cause_service.c: the pod or the service that it was for
 */
extern const struct cause_row cause_node_rows[], cause_path_rows[], cause_there_rows[];
extern const struct cause_row cause_tunnel_rows[];
extern const struct cause_row cause_limit_rows[], cause_policy_rows[];
extern const struct cause_row cause_pod_rows[], cause_service_rows[];
extern const size_t cause_node_row_cnt, cause_path_row_cnt, cause_there_row_cnt;
extern const size_t cause_tunnel_row_cnt;
extern const size_t cause_limit_row_cnt, cause_policy_row_cnt;
extern const size_t cause_pod_row_cnt, cause_service_row_cnt;

#endif
