/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What writer and reader of capture files share: the numbers of the format. They are in files that
 * exist: add to them, never change one. man 5 calitrace-capture says the same.
 */
#ifndef CALITRACE_CAP_FORMAT_H
#define CALITRACE_CAP_FORMAT_H

#include "capfile.h"

/* pcapng's own: draft-ietf-opsawg-pcapng */
#define NG_SHB 0x0A0D0D0Au
#define NG_IDB 1u
#define NG_PB 2u /* obsolete */
#define NG_SPB 3u
#define NG_EPB 6u
#define NG_ORDER 0x1A2B3C4Du
#define NG_SHB_LEN 28u /* without options */
#define NG_IDB_LEN 20u
#define NG_EPB_LEN 32u
#define NG_MIN_LEN 12u
/* No block may be longer: Wireshark's own limit, and what bounds the reader's memory */
#define NG_MAX_LEN (16u << 20)

#define NG_OPT_END 0
#define NG_OPT_COMMENT 1
#define NG_SHB_HARDWARE 2
#define NG_SHB_OS 3
#define NG_SHB_USERAPPL 4
#define NG_IF_NAME 2
#define NG_IF_DESCRIPTION 3
#define NG_IF_TSRESOL 9
#define NG_IF_TSOFFSET 14
#define NG_EPB_FLAGS 2

#define LINK_NULL 0
#define LINK_ETHERNET 1
#define LINK_PPP 9
#define LINK_RAW_BSD 12 /* DLT_RAW of most systems */
#define LINK_PPP_HDLC 50
#define LINK_RAW 101
#define LINK_LOOP 108
#define LINK_RAW_OPENBSD 14
#define LINK_SLL 113
#define LINK_IPV4 228
#define LINK_IPV6 229
#define LINK_SLL2 276

/* Ours, both from the range for local use */
#define CAP_BLOCK 0x80CA117Au
#define CAP_OPT_PACKET 0x8CA1
/* Of a record, after the block's type and length */
#define CAP_REC_LEN 16u
/* The first octets of META's payload */
#define CAP_MAGIC "calitrc\n"
#define CAP_MAGIC_LEN 8u

/* Kinds of records. Up to 255: those of observations, the numbers of enum obs_kind */
enum cap_rec {
	CAP_REC_META = 256,
	CAP_REC_READY = 257,
	CAP_REC_CLOCK = 258,
	CAP_REC_FINISH = 259,
	CAP_REC_END = 260,
};

/* 146 years: no time is later, no offset of clocks longer. Sums of two stay below 2^63. */
#define CAP_TIME_MAX (1ull << 62)
/* Any record is shorter, with a margin that libpcap's limit of a block has, too */
#define CAP_REC_MAX (128u << 10)
/* Lists of words are cut there: argv may be of any length */
#define CAP_WORDS_MAX (16u << 10)

#endif
