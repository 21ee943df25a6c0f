// SPDX-License-Identifier: GPL-2.0-only
/* Netlink questions and answers: see nlask.h. */
#include "nlask.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int nlask__open(int protocol)
{
	/* The kernel answers at once or not at all: this only keeps us from hanging forever. */
	const struct timeval limit = { .tv_sec = 5 };
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd, err;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    bind(fd, (const struct sockaddr *)&any, sizeof(any))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int send_question(int fd, struct nl_msg *msg, uint32_t seq)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	ssize_t n;

	nlh->nlmsg_seq = seq;
	do {
		n = sendto(fd, nlh, nlh->nlmsg_len, 0, (const struct sockaddr *)&kernel,
			   sizeof(kernel));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Bytes in buf, or -errno; what does not come from the kernel is not looked at */
static ssize_t receive(int fd, void *buf)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len;
	ssize_t n;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, NLASK_BUF_SZ, MSG_TRUNC, (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (len != sizeof(from) || from.nl_pid)
			continue;
		return n > NLASK_BUF_SZ ? -EMSGSIZE : n;
	}
}

/* As the kernel's MAX_ERRNO */
#define ERRNO_MAX 4095

/* The int that starts NLMSG_DONE and NLMSG_ERROR; NLMSG_DONE may come without */
static int end_code(struct nlmsghdr *nlh)
{
	int code;

	if (nlmsg_datalen(nlh) < (int)sizeof(code))
		return nlh->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&code, nlmsg_data(nlh), sizeof(code));
	return code > 0 || code < -ERRNO_MAX ? -EBADMSG : code;
}

struct answers {
	nlask_fn fn;
	void *ctx;
	uint32_t seq;
	bool done, intr;
};

static int take_datagram(struct answers *a, void *buf, int left)
{
	struct nlmsghdr *nlh;
	int err;

	for (nlh = buf; !a->done && nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		/* The rest of a dump that was given up before */
		if (nlh->nlmsg_seq != a->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			a->intr = true;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
			a->done = true;
			return end_code(nlh);
		}
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		err = a->fn(a->ctx, nlh);
		if (err < 0)
			return err;
	}
	return 0;
}

int nlask(int fd, struct nl_msg *msg, nlask_fn fn, void *ctx)
{
	struct answers a = { .fn = fn, .ctx = ctx };
	struct timespec now;
	ssize_t n;
	void *buf;
	int err;

	buf = malloc(NLASK_BUF_SZ);
	if (!buf)
		return -ENOMEM;
	/* Only has to differ from that of the question before on this socket */
	clock_gettime(CLOCK_MONOTONIC, &now);
	a.seq = (uint32_t)now.tv_nsec;
	err = send_question(fd, msg, a.seq);
	while (!err && !a.done) {
		n = receive(fd, buf);
		err = n < 0 ? (int)n : take_datagram(&a, buf, (int)n);
	}
	free(buf);
	return err ? err : a.intr ? -EINTR : 0;
}
