// SPDX-License-Identifier: GPL-2.0-only
/* The page of a capture: what it says of the incident, that it is HTML, and that nothing gets out of it. */
#include "report_fixture.h"

#include "diff.h"
#include "report_way.h"

#define S US_PER_S

static char peer_pod[32], pod[32];

static void plan_of(const struct plan *p)
{
	snprintf(peer_pod, sizeof(peer_pod), "%s", p->peer_pod);
	snprintf(pod, sizeof(pod), "%s", p->pod);
}

static void good_pings(struct feed *f, uint32_t us, uint16_t seq, uint16_t cnt)
{
	for (uint16_t i = 0; i < cnt; i++) {
		struct obs_pkt p = pkt_echo(pod, peer_pod, 7, (uint16_t)(seq + i)), back;

		feed_sent(f, us + i * 10 * MS, p);
		back = pkt_reply(&p);
		feed_back(f, us + i * 10 * MS + 500, back);
	}
}

static void lost_pings(struct feed *f, uint32_t us, uint16_t seq, uint16_t cnt)
{
	for (uint16_t i = 0; i < cnt; i++)
		feed_leaked(f, us + i * 10 * MS, pkt_echo(pod, peer_pod, 7, (uint16_t)(seq + i)));
}

/* Three good pings; the route goes; twelve are lost; with heal it comes back, and four are answered */
static void feed_incident(struct feed *f, const struct plan *p, bool heal)
{
	plan_of(p);
	feed_open(f, p, NULL);
	feed_node(f, POOL_IPIP, 0);
	good_pings(f, S / 2, 1, 3);
	feed_ticks(f, S - 50 * MS, S - 50 * MS);
	feed_bgp(f, S, BGP_CLOSED, p->peer);
	feed_route(f, S + 5 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST, RP_BIRD,
		   "bird");
	lost_pings(f, 2 * S, 10, 12);
	feed_ticks(f, 3 * S, 5 * S);
	if (!heal)
		return;
	feed_bgp(f, 6 * S, BGP_CONNECTED, p->peer);
	feed_route(f, 6 * S + 5 * MS, ROUTE_ADD, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
		   RP_BIRD, "bird");
	good_pings(f, 7 * S, 40, 4);
	feed_ticks(f, 8 * S, 10 * S);
}

static char *page_of(const struct feed *f, const char *node, uint32_t us, size_t *len)
{
	struct fed fed;
	char *text;

	fed_open(&fed, node, &f->opts);
	fed_replay(&fed, f, us);
	assert_false(report__failed(fed.report));
	text = fed_page(&fed, NULL, NULL, len);
	fed_close(&fed);
	return text;
}

static void assert_says(const char *text, const char *word)
{
	if (!strstr(text, word))
		fail_msg("expected '%s' on the page", word);
}

static void incident(void **state)
{
	(void)state;
	for (int i = 0; i < PLAN_CNT; i++) {
		struct feed f;
		char word[200], *text, *again;
		size_t len, len2;

		feed_incident(&f, &plans[i], false);
		text = page_of(&f, "k8s02", 5 * S, &len);
		again = page_of(&f, "k8s02", 5 * S, &len2);
		check_page(text, len);
		/* the same capture, the same bytes */
		assert_int_equal(len, len2);
		assert_memory_equal(text, again, len);
		snprintf(word, sizeof(word), "k8s02 loses packets to %s, since 02:04:23.000 UTC",
			 plans[i].peer_block);
		assert_says(text, word);
		assert_says(text, "12 lost of 15");
		assert_says(text, "the route is missing on this node");
		assert_says(text, "with a problem</dt><dd class=\"bad\">12</dd>");
		snprintf(word, sizeof(word), "route del %s via %s dev tunl0 by bird[812]",
			 plans[i].peer_block, plans[i].peer);
		assert_says(text, word);
		free(text);
		free(again);
		feed_close(&f, 5 * S);
	}
}

static void healed(void **state)
{
	struct feed f;
	char *text;
	size_t len;

	(void)state;
	feed_incident(&f, &plans[0], true);
	text = page_of(&f, "k8s02", 10 * S, &len);
	check_page(text, len);
	assert_says(text, "and has recovered");
	assert_says(text, "12 lost of 19");
	assert_says(text, "first answer after the losses: 10.253.181.0/26");
	assert_says(text, "finding 1 is over");
	assert_says(text, "Route: present (tunl0 via 10.2.7.200); from 02:04:23.005 missing; from "
			  "02:04:28.005 present (tunl0 via 10.2.7.200)");
	free(text);
	feed_close(&f, 10 * S);
}

static void healthy(void **state)
{
	struct feed f;
	char *text;
	size_t len;

	(void)state;
	plan_of(&plans[0]);
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	good_pings(&f, S, 1, 5);
	feed_ticks(&f, 2 * S, 4 * S);
	text = page_of(&f, "k8s02", 4 * S, &len);
	check_page(text, len);
	assert_says(text, "None: no packet had a problem");
	assert_null(strstr(text, "class=\"finding"));
	assert_null(strstr(text, "class=\"journey"));
	free(text);
	feed_close(&f, 4 * S);
}

/* Nothing seen is not health */
static void silent(void **state)
{
	struct feed f;
	char *text;
	size_t len;

	(void)state;
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	feed_ticks(&f, S, 2 * S);
	text = page_of(&f, "k8s02", 2 * S, &len);
	check_page(text, len);
	assert_says(text, "too little to say that all is well");
	assert_says(text, "No matching packet was seen.");
	free(text);
	feed_close(&f, 2 * S);
}

/* A request that is sent, and told again as unanswered 2 s later, is lost, not both */
static void revised(void **state)
{
	struct obs_pkt p;
	struct feed f;
	struct fed fed;
	uint64_t good = 0, lost = 0;

	(void)state;
	plan_of(&plans[0]);
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	for (uint16_t i = 0; i < 6; i++) {
		p = pkt_echo(pod, peer_pod, 7, i);
		feed_sent(&f, S + i * 10 * MS, p);
	}
	feed_ticks(&f, S + 200 * MS, 5 * S);
	fed_open(&fed, "k8s02", &f.opts);
	fed_replay(&fed, &f, 5 * S);
	assert_int_equal(feed_summary(&f).verdicts[V_UNANSWERED], 6);
	for (uint32_t i = 0; i < fed.report->node[0]->lane_cnt; i++) {
		const struct lane *l = fed.report->node[0]->lane[i];

		good += l->good;
		lost += l->lost;
		for (uint32_t k = 0; k < REPORT_BUCKETS; k++) {
			good -= l->bar[k].good;
			lost -= l->bar[k].lost;
		}
		if (l->lost)
			assert_int_equal(l->lost, 6);
		assert_int_equal(l->good, 0);
	}
	assert_int_equal(good + lost, 0);
	assert_int_equal(fed.report->node[0]->flow_cnt, 1);
	assert_int_equal(fed.report->node[0]->flow[0]->sent, 6);
	assert_int_equal(fed.report->node[0]->flow[0]->lost, 6);
	assert_int_equal(fed.report->node[0]->flow[0]->answered, 0);
	fed_close(&fed);
	feed_close(&f, 5 * S);
}

/* ---- what is taken and what is expected part at the route ---- */

static void way(void **state)
{
	const struct report_node *n;
	struct feed f;
	struct fed fed;
	struct ways w;

	(void)state;
	feed_incident(&f, &plans[0], false);
	fed_open(&fed, "k8s02", &f.opts);
	fed_replay(&fed, &f, 5 * S);
	n = fed.report->node[0];
	assert_non_null(n->cases[0]);
	ways_of(n, n->cases[0], engine__finding(fed.engine, 1), &w);
	assert_int_equal(w.common, 2);
	assert_string_equal(w.took.step[0].title, "10.253.65.67");
	assert_string_equal(w.took.step[1].title, "cali111111");
	assert_string_equal(w.took.step[2].title, "default");
	assert_string_equal(w.took.step[2].sub, "route via 10.2.7.254 dev eth0");
	assert_string_equal(w.took.step[3].title, "eth0");
	assert_string_equal(w.took.step[4].title, "10.2.7.254");
	assert_int_equal(w.took.step[4].kind, STEP_LOST);
	assert_int_equal(w.took.cnt, 5);
	assert_string_equal(w.should.step[2].title, "10.253.181.0/26");
	assert_string_equal(w.should.step[2].sub, "route via 10.2.7.200 dev tunl0");
	assert_string_equal(w.should.step[3].sub, "ipip to 10.2.7.200");
	assert_string_equal(w.should.step[4].title, "eth0");
	assert_string_equal(w.should.step[5].title, "10.2.7.200");
	assert_string_equal(w.should.step[6].title, "10.253.181.10");
	assert_int_equal(w.should.cnt, 7);
	fed_close(&fed);
	feed_close(&f, 5 * S);
}

/* Another node's capture shows that the request arrived, and where the reply was lost */
static void way_there(void **state)
{
	struct obs o = { .kind = OBS_ELSEWHERE };
	const struct report_node *n;
	struct feed f;
	struct fed fed;
	struct ways w;

	(void)state;
	plan_of(&plans[0]);
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, 0);
	for (uint16_t i = 0; i < 3; i++)
		feed_sent(&f, S + i * 10 * MS, pkt_echo(pod, peer_pod, 7, i));
	feed_ticks(&f, S + 200 * MS, 5 * S);
	fed_open(&fed, "k8s02", &f.opts);
	o.elsewhere = (struct obs_elsewhere){ .finding = 1,
					      .what = ELSEWHERE_REPLY,
					      .verdict = V_LEAKED,
					      .node = "k8s01",
					      .dev = "eth0" };
	fed.ops.obs(fed.ops.ctx, &fed.rn, &o, NULL);
	fed_replay(&fed, &f, 5 * S);
	n = fed.report->node[0];
	ways_of(n, n->cases[0], engine__finding(fed.engine, 1), &w);
	assert_int_equal(w.common, 7);
	assert_string_equal(w.took.step[6].title, "10.253.181.10");
	assert_string_equal(w.took.step[7].title, "the reply");
	assert_string_equal(w.took.step[7].sub, "leaked at eth0 of k8s01");
	assert_string_equal(w.should.step[7].title, "the answer");
	fed_close(&fed);
	feed_close(&f, 5 * S);
}

/* Nobody told who owns the block: nobody is named */
static void way_unknown(void **state)
{
	const struct report_node *n;
	struct feed f;
	struct fed fed;
	struct ways w;

	(void)state;
	plan_of(&plans[0]);
	feed_open(&f, &plans[0], NULL);
	feed_node(&f, POOL_IPIP, NODE_NO_BLOCK);
	lost_pings(&f, S, 1, 3);
	feed_ticks(&f, 2 * S, 3 * S);
	fed_open(&fed, "k8s02", &f.opts);
	fed_replay(&fed, &f, 3 * S);
	n = fed.report->node[0];
	ways_of(n, n->cases[0], engine__finding(fed.engine, 1), &w);
	assert_string_equal(w.should.step[2].sub, "a route to its node");
	assert_string_equal(w.should.step[w.should.cnt - 2].title, "the block's node");
	fed_close(&fed);
	feed_close(&f, 3 * S);
}

/* ---- hostile input ---- */

#define EVIL "<script>alert('1')</script>&\"\x1b[31m\xff\xe2\x80\xae\n"

static void hostile(void **state)
{
	struct cap_words_of {
		const char *w[3];
	} argv = { { "calitrace", EVIL, NULL } };
	struct obs o = { .kind = OBS_BIRD_PROTO };
	struct feed f;
	struct fed fed;
	char *text;
	size_t len;

	(void)state;
	feed_incident(&f, &plans[0], false);
	fed_open(&fed, EVIL, &f.opts);
	snprintf(fed.meta.kernel, sizeof(fed.meta.kernel), "%s", EVIL);
	snprintf(fed.meta.filter, sizeof(fed.meta.filter), "%s", EVIL);
	fed.meta.argv = argv.w;
	fed.rn.user = NULL;
	fed.ops.node(fed.ops.ctx, &fed.rn);
	/* names that BIRD, CNI and devices bring */
	o.ts_ns = FEED_T0;
	memcpy(o.bird_proto.kind, "BGP", 4);
	o.bird_proto.neighbor = ip("10.2.7.203");
	snprintf(o.bird_proto.name, sizeof(o.bird_proto.name), "%s", EVIL);
	snprintf(o.bird_proto.bgp, sizeof(o.bird_proto.bgp), "<b>&\x1b\xff");
	snprintf(o.bird_proto.info, sizeof(o.bird_proto.info), "%s", EVIL);
	fed_obs(&fed, &o);
	o = (struct obs){ .kind = OBS_POD, .ts_ns = FEED_T0 };
	snprintf(o.pod.name, sizeof(o.pod.name), "%s/%s", EVIL, EVIL);
	snprintf(o.pod.dev, sizeof(o.pod.dev), "cali111111");
	o.pod.addr = ip("10.253.65.67");
	o.pod.verified = true;
	fed_obs(&fed, &o);
	report__set_trouble(fed.report, EVIL);
	fed_replay(&fed, &f, 5 * S);
	text = fed_page(&fed, NULL, NULL, &len);
	check_page(text, len);
	assert_says(text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\\x1b[31m\\xff"
			  "\\xe2\\x80\\xae\\x0a");
	free(text);
	fed_close(&fed);
	feed_close(&f, 5 * S);
}

static void escaped(void **state)
{
	static const char start[] = "<p class=\"x\">a&lt;b&gt;&amp;&quot;&#39;c\\x01</p>"
				    "<td scope=\"row\">&lt; 7</td>&lt;";
	char *text, big[HTML_TEXT_MAX + 100];
	struct html h = { 0 };
	size_t len;

	(void)state;
	h.out = open_memstream(&text, &len);
	html_el(&h, "p", "x", "a<b>&\"'c\x01");
	html_elf(&h, "td scope=\"row\"", "", "%s %d", "<", 7);
	memset(big, '<', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	html_text(&h, big);
	fclose(h.out);
	assert_int_equal(strncmp(text, start, strlen(start)), 0);
	/* all that fits, and a sign that it is not all */
	assert_int_equal(count_of(text, "&lt;"), HTML_TEXT_MAX + 2);
	assert_string_equal(text + len - 3, "\xe2\x80\xa6");
	free(text);
}

/* The checker itself has to find what is wrong */
static void checker(void **state)
{
	(void)state;
	assert_null(ill_formed("<!DOCTYPE html>\n<p class=\"a\">x<br/></p>"));
	assert_non_null(ill_formed("<p></p>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p><b></p></b>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p>a & b</p>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p a=b></p>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p a=\"<\"></p>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p>\x1b</p>"));
	assert_non_null(ill_formed("<!DOCTYPE html>\n<p>a > b</p>"));
}

/* ---- two captures ---- */

static void compared(void **state)
{
	struct diff_change change[2] = { 0 };
	struct diff d = { .change = change,
			  .cnt = 2,
			  .verdict = DIFF_CURED,
			  .head = "Cured: <1> route is back." };
	struct feed f, g;
	struct fed before, after;
	char *text;
	size_t len;

	(void)state;
	change[0] = (struct diff_change){ .state = DIFF_FIXED, .key = "10.253.181.0/26" };
	change[1] = (struct diff_change){ .state = DIFF_UNCHANGED, .key = "10.253.140.128/26" };
	feed_incident(&f, &plans[0], false);
	feed_incident(&g, &plans[0], true);
	fed_open(&before, "k8s02", &f.opts);
	fed_replay(&before, &f, 5 * S);
	fed_open(&after, "k8s02", &g.opts);
	fed_replay(&after, &g, 10 * S);
	text = fed_page(&before, &after, &d, &len);
	check_page(text, len);
	assert_says(text, "What was wrong is cured");
	assert_says(text, "Cured: &lt;1&gt; route is back.");
	assert_says(text, "<th scope=\"row\">10.253.181.0/26</th><td>route</td>");
	assert_says(text, "loses packets to");
	assert_says(text, "and has recovered");
	free(text);
	fed_close(&before);
	fed_close(&after);
	feed_close(&f, 5 * S);
	feed_close(&g, 10 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incident),    cmocka_unit_test(healed),
		cmocka_unit_test(healthy),     cmocka_unit_test(silent),
		cmocka_unit_test(revised),     cmocka_unit_test(way),
		cmocka_unit_test(way_unknown), cmocka_unit_test(way_there),
		cmocka_unit_test(hostile),     cmocka_unit_test(escaped),
		cmocka_unit_test(checker),     cmocka_unit_test(compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
