// SPDX-License-Identifier: GPL-2.0-only
#include "tcx.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "priv.h"

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

/* ---- what is there ---- */

#define PROGS_MAX 64 /* BPF_MPROG_MAX */
#define NAME_PREFIX "calitrace_"

/* union bpf_attr.query as of Linux 6.6 */
struct query {
	uint32_t ifindex;
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags;
	uint64_t prog_ids;
	uint32_t count;
	uint32_t pad;
	uint64_t prog_attach_flags;
	uint64_t link_ids;
	uint64_t link_attach_flags;
	uint64_t revision;
};

uint32_t tcx_prog_id(int prog_fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(prog_fd, &info, &len) ? 0 : info.id;
}

/* Another calitrace's lets everything pass. Without CAP_SYS_ADMIN nobody can tell: then foreign. */
static bool is_foreign(uint32_t id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	const struct priv_raised raised = priv_raise(CAP_SYS_ADMIN, CAP_SYS_ADMIN);
	int fd = bpf_prog_get_fd_by_id(id), err = errno;
	bool ours;

	priv_lower(&raised);
	if (fd < 0)
		return err != ENOENT;
	ours = !bpf_obj_get_info_by_fd(fd, &info, &len) &&
	       !strncmp(info.name, NAME_PREFIX, strlen(NAME_PREFIX));
	close(fd);
	return !ours;
}

int tcx_look(uint32_t ifindex, bool egress, uint32_t prog_id, bool *there, bool *front)
{
	uint32_t id[PROGS_MAX] = { 0 };
	struct query attr = {
		.ifindex = ifindex,
		.attach_type = egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS,
		.prog_ids = (uint64_t)(uintptr_t)id,
		.count = PROGS_MAX,
	};
	uint32_t i, n = 0;

	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)))
		return -errno;
	while (n < attr.count && n < PROGS_MAX && id[n] != prog_id)
		n++;
	*there = n < attr.count && n < PROGS_MAX;
	*front = false;
	for (i = 0; i < n && *there && !*front; i++)
		*front = is_foreign(id[i]);
	return 0;
}
