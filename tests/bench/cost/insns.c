// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's BPF programs whose names begin with a prefix: `insns PREFIX` prints for each its
 * name, how many instructions the verifier walked through (0 before Linux 5.16), and how many it has.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	__u32 id = 0, n = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: insns PREFIX\n");
		return 2;
	}
	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) &&
		    !strncmp(info.name, argv[1], strlen(argv[1]))) {
			printf("%s %u %zu\n", info.name, info.verified_insns,
			       info.xlated_prog_len / sizeof(struct bpf_insn));
			n++;
		}
		close(fd);
	}
	return n ? 0 : 1;
}
