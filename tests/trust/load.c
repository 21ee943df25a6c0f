// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the programs as a tracer does, and prints for each its name and how many instructions the
 * verifier went through (0: this kernel does not say, before 5.16); then what was refused, and why. Linked
 * with the object of another compiler, see tests/trust/grid.sh.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"
#include "util.h"

/* True: it is a program */
static bool tell(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	char path[64], to[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, to, sizeof(to) - 1) < 0 || strcmp(to, "anon_inode:bpf-prog") ||
	    bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	printf("%s %u\n", info.name, info.verified_insns);
	return true;
}

static int tell_all(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	uint64_t fd;
	int cnt = 0;

	while (d && (e = readdir(d)))
		if (!parse_u64(e->d_name, 0, 1 << 20, &fd))
			cnt += tell((int)fd);
	if (d)
		closedir(d);
	return cnt;
}

int main(void)
{
	struct loader_opts opts = { .dns_port = { 53 }, .bgp_port = 179, .vxlan_port = 4789 };
	struct loader *l;
	char why[300];
	struct stat st;
	int cnt;

	if (stat("/proc/self/ns/net", &st))
		return 2;
	opts.netns_inum = (uint32_t)st.st_ino;
	if (loader__open(&opts, &l, why, sizeof(why))) {
		printf("refused all: %s\n", why);
		return 1;
	}
	cnt = tell_all();
	for (enum probe p = 0; p < PROBE_MAX; p++)
		if (!loader__probe(l, p)->ok)
			printf("refused %s: %s\n", loader__probe(l, p)->name,
			       loader__probe(l, p)->why);
	loader__free(l);
	return !cnt;
}
