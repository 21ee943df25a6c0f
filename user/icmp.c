// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors quote the packet that they are about (RFC 792: its IP header and 8 bytes; Linux and
 * RFC 1812 routers: as much as fits), so they tell which request they answer. The quote of an
 * encapsulated packet holds the inner one as well.
 */
#include "engine_priv.h"

#include <linux/types.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"

#define PROTO_IPIP 4
#define VXLAN_HEADERS (8 + 8 + 14) /* UDP, VXLAN, inner Ethernet */

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static struct addr addr_at(const uint8_t *b)
{
	struct addr a = { .family = 4 };

	memcpy(a.b, b, 4);
	return a;
}

/* The length of an IPv4 header at p with 8 bytes behind it, 0: there is none */
static size_t header(const uint8_t *p, size_t len)
{
	size_t ihl;

	if (len < 28 || p[0] >> 4 != 4)
		return 0;
	ihl = (size_t)(p[0] & 15) * 4;
	return ihl >= 20 && len >= ihl + 8 ? ihl : 0;
}

/* Steps into a tunnel's packet; false: it is cut before the inner one */
static bool step_in(const uint8_t **p, size_t *len, size_t ihl)
{
	size_t off = (*p)[9] == PROTO_IPIP ? ihl : ihl + VXLAN_HEADERS;

	if (*len <= off)
		return false;
	*p += off;
	*len -= off;
	return true;
}

static bool quoted_key(const struct engine *e, const uint8_t *p, size_t len, struct flow_key *k)
{
	size_t ihl = header(p, len);
	const uint8_t *l4 = p + ihl;

	if (!ihl || be16(p + 6) & 0x1fff)
		return false;
	memset(k, 0, sizeof(*k));
	k->proto = p[9];
	k->src = addr_at(p + 12);
	k->dst = addr_at(p + 16);
	if (k->proto == PROTO_ICMP) {
		k->sport = be16(l4 + 4);
		k->dport = be16(l4 + 6);
		return l4[0] == 8;
	}
	k->sport = be16(l4);
	k->dport = be16(l4 + 2);
	if (k->proto == PROTO_UDP && journey_is_dns_port(e, k->dport)) {
		if (len < ihl + 10)
			return false;
		k->id = be16(l4 + 8);
	}
	return k->proto == PROTO_UDP || k->proto == PROTO_TCP;
}

struct trk *icmp_error_request(struct engine *e, const struct obs_pkt *p)
{
	size_t ihl = header(p->snap, p->snap_len), len;
	const uint8_t *q;
	struct flow_key k;
	struct trk *t;

	if (!ihl || p->snap_len <= ihl + 8)
		return NULL;
	q = p->snap + ihl + 8;
	len = p->snap_len - ihl - 8;
	for (int depth = 0; depth < 2; depth++) {
		size_t qihl = header(q, len);

		if (!qihl)
			return NULL;
		t = quoted_key(e, q, len, &k) ? journey_by_key(e, &k) : NULL;
		if (t || (q[9] != PROTO_IPIP && q[9] != PROTO_UDP) || !step_in(&q, &len, qihl))
			return t;
	}
	return NULL;
}
