/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of a node below a root that is not ours: symbolic links lead where they lead in there,
 * never out of it (RESOLVE_IN_ROOT, Linux 5.6). Sizes are bounded by the caller.
 */
#ifndef CALITRACE_WITHIN_H
#define CALITRACE_WITHIN_H

#include <stddef.h>
#include <stdint.h>

/* Opens root/path for reading, without blocking, plus flags of open(2): fd, or -errno. */
int within_open(const char *root, const char *path, int flags);

/*
 * The content of a regular file of at most max bytes: *ret is to be freed by the caller, untouched
 * on failure; not terminated, *len bytes long. 0, -EFBIG, -EINVAL (no regular file) or -errno.
 * within_slurp() takes a descriptor, which stays the caller's.
 */
int within_read(const char *root, const char *path, size_t max, char **ret, size_t *len);
int within_slurp(int fd, size_t max, char **ret, size_t *len);

/*
 * The same for a file that confd wrote (its name, e.g. "bird.cfg") for the node whose network
 * namespace has that inode number. confd and BIRD share a container, whose files the host does not
 * see: host_root/proc/<pid of the node's bird>/root/etc/calico/confd/config, else
 * host_root/etc/calico/confd/config. Errors are those of the second unless only the first has it.
 */
int within_confd(const char *host_root, uint32_t inum, const char *name, size_t max, char **ret,
		 size_t *len);

#endif
