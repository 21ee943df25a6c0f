/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON lines that are no engine record. */
#ifndef CALITRACE_JSONL_H
#define CALITRACE_JSONL_H

#include <stdio.h>

/* A `check` record, stamped now; advice may be NULL. 0 or -errno. */
int jsonl_check(FILE *out, const char *node, const char *name, const char *state,
		const char *explain, const char *advice);

#endif
