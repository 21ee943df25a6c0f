/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of -w, whichever command makes it: new, mode 0600, never through a link, never over what
 * is read or is no regular file. With --force an earlier file stays until outfile__keep().
 */
#ifndef CALITRACE_OUTFILE_H
#define CALITRACE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct outfile_opts {
	const char *path;	 /* borrowed, as all here */
	bool force;		 /* a regular file is replaced */
	bool stdout_too;	 /* "-w -" is another way: for what is said */
	const char *const *keep; /* files that are not replaced, as they are to be read */
	size_t keep_cnt;
};

struct outfile {
	const char *path; /* borrowed */
	char *temp; /* where it is written until outfile__keep(), beside path; NULL: in place */
	int fd;	    /* -1: closed */
	pid_t keeper_pid; /* see outfile__guard() */
	int keeper;	  /* its socket; -1: there is none */
};

#define OUTFILE_NONE ((struct outfile){ .fd = -1, .keeper = -1 })

/* May it be made? Nothing is touched. 0, or -errno with one line in why. */
int outfile__check(const struct outfile_opts *o, char *why, size_t why_sz);
/* Opens it for writing; f->fd is the caller's to write to. 0, or -errno with one line in why. */
int outfile__open(const struct outfile_opts *o, struct outfile *f, char *why, size_t why_sz);
/*
 * From here on a process of its own keeps or discards the file, on our word: for who is going to lose
 * the right to rename and to unlink. Should we end without a word, it is discarded. 0 or -errno
 */
int outfile__guard(struct outfile *f);
/* It takes the place of an earlier file; before that, nobody sees it by its name. 0 or -errno */
int outfile__keep(struct outfile *f);
/* 0 or -errno: a quota or a server far away may tell only now. */
int outfile__close(struct outfile *f);
/* Closes and removes it; what it was to replace stays. */
void outfile__discard(struct outfile *f);
/* Memory and descriptor; no file is touched. */
void outfile__free(struct outfile *f);

/* One line: why path could not be made */
void outfile__why(const char *path, int err, char *why, size_t why_sz);

#endif
