// SPDX-License-Identifier: GPL-2.0-only
/* What other programs see of a file: interfaces, octets, lengths; and what becomes of errors */
#include "cap_writer.h"
#include "cap_shown.h"

static const char *name_of(const struct shown *s, uint32_t n)
{
	return s->name[s->packet[n].iface];
}

static void test_interfaces(void **state)
{
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);
	struct obs pod = ping(4);
	struct shown s;

	(void)state;
	link_is(w, LINK_ADD, 2, "eth0");
	link_is(w, LINK_ADD, 3, "tunl0");
	sees(w, 3);
	sees(w, 2);
	sees(w, 3);
	sees(w, 42); /* nobody named it */
	sees(w, 0);
	pod.pkt.flags = EV_F_POD_NETNS;
	pod.pkt.netns = 4026532001u;
	assert_int_equal(capw__obs(w, &pod), 0);
	link_is(w, LINK_CHANGE, 2, "uplink"); /* renamed */
	sees(w, 2);
	link_is(w, LINK_DEL, 3, "tunl0");
	sees(w, 3);			  /* a straggler */
	link_is(w, LINK_ADD, 3, "cali1"); /* its number is taken by another */
	sees(w, 3);
	link_is(w, LINK_CHANGE, 3, "cali1");
	sees(w, 3);
	link_is(w, LINK_ADD, 5, "a\xff b");
	sees(w, 5);
	finish(w);
	show(&s, &m);
	assert_int_equal(s.packets, 11);
	assert_string_equal(name_of(&s, 0), "tunl0");
	assert_string_equal(name_of(&s, 1), "eth0");
	assert_int_equal(s.packet[2].iface, s.packet[0].iface);
	assert_string_equal(name_of(&s, 3), "if42");
	assert_string_equal(name_of(&s, 4), "none");
	assert_int_equal(s.packet[4].iface, 0);
	assert_string_equal(name_of(&s, 5), "netns:4026532001/if4");
	assert_string_equal(name_of(&s, 6), "uplink");
	assert_string_equal(name_of(&s, 7), "tunl0");
	assert_string_equal(name_of(&s, 8), "cali1");
	assert_int_equal(s.packet[9].iface, s.packet[8].iface);
	assert_string_equal(name_of(&s, 10), "a??b");
	assert_int_equal(s.ifs, 8);
	free(m.b);
}

/* More devices than any table has room for at first */
static void test_many_interfaces(void **state)
{
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);
	struct told t;

	(void)state;
	for (uint32_t i = 1; i <= 5000; i++) {
		char name[DEV_LEN];

		snprintf(name, sizeof(name), "cali%u", i);
		link_is(w, LINK_ADD, i, name);
		sees(w, i);
	}
	finish(w);
	t = tell(m.b, m.len);
	assert_int_equal(t.last, 0);
	assert_int_equal(t.packets, 5000);
	free(m.b);
}

static void test_rebuilt(void **state)
{
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);
	struct obs o = ping(2);
	struct shown s;

	(void)state;
	o.pkt.ip_id = 0x1234;
	o.pkt.flags |= EV_F_DF;
	assert_int_equal(capw__obs(w, &o), 0);
	o.pkt.proto = 6;
	o.pkt.tcp_flags = 2;
	o.pkt.seq = 0x01020304;
	o.pkt.flags = EV_F_NODE_NETNS;
	assert_int_equal(capw__obs(w, &o), 0);
	o.pkt.flags |= EV_F_FRAG_LATER;
	assert_int_equal(capw__obs(w, &o), 0);
	o.pkt.proto = 17;
	o.pkt.flags = EV_F_NODE_NETNS;
	o.pkt.ip_len = 3; /* a lie */
	o.pkt.src = ip("2001:db8::1");
	o.pkt.dst = ip("2001:db8::2");
	assert_int_equal(capw__obs(w, &o), 0);
	finish(w);
	show(&s, &m);
	assert_int_equal(s.packet[0].cap_len, 28);
	assert_int_equal(s.packet[0].len, 84);
	assert_memory_equal(
		s.packet[0].data,
		"\x45\0\0\x54\x12\x34\x40\0\x40\x01\x1c\x2e\x0a\xfd\x41\x43\x0a\xfd\xb5\x0a"
		"\x08\0\0\0\0\x07\0\x03",
		28);
	assert_int_equal(s.packet[1].cap_len, 40);
	assert_memory_equal(s.packet[1].data + 20, "\0\x07\0\x03\x01\x02\x03\x04\0\0\0\0\x50\x02",
			    14);
	assert_int_equal(s.packet[2].cap_len, 20);
	assert_int_equal(s.packet[2].data[7], 1);
	assert_int_equal(s.packet[3].cap_len, 48);
	assert_int_equal(s.packet[3].len, 48);
	assert_int_equal(s.packet[3].data[0], 0x60);
	assert_true(s.packet[0].ts == T0 + 5 + (uint64_t)WALL_OFFSET);
	free(m.b);
}

/* What was rebuilt is no observation: a reader has the packet without it. */
static void test_rebuilt_is_not_observed(void **state)
{
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);
	struct obs o = ping(2);
	struct capr *r;

	(void)state;
	assert_int_equal(capw__obs(w, &o), 0);
	finish(w);
	r = image_reader(m.b, m.len);
	next_of(r, CAP_META);
	assert_same_obs(&next_of(r, CAP_OBS)->obs, &o);
	next_of(r, CAP_END);
	at_end(r);
	free(m.b);
}

static void test_snaplen(void **state)
{
	struct image m = { 0 };
	struct capw *w = begin(&m, 64);
	struct obs o = ping(2);
	struct capr *r;
	struct shown s;

	(void)state;
	o.pkt.snap_len = 150;
	o.pkt.ip_len = 1500;
	memset(o.pkt.snap, 0x45, 150);
	assert_int_equal(capw__obs(w, &o), 0);
	o.pkt.ip_len = 20; /* less than there is */
	o.pkt.snap_len = 33;
	assert_int_equal(capw__obs(w, &o), 0);
	finish(w);
	show(&s, &m);
	assert_int_equal(s.snaplen, 64);
	assert_int_equal(s.packet[0].cap_len, 64);
	assert_int_equal(s.packet[0].len, 1500);
	assert_int_equal(s.packet[1].cap_len, 33);
	assert_int_equal(s.packet[1].len, 33);
	r = image_reader(m.b, m.len);
	assert_int_equal(next_of(r, CAP_META)->meta.snaplen, 64);
	assert_int_equal(next_of(r, CAP_OBS)->obs.pkt.snap_len, 64);
	assert_int_equal(next_of(r, CAP_OBS)->obs.pkt.ip_len, 20);
	next_of(r, CAP_END);
	at_end(r);
	free(m.b);
}

/* put() gets whole blocks, and nothing more after it failed. */
static void test_put_fails(void **state)
{
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);
	struct obs o = ping(2);
	size_t len;
	int err = 0;

	(void)state;
	while (m.puts < 3)
		assert_int_equal(capw__obs(w, &o), 0);
	for (size_t at = 0; at < m.len; at += get32(m.b + at + 4, false))
		assert_true(at + get32(m.b + at + 4, false) <= m.len);
	assert_in_range(m.len / m.puts, 100000, 300000);
	m.fail = -ENOSPC;
	for (int i = 0; i < 10000 && !err; i++)
		err = capw__obs(w, &o);
	assert_int_equal(err, -ENOSPC);
	m.fail = 0;
	len = m.len;
	assert_int_equal(capw__obs(w, &o), -ENOSPC);
	assert_int_equal(capw__flush(w), -ENOSPC);
	assert_int_equal(m.len, len);
	capw__free(w);
	free(m.b);
}

/* The next file of a rotation stands alone. */
static void test_rotation(void **state)
{
	struct cap_meta meta = some_meta();
	struct image m = { 0 };
	struct capw *w = begin(&m, 0);
	struct cap_end e = { .ts_ns = T0, .packets = 1, .rotated = true };
	struct shown s;
	struct told t;

	(void)state;
	link_is(w, LINK_ADD, 2, "eth0");
	sees(w, 2);
	assert_int_equal(capw__end(w, &e), 0);
	assert_int_equal(capw__bytes(w), m.len);
	m.len = 0;
	meta.part++;
	assert_int_equal(capw__meta(w, &meta), 0);
	assert_int_equal(capw__packets(w), 0);
	sees(w, 2);
	finish(w);
	show(&s, &m);
	assert_int_equal(s.packets, 1);
	assert_string_equal(name_of(&s, 0), "eth0");
	t = tell(m.b, m.len);
	assert_int_equal(t.last, 0);
	assert_int_equal(t.packets, 1);
	free(m.b);
}

/* Words of any length and number are cut, not written past the buffer. */
/* A rotation may run for months, and pods come and go all the time. */
static void test_rotation_forgets(void **state)
{
	struct link_info l = { .ifindex = 7, .name = "cali7" };
	struct cap_devs d;

	(void)state;
	assert_int_equal(cap_devs__init(&d), 0);
	assert_non_null(cap_devs__get(&d, 0, 0));
	assert_int_equal(cap_devs__link(&d, &l), 0);
	for (uint32_t i = 1; i <= 1000; i++) {
		struct link_info pod = { .ifindex = 100 + i, .name = "cali" };

		assert_non_null(cap_devs__get(&d, 4711 + i, 2));
		assert_int_equal(cap_devs__link(&d, &pod), 0);
		cap_devs__unlink(&d, &pod);
	}
	cap_devs__unlink(&d, &(struct link_info){ .ifindex = 99999 });
	assert_int_equal(d.cnt, 2002);
	assert_string_equal(cap_devs__get(&d, 0, 200)->name, "cali");
	cap_devs__restart(&d);
	assert_int_equal(d.cnt, 2);
	assert_string_equal(cap_devs__get(&d, 0, 7)->name, "cali7");
	assert_int_equal(cap_devs__get(&d, 0, 7)->block, CAP_NO_BLOCK);
	assert_string_equal(cap_devs__get(&d, 0, 200)->name, "if200");
	cap_devs__free(&d);
}

static void test_many_words(void **state)
{
	const char *words[5001] = { 0 };
	struct cap_ready ready = { T0, words, words, words };
	struct cap_meta meta = some_meta();
	struct image m = { 0 };
	struct capw *w = image_writer(&m, 0);
	char word[100];
	struct told t;

	(void)state;
	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	for (int i = 0; i < 5000; i++)
		words[i] = word;
	meta.argv = words;
	memset(meta.filter, 'f', sizeof(meta.filter));
	assert_int_equal(capw__meta(w, &meta), 0);
	assert_int_equal(capw__ready(w, &ready), 0);
	finish(w);
	t = tell(m.b, m.len);
	assert_int_equal(t.last, 0);
	assert_in_range(m.len, 4 * 16000, 4 * 18000 + 10000);
	free(m.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces), cmocka_unit_test(test_many_interfaces),
		cmocka_unit_test(test_rebuilt),	   cmocka_unit_test(test_rebuilt_is_not_observed),
		cmocka_unit_test(test_snaplen),	   cmocka_unit_test(test_put_fails),
		cmocka_unit_test(test_rotation),   cmocka_unit_test(test_rotation_forgets),
		cmocka_unit_test(test_many_words),
	};

	return cmocka_run_group_tests_name("cap_write", tests, NULL, NULL);
}
