/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers to names: drop reasons from the kernel's BTF, text addresses from kallsyms (read
 * lazily, at the first use). */
#ifndef CALITRACE_SYMBOLS_H
#define CALITRACE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols;
struct btf;
/* 0 or -errno. host_root: where proc is. Never fails for a missing name source: names are "". */
int symbols__new(const char *host_root, struct symbols **ret);
void symbols__free(struct symbols *s);
/* Takes the drop reasons from the kernel's BTF, which else is read at the first use. */
void symbols__learn(struct symbols *s, const struct btf *btf);
/* Who can be asked for the function that holds an address: 0 and its name, which may have a suffix or
 * " [module]" behind it, or -errno: then kallsyms is read after all, and fn not asked again. */
typedef int (*symbols_fn)(void *ctx, uint64_t addr, char *name, size_t size);
void symbols__ask(struct symbols *s, symbols_fn fn, void *ctx);
/* "IP_RPFILTER" for this kernel's number (prefix SKB_DROP_REASON_ stripped), "" if unknown; numbers
 * with high bits (subsystems) as "SUBSYS_n.m". Borrowed until the next call. */
const char *symbols__reason(struct symbols *s, uint32_t reason);
/* Function that holds the address, without .constprop.N/.isra.N/.part.N/.cold; "" unknown. Re-reads
 * kallsyms when the address is not the kernel's own and modules came or went (looked at every 100 ms
 * of now_ns), and every 5 s when it lies in no known function. Borrowed until the next call. */
const char *symbols__location(struct symbols *s, uint64_t addr, uint64_t now_ns);

#endif
