/* SPDX-License-Identifier: GPL-2.0-only */
/* What `live` and `show` say alike, around the records: the first screen, the end, the exit status. */
#ifndef CALITRACE_SCREEN_H
#define CALITRACE_SCREEN_H

#include "engine.h"
#include "opts.h"
#include "render.h"

#define SCREEN_ALL UINT64_MAX

/* What is wrong before any packet is seen: at most six checks in text, each a record of ts_ns.
 * among: which checks, a bit each; SCREEN_ALL. */
void screen_audit(struct render *r, const struct opts *o, const struct engine *e, uint64_t ts_ns,
		  uint64_t among);
/* Of a snapshot all checks are what there is to say: as `check` has them. */
void screen_snapshot(struct render *r, const struct engine *e, uint64_t ts_ns);
/* A record to the renderer; what JSON has no record for is told on stderr. */
void screen_record(struct render *r, const struct opts *o, const struct record *rec);
/* The checks that are a problem or a warning now, a bit each, in the audit's order */
uint64_t screen_bad(const struct engine *e);
/*
 * The checks that are a problem still, to the summary: "no problem seen" and status 0 are not for a
 * node that has no routes, whatever traffic it had. bad: those of the start. What came to be wrong
 * since is not among them: the sources may be seconds behind at the end, after a repair as well.
 * Those that nobody can answer at the end are told, too: the status is 3 then.
 */
void screen_judge(const struct engine *e, uint64_t bad, struct summary *s);
/* The closing line, on stderr */
void screen_close(const struct summary *s);
/* EXIT_OK unless --exit-code asks for more; s may be NULL: nothing was seen */
int screen_exit(const struct opts *o, const struct summary *s);

#endif
