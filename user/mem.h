/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memset() and memcpy() through libc. For lengths of some hundred octets gcc puts rep stos and rep
 * movs in their place, which take longer to begin than libc needs for all.
 */
#ifndef CALITRACE_MEM_H
#define CALITRACE_MEM_H

#include <string.h>

static inline void mem_clear(void *p, size_t n)
{
	__asm__("" : "+r"(n));
	memset(p, 0, n);
}

/* For what is so short, and known, that a call takes longer than the work: n is a constant */
typedef long long mem_vec __attribute__((vector_size(16), aligned(1), may_alias));

static inline __attribute__((always_inline)) void mem_clear_const(void *p, size_t n)
{
	const mem_vec zero = { 0 };

#pragma GCC unroll 16
	for (size_t i = 0; i + 16 <= n; i += 16)
		*(mem_vec *)((char *)p + i) = zero;
	if (n % 16)
		*(mem_vec *)((char *)p + n - 16) = zero;
}

static inline __attribute__((always_inline)) void mem_copy_const(void *to, const void *from,
								 size_t n)
{
#pragma GCC unroll 16
	for (size_t i = 0; i + 16 <= n; i += 16)
		*(mem_vec *)((char *)to + i) = *(const mem_vec *)((const char *)from + i);
	if (n % 16)
		*(mem_vec *)((char *)to + n - 16) = *(const mem_vec *)((const char *)from + n - 16);
}

static inline void mem_copy(void *to, const void *from, size_t n)
{
	__asm__("" : "+r"(n));
	memcpy(to, from, n);
}

#endif
