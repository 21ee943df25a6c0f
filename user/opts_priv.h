/* SPDX-License-Identifier: GPL-2.0-only */
/* What user/opts*.c share among themselves. */
#ifndef CALITRACE_OPTS_PRIV_H
#define CALITRACE_OPTS_PRIV_H

#include "opts.h"

struct parser {
	struct opts *o;
	FILE *err;
	int argc, idx; /* idx: the word at hand */
	char **argv;
	char word[80]; /* the option as it was written, made safe */
};

/* One line on p->err; returns -EINVAL. */
int opts_fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- opts_file.c: setters of what is about files; 0 or -EINVAL after a message ---- */

int opts_set_baseline(struct parser *p, const char *val);
int opts_set_snaplen(struct parser *p, const char *val);
int opts_set_file_bytes(struct parser *p, const char *val);
int opts_set_file_max(struct parser *p, const char *val);
int opts_set_write(struct parser *p, const char *val);
int opts_set_filter(struct parser *p, const char *val);
int opts_set_since(struct parser *p, const char *val);
int opts_set_until(struct parser *p, const char *val);
int opts_set_verdict(struct parser *p, const char *val);
/* FILTER: what stands in quotes is one word, what does not is several. */
int opts_add_filter(struct parser *p, const char *arg);
int opts_add_file(struct parser *p, const char *arg);
/* What the options about files need of each other */
int opts_check_files(struct parser *p);

#endif
