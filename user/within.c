// SPDX-License-Identifier: GPL-2.0-only
#include "within.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "priv.h"
#include "sources.h"

#define CONFD_DIR "etc/calico/confd/config"
/* Of a buffer that grows with what is read, not with what the file claims */
#define CHUNK_SZ (16 * 1024)

int within_open(const char *root, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags),
		.resolve = RESOLVE_IN_ROOT,
	};
	int dir, fd;

	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

/* One byte more than max tells that there is more. */
static int read_all(int fd, size_t max, char **text, size_t *len)
{
	size_t size = 0;
	char *grown;
	ssize_t n;

	*len = 0;
	do {
		if (*len == size) {
			size = size ? size * 2 : CHUNK_SZ;
			size = size > max + 1 ? max + 1 : size;
			grown = realloc(*text, size);
			if (!grown)
				return -ENOMEM;
			*text = grown;
		}
		n = read(fd, *text + *len, size - *len);
		if (n < 0 && errno != EINTR)
			return -errno;
		*len += n > 0 ? (size_t)n : 0;
		if (*len > max)
			return -EFBIG;
	} while (n);
	return 0;
}

int within_slurp(int fd, size_t max, char **ret, size_t *len)
{
	char *text = NULL;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	err = read_all(fd, max, &text, len);
	if (err)
		free(text);
	else
		*ret = text;
	return err;
}

int within_read(const char *root, const char *path, size_t max, char **ret, size_t *len)
{
	int fd = within_open(root, path, 0), err;

	if (fd < 0)
		return fd;
	err = within_slurp(fd, max, ret, len);
	close(fd);
	return err;
}

int within_confd(const char *host_root, uint32_t inum, const char *name, size_t max, char **ret,
		 size_t *len)
{
	char root[512], path[128];
	int pid, err, inside = -ENOENT;

	if (snprintf(path, sizeof(path), CONFD_DIR "/%s", name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	pid = inum ? proc_find(host_root, "bird", inum) : -ESRCH;
	if (pid > 0 &&
	    snprintf(root, sizeof(root), "%s/proc/%d/root", host_root, pid) < (int)sizeof(root)) {
		const struct priv_raised raised = priv_raise(CAP_SYS_PTRACE, CAP_DAC_OVERRIDE);

		inside = within_read(root, path, max, ret, len);
		priv_lower(&raised);
	}
	if (!inside)
		return 0;
	err = within_read(host_root, path, max, ret, len);
	return err == -ENOENT ? inside : err;
}
