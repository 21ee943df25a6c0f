// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of bpf/events.h to observations. The records come from the kernel, but what
 * they carry came from the wire: each length is checked before the field. Pure, but for
 * the names that symbols.h looks up.
 */
#include "decode.h"

#include <errno.h>
#include <arpa/inet.h>
#include <linux/types.h>
#include <netinet/tcp.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "mem.h"

_Static_assert(COMM_LEN == EV_COMM_LEN, "comm");
_Static_assert(SNAP_LEN == EV_SNAP_LEN, "snap");
_Static_assert(ENCAP_IPIP == (int)EV_ENCAP_IPIP && ENCAP_VXLAN == (int)EV_ENCAP_VXLAN, "encap");

struct decode {
	const void *data;
	size_t len; /* of the record by its own header */
	struct symbols *sym;
	struct obs *obs;
	obs_fn fn;
	void *ctx;
};

/* A copied name that may fill its field */
static void copy_text(char *out, size_t size, const char *in, size_t max)
{
	size_t len = strnlen(in, max);

	if (len >= size)
		len = size - 1;
	memcpy(out, in, len);
	memset(out + len, 0, size - len);
}

static struct actor actor_of(uint32_t pid, const char comm[EV_COMM_LEN])
{
	struct actor a = { .pid = pid };

	copy_text(a.comm, sizeof(a.comm), comm, EV_COMM_LEN);
	return a;
}

static void send_obs(const struct decode *d)
{
	d->fn(d->ctx, d->obs);
}

/* ---- packets ---- */

static void packet_headers(const struct ev_packet *e, struct obs_pkt *p)
{
	p->skb = e->hdr.skb;
	p->netns = e->hdr.netns;
	p->ifindex = e->hdr.ifindex;
	p->flags = e->flags;
	p->encap = e->encap;
	p->proto = e->proto;
	p->ttl = e->ttl;
	p->icmp_type = e->icmp_type;
	p->icmp_code = e->icmp_code;
	p->tcp_flags = e->tcp_flags;
	p->dst_type = e->dst_type;
	p->dst_error = e->dst_error;
	p->dst_oif = e->dst_oif;
	p->iif = e->iif;
	p->sport = ntohs(e->sport);
	p->dport = ntohs(e->dport);
	p->ip_id = ntohs(e->ip_id);
	p->dns_id = ntohs(e->dns_id);
	p->dns_flags = ntohs(e->dns_flags);
	p->ip_len = e->ip_len;
	p->seq = e->seq;
	p->ct_sport = ntohs(e->ct_sport);
	p->ct_dport = ntohs(e->ct_dport);
	p->ct_rsport = ntohs(e->ct_rsport);
	p->ct_rdport = ntohs(e->ct_rdport);
	p->ct_status = e->ct_status;
}

static void packet_addrs(const struct ev_addrs4 *a, struct obs_pkt *p)
{
	addr_set4(&p->src, a->src);
	addr_set4(&p->dst, a->dst);
	if (p->encap != ENCAP_NONE) {
		addr_set4(&p->osrc, a->osrc);
		addr_set4(&p->odst, a->odst);
	}
	if (a->gw)
		addr_set4(&p->gw, a->gw);
	if (!(p->flags & EV_F_CT))
		return;
	addr_set4(&p->ct_src, a->ct_src);
	addr_set4(&p->ct_dst, a->ct_dst);
	addr_set4(&p->ct_rsrc, a->ct_rsrc);
	addr_set4(&p->ct_rdst, a->ct_rdst);
}

static int packet_snap(const struct decode *d, const struct ev_packet *e, struct obs_pkt *p)
{
	const size_t start = sizeof(*e) + sizeof(struct ev_addrs4);

	if (!(e->flags & EV_F_SNAP))
		return 0;
	if (e->snap_len > SNAP_LEN || start + e->snap_len > d->len)
		return -EBADMSG;
	p->snap_len = e->snap_len;
	mem_copy(p->snap, (const char *)d->data + start, e->snap_len);
	return 0;
}

static void drop_names(const struct decode *d, const struct ev_packet *e, struct obs_pkt *p)
{
	const char *s;

	if (!d->sym)
		return;
	s = symbols__reason(d->sym, e->reason);
	copy_text(p->reason, sizeof(p->reason), s, strlen(s));
	s = symbols__location(d->sym, e->location, e->hdr.ts_ns);
	copy_text(p->location, sizeof(p->location), s, strlen(s));
}

static int decode_packet(const struct decode *d)
{
	struct obs_pkt *p = &d->obs->pkt;
	struct ev_addrs4 a;
	struct ev_packet e;
	int err;

	if (d->len < sizeof(e) + sizeof(a))
		return -EBADMSG;
	memcpy(&e, d->data, sizeof(e));
	memcpy(&a, (const char *)d->data + sizeof(e), sizeof(a));
	if (e.hdr.family != 4 || e.encap > EV_ENCAP_VXLAN)
		return -EBADMSG;
	packet_headers(&e, p);
	packet_addrs(&a, p);
	err = packet_snap(d, &e, p);
	if (err)
		return err;
	if (e.hdr.kind == EV_DROP) {
		d->obs->kind = OBS_DROP;
		p->hook = AT_DROP;
		drop_names(d, &e, p);
	} else {
		d->obs->kind = OBS_PATH;
		if (e.hook != EV_HOOK_TC_INGRESS && e.hook != EV_HOOK_TC_EGRESS)
			return -EBADMSG;
		p->hook = e.hook == EV_HOOK_TC_INGRESS ? AT_TC_INGRESS : AT_TC_EGRESS;
	}
	send_obs(d);
	return 0;
}

/* ---- FIB ---- */

static int decode_fib(const struct decode *d)
{
	struct obs_fib *f = &d->obs->fib;
	struct ev_fib e;

	if (d->len < sizeof(e))
		return -EBADMSG;
	memcpy(&e, d->data, sizeof(e));
	if (e.hdr.family != 4 || e.class < EV_FIB_FORWARD || e.class > EV_FIB_ARP)
		return -EBADMSG;
	d->obs->kind = OBS_FIB;
	f->netns = e.hdr.netns;
	f->ifindex = e.hdr.ifindex;
	f->table = e.table;
	f->class = e.class;
	f->proto = e.proto;
	f->ambiguous = e.ambiguous;
	f->err = e.err;
	f->sport = ntohs(e.sport);
	f->dport = ntohs(e.dport);
	/* a sender that is not bound yet has no source */
	f->src = addr_v4_opt(e.src);
	f->dst = addr_v4(e.dst);
	f->by = actor_of(e.pid, e.comm);
	send_obs(d);
	return 0;
}

static int decode_res(const struct decode *d)
{
	struct obs_res *r = &d->obs->res;
	struct addr prefix;
	struct ev_res e;

	if (d->len < sizeof(e))
		return -EBADMSG;
	memcpy(&e, d->data, sizeof(e));
	if (e.hdr.family != 4 || e.prefix_len > 32)
		return -EBADMSG;
	d->obs->kind = OBS_RES;
	r->skb = e.hdr.skb;
	r->netns = e.hdr.netns;
	r->ifindex = e.hdr.ifindex;
	r->table = e.table;
	r->type = e.type;
	prefix = addr_v4(e.prefix);
	r->prefix = prefix_of(&prefix, e.prefix_len);
	r->src = addr_v4(e.src);
	r->dst = addr_v4(e.dst);
	send_obs(d);
	return 0;
}

/* ---- BGP ---- */

/* BIRD listens on IPv6 sockets for both: their IPv4 peers look like ::ffff:192.0.2.1 */
static struct addr session_addr(uint8_t family, const uint8_t b[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct addr a = { .family = family };

	if (family == 6 && !memcmp(b, mapped, sizeof(mapped))) {
		a.family = 4;
		memcpy(a.b, b + sizeof(mapped), 4);
	} else {
		memcpy(a.b, b, family == 4 ? 4 : 16);
	}
	return a;
}

static int failure_state(uint16_t err, enum bgp_state otherwise)
{
	switch (err) {
	case ECONNREFUSED:
		return BGP_REFUSED;
	case ECONNRESET:
		return BGP_RESET;
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return BGP_TIMEOUT;
	default:
		return otherwise;
	}
}

/*
 * What a change of state says, -1: nothing. The end of a session is told once, when it
 * leaves ESTABLISHED; the steps of the farewell that follow (CLOSE_WAIT, LAST_ACK, CLOSE)
 * say nothing new. A SYN that is given up without an error was not answered in the
 * time that BIRD grants it.
 */
static int transition(uint8_t from, uint8_t to, uint16_t err)
{
	switch (to) {
	case TCP_ESTABLISHED:
		return BGP_CONNECTED;
	case TCP_SYN_SENT:
		return BGP_CONNECTING;
	case TCP_LISTEN:
		return BGP_LISTEN;
	}
	switch (from) {
	case TCP_LISTEN:
		return to == TCP_CLOSE ? BGP_NO_LISTEN : -1;
	case TCP_SYN_SENT:
		return to == TCP_CLOSE ? failure_state(err, BGP_TIMEOUT) : -1;
	case TCP_ESTABLISHED:
		return failure_state(err, BGP_CLOSED);
	}
	return -1;
}

static int decode_bgp(const struct decode *d)
{
	struct obs_bgp *b = &d->obs->bgp;
	struct ev_bgp e;
	int state;

	if (d->len < sizeof(e))
		return -EBADMSG;
	memcpy(&e, d->data, sizeof(e));
	if (e.hdr.family != 4 && e.hdr.family != 6)
		return -EBADMSG;
	state = transition(e.oldstate, e.newstate, e.err);
	if (state < 0)
		return 0;
	d->obs->kind = OBS_BGP;
	b->state = state;
	b->local_port = ntohs(e.sport);
	b->peer_port = ntohs(e.dport);
	b->local = session_addr(e.hdr.family, e.src);
	if (state != BGP_LISTEN && state != BGP_NO_LISTEN)
		b->peer = session_addr(e.hdr.family, e.dst);
	send_obs(d);
	return 0;
}

/* ---- rtnetlink ---- */

static int decode_msg(const struct decode *d)
{
	struct actor by;
	struct ev_msg e;

	if (d->len < sizeof(e))
		return -EBADMSG;
	memcpy(&e, d->data, sizeof(e));
	if (e.data_len > d->len - sizeof(e))
		return -EBADMSG;
	by = actor_of(e.pid, e.comm);
	return rtnl_decode((const char *)d->data + sizeof(e), e.data_len, e.hdr.ts_ns, &by, d->fn,
			   d->ctx);
}

int decode_record(const void *data, size_t len, struct symbols *sym, obs_fn fn, void *ctx)
{
	struct obs obs;
	struct decode d = { .data = data, .sym = sym, .obs = &obs, .fn = fn, .ctx = ctx };
	struct ev_hdr hdr;

	/* of all kinds in a record a packet is the largest; pools are ten times as large */
	mem_clear(&obs, offsetof(struct obs, pkt) + offsetof(struct obs_pkt, snap));

	if (len < sizeof(hdr))
		return -EBADMSG;
	memcpy(&hdr, data, sizeof(hdr));
	if (hdr.ver != EV_VERSION || hdr.len < sizeof(hdr) || hdr.len > len)
		return -EBADMSG;
	d.len = hdr.len;
	obs.ts_ns = hdr.ts_ns;
	switch (hdr.kind) {
	case EV_PATH:
	case EV_DROP:
		return decode_packet(&d);
	case EV_FIB:
		return decode_fib(&d);
	case EV_RES:
		return decode_res(&d);
	case EV_BGP:
		return decode_bgp(&d);
	case EV_MSG:
		return decode_msg(&d);
	default:
		return -EBADMSG;
	}
}
