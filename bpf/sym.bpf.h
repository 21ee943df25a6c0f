/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The name of the function that an address lies in, for user space: reading all of kallsyms for one
 * name costs hundreds of milliseconds, and that in the middle of the first packets that are dropped.
 * Since 5.14 (79a7f8bdb159) user space may run such a program by itself.
 */
#ifndef CALITRACE_SYM_H
#define CALITRACE_SYM_H

static const char sym_format[] SEC(".rodata.sym") = "%ps";

SEC("syscall")
int calitrace_sym(struct ev_sym *s)
{
	char name[EV_SYM_LEN] = {};
	__u64 addr = s->addr;

	if (bpf_snprintf(name, sizeof(name), sym_format, &addr, sizeof(addr)) <= 0)
		return 1;
	__builtin_memcpy(s->name, name, sizeof(name));
	return 0;
}

#endif
