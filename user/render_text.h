/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text renderer's parts among themselves; for user/render_text*.c alone.
 *
 * Everything goes through struct line: whatever is added is made safe for a
 * terminal there, and no line leaves wider than LINE_COLS, or than a terminal that is wider than
 * that. Sentences and lists are wrapped at the width of a narrower one; lines of packets are not
 * cut there, as what stands last says most.
 */
#ifndef CALITRACE_RENDER_TEXT_H
#define CALITRACE_RENDER_TEXT_H

#include "addr.h"
#include "render_int.h"
#include "util.h"

#define LINE_COLS 119
#define LINE_COLS_MIN 50
#define LINE_COLS_MAX 250
#define DURATION_LEN 32

enum paint {
	PAINT_NONE,
	PAINT_RED,
	PAINT_GREEN,
	PAINT_DIM,
	PAINT_BOLD
};

struct line {
	char s[1024];
	size_t len, cols;
	enum paint paint;
	size_t paint_from, paint_to; /* bytes of s */
};

/* One problem that repeats. The first is printed, the others counted until the window ends. */
struct fold {
	uint64_t hash, first_ns, more;
	enum verdict verdict;
	enum app app;
	struct addr src, dst;
	char dev[DEV_LEN];
};
#define MAX_FOLDS 256
#define FOLD_NS (5 * NS_PER_S)

/* Changes of one sort by one task: the first few are printed, the others counted. */
struct bulk {
	enum record_kind kind;
	int op;
	struct actor by;
	uint64_t first_ns, shown, more;
};
#define MAX_BULKS 16
#define BULK_NS NS_PER_S
#define BULK_SHOWN 3

/* What became of a packet that was printed or counted, by id modulo the size */
struct memory {
	uint64_t id;
	enum verdict verdict;
	bool own_line; /* not folded away */
	bool late;
};
#define MEMORY_CNT 4096

/* A finding as it is, and what was printed of it */
struct shown_finding {
	struct finding now;
	bool seen, pending;
	uint64_t printed_ns;
	bool recovered;
	enum cause cause;
	uint8_t because_cnt;
	enum cause because[MAX_BECAUSE];
	uint32_t block_cnt;
};

/* What has been told of a BGP peer */
#define MAX_STORIES 1024
struct bgp_story {
	struct addr peer;
	enum {
		STORY_NONE,
		STORY_UP,
		STORY_DOWN
	} told;
	uint64_t since_ns; /* of a connection that is not told yet, 0: none */
};

struct text {
	struct render r;
	uint64_t now_ns; /* of the last tick or record: a packet may be told of long
					 * after it was seen */
	struct fold fold[MAX_FOLDS];
	size_t fold_cnt;
	uint64_t crowd, crowd_ns; /* problems beyond MAX_FOLDS */
	struct bulk bulk[MAX_BULKS];
	size_t bulk_cnt;
	struct bgp_story story[MAX_STORIES];
	size_t story_cnt;
	struct memory memory[MEMORY_CNT];
	struct shown_finding **finding; /* by id - 1; NULL: not seen */
	size_t finding_cap;
	uint64_t losses[LOSS_BIRD + 1];
	int64_t clock_s; /* the second that clock_text shows */
	char clock_text[16];
};

/* ---- render_text_line.c ---- */

void line_init(struct line *l);
/* Appends at most what s has room for, made safe. */
void line_add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends a blank and the text if it fits in the line; whether it did */
bool line_try(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* At least one blank, then up to that column */
void line_pad(struct line *l, size_t col);
void line_paint(struct line *l, enum paint paint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "02:04:22.123", local */
void line_time(struct text *t, struct line *l, uint64_t ns);
/* The day and the second: of what may be long ago, or before the boot */
void line_date(struct text *t, struct line *l, uint64_t ns);
void line_actor(struct line *l, const struct actor *by);
void line_emit(struct text *t, struct line *l);
/* Columns at which sentences and lists are wrapped */
size_t text_width(const struct text *t);
/* label, then words wrapped; further lines are indented to where the first one's words begin. */
void text_wrap(struct text *t, size_t indent, const char *label, const char *words);
/* The same after what stands in l, colour included */
void line_wrap(struct text *t, struct line *l, size_t indent, const char *words);

const char *duration_str(uint64_t us, char buf[DURATION_LEN]);
/* Cuts a text of ASCII to cols columns, "kubernetes.def…" */
void short_str(char *out, size_t size, size_t cols, const char *in);

/* ---- render_text_packet.c ---- */

void text_packet(struct text *t, const struct packet *p);
/* Prints what has been counted and whose window has ended; with all, every count. */
void text_folds(struct text *t, uint64_t now_ns, bool all);

/* ---- render_text_change.c ---- */

void text_change(struct text *t, const struct record *rec);
void text_bulks(struct text *t, uint64_t now_ns, bool all);
void text_loss(struct text *t, const struct record *rec);

/* ---- render_text_bgp.c ---- */

void text_bgp(struct text *t, const struct record *rec);
void text_bgp_tick(struct text *t, uint64_t now_ns);

/* ---- render_text_finding.c ---- */

void text_finding(struct text *t, const struct finding *f);
void text_findings(struct text *t, uint64_t now_ns, bool all);
/* "leaked  2 blocks  by eth0  cause bgp-down" */
void finding_line(struct line *l, const struct finding *f);

/* ---- render_text_check.c ---- */

void text_check(struct text *t, const struct check *c);
void text_clock(struct text *t, const struct record *rec);
/* The line below a packet's that tells its way over several nodes; nothing where one node saw it */
void text_journey(struct text *t, const struct packet *p);
void text_bird(struct text *t, const struct record *rec);

/* ---- render_text_summary.c ---- */

void text_start(struct text *t, const struct start_info *info);
void text_summary(struct text *t, const struct summary *s, uint64_t ts_ns);

#endif
