// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's netlink messages, which hold names that others gave: an octet that says who asks, then
 * datagrams, each behind two octets of its length. The asking is real, but for the system calls.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "fuzz.h"
#include "learn.h"
#include "mirror.h"
#include "nfrules.h"
#include "nlask.h"
#include "sources.h"
#include "state.h"

/* Of the datagrams that the calls below hand out */
static struct kernel {
	struct fuzz_input in;
	uint32_t seq;
	bool each; /* every message answers a question of its own */
	int ends;
} kernel;

ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);
ssize_t __wrap_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
			socklen_t *from_len);
int __wrap_access(const char *path, int mode);

ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	(void)fd, (void)flags, (void)to, (void)to_len;
	kernel.seq = ((const struct nlmsghdr *)buf)->nlmsg_seq;
	return (ssize_t)len;
}

/* The answer's number is the question's, or nothing would be looked at. */
static void number(void *buf, int left)
{
	struct nlmsghdr *nlh;

	for (nlh = buf; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		nlh->nlmsg_seq = kernel.seq;
		kernel.seq += kernel.each;
	}
}

ssize_t __wrap_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
			socklen_t *from_len)
{
	const struct nlmsghdr done = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_DONE };
	struct fuzz_input *in = &kernel.in;
	size_t n = fuzz_u8(in);

	(void)fd, (void)flags;
	*(struct sockaddr_nl *)(void *)from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	*from_len = sizeof(struct sockaddr_nl);
	n |= (size_t)fuzz_u8(in) << 8;
	n = n < in->len ? n : in->len;
	n = n < len ? n : len;
	if (!n && kernel.ends++ > 8) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(buf, n ? in->p : (const void *)&done, n ? n : sizeof(done));
	in->p += n;
	in->len -= n;
	n = n ? n : sizeof(done);
	number(buf, (int)n);
	return (ssize_t)n;
}

/* All modules are there. */
int __wrap_access(const char *path, int mode)
{
	(void)path, (void)mode;
	return 0;
}

static void on_ns(void *ctx, uint32_t ifindex, uint32_t inum)
{
	*(uint32_t *)ctx += ifindex + inum;
}

static void on_flush(void *ctx, const struct obs_route *r)
{
	(void)ctx, (void)r;
}

/* A vxlan device, so that somebody asks for its other ends */
static struct mirror *mirror_new(void)
{
	struct mirror *m = mirror__new();
	struct obs o = { .kind = OBS_LINK, .ts_ns = 1 };
	enum link_op op;

	if (!m)
		abort();
	o.link.link.ifindex = 7;
	o.link.link.up = o.link.link.running = true;
	memcpy(o.link.link.name, "vxlan.calico", sizeof("vxlan.calico"));
	memcpy(o.link.link.kind, "vxlan", sizeof("vxlan"));
	mirror__link(m, &o.link, o.ts_ns, &op, on_flush, NULL);
	return m;
}

static void messages(struct fuzz_input *in, bool snapshot, struct fuzz_sink *s)
{
	const struct actor by = { .pid = 1, .comm = "x" };
	size_t len = 0;
	void *p = fuzz_part(in, NULL, &len);

	/* a message that is cut claims to be longer */
	if (snapshot)
		rtnl_decode_snapshot(p, len, 1, fuzz_sink__obs, s);
	else
		rtnl_decode(p, len, 1, &by, fuzz_sink__obs, s);
	free(p);
}

static void ask(uint8_t who, const struct state_ask *ask, struct fuzz_sink *s)
{
	const struct addr dst[] = { addr_v4(1), addr_v4(2) };
	struct nfrules rules = { .chain_cnt = 0 };
	struct prefix member[64];
	struct nodes nodes = { 0 };
	uint32_t sum = 0;

	switch (who) {
	case 0:
		ipset_members("x", member, 64);
		break;
	case 1:
		nfrules_nft(&rules);
		nfrules_link(&rules);
		nfrules_free(&rules);
		break;
	case 2:
		bgp_diag(179, 1, fuzz_sink__obs, s);
		break;
	case 3:
		bgp_knocks(179, 1, fuzz_sink__obs, s);
		break;
	case 4:
		state_neigh(ask, 1, fuzz_sink__obs, s);
		break;
	case 5:
		state_vtep(ask, 1, fuzz_sink__obs, s);
		break;
	case 6:
		state_fill(ask, 1, fuzz_sink__obs, s);
		break;
	case 7:
		kernel.each = true;
		state_answer(ask, dst, 2, 1, fuzz_sink__obs, s);
		break;
	case 8:
		podns_scan("/nonexistent", on_ns, &sum);
		break;
	case 9:
		nodes__learn(&nodes);
		nodes__free(&nodes);
		break;
	}
}

int FUZZ_TARGET(netlink)(const uint8_t *data, size_t size)
{
	struct fuzz_sink *s = fuzz_sink__new();
	struct state_ask a = { .host_root = "/nonexistent" };
	struct mirror *m = mirror_new();
	uint8_t who;

	kernel = (struct kernel){ .in = { data, size } };
	a.mirror = m;
	who = fuzz_u8(&kernel.in) % 12;
	if (who >= 10)
		messages(&kernel.in, who == 10, s);
	else
		ask(who, &a, s);
	mirror__free(m);
	fuzz_sink__free(s);
	return 0;
}
