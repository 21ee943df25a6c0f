// SPDX-License-Identifier: GPL-2.0-only
/* Causes of cause_priv.h: the pod or the service that it was for. */
#include "cause_priv.h"

#include "util.h"

const struct cause_row cause_service_rows[] = {
	{ .cause = C_UNKNOWN },
};
const size_t cause_service_row_cnt = 0;
