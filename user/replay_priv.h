/* SPDX-License-Identifier: GPL-2.0-only */
/* What replay.c and replay_open.c share. */
#ifndef CALITRACE_REPLAY_PRIV_H
#define CALITRACE_REPLAY_PRIV_H

#include "replay.h"
#include "replay_file.h"

struct rnode {
	struct replay_node pub; /* first */
	struct replay *r;
	struct replay_file **file; /* in the order of their parts */
	uint32_t file_cnt, cur;
	struct filter *filter;
	const struct cap_item *head; /* what comes next; borrowed from the file */
	int64_t wall_ns;	     /* its time; an item without one has that of the one before */
	uint64_t since_ns, until_ns; /* MONOTONIC of the node */
	bool done;
};

struct replay {
	struct replay_opts ro;
	struct replay_files files;
	struct rnode **node;
	uint32_t node_cnt;
	bool stopped;
	int err; /* the first one, and what was said of it */
	char why[400];
};

/* What each engine says; ctx is its struct rnode */
void replay_record(void *ctx, const struct record *rec);

#endif
