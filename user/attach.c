// SPDX-License-Identifier: GPL-2.0-only
/* Which device has our programs, and by which of the two mechanisms: see attach.h. */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clsact.h"
#include "tcx.h"

struct device {
	uint32_t ifindex;
	int link_fd[2]; /* TCX: ingress, egress */
	struct clsact_dev clsact;
};

struct attach {
	int prog_fd[2];
	struct clsact *clsact; /* NULL: TCX */
	struct device *dev;
	size_t cnt, cap;
};

int attach__new(struct loader *l, struct attach **ret)
{
	struct attach *a;
	int err = 0;

	if (!loader__probe(l, PROBE_PATH)->ok)
		return -EOPNOTSUPP;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->prog_fd[0] = loader__path_fd(l, false);
	a->prog_fd[1] = loader__path_fd(l, true);
	if (!loader__probe(l, PROBE_TCX)->ok) {
		err = clsact__new(&a->clsact);
		if (!err)
			err = clsact__clean(a->clsact);
	}
	if (err < 0) {
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
			snprintf(why, why_sz, "TCX on %s: %s", i ? "egress" : "ingress",
				 strerror(-err));
	}
	if (err < 0)
		tcx_remove(dev);
	return err < 0 ? err : 0;
}

int attach__add(struct attach *a, uint32_t ifindex, const char *name, char *why, size_t why_sz)
{
	struct device dev = { .ifindex = ifindex, .link_fd = { -1, -1 } };
	const struct device *old = find(a, ifindex);
	char reason[128] = "";
	int err;

	why[0] = '\0';
	if (old && (!a->clsact || clsact__has(a->clsact, &old->clsact)))
		return 0;
	attach__remove(a, ifindex);
	err = grow(a);
	if (err) {
		snprintf(reason, sizeof(reason), "%s", strerror(-err));
	} else if (a->clsact) {
		err = clsact__add(a->clsact, ifindex, a->prog_fd, &dev.clsact, reason,
				  sizeof(reason));
	} else {
		err = tcx_add(a, &dev, reason, sizeof(reason));
	}
	if (reason[0])
		snprintf(why, why_sz, "%s '%s' (ifindex %u): %s",
			 err ? "cannot attach to" : "attached to", name, ifindex, reason);
	if (err)
		return err;
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

bool attach__has(const struct attach *a, uint32_t ifindex)
{
	return find(a, ifindex);
}

size_t attach__count(const struct attach *a)
{
	return a->cnt;
}

void attach__free(struct attach *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->cnt; i++)
		detach(a, &a->dev[i]);
	clsact__free(a->clsact);
	free(a->dev);
	free(a);
}

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
