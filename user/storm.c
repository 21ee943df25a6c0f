// SPDX-License-Identifier: GPL-2.0-only
#include "storm.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../bpf/events.h"
#include "addr.h"
#include "judge_words.h"
#include "rtnum.h"
#include "util.h"

#define KINDS 2 /* EV_LOST_PATH, EV_LOST_DROP */
#define LEVEL_MAX 15
/* Rates and our own load are looked at over this time at least */
#define WINDOW_NS (100 * NS_PER_MS)
#define TELL_NS NS_PER_S
/* A level is left when the rate has allowed it for so long */
#define CALM_NS (2 * NS_PER_S)
/* What is always read, records a second; more while it costs no more than LOAD_PERCENT of a CPU */
#define RATE_MIN 65536
#define RATE_MAX 196608 /* fewer than the tokens of one CPU */
#define LOAD_PERCENT 25
/* Rows that are told by themselves at a time; the rest of them in one */
#define ROWS_TOLD 8
/* A record's price is known from so many on; before, it is guessed */
#define MANY 1000
#define COST_PS 1000000
/* Windows in a row that are over a limit before less is asked for: the tokens bridge them */
#define OVER_MAX 2

_Static_assert(EV_LOST_PATH == 0 && EV_LOST_DROP == 1, "kinds");

struct row {
	struct ev_held key;
	uint64_t total, told;
};

struct kind {
	uint64_t seen, withheld; /* since the window began */
	uint32_t level, over;	 /* over: windows in a row */
	uint64_t calm_ns;	 /* since when a lower level would do; 0: it would not */
};

struct storm {
	struct loader *loader;
	struct symbols *sym;
	struct kind kind[KINDS];
	uint64_t window_ns, cpu_ns, cost_ps, told_ns, total, cut;
	bool torn; /* exchanges were, and that was not told */
	struct row *row;
	size_t row_cnt;
};

/* ---- how much to ask for ---- */

uint32_t storm_level(uint64_t rate, uint64_t limit)
{
	uint32_t level = 0;

	while (level < LEVEL_MAX && rate >> level > limit)
		level++;
	return level;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/*
 * Records a second of which the reading costs LOAD_PERCENT of a CPU. What else we do in a window
 * (a new round of the routes, the kernel's symbols) is spread over the next ones.
 */
static uint64_t rate_limit(struct storm *s, uint64_t seen, uint64_t cpu)
{
	uint64_t limit;

	if (seen >= MANY)
		s->cost_ps = (3 * s->cost_ps + cpu * 1000 / seen) / 4;
	limit = NS_PER_S / 100 * LOAD_PERCENT * 1000 / (s->cost_ps + 1);
	return limit < RATE_MIN ? RATE_MIN : limit > RATE_MAX ? RATE_MAX : limit;
}

/* A storm of one kind leaves the other its due. */
static void share(uint64_t limit, const uint64_t rate[KINDS], uint64_t out[KINDS])
{
	for (int i = 0; i < KINDS; i++)
		out[i] = limit - (rate[1 - i] < limit / 2 ? rate[1 - i] : limit / 2);
}

static void set_level(struct storm *s, uint32_t kind, uint32_t level)
{
	struct kind *k = &s->kind[kind];

	/* what was asked before may find its answer withheld */
	if (level > k->level)
		s->torn = true;
	k->level = level;
	k->over = 0;
	k->calm_ns = 0;
	loader__shed(s->loader, kind, level);
}

static void adapt(struct storm *s, uint32_t kind, uint64_t rate, uint64_t limit, uint64_t now_ns)
{
	uint32_t level = storm_level(rate, limit);
	struct kind *k = &s->kind[kind];

	if (level != k->level)
		log_debug("storm: kind %u, %llu records/s, %llu allowed: level %u after %u", kind,
			  (unsigned long long)rate, (unsigned long long)limit, level, k->level);
	k->over = level > k->level ? k->over + 1 : 0;
	if (k->over) {
		if (k->over >= OVER_MAX)
			set_level(s, kind, level);
	} else if (level == k->level) {
		k->calm_ns = 0;
	} else if (!k->calm_ns) {
		k->calm_ns = now_ns;
	} else if (now_ns > k->calm_ns + CALM_NS) {
		set_level(s, kind, k->level - 1);
	}
}

static void close_window(struct storm *s, uint64_t now_ns)
{
	uint64_t span = now_ns - s->window_ns, cpu = cpu_ns(), rate[KINDS], limit[KINDS], seen = 0;

	for (int i = 0; i < KINDS; i++) {
		struct kind *k = &s->kind[i];

		rate[i] = (k->seen + k->withheld) * NS_PER_S / span;
		seen += k->seen;
		k->seen = k->withheld = 0;
	}
	share(rate_limit(s, seen, cpu - s->cpu_ns), rate, limit);
	for (uint32_t i = 0; i < KINDS; i++)
		adapt(s, i, rate[i], limit[i], now_ns);
	s->window_ns = now_ns;
	s->cpu_ns = cpu;
}

/* ---- what was withheld ---- */

enum verdict storm_verdict(const char *reason, uint16_t dst_error, uint8_t dst_type)
{
	enum verdict v = judge_reason(reason);

	if (v != V_OTHER)
		return v;
	/* said of a device that does not forward, too */
	if (dst_error == EHOSTUNREACH && dst_type && dst_type != RTN_UNREACHABLE)
		return V_OTHER;
	v = judge_errno(dst_error);
	return v == V_NONE ? V_OTHER : v;
}

static struct row *find_row(struct storm *s, const struct ev_held *key)
{
	for (size_t i = 0; i < s->row_cnt; i++)
		if (!memcmp(&s->row[i].key, key, sizeof(*key)))
			return &s->row[i];
	if (s->row_cnt == EV_HELD_MAX)
		return NULL;
	s->row[s->row_cnt].key = *key;
	return &s->row[s->row_cnt++];
}

/* Reads the rows again, and counts what is new of each kind. */
static void read_rows(struct storm *s)
{
	struct ev_held key, *after = NULL, last;
	uint64_t sum;

	/* a row that could not be read anew is read the next time */
	for (size_t n = 0; n < EV_HELD_MAX && !loader__held_next(s->loader, after, &key, &sum);
	     n++) {
		struct row *r = find_row(s, &key);

		last = key;
		after = &last;
		if (!r || sum < r->total)
			continue;
		if (key.kind < KINDS)
			s->kind[key.kind].withheld += sum - r->total;
		r->total = sum;
	}
}

static void tell(const struct storm *s, const struct row *r, uint64_t count, uint64_t now_ns,
		 obs_fn fn, void *ctx)
{
	struct obs o = { .kind = OBS_LOSS, .ts_ns = now_ns };
	struct addr block;

	o.loss.what = LOSS_WITHHELD;
	o.loss.count = count;
	o.loss.torn = s->torn;
	if (r) {
		addr_set4(&block, r->key.block);
		o.loss.block = prefix_of(&block, 26);
		if (r->key.kind == EV_LOST_DROP)
			o.loss.verdict = storm_verdict(symbols__reason(s->sym, r->key.reason),
						       r->key.dst_error, r->key.dst_type);
	}
	fn(ctx, &o);
}

/* The row with most that is new, NULL: none has any */
static struct row *most_new(struct storm *s)
{
	struct row *best = NULL;

	for (size_t i = 0; i < s->row_cnt; i++) {
		struct row *r = &s->row[i];

		if (r->total > r->told && (!best || r->total - r->told > best->total - best->told))
			best = r;
	}
	return best;
}

/* Each record that was withheld is told once: in its row, or in what is left of the sum. */
static void tell_rows(struct storm *s, uint64_t total, uint64_t now_ns, obs_fn fn, void *ctx)
{
	uint64_t left = total - s->total, n;
	struct row *r;

	for (int i = 0; i < ROWS_TOLD && left && (r = most_new(s)); i++) {
		n = r->total - r->told;
		n = n < left ? n : left;
		tell(s, r, n, now_ns, fn, ctx);
		r->told += n;
		left -= n;
	}
	if (left)
		tell(s, NULL, left, now_ns, fn, ctx);
	for (size_t i = 0; left && i < s->row_cnt; i++)
		s->row[i].told = s->row[i].total;
	s->total = total;
	s->torn = false;
	s->told_ns = now_ns;
}

void storm__turn(struct storm *s, uint64_t now_ns, bool all, obs_fn fn, void *ctx)
{
	uint64_t cut, total;
	bool window = now_ns >= s->window_ns + WINDOW_NS;

	if (!window && !all)
		return;
	total = loader__withheld(s->loader, &cut);
	s->torn = s->torn || cut > s->cut;
	s->cut = cut;
	/* the counters first: what is counted between the two readings is told the next time */
	if (total > s->total)
		read_rows(s);
	close_window(s, now_ns);
	if (total > s->total && (all || now_ns >= s->told_ns + TELL_NS))
		tell_rows(s, total, now_ns, fn, ctx);
}

void storm__seen(struct storm *s, const void *data, size_t len)
{
	const struct ev_hdr *h = data;

	if (len >= sizeof(*h) && h->kind == EV_PATH)
		s->kind[EV_LOST_PATH].seen++;
	else if (len >= sizeof(*h) && h->kind == EV_DROP)
		s->kind[EV_LOST_DROP].seen++;
}

/* ---- life ---- */

int storm__new(struct loader *l, struct symbols *sym, struct storm **ret)
{
	struct storm *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->row = calloc(EV_HELD_MAX, sizeof(*s->row));
	if (!s->row) {
		free(s);
		return -ENOMEM;
	}
	s->loader = l;
	s->sym = sym;
	s->window_ns = mono_ns();
	s->cpu_ns = cpu_ns();
	s->cost_ps = COST_PS;
	*ret = s;
	return 0;
}

void storm__free(struct storm *s)
{
	if (!s)
		return;
	free(s->row);
	free(s);
}
