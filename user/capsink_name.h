/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of capture files: which may be made, and those of a rotation. */
#ifndef CALITRACE_CAPSINK_NAME_H
#define CALITRACE_CAPSINK_NAME_H

#include <limits.h>

#include "capsink.h"

struct capsink_name {
	bool parts;
	int stem_len; /* of path; the number follows it */
	const char *path;
};

/*
 * Looks whether what path stands for can be made, and with force removes what is in the way: a
 * regular file, or the parts of an earlier rotation. 0, or -errno with one line in why.
 */
int capsink_name_check(struct capsink_name *n, const struct capsink_opts *o, char *why,
		       size_t why_sz);
/* The path of part 1, 2 ...: as it is, or x_000001.pcapng of x.pcapng */
void capsink_name_part(const struct capsink_name *n, uint32_t part, char *buf, size_t sz);
/* One line: why path could not be made */
void capsink_name_why(const char *path, int err, char *why, size_t why_sz);

#endif
