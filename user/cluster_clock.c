// SPDX-License-Identifier: GPL-2.0-only
#include "cluster_clock.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "cluster_priv.h"

/* Packets that are remembered until another node has them, too; a later one takes the place of one */
#define SLOTS 65536
/* Delays of one pair of nodes, in one direction */
#define SAMPLES 1024
/* That many in each direction, else nothing is claimed */
#define MIN_SAMPLES 3
#define MAX_NODES 64
/* Sightings of one packet on one node; what comes later is another one that looks the same. */
#define PASS_NS ((int64_t)NSEC_PER_SEC)

struct slot {
	uint64_t hash; /* 0: free */
	int64_t out_ns, in_ns;
	uint16_t out, in; /* node + 1, 0: not seen */
	bool ambiguous, counted;
};

struct pair {
	uint64_t cnt;
	int64_t delay[SAMPLES];
};

struct clocks {
	uint32_t nodes;
	struct mirror **mirror; /* of each node, for the names of its devices */
	struct slot *slot;
	struct pair **pair; /* from row to column */
	bool solved;
	struct clock_rel *rel;
};

int clocks__new(uint32_t nodes, struct clocks **ret)
{
	struct clocks *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->nodes = nodes < MAX_NODES ? nodes : MAX_NODES;
	c->mirror = calloc(c->nodes + 1, sizeof(*c->mirror));
	c->slot = calloc(SLOTS, sizeof(*c->slot));
	c->pair = calloc((size_t)c->nodes * c->nodes + 1, sizeof(*c->pair));
	c->rel = calloc(c->nodes + 1, sizeof(*c->rel));
	if (!c->mirror || !c->slot || !c->pair || !c->rel) {
		clocks__free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void clocks__free(struct clocks *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; c->mirror && i < c->nodes; i++)
		mirror__free(c->mirror[i]);
	for (uint32_t i = 0; c->pair && i < c->nodes * c->nodes; i++)
		free(c->pair[i]);
	free(c->mirror);
	free(c->slot);
	free(c->pair);
	free(c->rel);
	free(c);
}

static uint64_t hash_of(const struct obs_pkt *p)
{
	uint64_t h = hash_bytes(p->src.b, sizeof(p->src.b), p->proto);
	const uint32_t words[4] = {
		(uint32_t)p->sport << 16 | p->dport,
		(uint32_t)p->ip_id << 16 | (p->proto == PROTO_UDP ? p->dns_id : 0),
		p->proto == PROTO_TCP ? p->seq : 0,
		p->proto == PROTO_ICMP ? p->icmp_type : 0,
	};

	h = hash_bytes(p->dst.b, sizeof(p->dst.b), h);
	h = hash_bytes(words, sizeof(words), h);
	return h ? h : 1;
}

static struct pair *pair_of(struct clocks *c, uint32_t from, uint32_t to)
{
	struct pair **p = &c->pair[from * c->nodes + to];

	if (!*p)
		*p = calloc(1, sizeof(**p));
	return *p;
}

/* Past SAMPLES the oldest go: a network's best delays come again and again. */
static void sample(struct clocks *c, struct slot *s)
{
	struct pair *p;

	if (s->ambiguous || s->counted || !s->out || !s->in || s->out == s->in)
		return;
	p = pair_of(c, s->out - 1u, s->in - 1u);
	if (!p)
		return;
	s->counted = true;
	p->delay[p->cnt++ % SAMPLES] = time_minus(s->in_ns, s->out_ns);
}

static struct slot *slot_of(struct clocks *c, uint64_t hash)
{
	struct slot *s = &c->slot[hash % SLOTS];

	if (s->hash != hash) {
		/* what was waited for did not come, or has */
		sample(c, s);
		*s = (struct slot){ .hash = hash };
	}
	return s;
}

static bool is_usable(const struct obs *o)
{
	const struct obs_pkt *p = &o->pkt;

	return o->kind == OBS_PATH && !(p->flags & (EV_F_FRAG_LATER | EV_F_POD_NETNS | EV_F_GSO)) &&
	       (p->hook == AT_TC_EGRESS || p->hook == AT_TC_INGRESS);
}

static const char *dev_of(const struct clocks *c, uint32_t idx, uint32_t ifindex)
{
	return c->mirror[idx] ? mirror__dev(c->mirror[idx], ifindex) : "";
}

static void on_link(struct clocks *c, uint32_t idx, const struct obs *o)
{
	enum link_op op;

	if (!c->mirror[idx])
		c->mirror[idx] = mirror__new();
	if (c->mirror[idx])
		mirror__link(c->mirror[idx], &o->link, o->ts_ns, &op, NULL, NULL);
}

void clocks__obs(struct clocks *c, uint32_t idx, const struct obs *o, int64_t wall_offset_ns)
{
	int64_t wall = time_plus((int64_t)o->ts_ns, wall_offset_ns);
	uint16_t me = (uint16_t)(idx + 1);
	struct slot *s;

	if (idx >= c->nodes)
		return;
	if (o->kind == OBS_LINK)
		return on_link(c, idx, o);
	/* between nodes: what a pod sends or gets is on its way within one */
	if (!is_usable(o) || !strncmp(dev_of(c, idx, o->pkt.ifindex), "cali", 4))
		return;
	s = slot_of(c, hash_of(&o->pkt));
	if (o->pkt.hook == AT_TC_EGRESS) {
		/* the last device that it leaves by is the nearest to the wire */
		s->ambiguous |= s->out && (s->out != me || time_minus(wall, s->out_ns) > PASS_NS);
		s->out = me;
		s->out_ns = wall;
	} else {
		s->ambiguous |= s->in && (s->in != me || time_minus(wall, s->in_ns) > PASS_NS);
		if (!s->in)
			s->in_ns = wall;
		s->in = me;
	}
}

/* ---- solving ---- */

static int by_delay(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The best delay, less a tenth of the packets: some may not be what they look like */
static int64_t best(struct pair *p)
{
	uint64_t n = p->cnt < SAMPLES ? p->cnt : SAMPLES;

	qsort(p->delay, n, sizeof(p->delay[0]), by_delay);
	return p->delay[n / 10];
}

/* to's clock minus from's */
static bool measure(struct clocks *c, uint32_t from, uint32_t to, struct clock_rel *out)
{
	struct pair *there = c->pair[from * c->nodes + to], *back = c->pair[to * c->nodes + from];
	uint64_t a = there ? there->cnt : 0, b = back ? back->cnt : 0;
	int64_t x, y;

	*out = (struct clock_rel){ .packets = a < b ? a : b };
	if (out->packets < MIN_SAMPLES)
		return false;
	x = best(there);
	y = best(back);
	/* no packet is there before it left */
	if (time_plus(x, y) < 0)
		return false;
	out->known = true;
	out->offset_ns = time_minus(x, y) / 2;
	out->error_ns = ((uint64_t)time_plus(x, y) + 1) / 2;
	return true;
}

/* From node 0 on, each that is measured against one that is known already */
static void solve(struct clocks *c)
{
	struct clock_rel r;
	bool more = true;

	c->solved = true;
	for (uint32_t i = 0; i < SLOTS; i++)
		sample(c, &c->slot[i]);
	c->rel[0].known = c->nodes > 0;
	for (uint32_t i = 1; i < c->nodes; i++)
		measure(c, 0, i, &c->rel[i]);
	while (more) {
		more = false;
		for (uint32_t i = 1; i < c->nodes; i++) {
			for (uint32_t k = 1; k < c->nodes && !c->rel[i].known; k++) {
				if (!c->rel[k].known || k == i || !measure(c, k, i, &r))
					continue;
				r.offset_ns = time_plus(r.offset_ns, c->rel[k].offset_ns);
				r.error_ns += c->rel[k].error_ns;
				c->rel[i] = r;
				more = true;
			}
		}
	}
}

bool clocks__solve(struct clocks *c, uint32_t idx, struct clock_rel *out)
{
	const char *reference = out->reference;

	if (!c->solved)
		solve(c);
	*out = (struct clock_rel){ 0 };
	if (idx < c->nodes)
		*out = c->rel[idx];
	out->reference = reference;
	return out->known;
}
