/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What nf_tables traces of packets, where somebody has switched that on (meta nftrace set 1, or
 * iptables-nft -j TRACE): the kernel sends it to all that listen, in this network namespace. Nothing is
 * ever switched on here; where nothing is traced, nothing is heard.
 */
#ifndef CALITRACE_NFTRACE_H
#define CALITRACE_NFTRACE_H

#include "rtnl.h"

struct nftrace;
struct nlmsghdr;

/* OBS_NFTRACE, and a round of SOURCE_NFTRACE whenever its state changes, go to fn. 0 or -ENOMEM */
int nftrace__new(obs_fn fn, void *ctx, struct nftrace **ret);
void nftrace__free(struct nftrace *t);
/* Listens from now on, if that is possible; in the network namespace to be heard */
void nftrace__begin(struct nftrace *t);
/*
 * Listens, if that is possible by now, and reads so much of what came as may be read at once. Called
 * about twenty times a second; now: CLOCK_MONOTONIC ns. In the network namespace to be heard.
 */
void nftrace__turn(struct nftrace *t, uint64_t now_ns);

/* ---- for tests ---- */

/* The headers of packets come once for each way through the chains of a hook, by the trace's id. */
#define NFTRACE_IDS 64
struct nftrace_ids {
	struct {
		uint32_t id;
		struct obs_nftrace packet; /* its rule is not set */
	} item[NFTRACE_IDS];
	uint32_t next;
};
/* NFT_MSG_TRACE: true: of an IPv4 packet that was dropped, which is *out; rule.text and so on are not set */
bool nftrace_decode(struct nftrace_ids *ids, struct nlmsghdr *nlh, struct obs_nftrace *out);

#endif
