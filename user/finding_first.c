// SPDX-License-Identifier: GPL-2.0-only
/* What a finding has to know of the packet that opened it, for who explains it. */
#include "engine_priv.h"

#include <stdio.h>

#include "addr.h"

static void remember_place(const struct engine *e, struct fnd *f, const struct trk *t)
{
	static const struct trk_drop none = { 0 };
	const struct trk_drop *d = t->drop ? t->drop : &none;

	f->at = t->at;
	f->nf_hook = d->nf_hook;
	f->in_pod = t->pod_drop;
	f->encapsulated = t->encap != ENCAP_NONE;
	f->encap = t->encap;
	f->encap_src = t->encap_src;
	f->encap_dst = t->encap_dst;
	f->len = t->ip_len;
	snprintf(f->in_dev, sizeof(f->in_dev), "%s", mirror__dev(e->mirror, d->in_ifindex));
	snprintf(f->out_dev, sizeof(f->out_dev), "%s", mirror__dev(e->mirror, d->out_ifindex));
	snprintf(f->reason, sizeof(f->reason), "%s", d->reason);
	snprintf(f->location, sizeof(f->location), "%s", d->location);
}

/* The port that it was for, behind its translation */
static uint16_t port_of(const struct trk *t)
{
	if (t->proto != PROTO_UDP && t->proto != PROTO_TCP)
		return 0;
	for (int i = t->key_cnt - 1; i >= 0; i--)
		if (!t->key[i].key.pad && addr_eq(&t->key[i].key.dst, &t->dst))
			return t->key[i].key.dport;
	return 0;
}

bool finding_from_afar(const struct engine *e, const struct trk *t)
{
	const struct trk *req = t->role == ROLE_REPLY ? t->pair : NULL;

	return req && req->hop_cnt && req->hop[0].at == AT_TC_INGRESS &&
	       judge_dev(e, req->hop[0].ifindex) != DEV_WORKLOAD;
}

static void remember_flow(struct fnd *f, const struct trk *t)
{
	const struct trk_drop *d = t->drop;

	f->first = (struct fnd_flow){
		.src = trk_first(t)->src,
		.orig_dst = t->orig_dst,
		.dport = port_of(t),
		.dns_id = t->dns_id,
		.proto = t->proto,
		.role = t->role,
		.ifindex = t->ifindex,
		.ts_ns = t->first_ns,
	};
	if (!d)
		return;
	f->first.in_ifindex = d->in_ifindex;
	f->first.out_ifindex = d->out_ifindex;
	f->first.ct = d->ct;
	f->first.ct_status = d->ct_status;
	f->first.twin_ns = d->twin_ns;
	f->first.twin_id = d->twin_id;
}

void finding_first(const struct engine *e, struct fnd *f, const struct trk *t)
{
	remember_place(e, f, t);
	remember_flow(f, t);
}
