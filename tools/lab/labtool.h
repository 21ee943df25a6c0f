/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sources of labtool share.  All of it ends the program on trouble.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#define DNS_PORT 53

__attribute__((format(printf, 1, 2), noreturn)) void die(const char *fmt, ...);

/* A decimal number from 0 to a million. */
int number(const char *text);

/* CLOCK_MONOTONIC in milliseconds */
int64_t now_ms(void);

/* ADDRESS[:PORT], the port being that of DNS without. */
struct sockaddr_in address(const char *text);

/* An IPv4 socket that closes on exec. */
int open_socket(int type, int proto);

/* The commands; what they return is the exit status. */
int cmd_filter(int argc, char **argv);
int cmd_xdp(const char *dev);
int cmd_serve(int argc, char **argv);
int cmd_foreign(const char *prefix);
int cmd_bgp(const char *node);
