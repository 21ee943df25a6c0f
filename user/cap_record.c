// SPDX-License-Identifier: GPL-2.0-only
/* What stands in blocks of ours: records, and the observations of packets */
#include <errno.h>
#include <stdlib.h>

#include "cap_reader.h"
#include "mem.h"

static int words_room(struct cap_arena *a, size_t payload)
{
	size_t need = cap_words_room(payload);
	uint8_t *mem;

	a->used = 0;
	/* no writer makes them so long, and a hostile one shall not have 160 MiB */
	if (payload > CAP_REC_MAX)
		return -EBADMSG;
	if (need <= a->cap)
		return 0;
	mem = realloc(a->mem, need);
	if (!mem)
		return -ENOMEM;
	a->mem = mem;
	a->cap = need;
	return 0;
}

/* False: the block is too short for what it says. */
static bool rec_parse(const uint8_t *b, size_t len, bool swap, struct cap_rec_view *rec)
{
	if (len < NG_MIN_LEN + CAP_REC_LEN)
		return false;
	rec->kind = get16(b + 8, swap);
	rec->len = get32(b + 12, swap);
	rec->ts_ns = get64(b + 16, swap);
	rec->payload = b + 8 + CAP_REC_LEN;
	return rec->len <= len - NG_MIN_LEN - CAP_REC_LEN;
}

static int decode_rec(struct capr *r, const struct cap_rec_view *rec, const struct cap_table *t,
		      void *o)
{
	int err = words_room(&r->words, rec->len);

	return err ? err : cap_decode(t, rec->payload, rec->len, r->swap, o, &r->words);
}

static bool is_offset(int64_t ns)
{
	return ns <= (int64_t)CAP_TIME_MAX && ns >= -(int64_t)CAP_TIME_MAX;
}

int capr__meta(struct capr *r, const struct cap_rec_view *rec)
{
	struct cap_meta *m = &r->item.meta;
	int err = words_room(&r->meta_words, rec->len);

	if (err)
		return err;
	/* other majors may have anything after it */
	if (rec->len < CAP_MAGIC_LEN + 4)
		return -EBADMSG;
	if (get16(rec->payload + CAP_MAGIC_LEN, r->swap) > CAP_MAJOR)
		return capr__give_up(
			r, -EOPNOTSUPP,
			"written by a newer version of calitrace (format %u, this one reads %u)",
			get16(rec->payload + CAP_MAGIC_LEN, r->swap), CAP_MAJOR);
	err = cap_decode(&cap_meta_table, rec->payload + CAP_MAGIC_LEN, rec->len - CAP_MAGIC_LEN,
			 r->swap, m, &r->meta_words);
	if (!err && (rec->ts_ns > CAP_TIME_MAX || !is_offset(m->wall_offset_ns)))
		return -EBADMSG;
	m->mono_ns = rec->ts_ns;
	r->wall_offset_ns = m->wall_offset_ns;
	r->item.kind = CAP_META;
	return err;
}

static int decode_obs(struct capr *r, const struct cap_rec_view *rec)
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

static int decode_record(struct capr *r, const struct cap_rec_view *rec)
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
		if (!err && !is_offset(i->clock.wall_offset_ns))
			return -EBADMSG;
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
int capr__record(struct capr *r, const uint8_t *b, size_t len)
{
	struct cap_rec_view rec;
	int err;

	if (!rec_parse(b, len, r->swap, &rec))
		return capr__damaged(r, "a record's length");
	if (rec.ts_ns > CAP_TIME_MAX)
		return capr__damaged(r, "a record's time");
	err = decode_record(r, &rec);
	if (err == -EBADMSG)
		return capr__damaged(r, "a record's contents");
	return err == -ENOMEM ? capr__read_failed(r, err) : err;
}

bool capr__is_meta(const struct capr *r, const uint8_t *b, size_t len, struct cap_rec_view *rec)
{
	return get32(b, r->swap) == CAP_BLOCK && rec_parse(b, len, r->swap, rec) &&
	       rec->kind == CAP_REC_META && rec->len >= CAP_MAGIC_LEN &&
	       !memcmp(rec->payload, CAP_MAGIC, CAP_MAGIC_LEN);
}

/* ---- packets ---- */

/* Interfaces of ours count nanoseconds, and that is exact whatever the offset of the clocks. */
static inline bool counts_ns(const struct cap_if *i)
{
	return i->resol == 9 && !i->offset_s;
}

static uint64_t packet_mono(const struct capr *r, const struct cap_epb *e)
{
	uint64_t wall = counts_ns(e->iface) ? e->ts : cap_if_ns(e->iface, e->ts);

	return wall - (uint64_t)r->wall_offset_ns;
}

/* A question or less: a short one is copied, and cleared behind, at a fixed length. */
#define SHORT_SNAP 80u
_Static_assert(2 * SHORT_SNAP <= SNAP_LEN, "it is cleared so far");

/*
 * What was observed of the packet's octets, which the file may have less of; zero behind them. Behind
 * len, spare octets can be read.
 */
static inline void get_snap(struct capr *r, const uint8_t *data, size_t len, size_t spare)
{
	struct obs_pkt *p = &r->item.obs.pkt;

	if (p->snap_len > SNAP_LEN)
		p->snap_len = SNAP_LEN;
	if (p->snap_len > len)
		p->snap_len = (uint16_t)len;
	if (p->snap_len <= SHORT_SNAP && r->snap_used <= SHORT_SNAP && len + spare >= SHORT_SNAP) {
		mem_copy_const(p->snap, data, SHORT_SNAP);
		mem_clear_const(p->snap + p->snap_len, SHORT_SNAP);
		r->snap_used = SHORT_SNAP;
		return;
	}
	mem_copy(p->snap, data, p->snap_len);
	if (p->snap_len < r->snap_used)
		mem_clear(p->snap + p->snap_len, r->snap_used - p->snap_len);
	r->snap_used = p->snap_len;
}

int capr__own_packet(struct capr *r, const struct cap_epb *e)
{
	struct obs *o = &r->item.obs;
	const uint8_t *p = e->opt;
	struct cap_opt opt;
	int more, err;

	while ((more = cap_opt_next(&p, e->opt_end, r->swap, &opt)) > 0)
		if (opt.code == CAP_OPT_PACKET)
			break;
	if (more < 0)
		return capr__damaged(r, "an option's length");
	if (!more)
		return -ENOENT;
	err = cap_pkt_decode(opt.value, opt.len, r->swap, o);
	if (err)
		return err == -EBADMSG ? capr__damaged(r, "a packet's observation") : err;
	o->ts_ns = packet_mono(r, e);
	if (o->ts_ns > CAP_TIME_MAX)
		return capr__damaged(r, "a packet's time");
	get_snap(r, e->data, e->cap_len, 0);
	r->item.kind = CAP_OBS;
	r->packets++;
	return 0;
}

/* Our option, of which only a comment may stand before it; NULL: anything else */
static inline const uint8_t *plain_option(const uint8_t *p, const uint8_t *end, size_t *len)
{
	for (int i = 0; i < 2 && end - p >= 4; i++) {
		uint16_t code = get16(p, false);

		*len = get16(p + 2, false);
		if (pad4(*len) > (size_t)(end - p) - 4)
			return NULL;
		if (code == CAP_OPT_PACKET)
			return p + 4;
		if (code != NG_OPT_COMMENT)
			return NULL;
		p += 4 + pad4(*len);
	}
	return NULL;
}

static inline bool decode_packet(struct capr *r, const uint8_t *opt, size_t len, const uint8_t *end)
{
	if ((size_t)(end - opt) >= CAP_PKT_SPARE &&
	    cap_pkt_decode_plain(opt, len, &r->item.obs, &r->text))
		return true;
	r->text = true;
	return !cap_pkt_decode(opt, len, false, &r->item.obs);
}

/* What plain_packet() found goes to r->item. */
static inline void hand_out(struct capr *r, const uint8_t *b, size_t len)
{
	cap_input__skip(&r->in, r->consumed);
	r->consumed = len;
	r->packets++;
	r->item.kind = CAP_OBS;
	r->item.block = b;
	r->item.block_len = len;
	r->item.offset = r->in.off;
}

const struct cap_item *capr__next_packet(struct capr *r)
{
	const uint8_t *b = r->in.buf + r->in.at + r->consumed, *opt;
	size_t left = r->in.len - r->in.at - r->consumed, len, cap_len, opt_len;
	uint32_t iface;
	uint64_t ts_ns;

	if (!r->plain || left < NG_EPB_LEN || get32(b, false) != NG_EPB)
		return NULL;
	len = get32(b + 4, false);
	iface = get32(b + 8, false);
	cap_len = get32(b + 20, false);
	/* the first two keep the sum small */
	if (len > left || cap_len > len || NG_EPB_LEN + pad4(cap_len) > len || len % 4 ||
	    get32(b + len - 4, false) != len || iface >= r->ifs.cnt || !counts_ns(&r->ifs.v[iface]))
		return NULL;
	opt = plain_option(b + 28 + pad4(cap_len), b + len - 4, &opt_len);
	ts_ns = ((uint64_t)get32(b + 12, false) << 32 | get32(b + 16, false)) -
		(uint64_t)r->wall_offset_ns;
	if (!opt || ts_ns > CAP_TIME_MAX || !decode_packet(r, opt, opt_len, b + left))
		return NULL;
	r->item.obs.ts_ns = ts_ns;
	get_snap(r, b + 28, cap_len, left - 28 - cap_len);
	hand_out(r, b, len);
	return &r->item;
}
