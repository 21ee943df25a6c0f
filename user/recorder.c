// SPDX-License-Identifier: GPL-2.0-only
#include "recorder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "capsink.h"
#include "timeline.h"
#include "util.h"
#include "wanted.h"
#include "words.h"

#define FLUSH_NS NS_PER_S
/* A reply may come that much later than the timeout, and still be told of before its request leaves */
#define REPLY_MORE_NS NS_PER_S
#define HELD_MAX (64u << 20)

enum held_kind {
	HELD_OBS,
	HELD_READY,
	HELD_CLOCK,
	HELD_PART
};

/* What waits until its packet's exchange is decided, or for what came before it */
struct held {
	struct held *next;
	enum held_kind kind;
	size_t size;
	uint64_t leave_ns, packet;
	union {
		uint64_t part_ns;
		struct cap_clock clock;
		struct cap_ready ready; /* the words follow */
		struct obs obs;		/* as much of it as obs_size() says */
	};
};

/* The end of a source's last round: some are told once and never again. */
struct source_told {
	struct obs end;
	bool ever, in_part;
};

struct recorder {
	const struct opts *o;
	struct capsink *sink;
	struct capw *w;
	struct cap_meta meta;
	bool selects;			       /* FILTER or --pod */
	bool ended, crowded;		       /* crowded: some left before they were decided */
	bool part_wanted, finished, cut_short; /* cut_short: by a limit of the sink's */
	int err;
	uint64_t packets;     /* handed to the writer */
	uint64_t state_bytes; /* of the file at hand, up to its READY; 0: not there yet */
	uint64_t hold_ns, flush_at;
	int64_t wall_offset_ns;
	struct cap_clock clock; /* the last one that was written; ts_ns 0: none */
	struct held *first, **last;
	size_t held_bytes;
	struct wanted wanted;
	struct source_told source[SOURCE_MAX];
};

static void note(struct recorder *r, int err)
{
	if (err && !r->err)
		r->err = err;
}

/* ---- the file ---- */

static void fill_meta(struct recorder *r, const struct recorder_opts *ro)
{
	const struct opts *o = ro->o;
	struct cap_meta *m = &r->meta;
	struct utsname u;

	if (getrandom(&m->run, sizeof(m->run), 0) != sizeof(m->run))
		m->run = mono_ns();
	uname(&u);
	snprintf(m->node, sizeof(m->node), "%s", ro->node);
	snprintf(m->version, sizeof(m->version), "%s", CALITRACE_VERSION);
	snprintf(m->kernel, sizeof(m->kernel), "%s", u.release);
	m->mono_ns = mono_ns();
	m->wall_offset_ns = r->wall_offset_ns = ro->wall_offset_ns;
	m->reply_timeout_ns = o->reply_timeout_ns;
	m->apps = o->apps;
	m->snaplen = o->snaplen;
	memcpy(m->dns_port, o->dns_port, sizeof(m->dns_port));
	snprintf(m->filter, sizeof(m->filter), "%s", o->filter);
	snprintf(m->pod, sizeof(m->pod), "%s", o->pod ? o->pod : "");
	snprintf(m->pod_dev, sizeof(m->pod_dev), "%s", o->pod_dev);
	m->pod_addr = o->pod_addr;
	m->netns = ro->netns;
	m->argv = (cap_words)ro->argv;
}

static int open_file(struct recorder *r, const struct recorder_opts *ro, char *why, size_t why_sz)
{
	const struct opts *o = ro->o;
	const struct capsink_opts so = {
		.path = o->write,
		.force = o->force,
		.parts = o->file_bytes,
		.part_max = o->file_max,
		.bytes_max = o->duration_ns || o->count || o->file_bytes ? 0 : CAPTURE_MAX,
		.keep = o->baseline,
		.keep_cnt = o->baseline_cnt,
		.ending = ro->ending,
		.ending_ctx = ro->ending_ctx,
	};
	struct capw_opts wo = { .snaplen = o->snaplen, .put = capsink__put };
	int err = capsink__open(&so, &r->sink, why, why_sz);

	if (err)
		return err;
	wo.ctx = r->sink;
	err = capw__new(&wo, &r->w);
	if (err)
		snprintf(why, why_sz, "out of memory");
	return err;
}

int recorder__new(const struct recorder_opts *ro, struct recorder **ret, char *why, size_t why_sz)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		snprintf(why, why_sz, "out of memory");
		return -ENOMEM;
	}
	r->o = ro->o;
	r->last = &r->first;
	r->selects = ro->o->filter[0] || ro->o->pod;
	r->hold_ns = ro->o->reply_timeout_ns + REPLY_MORE_NS;
	fill_meta(r, ro);
	err = open_file(r, ro, why, why_sz);
	if (err) {
		recorder__free(r);
		return err;
	}
	note(r, capw__meta(r->w, &r->meta));
	*ret = r;
	return 0;
}

int recorder__begin(struct recorder *r, char *why, size_t why_sz)
{
	return r ? capsink__begin(r->sink, why, why_sz) : 0;
}

void recorder__free(struct recorder *r)
{
	struct held *h;

	if (!r)
		return;
	while ((h = r->first)) {
		r->first = h->next;
		free(h);
	}
	if (!r->ended)
		capsink__discard(r->sink);
	capw__free(r->w);
	capsink__free(r->sink);
	free(r);
}

/* ---- writing ---- */

static bool is_packet(const struct obs *o)
{
	return o->kind == OBS_PATH || o->kind == OBS_DROP;
}

static bool has_enough(const struct recorder *r)
{
	return r->o->command == CMD_CAPTURE && r->o->count && r->packets >= r->o->count;
}

static void note_source(struct recorder *r, const struct obs *o)
{
	struct source_told *s;

	if (o->kind != OBS_SOURCE || o->source.begin || (size_t)o->source.id >= SOURCE_MAX)
		return;
	s = &r->source[o->source.id];
	memcpy(&s->end, o, obs_size(o));
	s->ever = s->in_part = true;
}

static void write_obs(struct recorder *r, const struct obs *o)
{
	if (is_packet(o)) {
		if (has_enough(r))
			return;
		r->packets++;
	}
	note_source(r, o);
	note(r, capw__obs(r->w, o));
}

/* What was told once, and holds: that there is no BIRD, or that it is not to be asked */
static void write_sources(struct recorder *r, uint64_t ts_ns)
{
	for (int i = 0; i < SOURCE_MAX; i++) {
		struct source_told *s = &r->source[i];
		struct obs begin = { .kind = OBS_SOURCE, .ts_ns = ts_ns };

		if (!s->ever || s->in_part || s->end.source.state == SOURCE_OK)
			continue;
		begin.source.id = s->end.source.id;
		begin.source.begin = true;
		s->end.ts_ns = ts_ns;
		note(r, capw__obs(r->w, &begin));
		note(r, capw__obs(r->w, &s->end));
	}
}

static void write_ready(struct recorder *r, const struct cap_ready *ready)
{
	write_sources(r, ready->ts_ns);
	note(r, capw__ready(r->w, ready));
	r->state_bytes = capw__bytes(r->w);
}

static void write_clock(struct recorder *r, const struct cap_clock *c)
{
	r->clock = *c;
	note(r, capw__clock(r->w, c));
}

static void write_part(struct recorder *r, uint64_t ts_ns)
{
	struct cap_end e = {
		.ts_ns = ts_ns,
		.packets = capw__packets(r->w),
		.rotated = true,
		.reason = "rotated",
	};

	note(r, capw__end(r->w, &e));
	note(r, capw__flush(r->w));
	if (!r->err)
		note(r, capsink__next(r->sink));
	if (r->err)
		return;
	r->meta.part++;
	for (int i = 0; i < SOURCE_MAX; i++)
		r->source[i].in_part = false;
	note(r, capw__meta(r->w, &r->meta));
	/* that META's offset is not the wall clock any more, a part has to say alone */
	if (r->clock.ts_ns)
		write_clock(r, &r->clock);
	r->state_bytes = 0;
	r->part_wanted = false;
}

/* ---- waiting ---- */

static void write_held(struct recorder *r, struct held *h, bool decided)
{
	switch (h->kind) {
	case HELD_OBS:
		/* what nobody has decided about yet is rather written than lost */
		if (!is_packet(&h->obs) || !decided || wanted_has(&r->wanted, h->packet))
			write_obs(r, &h->obs);
		break;
	case HELD_READY:
		write_ready(r, &h->ready);
		break;
	case HELD_CLOCK:
		write_clock(r, &h->clock);
		break;
	case HELD_PART:
		write_part(r, h->part_ns);
		break;
	}
}

static void release_first(struct recorder *r, bool decided)
{
	struct held *h = r->first;

	r->first = h->next;
	if (!r->first)
		r->last = &r->first;
	r->held_bytes -= h->size;
	write_held(r, h, decided);
	free(h);
}

static void release(struct recorder *r, uint64_t now_ns)
{
	while (r->first && r->first->leave_ns <= now_ns)
		release_first(r, true);
	while (r->first && r->held_bytes > HELD_MAX) {
		if (!r->crowded)
			log_warn("more waits for replies than fits in memory: packets are recorded "
				 "that FILTER may not select");
		r->crowded = true;
		release_first(r, false);
	}
}

static struct held *hold(struct recorder *r, enum held_kind kind, size_t payload, uint64_t ts_ns)
{
	size_t size = offsetof(struct held, obs) + payload;
	struct held *h = malloc(size < sizeof(*h) && kind != HELD_OBS ? sizeof(*h) : size);

	if (!h) {
		note(r, -ENOMEM);
		return NULL;
	}
	h->next = NULL;
	h->kind = kind;
	h->size = size;
	h->leave_ns = ts_ns + r->hold_ns;
	h->packet = 0;
	*r->last = h;
	r->last = &h->next;
	r->held_bytes += size;
	return h;
}

void recorder__obs(struct recorder *r, const struct obs *o, uint64_t packet)
{
	struct held *h;
	size_t size;

	if (!r || r->err || (r->finished && is_packet(o)))
		return;
	if (!r->selects) {
		write_obs(r, o);
		return;
	}
	release(r, o->ts_ns);
	/* for the engine it is noise */
	if (is_packet(o) && !packet)
		return;
	size = obs_size(o);
	h = hold(r, HELD_OBS, size, o->ts_ns);
	if (!h)
		return;
	h->packet = packet;
	memcpy(&h->obs, o, size);
}

void recorder__matched(void *recorder, uint64_t packet)
{
	struct recorder *r = recorder;

	if (r && r->selects)
		wanted_add(&r->wanted, packet);
}

void recorder__ready(struct recorder *r, const struct cap_ready *ready)
{
	size_t words;
	struct held *h;
	char *at;

	if (!r || r->err)
		return;
	if (!r->selects) {
		write_ready(r, ready);
		return;
	}
	words = words_size(ready->ifaces) + words_size(ready->probes) + words_size(ready->missing);
	h = hold(r, HELD_READY, sizeof(*ready) + words, ready->ts_ns);
	if (!h)
		return;
	/* the words stand behind it, in one piece */
	at = (char *)(&h->ready + 1);
	h->ready.ts_ns = ready->ts_ns;
	h->ready.ifaces = words_copy(ready->ifaces, &at);
	h->ready.probes = words_copy(ready->probes, &at);
	h->ready.missing = words_copy(ready->missing, &at);
}

bool recorder__wants_part(const struct recorder *r)
{
	uint64_t bytes;

	if (!r || !r->o->file_bytes || r->part_wanted || recorder__over(r))
		return false;
	bytes = capw__bytes(r->w);
	/* where the state alone is as long as -C, file would follow file with nothing else in them */
	return r->state_bytes && bytes >= r->o->file_bytes && bytes / 2 >= r->state_bytes;
}

void recorder__part(struct recorder *r, uint64_t ts_ns)
{
	struct held *h;

	if (!r || r->err)
		return;
	r->part_wanted = true;
	if (!r->selects) {
		write_part(r, ts_ns);
		return;
	}
	h = hold(r, HELD_PART, sizeof(ts_ns), ts_ns);
	if (h)
		h->part_ns = ts_ns;
}

/* ---- now and then ---- */

static void look_at_clock(struct recorder *r, uint64_t now_ns)
{
	struct cap_clock c = { .ts_ns = now_ns, .wall_offset_ns = wall_offset_ns() };
	struct held *h;

	if (!wall_stepped(&r->wall_offset_ns, c.wall_offset_ns))
		return;
	if (!r->selects) {
		write_clock(r, &c);
		return;
	}
	h = hold(r, HELD_CLOCK, sizeof(c), now_ns);
	if (h)
		h->clock = c;
}

void recorder__flush(struct recorder *r)
{
	if (r && !r->err)
		note(r, capw__flush(r->w));
}

void recorder__tick(struct recorder *r, uint64_t now_ns)
{
	if (!r || r->err || now_ns < r->flush_at)
		return;
	r->flush_at = now_ns + FLUSH_NS;
	look_at_clock(r, now_ns);
	recorder__flush(r);
	capsink__look(r->sink);
}

const char *recorder__over(const struct recorder *r)
{
	if (!r)
		return NULL;
	if (r->err)
		return "trouble";
	return has_enough(r) ? "count" : capsink__limit(r->sink);
}

bool recorder__failed(const struct recorder *r)
{
	return r && r->err;
}

/* ---- the end ---- */

void recorder__finish(struct recorder *r, const struct cap_finish *f)
{
	if (!r || r->err)
		return;
	r->cut_short = !r->o->snapshot && capsink__limit(r->sink);
	r->selects = false;
	r->finished = true;
	while (r->first)
		release_first(r, true);
	note(r, capw__finish(r->w, f));
}

static void tell_end(struct recorder *r)
{
	char text[PATH_MAX + 200];

	if (capsink__error(r->sink)) {
		capsink__complaint(r->sink, text, sizeof(text));
		log_err("%s", text);
	} else if (r->err) {
		log_err("cannot record: %s", strerror(-r->err));
	}
	if (r->cut_short && !r->err)
		fprintf(stderr, "calitrace: the capture ended early: %s\n",
			capsink__limit(r->sink));
	capsink__story(r->sink, text, sizeof(text));
	fprintf(stderr, "calitrace: %s\n", text);
}

int recorder__end(struct recorder *r, uint64_t ts_ns, const char *reason)
{
	struct cap_end e = { .ts_ns = ts_ns };

	if (!r)
		return 0;
	e.packets = capw__packets(r->w);
	snprintf(e.reason, sizeof(e.reason), "%s", reason);
	if (!r->err)
		note(r, capw__end(r->w, &e));
	if (!r->err)
		note(r, capw__flush(r->w));
	note(r, capsink__close(r->sink));
	r->ended = true;
	tell_end(r);
	return r->err;
}
