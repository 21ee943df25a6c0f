// SPDX-License-Identifier: GPL-2.0-only
/* Interface and packet blocks of pcapng. Nothing is believed before its length is checked. */
#include <errno.h>
#include <stdlib.h>

#include "cap_reader.h"
#include "util.h"

int cap_opt_next(const uint8_t **p, const uint8_t *end, bool swap, struct cap_opt *o)
{
	size_t left = (size_t)(end - *p);

	if (!left)
		return 0;
	if (left < 4)
		return -EBADMSG;
	o->code = get16(*p, swap);
	o->len = get16(*p + 2, swap);
	if (o->code == NG_OPT_END)
		return 0;
	if (pad4(o->len) > left - 4)
		return -EBADMSG;
	o->value = *p + 4;
	*p += 4 + pad4(o->len);
	return 1;
}

static struct cap_if *if_add(struct cap_ifs *ifs)
{
	if (ifs->cnt == ifs->cap) {
		uint32_t cap = ifs->cap ? ifs->cap * 2 : 16;
		struct cap_if *v = realloc(ifs->v, cap * sizeof(*v));

		if (!v)
			return NULL;
		ifs->v = v;
		ifs->cap = cap;
	}
	return &ifs->v[ifs->cnt++];
}

/* 10^-n s up to 10^-19, 2^-n s up to 2^-63: what 64 bits can count */
static bool resol_is_sane(uint8_t r)
{
	return r & 0x80 ? (r & 0x7f) < 64 : r < 20;
}

static int if_option(struct cap_if *i, const struct cap_opt *o, bool swap, const char **what)
{
	switch (o->code) {
	case NG_IF_NAME:
		memcpy(i->name, o->value, o->len < DEV_LEN ? o->len : DEV_LEN - 1);
		return 0;
	case NG_IF_TSRESOL:
		*what = "an interface's time resolution";
		if (o->len != 1 || !resol_is_sane(o->value[0]))
			return -EBADMSG;
		i->resol = o->value[0];
		return 0;
	case NG_IF_TSOFFSET:
		*what = "an interface's time offset";
		if (o->len != 8)
			return -EBADMSG;
		i->offset_s = (int64_t)get64(o->value, swap);
		return 0;
	}
	return 0;
}

int cap_block_if(struct cap_ifs *ifs, const uint8_t *b, size_t len, bool swap, const char **what)
{
	const uint8_t *p = b + 16, *end = b + len - 4;
	struct cap_if *i;
	struct cap_opt o;
	int more, err = 0;

	*what = "an interface block's length";
	if (len < NG_IDB_LEN)
		return -EBADMSG;
	*what = "too many interfaces";
	if (ifs->cnt >= CAP_MAX_IFS)
		return -EBADMSG;
	i = if_add(ifs);
	if (!i)
		return -ENOMEM;
	*i = (struct cap_if){
		.link = get16(b + 8, swap),
		.snaplen = get32(b + 12, swap),
		.resol = 6,
	};
	while ((more = cap_opt_next(&p, end, swap, &o)) > 0 && !err)
		err = if_option(i, &o, swap, what);
	if (more < 0)
		*what = "an option's length";
	return err ? err : more;
}

/* The three kinds of packet blocks differ in what stands before the octets. */
static size_t packet_head(const uint8_t *b, size_t len, bool swap, struct cap_epb *e)
{
	uint32_t type = get32(b, swap);

	*e = (struct cap_epb){ .have_ts = type != NG_SPB };
	if (type == NG_SPB) {
		if (len < 16)
			return 0;
		e->orig_len = e->cap_len = get32(b + 8, swap);
		return 12;
	}
	if (len < NG_EPB_LEN)
		return 0;
	e->iface_idx = type == NG_PB ? get16(b + 8, swap) : get32(b + 8, swap);
	e->ts = (uint64_t)get32(b + 12, swap) << 32 | get32(b + 16, swap);
	e->cap_len = get32(b + 20, swap);
	e->orig_len = get32(b + 24, swap);
	return 28;
}

int cap_block_packet(const struct cap_ifs *ifs, const uint8_t *b, size_t len, bool swap,
		     struct cap_epb *e, const char **what)
{
	size_t head = packet_head(b, len, swap, e), room;

	*what = "a packet block's length";
	if (!head)
		return -EBADMSG;
	*what = "an interface that is not described";
	if (e->iface_idx >= ifs->cnt)
		return -EBADMSG;
	e->iface = &ifs->v[e->iface_idx];
	room = len - 4 - head;
	/* a simple block does not tell how much of the packet it has */
	if (!e->have_ts && e->iface->snaplen && e->cap_len > e->iface->snaplen)
		e->cap_len = e->iface->snaplen;
	*what = "a packet's length";
	if (e->cap_len > room)
		return -EBADMSG;
	e->data = b + head;
	e->opt = e->data + pad4(e->cap_len);
	e->opt_end = b + len - 4;
	if (!e->have_ts || e->opt > e->opt_end)
		e->opt = e->opt_end;
	return 0;
}

uint64_t cap_if_ns(const struct cap_if *i, uint64_t ts)
{
	static const uint64_t pow10[] = { 1,	     10,	 100,	     1000,
					  10000,     100000,	 1000000,    10000000,
					  100000000, 1000000000, 10000000000 };
	uint8_t n = i->resol & 0x7f;
	__int128 ns = ts;

	if (i->resol & 0x80) {
		ns = ns * (int64_t)NS_PER_S >> n;
	} else if (n <= 9) {
		ns *= (int64_t)pow10[9 - n];
	} else {
		ns /= (int64_t)pow10[n - 9];
	}
	ns += (__int128)i->offset_s * (int64_t)NS_PER_S;
	if (ns < 0)
		return 0;
	return ns > INT64_MAX ? INT64_MAX : (uint64_t)ns;
}
