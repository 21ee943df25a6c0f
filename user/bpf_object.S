/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side as compiled, inside the program: no bpftool is needed to
 * build and no file at run time. BPF_OBJECT comes from the Makefile.
 */
	.section .rodata
	.balign 8
	.global calitrace_bpf_object
	.type calitrace_bpf_object, %object
calitrace_bpf_object:
	.incbin BPF_OBJECT
	.global calitrace_bpf_object_end
	.type calitrace_bpf_object_end, %object
calitrace_bpf_object_end:
	.byte 0
	.size calitrace_bpf_object, . - calitrace_bpf_object

	.section .note.GNU-stack, "", %progbits
