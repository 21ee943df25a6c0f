// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of the ring, as bpf/events.h has them, one after the other: they are the kernel's, and hold
 * what came from the wire and from whoever changes routes. Each goes into an engine, too.
 */
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "decode.h"
#include "engine.h"
#include "fuzz.h"

struct both {
	struct fuzz_sink *sink;
	struct engine *engine;
};

static void on_obs(void *ctx, const struct obs *o)
{
	struct both *b = ctx;

	fuzz_sink__obs(b->sink, o);
	engine__feed(b->engine, o);
}

static void take(struct both *b, const uint8_t *data, size_t len)
{
	uint64_t *copy = malloc(len);

	if (!copy)
		abort();
	/* at an address like the ring's */
	memcpy(copy, data, len);
	decode_record(copy, len, NULL, on_obs, b);
	free(copy);
}

int FUZZ_TARGET(record)(const uint8_t *data, size_t size)
{
	const struct engine_opts eo = { .reply_timeout_ns = 2000000000,
					.dns_port = { 53 },
					.max_packets = 256 };
	struct fuzz_input in = { data, size };
	struct both b = { .sink = fuzz_sink__new() };

	if (engine__new(&eo, &b.engine))
		abort();
	while (in.len > sizeof(struct ev_hdr)) {
		size_t len = ((const uint8_t *)in.p)[4] | in.p[5] << 8;

		if (len < sizeof(struct ev_hdr) || len > in.len)
			len = in.len;
		take(&b, in.p, len);
		in.p += len;
		in.len -= len;
	}
	engine__free(b.engine);
	fuzz_sink__free(b.sink);
	return 0;
}
