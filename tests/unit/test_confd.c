// SPDX-License-Identifier: GPL-2.0-only
/*
 * confd_parse_pools(), confd_parse_blocks(): the shapes that bird_ipam.cfg and bird_aggr.cfg had, and text
 * that is none.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "sources.h"

#define MAX 8

struct expected {
	const char *cidr;
	enum pool_mode mode;
};

/* In a buffer without an end sign and without a byte to spare */
static int parse(const char *text, size_t len, struct pool *out, bool *felix)
{
	char *copy = malloc(len ? len : 1);
	int n;

	memcpy(copy, text, len);
	n = confd_parse_pools(copy, len, out, MAX, felix);
	free(copy);
	return n;
}

static void check(const char *text, bool felix_owner, const struct expected *want, int cnt)
{
	char buf[PREFIX_STRLEN];
	struct pool out[MAX];
	bool felix = !felix_owner;
	int i;

	assert_int_equal(parse(text, strlen(text), out, &felix), cnt);
	assert_int_equal(felix, felix_owner);
	for (i = 0; i < cnt; i++) {
		assert_string_equal(prefix_str(&out[i].cidr, buf), want[i].cidr);
		assert_int_equal(out[i].mode, want[i].mode);
		assert_int_equal(out[i].from, FROM_CONFD);
		assert_int_equal(out[i].mode_from, FROM_CONFD);
	}
}

/* v3.4 to v3.12: no VXLAN at first, blank lines where the template had conditions */
static void test_old(void **state)
{
	static const struct expected want[] = {
		{ "10.1.0.0/16", POOL_IPIP },
		{ "10.2.0.0/16", POOL_CROSSSUBNET },
		{ "10.3.0.0/16", POOL_NONE },
	};

	(void)state;
	check("filter calico_export_to_bgp_peers {\n"
	      "  calico_aggr();\n"
	      "  # Export static routes.\n"
	      "  if ( net ~ 10.96.0.0/12 ) then { accept; }\n"
	      "  if ( net ~ 10.1.0.0/16 ) then {\n    accept;\n  }\n"
	      "  reject;\n"
	      "}\n"
	      "filter calico_kernel_programming {\n"
	      "  # Services\n"
	      "  if ( net ~ 10.96.0.0/12 ) then { reject; }\n"
	      "  if ( net = 10.97.0.0/16 ) then { reject; }\n"
	      "\n"
	      "  if ( net ~ 10.1.0.0/16 ) then {\n\n"
	      "    krt_tunnel = \"tunl0\";             \n"
	      "    accept;\n"
	      "  } \n"
	      "  if ( net ~ 10.2.0.0/16 ) then {\n"
	      "    if defined(bgp_next_hop) && ( bgp_next_hop ~ 192.0.2.0/24 ) then\n"
	      "      krt_tunnel = \"\";\n"
	      "    else\n"
	      "      krt_tunnel = \"tunl0\";\n"
	      "    accept;\n"
	      "  } \n"
	      "  if ( net ~ 10.3.0.0/16 ) then {\n"
	      "    krt_tunnel = \"\";\n"
	      "    accept;\n"
	      "  } \n"
	      "  accept;   # in no pool\n"
	      "}\n",
	      false, want, 3);
}

/* Until v3.3 the filter had another name. */
static void test_oldest(void **state)
{
	static const struct expected want[] = { { "10.1.0.0/16", POOL_IPIP } };

	(void)state;
	check("filter calico_pools { calico_aggr(); if ( net ~ 10.9.0.0/16 ) then { accept; } }\n"
	      "filter calico_ipip {\n"
	      "  if ( net ~ 10.1.0.0/16 ) then {\n    krt_tunnel = \"tunl0\";\n    accept;\n  }\n"
	      "  accept;\n}\n",
	      false, want, 1);
}

/* v3.13 to v3.30: the reason stands inside the block */
static void test_vxlan_inside(void **state)
{
	static const struct expected want[] = {
		{ "10.4.0.0/16", POOL_VXLAN },
		{ "10.5.0.0/24", POOL_IPIP },
	};

	(void)state;
	check("function calico_export_to_bgp_peers(bool internal_peer) {\n"
	      "  if ( net ~ 10.8.0.0/16 ) then { accept; }\n"
	      "}\n"
	      "filter calico_kernel_programming {\n"
	      "  if ( net ~ 10.4.0.0/16 ) then {\n"
	      "    # VXLAN routes are not for the kernel filter: Felix has them.\n"
	      "    reject;\n"
	      "  }\n"
	      "  if ( net ~ 10.5.0.0/24 ) then {\n    krt_tunnel = \"tunl0\";\n    accept;\n  }\n"
	      "  accept;\n}\n",
	      true, want, 2);
}

/* v3.31 and later: one line each, the reason behind it, a metric first, WireGuard peers */
static void test_one_line(void **state)
{
	static const struct expected want[] = {
		{ "10.1.0.0/16", POOL_IPIP },	 { "10.2.0.0/16", POOL_CROSSSUBNET },
		{ "10.3.0.0/16", POOL_NONE },	 { "10.4.0.0/16", POOL_VXLAN },
		{ "10.5.0.0/16", POOL_UNKNOWN },
	};

	(void)state;
	check("filter calico_kernel_programming {\n"
	      "  if (net ~ 10.96.0.0/12) then { reject; }\n"
	      "  if (defined(source) && (source = RTS_BGP) && !defined(krt_metric)) then {\n"
	      "      krt_metric = 1024;\n"
	      "      if (krt_metric < 1024) then {\n          preference = 200;\n      }\n"
	      "  }\n"
	      "  if (defined(bgp_next_hop) && bgp_next_hop = 192.0.2.7) then { reject; } # Felix\n"
	      "  if (net ~ 10.1.0.0/16) then { krt_tunnel=\"tunl0\"; accept; }\n"
	      "  if (net ~ 10.2.0.0/16) then { if (defined(bgp_next_hop)&&(bgp_next_hop ~ "
	      "192.0.2.0/24)) then krt_tunnel=\"\"; else krt_tunnel=\"tunl0\"; accept; }\n"
	      "  if (net ~ 10.3.0.0/16) then { accept; }\n"
	      "  if (net ~ 10.4.0.0/16) then { reject; } # VXLAN routes are Felix's.\n"
	      "  if (net ~ 10.5.0.0/16) then { reject; } # Cluster routes are Felix's.\n"
	      "  if (net ~ 10.98.0.0/16) then { reject; }\n"
	      "  # VXLAN, but on a line of its own: belongs to nothing above\n"
	      "  accept;\n}\n",
	      true, want, 5);
}

/* Layout does not count, nor do comments in odd places, IPv6, or a prefix given twice. */
static void test_liberal(void **state)
{
	static const struct expected want[] = {
		{ "10.1.0.0/16", POOL_IPIP },
		{ "10.2.0.0/16", POOL_NONE },
	};

	(void)state;
	check("filter/* x */calico_kernel_programming\r\n{if(net~10.1.0.0/16)then{krt_tunnel="
	      "/* y */\"tunl0\";accept;}if net ~ 10.2.0.0/16 then accept;"
	      "if(net~10.1.0.0/16)then{accept;}"
	      "if(net!~10.6.0.0/16)then{accept;}if(net~10.0.0.1/16)then{accept;}"
	      "if(net~fd00::/64)then{accept;}accept;}",
	      false, want, 2);
}

static void test_empty(void **state)
{
	(void)state;
	/* What all versions until v3.30 write for a node without an IPv4 network */
	check("filter calico_kernel_programming { accept; }\n", false, NULL, 0);
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"# Generated by confd\n",
		"filter calico_kernel_programming",
		"filter calico_kernel_programming {",
		"filter calico_kernel_programming { if ( net ~ 10.1.0.0/16 ) then {",
		"filter calico_kernel_programming { if ( net ~ 10.1.0.0/16 ) then }",
		"filter calico_kernel_programming { if ( net ~ 10.1.0.0/16 )",
		"filter calico_kernel_programming { if (net ~ 10.1.0.0/16) then { krt_tunnel = \"",
		"filter calico_kernel_programming { /* accept; }",
		"filter calico_kernel_programming { \" }",
	};
	struct pool out[MAX];
	bool felix;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(parse(texts[i], strlen(texts[i]), out, &felix), -EBADMSG);
}

static void test_full(void **state)
{
	char text[4096] = "filter calico_kernel_programming {";
	struct pool out[MAX];
	bool felix;
	size_t len = strlen(text);
	int i;

	(void)state;
	for (i = 0; i < 3 * MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"if (net ~ 10.%d.0.0/16) then { accept; }\n", i);
	text[len++] = '}';
	assert_int_equal(parse(text, len, out, &felix), MAX);
}

/* Nothing to assert but that it comes back: the sanitizers watch. The same bytes every time. */
static void test_bent(void **state)
{
	static const char seed[] =
		"filter calico_kernel_programming {\n"
		"  if (net ~ 10.2.0.0/16) then { if (a) then krt_tunnel=\"\"; else "
		"krt_tunnel=\"tunl0\"; accept; } # x\n"
		"  if (net ~ 10.4.0.0/16) then { /* VXLAN */ reject; }\n}\n";
	static const char bytes[] = "{}\"#/*;=~ \nifnetthen0129.";
	char text[sizeof(seed)];
	struct pool out[MAX];
	uint32_t rnd = 1;
	bool felix;
	int i, j;

	(void)state;
	for (i = 0; i < 50000; i++) {
		memcpy(text, seed, sizeof(seed));
		for (j = 0; j < 3; j++) {
			rnd = rnd * 1664525 + 1013904223;
			text[(rnd >> 8) % sizeof(text)] =
				j ? bytes[(rnd >> 20) % (sizeof(bytes) - 1)] : (char)(rnd >> 24);
		}
		parse(text, i % 5 ? sizeof(text) : (rnd >> 3) % sizeof(text), out, &felix);
	}
}

/* ---- bird_aggr.cfg ---- */

/* In a buffer without a byte to spare */
static int blocks(const char *text, size_t len, struct prefix *out)
{
	char *copy = malloc(len ? len : 1);
	int n;

	memcpy(copy, text, len);
	n = confd_parse_blocks(copy, len, out, 2);
	free(copy);
	return n;
}

#define AGGR                                                                             \
	"# Generated by confd\nprotocol static {\n   route 10.1.2.64/26 blackhole;\n}\n" \
	"# Aggregation of routes on this host\nfunction calico_aggr ()\n{\n"             \
	"      # Block 10.1.2.64/26 is confirmed\n"                                      \
	"      if ( net = 10.1.2.64/26 ) then { accept; }\n"                             \
	"      if ( net ~ 10.1.2.64/26 ) then { reject; }\n"
#define SECOND "      if ( net = 10.1.9.7/32 ) then { accept; }\n"

static void test_blocks(void **state)
{
	static const struct {
		const char *text;
		int cnt;
	} cases[] = {
		{ AGGR "}\n", 1 },
		{ AGGR SECOND "}\n", 2 },
		{ AGGR SECOND "      if ( net = 10.1.10.0/26 ) then { accept; }\n}\n", 2 },
		{ "function calico_aggr ()\n{\n}\n", 0 },
		{ "function calico_aggr(){if(net = 10.1.2.64/26)then{accept;}}", 1 },
		/* no block: another protocol's, a set, no prefix, not asked for as it is */
		{ "function calico_aggr () { if (net = fd00::/64) then { accept; } }", 0 },
		{ "function calico_aggr () { if (net ~ [ 10.1.2.64/26+ ]) then { accept; } }", 0 },
		{ "function calico_aggr () { if (net = x) then { accept; } }", 0 },
		{ "function calico_aggr () { if (source = 10.1.2.64/26) then { accept; } }", 0 },
		{ "function other () { if (net = 10.1.2.64/26) then { accept; } }", -EBADMSG },
		{ AGGR, -EBADMSG },
		{ "", -EBADMSG },
		{ "function", -EBADMSG },
		{ "function calico_aggr", -EBADMSG },
	};
	struct prefix out[2];
	char text[PREFIX_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (blocks(cases[i].text, strlen(cases[i].text), out) != cases[i].cnt)
			fail_msg("case %zu: %d", i,
				 blocks(cases[i].text, strlen(cases[i].text), out));
	assert_int_equal(blocks(cases[1].text, strlen(cases[1].text), out), 2);
	assert_string_equal(prefix_str(&out[0], text), "10.1.2.64/26");
	assert_string_equal(prefix_str(&out[1], text), "10.1.9.7/32");
	/* wherever it is cut */
	for (size_t len = 0; len < strlen(cases[1].text) - 2; len++)
		assert_int_equal(blocks(cases[1].text, len, out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old),	     cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_vxlan_inside), cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_liberal),	     cmocka_unit_test(test_empty),
		cmocka_unit_test(test_malformed),    cmocka_unit_test(test_full),
		cmocka_unit_test(test_bent),	     cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
