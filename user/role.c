// SPDX-License-Identifier: GPL-2.0-only
/* What a packet is in its exchange, by what stands in it. */
#include "engine_priv.h"

#include <linux/types.h>

#include "../bpf/events.h"

bool journey_is_dns_port(const struct engine *e, uint16_t port)
{
	for (int i = 0; i < 4; i++)
		if (port && e->opts.dns_port[i] == port)
			return true;
	return false;
}

static enum role role_of_tcp(const struct engine *e, const struct obs_pkt *p)
{
	if (p->tcp_flags & (TCPF_SYN | TCPF_RST))
		return (p->tcp_flags & (TCPF_SYN | TCPF_RST | TCPF_ACK)) == TCPF_SYN ?
			       ROLE_REQUEST :
			       ROLE_REPLY;
	if (journey_is_dns_port(e, p->sport))
		return ROLE_REPLY;
	return p->dns_flags && !(p->dns_flags & DNS_QR) ? ROLE_REQUEST : ROLE_PLAIN;
}

enum role journey_role(const struct engine *e, const struct obs_pkt *p, enum app app)
{
	enum role role = ROLE_PLAIN;

	if (p->proto == PROTO_ICMP)
		role = p->icmp_type == 8 ? ROLE_REQUEST :
		       p->icmp_type == 0 ? ROLE_REPLY :
					   ROLE_ICMP_ERROR;
	else if (p->proto == PROTO_TCP)
		role = role_of_tcp(e, p);
	else if (app == APP_DNS && p->dns_flags & DNS_QR)
		role = ROLE_REPLY;
	else if (app == APP_DNS && journey_is_dns_port(e, p->dport))
		role = ROLE_REQUEST;
	/* of an aggregate only the first packet is known: it may answer, but not ask for all */
	return role == ROLE_REQUEST && p->flags & EV_F_GSO ? ROLE_PLAIN : role;
}

enum app journey_app(const struct engine *e, const struct obs_pkt *p)
{
	if (p->proto == PROTO_ICMP)
		return APP_ICMP;
	if (journey_is_dns_port(e, p->sport) || journey_is_dns_port(e, p->dport))
		return APP_DNS;
	return p->proto == PROTO_TCP ? APP_TCP : p->proto == PROTO_UDP ? APP_UDP : APP_NONE;
}
