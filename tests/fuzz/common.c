// SPDX-License-Identifier: GPL-2.0-only
/* What targets share, see fuzz.h. */
#include <stdlib.h>
#include <string.h>

#include "capfile.h"
#include "fuzz.h"

struct fuzz_sink {
	struct capw *w;
	uint64_t sum;
};

static int drop(void *ctx, const void *data, size_t len)
{
	*(uint64_t *)ctx += len + *(const uint8_t *)data;
	return 0;
}

struct fuzz_sink *fuzz_sink__new(void)
{
	struct fuzz_sink *s = calloc(1, sizeof(*s));
	struct capw_opts o = { .put = drop };

	if (!s)
		abort();
	o.ctx = &s->sum;
	if (capw__new(&o, &s->w))
		abort();
	return s;
}

void fuzz_sink__free(struct fuzz_sink *s)
{
	capw__flush(s->w);
	capw__free(s->w);
	free(s);
}

void fuzz_sink__obs(void *ctx, const struct obs *o)
{
	struct fuzz_sink *s = ctx;

	if (o->kind == OBS_PATH && o->pkt.snap_len > SNAP_LEN)
		abort();
	if (o->kind == OBS_ROUTE && o->route.route.nh_cnt > MAX_NEXTHOPS)
		abort();
	if (o->kind == OBS_POOLS && o->pools.cnt > MAX_POOLS)
		abort();
	capw__obs(s->w, o);
}

uint8_t *fuzz_part(struct fuzz_input *in, const char *separator, size_t *len)
{
	size_t sep = separator ? strlen(separator) : 0;
	const uint8_t *end = NULL;
	uint8_t *part;

	if (!in->len)
		return NULL;
	if (separator)
		end = memmem(in->p, in->len, separator, sep);
	*len = end ? (size_t)(end - in->p) : in->len;
	/* exactly as long as it is, so that a sanitizer sees the octet behind it */
	part = malloc(*len);
	if (*len && !part)
		abort();
	if (*len)
		memcpy(part, in->p, *len);
	in->p += *len + (end ? sep : 0);
	in->len -= *len + (end ? sep : 0);
	return part;
}

char *fuzz_text(struct fuzz_input *in, const char *separator)
{
	uint8_t *part, *text;
	size_t len;

	part = fuzz_part(in, separator, &len);
	if (!part)
		return NULL;
	text = realloc(part, len + 1);
	if (!text)
		abort();
	text[len] = '\0';
	return (char *)text;
}
