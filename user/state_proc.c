// SPDX-License-Identifier: GPL-2.0-only
/* Which of the node's own daemons run, see state.h. */
#include <errno.h>

#include "sources.h"
#include "state.h"

static bool tell_proc(void *ctx, const struct obs_proc *proc)
{
	struct obs o = { .kind = OBS_PROC, .proc = *proc };

	round_tell(ctx, &o);
	return true;
}

int state_proc(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	/* All that runit starts in the container is called calico-node, Felix among them; before
	 * v3.5 Felix had a program of its own. */
	static const char *const comms[] = { "bird", "bird6", "calico-node", "calico-felix", NULL };
	struct round r = { SOURCE_PROC, ts_ns, fn, ctx };
	int err = -EINVAL;

	round_begin(&r);
	if (ask->netns_inum)
		err = proc_each(ask->host_root, ask->netns_inum, comms, tell_proc, &r);
	return round_end(&r, err, "proc");
}
