// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services, as far as packets tell: the address that conntrack has as a connection's first
 * destination, where that is neither a pod's nor a node's own. Nobody tells their range, and no
 * range is taken for granted.
 */
#include "engine_priv.h"

#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "way.h"

/* Questions that race each other are asked at once: by glibc within a millisecond */
#define TWIN_NS (50 * NSEC_PER_MSEC)
/* How far back in each queue a twin is looked for */
#define TWIN_STEPS 128

static uint32_t slot_of(const struct addr *a)
{
	return a->family == 4 ? (addr_bits4(a) * 0x9e3779b1U) >> 24 : SERVICES;
}

_Static_assert(SERVICES == 1 << 8, "slot_of() gives eight bits");

/* A port of the node that is translated (hostPort, NodePort) is no service's address. */
static bool may_be_service(const struct engine *e, const struct addr *a)
{
	const struct way *w = way_of(e, a);

	return !w->pool && !w->local && !w->listed;
}

void service_learn(struct engine *e, const struct obs_pkt *p, uint64_t ts_ns)
{
	struct service *s;
	uint32_t slot;

	/* an encapsulated packet carries the entry of its outer header */
	if (!(p->flags & EV_F_CT) || p->encap || addr_eq(&p->ct_dst, &p->ct_rsrc))
		return;
	slot = slot_of(&p->ct_dst);
	if (slot == SERVICES)
		return;
	s = &e->service[slot];
	if (!addr_eq(&s->addr, &p->ct_dst)) {
		if (!may_be_service(e, &p->ct_dst))
			return;
		s->addr = p->ct_dst;
	}
	s->target = p->ct_rsrc;
	s->ts_ns = ts_ns;
}

const struct service *service_seen(const struct engine *e, const struct addr *a)
{
	uint32_t slot = slot_of(a);

	return slot < SERVICES && addr_is_set(a) && addr_eq(&e->service[slot].addr, a) ?
		       &e->service[slot] :
		       NULL;
}

/* Service addresses that Calico announces stand in BIRD as a blackhole (bird_aggr.cfg). */
const struct route *service_range(const struct engine *e, const struct addr *a)
{
	const struct route *r = mirror__lookup(e->mirror, a);

	return r && r->type == RTN_BLACKHOLE && r->protocol == RTPROT_BIRD && !judge_pool(e, a) ?
		       r :
		       NULL;
}

struct holder {
	const struct engine *e;
	const struct addr *a;
	bool found;
};

static void on_ipvs(void *ctx, const struct obs_addr *o)
{
	struct holder *h = ctx;

	if (addr_eq(&o->address.addr, h->a) &&
	    !strcmp(mirror__dev(h->e->mirror, o->ifindex), "kube-ipvs0"))
		h->found = true;
}

/* A cache on the node itself has that address, too. */
static bool is_cluster_dns(const struct engine *e, const struct addr *a)
{
	const struct world_list *l = &e->world.cur[W_SERVICE];
	const struct obs_service *s = l->item;

	for (uint32_t i = 0; i < l->cnt; i++)
		if (addr_eq(&s[i].addr, a))
			return !mirror__is_local(e->mirror, a);
	return false;
}

enum service_from service_known(const struct engine *e, const struct addr *a)
{
	struct holder h = { .e = e, .a = a };

	if (!addr_is_set(a) || judge_pool(e, a))
		return SERVICE_NOT;
	if (service_seen(e, a))
		return SERVICE_SEEN;
	mirror__each_addr(e->mirror, on_ipvs, &h);
	if (h.found)
		return SERVICE_DEVICE;
	if (is_cluster_dns(e, a))
		return SERVICE_KUBELET;
	return service_range(e, a) ? SERVICE_RANGE : SERVICE_NOT;
}

/* The same socket's, for the same service, and another question */
static bool is_twin(const struct trk *t, const struct trk *o)
{
	const struct flow_key *a = trk_first(t), *b = trk_first(o);

	return o != t && o->role == ROLE_REQUEST && o->app == APP_DNS && o->proto == t->proto &&
	       o->dns_id != t->dns_id && !o->drop && a->sport == b->sport && a->dport == b->dport &&
	       addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst);
}

static const struct trk *find_twin(const struct list *l, const struct trk *t)
{
	uint32_t steps = 0;

	for (const struct list *p = l->prev; p != l && steps < TWIN_STEPS; p = p->prev, steps++) {
		const struct trk *o = list_entry(p, struct trk, age);

		if (o->first_ns + TWIN_NS > t->first_ns && is_twin(t, o))
			return o;
	}
	return NULL;
}

void service_find_twin(struct engine *e, struct trk *t)
{
	const struct list *const where[] = { &e->age, &e->left, &e->idle };
	const struct trk *o = NULL;

	if (!t->drop || t->drop->nf_hook != NF_HOOK_POSTROUTING || t->app != APP_DNS ||
	    t->proto != PROTO_UDP || t->role != ROLE_REQUEST)
		return;
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]) && !o; i++)
		o = find_twin(where[i], t);
	if (!o)
		return;
	t->drop->twin_id = o->dns_id;
	t->drop->twin_ns = o->first_ns;
}
