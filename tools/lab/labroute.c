/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody on the node who is neither BIRD nor Felix and has ideas of his own about routes, as
 * a NetworkManager that was not told which devices to leave alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "labtool.h"

struct prefix {
	struct in_addr addr;
	unsigned int len;
};

static int open_rtnetlink(uint32_t groups)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		die("rtnetlink: %s", strerror(errno));
	return fd;
}

/* The route of table main, whoever's it is.  Who has it already deleted is no error. */
static void route_delete(int fd, const struct prefix *p)
{
	struct {
		struct nlmsghdr nh;
		struct rtmsg rt;
		struct rtattr dst_attr;
		struct in_addr dst;
	} request = {
		.nh.nlmsg_len = sizeof(request),
		.nh.nlmsg_type = RTM_DELROUTE,
		.nh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.rt.rtm_family = AF_INET,
		.rt.rtm_dst_len = p->len,
		.rt.rtm_table = RT_TABLE_MAIN,
		.rt.rtm_scope = RT_SCOPE_NOWHERE,
		.dst_attr.rta_len = RTA_LENGTH(sizeof(p->addr)),
		.dst_attr.rta_type = RTA_DST,
		.dst = p->addr,
	};
	char answer[1024];

	if (send(fd, &request, sizeof(request), 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0)
		die("deleting a route: %s", strerror(errno));
}

/* A message of the kernel's says that such a route came to be. */
static bool is_added(struct nlmsghdr *nh, const struct prefix *p)
{
	struct rtmsg *rt = NLMSG_DATA(nh);
	int len = RTM_PAYLOAD(nh);

	if (nh->nlmsg_type != RTM_NEWROUTE || rt->rtm_table != RT_TABLE_MAIN ||
	    rt->rtm_dst_len != p->len)
		return false;
	for (struct rtattr *a = RTM_RTA(rt); RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == RTA_DST && !memcmp(RTA_DATA(a), &p->addr, sizeof(p->addr)))
			return true;
	return false;
}

int cmd_foreign(const char *prefix)
{
	int fd = open_rtnetlink(RTMGRP_IPV4_ROUTE), requests = open_rtnetlink(0);
	char text[INET_ADDRSTRLEN], buf[16384];
	struct prefix p;
	ssize_t n;

	if (sscanf(prefix, "%15[0-9.]/%u", text, &p.len) != 2 || p.len > 32 ||
	    !inet_aton(text, &p.addr))
		die("not a prefix: %s", prefix);
	prctl(PR_SET_NAME, "NetworkManager");
	route_delete(requests, &p);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0 || errno == ENOBUFS) {
		/* What got lost may have been what this waits for. */
		bool added = n < 0;

		for (struct nlmsghdr *nh = (void *)buf; n > 0 && NLMSG_OK(nh, (size_t)n);
		     nh = NLMSG_NEXT(nh, n))
			added |= is_added(nh, &p);
		if (added)
			route_delete(requests, &p);
	}
	die("rtnetlink: %s", strerror(errno));
}
