// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic whose cost is measured: `load KIND --to ADDRESS [OPTION...]`, and the other end of it,
 * `load serve`. The kinds:
 *
 *   udp    datagrams one after the other, to a port that is not DNS' (serve takes them)
 *   drop   the same, to where nobody is: one that a route discards
 *   dns    a question, its answer, the next question
 *   icmp   echo requests, --window of them on the way
 *   crr    TCP: connect, a byte each way, close
 *   rate   questions at --rate a second, whatever becomes of them
 *
 * It ends after --count packets, questions or connections, or after --secs, whichever is first; an
 * alarm ends it where it hangs. It prints one line of words and numbers:
 *
 *   load=udp sent=5000 done=5000 wall_ns=… cpu_ns=… p50_ns=… p99_ns=…
 *
 * cpu_ns is the processor's time of this thread. Forwarding happens in softirqs on the sender's
 * processor, and Debian's kernels charge it to the thread that it interrupts: so the programs that
 * a tracer hangs into the way are in it, and other processes are not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define MAX_SECS 120
#define MAX_COUNT 20000000U
#define MAX_SAMPLES (1U << 20)
#define MAX_WINDOW 256
#define WAIT_MS 1000 /* for an answer; then it is taken for lost */

struct load {
	const char *kind;
	struct sockaddr_in to;
	uint32_t secs, count, window, rate;
	uint64_t end_ns;
	uint64_t sent, done;
	uint32_t *sample; /* latencies, ns */
	uint32_t sample_cnt;
};

uint64_t load_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool more(const struct load *l)
{
	/* the clock is asked each 64th time: asking costs as much as a part of a packet */
	return l->sent < l->count && (l->sent & 63 || load_ns(CLOCK_MONOTONIC) < l->end_ns);
}

static void sample(struct load *l, uint64_t ns)
{
	if (l->sample_cnt < MAX_SAMPLES)
		l->sample[l->sample_cnt++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t percentile(struct load *l, uint32_t percent)
{
	if (!l->sample_cnt)
		return 0;
	qsort(l->sample, l->sample_cnt, sizeof(*l->sample), by_size);
	return l->sample[(uint64_t)(l->sample_cnt - 1) * percent / 100];
}

static int connected_udp(const struct load *l, uint16_t port)
{
	struct sockaddr_in to = l->to;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_port = htons(port);
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)))
		load_die("UDP socket");
	return fd;
}

/* A full queue of the sender's is waited out: what is measured is what gets through. */
static void flood(struct load *l)
{
	int fd = connected_udp(l, LOAD_UDP_PORT);
	char data[22] = "calitrace"; /* 64 bytes of Ethernet frame */

	while (more(l)) {
		if (send(fd, data, sizeof(data), 0) == sizeof(data))
			l->done++;
		else if (errno != ENOBUFS && errno != ECONNREFUSED)
			load_die("send");
		l->sent++;
	}
	close(fd);
}

/* A question for the address of pod.bench; the id counts */
static size_t question(unsigned char *q, uint16_t id)
{
	static const unsigned char text[] = { 0,   0,	1,   0,	  0,   1,   0,	 0, 0,
					      0,   0,	0,   3,	  'p', 'o', 'd', 5, 'b',
					      'e', 'n', 'c', 'h', 0,   0,   1,	 0, 1 };

	memcpy(q, text, sizeof(text));
	q[0] = id >> 8;
	q[1] = id & 0xff;
	return sizeof(text);
}

static bool answered(int fd, uint16_t id)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char a[512];

	while (poll(&p, 1, WAIT_MS) > 0) {
		ssize_t n = recv(fd, a, sizeof(a), MSG_DONTWAIT);

		if (n >= 12 && (a[0] << 8 | a[1]) == id)
			return true;
	}
	return false;
}

static void dns(struct load *l)
{
	int fd = connected_udp(l, LOAD_DNS_PORT);
	unsigned char q[64];

	while (more(l)) {
		uint16_t id = (uint16_t)++l->sent;
		uint64_t start = load_ns(CLOCK_MONOTONIC);

		if (send(fd, q, question(q, id), 0) < 0 || !answered(fd, id))
			continue;
		sample(l, load_ns(CLOCK_MONOTONIC) - start);
		l->done++;
	}
	close(fd);
}

/* Not faster than --rate, and never to catch up: what was due and not sent is not sent. */
static void fixed_rate(struct load *l)
{
	uint64_t step = 1000000000 / (l->rate ? l->rate : 1), due = load_ns(CLOCK_MONOTONIC);
	int fd = connected_udp(l, LOAD_DNS_PORT);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char q[64], a[512];

	while (l->sent < l->count && due < l->end_ns) {
		uint64_t now = load_ns(CLOCK_MONOTONIC);

		while (recv(fd, a, sizeof(a), MSG_DONTWAIT) > 0)
			l->done++;
		if (now < due) {
			struct timespec t = { .tv_nsec = (long)(due - now) };

			nanosleep(&t, NULL);
			continue;
		}
		due = now - due > 1000 * step ? now : due + step;
		if (send(fd, q, question(q, (uint16_t)l->sent), MSG_DONTWAIT) > 0)
			l->sent++;
	}
	while (l->done < l->sent && poll(&p, 1, WAIT_MS) > 0 && recv(fd, a, sizeof(a), 0) > 0)
		l->done++;
	close(fd);
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

struct echo {
	struct icmphdr h;
	uint64_t at_ns;
	char pad[48];
};

static void echo_send(struct load *l, int fd)
{
	struct echo e = { .h.type = ICMP_ECHO, .at_ns = load_ns(CLOCK_MONOTONIC) };

	e.h.un.echo.id = htons(LOAD_ECHO_ID);
	e.h.un.echo.sequence = htons((uint16_t)l->sent++);
	e.h.checksum = checksum(&e, sizeof(e));
	if (sendto(fd, &e, sizeof(e), 0, (void *)&l->to, sizeof(l->to)) < 0 && errno != ENOBUFS)
		load_die("echo");
}

/* Of a raw socket, as root's ping has it: the kernel throws each reply away once it is read. */
static void icmp(struct load *l)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t out = 0;

	if (fd < 0)
		load_die("raw socket");
	while (more(l) || out) {
		unsigned char buf[256];
		const struct echo *e = (const void *)(buf + sizeof(struct iphdr));
		ssize_t n;

		for (; out < l->window && more(l); out++)
			echo_send(l, fd);
		if (poll(&p, 1, WAIT_MS) <= 0) {
			out = 0; /* all of them lost */
			continue;
		}
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < (ssize_t)(sizeof(struct iphdr) + sizeof(*e)) ||
		    e->h.type != ICMP_ECHOREPLY || e->h.un.echo.id != htons(LOAD_ECHO_ID))
			continue;
		sample(l, load_ns(CLOCK_MONOTONIC) - e->at_ns);
		l->done++;
		out -= out > 0;
	}
	close(fd);
}

static bool connect_once(const struct load *l, const struct sockaddr_in *to)
{
	struct timeval limit = { .tv_sec = WAIT_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c = 'x';
	bool ok;

	(void)l;
	if (fd < 0)
		load_die("TCP socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	/* The other side closes first, and keeps the connection's remains. */
	ok = !connect(fd, (const void *)to, sizeof(*to)) && send(fd, &c, 1, MSG_NOSIGNAL) == 1 &&
	     recv(fd, &c, 1, 0) == 1 && recv(fd, &c, 1, 0) == 0;
	close(fd);
	return ok;
}

static void crr(struct load *l)
{
	struct sockaddr_in to = l->to;

	to.sin_port = htons(LOAD_TCP_PORT);
	while (more(l)) {
		uint64_t start = load_ns(CLOCK_MONOTONIC);

		l->sent++;
		if (!connect_once(l, &to))
			continue;
		sample(l, load_ns(CLOCK_MONOTONIC) - start);
		l->done++;
	}
}

static const struct {
	const char *name;
	void (*run)(struct load *l);
} kinds[] = {
	{ "udp", flood }, { "drop", flood }, { "dns", dns },
	{ "icmp", icmp }, { "crr", crr },    { "rate", fixed_rate },
};

static uint32_t number(const char *text, uint32_t min, uint32_t max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n < min || n > max) {
		fprintf(stderr, "load: %s: expected a number from %u to %u\n", text, min, max);
		exit(2);
	}
	return (uint32_t)n;
}

static int run(struct load *l, void (*fn)(struct load *l))
{
	uint64_t wall, cpu;
	uint32_t p50;

	l->sample = calloc(MAX_SAMPLES, sizeof(*l->sample));
	if (!l->sample)
		return load_die("memory");
	wall = load_ns(CLOCK_MONOTONIC);
	cpu = load_ns(CLOCK_THREAD_CPUTIME_ID);
	l->end_ns = wall + l->secs * 1000000000ULL;
	fn(l);
	cpu = load_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = load_ns(CLOCK_MONOTONIC) - wall;
	p50 = percentile(l, 50);
	printf("load=%s sent=%llu done=%llu wall_ns=%llu cpu_ns=%llu p50_ns=%u p99_ns=%u\n",
	       l->kind, (unsigned long long)l->sent, (unsigned long long)l->done,
	       (unsigned long long)wall, (unsigned long long)cpu, p50, percentile(l, 99));
	free(l->sample);
	return l->done ? 0 : 1;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: load serve --secs N\n"
		"       load udp|drop|dns|icmp|crr|rate --to ADDRESS [--count N] [--secs N] "
		"[--window N] [--rate N]\n");
	return 2;
}

static bool options(struct load *l, int argc, char **argv)
{
	static const struct option opts[] = {
		{ "to", 1, NULL, 't' },	    { "count", 1, NULL, 'c' }, { "secs", 1, NULL, 's' },
		{ "window", 1, NULL, 'w' }, { "rate", 1, NULL, 'r' },  {},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 't' && inet_pton(AF_INET, optarg, &l->to.sin_addr) != 1)
			return false;
		else if (c == 'c')
			l->count = number(optarg, 1, MAX_COUNT);
		else if (c == 's')
			l->secs = number(optarg, 1, MAX_SECS * 30);
		else if (c == 'w')
			l->window = number(optarg, 1, MAX_WINDOW);
		else if (c == 'r')
			l->rate = number(optarg, 1, 1000000);
		else if (c == '?')
			return false;
	}
	return optind == argc;
}

int main(int argc, char **argv)
{
	struct load l = {
		.to.sin_family = AF_INET,
		.count = MAX_COUNT,
		.secs = 5,
		.window = 16,
		.rate = 5000,
	};

	if (argc < 2 || !options(&l, argc - 1, argv + 1))
		return usage();
	l.kind = argv[1];
	alarm(l.secs + 20);
	/* sleeps are as long as they say */
	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	if (!strcmp(l.kind, "serve"))
		return load_serve(l.secs);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(l.kind, kinds[i].name) && l.to.sin_addr.s_addr)
			return run(&l, kinds[i].run);
	return usage();
}
