// SPDX-License-Identifier: GPL-2.0-only
/* Ring records to observations: the values, and that nothing malformed gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/types.h>
#include <netinet/tcp.h>
#include <string.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "decode.h"

struct got {
	int cnt;
	struct obs obs;
};

static void keep(void *ctx, const struct obs *obs)
{
	struct got *got = ctx;

	got->cnt++;
	got->obs = *obs;
}

static int decode(const void *data, size_t len, struct got *got)
{
	*got = (struct got){ 0 };
	return decode_record(data, len, NULL, keep, got);
}

static void assert_addr(const struct addr *a, const char *text)
{
	char buf[ADDR_STRLEN];

	assert_string_equal(a->family ? addr_str(a, buf) : "unset", text);
}

static __be32 ip(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a.s_addr;
}

struct packet_record {
	struct ev_packet e;
	struct ev_addrs4 a;
	uint8_t snap[EV_SNAP_LEN];
} __attribute__((packed));

static struct packet_record packet_record(uint16_t kind)
{
	struct packet_record r = {
		.e.hdr = { .kind = kind,
			   .ver = EV_VERSION,
			   .family = 4,
			   .len = sizeof(r),
			   .ts_ns = 7,
			   .skb = 0xabc,
			   .netns = 42,
			   .ifindex = 3 },
		.e.hook = EV_HOOK_TC_EGRESS,
		.e.encap = EV_ENCAP_IPIP,
		.e.proto = IPPROTO_UDP,
		.e.ttl = 63,
		.e.sport = htons(5353),
		.e.dport = htons(53),
		.e.ip_id = htons(9),
		.e.dns_id = htons(0x1234),
		.e.dns_flags = htons(0x120),
		.e.ip_len = 80,
		.e.flags = EV_F_DST | EV_F_CT | EV_F_SNAP | EV_F_NODE_NETNS | EV_F_DF,
		.e.dst_error = 101,
		.e.dst_type = RTN_UNICAST,
		.e.dst_oif = 8,
		.e.iif = 6,
		.e.snap_len = 60,
		.e.ct_sport = htons(1),
		.e.ct_dport = htons(2),
		.e.ct_rsport = htons(3),
		.e.ct_rdport = htons(4),
		.e.ct_status = 0x188,
		.a = { ip("10.0.0.1"), ip("10.0.1.1"), ip("192.0.2.1"), ip("192.0.2.2"),
		       ip("192.0.2.2"), ip("10.0.0.1"), ip("10.96.0.10"), ip("10.0.1.1"),
		       ip("10.0.0.1") },
	};

	memset(r.snap, 0x45, sizeof(r.snap));
	return r;
}

static void packet_values(void **state)
{
	struct packet_record r = packet_record(EV_PATH);
	const struct obs_pkt *p;
	struct got got;

	(void)state;
	assert_int_equal(decode(&r, sizeof(r), &got), 0);
	assert_int_equal(got.cnt, 1);
	assert_int_equal(got.obs.kind, OBS_PATH);
	assert_int_equal(got.obs.ts_ns, 7);
	p = &got.obs.pkt;
	assert_int_equal(p->hook, AT_TC_EGRESS);
	assert_int_equal(p->encap, ENCAP_IPIP);
	assert_int_equal(p->netns, 42);
	assert_int_equal(p->ifindex, 3);
	assert_int_equal(p->sport, 5353);
	assert_int_equal(p->dport, 53);
	assert_int_equal(p->ip_id, 9);
	assert_int_equal(p->dns_id, 0x1234);
	assert_int_equal(p->dns_flags, 0x120);
	assert_int_equal(p->dst_error, 101);
	assert_int_equal(p->dst_oif, 8);
	assert_int_equal(p->iif, 6);
	assert_true(p->flags & EV_F_DF);
	assert_int_equal(p->ct_rdport, 4);
	assert_int_equal(p->snap_len, 60);
	assert_int_equal(p->snap[59], 0x45);
	assert_int_equal(p->snap[60], 0);
	assert_addr(&p->src, "10.0.0.1");
	assert_addr(&p->odst, "192.0.2.2");
	assert_addr(&p->gw, "192.0.2.2");
	assert_addr(&p->ct_dst, "10.96.0.10");
	assert_string_equal(p->reason, "");
}

/* Addresses that mean nothing are not 0.0.0.0 but unset. */
static void packet_unset(void **state)
{
	struct packet_record r = packet_record(EV_DROP);
	struct got got;

	(void)state;
	r.e.encap = EV_ENCAP_NONE;
	r.e.flags = 0;
	r.a.gw = 0;
	assert_int_equal(decode(&r, sizeof(r), &got), 0);
	assert_int_equal(got.obs.kind, OBS_DROP);
	assert_int_equal(got.obs.pkt.hook, AT_DROP);
	assert_int_equal(got.obs.pkt.snap_len, 0);
	assert_addr(&got.obs.pkt.osrc, "unset");
	assert_addr(&got.obs.pkt.gw, "unset");
	assert_addr(&got.obs.pkt.ct_src, "unset");
}

static void assert_malformed(const void *data, size_t len)
{
	struct got got;

	assert_int_equal(decode(data, len, &got), -EBADMSG);
	assert_int_equal(got.cnt, 0);
}

static void packet_malformed(void **state)
{
	const size_t needed = sizeof(struct ev_packet) + sizeof(struct ev_addrs4) + 60;
	const struct packet_record good = packet_record(EV_PATH);
	struct packet_record r;
	struct got got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(r); i++) {
		assert_malformed(&good, i); /* the ring says less than the header */
		r = good;
		r.e.hdr.len = (uint16_t)i;
		if (i < needed)
			assert_malformed(&r, sizeof(r));
		else
			assert_int_equal(decode(&r, sizeof(r), &got), 0);
	}
	r = good, r.e.hdr.ver++;
	assert_malformed(&r, sizeof(r));
	r = good, r.e.hdr.kind = 99;
	assert_malformed(&r, sizeof(r));
	r = good, r.e.hdr.family = 6;
	assert_malformed(&r, sizeof(r));
	r = good, r.e.hook = EV_HOOK_NONE;
	assert_malformed(&r, sizeof(r));
	r = good, r.e.encap = 9;
	assert_malformed(&r, sizeof(r));
	r = good, r.e.snap_len = EV_SNAP_LEN + 1;
	assert_malformed(&r, sizeof(r));
}

static void fib(void **state)
{
	struct ev_fib e = {
		.hdr = { .kind = EV_FIB,
			 .ver = EV_VERSION,
			 .family = 4,
			 .len = sizeof(e),
			 .ts_ns = 5,
			 .netns = 42,
			 .ifindex = 1 },
		.class = EV_FIB_OUTPUT,
		.proto = IPPROTO_UDP,
		.err = 22,
		.table = 254,
		.sport = htons(40000),
		.dport = htons(1025),
		.pid = 812,
		.dst = ip("10.0.0.9"),
	};
	const struct obs_fib *f;
	struct got got;

	(void)state;
	memset(e.comm, 'x', sizeof(e.comm));
	assert_int_equal(decode(&e, sizeof(e), &got), 0);
	f = &got.obs.fib;
	assert_int_equal(got.obs.kind, OBS_FIB);
	assert_int_equal(f->err, 22);
	assert_int_equal(f->table, 254);
	assert_int_equal(f->sport, 40000);
	assert_int_equal(f->dport, 1025);
	assert_int_equal(f->by.pid, 812);
	assert_string_equal(f->by.comm, "xxxxxxxxxxxxxxx");
	assert_addr(&f->src, "unset");
	assert_addr(&f->dst, "10.0.0.9");
	assert_malformed(&e, sizeof(e) - 1);
	e.class = 4;
	assert_malformed(&e, sizeof(e));
}

static void fib_result(void **state)
{
	struct ev_res e = {
		.hdr = { .kind = EV_RES,
			 .ver = EV_VERSION,
			 .family = 4,
			 .len = sizeof(e),
			 .ts_ns = 5,
			 .skb = 0xabc,
			 .netns = 42,
			 .ifindex = 11 },
		.src = ip("10.0.0.1"),
		.dst = ip("10.0.1.9"),
		.prefix = ip("10.0.1.77"), /* host bits count for nothing */
		.table = 100,
		.prefix_len = 26,
		.type = RTN_UNICAST,
	};
	char buf[PREFIX_STRLEN];
	const struct obs_res *r;
	struct got got;

	(void)state;
	assert_int_equal(decode(&e, sizeof(e), &got), 0);
	r = &got.obs.res;
	assert_int_equal(got.obs.kind, OBS_RES);
	assert_int_equal(got.obs.ts_ns, 5);
	assert_int_equal(r->skb, 0xabc);
	assert_int_equal(r->netns, 42);
	assert_int_equal(r->ifindex, 11);
	assert_int_equal(r->table, 100);
	assert_int_equal(r->type, RTN_UNICAST);
	assert_addr(&r->src, "10.0.0.1");
	assert_addr(&r->dst, "10.0.1.9");
	assert_string_equal(prefix_str(&r->prefix, buf), "10.0.1.64/26");
	assert_malformed(&e, sizeof(e) - 1);
	e.prefix_len = 33;
	assert_malformed(&e, sizeof(e));
	e.prefix_len = 32, e.hdr.family = 6;
	assert_malformed(&e, sizeof(e));
}

static struct ev_bgp bgp_record(int from, int to, uint16_t err)
{
	struct ev_bgp e = {
		.hdr = { .kind = EV_BGP, .ver = EV_VERSION, .family = 4, .len = sizeof(e) },
		.oldstate = (uint8_t)from,
		.newstate = (uint8_t)to,
		.err = err,
		.sport = htons(179),
		.dport = htons(40000),
		.src = { 192, 0, 2, 1 },
		.dst = { 192, 0, 2, 2 },
	};

	return e;
}

static void bgp_transitions(void **state)
{
	static const struct {
		int from, to;
		uint16_t err;
		int want; /* -1: nothing */
	} cases[] = {
		{ TCP_CLOSE, TCP_SYN_SENT, 0, BGP_CONNECTING },
		{ TCP_SYN_SENT, TCP_ESTABLISHED, 0, BGP_CONNECTED },
		{ TCP_LISTEN, TCP_SYN_RECV, 0, -1 },
		{ TCP_SYN_RECV, TCP_ESTABLISHED, 0, BGP_CONNECTED },
		{ TCP_SYN_RECV, TCP_CLOSE, ECONNRESET, -1 },
		{ TCP_SYN_SENT, TCP_CLOSE, ECONNREFUSED, BGP_REFUSED },
		{ TCP_SYN_SENT, TCP_CLOSE, ECONNRESET, BGP_RESET },
		{ TCP_SYN_SENT, TCP_CLOSE, ETIMEDOUT, BGP_TIMEOUT },
		{ TCP_SYN_SENT, TCP_CLOSE, EHOSTUNREACH, BGP_TIMEOUT },
		{ TCP_SYN_SENT, TCP_CLOSE, ENETUNREACH, BGP_TIMEOUT },
		{ TCP_SYN_SENT, TCP_CLOSE, 0, BGP_TIMEOUT },
		{ TCP_ESTABLISHED, TCP_CLOSE_WAIT, 0, BGP_CLOSED },
		{ TCP_CLOSE_WAIT, TCP_LAST_ACK, 0, -1 },
		{ TCP_LAST_ACK, TCP_CLOSE, 0, -1 },
		{ TCP_ESTABLISHED, TCP_FIN_WAIT1, 0, BGP_CLOSED },
		{ TCP_FIN_WAIT1, TCP_FIN_WAIT2, 0, -1 },
		{ TCP_FIN_WAIT2, TCP_CLOSE, 0, -1 },
		{ TCP_ESTABLISHED, TCP_CLOSE, ECONNRESET, BGP_RESET },
		{ TCP_ESTABLISHED, TCP_CLOSE, ETIMEDOUT, BGP_TIMEOUT },
		{ TCP_ESTABLISHED, TCP_CLOSE, 0, BGP_CLOSED },
		{ TCP_CLOSE, TCP_LISTEN, 0, BGP_LISTEN },
		{ TCP_LISTEN, TCP_CLOSE, 0, BGP_NO_LISTEN },
	};
	struct got got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ev_bgp e = bgp_record(cases[i].from, cases[i].to, cases[i].err);

		assert_int_equal(decode(&e, sizeof(e), &got), 0);
		assert_int_equal(got.cnt, cases[i].want >= 0);
		if (cases[i].want >= 0)
			assert_int_equal(got.obs.bgp.state, cases[i].want);
	}
}

static void bgp_addresses(void **state)
{
	struct ev_bgp e = bgp_record(TCP_SYN_RECV, TCP_ESTABLISHED, 0);
	struct got got;

	(void)state;
	assert_int_equal(decode(&e, sizeof(e), &got), 0);
	assert_addr(&got.obs.bgp.local, "192.0.2.1");
	assert_addr(&got.obs.bgp.peer, "192.0.2.2");
	e.hdr.family = 6;
	inet_pton(AF_INET6, "::ffff:192.0.2.7", e.dst);
	inet_pton(AF_INET6, "2001:db8::1", e.src);
	assert_int_equal(decode(&e, sizeof(e), &got), 0);
	assert_addr(&got.obs.bgp.local, "2001:db8::1");
	assert_addr(&got.obs.bgp.peer, "192.0.2.7");
	e = bgp_record(TCP_CLOSE, TCP_LISTEN, 0);
	assert_int_equal(decode(&e, sizeof(e), &got), 0);
	assert_addr(&got.obs.bgp.peer, "unset");
	assert_malformed(&e, sizeof(e) - 1);
	e.hdr.family = 0;
	assert_malformed(&e, sizeof(e));
}

/* A route as "ip route add blackhole 10.0.0.64/26 proto bird" announces it */
struct msg_record {
	struct ev_msg e;
	struct nlmsghdr nlh;
	struct rtmsg rtm;
	struct rtattr attr;
	__be32 dst;
};

static void message(void **state)
{
	struct msg_record r = {
		.e = { .hdr = { .kind = EV_MSG,
				.ver = EV_VERSION,
				.family = 4,
				.len = sizeof(r),
				.ts_ns = 11 },
		       .pid = 4711,
		       .comm = "bird" },
		.nlh = { .nlmsg_type = RTM_NEWROUTE },
		.rtm = { .rtm_family = AF_INET,
			 .rtm_dst_len = 26,
			 .rtm_table = RT_TABLE_MAIN,
			 .rtm_protocol = RTPROT_BIRD,
			 .rtm_type = RTN_BLACKHOLE },
		.attr = { .rta_len = 8, .rta_type = RTA_DST },
		.dst = ip("10.0.0.64"),
	};
	char buf[PREFIX_STRLEN];
	struct got got;

	(void)state;
	r.nlh.nlmsg_len = r.e.msg_len = r.e.data_len = sizeof(r) - sizeof(r.e);
	assert_int_equal(decode(&r, sizeof(r), &got), 0);
	assert_int_equal(got.obs.kind, OBS_ROUTE);
	assert_int_equal(got.obs.ts_ns, 11);
	assert_int_equal(got.obs.route.by.pid, 4711);
	assert_string_equal(got.obs.route.by.comm, "bird");
	assert_string_equal(prefix_str(&got.obs.route.route.dst, buf), "10.0.0.64/26");
	r.e.data_len++;
	assert_malformed(&r, sizeof(r));
	r.e.data_len = UINT32_MAX;
	assert_malformed(&r, sizeof(r));
	r.e.data_len = 0;
	assert_malformed(&r, sizeof(r));
	assert_malformed(&r, sizeof(r.e) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_values),    cmocka_unit_test(packet_unset),
		cmocka_unit_test(packet_malformed), cmocka_unit_test(fib),
		cmocka_unit_test(fib_result),	    cmocka_unit_test(bgp_transitions),
		cmocka_unit_test(bgp_addresses),    cmocka_unit_test(message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
