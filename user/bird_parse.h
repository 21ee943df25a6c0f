/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BIRD 1.6 says on its control socket (stock 1.6.8 and Calico's fork of it, bird and bird6),
 * as observations. Pure: bytes in, observations out; no socket, no clock. The formats are those of
 * nest/cli.c, nest/cmds.c, nest/proto.c, nest/rt-table.c and proto/bgp/ of its sources.
 *
 * The bytes are hostile until understood. A reply that is not wholly understood is -EBADMSG: what
 * it said until then is not to be used.
 */
#ifndef CALITRACE_BIRD_PARSE_H
#define CALITRACE_BIRD_PARSE_H

#include "model.h"
#include "rtnl.h"

/* ---- BIRD's times, which are local times of its own zone ---- */

struct bird_time {
	bool have_day, have_clock;
	int32_t day;   /* since 1970-01-01, of the civil calendar */
	int32_t clock; /* seconds since midnight */
};
/* When BIRD said so, and what it took the time for; day and clock are both needed. */
struct bird_now {
	struct bird_time local;
	uint64_t mono_ns;
};

/* "23:20:00", "2026-11-22" or both, day first; anything else (BIRD's `timeformat` may be set to
 * whatever one likes) leaves both unset. */
struct bird_time bird_time_parse(const char *text);
/*
 * The moment on CLOCK_MONOTONIC, 0 if it is not known. BIRD itself subtracts on a monotonic clock
 * and only writes the result as a local time, so steps of the clock do no harm; a change between
 * summer and winter time in between makes it one hour wrong. A clock alone is of the last 24 hours.
 * A day alone gives its first second: the truth is up to a day later.
 */
uint64_t bird_time_ns(const struct bird_now *now, const struct bird_time *t);

/* ---- replies ---- */

/* In the order in which they are to be made: the parser needs the status' time for what follows. */
enum bird_request {
	BIRD_GREETING, /* nothing is sent for it */
	BIRD_RESTRICT,
	BIRD_STATUS,
	BIRD_PROTOCOLS,
	BIRD_ROUTES,
	BIRD_REQUEST_MAX
};
/* "restrict", "show status" ...; not to be sent for BIRD_GREETING */
const char *bird_request_text(enum bird_request r);

/* BIRD's own limit is 512, less the line feed. */
#define BIRD_LINE_MAX 2048

struct bird_parser {
	bool v6; /* bird6: its routes are IPv6 */
	obs_fn fn;
	void *ctx;
	char why[INFO_LEN]; /* what was not understood */
	/* private */
	enum bird_request request;
	bool done;
	uint16_t code; /* of the line before, which the next may repeat by a blank */
	bool have_code;
	struct bird_now now;
	struct bird_time boot, conf;
	bool have_obs; /* obs is not complete yet */
	struct obs obs;
	bool have_dst; /* dst is that of the route before */
	struct prefix dst;
	size_t len;
	char line[BIRD_LINE_MAX + 1];
};

/* ctx and fn take the observations, whose ts_ns is 0; none of them is of longer life than the
 * call. */
void bird_parser__init(struct bird_parser *p, bool v6, obs_fn fn, void *ctx);
/* A reply to r follows. */
void bird_parser__begin(struct bird_parser *p, enum bird_request r);
/*
 * The next bytes of the reply, in pieces of any size; now_ns: when they came. 0: more is to follow;
 * 1: the reply is complete; -EBADMSG: it is none, or an error, see `why`; the parser is of no use
 * until bird_parser__init().
 */
int bird_parser__feed(struct bird_parser *p, const char *data, size_t len, uint64_t now_ns);

/* ---- between the files of the parser; rows are text that they may cut up ---- */

/* The next word of *text, terminated in place, or NULL; *text goes on behind it. */
char *bird_word(char **text);
/* What follows `prefix` in text, or NULL */
char *bird_after(char *text, const char *prefix);
/* Digits at *text, at most UINT32_MAX; false: there are none, or too many. */
bool bird_number(const char **text, uint32_t *out);
/* An address, whose device ("fe80::1%eth0") is dropped */
bool bird_addr(char *text, struct addr *out);
/* Cuts what does not fit. */
void bird_copy(char *out, size_t size, const char *text);
/* Gives the observation that is complete now, if there is one, to its owner. */
void bird_parser__flush(struct bird_parser *p);
/* A new observation to fill in; the one before is flushed. */
struct obs *bird_parser__next(struct bird_parser *p, enum obs_kind kind);
/* Rows of "show protocols all" (1002, 1006) and "show route" (1007): 0 or -EBADMSG */
int bird_parse_proto(struct bird_parser *p, uint16_t code, char *text);
int bird_parse_route(struct bird_parser *p, char *text);

#endif
