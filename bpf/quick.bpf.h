/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first look at a packet: is it certain that it is none of ours? Most of a node's packets are
 * not, and for these this is all that calitrace costs. Packet bytes are read in place, and no map
 * and no helper is asked. What is not plain (options, headers outside the linear part) is never
 * certain, and is left to parse().
 */
#ifndef CALITRACE_QUICK_H
#define CALITRACE_QUICK_H

#define PLAIN_IP4 0x45 /* version 4, no options */
#define ETH_HEAD 14
#define VXLAN_HEADS 30	/* UDP, VXLAN and inner Ethernet header */
#define QUICK_BYTES 34	/* IPv4, and TCP as far as its flags */
#define TCP_FLAGS_AT 33 /* from the IPv4 header on */

static __always_inline bool quick_ports(const struct wire_l4 *l4)
{
	return is_dns_port(l4->a) || is_dns_port(l4->b);
}

/* An IPv4 header without options, at least QUICK_BYTES of it and what follows */
static __always_inline bool quick_inner(const __u8 *at)
{
	const struct wire_ip4 *ip = (const void *)at;
	const struct wire_l4 *l4 = (const void *)(at + sizeof(*ip));

	if (ip->vihl != PLAIN_IP4)
		return false;
	if (ip->proto == P_UDP)
		return !quick_ports(l4) && !(cfg.apps & EV_APP_UDP);
	if (ip->proto == P_TCP)
		return !quick_ports(l4) && !(at[TCP_FLAGS_AT] & (TCP_SYN | TCP_RST));
	return ip->proto != P_ICMP;
}

/*
 * Where the IPv4 header stands is not told to a TC program: behind an Ethernet header, or, on a
 * tunnel device, at the start. Bytes may be both: of MAC addresses made at random one in 16 begins
 * like an IPv4 header, and a bare header from 8.0.0.0/16 has an ethertype's bytes in its source.
 * They are a frame's if they cannot be a bare header's: that is too short, or the packet is. Else
 * they stay undecided: NULL.
 */
static __always_inline const __u8 *quick_header(const struct __sk_buff *tc, const __u8 *data)
{
	bool ether = *(const __be16 *)(data + 12) == bpf_htons(ETH_P_IP);

	if ((data[0] & 0xf0) != 0x40)
		return ether ? data + ETH_HEAD : NULL;
	if (!ether)
		return data[0] == PLAIN_IP4 ? data : NULL;
	if (data[0] < PLAIN_IP4 || bpf_ntohs(*(const __be16 *)(data + 2)) > tc->len)
		return data + ETH_HEAD;
	return NULL;
}

/*
 * True: it is certain. Of an encapsulated packet what is inside counts. Where the headers stand is
 * not handed on to what looks further: that each read in place may fail, at either place, is ten
 * times the paths to verifiers up to 6.1; and on 5.10 tunl0 still has the outer headers in front.
 */
static __always_inline bool quick_miss(const struct __sk_buff *tc)
{
	const __u8 *data = (const void *)(long)tc->data, *end = (const void *)(long)tc->data_end;
	const struct wire_ip4 *ip;
	const struct wire_l4 *l4;
	const __u8 *at, *in;

	if (data + ETH_HEAD + QUICK_BYTES > end)
		return false;
	at = quick_header(tc, data);
	if (!at)
		return false;
	ip = (const void *)at;
	l4 = (const void *)(at + sizeof(*ip));
	if (ip->frag & bpf_htons(IP_OFFMASK))
		return false;
	if (ip->proto == P_IPIP) {
		in = at + sizeof(*ip);
	} else if (ip->proto == P_UDP && cfg.vxlan_port && l4->b == cfg.vxlan_port) {
		in = at + sizeof(*ip) + VXLAN_HEADS;
		if (in > end || *(const __be16 *)(in - 2) != bpf_htons(ETH_P_IP))
			return false;
	} else {
		return quick_inner(at);
	}
	if (ip->vihl != PLAIN_IP4 || in + QUICK_BYTES > end ||
	    ((const struct wire_ip4 *)in)->frag & bpf_htons(IP_OFFMASK))
		return false;
	return quick_inner(in);
}

#endif
