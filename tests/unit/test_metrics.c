// SPDX-License-Identifier: GPL-2.0-only
/* The page for Prometheus: what counts, how much of it there may be, and that it can be read. */
#include "feed.h"

#include <stdlib.h>

#include "engine_count.h"
#include "listen.h"
#include "metrics.h"

static const struct metrics_about about = { "1.2", "6.1.0", "k8s02" };

struct tested {
	struct feed f;
	struct metrics *m;
};

static void open_tested(struct tested *t)
{
	struct engine_opts eo = {
		.reply_timeout_ns = 2 * NS_PER_S,
		.all = true,
		.dns_port = { 53 },
	};
	struct engine_counts counts;

	assert_int_equal(metrics__new(&t->m), 0);
	counts = metrics__counts(t->m);
	feed_open(&t->f, &plans[0], &eo);
	engine__count(t->f.engine, &counts);
	feed_node(&t->f, POOL_IPIP, 0);
}

/* feed_close() feeds it all once more, and what it counts then is of no interest */
static void close_tested(struct tested *t, uint32_t us)
{
	feed_close(&t->f, us);
	metrics__free(t->m);
}

static char *page_of(struct tested *t, enum metrics_format format)
{
	size_t len = 0;
	char *text = NULL;

	assert_int_equal(metrics__page(t->m, t->f.engine, &about, format, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	return text;
}

static void assert_line(const char *page, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = page; (p = strstr(p, line)); p++)
		if ((p == page || p[-1] == '\n') && p[len] == '\n')
			return;
	fail_msg("no line '%s' in\n%s", line, page);
}

static void assert_no_text(const char *page, const char *text)
{
	if (strstr(page, text))
		fail_msg("'%s' in\n%s", text, page);
}

static uint32_t samples(const char *page)
{
	uint32_t n = 0;

	for (const char *p = page; *p; p = strchr(p, '\n') + 1)
		n += *p != '#';
	return n;
}

/* ---- what counts ---- */

static void test_fared_well(void **state)
{
	struct obs_pkt q;
	struct tested t;
	char *page;

	(void)state;
	open_tested(&t);
	q = pkt_dns(t.f.plan->pod, t.f.plan->peer_pod, 4000, 7);
	feed_sent(&t.f, 1000 * MS, q);
	feed_back(&t.f, 1000 * MS + 700, pkt_reply(&q));
	feed_ticks(&t.f, 1050 * MS, 1500 * MS);
	page = page_of(&t, METRICS_TEXT);
	assert_line(page, "calitrace_packets_total{verdict=\"sent\",app=\"dns\",block=\"10.253."
			  "181.0/26\"} 1");
	assert_line(page, "calitrace_packets_total{verdict=\"delivered\",app=\"dns\",block=\"10."
			  "253.65.64/26\"} 1");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"dns\",le=\"0.0005\"} 0");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"dns\",le=\"0.001\"} 1");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"dns\",le=\"10.0\"} 1");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"dns\",le=\"+Inf\"} 1");
	assert_line(page, "calitrace_reply_seconds_sum{app=\"dns\"} 0.000700");
	assert_line(page, "calitrace_reply_seconds_count{app=\"dns\"} 1");
	assert_line(page, "calitrace_reply_seconds_count{app=\"icmp\"} 0");
	assert_line(page, "calitrace_routes_missing 0");
	assert_line(page, "calitrace_bgp_sessions{state=\"Established\"} 1");
	assert_line(page, "calitrace_bgp_sessions{state=\"Idle\"} 0");
	assert_line(page, "calitrace_events_lost_total 0");
	assert_no_text(page, "calitrace_findings{");
	free(page);
	close_tested(&t, 2 * US_PER_S);
}

/* It was sent, and is unanswered 2 s later: the one does not go back, and the other has come. */
static void test_never_back(void **state)
{
	struct tested t;
	char *page;

	(void)state;
	open_tested(&t);
	for (int i = 0; i < 3; i++)
		feed_sent(&t.f, 1000 * MS + i,
			  pkt_echo(t.f.plan->pod, t.f.plan->peer_pod, 9, (uint16_t)i));
	feed_ticks(&t.f, 1050 * MS, 1500 * MS);
	page = page_of(&t, METRICS_TEXT);
	assert_line(page, "calitrace_packets_total{verdict=\"sent\",app=\"icmp\",block=\"10.253."
			  "181.0/26\"} 3");
	free(page);
	feed_ticks(&t.f, 1500 * MS, 4000 * MS);
	/* of two more, none makes "sent" grow: it had three that it should not have */
	for (int i = 3; i < 5; i++)
		feed_sent(&t.f, 4000 * MS + i,
			  pkt_echo(t.f.plan->pod, t.f.plan->peer_pod, 9, (uint16_t)i));
	feed_ticks(&t.f, 4050 * MS, 4500 * MS);
	page = page_of(&t, METRICS_TEXT);
	assert_line(page, "calitrace_packets_total{verdict=\"sent\",app=\"icmp\",block=\"10.253."
			  "181.0/26\"} 3");
	assert_line(page, "calitrace_packets_total{verdict=\"unanswered\",app=\"icmp\",block=\"10."
			  "253.181.0/26\"} 3");
	assert_int_equal(feed_summary(&t.f).verdicts[V_SENT], 2);
	free(page);
	close_tested(&t, 5 * US_PER_S);
}

/* The founding incident, and its end */
static void test_incident(void **state)
{
	struct mesh m;
	struct tested t;
	char *page;

	(void)state;
	open_tested(&t);
	m = mesh_of(&t.f, POOL_IPIP, 3);
	feed_mesh(&t.f, 200 * MS, &m);
	page = page_of(&t, METRICS_TEXT);
	assert_line(page, "calitrace_bgp_sessions{state=\"Established\"} 3");
	assert_line(page, "calitrace_routes_missing 0");
	free(page);
	for (uint32_t i = 0; i < 3; i++)
		mesh_down(&m, i, TCP_CLOSES, "Idle", "Socket: Connection closed");
	feed_mesh(&t.f, 600 * MS, &m);
	feed_leak_on(&t.f, 1000 * MS, 2000 * MS, t.f.plan->peer_pod);
	page = page_of(&t, METRICS_OPENMETRICS);
	assert_line(page, "calitrace_bgp_sessions{state=\"Established\"} 0");
	assert_line(page, "calitrace_bgp_sessions{state=\"Idle\"} 3");
	assert_line(page, "calitrace_routes_missing 3");
	assert_line(page, "calitrace_packets_total{verdict=\"leaked\",app=\"icmp\",block=\"10.253."
			  "181.0/26\"} 5");
	assert_non_null(strstr(page, ",state=\"open\"} 1\n"));
	assert_non_null(strstr(page, ",state=\"recovered\"} 0\n"));
	free(page);
	mesh_free(&m);
	close_tested(&t, 3 * US_PER_S);
}

/* ---- how much of it there may be ---- */

static void test_bounded(void **state)
{
	struct prefix block = pfx("10.0.0.0/26"), none = { 0 };
	struct tested t;
	char *page;

	(void)state;
	open_tested(&t);
	for (int v = V_DELIVERED; v < V_MAX; v++) {
		for (int a = APP_NONE; a < APP_MAX; a++) {
			metrics__packet(t.m, v, a, &none, 1);
			for (int i = 0; i < 3000; i++) {
				block.addr.b[1] = (uint8_t)(i >> 6);
				block.addr.b[2] = (uint8_t)(i << 2);
				metrics__packet(t.m, v, a, &block, 1);
			}
		}
	}
	for (int s = METRICS_TEXT; s <= METRICS_OPENMETRICS; s++) {
		page = page_of(&t, s);
		assert_in_range(samples(page), METRICS_SERIES_MAX / 2, METRICS_SERIES_MAX);
		assert_line(page,
			    "calitrace_packets_total{verdict=\"ttl\",app=\"udp\",block=\"none\"} "
			    "1");
		assert_line(page,
			    "calitrace_packets_total{verdict=\"ttl\",app=\"udp\",block=\"other\""
			    "} 3000");
		/* what is well does not take all the room */
		assert_line(page,
			    "calitrace_packets_total{verdict=\"leaked\",app=\"none\",block=\"10."
			    "0.0.0/26\"} 1");
		free(page);
	}
	close_tested(&t, 1 * US_PER_S);
}

static void test_garbage(void **state)
{
	const struct metrics_about odd = { "1\"2\\3\n", "", "a\x1b[31m" };
	struct prefix none = { 0 };
	struct tested t;
	char *page = NULL;
	size_t len;

	(void)state;
	open_tested(&t);
	metrics__packet(t.m, V_NONE, APP_DNS, &none, 1);
	metrics__packet(t.m, V_MAX, APP_DNS, &none, 1);
	metrics__packet(t.m, V_SENT, APP_MAX, &none, 1);
	metrics__reply(t.m, APP_MAX, 1);
	metrics__reply(t.m, APP_ICMP, -5);
	metrics__reply(t.m, APP_TCP, INT64_MAX / 4);
	assert_int_equal(metrics__page(t.m, t.f.engine, &odd, METRICS_TEXT, &page, &len), 0);
	assert_line(page, "calitrace_build_info{version=\"1\\\"2\\\\3\\\\x0a\",kernel=\"\",node="
			  "\"a\\\\x1b[31m\"} 1");
	assert_no_text(page, "calitrace_packets_total{");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"icmp\",le=\"0.0001\"} 1");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"tcp\",le=\"10.0\"} 0");
	assert_line(page, "calitrace_reply_seconds_bucket{app=\"tcp\",le=\"+Inf\"} 1");
	free(page);
	close_tested(&t, 1 * US_PER_S);
}

/* ---- the formats ---- */

static void test_formats(void **state)
{
	struct tested t;
	char *page;

	(void)state;
	open_tested(&t);
	page = page_of(&t, METRICS_TEXT);
	assert_line(page, "# TYPE calitrace_packets_total counter");
	assert_line(page, "# TYPE calitrace_build_info gauge");
	assert_no_text(page, "# EOF");
	free(page);
	page = page_of(&t, METRICS_OPENMETRICS);
	assert_line(page, "# TYPE calitrace_packets counter");
	assert_line(page, "# TYPE calitrace_build info");
	assert_line(page, "# TYPE calitrace_reply_seconds histogram");
	assert_line(page, "# UNIT calitrace_reply_seconds seconds");
	assert_string_equal(page + strlen(page) - 6, "# EOF\n");
	free(page);
	close_tested(&t, 1 * US_PER_S);
}

static void test_accept(void **state)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
	} cases[] = {
		{ NULL, METRICS_TEXT },
		{ "", METRICS_TEXT },
		{ "*/*", METRICS_TEXT },
		{ ",,;q=;,", METRICS_TEXT },
		{ "text/html, text/plain", METRICS_TEXT },
		{ "application/openmetrics-text", METRICS_OPENMETRICS },
		{ "Application/OpenMetrics-Text ; version=1.0.0", METRICS_OPENMETRICS },
		{ "application/openmetrics-textual", METRICS_TEXT },
		{ "application/openmetrics-text;q=0", METRICS_TEXT },
		{ "application/openmetrics-text;q=0.000", METRICS_TEXT },
		{ "application/openmetrics-text;q=0.2,text/plain;q=0.5", METRICS_TEXT },
		{ "text/plain;version=0.0.4;q=0.5, application/openmetrics-text;q=0.501",
		  METRICS_OPENMETRICS },
		/* Prometheus 2.42 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version="
		  "0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  METRICS_OPENMETRICS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (metrics_accept(cases[i].accept) != cases[i].format)
			fail_msg("'%s'", cases[i].accept);
}

static void test_listen(void **state)
{
	static const char *const good[] = { "127.0.0.1:9435", "0.0.0.0:1", "[::1]:9435", ":9435",
					    "[::]:0" };
	static const char *const bad[] = {
		"",
		"9435",
		"localhost:9435",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:65536",
		"::1:9435",
		"[]:1",
		"[::1]",
		"[::1:1",
		"127.0.0.1:+1",
		"127.0.0:1",
		"[1.2.3.4]:1",
		"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23:1"
	};
	union listen_at at;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (listen_parse(good[i], &at))
			fail_msg("'%s' is right", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!listen_parse(bad[i], &at))
			fail_msg("'%s' is wrong", bad[i]);
	assert_int_equal(listen_parse("127.0.0.1:9435", &at), 0);
	assert_int_equal(at.in.sin_port, __builtin_bswap16(9435));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fared_well), cmocka_unit_test(test_never_back),
		cmocka_unit_test(test_incident),   cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_garbage),	   cmocka_unit_test(test_formats),
		cmocka_unit_test(test_accept),	   cmocka_unit_test(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
