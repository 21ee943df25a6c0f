// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who filtered it: readings of the packet filters' counters, from observations alone. The right rule is
 * named with all that is told; with less, no rule rather than a wrong one.
 */
#include "lossy_node.h"

#include "nfclass.h"

#define FWD (1 << NF_HOOK_FORWARD)
#define IN (1 << NF_HOOK_INPUT)
#define OUT (1 << NF_HOOK_OUTPUT)
#define PRE (1 << NF_HOOK_PREROUTING)

static struct obs_nfrule rule(uint8_t hooks, const char *table, const char *chain, uint64_t moved)
{
	struct obs_nfrule r = {
		.hooks = hooks, .counted = true, .number = 2, .alike = !moved, .moved = moved
	};

	snprintf(r.family, sizeof(r.family), "ip");
	snprintf(r.table, sizeof(r.table), "%s", table);
	snprintf(r.chain, sizeof(r.chain), "%s", chain);
	snprintf(r.text, sizeof(r.text), "-p udp --dport 53 -j DROP");
	return r;
}

static struct obs_nfrule silent(uint8_t hooks, const char *table, const char *chain)
{
	struct obs_nfrule r = rule(hooks, table, chain, 0);

	r.counted = false;
	return r;
}

static struct obs_nfrule with_comment(struct obs_nfrule r, const char *comment)
{
	snprintf(r.comment, sizeof(r.comment), "%s", comment);
	return r;
}

static struct obs_nfrule with_in(struct obs_nfrule r, const char *in)
{
	snprintf(r.in, sizeof(r.in), "%s", in);
	return r;
}

static struct obs_nfrule for_invalid(struct obs_nfrule r)
{
	r.invalid = true;
	return r;
}

static struct obs_nfrule for_rpf(struct obs_nfrule r)
{
	r.rpfilter = true;
	return r;
}

static struct obs_nfrule policy(struct obs_nfrule r)
{
	r.verdict = NFV_POLICY;
	r.number = 0;
	return r;
}

static struct obs_nfrule legacy(struct obs_nfrule r)
{
	r.backend = NFB_LEGACY;
	return r;
}

/* ---- whose a rule is ---- */

static void test_class(void **state)
{
	const struct {
		struct obs_nfrule r;
		enum cause cause;
		const char *policy;
	} cases[] = {
		{ rule(FWD, "filter", "cali-po-default.deny", 0), C_POLICY_DENY,
		  "policy default.deny" },
		{ with_comment(rule(FWD, "filter", "cali-pi-_AbCdEf", 0), "Policy ns/name ingress"),
		  C_POLICY_DENY, "policy ns/name" },
		{ rule(FWD, "filter", "cali-pi-_AbCdEf", 0), C_POLICY_DENY, "" },
		{ rule(FWD, "filter", "cali-pro-kns.default", 0), C_POLICY_DENY,
		  "profile kns.default" },
		{ with_comment(rule(FWD, "filter", "cali-tw-cali1", 0),
			       "End of tier default. Drop if no policies passed packet"),
		  C_POLICY_DENY, "" },
		{ for_invalid(rule(FWD, "filter", "cali-fw-cali1", 0)), C_CONNTRACK_INVALID, "" },
		{ rule(FWD, "filter", "cali-from-wl-dispatch-5", 0), C_UNKNOWN_INTERFACE, "" },
		{ rule(FWD, "filter", "cali-to-wl-dispatch", 0), C_UNKNOWN_INTERFACE, "" },
		{ rule(IN, "filter", "cali-wl-to-host", 0), C_WL_TO_HOST, "" },
		{ for_rpf(rule(PRE, "raw", "cali-PREROUTING", 0)), C_CALICO_RPF, "" },
		{ rule(PRE, "raw", "cali-PREROUTING", 0), C_UNKNOWN, "" },
		{ with_comment(rule(IN, "filter", "cali-INPUT", 0),
			       "Drop IPIP packets from non-Calico hosts"),
		  C_PEER_NOT_IN_ALLOWLIST, "" },
		{ rule(FWD, "filter", "cali-cidr-block", 0), C_UNKNOWN, "" },
		/* v3.29 and later, with nf_tables */
		{ rule(FWD, "calico", "filter-cali-po-default.deny", 0), C_POLICY_DENY,
		  "policy default.deny" },
		{ for_rpf(rule(PRE, "calico", "raw-cali-PREROUTING", 0)), C_CALICO_RPF, "" },
		{ rule(FWD, "calico", "filter-FORWARD", 0), C_UNKNOWN, "" },
		/* others */
		{ for_invalid(rule(FWD, "filter", "KUBE-FORWARD", 0)), C_CONNTRACK_INVALID, "" },
		{ with_comment(rule(FWD, "filter", "KUBE-SERVICES", 0),
			       "default/x has no endpoints"),
		  C_NO_ENDPOINTS, "" },
		{ rule(FWD, "filter", "KUBE-FIREWALL", 0), C_UNKNOWN, "" },
		{ rule(FWD, "filter", "FORWARD", 0), C_FOREIGN_FIREWALL, "" },
		{ rule(FWD, "filter", "DOCKER-ISOLATION", 0), C_FOREIGN_FIREWALL, "" },
		{ for_invalid(rule(FWD, "filter", "ufw-before-forward", 0)), C_FOREIGN_FIREWALL,
		  "" },
		/* names that only look like Calico's */
		{ rule(FWD, "filter", "calico-po-x", 0), C_FOREIGN_FIREWALL, "" },
		{ rule(FWD, "mine", "x-cali-po-y", 0), C_FOREIGN_FIREWALL, "" },
	};
	char name[NFR_COMMENT_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (nfclass(&cases[i].r) != cases[i].cause)
			fail_msg("chain %s is %s", cases[i].r.chain,
				 cause_name(nfclass(&cases[i].r)));
		nfclass_policy(&cases[i].r, name, sizeof(name));
		assert_string_equal(name, cases[i].policy);
	}
}

/* ---- what two readings prove ---- */

#define MAX_RULES 4
struct scene {
	const char *name;
	struct obs_nfrule r[MAX_RULES];
	enum cause cause;
	enum confidence conf;
	const char *evidence; /* a part of it, NULL: any */
};

/* Three packets are lost between the readings. */
static void play(const struct scene *s)
{
	size_t cnt = 0;
	struct node n;

	while (cnt < MAX_RULES && s->r[cnt].chain[0])
		cnt++;
	open_node(&n, &plans[0], "nf_hook_slow");
	lose_some(&n, 1);
	assert_true(engine__rules_wanted(n.f.engine));
	look(&n, NULL, 0);
	assert_false(engine__rules_wanted(n.f.engine));
	lose_some(&n, 3);
	assert_true(engine__rules_wanted(n.f.engine));
	look(&n, s->r, cnt);
	settle(&n);
	if (finding_at(&n.f, 1)->cause != s->cause)
		print_message("%s\n", s->name);
	assert_cause(&n, s->cause, s->conf);
	if (s->evidence && !evidence_has(finding_at(&n.f, 1), s->evidence))
		fail_msg("%s: no evidence says '%s'", s->name, s->evidence);
	/* once is enough */
	lose_some(&n, 5);
	assert_false(engine__rules_wanted(n.f.engine));
	close_node(&n);
}

static void test_counters(void **state)
{
	const struct scene scenes[] = {
		{ "one rule, all of it",
		  { rule(FWD, "filter", "cali-po-a.b", 3) },
		  C_POLICY_DENY,
		  CONF_CERTAIN,
		  "rule 2 of chain cali-po-a.b" },
		{ "a packet that was not traced",
		  { rule(FWD, "filter", "cali-po-a.b", 4) },
		  C_POLICY_DENY,
		  CONF_CERTAIN,
		  NULL },
		{ "a little more than was traced",
		  { rule(FWD, "filter", "cali-po-a.b", 6) },
		  C_POLICY_DENY,
		  CONF_LIKELY,
		  NULL },
		{ "much more: others were dropped, too",
		  { rule(FWD, "filter", "FORWARD", 300) },
		  C_FOREIGN_FIREWALL,
		  CONF_LIKELY,
		  "300 packets" },
		{ "less than was lost",
		  { rule(FWD, "filter", "FORWARD", 2) },
		  C_UNKNOWN,
		  0,
		  "no rule that drops in forward counted the 3 packets" },
		{ "two rules of one kind",
		  { rule(FWD, "filter", "FORWARD", 1), rule(FWD, "mine", "x", 2) },
		  C_FOREIGN_FIREWALL,
		  CONF_CERTAIN,
		  NULL },
		{ "two kinds, one fits",
		  { rule(FWD, "filter", "cali-po-a.b", 3), rule(FWD, "mine", "x", 1) },
		  C_POLICY_DENY,
		  CONF_LIKELY,
		  NULL },
		{ "two kinds that fit",
		  { rule(FWD, "filter", "cali-po-a.b", 3), rule(FWD, "mine", "x", 4) },
		  C_UNKNOWN,
		  0,
		  "several rules" },
		{ "two kinds, none fits",
		  { rule(FWD, "filter", "cali-po-a.b", 300), rule(FWD, "mine", "x", 300) },
		  C_UNKNOWN,
		  0,
		  NULL },
		{ "another hook", { rule(IN, "filter", "INPUT", 3) }, C_UNKNOWN, 0, NULL },
		{ "another device",
		  { with_in(rule(FWD, "filter", "FORWARD", 3), "eth0") },
		  C_UNKNOWN,
		  0,
		  NULL },
		{ "that device",
		  { with_in(rule(FWD, "filter", "FORWARD", 3), "cali*") },
		  C_FOREIGN_FIREWALL,
		  CONF_CERTAIN,
		  NULL },
		{ "another pod's chain",
		  { rule(FWD, "filter", "cali-fw-cali222222", 3) },
		  C_UNKNOWN,
		  0,
		  NULL },
		{ "the pod's own chain",
		  { rule(FWD, "filter", "cali-fw-cali111111", 3) },
		  C_POLICY_DENY,
		  CONF_CERTAIN,
		  NULL },
		{ "INVALID",
		  { for_invalid(rule(FWD, "filter", "cali-fw-cali111111", 3)) },
		  C_CONNTRACK_INVALID,
		  CONF_CERTAIN,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		play(&scenes[i]);
}

/* Others', and rules without counters */
static void test_other_rules(void **state)
{
	const struct scene scenes[] = {
		{ "unknown interface",
		  { rule(FWD, "filter", "cali-from-wl-dispatch", 3) },
		  C_UNKNOWN_INTERFACE,
		  CONF_CERTAIN,
		  NULL },
		{ "kube-proxy's own",
		  { rule(FWD, "filter", "KUBE-FIREWALL", 3) },
		  C_UNKNOWN,
		  0,
		  "KUBE-FIREWALL" },
		{ "a rule without counter, and one that counts",
		  { rule(FWD, "filter", "cali-po-a.b", 3), silent(FWD, "mine", "x") },
		  C_POLICY_DENY,
		  CONF_LIKELY,
		  NULL },
		{ "a rule without counter, and one that counts too much",
		  { rule(FWD, "filter", "cali-po-a.b", 300), silent(FWD, "mine", "x") },
		  C_UNKNOWN,
		  0,
		  "has no counter" },
		{ "only a rule without counter",
		  { silent(FWD, "mine", "x"), rule(FWD, "filter", "cali-po-a.b", 0) },
		  C_FOREIGN_FIREWALL,
		  CONF_LIKELY,
		  "no other one moved" },
		{ "several kinds without counter",
		  { silent(FWD, "mine", "x"), silent(FWD, "calico", "filter-cali-po-a") },
		  C_UNKNOWN,
		  0,
		  "cannot be told" },
		{ "both backends",
		  { legacy(rule(FWD, "filter", "FORWARD", 3)) },
		  C_FOREIGN_FIREWALL,
		  CONF_CERTAIN,
		  "legacy iptables (1)" },
		{ "kube-proxy's, of a service without endpoints",
		  { with_comment(rule(FWD, "filter", "KUBE-SERVICES", 3), "a/b has no endpoints") },
		  C_UNKNOWN,
		  0,
		  "has no endpoints" },
		{ "a policy of a chain",
		  { policy(rule(FWD, "filter", "FORWARD", 3)) },
		  C_FOREIGN_FIREWALL,
		  CONF_CERTAIN,
		  "the policy of chain FORWARD" },
		{ "nothing at all", { { 0 } }, C_UNKNOWN, 0, "no rule that drops" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		play(&scenes[i]);
}

/* What nf_tables drops is freed in a place of its own: no legacy rule did that. */
static void test_place(void **state)
{
	const struct obs_nfrule r[] = { legacy(rule(FWD, "filter", "FORWARD", 3)),
					rule(FWD, "filter", "cali-po-a.b", 3) };
	struct node n;

	(void)state;
	open_node(&n, &plans[0], "nft_do_chain");
	lose_some(&n, 1);
	look(&n, NULL, 0);
	lose_some(&n, 3);
	look(&n, r, ARRAY_SIZE(r));
	settle(&n);
	assert_cause(&n, C_POLICY_DENY, CONF_CERTAIN);
	close_node(&n);
}

/* ---- with less ---- */

/* One packet, and never another: where only one kind of rule stands, it was that. */
static void test_first_alone(void **state)
{
	const struct {
		struct obs_nfrule r[3];
		enum cause cause;
	} cases[] = {
		{ { rule(FWD, "filter", "FORWARD", 0) }, C_FOREIGN_FIREWALL },
		{ { rule(FWD, "filter", "FORWARD", 0), rule(FWD, "filter", "cali-tw-cali1", 0) },
		  C_FOREIGN_FIREWALL },
		{ { rule(FWD, "filter", "FORWARD", 0),
		    rule(FWD, "filter", "cali-fw-cali111111", 0) },
		  C_UNKNOWN },
		{ { rule(IN, "filter", "INPUT", 0) }, C_UNKNOWN },
		{ { { 0 } }, C_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t cnt = 0;
		struct node n;

		while (cnt < 3 && cases[i].r[cnt].chain[0])
			cnt++;
		open_node(&n, &plans[0], "nf_hook_slow");
		lose_some(&n, 1);
		look(&n, cases[i].r, cnt);
		settle(&n);
		assert_cause(&n, cases[i].cause, CONF_LIKELY);
		close_node(&n);
	}
}

/* A rule that stands for those of many pods may stand for this one's. */
static void test_alike(void **state)
{
	struct obs_nfrule r[] = { for_invalid(rule(FWD, "filter", "cali-fw-cali222222", 0)),
				  rule(FWD, "filter", "cali-from-wl-dispatch", 0) };
	struct node n;

	(void)state;
	r[0].alike = 2;
	open_node(&n, &plans[0], "nf_hook_slow");
	lose_some(&n, 1);
	look(&n, r, ARRAY_SIZE(r));
	settle(&n);
	assert_cause(&n, C_UNKNOWN, CONF_UNCLEAR);
	close_node(&n);
}

static void test_not_readable(void **state)
{
	const struct {
		enum source_state state;
		bool too_many;
		const char *evidence;
	} cases[] = {
		{ SOURCE_DENIED, false, "denied" },
		{ SOURCE_TIMEOUT, false, "timeout" },
		{ SOURCE_OK, true, "more than 5000 rules" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct obs o = { .kind = OBS_NFLOOK };
		struct node n;

		open_node(&n, &plans[0], "nf_hook_slow");
		lose_some(&n, 1);
		feed_begin(&n.f, n.us, SOURCE_NFRULES);
		o.nflook.too_many = cases[i].too_many;
		if (cases[i].state == SOURCE_OK)
			feed_obs(&n.f, n.us, &o);
		feed_end(&n.f, n.us, SOURCE_NFRULES, cases[i].state);
		settle(&n);
		lose_some(&n, 3);
		assert_false(engine__rules_wanted(n.f.engine));
		assert_cause(&n, C_UNKNOWN, CONF_UNCLEAR);
		assert_true(evidence_has(finding_at(&n.f, 1), cases[i].evidence));
		close_node(&n);
	}
}

/* Readings without a loss of the finding in between are no use to it, and not for ever. */
static void test_no_loss_between(void **state)
{
	const struct obs_nfrule r[] = { rule(FWD, "filter", "cali-po-a.b", 3) };
	struct node n;

	(void)state;
	open_node(&n, &plans[0], "nf_hook_slow");
	lose_some(&n, 1);
	look(&n, NULL, 0);
	for (int i = 0; i < 4; i++) {
		assert_false(engine__rules_wanted(n.f.engine));
		look(&n, r, 1);
		assert_cause(&n, C_UNKNOWN, CONF_UNCLEAR);
	}
	lose_some(&n, 5);
	assert_false(engine__rules_wanted(n.f.engine));
	close_node(&n);
}

/* With a reading from before the fault the first one of the finding tells who it was. */
static void test_from_start(void **state)
{
	static const struct {
		uint32_t s; /* seconds from one to the other */
		int lost;
		uint64_t cali, mine;
		bool silent;
		enum cause cause;
		enum confidence conf;
	} cases[] = {
		{ 1, 3, 3, 0, false, C_POLICY_DENY, CONF_CERTAIN },
		{ 1, 1, 1, 0, false, C_POLICY_DENY, CONF_LIKELY },
		{ 250, 3, 3, 0, false, C_POLICY_DENY, CONF_CERTAIN },
		{ 400, 3, 3, 0, false, C_UNKNOWN, 0 }, /* too long ago */
		{ 1, 3, 3, 1, false, C_UNKNOWN, 0 },   /* another kind moved, too */
		{ 1, 3, 2, 0, false, C_UNKNOWN, 0 },   /* less than was lost */
		{ 1, 3, 50, 0, false, C_UNKNOWN, 0 },  /* much more */
		{ 1, 3, 3, 0, true, C_UNKNOWN, 0 },    /* one without counter stands there */
		{ 1, 3, 0, 0, true, C_FOREIGN_FIREWALL, CONF_LIKELY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct obs_nfrule r[] = { rule(FWD, "filter", "cali-po-a.b", cases[i].cali),
					  rule(FWD, "mine", "x", cases[i].mine) };
		struct node n;

		r[1].counted = !cases[i].silent;
		open_node(&n, &plans[0], "nf_hook_slow");
		look(&n, NULL, 0);
		n.us += cases[i].s * US_PER_S;
		lose_some(&n, cases[i].lost);
		assert_true(engine__rules_wanted(n.f.engine));
		look(&n, r, ARRAY_SIZE(r));
		settle(&n);
		if (finding_at(&n.f, 1)->cause != cases[i].cause)
			print_message("case %zu\n", i);
		assert_cause(&n, cases[i].cause, cases[i].conf);
		close_node(&n);
	}
}

/* The first reading found it, and the second one comes when the rule is gone, or finds another. */
static void test_first_and_second(void **state)
{
	const struct obs_nfrule r[] = { rule(FWD, "filter", "cali-po-a.b", 3) };
	const struct obs_nfrule other[] = { rule(FWD, "mine", "x", 3) };
	struct node n;

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_node(&n, &plans[0], "nf_hook_slow");
		look(&n, NULL, 0);
		lose_some(&n, 3);
		look(&n, r, 1);
		assert_cause(&n, C_POLICY_DENY, CONF_CERTAIN);
		lose_some(&n, 3);
		look(&n, other, (size_t)i);
		settle(&n);
		assert_cause(&n, i ? C_UNKNOWN : C_POLICY_DENY, CONF_CERTAIN);
		close_node(&n);
	}
}

/* It recovers, and an hour later the same packets are lost by somebody else's doing. */
static void test_again(void **state)
{
	const struct obs_nfrule r[] = { rule(FWD, "filter", "cali-po-a.b", 3) };
	const struct obs_nfrule other[] = { rule(FWD, "mine", "x", 3) };
	struct obs_pkt q;
	struct node n;

	(void)state;
	open_node(&n, &plans[0], "nf_hook_slow");
	look(&n, NULL, 0);
	lose_some(&n, 3);
	look(&n, r, 1);
	assert_cause(&n, C_POLICY_DENY, CONF_CERTAIN);
	q = pkt_dns(n.f.plan->pod, n.f.plan->peer_pod, 50000, 99);
	feed_sent(&n.f, n.us, q);
	feed_back(&n.f, n.us + 1000, pkt_reply(&q));
	settle(&n);
	assert_true(finding_at(&n.f, 1)->recovered);
	n.us += 600 * US_PER_S;
	lose_some(&n, 1);
	assert_true(engine__rules_wanted(n.f.engine));
	look(&n, NULL, 0);
	lose_some(&n, 3);
	look(&n, other, 1);
	settle(&n);
	assert_cause(&n, C_FOREIGN_FIREWALL, CONF_CERTAIN);
	close_node(&n);
}

/* A second reading whose first one nobody saw: a part of a capture. Rules outside of a round. */
static void test_torn(void **state)
{
	const struct obs_nfrule r[] = { rule(FWD, "filter", "cali-po-a.b", 3),
					rule(FWD, "filter", "FORWARD", 0) };
	struct obs o = { .kind = OBS_NFRULE };
	struct node n;

	(void)state;
	open_node(&n, &plans[0], "nf_hook_slow");
	lose_some(&n, 3);
	n.last_ns = FEED_T0 + 1;
	look(&n, r, ARRAY_SIZE(r));
	settle(&n);
	assert_cause(&n, C_UNKNOWN, CONF_UNCLEAR);
	o.nfrule = r[0];
	feed_obs(&n.f, n.us, &o);
	feed_end(&n.f, n.us, SOURCE_NFRULES, SOURCE_OK);
	settle(&n);
	assert_cause(&n, C_UNKNOWN, CONF_UNCLEAR);
	close_node(&n);
}

/* ---- without rules ---- */

static void test_programs(void **state)
{
	static const struct {
		const char *reason, *location;
		bool bpf; /* Calico's eBPF data plane */
		enum cause cause;
		enum confidence conf;
	} cases[] = {
		{ "TC_INGRESS", "__netif_receive_skb_core", false, C_FOREIGN_FIREWALL,
		  CONF_CERTAIN },
		{ "TC_INGRESS", "__netif_receive_skb_core", true, C_UNKNOWN, CONF_UNCLEAR },
		{ "", "__netif_receive_skb_core", false, C_FOREIGN_FIREWALL, CONF_LIKELY },
		{ "XDP", "do_xdp_generic", false, C_FOREIGN_FIREWALL, CONF_CERTAIN },
		{ "NOT_SPECIFIED", "do_xdp_generic", false, C_FOREIGN_FIREWALL, CONF_LIKELY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[0];
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		if (cases[i].bpf)
			feed_link(&f, 500, 77, "bpfin.cali", "veth", true, "calico-node");
		feed_drop(&f, 1000, IF_CALI1, cases[i].reason, cases[i].location,
			  pkt_dns(p->pod, p->peer_pod, 40001, 1));
		feed_ticks(&f, 50 * MS, 400 * MS);
		assert_verdict(said(&f, 1), V_FILTERED);
		assert_false(engine__rules_wanted(f.engine));
		assert_string_equal(cause_name(finding_at(&f, 1)->cause),
				    cause_name(cases[i].cause));
		if (cases[i].cause != C_UNKNOWN)
			assert_int_equal(chain_has(finding_at(&f, 1), cases[i].cause)->confidence,
					 cases[i].conf);
		feed_close(&f, US_PER_S);
	}
}

static void tell_rp_filter(struct feed *f, uint32_t us, int all, int def, int dev)
{
	struct obs o = { .kind = OBS_SYSCTL };

	feed_begin(f, us, SOURCE_SYSCTL);
	o.sysctl = (struct obs_sysctl){ 0, (int8_t)all, 1, 0, 1 };
	feed_obs(f, us, &o);
	o.sysctl = (struct obs_sysctl){ SYSCTL_DEFAULT, (int8_t)def, 1, 0, -1 };
	feed_obs(f, us, &o);
	o.sysctl = (struct obs_sysctl){ IF_CALI1, (int8_t)dev, 1, 1, -1 };
	feed_obs(f, us, &o);
	o.sysctl = (struct obs_sysctl){ IF_TUNNEL, (int8_t)dev, 1, 0, -1 };
	feed_obs(f, us, &o);
	feed_end(f, us, SOURCE_SYSCTL, SOURCE_OK);
}

static void test_rp_filter(void **state)
{
	static const struct {
		int all, def, dev;
		uint32_t ifindex;
		enum cause cause;
	} cases[] = {
		{ 0, 1, 1, IF_CALI1, C_CALICO_RPF },
		{ 1, 1, 1, IF_CALI1, C_CALICO_RPF },
		{ 0, 0, 1, IF_CALI1, C_UNKNOWN }, /* not by Felix */
		{ 1, 0, 0, IF_CALI1, C_UNKNOWN },
		{ 0, 1, 0, IF_CALI1, C_UNKNOWN },  /* whoever set it has reset it */
		{ 2, 1, 1, IF_CALI1, C_UNKNOWN },  /* loose */
		{ 0, 1, 1, IF_TUNNEL, C_UNKNOWN }, /* no device of Felix' */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[0];
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		tell_rp_filter(&f, 500, cases[i].all, cases[i].def, cases[i].dev);
		feed_drop(&f, 1000, cases[i].ifindex, "IP_RPFILTER", "ip_rcv_finish_core",
			  pkt_dns(p->pod2, p->peer_pod, 40001, 1));
		feed_ticks(&f, 50 * MS, 400 * MS);
		assert_verdict(said(&f, 1), V_RP_FILTER);
		assert_int_equal(chain_has(finding_at(&f, 1), C_CALICO_RPF) != NULL,
				 cases[i].cause == C_CALICO_RPF);
		feed_close(&f, US_PER_S);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_class),	     cmocka_unit_test(test_counters),
		cmocka_unit_test(test_other_rules),  cmocka_unit_test(test_place),
		cmocka_unit_test(test_first_alone),  cmocka_unit_test(test_alike),
		cmocka_unit_test(test_not_readable), cmocka_unit_test(test_no_loss_between),
		cmocka_unit_test(test_from_start),   cmocka_unit_test(test_first_and_second),
		cmocka_unit_test(test_torn),	     cmocka_unit_test(test_again),
		cmocka_unit_test(test_programs),     cmocka_unit_test(test_rp_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
