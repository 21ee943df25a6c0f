// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces of nf_tables: messages as the kernel makes them (net/netfilter/nf_tables_trace.c) and as it never
 * would; then the kernel's own, in a network namespace, also by a process that is confined.
 */
#include "state_fixture.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "nfrules.h"
#include "nftrace.h"
#include "sandbox.h"

/* ---- messages ---- */

struct headers {
	uint8_t version, ihl, proto;
	uint16_t ip_id, frag;
	uint16_t port[4]; /* or type and code, checksum, id, seq */
	size_t net_len, l4_len;
};
static const struct headers dns = { 4, 5, 17, 77, 0, { 40000, 53, 0, 0 }, 20, 8 };

static struct nl_msg *message(uint8_t family, uint32_t id, uint32_t type)
{
	const struct nfgenmsg nfg = { .nfgen_family = family, .version = NFNETLINK_V0 };
	struct nl_msg *m = nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_TRACE, 0);

	assert_non_null(m);
	assert_int_equal(nlmsg_append(m, (void *)&nfg, sizeof(nfg), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_u32(m, NFTA_TRACE_ID, htonl(id)), 0);
	assert_int_equal(nla_put_u32(m, NFTA_TRACE_TYPE, htonl(type)), 0);
	return m;
}

static void put_chain(struct nl_msg *m, const char *table, const char *chain)
{
	assert_int_equal(nla_put_string(m, NFTA_TRACE_TABLE, table), 0);
	assert_int_equal(nla_put_string(m, NFTA_TRACE_CHAIN, chain), 0);
}

static void put_headers(struct nl_msg *m, const struct headers *h)
{
	uint8_t net[60] = { (uint8_t)(h->version << 4 | h->ihl) };
	uint16_t be[4];

	memcpy(net + 4, &(uint16_t){ htons(h->ip_id) }, 2);
	memcpy(net + 6, &(uint16_t){ htons(h->frag) }, 2);
	net[9] = h->proto;
	memcpy(net + 12, (uint8_t[]){ 10, 244, 1, 2 }, 4);
	memcpy(net + 16, (uint8_t[]){ 10, 244, 2, 3 }, 4);
	assert_int_equal(nla_put(m, NFTA_TRACE_NETWORK_HEADER, (int)h->net_len, net), 0);
	for (int i = 0; i < 4; i++)
		be[i] = htons(h->port[i]);
	if (h->l4_len)
		assert_int_equal(nla_put(m, NFTA_TRACE_TRANSPORT_HEADER, (int)h->l4_len, be), 0);
}

static void put_verdict(struct nl_msg *m, uint32_t code)
{
	struct nlattr *nest = nla_nest_start(m, NFTA_TRACE_VERDICT);

	assert_non_null(nest);
	assert_int_equal(nla_put_u32(m, NFTA_VERDICT_CODE, htonl(code)), 0);
	nla_nest_end(m, nest);
}

static struct nl_msg *rule_message(uint32_t id, const struct headers *h, uint32_t verdict)
{
	struct nl_msg *m = message(NFPROTO_IPV4, id, NFT_TRACETYPE_RULE);
	uint64_t handle = htobe64(11);

	put_chain(m, "filter", "FORWARD");
	assert_int_equal(nla_put(m, NFTA_TRACE_RULE_HANDLE, sizeof(handle), &handle), 0);
	put_verdict(m, verdict);
	if (h)
		put_headers(m, h);
	return m;
}

static struct nl_msg *policy_message(uint32_t id, const struct headers *h, uint32_t policy)
{
	struct nl_msg *m = message(NFPROTO_INET, id, NFT_TRACETYPE_POLICY);

	put_chain(m, "mine", "in");
	assert_int_equal(nla_put_u32(m, NFTA_TRACE_POLICY, htonl(policy)), 0);
	if (h)
		put_headers(m, h);
	return m;
}

static bool decode(struct nftrace_ids *ids, struct nl_msg *m, struct obs_nftrace *out)
{
	bool ret = nftrace_decode(ids, nlmsg_hdr(m), out);

	nlmsg_free(m);
	return ret;
}

static void test_rule(void **state)
{
	struct nftrace_ids ids = { 0 };
	struct obs_nftrace n;

	(void)state;
	assert_true(decode(&ids, rule_message(1, &dns, NF_DROP), &n));
	assert_addr(n.src, "10.244.1.2");
	assert_addr(n.dst, "10.244.2.3");
	assert_int_equal(n.proto, 17);
	assert_int_equal(n.ip_id, 77);
	assert_int_equal(n.sport, 40000);
	assert_int_equal(n.dport, 53);
	assert_int_equal(n.handle, 11);
	/* what it says is for others to ask */
	assert_false(n.known);
	assert_int_equal(n.rule.backend, NFB_NFT);
	assert_string_equal(n.rule.family, "ip");
	assert_string_equal(n.rule.table, "filter");
	assert_string_equal(n.rule.chain, "FORWARD");
	assert_string_equal(n.rule.text, "");
	/* queues and errors are in the upper half of what the kernel says: this one drops as well */
	assert_true(decode(&ids, rule_message(2, &dns, NF_DROP_ERR(-EPERM)), &n));
}

static void test_policy(void **state)
{
	struct nftrace_ids ids = { 0 };
	struct obs_nftrace n;

	(void)state;
	assert_true(decode(&ids, policy_message(1, &dns, NF_DROP), &n));
	assert_true(n.known);
	assert_int_equal(n.handle, 0);
	assert_int_equal(n.rule.verdict, NFV_POLICY);
	assert_string_equal(n.rule.family, "inet");
	assert_string_equal(n.rule.table, "mine");
	assert_string_equal(n.rule.chain, "in");
	assert_string_equal(n.rule.text, "policy drop");
	assert_false(decode(&ids, policy_message(2, &dns, NF_ACCEPT), &n));
}

/* What is not the end of a packet; and what says that it is, and lacks what would prove it */
static void test_no_drop(void **state)
{
	struct nftrace_ids ids = { 0 };
	struct obs_nftrace n;
	struct nl_msg *m;

	(void)state;
	assert_false(decode(&ids, rule_message(1, &dns, NF_ACCEPT), &n));
	assert_false(decode(&ids, rule_message(1, &dns, (uint32_t)NFT_JUMP), &n));
	assert_false(decode(&ids, rule_message(1, &dns, NF_QUEUE_NR(0)), &n));
	/* of the return from a chain, or of no kind that there is today */
	for (uint32_t type = NFT_TRACETYPE_RETURN; type < 9; type++) {
		m = message(NFPROTO_IPV4, 1, type);
		put_chain(m, "filter", "FORWARD");
		put_verdict(m, NF_DROP);
		put_headers(m, &dns);
		assert_int_equal(decode(&ids, m, &n), false);
	}
	/* a rule without a handle, or without a verdict */
	m = message(NFPROTO_IPV4, 1, NFT_TRACETYPE_RULE);
	put_chain(m, "filter", "FORWARD");
	put_verdict(m, NF_DROP);
	put_headers(m, &dns);
	assert_false(decode(&ids, m, &n));
	m = message(NFPROTO_IPV4, 1, NFT_TRACETYPE_RULE);
	put_chain(m, "filter", "FORWARD");
	assert_int_equal(nla_put(m, NFTA_TRACE_RULE_HANDLE, 8, "\0\0\0\0\0\0\0\1"), 0);
	put_headers(m, &dns);
	assert_false(decode(&ids, m, &n));
	/* of another subsystem */
	m = rule_message(1, &dns, NF_DROP);
	nlmsg_hdr(m)->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE;
	assert_false(decode(&ids, m, &n));
}

/* Headers come with a trace's first message alone. */
static void test_ids(void **state)
{
	struct nftrace_ids ids = { 0 };
	struct headers other = dns;
	struct obs_nftrace n;

	(void)state;
	/* begun before we listened */
	assert_false(decode(&ids, rule_message(1, NULL, NF_DROP), &n));
	other.ip_id = 99;
	assert_false(decode(&ids, rule_message(1, &dns, NF_ACCEPT), &n));
	assert_false(decode(&ids, rule_message(2, &other, NF_ACCEPT), &n));
	assert_true(decode(&ids, rule_message(1, NULL, NF_DROP), &n));
	assert_int_equal(n.ip_id, 77);
	assert_true(decode(&ids, policy_message(2, NULL, NF_DROP), &n));
	assert_int_equal(n.ip_id, 99);
	/* the trace's number comes again, of another packet */
	assert_true(decode(&ids, rule_message(1, &other, NF_DROP), &n));
	assert_int_equal(n.ip_id, 99);
	/* or of one that is none of ours: the packet before must not be blamed */
	other.version = 6;
	assert_false(decode(&ids, rule_message(1, &other, NF_DROP), &n));
	assert_false(decode(&ids, rule_message(1, NULL, NF_DROP), &n));
	/* so many at once, and the oldest is not known any more */
	for (uint32_t id = 10; id < 10 + NFTRACE_IDS; id++)
		assert_false(decode(&ids, rule_message(id, &dns, NF_ACCEPT), &n));
	assert_false(decode(&ids, rule_message(2, NULL, NF_DROP), &n));
	assert_true(decode(&ids, rule_message(10, NULL, NF_DROP), &n));
	assert_true(decode(&ids, rule_message(10 + NFTRACE_IDS - 1, NULL, NF_DROP), &n));
}

static void test_headers(void **state)
{
	static const struct {
		struct headers h;
		bool told;
		uint16_t sport, dport;
	} cases[] = {
		{ { 4, 5, 6, 1, 0, { 40000, 80 }, 20, 20 }, true, 40000, 80 },
		{ { 4, 6, 17, 1, 0, { 40000, 53 }, 24, 8 }, true, 40000, 53 },
		{ { 4, 5, 17, 1, 0x2000, { 40000, 53 }, 20, 8 },
		  true,
		  40000,
		  53 }, /* the first one */
		{ { 4, 5, 17, 1, 0x2001, { 40000, 53 }, 20, 8 }, false, 0, 0 },
		{ { 4, 5, 17, 1, 5, { 40000, 53 }, 20, 8 }, false, 0, 0 },
		{ { 4, 5, 1, 1, 0, { 8 << 8, 0, 12, 3 }, 20, 8 }, true, 12, 3 },
		{ { 4, 5, 1, 1, 0, { 0, 0, 12, 3 }, 20, 8 }, true, 12, 3 },
		{ { 4, 5, 1, 1, 0, { 3 << 8 | 1, 0, 12, 3 }, 20, 8 }, true, 0, 0 }, /* an error */
		{ { 4, 5, 1, 1, 0, { 8 << 8, 0, 12, 3 }, 20, 7 }, true, 0, 0 },
		{ { 4, 5, 17, 1, 0, { 40000, 53 }, 20, 3 }, true, 0, 0 },
		{ { 4, 5, 17, 1, 0, { 40000, 53 }, 20, 0 }, true, 0, 0 },
		{ { 4, 5, 132, 1, 0, { 40000, 53 }, 20, 8 }, true, 0, 0 },
		{ { 6, 0, 17, 1, 0, { 40000, 53 }, 40, 8 }, false, 0, 0 },
		{ { 4, 4, 17, 1, 0, { 40000, 53 }, 20, 8 }, false, 0, 0 },
		{ { 4, 5, 17, 1, 0, { 40000, 53 }, 19, 8 }, false, 0, 0 },
		{ { 4, 5, 17, 1, 0, { 40000, 53 }, 0, 8 }, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nftrace_ids ids = { 0 };
		struct obs_nftrace n = { 0 };

		if (decode(&ids, rule_message(1, &cases[i].h, NF_DROP), &n) != cases[i].told ||
		    n.sport != cases[i].sport || n.dport != cases[i].dport)
			fail_msg("case %zu: ports %u, %u", i, n.sport, n.dport);
	}
}

/* Families by name; a name that does not fit is somebody else's. */
static void test_names(void **state)
{
	static const struct {
		uint8_t family;
		const char *name;
	} families[] = {
		{ NFPROTO_IPV4, "ip" }, { NFPROTO_INET, "inet" }, { NFPROTO_NETDEV, "netdev" },
		{ NFPROTO_IPV6, "" },	{ NFPROTO_ARP, "" },	  { NFPROTO_BRIDGE, "" },
		{ NFPROTO_UNSPEC, "" }, { NFPROTO_NUMPROTO, "" }, { 255, "" },
	};
	struct nftrace_ids ids = { 0 };
	char name[NFR_CHAIN_LEN + 1];
	struct obs_nftrace n;
	struct nl_msg *m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		m = rule_message(1, &dns, NF_DROP);
		((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = families[i].family;
		assert_string_equal(nfr_nft_family(families[i].family), families[i].name);
		assert_int_equal(decode(&ids, m, &n), families[i].name[0] != '\0');
	}
	for (size_t len = NFR_CHAIN_LEN - 1; len <= NFR_CHAIN_LEN; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		m = message(NFPROTO_IPV4, 1, NFT_TRACETYPE_POLICY);
		put_chain(m, "filter", name);
		assert_int_equal(nla_put_u32(m, NFTA_TRACE_POLICY, htonl(NF_DROP)), 0);
		assert_int_equal(decode(&ids, m, &n), len < NFR_CHAIN_LEN);
	}
	m = message(NFPROTO_IPV4, 1, NFT_TRACETYPE_POLICY);
	assert_int_equal(nla_put_u32(m, NFTA_TRACE_POLICY, htonl(NF_DROP)), 0);
	assert_false(decode(&ids, m, &n));
}

static uint32_t random_of(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void assert_sane(const struct obs_nftrace *n)
{
	assert_true(addr_is_set(&n->src) && addr_is_set(&n->dst));
	assert_true(n->rule.family[0] && n->rule.table[0] && n->rule.chain[0]);
	assert_true(strlen(n->rule.table) < NFR_TABLE_LEN);
	assert_true(strlen(n->rule.chain) < NFR_CHAIN_LEN);
}

/* Every length that it may be cut to; then octets changed: memory of exactly that size */
static void test_damaged(void **state)
{
	struct nl_msg *m = rule_message(1, &dns, NF_DROP);
	size_t len = nlmsg_hdr(m)->nlmsg_len;
	struct nftrace_ids ids = { 0 };
	struct obs_nftrace n;
	uint32_t seed = 5;

	(void)state;
	for (size_t cut = NLMSG_HDRLEN; cut <= len; cut++) {
		struct nlmsghdr *nlh = malloc(cut);

		assert_non_null(nlh);
		memcpy(nlh, nlmsg_hdr(m), cut);
		nlh->nlmsg_len = (uint32_t)cut;
		memset(&ids, 0, sizeof(ids));
		if (nftrace_decode(&ids, nlh, &n))
			assert_sane(&n);
		free(nlh);
	}
	for (int i = 0; i < 20000; i++) {
		uint8_t *copy = malloc(len);

		assert_non_null(copy);
		memcpy(copy, nlmsg_hdr(m), len);
		for (int k = 0; k < 3; k++)
			copy[NLMSG_HDRLEN + random_of(&seed) % (len - NLMSG_HDRLEN)] =
				(uint8_t)random_of(&seed);
		if (nftrace_decode(&ids, (struct nlmsghdr *)(void *)copy, &n))
			assert_sane(&n);
		free(copy);
	}
	nlmsg_free(m);
}

/* ---- the kernel's ---- */

struct heard {
	uint32_t cnt, rounds;
	struct obs_nftrace last;
	struct obs_source source;
};

static void on_heard(void *ctx, const struct obs *o)
{
	struct heard *h = ctx;

	if (o->kind == OBS_NFTRACE) {
		h->last = o->nftrace;
		h->cnt++;
	} else if (o->kind == OBS_SOURCE && !o->source.begin) {
		h->source = o->source;
		h->rounds++;
	}
}

static bool run(const char *commands)
{
	char line[1024];

	snprintf(line, sizeof(line), "{ %s\n} >/dev/null 2>&1", commands);
	return system(line) == 0;
}

/* A namespace where what goes to port 9 of 127.0.0.1 is traced, and dropped. False: not here */
static bool make_net(void)
{
	return !unshare(CLONE_NEWNET) &&
	       run("ip link set lo up && nft -f - <<'END'\n"
		   "table inet mine {\n chain out {\n type filter hook output priority 0;\n"
		   "  udp dport 9 meta nftrace set 1\n  udp dport 9 counter drop comment \"test\"\n"
		   " }\n}\nEND");
}

/* How many of them could be sent: what is dropped on its way out is refused. */
static void send_some(int fd, int cnt)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while (cnt--)
		(void)sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to));
}

static void assert_heard(const struct heard *h)
{
	assert_int_equal(h->source.state, SOURCE_OK);
	assert_true(h->cnt);
	assert_addr(h->last.dst, "127.0.0.1");
	assert_int_equal(h->last.proto, 17);
	assert_int_equal(h->last.dport, 9);
	assert_string_equal(h->last.rule.family, "inet");
	assert_string_equal(h->last.rule.table, "mine");
	assert_string_equal(h->last.rule.chain, "out");
	assert_true(h->last.handle);
	assert_true(h->last.known);
	assert_string_equal(h->last.rule.comment, "test");
}

static void hear_one(struct nftrace *t, int fd, uint64_t now, const struct heard *h)
{
	send_some(fd, 1);
	nftrace__turn(t, now);
	assert_heard(h);
	assert_int_equal(h->cnt, 1);
}

/*
 * Confined, as a tracer is: hears a drop, and asks for its rule; misses too many of them, says so, is
 * silent for a while, and hears again with another socket.
 */
static void hear_all(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t now = 1000 * NS_PER_S;
	struct heard h = { 0 };
	struct nftrace *t;

	assert_int_equal(nftrace__new(on_heard, &h, &t), 0);
	if (sandbox_works())
		assert_int_equal(sandbox_enter_tracing(false), 0);
	nftrace__turn(t, now);
	assert_int_equal(h.rounds, 1);
	assert_int_equal(h.cnt, 0);
	hear_one(t, fd, now += NS_PER_S, &h);
	/* two messages each, of far more than 256 octets in the kernel: more than may wait */
	send_some(fd, 20000);
	nftrace__turn(t, now += NS_PER_S);
	assert_int_equal(h.source.state, SOURCE_GIVEN_UP);
	assert_int_equal(h.rounds, 2);
	h.cnt = 0;
	send_some(fd, 1);
	nftrace__turn(t, now += NS_PER_S);
	assert_int_equal(h.cnt, 0);
	nftrace__turn(t, now += 10 * NS_PER_S);
	assert_int_equal(h.rounds, 3);
	assert_int_equal(h.cnt, 0);
	hear_one(t, fd, now += NS_PER_S, &h);
	nftrace__free(t);
	close(fd);
}

static void test_kernel(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		if (!make_net())
			_exit(77);
		hear_all();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("no nft in a network namespace here\n");
		skip();
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("it ended with status 0x%x", (unsigned int)status);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),	cmocka_unit_test(test_policy),
		cmocka_unit_test(test_no_drop), cmocka_unit_test(test_ids),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_names),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
