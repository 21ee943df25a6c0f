// SPDX-License-Identifier: GPL-2.0-only
/* Names of devices as the links told them, in an open hash table */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_writer.h"

#define FIRST_CAP 256u

static uint32_t slot_of(const struct cap_devs *d, uint32_t netns, uint32_t ifindex)
{
	uint64_t h = ((uint64_t)netns << 32 | ifindex) * 0x9E3779B97F4A7C15ull;
	uint32_t i = (uint32_t)(h >> 32) & (d->cap - 1);

	while (d->dev[i].used && (d->dev[i].netns != netns || d->dev[i].ifindex != ifindex))
		i = (i + 1) & (d->cap - 1);
	return i;
}

int cap_devs__init(struct cap_devs *d)
{
	*d = (struct cap_devs){ .cap = FIRST_CAP };
	d->dev = calloc(d->cap, sizeof(*d->dev));
	return d->dev ? 0 : -ENOMEM;
}

void cap_devs__free(struct cap_devs *d)
{
	free(d->dev);
	d->dev = NULL;
}

static int grow(struct cap_devs *d)
{
	struct cap_devs n = { .cap = d->cap * 2, .cnt = d->cnt };

	n.dev = calloc(n.cap, sizeof(*n.dev));
	if (!n.dev)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->dev[i].used)
			n.dev[slot_of(&n, d->dev[i].netns, d->dev[i].ifindex)] = d->dev[i];
	free(d->dev);
	*d = n;
	return 0;
}

/* A name goes into comments and interface blocks, where it has to be text. */
static void set_name(struct cap_dev *v, const char *name)
{
	char in_ns[CAP_NAME_LEN];
	size_t len;

	if (v->netns) {
		snprintf(in_ns, sizeof(in_ns), "netns:%u/%s", v->netns, name);
		name = in_ns;
	}
	len = strnlen(name, sizeof(v->name) - 1);
	for (size_t i = 0; i < len; i++)
		v->name[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
	v->name[len] = '\0';
	v->name_len = (uint8_t)len;
	v->block = CAP_NO_BLOCK;
	v->gone = false;
}

struct cap_dev *cap_devs__get(struct cap_devs *d, uint32_t netns, uint32_t ifindex)
{
	struct cap_dev *v = &d->dev[slot_of(d, netns, ifindex)];
	char name[16] = "none";

	if (v->used)
		return v;
	if (d->cnt >= d->cap / 2) {
		if (grow(d))
			return NULL;
		v = &d->dev[slot_of(d, netns, ifindex)];
	}
	d->cnt++;
	*v = (struct cap_dev){ .used = true, .netns = netns, .ifindex = ifindex };
	if (ifindex)
		snprintf(name, sizeof(name), "if%u", ifindex);
	set_name(v, name);
	return v;
}

int cap_devs__link(struct cap_devs *d, const struct link_info *l)
{
	struct cap_dev *v, old;

	if (!l->ifindex || !l->name[0])
		return 0;
	v = cap_devs__get(d, 0, l->ifindex);
	if (!v)
		return -ENOMEM;
	old = *v;
	set_name(v, l->name);
	if (!strcmp(old.name, v->name))
		v->block = old.block;
	return 0;
}

void cap_devs__unlink(struct cap_devs *d, const struct link_info *l)
{
	struct cap_dev *v = &d->dev[slot_of(d, 0, l->ifindex)];

	v->gone = v->used;
}

/* Pods come and go, and a rotation may run for months: what this file may not need is forgotten. */
void cap_devs__restart(struct cap_devs *d)
{
	struct cap_devs n = { .cap = d->cap };

	for (uint32_t i = 0; i < d->cap; i++)
		d->dev[i].block = CAP_NO_BLOCK;
	n.dev = calloc(n.cap, sizeof(*n.dev));
	if (!n.dev)
		return;
	for (uint32_t i = 0; i < d->cap; i++) {
		const struct cap_dev *v = &d->dev[i];

		if (v->used && !v->gone && !v->netns) {
			n.dev[slot_of(&n, v->netns, v->ifindex)] = *v;
			n.cnt++;
		}
	}
	free(d->dev);
	*d = n;
}
