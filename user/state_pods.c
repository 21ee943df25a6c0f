// SPDX-License-Identifier: GPL-2.0-only
/* Pods by files, see state.h and cni.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni.h"
#include "state.h"
#include "within.h"

#define FILE_MAX_SZ (64 * 1024)
#define FILES_MAX 4096

/* ---- the node's devices, by name ---- */

struct devs {
	char (*name)[DEV_LEN];
	size_t cnt, size;
	bool failed;
};

static int by_name(const void *a, const void *b)
{
	return strncmp(a, b, DEV_LEN);
}

static void devs__add(void *ctx, const struct link_info *link)
{
	struct devs *d = ctx;
	size_t size;
	void *grown;

	if (d->cnt == d->size) {
		size = d->size ? d->size * 2 : 128;
		grown = realloc(d->name, size * sizeof(*d->name));
		if (!grown) {
			d->failed = true;
			return;
		}
		d->name = grown;
		d->size = size;
	}
	memcpy(d->name[d->cnt++], link->name, DEV_LEN);
}

static bool devs__have(const struct devs *d, const char *name)
{
	return d->cnt && bsearch(name, d->name, d->cnt, sizeof(*d->name), by_name);
}

/* ---- files ---- */

struct found {
	struct cni_pod pod;
	char dev[DEV_LEN]; /* which of the pod's */
	int64_t mtime_ns;
};

struct scan {
	struct devs devs;
	struct found *found;
	size_t cnt, size, files;
	bool status;	    /* Felix' files, not CNI's */
	int err;	    /* of the first file that could not be read or understood */
	char bad[INFO_LEN]; /* its name */
	bool denied;
};

/* The first one is told; what may not be read counts more than what is not understood. */
static void scan__fail(struct scan *s, const char *name, int err)
{
	bool denied = err == -EACCES || err == -EPERM;

	if (s->err && (s->denied || !denied))
		return;
	s->denied = denied;
	s->err = err;
	snprintf(s->bad, sizeof(s->bad), "%.32s", name);
}

/*
 * The one of the pod's devices that stands and that Calico named, else the only one that stands: with
 * other plugins the first one may be a bridge that all pods share. NULL: none, or nobody knows.
 */
static const char *scan__dev(const struct scan *s, const struct cni_pod *pod)
{
	const char *only = NULL;
	size_t standing = 0, i;

	for (i = 0; i < pod->devs; i++) {
		if (!devs__have(&s->devs, pod->dev[i]))
			continue;
		if (cni_verified(pod, pod->dev[i]))
			return pod->dev[i];
		only = pod->dev[i];
		standing++;
	}
	return standing == 1 ? only : NULL;
}

static int scan__add(struct scan *s, const struct cni_pod *pod, int64_t mtime_ns)
{
	const char *dev = scan__dev(s, pod);
	struct found *grown;
	size_t size;

	if (!dev)
		return 0;
	if (s->cnt == s->size) {
		size = s->size ? s->size * 2 : 64;
		grown = realloc(s->found, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->found = grown;
		s->size = size;
	}
	s->found[s->cnt].pod = *pod;
	memcpy(s->found[s->cnt].dev, dev, DEV_LEN);
	s->found[s->cnt++].mtime_ns = mtime_ns;
	return 0;
}

/* fd: of the file */
static int scan__file(struct scan *s, int fd, const char *name)
{
	struct cni_pod pod;
	struct stat st;
	char *text;
	size_t len;
	int err;

	if (fstat(fd, &st))
		return -errno;
	err = within_slurp(fd, FILE_MAX_SZ, &text, &len);
	if (err)
		return err;
	err = s->status ? cni_parse_status(name, text, len, &pod) :
			  cni_parse_result(text, len, &pod);
	free(text);
	if (err)
		return err == -ENOENT ? 0 : err;
	return scan__add(s, &pod, st.st_mtim.tv_sec * 1000000000ll + (int64_t)st.st_mtim.tv_nsec);
}

/* Those of the loopback are as many as the pods and say nothing. */
static bool is_of_interest(const char *name)
{
	return name[0] != '.' && strncmp(name, "cni-loopback-", 13) != 0;
}

/* Its own files alone: what is a link is not followed, here or out of here. */
static int scan__dir(struct scan *s, const char *root, const char *path)
{
	struct dirent *de;
	int dir_fd, fd, err;
	DIR *dir;

	dir_fd = within_open(root, path, O_DIRECTORY);
	if (dir_fd < 0)
		return dir_fd;
	dir = fdopendir(dir_fd);
	if (!dir) {
		close(dir_fd);
		return -ENOMEM;
	}
	while ((de = readdir(dir))) {
		if (!is_of_interest(de->d_name))
			continue;
		if (s->files++ == FILES_MAX) {
			scan__fail(s, path, -EFBIG);
			break;
		}
		fd = openat(dir_fd, de->d_name,
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		err = fd < 0 ? -errno : scan__file(s, fd, de->d_name);
		if (fd >= 0)
			close(fd);
		/* gone while we were looking */
		if (err && err != -ENOENT)
			scan__fail(s, de->d_name, err);
	}
	closedir(dir);
	return 0;
}

static int by_dev(const void *a, const void *b)
{
	const struct found *fa = a, *fb = b;
	int diff = strcmp(fa->dev, fb->dev);

	return diff ? diff : (fa->mtime_ns < fb->mtime_ns) - (fa->mtime_ns > fb->mtime_ns);
}

static void scan__tell(struct scan *s, const struct round *r)
{
	struct obs o = { .kind = OBS_POD };
	size_t i, j;

	if (s->cnt)
		qsort(s->found, s->cnt, sizeof(*s->found), by_dev);
	for (i = 0; i < s->cnt; i++) {
		const struct found *f = &s->found[i];

		/* left by a pod of the same name that went before */
		if (i && !strcmp(f->dev, f[-1].dev))
			continue;
		o.pod = (struct obs_pod){ .status = s->status };
		o.pod.verified = cni_verified(&f->pod, f->dev);
		memcpy(o.pod.name, f->pod.name, sizeof(o.pod.name));
		memcpy(o.pod.dev, f->dev, sizeof(o.pod.dev));
		for (j = 0; j < f->pod.addrs; j++) {
			o.pod.addr = f->pod.addr[j];
			round_tell(r, &o);
		}
	}
}

static int scan(const struct state_ask *ask, const struct round *r, struct scan *s,
		const char *const *paths)
{
	int err, all = -ENOENT;

	if (ask->mirror)
		mirror__each_link(ask->mirror, devs__add, &s->devs);
	if (s->devs.failed)
		return -ENOMEM;
	if (s->devs.cnt)
		qsort(s->devs.name, s->devs.cnt, sizeof(*s->devs.name), by_name);
	for (; *paths; paths++) {
		err = scan__dir(s, ask->host_root, *paths);
		if (!err)
			all = 0;
		else if (err != -ENOENT && err != -ENOTDIR)
			return err;
	}
	if (all)
		return all;
	if (s->denied || (s->err && !s->cnt))
		return s->err;
	scan__tell(s, r);
	return 0;
}

static int run(const struct state_ask *ask, const struct round *r, bool status,
	       const char *const *paths)
{
	struct scan s = { .status = status };
	int err;

	round_begin(r);
	err = scan(ask, r, &s, paths);
	if (err)
		err = round_end(r, err, s.err ? s.bad : paths[0]);
	else
		round_end_but(r, s.bad, s.err);
	free(s.devs.name);
	free(s.found);
	return err;
}

int state_pods(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	/* of containerd and CRI-O; of the kubelet with dockershim */
	static const char *const paths[] = { "var/lib/cni/results", "var/lib/cni/cache/results",
					     NULL };
	const struct round r = { SOURCE_CNI, ts_ns, fn, ctx };

	return run(ask, &r, false, paths);
}

int state_status(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	static const char *const paths[] = { "var/run/calico/endpoint-status", NULL };
	const struct round r = { SOURCE_STATUS, ts_ns, fn, ctx };

	return run(ask, &r, true, paths);
}
