/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Storms: what the node must not be slowed down by, and the reader could not read anyway. Of each
 * kind of record a CPU sends as many as its tokens allow. Before these run out, user space sees the
 * rate and asks for a share of the exchanges (life.shed): then of an exchange all packets are
 * sent, at all devices and CPUs, or none. What is withheld is counted, by what it was and where it
 * was for.
 */
#ifndef CALITRACE_STORM_H
#define CALITRACE_STORM_H

struct token {
	__u64 jiffy; /* of the last refill */
	__u64 ns;    /* the same by the clock */
	__u64 left;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EV_STORM_KINDS);
	__type(key, __u32);
	__type(value, struct token);
} calitrace_token SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, EV_HELD_MAX);
	__type(key, struct ev_held);
	__type(value, __u64);
} calitrace_held SEC(".maps");

/* The clock is asked once in a jiffy at most. */
static __always_inline bool token_take(__u32 kind)
{
	struct token *t = bpf_map_lookup_elem(&calitrace_token, &kind);
	__u64 jiffy = bpf_jiffies64(), now, left;

	if (!t)
		return true;
	if (t->jiffy != jiffy) {
		now = bpf_ktime_get_ns();
		/* 2^30 ns for a second: 7 % less are given than asked for */
		left = t->ns ? t->left + ((now - t->ns) * cfg.token_rate >> 30) : cfg.token_burst;
		t->left = left < cfg.token_burst ? left : cfg.token_burst;
		t->ns = now;
		t->jiffy = jiffy;
	}
	if (!t->left)
		return false;
	t->left--;
	return true;
}

/* The same for all packets of an exchange, with NAT or without, 0: not known. Never 0 else. */
static __always_inline __u32 exchange_mark(const struct pkt *p)
{
	__u16 sport = bpf_ntohs(p->sport), dport = bpf_ntohs(p->dport);
	__u32 id;

	if (p->flags & EV_F_FRAG_LATER || icmp_is_error(p))
		return 0;
	if (p->proto == P_ICMP)
		id = sport ^ dport; /* identifier and sequence number */
	else if (p->proto == P_UDP && p->app == EV_APP_DNS)
		id = p->dns_id;
	else
		id = sport > dport ? sport : dport; /* the client's, nearly always */
	return (id + 1) * 0x9e3779b1U | 1U;
}

static __always_inline void held_count(const struct ev_held *key)
{
	__u64 *n = bpf_map_lookup_elem(&calitrace_held, key), one = 1;

	if (n)
		++*n;
	else if (bpf_map_update_elem(&calitrace_held, key, &one, BPF_NOEXIST))
		count(EV_HELD_REST);
}

/*
 * May a record of this kind be sent? Else it has to be counted with held_count(). A storm's first
 * packets cut exchanges apart; EV_HELD_CUT tells user space that what follows may lack something.
 */
static __always_inline bool storm_admits(__u32 kind, __u32 mark)
{
	__u32 mask = life.shed[kind & (EV_STORM_KINDS - 1)];

	if (mark && (mark >> 16 & mask)) {
		count(EV_HELD_SHED);
		return false;
	}
	if (token_take(kind))
		return true;
	count(EV_HELD_CUT);
	return false;
}

/* Which of the node's blocks it was for, or came from: /26 as Calico cuts pools by default */
static __always_inline __be32 held_block(__be32 src, __be32 dst)
{
	return (in_pool(dst) ? dst : src) & bpf_htonl(0xffffffc0);
}

#endif
