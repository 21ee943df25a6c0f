/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other nodes' captures showed of requests that got no reply on this one, by finding. Part of the
 * engine: pure.
 */
#ifndef CALITRACE_ELSEWHERE_H
#define CALITRACE_ELSEWHERE_H

#include "engine_priv.h"

void elsewhere_observe(struct engine *e, const struct obs_elsewhere *o);
void elsewhere_free_all(struct engine *e);
/* What was shown most often of that finding's requests; NULL: nothing was shown */
const struct obs_elsewhere *elsewhere_of(const struct engine *e, uint32_t finding, uint32_t *cnt);

#endif
