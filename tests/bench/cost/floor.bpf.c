// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a tracer with calitrace's hooks can cost: the same hooks with programs that do
 * nothing ("empty"), that look whether the packet is wanted and nothing more ("filter"), and that
 * also hand over a record of each one that is ("record"). No maps but the ring, no state, no tunnels:
 * what they leave out is what a tracer is for, so nothing here is meant to be useful.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define NEXT (-1)
#define POOL 0xc6120000U /* 198.18.0.0/15 */
#define POOL_MASK 0xfffe0000U

struct head {
	__u8 ip[20];
	__be16 port[2];
	__u8 more[12];
};

struct record {
	__u64 ts_ns, skb;
	__u32 ifindex, len, reason, pad;
	struct head head;
	__u8 snap[92];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

__u64 hits, lost;

static __always_inline bool in_pool(__be32 addr)
{
	return (bpf_ntohl(addr) & POOL_MASK) == POOL;
}

/* DNS, ICMP, and TCP's SYN and RST, to or from the pool: what live records unasked */
static __always_inline bool wanted(const struct head *h)
{
	__be32 src, dst;

	__builtin_memcpy(&src, h->ip + 12, 4);
	__builtin_memcpy(&dst, h->ip + 16, 4);
	if (h->ip[0] != 0x45 || (!in_pool(dst) && !in_pool(src)))
		return false;
	switch (h->ip[9]) {
	case 1:
		return true;
	case 6:
		return h->more[9] & 6;
	case 17:
		return h->port[0] == bpf_htons(53) || h->port[1] == bpf_htons(53);
	}
	return false;
}

static __always_inline const struct head *direct(const struct __sk_buff *tc)
{
	const __u8 *data = (const void *)(long)tc->data, *end = (const void *)(long)tc->data_end;

	/* tunnels over IP have no Ethernet header */
	if (tc->protocol != bpf_htons(0x0800))
		return NULL;
	if (data + sizeof(struct head) <= end && data[0] == 0x45)
		return (const void *)data;
	data += 14;
	return data + sizeof(struct head) <= end ? (const void *)data : NULL;
}

static __always_inline int copied(const struct sk_buff *skb, struct head *h)
{
	if (skb->protocol != bpf_htons(0x0800))
		return -1;
	return bpf_probe_read_kernel(h, sizeof(*h), skb->head + skb->network_header);
}

static __always_inline void record(const struct head *h, __u64 skb, __u32 ifindex, __u32 reason)
{
	struct record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	r->ts_ns = bpf_ktime_get_ns();
	r->skb = skb;
	r->ifindex = ifindex;
	r->reason = reason;
	r->head = *h;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

SEC("tc")
int empty_tc(struct __sk_buff *tc)
{
	return NEXT;
}

SEC("tc")
int filter_tc(struct __sk_buff *tc)
{
	const struct head *h = direct(tc);

	if (h && wanted(h))
		hits++;
	return NEXT;
}

SEC("tc")
int record_tc(struct __sk_buff *tc)
{
	const struct head *h = direct(tc);

	if (h && wanted(h))
		record(h, (__u64)tc, tc->ifindex, 0);
	return NEXT;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(empty_drop, struct sk_buff *skb)
{
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(filter_drop, struct sk_buff *skb)
{
	struct head h;

	if (!copied(skb, &h) && wanted(&h))
		hits++;
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(record_drop, struct sk_buff *skb)
{
	struct head h;

	if (!copied(skb, &h) && wanted(&h))
		record(&h, (__u64)skb, 0, 1);
	return 0;
}

SEC("tp_btf/fib_table_lookup")
int BPF_PROG(empty_fib, __u32 table, const struct flowi4 *fl, const void *nhc, int err)
{
	return 0;
}

/* Only look-ups that failed are of interest. */
SEC("tp_btf/fib_table_lookup")
int BPF_PROG(filter_fib, __u32 table, const struct flowi4 *fl, const void *nhc, int err)
{
	if (err && in_pool(fl->daddr))
		hits++;
	return 0;
}

SEC("tp_btf/fib_table_lookup")
int BPF_PROG(record_fib, __u32 table, const struct flowi4 *fl, const void *nhc, int err)
{
	struct head h = {};

	if (err && in_pool(fl->daddr))
		record(&h, 0, 0, -err);
	return 0;
}

/* calitrace watches BGP's sessions there. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(empty_sock, const struct sock *sk, int before, int after)
{
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(filter_sock, const struct sock *sk, int before, int after)
{
	if (sk->__sk_common.skc_dport == bpf_htons(179))
		hits++;
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(record_sock, const struct sock *sk, int before, int after)
{
	struct head h = {};

	if (sk->__sk_common.skc_dport == bpf_htons(179))
		record(&h, 0, 0, after);
	return 0;
}

char _license[] SEC("license") = "GPL";
