// SPDX-License-Identifier: GPL-2.0-only
/* What the kubelet tells pods of DNS, see state.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "state.h"
#include "within.h"

#define KUBELET_CFG "var/lib/kubelet/config.yaml"
#define KUBELET_CFG_MAX_SZ (1024 * 1024)
#define SERVERS_MAX 8

/* What an address may consist of */
static bool is_addr_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	       c == ':' || c == '.';
}

/* The next address of a list in YAML's long form or in brackets; NULL: the list has ended */
static const char *next_addr(const char *p, const char *end, struct addr *a)
{
	char text[ADDR_STRLEN];
	size_t n = 0;

	while (p < end && strchr(" \t\r\n-[,\"'", *p))
		p++;
	while (p + n < end && is_addr_char(p[n]) && n < sizeof(text) - 1)
		n++;
	memcpy(text, p, n);
	text[n] = '\0';
	return n && !addr_parse(text, a) ? p + n + (p + n < end && strchr("\"'", p[n])) : NULL;
}

/* Behind the key at the beginning of a line, NULL: not there */
static const char *find_list(const char *text, const char *end)
{
	static const char key[] = "clusterDNS";
	const size_t len = sizeof(key) - 1;

	for (const char *p = text; p && p < end; p = memchr(p, '\n', end - p), p = p ? p + 1 : p) {
		const char *k = p;

		while (k < end && strchr(" \t{\"", *k))
			k++;
		if ((size_t)(end - k) <= len || memcmp(k, key, len) != 0)
			continue;
		k += len;
		k += *k == '"';
		while (k < end && (*k == ' ' || *k == '\t'))
			k++;
		if (k < end && *k == ':')
			return k + 1;
	}
	return NULL;
}

uint32_t kubelet_dns(const char *text, size_t len, struct addr *out, uint32_t max)
{
	const char *end = text + len, *p;
	uint32_t n = 0;

	/* strchr() finds a zero octet in any list */
	if (memchr(text, '\0', len))
		return 0;
	p = find_list(text, end);
	while (p && n < max) {
		p = next_addr(p, end, &out[n]);
		n += p != NULL;
	}
	return n;
}

int state_kubelet(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	struct round r = { SOURCE_KUBELET, ts_ns, fn, ctx };
	struct addr server[SERVERS_MAX];
	char *text;
	size_t len;
	uint32_t n;
	int err;

	round_begin(&r);
	err = within_read(ask->host_root, KUBELET_CFG, KUBELET_CFG_MAX_SZ, &text, &len);
	if (err)
		return round_end(&r, err, KUBELET_CFG);
	n = kubelet_dns(text, len, server, SERVERS_MAX);
	free(text);
	for (uint32_t i = 0; i < n; i++) {
		struct obs o = { .kind = OBS_SERVICE, .service.addr = server[i] };

		round_tell(&r, &o);
	}
	return round_end(&r, 0, NULL);
}
