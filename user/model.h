/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plain data that flows through calitrace: observations go into the engine, records come out of
 * it. No function here has an effect, no member points to what its holder does not own, unless it
 * says so. Times are CLOCK_MONOTONIC nanoseconds (_ns). Addresses are wide enough for IPv6.
 */
#ifndef CALITRACE_MODEL_H
#define CALITRACE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEV_LEN 16
#define COMM_LEN 16
#define SNAP_LEN 192
#define QNAME_LEN 256
#define LOCATION_LEN 48
#define REASON_LEN 40
#define INFO_LEN 64
#define NODE_LEN 256
#define NODE_LEN_SHORT 64

/* family: 4 or 6, 0: unset. IPv4 stands in the first four bytes, the rest is zero. */
struct addr {
	uint8_t b[16];
	uint8_t family;
};

struct prefix {
	struct addr addr; /* host bits are zero */
	uint8_t len;
};

enum verdict {
	V_NONE, /* not decided (yet) */
	V_DELIVERED,
	V_SENT,
	V_LEAKED,
	V_NO_ROUTE,
	V_BLACKHOLE,
	V_UNREACHABLE,
	V_PROHIBIT,
	V_RP_FILTER,
	V_MARTIAN,
	V_FORWARDING_OFF,
	V_FILTERED,
	V_ALLOWLIST,
	V_NEIGH_FAILED,
	V_TUNNEL_ERROR,
	V_WRONG_NEXTHOP,
	V_LINK_DOWN,
	V_TOO_BIG,
	V_TTL,
	V_NO_SOCKET,
	V_OVERLOAD,
	V_UNANSWERED,
	V_OTHER,
	V_MAX,
};

enum cause {
	C_UNKNOWN,
	C_ROUTE_MISSING,
	C_DEFAULT_ROUTE_MISSING,
	C_BGP_DOWN,
	C_BGP_PEER_DOWN,
	C_BGP_NEXTHOP_UNRESOLVED,
	C_FOREIGN_ROUTE_CHANGE,
	C_RETURN_ROUTE_MISSING,
	C_STALE_ENDPOINT,
	C_NO_LISTENER,
	C_TUNNEL_DOWN,
	C_TUNNEL_MISSING,
	C_BEYOND_NODE,
	C_BGP_BLOCKED,
	C_NODE_ADDRESS_MISMATCH,
	C_BIRD_DOWN,
	C_GRACEFUL_RESTART,
	C_ROUTE_NOT_ANNOUNCED,
	C_ROUTE_OWNER_CONFLICT,
	C_WRONG_DEVICE,
	C_WRONG_GATEWAY,
	C_TUNNEL_ADDRESS,
	C_VTEP_MISSING,
	C_NODE_UNREACHABLE,
	C_PEER_NOT_IN_ALLOWLIST,
	C_FORWARDING_DISABLED,
	C_MTU_MISMATCH,
	C_CONNTRACK_FULL,
	C_NEIGH_TABLE_FULL,
	C_PROXY_ARP_OFF,
	C_CALICO_RPF,
	C_UNDERLAY_FILTERED,
	C_ASYMMETRIC_ROUTE,
	C_CONNTRACK_INVALID,
	C_CONNTRACK_CLASH,
	C_CHECKSUM_OFFLOAD,
	C_POLICY_DENY,
	C_FOREIGN_FIREWALL,
	C_UNKNOWN_INTERFACE,
	C_WL_TO_HOST,
	C_SPOOFED_SOURCE,
	C_BORROWED_ADDRESS,
	C_POD_LINK_DOWN,
	C_SERVER_OVERLOAD,
	C_STALE_NAT,
	C_NO_ENDPOINTS,
	C_NOT_TRANSLATED,
	C_DNS_UPSTREAM,
	C_MAX,
};

enum confidence {
	CONF_UNCLEAR,
	CONF_LIKELY,
	CONF_CERTAIN
};
enum app {
	APP_NONE,
	APP_DNS,
	APP_ICMP,
	APP_TCP,
	APP_UDP, /* any other UDP, where a FILTER asks for it */
	APP_MAX
};
enum hook {
	AT_NONE,
	AT_TC_INGRESS,
	AT_TC_EGRESS,
	AT_FIB,
	AT_DROP,
	AT_LOCAL
};
enum encap_kind {
	ENCAP_NONE,
	ENCAP_IPIP,
	ENCAP_VXLAN,
	ENCAP_WIREGUARD
};
/* Netfilter's hooks, NF_INET_* + 1 */
enum nf_hook {
	NF_HOOK_NONE,
	NF_HOOK_PREROUTING,
	NF_HOOK_INPUT,
	NF_HOOK_FORWARD,
	NF_HOOK_OUTPUT,
	NF_HOOK_POSTROUTING
};
enum pool_mode {
	POOL_UNKNOWN,
	POOL_NONE,
	POOL_IPIP,
	POOL_VXLAN,
	POOL_CROSSSUBNET
};
enum pool_from {
	FROM_OPTION,
	FROM_IPSET,
	FROM_CONFD,
	FROM_GUESS,
	FROM_ROUTES,
	FROM_DEVICE
};
enum block_from {
	BLOCK_UNKNOWN,
	BLOCK_ROUTE,
	BLOCK_HISTORY,
	BLOCK_BIRD,
	BLOCK_BASELINE,
	BLOCK_GUESS
};
enum since_from {
	SINCE_UNSET,
	SINCE_SEEN,
	SINCE_BASELINE,
	SINCE_BIRD,
	SINCE_BEFORE_START
};

/* The contract's words; never NULL, "?" out of range. */
const char *verdict_name(enum verdict v);
const char *cause_name(enum cause c);
const char *confidence_name(enum confidence c);
const char *app_name(enum app a);
const char *hook_name(enum hook h);
const char *encap_name(enum encap_kind k);
/* "prerouting" ...; "" for NF_HOOK_NONE */
const char *nf_hook_name(enum nf_hook h);
const char *pool_mode_name(enum pool_mode m);
const char *pool_from_name(enum pool_from f);
const char *block_from_name(enum block_from f);
const char *since_from_name(enum since_from f);
/* sent and delivered are good, V_NONE is neither, all others are problems */
static inline bool verdict_is_problem(enum verdict v)
{
	return v > V_SENT && v < V_MAX;
}

/* ---- observations: what the sources saw ---- */

enum obs_kind {
	OBS_PATH = 1,	    /* pkt */
	OBS_DROP,	    /* pkt */
	OBS_FIB,	    /* fib */
	OBS_ROUTE,	    /* route */
	OBS_LINK,	    /* link */
	OBS_ADDR,	    /* addr */
	OBS_NEIGH,	    /* neigh */
	OBS_BGP,	    /* bgp */
	OBS_POOLS,	    /* pools: replaces all pools known before */
	OBS_LOSS,	    /* loss */
	OBS_TICK,	    /* nothing but the time: the engine has no clock */
	OBS_END_SNAPSHOT,   /* the state at start is complete; also ends a resync */
	OBS_BEGIN_SNAPSHOT, /* a resync follows: what it does not repeat is gone */
	OBS_NODE,	    /* node: an address of a node of the cluster */
	OBS_RES,	    /* res */
	OBS_SOURCE,	    /* source: its round begins or ends */
	OBS_BIRD,	    /* bird: its status */
	OBS_BIRD_PROTO,	    /* bird_proto */
	OBS_BIRD_ROUTE,	    /* bird_route */
	OBS_CONF,	    /* conf: bird.cfg as a whole */
	OBS_CONF_PEER,	    /* conf_peer */
	OBS_SYSCTL,	    /* sysctl */
	OBS_FILL,	    /* fill */
	OBS_PROC,	    /* proc */
	OBS_VTEP,	    /* vtep */
	OBS_POD,	    /* pod */
	OBS_ANSWER,	    /* answer: what the kernel says when asked for a route */
	OBS_BASELINE,	    /* baseline: memory of before the start, or another node's */
	OBS_ELSEWHERE,	  /* elsewhere: what another node's capture shows of a packet of this one */
	OBS_RULE,	  /* rule: of policy routing, in snapshots only */
	OBS_NFLOOK = 31,  /* nflook: a reading of the packet filters begins */
	OBS_NFRULE = 32,  /* nfrule: a place in them where packets may be dropped */
	OBS_SERVICE = 33, /* service: an address that pods use as that of a service */
	OBS_NFTRACE = 34, /* nftrace: a packet that a packet filter was seen to drop */
};

struct actor { /* who did it; pid 0: not known */
	uint32_t pid;
	char comm[COMM_LEN];
};

struct obs_pkt {
	uint64_t skb;
	/* From here to ct_status as in a capture file, which is copied as a whole: cap_packet.c */
	uint8_t zero[3];
	uint8_t hook;  /* enum hook */
	uint8_t encap; /* enum encap_kind */
	uint8_t proto, ttl;
	uint8_t icmp_type, icmp_code, tcp_flags;
	uint8_t dst_type; /* RTN_* */
	uint8_t zero_too;
	uint16_t dst_error;
	uint16_t sport, dport; /* host order; ICMP: id and seq */
	uint16_t ip_id, dns_id, dns_flags, ip_len;
	uint16_t ct_sport, ct_dport, ct_rsport, ct_rdport;
	uint16_t snap_len;
	uint32_t zero_as_well;
	uint32_t netns, ifindex, flags; /* EV_F_* of bpf/events.h */
	uint32_t seq;
	uint32_t iif; /* the device that it came in by, 0: born here, or not told */
	uint32_t dst_oif;
	uint32_t ct_status;
	struct addr src, dst, osrc, odst, gw;
	struct addr ct_src, ct_dst, ct_rsrc, ct_rdst;
	char reason[REASON_LEN];     /* by name; "" where the kernel gives none */
	char location[LOCATION_LEN]; /* function, suffixes stripped; "" unknown */
	uint8_t snap[SNAP_LEN];	     /* from the innermost IP header on */
};

struct obs_fib {
	uint32_t netns, ifindex, table;
	uint8_t class; /* EV_FIB_* of bpf/events.h */
	uint8_t proto;
	bool ambiguous;
	uint16_t err; /* positive errno, 0: hit */
	uint16_t sport, dport;
	struct addr src, dst;
	struct actor by;
};

/* The FIB's own answer for a packet, told where it is not what table main would say */
struct obs_res {
	uint64_t skb;
	uint32_t netns, ifindex, table;
	uint8_t type; /* RTN_* */
	struct prefix prefix;
	struct addr src, dst;
};

/*
 * The nodes of the cluster as Felix lists them (allow-lists of tunnel traffic): one observation a
 * node; the first of a new list has reset set and may have no address.
 */
#define NODES_IPIP 1  /* cali40all-hosts-net */
#define NODES_VXLAN 2 /* cali40all-vxlan-net, without the node itself */
struct obs_node {
	bool reset;
	uint8_t lists; /* NODES_*: which name it; with reset: which could be read */
	struct addr addr;
};

/* ---- what the node's other programs and files say; each source is optional ---- */

enum source {
	SOURCE_BIRD, /* the control socket of bird; IPv6's bird6 is one of its own */
	SOURCE_BIRD6,
	SOURCE_CONF,	/* confd's bird.cfg */
	SOURCE_IPSET,	/* allow-lists and pools */
	SOURCE_CNI,	/* CNI's result cache */
	SOURCE_STATUS,	/* Felix' endpoint-status files */
	SOURCE_SYSCTL,	/* /proc/sys/net/ipv4 */
	SOURCE_VTEP,	/* neighbours and forwarding entries of vxlan devices */
	SOURCE_FILL,	/* how full conntrack and the neighbour table are */
	SOURCE_PROC,	/* processes of the node's own daemons */
	SOURCE_ANSWER,	/* RTM_GETROUTE */
	SOURCE_NEIGH,	/* RTM_GETNEIGH: who answered lately; OBS_NEIGH with snapshot set */
	SOURCE_NFRULES, /* counters of packet filters: asked when one of them lost packets */
	SOURCE_KUBELET, /* the kubelet's configuration: which DNS server it gives to pods */
	SOURCE_NFTRACE, /* what nf_tables traces, where somebody has it trace packets */
	SOURCE_MAX
};
enum source_state {
	SOURCE_UNASKED,
	SOURCE_OK,
	SOURCE_ABSENT,	/* no such socket, file, set */
	SOURCE_DENIED,	/* no right to read it */
	SOURCE_TIMEOUT, /* no answer in time */
	SOURCE_GARBAGE, /* an answer that nobody understands */
	SOURCE_GIVEN_UP,
	SOURCE_OFF /* switched off by an option */
};
/* Words for humans and JSON: "bird", "bird6", "confd" ...; "ok", "absent", "denied" ... */
const char *source_name(enum source s);
const char *source_state_name(enum source_state s);

/*
 * A round of a source: begin, what it says, end. What an earlier round said and this one does not
 * repeat is gone, if this one ends well (state SOURCE_OK); else what was known stays, and is old.
 */
struct obs_source {
	enum source id;
	bool begin;
	enum source_state state; /* of the end */
	char detail[INFO_LEN];	 /* what failed; "" nothing */
};

/* birdc "show status"; B:nest/cmds.c, proto.c of Calico's fork, 1.6.8 alike */
struct obs_bird {
	bool v6;
	char version[32];
	struct addr router_id;	   /* family 0: not said */
	uint64_t boot_ns, conf_ns; /* last reboot, last reconfiguration; 0: not known */
	bool recovering;	   /* graceful restart: routes are not pruned or announced yet */
	uint16_t waiting_for;	   /* protocols */
	uint16_t wait_s, wait_max_s;
};

#define BIRD_NAME_LEN 64
#define BIRD_WORD_LEN 16
struct obs_bird_proto {
	bool v6;
	char name[BIRD_NAME_LEN];  /* Mesh_10_2_7_200 */
	char kind[BIRD_WORD_LEN];  /* BGP, Kernel, Static ... */
	char state[BIRD_WORD_LEN]; /* up, start, down, wait, feed, stop, flush */
	char bgp[BIRD_WORD_LEN];   /* Established, Idle, Active, Connect, Passive ... or "" */
	char info[INFO_LEN]; /* last error with its class: "Socket: Connection closed", or "" */
	uint64_t since_ns;   /* of the state, to BIRD's own precision (1 s or 1 day); 0 unknown */
	struct addr neighbor, source; /* family 0: not said */
	uint32_t imported, exported;
	bool gr_pending;  /* GR recovery: its routes are still waited for */
	bool gr_neighbor; /* the neighbour restarts gracefully: its routes are stale but kept */
};

struct obs_bird_route {
	bool v6;
	struct prefix dst;
	char proto[BIRD_NAME_LEN]; /* the protocol that it came by */
	struct addr from;	   /* the BGP neighbour; family 0: none */
	struct addr gw;		   /* the underlay's hop as BIRD shows it; family 0: none */
	char dev[DEV_LEN];
	uint8_t type;	 /* RTN_UNICAST, _BLACKHOLE, _UNREACHABLE, _PROHIBIT */
	bool best;	 /* * */
	bool refused;	 /* ! the kernel did not take it */
	bool stale;	 /* s graceful restart */
	bool unresolved; /* /- next hop */
};

/* bird.cfg, as confd wrote it */
struct obs_conf {
	struct addr router_id; /* family 0: not said, or a hash */
	bool felix_owns;       /* bird_ipam.cfg: Felix programs routes of a pool */
	uint32_t own_as;
};
enum conf_peer_kind {
	PEER_MESH,
	PEER_GLOBAL,
	PEER_NODE,
	PEER_OTHER
};
struct obs_conf_peer {
	enum conf_peer_kind kind;
	char name[BIRD_NAME_LEN];  /* of the protocol */
	char node[NODE_LEN_SHORT]; /* from confd's comments, "" not said */
	struct addr addr, source;
	uint32_t as;
	bool passive;
	bool rr_client; /* this node reflects routes for that peer */
};

/* net.ipv4.conf; ifindex 0 is "all", 0xffffffff is "default". -1: could not be read */
#define SYSCTL_DEFAULT 0xffffffffU
struct obs_sysctl {
	uint32_t ifindex;
	int8_t rp_filter, forwarding, proxy_arp;
	int8_t ip_forward; /* with "all" only */
};

/* A daemon of the node itself: its namespace is the node's */
struct obs_proc {
	uint32_t pid;
	char comm[COMM_LEN];
	uint64_t start_ns; /* 0 unknown */
};

/* Another node's end of a VXLAN as Felix sets it: a permanent neighbour and a forwarding entry */
struct obs_vtep {
	uint32_t ifindex;
	bool have_neigh, have_fdb;
	struct addr vtep; /* the neighbour; family 0: only the forwarding entry is there */
	uint8_t mac[6];
	struct addr node; /* where the forwarding entry leads; family 0: there is none */
};

#define POD_LEN 128
struct obs_pod {
	char name[POD_LEN]; /* namespace/name */
	char dev[DEV_LEN];  /* cali... */
	struct addr addr;
	bool verified; /* the device's name is the one that Calico derives from the pod's */
	bool status;   /* from Felix' status files: its policy is programmed */
};

#include "model_far.h"

enum route_op {
	ROUTE_ADD,
	ROUTE_DEL,
	ROUTE_REPLACE,
	ROUTE_FLUSH
};

#define MAX_NEXTHOPS 8
struct nexthop {
	struct addr gw; /* family 0: on link */
	uint32_t ifindex;
};

struct route {
	struct prefix dst; /* len 0: default */
	uint32_t table, metric;
	uint8_t type, protocol, scope, tos; /* RTN_*, RTPROT_*, RT_SCOPE_*, dscp<<2 */
	uint8_t nh_cnt;
	struct nexthop nh[MAX_NEXTHOPS];
};

struct obs_route {
	enum route_op op;
	bool snapshot; /* from a dump: state, not change */
	struct route route;
	struct actor by;
};

enum link_op {
	LINK_ADD,
	LINK_DEL,
	LINK_UP,
	LINK_DOWN,
	LINK_CHANGE
};

struct link_info {
	uint32_t ifindex, mtu, arptype; /* ARPHRD_* */
	bool up, running;		/* IFF_UP, IFF_RUNNING (carrier) */
	char name[DEV_LEN];
	char kind[DEV_LEN];  /* veth, ipip, vxlan, wireguard, ... or "" */
	uint32_t peer_netns; /* inum of the other end's namespace (pods); 0 unknown */
	uint16_t vxlan_port; /* host order, of a vxlan device; else 0 */
};

struct obs_link {
	enum link_op op;
	bool snapshot;
	struct link_info link;
	struct actor by;
};

struct obs_addr {
	bool del, snapshot;
	uint32_t ifindex;
	struct prefix address; /* host bits kept */
	uint64_t created_ns;   /* IFA_CACHEINFO, 10 ms exact; 0 unknown */
	struct actor by;
};

struct obs_neigh {
	bool failed, snapshot; /* else reachable or permanent */
	uint32_t ifindex;
	struct addr dst;
};

/* One transition of a TCP connection with port 179, or the sessions that stand at start */
enum bgp_state {
	BGP_CONNECTED, /* established */
	BGP_REFUSED,
	BGP_RESET,
	BGP_TIMEOUT,
	BGP_CLOSED_AFTER_ACCEPT, /* closed within 2 s of establishment */
	BGP_CLOSED,		 /* an established session ended */
	BGP_LISTEN,		 /* somebody listens on 179 (start only, peer unset) */
	BGP_NO_LISTEN,		 /* nobody does (start, or the listener went) */
	BGP_CONNECTING,		 /* SYN sent */
};
const char *bgp_state_name(enum bgp_state s);

struct obs_bgp {
	enum bgp_state state;
	bool snapshot;
	struct addr local, peer;
	uint16_t local_port, peer_port; /* host order: which connection */
	bool unproved;			/* snapshot: connected, but nothing was received yet */
};

struct pool {
	struct prefix cidr;
	enum pool_mode mode;
	enum pool_from from, mode_from;
};
#define MAX_POOLS 64
struct obs_pools {
	uint32_t cnt;
	uint8_t block_len; /* own block's length where known, else 0 */
	struct pool pool[MAX_POOLS];
};

enum loss_what {
	LOSS_RING,
	LOSS_WITHHELD,
	LOSS_NETLINK,
	LOSS_MAP,
	LOSS_ATTACHMENT,
	LOSS_CLOCK,
	LOSS_BIRD
};
const char *loss_name(enum loss_what w);
struct obs_loss {
	enum loss_what what;
	uint64_t count;
	enum verdict verdict; /* of LOSS_WITHHELD: what they met, V_NONE: nobody looked */
	struct prefix block;  /* they were for */
	bool torn;	      /* the rest of some exchanges was not withheld */
};

struct obs {
	enum obs_kind kind;
	uint64_t ts_ns;
	union {
		struct obs_pkt pkt;
		struct obs_fib fib;
		struct obs_res res;
		struct obs_node node;
		struct obs_route route;
		struct obs_link link;
		struct obs_addr addr;
		struct obs_neigh neigh;
		struct obs_bgp bgp;
		struct obs_pools pools;
		struct obs_loss loss;
		struct obs_source source;
		struct obs_bird bird;
		struct obs_bird_proto bird_proto;
		struct obs_bird_route bird_route;
		struct obs_conf conf;
		struct obs_conf_peer conf_peer;
		struct obs_sysctl sysctl;
		struct obs_fill fill;
		struct obs_proc proc;
		struct obs_vtep vtep;
		struct obs_pod pod;
		struct obs_answer answer;
		struct obs_baseline baseline;
		struct obs_elsewhere elsewhere;
		struct obs_rule rule;
		struct obs_nflook nflook;
		struct obs_nfrule nfrule;
		struct obs_service service;
		struct obs_nftrace nftrace;
	};
};

/* ---- records: what the engine says ---- */

#define MAX_HOPS 8
struct hop {
	enum hook at;
	char dev[DEV_LEN];
	uint64_t ts_ns;
};

/* A route as the packet took it; have = false: none is known */
struct route_ref {
	bool have, have_dst; /* have_dst: the prefix is proved, not only gateway and device */
	struct prefix dst;
	struct addr gw;
	char dev[DEV_LEN];
	uint8_t type, protocol, scope;
	uint32_t table;
};

struct packet {
	uint64_t id;
	uint32_t rev;	/* 0: not printed yet */
	uint64_t ts_ns; /* first seen */
	enum app app;
	uint8_t proto;
	struct addr src, dst, orig_dst; /* orig_dst: before NAT, family 0 if the same */
	uint16_t sport, dport;		/* not for ICMP */
	uint16_t ip_id, len;
	uint32_t netns;
	bool icmp_valid;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id, icmp_seq;
	bool icmp_echo; /* id and seq are meant */
	bool dns_valid, dns_response;
	uint16_t dns_id, dns_qtype;
	uint8_t dns_rcode;
	char qname[QNAME_LEN]; /* printable; "" unknown */
	uint8_t tcp_flags;
	struct {
		enum encap_kind kind;
		struct addr src, dst;
	} encap;
	enum verdict verdict;
	enum hook at;
	char dev[DEV_LEN];
	enum nf_hook nf_hook;			/* filtered: where; else none */
	char in_dev[DEV_LEN], out_dev[DEV_LEN]; /* of a drop, "" unknown */
	struct {
		bool valid;
		uint8_t type, code;
		struct addr from;
	} icmp_error;	     /* the ICMP error that answered it */
	struct prefix block; /* addr.family 0: not in a pool */
	enum block_from block_from;
	struct route_ref route;
	uint16_t err; /* errno that the verdict rests on; 0: none */
	char reason[REASON_LEN], location[LOCATION_LEN];
	int64_t latency_us, late_us; /* -1: none */
	uint8_t hop_cnt;
	struct hop hop[MAX_HOPS];
	struct actor by;  /* local senders that failed before any packet was */
	uint32_t finding; /* id, 0: none */
	char src_pod[POD_LEN], dst_pod[POD_LEN]; /* namespace/name, "" not known */
	const struct far_hop *far; /* on other nodes, in the order of time; cluster.h */
	uint8_t far_cnt;
	struct {
		bool valid; /* it is the reply to a request that was seen: */
		bool good;  /* which was no problem itself, and was not refused */
		struct addr src, dst, orig_dst; /* after NAT, and before it where that differs */
		uint64_t ts_ns;			/* first seen */
	} answers;
};

struct because {
	enum cause cause;
	enum confidence confidence;
	enum since_from since_from; /* SINCE_UNSET: no since at all */
	uint64_t since_ns;	    /* with SINCE_SEEN */
	struct actor by;
};

#define MAX_BECAUSE 6
#define MAX_BLOCKS 64
#define MAX_EVIDENCE 8
#define EVIDENCE_LEN 200
struct finding {
	uint32_t id, rev;
	char key[96];
	bool recovered;
	uint64_t first_ns, last_ns, recovered_ns, ts_ns; /* ts_ns: of this revision */
	enum verdict verdict;				 /* the first one's */
	uint64_t verdicts[V_MAX], apps[APP_MAX];
	uint64_t packets, withheld; /* withheld: events of such packets, in a storm */
	char dev[DEV_LEN];
	uint32_t block_cnt; /* blocks beyond MAX_BLOCKS are counted, not stored */
	struct prefix block[MAX_BLOCKS];
	enum block_from block_from; /* the weakest of them */
	uint32_t peer_cnt;
	struct addr peer[MAX_BLOCKS];
	char peer_node[MAX_BLOCKS][NODE_LEN_SHORT]; /* "" not known */
	uint8_t because_cnt;
	struct because because[MAX_BECAUSE]; /* from the symptom to the root */
	enum cause cause;
	char explain[512], advice[256];
	uint8_t evidence_cnt;
	char evidence[MAX_EVIDENCE][EVIDENCE_LEN];
};

enum check_state {
	CHECK_OK,
	CHECK_WARN,
	CHECK_PROBLEM,
	CHECK_UNKNOWN
};
const char *check_state_name(enum check_state s);

/* One line of the audit */
struct check {
	char name[32]; /* routes, bgp, node-address, tunnel ... */
	enum check_state state;
	bool needed;	  /* unknown is trouble: without it nobody can say that all is well */
	enum cause cause; /* C_UNKNOWN: none */
	char explain[512], advice[256];
	uint8_t evidence_cnt;
	char evidence[MAX_EVIDENCE][EVIDENCE_LEN];
};

#define RCODE_MAX 16
struct app_stats {
	uint64_t sent, answered, late, unanswered;
	uint64_t p50_us, p99_us; /* 0 when nothing was answered */
	uint64_t rcode[RCODE_MAX];
};

/* Whether all is well is not known: what is needed is unknown, or a restart is not over. */
bool check_is_open(const struct check *c);

struct summary {
	uint64_t duration_ns, seen, problems, lost, withheld;
	uint64_t verdicts[V_MAX];
	struct app_stats apps[APP_MAX];
	uint32_t finding_cnt; /* ids are 1 ... finding_cnt */
	uint32_t open_cnt;    /* not recovered */
	bool have_status;
	int command_status;
	uint32_t check_cnt; /* checks that are a problem in the end; screen_judge() */
	char checks[128];   /* their names, as far as they fit */
	/* checks that leave open whether all is well: needed and unknown, or a restart goes on */
	uint32_t open_check_cnt;
	char open_checks[128];
	bool snapshot; /* no packet was to be seen */
};

enum record_kind {
	REC_PACKET,
	REC_FINDING,
	REC_ROUTE,
	REC_LINK,
	REC_ADDR,
	REC_NEIGH,
	REC_BGP,
	REC_LOSS,
	REC_SILENCE, /* no matching packet for .silence_ns */
	REC_CHECK,
	REC_BIRD,  /* bird_proto: a session's state as BIRD has it now */
	REC_CLOCK, /* clock: how this node's clock stands to another's; cluster.h */
};

/* One thing to print; what it points to lives until the call returns. */
struct record {
	enum record_kind kind;
	uint64_t ts_ns;
	union {
		const struct packet *packet;
		const struct finding *finding;
		const struct obs_route *route;
		const struct obs_link *link;
		const struct obs_addr *addr;
		const struct obs_neigh *neigh;
		const struct obs_bgp *bgp;
		const struct obs_loss *loss;
		const struct check *check;
		const struct obs_bird_proto *bird_proto;
		const struct clock_rel *clock;
		uint64_t silence_ns;
	};
	const char *dev; /* of route (first next hop), addr, neigh: name or "" */
};

typedef void (*record_fn)(void *ctx, const struct record *rec);

#endif
