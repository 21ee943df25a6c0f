/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures, read again: each node's observations go through an engine of its own, in the order of
 * time over all nodes, and what the engines say goes to the caller. The same for show, diff and report.
 */
#ifndef CALITRACE_REPLAY_H
#define CALITRACE_REPLAY_H

#include "capfile.h"
#include "engine.h"
#include "opts.h"
#include "render.h"

struct replay;

/* A node, i.e. the parts of a run, in the order of their files */
struct replay_node {
	uint32_t idx; /* 0 ... */
	const char *name, *path;
	const struct cap_meta *meta;
	struct engine *engine;
	int64_t wall_offset_ns; /* corrected: adds up to one clock for all nodes */
	bool ready, finished;	/* of the node's replay so far */
	bool cut;		/* the file ends early */
	bool gap;		/* a part of the run is not given: of its middle or its end */
	uint64_t first_ns, last_ns, finish_ns; /* MONOTONIC of that node; 0: not (yet) */
	int command_status;
	uint64_t packets; /* packet observations */
	void *user;	  /* the caller's */
};

struct replay_ops {
	/* the node's META was read; may be NULL, as all here */
	void (*node)(void *ctx, struct replay_node *n);
	/* READY: what start and the first screen need; checks are asked of n->engine at ts */
	void (*ready)(void *ctx, struct replay_node *n, const struct cap_ready *r);
	/* each observation, after the engine had it; block: as capr has it, NULL: not from a file */
	void (*obs)(void *ctx, struct replay_node *n, const struct obs *o,
		    const struct cap_item *item);
	/* what the engine says between READY and FINISH */
	void (*record)(void *ctx, struct replay_node *n, const struct record *rec);
	/* FINISH, or the end of a file that was cut: after engine__finish() */
	void (*finish)(void *ctx, struct replay_node *n, uint64_t ts_ns);
	/* the node's last item, with the end's snapshot in the engine */
	void (*end)(void *ctx, struct replay_node *n);
	/* any other item, among them CAP_OTHER, in the order of the file */
	void (*item)(void *ctx, struct replay_node *n, const struct cap_item *item);
	bool (*stop)(void *ctx); /* asked every few items */
	bool no_paths;		 /* obs need not be told of OBS_PATH */
	void *ctx;
};

struct replay_opts {
	const struct opts *o;	 /* filter, pods, pools, reply timeout, since and until */
	const char *const *file; /* files, directories of *.pcapng, "-" */
	uint32_t file_cnt;
	bool all; /* good packets are told, too */
	struct replay_ops ops;
};

/* 0, or -errno with one line in why; reads as far as each file's META. */
int replay__open(const struct replay_opts *ro, struct replay **ret, char *why, size_t why_sz);
/* To the end of all files. 0; -EBADMSG: some file was cut or damaged, and why names it; or -errno. */
int replay__run(struct replay *r, char *why, size_t why_sz);
void replay__free(struct replay *r);
uint32_t replay__node_cnt(const struct replay *r);
struct replay_node *replay__node(struct replay *r, uint32_t idx);

#endif
