// SPDX-License-Identifier: GPL-2.0-only
#include "captures.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEPARATOR "--AFTER--"
#define WORDS_MAX 32

int fuzz_captures(struct fuzz_input *in, int fd[2], char path[2][FUZZ_FILE_LEN])
{
	int n = 0;

	fd[0] = fd[1] = -1;
	for (; n < 2; n++) {
		size_t len = 0;
		uint8_t *part = fuzz_part(in, n ? NULL : SEPARATOR, &len);

		if (!part)
			break;
		fd[n] = memfd_create("fuzz", MFD_CLOEXEC);
		if (fd[n] < 0 || write(fd[n], part, len) != (ssize_t)len)
			abort();
		snprintf(path[n], FUZZ_FILE_LEN, "/proc/self/fd/%d", fd[n]);
		free(part);
	}
	return n;
}

void fuzz_command(int (*command)(const struct opts *o), const int fd[2], const char *const *words)
{
	char *argv[WORDS_MAX] = { NULL };
	static struct opts o;
	int argc = 0;

	for (; words[argc] && argc < WORDS_MAX - 1; argc++)
		argv[argc] = (char *)words[argc];
	if (opts_parse(argc, argv, &o, stderr))
		abort();
	command(&o);
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}
