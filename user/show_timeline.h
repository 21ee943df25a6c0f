/* SPDX-License-Identifier: GPL-2.0-only */
/* show --timeline among its two files: what is gathered (show_timeline.c), how it is printed. */
#ifndef CALITRACE_SHOW_TIMELINE_H
#define CALITRACE_SHOW_TIMELINE_H

#include "show.h"

#define EVENTS_MAX 100000
#define KNOWN_MAX 4096
#define EVENT_LEN 160

enum event_what {
	WHAT_ADDRESS,
	WHAT_LINK,
	WHAT_PROCESS,
	WHAT_CONFIG,
	WHAT_BGP,
	WHAT_ROUTE,
	WHAT_LOSS,
	WHAT_REPAIR, /* a route that a finding waited for */
	WHAT_ANSWER,
	WHAT_GAP,     /* events that were not seen */
	WHAT_NOTHING, /* was taken back */
	WHAT_MAX
};

struct event {
	int64_t wall_ns, last_wall_ns; /* last: of as many more like it */
	size_t seq;		       /* of equal times, the one told first */
	const char *source;
	enum event_what what;
	uint32_t node, finding; /* finding: id, 0: none */
	uint32_t more;
	bool rough;	   /* its source counts in seconds */
	uint8_t op;	   /* of a route */
	struct prefix dst; /* likewise */
	struct actor by;
	char text[EVENT_LEN];
};

/* What was told, so that the next round of a source tells only what is new */
struct known {
	enum event_what what;
	bool told;
	char state, name[BIRD_NAME_LEN], word[48];
	uint64_t since_ns, round;
	size_t connected, failed; /* of a BGP peer: its events, by index + 1; 0: none */
};

struct node_known {
	struct known *known;
	size_t cnt, cap;
	uint64_t round;
};

struct show_timeline {
	const struct show *s;
	struct event *event, spare; /* spare: what has no room goes there, and is forgotten */
	size_t cnt, cap;
	uint64_t left_out;
	struct node_known *known; /* by node */
};

#endif
