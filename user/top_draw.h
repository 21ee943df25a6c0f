/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the picture of `live --top` share; for user/top_draw.c and top_table.c alone. */
#ifndef CALITRACE_TOP_DRAW_H
#define CALITRACE_TOP_DRAW_H

#include "top_page.h"

struct canvas {
	struct top_frame *f;
	struct top_ui *ui;
	const struct top_model *m, *live;
	struct top_list list;
	int row; /* the next one to be drawn */
};

/* Whether that line is the chosen one: a row of the table, or a finding */
static inline bool top_chosen(const struct canvas *c, bool row, uint32_t id)
{
	return c->ui->on_row == row && (row ? c->ui->row : c->ui->finding) == id;
}

/* The table, in so many lines from c->row on */
void top_table(struct canvas *c, int room);

#endif
