// SPDX-License-Identifier: GPL-2.0-only
/* Text, byte for byte: the founding incident, folding, hostile names, the width of lines. */
#include "render_fixture.h"

static void text_head(void **state)
{
	struct fixture *f = open_text();
	struct start_info info = start_info();

	(void)state;
	render__start(f->r, &info);
	close_expect(f, "calitrace 0.1 on k8s02, kernel 6.1.0\n"
			"pools:      10.253.0.0/16 ipip (ipset, mode from "
			"routes), 10.254.0.0/16 mode unknown "
			"(A GUESS)\n"
			"interfaces: eth0 tunl0 calic6105d1b464\n"
			"missing:    fib: the kernel refuses tp_btf\n");
}

static void text_packets(void **state)
{
	struct packet p = ping(17, 3), q = dns_query(18, "kubernetes.default"), s = ping(19, 0);
	struct packet o = ping(20, 4), local = ping(21, 5), hole = ping(22, 6);
	struct fixture *f = open_text();

	(void)state;
	s.app = APP_TCP;
	s.proto = 6;
	s.dport = 443;
	s.tcp_flags = 2;
	o.verdict = V_OTHER;
	o.dev[0] = '\0';
	snprintf(o.reason, sizeof(o.reason), "NOT_SPECIFIED");
	snprintf(o.location, sizeof(o.location), "ip_rcv_core");
	o.route.have = false;
	local.verdict = V_NO_ROUTE;
	local.route.have = false;
	local.dev[0] = '\0';
	local.by = (struct actor){ 812, "ping" };
	hole.verdict = V_BLACKHOLE;
	hole.route.dst = prefix("10.253.181.0/26");
	hole.route.type = 6;
	hole.route.dev[0] = '\0';
	hole.dev[0] = '\0';
	put_packet(f, &p);
	put_packet(f, &q);
	put_packet(f, &s);
	put_packet(f, &o);
	put_packet(f, &local);
	put_packet(f, &hole);
	close_expect(
		f, "02:04:22.017 leaked       icmp echo seq 3      10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:22.018 leaked       dns A kubernetes.def… id 4711 10.253.65.67 -> "
		   "10.253.181.10 via 10.96.0.10 default dev eth0\n"
		   "02:04:22.019 leaked       tcp syn 443          10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:22.020 other        icmp echo seq 4      10.253.65.67 -> 10.253.181.10  "
		   "NOT_SPECIFIED at ip_rcv_core block /26\n"
		   "02:04:22.021 no-route     icmp echo seq 5      10.253.65.67 -> 10.253.181.10  "
		   "by ping[812] block 10.253.181.0/26\n"
		   "02:04:22.022 blackhole    icmp echo seq 6      10.253.65.67 -> 10.253.181.10  "
		   "blackhole 10.253.181.0/26\n");
}

/* Another verdict for a packet that has a line: the addresses help to find it. */
static void text_revisions(void **state)
{
	struct packet p = ping(17, 3), late = ping(18, 4), good = ping(19, 5);
	struct fixture *f = open_text();

	(void)state;
	late.src = addr("10.253.65.68");
	late.verdict = V_UNANSWERED;
	put_packet(f, &p);
	put_packet(f, &late);
	put_packet(f, &p); /* the same again says nothing */
	p.rev = late.rev = 2;
	put_packet(f, &p);
	p.verdict = V_NEIGH_FAILED;
	late.late_us = 2300000;
	put_packet(f, &p);
	put_packet(f, &late);
	late.rev = 3;
	put_packet(f, &late);
	/* Never shown, so not "now": a problem of its own */
	good.verdict = V_SENT;
	put_packet(f, &good);
	good.verdict = V_UNANSWERED;
	good.rev = 2;
	put_packet(f, &good);
	close_expect(
		f, "02:04:22.017 leaked       icmp echo seq 3      10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:22.018 unanswered   icmp echo seq 4      10.253.65.68 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:22.017 id 17 is now neigh-failed         10.253.65.67 -> 10.253.181.10\n"
		   "02:04:22.018 id 18 was answered after 2.3 s    10.253.65.68 -> 10.253.181.10\n"
		   "02:04:22.019 unanswered   icmp echo seq 5      10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n");
}

static void text_folding(void **state)
{
	struct fixture *f = open_text();
	struct packet p;
	uint64_t i;

	(void)state;
	for (i = 0; i < 13; i++) {
		p = ping(100 * i, (uint16_t)i);
		put_packet(f, &p);
		render__tick(f->r, p.ts_ns);
	}
	p.id++;
	p.dst = addr("10.253.181.11");
	put_packet(f, &p);
	render__tick(f->r, T0 + 5 * NS_PER_S);
	p = ping(5100, 51);
	put_packet(f, &p);
	p = ping(6100, 61);
	put_packet(f, &p);
	summarise(f, T0 + 7 * NS_PER_S);
	close_expect(
		f, "02:04:22.000 leaked       icmp echo seq 0      10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:23.200 leaked       icmp echo seq 12     10.253.65.67 -> 10.253.181.11  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:27.000 leaked       … 12 more in 5 s     10.253.65.67 -> 10.253.181.10  "
		   "icmp dev eth0\n"
		   "02:04:27.100 leaked       icmp echo seq 51     10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:29.000 leaked       … 1 more in 2 s      10.253.65.67 -> 10.253.181.10  "
		   "icmp dev eth0\n"
		   "SUMMARY  7.0 s, 1 packet seen, 1 problem\n"
		   "  0 lost, 0 withheld\n"
		   "  PROBLEM: 1 packet had problems\n");
}

/* An unanswered packet is told of seconds after it was seen; its window begins when it is told. */
static void text_folding_of_late_news(void **state)
{
	struct fixture *f = open_text();
	struct packet p;
	uint64_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		p = ping(1000 * i, (uint16_t)i);
		p.verdict = V_UNANSWERED;
		render__tick(f->r, p.ts_ns + 10 * NS_PER_S);
		put_packet(f, &p);
	}
	render__tick(f->r, T0 + 15 * NS_PER_S);
	close_expect(
		f, "02:04:22.000 unanswered   icmp echo seq 0      10.253.65.67 -> 10.253.181.10  "
		   "default via 10.2.7.254 dev eth0 block /26\n"
		   "02:04:37.000 unanswered   … 3 more in 5 s      10.253.65.67 -> 10.253.181.10  "
		   "icmp dev eth0\n");
}

static void text_crowd(void **state)
{
	struct fixture *f = open_text();
	struct packet p = ping(1, 1);
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < 1000; i++) {
		p.id++;
		p.dst.b[2] = (uint8_t)(i / 250);
		p.dst.b[3] = (uint8_t)(i % 250);
		put_packet(f, &p);
	}
	render__tick(f->r, T0 + 6 * NS_PER_S);
	close_render(f);
	check_width(f->text);
	for (i = 0; f->text[i]; i++)
		lines += f->text[i] == '\n';
	assert_int_equal(lines, 257);
	assert_non_null(strstr(f->text, "\xe2\x80\xa6 744 more problems of other flows"));
	free(f->text);
}

static void text_changes(void **state)
{
	struct obs_link link = { .op = LINK_DOWN,
				 .link = { .ifindex = 3, .mtu = 1480, .name = "tunl0" },
				 .by = { 99, "ip" } };
	struct obs_addr address = { .del = true, .address = { addr("192.188.1.1"), 24 } };
	struct obs_neigh neigh = { .failed = true, .dst = addr("10.2.7.200") };
	struct obs_bgp bgp = { .state = BGP_CLOSED, .peer = addr("10.2.7.200") };
	struct obs_loss loss = { .what = LOSS_RING, .count = 17 };
	struct record silence = { .kind = REC_SILENCE,
				  .ts_ns = T0 + 20 * NS_PER_S,
				  .silence_ns = 10 * NS_PER_S };
	struct fixture *f = open_text();
	struct obs_route del;
	int i;

	(void)state;
	for (i = 0; i < 9; i++) {
		del = route_del("10.253.181.0/26");
		del.route.dst.addr.b[2] = (uint8_t)i;
		put(f, REC_ROUTE, T0 + (uint64_t)i * NS_PER_MS, &del);
	}
	del.by = (struct actor){ 99, "ip" }; /* somebody else: not among those */
	del.route.type = 6;
	del.route.nh_cnt = 0;
	put(f, REC_ROUTE, T0 + 9 * NS_PER_MS, &del);
	put(f, REC_LINK, T0 + 10 * NS_PER_MS, &link);
	put(f, REC_ADDR, T0 + 11 * NS_PER_MS, &address);
	put(f, REC_NEIGH, T0 + 12 * NS_PER_MS, &neigh);
	put(f, REC_BGP, T0 + 13 * NS_PER_MS, &bgp);
	put(f, REC_LOSS, T0 + 14 * NS_PER_MS, &loss);
	render__tick(f->r, T0 + 900 * NS_PER_MS);
	render__tick(f->r, T0 + 1100 * NS_PER_MS);
	render__record(f->r, &silence);
	close_expect(
		f, "02:04:22.000 route  del 10.253.0.0/26 via 10.2.7.200 dev tunl0 proto bird  by "
		   "bird[812]\n"
		   "02:04:22.001 route  del 10.253.1.0/26 via 10.2.7.200 dev tunl0 proto bird  by "
		   "bird[812]\n"
		   "02:04:22.002 route  del 10.253.2.0/26 via 10.2.7.200 dev tunl0 proto bird  by "
		   "bird[812]\n"
		   "02:04:22.009 route  del blackhole 10.253.8.0/26 dev tunl0 proto bird  by "
		   "ip[99]\n"
		   "02:04:22.010 link   down tunl0 mtu 1480  by ip[99]\n"
		   "02:04:22.011 addr   del 192.188.1.1/24 dev tunl0\n"
		   "02:04:22.012 neigh  failed 10.2.7.200 dev tunl0\n"
		   "02:04:22.013 bgp    closed peer 10.2.7.200\n"
		   "02:04:22.014 loss   ring: 17 events lost, the ring was full: packets may be "
		   "missing here\n"
		   "02:04:23.000 … and 6 more routes  del  by bird[812]\n"
		   "02:04:42.000 no matching packet in 10 s: silence is not health (no traffic, "
		   "or none that the pools match)\n");
}

static void text_finding(void **state)
{
	struct finding fd = finding();
	struct fixture *f = open_text();

	(void)state;
	put_finding(f, &fd);
	close_expect(
		f, "FINDING 1  leaked  2 blocks  by eth0  cause bgp-down  (02:04:27.000)\n"
		   "            Packets to 2 blocks of other nodes left by eth0 towards the "
		   "default gateway, without the tunnel: the routes\n"
		   "            to these blocks are missing, because no BGP session is "
		   "established on this node.\n"
		   "  why:      route-missing           certain  since 02:04:21.000  by bird[812]\n"
		   "            bgp-down                likely  since before the start\n"
		   "  blocks:   10.253.181.0/26 10.253.140.128/26\n"
		   "  peers:    10.2.7.200 10.2.7.202\n"
		   "  evidence: bird[812] deleted 10.253.181.0/26 via 10.2.7.200 dev tunl0\n"
		   "            no TCP connection with port 179 is established\n"
		   "  do:       Look at 'birdcl show protocols' in calico-node of k8s02.\n");
}

/* Ten revisions a second, of which only what matters is printed, a second later, once. */
/* BIRD tells seconds, which may be days ago. */
static void text_since_bird(void **state)
{
	struct finding fd = finding();
	struct fixture *f = open_text();

	(void)state;
	fd.because[1].since_from = SINCE_BIRD;
	fd.because[1].since_ns = T0 - 86407 * NS_PER_S - 400;
	put_finding(f, &fd);
	close_render(f);
	assert_non_null(
		strstr(f->text, "bgp-down                likely  since 2020-04-09 02:04:15\n"));
	free(f->text);
}

static void text_finding_news(void **state)
{
	struct finding fd = finding();
	struct fixture *f = open_text();
	int i;

	(void)state;
	fd.block_cnt = fd.because_cnt = 1;
	fd.cause = C_ROUTE_MISSING;
	fd.peer_cnt = fd.evidence_cnt = 0;
	put_finding(f, &fd);
	for (i = 0; i < 9; i++) {
		fd.rev++;
		fd.packets++;
		fd.ts_ns += 100 * NS_PER_MS;
		put_finding(f, &fd);
		render__tick(f->r, fd.ts_ns);
	}
	render__tick(f->r, fd.ts_ns + NS_PER_S);
	fd.block_cnt = 2;
	put_finding(f, &fd);
	fd.because_cnt = 2;
	fd.cause = C_BGP_DOWN;
	put_finding(f, &fd);
	render__tick(f->r, fd.ts_ns + 2 * NS_PER_S);
	fd.block[2] = prefix("10.253.120.64/26");
	fd.block_cnt = MAX_BLOCKS + 1;
	for (i = 3; i < MAX_BLOCKS; i++) {
		fd.block[i] = fd.block[2];
		fd.block[i].addr.b[2] = (uint8_t)(100 + i);
	}
	put_finding(f, &fd);
	render__tick(f->r, fd.ts_ns + 4 * NS_PER_S);
	fd.recovered = true;
	fd.recovered_ns = fd.ts_ns = T0 + 252 * NS_PER_S;
	snprintf(fd.explain, sizeof(fd.explain),
		 "10.253.181.0/26 is back via 10.2.7.200 dev tunl0.");
	put_finding(f, &fd);
	render__tick(f->r, fd.ts_ns);
	fd.recovered = false;
	fd.ts_ns += 3 * NS_PER_S;
	put_finding(f, &fd);
	render__tick(f->r, fd.ts_ns);
	close_expect(
		f, "FINDING 1  leaked  1 block 10.253.181.0/26  by eth0  cause route-missing  "
		   "(02:04:27.000)\n"
		   "            Packets to 2 blocks of other nodes left by eth0 towards the "
		   "default gateway, without the tunnel: the routes\n"
		   "            to these blocks are missing, because no BGP session is "
		   "established on this node.\n"
		   "  why:      route-missing           certain  since 02:04:21.000  by bird[812]\n"
		   "  do:       Look at 'birdcl show protocols' in calico-node of k8s02.\n"
		   "FINDING 1  cause was route-missing  leaked  2 blocks  by eth0  cause bgp-down "
		   " (02:04:27.900)\n"
		   "            Packets to 2 blocks of other nodes left by eth0 towards the "
		   "default gateway, without the tunnel: the routes\n"
		   "            to these blocks are missing, because no BGP session is "
		   "established on this node.\n"
		   "  why:      route-missing           certain  since 02:04:21.000  by bird[812]\n"
		   "            bgp-down                likely  since before the start\n"
		   "  do:       Look at 'birdcl show protocols' in calico-node of k8s02.\n"
		   "  blocks:   10.253.140.128/26\n"
		   "FINDING 1  MORE BLOCKS  leaked  65 blocks  by eth0  cause bgp-down  "
		   "(02:04:27.900)\n"
		   "  blocks:   10.253.120.64/26 10.253.103.64/26 10.253.104.64/26 "
		   "10.253.105.64/26 10.253.106.64/26 10.253.107.64/26\n"
		   "            10.253.108.64/26 10.253.109.64/26 10.253.110.64/26 "
		   "10.253.111.64/26 10.253.112.64/26 10.253.113.64/26\n"
		   "            10.253.114.64/26 10.253.115.64/26 10.253.116.64/26 … and 48 more\n"
		   "FINDING 1  RECOVERED  after 4 min 12 s  was leaked  65 blocks  by eth0  cause "
		   "bgp-down  21 packets  (02:08:34.000)\n"
		   "            10.253.181.0/26 is back via 10.2.7.200 dev tunl0.\n"
		   "FINDING 1  IS BACK  leaked  65 blocks  by eth0  cause bgp-down  "
		   "(02:08:37.000)\n");
}

static void text_summary(void **state)
{
	struct finding fd = finding();
	struct summary s = incident_summary();
	struct fixture *f = open_with(render_text__new, (struct render_opts){ .quiet = true });
	struct obs_loss loss = { .what = LOSS_NETLINK, .count = 1 };
	struct packet p = ping(1, 1);

	(void)state;
	put_packet(f, &p);
	put(f, REC_LOSS, T0, &loss);
	fd.explain[0] = '\0';
	fd.advice[0] = '\0';
	fd.because_cnt = fd.evidence_cnt = 0;
	put_finding(f, &fd);
	s.have_status = true;
	s.command_status = 1;
	s.lost = 3;
	render__summary(f->r, &s, T0 + 30 * NS_PER_S);
	close_expect(
		f, "FINDING 1  leaked  2 blocks  by eth0  cause bgp-down  (02:04:27.000)\n"
		   "  blocks:   10.253.181.0/26 10.253.140.128/26\n"
		   "  peers:    10.2.7.200 10.2.7.202\n"
		   "SUMMARY  30.0 s, 1234 packets seen, 57 problems, the program's status is 1\n"
		   "  sent                  900\n"
		   "  leaked                 57\n"
		   "  app        sent  answered      late  unanswered         p50         p99\n"
		   "  dns         120       100         2          18      812 us       44 ms  "
		   "NOERROR 90  SERVFAIL 1  NXDOMAIN 9\n"
		   "  icmp         12         0         0          12           -           -\n"
		   "  finding 1  open       leaked  2 blocks  by eth0  cause bgp-down  12 packets\n"
		   "  3 lost, 0 withheld (netlink 1)\n"
		   "  PROBLEM: 1 of 1 findings still open\n");
}

static void text_results(void **state)
{
	static const struct {
		struct summary s;
		const char *line;
	} cases[] = {
		{ { .seen = 9 }, "  no problem seen\n" },
		{ { .seen = 0 },
		  "  CANNOT SAY: no matching packet passed, so nothing is known about the "
		  "paths\n" },
		{ { .seen = 9, .withheld = 1 },
		  "  CANNOT SAY: no problem seen, but not everything was seen\n" },
		{ { .seen = 9, .problems = 2 }, "  PROBLEM: 2 packets had problems\n" },
		{ { .seen = 9, .problems = 2, .finding_cnt = 1 },
		  "  PROBLEM: 2 packets had problems; what was found has recovered\n" },
		{ { .finding_cnt = 2, .open_cnt = 1 }, "  PROBLEM: 1 of 2 findings still open\n" },
		{ { .finding_cnt = 2 }, "  2 findings, all recovered\n" },
		{ { .seen = 9, .check_cnt = 2, .checks = "routes, bgp" },
		  "  PROBLEM: no packet had one, but checks fail: routes, bgp\n" },
		{ { .check_cnt = 1, .checks = "bgp" },
		  "  PROBLEM: no packet had one, but checks fail: bgp\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = open_text();
		size_t len = strlen(cases[i].line);

		render__summary(f->r, &cases[i].s, T0);
		close_render(f);
		assert_true(f->len > len);
		assert_string_equal(f->text + f->len - len, cases[i].line);
		free(f->text);
	}
}

static void text_colours(void **state)
{
	struct fixture *f =
		open_with(render_text__new, (struct render_opts){ .colour = true, .all = true });
	struct packet bad = ping(1, 1), good = ping(2, 2);

	(void)state;
	good.verdict = V_DELIVERED;
	good.latency_us = 812;
	put_packet(f, &bad);
	put_packet(f, &good);
	close_render(f);
	assert_string_equal(
		f->text,
		"02:04:22.001 \x1b[1;31mleaked\x1b[0m       icmp echo seq 1      10.253.65.67 -> "
		"10.253.181.10  default via 10.2.7.254 dev eth0 block /26\n"
		"\x1b[2m02:04:22.002 delivered    icmp echo seq 2      10.253.65.67 -> "
		"10.253.181.10  default via 10.2.7.254 dev eth0 in 812 us\x1b[0m\n");
	free(f->text);
}

/* Nothing that the network or the node names may reach the terminal raw, or widen a line. */
static void text_hostile_names(void **state)
{
	static const char evil[] = "\x1b]0;x\x07\n\r\xff\xe2\x80\xae";
	struct packet p = dns_query(1, "");
	struct finding fd = finding();
	struct obs_route del = route_del("10.253.181.0/26");
	struct obs_link link = { .op = LINK_ADD, .by = { 1, "" } };
	struct start_info info = start_info();
	struct fixture *f = open_text();
	const char *c;

	(void)state;
	memset(p.qname, '\x1b', sizeof(p.qname) - 1);
	snprintf(p.dev, sizeof(p.dev), "%s", evil);
	snprintf(p.route.dev, sizeof(p.route.dev), "%s", evil);
	snprintf(p.reason, sizeof(p.reason), "%s", evil);
	snprintf(p.location, sizeof(p.location), "%s", evil);
	snprintf(p.by.comm, sizeof(p.by.comm), "%s", evil);
	p.by.pid = 1;
	p.verdict = V_OTHER;
	memset(fd.explain, 'x', sizeof(fd.explain) - 1);
	memset(fd.advice, '\x9b', sizeof(fd.advice) - 1);
	snprintf(fd.evidence[0], EVIDENCE_LEN, "a %s b", evil);
	snprintf(fd.dev, sizeof(fd.dev), "%s", evil);
	snprintf(fd.because[0].by.comm, COMM_LEN, "%s", evil);
	snprintf(del.by.comm, COMM_LEN, "%s", evil);
	memset(link.link.name, '\x1b', DEV_LEN - 1);
	info.version = info.kernel = info.node = evil;
	render__start(f->r, &info);
	put_packet(f, &p);
	put_finding(f, &fd);
	put(f, REC_ROUTE, T0, &del);
	put(f, REC_LINK, T0, &link);
	summarise(f, T0 + NS_PER_S);
	close_render(f);
	check_width(f->text);
	for (c = f->text; *c; c++) {
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
		assert_true((unsigned char)*c != 0x7f && (unsigned char)*c != 0xff);
	}
	assert_null(strstr(f->text, "\xe2\x80\xae"));
	assert_non_null(strstr(f->text, "\\x1b]0;x\\x07\\x0a"));
	free(f->text);
}

/* Every verdict with every sort of packet, the longest names and addresses there are */
static void text_width(void **state)
{
	struct fixture *f = open_with(render_text__new, (struct render_opts){ .all = true });
	uint32_t i;

	(void)state;
	for (i = 0; i < V_MAX * 64; i++) {
		struct packet p = dns_query(i + 1, "");

		memset(p.qname, 'q', i % 7 * 40);
		p.verdict = (enum verdict)(i / 64);
		p.app = (enum app)(i % APP_MAX);
		p.dns_valid = i & 4;
		p.icmp_valid = i & 8;
		p.dns_rcode = (uint8_t)(i % 16);
		p.tcp_flags = (uint8_t)i;
		p.src = addr(i & 16 ? "255.255.255.255" : "2001:db8:1111:2222:3333:4444:5555:6666");
		p.dst = addr(i & 32 ? "1.1.1.1" : "2001:db8:1111:2222:3333:4444:5555:7777");
		p.route.type = (uint8_t)(i % 12);
		p.route.have = i & 1;
		p.route.have_dst = i & 2;
		p.late_us = (int64_t)i * i * i * i - 5;
		memset(p.dev, 'd', DEV_LEN - 1);
		memset(p.reason, 'R', REASON_LEN - 1);
		memset(p.location, 'l', LOCATION_LEN - 1);
		p.by = (struct actor){ UINT32_MAX, "fifteen-letters" };
		put_packet(f, &p);
	}
	render__tick(f->r, T0 + 3600 * NS_PER_S);
	close_render(f);
	check_width(f->text);
	free(f->text);
}
int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_head),
		cmocka_unit_test(text_packets),
		cmocka_unit_test(text_revisions),
		cmocka_unit_test(text_folding),
		cmocka_unit_test(text_folding_of_late_news),
		cmocka_unit_test(text_crowd),
		cmocka_unit_test(text_changes),
		cmocka_unit_test(text_finding),
		cmocka_unit_test(text_since_bird),
		cmocka_unit_test(text_finding_news),
		cmocka_unit_test(text_summary),
		cmocka_unit_test(text_results),
		cmocka_unit_test(text_colours),
		cmocka_unit_test(text_hostile_names),
		cmocka_unit_test(text_width),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
