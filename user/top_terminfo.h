/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of terminals where the machine has no terminfo. */
#ifndef CALITRACE_TOP_TERMINFO_H
#define CALITRACE_TOP_TERMINFO_H

/* A value for TERMINFO that describes a terminal like term; *name: what to call it then. Static. */
const char *top_terminfo(const char *term, const char **name);

#endif
