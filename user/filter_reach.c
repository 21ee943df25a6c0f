// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the packets that are traced can a FILTER match? Its program is run over packets of
 * which only the kind is known: registers hold intervals, a jump whose outcome hangs on something
 * unknown goes both ways, and where ways meet the intervals are joined. Jumps only go forward, so
 * one pass is enough. The answer errs towards "yes".
 *
 * libpcap's optimizer answers less: to it a DNS query from port 8080 is as good as any.
 */
#include <linux/types.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "filter_priv.h"
#include "util.h"

#define FRAG_DF 0x4000
#define FRAG_MF 0x2000
/* Clients take their ports from here: Linux from 32768 on, IANA from 49152 on */
#define CLIENT_PORT 32768
#define ANY_CLIENT_PORT 1024

struct iv {
	uint32_t lo, hi;
};

struct state {
	bool seen;
	struct iv a, x, m[BPF_MEMWORDS];
};

static const struct iv anything = { 0, UINT32_MAX };

static struct iv iv_const(uint32_t v)
{
	return (struct iv){ v, v };
}

static bool iv_known(struct iv v)
{
	return v.lo == v.hi;
}

static void iv_join(struct iv *to, struct iv v)
{
	to->lo = v.lo < to->lo ? v.lo : to->lo;
	to->hi = v.hi > to->hi ? v.hi : to->hi;
}

/* ---- the packet ---- */

static struct iv port_byte(const struct range *r, bool high)
{
	if (high)
		return (struct iv){ r->lo >> 8, r->hi >> 8 };
	if (r->lo >> 8 == r->hi >> 8)
		return (struct iv){ r->lo & 0xff, r->hi & 0xff };
	return (struct iv){ 0, 0xff };
}

static struct iv packet_byte(const struct shape *s, uint32_t off)
{
	uint32_t l4 = IP_HLEN + 4u * s->options;

	if (off == 0)
		return iv_const(0x45 + s->options);
	if (off == 9)
		return iv_const(s->proto);
	if ((off == 6 || off == 7) && s->has_frag)
		return iv_const(off == 6 ? s->frag >> 8 : s->frag & 0xff);
	if (s->has_l4 && off >= l4 && off < l4 + 4)
		return port_byte(off < l4 + 2 ? &s->sport : &s->dport, off % 2 == 0);
	if (s->has_flags && off == l4 + 13)
		return iv_const(s->tcp_flags);
	return (struct iv){ 0, 0xff };
}

static struct iv packet_load(const struct shape *s, uint32_t off, uint32_t size)
{
	uint32_t l4 = IP_HLEN + 4u * s->options;
	struct iv v = { 0, 0 }, b;

	if (s->has_l4 && size == 2 && (off == l4 || off == l4 + 2)) {
		const struct range *r = off == l4 ? &s->sport : &s->dport;

		return (struct iv){ r->lo, r->hi };
	}
	for (uint32_t i = 0; i < size; i++) {
		b = packet_byte(s, off + i);
		v = (struct iv){ v.lo << 8 | b.lo, v.hi << 8 | b.hi };
	}
	return v;
}

static struct iv load(const struct shape *s, const struct state *st, const struct bpf_insn *in)
{
	uint32_t size = BPF_SIZE(in->code) == BPF_W ? 4 : BPF_SIZE(in->code) == BPF_H ? 2 : 1;
	struct iv v;

	switch (BPF_MODE(in->code)) {
	case BPF_IMM:
		return iv_const(in->k);
	case BPF_MEM:
		return in->k < BPF_MEMWORDS ? st->m[in->k] : anything;
	case BPF_ABS:
		return packet_load(s, in->k, size);
	case BPF_IND:
		if (iv_known(st->x))
			return packet_load(s, st->x.lo + in->k, size);
		return (struct iv){ 0, size == 4 ? UINT32_MAX : (1u << 8 * size) - 1 };
	case BPF_MSH:
		v = packet_byte(s, in->k);
		return iv_known(v) ? iv_const((v.lo & 15) * 4) : (struct iv){ 0, 60 };
	default: /* the length of the packet */
		return anything;
	}
}

/* ---- the program ---- */

static uint32_t calc(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : 0;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_AND:
		return a & b;
	case BPF_LSH:
		return b < 32 ? a << b : 0;
	case BPF_RSH:
		return b < 32 ? a >> b : 0;
	default: /* BPF_NEG */
		return -a;
	}
}

static struct iv alu(uint16_t op, struct iv a, struct iv b)
{
	if (iv_known(a) && (iv_known(b) || op == BPF_NEG))
		return iv_const(calc(op, a.lo, b.lo));
	if (op == BPF_AND)
		return (struct iv){ 0, a.hi < b.hi ? a.hi : b.hi };
	if (op == BPF_RSH && iv_known(b))
		return (struct iv){ calc(op, a.lo, b.lo), calc(op, a.hi, b.lo) };
	if (op == BPF_ADD && a.hi <= UINT32_MAX - b.hi)
		return (struct iv){ a.lo + b.lo, a.hi + b.hi };
	return anything;
}

/* Can the comparison come out true, false? */
static void outcomes(uint16_t op, struct iv a, struct iv b, bool *yes, bool *no)
{
	bool known = iv_known(a) && iv_known(b);

	*yes = *no = true;
	switch (op) {
	case BPF_JEQ:
		*yes = a.lo <= b.hi && b.lo <= a.hi;
		*no = !known || a.lo != b.lo;
		break;
	case BPF_JGT:
		*yes = a.hi > b.lo;
		*no = a.lo <= b.hi;
		break;
	case BPF_JGE:
		*yes = a.hi >= b.lo;
		*no = a.lo < b.hi;
		break;
	case BPF_JSET:
		*yes = !known || a.lo & b.lo;
		*no = !known || !(a.lo & b.lo);
		break;
	}
}

static void flow_to(struct state *all, uint32_t cnt, uint32_t pc, const struct state *from)
{
	struct state *to;

	if (pc >= cnt)
		return;
	to = &all[pc];
	if (!to->seen) {
		*to = *from;
		return;
	}
	iv_join(&to->a, from->a);
	iv_join(&to->x, from->x);
	for (int i = 0; i < BPF_MEMWORDS; i++)
		iv_join(&to->m[i], from->m[i]);
}

static void jump(struct state *all, uint32_t cnt, uint32_t pc, const struct bpf_insn *in)
{
	const struct state *st = &all[pc];
	bool yes, no;

	if (BPF_OP(in->code) == BPF_JA) {
		/* backwards is not for filters; a cnt that wraps ends the flow */
		if (in->k < cnt)
			flow_to(all, cnt, pc + 1 + in->k, st);
		return;
	}
	outcomes(BPF_OP(in->code), st->a, BPF_SRC(in->code) == BPF_X ? st->x : iv_const(in->k),
		 &yes, &no);
	if (yes)
		flow_to(all, cnt, pc + 1 + in->jt, st);
	if (no)
		flow_to(all, cnt, pc + 1 + in->jf, st);
}

/* Any other instruction: changes the state, and goes on to the next one */
static void step(const struct shape *s, struct state *st, const struct bpf_insn *in)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		st->a = load(s, st, in);
		break;
	case BPF_LDX:
		st->x = load(s, st, in);
		break;
	case BPF_ST:
	case BPF_STX:
		if (in->k < BPF_MEMWORDS)
			st->m[in->k] = BPF_CLASS(in->code) == BPF_ST ? st->a : st->x;
		break;
	case BPF_ALU:
		st->a = alu(BPF_OP(in->code), st->a,
			    BPF_SRC(in->code) == BPF_X ? st->x : iv_const(in->k));
		break;
	default: /* BPF_MISC */
		if (BPF_MISCOP(in->code) == BPF_TAX)
			st->x = st->a;
		else
			st->a = st->x;
	}
}

static bool reaches(const struct bpf_insn *in, uint32_t cnt, const struct shape *s,
		    struct state *all)
{
	all[0].seen = true;
	for (uint32_t pc = 0; pc < cnt; pc++) {
		struct state st = all[pc];

		if (!st.seen)
			continue;
		if (BPF_CLASS(in[pc].code) == BPF_RET) {
			if (BPF_RVAL(in[pc].code) != BPF_K || in[pc].k)
				return true;
		} else if (BPF_CLASS(in[pc].code) == BPF_JMP) {
			jump(all, cnt, pc, &in[pc]);
		} else {
			step(s, &st, &in[pc]);
			flow_to(all, cnt, pc + 1, &st);
		}
	}
	return false;
}

bool expr_reaches(const struct expr *e, const struct shape *s)
{
	uint32_t cnt;
	const struct bpf_insn *in = expr_insns(e, &cnt);
	struct state *all = calloc(cnt, sizeof(*all));
	bool yes = !all || reaches(in, cnt, s, all);

	free(all);
	return yes;
}

bool expr_names_l4(const struct expr *e)
{
	const uint32_t proto = 9;
	uint32_t cnt;
	const struct bpf_insn *in = expr_insns(e, &cnt);

	for (uint32_t i = 0; i < cnt; i++) {
		uint16_t class = BPF_CLASS(in[i].code), mode = BPF_MODE(in[i].code);
		uint32_t size = BPF_SIZE(in[i].code) == BPF_W ? 4 :
				BPF_SIZE(in[i].code) == BPF_H ? 2 :
								1;

		if (class == BPF_LDX && mode == BPF_MSH)
			return true;
		if (class != BPF_LD)
			continue;
		if (mode == BPF_IND || (mode == BPF_ABS && in[i].k + size > IP_HLEN))
			return true;
		if (mode == BPF_ABS && in[i].k <= proto && in[i].k + size > proto)
			return true;
	}
	return false;
}

/* ---- the classes ---- */

#define MAX_RANGES (FILTER_DNS_PORTS + 2)

static uint32_t least_port(uint32_t least, uint32_t port, uint32_t from)
{
	return port >= from && port < least ? port : least;
}

/* All ports but these */
static uint32_t other_ports(const struct filter_opts *o, bool but_vxlan, struct range *out)
{
	uint32_t cnt = 0, from = 1, taken;

	for (; from <= UINT16_MAX; from = taken + 1) {
		taken = UINT16_MAX + 1;
		for (int i = 0; i < FILTER_DNS_PORTS; i++)
			taken = least_port(taken, o->dns_port[i], from);
		if (but_vxlan)
			taken = least_port(taken, o->vxlan_port, from);
		if (taken > from)
			out[cnt++] = (struct range){ (uint16_t)from, (uint16_t)(taken - 1) };
	}
	return cnt;
}

/* Whole, with don't-fragment, the first fragment */
static bool reaches_unfragmented(const struct expr *e, struct shape *s)
{
	static const uint16_t frag[] = { 0, FRAG_DF, FRAG_MF };

	s->has_frag = true;
	for (size_t i = 0; i < ARRAY_SIZE(frag); i++) {
		s->frag = frag[i];
		if (expr_reaches(e, s))
			return true;
	}
	return false;
}

/* lowest: of the ports that a client asks from */
static bool dns_over(const struct expr *e, const struct filter_opts *o, struct shape s,
		     uint16_t lowest)
{
	s.has_l4 = true;
	for (int i = 0; i < FILTER_DNS_PORTS; i++) {
		struct range port = { o->dns_port[i], o->dns_port[i] };
		struct range client = { lowest, UINT16_MAX };

		if (!port.lo)
			continue;
		s.sport = client;
		s.dport = port;
		if (reaches_unfragmented(e, &s))
			return true;
		s.sport = port;
		s.dport = client;
		if (reaches_unfragmented(e, &s))
			return true;
		/* old resolvers ask from the port itself */
		s.dport = port;
		if (reaches_unfragmented(e, &s))
			return true;
	}
	return false;
}

/* TCP connection attempts, or UDP, where neither port is for DNS */
static bool others(const struct expr *e, const struct filter_opts *o, struct shape s)
{
	struct range r[MAX_RANGES];
	uint32_t cnt = other_ports(o, s.proto == PROTO_UDP, r);

	s.has_l4 = true;
	for (uint32_t i = 0; i < cnt; i++) {
		for (uint32_t k = 0; k < cnt; k++) {
			s.sport = r[i];
			s.dport = r[k];
			if (reaches_unfragmented(e, &s))
				return true;
		}
	}
	return false;
}

static bool attempts(const struct expr *e, const struct filter_opts *o, struct shape s)
{
	/* SYN, SYN-ACK, both with ECN, RST, RST-ACK */
	static const uint8_t flags[] = { 0x02, 0x12, 0xc2, 0x52, 0x04, 0x14 };

	s.has_flags = true;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		s.tcp_flags = flags[i];
		if (others(e, o, s))
			return true;
	}
	return false;
}

static uint32_t classes(const struct expr *e, const struct filter_opts *o, uint16_t lowest,
			uint8_t options)
{
	struct shape icmp = { .proto = PROTO_ICMP, .options = options };
	struct shape tcp = { .proto = PROTO_TCP, .options = options };
	struct shape udp = { .proto = PROTO_UDP, .options = options };
	uint32_t apps = 0;

	if (dns_over(e, o, udp, lowest) || dns_over(e, o, tcp, lowest))
		apps |= EV_APP_DNS;
	if (reaches_unfragmented(e, &icmp))
		apps |= EV_APP_ICMP;
	if (attempts(e, o, tcp))
		apps |= EV_APP_TCP;
	if (others(e, o, udp))
		apps |= EV_APP_UDP;
	return apps;
}

/* What only a FILTER that looks for it can match: IP options, and fragments without ports */
static uint32_t oddities(const struct expr *e, const struct filter_opts *o)
{
	struct shape udp = { .proto = PROTO_UDP, .has_frag = true, .frag = 1 };
	struct shape icmp = { .proto = PROTO_ICMP, .has_frag = true, .frag = 1 };
	uint32_t apps = 0;

	for (uint8_t options = 1; options <= 10 && !apps; options++)
		apps = classes(e, o, CLIENT_PORT, options);
	if (expr_reaches(e, &udp))
		apps |= EV_APP_DNS | EV_APP_UDP;
	return apps | (expr_reaches(e, &icmp) ? EV_APP_ICMP : 0);
}

static bool outer(const struct expr *e, uint16_t vxlan_port)
{
	struct shape ipip = { .proto = PROTO_IPIP };
	struct shape vxlan = {
		.proto = PROTO_UDP,
		.has_l4 = true,
		.sport = { CLIENT_PORT, UINT16_MAX },
		.dport = { vxlan_port, vxlan_port },
	};

	return reaches_unfragmented(e, &ipip) || reaches_unfragmented(e, &vxlan);
}

uint32_t expr_apps(const struct expr *e, const struct filter_opts *o, bool *ret_outer)
{
	uint32_t apps = classes(e, o, CLIENT_PORT, 0);

	*ret_outer = !apps && outer(e, o->vxlan_port);
	if (!apps && !*ret_outer)
		apps = classes(e, o, ANY_CLIENT_PORT, 0);
	return apps || *ret_outer ? apps : oddities(e, o);
}
