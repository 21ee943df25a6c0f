// SPDX-License-Identifier: GPL-2.0-only
/* The packet as the renderers get it: names instead of numbers, the question out of the DNS bytes. */
#include <string.h>

#include "addr.h"
#include "engine_priv.h"

#define DNS_HLEN 12

static size_t dns_name(const uint8_t *p, size_t len, char *out, size_t sz)
{
	size_t i = 0, n = 0;

	while (i < len && p[i] && p[i] < 64) {
		size_t label = p[i++];

		if (i + label > len)
			break;
		if (n && n + 1 < sz)
			out[n++] = '.';
		for (size_t k = 0; k < label && n + 1 < sz; k++)
			out[n++] = (char)p[i + k];
		i += label;
	}
	out[n] = 0;
	return i < len && !p[i] ? i + 1 : 0;
}

size_t engine_question(const uint8_t *p, size_t len)
{
	size_t ihl;

	if (len < 28)
		return 0;
	ihl = (size_t)(p[0] & 15) * 4;
	if (p[9] == PROTO_UDP)
		return ihl + 8 + DNS_HLEN;
	return len > ihl + 13 ? ihl + (size_t)(p[ihl + 12] >> 4) * 4 + 2 + DNS_HLEN : 0;
}

static void fill_dns(const struct trk *t, struct packet *p)
{
	const uint8_t *q = t->question;
	size_t name;

	if (t->app != APP_DNS || (t->proto == PROTO_TCP && !t->dns_id && !t->dns_flags))
		return;
	p->dns_valid = true;
	p->dns_id = t->dns_id;
	p->dns_response = t->dns_flags & DNS_QR;
	p->dns_rcode = t->dns_flags & 15;
	if (!q)
		return;
	name = dns_name(q, t->question_len, p->qname, sizeof(p->qname));
	if (name && name + 2 <= t->question_len)
		p->dns_qtype = (uint16_t)(q[name] << 8 | q[name + 1]);
}

static void fill_drop(const struct engine *e, const struct trk_drop *d, struct packet *p)
{
	p->nf_hook = d->nf_hook;
	strncpy(p->in_dev, mirror__dev(e->mirror, d->in_ifindex), DEV_LEN - 1);
	strncpy(p->out_dev, mirror__dev(e->mirror, d->out_ifindex), DEV_LEN - 1);
	memcpy(p->reason, d->reason, sizeof(p->reason));
	memcpy(p->location, d->location, sizeof(p->location));
	p->by = d->by;
}

static void fill_hops(const struct engine *e, const struct trk *t, struct packet *p)
{
	for (int i = 0; i < t->hop_cnt && i < MAX_HOPS; i++) {
		p->hop[i].at = t->hop[i].at;
		p->hop[i].ts_ns = t->hop[i].ts_ns;
		strncpy(p->hop[i].dev, mirror__dev(e->mirror, t->hop[i].ifindex), DEV_LEN - 1);
		p->hop_cnt++;
	}
}

/* A file may be left over, and its device another pod's by now: then no name is better than its. */
static void fill_pod(const struct engine *e, const struct addr *a, char out[POD_LEN])
{
	const struct obs_pod *pod = world_pod_of(e, a);

	if (pod && pod->verified)
		memcpy(out, pod->name, POD_LEN);
}

static void fill_answers(const struct trk *t, struct packet *p)
{
	const struct trk_asked *asked = &t->asked;

	/* of any other packet what was asked is not even cleared */
	if (t->role != ROLE_REPLY || !t->answered)
		return;
	p->answers.valid = true;
	p->answers.good = t->pair_good;
	p->answers.src = asked->src;
	p->answers.dst = asked->dst;
	p->answers.orig_dst = asked->orig;
	p->answers.ts_ns = asked->ts_ns;
}

static void fill_packet(const struct engine *e, const struct trk *t, struct packet *p)
{
	memset(p, 0, sizeof(*p));
	p->id = t->id;
	p->rev = t->rev;
	p->ts_ns = t->first_ns;
	p->app = t->app;
	p->proto = t->proto;
	p->src = trk_first(t)->src;
	p->dst = t->dst;
	p->orig_dst = t->orig_dst;
	fill_pod(e, &p->src, p->src_pod);
	fill_pod(e, &p->dst, p->dst_pod);
	if (t->proto == PROTO_ICMP) {
		p->icmp_valid = !t->from_fib;
		p->icmp_type = t->icmp_type;
		p->icmp_code = t->icmp_code;
		p->icmp_id = trk_first(t)->sport;
		p->icmp_seq = trk_first(t)->dport;
		p->icmp_echo = t->icmp_type == 8 || t->icmp_type == 0;
	} else {
		p->sport = trk_first(t)->sport;
		p->dport = trk_first(t)->dport;
		p->tcp_flags = t->tcp_flags;
	}
	p->ip_id = t->ip_id;
	p->len = t->ip_len;
	p->netns = t->netns;
	fill_dns(t, p);
	p->encap.kind = t->encap;
	p->encap.src = t->encap_src;
	p->encap.dst = t->encap_dst;
	p->verdict = t->verdict;
	p->at = t->at;
	strncpy(p->dev, mirror__dev(e->mirror, t->ifindex), DEV_LEN - 1);
	if (t->drop)
		fill_drop(e, t->drop, p);
	p->icmp_error.valid = t->icmp_error.valid;
	p->icmp_error.type = t->icmp_error.type;
	p->icmp_error.code = t->icmp_error.code;
	p->icmp_error.from = t->icmp_error.from;
	p->block = t->block;
	p->block_from = t->block_from;
	judge_tell_route(e, &t->route, &p->route);
	p->err = t->err;
	p->latency_us = t->latency_us;
	p->late_us = t->late_us;
	fill_hops(e, t, p);
	p->finding = t->finding;
	fill_answers(t, p);
}

void engine_emit_packet(struct engine *e, struct trk *t)
{
	struct packet p;
	struct record rec = { .kind = REC_PACKET, .ts_ns = t->first_ns, .packet = &p };

	t->rev++;
	fill_packet(e, t, &p);
	engine_emit(e, &rec);
}
