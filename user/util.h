/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaf helpers: checked parsers, text made safe for a terminal, messages on
 * stderr, the clock. Knows no other module. The only state is the log level.
 */
#ifndef CALITRACE_UTIL_H
#define CALITRACE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* ---- parsers: the whole text or nothing; 0, -EINVAL (no number), -ERANGE; out untouched ---- */

/* Decimal digits only: no sign, no blank, no hexadecimal. */
int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);
/* "30s", "5m", "1h", "30" (seconds), with allow_ms also "500ms". */
int parse_duration_ns(const char *s, bool allow_ms, uint64_t *out);

/* ---- text ---- */

/*
 * Copies in to out (terminated) so that no terminal acts on it and a line stays a line: control
 * bytes, invalid UTF-8 and whatever is not one column wide become \xNN. Returns the columns of
 * out. What does not fit is cut at a whole character.
 */
size_t text_clean(char *out, size_t size, const char *in);
/* Columns of a text that text_clean() or we ourselves made: its characters, not its bytes. */
size_t text_cols(const char *s);

static inline bool str_begins(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

/* *ret is to be freed by the caller; untouched on failure. 0 or -ENOMEM. */
int str_printf(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * ferror() says that a write failed, and errno has long been another's by then. From here on the
 * stream of standard output remembers the reason. 0 or -ENOMEM.
 */
int stdout_watch(void);

/* 0, or -errno of the first write to the stream of standard output that failed */
int stdout_error(void);

/* Standard output is a terminal that is not TERM=dumb, and NO_COLOR is not set (no-color.org) */
bool stdout_takes_colour(void);
/* Columns of the terminal that standard output is; 0: it is none, or does not tell */
uint16_t stdout_cols(void);

/* ---- messages: one line each on stderr, "calitrace: ...", made safe ---- */

enum log_level {
	LEVEL_ERR,
	LEVEL_WARN,
	LEVEL_INFO,
	LEVEL_DEBUG
};

/* LEVEL_WARN until it is set. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
void log_vprint(enum log_level level, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- clock ---- */

uint64_t mono_ns(void);
/* CLOCK_REALTIME - CLOCK_MONOTONIC, from the tightest of several readings. */
int64_t wall_offset_ns(void);
/*
 * Was the wall clock set since it was so far off? Then *offset_ns becomes now_ns. Only steps count: a clock
 * that is slewed takes CLOCK_MONOTONIC along, clock_settime(2). Both of wall_offset_ns(); less than 10 ms is
 * within what two clocks can be read at once.
 */
bool wall_stepped(int64_t *offset_ns, int64_t now_ns);

#endif
