/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dead man's switch: when user space has given no sign of life for cfg.dead_ms, each program
 * returns at once. A filter that outlived its process, or a process that hangs, then costs the
 * node's packets next to nothing.
 */
#ifndef CALITRACE_LIFE_H
#define CALITRACE_LIFE_H

/*
 * The clock is read once in a jiffy at most, by the first packet of it; all others find that jiffy
 * remembered. Only a good answer is, so that a new sign of life counts at once. CPUs may write it
 * at the same time: what they write is the same number, or one a jiffy older, after which somebody
 * looks again. A beat that is newer than the clock was when it was read makes the age negative.
 */
static __always_inline bool alive(void)
{
	__u64 jiffy = bpf_jiffies64();

	if (life.alive_at == jiffy || !cfg.dead_ms)
		return true;
	if ((__s64)(bpf_ktime_get_ns() - life.beat_ns) > (__s64)cfg.dead_ms * 1000000)
		return false;
	life.alive_at = jiffy;
	return true;
}

#endif
