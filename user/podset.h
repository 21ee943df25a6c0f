/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network namespaces of the node's pods, as the last look around found them: what was there
 * before and is not any more has to be forgotten, since inode numbers are used again at once.
 */
#ifndef CALITRACE_PODSET_H
#define CALITRACE_PODSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct podset {
	struct pod_entry {
		uint32_t inum, ifindex;
		bool seen;
	} * entry;
	size_t cnt, cap;
};

/* A new look around begins. A zeroed set is valid and empty. */
void podset__begin(struct podset *s);
/* True if it is new, or behind another device than before; false also without memory. */
bool podset__add(struct podset *s, uint32_t inum, uint32_t ifindex);
/* Calls fn for each that was not seen again, and drops it. */
void podset__end(struct podset *s, void (*fn)(void *ctx, uint32_t inum), void *ctx);
void podset__free(struct podset *s);

#endif
