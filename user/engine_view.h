/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an engine knows of its node and of the cluster, for those who compare captures. Part of the
 * engine: pure. Everything is as of the observation that was fed last.
 */
#ifndef CALITRACE_ENGINE_VIEW_H
#define CALITRACE_ENGINE_VIEW_H

#include "engine.h"

/* A BGP neighbour, as configuration, BIRD and TCP show it together */
struct view_peer {
	struct addr addr;
	char node[NODE_LEN_SHORT];  /* "" not told */
	char name[BIRD_NAME_LEN];   /* of BIRD's protocol, "" not told */
	char state[BIRD_WORD_LEN];  /* BIRD's word for the session, else TCP's */
	char trouble[INFO_LEN + 8]; /* why it is not up; "" it is */
	bool up;		    /* Established */
	bool configured;	    /* bird.cfg or BIRD names it; else only TCP shows it */
	bool disabled, restarts;    /* by its operator; gracefully */
};

/* Which sources stand behind it */
struct view_sources {
	bool bird;	      /* BIRD's last round ended well */
	bool peers;	      /* BIRD or bird.cfg told who the neighbours are */
	bool nodes;	      /* Felix' list of nodes could be read */
	bool links;	      /* the snapshot of the kernel's state is complete */
	bool recovering;      /* BIRD was restarted, and still waits for its neighbours */
	uint16_t waiting_for; /* protocols */
	uint32_t stale;	      /* routes that BIRD keeps for neighbours that restart */
};

void engine__each_peer(const struct engine *e, void (*fn)(void *ctx, const struct view_peer *p),
		       void *ctx);
/*
 * Each block of another node that BIRD has a way to, from a neighbour; owner: the node, family 0 where
 * that is not told.
 */
void engine__each_bird_block(const struct engine *e,
			     void (*fn)(void *ctx, const struct prefix *block,
					const struct addr *owner),
			     void *ctx);
void engine__sources(const struct engine *e, struct view_sources *out);
/* Each address that Felix lists as a node's */
void engine__each_node(const struct engine *e, void (*fn)(void *ctx, const struct addr *a),
		       void *ctx);
/* A node of the cluster by Felix' list or as a BGP neighbour that is configured */
bool engine__is_node(const struct engine *e, const struct addr *a);
/* The node behind a gateway: itself, or where a VTEP's forwarding entry leads */
struct addr engine__node_of(const struct engine *e, const struct addr *gw);
/* False: a is in no pool. Else its block as far as it is known, else what its size lets guess */
bool engine__block(const struct engine *e, const struct addr *a, struct prefix *block);
const struct obs_pools *engine__pools(const struct engine *e);

#endif
