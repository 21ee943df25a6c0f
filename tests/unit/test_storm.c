// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "rtnum.h"
#include "storm.h"

static void test_level(void **state)
{
	(void)state;
	assert_int_equal(storm_level(0, 65536), 0);
	assert_int_equal(storm_level(65536, 65536), 0);
	assert_int_equal(storm_level(131072, 65536), 1);
	assert_int_equal(storm_level(200000, 65536), 2);
	assert_int_equal(storm_level(UINT64_MAX, 1), 15);
}

/* The same words as for packets that were looked at */
static void test_verdict(void **state)
{
	(void)state;
	assert_int_equal(storm_verdict("NETFILTER_DROP", 0, 0), V_FILTERED);
	assert_int_equal(storm_verdict("IP_RPFILTER", 0, 0), V_RP_FILTER);
	assert_int_equal(storm_verdict("IP_INNOROUTES", 0, 0), V_NO_ROUTE);
	assert_int_equal(storm_verdict("NOT_SPECIFIED", EINVAL, RTN_BLACKHOLE), V_BLACKHOLE);
	assert_int_equal(storm_verdict("", EHOSTUNREACH, RTN_UNREACHABLE), V_UNREACHABLE);
	assert_int_equal(storm_verdict("", EACCES, RTN_PROHIBIT), V_PROHIBIT);
	assert_int_equal(storm_verdict("", 0, RTN_UNICAST), V_OTHER);
	assert_int_equal(storm_verdict("QDISC_DROP", 0, 0), V_OVERLOAD);
	assert_int_equal(storm_verdict("VXLAN_NO_REMOTE", 0, 0), V_TUNNEL_ERROR);
	assert_int_equal(storm_verdict("NEIGH_QUEUEFULL", 0, 0), V_NEIGH_FAILED);
	/* the reason says more than the route */
	assert_int_equal(storm_verdict("IP_INADDRERRORS", EHOSTUNREACH, RTN_UNICAST),
			 V_FORWARDING_OFF);
	assert_int_equal(storm_verdict("NOT_SPECIFIED", EHOSTUNREACH, RTN_UNICAST), V_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
