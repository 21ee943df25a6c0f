/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Observations of what this node did not see itself (baselines, other nodes' captures), and of what no
 * packet is judged by. A part of model.h, which includes it where its types are known; nobody else does.
 */
#ifndef CALITRACE_MODEL_FAR_H
#define CALITRACE_MODEL_FAR_H

/* What an earlier capture of this node, or another node's, tells: whatever this node says now is newer */
enum baseline_what {
	BASELINE_ROUTE, /* this node's own route to a block: gw, dev, protocol */
	BASELINE_BLOCK, /* a block, as another node's capture has it */
	BASELINE_PEER,	/* owner: the address by which a node was known to another, and its name */
	BASELINE_NODE,	/* owner: the address that a node itself was seen to use, and its name */
};
struct obs_baseline {
	enum baseline_what what;
	uint8_t protocol; /* RTPROT_* */
	struct prefix block;
	struct addr owner,
		gw; /* the node's address (family 0: not told); the route's, maybe a VTEP */
	char node[NODE_LEN_SHORT], from[NODE_LEN_SHORT]; /* owner's name, "" unknown; who says so */
	char dev[DEV_LEN];
	int64_t seen_ns, wall_ns; /* last seen so: MONOTONIC, before the boot < 0; CLOCK_REALTIME */
};

/* What another node's capture shows of a request of this node that got no reply, told once for each */
enum elsewhere_what {
	ELSEWHERE_ABSENT,    /* that node's capture ran, and never saw the request */
	ELSEWHERE_LOST,	     /* the request died there: verdict */
	ELSEWHERE_SILENT,    /* it was handed to its target there, which never answered */
	ELSEWHERE_REPLY,     /* the target answered, and the reply died or leaked there: verdict */
	ELSEWHERE_REPLY_OUT, /* the reply left that node as it should, and never arrived here */
};
struct obs_elsewhere {
	uint64_t packet;  /* this node's id of the request */
	uint32_t finding; /* this node's id, 0: none */
	enum elsewhere_what what;
	enum verdict verdict; /* there; V_NONE where nothing was lost there */
	enum cause cause;     /* that node's own finding's; C_UNKNOWN: none */
	bool no_route;	      /* that node has no route to block, which the lost packet was for */
	struct prefix block;
	struct addr gw,
		outer_src; /* where it was sent; whom the tunnel packet names as its sender */
	char node[NODE_LEN_SHORT], dev[DEV_LEN]; /* that node's name, where it was lost or left */
	char reason[REASON_LEN], location[LOCATION_LEN];
};

/* A rule of policy routing: which table is asked for which packets. For whoever reads a capture. */
struct obs_rule {
	uint32_t priority, table, mark, mask;
	uint8_t action, tos; /* FR_ACT_* */
	bool invert;
	struct prefix src, dst; /* family 0: any */
	char iif[DEV_LEN], oif[DEV_LEN];
};

/* The kubelet's clusterDNS: the service's address, or that of a cache on the node itself */
struct obs_service {
	struct addr addr;
};

#endif
