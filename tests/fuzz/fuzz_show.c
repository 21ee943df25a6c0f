// SPDX-License-Identifier: GPL-2.0-only
/* `show` of one capture or of two nodes' together: an octet says how, then the files */
#include "captures.h"

int FUZZ_TARGET(show)(const uint8_t *data, size_t size)
{
	static const char *const how[] = { "--summary", "--timeline", "--packets", "--all" };
	struct fuzz_input in = { data, size };
	uint8_t flags = fuzz_u8(&in);
	char path[2][FUZZ_FILE_LEN];
	const char *words[12] = { "calitrace", "show" };
	int fd[2], files, n = 2;

	files = fuzz_captures(&in, fd, path);
	words[n++] = how[flags & 3];
	words[n++] = "-o";
	words[n++] = flags & 4 ? "json" : "text";
	if (flags & 8)
		words[n++] = "-n";
	if (files > 0)
		words[n++] = path[0];
	/* what another node's is, or what was before */
	if (files > 1 && flags & 16)
		words[n++] = "--baseline";
	if (files > 1)
		words[n++] = path[1];
	if (files > 0)
		fuzz_command(cmd_show, fd, words);
	return 0;
}
