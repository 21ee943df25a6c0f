// SPDX-License-Identifier: GPL-2.0-only
/* What stands in blocks of ours: records, and the observations of packets */
#include <errno.h>
#include <stdlib.h>

#include "cap_reader.h"

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
static uint64_t packet_mono(const struct capr *r, const struct cap_epb *e)
{
	uint64_t wall = e->iface->resol == 9 && !e->iface->offset_s ? e->ts :
								      cap_if_ns(e->iface, e->ts);

	return wall - (uint64_t)r->wall_offset_ns;
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
