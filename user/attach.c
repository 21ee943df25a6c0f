// SPDX-License-Identifier: GPL-2.0-only
/* Which device has our programs, and by which of the two mechanisms: see attach.h. */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grace.h"
#include "guardian.h"
#include "tcx.h"
#include "util.h"

/* Each device is looked at so often; less often where the kernel tells of changes (clsact) */
#define ROUND_NS NS_PER_S
#define ROUND_TOLD_NS (10 * NS_PER_S)
/* One call of attach__check() may take so long, plus the device that it is at */
#define CHECK_NS (5 * NS_PER_MS)
/* Who detaches us more often than that within TORN_NS wants us to stay away */
#define TORN_MAX 3
#define TORN_NS (60 * NS_PER_S)
#define GUARD_MIN_NS NS_PER_S
/* For fewer devices the kernel is not hurried */
#define MANY 4

static const char *const hook_words[2] = { "ingress", "egress" };

struct device {
	uint32_t ifindex;
	char name[DEV_LEN];
	int link_fd[2]; /* TCX: ingress, egress */
	struct clsact_dev clsact;
	bool attached;	 /* else somebody tore it away */
	bool dirty;	 /* something changed there: look */
	bool qdisc_went; /* since the last look */
	bool front[2];	 /* foreign ones come before ours, and that was told */
	uint32_t torn;	 /* since torn_ns */
	uint64_t torn_ns, retry_ns;
};

struct attach {
	int prog_fd[2];
	uint32_t prog_id[2];
	struct clsact *clsact; /* NULL: TCX */
	struct grace *grace;   /* TCX, where it is to be had */
	struct guardian *guardian;
	int watch_fd;
	bool unguarded; /* it cannot be had, and that was told */
	uint64_t guarded_ns, rolled_ns;
	struct device *dev;
	size_t cnt, cap, next; /* next: the rolling check goes on there */
};

/* ---- the guardian ---- */

static void on_made(void *ctx, uint32_t ifindex, bool made)
{
	struct attach *a = ctx;

	if (a->guardian)
		guardian__tell(a->guardian, ifindex, made);
}

static int guard(struct attach *a)
{
	size_t i;
	int err = guardian__new(a->clsact, &a->guardian);

	for (i = 0; i < a->cnt && !err; i++) {
		if (a->dev[i].clsact.made)
			guardian__tell(a->guardian, a->dev[i].ifindex, true);
	}
	return err;
}

void attach__reap(struct attach *a, uint64_t now_ns, attach_fn fn, void *ctx)
{
	bool soon = now_ns < a->guarded_ns + GUARD_MIN_NS;

	if (!a->guardian || guardian__alive(a->guardian))
		return;
	guardian__free(a->guardian);
	a->guardian = NULL;
	a->guarded_ns = now_ns;
	a->unguarded = soon || guard(a);
	fn(ctx, false,
	   a->unguarded ? "the guardian process ended and no other can be had: if calitrace is "
			  "killed, run calitrace doctor --clean" :
			  "the guardian process ended; another one was started");
}

/* ---- life ---- */

static int new_clsact(struct attach *a)
{
	int err = clsact__new(&a->clsact);

	if (err)
		return err;
	clsact__on_made(a->clsact, on_made, a);
	/* before the leftovers go: what is made ours from here on shall have changed after this */
	a->watch_fd = clsact_watch_open();
	err = clsact__clean(a->clsact);
	if (err < 0)
		return err;
	err = guard(a);
	if (err)
		log_warn("no guardian process (%s): if calitrace is killed, run calitrace doctor "
			 "--clean",
			 strerror(-err));
	a->guarded_ns = mono_ns();
	return 0;
}

int attach__new(struct loader *l, struct attach **ret)
{
	struct attach *a;
	int err = 0, i;

	if (!loader__probe(l, PROBE_PATH)->ok)
		return -EOPNOTSUPP;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->watch_fd = -1;
	for (i = 0; i < 2; i++) {
		a->prog_fd[i] = loader__path_fd(l, i);
		a->prog_id[i] = tcx_prog_id(a->prog_fd[i]);
	}
	if (loader__probe(l, PROBE_TCX)->ok)
		a->grace = grace__new(GRACE_SWITCH);
	else
		err = new_clsact(a);
	if (err) {
		attach__free(a);
		return err;
	}
	*ret = a;
	return 0;
}

static struct device *find(const struct attach *a, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < a->cnt; i++) {
		if (a->dev[i].ifindex == ifindex)
			return &a->dev[i];
	}
	return NULL;
}

static int grow(struct attach *a)
{
	size_t cap = a->cap ? 2 * a->cap : 64;
	struct device *dev;

	if (a->cnt < a->cap)
		return 0;
	dev = realloc(a->dev, cap * sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	a->dev = dev;
	a->cap = cap;
	return 0;
}

static void tcx_remove(struct device *dev)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (dev->link_fd[i] >= 0)
			close(dev->link_fd[i]);
		dev->link_fd[i] = -1;
	}
}

static int tcx_add(struct attach *a, struct device *dev, char *why, size_t why_sz)
{
	int err = 0, i;

	for (i = 0; i < 2 && err >= 0; i++) {
		dev->link_fd[i] = err = tcx_attach(a->prog_fd[i], dev->ifindex, i);
		if (err < 0)
			snprintf(why, why_sz, "TCX on %s: %s", hook_words[i], strerror(-err));
	}
	if (err < 0)
		tcx_remove(dev);
	return err < 0 ? err : 0;
}

static void tell_front(const struct device *dev, int hook, char *text, size_t size)
{
	snprintf(text, size,
		 "'%s' (ifindex %u): a foreign filter on %s runs before ours, and what it accepts "
		 "or drops stays unseen",
		 dev->name, dev->ifindex, hook_words[hook]);
}

/* Where another kind of filter has the first priority ours cannot come before it. */
static void look_at_prio(struct device *dev, char *why, size_t why_sz)
{
	for (int i = 0; i < 2; i++) {
		dev->front[i] = dev->clsact.prio[i] > 1;
		if (dev->front[i])
			tell_front(dev, i, why, why_sz);
	}
}

int attach__add(struct attach *a, uint32_t ifindex, const char *name, char *why, size_t why_sz)
{
	struct device dev = { .ifindex = ifindex, .link_fd = { -1, -1 } };
	struct device *old = find(a, ifindex);
	char reason[128] = "";
	int err;

	why[0] = '\0';
	snprintf(old ? old->name : dev.name, DEV_LEN, "%s", name);
	if (old)
		return 0;
	err = grow(a);
	if (err)
		snprintf(reason, sizeof(reason), "%s", strerror(-err));
	else if (a->clsact)
		err = clsact__add(a->clsact, ifindex, a->prog_fd, &dev.clsact, reason,
				  sizeof(reason));
	else
		err = tcx_add(a, &dev, reason, sizeof(reason));
	if (err) {
		snprintf(why, why_sz, "cannot attach to '%s' (ifindex %u): %s", name, ifindex,
			 reason);
		return err;
	}
	look_at_prio(&dev, why, why_sz);
	dev.attached = true;
	a->dev[a->cnt++] = dev;
	return 0;
}

static void detach(struct attach *a, struct device *dev)
{
	if (a->clsact)
		clsact__remove(a->clsact, &dev->clsact);
	else
		tcx_remove(dev);
}

void attach__remove(struct attach *a, uint32_t ifindex)
{
	struct device *dev = find(a, ifindex);

	if (!dev)
		return;
	detach(a, dev);
	*dev = a->dev[--a->cnt];
}

void attach__gone(struct attach *a, uint32_t ifindex)
{
	struct device *dev = find(a, ifindex);
	struct clsact_look l;

	/* its number may belong to another one by now, with a qdisc that is none of ours */
	if (dev && a->clsact &&
	    (clsact__look(a->clsact, &dev->clsact, &l) || (!l.there[0] && !l.there[1]))) {
		on_made(a, ifindex, false);
		*dev = a->dev[--a->cnt];
	} else {
		attach__remove(a, ifindex);
	}
}

void attach__gone_unless(struct attach *a, bool (*fn)(void *ctx, uint32_t ifindex), void *ctx)
{
	size_t i = a->cnt;

	while (i-- > 0) {
		if (!fn(ctx, a->dev[i].ifindex))
			attach__gone(a, a->dev[i].ifindex);
	}
}

const char *attach__name(const struct attach *a, uint32_t ifindex)
{
	const struct device *dev = find(a, ifindex);

	return dev ? dev->name : NULL;
}

bool attach__has(const struct attach *a, uint32_t ifindex)
{
	return find(a, ifindex);
}

size_t attach__count(const struct attach *a)
{
	return a->cnt;
}

void attach__many(struct attach *a, size_t cnt)
{
	if (cnt >= MANY)
		grace__hurry(a->grace);
	else
		grace__calm(a->grace);
}

int attach__fd(const struct attach *a)
{
	return a->watch_fd;
}

void attach__free(struct attach *a)
{
	size_t i;

	if (!a)
		return;
	attach__many(a, a->cnt);
	for (i = 0; i < a->cnt; i++)
		detach(a, &a->dev[i]);
	grace__free(a->grace);
	guardian__free(a->guardian);
	clsact__free(a->clsact);
	if (a->watch_fd >= 0)
		close(a->watch_fd);
	free(a->dev);
	free(a);
}

/* ---- what others do to it ---- */

struct teller {
	attach_fn fn;
	void *ctx;
};

static int attach_again(struct attach *a, struct device *dev, char *why, size_t why_sz)
{
	bool went = dev->qdisc_went;

	dev->qdisc_went = false;
	if (a->clsact)
		return clsact__renew(a->clsact, &dev->clsact, went, a->prog_fd, why, why_sz);
	tcx_remove(dev);
	return tcx_add(a, dev, why, why_sz);
}

/* True: the device itself is gone. */
static bool retry(struct attach *a, struct device *dev, uint64_t now_ns, const struct teller *t)
{
	char why[128] = "", text[256];
	int err = attach_again(a, dev, why, sizeof(why));

	dev->attached = !err;
	dev->retry_ns = now_ns + TORN_NS;
	if (err == -ENODEV)
		return true;
	if (err)
		snprintf(text, sizeof(text),
			 "'%s' (ifindex %u): our TC programs were removed by somebody else, and "
			 "cannot be put back: %s",
			 dev->name, dev->ifindex, why);
	else
		snprintf(text, sizeof(text),
			 "'%s' (ifindex %u): our TC programs were removed by somebody else; "
			 "attached again",
			 dev->name, dev->ifindex);
	if (a->clsact && !err) {
		look_at_prio(dev, why, sizeof(why));
		if (why[0])
			t->fn(t->ctx, true, why);
	}
	t->fn(t->ctx, true, text);
	return false;
}

static bool torn(struct attach *a, struct device *dev, uint64_t now_ns, const struct teller *t)
{
	char text[256];

	if (now_ns > dev->torn_ns + TORN_NS) {
		dev->torn_ns = now_ns;
		dev->torn = 0;
	}
	if (++dev->torn <= TORN_MAX)
		return retry(a, dev, now_ns, t);
	dev->attached = false;
	dev->retry_ns = dev->torn_ns + TORN_NS;
	snprintf(text, sizeof(text),
		 "'%s' (ifindex %u): our TC programs were removed by somebody else %u times within "
		 "a minute: it stays without them for %llu s",
		 dev->name, dev->ifindex, dev->torn,
		 (unsigned long long)((dev->retry_ns - now_ns) / NS_PER_S));
	t->fn(t->ctx, true, text);
	return false;
}

static int look(struct attach *a, const struct device *dev, struct clsact_look *l)
{
	int err = 0, i;

	if (a->clsact)
		return clsact__look(a->clsact, &dev->clsact, l);
	for (i = 0; i < 2 && !err; i++)
		err = tcx_look(dev->ifindex, i, a->prog_id[i], &l->there[i], &l->front[i]);
	return err;
}

/* True: the device itself is gone, and is to be forgotten. */
static bool check(struct attach *a, struct device *dev, uint64_t now_ns, const struct teller *t)
{
	struct clsact_look l = { 0 };
	char text[256];
	int err;

	dev->dirty = false;
	if (!dev->attached)
		return now_ns >= dev->retry_ns && retry(a, dev, now_ns, t);
	err = look(a, dev, &l);
	if (err)
		/* if the kernel does not tell, nothing is known to be wrong */
		return err == -ENODEV;
	if (!l.there[0] || !l.there[1])
		return torn(a, dev, now_ns, t);
	dev->qdisc_went = false;
	for (int i = 0; i < 2; i++) {
		if (l.front[i] && !dev->front[i]) {
			tell_front(dev, i, text, sizeof(text));
			t->fn(t->ctx, true, text);
		}
		dev->front[i] = l.front[i];
	}
	return false;
}

static void on_change(void *ctx, uint32_t ifindex, bool qdisc_went)
{
	struct attach *a = ctx;
	struct device *dev = find(a, ifindex);

	if (!dev)
		return;
	dev->dirty = true;
	dev->qdisc_went = dev->qdisc_went || qdisc_went;
}

/* How many devices the rolling check has to look at now: all of them within a round */
static size_t share(struct attach *a, uint64_t now_ns)
{
	uint64_t round = a->watch_fd >= 0 ? ROUND_TOLD_NS : ROUND_NS;
	uint64_t n = a->cnt * (now_ns - a->rolled_ns) / round;

	if (!n)
		return 0;
	a->rolled_ns = now_ns;
	return n < a->cnt ? (size_t)n : a->cnt;
}

void attach__check(struct attach *a, uint64_t now_ns, attach_fn fn, void *ctx)
{
	const struct teller t = { fn, ctx };
	const uint64_t end = mono_ns() + CHECK_NS;
	size_t left = share(a, now_ns), i;

	if (a->watch_fd >= 0 && clsact_watch_read(a->watch_fd, on_change, a) > 0) {
		for (i = 0; i < a->cnt; i++)
			a->dev[i].dirty = true;
	}
	for (i = a->cnt; i-- > 0 && mono_ns() < end;) {
		if (a->dev[i].dirty && check(a, &a->dev[i], now_ns, &t))
			attach__gone(a, a->dev[i].ifindex);
	}
	for (; left && a->cnt && mono_ns() < end; left--) {
		a->next = a->next + 1 < a->cnt ? a->next + 1 : 0;
		if (check(a, &a->dev[a->next], now_ns, &t))
			attach__gone(a, a->dev[a->next].ifindex);
	}
}

/* ---- without a tracer ---- */

int attach_clean(void)
{
	struct clsact *c;
	int err = clsact__new(&c);

	if (err)
		return err;
	err = clsact__clean(c);
	clsact__free(c);
	return err;
}

int attach_leftovers(clsact_left_fn fn, void *ctx)
{
	struct clsact *c;
	int err = clsact__new(&c);

	if (err)
		return err;
	err = clsact__leftovers(c, fn, ctx);
	clsact__free(c);
	return err;
}
