// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet block with another comment: "verdict=leaked cause=bgp-down finding=1; " goes before what
 * was said when the packet was recorded. The rest of the block stays as it is, in its byte order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show_comment.h"

#define EPB_HEAD 28
#define OPT_END 0
#define OPT_COMMENT 1
#define COMMENT_MAX 4096
#define MARK "verdict="

static uint16_t get16(const uint8_t *p, bool swapped)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

static uint32_t get32(const uint8_t *p, bool swapped)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

static void put16(uint8_t *p, uint16_t v, bool swapped)
{
	v = swapped ? __builtin_bswap16(v) : v;
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v, bool swapped)
{
	v = swapped ? __builtin_bswap32(v) : v;
	memcpy(p, &v, sizeof(v));
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Where the block's first comment stands, or where one can be put in; old_len 0: there is none */
struct place {
	size_t at;	/* of the option's head */
	size_t old_len; /* of its text */
	size_t old_all; /* octets that the old option takes, its head included */
	bool no_end;	/* there are no options: the end of the list is to be added, too */
};

static int find_place(const uint8_t *b, size_t len, bool swapped, struct place *pl)
{
	size_t end, at;

	*pl = (struct place){ 0 };
	if (len < EPB_HEAD + 4 || get32(b, swapped) != EPB_TYPE || get32(b + 4, swapped) != len)
		return -EINVAL;
	end = len - 4;
	at = EPB_HEAD + padded(get32(b + 20, swapped));
	if (at < EPB_HEAD || at > end)
		return -EINVAL;
	pl->at = at;
	pl->no_end = at == end;
	while (at + 4 <= end) {
		uint16_t code = get16(b + at, swapped), n = get16(b + at + 2, swapped);

		if (code == OPT_END)
			break;
		if (at + 4 + padded(n) > end)
			return -EINVAL;
		if (code == OPT_COMMENT) {
			pl->at = at;
			pl->old_len = n;
			pl->old_all = 4 + padded(n);
			break;
		}
		at += 4 + padded(n);
	}
	return 0;
}

/* What was said before, without the verdict of an earlier rewriting */
static size_t skip_mark(const char *s, size_t len)
{
	const char *end;

	if (len < strlen(MARK) || memcmp(s, MARK, strlen(MARK)) != 0)
		return 0;
	end = memmem(s, len, "; ", 2);
	return end ? (size_t)(end - s) + 2 : len;
}

static size_t build(char out[COMMENT_MAX], const struct packet_fate *f, const char *old, size_t len)
{
	size_t n, skip = skip_mark(old, len);

	n = (size_t)snprintf(out, COMMENT_MAX, MARK "%s", verdict_name(f->verdict));
	if (f->cause != C_UNKNOWN)
		n += (size_t)snprintf(out + n, COMMENT_MAX - n, " cause=%s", cause_name(f->cause));
	if (f->finding)
		n += (size_t)snprintf(out + n, COMMENT_MAX - n, " finding=%u", f->finding);
	if (len == skip)
		return n;
	memcpy(out + n, "; ", 2);
	n += 2;
	len -= skip;
	if (len > COMMENT_MAX - n)
		len = COMMENT_MAX - n;
	memcpy(out + n, old + skip, len);
	return n + len;
}

int show_comment(const void *block, size_t len, bool swapped, const struct packet_fate *f,
		 void **ret, size_t *ret_len)
{
	const uint8_t *b = block;
	char text[COMMENT_MAX];
	size_t n, all, total, rest;
	struct place pl;
	uint8_t *out;
	int err = find_place(b, len, swapped, &pl);

	if (err)
		return err;
	n = build(text, f, (const char *)b + pl.at + 4, pl.old_len);
	all = 4 + padded(n);
	total = len - pl.old_all + all + (pl.no_end ? 4 : 0);
	out = calloc(1, total);
	if (!out)
		return -ENOMEM;
	memcpy(out, b, pl.at);
	put16(out + pl.at, OPT_COMMENT, swapped);
	put16(out + pl.at + 2, (uint16_t)n, swapped);
	memcpy(out + pl.at + 4, text, n);
	rest = len - 4 - pl.at - pl.old_all;
	memcpy(out + pl.at + all, b + pl.at + pl.old_all, rest);
	put32(out + 4, (uint32_t)total, swapped);
	put32(out + total - 4, (uint32_t)total, swapped);
	*ret = out;
	*ret_len = total;
	return 0;
}

bool show_section_order(const void *block, size_t len, bool *swapped)
{
	const uint8_t *b = block;

	if (len < 12 || get32(b, false) != SHB_TYPE)
		return false;
	*swapped = get32(b + 8, false) != SHB_MAGIC;
	return true;
}
