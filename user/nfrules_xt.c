// SPDX-License-Identifier: GPL-2.0-only
/*
 * Matches of x_tables in words, for somebody who looks for them in iptables-save: what is common is told,
 * what is not understood is told to be there. See nfrules.h.
 */
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdio.h>
#include <string.h>

#include "nfrules.h"
#include "util.h"

void nfr_word(char *buf, size_t sz, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	if (n + 2 >= sz)
		return;
	if (n)
		buf[n++] = ' ';
	va_start(ap, fmt);
	vsnprintf(buf + n, sz - n, fmt, ap);
	va_end(ap);
}

#define WORD(r, ...) nfr_word((r)->text, sizeof((r)->text), __VA_ARGS__)

/* The data of a match are the kernel's own structs; what is shorter than them is not looked at. */
#define GET(into, data, len) ((len) >= sizeof(into) && memcpy(&(into), data, sizeof(into)))

static void add_comment(struct obs_nfrule *r, const char *text, size_t len)
{
	char one[NFR_COMMENT_LEN];

	snprintf(one, sizeof(one), "%.*s", (int)strnlen(text, len), text);
	/* Felix marks each of its rules with a hash, which tells nobody anything */
	if (!strncmp(one, "cali:", 5) && strlen(one) == 21)
		return;
	if (r->comment[0])
		nfr_word(r->comment, sizeof(r->comment), "; %s", one);
	else
		snprintf(r->comment, sizeof(r->comment), "%s", one);
}

void nfr_states(struct obs_nfrule *r, unsigned int mask, bool invert)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} states[] = {
		{ 1, "INVALID" },
		{ 1 << (IP_CT_ESTABLISHED + 1), "ESTABLISHED" },
		{ 1 << (IP_CT_RELATED + 1), "RELATED" },
		{ 1 << (IP_CT_NEW + 1), "NEW" },
		{ 1 << (IP_CT_NUMBER + 1), "UNTRACKED" },
	};
	char text[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (mask & states[i].bit)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 text[0] ? "," : "", states[i].name);
	r->invalid = mask == 1 && !invert;
	WORD(r, "%s--ctstate %s", invert ? "! " : "", text);
}

static void add_conntrack(struct obs_nfrule *r, uint8_t rev, const uint8_t *data, size_t len)
{
	struct xt_conntrack_mtinfo1 v1;
	struct xt_conntrack_mtinfo3 v3;
	uint16_t flags = 0, invert = 0;
	unsigned int mask = 0;

	/* revisions 2 and 3 begin alike, as far as this */
	if (rev == 1 && GET(v1, data, len)) {
		flags = v1.match_flags;
		invert = v1.invert_flags;
		mask = v1.state_mask;
	} else if (rev >= 2 && len >= sizeof(struct xt_conntrack_mtinfo2)) {
		memset(&v3, 0, sizeof(v3));
		memcpy(&v3, data, len < sizeof(v3) ? len : sizeof(v3));
		flags = v3.match_flags;
		invert = v3.invert_flags;
		mask = v3.state_mask;
	}
	/* -m state is another name for it */
	if ((flags & ~XT_CONNTRACK_STATE_ALIAS) == XT_CONNTRACK_STATE)
		nfr_states(r, mask, invert & XT_CONNTRACK_STATE);
	else
		WORD(r, "-m conntrack ...");
}

static void add_ports(struct obs_nfrule *r, const char *which, const uint16_t *p, bool invert)
{
	if (p[0] == 0 && p[1] == UINT16_MAX)
		return;
	if (p[0] == p[1])
		WORD(r, "%s--%s %u", invert ? "! " : "", which, p[0]);
	else
		WORD(r, "%s--%s %u:%u", invert ? "! " : "", which, p[0], p[1]);
}

static bool add_l4(struct obs_nfrule *r, const char *name, const uint8_t *data, size_t len)
{
	struct ipt_icmp icmp;
	struct xt_tcp tcp;
	struct xt_udp udp;

	if (!strcmp(name, "udp") && GET(udp, data, len)) {
		add_ports(r, "sport", udp.spts, udp.invflags & XT_UDP_INV_SRCPT);
		add_ports(r, "dport", udp.dpts, udp.invflags & XT_UDP_INV_DSTPT);
	} else if (!strcmp(name, "tcp") && GET(tcp, data, len)) {
		add_ports(r, "sport", tcp.spts, tcp.invflags & XT_TCP_INV_SRCPT);
		add_ports(r, "dport", tcp.dpts, tcp.invflags & XT_TCP_INV_DSTPT);
	} else if (!strcmp(name, "icmp") && GET(icmp, data, len)) {
		WORD(r, "--icmp-type %u", icmp.type);
	} else {
		return false;
	}
	return true;
}

void nfr_xt_match(struct obs_nfrule *r, const char *name, uint8_t rev, const uint8_t *data,
		  size_t len)
{
	struct xt_state_info state;
	struct xt_mark_mtinfo1 mark;

	if (!strcmp(name, "comment")) {
		add_comment(r, (const char *)data, len);
	} else if (!strcmp(name, "conntrack")) {
		add_conntrack(r, rev, data, len);
	} else if (!strcmp(name, "state") && GET(state, data, len)) {
		nfr_states(r, state.statemask, false);
	} else if (!strcmp(name, "mark") && GET(mark, data, len)) {
		WORD(r, "--mark %s0x%x/0x%x", mark.invert ? "! " : "", mark.mark, mark.mask);
	} else if (!add_l4(r, name, data, len)) {
		r->rpfilter |= !strcmp(name, "rpfilter");
		WORD(r, "-m %s ...", name);
	}
}
