// SPDX-License-Identifier: GPL-2.0-only
/* Options about files: what is written, what is read, which part of it is shown. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "opts_priv.h"
#include "util.h"

#define FILE_BYTES_MIN (64 * 1024)

int opts_set_baseline(struct parser *p, const char *val)
{
	if (p->o->baseline_cnt == MAX_FILES)
		return opts_fail(p, "%s '%.60s': more than %d of them", p->word, val, MAX_FILES);
	p->o->baseline[p->o->baseline_cnt++] = val;
	return 0;
}

int opts_set_snaplen(struct parser *p, const char *val)
{
	uint64_t n;

	if (parse_u64(val, SNAPLEN_MIN, SNAP_LEN, &n))
		return opts_fail(p, "%s '%.60s': not a number of octets from %d to %d", p->word,
				 val, SNAPLEN_MIN, SNAP_LEN);
	p->o->snaplen = (uint32_t)n;
	return 0;
}

/* As tcpdump has it: a bare number is millions, k, m and g are powers of 1024 */
static int parse_size(const char *val, uint64_t *out)
{
	static const char units[] = "kmg";
	char digits[24], *unit;
	uint64_t n, one = 1000000;
	size_t len = strlen(val);

	if (!len || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, val, len + 1);
	unit = strchr(units, digits[len - 1] | 0x20);
	if (unit) {
		one = 1024ull << (10 * (unit - units));
		digits[len - 1] = '\0';
	}
	if (parse_u64(digits, 1, UINT32_MAX, &n))
		return -EINVAL;
	*out = n * one;
	return 0;
}

int opts_set_file_bytes(struct parser *p, const char *val)
{
	if (parse_size(val, &p->o->file_bytes) || p->o->file_bytes < FILE_BYTES_MIN)
		return opts_fail(
			p,
			"%s '%.60s': not a size of at least 64k; write 500k, 10m, 1g, or a bare "
			"number of millions of octets",
			p->word, val);
	return 0;
}

int opts_set_file_max(struct parser *p, const char *val)
{
	if (parse_u64(val, 1, 1000000, &p->o->file_max))
		return opts_fail(p, "%s '%.60s': not a number of files from 1 to 1000000", p->word,
				 val);
	return 0;
}

int opts_set_write(struct parser *p, const char *val)
{
	if (p->o->write)
		return opts_fail(p, "%s '%.60s': given twice; leave one out", p->word, val);
	p->o->write = val;
	return 0;
}

int opts_add_filter(struct parser *p, const char *arg)
{
	size_t len = strlen(p->o->filter);
	int n = snprintf(p->o->filter + len, FILTER_LEN - len, "%s%s", len ? " " : "", arg);

	if (n >= (int)(FILTER_LEN - len))
		return opts_fail(
			p, "FILTER '%.40s...': longer than %d characters; use networks and ranges",
			p->o->filter, FILTER_LEN - 1);
	return 0;
}

int opts_set_filter(struct parser *p, const char *val)
{
	if (p->o->filter[0])
		return opts_fail(p, "%s '%.60s': given twice; join them with 'and'", p->word, val);
	return opts_add_filter(p, val);
}

/* "2026-11-23T02:00:05.5Z", "02:00:05.5" (UTC), "90s" after the start: 0 or -EINVAL */
static int parse_when(const char *val, struct when *out)
{
	struct tm tm = { 0 };
	char *end = strptime(val, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t ns, fraction = 0;
	time_t seconds;

	out->kind = WHEN_WALL;
	if (!end) {
		tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
		end = strptime(val, "%H:%M:%S", &tm);
		out->kind = WHEN_CLOCK;
	}
	if (!end) {
		out->kind = WHEN_OFFSET;
		if (parse_duration_ns(val, true, &ns) || ns > INT64_MAX)
			return -EINVAL;
		out->ns = (int64_t)ns;
		return 0;
	}
	if (*end == '.') {
		char digits[] = "000000000";
		size_t n = strspn(end + 1, "0123456789");

		if (!n || n >= sizeof(digits))
			return -EINVAL;
		memcpy(digits, end + 1, n);
		parse_u64(digits, 0, NS_PER_S, &fraction);
		end += 1 + n;
	}
	if (strcmp(end, "Z") && (*end || out->kind == WHEN_WALL))
		return -EINVAL;
	seconds = timegm(&tm);
	/* 64 bits of ns end in the year 2262 */
	if (seconds < 0 || seconds >= INT64_MAX / (int64_t)NS_PER_S)
		return -EINVAL;
	out->ns = (int64_t)seconds * (int64_t)NS_PER_S + (int64_t)fraction;
	return 0;
}

static int set_when(struct parser *p, const char *val, struct when *out)
{
	if (!parse_when(val, out))
		return 0;
	return opts_fail(p,
			 "%s '%.60s': not a point of time; write 2026-11-23T02:00:05Z, 02:00:05 "
			 "(UTC), or 90s after the capture's start",
			 p->word, val);
}

int opts_set_since(struct parser *p, const char *val)
{
	return set_when(p, val, &p->o->since);
}

int opts_set_until(struct parser *p, const char *val)
{
	return set_when(p, val, &p->o->until);
}

static enum verdict verdict_find(const char *word, size_t len)
{
	for (int v = V_NONE + 1; v < V_MAX; v++)
		if (strlen(verdict_name(v)) == len && !memcmp(verdict_name(v), word, len))
			return v;
	return V_NONE;
}

int opts_set_verdict(struct parser *p, const char *val)
{
	const char *word = val;

	for (;;) {
		size_t len = strcspn(word, ",");
		enum verdict v = verdict_find(word, len);

		if (v == V_NONE)
			return opts_fail(p,
					 "%s '%.60s': '%.*s' is no verdict; leaked, no-route, "
					 "filtered, unanswered ... are (calitrace show --help)",
					 p->word, val, (int)(len < 40 ? len : 40), word);
		p->o->verdicts |= 1ull << v;
		if (!word[len])
			return 0;
		word += len + 1;
	}
}

int opts_add_file(struct parser *p, const char *arg)
{
	uint32_t max = p->o->command == CMD_SHOW ? MAX_FILES : 2;

	if (p->o->file_cnt == max)
		return opts_fail(p, "'%.60s': '%s' takes no more than %u files", arg,
				 command_name(p->o->command), max);
	p->o->file[p->o->file_cnt++] = arg;
	return 0;
}

/* A snapshot alone takes no time, and has no packets. */
static int check_snapshot(struct parser *p)
{
	const struct opts *o = p->o;
	const char *other = o->count	  ? "-c" :
			    o->file_bytes ? "-C" :
			    o->program	  ? "-- PROGRAM" :
					    NULL;

	if (!o->snapshot || !other)
		return 0;
	return opts_fail(p, "-d 0 writes the node's state and no packet: leave it or %s out",
			 other);
}

int opts_check_files(struct parser *p)
{
	const struct opts *o = p->o;

	if (o->command == CMD_CAPTURE && !o->write)
		return opts_fail(p, "'capture' needs a file: -w FILE, or -w - for stdout");
	if (o->command == CMD_REPORT && !o->write)
		return opts_fail(p, "'report' needs a file: -w FILE.html, or -w - for stdout");
	if (o->command == CMD_DIFF && o->file_cnt != 2)
		return opts_fail(p, "'diff' needs two captures: BEFORE and AFTER, each a file or a "
				    "directory of *.pcapng");
	if ((o->command == CMD_SHOW || o->command == CMD_REPORT) && !o->file_cnt)
		return opts_fail(p, "'%s' needs a capture: FILE, or - for stdin",
				 command_name(o->command));
	if (o->file_max && !o->file_bytes)
		return opts_fail(p, "-W says how many files to keep, -C SIZE when to begin the "
				    "next: give both");
	if (o->file_bytes && !strcmp(o->write, "-"))
		return opts_fail(p, "-C begins new files, and stdout is none: leave one out");
	if (o->command == CMD_LIVE && o->write && !strcmp(o->write, "-"))
		return opts_fail(p, "-w -: 'live' prints to stdout; 'capture -w -' writes there");
	if (o->force && !o->write)
		return opts_fail(p,
				 "--force lets -w replace a file: give -w FILE, or leave it out");
	return check_snapshot(p);
}
