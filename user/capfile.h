/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capture files: pcapng in which each packet observed is an Enhanced Packet Block, and whatever is
 * no packet a local-use block. They hold observations in the order in which the engine got them, so
 * that a replay says what was said live. The format: man 5 calitrace-capture.
 *
 * A file is: META, the observations of the start's snapshot, READY, observations, FINISH, those of
 * the end's snapshot, END. One that was cut has no END. A file that goes on where rotation ended
 * another has META with part > 0 and a snapshot before its READY, and no FINISH unless it is the last.
 */
#ifndef CALITRACE_CAPFILE_H
#define CALITRACE_CAPFILE_H

#include "filter.h"
#include "model.h"
#include "rtnl.h"

#define CAP_MAJOR 1 /* what a reader of this version cannot understand */
#define CAP_MINOR 0 /* new kinds, longer records: skipped by older readers */

/* A list of words, e.g. argv; NULL-terminated */
typedef const char *const *cap_words;

struct cap_meta {
	uint64_t run;	       /* random: the parts of one run have the same */
	uint32_t part;	       /* 0, or how many files of the run came before */
	uint16_t major, minor; /* of the file; the writer sets them */
	char node[NODE_LEN], version[64], kernel[128];
	uint64_t mono_ns;	/* when it began */
	int64_t wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC: for the whole file */
	uint64_t reply_timeout_ns;
	uint32_t apps, snaplen; /* EV_APP_* that were recorded; octets of a packet */
	uint16_t dns_port[FILTER_DNS_PORTS];
	char filter[FILTER_LEN]; /* "": none */
	char pod[POD_LEN], pod_dev[DEV_LEN];
	struct addr pod_addr;
	uint32_t netns; /* inode number of the node's */
	bool foreign;	/* reader: no calitrace wrote it, packets are all there is */
	/* borrowed; of a reader's: until its next CAP_META or capr__free() */
	cap_words argv;
};

struct cap_ready {
	uint64_t ts_ns; /* of the first screen's checks */
	cap_words ifaces, probes, missing;
};

struct cap_finish {
	uint64_t ts_ns;		/* where the engine is told that the trace ends */
	int32_t command_status; /* -1: there was no program */
	bool hurried;		/* no summary was printed */
};

/* The last block. Without it the file was cut. */
struct cap_end {
	uint64_t ts_ns;
	uint64_t packets;      /* packet blocks in this file */
	bool rotated;	       /* the run goes on in another file */
	char reason[INFO_LEN]; /* duration, signal, 1 GiB ... */
};

/* The wall clock was stepped: for information, times stay those of the start's offset. */
struct cap_clock {
	uint64_t ts_ns;
	int64_t wall_offset_ns;
};

/* ---- writing ---- */

struct capw;

struct capw_opts {
	uint32_t snaplen;
	/* Whole blocks only; 0 or -errno, after which nothing more is handed over. */
	int (*put)(void *ctx, const void *data, size_t len);
	void *ctx;
};

/* 0 or -ENOMEM. capw__free() does not flush. */
int capw__new(const struct capw_opts *o, struct capw **ret);
void capw__free(struct capw *w);
/*
 * All: 0 or -errno, that of put() being remembered. capw__meta() begins a file: section header, then
 * the record; call it again for the next file of a rotation (interfaces are described anew, as their
 * packets come). Names of devices are taken from the OBS_LINK that go through capw__obs().
 */
int capw__meta(struct capw *w, const struct cap_meta *m);
int capw__obs(struct capw *w, const struct obs *o);
int capw__ready(struct capw *w, const struct cap_ready *r);
int capw__clock(struct capw *w, const struct cap_clock *c);
int capw__finish(struct capw *w, const struct cap_finish *f);
int capw__end(struct capw *w, const struct cap_end *e);
/* Hands over what is buffered; whole blocks. */
int capw__flush(struct capw *w);
/* Octets of this file so far, those in the buffer included; packet blocks of this file */
uint64_t capw__bytes(const struct capw *w);
uint64_t capw__packets(const struct capw *w);
/* A block as a reader had it, in this machine's byte order or not: for copies of a file */
int capw__raw(struct capw *w, const void *block, size_t len);
/*
 * The same for an Enhanced Packet Block (a block of another type is copied as it is): comment, a
 * line of which CAP_COMMENT_LEN octets are taken, replaces the comments that it had.
 */
#define CAP_COMMENT_LEN 2000u
int capw__recomment(struct capw *w, const void *block, size_t len, bool swapped,
		    const char *comment);

/* ---- reading ---- */

struct capr;

enum cap_kind {
	CAP_META,
	CAP_OBS,
	CAP_READY,
	CAP_CLOCK,
	CAP_FINISH,
	CAP_END,
	CAP_OTHER, /* a block that says nothing to the engine: section and interface headers, unknown ones */
};

struct cap_item {
	enum cap_kind kind;
	union {
		struct cap_meta meta;
		struct obs obs;
		struct cap_ready ready;
		struct cap_clock clock;
		struct cap_finish finish;
		struct cap_end end;
	};
	/*
	 * The block that it came in, borrowed until the next call; NULL: it stands in no block of
	 * its own (what is told of files that are not ours). Of pcap files there are no blocks.
	 */
	const void *block;
	size_t block_len;
	uint64_t offset; /* in the file */
};

/*
 * path: "-" reads stdin. Files of either byte order, pcapng or pcap (also of microseconds), ours or
 * not. 0, or -errno with one line in why that names the file.
 */
int capr__open(const char *path, struct capr **ret, char *why, size_t why_sz);
void capr__free(struct capr *r);
/*
 * 1: *item has the next one, borrowed until the next call. 0: the end. -EBADMSG: cut or damaged, why
 * says at which offset and what can be done; all before it was handed out. -EOPNOTSUPP: a newer major
 * version. -errno: reading failed.
 */
int capr__next(struct capr *r, const struct cap_item **item, char *why, size_t why_sz);
/*
 * The next item, if it is a packet of ours, and as our writer writes nearly all: as capr__next(), and
 * quicker. NULL: anything else; nothing was consumed, and capr__next() knows.
 */
const struct cap_item *capr__next_packet(struct capr *r);
/* Octets of the file that were consumed */
uint64_t capr__position(const struct capr *r);
/* True if the file is in the other byte order */
bool capr__swapped(const struct capr *r);

#endif
