// SPDX-License-Identifier: GPL-2.0-only
/* When the sources around the kernel's routes are asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "around.h"
#include "util.h"

#define T0 (1000 * NS_PER_S)

/* Rounds of confd's files: asked in each look, and when something is urgent */
static void count(void *ctx, const struct obs *o)
{
	int *rounds = ctx;

	*rounds += o->kind == OBS_SOURCE && o->source.begin && o->source.id == SOURCE_CONF;
}

/* No more often than once a second; what comes in between is put off, not forgotten. */
static void urged(void **state)
{
	static const struct opts o = { .host_root = "/nonexistent", .no_bird = true };
	struct mirror *m = mirror__new();
	int rounds = 0;
	const struct around_opts ao = { .o = &o, .mirror = m, .fn = count, .ctx = &rounds };
	struct around *a = NULL;

	(void)state;
	assert_non_null(m);
	assert_int_equal(around__new(&ao, &a), 0);
	around__look(a, T0);
	assert_int_equal(rounds, 1);
	around__turn(a, T0 + 50 * NS_PER_MS);
	assert_int_equal(rounds, 1);
	around__urge(a);
	around__turn(a, T0 + 100 * NS_PER_MS);
	assert_int_equal(rounds, 2);
	around__urge(a);
	around__turn(a, T0 + 150 * NS_PER_MS);
	assert_int_equal(rounds, 2);
	around__turn(a, T0 + 1200 * NS_PER_MS);
	assert_int_equal(rounds, 3);
	around__turn(a, T0 + 5 * NS_PER_S);
	assert_int_equal(rounds, 3);
	around__free(a);
	mirror__free(m);
}

static void note_source(void *ctx, const struct obs *o)
{
	bool *asked = ctx;

	if (o->kind == OBS_SOURCE && o->source.begin)
		asked[o->source.id] = true;
}

static size_t one_question(void *ctx, struct addr *out, size_t max)
{
	(void)ctx;
	(void)max;
	out[0] = (struct addr){ .family = 4, .b = { 127, 0, 0, 1 } };
	return 1;
}

static bool no_rules(void *ctx)
{
	(void)ctx;
	return false;
}

/* A source that nobody asks is as good as none. BIRD has rounds of its own. */
static void every_source(void **state)
{
	static const struct opts o = { .host_root = "/nonexistent", .no_bird = true };
	bool asked[SOURCE_MAX] = { [SOURCE_BIRD] = true, [SOURCE_BIRD6] = true };
	struct mirror *m = mirror__new();
	const struct around_opts ao = { .o = &o,
					.mirror = m,
					.fn = note_source,
					.ctx = asked,
					.questions = one_question,
					.rules = no_rules };
	struct around *a = NULL;

	(void)state;
	assert_non_null(m);
	assert_int_equal(around__new(&ao, &a), 0);
	around__turn(a, T0);
	around__look(a, T0);
	around__ask_kernel(a, T0);
	around__ask_rules(a, T0);
	for (int s = 0; s < SOURCE_MAX; s++)
		if (!asked[s])
			fail_msg("%s is not asked", source_name(s));
	around__free(a);
	mirror__free(m);
}

/* ---- a clock that is set ---- */

static uint64_t turns(struct around *a, uint64_t ns, uint64_t seconds)
{
	for (uint64_t end = ns + seconds * NS_PER_S; ns < end; ns += 100 * NS_PER_MS)
		around__turn(a, ns);
	return ns;
}

struct clock {
	int64_t offset_ns;
	int steps;
	uint64_t told_ns;
};

static int64_t wall_is(void *ctx)
{
	return ((struct clock *)ctx)->offset_ns;
}

static void note_step(void *ctx, const struct obs *o)
{
	struct clock *c = ctx;

	if (o->kind != OBS_LOSS)
		return;
	assert_int_equal(o->loss.what, LOSS_CLOCK);
	assert_int_equal(o->loss.count, 1);
	c->steps++;
	c->told_ns = o->ts_ns;
}

/* Each step is told once, forward and back; what two clocks cannot be read closer than is none. */
static void clock_is_set(void **state)
{
	static const int64_t steps[] = { 3600 * (int64_t)NS_PER_S, -7200 * (int64_t)NS_PER_S,
					 10 * (int64_t)NS_PER_MS, -10 * (int64_t)NS_PER_MS };
	static const struct opts o = { .host_root = "/nonexistent", .no_bird = true };
	struct clock c = { .offset_ns = 1700000000 * (int64_t)NS_PER_S };
	struct mirror *m = mirror__new();
	const struct around_opts ao = {
		.o = &o, .mirror = m, .fn = note_step, .ctx = &c, .wall_offset = wall_is
	};
	struct around *a = NULL;
	uint64_t ns = T0;

	(void)state;
	assert_non_null(m);
	assert_int_equal(around__new(&ao, &a), 0);
	ns = turns(a, ns, 1);
	assert_int_equal(c.steps, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		c.offset_ns += steps[i];
		ns = turns(a, ns, 1);
		assert_int_equal(c.steps, i + 1);
		assert_true(c.told_ns >= ns - NS_PER_S && c.told_ns < ns);
	}
	c.offset_ns += 9 * (int64_t)NS_PER_MS;
	ns = turns(a, ns, 1);
	c.offset_ns -= 18 * (int64_t)NS_PER_MS;
	turns(a, ns, 1);
	assert_int_equal(c.steps, ARRAY_SIZE(steps));
	around__free(a);
	mirror__free(m);
}

/* ---- a BIRD that was given up, and the next one ---- */

static char dir[] = "/tmp/calitrace-around.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void run(const char *fmt)
{
	char command[400];

	snprintf(command, sizeof(command), "cd %s && %s", dir, fmt);
	assert_int_equal(system(command), 0);
}

/* It takes connections, and says nothing. */
static int silent_bird(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path_of(name));
	assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

struct rounds {
	int cnt[SOURCE_MAX];
	enum source_state state[SOURCE_MAX];
};

static void note_round(void *ctx, const struct obs *o)
{
	struct rounds *r = ctx;

	if (o->kind != OBS_SOURCE || o->source.begin)
		return;
	r->cnt[o->source.id]++;
	r->state[o->source.id] = o->source.state;
}

static void given_up_and_new(void **state)
{
	static const enum source birds[] = { SOURCE_BIRD, SOURCE_BIRD6 };
	struct opts o = { .host_root = dir };
	struct mirror *m = mirror__new();
	struct rounds r = { 0 }, was;
	struct around_opts ao = { .o = &o, .mirror = m, .fn = note_round, .ctx = &r };
	struct around *a = NULL;
	uint64_t ns = T0;
	struct stat st;
	int fd[2];

	(void)state;
	assert_non_null(mkdtemp(dir));
	run("mkdir -p var/run/calico proc/11/ns proc/12/ns && touch net && "
	    "for p in 11 12; do ln -s ../../../net proc/$p/ns/net; done && "
	    "echo bird >proc/11/comm && echo bird6 >proc/12/comm");
	assert_int_equal(stat(path_of("net"), &st), 0);
	ao.inum = (uint32_t)st.st_ino;
	fd[0] = silent_bird("var/run/calico/bird.ctl");
	fd[1] = silent_bird("var/run/calico/bird6.ctl");
	assert_int_equal(around__new(&ao, &a), 0);
	ns = turns(a, ns, 60);
	was = r;
	ns = turns(a, ns, 60);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r.state[birds[i]], SOURCE_GIVEN_UP);
		assert_int_equal(r.cnt[birds[i]], was.cnt[birds[i]]);
	}
	run("mv proc/11 proc/21 && mv proc/12 proc/22");
	turns(a, ns, 60);
	for (int i = 0; i < 2; i++)
		assert_true(r.cnt[birds[i]] > was.cnt[birds[i]]);
	around__free(a);
	mirror__free(m);
	close(fd[0]);
	close(fd[1]);
	run("rm -r ../${PWD##*/}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urged),
		cmocka_unit_test(every_source),
		cmocka_unit_test(clock_is_set),
		cmocka_unit_test(given_up_and_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
