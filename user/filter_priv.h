/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the filter share. pcap.h and libbpf.h cannot be included in one file. */
#ifndef CALITRACE_FILTER_PRIV_H
#define CALITRACE_FILTER_PRIV_H

#include "filter.h"

#define PROTO_ICMP 1
#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define IP_HLEN 20

/* ---- filter_pcap.c: the only user of libpcap ---- */

struct bpf_insn;
struct expr; /* a compiled expression */

/* 0, -ENOMEM, -EINVAL with what libpcap said, made clear, in why; free with expr_free(). */
int expr_new(const char *text, struct expr **ret, char *why, size_t why_sz);
void expr_free(struct expr *e);
/* pkt starts with an IPv4 header; len bytes of it are there, wire were on the wire */
bool expr_match(const struct expr *e, const uint8_t *pkt, size_t len, size_t wire);
const struct bpf_insn *expr_insns(const struct expr *e, uint32_t *cnt);

/* ---- filter_reach.c: can a packet of that kind match at all? ---- */

struct range {
	uint16_t lo, hi;
};

/* IPv4 packets of which no more is known than this */
struct shape {
	uint8_t proto;
	uint8_t options;		  /* 32-bit words of them in the IP header */
	bool has_frag, has_l4, has_flags; /* is the next known, else it is anything */
	uint16_t frag;			  /* flags and offset, as in the header */
	struct range sport, dport;	  /* with has_l4; TCP and UDP */
	uint8_t tcp_flags;		  /* with has_flags */
};

/* False: no packet of that shape matches. True: one may. */
bool expr_reaches(const struct expr *e, const struct shape *s);

/* Does it look at the protocol, or behind the IP header? */
bool expr_names_l4(const struct expr *e);

/*
 * EV_APP_* bits of the classes that a packet which matches may belong to. 0 with *ret_outer: only
 * the outer header of an encapsulated packet can match.
 */
uint32_t expr_apps(const struct expr *e, const struct filter_opts *o, bool *ret_outer);

#endif
