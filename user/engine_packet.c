// SPDX-License-Identifier: GPL-2.0-only
/* The packet as the renderers get it: names instead of numbers, the question out of the DNS bytes. */
#include <string.h>

#include "addr.h"
#include "engine_priv.h"

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

/* Offset of the DNS message in an IPv4 packet, 0: out of reach */
static size_t dns_offset(const uint8_t *p, size_t len)
{
	size_t ihl;

	if (len < 28)
		return 0;
	ihl = (size_t)(p[0] & 15) * 4;
	if (p[9] == PROTO_UDP)
		return ihl + 8;
	return len > ihl + 13 ? ihl + (size_t)(p[ihl + 12] >> 4) * 4 + 2 : 0;
}

static void fill_dns(const struct trk *t, struct packet *p)
{
	size_t off, name;

	if (t->app != APP_DNS || (t->proto == PROTO_TCP && !t->dns_id && !t->dns_flags))
		return;
	p->dns_valid = true;
	p->dns_id = t->dns_id;
	p->dns_response = t->dns_flags & DNS_QR;
	p->dns_rcode = t->dns_flags & 15;
	off = t->snap ? dns_offset(t->snap, t->snap_len) + 12 : 0;
	if (off <= 12 || off >= t->snap_len)
		return;
	name = dns_name(t->snap + off, t->snap_len - off, p->qname, sizeof(p->qname));
	if (name && off + name + 2 <= t->snap_len)
		p->dns_qtype = (uint16_t)(t->snap[off + name] << 8 | t->snap[off + name + 1]);
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

static void fill_pod(const struct engine *e, const struct addr *a, char out[POD_LEN])
{
	const struct obs_pod *pod = world_pod_of(e, a);

	if (pod)
		memcpy(out, pod->name, POD_LEN);
}

static void fill_answers(const struct trk *t, struct packet *p)
{
	if (!addr_is_set(&t->pair_dst))
		return;
	p->answers.valid = true;
	p->answers.good = t->pair_good;
	p->answers.src = t->pair_src;
	p->answers.dst = t->pair_dst;
	p->answers.orig_dst = t->pair_orig;
	p->answers.ts_ns = t->pair_ns;
}

static void fill_packet(const struct engine *e, const struct trk *t, struct packet *p)
{
	memset(p, 0, sizeof(*p));
	p->id = t->id;
	p->rev = t->rev;
	p->ts_ns = t->first_ns;
	p->app = t->app;
	p->proto = t->proto;
	p->src = t->first.src;
	p->dst = t->dst;
	p->orig_dst = t->orig_dst;
	fill_pod(e, &p->src, p->src_pod);
	fill_pod(e, &p->dst, p->dst_pod);
	if (t->proto == PROTO_ICMP) {
		p->icmp_valid = !t->from_fib;
		p->icmp_type = t->icmp_type;
		p->icmp_code = t->icmp_code;
		p->icmp_id = t->first.sport;
		p->icmp_seq = t->first.dport;
		p->icmp_echo = t->icmp_type == 8 || t->icmp_type == 0;
	} else {
		p->sport = t->first.sport;
		p->dport = t->first.dport;
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
	p->nf_hook = t->nf_hook;
	strncpy(p->in_dev, mirror__dev(e->mirror, t->in_ifindex), DEV_LEN - 1);
	strncpy(p->out_dev, mirror__dev(e->mirror, t->out_ifindex), DEV_LEN - 1);
	p->icmp_error.valid = t->icmp_error.valid;
	p->icmp_error.type = t->icmp_error.type;
	p->icmp_error.code = t->icmp_error.code;
	p->icmp_error.from = t->icmp_error.from;
	p->block = t->block;
	p->block_from = t->block_from;
	p->route = t->route;
	p->err = t->err;
	memcpy(p->reason, t->reason, sizeof(p->reason));
	memcpy(p->location, t->location, sizeof(p->location));
	p->latency_us = t->latency_us;
	p->late_us = t->late_us;
	fill_hops(e, t, p);
	p->by = t->by;
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
