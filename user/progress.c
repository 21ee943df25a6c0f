// SPDX-License-Identifier: GPL-2.0-only
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"

#define WAIT_NS NS_PER_S
#define EVERY_NS (100 * NS_PER_MS)
#define NAME_COLS 28
#define BAR_MAX 40

bool progress_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb");
}

void progress__begin(struct progress *p, const char *name, uint64_t total)
{
	*p = (struct progress){ .on = true, .name = name, .total = total, .start_ns = mono_ns() };
	p->drawn_ns = p->start_ns + WAIT_NS - EVERY_NS;
}

static bool has_blocks(void)
{
	const char *term = getenv("TERM"), *env = getenv("LC_ALL");

	if (!env || !*env)
		env = getenv("LC_CTYPE");
	if (!env || !*env)
		env = getenv("LANG");
	return env && (strcasestr(env, "utf-8") || strcasestr(env, "utf8")) && term &&
	       strncmp(term, "vt", 2);
}

/* "12.3 MB" */
static const char *size_str(uint64_t n, char buf[24])
{
	if (n < 1000000)
		snprintf(buf, 24, "%llu kB", (unsigned long long)(n / 1000));
	else if (n < 1000000000)
		snprintf(buf, 24, "%.1f MB", (double)n / 1e6);
	else
		snprintf(buf, 24, "%.2f GB", (double)n / 1e9);
	return buf;
}

static void add_bar(char *buf, uint32_t size, uint64_t done, uint64_t total, int cols, bool blocks)
{
	int full = (int)((double)cols * (double)done / (double)total);
	size_t len = strlen(buf);

	for (int i = 0; i < cols && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s",
					i < full ? (blocks ? "█" : "#") : (blocks ? "░" : "."));
}

void progress_line(const struct progress *p, uint64_t done, uint64_t spent_ns, int cols,
		   bool blocks, char *buf, uint32_t size)
{
	char name[4 * NAME_COLS + 1], a[24], b[24], end[96] = "";
	const char *base = strrchr(p->name, '/');
	uint64_t left_s;
	int bar;

	text_clean(name, sizeof(name), base && base[1] ? base + 1 : p->name);
	if (!p->total) {
		snprintf(buf, size, "%.*s read", cols > 14 ? cols - 1 : 0, size_str(done, a));
		return;
	}
	done = done < p->total ? done : p->total;
	left_s = done ? (uint64_t)((double)spent_ns * (double)(p->total - done) / (double)done) /
				 NS_PER_S :
			0;
	snprintf(end, sizeof(end), " %3u %%",
		 (unsigned int)(100.0 * (double)done / (double)p->total));
	if (cols >= 60)
		snprintf(end + strlen(end), sizeof(end) - strlen(end), " of %s, %llu s left",
			 size_str(p->total, b), (unsigned long long)left_s + 1);
	buf[0] = '\0';
	if (text_cols(name) <= NAME_COLS && (int)text_cols(name) + 40 < cols)
		snprintf(buf, size, "%s ", name);
	/* the last column stays empty: some terminals begin a new line behind it */
	bar = cols - 1 - (int)text_cols(buf) - (int)text_cols(end);
	bar = bar < BAR_MAX ? bar : BAR_MAX;
	add_bar(buf, size, done, p->total, bar, blocks);
	if (cols > (int)strlen(end))
		snprintf(buf + strlen(buf), size - strlen(buf), "%s", end);
}

/* In one piece; what a terminal does not take, it does not get. */
static void put(const char *s)
{
	(void)!write(STDERR_FILENO, s, strlen(s));
}

void progress__turn(struct progress *p, uint64_t done)
{
	uint64_t now = mono_ns();
	struct winsize ws = { 0 };
	char line[512], out[560];

	if (!p->on || now < p->drawn_ns + EVERY_NS)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) || !ws.ws_col)
		ws.ws_col = 80;
	progress_line(p, done, now - p->start_ns, ws.ws_col < 120 ? ws.ws_col : 120, has_blocks(),
		      line, sizeof(line));
	/* the cursor stays in front: whatever else is printed goes over it */
	snprintf(out, sizeof(out), "\r%s\x1b[K\r", line);
	put(out);
	p->drawn_ns = now;
	p->shown = true;
}

void progress__clear(struct progress *p)
{
	if (p->shown)
		put("\r\x1b[K");
	p->shown = false;
}
