// SPDX-License-Identifier: GPL-2.0-only
/* Programs that bpf/test_harm has to refuse, each for a reason of its own. They are never attached. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bad_calls SEC(".maps");

/* One path of many ends the chain. */
SEC("tc")
int bad_path(struct __sk_buff *tc)
{
	if (tc->protocol == 0x0008 && tc->len == 77 && tc->ifindex == 3)
		return 0;
	return -1;
}

/* -1, if memory says so */
SEC("tc")
int bad_value(struct __sk_buff *tc)
{
	return tc->mark ? (int)tc->mark : -1;
}

SEC("tc")
int bad_write(struct __sk_buff *tc)
{
	__u8 zero = 0;

	bpf_skb_store_bytes(tc, 0, &zero, 1, 0);
	return -1;
}

SEC("tc")
int bad_redirect(struct __sk_buff *tc)
{
	bpf_clone_redirect(tc, 1, 0);
	return -1;
}

SEC("tc")
int bad_tail(struct __sk_buff *tc)
{
	bpf_tail_call(tc, &bad_calls, 0);
	return -1;
}

static __attribute__((noinline)) int bad_callee(struct __sk_buff *tc)
{
	return tc->len > 100 ? 0 : -1;
}

SEC("tc")
int bad_call(struct __sk_buff *tc)
{
	return bad_callee(tc);
}

/* No helper, and every exit is -1: only the verifier can tell. */
SEC("tc")
int bad_store(struct __sk_buff *tc)
{
	__u8 *data = (void *)(long)tc->data;

	if (data + 1 <= (__u8 *)(long)tc->data_end)
		*data ^= 1;
	return -1;
}

char _license[] SEC("license") = "GPL";
