/* SPDX-License-Identifier: GPL-2.0-only */
/* Helps of single commands, each in a file of its own: texts that fit a screen of 80 columns. */
#ifndef CALITRACE_HELP_TEXT_H
#define CALITRACE_HELP_TEXT_H

#include "opts.h"

extern const char help_capture[], help_show[], help_diff[], help_report[], help_metrics[];

/* help_print() on a screen of 24 lines; CMD_NONE: the program's */
void help_brief(FILE *out, enum command c);

#endif
