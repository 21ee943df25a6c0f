/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF side as user space sees it: which programs this kernel takes, loading them,
 * the ring, the maps that user space writes, the loss counters. Nothing is pinned:
 * tracepoints and TCX links end with the process.
 */
#ifndef CALITRACE_LOADER_H
#define CALITRACE_LOADER_H

#include "model.h"
#include "symbols.h"

struct loader;

enum probe {
	PROBE_PATH,   /* TC programs */
	PROBE_DROP,   /* kfree_skb, any form */
	PROBE_REASON, /* kfree_skb gives a reason */
	PROBE_FIB,
	PROBE_ROUTE, /* socket filter on rtnetlink */
	PROBE_BGP,
	PROBE_TCX,   /* else clsact */
	PROBE_FEXIT, /* optional: the FIB's result for a packet (EV_RES) */
	PROBE_MAX,
};

struct probe_state {
	const char *name; /* "path", "drop", "reason", ... */
	bool ok;
	char why[160];	     /* if not ok: what the kernel said */
	const char *without; /* what is lost without it, one phrase */
};

struct loader_opts {
	uint32_t netns_inum;
	uint32_t apps;				    /* EV_APP_*; 0: dns, icmp, tcp */
	uint16_t dns_port[4], bgp_port, vxlan_port; /* host order, 0: unset */
	uint32_t ring_bytes;			    /* power of two; 0: default */
	uint32_t no_socket;			    /* set by loader__open(): that drop reason */
	struct symbols *sym; /* learns names from the BTF that is read; NULL: none */
	bool snap_all;	     /* bytes of a packet at each device, as files and FILTERs want */
	uint32_t token_rate,
		token_burst; /* records of a kind and CPU: a second, at once; 0: default */
};

/* What stops everything (no BTF, no privileges, lockdown): -errno and one sentence in why. */
int loader__open(const struct loader_opts *opts, struct loader **ret, char *why, size_t why_sz);
const struct probe_state *loader__probe(const struct loader *l, enum probe p);
/* fd of calitrace_in / calitrace_eg, -1 if refused */
int loader__path_fd(const struct loader *l, bool egress);
/* Attaches the tracepoints, and the socket filter to the given rtnetlink socket (it stays there
 * until that is closed). The TC programs are attach.h's job. 0, or -errno when neither is left. */
int loader__attach(struct loader *l, int rtnl_fd);
/* What the node has of rules and routes, as it becomes known, NULL: some was missed. May attach what
 * was not worth its price before (EV_RES). */
void loader__obs(void *loader, const struct obs *o);
/* Replaces the pool filter: adds first, then removes, so that no moment goes unfiltered. */
int loader__set_pools(struct loader *l, const struct obs_pools *pools);
/* ifindex 0: it is gone */
int loader__set_podns(struct loader *l, uint32_t inum, uint32_t ifindex);
/* Poll this for wake-ups, edge-triggered: it is readable whenever a record waits, but one alone
 * wakes nobody. Call loader__consume() anyway every 50 ms. */
int loader__epoll_fd(const struct loader *l);
/* Calls fn for each record: data is read-only and valid during the call. Returns the count or
 * -errno. Under a flood it returns after 65536 records: then there is more. */
int loader__consume(struct loader *l, void (*fn)(void *ctx, const void *data, size_t len),
		    void *ctx);
/* A sign of life, to be given at least once a second: 2 s after the last one the programs are inert.
 * Costs no system call. loader__open(), __attach() and __consume() give one as well. */
void loader__beat(struct loader *l);
/* Packets that passed while the programs were inert, so far */
uint64_t loader__inert(const struct loader *l);
/* Records lost so far (all kinds), and of rtnetlink messages alone */
uint64_t loader__lost(const struct loader *l, uint64_t *ret_messages);
/* Records withheld so far, and of these such as tore exchanges apart (for want of tokens) */
uint64_t loader__withheld(const struct loader *l, uint64_t *ret_cut);
/* Walks the rows of what was withheld: after NULL for the first. 0, or -ENOENT at the end; the map
 * may change meanwhile, no row is ever removed. */
struct ev_held;
int loader__held_next(const struct loader *l, const struct ev_held *after, struct ev_held *key,
		      uint64_t *ret_sum);
/* Of this kind's exchanges one in 2^level (at most 15) is sent from now on. Costs no system call. */
void loader__shed(struct loader *l, uint32_t kind, uint32_t level);
/* Asks the kernel for the function that holds the address, as symbols__ask() wants it: "f.cold [module]".
 * 0 or -errno: this kernel cannot be asked. */
int loader__symbol(void *loader, uint64_t addr, char *name, size_t size);
void loader__free(struct loader *l);

#endif
