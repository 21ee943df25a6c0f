// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes by name and network namespace, from the host's /proc. Several nodes may
 * share one kernel (kind, the lab), so a name alone does not tell whose BIRD it is.
 * What goes away or may not be read while we look is passed over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"
#include "sources.h"
#include "util.h"

static int proc_open(const char *host_root)
{
	int root, fd;

	root = open(host_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = openat(root, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd;
}

/* A kernel thread's or a process's own name for itself: may hold any byte but a line feed */
static void comm_at(int proc, uint32_t pid, char out[COMM_LEN])
{
	char path[32], text[COMM_LEN];
	ssize_t n;
	int fd;

	memset(out, 0, COMM_LEN);
	snprintf(path, sizeof(path), "%u/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	memcpy(out, text, strcspn(text, "\n"));
}

static bool in_netns(int proc, uint32_t pid, uint32_t inum)
{
	char path[32];
	struct priv_raised raised;
	struct stat st;
	bool is;

	snprintf(path, sizeof(path), "%u/ns/net", pid);
	raised = priv_raise(CAP_SYS_PTRACE, CAP_SYS_PTRACE);
	is = !fstatat(proc, path, &st, 0) && st.st_ino == inum;
	priv_lower(&raised);
	return is;
}

/* 0 if the name is no process id; 22 bits are the kernel's limit */
static uint32_t pid_parse(const char *name)
{
	uint32_t pid = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9' || pid > 1 << 22)
			return 0;
		pid = pid * 10 + (uint32_t)(*name - '0');
	}
	return pid;
}

/*
 * Field 22 of PID/stat: when it started, in ticks (USER_HZ) since boot, by CLOCK_BOOTTIME. The
 * name in field 2 may hold anything, so the fields are counted from the last parenthesis.
 */
static bool start_ticks(const char *stat, uint64_t *out)
{
	const char *p = strrchr(stat, ')');
	char text[24];
	size_t len;
	int field;

	for (field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	len = p ? strcspn(p, " \n") : 0;
	if (!len || len >= sizeof(text))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	return !parse_u64(text, 1, UINT64_MAX / NS_PER_S, out);
}

/*
 * By how much CLOCK_BOOTTIME leads, which is what the machine has slept: mostly nothing. The tightest
 * of several readings, in whole milliseconds, so that each question has the same answer.
 */
static uint64_t boot_ahead_of_mono_ns(void)
{
	struct timespec boot, mono;
	uint64_t ahead, best = UINT64_MAX;
	int i;

	for (i = 0; i < 5; i++) {
		clock_gettime(CLOCK_MONOTONIC, &mono);
		clock_gettime(CLOCK_BOOTTIME, &boot);
		ahead = (uint64_t)(boot.tv_sec - mono.tv_sec) * NS_PER_S + (uint64_t)boot.tv_nsec -
			(uint64_t)mono.tv_nsec;
		best = ahead < best ? ahead : best;
	}
	return (best + NS_PER_MS / 2) / NS_PER_MS * NS_PER_MS;
}

static uint64_t start_ns_at(int proc, uint32_t pid)
{
	const long hz = sysconf(_SC_CLK_TCK);
	char path[32], text[1024];
	uint64_t ticks, ns, ahead;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%u/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || hz <= 0)
		return 0;
	text[n] = '\0';
	if (!start_ticks(text, &ticks) || ticks / (uint64_t)hz > UINT64_MAX / NS_PER_S / 2)
		return 0;
	ns = ticks / (uint64_t)hz * NS_PER_S + ticks % (uint64_t)hz * NS_PER_S / (uint64_t)hz;
	ahead = boot_ahead_of_mono_ns();
	return ns > ahead ? ns - ahead : 0;
}

static bool is_one_of(const char *name, const char *const *comms)
{
	for (; *comms; comms++) {
		if (!strcmp(name, *comms))
			return true;
	}
	return false;
}

int proc_each(const char *host_root, uint32_t netns_inum, const char *const *comms, proc_fn fn,
	      void *ctx)
{
	struct obs_proc proc = { 0 };
	struct dirent *de;
	bool more = true;
	DIR *dir;
	int fd;

	fd = proc_open(host_root);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (more && (de = readdir(dir))) {
		proc.pid = pid_parse(de->d_name);
		if (!proc.pid)
			continue;
		comm_at(fd, proc.pid, proc.comm);
		if (!is_one_of(proc.comm, comms) || !in_netns(fd, proc.pid, netns_inum))
			continue;
		proc.start_ns = start_ns_at(fd, proc.pid);
		more = fn(ctx, &proc);
	}
	closedir(dir);
	return 0;
}

static bool take_first(void *ctx, const struct obs_proc *proc)
{
	*(int *)ctx = (int)proc->pid;
	return false;
}

int proc_find(const char *host_root, const char *comm, uint32_t netns_inum)
{
	const char *const comms[] = { comm, NULL };
	int pid = -ESRCH;

	(void)proc_each(host_root, netns_inum, comms, take_first, &pid);
	return pid;
}

void proc_comm(const char *host_root, uint32_t pid, char out[COMM_LEN])
{
	int proc = proc_open(host_root);

	memset(out, 0, COMM_LEN);
	if (proc < 0)
		return;
	comm_at(proc, pid, out);
	close(proc);
}
