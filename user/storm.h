/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Storms, as user space sees them: how much of the matching traffic is asked of the programs, so
 * that neither they nor the reader take more of the node than a storm is worth, and what they
 * withheld, by verdict and block. bpf/storm.bpf.h is the other half.
 */
#ifndef CALITRACE_STORM_H
#define CALITRACE_STORM_H

#include "loader.h"
#include "rtnl.h"
#include "symbols.h"

struct storm;

/* Both are borrowed. 0 or -ENOMEM. */
int storm__new(struct loader *l, struct symbols *sym, struct storm **ret);
void storm__free(struct storm *s);
/* A record of the ring */
void storm__seen(struct storm *s, const void *data, size_t len);
/* After each reading of the ring. Tells what was withheld (OBS_LOSS) once a second, and the rest of
 * it when `all` is set. */
void storm__turn(struct storm *s, uint64_t now_ns, bool all, obs_fn fn, void *ctx);

/* ---- pure, for tests ---- */

/* Exchanges of one in 2^level bring `rate` down to `limit`; at most 15 */
uint32_t storm_level(uint64_t rate, uint64_t limit);
/* What a packet met that was withheld at its drop: V_OTHER where neither reason nor route tell */
enum verdict storm_verdict(const char *reason, uint16_t dst_error, uint8_t dst_type);

#endif
