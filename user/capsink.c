// SPDX-License-Identifier: GPL-2.0-only
#include "capsink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "capsink_name.h"
#include "outfile.h"
#include "util.h"

#define BLOCK_PACKET 6u /* Enhanced Packet Block */
#define SPACE_MAX (2ull << 30)
/* What the snapshot of the end may need, where the limit is ours */
#define END_ROOM (4ull << 20)
/* A pipe takes that much without blocking once it is writable. */
#define PIPE_CHUNK 4096u
/* Whoever wants to end us waits no longer than that for a reader who does not read. */
#define STALL_NS (3 * NS_PER_S)

struct capsink {
	struct capsink_opts o;
	struct capsink_name name;
	char path[PATH_MAX]; /* of the file at hand */
	struct outfile out;
	int err;
	bool regular;
	uint32_t parts;	  /* files begun */
	off_t start;	  /* where our first octet is: standard output may have some already */
	uint64_t bytes;	  /* whole blocks in the file at hand */
	uint64_t packets; /* in the file at hand */
	uint64_t all_bytes, all_packets;
	uint64_t cut; /* octets of a torn block that nobody can take back */
	char limit[112];
};

static int fail(struct capsink *s, int err)
{
	if (!s->err)
		s->err = err;
	return err;
}

/* ---- opening ---- */

static int open_stdout(struct capsink *s, char *why, size_t why_sz)
{
	struct stat st;

	snprintf(s->path, sizeof(s->path), "standard output");
	if (isatty(STDOUT_FILENO)) {
		snprintf(why, why_sz,
			 "-w -: standard output is a terminal: redirect it, or give -w FILE");
		return -EINVAL;
	}
	s->out.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (s->out.fd < 0 || fstat(s->out.fd, &st)) {
		snprintf(why, why_sz, "-w -: cannot write to standard output: %s", strerror(errno));
		return -errno;
	}
	s->regular = S_ISREG(st.st_mode);
	/* >> writes behind what is there, wherever the offset is */
	if (s->regular)
		s->start = fcntl(s->out.fd, F_GETFL) & O_APPEND ? st.st_size :
								  lseek(s->out.fd, 0, SEEK_CUR);
	s->parts = 1;
	return 0;
}

static int open_file(struct capsink *s, bool force, char *why, size_t why_sz)
{
	struct outfile_opts oo = capsink_name_opts(&s->o, s->path);
	int err;

	s->bytes = s->packets = 0;
	s->start = 0;
	oo.force = force;
	err = outfile__open(&oo, &s->out, why, why_sz);
	if (err)
		return err;
	s->regular = true;
	s->parts++;
	return 0;
}

int capsink__open(const struct capsink_opts *o, struct capsink **ret, char *why, size_t why_sz)
{
	struct capsink *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		snprintf(why, why_sz, "out of memory");
		return -ENOMEM;
	}
	s->o = *o;
	s->out = OUTFILE_NONE;
	if (!strcmp(o->path, "-")) {
		err = open_stdout(s, why, why_sz);
	} else {
		err = capsink_name_check(&s->name, o, why, why_sz);
		if (!err) {
			capsink_name_part(&s->name, 1, s->path, sizeof(s->path));
			err = open_file(s, o->force, why, why_sz);
		}
	}
	if (err) {
		capsink__free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int capsink__begin(struct capsink *s, char *why, size_t why_sz)
{
	int err = s->o.parts && s->o.force ? capsink_name_clear(&s->name, &s->o, why, why_sz) : 0;

	if (err)
		return err;
	err = outfile__keep(&s->out);
	if (err)
		outfile__why(s->path, err, why, why_sz);
	return err;
}

/* ---- limits ---- */

/* "12 MiB" */
static const char *size_str(uint64_t n, char buf[32])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	size_t u = 0;

	for (n >>= 10; n >= 10240 && u + 1 < ARRAY_SIZE(units); u++)
		n >>= 10;
	snprintf(buf, 32, "%" PRIu64 " %s", n, units[u]);
	return buf;
}

/* The file system keeps some room for others: len is what is about to be written. */
static void look_at_space(struct capsink *s, uint64_t len)
{
	struct statvfs v;
	uint64_t all, left, keep;
	char text[2][32];

	if (s->limit[0] || !s->regular || fstatvfs(s->out.fd, &v) || !v.f_blocks)
		return;
	all = (uint64_t)v.f_blocks * v.f_frsize;
	left = (uint64_t)v.f_bavail * v.f_frsize;
	keep = all / 10 < SPACE_MAX ? all / 10 : SPACE_MAX;
	if (left < keep + len)
		snprintf(s->limit, sizeof(s->limit), "of the file system's %s only %s are free",
			 size_str(all, text[0]), size_str(left, text[1]));
}

static void look_at_size(struct capsink *s)
{
	uint64_t max = s->o.bytes_max;
	char text[32];

	if (s->limit[0] || !max || s->all_bytes + (max > 2 * END_ROOM ? END_ROOM : 0) < max)
		return;
	snprintf(s->limit, sizeof(s->limit), "%s are enough unless -d, -c or -C is given",
		 size_str(max, text));
}

void capsink__look(struct capsink *s)
{
	look_at_space(s, 0);
}

const char *capsink__limit(const struct capsink *s)
{
	return s->limit[0] ? s->limit : NULL;
}

/* ---- writing ---- */

/* Length of the whole blocks in the first len octets of data; *packets of them */
static size_t whole_blocks(const uint8_t *data, size_t len, uint64_t *packets)
{
	size_t at = 0;

	*packets = 0;
	while (len - at >= 12) {
		uint32_t head[2];

		memcpy(head, data + at, sizeof(head));
		if (head[1] < 12 || head[1] > len - at)
			break;
		*packets += head[0] == BLOCK_PACKET;
		at += head[1];
	}
	return at;
}

static bool wanted_to_end(const struct capsink *s)
{
	sigset_t set;

	if (s->o.ending && s->o.ending(s->o.ending_ctx))
		return true;
	return !sigpending(&set) &&
	       (sigismember(&set, SIGINT) > 0 || sigismember(&set, SIGTERM) > 0 ||
		sigismember(&set, SIGHUP) > 0);
}

/* A reader who stops reading must not keep us from ending: signals are blocked while we write. */
static int wait_writable(const struct capsink *s)
{
	struct pollfd p = { .fd = s->out.fd, .events = POLLOUT };
	uint64_t since = mono_ns();

	for (;;) {
		int n = poll(&p, 1, 200);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (wanted_to_end(s) && mono_ns() > since + STALL_NS)
			return -ETIMEDOUT;
	}
}

static ssize_t write_some(struct capsink *s, const uint8_t *data, size_t len)
{
	int err = s->regular ? 0 : wait_writable(s);
	ssize_t n;

	if (err)
		return err;
	if (!s->regular && len > PIPE_CHUNK)
		len = PIPE_CHUNK;
	n = write(s->out.fd, data, len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	return n ? n : -EIO;
}

/* What is torn is taken back: the file ends as if it had been written up to there. */
static void take_back(struct capsink *s, size_t torn)
{
	if (!torn)
		return;
	if (!s->regular || ftruncate(s->out.fd, s->start + (off_t)s->bytes))
		s->cut = torn;
	else
		lseek(s->out.fd, s->start + (off_t)s->bytes, SEEK_SET);
}

int capsink__put(void *ctx, const void *data, size_t len)
{
	struct capsink *s = ctx;
	size_t done = 0, whole;
	uint64_t packets;
	ssize_t n = 0;

	if (s->err)
		return s->err;
	if (s->out.fd < 0)
		return fail(s, -EBADF);
	look_at_space(s, len);
	while (done < len) {
		n = write_some(s, (const uint8_t *)data + done, len - done);
		if (n < 0)
			break;
		done += (size_t)n;
	}
	whole = whole_blocks(data, done, &packets);
	s->bytes += whole;
	s->all_bytes += whole;
	s->packets += packets;
	s->all_packets += packets;
	look_at_size(s);
	if (done == len)
		return 0;
	take_back(s, done - whole);
	return fail(s, (int)n);
}

/* ---- the next one, the end ---- */

static int close_file(struct capsink *s)
{
	int err = outfile__close(&s->out);

	return err ? fail(s, err) : s->err;
}

int capsink__next(struct capsink *s)
{
	char old[PATH_MAX], why[512];
	int err = close_file(s);

	if (err)
		return err;
	capsink_name_part(&s->name, s->parts + 1, s->path, sizeof(s->path));
	/* what force allowed to replace was replaced at the beginning */
	err = open_file(s, false, why, sizeof(why));
	if (err)
		return fail(s, err);
	/* only now: with -W 1 it is all that there is */
	if (s->o.part_max && s->parts > s->o.part_max) {
		capsink_name_part(&s->name, s->parts - (uint32_t)s->o.part_max, old, sizeof(old));
		if (unlink(old) && errno != ENOENT)
			log_warn("cannot remove '%s': %s", old, strerror(errno));
	}
	return 0;
}

int capsink__close(struct capsink *s)
{
	return close_file(s);
}

void capsink__discard(struct capsink *s)
{
	if (s && s->out.fd >= 0 && strcmp(s->o.path, "-"))
		outfile__discard(&s->out);
}

void capsink__free(struct capsink *s)
{
	if (!s)
		return;
	outfile__free(&s->out);
	free(s);
}

/* ---- what is said of it ---- */

int capsink__error(const struct capsink *s)
{
	return s->err;
}

uint64_t capsink__packets(const struct capsink *s)
{
	return s->all_packets;
}

uint32_t capsink__parts(const struct capsink *s)
{
	return s->parts;
}

void capsink__complaint(const struct capsink *s, char *buf, size_t sz)
{
	const char *hint = s->err == -EFBIG	? " (ulimit -f)" :
			   s->err == -EPIPE	? " (nobody reads it any more)" :
			   s->err == -ETIMEDOUT ? " (nobody reads it)" :
						  "";

	snprintf(buf, sz, "cannot write to '%s': %s%s; %" PRIu64 " packets are in it%s", s->path,
		 strerror(-s->err), hint, s->packets,
		 s->cut ? ", and a part of a block at its end" : "");
}

void capsink__story(const struct capsink *s, char *buf, size_t sz)
{
	char path[PATH_MAX] = "standard output";

	/* not s->path: that is the one that could not be begun, if that is what went wrong */
	if (s->name.path)
		capsink_name_part(&s->name, s->parts, path, sizeof(path));
	if (s->parts < 2)
		snprintf(buf, sz, "%" PRIu64 " packets written to %s", s->all_packets, path);
	else if (s->o.part_max && s->parts > s->o.part_max)
		snprintf(buf, sz,
			 "%" PRIu64 " packets written to %u files, of which the last %" PRIu64
			 " are kept, up to %s",
			 s->all_packets, s->parts, s->o.part_max, path);
	else
		snprintf(buf, sz, "%" PRIu64 " packets written to %u files, up to %s",
			 s->all_packets, s->parts, path);
}
