/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes: comparison, containment, text. Pure. */
#ifndef CALITRACE_ADDR_H
#define CALITRACE_ADDR_H

#include "model.h"

#define ADDR_STRLEN 46
#define PREFIX_STRLEN 50

/* From an IPv4 address in network order; 0 gives an unset address with addr_v4_opt(). */
struct addr addr_v4(uint32_t be);
struct addr addr_v4_opt(uint32_t be);
/* The IPv4 address in network order, 0 if it is none */
uint32_t addr_be(const struct addr *a);
bool addr_eq(const struct addr *a, const struct addr *b);
static inline bool addr_is_set(const struct addr *a)
{
	return a->family != 0;
}

bool prefix_has(const struct prefix *p, const struct addr *a);
bool prefix_eq(const struct prefix *a, const struct prefix *b);
/* True if b lies in a, or is a. */
bool prefix_covers(const struct prefix *a, const struct prefix *b);
/* The prefix of that length that holds a */
struct prefix prefix_of(const struct addr *a, uint8_t len);

/* Both write at most the given constant's bytes, terminated, and return buf. */
const char *addr_str(const struct addr *a, char buf[ADDR_STRLEN]);
const char *prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN]);

/* Text to address or prefix ("1.2.3.4" is a /32): 0, or -EINVAL; host bits must be zero in a
 * prefix (-EDOM), else out is untouched. */
int addr_parse(const char *s, struct addr *out);
int prefix_parse(const char *s, struct prefix *out);

#endif
