// SPDX-License-Identifier: GPL-2.0-only
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

/* go: a word comes through it, or its other end closes. tell: the reason why it could not be run */
static void wait_and_exec(char *const *argv, bool quiet_stdout, int go, int tell)
{
	sigset_t none;
	uint8_t word;
	ssize_t n;
	int err;

	do
		n = read(go, &word, sizeof(word));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(word))
		_exit(0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* its words must not mix with our data */
	if (quiet_stdout)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(argv[0], argv);
	err = errno;
	(void)!write(tell, &err, sizeof(err));
	_exit(err == ENOENT ? 127 : 126);
}

static void close_pipe(int fd[2])
{
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

int child__prepare(struct child *c, char *const *argv, bool quiet_stdout)
{
	int go[2] = { -1, -1 }, tell[2] = { -1, -1 }, err;
	pid_t pid;

	fflush(NULL);
	if (pipe2(go, O_CLOEXEC) || pipe2(tell, O_CLOEXEC) || (pid = fork()) < 0) {
		err = -errno;
		close_pipe(go);
		close_pipe(tell);
		return err;
	}
	if (pid == 0) {
		close(go[1]);
		close(tell[0]);
		wait_and_exec(argv, quiet_stdout, go[0], tell[1]);
	}
	close(go[0]);
	close(tell[1]);
	c->name = argv[0];
	c->waiting = pid;
	c->go = go[1];
	c->tell = tell[0];
	return 0;
}

/* The pipe closes when the program starts; else the reason why it did not comes through it. */
void child__start(struct child *c)
{
	const uint8_t word = 1;
	int err = 0;

	c->pid = c->waiting;
	c->waiting = 0;
	if (write(c->go, &word, sizeof(word)) != sizeof(word))
		err = errno;
	close(c->go);
	if (!err && read(c->tell, &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(c->tell);
	if (!err)
		return;
	log_err("cannot run '%s': %s", c->name, strerror(err));
	c->failed = true;
	c->status = err == ENOENT ? 127 : 126;
	c->pid = 0;
}

void child__cancel(struct child *c)
{
	if (!c->waiting)
		return;
	close(c->go);
	close(c->tell);
	while (waitpid(c->waiting, NULL, 0) < 0 && errno == EINTR)
		;
	c->waiting = 0;
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
