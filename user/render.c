// SPDX-License-Identifier: GPL-2.0-only
/* The calls of render.h, handed to the renderer at hand, and the words that all of them use. */
#include "render.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "render_int.h"
#include "util.h"

void render_fail(struct render *r, int err)
{
	if (!r->err)
		r->err = err ? err : errno ? -errno : -EIO;
}

static void render_flush(struct render *r)
{
	if (fflush(r->opts.out))
		render_fail(r, 0);
}

void render__start(struct render *r, const struct start_info *info)
{
	r->ops->start(r, info);
	render_flush(r);
}

void render__whole_checks(struct render *r)
{
	r->opts.brief = false;
}

void render__record(struct render *r, const struct record *rec)
{
	r->ops->record(r, rec);
}

void render__tick(struct render *r, uint64_t now_ns)
{
	r->ops->tick(r, now_ns);
	render_flush(r);
}

void render__summary(struct render *r, const struct summary *s, uint64_t ts_ns)
{
	r->ops->summary(r, s, ts_ns);
	render_flush(r);
}

int render__error(const struct render *r)
{
	return r->err;
}

void render__free(struct render *r)
{
	if (!r)
		return;
	render_flush(r);
	r->ops->free(r);
}

/* ---- words ---- */

struct word {
	uint32_t value;
	const char *name;
};

static const char *find_word(const struct word *words, size_t cnt, uint32_t value,
			     const char *prefix, char buf[WORD_LEN])
{
	size_t i;

	for (i = 0; i < cnt; i++)
		if (words[i].value == value)
			return words[i].name;
	snprintf(buf, WORD_LEN, "%s%u", prefix, value);
	return buf;
}

#define FIND_WORD(words, value, prefix, buf) find_word(words, ARRAY_SIZE(words), value, prefix, buf)

/* iproute2's lib/rt_names.c; Felix's 80 has no name there either. */
static const struct word protocols[] = {
	{ 0, "unspec" }, { 1, "redirect" }, { 2, "kernel" },	  { 3, "boot" },
	{ 4, "static" }, { 8, "gated" },    { 9, "ra" },	  { 10, "mrt" },
	{ 11, "zebra" }, { 12, "bird" },    { 13, "dnrouted" },	  { 14, "xorp" },
	{ 15, "ntk" },	 { 16, "dhcp" },    { 18, "keepalived" }, { 42, "babel" },
	{ 99, "openr" }, { 186, "bgp" },    { 187, "isis" },	  { 188, "ospf" },
	{ 189, "rip" },	 { 192, "eigrp" },
};

static const struct word types[] = {
	{ RTN_UNICAST, "unicast" },
	{ RTN_LOCAL, "local" },
	{ RTN_BROADCAST, "broadcast" },
	{ RTN_ANYCAST, "anycast" },
	{ RTN_MULTICAST, "multicast" },
	{ RTN_BLACKHOLE, "blackhole" },
	{ RTN_UNREACHABLE, "unreachable" },
	{ RTN_PROHIBIT, "prohibit" },
	{ RTN_THROW, "throw" },
	{ RTN_NAT, "nat" },
};

static const struct word tables[] = {
	{ RT_TABLE_DEFAULT, "default" },
	{ RT_TABLE_MAIN, "main" },
	{ RT_TABLE_LOCAL, "local" },
};

#define E(sym)            \
	{                 \
		sym, #sym \
	}
static const struct word errnos[] = {
	E(EPERM),	 E(ENOENT),	  E(EINTR),    E(EIO),	       E(ENXIO),
	E(EAGAIN),	 E(ENOMEM),	  E(EACCES),   E(EBUSY),       E(EEXIST),
	E(EXDEV),	 E(ENODEV),	  E(EINVAL),   E(ENOSPC),      E(EPIPE),
	E(EDOM),	 E(ERANGE),	  E(ENETDOWN), E(ENETUNREACH), E(ENETRESET),
	E(ECONNABORTED), E(ECONNRESET),	  E(ENOBUFS),  E(ETIMEDOUT),   E(ECONNREFUSED),
	E(EHOSTDOWN),	 E(EHOSTUNREACH), E(EMSGSIZE), E(EADDRINUSE),  E(EADDRNOTAVAIL),
	E(EAFNOSUPPORT), E(EOPNOTSUPP),	  E(EPROTO),   E(ESRCH),
};
#undef E

static const struct word ip_protos[] = {
	{ IPPROTO_ICMP, "icmp" }, { IPPROTO_IPIP, "ipip" },	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },	  { IPPROTO_ICMPV6, "icmpv6" }, { IPPROTO_SCTP, "sctp" },
};

static const struct word qtypes[] = {
	{ 1, "A" },	  { 2, "NS" },	   { 5, "CNAME" },  { 6, "SOA" },   { 12, "PTR" },
	{ 13, "HINFO" },  { 15, "MX" },	   { 16, "TXT" },   { 28, "AAAA" }, { 33, "SRV" },
	{ 35, "NAPTR" },  { 39, "DNAME" }, { 41, "OPT" },   { 43, "DS" },   { 46, "RRSIG" },
	{ 48, "DNSKEY" }, { 251, "IXFR" }, { 252, "AXFR" }, { 255, "ANY" }, { 257, "CAA" },
};

static const struct word rcodes[] = {
	{ 0, "NOERROR" }, { 1, "FORMERR" }, { 2, "SERVFAIL" }, { 3, "NXDOMAIN" },
	{ 4, "NOTIMP" },  { 5, "REFUSED" }, { 6, "YXDOMAIN" }, { 7, "YXRRSET" },
	{ 8, "NXRRSET" }, { 9, "NOTAUTH" }, { 10, "NOTZONE" },
};

const char *route_protocol_name(uint8_t protocol, char buf[WORD_LEN])
{
	return FIND_WORD(protocols, protocol, "", buf);
}

const char *route_type_name(uint8_t type, char buf[WORD_LEN])
{
	return FIND_WORD(types, type, "", buf);
}

const char *route_table_name(uint32_t table, char buf[WORD_LEN])
{
	return FIND_WORD(tables, table, "", buf);
}

const char *errno_name(uint16_t err, char buf[WORD_LEN])
{
	return FIND_WORD(errnos, err, "", buf);
}

const char *ip_proto_name(uint8_t proto, char buf[WORD_LEN])
{
	return FIND_WORD(ip_protos, proto, "", buf);
}

const char *dns_qtype_name(uint16_t qtype, char buf[WORD_LEN])
{
	return FIND_WORD(qtypes, qtype, "TYPE", buf);
}

const char *dns_rcode_name(uint8_t rcode, char buf[WORD_LEN])
{
	return FIND_WORD(rcodes, rcode, "RCODE", buf);
}

const char *route_op_name(enum route_op op)
{
	static const char *const names[] = {
		[ROUTE_ADD] = "add",
		[ROUTE_DEL] = "del",
		[ROUTE_REPLACE] = "replace",
		[ROUTE_FLUSH] = "flush",
	};

	return (size_t)op < ARRAY_SIZE(names) ? names[op] : "?";
}

const char *link_op_name(enum link_op op)
{
	static const char *const names[] = {
		[LINK_ADD] = "add",   [LINK_DEL] = "del",	[LINK_UP] = "up",
		[LINK_DOWN] = "down", [LINK_CHANGE] = "change",
	};

	return (size_t)op < ARRAY_SIZE(names) ? names[op] : "?";
}

const char *route_dst_str(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	if (!p->len)
		return "default";
	if (p->len == (p->addr.family == 6 ? 128 : 32))
		return addr_str(&p->addr, buf);
	return prefix_str(p, buf);
}

const char *rfc3339_str(const struct render *r, uint64_t mono_ns, char buf[RFC3339_LEN])
{
	int64_t wall = (int64_t)(mono_ns + (uint64_t)r->opts.wall_offset_ns);
	time_t sec = (time_t)(wall / (int64_t)NS_PER_S);
	int64_t ns = wall % (int64_t)NS_PER_S;
	struct tm tm;
	size_t len;

	if (ns < 0) {
		ns += (int64_t)NS_PER_S;
		sec--;
	}
	gmtime_r(&sec, &tm);
	len = strftime(buf, RFC3339_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, RFC3339_LEN - len, ".%09dZ", (int)ns);
	return buf;
}

const char *rfc3339_second_str(const struct render *r, uint64_t mono_ns, char buf[RFC3339_LEN])
{
	char *dot;

	rfc3339_str(r, mono_ns + HALF_SECOND_NS, buf);
	dot = strchr(buf, '.');
	if (dot)
		snprintf(dot, 2, "Z");
	return buf;
}
