// SPDX-License-Identifier: GPL-2.0-only
#include "sides.h"

#include <stdlib.h>

#define SIDE_TUNNEL "tunl0"

static const struct {
	const char *block, *node, *name;
} owners[SIDE_BLOCKS] = {
	{ BLOCK1, "10.2.7.203", "k8s04" },
	{ BLOCK2, "10.2.7.202", "k8s03" },
	{ BLOCK3, "10.2.7.200", "k8s01" },
};

static const char *const check_names[] = { "routes", "fib",    "bgp",	    "node-address",
					   "tunnel", "sysctl", "allowlist", "graceful-restart" };

/* Room for one more element, zeroed */
static void *more(void *arr, uint32_t *cnt, size_t size)
{
	void **at = arr;
	char *one;

	*at = reallocarray(*at, *cnt + 1, size);
	assert_non_null(*at);
	one = (char *)*at + *cnt * size;
	memset(one, 0, size);
	++*cnt;
	return one;
}

static void text(char *out, size_t size, const char *in)
{
	snprintf(out, size, "%s", in);
}

struct digest_node *side_node(struct digest *d)
{
	for (uint32_t i = 0; i < d->cnt; i++)
		if (!strcmp(d->node[i].name, "k8s02"))
			return &d->node[i];
	fail_msg("no k8s02");
	return NULL;
}

static void add_route(struct digest_node *n, const char *dst, const char *gw, const char *dev,
		      uint8_t type, uint8_t protocol)
{
	struct digest_route *r = more(&n->route, &n->route_cnt, sizeof(*n->route));
	struct prefix pool = pfx("10.253.0.0/16");

	r->dst = pfx(dst);
	r->gw = ip(gw);
	text(r->dev, sizeof(r->dev), dev);
	r->type = type;
	r->protocol = protocol;
	r->nh_cnt = type == RT_UNICAST;
	r->in_pool = prefix_covers(&pool, &r->dst);
}

/* Routes and blocks have to be in the order of prefixes. */
static void add_blocks(struct digest_node *n)
{
	for (int i = 0; i < SIDE_BLOCKS; i++) {
		struct digest_block *b = more(&n->block, &n->block_cnt, sizeof(*n->block));

		add_route(n, owners[i].block, owners[i].node, SIDE_TUNNEL, RT_UNICAST, RP_BIRD);
		b->block = pfx(owners[i].block);
		b->owner = ip(owners[i].node);
		b->known = DG_ROUTE | DG_HISTORY | DG_BIRD;
		b->have = true;
	}
}

struct view_peer *side_add_peer(struct digest *d, const char *addr, bool up)
{
	struct digest_node *n = side_node(d);
	struct view_peer *p = more(&n->peer, &n->peer_cnt, sizeof(*n->peer));

	p->addr = ip(addr);
	p->configured = true;
	p->up = up;
	text(p->state, sizeof(p->state), up ? "Established" : "Active");
	text(p->trouble, sizeof(p->trouble), up ? "" : "Socket: Connection closed");
	return p;
}

void side_add_addr(struct digest *d, const char *addr, uint8_t len, const char *dev)
{
	struct digest_node *n = side_node(d);
	struct digest_addr *a = more(&n->addr, &n->addr_cnt, sizeof(*n->addr));

	a->address.addr = ip(addr);
	a->address.len = len;
	text(a->dev, sizeof(a->dev), dev);
}

static void add_link(struct digest_node *n, const char *name, const char *kind)
{
	struct digest_link *l = more(&n->link, &n->link_cnt, sizeof(*n->link));

	text(l->name, sizeof(l->name), name);
	text(l->kind, sizeof(l->kind), kind);
	l->up = l->running = true;
	l->mtu = 1500;
}

static void add_checks(struct digest_node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(check_names); i++) {
		struct check *c = more(&n->check, &n->check_cnt, sizeof(*n->check));

		text(c->name, sizeof(c->name), check_names[i]);
		text(c->explain, sizeof(c->explain), "All is well.");
		c->state = CHECK_OK;
		c->needed = i < 3 || !strcmp(c->name, "tunnel") || !strcmp(c->name, "sysctl");
	}
}

static struct digest_end end_of(const char *name)
{
	struct digest_end e = { .place = DG_OUTSIDE };

	if (!strcmp(name, "host")) {
		e.place = DG_HOST;
	} else if (*name) {
		e.place = strchr(name, '/') ? DG_BLOCK : DG_NODE;
		e.block = pfx(name);
	}
	return e;
}

struct digest_flow *side_add_flow(struct digest *d, const char *src, const char *dst,
				  const char *service, enum app app)
{
	struct digest_node *n = side_node(d);
	struct digest_flow *f = more(&n->flow, &n->flow_cnt, sizeof(*n->flow));

	f->src = end_of(src);
	f->dst = end_of(dst);
	f->service = ip(service);
	f->app = app;
	f->sent = f->answered = 5;
	f->first_ns = n->begin_ns + NS_PER_S;
	f->good_ns = n->begin_ns + 2 * NS_PER_S;
	return f;
}

static void add_node(struct digest *d, const char *name)
{
	int i = digest__add(d, name, 0);
	struct digest_node *n;

	assert_true(i >= 0);
	n = &d->node[i];
	n->begin_ns = FEED_T0;
	n->end_ns = FEED_T0 + 10 * NS_PER_S;
	n->complete = true;
	n->sources =
		(struct view_sources){ .bird = true, .peers = true, .nodes = true, .links = true };
	n->summary.seen = 100;
	n->pools.cnt = 1;
	n->pools.pool[0] = (struct pool){ .cidr = pfx("10.253.0.0/16"), .mode = POOL_IPIP };
	add_checks(n);
	add_link(n, "eth0", "");
	add_link(n, SIDE_TUNNEL, "ipip");
}

struct digest side_quiet(void)
{
	struct digest d = { 0 };
	struct digest_node *n;

	add_node(&d, "k8s02");
	n = side_node(&d);
	n->summary.seen = 0;
	add_route(n, "0.0.0.0/0", "10.2.7.254", "eth0", RT_UNICAST, RP_BOOT);
	add_route(n, OWN, NULL, "", RT_BLACKHOLE, RP_BIRD);
	add_blocks(n);
	for (int i = 0; i < SIDE_BLOCKS; i++) {
		struct addr *a = more(&n->member, &n->member_cnt, sizeof(*n->member));
		struct view_peer *p = side_add_peer(&d, owners[i].node, true);

		*a = ip(owners[i].node);
		text(p->node, sizeof(p->node), owners[i].name);
	}
	side_add_addr(&d, "10.2.7.201", 24, "eth0");
	return d;
}

struct digest side_healthy(void)
{
	struct digest d = side_quiet();

	side_node(&d)->summary.seen = 100;
	side_add_flow(&d, OWN, BLOCK2, NULL, APP_ICMP);
	side_add_flow(&d, OWN, BLOCK3, NULL, APP_ICMP);
	side_add_flow(&d, OWN, BLOCK3, "10.96.0.10", APP_DNS);
	return d;
}

struct digest side_broken(void)
{
	struct digest d = side_healthy();
	struct digest_node *n = side_node(&d);
	struct finding *f;

	for (int i = 0; i < SIDE_BLOCKS; i++)
		side_drop_route(&d, owners[i].block);
	for (uint32_t i = 0; i < n->peer_cnt; i++) {
		n->peer[i].up = false;
		text(n->peer[i].state, sizeof(n->peer[i].state), "Active");
	}
	for (uint32_t i = 0; i < n->flow_cnt; i++) {
		n->flow[i].answered = 0;
		side_lose(&n->flow[i], V_LEAKED, 5);
	}
	f = side_add_finding(&d, "leaked/eth0/all-blocks", V_LEAKED, BLOCK3, APP_ICMP);
	f->apps[APP_DNS] = 5;
	f->block[f->block_cnt++] = pfx(BLOCK2);
	f->apps[APP_DNS] = 0;
	f->cause = C_NODE_ADDRESS_MISMATCH;
	side_check(&d, "routes")->state = CHECK_PROBLEM;
	side_check(&d, "routes")->cause = C_ROUTE_MISSING;
	side_check(&d, "bgp")->state = CHECK_PROBLEM;
	side_check(&d, "bgp")->cause = C_BGP_DOWN;
	side_check(&d, "node-address")->state = CHECK_PROBLEM;
	side_check(&d, "node-address")->cause = C_NODE_ADDRESS_MISMATCH;
	return d;
}

void side_add_k8s01(struct digest *d)
{
	struct digest_node *n;

	add_node(d, "k8s01");
	n = &d->node[d->cnt - 1];
	add_route(n, "0.0.0.0/0", "10.2.7.254", "eth0", RT_UNICAST, RP_BOOT);
	add_route(n, OWN, "10.2.7.201", SIDE_TUNNEL, RT_UNICAST, RP_BIRD);
	add_route(n, BLOCK1, "10.2.7.203", SIDE_TUNNEL, RT_UNICAST, RP_BIRD);
	add_route(n, BLOCK2, "10.2.7.202", SIDE_TUNNEL, RT_UNICAST, RP_BIRD);
	add_route(n, BLOCK3, NULL, "", RT_BLACKHOLE, RP_BIRD);
}

/* ---- what may be wrong ---- */

struct digest_route *side_route(struct digest *d, const char *dst)
{
	struct prefix p = pfx(dst);
	struct digest_route *r = (struct digest_route *)digest__route(side_node(d), &p);

	assert_non_null(r);
	return r;
}

struct digest_block *side_block(struct digest *d, const char *block)
{
	struct prefix p = pfx(block);
	struct digest_block *b = (struct digest_block *)digest__block(side_node(d), &p);

	assert_non_null(b);
	return b;
}

static void remove_at(void *arr, uint32_t *cnt, size_t size, const void *one)
{
	size_t at = (size_t)((const char *)one - (char *)arr) / size;

	memmove((char *)arr + at * size, (char *)arr + (at + 1) * size, (*cnt - at - 1) * size);
	--*cnt;
}

void side_drop_route(struct digest *d, const char *block)
{
	struct digest_node *n = side_node(d);
	struct digest_block *b = side_block(d, block);

	remove_at(n->route, &n->route_cnt, sizeof(*n->route), side_route(d, block));
	b->have = false;
	b->known = DG_HISTORY;
	b->gone_ns = n->begin_ns + NS_PER_S;
}

void side_forget_block(struct digest *d, const char *block)
{
	struct digest_node *n = side_node(d);

	remove_at(n->block, &n->block_cnt, sizeof(*n->block), side_block(d, block));
}

struct view_peer *side_peer(struct digest *d, const char *addr)
{
	struct addr a = ip(addr);
	struct view_peer *p = (struct view_peer *)digest__peer(side_node(d), &a);

	assert_non_null(p);
	return p;
}

void side_drop_peer(struct digest *d, const char *addr)
{
	struct digest_node *n = side_node(d);

	remove_at(n->peer, &n->peer_cnt, sizeof(*n->peer), side_peer(d, addr));
}

struct check *side_check(struct digest *d, const char *name)
{
	struct check *c = (struct check *)digest__check(side_node(d), name);

	assert_non_null(c);
	return c;
}

struct digest_flow *side_flow(struct digest *d, const char *dst, enum app app)
{
	struct digest_node *n = side_node(d);
	struct digest_end end = end_of(dst);

	for (uint32_t i = 0; i < n->flow_cnt; i++)
		if (n->flow[i].app == app && digest__end_eq(&n->flow[i].dst, &end))
			return &n->flow[i];
	fail_msg("no flow to %s", dst);
	return NULL;
}

void side_lose(struct digest_flow *f, enum verdict v, uint32_t count)
{
	f->lost[v] += count;
	f->bad += count;
	f->bad_ns = f->good_ns + NS_PER_S;
}

struct finding *side_add_finding(struct digest *d, const char *key, enum verdict v,
				 const char *block, enum app app)
{
	struct digest_node *n = side_node(d);
	struct finding *f = more(&n->finding, &n->finding_cnt, sizeof(*n->finding));

	text(f->key, sizeof(f->key), key);
	f->id = n->finding_cnt;
	f->verdict = v;
	f->packets = f->apps[app] = f->verdicts[v] = 5;
	if (block)
		f->block[f->block_cnt++] = pfx(block);
	return f;
}

/* ---- compared ---- */

/* Compares, checks the verdict, hands the comparison out */
struct diff sides_run(const struct digest *before, const struct digest *after, int status)
{
	static const int of[] = {
		[DIFF_HEALTHY] = 0, [DIFF_CURED] = 0, [DIFF_NOT_CURED] = 1, [DIFF_CANNOT_SAY] = 3
	};
	struct diff d;

	assert_int_equal(diff__run(before, after, &d), 0);
	if (d.exit_status != status)
		print_error("%s\n", d.head);
	assert_int_equal(d.exit_status, status);
	if (status != 2)
		assert_int_equal(of[d.verdict], status);
	assert_true(strlen(d.head) > 10);
	return d;
}

const struct diff_change *sides_change(const struct diff *d, enum diff_what what, const char *key)
{
	for (uint32_t i = 0; i < d->cnt; i++)
		if (d->change[i].what == what && !strcmp(d->change[i].key, key))
			return &d->change[i];
	return NULL;
}

void assert_change(const struct diff *d, enum diff_what what, const char *key,
		   enum diff_state state)
{
	const struct diff_change *c = sides_change(d, what, key);

	if (!c)
		fail_msg("no %s %s", diff_what_name(what), key);
	assert_string_equal(diff_state_name(c->state), diff_state_name(state));
}

void sides_done(struct diff *d, struct digest *before, struct digest *after)
{
	diff__free(d);
	digest__free(before);
	digest__free(after);
}

struct sides sides_cured(void)
{
	struct sides s = { side_broken(), side_healthy() };

	return s;
}

void sides_expect(struct sides *s, int status)
{
	struct diff d = sides_run(&s->before, &s->after, status);

	sides_done(&d, &s->before, &s->after);
}

void sides_expect_doubt(struct sides *s, enum diff_doubt why)
{
	struct diff d = sides_run(&s->before, &s->after, 3);

	assert_true(d.doubt[why].cnt > 0);
	assert_int_equal(d.verdict, DIFF_CANNOT_SAY);
	assert_true(*d.next);
	sides_done(&d, &s->before, &s->after);
}
