// SPDX-License-Identifier: GPL-2.0-only
/*
 * FIB look-ups that failed: of local senders whose packet is never born, of proxy ARP that stays
 * silent, and as witnesses for drops. A hit in a later table takes one back.
 */
#include "engine_priv.h"

#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"

#define PING_PROBE_PORT 1025 /* iputils: ping connects a UDP socket to it to learn its source */

static enum app fib_app(const struct engine *e, const struct obs_fib *f)
{
	if (f->proto == PROTO_ICMP)
		return APP_ICMP;
	if ((f->proto == PROTO_UDP || f->proto == PROTO_TCP) && journey_is_dns_port(e, f->dport))
		return APP_DNS;
	if (f->proto == PROTO_TCP)
		return APP_TCP;
	if (f->proto == PROTO_UDP && f->dport == PING_PROBE_PORT && !strncmp(f->by.comm, "ping", 4))
		return APP_ICMP;
	return APP_NONE;
}

static void fib_cancel(struct engine *e, const struct obs_fib *f)
{
	for (int i = 0; i < FIB_FAILS; i++) {
		struct fib_fail *k = &e->fib_fail[i];

		if (addr_eq(&k->fib.dst, &f->dst) && addr_eq(&k->fib.src, &f->src) &&
		    k->fib.ifindex == f->ifindex)
			k->ts_ns = 0;
	}
}

/* A look-up of a local task that nothing undid: its packet was never born. */
static void fib_to_packet(struct engine *e, struct fib_fail *k)
{
	struct obs o = { .kind = OBS_FIB, .ts_ns = k->ts_ns };
	const struct obs_fib *f = &k->fib;
	enum verdict v = judge_errno(f->err);
	struct sighting s = { .sig = k->ts_ns };
	struct trk_drop *d;
	const struct route *r;
	struct trk *t;

	if (v == V_NONE)
		return;
	o.pkt = (struct obs_pkt){
		.proto = f->proto,
		.src = f->src,
		.dst = f->dst,
		.netns = f->netns,
		.flags = EV_F_NODE_NETNS,
		.sport = f->sport,
		.dport = f->dport,
		.skb = k->ts_ns,
	};
	engine_make_room(e);
	t = journey_new(e, &o, &s);
	if (!t)
		return;
	t->role = ROLE_PLAIN;
	t->from_fib = true;
	t->app = fib_app(e, f);
	t->proto = t->app == APP_ICMP ? PROTO_ICMP : f->proto;
	d = journey_drop(t);
	if (d)
		d->by = f->by;
	t->at = AT_FIB;
	t->err = f->err == EAGAIN ? ENETUNREACH : f->err;
	judge_block(e, &f->dst, &t->block, &t->block_from);
	r = mirror__lookup(e->mirror, &f->dst);
	if (r && r->type != RTN_UNICAST)
		judge_set_route(r, &t->route);
	t->verdict = v;
	exchange_match(e, t, &o.pkt);
	engine_settle(e, t);
}

/* A pod asked for its gateway, and no table had a route: proxy ARP did not answer. */
static void fib_to_arp(struct engine *e, struct fib_fail *k)
{
	const struct obs_fib *f = &k->fib;
	struct arp_silence *a = NULL;

	for (uint32_t i = 0; i < e->arp_cnt; i++)
		if (addr_eq(&e->arp[i].pod, &f->src))
			a = &e->arp[i];
	if (!a && e->arp_cnt < ARP_SILENCES)
		a = &e->arp[e->arp_cnt++];
	if (!a)
		a = &e->arp[k->ts_ns % ARP_SILENCES];
	*a = (struct arp_silence){ k->ts_ns, f->ifindex, f->src, f->dst };
	finding_arp(e, a, k->ts_ns);
}

/* No hit in a later table undid it: what it means is final. */
static void fib_due(struct engine *e, struct fib_fail *k)
{
	k->open = false;
	if (k->fib.class == EV_FIB_ARP)
		fib_to_arp(e, k);
	else
		fib_to_packet(e, k);
}

void lookup_failed(struct engine *e, const struct obs *o)
{
	const struct obs_fib *f = &o->fib;
	struct fib_fail *slot;

	if (!f->err) {
		fib_cancel(e, f);
		return;
	}
	slot = &e->fib_fail[e->fib_next++ % FIB_FAILS];
	/* a storm of failures must not push out one that waits */
	if (slot->ts_ns && slot->open)
		fib_due(e, slot);
	slot->ts_ns = o->ts_ns;
	slot->fib = *f;
	slot->open = f->class == EV_FIB_ARP ||
		     (f->class == EV_FIB_OUTPUT && fib_app(e, f) != APP_NONE);
	if (slot->open && !e->fib_open_ns)
		e->fib_open_ns = o->ts_ns;
}

void lookup_run(struct engine *e)
{
	if (!e->fib_open_ns || e->now_ns <= e->fib_open_ns + SETTLE_NS)
		return;
	e->fib_open_ns = 0;
	for (int i = 0; i < FIB_FAILS; i++) {
		struct fib_fail *k = &e->fib_fail[i];

		if (!k->ts_ns || !k->open)
			continue;
		if (e->now_ns > k->ts_ns + SETTLE_NS)
			fib_due(e, k);
		else if (!e->fib_open_ns || k->ts_ns < e->fib_open_ns)
			e->fib_open_ns = k->ts_ns;
	}
}
