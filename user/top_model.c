// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets are told again when their verdict changes, so the rows remember which one the latest
 * packets are in. A row is found by a hash of block and verdict; none is ever removed.
 */
#include "top_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "event_tell.h"
#include "hmap.h"
#include "util.h"

#define SLOTS (4 * TOP_ROWS)
#define SEEN_CNT 16384
#define NO_ROW 0xffff

/* The row that a packet is counted in, by id modulo the size */
struct seen {
	uint64_t id, sec;
	uint16_t row;
};

struct top_index {
	uint16_t slot[SLOTS]; /* open addressing */
	struct seen seen[SEEN_CNT];
};

int top_model__new(uint64_t start_ns, int64_t wall_offset_ns, struct top_model **ret)
{
	struct top_model *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->index = calloc(1, sizeof(*m->index));
	if (!m->index) {
		free(m);
		return -ENOMEM;
	}
	memset(m->index->slot, 0xff, sizeof(m->index->slot));
	m->start_ns = m->now_ns = start_ns;
	m->wall_offset_ns = wall_offset_ns;
	*ret = m;
	return 0;
}

void top_model__free(struct top_model *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < TOP_FINDINGS; i++)
		free(m->finding[i]);
	free(m->index);
	free(m);
}

int top_model__copy(const struct top_model *m, struct top_model **ret)
{
	struct top_model *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = *m;
	memset(c->finding, 0, sizeof(c->finding));
	c->index = malloc(sizeof(*c->index));
	if (!c->index)
		goto fail;
	*c->index = *m->index;
	for (uint32_t i = 0; i < TOP_FINDINGS; i++) {
		if (!m->finding[i])
			continue;
		c->finding[i] = malloc(sizeof(*c->finding[i]));
		if (!c->finding[i])
			goto fail;
		*c->finding[i] = *m->finding[i];
	}
	*ret = c;
	return 0;
fail:
	top_model__free(c);
	return -ENOMEM;
}

/* ---- rows ---- */

static uint64_t row_hash(const struct prefix *block, enum verdict v)
{
	const uint8_t key[2] = { block->len, (uint8_t)v };

	return hash_bytes(block->addr.b, sizeof(block->addr.b), hash_bytes(key, sizeof(key), 0));
}

static bool row_is(const struct top_row *r, const struct prefix *block, enum verdict v, bool others)
{
	return r->verdict == v && r->others == others &&
	       (others || (r->block.len == block->len && addr_eq(&r->block.addr, &block->addr)));
}

static uint16_t row_of(struct top_model *m, const struct prefix *of, enum verdict v, bool others)
{
	static const struct prefix none;
	const struct prefix *block = others || !addr_is_set(&of->addr) ? &none : of;
	uint64_t at = row_hash(block, v);
	uint16_t *slot;

	for (slot = &m->index->slot[at % SLOTS]; *slot != NO_ROW;
	     slot = &m->index->slot[++at % SLOTS])
		if (row_is(&m->row[*slot], block, v, others))
			return *slot;
	if (!others && m->row_cnt >= TOP_ROWS - V_MAX)
		return row_of(m, of, v, true);
	m->row[m->row_cnt] = (struct top_row){ .block = *block, .others = others, .verdict = v };
	*slot = (uint16_t)m->row_cnt++;
	return *slot;
}

/* What left the window is zero again. */
static void advance(struct top_row *r, uint64_t sec)
{
	if (sec <= r->sec)
		return;
	if (sec - r->sec >= TOP_SECONDS)
		memset(r->hist, 0, sizeof(r->hist));
	else
		for (uint64_t s = r->sec + 1; s <= sec; s++)
			r->hist[s % TOP_SECONDS] = 0;
	r->sec = sec;
}

static bool in_window(const struct top_row *r, uint64_t sec)
{
	return sec <= r->sec && r->sec - sec < TOP_SECONDS;
}

static void count(struct top_row *r, uint64_t sec)
{
	advance(r, sec);
	if (in_window(r, sec))
		r->hist[sec % TOP_SECONDS]++;
	r->packets++;
}

static void uncount(struct top_row *r, uint64_t sec)
{
	if (r->packets)
		r->packets--;
	if (in_window(r, sec) && r->hist[sec % TOP_SECONDS])
		r->hist[sec % TOP_SECONDS]--;
}

static void describe(struct top_row *r, const struct packet *p)
{
	if (p->finding)
		r->finding = p->finding;
	if (p->ts_ns < r->last_ns)
		return;
	r->last_ns = p->ts_ns;
	r->src = p->src;
	r->dst = p->dst;
	memcpy(r->dev, p->dev, sizeof(r->dev));
	memcpy(r->src_pod, p->src_pod, sizeof(r->src_pod));
	memcpy(r->dst_pod, p->dst_pod, sizeof(r->dst_pod));
}

/* Told again: another verdict, or an answer that came late. */
static void forget(struct top_model *m, const struct packet *p)
{
	const struct seen *s = &m->index->seen[p->id % SEEN_CNT];
	struct top_row *r = &m->row[s->row];

	if (s->id != p->id)
		return;
	uncount(r, s->sec);
	if (p->app < APP_MAX && r->apps[p->app])
		r->apps[p->app]--;
	if (m->packets)
		m->packets--;
	if (verdict_is_problem(r->verdict) && m->problems)
		m->problems--;
}

static void on_packet(struct top_model *m, const struct packet *p)
{
	struct seen *s = &m->index->seen[p->id % SEEN_CNT];
	struct top_row *r;

	if (p->verdict == V_NONE || p->verdict >= V_MAX)
		return;
	/* too long ago to know where it was counted: it was, and counts once */
	if (p->rev > 1 && s->id != p->id)
		return;
	if (p->rev > 1)
		forget(m, p);
	s->id = p->id;
	s->sec = p->ts_ns / NS_PER_S;
	s->row = row_of(m, &p->block, p->verdict, false);
	r = &m->row[s->row];
	count(r, s->sec);
	if (p->app < APP_MAX)
		r->apps[p->app]++;
	describe(r, p);
	m->packets++;
	m->problems += verdict_is_problem(p->verdict);
	m->silence_ns = 0;
}

uint32_t top_row__at(const struct top_row *r, uint64_t now_ns, uint32_t ago)
{
	uint64_t sec = now_ns / NS_PER_S;

	if (ago > sec || !in_window(r, sec - ago))
		return 0;
	return r->hist[(sec - ago) % TOP_SECONDS];
}

uint64_t top_row__recent(const struct top_row *r, uint64_t now_ns, uint32_t seconds)
{
	uint64_t sum = 0;

	for (uint32_t ago = 1; ago <= seconds; ago++)
		sum += top_row__at(r, now_ns, ago);
	return sum;
}

/* ---- the rest ---- */

static void on_finding(struct top_model *m, const struct finding *f)
{
	struct finding **slot;

	if (!f->id || f->id > TOP_FINDINGS) {
		m->finding_more += f->rev <= 1;
		return;
	}
	slot = &m->finding[f->id - 1];
	if (!*slot) {
		*slot = malloc(sizeof(**slot));
		if (!*slot) {
			m->finding_more += f->rev <= 1;
			return;
		}
	}
	**slot = *f;
	if (m->finding_cnt < f->id)
		m->finding_cnt = f->id;
}

static void on_loss(struct top_model *m, const struct obs_loss *l)
{
	if (l->what != LOSS_WITHHELD) {
		m->lost += l->count;
		return;
	}
	m->withheld += l->count;
	if (l->verdict != V_NONE && l->verdict < V_MAX)
		m->row[row_of(m, &l->block, l->verdict, false)].withheld += l->count;
}

/* A peer that refuses us does so each second: the same words are kept once, with how often. */
static struct top_change *change_of(struct top_model *m, const char *text)
{
	uint32_t kept = m->change_cnt < TOP_CHANGES ? m->change_cnt : TOP_CHANGES;
	struct top_change *c;

	for (uint32_t i = 0; i < kept; i++)
		if (!strcmp(m->change[i].text, text))
			return &m->change[i];
	c = &m->change[m->change_cnt++ % TOP_CHANGES];
	*c = (struct top_change){ 0 };
	snprintf(c->text, sizeof(c->text), "%s", text);
	return c;
}

static void on_change(struct top_model *m, const struct record *rec)
{
	static const char *const nouns[] = {
		[REC_ROUTE] = "route", [REC_LINK] = "link", [REC_ADDR] = "addr",
		[REC_NEIGH] = "neigh", [REC_BGP] = "bgp",   [REC_BIRD] = "bird",
	};
	char said[TOP_CHANGE_LEN - 8], text[TOP_CHANGE_LEN];
	struct top_change *c;

	event_tell(rec, said, sizeof(said));
	if (!said[0])
		return;
	snprintf(text, sizeof(text), "%-6s %s", nouns[rec->kind], said);
	c = change_of(m, text);
	c->times++;
	c->ts_ns = rec->ts_ns;
}

void top_model__record(struct top_model *m, const struct record *rec)
{
	switch (rec->kind) {
	case REC_PACKET:
		on_packet(m, rec->packet);
		return;
	case REC_FINDING:
		on_finding(m, rec->finding);
		return;
	case REC_LOSS:
		on_loss(m, rec->loss);
		return;
	case REC_SILENCE:
		m->silence_ns = rec->silence_ns;
		return;
	case REC_ROUTE:
	case REC_LINK:
	case REC_ADDR:
	case REC_NEIGH:
	case REC_BGP:
	case REC_BIRD:
		on_change(m, rec);
		return;
	case REC_CHECK:
	case REC_CLOCK:
		return;
	}
}

void top_model__tick(struct top_model *m, uint64_t now_ns)
{
	if (now_ns > m->now_ns)
		m->now_ns = now_ns;
}

void top_model__checks_begin(struct top_model *m)
{
	m->check_cnt = 0;
}

void top_model__check(struct top_model *m, const struct check *c)
{
	if (m->check_cnt < TOP_CHECKS)
		m->check[m->check_cnt++] = *c;
}

void top_model__message(struct top_model *m, const char *line)
{
	snprintf(m->message, sizeof(m->message), "%s", line);
	m->message_ns = m->now_ns;
}

uint32_t top_model__bad_checks(const struct top_model *m, uint32_t *worst)
{
	uint32_t bad = 0;

	*worst = 0;
	for (uint32_t i = 0; i < m->check_cnt; i++) {
		bad += m->check[i].state == CHECK_PROBLEM || m->check[i].state == CHECK_WARN;
		*worst += m->check[i].state == CHECK_PROBLEM;
	}
	return bad;
}

uint32_t top_model__open(const struct top_model *m, uint32_t *recovered)
{
	uint32_t open = 0;

	*recovered = 0;
	for (uint32_t i = 0; i < m->finding_cnt; i++) {
		open += m->finding[i] && !m->finding[i]->recovered;
		*recovered += m->finding[i] && m->finding[i]->recovered;
	}
	return open;
}
