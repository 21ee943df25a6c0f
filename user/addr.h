/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes: comparison, containment, text. Pure. */
#ifndef CALITRACE_ADDR_H
#define CALITRACE_ADDR_H

#include <endian.h>
#include <string.h>

#include "model.h"

#define ADDR_STRLEN 46
#define PREFIX_STRLEN 50

/* From an IPv4 address in network order; 0 gives an unset address with addr_v4_opt(). */
struct addr addr_v4(uint32_t be);
struct addr addr_v4_opt(uint32_t be);
/* The IPv4 address in network order, 0 if it is none */
uint32_t addr_be(const struct addr *a);
static inline bool addr_is_set(const struct addr *a)
{
	return a->family != 0;
}

/* Of IPv4, in the machine's order: they are compared many times for each packet */
static inline uint32_t addr_bits4(const struct addr *a)
{
	uint32_t be;

	memcpy(&be, a->b, sizeof(be));
	return be32toh(be);
}

/*
 * An IPv4 address, in network order. It is written as a whole: the processor makes who reads it as a
 * whole, as copies do, wait for several smaller writes.
 */
static inline void addr_set4(struct addr *a, uint32_t be)
{
	const uint32_t v __attribute__((vector_size(16))) = { be };

	memcpy(a->b, &v, sizeof(a->b));
	a->family = 4;
}

/* The first len bits of 32 */
static inline uint32_t mask4(uint8_t len)
{
	return len ? ~0u << (32 - len) : 0;
}

/* The same for any family */
bool addr_eq_any(const struct addr *a, const struct addr *b);
bool prefix_has_any(const struct prefix *p, const struct addr *a);
struct prefix prefix_of_any(const struct addr *a, uint8_t len);

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
	if (a->family == 4 && b->family == 4)
		return addr_bits4(a) == addr_bits4(b);
	return addr_eq_any(a, b);
}

static inline bool prefix_has(const struct prefix *p, const struct addr *a)
{
	if (p->addr.family == 4 && a->family == 4 && p->len <= 32)
		return !((addr_bits4(&p->addr) ^ addr_bits4(a)) & mask4(p->len));
	return prefix_has_any(p, a);
}

static inline bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

/* True if b lies in a, or is a. */
static inline bool prefix_covers(const struct prefix *a, const struct prefix *b)
{
	return a->len <= b->len && prefix_has(a, &b->addr);
}

/* The prefix of that length that holds a */
static inline struct prefix prefix_of(const struct addr *a, uint8_t len)
{
	struct prefix p;

	if (a->family != 4 || len > 32)
		return prefix_of_any(a, len);
	addr_set4(&p.addr, htobe32(addr_bits4(a) & mask4(len)));
	p.len = len;
	return p;
}

/* Both write at most the given constant's bytes, terminated, and return buf. */
const char *addr_str(const struct addr *a, char buf[ADDR_STRLEN]);
const char *prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN]);

/* Text to address or prefix ("1.2.3.4" is a /32): 0, or -EINVAL; host bits must be zero in a
 * prefix (-EDOM), else out is untouched. */
int addr_parse(const char *s, struct addr *out);
int prefix_parse(const char *s, struct prefix *out);

#endif
