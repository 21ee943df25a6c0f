// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened to the packets of a finding, in a sentence for somebody who is tired, and where
 * in the kernel, for somebody who is not. Why it happened is cause.c's.
 */
#include "engine_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"

static void list_blocks(const struct fnd *x, char *buf, size_t sz)
{
	const struct finding *f = &x->f;
	char text[PREFIX_STRLEN];

	if (!f->block_cnt && strstr(f->key, "/service/"))
		snprintf(buf, sz, "the service's address %s", addr_str(&x->example, text));
	else if (!f->block_cnt)
		snprintf(buf, sz, "addresses outside the pools");
	else if (f->block_cnt == 1)
		snprintf(buf, sz, "%s", prefix_str(&f->block[0], text));
	else
		snprintf(buf, sz, "%s and %u more block%s", prefix_str(&f->block[0], text),
			 f->block_cnt - 1, f->block_cnt == 2 ? "" : "s");
}

/* Verdicts whose sentence needs no more than the blocks and the device */
static const char *simple(enum verdict v)
{
	static const char *const sentence[V_MAX] = {
		[V_UNREACHABLE] = "Packets for %s meet a route of type unreachable.",
		[V_PROHIBIT] = "Packets for %s meet a route of type prohibit.",
		[V_RP_FILTER] = "Packets for %s that come in by %s are refused by rp_filter: the "
				"route back to their source leaves by another device.",
		[V_MARTIAN] = "Packets for %s that come in by %s are refused: their source or "
			      "destination address cannot be right there.",
		[V_FORWARDING_OFF] = "Packets for %s are dropped because forwarding is off on %s.",
		[V_TUNNEL_ERROR] = "Packets for %s are dropped by the tunnel (at %s).",
		[V_LINK_DOWN] = "Packets for %s are lost because a device on their way is down "
				"(at %s).",
		[V_TOO_BIG] = "Packets for %s are too big for the next device, and must not be "
			      "cut (at %s).",
		[V_TTL] = "Packets for %s are dropped at %s because their hop limit is reached.",
		[V_NO_SOCKET] = "Packets for %s reach their target, and find no socket there.",
		[V_OVERLOAD] = "Packets for %s are dropped at %s because a queue or a socket "
			       "buffer is full.",
	};

	return v < V_MAX ? sentence[v] : NULL;
}

static void say_filtered(const struct fnd *f, const char *blocks, const char *dev, char *buf,
			 size_t sz)
{
	bool both = f->in_dev[0] && f->out_dev[0];

	if (f->in_pod)
		snprintf(buf, sz,
			 "Packets for %s are dropped by a filter in the network namespace of the "
			 "pod behind %s.",
			 blocks, dev);
	else if (f->nf_hook == NF_HOOK_NONE)
		snprintf(buf, sz, "Packets for %s are dropped by a filter on %s (TC or XDP).",
			 blocks, dev);
	else
		snprintf(buf, sz, "Packets for %s are dropped by netfilter in %s%s%s%s%s.", blocks,
			 nf_hook_name(f->nf_hook), f->in_dev[0] ? ", in by " : "", f->in_dev,
			 both ? ", out by " : "", both ? f->out_dev : "");
}

static void say_neigh(const struct fnd *f, const char *blocks, const char *dev, char *buf,
		      size_t sz)
{
	char a[ADDR_STRLEN];
	const struct addr *hop = f->encapsulated	  ? &f->encap_dst :
				 addr_is_set(&f->gateway) ? &f->gateway :
							    &f->example;

	if (f->in_pod)
		snprintf(buf, sz,
			 "The pod behind %s gets no answer to ARP, so its packets for %s "
			 "are never sent.",
			 dev, blocks);
	else
		snprintf(buf, sz,
			 "Packets for %s are dropped on %s: the next hop %s does not "
			 "answer ARP.",
			 blocks, dev, addr_str(hop, a));
}

static void say_other(const struct fnd *f, const char *blocks, const char *dev, char *buf,
		      size_t sz)
{
	char a[ADDR_STRLEN];

	switch (f->f.verdict) {
	case V_BLACKHOLE:
		snprintf(buf, sz, "Packets for %s end in a blackhole route.",
			 addr_str(&f->example, a));
		break;
	case V_UNANSWERED:
		snprintf(buf, sz, "Requests to %s (e.g. %s) get no reply.", blocks,
			 addr_str(&f->example, a));
		break;
	case V_FILTERED:
		say_filtered(f, blocks, dev, buf, sz);
		break;
	case V_ALLOWLIST:
		/* that the sender is not on the list, the cause says where it is known */
		snprintf(buf, sz,
			 "Tunnel packets from %s that arrive on %s are dropped by this node's rule "
			 "for tunnel traffic.",
			 addr_is_set(&f->encap_src) ? addr_str(&f->encap_src, a) : "other nodes",
			 dev);
		break;
	case V_NEIGH_FAILED:
		say_neigh(f, blocks, dev, buf, sz);
		break;
	case V_WRONG_NEXTHOP:
		snprintf(buf, sz,
			 "Packets for %s are sent to %s, which is not the node that has "
			 "that block.",
			 blocks,
			 f->encapsulated ? addr_str(&f->encap_dst, a) : addr_str(&f->gateway, a));
		break;
	case V_DELIVERED:
		snprintf(buf, sz, "The DNS server %s answers, and says that it failed.",
			 addr_str(&f->example, a));
		break;
	default:
		snprintf(buf, sz, "Packets for %s are lost on %s: %s.", blocks, dev,
			 verdict_name(f->f.verdict));
	}
}

static void say_route(const struct fnd *f, const char *blocks, const char *dev, char *buf,
		      size_t sz)
{
	char a[ADDR_STRLEN];

	if (f->f.verdict == V_LEAKED)
		snprintf(buf, sz, "Packets for %s leave this node by %s%s%s without the tunnel.",
			 blocks, dev, addr_is_set(&f->gateway) ? " towards " : "",
			 addr_is_set(&f->gateway) ? addr_str(&f->gateway, a) : "");
	else if (f->proxy_arp)
		snprintf(buf, sz,
			 "Pods get no answer when they ask for their gateway, so their "
			 "packets are never sent.");
	else
		snprintf(buf, sz, "Packets for %s find no route on this node.", blocks);
}

void symptom(const struct fnd *f, char *buf, size_t sz)
{
	const char *dev = f->f.dev[0] ? f->f.dev : "?";
	const char *sentence = simple(f->f.verdict);
	char blocks[96];

	list_blocks(f, blocks, sizeof(blocks));
	if (f->f.verdict == V_LEAKED || f->f.verdict == V_NO_ROUTE)
		say_route(f, blocks, dev, buf, sz);
	else if (sentence)
		snprintf(buf, sz, sentence, blocks, dev);
	else
		say_other(f, blocks, dev, buf, sz);
}

void symptom_evidence(struct fnd *f)
{
	char a[ADDR_STRLEN];

	if (f->at == AT_DROP && (f->reason[0] || f->location[0]))
		evidence(f, "dropped%s%s%s%s%s", f->location[0] ? " in the kernel's " : "",
			 f->location[0] ? f->location : "", f->reason[0] ? ", reason " : "",
			 f->reason, f->in_pod ? ", in the pod's network namespace" : "");
	if (addr_is_set(&f->icmp_from))
		evidence(f, "%s answered with an ICMP error, type %u code %u",
			 addr_str(&f->icmp_from, a), f->icmp_type, f->icmp_code);
}
