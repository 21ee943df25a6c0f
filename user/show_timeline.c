// SPDX-License-Identifier: GPL-2.0-only
/*
 * show --timeline: what happened on the nodes and to the packets, in the order of time, each line with
 * who says so. Some of it is older than the capture: the kernel knows when an address was given, BIRD
 * since when a session is in its state, /proc when a process began.
 */
#include "show_timeline.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "event_tell.h"
#include "util.h"

/* BIRD and /proc count in seconds or hundredths: the same moment is never told quite alike. */
#define SAME_NS (2 * NS_PER_S)

static struct event *add(struct show_timeline *t, const struct replay_node *n, uint64_t ts_ns,
			 enum event_what what, const char *source)
{
	struct event *e;

	if (!ts_ns || t->cnt == EVENTS_MAX) {
		t->left_out += ts_ns != 0;
		return &t->spare;
	}
	if (t->cnt == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;

		e = realloc(t->event, cap * sizeof(*e));
		if (!e) {
			t->left_out++;
			return &t->spare;
		}
		t->event = e;
		t->cap = cap;
	}
	e = &t->event[t->cnt];
	*e = (struct event){ .what = what, .source = source, .node = n->idx, .seq = t->cnt++ };
	e->wall_ns = (int64_t)(ts_ns + (uint64_t)n->wall_offset_ns);
	return e;
}

__attribute__((format(printf, 2, 3))) static void say(struct event *e, const char *fmt, ...)
{
	size_t len = strlen(e->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text + len, sizeof(e->text) - len, fmt, ap);
	va_end(ap);
}

static void describe(struct event *e, const struct record *rec)
{
	event_tell(rec, e->text, sizeof(e->text));
}

/* ---- what the node was like before ---- */

static bool is_same_time(uint64_t a, uint64_t b)
{
	return a < b ? b - a < SAME_NS : a - b < SAME_NS;
}

static struct known *find_known(struct node_known *k, enum event_what what, const char *name)
{
	struct known *n;

	for (size_t i = 0; i < k->cnt; i++)
		if (k->known[i].what == what && !strcmp(k->known[i].name, name))
			return &k->known[i];
	if (k->cnt == KNOWN_MAX)
		return NULL;
	if (k->cnt == k->cap) {
		n = realloc(k->known, (k->cap ? k->cap * 2 : 32) * sizeof(*n));
		if (!n)
			return NULL;
		k->known = n;
		k->cap = k->cap ? k->cap * 2 : 32;
	}
	n = &k->known[k->cnt++];
	*n = (struct known){ .what = what };
	snprintf(n->name, sizeof(n->name), "%s", name);
	return n;
}

static void on_addr(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	const struct obs_addr *a = &o->addr;
	char buf[PREFIX_STRLEN], name[BIRD_NAME_LEN];
	struct known *k;

	/* from then on changes are records */
	if (n->ready || a->del || !a->created_ns)
		return;
	snprintf(name, sizeof(name), "%s %u", prefix_str(&a->address, buf), a->ifindex);
	k = find_known(&t->known[n->idx], WHAT_ADDRESS, name);
	if (!k || k->told)
		return;
	k->told = true;
	say(add(t, n, a->created_ns, WHAT_ADDRESS, "kernel"), "%s given to %s", buf,
	    mirror__dev(engine__mirror(n->engine), a->ifindex));
}

static void on_proc(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	const struct obs_proc *p = &o->proc;
	char name[EVENT_PROC_LEN];
	struct known *k;

	event_tell_proc(p, name, sizeof(name));
	k = find_known(&t->known[n->idx], WHAT_PROCESS, name);
	if (!k)
		return;
	k->round = t->known[n->idx].round;
	if (k->told && is_same_time(k->since_ns, p->start_ns))
		return;
	k->told = true;
	k->since_ns = p->start_ns;
	say(add(t, n, p->start_ns, WHAT_PROCESS, "/proc"), "%s began", name);
}

/* A round of /proc: what it does not repeat has ended since the one before. */
static void on_source(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	struct node_known *k = &t->known[n->idx];

	if (o->source.id != SOURCE_PROC)
		return;
	if (o->source.begin) {
		k->round++;
		return;
	}
	for (size_t i = 0; o->source.state == SOURCE_OK && i < k->cnt; i++) {
		struct known *p = &k->known[i];

		if (p->what != WHAT_PROCESS || !p->told || p->round == k->round)
			continue;
		p->told = false;
		say(add(t, n, o->ts_ns, WHAT_PROCESS, "/proc"), "%s is gone", p->name);
	}
}

static void bird_time(struct show_timeline *t, const struct replay_node *n, const char *bird,
		      const char *what, uint64_t ns)
{
	struct known *k;
	struct event *e;
	char name[64];

	snprintf(name, sizeof(name), "%s %s", bird, what);
	k = find_known(&t->known[n->idx], WHAT_CONFIG, name);
	if (!k || !ns || (k->told && is_same_time(k->since_ns, ns)))
		return;
	k->told = true;
	k->since_ns = ns;
	e = add(t, n, ns, WHAT_CONFIG, bird);
	e->rough = true;
	say(e, "%s", what);
}

static void on_bird(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	const char *bird = o->bird.v6 ? "bird6" : "bird";
	struct known *k = find_known(&t->known[n->idx], WHAT_BGP, bird);

	bird_time(t, n, bird, "started", o->bird.boot_ns);
	if (!is_same_time(o->bird.boot_ns, o->bird.conf_ns))
		bird_time(t, n, bird, "read its configuration", o->bird.conf_ns);
	if (!k || k->state == (o->bird.recovering ? 'r' : '-'))
		return;
	if (k->state || o->bird.recovering)
		say(add(t, n, o->ts_ns, WHAT_BGP, bird),
		    o->bird.recovering ? "graceful restart: waits for %u protocols" :
					 "graceful restart is over",
		    o->bird.waiting_for);
	k->state = o->bird.recovering ? 'r' : '-';
}

static void on_proto(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	const struct obs_bird_proto *p = &o->bird_proto;
	const char *state = p->bgp[0] ? p->bgp : p->state;
	struct known *k;
	struct event *e;

	if (strcmp(p->kind, "BGP") != 0)
		return;
	k = find_known(&t->known[n->idx], WHAT_BGP, p->name);
	if (!k || (k->told && !strcmp(k->word, state) &&
		   (!p->since_ns || is_same_time(k->since_ns, p->since_ns))))
		return;
	e = add(t, n, p->since_ns ? p->since_ns : o->ts_ns, WHAT_BGP, p->v6 ? "bird6" : "bird");
	e->rough = p->since_ns != 0;
	describe(e, &(struct record){ .kind = REC_BIRD, .bird_proto = p });
	k->told = true;
	k->since_ns = p->since_ns;
	snprintf(k->word, sizeof(k->word), "%s", state);
}

static void on_conf(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	struct known *k = find_known(&t->known[n->idx], WHAT_CONFIG, "confd");
	char now[ADDR_STRLEN] = "none";

	if (!k)
		return;
	if (addr_is_set(&o->conf.router_id))
		addr_str(&o->conf.router_id, now);
	/* when the first one was written, nobody tells */
	if (k->told && strcmp(k->word, now) != 0)
		say(add(t, n, o->ts_ns, WHAT_CONFIG, "confd"), "router id %s, was %s", now,
		    k->word);
	k->told = true;
	snprintf(k->word, sizeof(k->word), "%s", now);
}

void show_timeline__obs(struct show_timeline *t, const struct replay_node *n, const struct obs *o)
{
	if (n->finished)
		return;
	switch (o->kind) {
	case OBS_ADDR:
		return on_addr(t, n, o);
	case OBS_PROC:
		return on_proc(t, n, o);
	case OBS_SOURCE:
		return on_source(t, n, o);
	case OBS_BIRD:
		return on_bird(t, n, o);
	case OBS_BIRD_PROTO:
		return on_proto(t, n, o);
	case OBS_CONF:
		return on_conf(t, n, o);
	default:
		return;
	}
}

/* ---- what changed meanwhile ---- */

static void on_route(struct show_timeline *t, const struct replay_node *n, const struct record *rec)
{
	struct event *e = add(t, n, rec->ts_ns, WHAT_ROUTE, "kernel");

	e->op = (uint8_t)rec->route->op;
	e->dst = rec->route->route.dst;
	e->by = rec->route->by;
	describe(e, rec);
}

static bool is_failure(enum bgp_state s)
{
	return s == BGP_REFUSED || s == BGP_RESET || s == BGP_TIMEOUT ||
	       s == BGP_CLOSED_AFTER_ACCEPT;
}

/*
 * A peer that cannot be spoken to is tried again and again: the attempts that fail one after another are
 * one line, and that a connection stood for a moment is none.
 */
static void on_attempt(struct show_timeline *t, const struct replay_node *n,
		       const struct record *rec, struct known *k)
{
	bool fails = is_failure(rec->bgp->state);
	struct event *e;

	if (fails && k->connected && is_same_time(k->since_ns, rec->ts_ns))
		t->event[k->connected - 1].what = WHAT_NOTHING;
	else if (k->connected)
		k->failed = 0;
	k->connected = 0;
	if (fails && k->failed) {
		e = &t->event[k->failed - 1];
		e->more++;
		e->last_wall_ns = (int64_t)(rec->ts_ns + (uint64_t)n->wall_offset_ns);
		return;
	}
	e = add(t, n, rec->ts_ns, WHAT_BGP, "tcp");
	describe(e, rec);
	if (e == &t->spare)
		return;
	k->since_ns = rec->ts_ns;
	if (rec->bgp->state == BGP_CONNECTED)
		k->connected = t->cnt;
	else
		k->failed = fails ? t->cnt : 0;
}

static void on_bgp(struct show_timeline *t, const struct replay_node *n, const struct record *rec)
{
	char name[ADDR_STRLEN];
	struct known *k;

	if (rec->bgp->state == BGP_LISTEN || rec->bgp->state == BGP_NO_LISTEN) {
		describe(add(t, n, rec->ts_ns, WHAT_BGP, "tcp"), rec);
		return;
	}
	/* BIRD's protocols have names that are no addresses */
	k = find_known(&t->known[n->idx], WHAT_BGP, addr_str(&rec->bgp->peer, name));
	if (k)
		on_attempt(t, n, rec, k);
}

void show_timeline__record(struct show_timeline *t, const struct replay_node *n,
			   const struct record *rec)
{
	switch (rec->kind) {
	case REC_ROUTE:
		return on_route(t, n, rec);
	case REC_LINK:
		return describe(add(t, n, rec->ts_ns, WHAT_LINK, "kernel"), rec);
	case REC_ADDR:
		return describe(add(t, n, rec->ts_ns, WHAT_ADDRESS, "kernel"), rec);
	case REC_BGP:
		return on_bgp(t, n, rec);
	case REC_LOSS:
		return describe(add(t, n, rec->ts_ns, WHAT_GAP, "calitrace"), rec);
	default:
		return;
	}
}

/* ---- findings: when they began, what repaired them, when the first answer came ---- */

static bool has_block(const struct finding *f, const struct prefix *p)
{
	for (uint32_t i = 0; i < f->block_cnt && i < MAX_BLOCKS; i++)
		if (prefix_eq(&f->block[i], p))
			return true;
	return false;
}

/* The last route to the finding's block that came before the first answer, and after a loss */
static void mark_repair(struct show_timeline *t, const struct replay_node *n,
			const struct finding *f)
{
	int64_t first = (int64_t)(f->first_ns + (uint64_t)n->wall_offset_ns);
	int64_t good = (int64_t)(f->recovered_ns + (uint64_t)n->wall_offset_ns);

	for (size_t i = t->cnt; i-- > 0;) {
		struct event *e = &t->event[i];

		if (e->node != n->idx || e->what != WHAT_ROUTE || e->wall_ns < first ||
		    e->wall_ns > good || (e->op != ROUTE_ADD && e->op != ROUTE_REPLACE) ||
		    !has_block(f, &e->dst))
			continue;
		e->what = WHAT_REPAIR;
		e->finding = f->id;
		return;
	}
}

void show_timeline__finish(struct show_timeline *t, const struct replay_node *n)
{
	const struct finding *f;

	for (uint32_t id = 1; (f = engine__finding(n->engine, id)); id++) {
		char block[PREFIX_STRLEN] = "";
		struct event *e;

		if (f->block_cnt)
			prefix_str(&f->block[0], block);
		if (f->recovered)
			mark_repair(t, n, f);
		e = add(t, n, f->first_ns, WHAT_LOSS, "packets");
		e->finding = id;
		say(e, "first loss: %s%s%s, cause %s", verdict_name(f->verdict),
		    block[0] ? " for " : "", block, cause_name(f->cause));
		e = add(t, n, f->last_ns, WHAT_LOSS, "packets");
		e->finding = id;
		say(e, "last loss, of %llu", (unsigned long long)f->packets);
		if (!f->recovered)
			continue;
		e = add(t, n, f->recovered_ns, WHAT_ANSWER, "packets");
		e->finding = id;
		say(e, "first answer%s%s", block[0] ? " for " : "", block);
	}
}

/* ---- life ---- */

int show_timeline__new(const struct show *s, struct show_timeline **ret)
{
	struct show_timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->s = s;
	t->known = calloc(s->nodes, sizeof(*t->known));
	if (!t->known) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void show_timeline__free(struct show_timeline *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->s->nodes; i++)
		free(t->known[i].known);
	free(t->known);
	free(t->event);
	free(t);
}
