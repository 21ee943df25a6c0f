// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace live`: session -> engine -> renderer. What is printed hangs on what is recorded alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "engine.h"
#include "render.h"
#include "screen.h"
#include "tracer.h"
#include "util.h"

struct live {
	const struct opts *o;
	struct tracer *tracer;
	struct render *render;
	uint64_t bad; /* checks, at the start */
	int err;      /* standard output failed */
};

static void on_record(void *ctx, const struct record *rec)
{
	struct live *l = ctx;

	screen_record(l->render, l->o, rec);
}

static void on_tick(void *ctx, uint64_t ts_ns)
{
	struct live *l = ctx;

	render__tick(l->render, ts_ns);
}

/* What was said since the last tick is not to wait for the next one. */
static void on_turn(void *ctx)
{
	struct live *l = ctx;

	if (fflush(stdout) && !l->err)
		l->err = -errno;
}

static bool is_done(void *ctx)
{
	struct live *l = ctx;

	return (l->o->count && engine__problems(tracer__engine(l->tracer)) >= l->o->count) ||
	       l->err || render__error(l->render);
}

static int open_render(struct live *l)
{
	struct render_opts ro = {
		.out = stdout,
		.colour = stdout_takes_colour(),
		.cols = stdout_cols(),
		.all = l->o->all,
		.quiet = l->o->quiet,
		.numeric = l->o->numeric,
		.brief = true,
		.wall_offset_ns = tracer__wall_offset_ns(l->tracer),
		.node = session__node(tracer__session(l->tracer)),
	};

	return l->o->output == OUTPUT_JSON ? render_json__new(&ro, &l->render) :
					     render_text__new(&ro, &l->render);
}

static void tell_start(struct live *l, int argc, char **argv)
{
	struct session *session = tracer__session(l->tracer);
	struct tracer_probes p;
	struct utsname u;

	uname(&u);
	tracer__probes(l->tracer, &p);
	render__start(l->render, &(struct start_info){ .node = session__node(session),
						       .version = CALITRACE_VERSION,
						       .kernel = u.release,
						       .argc = argc,
						       .argv = argv,
						       .pools = session__pools(session),
						       .ifaces = session__ifaces(session),
						       .probes = p.used,
						       .missing = p.missing });
	fflush(stdout);
}

/* Whoever closes the pipe has seen enough; a full disk is trouble. */
static bool output_failed(const struct live *l)
{
	int err = l->err ? l->err : render__error(l->render);

	if (!err || err == -EPIPE)
		return false;
	log_err("cannot write to stdout: %s", strerror(-err));
	return true;
}

static int finish(struct live *l)
{
	struct summary sum;
	uint64_t now = tracer__finish(l->tracer, &sum);
	int err;

	screen_judge(tracer__engine(l->tracer), l->bad, &sum);
	if (!session__hurried(tracer__session(l->tracer)))
		render__summary(l->render, &sum, now);
	if (fflush(stdout) && !l->err)
		l->err = -errno;
	err = tracer__end(l->tracer, &sum, now);
	return output_failed(l) || err ? EXIT_TROUBLE : screen_exit(l->o, &sum);
}

static int run(struct live *l, int argc, char **argv)
{
	if (tracer__start(l->tracer))
		return EXIT_TROUBLE;
	if (open_render(l)) {
		log_err("out of memory");
		return EXIT_TROUBLE;
	}
	tell_start(l, argc, argv);
	tracer__tell_ready(l->tracer);
	screen_audit(l->render, l->o, tracer__engine(l->tracer), tracer__ready_ns(l->tracer),
		     SCREEN_ALL);
	l->bad = screen_bad(tracer__engine(l->tracer));
	tracer__run(l->tracer);
	return finish(l);
}

int cmd_live(const struct opts *o, int argc, char **argv)
{
	struct live l = { .o = o };
	const struct tracer_ops ops = {
		.record = on_record,
		.tick = on_tick,
		.turn = on_turn,
		.done = is_done,
		.ctx = &l,
	};
	int status = EXIT_TROUBLE;

	if (!tracer__new(o, argv, &ops, &l.tracer))
		status = run(&l, argc, argv);
	render__free(l.render);
	tracer__free(l.tracer);
	return status;
}
