// SPDX-License-Identifier: GPL-2.0-only
/* The reader of capture files, and the writer of copies of them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capfile.h"
#include "fuzz.h"

/* What is told is looked at, so that a sanitizer sees what was not set. */
static uint64_t look(const struct cap_item *i)
{
	uint64_t sum = i->kind + i->offset + i->block_len;

	if (i->block_len)
		sum += ((const uint8_t *)i->block)[i->block_len - 1];
	if (i->kind == CAP_META)
		for (cap_words w = i->meta.argv; w && *w; w++)
			sum += strlen(*w);
	if (i->kind == CAP_READY)
		for (cap_words w = i->ready.ifaces; w && *w; w++)
			sum += strlen(*w);
	if (i->kind == CAP_OBS) {
		sum += i->obs.kind + i->obs.ts_ns;
		if (i->obs.kind == OBS_PATH && i->obs.pkt.snap_len > SNAP_LEN)
			abort();
		if (i->obs.kind == OBS_ROUTE && i->obs.route.route.nh_cnt > MAX_NEXTHOPS)
			abort();
		if (i->obs.kind == OBS_POOLS && i->obs.pools.cnt > MAX_POOLS)
			abort();
	}
	return sum;
}

static int drop(void *ctx, const void *data, size_t len)
{
	*(uint64_t *)ctx += len + *(const uint8_t *)data;
	return 0;
}

/* Also what `show -w` does with it */
static void read_all(struct capr *r, struct capw *w)
{
	const struct cap_item *i;
	uint64_t sum = 0;
	char why[512];

	while (capr__next(r, &i, why, sizeof(why)) > 0) {
		sum += look(i);
		if (i->block)
			capw__recomment(w, i->block, i->block_len, capr__swapped(r), "fuzz");
		if (i->kind == CAP_OBS)
			capw__obs(w, &i->obs);
	}
	/* so that nobody leaves the looking out */
	if (sum == UINT64_MAX)
		abort();
}

int FUZZ_TARGET(capfile)(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	uint64_t sum = 0;
	struct capw_opts o = { .put = drop, .ctx = &sum };
	char path[64], why[512];
	struct capr *r;
	struct capw *w;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || capw__new(&o, &w))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!capr__open(path, &r, why, sizeof(why))) {
		read_all(r, w);
		capr__free(r);
	}
	capw__flush(w);
	capw__free(w);
	close(fd);
	return 0;
}
