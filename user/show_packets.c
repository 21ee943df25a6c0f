// SPDX-License-Identifier: GPL-2.0-only
/*
 * show --packets: one line a packet, in the order in which they were first seen, each with what
 * became of it in the end. A packet's verdict may change until its reply is overdue, so lines are held
 * until then, in a ring as large as the engine's own memory of packets. Lines are built by hand:
 * printf() would cost more than all the rest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "render_int.h"
#include "show.h"
#include "util.h"

/* A power of two, not less than what the engine keeps */
#define RING 65536
#define LINE_MAX_LEN 512
/* A neighbour's failure may be told that much after the reply was due; see engine_priv.h */
#define GRACE_NS (4 * NS_PER_S)
#define NAME_MAX_LEN 48

/* What a line says */
struct brief {
	uint64_t id, ts_ns;
	struct addr src, dst;
	uint16_t sport, dport, dns_id, dns_qtype;
	uint8_t proto, icmp_type, icmp_code, tcp_flags, rcode, verdict;
	bool dns, dns_response, told;
	char dev[DEV_LEN], qname[NAME_MAX_LEN];
	int64_t us; /* latency, or how late; -1: none */
	uint32_t finding;
};

struct node_ring {
	struct brief *slot;    /* by id */
	uint64_t next, newest; /* ids: the first that is held, the last that was seen */
	uint64_t hold_ns;
	bool selected; /* a filter: only what the engine tells */
	char prefix[2 * NODE_LEN];
	int64_t second; /* that clock shows */
	char clock[16];
};

struct show_packets {
	const struct show *s;
	struct node_ring *node;
};

/* ---- a line ---- */

struct out {
	char s[LINE_MAX_LEN];
	size_t len;
};

static void put_str(struct out *o, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof(o->s) - o->len - 1)
		n = sizeof(o->s) - o->len - 1;
	memcpy(o->s + o->len, s, n);
	o->len += n;
}

static void put_num(struct out *o, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	if (sizeof(digits) - i < sizeof(o->s) - o->len) {
		memcpy(o->s + o->len, digits + i, sizeof(digits) - i);
		o->len += sizeof(digits) - i;
	}
}

static void put_pad(struct out *o, size_t col)
{
	do {
		put_str(o, " ");
	} while (o->len < col);
}

static void put_addr(struct out *o, const struct addr *a)
{
	char buf[ADDR_STRLEN];

	if (a->family != 4)
		return put_str(o, addr_str(a, buf));
	for (int i = 0; i < 4; i++) {
		if (i)
			put_str(o, ".");
		put_num(o, a->b[i]);
	}
}

/* What came from the network or the node, made safe; rarely anything else than plain letters */
static void put_foreign(struct out *o, const char *s)
{
	char clean[4 * NAME_MAX_LEN];

	text_clean(clean, sizeof(clean), s);
	put_str(o, clean);
}

static void put_time(struct out *o, struct node_ring *r, int64_t wall)
{
	int64_t sec = wall / (int64_t)NS_PER_S, us = wall % (int64_t)NS_PER_S / (int64_t)NS_PER_US;
	char fraction[] = ".000000";

	if (!r->clock[0] || sec != r->second) {
		time_t t = (time_t)sec;
		struct tm tm;

		localtime_r(&t, &tm);
		strftime(r->clock, sizeof(r->clock), "%H:%M:%S", &tm);
		r->second = sec;
	}
	for (int i = 6; i > 0 && us > 0; i--, us /= 10)
		fraction[i] = (char)('0' + us % 10);
	put_str(o, r->clock);
	put_str(o, fraction);
}

static void put_icmp(struct out *o, const struct brief *b)
{
	if (b->icmp_type == 8 || b->icmp_type == 0) {
		put_str(o, b->icmp_type == 8 ? "icmp echo id " : "icmp reply id ");
		put_num(o, b->sport);
		put_str(o, " seq ");
		put_num(o, b->dport);
		return;
	}
	put_str(o, "icmp type ");
	put_num(o, b->icmp_type);
	put_str(o, " code ");
	put_num(o, b->icmp_code);
}

static void put_dns(struct out *o, const struct brief *b)
{
	char word[WORD_LEN];

	put_str(o, b->dns_response ? "dns answer" : "dns");
	if (b->dns_qtype) {
		put_str(o, " ");
		put_str(o, dns_qtype_name(b->dns_qtype, word));
	}
	if (b->qname[0]) {
		put_str(o, " ");
		put_foreign(o, b->qname);
	}
	put_str(o, " id ");
	put_num(o, b->dns_id);
	if (b->rcode) {
		put_str(o, " ");
		put_str(o, dns_rcode_name(b->rcode, word));
	}
}

static void put_ports(struct out *o, const struct brief *b)
{
	static const char flags[] = "FSRPA";
	char word[WORD_LEN], set[sizeof(flags) + 1] = " ";
	size_t n = 1;

	put_str(o, ip_proto_name(b->proto, word));
	if (b->proto == 6)
		for (int i = 0; flags[i]; i++)
			if (b->tcp_flags & 1 << i)
				set[n++] = flags[i];
	set[n] = '\0';
	if (n > 1)
		put_str(o, set);
	if (b->sport || b->dport) {
		put_str(o, " ");
		put_num(o, b->sport);
		put_str(o, " to ");
		put_num(o, b->dport);
	}
}

static void put_tail(struct out *o, const struct brief *b)
{
	if (b->dev[0]) {
		put_str(o, "  dev ");
		put_foreign(o, b->dev);
	}
	if (b->us >= 0) {
		put_str(o, "  in ");
		put_num(o, (uint64_t)b->us);
		put_str(o, " us");
	}
	if (b->finding) {
		put_str(o, "  finding ");
		put_num(o, b->finding);
	}
}

static void print_brief(struct node_ring *r, const struct brief *b, int64_t wall)
{
	struct out o = { .len = 0 };
	size_t col;

	put_str(&o, r->prefix);
	col = o.len;
	put_time(&o, r, wall);
	put_pad(&o, col + 16);
	put_str(&o, b->verdict == V_NONE ? "-" : verdict_name(b->verdict));
	put_pad(&o, col + 31);
	put_addr(&o, &b->src);
	put_str(&o, " -> ");
	put_addr(&o, &b->dst);
	put_pad(&o, col + 64);
	if (b->dns)
		put_dns(&o, b);
	else if (b->proto == 1)
		put_icmp(&o, b);
	else
		put_ports(&o, b);
	put_tail(&o, b);
	o.s[o.len++] = '\n';
	fwrite_unlocked(o.s, 1, o.len, stdout);
}

/* ---- the ring ---- */

static void release(struct show_packets *p, const struct replay_node *n, uint64_t before_ns,
		    uint64_t id)
{
	struct node_ring *r = &p->node[n->idx];

	for (; r->next && r->next <= id; r->next++) {
		struct brief *b = &r->slot[r->next % RING];

		if (b->id != r->next)
			continue;
		if (b->ts_ns > before_ns)
			return;
		if ((b->told || !r->selected) && show_wants(p->s->o, b->verdict))
			print_brief(r, b, (int64_t)(b->ts_ns + (uint64_t)n->wall_offset_ns));
		b->id = 0;
	}
}

/* The packet's slot, which its line keeps until it is released */
static struct brief *slot_of(struct show_packets *p, const struct replay_node *n, uint64_t id)
{
	struct node_ring *r = &p->node[n->idx];

	if (!r->next)
		r->next = id;
	if (id >= r->next + RING)
		release(p, n, UINT64_MAX, id - RING);
	/* so late that its line is out already */
	if (id < r->next)
		return NULL;
	if (id > r->newest)
		r->newest = id;
	return &r->slot[id % RING];
}

void show_packets__obs(struct show_packets *p, const struct replay_node *n, const struct obs *o)
{
	uint64_t id = engine__last_packet(n->engine);
	struct node_ring *r = &p->node[n->idx];
	struct brief *b;

	if (o->kind == OBS_TICK && o->ts_ns > r->hold_ns)
		release(p, n, o->ts_ns - r->hold_ns, r->newest);
	if (!id || (o->kind != OBS_PATH && o->kind != OBS_DROP) || !n->ready || n->finished)
		return;
	b = slot_of(p, n, id);
	if (!b || b->id == id)
		return;
	*b = (struct brief){
		.id = id,
		.ts_ns = o->ts_ns,
		.src = o->pkt.src,
		.dst = o->pkt.dst,
		.sport = o->pkt.sport,
		.dport = o->pkt.dport,
		.dns_id = o->pkt.dns_id,
		.dns_response = o->pkt.dns_flags >> 15,
		.proto = o->pkt.proto,
		.dns = o->pkt.dns_id || o->pkt.dns_flags,
		.icmp_type = o->pkt.icmp_type,
		.icmp_code = o->pkt.icmp_code,
		.tcp_flags = o->pkt.tcp_flags,
		.us = -1,
	};
}

void show_packets__record(struct show_packets *p, const struct replay_node *n,
			  const struct packet *pkt)
{
	struct brief *b = slot_of(p, n, pkt->id);

	if (!b)
		return;
	*b = (struct brief){
		.id = pkt->id,
		.ts_ns = pkt->ts_ns,
		.told = true,
		.src = pkt->src,
		.dst = pkt->dst,
		.sport = pkt->icmp_valid ? pkt->icmp_id : pkt->sport,
		.dport = pkt->icmp_valid ? pkt->icmp_seq : pkt->dport,
		.dns = pkt->dns_valid,
		.dns_id = pkt->dns_id,
		.dns_qtype = pkt->dns_qtype,
		.dns_response = pkt->dns_response,
		.rcode = pkt->dns_rcode,
		.proto = pkt->proto,
		.icmp_type = pkt->icmp_type,
		.icmp_code = pkt->icmp_code,
		.tcp_flags = pkt->tcp_flags,
		.verdict = pkt->verdict,
		.us = pkt->late_us >= 0 ? pkt->late_us : pkt->latency_us,
		.finding = pkt->finding,
	};
	memcpy(b->dev, pkt->dev, sizeof(b->dev));
	/* cut at a whole byte; what the cut leaves of a character is made safe in the line */
	memcpy(b->qname, pkt->qname, sizeof(b->qname) - 1);
}

void show_packets__finish(struct show_packets *p, const struct replay_node *n)
{
	release(p, n, UINT64_MAX, p->node[n->idx].newest);
}

/* When the node is known: the ring is as long as its packets may wait. */
int show_packets__node(struct show_packets *p, const struct replay_node *n)
{
	const struct opts *o = p->s->o;
	const struct cap_meta *m = n->meta;
	struct node_ring *r = &p->node[n->idx];
	char clean[NODE_LEN];

	r->slot = calloc(RING, sizeof(*r->slot));
	if (!r->slot)
		return -ENOMEM;
	r->hold_ns = GRACE_NS + (o->timeout_given || !m->reply_timeout_ns ? o->reply_timeout_ns :
									    m->reply_timeout_ns);
	r->selected = o->filter[0] || o->pod || m->filter[0] || m->pod[0];
	if (!p->s->several)
		return 0;
	text_clean(clean, sizeof(clean), show_name(n));
	snprintf(r->prefix, sizeof(r->prefix), "%s  ", clean);
	return 0;
}

int show_packets__new(const struct show *s, struct show_packets **ret)
{
	struct show_packets *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->s = s;
	p->node = calloc(s->nodes, sizeof(*p->node));
	if (!p->node) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void show_packets__free(struct show_packets *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->s->nodes; i++)
		free(p->node[i].slot);
	free(p->node);
	free(p);
}
