// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace show`: files -> replay -> the renderers of `live`. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "sandbox.h"
#include "screen.h"
#include "show.h"
#include "util.h"

const char *show_name(const struct replay_node *n)
{
	return n->name[0] ? n->name : n->path;
}

bool show_foreign(const struct replay_node *n)
{
	return n->meta->foreign;
}

bool show_wants(const struct opts *o, enum verdict v)
{
	return !o->verdicts || (o->verdicts & 1ull << v);
}

static bool finding_is_wanted(const struct opts *o, const struct finding *f)
{
	if (!o->verdicts || show_wants(o, f->verdict))
		return true;
	for (int v = 0; v < V_MAX; v++)
		if (f->verdicts[v] && show_wants(o, v))
			return true;
	return false;
}

/* ---- one node ---- */

static void on_node(void *ctx, struct replay_node *n)
{
	struct show *s = ctx;
	struct show_node *sn = &s->node[n->idx];
	struct render_opts ro = {
		.out = stdout,
		.colour = s->colour,
		.cols = stdout_cols(),
		.all = s->all,
		.quiet = s->o->quiet || s->o->summary,
		.checks = s->o->summary && !s->o->quiet,
		.numeric = s->o->numeric,
		.brief = true,
		.wall_offset_ns = n->wall_offset_ns,
		.node = n->name,
	};
	int err;

	n->user = sn;
	sn->name = n->name;
	if (s->several) {
		snprintf(sn->prefix, sizeof(sn->prefix), "%s  ", show_name(n));
		ro.prefix = sn->prefix;
	}
	err = s->o->output == OUTPUT_JSON ? render_json__new(&ro, &sn->render) :
					    render_text__new(&ro, &sn->render);
	if (!err && s->packets)
		err = show_packets__node(s->packets, n);
	if (err) {
		log_err("out of memory");
		render__free(sn->render); /* without one, the replay stops */
		sn->render = NULL;
	}
}

static void tell_start(struct show *s, struct replay_node *n, const struct cap_ready *r)
{
	struct show_node *sn = n->user;
	char **argv = (char **)n->meta->argv;
	int argc = 0;

	while (argv && argv[argc])
		argc++;
	render__start(sn->render, &(struct start_info){ .node = n->name,
							.version = n->meta->version,
							.kernel = n->meta->kernel,
							.argc = argc,
							.argv = argv,
							.pools = &sn->pools,
							.ifaces = r->ifaces,
							.probes = r->probes,
							.missing = r->missing });
	/* a capture of packets alone says nothing of a node */
	if (sn->snapshot)
		screen_snapshot(sn->render, n->engine, r->ts_ns);
	else if (!show_foreign(n))
		screen_audit(sn->render, s->o, n->engine, r->ts_ns, SCREEN_ALL);
}

static bool tells_records(const struct show *s)
{
	return !s->o->summary && !s->timeline && !s->o->packets;
}

/* capture -d 0: whoever traces has probes, or lacks some */
static bool is_snapshot(const struct replay_node *n, const struct cap_ready *r)
{
	return !show_foreign(n) && !(r->probes && r->probes[0]) && !(r->missing && r->missing[0]);
}

static void on_ready(void *ctx, struct replay_node *n, const struct cap_ready *r)
{
	struct show_node *sn = n->user;
	struct show *s = ctx;

	sn->snapshot = is_snapshot(n, r);
	if (!show_foreign(n))
		sn->bad = screen_bad(n->engine);
	if (!sn->render || !tells_records(s))
		return;
	if (!show_foreign(n) || s->o->output == OUTPUT_JSON)
		tell_start(s, n, r);
}

static void on_obs(void *ctx, struct replay_node *n, const struct obs *o,
		   const struct cap_item *item)
{
	struct show_node *sn = n->user;
	struct show *s = ctx;

	(void)item;
	if (o->kind == OBS_POOLS && !n->ready)
		sn->pools = o->pools;
	if (s->packets)
		show_packets__obs(s->packets, n, o);
	if (s->timeline)
		show_timeline__obs(s->timeline, n, o);
	if (o->kind == OBS_TICK && n->ready && !n->finished && sn->render && !s->o->summary)
		render__tick(sn->render, o->ts_ns);
}

static void tell_record(struct show *s, struct show_node *sn, const struct record *rec)
{
	const struct opts *o = s->o;

	if (rec->kind == REC_PACKET && !show_wants(o, rec->packet->verdict))
		return;
	if (rec->kind == REC_FINDING && !finding_is_wanted(o, rec->finding))
		return;
	if (o->verdicts && rec->kind != REC_PACKET && rec->kind != REC_FINDING &&
	    rec->kind != REC_LOSS)
		return;
	screen_record(sn->render, o, rec);
}

static void on_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	struct show_node *sn = n->user;
	struct show *s = ctx;

	if (s->timeline)
		show_timeline__record(s->timeline, n, rec);
	if (!sn->render)
		return;
	if (s->packets && rec->kind == REC_PACKET)
		show_packets__record(s->packets, n, rec->packet);
	else if (tells_records(s) || (s->o->packets && rec->kind == REC_PACKET))
		tell_record(s, sn, rec);
	else if (s->o->summary && rec->kind == REC_LOSS && s->o->output == OUTPUT_TEXT)
		render__record(sn->render, rec); /* counted there */
	else if (s->o->summary && rec->kind == REC_CHECK)
		render__record(sn->render, rec); /* of the nodes against each other */
}

/* --summary: each finding once, as it is in the end */
static void tell_findings(struct show *s, struct replay_node *n, uint64_t ts_ns)
{
	struct show_node *sn = n->user;
	const struct finding *f;

	for (uint32_t id = 1; (f = engine__finding(n->engine, id)); id++) {
		struct record rec = { .kind = REC_FINDING, .ts_ns = ts_ns, .finding = f };

		if (finding_is_wanted(s->o, f))
			render__record(sn->render, &rec);
	}
}

static void add_summary(struct summary *all, const struct summary *s)
{
	all->seen += s->seen;
	all->problems += s->problems;
	all->lost += s->lost;
	all->withheld += s->withheld;
	all->finding_cnt += s->finding_cnt;
	all->open_cnt += s->open_cnt;
	all->check_cnt += s->check_cnt;
	all->open_check_cnt += s->open_check_cnt;
}

static void keep_causes(struct show_causes *c, const struct engine *e, uint32_t cnt)
{
	c->cause = calloc(cnt ? cnt : 1, sizeof(*c->cause));
	c->cnt = c->cause ? cnt : 0;
	for (uint32_t i = 0; i < c->cnt; i++)
		c->cause[i] = (uint8_t)engine__finding(e, i + 1)->cause;
}

static void on_finish(void *ctx, struct replay_node *n, uint64_t ts_ns)
{
	struct show_node *sn = n->user;
	struct show *s = ctx;
	struct summary sum;

	engine__summary(n->engine, ts_ns, &sum);
	sum.have_status = n->command_status >= 0;
	sum.command_status = n->command_status;
	sum.snapshot = sn->snapshot;
	if (!show_foreign(n))
		screen_judge(n->engine, sn->bad, &sum);
	add_summary(&s->sum, &sum);
	s->finished++;
	if (s->causes && !s->causes->cause)
		keep_causes(s->causes, n->engine, sum.finding_cnt);
	if (s->packets)
		show_packets__finish(s->packets, n);
	if (s->timeline)
		show_timeline__finish(s->timeline, n);
	if (!sn->render || s->timeline || s->o->packets)
		return;
	if (s->o->summary && sn->snapshot)
		screen_snapshot(sn->render, n->engine, ts_ns);
	else if (s->o->summary && !show_foreign(n))
		screen_audit(sn->render, s->o, n->engine, ts_ns, sn->bad);
	if (s->o->summary)
		tell_findings(s, n, ts_ns);
	render__summary(sn->render, &sum, ts_ns);
}

static bool is_stopped(void *ctx)
{
	struct show *s = ctx;

	for (uint32_t i = 0; i < s->nodes; i++)
		if (!s->node[i].render || render__error(s->node[i].render))
			return true;
	return ferror_unlocked(stdout);
}

/* A reader that went away has seen enough. */
static bool is_reader_gone(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

/* A full disk is trouble. */
static int write_error(const struct show *s)
{
	int err = stdout_error();

	for (uint32_t i = 0; s->node && i < s->nodes; i++)
		if (s->node[i].render && render__error(s->node[i].render))
			err = render__error(s->node[i].render);
	return err && is_reader_gone() ? 0 : err;
}

/* ---- the command ---- */

/*
 * Ctrl-C reaches all of a pipeline. The one that captures ends its stream on it, and what it wrote is
 * to be shown to the end; a second Ctrl-C ends us, too.
 */
static void on_signal(int sig)
{
	(void)sig;
}

static void set_signals(const struct opts *o)
{
	struct sigaction once = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_RESETHAND };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	/* a reader that goes away shall not leave half a copy behind */
	sigaction(SIGPIPE, &ignore, NULL);
	/* nor ulimit -f: the write says so */
	sigaction(SIGXFSZ, &ignore, NULL);
	for (uint32_t i = 0; i < o->file_cnt; i++)
		if (!strcmp(o->file[i], "-"))
			sigaction(SIGINT, &once, NULL);
}

static int open_show(struct show *s, struct replay **ret, char *why, size_t why_sz)
{
	struct replay_opts ro = {
		.o = s->o,
		.file = s->o->file,
		.file_cnt = s->o->file_cnt,
		.all = s->all,
		.ops = { .node = on_node,
			 .ready = on_ready,
			 .obs = on_obs,
			 .record = on_record,
			 .finish = on_finish,
			 .stop = is_stopped,
			 /* for the engine alone, as a rule */
			 .no_paths = !s->o->timeline &&
				     !(s->o->packets && s->o->output == OUTPUT_TEXT),
			 .ctx = s },
	};
	int err = replay__open(&ro, ret, why, why_sz);

	if (err)
		return err;
	s->nodes = replay__node_cnt(*ret);
	s->several = s->nodes > 1;
	s->node = calloc(s->nodes, sizeof(*s->node));
	err = s->node ? 0 : -ENOMEM;
	if (!err && s->o->packets && s->o->output == OUTPUT_TEXT)
		err = show_packets__new(s, &s->packets);
	if (!err && s->o->timeline)
		err = show_timeline__new(s, &s->timeline);
	return err;
}

static void free_show(struct show *s)
{
	for (uint32_t i = 0; s->node && i < s->nodes; i++)
		render__free(s->node[i].render);
	free(s->node);
	show_packets__free(s->packets);
	show_timeline__free(s->timeline);
}

static int run(const struct opts *o, struct show_causes *causes)
{
	/* with --verdict sent, good packets are asked for */
	const uint64_t good = 1ull << V_SENT | 1ull << V_DELIVERED;
	struct show s = {
		.o = o,
		.causes = causes,
		.all = o->all || o->packets || (o->verdicts & good),
		.colour = stdout_takes_colour(),
	};
	int status = EXIT_TROUBLE, err;
	struct replay *r = NULL;
	char why[400] = "";

	err = open_show(&s, &r, why, sizeof(why));
	if (!err)
		err = replay__run(r, why, sizeof(why));
	if (r && s.timeline)
		show_timeline__print(s.timeline);
	fflush(stdout);
	if (s.finished)
		screen_close(&s.sum);
	if (!err && write_error(&s)) {
		err = write_error(&s);
		snprintf(why, sizeof(why), "cannot write to stdout: %s", strerror(-err));
	}
	if (err)
		log_err("%s", why[0] ? why : "out of memory");
	else
		status = screen_exit(o, &s.sum);
	free_show(&s);
	replay__free(r);
	return status;
}

/* Everything that is written to is open by then. */
static int open_out(const struct opts *o, struct outfile *out, char *why, size_t why_sz)
{
	int err = show_copy_check(o, why, why_sz);

	if (!err)
		err = show_copy_open(o, out, why, why_sz);
	if (!err && o->sandbox)
		err = outfile__guard(out);
	if (err && !why[0])
		snprintf(why, why_sz, "cannot set up: %s", strerror(-err));
	return err;
}

int cmd_show(const struct opts *o)
{
	struct outfile out = OUTFILE_NONE;
	struct show_causes causes = { 0 };
	char why[400] = "";
	int status;

	if (o->packets + o->timeline + o->summary > 1) {
		log_err("--packets, --timeline and --summary exclude each other: give one of them");
		return EXIT_TROUBLE;
	}
	set_signals(o);
	if (o->write && open_out(o, &out, why, sizeof(why))) {
		log_err("%s", why);
		return EXIT_TROUBLE;
	}
	if (o->sandbox)
		(void)sandbox_enter();
	status = run(o, &causes);
	if (o->write && show_copy(o, &causes, &out, why, sizeof(why))) {
		log_err("%s", why);
		status = EXIT_TROUBLE;
	}
	free(causes.cause);
	return status;
}
