/* SPDX-License-Identifier: GPL-2.0-only */
/* What the writer makes, as other programs see it: interfaces, packets, comments */
#ifndef TEST_CAP_SHOWN_H
#define TEST_CAP_SHOWN_H

#include "addr.h"
#include "cap_fixture.h"
#include "cap_reader.h"
#include "cap_writer.h"

/* ---- a file as others read it ---- */

struct shown {
	uint32_t ifs, packets;
	char name[64][CAP_NAME_LEN];
	struct {
		uint32_t iface, cap_len, len;
		uint64_t ts;
		uint8_t data[SNAP_LEN];
		char comment[512];
	} packet[64];
	uint32_t snaplen;
};

static inline void show_if(struct shown *s, const uint8_t *b, size_t len)
{
	const uint8_t *p = b + 16;
	struct cap_opt o;

	assert_int_equal(get16(b + 8, false), LINK_IPV4);
	s->snaplen = get32(b + 12, false);
	while (cap_opt_next(&p, b + len - 4, false, &o) > 0) {
		if (o.code == NG_IF_NAME)
			memcpy(s->name[s->ifs], o.value, o.len);
		if (o.code == NG_IF_TSRESOL)
			assert_int_equal(o.value[0], 9);
	}
	s->ifs++;
}

static inline void show_packet(struct shown *s, const uint8_t *b, size_t len)
{
	uint32_t cap_len = get32(b + 20, false), n = s->packets++;
	const uint8_t *p = b + 28 + pad4(cap_len);
	struct cap_opt o;

	s->packet[n].iface = get32(b + 8, false);
	assert_in_range(s->packet[n].iface, 0, s->ifs - 1);
	s->packet[n].ts = (uint64_t)get32(b + 12, false) << 32 | get32(b + 16, false);
	s->packet[n].cap_len = cap_len;
	s->packet[n].len = get32(b + 24, false);
	assert_true(cap_len <= s->packet[n].len && cap_len <= s->snaplen);
	memcpy(s->packet[n].data, b + 28, cap_len);
	while (cap_opt_next(&p, b + len - 4, false, &o) > 0)
		if (o.code == NG_OPT_COMMENT)
			memcpy(s->packet[n].comment, o.value, o.len);
}

static inline void show(struct shown *s, const struct image *m)
{
	memset(s, 0, sizeof(*s));
	for (size_t at = 0; at < m->len;) {
		const uint8_t *b = m->b + at;
		uint32_t len = get32(b + 4, false);

		assert_true(len >= 12 && len % 4 == 0 && len <= m->len - at);
		assert_int_equal(get32(b + len - 4, false), len);
		if (get32(b, false) == NG_IDB)
			show_if(s, b, len);
		if (get32(b, false) == NG_EPB)
			show_packet(s, b, len);
		at += len;
	}
}

/* ---- what is written ---- */

static inline struct capw *begin(struct image *m, uint32_t snaplen)
{
	struct capw *w = image_writer(m, snaplen);
	struct cap_meta meta = some_meta();

	assert_int_equal(capw__meta(w, &meta), 0);
	return w;
}

static inline void finish(struct capw *w)
{
	struct cap_end e = { .ts_ns = T0, .packets = capw__packets(w) };

	assert_int_equal(capw__end(w, &e), 0);
	capw__free(w);
}

static inline void link_is(struct capw *w, enum link_op op, uint32_t ifindex, const char *name)
{
	struct obs o = { .kind = OBS_LINK, .ts_ns = T0 };

	o.link.op = op;
	o.link.link.ifindex = ifindex;
	snprintf(o.link.link.name, sizeof(o.link.link.name), "%s", name);
	assert_int_equal(capw__obs(w, &o), 0);
}

static inline struct addr ip(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, &a), 0);
	return a;
}

static inline struct obs ping(uint32_t ifindex)
{
	struct obs o = { .kind = OBS_PATH, .ts_ns = T0 + 5 };

	o.pkt.netns = NODE_NETNS;
	o.pkt.flags = EV_F_NODE_NETNS;
	o.pkt.ifindex = ifindex;
	o.pkt.hook = AT_TC_INGRESS;
	o.pkt.proto = 1;
	o.pkt.ttl = 64;
	o.pkt.icmp_type = 8;
	o.pkt.sport = 7;
	o.pkt.dport = 3;
	o.pkt.ip_len = 84;
	o.pkt.src = ip("10.253.65.67");
	o.pkt.dst = ip("10.253.181.10");
	return o;
}

static inline void sees(struct capw *w, uint32_t ifindex)
{
	struct obs o = ping(ifindex);

	assert_int_equal(capw__obs(w, &o), 0);
}

#endif
