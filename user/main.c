// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cmd.h"
#include "util.h"

int main(int argc, char **argv)
{
	struct opts o;
	int err = opts_parse(argc, argv, &o, stderr);

	if (err)
		return err > 0 ? EXIT_OK : EXIT_TROUBLE;
	log_set_level(o.verbose ? LEVEL_DEBUG : o.quiet ? LEVEL_ERR : LEVEL_WARN);
	switch (o.command) {
	case CMD_LIVE:
		return cmd_live(&o, argc, argv);
	case CMD_CAPTURE:
		return cmd_capture(&o, argc, argv);
	case CMD_SHOW:
		return cmd_show(&o);
	case CMD_DIFF:
		return cmd_diff(&o);
	case CMD_REPORT:
		return cmd_report(&o);
	case CMD_CHECK:
		return cmd_check(&o);
	case CMD_DOCTOR:
		return cmd_doctor(&o);
	default:
		return EXIT_TROUBLE;
	}
}
