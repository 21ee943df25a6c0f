/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each TCX program that comes or goes waits for an RCU grace period (tcx_entry_sync() in the
 * kernel), some 10 ms on a busy node: half a minute for 1000 pods. /sys/kernel/rcu_expedited has the
 * kernel hurry, at the price of an interrupt to each busy CPU; where the administrator wants none
 * (rcu_normal) it changes nothing.
 *
 * The switch is on for as long as that takes, and a child sets it back should we be killed meanwhile.
 * It is left alone if it is not 0: then an administrator wants it so, or another tracer is at it.
 */
#ifndef CALITRACE_GRACE_H
#define CALITRACE_GRACE_H

#include <stdbool.h>

#define GRACE_SWITCH "/sys/kernel/rcu_expedited"

struct grace;

/*
 * Opens the switch and keeps it, so that it is at hand when the rights are gone. path: GRACE_SWITCH.
 * NULL where it cannot be had, as it is only faster with it; the functions below take that.
 */
struct grace *grace__new(const char *path);
/* From here to grace__calm() the kernel hurries, if it can be had. Pairs do not nest. */
void grace__hurry(struct grace *g);
/* Leaves no child behind. Harmless without grace__hurry() before. */
void grace__calm(struct grace *g);
/* Calms, too */
void grace__free(struct grace *g);

#endif
