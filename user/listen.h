/* SPDX-License-Identifier: GPL-2.0-only */
/* Where somebody is to listen, as the command line has it. Leaf. */
#ifndef CALITRACE_LISTEN_H
#define CALITRACE_LISTEN_H

#include <netinet/in.h>

union listen_at {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/*
 * "127.0.0.1:9435", "[::1]:9435", ":9435" (all addresses, as IPv6's; port 0: any that is free). No
 * names: asking for one takes ten seconds where DNS is what is broken. 0 or -EINVAL.
 */
int listen_parse(const char *text, union listen_at *out);

#endif
