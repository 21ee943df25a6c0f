// SPDX-License-Identifier: GPL-2.0-only
/*
 * Golden captures whose every name somebody means ill with: pods, devices, BIRD's protocols, processes,
 * rules and their comments, names asked for in DNS. All that is printed of them is looked at octet by
 * octet: a terminal does nothing but print it, JSON is JSON, no name gets out of its place in HTML.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "capfile.h"
#include "cmd.h"
#include "util.h"

/* What is in all names as far as it fits, the worst first: a terminal's title and colours, the end of a
 * script, markup, quotes, no UTF-8, C1 in UTF-8, a right-to-left override, a line feed. */
#define ILL "\033]0;X\007</script><b>\"'&\xff\xc2\x9b\xe2\x80\xae\n\r\t\x7f"
/* Names of devices are short. */
#define ILL_SHORT "\033[m<b>\"\xff"

static void ill(char *name, size_t size, size_t keep)
{
	const char *what = size <= 16 ? ILL_SHORT : ILL;
	size_t len = strnlen(name, size - 1), n = strlen(what);

	if (!len)
		return;
	keep = len < keep ? len : keep;
	n = n < size - 1 - keep ? n : size - 1 - keep;
	memset(name + keep, 0, size - keep);
	memcpy(name + keep, what, n);
}

/* The device stays one of a pod, the pod another one than the next. */
static void ill_dev(char *name, size_t size)
{
	if (!strncmp(name, "cali", 4))
		ill(name, size, 8);
}

/* Behind IP, UDP and DNS' own header stand the labels, each with its length. */
static void ill_packet(struct obs_pkt *p)
{
	size_t at = p->snap_len ? (p->snap[0] & 15u) * 4u + 8 + 12 : 0;
	static const char bad[] = "\033[31m<b>\"'\xff\x07";

	if (!at || p->proto != 17 || (p->sport != 53 && p->dport != 53))
		return;
	while (at + 1 < p->snap_len && p->snap[at] && p->snap[at] < 64) {
		size_t end = at + 1 + p->snap[at];

		for (size_t i = 0; ++at < end && at < p->snap_len; i++)
			p->snap[at] = (uint8_t)bad[i % (sizeof(bad) - 1)];
	}
}

static void ill_obs(struct obs *o)
{
#define ILL_FIELD(f, keep) ill(f, sizeof(f), keep)
	switch (o->kind) {
	case OBS_PATH:
	case OBS_DROP:
		ill_packet(&o->pkt);
		ILL_FIELD(o->pkt.location, 0);
		break;
	case OBS_FIB:
		ILL_FIELD(o->fib.by.comm, 2);
		break;
	case OBS_ROUTE:
		ILL_FIELD(o->route.by.comm, 2);
		break;
	case OBS_LINK:
		ILL_FIELD(o->link.by.comm, 2);
		ill_dev(o->link.link.name, DEV_LEN);
		break;
	case OBS_ADDR:
		ILL_FIELD(o->addr.by.comm, 2);
		break;
	case OBS_SOURCE:
		ILL_FIELD(o->source.detail, 3);
		break;
	case OBS_BIRD:
		ILL_FIELD(o->bird.version, 3);
		break;
	case OBS_BIRD_PROTO:
		ILL_FIELD(o->bird_proto.name, 15);
		ILL_FIELD(o->bird_proto.info, 4);
		break;
	case OBS_BIRD_ROUTE:
		ILL_FIELD(o->bird_route.proto, 15);
		ill_dev(o->bird_route.dev, DEV_LEN);
		break;
	case OBS_CONF_PEER:
		ILL_FIELD(o->conf_peer.name, 15);
		ILL_FIELD(o->conf_peer.node, 5);
		break;
	case OBS_PROC:
		ILL_FIELD(o->proc.comm, 15);
		break;
	case OBS_POD:
		ILL_FIELD(o->pod.name, 12);
		ill_dev(o->pod.dev, DEV_LEN);
		break;
	case OBS_BASELINE:
		ILL_FIELD(o->baseline.node, 5);
		ILL_FIELD(o->baseline.from, 5);
		break;
	case OBS_NFRULE:
		ILL_FIELD(o->nfrule.comment, 8);
		ILL_FIELD(o->nfrule.text, 4);
		ILL_FIELD(o->nfrule.chain, 8);
		ILL_FIELD(o->nfrule.table, 3);
		break;
	default:
		break;
	}
}

/* ---- a golden capture to one with such names ---- */

static int put(void *ctx, const void *data, size_t len)
{
	return write(*(int *)ctx, data, len) == (ssize_t)len ? 0 : -1;
}

static int unzip(const char *path)
{
	int fd = memfd_create("golden", 0);
	gzFile z = gzopen(path, "rb");
	char buf[4096];
	int n;

	assert_non_null(z);
	while ((n = gzread(z, buf, sizeof(buf))) > 0)
		assert_int_equal(write(fd, buf, (size_t)n), n);
	gzclose(z);
	return fd;
}

static void copy(struct capr *r, struct capw *w)
{
	static const char *const bad[] = { "eth0" ILL, "cali1" ILL_SHORT, NULL };
	const struct cap_item *i;
	struct cap_item x;
	char why[400];
	int ret;

	while ((ret = capr__next(r, &i, why, sizeof(why))) > 0) {
		x = *i;
		if (i->kind == CAP_META) {
			x.meta.argv = bad;
			ill(x.meta.version, sizeof(x.meta.version), 2);
			ill(x.meta.kernel, sizeof(x.meta.kernel), 4);
			ill(x.meta.node, sizeof(x.meta.node), 6);
			capw__meta(w, &x.meta);
		} else if (i->kind == CAP_OBS) {
			ill_obs(&x.obs);
			capw__obs(w, &x.obs);
		} else if (i->kind == CAP_READY) {
			x.ready.ifaces = x.ready.probes = x.ready.missing = bad;
			capw__ready(w, &x.ready);
		} else if (i->kind == CAP_FINISH) {
			capw__finish(w, &x.finish);
		} else if (i->kind == CAP_END) {
			ill(x.end.reason, sizeof(x.end.reason), 1);
			capw__end(w, &x.end);
		}
	}
	assert_int_equal(ret, 0);
}

static void make(const char *golden, char path[40])
{
	char from[40], why[400], name[160];
	struct capw_opts o = { .snaplen = SNAP_LEN, .put = put };
	int in, out = memfd_create("ill", 0);
	struct capr *r;
	struct capw *w;

	snprintf(name, sizeof(name), "tests/golden/native/%s.pcapng.gz", golden);
	in = unzip(name);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", in);
	snprintf(path, 40, "/proc/self/fd/%d", out);
	o.ctx = &out;
	assert_int_equal(capr__open(from, &r, why, sizeof(why)), 0);
	assert_int_equal(capw__new(&o, &w), 0);
	copy(r, w);
	assert_int_equal(capw__flush(w), 0);
	capw__free(w);
	capr__free(r);
	close(in);
}

/* ---- what is printed ---- */

struct said {
	char *text;
	size_t len;
};

/* The command in a child, as it is run; what it says on stderr counts, too. */
static struct said run(const char *const *words)
{
	struct said s = { 0 };
	int fd = memfd_create("said", 0), st, argc = 0;
	struct stat stat;
	struct opts o;
	pid_t pid;

	while (words[argc])
		argc++;
	pid = fork();
	if (pid == 0) {
		dup2(fd, 1);
		dup2(fd, 2);
		if (opts_parse(argc, (char **)words, &o, stderr))
			_exit(99);
		st = o.command == CMD_SHOW ? cmd_show(&o) :
		     o.command == CMD_DIFF ? cmd_diff(&o) :
					     cmd_report(&o);
		fflush(NULL);
		_exit(st);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	if (!WIFEXITED(st) || WEXITSTATUS(st) == 2)
		for (int i = 0; i < argc; i++)
			print_error("%s%s", words[i], i == argc - 1 ? ": it failed\n" : " ");
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) != 2);
	assert_int_equal(fstat(fd, &stat), 0);
	s.len = (size_t)stat.st_size;
	s.text = calloc(1, s.len + 1);
	assert_int_equal(pread(fd, s.text, s.len, 0), s.len);
	close(fd);
	return s;
}

/* The length of a whole, shortest, printable character at p; 0: it is none */
static size_t character(const uint8_t *p, const uint8_t *end, uint32_t *code)
{
	size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (!n || (size_t)(end - p) < n)
		return 0;
	*code = n == 1 ? *p : *p & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	return *code < least[n] || *code > 0x10ffff || (*code >> 11) == 0x1b ? 0 : n;
}

static bool acts(uint32_t code)
{
	return (code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0) ||
	       (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

/* JSON has DEL as it is, which terminals pass over; the page's style sheet has tabs. */
static void check_octets(const struct said *s, bool json, bool html)
{
	const uint8_t *p = (const uint8_t *)s->text, *end = p + s->len;
	uint32_t code = 0;

	assert_true(s->len > 100);
	while (p < end) {
		size_t n = character(p, end, &code);

		if ((json && code == 0x7f) || (html && code == '\t'))
			code = ' ';
		if (!n || acts(code)) {
			const char *from = (const char *)p - s->text > 60 ? (const char *)p - 60 :
									    s->text;

			print_error("octet %zu (0x%02x) behind: %.60s\n",
				    (size_t)((const char *)p - s->text), *p, from);
		}
		assert_true(n && !acts(code));
		p += n;
	}
}

static void check_json(struct said *s)
{
	char *rest = s->text, *line;
	json_error_t err;
	int lines = 0;

	while ((line = strsep(&rest, "\n"))) {
		json_t *j;

		/* what stands on stderr */
		if (!*line || !strncmp(line, "calitrace: ", 11))
			continue;
		j = json_loads(line, 0, &err);
		if (!j)
			print_error("%s: %s\n", err.text, line);
		assert_non_null(j);
		json_decref(j);
		lines++;
	}
	assert_true(lines > 0);
}

/* Names cannot begin a tag, nor end an attribute: of what they hold, nothing stands there as it is. */
static void check_html(const struct said *s)
{
	static const char *const never[] = { "<script", "</script", "<b>\"", "X\a", "\"'&\\" };

	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		const char *at = strstr(s->text, never[i]);

		if (at)
			print_error("%s: %.200s\n", never[i], at > s->text + 80 ? at - 80 : at);
		assert_null(at);
	}
	/* and they are there */
	assert_non_null(strstr(s->text, "&lt;b&gt;"));
}

/* Whether a name stands there, made harmless */
static bool look(const char *const *words, bool json, bool html)
{
	struct said s = run(words);
	bool named = strcasestr(s.text, json ? "\\u001b" : "\\x1b");

	check_octets(&s, json, html);
	if (html)
		check_html(&s);
	if (json)
		check_json(&s);
	free(s.text);
	return named;
}

static void show_all(const char *a, const char *b)
{
	static const char *const how[] = { "--all", "--packets", "--timeline", "--summary" };

	int named[2] = { 0 };

	for (int i = 0; i < 8; i++) {
		const char *const words[] = { "calitrace", "show", "-o", i & 1 ? "json" : "text",
					      how[i / 2],  a,	   b,	 NULL };

		/* a timeline has no JSON */
		if (i != 5)
			named[i & 1] += look(words, i & 1, false);
	}
	assert_true(named[0] >= 2 && named[1] >= 2);
}

static void compare(const char *a, const char *b)
{
	const char *const text[] = { "calitrace", "diff", "-v", a, b, NULL };
	const char *const json[] = { "calitrace", "diff", "-v", "-o", "json", a, b, NULL };
	const char *const page[] = { "calitrace", "report", "-w", "-", a, NULL };
	const char *const pages[] = { "calitrace", "report", "-w", "-", a, b, NULL };

	look(text, false, false);
	look(json, true, false);
	look(page, false, true);
	look(pages, false, true);
}

static void test_names(void **state)
{
	static const char *const golden[] = { "incident.before.k8s02",
					      "policy-deny-nft.before.k8s02",
					      "filter-forward-legacy.before.k8s02",
					      "graceful-restart.before.k8s02",
					      "no-route.before.k8s02",
					      "dns-servfail.before.k8s02",
					      "foreign-delete.late.k8s02" };
	char path[ARRAY_SIZE(golden)][40];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		make(golden[i], path[i]);
		show_all(path[i], NULL);
		compare(path[i], path[i ? i - 1 : 0]);
	}
}

static void test_nodes(void **state)
{
	char a[40], b[40];

	(void)state;
	make("incident.before.k8s02", a);
	make("return-route-missing.before.k8s01", b);
	show_all(a, b);
	compare(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nodes),
	};

	return cmocka_run_group_tests_name("hostile names", tests, NULL, NULL);
}
