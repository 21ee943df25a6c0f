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

/* ingress, egress */
struct clsact_look {
	bool there[2]; /* our filter (still) is */
	bool front[2]; /* a foreign one comes before it */
};

/* Of the network namespace that the calling thread is in: 0 or -errno */
int clsact__new(struct clsact **ret);
void clsact__free(struct clsact *c);
/*
 * fn is told of each clsact qdisc that is going to be ours, before it is made, and of each that is
 * ours no more.
 */
typedef void (*clsact_made_fn)(void *ctx, uint32_t ifindex, bool made);
void clsact__on_made(struct clsact *c, clsact_made_fn fn, void *ctx);
/* Both or none. prog_fd: ingress, egress. 0, or -errno with why. */
int clsact__add(struct clsact *c, uint32_t ifindex, const int prog_fd[2], struct clsact_dev *ret,
		char *why, size_t why_sz);
/*
 * Puts back what somebody took away; qdisc_went: even the whole qdisc (Felix deletes it when
 * it cleans up). After -errno nothing of ours is there, and dev is to be renewed or removed.
 */
int clsact__renew(struct clsact *c, struct clsact_dev *dev, bool qdisc_went, const int prog_fd[2],
		  char *why, size_t why_sz);
/* 0, or -errno: the kernel does not tell (the device is gone) */
int clsact__look(struct clsact *c, const struct clsact_dev *dev, struct clsact_look *ret);
/* The filters, and the qdisc if it is ours and empty. A device that is gone is fine. */
void clsact__remove(struct clsact *c, struct clsact_dev *dev);
/* Filters of calitraces that are dead, on all devices: how many were removed, or -errno */
int clsact__clean(struct clsact *c);
/* Those of calitraces that still run as well: fn is told of each, on which hook and with what handle */
typedef void (*clsact_left_fn)(void *ctx, uint32_t ifindex, const char *hook, uint32_t handle,
			       bool running);
int clsact__leftovers(struct clsact *c, clsact_left_fn fn, void *ctx);

/* ---- for a forked process that cleans up after the one that made c ---- */

/* What has to stay open for the slot to be held */
int clsact__slot_fd(const struct clsact *c);
/* In the child, once all else was closed: 0 or -errno */
int clsact__inherit(struct clsact *c);
/* Filters with c's slot, then the qdiscs named in made, if nothing is in them */
void clsact__clean_after(struct clsact *c, const uint32_t *made, size_t cnt);

/* ---- who changes what is there ---- */

/* A non-blocking socket that gets a message for each change of a qdisc or filter: fd or -errno */
int clsact_watch_open(void);
/* Reads what waits. 0; 1: messages were lost, so any device may have changed; or -errno */
int clsact_watch_read(int fd, void (*fn)(void *ctx, uint32_t ifindex, bool qdisc_went), void *ctx);

#endif
