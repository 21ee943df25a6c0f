// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cluster's pools, learnt on the node: first what others wrote down (ipsets of Felix,
 * BIRD's configuration), and where nothing is readable a guess from the node's own block.
 * Reading (pools_learn) and deciding (pools_decide, pure) are apart.
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "rtnum.h"
#include "sources.h"
#include "util.h"
#include "within.h"

/* Calico allows block sizes from /20 to /32, but makes no blackhole for a /32. */
#define BLOCK_LEN_MIN 20
#define BLOCK_LEN_MAX 31
/* Of so many own blocks the length is looked at */
#define OWN_BLOCKS 64
/* The widest guess: the size of the pool in Calico's own manifests */
#define GUESS_LEN 16
#define CONFD_MAX_SZ (1024 * 1024)

/* ---- what the node has ---- */

static const struct link_info *link_of(const struct pools_ask *ask, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < ask->link_cnt; i++) {
		if (ask->links[i].ifindex == ifindex)
			return &ask->links[i];
	}
	return NULL;
}

static enum encap_kind tunnel_kind(const struct link_info *link)
{
	if (!link)
		return ENCAP_NONE;
	if (!strcmp(link->kind, "ipip") || link->arptype == ARPHRD_TUNNEL)
		return ENCAP_IPIP;
	if (!strcmp(link->kind, "vxlan") || !strcmp(link->name, "vxlan.calico"))
		return ENCAP_VXLAN;
	if (!strcmp(link->kind, "wireguard"))
		return ENCAP_WIREGUARD;
	return ENCAP_NONE;
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);

	return len >= end_len && !strcmp(s + len - end_len, end);
}

/* A tunnel's, a pod's, or one that Calico made for itself (bpfin.cali, egress.calico) */
static bool is_calico_dev(const struct link_info *link)
{
	return link && (tunnel_kind(link) != ENCAP_NONE || !strncmp(link->name, "cali", 4) ||
			ends_with(link->name, ".cali") || ends_with(link->name, ".calico"));
}

static bool overlap(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

static struct prefix subnet_of(const struct obs_addr *addr)
{
	return prefix_of(&addr->address.addr, addr->address.len);
}

/* Is there a subnet, or an address, of a device that is not Calico's? */
static bool hits_foreign_subnet(const struct pools_ask *ask, const struct prefix *p)
{
	struct prefix subnet;
	size_t i;

	for (i = 0; i < ask->addr_cnt; i++) {
		subnet = subnet_of(&ask->addrs[i]);
		if (overlap(p, &subnet) && !is_calico_dev(link_of(ask, ask->addrs[i].ifindex)))
			return true;
	}
	return false;
}

/* How sure it is that this route stands for a block of this node; 0: it does not */
static int own_block_rank(const struct route *r)
{
	if (r->type != RTN_BLACKHOLE || r->dst.addr.family != 4 || r->dst.len < BLOCK_LEN_MIN ||
	    r->dst.len > BLOCK_LEN_MAX)
		return 0;
	if (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX)
		return 2;
	return r->protocol == RTPROT_BOOT || r->protocol == RTPROT_STATIC;
}

/* Best of all in a pool; an administrator's blackhole counts where there is none of Calico's. */
static uint8_t own_block_len(const struct pools_ask *ask, const struct obs_pools *pools)
{
	int rank, best = 0;
	uint8_t len = 0;
	size_t i, j;

	for (i = 0; i < ask->route_cnt; i++) {
		rank = own_block_rank(&ask->routes[i]);
		for (j = 0; rank && j < pools->cnt; j++) {
			if (prefix_covers(&pools->pool[j].cidr, &ask->routes[i].dst)) {
				rank += 2;
				break;
			}
		}
		if (rank > best) {
			best = rank;
			len = ask->routes[i].dst.len;
		}
	}
	return len;
}

/* What confd names where no blackhole does: a block of one address has none. 0: they differ, or none */
static uint8_t named_block_len(const struct pools_read *read, const struct obs_pools *pools)
{
	uint8_t len = 0;

	for (size_t i = 0; i < read->own_cnt; i++) {
		const struct prefix *own = &read->own[i];

		size_t j = 0;

		while (j < pools->cnt && !prefix_covers(&pools->pool[j].cidr, own))
			j++;
		if (j == pools->cnt)
			continue;
		if (len && own->len != len)
			return 0;
		len = own->len;
	}
	return len;
}

/* ---- modes ---- */

/* The routes of one pool, by where they lead */
struct exits {
	bool ipip, vxlan, direct;
	bool ipip_on_subnet; /* through the tunnel to a gateway on a subnet of ours */
};

static void note_route(const struct pools_ask *ask, const struct route *r, struct exits *e)
{
	const struct link_info *link;
	struct prefix gw;
	size_t i;

	for (i = 0; i < r->nh_cnt; i++) {
		link = link_of(ask, r->nh[i].ifindex);
		switch (tunnel_kind(link)) {
		case ENCAP_IPIP:
			e->ipip = true;
			gw = prefix_of(&r->nh[i].gw, 32);
			e->ipip_on_subnet = e->ipip_on_subnet || hits_foreign_subnet(ask, &gw);
			break;
		case ENCAP_VXLAN:
			e->vxlan = true;
			break;
		case ENCAP_NONE:
			/* Only Calico's own count: a foreign route may be the fault itself. */
			if (addr_is_set(&r->nh[i].gw) && !is_calico_dev(link) &&
			    (r->protocol == RTPROT_BIRD || r->protocol == RTPROT_FELIX))
				e->direct = true;
			break;
		case ENCAP_WIREGUARD:
			break;
		}
	}
}

static struct exits exits_of(const struct pools_ask *ask, const struct prefix *cidr)
{
	struct exits e = { 0 };
	size_t i;

	for (i = 0; i < ask->route_cnt; i++) {
		const struct route *r = &ask->routes[i];

		if (r->type == RTN_UNICAST && r->table == TABLE_MAIN &&
		    prefix_covers(cidr, &r->dst))
			note_route(ask, r, &e);
	}
	return e;
}

/* The mode of the tunnel device that has an address in the pool */
static enum pool_mode device_mode(const struct pools_ask *ask, const struct prefix *cidr)
{
	size_t i;

	for (i = 0; i < ask->addr_cnt; i++) {
		if (!prefix_has(cidr, &ask->addrs[i].address.addr))
			continue;
		switch (tunnel_kind(link_of(ask, ask->addrs[i].ifindex))) {
		case ENCAP_IPIP:
			return POOL_IPIP;
		case ENCAP_VXLAN:
			return POOL_VXLAN;
		default:
			break;
		}
	}
	return POOL_UNKNOWN;
}

/*
 * Direct routes beside a tunnel mean CrossSubnet. Not if the tunnel is used towards nodes on our
 * own subnet: there a direct route is one that lost its tunnel (BIRD, while tunl0 was missing).
 */
static enum pool_mode routes_mode(const struct pools_ask *ask, const struct prefix *cidr)
{
	struct exits e = exits_of(ask, cidr);

	if (e.ipip)
		return e.direct && !e.ipip_on_subnet ? POOL_CROSSSUBNET : POOL_IPIP;
	if (e.vxlan)
		return e.direct ? POOL_CROSSSUBNET : POOL_VXLAN;
	if (e.direct)
		return device_mode(ask, cidr) == POOL_UNKNOWN ? POOL_NONE : POOL_CROSSSUBNET;
	return POOL_UNKNOWN;
}

/* The narrowest of the pools that covers the prefix, itself first; NULL: none does */
static const struct pool *pool_over(const struct pool *pools, size_t cnt, const struct prefix *cidr)
{
	const struct pool *best = NULL;
	size_t i;

	for (i = 0; i < cnt; i++) {
		if (prefix_covers(&pools[i].cidr, cidr) &&
		    (!best || pools[i].cidr.len > best->cidr.len))
			best = &pools[i];
	}
	return best;
}

static void set_mode(struct pool *pool, enum pool_mode mode, enum pool_from from)
{
	if (pool->mode != POOL_UNKNOWN || mode == POOL_UNKNOWN)
		return;
	pool->mode = mode;
	pool->mode_from = from;
}

static void learn_mode(const struct pools_ask *ask, const struct pool *known, size_t known_cnt,
		       struct pool *pool)
{
	const struct pool *over = pool_over(known, known_cnt, &pool->cidr);

	if (over)
		set_mode(pool, over->mode, over->mode_from);
	/* bird_ipam.cfg does not tell VXLAN CrossSubnet from VXLAN: both are rejected there. */
	if (pool->mode == POOL_VXLAN && pool->mode_from == FROM_CONFD &&
	    exits_of(ask, &pool->cidr).direct) {
		pool->mode = POOL_CROSSSUBNET;
		pool->mode_from = FROM_ROUTES;
	}
	set_mode(pool, routes_mode(ask, &pool->cidr), FROM_ROUTES);
	set_mode(pool, device_mode(ask, &pool->cidr), FROM_DEVICE);
}

/* ---- the guess ---- */

struct items {
	const struct prefix *at;
	size_t cnt;
};

static void add_pool(struct obs_pools *out, const struct prefix *cidr, enum pool_from from)
{
	size_t i;

	for (i = 0; i < out->cnt; i++) {
		if (prefix_eq(&out->pool[i].cidr, cidr))
			return;
	}
	if (out->cnt < MAX_POOLS)
		out->pool[out->cnt++] = (struct pool){
			.cidr = *cidr,
			.from = from,
			.mode_from = from,
		};
}

/*
 * Adds p if it holds an item and no subnet of a foreign device; else its halves get their turn. The
 * recursion is 32 deep at most, and only follows the items.
 */
static void guess_within(const struct pools_ask *ask, const struct items *items,
			 const struct prefix *p, struct obs_pools *out)
{
	struct prefix half;
	size_t i;

	for (i = 0; i < items->cnt && !overlap(p, &items->at[i]); i++)
		;
	if (i == items->cnt || out->cnt == MAX_POOLS)
		return;
	if (!hits_foreign_subnet(ask, p)) {
		add_pool(out, p, FROM_GUESS);
		return;
	}
	if (p->len >= 32)
		return;
	half = prefix_of(&p->addr, p->len + 1);
	guess_within(ask, items, &half, out);
	half.addr.b[p->len / 8] |= 0x80 >> p->len % 8;
	guess_within(ask, items, &half, out);
}

static bool has_calico_dev(const struct pools_ask *ask)
{
	size_t i;

	for (i = 0; i < ask->link_cnt && !is_calico_dev(&ask->links[i]); i++)
		;
	return i < ask->link_cnt;
}

/* A route of Calico's through one of its tunnels: to another node's block */
static bool is_tunnel_route(const struct pools_ask *ask, const struct route *r)
{
	return r->type == RTN_UNICAST && r->table == TABLE_MAIN && r->nh_cnt &&
	       r->dst.addr.family == 4 && r->dst.len >= BLOCK_LEN_MIN &&
	       tunnel_kind(link_of(ask, r->nh[0].ifindex)) != ENCAP_NONE;
}

static size_t collect_items(const struct pools_ask *ask, struct prefix *at)
{
	/* An administrator's blackhole on a node without Calico is none of ours. */
	int rank, best = has_calico_dev(ask) ? 1 : 2;
	size_t cnt = 0, i;

	for (i = 0; i < ask->route_cnt; i++) {
		rank = own_block_rank(&ask->routes[i]);
		best = rank > best ? rank : best;
	}
	for (i = 0; i < ask->route_cnt; i++) {
		if (own_block_rank(&ask->routes[i]) == best ||
		    is_tunnel_route(ask, &ask->routes[i]))
			at[cnt++] = ask->routes[i].dst;
	}
	for (i = 0; i < ask->addr_cnt; i++) {
		if (ask->addrs[i].address.addr.family == 4 &&
		    tunnel_kind(link_of(ask, ask->addrs[i].ifindex)) != ENCAP_NONE)
			at[cnt++] = prefix_of(&ask->addrs[i].address.addr, 32);
	}
	return cnt;
}

/* Items of different /16s come from different pools, or from one that no guess can measure. */
static int guess(const struct pools_ask *ask, struct obs_pools *out)
{
	size_t max = ask->route_cnt + ask->addr_cnt, i, j;
	struct prefix *at = calloc(max ? max : 1, sizeof(*at));
	struct items items = { .at = at };
	struct prefix wide;

	if (!at)
		return -ENOMEM;
	items.cnt = collect_items(ask, at);
	for (i = 0; i < items.cnt; i++) {
		wide = prefix_of(&at[i].addr, GUESS_LEN);
		for (j = 0; j < i && !prefix_covers(&wide, &at[j]); j++)
			;
		if (j == i)
			guess_within(ask, &items, &wide, out);
	}
	free(at);
	return 0;
}

/* ---- the decision ---- */

static int decide_learnt(const struct pools_ask *ask, const struct pools_read *read,
			 struct obs_pools *out)
{
	size_t i;
	int err = 0;

	for (i = 0; i < read->ipset_cnt; i++)
		add_pool(out, &read->ipset[i], FROM_IPSET);
	for (i = 0; i < read->confd_cnt && !read->ipset_cnt; i++)
		add_pool(out, &read->confd[i].cidr, FROM_CONFD);
	if (!out->cnt)
		err = guess(ask, out);
	for (i = 0; i < out->cnt; i++)
		learn_mode(ask, read->confd, read->confd_cnt, &out->pool[i]);
	return err;
}

int pools_decide(const struct pools_ask *ask, const struct pools_read *read, struct obs_pools *out)
{
	struct obs_pools learnt = { 0 };
	size_t i;
	int err;

	err = decide_learnt(ask, read, &learnt);
	if (err)
		return err;
	if (!ask->option_cnt) {
		*out = learnt;
	} else {
		memset(out, 0, sizeof(*out));
		for (i = 0; i < ask->option_cnt; i++)
			add_pool(out, &ask->option[i].cidr, FROM_OPTION);
		for (i = 0; i < out->cnt; i++) {
			const struct pool *o =
				pool_over(ask->option, ask->option_cnt, &out->pool[i].cidr);

			set_mode(&out->pool[i], o->mode, FROM_OPTION);
			learn_mode(ask, learnt.pool, learnt.cnt, &out->pool[i]);
		}
	}
	out->block_len = own_block_len(ask, out);
	if (!out->block_len)
		out->block_len = named_block_len(read, out);
	return out->cnt ? 0 : -ENOENT;
}

/* ---- reading ---- */

static int read_ipset(struct prefix *out, size_t max)
{
	/* The second is the first one's name since v3.33. */
	static const char *const names[] = { "cali40all-ipam-pools", "cali40network-ip-pools" };
	int cnt = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && cnt <= 0; i++)
		cnt = ipset_members(names[i], out, max);
	return cnt < 0 ? 0 : cnt;
}

/* A file of confd's, to be freed; NULL: there is none that can be read */
static char *confd_text(const struct pools_ask *ask, const char *name, size_t *len)
{
	char *text;

	if (within_confd(ask->host_root, ask->netns_inum, name, CONFD_MAX_SZ, &text, len))
		return NULL;
	return text;
}

static int read_confd(const struct pools_ask *ask, struct pool *out, size_t max)
{
	bool felix_owner;
	size_t len;
	char *text = confd_text(ask, "bird_ipam.cfg", &len);
	int cnt = text ? confd_parse_pools(text, len, out, max, &felix_owner) : 0;

	free(text);
	return cnt < 0 ? 0 : cnt;
}

static int read_own(const struct pools_ask *ask, struct prefix *out, size_t max)
{
	size_t len;
	char *text = confd_text(ask, "bird_aggr.cfg", &len);
	int cnt = text ? confd_parse_blocks(text, len, out, max) : 0;

	free(text);
	return cnt < 0 ? 0 : cnt;
}

int pools_learn(const struct pools_ask *ask, struct obs_pools *out)
{
	struct prefix ipset[MAX_POOLS], own[OWN_BLOCKS];
	struct pool confd[MAX_POOLS];
	const struct pools_read read = {
		.ipset = ipset,
		.ipset_cnt = (size_t)read_ipset(ipset, MAX_POOLS),
		.confd = confd,
		.confd_cnt = (size_t)read_confd(ask, confd, MAX_POOLS),
		.own = own,
		.own_cnt = (size_t)read_own(ask, own, OWN_BLOCKS),
	};

	return pools_decide(ask, &read, out);
}
