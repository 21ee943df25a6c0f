// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes that lie with a service or its server. For each: evidence that proves it, and similar
 * evidence that does not. Those of pods are in test_cause_pod.c.
 */
#include "feed.h"

#include <errno.h>

#include "state.h"

#define T US_PER_S

#define CT_SEEN_REPLY 2
#define CT_CONFIRMED 8
#define CT_DST_NAT 0x120

static void assert_cause(const struct finding *x, enum cause c, enum confidence conf)
{
	assert_string_equal(cause_name(x->cause), cause_name(c));
	assert_non_null(chain_has(x, c));
	assert_string_equal(confidence_name(chain_has(x, c)->confidence), confidence_name(conf));
	assert_true(x->advice[0]);
}

/* ---- pods that are gone ---- */

/* What the service's address was translated to lies in the own block, and is nobody's. */
static void stale(const struct plan *p, uint32_t status, bool translated, enum cause want,
		  enum confidence conf)
{
	struct addr gone = pfx(p->own_block).addr;
	char a[ADDR_STRLEN];
	const char *svc = translated ? p->service : a;
	const struct finding *x;
	struct obs_pkt q;
	struct feed f;

	gone.b[3]++;
	addr_str(&gone, a);
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q = pkt_dns(p->pod, svc, 40053, 7);
	q.skb = feed_skb(&f);
	feed_path(&f, T, AT_TC_INGRESS, IF_CALI1, q);
	q.iif = IF_CALI1;
	q = with_dst(with_addrs(q, p->pod, a), NULL, IF_LO, RT_BLACKHOLE, EINVAL);
	q = with_ct(q, p->pod, svc, a, p->pod, false);
	q.ct_status = status;
	feed_drop(&f, T + 10, IF_CALI1, "NOT_SPECIFIED", "ip_error", q);
	feed_ticks(&f, T + 50 * MS, 2 * T);
	x = finding_at(&f, 1);
	assert_cause(x, want, conf);
	assert_null(chain_has(x, want == C_STALE_NAT ? C_STALE_ENDPOINT : C_STALE_NAT));
	assert_int_equal(evidence_has(x, p->service), translated);
	feed_close(&f, 2 * T);
}

static void test_stale_nat(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		stale(p, CT_DST_NAT | CT_CONFIRMED | CT_SEEN_REPLY, true, C_STALE_NAT,
		      CONF_CERTAIN);
		stale(p, CT_DST_NAT | CT_CONFIRMED, true, C_STALE_NAT, CONF_CERTAIN);
		/* translated for this very packet: the rules still say so */
		stale(p, CT_DST_NAT, true, C_STALE_ENDPOINT, CONF_LIKELY);
		/* an old entry without any translation */
		stale(p, CT_CONFIRMED, false, C_STALE_ENDPOINT, CONF_LIKELY);
	}
}

/* ---- what is known of a service ---- */

/* The question behind its translation, as it leaves by the tunnel */
static struct obs_pkt to_endpoint(const struct plan *p, struct obs_pkt q)
{
	q = with_dst(with_addrs(q, p->pod, p->peer_pod), p->peer, IF_TUNNEL, RT_UNICAST, 0);
	q = with_ct(q, p->pod, p->service, p->peer_pod, p->pod, false);
	q.ct_status = CT_DST_NAT | CT_CONFIRMED;
	return q;
}

/* A question by the service's address that was translated, and answered */
static void translated(struct feed *f, uint32_t us, uint16_t sport)
{
	const struct plan *p = f->plan;
	struct obs_pkt q = pkt_dns(p->pod, p->service, sport, sport), r;

	q.skb = feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_CALI1, q);
	q = to_endpoint(p, q);
	feed_path(f, us + 10, AT_TC_EGRESS, IF_TUNNEL, q);
	r = pkt_reply(&q);
	r.flags = EV_F_NODE_NETNS;
	r.skb = feed_skb(f);
	feed_path(f, us + 100, AT_TC_INGRESS, IF_TUNNEL, r);
	r = with_ct(with_addrs(r, p->service, p->pod), p->pod, p->service, p->peer_pod, p->pod,
		    true);
	feed_path(f, us + 110, AT_TC_EGRESS, IF_CALI1, with_dst(r, NULL, IF_CALI1, RT_UNICAST, 0));
	feed_ticks(f, us + 50 * MS, us + 200 * MS);
}

static void tell_kubelet(struct feed *f, uint32_t us, const char *a)
{
	struct obs o = { .kind = OBS_SERVICE, .service.addr = ip(a) };

	feed_begin(f, us, SOURCE_KUBELET);
	feed_obs(f, us, &o);
	feed_end(f, us, SOURCE_KUBELET, SOURCE_OK);
}

enum known {
	KNOWN_NOT,
	KNOWN_SEEN,
	KNOWN_KUBELET,
	KNOWN_IPVS,
	KNOWN_MAX
};

static void make_known(struct feed *f, enum known k)
{
	const struct plan *p = f->plan;

	if (k == KNOWN_SEEN) {
		translated(f, 1000, 40000);
	} else if (k == KNOWN_KUBELET) {
		tell_kubelet(f, 1000, p->service);
	} else if (k == KNOWN_IPVS) {
		feed_link(f, 1000, 20, "kube-ipvs0", "dummy", true, NULL);
		feed_addr(f, 1000, 20, p->service, 32, false);
	}
}

/* ---- services without endpoints ---- */

/* An ICMP error "port unreachable" that quotes q */
static struct obs_pkt unreachable(const char *from, const struct obs_pkt *q)
{
	struct obs_pkt p = pkt_echo(from, addr_str(&q->src, (char[ADDR_STRLEN]){ 0 }), 0, 0);
	uint8_t snap[20 + 8 + 20 + 8 + 12] = { 0x45 }, *quote = snap + 28;

	p.icmp_type = p.icmp_code = 3;
	snap[9] = 1;
	snap[20] = snap[21] = 3;
	quote[0] = 0x45;
	quote[9] = q->proto;
	memcpy(quote + 12, q->src.b, 4);
	memcpy(quote + 16, q->dst.b, 4);
	quote[20] = (uint8_t)(q->sport >> 8);
	quote[21] = q->sport & 0xff;
	quote[23] = 53;
	quote[28] = (uint8_t)(q->dns_id >> 8);
	quote[29] = q->dns_id & 0xff;
	return with_snap(p, snap, sizeof(snap));
}

/* from: who rejects, NULL: it is only dropped */
static const struct finding *reject(struct feed *f, struct obs_pkt q, const char *from)
{
	const struct finding *x;

	q.skb = feed_skb(f);
	feed_path(f, T, AT_TC_INGRESS, IF_CALI1, q);
	if (from)
		feed_path(f, T + 10, AT_TC_EGRESS, IF_CALI1,
			  with_dst(unreachable(from, &q), NULL, IF_CALI1, RT_UNICAST, 0));
	q.iif = IF_CALI1;
	feed_drop(f, T + 20, IF_CALI1, "NETFILTER_DROP", "nf_hook_slow",
		  with_dst(q, f->plan->gw, IF_ETH0, RT_UNICAST, 0));
	feed_ticks(f, T + 50 * MS, 2 * T);
	x = finding_at(f, feed_summary(f).finding_cnt);
	assert_int_equal(x->verdict, V_FILTERED);
	return x;
}

static void test_no_endpoints(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (enum known k = KNOWN_NOT; k < KNOWN_MAX; k++) {
			/* rejected by this node, by another one; dropped */
			const char *const who[] = { p->node, p->gw, NULL };

			for (size_t i = 0; i < ARRAY_SIZE(who); i++) {
				const struct finding *x;
				struct feed f;

				feed_open(&f, p, NULL);
				feed_node(&f, POOL_IPIP, 0);
				make_known(&f, k);
				x = reject(&f, pkt_dns(p->pod, p->service, 41000, 5), who[i]);
				if (k == KNOWN_NOT || i)
					assert_null(chain_has(x, C_NO_ENDPOINTS));
				else
					assert_cause(x, C_NO_ENDPOINTS, CONF_LIKELY);
				assert_null(chain_has(x, C_NOT_TRANSLATED));
				feed_close(&f, 2 * T);
			}
		}
	}
}

/* A reading of the packet filters, with one rule; what it counted since an earlier reading */
static void look(struct feed *f, uint32_t us, uint32_t since_us, const char *chain,
		 const char *comment)
{
	struct obs o = { .kind = OBS_NFLOOK };

	feed_begin(f, us, SOURCE_NFRULES);
	o.nflook.since_ns = since_us ? FEED_T0 + (uint64_t)since_us * NS_PER_US : 0;
	o.nflook.from_ns = FEED_T0 + (uint64_t)us * NS_PER_US;
	o.nflook.to_ns = o.nflook.from_ns + NS_PER_MS;
	o.nflook.nft_rules = 40;
	feed_obs(f, us, &o);
	o = (struct obs){ .kind = OBS_NFRULE };
	o.nfrule = (struct obs_nfrule){ .verdict = NFV_REJECT, .counted = true, .number = 2 };
	o.nfrule.hooks = 1 << NF_HOOK_FORWARD;
	o.nfrule.moved = since_us ? 3 : 0;
	o.nfrule.alike = !since_us;
	snprintf(o.nfrule.family, sizeof(o.nfrule.family), "ip");
	snprintf(o.nfrule.table, sizeof(o.nfrule.table), "filter");
	snprintf(o.nfrule.chain, sizeof(o.nfrule.chain), "%s", chain);
	snprintf(o.nfrule.comment, sizeof(o.nfrule.comment), "%s", comment);
	feed_obs(f, us, &o);
	feed_end(f, us, SOURCE_NFRULES, SOURCE_OK);
}

/* Nobody told that it is a service's address, and no ICMP was seen: the rule that counted says it all. */
static void test_no_endpoints_rule(void **state)
{
	static const struct {
		const char *chain, *comment;
		bool want;
	} cases[] = {
		{ "KUBE-SERVICES", "kube-system/kube-dns:dns has no endpoints", true },
		{ "KUBE-FIREWALL", "", false },
		{ "FORWARD", "", false },
	};
	const struct plan *p = &plans[0];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t us = T;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		for (uint16_t n = 0; n < 4; n++, us += 200 * MS) {
			struct obs_pkt q = pkt_dns(p->pod, p->service, 41000 + n, 5);

			q.iif = IF_CALI1;
			feed_drop(&f, us, IF_CALI1, "NETFILTER_DROP", "nf_hook_slow",
				  with_dst(q, p->gw, IF_ETH0, RT_UNICAST, 0));
			feed_ticks(&f, us + 50 * MS, us + 150 * MS);
			if (!n)
				look(&f, us + 160 * MS, 0, cases[i].chain, cases[i].comment);
			else if (n == 3)
				look(&f, us + 160 * MS, T + 160 * MS + MS, cases[i].chain,
				     cases[i].comment);
		}
		feed_ticks(&f, us, us + 500 * MS);
		if (cases[i].want)
			assert_cause(finding_at(&f, 1), C_NO_ENDPOINTS, CONF_CERTAIN);
		else
			assert_null(chain_has(finding_at(&f, 1), C_NO_ENDPOINTS));
		feed_close(&f, 3 * T);
	}
}

/* A policy that rejects sees what the service's address was translated to. */
static void test_rejected_pod(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	make_known(&f, KNOWN_SEEN);
	assert_null(chain_has(reject(&f, pkt_dns(p->pod, p->peer_pod, 41000, 5), p->node),
			      C_NO_ENDPOINTS));
	feed_close(&f, 2 * T);
}

/* ---- services that are not translated ---- */

static void test_not_translated(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (enum known k = KNOWN_NOT; k <= KNOWN_KUBELET; k++) {
			const struct finding *x;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			make_known(&f, k);
			feed_leaked(&f, T, pkt_dns(p->pod, p->service, 41000, 5));
			/* to a server elsewhere, which is no service: another finding */
			feed_leaked(&f, T + 100, pkt_dns(p->pod, "192.0.2.1", 41001, 6));
			feed_ticks(&f, T + 50 * MS, 4 * T);
			x = finding_at(&f, 1);
			assert_int_equal(x->verdict, V_UNANSWERED);
			assert_int_equal(feed_summary(&f).finding_cnt, k == KNOWN_NOT ? 1 : 2);
			if (k == KNOWN_NOT) {
				assert_null(chain_has(x, C_NOT_TRANSLATED));
			} else {
				assert_cause(x, C_NOT_TRANSLATED, CONF_CERTAIN);
				assert_null(chain_has(x, C_BEYOND_NODE));
				assert_true(evidence_has(x, p->service));
				assert_null(chain_has(finding_at(&f, 2), C_NOT_TRANSLATED));
			}
			feed_close(&f, 4 * T);
		}
	}
}

/* Calico announces the services' range: packets end in BIRD's blackhole. A pool's is no service's. */
static void test_announced_range(void **state)
{
	const struct plan *p = &plans[0];

	(void)state;
	for (int pool = 0; pool < 2; pool++) {
		const char *dst = pool ? p->other_pod : p->service;
		struct obs_pkt q = pkt_dns(p->pod, dst, 41000, 5);
		const struct finding *x;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_route(&f, 100, ROUTE_ADD, pool ? p->other_block : "10.96.0.0/12", NULL, 0,
			   RT_BLACKHOLE, RP_BIRD, "bird");
		feed_drop(&f, T, IF_CALI1, "NOT_SPECIFIED", "ip_error",
			  with_dst(q, NULL, IF_LO, RT_BLACKHOLE, EINVAL));
		feed_ticks(&f, T + 50 * MS, 2 * T);
		x = finding_at(&f, 1);
		assert_int_equal(x->verdict, V_BLACKHOLE);
		if (pool)
			assert_null(chain_has(x, C_NOT_TRANSLATED));
		else
			assert_cause(x, C_NOT_TRANSLATED, CONF_LIKELY);
		feed_close(&f, 2 * T);
	}
}

/* A service that is translated, and whose pod does not answer */
static void test_translated_unanswered(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_pkt q = pkt_dns(p->pod, p->service, 42000, 9);
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	make_known(&f, KNOWN_SEEN);
	q.skb = feed_skb(&f);
	feed_path(&f, T, AT_TC_INGRESS, IF_CALI1, q);
	feed_path(&f, T + 10, AT_TC_EGRESS, IF_TUNNEL, to_endpoint(p, q));
	feed_ticks(&f, T + 50 * MS, 4 * T);
	assert_null(chain_has(finding_at(&f, 1), C_NOT_TRANSLATED));
	assert_non_null(chain_has(finding_at(&f, 1), C_BEYOND_NODE));
	feed_close(&f, 4 * T);
}

/* ---- two questions at once ---- */

static void clash(const struct plan *p, uint32_t gap_us, uint16_t other_port, uint32_t status,
		  bool want)
{
	struct obs_pkt a = pkt_dns(p->pod, p->service, other_port, 1);
	struct obs_pkt b = pkt_dns(p->pod, p->service, 43000, 2);
	uint32_t at = T + gap_us;
	const struct finding *x;
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	a.skb = feed_skb(&f);
	b.skb = feed_skb(&f);
	feed_path(&f, T, AT_TC_INGRESS, IF_CALI1, a);
	feed_path(&f, at, AT_TC_INGRESS, IF_CALI1, b);
	feed_path(&f, at + 5, AT_TC_EGRESS, IF_TUNNEL, to_endpoint(p, a));
	b = to_endpoint(p, b);
	b.ct_status = status;
	b.iif = IF_CALI1;
	feed_drop(&f, at + 10, IF_TUNNEL, "NETFILTER_DROP", "nf_hook_slow", b);
	feed_ticks(&f, at + 50 * MS, at + 500 * MS);
	x = finding_at(&f, 1);
	assert_int_equal(x->verdict, V_FILTERED);
	if (want)
		assert_cause(x, C_CONNTRACK_CLASH, CONF_LIKELY);
	else
		assert_null(chain_has(x, C_CONNTRACK_CLASH));
	feed_close(&f, at + 500 * MS);
}

static void test_clash(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		clash(p, 30, 43000, CT_DST_NAT, true);
		/* another socket, an entry that stands, long after: a firewall behind POSTROUTING */
		clash(p, 30, 43001, CT_DST_NAT, false);
		clash(p, 30, 43000, CT_DST_NAT | CT_CONFIRMED, false);
		clash(p, 100 * MS, 43000, CT_DST_NAT, false);
	}
}

/* ---- servers that answer, and fail ---- */

static void answered(struct feed *f, uint32_t us, const char *server, uint16_t sport, uint8_t rcode)
{
	struct obs_pkt q = pkt_dns(f->plan->pod, server, sport, sport), r;

	feed_sent(f, us, q);
	r = pkt_reply(&q);
	r.dns_flags |= rcode;
	feed_back(f, us + 1000, r);
	feed_ticks(f, us + 2000, us + 2000);
}

/* cnt answers, 10 ms apart, every nth of them with rcode (0: none) */
static void answers(struct feed *f, uint32_t from_us, const char *server, uint32_t cnt,
		    uint32_t nth, uint8_t rcode)
{
	for (uint32_t i = 0; i < cnt; i++)
		answered(f, from_us + i * 10 * MS, server, (uint16_t)(20000 + i),
			 nth && !((i + 1) % nth) ? rcode : 0);
}

static void test_upstream(void **state)
{
	static const struct {
		uint32_t cnt, nth;
		uint8_t rcode;
		bool want;
	} cases[] = {
		{ 5, 1, 2, true },
		{ 5, 1, 5, true },
		{ 40, 10, 2, true },
		/* names that do not exist, questions that are none, addresses that are there */
		{ 40, 1, 3, false },
		{ 5, 1, 1, false },
		{ 40, 0, 0, false },
		/* too few; 5 % of them at most */
		{ 4, 1, 2, false },
		{ 40, 20, 2, false },
		{ 40, 40, 5, false },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			const struct finding *x;
			struct summary s;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			answers(&f, T, p->peer_pod, cases[i].cnt, cases[i].nth, cases[i].rcode);
			s = feed_summary(&f);
			assert_int_equal(s.problems, 0);
			assert_int_equal(s.finding_cnt, cases[i].want);
			assert_int_equal(s.open_cnt, cases[i].want);
			if (cases[i].want) {
				x = finding_at(&f, 1);
				assert_cause(x, C_DNS_UPSTREAM, CONF_CERTAIN);
				assert_int_equal(x->verdict, V_DELIVERED);
				assert_int_equal(x->packets, cases[i].cnt / cases[i].nth);
				assert_int_equal(x->packets, x->verdicts[V_DELIVERED]);
				assert_int_equal(x->packets, x->apps[APP_DNS]);
				assert_true(evidence_has(x, p->peer_pod));
				assert_non_null(strstr(x->key, p->peer_pod));
			}
			feed_close(&f, 4 * T);
		}
	}
}

/* Ten seconds after the last failure, and with an answer that is none; silence cures nobody. */
static void test_upstream_recovers(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	answers(&f, T, p->peer_pod, 6, 1, 2);
	/* another server fares well meanwhile */
	answers(&f, T + 500 * MS, p->other_pod, 6, 0, 0);
	assert_int_equal(finding_at(&f, 1)->packets, 6);
	feed_ticks(&f, 2 * T, 30 * T);
	assert_false(finding_at(&f, 1)->recovered);
	answered(&f, 30 * T, p->peer_pod, 30000, 2);
	assert_int_equal(finding_at(&f, 1)->packets, 7);
	answered(&f, 31 * T, p->peer_pod, 30001, 0);
	feed_ticks(&f, 32 * T, 38 * T);
	assert_false(finding_at(&f, 1)->recovered);
	feed_ticks(&f, 38 * T, 42 * T);
	assert_true(finding_at(&f, 1)->recovered);
	assert_int_equal(feed_summary(&f).open_cnt, 0);
	/* and again: the same finding */
	answers(&f, 43 * T, p->peer_pod, 6, 1, 5);
	assert_false(finding_at(&f, 1)->recovered);
	assert_int_equal(feed_summary(&f).finding_cnt, 1);
	feed_close(&f, 45 * T);
}

/* The server in the pod fails because the one that it asks does. */
static void test_upstreams_upstream(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	/* the pod asks it, and others ask the pod */
	answers(&f, T, "192.0.2.53", 5, 1, 2);
	for (uint32_t i = 0; i < 6; i++) {
		struct obs_pkt q = pkt_dns(p->pod2, p->pod, (uint16_t)(500 + i), 9), r;
		uint32_t us = 2 * T + i * 10 * MS;

		feed_path(&f, us, AT_TC_INGRESS, IF_CALI2, q);
		r = pkt_reply(&q);
		r.dns_flags |= 2;
		feed_path(&f, us + 100, AT_TC_INGRESS, IF_CALI1, r);
	}
	feed_ticks(&f, 3 * T, 4 * T);
	assert_int_equal(feed_summary(&f).finding_cnt, 2);
	assert_false(evidence_has(finding_at(&f, 1), "as well"));
	assert_true(evidence_has(finding_at(&f, 2), "asks 192.0.2.53"));
	feed_close(&f, 4 * T);
}

/* More servers than are kept track of */
static void test_many_servers(void **state)
{
	const struct plan *p = &plans[0];
	struct feed f;
	char a[24];

	(void)state;
	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	for (uint32_t i = 0; i < 200; i++) {
		snprintf(a, sizeof(a), "198.51.100.%u", i);
		answered(&f, T + i * 10 * MS, a, (uint16_t)(1000 + i), 2);
	}
	assert_int_equal(feed_summary(&f).finding_cnt, 0);
	answers(&f, 4 * T, "198.51.100.250", 5, 1, 2);
	assert_int_equal(feed_summary(&f).finding_cnt, 1);
	feed_close(&f, 6 * T);
}

/* ---- what the kubelet says ---- */

static void test_kubelet_dns(void **state)
{
	static const struct {
		const char *text;
		uint32_t cnt;
		const char *first;
	} cases[] = {
		{ "clusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\n", 1, "10.96.0.10" },
		{ "a: b\nclusterDNS:\n  - \"10.96.0.10\"\n  - 'fd00::a'\nc: d", 2, "10.96.0.10" },
		{ "clusterDNS: [10.0.0.10, 10.0.0.11]\n", 2, "10.0.0.10" },
		{ "{\"kind\":\"x\",\n\"clusterDNS\" : [\"172.20.0.10\"]}", 1, "172.20.0.10" },
		{ "clusterDNS: []\nfoo: [10.1.1.1]\n", 0, NULL },
		{ "clusterDNSx:\n- 10.96.0.10\n", 0, NULL },
		{ "# clusterDNS:\n- 10.96.0.10\n", 0, NULL },
		{ "clusterDNS:\n- 10.96.0.1000\n", 0, NULL },
		{ "clusterDNS:", 0, NULL },
		{ "clusterDNS", 0, NULL },
		{ "", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr out[4] = { 0 };

		assert_int_equal(kubelet_dns(cases[i].text, strlen(cases[i].text), out, 4),
				 cases[i].cnt);
		if (cases[i].first)
			assert_addr(out[0], cases[i].first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stale_nat),
		cmocka_unit_test(test_no_endpoints),
		cmocka_unit_test(test_no_endpoints_rule),
		cmocka_unit_test(test_rejected_pod),
		cmocka_unit_test(test_not_translated),
		cmocka_unit_test(test_announced_range),
		cmocka_unit_test(test_translated_unanswered),
		cmocka_unit_test(test_clash),
		cmocka_unit_test(test_upstream),
		cmocka_unit_test(test_upstream_recovers),
		cmocka_unit_test(test_upstreams_upstream),
		cmocka_unit_test(test_many_servers),
		cmocka_unit_test(test_kubelet_dns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
