// SPDX-License-Identifier: GPL-2.0-only
/* Files of a node, by their first octet: confd's two, CNI's results, Felix' status, the kubelet's. */
#include <stdlib.h>
#include <string.h>

#include "cni.h"
#include "conf_bird.h"
#include "fuzz.h"
#include "sources.h"
#include "state.h"

static void on_peer(void *ctx, const struct obs_conf_peer *peer)
{
	struct obs o = { .kind = OBS_CONF_PEER };

	o.conf_peer = *peer;
	fuzz_sink__obs(ctx, &o);
}

static void tell_pod(struct fuzz_sink *s, const struct cni_pod *pod)
{
	struct obs o = { .kind = OBS_POD };

	if (pod->devs > CNI_DEVS_MAX || pod->addrs > CNI_ADDRS_MAX)
		abort();
	for (size_t i = 0; i < pod->devs; i++)
		(void)cni_verified(pod, pod->dev[i]);
	memcpy(o.pod.name, pod->name, sizeof(o.pod.name));
	if (pod->addrs)
		o.pod.addr = pod->addr[0];
	fuzz_sink__obs(s, &o);
}

static void pools(const char *text, size_t len, struct fuzz_sink *s)
{
	struct obs o = { .kind = OBS_POOLS };
	bool felix = false;
	int n = confd_parse_pools(text, len, o.pools.pool, MAX_POOLS, &felix);
	struct prefix own[4];

	if (n > MAX_POOLS || confd_parse_blocks(text, len, own, 4) > 4)
		abort();
	o.pools.cnt = n > 0 ? (uint32_t)n : 0;
	fuzz_sink__obs(s, &o);
}

static void take(uint8_t which, const char *name, const char *text, size_t len, struct fuzz_sink *s)
{
	struct obs conf = { .kind = OBS_CONF };
	struct addr dns[8];
	struct cni_pod pod;

	switch (which) {
	case 0:
		if (!conf_parse_bird(text, len, &conf.conf, on_peer, s))
			fuzz_sink__obs(s, &conf);
		break;
	case 1:
		pools(text, len, s);
		break;
	case 2:
		if (!cni_parse_result(text, len, &pod))
			tell_pod(s, &pod);
		break;
	case 3:
		if (!cni_parse_status(name, text, len, &pod))
			tell_pod(s, &pod);
		break;
	case 4:
		if (kubelet_dns(text, len, dns, 8) > 8)
			abort();
		break;
	}
}

int FUZZ_TARGET(files)(const uint8_t *data, size_t size)
{
	struct fuzz_sink *s = fuzz_sink__new();
	struct fuzz_input in = { data, size };
	uint8_t which = fuzz_u8(&in) % 5;
	char *name = which == 3 ? fuzz_text(&in, "\n") : NULL;
	size_t len = 0;
	uint8_t *text = fuzz_part(&in, NULL, &len);

	if (text && (name || which != 3))
		take(which, name, (const char *)text, len, s);
	free(text);
	free(name);
	fuzz_sink__free(s);
	return 0;
}
