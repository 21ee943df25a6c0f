// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace capture`: session -> engine -> file, and nothing on standard output that is not the file. */
#include "cmd.h"
#include "tracer.h"

int cmd_capture(const struct opts *o, int argc, char **argv)
{
	const struct tracer_ops ops = { 0 };
	struct tracer *t = NULL;
	struct summary sum;
	int status = EXIT_TROUBLE;
	uint64_t now;

	(void)argc;
	if (tracer__new(o, argv, &ops, &t))
		return EXIT_TROUBLE;
	if (!tracer__start(t)) {
		/* of a snapshot nobody waits for the start */
		if (!o->snapshot)
			tracer__tell_ready(t);
		tracer__run(t);
		now = tracer__finish(t, &sum);
		status = tracer__end(t, &sum, now) ? EXIT_TROUBLE : EXIT_OK;
	}
	tracer__free(t);
	return status;
}
