// SPDX-License-Identifier: GPL-2.0-only
/*
 * Golden captures: what tracers saw of each fault of the lab, on each kernel, replayed. The findings
 * have to be those that stand in the file beside it, see tests/golden/expect.sh, and no others.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "addr.h"
#include "replay.h"
#include "util.h"

#define GOLDEN "tests/golden"
#define SUFFIX ".pcapng.gz"
#define MAX_TOLD 64
#define MAX_TEXT 8192
#define MAX_CAPTURE (4u << 20)

/* ---- what a replay says ---- */

struct told {
	struct finding finding[MAX_TOLD]; /* by id, the last revision */
	uint32_t cnt;
};

static void on_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	struct told *t = ctx;

	(void)n;
	if (rec->kind != REC_FINDING)
		return;
	assert_in_range(rec->finding->id, 1, MAX_TOLD);
	t->finding[rec->finding->id - 1] = *rec->finding;
	if (rec->finding->id > t->cnt)
		t->cnt = rec->finding->id;
}

/* The capture as a file in memory */
static int unpacked(const char *path)
{
	int fd = memfd_create("golden", 0);
	static uint8_t buf[MAX_CAPTURE];
	gzFile gz = gzopen(path, "rb");
	int len;

	assert_true(fd >= 0);
	assert_non_null(gz);
	len = gzread(gz, buf, sizeof(buf));
	if (len <= 0 || (size_t)len == sizeof(buf) || gzclose(gz) != Z_OK)
		fail_msg("%s: not a capture of less than %u octets", path, MAX_CAPTURE);
	assert_int_equal(write(fd, buf, (size_t)len), len);
	return fd;
}

static void replayed(const char *path, struct told *t)
{
	const struct opts o = { .command = CMD_SHOW };
	char file[32], why[400] = "";
	const char *files[] = { file };
	struct replay_opts ro = { .o = &o, .file = files, .file_cnt = 1 };
	struct replay *r = NULL;
	int fd = unpacked(path);

	*t = (struct told){ 0 };
	ro.ops.record = on_record;
	ro.ops.ctx = t;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	if (replay__open(&ro, &r, why, sizeof(why)) || replay__run(r, why, sizeof(why)))
		fail_msg("%s: %s", path, why);
	replay__free(r);
	close(fd);
}

/* Taken back, and never anything else: what happened is known better by now. */
static bool is_told(const struct finding *f)
{
	return f->id && (f->packets || !f->recovered);
}

static void blocks_str(const struct finding *f, char *buf, size_t sz)
{
	char p[PREFIX_STRLEN];
	size_t at = 0;

	snprintf(buf, sz, "-");
	for (uint32_t i = 0; i < f->block_cnt && i < MAX_BLOCKS && at < sz; i++)
		at += (size_t)snprintf(buf + at, sz - at, "%s%s", i ? "," : "",
				       prefix_str(&f->block[i], p));
}

static void chain_str(const struct finding *f, char *buf, size_t sz)
{
	size_t at = 0;

	buf[0] = '\0';
	for (int i = 0; i < f->because_cnt && at < sz; i++)
		at += (size_t)snprintf(buf + at, sz - at, "%s%s:%s", i ? "," : "",
				       cause_name(f->because[i].cause),
				       confidence_name(f->because[i].confidence));
}

/* ---- what is expected ---- */

/* "?" is anything, and what "|" divides are alternatives */
static bool fits(const char *want, const char *is)
{
	size_t len = strlen(is);

	if (!strcmp(want, "?"))
		return true;
	for (const char *w = want; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
		if (!strncmp(w, is, len) && (w[len] == '|' || !w[len]))
			return true;
	return false;
}

static bool line_fits(const char *line, const struct finding *f)
{
	char verdict[64], blocks[2048], cause[512], chain[512], is[2048];

	if (sscanf(line, "%63s %2047s %511s %511s", verdict, blocks, cause, chain) != 4)
		return false;
	if (strcmp(verdict, verdict_name(f->verdict)))
		return false;
	blocks_str(f, is, sizeof(is));
	if (strcmp(blocks, is))
		return false;
	chain_str(f, is, sizeof(is));
	return fits(cause, cause_name(f->cause)) && fits(chain, is);
}

/* A line for each finding, in the order of their ids, and nothing else */
static bool all_fit(const char *expect, const struct told *t)
{
	char text[MAX_TEXT], *save = NULL, *line;
	uint32_t i = 0;

	snprintf(text, sizeof(text), "%s", expect);
	line = strtok_r(text, "\n", &save);
	for (; i < t->cnt; i++) {
		if (!is_told(&t->finding[i]))
			continue;
		if (!line || !line_fits(line, &t->finding[i]))
			return false;
		line = strtok_r(NULL, "\n", &save);
	}
	return !line;
}

static void expectation(const char *path, char *buf, size_t sz)
{
	char name[PATH_MAX];
	size_t len;
	FILE *f;

	snprintf(name, sizeof(name), "%.*s.expect", (int)(strlen(path) - strlen(SUFFIX)), path);
	f = fopen(name, "r");
	if (!f)
		fail_msg("%s: %s", name, strerror(errno));
	len = fread(buf, 1, sz - 1, f);
	buf[len] = '\0';
	assert_true(len < sz - 1);
	fclose(f);
}

static void say_told(const struct told *t)
{
	char blocks[2048], chain[512];

	for (uint32_t i = 0; i < t->cnt; i++) {
		const struct finding *f = &t->finding[i];

		blocks_str(f, blocks, sizeof(blocks));
		chain_str(f, chain, sizeof(chain));
		if (is_told(f))
			print_error("saw %s %s %s %s\n", verdict_name(f->verdict), blocks,
				    cause_name(f->cause), chain);
	}
}

/* ---- the tests ---- */

static void captures(glob_t *g)
{
	assert_int_equal(glob(GOLDEN "/*/*" SUFFIX, 0, NULL, g), 0);
	assert_true(g->gl_pathc > 0);
}

static void test_replay(void **state)
{
	static struct told t;
	char expect[MAX_TEXT];
	uint32_t wrong = 0;
	glob_t g;

	(void)state;
	captures(&g);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		replayed(g.gl_pathv[i], &t);
		expectation(g.gl_pathv[i], expect, sizeof(expect));
		if (all_fit(expect, &t))
			continue;
		print_error("%s: expected\n%s", g.gl_pathv[i], expect);
		say_told(&t);
		wrong++;
	}
	globfree(&g);
	assert_int_equal(wrong, 0);
}

/* ---- what is expected is what the fault is: tests/faults/roots ---- */

#define ROOTS "tests/faults/roots"

struct root {
	char causes[256];
	bool open; /* not found yet, or wrong, and known to be */
};

/* A line of that fault, node and verdict */
static bool root_line(const char *line, const char *fault, const char *node, const char *verdict,
		      struct root *r)
{
	char f[128], n[64], v[64];

	if (sscanf(line, "%127s %63s %63s %255s", f, n, v, r->causes) != 4 || f[0] == '#')
		return false;
	r->open = strstr(line, " open") || strstr(line, " known");
	return !strcmp(f, fault) && !strcmp(n, node) && !strcmp(v, verdict);
}

static bool root_named(const char *fault, const char *node, const char *verdict, struct root *r)
{
	FILE *f = fopen(ROOTS, "r");
	bool found = false;
	char line[512];

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = root_line(line, fault, node, verdict, r);
	fclose(f);
	return found;
}

/* FAULT@ENCAP has lines of its own, or those of FAULT. */
static bool root_of(const char *fault, const char *node, const char *verdict, struct root *r)
{
	char base[128];

	snprintf(base, sizeof(base), "%.*s", (int)strcspn(fault, "@"), fault);
	return root_named(fault, node, verdict, r) || root_named(base, node, verdict, r);
}

/* tests/golden/KERNEL/FAULT.START.NODE.pcapng.gz */
static void parts_of(const char *path, char fault[128], char node[64])
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strcspn(name, ".");
	const char *at = name + len + 1;

	snprintf(fault, 128, "%.*s", (int)len, name);
	at += strcspn(at, ".") + 1;
	snprintf(node, 64, "%.*s", (int)strcspn(at, "."), at);
}

/* "-" in the table: no cause has a name for it, and "unknown" is right. */
static bool line_is_right(const char *line, const char *fault, const char *node)
{
	char verdict[64], cause[512];
	struct root r;

	assert_int_equal(sscanf(line, "%63s %*s %511s", verdict, cause), 2);
	if (!root_of(fault, node, verdict, &r))
		return true;
	if (strchr(cause, '|') || !strcmp(cause, "?"))
		return r.open;
	return fits(r.causes, cause) || (fits(r.causes, "-") && !strcmp(cause, "unknown"));
}

static void test_roots(void **state)
{
	char expect[MAX_TEXT], fault[128], node[64], *save, *line;
	uint32_t wrong = 0;
	glob_t g;

	(void)state;
	captures(&g);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		expectation(g.gl_pathv[i], expect, sizeof(expect));
		parts_of(g.gl_pathv[i], fault, node);
		for (line = strtok_r(expect, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			if (line_is_right(line, fault, node))
				continue;
			print_error("%s: %s is not at the root of it by " ROOTS "\n", g.gl_pathv[i],
				    line);
			wrong++;
		}
	}
	globfree(&g);
	assert_int_equal(wrong, 0);
	assert_true(line_is_right("ttl - unknown unknown:unclear", "ttl", "k8s02"));
	assert_false(
		line_is_right("leaked - route-missing route-missing:certain", "incident", "k8s02"));
	assert_false(line_is_right("leaked - ? ?", "incident", "k8s02"));
}

/* The founding incident is there, by tracers of both starts, and its root is no alternative. */
static void test_incident(void **state)
{
	static const char *const start[] = { "before", "late" };
	char expect[MAX_TEXT], path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(start); i++) {
		snprintf(path, sizeof(path), GOLDEN "/native/incident.%s.k8s02" SUFFIX, start[i]);
		expectation(path, expect, sizeof(expect));
		assert_non_null(strstr(expect, "leaked "));
		assert_non_null(strstr(expect, " node-address-mismatch route-missing:"));
	}
}

/* What is expected of another fault, of less or of more, is refused. */
static void test_refused(void **state)
{
	const char *path = GOLDEN "/native/incident.before.k8s02" SUFFIX;
	char expect[MAX_TEXT], bent[2 * MAX_TEXT], *at;
	static struct told t;

	(void)state;
	replayed(path, &t);
	expectation(path, expect, sizeof(expect));
	assert_true(all_fit(expect, &t));
	assert_false(all_fit("", &t));
	snprintf(bent, sizeof(bent), "%s%s", expect, expect);
	assert_false(all_fit(bent, &t));
	snprintf(bent, sizeof(bent), "%s", expect);
	at = strstr(bent, "leaked");
	memcpy(at, "filter", 6);
	assert_false(all_fit(bent, &t));
	snprintf(bent, sizeof(bent), "%s", expect);
	at = strstr(bent, "certain");
	memcpy(at, "unclear", 7);
	assert_false(all_fit(bent, &t));
	t.cnt = 0;
	assert_false(all_fit(expect, &t));
}

static void test_alternatives(void **state)
{
	(void)state;
	assert_true(fits("?", "unknown"));
	assert_true(fits("unknown|foreign-firewall", "foreign-firewall"));
	assert_true(fits("unknown|foreign-firewall", "unknown"));
	assert_false(fits("foreign-firewall", "foreign"));
	assert_false(fits("route-missing", "route-missing-too"));
	assert_false(fits("unknown|foreign-firewall", "policy-deny"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),	     cmocka_unit_test(test_roots),
		cmocka_unit_test(test_incident),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_alternatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
