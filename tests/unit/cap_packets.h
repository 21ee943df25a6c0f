/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that others might have captured */
#ifndef TEST_CAP_PACKETS_H
#define TEST_CAP_PACKETS_H

#include "addr.h"
#include "cap_fixture.h"
#include "cap_reader.h"

/* An echo request from 10.0.0.1 to 10.0.0.2, id 7, seq 3, IP id 0x1234, 40 octets */
static const uint8_t echo[40] = { 0x45, 0, 0,  40, 0x12, 0x34, 0x40, 0, 63, 1, 0, 0, 10, 0,
				  0,	1, 10, 0,  0,	 2,    8,    0, 0,  0, 0, 7, 0,	 3 };
static inline struct addr ip(const char *s)
{
	struct addr a;

	assert_int_equal(addr_parse(s, &a), 0);
	return a;
}

static inline void is_echo(const struct obs *o)
{
	struct addr a = ip("10.0.0.1"), b = ip("10.0.0.2");

	assert_int_equal(o->kind, OBS_PATH);
	assert_true(addr_eq(&o->pkt.src, &a) && addr_eq(&o->pkt.dst, &b));
	assert_int_equal(o->pkt.proto, 1);
	assert_int_equal(o->pkt.ttl, 63);
	assert_int_equal(o->pkt.icmp_type, 8);
	assert_int_equal(o->pkt.sport, 7);
	assert_int_equal(o->pkt.dport, 3);
	assert_int_equal(o->pkt.ip_id, 0x1234);
	assert_int_equal(o->pkt.ip_len, 40);
	assert_int_equal(o->pkt.flags, EV_F_NODE_NETNS | EV_F_SNAP | EV_F_DF);
	assert_int_equal(o->pkt.snap_len, 40);
	assert_memory_equal(o->pkt.snap, echo, 40);
}

#endif
