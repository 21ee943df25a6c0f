/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capabilities of a process that traces: what is not needed goes, what is needed now and then is there
 * only then. All of it is the calling thread's; threads and processes that it makes inherit it.
 *
 * What needs which:
 *   CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN   programs, links, filters, nf_tables' counters: always
 *   CAP_SYS_ADMIN     --netns, at the start; whose program stands in front of ours (BPF_PROG_GET_FD_BY_ID)
 *   CAP_SYS_RESOURCE  RLIMIT_MEMLOCK up to 5.10, at the start
 *   CAP_SYSLOG        addresses in /proc/kallsyms, when it is opened
 *   CAP_SYS_PTRACE    /proc/PID/ns and /proc/PID/root: whose BIRD it is, and confd's files in there
 *   CAP_DAC_OVERRIDE  BIRD's socket where BIRD is another user; -w into a directory of another user's
 */
#ifndef CALITRACE_PRIV_H
#define CALITRACE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * At the start: keeps what the list above has, of it what is there; empties the bounding and the
 * ambient set, so that no program that is run gets any of it back; no_new_privs.
 */
void priv_start(void);
/*
 * Once everything is attached: of these only the first three stay in effect, the others can be
 * raised, and what only the start needs is gone. writes: files are going to be made by name (-w).
 * A process that has CAP_SYS_ADMIN in the place of CAP_BPF or CAP_PERFMON keeps it.
 */
void priv_settle(bool writes);
/* Of a process or thread that helps: CAP_NET_ADMIN alone, or nothing. */
void priv_only_net_admin(void);
void priv_none(void);

/* Raises one (CAP_*) if it is there, for what stands between this and priv_lower(): never nested. */
struct priv_raised {
	uint64_t before; /* in effect */
};
struct priv_raised priv_raise(int cap, int cap2);
void priv_lower(const struct priv_raised *r);

/* Whether it is in effect */
bool priv_has(int cap);

/* The names of those that single sources need and that are missing, "": none is. */
void priv_missing(char *names, size_t size);

#endif
