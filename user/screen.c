// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "util.h"

#define SCREEN_LINES 6

struct screen {
	struct render *render;
	const struct opts *o;
	uint64_t ts_ns, among;
	uint32_t idx, shown, more;
};

static bool is_bad(const struct check *c)
{
	return c->state == CHECK_PROBLEM || c->state == CHECK_WARN;
}

static void on_check(void *ctx, const struct check *c)
{
	struct screen *s = ctx;
	struct record rec = { .kind = REC_CHECK, .ts_ns = s->ts_ns, .check = c };

	if (!(s->among >> (s->idx++ % 64) & 1) || !is_bad(c))
		return;
	/* the last line is for how many more there are */
	if (s->o->output == OUTPUT_TEXT && s->shown == SCREEN_LINES - 1) {
		s->more++;
		return;
	}
	s->shown++;
	render__record(s->render, &rec);
}

void screen_audit(struct render *r, const struct opts *o, const struct engine *e, uint64_t ts_ns,
		  uint64_t among)
{
	struct screen s = { .render = r, .o = o, .ts_ns = ts_ns, .among = among };

	engine__audit(e, on_check, &s);
	if (s.more && !o->quiet)
		printf("         and %u more: calitrace check tells all, and what to do\n", s.more);
	fflush(stdout);
}

static void on_any_check(void *ctx, const struct check *c)
{
	struct record rec = { .kind = REC_CHECK, .check = c };
	struct screen *s = ctx;

	rec.ts_ns = s->ts_ns;
	render__record(s->render, &rec);
}

void screen_snapshot(struct render *r, const struct engine *e, uint64_t ts_ns)
{
	struct screen s = { .render = r, .ts_ns = ts_ns };

	render__whole_checks(r);
	engine__audit(e, on_any_check, &s);
	fflush(stdout);
}

struct judge {
	struct summary *s;
	uint64_t bad, from; /* a bit for each check, in the audit's order */
	uint32_t idx;
};

static void on_bad(void *ctx, const struct check *c)
{
	struct judge *j = ctx;

	j->bad |= (uint64_t)is_bad(c) << (j->idx++ % 64);
}

uint64_t screen_bad(const struct engine *e)
{
	struct judge j = { 0 };

	engine__audit(e, on_bad, &j);
	return j.bad;
}

static void add_name(char *names, size_t sz, const char *name)
{
	size_t len = strlen(names);

	if (len + strlen(name) + sizeof(", ") <= sz)
		snprintf(names + len, sz - len, "%s%s", len ? ", " : "", name);
}

static void on_judged(void *ctx, const struct check *c)
{
	struct judge *j = ctx;
	struct summary *s = j->s;
	bool from_start = j->from >> (j->idx++ % 64) & 1;

	if (c->state == CHECK_PROBLEM && from_start) {
		s->check_cnt++;
		add_name(s->checks, sizeof(s->checks), c->name);
	} else if (check_is_open(c)) {
		s->open_check_cnt++;
		add_name(s->open_checks, sizeof(s->open_checks), c->name);
	}
}

void screen_judge(const struct engine *e, uint64_t bad, struct summary *s)
{
	struct judge j = { .s = s, .from = bad };

	s->check_cnt = s->open_check_cnt = 0;
	s->checks[0] = s->open_checks[0] = '\0';
	engine__audit(e, on_judged, &j);
}

void screen_record(struct render *r, const struct opts *o, const struct record *rec)
{
	/* no JSON record says it, and silence must not pass for health */
	if (rec->kind == REC_SILENCE && o->output == OUTPUT_JSON && !o->quiet)
		log_warn("no matching packet in %llu s: silence is not health",
			 (unsigned long long)(rec->silence_ns / NS_PER_S));
	render__record(r, rec);
}

void screen_close(const struct summary *s)
{
	fprintf(stderr,
		"calitrace: %llu packets seen, %llu problems, %llu events lost, %llu withheld\n",
		(unsigned long long)s->seen, (unsigned long long)s->problems,
		(unsigned long long)s->lost, (unsigned long long)s->withheld);
}

int screen_exit(const struct opts *o, const struct summary *s)
{
	if (!o->exit_code)
		return EXIT_OK;
	if (!s)
		return EXIT_CANNOT_SAY;
	if (s->problems || s->finding_cnt || s->check_cnt)
		return EXIT_PROBLEM;
	return !s->seen || s->lost || s->withheld || s->open_check_cnt ? EXIT_CANNOT_SAY : EXIT_OK;
}
