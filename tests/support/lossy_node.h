/* SPDX-License-Identifier: GPL-2.0-only */
/* A node whose netfilter drops what its first pod asks, while the filters' counters are read. */
#ifndef CALITRACE_TEST_LOSSY_NODE_H
#define CALITRACE_TEST_LOSSY_NODE_H

#include "feed.h"

struct node {
	struct feed f;
	uint32_t us;	      /* now: each step below takes its time */
	uint16_t id;	      /* of the next query of lose_some() */
	const char *location; /* where the kernel drops */
	uint64_t last_ns;     /* end of the last reading of counters */
	struct obs_pkt lost;  /* the last one */
};

static inline void open_node(struct node *n, const struct plan *p, const char *location)
{
	*n = (struct node){ .us = 5 * US_PER_S, .id = 1, .location = location };
	feed_open(&n->f, p, NULL);
	feed_node(&n->f, POOL_IPIP, 0);
}

static inline void settle(struct node *n)
{
	feed_ticks(&n->f, n->us, n->us + 500 * MS);
	n->us += 550 * MS;
}

static inline void close_node(struct node *n)
{
	feed_close(&n->f, n->us + US_PER_S);
}

/* To a pod of the peer, on its way into the tunnel */
static inline struct obs_pkt query(const struct node *n, uint16_t id)
{
	const struct plan *p = n->f.plan;
	struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, (uint16_t)(40000 + id), id);

	q = with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0);
	q.flags |= EV_F_DST | EV_F_DST_INPUT;
	q.iif = IF_CALI1;
	return q;
}

static inline void lose(struct node *n, struct obs_pkt q)
{
	n->lost = q;
	feed_drop(&n->f, n->us, IF_CALI1, "NETFILTER_DROP", n->location, q);
	feed_ticks(&n->f, n->us + 50 * MS, n->us + 150 * MS);
	n->us += 200 * MS;
}

static inline void lose_some(struct node *n, int cnt)
{
	while (cnt--) {
		lose(n, query(n, n->id));
		n->id++;
	}
}

/* A reading of the counters that took a millisecond, of what moved since the one before */
static inline void look(struct node *n, const struct obs_nfrule *r, size_t cnt)
{
	struct obs o = { .kind = OBS_NFLOOK };

	feed_begin(&n->f, n->us, SOURCE_NFRULES);
	o.nflook.since_ns = n->last_ns;
	o.nflook.from_ns = FEED_T0 + (uint64_t)n->us * NS_PER_US;
	o.nflook.to_ns = n->last_ns = o.nflook.from_ns + NS_PER_MS;
	o.nflook.nft_rules = 40;
	for (size_t i = 0; i < cnt; i++)
		o.nflook.legacy_rules += r[i].backend == NFB_LEGACY;
	feed_obs(&n->f, n->us, &o);
	for (size_t i = 0; i < cnt; i++) {
		o.kind = OBS_NFRULE;
		o.nfrule = r[i];
		feed_obs(&n->f, n->us, &o);
	}
	feed_end(&n->f, n->us, SOURCE_NFRULES, SOURCE_OK);
	feed_ticks(&n->f, n->us + 10 * MS, n->us + 110 * MS);
	n->us += 150 * MS;
}

/* Of the first finding */
static inline void assert_cause(const struct node *n, enum cause c, enum confidence conf)
{
	const struct finding *x = finding_at(&n->f, 1);

	assert_string_equal(cause_name(x->cause), cause_name(c));
	if (c == C_UNKNOWN)
		return;
	assert_string_equal(confidence_name(chain_has(x, c)->confidence), confidence_name(conf));
}

#endif
