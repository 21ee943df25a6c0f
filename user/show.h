/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of `show` share; for user/cmd_show.c and user/show_*.c alone. */
#ifndef CALITRACE_SHOW_H
#define CALITRACE_SHOW_H

#include "opts.h"
#include "outfile.h"
#include "render.h"
#include "replay.h"

struct show_packets;
struct show_timeline;

/* The causes of findings in the end, by id - 1; of one node */
struct show_causes {
	uint8_t *cause;
	uint32_t cnt;
};

/* One replay for the output. Each node's own part is in replay_node.user. */
struct show {
	const struct opts *o;
	bool several; /* nodes: lines of text begin with their names */
	bool colour;
	bool all; /* the engine tells good packets, too */
	uint32_t nodes, finished;
	struct summary sum; /* over all nodes */
	struct show_node *node;
	struct show_causes *causes;	/* to be filled; NULL: nobody asks */
	struct show_packets *packets;	/* --packets in text */
	struct show_timeline *timeline; /* --timeline */
};

struct show_node {
	struct render *render;
	uint64_t bad;		   /* checks that failed at READY: screen_bad() */
	struct obs_pools pools;	   /* as they were at READY */
	bool snapshot;		   /* nothing traced packets */
	const char *name;	   /* the node's, "" not known */
	char prefix[NODE_LEN + 4]; /* of lines of text */
};

/* "k8s02", or the file of a capture that names no node; a static or borrowed string */
const char *show_name(const struct replay_node *n);
bool show_foreign(const struct replay_node *n);
/* Whether --verdict asks for it */
bool show_wants(const struct opts *o, enum verdict v);

/* ---- show_packets.c: one line a packet ---- */

int show_packets__new(const struct show *s, struct show_packets **ret);
void show_packets__free(struct show_packets *p);
/* The node's META was read. 0 or -ENOMEM */
int show_packets__node(struct show_packets *p, const struct replay_node *n);
void show_packets__obs(struct show_packets *p, const struct replay_node *n, const struct obs *o);
void show_packets__record(struct show_packets *p, const struct replay_node *n,
			  const struct packet *pkt);
/* The node's trace is over: what is still held */
void show_packets__finish(struct show_packets *p, const struct replay_node *n);

/* ---- show_timeline.c: what happened when, and who says so ---- */

int show_timeline__new(const struct show *s, struct show_timeline **ret);
void show_timeline__free(struct show_timeline *t);
void show_timeline__obs(struct show_timeline *t, const struct replay_node *n, const struct obs *o);
void show_timeline__record(struct show_timeline *t, const struct replay_node *n,
			   const struct record *rec);
void show_timeline__finish(struct show_timeline *t, const struct replay_node *n);
/* 0, or -errno of stdout */
int show_timeline__print(struct show_timeline *t);

/* ---- show_copy.c: -w ---- */

/* May OUT be written from FILE? 0, or -errno and why. Before anything is printed. */
int show_copy_check(const struct opts *o, char *why, size_t why_sz);
/* Opens OUT. 0, or -errno and why */
int show_copy_open(const struct opts *o, struct outfile *file, char *why, size_t why_sz);
/* Replays the file once more and writes OUT, which is closed by it; -EBADMSG: up to where it was cut. */
int show_copy(const struct opts *o, const struct show_causes *causes, struct outfile *file,
	      char *why, size_t why_sz);

#endif
