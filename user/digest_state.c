// SPDX-License-Identifier: GPL-2.0-only
/* The node's state at the end of its capture, and what is known of other nodes' blocks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "digest_priv.h"
#include "hmap.h"
#include "rtnum.h"

struct filler {
	struct digest *d;
	struct digest_node *n;
	const struct engine *e;
	uint32_t others; /* routes outside the pools */
};

/* A pod's device: pods come and go, and none of that is a change of the node's */
static bool is_workload(const char *dev)
{
	return !strncmp(dev, "cali", 4);
}

/* ---- blocks ---- */

static uint64_t prefix_hash(const struct prefix *p)
{
	return hash_bytes(p->addr.b, sizeof(p->addr.b), p->len);
}

static struct digest_block *block_find(const struct digest_node *n, const struct prefix *p)
{
	uint64_t hash = prefix_hash(p);
	uint32_t pos = 0, at;

	while ((at = digest_index_next(&n->build->blocks, hash, &pos)))
		if (prefix_eq(&n->block[at - 1].block, p))
			return &n->block[at - 1];
	return NULL;
}

struct digest_block *digest_note_block(struct digest *d, struct digest_node *n,
				       const struct prefix *p, uint32_t known)
{
	struct digest_block *b = block_find(n, p);

	if (!b) {
		if (n->block_cnt >= DIGEST_BLOCKS) {
			n->cut_lists = true;
			return NULL;
		}
		if (!digest_room(d, &n->block, n->block_cnt, sizeof(*n->block)))
			return NULL;
		if (digest_index_put(&n->build->blocks, prefix_hash(p), n->block_cnt + 1)) {
			d->oom = true;
			return NULL;
		}
		b = &n->block[n->block_cnt++];
		*b = (struct digest_block){ .block = *p };
	}
	b->known |= known;
	return b;
}

/* A route to another node's block: a single address may be borrowed, and then it comes and goes. */
static bool leads_to_block(const struct engine *e, const struct route *r)
{
	return r->table == TABLE_MAIN && r->type == RTN_UNICAST && r->nh_cnt &&
	       addr_is_set(&r->nh[0].gw) && r->dst.len && r->dst.len < 32 &&
	       digest_pool(engine__pools(e), &r->dst);
}

static void note_route(struct digest *d, struct digest_node *n, const struct engine *e,
		       const struct route *r, uint32_t known)
{
	struct digest_block *b = digest_note_block(d, n, &r->dst, known);

	if (b && r->nh_cnt && addr_is_set(&r->nh[0].gw))
		b->owner = engine__node_of(e, &r->nh[0].gw);
}

void digest_change(struct digest *d, struct digest_node *n, const struct engine *e,
		   const struct obs_route *o, uint64_t ts_ns)
{
	struct digest_block *b;

	if (leads_to_block(e, &o->route))
		note_route(d, n, e, &o->route, DG_HISTORY);
	b = block_find(n, &o->route.dst);
	if (!b || (o->op != ROUTE_DEL && o->op != ROUTE_FLUSH))
		return;
	b->gone_ns = ts_ns;
	b->by = o->by;
}

static void on_start_route(void *ctx, const struct route *r)
{
	struct filler *f = ctx;

	if (leads_to_block(f->e, r))
		note_route(f->d, f->n, f->e, r, DG_HISTORY);
}

void digest__begin(struct digest *d, int node, const struct engine *e, uint64_t ts_ns)
{
	struct filler f = { .d = d, .n = &d->node[node], .e = e };

	/* a run that goes on in another file begins again there */
	if (!f.n->begin_ns)
		f.n->begin_ns = ts_ns;
	mirror__each_route(engine__mirror(e), on_start_route, &f);
}

static void on_bird_block(void *ctx, const struct prefix *p, const struct addr *owner)
{
	struct filler *f = ctx;
	struct digest_block *b;

	if (p->len >= 32)
		return;
	b = digest_note_block(f->d, f->n, p, DG_BIRD);
	if (b && addr_is_set(owner))
		b->owner = *owner;
}

/* What was lost for want of a route names blocks that nobody else may have told. */
static void lost_blocks(struct filler *f, const struct finding *x)
{
	if (x->recovered || (x->verdict != V_LEAKED && x->verdict != V_NO_ROUTE &&
			     x->verdict != V_UNREACHABLE && x->verdict != V_PROHIBIT))
		return;
	for (uint32_t i = 0; i < x->block_cnt; i++)
		if (x->block[i].len < 32)
			digest_note_block(f->d, f->n, &x->block[i], DG_FINDING);
}

/* ---- lists of the state ---- */

static void on_route(void *ctx, const struct route *r)
{
	struct filler *f = ctx;
	struct digest_node *n = f->n;
	const char *dev = r->nh_cnt ? mirror__dev(engine__mirror(f->e), r->nh[0].ifindex) : "";
	bool in_pool = digest_pool(&n->pools, &r->dst);
	struct digest_route *out;

	if (r->table != TABLE_MAIN || (is_workload(dev) && r->nh_cnt && !addr_is_set(&r->nh[0].gw)))
		return;
	if ((in_pool ? n->route_cnt - f->others : f->others) >= DIGEST_ROUTES) {
		n->cut_lists |= in_pool;
		return;
	}
	if (!digest_room(f->d, &n->route, n->route_cnt, sizeof(*n->route)))
		return;
	f->others += !in_pool;
	out = &n->route[n->route_cnt++];
	*out = (struct digest_route){
		.dst = r->dst,
		.type = r->type,
		.protocol = r->protocol,
		.nh_cnt = r->nh_cnt,
		.metric = r->metric,
		.in_pool = in_pool,
	};
	if (r->nh_cnt)
		out->gw = r->nh[0].gw;
	memccpy(out->dev, dev, 0, sizeof(out->dev) - 1);
	if (leads_to_block(f->e, r))
		note_route(f->d, n, f->e, r, DG_ROUTE);
}

static void on_addr(void *ctx, const struct obs_addr *a)
{
	struct filler *f = ctx;
	struct digest_node *n = f->n;
	const char *dev = mirror__dev(engine__mirror(f->e), a->ifindex);

	if (is_workload(dev) || a->address.addr.family != 4 ||
	    !digest_room(f->d, &n->addr, n->addr_cnt, sizeof(*n->addr)))
		return;
	n->addr[n->addr_cnt] = (struct digest_addr){ .address = a->address };
	memccpy(n->addr[n->addr_cnt++].dev, dev, 0, DEV_LEN - 1);
}

static void on_link(void *ctx, const struct link_info *l)
{
	struct filler *f = ctx;
	struct digest_node *n = f->n;
	struct digest_link *out;

	if (is_workload(l->name) || !digest_room(f->d, &n->link, n->link_cnt, sizeof(*n->link)))
		return;
	out = &n->link[n->link_cnt++];
	*out = (struct digest_link){ .up = l->up, .running = l->running, .mtu = l->mtu };
	memccpy(out->name, l->name, 0, sizeof(out->name) - 1);
	memccpy(out->kind, l->kind, 0, sizeof(out->kind) - 1);
}

static void on_peer(void *ctx, const struct view_peer *p)
{
	struct filler *f = ctx;

	if (digest_room(f->d, &f->n->peer, f->n->peer_cnt, sizeof(*p)))
		f->n->peer[f->n->peer_cnt++] = *p;
}

static void on_member(void *ctx, const struct addr *a)
{
	struct filler *f = ctx;

	if (digest_room(f->d, &f->n->member, f->n->member_cnt, sizeof(*a)))
		f->n->member[f->n->member_cnt++] = *a;
}

static void on_check(void *ctx, const struct check *c)
{
	struct filler *f = ctx;

	if (digest_room(f->d, &f->n->check, f->n->check_cnt, sizeof(*c)))
		f->n->check[f->n->check_cnt++] = *c;
}

/* Open ones first: past the limit those that recovered are left out. */
static void fill_findings(struct filler *f)
{
	struct digest_node *n = f->n;

	for (int recovered = 0; recovered < 2; recovered++)
		for (uint32_t id = 1; id <= n->summary.finding_cnt; id++) {
			const struct finding *x = engine__finding(f->e, id);

			if (!x || x->recovered != recovered)
				continue;
			lost_blocks(f, x);
			if (n->finding_cnt >= DIGEST_FINDINGS) {
				n->cut_lists = true;
				return;
			}
			if (digest_room(f->d, &n->finding, n->finding_cnt, sizeof(*x)))
				n->finding[n->finding_cnt++] = *x;
		}
}

/* ---- order ---- */

static int prefix_cmp(const struct prefix *x, const struct prefix *y)
{
	int diff = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

	return diff ? diff : (int)x->len - (int)y->len;
}

static int route_cmp(const void *a, const void *b)
{
	const struct digest_route *x = a, *y = b;
	int diff = prefix_cmp(&x->dst, &y->dst);

	return diff ? diff : (x->metric > y->metric) - (x->metric < y->metric);
}

static int block_cmp(const void *a, const void *b)
{
	const struct digest_block *x = a, *y = b;

	return prefix_cmp(&x->block, &y->block);
}

static int addr_cmp(const void *a, const void *b)
{
	const struct digest_addr *x = a, *y = b;
	int diff = prefix_cmp(&x->address, &y->address);

	return diff ? diff : strcmp(x->dev, y->dev);
}

static int link_cmp(const void *a, const void *b)
{
	const struct digest_link *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void sort(void *arr, uint32_t cnt, size_t size, int (*cmp)(const void *, const void *))
{
	if (cnt)
		qsort(arr, cnt, size, cmp);
}

/* Of several routes to one prefix the kernel takes that of the lowest metric. */
static void sort_routes(struct digest_node *n)
{
	uint32_t kept = 0;

	sort(n->route, n->route_cnt, sizeof(*n->route), route_cmp);
	for (uint32_t i = 0; i < n->route_cnt; i++)
		if (!kept || !prefix_eq(&n->route[kept - 1].dst, &n->route[i].dst))
			n->route[kept++] = n->route[i];
	n->route_cnt = kept;
}

/* A stop that a routing daemon put there is the node's own block, whatever was lost on its way to it. */
static bool is_own(const struct digest_node *n, const struct digest_block *b)
{
	const struct digest_route *r = digest__route(n, &b->block);

	return b->known == DG_FINDING && r && r->type != RTN_UNICAST;
}

static void drop_own_blocks(struct digest_node *n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n->block_cnt; i++)
		if (!is_own(n, &n->block[i]))
			n->block[kept++] = n->block[i];
	n->block_cnt = kept;
}

static void settle_blocks(struct digest *d, struct digest_node *n)
{
	struct digest_index *x = &n->build->blocks;

	drop_own_blocks(n);
	sort(n->block, n->block_cnt, sizeof(*n->block), block_cmp);
	/* their places have changed, and another run of the node may follow */
	free(x->slot);
	*x = (struct digest_index){ 0 };
	for (uint32_t i = 0; i < n->block_cnt; i++) {
		struct digest_block *b = &n->block[i];

		b->have = digest__way(n, &b->block);
		if (b->have)
			b->gone_ns = 0;
		if (digest_index_put(x, prefix_hash(&b->block), i + 1))
			d->oom = true;
	}
}

/* The state that an earlier part of the run ended with is replaced. */
static void clear_state(struct digest_node *n)
{
	n->route_cnt = n->peer_cnt = n->addr_cnt = n->link_cnt = 0;
	n->finding_cnt = n->check_cnt = n->member_cnt = 0;
	for (uint32_t i = 0; i < n->block_cnt; i++)
		if (n->block[i].known & (DG_ROUTE | DG_BIRD))
			n->block[i].known = DG_HISTORY;
}

/* The engine may be freed now, and another one may get its place in memory. */
static void forget_packets(struct digest_build *b)
{
	memset(b->memory, 0, DIGEST_MEMORY * sizeof(*b->memory));
	memset(b->place, 0, sizeof(b->place));
	memset(b->pair, 0, sizeof(b->pair));
}

void digest__end(struct digest *d, int node, const struct engine *e, uint64_t ts_ns)
{
	struct filler f = { .d = d, .n = &d->node[node], .e = e };
	struct digest_node *n = f.n;
	const struct mirror *m = engine__mirror(e);

	clear_state(n);
	n->end_ns = ts_ns;
	n->pools = *engine__pools(e);
	engine__sources(e, &n->sources);
	engine__summary(e, ts_ns, &n->summary);
	/* several runs of one node may be given */
	n->lost += n->summary.lost;
	n->withheld += n->summary.withheld;
	mirror__each_route(m, on_route, &f);
	mirror__each_addr(m, on_addr, &f);
	mirror__each_link(m, on_link, &f);
	engine__each_bird_block(e, on_bird_block, &f);
	engine__each_peer(e, on_peer, &f);
	engine__each_node(e, on_member, &f);
	engine__audit(e, on_check, &f);
	fill_findings(&f);
	sort_routes(n);
	sort(n->addr, n->addr_cnt, sizeof(*n->addr), addr_cmp);
	sort(n->link, n->link_cnt, sizeof(*n->link), link_cmp);
	settle_blocks(d, n);
	forget_packets(n->build);
	n->complete = true;
}
