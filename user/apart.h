/* SPDX-License-Identifier: GPL-2.0-only */
/* What a child of ours does that has to outlive us, to undo what we cannot once we were killed. */
#ifndef CALITRACE_APART_H
#define CALITRACE_APART_H

/*
 * A session of its own, and no signal but SIGKILL and SIGSTOP: what ends the tracer's whole process
 * group or its service must not end the child as well. It goes when the tracer has gone, and not before.
 */
void apart_leave(void);
/*
 * Closes all descriptors but these two, which may be the same and are beyond the standard ones: one of
 * a program, a map or a link would keep it, one of a pipe would keep its reader waiting. The standard
 * ones become /dev/null.
 */
void apart_close_all_but(int a, int b);

#endif
