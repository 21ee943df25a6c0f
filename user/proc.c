// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes by name and network namespace, from the host's /proc. Several nodes may
 * share one kernel (kind, the lab), so a name alone does not tell whose BIRD it is.
 * What goes away or may not be read while we look is passed over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources.h"

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
	struct stat st;

	snprintf(path, sizeof(path), "%u/ns/net", pid);
	return !fstatat(proc, path, &st, 0) && st.st_ino == inum;
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

int proc_find(const char *host_root, const char *comm, uint32_t netns_inum)
{
	char name[COMM_LEN];
	struct dirent *de;
	uint32_t pid = 0;
	int fd, found = 0;
	DIR *dir;

	fd = proc_open(host_root);
	if (fd < 0)
		return -ESRCH;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ESRCH;
	}
	while (!found && (de = readdir(dir))) {
		pid = pid_parse(de->d_name);
		if (!pid)
			continue;
		comm_at(fd, pid, name);
		found = !strcmp(name, comm) && in_netns(fd, pid, netns_inum);
	}
	closedir(dir);
	return found ? (int)pid : -ESRCH;
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
