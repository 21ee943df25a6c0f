// SPDX-License-Identifier: GPL-2.0-only
/* Programs of others: as Calico names its own, and as somebody might who copied ours. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("calico")
int cali_tc_preamble(struct __sk_buff *tc)
{
	return tc->len ? -1 : 0;
}

SEC("copied")
int calitrace_in(struct __sk_buff *tc)
{
	return tc->len > 1 ? -1 : 0;
}

char _license[] SEC("license") = "GPL";
