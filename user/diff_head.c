// SPDX-License-Identifier: GPL-2.0-only
/* What the comparison comes to: a verdict, one sentence, what to do. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "diff_priv.h"

/* A sentence that grows; what does not fit is cut. */
struct text {
	char *s;
	size_t size, len;
	uint32_t parts;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

/* "9 routes are missing", with a comma where one came before */
static void say_count(struct text *t, uint32_t n, const char *thing, const char *one,
		      const char *many)
{
	if (!n)
		return;
	say(t, "%s%u %s%s %s", t->parts++ ? ", " : "", n, thing, n == 1 ? "" : "s",
	    n == 1 ? one : many);
}

static uint32_t sum(const uint32_t cnt[DIFF_WHAT_MAX])
{
	uint32_t n = 0;

	for (int i = 0; i < DIFF_WHAT_MAX; i++)
		n += cnt[i];
	return n;
}

/* ---- something is wrong ---- */

static const struct diff_change *first_wrong(const struct diff *d, bool check)
{
	for (uint32_t i = 0; i < d->cnt; i++) {
		const struct diff_change *c = &d->change[i];

		if (c->wrong && (check ? (const void *)c->after.check : c->after.finding))
			return c;
	}
	return NULL;
}

/* The deepest cause that a finding or a check of AFTER proves */
static const char *cause_of(const struct diff *d)
{
	for (uint32_t i = 0; i < d->cnt; i++) {
		const struct diff_change *c = &d->change[i];

		if (!c->wrong || c->what != DIFF_FINDING)
			continue;
		if (c->after.finding && c->after.finding->cause != C_UNKNOWN)
			return cause_name(c->after.finding->cause);
		if (c->after.check && c->after.check->cause != C_UNKNOWN)
			return cause_name(c->after.check->cause);
	}
	return "";
}

static void say_wrong(const struct diff *d, struct text *t)
{
	const struct diff_change *check = first_wrong(d, true);

	say(t, d->was_wrong ? "Not cured: " : "Something broke: ");
	say_count(t, d->wrong[DIFF_ROUTE], "route", "is missing", "are missing");
	say_count(t, d->wrong[DIFF_PEER], "BGP session", "is down", "are down");
	say_count(t, d->wrong[DIFF_FLOW], "flow", "fails", "fail");
	if (!t->parts && check)
		say(t, "%s%s: %s", t->parts++ ? ", " : "", check->key, check->after.check->explain);
	else if (!t->parts)
		say_count(t, d->wrong[DIFF_FINDING], "finding", "is open", "are open");
	if (*cause_of(d))
		say(t, " (%s)", cause_of(d));
	if (t->len && t->s[t->len - 1] != '.')
		say(t, ".");
}

/* ---- nothing is wrong ---- */

static uint32_t doubts(const struct diff *d)
{
	uint32_t n = 0;

	for (int i = 0; i < DOUBT_MAX; i++)
		n += d->doubt[i].cnt;
	return n;
}

static const struct diff_reason *first_doubt(const struct diff *d)
{
	for (int i = 0; i < DOUBT_MAX; i++)
		if (d->doubt[i].cnt)
			return &d->doubt[i];
	return NULL;
}

static void say_doubt(const struct diff *d, struct text *t)
{
	const struct diff_reason *r = first_doubt(d);
	uint32_t n = doubts(d);

	say(t, d->was_wrong ? "Cannot say whether it is cured: " : "Cannot say: ");
	say(t, "nothing wrong is seen in AFTER, but %s", r->text);
	if (n > 1)
		say(t, " (and %u more reason%s)", n - 1, n == 2 ? "" : "s");
	if (t->s[t->len - 1] != '.')
		say(t, ".");
}

static void say_cured(const struct diff *d, struct text *t)
{
	say(t, "Cured: ");
	say_count(t, d->fixed[DIFF_ROUTE], "route", "is back", "are back");
	say_count(t, d->fixed[DIFF_PEER], "BGP session", "is repaired", "are repaired");
	say_count(t, d->fixed[DIFF_FLOW], "broken flow", "gets answers again", "get answers again");
	if (!t->parts)
		say_count(t, d->fixed[DIFF_FINDING], "finding", "is gone", "are gone");
	if (!t->parts)
		say(t, "what was wrong in BEFORE is not in AFTER");
	say(t, ".");
}

static void say_healthy(const struct diff *d, struct text *t)
{
	say(t,
	    "Healthy, as before: %u route%s to blocks, %u BGP session%s established, %llu "
	    "exchange%s answered.",
	    d->routes, d->routes == 1 ? "" : "s", d->sessions, d->sessions == 1 ? "" : "s",
	    (unsigned long long)d->answered, d->answered == 1 ? "" : "s");
}

/* ---- what to do ---- */

static const char *const doubt_advice[DOUBT_MAX] = {
	[DOUBT_RESTART] = "wait until the graceful restart is over (two minutes at most), then "
			  "capture AFTER again",
	[DOUBT_EXERCISE] = "capture AFTER again while pods use what was broken: ping and resolve "
			   "names from the same pods",
	[DOUBT_TRAFFIC] =
		"capture AFTER again while pods send something: calitrace capture -w FILE "
		"-- ping -c 3 ADDRESS",
	[DOUBT_SESSION] =
		"capture AFTER again without --no-bird, and with --host-root where BIRD's "
		"files are",
	[DOUBT_ROUTE] = "if the block was released, all is well: calicoctl ipam show --show-blocks",
	[DOUBT_CHECK] = "calitrace check on that node tells what is missing",
	[DOUBT_LOSS] = "capture AFTER again with less: a FILTER, --pod, or fewer interfaces",
	[DOUBT_GAP] = "give all files of AFTER's capture, in a directory of their own",
	[DOUBT_NODE] = "capture on the same nodes before and after",
	[DOUBT_FOREIGN] = "capture AFTER with calitrace capture -w FILE",
	[DOUBT_LISTS] = "capture with a FILTER or --pod",
	[DOUBT_ORDER] = "calitrace diff BEFORE AFTER: give the older capture first",
};

static void say_next(struct diff *d)
{
	const struct diff_reason *r = first_doubt(d);
	const struct diff_change *c = first_wrong(d, false);

	d->next[0] = '\0';
	if (!c || !c->after.finding->advice[0])
		c = first_wrong(d, true);
	if (d->verdict == DIFF_CANNOT_SAY)
		snprintf(d->next, sizeof(d->next), "%s", doubt_advice[r - d->doubt]);
	else if (d->verdict == DIFF_NOT_CURED && c)
		snprintf(d->next, sizeof(d->next), "%s",
			 c->after.finding ? c->after.finding->advice :
			 c->after.check	  ? c->after.check->advice :
					    "");
}

static enum diff_verdict judge(const struct diff *d)
{
	if (sum(d->wrong))
		return DIFF_NOT_CURED;
	if (doubts(d))
		return DIFF_CANNOT_SAY;
	return d->was_wrong ? DIFF_CURED : DIFF_HEALTHY;
}

void diff_conclude(struct diff *d)
{
	static const int status[] = {
		[DIFF_HEALTHY] = 0, [DIFF_CURED] = 0, [DIFF_NOT_CURED] = 1, [DIFF_CANNOT_SAY] = 3
	};
	struct text t = { .s = d->head, .size = sizeof(d->head) };

	/* a change that leaves a doubt has said why; should one not, it counts all the same */
	if (d->doubtful && !doubts(d))
		diff_doubt(d, DOUBT_CHECK, "%u change%s cannot be judged", d->doubtful,
			   d->doubtful == 1 ? "" : "s");
	if (d->cut)
		diff_doubt(d, DOUBT_LISTS, "a file is cut: its end is not known");
	if (d->oom)
		diff_doubt(d, DOUBT_LISTS, "memory ran out");
	d->verdict = judge(d);
	d->exit_status = d->cut || d->oom ? 2 : status[d->verdict];
	if (d->verdict == DIFF_NOT_CURED)
		say_wrong(d, &t);
	else if (d->verdict == DIFF_CANNOT_SAY)
		say_doubt(d, &t);
	else if (d->verdict == DIFF_CURED)
		say_cured(d, &t);
	else
		say_healthy(d, &t);
	say_next(d);
}
