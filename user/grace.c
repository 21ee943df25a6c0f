// SPDX-License-Identifier: GPL-2.0-only
#include "grace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "priv.h"
#include "util.h"

#define NAME "calitrace-grace"

struct grace {
	int fd;	      /* of the switch */
	pid_t child;  /* 0: none, and the switch was not touched */
	int alive_fd; /* closed when we end, however we do */
};

/* Only if it has the value that it is expected to have, of one digit: "0\n" */
static bool turn(int fd, char from, char to)
{
	char is[2] = "";

	return pread(fd, is, sizeof(is), 0) > 0 && is[0] == from && (!is[1] || is[1] == '\n') &&
	       pwrite(fd, &to, 1, 0) == 1;
}

/* ---- the child ---- */

/* fd[1] is its end of the pair, over which nothing is ever sent to it */
static void watch_over(int sw, const int pair[2])
{
	int fd = fcntl(pair[1], F_DUPFD_CLOEXEC, 3), own = fcntl(sw, F_DUPFD_CLOEXEC, 3);
	char c = 0;

	apart_leave();
	priv_none();
	prctl(PR_SET_NAME, NAME);
	if (fd < 0 || own < 0)
		_exit(1);
	apart_close_all_but(fd, own);
	(void)!chdir("/");
	if (write(fd, &c, 1) != 1)
		_exit(1);
	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
	turn(own, '1', '0');
	_exit(0);
}

/* ---- the tracer ---- */

struct grace *grace__new(const char *path)
{
	struct grace *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->fd = open(path, O_RDWR | O_CLOEXEC);
	if (g->fd >= 0)
		return g;
	log_debug("%s: %s: many devices take longer to attach", path, strerror(errno));
	free(g);
	return NULL;
}

static void end_child(struct grace *g)
{
	/* what it is for is done; it may have been stopped, so it is not asked */
	kill(g->child, SIGKILL);
	while (waitpid(g->child, NULL, 0) < 0 && errno == EINTR)
		;
	close(g->alive_fd);
	g->child = 0;
}

/* The child is there, with signals and descriptors settled, before there is anything to undo. */
static bool start_child(struct grace *g)
{
	int pair[2];
	ssize_t n;
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return false;
	g->child = fork();
	if (g->child == 0)
		watch_over(g->fd, pair);
	close(pair[1]);
	g->alive_fd = pair[0];
	if (g->child < 0) {
		g->child = 0;
		close(pair[0]);
		return false;
	}
	do
		n = read(pair[0], &c, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		end_child(g);
	return n == 1;
}

void grace__hurry(struct grace *g)
{
	char is = 0;

	if (!g || g->child || pread(g->fd, &is, 1, 0) != 1 || is != '0')
		return;
	if (start_child(g) && !turn(g->fd, '0', '1'))
		end_child(g);
}

void grace__calm(struct grace *g)
{
	if (!g || !g->child)
		return;
	turn(g->fd, '1', '0');
	end_child(g);
}

void grace__free(struct grace *g)
{
	if (!g)
		return;
	grace__calm(g);
	close(g->fd);
	free(g);
}
