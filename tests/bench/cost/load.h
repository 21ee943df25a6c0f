/* SPDX-License-Identifier: GPL-2.0-only */
/* What both ends of the measured traffic have in common. */
#ifndef CALITRACE_BENCH_LOAD_H
#define CALITRACE_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define LOAD_UDP_PORT 9999
#define LOAD_DNS_PORT 53
#define LOAD_TCP_PORT 8080
#define LOAD_ECHO_ID 0x6361

uint64_t load_ns(clockid_t clock);
/* Says what failed, with errno, and exits. */
int load_die(const char *what);
/* The other end of all kinds, for so many seconds; prints "ready". Returns the exit status. */
int load_serve(uint32_t secs);

#endif
