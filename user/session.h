/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracing session: all the sources of one node, opened together, followed while interfaces,
 * routes and pools change, and closed without a trace. Hands out observations in the order
 * of time; what is done with them is the caller's. Enters the node's network namespace and stays there.
 */
#ifndef CALITRACE_SESSION_H
#define CALITRACE_SESSION_H

#include "loader.h"
#include "mirror.h"
#include "opts.h"

struct session;

struct session_ops {
	/* observations, in order; while session__start() runs, those of the snapshot */
	void (*obs)(void *ctx, const struct obs *o);
	/* about twenty times a second, after the observations of that moment */
	void (*tick)(void *ctx, uint64_t now_ns);
	/* SIGUSR1 came; may be NULL */
	void (*flush)(void *ctx);
	/* the caller wants to stop */
	bool (*done)(void *ctx);
	/* state of the node, kept from the observations */
	const struct mirror *(*mirror)(void *ctx);
	/* addresses for which the kernel is to be asked what it would do: how many; may be NULL */
	size_t (*questions)(void *ctx, struct addr *out, size_t max);
	/* whether a reading of the packet filters is wanted; may be NULL */
	bool (*rules)(void *ctx);
	/* true once after something that BIRD may explain happened; may be NULL */
	bool (*urgent)(void *ctx);
	/* some problem is open: BIRD is asked more often meanwhile; may be NULL */
	bool (*troubled)(void *ctx);
	/* the terminal on standard input: something to read; SIGWINCH or SIGTSTP; may be NULL, both */
	void (*input)(void *ctx);
	void (*signal)(void *ctx, int sig);
	void *ctx;
};

/* 0, or -errno with one line in why that says what failed, on what, and what to do. */
int session__open(const struct opts *o, const struct session_ops *ops, struct session **ret,
		  char *why, size_t why_sz);
/*
 * Snapshot, pools, programs, interfaces: after it everything is traced. With opts.snapshot it is the
 * snapshot alone: nothing is loaded, and nothing is there to run. Errors as above.
 */
int session__start(struct session *s, char *why, size_t why_sz);
/*
 * Asks all sources at once, and delivers what they say, pools included, before it returns. wait: for
 * BIRD too, 1.5 s at most; else it answers later. May be called from tick(), and after
 * session__run(), but not from obs().
 */
void session__snapshot(struct session *s, bool wait);
/* Until the duration is over, done() says so, a signal comes, or the program ended. */
void session__run(struct session *s);
/* Detaches everything; frees. */
void session__close(struct session *s);

const char *session__node(const struct session *s);
const struct obs_pools *session__pools(const struct session *s);
/* NULL with opts.snapshot */
const struct loader *session__loader(const struct session *s);
/* Inode number of the node's network namespace */
uint32_t session__netns(const struct session *s);
/* Why session__run() returned, in a word or two; "": done() said so, or it did not run */
const char *session__why(const struct session *s);
/* NULL-terminated names of what is attached; borrowed until the next call */
const char *const *session__ifaces(struct session *s);
/* A second signal came: the user is in a hurry. */
bool session__hurried(const struct session *s);
/*
 * It ended, or would at its next turn: -d is over, or the program to trace. For whoever holds it up,
 * as a reader of our output does who does not read.
 */
bool session__due(const struct session *s);
/* Status of the program as a shell would say it, -1: there was none, or it still runs */
int session__status(const struct session *s);
/* The program could not be run: trouble, and told */
bool session__failed(const struct session *s);

/* The node's name: option, else DIR/var/lib/calico/nodename, else the host's. */
void node_name(const struct opts *o, char *buf, size_t sz);
/* Enters --netns, if given. *orig: fd of the namespace before (-1: unchanged); *inum: the node's. */
int node_netns(const struct opts *o, int *orig, uint32_t *inum, char *why, size_t why_sz);
/*
 * Has --netns ceased to name the namespace with that inode number? Not asked of a process's
 * (/proc/PID/ns/net): that the process ended says nothing.
 */
bool node_netns_gone(const struct opts *o, uint32_t inum);

#endif
