// SPDX-License-Identifier: GPL-2.0-only
/* show --timeline: the lines, as text and as JSON. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "show_timeline.h"
#include "util.h"

/* Routes that one task changes alike: the first few are printed, the others counted. */
#define BULK_NS ((int64_t)NS_PER_S)
#define BULK_SHOWN 3
#define COL_SOURCE 20
#define COL_WHAT 31
#define COL_TEXT 41

static const char *const words[WHAT_MAX] = {
	[WHAT_ADDRESS] = "address", [WHAT_LINK] = "link",     [WHAT_PROCESS] = "process",
	[WHAT_CONFIG] = "config",   [WHAT_BGP] = "bgp",	      [WHAT_ROUTE] = "route",
	[WHAT_LOSS] = "loss",	    [WHAT_REPAIR] = "repair", [WHAT_ANSWER] = "answer",
	[WHAT_GAP] = "gap",	    [WHAT_NOTHING] = "",
};

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->wall_ns != y->wall_ns)
		return x->wall_ns < y->wall_ns ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

/* "11-22 02:04:22.123": an address may be older than the day. "02:04:22~": to the second */
static void time_str(int64_t wall, const char *fmt, bool rough, char out[32])
{
	time_t sec = (time_t)(wall / (int64_t)NS_PER_S);
	struct tm tm;
	size_t len;

	localtime_r(&sec, &tm);
	len = strftime(out, 32, fmt, &tm);
	if (rough)
		snprintf(out + len, 32 - len, "~");
	else
		snprintf(out + len, 32 - len, ".%03d",
			 (int)(wall % (int64_t)NS_PER_S / (int64_t)NS_PER_MS));
}

static void print_text(const struct show_timeline *t, const struct event *e)
{
	char when[32], clean[4 * EVENT_LEN], name[4 * NODE_LEN];

	if (e->what == WHAT_NOTHING)
		return;
	time_str(e->wall_ns, "%m-%d %H:%M:%S", e->rough, when);
	text_clean(clean, sizeof(clean), e->text);
	text_clean(name, sizeof(name), t->s->node[e->node].prefix);
	printf("%s%-*s%-*s%-*s%s", name, COL_SOURCE, when, COL_WHAT - COL_SOURCE, e->source,
	       COL_TEXT - COL_WHAT, words[e->what], clean);
	if (e->finding)
		printf("  (finding %u)", e->finding);
	if (e->more) {
		time_str(e->last_wall_ns, "%H:%M:%S", false, when);
		printf(", and %u more until %s", e->more, when);
	}
	putchar('\n');
}

static json_t *safe_text(const char *s)
{
	char clean[4 * EVENT_LEN];

	text_clean(clean, sizeof(clean), s);
	return json_string(clean);
}

static void print_json(const struct show_timeline *t, const struct event *e)
{
	char when[64], name[4 * NODE_LEN];
	time_t sec = (time_t)(e->wall_ns / (int64_t)NS_PER_S);
	struct tm tm;
	json_t *o;
	size_t len;

	if (e->what == WHAT_NOTHING)
		return;
	o = json_object();
	gmtime_r(&sec, &tm);
	len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + len, sizeof(when) - len, ".%09dZ", (int)(e->wall_ns % (int64_t)NS_PER_S));
	text_clean(name, sizeof(name), t->s->node[e->node].name);
	json_object_set_new(o, "v", json_integer(1));
	json_object_set_new(o, "type", json_string("event"));
	if (name[0])
		json_object_set_new(o, "node", json_string(name));
	json_object_set_new(o, "ts", json_string(when));
	json_object_set_new(o, "source", json_string(e->source));
	json_object_set_new(o, "what", json_string(words[e->what]));
	json_object_set_new(o, "explain", safe_text(e->text));
	if (e->finding)
		json_object_set_new(o, "finding", json_integer(e->finding));
	if (e->more)
		json_object_set_new(o, "more", json_integer(e->more));
	if (e->rough)
		json_object_set_new(o, "precision_s", json_integer(1));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
}

/* How many routes of e's sort follow within a second of the one before, e included */
static size_t bulk_len(const struct show_timeline *t, size_t i)
{
	const struct event *e = &t->event[i];
	size_t n = 1;

	while (i + n < t->cnt) {
		const struct event *f = &t->event[i + n];

		if (f->what != WHAT_ROUTE || e->what != WHAT_ROUTE || f->node != e->node ||
		    f->op != e->op || f->by.pid != e->by.pid ||
		    f->wall_ns > t->event[i + n - 1].wall_ns + BULK_NS)
			break;
		n++;
	}
	return n;
}

static void print_bulk(const struct show_timeline *t, size_t i, size_t n)
{
	struct event more = t->event[i];

	for (size_t k = 0; k < n && (k < BULK_SHOWN || n == BULK_SHOWN + 1); k++)
		print_text(t, &t->event[i + k]);
	if (n <= BULK_SHOWN + 1)
		return;
	more.wall_ns = t->event[i + n - 1].wall_ns;
	snprintf(more.text, sizeof(more.text), "and %zu more like these, the last one now",
		 n - BULK_SHOWN);
	print_text(t, &more);
}

int show_timeline__print(struct show_timeline *t)
{
	if (t->cnt)
		qsort(t->event, t->cnt, sizeof(*t->event), by_time);
	for (size_t i = 0, n; i < t->cnt && !ferror(stdout); i += n) {
		n = t->s->o->output == OUTPUT_JSON ? 1 : bulk_len(t, i);
		if (t->s->o->output == OUTPUT_JSON)
			print_json(t, &t->event[i]);
		else
			print_bulk(t, i, n);
	}
	if (t->left_out)
		log_warn("--timeline: %llu events more than fit are left out: --since and --until "
			 "choose",
			 (unsigned long long)t->left_out);
	return stdout_error();
}
