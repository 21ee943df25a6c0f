/* SPDX-License-Identifier: GPL-2.0-only */
/* What happened, in a few words: the same in show --timeline and in the report. */
#ifndef CALITRACE_EVENT_TELL_H
#define CALITRACE_EVENT_TELL_H

#include "model.h"

/* "del 10.253.181.0/26 via 10.2.7.200 dev tunl0 by bird[812]"; of a route, link, address, TCP's or
 * BIRD's word of a BGP session, or a loss. "" of other records. Cut to size; not made clean. */
void event_tell(const struct record *rec, char *buf, size_t size);
/* "bird[812]": a name that identifies it */
#define EVENT_PROC_LEN 40
void event_tell_proc(const struct obs_proc *p, char *buf, size_t size);

#endif
