// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rotation's files are numbered before the extension, with as many digits that they sort, so that
 * `calitrace show x_*.pcapng` and a directory of *.pcapng have them in order.
 */
#include "capsink_name.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS 6
#define NUMBER_LEN 12 /* "_" and the digits of any */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void dir_of(const char *path, char *buf, size_t sz)
{
	size_t len = (size_t)(base_of(path) - path);

	if (len > 1)
		len--; /* the slash */
	snprintf(buf, sz, "%.*s", len ? (int)len : 1, len ? path : ".");
}

void capsink_name_part(const struct capsink_name *n, uint32_t part, char *buf, size_t sz)
{
	if (n->parts)
		snprintf(buf, sz, "%.*s_%0*u%s", n->stem_len, n->path, DIGITS, part,
			 n->path + n->stem_len);
	else
		snprintf(buf, sz, "%s", n->path);
}

void capsink_name_why(const char *path, int err, char *why, size_t why_sz)
{
	char dir[PATH_MAX];

	dir_of(path, dir, sizeof(dir));
	if (err == -EEXIST)
		snprintf(why, why_sz, "'%.200s' exists: --force replaces it", path);
	else if (err == -ENOENT || err == -ENOTDIR)
		snprintf(why, why_sz, "cannot write '%.200s': there is no directory '%.100s'", path,
			 dir);
	else
		snprintf(why, why_sz, "cannot write '%.200s': %s", path, strerror(-err));
}

static int not_regular(const char *path, mode_t mode, char *why, size_t why_sz)
{
	if (S_ISDIR(mode))
		snprintf(why, why_sz, "'%.200s' is a directory: name a file in it", path);
	else if (S_ISLNK(mode))
		snprintf(why, why_sz, "'%.200s' is a symbolic link: name the file that it leads to",
			 path);
	else
		snprintf(why, why_sz,
			 "'%.200s' is no regular file (a %s): write to it with -w - >FILE", path,
			 S_ISFIFO(mode) ? "FIFO" :
			 S_ISSOCK(mode) ? "socket" :
					  "device");
	return S_ISDIR(mode) ? -EISDIR : -EINVAL;
}

static bool is_kept(const struct capsink_opts *o, const struct stat *st)
{
	struct stat k;

	for (size_t i = 0; i < o->keep_cnt; i++)
		if (!stat(o->keep[i], &k) && k.st_dev == st->st_dev && k.st_ino == st->st_ino)
			return true;
	return false;
}

/* 0: nothing is there, or --force allows to remove it; with remove it is not there any more. */
static int make_way(const struct capsink_opts *o, const char *path, bool remove, char *why,
		    size_t why_sz)
{
	struct stat st;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		capsink_name_why(path, -errno, why, why_sz);
		return -errno;
	}
	if (!S_ISREG(st.st_mode))
		return not_regular(path, st.st_mode, why, why_sz);
	if (is_kept(o, &st)) {
		snprintf(why, why_sz, "'%.200s' is to be read, too: write to another file", path);
		return -EINVAL;
	}
	if (!o->force || (remove && unlink(path))) {
		int err = o->force ? -errno : -EEXIST;

		capsink_name_why(path, err, why, why_sz);
		return err;
	}
	return 0;
}

/*
 * x_000001.pcapng of x.pcapng, up to ten millions; x_20261123.pcapng is none, as whoever names files
 * by dates would lose them.
 */
static bool is_part(const struct capsink_name *n, const char *name)
{
	const char *base = base_of(n->path), *ext = n->path + n->stem_len;
	size_t stem = (size_t)(ext - base), digits;

	if (strncmp(name, base, stem) || name[stem] != '_')
		return false;
	digits = strspn(name + stem + 1, "0123456789");
	if (digits != DIGITS && (digits != DIGITS + 1 || name[stem + 1] == '0'))
		return false;
	return !strcmp(name + stem + 1 + digits, ext);
}

static int make_way_for_parts(const struct capsink_name *n, const struct capsink_opts *o,
			      bool remove, char *why, size_t why_sz)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent *e;
	int err = 0;
	DIR *d;

	dir_of(n->path, dir, sizeof(dir));
	d = opendir(dir);
	if (!d) {
		err = -errno;
		capsink_name_why(n->path, err, why, why_sz);
		return err;
	}
	while (!err && (e = readdir(d))) {
		if (!is_part(n, e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		err = make_way(o, path, remove, why, why_sz);
	}
	closedir(d);
	return err;
}

int capsink_name_check(struct capsink_name *n, const struct capsink_opts *o, char *why,
		       size_t why_sz)
{
	const char *base = base_of(o->path), *dot = strrchr(base, '.');
	size_t len = strlen(o->path);
	struct stat st;
	int err;

	*n = (struct capsink_name){ .parts = o->parts, .path = o->path };
	n->stem_len = (int)(dot && dot > base ? (size_t)(dot - o->path) : len);
	if (len + NUMBER_LEN >= PATH_MAX) {
		snprintf(why, why_sz, "'%.40s...': the name is too long", o->path);
		return -ENAMETOOLONG;
	}
	if (!*base)
		return not_regular(o->path, S_IFDIR, why, why_sz);
	if (!o->parts)
		return make_way(o, o->path, true, why, why_sz);
	/* "-w DIR -C 1m" is a slip */
	if (!lstat(o->path, &st) && S_ISDIR(st.st_mode))
		return not_regular(o->path, st.st_mode, why, why_sz);
	/* all or none is removed */
	err = make_way_for_parts(n, o, false, why, why_sz);
	return err ? err : make_way_for_parts(n, o, true, why, why_sz);
}
