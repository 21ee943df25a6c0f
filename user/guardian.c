// SPDX-License-Identifier: GPL-2.0-only
#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "priv.h"
#include "util.h"

/* 15 characters, as many as a name can have */
#define NAME "calitrace-guard"

struct guardian {
	pid_t pid; /* 0: reaped */
	int fd;
};

enum word {
	WORD_MADE = 1,
	WORD_LEFT
};

struct message {
	uint32_t word, ifindex;
};

/* ---- the child ---- */

struct made {
	uint32_t *ifindex;
	size_t cnt, cap;
};

static void made__take(struct made *m, const struct message *msg)
{
	uint32_t *grown;
	size_t i;

	for (i = 0; i < m->cnt && m->ifindex[i] != msg->ifindex; i++)
		;
	if (msg->word == WORD_LEFT && i < m->cnt)
		m->ifindex[i] = m->ifindex[--m->cnt];
	if (msg->word != WORD_MADE || i < m->cnt)
		return;
	if (m->cnt == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 64;
		grown = realloc(m->ifindex, m->cap * sizeof(*grown));
		if (!grown)
			_exit(1); /* the tracer starts another one */
		m->ifindex = grown;
	}
	m->ifindex[m->cnt++] = msg->ifindex;
}

static void guard(struct clsact *c, int fd)
{
	struct made made = { 0 };
	struct message m;
	ssize_t n;
	int slot;

	apart_leave();
	priv_only_net_admin();
	prctl(PR_SET_NAME, NAME);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	slot = fcntl(clsact__slot_fd(c), F_DUPFD_CLOEXEC, 3);
	if (fd < 0 || slot < 0)
		_exit(1);
	apart_close_all_but(fd, slot);
	(void)!chdir("/");
	if (clsact__inherit(c))
		_exit(1);
	do {
		n = recv(fd, &m, sizeof(m), 0);
		if (n == sizeof(m))
			made__take(&made, &m);
	} while (n > 0 || (n < 0 && errno == EINTR));
	clsact__clean_after(c, made.ifindex, made.cnt);
	_exit(0);
}

/* ---- the tracer ---- */

int guardian__new(struct clsact *c, struct guardian **ret)
{
	struct guardian *g = calloc(1, sizeof(*g));
	int pair[2], err;

	if (!g)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		free(g);
		return err;
	}
	g->pid = fork();
	if (g->pid == 0) {
		close(pair[0]);
		guard(c, pair[1]);
	}
	err = g->pid < 0 ? -errno : 0;
	close(pair[1]);
	g->fd = pair[0];
	if (err) {
		close(g->fd);
		free(g);
		return err;
	}
	*ret = g;
	return 0;
}

void guardian__tell(struct guardian *g, uint32_t ifindex, bool made)
{
	const struct message m = { made ? WORD_MADE : WORD_LEFT, ifindex };

	/* if it was stopped and its queue is full, an empty qdisc may stay after both were killed */
	(void)!send(g->fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool guardian__alive(struct guardian *g)
{
	if (g->pid && waitpid(g->pid, NULL, WNOHANG))
		g->pid = 0;
	return g->pid;
}

void guardian__free(struct guardian *g)
{
	if (!g)
		return;
	/* before the socket's end would have it look at every device for nothing */
	if (guardian__alive(g)) {
		kill(g->pid, SIGKILL);
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(g->fd);
	free(g);
}
