// SPDX-License-Identifier: GPL-2.0-only
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

static int parse_address(const char *text, size_t len, in_port_t port, union listen_at *out)
{
	bool six = len > 1 && text[0] == '[' && text[len - 1] == ']';
	char addr[INET6_ADDRSTRLEN];

	if (len >= sizeof(addr))
		return -EINVAL;
	snprintf(addr, sizeof(addr), "%.*s", (int)(six ? len - 2 : len), six ? text + 1 : text);
	if (!len || six) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = port;
		return !len || inet_pton(AF_INET6, addr, &out->in6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	out->in.sin_family = AF_INET;
	out->in.sin_port = port;
	return inet_pton(AF_INET, addr, &out->in.sin_addr) == 1 ? 0 : -EINVAL;
}

int listen_parse(const char *text, union listen_at *out)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	memset(out, 0, sizeof(*out));
	if (!colon || parse_u64(colon + 1, 0, UINT16_MAX, &port))
		return -EINVAL;
	return parse_address(text, (size_t)(colon - text), htons((in_port_t)port), out);
}
