/* SPDX-License-Identifier: GPL-2.0-only */
/* Ring records, checked, to observations. Names of reasons and functions come from symbols.h. */
#ifndef CALITRACE_DECODE_H
#define CALITRACE_DECODE_H

#include "model.h"
#include "rtnl.h"
#include "symbols.h"

/* Calls fn for each observation in the record (an rtnetlink message may hold several).
 * -EBADMSG: malformed or of a version that we do not know; nothing was called. sym may be NULL. */
int decode_record(const void *data, size_t len, struct symbols *sym, obs_fn fn, void *ctx);

#endif
