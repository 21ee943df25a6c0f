// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that others captured, told as a trace of this tool would tell them: a META, the interfaces
 * as a snapshot, READY, the packets with the time's ticks between them, FINISH, END.
 */
#include <linux/types.h>
#include <stdio.h>

#include "../bpf/events.h"
#include "cap_reader.h"
#include "util.h"

/* Where the first packet stands on the monotonic clock: no time is 0, and none is before it */
#define FOREIGN_T0 NS_PER_S
#define FOREIGN_TIMEOUT (2 * NS_PER_S)
#define TICK_NS (50 * NS_PER_MS)
/* In longer gaps ticks stand at the begin, until all that waits has timed out, and at the end. */
#define GAP_NS (FOREIGN_TIMEOUT + 2 * NS_PER_S)

void cap_foreign__packet(struct cap_foreign *f, uint64_t wall_ns, uint32_t iface_idx)
{
	struct obs *o = &f->obs;

	if (!f->have && !f->number) {
		f->first_wall_ns = wall_ns;
		f->now_ns = f->gap_from_ns = FOREIGN_T0;
	}
	/* the engine's time never goes back; a packet without a time has that of the one before */
	o->ts_ns = wall_ns > f->first_wall_ns ? wall_ns - f->first_wall_ns + FOREIGN_T0 : 0;
	if (o->ts_ns < f->now_ns)
		o->ts_ns = f->now_ns;
	o->kind = OBS_PATH;
	o->pkt.ifindex = f->base_if + iface_idx + 1;
	o->pkt.skb = ++f->number;
	f->have = true;
}

static void tell_meta(struct cap_foreign *f, struct cap_item *i)
{
	i->kind = CAP_META;
	i->meta = (struct cap_meta){
		.major = CAP_MAJOR,
		.minor = CAP_MINOR,
		.mono_ns = FOREIGN_T0,
		.wall_offset_ns = (int64_t)(f->first_wall_ns - FOREIGN_T0),
		.reply_timeout_ns = FOREIGN_TIMEOUT,
		.apps = EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP,
		.dns_port = { 53 },
		.snaplen = SNAP_LEN,
		.foreign = true,
	};
	f->meta = true;
}

static void tell_if(struct cap_foreign *f, const struct cap_if *v, struct cap_item *i)
{
	struct obs *o = &i->obs;
	struct link_info *l = &o->link.link;

	i->kind = CAP_OBS;
	memset(&o->link, 0, sizeof(o->link));
	o->kind = OBS_LINK;
	o->ts_ns = f->now_ns;
	o->link.op = LINK_ADD;
	o->link.snapshot = true;
	l->ifindex = f->base_if + ++f->told_ifs;
	l->up = l->running = true;
	if (v->name[0])
		memcpy(l->name, v->name, sizeof(l->name));
	else
		snprintf(l->name, sizeof(l->name), "if%u", l->ifindex);
}

static int tell_time(struct cap_foreign *f, enum obs_kind kind, uint64_t ts_ns, struct cap_item *i)
{
	i->kind = CAP_OBS;
	i->obs.kind = kind;
	i->obs.ts_ns = ts_ns;
	f->now_ns = ts_ns;
	return 1;
}

/* A tick that is due before the packet at ts_ns */
static int tell_tick(struct cap_foreign *f, uint64_t ts_ns, struct cap_item *i)
{
	uint64_t at = f->tick_ns;

	if (at - f->gap_from_ns > GAP_NS && ts_ns - at > TICK_NS)
		at = ts_ns - TICK_NS;
	f->tick_ns = at + TICK_NS;
	return tell_time(f, OBS_TICK, at, i);
}

static int tell_packet(struct cap_foreign *f, struct cap_item *i)
{
	i->kind = CAP_OBS;
	i->obs = f->obs;
	f->now_ns = f->gap_from_ns = f->obs.ts_ns;
	f->have = false;
	return 1;
}

static int tell_end(struct cap_foreign *f, struct cap_item *i)
{
	if (f->ended)
		return 0;
	if (!f->finished) {
		f->finished = true;
		i->kind = CAP_FINISH;
		i->finish = (struct cap_finish){ .ts_ns = f->now_ns, .command_status = -1 };
		return 1;
	}
	f->ended = true;
	i->kind = CAP_END;
	i->end = (struct cap_end){
		.ts_ns = f->now_ns,
		.packets = f->packets,
		.reason = "end of the file",
	};
	return 1;
}

int cap_foreign__next(struct cap_foreign *f, const struct cap_ifs *ifs, struct cap_item *item)
{
	if (!f->have && !f->eof)
		return 0;
	if (f->have && f->ready && f->tick_ns >= f->obs.ts_ns && f->told_ifs == ifs->cnt)
		return tell_packet(f, item);
	item->block = NULL;
	item->block_len = 0;
	if (!f->meta) {
		if (!f->have)
			f->now_ns = f->first_wall_ns = FOREIGN_T0;
		tell_meta(f, item);
	} else if (f->told_ifs < ifs->cnt) {
		tell_if(f, &ifs->v[f->told_ifs], item);
	} else if (!f->snapshot) {
		f->snapshot = true;
		f->tick_ns = FOREIGN_T0 + TICK_NS;
		tell_time(f, OBS_END_SNAPSHOT, FOREIGN_T0, item);
	} else if (!f->ready) {
		f->ready = true;
		item->kind = CAP_READY;
		item->ready = (struct cap_ready){ .ts_ns = f->now_ns };
	} else if (f->have) {
		return tell_tick(f, f->obs.ts_ns, item);
	} else {
		return tell_end(f, item);
	}
	return 1;
}
