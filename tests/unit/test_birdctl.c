// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client of BIRD's control socket against a server that the test itself plays, turn by turn: no
 * thread, no clock but the one that is handed in, and so no timing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "bird_replies.h"
#include "birdctl.h"
#include "util.h"

#define TURN_NS (50 * NS_PER_MS)
#define PATH_SZ 256

/* ---- what came out ---- */

struct bed {
	char dir[64];
	struct birdctl *b;
	uint64_t now_ns;
	/* all but the sources, since the last begin; and the sources */
	size_t begun, birds, protos, routes;
	struct obs_source source[64];
	size_t source_cnt;
	bool inside;
	/* the server: connections that were made, what was asked, what is still to be said */
	int listener, conn;
	size_t conns, asked;
	const char *say[5]; /* NULL: nothing more is said, "": it hangs up */
	const char *out;
	size_t out_len, step; /* step: bytes a turn */
	bool endless;
};

static void hear(void *ctx, const struct obs *obs)
{
	struct bed *t = ctx;

	assert_int_equal(obs->ts_ns, t->now_ns);
	if (obs->kind == OBS_SOURCE) {
		assert_int_equal(obs->source.begin, !t->inside);
		t->inside = obs->source.begin;
		if (obs->source.begin) {
			t->birds = t->protos = t->routes = 0;
			t->begun++;
			return;
		}
		assert_true(t->source_cnt < ARRAY_SIZE(t->source));
		t->source[t->source_cnt++] = obs->source;
		return;
	}
	assert_true(t->inside);
	t->birds += obs->kind == OBS_BIRD;
	t->protos += obs->kind == OBS_BIRD_PROTO;
	t->routes += obs->kind == OBS_BIRD_ROUTE;
}

/* ---- a place for sockets ---- */

static const char *path_in(const struct bed *t, const char *name, char buf[PATH_SZ])
{
	assert_true(snprintf(buf, PATH_SZ, "%s/%s", t->dir, name) < PATH_SZ);
	return buf;
}

static void make_dirs(const struct bed *t, const char *name)
{
	char path[PATH_SZ], *p;

	path_in(t, name, path);
	for (p = path + strlen(t->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		assert_true(!mkdir(path, 0755) || errno == EEXIST);
		*p = '/';
	}
}

/* With its directories; backlog -1: nobody listens on it */
static int socket_at(const struct bed *t, const char *name, int backlog)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char path[PATH_SZ];
	int fd;

	make_dirs(t, name);
	path_in(t, name, path);
	assert_true(strlen(path) < sizeof(un.sun_path));
	memcpy(un.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(chmod(path, 0666), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void set_up(struct bed *t, bool v6)
{
	const struct birdctl_opts o = { .host_root = t->dir, .v6 = v6, .fn = hear, .ctx = t };

	memset(t, 0, sizeof(*t));
	snprintf(t->dir, sizeof(t->dir), "/tmp/test_birdctl.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	assert_int_equal(chmod(t->dir, 0755), 0);
	t->listener = t->conn = -1;
	t->now_ns = 1000 * NS_PER_S;
	t->step = SIZE_MAX;
	assert_int_equal(birdctl__new(&o, &t->b), 0);
}

/* A BIRD that is well, at the place where Calico's is */
static void set_up_bird(struct bed *t)
{
	set_up(t, false);
	t->listener = socket_at(t, "var/run/calico/bird.ctl", 8);
	t->say[0] = "0001 BIRD v0.3.3+birdv1.6.8 ready.\n";
	t->say[1] = "0016 Access restricted\n";
	t->say[2] = healthy_status;
	t->say[3] = healthy_protocols;
	t->say[4] = healthy_routes;
}

static void tear_down(struct bed *t)
{
	char command[128];

	birdctl__free(t->b);
	if (t->listener >= 0)
		close(t->listener);
	if (t->conn >= 0)
		close(t->conn);
	snprintf(command, sizeof(command), "rm -rf '%s'", t->dir);
	assert_int_equal(system(command), 0);
}

/* ---- the server's turn ---- */

static void hang_up(struct bed *t)
{
	if (t->conn >= 0)
		close(t->conn);
	t->conn = -1;
}

static void next_reply(struct bed *t, size_t which)
{
	t->out = t->say[which];
	t->out_len = t->out ? strlen(t->out) : 0;
	if (t->out && !t->out_len)
		hang_up(t);
}

static void server_accept(struct bed *t)
{
	int fd = t->listener < 0 ? -1 :
				   accept4(t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	hang_up(t);
	t->conn = fd;
	t->conns++;
	t->asked = 0;
	next_reply(t, 0);
}

/* One request may be under way, and only after the reply to the one before. */
static void server_read(struct bed *t)
{
	static const char *const want[] = { "restrict\n", "show status\n", "show protocols all\n",
					    "show route\n" };
	char got[64];
	ssize_t n = recv(t->conn, got, sizeof(got), 0);

	if (!n)
		hang_up(t);
	if (n <= 0)
		return;
	assert_int_equal(t->out_len, 0);
	assert_true(t->asked < ARRAY_SIZE(want));
	assert_int_equal(n, strlen(want[t->asked]));
	assert_memory_equal(got, want[t->asked], (size_t)n);
	next_reply(t, ++t->asked);
}

static void server_write(struct bed *t)
{
	size_t len = t->out_len < t->step ? t->out_len : t->step;
	ssize_t n;

	if (t->conn < 0 || !len)
		return;
	n = send(t->conn, t->out, len, MSG_NOSIGNAL);
	if (n <= 0)
		return;
	t->out += n;
	t->out_len -= (size_t)n;
	if (t->endless && t->asked == 4 && !t->out_len)
		next_reply(t, 4);
}

static void server_turn(struct bed *t)
{
	server_accept(t);
	if (t->conn >= 0)
		server_read(t);
	server_write(t);
}

static void turns(struct bed *t, uint64_t for_ns)
{
	const uint64_t end = t->now_ns + for_ns;

	for (; t->now_ns < end; t->now_ns += TURN_NS) {
		birdctl__turn(t->b, t->now_ns);
		server_turn(t);
	}
}

/* Until a round has ended; it takes as many turns as it takes, and a second at least. */
static void whole_round(struct bed *t)
{
	uint32_t before = birdctl__rounds(t->b);
	int i;

	birdctl__want(t->b, false);
	for (i = 0; i < 2000 && birdctl__rounds(t->b) == before; i++)
		turns(t, TURN_NS);
	assert_int_equal(birdctl__rounds(t->b), before + 1);
}

static void last_is(const struct bed *t, enum source_state state, const char *detail)
{
	assert_true(t->source_cnt > 0);
	assert_int_equal(t->source[t->source_cnt - 1].state, state);
	assert_string_equal(t->source[t->source_cnt - 1].detail, detail);
	assert_int_equal(birdctl__state(t->b), state);
	assert_false(t->inside);
}

/* Three failures, told one by one, and then not a word until it is told to go on */
static void check_given_up(struct bed *t, enum source_state state, const char *detail)
{
	int i;

	for (i = 0; i < 3; i++) {
		whole_round(t);
		assert_int_equal(t->source[i].state, state);
		assert_string_equal(t->source[i].detail, detail);
		assert_int_equal(t->birds + t->protos + t->routes, 0);
	}
	last_is(t, SOURCE_GIVEN_UP, "three failures in a row");
	assert_int_equal(t->source_cnt, 4);
	for (i = 0; i < 10; i++) {
		birdctl__want(t->b, true);
		turns(t, 10 * NS_PER_S);
	}
	assert_int_equal(t->source_cnt, 4);
	assert_int_equal(birdctl__rounds(t->b), 3);
	birdctl__retry(t->b);
	whole_round(t);
	assert_int_equal(t->source_cnt, 5);
	last_is(t, state, detail);
	tear_down(t);
}

/* ---- good ones ---- */

static void check_good(struct bed *t)
{
	last_is(t, SOURCE_OK, "");
	assert_int_equal(t->birds, 1);
	assert_int_equal(t->protos, 6);
	assert_int_equal(t->routes, 9);
}

static void test_good(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	whole_round(&t);
	check_good(&t);
	assert_int_equal(t.source[0].id, SOURCE_BIRD);
	assert_int_equal(t.asked, 4);
	turns(&t, TURN_NS);
	assert_int_equal(t.conn, -1); /* the connection is not kept */
	tear_down(&t);
}

static void test_v6(void **state)
{
	struct bed t;

	(void)state;
	set_up(&t, true);
	t.listener = socket_at(&t, "run/bird/bird6.ctl", 1);
	t.say[0] = "0001 BIRD 1.6.8 ready.\n";
	t.say[1] = "0016 Access restricted\n";
	t.say[2] = healthy_status;
	t.say[3] = v6_protocols;
	t.say[4] = v6_routes;
	whole_round(&t);
	last_is(&t, SOURCE_OK, "");
	assert_int_equal(t.source[0].id, SOURCE_BIRD6);
	assert_int_equal(t.routes, 8);
	tear_down(&t);
}

static void test_pace(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	turns(&t, 20 * NS_PER_S);
	assert_int_equal(t.conns, 0); /* nobody wants it */
	birdctl__want(t.b, false);
	turns(&t, NS_PER_S);
	assert_int_equal(t.conns, 1);
	turns(&t, 20 * NS_PER_S);
	assert_int_equal(t.conns, 1);
	birdctl__want(t.b, false);
	turns(&t, NS_PER_S);
	assert_int_equal(t.conns, 2);
	/* 1 s after it began: another one is wanted, which has to wait, unless it is urgent. */
	birdctl__want(t.b, false);
	turns(&t, 3 * NS_PER_S);
	assert_int_equal(t.conns, 2);
	turns(&t, 2 * NS_PER_S);
	assert_int_equal(t.conns, 3);
	birdctl__want(t.b, true);
	turns(&t, 2 * TURN_NS);
	assert_int_equal(t.conns, 4);
	birdctl__want(t.b, true);
	turns(&t, NS_PER_S / 2);
	assert_int_equal(t.conns, 4);
	turns(&t, NS_PER_S);
	assert_int_equal(t.conns, 5);
	assert_int_equal(t.source_cnt, 5);
	tear_down(&t);
}

/* What is wanted while a round is under way is not what that round answers. */
static void test_wanted_within(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	birdctl__want(t.b, false);
	turns(&t, 2 * TURN_NS);
	assert_int_equal(t.begun, 0);
	birdctl__want(t.b, true);
	turns(&t, 10 * NS_PER_S);
	assert_int_equal(t.source_cnt, 2);
	tear_down(&t);
}

static void test_slow(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	t.step = 20; /* healthy_protocols in 15 s */
	whole_round(&t);
	check_good(&t);
	tear_down(&t);
}

static void test_fd(void **state)
{
	struct pollfd p = { .events = POLLIN };
	struct bed t;

	(void)state;
	set_up_bird(&t);
	p.fd = birdctl__fd(t.b);
	assert_int_equal(poll(&p, 1, 0), 0);
	birdctl__want(t.b, false);
	birdctl__turn(t.b, t.now_ns);
	assert_int_equal(poll(&p, 1, 0), 0);
	server_turn(&t);
	assert_int_equal(poll(&p, 1, 0), 1);
	birdctl__turn(t.b, t.now_ns);
	assert_int_equal(poll(&p, 1, 0), 0);
	turns(&t, NS_PER_S);
	check_good(&t);
	assert_int_equal(birdctl__fd(t.b), p.fd);
	assert_int_equal(poll(&p, 1, 0), 0);
	tear_down(&t);
}

static char *many(const char *head, const char *row, size_t cnt)
{
	const size_t size = strlen(head) + cnt * (strlen(row) + 32) + 16;
	char *text = malloc(size);
	size_t len, i;

	len = (size_t)snprintf(text, size, "%s", head);
	for (i = 0; i < cnt; i++)
		len += (size_t)snprintf(text + len, size - len, row, i >> 8 & 255, i & 255);
	snprintf(text + len, size - len, "0000 \n");
	return text;
}

/* A cluster of 5000 nodes, in far fewer turns than one byte each */
static void test_large(void **state)
{
	char *protos = many("",
			    "1002-Mesh_10_1_%zu_%zu BGP master up 23:20:01 Established   \n"
			    "1006-  Preference:     100\n"
			    "   Routes:         1 imported, 1 exported, 1 preferred\n \n",
			    5000);
	char *routes = many("",
			    "1007-10.%zu.%zu.0/26 via 10.2.7.1 on eth0 [Mesh_10_2_7_1 23:20:01] "
			    "* (100/0) [i]\n",
			    10000);
	struct bed t;

	(void)state;
	set_up_bird(&t);
	t.say[3] = protos;
	t.say[4] = routes;
	whole_round(&t);
	last_is(&t, SOURCE_OK, "");
	assert_int_equal(t.protos, 5000);
	assert_int_equal(t.routes, 10000);
	tear_down(&t);
	free(protos);
	free(routes);
}

/* ---- bad ones ---- */

static void test_silent(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	t.say[0] = NULL;
	check_given_up(&t, SOURCE_TIMEOUT, "greeting: no answer for 1 s");
	set_up_bird(&t);
	t.say[3] = NULL;
	check_given_up(&t, SOURCE_TIMEOUT, "show protocols all: no answer for 1 s");
	set_up_bird(&t);
	t.say[4] = "1007-10.2.7.0/24        dev eth0 [direct1 23:19:59] * (240)\n";
	check_given_up(&t, SOURCE_TIMEOUT, "show route: no answer for 1 s");
}

static void test_byte_by_byte(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	t.step = 1;
	check_given_up(&t, SOURCE_TIMEOUT, "show protocols all: not done after 30 s");
}

static void test_hangs_up(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	t.say[0] = "";
	check_given_up(&t, SOURCE_GARBAGE, "greeting: closed");
	set_up_bird(&t);
	t.say[4] = "";
	check_given_up(&t, SOURCE_GARBAGE, "show route: closed");
}

static void test_garbage(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	t.say[0] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	check_given_up(&t, SOURCE_GARBAGE, "greeting: no code: HTTP/1.1 400 Bad Request\\x0d");
	set_up_bird(&t);
	t.say[1] = "9001 syntax error\n";
	check_given_up(&t, SOURCE_GARBAGE, "restrict: 9001 syntax error");
	/* The end of a round does not save its beginning. */
	set_up_bird(&t);
	t.say[4] = "1007-Table master4:\n0000 \n";
	check_given_up(&t, SOURCE_GARBAGE, "show route: 1007-Table master4:");
}

static void test_endless(void **state)
{
	char *rows = many("", "1007-10.%zu.%zu.0/26 dev e [d 1] * (1)\n", 1024);
	struct bed t;

	(void)state;
	rows[strlen(rows) - strlen("0000 \n")] = '\0';
	set_up_bird(&t);
	t.say[4] = rows;
	t.endless = true;
	whole_round(&t);
	assert_int_equal(t.source_cnt, 1);
	last_is(&t, SOURCE_GARBAGE, "show route: too much of it");
	tear_down(&t);
	free(rows);
}

/* What failed before counts no more after a round that was well. */
static void test_row_broken(void **state)
{
	struct bed t;
	int i;

	(void)state;
	set_up_bird(&t);
	for (i = 0; i < 4; i++) {
		t.say[1] = "8007 Access denied\n";
		whole_round(&t);
		whole_round(&t);
		last_is(&t, SOURCE_GARBAGE, "restrict: 8007 Access denied");
		t.say[1] = "0016 Access restricted\n";
		turns(&t, 6 * NS_PER_S); /* made up for without being wanted */
		check_good(&t);
	}
	tear_down(&t);
}

/* ---- sockets ---- */

static void test_absent(void **state)
{
	struct bed t;

	(void)state;
	set_up(&t, false);
	birdctl__want(t.b, true);
	turns(&t, 60 * NS_PER_S);
	last_is(&t, SOURCE_ABSENT, "no socket");
	assert_int_equal(t.source_cnt, 1);
	assert_int_equal(birdctl__rounds(t.b), 12);
	/* The file comes, then a listener, which is found without being asked for. */
	t.listener = socket_at(&t, "var/run/bird/bird.ctl", -1);
	turns(&t, 20 * NS_PER_S);
	assert_int_equal(t.source_cnt, 1);
	assert_int_equal(listen(t.listener, 1), 0);
	t.say[0] = "0001 BIRD 1.6.8 ready.\n";
	t.say[1] = "0016 Access restricted\n";
	t.say[2] = healthy_status;
	t.say[3] = healthy_protocols;
	t.say[4] = healthy_routes;
	turns(&t, 6 * NS_PER_S);
	check_good(&t);
	/* It dies; its file stays. */
	close(t.listener);
	t.listener = -1;
	whole_round(&t);
	last_is(&t, SOURCE_ABSENT, "nobody listens on the socket");
	/* With a new process in sight, its socket is not waited for 5 s. */
	turns(&t, 2 * NS_PER_S);
	birdctl__retry(t.b);
	turns(&t, TURN_NS);
	t.listener = socket_at(&t, "var/run/calico/bird.ctl", 1);
	turns(&t, 2 * NS_PER_S);
	check_good(&t);
	tear_down(&t);
}

static void test_queue_full(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct bed t;
	int fd[8], cnt, i;

	(void)state;
	set_up(&t, false);
	cnt = socket_at(&t, "run/calico/bird.ctl", 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/run/calico/bird.ctl", t.dir);
	t.conn = cnt; /* to be closed at the end; nobody accepts */
	for (cnt = 0; cnt < 8; cnt++) {
		fd[cnt] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(fd[cnt], (const struct sockaddr *)&un, sizeof(un)))
			break;
	}
	assert_true(cnt < 8);
	assert_int_equal(errno, EAGAIN);
	birdctl__want(t.b, false);
	for (i = 0; i < 30; i++, t.now_ns += TURN_NS)
		birdctl__turn(t.b, t.now_ns);
	last_is(&t, SOURCE_TIMEOUT, "connect: the queue of the socket is full");
	for (i = 0; i <= cnt; i++)
		close(fd[i]);
	tear_down(&t);
}

/* By a process of its own, for root may everything, and what it may it takes. */
static void test_denied(void **state)
{
	char path[PATH_SZ];
	int st = 0;
	struct bed t;
	pid_t pid;

	(void)state;
	set_up_bird(&t);
	assert_int_equal(chmod(path_in(&t, "var/run/calico/bird.ctl", path), 0), 0);
	pid = fork();
	if (pid == 0) {
		if (!geteuid() && setuid(65534))
			_exit(2);
		whole_round(&t);
		_exit(!t.source_cnt || birdctl__state(t.b) != SOURCE_DENIED ||
		      strcmp(t.source[t.source_cnt - 1].detail, "connect: Permission denied") != 0);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_int_equal(st, 0);
	tear_down(&t);
}

/* The file of one that is dead does not hide one that is alive. */
static void test_places(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	close(t.listener);
	t.listener = socket_at(&t, "run/bird/bird.ctl", 1);
	whole_round(&t);
	check_good(&t);
	tear_down(&t);
}

static void test_pid(void **state)
{
	struct bed t;

	(void)state;
	set_up_bird(&t);
	close(t.listener);
	t.listener = socket_at(&t, "proc/4711/root/run/calico/bird.ctl", 1);
	whole_round(&t);
	last_is(&t, SOURCE_ABSENT, "nobody listens on the socket");
	birdctl__set_pid(t.b, 4711);
	whole_round(&t);
	check_good(&t);
	tear_down(&t);
}

/* A link leads where it leads below the root, and not out of it. */
static void test_links(void **state)
{
	char path[PATH_SZ], real[PATH_SZ];
	struct bed t;

	(void)state;
	set_up_bird(&t);
	close(t.listener);
	assert_int_equal(unlink(path_in(&t, "var/run/calico/bird.ctl", path)), 0);
	t.listener = socket_at(&t, "deep/run/calico/bird.ctl", 1);
	assert_int_equal(rmdir(path_in(&t, "var/run/calico", path)), 0);
	assert_int_equal(symlink("/deep/run/calico", path), 0);
	whole_round(&t);
	check_good(&t);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(path_in(&t, "deep/run/calico", real), path), 0);
	whole_round(&t);
	last_is(&t, SOURCE_ABSENT, "no socket");
	tear_down(&t);
}

/* A path that is given is the only one; what lies there may be no socket at all. */
static void test_path(void **state)
{
	struct birdctl_opts o = { .host_root = "/nonexistent", .fn = hear };
	char path[PATH_SZ];
	struct bed t;
	int fd;

	(void)state;
	set_up_bird(&t);
	o.path = path_in(&t, "var/run/calico/bird.ctl", path);
	o.ctx = &t;
	birdctl__free(t.b);
	assert_int_equal(birdctl__new(&o, &t.b), 0);
	whole_round(&t);
	check_good(&t);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	close(fd);
	whole_round(&t);
	last_is(&t, SOURCE_ABSENT, "no socket");
	tear_down(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_v6),
		cmocka_unit_test(test_pace),	     cmocka_unit_test(test_wanted_within),
		cmocka_unit_test(test_slow),	     cmocka_unit_test(test_fd),
		cmocka_unit_test(test_large),	     cmocka_unit_test(test_silent),
		cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_hangs_up),
		cmocka_unit_test(test_garbage),	     cmocka_unit_test(test_endless),
		cmocka_unit_test(test_row_broken),   cmocka_unit_test(test_absent),
		cmocka_unit_test(test_queue_full),   cmocka_unit_test(test_denied),
		cmocka_unit_test(test_places),	     cmocka_unit_test(test_pid),
		cmocka_unit_test(test_links),	     cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
