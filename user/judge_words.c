// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's own words for a drop mean, see judge_words.h */
#include "judge_words.h"

#include <errno.h>
#include <string.h>

#include "util.h"

enum verdict judge_find(const struct judge_word *w, size_t cnt, const char *word)
{
	for (size_t i = 0; i < cnt; i++)
		if (!strcmp(word, w[i].word))
			return w[i].verdict;
	return V_NONE;
}

enum verdict judge_reason(const char *reason)
{
	/* enum skb_drop_reason, include/net/dropreason-core.h and before that linux/skbuff.h */
	static const struct judge_word reasons[] = {
		{ "IP_INNOROUTES", V_NO_ROUTE },
		{ "IP_OUTNOROUTES", V_NO_ROUTE },
		{ "IP_RPFILTER", V_RP_FILTER },
		{ "IP_LOCAL_SOURCE", V_MARTIAN },
		{ "IP_INVALID_SOURCE", V_MARTIAN },
		{ "IP_INVALID_DEST", V_MARTIAN },
		{ "IP_LOCALNET", V_MARTIAN },
		{ "IP_INADDRERRORS", V_FORWARDING_OFF },
		{ "NETFILTER_DROP", V_FILTERED },
		{ "TC_INGRESS", V_FILTERED },
		{ "TC_EGRESS", V_FILTERED },
		{ "XDP", V_FILTERED },
		{ "BPF_CGROUP_EGRESS", V_FILTERED },
		{ "NEIGH_FAILED", V_NEIGH_FAILED },
		{ "NEIGH_CREATEFAIL", V_NEIGH_FAILED },
		{ "NEIGH_QUEUEFULL", V_NEIGH_FAILED },
		{ "NEIGH_DEAD", V_NEIGH_FAILED },
		{ "NEIGH_HH_FILLFAIL", V_NEIGH_FAILED },
		{ "PKT_TOO_BIG", V_TOO_BIG },
		{ "NO_SOCKET", V_NO_SOCKET },
		{ "SOCKET_RCVBUFF", V_OVERLOAD },
		{ "SOCKET_BACKLOG", V_OVERLOAD },
		{ "PROTO_MEM", V_OVERLOAD },
		{ "FULL_RING", V_OVERLOAD },
		{ "CPU_BACKLOG", V_OVERLOAD },
		{ "RECURSION_LIMIT", V_TUNNEL_ERROR },
		{ "NOMEM", V_OVERLOAD },
		{ "DEV_READY", V_LINK_DOWN },
		{ "IP_TUNNEL_ECN", V_TUNNEL_ERROR },
		{ "OTHERHOST", V_TUNNEL_ERROR },
		{ "NO_TX_TARGET", V_TUNNEL_ERROR }, /* VXLAN without a forwarding entry */
	};
	enum verdict v = judge_find(reasons, sizeof(reasons) / sizeof(reasons[0]), reason);

	if (v != V_NONE)
		return v;
	if (str_begins(reason, "QDISC_"))
		return V_OVERLOAD;
	if (str_begins(reason, "VXLAN_") || str_begins(reason, "TUNNEL_"))
		return V_TUNNEL_ERROR;
	return V_OTHER;
}

enum verdict judge_errno(uint16_t err)
{
	switch (err) {
	case ENETUNREACH:
	case EAGAIN: /* a miss in the last table walked */
		return V_NO_ROUTE;
	case EINVAL:
		return V_BLACKHOLE;
	case EHOSTUNREACH:
		return V_UNREACHABLE;
	case EACCES:
		return V_PROHIBIT;
	default:
		return V_NONE;
	}
}
