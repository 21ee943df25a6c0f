// SPDX-License-Identifier: GPL-2.0-only
/* Targets without libFuzzer: files as they are, and changed at random. */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "util.h"

#define FILE_MAX (4u << 20)

const struct fuzz_target fuzz_targets[] = {
	{ "capfile", fuzz_capfile }, { "packet", fuzz_packet },
	{ "record", fuzz_record },   { "bird", fuzz_bird },
	{ "netlink", fuzz_netlink }, { "tables", fuzz_tables },
	{ "nftrace", fuzz_nftrace }, { "files", fuzz_files },
	{ "options", fuzz_options }, { "filter", fuzz_filter },
	{ "show", fuzz_show },	     { "diff", fuzz_diff },
	{ "report", fuzz_report },   { NULL, NULL },
};

const struct fuzz_target *fuzz_target(const char *name)
{
	const struct fuzz_target *t = fuzz_targets;

	while (t->name && strcmp(t->name, name))
		t++;
	return t->name ? t : NULL;
}

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

static int load(const char *path, uint8_t **ret, size_t *len)
{
	FILE *f = fopen(path, "re");
	uint8_t *b = f ? malloc(FILE_MAX) : NULL;
	int err = f ? b ? 0 : -ENOMEM : -errno;

	if (b)
		*len = fread(b, 1, FILE_MAX, f);
	if (f)
		fclose(f);
	*ret = b;
	return err;
}

/* What a command prints, and says of its input, is of no concern. */
struct silence {
	int fd[3];
};

static void silence__begin(struct silence *s)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(NULL);
	for (int i = 1; i < 3; i++) {
		s->fd[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		dup2(null, i);
	}
	close(null);
}

static void silence__end(struct silence *s)
{
	fflush(NULL);
	for (int i = 1; i < 3; i++) {
		dup2(s->fd[i], i);
		close(s->fd[i]);
	}
}

static void changed(const struct fuzz_target *t, const uint8_t *b, size_t len, uint64_t *seed)
{
	/* exactly as long as it is, so that a sanitizer sees the octet behind it */
	uint8_t *copy = malloc(len);
	size_t n = len;

	if (!copy)
		return;
	memcpy(copy, b, len);
	for (uint64_t times = prng(seed) % 8 + 1; times; times--)
		n = mutate(copy, n, seed);
	t->fn(copy, n);
	free(copy);
}

int fuzz_file(const struct fuzz_target *t, const char *path, uint64_t runs, uint64_t seed)
{
	struct silence s;
	uint8_t *b;
	size_t len = 0;
	int err = load(path, &b, &len);

	if (err)
		return err;
	silence__begin(&s);
	t->fn(b, len);
	for (uint64_t i = 0; len && i < runs; i++)
		changed(t, b, len, &seed);
	silence__end(&s);
	free(b);
	return 0;
}
