// SPDX-License-Identifier: GPL-2.0-only
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

static void exec_it(char *const *argv, int netns, bool quiet_stdout, int tell)
{
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		_exit(126);
	/* its words must not mix with our data */
	if (quiet_stdout)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(argv[0], argv);
	err = errno;
	(void)!write(tell, &err, sizeof(err));
	_exit(err == ENOENT ? 127 : 126);
}

/* The pipe closes when the program starts; else the reason why it did not comes through it. */
void child__start(struct child *c, char *const *argv, int netns, bool quiet_stdout)
{
	int tell[2] = { -1, -1 }, err = 0;

	fflush(NULL);
	if (pipe2(tell, O_CLOEXEC) || (c->pid = fork()) < 0)
		err = errno;
	else if (c->pid == 0)
		exec_it(argv, netns, quiet_stdout, tell[1]);
	if (tell[1] >= 0)
		close(tell[1]);
	if (!err && read(tell[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	if (tell[0] >= 0)
		close(tell[0]);
	if (!err)
		return;
	log_err("cannot run '%s': %s", argv[0], strerror(err));
	c->failed = true;
	c->status = err == ENOENT ? 127 : 126;
	c->pid = 0;
}

bool child__reap(struct child *c)
{
	int st;

	if (!c->pid || waitpid(c->pid, &st, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	c->status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	return true;
}

bool child__gone(const struct child *c)
{
	siginfo_t si = { 0 };

	return c->pid && !waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT) &&
	       si.si_pid == c->pid;
}

void child__end(struct child *c)
{
	if (c->pid)
		kill(c->pid, SIGTERM);
}
