// SPDX-License-Identifier: GPL-2.0-only
/* Names of functions, from a kallsyms of our own below a directory of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols.h"

#define BASE 0xffffffff81000000ull
#define MODULE 0xffffffffc0400000ull
#define S 1000000000ull

static char dir[] = "/tmp/calitrace-symbols.XXXXXX";

static const char core[] = "0000000000000000 A fixed_percpu_data\n"
			   "ffffffff81000000 T _stext\n"
			   "ffffffff81000200 t ip_rcv_finish_core.constprop.0\n"
			   "ffffffff81000100 T ip_error\n"
			   "ffffffff81000100 T ip_error_alias\n"
			   "ffffffff81000300 D not_text\n"
			   "ffffffff81000400 W nf_hook_slow\n"
			   "ffffffff81000500 t _stub.isra.0.cold\n";
static const char ipip[] = "ffffffffc0400000 t ipip_rcv\t[ipip]\n"
			   "ffffffffc0400100 t cleanup_module\t[ipip]\n";
static const char nft[] = "ffffffffc0403000 t nft_do_chain\t[nf_tables]\n";

static const char ipip_only[] = "ipip 16384 0 - Live 0xffffffffc0400000\n";
static const char ipip_used[] = "ipip 16384 3 nobody, Live 0xffffffffc0400000\n";
static const char both[] = "nf_tables 372736 8 nft_compat, Live 0xffffffffc0401000\n"
			   "ipip 16384 0 - Live 0xffffffffc0400000\n";
/* right behind ipip, where cleanup_module could still be going on */
static const char nft_near[] = "ffffffffc0401000 t nft_do_chain\t[nf_tables]\n";

static void write_proc(const char *name, const char *a, const char *b, const char *c)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s%s%s", a, b, c);
	assert_int_equal(fclose(f), 0);
}

static void write_kallsyms(const char *a, const char *b, const char *c)
{
	write_proc("kallsyms", a, b, c);
}

static void write_modules(const char *list)
{
	write_proc("modules", list, "", "");
}

static int setup(void **state)
{
	struct symbols *s;

	write_kallsyms(core, ipip, "");
	write_modules(ipip_only);
	if (symbols__new(dir, &s))
		return -1;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	symbols__free(*state);
	return 0;
}

static void functions(void **state)
{
	static const struct {
		uint64_t addr;
		const char *name;
	} cases[] = {
		{ BASE + 0x101, "ip_error" },
		{ BASE + 0x1ff, "ip_error" },
		{ BASE + 0x200, "ip_error" }, /* its last call: the return address is the next's */
		{ BASE + 0x201, "ip_rcv_finish_core" },
		{ BASE + 0x301, "ip_rcv_finish_core" }, /* data counts for nothing */
		{ BASE + 0x410, "nf_hook_slow" },
		{ BASE + 0x510, "_stub" },
		{ BASE + 0x10000000, "" },
		{ BASE, "" },
		{ 0, "" },
		{ MODULE + 0x10, "ipip_rcv" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(symbols__location(*state, cases[i].addr, S), cases[i].name);
}

/* A module that came later lies behind another one's last function; it is not that function. */
static void module_comes(void **state)
{
	assert_string_equal(symbols__location(*state, MODULE + 0x3010, 10 * S), "");
	write_kallsyms(core, ipip, nft);
	assert_string_equal(symbols__location(*state, MODULE + 0x3010, 14 * S), "");
	assert_string_equal(symbols__location(*state, MODULE + 0x3010, 15 * S), "nft_do_chain");
}

/* The list of modules tells at once, also where the address seemed to be known. */
static void module_list_changes(void **state)
{
	assert_string_equal(symbols__location(*state, MODULE + 0x1010, 10 * S), "cleanup_module");
	write_kallsyms(core, ipip, nft_near);
	write_modules(both);
	assert_string_equal(symbols__location(*state, MODULE + 0x1010, 11 * S), "nft_do_chain");
	assert_string_equal(symbols__location(*state, MODULE + 0x10, 11 * S), "ipip_rcv");
	/* and gone again, with another one in its place */
	write_kallsyms(core, ipip, "ffffffffc0401000 t tunnel4_rcv\t[tunnel4]\n");
	write_modules(ipip_only);
	assert_string_equal(symbols__location(*state, MODULE + 0x1010, 12 * S), "tunnel4_rcv");
}

/* 10 MB are not read because a module has one more user, nor for the kernel's own functions. */
static void module_list_stays(void **state)
{
	assert_string_equal(symbols__location(*state, MODULE + 0x10, 10 * S), "ipip_rcv");
	write_kallsyms("ffffffff81000100 T renamed\n", "", "");
	write_modules(ipip_used);
	assert_string_equal(symbols__location(*state, MODULE + 0x10, 11 * S), "ipip_rcv");
	write_modules(both);
	assert_string_equal(symbols__location(*state, BASE + 0x101, 12 * S), "ip_error");
	assert_string_equal(symbols__location(*state, MODULE + 0x10, 13 * S), "");
}

/* kptr_restrict */
struct teller {
	const char *name;
	int cnt, err;
};

static int tell(void *ctx, uint64_t addr, char *name, size_t size)
{
	struct teller *t = ctx;

	t->cnt++;
	assert_int_equal(addr, BASE + 0x100);
	snprintf(name, size, "%s", t->name);
	return t->err;
}

/* Who can be asked is, once a second for each address; who cannot answer is not asked again */
static void asked(void **state)
{
	static const struct {
		const char *says, *name;
	} cases[] = {
		{ "ip_rcv", "ip_rcv" },
		{ "nft_do_chain [nf_tables]", "nft_do_chain" },
		{ "ip_rcv.cold", "ip_rcv" },
		{ "f.isra.0 [m]", "f" },
		{ ".text", ".text" },
		{ "0xffffffff81000100", "" },
		{ "", "" },
	};
	struct teller t = { 0 };

	symbols__ask(*state, tell, &t);
	for (uint64_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.name = cases[i].says;
		for (uint64_t j = 0; j < 3; j++)
			assert_string_equal(symbols__location(*state, BASE + 0x101,
							      2 * i * S + j + 1),
					    cases[i].name);
		assert_int_equal(t.cnt, i + 1);
	}
	t.cnt = 0;
	t.err = -1;
	for (uint64_t i = 0; i < 3; i++)
		assert_string_equal(symbols__location(*state, BASE + 0x101, (100 + 2 * i) * S),
				    "ip_error");
	assert_int_equal(t.cnt, 1);
}

static void zeros(void **state)
{
	write_kallsyms("0000000000000000 T ip_error\n", "", "");
	assert_string_equal(symbols__location(*state, BASE + 0x101, S), "");
}

static void no_file(void **state)
{
	struct symbols *s;

	(void)state;
	assert_int_equal(symbols__new("/nonexistent", &s), 0);
	assert_string_equal(symbols__location(s, BASE + 0x101, S), "");
	symbols__free(s);
	symbols__free(NULL);
}

/* The number of NO_SOCKET differs from kernel to kernel, so it is looked for. */
static void reasons(void **state)
{
	uint32_t i, found = 0;

	assert_string_equal(symbols__reason(*state, 0), "");
	assert_string_equal(symbols__reason(*state, 0xffff), "");
	assert_string_equal(symbols__reason(*state, 0x20003), "SUBSYS_2.3");
	for (i = 1; i < 200; i++)
		found += !strcmp(symbols__reason(*state, i), "NO_SOCKET");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		skip();
	/* 5.10 has no reasons at all */
	assert_true(found <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(functions, setup, teardown),
		cmocka_unit_test_setup_teardown(module_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(module_list_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(module_list_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(asked, setup, teardown),
		cmocka_unit_test_setup_teardown(zeros, setup, teardown),
		cmocka_unit_test_setup_teardown(reasons, setup, teardown),
		cmocka_unit_test(no_file),
	};
	char path[PATH_MAX];
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/proc", dir);
	if (mkdir(path, 0700))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "%s/proc/kallsyms", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/proc/modules", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/proc", dir);
	rmdir(path);
	rmdir(dir);
	return failed;
}
