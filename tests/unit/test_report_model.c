// SPDX-License-Identifier: GPL-2.0-only
/* What a report keeps is bounded, and what it adds up stays right: axis, tracks, lanes, peers, events. */
#include "report_fixture.h"

#define S US_PER_S

/* ---- the axis ---- */

static void axis_widens(void **state)
{
	uint32_t at[400], seen = 0;
	struct axis a = { 0 };
	uint64_t was = 0;

	(void)state;
	for (uint64_t ms = 0; seen < 400; ms = ms * 21 / 20 + 3) {
		uint64_t ts = 5 * NS_PER_S + ms * NS_PER_MS;
		uint32_t by = axis_grow(&a, ts);

		/* old buckets go whole into new ones */
		assert_int_equal(was ? a.width_ns % was : 0, 0);
		assert_true(by == 1 || by == a.width_ns / was || by == REPORT_BUCKETS);
		for (uint32_t i = 0; i < seen; i++)
			at[i] /= by;
		at[seen] = axis_bucket(&a, ts);
		assert_true(at[seen] < REPORT_BUCKETS);
		for (uint32_t i = 1; i <= seen; i++)
			assert_true(at[i - 1] <= at[i]);
		assert_true(axis_cnt(&a) <= REPORT_BUCKETS);
		was = a.width_ns;
		seen++;
		if (ms > UINT64_MAX / NS_PER_MS / 22)
			break;
	}
	assert_true(seen > 200);
}

static void axis_edges(void **state)
{
	struct axis a = { 0 };

	(void)state;
	assert_int_equal(axis_cnt(&a), 0);
	axis_grow(&a, 1000 * NS_PER_S);
	assert_int_equal(axis_cnt(&a), 1);
	/* what is older than the first moment is in the first bucket, and no wrap */
	axis_grow(&a, 1);
	assert_int_equal(axis_bucket(&a, 1), 0);
	assert_true(axis_percent(&a, 1) == 0);
	/* a file may claim any time */
	axis_grow(&a, UINT64_MAX);
	assert_true(axis_bucket(&a, UINT64_MAX) < REPORT_BUCKETS);
	assert_true(axis_percent(&a, UINT64_MAX) <= 100);
	axis_grow(&a, UINT64_MAX - 1);
	assert_true(axis_cnt(&a) <= REPORT_BUCKETS);
}

static void axis_seconds(void **state)
{
	struct axis a = { 0 };

	(void)state;
	axis_grow(&a, 0);
	axis_grow(&a, 29 * NS_PER_S);
	assert_int_equal(a.width_ns, 500 * NS_PER_MS);
	assert_int_equal(axis_cnt(&a), 59);
	assert_int_equal(axis_bucket(&a, 1499 * NS_PER_MS), 2);
	assert_int_equal(axis_bucket(&a, 1500 * NS_PER_MS), 3);
	assert_true(axis_percent(&a, 14750 * NS_PER_MS) == 50);
}

/* ---- tracks ---- */

static void track_bounded(void **state)
{
	struct track t = { 0 };

	(void)state;
	track_add(&t, 1, SPAN_GOOD, "a");
	track_add(&t, 2, SPAN_GOOD, "a");
	assert_int_equal(t.cnt, 1);
	/* a long time down, then it flaps, then it is down for good */
	track_add(&t, 10, SPAN_BAD, "long");
	for (uint64_t i = 0; i < 1000; i++)
		track_add(&t, 100000 + i, i % 2 ? SPAN_BAD : SPAN_GOOD, "flap");
	track_add(&t, 200000, SPAN_BAD, "end");
	assert_true(t.cnt <= REPORT_SPANS);
	assert_true(t.left_out > 900);
	assert_int_equal(track_first(&t), SPAN_GOOD);
	assert_int_equal(track_last(&t), SPAN_BAD);
	assert_string_equal(t.span[1].what, "long");
	assert_int_equal(t.span[1].from_ns, 10);
	assert_string_equal(t.span[t.cnt - 1].what, "end");
	for (uint32_t i = 1; i < t.cnt; i++)
		assert_true(t.span[i].from_ns > t.span[i - 1].from_ns);
}

/* ---- more of everything than there is room for ---- */

static void many_routes(struct fed *f)
{
	struct obs o = { .kind = OBS_ROUTE };

	for (uint32_t i = 0; i < 3000; i++) {
		o.ts_ns = FEED_T0 + S * NS_PER_US + i * NS_PER_MS;
		o.route.op = i % 3 == 2 ? ROUTE_DEL : ROUTE_ADD;
		o.route.route = (struct route){ .table = 254, .type = RT_UNICAST };
		o.route.route.protocol = RP_BIRD;
		o.route.route.nh_cnt = 1;
		o.route.route.nh[0] = (struct nexthop){ ip("10.2.7.200"), IF_TUNNEL };
		o.route.route.dst = pfx("10.253.0.0/26");
		o.route.route.dst.addr.b[2] = (uint8_t)(i / 4);
		o.route.route.dst.addr.b[3] = (uint8_t)(i % 4 * 64);
		fed_obs(f, &o);
	}
}

static void many_peers(struct fed *f)
{
	struct obs o = { .kind = OBS_BGP };

	for (uint32_t i = 0; i < 2000; i++) {
		o.ts_ns = FEED_T0 + 5 * NS_PER_S + i * NS_PER_MS;
		o.bgp.state = i % 2 ? BGP_RESET : BGP_REFUSED;
		o.bgp.peer = ip("10.9.0.1");
		o.bgp.peer.b[2] = (uint8_t)(i / 200);
		o.bgp.peer.b[3] = (uint8_t)(i % 200 + 1);
		o.bgp.peer_port = 179;
		fed_obs(f, &o);
	}
}

static void many_links(struct fed *f)
{
	struct obs o = { .kind = OBS_LINK };

	for (uint32_t i = 0; i < 2000; i++) {
		o.ts_ns = FEED_T0 + 8 * NS_PER_S + i * NS_PER_MS;
		o.link.op = i % 2 ? LINK_DEL : LINK_ADD;
		o.link.link = (struct link_info){ .ifindex = 100 + i / 2, .up = true };
		snprintf(o.link.link.name, sizeof(o.link.link.name), "cali%u", i / 2);
		fed_obs(f, &o);
	}
}

static void many_packets(struct fed *f, uint32_t cnt, uint32_t blocks)
{
	struct obs o = { .kind = OBS_PATH };
	char src[32], dst[32];

	for (uint32_t i = 0; i < cnt; i++) {
		o.ts_ns = FEED_T0 + 11 * NS_PER_S + i * 100 * NS_PER_US;
		snprintf(src, sizeof(src), "10.253.%u.%u", i % 60, i % 250 + 1);
		snprintf(dst, sizeof(dst), "10.253.%u.%u", 100 + i % blocks, i % 60 + 1);
		o.pkt = pkt_echo(src, dst, (uint16_t)(i / 60000), (uint16_t)i);
		o.pkt.skb = 0xffff888000000000ULL + i;
		o.pkt.hook = AT_TC_INGRESS;
		o.pkt.ifindex = IF_CALI1;
		fed_obs(f, &o);
		o.pkt = with_dst(o.pkt, "10.2.7.254", IF_ETH0, RT_UNICAST, 0);
		o.pkt.hook = AT_TC_EGRESS;
		o.pkt.ifindex = IF_ETH0;
		fed_obs(f, &o);
	}
	o = (struct obs){ .kind = OBS_TICK, .ts_ns = o.ts_ns + NS_PER_S };
	fed_obs(f, &o);
}

static void bounded(void **state)
{
	const uint32_t packets = 20000;
	const struct report_node *n;
	uint64_t bars = 0, lost = 0;
	struct feed f;
	struct fed fed;
	char *text;
	size_t len;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	fed_open(&fed, "k8s02", &f.opts);
	for (size_t i = 0; i < f.log_cnt; i++)
		fed_obs(&fed, &f.log[i]);
	fed_ready(&fed, FEED_T0);
	many_routes(&fed);
	many_peers(&fed);
	many_links(&fed);
	many_packets(&fed, packets, 150);
	fed_finish(&fed, FEED_T0 + 60 * NS_PER_S);
	n = fed.report->node[0];
	assert_false(report__failed(fed.report));
	assert_int_equal(n->lane_cnt, REPORT_LANES);
	assert_int_equal(n->peer_cnt, REPORT_PEERS);
	assert_int_equal(n->flow_cnt, REPORT_FLOWS);
	assert_true(n->flows_left_out > 0 && n->peers_left_out > 0 && n->lanes_left_out > 0);
	assert_true(fed.report->event_cnt <= REPORT_EVENTS);
	assert_true(fed.report->events_left_out > 0);
	assert_true(fed.report->sample_cnt <= SAMPLES_MAX);
	assert_true(fed.report->sample_cnt >= REPORT_SAMPLES);
	assert_int_equal(fed.report->sample_cnt + fed.report->samples_left_out, packets);
	for (uint32_t i = 0; i < n->lane_cnt; i++) {
		lost += n->lane[i]->lost;
		for (uint32_t k = 0; k < REPORT_BUCKETS; k++)
			bars += n->lane[i]->bar[k].lost;
	}
	assert_int_equal(bars, lost);
	assert_true(lost > 0 && lost <= packets);
	text = fed_page(&fed, NULL, NULL, &len);
	check_page(text, len);
	free(text);
	fed_close(&fed);
	feed_close(&f, 60 * S);
}

/* Each of several kinds of losses is told one by one, however many there are of the first. */
static void samples_of_each(void **state)
{
	struct obs o = { .kind = OBS_DROP };
	uint32_t dropped = 0;
	struct feed f;
	struct fed fed;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
	fed_open(&fed, "k8s02", &f.opts);
	for (size_t i = 0; i < f.log_cnt; i++)
		fed_obs(&fed, &f.log[i]);
	fed_ready(&fed, FEED_T0);
	many_packets(&fed, 1000, 1);
	for (uint16_t i = 0; i < 50; i++) {
		o.ts_ns = FEED_T0 + 30 * NS_PER_S + i * NS_PER_MS;
		o.pkt = pkt_echo("10.253.65.67", "10.253.65.70", 9, i);
		o.pkt.skb = 0xffff999000000000ULL + i;
		o.pkt.ifindex = IF_CALI1;
		snprintf(o.pkt.reason, sizeof(o.pkt.reason), "IP_RPFILTER");
		snprintf(o.pkt.location, sizeof(o.pkt.location), "ip_rcv_finish_core");
		fed_obs(&fed, &o);
	}
	fed_finish(&fed, FEED_T0 + 40 * NS_PER_S);
	for (uint32_t i = 0; i < fed.report->sample_cnt; i++)
		dropped += fed.report->sample[i].packet.verdict == V_RP_FILTER;
	assert_int_equal(dropped, REPORT_PER_CASE);
	fed_close(&fed);
	feed_close(&f, 40 * S);
}

/* ---- sessions ---- */

static void session(void **state)
{
	struct obs_bgp up = { .state = BGP_CONNECTED, .snapshot = true, .peer_port = 179 };
	struct obs_bird_proto b = { .kind = "BGP", .bgp = "Established" };
	struct report_node *n;
	struct feed f;
	struct fed fed;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	fed_open(&fed, "k8s02", &f.opts);
	n = fed.report->node[0];
	up.peer = b.neighbor = ip("10.2.7.200");
	up.local_port = 40000;
	peer_bgp(n, &up, 100);
	assert_int_equal(track_last(&n->peer[0]->session), SPAN_GOOD);
	peer_bird(n, &b, 200);
	/* one of two connections goes: the other one carries the session */
	up.local_port = 179;
	up.peer_port = 50000;
	peer_bgp(n, &up, 300);
	up.state = BGP_CLOSED;
	up.snapshot = false;
	peer_bgp(n, &up, 400);
	assert_int_equal(track_last(&n->peer[0]->session), SPAN_GOOD);
	up.local_port = 40000;
	up.peer_port = 179;
	peer_bgp(n, &up, 500);
	assert_int_equal(track_last(&n->peer[0]->session), SPAN_BAD);
	/* BIRD says what it said before: that is older than the end of TCP */
	peer_bird(n, &b, 600);
	assert_int_equal(track_last(&n->peer[0]->session), SPAN_BAD);
	/* connected is not Established */
	up.state = BGP_CONNECTED;
	peer_bgp(n, &up, 700);
	assert_int_equal(track_last(&n->peer[0]->session), SPAN_BAD);
	memcpy(b.bgp, "OpenSent", 9);
	peer_bird(n, &b, 800);
	memcpy(b.bgp, "Established", 12);
	peer_bird(n, &b, 900);
	assert_int_equal(track_last(&n->peer[0]->session), SPAN_GOOD);
	fed_close(&fed);
	feed_close(&f, S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(axis_widens),	cmocka_unit_test(axis_edges),
		cmocka_unit_test(axis_seconds), cmocka_unit_test(track_bounded),
		cmocka_unit_test(bounded),	cmocka_unit_test(samples_of_each),
		cmocka_unit_test(session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
