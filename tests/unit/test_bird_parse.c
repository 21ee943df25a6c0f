// SPDX-License-Identifier: GPL-2.0-only
/* BIRD's replies: recorded ones, Calico's, odd ones, and what is none. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "bird_parse.h"
#include "bird_replies.h"
#include "util.h"

#define MAX 32
#define NOW_NS (100000 * NS_PER_S)

struct heard {
	struct bird_parser parser;
	size_t cnt; /* all, of which the first MAX are kept */
	struct obs obs[MAX];
};

static void hear(void *ctx, const struct obs *obs)
{
	struct heard *h = ctx;

	if (h->cnt < MAX)
		h->obs[h->cnt] = *obs;
	h->cnt++;
}

static struct heard *heard_new(bool v6)
{
	struct heard *h = calloc(1, sizeof(*h));

	bird_parser__init(&h->parser, v6, hear, h);
	return h;
}

/* Without an end sign, without a byte to spare, in pieces of `step` bytes */
static int feed(struct heard *h, const char *text, size_t len, size_t step)
{
	int ret = 0;
	size_t at, n;
	char *copy;

	for (at = 0; at < len && ret >= 0; at += n) {
		n = len - at < step ? len - at : step;
		copy = malloc(n);
		memcpy(copy, text + at, n);
		ret = bird_parser__feed(&h->parser, copy, n, NOW_NS);
		free(copy);
	}
	return ret;
}

static int reply(struct heard *h, enum bird_request r, const char *text)
{
	bird_parser__begin(&h->parser, r);
	return feed(h, text, strlen(text), SIZE_MAX);
}

/* One whole reply of the lab's healthy status before it: its time is 23:24:57. */
static struct heard *heard_after_status(bool v6, enum bird_request r, const char *text)
{
	struct heard *h = heard_new(v6);

	assert_int_equal(reply(h, BIRD_STATUS, healthy_status), 1);
	h->cnt = 0;
	assert_int_equal(reply(h, r, text), 1);
	return h;
}

static void same_addr(const struct addr *a, const char *text)
{
	char buf[ADDR_STRLEN];

	if (!*text)
		assert_int_equal(a->family, 0);
	else
		assert_string_equal(addr_str(a, buf), text);
}

struct want_proto {
	const char *name, *kind, *state, *bgp, *info, *neighbor, *source;
	uint32_t imported, exported, age_s;
	bool gr_pending, gr_neighbor;
};

static void check_protos(struct heard *h, const struct want_proto *want, size_t cnt)
{
	size_t i;

	assert_int_equal(h->cnt, cnt);
	for (i = 0; i < cnt; i++) {
		const struct obs_bird_proto *got = &h->obs[i].bird_proto;

		assert_int_equal(h->obs[i].kind, OBS_BIRD_PROTO);
		assert_int_equal(got->v6, h->parser.v6);
		assert_string_equal(got->name, want[i].name);
		assert_string_equal(got->kind, want[i].kind);
		assert_string_equal(got->state, want[i].state);
		assert_string_equal(got->bgp, want[i].bgp);
		assert_string_equal(got->info, want[i].info);
		same_addr(&got->neighbor, want[i].neighbor);
		same_addr(&got->source, want[i].source);
		assert_int_equal(got->imported, want[i].imported);
		assert_int_equal(got->exported, want[i].exported);
		assert_int_equal(got->gr_pending, want[i].gr_pending);
		assert_int_equal(got->gr_neighbor, want[i].gr_neighbor);
		if (want[i].age_s)
			assert_int_equal(got->since_ns, NOW_NS - want[i].age_s * NS_PER_S);
	}
	free(h);
}

struct want_route {
	const char *dst;
	uint8_t type;
	const char *gw, *dev, *proto, *from;
	const char *flags; /* of "*!su" */
};

static void check_routes(struct heard *h, const struct want_route *want, size_t cnt)
{
	char buf[PREFIX_STRLEN];
	size_t i;

	assert_int_equal(h->cnt, cnt);
	for (i = 0; i < cnt; i++) {
		const struct obs_bird_route *got = &h->obs[i].bird_route;

		assert_int_equal(h->obs[i].kind, OBS_BIRD_ROUTE);
		assert_int_equal(got->v6, h->parser.v6);
		assert_string_equal(prefix_str(&got->dst, buf), want[i].dst);
		assert_int_equal(got->type, want[i].type);
		same_addr(&got->gw, want[i].gw);
		assert_string_equal(got->dev, want[i].dev);
		assert_string_equal(got->proto, want[i].proto);
		same_addr(&got->from, want[i].from);
		assert_int_equal(got->best, !!strpbrk(want[i].flags, "*!"));
		assert_int_equal(got->refused, !!strchr(want[i].flags, '!'));
		assert_int_equal(got->stale, !!strchr(want[i].flags, 's'));
		assert_int_equal(got->unresolved, !!strchr(want[i].flags, 'u'));
	}
	free(h);
}

/* ---- recorded ---- */

static void test_status(void **state)
{
	struct heard *h = heard_new(false);
	const struct obs_bird *bird = &h->obs[0].bird;

	(void)state;
	assert_int_equal(reply(h, BIRD_GREETING, "0001 BIRD 1.6.8 ready.\n"), 1);
	assert_int_equal(reply(h, BIRD_RESTRICT, "0016 Access restricted\n"), 1);
	assert_int_equal(h->cnt, 0);
	assert_int_equal(reply(h, BIRD_STATUS, healthy_status), 1);
	assert_int_equal(h->cnt, 1);
	assert_int_equal(h->obs[0].kind, OBS_BIRD);
	assert_string_equal(bird->version, "1.6.8");
	same_addr(&bird->router_id, "10.2.7.201");
	assert_int_equal(bird->boot_ns, NOW_NS - 298 * NS_PER_S);
	assert_int_equal(bird->conf_ns, NOW_NS - 298 * NS_PER_S);
	assert_false(bird->recovering);
	free(h);
}

static void test_healthy(void **state)
{
	static const struct want_proto protos[] = {
		{ "device1", "Device", "up", "", "", "", "", 0, 0, 298, 0, 0 },
		{ "direct1", "Direct", "up", "", "", "", "", 3, 0, 298, 0, 0 },
		{ "kernel1", "Kernel", "up", "", "", "", "", 3, 4, 298, 0, 0 },
		{ "static1", "Static", "up", "", "", "", "", 1, 0, 298, 0, 0 },
		{ "Mesh_10_2_7_200", "BGP", "up", "Established", "", "10.2.7.200", "10.2.7.201", 1,
		  1, 297, 0, 0 },
		{ "Mesh_10_2_7_202", "BGP", "up", "Established", "", "10.2.7.202", "10.2.7.201", 1,
		  1, 297, 0, 0 },
	};
	static const struct want_route routes[] = {
		{ "0.0.0.0/0", RTN_UNICAST, "10.2.7.254", "eth0", "kernel1", "", "*" },
		{ "10.2.7.0/24", RTN_UNICAST, "", "eth0", "direct1", "", "*" },
		{ "172.31.255.0/24", RTN_UNICAST, "", "docker0", "direct1", "", "*" },
		{ "10.253.181.0/26", RTN_UNICAST, "10.2.7.200", "eth0", "Mesh_10_2_7_200",
		  "10.2.7.200", "*" },
		{ "10.253.140.128/26", RTN_UNICAST, "10.2.7.202", "eth0", "Mesh_10_2_7_202",
		  "10.2.7.202", "*" },
		{ "10.253.65.68/32", RTN_UNICAST, "", "calif4ebeb00d32", "kernel1", "", "*" },
		{ "10.253.65.67/32", RTN_UNICAST, "", "calif75461555e0", "kernel1", "", "*" },
		{ "10.253.65.64/26", RTN_BLACKHOLE, "", "", "static1", "", "*" },
		{ "10.253.65.64/32", RTN_UNICAST, "", "vxlan.calico", "direct1", "", "*" },
	};

	(void)state;
	check_protos(heard_after_status(false, BIRD_PROTOCOLS, healthy_protocols), protos, 6);
	check_routes(heard_after_status(false, BIRD_ROUTES, healthy_routes), routes, 9);
}

static void test_incident(void **state)
{
	static const char error[] = "Socket: Connection reset by peer";
	const struct want_proto node[] = {
		{ "kernel1", "Kernel", "up", "", "", "", "", 3, 2, 0, 0, 0 },
		{ "Mesh_10_2_7_200", "BGP", "start", "Active", error, "10.2.7.200", "", 0, 0, 0, 0,
		  0 },
		{ "Mesh_10_2_7_202", "BGP", "start", "Active", error, "10.2.7.202", "", 0, 0, 0, 0,
		  0 },
	};
	const struct want_proto peer[] = {
		{ "Mesh_10_2_7_202", "BGP", "up", "Established", "", "10.2.7.202", "10.2.7.200", 1,
		  1, 297, 0, 0 },
		{ "Mesh_192_188_1_1", "BGP", "start", "Connect", "", "192.188.1.1", "", 0, 0, 0, 0,
		  0 },
	};
	struct heard *h;
	size_t i;

	(void)state;
	check_protos(heard_after_status(false, BIRD_PROTOCOLS, incident_protocols), node, 3);
	check_protos(heard_after_status(false, BIRD_PROTOCOLS, incident_peer_protocols), peer, 2);
	h = heard_after_status(false, BIRD_ROUTES, incident_routes);
	assert_int_equal(h->cnt, 8);
	for (i = 0; i < h->cnt; i++)
		assert_int_equal(h->obs[i].bird_route.from.family, 0);
	free(h);
}

static void test_withdrawn(void **state)
{
	struct heard *h = heard_after_status(false, BIRD_ROUTES, withdrawn_routes);
	struct prefix gone;
	size_t i;

	(void)state;
	assert_int_equal(prefix_parse("10.253.181.0/26", &gone), 0);
	assert_int_equal(h->cnt, 8);
	for (i = 0; i < h->cnt; i++)
		assert_false(prefix_eq(&h->obs[i].bird_route.dst, &gone));
	free(h);
}

static void test_restart(void **state)
{
	static const struct want_proto node[] = {
		{ "device1", "Device", "up", "", "", "", "", 0, 0, 0, 0, 0 },
		{ "kernel1", "Kernel", "wait", "", "", "", "", 0, 0, 0, 0, 0 },
		{ "Mesh_10_2_7_200", "BGP", "start", "Active", "", "10.2.7.200", "", 0, 0, 0, 1,
		  0 },
	};
	static const struct want_proto peer[] = {
		{ "Mesh_10_2_7_201", "BGP", "start", "Active", "Socket: Connection refused",
		  "10.2.7.201", "", 1, 0, 0, 0, 1 },
	};
	struct heard *h = heard_new(false);
	const struct obs_bird *bird = &h->obs[0].bird;

	(void)state;
	assert_int_equal(reply(h, BIRD_STATUS, restart_status), 1);
	assert_true(bird->recovering);
	assert_int_equal(bird->waiting_for, 2);
	assert_int_equal(bird->wait_s, 240);
	assert_int_equal(bird->wait_max_s, 240);
	assert_int_equal(bird->boot_ns, NOW_NS);
	free(h);
	check_protos(heard_after_status(false, BIRD_PROTOCOLS, restart_protocols), node, 3);
	check_protos(heard_after_status(false, BIRD_PROTOCOLS, restart_peer_protocols), peer, 1);
}

static void test_v6(void **state)
{
	static const struct want_proto protos[] = {
		{ "Mesh_fd00_10_2_7__200", "BGP", "up", "Established", "", "fd00:10:2:7::200",
		  "fd00:10:2:7::201", 3, 5, 0, 0, 0 },
		{ "Node_fd00_10_2_7__9_port_1790", "BGP", "start", "Passive", "", "fd00:10:2:7::9",
		  "", 0, 0, 0, 0, 0 },
		{ "Global_fe80__1", "BGP", "down", "Down", "", "fe80::1", "", 0, 0, 0, 0, 0 },
	};
	static const char mesh[] = "Mesh_fd00_10_2_7__200", from[] = "fd00:10:2:7::200";
	const struct want_route routes[] = {
		{ "fd00:10:244:1::/122", RTN_BLACKHOLE, "", "", "static1", "", "*" },
		{ "fd00:10:244:1::/122", RTN_UNREACHABLE, "", "", mesh, from, "u" },
		{ "fd00:10:244:2::/122", RTN_UNREACHABLE, "", "", mesh, from, "*u" },
		{ "fd00:10:244:3::/122", RTN_UNREACHABLE, "", "", mesh, from, "*u" },
		{ "fd00:96::/64", RTN_UNICAST, "fd00:10:2:7::200", "d0", "static1", "", "*" },
		{ "fd00:97::/64", RTN_PROHIBIT, "", "", "static1", "", "*" },
		{ "fd00:98::/64", RTN_UNREACHABLE, "", "", "static1", "", "*" },
		{ "fd00:10:2:7::/64", RTN_UNICAST, "", "d0", "direct1", "", "*" },
	};

	(void)state;
	check_protos(heard_after_status(true, BIRD_PROTOCOLS, v6_protocols), protos, 3);
	check_routes(heard_after_status(true, BIRD_ROUTES, v6_routes), routes, 8);
}

/* ---- Calico's names and version, and what the lab does not bring about ---- */

static void test_calico_status(void **state)
{
	struct heard *h = heard_new(false);
	const struct obs_bird *bird = &h->obs[0].bird;

	(void)state;
	assert_int_equal(reply(h, BIRD_STATUS,
			       "1000-BIRD v0.3.3+birdv1.6.8\n"
			       "1011-Router ID is 192.0.2.1\n"
			       " Hostname is somewhere\n"
			       " Current server time is 2026-03-01 00:00:05\n"
			       " Last reboot on 2026-02-28 23:59:35\n"
			       " Last reconfiguration on 2026-02-29 some day\n"
			       "0024-Graceful restart recovery in progress\n"
			       "   Waiting for 1 protocols to recover\n"
			       "   Wait timer is 215/100000\n"
			       "0013 Reconfiguration in progress\n"),
			 1);
	assert_string_equal(bird->version, "v0.3.3+birdv1.6.8");
	assert_int_equal(bird->boot_ns, NOW_NS - 30 * NS_PER_S);
	assert_int_equal(bird->conf_ns, 0);
	assert_int_equal(bird->waiting_for, 1);
	assert_int_equal(bird->wait_s, 215);
	assert_int_equal(bird->wait_max_s, UINT16_MAX);
	free(h);
}

static void test_calico_protocols(void **state)
{
	static const struct want_proto protos[] = {
		{ "kernel1", "Kernel", "up", "", "", "", "", 0, 0, 85087, 0, 0 },
		{ "Mesh_10_2_7_200", "BGP", "start", "Idle", "Socket: Connection closed", "", "", 0,
		  0, 297, 0, 0 },
		{ "Global_10_0_0_1_port_179", "BGP", "start", "Passive", "", "10.0.0.1", "", 0, 0,
		  1, 0, 0 },
		{ "Node_10_0_0_2", "BGP", "down", "Down",
		  "Automatic shutdown: Route limit exceeded", "", "", 0, 0, 1, 0, 0 },
		{ "Node_10_0_0_3", "BGP", "up", "Established", "Received: Cease", "", "10.0.0.9",
		  4294967295, 7, 1, 0, 0 },
		{ "Local_Workload_10_0_0_4", "BGP", "start", "OpenSent", "", "", "", 0, 0, 1, 0,
		  0 },
		{ "pipe1", "Pipe", "up", "", "=> other", "", "", 0, 0, 1, 0, 0 },
	};

	(void)state;
	check_protos(
		heard_after_status(
			false, BIRD_PROTOCOLS,
			"2002-name     proto    table    state  since       info\n"
			"1002-kernel1  Kernel   master   up     2026-11-21 23:46:50  \n"
			" Mesh_10_2_7_200 BGP      master   start  23:20:00    Idle          "
			"Socket: Connection closed\n"
			" Global_10_0_0_1_port_179 BGP      master   start  23:24:56    Passive       \n"
			"1006-  Description:    BGP state: a trap\n"
			"   BGP state:          Passive\n"
			"     Neighbor address: 10.0.0.1\n"
			"     Neighbor AS:      64512\n"
			" \n"
			"1002-Node_10_0_0_2 BGP      master   down   23:24:56    "
			"Automatic shutdown: Route limit exceeded\n"
			"1006-  BGP state:          Down\n"
			"1002-Node_10_0_0_3 BGP      master   up     23:24:56    Established   \n"
			"1006-  Routes:         4294967295 imported, 3 filtered, 7 exported, 1 preferred\n"
			"   GR recovery:    waiting\n"
			"     Source address:   10.0.0.9\n"
			"     Last error:       Received: Cease\n"
			"1002-Local_Workload_10_0_0_4 BGP      master   start  23:24:56    OpenSent\n"
			" pipe1    Pipe     master   up     23:24:56    => other\n"
			"0000 \n"),
		protos, 7);
}

static void test_no_protocols(void **state)
{
	(void)state;
	check_protos(heard_after_status(false, BIRD_PROTOCOLS, "8003 No protocols match\n"), NULL,
		     0);
}

static void test_calico_routes(void **state)
{
	static const char mesh[] = "Mesh_10_2_7_207";
	const struct want_route routes[] = {
		{ "10.253.13.192/26", RTN_UNICAST, "10.2.7.254", "eth0", mesh, "10.2.7.207", "*" },
		{ "10.253.13.192/26", RTN_UNICAST, "10.2.7.207", "eth0", mesh, "10.2.7.207", "s" },
		{ "10.253.13.192/26", RTN_UNREACHABLE, "", "", mesh, "10.2.7.207", "su" },
		{ "10.253.14.0/26", RTN_UNICAST, "10.2.7.208", "eth0", "Global_10_2_7_208_port_179",
		  "10.2.7.208", "!" },
		{ "10.253.15.0/26", RTN_UNREACHABLE, "", "", mesh, "10.2.7.207", "*u" },
		{ "10.253.16.0/26", RTN_UNICAST, "10.2.7.1", "eth0", "ospf1", "", "*" },
		{ "10.253.17.0/26", RTN_UNICAST, "10.2.7.208", "eth0", mesh, "10.2.7.208", "*" },
		{ "10.253.18.0/26", RTN_UNICAST, "10.2.7.1", "eth0", "static1", "", "*" },
	};

	(void)state;
	check_routes(
		heard_after_status(
			false, BIRD_ROUTES,
			"1007-10.253.13.192/26   via 10.2.7.254 on eth0 "
			"[Mesh_10_2_7_207 06:45:53 from 10.2.7.207] * (100/0) [i]\n"
			"                    via 10.2.7.207 on eth0 [Mesh_10_2_7_207 2026-11-20] "
			"(100s/0) [i]\n"
			"                    unreachable [Mesh_10_2_7_207 2026-11-20 06:45:53 from "
			"10.2.7.207] (100-s/-) [i]\n"
			" 10.253.14.0/26     via 10.2.7.208 on eth0 [Global_10_2_7_208_port_179 06:45:53]"
			" ! (100/?) [AS64512?]\n"
			" 10.253.15.0/26     unreachable [Mesh_10_2_7_207 06:45:53 from 10.2.7.207] * "
			"(100/-) [AS4200000000e]\n"
			" 10.253.16.0/26     via 10.2.7.1 on eth0 [ospf1 06:45:53] * I (150/10) [10.2.7.1]\n"
			" 10.253.17.0/26     via 10.2.7.208 on eth0 [Mesh_10_2_7_207 06:45:53] * (100/0) []\n"
			" 10.253.18.0/26     multipath [static1 06:45:53] * (200)\n"
			" \tvia 10.2.7.1 on eth0 weight 1\n"
			" \tvia 10.2.7.2 on eth1 weight 1\n"
			"0000 \n"),
		routes, 8);
	check_routes(heard_after_status(false, BIRD_ROUTES, "0000 \n"), NULL, 0);
}

static void test_times(void **state)
{
	static const struct {
		const char *now, *then;
		int64_t age_s; /* -1: not known */
	} cases[] = {
		{ "2026-11-22 23:23:30", "23:23:30", 0 },
		{ "2026-11-22 23:23:30", "2026-11-22 23:23:20", 10 },
		{ "2026-11-22 01:00:00", "23:00:00", 7200 },
		{ "2026-03-01 00:00:00", "23:59:59", 1 },
		{ "2026-11-22 21:00:00", "01:00:01", 71999 },
		/* since the status was asked for */
		{ "2026-11-22 23:23:30", "23:23:32", -2 },
		{ "2026-11-22 23:59:59", "2026-11-23 00:00:01", -2 },
		/* too far ahead to have happened since */
		{ "2026-11-22 23:23:30", "2026-11-23 23:23:30", -1 },
		{ "2026-11-22 12:00:00", "12:05:00", 86100 },
		/* a day alone: from its beginning on */
		{ "2026-11-22 23:30:00", "2026-11-22", 84600 },
		{ "2026-11-22 01:00:00", "2026-11-21", 90000 },
		/* leap years, the year's end, before the machine was up */
		{ "2024-03-01 00:00:00", "2024-02-29 23:00:00", 3600 },
		{ "2025-03-01 00:00:00", "2025-02-28 23:00:00", 3600 },
		{ "2026-01-01 00:00:00", "2025-12-31 23:59:00", 60 },
		{ "2026-11-22 01:00:00", "2024-11-21", 99999 },
		{ "2026-11-22 01:00:00", "2024-11-21 00:00:00", -1 },
		/* BIRD's other formats, and none at all */
		{ "2026-11-22 23:23:30", "Nov21", -1 },
		{ "2026-11-22 23:23:30", "23:20", -1 },
		{ "2026-11-22 23:23:30", "22-11-2026 10:00:00", -1 },
		{ "2026-11-22 23:23:30", "24:00:00", -1 },
		{ "2026-11-22 23:23:30", "2026-13-01", -1 },
		{ "2026-11-22 23:23:30", "2026-11-22 23:23:30.5", -1 },
		{ "2026-11-22 23:23:30", "2026-11-22x", -1 },
		{ "2026-11-22 23:23:30", "", -1 },
		{ "23:23:30", "23:20:00", -1 },
		{ "2026-11-22", "23:20:00", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct bird_now now = { bird_time_parse(cases[i].now), NOW_NS };
		struct bird_time t = bird_time_parse(cases[i].then);
		uint64_t want = NOW_NS - (uint64_t)cases[i].age_s * NS_PER_S;

		if (cases[i].age_s == -1)
			want = 0;
		if (cases[i].age_s == 99999)
			want = 1;
		if (bird_time_ns(&now, &t) != want)
			fail_msg("%s at %s: %lld", cases[i].then, cases[i].now,
				 (long long)(NOW_NS - bird_time_ns(&now, &t)));
	}
}

/* Without a usable time of its own, BIRD's times mean nothing. */
static void test_no_time(void **state)
{
	struct heard *h = heard_new(false);

	(void)state;
	assert_int_equal(reply(h, BIRD_STATUS, healthy_status), 1);
	assert_int_equal(reply(h, BIRD_STATUS,
			       "1000-BIRD 1.6.8\n1011-Last reboot on 2026-11-22 23:20:00\n0013 \n"),
			 1);
	assert_int_equal(h->obs[1].bird.boot_ns, 0);
	assert_int_equal(reply(h, BIRD_PROTOCOLS, healthy_protocols), 1);
	assert_int_equal(h->obs[2].bird_proto.since_ns, 0);
	free(h);
}

/* ---- odd and hostile ---- */

static const struct {
	enum bird_request request;
	bool v6;
	const char *text;
} recorded[] = {
	{ BIRD_STATUS, false, healthy_status },	      { BIRD_STATUS, false, restart_status },
	{ BIRD_PROTOCOLS, false, healthy_protocols }, { BIRD_PROTOCOLS, true, v6_protocols },
	{ BIRD_ROUTES, false, healthy_routes },	      { BIRD_ROUTES, true, v6_routes },
};

static void test_pieces(void **state)
{
	size_t i, step;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(recorded); i++) {
		struct heard *whole = heard_new(recorded[i].v6);

		assert_int_equal(reply(whole, recorded[i].request, recorded[i].text), 1);
		for (step = 1; step < 100; step += 7) {
			struct heard *h = heard_new(recorded[i].v6);

			bird_parser__begin(&h->parser, recorded[i].request);
			assert_int_equal(feed(h, recorded[i].text, strlen(recorded[i].text), step),
					 1);
			assert_int_equal(h->cnt, whole->cnt);
			assert_memory_equal(h->obs, whole->obs, sizeof(h->obs));
			free(h);
		}
		free(whole);
	}
}

/* Any beginning of a reply is none; nor is it one if it ends like one, in the middle of a row. */
static void test_cut(void **state)
{
	struct heard *h = heard_new(false);
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(recorded); i++) {
		const char *text = recorded[i].text;

		for (n = 0; n < strlen(text); n++) {
			bird_parser__init(&h->parser, recorded[i].v6, hear, h);
			bird_parser__begin(&h->parser, recorded[i].request);
			assert_int_equal(feed(h, text, n, SIZE_MAX), 0);
			assert_int_not_equal(feed(h, "\n0000 \n", 7, SIZE_MAX), 0);
		}
	}
	free(h);
}

static void test_malformed(void **state)
{
	static const struct {
		enum bird_request request;
		const char *text;
	} cases[] = {
		{ BIRD_GREETING, "SSH-2.0-OpenSSH_9.2\n" },
		{ BIRD_GREETING, "\n" },
		{ BIRD_GREETING, "0001-BIRD\n" },
		{ BIRD_GREETING, "0016 Access restricted\n" },
		{ BIRD_GREETING, "0001 BIRD\n0016 Access restricted\n" },
		{ BIRD_RESTRICT, "9001 syntax error\n" },
		{ BIRD_RESTRICT, "0000 \n" },
		{ BIRD_STATUS, "8007 Access denied\n" },
		{ BIRD_STATUS, "0013 Daemon is up and running\n" },
		{ BIRD_STATUS, "1011-Router ID is 1.2.3.4\n" },
		{ BIRD_STATUS, "1000-BIRD 1\n1000-BIRD 2\n" },
		{ BIRD_STATUS, "1000-BIRD 1\n1011-Router ID is 1.2.3\n" },
		{ BIRD_STATUS, "1000-BIRD 1\n0024-Waiting for many protocols\n" },
		{ BIRD_STATUS, "1000-BIRD 1\n0024-Wait timer is 99999999999/1\n" },
		{ BIRD_STATUS, "1000-BIRD 1\n1007-10.0.0.0/8 dev a [b] (1)\n" },
		{ BIRD_STATUS, "1000-BIRD 1\n0000 \n" },
		{ BIRD_PROTOCOLS, " kernel1 Kernel master up 23:20:00\n" },
		{ BIRD_PROTOCOLS, "1006-  Preference: 1\n" },
		{ BIRD_PROTOCOLS, "1002-kernel1 Kernel master up\n" },
		{ BIRD_PROTOCOLS, "1002-\n" },
		{ BIRD_PROTOCOLS, "1002-a BGP master up 23:20:00\n1006-  Routes: few imported\n" },
		{ BIRD_PROTOCOLS,
		  "1002-a BGP m up 23:20:00\n1006-Routes: 1 imported,  exported\n" },
		{ BIRD_PROTOCOLS,
		  "1002-a BGP m up 23:20:00\n1006-Routes: 4294967296 imported, 1 exported\n" },
		{ BIRD_PROTOCOLS, "1002-a BGP m up 23:20:00\n1006-Neighbor address: nobody\n" },
		{ BIRD_PROTOCOLS, "1002-a BGP m up 23:20:00\n8000-<line overflow>\n" },
		{ BIRD_PROTOCOLS, "9001 syntax error\n" },
		{ BIRD_PROTOCOLS, "0013 Daemon is up and running\n" },
		{ BIRD_PROTOCOLS, "00000 \n" },
		{ BIRD_PROTOCOLS, "000 \n" },
		{ BIRD_PROTOCOLS, "0000\n" },
		{ BIRD_PROTOCOLS, "0000 \n0000 \n" },
		{ BIRD_ROUTES, "8001 Network not in table\n" },
		{ BIRD_ROUTES, "8004 Stopped due to reconfiguration\n" },
		{ BIRD_ROUTES, "1007-                   dev a [b] (1)\n" },
		{ BIRD_ROUTES, "1007-\tvia 10.0.0.1 on a weight 1\n" },
		{ BIRD_ROUTES,
		  "1007-10.0.0.0/8 blackhole [b] (1)\n \tvia 10.0.0.1 on a weight 1\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 multipath [b] (1)\n \tdev a\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/33 dev a [b] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.1/8 dev a [b] (1)\n" },
		{ BIRD_ROUTES, "1007-fd00::/8 dev a [b] (1)\n" },
		{ BIRD_ROUTES, "1007-Table master4:\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 ??? [b] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 via 10.0.0 on a [b] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 via 10.0.0.1 at a [b] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 via 10.0.0.1 on\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a b (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [b (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [b 1 from] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [b 1 from c] (1)\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [b]\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [b] ()\n" },
		{ BIRD_ROUTES, "1007-10.0.0.0/8 dev a [b] (1\n" },
		{ BIRD_ROUTES, "1008-\tType: unicast\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct heard *h = heard_new(false);

		if (reply(h, cases[i].request, cases[i].text) != -EBADMSG)
			fail_msg("taken for good: %s", cases[i].text);
		assert_true(!strncmp(h->parser.why, bird_request_text(cases[i].request),
				     strlen(bird_request_text(cases[i].request))));
		free(h);
	}
}

static void test_zero_byte(void **state)
{
	struct heard *h = heard_new(false);

	(void)state;
	bird_parser__begin(&h->parser, BIRD_RESTRICT);
	assert_int_equal(feed(h, "0016 Acc\0ss\n", 12, SIZE_MAX), -EBADMSG);
	free(h);
}

/* An error of BIRD's own is told in its words, made safe for a terminal. */
static void test_why(void **state)
{
	struct heard *h = heard_new(false);

	(void)state;
	assert_int_equal(reply(h, BIRD_ROUTES, "8004 Stopped due to reconfiguration\n"), -EBADMSG);
	assert_string_equal(h->parser.why, "show route: 8004 Stopped due to reconfiguration");
	assert_int_equal(reply(h, BIRD_STATUS, "9001 \033[2J\n"), -EBADMSG);
	assert_null(strchr(h->parser.why, '\033'));
	free(h);
}

/* Messages come when they like, cut by a request, too. */
static void test_messages(void **state)
{
	struct heard *h = heard_new(false);

	(void)state;
	assert_int_equal(reply(h, BIRD_GREETING, "+one\n0001 BIRD\n+two\n+thr"), 1);
	assert_int_equal(reply(h, BIRD_RESTRICT, "ee\n0016 Access restricted\n"), 1);
	assert_int_equal(
		reply(h, BIRD_PROTOCOLS,
		      "2002-\n+1002-x\n1002-a BGP m up 23:20:00\n+\n b BGP m up 1\n0000 \n"),
		1);
	assert_int_equal(h->cnt, 2);
	free(h);
}

static void test_long(void **state)
{
	static const size_t len = 100000;
	struct heard *h = heard_new(false);
	char *text = malloc(len + 1);

	(void)state;
	memset(text, 'a', len);
	text[len] = '\n';
	bird_parser__begin(&h->parser, BIRD_GREETING);
	assert_int_equal(feed(h, text, len + 1, SIZE_MAX), -EBADMSG);
	bird_parser__init(&h->parser, false, hear, h);
	bird_parser__begin(&h->parser, BIRD_GREETING);
	assert_int_equal(feed(h, text, len, 1000), -EBADMSG);

	/* The longest line that is one */
	bird_parser__init(&h->parser, false, hear, h);
	bird_parser__begin(&h->parser, BIRD_GREETING);
	memcpy(text, "0001 ", 5);
	text[BIRD_LINE_MAX] = '\n';
	assert_int_equal(feed(h, text, BIRD_LINE_MAX + 1, SIZE_MAX), 1);
	free(text);
	free(h);
}

static void test_long_names(void **state)
{
	struct heard *h = heard_new(false);
	char text[1400], x[201];

	(void)state;
	memset(x, 'x', 200);
	x[200] = '\0';
	snprintf(text, sizeof(text), "1002-%s BGP%s m %s 23:20:00 %s\n0000 \n", x, x, x, x);
	assert_int_equal(reply(h, BIRD_PROTOCOLS, text), 1);
	assert_int_equal(strlen(h->obs[0].bird_proto.name), BIRD_NAME_LEN - 1);
	assert_int_equal(strlen(h->obs[0].bird_proto.kind), BIRD_WORD_LEN - 1);
	assert_int_equal(strlen(h->obs[0].bird_proto.info), INFO_LEN - 1);
	snprintf(text, sizeof(text), "1007-10.0.0.0/8 dev %s [%s %s] (1)\n0000 \n", x, x, x);
	assert_int_equal(reply(h, BIRD_ROUTES, text), 1);
	assert_int_equal(strlen(h->obs[1].bird_route.dev), DEV_LEN - 1);
	assert_int_equal(strlen(h->obs[1].bird_route.proto), BIRD_NAME_LEN - 1);
	snprintf(text, sizeof(text), "1000-BIRD %s\n0013 \n", x);
	assert_int_equal(reply(h, BIRD_STATUS, text), 1);
	assert_int_equal(strlen(h->obs[2].bird.version), sizeof(h->obs[2].bird.version) - 1);
	free(h);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Never more observations than rows; the sanitizers watch the rest. The same bytes every time. */
static void test_bent(void **state)
{
	static const char bytes[] = "0123 -+[]()*!/.:\t\nabvi";
	struct heard *h = heard_new(false);
	uint32_t seed = 1;
	char text[8192];
	int i, j;

	(void)state;
	for (i = 0; i < 6000; i++) {
		const size_t which = next_random(&seed) % ARRAY_SIZE(recorded);
		size_t len = strlen(recorded[which].text), at;

		assert_true(len < sizeof(text));
		memcpy(text, recorded[which].text, len);
		for (j = 0; j < 4; j++) {
			at = next_random(&seed) % len;
			text[at] = j ? bytes[next_random(&seed) % (sizeof(bytes) - 1)] :
				       (char)next_random(&seed);
		}
		h->cnt = 0;
		bird_parser__init(&h->parser, recorded[which].v6, hear, h);
		bird_parser__begin(&h->parser, recorded[which].request);
		feed(h, text, len, 1 + next_random(&seed) % len);
		assert_true(h->cnt <= 16);
	}
	free(h);
}

static void test_random(void **state)
{
	struct heard *h = heard_new(false);
	uint32_t seed = 7;
	char text[256];
	size_t i, j;

	(void)state;
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < sizeof(text); j++)
			text[j] = (char)next_random(&seed);
		bird_parser__init(&h->parser, i & 1, hear, h);
		bird_parser__begin(&h->parser, (enum bird_request)(i % BIRD_REQUEST_MAX));
		assert_true(feed(h, text, sizeof(text), 100) <= 0);
	}
	assert_int_equal(h->cnt, 0);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	      cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_incident),      cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_restart),	      cmocka_unit_test(test_v6),
		cmocka_unit_test(test_calico_status), cmocka_unit_test(test_calico_protocols),
		cmocka_unit_test(test_no_protocols),  cmocka_unit_test(test_calico_routes),
		cmocka_unit_test(test_times),	      cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_pieces),	      cmocka_unit_test(test_cut),
		cmocka_unit_test(test_malformed),     cmocka_unit_test(test_zero_byte),
		cmocka_unit_test(test_why),	      cmocka_unit_test(test_messages),
		cmocka_unit_test(test_long),	      cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_bent),	      cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
