/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loader's private half: what this kernel and this process allow, asked before
 * anything is loaded. Keeps no state.
 */
#ifndef CALITRACE_PROBE_H
#define CALITRACE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* Privileges, lockdown, BTF: 0, or -errno and one sentence in why. */
int probe_environment(char *why, size_t why_sz);
/* 1: the kfree_skb tracepoint gives a reason, 0: it does not, or -errno */
int probe_drop_has_reason(void);
/* True if the list in CALITRACE_WITHOUT names it */
bool probe_switched_off(const char *name);
/* Why the kernel refused a program, from its errno and the verifier's log (may be "") */
void probe_explain(int err, const char *log, char *why, size_t why_sz);

#endif
