/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of a struct to octets and back, as a table says: integers as wide as the member, flags and
 * enumerations one octet, texts and lists with their length before them. A table may get more fields
 * at its end, nothing else: a reader takes those that are there, the others are zero. Pure.
 */
#ifndef CALITRACE_CAP_CODEC_H
#define CALITRACE_CAP_CODEC_H

#include "cap_format.h"

enum cap_type {
	CF_INT,	  /* 1, 2, 4 or 8 octets, as the member */
	CF_TIME,  /* 8 octets, nanoseconds; 0 if it is beyond CAP_TIME_MAX */
	CF_BOOL,  /* 1 octet */
	CF_ENUM,  /* 1 octet, below max: an int-sized enumeration */
	CF_BYTES, /* as they are */
	CF_STR,	  /* u16 length, octets; terminated in the member, cut to its size */
	CF_ADDR,  /* u8 family, then 0, 4 or 16 octets */
	CF_NET,	  /* address, u8 length; host bits are cleared */
	CF_IFNET, /* the same, host bits kept */
	CF_ACTOR, /* u32 pid, text */
	CF_WORDS, /* u16 count, then texts */
	CF_LIST,  /* u16 count, then for each: u16 length, the fields of sub */
};

struct cap_table;

struct cap_field {
	uint8_t type;
	uint8_t cnt_size; /* of a list's counter: 1 or 4 */
	uint16_t off, size;
	uint16_t max;	  /* enumerations: values; lists: elements there is room for */
	uint16_t cnt_off; /* of a list's counter */
	const struct cap_table *sub;
};

struct cap_table {
	const struct cap_field *field;
	uint16_t cnt;
	uint16_t size; /* of the struct */
};

/* Of an obs_kind that is no packet, NULL: unknown; and those of the other records */
const struct cap_table *cap_obs_table(uint32_t kind);
extern const struct cap_table cap_meta_table, cap_ready_table, cap_clock_table, cap_finish_table,
	cap_end_table;

/* Memory for words; cap_decode() never takes more than cap_words_room() says. */
struct cap_arena {
	uint8_t *mem;
	size_t used, cap;
};
size_t cap_words_room(size_t payload_len);

/*
 * Octets that o takes, at most CAP_REC_MAX, of which there must be room at out. In this machine's
 * byte order.
 */
size_t cap_encode(const struct cap_table *t, const void *o, uint8_t *out);
/*
 * Clears *o first. 0; -EBADMSG: a field is torn or cannot be; -ENOENT: a value that a newer version
 * may understand. arena may be NULL if the table has no words.
 */
int cap_decode(const struct cap_table *t, const void *in, size_t len, bool swap, void *o,
	       struct cap_arena *arena);

/* ---- packets: written by hand, as there are millions ---- */

/* Octets at most of the option's value */
#define CAP_PKT_MAX 512u
/* Everything of an OBS_PATH or OBS_DROP but its time and its octets. Returns the length. */
size_t cap_pkt_encode(const struct obs *o, uint8_t *out);
/* Leaves ts_ns and snap alone; snap_len is what was observed. 0, -EBADMSG or -ENOENT as above */
int cap_pkt_decode(const uint8_t *in, size_t len, bool swap, struct obs *o);
/*
 * The same of what nearly all are, an OBS_PATH with IPv4 addresses and no text, in this byte order.
 * False: anything else, *o has rubbish. CAP_PKT_SPARE octets behind b can be read. text: o has some, of
 * the packet before.
 */
#define CAP_PKT_SPARE 120u
bool cap_pkt_decode_plain(const uint8_t *b, size_t len, struct obs *o, bool *text);

#endif
