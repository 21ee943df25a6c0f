// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace report`: files -> replay -> one page; with AFTER, both and what differs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "diff.h"
#include "digest_replay.h"
#include "report.h"
#include "report_file.h"
#include "sandbox.h"
#include "util.h"

/* One capture: what the page and the comparison take out of it */
struct input {
	const char *file;
	struct report *report;
	struct replay_ops page;	     /* the report's hooks */
	struct digest_replay digest; /* .digest NULL: nothing is compared */
	struct replay *replay;
	bool cut;
};

static void on_node(void *ctx, struct replay_node *n)
{
	struct input *s = ctx;

	s->page.node(s->page.ctx, n);
	if (s->digest.digest)
		digest_replay__node(&s->digest, n);
}

static void on_ready(void *ctx, struct replay_node *n, const struct cap_ready *r)
{
	struct input *s = ctx;

	s->page.ready(s->page.ctx, n, r);
	if (s->digest.digest)
		digest_replay__ready(&s->digest, n, r);
}

static void on_obs(void *ctx, struct replay_node *n, const struct obs *o,
		   const struct cap_item *item)
{
	struct input *s = ctx;

	s->page.obs(s->page.ctx, n, o, item);
}

static void on_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	struct input *s = ctx;

	s->page.record(s->page.ctx, n, rec);
	if (s->digest.digest)
		digest_replay__record(&s->digest, n, rec);
}

static void on_finish(void *ctx, struct replay_node *n, uint64_t ts_ns)
{
	struct input *s = ctx;

	s->page.finish(s->page.ctx, n, ts_ns);
}

static void on_end(void *ctx, struct replay_node *n)
{
	struct input *s = ctx;

	if (s->digest.digest)
		digest_replay__end(&s->digest, n);
}

static void on_item(void *ctx, struct replay_node *n, const struct cap_item *item)
{
	struct input *s = ctx;

	s->page.item(s->page.ctx, n, item);
}

static int source_open(struct input *s, const struct opts *o, char *why, size_t why_sz)
{
	struct replay_opts ro = {
		.o = o,
		.file = &s->file,
		.file_cnt = 1,
		.all = true,
		.ops = { .node = on_node,
			 .ready = on_ready,
			 .obs = on_obs,
			 .record = on_record,
			 .finish = on_finish,
			 .end = on_end,
			 .item = on_item,
			 .ctx = s },
	};
	int err = report__new(s->file, &s->report);

	if (err)
		return err;
	s->page = report__ops(s->report);
	return replay__open(&ro, &s->replay, why, why_sz);
}

/* What was cut is told, and the rest is told all the same. */
static int source_run(struct input *s, char *why, size_t why_sz)
{
	int err = replay__run(s->replay, why, why_sz);

	if (err == -EBADMSG) {
		log_err("%s", why);
		report__set_trouble(s->report, why);
		s->cut = true;
		err = 0;
	}
	if (!err && (report__failed(s->report) || (s->digest.digest && s->digest.digest->oom)))
		err = -ENOMEM;
	return err;
}

static struct outfile_opts page_opts(const struct opts *o)
{
	return (struct outfile_opts){ .path = o->write,
				      .force = o->force,
				      .stdout_too = true,
				      .keep = o->file,
				      .keep_cnt = o->file_cnt };
}

static int write_page(struct report_file *f, struct input *s, const struct diff *d, char *why,
		      size_t why_sz)
{
	struct report_page page = {
		.before = s[0].report,
		.after = s[1].report,
		.version = CALITRACE_VERSION,
		.diff = s[1].report ? d : NULL,
	};

	report__write(&page, f->out);
	return report_file__close(f, why, why_sz);
}

/* Everything that is written to is open by then. */
static int open_page(const struct opts *o, struct report_file *f, char *why, size_t why_sz)
{
	const struct outfile_opts oo = page_opts(o);
	int err = report_file__open(f, &oo, why, why_sz);

	if (err || !o->sandbox)
		return err;
	err = report_file__guard(f);
	if (err) {
		snprintf(why, why_sz, "cannot set up: %s", strerror(-err));
		report_file__discard(f);
		return err;
	}
	(void)sandbox_enter();
	return 0;
}

static int run(const struct opts *o, struct input *s, struct diff *d, char *why, size_t why_sz)
{
	uint32_t cnt = o->file_cnt < 2 ? 1 : 2;
	struct report_file f;
	int err = open_page(o, &f, why, why_sz);

	if (err)
		return err;
	for (uint32_t i = 0; !err && i < cnt; i++)
		err = source_open(&s[i], o, why, why_sz);
	for (uint32_t i = 0; !err && i < cnt; i++)
		err = source_run(&s[i], why, why_sz);
	if (!err && cnt == 2)
		err = diff__run(s[0].digest.digest, s[1].digest.digest, d);
	if (!err)
		return write_page(&f, s, d, why, why_sz);
	report_file__discard(&f);
	return err;
}

int cmd_report(const struct opts *o)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct digest digest[2] = { 0 };
	struct input s[2] = { 0 };
	struct diff d = { 0 };
	char why[400] = "";
	int err;

	/* a reader that goes away, or ulimit -f, is an error of writing */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	for (uint32_t i = 0; i < 2 && i < o->file_cnt; i++) {
		s[i].file = o->file[i];
		s[i].digest.digest = o->file_cnt == 2 ? &digest[i] : NULL;
	}
	err = run(o, s, &d, why, sizeof(why));
	if (err)
		log_err("%s", why[0] ? why : "out of memory");
	diff__free(&d);
	for (int i = 0; i < 2; i++) {
		report__free(s[i].report);
		replay__free(s[i].replay);
		digest_replay__free(&s[i].digest);
		digest__free(&digest[i]);
	}
	return err || s[0].cut || s[1].cut ? EXIT_TROUBLE : EXIT_OK;
}
