// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real packets in namespaces of our own: what needs a route, a namespace or a drop, which
 * BPF_PROG_TEST_RUN has not. Three in a row:
 *
 *     pod  eth0 ---- cali  node  uplink ---- far  next
 *
 * "cali" of the node and "far" of the next one have the same number, and the traced node is the one
 * in the middle: whatever happens in the next one is none of its business.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "attach.h"
#include "decode.h"
#include "loader.h"
#include "util.h"

#define POD "198.18.1.2"
#define NODE "198.18.0.1"
#define NEXT "198.18.0.2"
#define FAR "198.19.2.3"
#define MAC1 "02:00:00:00:00:01"
#define MAC2 "02:00:00:00:00:02"
#define CALI_IF 77
#define TABLE 100

struct fixture {
	struct loader *l;
	struct attach *attach;
	uint32_t inum;
	uint64_t inert;
	int home;	  /* our own network namespace */
	struct obs *seen; /* what came since the last reset() */
	size_t cnt, cap;
};

static char prefix[32];

/* "P:", "N:" and "X:" stand for "ip -n" with the pod, the node and the next one. 0: it worked. */
static int ip(const char *cmd)
{
	const char *which = cmd[0] == 'P' ? "pod" : cmd[0] == 'N' ? "node" : "next";
	char line[400];

	snprintf(line, sizeof(line), "ip -n %s%s %s", prefix, which, cmd + 2);
	return system(line) ? -1 : 0;
}

/* Runs a command in one of them and does not care how it ends. */
static void in_netns(const char *which, const char *cmd)
{
	char line[400];

	snprintf(line, sizeof(line), "ip netns exec %s%s %s >/dev/null 2>&1", prefix, which, cmd);
	(void)!system(line);
}

static void keep_obs(void *ctx, const struct obs *obs)
{
	struct fixture *f = ctx;

	if (f->cnt == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->seen = realloc(f->seen, f->cap * sizeof(*f->seen));
		assert_non_null(f->seen);
	}
	f->seen[f->cnt++] = *obs;
}

static void keep_record(void *ctx, const void *data, size_t len)
{
	assert_int_equal(decode_record(data, len, NULL, keep_obs, ctx), 0);
}

static void reset(struct fixture *f)
{
	assert_true(loader__consume(f->l, keep_record, f) >= 0);
	f->inert = loader__inert(f->l); /* of the time between two tests */
	f->cnt = 0;
}

/* The first of this kind after *from, which is moved behind it; NULL: there is none. */
static const struct obs *next_of(struct fixture *f, enum obs_kind kind, size_t *from)
{
	while (*from < f->cnt) {
		const struct obs *o = &f->seen[(*from)++];

		if (o->kind == kind)
			return o;
	}
	return NULL;
}

static size_t count_of(struct fixture *f, enum obs_kind kind)
{
	size_t at = 0, n = 0;

	while (next_of(f, kind, &at))
		n++;
	return n;
}

/*
 * Three pings, and everything that was recorded meanwhile: the records are asked for all the time,
 * since the programs stop when nobody does.
 */
static void ping(struct fixture *f, const char *which, const char *args)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	char cmd[200];
	pid_t pid;

	reset(f);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		snprintf(cmd, sizeof(cmd), "ping -n -q -c 3 -i 0.2 -W 1 %s", args);
		in_netns(which, cmd);
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) != pid) {
		assert_true(loader__consume(f->l, keep_record, f) >= 0);
		nanosleep(&pause, NULL);
	}
	assert_true(loader__consume(f->l, keep_record, f) >= 0);
	assert_int_equal(loader__inert(f->l), f->inert);
}

/* ---- cases ---- */

/* Without this one the silence that others expect would prove nothing. */
static void forwarded(void **state)
{
	struct fixture *f = *state;
	const struct obs *o;
	size_t at = 0;

	assert_int_equal(ip("X: addr add " FAR "/32 dev lo"), 0);
	ping(f, "pod", FAR);
	assert_int_equal(ip("X: addr del " FAR "/32 dev lo"), 0);
	assert_int_equal(count_of(f, OBS_PATH), 3 * 4); /* both ways, in and out */
	assert_int_equal(count_of(f, OBS_DROP), 0);
	assert_int_equal(count_of(f, OBS_FIB), 0);
	o = next_of(f, OBS_PATH, &at);
	assert_int_equal(o->pkt.hook, AT_TC_INGRESS);
	assert_int_equal(o->pkt.iif, CALI_IF);
	o = next_of(f, OBS_PATH, &at);
	assert_int_equal(o->pkt.hook, AT_TC_EGRESS);
	assert_int_equal(o->pkt.ifindex, if_nametoindex("uplink"));
	assert_int_equal(o->pkt.iif, CALI_IF);
}

static void own_failure(void **state)
{
	struct fixture *f = *state;
	const struct obs *o;
	size_t at = 0;

	assert_int_equal(ip("N: route add blackhole " FAR), 0);
	ping(f, "pod", FAR);
	assert_int_equal(ip("N: route del blackhole " FAR), 0);
	assert_true(count_of(f, OBS_FIB) > 0); /* a slow machine may take longer than 10 ms */
	o = next_of(f, OBS_FIB, &at);
	assert_int_equal(o->fib.class, EV_FIB_FORWARD);
	assert_int_equal(o->fib.err, 22);
	assert_int_equal(count_of(f, OBS_DROP), 3);
	at = 0;
	o = next_of(f, OBS_DROP, &at);
	assert_int_equal(o->pkt.netns, f->inum);
	assert_int_equal(o->pkt.iif, CALI_IF);
	assert_int_equal(o->pkt.dst_error, 22);
}

/* The same packet, the same device number, the same CPU; but it had left us. */
static void failure_of_the_next(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ip("X: route add blackhole " FAR), 0);
	ping(f, "pod", FAR);
	assert_int_equal(ip("X: route del blackhole " FAR), 0);
	assert_int_equal(count_of(f, OBS_PATH), 3 * 2);
	assert_int_equal(count_of(f, OBS_FIB), 0);
	assert_int_equal(count_of(f, OBS_DROP), 0);
}

/* The next node's answer fails in a softirq that interrupts our task: it is not our task's. */
static void answer_of_the_next(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ip("X: addr add " FAR "/32 dev lo"), 0);
	assert_int_equal(ip("X: route add unreachable " NODE), 0);
	ping(f, "node", "-I " NODE " " FAR);
	assert_int_equal(ip("X: route del unreachable " NODE), 0);
	assert_int_equal(ip("X: addr del " FAR "/32 dev lo"), 0);
	assert_int_equal(count_of(f, OBS_PATH), 3);
	assert_int_equal(count_of(f, OBS_FIB), 0);
}

/* What the node itself cannot answer is told, and in nobody's name. */
static void own_answer(void **state)
{
	struct fixture *f = *state;
	const struct obs *o;
	size_t at = 0;

	assert_int_equal(ip("N: route replace unreachable " POD), 0);
	ping(f, "pod", NODE);
	assert_int_equal(ip("N: route del unreachable " POD), 0);
	assert_int_equal(ip("N: route add " POD " dev cali"), 0);
	assert_true(count_of(f, OBS_FIB) > 0);
	o = next_of(f, OBS_FIB, &at);
	assert_int_equal(o->fib.class, EV_FIB_OUTPUT);
	assert_int_equal(o->fib.err, 113);
	assert_int_equal(o->fib.by.pid, 0);
}

static void own_sender(void **state)
{
	struct fixture *f = *state;
	const struct obs *o;
	size_t at = 0;

	assert_int_equal(ip("N: route add unreachable " FAR), 0);
	ping(f, "node", FAR);
	assert_int_equal(ip("N: route del unreachable " FAR), 0);
	o = next_of(f, OBS_FIB, &at);
	assert_non_null(o);
	assert_int_equal(o->fib.class, EV_FIB_OUTPUT);
	assert_string_equal(o->fib.by.comm, "ping");
}

/* All fragments of one packet are dropped; the later ones are tied to the first by their id. */
static void dropped_fragments(void **state)
{
	struct fixture *f = *state;
	const struct obs *first, *later;
	size_t at = 0, i;

	assert_int_equal(ip("N: route add blackhole " FAR), 0);
	ping(f, "pod", "-s 3000 " FAR);
	assert_int_equal(ip("N: route del blackhole " FAR), 0);
	assert_int_equal(count_of(f, OBS_PATH), 3); /* the first ones alone */
	assert_int_equal(count_of(f, OBS_DROP), 3 * 3);
	first = next_of(f, OBS_DROP, &at);
	assert_int_equal(first->pkt.icmp_type, 8);
	assert_true(first->pkt.flags & EV_F_FRAG);
	assert_false(first->pkt.flags & EV_F_FRAG_LATER);
	for (i = 0; i < 2; i++) {
		later = next_of(f, OBS_DROP, &at);
		assert_true(later->pkt.flags & EV_F_FRAG_LATER);
		assert_int_equal(!(later->pkt.flags & EV_F_FRAG),
				 i); /* the last one has none behind it */
		assert_int_equal(later->pkt.ip_id, first->pkt.ip_id);
		assert_int_equal(later->pkt.proto, IPPROTO_ICMP);
		assert_int_equal(later->pkt.icmp_type | later->pkt.sport | later->pkt.dport, 0);
		assert_memory_equal(&later->pkt.dst, &first->pkt.dst, sizeof(struct addr));
	}
}

/* Where fexit is allowed: the table of a route that a rule led to, and nothing while rules do not. */
static void fib_result(void **state)
{
	struct fixture *f = *state;
	char text[PREFIX_STRLEN];
	const struct obs *o;
	size_t at = 0;

	if (!loader__probe(f->l, PROBE_FEXIT)->ok)
		skip();
	assert_int_equal(ip("N: rule add from 198.18.1.3 lookup 100"), 0);
	/* without a rule like that one it is not attached */
	loader__obs(f->l, &(struct obs){ .kind = OBS_RULE, .rule = { .table = TABLE } });
	ping(f, "pod", FAR);
	assert_int_equal(count_of(f, OBS_RES), 0);
	assert_int_equal(ip("N: rule add from " POD " lookup 100"), 0);
	assert_int_equal(ip("N: route add 198.19.2.0/24 via " NEXT " table 100"), 0);
	ping(f, "pod", FAR);
	o = next_of(f, OBS_RES, &at);
	assert_non_null(o);
	assert_int_equal(o->res.table, TABLE);
	assert_int_equal(o->res.ifindex, CALI_IF);
	assert_int_equal(o->res.netns, f->inum);
	assert_string_equal(prefix_str(&o->res.prefix, text), "198.19.2.0/24");
	assert_int_equal(ip("N: route replace blackhole 198.19.2.0/24 table 100"), 0);
	ping(f, "pod", FAR);
	assert_int_equal(count_of(f, OBS_RES), 0); /* a failed look-up has no result */
}

/* ---- set-up ---- */

static int add_namespaces(void)
{
	static const char *const names[] = { "pod", "node", "next" };
	char line[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(line, sizeof(line), "ip netns add %s%s", prefix, names[i]);
		if (system(line))
			return -1;
	}
	return 0;
}

/*
 * A veth between two: the first end gets the number. Both know each other's address for good: what
 * a test does to a route must not keep neighbours from answering.
 */
static int add_veth(const char *dev, const char *netns, const char *peer, const char *peer_netns)
{
	char line[300];

	snprintf(line, sizeof(line),
		 "ip link add %s index %d address " MAC1 " netns %s%s type veth peer name %s "
		 "address " MAC2 " netns %s%s",
		 dev, CALI_IF, prefix, netns, peer, prefix, peer_netns);
	return system(line) ? -1 : 0;
}

static int add_neighbours(void)
{
	return ip("P: neigh add " NODE " lladdr " MAC1 " dev eth0") ||
	       ip("N: neigh add " POD " lladdr " MAC2 " dev cali") ||
	       ip("N: neigh add " NEXT " lladdr " MAC1 " dev uplink") ||
	       ip("X: neigh add " NODE " lladdr " MAC2 " dev far");
}

static int connect_namespaces(void)
{
	if (add_veth("cali", "node", "eth0", "pod") || add_veth("far", "next", "uplink", "node"))
		return -1;
	return ip("P: link set lo up") || ip("P: link set eth0 up") || ip("N: link set lo up") ||
	       ip("N: link set cali up") || ip("N: link set uplink up") ||
	       ip("X: link set lo up") || ip("X: link set far up");
}

static int route_namespaces(void)
{
	in_netns("node", "sysctl -w net.ipv4.ip_forward=1");
	in_netns("next", "sysctl -w net.ipv4.ip_forward=1");
	return ip("P: addr add " POD "/32 dev eth0") || ip("P: route add " NODE " dev eth0") ||
	       ip("P: route add default via " NODE) || ip("N: addr add " NODE "/32 dev cali") ||
	       ip("N: addr add " NODE "/24 dev uplink") || ip("N: route add " POD " dev cali") ||
	       ip("N: route add 198.19.0.0/16 via " NEXT) ||
	       ip("X: addr add " NEXT "/24 dev far") || ip("X: route add 198.18.1.0/24 via " NODE);
}

static int enter_node(struct fixture *f)
{
	char path[100];
	struct stat st;
	int fd, err;

	f->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/run/netns/%snode", prefix);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->home < 0 || fd < 0 || fstat(fd, &st))
		return -1;
	f->inum = (uint32_t)st.st_ino;
	err = setns(fd, CLONE_NEWNET);
	close(fd);
	return err;
}

static int start(struct fixture *f)
{
	struct loader_opts opts = { .netns_inum = f->inum, .dns_port = { 53 } };
	struct obs_pools pools = { .cnt = 1 };
	char why[300];

	if (loader__open(&opts, &f->l, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	if (prefix_parse("198.18.0.0/15", &pools.pool[0].cidr) || loader__set_pools(f->l, &pools) ||
	    loader__attach(f->l, -1) || attach__new(f->l, &f->attach))
		return -1;
	return attach__add(f->attach, if_nametoindex("cali"), "cali", why, sizeof(why)) ||
	       attach__add(f->attach, if_nametoindex("uplink"), "uplink", why, sizeof(why));
}

static int setup(void **state)
{
	static struct fixture fix = { .home = -1 };

	*state = &fix;
	snprintf(prefix, sizeof(prefix), "ct%d-", getpid());
	return add_namespaces() || connect_namespaces() || route_namespaces() || add_neighbours() ||
	       enter_node(&fix) || start(&fix);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char line[200];

	if (f->attach)
		attach__free(f->attach);
	loader__free(f->l);
	if (f->home >= 0 && setns(f->home, CLONE_NEWNET))
		return -1;
	free(f->seen);
	snprintf(line, sizeof(line), "for n in pod node next; do ip netns del %s$n; done", prefix);
	return system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarded),	       cmocka_unit_test(own_failure),
		cmocka_unit_test(failure_of_the_next), cmocka_unit_test(answer_of_the_next),
		cmocka_unit_test(own_answer),	       cmocka_unit_test(own_sender),
		cmocka_unit_test(dropped_fragments),   cmocka_unit_test(fib_result),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
