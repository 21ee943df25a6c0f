// SPDX-License-Identifier: GPL-2.0-only
#include "learn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "rtnum.h"
#include "sources.h"
#include "util.h"

/* The largest clusters have 5000 nodes, each with its own and a tunnel's address. */
#define MEMBERS_MAX 32768

/* ---- pools ---- */

struct lists {
	struct link_info *link;
	struct obs_addr *addr;
	struct route *route;
	size_t links, addrs, routes;
	bool failed;
};

static void *grow(struct lists *l, void *p, size_t n, size_t size)
{
	void *q;

	if (n & (n - 1)) /* grow at powers of two */
		return p;
	q = realloc(p, (n ? n * 2 : 1) * size);
	if (!q)
		l->failed = true;
	return q ? q : p;
}

static void collect_link(void *ctx, const struct link_info *link)
{
	struct lists *l = ctx;

	l->link = grow(l, l->link, l->links, sizeof(*l->link));
	if (!l->failed)
		l->link[l->links++] = *link;
}

static void collect_addr(void *ctx, const struct obs_addr *addr)
{
	struct lists *l = ctx;

	l->addr = grow(l, l->addr, l->addrs, sizeof(*l->addr));
	if (!l->failed)
		l->addr[l->addrs++] = *addr;
}

static void collect_route(void *ctx, const struct route *route)
{
	struct lists *l = ctx;

	l->route = grow(l, l->route, l->routes, sizeof(*l->route));
	if (!l->failed)
		l->route[l->routes++] = *route;
}

int learn_pools(const struct opts *o, const struct mirror *m, uint32_t inum, struct obs_pools *out)
{
	struct lists l = { 0 };
	struct pools_ask ask = {
		.host_root = o->host_root,
		.netns_inum = inum,
		.option = o->pool,
		.option_cnt = o->pool_cnt,
	};
	int err;

	mirror__each_link(m, collect_link, &l);
	mirror__each_addr(m, collect_addr, &l);
	mirror__each_route(m, collect_route, &l);
	ask.links = l.link;
	ask.link_cnt = l.links;
	ask.addrs = l.addr;
	ask.addr_cnt = l.addrs;
	ask.routes = l.route;
	ask.route_cnt = l.routes;
	err = l.failed ? -ENOMEM : pools_learn(&ask, out);
	free(l.link);
	free(l.addr);
	free(l.route);
	return err;
}

/* ---- the port of VXLAN ---- */

static void vxlan_port(void *ctx, const struct link_info *l)
{
	uint16_t *port = ctx;

	if (!strcmp(l->kind, "vxlan") && l->vxlan_port &&
	    (!*port || !strcmp(l->name, "vxlan.calico")))
		*port = l->vxlan_port;
}

struct pod_ask {
	uint32_t ifindex;
	bool found;
};

static void pod_route(void *ctx, const struct route *r)
{
	struct pod_ask *a = ctx;

	a->found = a->found || (r->type == RTN_UNICAST && r->dst.len == 32 && r->nh_cnt &&
				!addr_is_set(&r->nh[0].gw) && r->nh[0].ifindex == a->ifindex);
}

bool learn_is_pods(const struct mirror *m, const struct link_info *l)
{
	struct pod_ask a = { .ifindex = l->ifindex };

	if (!strncmp(l->name, "cali", 4))
		return true;
	mirror__each_route(m, pod_route, &a);
	return a.found;
}

/* What is said now is less than what was known: without its direct routes CrossSubnet looks like VXLAN. */
static bool mode_is_less(const struct pool *now, const struct pool *before)
{
	return now->mode == POOL_UNKNOWN ||
	       (now->mode == POOL_VXLAN && before->mode == POOL_CROSSSUBNET);
}

/* The mode that routes showed is not forgotten when they are gone. */
void learn_keep_modes(struct obs_pools *now, const struct obs_pools *before)
{
	for (uint32_t i = 0; i < now->cnt; i++)
		for (uint32_t k = 0; k < before->cnt; k++)
			if (mode_is_less(&now->pool[i], &before->pool[k]) &&
			    !memcmp(&now->pool[i].cidr, &before->pool[k].cidr,
				    sizeof(struct prefix)))
				now->pool[i] = before->pool[k];
}

uint16_t learn_vxlan_port(const struct mirror *m)
{
	uint16_t port = 0;

	mirror__each_link(m, vxlan_port, &port);
	return port;
}

/* ---- nodes ---- */

static int compare(const void *a, const void *b)
{
	const struct node_listed *na = a, *nb = b;

	return memcmp(&na->addr, &nb->addr, sizeof(na->addr));
}

/* Sorted, each address once with all the lists that name it; returns how many are left. */
static size_t merge(struct node_listed *node, size_t cnt)
{
	size_t kept = 0, i;

	qsort(node, cnt, sizeof(*node), compare);
	for (i = 0; i < cnt; i++) {
		if (kept && !compare(&node[kept - 1], &node[i]))
			node[kept - 1].lists |= node[i].lists;
		else
			node[kept++] = node[i];
	}
	return kept;
}

int nodes__replace(struct nodes *n, const struct node_list *list, size_t cnt)
{
	struct nodes got = { 0 };
	size_t max = 1, i, j;

	for (i = 0; i < cnt; i++)
		max += list[i].cnt;
	/* cleared to the last byte: they are compared as memory */
	got.node = calloc(max, sizeof(*got.node));
	if (!got.node)
		return -ENOMEM;
	for (i = 0; i < cnt; i++) {
		got.lists |= list[i].list;
		for (j = 0; j < list[i].cnt; j++) {
			const struct prefix *p = &list[i].member[j];

			/* a wider prefix is somebody's network, not a node */
			if (p->addr.family != 4 || p->len != 32)
				continue;
			got.node[got.cnt].addr = p->addr;
			got.node[got.cnt++].lists = list[i].list;
		}
	}
	got.cnt = merge(got.node, got.cnt);
	if (got.lists == n->lists && got.cnt == n->cnt &&
	    (!got.cnt || !memcmp(got.node, n->node, got.cnt * sizeof(*got.node)))) {
		free(got.node);
		return 0;
	}
	free(n->node);
	*n = got;
	return 1;
}

int nodes__learn(struct nodes *n)
{
	static const struct {
		const char *name;
		uint8_t list;
	} sets[] = {
		{ "cali40all-hosts-net", NODES_IPIP },
		{ "cali40all-vxlan-net", NODES_VXLAN },
	};
	struct prefix *member = malloc(ARRAY_SIZE(sets) * MEMBERS_MAX * sizeof(*member));
	struct node_list list[ARRAY_SIZE(sets)];
	size_t cnt = 0, i;
	int got, err = 0;

	if (!member)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(sets) && !err; i++) {
		struct prefix *out = member + i * MEMBERS_MAX;

		got = ipset_members(sets[i].name, out, MEMBERS_MAX);
		if (got >= 0)
			list[cnt++] = (struct node_list){ sets[i].list, out, (size_t)got };
		else if (got != -ENOENT && got != -EOPNOTSUPP)
			err = got; /* what could not be read has not changed */
	}
	if (!err)
		err = nodes__replace(n, list, cnt);
	free(member);
	return err;
}

void nodes__tell(const struct nodes *n, uint64_t ts_ns, void (*fn)(void *ctx, const struct obs *o),
		 void *ctx)
{
	struct obs o = { .kind = OBS_NODE, .ts_ns = ts_ns };

	o.node.reset = true;
	o.node.lists = n->lists;
	fn(ctx, &o);
	o.node.reset = false;
	for (size_t i = 0; i < n->cnt; i++) {
		o.node.addr = n->node[i].addr;
		o.node.lists = n->node[i].lists;
		fn(ctx, &o);
	}
}

void nodes__free(struct nodes *n)
{
	free(n->node);
	*n = (struct nodes){ 0 };
}
