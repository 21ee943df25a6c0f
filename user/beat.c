// SPDX-License-Identifier: GPL-2.0-only
#include "beat.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "priv.h"
#include "util.h"

#define BEAT_NS (200 * NS_PER_MS)
#define HUNG_NS (10 * NS_PER_S)

struct beat {
	struct loader *loader;
	pthread_t thread;
	pthread_mutex_t lock; /* of ended */
	pthread_cond_t wake;
	uint64_t turn_ns; /* atomic */
	bool ended;
};

static struct timespec after(uint64_t ns)
{
	uint64_t t = mono_ns() + ns;

	return (struct timespec){ (time_t)(t / NS_PER_S), (long)(t % NS_PER_S) };
}

static void *run(void *arg)
{
	struct beat *b = arg;

	/* it only writes to memory */
	priv_none();
	pthread_mutex_lock(&b->lock);
	while (!b->ended) {
		struct timespec until = after(BEAT_NS);

		if (mono_ns() < __atomic_load_n(&b->turn_ns, __ATOMIC_RELAXED) + HUNG_NS)
			loader__beat(b->loader);
		pthread_cond_timedwait(&b->wake, &b->lock, &until);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct beat *b)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&b->thread, NULL, run, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int beat__new(struct loader *l, struct beat **ret)
{
	struct beat *b = calloc(1, sizeof(*b));
	pthread_condattr_t attr;
	int err;

	if (!b)
		return -ENOMEM;
	b->loader = l;
	b->turn_ns = mono_ns();
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->wake, &attr);
	pthread_condattr_destroy(&attr);
	err = start(b);
	if (err) {
		free(b);
		return err;
	}
	*ret = b;
	return 0;
}

void beat__turn(struct beat *b)
{
	__atomic_store_n(&b->turn_ns, mono_ns(), __ATOMIC_RELAXED);
}

void beat__free(struct beat *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->ended = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
