/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands: exit statuses of the contract. */
#ifndef CALITRACE_CMD_H
#define CALITRACE_CMD_H

#include "opts.h"

#define EXIT_OK 0
#define EXIT_PROBLEM 1
#define EXIT_TROUBLE 2
#define EXIT_CANNOT_SAY 3

int cmd_live(const struct opts *o, int argc, char **argv);
/* live --top */
int cmd_live_top(const struct opts *o, char **argv);
int cmd_capture(const struct opts *o, int argc, char **argv);
int cmd_show(const struct opts *o);
int cmd_diff(const struct opts *o);
int cmd_report(const struct opts *o);
int cmd_check(const struct opts *o);
int cmd_metrics(const struct opts *o, char **argv);
int cmd_doctor(const struct opts *o);

#endif
