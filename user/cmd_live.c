// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace live`: session -> engine -> renderer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "engine.h"
#include "filter.h"
#include "render.h"
#include "screen.h"
#include "session.h"
#include "util.h"

struct live {
	const struct opts *o;
	struct engine *engine;
	struct filter *filter;
	struct render *render;
	struct session *session;
	bool ready; /* records of the snapshot are state, not news */
};

static void on_record(void *ctx, const struct record *rec)
{
	struct live *l = ctx;

	if (!l->render || !l->ready)
		return;
	screen_record(l->render, l->o, rec);
}

static void on_obs(void *ctx, const struct obs *o)
{
	struct live *l = ctx;

	/* what the ring still holds when -c is reached is beyond the count */
	if (l->o->count && engine__problems(l->engine) >= l->o->count)
		return;
	/* the same observations in the same order: the filter knows the interface when its packets come */
	filter__feed(l->filter, o);
	engine__feed(l->engine, o);
	/* the renderer's clock is that of the observations, so that a replay prints the same */
	if (o->kind == OBS_TICK && l->ready)
		render__tick(l->render, o->ts_ns);
}

static void on_tick(void *ctx, uint64_t now_ns)
{
	struct live *l = ctx;

	(void)now_ns;
	render__flush(l->render);
}

static bool is_done(void *ctx)
{
	struct live *l = ctx;

	return (l->o->count && engine__problems(l->engine) >= l->o->count) ||
	       render__error(l->render);
}

static const struct mirror *get_mirror(void *ctx)
{
	struct live *l = ctx;

	return engine__mirror(l->engine);
}

static size_t questions(void *ctx, struct addr *out, size_t max)
{
	struct live *l = ctx;

	return engine__questions(l->engine, out, max);
}

static bool is_urgent(void *ctx)
{
	struct live *l = ctx;

	return engine__take_urgent(l->engine);
}

static bool is_troubled(void *ctx)
{
	struct live *l = ctx;

	return engine__has_open(l->engine);
}

static int open_render(struct live *l)
{
	struct render_opts ro = {
		.out = stdout,
		.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.all = l->o->all,
		.quiet = l->o->quiet,
		.numeric = l->o->numeric,
		.brief = true,
		.wall_offset_ns = wall_offset_ns(),
		.node = session__node(l->session),
	};

	return l->o->output == OUTPUT_JSON ? render_json__new(&ro, &l->render) :
					     render_text__new(&ro, &l->render);
}

static void tell_start(struct live *l, int argc, char **argv)
{
	const char *probes[PROBE_MAX + 1], *missing[PROBE_MAX + 1];
	const struct loader *ld = session__loader(l->session);
	const char *const *ifaces = session__ifaces(l->session);
	int np = 0, nm = 0, n = 0;
	struct utsname u;

	uname(&u);
	for (int i = 0; i < PROBE_MAX; i++) {
		const struct probe_state *p = loader__probe(ld, i);

		if (p->ok)
			probes[np++] = p->name;
		else
			missing[nm++] = p->name;
	}
	probes[np] = missing[nm] = NULL;
	render__start(l->render, &(struct start_info){ .node = session__node(l->session),
						       .version = CALITRACE_VERSION,
						       .kernel = u.release,
						       .argc = argc,
						       .argv = argv,
						       .pools = session__pools(l->session),
						       .ifaces = ifaces,
						       .probes = probes,
						       .missing = missing });
	fflush(stdout);
	while (ifaces[n])
		n++;
	fprintf(stderr, "calitrace: tracing %d interfaces, %u pools\n", n,
		session__pools(l->session)->cnt);
}

static int finish(struct live *l)
{
	uint64_t now = mono_ns();
	struct summary sum;

	engine__finish(l->engine, now);
	engine__summary(l->engine, now, &sum);
	sum.have_status = session__status(l->session) >= 0;
	sum.command_status = session__status(l->session);
	if (!session__hurried(l->session))
		render__summary(l->render, &sum, now);
	fflush(stdout);
	screen_close(&sum);
	return session__failed(l->session) ? EXIT_TROUBLE : screen_exit(l->o, &sum);
}

static int open_engine(struct live *l, char *why, size_t why_sz)
{
	struct filter_opts fo = opts_filter(l->o);
	struct engine_opts eo = {
		.reply_timeout_ns = l->o->reply_timeout_ns,
		.all = l->o->all,
		.emit = on_record,
		.emit_ctx = l,
	};
	int err = filter__new(&fo, &l->filter, why, why_sz);

	if (err)
		return err;
	memcpy(eo.dns_port, l->o->dns_port, sizeof(eo.dns_port));
	if (l->o->filter[0] || l->o->pod) {
		eo.match = filter__bits;
		eo.wants = filter__wants;
		eo.match_ctx = l->filter;
	}
	return engine__new(&eo, &l->engine);
}

/* A pod may come later, but a name may also be mistyped, and silence would not tell. */
static void tell_pod(const struct live *l)
{
	if (!filter__pod_known(l->filter))
		log_warn("--pod '%s': this node has no interface '%s' (yet); ip link lists them",
			 l->o->pod, l->o->pod_dev);
}

int cmd_live(const struct opts *o, int argc, char **argv)
{
	struct live l = { .o = o };
	struct session_ops ops = {
		.obs = on_obs,
		.tick = on_tick,
		.done = is_done,
		.mirror = get_mirror,
		.questions = questions,
		.urgent = is_urgent,
		.troubled = is_troubled,
		.ctx = &l,
	};
	int status = EXIT_TROUBLE;
	char why[400] = "";

	if (open_engine(&l, why, sizeof(why))) {
		log_err("%s", why[0] ? why : "out of memory");
		goto out;
	}
	if (session__open(o, &ops, &l.session, why, sizeof(why)) ||
	    session__start(l.session, why, sizeof(why))) {
		log_err("%s", why[0] ? why : "cannot start");
		goto out;
	}
	if (open_render(&l)) {
		log_err("out of memory");
		goto out;
	}
	tell_start(&l, argc, argv);
	screen_audit(l.render, l.o, l.engine, mono_ns());
	tell_pod(&l);
	l.ready = true;
	session__run(l.session);
	status = finish(&l);
out:
	session__close(l.session);
	render__free(l.render);
	engine__free(l.engine);
	filter__free(l.filter);
	return status;
}
