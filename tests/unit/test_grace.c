// SPDX-License-Identifier: GPL-2.0-only
/* A file stands for the switch: what is written to it is what the kernel would see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grace.h"

static char path[] = "/tmp/test_grace.XXXXXX";

static void put(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect(const char *text)
{
	char buf[16] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
	close(fd);
	assert_string_equal(buf, text);
}

static void expect_soon(const char *text)
{
	char buf[16] = "";

	for (int i = 0; i < 1000 && strcmp(buf, text) != 0; i++) {
		int fd = open(path, O_RDONLY);

		assert_true(fd >= 0);
		memset(buf, 0, sizeof(buf));
		assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
		close(fd);
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	assert_string_equal(buf, text);
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_on_and_off(void **state)
{
	struct grace *g = grace__new(path);

	(void)state;
	assert_non_null(g);
	put("0\n");
	for (int i = 0; i < 3; i++) {
		grace__hurry(g);
		expect("1\n");
		grace__calm(g);
		expect("0\n");
		no_child_is_left();
		grace__calm(g);
	}
	grace__hurry(g);
	grace__free(g);
	expect("0\n");
	no_child_is_left();
}

/* Who set it wants it so. */
static void test_of_others(void **state)
{
	static const char *const set[] = { "1\n", "2\n", "10\n", "0x1\n", "07\n", "" };
	struct grace *g = grace__new(path);

	(void)state;
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		put(set[i]);
		grace__hurry(g);
		expect(set[i]);
		grace__calm(g);
		expect(set[i]);
	}
	grace__free(g);
	no_child_is_left();
}

/* Changed meanwhile: it is not ours any more. */
static void test_changed(void **state)
{
	struct grace *g = grace__new(path);

	(void)state;
	put("0\n");
	grace__hurry(g);
	put("2\n");
	grace__free(g);
	expect("2\n");
}

static void test_two(void **state)
{
	struct grace *a = grace__new(path), *b = grace__new(path);

	(void)state;
	put("0\n");
	grace__hurry(a);
	grace__hurry(b);
	grace__calm(b);
	expect("1\n");
	grace__free(a);
	expect("0\n");
	grace__free(b);
	expect("0\n");
}

static void test_not_there(void **state)
{
	struct grace *g = grace__new("/nonexistent/switch");

	(void)state;
	assert_null(g);
	grace__hurry(g);
	grace__calm(g);
	grace__free(g);
}

/* A process group that hurries and is killed by that signal */
static void die_by(int sig)
{
	int pair[2];
	char c = 0;
	pid_t pid;

	put("0\n");
	assert_int_equal(pipe(pair), 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		grace__hurry(grace__new(path));
		(void)!write(pair[1], &c, 1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	close(pair[1]);
	assert_int_equal(read(pair[0], &c, 1), 1);
	expect("1\n");
	assert_int_equal(kill(-pid, sig), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	expect_soon("0\n");
	/* the child has gone, too, and had no descriptor of ours */
	assert_int_equal(read(pair[0], &c, 1), 0);
	close(pair[0]);
}

static void test_killed(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		die_by(SIGKILL);
		die_by(SIGTERM);
		die_by(SIGINT);
	}
}

/* What the tracer has open, BPF links above all, is not kept open. */
static void test_descriptors(void **state)
{
	struct grace *g = grace__new(path);
	int pair[2];
	char c;

	(void)state;
	put("0\n");
	assert_int_equal(pipe(pair), 0);
	grace__hurry(g);
	close(pair[1]);
	assert_int_equal(read(pair[0], &c, 1), 0);
	close(pair[0]);
	grace__free(g);
}

static int make(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int clear(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_and_off),  cmocka_unit_test(test_of_others),
		cmocka_unit_test(test_changed),	    cmocka_unit_test(test_two),
		cmocka_unit_test(test_not_there),   cmocka_unit_test(test_killed),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
