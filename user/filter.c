// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets are put together again from what was observed of them, in all the forms that they have:
 * as seen, before and after NAT, with the addresses of the outer header; and the compiled FILTER
 * is run over each. Pure once it is made, but for the names of interfaces, which come in as
 * observations as well.
 */
#include "filter.h"

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "filter_priv.h"
#include "util.h"

#define UDP_HLEN 8
#define VXLAN_HLEN 8
#define ETH_HLEN 14
/* IP, UDP, VXLAN, Ethernet */
#define MAX_OUTER (IP_HLEN + UDP_HLEN + VXLAN_HLEN + ETH_HLEN)
/* The longest IP and TCP headers, a DNS header over TCP */
#define MAX_HEADERS (60 + 60 + 14)
#define ROOM (SNAP_LEN > MAX_HEADERS ? SNAP_LEN : MAX_HEADERS)
#define APPS_DEFAULT (EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP)
#define FRAG_DF 0x40
#define FRAG_MF 0x20

struct filter {
	struct expr *expr; /* NULL: none */
	char *text;
	uint32_t apps; /* EV_APP_* of what the FILTER may match */
	bool names;    /* it names protocols or ports */
	bool outer;    /* it can match nothing but outer headers: apps is 0 */
	uint16_t vxlan_port;
	bool by_dev, by_addr; /* --pod */
	char dev[DEV_LEN];
	uint32_t ifindex; /* 0: there is none of that name */
	struct addr addr;
};

/* ---- making ---- */

static bool is_blank(const char *s)
{
	return !s || !s[strspn(s, " \t\r\n")];
}

static int set_expr(struct filter *f, const struct filter_opts *o, char *why, size_t why_sz)
{
	int err;

	if (is_blank(o->expr))
		return 0;
	err = expr_new(o->expr, &f->expr, why, why_sz);
	if (err)
		return err;
	f->text = strdup(o->expr);
	f->apps = expr_apps(f->expr, o, &f->outer);
	f->names = expr_names_l4(f->expr);
	return f->text ? 0 : -ENOMEM;
}

int filter__new(const struct filter_opts *o, struct filter **ret, char *why, size_t why_sz)
{
	struct filter *f = calloc(1, sizeof(*f));
	int err = f ? set_expr(f, o, why, why_sz) : -ENOMEM;

	if (err) {
		filter__free(f);
		return err;
	}
	f->vxlan_port = o->vxlan_port;
	if (o->pod_dev && o->pod_dev[0]) {
		f->by_dev = true;
		snprintf(f->dev, sizeof(f->dev), "%s", o->pod_dev);
	}
	if (o->pod_addr) {
		f->by_addr = true;
		f->addr = *o->pod_addr;
	}
	*ret = f;
	return 0;
}

void filter__free(struct filter *f)
{
	if (!f)
		return;
	expr_free(f->expr);
	free(f->text);
	free(f);
}

/* ---- what to trace ---- */

static void apps_list(uint32_t apps, char *buf, size_t sz)
{
	static const struct {
		uint32_t app;
		const char *name;
	} name[] = { { EV_APP_DNS, "dns" },
		     { EV_APP_ICMP, "icmp" },
		     { EV_APP_TCP, "tcp" },
		     { EV_APP_UDP, "other udp" } };
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		if (!(apps & name[i].app) || len >= sz)
			continue;
		len += (size_t)snprintf(buf + len, sz - len, "%s%s", len ? ", " : "", name[i].name);
	}
}

static int contradicts(const struct filter *f, uint32_t given, char *why, size_t why_sz)
{
	char wanted[40], found[40];

	apps_list(given, wanted, sizeof(wanted));
	apps_list(f->apps, found, sizeof(found));
	snprintf(why, why_sz,
		 "--proto %s contradicts the FILTER '%.60s', which selects %s: leave one of them "
		 "out",
		 wanted, f->text, found);
	return -EINVAL;
}

int filter__apps(const struct filter *f, uint32_t given, uint32_t *ret, char *why, size_t why_sz)
{
	if (!f->expr || f->outer) {
		/* an outer header says nothing of what is inside */
		*ret = given ? given : APPS_DEFAULT;
		return 0;
	}
	if (!f->apps) {
		snprintf(why, why_sz,
			 "FILTER '%.60s': nothing that is traced can match it; traced are DNS, "
			 "ICMP, TCP connection attempts and other UDP, over IPv4",
			 f->text);
		return -EINVAL;
	}
	if (given && !(given & f->apps))
		return contradicts(f, given, why, why_sz);
	if (given)
		*ret = given & f->apps;
	else
		*ret = f->names ? f->apps : APPS_DEFAULT;
	return 0;
}

/* ---- putting packets together ---- */

struct frame {
	uint8_t b[MAX_OUTER + ROOM];
	size_t len, wire;
};

static void put16(uint8_t *b, uint16_t v)
{
	b[0] = v >> 8;
	b[1] = v & 0xff;
}

static void put32(uint8_t *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b + 2, v & 0xffff);
}

static void put_ip(uint8_t *b, uint16_t len, uint8_t proto, const struct addr *src,
		   const struct addr *dst)
{
	b[0] = 0x45;
	put16(b + 2, len);
	b[9] = proto;
	memcpy(b + 12, src->b, 4);
	memcpy(b + 16, dst->b, 4);
}

static bool later_fragment(const struct obs_pkt *p)
{
	return p->flags & EV_F_FRAG_LATER;
}

static bool is_icmp_error(const struct obs_pkt *p)
{
	return p->proto == PROTO_ICMP &&
	       (p->icmp_type == 3 || p->icmp_type == 4 || p->icmp_type == 5 || p->icmp_type == 11 ||
		p->icmp_type == 12);
}

/* What an answer or a question has behind its ports; the length of it all */
static size_t put_dns(uint8_t *b, const struct obs_pkt *p)
{
	if (!p->dns_id && !p->dns_flags)
		return 0;
	put16(b, p->dns_id);
	put16(b + 2, p->dns_flags);
	return 12;
}

static size_t put_l4(uint8_t *b, const struct obs_pkt *p)
{
	switch (p->proto) {
	case PROTO_ICMP:
		b[0] = p->icmp_type;
		b[1] = p->icmp_code;
		put16(b + 4, p->sport);
		put16(b + 6, p->dport);
		return 8;
	case PROTO_UDP:
		put16(b + 4, p->ip_len > IP_HLEN ? p->ip_len - IP_HLEN : 0);
		return UDP_HLEN + put_dns(b + UDP_HLEN, p);
	case PROTO_TCP:
		put32(b + 4, p->seq);
		b[12] = 5 << 4;
		b[13] = p->tcp_flags;
		return 20 + put_dns(b + 22, p);
	default:
		return 0;
	}
}

/* The header's length if the snap starts with an IPv4 header that is all there, else 0 */
static size_t snap_hlen(const struct obs_pkt *p)
{
	size_t hlen = p->snap_len >= IP_HLEN ? (p->snap[0] & 15) * 4u : 0;

	return hlen >= IP_HLEN && hlen <= p->snap_len && p->snap[0] >> 4 == 4 ? hlen : 0;
}

/* The inner packet but for addresses and ports; the offset of what follows the IP header */
static size_t put_inner(uint8_t *b, const struct obs_pkt *p, size_t *headers)
{
	size_t hlen = snap_hlen(p);

	if (hlen) {
		memcpy(b, p->snap, p->snap_len < ROOM ? p->snap_len : ROOM);
		*headers = p->snap_len;
		return hlen;
	}
	put_ip(b, p->ip_len, p->proto, &p->src, &p->dst);
	put16(b + 4, p->ip_id);
	b[6] = (p->flags & EV_F_DF ? FRAG_DF : 0) | (p->flags & EV_F_FRAG ? FRAG_MF : 0);
	b[7] = later_fragment(p) ? 1 : 0; /* the offset is not known, but that there is one */
	b[8] = p->ttl;
	*headers = IP_HLEN + (later_fragment(p) ? 0 : put_l4(b + IP_HLEN, p));
	return IP_HLEN;
}

/* What of a packet NAT and tunnels change */
struct form {
	const struct addr *src, *dst;
	uint16_t sport, dport;
};

static void put_ports(uint8_t *b, const struct obs_pkt *p, const struct form *v)
{
	if (later_fragment(p))
		return;
	if (p->proto == PROTO_UDP || p->proto == PROTO_TCP) {
		put16(b, v->sport);
		put16(b + 2, v->dport);
	} else if (p->proto == PROTO_ICMP && !is_icmp_error(p)) {
		put16(b + 4, v->sport);
	}
}

static void frame_inner(struct frame *fr, const struct obs_pkt *p, const struct form *v)
{
	size_t hlen, headers;

	memset(fr->b, 0, sizeof(fr->b));
	hlen = put_inner(fr->b, p, &headers);
	memcpy(fr->b + 12, v->src->b, 4);
	memcpy(fr->b + 16, v->dst->b, 4);
	put_ports(fr->b + hlen, p, v);
	/* what was not copied is zero; a filter that looks beyond that sees the end of the packet */
	fr->wire = p->ip_len > headers ? p->ip_len : headers;
	fr->len = fr->wire < sizeof(fr->b) ? fr->wire : sizeof(fr->b);
}

/* The outer packet as it is on the wire */
static void frame_outer(struct frame *fr, const struct obs_pkt *p, uint16_t vxlan_port)
{
	size_t head = p->encap == ENCAP_VXLAN ? MAX_OUTER : IP_HLEN, headers;
	uint8_t *b = fr->b;
	struct form v = { &p->src, &p->dst, p->sport, p->dport };
	size_t hlen;

	memset(b, 0, sizeof(fr->b));
	hlen = put_inner(b + head, p, &headers);
	put_ports(b + head + hlen, p, &v);
	fr->wire = head + (p->ip_len > headers ? p->ip_len : headers);
	fr->len = fr->wire < sizeof(fr->b) ? fr->wire : sizeof(fr->b);
	put_ip(b, (uint16_t)fr->wire, p->encap == ENCAP_VXLAN ? PROTO_UDP : PROTO_IPIP, &p->osrc,
	       &p->odst);
	if (p->encap != ENCAP_VXLAN)
		return;
	put16(b + IP_HLEN + 2, vxlan_port);
	put16(b + IP_HLEN + 4, (uint16_t)(fr->wire - IP_HLEN));
	b[IP_HLEN + UDP_HLEN] = 0x08; /* RFC 7348: the VNI is valid */
	put16(b + head - 2, 0x0800);
}

/* ---- FILTER ---- */

#define MAX_FORMS 6
struct forms {
	struct form form[MAX_FORMS];
	uint32_t cnt;
};

static void add_form(struct forms *f, const struct addr *src, const struct addr *dst,
		     uint16_t sport, uint16_t dport)
{
	if (src->family == 4 && dst->family == 4)
		f->form[f->cnt++] = (struct form){ src, dst, sport, dport };
}

/*
 * The packet before and after NAT, from the tuples of its conntrack entry: one direction as it
 * stands there, the other turned round. For ICMP the id stands in the source's place.
 */
static void add_nat_forms(struct forms *f, const struct obs_pkt *p, bool ports)
{
	bool reply = p->flags & EV_F_CT_REPLY, icmp = p->proto == PROTO_ICMP;

	if (!(p->flags & EV_F_CT) || is_icmp_error(p))
		return;
	if (!ports) {
		add_form(f, reply ? &p->ct_rsrc : &p->ct_src, reply ? &p->ct_rdst : &p->ct_dst,
			 p->sport, p->dport);
		add_form(f, reply ? &p->ct_dst : &p->ct_rdst, reply ? &p->ct_src : &p->ct_rsrc,
			 p->sport, p->dport);
	} else if (reply) {
		add_form(f, &p->ct_rsrc, &p->ct_rdst, p->ct_rsport, p->ct_rdport);
		add_form(f, &p->ct_dst, &p->ct_src, icmp ? p->ct_sport : p->ct_dport, p->ct_sport);
	} else {
		add_form(f, &p->ct_src, &p->ct_dst, p->ct_sport, p->ct_dport);
		add_form(f, &p->ct_rdst, &p->ct_rsrc, icmp ? p->ct_rsport : p->ct_rdport,
			 p->ct_rsport);
	}
}

/*
 * With the outer addresses the packet keeps its own protocol and ports, so that `host NODE and not
 * port 53` and `host NODE and icmp` mean something. An encapsulated packet carries the conntrack
 * entry of its outer header.
 */
static void list_forms(struct forms *f, const struct obs_pkt *p)
{
	f->cnt = 0;
	add_form(f, &p->src, &p->dst, p->sport, p->dport);
	if (p->encap != ENCAP_NONE)
		add_form(f, &p->osrc, &p->odst, p->sport, p->dport);
	add_nat_forms(f, p, p->encap == ENCAP_NONE);
}

static bool form_matches(const struct filter *f, const struct obs_pkt *p, const struct form *v)
{
	struct frame fr;

	frame_inner(&fr, p, v);
	return expr_match(f->expr, fr.b, fr.len, fr.wire);
}

/* The FILTER speaks of tunnels: it can match outer headers, and nothing inside */
static uint32_t outer_bits(const struct filter *f, const struct obs_pkt *p)
{
	struct frame fr;

	if (p->encap == ENCAP_NONE)
		return 0;
	frame_outer(&fr, p, f->vxlan_port);
	return expr_match(f->expr, fr.b, fr.len, fr.wire) ? FILTER_HIT : 0;
}

/* Whatever its addresses and ports are? Two that no FILTER looks for both stand for all. */
static bool matches_anybody(const struct filter *f, const struct obs_pkt *p)
{
	static const struct addr first = { .family = 4 };
	static const struct addr last = { .family = 4, .b = { 255, 255, 255, 255 } };
	const struct form low = { &first, &first, 0, 0 };
	const struct form high = { &last, &last, UINT16_MAX, UINT16_MAX };

	return form_matches(f, p, &low) && form_matches(f, p, &high);
}

static uint32_t expr_bits(const struct filter *f, const struct obs_pkt *p)
{
	struct forms forms;
	uint32_t i, hits = 0;

	if (!f->expr)
		return FILTER_HIT;
	if (f->outer)
		return outer_bits(f, p);
	list_forms(&forms, p);
	for (i = 0; i < forms.cnt; i++)
		hits += form_matches(f, p, &forms.form[i]);
	/* then it is about what must not be there */
	if (matches_anybody(f, p))
		return hits == forms.cnt && hits ? FILTER_PASS : FILTER_NOT;
	return hits ? FILTER_HIT : 0;
}

/* ---- --pod ---- */

static bool pod_addr_in(const struct addr *pod, const struct obs_pkt *p)
{
	const struct addr *all[] = { &p->src,	 &p->dst,    &p->osrc,	  &p->odst,
				     &p->ct_src, &p->ct_dst, &p->ct_rsrc, &p->ct_rdst };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (addr_is_set(all[i]) && addr_eq(all[i], pod))
			return true;
	return false;
}

static uint32_t pod_bits(const struct filter *f, const struct obs_pkt *p)
{
	/* indexes are the node's: in a pod's own namespace the same number is another device */
	if (f->by_dev)
		return f->ifindex && p->flags & EV_F_NODE_NETNS &&
				       (p->ifindex == f->ifindex || p->iif == f->ifindex) ?
			       FILTER_POD :
			       0;
	return !f->by_addr || pod_addr_in(&f->addr, p) ? FILTER_POD : 0;
}

void filter__feed(struct filter *f, const struct obs *o)
{
	const struct link_info *l = &o->link.link;

	if (!f->by_dev || o->kind != OBS_LINK)
		return;
	if (o->link.op != LINK_DEL && !strcmp(l->name, f->dev))
		f->ifindex = l->ifindex;
	else if (l->ifindex == f->ifindex)
		f->ifindex = 0; /* gone, or renamed */
}

bool filter__pod_known(const struct filter *f)
{
	return !f->by_dev || f->ifindex;
}

/* ---- answers ---- */

uint32_t filter__bits(const void *filter, const struct obs_pkt *p)
{
	return expr_bits(filter, p) | pod_bits(filter, p);
}

bool filter__wants(const void *filter, uint32_t bits, bool final)
{
	(void)filter;
	if (bits & FILTER_NOT || !(bits & FILTER_POD))
		return false;
	return bits & FILTER_HIT || (final && bits & FILTER_PASS);
}

bool filter__match(const void *filter, const struct obs_pkt *p)
{
	return filter__wants(filter, filter__bits(filter, p), true);
}
