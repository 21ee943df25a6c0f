// SPDX-License-Identifier: GPL-2.0-only
/* What the table of `live --top` lists, in which order; and what keys do to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "top_ui.h"
#include "util.h"

/* Seconds that tell what goes on now */
#define LATELY 10

/* ---- the filter ---- */

static bool has_word(const char *text, const char *word, size_t len)
{
	for (; *text; text++)
		if (!strncasecmp(text, word, len))
			return true;
	return false;
}

static bool fits(const char *text, const char *filter)
{
	while (*filter) {
		size_t len = strcspn(filter, " ");

		if (len && !has_word(text, filter, len))
			return false;
		filter += len + (filter[len] != '\0');
	}
	return true;
}

struct words {
	char s[4096];
	size_t len;
};

static void add(struct words *w, const char *word)
{
	int n;

	if (!*word || w->len + 1 >= sizeof(w->s))
		return;
	n = snprintf(w->s + w->len, sizeof(w->s) - w->len, "%s ", word);
	w->len += n > 0 ? (size_t)n : 0;
	if (w->len >= sizeof(w->s))
		w->len = sizeof(w->s) - 1;
}

static void add_apps(struct words *w, const uint64_t *apps)
{
	for (int a = APP_NONE + 1; a < APP_MAX; a++)
		if (apps[a])
			add(w, app_name(a));
}

bool top_list__row_fits(const struct top_row *r, const char *filter)
{
	struct words w = { .len = 0 };
	char buf[PREFIX_STRLEN];

	if (!*filter)
		return true;
	if (addr_is_set(&r->block.addr))
		add(&w, prefix_str(&r->block, buf));
	add(&w, verdict_name(r->verdict));
	add(&w, r->dev);
	add_apps(&w, r->apps);
	add(&w, r->src_pod);
	add(&w, r->dst_pod);
	if (addr_is_set(&r->src))
		add(&w, addr_str(&r->src, buf));
	if (addr_is_set(&r->dst))
		add(&w, addr_str(&r->dst, buf));
	return fits(w.s, filter);
}

bool top_list__finding_fits(const struct finding *f, const char *filter)
{
	struct words w = { .len = 0 };
	char buf[PREFIX_STRLEN];

	if (!*filter)
		return true;
	add(&w, verdict_name(f->verdict));
	add(&w, f->recovered ? "recovered" : "open");
	add(&w, f->dev);
	add_apps(&w, f->apps);
	for (int i = 0; i < f->because_cnt && i < MAX_BECAUSE; i++)
		add(&w, cause_name(f->because[i].cause));
	add(&w, cause_name(f->cause));
	add(&w, f->explain);
	for (uint32_t i = 0; i < f->block_cnt && i < MAX_BLOCKS; i++)
		add(&w, prefix_str(&f->block[i], buf));
	for (uint32_t i = 0; i < f->peer_cnt && i < MAX_BLOCKS; i++) {
		add(&w, addr_str(&f->peer[i], buf));
		add(&w, f->peer_node[i]);
	}
	return fits(w.s, filter);
}

/* ---- the order ---- */

struct order {
	const struct top_model *m;
	enum top_sort sort;
	bool reverse;
};

static int cmp(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* In text, 10.2.0.0/16 would come after 10.10.0.0/16. What is in no pool comes last. */
static int cmp_block(const struct top_row *a, const struct top_row *b)
{
	int d = cmp(!addr_is_set(&a->block.addr) + 2u * a->others,
		    !addr_is_set(&b->block.addr) + 2u * b->others);

	if (!d)
		d = cmp(a->block.addr.family, b->block.addr.family);
	if (!d)
		d = memcmp(a->block.addr.b, b->block.addr.b, sizeof(a->block.addr.b));
	return d ? d : cmp(a->block.len, b->block.len);
}

static int cmp_trouble(const struct top_model *m, const struct top_row *a, const struct top_row *b)
{
	uint64_t now = m->now_ns;
	int d = cmp(verdict_is_problem(b->verdict), verdict_is_problem(a->verdict));

	/* what is over goes below what goes on; by totals, as lines that change places cannot be read */
	if (!d)
		d = cmp(top_row__recent(b, now, TOP_SECONDS - 4) > 0,
			top_row__recent(a, now, TOP_SECONDS - 4) > 0);
	return d ? d : cmp(b->packets + b->withheld, a->packets + a->withheld);
}

static int cmp_rows(const struct order *o, const struct top_row *a, const struct top_row *b)
{
	uint64_t now = o->m->now_ns;

	switch (o->sort) {
	case TOP_BY_BLOCK:
		return cmp_block(a, b);
	case TOP_BY_VERDICT:
		return strcmp(verdict_name(a->verdict), verdict_name(b->verdict));
	case TOP_BY_PACKETS:
		return cmp(b->packets, a->packets);
	case TOP_BY_RATE:
		return cmp(top_row__recent(b, now, LATELY), top_row__recent(a, now, LATELY));
	case TOP_BY_LAST:
		return cmp(b->last_ns / NS_PER_S, a->last_ns / NS_PER_S);
	default:
		return cmp_trouble(o->m, a, b);
	}
}

static int by_order(const void *pa, const void *pb, void *ctx)
{
	const struct order *o = ctx;
	const uint16_t *ia = pa, *ib = pb;
	const struct top_row *a = &o->m->row[*ia], *b = &o->m->row[*ib];
	int d = cmp_rows(o, a, b);

	if (d)
		return o->reverse ? -d : d;
	d = cmp_block(a, b);
	return d ? d : cmp(a->verdict, b->verdict);
}

/* Open ones in the order in which they came, then what has recovered, the latest first. */
static void list_findings(const struct top_model *m, const struct top_ui *ui, struct top_list *l)
{
	for (uint32_t i = 0; i < m->finding_cnt; i++) {
		const struct finding *f = m->finding[i];

		if (f && !f->recovered && top_list__finding_fits(f, ui->filter))
			l->finding[l->finding_cnt++] = f->id;
	}
	for (uint32_t i = m->finding_cnt; i > 0; i--) {
		const struct finding *f = m->finding[i - 1];

		if (f && f->recovered && top_list__finding_fits(f, ui->filter))
			l->finding[l->finding_cnt++] = f->id;
	}
}

void top_list__build(const struct top_model *m, const struct top_ui *ui, struct top_list *l)
{
	struct order o = { .m = m, .sort = ui->sort, .reverse = ui->reverse };

	l->finding_cnt = l->row_cnt = 0;
	list_findings(m, ui, l);
	for (uint32_t i = 0; i < m->row_cnt; i++) {
		const struct top_row *r = &m->row[i];

		if (ui->problems_only && !verdict_is_problem(r->verdict))
			continue;
		/* all its packets have got another verdict since */
		if (!r->packets && !r->withheld)
			continue;
		if (top_list__row_fits(r, ui->filter))
			l->row[l->row_cnt++] = (uint16_t)i;
	}
	qsort_r(l->row, l->row_cnt, sizeof(l->row[0]), by_order, &o);
}

const char *top_sort_name(enum top_sort s)
{
	static const char *const names[TOP_SORTS] = {
		[TOP_BY_TROUBLE] = "trouble first", [TOP_BY_BLOCK] = "block",
		[TOP_BY_VERDICT] = "verdict",	    [TOP_BY_PACKETS] = "packets",
		[TOP_BY_RATE] = "packets now",	    [TOP_BY_LAST] = "last seen",
	};

	return s < TOP_SORTS ? names[s] : "?";
}
