// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPv4 members of one ipset, over netlink. Felix keeps the pools and the nodes
 * of the cluster in sets, which makes them readable without the API server.
 *
 * A node without ipset (nftables mode, eBPF mode) is normal. The kernel would load the
 * module for a mere question; an observer has no business doing that, so it is asked
 * only if the module is there.
 */
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "sources.h"

/* The oldest that all kernels since 3.x speak; newer ones still take it */
#define PROTOCOL 6

struct members {
	struct prefix *out;
	size_t cnt, max;
};

/* One element; those that are no IPv4 address or prefix, or that exclude one, do not count. */
static void member_add(struct members *m, struct nlattr *data)
{
	struct nlattr *tb[IPSET_ATTR_ADT_MAX + 1], *ip[IPSET_ATTR_IPADDR_MAX + 1];
	uint32_t be, flags = 0;
	struct addr addr;
	uint8_t len = 32;

	if (nla_parse_nested(tb, IPSET_ATTR_ADT_MAX, data, NULL) < 0 || !tb[IPSET_ATTR_IP] ||
	    nla_parse_nested(ip, IPSET_ATTR_IPADDR_MAX, tb[IPSET_ATTR_IP], NULL) < 0 ||
	    !ip[IPSET_ATTR_IPADDR_IPV4] || nla_len(ip[IPSET_ATTR_IPADDR_IPV4]) != sizeof(be))
		return;
	if (tb[IPSET_ATTR_CIDR] && nla_len(tb[IPSET_ATTR_CIDR]) >= 1)
		len = nla_get_u8(tb[IPSET_ATTR_CIDR]);
	if (tb[IPSET_ATTR_CADT_FLAGS] && nla_len(tb[IPSET_ATTR_CADT_FLAGS]) >= (int)sizeof(flags))
		memcpy(&flags, nla_data(tb[IPSET_ATTR_CADT_FLAGS]), sizeof(flags));
	if (len > 32 || (flags & htobe32(IPSET_FLAG_NOMATCH)) || m->cnt == m->max)
		return;
	memcpy(&be, nla_data(ip[IPSET_ATTR_IPADDR_IPV4]), sizeof(be));
	addr = addr_v4(be);
	m->out[m->cnt++] = prefix_of(&addr, len);
}

static int take_answer(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[IPSET_ATTR_CMD_MAX + 1], *data;
	int left;

	if (nlmsg_parse(nlh, sizeof(struct nfgenmsg), tb, IPSET_ATTR_CMD_MAX, NULL) < 0)
		return -EBADMSG;
	if (!tb[IPSET_ATTR_ADT])
		return 0;
	nla_for_each_nested(data, tb[IPSET_ATTR_ADT], left) member_add(ctx, data);
	return 0;
}

static struct nl_msg *question(const char *name)
{
	const struct nfgenmsg hdr = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	struct nl_msg *msg = nlmsg_alloc_simple((NFNL_SUBSYS_IPSET << 8) | IPSET_CMD_LIST,
						NLM_F_REQUEST | NLM_F_DUMP);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, (void *)&hdr, sizeof(hdr), NLMSG_ALIGNTO) ||
	    nla_put_u8(msg, IPSET_ATTR_PROTOCOL, PROTOCOL) ||
	    nla_put_string(msg, IPSET_ATTR_SETNAME, name)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* False only if the kernel would have to load ip_set; without sysfs nobody knows. */
static bool may_ask(void)
{
	return !access("/sys/module/ip_set", F_OK) || access("/sys/module", F_OK);
}

int ipset_members(const char *name, struct prefix *out, size_t max)
{
	struct members m = { .out = out, .max = max };
	struct nl_msg *msg;
	int fd, err;

	if (strlen(name) >= IPSET_MAXNAMELEN)
		return -EINVAL;
	if (!may_ask())
		return -EOPNOTSUPP;
	fd = nlask__open(NETLINK_NETFILTER);
	if (fd == -EPROTONOSUPPORT)
		return -EOPNOTSUPP;
	if (fd < 0)
		return fd;
	msg = question(name);
	err = msg ? nlask(fd, msg, take_answer, &m) : -ENOMEM;
	nlmsg_free(msg);
	close(fd);
	/* nfnetlink says EINVAL for a subsystem that it lacks, ipset 4097 for another protocol. */
	if (err == -EINVAL || err <= -IPSET_ERR_PRIVATE)
		return -EOPNOTSUPP;
	return err ? err : (int)m.cnt;
}
