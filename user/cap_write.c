// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer: blocks are made in a buffer, which is handed over when it is nearly full. No block is
 * ever split, so that a file that ends with what put() took ends between two blocks.
 */
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "cap_bytes.h"
#include "cap_codec.h"
#include "cap_writer.h"
#include "mem.h"

#define BUF_LEN (256u << 10)
/* Of a record without lists of words */
#define SMALL_REC_MAX (8u << 10)
/* Of a packet's block with all that belongs to it */
#define PACKET_MAX (NG_EPB_LEN + SNAP_LEN + 4 + CAP_COMMENT_MAX + 4 + CAP_PKT_MAX + 4 + 16)

struct capw {
	struct capw_opts o;
	struct cap_devs devs;
	uint32_t netns;	 /* the node's */
	uint32_t blocks; /* interface blocks of this file */
	int64_t wall_offset_ns;
	uint64_t bytes, packets; /* of this file, the buffered ones, too */
	int err;
	size_t len;
	uint8_t buf[BUF_LEN];
};

int capw__new(const struct capw_opts *o, struct capw **ret)
{
	struct capw *w = malloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	memset(w, 0, offsetof(struct capw, buf));
	w->o = *o;
	if (!w->o.snaplen || w->o.snaplen > SNAP_LEN)
		w->o.snaplen = SNAP_LEN;
	if (cap_devs__init(&w->devs)) {
		free(w);
		return -ENOMEM;
	}
	*ret = w;
	return 0;
}

void capw__free(struct capw *w)
{
	if (!w)
		return;
	cap_devs__free(&w->devs);
	free(w);
}

static int hand_over(struct capw *w, const void *data, size_t len)
{
	if (!w->err && len)
		w->err = w->o.put(w->o.ctx, data, len);
	return w->err;
}

int capw__flush(struct capw *w)
{
	int err = hand_over(w, w->buf, w->len);

	w->len = 0;
	return err;
}

uint64_t capw__bytes(const struct capw *w)
{
	return w->bytes;
}

uint64_t capw__packets(const struct capw *w)
{
	return w->packets;
}

/* ---- blocks ---- */

/* Where a block of at most max octets may be made; NULL: nothing goes out any more */
static uint8_t *block_begin(struct capw *w, size_t max)
{
	if (w->len + max > BUF_LEN)
		capw__flush(w);
	return w->err ? NULL : w->buf + w->len;
}

static void block_end(struct capw *w, uint8_t *b, uint32_t type, size_t len)
{
	put32(b, type);
	put32(b + 4, (uint32_t)len + 4);
	put32(b + len, (uint32_t)len + 4);
	w->len += len + 4;
	w->bytes += len + 4;
}

/* Pads what stands from b on to a multiple of four; returns the end. */
static uint8_t *pad(uint8_t *b, size_t len)
{
	put32(b + len, 0);
	return b + pad4(len);
}

/* The value stands at o + 4 already. */
static uint8_t *option_end(uint8_t *o, uint16_t code, size_t len)
{
	put16(o, code);
	put16(o + 2, (uint16_t)len);
	return pad(o + 4, len);
}

static uint8_t *option(uint8_t *o, uint16_t code, const void *value, size_t len)
{
	memcpy(o + 4, value, len);
	return option_end(o, code, len);
}

static uint8_t *option_text(uint8_t *o, uint16_t code, const char *text)
{
	return option(o, code, text, strlen(text));
}

static void write_section(struct capw *w, const struct cap_meta *m)
{
	uint8_t *b = block_begin(w, NG_SHB_LEN + sizeof(m->kernel) + sizeof(m->version) + 64), *p;
	char app[sizeof(m->version) + 16] = "calitrace ";

	if (!b)
		return;
	put32(b + 8, NG_ORDER);
	put16(b + 12, 1);
	put16(b + 14, 0);
	put64(b + 16, UINT64_MAX); /* length of the section: not known */
	p = b + 24;
	if (m->kernel[0])
		p = option(p, NG_SHB_OS, m->kernel, strnlen(m->kernel, sizeof(m->kernel)));
	memcpy(app + strlen(app), m->version, strnlen(m->version, sizeof(m->version)));
	p = option_text(p, NG_SHB_USERAPPL, app);
	p = option_end(p, NG_OPT_END, 0);
	block_end(w, b, NG_SHB, (size_t)(p - b));
}

static void write_interface(struct capw *w, struct cap_dev *v)
{
	uint8_t *b = block_begin(w, 128), *p;
	static const uint8_t ns = 9;

	if (!b)
		return;
	put16(b + 8, LINK_IPV4);
	put16(b + 10, 0);
	put32(b + 12, w->o.snaplen);
	p = option(b + 16, NG_IF_NAME, v->name, v->name_len);
	p = option(p, NG_IF_TSRESOL, &ns, 1);
	p = option_end(p, NG_OPT_END, 0);
	block_end(w, b, NG_IDB, (size_t)(p - b));
	v->block = w->blocks++;
}

static int write_record(struct capw *w, uint16_t kind, uint64_t ts_ns, const struct cap_table *t,
			const void *o)
{
	bool words = kind == CAP_REC_META || kind == CAP_REC_READY;
	uint8_t *b = block_begin(w, words ? CAP_REC_MAX : SMALL_REC_MAX), *p;
	size_t len = 0;

	if (!b)
		return w->err;
	p = b + 8 + CAP_REC_LEN;
	if (kind == CAP_REC_META) {
		memcpy(p, CAP_MAGIC, CAP_MAGIC_LEN);
		len = CAP_MAGIC_LEN;
	}
	if (t)
		len += cap_encode(t, o, p + len);
	put16(b + 8, kind);
	put16(b + 10, 0);
	put32(b + 12, (uint32_t)len);
	put64(b + 16, ts_ns);
	p = pad(p, len);
	block_end(w, b, CAP_BLOCK, (size_t)(p - b));
	return 0;
}

/* ---- records ---- */

int capw__meta(struct capw *w, const struct cap_meta *m)
{
	struct cap_meta own = *m;
	struct cap_dev *none;

	/* what is left of the file before */
	if (capw__flush(w))
		return w->err;
	own.major = CAP_MAJOR;
	own.minor = CAP_MINOR;
	own.snaplen = w->o.snaplen;
	w->wall_offset_ns = m->wall_offset_ns;
	w->netns = m->netns;
	w->bytes = w->packets = w->blocks = 0;
	cap_devs__restart(&w->devs);
	write_section(w, &own);
	/*
	 * libpcap refuses a file without any interface, even if it has no packet; editcap one whose
	 * interfaces all come after a block that it does not know.
	 */
	none = cap_devs__get(&w->devs, 0, 0);
	if (none)
		write_interface(w, none);
	else if (!w->err)
		w->err = -ENOMEM;
	return write_record(w, CAP_REC_META, m->mono_ns, &cap_meta_table, &own);
}

int capw__ready(struct capw *w, const struct cap_ready *r)
{
	return write_record(w, CAP_REC_READY, r->ts_ns, &cap_ready_table, r);
}

int capw__clock(struct capw *w, const struct cap_clock *c)
{
	return write_record(w, CAP_REC_CLOCK, c->ts_ns, &cap_clock_table, c);
}

int capw__finish(struct capw *w, const struct cap_finish *f)
{
	return write_record(w, CAP_REC_FINISH, f->ts_ns, &cap_finish_table, f);
}

int capw__end(struct capw *w, const struct cap_end *e)
{
	int err = write_record(w, CAP_REC_END, e->ts_ns, &cap_end_table, e);

	return err ? err : capw__flush(w);
}

/* ---- packets ---- */

static uint8_t *packet_head(struct capw *w, uint8_t *b, uint32_t block, const struct obs *o)
{
	const struct obs_pkt *p = &o->pkt;
	uint64_t ts = o->ts_ns + (uint64_t)w->wall_offset_ns;
	uint32_t len = p->snap_len;

	if (len > SNAP_LEN)
		len = SNAP_LEN;
	mem_copy(b + 28, p->snap, len);
	if (!len)
		len = (uint32_t)cap_rebuild(b + 28, p);
	if (len > w->o.snaplen)
		len = w->o.snaplen;
	put32(b + 8, block);
	put32(b + 12, (uint32_t)(ts >> 32));
	put32(b + 16, (uint32_t)ts);
	put32(b + 20, len);
	put32(b + 24, p->ip_len > len ? p->ip_len : len);
	return pad(b + 28, len);
}

static int write_packet(struct capw *w, const struct obs *o)
{
	const struct obs_pkt *p = &o->pkt;
	bool own = p->flags & EV_F_NODE_NETNS || p->netns == w->netns;
	uint32_t netns = own ? 0 : p->netns;
	struct cap_dev *v = cap_devs__get(&w->devs, netns, p->ifindex);
	uint8_t *b, *q;

	if (!v) {
		w->err = w->err ? w->err : -ENOMEM;
		return w->err;
	}
	if (v->block == CAP_NO_BLOCK)
		write_interface(w, v);
	b = block_begin(w, PACKET_MAX);
	if (!b)
		return w->err;
	q = packet_head(w, b, v->block, o);
	/* from here on v may be gone: comments ask for names */
	q = option_end(q, NG_OPT_COMMENT, cap_comment((char *)q + 4, &w->devs, netns, v, o));
	q = option_end(q, CAP_OPT_PACKET, cap_pkt_encode(o, q + 4));
	q = option_end(q, NG_OPT_END, 0);
	block_end(w, b, NG_EPB, (size_t)(q - b));
	w->packets++;
	return 0;
}

int capw__obs(struct capw *w, const struct obs *o)
{
	const struct cap_table *t;

	if (w->err)
		return w->err;
	if (o->kind == OBS_PATH || o->kind == OBS_DROP)
		return write_packet(w, o);
	t = cap_obs_table(o->kind);
	if (!t)
		return -EINVAL;
	if (o->kind == OBS_LINK && o->link.op == LINK_DEL)
		cap_devs__unlink(&w->devs, &o->link.link);
	else if (o->kind == OBS_LINK && cap_devs__link(&w->devs, &o->link.link))
		return w->err = -ENOMEM;
	/* all members of the union begin where pkt does */
	return write_record(w, (uint16_t)o->kind, o->ts_ns, t, &o->pkt);
}

/* Where a block of that length may be put into the buffer; NULL: it is too long, or w->err */
static uint8_t *copy_begin(struct capw *w, size_t len)
{
	if (len > BUF_LEN) {
		capw__flush(w);
		return NULL;
	}
	return block_begin(w, len);
}

static void count_copy(struct capw *w, const void *block, size_t len)
{
	uint32_t type = get32(block, false);

	if (type == NG_EPB || type == __builtin_bswap32(NG_EPB))
		w->packets++;
	w->bytes += len;
}

int capw__raw(struct capw *w, const void *block, size_t len)
{
	uint8_t *b;

	if (len < NG_MIN_LEN)
		return -EINVAL;
	b = copy_begin(w, len);
	if (b) {
		memcpy(b, block, len);
		w->len += len;
	} else {
		hand_over(w, block, len);
	}
	if (!w->err)
		count_copy(w, block, len);
	return w->err;
}

int capw__recomment(struct capw *w, const void *block, size_t len, bool swapped,
		    const char *comment)
{
	size_t room = len + CAP_COMMENT_LEN + 16, done;
	uint8_t *b;

	if (len < NG_MIN_LEN)
		return -EINVAL;
	/* too long for the buffer, and no packet that we know anything of */
	if (room > BUF_LEN)
		return capw__raw(w, block, len);
	b = copy_begin(w, room);
	done = b ? cap_recomment(b, block, len, swapped, comment) : 0;
	if (!done)
		return w->err ? w->err : capw__raw(w, block, len);
	w->len += done;
	count_copy(w, block, done);
	return 0;
}
