/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TC attachments: TCX at the head where the kernel has it, else clsact filters with our own handle
 * and priority and a guardian process. Touches nothing that it did not make; puts back what others took
 * away. Works in the network namespace that the calling thread is in.
 */
#ifndef CALITRACE_ATTACH_H
#define CALITRACE_ATTACH_H

#include "clsact.h"
#include "loader.h"

struct attach;
int attach__new(struct loader *l, struct attach **ret);
/*
 * Both hooks or none. Idempotent for an interface that is attached already (it may have a new
 * name). -errno with why filled, or 0 with why empty or a remark (a foreign filter that may hide
 * packets from us). TCX takes the kernel about 10 ms per hook (synchronize_rcu under the lock of all
 * network configuration, so that several at once take no less), clsact 0.1 ms.
 */
int attach__add(struct attach *a, uint32_t ifindex, const char *name, char *why, size_t why_sz);
/* The interface is to be let go */
void attach__remove(struct attach *a, uint32_t ifindex);
/* It is gone, and so is what was attached to it */
void attach__gone(struct attach *a, uint32_t ifindex);
/* All are, but those for which fn says that they are there */
void attach__gone_unless(struct attach *a, bool (*fn)(void *ctx, uint32_t ifindex), void *ctx);
/* NULL: not attached, else the name that it was attached by; borrowed until the next change */
const char *attach__name(const struct attach *a, uint32_t ifindex);
bool attach__has(const struct attach *a, uint32_t ifindex);
size_t attach__count(const struct attach *a);
/*
 * So many devices are attached or let go from here on: have the kernel hurry (grace.h). 0: that was all;
 * to be said on all paths.
 */
void attach__many(struct attach *a, size_t cnt);
/* Readable when attach__check() should be called before its time; -1: there is none such */
int attach__fd(const struct attach *a);
/*
 * To be called at every tick: looks whether everything is still in its place, each device about
 * once a second, and attaches again what others detached, unless they insist. fn is told
 * in one sentence; gap: packets may have gone unseen. Takes a few ms at most.
 */
typedef void (*attach_fn)(void *ctx, bool gap, const char *text);
void attach__check(struct attach *a, uint64_t now_ns, attach_fn fn, void *ctx);
/* A child process ended: if it was the guardian, the next one is started, and fn is told. */
void attach__reap(struct attach *a, uint64_t now_ns, attach_fn fn, void *ctx);
/* Detaches all, deletes the clsact qdiscs that we made and nobody else uses, frees. */
void attach__free(struct attach *a);
/* Removes filters that a dead calitrace left on any interface of this namespace: the count, or
 * -errno. What belongs to one that still runs is left alone. */
int attach_clean(void);
/* What is there of any calitrace's: 0 or -errno */
int attach_leftovers(clsact_left_fn fn, void *ctx);

#endif
