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

static inline void mem_copy(void *to, const void *from, size_t n)
{
	__asm__("" : "+r"(n));
	memcpy(to, from, n);
}

#endif
