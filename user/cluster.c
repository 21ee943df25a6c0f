// SPDX-License-Identifier: GPL-2.0-only
#include "cluster.h"

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "cluster_priv.h"

/* ---- memory ---- */

int cluster__new(uint32_t nodes, struct cluster **ret)
{
	struct cluster *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->node = calloc(nodes ? nodes : 1, sizeof(*c->node));
	if (!c->node) {
		free(c);
		return -ENOMEM;
	}
	c->node_cnt = nodes;
	list_init(&c->age);
	*ret = c;
	return 0;
}

static void sight_free(struct cluster *c, struct sight *s)
{
	hmap_del(&c->by_ident, &s->by_ident);
	hmap_del(&c->by_flow, &s->by_flow);
	hmap_del(&c->by_id, &s->by_id);
	list_del(&s->age);
	free(s->fate);
	free(s);
	c->sight_cnt--;
}

void cluster__free(struct cluster *c)
{
	if (!c)
		return;
	while (!list_empty(&c->age))
		sight_free(c, list_entry(c->age.next, struct sight, age));
	hmap_free(&c->by_ident);
	hmap_free(&c->by_flow);
	hmap_free(&c->by_id);
	free(c->node);
	free(c);
}

void cluster__node(struct cluster *c, uint32_t idx, const char *name, struct engine *e,
		   int64_t wall_offset_ns)
{
	struct cnode *n = &c->node[idx];

	n->name = name;
	n->engine = e;
	n->wall_offset_ns = wall_offset_ns;
}

void cluster__ends(struct cluster *c, uint32_t idx)
{
	c->node[idx].ended = true;
}

/* ---- identities ---- */

static uint64_t hash_addr(const struct addr *a, uint64_t seed)
{
	return hash_bytes(a->b, sizeof(a->b), seed + a->family);
}

static uint64_t flow_hash(const struct sflow *f)
{
	uint64_t h = hash_addr(&f->dst, hash_addr(&f->src, f->proto));
	const uint16_t words[4] = { f->sport, f->dport, f->dns_id, f->icmp_type };

	return hash_bytes(words, sizeof(words), h);
}

static bool flow_eq(const struct sflow *a, const struct sflow *b)
{
	return a->proto == b->proto && a->sport == b->sport && a->dport == b->dport &&
	       a->dns_id == b->dns_id && a->icmp_type == b->icmp_type &&
	       addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst);
}

static uint64_t ident_hash(const struct sight *s)
{
	return hash_bytes(&s->seq, sizeof(s->seq), flow_hash(&s->flow) + s->ip_id);
}

static uint64_t id_hash(uint32_t node, uint64_t id)
{
	return hash_bytes(&id, sizeof(id), node);
}

static void flow_of(const struct obs_pkt *p, struct sflow *f)
{
	*f = (struct sflow){ .src = p->src,
			     .dst = p->dst,
			     .sport = p->sport,
			     .dport = p->dport,
			     .proto = p->proto };
	if (p->proto == PROTO_ICMP)
		f->icmp_type = p->icmp_type;
	if (p->proto == PROTO_UDP)
		f->dns_id = p->dns_id;
}

/* The flow of the reply to it */
static void flow_back(const struct sflow *f, struct sflow *b)
{
	*b = *f;
	b->src = f->dst;
	b->dst = f->src;
	if (f->proto == PROTO_ICMP) {
		b->icmp_type = f->icmp_type == ICMP_ECHO_ ? ICMP_ECHOREPLY_ : f->icmp_type;
		return;
	}
	b->sport = f->dport;
	b->dport = f->sport;
}

/* ---- sightings ---- */

static void forget(struct cluster *c)
{
	while (!list_empty(&c->age)) {
		struct sight *s = list_entry(c->age.next, struct sight, age);

		if (c->sight_cnt < MAX_SIGHTS && time_minus(c->now_ns, s->first_ns) < SIGHT_NS)
			return;
		sight_free(c, s);
	}
}

/* The same packet on that node: in another form (before and after NAT) it is another sighting */
static struct sight *find_own(const struct cluster *c, const struct sight *key)
{
	struct hnode *n = hmap_first(&c->by_ident, ident_hash(key));

	for (; n; n = hmap_next(n)) {
		struct sight *s = hmap_entry(n, struct sight, by_ident);

		if (s->node == key->node && s->id == key->id && sight_same(s, key))
			return s;
	}
	return NULL;
}

bool sight_same(const struct sight *a, const struct sight *b)
{
	return a->ip_id == b->ip_id && a->seq == b->seq && flow_eq(&a->flow, &b->flow);
}

static struct sight *sight_add(struct cluster *c, const struct sight *key)
{
	struct sight *s;

	forget(c);
	s = malloc(sizeof(*s));
	if (!s)
		return NULL;
	*s = *key;
	if (hmap_add(&c->by_ident, &s->by_ident, ident_hash(s))) {
		free(s);
		return NULL;
	}
	if (hmap_add(&c->by_flow, &s->by_flow, flow_hash(&s->flow))) {
		hmap_del(&c->by_ident, &s->by_ident);
		free(s);
		return NULL;
	}
	if (hmap_add(&c->by_id, &s->by_id, id_hash(s->node, s->id))) {
		hmap_del(&c->by_ident, &s->by_ident);
		hmap_del(&c->by_flow, &s->by_flow);
		free(s);
		return NULL;
	}
	list_append(&c->age, &s->age);
	c->sight_cnt++;
	return s;
}

static void add_hop(struct sight *s, const struct obs *o)
{
	if (s->hop_cnt == MAX_HOPS)
		return;
	s->hop[s->hop_cnt++] = (struct shop){ .at = o->kind == OBS_DROP ? AT_DROP : o->pkt.hook,
					      .ifindex = o->pkt.ifindex,
					      .ts_ns = o->ts_ns };
}

/* Replies whose ports are behind, fragments, and errors are nobody's request or reply. */
static bool is_joined(const struct obs *o, uint64_t id)
{
	if ((o->kind != OBS_PATH && o->kind != OBS_DROP) || !id ||
	    (o->pkt.flags & (EV_F_FRAG_LATER | EV_F_POD_NETNS)))
		return false;
	return o->pkt.proto != PROTO_ICMP || o->pkt.icmp_type == ICMP_ECHO_ ||
	       o->pkt.icmp_type == ICMP_ECHOREPLY_;
}

void cluster__obs(struct cluster *c, uint32_t idx, const struct obs *o)
{
	struct cnode *n = &c->node[idx];
	struct sight key = { .node = idx }, *s;
	int64_t wall = time_plus((int64_t)o->ts_ns, n->wall_offset_ns);

	if (wall > c->now_ns)
		c->now_ns = wall;
	if (!n->first_ns)
		n->first_ns = wall;
	n->last_ns = wall;
	n->ready |= o->kind == OBS_END_SNAPSHOT;
	n->lost |= o->kind == OBS_LOSS;
	key.id = engine__last_packet(n->engine);
	if (!is_joined(o, key.id))
		return;
	flow_of(&o->pkt, &key.flow);
	key.ip_id = o->pkt.ip_id;
	key.seq = o->pkt.proto == PROTO_TCP ? o->pkt.seq : 0;
	key.first_ns = wall;
	s = find_own(c, &key);
	if (!s)
		s = sight_add(c, &key);
	if (!s)
		return;
	if (o->pkt.encap) {
		s->outer_src = o->pkt.osrc;
		s->outer_dst = o->pkt.odst;
	}
	add_hop(s, o);
}

/* ---- what the engines say ---- */

static const char *dev_of(const struct cluster *c, const struct sight *s, int i)
{
	return mirror__dev(engine__mirror(c->node[s->node].engine), s->hop[i].ifindex);
}

static bool is_pods(const char *dev)
{
	return !strncmp(dev, "cali", 4);
}

/* It came to that node from outside. */
static bool came_in(const struct cluster *c, const struct sight *s)
{
	return s->hop_cnt && s->hop[0].at == AT_TC_INGRESS && !is_pods(dev_of(c, s, 0));
}

/* It was handed to a pod, or came for the node itself and went nowhere else. */
static bool was_handed(const struct cluster *c, const struct sight *s)
{
	const struct shop *last = &s->hop[s->hop_cnt - 1];

	if (last->at == AT_TC_EGRESS)
		return is_pods(dev_of(c, s, s->hop_cnt - 1));
	return mirror__is_local(engine__mirror(c->node[s->node].engine), &s->flow.dst);
}

static void note_fate(struct cluster *c, uint32_t idx, const struct packet *p)
{
	struct hnode *n = hmap_first(&c->by_id, id_hash(idx, p->id));

	for (; n; n = hmap_next(n)) {
		struct sight *s = hmap_entry(n, struct sight, by_id);

		if (s->node != idx || s->id != p->id)
			continue;
		if (!s->fate)
			s->fate = calloc(1, sizeof(*s->fate));
		if (!s->fate)
			continue;
		*s->fate = (struct fate){ .verdict = p->verdict,
					  .finding = p->finding,
					  .block = p->block,
					  .gw = p->route.gw };
		memcpy(s->fate->dev, p->dev, sizeof(s->fate->dev));
		memcpy(s->fate->reason, p->reason, sizeof(s->fate->reason));
		memcpy(s->fate->location, p->location, sizeof(s->fate->location));
	}
}

static bool lost_there(const struct sight *s)
{
	return s->fate && verdict_is_problem(s->fate->verdict) && s->fate->verdict != V_UNANSWERED;
}

static bool near(const struct sight *a, const struct sight *b)
{
	int64_t d = time_minus(a->first_ns, b->first_ns);

	return d < JOIN_NS && d > -JOIN_NS;
}

/* The same packet on another node, the latest in the order of nodes; NULL: on none */
static struct sight *elsewhere(const struct cluster *c, const struct sight *s)
{
	struct hnode *n = hmap_first(&c->by_ident, ident_hash(s));

	for (; n; n = hmap_next(n)) {
		struct sight *t = hmap_entry(n, struct sight, by_ident);

		if (t->node != s->node && sight_same(s, t) && near(s, t) && came_in(c, t))
			return t;
	}
	return NULL;
}

static struct sight *reply_of(const struct cluster *c, const struct sight *s)
{
	struct sflow back;
	struct hnode *n;

	flow_back(&s->flow, &back);
	for (n = hmap_first(&c->by_flow, flow_hash(&back)); n; n = hmap_next(n)) {
		struct sight *t = hmap_entry(n, struct sight, by_flow);

		if (t->node == s->node && flow_eq(&t->flow, &back) && t->first_ns >= s->first_ns &&
		    near(s, t))
			return t;
	}
	return NULL;
}

static void say_fate(const struct cluster *c, const struct sight *s, struct obs_elsewhere *x)
{
	const struct engine *e = c->node[s->node].engine;
	const struct fate *f = s->fate;
	const struct finding *fi = engine__finding(e, f->finding);

	x->verdict = f->verdict;
	x->block = f->block;
	x->gw = f->gw;
	x->outer_src = s->outer_src;
	memcpy(x->dev, f->dev, sizeof(x->dev));
	memcpy(x->reason, f->reason, sizeof(x->reason));
	memcpy(x->location, f->location, sizeof(x->location));
	x->cause = fi ? fi->cause : C_UNKNOWN;
	x->no_route = addr_is_set(&f->block.addr) &&
		      !mirror__lookup_len(engine__mirror(e), &f->block.addr, f->block.len, 32);
}

static void say_last_dev(const struct cluster *c, const struct sight *s, struct obs_elsewhere *x)
{
	if (s->hop_cnt)
		snprintf(x->dev, sizeof(x->dev), "%s", dev_of(c, s, s->hop_cnt - 1));
}

/* It arrived on another node: what became of it there, and of the reply? */
static bool follow(const struct cluster *c, const struct sight *there, struct obs_elsewhere *x)
{
	struct sight *back;

	if (lost_there(there)) {
		x->what = ELSEWHERE_LOST;
		say_fate(c, there, x);
		return true;
	}
	back = reply_of(c, there);
	if (back && lost_there(back)) {
		x->what = ELSEWHERE_REPLY;
		say_fate(c, back, x);
		return true;
	}
	if (back) {
		x->what = ELSEWHERE_REPLY_OUT;
		say_last_dev(c, back, x);
		return true;
	}
	if (!was_handed(c, there))
		return false;
	x->what = ELSEWHERE_SILENT;
	say_last_dev(c, there, x);
	return true;
}

/* The node that the tunnel packet was for, if it was traced then, and lost nothing */
static const struct cnode *addressee(const struct cluster *c, const struct sight *s)
{
	for (uint32_t i = 0; i < c->node_cnt; i++) {
		const struct cnode *n = &c->node[i];

		if (i == s->node || !n->engine || !n->ready || n->ended || n->lost ||
		    n->first_ns > s->first_ns)
			continue;
		if (mirror__is_local(engine__mirror(n->engine), &s->outer_dst))
			return n;
	}
	return NULL;
}

static bool find_out(const struct cluster *c, const struct sight *s, struct obs_elsewhere *x)
{
	const struct sight *there = elsewhere(c, s);
	const struct cnode *to;

	if (there) {
		snprintf(x->node, sizeof(x->node), "%s", c->node[there->node].name);
		return follow(c, there, x);
	}
	to = addr_is_set(&s->outer_dst) ? addressee(c, s) : NULL;
	if (!to)
		return false;
	x->what = ELSEWHERE_ABSENT;
	snprintf(x->node, sizeof(x->node), "%s", to->name);
	return true;
}

/* A request that this node sent, and saw no reply to */
static void on_unanswered(struct cluster *c, uint32_t idx, const struct packet *p)
{
	struct cnode *me = &c->node[idx];
	struct hnode *n = hmap_first(&c->by_id, id_hash(idx, p->id));

	for (; n && me->wait_cnt < MAX_WAITING; n = hmap_next(n)) {
		const struct sight *s = hmap_entry(n, struct sight, by_id);
		struct obs_elsewhere x = { .packet = p->id, .finding = p->finding };

		if (s->node != idx || s->id != p->id || came_in(c, s) || !find_out(c, s, &x))
			continue;
		me->waiting[me->wait_cnt++] = x;
		return;
	}
}

/* ---- journeys ---- */

static int by_time(const void *a, const void *b)
{
	const struct far_hop *x = a, *y = b;

	return x->ts_ns < y->ts_ns ? -1 : x->ts_ns > y->ts_ns;
}

static void add_far(struct cluster *c, const struct sight *s, const struct cnode *me)
{
	const struct cnode *n = &c->node[s->node];

	for (int i = 0; i < s->hop_cnt && c->far_cnt < MAX_FAR; i++) {
		struct far_hop *f = &c->far[c->far_cnt++];

		*f = (struct far_hop){ .at = s->hop[i].at, .node = n->name };
		f->ts_ns = (uint64_t)time_minus(
			time_plus((int64_t)s->hop[i].ts_ns, n->wall_offset_ns), me->wall_offset_ns);
		snprintf(f->dev, sizeof(f->dev), "%s", dev_of(c, s, i));
	}
}

static void gather_far(struct cluster *c, uint32_t idx, uint64_t id)
{
	struct hnode *n = hmap_first(&c->by_id, id_hash(idx, id)), *m;

	c->far_cnt = 0;
	for (; n; n = hmap_next(n)) {
		const struct sight *s = hmap_entry(n, struct sight, by_id);

		if (s->node != idx || s->id != id)
			continue;
		for (m = hmap_first(&c->by_ident, ident_hash(s)); m; m = hmap_next(m)) {
			const struct sight *t = hmap_entry(m, struct sight, by_ident);

			if (t->node != idx && sight_same(s, t) && near(s, t))
				add_far(c, t, &c->node[idx]);
		}
	}
	qsort(c->far, c->far_cnt, sizeof(c->far[0]), by_time);
}

const struct record *cluster__record(struct cluster *c, uint32_t idx, const struct record *rec)
{
	if (rec->kind != REC_PACKET)
		return rec;
	note_fate(c, idx, rec->packet);
	if (rec->packet->verdict == V_UNANSWERED && rec->packet->late_us < 0)
		on_unanswered(c, idx, rec->packet);
	gather_far(c, idx, rec->packet->id);
	if (!c->far_cnt)
		return rec;
	c->rec = *rec;
	c->packet = *rec->packet;
	c->packet.far = c->far;
	c->packet.far_cnt = (uint8_t)c->far_cnt;
	c->rec.packet = &c->packet;
	return &c->rec;
}

bool cluster__take(struct cluster *c, uint32_t idx, struct obs *out)
{
	struct cnode *n = &c->node[idx];

	if (!n->wait_cnt)
		return false;
	*out = (struct obs){ .kind = OBS_ELSEWHERE };
	out->elsewhere = n->waiting[--n->wait_cnt];
	out->ts_ns = (uint64_t)time_minus(n->last_ns, n->wall_offset_ns);
	return true;
}
