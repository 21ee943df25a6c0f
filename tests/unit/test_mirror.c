// SPDX-License-Identifier: GPL-2.0-only
/* The mirror: longest match, history, links that take routes with them, resyncs. */
#include "feed.h"

#include "mirror.h"

struct news {
	uint32_t cnt;
	struct obs_route last;
};

static void on_news(void *ctx, const struct obs_route *r)
{
	struct news *n = ctx;

	n->cnt++;
	n->last = *r;
}

static struct obs_route route(enum route_op op, const char *dst, const char *gw, uint32_t ifindex)
{
	struct obs_route o = { .op = op, .by = { 812, "bird" } };

	o.route = (struct route){ .dst = pfx(dst), .table = 254, .type = RT_UNICAST };
	o.route.nh_cnt = ifindex ? 1 : 0;
	o.route.nh[0] = (struct nexthop){ ip(gw), ifindex };
	if (!ifindex)
		o.route.type = RT_BLACKHOLE;
	return o;
}

static bool put(struct mirror *m, uint64_t ts, enum route_op op, const char *dst, const char *gw,
		uint32_t ifindex)
{
	struct obs_route o = route(op, dst, gw, ifindex);

	return mirror__route(m, &o, ts);
}

static uint8_t match_len(const struct mirror *m, const char *a)
{
	struct addr addr = ip(a);
	const struct route *r = mirror__lookup(m, &addr);

	return r ? r->dst.len : 99;
}

static const struct gone *gone(const struct mirror *m, const char *dst)
{
	struct prefix p = pfx(dst);

	return mirror__gone(m, &p.addr, p.len, p.len);
}

static struct obs_link link_obs(uint32_t ifindex, const char *name, bool up)
{
	struct obs_link o = { .op = LINK_CHANGE, .by = { 99, "ip" } };

	o.link = (struct link_info){ .ifindex = ifindex, .mtu = 1480, .up = up, .running = up };
	memcpy(o.link.name, name, strnlen(name, DEV_LEN - 1));
	return o;
}

static bool set_link(struct mirror *m, uint32_t ifindex, const char *name, bool up,
		     enum link_op *op, struct news *news)
{
	struct obs_link o = link_obs(ifindex, name, up);

	return mirror__link(m, &o, 500, op, on_news, news);
}

static void test_lookup(void **state)
{
	struct mirror *m = mirror__new();

	(void)state;
	put(m, 1, ROUTE_ADD, "0.0.0.0/0", "10.2.7.254", 2);
	put(m, 1, ROUTE_ADD, "10.253.0.0/16", NULL, 0);
	put(m, 1, ROUTE_ADD, "10.253.181.0/26", "10.2.7.200", 3);
	put(m, 1, ROUTE_ADD, "10.253.181.7/32", "10.2.7.203", 3);
	put(m, 1, ROUTE_ADD, "172.30.9.240/28", "10.2.7.200", 3);
	put(m, 1, ROUTE_ADD, "192.168.244.0/24", "10.2.7.200", 3);
	assert_int_equal(match_len(m, "10.253.181.7"), 32);
	assert_int_equal(match_len(m, "10.253.181.63"), 26);
	assert_int_equal(match_len(m, "10.253.181.64"), 16);
	assert_int_equal(match_len(m, "172.30.9.255"), 28);
	assert_int_equal(match_len(m, "172.30.9.239"), 0);
	assert_int_equal(match_len(m, "192.168.244.255"), 24);
	assert_true(mirror__has_default(m));
	put(m, 2, ROUTE_DEL, "0.0.0.0/0", "10.2.7.254", 2);
	assert_int_equal(match_len(m, "172.30.9.239"), 99);
	assert_false(mirror__has_default(m));
	/* a default of another type leads nowhere */
	put(m, 3, ROUTE_ADD, "0.0.0.0/0", NULL, 0);
	assert_false(mirror__has_default(m));
	mirror__free(m);
}

/* The lowest metric wins, other tables do not count, and each metric is a route of its own. */
static void test_metric_and_table(void **state)
{
	struct obs_route o = route(ROUTE_ADD, "10.253.181.0/26", "10.2.7.1", 3);
	struct addr a = ip("10.253.181.1");
	struct mirror *m = mirror__new();

	(void)state;
	o.route.metric = 1024;
	mirror__route(m, &o, 1);
	o.route.metric = 10;
	o.route.nh[0].gw = ip("10.2.7.2");
	mirror__route(m, &o, 1);
	assert_addr(mirror__lookup(m, &a)->nh[0].gw, "10.2.7.2");
	o.op = ROUTE_DEL;
	mirror__route(m, &o, 2);
	assert_addr(mirror__lookup(m, &a)->nh[0].gw, "10.2.7.1");
	o = route(ROUTE_ADD, "10.253.181.0/28", "10.2.7.9", 3);
	o.route.table = 100;
	mirror__route(m, &o, 3);
	assert_int_equal(mirror__lookup(m, &a)->dst.len, 26);
	mirror__free(m);
}

static void test_history(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct mirror *m = mirror__new();
		const struct gone *g;

		assert_true(put(m, 1, ROUTE_ADD, p->peer_block, p->peer, 3));
		/* the same again is no news, another gateway is */
		assert_false(put(m, 2, ROUTE_ADD, p->peer_block, p->peer, 3));
		assert_true(put(m, 3, ROUTE_REPLACE, p->peer_block, p->gw, 3));
		assert_null(gone(m, p->peer_block));
		assert_true(put(m, 4, ROUTE_DEL, p->peer_block, p->gw, 3));
		g = gone(m, p->peer_block);
		assert_non_null(g);
		assert_int_equal(g->ts_ns, 4);
		assert_addr(g->route.nh[0].gw, p->gw);
		assert_string_equal(g->by.comm, "bird");
		assert_false(g->flushed);
		/* back: history no longer */
		assert_true(put(m, 5, ROUTE_ADD, p->peer_block, p->peer, 3));
		assert_null(gone(m, p->peer_block));
		/* a route that turns unreachable is gone as a way out */
		assert_true(put(m, 6, ROUTE_REPLACE, p->peer_block, NULL, 0));
		assert_non_null(gone(m, p->peer_block));
		assert_int_equal(gone(m, p->peer_block)->ts_ns, 6);
		mirror__free(m);
	}
}

static void test_link(void **state)
{
	struct mirror *m = mirror__new();
	struct news n = { 0 };
	enum link_op op;

	(void)state;
	assert_true(set_link(m, 3, "tunl0", true, &op, &n));
	assert_int_equal(op, LINK_ADD);
	assert_false(set_link(m, 3, "tunl0", true, &op, &n));
	put(m, 1, ROUTE_ADD, "10.253.181.0/26", "10.2.7.200", 3);
	put(m, 1, ROUTE_ADD, "10.253.65.64/26", NULL, 0);
	put(m, 1, ROUTE_ADD, "0.0.0.0/0", "10.2.7.254", 2);
	assert_true(set_link(m, 3, "tunl0", false, &op, &n));
	assert_int_equal(op, LINK_DOWN);
	assert_int_equal(n.cnt, 1);
	assert_int_equal(n.last.op, ROUTE_FLUSH);
	assert_string_equal(n.last.by.comm, "ip");
	assert_true(gone(m, "10.253.181.0/26")->flushed);
	assert_int_equal(match_len(m, "10.253.181.1"), 0);
	assert_int_equal(match_len(m, "10.253.65.65"), 26);
	/* down and up again, renamed, deleted: its name stays known */
	assert_true(set_link(m, 3, "tunl0", true, &op, &n));
	assert_int_equal(op, LINK_UP);
	assert_true(set_link(m, 3, "tunl1", true, &op, &n));
	assert_int_equal(op, LINK_CHANGE);
	assert_non_null(mirror__link_info(m, 3));
	assert_true(mirror__link(m, &(struct obs_link){ .op = LINK_DEL, .link.ifindex = 3 }, 600,
				 &op, on_news, &n));
	assert_int_equal(op, LINK_DEL);
	assert_null(mirror__link_info(m, 3));
	assert_string_equal(mirror__dev(m, 3), "tunl1");
	assert_string_equal(mirror__dev(m, 4), "");
	mirror__free(m);
}

/* The kind stands at the end of a message that may come cut: what was known stays. */
static void test_link_kind(void **state)
{
	struct obs_link o = link_obs(3, "tunl0", true);
	struct mirror *m = mirror__new();
	enum link_op op;

	(void)state;
	memcpy(o.link.kind, "ipip", 5);
	mirror__link(m, &o, 1, &op, NULL, NULL);
	o.link.kind[0] = '\0';
	mirror__link(m, &o, 2, &op, NULL, NULL);
	assert_string_equal(mirror__link_info(m, 3)->kind, "ipip");
	/* a new device of that number is not the old one */
	mirror__link(m, &(struct obs_link){ .op = LINK_DEL, .link.ifindex = 3 }, 3, &op, NULL,
		     NULL);
	mirror__link(m, &o, 4, &op, NULL, NULL);
	assert_string_equal(mirror__link_info(m, 3)->kind, "");
	mirror__free(m);
}

/* ECMP: one of two devices goes down, the route stays. */
static void test_multipath(void **state)
{
	struct obs_route o = route(ROUTE_ADD, "0.0.0.0/0", "10.2.7.254", 2);
	struct mirror *m = mirror__new();
	struct news n = { 0 };
	enum link_op op;

	(void)state;
	set_link(m, 2, "eth0", true, &op, &n);
	set_link(m, 3, "eth1", true, &op, &n);
	o.route.nh_cnt = 2;
	o.route.nh[1] = (struct nexthop){ ip("10.2.8.254"), 3 };
	mirror__route(m, &o, 1);
	set_link(m, 3, "eth1", false, &op, &n);
	assert_int_equal(n.cnt, 0);
	assert_true(mirror__has_default(m));
	mirror__free(m);
}

static void test_resync(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct mirror *m = mirror__new();
		struct obs_addr a = { .ifindex = 2, .address = { ip(p->node), 24 } };
		struct obs_addr b = { .ifindex = 2, .address = { ip(p->gw), 24 } };
		struct news n = { 0 };
		struct addr node = ip(p->node), old = ip(p->gw);
		enum link_op op;

		set_link(m, 2, "eth0", true, &op, &n);
		set_link(m, 3, "tunl0", true, &op, &n);
		mirror__addr(m, &a);
		mirror__addr(m, &b);
		put(m, 1, ROUTE_ADD, p->peer_block, p->peer, 3);
		put(m, 1, ROUTE_ADD, p->other_block, p->peer, 3);
		mirror__begin_snapshot(m);
		/* what was there is not news; what is new is */
		assert_false(put(m, 50, ROUTE_ADD, p->peer_block, p->peer, 3));
		set_link(m, 2, "eth0", true, &op, &n);
		mirror__addr(m, &a);
		mirror__end_snapshot(m, 60, on_news, &n);
		assert_int_equal(n.cnt, 1);
		assert_int_equal(n.last.op, ROUTE_DEL);
		assert_int_equal(n.last.by.pid, 0);
		assert_int_equal(gone(m, p->other_block)->ts_ns, 60);
		assert_null(gone(m, p->peer_block));
		assert_true(mirror__is_local(m, &node));
		assert_false(mirror__is_local(m, &old));
		assert_non_null(mirror__link_info(m, 2));
		assert_null(mirror__link_info(m, 3));
		/* an end without a beginning removes nothing */
		mirror__end_snapshot(m, 70, on_news, &n);
		assert_int_equal(n.cnt, 1);
		mirror__free(m);
	}
}

struct asker {
	const struct mirror *m;
	uint64_t version;
};

static void ask_version(void *ctx, const struct obs_route *r)
{
	struct asker *a = ctx;

	(void)r;
	a->version = mirror__version(a->m);
}

/* Who keeps answers by the version may ask while a resync tells what went. */
static void test_resync_version(void **state)
{
	struct mirror *m = mirror__new();
	struct obs_addr a = { .ifindex = 2, .address = { ip("192.188.1.1"), 24 } };
	struct asker asker = { .m = m };

	(void)state;
	mirror__addr(m, &a);
	put(m, 1, ROUTE_ADD, "10.1.0.0/26", "10.9.0.1", 2);
	mirror__begin_snapshot(m);
	mirror__end_snapshot(m, 60, ask_version, &asker);
	assert_true(asker.version > 0);
	assert_true(mirror__version(m) > asker.version);
	mirror__free(m);
}

static void test_addr(void **state)
{
	struct obs_addr a = { .ifindex = 2, .address = { ip("192.188.1.1"), 24 } };
	struct mirror *m = mirror__new();
	struct addr x = ip("192.188.1.1");

	(void)state;
	assert_true(mirror__addr(m, &a));
	assert_false(mirror__addr(m, &a));
	assert_true(mirror__is_local(m, &x));
	a.del = true;
	assert_true(mirror__addr(m, &a));
	assert_false(mirror__addr(m, &a));
	assert_false(mirror__is_local(m, &x));
	mirror__free(m);
}

static void test_block_len(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct mirror *m = mirror__new();
		struct prefix pool = pfx(p->pool);
		char pod[32];

		assert_int_equal(mirror__block_len(m, &pool, 0), 0);
		snprintf(pod, sizeof(pod), "%s/32", p->pod);
		put(m, 1, ROUTE_ADD, pod, NULL, 11);
		snprintf(pod, sizeof(pod), "%s/32", p->pod2);
		put(m, 1, ROUTE_ADD, pod, NULL, 12);
		put(m, 1, ROUTE_ADD, "0.0.0.0/0", p->gw, 2);
		assert_int_equal(mirror__block_len(m, &pool, 0), 0);
		put(m, 1, ROUTE_ADD, p->peer_block, p->peer, 3);
		put(m, 1, ROUTE_ADD, p->other_block, p->peer, 3);
		assert_int_equal(mirror__block_len(m, &pool, 0), p->block_len);
		mirror__free(m);
	}
}

/* Each block has one address: only where nothing longer is, or was, routed. */
static void test_block_of_one(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int longer = 0; longer < 2; longer++) {
			struct mirror *m = mirror__new();
			struct prefix pool = pfx(p->pool);
			char pod[32];

			snprintf(pod, sizeof(pod), "%s/32", p->peer_pod);
			put(m, 1, ROUTE_ADD, pod, p->peer, 3);
			if (longer) {
				put(m, 1, ROUTE_ADD, p->other_block, p->peer, 3);
				put(m, 2, ROUTE_DEL, p->other_block, p->peer, 3);
			}
			assert_int_equal(mirror__block_len(m, &pool, 0), longer ? 0 : 32);
			put(m, 3, ROUTE_DEL, pod, p->peer, 3);
			assert_int_equal(mirror__block_len(m, &pool, 0), longer ? 0 : 32);
			mirror__free(m);
		}
	}
}

/* A thousand routes, all withdrawn, come back: the memory of them does not grow. */
static void test_many(void **state)
{
	struct mirror *m = mirror__new();
	char dst[32];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			snprintf(dst, sizeof(dst), "10.%d.%d.0/26", i / 256, i % 256);
			assert_true(put(m, 1, ROUTE_ADD, dst, "10.2.7.200", 3));
			assert_null(gone(m, dst));
		}
		assert_int_equal(match_len(m, "10.2.5.63"), 26);
		for (int i = 0; i < 1000; i++) {
			snprintf(dst, sizeof(dst), "10.%d.%d.0/26", i / 256, i % 256);
			assert_true(put(m, 2, ROUTE_DEL, dst, "10.2.7.200", 3));
		}
		assert_int_equal(match_len(m, "10.2.5.63"), 99);
		assert_non_null(gone(m, "10.2.5.0/26"));
	}
	mirror__free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),	  cmocka_unit_test(test_metric_and_table),
		cmocka_unit_test(test_history),	  cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_kind), cmocka_unit_test(test_multipath),
		cmocka_unit_test(test_resync),	  cmocka_unit_test(test_addr),
		cmocka_unit_test(test_block_len), cmocka_unit_test(test_block_of_one),
		cmocka_unit_test(test_many),	  cmocka_unit_test(test_resync_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
