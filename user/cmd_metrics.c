// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace metrics`: session -> engine -> counters, served by the same loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "cmd.h"
#include "metrics_http.h"
#include "tracer.h"
#include "util.h"

/* However often it is asked for: an audit of a large node takes milliseconds. */
#define PAGE_NS NS_PER_S

struct page_kept {
	char *text;
	size_t len;
	uint64_t made_ns;
};

struct server {
	struct tracer *tracer;
	struct metrics *metrics;
	struct metrics_http *http;
	struct utsname kernel;
	struct page_kept page[2]; /* by format */
};

static int get_page(void *ctx, enum metrics_format format, const char **text, size_t *len)
{
	struct server *s = ctx;
	struct page_kept *p = &s->page[format];
	struct metrics_about about = {
		.version = CALITRACE_VERSION,
		.kernel = s->kernel.release,
		.node = session__node(tracer__session(s->tracer)),
	};
	uint64_t now = mono_ns();

	if (!p->text || now >= p->made_ns + PAGE_NS) {
		struct page_kept new = { .made_ns = now };
		int err = metrics__page(s->metrics, tracer__engine(s->tracer), &about, format,
					&new.text, &new.len);

		if (err)
			return err;
		free(p->text);
		*p = new;
	}
	*text = p->text;
	*len = p->len;
	return 0;
}

static bool is_healthy(void *ctx)
{
	struct server *s = ctx;

	return session__ifaces(tracer__session(s->tracer))[0];
}

static void on_turn(void *ctx)
{
	struct server *s = ctx;

	metrics_http__turn(s->http);
}

static int listen_at(struct server *s, const char *where)
{
	const struct metrics_http_ops ops = {
		.page = get_page,
		.healthy = is_healthy,
		.ctx = s,
	};
	char why[400] = "";
	int err = metrics_http__new(where, &ops, &s->http, why, sizeof(why));

	if (err)
		log_err("%s", why);
	return err;
}

static int run(struct server *s, const struct opts *o)
{
	struct summary sum;
	uint64_t now;

	if (tracer__start(s->tracer))
		return EXIT_TROUBLE;
	if (!o->quiet)
		fprintf(stderr, "calitrace: metrics at http://%s/metrics\n",
			metrics_http__where(s->http));
	tracer__tell_ready(s->tracer);
	tracer__run(s->tracer);
	now = tracer__finish(s->tracer, &sum);
	return tracer__end(s->tracer, &sum, now) ? EXIT_TROUBLE : EXIT_OK;
}

int cmd_metrics(const struct opts *o, char **argv)
{
	struct server s = { 0 };
	struct engine_counts counts;
	const struct tracer_ops ops = {
		.turn = on_turn,
		.counts = &counts,
		.ctx = &s,
	};
	int status = EXIT_TROUBLE;

	uname(&s.kernel);
	if (metrics__new(&s.metrics)) {
		log_err("out of memory");
		return status;
	}
	counts = metrics__counts(s.metrics);
	/* where the caller is, who scrapes: --netns is only what is traced. And before any right goes */
	if (!listen_at(&s, o->listen) && !tracer__new(o, argv, &ops, &s.tracer))
		status = run(&s, o);
	/* it may still ask for a page as it goes */
	metrics_http__free(s.http);
	tracer__free(s.tracer);
	metrics__free(s.metrics);
	free(s.page[METRICS_TEXT].text);
	free(s.page[METRICS_OPENMETRICS].text);
	return status;
}
