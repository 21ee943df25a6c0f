/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TC attachments: TCX at the head where the kernel has it, else clsact filters with our own handle
 * and priority. Touches nothing that it did not make. Works in the network namespace that the
 * calling thread is in.
 */
#ifndef CALITRACE_ATTACH_H
#define CALITRACE_ATTACH_H

#include "loader.h"

struct attach;
int attach__new(struct loader *l, struct attach **ret);
/*
 * Both hooks or none. Idempotent for an interface that is attached already; filters that somebody
 * removed meanwhile (Felix deletes whole clsact qdiscs) are put back. -errno with why filled, or 0
 * with why empty or a remark (a foreign filter that may hide packets from us). TCX takes the kernel
 * about 10 ms per hook (synchronize_rcu), clsact 0.1 ms.
 */
int attach__add(struct attach *a, uint32_t ifindex, const char *name, char *why, size_t why_sz);
/* The interface is gone (or is to be let go) */
void attach__remove(struct attach *a, uint32_t ifindex);
bool attach__has(const struct attach *a, uint32_t ifindex);
size_t attach__count(const struct attach *a);
/* Detaches all, deletes the clsact qdiscs that we made and nobody else uses, frees. */
void attach__free(struct attach *a);
/* Removes filters that a dead calitrace left on any interface of this namespace: the count, or
 * -errno. What belongs to one that still runs is left alone. */
int attach_clean(void);

#endif
