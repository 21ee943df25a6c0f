// SPDX-License-Identifier: GPL-2.0-only
/* The files of --baseline, one after the other, each as memory of its node. */
#include "baseline.h"

#include <errno.h>
#include <stdio.h>

#include "capfile.h"
#include "util.h"

static int begin(const struct cap_meta *m, const char *path, struct baseline **b, char *why,
		 size_t why_sz)
{
	if (m->foreign) {
		snprintf(why, why_sz,
			 "%s: no capture of calitrace: it tells packets alone, and nothing of "
			 "routes; a baseline is made with calitrace capture -d 0 -w FILE",
			 path);
		return -EINVAL;
	}
	if (*b)
		return 0;
	return baseline__new(m->node, m->wall_offset_ns, b);
}

static int read_items(struct capr *r, const char *path, struct baseline **b, char *why,
		      size_t why_sz)
{
	const struct cap_item *item;
	int err;

	while ((err = capr__next(r, &item, why, why_sz)) > 0) {
		if (item->kind == CAP_META) {
			err = begin(&item->meta, path, b, why, why_sz);
			if (err)
				return err;
		} else if (item->kind == CAP_OBS && *b) {
			baseline__obs(*b, &item->obs);
		}
	}
	return err;
}

static int feed_file(const char *path, const struct baseline_run *run, obs_fn fn, void *ctx,
		     char *why, size_t why_sz)
{
	struct baseline *b = NULL;
	struct capr *r;
	int err = capr__open(path, &r, why, why_sz);

	if (err)
		return err;
	err = read_items(r, path, &b, why, why_sz);
	/* what stood before the cut stood */
	if (err == -EBADMSG && b) {
		log_warn("--baseline: %s", why);
		err = 0;
	}
	if (!err && !b) {
		snprintf(why, why_sz, "%s: there is nothing in it", path);
		err = -EINVAL;
	}
	if (!err)
		baseline__tell(b, run, fn, ctx);
	baseline__free(b);
	capr__free(r);
	return err;
}

int baseline__feed(const struct opts *o, const struct baseline_run *run, obs_fn fn, void *ctx,
		   char *why, size_t why_sz)
{
	int err = 0;

	for (uint32_t i = 0; i < o->baseline_cnt && !err; i++)
		err = feed_file(o->baseline[i], run, fn, ctx, why, why_sz);
	return err;
}
