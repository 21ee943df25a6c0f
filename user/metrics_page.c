// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page: https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4), OpenMetrics 1.0.0.
 * They differ in the names of counters' and infos' families, and in the end. Labels are the same in
 * both, numbers in them included, so that series do not change with the scraper.
 */
#include "metrics_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "engine_count.h"
#include "engine_view.h"
#include "util.h"

const char *const metrics_session[SESSIONS] = {
	/* the states of RFC 4271 are there even if no session has them */
	"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established",
	/* BIRD's and TCP's */
	"Passive", "Close", "Down", "down", "start", "stop", "refused", "reset", "timeout",
	"closed-after-accept", "closed", "connecting", "none", [SESSION_OTHER] = "other"
};
#define SESSIONS_ALWAYS 6
#define SESSION_NONE (SESSION_OTHER - 1)

struct page {
	FILE *out;
	bool open; /* OpenMetrics */
};

enum kind {
	COUNTER,
	GAUGE,
	HISTOGRAM,
	INFO
};

/* name is that of the samples */
static void family(const struct page *p, enum kind kind, const char *name, const char *help)
{
	static const char *const types[] = { "counter", "gauge", "histogram", "info" };
	const char *suffix = kind == COUNTER ? "_total" : kind == INFO ? "_info" : "";
	int len = (int)(strlen(name) - (p->open ? strlen(suffix) : 0));
	const char *type = kind == INFO && !p->open ? "gauge" : types[kind];

	fprintf(p->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help, len, name, type);
}

/* Quotes, backslashes and ends of lines are the formats' own, and what no terminal should see is \xNN. */
static void label(const struct page *p, const char *name, const char *value, const char *after)
{
	char clean[2 * NODE_LEN];

	text_clean(clean, sizeof(clean), value);
	fprintf(p->out, "%s=\"", name);
	for (const char *c = clean; *c; c++) {
		if (*c == '\\' || *c == '"')
			fputc('\\', p->out);
		fputc(*c, p->out);
	}
	fprintf(p->out, "\"%s", after);
}

static void build_info(const struct page *p, const struct metrics_about *a)
{
	family(p, INFO, "calitrace_build_info", "Version of calitrace, kernel and node; always 1");
	fputs("calitrace_build_info{", p->out);
	label(p, "version", a->version, ",");
	label(p, "kernel", a->kernel, ",");
	label(p, "node", a->node, "} 1\n");
}

static const char *block_label(const struct series *s, char buf[PREFIX_STRLEN])
{
	if (s->of == OF_BLOCK)
		return prefix_str(&s->block, buf);
	return s->of == OF_NONE ? "none" : "other";
}

static void packets(const struct page *p, const struct metrics *m)
{
	char block[PREFIX_STRLEN];

	family(p, COUNTER, "calitrace_packets_total",
	       "Packets by what happened to them on this node, by the block that they were for "
	       "(none: in no pool, other: beyond the limit of series)");
	for (uint32_t i = 0; i < m->cnt; i++)
		fprintf(p->out,
			"calitrace_packets_total{verdict=\"%s\",app=\"%s\",block=\"%s\"} %" PRIu64
			"\n",
			verdict_name(m->series[i].verdict), app_name(m->series[i].app),
			block_label(&m->series[i], block), m->series[i].shown);
}

static void findings(const struct page *p, struct metrics *m, const struct engine *e)
{
	uint64_t cnt[C_MAX][2] = { { 0 } };
	const struct finding *f;

	for (uint32_t id = 1; (f = engine__finding(e, id)); id++) {
		if (f->cause < C_UNKNOWN || f->cause >= C_MAX || !f->rev)
			continue;
		m->cause_seen[f->cause] = true;
		cnt[f->cause][f->recovered]++;
	}
	family(p, GAUGE, "calitrace_findings",
	       "Problems since the start, by their root as it is known now: open, recovered");
	for (int c = 0; c < C_MAX; c++)
		for (int r = 0; r < 2 && m->cause_seen[c]; r++)
			fprintf(p->out,
				"calitrace_findings{cause=\"%s\",state=\"%s\"} %" PRIu64 "\n",
				cause_name(c), r ? "recovered" : "open", cnt[c][r]);
}

static void routes(const struct page *p, const struct engine *e)
{
	family(p, GAUGE, "calitrace_routes_missing",
	       "Other nodes and blocks that no route leads to, as 'calitrace check' finds them");
	fprintf(p->out, "calitrace_routes_missing %u\n", engine__routes_missing(e));
}

static void take_peer(void *ctx, const struct view_peer *peer)
{
	const char *word = peer->state[0] ? peer->state : metrics_session[SESSION_NONE];
	uint64_t *cnt = ctx;
	int i = 0;

	while (i < SESSION_OTHER && strcmp(word, metrics_session[i]))
		i++;
	cnt[i]++;
}

static void sessions(const struct page *p, struct metrics *m, const struct engine *e)
{
	uint64_t cnt[SESSIONS] = { 0 };

	engine__each_peer(e, take_peer, cnt);
	family(p, GAUGE, "calitrace_bgp_sessions",
	       "BGP neighbours of this node by the state of their session, in BIRD's words, or "
	       "TCP's where BIRD is not asked");
	for (int i = 0; i < SESSIONS; i++) {
		m->session_seen[i] |= cnt[i] || i < SESSIONS_ALWAYS;
		if (m->session_seen[i])
			fprintf(p->out, "calitrace_bgp_sessions{state=\"%s\"} %" PRIu64 "\n",
				metrics_session[i], cnt[i]);
	}
}

/* 2500 -> "0.0025", 1000000 -> "1.0": OpenMetrics wants its canonical form in le */
static const char *seconds(uint32_t us, char buf[24])
{
	size_t len;

	snprintf(buf, 24, "%u.%06u", us / 1000000, us % 1000000);
	for (len = strlen(buf); buf[len - 1] == '0' && buf[len - 2] != '.'; len--)
		buf[len - 1] = '\0';
	return buf;
}

static void histogram(const struct page *p, const char *app, const struct replies *r)
{
	uint64_t sum = 0;
	char buf[24];

	for (int i = 0; i < BOUNDS; i++) {
		sum += r->bucket[i];
		fprintf(p->out,
			"calitrace_reply_seconds_bucket{app=\"%s\",le=\"%s\"} %" PRIu64 "\n", app,
			seconds(metrics_bounds[i], buf), sum);
	}
	sum += r->bucket[BOUNDS];
	fprintf(p->out, "calitrace_reply_seconds_bucket{app=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", app,
		sum);
	fprintf(p->out, "calitrace_reply_seconds_sum{app=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n", app,
		r->sum_us / 1000000, r->sum_us % 1000000);
	fprintf(p->out, "calitrace_reply_seconds_count{app=\"%s\"} %" PRIu64 "\n", app, sum);
}

static void replies(const struct page *p, const struct metrics *m)
{
	family(p, HISTOGRAM, "calitrace_reply_seconds",
	       "From a request to its reply, both as this node saw them first, late ones included");
	if (p->open)
		fputs("# UNIT calitrace_reply_seconds seconds\n", p->out);
	for (int a = APP_NONE + 1; a < APP_MAX; a++)
		histogram(p, app_name(a), &m->replies[a]);
}

static void single(const struct page *p, const char *name, const char *help, uint64_t *most,
		   uint64_t now)
{
	if (now > *most)
		*most = now;
	family(p, COUNTER, name, help);
	fprintf(p->out, "%s %" PRIu64 "\n", name, *most);
}

static void write_page(struct page *p, struct metrics *m, const struct engine *e,
		       const struct metrics_about *about)
{
	struct summary sum;

	engine__summary(e, 0, &sum);
	build_info(p, about);
	packets(p, m);
	findings(p, m, e);
	routes(p, e);
	sessions(p, m, e);
	replies(p, m);
	single(p, "calitrace_events_lost_total",
	       "Events that got lost on their way from the kernel: what is told may be incomplete",
	       &m->lost, sum.lost);
	single(p, "calitrace_events_withheld_total",
	       "Events withheld to spare the node: counted, not looked at", &m->withheld,
	       sum.withheld);
	if (p->open)
		fputs("# EOF\n", p->out);
}

int metrics__page(struct metrics *m, const struct engine *e, const struct metrics_about *about,
		  enum metrics_format format, char **ret, size_t *len)
{
	struct page p = { .open = format == METRICS_OPENMETRICS };
	char *text = NULL;
	bool failed;

	p.out = open_memstream(&text, len);
	if (!p.out)
		return -ENOMEM;
	write_page(&p, m, e, about);
	failed = ferror(p.out);
	if (fclose(p.out) || failed) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}
