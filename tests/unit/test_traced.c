// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that were lost, and what nf_tables traced: whichever is told first. A trace that is another
 * packet's tells nothing; two that differ, or counters that do, are told as that.
 */
#include "lossy_node.h"

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

/* A node that lost a packet, and what a trace of that would say */
static struct obs_nftrace open_lost(struct node *n, const char *table, const char *chain)
{
	open_node(n, &plans[0], "nft_do_chain");
	lose_some(n, 1);
	return trace_of(&n->lost, table, chain);
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

		open_node(&n, p, "nft_do_chain");
		lose_some(&n, 1);
		trace(&n, trace_of(&n.lost, "filter", "FORWARD"));
		settle(&n);
		assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
		assert_says(&n,
			    "the rule with handle 7 of chain FORWARD (nf_tables, table ip filter)");
		assert_says(&n, "nft -a list chain ip filter FORWARD");
		assert_says(&n, "-p udp -j DROP");
		close_node(&n);
	}
}

/* The other way round: the tracer reads both, and the trace's turn comes first. */
static void test_before(void **state)
{
	struct node n;

	(void)state;
	open_node(&n, &plans[0], "nft_do_chain");
	n.lost = query(&n, 1);
	trace(&n, trace_of(&n.lost, "filter", "cali-po-default.deny"));
	lose(&n, n.lost);
	settle(&n);
	assert_cause(&n, C_POLICY_DENY, CONF_CERTAIN);
	assert_says(&n, "somebody has nf_tables trace packets");
	close_node(&n);
}

/* A rule that stands behind NAT sees another address than the one in front of it. */
static void test_translated(void **state)
{
	const struct plan *p = &plans[0];
	struct obs_nftrace t;
	struct obs_pkt q;
	struct node n;

	(void)state;
	open_node(&n, p, "nft_do_chain");
	q = query(&n, 1);
	q = with_ct(with_addrs(q, p->pod, p->service), p->pod, p->service, p->peer_pod, p->pod,
		    false);
	feed_path(&n.f, n.us, AT_TC_INGRESS, IF_CALI1, q);
	t = trace_of(&q, "filter", "FORWARD");
	t.dst = ip(p->peer_pod);
	n.us += 1;
	lose(&n, with_addrs(q, p->pod, p->peer_pod));
	trace(&n, t);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	close_node(&n);
}

/* In all but one thing it is the packet that was lost. */
static void test_others(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		struct obs_nftrace t;
		struct node n;

		t = open_lost(&n, "filter", "FORWARD");
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
		close_node(&n);
	}
}

/* Traces of two packets of one finding that differ; more of the same kind are one. */
static void test_two(void **state)
{
	struct obs_nftrace t;
	struct node n;

	(void)state;
	trace(&n, open_lost(&n, "filter", "FORWARD"));
	lose_some(&n, 1);
	t = trace_of(&n.lost, "mine", "x");
	t.handle = 8;
	trace(&n, t);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	lose_some(&n, 1);
	trace(&n, trace_of(&n.lost, "filter", "cali-po-default.deny"));
	settle(&n);
	assert_cause(&n, C_UNKNOWN, 0);
	assert_says(&n, "of chain FORWARD");
	assert_says(&n, "of chain cali-po-default.deny");
	close_node(&n);
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
		{ "", CONF_CERTAIN }, /* nothing stands there */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct obs_nfrule rule;
		struct node n;

		open_lost(&n, "filter", "FORWARD");
		look(&n, NULL, 0);
		lose_some(&n, 3);
		rule = trace_of(&n.lost, "filter", cases[i].counted).rule;
		rule.hooks = 1 << NF_HOOK_FORWARD;
		rule.counted = true;
		rule.number = 2;
		rule.moved = 3;
		look(&n, &rule, *cases[i].counted ? 1 : 0);
		trace(&n, trace_of(&n.lost, "filter", "FORWARD"));
		settle(&n);
		assert_cause(&n, C_FOREIGN_FIREWALL, cases[i].conf);
		close_node(&n);
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

		t = open_lost(&n, cases[i].table, cases[i].chain);
		t.known = false;
		t.rule.text[0] = '\0';
		trace(&n, t);
		settle(&n);
		if (finding_at(&n.f, 1)->cause != cases[i].cause)
			print_message("%s\n", cases[i].chain);
		assert_cause(&n, cases[i].cause, CONF_CERTAIN);
		close_node(&n);
	}
}

/* The policy of a chain is no rule, and has no handle. */
static void test_policy(void **state)
{
	struct obs_nftrace t;
	struct node n;

	(void)state;
	t = open_lost(&n, "filter", "FORWARD");
	t.handle = 0;
	t.rule.verdict = NFV_POLICY;
	trace(&n, t);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	assert_says(&n, "the policy of chain FORWARD");
	close_node(&n);
}

/* Traces of what nobody misses, as many as there may be: nothing is told of them, nothing grows. */
static void test_many(void **state)
{
	struct obs_nftrace t;
	struct node n;

	(void)state;
	t = open_lost(&n, "filter", "FORWARD");
	for (uint32_t i = 1; i < 1000; i++) {
		struct obs o = { .kind = OBS_NFTRACE, .nftrace = t };

		o.nftrace.ip_id = (uint16_t)(t.ip_id + i);
		feed_obs(&n.f, n.us, &o);
	}
	settle(&n);
	assert_cause(&n, C_UNKNOWN, 0);
	close_node(&n);
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
