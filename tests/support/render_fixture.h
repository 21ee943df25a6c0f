/* SPDX-License-Identifier: GPL-2.0-only */
/* A renderer that writes to memory, and one record of each type to feed it with. */
#ifndef TEST_RENDER_FIXTURE_H
#define TEST_RENDER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "render.h"
#include "util.h"

/* The monotonic clock started 1000 s before 2020-04-10T02:04:22Z. */
#define WALL_OFFSET ((int64_t)(1586484262ull - 1000) * (int64_t)NS_PER_S)
#define T0 (1000 * NS_PER_S)

struct fixture {
	struct render *r;
	FILE *out;
	char *text;
	size_t len;
};

typedef int (*render_new_fn)(const struct render_opts *opts, struct render **ret);

static inline struct fixture *open_with(render_new_fn render_new, struct render_opts opts)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	f.out = open_memstream(&f.text, &f.len);
	opts.out = f.out;
	opts.wall_offset_ns = WALL_OFFSET;
	opts.node = "k8s02";
	assert_int_equal(render_new(&opts, &f.r), 0);
	return &f;
}

static inline struct fixture *open_text(void)
{
	return open_with(render_text__new, (struct render_opts){ 0 });
}

static inline struct fixture *open_json(void)
{
	return open_with(render_json__new, (struct render_opts){ 0 });
}

/* Ends the renderer; what it printed is checked and freed by close_expect() or the caller. */
static inline void close_render(struct fixture *f)
{
	assert_int_equal(render__error(f->r), 0);
	render__free(f->r);
	fclose(f->out);
}

static inline void check_width(const char *text)
{
	size_t cols = 0;

	for (; *text; text++) {
		cols = *text == '\n' ? 0 : cols + ((*text & 0xc0) != 0x80);
		assert_true(cols < 120);
	}
}

static inline void close_expect(struct fixture *f, const char *expected)
{
	close_render(f);
	check_width(f->text[0] == '{' ? "" : f->text);
	assert_string_equal(f->text, expected);
	free(f->text);
}

static inline struct addr addr(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, &a), 0);
	return a;
}

static inline struct prefix prefix(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

static inline struct route_ref default_route(void)
{
	return (struct route_ref){
		.have = true,
		.have_dst = true,
		.dst = prefix("0.0.0.0/0"),
		.gw = addr("10.2.7.254"),
		.dev = "eth0",
		.type = 1,
		.protocol = 3,
		.table = 254,
	};
}

/* The ping of the incident */
static inline struct packet ping(uint64_t id, uint16_t seq)
{
	return (struct packet){
		.id = id,
		.rev = 1,
		.ts_ns = T0 + id * NS_PER_MS,
		.app = APP_ICMP,
		.proto = 1,
		.src = addr("10.253.65.67"),
		.dst = addr("10.253.181.10"),
		.ip_id = 4242,
		.len = 84,
		.netns = 4026531840,
		.icmp_valid = true,
		.icmp_type = 8,
		.icmp_id = 7,
		.icmp_seq = seq,
		.icmp_echo = true,
		.verdict = V_LEAKED,
		.at = AT_TC_EGRESS,
		.dev = "eth0",
		.block = prefix("10.253.181.0/26"),
		.block_from = BLOCK_HISTORY,
		.route = default_route(),
		.latency_us = -1,
		.late_us = -1,
		.hop_cnt = 2,
		.hop = { { AT_TC_INGRESS, "calic6105d1b464", T0 + id * NS_PER_MS },
			 { AT_TC_EGRESS, "eth0", T0 + id * NS_PER_MS + 41000 } },
		.finding = 1,
	};
}

static inline struct packet dns_query(uint64_t id, const char *qname)
{
	struct packet p = ping(id, 0);

	p.app = APP_DNS;
	p.proto = 17;
	p.icmp_valid = p.icmp_echo = false;
	p.sport = 40001;
	p.dport = 53;
	p.orig_dst = addr("10.96.0.10");
	p.dns_valid = true;
	p.dns_id = 4711;
	p.dns_qtype = 1;
	snprintf(p.qname, sizeof(p.qname), "%s", qname);
	return p;
}

static inline struct finding finding(void)
{
	return (struct finding){
		.id = 1,
		.rev = 2,
		.key = "leaked/10.253.0.0/16/eth0",
		.first_ns = T0,
		.last_ns = T0 + 5 * NS_PER_S,
		.ts_ns = T0 + 5 * NS_PER_S,
		.verdict = V_LEAKED,
		.verdicts = { [V_LEAKED] = 11, [V_UNANSWERED] = 1 },
		.apps = { [APP_ICMP] = 8, [APP_DNS] = 4 },
		.packets = 12,
		.dev = "eth0",
		.block_cnt = 2,
		.block = { prefix("10.253.181.0/26"), prefix("10.253.140.128/26") },
		.block_from = BLOCK_HISTORY,
		.peer_cnt = 2,
		.peer = { addr("10.2.7.200"), addr("10.2.7.202") },
		.because_cnt = 2,
		.because = { { C_ROUTE_MISSING,
			       CONF_CERTAIN,
			       SINCE_SEEN,
			       T0 - NS_PER_S,
			       { 812, "bird" } },
			     { C_BGP_DOWN, CONF_LIKELY, SINCE_BEFORE_START, 0, { 0, "" } } },
		.cause = C_BGP_DOWN,
		.explain = "Packets to 2 blocks of other nodes left by eth0 "
			   "towards the default gateway, "
			   "without the tunnel: the routes to these blocks "
			   "are missing, because no BGP "
			   "session is established on this node.",
		.advice = "Look at 'birdcl show protocols' in calico-node of k8s02.",
		.evidence_cnt = 2,
		.evidence = { "bird[812] deleted 10.253.181.0/26 via 10.2.7.200 dev tunl0",
			      "no TCP connection with port 179 is established" },
	};
}

static inline void put(struct fixture *f, enum record_kind kind, uint64_t ts_ns, const void *what)
{
	struct record rec = { .kind = kind, .ts_ns = ts_ns, .packet = what, .dev = "tunl0" };

	render__record(f->r, &rec);
}

static inline void put_packet(struct fixture *f, const struct packet *p)
{
	put(f, REC_PACKET, p->ts_ns, p);
}

static inline void put_finding(struct fixture *f, const struct finding *fd)
{
	put(f, REC_FINDING, fd->ts_ns, fd);
}

static inline struct obs_route route_del(const char *dst)
{
	return (struct obs_route){
		.op = ROUTE_DEL,
		.route = { .dst = prefix(dst),
			   .table = 254,
			   .type = 1,
			   .protocol = 12,
			   .nh_cnt = 1,
			   .nh = { { addr("10.2.7.200"), 5 } } },
		.by = { 812, "bird" },
	};
}

static inline struct summary incident_summary(void)
{
	return (struct summary){
		.duration_ns = 30 * NS_PER_S,
		.seen = 1234,
		.problems = 57,
		.verdicts = { [V_SENT] = 900, [V_LEAKED] = 57 },
		.apps = { [APP_DNS] = { .sent = 120,
					.answered = 100,
					.late = 2,
					.unanswered = 18,
					.p50_us = 812,
					.p99_us = 44000,
					.rcode = { 90, 0, 1, 9 } },
			  [APP_ICMP] = { .sent = 12, .unanswered = 12 } },
		.finding_cnt = 1,
		.open_cnt = 1,
	};
}

static inline void summarise(struct fixture *f, uint64_t ts_ns)
{
	struct summary s = { .seen = 1, .problems = 1, .duration_ns = ts_ns - T0 };

	render__summary(f->r, &s, ts_ns);
}

static const struct obs_pools two_pools = {
	.cnt = 2,
	.pool = { { { { { 10, 253 }, 4 }, 16 }, POOL_IPIP, FROM_IPSET, FROM_ROUTES },
		  { { { { 10, 254 }, 4 }, 16 }, POOL_UNKNOWN, FROM_GUESS, FROM_GUESS } },
};

static inline struct start_info start_info(void)
{
	static char *argv[] = { "calitrace", "live", NULL };
	static const char *const ifaces[] = { "eth0", "tunl0", "calic6105d1b464", NULL };
	static const char *const probes[] = { "path", "drop", NULL };
	static const char *const missing[] = { "fib: the kernel refuses tp_btf", NULL };

	return (struct start_info){
		.node = "k8s02",
		.version = "0.1",
		.kernel = "6.1.0",
		.argc = 2,
		.argv = argv,
		.pools = &two_pools,
		.ifaces = ifaces,
		.probes = probes,
		.missing = missing,
	};
}

#endif
