/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `live --top` shows, as numbers: packets by block and verdict with their last minute, findings,
 * checks, losses. Records in, a table out. Pure: no I/O, no clock but what it is given; its memory
 * has a limit, whatever comes.
 */
#ifndef CALITRACE_TOP_MODEL_H
#define CALITRACE_TOP_MODEL_H

#include "model.h"

#define TOP_SECONDS 64
/* Blocks beyond that share a row for each verdict. */
#define TOP_ROWS 1024
#define TOP_FINDINGS 256
#define TOP_CHECKS 48
#define TOP_CHANGES 32

struct top_row {
	struct prefix block; /* family 0: in no pool */
	bool others;	     /* of all blocks that have no row of their own */
	enum verdict verdict;
	uint64_t packets, withheld;
	uint64_t last_ns; /* when the latest was first seen; 0: only withheld ones */
	uint64_t apps[APP_MAX];
	uint32_t finding; /* of the latest that had one, 0: none */
	char dev[DEV_LEN];
	struct addr src, dst; /* of the latest */
	char src_pod[POD_LEN], dst_pod[POD_LEN];
	uint64_t sec;		    /* the newest of hist, in seconds */
	uint32_t hist[TOP_SECONDS]; /* packets of each second, by second modulo the size */
};

/* A change of the node: routes, links, addresses, neighbours, BGP */
#define TOP_CHANGE_LEN 120
struct top_change {
	uint64_t ts_ns; /* of the latest time */
	uint32_t times;
	char text[TOP_CHANGE_LEN];
};

struct top_model {
	char node[NODE_LEN], version[40];
	uint32_t iface_cnt, pool_cnt;
	int64_t wall_offset_ns;
	uint64_t start_ns, now_ns;
	uint64_t lost, withheld;    /* events, as the closing line has them */
	uint64_t packets, problems; /* told so far */
	uint64_t silence_ns;	    /* no packet for so long, 0: there was one since */
	uint32_t row_cnt, check_cnt;
	uint32_t finding_cnt, finding_more; /* more: there was no room for them */
	struct check check[TOP_CHECKS];
	struct finding *finding[TOP_FINDINGS]; /* by id - 1; NULL: not told */
	struct top_row row[TOP_ROWS];
	uint32_t change_cnt; /* all that were; the latest are kept, in no order */
	struct top_change change[TOP_CHANGES];
	/* what is said on standard error meanwhile, the latest line */
	char message[256];
	uint64_t message_ns;
	struct top_index *index;
};

/* 0 or -ENOMEM; free with top_model__free(). start_ns: MONOTONIC, as all times here */
int top_model__new(uint64_t start_ns, int64_t wall_offset_ns, struct top_model **ret);
void top_model__free(struct top_model *m);
/* Another one with the same content, that goes on on its own or, as a rule, does not. 0 or -ENOMEM */
int top_model__copy(const struct top_model *m, struct top_model **ret);

void top_model__record(struct top_model *m, const struct record *rec);
/* The time, which never goes back */
void top_model__tick(struct top_model *m, uint64_t now_ns);
/* A new audit begins; its checks follow. */
void top_model__checks_begin(struct top_model *m);
void top_model__check(struct top_model *m, const struct check *c);
/* A line that was meant for standard error */
void top_model__message(struct top_model *m, const char *line);

/* Packets of that many seconds before now, the one that runs not among them */
uint64_t top_row__recent(const struct top_row *r, uint64_t now_ns, uint32_t seconds);
/* Packets of the second that was `ago` whole seconds before the one that runs; 0: that one */
uint32_t top_row__at(const struct top_row *r, uint64_t now_ns, uint32_t ago);
/* Checks that are a problem or a warning; worst: those that are a problem */
uint32_t top_model__bad_checks(const struct top_model *m, uint32_t *worst);
/* Findings that have not recovered; *recovered: those that have */
uint32_t top_model__open(const struct top_model *m, uint32_t *recovered);

#endif
