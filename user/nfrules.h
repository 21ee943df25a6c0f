/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reading of this node's packet filters: all places where nf_tables and the legacy iptables may drop
 * IPv4 packets, with their counters as they stand. Nothing is changed by it, no module is loaded, no
 * table comes into being. What differs between two readings tells who dropped what was lost.
 */
#ifndef CALITRACE_NFRULES_H
#define CALITRACE_NFRULES_H

#include <stdarg.h>

#include "rtnl.h"

/* Beyond so many rules nothing is told: reading them would burden a node that is busy already. */
#define NFRULES_MAX 5000
#define NFRULES_CHAINS 20000

struct nlmsghdr;

struct nfr_chain {
	char family[8], table[NFR_TABLE_LEN], name[NFR_CHAIN_LEN];
	char about[NFR_COMMENT_LEN]; /* Felix says on a policy's first rule whose it is; "" nothing */
	uint8_t hooks;		     /* that it can be reached from: 1 << enum nf_hook */
	bool maps;		     /* has verdict maps, which may lead anywhere in its table */
	bool entered;		     /* some rule jumps to it, or it is a base chain */
	uint32_t rules;
};
struct nfr_edge {
	uint32_t from, to; /* chains */
};
struct nfr_place {
	struct obs_nfrule r;
	uint64_t id, packets; /* id: the same in the next reading */
	uint32_t chain;
};

/* A verdict map that some place looks up, and that is none of Calico's or kube-proxy's */
#define NFRULES_MAPS 16
struct nfr_map {
	uint32_t place;
	char set[NFR_CHAIN_LEN];
};

struct nfrules {
	struct obs_nflook look;
	struct nfr_chain *chain;
	struct nfr_edge *edge;
	struct nfr_place *place;
	uint32_t chain_cnt, chain_cap, edge_cnt, edge_cap, place_cnt, place_cap;
	uint32_t sorted; /* chains that nfrules_find() can find */
	uint32_t last;	 /* the chain that was found last: rules come chain by chain */
	struct nfr_map map[NFRULES_MAPS];
	uint32_t map_cnt; /* those beyond are not read: they may do anything */
};

/* Both read all that there is: 0 (also where there is nothing of it), -E2BIG: too many, or -errno. */
int nfrules_nft(struct nfrules *s);
int nfrules_legacy(struct nfrules *s);
void nfrules_free(struct nfrules *s);

/*
 * A round of SOURCE_NFRULES, see model_far.h. *last: the reading before (NULL: none, and nothing has
 * moved); the new one takes its place; freed by nfrules_drop(). 0 or -errno, as all states.
 */
int state_nfrules(struct nfrules **last, uint64_t ts_ns, obs_fn fn, void *ctx);
void nfrules_drop(struct nfrules **last);

/* ---- for the nfrules_*.c ---- */

/* Adds a chain: its number, or -errno */
int nfrules_chain(struct nfrules *s, const struct nfr_chain *c);
/* After the last chain, and before the first nfrules_find() */
void nfrules_sort(struct nfrules *s);
/* -1: there is none */
int nfrules_find(struct nfrules *s, const char *family, const char *table, const char *name);
int nfrules_edge(struct nfrules *s, uint32_t from, uint32_t to);
int nfrules_place(struct nfrules *s, const struct nfr_place *p);
/* When all is there: which hooks each place can be reached from */
void nfrules_link(struct nfrules *s);

/* Messages of nf_tables: NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE. 0, -E2BIG, -ENOMEM */
int nfr_nft_chain(struct nfrules *s, struct nlmsghdr *nlh);
int nfr_nft_rule(struct nfrules *s, struct nlmsghdr *nlh);

/*
 * Reads the elements of s->map by that socket: places whose maps drop nothing are taken out, others say
 * that they drop; edges lead to the chains of elements. What cannot be read stays as it is. 0 or -ENOMEM
 */
int nfr_nft_maps(struct nfrules *s, int fd);

/* "ip", "inet", "netdev"; "": of no concern for IPv4 */
const char *nfr_nft_family(uint8_t family);
/* False only if the kernel would have to load nf_tables: then there is no rule of it. */
bool nfr_nft_may_ask(void);
/* Asks for the rule of that handle in r's family, table and chain: adds what it says to r. 0 or -errno */
int nfr_nft_ask(uint64_t handle, struct obs_nfrule *r);

/* A table as IPT_SO_GET_ENTRIES gives it; hook_entry and underflow of IPT_SO_GET_INFO, both of 5 */
struct nfr_blob {
	const char *table;
	uint32_t valid_hooks;
	const uint32_t *hook_entry, *underflow;
	const uint8_t *data;
	size_t len;
};
int nfr_legacy_table(struct nfrules *s, const struct nfr_blob *b);

/* ---- nfrules_xt.c, nfrules_text.c: rules in words ---- */

/* Adds a word, with a blank before it; what does not fit is cut. */
void nfr_word(char *buf, size_t sz, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A match of x_tables, legacy or in nf_tables: words, and what is known by it */
void nfr_xt_match(struct obs_nfrule *r, const char *name, uint8_t rev, const uint8_t *data,
		  size_t len);
/* States of conntrack, as bits of xt_conntrack, which nf_tables has as well */
void nfr_states(struct obs_nfrule *r, unsigned int mask, bool invert);
/* The expressions of a rule of nf_tables, nested: into r and *packets; jump: "" none */
struct nlattr;
struct nfr_exprs {
	struct obs_nfrule *r;
	uint64_t packets;
	bool drops; /* it is a place */
	bool maps, xt;
	char jump[NFR_CHAIN_LEN],
		map[NFR_CHAIN_LEN]; /* map: the last one, "" none, or its name is too long */
};
void nfr_exprs(struct nlattr *list, struct nfr_exprs *x);

#endif
