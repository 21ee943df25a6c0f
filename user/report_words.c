// SPDX-License-Identifier: GPL-2.0-only
/* What a report says in words of its own: for causes, verdicts and checks, and times. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report_priv.h"
#include "util.h"

static const char *const causes[C_MAX] = {
	[C_UNKNOWN] = "the reason is not known",
	[C_ROUTE_MISSING] = "the route is missing on this node",
	[C_DEFAULT_ROUTE_MISSING] = "the default route is missing",
	[C_BGP_DOWN] = "no BGP session of this node is established",
	[C_BGP_PEER_DOWN] = "the BGP session that the route came by is down",
	[C_BGP_NEXTHOP_UNRESOLVED] = "BIRD cannot resolve the route's next hop",
	[C_FOREIGN_ROUTE_CHANGE] = "another program than the route's owner changed it",
	[C_RETURN_ROUTE_MISSING] = "the way back lacks a route",
	[C_STALE_ENDPOINT] = "there is no such pod any more",
	[C_NO_LISTENER] = "nobody listens on that port",
	[C_TUNNEL_DOWN] = "the tunnel device is down",
	[C_TUNNEL_MISSING] = "the tunnel device is missing",
	[C_BEYOND_NODE] = "the fault lies beyond this node: packets left it correctly",
	[C_BGP_BLOCKED] = "TCP port 179 gets no answer on the way",
	[C_NODE_ADDRESS_MISMATCH] =
		"the node is registered with an address that it does not have or does not use",
	[C_BIRD_DOWN] = "BIRD does not run",
	[C_GRACEFUL_RESTART] = "a graceful restart has not learnt the routes again yet",
	[C_ROUTE_NOT_ANNOUNCED] = "the session is up, but the route is not announced",
	[C_ROUTE_OWNER_CONFLICT] = "two owners claim the route",
	[C_WRONG_DEVICE] = "the route leads to the wrong device",
	[C_WRONG_GATEWAY] = "the route leads to the wrong gateway",
	[C_TUNNEL_ADDRESS] = "the tunnel device has no address, or a wrong one",
	[C_VTEP_MISSING] = "the other end of the VXLAN is not known to the kernel",
	[C_NODE_UNREACHABLE] = "the other node cannot be reached",
	[C_PEER_NOT_IN_ALLOWLIST] = "the receiving node's allow-list lacks the sending node",
	[C_FORWARDING_DISABLED] = "forwarding is switched off",
	[C_MTU_MISMATCH] = "the packets are larger than the way allows",
	[C_CONNTRACK_FULL] = "the table of connections is full",
	[C_NEIGH_TABLE_FULL] = "the table of neighbours is full",
	[C_PROXY_ARP_OFF] = "proxy ARP is off on the pod's device",
	[C_CALICO_RPF] = "source validation refuses the packets",
	[C_UNDERLAY_FILTERED] = "the network between the nodes drops tunnel packets",
	[C_ASYMMETRIC_ROUTE] = "packets come by another way than the replies take",
	[C_CONNTRACK_INVALID] = "connection tracking does not know the packets' connection",
	[C_CONNTRACK_CLASH] = "two requests at once clash in connection tracking",
	[C_CHECKSUM_OFFLOAD] = "checksums of tunnel packets are wrong",
	[C_POLICY_DENY] = "a network policy denies the packets",
	[C_FOREIGN_FIREWALL] = "a firewall rule that is not Calico's drops the packets",
	[C_UNKNOWN_INTERFACE] = "Felix does not know the pod's device",
	[C_WL_TO_HOST] = "Calico does not let pods reach their own node",
	[C_SPOOFED_SOURCE] = "the pod sends from an address that is not its own",
	[C_BORROWED_ADDRESS] = "another node has borrowed the address of this node's block",
	[C_POD_LINK_DOWN] = "the pod's link is down",
	[C_SERVER_OVERLOAD] = "the server does not keep up with its requests",
	[C_STALE_NAT] = "connection tracking still leads to a pod that is gone",
	[C_NO_ENDPOINTS] = "the service has no endpoints",
	[C_NOT_TRANSLATED] = "nothing translates the service's address",
	[C_DNS_UPSTREAM] = "the DNS server itself fails to get answers",
};

const char *cause_clause(enum cause c)
{
	return (unsigned int)c < C_MAX && causes[c] ? causes[c] : cause_name(c);
}

static const char *const verdicts[V_MAX] = {
	[V_DELIVERED] = "delivered",
	[V_SENT] = "sent as they should be",
	[V_LEAKED] = "packets leave past the tunnel",
	[V_NO_ROUTE] = "no route for packets",
	[V_BLACKHOLE] = "packets end in a blackhole route",
	[V_UNREACHABLE] = "packets end in an unreachable route",
	[V_PROHIBIT] = "packets end in a prohibit route",
	[V_RP_FILTER] = "source validation refuses packets",
	[V_MARTIAN] = "packets with impossible addresses",
	[V_FORWARDING_OFF] = "packets are not forwarded",
	[V_FILTERED] = "a filter drops packets",
	[V_ALLOWLIST] = "tunnel packets of an unlisted node are dropped",
	[V_NEIGH_FAILED] = "the next hop does not resolve",
	[V_TUNNEL_ERROR] = "the tunnel cannot send packets",
	[V_WRONG_NEXTHOP] = "packets go to the wrong node",
	[V_LINK_DOWN] = "a device on the way is down",
	[V_TOO_BIG] = "packets are too big",
	[V_TTL] = "packets ran out of hops",
	[V_NO_SOCKET] = "nobody listens",
	[V_OVERLOAD] = "a queue is full",
	[V_UNANSWERED] = "requests stay without an answer",
	[V_OTHER] = "the kernel drops packets",
};

const char *verdict_clause(enum verdict v)
{
	return (unsigned int)v < V_MAX && verdicts[v] ? verdicts[v] : verdict_name(v);
}

const char *event_word(enum event_kind k)
{
	static const char *const words[MARK_KINDS] = {
		[MARK_LOSS] = "loss",	  [MARK_ROUTES] = "routes", [MARK_ADDR] = "address",
		[MARK_LINK] = "device",	  [MARK_PROC] = "process",  [MARK_BGP] = "BGP",
		[MARK_REPAIR] = "repair", [MARK_ANSWER] = "answer", [MARK_GAP] = "not seen",
	};

	return (unsigned int)k < MARK_KINDS && words[k] ? words[k] : "?";
}

/* ---- times ---- */

const char *clock_str(const struct axis *a, uint64_t wall_ns, char buf[CLOCK_LEN])
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	unsigned int ms = (unsigned int)(wall_ns % NS_PER_S / NS_PER_MS);
	struct tm tm;
	size_t len;

	gmtime_r(&s, &tm);
	len = strftime(buf, CLOCK_LEN, "%H:%M:%S", &tm);
	if (a->width_ns % (100 * NS_PER_MS))
		snprintf(buf + len, CLOCK_LEN - len, ".%03u", ms);
	else if (a->width_ns < NS_PER_S)
		snprintf(buf + len, CLOCK_LEN - len, ".%u", ms / 100);
	return buf;
}

const char *moment_str(const struct axis *a, uint64_t wall_ns, char buf[CLOCK_LEN])
{
	struct axis fine = *a;

	if (fine.width_ns < 60 * NS_PER_S)
		fine.width_ns = NS_PER_MS;
	return clock_str(&fine, wall_ns, buf);
}

const char *date_str(uint64_t wall_ns, char buf[CLOCK_LEN])
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(buf, CLOCK_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return buf;
}

const char *span_str(uint64_t ns, char buf[CLOCK_LEN])
{
	unsigned long long s = ns / NS_PER_S;

	if (ns < NS_PER_S)
		snprintf(buf, CLOCK_LEN, "%u ms", (unsigned int)(ns / NS_PER_MS));
	else if (s < 60)
		snprintf(buf, CLOCK_LEN, "%llu.%u s", s,
			 (unsigned int)(ns % NS_PER_S / (100 * NS_PER_MS)));
	else if (s < 3600)
		snprintf(buf, CLOCK_LEN, "%llu min %llu s", s / 60, s % 60);
	else
		snprintf(buf, CLOCK_LEN, "%llu h %llu min", s / 3600, s % 3600 / 60);
	return buf;
}
