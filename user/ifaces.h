/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the node's interfaces are traced: follows them as they come, go, and change their names, and
 * tells when packets of one may have gone unseen.
 */
#ifndef CALITRACE_IFACES_H
#define CALITRACE_IFACES_H

#include "loader.h"
#include "mirror.h"
#include "opts.h"

struct ifaces;

struct ifaces_opts {
	const struct opts *o;
	struct loader *loader;
	const struct mirror *mirror;
	void (*loss)(void *ctx, uint64_t count); /* of LOSS_ATTACHMENT */
	void *ctx;
};

/* 0 or -errno. All that is passed in must outlive it. */
int ifaces__new(const struct ifaces_opts *opts, struct ifaces **ret);
/* A link or the start or end of a snapshot, as soon as its message is read; others are ignored */
void ifaces__obs(struct ifaces *f, const struct obs *o);
/* A new route may have made another device one to trace. */
void ifaces__reconsider(struct ifaces *f);
/* Attaches to all that waits, however long it takes */
void ifaces__settle(struct ifaces *f);
/*
 * To be called at every tick: attaches to what waits for at most some 50 ms, looks whether what was
 * attached still is. True: more waits.
 */
bool ifaces__tick(struct ifaces *f, uint64_t now_ns);
/* A child process of ours ended */
void ifaces__reap(struct ifaces *f, uint64_t now_ns);
/* Readable when ifaces__tick() has something to do; -1: there is none such */
int ifaces__fd(const struct ifaces *f);
size_t ifaces__count(const struct ifaces *f);
/* How often a device that was wanted could not be attached to: why was said then. */
size_t ifaces__refused(const struct ifaces *f);
/* NULL-terminated names of what is attached; borrowed until the next call */
const char *const *ifaces__names(struct ifaces *f);
/* Detaches from all, frees */
void ifaces__free(struct ifaces *f);

#endif
