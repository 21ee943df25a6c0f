// SPDX-License-Identifier: GPL-2.0-only
/*
 * BIRD's replies: an octet of flags (bird6; how long the pieces are in which they come), then the
 * replies to all requests, in their order.
 */
#include <stdlib.h>

#include "bird_parse.h"
#include "fuzz.h"
#include "util.h"

static bool feed(struct bird_parser *p, struct fuzz_input *in, size_t piece)
{
	int ret = 0;

	while (in->len && !ret) {
		size_t n = piece < in->len ? piece : in->len;
		char *copy = malloc(n);

		if (!copy)
			abort();
		for (size_t i = 0; i < n; i++)
			copy[i] = (char)in->p[i];
		ret = bird_parser__feed(p, copy, n, 1000 * NS_PER_S);
		free(copy);
		in->p += n;
		in->len -= n;
	}
	return ret == 1;
}

int FUZZ_TARGET(bird)(const uint8_t *data, size_t size)
{
	struct fuzz_sink *s = fuzz_sink__new();
	struct fuzz_input in = { data, size };
	uint8_t flags = fuzz_u8(&in);
	struct bird_parser p;

	bird_parser__init(&p, flags & 1, fuzz_sink__obs, s);
	for (int r = BIRD_GREETING; r < BIRD_REQUEST_MAX; r++) {
		/* a reply ends where a request would follow: each is a part of its own */
		struct fuzz_input reply = { .len = 0 };
		uint8_t *part = fuzz_part(&in, "\n\n", &reply.len);

		if (!part)
			break;
		reply.p = part;
		bird_parser__begin(&p, (enum bird_request)r);
		(void)feed(&p, &reply, (flags >> 1) + 1u);
		if (feed(&p, &(struct fuzz_input){ (const uint8_t *)"\n", 1 }, 1))
			bird_parser__flush(&p);
		free(part);
	}
	fuzz_sink__free(s);
	return 0;
}
