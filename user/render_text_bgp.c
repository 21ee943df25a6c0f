// SPDX-License-Identifier: GPL-2.0-only
/*
 * BGP as a story: a peer that does not know us accepts and closes each second, for hours. Of each
 * peer only the turns are told: it is lost, it is back. A connection is told once it has lasted.
 */
#include "addr.h"
#include "render_text.h"

#define LASTING_NS (2 * NS_PER_S)

static struct bgp_story *story_of(struct text *t, const struct addr *peer)
{
	for (size_t i = 0; i < t->story_cnt; i++)
		if (addr_eq(&t->story[i].peer, peer))
			return &t->story[i];
	if (t->story_cnt == MAX_STORIES)
		return NULL;
	t->story[t->story_cnt] = (struct bgp_story){ .peer = *peer };
	return &t->story[t->story_cnt++];
}

void text_bgp(struct text *t, const struct record *rec)
{
	struct bgp_story *s = addr_is_set(&rec->bgp->peer) ? story_of(t, &rec->bgp->peer) : NULL;

	if (!s) {
		text_change(t, rec);
		return;
	}
	if (rec->bgp->state == BGP_CONNECTED) {
		if (s->told != STORY_UP && !s->since_ns)
			s->since_ns = rec->ts_ns;
		return;
	}
	s->since_ns = 0;
	if (s->told == STORY_DOWN)
		return;
	s->told = STORY_DOWN;
	text_change(t, rec);
}

void text_bgp_tick(struct text *t, uint64_t now_ns)
{
	for (size_t i = 0; i < t->story_cnt; i++) {
		struct bgp_story *s = &t->story[i];
		struct obs_bgp b = { .state = BGP_CONNECTED, .peer = s->peer };
		struct record rec = { .kind = REC_BGP, .ts_ns = s->since_ns, .bgp = &b };

		if (!s->since_ns || now_ns < s->since_ns + LASTING_NS)
			continue;
		s->told = STORY_UP;
		s->since_ns = 0;
		text_change(t, &rec);
	}
}
