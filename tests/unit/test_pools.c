// SPDX-License-Identifier: GPL-2.0-only
/* pools_decide(): which source wins, where the modes come from, and how far the guess goes. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "sources.h"

enum {
	ETH0 = 2,
	TUNL0 = 3,
	VXLAN = 4,
	CALI = 5,
	WG = 6
};

static const struct link_info links[] = {
	{ .ifindex = ETH0, .arptype = ARPHRD_ETHER, .name = "eth0" },
	{ .ifindex = TUNL0, .arptype = ARPHRD_TUNNEL, .name = "tunl0" },
	{ .ifindex = VXLAN, .arptype = ARPHRD_ETHER, .name = "vxlan.calico", .kind = "vxlan" },
	{ .ifindex = CALI, .arptype = ARPHRD_ETHER, .name = "cali12345678901", .kind = "veth" },
	{ .ifindex = WG, .arptype = ARPHRD_NONE, .name = "wireguard.cali", .kind = "wireguard" },
};

static struct prefix pfx(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static struct addr ip(const char *text)
{
	struct addr a = { 0 };

	if (text)
		assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* A node under construction */
struct node {
	struct obs_addr addr[8];
	struct route route[16];
	struct prefix ipset[4];
	struct pool confd[4], option[4];
	struct prefix own[4];
	struct pools_read read;
	struct pools_ask ask;
};

static void node_addr(struct node *n, uint32_t ifindex, const char *addr, uint8_t len)
{
	n->addr[n->ask.addr_cnt++] = (struct obs_addr){
		.ifindex = ifindex,
		.address = { ip(addr), len },
	};
}

static void node_route(struct node *n, const char *dst, uint8_t protocol, const char *gw,
		       uint32_t ifindex)
{
	n->route[n->ask.route_cnt++] = (struct route){
		.dst = pfx(dst),
		.table = RT_TABLE_MAIN,
		.type = RTN_UNICAST,
		.protocol = protocol,
		.nh_cnt = 1,
		.nh = { { ip(gw), ifindex } },
	};
}

static void node_block(struct node *n, const char *dst, uint8_t protocol)
{
	n->route[n->ask.route_cnt++] = (struct route){
		.dst = pfx(dst),
		.table = RT_TABLE_MAIN,
		.type = RTN_BLACKHOLE,
		.protocol = protocol,
	};
}

static void node_confd(struct node *n, const char *cidr, enum pool_mode mode)
{
	n->confd[n->read.confd_cnt++] = (struct pool){
		pfx(cidr),
		mode,
		FROM_CONFD,
		FROM_CONFD,
	};
}

static void node_option(struct node *n, const char *cidr, enum pool_mode mode)
{
	n->option[n->ask.option_cnt++] = (struct pool){ .cidr = pfx(cidr), .mode = mode };
}

/* The node's own subnet, and what the kernel knows of it */
static struct node *new_node(void)
{
	struct node *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->read = (struct pools_read){ .ipset = n->ipset, .confd = n->confd, .own = n->own };
	n->ask = (struct pools_ask){
		.links = links,
		.link_cnt = sizeof(links) / sizeof(links[0]),
		.addrs = n->addr,
		.routes = n->route,
		.option = n->option,
	};
	node_addr(n, ETH0, "10.2.7.201", 24);
	return n;
}

struct expected {
	const char *cidr;
	enum pool_mode mode;
	enum pool_from from, mode_from;
};

static void check(struct node *n, uint8_t block_len, const struct expected *want, size_t cnt)
{
	char buf[PREFIX_STRLEN];
	struct obs_pools out;
	size_t i;

	assert_int_equal(pools_decide(&n->ask, &n->read, &out), cnt ? 0 : -ENOENT);
	assert_int_equal(out.cnt, cnt);
	assert_int_equal(out.block_len, block_len);
	for (i = 0; i < cnt; i++) {
		assert_string_equal(prefix_str(&out.pool[i].cidr, buf), want[i].cidr);
		assert_int_equal(out.pool[i].mode, want[i].mode);
		assert_int_equal(out.pool[i].from, want[i].from);
		assert_int_equal(out.pool[i].mode_from, want[i].mode_from);
	}
	free(n);
}

#define CHECK(node, block_len, ...)                                              \
	do {                                                                     \
		const struct expected want_[] = { __VA_ARGS__ };                 \
		check(node, block_len, want_, sizeof(want_) / sizeof(want_[0])); \
	} while (0)

static void test_nothing(void **state)
{
	(void)state;
	check(new_node(), 0, NULL, 0);
}

static void test_ipset_and_confd(void **state)
{
	struct node *n = new_node();

	(void)state;
	n->ipset[0] = pfx("10.253.0.0/16");
	n->ipset[1] = pfx("10.66.0.0/16");
	n->read.ipset_cnt = 2;
	node_confd(n, "10.253.0.0/16", POOL_IPIP);
	node_confd(n, "10.67.0.0/16", POOL_IPIP);
	node_block(n, "10.253.65.64/26", RTPROT_BIRD);
	CHECK(n, 26, { "10.253.0.0/16", POOL_IPIP, FROM_IPSET, FROM_CONFD },
	      { "10.66.0.0/16", POOL_UNKNOWN, FROM_IPSET, FROM_IPSET });
}

/* Blocks of one address have no blackhole: confd names them. */
static void test_own_named(void **state)
{
	static const struct {
		const char *own[3], *blackhole;
		uint8_t len;
	} cases[] = {
		{ { "10.253.65.67/32", "10.253.65.68/32" }, NULL, 32 },
		{ { "10.253.65.64/26" }, NULL, 26 },
		/* what is in no pool; what differs; what the kernel has */
		{ { "10.99.65.67/32" }, NULL, 0 },
		{ { "10.253.65.67/32", "10.99.1.0/24" }, NULL, 32 },
		{ { "10.253.65.67/32", "10.253.66.0/26" }, NULL, 0 },
		{ { "10.253.65.67/32" }, "10.253.66.0/28", 28 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node *n = new_node();

		n->ipset[0] = pfx("10.253.0.0/16");
		n->read.ipset_cnt = 1;
		for (; cases[i].own[n->read.own_cnt]; n->read.own_cnt++)
			n->own[n->read.own_cnt] = pfx(cases[i].own[n->read.own_cnt]);
		if (cases[i].blackhole)
			node_block(n, cases[i].blackhole, RTPROT_BIRD);
		CHECK(n, cases[i].len, { "10.253.0.0/16", POOL_UNKNOWN, FROM_IPSET, FROM_IPSET });
	}
}

static void test_confd_only(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_confd(n, "10.253.0.0/16", POOL_NONE);
	CHECK(n, 0, { "10.253.0.0/16", POOL_NONE, FROM_CONFD, FROM_CONFD });
}

/* v3.33: the file says no more than that Felix has the routes */
static void test_mode_from_routes(void **state)
{
	static const struct {
		const char *gw1;
		uint32_t dev1;
		const char *gw2; /* NULL: no such route */
		uint32_t dev2;
		uint8_t protocol2;
		enum pool_mode mode;
	} cases[] = {
		{ "10.2.7.200", TUNL0, NULL, 0, 0, POOL_IPIP },
		{ "10.253.1.0", VXLAN, NULL, 0, 0, POOL_VXLAN },
		/* Tunnel to strangers, direct to neighbours */
		{ "10.2.9.200", TUNL0, "10.2.7.9", ETH0, 80, POOL_CROSSSUBNET },
		{ "10.253.1.0", VXLAN, "10.2.7.9", ETH0, 80, POOL_CROSSSUBNET },
		/* A route that lost its tunnel, and one of an administrator */
		{ "10.2.7.200", TUNL0, "10.2.7.9", ETH0, RTPROT_BIRD, POOL_IPIP },
		{ "10.2.9.200", TUNL0, "10.2.7.9", ETH0, RTPROT_STATIC, POOL_IPIP },
		{ "10.2.7.200", ETH0, NULL, 0, 0, POOL_NONE },
	};
	struct node *n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = new_node();
		node_confd(n, "10.253.0.0/16", POOL_UNKNOWN);
		node_route(n, "10.253.1.0/26", RTPROT_BIRD, cases[i].gw1, cases[i].dev1);
		if (cases[i].gw2)
			node_route(n, "10.253.2.0/26", cases[i].protocol2, cases[i].gw2,
				   cases[i].dev2);
		CHECK(n, 0, { "10.253.0.0/16", cases[i].mode, FROM_CONFD, FROM_ROUTES });
	}
}

static void test_mode_from_device(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_confd(n, "10.253.0.0/16", POOL_UNKNOWN);
	node_addr(n, TUNL0, "10.253.65.64", 32);
	CHECK(n, 0, { "10.253.0.0/16", POOL_IPIP, FROM_CONFD, FROM_DEVICE });

	/* All nodes on one subnet: the tunnel stands ready, no route uses it */
	n = new_node();
	node_confd(n, "10.253.0.0/16", POOL_UNKNOWN);
	node_addr(n, VXLAN, "10.253.65.64", 32);
	node_route(n, "10.253.2.0/26", 80, "10.2.7.9", ETH0);
	CHECK(n, 0, { "10.253.0.0/16", POOL_CROSSSUBNET, FROM_CONFD, FROM_ROUTES });

	/* The same where bird_ipam.cfg knows that it is VXLAN */
	n = new_node();
	node_confd(n, "10.253.0.0/16", POOL_VXLAN);
	node_route(n, "10.253.2.0/26", 80, "10.2.7.9", ETH0);
	CHECK(n, 0, { "10.253.0.0/16", POOL_CROSSSUBNET, FROM_CONFD, FROM_ROUTES });
}

static void test_option(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_confd(n, "10.253.0.0/16", POOL_CROSSSUBNET);
	node_confd(n, "10.254.0.0/16", POOL_NONE);
	node_option(n, "10.253.0.0/16", POOL_UNKNOWN); /* exact */
	node_option(n, "10.254.7.0/24", POOL_UNKNOWN); /* covered */
	node_option(n, "10.66.0.0/16", POOL_VXLAN);    /* said */
	node_option(n, "10.64.0.0/16", POOL_UNKNOWN);  /* not known */
	node_block(n, "10.254.8.0/28", 80);
	CHECK(n, 28, { "10.253.0.0/16", POOL_CROSSSUBNET, FROM_OPTION, FROM_CONFD },
	      { "10.254.7.0/24", POOL_NONE, FROM_OPTION, FROM_CONFD },
	      { "10.66.0.0/16", POOL_VXLAN, FROM_OPTION, FROM_OPTION },
	      { "10.64.0.0/16", POOL_UNKNOWN, FROM_OPTION, FROM_OPTION });
}

static void test_option_by_routes(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_option(n, "10.253.0.0/16", POOL_UNKNOWN);
	node_route(n, "10.253.1.0/26", RTPROT_BIRD, "10.2.7.200", TUNL0);
	CHECK(n, 0, { "10.253.0.0/16", POOL_IPIP, FROM_OPTION, FROM_ROUTES });
}

/* The founding incident: no route left but the own block */
static void test_guess_own_block(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_block(n, "10.253.65.64/26", RTPROT_BIRD);
	node_addr(n, TUNL0, "10.253.65.64", 32);
	CHECK(n, 26, { "10.253.0.0/16", POOL_IPIP, FROM_GUESS, FROM_DEVICE });
}

static void test_guess_two_pools(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_block(n, "10.253.65.64/26", 80);
	node_route(n, "10.66.1.0/26", 80, "10.2.7.200", TUNL0);
	/* None of ours: too wide for a block, an administrator's, a service */
	node_route(n, "10.0.0.0/8", RTPROT_STATIC, "10.2.7.200", TUNL0);
	node_block(n, "203.0.113.0/24", RTPROT_STATIC);
	node_block(n, "10.96.0.0/12", RTPROT_BIRD);
	CHECK(n, 26, { "10.253.0.0/16", POOL_UNKNOWN, FROM_GUESS, FROM_GUESS },
	      { "10.66.0.0/16", POOL_IPIP, FROM_GUESS, FROM_ROUTES });
}

static void test_guess_narrowed(void **state)
{
	struct node *n = new_node();

	(void)state;
	/* Nodes and pods share 10.2.0.0/16, the block lies in its upper half. */
	node_block(n, "10.2.192.0/26", RTPROT_BIRD);
	CHECK(n, 26, { "10.2.128.0/17", POOL_UNKNOWN, FROM_GUESS, FROM_GUESS });

	/* Closer, and another device's single address closer still */
	n = new_node();
	node_block(n, "10.2.12.64/26", RTPROT_BIRD);
	node_addr(n, ETH0, "10.2.13.1", 32);
	CHECK(n, 26, { "10.2.12.0/24", POOL_UNKNOWN, FROM_GUESS, FROM_GUESS });

	/* The node's subnet covers the block: there is nothing to guess. */
	n = new_node();
	node_block(n, "10.2.7.64/26", RTPROT_BIRD);
	check(n, 26, NULL, 0);
}

/* Devices of pods and tunnels are no strangers, WireGuard's address is a hint. */
static void test_guess_calico_devices(void **state)
{
	struct node *n = new_node();

	(void)state;
	node_addr(n, WG, "10.253.65.66", 32);
	node_addr(n, CALI, "10.253.65.67", 32);
	CHECK(n, 0, { "10.253.0.0/16", POOL_UNKNOWN, FROM_GUESS, FROM_GUESS });
}

/* A blackhole without Calico is an administrator's. */
static void test_no_calico(void **state)
{
	struct node *n = new_node();

	(void)state;
	n->ask.link_cnt = 1;
	node_block(n, "203.0.113.0/24", RTPROT_STATIC);
	check(n, 24, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_ipset_and_confd),
		cmocka_unit_test(test_own_named),
		cmocka_unit_test(test_confd_only),
		cmocka_unit_test(test_mode_from_routes),
		cmocka_unit_test(test_mode_from_device),
		cmocka_unit_test(test_option),
		cmocka_unit_test(test_option_by_routes),
		cmocka_unit_test(test_guess_own_block),
		cmocka_unit_test(test_guess_two_pools),
		cmocka_unit_test(test_guess_narrowed),
		cmocka_unit_test(test_guess_calico_devices),
		cmocka_unit_test(test_no_calico),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
