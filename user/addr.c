// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses and prefixes. Bytes beyond the family's width are zero by contract
 * of model.h, but nothing here relies on it: comparisons stop at the width.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint8_t addr_bits(uint8_t family)
{
	return family == 6 ? 128 : family == 4 ? 32 : 0;
}

/* Same first `bits` bits? */
static bool bits_eq(const uint8_t *a, const uint8_t *b, uint8_t bits)
{
	uint8_t rest = bits % 8;

	if (memcmp(a, b, bits / 8))
		return false;
	return !rest || !((a[bits / 8] ^ b[bits / 8]) >> (8 - rest));
}

struct addr addr_v4(uint32_t be)
{
	struct addr a = { .family = 4 };

	memcpy(a.b, &be, sizeof(be));
	return a;
}

struct addr addr_v4_opt(uint32_t be)
{
	return be ? addr_v4(be) : (struct addr){ 0 };
}

uint32_t addr_be(const struct addr *a)
{
	uint32_t be = 0;

	if (a->family == 4)
		memcpy(&be, a->b, sizeof(be));
	return be;
}

bool addr_eq_any(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && bits_eq(a->b, b->b, addr_bits(a->family));
}

bool prefix_has_any(const struct prefix *p, const struct addr *a)
{
	uint8_t bits = addr_bits(a->family);

	return bits && p->addr.family == a->family && p->len <= bits &&
	       bits_eq(p->addr.b, a->b, p->len);
}

struct prefix prefix_of_any(const struct addr *a, uint8_t len)
{
	uint8_t bits = addr_bits(a->family);
	struct prefix p = { .addr.family = a->family };

	p.len = len < bits ? len : bits;
	memcpy(p.addr.b, a->b, p.len / 8);
	if (p.len % 8)
		p.addr.b[p.len / 8] = a->b[p.len / 8] & (uint8_t)(0xff << (8 - p.len % 8));
	return p;
}

const char *addr_str(const struct addr *a, char buf[ADDR_STRLEN])
{
	int af = a->family == 6 ? AF_INET6 : AF_INET;

	if (!a->family || !inet_ntop(af, a->b, buf, ADDR_STRLEN))
		snprintf(buf, ADDR_STRLEN, "?");
	return buf;
}

const char *prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	char addr[ADDR_STRLEN];

	snprintf(buf, PREFIX_STRLEN, "%s/%u", addr_str(&p->addr, addr), p->len);
	return buf;
}

int addr_parse(const char *s, struct addr *out)
{
	struct addr a = { 0 };

	if (inet_pton(AF_INET, s, a.b) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, s, a.b) == 1)
		a.family = 6;
	else
		return -EINVAL;
	*out = a;
	return 0;
}

/* One to three digits and nothing else: no sign, no blank, no hexadecimal */
static int len_parse(const char *s, uint8_t max, uint8_t *out)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; s[i]; i++) {
		if (i == 3 || s[i] < '0' || s[i] > '9')
			return -EINVAL;
		n = n * 10 + (unsigned int)(s[i] - '0');
	}
	if (!i || n > max)
		return -EINVAL;
	*out = (uint8_t)n;
	return 0;
}

int prefix_parse(const char *s, struct prefix *out)
{
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	char text[ADDR_STRLEN];
	struct prefix p, canon;

	if (n >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	if (addr_parse(text, &p.addr))
		return -EINVAL;
	p.len = addr_bits(p.addr.family);
	if (slash && len_parse(slash + 1, p.len, &p.len))
		return -EINVAL;
	canon = prefix_of(&p.addr, p.len);
	if (!addr_eq(&canon.addr, &p.addr))
		return -EDOM;
	*out = canon;
	return 0;
}
