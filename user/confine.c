// SPDX-License-Identifier: GPL-2.0-only
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "priv.h"
#include "probe.h"
#include "sandbox.h"
#include "util.h"

/* What it prints must not mix with our data. */
static bool data_on_stdout(const struct opts *o)
{
	return o->output == OUTPUT_JSON || (o->write && !strcmp(o->write, "-"));
}

/* Two links for each pod's device: as many files as may be. The traced program keeps its own limit. */
static void open_many(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l))
		log_debug("the limit of open files stays");
}

int confine_start(const struct opts *o, struct child *c, char *why, size_t why_sz)
{
	int err = o->program ? child__prepare(c, o->program, data_on_stdout(o)) : 0;

	if (err) {
		snprintf(why, why_sz, "cannot make a process: %s", strerror(-err));
		return err;
	}
	open_many();
	priv_start();
	return o->snapshot ? 0 : probe_environment(why, why_sz);
}

void confine_settle(const struct opts *o)
{
	bool writes = o->write && strcmp(o->write, "-") != 0;

	if (!priv_has(CAP_NET_ADMIN))
		log_warn("CAP_NET_ADMIN is missing: ipsets, packet filters and some of the sockets "
			 "cannot be read; run as root");
	priv_settle(writes);
	/* a kernel without seccomp: doctor says so */
	if (o->command == CMD_METRICS)
		(void)sandbox_enter_serving();
	else
		(void)sandbox_enter_tracing(writes);
}
