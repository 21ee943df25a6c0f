// SPDX-License-Identifier: GPL-2.0-only
/* The comparison as text and as JSON lines. */
#include <jansson.h>
#include <stdlib.h>

#include "render_diff.h"
#include "sides.h"

struct printed {
	char *s;
	size_t len;
};

static struct printed print(const struct diff *d, bool json, bool quiet, bool verbose)
{
	struct printed p = { 0 };
	struct render_opts ro = { .quiet = quiet };

	ro.out = open_memstream(&p.s, &p.len);
	assert_non_null(ro.out);
	assert_int_equal(
		json ? render_diff_json(&ro, d, verbose) : render_diff_text(&ro, d, verbose), 0);
	assert_int_equal(fclose(ro.out), 0);
	return p;
}

static uint32_t lines(const char *s)
{
	uint32_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Lines that have all of the text */
static bool has(const struct printed *p, const char *text)
{
	return strstr(p->s, text);
}

static void test_text(void **state)
{
	struct sides s = { side_healthy(), side_broken() };
	struct diff d = sides_run(&s.before, &s.after, 1);
	struct printed p = print(&d, false, false, false), v = print(&d, false, false, true);

	(void)state;
	assert_int_equal(strncmp(p.s,
				 "Something broke: 3 routes are missing, 3 BGP sessions are down, "
				 "3 flows fail (node-address-mismatch).\n",
				 90),
			 0);
	assert_true(has(&p, "! route    " BLOCK3 "  via 10.2.7.200 dev tunl0 -> missing"));
	assert_true(has(&p, "! peer     10.2.7.200 (k8s01)  Established -> Active"));
	assert_true(has(&p, "! flow     " OWN " > " BLOCK3
			    " icmp  5 of 5 answered -> 0 of 5 answered, 5 leaked"));
	assert_false(has(&p, "eth0  up"));
	assert_true(has(&v, "eth0  up"));
	assert_true(lines(v.s) > lines(p.s));
	free(p.s);
	free(v.s);
	sides_done(&d, &s.before, &s.after);
}

static void test_quiet(void **state)
{
	struct sides s = sides_cured();
	struct diff d = sides_run(&s.before, &s.after, 0);
	struct printed p = print(&d, false, true, false);

	(void)state;
	assert_string_equal(p.s,
			    "Cured: 3 routes are back, 3 BGP sessions are repaired, 3 broken flows "
			    "get answers again.\n");
	free(p.s);
	sides_done(&d, &s.before, &s.after);
}

/* Long lists are summed up, and -v has all of them */
static void test_long_list(void **state)
{
	struct sides s = { side_healthy(), side_healthy() };
	struct printed p, v;
	struct diff d;

	(void)state;
	for (int i = 0; i < 9; i++) {
		char addr[32];

		snprintf(addr, sizeof(addr), "172.16.0.%d", i + 1);
		side_add_addr(&s.after, addr, 24, "eth1");
	}
	d = sides_run(&s.before, &s.after, 0);
	p = print(&d, false, false, false);
	v = print(&d, false, false, true);
	assert_true(has(&p, "... and 6 more addresses; -v lists all"));
	assert_true(has(&p, "172.16.0.3/24"));
	assert_false(has(&p, "172.16.0.4/24"));
	assert_true(has(&v, "172.16.0.9/24 dev eth1  not there -> there"));
	free(p.s);
	free(v.s);
	sides_done(&d, &s.before, &s.after);
}

/* Names come from a file that anybody may have written. */
static void test_hostile_names(void **state)
{
	struct sides s = { side_healthy(), side_broken() };
	struct digest_node *n = side_node(&s.after);
	struct printed p, j;
	struct diff d;

	(void)state;
	snprintf(n->link[0].name, sizeof(n->link[0].name), "e\x1b[31m\n\xff");
	snprintf(n->peer[0].trouble, sizeof(n->peer[0].trouble), "\x1b]0;x\x07\xff");
	snprintf(n->finding[0].explain, sizeof(n->finding[0].explain), "\x1b[2J \xc3\x28");
	d = sides_run(&s.before, &s.after, 1);
	p = print(&d, false, false, true);
	j = print(&d, true, false, true);
	for (size_t i = 0; i < p.len; i++)
		assert_true(p.s[i] == '\n' || (unsigned char)p.s[i] >= 0x20);
	for (size_t i = 0; i < j.len; i++)
		assert_true(j.s[i] == '\n' || (j.s[i] >= 0x20 && j.s[i] < 0x7f));
	free(p.s);
	free(j.s);
	sides_done(&d, &s.before, &s.after);
}

static json_t *parsed(const char *line)
{
	json_t *o = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);

	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "v")), 1);
	return o;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void test_json(void **state)
{
	struct sides s = sides_cured();
	struct diff d = sides_run(&s.before, &s.after, 0);
	struct printed p = print(&d, true, false, false);
	bool route = false, last = false;

	(void)state;
	for (char *line = p.s; *line; line = strchr(line, '\n') + 1) {
		json_t *o = parsed(line);

		last = !strcmp(text_of(o, "type"), "diff");
		if (!last) {
			assert_string_equal(text_of(o, "type"), "change");
			assert_string_equal(text_of(o, "node"), "k8s02");
			assert_string_not_equal(text_of(o, "state"), "unchanged");
		} else {
			assert_int_equal(json_integer_value(json_object_get(o, "exit")), 0);
			assert_string_equal(text_of(o, "verdict"), "cured");
			assert_string_equal(text_of(o, "explain"), d.head);
		}
		if (!strcmp(text_of(o, "key"), BLOCK3) && !strcmp(text_of(o, "what"), "route")) {
			const json_t *after = json_object_get(o, "after");

			route = true;
			assert_string_equal(text_of(o, "state"), "fixed");
			assert_null(json_object_get(o, "before"));
			assert_string_equal(text_of(after, "gateway"), "10.2.7.200");
			assert_string_equal(text_of(after, "dev"), "tunl0");
			assert_string_equal(text_of(after, "protocol"), "bird");
		}
		json_decref(o);
	}
	assert_true(route && last);
	free(p.s);
	sides_done(&d, &s.before, &s.after);
}

/* What cannot be written is an error, not a comparison that ends early. */
static void test_full(void **state)
{
	struct sides s = { side_healthy(), side_broken() };
	struct diff d = sides_run(&s.before, &s.after, 1);
	struct render_opts ro = { .out = fopen("/dev/full", "w") };

	(void)state;
	assert_non_null(ro.out);
	setvbuf(ro.out, NULL, _IONBF, 0);
	assert_true(render_diff_json(&ro, &d, true) < 0);
	assert_true(render_diff_text(&ro, &d, true) < 0);
	fclose(ro.out);
	sides_done(&d, &s.before, &s.after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	  cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_long_list), cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_json),	  cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
