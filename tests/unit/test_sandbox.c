// SPDX-License-Identifier: GPL-2.0-only
/* What a process can do no more in the sandbox: each is tried by a child. */
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"
#include "util.h"

/* Open before: 3 for reading and writing */
#define OUT 3

static int by(long ret)
{
	return ret < 0 ? errno : 0;
}

static int read_file(void)
{
	char c;
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

	return by(fd) ? errno : by(read(fd, &c, 1));
}

static int list_dir(void)
{
	char buf[512];
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	return by(fd) ? errno : by(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
}

static int memory(void)
{
	void *p = malloc(64 << 20);

	free(p);
	return p ? 0 : ENOMEM;
}

static int write_out(void)
{
	return by(write(OUT, "x", 1));
}

static int open_to_write(void)
{
	return by(open("/dev/null", O_WRONLY));
}

static int open_to_change(void)
{
	return by(open("/dev/null", O_RDWR));
}

static int create(void)
{
	return by(open("/tmp/calitrace-sandbox-test", O_RDONLY | O_CREAT, 0600));
}

static int nameless(void)
{
	return by(open("/tmp", O_TMPFILE | O_RDWR, 0600));
}

static int cut(void)
{
	return by(syscall(SYS_truncate, "/nonexistent", 0));
}

static int take_away(void)
{
	return by(unlink("/nonexistent"));
}

static int give_name(void)
{
	return by(rename("/nonexistent", "/nonexistent2"));
}

static int make_dir(void)
{
	return by(mkdir("/nonexistent/x", 0700));
}

static int network(void)
{
	return by(socket(AF_INET, SOCK_DGRAM, 0));
}

static int local_socket(void)
{
	int fd[2];

	return by(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
}

static int code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int signal_other(void)
{
	return by(kill(getppid(), 0));
}

static int own_mode(void)
{
	return by(fchmod(OUT, 0666));
}

static int type_into_terminal(void)
{
	return by(syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x"));
}

static int program(void)
{
	char *argv[] = { "true", NULL };

	return by(execv("/bin/true", argv));
}

static int process(void)
{
	return by(fork());
}

static int connected(void)
{
	const struct sockaddr any = { .sa_family = AF_INET };

	return by(connect(0, &any, sizeof(any)));
}

static int traced(void)
{
	return by(syscall(SYS_ptrace, 0, 0, 0, 0));
}

static int privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0 ? errno : 0;
}

#define DIES (-1)

static const struct {
	const char *name;
	int (*fn)(void);
	int errnum; /* 0: it can; DIES */
} tries[] = {
	{ "read_file", read_file, 0 },
	{ "list_dir", list_dir, 0 },
	{ "memory", memory, 0 },
	{ "write_out", write_out, 0 },
	{ "open_to_write", open_to_write, EPERM },
	{ "open_to_change", open_to_change, EPERM },
	{ "create", create, EPERM },
	{ "nameless", nameless, EPERM },
	{ "cut", cut, EPERM },
	{ "take_away", take_away, EPERM },
	{ "give_name", give_name, EPERM },
	{ "make_dir", make_dir, EPERM },
	{ "network", network, EPERM },
	{ "local_socket", local_socket, EPERM },
	{ "code", code, EPERM },
	{ "signal_other", signal_other, EPERM },
	{ "own_mode", own_mode, EPERM },
	{ "type_into_terminal", type_into_terminal, EPERM },
	{ "privileges", privileges, EPERM },
	{ "program", program, DIES },
	{ "process", process, DIES },
	{ "connected", connected, DIES },
	{ "traced", traced, DIES },
};

/* The errno that it came to, or -1: SIGSYS ended it; anything else fails. */
static int outcome(int (*fn)(void))
{
	int st = 0, fd;
	pid_t pid = fork();

	if (pid == 0) {
		fd = open("/dev/null", O_RDWR);
		dup2(fd, OUT);
		_exit(sandbox_enter() ? 200 : fn());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &st, 0), pid);
	if (WIFSIGNALED(st))
		assert_int_equal(WTERMSIG(st), SIGSYS);
	return WIFSIGNALED(st) ? DIES : WEXITSTATUS(st);
}

static void test_tries(void **state)
{
	(void)state;
	if (!sandbox_works())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		int got = outcome(tries[i].fn);

		if (got != tries[i].errnum)
			print_error("%s: expected %d, saw %d\n", tries[i].name, tries[i].errnum,
				    got);
		assert_int_equal(got, tries[i].errnum);
	}
}

/* Without it all of them go on as far as their own arguments let them. */
static void test_outside(void **state)
{
	int st, fd[2];
	pid_t pid;

	(void)state;
	assert_int_equal(by(pipe(fd)), 0);
	pid = fork();
	if (pid == 0)
		_exit(open_to_write() || network() || local_socket());
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_int_equal(st, 0);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tries),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
