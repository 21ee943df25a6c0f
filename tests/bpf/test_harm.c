// SPDX-License-Identifier: GPL-2.0-only
/*
 * No harm to packets, as far as the compiled object itself can show it: what the TC programs return
 * on each path, what helpers all programs call, whether a packet's bytes can be written to; and what
 * became of many packets. tests/trust/bad.bpf.c has programs that must be refused.
 */
#include "frame.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "loader.h"
#include "util.h"

#define PACKETS 100000

extern const char calitrace_bpf_object[], calitrace_bpf_object_end[];
extern const char bad_bpf_object[], bad_bpf_object_end[];
asm(".pushsection .rodata\n.balign 8\n.globl bad_bpf_object\nbad_bpf_object:\n.incbin \"" BAD_OBJECT
    "\"\n.globl bad_bpf_object_end\nbad_bpf_object_end:\n.popsection\n");

/* ---- the walk ---- */

/* What r0 may be before an instruction, if it is reached at all */
#define PASS 1 /* -1: the next one decides */
#define ELSE 2

struct walk {
	const struct bpf_insn *insns;
	size_t cnt, exits;
	uint8_t *r0;
	char said[200];
};

static void complain(struct walk *w, size_t at, const char *what)
{
	if (!w->said[0])
		snprintf(w->said, sizeof(w->said), "instruction %zu: %s", at, what);
}

static bool writes_r0(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
	case BPF_LDX:
		return i->dst_reg == 0;
	case BPF_LD:
		return BPF_MODE(i->code) != BPF_IMM || i->dst_reg == 0;
	case BPF_STX: /* an atomic one may bring back what was there */
		return BPF_MODE(i->code) == BPF_ATOMIC &&
		       (i->imm == BPF_CMPXCHG || (i->imm & BPF_FETCH && i->src_reg == 0));
	case BPF_JMP:
		return BPF_OP(i->code) == BPF_CALL;
	}
	return false;
}

/* Of 32 bits or 64: an int is returned. */
static uint8_t r0_after(const struct bpf_insn *i, uint8_t before)
{
	if (i->dst_reg == 0 && i->imm == -1 &&
	    (i->code == (BPF_ALU64 | BPF_MOV | BPF_K) || i->code == (BPF_ALU | BPF_MOV | BPF_K)))
		return PASS;
	return writes_r0(i) ? ELSE : before;
}

static bool reach(struct walk *w, size_t from, long to, uint8_t r0)
{
	uint8_t was;

	if (to < 0 || (size_t)to >= w->cnt) {
		complain(w, from, "goes on outside of the program");
		return false;
	}
	was = w->r0[to];
	w->r0[to] |= r0;
	return w->r0[to] != was;
}

/* To all that may follow; is there news? */
static bool step(struct walk *w, size_t at)
{
	const struct bpf_insn *i = &w->insns[at];
	uint8_t cls = BPF_CLASS(i->code), op = BPF_OP(i->code), r0 = r0_after(i, w->r0[at]);
	long next = (long)at + 1;
	bool news;

	if (i->code == (BPF_LD | BPF_DW | BPF_IMM))
		return reach(w, at, next + 1, r0);
	if (cls == BPF_JMP && op == BPF_EXIT)
		return false;
	if (cls == BPF_JMP && op == BPF_JA)
		return reach(w, at, next + i->off, r0);
	news = reach(w, at, next, r0);
	if (cls == BPF_JMP32 && op == BPF_JA)
		complain(w, at, "a jump that this walk does not know");
	else if ((cls == BPF_JMP && op != BPF_CALL) || cls == BPF_JMP32)
		news |= reach(w, at, next + i->off, r0);
	return news;
}

/* Every path from the start to an exit has set r0 to -1, by a number, and not changed it since. */
static void walk_exits(struct walk *w)
{
	bool news = true;

	w->r0[0] = ELSE;
	while (news) {
		news = false;
		for (size_t at = 0; at < w->cnt; at++)
			news |= w->r0[at] && step(w, at);
	}
	for (size_t at = 0; at < w->cnt; at++) {
		if (w->insns[at].code != (BPF_JMP | BPF_EXIT) || !w->r0[at])
			continue;
		w->exits++;
		if (w->r0[at] != PASS)
			complain(w, at, "an exit that may return something else than -1");
	}
	if (!w->exits)
		complain(w, 0, "no exit");
}

/* None of these changes a packet, sends one, or leaves the program. */
static bool is_harmless(int32_t helper)
{
	static const int32_t known[] = {
		BPF_FUNC_map_lookup_elem,
		BPF_FUNC_map_update_elem,
		BPF_FUNC_ktime_get_ns,
		BPF_FUNC_get_smp_processor_id,
		BPF_FUNC_skb_load_bytes,
		BPF_FUNC_get_current_task,
		BPF_FUNC_skb_load_bytes_relative,
		BPF_FUNC_probe_read_kernel,
		BPF_FUNC_probe_read_kernel_str,
		BPF_FUNC_jiffies64,
		BPF_FUNC_ringbuf_reserve,
		BPF_FUNC_ringbuf_submit,
		BPF_FUNC_ringbuf_query,
		BPF_FUNC_snprintf,
		BPF_FUNC_this_cpu_ptr,
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i] == helper)
			return true;
	}
	return false;
}

static void walk_calls(struct walk *w)
{
	char what[60];

	for (size_t at = 0; at < w->cnt; at++) {
		const struct bpf_insn *i = &w->insns[at];

		if (i->code == (BPF_LD | BPF_DW | BPF_IMM)) {
			at++;
		} else if (i->code == (BPF_JMP | BPF_CALL) && i->src_reg) {
			complain(w, at, "a call of a function that is no helper");
		} else if (i->code == (BPF_JMP | BPF_CALL) && !is_harmless(i->imm)) {
			snprintf(what, sizeof(what), "helper %d", i->imm);
			complain(w, at, what);
		}
	}
}

static bool is_tc(const struct bpf_program *p)
{
	return !strcmp(bpf_program__section_name(p), "tc");
}

/* Complaints in w->said */
static void walk(struct walk *w, const struct bpf_program *p)
{
	*w = (struct walk){ .insns = bpf_program__insns(p), .cnt = bpf_program__insn_cnt(p) };
	w->r0 = calloc(w->cnt, 1);
	assert_non_null(w->r0);
	walk_calls(w);
	if (is_tc(p))
		walk_exits(w);
	free(w->r0);
}

static struct bpf_object *open_object(const char *from, const char *end, const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	struct bpf_object *obj = bpf_object__open_mem(from, (size_t)(end - from), &opts);

	assert_non_null(obj);
	return obj;
}
#define OURS() open_object(calitrace_bpf_object, calitrace_bpf_object_end, "calitrace")
#define BAD() open_object(bad_bpf_object, bad_bpf_object_end, "bad")

static void test_walk(void **state)
{
	struct bpf_object *obj = OURS();
	size_t insns = 0, exits = 0, programs = 0, tc = 0;
	struct bpf_program *p;
	struct walk w;

	(void)state;
	bpf_object__for_each_program(p, obj)
	{
		walk(&w, p);
		if (w.said[0])
			fail_msg("%s: %s", bpf_program__name(p), w.said);
		programs++;
		tc += is_tc(p);
		insns += is_tc(p) ? w.cnt : 0;
		exits += w.exits;
	}
	assert_int_equal(tc, 2);
	printf("figure %zu TC programs, %zu instructions: %zu of %zu exits return -1; helpers of "
	       "all %zu programs: none that writes or sends\n",
	       tc, insns, exits, exits, programs);
	bpf_object__close(obj);
}

/* The walk sees what is wrong with each of these but one. */
static void test_walk_refuses(void **state)
{
	static const struct {
		const char *name, *said;
	} bad[] = {
		{ "bad_path", "something else than -1" },
		{ "bad_value", "something else than -1" },
		{ "bad_write", "helper 9" },
		{ "bad_redirect", "helper 13" },
		{ "bad_tail", "helper 12" },
		{ "bad_call", "no helper" },
	};
	struct bpf_object *obj = BAD();
	struct walk w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		walk(&w, bpf_object__find_program_by_name(obj, bad[i].name));
		if (!strstr(w.said, bad[i].said))
			fail_msg("%s: expected '%s', saw '%s'", bad[i].name, bad[i].said, w.said);
	}
	bpf_object__close(obj);
}

/* ---- no way to write to a packet ---- */

/*
 * The verifier lets a program of type LWT_OUT read packets and write to none. It has no
 * skb_load_bytes_relative; skb_load_bytes takes the same arguments but the last one.
 */
static int load_as_reader(struct bpf_program *p)
{
	size_t cnt = bpf_program__insn_cnt(p);
	struct bpf_insn *insns = calloc(cnt, sizeof(*insns));
	int err;

	assert_non_null(insns);
	memcpy(insns, bpf_program__insns(p), cnt * sizeof(*insns));
	for (size_t i = 0; i < cnt; i++) {
		if (insns[i].code == (BPF_JMP | BPF_CALL) && !insns[i].src_reg &&
		    insns[i].imm == BPF_FUNC_skb_load_bytes_relative)
			insns[i].imm = BPF_FUNC_skb_load_bytes;
	}
	err = bpf_program__set_insns(p, insns, cnt);
	free(insns);
	if (!err)
		err = bpf_program__set_type(p, BPF_PROG_TYPE_LWT_OUT);
	return err;
}

/* The named TC program alone. What the configuration says must not hide a path. */
static int load_one(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p;
	struct bpf_map *m;

	bpf_object__for_each_program(p, obj)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
	bpf_object__for_each_map(m, obj)
	{
		if (strstr(bpf_map__name(m), ".rodata"))
			bpf_map__set_map_flags(m, bpf_map__map_flags(m) & ~BPF_F_RDONLY_PROG);
	}
	p = bpf_object__find_program_by_name(obj, name);
	assert_non_null(p);
	assert_int_equal(load_as_reader(p), 0);
	return bpf_object__load(obj);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static void test_no_write(void **state)
{
	static const char *const names[] = { "calitrace_in", "calitrace_eg" };
	struct bpf_object *obj;
	libbpf_print_fn_t before;
	int err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		obj = OURS();
		err = load_one(obj, names[i]);
		bpf_object__close(obj);
		if (err == -EPERM || err == -ESRCH)
			skip();
		assert_int_equal(err, 0);
	}
	/* the same, of one that only exclusive-ors a bit of the first byte */
	before = libbpf_set_print(quiet);
	obj = BAD();
	err = load_one(obj, "bad_store");
	libbpf_set_print(before);
	bpf_object__close(obj);
	assert_true(err < 0);
	obj = BAD();
	assert_int_equal(load_one(obj, "bad_path"), 0);
	bpf_object__close(obj);
	printf("figure both TC programs load as a type that cannot write to packets\n");
}

/* ---- many packets ---- */

static void seed(struct frame *f, unsigned int which)
{
	*f = (struct frame){ 0 };
	put_eth(f, ETH_P_IP);
	switch (which % 7) {
	case 0:
		put_dns(f, POD, FAR, 5);
		break;
	case 1:
		put_dns(f, POD, FAR, 8);
		break;
	case 2:
		put_echo(f, POD, FAR, 0);
		break;
	case 3:
		put_ipip(f, 0, 5);
		break;
	case 4:
		put_vxlan(f, 4789);
		break;
	case 5:
		put_dns_tcp(f, DNS_LEN, 8);
		break;
	default:
		f->len = 0;
		put_icmp_error(f, 3, 28 + DNS_LEN);
		put_dns(f, POD, FAR, 5);
	}
}

/* Every other one as it is, the rest with a few octets changed */
static void bend(struct frame *f, unsigned int i, unsigned int *rnd)
{
	for (unsigned int n = i & 1 ? 1 + (unsigned int)rand_r(rnd) % 4 : 0; n; n--)
		f->b[12 + (unsigned int)rand_r(rnd) % (f->len - 12)] = (uint8_t)rand_r(rnd);
	if (i % 8 == 7)
		f->len = 15 + (unsigned int)rand_r(rnd) % (f->len - 14);
}

static void keep_none(void *ctx, const void *data, size_t len)
{
	(void)data;
	(void)len;
	++*(uint64_t *)ctx;
}

/* Newer kernels take none that is shorter than its IP header in such a run. */
static bool is_refused(int err, const struct frame *f)
{
	return err == -EINVAL && f->len < 14 + 40;
}

/* Does a byte differ after a run? Into *ret what was returned, REFUSED if there was no run. */
#define REFUSED 4711
static bool is_changed(int fd, const struct frame *f, int *ret)
{
	static uint8_t out[sizeof(f->b)];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->b, .data_size_in = f->len,
		    .data_out = out, .data_size_out = sizeof(out));
	int err = bpf_prog_test_run_opts(fd, &opts);

	*ret = REFUSED;
	if (is_refused(err, f))
		return false;
	assert_int_equal(err, 0);
	*ret = (int)opts.retval;
	return opts.data_size_out != f->len || memcmp(out, f->b, f->len);
}

static void test_packets(void **state)
{
	struct loader_opts opts = { .dns_port = { 53 }, .bgp_port = 179, .vxlan_port = 4789 };
	struct obs_pools pools = { .cnt = 1 };
	uint64_t records = 0, bytes = 0;
	unsigned int rnd = 8;
	struct loader *l;
	struct frame f;
	char why[300];
	struct stat st;
	int ret;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(prefix_parse("198.18.0.0/15", &pools.pool[0].cidr), 0);
	opts.netns_inum = (uint32_t)st.st_ino;
	if (loader__open(&opts, &l, why, sizeof(why)))
		skip();
	assert_int_equal(loader__set_pools(l, &pools), 0);
	for (unsigned int i = 0, ran = 0; ran < PACKETS; i++) {
		seed(&f, i / 2);
		bend(&f, i, &rnd);
		assert_false(is_changed(loader__path_fd(l, i / 14 & 1), &f, &ret));
		if (ret == REFUSED)
			continue;
		assert_int_equal(ret, -1);
		ran++;
		bytes += f.len;
		if (ran % 256 == 0)
			assert_true(loader__consume(l, keep_none, &records) >= 0);
	}
	assert_true(loader__consume(l, keep_none, &records) >= 0);
	/* they were looked at, and not passed over */
	assert_true(records + loader__lost(l, NULL) + loader__withheld(l, NULL) > PACKETS / 4);
	printf("figure %d packets, %llu bytes: 0 bytes changed, %d returned -1, %llu told of\n",
	       PACKETS, (unsigned long long)bytes, PACKETS, (unsigned long long)records);
	loader__free(l);
}

/* A test that cannot fail would prove nothing. */
static void test_packets_refuses(void **state)
{
	struct bpf_object *obj = BAD();
	struct bpf_program *p;
	struct frame f;
	int ret;

	(void)state;
	seed(&f, 0);
	bpf_object__for_each_program(p, obj)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), "bad_store"));
	if (bpf_object__load(obj))
		skip();
	p = bpf_object__find_program_by_name(obj, "bad_store");
	assert_true(is_changed(bpf_program__fd(p), &f, &ret));
	bpf_object__close(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_refuses),
		cmocka_unit_test(test_no_write),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_packets_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
