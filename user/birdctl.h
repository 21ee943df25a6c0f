/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A read-only client of the control socket of bird, or of bird6: state, protocols, routes. Driven
 * by a loop: nothing here blocks, and a peer that is slow, dead, absent or talks garbage costs no
 * more than a report. Works from any network namespace: the socket is a file.
 *
 * A round is one connection: greeting, `restrict` (from there on BIRD itself refuses all that would
 * change it), `show status`, `show protocols all`, `show route`, each after the reply to the one
 * before. The connection is not kept: BIRD gets replaced while we watch, by then at another path
 * maybe, and no half-read reply of an earlier round can then be taken for one of this round. It
 * costs two short messages more, each 5 s at most.
 */
#ifndef CALITRACE_BIRDCTL_H
#define CALITRACE_BIRDCTL_H

#include "model.h"
#include "rtnl.h"

struct birdctl;
struct birdctl_opts {
	const char *host_root; /* the node's files; links in there lead nowhere else */
	const char *path; /* this socket and no other, wherever it is; NULL: the usual places */
	bool v6;	  /* bird6, which is SOURCE_BIRD6 */
	obs_fn fn;	  /* called from within birdctl__turn() only */
	void *ctx;
};

/* 0 or -errno; copies what it needs of o. Free with birdctl__free(). Asks nothing yet. */
int birdctl__new(const struct birdctl_opts *o, struct birdctl **ret);
void birdctl__free(struct birdctl *b);

/* The node's bird, through whose root the socket is looked for as well; 0: not known */
void birdctl__set_pid(struct birdctl *b, uint32_t pid);

/* To wait on for input, the same for its whole life: when it is readable, there is something to do
 * for birdctl__turn(). Timeouts need a turn now and then besides (50 ms will do). Borrowed. */
int birdctl__fd(const struct birdctl *b);

/*
 * Asks for a round: 5 s after the last one began, urgent: 1 s after it, at once if that is over. Of
 * several wishes one round comes. One that fails is made up for, 5 s later; so is one that finds no
 * socket or nobody behind it, for as long as that lasts.
 */
void birdctl__want(struct birdctl *b, bool urgent);

/*
 * Begins a round if one is due, and goes on with it as far as that is possible without waiting;
 * now_ns: CLOCK_MONOTONIC. All observations are stamped now_ns and come at the end of a round, all
 * at once: OBS_SOURCE (begin), OBS_BIRD, OBS_BIRD_PROTO and _ROUTE, OBS_SOURCE (SOURCE_OK). Of a
 * round that failed come begin and end (SOURCE_TIMEOUT, _GARBAGE, _DENIED) with the reason as
 * detail; after the third in a row another begin and end with SOURCE_GIVEN_UP, and nothing more is
 * asked until birdctl__retry(). SOURCE_ABSENT (no socket, or nobody listens) is no failure, ends
 * the row, and is told once.
 */
void birdctl__turn(struct birdctl *b, uint64_t now_ns);

/* There is a new BIRD: what failed before is forgiven, and an urgent round wanted. For a few looks
 * its socket may be absent without being put off for 5 s each time. */
void birdctl__retry(struct birdctl *b);

/* What was told last; SOURCE_UNASKED: nothing */
enum source_state birdctl__state(const struct birdctl *b);
/* Rounds that ended, whatever way; a look for a socket that is absent is one. */
uint32_t birdctl__rounds(const struct birdctl *b);

/* ---- between its files ---- */

struct bird_where {
	const char *host_root, *path;
	bool v6;
	uint32_t pid;
};
/*
 * A connected non-blocking stream socket, which the caller closes, or: -ENOENT (no socket),
 * -ECONNREFUSED (nobody listens), -EAGAIN (the listener's queue is full), -EACCES, other -errno.
 */
int bird_sock_connect(const struct bird_where *w);

#endif
