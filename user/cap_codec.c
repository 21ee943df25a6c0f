// SPDX-License-Identifier: GPL-2.0-only
/* The tables' walker. What comes in is hostile: each length is checked before the field. */
#include "cap_codec.h"

#include <errno.h>

#include "addr.h"
#include "cap_bytes.h"

/* ---- out: the caller has room for CAP_REC_MAX, which no table exceeds ---- */

static uint8_t *out_text(uint8_t *p, const char *s, size_t len)
{
	put16(p, (uint16_t)len);
	memcpy(p + 2, s, len);
	return p + 2 + len;
}

static uint8_t *out_addr(uint8_t *p, const struct addr *a)
{
	size_t len = a->family == 4 ? 4 : a->family == 6 ? 16 : 0;

	*p = len ? a->family : 0;
	memcpy(p + 1, a->b, len);
	return p + 1 + len;
}

static uint8_t *out_words(uint8_t *p, cap_words w)
{
	uint8_t *cnt = p, *end = p + CAP_WORDS_MAX;
	uint16_t n = 0;

	p += 2;
	for (; w && w[n]; n++) {
		size_t len = strlen(w[n]);

		if (len + 2 > (size_t)(end - p))
			break;
		p = out_text(p, w[n], len);
	}
	put16(cnt, n);
	return p;
}

static uint8_t *out_list(uint8_t *p, const struct cap_field *f, const uint8_t *o)
{
	uint32_t n = f->cnt_size == 1 ? o[f->cnt_off] : get32(o + f->cnt_off, false);

	if (n > f->max)
		n = f->max;
	put16(p, (uint16_t)n);
	p += 2;
	for (uint32_t i = 0; i < n; i++) {
		size_t len = cap_encode(f->sub, o + f->off + i * f->size, p + 2);

		put16(p, (uint16_t)len);
		p += 2 + len;
	}
	return p;
}

static uint8_t *out_field(uint8_t *p, const struct cap_field *f, const uint8_t *o)
{
	const uint8_t *m = o + f->off;
	const struct prefix *net = (const void *)m;
	const struct actor *by = (const void *)m;

	switch ((enum cap_type)f->type) {
	case CF_INT:
	case CF_TIME:
	case CF_BYTES:
		memcpy(p, m, f->size);
		return p + f->size;
	case CF_BOOL:
		*p = *m != 0;
		return p + 1;
	case CF_ENUM:
		*p = (uint8_t)get32(m, false);
		return p + 1;
	case CF_STR:
		return out_text(p, (const char *)m, strnlen((const char *)m, f->size));
	case CF_ADDR:
		return out_addr(p, (const void *)m);
	case CF_NET:
	case CF_IFNET:
		p = out_addr(p, &net->addr);
		*p = net->len;
		return p + 1;
	case CF_ACTOR:
		put32(p, by->pid);
		return out_text(p + 4, by->comm, strnlen(by->comm, sizeof(by->comm)));
	case CF_WORDS:
		return out_words(p, *(const cap_words *)(const void *)m);
	case CF_LIST:
		return out_list(p, f, o);
	}
	return p;
}

size_t cap_encode(const struct cap_table *t, const void *o, uint8_t *out)
{
	uint8_t *p = out;

	for (uint16_t i = 0; i < t->cnt; i++)
		p = out_field(p, &t->field[i], o);
	return (size_t)(p - out);
}

/* ---- in ---- */

struct in {
	const uint8_t *p, *end;
	bool swap;
	struct cap_arena *arena;
};

/* NULL: not there */
static const uint8_t *take(struct in *in, size_t n)
{
	const uint8_t *p = in->p;

	if ((size_t)(in->end - p) < n)
		return NULL;
	in->p += n;
	return p;
}

static int in_int(struct in *in, uint8_t *m, size_t size)
{
	const uint8_t *p = take(in, size);

	if (!p)
		return -EBADMSG;
	memcpy(m, p, size);
	if (in->swap)
		for (size_t i = 0; i < size; i++)
			m[i] = p[size - 1 - i];
	return 0;
}

/* A time that cannot be is not known. */
static int in_time(struct in *in, uint8_t *m)
{
	int err = in_int(in, m, 8);

	if (!err && get64(m, false) > CAP_TIME_MAX)
		memset(m, 0, 8);
	return err;
}

static int in_text(struct in *in, const char **s, size_t *len)
{
	const uint8_t *p = take(in, 2);

	if (!p)
		return -EBADMSG;
	*len = get16(p, in->swap);
	*s = (const char *)take(in, *len);
	return *s ? 0 : -EBADMSG;
}

static int in_str(struct in *in, char *m, size_t size)
{
	const char *s;
	size_t len;
	int err = in_text(in, &s, &len);

	if (!err)
		memcpy(m, s, strnlen(s, len < size ? len : size - 1));
	return err;
}

static int in_addr(struct in *in, struct addr *a)
{
	const uint8_t *p = take(in, 1);
	size_t len;

	if (!p || (*p != 0 && *p != 4 && *p != 6))
		return -EBADMSG;
	a->family = *p;
	len = *p == 4 ? 4 : *p == 6 ? 16 : 0;
	p = take(in, len);
	if (!p)
		return -EBADMSG;
	memcpy(a->b, p, len);
	return 0;
}

static int in_net(struct in *in, struct prefix *net, bool keep_host)
{
	const uint8_t *p;
	int err = in_addr(in, &net->addr);

	if (err)
		return err;
	p = take(in, 1);
	if (!p || *p > (net->addr.family == 6 ? 128 : 32))
		return -EBADMSG;
	net->len = *p;
	if (!keep_host && net->addr.family)
		*net = prefix_of(&net->addr, net->len);
	return 0;
}

static int in_enum(struct in *in, const struct cap_field *f, uint8_t *m)
{
	const uint8_t *p = take(in, 1);

	if (!p)
		return -EBADMSG;
	if (*p >= f->max)
		return -ENOENT;
	put32(m, *p);
	return 0;
}

static int in_actor(struct in *in, struct actor *by)
{
	int err = in_int(in, (uint8_t *)&by->pid, sizeof(by->pid));

	return err ? err : in_str(in, by->comm, sizeof(by->comm));
}

static void *arena_take(struct cap_arena *a, size_t n)
{
	void *p;

	n = (n + 7) & ~(size_t)7;
	if (!a || a->cap - a->used < n)
		return NULL;
	p = a->mem + a->used;
	a->used += n;
	return p;
}

/* A word is at least 2 octets in a file; it takes a pointer, its text and what terminates it. */
size_t cap_words_room(size_t payload_len)
{
	return payload_len * 10 + 256;
}

static int in_words(struct in *in, cap_words *m)
{
	const uint8_t *p = take(in, 2);
	uint16_t cnt;
	const char **w;

	if (!p)
		return -EBADMSG;
	cnt = get16(p, in->swap);
	/* before memory is taken for them */
	if ((size_t)(in->end - in->p) < 2u * cnt)
		return -EBADMSG;
	w = arena_take(in->arena, (cnt + 1u) * sizeof(*w));
	if (!w)
		return -EBADMSG;
	for (uint16_t i = 0; i < cnt; i++) {
		const char *s;
		size_t len;
		char *copy;

		if (in_text(in, &s, &len))
			return -EBADMSG;
		copy = arena_take(in->arena, len + 1);
		if (!copy)
			return -EBADMSG;
		memcpy(copy, s, len);
		copy[len] = '\0';
		w[i] = copy;
	}
	w[cnt] = NULL;
	*m = w;
	return 0;
}

static int in_fields(struct in *in, const struct cap_table *t, uint8_t *o);

static int in_list(struct in *in, const struct cap_field *f, uint8_t *o)
{
	const uint8_t *p = take(in, 2);
	uint16_t cnt, room;
	int err = 0;

	if (!p)
		return -EBADMSG;
	cnt = get16(p, in->swap);
	room = cnt < f->max ? cnt : f->max;
	for (uint16_t i = 0; i < cnt && !err; i++) {
		struct in one = { .swap = in->swap };
		const char *s;
		size_t len;

		if (in_text(in, &s, &len))
			return -EBADMSG;
		one.p = (const uint8_t *)s;
		one.end = one.p + len;
		if (i < room)
			err = in_fields(&one, f->sub, o + f->off + i * f->size);
	}
	if (f->cnt_size == 1)
		o[f->cnt_off] = (uint8_t)room;
	else
		put32(o + f->cnt_off, room);
	return err;
}

static int in_field(struct in *in, const struct cap_field *f, uint8_t *o)
{
	uint8_t *m = o + f->off;
	const uint8_t *p;

	switch ((enum cap_type)f->type) {
	case CF_INT:
		return in_int(in, m, f->size);
	case CF_TIME:
		return in_time(in, m);
	case CF_BYTES:
		p = take(in, f->size);
		if (p)
			memcpy(m, p, f->size);
		return p ? 0 : -EBADMSG;
	case CF_BOOL:
		p = take(in, 1);
		if (p)
			*m = *p != 0;
		return p ? 0 : -EBADMSG;
	case CF_ENUM:
		return in_enum(in, f, m);
	case CF_STR:
		return in_str(in, (char *)m, f->size);
	case CF_ADDR:
		return in_addr(in, (void *)m);
	case CF_NET:
	case CF_IFNET:
		return in_net(in, (void *)m, f->type == CF_IFNET);
	case CF_ACTOR:
		return in_actor(in, (void *)m);
	case CF_WORDS:
		return in_words(in, (cap_words *)(void *)m);
	case CF_LIST:
		return in_list(in, f, o);
	}
	return -EBADMSG;
}

static int in_fields(struct in *in, const struct cap_table *t, uint8_t *o)
{
	int err = 0;

	for (uint16_t i = 0; i < t->cnt && in->p < in->end && !err; i++)
		err = in_field(in, &t->field[i], o);
	return err;
}

int cap_decode(const struct cap_table *t, const void *in, size_t len, bool swap, void *o,
	       struct cap_arena *arena)
{
	struct in i = { .p = in, .swap = swap, .arena = arena };

	i.end = i.p + len;
	memset(o, 0, t->size);
	return in_fields(&i, t, o);
}
