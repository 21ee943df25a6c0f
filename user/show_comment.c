// SPDX-License-Identifier: GPL-2.0-only
/*
 * "verdict=leaked cause=bgp-down finding=1; " goes before what a packet's comment said when it was
 * recorded; of one that has it already, the old one goes.
 */
#include "show_comment.h"

#include <stdio.h>
#include <string.h>

#include "cap_reader.h"

#define MARK "verdict="
#define EPB_DATA 28

/* The block's first comment: *len octets, none if there is none. False: not in order */
static bool find_comment(const uint8_t *b, size_t len, bool swapped, const char **text,
			 size_t *text_len)
{
	const uint8_t *p, *end = b + len - 4;
	struct cap_opt o;
	size_t cap_len;
	int more;

	*text = "";
	*text_len = 0;
	if (len < NG_EPB_LEN || get32(b, swapped) != NG_EPB)
		return false;
	cap_len = get32(b + 20, swapped);
	if (cap_len > len - NG_EPB_LEN)
		return false;
	p = b + EPB_DATA + pad4((uint32_t)cap_len);
	while ((more = cap_opt_next(&p, end, swapped, &o)) > 0) {
		if (o.code != NG_OPT_COMMENT)
			continue;
		*text = (const char *)o.value;
		*text_len = o.len;
		break;
	}
	return more >= 0;
}

/* How much of a comment is the fate that an earlier rewriting put there */
static size_t mark_len(const char *s, size_t len)
{
	const char *end;

	if (len < strlen(MARK) || memcmp(s, MARK, strlen(MARK)) != 0)
		return 0;
	end = memmem(s, len, "; ", 2);
	return end ? (size_t)(end - s) + 2 : len;
}

bool show_comment(const void *block, size_t len, bool swapped, const struct packet_fate *f,
		  char out[CAP_COMMENT_LEN + 1])
{
	const char *old;
	size_t old_len, skip;
	int n;

	if (!find_comment(block, len, swapped, &old, &old_len))
		return false;
	skip = mark_len(old, old_len);
	n = snprintf(out, CAP_COMMENT_LEN + 1, MARK "%s", verdict_name(f->verdict));
	if (f->cause != C_UNKNOWN)
		n += snprintf(out + n, CAP_COMMENT_LEN + 1 - (size_t)n, " cause=%s",
			      cause_name(f->cause));
	if (f->finding)
		n += snprintf(out + n, CAP_COMMENT_LEN + 1 - (size_t)n, " finding=%u", f->finding);
	if (old_len > skip)
		snprintf(out + n, CAP_COMMENT_LEN + 1 - (size_t)n, "; %.*s", (int)(old_len - skip),
			 old + skip);
	return true;
}

bool show_section_order(const void *block, size_t len, bool *swapped)
{
	if (len < 12 || get32(block, false) != NG_SHB)
		return false;
	*swapped = get32((const uint8_t *)block + 8, false) != NG_ORDER;
	return true;
}
