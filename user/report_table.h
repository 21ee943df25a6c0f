/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of a report; for user/report_*.c alone. */
#ifndef CALITRACE_REPORT_TABLE_H
#define CALITRACE_REPORT_TABLE_H

#include "html.h"
#include "report_priv.h"

/* heads: NULL-terminated; a leading # is a column of numbers */
void table_open(struct side *s, const char *caption, uint32_t rows, const char *const *heads);
/* left_out: how many of what are not there */
void table_close(struct side *s, uint64_t left_out, const char *what);
void row_open(struct html *h, const char *head);
void cell_num(struct html *h, uint64_t n);
void cell_lost(struct html *h, uint64_t n);
void cell_time(struct side *s, uint64_t wall_ns); /* 0: empty */

/* report_rows.c: packets one by one, routes at the end */
void table_samples(struct side *s);
void table_routes(struct side *s);

#endif
