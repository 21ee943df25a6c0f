/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALITRACE_VERSION_H
#define CALITRACE_VERSION_H

#include <stdio.h>

/*
 * What `calitrace --version` says: "calitrace VERSION", then what this program can do, and each
 * library in it with its version and licence, as somebody who passes the static program on needs it.
 */
void version_print(FILE *out);

#endif
