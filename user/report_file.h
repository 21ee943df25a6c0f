/* SPDX-License-Identifier: GPL-2.0-only */
/* The stream that a page goes to: standard output, or a file that is whole or not there. */
#ifndef CALITRACE_REPORT_FILE_H
#define CALITRACE_REPORT_FILE_H

#include <stdio.h>

#include "outfile.h"

struct report_file {
	struct outfile file;
	FILE *out;
};

/* 0, or -errno with one line in why; out is to be written then. */
int report_file__open(struct report_file *f, const struct outfile_opts *o, char *why,
		      size_t why_sz);
/* See outfile__guard(). 0 or -errno */
int report_file__guard(struct report_file *f);
/* Without a page: nothing is left. */
void report_file__discard(struct report_file *f);
/* Once, if open was successful: 0, or -errno with one line in why, and no file is left. */
int report_file__close(struct report_file *f, char *why, size_t why_sz);

#endif
