/* SPDX-License-Identifier: GPL-2.0-only */
/* What replay.c and replay_open.c share. */
#ifndef CALITRACE_REPLAY_PRIV_H
#define CALITRACE_REPLAY_PRIV_H

#include "progress.h"
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
	struct replay_cluster *cluster; /* NULL: one node */
	uint64_t skipped;		/* packets that are not between --since and --until */
	bool stopped;
	uint32_t unasked; /* packets since it was asked whether to stop */
	uint32_t asked;	  /* how often it was */
	struct progress progress;
	int err; /* the first one, and what was said of it */
	char why[400];
};

/* What each engine says; ctx is its struct rnode */
void replay_record(void *ctx, const struct record *rec);

/* replay_cluster.c: several nodes. All but begin do nothing where there is one. */
/* Before anything is replayed: corrects the nodes' clocks. 0 or -ENOMEM */
int replay_cluster__begin(struct replay *r);
void replay_cluster__nodes(struct replay *r);
/* After the caller was told that the node is ready */
void replay_cluster__ready(struct rnode *n);
/* After the engine and the caller had it */
void replay_cluster__obs(struct rnode *n, const struct obs *o);
/* Before the node's engine ends its trace; when the node's last item was read */
void replay_cluster__finish(struct rnode *n, uint64_t ts_ns);
void replay_cluster__end(struct rnode *n);
/* What is to be handed on; borrowed until the next call */
const struct record *replay_cluster__record(struct rnode *n, const struct record *rec);
void replay_cluster__free(struct replay *r);

#endif
