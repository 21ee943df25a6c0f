// SPDX-License-Identifier: GPL-2.0-only
/* Which node, and which network namespace is its own. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session.h"

void node_name(const struct opts *o, char *buf, size_t sz)
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	if (o->node) {
		snprintf(buf, sz, "%s", o->node);
		return;
	}
	snprintf(path, sizeof(path), "%s/var/lib/calico/nodename", o->host_root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, sz - 1);
		close(fd);
	}
	if (n > 0) {
		buf[n] = 0;
		buf[strcspn(buf, " \t\r\n")] = 0;
	}
	if ((n <= 0 || !buf[0]) && gethostname(buf, sz))
		snprintf(buf, sz, "node");
	buf[sz - 1] = 0;
}

static int netns_open(const struct opts *o)
{
	/* ip netns' names are this mount namespace's, a container's host root has them below it */
	const char *const roots[] = { o->host_root, "" };
	static const char *const dirs[] = { "run/netns", "var/run/netns" };
	char path[PATH_MAX];
	int fd;

	if (strchr(o->netns, '/'))
		return open(o->netns, O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", roots[i / 2], dirs[i % 2], o->netns);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	errno = ENOENT;
	return -1;
}

static int netns_enter(const struct opts *o, int *orig, char *why, size_t why_sz)
{
	int err = 0, fd = netns_open(o);

	if (fd < 0) {
		err = -errno;
		snprintf(why, why_sz,
			 "no such network namespace: '%s' (%s); ip netns lists the named ones, "
			 "a path such as /proc/PID/ns/net works too",
			 o->netns, strerror(-err));
		return err;
	}
	*orig = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setns(fd, CLONE_NEWNET)) {
		err = -errno;
		if (err == -EPERM)
			snprintf(why, why_sz,
				 "cannot enter network namespace '%s': needs CAP_SYS_ADMIN; run "
				 "calitrace as root",
				 o->netns);
		else
			snprintf(why, why_sz,
				 "'%s' is no network namespace (%s); ip netns lists the named ones",
				 o->netns, strerror(-err));
		if (*orig >= 0)
			close(*orig);
		*orig = -1;
	}
	close(fd);
	return err;
}

/* What is read below it is optional, file by file: of one that is not there nothing would tell. */
static int root_is_there(const struct opts *o, char *why, size_t why_sz)
{
	int err, fd = open(o->host_root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	err = -errno;
	snprintf(why, why_sz,
		 "--host-root '%s': %s; it is the directory that the node's / is mounted on",
		 o->host_root, strerror(-err));
	return err;
}

int node_netns(const struct opts *o, int *orig, uint32_t *inum, char *why, size_t why_sz)
{
	struct stat st;
	int err;

	*orig = -1;
	err = root_is_there(o, why, why_sz);
	if (err)
		return err;
	if (o->netns) {
		err = netns_enter(o, orig, why, why_sz);
		if (err)
			return err;
	}
	if (stat("/proc/self/ns/net", &st)) {
		err = -errno;
		snprintf(why, why_sz, "cannot read /proc/self/ns/net (%s): is /proc mounted?",
			 strerror(-err));
		return err;
	}
	*inum = (uint32_t)st.st_ino;
	return 0;
}

bool node_netns_gone(const struct opts *o, uint32_t inum)
{
	struct stat st;
	bool gone;
	int fd;

	if (!o->netns || !strncmp(o->netns, "/proc/", 6))
		return false;
	fd = netns_open(o);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR;
	gone = fstat(fd, &st) || st.st_ino != inum;
	close(fd);
	return gone;
}
