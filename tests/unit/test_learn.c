// SPDX-License-Identifier: GPL-2.0-only
/* What is learnt of the node: its VXLAN port, and the cluster's nodes from Felix' sets. */
#include "feed.h"

#include <string.h>

#include "learn.h"

struct told {
	uint32_t resets, nodes;
	struct obs_node node[8];
	uint8_t reset_lists;
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
		t->reset_lists = o->node.lists;
	} else if (t->nodes < 8) {
		t->node[t->nodes++] = o->node;
	}
}

static int replace(struct nodes *n, const struct prefix *p, size_t cnt)
{
	const struct node_list list = { NODES_IPIP, p, cnt };

	return nodes__replace(n, &list, 1);
}

static void test_nodes_in_any_order(void **state)
{
	const struct prefix one[] = { pfx("192.0.2.7/32"), pfx("192.0.2.3/32"),
				      pfx("192.0.2.7/32") };
	const struct prefix other[] = { pfx("192.0.2.3/32"), pfx("192.0.2.7/32") };
	struct nodes n = { 0 };

	(void)state;
	assert_int_equal(replace(&n, one, 3), 1);
	assert_int_equal(n.cnt, 2);
	assert_int_equal(replace(&n, other, 2), 0);
	assert_int_equal(replace(&n, other, 1), 1);
	assert_int_equal(n.cnt, 1);
	nodes__free(&n);
}

static void test_networks_are_no_nodes(void **state)
{
	const struct prefix p[] = { pfx("198.51.100.0/24"), pfx("192.0.2.3/32") };
	struct nodes n = { 0 };

	(void)state;
	/* the set is new, but names nobody */
	assert_int_equal(replace(&n, p, 1), 1);
	assert_int_equal(n.cnt, 0);
	assert_int_equal(replace(&n, p, 2), 1);
	assert_int_equal(n.cnt, 1);
	/* empty, then gone, then nothing new */
	assert_int_equal(replace(&n, p, 0), 1);
	assert_int_equal(n.cnt, 0);
	assert_int_equal(nodes__replace(&n, NULL, 0), 1);
	assert_int_equal(nodes__replace(&n, NULL, 0), 0);
	nodes__free(&n);
}

static void test_told_after_a_reset(void **state)
{
	const struct prefix p[] = { pfx("192.0.2.7/32"), pfx("192.0.2.3/32") };
	const struct addr first = ip("192.0.2.3");
	struct nodes n = { 0 };
	struct told t = { 0 };

	(void)state;
	replace(&n, p, 2);
	nodes__tell(&n, 7, on_told, &t);
	assert_int_equal(t.resets, 1);
	assert_true(t.reset_first);
	assert_int_equal(t.nodes, 2);
	assert_memory_equal(&t.node[0].addr, &first, sizeof(first));
	nodes__free(&n);
}

/* Felix lists the node itself for IPIP but not for VXLAN. */
static void test_which_list_names_it(void **state)
{
	const struct prefix ipip[] = { pfx("192.0.2.1/32"), pfx("192.0.2.2/32") };
	const struct prefix vxlan[] = { pfx("192.0.2.3/32"), pfx("192.0.2.2/32") };
	struct node_list both[] = { { NODES_IPIP, ipip, 2 }, { NODES_VXLAN, vxlan, 2 } };
	struct nodes n = { 0 };
	struct told t = { 0 };

	(void)state;
	assert_int_equal(nodes__replace(&n, both, 2), 1);
	assert_int_equal(nodes__replace(&n, both, 2), 0);
	nodes__tell(&n, 7, on_told, &t);
	assert_int_equal(t.reset_lists, NODES_IPIP | NODES_VXLAN);
	assert_int_equal(t.nodes, 3);
	assert_int_equal(t.node[0].lists, NODES_IPIP);
	assert_int_equal(t.node[1].lists, NODES_IPIP | NODES_VXLAN);
	assert_int_equal(t.node[2].lists, NODES_VXLAN);
	/* the same nodes, of which one has left one of the lists */
	both[1].cnt = 1;
	assert_int_equal(nodes__replace(&n, both, 2), 1);
	assert_int_equal(n.node[1].lists, NODES_IPIP);
	/* a list that is there and empty is not one that is missing */
	both[1].cnt = 0;
	assert_int_equal(nodes__replace(&n, both, 2), 1);
	assert_int_equal(nodes__replace(&n, both, 1), 1);
	assert_int_equal(n.lists, NODES_IPIP);
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
		cmocka_unit_test(test_which_list_names_it),
		cmocka_unit_test(test_vxlan_port),
	};

	return cmocka_run_group_tests_name("learn", tests, NULL, NULL);
}
