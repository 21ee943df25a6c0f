/* SPDX-License-Identifier: GPL-2.0-only */
/* What user/metrics.c and user/metrics_page.c share. */
#ifndef CALITRACE_METRICS_PRIV_H
#define CALITRACE_METRICS_PRIV_H

#include "hmap.h"
#include "metrics.h"

/* Whose packets a series counts: one block's, those in no pool, those of blocks that came too late */
enum series_of {
	OF_BLOCK,
	OF_NONE,
	OF_OTHER
};

struct series {
	struct hnode node;
	struct prefix block; /* of OF_BLOCK */
	uint8_t of, verdict, app;
	int64_t value;	/* now; may fall */
	uint64_t shown; /* the most that it ever was */
};

/* Upper bounds in microseconds; the last bucket has none */
extern const uint32_t metrics_bounds[];
#define BOUNDS 16

struct replies {
	uint64_t bucket[BOUNDS + 1], sum_us;
};

/* BIRD's words for a session and TCP's; others are told as "other" */
extern const char *const metrics_session[];
#define SESSIONS 20
#define SESSION_OTHER (SESSIONS - 1)

/* What is there besides packets: 4 single ones, two a cause, sessions, a histogram an app */
#define FIXED_SERIES (4 + 2 * C_MAX + SESSIONS + (APP_MAX - 1) * (BOUNDS + 3))
#define PACKET_SERIES (METRICS_SERIES_MAX - FIXED_SERIES)
/* Kept free for OF_NONE and OF_OTHER, which are never refused */
#define UNNAMED_SERIES (2 * V_MAX * APP_MAX)
#define NAMED_SERIES (PACKET_SERIES - UNNAMED_SERIES)

struct metrics {
	struct series series[PACKET_SERIES];
	uint32_t cnt, named, good;
	struct hmap by_what;
	struct replies replies[APP_MAX];
	bool cause_seen[C_MAX], session_seen[SESSIONS];
	uint64_t lost, withheld; /* the most that they ever were */
};

#endif
