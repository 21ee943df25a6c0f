/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps and the configuration. Names fit the kernel's 15 characters and never
 * start with cali_: Felix deletes what does (felix/bpf/tc/cleanup.go).
 */
#ifndef CALITRACE_MAPS_H
#define CALITRACE_MAPS_H

/* The only object in .rodata: user space replaces it whole before the load. */
const volatile struct ev_config cfg = {
	.apps = EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP,
};

/* The only object in .bss: see events.h */
struct ev_life life;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} calitrace_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EV_COUNT_MAX);
	__type(key, __u32);
	__type(value, __u64);
} calitrace_count SEC(".maps");

/* Prefixes of the pools; may change while tracing */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct ev_pool4);
	__type(value, __u32);
} calitrace_pools SEC(".maps");

/* Network namespaces of the node's pods: inode number to the ifindex of the host side */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} calitrace_podns SEC(".maps");

/*
 * The last packets that came in on this CPU. A FIB look-up that follows on the
 * same CPU names no packet; tunnels and NICs hand over up to 8 packets in a list
 * before the first is routed, so one slot would not do. A packet that left the node is
 * forgotten: with several nodes on one kernel, the next one looks it up on the same CPU.
 */
#define CUR_SLOTS 16
struct cur_slot {
	__u64 ts_ns; /* 0: empty */
	__u64 skb;
	__be32 src, dst;
	__u32 ifindex;
	__u32 arp; /* 1: an ARP request, src and dst are sender and target */
};
struct cur_ring {
	__u32 next;
	__u32 pad;
	__u64 jiffy; /* of the last one that came in */
	/* the last packet of which a record with its bytes was sent, and when */
	__u64 snap_skb, snap_jiffy;
	__u32 snap_dns, snap_id;
	struct cur_slot slot[CUR_SLOTS];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cur_ring);
} calitrace_cur SEC(".maps");

/* The last failed look-up of this CPU that was reported: a hit in a later table undoes it */
struct fib_miss {
	__u64 ts_ns;
	__be32 src, dst;
	__u32 iif;
	__u32 live;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fib_miss);
} calitrace_miss SEC(".maps");

#endif
