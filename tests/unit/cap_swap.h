/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of ours in the other byte order, as a machine of the other kind would have written it */
#ifndef TEST_CAP_SWAP_H
#define TEST_CAP_SWAP_H

#include "cap_fixture.h"

static inline uint8_t *flip(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t t = p[i];

		p[i] = p[n - 1 - i];
		p[n - 1 - i] = t;
	}
	return p + n;
}

static inline uint8_t *swap_fields(const struct cap_table *t, uint8_t *p, const uint8_t *end);

static inline uint8_t *swap_text(uint8_t *p)
{
	uint16_t len = get16(p, false);

	return flip(p, 2) + len;
}

static inline uint8_t *swap_addr(uint8_t *p)
{
	return p + 1 + (*p == 4 ? 4 : *p == 6 ? 16 : 0);
}

static inline uint8_t *swap_counted(const struct cap_field *f, uint8_t *p)
{
	uint16_t cnt = get16(p, false), len;

	p = flip(p, 2);
	while (cnt--) {
		len = get16(p, false);
		if (f->type == CF_LIST)
			swap_fields(f->sub, p + 2, p + 2 + len);
		p = flip(p, 2) + len;
	}
	return p;
}

static inline uint8_t *swap_field(const struct cap_field *f, uint8_t *p)
{
	switch ((enum cap_type)f->type) {
	case CF_INT:
	case CF_TIME:
		return flip(p, f->size);
	case CF_BYTES:
		return p + f->size;
	case CF_BOOL:
	case CF_ENUM:
		return p + 1;
	case CF_STR:
		return swap_text(p);
	case CF_ADDR:
		return swap_addr(p);
	case CF_NET:
	case CF_IFNET:
		return swap_addr(p) + 1;
	case CF_ACTOR:
		return swap_text(flip(p, 4));
	case CF_WORDS:
	case CF_LIST:
		return swap_counted(f, p);
	}
	return p;
}

static inline uint8_t *swap_fields(const struct cap_table *t, uint8_t *p, const uint8_t *end)
{
	for (uint16_t i = 0; i < t->cnt && p < end; i++)
		p = swap_field(&t->field[i], p);
	assert_true(p <= end);
	return p;
}

static inline const struct cap_table *table_of(uint16_t kind)
{
	switch (kind) {
	case CAP_REC_META:
		return &cap_meta_table;
	case CAP_REC_READY:
		return &cap_ready_table;
	case CAP_REC_CLOCK:
		return &cap_clock_table;
	case CAP_REC_FINISH:
		return &cap_finish_table;
	case CAP_REC_END:
		return &cap_end_table;
	}
	return cap_obs_table(kind);
}

static inline void swap_record(uint8_t *b)
{
	uint16_t kind = get16(b + 8, false);
	uint32_t len = get32(b + 12, false);
	uint8_t *p = b + 24, *end = p + len;

	flip(b + 8, 2);
	flip(b + 10, 2);
	flip(b + 12, 4);
	flip(b + 16, 8);
	if (kind == CAP_REC_META)
		p += CAP_MAGIC_LEN;
	if (table_of(kind))
		swap_fields(table_of(kind), p, end);
}

/* 16-bit members up to P_ADDRS, then 32-bit ones, then skb: see cap_packet.c */
static inline void swap_packet(uint8_t *p)
{
	flip(p, 2);
	for (size_t at = 12; at < 36; at += 2)
		flip(p + at, 2);
	for (size_t at = 36; at < 68; at += 4)
		flip(p + at, 4);
	flip(p + 68, 8);
}

static inline void swap_options(uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		uint16_t code = get16(p, false), len = get16(p + 2, false);

		if (code == CAP_OPT_PACKET)
			swap_packet(p + 4);
		flip(p, 2);
		flip(p + 2, 2);
		p += 4 + pad4(len);
	}
}

static inline void swap_block(uint8_t *b, uint32_t type, uint32_t len)
{
	uint8_t *end = b + len - 4;

	switch (type) {
	case NG_SHB:
		flip(b + 8, 4);
		flip(b + 12, 2);
		flip(b + 14, 2);
		flip(b + 16, 8);
		swap_options(b + 24, end);
		break;
	case NG_IDB:
		flip(b + 8, 2);
		flip(b + 12, 4);
		swap_options(b + 16, end);
		break;
	case NG_EPB:
		swap_options(b + 28 + pad4(get32(b + 20, false)), end);
		for (int at = 8; at < 28; at += 4)
			flip(b + at, 4);
		break;
	case CAP_BLOCK:
		swap_record(b);
		break;
	}
	flip(b, 4);
	flip(b + 4, 4);
	flip(b + len - 4, 4);
}

static inline void swap_file(uint8_t *b, size_t len)
{
	while (len) {
		uint32_t type = get32(b, false), n = get32(b + 4, false);

		assert_true(n >= 12 && n <= len);
		swap_block(b, type, n);
		b += n;
		len -= n;
	}
}

#endif
