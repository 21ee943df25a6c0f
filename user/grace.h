/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each TCX program that comes or goes waits for an RCU grace period (tcx_entry_sync() in the
 * kernel), some 10 ms on a busy node: half a minute for 1000 pods. /sys/kernel/rcu_expedited has the
 * kernel hurry, at the price of an interrupt to each busy CPU; where the administrator wants none
 * (rcu_normal) it changes nothing.
 */
#ifndef CALITRACE_GRACE_H
#define CALITRACE_GRACE_H

#include <stdbool.h>

/* True: switched on by this call, and to be undone with grace_calm(). False: it was on, or cannot be. */
bool grace_hurry(void);
void grace_calm(bool hurried);

#endif
