/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Targets: each takes octets that nobody means well with, and returns, or a sanitizer or an abort()
 * says why not. libFuzzer wants one function of a fixed name in each program; everywhere else they
 * have names of their own (replay.h).
 */
#ifndef CALITRACE_FUZZ_H
#define CALITRACE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "rtnl.h"

#ifdef LIBFUZZER
#define FUZZ_TARGET(name) LLVMFuzzerTestOneInput
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#else
#define FUZZ_TARGET(name) fuzz_##name
int fuzz_capfile(const uint8_t *data, size_t size);
int fuzz_packet(const uint8_t *data, size_t size);
int fuzz_record(const uint8_t *data, size_t size);
int fuzz_bird(const uint8_t *data, size_t size);
int fuzz_netlink(const uint8_t *data, size_t size);
int fuzz_tables(const uint8_t *data, size_t size);
int fuzz_nftrace(const uint8_t *data, size_t size);
int fuzz_files(const uint8_t *data, size_t size);
int fuzz_options(const uint8_t *data, size_t size);
int fuzz_filter(const uint8_t *data, size_t size);
int fuzz_show(const uint8_t *data, size_t size);
int fuzz_diff(const uint8_t *data, size_t size);
int fuzz_report(const uint8_t *data, size_t size);
#endif

/* ---- observations that came out of it: written as a capture would write them ---- */

struct fuzz_sink;
/* Aborts where there is no memory, as all here */
struct fuzz_sink *fuzz_sink__new(void);
void fuzz_sink__free(struct fuzz_sink *s);
/* An obs_fn; ctx: the sink. Aborts if a count or a length is beyond its array. */
void fuzz_sink__obs(void *ctx, const struct obs *o);

/* ---- input in several parts ---- */

struct fuzz_input {
	const uint8_t *p;
	size_t len;
};
/* The next octet, 0: there is none */
static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	return in->len ? (in->len--, *in->p++) : 0;
}
/* Up to the next separator (NULL: none), or all that is left: in memory of exactly that size, to be freed. NULL:
 * there is nothing left. */
uint8_t *fuzz_part(struct fuzz_input *in, const char *separator, size_t *len);
/* The same, with a zero octet at its end */
char *fuzz_text(struct fuzz_input *in, const char *separator);

#endif
