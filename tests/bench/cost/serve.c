// SPDX-License-Identifier: GPL-2.0-only
/* The other end of measured traffic: a process for each protocol. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define BATCH 64

static int bound(int type, uint16_t port)
{
	struct sockaddr_in s = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0)
		return load_die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&s, sizeof(s)))
		return load_die("bind");
	return fd;
}

/*
 * A flood's datagrams are not waited for, else each would pay for a wake-up: they are fetched every
 * few milliseconds, and the buffer holds what comes in between.
 */
static void serve_udp(void)
{
	static char data[BATCH][64];
	struct iovec iov[BATCH];
	struct mmsghdr m[BATCH] = {};
	int fd = bound(SOCK_DGRAM, LOAD_UDP_PORT), big = 64 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ .iov_base = data[i], .iov_len = sizeof(data[i]) };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		if (recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL) <= 0)
			usleep(5000);
	}
}

/* An answer is its question with the answer's bit, and an address in the case of DNS. */
static void serve_dns(void)
{
	static const unsigned char address[] = { 0xc0, 12, 0, 1, 0,   1,  0, 0,
						 0,    30, 0, 4, 198, 18, 2, 1 };
	int fd = bound(SOCK_DGRAM, LOAD_DNS_PORT), big = 8 << 20;
	unsigned char q[512 + sizeof(address)];
	struct sockaddr_in from;
	socklen_t len;
	ssize_t n;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, q, 512, 0, (void *)&from, &len);
		if (n < 12)
			continue;
		q[2] |= 0x80;
		q[7] = 1;
		memcpy(q + n, address, sizeof(address));
		(void)sendto(fd, q, (size_t)n + sizeof(address), 0, (void *)&from, len);
	}
}

/* One connection at a time, as there is one client */
static void serve_tcp(void)
{
	struct timeval limit = { .tv_sec = 1 };
	int fd = bound(SOCK_STREAM, LOAD_TCP_PORT), c;
	char byte;

	if (listen(fd, 64))
		load_die("listen");
	for (;;) {
		c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		(void)setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (recv(c, &byte, 1, 0) == 1)
			(void)send(c, &byte, 1, MSG_NOSIGNAL);
		close(c);
	}
}

int load_serve(uint32_t secs)
{
	void (*const servers[])(void) = { serve_udp, serve_dns, serve_tcp };

	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
		pid_t pid = fork();

		if (pid < 0)
			return load_die("fork");
		if (pid)
			continue;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(secs + 20);
		servers[i]();
	}
	/* all have their sockets by then; a client that comes too early is refused, and says so */
	usleep(200000);
	puts("ready");
	fflush(stdout);
	for (; secs; secs--) {
		sleep(1);
		if (waitpid(-1, NULL, WNOHANG) > 0)
			return 1;
	}
	return 0;
}
