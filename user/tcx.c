// SPDX-License-Identifier: GPL-2.0-only
#include "tcx.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1u << 3)

/* union bpf_attr.link_create as of Linux 6.6, as far as TCX uses it */
struct link_create {
	uint32_t prog_fd;
	uint32_t ifindex;
	uint32_t attach_type;
	uint32_t flags;
	uint32_t relative_fd;
	uint32_t pad;
	uint64_t expected_revision;
};

int tcx_attach(int prog_fd, uint32_t ifindex, bool egress)
{
	/*
	 * BEFORE without naming anybody is the head: a program in front of ours that
	 * ends the chain (TCX_PASS) would make us blind.
	 */
	struct link_create attr = {
		.prog_fd = (uint32_t)prog_fd,
		.ifindex = ifindex,
		.attach_type = egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS,
		.flags = FLAG_BEFORE,
	};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

int tcx_probe(int prog_fd)
{
	/* TCX looks for the device first (ENODEV); before 6.6 the attach type is refused (EINVAL). */
	int err = tcx_attach(prog_fd, INT32_MAX, false);

	if (err >= 0) {
		close(err);
		return 0;
	}
	return err == -ENODEV ? 0 : err;
}
