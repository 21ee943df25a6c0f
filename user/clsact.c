// SPDX-License-Identifier: GPL-2.0-only
#include "clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nlask.h"
#include "util.h"

#define HANDLE 0xca11u
#define HANDLE_MASK 0xffffu
#define SLOT_SHIFT 16
#define SLOT_MAX 64u
/* In the handle: the qdisc was made by a calitrace, so the last one of us to leave deletes it. */
#define MADE (1u << 30)
#define LOCK_MS 1000
#define PRIO_MAX 16u
#define NAME_PREFIX "calitrace_"

static const struct {
	enum bpf_tc_attach_point point;
	uint32_t parent;
	const char *name;
} hooks[2] = {
	{ BPF_TC_INGRESS, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "ingress" },
	{ BPF_TC_EGRESS, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "egress" },
};

struct clsact {
	int nl_fd;
	int slot_fd;
	uint32_t slot;
	clsact_made_fn made_fn; /* NULL: nobody wants to know */
	void *made_ctx;
};

/*
 * Abstract socket names belong to a network namespace and vanish with the process that
 * bound them: a lock that needs no file and cannot go stale. fd or -errno.
 */
static int name_take(const char *what)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int len, err;

	if (fd < 0)
		return -errno;
	len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "calitrace-clsact-%s", what);
	len += (int)offsetof(struct sockaddr_un, sun_path) + 1;
	if (!bind(fd, (const struct sockaddr *)&name, (socklen_t)len))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int slot_take(uint32_t slot)
{
	char what[16];

	snprintf(what, sizeof(what), "%u", slot);
	return name_take(what);
}

/*
 * Making, filling, emptying and deleting a qdisc are several steps, and two of us may start or end at the
 * same moment. fd to close, or -errno: then it goes on without, as somebody hangs with the lock.
 */
static int lock(void)
{
	int fd = name_take("lock");

	/* nothing tells when a bound name is free again */
	for (int ms = 0; fd == -EADDRINUSE && ms < LOCK_MS; ms++) {
		poll(NULL, 0, 1);
		fd = name_take("lock");
	}
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

int clsact__new(struct clsact **ret)
{
	struct clsact *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->slot_fd = -1;
	c->nl_fd = err = nlask__open(NETLINK_ROUTE);
	if (err < 0)
		goto fail;
	for (c->slot = 0; c->slot < SLOT_MAX; c->slot++) {
		c->slot_fd = err = slot_take(c->slot);
		if (err != -EADDRINUSE)
			break;
	}
	if (err < 0)
		goto fail;
	*ret = c;
	return 0;
fail:
	clsact__free(c);
	return err;
}

void clsact__free(struct clsact *c)
{
	if (!c)
		return;
	if (c->nl_fd >= 0)
		close(c->nl_fd);
	if (c->slot_fd >= 0)
		close(c->slot_fd);
	free(c);
}

void clsact__on_made(struct clsact *c, clsact_made_fn fn, void *ctx)
{
	c->made_fn = fn;
	c->made_ctx = ctx;
}

static void tell_made(const struct clsact *c, uint32_t ifindex, bool made)
{
	if (c->made_fn)
		c->made_fn(c->made_ctx, ifindex, made);
}

int clsact__slot_fd(const struct clsact *c)
{
	return c->slot_fd;
}

int clsact__inherit(struct clsact *c)
{
	c->made_fn = NULL;
	c->nl_fd = nlask__open(NETLINK_ROUTE);
	return c->nl_fd < 0 ? c->nl_fd : 0;
}

static uint32_t handle_of(const struct clsact *c, bool made)
{
	return HANDLE | c->slot << SLOT_SHIFT | (made ? MADE : 0);
}

static uint32_t slot_of(uint32_t handle)
{
	return (handle & ~MADE) >> SLOT_SHIFT;
}

/* ---- what is there ---- */

#define SEEN_MAX 64

/* Filters on one parent of one device */
struct seen {
	uint32_t slot; /* whose are mine: given */
	uint32_t cnt;  /* all, with the entries that the kernel makes for each priority */
	bool mine;     /* one of them is */
	bool front;    /* before it, or with none of mine at all, there is a foreign one */
	uint32_t ours_cnt;
	struct {
		uint32_t handle, prio;
	} ours[SEEN_MAX];
};

static bool name_is_ours(const struct nlattr *name)
{
	/* libbpf writes "program:[id]". To ask by id for the name would take CAP_SYS_ADMIN. */
	return name && nla_len(name) > (int)strlen(NAME_PREFIX) &&
	       !memcmp(nla_data(name), NAME_PREFIX, strlen(NAME_PREFIX));
}

static bool filter_is_ours(const struct tcmsg *tcm, struct nlattr *const tb[])
{
	struct nlattr *opt[TCA_BPF_MAX + 1];

	return (tcm->tcm_handle & HANDLE_MASK) == HANDLE && tb[TCA_OPTIONS] &&
	       !nla_parse_nested(opt, TCA_BPF_MAX, tb[TCA_OPTIONS], NULL) &&
	       name_is_ours(opt[TCA_BPF_NAME]);
}

/* Packets start in chain 0; others are entered by the action of a filter that stands there. */
static bool in_first_chain(struct nlattr *const tb[])
{
	return !tb[TCA_CHAIN] || !nla_get_u32(tb[TCA_CHAIN]);
}

/* They are told in the order in which a packet meets them. */
static int on_filter(void *ctx, struct nlmsghdr *nlh)
{
	const struct tcmsg *tcm = nlmsg_data(nlh);
	struct nlattr *tb[TCA_MAX + 1];
	struct seen *s = ctx;

	if (nlh->nlmsg_type != RTM_NEWTFILTER || nlmsg_datalen(nlh) < (int)sizeof(*tcm) ||
	    nlmsg_parse(nlh, sizeof(*tcm), tb, TCA_MAX, NULL))
		return 0;
	s->cnt++;
	if (!filter_is_ours(tcm, tb)) {
		/* without a handle it is the entry of a priority, not a filter */
		s->front = s->front || (!s->mine && tcm->tcm_handle && in_first_chain(tb));
		return 0;
	}
	s->mine = s->mine || slot_of(tcm->tcm_handle) == s->slot;
	if (s->ours_cnt < SEEN_MAX) {
		s->ours[s->ours_cnt].handle = tcm->tcm_handle;
		s->ours[s->ours_cnt++].prio = TC_H_MAJ(tcm->tcm_info) >> 16;
	}
	return 0;
}

static int ask_tc(struct clsact *c, int type, const struct tcmsg *tcm, nlask_fn fn, void *ctx)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);
	int err = -ENOMEM;

	if (msg && !nlmsg_append(msg, (void *)tcm, sizeof(*tcm), NLMSG_ALIGNTO))
		err = nlask(c->nl_fd, msg, fn, ctx);
	nlmsg_free(msg);
	return err;
}

static int filters_at(struct clsact *c, uint32_t ifindex, int hook, struct seen *ret)
{
	struct tcmsg tcm = { .tcm_ifindex = (int)ifindex, .tcm_parent = hooks[hook].parent };

	*ret = (struct seen){ .slot = c->slot };
	return ask_tc(c, RTM_GETTFILTER, &tcm, on_filter, ret);
}

struct qdiscs {
	uint32_t *ifindex; /* of the clsact ones */
	size_t cnt, cap;
};

static int on_qdisc(void *ctx, struct nlmsghdr *nlh)
{
	const struct tcmsg *tcm = nlmsg_data(nlh);
	struct nlattr *tb[TCA_MAX + 1];
	struct qdiscs *q = ctx;
	uint32_t *grown;

	if (nlmsg_datalen(nlh) < (int)sizeof(*tcm) || tcm->tcm_parent != TC_H_CLSACT ||
	    nlmsg_parse(nlh, sizeof(*tcm), tb, TCA_MAX, NULL) || !tb[TCA_KIND] ||
	    nla_strcmp(tb[TCA_KIND], "clsact"))
		return 0;
	if (q->cnt == q->cap) {
		q->cap = q->cap ? 2 * q->cap : 64;
		grown = realloc(q->ifindex, q->cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		q->ifindex = grown;
	}
	q->ifindex[q->cnt++] = (uint32_t)tcm->tcm_ifindex;
	return 0;
}

/* All devices of the namespace that have clsact; the caller frees ret->ifindex in any case */
static int clsact_qdiscs(struct clsact *c, struct qdiscs *ret)
{
	const struct tcmsg tcm = { 0 };

	return ask_tc(c, RTM_GETQDISC, &tcm, on_qdisc, ret);
}

/* Does a filter of another calitrace say that one of us made the qdisc? */
static bool made_by_us(struct clsact *c, uint32_t ifindex)
{
	struct seen s;

	for (int hook = 0; hook < 2; hook++) {
		if (filters_at(c, ifindex, hook, &s))
			continue;
		for (uint32_t i = 0; i < s.ours_cnt; i++)
			if (s.ours[i].handle & MADE)
				return true;
	}
	return false;
}

/* ---- adding ---- */

enum kind {
	KIND_NONE,
	KIND_CLSACT,
	KIND_OTHER
};

static int on_kind(void *ctx, struct nlmsghdr *nlh)
{
	struct nlattr *tb[TCA_MAX + 1];

	if (nlh->nlmsg_type == RTM_NEWQDISC &&
	    !nlmsg_parse(nlh, sizeof(struct tcmsg), tb, TCA_MAX, NULL) && tb[TCA_KIND])
		*(enum kind *)ctx = nla_strcmp(tb[TCA_KIND], "clsact") ? KIND_OTHER : KIND_CLSACT;
	return 0;
}

/* What stands in the place of clsact on a device. Without ECHO older kernels tell all but us. */
static enum kind qdisc_kind(struct clsact *c, uint32_t ifindex)
{
	struct tcmsg tcm = { .tcm_ifindex = (int)ifindex, .tcm_parent = TC_H_CLSACT };
	struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO);
	enum kind kind = KIND_NONE;

	if (msg && !nlmsg_append(msg, &tcm, sizeof(tcm), NLMSG_ALIGNTO))
		nlask(c->nl_fd, msg, on_kind, &kind);
	nlmsg_free(msg);
	return kind;
}

/*
 * 0 with *made told, or -errno. An ingress qdisc stands in the same place; filters for egress would
 * silently land on its one block, i.e. on ingress (ingress_tcf_block() ignores the class). *made: the one
 * that may stand there is known to be ours.
 */
static int qdisc_make(struct clsact *c, uint32_t ifindex, bool *made)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	enum kind kind = qdisc_kind(c, ifindex);
	int err = -EEXIST;

	if (kind == KIND_NONE) {
		/* told before, so that whoever cleans up after us need not guess */
		tell_made(c, ifindex, true);
		err = bpf_tc_hook_create(&hook);
		*made = !err;
		if (err)
			tell_made(c, ifindex, false);
		if (err == -EEXIST)
			kind = qdisc_kind(c, ifindex);
	}
	if (err != -EEXIST)
		return err;
	if (kind != KIND_CLSACT)
		return -EBUSY;
	*made = *made || made_by_us(c, ifindex);
	if (*made)
		tell_made(c, ifindex, true);
	return 0;
}

static int filter_del(uint32_t ifindex, int hook, uint32_t handle, uint32_t prio)
{
	LIBBPF_OPTS(bpf_tc_hook, h, .ifindex = (int)ifindex, .attach_point = hooks[hook].point);
	LIBBPF_OPTS(bpf_tc_opts, o, .handle = handle, .priority = prio);

	return bpf_tc_detach(&h, &o);
}

static bool qdisc_empty(struct clsact *c, uint32_t ifindex)
{
	struct seen in, eg;

	return !filters_at(c, ifindex, 0, &in) && !filters_at(c, ifindex, 1, &eg) && !in.cnt &&
	       !eg.cnt;
}

static void qdisc_leave(struct clsact *c, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (qdisc_empty(c, ifindex))
		bpf_tc_hook_destroy(&hook);
	tell_made(c, ifindex, false);
}

static void filters_remove(struct clsact *c, struct clsact_dev *dev)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (dev->prio[i])
			filter_del(dev->ifindex, i, handle_of(c, dev->made), dev->prio[i]);
		dev->prio[i] = 0;
	}
}

/* The last one of us to leave deletes the qdisc that one of us made. */
static void remove_locked(struct clsact *c, struct clsact_dev *dev)
{
	filters_remove(c, dev);
	if (dev->made)
		qdisc_leave(c, dev->ifindex);
	dev->made = false;
}

/*
 * As near to the front as possible: a direct-action filter before ours that ends the chain would
 * make us blind. Filters of one priority share kind and protocol: another kind there gives EINVAL.
 * Within a priority of BPF filters a new one comes first. What stands there with our handle is ours.
 */
static int filter_add(const struct clsact *c, const struct clsact_dev *dev, int hook, int prog_fd,
		      uint32_t *prio)
{
	LIBBPF_OPTS(bpf_tc_hook, h, .ifindex = (int)dev->ifindex,
		    .attach_point = hooks[hook].point);
	int err = -EINVAL;
	uint32_t p;

	for (p = 1; p <= PRIO_MAX && err == -EINVAL; p++) {
		LIBBPF_OPTS(bpf_tc_opts, o, .prog_fd = prog_fd, .handle = handle_of(c, dev->made),
			    .priority = p, .flags = BPF_TC_F_REPLACE);

		err = bpf_tc_attach(&h, &o);
		if (!err)
			*prio = p;
	}
	return err;
}

static int add_locked(struct clsact *c, uint32_t ifindex, bool made, const int prog_fd[2],
		      struct clsact_dev *ret, char *why, size_t why_sz)
{
	struct clsact_dev dev = { .ifindex = ifindex, .made = made };
	int err = qdisc_make(c, ifindex, &dev.made);
	int i;

	if (err) {
		snprintf(why, why_sz, "clsact: %s",
			 err == -EBUSY ? "an ingress qdisc has its place" : strerror(-err));
		return err;
	}
	for (i = 0; i < 2 && !err; i++) {
		err = filter_add(c, &dev, i, prog_fd[i], &dev.prio[i]);
		if (err)
			snprintf(why, why_sz, "filter on %s: %s", hooks[i].name, strerror(-err));
	}
	if (err) {
		remove_locked(c, &dev);
		return err;
	}
	*ret = dev;
	return 0;
}

int clsact__add(struct clsact *c, uint32_t ifindex, const int prog_fd[2], struct clsact_dev *ret,
		char *why, size_t why_sz)
{
	int fd = lock();
	int err = add_locked(c, ifindex, false, prog_fd, ret, why, why_sz);

	unlock(fd);
	return err;
}

int clsact__renew(struct clsact *c, struct clsact_dev *dev, bool qdisc_went, const int prog_fd[2],
		  char *why, size_t why_sz)
{
	int fd = lock(), err;

	filters_remove(c, dev);
	if (qdisc_went && dev->made) {
		dev->made = false;
		tell_made(c, dev->ifindex, false);
	}
	err = add_locked(c, dev->ifindex, dev->made, prog_fd, dev, why, why_sz);
	if (err)
		dev->made = false;
	unlock(fd);
	return err;
}

int clsact__look(struct clsact *c, const struct clsact_dev *dev, struct clsact_look *ret)
{
	struct seen s;
	int i, err;

	*ret = (struct clsact_look){ 0 };
	for (i = 0; i < 2; i++) {
		err = filters_at(c, dev->ifindex, i, &s);
		if (err)
			return err;
		ret->there[i] = s.mine;
		ret->front[i] = s.front;
	}
	return 0;
}

/* ---- removing ---- */

void clsact__remove(struct clsact *c, struct clsact_dev *dev)
{
	int fd = lock();

	remove_locked(c, dev);
	unlock(fd);
}

static bool slot_is_dead(struct clsact *c, uint32_t slot)
{
	int fd;

	if (slot == c->slot)
		return true; /* we hold it now, so what is there is older */
	fd = slot < SLOT_MAX ? slot_take(slot) : -1;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int clean_device(struct clsact *c, uint32_t ifindex)
{
	struct clsact_dev dev = { .ifindex = ifindex, .made = made_by_us(c, ifindex) };
	struct seen s;
	uint32_t i;
	int hook, cnt = 0;

	for (hook = 0; hook < 2; hook++) {
		if (filters_at(c, ifindex, hook, &s))
			continue;
		for (i = 0; i < s.ours_cnt; i++) {
			if (slot_is_dead(c, slot_of(s.ours[i].handle)) &&
			    !filter_del(ifindex, hook, s.ours[i].handle, s.ours[i].prio))
				cnt++;
		}
	}
	if (cnt)
		remove_locked(c, &dev);
	return cnt;
}

static int clean_locked(struct clsact *c)
{
	struct qdiscs q = { 0 };
	int err = clsact_qdiscs(c, &q);
	int cnt = 0;
	size_t i;

	for (i = 0; i < q.cnt && !err; i++)
		cnt += clean_device(c, q.ifindex[i]);
	free(q.ifindex);
	return err ? err : cnt;
}

/* A clsact qdisc without any filter is left alone: who made it cannot be known. */
int clsact__clean(struct clsact *c)
{
	int fd = lock();
	int cnt = clean_locked(c);

	unlock(fd);
	return cnt;
}

void clsact__clean_after(struct clsact *c, const uint32_t *made, size_t cnt)
{
	int fd = lock();
	size_t i;

	clean_locked(c);
	for (i = 0; i < cnt; i++) {
		if (qdisc_kind(c, made[i]) == KIND_CLSACT)
			qdisc_leave(c, made[i]);
	}
	unlock(fd);
}

int clsact__leftovers(struct clsact *c, clsact_left_fn fn, void *ctx)
{
	struct qdiscs q = { 0 };
	int err = clsact_qdiscs(c, &q), hook;
	struct seen s;
	uint32_t k;
	size_t i;

	for (i = 0; i < 2 * q.cnt && !err; i++) {
		hook = (int)(i % 2);
		if (filters_at(c, q.ifindex[i / 2], hook, &s))
			continue;
		for (k = 0; k < s.ours_cnt; k++)
			fn(ctx, q.ifindex[i / 2], hooks[hook].name, s.ours[k].handle,
			   !slot_is_dead(c, slot_of(s.ours[k].handle)));
	}
	free(q.ifindex);
	return err;
}

/* ---- who changes what is there ---- */

#define WATCH_BUF_SZ (1024 * 1024)
/* A flood of messages must not keep clsact_watch_read() from returning */
#define WATCH_MAX 4096

int clsact_watch_open(void)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int group = RTNLGRP_TC, size = WATCH_BUF_SZ, err;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (!bind(fd, (const struct sockaddr *)&any, sizeof(any)) &&
	    !setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Device and type stand at the start of each message, one a datagram: the rest is cut off. */
int clsact_watch_read(int fd, void (*fn)(void *ctx, uint32_t ifindex, bool qdisc_went), void *ctx)
{
	struct {
		struct nlmsghdr nlh;
		struct tcmsg tcm;
	} m;
	struct sockaddr_nl from;
	bool lost = false;
	socklen_t len;
	ssize_t n;

	for (int i = 0; i < WATCH_MAX; i++) {
		len = sizeof(from);
		n = recvfrom(fd, &m, sizeof(m), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			return -errno;
		lost = lost || (n < 0 && errno == ENOBUFS);
		if (n == sizeof(m) && len == sizeof(from) && !from.nl_pid)
			fn(ctx, (uint32_t)m.tcm.tcm_ifindex,
			   m.nlh.nlmsg_type == RTM_DELQDISC &&
				   m.tcm.tcm_handle == TC_H_MAKE(TC_H_CLSACT, 0));
	}
	return lost;
}
