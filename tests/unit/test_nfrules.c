// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readings of packet filters: of the kernel's own, in a network namespace each, as iptables and nft make
 * them; and of what no kernel would say. Where the programs or the kernel lack it, it is skipped.
 */
#include "state_fixture.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>

#include "nfclass.h"
#include "nfrules.h"

/* ---- what the kernel has ---- */

static int net_setup(void **state)
{
	static bool there;

	*state = unshare(CLONE_NEWNET) ? NULL : &there;
	return 0;
}

/* False: it cannot be done here */
static bool run(const char *commands)
{
	char line[2048];

	snprintf(line, sizeof(line), "{ %s\n} >/dev/null 2>&1", commands);
	return system(line) == 0;
}

static void need(void **state, bool works, const char *what)
{
	if (*state && works)
		return;
	print_message("no %s here\n", *state ? what : "network namespace");
	skip();
}

static struct told read_rules(struct nfrules **last)
{
	bool second = *last;
	struct told t = { 0 };

	assert_int_equal(state_nfrules(last, 7, on_obs, &t), 0);
	assert_int_equal(t.begin.id, SOURCE_NFRULES);
	assert_int_equal(t.end.state, SOURCE_OK);
	assert_true(t.cnt >= 1 && t.cnt <= TOLD_MAX);
	assert_int_equal(t.obs[0].kind, OBS_NFLOOK);
	assert_int_equal(!!t.obs[0].nflook.since_ns, second);
	return t;
}

/* NULL: there is none */
static const struct obs_nfrule *rule_of(const struct told *t, const char *chain, uint32_t number)
{
	for (size_t i = 1; i < t->cnt; i++)
		if (!strcmp(t->obs[i].nfrule.chain, chain) && t->obs[i].nfrule.number == number)
			return &t->obs[i].nfrule;
	return NULL;
}

/* The same, of one that has to be there */
static const struct obs_nfrule *the_rule(const struct told *t, const char *chain, uint32_t number)
{
	const struct obs_nfrule *r = rule_of(t, chain, number);

	if (!r)
		fail_msg("no rule %u of chain %s is told", number, chain);
	return r;
}

/* Nothing comes into being by being asked for. */
static void test_nothing(void **state)
{
	struct nfrules *last = NULL;
	struct told t;

	need(state, true, "");
	t = read_rules(&last);
	assert_int_equal(t.cnt, 1);
	assert_int_equal(t.obs[0].nflook.nft_rules, 0);
	assert_int_equal(t.obs[0].nflook.legacy_rules, 0);
	nfrules_drop(&last);
	/* grep fails on an empty file */
	assert_false(run("grep -q . /proc/net/ip_tables_names"));
}

/* The same rules, by either backend */
static void calicos(void **state, const char *iptables, enum nf_backend backend)
{
	const struct obs_nfrule *r;
	struct nfrules *last = NULL;
	char line[1600];
	struct told t;

	snprintf(
		line, sizeof(line),
		"set -e; ip link set lo up; %s-restore <<'END'\n"
		"*filter\n:FORWARD DROP\n:cali-FORWARD -\n:cali-from-wl-dispatch -\n:cali-fw-cali1 -\n"
		":cali-po-x.deny -\n:unused -\n"
		"-A INPUT -j cali-FORWARD\n"
		"-A INPUT -i lo+ -d 127.0.0.9/32 -p udp -m udp --dport 53 -m comment --comment mine -j DROP\n"
		"-A INPUT -i lo ! -s 127.0.0.7 -p udp -j DROP\n"
		"-A cali-FORWARD -i lo -j cali-from-wl-dispatch\n"
		"-A cali-from-wl-dispatch -d 127.0.0.8 -g cali-fw-cali1\n"
		"-A cali-fw-cali1 -m conntrack --ctstate INVALID -j DROP\n"
		"-A cali-fw-cali1 -j cali-po-x.deny\n"
		"-A cali-po-x.deny -m comment --comment \"cali:0123456789abcdef\" "
		"-m comment --comment \"Policy x/deny egress\" -p tcp -j DROP\n"
		"-A cali-po-x.deny -p icmp -j DROP\n-A unused -j DROP\nCOMMIT\nEND",
		iptables);
	need(state, run(line), iptables);
	t = read_rules(&last);
	assert_non_null(rule_of(&t, "cali-fw-cali1", 1));
	assert_null(rule_of(&t, "unused", 1));
	run("ping -c 2 -i 0.2 -W 1 127.0.0.8");
	t = read_rules(&last);
	nfrules_drop(&last);
	r = the_rule(&t, "cali-po-x.deny", 2);
	assert_int_equal(r->backend, backend);
	assert_int_equal(r->moved, 2);
	assert_int_equal(r->alike, 0);
	assert_int_equal(r->hooks, 1 << NF_HOOK_INPUT);
	assert_true(r->counted);
	/* the chain's first rule says whose it is */
	assert_string_equal(r->comment, "Policy x/deny egress");
	assert_int_equal(nfclass(r), C_POLICY_DENY);
	r = the_rule(&t, "cali-fw-cali1", 1);
	assert_true(r->invalid);
	assert_int_equal(r->moved, 0);
	r = the_rule(&t, "INPUT", 2);
	assert_string_equal(r->comment, "mine");
	assert_string_equal(r->in, "lo*");
	assert_non_null(strstr(r->text, "127.0.0.9"));
	assert_non_null(strstr(r->text, "dport 53"));
	r = the_rule(&t, "INPUT", 3);
	assert_string_equal(r->in, "lo");
	r = the_rule(&t, "FORWARD", 0);
	assert_int_equal(r->verdict, NFV_POLICY);
	assert_int_equal(r->hooks, 1 << NF_HOOK_FORWARD);
}

static void test_iptables_nft(void **state)
{
	calicos(state, "iptables-nft", NFB_NFT);
}

static void test_iptables_legacy(void **state)
{
	calicos(state, "iptables-legacy", NFB_LEGACY);
}

/* What iptables cannot write: rules without counters, verdict maps, families, sets */
static void test_nft(void **state)
{
	const struct obs_nfrule *r;
	struct nfrules *last = NULL;
	struct told t;

	need(state,
	     run("nft -f - <<'END'\n"
		 "table inet foo {\n"
		 " chain in {\n type filter hook input priority 5; policy drop;\n"
		 "  iifname \"cali*\" tcp dport 22 counter reject comment \"hey\"\n"
		 "  ct state invalid drop\n  ct state vmap { established : accept, invalid : drop }\n"
		 "  ip saddr 10.0.0.0/8 oifname \"eth0\" jump sub\n  accept\n }\n"
		 " chain sub {\n  iifname veth9 counter drop\n }\n"
		 " chain deaf {\n  counter drop\n }\n"
		 "}\n"
		 "table ip calico {\n"
		 " chain raw-PREROUTING {\n type filter hook prerouting priority raw;\n"
		 "  jump raw-cali-PREROUTING\n }\n"
		 " chain raw-cali-PREROUTING {\n  fib saddr . mark . iif oif 0 counter drop\n }\n"
		 "}\nEND"),
	     "nft");
	t = read_rules(&last);
	nfrules_drop(&last);
	r = the_rule(&t, "in", 1);
	assert_string_equal(r->family, "inet");
	assert_string_equal(r->comment, "hey");
	assert_string_equal(r->in, "cali*");
	assert_int_equal(r->verdict, NFV_REJECT);
	assert_true(r->counted);
	r = the_rule(&t, "in", 2);
	assert_false(r->counted);
	assert_true(r->invalid);
	/* the map's rule is like the one before: it drops, and has no counter */
	assert_int_equal(r->alike, 2);
	assert_null(rule_of(&t, "in", 3));
	r = the_rule(&t, "in", 0);
	assert_false(r->counted);
	assert_non_null(rule_of(&t, "sub", 1));
	r = the_rule(&t, "raw-cali-PREROUTING", 1);
	assert_int_equal(nfclass(r), C_CALICO_RPF);
	assert_int_equal(r->hooks, 1 << NF_HOOK_PREROUTING);
}

/* Verdict maps by their elements: what drops, with counters or without; what leads on, and to where */
static void test_maps(void **state)
{
	const struct obs_nfrule *r;
	struct nfrules *last = NULL;
	struct told t;

	need(state,
	     run("ip link set lo up && nft -f - <<'END'\n"
		 "table ip foo {\n"
		 " map named {\n  type ipv4_addr : verdict\n  counter\n"
		 "  elements = { 127.0.0.8 : drop, 127.0.0.9 : accept }\n }\n"
		 " map ranges {\n  type ipv4_addr : verdict\n  flags interval\n"
		 "  elements = { 10.0.0.0/8 : drop, 11.0.0.0/8 : goto deaf }\n }\n"
		 " chain hit {\n  counter drop\n }\n chain deaf {\n  counter drop\n }\n"
		 " chain in {\n type filter hook input priority 5;\n"
		 "  udp dport vmap { 1 : accept, 2 : continue }\n"
		 "  udp dport vmap { 3 : jump hit }\n"
		 "  ip daddr vmap @named\n }\n"
		 " chain through {\n type filter hook forward priority 5;\n"
		 "  counter ip saddr vmap @ranges\n }\n"
		 "}\nEND"),
	     "nft with counters of elements");
	t = read_rules(&last);
	run("ping -c 2 -i 0.2 -W 1 127.0.0.8");
	t = read_rules(&last);
	nfrules_drop(&last);
	/* nothing is dropped by the first two themselves */
	assert_null(rule_of(&t, "in", 1));
	assert_null(rule_of(&t, "in", 2));
	r = the_rule(&t, "in", 3);
	assert_int_equal(r->verdict, NFV_DROP);
	assert_true(r->counted);
	assert_int_equal(r->moved, 2);
	assert_non_null(strstr(r->text, "1 of 2 elements drop"));
	r = the_rule(&t, "through", 1);
	assert_int_equal(r->verdict, NFV_DROP);
	assert_false(r->counted);
	r = the_rule(&t, "hit", 1);
	assert_int_equal(r->hooks, 1 << NF_HOOK_INPUT);
	r = the_rule(&t, "deaf", 1);
	assert_int_equal(r->hooks, 1 << NF_HOOK_FORWARD);
}

/* Of hundreds of pods' chains one of each kind is told; of too many rules none. */
static void test_many(void **state)
{
	struct nfrules *last = NULL;
	struct told t;

	need(state,
	     run("{ echo '*filter'; for i in $(seq 300); do echo \":cali-tw-cali$i - [0:0]\"; done; "
		 "for i in $(seq 300); do echo \"-A FORWARD -o cali$i -j cali-tw-cali$i\"; "
		 "echo \"-A cali-tw-cali$i -m conntrack --ctstate INVALID -j DROP\"; "
		 "echo \"-A cali-tw-cali$i -j DROP\"; done; echo COMMIT; } | iptables-nft-restore"),
	     "iptables-nft");
	t = read_rules(&last);
	assert_int_equal(t.obs[0].nflook.nft_rules, 900);
	assert_int_equal(t.cnt, 3);
	assert_int_equal(t.obs[1].nfrule.alike, 300);
	assert_int_equal(t.obs[2].nfrule.alike, 300);
	need(state,
	     run("{ echo '*filter'; for i in $(seq 5000); do echo \"-A INPUT -s 10.0.0.1 -j DROP\"; "
		 "done; echo COMMIT; } | iptables-nft-restore --noflush"),
	     "iptables-nft with so many rules");
	t = read_rules(&last);
	nfrules_drop(&last);
	assert_int_equal(t.cnt, 1);
	assert_true(t.obs[0].nflook.too_many);
}

/* ---- what no kernel says ---- */

static uint32_t random_of(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* A table of the legacy kind: two built-in chains, one of a user's that the first one jumps to */
struct blob {
	uint8_t b[4096];
	size_t len;
	uint32_t hook[NF_INET_NUMHOOKS], under[NF_INET_NUMHOOKS];
};

static uint32_t put_entry(struct blob *b, const char *target, const void *data, size_t len)
{
	struct ipt_entry e = { .target_offset = sizeof(e) };
	struct xt_entry_target t = { 0 };
	uint32_t at = (uint32_t)b->len;

	len = (len + 7) & ~(size_t)7;
	e.next_offset = (uint16_t)(sizeof(e) + sizeof(t) + len);
	t.u.target_size = (uint16_t)(sizeof(t) + len);
	snprintf(t.u.user.name, sizeof(t.u.user.name), "%s", target);
	memcpy(b->b + b->len, &e, sizeof(e));
	memcpy(b->b + b->len + sizeof(e), &t, sizeof(t));
	memcpy(b->b + b->len + sizeof(e) + sizeof(t), data, len);
	b->len += e.next_offset;
	return at;
}

static uint32_t put_verdict(struct blob *b, int v)
{
	int data[2] = { v, 0 };

	return put_entry(b, "", data, sizeof(data));
}

static void put_error(struct blob *b, const char *name)
{
	char data[32] = "";

	snprintf(data, sizeof(data), "%s", name);
	put_entry(b, XT_ERROR_TARGET, data, sizeof(data));
}

static struct blob good_blob(void)
{
	const int one = (int)(sizeof(struct ipt_entry) + sizeof(struct xt_entry_target) + 8);
	const int named = (int)(sizeof(struct ipt_entry) + sizeof(struct xt_entry_target) + 32);
	struct blob b = { .len = 0 };

	b.hook[NF_INET_FORWARD] = put_verdict(&b, 4 * one + named);
	b.under[NF_INET_FORWARD] = put_verdict(&b, -1 - NF_DROP);
	b.hook[NF_INET_LOCAL_OUT] = put_verdict(&b, -1 - NF_ACCEPT);
	b.under[NF_INET_LOCAL_OUT] = put_verdict(&b, -1 - NF_ACCEPT);
	put_error(&b, "user");
	put_verdict(&b, -1 - NF_DROP);
	put_verdict(&b, -5);
	put_error(&b, "ERROR");
	return b;
}

static int parse_blob(const struct blob *b, size_t len, struct nfrules *s)
{
	/* an allocation of its own, so that a step beyond its end is seen */
	uint8_t *copy = malloc(len ? len : 1);
	struct nfr_blob in = {
		.table = "filter",
		.valid_hooks = 1 << NF_INET_FORWARD | 1 << NF_INET_LOCAL_OUT,
		.hook_entry = b->hook,
		.underflow = b->under,
		.data = copy,
		.len = len,
	};
	int err;

	assert_non_null(copy);
	memcpy(copy, b->b, len);
	err = nfr_legacy_table(s, &in);
	free(copy);
	return err;
}

static void test_legacy_blob(void **state)
{
	const struct blob b = good_blob();
	struct nfrules s = { 0 };

	(void)state;
	assert_int_equal(parse_blob(&b, b.len, &s), 0);
	nfrules_link(&s);
	assert_int_equal(s.place_cnt, 2);
	assert_int_equal(s.place[0].r.verdict, NFV_POLICY);
	assert_string_equal(s.place[1].r.chain, "user");
	assert_int_equal(s.place[1].r.hooks, 1 << NF_HOOK_FORWARD);
	assert_int_equal(s.look.legacy_rules, 4);
	nfrules_free(&s);
}

static void test_legacy_damaged(void **state)
{
	const struct blob good = good_blob();
	uint32_t seed = 7;

	(void)state;
	for (size_t len = 0; len < good.len; len++) {
		struct nfrules s = { 0 };

		parse_blob(&good, len, &s);
		nfrules_link(&s);
		nfrules_free(&s);
	}
	for (int i = 0; i < 20000; i++) {
		struct nfrules s = { 0 };
		struct blob b = good;

		for (int k = 0; k < 3; k++)
			b.b[random_of(&seed) % b.len] = (uint8_t)random_of(&seed);
		b.hook[NF_INET_FORWARD] = random_of(&seed) % 512;
		parse_blob(&b, b.len, &s);
		nfrules_link(&s);
		nfrules_free(&s);
	}
}

/* A rule as the kernel sends it: counter, comparison, drop */
static struct nl_msg *rule_message(void)
{
	struct nfgenmsg nfg = { .nfgen_family = NFPROTO_IPV4 };
	struct nl_msg *m = nlmsg_alloc_simple(NFT_MSG_NEWRULE, 0);
	uint64_t handle = 5, packets = htobe64(3);
	uint32_t reg = htonl(1), key = htonl(NFT_META_IIFNAME), op = 0, verdict = 0;
	struct nlattr *list, *e, *d, *v;

	assert_non_null(m);
	nlmsg_append(m, &nfg, sizeof(nfg), NLMSG_ALIGNTO);
	nla_put_string(m, NFTA_RULE_TABLE, "filter");
	nla_put_string(m, NFTA_RULE_CHAIN, "FORWARD");
	nla_put(m, NFTA_RULE_HANDLE, sizeof(handle), &handle);
	list = nla_nest_start(m, NFTA_RULE_EXPRESSIONS);
	e = nla_nest_start(m, NFTA_LIST_ELEM);
	nla_put_string(m, NFTA_EXPR_NAME, "meta");
	d = nla_nest_start(m, NFTA_EXPR_DATA);
	nla_put(m, NFTA_META_DREG, 4, &reg);
	nla_put(m, NFTA_META_KEY, 4, &key);
	nla_nest_end(m, d);
	nla_nest_end(m, e);
	e = nla_nest_start(m, NFTA_LIST_ELEM);
	nla_put_string(m, NFTA_EXPR_NAME, "cmp");
	d = nla_nest_start(m, NFTA_EXPR_DATA);
	nla_put(m, NFTA_CMP_SREG, 4, &reg);
	nla_put(m, NFTA_CMP_OP, 4, &op);
	v = nla_nest_start(m, NFTA_CMP_DATA);
	nla_put(m, NFTA_DATA_VALUE, 4, "cali");
	nla_nest_end(m, v);
	nla_nest_end(m, d);
	nla_nest_end(m, e);
	e = nla_nest_start(m, NFTA_LIST_ELEM);
	nla_put_string(m, NFTA_EXPR_NAME, "counter");
	d = nla_nest_start(m, NFTA_EXPR_DATA);
	nla_put(m, NFTA_COUNTER_PACKETS, sizeof(packets), &packets);
	nla_nest_end(m, d);
	nla_nest_end(m, e);
	e = nla_nest_start(m, NFTA_LIST_ELEM);
	nla_put_string(m, NFTA_EXPR_NAME, "immediate");
	d = nla_nest_start(m, NFTA_EXPR_DATA);
	nla_put(m, NFTA_IMMEDIATE_DREG, 4, &verdict);
	v = nla_nest_start(m, NFTA_IMMEDIATE_DATA);
	list = nla_nest_start(m, NFTA_DATA_VERDICT);
	nla_put(m, NFTA_VERDICT_CODE, 4, &verdict);
	nla_nest_end(m, list);
	nla_nest_end(m, v);
	nla_nest_end(m, d);
	nla_nest_end(m, e);
	return m;
}

/* The list of expressions ends where the message does: its head was not closed above. */
static void close_list(struct nlmsghdr *nlh)
{
	struct nlattr *a = nlmsg_find_attr(nlh, sizeof(struct nfgenmsg), NFTA_RULE_EXPRESSIONS);
	char *end = (char *)nlh + nlh->nlmsg_len;

	assert_non_null(a);
	a->nla_len = (uint16_t)(end - (char *)a);
}

static void take(const uint8_t *message, size_t len, struct nfrules *s)
{
	struct nfr_chain c = {
		.family = "ip", .table = "filter", .name = "FORWARD", .hooks = 8, .entered = true
	};
	struct nlmsghdr *nlh = malloc(len);

	assert_non_null(nlh);
	memcpy(nlh, message, len);
	assert_int_equal(nfrules_chain(s, &c), 0);
	nfrules_sort(s);
	nfr_nft_rule(s, nlh);
	nfr_nft_chain(s, nlh);
	nfrules_link(s);
	free(nlh);
}

static void test_nft_message(void **state)
{
	struct nl_msg *m = rule_message();
	struct nlmsghdr *nlh = nlmsg_hdr(m);
	uint8_t copy[1024];
	uint32_t seed = 11;
	struct nfrules s = { 0 };
	size_t len = nlh->nlmsg_len;

	(void)state;
	close_list(nlh);
	assert_true(len < sizeof(copy));
	take((const uint8_t *)nlh, len, &s);
	assert_int_equal(s.place_cnt, 1);
	assert_int_equal(s.place[0].packets, 3);
	assert_string_equal(s.place[0].r.in, "cali*");
	assert_int_equal(s.place[0].r.hooks, 8);
	nfrules_free(&s);
	/* the message's own length is netlink's concern, what it holds is ours */
	for (int i = 0; i < 20000; i++) {
		memcpy(copy, nlh, len);
		for (int k = 0; k < 3; k++)
			copy[NLMSG_HDRLEN + random_of(&seed) % (len - NLMSG_HDRLEN)] =
				(uint8_t)random_of(&seed);
		take(copy, len, &s);
		nfrules_free(&s);
	}
	nlmsg_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing, net_setup),
		cmocka_unit_test_setup(test_iptables_nft, net_setup),
		cmocka_unit_test_setup(test_iptables_legacy, net_setup),
		cmocka_unit_test_setup(test_nft, net_setup),
		cmocka_unit_test_setup(test_maps, net_setup),
		cmocka_unit_test_setup(test_many, net_setup),
		cmocka_unit_test(test_legacy_blob),
		cmocka_unit_test(test_legacy_damaged),
		cmocka_unit_test(test_nft_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
