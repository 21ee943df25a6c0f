// SPDX-License-Identifier: GPL-2.0-only
#include "replay_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

/* What may stand before META: section and interface headers */
#define SAVED_MAX 65536
#define SAVED_BYTES_MAX (16u << 20)
#define SUFFIX ".pcapng"

/* ---- what is read before its turn ---- */

static void free_saved(struct replay_file *f)
{
	for (uint32_t i = 0; i < f->saved_cnt; i++)
		free(f->saved[i].block);
	free(f->saved);
	f->saved = NULL;
	f->saved_cnt = f->saved_next = 0;
}

static void free_argv(struct replay_file *f)
{
	for (size_t i = 0; f->argv && f->argv[i]; i++)
		free(f->argv[i]);
	free(f->argv);
	f->argv = NULL;
}

/* META's words belong to the reader: ours live as long as the file. */
static int keep_meta(struct replay_file *f, const struct cap_meta *m)
{
	size_t n = 0;

	free_argv(f);
	f->meta = *m;
	while (m->argv && m->argv[n])
		n++;
	f->argv = calloc(n + 1, sizeof(*f->argv));
	if (!f->argv)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		f->argv[i] = strdup(m->argv[i]);
		if (!f->argv[i])
			return -ENOMEM;
	}
	f->meta.argv = (cap_words)f->argv;
	return 0;
}

static int save(struct replay_file *f, const struct cap_item *item)
{
	struct saved_item *s;

	if (!(f->saved_cnt & (f->saved_cnt - 1))) {
		s = realloc(f->saved, (f->saved_cnt ? f->saved_cnt * 2 : 1) * sizeof(*s));
		if (!s)
			return -ENOMEM;
		f->saved = s;
	}
	s = &f->saved[f->saved_cnt];
	s->item = *item;
	s->block = malloc(item->block_len ? item->block_len : 1);
	if (!s->block)
		return -ENOMEM;
	if (item->block_len)
		memcpy(s->block, item->block, item->block_len);
	s->item.block = s->block;
	f->saved_cnt++;
	if (item->kind != CAP_META)
		return 0;
	if (keep_meta(f, &item->meta))
		return -ENOMEM;
	s->item.meta.argv = f->meta.argv;
	return 0;
}

static int read_meta(struct replay_file *f, char *why, size_t why_sz)
{
	const struct cap_item *item;
	size_t bytes = 0;
	int got;

	while ((got = capr__next(f->capr, &item, why, why_sz)) > 0) {
		int err = save(f, item);

		if (err) {
			snprintf(why, why_sz, "out of memory");
			return err;
		}
		if (item->kind == CAP_META)
			return 0;
		bytes += item->block_len;
		if (f->saved_cnt == SAVED_MAX || bytes > SAVED_BYTES_MAX) {
			snprintf(why, why_sz, "%s: no packet among its first %u blocks", f->path,
				 f->saved_cnt);
			return -EBADMSG;
		}
	}
	if (!got)
		snprintf(why, why_sz, "%s: holds no packets and no trace", f->path);
	return got ? got : -EBADMSG;
}

static int open_file(struct replay_file *f, char *why, size_t why_sz)
{
	int err = capr__open(f->path, &f->capr, why, why_sz);

	if (err)
		return err;
	free_saved(f);
	return read_meta(f, why, why_sz);
}

/* ---- words ---- */

static int add(struct replay_files *fs, const char *path, char *why, size_t why_sz)
{
	struct replay_file *f = calloc(1, sizeof(*f));
	struct replay_file **n = realloc(fs->file, (fs->cnt + 1) * sizeof(struct replay_file *));
	struct stat st;

	if (n)
		fs->file = n;
	if (f)
		f->path = strdup(path);
	if (!n || !f || !f->path) {
		if (f)
			free(f->path);
		free(f);
		snprintf(why, why_sz, "out of memory");
		return -ENOMEM;
	}
	if (strcmp(path, "-") && !stat(path, &st) && S_ISREG(st.st_mode))
		f->size = (uint64_t)st.st_size;
	fs->file[fs->cnt++] = f;
	return open_file(f, why, why_sz);
}

static int is_capture(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_directory(struct replay_files *fs, const char *dir, char *why, size_t why_sz)
{
	struct dirent **entry;
	int n = scandir(dir, &entry, is_capture, by_name), err = 0;

	if (n < 0) {
		err = -errno;
		snprintf(why, why_sz, "%s: %s", dir, strerror(errno));
		return err;
	}
	if (!n) {
		snprintf(why, why_sz, "%s: no *" SUFFIX " in this directory", dir);
		err = -ENOENT;
	}
	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (!err)
			err = str_printf(&path, "%s/%s", dir, entry[i]->d_name);
		if (!err)
			err = add(fs, path, why, why_sz);
		if (!err && i)
			replay_file__park(fs->file[fs->cnt - 1]);
		free(path);
		free(entry[i]);
	}
	free(entry);
	return err;
}

int replay_files__open(struct replay_files *fs, const char *const *word, uint32_t cnt, char *why,
		       size_t why_sz)
{
	for (uint32_t i = 0; i < cnt; i++) {
		struct stat st;
		int err;

		if (strcmp(word[i], "-") && !stat(word[i], &st) && S_ISDIR(st.st_mode))
			err = add_directory(fs, word[i], why, why_sz);
		else
			err = add(fs, word[i], why, why_sz);
		if (err)
			return err;
	}
	return 0;
}

void replay_files__free(struct replay_files *fs)
{
	for (uint32_t i = 0; i < fs->cnt; i++) {
		struct replay_file *f = fs->file[i];

		replay_file__close(f);
		free_argv(f);
		free(f->path);
		free(f);
	}
	free(fs->file);
	*fs = (struct replay_files){ 0 };
}

/* ---- a file in its turn ---- */

void replay_file__park(struct replay_file *f)
{
	struct stat st;

	/* what comes through a pipe comes once */
	if (!strcmp(f->path, "-") || stat(f->path, &st) || !S_ISREG(st.st_mode))
		return;
	replay_file__close(f);
}

void replay_file__close(struct replay_file *f)
{
	capr__free(f->capr);
	f->capr = NULL;
	free_saved(f);
}

uint64_t replay_file__position(const struct replay_file *f)
{
	return f->opened && f->capr ? capr__position(f->capr) : 0;
}

int replay_file__next(struct replay_file *f, const struct cap_item **item, char *why, size_t why_sz)
{
	if (f->saved_next < f->saved_cnt) {
		*item = &f->saved[f->saved_next++].item;
		return 1;
	}
	if (!f->capr) {
		int err = f->opened ? -EBADF : open_file(f, why, why_sz);

		if (err)
			return err;
		f->opened = true;
		return replay_file__next(f, item, why, why_sz);
	}
	f->opened = true;
	return capr__next(f->capr, item, why, why_sz);
}
