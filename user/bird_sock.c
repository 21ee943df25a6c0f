// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where BIRD's control socket is. Calico's is in a volume of the host at the same path as in its
 * container; a BIRD without such a volume is reached through the root of its process. Of the places,
 * the first where somebody listens is taken: the file of a BIRD that was killed stays behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <linux/openat2.h>
#include <unistd.h>

#include "birdctl.h"
#include "priv.h"
#include "util.h"

static const char *const places[] = {
	"var/run/calico",
	"run/calico",
	"var/run/bird",
	"run/bird",
};

static int minus_errno(int fd)
{
	return fd < 0 ? -errno : fd;
}

/* By its file, whatever path that has: its name is too long for many a host_root. */
static int connect_to(int file)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, err = 0;

	if (fstat(file, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d", file);
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)))
		err = errno;
	if (!err)
		return fd;
	close(fd);
	return -err;
}

static int connect_within(int root, const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int file, fd;

	file = minus_errno((int)syscall(SYS_openat2, root, path, &how, sizeof(how)));
	if (file < 0)
		return file;
	fd = connect_to(file);
	close(file);
	return fd;
}

static int connect_path(const char *path)
{
	int file, fd;

	file = minus_errno(open(path, O_PATH | O_CLOEXEC));
	if (file < 0)
		return file;
	fd = connect_to(file);
	close(file);
	return fd;
}

/* The errors of the header, in the order of what a user wants to hear first */
static int rank(int err)
{
	switch (err) {
	case -EAGAIN:
		return 5;
	case -EACCES:
	case -EPERM:
		return 4;
	case -ECONNREFUSED:
	case -EPROTOTYPE:
		return 2;
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -ESRCH:
		return 1;
	default:
		return 3;
	}
}

static int simplify(int err)
{
	static const int as[] = { [1] = -ENOENT, [2] = -ECONNREFUSED, [4] = -EACCES, [5] = -EAGAIN };
	int r = rank(err);

	return r == 3 ? err : as[r];
}

/* best: of what was tried before; the better of that and what is tried here */
static int try_root(const char *root_path, bool v6, int best)
{
	char path[64];
	size_t i;
	int root, fd;

	root = minus_errno(open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (root < 0)
		return rank(root) > rank(best) ? root : best;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/bird%s.ctl", places[i], v6 ? "6" : "");
		fd = connect_within(root, path);
		if (fd >= 0 || rank(fd) > rank(best))
			best = fd;
		if (fd >= 0)
			break;
	}
	close(root);
	return best;
}

static int connect_somewhere(const struct bird_where *w)
{
	char *root;
	int fd = -ENOENT;

	if (w->path) {
		fd = connect_path(w->path);
		return fd < 0 ? simplify(fd) : fd;
	}
	fd = try_root(w->host_root, w->v6, fd);
	if (fd < 0 && w->pid) {
		if (str_printf(&root, "%s/proc/%u/root", w->host_root, w->pid))
			return -ENOMEM;
		fd = try_root(root, w->v6, fd);
		free(root);
	}
	return fd < 0 ? simplify(fd) : fd;
}

/* BIRD may be another user than root, and another one's process */
int bird_sock_connect(const struct bird_where *w)
{
	const struct priv_raised raised = priv_raise(CAP_SYS_PTRACE, CAP_DAC_OVERRIDE);
	int fd = connect_somewhere(w);

	priv_lower(&raised);
	return fd;
}
