// SPDX-License-Identifier: GPL-2.0-only
/* A packet's block once more, in its own byte order, with another comment */
#include "cap_reader.h"
#include "cap_writer.h"

static void wr16(uint8_t *p, uint32_t v, bool swap)
{
	put16(p, swap ? __builtin_bswap16((uint16_t)v) : (uint16_t)v);
}

static void wr32(uint8_t *p, uint32_t v, bool swap)
{
	put32(p, swap ? __builtin_bswap32(v) : v);
}

static uint8_t *wr_option(uint8_t *p, const struct cap_opt *o, bool swap)
{
	wr16(p, o->code, swap);
	wr16(p + 2, o->len, swap);
	put32(p + 4 + (o->len & ~3u), 0);
	if (o->len)
		memcpy(p + 4, o->value, o->len);
	return p + 4 + pad4(o->len);
}

size_t cap_recomment(uint8_t *out, const uint8_t *block, size_t len, bool swap, const char *comment)
{
	struct cap_opt o = {
		.code = NG_OPT_COMMENT,
		.len = (uint16_t)strnlen(comment, CAP_COMMENT_LEN),
		.value = (const uint8_t *)comment,
	};
	const uint8_t *in, *end = block + len - 4;
	size_t head, cap_len;
	uint8_t *p;
	int more;

	if (len < NG_EPB_LEN || len % 4 || get32(block, swap) != NG_EPB)
		return 0;
	cap_len = get32(block + 20, swap);
	if (cap_len > len - NG_EPB_LEN)
		return 0;
	head = 28 + pad4(cap_len);
	memcpy(out, block, head);
	p = wr_option(out + head, &o, swap);
	in = block + head;
	while ((more = cap_opt_next(&in, end, swap, &o)) > 0)
		if (o.code != NG_OPT_COMMENT)
			p = wr_option(p, &o, swap);
	if (more < 0)
		return 0;
	p = wr_option(p, &(struct cap_opt){ .code = NG_OPT_END }, swap);
	len = (size_t)(p + 4 - out);
	wr32(out + 4, (uint32_t)len, swap);
	wr32(p, (uint32_t)len, swap);
	return len;
}
