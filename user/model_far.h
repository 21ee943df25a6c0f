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

/* What the kernel would do for a packet of this node, or of a pod, to dst */
struct obs_answer {
	struct addr dst;
	uint16_t err;	     /* positive errno, 0: a route */
	uint8_t type;	     /* RTN_* */
	struct addr gw, src; /* src: the address that it would send from */
	uint32_t ifindex;
};

/* How full a table of the kernel's is */
enum fill {
	FILL_CONNTRACK,
	FILL_NEIGH, /* of gc_thresh3 */
	FILL_MAX
};
struct obs_fill {
	enum fill what;
	uint64_t cnt, max;
};

/* A rule of policy routing: which table is asked for which packets. For whoever reads a capture. */
struct obs_rule {
	uint32_t priority, table, mark, mask;
	uint8_t action, tos; /* FR_ACT_* */
	bool invert;
	struct prefix src, dst; /* family 0: any */
	char iif[DEV_LEN], oif[DEV_LEN];
};

/*
 * A reading of this node's packet filters, in a round of SOURCE_NFRULES: this, then the places where
 * they may drop packets, with what their counters moved since the reading before.
 */
struct obs_nflook {
	uint64_t since_ns;	 /* end of the reading before, 0: there was none */
	bool too_many;		 /* more rules than are looked at: none is told */
	bool cut;		 /* more places than are told */
	uint64_t from_ns, to_ns; /* from the first question to the last answer */
	uint32_t nft_rules;	 /* of nf_tables, iptables-nft's included */
	uint32_t legacy_rules;	 /* of iptables-legacy, and policies that drop */
	uint32_t iptables_rules; /* those of nf_tables that iptables-nft has put there */
	char failed[INFO_LEN];	 /* what could not be read besides; "" nothing */
};

enum nf_backend {
	NFB_NFT,
	NFB_LEGACY,
	NFB_MAX
};
enum nf_verdict {
	NFV_DROP,
	NFV_REJECT,
	NFV_POLICY, /* no rule: what happens at the end of a base chain */
	NFV_MAP,    /* a verdict map, which may have drops among its elements */
	NFV_QUEUE,  /* handed to a program, which may drop it */
	NFV_MAX
};
#define NFR_TABLE_LEN 32
#define NFR_CHAIN_LEN 64
#define NFR_COMMENT_LEN 96
#define NFR_TEXT_LEN 112
/* A place where packets may be dropped; with alike set it stands for so many of its kind */
struct obs_nfrule {
	enum nf_backend backend;
	enum nf_verdict verdict;
	uint8_t hooks; /* it can be reached from: 1 << enum nf_hook */
	bool counted;  /* it counts packets */
	bool invalid,
		rpfilter; /* for packets that are INVALID to conntrack, that fail rpfilter, only */
	uint32_t number,
		alike;	/* in its chain, from 1; 0: the policy. alike 0: one whose counter moved */
	uint64_t moved; /* packets since the reading before */
	char family[8]; /* ip, inet, netdev */
	char table[NFR_TABLE_LEN], chain[NFR_CHAIN_LEN];
	char in[DEV_LEN], out[DEV_LEN]; /* for these devices only, may end in '*'; "" any */
	char comment[NFR_COMMENT_LEN], text[NFR_TEXT_LEN];
};

/*
 * A packet that a rule, or a policy, of nf_tables dropped, by the kernel's trace of it. Of the rule,
 * hooks, number, alike and moved are not known; with known unset nor is what it says.
 */
struct obs_nftrace {
	struct addr src, dst; /* as that rule saw it */
	uint8_t proto;
	bool known;
	uint16_t ip_id, sport, dport; /* host order; ICMP: id and seq */
	uint64_t handle;	      /* of the rule in its table; 0: the policy */
	struct obs_nfrule rule;
};

/* The kubelet's clusterDNS: the service's address, or that of a cache on the node itself */
struct obs_service {
	struct addr addr;
};

#endif
