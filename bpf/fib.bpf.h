/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fib_table_lookup: only failures are sent, and the hit that undoes one when another
 * table follows. A look-up names neither packet nor namespace: a forwarded one is tied
 * to a packet that just came in on this CPU, a local one to the task, if the
 * task's namespace is the node's.
 */
#ifndef CALITRACE_FIB_H
#define CALITRACE_FIB_H

#define TABLE_LOCAL 255
#define LOOPBACK_IF 1
#define CUR_AGE_NS 10000000ULL
#define CUR_AGE_JIFFIES 11 /* a jiffy is at least a millisecond */
#define MISS_AGE_NS 1000000ULL

struct fib_flow {
	__be32 src, dst;
	__u32 iif;
	__u8 proto;
};

/*
 * How many recent packets fit: one if the destination is the same, since it is that pair of
 * addresses that fails, else all of this source. *arp: the packet is an ARP request.
 */
static __always_inline __u32 cur_match(const struct fib_flow *f, __u64 now, bool *arp)
{
	__u32 zero = 0, i;
	struct cur_ring *c = bpf_map_lookup_elem(&calitrace_cur, &zero);
	__u64 n = 0, same = 0, arps = 0, other;

	if (!c)
		return 0;
	for (i = 0; i < CUR_SLOTS; i++) {
		const struct cur_slot *s = &c->slot[i];

		/* after DNAT in PREROUTING only the source is what came in; ARP knows no NAT */
		other = differs((s->ifindex ^ f->iif) | (s->src ^ f->src) |
				(CUR_AGE_NS - (now - s->ts_ns)) >> 63);
		n += (1 - other) & ~s->arp;
		other |= differs(s->dst ^ f->dst);
		same += 1 - other;
		arps += (1 - other) & s->arp;
	}
	*arp = arps;
	return same ? 1 : n;
}

/* Did a packet just come in on this CPU that the node itself answers: an echo request, a SYN? */
static __always_inline bool cur_answers(const struct fib_flow *f, __u64 now)
{
	__u32 zero = 0, i;
	struct cur_ring *c = bpf_map_lookup_elem(&calitrace_cur, &zero);
	__u64 n = 0;

	if (!c)
		return false;
	for (i = 0; i < CUR_SLOTS; i++) {
		const struct cur_slot *s = &c->slot[i];

		n += 1 - differs((s->src ^ f->dst) | (s->dst ^ f->src) | s->arp |
				 (CUR_AGE_NS - (now - s->ts_ns)) >> 63);
	}
	return n;
}

static __always_inline bool task_in_node(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, nsproxy, net_ns, ns.inum) == cfg.netns;
}

/*
 * Is it the node's? An answer to what just came in is. Else it is if the task's namespace is, but
 * in a softirq the task is a bystander. Where the context is not known, what names both source and
 * protocol may be made in one; a task that connects has no source yet, and a re-route after DNAT
 * no protocol.
 */
static __always_inline bool output_is_ours(const struct fib_flow *f, __u64 now, enum context c)
{
	if (!in_pool(f->dst))
		return false;
	if (cur_answers(f, now))
		return true;
	if (c == CONTEXT_SOFTIRQ || (c == CONTEXT_UNKNOWN && f->src && f->proto))
		return false;
	return task_in_node();
}

static __always_inline void fib_emit(const struct flowi4 *fl, const struct fib_flow *f, __u32 table,
				     int err, __u8 class, __u32 n, enum context c)
{
	struct ev_held key = { .kind = EV_LOST_FIB, .dst_error = -err };
	struct task_struct *task;
	struct ev_fib *e;

	if (!storm_admits(EV_LOST_FIB, 0)) {
		key.block = held_block(f->src, f->dst);
		held_count(&key);
		return;
	}
	e = emit_reserve(sizeof(*e), EV_LOST_FIB);
	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	emit_header(&e->hdr, EV_FIB, sizeof(*e), 0, cfg.netns, f->iif);
	e->class = class;
	e->proto = f->proto;
	e->ambiguous = n > 1;
	e->err = -err;
	e->table = table;
	e->src = f->src;
	e->dst = f->dst;
	if (class == EV_FIB_OUTPUT) {
		/*
		 * Where the context is not known, a look-up with a source address may be a timer's
		 * (a retransmission): then nobody is named rather than a bystander.
		 */
		if (c == CONTEXT_TASK || (c == CONTEXT_UNKNOWN && !f->src)) {
			task = (void *)bpf_get_current_task();
			e->pid = BPF_CORE_READ(task, tgid);
			BPF_CORE_READ_STR_INTO(&e->comm, task, group_leader, comm);
		}
		e->sport = fl->uli.ports.sport;
		e->dport = fl->uli.ports.dport;
	}
	emit_submit(e);
}

/* The same addresses are looked up in other namespaces as well: the pod's own, for one. */
static __always_inline bool nexthop_in_node(const struct fib_nh_common *nhc)
{
	return nhc && BPF_CORE_READ(nhc, nhc_dev, nd_net.net, ns.inum) == cfg.netns;
}

/*
 * Did any look-up of ours fail within MISS_AGE_NS? Nearly all succeed, and while none fails that is
 * all that is asked of them. A jiffy is at least as long, so this one and the last two cover it.
 */
static __always_inline bool missed_lately(void)
{
	return bpf_jiffies64() - life.missed_at <= 2;
}

static __always_inline void fib_hit(const struct flowi4 *fl, const struct fib_flow *f, __u32 table,
				    const struct fib_nh_common *nhc, bool ask)
{
	__u32 zero = 0;
	struct fib_miss *m = bpf_map_lookup_elem(&calitrace_miss, &zero);

	if (!m || !m->live)
		return;
	/* another look-up may come in between, from softirq */
	if (bpf_ktime_get_ns() - m->ts_ns > MISS_AGE_NS) {
		m->live = 0;
		return;
	}
	if (m->src != f->src || m->dst != f->dst || m->iif != f->iif || !nexthop_in_node(nhc))
		return;
	m->live = 0;
	fib_emit(fl, f, table, 0, f->iif == LOOPBACK_IF ? EV_FIB_OUTPUT : EV_FIB_FORWARD, 1,
		 ask ? current_context() : CONTEXT_UNKNOWN);
}

/* Did any packet of ours come in on this CPU within CUR_AGE_NS? In a storm of others', none did. */
static __always_inline bool cur_is_recent(void)
{
	__u32 zero = 0;
	struct cur_ring *c = bpf_map_lookup_elem(&calitrace_cur, &zero);

	return c && bpf_jiffies64() - c->jiffy <= CUR_AGE_JIFFIES;
}

static __always_inline void fib_failed(const struct flowi4 *fl, const struct fib_flow *f,
				       __u32 table, int err, bool ask)
{
	enum context c = CONTEXT_UNKNOWN;
	__u8 class = EV_FIB_OUTPUT;
	__u32 zero = 0, n = 1;
	struct fib_miss *m;
	bool arp = false;
	__u64 now;

	if (f->iif == LOOPBACK_IF) {
		now = bpf_ktime_get_ns();
		if (ask)
			c = current_context();
		if (!output_is_ours(f, now, c))
			return;
	} else {
		if (!cur_is_recent())
			return;
		now = bpf_ktime_get_ns();
		n = cur_match(f, now, &arp);
		if (!n)
			return;
		class = arp ? EV_FIB_ARP : EV_FIB_FORWARD;
	}
	m = bpf_map_lookup_elem(&calitrace_miss, &zero);
	if (m) {
		m->ts_ns = now;
		m->src = f->src;
		m->dst = f->dst;
		m->iif = f->iif;
		m->live = 1;
		life.missed_at = bpf_jiffies64();
	}
	fib_emit(fl, f, table, err, class, n, c);
}

static __always_inline void on_fib(__u32 table, const struct flowi4 *fl,
				   const struct fib_nh_common *nhc, int err, bool ask)
{
	struct fib_flow f = {
		.src = fl->saddr,
		.dst = fl->daddr,
		.iif = fl->__fl_common.flowic_iif,
		.proto = fl->__fl_common.flowic_proto,
	};

	/* table local is walked first when there are rules: its misses mean nothing */
	if (!f.iif || table == TABLE_LOCAL)
		return;
	if (err) {
		if (alive())
			fib_failed(fl, &f, table, err, ask);
	} else if (missed_lately()) {
		fib_hit(fl, &f, table, nhc, ask);
	}
}

SEC("tp_btf/fib_table_lookup")
int BPF_PROG(calitrace_fib, __u32 table, struct flowi4 *fl, struct fib_nh_common *nhc, int err)
{
	on_fib(table, fl, nhc, err, true);
	return 0;
}

/* For kernels that cannot tell in what context they are */
SEC("tp_btf/fib_table_lookup")
int BPF_PROG(calitrace_fib0, __u32 table, struct flowi4 *fl, struct fib_nh_common *nhc, int err)
{
	on_fib(table, fl, nhc, err, false);
	return 0;
}

#endif
