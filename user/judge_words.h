/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's own words for a drop mean: for the judge, and for packets that were withheld, of
 * which there is little more. Pure.
 */
#ifndef CALITRACE_JUDGE_WORDS_H
#define CALITRACE_JUDGE_WORDS_H

#include "model.h"

struct judge_word {
	const char *word;
	enum verdict verdict;
};

/* V_NONE: the word is none of them */
enum verdict judge_find(const struct judge_word *w, size_t cnt, const char *word);
/* Of enum skb_drop_reason, by name; V_OTHER: it says nothing, or is not known */
enum verdict judge_reason(const char *reason);
/* Of a look-up of a route that failed; V_NONE: that is no such errno */
enum verdict judge_errno(uint16_t err);

#endif
