// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that were lost, and what nf_tables traced: whichever is told first. A trace that is another
 * packet's tells nothing; two that differ, or counters that do, are told as that.
 */
#include "feed.h"

struct node {
	struct feed f;
	uint32_t us;
	uint64_t last_ns; /* end of the last reading of counters */
	struct obs_pkt lost;
};

static void open_it(struct node *n, const struct plan *p)
{
	*n = (struct node){ .us = 5 * US_PER_S };
	feed_open(&n->f, p, NULL);
	feed_node(&n->f, POOL_IPIP, 0);
}

static void settle(struct node *n)
{
	feed_ticks(&n->f, n->us, n->us + 500 * MS);
	n->us += 550 * MS;
}

static void close_it(struct node *n)
{
	feed_close(&n->f, n->us + US_PER_S);
}

static struct obs_pkt query(const struct node *n, uint16_t id)
{
	const struct plan *p = n->f.plan;
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, (uint16_t)(40000 + id), id);

	q = with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0);
	q.flags |= EV_F_DST | EV_F_DST_INPUT;
	q.iif = IF_CALI1;
	return q;
}

static void lose_it(struct node *n, struct obs_pkt q)
{
	n->lost = q;
	feed_drop(&n->f, n->us, IF_CALI1, "NETFILTER_DROP", "nft_do_chain", q);
	feed_ticks(&n->f, n->us + 50 * MS, n->us + 150 * MS);
	n->us += 200 * MS;
}

static void lose(struct node *n, uint16_t id)
{
	lose_it(n, query(n, id));
}

static struct obs_nftrace trace_of(const struct obs_pkt *q, const char *table, const char *chain)
{
	struct obs_nftrace t = {
		.src = q->src,
		.dst = q->dst,
		.proto = q->proto,
		.ip_id = q->ip_id,
		.sport = q->sport,
		.dport = q->dport,
		.handle = 7,
		.known = true,
		.rule.backend = NFB_NFT,
	};

	snprintf(t.rule.family, sizeof(t.rule.family), "ip");
	snprintf(t.rule.table, sizeof(t.rule.table), "%s", table);
	snprintf(t.rule.chain, sizeof(t.rule.chain), "%s", chain);
	snprintf(t.rule.text, sizeof(t.rule.text), "-p udp -j DROP");
	return t;
}

static void trace(struct node *n, struct obs_nftrace t)
{
	struct obs o = { .kind = OBS_NFTRACE, .nftrace = t };

	feed_obs(&n->f, n->us, &o);
	feed_ticks(&n->f, n->us + 10 * MS, n->us + 60 * MS);
	n->us += 100 * MS;
}

/* The counters, with one rule that counted so many packets (0: none, nothing stands there) */
static void look(struct node *n, const char *chain, uint64_t moved)
{
	struct obs o = { .kind = OBS_NFLOOK };

	feed_begin(&n->f, n->us, SOURCE_NFRULES);
	o.nflook.since_ns = n->last_ns;
	o.nflook.from_ns = FEED_T0 + (uint64_t)n->us * NS_PER_US;
	o.nflook.to_ns = n->last_ns = o.nflook.from_ns + NS_PER_MS;
	o.nflook.nft_rules = 40;
	feed_obs(&n->f, n->us, &o);
	if (moved) {
		o = (struct obs){ .kind = OBS_NFRULE };
		o.nfrule = trace_of(&n->lost, "filter", chain).rule;
		o.nfrule.hooks = 1 << NF_HOOK_FORWARD;
		o.nfrule.counted = true;
		o.nfrule.number = 2;
		o.nfrule.moved = moved;
		feed_obs(&n->f, n->us, &o);
	}
	feed_end(&n->f, n->us, SOURCE_NFRULES, SOURCE_OK);
	feed_ticks(&n->f, n->us + 10 * MS, n->us + 110 * MS);
	n->us += 150 * MS;
}

static void assert_cause(const struct node *n, enum cause c, enum confidence conf)
{
	const struct finding *x = finding_at(&n->f, 1);

	assert_string_equal(cause_name(x->cause), cause_name(c));
	if (c != C_UNKNOWN)
		assert_string_equal(confidence_name(chain_has(x, c)->confidence),
				    confidence_name(conf));
}

static void assert_says(const struct node *n, const char *text)
{
	if (!evidence_has(finding_at(&n->f, 1), text))
		fail_msg("no evidence says '%s'", text);
}

/* The packet is lost, then its trace is read; of any plan's addresses */
static void test_after(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct node n;

		open_it(&n, p);
		lose(&n, 1);
		trace(&n, trace_of(&n.lost, "filter", "FORWARD"));
		settle(&n);
		assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
		assert_says(&n,
			    "the rule with handle 7 of chain FORWARD (nf_tables, table ip filter)");
		assert_says(&n, "nft -a list chain ip filter FORWARD");
		assert_says(&n, "-p udp -j DROP");
		close_it(&n);
	}
}

/* The other way round: the tracer reads both, and the trace's turn comes first. */
static void test_before(void **state)
{
	struct node n;

	(void)state;
	open_it(&n, &plans[0]);
	n.lost = query(&n, 1);
	trace(&n, trace_of(&n.lost, "filter", "cali-po-default.deny"));
	lose_it(&n, n.lost);
	settle(&n);
	assert_cause(&n, C_POLICY_DENY, CONF_CERTAIN);
	assert_says(&n, "somebody has nf_tables trace packets");
	close_it(&n);
}

/* A rule that stands behind NAT sees another address than the one in front of it. */
static void test_translated(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_nftrace t;
	struct obs_pkt q;
	struct node n;

	(void)state;
	open_it(&n, p);
	q = query(&n, 1);
	q = with_ct(with_addrs(q, p->pod, p->service), p->pod, p->service, p->peer_pod, p->pod,
		    false);
	feed_path(&n.f, n.us, AT_TC_INGRESS, IF_CALI1, q);
	t = trace_of(&q, "filter", "FORWARD");
	t.dst = ip(p->peer_pod);
	n.us += 1;
	lose_it(&n, with_addrs(q, p->pod, p->peer_pod));
	trace(&n, t);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	close_it(&n);
}

/* In all but one thing it is the packet that was lost. */
static void test_others(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		struct obs_nftrace t;
		struct node n;

		open_it(&n, &plans[0]);
		lose(&n, 1);
		t = trace_of(&n.lost, "filter", "FORWARD");
		t.ip_id ^= i == 0;
		t.sport ^= i == 1;
		t.dport ^= i == 2;
		t.proto = i == 3 ? 6 : t.proto;
		t.src = i == 4 ? t.dst : t.src;
		/* the same one, when its number has long come again */
		n.us += i == 5 ? 2 * US_PER_S : 0;
		trace(&n, t);
		settle(&n);
		if (finding_at(&n.f, 1)->cause != C_UNKNOWN)
			fail_msg("case %d: cause %s", i, cause_name(finding_at(&n.f, 1)->cause));
		assert_false(evidence_has(finding_at(&n.f, 1), "nftrace"));
		close_it(&n);
	}
}

/* Traces of two packets of one finding that differ; more of the same kind are one. */
static void test_two(void **state)
{
	struct obs_nftrace t;
	struct node n;

	(void)state;
	open_it(&n, &plans[0]);
	lose(&n, 1);
	trace(&n, trace_of(&n.lost, "filter", "FORWARD"));
	lose(&n, 2);
	t = trace_of(&n.lost, "mine", "x");
	t.handle = 8;
	trace(&n, t);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	lose(&n, 3);
	trace(&n, trace_of(&n.lost, "filter", "cali-po-default.deny"));
	settle(&n);
	assert_cause(&n, C_UNKNOWN, 0);
	assert_says(&n, "of chain FORWARD");
	assert_says(&n, "of chain cali-po-default.deny");
	close_it(&n);
}

/* Counters that say the same, and that say something else */
static void test_counters(void **state)
{
	static const struct {
		const char *counted;
		enum confidence conf;
	} cases[] = {
		{ "FORWARD", CONF_CERTAIN },
		{ "cali-po-default.deny", CONF_LIKELY },
		{ NULL, CONF_CERTAIN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct node n;

		open_it(&n, &plans[0]);
		lose(&n, 1);
		look(&n, NULL, 0);
		for (uint16_t k = 2; k < 5; k++)
			lose(&n, k);
		look(&n, cases[i].counted, cases[i].counted ? 3 : 0);
		trace(&n, trace_of(&n.lost, "filter", "FORWARD"));
		settle(&n);
		assert_cause(&n, C_FOREIGN_FIREWALL, cases[i].conf);
		close_it(&n);
	}
}

/* Its rule was gone, or could not be asked for: its chain may say whose it is. */
static void test_rule_unknown(void **state)
{
	static const struct {
		const char *table, *chain;
		enum cause cause;
	} cases[] = {
		{ "filter", "FORWARD", C_FOREIGN_FIREWALL },
		{ "filter", "cali-po-default.deny", C_POLICY_DENY },
		{ "filter", "cali-from-wl-dispatch", C_UNKNOWN_INTERFACE },
		/* policies' verdicts, and those of the rule for INVALID packets */
		{ "filter", "cali-fw-cali111111", C_UNKNOWN },
		{ "calico", "filter-cali-tw-cali111111", C_UNKNOWN },
		{ "filter", "cali-INPUT", C_UNKNOWN },
		{ "filter", "KUBE-FORWARD", C_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct obs_nftrace t;
		struct node n;

		open_it(&n, &plans[0]);
		lose(&n, 1);
		t = trace_of(&n.lost, cases[i].table, cases[i].chain);
		t.known = false;
		t.rule.text[0] = '\0';
		trace(&n, t);
		settle(&n);
		if (finding_at(&n.f, 1)->cause != cases[i].cause)
			print_message("%s\n", cases[i].chain);
		assert_cause(&n, cases[i].cause, CONF_CERTAIN);
		close_it(&n);
	}
}

/* The policy of a chain is no rule, and has no handle. */
static void test_policy(void **state)
{
	struct obs_nftrace t;
	struct node n;

	(void)state;
	open_it(&n, &plans[0]);
	lose(&n, 1);
	t = trace_of(&n.lost, "filter", "FORWARD");
	t.handle = 0;
	t.rule.verdict = NFV_POLICY;
	trace(&n, t);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	assert_says(&n, "the policy of chain FORWARD");
	close_it(&n);
}

/* Traces of what nobody misses, as many as there may be: nothing is told of them, nothing grows. */
static void test_many(void **state)
{
	struct obs_nftrace t;
	struct node n;

	(void)state;
	open_it(&n, &plans[0]);
	lose(&n, 1);
	t = trace_of(&n.lost, "filter", "FORWARD");
	for (uint32_t i = 1; i < 1000; i++) {
		struct obs o = { .kind = OBS_NFTRACE, .nftrace = t };

		o.nftrace.ip_id = (uint16_t)(t.ip_id + i);
		feed_obs(&n.f, n.us, &o);
	}
	settle(&n);
	assert_cause(&n, C_UNKNOWN, 0);
	close_it(&n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after),	     cmocka_unit_test(test_before),
		cmocka_unit_test(test_translated),   cmocka_unit_test(test_others),
		cmocka_unit_test(test_two),	     cmocka_unit_test(test_counters),
		cmocka_unit_test(test_rule_unknown), cmocka_unit_test(test_policy),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
