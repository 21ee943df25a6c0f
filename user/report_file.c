// SPDX-License-Identifier: GPL-2.0-only
/* See report_file.h. An earlier page is replaced by a rename, once the new one is whole. */
#include "report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

static bool is_input(const struct stat *out, const char *const *input, size_t cnt)
{
	struct stat st;

	for (size_t i = 0; i < cnt; i++)
		if (!stat(input[i], &st) && st.st_dev == out->st_dev && st.st_ino == out->st_ino)
			return true;
	return false;
}

int report_file__check(const char *path, bool force, const char *const *input, size_t cnt,
		       char *why, size_t why_sz)
{
	struct stat st;

	if (!strcmp(path, "-"))
		return 0;
	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		snprintf(why, why_sz, "'%.200s' cannot be written: %s", path, strerror(errno));
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, why_sz, "'%.200s' is no regular file; '-w -' writes to stdout", path);
		return -EINVAL;
	}
	if (is_input(&st, input, cnt)) {
		snprintf(why, why_sz, "'%.200s' is a capture that is to be read", path);
		return -EINVAL;
	}
	if (!force) {
		snprintf(why, why_sz, "'%.200s' exists; --force replaces it", path);
		return -EEXIST;
	}
	return 0;
}

static int open_fd(struct report_file *f)
{
	if (!f->force)
		return open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (str_printf(&f->temp, "%s.XXXXXX", f->path)) {
		errno = ENOMEM;
		return -1;
	}
	return mkostemp(f->temp, O_CLOEXEC);
}

int report_file__open(struct report_file *f, const char *path, bool force, char *why, size_t why_sz)
{
	int fd, err;

	*f = (struct report_file){ .path = path, .force = force };
	if (!strcmp(path, "-")) {
		f->out = stdout;
		return 0;
	}
	fd = open_fd(f);
	if (fd >= 0)
		f->out = fdopen(fd, "w");
	if (f->out)
		return 0;
	err = errno;
	if (fd >= 0)
		close(fd);
	snprintf(why, why_sz, "'%.200s' cannot be written: %s", path, strerror(err));
	free(f->temp);
	f->temp = NULL;
	return -err;
}

/* 0 or -errno: everything that was to be written is */
static int finish(struct report_file *f)
{
	int err = 0;

	if (fflush(f->out) || ferror(f->out))
		err = f->out == stdout ? stdout_error() : errno ? -errno : -EIO;
	if (f->out == stdout)
		return err;
	if (fclose(f->out) && !err)
		err = -errno;
	return err;
}

int report_file__close(struct report_file *f, char *why, size_t why_sz)
{
	int err;

	errno = 0;
	err = finish(f);
	if (!err && f->temp && rename(f->temp, f->path))
		err = -errno;
	if (err) {
		snprintf(why, why_sz, "'%.200s' cannot be written: %s",
			 f->out == stdout ? "stdout" : f->path, strerror(-err));
		if (f->out != stdout)
			unlink(f->temp ? f->temp : f->path);
	}
	free(f->temp);
	f->temp = NULL;
	f->out = NULL;
	return err;
}
