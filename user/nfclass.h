/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose a rule of a packet filter is, by its table, its chain and its comment. Pure. */
#ifndef CALITRACE_NFCLASS_H
#define CALITRACE_NFCLASS_H

#include "model.h"

/*
 * The cause that packets dropped there have: C_POLICY_DENY, C_UNKNOWN_INTERFACE, C_WL_TO_HOST,
 * C_CONNTRACK_INVALID, C_CALICO_RPF, C_PEER_NOT_IN_ALLOWLIST, C_NO_ENDPOINTS, C_FOREIGN_FIREWALL; C_UNKNOWN:
 * Calico's or kube-proxy's own, for another reason.
 */
enum cause nfclass(const struct obs_nfrule *r);
/* The policy, or profile, that it belongs to: "policy default/deny"; "" not told */
void nfclass_policy(const struct obs_nfrule *r, char *buf, size_t sz);
/* The chain of the workload or host endpoint `dev`, "" for any other: in, or out of it */
const char *nfclass_dev(const struct obs_nfrule *r, bool *in);

#endif
