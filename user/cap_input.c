// SPDX-License-Identifier: GPL-2.0-only
/* Octets of a file or a pipe, in a buffer that grows to the longest block, i.e. NG_MAX_LEN at most */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cap_reader.h"

/* Fits the second level cache, so that what was read is still there when it is looked at */
#define FIRST_CAP (128u << 10)

int cap_input__open(struct cap_input *in, const char *path)
{
	struct stat st;

	*in = (struct cap_input){ .fd = -1, .cap = FIRST_CAP };
	in->buf = malloc(in->cap);
	if (!in->buf)
		return -ENOMEM;
	in->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	if (in->fd < 0)
		return -errno;
	if (fstat(in->fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode))
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

void cap_input__close(struct cap_input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	free(in->buf);
	in->buf = NULL;
	in->fd = -1;
}

static int make_room(struct cap_input *in, size_t n)
{
	uint8_t *buf;
	size_t cap = in->cap;

	memmove(in->buf, in->buf + in->at, in->len - in->at);
	in->len -= in->at;
	in->at = 0;
	while (cap < n)
		cap *= 2;
	if (cap == in->cap)
		return 0;
	buf = realloc(in->buf, cap);
	if (!buf)
		return -ENOMEM;
	in->buf = buf;
	in->cap = cap;
	return 0;
}

int cap_input__need(struct cap_input *in, size_t n)
{
	int err;

	if (in->len - in->at >= n)
		return 1;
	err = in->eof ? 0 : make_room(in, n);
	while (!err && !in->eof && in->len < n) {
		ssize_t got = read(in->fd, in->buf + in->len, in->cap - in->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		in->eof = got == 0;
		in->len += (size_t)got;
	}
	return err ? err : in->len - in->at >= n;
}
