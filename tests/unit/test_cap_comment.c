// SPDX-License-Identifier: GPL-2.0-only
/* The comments of packets: what they say of what was seen, and that they can be replaced */
#include "cap_shown.h"

static const char *comment_of(const struct obs *o)
{
	static struct shown s;
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);

	link_is(w, LINK_ADD, 2, "eth0");
	link_is(w, LINK_ADD, 3, "tunl0");
	link_is(w, LINK_ADD, 11, "cali1");
	assert_int_equal(capw__obs(w, o), 0);
	finish(w);
	show(&s, &m);
	free(m.b);
	return s.packet[0].comment;
}

static void test_comments(void **state)
{
	struct obs o = ping(11);

	(void)state;
	o.pkt.snap_len = 84;
	assert_string_equal(comment_of(&o), "tc-ingress cali1");
	o.pkt.hook = AT_TC_EGRESS;
	o.pkt.ifindex = 3;
	o.pkt.iif = 11;
	o.pkt.flags |= EV_F_DST;
	o.pkt.dst_type = 1;
	o.pkt.gw = ip("10.2.7.200");
	o.pkt.dst_oif = 2;
	assert_string_equal(comment_of(&o),
			    "tc-egress tunl0, in by cali1, via 10.2.7.200 dev eth0");
	o.pkt.encap = ENCAP_IPIP;
	o.pkt.osrc = ip("10.2.7.201");
	o.pkt.odst = ip("10.2.7.200");
	o.pkt.gw = (struct addr){ 0 };
	o.pkt.iif = 0;
	assert_string_equal(comment_of(&o), "tc-egress tunl0, on link dev eth0, "
					    "ipip 10.2.7.201 > 10.2.7.200");
	o = ping(2);
	o.kind = OBS_DROP;
	o.pkt.hook = AT_DROP;
	snprintf(o.pkt.reason, sizeof(o.pkt.reason), "NETFILTER_DROP");
	snprintf(o.pkt.location, sizeof(o.pkt.location), "nf_hook_slow");
	o.pkt.flags |= EV_F_DST | EV_F_FRAG;
	o.pkt.dst_type = 7;
	o.pkt.dst_error = 113;
	assert_string_equal(comment_of(&o),
			    "drop eth0, NETFILTER_DROP in nf_hook_slow, unreachable, "
			    "route error 113, first fragment, rebuilt headers");
}

static void test_comment_of_nat(void **state)
{
	struct obs o = ping(11);

	(void)state;
	o.pkt.snap_len = 84;
	o.pkt.flags |= EV_F_CT;
	o.pkt.ct_src = o.pkt.ct_rdst = ip("10.253.65.67");
	o.pkt.ct_dst = o.pkt.ct_rsrc = ip("10.253.181.10");
	o.pkt.ct_sport = o.pkt.ct_rdport = 40000;
	o.pkt.ct_dport = o.pkt.ct_rsport = 53;
	assert_string_equal(comment_of(&o), "tc-ingress cali1");
	o.pkt.ct_dst = ip("10.96.0.10");
	assert_string_equal(comment_of(&o),
			    "tc-ingress cali1, dnat 10.96.0.10:53 > 10.253.181.10:53");
	o.pkt.ct_rdst = ip("10.2.7.201");
	o.pkt.ct_rdport = 1024;
	o.pkt.flags |= EV_F_CT_REPLY;
	assert_string_equal(comment_of(&o),
			    "tc-ingress cali1, dnat 10.96.0.10:53 > 10.253.181.10:53, "
			    "snat 10.253.65.67:40000 > 10.2.7.201:1024, reply");
}

/* Whatever a packet has, its comment is one line of text, and not longer than there is room */
static void test_long_comment(void **state)
{
	struct obs o;
	const char *c;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		fill_packet(&o, i % 2 ? OBS_DROP : OBS_PATH);
		o.pkt.snap_len = i % 3 ? 0 : 10;
		o.pkt.reason[3] = '\n';
		o.pkt.location[5] = '\x1b';
		c = comment_of(&o);
		assert_in_range(strlen(c), 20, 400);
		for (; *c; c++)
			assert_in_range(*c, ' ', '~');
	}
}

static void test_new_comment(void **state)
{
	struct image m = { 0 }, copy = { 0 };
	struct capw *w = begin(&m, 0);
	struct obs o = ping(2);
	struct shown s;

	(void)state;
	assert_int_equal(capw__obs(w, &o), 0);
	finish(w);
	for (uint32_t n = 0; n < 8; n++) {
		char text[32] = "leaked";

		memset(text + 6, '!', n);
		copy.len = 0;
		w = image_writer(&copy, 0);
		for (size_t at = 0; at < m.len; at += get32(m.b + at + 4, false))
			assert_int_equal(capw__recomment(w, m.b + at, get32(m.b + at + 4, false),
							 false, text),
					 0);
		assert_int_equal(capw__packets(w), 1);
		assert_int_equal(capw__flush(w), 0);
		assert_int_equal(capw__bytes(w), copy.len);
		capw__free(w);
		show(&s, &copy);
		assert_string_equal(s.packet[0].comment, text);
		assert_int_equal(s.packet[0].cap_len, 28);
		assert_int_equal(tell(copy.b, copy.len).last, 0);
		assert_int_equal(tell(copy.b, copy.len).packets, 1);
	}
	free(m.b);
	free(copy.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_comment_of_nat),
		cmocka_unit_test(test_long_comment),
		cmocka_unit_test(test_new_comment),
	};

	return cmocka_run_group_tests_name("cap_comment", tests, NULL, NULL);
}
