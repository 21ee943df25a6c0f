// SPDX-License-Identifier: GPL-2.0-only
/* What is recorded of a trace, in which order: read back from the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder.h"
#include "util.h"
#include "wanted.h"

#define T0 (1000 * NS_PER_S)

static char dir[] = "/tmp/calitrace-recorder.XXXXXX", path[64], argv0[] = "calitrace";
static char *argv[] = { argv0, NULL };

static int setup(void **state)
{
	(void)state;
	snprintf(dir + sizeof(dir) - 7, 7, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/a.pcapng", dir);
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	return system(cmd);
}

static struct opts opts_of(const char *filter)
{
	struct opts o = {
		.command = CMD_CAPTURE,
		.write = path,
		.snaplen = SNAP_LEN,
		.reply_timeout_ns = 2 * NS_PER_S,
		.dns_port = { 53 },
	};

	snprintf(o.filter, sizeof(o.filter), "%s", filter);
	return o;
}

static struct recorder *open_ok(const struct opts *o)
{
	const struct recorder_opts ro = {
		.o = o, .node = "k8s02", .netns = 4711, .wall_offset_ns = 5, .argv = argv
	};
	struct recorder *r = NULL;
	char why[200] = "";

	if (recorder__new(&ro, &r, why, sizeof(why)))
		fail_msg("%s", why);
	return r;
}

static void tell(struct recorder *r, enum obs_kind kind, uint64_t ms, uint64_t packet)
{
	struct obs o;

	/* the rest of it is not to be looked at */
	memset(&o, 0x5a, sizeof(o));
	memset(&o.pkt, 0, offsetof(struct obs_pkt, snap));
	o.kind = kind;
	o.ts_ns = T0 + ms * NS_PER_MS;
	if (kind == OBS_PATH || kind == OBS_DROP)
		o.pkt.ip_id = (uint16_t)packet;
	recorder__obs(r, &o, packet);
}

static void tell_source(struct recorder *r, uint64_t ms, enum source id, enum source_state state)
{
	struct obs o = { .kind = OBS_SOURCE, .ts_ns = T0 + ms * NS_PER_MS };

	o.source.id = id;
	o.source.begin = true;
	recorder__obs(r, &o, 0);
	o.source.begin = false;
	o.source.state = state;
	recorder__obs(r, &o, 0);
}

static void ready(struct recorder *r, uint64_t ms)
{
	static const char *const ifaces[] = { "eth0", "cali1", NULL }, *const none[] = { NULL };

	recorder__ready(r, &(struct cap_ready){ .ts_ns = T0 + ms * NS_PER_MS,
						.ifaces = ifaces,
						.probes = none,
						.missing = none });
}

static void finish(struct recorder *r, uint64_t ms, int err)
{
	uint64_t ts = T0 + ms * NS_PER_MS;

	recorder__finish(r, &(struct cap_finish){ .ts_ns = ts, .command_status = -1 });
	tell(r, OBS_TICK, ms, 0);
	assert_int_equal(recorder__end(r, ts, "done"), err);
}

/*
 * A file in one line: "M0" META of that part, "R" READY, "c" CLOCK, "p17" packet 17, "t" ticks,
 * "s0=2" the end of a round of source 0 in state 2, "F" FINISH, "E" or "Er" (rotated) END with its packets, "cut"
 */
static const char *story(const char *file)
{
	static char text[4096];
	const struct cap_item *i;
	struct capr *r = NULL;
	char why[200] = "", *p = text;
	int n;

	if (capr__open(file, &r, why, sizeof(why)))
		fail_msg("%s", why);
	*p = '\0';
	while ((n = capr__next(r, &i, why, sizeof(why))) > 0) {
		size_t left = sizeof(text) - (size_t)(p - text);

		if (i->kind == CAP_META)
			p += snprintf(p, left, " M%u", i->meta.part);
		else if (i->kind == CAP_READY)
			p += snprintf(p, left, " R");
		else if (i->kind == CAP_CLOCK)
			p += snprintf(p, left, " c");
		else if (i->kind == CAP_FINISH)
			p += snprintf(p, left, " F");
		else if (i->kind == CAP_END)
			p += snprintf(p, left, " E%s%llu", i->end.rotated ? "r" : "",
				      (unsigned long long)i->end.packets);
		else if (i->kind == CAP_OBS && (i->obs.kind == OBS_PATH || i->obs.kind == OBS_DROP))
			p += snprintf(p, left, " p%u", i->obs.pkt.ip_id);
		else if (i->kind == CAP_OBS && i->obs.kind == OBS_TICK &&
			 (p == text || p[-1] != 't'))
			p += snprintf(p, left, " t");
		else if (i->kind == CAP_OBS && i->obs.kind == OBS_SOURCE && !i->obs.source.begin)
			p += snprintf(p, left, " s%d=%d", i->obs.source.id, i->obs.source.state);
	}
	if (n == -EBADMSG)
		snprintf(p, sizeof(text) - (size_t)(p - text), " cut");
	else
		assert_int_equal(n, 0);
	capr__free(r);
	return text;
}

static const char *part(int n)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s/a_%06d.pcapng", dir, n);
	return name;
}

static void in_order(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r = open_ok(&o);

	(void)state;
	tell(r, OBS_TICK, 0, 0);
	ready(r, 1);
	tell(r, OBS_PATH, 2, 1);
	tell(r, OBS_DROP, 1, 2); /* as the engine had it, not by time */
	tell(r, OBS_PATH, 3, 0);
	tell(r, OBS_TICK, 50, 0);
	assert_null(recorder__over(r));
	finish(r, 60, 0);
	recorder__free(r);
	assert_string_equal(story(path), " M0 t R p1 p2 p0 t F t E3");
}

static void no_end_no_file(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r = open_ok(&o);

	(void)state;
	tell(r, OBS_TICK, 0, 0);
	recorder__free(r);
	assert_int_equal(access(path, F_OK), -1);
}

static void meta(void **state)
{
	struct opts o = opts_of("icmp");
	const struct cap_item *i;
	struct recorder *r;
	struct capr *c = NULL;
	char why[200] = "";

	(void)state;
	o.pod = "default/centos";
	snprintf(o.pod_dev, sizeof(o.pod_dev), "cali1");
	r = open_ok(&o);
	ready(r, 1);
	finish(r, 2, 0);
	recorder__free(r);
	assert_int_equal(capr__open(path, &c, why, sizeof(why)), 0);
	while (capr__next(c, &i, why, sizeof(why)) > 0) {
		if (i->kind == CAP_META) {
			assert_string_equal(i->meta.node, "k8s02");
			assert_string_equal(i->meta.filter, "icmp");
			assert_string_equal(i->meta.pod, "default/centos");
			assert_string_equal(i->meta.pod_dev, "cali1");
			assert_true(i->meta.reply_timeout_ns == 2 * NS_PER_S);
			assert_true(i->meta.wall_offset_ns == 5 && i->meta.netns == 4711);
			assert_int_equal(i->meta.dns_port[0], 53);
			assert_string_equal(i->meta.argv[0], "calitrace");
			assert_null(i->meta.argv[1]);
		} else if (i->kind == CAP_READY) {
			assert_true(i->ready.ts_ns == T0 + NS_PER_MS);
			assert_string_equal(i->ready.ifaces[1], "cali1");
			assert_null(i->ready.ifaces[2]);
			assert_null(i->ready.probes[0]);
		}
	}
	capr__free(c);
}

/* What is wanted is told at once, with the reply, or not at all. */
static void selected(void **state)
{
	struct opts o = opts_of("icmp");
	struct recorder *r = open_ok(&o);

	(void)state;
	ready(r, 0);
	recorder__matched(r, 1);
	tell(r, OBS_PATH, 1, 1);
	tell(r, OBS_PATH, 2, 2);
	tell(r, OBS_TICK, 3, 0);
	tell(r, OBS_DROP, 4, 3);
	tell(r, OBS_PATH, 5, 0); /* noise */
	tell(r, OBS_PATH, 2000, 4);
	recorder__matched(r, 2); /* by its reply */
	recorder__matched(r, 4);
	tell(r, OBS_TICK, 6000, 0);
	tell(r, OBS_PATH, 6001, 2); /* a later hop */
	tell(r, OBS_PATH, 6002, 3);
	tell(r, OBS_PATH, 6003, 5);
	tell(r, OBS_PATH, 6004, 6);
	recorder__matched(r, 6); /* by engine__finish() */
	finish(r, 6005, 0);
	recorder__free(r);
	assert_string_equal(story(path), " M0 R p1 p2 t p4 t p2 p6 F t E5");
}

/* It came too late: the packet has left, what comes of it later is written. */
static void matched_too_late(void **state)
{
	struct opts o = opts_of("icmp");
	struct recorder *r = open_ok(&o);

	(void)state;
	ready(r, 0);
	tell(r, OBS_PATH, 1, 1);
	tell(r, OBS_TICK, 3001, 0); /* when it leaves */
	recorder__matched(r, 1);
	tell(r, OBS_PATH, 3002, 1);
	finish(r, 3003, 0);
	recorder__free(r);
	assert_string_equal(story(path), " M0 R t p1 F t E1");
}

static void memory_is_bounded(void **state)
{
	struct opts o = opts_of("icmp");
	struct recorder *r = open_ok(&o);
	uint32_t n = (80u << 20) / sizeof(struct obs_pools);
	struct obs big = { .kind = OBS_POOLS, .ts_ns = T0 };

	(void)state;
	ready(r, 0);
	tell(r, OBS_PATH, 0, 7); /* nobody has decided */
	for (uint32_t i = 0; i < n; i++)
		recorder__obs(r, &big, 0);
	recorder__flush(r);
	assert_string_equal(story(path), " M0 R p7 cut");
	recorder__free(r);
}

static void enough(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r;

	(void)state;
	o.count = 2;
	r = open_ok(&o);
	ready(r, 0);
	tell(r, OBS_PATH, 1, 1);
	assert_null(recorder__over(r));
	tell(r, OBS_PATH, 2, 1);
	assert_string_equal(recorder__over(r), "count");
	tell(r, OBS_PATH, 3, 1);
	finish(r, 4, 0);
	recorder__free(r);
	assert_string_equal(story(path), " M0 R p1 p1 F t E2");
}

static void fill_part(struct recorder *r, uint64_t ms)
{
	for (uint64_t i = 0; i < 10000 && !recorder__wants_part(r); i++)
		tell(r, OBS_TICK, ms, 0);
	assert_true(recorder__wants_part(r));
}

/* Each part has its own state; what a source says only once is said again. */
static void rotation(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r;

	(void)state;
	o.file_bytes = 65536;
	r = open_ok(&o);
	tell_source(r, 0, SOURCE_BIRD, SOURCE_ABSENT);
	tell_source(r, 0, SOURCE_CONF, SOURCE_OK);
	tell_source(r, 0, SOURCE_CNI, SOURCE_DENIED);
	ready(r, 0);
	tell(r, OBS_PATH, 1, 1);
	assert_false(recorder__wants_part(r));
	fill_part(r, 2);
	recorder__part(r, T0 + 3 * NS_PER_MS);
	assert_false(recorder__wants_part(r));
	tell_source(r, 3, SOURCE_CNI, SOURCE_DENIED);
	ready(r, 3);
	tell(r, OBS_PATH, 4, 2);
	finish(r, 5, 0);
	recorder__free(r);
	assert_string_equal(story(part(1)), " M0 s0=2 s2=1 s4=3 R p1 t Er1");
	assert_string_equal(story(part(2)), " M1 s4=3 s0=2 R p2 F t E1");
}

/* Each part says that the clock was set; open_ok() begins with one that is long past. */
static void rotation_and_clock(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r;

	(void)state;
	o.file_bytes = 65536;
	r = open_ok(&o);
	ready(r, 0);
	recorder__tick(r, T0);
	for (int i = 1; i < 3; i++) {
		fill_part(r, 2);
		recorder__part(r, T0 + 3 * NS_PER_MS);
		ready(r, 3);
	}
	finish(r, 5, 0);
	recorder__free(r);
	assert_string_equal(story(part(1)), " M0 R c t Er0");
	assert_string_equal(story(part(2)), " M1 c R t Er0");
	assert_string_equal(story(part(3)), " M2 c R F t E0");
}

/* A node's state may be longer than -C: files that have nothing else are not made. */
static void rotation_of_much_state(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r;

	(void)state;
	o.file_bytes = 65536;
	r = open_ok(&o);
	for (int i = 0; i < 4000; i++)
		tell(r, OBS_TICK, 0, 0);
	assert_false(recorder__wants_part(r));
	ready(r, 0);
	assert_false(recorder__wants_part(r));
	tell(r, OBS_PATH, 1, 1);
	assert_false(recorder__wants_part(r));
	for (int i = 0; i < 4200; i++)
		tell(r, OBS_TICK, 1, 0);
	assert_true(recorder__wants_part(r));
	recorder__part(r, T0 + 2 * NS_PER_MS);
	ready(r, 2);
	finish(r, 3, 0);
	recorder__free(r);
	assert_string_equal(story(part(1)), " M0 t R p1 t Er1");
	assert_string_equal(story(part(2)), " M1 R F t E0");
}

/* What ended the capture does not begin another file first. */
static void no_part_at_the_end(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r;

	(void)state;
	o.file_bytes = 65536;
	o.count = 1;
	r = open_ok(&o);
	ready(r, 0);
	for (int i = 0; i < 4000; i++)
		tell(r, OBS_TICK, 1, 0);
	assert_true(recorder__wants_part(r));
	tell(r, OBS_PATH, 2, 1);
	assert_string_equal(recorder__over(r), "count");
	assert_false(recorder__wants_part(r));
	finish(r, 3, 0);
	recorder__free(r);
	assert_string_equal(story(part(1)), " M0 R t p1 F t E1");
}

/* While the end's snapshot is taken drops are still seen, and no FILTER looks at them any more. */
static void no_packet_after_the_end(void **state)
{
	struct opts o = opts_of("icmp");
	struct recorder *r = open_ok(&o);

	(void)state;
	ready(r, 0);
	recorder__finish(r, &(struct cap_finish){ .ts_ns = T0, .command_status = -1 });
	tell(r, OBS_DROP, 1, 1);
	tell(r, OBS_TICK, 2, 0);
	assert_int_equal(recorder__end(r, T0, "done"), 0);
	recorder__free(r);
	assert_string_equal(story(path), " M0 R F t E0");
}

/* With a FILTER the next file begins when what came before has left. */
static void rotation_selected(void **state)
{
	struct opts o = opts_of("icmp");
	struct recorder *r;

	(void)state;
	o.file_bytes = 65536;
	r = open_ok(&o);
	ready(r, 0);
	for (int i = 0; i < 4000; i++)
		tell(r, OBS_TICK, 1, 0);
	tell(r, OBS_PATH, 2, 1);
	assert_false(recorder__wants_part(r));
	tell(r, OBS_PATH, 3002, 2);
	assert_true(recorder__wants_part(r));
	recorder__part(r, T0 + 3003 * NS_PER_MS);
	assert_false(recorder__wants_part(r));
	ready(r, 3004);
	tell(r, OBS_PATH, 3005, 3);
	recorder__matched(r, 2);
	recorder__matched(r, 3);
	finish(r, 3006, 0);
	recorder__free(r);
	assert_string_equal(story(part(1)), " M0 R t p2 Er1");
	assert_string_equal(story(part(2)), " M1 R p3 F t E1");
}

static void flushed(void **state)
{
	struct opts o = opts_of("");
	struct recorder *r = open_ok(&o);

	(void)state;
	ready(r, 0);
	recorder__tick(r, T0);
	tell(r, OBS_PATH, 1, 1);
	recorder__tick(r, T0 + NS_PER_S / 2);
	assert_string_equal(story(path), " M0 R c cut");
	recorder__flush(r);
	assert_string_equal(story(path), " M0 R c p1 cut");
	tell(r, OBS_PATH, 2, 2);
	recorder__tick(r, T0 + NS_PER_S);
	assert_string_equal(story(path), " M0 R c p1 p2 cut");
	recorder__free(r);
}

static void nothing_without(void **state)
{
	(void)state;
	recorder__ready(NULL, NULL);
	tell(NULL, OBS_TICK, 0, 0);
	recorder__matched(NULL, 1);
	recorder__tick(NULL, 0);
	assert_null(recorder__over(NULL));
	assert_false(recorder__wants_part(NULL));
	assert_int_equal(recorder__end(NULL, 0, ""), 0);
	recorder__free(NULL);
}

static void ids(void **state)
{
	struct wanted *w = calloc(1, sizeof(*w));

	(void)state;
	assert_false(wanted_has(w, 1));
	wanted_add(w, 5);
	wanted_add(w, 3);
	wanted_add(w, 70);
	assert_true(wanted_has(w, 5) && wanted_has(w, 3) && wanted_has(w, 70));
	assert_false(wanted_has(w, 4) || wanted_has(w, 71) || wanted_has(w, 0));
	wanted_add(w, WANTED_CNT + 4);
	assert_true(wanted_has(w, 5) && wanted_has(w, 70) && wanted_has(w, WANTED_CNT + 4));
	assert_false(wanted_has(w, 3) || wanted_has(w, 4));
	assert_false(wanted_has(w, WANTED_CNT + 3));
	wanted_add(w, 3);
	assert_false(wanted_has(w, 3) || wanted_has(w, WANTED_CNT + 3));
	wanted_add(w, 10 * WANTED_CNT + 5);
	assert_false(wanted_has(w, 5) || wanted_has(w, 9 * WANTED_CNT + 70));
	assert_true(wanted_has(w, 10 * WANTED_CNT + 5));
	free(w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(in_order),
		T(no_end_no_file),
		T(meta),
		T(selected),
		T(matched_too_late),
		T(memory_is_bounded),
		T(enough),
		T(no_packet_after_the_end),
		T(rotation),
		T(rotation_and_clock),
		T(rotation_of_much_state),
		T(no_part_at_the_end),
		T(rotation_selected),
		T(flushed),
		cmocka_unit_test(nothing_without),
		cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
