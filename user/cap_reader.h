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
};

/* path "-": stdin. 0 or -errno; close also after an error */
int cap_input__open(struct cap_input *in, const char *path);
void cap_input__close(struct cap_input *in);
/* 1: n octets are at buf + at, n <= NG_MAX_LEN; 0: the file ends before; or -errno */
int cap_input__need(struct cap_input *in, size_t n);
static inline void cap_input__skip(struct cap_input *in, size_t n)
{
	in->at += n;
	in->off += n;
}

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

/* ---- the reader ---- */

/* pcap: the magic in the file's own byte order, for microseconds and nanoseconds */
#define PCAP_US 0xA1B2C3D4u
#define PCAP_NS 0xA1B23C4Du
#define PCAP_HEAD 24u
#define PCAP_REC 16u

struct capr {
	struct cap_input in;
	char *path;
	bool pcap, swap;
	/* of this section; named: our writer's name is in its header */
	bool section, named, decided, ours, end;
	bool plain;			  /* the next block may be for capr__next_packet() */
	uint64_t section_at, section_len; /* UINT64_MAX: not told */
	struct cap_ifs ifs;
	struct cap_foreign foreign;
	size_t consumed;  /* of the block that was handed out last */
	size_t snap_used; /* octets of item.obs.pkt.snap that may be other than zero */
	bool text;	  /* item.obs.pkt may have a reason and a location */
	int64_t wall_offset_ns;
	uint64_t packets;
	struct cap_arena meta_words, words; /* argv lives until the next META */
	int err;
	char why[512];
	struct cap_item item;
};

/* The rest of the file is not read: err, and why. All return r->err. */
int capr__give_up(struct capr *r, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int capr__damaged(struct capr *r, const char *what);
/* The file ends in a block that begins at in.off, or before END. */
int capr__cut(struct capr *r);
int capr__read_failed(struct capr *r, int err);

/* A block of ours, its lengths checked */
struct cap_rec_view {
	uint16_t kind;
	uint64_t ts_ns;
	const uint8_t *payload;
	uint32_t len;
};
/* Whether the block is the META of a file of ours */
bool capr__is_meta(const struct capr *r, const uint8_t *b, size_t len, struct cap_rec_view *rec);
/*
 * A META, a record, a packet of ours to r->item. 0; -ENOENT: of a newer version, or of no concern;
 * or r->err. capr__meta() may also return -EBADMSG and -ENOMEM without having said so.
 */
int capr__meta(struct capr *r, const struct cap_rec_view *rec);
int capr__record(struct capr *r, const uint8_t *b, size_t len);
int capr__own_packet(struct capr *r, const struct cap_epb *e);
/* A packet of others to r->foreign; -ENOENT, as r->item has nothing of it */
int capr__foreign_packet(struct capr *r, const struct cap_epb *e);

bool pcap__is_magic(uint32_t magic);
/* The file's header. 0 or r->err */
int pcap__open(struct capr *r);
/* The next packet's length with its header, all of which is in the buffer; 0: the end; or r->err */
int64_t pcap__load(struct capr *r);
int pcap__packet(struct capr *r, const uint8_t *b);

#endif
