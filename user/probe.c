// SPDX-License-Identifier: GPL-2.0-only
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define LOCKDOWN "/sys/kernel/security/lockdown"

/* CAP_SYS_ADMIN stands for the two that were split off from it in 5.8. */
static const struct {
	const char *name;
	int cap;
	bool admin_too;
} needed_caps[] = {
	{ "CAP_BPF", CAP_BPF, true },
	{ "CAP_PERFMON", CAP_PERFMON, true },
	{ "CAP_NET_ADMIN", CAP_NET_ADMIN, false },
};

/* Not from /proc/self/status: /proc may be another pid namespace's, or hidden */
static uint64_t effective_caps(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &hdr, data))
		return UINT64_MAX;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool missing_caps(uint64_t caps, char *names, size_t size)
{
	bool admin = caps >> CAP_SYS_ADMIN & 1;
	size_t i, len = 0;

	names[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(needed_caps); i++) {
		if (caps >> needed_caps[i].cap & 1 || (admin && needed_caps[i].admin_too))
			continue;
		snprintf(names + len, size - len, "%s%s", len ? ", " : "", needed_caps[i].name);
		len = strlen(names);
	}
	return len;
}

/* The mode in force stands in brackets; without the security module there is no such file */
static bool locked_down(void)
{
	char text[128];
	int fd = open(LOCKDOWN, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return strstr(text, "[confidentiality]");
}

int probe_environment(char *why, size_t why_sz)
{
	char names[64];

	if (missing_caps(effective_caps(), names, sizeof(names))) {
		snprintf(why, why_sz, "not enough privileges: %s missing; run as root", names);
		return -EPERM;
	}
	if (locked_down()) {
		snprintf(why, why_sz,
			 "the kernel is in lockdown mode confidentiality, which "
			 "forbids BPF to read kernel memory: calitrace cannot work");
		return -EPERM;
	}
	if (access(VMLINUX_BTF, R_OK)) {
		snprintf(why, why_sz,
			 "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF): calitrace "
			 "needs it");
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * The reason came with 5.17 (c504e5c2f964) and with stable backports, so the version
 * does not tell. Parameters: void *__data, skb, location, and since then reason.
 */
static bool drop_has_reason(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "btf_trace_kfree_skb", BTF_KIND_TYPEDEF);
	const struct btf_type *t;

	if (id <= 0)
		return false;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type);
	if (t && btf_is_ptr(t))
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) && btf_vlen(t) >= 4;
}

static uint32_t no_socket(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++) {
		const char *name = btf__str_by_offset(btf, btf_enum(t)[i].name_off);

		if (name && !strcmp(name, "SKB_DROP_REASON_NO_SOCKET"))
			return (uint32_t)btf_enum(t)[i].val;
	}
	return 0;
}

/* 0 or -errno: does the kernel take these instructions? */
static int try_insns(enum bpf_prog_type type, const struct bpf_insn *insns, size_t cnt,
		     const struct bpf_prog_load_opts *opts)
{
	int fd = bpf_prog_load(type, "calitrace_try", "GPL", insns, cnt, opts);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int try_fexit(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "ip_route_input_slow", BTF_KIND_FUNC);
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FEXIT);

	if (id < 0)
		return id;
	opts.attach_btf_id = (uint32_t)id;
	return try_insns(BPF_PROG_TYPE_TRACING, nothing, ARRAY_SIZE(nothing), &opts);
}

/* The variables of bpf/context.bpf.h: in BTF they may be, and yet not in kallsyms */
static int try_context(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "__preempt_count", BTF_KIND_VAR);
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_BTF_ID },
		{ 0 },
		nothing[0],
		nothing[1],
	};

	if (id < 0)
		id = btf__find_by_name_kind(btf, "pcpu_hot", BTF_KIND_VAR);
	/* neither: the program asks for none of them */
	if (id < 0)
		return 0;
	insns[0].imm = id;
	return try_insns(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, ARRAY_SIZE(insns), NULL);
}

int probe_kernel(struct probe_kernel *out, struct symbols *sym)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return -errno;
	out->drop_has_reason = drop_has_reason(btf);
	out->no_socket = no_socket(btf);
	out->has_syscall = btf__find_by_name_kind(btf, "bpf_prog_test_run_syscall", BTF_KIND_FUNC) >
			   0;
	if (sym)
		symbols__learn(sym, btf);
	out->fexit_err = try_fexit(btf);
	out->context_err = try_context(btf);
	btf__free(btf);
	return 0;
}

/*
 * A testing aid: CALITRACE_WITHOUT=drop,fib makes this kernel look like one that
 * refuses those probes. "tcx" forces clsact, "reason" the two-argument kfree_skb.
 */
bool probe_switched_off(const char *name)
{
	const char *p = getenv("CALITRACE_WITHOUT");
	size_t len = strlen(name);

	for (; p && *p; p += strspn(p, ",")) {
		size_t n = strcspn(p, ",");

		if (n == len && !strncmp(p, name, len))
			return true;
		p += n;
	}
	return false;
}

/* The last line that says something: behind it the verifier puts its statistics. */
static void last_line(const char *log, char *out, size_t size)
{
	const char *p, *next;

	out[0] = '\0';
	for (p = log; *p; p = next) {
		size_t len = strcspn(p, "\n");

		next = p + len + (p[len] == '\n');
		if (!len || !strncmp(p, "processed ", 10) ||
		    !strncmp(p, "verification time ", 18) || !strncmp(p, "stack depth ", 12))
			continue;
		if (len >= size)
			len = size - 1;
		memcpy(out, p, len);
		out[len] = '\0';
	}
}

void probe_explain(int err, const char *log, char *why, size_t why_sz)
{
	char line[120];

	/* libbpf did not find what the program wants to hook in the kernel's BTF */
	if (err == -ESRCH) {
		snprintf(why, why_sz, "this kernel has no such tracepoint or function");
		return;
	}
	last_line(log, line, sizeof(line));
	snprintf(why, why_sz, "%s%s%s", strerror(-err), line[0] ? ": " : "", line);
}
