// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rounds of what the kernel says, each in a network namespace of its own. Where none may be made, or
 * the kernel lacks what a test needs, it is skipped.
 */
#include "state_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>

#include "learn.h"

struct net {
	struct mirror *mirror;
	struct state_ask ask;
	struct obs_addr addr; /* the last one seen */
};

static int net_setup(void **state)
{
	struct net *n;

	*state = NULL;
	if (unshare(CLONE_NEWNET))
		return 0;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -1;
	n->mirror = mirror__new();
	n->ask = (struct state_ask){ .host_root = "/", .mirror = n->mirror };
	*state = n;
	return 0;
}

static int net_teardown(void **state)
{
	struct net *n = *state;

	if (n)
		mirror__free(n->mirror);
	free(n);
	return 0;
}

static struct net *net_of(void **state)
{
	if (!*state) {
		print_message("no network namespace may be made here\n");
		skip();
	}
	return *state;
}

/* False: this kernel or its iproute2 cannot do it */
static bool ip_command(const char *args)
{
	char line[256];

	snprintf(line, sizeof(line), "ip %s >/dev/null 2>&1", args);
	return system(line) == 0;
}

static void keep_links(void *ctx, const struct obs *o)
{
	struct net *n = ctx;
	enum link_op op;

	if (o->kind == OBS_LINK)
		mirror__link(n->mirror, &o->link, o->ts_ns, &op, NULL, NULL);
	if (o->kind == OBS_ADDR)
		n->addr = o->addr;
}

static void look(struct net *n)
{
	struct rtnl *r;

	assert_int_equal(rtnl__open(&r), 0);
	assert_int_equal(rtnl__dump(r, mono_ns(), keep_links, n), 0);
	rtnl__free(r);
}

struct ifindex_of {
	const char *name;
	uint32_t ifindex;
};

static void find_link(void *ctx, const struct link_info *l)
{
	struct ifindex_of *of = ctx;

	if (!strcmp(l->name, of->name))
		of->ifindex = l->ifindex;
}

static uint32_t ifindex(const struct net *n, const char *name)
{
	struct ifindex_of of = { .name = name };

	mirror__each_link(n->mirror, find_link, &of);
	assert_true(of.ifindex);
	return of.ifindex;
}

static void test_nodes_that_are_none(void **state)
{
	struct net *n = net_of(state);
	struct nodes nodes = { 0 };
	struct told t;

	assert_int_not_equal(ask_for(state_nodes, &n->ask, SOURCE_IPSET, SOURCE_ABSENT, &t), 0);
	assert_int_equal(t.cnt, 1);
	assert_true(t.obs[0].node.reset);
	assert_int_equal(t.obs[0].node.lists, 0);
	/* nothing was known before, and nothing is new */
	n->ask.nodes = &nodes;
	ask_for(state_nodes, &n->ask, SOURCE_IPSET, SOURCE_ABSENT, &t);
	assert_int_equal(t.cnt, 0);
}

static void test_nodes(void **state)
{
	struct net *n = net_of(state);
	struct nodes nodes = { 0 };
	struct told t;

	if (system("ipset create cali40all-hosts-net hash:net 2>/dev/null") ||
	    system("ipset add cali40all-hosts-net 192.0.2.1") ||
	    system("ipset create cali40all-vxlan-net hash:net")) {
		print_message("no ipset here\n");
		skip();
	}
	n->ask.nodes = &nodes;
	ask_for(state_nodes, &n->ask, SOURCE_IPSET, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 2);
	assert_true(t.obs[0].node.reset);
	assert_int_equal(t.obs[0].node.lists, NODES_IPIP | NODES_VXLAN);
	assert_addr(t.obs[1].node.addr, "192.0.2.1");
	assert_int_equal(t.obs[1].node.lists, NODES_IPIP);
	ask_for(state_nodes, &n->ask, SOURCE_IPSET, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 0);
	assert_int_equal(system("ipset add cali40all-vxlan-net 192.0.2.1"), 0);
	ask_for(state_nodes, &n->ask, SOURCE_IPSET, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 2);
	assert_int_equal(t.obs[1].node.lists, NODES_IPIP | NODES_VXLAN);
	nodes__free(&nodes);
}

static void test_addr_created(void **state)
{
	struct net *n = net_of(state);
	uint64_t before = mono_ns();

	assert_true(ip_command("address add 192.0.2.1/32 dev lo"));
	look(n);
	assert_addr(n->addr.address.addr, "192.0.2.1");
	/* The kernel's count starts with the first tick of the boot: how late that is depends. */
	assert_true(n->addr.created_ns <= mono_ns());
	assert_true(n->addr.created_ns + 60 * NS_PER_S > before);
}

static int ask_two(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct addr dst[] = { ip("192.0.2.1"),	 ip("2001:db8::1"),    ip("198.51.100.1"),
				    ip("198.51.100.65"), ip("198.51.100.129"), ip("198.51.100.193"),
				    ip("203.0.113.1") };

	return state_answer(ask, dst, ARRAY_SIZE(dst), ts_ns, fn, ctx);
}

static void test_answer(void **state)
{
	static const struct {
		const char *dst, *gw, *src;
		uint16_t err;
		uint8_t type;
	} want[] = {
		{ "192.0.2.1", NULL, "192.0.2.1", 0, RT_LOCAL },
		{ "198.51.100.1", "192.0.2.254", "192.0.2.1", 0, RT_UNICAST },
		{ "198.51.100.65", NULL, NULL, EHOSTUNREACH, 0 },
		{ "198.51.100.129", NULL, NULL, EINVAL, 0 },
		{ "198.51.100.193", NULL, NULL, EACCES, 0 },
		{ "203.0.113.1", NULL, NULL, ENETUNREACH, 0 },
	};
	struct net *n = net_of(state);
	struct told t;
	size_t i;

	if (!ip_command("link add calitest0 type veth peer name calitest1"))
		skip();
	assert_true(ip_command("address add 192.0.2.1/24 dev calitest0"));
	assert_true(ip_command("link set calitest1 up"));
	assert_true(ip_command("link set calitest0 up"));
	assert_true(ip_command("route add 198.51.100.0/26 via 192.0.2.254"));
	assert_true(ip_command("route add unreachable 198.51.100.64/26"));
	assert_true(ip_command("route add blackhole 198.51.100.128/26"));
	assert_true(ip_command("route add prohibit 198.51.100.192/26"));
	look(n);
	ask_for(ask_two, &n->ask, SOURCE_ANSWER, SOURCE_OK, &t);
	assert_int_equal(t.cnt, ARRAY_SIZE(want));
	for (i = 0; i < t.cnt; i++) {
		const struct obs_answer *a = &t.obs[i].answer;

		assert_int_equal(t.obs[i].kind, OBS_ANSWER);
		assert_addr(a->dst, want[i].dst);
		assert_int_equal(a->err, want[i].err);
		assert_int_equal(a->type, want[i].type);
		assert_string_equal(want[i].gw ? want[i].gw : "?",
				    addr_str(&a->gw, (char[ADDR_STRLEN]){ 0 }));
		assert_string_equal(want[i].src ? want[i].src : "?",
				    addr_str(&a->src, (char[ADDR_STRLEN]){ 0 }));
	}
	assert_int_equal(t.obs[1].answer.ifindex, ifindex(n, "calitest0"));
}

#define MANY 1000

static int ask_many(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	struct addr dst[MANY];
	size_t i;

	for (i = 0; i < MANY; i++)
		dst[i] = addr_v4(htonl(0xc6336400u + (uint32_t)i));
	return state_answer(ask, dst, MANY, ts_ns, fn, ctx);
}

/* More than fit into one datagram, or into a socket's buffer */
static void test_many_answers(void **state)
{
	struct net *n = net_of(state);
	struct told t;

	ask_for(ask_many, &n->ask, SOURCE_ANSWER, SOURCE_OK, &t);
	assert_int_equal(t.cnt, MANY);
	assert_addr(t.obs[TOLD_MAX - 1].answer.dst, "198.51.100.63");
	assert_int_equal(t.obs[TOLD_MAX - 1].answer.err, ENETUNREACH);
}

static bool set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return good;
}

static const struct obs_sysctl *sysctl_of(const struct told *t, uint32_t index)
{
	size_t i;

	for (i = 0; i < t->cnt && i < TOLD_MAX; i++) {
		assert_int_equal(t->obs[i].kind, OBS_SYSCTL);
		if (t->obs[i].sysctl.ifindex == index)
			return &t->obs[i].sysctl;
	}
	fail_msg("no settings of %u", index);
	return NULL;
}

#define CONF_DIR "/proc/sys/net/ipv4/conf/"

static void test_sysctl(void **state)
{
	struct net *n = net_of(state);
	const struct obs_sysctl *s;
	struct told t;

	if (!ip_command("link add ca.li type veth peer name other") ||
	    !set_sysctl(CONF_DIR "all/rp_filter", "2"))
		skip();
	assert_true(set_sysctl(CONF_DIR "default/rp_filter", "1"));
	assert_true(set_sysctl("/proc/sys/net/ipv4/ip_forward", "1"));
	assert_true(set_sysctl(CONF_DIR "ca.li/forwarding", "0"));
	assert_true(set_sysctl(CONF_DIR "ca.li/proxy_arp", "1"));
	assert_true(set_sysctl(CONF_DIR "ca.li/rp_filter", "0"));
	look(n);
	/* one that is gone when it is asked for */
	assert_true(ip_command("link add gone type veth peer name gone2"));
	look(n);
	assert_true(ip_command("link del gone"));
	ask_for(state_sysctl, &n->ask, SOURCE_SYSCTL, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 5); /* all, default, lo, ca.li, other */
	s = sysctl_of(&t, 0);
	assert_int_equal(s->rp_filter, 2);
	assert_int_equal(s->ip_forward, 1);
	s = sysctl_of(&t, SYSCTL_DEFAULT);
	assert_int_equal(s->rp_filter, 1);
	assert_int_equal(s->ip_forward, -1);
	s = sysctl_of(&t, ifindex(n, "ca.li"));
	assert_int_equal(s->forwarding, 0);
	assert_int_equal(s->proxy_arp, 1);
	assert_int_equal(s->rp_filter, 0);
}

/* What a thread sees that has gone to another namespace than its process */
static void *elsewhere(void *ctx)
{
	struct net *n = ctx;
	struct told *t = calloc(1, sizeof(*t));

	if (!unshare(CLONE_NEWNET) && set_sysctl(CONF_DIR "all/rp_filter", "2"))
		(void)state_sysctl(&n->ask, 7, on_obs, t);
	return t;
}

static void test_sysctl_of_a_thread(void **state)
{
	struct net *n = net_of(state);
	struct told t, *other;
	pthread_t thread;
	void *ret;

	if (!set_sysctl(CONF_DIR "all/rp_filter", "1"))
		skip();
	assert_int_equal(pthread_create(&thread, NULL, elsewhere, n), 0);
	assert_int_equal(pthread_join(thread, &ret), 0);
	other = ret;
	assert_int_equal(sysctl_of(other, 0)->rp_filter, 2);
	ask_for(state_sysctl, &n->ask, SOURCE_SYSCTL, SOURCE_OK, &t);
	assert_int_equal(sysctl_of(&t, 0)->rp_filter, 1);
	free(other);
}

static const struct obs_vtep *vtep_of(const struct told *t, uint8_t last)
{
	size_t i;

	for (i = 0; i < t->cnt; i++) {
		assert_int_equal(t->obs[i].kind, OBS_VTEP);
		if (t->obs[i].vtep.mac[5] == last)
			return &t->obs[i].vtep;
	}
	fail_msg("no VTEP %u", last);
	return NULL;
}

static void test_vtep(void **state)
{
	struct net *n = net_of(state);
	const struct obs_vtep *v;
	struct told t;

	ask_for(state_vtep, &n->ask, SOURCE_VTEP, SOURCE_ABSENT, &t);
	if (!ip_command("link add vxlan.calico type vxlan id 4096 dstport 4789 local 192.0.2.1 "
			"nolearning"))
		skip();
	look(n);
	ask_for(state_vtep, &n->ask, SOURCE_VTEP, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 0);
	assert_true(ip_command("link set vxlan.calico up"));
	assert_true(ip_command("neigh add 10.1.0.1 lladdr 66:00:00:00:00:01 dev vxlan.calico"));
	assert_true(ip_command("neigh add 10.1.0.2 lladdr 66:00:00:00:00:02 dev vxlan.calico"));
	assert_true(ip_command("neigh add 10.1.0.9 lladdr 66:00:00:00:00:09 dev vxlan.calico "
			       "nud stale"));
	if (system("bridge fdb add 66:00:00:00:00:01 dev vxlan.calico dst 192.0.2.11 self") ||
	    system("bridge fdb add 66:00:00:00:00:03 dev vxlan.calico dst 192.0.2.13 self") ||
	    system("bridge fdb append 00:00:00:00:00:00 dev vxlan.calico dst 192.0.2.14 self"))
		skip();
	ask_for(state_vtep, &n->ask, SOURCE_VTEP, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 3);
	v = vtep_of(&t, 1);
	assert_true(v->have_neigh && v->have_fdb);
	assert_addr(v->vtep, "10.1.0.1");
	assert_addr(v->node, "192.0.2.11");
	assert_int_equal(v->mac[0], 0x66);
	assert_int_equal(v->ifindex, ifindex(n, "vxlan.calico"));
	v = vtep_of(&t, 2);
	assert_true(v->have_neigh && !v->have_fdb);
	assert_int_equal(v->node.family, 0);
	v = vtep_of(&t, 3);
	assert_true(!v->have_neigh && v->have_fdb);
	assert_int_equal(v->vtep.family, 0);
	assert_addr(v->node, "192.0.2.13");
	/* the device goes before it is asked for */
	assert_true(ip_command("link del vxlan.calico"));
	ask_for(state_vtep, &n->ask, SOURCE_VTEP, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 0);
}

static const struct obs_fill *fill_of(const struct told *t, enum fill what)
{
	size_t i;

	for (i = 0; i < t->cnt; i++) {
		assert_int_equal(t->obs[i].kind, OBS_FILL);
		if (t->obs[i].fill.what == what)
			return &t->obs[i].fill;
	}
	fail_msg("nothing told of table %d", what);
	return NULL;
}

static void test_fill(void **state)
{
	struct net *n = net_of(state);
	const struct obs_fill *f;
	struct told t;

	if (!ip_command("link add calitest0 type veth peer name calitest1"))
		skip();
	ask_for(state_fill, &n->ask, SOURCE_FILL, SOURCE_OK, &t);
	f = fill_of(&t, FILL_NEIGH);
	assert_true(f->max > 0);
	/* Others add and remove entries of their own meanwhile: only the bounds are known. */
	assert_true(ip_command("link set calitest1 up"));
	assert_true(ip_command("link set calitest0 up"));
	assert_true(ip_command("neigh add 192.0.2.9 lladdr 66:00:00:00:00:09 dev calitest0 "
			       "nud stale"));
	ask_for(state_fill, &n->ask, SOURCE_FILL, SOURCE_OK, &t);
	assert_true(fill_of(&t, FILL_NEIGH)->cnt >= 1);
	assert_true(fill_of(&t, FILL_NEIGH)->cnt < 1u << 20);
}

#define NET(test) cmocka_unit_test_setup_teardown(test, net_setup, net_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET(test_nodes_that_are_none),
		NET(test_nodes),
		NET(test_addr_created),
		NET(test_answer),
		NET(test_many_answers),
		NET(test_sysctl),
		NET(test_sysctl_of_a_thread),
		NET(test_vtep),
		NET(test_fill),
	};

	return cmocka_run_group_tests_name("state_net", tests, NULL, NULL);
}
