/* SPDX-License-Identifier: GPL-2.0-only */
/* Into the ring: reserve, fill, submit. Every failed reserve is counted by kind. */
#ifndef CALITRACE_EMIT_H
#define CALITRACE_EMIT_H

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&calitrace_count, &what);

	if (n)
		++*n;
}

static __always_inline void *emit_reserve(__u64 size, __u32 lost_kind)
{
	void *p = bpf_ringbuf_reserve(&calitrace_ring, size, 0);

	if (!p)
		count(lost_kind);
	return p;
}

/*
 * The reader polls; it is woken only when much waits, and once until it has begun to read, so that
 * packets do not pay for wake-ups: one that finds the CPU busy stays undone for thousands of them.
 */
static __always_inline bool emit_wakes(void)
{
	if (life.woken || bpf_ringbuf_query(&calitrace_ring, BPF_RB_AVAIL_DATA) <= cfg.ring_wake)
		return false;
	life.woken = 1;
	return true;
}

static __always_inline void emit_submit(void *p)
{
	bpf_ringbuf_submit(p, emit_wakes() ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline void emit_header_at(struct ev_hdr *h, __u16 kind, __u16 len, __u64 skb,
					   __u32 netns, __u32 ifindex, __u64 ts_ns)
{
	h->kind = kind;
	h->ver = EV_VERSION;
	h->family = 4;
	h->len = len;
	h->cpu = bpf_get_smp_processor_id();
	h->ts_ns = ts_ns;
	h->skb = skb;
	h->netns = netns;
	h->ifindex = ifindex;
}

static __always_inline void emit_header(struct ev_hdr *h, __u16 kind, __u16 len, __u64 skb,
					__u32 netns, __u32 ifindex)
{
	emit_header_at(h, kind, len, skb, netns, ifindex, bpf_ktime_get_ns());
}

#endif
