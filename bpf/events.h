/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel side and the user side share: the records in the ring, the
 * configuration that user space sets before the load, the kinds of losses.
 * Nothing else under bpf/ may be included by user/.
 *
 * The records are an ABI of their own: fixed-width members, explicit padding,
 * explicit numbers, append only. A record is a header, a fixed part, and an
 * address block whose width hangs on hdr.family, so that IPv4 traffic does not
 * pay for IPv6's width (family 6 uses the same fixed part and struct ev_addrs6).
 *
 * The includer provides __u8 ... __u64 and __be16/__be32: <linux/types.h> in
 * user space, vmlinux.h in BPF.
 */
#ifndef CALITRACE_EVENTS_H
#define CALITRACE_EVENTS_H

#define EV_VERSION 1

/* Room for what the renderers need of a packet: a DNS question, an ICMP quote */
#define EV_SNAP_LEN 192
/* rtnetlink messages: a route with one next hop is about 120 bytes */
#define EV_MSG_SMALL 256
#define EV_MSG_LARGE 1024
#define EV_COMM_LEN 16
#define EV_MAX_DNS_PORTS 4

enum ev_kind {
	EV_PATH = 1, /* struct ev_packet, at a TC hook */
	EV_DROP = 2, /* struct ev_packet, in kfree_skb */
	EV_FIB = 3,  /* struct ev_fib */
	EV_BGP = 4,  /* struct ev_bgp */
	EV_MSG = 5,  /* struct ev_msg: an rtnetlink message as its author sent it */
	EV_RES = 6,  /* struct ev_res: the FIB result for a packet, where fexit is allowed */
};

/* enum ev_hook: where an EV_PATH was taken */
enum ev_hook {
	EV_HOOK_NONE = 0,
	EV_HOOK_TC_INGRESS = 1,
	EV_HOOK_TC_EGRESS = 2,
};

enum ev_encap {
	EV_ENCAP_NONE = 0,
	EV_ENCAP_IPIP = 1,
	EV_ENCAP_VXLAN = 2,
};

/* ev_packet.flags */
#define EV_F_GSO (1u << 0)	  /* an aggregate: more than one packet on the wire */
#define EV_F_DST (1u << 1)	  /* dst_* was read from the packet's own dst */
#define EV_F_DST_INPUT (1u << 2)  /* rt_is_input: forwarded or locally delivered */
#define EV_F_CT (1u << 3)	  /* the ct_* tuples are set */
#define EV_F_CT_REPLY (1u << 4)	  /* the packet goes in the reply direction */
#define EV_F_SNAP (1u << 5)	  /* snap[] follows the address block */
#define EV_F_NODE_NETNS (1u << 6) /* hdr.netns is the traced node's */
#define EV_F_POD_NETNS (1u << 7)  /* hdr.netns is that of a pod of the node */
#define EV_F_FRAG (1u << 8)	  /* more fragments follow */
#define EV_F_NO_DEV (1u << 9)	  /* the skb had no usable device */
#define EV_F_OTHERHOST (1u << 12) /* EV_DROP: the frame was for another MAC address */
#define EV_F_DF (1u << 10)	  /* don't fragment */
#define EV_F_FRAG_LATER \
	(1u << 11) /* a fragment with an offset: no ports, no ICMP type; ip_id ties it */

struct ev_hdr {
	__u16 kind;  /* enum ev_kind */
	__u8 ver;    /* EV_VERSION */
	__u8 family; /* 4 or 6: the width of the address block; 0: none */
	__u16 len;   /* of the whole record, bytes */
	__u16 cpu;
	__u64 ts_ns;   /* CLOCK_MONOTONIC */
	__u64 skb;     /* opaque: equal for the same sk_buff; re-used within microseconds */
	__u32 netns;   /* inode number of the network namespace */
	__u32 ifindex; /* in that namespace; 0: none */
};

/* src and dst are the innermost headers'; o* the outer ones' when encap is set */
struct ev_addrs4 {
	__be32 src, dst;
	__be32 osrc, odst;
	__be32 gw;		 /* next hop of the packet's dst, 0: on link */
	__be32 ct_src, ct_dst;	 /* conntrack, original direction */
	__be32 ct_rsrc, ct_rdst; /* conntrack, reply direction */
};

struct ev_addrs6 {
	__u8 src[16], dst[16];
	__u8 osrc[16], odst[16];
	__u8 gw[16];
	__u8 ct_src[16], ct_dst[16];
	__u8 ct_rsrc[16], ct_rdst[16];
};

struct ev_packet {
	struct ev_hdr hdr;
	__u8 hook;  /* enum ev_hook */
	__u8 encap; /* enum ev_encap */
	__u8 proto; /* innermost IPPROTO_* */
	__u8 ttl;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags;
	__u8 dst_type; /* RTN_* of the packet's dst */
	__be16 sport;  /* ICMP: identifier */
	__be16 dport;  /* ICMP: sequence number */
	__be16 ip_id;
	__be16 dns_id;
	__be16 dns_flags;
	__u16 ip_len;	 /* innermost total length, bytes */
	__u32 seq;	 /* TCP: sequence number, host order; else 0 */
	__u32 flags;	 /* EV_F_* */
	__u16 dst_error; /* errno of the packet's dst, positive */
	__u16 snap_len;
	__u32 dst_oif;
	__be16 ct_sport, ct_dport;
	__be16 ct_rsport, ct_rdport;
	__u32 ct_status; /* IPS_* bits */
	__u32 reason;	 /* EV_DROP: enum skb_drop_reason of this kernel; 0: none given */
	__u32 iif;	 /* skb_iif: the device that the packet came in by, 0: born here */
	__u64 location;	 /* EV_DROP: text address that dropped it */
	/* struct ev_addrs4 or ev_addrs6, then snap_len bytes from the innermost IP header on */
};

/* ev_fib.class */
enum ev_fib_class {
	EV_FIB_FORWARD = 1, /* of a packet that came in by iif */
	EV_FIB_OUTPUT = 2,  /* by a local task, before any packet exists */
	EV_FIB_ARP = 3,	    /* whether to answer an ARP request that came in by iif */
};

struct ev_fib {
	struct ev_hdr hdr; /* ifindex = iif */
	__u8 class;	   /* enum ev_fib_class */
	__u8 proto;
	__u8 ambiguous; /* more than one recent packet fits */
	__u8 pad;
	__u16 err; /* positive errno; 0: a hit after a miss of the same look-up */
	__be16 sport;
	__be16 dport;
	__u16 pad2;
	__u32 table;
	__u32 pid; /* thread group; 0: unknown */
	char comm[EV_COMM_LEN];
	__be32 src, dst;
	__u32 pad3;
};

struct ev_bgp {
	struct ev_hdr hdr;
	__u8 oldstate; /* TCP_* */
	__u8 newstate;
	__u16 err;    /* sk_err, positive errno */
	__be16 sport; /* local */
	__be16 dport; /* remote */
	__u8 src[16]; /* local; the first four bytes for family 4 */
	__u8 dst[16]; /* remote */
};

/* What fib_lookup found for a packet that came in, if it is not what table main would say */
struct ev_res {
	struct ev_hdr hdr; /* skb, and ifindex = the device it came in by */
	__be32 src, dst;
	__be32 prefix;
	__u32 table;
	__u8 prefix_len;
	__u8 type; /* RTN_* */
	__u16 pad;
	__u32 pad2;
};

struct ev_msg {
	struct ev_hdr hdr;
	__u32 pid;     /* thread group of the author, initial pid namespace */
	__u32 msg_len; /* of the message; more than data_len: cut */
	__u32 data_len;
	__u32 pad;
	char comm[EV_COMM_LEN];
	/* data_len bytes: struct nlmsghdr ... */
};

_Static_assert(sizeof(struct ev_hdr) == 32, "ev_hdr");
_Static_assert(sizeof(struct ev_addrs4) == 36, "ev_addrs4");
_Static_assert(sizeof(struct ev_addrs6) == 144, "ev_addrs6");
_Static_assert(sizeof(struct ev_packet) == 96, "ev_packet");
_Static_assert(sizeof(struct ev_fib) == 80, "ev_fib");
_Static_assert(sizeof(struct ev_bgp) == 72, "ev_bgp");
_Static_assert(sizeof(struct ev_res) == 56, "ev_res");
_Static_assert(sizeof(struct ev_msg) == 64, "ev_msg");

/* Per-CPU counters, map calitrace_count: what could not be handed over, by kind */
enum ev_count {
	EV_LOST_PATH = 0, /* the ring was full */
	EV_LOST_DROP = 1,
	EV_LOST_FIB = 2,
	EV_LOST_BGP = 3,
	EV_LOST_MSG = 4,
	EV_LOST_MSG_CUT = 5, /* a message longer than EV_MSG_LARGE */
	EV_LOST_PARSE = 6,   /* headers out of reach */
	EV_INERT = 7,	     /* packets that passed, maybe ours, while user space was silent */
	EV_LOST_RES = 8,
	EV_HELD_SHED = 9,  /* withheld, with all of their exchanges */
	EV_HELD_CUT = 10,  /* withheld for want of tokens */
	EV_HELD_REST = 11, /* of both, what calitrace_held had no room for */
	EV_COUNT_MAX = 16,
};

/* ev_config.apps */
#define EV_APP_DNS (1u << 0)
#define EV_APP_ICMP (1u << 1)
#define EV_APP_TCP (1u << 2)
#define EV_APP_UDP (1u << 3) /* any UDP; only where a FILTER asks for it */

/* .rodata, set between open and load */
struct ev_config {
	__u32 netns; /* the traced node's */
	__u32 apps;  /* EV_APP_* */
	__be16 dns_port[EV_MAX_DNS_PORTS];
	__be16 vxlan_port;
	__be16 bgp_port;
	__u32 ring_wake;	       /* bytes waiting that wake the reader */
	__u32 token_rate, token_burst; /* records of each kind and CPU: a second, at once */
	__u32 dead_ms;	 /* without a heartbeat for so long the programs are inert; 0: never */
	__u32 no_socket; /* enum skb_drop_reason of that name, 0: this kernel tells none */
	__u32 snap_all;	 /* each record has the packet's bytes, not only the first of its passes */
};

/* Kinds of records that are withheld in a storm: EV_LOST_PATH, _DROP, _FIB. A power of two. */
#define EV_STORM_KINDS 4
/* Rows of calitrace_held */
#define EV_HELD_MAX 1024

/* Key of calitrace_held; the value (__u64) counts records that were withheld */
struct ev_held {
	__u8 kind; /* EV_LOST_PATH, _DROP, _FIB */
	__u8 dst_type;
	__u16 dst_error; /* as in struct ev_packet, where no reason says more */
	__u32 reason;
	__be32 block; /* the /26 of the destination, or of the source if that is the pool's */
};

/* Pools that are compared one by one */
#define EV_FAST_POOLS 4

/*
 * The only object in .bss, which user space maps: with a sign of life it stores the time, without
 * a system call. The rest is the programs' own.
 */
struct ev_life {
	__u64 beat_ns;		    /* CLOCK_MONOTONIC of the last sign of life */
	__u64 alive_at;		    /* the jiffy in which it was last found young enough */
	__u64 missed_at;	    /* the jiffy in which a look-up of ours last failed */
	__u64 pool[EV_FAST_POOLS];  /* mask << 32 | ~address, both as on the wire; 0: none */
	__u32 more_pools;	    /* calitrace_pools has some that do not stand here */
	__u32 shed[EV_STORM_KINDS]; /* 2^n - 1: of 2^n exchanges one is sent */
	__u32 woken;		    /* the reader was, and has not begun to read */
	__u64 ops4;		    /* a struct dst_ops that is known to be IPv4's */
	__u64 zero;		    /* always 0, which the verifier does not know */
};

/* What calitrace_sym is run with */
#define EV_SYM_LEN 128
struct ev_sym {
	__u64 addr;
	char name[EV_SYM_LEN]; /* "nft_do_chain [nf_tables]"; the address in hex: nobody's */
};

/* Key of calitrace_pools, an LPM trie; the value (__u32) is not used */
struct ev_pool4 {
	__u32 prefixlen;
	__be32 addr;
};

#endif
