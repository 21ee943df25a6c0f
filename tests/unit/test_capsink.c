// SPDX-License-Identifier: GPL-2.0-only
/* Where a capture goes: which files are made, which are refused, what is left after trouble. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capsink.h"

#define BLOCK_LEN 100
#define PACKET 6u
#define OTHER 0x80000c0du

static char why[512];

static int setup(void **state)
{
	char *dir = strdup("/tmp/calitrace-capsink.XXXXXX");
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGXFSZ);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*state = dir;
	return !mkdtemp(dir) || chdir(dir);
}

static int teardown(void **state)
{
	glob_t g;

	if (!glob("*", 0, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			if (unlink(g.gl_pathv[i]))
				rmdir(g.gl_pathv[i]);
		globfree(&g);
	}
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(*state), 0);
	free(*state);
	return 0;
}

static struct capsink *open_ok(struct capsink_opts o)
{
	struct capsink *s = NULL;

	if (capsink__open(&o, &s, why, sizeof(why)) || capsink__begin(s, why, sizeof(why)))
		fail_msg("%s: %s", o.path, why);
	return s;
}

#define OPEN(...) open_ok((struct capsink_opts){ __VA_ARGS__ })

static void refused(struct capsink_opts o, int err, const char *line)
{
	struct capsink *s = NULL;

	assert_int_equal(capsink__open(&o, &s, why, sizeof(why)), err);
	assert_null(s);
	assert_string_equal(why, line);
}

#define REFUSED(err, line, ...) refused((struct capsink_opts){ __VA_ARGS__ }, err, line)

/* cnt blocks, of which every other one is a packet, the first among them */
static size_t fill(uint8_t *buf, size_t cnt)
{
	memset(buf, 0x55, cnt * BLOCK_LEN);
	for (size_t i = 0; i < cnt; i++) {
		uint32_t head[2] = { i % 2 ? OTHER : PACKET, BLOCK_LEN };

		memcpy(buf + i * BLOCK_LEN, head, sizeof(head));
		memcpy(buf + (i + 1) * BLOCK_LEN - 4, &head[1], 4);
	}
	return cnt * BLOCK_LEN;
}

static int put(struct capsink *s, size_t cnt)
{
	uint8_t buf[64 * BLOCK_LEN];

	return capsink__put(s, buf, fill(buf, cnt));
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
}

static void new_file(void **state)
{
	mode_t before = umask(0);
	struct capsink *s = OPEN(.path = "a.pcapng");
	struct stat st;
	char line[300];

	(void)state;
	umask(before);
	assert_int_equal(put(s, 5), 0);
	assert_int_equal(put(s, 2), 0);
	assert_int_equal(stat("a.pcapng", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 7 * BLOCK_LEN);
	assert_int_equal(capsink__packets(s), 4);
	assert_null(capsink__limit(s));
	assert_int_equal(capsink__close(s), 0);
	capsink__story(s, line, sizeof(line));
	assert_string_equal(line, "4 packets written to a.pcapng");
	capsink__free(s);
}

static void existing(void **state)
{
	struct capsink *s;

	(void)state;
	touch("a");
	REFUSED(-EEXIST, "'a' exists: --force replaces it", .path = "a");
	assert_int_equal(size_of("a"), 3);
	s = OPEN(.path = "a", .force = true);
	assert_int_equal(size_of("a"), 0);
	capsink__free(s);
}

/* What cannot begin replaces nothing. */
static void not_begun(void **state)
{
	struct capsink_opts o = { .path = "a", .force = true };
	struct capsink *s = NULL;
	glob_t g;

	(void)state;
	touch("a");
	touch("p_000001");
	touch("p_000002");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(capsink__open(&o, &s, why, sizeof(why)), 0);
		assert_int_equal(put(s, 2), 0);
		assert_int_equal(size_of("a"), 3);
		capsink__discard(s);
		capsink__free(s);
		o = (struct capsink_opts){ .path = "p", .force = true, .parts = true };
	}
	assert_int_equal(size_of("a"), 3);
	assert_int_equal(size_of("p_000001"), 3);
	assert_int_equal(size_of("p_000002"), 3);
	assert_int_equal(glob("*", 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, 3);
	globfree(&g);
}

static void no_file(void **state)
{
	(void)state;
	mkdir("dir", 0700);
	mkfifo("fifo", 0600);
	assert_int_equal(symlink("nowhere", "link"), 0);
	REFUSED(-EISDIR, "'dir' is a directory: name a file in it", .path = "dir", .force = true);
	REFUSED(-EISDIR, "'dir/' is a directory: name a file in it", .path = "dir/");
	REFUSED(-EISDIR, "'dir' is a directory: name a file in it", .path = "dir", .parts = true);
	REFUSED(-EINVAL, "'fifo' is no regular file (a FIFO): write to it with -w - >FILE",
		.path = "fifo", .force = true);
	REFUSED(-EINVAL, "'/dev/null' is no regular file (a device): write to it with -w - >FILE",
		.path = "/dev/null", .force = true);
	REFUSED(-EINVAL, "'link' is a symbolic link: name the file that it leads to",
		.path = "link", .force = true);
	REFUSED(-ENOENT, "cannot write 'none/a': there is no directory 'none'", .path = "none/a");
	REFUSED(-ENOENT, "cannot write 'none/a': there is no directory 'none'", .path = "none/a",
		.parts = true);
	REFUSED(-ENOTDIR, "cannot write 'fifo/a': there is no directory 'fifo'", .path = "fifo/a");
	assert_int_equal(size_of("nowhere"), -1);
}

static void removed_if_empty(void **state)
{
	struct capsink *s = OPEN(.path = "a");

	(void)state;
	capsink__discard(s);
	capsink__free(s);
	assert_int_equal(size_of("a"), -1);
}

static void size_limit(void **state)
{
	struct rlimit was, now;
	struct capsink *s = OPEN(.path = "a");
	char line[400];
	int err;

	(void)state;
	assert_int_equal(put(s, 1), 0);
	getrlimit(RLIMIT_FSIZE, &was);
	now = (struct rlimit){ 3 * BLOCK_LEN + 50, was.rlim_max };
	setrlimit(RLIMIT_FSIZE, &now);
	err = put(s, 10);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(err, -EFBIG);
	assert_int_equal(put(s, 1), -EFBIG);
	assert_int_equal(capsink__error(s), -EFBIG);
	assert_int_equal(size_of("a"), 3 * BLOCK_LEN);
	assert_int_equal(capsink__packets(s), 2);
	capsink__complaint(s, line, sizeof(line));
	assert_string_equal(line,
			    "cannot write to 'a': File too large (ulimit -f); 2 packets are in it");
	assert_int_equal(capsink__close(s), -EFBIG);
	capsink__free(s);
}

/* capsink__open("-") with that as standard output */
static struct capsink *open_stdout(int fd)
{
	int saved = dup(STDOUT_FILENO);
	struct capsink *s;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	s = OPEN(.path = "-");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	return s;
}

static void full_stdout(void **state)
{
	struct capsink *s = open_stdout(open("/dev/full", O_WRONLY));
	char line[400];

	(void)state;
	assert_int_equal(put(s, 4), -ENOSPC);
	capsink__complaint(s, line, sizeof(line));
	assert_string_equal(line, "cannot write to 'standard output': No space left on device; 0 "
				  "packets are in it");
	capsink__free(s);
}

static void pipe_stdout(void **state)
{
	char line[400], got[8 * BLOCK_LEN];
	struct capsink *s;
	int end[2];

	(void)state;
	assert_int_equal(pipe(end), 0);
	s = open_stdout(end[1]);
	assert_int_equal(put(s, 4), 0);
	assert_int_equal(read(end[0], got, sizeof(got)), 4 * BLOCK_LEN);
	close(end[0]);
	assert_int_equal(put(s, 4), -EPIPE);
	assert_int_equal(capsink__packets(s), 2);
	capsink__complaint(s, line, sizeof(line));
	assert_non_null(
		strstr(line, "Broken pipe (nobody reads it any more); 2 packets are in it"));
	capsink__free(s);
}

static bool is_true(void *ctx)
{
	return *(const bool *)ctx;
}

/* The signal that ends us has been read long ago, and is not pending. */
static void stalled_stdout(void **state)
{
	bool ending = true;
	struct capsink *s;
	int end[2], saved = dup(STDOUT_FILENO), err = 0;

	(void)state;
	fflush(stdout);
	assert_int_equal(pipe(end), 0);
	dup2(end[1], STDOUT_FILENO);
	s = OPEN(.path = "-", .ending = is_true, .ending_ctx = &ending);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(end[1]);
	for (int i = 0; i < 1000 && !err; i++)
		err = put(s, 64);
	assert_int_equal(err, -ETIMEDOUT);
	capsink__free(s);
	close(end[0]);
}

/* What standard output had before is not ours to cut. */
static void keep_what_was(int flags)
{
	struct rlimit was, now;
	struct capsink *s;
	int fd;

	touch("a");
	fd = open("a", O_WRONLY | flags);
	if (!flags)
		lseek(fd, 0, SEEK_END);
	s = open_stdout(fd);
	getrlimit(RLIMIT_FSIZE, &was);
	now = (struct rlimit){ 2 * BLOCK_LEN + 50, was.rlim_max };
	setrlimit(RLIMIT_FSIZE, &now);
	assert_int_equal(put(s, 10), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(size_of("a"), 3 + 2 * BLOCK_LEN);
	capsink__free(s);
	unlink("a");
}

static void appended_stdout(void **state)
{
	(void)state;
	keep_what_was(0);
	keep_what_was(O_APPEND);
}

static void parts(void **state)
{
	struct capsink *s = OPEN(.path = "dir.d/x.y.pcapng", .parts = true, .part_max = 2);
	char line[400];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(put(s, 2), 0);
		assert_int_equal(capsink__next(s), 0);
	}
	assert_int_equal(put(s, 4), 0);
	assert_int_equal(capsink__close(s), 0);
	assert_int_equal(capsink__parts(s), 4);
	assert_int_equal(capsink__packets(s), 5);
	assert_int_equal(size_of("dir.d/x.y_000001.pcapng"), -1);
	assert_int_equal(size_of("dir.d/x.y_000002.pcapng"), -1);
	assert_int_equal(size_of("dir.d/x.y_000003.pcapng"), 2 * BLOCK_LEN);
	assert_int_equal(size_of("dir.d/x.y_000004.pcapng"), 4 * BLOCK_LEN);
	capsink__story(s, line, sizeof(line));
	assert_string_equal(line,
			    "5 packets written to 4 files, of which the last 2 are kept, up to "
			    "dir.d/x.y_000004.pcapng");
	capsink__free(s);
}

static void parts_in_dir(void **state)
{
	(void)state;
	mkdir("dir.d", 0700);
	parts(state);
	unlink("dir.d/x.y_000003.pcapng");
	unlink("dir.d/x.y_000004.pcapng");
}

static void old_parts(void **state)
{
	struct capsink *s;
	char line[400];

	(void)state;
	touch("x_000007");
	touch("x_1");
	touch("xy_000001");
	touch("x_000001.pcapng");
	REFUSED(-EEXIST, "'./x_000007' exists: --force replaces it", .path = "x", .parts = true);
	s = OPEN(.path = "x", .parts = true, .force = true);
	assert_int_equal(size_of("x_000001"), 0);
	assert_int_equal(size_of("x_000007"), -1);
	assert_int_equal(size_of("x_1"), 3);
	assert_int_equal(size_of("xy_000001"), 3);
	assert_int_equal(size_of("x_000001.pcapng"), 3);
	assert_int_equal(put(s, 1), 0);
	/* somebody was quicker */
	touch("x_000002");
	assert_int_equal(capsink__next(s), -EEXIST);
	assert_int_equal(put(s, 1), -EEXIST);
	assert_int_equal(size_of("x_000002"), 3);
	capsink__complaint(s, line, sizeof(line));
	assert_string_equal(line, "cannot write to 'x_000002': File exists; 0 packets are in it");
	capsink__story(s, line, sizeof(line));
	assert_string_equal(line, "1 packets written to x_000001");
	capsink__free(s);
}

/* The only file of -W 1 goes when there is another. */
static void last_part(void **state)
{
	struct capsink *s = OPEN(.path = "x", .parts = true, .part_max = 1);

	(void)state;
	assert_int_equal(put(s, 2), 0);
	assert_int_equal(capsink__next(s), 0);
	assert_int_equal(size_of("x_000001"), -1);
	assert_int_equal(put(s, 3), 0);
	touch("x_000003");
	assert_int_equal(capsink__next(s), -EEXIST);
	assert_int_equal(size_of("x_000002"), 3 * BLOCK_LEN);
	capsink__free(s);
}

/* --force takes what a rotation made, and all of it or nothing. */
static void other_names(void **state)
{
	struct capsink *s;

	(void)state;
	touch("x_20261123");
	touch("x_1000000");
	touch("x_0000001");
	touch("x_000001");
	mkdir("x_000002", 0700);
	REFUSED(-EISDIR, "'./x_000002' is a directory: name a file in it", .path = "x",
		.parts = true, .force = true);
	assert_int_equal(size_of("x_000001"), 3);
	rmdir("x_000002");
	s = OPEN(.path = "x", .parts = true, .force = true);
	assert_int_equal(size_of("x_000001"), 0);
	assert_int_equal(size_of("x_1000000"), -1);
	assert_int_equal(size_of("x_20261123"), 3);
	assert_int_equal(size_of("x_0000001"), 3);
	capsink__free(s);
}

/* A baseline is read after the file of -w was made. */
static void read_too(void **state)
{
	static const char *const keep[] = { "none", "./x_000002" };

	(void)state;
	touch("x_000001");
	touch("x_000002");
	REFUSED(-EINVAL, "'x_000002' is to be read, too: write to another file", .path = "x_000002",
		.force = true, .keep = keep, .keep_cnt = 2);
	REFUSED(-EINVAL, "'./x_000002' is to be read, too: write to another file", .path = "x",
		.parts = true, .force = true, .keep = keep, .keep_cnt = 2);
	assert_int_equal(size_of("x_000001"), 3);
	assert_int_equal(size_of("x_000002"), 3);
}

static void octets_limit(void **state)
{
	struct capsink *s = OPEN(.path = "a", .bytes_max = 5 * BLOCK_LEN);

	(void)state;
	assert_int_equal(put(s, 4), 0);
	assert_null(capsink__limit(s));
	assert_int_equal(put(s, 1), 0);
	assert_string_equal(capsink__limit(s), "0 KiB are enough unless -d, -c or -C is given");
	capsink__free(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(new_file),	 T(existing),	 T(no_file),	  T(removed_if_empty),
		T(size_limit),	 T(full_stdout), T(pipe_stdout),  T(appended_stdout),
		T(parts_in_dir), T(old_parts),	 T(octets_limit), T(stalled_stdout),
		T(last_part),	 T(other_names), T(read_too),	  T(not_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
