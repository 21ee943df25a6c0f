/* SPDX-License-Identifier: GPL-2.0-only */
/* The comparison of two captures as text, or as JSON lines. */
#ifndef CALITRACE_RENDER_DIFF_H
#define CALITRACE_RENDER_DIFF_H

#include "diff.h"
#include "render.h"

/*
 * Of render_opts out, colour and quiet (the head sentence alone) count. verbose: unchanged ones, too,
 * and lists in full. 0 or -errno if not everything could be written.
 */
int render_diff_text(const struct render_opts *ro, const struct diff *d, bool verbose);
int render_diff_json(const struct render_opts *ro, const struct diff *d, bool verbose);

/* One side of a change in a few words: "via 10.2.7.200 dev tunl0", "missing" ... */
void diff_side_words(const struct diff_change *c, const struct diff_side *s, char *buf,
		     size_t size);

#endif
