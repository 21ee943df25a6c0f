// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which network namespace is at the other end of which pod device. The kernel names it
 * by an id that is local to our namespace (IFLA_LINK_NETNSID); container runtimes keep
 * the namespaces mounted under /run/netns, and the kernel tells the id of each
 * (RTM_GETNSID), which takes no right over the pods' processes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "nlask.h"
#include "sources.h"
#include "util.h"

/* A node holds 110 pods by default, a few hundred at most */
#define MAX_PEERS 16384
#define MAX_NAMES 16384

struct peer_link {
	uint32_t ifindex;
	int32_t nsid;
};

struct scan {
	int nl;
	uint32_t names;
	size_t cnt, size;
	struct peer_link *link;
	void (*fn)(void *ctx, uint32_t ifindex, uint32_t inum);
	void *ctx;
};

static bool get_s32(const struct nlattr *nla, int32_t *out)
{
	if (!nla || nla_len(nla) < (int)sizeof(*out))
		return false;
	memcpy(out, nla_data(nla), sizeof(*out));
	return true;
}

static int take_nsid(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NETNSA_MAX + 1];

	if (nlh->nlmsg_type == RTM_NEWNSID &&
	    nlmsg_parse(nlh, sizeof(struct rtgenmsg), tb, NETNSA_MAX, NULL) >= 0)
		get_s32(tb[NETNSA_NSID], ctx);
	return 0;
}

/* Our id for the namespace that fd stands for, or NETNSA_NSID_NOT_ASSIGNED */
static int ask_nsid(int nl, int fd, int32_t *nsid)
{
	struct rtgenmsg hdr = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETNSID, NLM_F_REQUEST | NLM_F_ACK);
	int err = -ENOMEM;

	*nsid = NETNSA_NSID_NOT_ASSIGNED;
	if (msg && !nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO) &&
	    !nla_put_u32(msg, NETNSA_FD, (uint32_t)fd))
		err = nlask(nl, msg, take_nsid, nsid);
	nlmsg_free(msg);
	return err;
}

/*
 * A name whose namespace is gone is an empty file, and a stranger may be anything: only what is a
 * file of nsfs gets opened for real.
 */
static int open_netns(int dir, const char *name)
{
	struct statfs fs;
	int fd, known;

	fd = openat(dir, name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	known = !fstatfs(fd, &fs) && fs.f_type == NSFS_MAGIC;
	close(fd);
	fd = known ? openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd >= 0 && ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? -ENOENT : fd;
}

static void scan__name(struct scan *s, int dir, const char *name)
{
	struct stat st;
	int32_t nsid;
	size_t i;
	int fd;

	fd = open_netns(dir, name);
	if (fd < 0)
		return;
	/* What the kernel refuses for this one it may grant for the next. */
	if (!fstat(fd, &st) && !ask_nsid(s->nl, fd, &nsid) && nsid >= 0) {
		for (i = 0; i < s->cnt; i++) {
			if (s->link[i].nsid == nsid)
				s->fn(s->ctx, s->link[i].ifindex, (uint32_t)st.st_ino);
		}
	}
	close(fd);
}

/*
 * Symbolic links are followed as a process on the host would follow them, else as we would: a
 * namespace found by a wrong way is still known by its id, so it can do no harm.
 */
static int open_dir(const char *host_root, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	int root, fd;

	root = open(host_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd;
}

/* *seen: the directory that was scanned before; /var/run is mostly a link to /run. */
static void scan__dir(struct scan *s, int fd, struct stat *seen)
{
	struct dirent *de;
	struct stat st;
	DIR *dir = NULL;

	if (!fstat(fd, &st) && (st.st_dev != seen->st_dev || st.st_ino != seen->st_ino))
		dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	*seen = st;
	while (s->names < MAX_NAMES && (de = readdir(dir))) {
		if (de->d_name[0] == '.')
			continue;
		s->names++;
		scan__name(s, fd, de->d_name);
	}
	closedir(dir);
}

static int take_link(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[IFLA_MAX + 1];
	struct scan *s = ctx;
	struct peer_link *grown, link;
	struct ifinfomsg ifi;
	size_t size;

	if (nlh->nlmsg_type != RTM_NEWLINK || s->cnt == MAX_PEERS ||
	    nlmsg_parse(nlh, sizeof(ifi), tb, IFLA_MAX, NULL) < 0 ||
	    !get_s32(tb[IFLA_LINK_NETNSID], &link.nsid))
		return 0;
	memcpy(&ifi, nlmsg_data(nlh), sizeof(ifi));
	link.ifindex = (uint32_t)ifi.ifi_index;
	if (s->cnt == s->size) {
		size = s->size ? s->size * 2 : 128;
		grown = realloc(s->link, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->link = grown;
		s->size = size;
	}
	s->link[s->cnt++] = link;
	return 0;
}

static int dump_links(struct scan *s)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	int err = -ENOMEM;

	if (msg && !nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) &&
	    !nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))
		err = nlask(s->nl, msg, take_link, s);
	nlmsg_free(msg);
	/* Devices that come or go meanwhile are announced on the monitoring socket. */
	return err == -EINTR ? 0 : err;
}

int podns_scan(const char *host_root, void (*fn)(void *ctx, uint32_t ifindex, uint32_t inum),
	       void *ctx)
{
	static const char *const dirs[] = { "run/netns", "var/run/netns" };
	struct scan s = { .fn = fn, .ctx = ctx };
	struct stat seen = { 0 };
	int dir, err;
	size_t i;

	s.nl = nlask__open(NETLINK_ROUTE);
	if (s.nl < 0)
		return s.nl;
	/* The dump comes first: where an id is missing it assigns one. */
	err = dump_links(&s);
	for (i = 0; i < ARRAY_SIZE(dirs) && !err && s.cnt; i++) {
		dir = open_dir(host_root, dirs[i]);
		if (dir >= 0)
			scan__dir(&s, dir, &seen);
	}
	close(s.nl);
	free(s.link);
	return err;
}
