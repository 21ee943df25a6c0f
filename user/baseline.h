/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Baselines: earlier captures of this node, or captures of others, as memory of blocks, owners,
 * neighbours and routes. Of each only the node's state is read; what comes out are observations
 * (OBS_BASELINE), to be fed to an engine before those of its first snapshot.
 */
#ifndef CALITRACE_BASELINE_H
#define CALITRACE_BASELINE_H

#include "opts.h"
#include "rtnl.h"

/* Of the run that is given a memory */
struct baseline_run {
	const char *node; /* its node's name */
	uint64_t ts_ns;	  /* of the observations */
	int64_t wall_offset_ns;
};

/*
 * Reads the files of --baseline and hands what they tell to fn. A file that was cut is used as far as
 * it goes, and that is told. 0, or -errno with one line in why that names the file.
 */
int baseline__feed(const struct opts *o, const struct baseline_run *run, obs_fn fn, void *ctx,
		   char *why, size_t why_sz);

/* ---- one capture, observation by observation ---- */

struct baseline;
/* node: whose capture it is; 0 or -ENOMEM */
int baseline__new(const char *node, int64_t wall_offset_ns, struct baseline **ret);
void baseline__obs(struct baseline *b, const struct obs *o);
/* What it told; to be called once, at its end */
void baseline__tell(struct baseline *b, const struct baseline_run *run, obs_fn fn, void *ctx);
void baseline__free(struct baseline *b);

#endif
