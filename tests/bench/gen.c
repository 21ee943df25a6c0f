// SPDX-License-Identifier: GPL-2.0-only
/*
 * A capture of imagined traffic, as `calitrace capture` would write it: the node's state at start,
 * packets at each hook, ticks, an end. `gen FILE PACKETS [BAD [RATE [NODE [NODES [LATER]]]]]`; BAD of
 * 1000 exchanges leak and as many get no answer, RATE packets come a second, it is node NODE of NODES,
 * and it began LATER seconds after those without.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capfile.h"
#include "traffic.h"
#include "util.h"

#define WALL_OFFSET (1586484262ll * (int64_t)NS_PER_S)

static void put_obs(void *ctx, const struct obs *o)
{
	capw__obs(ctx, o);
}

/* What tells files apart that have the same options */
struct whose {
	char node[32];
	uint64_t run;
	uint64_t later_s;
};

static void begin(struct capw *w, const struct traffic *t, const struct whose *whose)
{
	static const char *const argv[] = { "calitrace", "capture", NULL };
	static const char *const ifaces[] = { "eth0", "tunl0", NULL };
	static const char *const none[] = { NULL };
	struct cap_meta m = {
		.run = whose->run,
		.version = "bench",
		.kernel = "6.1.0",
		.mono_ns = TRAFFIC_T0,
		.wall_offset_ns = WALL_OFFSET + (int64_t)(whose->later_s * NS_PER_S),
		.reply_timeout_ns = 2 * NS_PER_S,
		.snaplen = SNAP_LEN,
		.dns_port = { 53 },
		.netns = 4026531840u,
		.argv = argv,
	};
	struct cap_ready r = {
		.ts_ns = TRAFFIC_T0, .ifaces = ifaces, .probes = none, .missing = none
	};

	snprintf(m.node, sizeof(m.node), "%s", whose->node);
	capw__meta(w, &m);
	traffic__state(t, put_obs, w);
	capw__ready(w, &r);
}

static int end(struct capw *w, const struct traffic *t)
{
	struct cap_finish f = { .ts_ns = traffic__now(t), .command_status = -1 };
	struct cap_end e = { .ts_ns = traffic__now(t), .reason = "bench" };

	e.packets = capw__packets(w);
	capw__finish(w, &f);
	capw__end(w, &e);
	return capw__flush(w);
}

static int write_file(int fd, uint64_t packets, const struct traffic_opts *o,
		      const struct whose *whose)
{
	struct capw_opts wo = { .snaplen = SNAP_LEN, .put = bench_put, .ctx = &fd };
	struct traffic *t = traffic__new(o, TRAFFIC_MIX);
	static struct obs obs;
	struct capw *w;
	int err;

	if (!t || capw__new(&wo, &w))
		return -ENOMEM;
	begin(w, t, whose);
	while (packets) {
		traffic__next(t, &obs);
		packets -= obs.kind == OBS_PATH;
		capw__obs(w, &obs);
	}
	err = end(w, t);
	capw__free(w);
	traffic__free(t);
	return err;
}

int main(int argc, char **argv)
{
	struct traffic_opts o = TRAFFIC_DEFAULT;
	uint64_t n, bad = 10, rate = o.rate, node = 0, nodes = o.nodes + 1;
	struct whose whose = { .node = "bench" };
	int fd, err;

	if (argc < 3 || argc > 8 || parse_u64(argv[2], 1, UINT32_MAX, &n) ||
	    (argc > 3 && parse_u64(argv[3], 0, 500, &bad)) ||
	    (argc > 4 && parse_u64(argv[4], 1, 1000000, &rate)) ||
	    (argc > 6 && parse_u64(argv[6], 2, 4000, &nodes)) ||
	    (argc > 5 && parse_u64(argv[5], 0, nodes - 1, &node)) ||
	    (argc > 7 && parse_u64(argv[7], 0, UINT32_MAX, &whose.later_s))) {
		fprintf(stderr, "usage: gen FILE PACKETS [BAD [RATE [NODE [NODES [LATER]]]]]\n");
		return 2;
	}
	o.bad = (uint32_t)bad;
	o.rate = (uint32_t)rate;
	o.nodes = (uint32_t)nodes - 1;
	traffic__be((uint32_t)node);
	if (argc > 5)
		snprintf(whose.node, sizeof(whose.node), "node%03u", (unsigned int)node);
	whose.run = 1 + node * 1000 + bad;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : write_file(fd, n, &o, &whose);
	if (err || close(fd)) {
		fprintf(stderr, "gen: %s: %s\n", argv[1], strerror(err ? -err : errno));
		return 1;
	}
	return 0;
}
