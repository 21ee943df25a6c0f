// SPDX-License-Identifier: GPL-2.0-only
#include "ifaces.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "rtnum.h"
#include "util.h"

/* TCX takes up to 25 ms a device, and the ring has to be read meanwhile */
#define ATTACH_NS (50 * NS_PER_MS)

struct waiting {
	uint32_t ifindex;
	char name[DEV_LEN];
	uint64_t since_ns; /* when the kernel told of it */
};

struct ifaces {
	size_t refused; /* could not be attached to */
	struct ifaces_opts opts;
	struct attach *attach;
	struct waiting *waiting; /* first come, first served */
	size_t waiting_cnt, waiting_cap;
	uint32_t *seen; /* in a snapshot */
	size_t seen_cnt, seen_cap;
	bool in_snapshot, seen_failed, none_left;
	const char **names;
};

int ifaces__new(const struct ifaces_opts *opts, struct ifaces **ret)
{
	struct ifaces *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->opts = *opts;
	err = attach__new(opts->loader, &f->attach);
	if (err) {
		ifaces__free(f);
		return err;
	}
	*ret = f;
	return 0;
}

void ifaces__free(struct ifaces *f)
{
	if (!f)
		return;
	attach__free(f->attach);
	free(f->waiting);
	free(f->seen);
	free(f->names);
	free(f);
}

/* ---- which ---- */

static bool leaves_by_default(const char *name)
{
	return !strcmp(name, "tunl0") || !strcmp(name, "vxlan.calico") ||
	       !strcmp(name, "wireguard.cali") || !strncmp(name, "cali", 4);
}

struct oif_ask {
	uint32_t ifindex;
	bool found;
};

static void oif_check(void *ctx, const struct route *r)
{
	struct oif_ask *a = ctx;

	for (int i = 0; r->type == RTN_UNICAST && i < r->nh_cnt; i++)
		a->found = a->found || r->nh[i].ifindex == a->ifindex;
}

static bool route_leaves_by(const struct ifaces *f, uint32_t ifindex)
{
	struct oif_ask a = { .ifindex = ifindex };

	mirror__each_route(f->opts.mirror, oif_check, &a);
	return a.found;
}

static bool wanted(const struct ifaces *f, uint32_t ifindex, const char *name)
{
	const struct opts *o = f->opts.o;

	for (uint32_t i = 0; i < o->iface_cnt; i++)
		if (!fnmatch(o->iface[i], name, 0))
			return true;
	if (!o->iface_default || !strcmp(name, "lo"))
		return false;
	return leaves_by_default(name) || route_leaves_by(f, ifindex);
}

/* ---- attaching ---- */

static void enqueue(struct ifaces *f, uint32_t ifindex, const char *name, uint64_t ts_ns)
{
	struct waiting *grown;
	size_t i, cap;

	for (i = 0; i < f->waiting_cnt && f->waiting[i].ifindex != ifindex; i++)
		;
	if (i == f->waiting_cap) {
		cap = f->waiting_cap ? 2 * f->waiting_cap : 64;
		grown = realloc(f->waiting, cap * sizeof(*grown));
		if (!grown)
			return;
		f->waiting = grown;
		f->waiting_cap = cap;
	}
	if (i == f->waiting_cnt) {
		f->waiting_cnt++;
		f->waiting[i].ifindex = ifindex;
		f->waiting[i].since_ns = ts_ns;
	}
	snprintf(f->waiting[i].name, DEV_LEN, "%s", name);
}

static void dequeue(struct ifaces *f, size_t i)
{
	memmove(&f->waiting[i], &f->waiting[i + 1], (--f->waiting_cnt - i) * sizeof(*f->waiting));
}

static void forget(struct ifaces *f, uint32_t ifindex)
{
	for (size_t i = f->waiting_cnt; i-- > 0;)
		if (f->waiting[i].ifindex == ifindex)
			dequeue(f, i);
}

static void on_news(void *ctx, bool gap, const char *text)
{
	struct ifaces *f = ctx;

	log_warn("%s", text);
	if (gap)
		f->opts.loss(f->opts.ctx, 1);
}

static void attach_one(struct ifaces *f, const struct waiting *w)
{
	char why[256] = "";
	uint64_t start = mono_ns();
	int err = attach__add(f->attach, w->ifindex, w->name, why, sizeof(why));

	if (!err)
		log_debug("attached to '%s' %llu us after its message, which took %llu us", w->name,
			  (unsigned long long)((mono_ns() - w->since_ns) / NS_PER_US),
			  (unsigned long long)((mono_ns() - start) / NS_PER_US));
	/* gone again before we came: nothing to tell, its message is on the way */
	if (err == -ENODEV || !why[0])
		return;
	f->refused += !!err;
	on_news(f, true, why);
}

/* True: more waits. */
static bool attach_waiting(struct ifaces *f, uint64_t end_ns)
{
	while (f->waiting_cnt && mono_ns() < end_ns) {
		attach_one(f, &f->waiting[0]);
		dequeue(f, 0);
	}
	return f->waiting_cnt;
}

/* ---- following ---- */

/*
 * A device that was wanted for its routes stays traced when they are gone: what then happens to its
 * packets is what the user is here for. One that got another name is judged anew.
 */
static void follow(struct ifaces *f, uint32_t ifindex, const char *name, uint64_t ts_ns)
{
	const char *known = attach__name(f->attach, ifindex);
	bool want;

	if (known && !strcmp(known, name))
		return;
	want = wanted(f, ifindex, name);
	if (want) {
		enqueue(f, ifindex, name, ts_ns);
		return;
	}
	forget(f, ifindex);
	if (known) {
		log_info("'%s' is called '%s' now: no longer traced", known, name);
		attach__remove(f->attach, ifindex);
	}
}

static void follow_link(void *ctx, const struct link_info *l)
{
	follow(ctx, l->ifindex, l->name, mono_ns());
}

void ifaces__reconsider(struct ifaces *f)
{
	mirror__each_link(f->opts.mirror, follow_link, f);
}

static void see(struct ifaces *f, uint32_t ifindex)
{
	uint32_t *grown;

	if (f->seen_cnt == f->seen_cap) {
		f->seen_cap = f->seen_cap ? 2 * f->seen_cap : 64;
		grown = realloc(f->seen, f->seen_cap * sizeof(*grown));
		f->seen_failed = f->seen_failed || !grown;
		if (!grown)
			return;
		f->seen = grown;
	}
	f->seen[f->seen_cnt++] = ifindex;
}

static bool was_seen(void *ctx, uint32_t ifindex)
{
	const struct ifaces *f = ctx;

	for (size_t i = 0; i < f->seen_cnt; i++)
		if (f->seen[i] == ifindex)
			return true;
	return false;
}

/* What a snapshot does not name is gone, even if its message was lost. */
static void end_snapshot(struct ifaces *f)
{
	if (f->in_snapshot && !f->seen_failed)
		attach__gone_unless(f->attach, was_seen, f);
	f->in_snapshot = false;
}

void ifaces__obs(struct ifaces *f, const struct obs *o)
{
	const struct link_info *l = &o->link.link;

	if (o->kind == OBS_BEGIN_SNAPSHOT) {
		f->seen_cnt = 0;
		f->in_snapshot = true;
		f->seen_failed = false;
	} else if (o->kind == OBS_END_SNAPSHOT) {
		end_snapshot(f);
	} else if (o->kind == OBS_LINK && o->link.op == LINK_DEL) {
		forget(f, l->ifindex);
		attach__gone(f->attach, l->ifindex);
	} else if (o->kind == OBS_LINK) {
		if (f->in_snapshot)
			see(f, l->ifindex);
		follow(f, l->ifindex, l->name, o->ts_ns);
	}
}

void ifaces__settle(struct ifaces *f)
{
	attach__many(f->attach, f->waiting_cnt);
	attach_waiting(f, UINT64_MAX);
	attach__many(f->attach, 0);
}

bool ifaces__tick(struct ifaces *f, uint64_t now_ns)
{
	bool more = attach_waiting(f, mono_ns() + ATTACH_NS);

	attach__check(f->attach, now_ns, on_news, f);
	if (!attach__count(f->attach) && !f->none_left && !more)
		log_warn("no interface is left to trace: waiting for new ones");
	f->none_left = !attach__count(f->attach);
	return more;
}

void ifaces__reap(struct ifaces *f, uint64_t now_ns)
{
	attach__reap(f->attach, now_ns, on_news, f);
}

/* ---- what there is ---- */

int ifaces__fd(const struct ifaces *f)
{
	return attach__fd(f->attach);
}

size_t ifaces__refused(const struct ifaces *f)
{
	return f->refused;
}

size_t ifaces__count(const struct ifaces *f)
{
	return attach__count(f->attach);
}

struct names_ask {
	const struct ifaces *f;
	size_t cnt;
};

static void add_name(void *ctx, const struct link_info *l)
{
	struct names_ask *a = ctx;

	/* one may have come between the two */
	if (a->cnt < attach__count(a->f->attach) && attach__has(a->f->attach, l->ifindex))
		a->f->names[a->cnt++] = l->name;
}

const char *const *ifaces__names(struct ifaces *f)
{
	struct names_ask a = { .f = f };
	static const char *const none[] = { NULL };

	free(f->names);
	f->names = calloc(attach__count(f->attach) + 1, sizeof(*f->names));
	if (!f->names)
		return none;
	mirror__each_link(f->opts.mirror, add_name, &a);
	return f->names;
}
