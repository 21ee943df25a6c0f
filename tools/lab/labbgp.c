/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hundreds of BGP speakers in one process.  A BIRD cannot be that: it has one session with an
 * address at a time, and all these have theirs with the same node.
 *
 * Each line of standard input is one speaker: its address, then the prefixes that it announces,
 * with itself as the next hop.  They connect, again and again until they get through; what the
 * node announces is read and forgotten.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "labtool.h"

#define BGP_PORT 179
#define AS_NUMBER 64512
#define HOLD_S 240
#define KEEPALIVE_MS 60000
#define RETRY_MS 1000
#define MAX_SPEAKERS 1000
#define MAX_MESSAGE 4096
#define HEADER 19

enum message {
	M_OPEN = 1,
	M_UPDATE = 2,
	M_KEEPALIVE = 4
};

struct nlri {
	uint8_t len, addr[4];
};

struct speaker {
	struct in_addr addr;
	struct nlri *nlri;
	size_t count;
	int fd; /* -1: to be connected */
	bool told;
	size_t have; /* octets in buf, less than a message */
	uint8_t buf[MAX_MESSAGE];
};

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

/* The body is in place; a session that breaks is noticed by who reads next. */
static void message_send(struct speaker *s, enum message type, uint8_t *msg, size_t body)
{
	memset(msg, 0xff, 16);
	put16(msg + 16, HEADER + body);
	msg[18] = type;
	if (send(s->fd, msg, HEADER + body, MSG_NOSIGNAL) < 0)
		shutdown(s->fd, SHUT_RDWR);
}

static void open_send(struct speaker *s)
{
	uint8_t msg[HEADER + 10];

	msg[HEADER] = 4; /* the version */
	put16(msg + HEADER + 1, AS_NUMBER);
	put16(msg + HEADER + 3, HOLD_S);
	memcpy(msg + HEADER + 5, &s->addr, 4);
	msg[HEADER + 9] = 0; /* no capabilities */
	message_send(s, M_OPEN, msg, 10);
}

static void keepalive_send(struct speaker *s)
{
	uint8_t msg[HEADER];

	message_send(s, M_KEEPALIVE, msg, 0);
}

static void updates_send(struct speaker *s)
{
	/* No withdrawn routes; ORIGIN, an empty AS_PATH, NEXT_HOP, LOCAL_PREF 100 */
	uint8_t attrs[] = { 0, 0, 0, 21, 0x40, 1,    1, 0, 0x40, 2, 0, 0x40, 3,
			    4, 0, 0, 0,	 0,    0x40, 5, 4, 0,	 0, 0, 100 };
	uint8_t msg[MAX_MESSAGE];
	size_t i = 0, len;

	memcpy(attrs + 14, &s->addr, 4);
	while (i < s->count) {
		memcpy(msg + HEADER, attrs, sizeof(attrs));
		for (len = sizeof(attrs); i < s->count && HEADER + len + 5 <= sizeof(msg); i++) {
			size_t octets = (s->nlri[i].len + 7) / 8;

			msg[HEADER + len++] = s->nlri[i].len;
			memcpy(msg + HEADER + len, s->nlri[i].addr, octets);
			len += octets;
		}
		message_send(s, M_UPDATE, msg, len);
	}
}

static void speaker_connect(struct speaker *s, const struct sockaddr_in *to)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = s->addr };
	int fd = open_socket(SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&from, sizeof(from)))
		die("bind: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->have = 0;
	s->told = false;
	open_send(s);
}

/* One message of the node's is whole. */
static void speaker_hear(struct speaker *s, enum message type)
{
	if (type == M_OPEN)
		keepalive_send(s);
	if (type == M_KEEPALIVE && !s->told) {
		s->told = true;
		updates_send(s);
	}
}

static void speaker_read(struct speaker *s)
{
	ssize_t n = recv(s->fd, s->buf + s->have, sizeof(s->buf) - s->have, 0);
	size_t size;

	if (n <= 0) {
		close(s->fd);
		s->fd = -1;
		return;
	}
	for (s->have += n; s->have >= HEADER; s->have -= size) {
		size = s->buf[16] << 8 | s->buf[17];
		if (size < HEADER || size > sizeof(s->buf))
			die("a message of %zu octets", size);
		if (size > s->have)
			return;
		speaker_hear(s, s->buf[18]);
		memmove(s->buf, s->buf + size, s->have - size);
	}
}

static bool speaker_parse(struct speaker *s, char *line)
{
	char *save, *word = strtok_r(line, " \n", &save), text[INET_ADDRSTRLEN];
	unsigned int len;

	if (!word || inet_pton(AF_INET, word, &s->addr) != 1)
		return false;
	s->fd = -1;
	while ((word = strtok_r(NULL, " \n", &save))) {
		s->nlri = realloc(s->nlri, (s->count + 1) * sizeof(*s->nlri));
		if (!s->nlri || sscanf(word, "%15[0-9.]/%u", text, &len) != 2 || len > 32 ||
		    inet_pton(AF_INET, text, s->nlri[s->count].addr) != 1)
			die("not a prefix: %s", word);
		s->nlri[s->count++].len = len;
	}
	return true;
}

static size_t speakers_parse(struct speaker *speakers)
{
	char *line = NULL;
	size_t size = 0, n = 0;

	while (getline(&line, &size, stdin) > 0) {
		if (n == MAX_SPEAKERS)
			die("more than %d speakers", MAX_SPEAKERS);
		if (!speaker_parse(&speakers[n++], line))
			die("not an address: %s", line);
	}
	free(line);
	return n;
}

int cmd_bgp(const char *node)
{
	static struct pollfd polls[MAX_SPEAKERS];
	struct speaker *speakers = calloc(MAX_SPEAKERS, sizeof(*speakers));
	struct sockaddr_in to = address(node);
	int64_t next = now_ms() + KEEPALIVE_MS;
	size_t n = speakers ? speakers_parse(speakers) : 0;

	to.sin_port = htons(BGP_PORT);
	for (;;) {
		for (size_t i = 0; i < n; i++) {
			if (speakers[i].fd < 0)
				speaker_connect(&speakers[i], &to);
			polls[i] = (struct pollfd){ .fd = speakers[i].fd, .events = POLLIN };
		}
		poll(polls, n, RETRY_MS);
		for (size_t i = 0; i < n; i++)
			if (polls[i].revents)
				speaker_read(&speakers[i]);
		if (now_ms() < next)
			continue;
		next += KEEPALIVE_MS;
		for (size_t i = 0; i < n; i++)
			if (speakers[i].told)
				keepalive_send(&speakers[i]);
	}
}
