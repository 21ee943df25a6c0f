// SPDX-License-Identifier: GPL-2.0-only
/* The first lines and the last ones: what is traced, and what came of it. */
#include <string.h>

#include "render_text.h"

#define INDENT 12
/* Names of devices and the like: this many bytes of them, then how many more there are */
#define LIST_LEN 320

static void list_str(const char *const *items, const char *sep, char *out, size_t size)
{
	size_t len = 0, left;

	out[0] = '\0';
	for (; *items && len + strlen(*items) + 24 < size; items++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? sep : "", *items);
	for (left = 0; items[left];)
		left++;
	if (left)
		snprintf(out + len, size - len, " … and %zu more", left);
}

/* "10.253.0.0/16 ipip (ipset, mode from routes)" */
static void pool_str(const struct pool *p, char *out, size_t size)
{
	char cidr[PREFIX_STRLEN];
	const char *from = p->from == FROM_GUESS ? "A GUESS" : pool_from_name(p->from);
	const char *mode = pool_mode_name(p->mode);

	prefix_str(&p->cidr, cidr);
	if (p->mode == POOL_UNKNOWN)
		snprintf(out, size, "%s mode unknown (%s)", cidr, from);
	else if (p->mode_from == p->from)
		snprintf(out, size, "%s %s (%s)", cidr, mode, from);
	else
		snprintf(out, size, "%s %s (%s, mode %s%s)", cidr, mode, from,
			 p->mode_from == FROM_GUESS ? "" : "from ",
			 p->mode_from == FROM_GUESS ? "A GUESS" : pool_from_name(p->mode_from));
}

static void print_pools(struct text *t, const struct obs_pools *pools)
{
	size_t cnt = pools && pools->cnt < MAX_POOLS ? pools->cnt : pools ? MAX_POOLS : 0, i;
	char words[640] = "none known: nothing can be judged, give --pool CIDR=MODE", one[128];
	size_t len = 0;

	for (i = 0; i < cnt && len + sizeof(one) < sizeof(words); i++) {
		pool_str(&pools->pool[i], one, sizeof(one));
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", len ? ", " : "",
					one);
	}
	if (cnt > i)
		snprintf(words + len, sizeof(words) - len, " … and %zu more", cnt - i);
	text_wrap(t, INDENT, "pools:", words);
}

void text_start(struct text *t, const struct start_info *info)
{
	char words[LIST_LEN];
	struct line l;

	if (t->r.opts.quiet)
		return;
	line_init(&l);
	line_paint(&l, PAINT_BOLD, "calitrace %s on %s", info->version ? info->version : "?",
		   info->node ? info->node : t->r.opts.node);
	line_add(&l, ", kernel %s", info->kernel ? info->kernel : "?");
	line_emit(t, &l);
	print_pools(t, info->pools);
	if (info->ifaces && info->ifaces[0]) {
		list_str(info->ifaces, " ", words, sizeof(words));
		text_wrap(t, INDENT, "interfaces:", words);
	}
	if (info->missing && info->missing[0]) {
		list_str(info->missing, ", ", words, sizeof(words));
		text_wrap(t, INDENT, "missing:", words);
	}
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_summary_head(struct text *t, const struct summary *s)
{
	char buf[DURATION_LEN];
	struct line l;

	line_init(&l);
	line_paint(&l, PAINT_BOLD, "SUMMARY");
	if (s->snapshot) {
		line_add(&l, "  the node's state alone: no packets were traced");
		line_emit(t, &l);
		return;
	}
	line_add(&l, "  %s, %llu packet%s seen, %llu problem%s",
		 duration_str(s->duration_ns / NS_PER_US, buf), (unsigned long long)s->seen,
		 plural(s->seen), (unsigned long long)s->problems, plural(s->problems));
	if (s->have_status)
		line_add(&l, ", the program's status is %d", s->command_status);
	line_emit(t, &l);
}

static void print_verdicts(struct text *t, const struct summary *s)
{
	enum verdict v;

	for (v = V_NONE + 1; v < V_MAX; v++) {
		struct line l;

		if (!s->verdicts[v])
			continue;
		line_init(&l);
		line_add(&l, "  ");
		line_paint(&l, verdict_is_problem(v) ? PAINT_RED : PAINT_NONE, "%-15s",
			   verdict_name(v));
		line_add(&l, "%10llu", (unsigned long long)s->verdicts[v]);
		line_emit(t, &l);
	}
}

static void add_rcodes(struct line *l, const struct app_stats *a)
{
	char buf[WORD_LEN];
	bool bad = false;
	uint8_t i;

	for (i = 1; i < RCODE_MAX; i++)
		bad |= a->rcode[i] != 0;
	for (i = 0; bad && i < RCODE_MAX; i++)
		if (a->rcode[i])
			line_add(l, "  %s %llu", dns_rcode_name(i, buf),
				 (unsigned long long)a->rcode[i]);
}

static void print_apps(struct text *t, const struct summary *s)
{
	char p50[DURATION_LEN], p99[DURATION_LEN];
	bool first = true;
	struct line l;
	enum app i;

	line_init(&l);
	for (i = APP_NONE + 1; i < APP_MAX; i++) {
		const struct app_stats *a = &s->apps[i];

		if (!a->sent && !a->answered && !a->late && !a->unanswered)
			continue;
		if (first) {
			line_add(&l, "  %-5s%10s%10s%10s%12s%12s%12s", "app", "sent", "answered",
				 "late", "unanswered", "p50", "p99");
			line_emit(t, &l);
		}
		first = false;
		line_add(&l, "  %-5s%10llu%10llu%10llu%12llu%12s%12s", app_name(i),
			 (unsigned long long)a->sent, (unsigned long long)a->answered,
			 (unsigned long long)a->late, (unsigned long long)a->unanswered,
			 a->answered ? duration_str(a->p50_us, p50) : "-",
			 a->answered ? duration_str(a->p99_us, p99) : "-");
		add_rcodes(&l, a);
		line_emit(t, &l);
	}
}

static void print_findings(struct text *t)
{
	struct line l;
	size_t i;

	line_init(&l);
	for (i = 0; i < t->finding_cap; i++) {
		const struct finding *f = t->finding[i] ? &t->finding[i]->now : NULL;

		if (!f)
			continue;
		line_add(&l, "  finding %u  ", f->id);
		line_paint(&l, f->recovered ? PAINT_GREEN : PAINT_RED, "%s",
			   f->recovered ? "recovered" : "open");
		line_pad(&l, 24);
		finding_line(&l, f);
		line_add(&l, "  %llu packet%s", (unsigned long long)f->packets, plural(f->packets));
		line_emit(t, &l);
	}
}

static void print_losses(struct text *t, const struct summary *s)
{
	bool lossy = s->lost || s->withheld, first = true;
	struct line l;
	size_t i;

	line_init(&l);
	line_paint(&l, lossy ? PAINT_BOLD : PAINT_NONE, "  %llu lost, %llu withheld",
		   (unsigned long long)s->lost, (unsigned long long)s->withheld);
	for (i = 0; i < ARRAY_SIZE(t->losses); i++) {
		if (!t->losses[i])
			continue;
		line_add(&l, "%s%s %llu", first ? " (" : ", ", loss_name((enum loss_what)i),
			 (unsigned long long)t->losses[i]);
		first = false;
	}
	if (!first)
		line_add(&l, ")");
	line_emit(t, &l);
}

static bool anything_lost(const struct text *t, const struct summary *s)
{
	bool lost = s->lost || s->withheld;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t->losses); i++)
		lost |= t->losses[i] != 0;
	return lost;
}

static void print_result(struct text *t, const struct summary *s)
{
	struct line l;

	line_init(&l);
	if (s->open_cnt)
		line_paint(&l, PAINT_RED, "  PROBLEM: %u of %u findings still open", s->open_cnt,
			   s->finding_cnt);
	else if (s->problems)
		line_paint(&l, PAINT_RED, "  PROBLEM: %llu packet%s had problems%s",
			   (unsigned long long)s->problems, plural(s->problems),
			   s->finding_cnt ? "; what was found has recovered" : "");
	else if (s->check_cnt)
		line_paint(&l, PAINT_RED, "  PROBLEM: %s: %s",
			   s->snapshot ? "checks fail" : "no packet had one, but checks fail",
			   s->checks);
	else if (s->finding_cnt)
		line_paint(&l, PAINT_GREEN, "  %u finding%s, all recovered", s->finding_cnt,
			   plural(s->finding_cnt));
	else if (!s->seen && !s->snapshot)
		line_paint(&l, PAINT_BOLD,
			   "  CANNOT SAY: no matching packet passed, so nothing is "
			   "known about the paths");
	else if (anything_lost(t, s))
		line_paint(&l, PAINT_BOLD,
			   "  CANNOT SAY: no problem seen, but not everything was "
			   "seen");
	else if (s->open_check_cnt)
		line_paint(&l, PAINT_BOLD, "  CANNOT SAY: no problem seen, but not settled: %s",
			   s->open_checks);
	else
		line_paint(&l, PAINT_GREEN, "  no problem seen%s",
			   s->snapshot ? " in the node's state" : "");
	line_emit(t, &l);
}

void text_summary(struct text *t, const struct summary *s, uint64_t ts_ns)
{
	text_folds(t, ts_ns, true);
	text_bulks(t, ts_ns, true);
	text_findings(t, ts_ns, true);
	print_summary_head(t, s);
	print_verdicts(t, s);
	print_apps(t, s);
	print_findings(t);
	print_losses(t, s);
	print_result(t, s);
}
