/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labtool - what the lab needs and a shell does badly
 *
 *   labtool await SECONDS         conditions on stdin, one a line; see struct cond_type
 *   labtool bird SOCKET COMMAND   one command to BIRD's control socket
 *   labtool KIND ADDRESS[:PORT] [NAME]   one kind of traffic; see struct kind
 *   labtool filter ...            a TC filter of another owner than calitrace; see labbpf.c
 *   labtool xdp DEVICE            a generic XDP program that drops IPv4
 *   labtool serve ...             servers with their moods; see labserve.c
 *   labtool bgp ADDRESS           many BGP speakers that peer with that node; see labbgp.c
 *   labtool foreign PREFIX        deletes that route again and again; see labroute.c
 *
 * Waiting is here because a poll loop in shell costs a fork and an exec for each node and
 * round, which in an emulated machine is most of its time.  BIRD's own client is not used
 * because it wants libreadline.  Exit status: 0 done, 1 no (right) answer in time, 2 trouble.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "labtool.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define REPLY_TIMEOUT_MS 2000
#define POLL_MS 50
#define SMALL_SIZE 48
#define BIG_SIZE 1200
#define WORDS 6 /* the longest condition */

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("labtool: ", stderr);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

int number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 0 || n > 1000000)
		die("not a number: %s", text);
	return n;
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- BIRD ---- */

/*
 * Ask one question; the whole reply goes to buf.  A reply ends with a line of four digits
 * and a blank, and the greeting has that form too: so the second such line is the end.
 */
static int bird_ask(const char *path, const char *question, char *buf, size_t size)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = 2 };
	size_t len = 0, line = 0;
	int fd, ends = 0;
	ssize_t n;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) || dprintf(fd, "%s\n", question) < 0) {
		n = -errno;
		close(fd);
		return n;
	}
	while (ends < 2 && len + 1 < size) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += n;
		for (char *nl; (nl = memchr(buf + line, '\n', len - line)); line = nl - buf + 1)
			if (nl - (buf + line) >= 5 && isdigit(buf[line]) && buf[line + 4] == ' ')
				ends++;
	}
	buf[len] = '\0';
	close(fd);
	return ends == 2 ? 0 : -EPROTO;
}

static int cmd_bird(const char *path, const char *question)
{
	static char buf[1 << 20];
	int err = bird_ask(path, question, buf, sizeof(buf));

	if (err)
		die("%s: %s", path, strerror(-err));
	fputs(buf, stdout);
	return 0;
}

/*
 * Count the lines of "show protocols" that hold the word.  A protocol in state "wait" is
 * one that still holds routes back for a graceful restart: then nothing counts.
 */
static int bird_count(const char *path, const char *word)
{
	static char buf[1 << 18];
	char *save, *line;
	int n = 0;

	if (bird_ask(path, "show protocols", buf, sizeof(buf)))
		return -1;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char state[16];

		if (sscanf(line, "%*s %*s %*s %15s", state) == 1 && !strcmp(state, "wait"))
			return -1;
		n += strstr(line, word) != NULL;
	}
	return n;
}

/* ---- conditions ---- */

struct route {
	char dev[16];
	char gateway[INET_ADDRSTRLEN];
	bool rejects;
};

/* Later look-ups are made in this namespace. False if there is none of the name. */
static bool enter(const char *ns)
{
	static char current[256];
	int fd;

	if (!strcmp(ns, current))
		return true;
	fd = open(ns, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (setns(fd, CLONE_NEWNET))
		die("setns %s: %s", ns, strerror(errno));
	close(fd);
	snprintf(current, sizeof(current), "%s", ns);
	return true;
}

/* The namespace has forwarded so many packets in all, as its counter has it. */
static bool is_forwarded(char **w)
{
	unsigned long long count = 0;
	char line[512];
	FILE *f;

	if (!enter(w[1]))
		return false;
	f = fopen("/proc/self/net/snmp", "re");
	if (!f)
		die("/proc/self/net/snmp: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Ip: %*u %*u %*u %*u %*u %llu", &count) == 1)
			break;
	fclose(f);
	return count >= (unsigned long long)number(w[2]);
}

/* The route of exactly this prefix in table main of the namespace, as /proc shows it. */
static bool route_find(const char *ns, const char *prefix, struct route *out)
{
	char text[INET_ADDRSTRLEN], line[256];
	unsigned int dst, gw, flags, mask, len;
	struct in_addr want;
	bool found = false;
	FILE *f;

	if (sscanf(prefix, "%15[0-9.]/%u", text, &len) != 2 || inet_aton(text, &want) == 0 ||
	    len > 32)
		die("not a prefix: %s", prefix);
	if (!enter(ns))
		return false;
	f = fopen("/proc/self/net/route", "re");
	if (!f)
		die("/proc/self/net/route: %s", strerror(errno));
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %x %x %x %*d %*d %*d %x", out->dev, &dst, &gw, &flags,
			   &mask) != 5)
			continue;
		if (dst != want.s_addr || __builtin_popcount(mask) != (int)len)
			continue;
		found = true;
		out->rejects = flags & 0x200; /* RTF_REJECT */
		inet_ntop(AF_INET, &gw, out->gateway, sizeof(out->gateway));
	}
	fclose(f);
	return found;
}

static bool is_route(char **w)
{
	struct route r;

	return route_find(w[1], w[2], &r) && !strcmp(r.gateway, w[3]) && !strcmp(r.dev, w[4]);
}

static bool is_gone(char **w)
{
	struct route r;

	return !route_find(w[1], w[2], &r);
}

static bool is_reject(char **w)
{
	struct route r;

	return route_find(w[1], w[2], &r) && r.rejects;
}

static bool is_established(char **w)
{
	return bird_count(w[1], "Established") == number(w[2]);
}

static bool is_failing(char **w)
{
	return bird_count(w[1], "Socket: ") == number(w[2]);
}

/* BIRD waits for sessions that were there before it was restarted. */
static bool is_recovering(char **w)
{
	static char buf[1 << 16];

	return !bird_ask(w[1], "show status", buf, sizeof(buf)) &&
	       strstr(buf, "Graceful restart recovery in progress");
}

/* Exited, if perhaps not yet waited for: in a small virtual machine nobody does. */
static bool is_dead(char **w)
{
	char path[64], line[512], *p;
	bool dead = true;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", w[1]);
	f = fopen(path, "re");
	if (!f)
		return true;
	if (fgets(line, sizeof(line), f)) {
		p = strrchr(line, ')');
		dead = p && (p[2] == 'Z' || p[2] == 'X');
	}
	fclose(f);
	return dead;
}

static bool is_file(char **w)
{
	return access(w[1], F_OK) == 0;
}

/* A TCP socket listens on the port in that namespace. */
static bool is_listening(char **w)
{
	unsigned int port = number(w[2]), seen, state;
	bool found = false;
	char line[256];
	FILE *f;

	if (!enter(w[1]))
		return false;
	f = fopen("/proc/self/net/tcp", "re");
	if (!f)
		die("/proc/self/net/tcp: %s", strerror(errno));
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, " %*d: %*x:%x %*x:%*x %x", &seen, &state) == 2 &&
			seen == port && state == TCP_LISTEN;
	fclose(f);
	return found;
}

struct cond_type {
	const char *name;
	int words;
	bool (*holds)(char **words);
};

static const struct cond_type cond_types[] = {
	{ "route", 5, is_route },	      /* NETNS PREFIX GATEWAY DEVICE */
	{ "gone", 3, is_gone },		      /* NETNS PREFIX */
	{ "reject", 3, is_reject },	      /* NETNS PREFIX: unreachable or prohibit */
	{ "established", 3, is_established }, /* SOCKET COUNT */
	{ "failing", 3, is_failing },	      /* SOCKET COUNT: sessions with a socket error */
	{ "recovering", 2, is_recovering },   /* SOCKET: a graceful restart goes on */
	{ "dead", 2, is_dead },		      /* PID */
	{ "file", 2, is_file },		      /* PATH */
	{ "listening", 3, is_listening },     /* NETNS PORT */
	{ "forwarded", 3, is_forwarded },     /* NETNS PACKETS: since there is a counter */
};

struct cond {
	const struct cond_type *type;
	char *words[WORDS];
	struct cond *next;
};

static struct cond *cond_parse(char *line)
{
	struct cond *c = calloc(1, sizeof(*c));
	char *save, *word;
	int n = 0;

	if (!c)
		die("out of memory");
	for (word = strtok_r(strdup(line), " \n", &save); word && n < WORDS;
	     word = strtok_r(NULL, " \n", &save))
		c->words[n++] = word;
	for (size_t i = 0; n && i < sizeof(cond_types) / sizeof(*cond_types); i++)
		if (!strcmp(cond_types[i].name, c->words[0]) && cond_types[i].words == n)
			c->type = &cond_types[i];
	if (!c->type)
		die("no such condition: %s", line);
	return c;
}

/*
 * All have to hold in one round: a route may come and go while BIRD makes up its mind.
 */
static int cmd_await(const char *seconds)
{
	int64_t deadline = now_ms() + (int64_t)number(seconds) * 1000;
	struct cond *all = NULL, **tail = &all, *c;
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		*tail = cond_parse(line);
		tail = &(*tail)->next;
	}
	for (;;) {
		for (c = all; c && c->type->holds(c->words); c = c->next)
			;
		if (!c)
			return 0;
		if (now_ms() >= deadline)
			break;
		poll(NULL, 0, POLL_MS);
	}
	fprintf(stderr, "labtool: after %s s still not so:\n", seconds);
	for (c = all; c; c = c->next) {
		if (c->type->holds(c->words))
			continue;
		for (int i = 0; i < c->type->words; i++)
			fprintf(stderr, "%s%s", i ? " " : "    ", c->words[i]);
		fputc('\n', stderr);
	}
	return 1;
}

/* ---- traffic ---- */

static size_t dns_query(uint8_t *buf, uint16_t id, const char *name)
{
	static const uint8_t
		header[12] = { [2] = 1 /* recursion desired */, [5] = 1 /* question */ };
	static const uint8_t tail[4] = { 0, 1 /* A */, 0, 1 /* IN */ };
	uint8_t *p = buf + sizeof(header);

	if (strlen(name) > 200)
		die("name too long");
	memcpy(buf, header, sizeof(header));
	buf[0] = id >> 8;
	buf[1] = id & 0xff;
	while (*name) {
		size_t n = strcspn(name, ".");

		*p++ = n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	memcpy(p, tail, sizeof(tail));
	return p + sizeof(tail) - buf;
}

int open_socket(int type, int proto)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, proto);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	return fd;
}

struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(DNS_PORT) };
	const char *colon = strchrnul(text, ':');
	char ip[INET_ADDRSTRLEN];

	snprintf(ip, sizeof(ip), "%.*s", (int)(colon - text), text);
	if (inet_aton(ip, &sa.sin_addr) == 0)
		die("not an address: %s", text);
	if (*colon)
		sa.sin_port = htons(number(colon + 1));
	return sa;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, REPLY_TIMEOUT_MS) == 1;
}

static bool dns_answered(int fd, uint16_t id)
{
	uint8_t buf[4096];
	ssize_t n;

	if (!readable(fd))
		return false;
	n = recv(fd, buf, sizeof(buf), 0);
	return n >= 12 && (buf[0] << 8 | buf[1]) == id && buf[2] & 0x80;
}

static int udp_connect(const struct sockaddr_in *to)
{
	int fd = open_socket(SOCK_DGRAM, 0);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		die("connect: %s", strerror(errno));
	return fd;
}

static int udp_connected(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[256];
	size_t len = dns_query(query, 0x1111, name);
	int fd = udp_connect(to);

	return send(fd, query, len, 0) == (ssize_t)len && dns_answered(fd, 0x1111) ? 0 : 1;
}

static int udp_unconnected(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[256];
	size_t len = dns_query(query, 0x2222, name);
	int fd = open_socket(SOCK_DGRAM, 0);

	if (sendto(fd, query, len, 0, (const struct sockaddr *)to, sizeof(*to)) != (ssize_t)len)
		return 1;
	return dns_answered(fd, 0x2222) ? 0 : 1;
}

/* One sendmsg() that the kernel cuts into eight queries: a GSO skb on the whole way. */
static int udp_segment(const struct sockaddr_in *to, const char *name)
{
	enum {
		SEGMENTS = 8
	};
	uint8_t queries[SEGMENTS * 256];
	char control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	struct iovec iov = { .iov_base = queries };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);
	int fd = udp_connect(to), answers = 0;
	uint16_t size = 0;
	uint8_t buf[4096];

	for (int i = 0; i < SEGMENTS; i++)
		iov.iov_len += size = dns_query(queries + iov.iov_len, 0x3300 + i, name);
	cm->cmsg_level = IPPROTO_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	if (sendmsg(fd, &msg, 0) != (ssize_t)iov.iov_len)
		die("sendmsg with UDP_SEGMENT: %s", strerror(errno));
	while (answers < SEGMENTS && readable(fd) && recv(fd, buf, sizeof(buf), 0) >= 12)
		answers++;
	return answers == SEGMENTS ? 0 : 1;
}

/* One question after the other by one socket: a connection that lasts. */
static int udp_many(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[256];
	int fd = udp_connect(to);

	for (uint16_t id = 0x8800; id < 0x8808; id++) {
		size_t len = dns_query(query, id, name);

		if (send(fd, query, len, 0) != (ssize_t)len || !dns_answered(fd, id))
			return 1;
	}
	return 0;
}

/* The answer is in the socket's queue when it is closed: the kernel purges it. */
static int udp_unread(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[256];
	size_t len = dns_query(query, 0x4444, name);
	int fd = udp_connect(to);

	return send(fd, query, len, 0) == (ssize_t)len && readable(fd) ? 0 : 1;
}

/* The answer is still on its way when the socket is closed: it meets a closed port. */
static int udp_in_flight(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[256];
	size_t len = dns_query(query, 0x5555, name);
	int fd = udp_connect(to);

	return send(fd, query, len, 0) == (ssize_t)len ? 0 : 1;
}

static int tcp_open(const struct sockaddr_in *to)
{
	struct timeval timeout = { .tv_sec = REPLY_TIMEOUT_MS / 1000 };
	int fd = open_socket(SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		exit(1);
	return fd;
}

static int tcp_connect(const struct sockaddr_in *to, const char *name)
{
	(void)name;
	close(tcp_open(to));
	return 0;
}

static int tcp_unread(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[2 + 256];
	size_t len = dns_query(query + 2, 0x6666, name);
	int fd = tcp_open(to);

	query[0] = len >> 8;
	query[1] = len & 0xff;
	return send(fd, query, len + 2, 0) == (ssize_t)len + 2 && readable(fd) ? 0 : 1;
}

/* A request and its answer over TCP, as of an API server or a probe. */
static int http(const struct sockaddr_in *to, const char *name)
{
	static const char get[] = "GET /healthz HTTP/1.0\r\n\r\n";
	char answer[64];
	int fd = tcp_open(to);

	(void)name;
	if (send(fd, get, sizeof(get) - 1, 0) != sizeof(get) - 1 || !readable(fd))
		return 1;
	return recv(fd, answer, sizeof(answer), 0) > 0 ? 0 : 1;
}

/*
 * A query of 1200 octets that may not be fragmented, sent whatever the path's MTU is known
 * to be.  The tail is a padding option, so that a server answers it.
 */
static int udp_big(const struct sockaddr_in *to, const char *name)
{
	uint8_t query[BIG_SIZE] = { 0 };
	size_t len = dns_query(query, 0x7777, name);
	int fd = udp_connect(to), probe = IP_PMTUDISC_PROBE;
	uint8_t *opt = query + len;
	size_t rest = BIG_SIZE - len - 15;

	query[11] = 1; /* one additional record: OPT, of UDP size 4096, with padding */
	opt[2] = 41;
	opt[3] = 0x10;
	opt[9] = (rest + 4) >> 8;
	opt[10] = (rest + 4) & 0xff;
	opt[12] = 12;
	opt[13] = rest >> 8;
	opt[14] = rest & 0xff;
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	return send(fd, query, BIG_SIZE, 0) == BIG_SIZE && dns_answered(fd, 0x7777) ? 0 : 1;
}

static uint16_t checksum(const uint16_t *p, size_t n)
{
	uint32_t sum = 0;

	for (; n; n -= 2)
		sum += *p++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static int icmp_echo(const struct sockaddr_in *to, int type, size_t size)
{
	struct {
		struct icmphdr header;
		uint8_t data[BIG_SIZE];
	} echo = { .header = { .type = ICMP_ECHO } };
	int fd = open_socket(type, IPPROTO_ICMP);
	size_t skip = type == SOCK_RAW ? 20 : 0;
	int probe = IP_PMTUDISC_PROBE;
	uint8_t buf[256];

	size += sizeof(echo.header);
	if (size >= BIG_SIZE)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	echo.header.un.echo.id = htons(getpid() & 0xffff);
	echo.header.un.echo.sequence = htons(1);
	echo.header.checksum = checksum((uint16_t *)&echo, size);
	if (sendto(fd, &echo, size, 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
		return 1;
	/* A raw socket sees every ICMP message of the namespace. */
	for (int64_t deadline = now_ms() + REPLY_TIMEOUT_MS; now_ms() < deadline && readable(fd);)
		if (recv(fd, buf, sizeof(buf), 0) > (ssize_t)skip + 8 &&
		    buf[skip] == ICMP_ECHOREPLY)
			return 0;
	return 1;
}

static int icmp_raw(const struct sockaddr_in *to, const char *name)
{
	(void)name;
	return icmp_echo(to, SOCK_RAW, SMALL_SIZE);
}

/* May not be fragmented, either: see udp_big(). */
static int icmp_big(const struct sockaddr_in *to, const char *name)
{
	(void)name;
	return icmp_echo(to, SOCK_RAW, BIG_SIZE);
}

/* Such a socket is for members of ping_group_range: nobody at all in a new namespace. */
static int icmp_dgram(const struct sockaddr_in *to, const char *name)
{
	static const char knob[] = "/proc/sys/net/ipv4/ping_group_range";
	char before[64] = "";
	int fd = open(knob, O_RDWR | O_CLOEXEC), status;
	ssize_t n;

	(void)name;
	if (fd < 0)
		die("%s: %s", knob, strerror(errno));
	n = read(fd, before, sizeof(before) - 1);
	/* Written anywhere but at its start, a knob stays as it is. */
	if (n <= 0 || pwrite(fd, "0 2147483647\n", 13, 0) != 13)
		die("%s: %s", knob, strerror(errno));
	status = icmp_echo(to, SOCK_DGRAM, SMALL_SIZE);
	if (pwrite(fd, before, n, 0) != n)
		die("%s: %s", knob, strerror(errno));
	return status;
}

struct kind {
	const char *name;
	int (*run)(const struct sockaddr_in *to, const char *name);
};

static const struct kind kinds[] = {
	{ "udp-connected", udp_connected }, { "udp-unconnected", udp_unconnected },
	{ "udp-segment", udp_segment },	    { "udp-unread", udp_unread },
	{ "udp-in-flight", udp_in_flight }, { "tcp-connect", tcp_connect },
	{ "tcp-unread", tcp_unread },	    { "icmp-raw", icmp_raw },
	{ "icmp-dgram", icmp_dgram },	    { "http", http },
	{ "udp-many", udp_many },	    { "udp-big", udp_big },
	{ "icmp-big", icmp_big },
};

int main(int argc, char **argv)
{
	struct sockaddr_in to;

	if (argc == 3 && !strcmp(argv[1], "await"))
		return cmd_await(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "bird"))
		return cmd_bird(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "xdp"))
		return cmd_xdp(argv[2]);
	if (argc > 2 && !strcmp(argv[1], "filter"))
		return cmd_filter(argc - 2, argv + 2);
	if (argc == 3 && !strcmp(argv[1], "bgp"))
		return cmd_bgp(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "foreign"))
		return cmd_foreign(argv[2]);
	if (argc > 2 && !strcmp(argv[1], "serve"))
		return cmd_serve(argc - 2, argv + 2);
	if (argc < 3 || argc > 4)
		die("usage: labtool await|bird|xdp|filter|serve|bgp|foreign ... | KIND ADDRESS[:PORT] [NAME]");
	to = address(argv[2]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, argv[1]))
			return kinds[i].run(&to, argc == 4 ? argv[3] : "lab.cluster.local");
	die("no such kind: %s", argv[1]);
}
