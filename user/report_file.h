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

/*
 * What would keep the page from being written, asked before the work is done; "-" is standard output.
 * 0, or -errno with one line in why.
 */
int report_file__check(const struct outfile_opts *o, char *why, size_t why_sz);
/* 0, or -errno with one line in why; out is to be written then. */
int report_file__open(struct report_file *f, const struct outfile_opts *o, char *why,
		      size_t why_sz);
/* Once, if open was successful: 0, or -errno with one line in why, and no file is left. */
int report_file__close(struct report_file *f, char *why, size_t why_sz);

#endif
