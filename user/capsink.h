/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a capture goes: one file, the files of a rotation, or standard output. Knows of the format
 * only what it needs so that nothing torn is left: where blocks end, and which are packets.
 */
#ifndef CALITRACE_CAPSINK_H
#define CALITRACE_CAPSINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capsink;

struct capsink_opts {
	const char *path;   /* "-": standard output; borrowed */
	bool force;	    /* a regular file, or the parts of an earlier rotation, is replaced */
	bool parts;	    /* path stands for PATH_000001.EXT ... */
	uint64_t part_max;  /* so many are kept; 0: all */
	uint64_t bytes_max; /* of all that is written; 0: no limit */
	/* Files that are not replaced, as they are to be read; borrowed */
	const char *const *keep;
	size_t keep_cnt;
	/* NULL, or true once the trace is to end: nobody waits for a reader who does not read then. */
	bool (*ending)(void *ctx);
	void *ending_ctx;
};

/*
 * 0; or -errno with one line in why that names the file. New files have mode 0600, and neither an
 * existing file is touched without force nor ever what is no regular file; what force replaces stays
 * until capsink__begin(). SIGXFSZ and SIGPIPE should not be deadly to the process.
 */
int capsink__open(const struct capsink_opts *o, struct capsink **ret, char *why, size_t why_sz);
/* The trace has begun: now the file is there under its name. 0, or -errno with one line in why */
int capsink__begin(struct capsink *s, char *why, size_t why_sz);
/* For struct capw_opts: ctx is the sink, data whole blocks in this machine's byte order. 0 or -errno,
 * remembered; the file then ends after its last whole block. */
int capsink__put(void *ctx, const void *data, size_t len);
/* Ends the file at hand and begins the next one of a rotation. 0 or -errno as above. */
int capsink__next(struct capsink *s);
/* Looks how much space is free; so does capsink__put(). */
void capsink__look(struct capsink *s);
/* A limit was reached (bytes_max, free space on the file system): in a few words, else NULL */
const char *capsink__limit(const struct capsink *s);
/* 0 or -errno: what went wrong, be it in closing */
int capsink__close(struct capsink *s);
/* The file that was made is removed: nothing is in it. */
void capsink__discard(struct capsink *s);
void capsink__free(struct capsink *s);

int capsink__error(const struct capsink *s);
/* One line: which file, what went wrong with it, how much is in it; meaningful after an error */
void capsink__complaint(const struct capsink *s, char *buf, size_t sz);
/* One line: how many packets were written, to what */
void capsink__story(const struct capsink *s, char *buf, size_t sz);
/* Packets that were written, to all files; files begun */
uint64_t capsink__packets(const struct capsink *s);
uint32_t capsink__parts(const struct capsink *s);

#endif
