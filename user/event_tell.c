// SPDX-License-Identifier: GPL-2.0-only
#include "event_tell.h"

#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "render_int.h"

struct words {
	char *buf;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void say(const struct words *w, const char *fmt, ...)
{
	size_t len = strlen(w->buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->buf + len, w->size - len, fmt, ap);
	va_end(ap);
}

static void say_actor(const struct words *w, const struct actor *by)
{
	if (by->pid)
		say(w, " by %.*s[%u]", COMM_LEN, by->comm[0] ? by->comm : "pid", by->pid);
}

static void say_route(const struct words *w, const struct record *rec)
{
	const struct obs_route *r = rec->route;
	char dst[PREFIX_STRLEN], gw[ADDR_STRLEN], type[WORD_LEN];

	say(w, "%s ", route_op_name(r->op));
	if (r->route.type > RTN_UNICAST)
		say(w, "%s ", route_type_name(r->route.type, type));
	say(w, "%s", route_dst_str(&r->route.dst, dst));
	if (r->route.nh_cnt && addr_is_set(&r->route.nh[0].gw))
		say(w, " via %s", addr_str(&r->route.nh[0].gw, gw));
	if (rec->dev && rec->dev[0])
		say(w, " dev %s", rec->dev);
	say_actor(w, &r->by);
}

static void say_addr(const struct words *w, const struct record *rec)
{
	char text[PREFIX_STRLEN];

	say(w, "%s %s %s", prefix_str(&rec->addr->address, text),
	    rec->addr->del ? "taken from" : "given to", rec->dev && rec->dev[0] ? rec->dev : "?");
	say_actor(w, &rec->addr->by);
}

static void say_bgp(const struct words *w, const struct obs_bgp *b)
{
	char peer[ADDR_STRLEN];

	if (b->state == BGP_LISTEN || b->state == BGP_NO_LISTEN)
		say(w, "%s listens on port 179", b->state == BGP_LISTEN ? "a process" : "nobody");
	else
		say(w, "%s %s", addr_str(&b->peer, peer), bgp_state_name(b->state));
}

static void say_bird(const struct words *w, const struct obs_bird_proto *p)
{
	say(w, "%s %s%s%s", p->name, p->bgp[0] ? p->bgp : p->state, p->info[0] ? ": " : "",
	    p->info);
}

void event_tell(const struct record *rec, char *buf, size_t size)
{
	const struct words w = { buf, size };

	buf[0] = '\0';
	switch (rec->kind) {
	case REC_ROUTE:
		return say_route(&w, rec);
	case REC_LINK:
		say(&w, "%.*s %s", DEV_LEN, rec->link->link.name[0] ? rec->link->link.name : "?",
		    link_op_name(rec->link->op));
		return say_actor(&w, &rec->link->by);
	case REC_ADDR:
		return say_addr(&w, rec);
	case REC_BGP:
		return say_bgp(&w, rec->bgp);
	case REC_BIRD:
		return say_bird(&w, rec->bird_proto);
	case REC_LOSS:
		return say(&w, "%llu events %s (%s)", (unsigned long long)rec->loss->count,
			   rec->loss->what == LOSS_WITHHELD ? "withheld" : "lost",
			   loss_name(rec->loss->what));
	default:
		return;
	}
}

void event_tell_proc(const struct obs_proc *p, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s[%u]", COMM_LEN, p->comm, p->pid);
}
