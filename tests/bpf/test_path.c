// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TC programs in the kernel, by BPF_PROG_TEST_RUN on packets made here: whatever comes, they
 * return -1 and leave each byte as it was, and what concerns us arrives in the ring with the right tuple.
 *
 * There is no route and no conntrack entry in such a run: those take real packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "decode.h"
#include "frame.h"
#include "loader.h"
#include "util.h"

extern const char calitrace_bpf_object[], calitrace_bpf_object_end[];

/* ---- running them ---- */

struct fixture {
	struct loader *l;
	int cnt;
	struct obs obs;
};

static void keep_obs(void *ctx, const struct obs *obs)
{
	struct fixture *f = ctx;

	/* the tracepoints see the machine; nobody else has our markers */
	if (obs->kind != OBS_PATH)
		return;
	f->cnt++;
	f->obs = *obs;
}

static void keep_record(void *ctx, const void *data, size_t len)
{
	assert_int_equal(decode_record(data, len, NULL, keep_obs, ctx), 0);
}

/* How many records came; the last one is in f->obs. Both hooks see the same bytes. */
static int run_hook(struct fixture *f, const struct frame *frame, bool egress)
{
	static uint8_t out[sizeof(frame->b)];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->b, .data_size_in = frame->len,
		    .data_out = out, .data_size_out = sizeof(out));

	/* where nothing may be loaded each test is skipped, which cmocka counts */
	if (!f->l || loader__path_fd(f->l, egress) < 0)
		skip();
	f->cnt = 0;
	assert_int_equal(bpf_prog_test_run_opts(loader__path_fd(f->l, egress), &opts), 0);
	assert_int_equal((int)opts.retval, -1);
	assert_int_equal(opts.data_size_out, frame->len);
	assert_memory_equal(out, frame->b, frame->len);
	assert_true(loader__consume(f->l, keep_record, f) >= 0);
	return f->cnt;
}

static const struct obs_pkt *seen(struct fixture *f, const struct frame *frame)
{
	assert_int_equal(run_hook(f, frame, true), 1);
	assert_int_equal(f->obs.pkt.hook, AT_TC_EGRESS);
	assert_int_equal(run_hook(f, frame, false), 1);
	assert_int_equal(f->obs.pkt.hook, AT_TC_INGRESS);
	return &f->obs.pkt;
}

static void unseen(struct fixture *f, const struct frame *frame)
{
	assert_int_equal(run_hook(f, frame, false), 0);
	assert_int_equal(run_hook(f, frame, true), 0);
}

static void assert_addr(const struct addr *a, const char *text)
{
	char buf[ADDR_STRLEN];

	assert_string_equal(a->family ? addr_str(a, buf) : "unset", text);
}

static void assert_dns(const struct obs_pkt *p, uint32_t snap_len)
{
	assert_addr(&p->src, POD);
	assert_addr(&p->dst, FAR);
	assert_int_equal(p->dns_id, 0xbeef);
	assert_int_equal(p->dns_flags, 0x100);
	assert_int_equal(p->ip_id, 77);
	assert_int_equal(p->ttl, 61);
	assert_int_equal(p->snap_len, snap_len);
	assert_memory_equal(p->snap + snap_len - DNS_LEN, dns, DNS_LEN);
	assert_int_equal(p->snap[0] >> 4, 4);
}

/* ---- cases ---- */

static void dns_udp(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_dns(&f, POD, FAR, 5);
	p = seen(*state, &f);
	assert_dns(p, 28 + DNS_LEN);
	assert_int_equal(p->proto, IPPROTO_UDP);
	assert_int_equal(p->sport, 5353);
	assert_int_equal(p->dport, 53);
	assert_int_equal(p->encap, ENCAP_NONE);
	assert_addr(&p->osrc, "unset");
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_dns(&f, POD, FAR, 8); /* with IP options */
	p = seen(*state, &f);
	assert_dns(p, 40 + DNS_LEN);
	assert_int_equal(p->dport, 53);
}

static void ipip(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_ipip(&f, 0, 5);
	p = seen(*state, &f);
	assert_dns(p, 28 + DNS_LEN);
	assert_int_equal(p->encap, ENCAP_IPIP);
	assert_addr(&p->osrc, NODE);
	assert_addr(&p->odst, PEER);
}

static void vxlan(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_vxlan(&f, 4789);
	p = seen(*state, &f);
	assert_dns(p, 28 + DNS_LEN);
	assert_int_equal(p->encap, ENCAP_VXLAN);
	assert_addr(&p->odst, PEER);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_vxlan(&f, 4790); /* somebody else's port */
	unseen(*state, &f);
}

static void icmp(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_echo(&f, POD, FAR, 0);
	p = seen(*state, &f);
	assert_int_equal(p->icmp_type, 8);
	assert_int_equal(p->sport, 0x1234);
	assert_int_equal(p->dport, 5);
	assert_int_equal(p->ip_len, 20 + sizeof(echo));
	assert_int_equal(p->snap_len, 0);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_ip(&f, "203.0.113.9", POD, IPPROTO_ICMP, sizeof(unreachable), 0, 5);
	put(&f, unreachable, sizeof(unreachable));
	p = seen(*state, &f);
	assert_int_equal(p->icmp_type, 3);
	assert_int_equal(p->icmp_code, 1);
	assert_int_equal(p->snap_len, 20 + sizeof(unreachable)); /* with the quoted packet */
}

/* What a router sends to the node about a packet of a pod, plain or in a tunnel */
static void quoted(struct fixture *f, const struct frame *quote, uint32_t cut, bool want)
{
	struct frame error = { 0 };
	const struct obs_pkt *p;

	put_icmp_error(&error, 3, quote->len - cut);
	put(&error, quote->b, quote->len - cut);
	if (!want) {
		unseen(f, &error);
		return;
	}
	p = seen(f, &error);
	assert_addr(&p->src, ROUTER);
	assert_addr(&p->dst, NODE);
	assert_int_equal(p->encap, ENCAP_NONE);
	assert_int_equal(p->icmp_type, 3);
	assert_true(p->snap_len >= 28 + 28);
	assert_memory_equal(p->snap + 28, quote->b, p->snap_len - 28);
}

static void icmp_quotes(void **state)
{
	struct frame f = { 0 }, error = { 0 };

	put_dns(&f, POD, FAR, 5);
	quoted(*state, &f, DNS_LEN, true);
	f.len = 0;
	put_dns(&f, NODE, FAR, 8); /* with IP options, after MASQUERADE */
	quoted(*state, &f, 0, true);
	f.len = 0;
	put_dns(&f, NODE, PEER, 5);
	quoted(*state, &f, 0, false);
	put_icmp_error(&error, 0, f.len); /* what looks like a quote in an echo reply is none */
	f.len = 0;
	put_dns(&f, POD, FAR, 5);
	put(&error, f.b, f.len);
	unseen(*state, &error);
}

static void icmp_quotes_of_tunnels(void **state)
{
	struct frame f = { 0 };

	put_ipip(&f, 0, 5);
	quoted(*state, &f, 0, true);
	quoted(*state, &f, DNS_LEN, true);
	quoted(*state, &f, 28 + DNS_LEN, false); /* the 28 bytes that RFC 792 asks for: too few */
	f.len = 0;
	put_ipip(&f, 0x2000, 7);
	quoted(*state, &f, 0, true);
	f.len = 0;
	put_ipip(&f, 185, 5); /* a later fragment: what follows is no header */
	quoted(*state, &f, 0, false);
	f.len = 0;
	put_vxlan(&f, 4789);
	quoted(*state, &f, 0, true);
	quoted(*state, &f, 28 + DNS_LEN, false);
	f.len = 0;
	put_vxlan(&f, 4790);
	quoted(*state, &f, 0, false);
}

static void fragments(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_echo(&f, POD, FAR, 0x2000);
	p = seen(*state, &f);
	assert_true(p->flags & EV_F_FRAG);
	assert_false(p->flags & EV_F_DF);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_echo(&f, POD, FAR, 0x4000);
	p = seen(*state, &f);
	assert_true(p->flags & EV_F_DF);
	assert_false(p->flags & EV_F_FRAG);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_echo(&f, POD, FAR, 0x2000 | 185); /* what stands there is no ICMP header */
	unseen(*state, &f);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_ip(&f, NODE, PEER, IPPROTO_IPIP, 20 + sizeof(echo), 185, 5); /* nor an inner one */
	put_echo(&f, POD, FAR, 0);
	unseen(*state, &f);
}

static void tcp(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_ip(&f, POD, FAR, IPPROTO_TCP, 40, 0, 5);
	put_tcp(&f, 443, true, 10);
	p = seen(*state, &f);
	assert_int_equal(p->dport, 443);
	assert_int_equal(p->tcp_flags, 2);
	assert_int_equal(p->seq, 0x01020304);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_ip(&f, POD, FAR, IPPROTO_TCP, 20 + 64, 0, 5);
	put_tcp(&f, 443, false, 5); /* data of others is none of our business */
	put(&f, echo, sizeof(echo));
	unseen(*state, &f);
}

static void dns_tcp(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_dns_tcp(&f, DNS_LEN, 8);
	p = seen(*state, &f);
	assert_dns(p, 20 + 32 + 2 + DNS_LEN);
	assert_int_equal(p->dport, 53);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_dns_tcp(&f, 3, 8); /* the middle of a stream: no message starts here */
	p = seen(*state, &f);
	assert_int_equal(p->dns_id, 0);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_ip(&f, POD, FAR, IPPROTO_TCP, 20, 0, 5);
	put_tcp(&f, 53, false, 5); /* a bare ACK */
	unseen(*state, &f);
}

static void not_ours(void **state)
{
	const uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0, 0, 0, 0, 198, 18, 1, 2 };
	const uint8_t zeros[64] = { 0x60 };
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_dns(&f, NODE, PEER, 5); /* in no pool */
	unseen(*state, &f);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_ip(&f, POD, FAR, IPPROTO_UDP, 8 + DNS_LEN, 0, 5);
	put_udp(&f, 4000, 4001, DNS_LEN); /* another port */
	put(&f, dns, DNS_LEN);
	unseen(*state, &f);
	f.len = 0;
	put_eth(&f, ETH_P_ARP);
	put(&f, arp, sizeof(arp));
	unseen(*state, &f);
	f.len = 0;
	put_eth(&f, ETH_P_IPV6);
	put(&f, zeros, sizeof(zeros));
	unseen(*state, &f);
}

static void put_other_udp(struct frame *f, const char *src, const char *dst, uint16_t dport)
{
	put_eth(f, ETH_P_IP);
	put_ip(f, src, dst, IPPROTO_UDP, 8 + DNS_LEN, 0, 5);
	put_udp(f, 4000, dport, DNS_LEN);
	put(f, dns, DNS_LEN);
}

/* Where a filter asks for any UDP: but never the tunnel's own header */
static void any_udp(void **state)
{
	const struct obs_pkt *p;
	struct frame f = { 0 };

	put_other_udp(&f, POD, FAR, 4001);
	p = seen(*state, &f);
	assert_int_equal(p->proto, IPPROTO_UDP);
	assert_int_equal(p->sport, 4000);
	assert_int_equal(p->dport, 4001);
	assert_int_equal(p->dns_id, 0);
	f.len = 0;
	put_other_udp(&f, NODE, PEER, 4001);
	unseen(*state, &f);
	f.len = 0;
	put_other_udp(&f, POD, FAR, 4789); /* carries no IPv4 packet, from a pool's address even */
	unseen(*state, &f);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_dns(&f, POD, FAR, 5); /* is app dns, which was not asked for */
	unseen(*state, &f);
}

static void only_icmp(void **state)
{
	struct frame f = { 0 };

	put_eth(&f, ETH_P_IP);
	put_echo(&f, POD, FAR, 0);
	seen(*state, &f);
	f.len = 0;
	put_eth(&f, ETH_P_IP);
	put_dns(&f, POD, FAR, 5);
	unseen(*state, &f);
}

/* Packets that end anywhere, and garbage: nothing but -1, never a record with made-up ports */
static void truncated(void **state)
{
	struct frame whole = { 0 }, f;
	struct fixture *fix = *state;
	uint32_t len;

	put_eth(&whole, ETH_P_IP);
	put_vxlan(&whole, 4789);
	for (len = ETH_HLEN + sizeof(struct iphdr); len < whole.len; len++) {
		f = whole;
		f.len = len;
		if (run_hook(fix, &f, len & 1)) {
			assert_true(len >= whole.len - DNS_LEN);
			assert_int_equal(fix->obs.pkt.dport, 53);
			assert_int_equal(fix->obs.pkt.snap_len, 0);
		}
	}
	srand(1);
	for (len = 0; len < 2000; len++) {
		size_t i;

		f = (struct frame){ .len = 34 + (uint32_t)rand() % 200 };
		for (i = 0; i < f.len; i++)
			f.b[i] = (uint8_t)rand();
		f.b[12] = 8;
		f.b[13] = 0;
		f.b[14] = (uint8_t)(0x40 | (f.b[14] & 0xf));
		run_hook(fix, &f, len & 1);
	}
}

/* Of the passes of one packet the first one alone has its bytes. */
static void snap_once(void **state)
{
	struct fixture *fix = *state;
	struct frame f = { 0 }, other = { 0 };
	int with = 0;

	put_eth(&f, ETH_P_IP);
	put_dns(&f, POD, FAR, 5);
	put_eth(&other, ETH_P_IP);
	put_dns(&other, FAR, POD, 5);
	other.b[ETH_HLEN + 20 + 8 + 2] |= 0x80; /* its answer */
	/* the test's sk_buff stands where the last one stood, as a rule; time may run on in between */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run_hook(fix, &f, i & 1), 1);
		with += fix->obs.pkt.snap_len != 0;
		assert_int_equal(fix->obs.pkt.dns_id, 0xbeef);
	}
	assert_in_range(with, 1, 19);
	/* another packet at the same address has its own */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run_hook(fix, i & 1 ? &f : &other, i & 1), 1);
		assert_int_equal(fix->obs.pkt.snap_len, 28 + DNS_LEN);
	}
}

/* What the kernel says of an address, and no suffix or module */
static void symbol(void **state)
{
	struct fixture *fix = *state;
	char name[128], line[256], text[128];
	unsigned long long addr = 0;
	struct symbols *s;
	FILE *f = fopen("/proc/kallsyms", "re");

	if (!fix->l || !f || loader__symbol(fix->l, 1, name, sizeof(name)))
		skip();
	while (fgets(line, sizeof(line), f) && (sscanf(line, "%llx %*c %127s", &addr, text) != 2 ||
						strcmp(text, "ip_forward") != 0))
		;
	fclose(f);
	if (!addr)
		skip(); /* kptr_restrict */
	assert_int_equal(loader__symbol(fix->l, addr + 1, name, sizeof(name)), 0);
	assert_string_equal(name, "ip_forward");
	assert_int_equal(symbols__new("/nonexistent", &s), 0);
	symbols__ask(s, loader__symbol, fix->l);
	assert_string_equal(symbols__location(s, addr + 5, 1), "ip_forward");
	assert_string_equal(symbols__location(s, 4096, 1), "");
	symbols__free(s);
}

/* What Felix deletes starts with cali_; 15 characters is what the kernel keeps of a name. */
static void names(void **state)
{
	size_t size = (size_t)(calitrace_bpf_object_end - calitrace_bpf_object);
	struct bpf_object *obj = bpf_object__open_mem(calitrace_bpf_object, size, NULL);
	struct bpf_program *prog;
	struct bpf_map *map;
	int cnt = 0;

	(void)state;
	assert_non_null(obj);
	bpf_object__for_each_program(prog, obj)
	{
		assert_int_equal(strncmp(bpf_program__name(prog), "calitrace_", 10), 0);
		assert_true(strlen(bpf_program__name(prog)) <= 15);
		cnt++;
	}
	assert_int_equal(cnt, 10);
	bpf_object__for_each_map(map, obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		assert_int_equal(strncmp(bpf_map__name(map), "calitrace_", 10), 0);
		assert_true(strlen(bpf_map__name(map)) <= 15);
	}
	bpf_object__close(obj);
}

/* ---- set-up ---- */

static int setup_apps(void **state, uint32_t apps, bool snap_all)
{
	static struct fixture fix;
	struct loader_opts opts = {
		.apps = apps,
		.dns_port = { 53 },
		.bgp_port = 179,
		.vxlan_port = 4789,
		.snap_all = snap_all,
	};
	struct obs_pools pools = { .cnt = 1 };
	char why[300];
	struct stat st;

	*state = &fix;
	if (stat("/proc/self/ns/net", &st))
		return -1;
	opts.netns_inum = (uint32_t)st.st_ino;
	if (loader__open(&opts, &fix.l, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		fix.l = NULL;
		return 0;
	}
	if (prefix_parse("198.18.0.0/15", &pools.pool[0].cidr))
		return -1;
	return loader__set_pools(fix.l, &pools);
}

static int setup(void **state)
{
	return setup_apps(state, 0, true);
}

static int setup_udp(void **state)
{
	return setup_apps(state, EV_APP_UDP, true);
}

static int setup_icmp(void **state)
{
	return setup_apps(state, EV_APP_ICMP, true);
}

static int setup_short(void **state)
{
	return setup_apps(state, 0, false);
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	loader__free(fix->l);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(dns_udp),
		cmocka_unit_test(ipip),
		cmocka_unit_test(vxlan),
		cmocka_unit_test(icmp),
		cmocka_unit_test(icmp_quotes),
		cmocka_unit_test(icmp_quotes_of_tunnels),
		cmocka_unit_test(fragments),
		cmocka_unit_test(tcp),
		cmocka_unit_test(dns_tcp),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(truncated),
	};
	const struct CMUnitTest udp[] = { cmocka_unit_test(any_udp) };
	const struct CMUnitTest shorter[] = { cmocka_unit_test(snap_once),
					      cmocka_unit_test(symbol) };
	const struct CMUnitTest icmp_alone[] = { cmocka_unit_test(only_icmp) };

	return cmocka_run_group_tests(tests, setup, teardown) +
	       cmocka_run_group_tests(udp, setup_udp, teardown) +
	       cmocka_run_group_tests(shorter, setup_short, teardown) +
	       cmocka_run_group_tests(icmp_alone, setup_icmp, teardown);
}
