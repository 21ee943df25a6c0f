/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of words that end with NULL, copied with their words into one piece of memory. */
#ifndef CALITRACE_WORDS_H
#define CALITRACE_WORDS_H

#include "capfile.h"

/* Octets that a copy takes; NULL is an empty list */
size_t words_size(cap_words w);
/* *at: where to, aligned as a pointer is; moves behind the copy, aligned again */
cap_words words_copy(cap_words w, char **at);

#endif
