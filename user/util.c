// SPDX-License-Identifier: GPL-2.0-only
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vasprintf() */
#endif

#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* The clock is slewed by half a millisecond a second; what is more is a step. */
#define CLOCK_STEP_NS (10 * (int64_t)NS_PER_MS)

/* Digits from *s on; *s is left at the first other character. */
static int digits(const char **s, uint64_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return -ERANGE;
	}
	*s = p;
	*out = n;
	return 0;
}

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;
	int err = digits(&s, &n);

	if (err)
		return err;
	if (*s)
		return -EINVAL;
	if (n < min || n > max)
		return -ERANGE;
	*out = n;
	return 0;
}

static uint64_t unit_ns(const char *unit, bool allow_ms)
{
	if (!*unit || !strcmp(unit, "s"))
		return NS_PER_S;
	if (!strcmp(unit, "m"))
		return 60 * NS_PER_S;
	if (!strcmp(unit, "h"))
		return 3600 * NS_PER_S;
	return allow_ms && !strcmp(unit, "ms") ? NS_PER_MS : 0;
}

int parse_duration_ns(const char *s, bool allow_ms, uint64_t *out)
{
	uint64_t n, ns;
	int err = digits(&s, &n);

	if (err)
		return err;
	ns = unit_ns(s, allow_ms);
	if (!ns)
		return -EINVAL;
	/* Half the range: adding a duration to a time must not wrap. */
	if (__builtin_mul_overflow(n, ns, &ns) || ns > INT64_MAX / 2)
		return -ERANGE;
	*out = ns;
	return 0;
}

/* Length of the valid UTF-8 sequence at p and its code point, 0 if there is none. */
static size_t utf8_at(const unsigned char *p, uint32_t *cp)
{
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0 && (p[1] & 0xc0) == 0x80) {
		*cp = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		return *cp >= 0x80 ? 2 : 0;
	}
	if ((p[0] & 0xf0) == 0xe0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
		*cp = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		return *cp >= 0x800 ? 3 : 0;
	}
	return 0;
}

/* One column wide everywhere, and no terminal or layout engine acts on it: ASCII, Latin-1, and the
 * dashes, quotes, ellipsis and arrows of our own sentences. */
static bool harmless(uint32_t cp)
{
	return (cp >= 0x20 && cp < 0x7f) || (cp > 0xa0 && cp <= 0xff && cp != 0xad) ||
	       (cp >= 0x2010 && cp <= 0x2026) || (cp >= 0x2190 && cp <= 0x2193);
}

size_t text_clean(char *out, size_t size, const char *in)
{
	const unsigned char *p = (const unsigned char *)in;
	size_t len = 0, cols = 0;

	while (*p) {
		uint32_t cp;
		size_t n = utf8_at(p, &cp);
		bool ok = n && harmless(cp);
		size_t need = ok ? n : 4;

		if (len + need >= size)
			break;
		if (ok) {
			memcpy(out + len, p, n);
			cols++;
		} else {
			n = 1;
			snprintf(out + len, 5, "\\x%02x", *p);
			cols += 4;
		}
		len += need;
		p += n;
	}
	if (size)
		out[len] = '\0';
	return cols;
}

size_t text_cols(const char *s)
{
	size_t cols = 0;

	for (; *s; s++)
		cols += (*s & 0xc0) != 0x80;
	return cols;
}

/* of standard output's stream, set by the first write that failed */
static int stdout_errno;

static ssize_t write_stdout(void *cookie, const char *buf, size_t size)
{
	size_t done = 0;

	(void)cookie;
	while (done < size) {
		ssize_t n = write(STDOUT_FILENO, buf + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (!stdout_errno)
				stdout_errno = n ? errno : EIO;
			return done;
		}
		done += n;
	}
	return done;
}

int stdout_watch(void)
{
	FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_stdout });

	if (!f)
		return -ENOMEM;
	setvbuf(f, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, 64 << 10);
	stdout = f;
	return 0;
}

int stdout_error(void)
{
	if (!ferror(stdout))
		return 0;
	return stdout_errno ? -stdout_errno : -EIO;
}

bool stdout_takes_colour(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && !(term && !strcmp(term, "dumb"));
}

uint16_t stdout_cols(void)
{
	struct winsize ws;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) ? 0 : ws.ws_col;
}

int str_printf(char **ret, const char *fmt, ...)
{
	char *s;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	*ret = s;
	return 0;
}

static enum log_level log_level = LEVEL_WARN;

void log_set_level(enum log_level level)
{
	log_level = level;
}

bool log_enabled(enum log_level level)
{
	return level <= log_level;
}

/* libbpf's messages end in a newline and verifier logs have many lines: each gets its prefix. */
void log_vprint(enum log_level level, const char *fmt, va_list ap)
{
	char *text, *rest, *line;

	if (!log_enabled(level))
		return;
	if (vasprintf(&text, fmt, ap) < 0)
		return;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		char clean[1024];

		if (!*line)
			continue;
		text_clean(clean, sizeof(clean), line);
		fprintf(stderr, "calitrace: %s\n", clean);
	}
	free(text);
}

void log_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(LEVEL_ERR, fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(LEVEL_WARN, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t wall_offset_ns(void)
{
	uint64_t best = UINT64_MAX;
	int64_t offset = 0;
	int i;

	/* A preemption between two reads would be part of the offset: keep the tightest bracket. */
	for (i = 0; i < 10; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC);
		uint64_t wall = clock_ns(CLOCK_REALTIME);
		uint64_t after = clock_ns(CLOCK_MONOTONIC);

		if (after - before < best) {
			best = after - before;
			offset = (int64_t)(wall - (before + best / 2));
		}
	}
	return offset;
}

bool wall_stepped(int64_t *offset_ns, int64_t now_ns)
{
	int64_t step = now_ns - *offset_ns;

	if (step < CLOCK_STEP_NS && step > -CLOCK_STEP_NS)
		return false;
	*offset_ns = now_ns;
	return true;
}
