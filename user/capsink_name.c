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

struct outfile_opts capsink_name_opts(const struct capsink_opts *o, const char *path)
{
	return (struct outfile_opts){ .path = path,
				      .force = o->force,
				      .stdout_too = true,
				      .keep = o->keep,
				      .keep_cnt = o->keep_cnt };
}

static int check_path(const struct capsink_opts *o, const char *path, char *why, size_t why_sz)
{
	const struct outfile_opts oo = capsink_name_opts(o, path);

	return outfile__check(&oo, why, why_sz);
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

/* With remove, parts that may be replaced are. */
static int each_old_part(const struct capsink_name *n, const struct capsink_opts *o, bool remove,
			 char *why, size_t why_sz)
{
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent *e;
	int err = 0;
	DIR *d;

	dir_of(n->path, dir, sizeof(dir));
	d = opendir(dir);
	if (!d) {
		err = -errno;
		outfile__why(n->path, err, why, why_sz);
		return err;
	}
	while (!err && (e = readdir(d))) {
		if (!is_part(n, e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		err = check_path(o, path, why, why_sz);
		if (!err && remove && unlink(path) && errno != ENOENT) {
			err = -errno;
			outfile__why(path, err, why, why_sz);
		}
	}
	closedir(d);
	return err;
}

int capsink_name_clear(const struct capsink_name *n, const struct capsink_opts *o, char *why,
		       size_t why_sz)
{
	int err = each_old_part(n, o, false, why, why_sz);

	return err ? err : each_old_part(n, o, true, why, why_sz);
}

int capsink_name_check(struct capsink_name *n, const struct capsink_opts *o, char *why,
		       size_t why_sz)
{
	const char *base = base_of(o->path), *dot = strrchr(base, '.');
	size_t len = strlen(o->path);
	struct stat st;

	*n = (struct capsink_name){ .parts = o->parts, .path = o->path };
	n->stem_len = (int)(dot && dot > base ? (size_t)(dot - o->path) : len);
	if (len + NUMBER_LEN >= PATH_MAX) {
		snprintf(why, why_sz, "'%.40s...': the name is too long", o->path);
		return -ENAMETOOLONG;
	}
	/* "-w DIR -C 1m" is a slip */
	if (!o->parts || (!lstat(o->path, &st) && S_ISDIR(st.st_mode)))
		return check_path(o, o->path, why, why_sz);
	return each_old_part(n, o, false, why, why_sz);
}
