/* SPDX-License-Identifier: GPL-2.0-only */
/* Comments of packet blocks, for `show -w`. Pure. */
#ifndef CALITRACE_SHOW_COMMENT_H
#define CALITRACE_SHOW_COMMENT_H

#include "capfile.h"

struct packet_fate {
	enum verdict verdict;
	enum cause cause; /* C_UNKNOWN: none, or not known */
	uint32_t finding; /* 0: none */
};

/*
 * What the block's comment is to be: the fate, then what was said when the packet was recorded.
 * False: it is no Enhanced Packet Block, or not in order.
 */
bool show_comment(const void *block, size_t len, bool swapped, const struct packet_fate *f,
		  char out[CAP_COMMENT_LEN + 1]);
/* True for a section header: *swapped says whether what follows is in the other byte order. */
bool show_section_order(const void *block, size_t len, bool *swapped);

#endif
