/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TC filters under clsact, for kernels without TCX. Unlike a link a filter outlives
 * its maker, so ours carry a handle and a name to be found by, and are removed at the next
 * start. Several calitraces may run in one namespace: each holds a slot, which is
 * part of the handle and which the kernel takes back when the process dies.
 */
#ifndef CALITRACE_CLSACT_H
#define CALITRACE_CLSACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clsact;

/* On one device */
struct clsact_dev {
	uint32_t ifindex;
	uint32_t prio[2]; /* ingress, egress; 0: not attached */
	bool made;	  /* the qdisc is ours */
};

/* Of the network namespace that the calling thread is in: 0 or -errno */
int clsact__new(struct clsact **ret);
void clsact__free(struct clsact *c);
/* Both or none. prog_fd: ingress, egress. 0 (why: untouched or a remark), or -errno with why. */
int clsact__add(struct clsact *c, uint32_t ifindex, const int prog_fd[2], struct clsact_dev *ret,
		char *why, size_t why_sz);
/* Are both filters (still) there? Felix deletes a whole clsact qdisc when it cleans up. */
bool clsact__has(struct clsact *c, const struct clsact_dev *dev);
/* The filters, and the qdisc if it is ours and empty. A device that is gone is fine. */
void clsact__remove(struct clsact *c, struct clsact_dev *dev);
/* Filters of calitraces that are dead, on all devices: how many were removed, or -errno */
int clsact__clean(struct clsact *c);

#endif
