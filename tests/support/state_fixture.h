/* SPDX-License-Identifier: GPL-2.0-only */
/* A round of a source as it was told, and a directory of the test's own in the place of a node's "/" */
#ifndef CALITRACE_TEST_STATE_FIXTURE_H
#define CALITRACE_TEST_STATE_FIXTURE_H

#include "feed.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"

#define TOLD_MAX 64

/* ---- a round, and what it has to be ---- */

struct told {
	struct obs obs[TOLD_MAX];
	size_t cnt; /* without begin and end */
	struct obs_source begin, end;
	unsigned int begins, ends;
};

static inline void on_obs(void *ctx, const struct obs *o)
{
	struct told *t = ctx;

	assert_int_equal(o->ts_ns, 7);
	assert_int_equal(t->ends, 0);
	if (o->kind == OBS_SOURCE && o->source.begin) {
		assert_int_equal(t->begins++, 0);
		t->begin = o->source;
	} else if (o->kind == OBS_SOURCE) {
		t->ends++;
		t->end = o->source;
	} else {
		assert_int_equal(t->begins, 1);
		if (t->cnt < TOLD_MAX)
			t->obs[t->cnt] = *o;
		t->cnt++;
	}
}

typedef int (*state_fn)(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx);

static inline int ask_for(state_fn fn, const struct state_ask *ask, enum source id,
			  enum source_state state, struct told *t)
{
	int err;

	memset(t, 0, sizeof(*t));
	err = fn(ask, 7, on_obs, t);
	assert_int_equal(t->begins, 1);
	assert_int_equal(t->ends, 1);
	assert_int_equal(t->begin.id, id);
	assert_int_equal(t->end.id, id);
	assert_string_equal(source_state_name(t->end.state), source_state_name(state));
	assert_int_equal(!err, state == SOURCE_OK);
	return err;
}

/* ---- files ---- */

struct dir {
	char path[64];
	struct state_ask ask;
};

static inline int dir_setup(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	if (!d)
		return -1;
	snprintf(d->path, sizeof(d->path), "/tmp/calitrace-test.XXXXXX");
	if (!mkdtemp(d->path))
		return -1;
	d->ask.host_root = d->path;
	*state = d;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline int dir_teardown(void **state)
{
	struct dir *d = *state;
	int err = nftw(d->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(d);
	return err;
}

static inline const char *path_in(const struct dir *d, const char *path)
{
	static char full[512];
	char *p;

	snprintf(full, sizeof(full), "%s/%s", d->path, path);
	for (p = full + strlen(d->path) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(full, 0755);
		*p = '/';
	}
	return full;
}

static inline void put(const struct dir *d, const char *path, const char *text)
{
	int fd = open(path_in(d, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#endif
