/* SPDX-License-Identifier: GPL-2.0-only */
/* What the renderers share among themselves; for user/render*.c and user/report*.c alone. */
#ifndef CALITRACE_RENDER_INT_H
#define CALITRACE_RENDER_INT_H

#include "render.h"

struct render_ops {
	void (*start)(struct render *r, const struct start_info *info);
	void (*record)(struct render *r, const struct record *rec);
	void (*tick)(struct render *r, uint64_t now_ns);
	void (*summary)(struct render *r, const struct summary *s, uint64_t ts_ns);
	void (*free)(struct render *r);
};

/* First member of each renderer */
struct render {
	const struct render_ops *ops;
	struct render_opts opts;
	int err; /* the first failure, -errno */
};

/* Remembers the first failure: -errno, or 0 to take it from the stream's last call. */
void render_fail(struct render *r, int err);

/* ---- words; each returns a static string or buf ---- */

#define WORD_LEN 24

/* As iproute2 prints them, a number where it knows no name */
const char *route_protocol_name(uint8_t protocol, char buf[WORD_LEN]);
const char *route_type_name(uint8_t type, char buf[WORD_LEN]);
const char *route_table_name(uint32_t table, char buf[WORD_LEN]);
const char *route_op_name(enum route_op op);
const char *link_op_name(enum link_op op);
/* The destination of a route: "default", a bare address for a host, else the prefix */
const char *route_dst_str(const struct prefix *p, char buf[50]);

const char *errno_name(uint16_t err, char buf[WORD_LEN]);
const char *ip_proto_name(uint8_t proto, char buf[WORD_LEN]);
/* TYPE65 and the like as in RFC 3597 */
const char *dns_qtype_name(uint16_t qtype, char buf[WORD_LEN]);
const char *dns_rcode_name(uint8_t rcode, char buf[WORD_LEN]);

#define RFC3339_LEN 40
/* Monotonic time as RFC 3339, UTC, nine digits of the second */
const char *rfc3339_str(const struct render *r, uint64_t mono_ns, char buf[RFC3339_LEN]);

/* What is known to the second alone: half of one more, and the fraction is not printed. */
#define HALF_SECOND_NS 500000000ull
const char *rfc3339_second_str(const struct render *r, uint64_t mono_ns, char buf[RFC3339_LEN]);

#endif
