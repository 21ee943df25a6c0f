// SPDX-License-Identifier: GPL-2.0-only
/* What confd wrote for BIRD, see state.h. */
#include <errno.h>
#include <stdlib.h>

#include "conf_bird.h"
#include "sources.h"
#include "state.h"
#include "within.h"

#define BIRD_CFG "bird.cfg"
#define IPAM_CFG "bird_ipam.cfg"
/* A session takes some 800 bytes; the largest meshes have a few thousand. */
#define BIRD_CFG_MAX_SZ (8 * 1024 * 1024)
#define IPAM_CFG_MAX_SZ (1024 * 1024)

static void tell_peer(void *ctx, const struct obs_conf_peer *peer)
{
	struct obs o = { .kind = OBS_CONF_PEER, .conf_peer = *peer };

	round_tell(ctx, &o);
}

static int read_felix_owns(const struct state_ask *ask, bool *owns)
{
	struct pool pool[MAX_POOLS];
	char *text;
	size_t len;
	int err;

	err = within_confd(ask->host_root, ask->netns_inum, IPAM_CFG, IPAM_CFG_MAX_SZ, &text, &len);
	if (err)
		return err;
	err = confd_parse_pools(text, len, pool, MAX_POOLS, owns);
	free(text);
	return err < 0 ? err : 0;
}

/* Twice through the text: what is not understood to its end tells nothing at all. */
static int tell_conf(const struct state_ask *ask, struct round *r, int *ipam_err)
{
	struct obs o = { .kind = OBS_CONF };
	char *text;
	size_t len;
	int err;

	err = within_confd(ask->host_root, ask->netns_inum, BIRD_CFG, BIRD_CFG_MAX_SZ, &text, &len);
	if (err)
		return err;
	err = conf_parse_bird(text, len, &o.conf, NULL, NULL);
	if (!err) {
		struct obs_conf again;

		*ipam_err = read_felix_owns(ask, &o.conf.felix_owns);
		round_tell(r, &o);
		err = conf_parse_bird(text, len, &again, tell_peer, r);
	}
	free(text);
	return err;
}

int state_conf(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	struct round r = { SOURCE_CONF, ts_ns, fn, ctx };
	int err, ipam_err = 0;

	round_begin(&r);
	err = tell_conf(ask, &r, &ipam_err);
	if (err)
		return round_end(&r, err, BIRD_CFG);
	return round_end_but(&r, IPAM_CFG, ipam_err);
}
