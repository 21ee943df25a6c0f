// SPDX-License-Identifier: GPL-2.0-only
/* The short words of `live --top`: times, counts, and lines of a few columns. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "top_page.h"
#include "util.h"

#define MINUTE 60

const char *top_clock(const struct top_model *m, uint64_t ns, char buf[TOP_WORD_LEN])
{
	time_t clock = (time_t)((int64_t)(ns + (uint64_t)m->wall_offset_ns) / (int64_t)NS_PER_S);
	struct tm tm;

	snprintf(buf, TOP_WORD_LEN, "?");
	if (localtime_r(&clock, &tm))
		strftime(buf, TOP_WORD_LEN, "%H:%M:%S", &tm);
	return buf;
}

const char *top_span(uint64_t ns, char buf[TOP_WORD_LEN])
{
	uint64_t s = ns / NS_PER_S;

	if (s < 60)
		snprintf(buf, TOP_WORD_LEN, "%u s", (unsigned int)s);
	else if (s < 3600)
		snprintf(buf, TOP_WORD_LEN, "%u min %u s", (unsigned int)(s / 60),
			 (unsigned int)(s % 60));
	else
		snprintf(buf, TOP_WORD_LEN, "%llu h %u min", (unsigned long long)(s / 3600),
			 (unsigned int)(s % 3600 / 60));
	return buf;
}

const char *top_count(uint64_t n, char buf[TOP_WORD_LEN])
{
	static const char units[] = "kMGTPE";
	double v = (double)n;
	int u = -1;

	if (n < 1000000) {
		snprintf(buf, TOP_WORD_LEN, "%llu", (unsigned long long)n);
		return buf;
	}
	while (v >= 1000) {
		v /= 1000;
		u++;
	}
	snprintf(buf, TOP_WORD_LEN, "%.*f%c", v < 10 ? 2 : v < 100 ? 1 : 0, v, units[u]);
	return buf;
}

void top_finding_head(const struct finding *f, char *buf, size_t size)
{
	char block[PREFIX_STRLEN], blocks[PREFIX_STRLEN + 16] = "", dev[DEV_LEN + 8] = "";

	if (f->block_cnt == 1)
		snprintf(blocks, sizeof(blocks), "  %s", prefix_str(&f->block[0], block));
	else if (f->block_cnt)
		snprintf(blocks, sizeof(blocks), "  %u blocks", f->block_cnt);
	if (f->dev[0])
		snprintf(dev, sizeof(dev), "  by %s", f->dev);
	snprintf(buf, size, "%s%s%s  cause %s",
		 f->verdict == V_NONE ? "without traffic" : verdict_name(f->verdict), blocks, dev,
		 cause_name(f->cause));
}

const char *top_block(const struct top_row *r, char buf[PREFIX_STRLEN])
{
	if (r->others)
		return "other blocks";
	return addr_is_set(&r->block.addr) ? prefix_str(&r->block, buf) : "in no pool";
}

void top_apps(const uint64_t *apps, char *buf, size_t size)
{
	size_t len = 0;
	char n[TOP_WORD_LEN];

	buf[0] = '\0';
	for (int a = APP_NONE + 1; a < APP_MAX; a++)
		if (apps[a] && len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s %s", len ? " " : "",
						app_name(a), top_count(apps[a], n));
}

static const char *end_str(const struct addr *a, const char *pod, bool numeric,
			   char buf[ADDR_STRLEN])
{
	if (pod[0] && !numeric)
		return pod;
	return addr_is_set(a) ? addr_str(a, buf) : "?";
}

void top_ends(const struct top_row *r, bool numeric, char *buf, size_t size)
{
	char src[ADDR_STRLEN], dst[ADDR_STRLEN];

	buf[0] = '\0';
	if (r->last_ns)
		snprintf(buf, size, "%s -> %s", end_str(&r->src, r->src_pod, numeric, src),
			 end_str(&r->dst, r->dst_pod, numeric, dst));
}

/* Packets of the cell's seconds; the newest cell ends with the second that runs. */
static uint64_t spark_cell(const struct top_row *r, uint64_t now_ns, int cell, int per)
{
	uint64_t sum = 0;

	for (int i = 0; i < per; i++)
		if (cell * per + i < MINUTE)
			sum += top_row__at(r, now_ns, (uint32_t)(cell * per + i));
	return sum;
}

void top_spark(const struct top_row *r, uint64_t now_ns, int cols, bool blocks, char *buf,
	       size_t size)
{
	static const char *const fine[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const coarse[] = { " ", ".", ":", "-", "=", "+", "*", "%", "#" };
	int per = (MINUTE + cols - 1) / (cols > 0 ? cols : 1), cells = MINUTE / (per ? per : 1);
	uint64_t max = 0, v;
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < cells; i++) {
		v = spark_cell(r, now_ns, i, per);
		max = v > max ? v : max;
	}
	for (int i = cells; i-- > 0;) {
		v = spark_cell(r, now_ns, i, per);
		v = v ? 1 + v * 7 / max : 0;
		if (len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s",
						(blocks ? fine : coarse)[v]);
	}
}
