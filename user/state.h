/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the node's files, its other programs and the kernel say should be, and what is: one function
 * per source, each tells one round (OBS_SOURCE begin, observations, OBS_SOURCE end; see model.h).
 * All of them only read, load no kernel module by asking, and work in the network namespace that
 * the calling thread is in, which is to be the node's.
 */
#ifndef CALITRACE_STATE_H
#define CALITRACE_STATE_H

#include "mirror.h"
#include "model.h"
#include "rtnl.h"

struct nodes;

/* Everything is borrowed. */
struct state_ask {
	const char *host_root;	     /* "/" by default; links below it do not lead out of it */
	uint32_t netns_inum;	     /* of the node's network namespace; 0: unknown */
	const struct mirror *mirror; /* of the node's links; may be NULL: there are none */
	struct nodes *nodes; /* state_nodes() tells only what differs from these; NULL: all */
};

/*
 * All of them: observations are stamped ts_ns. 0, or a negative errno, which the round's end has
 * as a state with a few words on what failed (SOURCE_ABSENT: -ENOENT, -ENODEV ...).
 */

/* bird.cfg, and of bird_ipam.cfg who programs the routes: OBS_CONF, then OBS_CONF_PEER (see
 * conf_bird.h). A bird_ipam.cfg that cannot be read is told in the end's detail alone. */
int state_conf(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/*
 * The allow-lists of tunnel traffic, ipsets of Felix: OBS_NODE, all of them after a reset, or none
 * where they are what *ask->nodes has (which is brought up to date). SOURCE_ABSENT: neither set is
 * there; that is told as a reset, too, if there was one before.
 */
int state_nodes(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/* The node's own daemons, bird, bird6 and calico-node (Felix and others), by host_root/proc: OBS_PROC.
 * Needs netns_inum. None of them is no error: that is what there is to see. */
int state_proc(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/*
 * What the kernel would do with a packet of this node to each of dst, as `ip route get` asks it:
 * OBS_ANSWER, in that order. Where it refuses, err has the errno and the rest is unset but dst: the
 * kernel does not say which route it was. IPv4 only, others are left out.
 */
int state_answer(const struct state_ask *ask, const struct addr *dst, size_t cnt, uint64_t ts_ns,
		 obs_fn fn, void *ctx);

/*
 * net.ipv4.conf of "all" (with ip_forward), "default" and each link of the mirror: OBS_SYSCTL. A link
 * that is gone by now is left out.
 */
int state_sysctl(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/* Neighbours on the link that answered within the last minute, and those that do not answer: OBS_NEIGH */
int state_neigh(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);
/*
 * The other ends of each vxlan device of the mirror, as Felix sets them: permanent neighbours, joined
 * by MAC address with forwarding entries that lead to a node: OBS_VTEP, either half of it may be
 * missing. SOURCE_ABSENT: no such device.
 */
int state_vtep(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/*
 * Pods by CNI's result cache (host_root/var/lib/cni): OBS_POD, one per address, of those whose device
 * stands in the mirror; where several files claim a device, the newest counts. Pods by the files
 * that Felix writes once an endpoint is programmed (host_root/var/run/calico/endpoint-status, since
 * v3.30): OBS_POD with status set. A file that is not understood is left out and named in the detail;
 * if there are no others it is SOURCE_GARBAGE. See cni.h.
 */
int state_pods(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);
int state_status(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/*
 * The address that the kubelet gives to pods as their DNS server (clusterDNS in
 * host_root/var/lib/kubelet/config.yaml, KubeletConfiguration): OBS_SERVICE, one per address.
 */
int state_kubelet(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);
/* Of such a text: how many were put into out */
uint32_t kubelet_dns(const char *text, size_t len, struct addr *out, uint32_t max);

/*
 * How full the kernel's tables are: OBS_FILL. Connections of this namespace; those of ARP in the whole
 * kernel, since that is what gc_thresh3 limits, less the permanent ones of this namespace, which
 * do not count there. A table that is not there is left out.
 */
int state_fill(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

/* ---- for the state_*.c ---- */

struct round {
	enum source id;
	uint64_t ts_ns;
	obs_fn fn;
	void *ctx;
};
void round_begin(const struct round *r);
/* One observation of it; the time is set here. */
void round_tell(const struct round *r, struct obs *o);
/* err: 0 or -errno, which is returned; what: the file or table that it is about, or NULL */
int round_end(const struct round *r, int err, const char *what);
/* The state that such an end has */
enum source_state round_state(int err);
/* An end that is well, but for something: that much is said */
int round_end_but(const struct round *r, const char *what, int err);

#endif
