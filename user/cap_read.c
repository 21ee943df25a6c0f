// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader: one block after the other, in memory that does not grow with the file. A section whose
 * first block is our META is ours; any other is read as plain packets.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cap_reader.h"
#include "util.h"

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
	uint64_t section_at, section_len; /* UINT64_MAX: not told */
	struct cap_ifs ifs;
	struct cap_foreign foreign;
	size_t consumed; /* of the block that was handed out last */
	int64_t wall_offset_ns;
	uint64_t packets;
	struct cap_arena meta_words, words; /* argv lives until the next META */
	int err;
	char why[512];
	struct cap_item item;
};

/* ---- what is wrong ---- */

/* The rest of the file is not read. */
static int __attribute__((format(printf, 3, 4)))
give_up(struct capr *r, int err, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(r->why, sizeof(r->why), "%s: ", r->path);

	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < sizeof(r->why))
		vsnprintf(r->why + n, sizeof(r->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return r->err = err;
}

static int damaged(struct capr *r, const char *what)
{
	return give_up(r, -EBADMSG,
		       "damaged at octet %" PRIu64 " (%s); the %" PRIu64
		       " packets before it are good",
		       r->in.off, what, r->packets);
}

static int cut_at(struct capr *r, uint64_t octet)
{
	return give_up(r, -EBADMSG,
		       "cut at octet %" PRIu64 "; the %" PRIu64 " packets before it are good",
		       octet, r->packets);
}

/* The file ends in a block that begins at in.off, or before END. */
static int cut(struct capr *r)
{
	return cut_at(r, r->in.off + (r->in.len - r->in.at));
}

/* Where a section ends, that of our writer has to have ended, too. */
static bool is_cut(const struct capr *r)
{
	if (!r->decided)
		return r->named;
	return r->ours && (!r->end || (r->section_len != UINT64_MAX &&
				       r->in.off - r->section_at < r->section_len));
}

static int read_failed(struct capr *r, int err)
{
	return give_up(r, err, "cannot be read at octet %" PRIu64 ": %s", r->in.off,
		       strerror(-err));
}

/* ---- our records ---- */

static int words_room(struct cap_arena *a, size_t payload)
{
	size_t need = cap_words_room(payload);
	uint8_t *mem;

	a->used = 0;
	if (need <= a->cap)
		return 0;
	mem = realloc(a->mem, need);
	if (!mem)
		return -ENOMEM;
	a->mem = mem;
	a->cap = need;
	return 0;
}

struct rec {
	uint16_t kind;
	uint64_t ts_ns;
	const uint8_t *payload;
	uint32_t len;
};

/* False: the block is too short for what it says. */
static bool rec_parse(const uint8_t *b, size_t len, bool swap, struct rec *rec)
{
	if (len < NG_MIN_LEN + CAP_REC_LEN)
		return false;
	rec->kind = get16(b + 8, swap);
	rec->len = get32(b + 12, swap);
	rec->ts_ns = get64(b + 16, swap);
	rec->payload = b + 8 + CAP_REC_LEN;
	return rec->len <= len - NG_MIN_LEN - CAP_REC_LEN;
}

static int decode_rec(struct capr *r, const struct rec *rec, const struct cap_table *t, void *o)
{
	if (words_room(&r->words, rec->len))
		return -ENOMEM;
	return cap_decode(t, rec->payload, rec->len, r->swap, o, &r->words);
}

static int decode_meta(struct capr *r, const struct rec *rec)
{
	struct cap_meta *m = &r->item.meta;
	int err = words_room(&r->meta_words, rec->len);

	if (err)
		return err;
	/* other majors may have anything after it */
	if (rec->len < CAP_MAGIC_LEN + 4)
		return -EBADMSG;
	if (get16(rec->payload + CAP_MAGIC_LEN, r->swap) > CAP_MAJOR)
		return give_up(
			r, -EOPNOTSUPP,
			"written by a newer version of calitrace (format %u, this one reads %u)",
			get16(rec->payload + CAP_MAGIC_LEN, r->swap), CAP_MAJOR);
	err = cap_decode(&cap_meta_table, rec->payload + CAP_MAGIC_LEN, rec->len - CAP_MAGIC_LEN,
			 r->swap, m, &r->meta_words);
	m->mono_ns = rec->ts_ns;
	r->wall_offset_ns = m->wall_offset_ns;
	r->item.kind = CAP_META;
	return err;
}

static int decode_obs(struct capr *r, const struct rec *rec)
{
	const struct cap_table *t = cap_obs_table(rec->kind);
	struct obs *o = &r->item.obs;
	int err = t ? 0 : -ENOENT;

	if (!err && t->cnt)
		err = cap_decode(t, rec->payload, rec->len, r->swap, &o->pkt, NULL);
	if (err)
		return err;
	o->kind = rec->kind;
	o->ts_ns = rec->ts_ns;
	r->item.kind = CAP_OBS;
	return 0;
}

static int decode_record(struct capr *r, const struct rec *rec)
{
	struct cap_item *i = &r->item;
	int err;

	switch (rec->kind) {
	case CAP_REC_READY:
		err = decode_rec(r, rec, &cap_ready_table, &i->ready);
		i->ready.ts_ns = rec->ts_ns;
		i->kind = CAP_READY;
		return err;
	case CAP_REC_CLOCK:
		err = decode_rec(r, rec, &cap_clock_table, &i->clock);
		i->clock.ts_ns = rec->ts_ns;
		i->kind = CAP_CLOCK;
		return err;
	case CAP_REC_FINISH:
		err = decode_rec(r, rec, &cap_finish_table, &i->finish);
		i->finish.ts_ns = rec->ts_ns;
		i->kind = CAP_FINISH;
		return err;
	case CAP_REC_END:
		err = decode_rec(r, rec, &cap_end_table, &i->end);
		i->end.ts_ns = rec->ts_ns;
		i->kind = CAP_END;
		r->end = true;
		return err;
	}
	return decode_obs(r, rec);
}

/* 0; -ENOENT: of a newer version, or of no concern; or an error of ours */
static int record(struct capr *r, const uint8_t *b, size_t len)
{
	struct rec rec;
	int err;

	if (!rec_parse(b, len, r->swap, &rec))
		return damaged(r, "a record's length");
	err = decode_record(r, &rec);
	if (err == -EBADMSG)
		return damaged(r, "a record's contents");
	return err == -ENOMEM ? read_failed(r, err) : err;
}

static bool is_meta(const struct capr *r, const uint8_t *b, size_t len, struct rec *rec)
{
	return get32(b, r->swap) == CAP_BLOCK && rec_parse(b, len, r->swap, rec) &&
	       rec->kind == CAP_REC_META && rec->len >= CAP_MAGIC_LEN &&
	       !memcmp(rec->payload, CAP_MAGIC, CAP_MAGIC_LEN);
}

/* ---- packets ---- */

/* Interfaces of ours count nanoseconds, and that is exact whatever the offset of the clocks. */
static uint64_t packet_mono(const struct capr *r, const struct cap_epb *e)
{
	uint64_t wall = e->iface->resol == 9 && !e->iface->offset_s ? e->ts :
								      cap_if_ns(e->iface, e->ts);

	return wall - (uint64_t)r->wall_offset_ns;
}

static int own_packet(struct capr *r, const struct cap_epb *e)
{
	struct obs *o = &r->item.obs;
	const uint8_t *p = e->opt;
	struct cap_opt opt;
	int more, err;

	while ((more = cap_opt_next(&p, e->opt_end, r->swap, &opt)) > 0)
		if (opt.code == CAP_OPT_PACKET)
			break;
	if (more < 0)
		return damaged(r, "an option's length");
	if (!more)
		return -ENOENT;
	err = cap_pkt_decode(opt.value, opt.len, r->swap, o);
	if (err)
		return err == -EBADMSG ? damaged(r, "a packet's observation") : err;
	o->ts_ns = packet_mono(r, e);
	if (o->pkt.snap_len > SNAP_LEN)
		o->pkt.snap_len = SNAP_LEN;
	if (o->pkt.snap_len > e->cap_len)
		o->pkt.snap_len = (uint16_t)e->cap_len;
	memcpy(o->pkt.snap, e->data, o->pkt.snap_len);
	memset(o->pkt.snap + o->pkt.snap_len, 0, SNAP_LEN - o->pkt.snap_len);
	r->item.kind = CAP_OBS;
	r->packets++;
	return 0;
}

/* The direction, if the block says so; for Wireshark it is the interface's, for us the node's. */
static bool is_outbound(const struct capr *r, const struct cap_epb *e)
{
	const uint8_t *p = e->opt;
	struct cap_opt o;

	while (cap_opt_next(&p, e->opt_end, r->swap, &o) > 0)
		if (o.code == NG_EPB_FLAGS && o.len == 4)
			return (get32(o.value, r->swap) & 3) == 2;
	return false;
}

static int foreign_packet(struct capr *r, const struct cap_epb *e)
{
	struct cap_foreign *f = &r->foreign;

	r->packets++;
	f->packets++;
	if (!cap_dissect(e->iface->link, e->data, e->cap_len, &f->obs))
		return -ENOENT;
	if (is_outbound(r, e))
		f->obs.pkt.hook = AT_TC_EGRESS;
	cap_foreign__packet(f, e->have_ts ? cap_if_ns(e->iface, e->ts) : 0, e->iface_idx);
	return -ENOENT;
}

static int packet(struct capr *r, const uint8_t *b, size_t len)
{
	const char *what;
	struct cap_epb e;

	if (cap_block_packet(&r->ifs, b, len, r->swap, &e, &what))
		return damaged(r, what);
	return r->ours ? own_packet(r, &e) : foreign_packet(r, &e);
}

/* ---- blocks ---- */

static bool is_named(const struct capr *r, const uint8_t *b, size_t len)
{
	static const char name[] = "calitrace ";
	const uint8_t *p = b + 24;
	struct cap_opt o;

	while (cap_opt_next(&p, b + len - 4, r->swap, &o) > 0)
		if (o.code == NG_SHB_USERAPPL)
			return o.len >= sizeof(name) - 1 &&
			       !memcmp(o.value, name, sizeof(name) - 1);
	return false;
}

static int section(struct capr *r, const uint8_t *b, size_t len)
{
	if (len < NG_SHB_LEN)
		return damaged(r, "a section header's length");
	if (get16(b + 12, r->swap) != 1)
		return give_up(r, -EOPNOTSUPP, "pcapng version %u.%u at octet %" PRIu64,
			       get16(b + 12, r->swap), get16(b + 14, r->swap), r->in.off);
	if (is_cut(r))
		return cut_at(r, r->in.off);
	if (r->foreign.begun)
		r->foreign.base_if += r->ifs.cnt;
	r->foreign.told_ifs = 0;
	r->section = true;
	r->named = is_named(r, b, len);
	r->decided = r->ours = r->end = false;
	r->section_at = r->in.off + len;
	r->section_len = get64(b + 16, r->swap);
	r->ifs.cnt = 0;
	return -ENOENT;
}

static int interface(struct capr *r, const uint8_t *b, size_t len)
{
	const char *what;
	int err = cap_block_if(&r->ifs, b, len, r->swap, &what);

	if (err == -ENOMEM)
		return read_failed(r, err);
	return err ? damaged(r, what) : -ENOENT;
}

/* 0: r->item has it; -ENOENT: it says nothing; else r->err */
static int block(struct capr *r, const uint8_t *b, size_t len)
{
	uint32_t type = get32(b, r->swap);
	struct rec rec;
	int err;

	if (type == NG_SHB)
		return section(r, b, len);
	if (!r->decided) {
		r->decided = true;
		r->ours = is_meta(r, b, len, &rec);
		r->foreign.begun |= !r->ours;
		if (r->ours) {
			err = decode_meta(r, &rec);
			if (err == -EBADMSG)
				return damaged(r, "the first record's contents");
			return err == -ENOMEM ? read_failed(r, err) : err;
		}
	}
	switch (type) {
	case NG_IDB:
		return interface(r, b, len);
	case NG_EPB:
	case NG_SPB:
	case NG_PB:
		return packet(r, b, len);
	case CAP_BLOCK:
		return r->ours ? record(r, b, len) : -ENOENT;
	}
	return -ENOENT;
}

/* The length of the block at in.at, which is in the buffer as a whole then; 0: the end; or r->err */
static int64_t block_load(struct capr *r)
{
	int got = cap_input__need(&r->in, NG_MIN_LEN);
	const uint8_t *b = r->in.buf + r->in.at;
	uint32_t len;

	if (got < 0)
		return read_failed(r, got);
	if (!got)
		return r->in.len == r->in.at ? 0 : cut(r);
	if (get32(b, false) == NG_SHB) {
		uint32_t order = get32(b + 8, false);

		r->swap = order == __builtin_bswap32(NG_ORDER);
		if (order != NG_ORDER && !r->swap)
			return damaged(r, "a section's byte order");
	} else if (!r->section) {
		return damaged(r, "no section header");
	}
	len = get32(b + 4, r->swap);
	if (len < NG_MIN_LEN || len % 4 || len > NG_MAX_LEN)
		return damaged(r, "a block's length");
	/* others may write there what they like: no program looks at it */
	if (get32(b, false) != NG_SHB && r->ours && r->section_len != UINT64_MAX &&
	    r->in.off + len - r->section_at > r->section_len)
		return damaged(r, "a block reaches past its section");
	got = cap_input__need(&r->in, len);
	if (got <= 0)
		return got ? read_failed(r, got) : cut(r);
	b = r->in.buf + r->in.at;
	if (get32(b + len - 4, r->swap) != len)
		return damaged(r, "a block's two lengths differ");
	return len;
}

/* ---- pcap ---- */

static int pcap_open(struct capr *r)
{
	int got = cap_input__need(&r->in, PCAP_HEAD);
	const uint8_t *b = r->in.buf + r->in.at;
	uint32_t magic;

	if (got <= 0)
		return got ? read_failed(r, got) : cut(r);
	magic = get32(b, false);
	r->swap = magic != PCAP_US && magic != PCAP_NS;
	magic = get32(b, r->swap);
	r->ifs.v = calloc(1, sizeof(*r->ifs.v));
	if (!r->ifs.v)
		return read_failed(r, -ENOMEM);
	r->ifs.cnt = r->ifs.cap = 1;
	r->ifs.v[0] = (struct cap_if){
		.resol = magic == PCAP_NS ? 9 : 6,
		.snaplen = get32(b + 16, r->swap),
		.link = get32(b + 20, r->swap) & 0xffff,
	};
	r->foreign.begun = true;
	r->pcap = true;
	cap_input__skip(&r->in, PCAP_HEAD);
	return 0;
}

static int64_t pcap_load(struct capr *r)
{
	int got = cap_input__need(&r->in, PCAP_REC);
	uint32_t len;

	if (got < 0)
		return read_failed(r, got);
	if (!got)
		return r->in.len == r->in.at ? 0 : cut(r);
	len = get32(r->in.buf + r->in.at + 8, r->swap);
	if (len > NG_MAX_LEN - PCAP_REC)
		return damaged(r, "a packet's length");
	got = cap_input__need(&r->in, PCAP_REC + len);
	if (got <= 0)
		return got ? read_failed(r, got) : cut(r);
	return PCAP_REC + len;
}

static int pcap_packet(struct capr *r, const uint8_t *b)
{
	const struct cap_if *i = &r->ifs.v[0];
	uint64_t per_s = i->resol == 9 ? NS_PER_S : 1000000;
	struct cap_epb e = {
		.iface = i,
		.ts = get32(b, r->swap) * per_s + get32(b + 4, r->swap),
		.have_ts = true,
		.cap_len = get32(b + 8, r->swap),
		.orig_len = get32(b + 12, r->swap),
		.data = b + PCAP_REC,
	};

	return foreign_packet(r, &e);
}

/* ---- */

int capr__open(const char *path, struct capr **ret, char *why, size_t why_sz)
{
	struct capr *r = calloc(1, sizeof(*r));
	uint32_t magic;
	int err;

	if (!r || !(r->path = strdup(strcmp(path, "-") ? path : "standard input"))) {
		free(r);
		snprintf(why, why_sz, "%s: out of memory", path);
		return -ENOMEM;
	}
	r->section_len = UINT64_MAX;
	err = cap_input__open(&r->in, path);
	if (!err)
		err = cap_input__need(&r->in, 4);
	if (err < 0) {
		give_up(r, err, "%s", strerror(-err));
	} else if (!err) {
		give_up(r, -EBADMSG, r->in.len ? "no capture file: only %zu octets" : "empty",
			r->in.len);
	} else {
		magic = get32(r->in.buf, false);
		if (magic == PCAP_US || magic == PCAP_NS || magic == __builtin_bswap32(PCAP_US) ||
		    magic == __builtin_bswap32(PCAP_NS))
			pcap_open(r);
		else if (magic != NG_SHB)
			give_up(r, -EBADMSG, "neither pcapng nor pcap");
	}
	err = r->err;
	if (err) {
		snprintf(why, why_sz, "%s", r->why);
		capr__free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void capr__free(struct capr *r)
{
	if (!r)
		return;
	cap_input__close(&r->in);
	free(r->ifs.v);
	free(r->meta_words.mem);
	free(r->words.mem);
	free(r->path);
	free(r);
}

/* The next block to r->item: 1, 0 at the end, or r->err */
static int next_block(struct capr *r)
{
	const uint8_t *b;
	int64_t len;
	int err;

	cap_input__skip(&r->in, r->consumed);
	r->consumed = 0;
	len = r->pcap ? pcap_load(r) : block_load(r);
	if (len <= 0)
		return (int)len;
	b = r->in.buf + r->in.at;
	r->consumed = (size_t)len;
	r->item.kind = CAP_OTHER;
	r->item.block = r->pcap ? NULL : b;
	r->item.block_len = r->pcap ? 0 : (size_t)len;
	r->item.offset = r->in.off;
	err = r->pcap ? pcap_packet(r, b) : block(r, b, (size_t)len);
	if (err == -ENOENT && r->foreign.have)
		return cap_foreign__next(&r->foreign, &r->ifs, &r->item);
	if (err == -ENOENT)
		r->item.kind = CAP_OTHER;
	else if (err)
		return err;
	return 1;
}

static int next(struct capr *r)
{
	int got;

	if (r->err)
		return r->err;
	if (r->foreign.begun && cap_foreign__next(&r->foreign, &r->ifs, &r->item))
		return 1;
	got = r->foreign.eof ? 0 : next_block(r);
	if (got)
		return got;
	if (is_cut(r))
		return cut(r);
	/* a file without any packet is told as such */
	if (!r->decided && !r->pcap)
		r->decided = r->foreign.begun = true;
	if (r->foreign.begun && !r->foreign.eof) {
		r->foreign.eof = true;
		return cap_foreign__next(&r->foreign, &r->ifs, &r->item);
	}
	return 0;
}

int capr__next(struct capr *r, const struct cap_item **item, char *why, size_t why_sz)
{
	int got = next(r);

	*item = &r->item;
	if (got < 0)
		snprintf(why, why_sz, "%s", r->why);
	return got;
}

void capr__progress(const struct capr *r, uint64_t *at, uint64_t *size)
{
	*at = r->in.off;
	*size = r->in.size;
}

bool capr__swapped(const struct capr *r)
{
	return r->swap;
}
