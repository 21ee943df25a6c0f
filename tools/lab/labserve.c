/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Servers with their moods.
 *
 *   labtool serve dns ADDRESS[:PORT] DELAY_MS [RCODE]
 *                                               answers every question with 10.96.0.1, or
 *                                               with that RCODE, which is no address
 *   labtool serve silent ADDRESS[:PORT]         reads and never answers
 *   labtool serve stuck ADDRESS[:PORT]          never reads; its queues are full from the start
 *   labtool serve http ADDRESS:PORT             answers any request with 200 and closes
 *
 * All over UDP and TCP at once.  Small on purpose: a request comes in one piece.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "labtool.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

enum {
	CLIENTS = 64,
	WAITING = 256,
	MESSAGE = 512,
	BACKLOG = 16,
};

enum mood {
	MOOD_DNS,
	MOOD_SILENT,
	MOOD_STUCK,
	MOOD_HTTP,
};

/* An answer that is not due yet */
struct answer {
	int64_t due_ms;
	int fd; /* -1 if none */
	struct sockaddr_in to;
	size_t len;
	uint8_t text[2 + MESSAGE];
	bool tcp;
};

struct server {
	enum mood mood;
	int delay_ms, rcode;
	int udp, tcp;
	int clients[CLIENTS];
	struct answer waiting[WAITING];
};

static int bound(int type, const struct sockaddr_in *at)
{
	int fd = open_socket(type, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)))
		die("bind: %s", strerror(errno));
	return fd;
}

/* ---- stuck ---- */

static void small_buffer(int fd)
{
	int size = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void send_one(const struct sockaddr_in *to)
{
	static int fd = -1;
	char junk = 0;

	if (fd < 0)
		fd = open_socket(SOCK_DGRAM, 0);
	if (sendto(fd, &junk, 1, 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
		die("sendto: %s", strerror(errno));
}

/* Has it arrived? The loopback's packets may wait for ksoftirqd, on a busy machine for long. */
static void await_one(int fd, uint32_t mem[SK_MEMINFO_VARS])
{
	uint32_t held = mem[SK_MEMINFO_RMEM_ALLOC], dropped = mem[SK_MEMINFO_DROPS];
	socklen_t len = SK_MEMINFO_VARS * sizeof(*mem);

	for (int i = 0; i < 5000; i++) {
		if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len))
			die("SO_MEMINFO: %s", strerror(errno));
		if (mem[SK_MEMINFO_RMEM_ALLOC] != held || mem[SK_MEMINFO_DROPS] != dropped)
			return;
		usleep(1000);
	}
	die("a packet to myself did not arrive within 5 s");
}

/* How many packets fit into a small buffer: kernels differ in how they count. */
static int capacity(struct sockaddr_in at)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t at_len = sizeof(at);
	int fd, n = 0;

	at.sin_port = 0;
	fd = bound(SOCK_DGRAM, &at);
	small_buffer(fd);
	getsockname(fd, (struct sockaddr *)&at, &at_len);
	for (; n < 1000 && !mem[SK_MEMINFO_DROPS]; n++) {
		send_one(&at);
		await_one(fd, mem);
	}
	close(fd);
	return n - 1;
}

/*
 * Fill the own queues up to the brim and not beyond: the first packet from outside is the
 * first that is dropped.  What does not fit is found out on a port that nobody watches.
 */
static void stuck(const struct sockaddr_in *at)
{
	int udp = bound(SOCK_DGRAM, at), tcp = bound(SOCK_STREAM, at), client;

	small_buffer(udp);
	for (int n = capacity(*at); n > 0; n--)
		send_one(at);
	if (listen(tcp, 0))
		die("listen: %s", strerror(errno));
	client = open_socket(SOCK_STREAM, 0);
	if (connect(client, (const struct sockaddr *)at, sizeof(*at)))
		die("connect: %s", strerror(errno));
	for (;;)
		pause();
}

/* ---- the others ---- */

/*
 * The question and one address, whatever was asked, or why there is none; additional records are
 * not repeated.
 */
static size_t dns_answer(uint8_t *out, const uint8_t *in, size_t len, int rcode)
{
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 96, 0, 1 };
	size_t end = 12;

	if (len < 17)
		return 0;
	while (end < len && in[end])
		end += in[end] + 1;
	end += 5;
	if (end > len || end + sizeof(record) > MESSAGE)
		return 0;
	memcpy(out, in, end);
	out[2] |= 0x84;	       /* response, authoritative */
	out[3] = 0x80 | rcode; /* recursion available */
	memset(out + 4, 0, 8);
	out[5] = 1;
	if (rcode)
		return end;
	out[7] = 1;
	memcpy(out + end, record, sizeof(record));
	return end + sizeof(record);
}

static void answer_send(struct answer *a)
{
	uint8_t *text = a->tcp ? a->text : a->text + 2;
	size_t len = a->tcp ? a->len + 2 : a->len;

	a->text[0] = a->len >> 8;
	a->text[1] = a->len & 0xff;
	/* Who asked may be gone. */
	if (sendto(a->fd, text, len, MSG_NOSIGNAL, a->tcp ? NULL : (struct sockaddr *)&a->to,
		   a->tcp ? 0 : sizeof(a->to)) < 0)
		fprintf(stderr, "labtool: answer: %s\n", strerror(errno));
	a->fd = -1;
}

static void question(struct server *s, int fd, const struct sockaddr_in *from, const uint8_t *text,
		     size_t len)
{
	struct answer *a = s->waiting;

	if (s->mood == MOOD_SILENT)
		return;
	while (a < s->waiting + WAITING && a->fd >= 0)
		a++;
	if (a == s->waiting + WAITING)
		return;
	a->tcp = !from;
	if (from)
		a->to = *from;
	a->len = dns_answer(a->text + 2, text, len, s->rcode);
	a->due_ms = now_ms() + s->delay_ms;
	if (!a->len)
		return;
	a->fd = fd;
	if (!s->delay_ms)
		answer_send(a);
}

static void udp_ready(struct server *s)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	uint8_t text[MESSAGE];
	ssize_t n = recvfrom(s->udp, text, sizeof(text), 0, (struct sockaddr *)&from, &from_len);

	if (n > 0)
		question(s, s->udp, &from, text, n);
}

static void tcp_accept(struct server *s)
{
	int fd = accept4(s->tcp, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < CLIENTS; i++)
		if (s->clients[i] < 0) {
			s->clients[i] = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

static void client_gone(struct server *s, int *fd)
{
	for (int i = 0; i < WAITING; i++)
		if (s->waiting[i].fd == *fd)
			s->waiting[i].fd = -1;
	close(*fd);
	*fd = -1;
}

static void client_ready(struct server *s, int *fd)
{
	static const char ok[] = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
	uint8_t text[2 + MESSAGE];
	ssize_t n = recv(*fd, text, sizeof(text), 0);

	if (n > 2 && s->mood != MOOD_HTTP) {
		question(s, *fd, NULL, text + 2, n - 2);
		return;
	}
	if (n > 0 && s->mood == MOOD_HTTP && send(*fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) < 0)
		fprintf(stderr, "labtool: answer: %s\n", strerror(errno));
	client_gone(s, fd);
}

/* Sends what is due; how long until the next is, in milliseconds, -1 if none waits. */
static int due(struct server *s)
{
	int64_t now = now_ms(), next = -1;

	for (struct answer *a = s->waiting; a < s->waiting + WAITING; a++) {
		if (a->fd < 0)
			continue;
		if (a->due_ms <= now)
			answer_send(a);
		else if (next < 0 || a->due_ms - now < next)
			next = a->due_ms - now;
	}
	return next;
}

static void serve(struct server *s)
{
	struct pollfd p[2 + CLIENTS];

	for (;;) {
		p[0] = (struct pollfd){ .fd = s->udp, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = s->tcp, .events = POLLIN };
		for (int i = 0; i < CLIENTS; i++)
			p[2 + i] = (struct pollfd){ .fd = s->clients[i], .events = POLLIN };
		if (poll(p, 2 + CLIENTS, due(s)) < 0)
			die("poll: %s", strerror(errno));
		if (p[0].revents)
			udp_ready(s);
		for (int i = 0; i < CLIENTS; i++)
			if (p[2 + i].revents)
				client_ready(s, &s->clients[i]);
		if (p[1].revents)
			tcp_accept(s);
	}
}

/* KIND ADDRESS[:PORT] [DELAY_MS [RCODE]]; does not return */
int cmd_serve(int argc, char **argv)
{
	static const char *const moods[] = { "dns", "silent", "stuck", "http" };
	static struct server s;
	struct sockaddr_in at;

	if (argc < 2 || argc > 4)
		die("serve dns|silent|stuck|http ADDRESS[:PORT] [DELAY_MS [RCODE]]");
	while (strcmp(moods[s.mood], argv[0]))
		if (++s.mood == sizeof(moods) / sizeof(*moods))
			die("no such server: %s", argv[0]);
	at = address(argv[1]);
	if (s.mood == MOOD_STUCK)
		stuck(&at);
	s.delay_ms = argc >= 3 ? number(argv[2]) : 0;
	s.rcode = argc == 4 ? number(argv[3]) & 15 : 0;
	for (int i = 0; i < CLIENTS; i++)
		s.clients[i] = -1;
	for (int i = 0; i < WAITING; i++)
		s.waiting[i].fd = -1;
	s.udp = bound(SOCK_DGRAM, &at);
	s.tcp = bound(SOCK_STREAM, &at);
	/* Last, as this is what others wait for. */
	if (listen(s.tcp, BACKLOG))
		die("listen: %s", strerror(errno));
	serve(&s);
	return 0;
}
