// SPDX-License-Identifier: GPL-2.0-only
/* See report_file.h. An earlier page is replaced once the new one is whole. */
#include "report_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

int report_file__open(struct report_file *f, const struct outfile_opts *o, char *why, size_t why_sz)
{
	int fd, err;

	*f = (struct report_file){ .file = OUTFILE_NONE, .out = stdout };
	if (!strcmp(o->path, "-"))
		return 0;
	err = outfile__open(o, &f->file, why, why_sz);
	if (err)
		return err;
	/* the stream closes its own */
	fd = dup(f->file.fd);
	f->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (f->out)
		return 0;
	err = -errno;
	if (fd >= 0)
		close(fd);
	outfile__discard(&f->file);
	outfile__why(o->path, err, why, why_sz);
	return err;
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
	const char *path = f->out == stdout ? "stdout" : f->file.path;
	int err;

	errno = 0;
	err = finish(f);
	if (f->out != stdout && !err)
		err = outfile__close(&f->file);
	if (f->out != stdout && !err)
		err = outfile__keep(&f->file);
	if (err)
		outfile__why(path, err, why, why_sz);
	if (err && f->out != stdout)
		outfile__discard(&f->file);
	f->out = NULL;
	return err;
}

int report_file__guard(struct report_file *f)
{
	return f->out == stdout ? 0 : outfile__guard(&f->file);
}

void report_file__discard(struct report_file *f)
{
	if (f->out == stdout)
		return;
	fclose(f->out);
	outfile__discard(&f->file);
	f->out = NULL;
}
