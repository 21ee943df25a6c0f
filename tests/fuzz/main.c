// SPDX-License-Identifier: GPL-2.0-only
/*
 * main [-n RUNS] [-s SEED] TARGET FILE...: gives each file to the target, and RUNS times with other
 * octets. For machines without clang; make fuzz has libFuzzer's programs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "replay.h"
#include "util.h"

int main(int argc, char **argv)
{
	uint64_t runs = 0, seed = 0x9E3779B97F4A7C15ull;
	const struct fuzz_target *t = NULL;
	int opt, err, status = 0;
	bool bad = false;

	while ((opt = getopt(argc, argv, "n:s:")) != -1)
		bad |= opt == '?' || parse_u64(optarg, 1, UINT64_MAX, opt == 'n' ? &runs : &seed);
	if (!bad && optind + 1 < argc)
		t = fuzz_target(argv[optind]);
	if (!t) {
		fprintf(stderr, "usage: main [-n RUNS] [-s SEED] TARGET FILE...\n");
		return 2;
	}
	for (int i = optind + 1; i < argc; i++) {
		err = fuzz_file(t, argv[i], runs, seed + (uint64_t)i);
		if (err)
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-err));
		status |= err != 0;
	}
	return status;
}
