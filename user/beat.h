/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sign of life for the BPF programs, given by a thread of its own: on a busy machine one step
 * of the loop (attaching, reading the kernel's symbols) may take longer than the programs wait.
 * A thread that only sleeps gets its turn all the same. It stands still with the process
 * (SIGSTOP, SIGKILL), and falls silent by itself when the loop has hung for ten seconds.
 */
#ifndef CALITRACE_BEAT_H
#define CALITRACE_BEAT_H

#include "loader.h"

struct beat;

/* Starts the thread; l must live until beat__free(). 0 or -errno. */
int beat__new(struct loader *l, struct beat **ret);
/* The loop has made a turn. */
void beat__turn(struct beat *b);
/* Ends the thread. NULL is fine. */
void beat__free(struct beat *b);

#endif
