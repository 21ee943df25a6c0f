// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours and forwarding entries of vxlan devices, see state.h. Two dumps a device, of which the
 * kernel filters by device (NETLINK_GET_STRICT_CHK, 4.20): the forwarding entries of a thousand veth
 * devices, mostly multicast addresses, stay where they are.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "state.h"

#define DEVICES_MAX 8
/* The largest clusters have 5000 nodes. */
#define ENTRIES_MAX 65536
#define DUMP_TRIES 3
#define MAC_LEN 6

/* A neighbour: address and MAC. A forwarding entry: MAC and the node that it leads to. */
struct entry {
	uint8_t mac[MAC_LEN];
	bool permanent;
	struct addr addr;
};

struct table {
	struct entry *at;
	size_t cnt, size;
	uint32_t ifindex;
	uint8_t family;
};

struct devices {
	uint32_t ifindex[DEVICES_MAX];
	size_t cnt;
};

static void note_vxlan(void *ctx, const struct link_info *link)
{
	struct devices *d = ctx;

	if (!strcmp(link->kind, "vxlan") && d->cnt < DEVICES_MAX)
		d->ifindex[d->cnt++] = link->ifindex;
}

static int table__add(struct table *t, const struct entry *e)
{
	struct entry *grown;
	size_t size;

	if (t->cnt == ENTRIES_MAX)
		return -E2BIG;
	if (t->cnt == t->size) {
		size = t->size ? t->size * 2 : 64;
		grown = realloc(t->at, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->at = grown;
		t->size = size;
	}
	t->at[t->cnt++] = *e;
	return 0;
}

static bool attr_addr(const struct nlattr *nla, struct addr *out)
{
	size_t len = nla ? (size_t)nla_len(nla) : 0;

	if (len != 4 && len != 16)
		return false;
	*out = (struct addr){ .family = len == 4 ? 4 : 6 };
	memcpy(out->b, nla_data(nla), len);
	return true;
}

/* Entries of other devices are left out, too: a kernel need not have filtered. */
static int take_entry(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NDA_MAX + 1];
	struct table *t = ctx;
	struct entry e = { 0 };
	struct ndmsg ndm;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(nlh, sizeof(ndm), tb, NDA_MAX, NULL) < 0)
		return 0;
	memcpy(&ndm, nlmsg_data(nlh), sizeof(ndm));
	if (ndm.ndm_family != t->family || (uint32_t)ndm.ndm_ifindex != t->ifindex)
		return 0;
	e.permanent = ndm.ndm_state & NUD_PERMANENT;
	if (t->family == AF_INET && !e.permanent)
		return 0;
	if (!tb[NDA_LLADDR] || nla_len(tb[NDA_LLADDR]) != MAC_LEN ||
	    !attr_addr(tb[NDA_DST], &e.addr))
		return 0;
	memcpy(e.mac, nla_data(tb[NDA_LLADDR]), MAC_LEN);
	return table__add(t, &e);
}

/* The device stands in an attribute for neighbours, in the header for forwarding entries. */
static struct nl_msg *question(const struct table *t)
{
	struct ndmsg ndm = { .ndm_family = t->family };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);

	if (t->family == AF_BRIDGE)
		ndm.ndm_ifindex = (int)t->ifindex;
	if (msg && !nlmsg_append(msg, &ndm, sizeof(ndm), NLMSG_ALIGNTO) &&
	    (t->family == AF_BRIDGE || !nla_put_u32(msg, NDA_IFINDEX, t->ifindex)))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int by_mac(const void *a, const void *b)
{
	return memcmp(a, b, MAC_LEN);
}

static int table__read(struct table *t, int fd)
{
	struct nl_msg *msg;
	int err = -EINTR, i;

	for (i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		t->cnt = 0;
		msg = question(t);
		if (!msg)
			return -ENOMEM;
		err = nlask(fd, msg, take_entry, t);
		nlmsg_free(msg);
	}
	if (!err && t->cnt)
		qsort(t->at, t->cnt, sizeof(*t->at), by_mac);
	return err;
}

static const struct entry *table__find(const struct table *t, const uint8_t *mac)
{
	return t->cnt ? bsearch(mac, t->at, t->cnt, sizeof(*t->at), by_mac) : NULL;
}

static void tell_vtep(const struct round *r, uint32_t ifindex, const struct entry *neigh,
		      const struct entry *fdb)
{
	struct obs o = { .kind = OBS_VTEP };

	o.vtep.ifindex = ifindex;
	o.vtep.have_neigh = neigh;
	o.vtep.have_fdb = fdb;
	if (neigh)
		o.vtep.vtep = neigh->addr;
	if (fdb)
		o.vtep.node = fdb->addr;
	memcpy(o.vtep.mac, neigh ? neigh->mac : fdb->mac, MAC_LEN);
	round_tell(r, &o);
}

/*
 * Something that somebody set without a neighbour: not what was learnt from traffic, nor the zero
 * MAC, which leads where nothing else does, nor what belongs to IPv6's neighbours, which are not read.
 */
static bool stands_alone(const struct entry *fdb, const struct table *neighs)
{
	static const uint8_t zero[MAC_LEN];

	return fdb->permanent && fdb->addr.family == 4 && memcmp(fdb->mac, zero, MAC_LEN) != 0 &&
	       !table__find(neighs, fdb->mac);
}

static int tell_device(const struct round *r, int fd, uint32_t ifindex)
{
	struct table neighs = { .ifindex = ifindex, .family = AF_INET };
	struct table fdb = { .ifindex = ifindex, .family = AF_BRIDGE };
	size_t i;
	int err;

	err = table__read(&neighs, fd);
	if (!err)
		err = table__read(&fdb, fd);
	for (i = 0; !err && i < neighs.cnt; i++)
		tell_vtep(r, ifindex, &neighs.at[i], table__find(&fdb, neighs.at[i].mac));
	for (i = 0; !err && i < fdb.cnt; i++) {
		if (stands_alone(&fdb.at[i], &neighs))
			tell_vtep(r, ifindex, NULL, &fdb.at[i]);
	}
	free(neighs.at);
	free(fdb.at);
	return err;
}

int state_vtep(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct round r = { SOURCE_VTEP, ts_ns, fn, ctx };
	struct devices d = { 0 };
	int one = 1, fd, err = 0;
	size_t i;

	round_begin(&r);
	if (ask->mirror)
		mirror__each_link(ask->mirror, note_vxlan, &d);
	if (!d.cnt)
		return round_end(&r, -ENODEV, "vxlan");
	fd = nlask__open(NETLINK_ROUTE);
	if (fd < 0)
		return round_end(&r, fd, "vxlan");
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	for (i = 0; i < d.cnt && !err; i++) {
		err = tell_device(&r, fd, d.ifindex[i]);
		/* gone since: its other ends are, too */
		err = err == -ENODEV ? 0 : err;
	}
	close(fd);
	return round_end(&r, err, "vxlan");
}
