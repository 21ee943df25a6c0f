/* SPDX-License-Identifier: GPL-2.0-only */
/* A capture file in memory, its writer and its reader; observations with something in each field */
#ifndef TEST_CAP_FIXTURE_H
#define TEST_CAP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "cap_bytes.h"
#include "cap_codec.h"
#include "util.h"

#define WALL_OFFSET (1586484262ll * (int64_t)NS_PER_S)
#define T0 (1000 * NS_PER_S)
#define NODE_NETNS 4026531840u

struct image {
	uint8_t *b;
	size_t len, cap;
	uint32_t puts;
	int fail; /* what put() says from now on */
};

static inline int image_put(void *ctx, const void *data, size_t len)
{
	struct image *m = ctx;

	if (m->fail)
		return m->fail;
	m->puts++;
	while (m->len + len > m->cap) {
		m->cap = m->cap ? m->cap * 2 : 1 << 16;
		m->b = realloc(m->b, m->cap);
		assert_non_null(m->b);
	}
	memcpy(m->b + m->len, data, len);
	m->len += len;
	return 0;
}

static inline struct capw *image_writer(struct image *m, uint32_t snaplen)
{
	struct capw_opts o = { .snaplen = snaplen, .put = image_put, .ctx = m };
	struct capw *w;

	assert_int_equal(capw__new(&o, &w), 0);
	return w;
}

/* A reader of those octets */
static inline struct capr *image_reader(const void *b, size_t len)
{
	char path[64], why[512] = "";
	int fd = memfd_create("capture", 0);
	struct capr *r = NULL;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b, len), len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (capr__open(path, &r, why, sizeof(why)))
		r = NULL;
	close(fd);
	return r;
}

/* ---- what a reader says ---- */

/* The next that is not CAP_OTHER, of which there may be any number */
static inline const struct cap_item *next_of(struct capr *r, enum cap_kind kind)
{
	const struct cap_item *i;
	char why[512];

	do
		assert_int_equal(capr__next(r, &i, why, sizeof(why)), 1);
	while (i->kind == CAP_OTHER && kind != CAP_OTHER);
	assert_int_equal(i->kind, kind);
	return i;
}

/* Everything is told, and the end is told again to who asks again. */
static inline void at_end(struct capr *r)
{
	const struct cap_item *i;
	char why[512] = "";

	do
		assert_in_range(capr__next(r, &i, why, sizeof(why)), 0, 1);
	while (i->kind == CAP_OTHER && capr__next(r, &i, why, sizeof(why)) == 1);
	assert_int_equal(capr__next(r, &i, why, sizeof(why)), 0);
	capr__free(r);
}

/* What a reader makes of those octets: its last answer, why, and how much it told before */
struct told {
	int last;
	uint32_t items, obs, packets;
	char why[512];
};

static inline struct told tell(const void *b, size_t len)
{
	const struct cap_item *i;
	struct told t = { 0 };
	struct capr *r;
	char path[64];
	int fd = memfd_create("capture", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b, len), len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	t.last = capr__open(path, &r, t.why, sizeof(t.why));
	close(fd);
	if (t.last)
		return t;
	while ((t.last = capr__next(r, &i, t.why, sizeof(t.why))) == 1) {
		t.items++;
		t.obs += i->kind == CAP_OBS;
		t.packets += i->kind == CAP_OBS &&
			     (i->obs.kind == OBS_PATH || i->obs.kind == OBS_DROP);
	}
	/* asked again it says the same */
	assert_int_equal(capr__next(r, &i, t.why, sizeof(t.why)), t.last);
	capr__free(r);
	return t;
}

static inline struct cap_meta some_meta(void)
{
	static const char *const argv[] = { "calitrace", "capture", "-w", "x", NULL };
	struct cap_meta m = {
		.run = 0x1122334455667788,
		.part = 3,
		.node = "k8s02",
		.version = "0.2",
		.kernel = "6.1.0",
		.mono_ns = T0,
		.wall_offset_ns = WALL_OFFSET,
		.reply_timeout_ns = 2 * NS_PER_S,
		.apps = 7,
		.snaplen = SNAP_LEN,
		.dns_port = { 53, 5353 },
		.filter = "host 10.253.65.67",
		.pod = "default/centos",
		.pod_dev = "calic6105d1b464",
		.netns = NODE_NETNS,
		.argv = argv,
	};

	m.pod_addr.family = 4;
	memcpy(m.pod_addr.b, "\x0a\xfd\x41\x43", 4);
	return m;
}

/* ---- something in each field ---- */

static inline uint8_t next_byte(void)
{
	static uint32_t n;

	return (uint8_t)(n++ % 251 + 1);
}

static inline void fill_bytes(uint8_t *m, size_t size)
{
	for (size_t i = 0; i < size; i++)
		m[i] = next_byte();
}

static inline void fill_text(char *m, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		m[i] = (char)('a' + next_byte() % 26);
	m[size - 1] = '\0';
}

static inline void fill_addr(struct addr *a)
{
	a->family = next_byte() % 2 ? 4 : 6;
	fill_bytes(a->b, a->family == 4 ? 4 : 16);
}

static inline void fill_fields(const struct cap_table *t, uint8_t *o);

static inline void fill_list(const struct cap_field *f, uint8_t *o)
{
	if (f->cnt_size == 1)
		o[f->cnt_off] = (uint8_t)f->max;
	else
		memcpy(o + f->cnt_off, &(uint32_t){ f->max }, 4);
	for (uint16_t i = 0; i < f->max; i++)
		fill_fields(f->sub, o + f->off + i * f->size);
}

static inline void fill_field(const struct cap_field *f, uint8_t *o)
{
	static const char *const words[] = { "one", "", "three words here", NULL };
	struct prefix *net = (void *)(o + f->off);
	struct actor *by = (void *)(o + f->off);

	switch ((enum cap_type)f->type) {
	case CF_INT:
	case CF_BYTES:
		fill_bytes(o + f->off, f->size);
		break;
	case CF_TIME:
		fill_bytes(o + f->off, 7);
		break;
	case CF_BOOL:
		o[f->off] = 1;
		break;
	case CF_ENUM:
		memcpy(o + f->off, &(uint32_t){ f->max - 1u }, 4);
		break;
	case CF_STR:
		fill_text((char *)o + f->off, f->size);
		break;
	case CF_ADDR:
		fill_addr((void *)(o + f->off));
		break;
	case CF_NET: /* all 128 or 32 bits: none of the host's */
		fill_addr(&net->addr);
		net->len = net->addr.family == 4 ? 32 : 128;
		break;
	case CF_IFNET:
		fill_addr(&net->addr);
		net->len = 17;
		break;
	case CF_ACTOR:
		by->pid = 0x01020304;
		fill_text(by->comm, sizeof(by->comm));
		break;
	case CF_WORDS:
		memcpy(o + f->off, &(cap_words){ words }, sizeof(cap_words));
		break;
	case CF_LIST:
		fill_list(f, o);
		break;
	}
}

static inline void fill_fields(const struct cap_table *t, uint8_t *o)
{
	for (uint16_t i = 0; i < t->cnt; i++)
		fill_field(&t->field[i], o);
}

static inline void fill_packet(struct obs *o, enum obs_kind kind)
{
	struct obs_pkt *p = &o->pkt;

	memset(o, 0, sizeof(*o));
	o->kind = kind;
	fill_bytes((uint8_t *)p, offsetof(struct obs_pkt, src));
	memset(p->zero, 0, sizeof(p->zero));
	p->zero_too = 0;
	p->zero_as_well = 0;
	p->hook = kind == OBS_DROP ? AT_DROP : AT_TC_EGRESS;
	p->encap = ENCAP_VXLAN;
	p->flags |= EV_F_NODE_NETNS | EV_F_DST | EV_F_CT;
	p->ifindex = 7;
	p->iif = 8;
	p->dst_oif = 9;
	for (struct addr *a = &p->src; a <= &p->ct_rdst; a++)
		fill_addr(a);
	fill_text(p->reason, sizeof(p->reason));
	fill_text(p->location, sizeof(p->location));
	p->snap_len = SNAP_LEN;
	fill_bytes(p->snap, SNAP_LEN);
}

/* Of any kind of enum obs_kind */
static inline void fill_obs(struct obs *o, enum obs_kind kind)
{
	if (kind == OBS_PATH || kind == OBS_DROP) {
		fill_packet(o, kind);
	} else {
		memset(o, 0, sizeof(*o));
		o->kind = kind;
		fill_fields(cap_obs_table(kind), (uint8_t *)&o->pkt);
	}
	o->ts_ns = T0 + (uint64_t)kind * 1000001;
}

static inline size_t obs_size(enum obs_kind kind)
{
	return kind == OBS_PATH || kind == OBS_DROP ? sizeof(struct obs_pkt) :
						      cap_obs_table(kind)->size;
}

static inline void assert_same_obs(const struct obs *a, const struct obs *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_true(a->ts_ns == b->ts_ns);
	assert_memory_equal(&a->pkt, &b->pkt, obs_size(a->kind));
}

#endif
