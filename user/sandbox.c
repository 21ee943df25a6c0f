// SPDX-License-Identifier: GPL-2.0-only
/*
 * A list of system calls that reading captures needs; see sandbox.h. What is on neither list fails with
 * EPERM, as a C library may try it and do without. What only somebody who has taken the process over
 * would call ends it.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#define INSNS_MAX 512

/* Everybody */
static const int allowed[] = {
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_write,
	SYS_writev,
	SYS_lseek,
	SYS_close,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_faccessat,
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
	SYS_getdents64,
	SYS_readlinkat,
	SYS_getcwd,
	SYS_fcntl,
	SYS_dup,
	SYS_dup3,
	SYS_fadvise64,
	SYS_ppoll,
	/* the output, which is open */
	SYS_fsync,
	SYS_fdatasync,
	SYS_ftruncate,
	/* memory */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_futex,
	SYS_set_robust_list,
#ifdef SYS_rseq
	SYS_rseq,
#endif
	/* the clock, the process, its signals */
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_sysinfo,
	SYS_uname,
	SYS_getrandom,
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_prlimit64,
	SYS_getrusage,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigpending,
	SYS_rt_sigtimedwait,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_wait4,
	SYS_exit,
	SYS_exit_group,
#ifdef __x86_64__
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_poll,
	SYS_dup2,
	SYS_time,
	SYS_getrlimit,
	SYS_arch_prctl,
#endif
};

/* Who traces: netlink, BIRD, programs and filters, the loop, the guardian, files that rotate */
static const int tracing[] = {
	SYS_bpf,
	SYS_socket,
	SYS_socketpair,
	SYS_bind,
	SYS_connect,
	SYS_sendto,
	SYS_sendmsg,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_shutdown,
	SYS_openat2,
	SYS_ioctl,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_eventfd2,
	SYS_signalfd4,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_inotify_init1,
	SYS_inotify_add_watch,
	SYS_inotify_rm_watch,
	SYS_pipe2,
	SYS_pread64,
	SYS_pwrite64,
	SYS_waitid,
	SYS_kill,
	SYS_tgkill,
	SYS_clone,
#ifdef SYS_clone3
	SYS_clone3,
#endif
	SYS_setsid,
	SYS_chdir,
	SYS_prctl,
	SYS_capget,
	SYS_capset,
	SYS_membarrier,
	SYS_msync,
	SYS_sched_setscheduler,
	SYS_sched_getscheduler,
	SYS_sched_getparam,
	SYS_setpriority,
	SYS_getpriority,
#ifdef SYS_close_range
	SYS_close_range,
#endif
#ifdef __x86_64__
	SYS_fork,
	SYS_pipe,
	SYS_epoll_wait,
#endif
};
static const int writing[] = {
	SYS_openat,    SYS_renameat, SYS_unlinkat, SYS_fchmod, SYS_linkat, SYS_fallocate,
#ifdef SYS_renameat2
	SYS_renameat2,
#endif
#ifdef __x86_64__
	SYS_open,      SYS_rename,   SYS_unlink,
#endif
};

static const int serving[] = { SYS_accept4 };

/* What nobody here has a reason to call */
static const int deadly[] = {
	SYS_execve,	   SYS_execveat,   SYS_listen,		 SYS_accept,
	SYS_accept4,	   SYS_ptrace,	   SYS_process_vm_readv, SYS_process_vm_writev,
	SYS_mount,	   SYS_umount2,	   SYS_pivot_root,	 SYS_chroot,
	SYS_unshare,	   SYS_setns,	   SYS_init_module,	 SYS_finit_module,
	SYS_delete_module, SYS_kexec_load,
};
/* And nobody who only reads captures */
static const int deadly_offline[] = {
	SYS_clone,  SYS_connect, SYS_bind, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_bpf,
#ifdef SYS_clone3
	SYS_clone3,
#endif
#ifdef __x86_64__
	SYS_fork,   SYS_vfork,
#endif
};

struct program {
	struct sock_filter insn[INSNS_MAX];
	unsigned short cnt;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->cnt < INSNS_MAX)
		p->insn[p->cnt] = (struct sock_filter){ code, jt, jf, k };
	p->cnt++;
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_nr(struct program *p)
{
	load(p, offsetof(struct seccomp_data, nr));
}

/* Both architectures are little endian. */
static void load_arg(struct program *p, int n)
{
	load(p, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)n);
}

static void ret(struct program *p, uint32_t action)
{
	add(p, BPF_RET | BPF_K, action, 0, 0);
}

/* The number is loaded, and is so again behind it. */
static void on_call(struct program *p, int nr, uint32_t action)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	ret(p, action);
}

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

/* Allowed unless the argument has one of the bits */
static void unless_bits(struct program *p, int nr, int arg, uint32_t bits)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
	load_arg(p, arg);
	add(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	ret(p, REFUSED);
	ret(p, SECCOMP_RET_ALLOW);
}

/* Allowed if the argument is that */
static void if_equal(struct program *p, int nr, int arg, uint32_t value)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
	load_arg(p, arg);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	ret(p, SECCOMP_RET_ALLOW);
	load_nr(p);
}

#ifdef ARCH
static void on_calls(struct program *p, const int *nr, size_t cnt, uint32_t action)
{
	for (size_t i = 0; i < cnt; i++)
		on_call(p, nr[i], action);
}

enum purpose {
	OFFLINE,
	TRACE,
	TRACE_AND_WRITE,
	TRACE_AND_SERVE
};

static void compile(struct program *p, enum purpose purpose)
{
	const uint32_t writes = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);

	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	ret(p, SECCOMP_RET_KILL_PROCESS);
	load_nr(p);
#ifdef X32_BIT
	add(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	ret(p, SECCOMP_RET_KILL_PROCESS);
#endif
	on_calls(p, allowed, ARRAY_SIZE(allowed), SECCOMP_RET_ALLOW);
	if (purpose != OFFLINE)
		on_calls(p, tracing, ARRAY_SIZE(tracing), SECCOMP_RET_ALLOW);
	if (purpose == TRACE_AND_WRITE)
		on_calls(p, writing, ARRAY_SIZE(writing), SECCOMP_RET_ALLOW);
	if (purpose == TRACE_AND_SERVE)
		on_calls(p, serving, ARRAY_SIZE(serving), SECCOMP_RET_ALLOW);
	on_calls(p, deadly, ARRAY_SIZE(deadly), SECCOMP_RET_KILL_PROCESS);
	if (purpose == OFFLINE)
		on_calls(p, deadly_offline, ARRAY_SIZE(deadly_offline), SECCOMP_RET_KILL_PROCESS);
	unless_bits(p, SYS_openat, 2, writes);
#ifdef __x86_64__
	unless_bits(p, SYS_open, 1, writes);
#endif
	unless_bits(p, SYS_mmap, 2, PROT_EXEC);
	unless_bits(p, SYS_mprotect, 2, PROT_EXEC);
	/* whether it is a terminal, and how wide */
	if_equal(p, SYS_ioctl, 1, TCGETS);
	if_equal(p, SYS_ioctl, 1, TIOCGWINSZ);
	ret(p, REFUSED);
}
#endif

bool sandbox_works(void)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

#if defined(__SANITIZE_ADDRESS__) || !defined(ARCH)
	return false;
#endif
	return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

#ifdef ARCH
static int enter(enum purpose purpose)
{
	struct program p = { .cnt = 0 };
	struct sock_fprog prog = { .filter = p.insn };

	if (!sandbox_works())
		return -EOPNOTSUPP;
	compile(&p, purpose);
	if (p.cnt > INSNS_MAX)
		return -E2BIG;
	prog.len = p.cnt;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog))
		return -errno;
	return 0;
}

int sandbox_enter(void)
{
	return enter(OFFLINE);
}

int sandbox_enter_tracing(bool writes)
{
	return enter(writes ? TRACE_AND_WRITE : TRACE);
}

int sandbox_enter_serving(void)
{
	return enter(TRACE_AND_SERVE);
}
#else
int sandbox_enter(void)
{
	return -EOPNOTSUPP;
}

int sandbox_enter_tracing(bool writes)
{
	(void)writes;
	return -EOPNOTSUPP;
}

int sandbox_enter_serving(void)
{
	return -EOPNOTSUPP;
}
#endif
