// SPDX-License-Identifier: GPL-2.0-only
/* Command lines, a word each line */
#include <stdlib.h>

#include "fuzz.h"
#include "opts.h"

#define WORDS_MAX 64

int FUZZ_TARGET(options)(const uint8_t *data, size_t size)
{
	char *argv[WORDS_MAX + 2] = { "calitrace" };
	struct fuzz_input in = { data, size };
	FILE *err = fopen("/dev/null", "w");
	static struct opts o;
	int argc = 1;

	if (!err)
		abort();
	while (argc <= WORDS_MAX && (argv[argc] = fuzz_text(&in, "\n")))
		argc++;
	argv[argc] = NULL;
	opts_parse(argc, argv, &o, err);
	for (int i = 1; i < argc; i++)
		free(argv[i]);
	fclose(err);
	return 0;
}
