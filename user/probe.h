/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loader's private half: what this kernel and this process allow, asked before
 * anything is loaded. Keeps no state.
 */
#ifndef CALITRACE_PROBE_H
#define CALITRACE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols.h"

/* Privileges, lockdown, BTF: 0, or -errno and one sentence in why. */
int probe_environment(char *why, size_t why_sz);
struct probe_kernel {
	bool drop_has_reason; /* the kfree_skb tracepoint gives a reason */
	uint32_t no_socket;   /* the number of that drop reason, 0: there is none */
	bool has_syscall;     /* programs that user space runs (bpf/sym.bpf.h) */
	int fexit_err;	      /* 0, or why functions cannot be hooked into: -errno */
	int context_err;      /* the same, for the variables of bpf/context.bpf.h */
};

/*
 * What the kernel's BTF tells, and what has to be tried: all at once, since reading BTF costs more
 * than the trials. sym takes the names that it needs, NULL: nobody does. 0 or -errno.
 */
int probe_kernel(struct probe_kernel *out, struct symbols *sym);
/* True if the list in CALITRACE_WITHOUT names it */
bool probe_switched_off(const char *name);
/* Why the kernel refused a program, from its errno and the verifier's log (may be "") */
void probe_explain(int err, const char *log, char *why, size_t why_sz);

#endif
