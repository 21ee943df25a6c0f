// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which neighbours on the link have answered lately, and which do not answer: signs of life of
 * other nodes that need no packet of ours.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "state.h"

/* Confirmed longer ago than this, a neighbour may as well be dead by now. */
#define LATELY_S 60

struct look {
	const struct round *round;
	uint32_t ticks_per_s;
};

static bool confirmed_lately(const struct look *l, struct nlattr *cache)
{
	struct nda_cacheinfo ci;

	if (!cache || nla_len(cache) < (int)sizeof(ci))
		return false;
	memcpy(&ci, nla_data(cache), sizeof(ci));
	return ci.ndm_confirmed < LATELY_S * l->ticks_per_s;
}

static int take(void *ctx, struct nlmsghdr *nlh)
{
	struct obs o = { .kind = OBS_NEIGH, .neigh.snapshot = true };
	const struct look *l = ctx;
	struct nlattr *tb[NDA_MAX + 1];
	struct ndmsg nd;
	uint32_t be;

	if (nlmsg_parse(nlh, sizeof(nd), tb, NDA_MAX, NULL) < 0)
		return -EBADMSG;
	memcpy(&nd, nlmsg_data(nlh), sizeof(nd));
	if (!tb[NDA_DST] || nla_len(tb[NDA_DST]) != sizeof(be) ||
	    (nd.ndm_state & (NUD_PERMANENT | NUD_NOARP)))
		return 0;
	memcpy(&be, nla_data(tb[NDA_DST]), sizeof(be));
	o.neigh.dst = addr_v4(be);
	o.neigh.ifindex = (uint32_t)nd.ndm_ifindex;
	o.neigh.failed = nd.ndm_state & (NUD_FAILED | NUD_INCOMPLETE);
	if (o.neigh.failed || confirmed_lately(l, tb[NDA_CACHEINFO]))
		round_tell(l->round, &o);
	return 0;
}

int state_neigh(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct round r = { .id = SOURCE_NEIGH, .ts_ns = ts_ns, .fn = fn, .ctx = ctx };
	/* the kernel counts in USER_HZ here */
	struct look l = { .round = &r, .ticks_per_s = (uint32_t)sysconf(_SC_CLK_TCK) };
	const struct ndmsg nd = { .ndm_family = AF_INET };
	struct nl_msg *msg;
	int fd, err;

	(void)ask;
	round_begin(&r);
	fd = nlask__open(NETLINK_ROUTE);
	if (fd < 0)
		return round_end(&r, fd, "rtnetlink");
	msg = nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);
	err = msg && !nlmsg_append(msg, (void *)&nd, sizeof(nd), NLMSG_ALIGNTO) ?
		      nlask(fd, msg, take, &l) :
		      -ENOMEM;
	nlmsg_free(msg);
	close(fd);
	return round_end(&r, err, "neighbours");
}
