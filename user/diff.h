/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two digests, compared: what was broken and is well, what is broken, what nobody can say. Pure.
 *
 * It errs on the safe side: "cured" needs every missing route back, every configured session
 * Established, and an answered exchange for each block and app that was broken.
 */
#ifndef CALITRACE_DIFF_H
#define CALITRACE_DIFF_H

#include "digest.h"

enum diff_what {
	DIFF_ROUTE,
	DIFF_PEER,
	DIFF_ADDRESS,
	DIFF_LINK,
	DIFF_FLOW,
	DIFF_FINDING, /* findings, and the audit's checks as "check/NAME" */
	DIFF_WHAT_MAX
};
enum diff_state {
	DIFF_FIXED,
	DIFF_STILL_BROKEN,
	DIFF_NEW, /* AFTER differs, and BEFORE was not broken there: came, went, or changed */
	DIFF_UNCHANGED,
	DIFF_NOT_OBSERVED,
	DIFF_STATE_MAX
};
enum diff_verdict {
	DIFF_HEALTHY,
	DIFF_CURED,
	DIFF_NOT_CURED,
	DIFF_CANNOT_SAY
};
/* Words of the contract */
const char *diff_what_name(enum diff_what w);
const char *diff_state_name(enum diff_state s);
const char *diff_verdict_name(enum diff_verdict v);

/* What there is on one side: of the kind of the change, NULL where there is nothing. Borrowed. */
struct diff_side {
	const struct digest_route *route;
	const struct view_peer *peer;
	const struct digest_addr *addr;
	const struct digest_link *link;
	const struct digest_flow *flow;
	const struct finding *finding;
	const struct check *check;
};

#define DIFF_KEY_LEN 176
#define DIFF_NOTE_LEN 160
struct diff_change {
	enum diff_what what;
	enum diff_state state;
	bool wrong;	  /* something is wrong in AFTER */
	bool doubt;	  /* it keeps one from saying that all is well */
	bool was_wrong;	  /* something was wrong in BEFORE */
	const char *node; /* borrowed */
	char key[DIFF_KEY_LEN];
	struct diff_side before, after;
	struct addr owner; /* of a route to a block: the node that has it; family 0: not told */
	char note[DIFF_NOTE_LEN]; /* "" or in a few words why */
};

/* Why nobody can say that all is well; in the order in which they are told */
enum diff_doubt {
	DOUBT_RESTART,	/* a graceful restart runs */
	DOUBT_FOREIGN,	/* AFTER is another program's */
	DOUBT_ORDER,	/* AFTER is the older one */
	DOUBT_EXERCISE, /* what was broken was not tried again */
	DOUBT_TRAFFIC,	/* AFTER has no answered exchange */
	DOUBT_SESSION,	/* which sessions there should be is not known */
	DOUBT_ROUTE,	/* a block is announced no more */
	DOUBT_CHECK,	/* a check that is needed says nothing */
	DOUBT_LOSS,
	DOUBT_GAP,   /* a file of the run is not given */
	DOUBT_NODE,  /* a node is on one side only */
	DOUBT_LISTS, /* more than is kept */
	DOUBT_MAX
};
struct diff_reason {
	uint32_t cnt;
	char text[DIFF_NOTE_LEN + DIFF_KEY_LEN]; /* the first one's */
};

struct diff {
	const struct digest *before, *after; /* borrowed */
	struct diff_change *change;
	uint32_t cnt;
	bool oom;
	struct diff_reason doubt[DOUBT_MAX];
	/* of changes that are wrong, were wrong, are doubtful */
	uint32_t wrong[DIFF_WHAT_MAX], fixed[DIFF_WHAT_MAX], was_wrong, doubtful;
	uint32_t only_after;	   /* nodes that BEFORE does not have */
	char newcomer[NODE_LEN];   /* the first of them */
	uint64_t answered;	   /* in AFTER */
	uint32_t routes, sessions; /* in AFTER: to blocks; Established */
	bool cut;		   /* one of the files */
	enum diff_verdict verdict;
	int exit_status; /* 0, 1, 2, 3 as in the contract */
	char head[600];	 /* one sentence */
	char next[300];	 /* what to do, "" nothing */
};

/* Borrows both digests, which must outlive out. 0 or -ENOMEM; free with diff__free() either way. */
int diff__run(const struct digest *before, const struct digest *after, struct diff *out);
void diff__free(struct diff *d);

#endif
