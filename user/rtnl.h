/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink: dumps of the node's links, addresses, IPv4 routes and neighbours,
 * and the messages about their changes, as observations. Works in the network
 * namespace that the calling thread is in at rtnl__open(). Owns the sockets;
 * knows nothing of what routes mean.
 */
#ifndef CALITRACE_RTNL_H
#define CALITRACE_RTNL_H

#include "model.h"

struct rtnl;
typedef void (*obs_fn)(void *ctx, const struct obs *obs);

/* 0 or -errno; free with rtnl__free(). Joins the groups: changes are queued from here on. */
int rtnl__open(struct rtnl **ret);
void rtnl__free(struct rtnl *r);
/* The monitoring socket, to poll and to attach a socket filter to; borrowed. */
int rtnl__fd(const struct rtnl *r);

/*
 * Dumps everything as snapshot observations stamped ts_ns, between OBS_BEGIN_SNAPSHOT and
 * OBS_END_SNAPSHOT: links, addresses, routes of all tables (unicast, blackhole, unreachable,
 * prohibit, throw, local; not broadcast, multicast, cached clones), neighbours in state FAILED
 * only. 0 or -errno (-EINTR: the dump was inconsistent thrice).
 */
int rtnl__dump(struct rtnl *r, uint64_t ts_ns, obs_fn fn, void *ctx);

/*
 * One netlink message (hostile until checked; at an address divisible by 4) to observations. len:
 * the bytes there are, which may be fewer than the message claims. A link whose kind was cut off
 * has kind "": keep what was known. by may be NULL. 0, or -EBADMSG: malformed, ignored.
 */
int rtnl_decode(const void *msg, size_t len, uint64_t ts_ns, const struct actor *by, obs_fn fn,
		void *ctx);
/* The same for an answer to a dump: LINK_ADD and ROUTE_ADD, neighbours only if FAILED */
int rtnl_decode_snapshot(const void *msg, size_t len, uint64_t ts_ns, obs_fn fn, void *ctx);

/*
 * Reads all that waits on the monitoring socket. fn NULL: throws it away (the messages reach
 * us through the ring). 0; 1 if the kernel dropped messages (ENOBUFS): resync; or -errno.
 */
int rtnl__drain(struct rtnl *r, uint64_t ts_ns, obs_fn fn, void *ctx);

#endif
