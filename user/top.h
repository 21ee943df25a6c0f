/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The full screen of `live --top`: ncurses around the model and its picture. What is said on standard
 * error meanwhile is shown on the screen, and said once more when the terminal is as it was before.
 */
#ifndef CALITRACE_TOP_H
#define CALITRACE_TOP_H

#include "engine.h"
#include "top_model.h"

struct top;

struct top_opts {
	const char *node, *version; /* copied */
	uint32_t iface_cnt, pool_cnt;
	uint64_t start_ns;
	int64_t wall_offset_ns;
	bool numeric;
	bool colour; /* where the terminal has it */
};

/* Whether there is a terminal to draw on: 0, or -errno with one line in why. Changes nothing. */
int top_check(char *why, size_t why_sz);
/* Takes the terminal. 0, or -errno with one line in why; free with top__free(), which gives it back. */
int top__new(const struct top_opts *o, struct top **ret, char *why, size_t why_sz);
/* Also of NULL */
void top__free(struct top *t);

void top__record(struct top *t, const struct record *rec);
void top__tick(struct top *t, uint64_t ts_ns);
/* Looks at the checks now and then, and draws if there is something new. */
void top__turn(struct top *t, const struct engine *e);
/* There is something to read on standard input. */
void top__input(struct top *t);
/* SIGWINCH, SIGTSTP */
void top__signal(struct top *t, int sig);
/* The user wants to end it, or the terminal is gone. */
bool top__over(const struct top *t);

#endif
