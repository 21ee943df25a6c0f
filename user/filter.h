/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which exchanges the user wants to see: a FILTER (pcap-filter syntax) and --pod. Each packet of
 * an exchange is asked what it has to say; the answers are collected with a bitwise or, and decide
 * about the exchange as a whole.
 *
 * A FILTER that looks for something (host X, port Y) finds it in any packet, at any hop, before or
 * after NAT, in the inner or the outer header. One that rules something out (not host X) is the
 * opposite of that: the exchange must not have it in any packet. Otherwise `not port 53` would let
 * all DNS pass that is in a tunnel, since the outer header has no port 53.
 */
#ifndef CALITRACE_FILTER_H
#define CALITRACE_FILTER_H

#include "model.h"

/* Longer ones are refused: libpcap's compiler is no place for hostile input */
#define FILTER_LEN 4096
#define FILTER_DNS_PORTS 4

struct filter;

struct filter_opts {
	const char *expr;	     /* NULL or blank: none */
	const char *pod_dev;	     /* name of an interface of the node; NULL or "": none */
	const struct addr *pod_addr; /* NULL: none */
	uint16_t dns_port[FILTER_DNS_PORTS]; /* host order, 0: unset */
	uint16_t vxlan_port;		     /* host order */
};

/*
 * 0; -ENOMEM; -EINVAL with one line in why that says what is wrong with expr. Host names in expr
 * are looked up in /etc/hosts alone, for the whole process from then on: DNS may be what is broken.
 * Free with filter__free(), NULL-safe. Copies what opts points to.
 */
int filter__new(const struct filter_opts *opts, struct filter **ret, char *why, size_t why_sz);
void filter__free(struct filter *f);

/*
 * What to trace so that the FILTER's packets are among it: EV_APP_* bits. given: those of --proto, 0:
 * not given. Without a FILTER, or with one that names neither protocol nor port: given, else dns,
 * icmp and tcp. -EINVAL with one line in why: nothing that is traced can match, or nothing of what
 * was given.
 */
int filter__apps(const struct filter *f, uint32_t given, uint32_t *ret, char *why, size_t why_sz);

/* Follows the names of interfaces: to be fed with all observations in the order of time. */
void filter__feed(struct filter *f, const struct obs *o);
/* False: there is a --pod, and no interface of its name (yet) */
bool filter__pod_known(const struct filter *f);

#define FILTER_HIT (1u << 0)  /* it has what FILTER looks for */
#define FILTER_PASS (1u << 1) /* FILTER matches it whatever its addresses and ports are */
#define FILTER_NOT (1u << 2)  /* it has what FILTER rules out */
#define FILTER_POD (1u << 3)  /* it was seen on the pod's interface, or has its address */

/* Of one packet; filter is a const struct filter *. No allocation, no effect. */
uint32_t filter__bits(const void *filter, const struct obs_pkt *p);
/*
 * Of an exchange: the bits of all its packets so far, or-ed. final: no more are expected. Before,
 * only a packet that has what FILTER looks for decides: one that passes may be followed by one that
 * has what it rules out.
 */
bool filter__wants(const void *filter, uint32_t bits, bool final);
/* Of a packet that stands alone */
bool filter__match(const void *filter, const struct obs_pkt *p);

#endif
