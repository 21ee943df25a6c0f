// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "util.h"

/*
 * Whoever starts us may have closed 0, 1 or 2 (>&-). Our files and sockets must not get these numbers,
 * as what is printed would go into them. What stands there instead fails when it is used.
 */
static void keep_standard_fds(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

static int run(const struct opts *o, int argc, char **argv)
{
	switch (o->command) {
	case CMD_LIVE:
		return o->top ? cmd_live_top(o, argv) : cmd_live(o, argc, argv);
	case CMD_CAPTURE:
		return cmd_capture(o, argc, argv);
	case CMD_SHOW:
		return cmd_show(o);
	case CMD_DIFF:
		return cmd_diff(o);
	case CMD_REPORT:
		return cmd_report(o);
	case CMD_CHECK:
		return cmd_check(o);
	case CMD_METRICS:
		return cmd_metrics(o, argv);
	case CMD_DOCTOR:
		return cmd_doctor(o);
	default:
		return EXIT_TROUBLE;
	}
}

/* A reader that closed the pipe has seen enough; anything else that kept data back is trouble. */
static int written(int status)
{
	int err;

	fflush(stdout);
	err = stdout_error();
	if (!err || err == -EPIPE || status == EXIT_TROUBLE)
		return status;
	log_err("cannot write to stdout: %s", strerror(-err));
	return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	struct opts o;
	int err;

	keep_standard_fds();
	if (stdout_watch()) {
		log_err("out of memory");
		return EXIT_TROUBLE;
	}
	err = opts_parse(argc, argv, &o, stderr);
	if (err)
		return written(err > 0 ? EXIT_OK : EXIT_TROUBLE);
	o.sandbox = true;
	log_set_level(o.verbose ? LEVEL_DEBUG : o.quiet ? LEVEL_ERR : LEVEL_WARN);
	return written(run(&o, argc, argv));
}
