// SPDX-License-Identifier: GPL-2.0-only
/*
 * The comment of a packet, made by hand: there are hundreds of thousands in a second. What it shows
 * is an observation; what became of the packet is said by `show -w`, when it is known.
 */
#include <linux/rtnetlink.h>
#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "cap_writer.h"
#include "mem.h"

/* The comment is cut where it has no room, which no combination of what is below reaches. */
struct line {
	char *p, *end;
};

static inline void add(struct line *l, const char *s, size_t len)
{
	if (len > (size_t)(l->end - l->p))
		len = (size_t)(l->end - l->p);
	mem_copy(l->p, s, len);
	l->p += len;
}

/* Of a length that is known, so that the compiler moves it in registers */
static inline __attribute__((always_inline)) void add_known(struct line *l, const char *s,
							    size_t len)
{
	if ((size_t)(l->end - l->p) < len)
		return add(l, s, len);
	memcpy(l->p, s, len);
	l->p += len;
}

#define add_word(l, s) add_known(l, s, sizeof(s) - 1)

static void add_text(struct line *l, const char *s)
{
	add(l, s, strlen(s));
}

/* Texts of the kernel's: names of functions and reasons */
static void add_name(struct line *l, const char *s, size_t size)
{
	for (size_t i = 0; i < size && s[i] && l->p < l->end; i++)
		*l->p++ = s[i] > ' ' && s[i] < 0x7f ? s[i] : '?';
}

static void add_u32(struct line *l, uint32_t v)
{
	char b[10];
	size_t i = sizeof(b);

	do
		b[--i] = (char)('0' + v % 10);
	while (v /= 10);
	add(l, b + i, sizeof(b) - i);
}

static char *put_octet(char *p, uint8_t v)
{
	if (v >= 100) {
		*p++ = (char)('0' + v / 100);
		v %= 100;
		*p++ = (char)('0' + v / 10);
	} else if (v >= 10) {
		*p++ = (char)('0' + v / 10);
	}
	*p++ = (char)('0' + v % 10);
	return p;
}

static void add_addr(struct line *l, const struct addr *a)
{
	char b[ADDR_STRLEN], *p = b;

	if (a->family != 4) {
		add_text(l, addr_str(a, b));
		return;
	}
	for (int i = 0; i < 4; i++) {
		p = put_octet(p, a->b[i]);
		*p++ = '.';
	}
	add(l, b, (size_t)(p - b - 1));
}

static void add_end(struct line *l, const struct addr *a, uint16_t port)
{
	add_addr(l, a);
	if (port) {
		add_word(l, ":");
		add_u32(l, port);
	}
}

static void add_route(struct line *l, struct cap_devs *d, uint32_t netns, const struct obs_pkt *p)
{
	static const char *const types[] = {
		[RTN_LOCAL] = ", local",
		[RTN_BROADCAST] = ", broadcast",
		[RTN_MULTICAST] = ", multicast",
		[RTN_BLACKHOLE] = ", blackhole",
		[RTN_UNREACHABLE] = ", unreachable",
		[RTN_PROHIBIT] = ", prohibit",
	};
	const struct cap_dev *out;

	if (!(p->flags & EV_F_DST))
		return;
	if (p->dst_type < sizeof(types) / sizeof(types[0]) && types[p->dst_type])
		add_text(l, types[p->dst_type]);
	if (p->gw.family) {
		add_word(l, ", via ");
		add_addr(l, &p->gw);
	}
	out = p->dst_oif ? cap_devs__get(d, netns, p->dst_oif) : NULL;
	if (out) {
		if (!p->gw.family)
			add_word(l, ", on link");
		add_word(l, " dev ");
		add(l, out->name, out->name_len);
	}
	if (p->dst_error) {
		add_word(l, ", route error ");
		add_u32(l, p->dst_error);
	}
}

static void add_encap(struct line *l, const struct obs_pkt *p)
{
	if (p->encap == ENCAP_NONE)
		return;
	add_word(l, ", ");
	add_text(l, encap_name(p->encap));
	add_word(l, " ");
	add_addr(l, &p->osrc);
	add_word(l, " > ");
	add_addr(l, &p->odst);
}

/* The reply of a connection without translation has the ends of the request, swapped. */
static void add_nat(struct line *l, const struct obs_pkt *p)
{
	if (!(p->flags & EV_F_CT))
		return;
	if (!addr_eq(&p->ct_dst, &p->ct_rsrc) || p->ct_dport != p->ct_rsport) {
		add_word(l, ", dnat ");
		add_end(l, &p->ct_dst, p->ct_dport);
		add_word(l, " > ");
		add_end(l, &p->ct_rsrc, p->ct_rsport);
	}
	if (!addr_eq(&p->ct_src, &p->ct_rdst) || p->ct_sport != p->ct_rdport) {
		add_word(l, ", snat ");
		add_end(l, &p->ct_src, p->ct_sport);
		add_word(l, " > ");
		add_end(l, &p->ct_rdst, p->ct_rdport);
	}
	if (p->flags & EV_F_CT_REPLY)
		add_word(l, ", reply");
}

static void add_drop(struct line *l, const struct obs_pkt *p)
{
	if (p->reason[0]) {
		add_word(l, ", ");
		add_name(l, p->reason, sizeof(p->reason));
	}
	if (p->location[0]) {
		add_word(l, " in ");
		add_name(l, p->location, sizeof(p->location));
	}
	if (p->flags & EV_F_OTHERHOST)
		add_word(l, ", for another host");
}

size_t cap_comment(char *out, struct cap_devs *d, uint32_t netns, const struct cap_dev *dev,
		   const struct obs *o)
{
	struct line l = { .p = out, .end = out + CAP_COMMENT_MAX };
	const struct obs_pkt *p = &o->pkt;

	add_text(&l, hook_name(p->hook));
	add_word(&l, " ");
	add(&l, dev->name, dev->name_len);
	if (p->iif && p->iif != p->ifindex) {
		const struct cap_dev *in = cap_devs__get(d, netns, p->iif);

		if (in) {
			add_word(&l, ", in by ");
			add(&l, in->name, in->name_len);
		}
	}
	if (o->kind == OBS_DROP)
		add_drop(&l, p);
	add_route(&l, d, netns, p);
	add_encap(&l, p);
	add_nat(&l, p);
	if (p->flags & EV_F_FRAG_LATER)
		add_word(&l, ", later fragment");
	else if (p->flags & EV_F_FRAG)
		add_word(&l, ", first fragment");
	if (p->flags & EV_F_GSO)
		add_word(&l, ", gso");
	if (!p->snap_len)
		add_word(&l, ", rebuilt headers");
	return (size_t)(l.p - out);
}
