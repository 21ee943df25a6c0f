/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Renderers: records in, text or JSON lines out. They look nothing up and decide
 * nothing. Both get the same records in the same order.
 */
#ifndef CALITRACE_RENDER_H
#define CALITRACE_RENDER_H

#include <stdio.h>

#include "model.h"

struct start_info {
	const char *node, *version, *kernel;
	int argc;
	char **argv;
	const struct obs_pools *pools;
	const char *const *ifaces; /* NULL-terminated */
	const char *const *probes;
	const char *const *missing;
};

struct render_opts {
	FILE *out;
	bool colour;   /* escape sequences may be used */
	uint16_t cols; /* of the terminal that text goes to; 0: it goes to none */
	bool all;      /* --all */
	bool quiet;    /* findings, losses and the summary alone */
	bool checks;   /* with quiet: checks as well */
	bool numeric;
	bool brief;		/* a check is one line, not a paragraph */
	int64_t wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	const char *node;	/* lives as long as the renderer */
	const char *prefix;	/* of each line of text, likewise; NULL: none */
};

struct render;
/* 0 or -errno; free with render__free(), which flushes. */
int render_text__new(const struct render_opts *opts, struct render **ret);
int render_json__new(const struct render_opts *opts, struct render **ret);
void render__start(struct render *r, const struct start_info *info);
void render__record(struct render *r, const struct record *rec);
/* From now on a check is a paragraph, as if not opened with brief. */
void render__whole_checks(struct render *r);
/* Folded lines whose time has come, about twenty times a second; now_ns: that of OBS_TICK. Flushes. */
void render__tick(struct render *r, uint64_t now_ns);
/* Final: pending folds, the last state of each finding, the summary. */
void render__summary(struct render *r, const struct summary *s, uint64_t ts_ns);
/* -EPIPE or another -errno if anything could not be written, else 0. */
int render__error(const struct render *r);
void render__free(struct render *r);

#endif
