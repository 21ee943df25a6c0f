/* SPDX-License-Identifier: GPL-2.0-only */
/* The targets of this directory, in a program without libFuzzer. */
#ifndef CALITRACE_FUZZ_REPLAY_H
#define CALITRACE_FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name;
	int (*fn)(const uint8_t *data, size_t size);
};
/* The last one has no name. */
extern const struct fuzz_target fuzz_targets[];
/* NULL: there is none */
const struct fuzz_target *fuzz_target(const char *name);

/*
 * Gives the file to the target, then `runs` times with some octets changed: the same ones for the
 * same seed, which is not to be 0. 0 or -errno: it could not be read. What is wrong ends the process.
 */
int fuzz_file(const struct fuzz_target *t, const char *path, uint64_t runs, uint64_t seed);

#endif
