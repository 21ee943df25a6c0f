// SPDX-License-Identifier: GPL-2.0-only
/* `diff` of two captures */
#include "captures.h"

int FUZZ_TARGET(diff)(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t flags = fuzz_u8(&in);
	char path[2][FUZZ_FILE_LEN];
	int fd[2], files = fuzz_captures(&in, fd, path);
	const char *const words[] = { "calitrace",
				      "diff",
				      "-o",
				      flags & 1 ? "json" : "text",
				      path[0],
				      path[files == 2],
				      flags & 2 ? "-v" : NULL,
				      NULL };

	if (files > 0)
		fuzz_command(cmd_diff, fd, words);
	return 0;
}
