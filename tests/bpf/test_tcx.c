// SPDX-License-Identifier: GPL-2.0-only
/* TCX in a network namespace of the test's own: what is attached, and what comes before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "tcx.h"

#define LOOPBACK 1

/* return TCX_PASS, which ends the chain */
static int program(const char *name)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, name, "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static int setup(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET);
}

/* 6.6 brought it: elsewhere there is nothing to test */
static void need_tcx(int prog_fd)
{
	if (tcx_probe(prog_fd))
		skip();
}

static void test_there_and_gone(void **state)
{
	int prog = program("calitrace_in"), link;
	uint32_t id = tcx_prog_id(prog);
	bool there, front;

	(void)state;
	need_tcx(prog);
	assert_int_equal(tcx_look(LOOPBACK, false, id, &there, &front), 0);
	assert_false(there);
	link = tcx_attach(prog, LOOPBACK, false);
	assert_true(link >= 0);
	assert_int_equal(tcx_look(LOOPBACK, false, id, &there, &front), 0);
	assert_true(there);
	assert_false(front);
	assert_int_equal(tcx_look(LOOPBACK, true, id, &there, &front), 0);
	assert_false(there);
	assert_int_equal(bpf_link_detach(link), 0);
	assert_int_equal(tcx_look(LOOPBACK, false, id, &there, &front), 0);
	assert_false(there);
	assert_int_equal(tcx_look(4711, false, id, &there, &front), -ENODEV);
	close(link);
	close(prog);
}

static void test_foreign_in_front(void **state)
{
	int ours = program("calitrace_in"), sister = program("calitrace_in");
	int stranger = program("stranger"), link[3];
	uint32_t id = tcx_prog_id(ours);
	bool there, front;

	(void)state;
	need_tcx(ours);
	link[0] = tcx_attach(ours, LOOPBACK, true);
	/* another calitrace lets everything pass */
	link[1] = tcx_attach(sister, LOOPBACK, true);
	assert_true(link[0] >= 0 && link[1] >= 0);
	assert_int_equal(tcx_look(LOOPBACK, true, id, &there, &front), 0);
	assert_true(there);
	assert_false(front);
	link[2] = tcx_attach(stranger, LOOPBACK, true);
	assert_true(link[2] >= 0);
	assert_int_equal(tcx_look(LOOPBACK, true, id, &there, &front), 0);
	assert_true(there);
	assert_true(front);
	/* behind ours it is nobody's business */
	close(link[0]);
	link[0] = tcx_attach(ours, LOOPBACK, true);
	assert_int_equal(tcx_look(LOOPBACK, true, id, &there, &front), 0);
	assert_true(there);
	assert_false(front);
	for (int i = 0; i < 3; i++)
		close(link[i]);
	close(ours);
	close(sister);
	close(stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_gone),
		cmocka_unit_test(test_foreign_in_front),
	};

	return cmocka_run_group_tests_name("tcx", tests, setup, NULL);
}
