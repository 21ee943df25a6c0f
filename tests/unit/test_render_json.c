// SPDX-License-Identifier: GPL-2.0-only
/* JSON lines, byte for byte: one record of each type, hostile names, write errors. */
#include "render_fixture.h"

static void json_start(void **state)
{
	struct fixture *f = open_json();
	struct start_info info = start_info();

	(void)state;
	render__start(f->r, &info);
	close_expect(f, "{\"v\":1,\"type\":\"start\",\"node\":\"k8s02\","
			"\"version\":\"0.1\",\"kernel\":\"6.1.0\","
			"\"argv\":[\"calitrace\",\"live\"],\"pools\":[{\"cidr\":\"10.253.0.0/16\","
			"\"mode\":\"ipip\",\"from\":\"ipset\"},"
			"{\"cidr\":\"10.254.0.0/16\",\"mode\":\"unknown\","
			"\"from\":\"guess\"}],\"ifaces\":[\"eth0\",\"tunl0\",\"calic6105d1b464\"],"
			"\"probes\":[\"path\",\"drop\"],\"missing\":[\"fib: the "
			"kernel refuses tp_btf\"]}\n");
}

static void json_packet_icmp(void **state)
{
	struct fixture *f = open_json();
	struct packet p = ping(17, 1);

	(void)state;
	p.ts_ns = T0 + 123456789;
	p.hop[0].ts_ns = p.ts_ns;
	p.hop[1].ts_ns = p.ts_ns + 41000;
	put_packet(f, &p);
	close_expect(
		f,
		"{\"v\":1,\"type\":\"packet\",\"id\":17,\"rev\":1,\"node\":\"k8s02\","
		"\"ts\":\"2020-04-10T02:04:22.123456789Z\",\"mono_ns\":\"1000123456789\","
		"\"l4\":\"icmp\",\"app\":\"icmp\","
		"\"src\":\"10.253.65.67\",\"dst\":\"10.253.181.10\","
		"\"ip_id\":4242,\"len\":84,\"netns\":4026531840,"
		"\"icmp\":{\"type\":8,\"code\":0,\"id\":7,\"seq\":1},\"verdict\":\"leaked\","
		"\"at\":\"tc-egress\",\"dev\":\"eth0\",\"block\":\"10.253.181.0/26\","
		"\"block_from\":\"history\",\"route\":{\"dst\":\"default\""
		",\"gateway\":\"10.2.7.254\","
		"\"dev\":\"eth0\",\"protocol\":\"boot\",\"type\":\"unicast\",\"table\":\"main\"},"
		"\"path\":[{\"at\":\"tc-ingress\",\"dev\":\"calic6105d1b464\",\"dt_ns\":0},"
		"{\"at\":\"tc-egress\",\"dev\":\"eth0\",\"dt_ns\":41000}],\"finding\":1}\n");
}

static void json_packet_dns(void **state)
{
	struct fixture *f = open_json();
	struct packet p = dns_query(18, "kubernetes.default");

	(void)state;
	p.rev = 3;
	p.dns_response = true;
	p.dns_rcode = 3;
	p.dns_qtype = 65;
	p.encap.kind = ENCAP_IPIP;
	p.encap.src = addr("10.2.7.201");
	p.encap.dst = addr("10.2.7.200");
	p.verdict = V_OTHER;
	p.at = AT_DROP;
	p.hop_cnt = 0;
	p.route = (struct route_ref){ .have = true,
				      .dev = "tunl0",
				      .gw = addr("10.2.7.200"),
				      .type = 1,
				      .protocol = 80,
				      .table = 220 };
	p.err = ENETUNREACH;
	snprintf(p.reason, sizeof(p.reason), "IP_RPFILTER");
	snprintf(p.location, sizeof(p.location), "ip_rcv_finish_core");
	p.latency_us = 812;
	p.late_us = 2100000;
	p.by = (struct actor){ 99, "dig" };
	p.finding = 0;
	put_packet(f, &p);
	close_expect(
		f,
		"{\"v\":1,\"type\":\"packet\",\"id\":18,\"rev\":3,\"node\":\"k8s02\","
		"\"ts\":\"2020-04-10T02:04:22.018000000Z\",\"mono_ns\":\"1000018000000\","
		"\"l4\":\"udp\",\"app\":\"dns\",\"src\":\"10.253.65.67\",\"dst\":\"10.253.181.10\","
		"\"sport\":40001,\"dport\":53,\"ip_id\":4242,\"len\":84,\"netns\":4026531840,"
		"\"dns\":{\"id\":4711,\"qname\":\"kubernetes.default\",\"qtype\":\"TYPE65\","
		"\"response\":true,\"rcode\":\"NXDOMAIN\"},\"orig_dst\":\"10.96.0.10\","
		"\"encap\":{\"kind\":\"ipip\",\"src\":\"10.2.7.201\",\"dst\":\"10.2.7.200\"},"
		"\"verdict\":\"other\",\"at\":\"drop\",\"dev\":\"eth0\","
		"\"block\":\"10.253.181.0/26\","
		"\"block_from\":\"history\",\"route\":{\"gateway\":\"10."
		"2.7.200\",\"dev\":\"tunl0\","
		"\"protocol\":\"80\",\"type\":\"unicast\","
		"\"table\":\"220\"},\"errno\":\"ENETUNREACH\","
		"\"reason\":\"IP_RPFILTER\",\"location\":\"ip_rcv_finish_core\",\"latency_us\":812,"
		"\"late_us\":2100000,\"pid\":99,\"comm\":\"dig\"}\n");
}

/* What is not known is left out: no empty strings, no zeros that could be read as values. */
static void json_packet_bare(void **state)
{
	struct fixture *f = open_json();
	struct packet p = { .id = 1,
			    .rev = 1,
			    .ts_ns = T0,
			    .verdict = V_NO_ROUTE,
			    .latency_us = -1,
			    .late_us = -1 };

	(void)state;
	put_packet(f, &p);
	close_expect(f, "{\"v\":1,\"type\":\"packet\",\"id\":1,\"rev\":1,\"node\":\"k8s02\","
			"\"ts\":\"2020-04-10T02:04:22.000000000Z\",\"mono_ns\":\"1000000000000\","
			"\"verdict\":\"no-route\"}\n");
}

static void json_changes(void **state)
{
	struct obs_route del = route_del("10.253.181.0/26"), hole = route_del("10.253.65.64/26");
	struct obs_link link = { .op = LINK_DOWN,
				 .link = { .ifindex = 3, .mtu = 1480, .name = "tunl0" },
				 .by = { 99, "ip" } };
	struct obs_addr address = { .del = true, .address = { addr("192.188.1.1"), 24 } };
	struct obs_neigh neigh = { .failed = true, .dst = addr("10.2.7.200") };
	struct obs_bgp bgp = { .state = BGP_CLOSED_AFTER_ACCEPT, .peer = addr("10.2.7.200") };
	struct obs_loss loss = { .what = LOSS_RING, .count = 17 };
	struct fixture *f = open_json();

	(void)state;
	hole.op = ROUTE_ADD;
	hole.by.pid = 0;
	hole.route.type = 6;
	hole.route.nh_cnt = 0;
	hole.route.metric = 1024;
	put(f, REC_ROUTE, T0, &del);
	put(f, REC_ROUTE, T0, &hole);
	put(f, REC_LINK, T0, &link);
	put(f, REC_ADDR, T0, &address);
	put(f, REC_NEIGH, T0, &neigh);
	put(f, REC_BGP, T0, &bgp);
	put(f, REC_LOSS, T0, &loss);
	put(f, REC_SILENCE, T0, NULL);
	/* clang-format off */
#define HEAD(type) \
	"{\"v\":1,\"type\":\"" type "\",\"node\":\"k8s02\"," \
	"\"ts\":\"2020-04-10T02:04:22.000000000Z\","
	close_expect(f,
		HEAD("route") "\"op\":\"del\",\"dst\":\"10.253.181.0/26\","
		"\"gateway\":\"10.2.7.200\",\"dev\":\"tunl0\",\"protocol\":\"bird\","
		"\"by\":{\"pid\":812,\"comm\":\"bird\"}}\n"
		HEAD("route") "\"op\":\"add\",\"dst\":\"10.253.65.64/26\",\"dev\":\"tunl0\","
		"\"protocol\":\"bird\",\"route_type\":\"blackhole\",\"metric\":1024}\n"
		HEAD("link") "\"op\":\"down\",\"dev\":\"tunl0\",\"ifindex\":3,\"mtu\":1480,"
		"\"by\":{\"pid\":99,\"comm\":\"ip\"}}\n"
		HEAD("addr") "\"op\":\"del\",\"dev\":\"tunl0\",\"address\":\"192.188.1.1/24\"}\n"
		HEAD("neigh") "\"op\":\"failed\",\"dst\":\"10.2.7.200\",\"dev\":\"tunl0\"}\n"
		HEAD("bgp") "\"peer\":\"10.2.7.200\",\"state\":\"closed-after-accept\","
		"\"source\":\"tcp\"}\n"
		HEAD("loss") "\"what\":\"ring\",\"count\":17}\n");
	/* clang-format on */
}

static void json_finding(void **state)
{
	struct fixture *f = open_json();
	struct finding fd = finding();

	(void)state;
	put_finding(f, &fd);
	close_expect(
		f,
		"{\"v\":1,\"type\":\"finding\",\"node\":\"k8s02\","
		"\"ts\":\"2020-04-10T02:04:27.000000000Z\",\"id\":1,"
		"\"key\":\"leaked/10.253.0.0/16/eth0\",\"rev\":2,\"state\":\"open\","
		"\"verdict\":\"leaked\",\"verdicts\":{\"leaked\":11,\"unanswered\":1},"
		"\"cause\":\"bgp-down\",\"because\":[{\"cause\":\"route-missing\","
		"\"confidence\":\"certain\",\"since\":\"2020-04-10T02:04:21.000000000Z\","
		"\"since_from\":\"seen\",\"by\":{\"pid\":812,\"comm\":\"bird\"}},"
		"{\"cause\":\"bgp-down\",\"confidence\":\"likely\","
		"\"since_from\":\"before-start\"}],"
		"\"blocks\":[\"10.253.181.0/26\",\"10.253.140.128/26\"],\"block_from\":\"history\","
		"\"peers\":[\"10.2.7.200\",\"10.2.7.202\"],\"dev\":\"eth0\",\"packets\":12,"
		"\"apps\":{\"dns\":4,\"icmp\":8},\"first\":\"2020-04-10T02:04:22.000000000Z\","
		"\"last\":\"2020-04-10T02:04:27.000000000Z\","
		"\"explain\":\"Packets to 2 blocks of other "
		"nodes left by eth0 towards the default gateway, without "
		"the tunnel: the routes to these "
		"blocks are missing, because no BGP session is established on this node.\","
		"\"evidence\":[\"bird[812] deleted 10.253.181.0/26 via 10.2.7.200 dev tunl0\","
		"\"no TCP connection with port 179 is established\"],"
		"\"advice\":\"Look at 'birdcl show protocols' in calico-node of k8s02.\"}\n");
}

static void json_finding_recovered(void **state)
{
	struct fixture *f = open_json();
	struct finding fd = finding();

	(void)state;
	fd.recovered = true;
	fd.recovered_ns = T0 + 9 * NS_PER_S + 1;
	fd.block_cnt = MAX_BLOCKS + 7;
	/* seconds are all that BIRD tells, and the clock was slewed a little since */
	fd.because[1].since_from = SINCE_BIRD;
	fd.because[1].since_ns = T0 - 7 * NS_PER_S - 400;
	put_finding(f, &fd);
	close_render(f);
	assert_non_null(
		strstr(f->text, "\"since\":\"2020-04-10T02:04:15Z\",\"since_from\":\"bird\""));
	assert_non_null(strstr(f->text, "\"state\":\"recovered\""));
	assert_non_null(strstr(f->text, "\"recovered\":\"2020-04-10T02:04:31.000000001Z\""));
	assert_non_null(strstr(f->text, "\"blocks_total\":71,"));
	free(f->text);
}

static void json_summary(void **state)
{
	struct fixture *f = open_json();
	struct summary s = incident_summary();

	(void)state;
	s.have_status = true;
	s.command_status = 1;
	render__summary(f->r, &s, T0 + 30 * NS_PER_S);
	close_expect(
		f,
		"{\"v\":1,\"type\":\"summary\",\"node\":\"k8s02\","
		"\"ts\":\"2020-04-10T02:04:52.000000000Z\",\"duration_s\":30.0,\"seen\":1234,"
		"\"verdicts\":{\"sent\":900,\"leaked\":57},\"apps\":{\"dns\":{\"sent\":120,"
		"\"answered\":100,\"late\":2,\"unanswered\":18,\"p50_us\":812,\"p99_us\":44000,"
		"\"rcode\":{\"NOERROR\":90,\"SERVFAIL\":1,\"NXDOMAIN\":9}},\"icmp\":{\"sent\":12,"
		"\"answered\":0,\"late\":0,\"unanswered\":12}},\"findings\":[1],\"lost\":0,"
		"\"withheld\":0,\"command_status\":1}\n");
}

static void json_good_packets_need_all(void **state)
{
	struct packet good = ping(1, 1), cured = ping(2, 2);
	struct fixture *f = open_json();

	(void)state;
	good.verdict = V_SENT;
	put_packet(f, &good);
	close_expect(f, "");
	f = open_with(render_json__new, (struct render_opts){ .all = true });
	put_packet(f, &good);
	close_render(f);
	assert_non_null(strstr(f->text, "\"verdict\":\"sent\""));
	free(f->text);
	/* The last line of an id counts, so it must not be swallowed. */
	f = open_json();
	put_packet(f, &cured);
	cured.rev = 2;
	cured.verdict = V_DELIVERED;
	put_packet(f, &cured);
	close_render(f);
	assert_non_null(strstr(f->text, "\"rev\":2"));
	free(f->text);
}

static void json_hostile_names(void **state)
{
	struct packet p = dns_query(1, "a\"\\\x1b[31m\n\xff\xc3(\xe4\xb8\xad");
	struct fixture *f = open_json();
	json_error_t error;
	json_t *obj;
	char *c;

	(void)state;
	p.by = (struct actor){ 1, "\xed\xa0\x80\x7f}" };
	snprintf(p.dev, sizeof(p.dev), "%s", "\xc0\xaf{");
	put_packet(f, &p);
	close_render(f);
	for (c = f->text; *c; c++)
		assert_true((unsigned char)*c < 0x80 && ((unsigned char)*c >= 0x20 || !c[1]));
	obj = json_loads(f->text, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(obj);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(obj, "dns"), "qname")),
		"a\"\\\x1b[31m\n\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(obj);
	free(f->text);
}

static void json_quiet(void **state)
{
	struct fixture *f = open_with(render_json__new, (struct render_opts){ .quiet = true });
	struct obs_loss loss = { .what = LOSS_NETLINK, .count = 1 };
	struct obs_route del = route_del("10.253.181.0/26");
	struct packet p = ping(1, 1);

	(void)state;
	put_packet(f, &p);
	put(f, REC_ROUTE, T0, &del);
	put(f, REC_LOSS, T0, &loss);
	close_expect(f, HEAD("loss") "\"what\":\"netlink\",\"count\":1}\n");
}

static void write_errors_are_told(void **state)
{
	struct render_opts opts = { .out = fopen("/dev/full", "w"), .node = "n" };
	static const render_new_fn news[] = { render_text__new, render_json__new };
	struct packet p = ping(1, 1);
	struct record rec = { .kind = REC_PACKET, .ts_ns = T0, .packet = &p };
	struct render *r;
	size_t i;

	(void)state;
	assert_non_null(opts.out);
	for (i = 0; i < ARRAY_SIZE(news); i++) {
		assert_int_equal(news[i](&opts, &r), 0);
		render__record(r, &rec);
		render__tick(r, T0);
		assert_int_equal(render__error(r), -ENOSPC);
		render__free(r);
	}
	fclose(opts.out);
}
int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_start),
		cmocka_unit_test(json_packet_icmp),
		cmocka_unit_test(json_packet_dns),
		cmocka_unit_test(json_packet_bare),
		cmocka_unit_test(json_changes),
		cmocka_unit_test(json_finding),
		cmocka_unit_test(json_finding_recovered),
		cmocka_unit_test(json_summary),
		cmocka_unit_test(json_good_packets_need_all),
		cmocka_unit_test(json_hostile_names),
		cmocka_unit_test(json_quiet),
		cmocka_unit_test(write_errors_are_told),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
