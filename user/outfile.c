// SPDX-License-Identifier: GPL-2.0-only
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

void outfile__why(const char *path, int err, char *why, size_t why_sz)
{
	const char *slash = strrchr(path, '/');
	/* without the slash, but of "/x" it is all */
	int len = slash ? slash > path ? (int)(slash - path) : 1 : 0;

	if (err == -EEXIST)
		snprintf(why, why_sz, "'%.200s' exists: --force replaces it", path);
	else if (err == -ENOENT || err == -ENOTDIR)
		snprintf(why, why_sz, "cannot write '%.200s': there is no directory '%.*s'", path,
			 len ? len < 100 ? len : 100 : 1, len ? path : ".");
	else
		snprintf(why, why_sz, "cannot write '%.200s': %s", path, strerror(-err));
}

static int not_regular(const struct outfile_opts *o, mode_t mode, char *why, size_t why_sz)
{
	if (S_ISDIR(mode)) {
		snprintf(why, why_sz, "'%.200s' is a directory: name a file in it", o->path);
		return -EISDIR;
	}
	if (S_ISLNK(mode))
		snprintf(why, why_sz, "'%.200s' is a symbolic link: name the file that it leads to",
			 o->path);
	else
		snprintf(why, why_sz, "'%.200s' is no regular file (a %s): %s", o->path,
			 S_ISFIFO(mode) ? "FIFO" :
			 S_ISSOCK(mode) ? "socket" :
					  "device",
			 o->stdout_too ? "write to it with -w - >FILE" : "name another");
	return -EINVAL;
}

static bool is_kept(const struct outfile_opts *o, const struct stat *st)
{
	struct stat k;

	for (size_t i = 0; i < o->keep_cnt; i++)
		if (!stat(o->keep[i], &k) && k.st_dev == st->st_dev && k.st_ino == st->st_ino)
			return true;
	return false;
}

int outfile__check(const struct outfile_opts *o, char *why, size_t why_sz)
{
	struct stat st;
	int err = 0;

	if (lstat(o->path, &st))
		err = errno == ENOENT ? 0 : -errno;
	else if (!S_ISREG(st.st_mode))
		return not_regular(o, st.st_mode, why, why_sz);
	else if (is_kept(o, &st)) {
		snprintf(why, why_sz, "'%.200s' is to be read, too: write to another file",
			 o->path);
		return -EINVAL;
	} else if (!o->force) {
		err = -EEXIST;
	}
	if (err)
		outfile__why(o->path, err, why, why_sz);
	return err;
}

static int open_fd(const struct outfile_opts *o, struct outfile *f)
{
	int err;

	if (!o->force) {
		f->fd = open(o->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} else if (!str_printf(&f->temp, "%s.XXXXXX", o->path)) {
		f->fd = mkostemp(f->temp, O_CLOEXEC);
	} else {
		errno = ENOMEM;
	}
	/* the umask may take away, never add; but a file system may have its own ideas */
	if (f->fd >= 0 && (!fchmod(f->fd, 0600) || errno == EPERM || errno == EOPNOTSUPP))
		return 0;
	err = -errno;
	if (f->fd >= 0)
		outfile__discard(f);
	outfile__free(f);
	return err;
}

int outfile__open(const struct outfile_opts *o, struct outfile *f, char *why, size_t why_sz)
{
	int err;

	*f = OUTFILE_NONE;
	f->path = o->path;
	err = outfile__check(o, why, why_sz);
	if (err)
		return err;
	err = open_fd(o, f);
	if (err)
		outfile__why(o->path, err, why, why_sz);
	return err;
}

/* ---- the process that guards it ---- */

#define NAME "calitrace-file"

enum word {
	WORD_KEEP = 1,
	WORD_DISCARD,
	WORD_LEAVE
};

static int put_in_place(struct outfile *f)
{
	return f->temp && rename(f->temp, f->path) ? -errno : 0;
}

static int take_away(struct outfile *f)
{
	return unlink(f->temp ? f->temp : f->path) ? -errno : 0;
}

/* It goes when its maker has gone, and not by the signal that ends both. */
static void keep_watch(struct outfile *f, int fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP };
	uint8_t word = WORD_DISCARD;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, NAME);
	/* a pipe's other end would wait for us */
	fd = dup2(fd, 0);
	syscall(SYS_close_range, 1u, ~0u, 0u);
	if (recv(fd, &word, sizeof(word), 0) != sizeof(word))
		word = WORD_DISCARD;
	if (word == WORD_KEEP)
		err = put_in_place(f);
	else if (word == WORD_DISCARD)
		err = take_away(f);
	(void)!send(fd, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(0);
}

int outfile__guard(struct outfile *f)
{
	int pair[2], err = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0)
		keep_watch(f, pair[1]);
	err = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (err) {
		close(pair[0]);
		return err;
	}
	f->keeper = pair[0];
	f->keeper_pid = pid;
	return 0;
}

/* By write(2) and read(2): who asks may do no more than that. */
static int ask_keeper(struct outfile *f, uint8_t word)
{
	int err = -EIO;

	if (write(f->keeper, &word, sizeof(word)) != sizeof(word) ||
	    read(f->keeper, &err, sizeof(err)) != sizeof(err))
		err = -EIO;
	close(f->keeper);
	f->keeper = -1;
	while (waitpid(f->keeper_pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err;
}

int outfile__keep(struct outfile *f)
{
	int err = f->keeper >= 0 ? ask_keeper(f, WORD_KEEP) : put_in_place(f);

	if (err)
		return err;
	free(f->temp);
	f->temp = NULL;
	return 0;
}

int outfile__close(struct outfile *f)
{
	int fd = f->fd;

	f->fd = -1;
	return fd >= 0 && close(fd) && errno != EINTR ? -errno : 0;
}

void outfile__discard(struct outfile *f)
{
	if (f->keeper >= 0)
		(void)ask_keeper(f, WORD_DISCARD);
	else
		(void)take_away(f);
	outfile__free(f);
}

void outfile__free(struct outfile *f)
{
	if (f->keeper >= 0)
		(void)ask_keeper(f, WORD_LEAVE);
	outfile__close(f);
	free(f->temp);
	f->temp = NULL;
}
