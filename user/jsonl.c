// SPDX-License-Identifier: GPL-2.0-only
#include "jsonl.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

static void now_text(char *buf, size_t sz)
{
	struct timespec ts;
	struct tm tm;
	char day[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, sz, "%s.%09ldZ", day, ts.tv_nsec);
}

int jsonl_check(FILE *out, const char *node, const char *name, const char *state,
		const char *explain, const char *advice)
{
	char ts[64];
	json_t *o;
	int err;

	now_text(ts, sizeof(ts));
	o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", "v", 1, "type", "check", "node",
		      node, "ts", ts, "name", name, "state", state, "explain", explain, "advice",
		      advice);
	if (!o)
		return -ENOMEM;
	err = json_dumpf(o, out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII) ||
	      fputc('\n', out) == EOF;
	json_decref(o);
	return err ? -EIO : 0;
}
