// SPDX-License-Identifier: GPL-2.0-only
/*
 * One short line a change of routes, links, addresses, neighbours, BGP, and a
 * loss. A restart of BIRD changes thousands of routes at once: of those only the
 * first few are worth a line.
 */
#include <string.h>

#include "render_text.h"

#define COL_NOUN 13
#define COL_CHANGE 20

/* What one record says, the actor and the time excepted */
struct change {
	int op;
	const struct actor *by;
	char what[256];
};

static void route_change(struct change *c, const struct record *rec)
{
	const struct route *rt = &rec->route->route;
	char dst[PREFIX_STRLEN], gw[ADDR_STRLEN], word[WORD_LEN];
	struct line l;

	line_init(&l);
	if (rt->type > 1)
		line_add(&l, "%s ", route_type_name(rt->type, word));
	line_add(&l, "%s", route_dst_str(&rt->dst, dst));
	if (rt->nh_cnt && addr_is_set(&rt->nh[0].gw))
		line_add(&l, " via %s", addr_str(&rt->nh[0].gw, gw));
	if (rec->dev && rec->dev[0])
		line_add(&l, " dev %s", rec->dev);
	if (rt->nh_cnt > 1)
		line_add(&l, " (first of %u)", rt->nh_cnt);
	if (rt->protocol)
		line_add(&l, " proto %s", route_protocol_name(rt->protocol, word));
	if (rt->table && rt->table != 254)
		line_add(&l, " table %s", route_table_name(rt->table, word));
	snprintf(c->what, sizeof(c->what), "%.255s", l.s);
	c->op = (int)rec->route->op;
	c->by = &rec->route->by;
}

static void link_change(struct change *c, const struct record *rec)
{
	const struct link_info *link = &rec->link->link;

	snprintf(c->what, sizeof(c->what), "%s mtu %u%s", link->name, link->mtu,
		 rec->link->op == LINK_UP && !link->running ? ", no carrier" : "");
	c->op = (int)rec->link->op;
	c->by = &rec->link->by;
}

static void addr_change(struct change *c, const struct record *rec)
{
	char buf[PREFIX_STRLEN];

	snprintf(c->what, sizeof(c->what), "%s%s%s", prefix_str(&rec->addr->address, buf),
		 rec->dev && rec->dev[0] ? " dev " : "", rec->dev ? rec->dev : "");
	c->op = rec->addr->del;
	c->by = &rec->addr->by;
}

static void neigh_change(struct change *c, const struct record *rec)
{
	char buf[ADDR_STRLEN];

	snprintf(c->what, sizeof(c->what), "%s%s%s", addr_str(&rec->neigh->dst, buf),
		 rec->dev && rec->dev[0] ? " dev " : "", rec->dev ? rec->dev : "");
	c->op = rec->neigh->failed;
}

static void bgp_change(struct change *c, const struct record *rec)
{
	char buf[ADDR_STRLEN];

	if (addr_is_set(&rec->bgp->peer))
		snprintf(c->what, sizeof(c->what), "peer %s", addr_str(&rec->bgp->peer, buf));
	c->op = (int)rec->bgp->state;
}

static const struct actor nobody;

static struct change change_of(const struct record *rec)
{
	struct change c = { .by = &nobody };

	if (rec->kind == REC_ROUTE)
		route_change(&c, rec);
	else if (rec->kind == REC_LINK)
		link_change(&c, rec);
	else if (rec->kind == REC_ADDR)
		addr_change(&c, rec);
	else if (rec->kind == REC_NEIGH)
		neigh_change(&c, rec);
	else
		bgp_change(&c, rec);
	return c;
}

static const struct {
	const char *one, *many;
} nouns[] = {
	[REC_ROUTE] = { "route", "routes" },  [REC_LINK] = { "link", "links" },
	[REC_ADDR] = { "addr", "addresses" }, [REC_NEIGH] = { "neigh", "neighbours" },
	[REC_BGP] = { "bgp", "BGP changes" },
};

static const char *op_name(enum record_kind kind, int op)
{
	switch (kind) {
	case REC_ROUTE:
		return route_op_name((enum route_op)op);
	case REC_LINK:
		return link_op_name((enum link_op)op);
	case REC_ADDR:
		return op ? "del" : "add";
	case REC_NEIGH:
		return op ? "failed" : "reachable";
	default:
		return bgp_state_name((enum bgp_state)op);
	}
}

static void print_change(struct text *t, const struct change *c, const struct record *rec)
{
	struct line l;

	line_init(&l);
	line_time(t, &l, rec->ts_ns);
	line_pad(&l, COL_NOUN);
	line_add(&l, "%s", nouns[rec->kind].one);
	line_pad(&l, COL_CHANGE);
	line_add(&l, "%s %s", op_name(rec->kind, c->op), c->what);
	if (c->by->pid) {
		line_add(&l, "  ");
		line_actor(&l, c->by);
	}
	line_emit(t, &l);
}

static void print_bulk(struct text *t, const struct bulk *b, uint64_t now_ns)
{
	struct line l;

	line_init(&l);
	line_time(t, &l, now_ns < b->first_ns + BULK_NS ? now_ns : b->first_ns + BULK_NS);
	line_pad(&l, COL_NOUN);
	line_add(&l, "… and %llu more %s  %s  ", (unsigned long long)b->more, nouns[b->kind].many,
		 op_name(b->kind, b->op));
	line_actor(&l, &b->by);
	line_emit(t, &l);
}

void text_bulks(struct text *t, uint64_t now_ns, bool all)
{
	size_t i, kept = 0;

	for (i = 0; i < t->bulk_cnt; i++) {
		struct bulk *b = &t->bulk[i];

		if (!all && now_ns < b->first_ns + BULK_NS)
			t->bulk[kept++] = *b;
		else if (b->more)
			print_bulk(t, b, now_ns);
	}
	t->bulk_cnt = kept;
}

static struct bulk *bulk_find(struct text *t, const struct change *c, const struct record *rec)
{
	size_t i;

	for (i = 0; i < t->bulk_cnt; i++)
		if (t->bulk[i].kind == rec->kind && t->bulk[i].op == c->op &&
		    t->bulk[i].by.pid == c->by->pid)
			return &t->bulk[i];
	if (t->bulk_cnt == MAX_BULKS)
		text_bulks(t, rec->ts_ns, true);
	t->bulk[t->bulk_cnt] = (struct bulk){
		.kind = rec->kind,
		.op = c->op,
		.by = *c->by,
		.first_ns = rec->ts_ns,
	};
	return &t->bulk[t->bulk_cnt++];
}

void text_change(struct text *t, const struct record *rec)
{
	struct change c = change_of(rec);
	struct bulk *b;

	text_bulks(t, rec->ts_ns, false);
	b = bulk_find(t, &c, rec);
	if (b->shown == BULK_SHOWN) {
		b->more++;
		return;
	}
	b->shown++;
	print_change(t, &c, rec);
}

static const char *loss_meaning(enum loss_what what)
{
	switch (what) {
	case LOSS_RING:
		return "events lost, the ring was full: packets may be missing here";
	case LOSS_WITHHELD:
		return "events withheld to spare the node: counted, not shown";
	case LOSS_NETLINK:
		return "gaps in the messages about routes: the state is read anew";
	case LOSS_MAP:
		return "entries lost, a table was full";
	case LOSS_ATTACHMENT:
		return "gaps in the attachment to a device: its packets were not seen";
	case LOSS_CLOCK:
		return "steps of the clock: wall times may be off";
	case LOSS_BIRD:
		return "rounds of BIRD without an answer: what it would have told is missing";
	}
	return "events lost";
}

void text_loss(struct text *t, const struct record *rec)
{
	char buf[PREFIX_STRLEN];
	struct line l;

	line_init(&l);
	line_time(t, &l, rec->ts_ns);
	line_pad(&l, COL_NOUN);
	line_paint(&l, PAINT_BOLD, "loss");
	line_pad(&l, COL_CHANGE);
	line_add(&l, "%s: %llu %s", loss_name(rec->loss->what),
		 (unsigned long long)rec->loss->count, loss_meaning(rec->loss->what));
	if (addr_is_set(&rec->loss->block.addr))
		line_add(&l, " (%s%s%s)",
			 rec->loss->verdict == V_NONE ? "" : verdict_name(rec->loss->verdict),
			 rec->loss->verdict == V_NONE ? "" : ", ",
			 prefix_str(&rec->loss->block, buf));
	line_emit(t, &l);
}
