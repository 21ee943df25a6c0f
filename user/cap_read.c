// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader: one block after the other, in memory that does not grow with the file. A section that
 * begins with our META, interfaces aside, is ours; any other is read as plain packets.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cap_reader.h"
#include "util.h"

/* ---- what is wrong ---- */

int capr__give_up(struct capr *r, int err, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(r->why, sizeof(r->why), "%s: ", r->path);

	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < sizeof(r->why))
		vsnprintf(r->why + n, sizeof(r->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return r->err = err;
}

int capr__damaged(struct capr *r, const char *what)
{
	return capr__give_up(r, -EBADMSG,
			     "damaged at octet %" PRIu64 " (%s); the %" PRIu64
			     " packets before it are good",
			     r->in.off, what, r->packets);
}

static int cut_at(struct capr *r, uint64_t octet)
{
	return capr__give_up(r, -EBADMSG,
			     "cut at octet %" PRIu64 "; the %" PRIu64 " packets before it are good",
			     octet, r->packets);
}

int capr__cut(struct capr *r)
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

int capr__read_failed(struct capr *r, int err)
{
	return capr__give_up(r, err, "cannot be read at octet %" PRIu64 ": %s", r->in.off,
			     strerror(-err));
}

static int packet(struct capr *r, const uint8_t *b, size_t len)
{
	const char *what;
	struct cap_epb e;

	if (cap_block_packet(&r->ifs, b, len, r->swap, &e, &what))
		return capr__damaged(r, what);
	return r->ours ? capr__own_packet(r, &e) : capr__foreign_packet(r, &e);
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
		return capr__damaged(r, "a section header's length");
	if (get16(b + 12, r->swap) != 1)
		return capr__give_up(r, -EOPNOTSUPP, "pcapng version %u.%u at octet %" PRIu64,
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
		return capr__read_failed(r, err);
	return err ? capr__damaged(r, what) : -ENOENT;
}

/* 0: r->item has it; -ENOENT: it says nothing; else r->err */
static int block(struct capr *r, const uint8_t *b, size_t len)
{
	uint32_t type = get32(b, r->swap);
	struct cap_rec_view rec;
	int err;

	if (type == NG_SHB)
		return section(r, b, len);
	if (!r->decided && type != NG_IDB) {
		r->decided = true;
		r->ours = capr__is_meta(r, b, len, &rec);
		r->foreign.begun |= !r->ours;
		if (r->ours) {
			err = capr__meta(r, &rec);
			if (err == -EBADMSG)
				return capr__damaged(r, "the first record's contents");
			return err == -ENOMEM ? capr__read_failed(r, err) : err;
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
		return r->ours ? capr__record(r, b, len) : -ENOENT;
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
		return capr__read_failed(r, got);
	if (!got)
		return r->in.len == r->in.at ? 0 : capr__cut(r);
	if (get32(b, false) == NG_SHB) {
		uint32_t order = get32(b + 8, false);

		r->swap = order == __builtin_bswap32(NG_ORDER);
		if (order != NG_ORDER && !r->swap)
			return capr__damaged(r, "a section's byte order");
	} else if (!r->section) {
		return capr__damaged(r, "no section header");
	}
	len = get32(b + 4, r->swap);
	if (len < NG_MIN_LEN || len % 4 || len > NG_MAX_LEN)
		return capr__damaged(r, "a block's length");
	/* others may write there what they like: no program looks at it */
	if (get32(b, false) != NG_SHB && r->ours && r->section_len != UINT64_MAX &&
	    r->in.off + len - r->section_at > r->section_len)
		return capr__damaged(r, "a block reaches past its section");
	got = cap_input__need(&r->in, len);
	if (got <= 0)
		return got ? capr__read_failed(r, got) : capr__cut(r);
	b = r->in.buf + r->in.at;
	if (get32(b + len - 4, r->swap) != len)
		return capr__damaged(r, "a block's two lengths differ");
	return len;
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
		capr__give_up(r, err, "%s%s", strerror(-err),
			      err == -EACCES ? " (captures are for their owner alone): sudo, or "
					       "chown it" :
					       "");
	} else if (!err) {
		capr__give_up(r, -EBADMSG, r->in.len ? "no capture file: only %zu octets" : "empty",
			      r->in.len);
	} else {
		magic = get32(r->in.buf, false);
		if (pcap__is_magic(magic))
			pcap__open(r);
		else if (!memcmp(r->in.buf, "\x1f\x8b", 2))
			capr__give_up(r, -EBADMSG,
				      "compressed: gunzip it, or gzip -dc FILE | calitrace show -");
		else if (magic != NG_SHB)
			capr__give_up(r, -EBADMSG, "neither pcapng nor pcap");
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
static int any_block(struct capr *r)
{
	int64_t len = r->pcap ? pcap__load(r) : block_load(r);
	const uint8_t *b;
	int err;

	r->plain = false;
	if (len <= 0)
		return (int)len;
	b = r->in.buf + r->in.at;
	r->consumed = (size_t)len;
	r->item.kind = CAP_OTHER;
	r->item.block = r->pcap ? NULL : b;
	r->item.block_len = r->pcap ? 0 : (size_t)len;
	r->item.offset = r->in.off;
	err = r->pcap ? pcap__packet(r, b) : block(r, b, (size_t)len);
	if (err == -ENOENT && r->foreign.have)
		return cap_foreign__next(&r->foreign, &r->ifs, &r->item);
	if (err == -ENOENT)
		r->item.kind = CAP_OTHER;
	else if (err)
		return err;
	r->plain = r->ours && !r->swap && !r->foreign.begun && r->section_len == UINT64_MAX;
	return 1;
}

static int next_block(struct capr *r)
{
	cap_input__skip(&r->in, r->consumed);
	r->consumed = 0;
	r->snap_used = SNAP_LEN;
	r->text = true;
	return any_block(r);
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
		return capr__cut(r);
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
	int got;

	/* nearly all blocks of a long file are packets, and nearly all packets are plain */
	*item = capr__next_packet(r);
	if (*item)
		return 1;
	*item = &r->item;
	got = next(r);
	if (got < 0)
		snprintf(why, why_sz, "%s", r->why);
	return got;
}

uint64_t capr__position(const struct capr *r)
{
	return r->in.off;
}

bool capr__swapped(const struct capr *r)
{
	return r->swap;
}
