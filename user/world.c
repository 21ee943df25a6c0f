// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the node's other programs and files say: BIRD, confd, Felix' sets and files, sysctls. Each
 * source is told in rounds; the last one that ended well is what is known.
 */
#include "engine_priv.h"

void world_observe(struct engine *e, const struct obs *o)
{
	(void)e;
	(void)o;
}

void world_free_all(struct engine *e)
{
	(void)e;
}
