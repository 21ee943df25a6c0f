// SPDX-License-Identifier: GPL-2.0-only
#include "cmd.h"
#include "util.h"

int cmd_capture(const struct opts *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;
	log_err("'capture' is not in this version yet");
	return EXIT_TROUBLE;
}
