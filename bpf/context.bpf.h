/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is the current task the one that does this, or was it only interrupted? A look-up says nothing
 * of the kind, and with several nodes' namespaces on one kernel the interrupted task may be
 * another node's.
 */
#ifndef CALITRACE_CONTEXT_H
#define CALITRACE_CONTEXT_H

#define SOFTIRQ_SERVED 0x100 /* SOFTIRQ_OFFSET: softirqs merely disabled count twice as much */

enum context {
	CONTEXT_UNKNOWN,
	CONTEXT_TASK,
	CONTEXT_SOFTIRQ,
};

#ifdef __TARGET_ARCH_arm64

static __always_inline enum context current_context(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.preempt.count) & SOFTIRQ_SERVED ? CONTEXT_SOFTIRQ :
										 CONTEXT_TASK;
}

#else

/* Its own variable up to 6.1 and again since 6.15, in between part of this structure */
struct pcpu_hot {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot pcpu_hot __ksym __weak;

/* Needs a kernel whose kallsyms have data as well (CONFIG_KALLSYMS_ALL) */
static __always_inline enum context current_context(void)
{
	const struct pcpu_hot *hot;
	int count;

	if (&__preempt_count) {
		count = *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	} else if (&pcpu_hot) {
		hot = bpf_this_cpu_ptr(&pcpu_hot);
		count = hot->preempt_count;
	} else {
		return CONTEXT_UNKNOWN;
	}
	return count & SOFTIRQ_SERVED ? CONTEXT_SOFTIRQ : CONTEXT_TASK;
}

#endif

#endif
