/* SPDX-License-Identifier: GPL-2.0-only */
/* The program after `--`: runs in the namespace and with the rights that the caller came with. */
#ifndef CALITRACE_CHILD_H
#define CALITRACE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;   /* 0: none, or ended */
	int status;  /* as a shell would say it; -1: there was none, or it still runs */
	bool failed; /* it could not be run, and that was told */
	/* between child__prepare() and child__start() */
	pid_t waiting;
	int go, tell;
	const char *name;
};

/*
 * Makes the process that is going to be the program, and waits: in the namespace and with the rights of
 * now, whatever we lose meanwhile. argv is borrowed; quiet_stdout: what it prints goes to stderr.
 * 0 or -errno
 */
int child__prepare(struct child *c, char *const *argv, bool quiet_stdout);
/* Runs it, once, after child__prepare(). Sets failed and status if it cannot be run. */
void child__start(struct child *c);
/* Nothing will be run; nothing happens if it was. */
void child__cancel(struct child *c);
/* True if it has ended just now */
bool child__reap(struct child *c);
/* It has ended, and is to be reaped yet */
bool child__gone(const struct child *c);
/* Asks it to end, if it still runs; does not wait */
void child__end(struct child *c);

#endif
