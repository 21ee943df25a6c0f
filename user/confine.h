/* SPDX-License-Identifier: GPL-2.0-only */
/* When a command that looks at a node gives up which rights: priv.h and sandbox.h say what that means. */
#ifndef CALITRACE_CONFINE_H
#define CALITRACE_CONFINE_H

#include "child.h"
#include "opts.h"

/*
 * Before anything else is done: makes the process of o->program, gives up what not even the start needs, and
 * asks for what tracing needs (capture -d 0 traces nothing). 0, or -errno with one line in why.
 */
int confine_start(const struct opts *o, struct child *c, char *why, size_t why_sz);
/* Once everything is attached and in the node's network namespace, for good */
void confine_settle(const struct opts *o);

#endif
