// SPDX-License-Identifier: GPL-2.0-only
/* Packets of others: those in blocks of pcapng, and pcap files */
#include <errno.h>
#include <stdlib.h>

#include "cap_reader.h"
#include "util.h"

/* The direction, if the block says so; for Wireshark it is the interface's, for us the node's. */
static bool is_outbound(const struct capr *r, const struct cap_epb *e)
{
	const uint8_t *p = e->opt;
	struct cap_opt o;

	while (cap_opt_next(&p, e->opt_end, r->swap, &o) > 0)
		if (o.code == NG_EPB_FLAGS && o.len == 4)
			return (get32(o.value, r->swap) & 3) == 2;
	return false;
}

int capr__foreign_packet(struct capr *r, const struct cap_epb *e)
{
	struct cap_foreign *f = &r->foreign;

	r->packets++;
	f->packets++;
	if (!cap_dissect(e->iface->link, e->data, e->cap_len, &f->obs))
		return -ENOENT;
	if (is_outbound(r, e))
		f->obs.pkt.hook = AT_TC_EGRESS;
	cap_foreign__packet(f, e->have_ts ? cap_if_ns(e->iface, e->ts) : 0, e->iface_idx);
	return -ENOENT;
}

/* ---- pcap ---- */

bool pcap__is_magic(uint32_t magic)
{
	return magic == PCAP_US || magic == PCAP_NS || magic == __builtin_bswap32(PCAP_US) ||
	       magic == __builtin_bswap32(PCAP_NS);
}

int pcap__open(struct capr *r)
{
	int got = cap_input__need(&r->in, PCAP_HEAD);
	const uint8_t *b = r->in.buf + r->in.at;
	uint32_t magic;

	if (got <= 0)
		return got ? capr__read_failed(r, got) : capr__cut(r);
	magic = get32(b, false);
	r->swap = magic != PCAP_US && magic != PCAP_NS;
	magic = get32(b, r->swap);
	r->ifs.v = calloc(1, sizeof(*r->ifs.v));
	if (!r->ifs.v)
		return capr__read_failed(r, -ENOMEM);
	r->ifs.cnt = r->ifs.cap = 1;
	r->ifs.v[0] = (struct cap_if){
		.resol = magic == PCAP_NS ? 9 : 6,
		.snaplen = get32(b + 16, r->swap),
		.link = get32(b + 20, r->swap) & 0xffff,
	};
	r->foreign.begun = true;
	r->pcap = true;
	cap_input__skip(&r->in, PCAP_HEAD);
	return 0;
}

int64_t pcap__load(struct capr *r)
{
	int got = cap_input__need(&r->in, PCAP_REC);
	uint32_t len;

	if (got < 0)
		return capr__read_failed(r, got);
	if (!got)
		return r->in.len == r->in.at ? 0 : capr__cut(r);
	len = get32(r->in.buf + r->in.at + 8, r->swap);
	if (len > NG_MAX_LEN - PCAP_REC)
		return capr__damaged(r, "a packet's length");
	got = cap_input__need(&r->in, PCAP_REC + len);
	if (got <= 0)
		return got ? capr__read_failed(r, got) : capr__cut(r);
	return PCAP_REC + len;
}

int pcap__packet(struct capr *r, const uint8_t *b)
{
	const struct cap_if *i = &r->ifs.v[0];
	uint64_t per_s = i->resol == 9 ? NS_PER_S : 1000000;
	struct cap_epb e = {
		.iface = i,
		.ts = get32(b, r->swap) * per_s + get32(b + 4, r->swap),
		.have_ts = true,
		.cap_len = get32(b + 8, r->swap),
		.orig_len = get32(b + 12, r->swap),
		.data = b + PCAP_REC,
	};

	return capr__foreign_packet(r, &e);
}
