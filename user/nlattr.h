/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of netlink attributes as netfilter writes them: numbers in network order. */
#ifndef CALITRACE_NLATTR_H
#define CALITRACE_NLATTR_H

#include <endian.h>
#include <netlink/attr.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* 0 where it is not there (NULL), or too short */
static inline uint32_t nlattr_be32(struct nlattr *a)
{
	uint32_t v = 0;

	if (a && nla_len(a) >= (int)sizeof(v))
		memcpy(&v, nla_data(a), sizeof(v));
	return be32toh(v);
}

static inline uint64_t nlattr_be64(struct nlattr *a)
{
	uint64_t v = 0;

	if (a && nla_len(a) >= (int)sizeof(v))
		memcpy(&v, nla_data(a), sizeof(v));
	return be64toh(v);
}

/* Its text, cut to what fits; "" where it is not there. It need not end with a 0. */
static inline void nlattr_text(char *buf, size_t sz, struct nlattr *a)
{
	buf[0] = '\0';
	if (a)
		snprintf(buf, sz, "%.*s", (int)strnlen(nla_data(a), (size_t)nla_len(a)),
			 (const char *)nla_data(a));
}

#endif
