// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BGP sessions that stand, from the kernel's own socket tables (inet_diag): who
 * listens, who is connected, who still waits for an answer. The kernel filters by port,
 * so a node with very many sockets costs a walk of its hash table but no traffic.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "sources.h"

struct sessions {
	uint16_t port; /* network order */
	bool by_sport; /* the dump under way selects by the local port */
	bool listens;
	struct addr listener;
	uint64_t ts_ns;
	obs_fn fn;
	void *ctx;
};

/* Unset for the wildcard; IPv4 in IPv6 counts as IPv4 */
static struct addr diag_addr(uint8_t family, const __be32 a[4])
{
	static const __be32 zero[4];
	struct addr out = { .family = 6 };

	if (family == AF_INET)
		return addr_v4_opt(a[0]);
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a))
		return addr_v4_opt(a[3]);
	if (!memcmp(a, zero, sizeof(zero)))
		return (struct addr){ 0 };
	memcpy(out.b, a, sizeof(out.b));
	return out;
}

/* A listener that takes IPv6 only is bird6: it says nothing about IPv4 sessions. */
static bool takes_v4(struct nlmsghdr *nlh, const struct inet_diag_msg *d)
{
	struct nlattr *tb[INET_DIAG_SKV6ONLY + 1];

	if (d->idiag_family == AF_INET)
		return true;
	if (nlmsg_parse(nlh, sizeof(*d), tb, INET_DIAG_SKV6ONLY, NULL) < 0)
		return false;
	return !tb[INET_DIAG_SKV6ONLY] || nla_len(tb[INET_DIAG_SKV6ONLY]) < 1 ||
	       !nla_get_u8(tb[INET_DIAG_SKV6ONLY]);
}

/*
 * A peer that does not know us accepts, says nothing and closes. Whoever has an established BGP session has
 * received an OPEN at least. linux/tcp.h cannot be included beside netinet/tcp.h.
 */
#define TCPI_BYTES_RECEIVED 128 /* offsetof(struct tcp_info, tcpi_bytes_received) */

static bool has_received(struct nlmsghdr *nlh)
{
	struct nlattr *tb[INET_DIAG_INFO + 1];
	uint64_t bytes;

	if (nlmsg_parse(nlh, sizeof(struct inet_diag_msg), tb, INET_DIAG_INFO, NULL) < 0 ||
	    !tb[INET_DIAG_INFO] ||
	    nla_len(tb[INET_DIAG_INFO]) < TCPI_BYTES_RECEIVED + (int)sizeof(bytes))
		return true; /* not told */
	memcpy(&bytes, (char *)nla_data(tb[INET_DIAG_INFO]) + TCPI_BYTES_RECEIVED, sizeof(bytes));
	return bytes;
}

static int take_socket(void *ctx, struct nlmsghdr *nlh)
{
	struct sessions *s = ctx;
	struct obs obs = { .kind = OBS_BGP, .ts_ns = s->ts_ns, .bgp.snapshot = true };
	struct inet_diag_msg d;

	if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY || nlmsg_datalen(nlh) < (int)sizeof(d))
		return -EBADMSG;
	memcpy(&d, nlmsg_data(nlh), sizeof(d));
	/* The second dump selects by the remote port: what the first one showed is known. */
	if (s->by_sport ? d.id.idiag_sport != s->port :
			  d.id.idiag_dport != s->port || d.id.idiag_sport == s->port)
		return 0;
	obs.bgp.local = diag_addr(d.idiag_family, d.id.idiag_src);
	if (d.idiag_state == TCP_LISTEN) {
		if (!s->listens && takes_v4(nlh, &d)) {
			s->listens = true;
			s->listener = obs.bgp.local;
		}
		return 0;
	}
	if (d.idiag_state != TCP_ESTABLISHED && d.idiag_state != TCP_SYN_SENT)
		return 0;
	obs.bgp.peer = diag_addr(d.idiag_family, d.id.idiag_dst);
	obs.bgp.local_port = ntohs(d.id.idiag_sport);
	obs.bgp.peer_port = ntohs(d.id.idiag_dport);
	obs.bgp.state = d.idiag_state == TCP_SYN_SENT ? BGP_CONNECTING : BGP_CONNECTED;
	obs.bgp.unproved = !has_received(nlh);
	s->fn(s->ctx, &obs);
	return 0;
}

static int dump(int fd, uint8_t family, struct sessions *s)
{
	struct inet_diag_req_v2 req = {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1),
		.idiag_states = 1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT | 1 << TCP_LISTEN,
		.id.idiag_sport = s->by_sport ? s->port : 0,
		.id.idiag_dport = s->by_sport ? 0 : s->port,
	};
	struct nl_msg *msg;
	int err;

	msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP);
	if (!msg)
		return -ENOMEM;
	err = -ENOMEM;
	if (!nlmsg_append(msg, &req, sizeof(req), NLMSG_ALIGNTO))
		err = nlask(fd, msg, take_socket, s);
	nlmsg_free(msg);
	return err;
}

int bgp_diag(uint16_t port, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct sessions s = { .port = htons(port), .ts_ns = ts_ns, .fn = fn, .ctx = ctx };
	struct obs obs = { .kind = OBS_BGP, .ts_ns = ts_ns, .bgp.snapshot = true };
	int fd, err = 0, i;

	fd = nlask__open(NETLINK_SOCK_DIAG);
	if (fd < 0)
		return fd;
	for (i = 0; i < 4 && !err; i++) {
		s.by_sport = !(i % 2);
		err = dump(fd, families[i / 2], &s);
		/* No IPv6 in this kernel: nothing to see there */
		if (families[i / 2] == AF_INET6 && err == -ENOENT)
			err = 0;
	}
	close(fd);
	if (err)
		return err;
	obs.bgp.state = s.listens ? BGP_LISTEN : BGP_NO_LISTEN;
	obs.bgp.local = s.listener;
	fn(ctx, &obs);
	return 0;
}
