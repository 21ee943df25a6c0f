// SPDX-License-Identifier: GPL-2.0-only
/* BIRD's local times, of which only the distance to its own "current server time" means anything. */
#include "bird_parse.h"
#include "util.h"

#define DAY_S 86400
/* BIRD writes the clock for what is younger than this, else the day (conf/conf.c). */
#define CLOCK_LIMIT_S (20 * 3600)
/* A round is over sooner: what is ahead of its status by less has happened during the round. */
#define AHEAD_S 120

/* Exactly cnt digits */
static bool digits(const char **text, int cnt, int32_t *out)
{
	*out = 0;
	for (; cnt; cnt--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*out = *out * 10 + (**text - '0');
	}
	return true;
}

static bool sign(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar, whose years begin in March for this purpose */
static int32_t day_number(int32_t y, int32_t m, int32_t d)
{
	y -= m <= 2;
	m += m > 2 ? -3 : 9;
	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d - 1 - 719468;
}

static bool take_day(const char **text, int32_t *day)
{
	int32_t y, m, d;

	if (!digits(text, 4, &y) || !sign(text, '-') || !digits(text, 2, &m) || !sign(text, '-') ||
	    !digits(text, 2, &d))
		return false;
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	*day = day_number(y, m, d);
	return true;
}

static bool take_clock(const char **text, int32_t *clock)
{
	int32_t h, m, s;

	if (!digits(text, 2, &h) || !sign(text, ':') || !digits(text, 2, &m) || !sign(text, ':') ||
	    !digits(text, 2, &s))
		return false;
	if (h > 23 || m > 59 || s > 60)
		return false;
	*clock = h * 3600 + m * 60 + s;
	return true;
}

struct bird_time bird_time_parse(const char *text)
{
	struct bird_time t = { 0 };
	const char *p = text;

	if (take_day(&p, &t.day)) {
		t.have_day = true;
		if (!*p)
			return t;
		if (!sign(&p, ' '))
			return (struct bird_time){ 0 };
	} else {
		p = text;
	}
	t.have_clock = take_clock(&p, &t.clock) && !*p;
	return t.have_clock ? t : (struct bird_time){ 0 };
}

/* A clock later than now is of yesterday, but then there would be a day where it is that long ago. */
static bool is_ahead(int64_t by_s)
{
	return by_s <= AHEAD_S && DAY_S - by_s >= CLOCK_LIMIT_S;
}

uint64_t bird_time_ns(const struct bird_now *now, const struct bird_time *t)
{
	int64_t age_s;
	uint64_t ns;

	if (!now->local.have_day || !now->local.have_clock || (!t->have_day && !t->have_clock))
		return 0;
	age_s = now->local.clock - (t->have_clock ? t->clock : 0);
	if (t->have_day)
		age_s += (int64_t)(now->local.day - t->day) * DAY_S;
	else if (age_s < 0 && !is_ahead(-age_s))
		age_s += DAY_S;
	if (age_s < -AHEAD_S)
		return 0;
	if (age_s <= 0)
		return now->mono_ns + (uint64_t)-age_s * NS_PER_S;
	ns = (uint64_t)age_s * NS_PER_S;
	if (ns < now->mono_ns)
		return now->mono_ns - ns;
	/* The machine is younger than the day's first second; no process is older than the machine. */
	return t->have_clock ? 0 : 1;
}
