/* SPDX-License-Identifier: GPL-2.0-only */
/* What `live` and `show` say alike, around the records: the first screen, the end, the exit status. */
#ifndef CALITRACE_SCREEN_H
#define CALITRACE_SCREEN_H

#include "engine.h"
#include "opts.h"
#include "render.h"

/* What is wrong before any packet is seen: at most six checks in text, each a record of ts_ns. */
void screen_audit(struct render *r, const struct opts *o, const struct engine *e, uint64_t ts_ns);
/* A record to the renderer; what JSON has no record for is told on stderr. */
void screen_record(struct render *r, const struct opts *o, const struct record *rec);
/*
 * What the audit says of the end of the trace, to the summary: "no problem seen" and status 0 are not
 * for a node that has no routes, whatever traffic it had.
 */
void screen_judge(const struct engine *e, struct summary *s);
/* The closing line, on stderr */
void screen_close(const struct summary *s);
/* EXIT_OK unless --exit-code asks for more; s may be NULL: nothing was seen */
int screen_exit(const struct opts *o, const struct summary *s);

#endif
