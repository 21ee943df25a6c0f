/* SPDX-License-Identifier: GPL-2.0-only */
/* Comments of packet blocks, for `show -w`. Pure. */
#ifndef CALITRACE_SHOW_COMMENT_H
#define CALITRACE_SHOW_COMMENT_H

#include "model.h"

/* https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html */
#define SHB_TYPE 0x0a0d0d0au
#define SHB_MAGIC 0x1a2b3c4du
#define EPB_TYPE 6u

struct packet_fate {
	enum verdict verdict;
	enum cause cause; /* C_UNKNOWN: none, or not known */
	uint32_t finding; /* 0: none */
};

/*
 * An Enhanced Packet Block with the fate at the head of its comment: *ret is to be freed. -EINVAL: it
 * is none, or not in order; -ENOMEM.
 */
int show_comment(const void *block, size_t len, bool swapped, const struct packet_fate *f,
		 void **ret, size_t *ret_len);
/* True for a section header: *swapped says whether what follows is in the other byte order. */
bool show_section_order(const void *block, size_t len, bool *swapped);

#endif
