// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes that only another node's capture can prove: what became there of requests that got no reply
 * here. The sentences name the node, so they are made, not taken from a table.
 */
#include "cause_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "util.h"

static bool is_fate(const struct facts *x, enum elsewhere_what what)
{
	return x->there && x->there->what == what;
}

bool cause_return_proven(const struct facts *x)
{
	return is_fate(x, ELSEWHERE_REPLY) && x->there->no_route;
}

static bool row_allowlist_there(const struct facts *x)
{
	return is_fate(x, ELSEWHERE_LOST) && x->there->verdict == V_ALLOWLIST;
}

/* It was lost on the other node, which found out why. */
static bool row_cause_there(const struct facts *x)
{
	return (is_fate(x, ELSEWHERE_LOST) || is_fate(x, ELSEWHERE_REPLY)) &&
	       !row_allowlist_there(x) && !cause_return_proven(x);
}

static bool row_between(const struct facts *x)
{
	return is_fate(x, ELSEWHERE_ABSENT) || is_fate(x, ELSEWHERE_REPLY_OUT);
}

static bool row_silent(const struct facts *x)
{
	return is_fate(x, ELSEWHERE_SILENT);
}

static void explain(const struct facts *x, const char *text)
{
	struct finding *f = &x->f->f;
	size_t n = strlen(f->explain);

	snprintf(f->explain + n, sizeof(f->explain) - n, " %s", text);
}

/* "of 3 of these requests": how many of them were found there */
static const char *how_many(const struct facts *x, char *buf, size_t sz)
{
	snprintf(buf, sz, "%u of these request%s", x->there_cnt, x->there_cnt == 1 ? "" : "s");
	return buf;
}

static void say_why(const struct facts *x)
{
	const struct obs_elsewhere *t = x->there;

	if (t->cause != C_UNKNOWN)
		evidence(x->f, "the finding on %s there names as its cause %s", t->node,
			 cause_name(t->cause));
	if (t->location[0] || t->reason[0])
		evidence(x->f, "dropped on %s%s%s%s%s", t->node, t->location[0] ? " in " : "",
			 t->location, t->reason[0] ? ", reason " : "", t->reason);
}

static void say_return(const struct facts *x, struct because *b)
{
	const struct obs_elsewhere *t = x->there;
	char text[256], block[PREFIX_STRLEN], gw[ADDR_STRLEN] = "", n[64];

	(void)b;
	prefix_str(&t->block, block);
	if (addr_is_set(&t->gw))
		addr_str(&t->gw, gw);
	snprintf(text, sizeof(text), "%s has no route to %s, the block of this node's pods.",
		 t->node, block);
	explain(x, text);
	evidence(x->f,
		 "the replies to %s left %s un-encapsulated by %s%s%s (%s): %s has no route to %s",
		 how_many(x, n, sizeof(n)), t->node, t->dev[0] ? t->dev : "?",
		 gw[0] ? " towards " : "", gw, verdict_name(t->verdict), t->node, block);
	say_why(x);
}

static void say_allowlist(const struct facts *x, struct because *b)
{
	const struct obs_elsewhere *t = x->there;
	char text[256], src[ADDR_STRLEN] = "this node", n[64];

	(void)b;
	if (addr_is_set(&t->outer_src))
		addr_str(&t->outer_src, src);
	snprintf(text, sizeof(text),
		 "%s drops this node's tunnel packets: %s is not on its list of nodes.", t->node,
		 src);
	explain(x, text);
	evidence(x->f, "the tunnel packets of %s came to %s from %s, and were dropped there on %s",
		 how_many(x, n, sizeof(n)), t->node, src, t->dev[0] ? t->dev : "?");
	say_why(x);
}

static void say_there(const struct facts *x, struct because *b)
{
	const struct obs_elsewhere *t = x->there;
	bool reply = t->what == ELSEWHERE_REPLY;
	char text[256], n[64];

	b->cause = t->cause;
	if (t->cause == C_UNKNOWN)
		b->confidence = CONF_UNCLEAR;
	snprintf(text, sizeof(text), "%s lost %s.", t->node, reply ? "the replies" : "them");
	explain(x, text);
	evidence(x->f, "%s%s: %s on %s, at %s", reply ? "the replies to " : "",
		 how_many(x, n, sizeof(n)), verdict_name(t->verdict), t->node,
		 t->dev[0] ? t->dev : "?");
	say_why(x);
}

static void say_between(const struct facts *x, struct because *b)
{
	const struct obs_elsewhere *t = x->there;
	char text[256], n[64];

	(void)b;
	how_many(x, n, sizeof(n));
	if (t->what == ELSEWHERE_ABSENT) {
		snprintf(text, sizeof(text), "They did not reach %s: lost between the nodes.",
			 t->node);
		evidence(x->f, "%s left this node for %s, whose capture has not seen %s", n,
			 t->node, x->there_cnt == 1 ? "it" : "them");
	} else {
		snprintf(text, sizeof(text),
			 "%s got them, and its replies did not reach this node: lost between the "
			 "nodes.",
			 t->node);
		evidence(x->f, "the replies to %s left %s by %s, and this node has not seen them",
			 n, t->node, t->dev[0] ? t->dev : "?");
	}
	explain(x, text);
}

static void say_silent(const struct facts *x, struct because *b)
{
	const struct obs_elsewhere *t = x->there;
	char text[256], n[64];

	(void)b;
	snprintf(text, sizeof(text), "%s handed them to their target, which did not answer.",
		 t->node);
	explain(x, text);
	evidence(x->f, "%s came to %s, %s handed over at %s there, and no reply was seen",
		 how_many(x, n, sizeof(n)), t->node, x->there_cnt == 1 ? "was" : "were",
		 t->dev[0] ? t->dev : "?");
}

const struct cause_row cause_there_rows[] = {
	{ C_RETURN_ROUTE_MISSING, cause_return_proven, NULL, CONF_CERTAIN, say_return, "",
	  "see there why the route is missing: calitrace check on that node, birdcl show route, and its "
	  "BGP session with this node" },
	{ C_PEER_NOT_IN_ALLOWLIST, row_allowlist_there, NULL, CONF_CERTAIN, say_allowlist, "",
	  "compare the address by which the cluster knows this node (calicoctl get node -o wide) with the "
	  "one that its tunnel packets come from" },
	{ C_UNKNOWN, row_cause_there, NULL, CONF_CERTAIN, say_there, "",
	  "see the findings of that node's capture: they tell why" },
	{ C_UNDERLAY_FILTERED, row_between, NULL, CONF_LIKELY, say_between, "",
	  "look for what drops tunnel packets (IP protocol 4, UDP 4789) between the two nodes" },
	{ C_UNKNOWN, row_silent, NULL, CONF_UNCLEAR, say_silent, "",
	  "look at the pod: whether it runs, listens, and may answer (its own network policy)" },
};
const size_t cause_there_row_cnt = ARRAY_SIZE(cause_there_rows);
