// SPDX-License-Identifier: GPL-2.0-only
/* Felix' allow-lists of tunnel traffic, see state.h. */
#include <errno.h>

#include "learn.h"
#include "state.h"

int state_nodes(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	struct round r = { SOURCE_IPSET, ts_ns, fn, ctx };
	struct nodes fresh = { 0 };
	struct nodes *nodes = ask->nodes ? ask->nodes : &fresh;
	int got;

	round_begin(&r);
	got = nodes__learn(nodes);
	if (got > 0 || (!got && nodes == &fresh))
		nodes__tell(nodes, ts_ns, fn, ctx);
	if (got >= 0)
		got = nodes->lists ? 0 : -ENOENT;
	nodes__free(&fresh);
	return round_end(&r, got, "ipset");
}
