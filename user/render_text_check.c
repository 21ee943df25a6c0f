// SPDX-License-Identifier: GPL-2.0-only
/* The audit, and what BIRD says of its sessions. */
#include <stdio.h>

#include "render_text.h"

#define COL_NAME 9
#define COL_WORDS 27

static enum paint paint_of(enum check_state s)
{
	return s == CHECK_PROBLEM ? PAINT_RED : s == CHECK_OK ? PAINT_GREEN : PAINT_BOLD;
}

static void print_brief(struct text *t, const struct check *c)
{
	struct line l;

	line_init(&l);
	line_paint(&l, paint_of(c->state), "%s", check_state_name(c->state));
	line_pad(&l, COL_NAME);
	line_add(&l, "%s", c->name);
	line_wrap(t, &l, COL_WORDS, c->explain);
}

void text_check(struct text *t, const struct check *c)
{
	char label[64];

	if (t->r.opts.brief) {
		print_brief(t, c);
		return;
	}
	snprintf(label, sizeof(label), "%-8s %-16s", check_state_name(c->state), c->name);
	text_wrap(t, COL_WORDS, label, c->explain);
	if (c->state == CHECK_OK)
		return;
	for (int i = 0; i < c->evidence_cnt; i++)
		text_wrap(t, COL_WORDS, i ? "" : "         evidence:", c->evidence[i]);
	if (c->advice[0])
		text_wrap(t, COL_WORDS, "         do:", c->advice);
}

void text_bird(struct text *t, const struct record *rec)
{
	const struct obs_bird_proto *p = rec->bird_proto;
	char addr[ADDR_STRLEN];
	struct line l;

	line_init(&l);
	line_time(t, &l, rec->ts_ns);
	line_pad(&l, 13);
	line_add(&l, "bird   %s peer %s", p->bgp[0] ? p->bgp : p->state,
		 addr_str(&p->neighbor, addr));
	if (p->info[0])
		line_add(&l, "  %s", p->info);
	line_emit(t, &l);
}
