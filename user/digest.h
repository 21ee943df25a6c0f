/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a capture of one or several nodes comes down to: the state at its end, the exchanges by source
 * block, destination and app, the findings. A plain value: replay's hooks fill it, diff compares two,
 * the report draws it. Its size does not grow with the number of packets.
 *
 * Times are the node's CLOCK_MONOTONIC; add wall_offset_ns. 0: none.
 */
#ifndef CALITRACE_DIGEST_H
#define CALITRACE_DIGEST_H

#include "engine_view.h"

#define DIGEST_FLOWS 100000 /* of a node; what is more goes into one of DG_OTHER */
#define DIGEST_BLOCKS 16384
#define DIGEST_ROUTES 16384 /* into pools; and as many others */
#define DIGEST_FINDINGS 256
/* With a long --reply-timeout what gets no reply is overdue only after the end of the capture. */
#define DIGEST_WAIT_NS 2000000000ull

/* A route of table main as it stands; routes to pods of the node itself are left out */
struct digest_route {
	struct prefix dst;
	struct addr gw; /* of the first next hop; family 0: on link, or none */
	char dev[DEV_LEN];
	uint8_t type, protocol, nh_cnt;
	uint32_t metric;
	bool in_pool; /* lies within a pool: a block, or a part of one */
};

/* Who says that there is such a block, as bits */
#define DG_ROUTE (1u << 0)   /* a route to it stands */
#define DG_HISTORY (1u << 1) /* one stood while it was watched */
#define DG_BIRD (1u << 2)    /* BIRD has a way to it */
#define DG_FINDING (1u << 3) /* packets to it were lost */

/* A block of another node. Without a route to it it is missing. */
struct digest_block {
	struct prefix block;
	struct addr owner; /* the node that had it last; family 0: not told */
	uint32_t known;	   /* DG_* */
	bool have; /* a unicast route stands for it, or a shorter one by a gateway in its pool */
	uint64_t gone_ns; /* when its route went and did not come back; 0: that was not seen */
	struct actor by;  /* who removed it */
};

struct digest_addr {
	struct prefix address; /* host bits kept */
	char dev[DEV_LEN];
};

struct digest_link {
	char name[DEV_LEN], kind[DEV_LEN];
	bool up, running;
	uint32_t mtu;
};

enum digest_place {
	/*
	 * No pool has it, no node either. All of these are one place: a resolver asks hundreds of
	 * servers, some of which never answer, and clients do not come again from the same address.
	 */
	DG_OUTSIDE,
	DG_BLOCK,
	DG_HOST,  /* an address of the node itself */
	DG_NODE,  /* another node's */
	DG_OTHER, /* one of too many */
};
struct digest_end {
	enum digest_place place;
	struct prefix block; /* of DG_BLOCK, and all of DG_NODE's address; else zero */
};

/* Exchanges of one app from one block to another. By the request, also where the reply was lost. */
struct digest_flow {
	struct digest_end src, dst; /* dst: behind the service's address */
	struct addr service;	    /* family 0: the client asked for dst itself */
	enum app app;
	uint64_t sent, answered, late;
	uint64_t lost[V_MAX]; /* requests and replies, by verdict; V_UNANSWERED among them */
	uint64_t bad;	      /* all of lost */
	/* when the last request was made that fared so */
	uint64_t first_ns, good_ns, bad_ns;
	uint64_t asked_ns; /* the last request, however it fared */
};

struct digest_build;

/* One node of a side */
struct digest_node {
	char name[NODE_LEN];
	int64_t wall_offset_ns;
	uint64_t begin_ns, end_ns;
	bool foreign;			  /* packets are all there is */
	bool cut;			  /* the file ends early, or is damaged */
	bool gap;			  /* some file of the run is not given */
	bool complete;			  /* digest__end() was called with the state of the end */
	uint64_t packets, lost, withheld; /* observed; events */
	struct summary summary;
	struct view_sources sources;
	struct obs_pools pools;

	struct digest_route *route; /* in the order of prefixes; so below */
	uint32_t route_cnt;
	struct digest_block *block;
	uint32_t block_cnt;
	struct view_peer *peer;
	uint32_t peer_cnt;
	struct digest_addr *addr;
	uint32_t addr_cnt;
	struct digest_link *link;
	uint32_t link_cnt;
	struct digest_flow *flow; /* in the order of their first packets */
	uint32_t flow_cnt;
	bool cut_lists; /* there were more flows, blocks, routes or findings than are kept */
	struct finding *finding; /* the last state of each */
	uint32_t finding_cnt;
	struct check *check; /* the audit at the end */
	uint32_t check_cnt;
	struct addr *member; /* nodes of the cluster as the node's sources list them */
	uint32_t member_cnt;

	/* while it is filled */
	struct digest_build *build;
};

struct digest {
	struct digest_node *node; /* in the order in which they came */
	uint32_t cnt, cap;
	bool oom; /* something is missing for lack of memory: nothing may be concluded */
};

/* A zeroed digest is valid and empty. */
void digest__free(struct digest *d);
/* The index of the node, a new one if there is none of that name; -ENOMEM: d->oom is set */
int digest__add(struct digest *d, const char *name, int64_t wall_offset_ns);
/* READY: the snapshot of the start is in the engine */
void digest__begin(struct digest *d, int node, const struct engine *e, uint64_t ts_ns);
/* Each record; the engine has to tell good packets, too (replay_opts.all) */
void digest__record(struct digest *d, int node, const struct engine *e, const struct record *rec);
/* The node's last item: the state at the end of the file; ts_ns: of the end of the trace */
void digest__end(struct digest *d, int node, const struct engine *e, uint64_t ts_ns);

/* NULL: there is none. Borrowed. */
const struct digest_node *digest__find(const struct digest *d, const char *name);
const struct digest_block *digest__block(const struct digest_node *n, const struct prefix *p);
const struct digest_route *digest__route(const struct digest_node *n, const struct prefix *p);
/*
 * The way that packets for the block take: its own route, or a shorter one that lies in a pool and has
 * a gateway, or one that is for a part of the block. NULL: there is none; or it is no unicast route.
 */
const struct digest_route *digest__way(const struct digest_node *n, const struct prefix *block);
const struct view_peer *digest__peer(const struct digest_node *n, const struct addr *a);
const struct check *digest__check(const struct digest_node *n, const char *name);
/* Was the flow broken at the end: lost, and not one answered exchange that was asked for later? */
bool digest__flow_broken(const struct digest_flow *f);
/* Requests that were made seconds after the last answered one still wait for their replies. */
bool digest__flow_waits(const struct digest_flow *f);
bool digest__end_eq(const struct digest_end *a, const struct digest_end *b);

#endif
