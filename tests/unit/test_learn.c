// SPDX-License-Identifier: GPL-2.0-only
/* What is learnt of the node: its VXLAN port, and the cluster's nodes from Felix' sets. */
#include "feed.h"

#include <string.h>

#include "learn.h"

struct told {
	uint32_t resets, nodes;
	struct addr addr[8];
	bool reset_first;
};

static void on_told(void *ctx, const struct obs *o)
{
	struct told *t = ctx;

	assert_int_equal(o->kind, OBS_NODE);
	assert_int_equal(o->ts_ns, 7);
	if (o->node.reset) {
		t->reset_first = !t->nodes;
		t->resets++;
	} else if (t->nodes < 8) {
		t->addr[t->nodes++] = o->node.addr;
	}
}

static void test_nodes_in_any_order(void **state)
{
	const struct prefix one[] = { pfx("192.0.2.7/32"), pfx("192.0.2.3/32"),
				      pfx("192.0.2.7/32") };
	const struct prefix other[] = { pfx("192.0.2.3/32"), pfx("192.0.2.7/32") };
	struct nodes n = { 0 };

	(void)state;
	assert_int_equal(nodes__replace(&n, one, 3), 1);
	assert_int_equal(n.cnt, 2);
	assert_int_equal(nodes__replace(&n, other, 2), 0);
	assert_int_equal(nodes__replace(&n, other, 1), 1);
	assert_int_equal(n.cnt, 1);
	nodes__free(&n);
}

static void test_networks_are_no_nodes(void **state)
{
	const struct prefix p[] = { pfx("198.51.100.0/24"), pfx("192.0.2.3/32") };
	struct nodes n = { 0 };

	(void)state;
	assert_int_equal(nodes__replace(&n, p, 1), 0);
	assert_int_equal(n.cnt, 0);
	assert_int_equal(nodes__replace(&n, p, 2), 1);
	assert_int_equal(n.cnt, 1);
	/* a set that is gone */
	assert_int_equal(nodes__replace(&n, p, 0), 1);
	assert_int_equal(n.cnt, 0);
	nodes__free(&n);
}

static void test_told_after_a_reset(void **state)
{
	const struct prefix p[] = { pfx("192.0.2.7/32"), pfx("192.0.2.3/32") };
	const struct addr first = ip("192.0.2.3");
	struct nodes n = { 0 };
	struct told t = { 0 };

	(void)state;
	nodes__replace(&n, p, 2);
	nodes__tell(&n, 7, on_told, &t);
	assert_int_equal(t.resets, 1);
	assert_true(t.reset_first);
	assert_int_equal(t.nodes, 2);
	assert_memory_equal(&t.addr[0], &first, sizeof(first));
	nodes__free(&n);
}

static void add_link(struct mirror *m, uint32_t ifindex, const char *name, const char *kind,
		     uint16_t port)
{
	struct obs_link o = { .op = LINK_ADD };
	enum link_op op;

	o.link.ifindex = ifindex;
	o.link.vxlan_port = port;
	strncpy(o.link.name, name, DEV_LEN - 1);
	strncpy(o.link.kind, kind, DEV_LEN - 1);
	mirror__link(m, &o, 1, &op, NULL, NULL);
}

static void test_vxlan_port(void **state)
{
	struct mirror *m = mirror__new();

	(void)state;
	assert_int_equal(learn_vxlan_port(m), 0);
	add_link(m, 2, "eth0", "", 1);
	add_link(m, 3, "flannel.1", "vxlan", 8472);
	assert_int_equal(learn_vxlan_port(m), 8472);
	add_link(m, 4, "vxlan.calico", "vxlan", 4790);
	assert_int_equal(learn_vxlan_port(m), 4790);
	add_link(m, 5, "vxlan5", "vxlan", 4789);
	assert_int_equal(learn_vxlan_port(m), 4790);
	mirror__free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes_in_any_order),
		cmocka_unit_test(test_networks_are_no_nodes),
		cmocka_unit_test(test_told_after_a_reset),
		cmocka_unit_test(test_vxlan_port),
	};

	return cmocka_run_group_tests_name("learn", tests, NULL, NULL);
}
