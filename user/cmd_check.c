// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace check`: the audit of this node now. No program is loaded, no packet is needed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "around.h"
#include "baseline.h"
#include "cmd.h"
#include "confine.h"
#include "engine.h"
#include "priv.h"
#include "render.h"
#include "session.h"
#include "sources.h"
#include "util.h"

#define BGP_PORT 179
#define BIRD_WAIT_NS (3 * NS_PER_S)

struct check_run {
	const struct opts *o;
	struct engine *engine;
	struct render *render;
	char node[NODE_LEN];
	uint32_t inum;
	bool problem, warn, open;
};

static void on_obs(void *ctx, const struct obs *o)
{
	struct check_run *c = ctx;

	engine__feed(c->engine, o);
}

static size_t questions(void *ctx, struct addr *out, size_t max)
{
	struct check_run *c = ctx;

	return engine__questions(c->engine, out, max);
}

static void on_check(void *ctx, const struct check *k)
{
	struct record rec = { .kind = REC_CHECK, .ts_ns = mono_ns(), .check = k };
	struct check_run *c = ctx;

	c->problem |= k->state == CHECK_PROBLEM;
	c->warn |= k->state == CHECK_WARN && k->cause != C_GRACEFUL_RESTART;
	c->open |= check_is_open(k);
	if (!c->o->quiet || k->state == CHECK_PROBLEM)
		render__record(c->render, &rec);
}

/* Pools are a matter of the audit, but not all of it hangs on them. */
static void feed_pools(struct check_run *c)
{
	struct obs o = { .kind = OBS_POOLS, .ts_ns = mono_ns() };
	int err = learn_pools(c->o, engine__mirror(c->engine), c->inum, &o.pools);

	if (!err)
		engine__feed(c->engine, &o);
	else
		log_warn(
			"no Calico pool found on this node: what it should route is not known; name "
			"the pools with --pool 10.244.0.0/16=ipip (or =vxlan, =crosssubnet, =none)");
}

static int feed_kernel(struct check_run *c)
{
	struct rtnl *rtnl;
	int err = rtnl__open(&rtnl);

	if (err) {
		log_err("cannot open rtnetlink: %s", strerror(-err));
		return err;
	}
	err = rtnl__dump(rtnl, mono_ns(), on_obs, c);
	rtnl__free(rtnl);
	if (err)
		log_err("cannot read the routes: %s", strerror(-err));
	if (!err && bgp_diag(BGP_PORT, mono_ns(), on_obs, c))
		log_warn(
			"the kernel does not tell TCP connections (inet_diag): sessions are known from "
			"BIRD alone");
	if (!err)
		bgp_knocks(BGP_PORT, mono_ns(), on_obs, c);
	return err;
}

static int feed_around(struct check_run *c)
{
	const struct around_opts ao = {
		.o = c->o,
		.inum = c->inum,
		.mirror = engine__mirror(c->engine),
		.fn = on_obs,
		.ctx = c,
		.questions = questions,
	};
	struct around *a;
	int err = around__new(&ao, &a);

	if (err) {
		log_err("cannot set up: %s", strerror(-err));
		return err;
	}
	around__look(a, mono_ns());
	around__wait_bird(a, BIRD_WAIT_NS);
	around__ask_kernel(a, mono_ns());
	around__free(a);
	return 0;
}

static int feed_baselines(struct check_run *c)
{
	const struct baseline_run br = { c->node, mono_ns(), wall_offset_ns() };
	char why[400];
	int err = baseline__feed(c->o, &br, on_obs, c, why, sizeof(why));

	if (err)
		log_err("--baseline: %s", why);
	return err;
}

static int run(struct check_run *c)
{
	struct obs tick = { .kind = OBS_TICK };
	int err = feed_baselines(c);

	if (!err)
		err = feed_kernel(c);
	if (err)
		return err;
	feed_pools(c);
	err = feed_around(c);
	if (err)
		return err;
	tick.ts_ns = mono_ns();
	engine__feed(c->engine, &tick);
	engine__audit(c->engine, on_check, c);
	return 0;
}

static int exit_status(const struct check_run *c)
{
	if (c->problem || (c->warn && c->o->strict))
		return EXIT_PROBLEM;
	return c->open ? EXIT_CANNOT_SAY : EXIT_OK;
}

static int open_render(struct check_run *c)
{
	struct render_opts ro = {
		.out = stdout,
		.colour = stdout_takes_colour(),
		.cols = stdout_cols(),
		.wall_offset_ns = wall_offset_ns(),
		.node = c->node,
	};

	return c->o->output == OUTPUT_JSON ? render_json__new(&ro, &c->render) :
					     render_text__new(&ro, &c->render);
}

int cmd_check(const struct opts *o)
{
	struct engine_opts eo = { .reply_timeout_ns = o->reply_timeout_ns, .dns_port = { 53 } };
	struct check_run c = { .o = o };
	int status = EXIT_TROUBLE, orig = -1;
	char why[400] = "";

	priv_start();
	node_name(o, c.node, sizeof(c.node));
	if (node_netns(o, &orig, &c.inum, why, sizeof(why))) {
		log_err("%s", why);
		return EXIT_TROUBLE;
	}
	confine_settle(o);
	if (engine__new(&eo, &c.engine) || open_render(&c))
		log_err("out of memory");
	else if (!run(&c))
		status = exit_status(&c);
	if (c.render && render__error(c.render))
		status = EXIT_TROUBLE;
	render__free(c.render);
	engine__free(c.engine);
	if (orig >= 0)
		close(orig);
	return status;
}
