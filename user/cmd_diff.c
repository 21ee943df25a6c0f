// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace diff`: two captures -> replay -> digests -> what changed, and whether it is cured. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "diff.h"
#include "digest_replay.h"
#include "render_diff.h"
#include "sandbox.h"
#include "util.h"

static void on_node(void *ctx, struct replay_node *n)
{
	digest_replay__node(ctx, n);
}

static void on_ready(void *ctx, struct replay_node *n, const struct cap_ready *r)
{
	digest_replay__ready(ctx, n, r);
}

static void on_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	digest_replay__record(ctx, n, rec);
}

static void on_end(void *ctx, struct replay_node *n)
{
	digest_replay__end(ctx, n);
}

/* 0; -EBADMSG: all up to where it is cut; or -errno. Said on stderr. */
static int read_side(const struct opts *o, const char *file, struct digest *digest)
{
	struct digest_replay side = { .digest = digest };
	struct replay_opts ro = {
		.o = o,
		.file = &file,
		.file_cnt = 1,
		.all = true,
		.ops = { .node = on_node,
			 .ready = on_ready,
			 .record = on_record,
			 .end = on_end,
			 .ctx = &side },
	};
	char why[400] = "";
	struct replay *r;
	int err = replay__open(&ro, &r, why, sizeof(why));

	if (err) {
		log_err("%s", why[0] ? why : strerror(-err));
		return err == -EBADMSG ? -EIO : err;
	}
	err = replay__run(r, why, sizeof(why));
	replay__free(r);
	digest_replay__free(&side);
	if (err)
		log_err("%s", why[0] ? why : strerror(-err));
	return err;
}

static int tell(const struct opts *o, const struct diff *d)
{
	struct render_opts ro = {
		.out = stdout,
		.colour = stdout_takes_colour(),
		.cols = stdout_cols(),
		.quiet = o->quiet,
	};
	int err = o->output == OUTPUT_JSON ? render_diff_json(&ro, d, o->verbose) :
					     render_diff_text(&ro, d, o->verbose);

	if (!err && fflush(stdout))
		err = -errno;
	if (err && err != -EPIPE)
		log_err("cannot write to stdout: %s", strerror(-err));
	return err;
}

/* What the FILTER hides was compared by nobody: whoever reads the sentence alone has to know. */
static void tell_filter(const struct opts *o, struct diff *d)
{
	char shown[64];
	size_t len = strlen(d->head);

	if (!o->filter[0])
		return;
	text_clean(shown, sizeof(shown), o->filter);
	snprintf(d->head + len, sizeof(d->head) - len,
		 " Only exchanges that match '%s' were compared.", shown);
}

static int compare(const struct opts *o, const struct digest *before, const struct digest *after)
{
	struct diff d;
	int status = EXIT_TROUBLE;

	if (diff__run(before, after, &d))
		log_err("out of memory");
	else
		tell_filter(o, &d);
	if (d.head[0] && !tell(o, &d))
		status = d.exit_status;
	diff__free(&d);
	return status;
}

int cmd_diff(const struct opts *o)
{
	struct digest side[2] = { 0 };
	int status = EXIT_TROUBLE, err = 0;

	if (o->sandbox)
		(void)sandbox_enter();
	for (int i = 0; i < 2 && (!err || err == -EBADMSG); i++)
		err = read_side(o, o->file[i], &side[i]);
	/* what was cut is compared up to the cut, and is trouble all the same */
	if (!err || err == -EBADMSG)
		status = compare(o, &side[0], &side[1]);
	for (int i = 0; i < 2; i++)
		digest__free(&side[i]);
	return status;
}
