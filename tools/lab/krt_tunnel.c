/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * krt_tunnel - what Calico's fork of BIRD adds, for a BIRD 1.6 without it (LD_PRELOAD)
 *
 * In the fork a route's attribute "krt_tunnel" puts it on the tunnel device in the kernel,
 * with its BGP next hop as an on-link gateway, while BIRD itself goes on thinking of the
 * underlay.  Here the same is done to the messages between BIRD and the kernel: a route into
 * the pool with a gateway gets the tunnel on its way out and loses it on its way in.
 *
 * KRT_TUNNEL=DEVICE, KRT_UNDERLAY=DEVICE, KRT_POOL=CIDR.  As in the fork, a tunnel that does
 * not exist leaves the route on the underlay.
 *
 * Between subnets: KRT_REMOTE=BLOCK=NODE,... names the nodes behind the router KRT_GATEWAY.
 * Only their blocks go by the tunnel then, and their gateway is the node.
 *
 * As in the fork, too, a route that stands on the underlay although there is a tunnel by now
 * is put right: BIRD gets to see it as another route than its own.
 *
 * KRT_WRONG=FILE, for faults of the daemon itself: while the file is there, its one line
 * "BLOCK GATEWAY DEVICE TRUE-GATEWAY" says where the route of that block is put, and BIRD
 * goes on believing in the true gateway.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_netlink(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_NETLINK;
}

struct link_query {
	struct nlmsghdr nh;
	struct ifinfomsg link;
	struct rtattr name_head;
	char name[IF_NAMESIZE];
};

/*
 * 0: there is no such device. By netlink and not if_nametoindex(): for that one the kernel runs
 * modprobe when the device is not there, a second in a virtual machine for each message, and BIRD
 * would answer nobody meanwhile. A list of all devices would be too long for nodes of 1000 pods.
 */
static uint32_t index_of(const char *name)
{
	struct link_query query = {
		.nh = { .nlmsg_len = sizeof(query),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST },
		.name_head = { .rta_len = RTA_LENGTH(IF_NAMESIZE), .rta_type = IFLA_IFNAME },
	};
	union {
		struct nlmsghdr nh;
		char octets[NLMSG_LENGTH(sizeof(struct ifinfomsg))];
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = -1;

	if (fd < 0)
		return 0;
	snprintf(query.name, sizeof(query.name), "%s", name);
	/* The rest of the answer is cut off. */
	if (send(fd, &query, sizeof(query), 0) == sizeof(query))
		n = recv(fd, &answer, sizeof(answer), 0);
	close(fd);
	if (n < (ssize_t)sizeof(answer) || answer.nh.nlmsg_type != RTM_NEWLINK)
		return 0;
	return ((struct ifinfomsg *)NLMSG_DATA(&answer.nh))->ifi_index;
}

static uint32_t device(const char *variable)
{
	const char *name = getenv(variable);

	return name && *name ? index_of(name) : 0;
}

static bool in_pool(uint32_t address)
{
	const char *text = getenv("KRT_POOL");
	char base[INET_ADDRSTRLEN];
	struct in_addr pool;
	unsigned int len;
	uint32_t mask;

	if (!text || sscanf(text, "%15[0-9.]/%u", base, &len) != 2 || len > 32 ||
	    !inet_aton(base, &pool))
		return false;
	mask = len ? htonl(~0U << (32 - len)) : 0;
	return (address & mask) == (pool.s_addr & mask);
}

/* The node of a block behind a router, 0 if it has none. */
static uint32_t remote_node(uint32_t dst)
{
	const char *text = getenv("KRT_REMOTE");
	char block[INET_ADDRSTRLEN], node[INET_ADDRSTRLEN];
	struct in_addr b, n;
	unsigned int len;

	for (; text && *text; text = strchrnul(text, ','), text += *text == ',')
		if (sscanf(text, "%15[0-9.]/%u=%15[0-9.]", block, &len, node) == 3 &&
		    inet_aton(block, &b) && inet_aton(node, &n) && b.s_addr == dst)
			return n.s_addr;
	return 0;
}

static uint32_t router(void)
{
	const char *text = getenv("KRT_GATEWAY");
	struct in_addr a;

	return text && inet_aton(text, &a) ? a.s_addr : 0;
}

/* The gateway on the other side of the translation, 0 if the route stays as it is. */
static uint32_t gateway_for(uint32_t dst, uint32_t gateway, bool outgoing)
{
	const char *remote = getenv("KRT_REMOTE");

	if (!remote || !*remote)
		return gateway;
	if (outgoing)
		return gateway == router() ? remote_node(dst) : 0;
	return router();
}

struct wrong {
	uint32_t dst, gateway, oif, true_gateway;
};

/* Read anew each time: the fault may come and go while BIRD runs. */
static bool wrong_read(struct wrong *w)
{
	char line[128] = "", dst[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN], dev[IF_NAMESIZE],
	     truth[INET_ADDRSTRLEN];
	const char *path = getenv("KRT_WRONG");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0 || sscanf(line, "%15[0-9.]/%*u %15s %15s %15s", dst, gateway, dev, truth) != 4)
		return false;
	w->oif = index_of(dev);
	return w->oif && inet_pton(AF_INET, dst, &w->dst) == 1 &&
	       inet_pton(AF_INET, gateway, &w->gateway) == 1 &&
	       inet_pton(AF_INET, truth, &w->true_gateway) == 1;
}

struct devices {
	uint32_t tunnel, underlay;
};

/* The attributes of a route that a translation is about */
struct ends {
	uint32_t *oif, *dst, *gateway;
};

static void put(struct rtmsg *rt, const struct ends *e, uint32_t gateway, uint32_t oif, bool onlink)
{
	*e->gateway = gateway;
	*e->oif = oif;
	if (onlink)
		rt->rtm_flags |= RTNH_F_ONLINK;
	else
		rt->rtm_flags &= ~RTNH_F_ONLINK;
}

/* Of routes only gateways are compared, so this is no route that BIRD has: TEST-NET-1. */
static void disown_route(struct rtmsg *rt, const struct ends *e, const struct devices *dev)
{
	put(rt, e, htonl(0xc0000201), dev->tunnel, true);
}

/* True: the route is that of the fault, and done with. */
static bool translate_wrong(struct rtmsg *rt, const struct ends *e, const struct devices *dev,
			    bool outgoing)
{
	struct wrong w;

	if (!wrong_read(&w) || *e->dst != w.dst)
		return false;
	if (outgoing)
		put(rt, e, w.gateway, w.oif, w.oif == dev->tunnel);
	else if (*e->gateway == w.gateway && *e->oif == w.oif)
		put(rt, e, w.true_gateway, dev->underlay, false);
	else
		disown_route(rt, e, dev);
	return true;
}

static void translate_route(struct rtmsg *rt, const struct ends *e, const struct devices *dev,
			    bool outgoing)
{
	uint32_t other;

	if (translate_wrong(rt, e, dev, outgoing))
		return;
	if (!outgoing && rt->rtm_protocol == RTPROT_BIRD && *e->oif == dev->underlay &&
	    gateway_for(*e->dst, *e->gateway, true)) {
		disown_route(rt, e, dev);
		return;
	}
	if (*e->oif != (outgoing ? dev->underlay : dev->tunnel))
		return;
	other = gateway_for(*e->dst, *e->gateway, outgoing);
	if (other)
		put(rt, e, other, outgoing ? dev->tunnel : dev->underlay, outgoing);
}

static void translate(void *buf, size_t size, bool outgoing)
{
	struct devices dev = { device("KRT_TUNNEL"), device("KRT_UNDERLAY") };

	if (!dev.tunnel || !dev.underlay)
		return;
	for (struct nlmsghdr *nh = buf; NLMSG_OK(nh, size); nh = NLMSG_NEXT(nh, size)) {
		struct rtmsg *rt = NLMSG_DATA(nh);
		struct ends e = { 0 };
		int len;

		if (nh->nlmsg_type != RTM_NEWROUTE && nh->nlmsg_type != RTM_DELROUTE)
			continue;
		if (nh->nlmsg_len < NLMSG_LENGTH(sizeof(*rt)) || rt->rtm_family != AF_INET)
			continue;
		len = RTM_PAYLOAD(nh);
		for (struct rtattr *a = RTM_RTA(rt); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
			if (a->rta_type == RTA_OIF)
				e.oif = RTA_DATA(a);
			else if (a->rta_type == RTA_DST)
				e.dst = RTA_DATA(a);
			else if (a->rta_type == RTA_GATEWAY)
				e.gateway = RTA_DATA(a);
		}
		if (e.oif && e.dst && e.gateway && in_pool(*e.dst))
			translate_route(rt, &e, &dev, outgoing);
	}
}

ssize_t sendto(int fd, const void *buf, size_t size, int flags, const struct sockaddr *to,
	       socklen_t len)
{
	static ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "sendto");
	/* The message is built for this one call. */
	if (is_netlink(fd))
		translate((void *)buf, size, true);
	return next(fd, buf, size, flags, to, len);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	static ssize_t (*next)(int, struct msghdr *, int);
	ssize_t n;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "recvmsg");
	n = next(fd, msg, flags);
	if (n > 0 && msg->msg_iovlen == 1 && is_netlink(fd))
		translate(msg->msg_iov->iov_base, n, false);
	return n;
}
