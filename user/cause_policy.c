// SPDX-License-Identifier: GPL-2.0-only
/* Causes of cause_priv.h: who filtered it: Calico's rules, somebody else's, conntrack. */
#include "cause_priv.h"

#include "util.h"

const struct cause_row cause_policy_rows[] = {
	{ .cause = C_UNKNOWN },
};
const size_t cause_policy_row_cnt = 0;
