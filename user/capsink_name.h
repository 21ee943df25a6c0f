/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of capture files: which may be made, and those of a rotation. */
#ifndef CALITRACE_CAPSINK_NAME_H
#define CALITRACE_CAPSINK_NAME_H

#include <limits.h>

#include "capsink.h"
#include "outfile.h"

struct capsink_name {
	bool parts;
	int stem_len; /* of path; the number follows it */
	const char *path;
};

/*
 * Looks whether what path stands for can be made; nothing is touched. 0, or -errno with one line in
 * why: something is in the way that force does not allow to replace.
 */
int capsink_name_check(struct capsink_name *n, const struct capsink_opts *o, char *why,
		       size_t why_sz);
/* Removes the parts of an earlier rotation, all or none of them. 0, or -errno as above */
int capsink_name_clear(const struct capsink_name *n, const struct capsink_opts *o, char *why,
		       size_t why_sz);
/* The path of part 1, 2 ...: as it is, or x_000001.pcapng of x.pcapng */
void capsink_name_part(const struct capsink_name *n, uint32_t part, char *buf, size_t sz);
/* For outfile.h, borrowed of o */
struct outfile_opts capsink_name_opts(const struct capsink_opts *o, const char *path);

#endif
