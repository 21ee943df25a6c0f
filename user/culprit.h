/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rule of a packet filter dropped the packets of a finding, as far as that is known. Pure. */
#ifndef CALITRACE_CULPRIT_H
#define CALITRACE_CULPRIT_H

#include "cause_priv.h"

enum how {
	HOW_NOT,     /* nobody knows */
	HOW_COUNTED, /* by a counter that moved with the losses */
	HOW_BUSY,    /* by the only one that moved, but it moved by more */
	HOW_SILENT,  /* no counter moved, and one kind of rule has none */
	HOW_PLACE,   /* nothing else can drop packets there */
	HOW_SEVERAL, /* counters of several kinds fit */
	HOW_TRACED,  /* by nf_tables' trace of one of these packets */
};
struct culprit {
	enum how how;
	enum cause cause;
	enum confidence conf;
	const struct rules_reading *by; /* what tells; NULL: nothing does, or the trace */
};

/* A packet filter dropped them, and its counters are asked */
bool culprit_wanted(const struct facts *x);
struct culprit culprit_of(const struct facts *x);

#endif
