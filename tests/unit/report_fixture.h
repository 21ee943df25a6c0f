/* SPDX-License-Identifier: GPL-2.0-only */
/* A report that is fed from memory, its page, and a checker of what HTML has to be. */
#ifndef TEST_REPORT_FIXTURE_H
#define TEST_REPORT_FIXTURE_H

#include "feed.h"

#include <stdlib.h>

#include "html.h"
#include "report_priv.h"

/* 2020-04-10T02:04:22Z when the feed begins */
#define REPORT_OFFSET ((int64_t)(1586484262ull - 1000) * (int64_t)NS_PER_S)

struct fed {
	struct report *report;
	struct replay_ops ops;
	struct replay_node rn;
	struct cap_meta meta;
	struct engine *engine;
};

static inline void fed_record(void *ctx, const struct record *rec)
{
	struct fed *f = ctx;

	if (f->rn.ready)
		f->ops.record(f->ops.ctx, &f->rn, rec);
}

static inline void fed_open(struct fed *f, const char *node, const struct engine_opts *opts)
{
	struct engine_opts eo = *opts;

	*f = (struct fed){ 0 };
	snprintf(f->meta.node, sizeof(f->meta.node), "%s", node);
	snprintf(f->meta.kernel, sizeof(f->meta.kernel), "6.1.0");
	snprintf(f->meta.version, sizeof(f->meta.version), "test");
	eo.emit = fed_record;
	eo.emit_ctx = f;
	assert_int_equal(engine__new(&eo, &f->engine), 0);
	assert_int_equal(report__new("a.pcapng", &f->report), 0);
	f->ops = report__ops(f->report);
	f->rn = (struct replay_node){ .name = f->meta.node,
				      .path = "a.pcapng",
				      .meta = &f->meta,
				      .engine = f->engine,
				      .wall_offset_ns = REPORT_OFFSET,
				      .command_status = -1 };
	f->ops.node(f->ops.ctx, &f->rn);
}

static inline void fed_obs(struct fed *f, const struct obs *o)
{
	engine__feed(f->engine, o);
	f->ops.obs(f->ops.ctx, &f->rn, o, NULL);
}

static inline void fed_ready(struct fed *f, uint64_t ts_ns)
{
	static const char *const probes[] = { "path", "drop", NULL };
	static const char *const missing[] = { "fexit", NULL };
	struct cap_ready ready = { .ts_ns = ts_ns, .probes = probes, .missing = missing };

	f->rn.ready = true;
	f->ops.ready(f->ops.ctx, &f->rn, &ready);
}

static inline void fed_finish(struct fed *f, uint64_t ts_ns)
{
	struct cap_item end = { .kind = CAP_END, .end = { .reason = "signal" } };

	engine__finish(f->engine, ts_ns);
	f->rn.finished = true;
	f->ops.finish(f->ops.ctx, &f->rn, ts_ns);
	f->ops.item(f->ops.ctx, &f->rn, &end);
}

/* What the feed has noted, from its snapshot on, up to us */
static inline void fed_replay(struct fed *f, const struct feed *from, uint32_t us)
{
	for (size_t i = 0; i < from->log_cnt; i++) {
		if (!f->rn.ready && from->log[i].ts_ns > FEED_T0)
			fed_ready(f, FEED_T0);
		fed_obs(f, &from->log[i]);
	}
	if (!f->rn.ready)
		fed_ready(f, FEED_T0);
	fed_finish(f, FEED_T0 + (uint64_t)us * NS_PER_US);
}

static inline void fed_close(struct fed *f)
{
	report__free(f->report);
	engine__free(f->engine);
}

/* The page; freed by the caller */
static inline char *fed_page(const struct fed *before, const struct fed *after,
			     const struct diff *diff, size_t *len)
{
	struct report_page page = { .before = before->report,
				    .after = after ? after->report : NULL,
				    .diff = diff,
				    .version = "test" };
	char *text;
	FILE *out = open_memstream(&text, len);

	assert_non_null(out);
	report__write(&page, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* ---- is it HTML? ---- */

#define TAG_LEN 24
#define TAGS_DEEP 64

static inline bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == ':' || c == '_';
}

/* An entity that we write: none else is to be there */
static inline bool is_entity(const char *p)
{
	static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncmp(p, known[i], strlen(known[i])))
			return true;
	return p[1] == '#' && p[2] >= '0' && p[2] <= '9';
}

/* name="value" ...; p is behind the tag's name. Returns the place of '>' or '/', NULL: ill-formed */
static inline const char *skip_attributes(const char *p)
{
	for (;;) {
		p += strspn(p, " \n\t");
		if (*p == '>' || *p == '/')
			return p;
		if (!is_name(*p))
			return NULL;
		while (is_name(*p))
			p++;
		if (p[0] != '=' || p[1] != '"')
			return NULL;
		for (p += 2; *p != '"'; p++)
			if (!*p || *p == '<' || (*p == '&' && !is_entity(p)))
				return NULL;
		p++;
	}
}

/* NULL, or the place where the page is not well-formed */
static inline const char *ill_formed(const char *text)
{
	char open[TAGS_DEEP][TAG_LEN];
	int depth = 0;

	if (strncmp(text, "<!DOCTYPE html>\n", 16) != 0)
		return text;
	for (const char *p = text + 15; *p; p++) {
		const char *at = p;
		size_t n = 0;
		bool end;

		if (*p == '&' && !is_entity(p))
			return p;
		if (*p == '>' || (unsigned char)*p == 0x7f ||
		    ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t'))
			return p;
		if (*p != '<')
			continue;
		end = p[1] == '/';
		p += 1 + end;
		while (is_name(p[n]))
			n++;
		if (!n || n >= TAG_LEN)
			return at;
		if (end) {
			if (p[n] != '>' || !depth || strlen(open[depth - 1]) != n ||
			    strncmp(open[depth - 1], p, n) != 0)
				return at;
			depth--;
			p += n;
			continue;
		}
		if (depth == TAGS_DEEP)
			return at;
		memcpy(open[depth], p, n);
		open[depth][n] = '\0';
		p = skip_attributes(p + n);
		if (!p)
			return at;
		if (*p == '/') {
			if (p[1] != '>')
				return at;
			p++;
			continue;
		}
		/* the style is no markup */
		if (!strcmp(open[depth], "style")) {
			p = strstr(p, "</style>");
			if (!p)
				return at;
			p += strlen("</style>") - 1;
			continue;
		}
		depth++;
	}
	return depth ? text + strlen(text) : NULL;
}

static inline size_t count_of(const char *text, const char *word)
{
	size_t cnt = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		cnt++;
	return cnt;
}

/* Each id once, and each that is pointed at is there */
static inline void check_ids(const char *text)
{
	char word[64];

	for (const char *p = text; (p = strstr(p, " id=\"")); p += 5) {
		size_t n = strcspn(p + 5, "\"");

		assert_true(n > 0 && n < sizeof(word) - 8);
		snprintf(word, sizeof(word), " id=\"%.*s\"", (int)n, p + 5);
		if (count_of(text, word) != 1)
			fail_msg("%zu times%s", count_of(text, word), word);
	}
	for (const char *p = text; (p = strstr(p, "aria-labelledby=\"")); p++) {
		const char *q = p + strlen("aria-labelledby=\"");
		size_t n = strcspn(q, " \"");

		snprintf(word, sizeof(word), " id=\"%.*s\"", (int)n, q);
		if (!strstr(text, word))
			fail_msg("nothing has%s", word);
	}
	for (const char *p = text; (p = strstr(p, "href=\"")); p++) {
		size_t n = strcspn(p + 7, "\"");

		assert_int_equal(p[6], '#');
		snprintf(word, sizeof(word), " id=\"%.*s\"", (int)n, p + 7);
		if (!strstr(text, word))
			fail_msg("nothing has%s", word);
	}
}

/* All that holds for each page */
static inline void check_page(const char *text, size_t len)
{
	const char *bad = ill_formed(text);

	if (bad)
		fail_msg("not well-formed at %zu: %.80s", (size_t)(bad - text), bad);
	assert_int_equal(strlen(text), len);
	assert_true(len <= 5 * 1024 * 1024);
	/* nothing is fetched, nothing runs */
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "@import"));
	assert_null(strstr(text, " src="));
	assert_null(strstr(text, " style="));
	assert_int_equal(count_of(text, "<h1"), 1);
	assert_int_equal(count_of(text, "<main"), 1);
	assert_int_equal(count_of(text, "<table>"), count_of(text, "<caption>"));
	assert_int_equal(count_of(text, "role=\"img\""), count_of(text, "<desc id="));
	check_ids(text);
}

#endif
