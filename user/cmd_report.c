// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
#include "util.h"

int cmd_report(const struct opts *o)
{
	(void)o;
	log_err("'report' is not in this version yet");
	return EXIT_TROUBLE;
}
