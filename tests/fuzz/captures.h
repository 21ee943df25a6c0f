/* SPDX-License-Identifier: GPL-2.0-only */
/* For targets that are commands: octets as files, a command line, the command. */
#ifndef CALITRACE_FUZZ_CAPTURES_H
#define CALITRACE_FUZZ_CAPTURES_H

#include "cmd.h"
#include "fuzz.h"

#define FUZZ_FILE_LEN 40
/* The two parts of what is left in *in, which SEPARATOR divides, as files: how many, and their names */
int fuzz_captures(struct fuzz_input *in, int fd[2], char path[2][FUZZ_FILE_LEN]);
/* Words until NULL; closes the files */
void fuzz_command(int (*command)(const struct opts *o), const int fd[2], const char *const *words);

#endif
