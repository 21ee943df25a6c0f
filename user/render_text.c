// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text renderer: lines to be read in a hurry at night. This file hands the
 * records to its parts:
 *
 *   render_text_line.c      lines: safe, narrow, coloured; the words of times
 *   render_text_packet.c    problems, folded when they repeat
 *   render_text_change.c    routes, links, addresses, neighbours, BGP, losses
 *   render_text_finding.c   findings and what is new about them
 *   render_text_summary.c   head and summary
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "render_text.h"

static struct text *text_of(struct render *r)
{
	return (struct text *)r; /* its first member */
}

static void print_silence(struct text *t, const struct record *rec)
{
	struct line l;

	line_init(&l);
	line_time(t, &l, rec->ts_ns);
	line_pad(&l, 13);
	line_add(&l,
		 "no matching packet in %u s: silence is not health (no traffic, or none that the "
		 "pools match)",
		 (unsigned int)(rec->silence_ns / NS_PER_S));
	line_emit(t, &l);
}

static void start(struct render *r, const struct start_info *info)
{
	text_start(text_of(r), info);
}

static void move_clock(struct text *t, uint64_t ns)
{
	if (ns > t->now_ns)
		t->now_ns = ns;
}

static void record(struct render *r, const struct record *rec)
{
	struct text *t = text_of(r);

	move_clock(t, rec->ts_ns);
	if (rec->kind == REC_LOSS && (size_t)rec->loss->what < ARRAY_SIZE(t->losses))
		t->losses[rec->loss->what] += rec->loss->count;
	if (r->opts.quiet && rec->kind != REC_FINDING &&
	    !(rec->kind == REC_CHECK && r->opts.checks))
		return;
	switch (rec->kind) {
	case REC_PACKET:
		return text_packet(t, rec->packet);
	case REC_FINDING:
		return text_finding(t, rec->finding);
	case REC_ROUTE:
	case REC_LINK:
	case REC_ADDR:
	case REC_NEIGH:
		return text_change(t, rec);
	case REC_BGP:
		return text_bgp(t, rec);
	case REC_LOSS:
		return text_loss(t, rec);
	case REC_CHECK:
		return text_check(t, rec->check);
	case REC_CLOCK:
		return text_clock(t, rec);
	case REC_BIRD:
		return text_bird(t, rec);
	case REC_SILENCE:
		return print_silence(t, rec);
	}
}

static void tick(struct render *r, uint64_t now_ns)
{
	struct text *t = text_of(r);

	move_clock(t, now_ns);
	text_folds(t, now_ns, false);
	text_bgp_tick(t, now_ns);
	text_bulks(t, now_ns, false);
	text_findings(t, now_ns, false);
}

static void summary(struct render *r, const struct summary *s, uint64_t ts_ns)
{
	text_summary(text_of(r), s, ts_ns);
}

static void text_free(struct render *r)
{
	struct text *t = text_of(r);
	size_t i;

	for (i = 0; i < t->finding_cap; i++)
		free(t->finding[i]);
	free(t->finding);
	free(t);
}

static const struct render_ops text_ops = {
	.start = start,
	.record = record,
	.tick = tick,
	.summary = summary,
	.free = text_free,
};

int render_text__new(const struct render_opts *opts, struct render **ret)
{
	struct text *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->r.ops = &text_ops;
	t->r.opts = *opts;
	tzset(); /* localtime_r() need not */
	*ret = &t->r;
	return 0;
}
