/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket filter on our own rtnetlink socket. It runs in the context of whoever
 * changes a route, a link or an address, so it knows the exact time and the task, and
 * its records stand in one order with the packets'. The socket's own queue may overflow
 * (ENOBUFS) without harm.
 */
#ifndef CALITRACE_ROUTE_H
#define CALITRACE_ROUTE_H

#define MSG_KEEP (-1)
#define MSG_NEWLINK 16
#define MSG_DELLINK 17
#define MSG_NEWADDR 20
#define MSG_DELADDR 21
#define MSG_NEWROUTE 24
#define MSG_DELROUTE 25
#define MSG_NEWNEIGH 28
#define NEIGH_FAILED 0x20

struct msg_small {
	struct ev_msg e;
	__u8 data[EV_MSG_SMALL];
};

struct msg_large {
	struct ev_msg e;
	__u8 data[EV_MSG_LARGE];
};

static __always_inline bool msg_wanted(struct __sk_buff *skb)
{
	__u16 type, state;

	if (bpf_skb_load_bytes(skb, 4, &type, sizeof(type)))
		return false;
	switch (type) {
	case MSG_NEWLINK:
	case MSG_DELLINK:
	case MSG_NEWADDR:
	case MSG_DELADDR:
	case MSG_NEWROUTE:
	case MSG_DELROUTE:
		return true;
	case MSG_NEWNEIGH: /* struct ndmsg: the state stands 8 bytes in */
		return !bpf_skb_load_bytes(skb, 16 + 8, &state, sizeof(state)) &&
		       state == NEIGH_FAILED;
	}
	return false;
}

static __always_inline void msg_fill(struct ev_msg *e, __u32 size, __u32 msg_len)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	__builtin_memset(e, 0, sizeof(*e));
	emit_header(&e->hdr, EV_MSG, size, 0, cfg.netns, 0);
	e->pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&e->comm, task, group_leader, comm);
	e->msg_len = msg_len;
}

static __always_inline __u32 msg_copy(struct __sk_buff *skb, void *to, __u32 len, __u32 max)
{
	asm volatile("" : "+r"(len));
	if (len > max)
		len = max;
	if (len < 16)
		return 0;
	return bpf_skb_load_bytes(skb, 0, to, len) ? 0 : len;
}

SEC("socket")
int calitrace_route(struct __sk_buff *skb)
{
	__u32 len = skb->len;

	if (!msg_wanted(skb))
		return MSG_KEEP;
	/* inert, but not silent about it: a lost message calls for a resync */
	if (!alive()) {
		count(EV_LOST_MSG);
		return MSG_KEEP;
	}
	if (len <= EV_MSG_SMALL) {
		struct msg_small *m = emit_reserve(sizeof(*m), EV_LOST_MSG);

		if (!m)
			return MSG_KEEP;
		msg_fill(&m->e, sizeof(*m), len);
		m->e.data_len = msg_copy(skb, m->data, len, EV_MSG_SMALL);
		emit_submit(m);
	} else {
		struct msg_large *m = emit_reserve(sizeof(*m), EV_LOST_MSG);

		if (!m)
			return MSG_KEEP;
		if (len > EV_MSG_LARGE)
			count(EV_LOST_MSG_CUT);
		msg_fill(&m->e, sizeof(*m), len);
		m->e.data_len = msg_copy(skb, m->data, len, EV_MSG_LARGE);
		emit_submit(m);
	}
	return MSG_KEEP;
}

#endif
