/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the node itself can tell besides its routes: pools, BGP sessions that
 * stand, which namespace belongs to which pod device, which BIRD is the node's.
 * Everything is optional and read-only; works in the network namespace that the
 * calling thread is in.
 */
#ifndef CALITRACE_SOURCES_H
#define CALITRACE_SOURCES_H

#include "model.h"
#include "rtnl.h"

/* ipset members: writes the IPv4 prefixes of set `name` to out (max entries), returns how many,
 * -ENOENT: no such set, -EOPNOTSUPP: no ipset in this kernel (none gets loaded), or -errno. Raw
 * netlink through libnl-3 (NETLINK_NETFILTER, IPSET_CMD_LIST, protocol 6); no ipset program. */
int ipset_members(const char *name, struct prefix *out, size_t max);

/* Pools of a bird_ipam.cfg as confd writes it (every form from v3.4 to v3.33:
 * calico_kernel_programming or older filters, `net ~ CIDR`, krt_tunnel="tunl0", CrossSubnet,
 * accept, reject "VXLAN routes are handled by Felix", "Cluster routes are handled by Felix"). Pure:
 * text in, pools out; returns the count or -EBADMSG. felix_owner: set when the file says that Felix
 * programs the routes of a pool, be it for VXLAN. */
int confd_parse_pools(const char *text, size_t len, struct pool *out, size_t max,
		      bool *felix_owner);
/*
 * The node's own blocks by bird_aggr.cfg, `if ( net = BLOCK )` in calico_aggr(): their number, at most max,
 * or -EBADMSG: cut, or none of that kind. The same text from v3.1 on. Pure.
 */
int confd_parse_blocks(const char *text, size_t len, struct prefix *out, size_t max);

/* The process `comm` (e.g. "bird") whose network namespace has that inode number: pid, or -ESRCH.
 * Scans host_root/proc; what may not be read is skipped. */
int proc_find(const char *host_root, const char *comm, uint32_t netns_inum);

/* All processes in that namespace with one of those names (a list ended by NULL), in one pass, with
 * their pids as host_root/proc has them; fn false: enough. start_ns is exact to 10 ms, if the machine
 * has not slept since; 0 unknown. 0 or -errno: there is no such directory. */
typedef bool (*proc_fn)(void *ctx, const struct obs_proc *proc);
int proc_each(const char *host_root, uint32_t netns_inum, const char *const *comms, proc_fn fn,
	      void *ctx);

struct pools_ask {
	const char *host_root; /* "/" by default */
	uint32_t netns_inum;
	/* --pool: replaces what is learnt; mode POOL_UNKNOWN: keep the mode learnt for that CIDR */
	const struct pool *option;
	size_t option_cnt;
	const struct link_info *links; /* the node's, for the guess and for the modes */
	size_t link_cnt;
	const struct obs_addr *addrs;
	size_t addr_cnt;
	const struct route *routes;
	size_t route_cnt;
};
/*
 * Learns the pools: option, else ipsets cali40all-ipam-pools / cali40network-ip-pools, else
 * bird_ipam.cfg (through host_root/proc/<pid of the node's bird>/root/etc/calico/confd/config, else
 * host_root/etc/calico/confd/config), else a guess from the own blackhole block and the tunnel
 * device's address. Modes: from bird_ipam.cfg, else from routes of the pool that exist (dev tunl0:
 * ipip, vxlan.calico: vxlan), else from the tunnel device that has an address in the pool, else
 * POOL_UNKNOWN. Length of the own blocks: from their blackhole routes, else, as there are none for
 * blocks of one address, from bird_aggr.cfg. 0 with out->cnt >= 1, -ENOENT: nothing known, or -errno.
 */
int pools_learn(const struct pools_ask *ask, struct obs_pools *out);

/* The part of it that reads nothing: from what ipset and bird_ipam.cfg said. Same returns. */
struct pools_read {
	const struct prefix *ipset;
	size_t ipset_cnt;
	const struct pool *confd;
	size_t confd_cnt;
	const struct prefix *own; /* bird_aggr.cfg's blocks */
	size_t own_cnt;
};
int pools_decide(const struct pools_ask *ask, const struct pools_read *read, struct obs_pools *out);

/* TCP sessions and listeners of port 179 by inet_diag, as OBS_BGP snapshot observations: one
 * BGP_CONNECTED for each established one, BGP_CONNECTING for SYN_SENT, and BGP_LISTEN or
 * BGP_NO_LISTEN. 0 or -errno. */
int bgp_diag(uint16_t port, uint64_t ts_ns, obs_fn fn, void *ctx);

/* Connections to that port of this node, of the last seconds, by conntrack: an OBS_BGP snapshot with
 * BGP_CLOSED for each, which tells who knocks. To be told after bgp_diag()'s. 0 or -errno:
 * -EOPNOTSUPP: no conntrack that may be asked. */
int bgp_knocks(uint16_t port, uint64_t ts_ns, obs_fn fn, void *ctx);

/* For each link with an IFLA_LINK_NETNSID: calls fn(ctx, ifindex, inum) with the inode number of
 * the namespace at its other end, as far as one of the names under host_root/run/netns (and
 * host_root/var/run/netns) leads there. RTM_GETNSID by fd + one RTM_GETLINK dump. */
int podns_scan(const char *host_root, void (*fn)(void *ctx, uint32_t ifindex, uint32_t inum),
	       void *ctx);

/* comm of a pid by host_root/proc, "" when it is gone */
void proc_comm(const char *host_root, uint32_t pid, char out[COMM_LEN]);

#endif
