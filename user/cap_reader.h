/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the reader: octets of a file, blocks of ours, packets of others. */
#ifndef CALITRACE_CAP_READER_H
#define CALITRACE_CAP_READER_H

#include "cap_bytes.h"
#include "cap_codec.h"

/* ---- octets: read() into a buffer, as a mapped file that gets shorter kills who reads it ---- */

struct cap_input {
	int fd;
	bool eof;
	uint8_t *buf;
	size_t cap, at, len; /* buf[at] ... buf[len - 1] are not consumed */
	uint64_t off;	     /* of buf[at] in the file */
	uint64_t size;	     /* of the file, 0: not known */
};

/* path "-": stdin. 0 or -errno; close also after an error */
int cap_input__open(struct cap_input *in, const char *path);
void cap_input__close(struct cap_input *in);
/* 1: n octets are at buf + at, n <= NG_MAX_LEN; 0: the file ends before; or -errno */
int cap_input__need(struct cap_input *in, size_t n);
void cap_input__skip(struct cap_input *in, size_t n);

/* ---- blocks ---- */

struct cap_if {
	uint16_t link;
	uint8_t resol; /* if_tsresol */
	uint32_t snaplen;
	int64_t offset_s;
	char name[DEV_LEN];
};

/* Each costs 20 octets of a file at least */
#define CAP_MAX_IFS (1u << 20)
struct cap_ifs {
	struct cap_if *v;
	uint32_t cnt, cap;
};

/* An Enhanced Packet Block or one of its elders, its lengths checked */
struct cap_epb {
	const struct cap_if *iface;
	uint32_t iface_idx;
	uint64_t ts; /* in the interface's units; no time: have_ts is false */
	bool have_ts;
	uint32_t cap_len, orig_len;
	const uint8_t *data;
	const uint8_t *opt, *opt_end;
};

/* One option: 1, *o is moved on; 0: no more; -EBADMSG: it reaches past the block */
struct cap_opt {
	uint16_t code, len;
	const uint8_t *value;
};
int cap_opt_next(const uint8_t **p, const uint8_t *end, bool swap, struct cap_opt *o);

/* b is a whole block of len octets, whose two lengths agree. what: the damage, for humans */
int cap_block_if(struct cap_ifs *ifs, const uint8_t *b, size_t len, bool swap, const char **what);
int cap_block_packet(const struct cap_ifs *ifs, const uint8_t *b, size_t len, bool swap,
		     struct cap_epb *e, const char **what);
/* Nanoseconds since the epoch; what is beyond 2^63 - 1 stays there */
uint64_t cap_if_ns(const struct cap_if *i, uint64_t ts);

/* ---- packets of others ---- */

/*
 * What stands at data (len octets of a packet that has orig_len, with headers of type link) as
 * OBS_PATH, but its time, device and number. False: no IP, or cut before its addresses.
 */
bool cap_dissect(uint16_t link, const uint8_t *data, size_t len, struct obs *o);

/* Makes of packets what a trace of this tool would have said. */
struct cap_foreign {
	bool begun, meta, snapshot, ready, finished, ended;
	bool have; /* obs waits to be told */
	bool eof;  /* nothing more will come */
	uint32_t told_ifs;
	uint32_t base_if; /* interfaces of the sections before */
	uint64_t first_wall_ns, now_ns, tick_ns, gap_from_ns, number, packets;
	struct obs obs;
};
/* wall_ns: of the packet in f->obs, to be told */
void cap_foreign__packet(struct cap_foreign *f, uint64_t wall_ns, uint32_t iface_idx);
/* The next thing to tell: 1, or 0: nothing until there is another packet, or the end */
int cap_foreign__next(struct cap_foreign *f, const struct cap_ifs *ifs, struct cap_item *item);

#endif
