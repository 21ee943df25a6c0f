// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of the contract for the model's enums. The contract is binding: a
 * word may be added, never renamed. Nothing but tables.
 */
#include "model.h"

#define LOOKUP(table, idx) lookup(table, sizeof(table) / sizeof((table)[0]), (size_t)(idx))

static const char *lookup(const char *const *table, size_t cnt, size_t idx)
{
	return idx < cnt && table[idx] ? table[idx] : "?";
}

static const char *const verdict_names[V_MAX] = {
	[V_NONE] = "none",
	[V_DELIVERED] = "delivered",
	[V_SENT] = "sent",
	[V_LEAKED] = "leaked",
	[V_NO_ROUTE] = "no-route",
	[V_BLACKHOLE] = "blackhole",
	[V_UNREACHABLE] = "unreachable",
	[V_PROHIBIT] = "prohibit",
	[V_RP_FILTER] = "rp-filter",
	[V_MARTIAN] = "martian",
	[V_FORWARDING_OFF] = "forwarding-off",
	[V_FILTERED] = "filtered",
	[V_ALLOWLIST] = "allowlist",
	[V_NEIGH_FAILED] = "neigh-failed",
	[V_TUNNEL_ERROR] = "tunnel-error",
	[V_WRONG_NEXTHOP] = "wrong-nexthop",
	[V_LINK_DOWN] = "link-down",
	[V_TOO_BIG] = "too-big",
	[V_TTL] = "ttl",
	[V_NO_SOCKET] = "no-socket",
	[V_OVERLOAD] = "overload",
	[V_UNANSWERED] = "unanswered",
	[V_OTHER] = "other",
};

static const char *const cause_names[C_MAX] = {
	[C_UNKNOWN] = "unknown",
	[C_ROUTE_MISSING] = "route-missing",
	[C_DEFAULT_ROUTE_MISSING] = "default-route-missing",
	[C_BGP_DOWN] = "bgp-down",
	[C_BGP_PEER_DOWN] = "bgp-peer-down",
	[C_BGP_NEXTHOP_UNRESOLVED] = "bgp-nexthop-unresolved",
	[C_FOREIGN_ROUTE_CHANGE] = "foreign-route-change",
	[C_RETURN_ROUTE_MISSING] = "return-route-missing",
	[C_STALE_ENDPOINT] = "stale-endpoint",
	[C_NO_LISTENER] = "no-listener",
	[C_TUNNEL_DOWN] = "tunnel-down",
	[C_TUNNEL_MISSING] = "tunnel-missing",
	[C_BEYOND_NODE] = "beyond-node",
	[C_BGP_BLOCKED] = "bgp-blocked",
	[C_NODE_ADDRESS_MISMATCH] = "node-address-mismatch",
	[C_BIRD_DOWN] = "bird-down",
	[C_GRACEFUL_RESTART] = "graceful-restart",
	[C_ROUTE_NOT_ANNOUNCED] = "route-not-announced",
	[C_ROUTE_OWNER_CONFLICT] = "route-owner-conflict",
	[C_WRONG_DEVICE] = "wrong-device",
	[C_WRONG_GATEWAY] = "wrong-gateway",
	[C_TUNNEL_ADDRESS] = "tunnel-address",
	[C_VTEP_MISSING] = "vtep-missing",
	[C_NODE_UNREACHABLE] = "node-unreachable",
	[C_PEER_NOT_IN_ALLOWLIST] = "peer-not-in-allowlist",
	[C_FORWARDING_DISABLED] = "forwarding-disabled",
	[C_MTU_MISMATCH] = "mtu-mismatch",
	[C_CONNTRACK_FULL] = "conntrack-full",
	[C_NEIGH_TABLE_FULL] = "neigh-table-full",
	[C_PROXY_ARP_OFF] = "proxy-arp-off",
	[C_CALICO_RPF] = "calico-rpf",
	[C_UNDERLAY_FILTERED] = "underlay-filtered",
	[C_ASYMMETRIC_ROUTE] = "asymmetric-route",
	[C_CONNTRACK_INVALID] = "conntrack-invalid",
	[C_CONNTRACK_CLASH] = "conntrack-clash",
	[C_CHECKSUM_OFFLOAD] = "checksum-offload",
	[C_POLICY_DENY] = "policy-deny",
	[C_FOREIGN_FIREWALL] = "foreign-firewall",
	[C_UNKNOWN_INTERFACE] = "unknown-interface",
	[C_WL_TO_HOST] = "wl-to-host",
	[C_SPOOFED_SOURCE] = "spoofed-source",
	[C_BORROWED_ADDRESS] = "borrowed-address",
	[C_POD_LINK_DOWN] = "pod-link-down",
	[C_SERVER_OVERLOAD] = "server-overload",
	[C_STALE_NAT] = "stale-nat",
	[C_NO_ENDPOINTS] = "no-endpoints",
	[C_NOT_TRANSLATED] = "not-translated",
	[C_DNS_UPSTREAM] = "dns-upstream",
};

static const char *const confidence_names[] = {
	[CONF_UNCLEAR] = "unclear",
	[CONF_LIKELY] = "likely",
	[CONF_CERTAIN] = "certain",
};

static const char *const app_names[APP_MAX] = {
	[APP_NONE] = "none", [APP_DNS] = "dns", [APP_ICMP] = "icmp",
	[APP_TCP] = "tcp",   [APP_UDP] = "udp",
};

static const char *const hook_names[] = {
	[AT_NONE] = "none",	      [AT_TC_INGRESS] = "tc-ingress",
	[AT_TC_EGRESS] = "tc-egress", [AT_FIB] = "fib",
	[AT_DROP] = "drop",	      [AT_LOCAL] = "local",
};

static const char *const encap_names[] = {
	[ENCAP_NONE] = "none",
	[ENCAP_IPIP] = "ipip",
	[ENCAP_VXLAN] = "vxlan",
	[ENCAP_WIREGUARD] = "wireguard",
};

static const char *const nf_hook_names[] = {
	[NF_HOOK_NONE] = "",	     [NF_HOOK_PREROUTING] = "prerouting",
	[NF_HOOK_INPUT] = "input",   [NF_HOOK_FORWARD] = "forward",
	[NF_HOOK_OUTPUT] = "output", [NF_HOOK_POSTROUTING] = "postrouting",
};

static const char *const pool_mode_names[] = {
	[POOL_UNKNOWN] = "unknown",
	[POOL_NONE] = "none",
	[POOL_IPIP] = "ipip",
	[POOL_VXLAN] = "vxlan",
	[POOL_CROSSSUBNET] = "crosssubnet",
};

static const char *const pool_from_names[] = {
	[FROM_OPTION] = "option", [FROM_IPSET] = "ipset",   [FROM_CONFD] = "confd",
	[FROM_GUESS] = "guess",	  [FROM_ROUTES] = "routes", [FROM_DEVICE] = "device",
};

static const char *const block_from_names[] = {
	[BLOCK_UNKNOWN] = "unknown", [BLOCK_ROUTE] = "route",	    [BLOCK_HISTORY] = "history",
	[BLOCK_BIRD] = "bird",	     [BLOCK_BASELINE] = "baseline", [BLOCK_GUESS] = "guess",
};

static const char *const since_from_names[] = {
	[SINCE_UNSET] = "unset",
	[SINCE_SEEN] = "seen",
	[SINCE_BASELINE] = "baseline",
	[SINCE_BIRD] = "bird",
	[SINCE_BEFORE_START] = "before-start",
};

static const char *const bgp_state_names[] = {
	[BGP_CONNECTED] = "connected",
	[BGP_REFUSED] = "refused",
	[BGP_RESET] = "reset",
	[BGP_TIMEOUT] = "timeout",
	[BGP_CLOSED_AFTER_ACCEPT] = "closed-after-accept",
	[BGP_CLOSED] = "closed",
	[BGP_LISTEN] = "listen",
	[BGP_NO_LISTEN] = "no-listen",
	[BGP_CONNECTING] = "connecting",
};

static const char *const loss_names[] = {
	[LOSS_RING] = "ring", [LOSS_WITHHELD] = "withheld",	[LOSS_NETLINK] = "netlink",
	[LOSS_MAP] = "map",   [LOSS_ATTACHMENT] = "attachment", [LOSS_CLOCK] = "clock",
	[LOSS_BIRD] = "bird",
};

static const char *const source_names[SOURCE_MAX] = {
	[SOURCE_BIRD] = "bird",	      [SOURCE_BIRD6] = "bird6",
	[SOURCE_CONF] = "confd",      [SOURCE_IPSET] = "ipset",
	[SOURCE_CNI] = "cni",	      [SOURCE_STATUS] = "endpoint-status",
	[SOURCE_SYSCTL] = "sysctl",   [SOURCE_VTEP] = "vtep",
	[SOURCE_FILL] = "tables",     [SOURCE_PROC] = "processes",
	[SOURCE_ANSWER] = "fib",      [SOURCE_NEIGH] = "neigh",
	[SOURCE_NFRULES] = "nfrules", [SOURCE_KUBELET] = "kubelet",
	[SOURCE_NFTRACE] = "nftrace",
};

static const char *const source_state_names[] = {
	[SOURCE_UNASKED] = "unasked",	[SOURCE_OK] = "ok",	      [SOURCE_ABSENT] = "absent",
	[SOURCE_DENIED] = "denied",	[SOURCE_TIMEOUT] = "timeout", [SOURCE_GARBAGE] = "garbage",
	[SOURCE_GIVEN_UP] = "given-up", [SOURCE_OFF] = "off",
};

static const char *const check_state_names[] = {
	[CHECK_OK] = "ok",
	[CHECK_WARN] = "warn",
	[CHECK_PROBLEM] = "problem",
	[CHECK_UNKNOWN] = "unknown",
};

const char *verdict_name(enum verdict v)
{
	return LOOKUP(verdict_names, v);
}

const char *cause_name(enum cause c)
{
	return LOOKUP(cause_names, c);
}

const char *confidence_name(enum confidence c)
{
	return LOOKUP(confidence_names, c);
}

const char *app_name(enum app a)
{
	return LOOKUP(app_names, a);
}

const char *hook_name(enum hook h)
{
	return LOOKUP(hook_names, h);
}

const char *encap_name(enum encap_kind k)
{
	return LOOKUP(encap_names, k);
}

const char *nf_hook_name(enum nf_hook h)
{
	return LOOKUP(nf_hook_names, h);
}

const char *pool_mode_name(enum pool_mode m)
{
	return LOOKUP(pool_mode_names, m);
}

const char *pool_from_name(enum pool_from f)
{
	return LOOKUP(pool_from_names, f);
}

const char *block_from_name(enum block_from f)
{
	return LOOKUP(block_from_names, f);
}

const char *since_from_name(enum since_from f)
{
	return LOOKUP(since_from_names, f);
}

const char *bgp_state_name(enum bgp_state s)
{
	return LOOKUP(bgp_state_names, s);
}

const char *loss_name(enum loss_what w)
{
	return LOOKUP(loss_names, w);
}

const char *source_name(enum source s)
{
	return LOOKUP(source_names, s);
}

const char *source_state_name(enum source_state s)
{
	return LOOKUP(source_state_names, s);
}

const char *check_state_name(enum check_state s)
{
	return LOOKUP(check_state_names, s);
}

bool check_is_open(const struct check *c)
{
	return (c->state == CHECK_UNKNOWN && c->needed) ||
	       (c->state != CHECK_OK && c->cause == C_GRACEFUL_RESTART);
}
