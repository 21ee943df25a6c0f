// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes that lie with a pod: its address, its device, its route, its server. For each: evidence that
 * proves it, and similar evidence that does not.
 */
#include "feed.h"

#include <errno.h>

#define T US_PER_S

static void assert_cause(const struct finding *x, enum cause c, enum confidence conf)
{
	assert_string_equal(cause_name(x->cause), cause_name(c));
	assert_non_null(chain_has(x, c));
	assert_string_equal(confidence_name(chain_has(x, c)->confidence), confidence_name(conf));
	assert_true(x->advice[0]);
}

/* By CNI's cache */
static void feed_pod(struct feed *f, uint32_t us, const char *name, const char *dev, const char *a)
{
	struct obs o = { .kind = OBS_POD };

	snprintf(o.pod.name, sizeof(o.pod.name), "%s", name);
	snprintf(o.pod.dev, sizeof(o.pod.dev), "%s", dev);
	o.pod.addr = ip(a);
	o.pod.verified = true;
	feed_begin(f, us, SOURCE_CNI);
	feed_obs(f, us, &o);
	feed_end(f, us, SOURCE_CNI, SOURCE_OK);
}

/* An address in the own block that no pod here has */
static const char *dead(const struct plan *p, char *buf)
{
	struct addr a = pfx(p->own_block).addr;

	a.b[3]++;
	return addr_str(&a, buf);
}

static const char *host_of(const char *a, char *buf)
{
	snprintf(buf, PREFIX_STRLEN, "%s/32", a);
	return buf;
}

/* ---- spoofed-source ---- */

/* routed: behind the look-up of its way */
static void spoofed(const struct plan *p, const char *src, const char *reason, const char *where,
		    bool routed, enum cause want, enum confidence conf)
{
	struct obs_pkt q = pkt_echo(src, p->peer_pod, 5, 1);
	const struct finding *x;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	feed_path(&f, T, AT_TC_INGRESS, IF_CALI1, q);
	q.iif = IF_CALI1;
	if (routed)
		q = with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0);
	feed_drop(&f, T + 10, IF_CALI1, reason, where, q);
	feed_ticks(&f, T + 50 * MS, 2 * T);
	x = finding_at(&f, 1);
	if (want == C_UNKNOWN) {
		assert_null(chain_has(x, C_SPOOFED_SOURCE));
	} else {
		assert_cause(x, want, conf);
		assert_true(evidence_has(x, src));
		assert_true(evidence_has(x, p->pod));
	}
	feed_close(&f, 2 * T);
}

static void test_spoofed(void **state)
{
	static const char rcv[] = "ip_rcv_finish_core", nf[] = "nf_hook_slow";

	(void)state;
	EACH_PLAN(p)
	{
		spoofed(p, p->other_pod, "IP_RPFILTER", rcv, false, C_SPOOFED_SOURCE, CONF_CERTAIN);
		spoofed(p, p->node, "IP_LOCAL_SOURCE", rcv, false, C_SPOOFED_SOURCE, CONF_CERTAIN);
		spoofed(p, p->other_pod, "NETFILTER_DROP", nf, false, C_SPOOFED_SOURCE,
			CONF_LIKELY);
		/* its own address, and another hook, which does not look at sources */
		spoofed(p, p->pod, "IP_RPFILTER", rcv, false, C_UNKNOWN, CONF_UNCLEAR);
		spoofed(p, p->pod, "NETFILTER_DROP", nf, false, C_UNKNOWN, CONF_UNCLEAR);
		spoofed(p, p->other_pod, "NETFILTER_DROP", nf, true, C_UNKNOWN, CONF_UNCLEAR);
	}
}

/* The pod's /32 leads elsewhere: the source is its own all the same, by CNI; without CNI nobody knows. */
static void test_own_source_misrouted(void **state)
{
	const struct plan *p = &plans[0];
	char host[PREFIX_STRLEN];

	(void)state;
	for (int cni = 0; cni < 2; cni++) {
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 5, 1);
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		if (cni)
			feed_pod(&f, 10, "default/a", "cali111111", p->pod);
		feed_route(&f, 100, ROUTE_REPLACE, host_of(p->pod, host), NULL, IF_CALI2,
			   RT_UNICAST, RP_BOOT, "ip");
		q.iif = IF_CALI1;
		feed_drop(&f, T, IF_CALI1, "IP_RPFILTER", "ip_rcv_finish_core", q);
		feed_ticks(&f, T + 50 * MS, 2 * T);
		assert_null(chain_has(finding_at(&f, 1), C_SPOOFED_SOURCE));
		feed_close(&f, 2 * T);
	}
}

/* What comes in by an uplink is another node's business. */
static void test_foreign_source(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->other_pod, p->pod, 5, 1);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_NONE, 0);
	q.iif = IF_ETH0;
	feed_drop(&f, T, IF_ETH0, "IP_RPFILTER", "ip_rcv_finish_core", q);
	feed_ticks(&f, T + 50 * MS, 2 * T);
	assert_null(chain_has(finding_at(&f, 1), C_SPOOFED_SOURCE));
	feed_close(&f, 2 * T);
}

/* ---- addresses of the own block that no pod here has ---- */

/* A packet from a pod to an address of the own block dies of the block's blackhole. */
static void to_blackhole(struct feed *f, uint32_t us, struct obs_pkt q)
{
	q.skb = feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_CALI1, q);
	q.iif = IF_CALI1;
	feed_drop(f, us + 10, IF_CALI1, "NOT_SPECIFIED", "ip_error",
		  with_dst(q, NULL, IF_LO, RT_BLACKHOLE, EINVAL));
	feed_ticks(f, us + 50 * MS, us + T);
}

enum told {
	TOLD_NOTHING,
	TOLD_ROUTE,
	TOLD_BIRD,
	TOLD_BASELINE,
	TOLD_MAX
};

static void tell_baseline(struct feed *f, const char *host)
{
	struct obs o = { .kind = OBS_BASELINE };

	o.baseline = (struct obs_baseline){
		.what = BASELINE_BLOCK,
		.block = pfx(host),
		.owner = ip(f->plan->peer),
		.node = "k8s01",
		.from = "k8s01",
		.seen_ns = 1,
		.wall_ns = 1,
	};
	feed_obs(f, 100, &o);
}

static void tell_borrowed(struct feed *f, enum told how, const char *a)
{
	const struct plan *p = f->plan;
	char host[PREFIX_STRLEN];

	host_of(a, host);
	if (how == TOLD_ROUTE) {
		feed_route(f, 100, ROUTE_ADD, host, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
			   "bird");
		feed_route(f, 200, ROUTE_DEL, host, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
			   "bird");
	} else if (how == TOLD_BIRD) {
		feed_begin(f, 100, SOURCE_BIRD);
		feed_bird_status(f, 100, false);
		feed_bird_route(f, 100, "Mesh_x", pfx(host), ip(p->peer));
		feed_end(f, 100, SOURCE_BIRD, SOURCE_OK);
	} else if (how == TOLD_BASELINE) {
		tell_baseline(f, host);
	}
}

static void test_borrowed(void **state)
{
	static const enum confidence sure[TOLD_MAX] = {
		[TOLD_ROUTE] = CONF_CERTAIN,
		[TOLD_BIRD] = CONF_CERTAIN,
		[TOLD_BASELINE] = CONF_LIKELY,
	};
	char a[ADDR_STRLEN];

	(void)state;
	EACH_PLAN(p)
	{
		for (enum told how = TOLD_NOTHING; how < TOLD_MAX; how++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			tell_borrowed(&f, how, dead(p, a));
			to_blackhole(&f, T, pkt_echo(p->pod, a, 5, 1));
			x = finding_at(&f, 1);
			if (how == TOLD_NOTHING) {
				assert_cause(x, C_STALE_ENDPOINT, CONF_LIKELY);
				assert_null(chain_has(x, C_BORROWED_ADDRESS));
			} else {
				assert_cause(x, C_BORROWED_ADDRESS, sure[how]);
				assert_null(chain_has(x, C_STALE_ENDPOINT));
				assert_int_equal(x->peer_cnt, 1);
				assert_addr(x->peer[0], p->peer);
			}
			feed_close(&f, 3 * T);
		}
	}
}

/* BIRD's blackhole for a block where nothing of this node lives: whose block that is nobody told. */
static void test_foreign_blackhole(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_route(&f, 100, ROUTE_ADD, p->other_block, NULL, 0, RT_BLACKHOLE, RP_BIRD,
			   "bird");
		to_blackhole(&f, T, pkt_echo(p->pod, p->other_pod, 5, 1));
		assert_null(chain_has(finding_at(&f, 1), C_STALE_ENDPOINT));
		feed_close(&f, 3 * T);
	}
}

/* A reply dies, and who asked for it did so from another node: there must be such a pod. */
static void test_borrower_asks(void **state)
{
	char a[ADDR_STRLEN];

	(void)state;
	EACH_PLAN(p)
	{
		for (int afar = 0; afar < 2; afar++) {
			struct obs_pkt q = pkt_echo(dead(p, a), p->pod, 5, 1);
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			q.skb = feed_skb(&f);
			feed_path(&f, T, AT_TC_INGRESS, afar ? IF_TUNNEL : IF_CALI2, q);
			feed_path(&f, T + 10, AT_TC_EGRESS, IF_CALI1,
				  with_dst(q, NULL, IF_CALI1, RT_UNICAST, 0));
			to_blackhole(&f, T + 100, pkt_reply(&q));
			assert_cause(finding_at(&f, 1),
				     afar ? C_BORROWED_ADDRESS : C_STALE_ENDPOINT, CONF_LIKELY);
			feed_close(&f, 3 * T);
		}
	}
}

/* ---- the pod's device, its route ---- */

/* Switched off by somebody: its route went with it. */
static void test_switched_off(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		const struct because *b;
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_link(&f, 1000, IF_CALI1, "cali111111", "veth", false, "ip");
		to_blackhole(&f, T, pkt_echo(p->pod2, p->pod, 5, 1));
		x = finding_at(&f, 1);
		assert_cause(x, C_POD_LINK_DOWN, CONF_CERTAIN);
		b = chain_has(x, C_POD_LINK_DOWN);
		assert_int_equal(b->since_from, SINCE_SEEN);
		assert_true(b->since_ns == FEED_T0 + 1000 * NS_PER_US);
		assert_string_equal(b->by.comm, "ip");
		assert_true(evidence_has(x, "cali111111"));
		assert_null(chain_has(x, C_STALE_ENDPOINT));
		feed_close(&f, 3 * T);
	}
}

static void feed_down_dev(struct feed *f, uint32_t us, uint32_t ifindex, const char *name)
{
	struct obs o = { .kind = OBS_LINK };

	o.link.op = LINK_ADD;
	o.link.snapshot = true;
	o.link.link = (struct link_info){ .ifindex = ifindex, .mtu = 1480, .arptype = 1 };
	snprintf(o.link.link.name, DEV_LEN, "%s", name);
	feed_obs(f, us, &o);
}

/*
 * Before we started: CNI tells which device the pod has. Where it does not, the only device without a
 * route is likely the pod's; of two such nobody knows; and one whose pod is known is not.
 */
static void test_was_switched_off(void **state)
{
	enum {
		CNI_TELLS,
		ONE_IS_LEFT,
		TWO_ARE_LEFT,
		ANOTHER_PODS,
		CASES
	};
	const struct plan *p = &plans[2];
	char host[PREFIX_STRLEN];

	(void)state;
	for (int i = 0; i < CASES; i++) {
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_down_dev(&f, 0, 30, "cali333333");
		if (i == TWO_ARE_LEFT)
			feed_down_dev(&f, 0, 31, "cali444444");
		feed_node(&f, POOL_IPIP, 0);
		feed_down_dev(&f, 10, 30, "cali333333");
		if (i == TWO_ARE_LEFT)
			feed_down_dev(&f, 10, 31, "cali444444");
		if (i == CNI_TELLS)
			feed_pod(&f, 20, "default/c", "cali333333", dead(p, host));
		else if (i == ANOTHER_PODS)
			feed_pod(&f, 20, "default/c", "cali333333", p->peer_pod);
		to_blackhole(&f, T, pkt_echo(p->pod, dead(p, host), 5, 1));
		x = finding_at(&f, 1);
		assert_int_equal(evidence_has(x, "nothing tells whose device cali333333 is"),
				 i == ONE_IS_LEFT);
		if (i == TWO_ARE_LEFT) {
			assert_int_equal(x->cause, C_UNKNOWN);
		} else if (i == ANOTHER_PODS) {
			assert_cause(x, C_STALE_ENDPOINT, CONF_LIKELY);
		} else {
			assert_cause(x, C_POD_LINK_DOWN,
				     i == CNI_TELLS ? CONF_CERTAIN : CONF_LIKELY);
			assert_int_equal(chain_has(x, C_POD_LINK_DOWN)->since_from,
					 SINCE_BEFORE_START);
			assert_int_equal(evidence_has(x, "default/c"), i == CNI_TELLS);
		}
		feed_close(&f, 3 * T);
	}
}

/* Deleted: there is no such device any more, and no such pod. */
static void test_deleted_pod(void **state)
{
	const struct plan *p = &plans[1];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_link_del(&f, 1000, IF_CALI1);
	to_blackhole(&f, T, pkt_echo(p->pod2, p->pod, 5, 1));
	assert_cause(finding_at(&f, 1), C_STALE_ENDPOINT, CONF_LIKELY);
	assert_null(chain_has(finding_at(&f, 1), C_POD_LINK_DOWN));
	feed_close(&f, 3 * T);
}

/* The device is well, and the route to it went: by somebody, or by Felix, which deletes the pod. */
static void test_route_deleted(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int felix = 0; felix < 2; felix++) {
			const struct finding *x;
			char host[PREFIX_STRLEN];
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			feed_route(&f, 1000, ROUTE_DEL, host_of(p->pod, host), NULL, IF_CALI1,
				   RT_UNICAST, RP_BOOT, felix ? "calico-node" : "NetworkManager");
			to_blackhole(&f, T, pkt_echo(p->pod2, p->pod, 5, 1));
			x = finding_at(&f, 1);
			if (felix) {
				assert_cause(x, C_STALE_ENDPOINT, CONF_LIKELY);
				assert_null(chain_has(x, C_ROUTE_MISSING));
			} else {
				assert_cause(x, C_ROUTE_MISSING, CONF_LIKELY);
				assert_string_equal(chain_has(x, C_ROUTE_MISSING)->by.comm,
						    "NetworkManager");
				assert_null(chain_has(x, C_STALE_ENDPOINT));
			}
			assert_null(chain_has(x, C_POD_LINK_DOWN));
			feed_close(&f, 3 * T);
		}
	}
}

/* Without carrier: the neighbour of what waits cannot be found. An uplink is nobody's pod. */
static void test_no_carrier(void **state)
{
	const struct plan *p = &plans[1];

	(void)state;
	for (int pod = 0; pod < 2; pod++) {
		uint32_t dev = pod ? IF_CALI1 : IF_ETH0;
		struct obs_pkt q = pkt_echo(p->pod2, pod ? p->pod : p->peer_pod, 5, 1);
		struct obs l = { .kind = OBS_LINK };
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_NONE, 0);
		l.link.op = LINK_CHANGE;
		l.link.link = (struct link_info){ .ifindex = dev, .mtu = 1480, .arptype = 1 };
		l.link.link.up = true;
		snprintf(l.link.link.name, DEV_LEN, "%s", pod ? "cali111111" : "eth0");
		feed_obs(&f, 1000, &l);
		feed_drop(&f, T, dev, "NEIGH_FAILED", "neigh_invalidate",
			  with_dst(q, NULL, dev, RT_UNICAST, 0));
		feed_ticks(&f, T + 50 * MS, 2 * T);
		x = finding_at(&f, 1);
		assert_int_equal(x->verdict, V_LINK_DOWN);
		if (pod) {
			assert_cause(x, C_POD_LINK_DOWN, CONF_CERTAIN);
			assert_true(evidence_has(x, "no carrier"));
			assert_int_equal(chain_has(x, C_POD_LINK_DOWN)->since_from, SINCE_SEEN);
		} else {
			assert_null(chain_has(x, C_POD_LINK_DOWN));
		}
		feed_close(&f, 2 * T);
	}
}

/* A pod that does not answer ARP, with a device that is well, has another trouble. */
static void test_silent_pod(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_echo(p->pod2, p->pod, 5, 1);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_drop(&f, T, IF_CALI1, "NEIGH_FAILED", "neigh_invalidate",
		  with_dst(q, NULL, IF_CALI1, RT_UNICAST, 0));
	feed_ticks(&f, T + 50 * MS, 2 * T);
	assert_null(chain_has(finding_at(&f, 1), C_POD_LINK_DOWN));
	assert_null(chain_has(finding_at(&f, 1), C_STALE_ENDPOINT));
	feed_close(&f, 2 * T);
}

/* ---- the server in the pod ---- */

struct server_case {
	const char *reason, *location;
	enum cause cause;
	enum confidence conf;
};

static void server(const struct plan *p, const struct server_case *c)
{
	struct obs_pkt q = pkt_dns(p->peer_pod, p->pod, 40001, 9);
	const struct finding *x;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_pod(&f, 10, "kube-system/coredns", "cali111111", p->pod);
	q = with_dst(q, NULL, IF_CALI1, RT_UNICAST, 0);
	/* a socket is in the pod, a queue is not */
	if (c->cause != C_UNKNOWN)
		q.flags = EV_F_POD_NETNS;
	feed_drop(&f, T, IF_CALI1, c->reason, c->location, q);
	feed_ticks(&f, T + 50 * MS, 2 * T);
	x = finding_at(&f, 1);
	if (c->cause != C_UNKNOWN) {
		assert_cause(x, c->cause, c->conf);
		assert_true(evidence_has(x, "UDP port 53"));
		assert_true(evidence_has(x, "kube-system/coredns"));
	} else {
		assert_null(chain_has(x, C_SERVER_OVERLOAD));
		assert_string_equal(cause_name(x->cause), "unknown");
	}
	feed_close(&f, 2 * T);
}

static void test_server(void **state)
{
	static const struct server_case cases[] = {
		{ "SOCKET_RCVBUFF", "udp_queue_rcv_one_skb", C_SERVER_OVERLOAD, CONF_CERTAIN },
		{ "", "__udp_enqueue_schedule_skb", C_SERVER_OVERLOAD, CONF_LIKELY },
		/* queues of devices are nobody's server */
		{ "QDISC_DROP", "__dev_queue_xmit", C_UNKNOWN, CONF_UNCLEAR },
		{ "CPU_BACKLOG", "enqueue_to_backlog", C_UNKNOWN, CONF_UNCLEAR },
		{ "NO_SOCKET", "__udp4_lib_rcv", C_NO_LISTENER, CONF_CERTAIN },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			server(p, &cases[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spoofed),
		cmocka_unit_test(test_own_source_misrouted),
		cmocka_unit_test(test_foreign_source),
		cmocka_unit_test(test_borrowed),
		cmocka_unit_test(test_foreign_blackhole),
		cmocka_unit_test(test_borrower_asks),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_was_switched_off),
		cmocka_unit_test(test_deleted_pod),
		cmocka_unit_test(test_route_deleted),
		cmocka_unit_test(test_no_carrier),
		cmocka_unit_test(test_silent_pod),
		cmocka_unit_test(test_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
