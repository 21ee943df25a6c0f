// SPDX-License-Identifier: GPL-2.0-only
/*
 * How full conntrack and the neighbour table are, see state.h. The latter by RTM_GETNEIGHTBL:
 * /proc/net/stat/arp_cache and neigh/default/gc_thresh3 are only there in the first namespace, although
 * the table and its limit are one for all.
 *
 * The kernel counts permanent, learnt and managed entries in `entries`, but checks gc_thresh3 against
 * the others (gc_entries, net/core/neighbour.c: neigh_alloc), which it does not tell. With VXLAN there
 * is a permanent entry a node, so these are counted and subtracted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nlask.h"
#include "state.h"
#include "util.h"

#ifndef NTF_EXT_LEARNED
#define NTF_EXT_LEARNED (1 << 4)
#endif

static int read_u64(const char *path, uint64_t *out)
{
	char text[24];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EBADMSG;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, 0, UINT64_MAX, out) ? -EBADMSG : 0;
}

static void tell_fill(const struct round *r, enum fill what, uint64_t cnt, uint64_t max)
{
	struct obs o = { .kind = OBS_FILL };

	o.fill = (struct obs_fill){ .what = what, .cnt = cnt, .max = max };
	round_tell(r, &o);
}

/* Both files are of the calling thread's namespace, as all below /proc/sys/net. */
static int tell_conntrack(const struct round *r)
{
	uint64_t cnt, max;
	int err = read_u64("/proc/sys/net/netfilter/nf_conntrack_count", &cnt);

	if (!err)
		err = read_u64("/proc/sys/net/netfilter/nf_conntrack_max", &max);
	if (!err)
		tell_fill(r, FILL_CONNTRACK, cnt, max);
	return err == -ENOENT ? 0 : err;
}

struct arp {
	uint64_t entries, exempt;
	uint32_t max; /* 0: not told */
};

static int take_table(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NDTA_MAX + 1];
	struct ndt_config config;
	struct arp *arp = ctx;
	struct ndtmsg ndt;

	if (nlh->nlmsg_type != RTM_NEWNEIGHTBL ||
	    nlmsg_parse(nlh, sizeof(ndt), tb, NDTA_MAX, NULL) < 0)
		return 0;
	memcpy(&ndt, nlmsg_data(nlh), sizeof(ndt));
	/* Of each device there is a message with its parameters; the table's own has these two. */
	if (ndt.ndtm_family != AF_INET || !tb[NDTA_CONFIG] || !tb[NDTA_THRESH3] ||
	    nla_len(tb[NDTA_CONFIG]) < (int)sizeof(config) ||
	    nla_len(tb[NDTA_THRESH3]) < (int)sizeof(arp->max))
		return 0;
	memcpy(&config, nla_data(tb[NDTA_CONFIG]), sizeof(config));
	memcpy(&arp->max, nla_data(tb[NDTA_THRESH3]), sizeof(arp->max));
	arp->entries = config.ndtc_entries;
	return 0;
}

static int take_neigh(void *ctx, struct nlmsghdr *nlh)
{
	struct arp *arp = ctx;
	struct ndmsg ndm;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || nlmsg_datalen(nlh) < (int)sizeof(ndm))
		return 0;
	memcpy(&ndm, nlmsg_data(nlh), sizeof(ndm));
	if (ndm.ndm_family == AF_INET &&
	    ((ndm.ndm_state & NUD_PERMANENT) || (ndm.ndm_flags & NTF_EXT_LEARNED)))
		arp->exempt++;
	return 0;
}

/* hdr: zero but for the family, which comes first in both */
static int dump(int fd, int type, void *hdr, size_t len, nlask_fn fn, struct arp *arp)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);
	int err = -ENOMEM;

	if (msg && !nlmsg_append(msg, hdr, len, NLMSG_ALIGNTO))
		err = nlask(fd, msg, fn, arp);
	nlmsg_free(msg);
	/* one that changed meanwhile is near enough */
	return err == -EINTR ? 0 : err;
}

static int tell_neigh(const struct round *r)
{
	struct ndtmsg ndt = { .ndtm_family = AF_INET };
	struct ndmsg ndm = { .ndm_family = AF_INET };
	struct arp arp = { 0 };
	int fd = nlask__open(NETLINK_ROUTE), err;

	if (fd < 0)
		return fd;
	err = dump(fd, RTM_GETNEIGHTBL, &ndt, sizeof(ndt), take_table, &arp);
	if (!err && arp.max)
		err = dump(fd, RTM_GETNEIGH, &ndm, sizeof(ndm), take_neigh, &arp);
	close(fd);
	if (!err && arp.max)
		tell_fill(r, FILL_NEIGH, arp.entries > arp.exempt ? arp.entries - arp.exempt : 0,
			  arp.max);
	return err;
}

int state_fill(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct round r = { SOURCE_FILL, ts_ns, fn, ctx };
	int err;

	(void)ask;
	round_begin(&r);
	err = tell_conntrack(&r);
	if (err)
		return round_end(&r, err, "nf_conntrack");
	return round_end(&r, tell_neigh(&r), "neighbours");
}
