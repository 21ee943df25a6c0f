// SPDX-License-Identifier: GPL-2.0-only
/* `report` of one capture, or of two */
#include "captures.h"

int FUZZ_TARGET(report)(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char path[2][FUZZ_FILE_LEN];
	int fd[2], files = fuzz_captures(&in, fd, path);
	const char *const words[] = { "calitrace", "report", "-w",
				      "-",	   path[0],  files > 1 ? path[1] : NULL,
				      NULL };

	if (files > 0)
		fuzz_command(cmd_report, fd, words);
	return 0;
}
