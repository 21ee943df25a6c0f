// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of capture files, with input that nobody means well with. With clang -fsanitize=fuzzer
 * -DLIBFUZZER it is libFuzzer's; else a program that replays files, or changes them at random:
 *
 *   fuzz_capfile FILE...            reads each
 *   fuzz_capfile -n RUNS [-s SEED] FILE...   reads each RUNS times, with other octets each time
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capfile.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	volatile uint64_t sum = 0;
	char why[512];

	while (capr__next(r, &i, why, sizeof(why)) > 0) {
		sum += look(i);
		if (i->block)
			capw__recomment(w, i->block, i->block_len, capr__swapped(r), "fuzz");
		if (i->kind == CAP_OBS)
			capw__obs(w, &i->obs);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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

#ifndef LIBFUZZER

static uint64_t prng(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* An octet, a word that is often trouble, a piece from elsewhere, or an end that comes early */
static size_t mutate(uint8_t *b, size_t len, uint64_t *s)
{
	static const uint32_t words[] = { 0, 1, 4, 11, 12, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t at = prng(s) % len, from = prng(s) % len, n = prng(s) % 32;

	switch (prng(s) % 8) {
	case 0:
	case 1:
	case 2:
		b[at] = (uint8_t)prng(s);
		break;
	case 3:
	case 4:
		b[at] ^= (uint8_t)(1u << prng(s) % 8);
		break;
	case 5:
		at &= ~(size_t)3;
		if (at + 4 <= len)
			memcpy(b + at, &words[prng(s) % ARRAY_SIZE(words)], 4);
		break;
	case 6:
		if (at + n <= len && from + n <= len)
			memmove(b + at, b + from, n);
		break;
	case 7:
		if (prng(s) % 8 == 0)
			len = at + 1;
		break;
	}
	return len;
}

static int load(const char *path, uint8_t **b, size_t *len)
{
	FILE *f = fopen(path, "re");
	size_t cap = 4 << 20;

	*b = f ? malloc(cap) : NULL;
	if (!*b) {
		fprintf(stderr, "fuzz_capfile: %s: %s\n", path, strerror(errno));
		if (f)
			fclose(f);
		return -1;
	}
	*len = fread(*b, 1, cap, f);
	fclose(f);
	return *len ? 0 : -1;
}

static int fuzz_file(const char *path, uint64_t runs, uint64_t seed)
{
	uint8_t *b, *copy;
	size_t len, n;

	if (load(path, &b, &len))
		return 1;
	LLVMFuzzerTestOneInput(b, len);
	for (uint64_t i = 0; i < runs; i++) {
		/* exactly as long as it is, so that a sanitizer sees the octet behind it */
		copy = malloc(len);
		if (!copy)
			return 1;
		memcpy(copy, b, len);
		n = len;
		for (uint64_t times = prng(&seed) % 8 + 1; times; times--)
			n = mutate(copy, n, &seed);
		LLVMFuzzerTestOneInput(copy, n);
		free(copy);
	}
	free(b);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t runs = 0, seed = 0x9E3779B97F4A7C15ull;
	int opt, status = 0;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		if (opt == '?' || parse_u64(optarg, 1, UINT64_MAX, opt == 'n' ? &runs : &seed)) {
			fprintf(stderr, "usage: fuzz_capfile [-n RUNS] [-s SEED] FILE...\n");
			return 2;
		}
	}
	for (int i = optind; i < argc; i++)
		status |= fuzz_file(argv[i], runs, seed + (uint64_t)i);
	return status;
}

#endif
