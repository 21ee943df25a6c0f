// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command costs: `usage FILE COMMAND...` runs it and appends a line to FILE, its CPU time in
 * microseconds, its peak memory in KiB and its exit status.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long us(const struct timeval *t)
{
	return t->tv_sec * 1000000 + t->tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage ru;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 3) {
		fprintf(stderr, "usage: usage FILE COMMAND...\n");
		return 2;
	}
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) < 0) {
		fprintf(stderr, "usage: %s: %s\n", argv[2], strerror(errno));
		return 2;
	}
	f = fopen(argv[1], "a");
	if (!f) {
		fprintf(stderr, "usage: %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	fprintf(f, "%ld %ld %d\n", us(&ru.ru_utime) + us(&ru.ru_stime), ru.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return fclose(f) ? 2 : 0;
}
