// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtnetlink's sockets, see rtnl.h. Two sockets: one that monitors, one for dumps, so that an
 * answer never waits behind a burst of changes. A dump is kept as raw messages until
 * the kernel has confirmed that it is consistent, and only then decoded: a node may
 * carry a full routing table, and a raw route is twenty times smaller than an obs.
 */
#include "rtnl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nlask.h"
#include "util.h"

/* Enough for some 10000 queued changes; the kernel doubles it and counts skb overhead */
#define MONITOR_BUF_SZ (4 * 1024 * 1024)
/* About a million routes: beyond that the node is no node */
#define DUMP_MAX_SZ (256 * 1024 * 1024)
#define DUMP_TRIES 3
/* A flood of changes must not keep rtnl__drain() from returning */
#define DRAIN_MAX 16384

struct rtnl {
	int monitor_fd, dump_fd;
};

/* ---- sockets ---- */

static int monitor_open(void)
{
	static const int groups[] = {
		RTNLGRP_LINK,	   RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV4_RULE, RTNLGRP_NEIGH,
	};
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int size = MONITOR_BUF_SZ, fd, err;
	size_t i;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	/* Without CAP_NET_ADMIN in the initial user namespace: what net.core.rmem_max allows */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		goto fail;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(int)))
			goto fail;
	}
	return fd;
fail:
	err = -errno;
	close(fd);
	return err;
}

int rtnl__open(struct rtnl **ret)
{
	struct rtnl *r = calloc(1, sizeof(*r));
	int one = 1, err;

	if (!r)
		return -ENOMEM;
	r->dump_fd = -1;
	r->monitor_fd = err = monitor_open();
	if (err >= 0)
		r->dump_fd = err = nlask__open(NETLINK_ROUTE);
	if (err < 0) {
		rtnl__free(r);
		return err;
	}
	/* Since 4.20. It keeps cached clones of routes out of the dump; we skip them anyway. */
	(void)setsockopt(r->dump_fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	*ret = r;
	return 0;
}

void rtnl__free(struct rtnl *r)
{
	if (!r)
		return;
	if (r->monitor_fd >= 0)
		close(r->monitor_fd);
	if (r->dump_fd >= 0)
		close(r->dump_fd);
	free(r);
}

int rtnl__fd(const struct rtnl *r)
{
	return r->monitor_fd;
}

/* ---- dumps ---- */

/* Raw messages one after the other, each aligned to NLMSG_ALIGNTO */
struct messages {
	char *buf;
	size_t len, size;
};

static int messages__add(void *ctx, struct nlmsghdr *nlh)
{
	struct messages *m = ctx;
	size_t need = m->len + NLMSG_ALIGN(nlh->nlmsg_len);
	size_t size = m->size;
	char *buf;

	if (need > DUMP_MAX_SZ)
		return -E2BIG;
	while (size < need)
		size = size ? size * 2 : NLASK_BUF_SZ;
	if (size != m->size) {
		buf = realloc(m->buf, size);
		if (!buf)
			return -ENOMEM;
		m->buf = buf;
		m->size = size;
	}
	memcpy(m->buf + m->len, nlh, nlh->nlmsg_len);
	m->len = need;
	return 0;
}

static void messages__decode(const struct messages *m, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct nlmsghdr *nlh;
	size_t at;

	for (at = 0; at < m->len; at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (const void *)(m->buf + at);
		/* One that is malformed does not spoil the others. */
		(void)rtnl_decode_snapshot(nlh, nlh->nlmsg_len, ts_ns, fn, ctx);
	}
}

static struct nl_msg *dump_question(uint16_t type)
{
	/* All these headers are zero but for the family, and pass as such in strict mode. */
	union {
		struct rtmsg rtm;
		struct ifinfomsg ifi;
		struct ifaddrmsg ifa;
		struct ndmsg ndm;
		struct fib_rule_hdr rule;
	} hdr = { 0 };
	size_t len = type == RTM_GETLINK  ? sizeof(hdr.ifi) :
		     type == RTM_GETADDR  ? sizeof(hdr.ifa) :
		     type == RTM_GETROUTE ? sizeof(hdr.rtm) :
		     type == RTM_GETRULE  ? sizeof(hdr.rule) :
					    sizeof(hdr.ndm);
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);

	if (!msg)
		return NULL;
	*(uint8_t *)&hdr = type == RTM_GETLINK ? AF_UNSPEC : AF_INET;
	if (nlmsg_append(msg, &hdr, len, NLMSG_ALIGNTO) ||
	    (type == RTM_GETLINK && nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int dump_one(struct rtnl *r, uint16_t type, struct messages *m)
{
	const size_t before = m->len;
	struct nl_msg *msg;
	int err = -EINTR, i;

	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		m->len = before;
		msg = dump_question(type);
		if (!msg)
			return -ENOMEM;
		err = nlask(r->dump_fd, msg, messages__add, m);
		nlmsg_free(msg);
	}
	return err;
}

int rtnl__dump(struct rtnl *r, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	static const uint16_t types[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH };
	struct obs mark = { .ts_ns = ts_ns };
	struct messages m = { 0 };
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types) && !err; i++)
		err = dump_one(r, types[i], &m);
	/* a kernel without policy routing has none to tell */
	if (!err && dump_one(r, RTM_GETRULE, &m) == -ENOMEM)
		err = -ENOMEM;
	if (!err) {
		mark.kind = OBS_BEGIN_SNAPSHOT;
		fn(ctx, &mark);
		messages__decode(&m, ts_ns, fn, ctx);
		mark.kind = OBS_END_SNAPSHOT;
		fn(ctx, &mark);
	}
	free(m.buf);
	return err;
}

/* ---- changes ---- */

/* Bytes of the next datagram (more than size: cut), or -errno; not from the kernel: 0 */
static ssize_t read_datagram(int fd, void *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n;

	n = recvfrom(fd, buf, size, MSG_TRUNC | MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	if (n < 0)
		return -errno;
	return len == sizeof(from) && !from.nl_pid ? n : 0;
}

int rtnl__drain(struct rtnl *r, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	uint32_t buf[NLASK_BUF_SZ / 4];
	size_t size = fn ? sizeof(buf) : sizeof(buf[0]);
	struct nlmsghdr *nlh;
	bool lost = false;
	int i, left;

	for (i = 0; i < DRAIN_MAX; i++) {
		left = (int)read_datagram(r->monitor_fd, buf, size);
		if (left == -EAGAIN)
			break;
		if (left == -EINTR)
			continue;
		if (left == -ENOBUFS || (fn && left > (int)size)) {
			lost = true;
			continue;
		}
		if (left < 0)
			return left;
		for (nlh = (void *)buf; fn && nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
			(void)rtnl_decode(nlh, nlh->nlmsg_len, ts_ns, NULL, fn, ctx);
	}
	return lost;
}
