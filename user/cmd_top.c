// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace live --top`: session -> engine -> the model of the screen. The summary comes after it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "engine.h"
#include "render.h"
#include "screen.h"
#include "top.h"
#include "tracer.h"
#include "util.h"

struct live_top {
	struct opts o; /* all packets are told, as those that fare well are in the table, too */
	struct tracer *tracer;
	struct top *top;
	uint64_t bad; /* checks, at the start */
};

static void on_record(void *ctx, const struct record *rec)
{
	struct live_top *l = ctx;

	top__record(l->top, rec);
}

static void on_tick(void *ctx, uint64_t ts_ns)
{
	struct live_top *l = ctx;

	top__tick(l->top, ts_ns);
}

static void on_turn(void *ctx)
{
	struct live_top *l = ctx;

	top__turn(l->top, tracer__engine(l->tracer));
}

static void on_input(void *ctx)
{
	struct live_top *l = ctx;

	top__input(l->top);
}

static void on_signal(void *ctx, int sig)
{
	struct live_top *l = ctx;

	top__signal(l->top, sig);
}

static bool is_done(void *ctx)
{
	struct live_top *l = ctx;

	return (l->o.count && engine__problems(tracer__engine(l->tracer)) >= l->o.count) ||
	       top__over(l->top);
}

static int refuse(const struct opts *o, char *why, size_t why_sz)
{
	if (o->output == OUTPUT_JSON)
		snprintf(why, why_sz, "--top and -o json exclude each other: leave one out");
	else if (o->program)
		snprintf(why, why_sz,
			 "--top and a PROGRAM would share the terminal: run the program in another "
			 "one");
	else
		return top_check(why, why_sz);
	return -EINVAL;
}

static int open_top(struct live_top *l, char *why, size_t why_sz)
{
	struct session *session = tracer__session(l->tracer);
	const char *const *ifaces = session__ifaces(session);
	struct top_opts to = {
		.node = session__node(session),
		.version = CALITRACE_VERSION,
		.pool_cnt = session__pools(session)->cnt,
		.start_ns = tracer__ready_ns(l->tracer),
		.wall_offset_ns = tracer__wall_offset_ns(l->tracer),
		.numeric = l->o.numeric,
		.colour = stdout_takes_colour(),
	};

	while (ifaces[to.iface_cnt])
		to.iface_cnt++;
	return top__new(&to, &l->top, why, why_sz);
}

/* What `live` would have said last: each finding as it is in the end, and the summary. */
static int tell_end(struct live_top *l, const struct summary *sum, uint64_t now)
{
	const struct engine *e = tracer__engine(l->tracer);
	struct render_opts ro = {
		.out = stdout,
		.colour = stdout_takes_colour(),
		.cols = stdout_cols(),
		.quiet = true,
		.numeric = l->o.numeric,
		.wall_offset_ns = tracer__wall_offset_ns(l->tracer),
		.node = session__node(tracer__session(l->tracer)),
	};
	const struct finding *f;
	struct render *r;
	int err = render_text__new(&ro, &r);

	if (err)
		return err;
	for (uint32_t id = 1; (f = engine__finding(e, id)); id++)
		render__record(r,
			       &(struct record){ .kind = REC_FINDING, .ts_ns = now, .finding = f });
	render__summary(r, sum, now);
	err = render__error(r);
	render__free(r);
	return err;
}

static int finish(struct live_top *l)
{
	struct summary sum;
	uint64_t now = tracer__finish(l->tracer, &sum);
	int err = 0, failed;

	top__free(l->top);
	l->top = NULL;
	screen_judge(tracer__engine(l->tracer), l->bad, &sum);
	if (!session__hurried(tracer__session(l->tracer)))
		err = tell_end(l, &sum, now);
	/* a terminal that went away has seen enough */
	failed = tracer__end(l->tracer, &sum, now);
	return failed || (err && err != -EPIPE && err != -EIO) ? EXIT_TROUBLE :
								 screen_exit(&l->o, &sum);
}

static int run(struct live_top *l)
{
	char why[400] = "";

	if (tracer__start(l->tracer))
		return EXIT_TROUBLE;
	tracer__tell_ready(l->tracer);
	if (open_top(l, why, sizeof(why))) {
		log_err("%s", why);
		return EXIT_TROUBLE;
	}
	l->bad = screen_bad(tracer__engine(l->tracer));
	tracer__run(l->tracer);
	return finish(l);
}

int cmd_live_top(const struct opts *o, char **argv)
{
	struct live_top l = { .o = *o };
	const struct tracer_ops ops = {
		.record = on_record,
		.tick = on_tick,
		.turn = on_turn,
		.input = on_input,
		.signal = on_signal,
		.done = is_done,
		.ctx = &l,
	};
	char why[400] = "";
	int status = EXIT_TROUBLE;

	l.o.all = true;
	if (refuse(o, why, sizeof(why))) {
		log_err("%s", why);
		return EXIT_TROUBLE;
	}
	if (!tracer__new(&l.o, argv, &ops, &l.tracer))
		status = run(&l);
	top__free(l.top);
	tracer__free(l.tracer);
	return status;
}
