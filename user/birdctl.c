// SPDX-License-Identifier: GPL-2.0-only
/* The rounds of a BIRD's control socket: when, what is asked, and what becomes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bird_parse.h"
#include "birdctl.h"
#include "util.h"

#define ROUND_GAP_NS (5 * NS_PER_S)
#define URGENT_GAP_NS (1 * NS_PER_S)
#define PROGRESS_NS (1 * NS_PER_S)
/* For who sends just enough not to be silent. 5000 peers and 10000 routes take 0.2 s. */
#define ROUND_MAX_NS (30 * NS_PER_S)
#define FAILURES_MAX 3
#define HASTY_LOOKS 3
/* Of what a round keeps, and of what it reads */
#define ROUND_MAX_SZ ((size_t)64 << 20)
/* Others want to be served too. */
#define TURN_MAX_SZ ((size_t)256 << 10)

enum phase {
	IDLE,
	CONNECTING,
	ASKING
};

struct birdctl {
	char *host_root, *path;
	bool v6;
	obs_fn fn;
	void *ctx;
	uint32_t pid;
	int epoll, fd; /* fd: -1, or the connection */
	/* when */
	bool wanted, urgent, started, given_up;
	uint8_t failures, hasty;
	uint32_t rounds;
	uint64_t now_ns, start_ns, progress_ns;
	enum source_state state;
	/* the round under way */
	enum phase phase;
	enum bird_request request;
	char out[32];
	size_t out_len, out_sent, text_sz;
	struct bird_parser parser;
	/* its observations so far, each cut to the size of its kind */
	char *kept;
	size_t kept_len, kept_cap;
	bool kept_full;
};

int birdctl__new(const struct birdctl_opts *o, struct birdctl **ret)
{
	struct birdctl *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->fd = -1;
	b->v6 = o->v6;
	b->fn = o->fn;
	b->ctx = o->ctx;
	b->host_root = strdup(o->host_root ? o->host_root : "/");
	b->path = o->path ? strdup(o->path) : NULL;
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (b->epoll < 0 || !b->host_root || (o->path && !b->path)) {
		int err = b->epoll < 0 ? -errno : -ENOMEM;

		birdctl__free(b);
		return err;
	}
	*ret = b;
	return 0;
}

static void end_round(struct birdctl *b)
{
	if (b->fd >= 0) {
		epoll_ctl(b->epoll, EPOLL_CTL_DEL, b->fd, NULL);
		close(b->fd);
	}
	b->fd = -1;
	b->phase = IDLE;
	b->rounds++;
	free(b->kept);
	b->kept = NULL;
	b->kept_len = b->kept_cap = 0;
	b->kept_full = false;
}

void birdctl__free(struct birdctl *b)
{
	if (!b)
		return;
	end_round(b);
	if (b->epoll >= 0)
		close(b->epoll);
	free(b->host_root);
	free(b->path);
	free(b);
}

void birdctl__set_pid(struct birdctl *b, uint32_t pid)
{
	b->pid = pid;
}

int birdctl__fd(const struct birdctl *b)
{
	return b->epoll;
}

void birdctl__want(struct birdctl *b, bool urgent)
{
	b->wanted = true;
	b->urgent |= urgent;
}

void birdctl__retry(struct birdctl *b)
{
	b->given_up = false;
	b->failures = 0;
	b->hasty = HASTY_LOOKS;
	birdctl__want(b, true);
}

enum source_state birdctl__state(const struct birdctl *b)
{
	return b->state;
}

uint32_t birdctl__rounds(const struct birdctl *b)
{
	return b->rounds;
}

/* ---- what a round keeps ---- */

static size_t kept_size(const struct obs *obs)
{
	size_t size = sizeof(obs->bird);

	if (obs->kind == OBS_BIRD_PROTO)
		size = sizeof(obs->bird_proto);
	else if (obs->kind == OBS_BIRD_ROUTE)
		size = sizeof(obs->bird_route);
	return (offsetof(struct obs, bird) + size + 7) & ~(size_t)7;
}

/* obs_fn of the parser. A struct obs is ten times as large as what is in use of it here. */
static void keep(void *ctx, const struct obs *obs)
{
	size_t size = kept_size(obs), cap;
	struct birdctl *b = ctx;
	char *grown;

	if (b->kept_cap - b->kept_len < size) {
		cap = b->kept_cap ? 2 * b->kept_cap : (size_t)16 << 10;
		grown = cap > ROUND_MAX_SZ ? NULL : realloc(b->kept, cap);
		if (!grown) {
			b->kept_full = true;
			return;
		}
		b->kept = grown;
		b->kept_cap = cap;
	}
	memcpy(b->kept + b->kept_len, obs, size);
	b->kept_len += size;
}

static void tell_kept(struct birdctl *b, const char *kept, size_t len)
{
	struct obs obs;
	size_t at, size;

	for (at = 0; at < len; at += size) {
		memset(&obs, 0, sizeof(obs));
		/* Its kind says how much of it there is, and all kinds have as much as OBS_BIRD's
		 * offset. */
		memcpy(&obs, kept + at, offsetof(struct obs, bird));
		size = kept_size(&obs);
		memcpy(&obs, kept + at, size);
		obs.ts_ns = b->now_ns;
		b->fn(b->ctx, &obs);
	}
}

static void tell_source(struct birdctl *b, bool begin, enum source_state state, const char *detail)
{
	struct obs obs = { .kind = OBS_SOURCE, .ts_ns = b->now_ns };

	obs.source.id = b->v6 ? SOURCE_BIRD6 : SOURCE_BIRD;
	obs.source.begin = begin;
	obs.source.state = state;
	bird_copy(obs.source.detail, sizeof(obs.source.detail), detail);
	b->fn(b->ctx, &obs);
}

/* ---- how a round ends; b is ready for the next one before anybody is told ---- */

static void tell_end(struct birdctl *b, enum source_state state, const char *detail)
{
	b->state = state;
	tell_source(b, true, SOURCE_UNASKED, "");
	tell_source(b, false, state, detail);
}

static void succeed(struct birdctl *b)
{
	char *kept = b->kept;
	size_t len = b->kept_len;

	b->kept = NULL;
	end_round(b);
	b->failures = b->hasty = 0;
	b->state = SOURCE_OK;
	tell_source(b, true, SOURCE_UNASKED, "");
	tell_kept(b, kept, len);
	tell_source(b, false, SOURCE_OK, "");
	free(kept);
}

static void fail(struct birdctl *b, enum source_state state, const char *what, const char *why)
{
	char detail[INFO_LEN];
	size_t len;

	bird_copy(detail, sizeof(detail), what);
	len = strlen(detail);
	bird_copy(detail + len, sizeof(detail) - len, why);
	end_round(b);
	b->wanted = true;
	b->given_up = ++b->failures >= FAILURES_MAX;
	tell_end(b, state, detail);
	if (b->given_up)
		tell_end(b, SOURCE_GIVEN_UP, "three failures in a row");
}

static void absent(struct birdctl *b, const char *detail)
{
	bool news = b->state != SOURCE_ABSENT;

	end_round(b);
	b->wanted = true;
	b->failures = 0;
	b->hasty -= b->hasty > 0;
	if (news)
		tell_end(b, SOURCE_ABSENT, detail);
}

/* ---- how it goes on ---- */

static void ask(struct birdctl *b, enum bird_request r)
{
	int len = 0;

	if (r != BIRD_GREETING)
		len = snprintf(b->out, sizeof(b->out), "%s\n", bird_request_text(r));
	b->out_len = (size_t)len;
	b->out_sent = 0;
	b->request = r;
	b->progress_ns = b->now_ns;
	bird_parser__begin(&b->parser, r);
}

static void begin_asking(struct birdctl *b, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	b->fd = fd;
	b->phase = ASKING;
	b->text_sz = 0;
	bird_parser__init(&b->parser, b->v6, keep, b);
	ask(b, BIRD_GREETING);
	/* Should that fail, the turns of the timer are left. */
	epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void turn_connect(struct birdctl *b)
{
	const struct bird_where where = { b->host_root, b->path, b->v6, b->pid };
	int fd = bird_sock_connect(&where);

	if (fd >= 0)
		begin_asking(b, fd);
	else if (fd == -ENOENT)
		absent(b, "no socket");
	else if (fd == -ECONNREFUSED)
		absent(b, "nobody listens on the socket");
	else if (fd == -EACCES)
		fail(b, SOURCE_DENIED, "connect: ", strerror(-fd));
	else if (fd != -EAGAIN)
		fail(b, SOURCE_TIMEOUT, "connect: ", strerror(-fd));
	else if (b->now_ns - b->start_ns >= PROGRESS_NS)
		fail(b, SOURCE_TIMEOUT, "connect: the queue of the socket is full", "");
}

/* False: the connection is broken. */
static bool send_out(struct birdctl *b)
{
	ssize_t n;

	if (b->out_sent == b->out_len)
		return true;
	n = send(b->fd, b->out + b->out_sent, b->out_len - b->out_sent, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	b->out_sent += (size_t)n;
	return true;
}

/* False: the round is over. */
static bool take_in(struct birdctl *b, const char *data, size_t len)
{
	int ret;

	b->progress_ns = b->now_ns;
	b->text_sz += len;
	ret = bird_parser__feed(&b->parser, data, len, b->now_ns);
	if (ret < 0) {
		fail(b, SOURCE_GARBAGE, b->parser.why, "");
		return false;
	}
	if (b->kept_full || b->text_sz > ROUND_MAX_SZ) {
		fail(b, SOURCE_GARBAGE, bird_request_text(b->request), ": too much of it");
		return false;
	}
	if (!ret)
		return true;
	if (b->request == BIRD_ROUTES) {
		succeed(b);
		return false;
	}
	ask(b, b->request + 1);
	return true;
}

/* False: the round is over. */
static bool talk(struct birdctl *b)
{
	char data[16384];
	size_t taken = 0;
	ssize_t n;

	while (taken < TURN_MAX_SZ) {
		n = send_out(b) ? recv(b->fd, data, sizeof(data), MSG_DONTWAIT) : 0;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0) {
			fail(b, SOURCE_GARBAGE, bird_request_text(b->request), ": closed");
			return false;
		}
		taken += (size_t)n;
		if (!take_in(b, data, (size_t)n))
			return false;
	}
	return true;
}

static void turn_ask(struct birdctl *b)
{
	/* Read first: it may be us who were late. */
	if (!talk(b))
		return;
	if (b->now_ns - b->progress_ns >= PROGRESS_NS)
		fail(b, SOURCE_TIMEOUT, bird_request_text(b->request), ": no answer for 1 s");
	else if (b->now_ns - b->start_ns >= ROUND_MAX_NS)
		fail(b, SOURCE_TIMEOUT, bird_request_text(b->request), ": not done after 30 s");
}

static bool is_due(const struct birdctl *b)
{
	bool soon = b->state == SOURCE_ABSENT ? b->hasty : b->urgent;

	if (!b->wanted || b->given_up)
		return false;
	return !b->started || b->now_ns - b->start_ns >= (soon ? URGENT_GAP_NS : ROUND_GAP_NS);
}

void birdctl__turn(struct birdctl *b, uint64_t now_ns)
{
	/* Time does not go backwards here: differences are unsigned. */
	if (now_ns > b->now_ns)
		b->now_ns = now_ns;
	if (b->phase == IDLE) {
		if (!is_due(b))
			return;
		b->wanted = b->urgent = false;
		b->started = true;
		b->start_ns = b->now_ns;
		b->phase = CONNECTING;
	}
	if (b->phase == CONNECTING)
		turn_connect(b);
	if (b->phase == ASKING)
		turn_ask(b);
}
