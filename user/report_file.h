/* SPDX-License-Identifier: GPL-2.0-only */
/* The file that a page goes to: new, mode 0600, whole or not there. */
#ifndef CALITRACE_REPORT_FILE_H
#define CALITRACE_REPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct report_file {
	const char *path; /* "-": standard output; borrowed */
	bool force;
	FILE *out;
	char *temp; /* where it is written first, NULL: in place */
};

/*
 * What would keep the page from being written, asked before the work is done. 0, or -errno with one
 * line in why: it exists and there is no force; it is no regular file; it is one of input (cnt).
 */
int report_file__check(const char *path, bool force, const char *const *input, size_t cnt,
		       char *why, size_t why_sz);
/* 0, or -errno with one line in why; out is to be written then. */
int report_file__open(struct report_file *f, const char *path, bool force, char *why,
		      size_t why_sz);
/* Once, if open was successful: 0, or -errno with one line in why, and no file is left. */
int report_file__close(struct report_file *f, char *why, size_t why_sz);

#endif
