// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine: the same word for a drop on kernels with reasons and without, where it happened,
 * and what is only known a moment later: links, ICMP errors, the block's owner, the filter.
 */
#include <errno.h>

#include "feed.h"

struct place {
	const char *reason, *location;
	uint8_t ttl;
	uint16_t len;
	const char *src; /* NULL: the pod */
	enum verdict want;
};

static void drop_at(const struct plan *p, const struct place *c)
{
	const char *src = c->src ? (!strcmp(c->src, "node") ? p->node : c->src) : p->pod;
	struct obs_pkt q = pkt_dns(src, p->peer_pod, 40001, 3);
	struct feed f;

	feed_open(&f, p, NULL);
	feed_node(&f, POOL_IPIP, 0);
	q.skb = feed_skb(&f);
	q.ttl = c->ttl ? c->ttl : 64;
	q.ip_len = c->len ? c->len : q.ip_len;
	feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
	feed_drop(&f, 1010, IF_CALI1, c->reason, c->location, q);
	feed_ticks(&f, 50 * MS, 3 * US_PER_S);
	assert_verdict(said(&f, 1), c->want);
	assert_int_equal(said(&f, 1)->rev, 1);
	feed_close(&f, 3 * US_PER_S);
}

static void test_places(void **state)
{
	static const struct place cases[] = {
		/* 5.10 names the place alone, later kernels the reason */
		{ "", "ip_forward", 1, 0, NULL, V_TTL },
		{ "IP_INHDR", "ip_forward", 1, 0, NULL, V_TTL },
		{ "", "ip_forward", 64, 1500, NULL, V_TOO_BIG },
		{ "PKT_TOO_BIG", "ip_forward", 64, 1500, NULL, V_TOO_BIG },
		{ "", "ip_rcv_finish_core", 64, 0, NULL, V_RP_FILTER },
		{ "IP_RPFILTER", "ip_rcv_finish_core", 64, 0, NULL, V_RP_FILTER },
		{ "", "ip_rcv_finish_core", 64, 0, "node", V_MARTIAN },
		{ "", "ip_rcv_finish_core", 64, 0, "127.0.0.9", V_MARTIAN },
		{ "NOT_SPECIFIED", "ip_rcv_finish_core", 64, 0, "node", V_MARTIAN },
		{ "IP_LOCAL_SOURCE", "ip_rcv_finish_core", 64, 0, "node", V_MARTIAN },
		{ "", "__netif_receive_skb_core", 64, 0, NULL, V_FILTERED },
		{ "TC_INGRESS", "__netif_receive_skb_core", 64, 0, NULL, V_FILTERED },
		{ "", "do_xdp_generic", 64, 0, NULL, V_FILTERED },
		{ "NOT_SPECIFIED", "netif_receive_generic_xdp", 64, 0, NULL, V_FILTERED },
		{ "XDP", "do_xdp_generic", 64, 0, NULL, V_FILTERED },
		{ "", "kfree_skb_list", 64, 0, NULL, V_OVERLOAD },
		{ "QDISC_OVERLIMIT", "__dev_queue_xmit", 64, 0, NULL, V_OVERLOAD },
		{ "", "ip_tunnel_xmit", 64, 0, NULL, V_TUNNEL_ERROR },
		{ "NOT_SPECIFIED", "vxlan_xmit", 64, 0, NULL, V_TUNNEL_ERROR },
		{ "IP_OUTNOROUTES", "vxlan_xmit_one", 64, 0, NULL, V_TUNNEL_ERROR },
		{ "NO_TX_TARGET", "vxlan_xmit", 64, 0, NULL, V_TUNNEL_ERROR },
		{ "VXLAN_NO_REMOTE", "vxlan_xmit", 64, 0, NULL, V_TUNNEL_ERROR },
		{ "", "udp_queue_rcv_one_skb", 64, 0, NULL, V_OVERLOAD },
		{ "SOCKET_RCVBUFF", "__udp_enqueue_schedule_skb", 64, 0, NULL, V_OVERLOAD },
		{ "", "arp_error_report", 64, 0, NULL, V_NEIGH_FAILED },
		{ "IP_CSUM", "ip_rcv_core", 64, 0, NULL, V_OTHER },
		{ "", "ip_rcv_core", 64, 0, NULL, V_OTHER },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			drop_at(p, &cases[i]);
	}
}

/* ---- netfilter's hooks and the allow-list ---- */

static void test_hooks(void **state)
{
	const struct {
		uint32_t flags, ifindex, iif, oif;
		uint8_t type;
		enum nf_hook want;
		const char *in, *out;
	} cases[] = {
		{ 0, IF_CALI1, IF_CALI1, 0, 0, NF_HOOK_PREROUTING, "cali111111", "" },
		{ EV_F_DST | EV_F_DST_INPUT, IF_CALI1, IF_CALI1, IF_TUNNEL, RT_UNICAST,
		  NF_HOOK_FORWARD, "cali111111", "tunl0" },
		{ EV_F_DST | EV_F_DST_INPUT, IF_TUNNEL, IF_CALI1, IF_TUNNEL, RT_UNICAST,
		  NF_HOOK_POSTROUTING, "cali111111", "tunl0" },
		{ EV_F_DST | EV_F_DST_INPUT, IF_CALI1, IF_CALI1, IF_LO, RT_LOCAL, NF_HOOK_INPUT,
		  "cali111111", "" },
		{ EV_F_DST | EV_F_NO_DEV, 0, 0, IF_TUNNEL, RT_UNICAST, NF_HOOK_OUTPUT, "",
		  "tunl0" },
		{ EV_F_DST, IF_TUNNEL, 0, IF_TUNNEL, RT_UNICAST, NF_HOOK_POSTROUTING, "", "tunl0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan *p = &plans[i % PLAN_CNT];
		struct obs_pkt q;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		q = pkt_dns(p->pod, p->peer_pod, 40001, 3);
		q.flags |= cases[i].flags;
		q.iif = cases[i].iif;
		q.dst_oif = cases[i].oif;
		q.dst_type = cases[i].type;
		feed_drop(&f, 1010, cases[i].ifindex, "NETFILTER_DROP", "nft_do_chain", q);
		feed_ticks(&f, 50 * MS, 200 * MS);
		assert_verdict(said(&f, 1), V_FILTERED);
		assert_string_equal(nf_hook_name(said(&f, 1)->nf_hook),
				    nf_hook_name(cases[i].want));
		assert_string_equal(said(&f, 1)->in_dev, cases[i].in);
		assert_string_equal(said(&f, 1)->out_dev, cases[i].out);
		feed_close(&f, 200 * MS);
	}
}

/* A tunnel's packet for this node: INPUT is the allow-list; before it, or on the sender, it is not. */
static void test_allowlist(void **state)
{
	static const struct {
		uint32_t flags;
		uint8_t type;
		enum verdict want;
	} cases[] = {
		{ EV_F_DST | EV_F_DST_INPUT, RT_LOCAL, V_ALLOWLIST },
		{ 0, 0, V_FILTERED },
		{ EV_F_DST, RT_UNICAST, V_FILTERED },
	};

	(void)state;
	EACH_PLAN(p)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			for (enum encap_kind k = ENCAP_IPIP; k <= ENCAP_VXLAN; k++) {
				struct obs_pkt q = with_encap(pkt_echo(p->peer_pod, p->pod, 7, 1),
							      k, p->peer, p->node);
				struct feed f;

				feed_open(&f, p, NULL);
				feed_node(&f, POOL_IPIP, 0);
				q.flags |= cases[i].flags;
				q.dst_type = cases[i].type;
				q.iif = IF_ETH0;
				feed_drop(&f, 1000, IF_ETH0, i ? "NETFILTER_DROP" : "",
					  "nf_hook_slow", q);
				feed_ticks(&f, 50 * MS, 200 * MS);
				assert_verdict(said(&f, 1), cases[i].want);
				assert_string_equal(said(&f, 1)->dev, "eth0");
				feed_close(&f, 200 * MS);
			}
		}
	}
}

/* ---- links ---- */

/* Queued packets die first, and only then it is told that the link went down. */
static void test_link_down_told_later(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q;
		struct feed f;

		for (int i = 0; i < 4; i++) {
			bool down = i & 1;
			/* the queue may stand still for longer than a reply is waited for */
			uint32_t at = i & 2 ? 8 * US_PER_S : 400 * MS;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			q = pkt_echo(p->pod, p->peer_pod, 7, 1);
			q.skb = feed_skb(&f);
			feed_sent(&f, 1000, q);
			/* long enough for "sent" to be settled */
			feed_ticks(&f, 50 * MS, at - 100 * MS);
			q = with_encap(q, ENCAP_IPIP, p->node, p->peer);
			feed_drop(&f, at, IF_ETH0, "QDISC_DROP", "rtnl_kfree_skbs", q);
			if (down)
				feed_link(&f, at + 50, IF_ETH0, "eth0", "", false, "ip");
			feed_ticks(&f, at + 50 * MS, at + 600 * MS);
			assert_verdict(said(&f, 1), down ? V_LINK_DOWN : V_OVERLOAD);
			assert_int_equal(feed_summary(&f).seen, 1);
			feed_close(&f, at + US_PER_S);
		}
	}
}

/* The tunnel's device is down: what arrives finds no handler. Without that it is the tunnel's fault. */
static void test_tunnel_down(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int down = 0; down < 2; down++) {
			struct obs_pkt q = with_encap(pkt_echo(p->peer_pod, p->pod, 7, 1),
						      ENCAP_IPIP, p->peer, p->node);
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			if (down)
				feed_link(&f, 500, IF_TUNNEL, "tunl0", "ipip", false, "ip");
			feed_drop(&f, 1000, IF_ETH0, "NOT_SPECIFIED", "tunnel4_rcv", q);
			feed_ticks(&f, 50 * MS, 200 * MS);
			assert_verdict(said(&f, 1), down ? V_LINK_DOWN : V_TUNNEL_ERROR);
			feed_close(&f, 200 * MS);
		}
	}
}

/*
 * A neighbour is given up after 3 s, when requests count as unanswered after 2: what was not seen to
 * leave is not called unanswered meanwhile.
 */
static void test_held_up(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int failed = 0; failed < 2; failed++) {
			struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1);
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			/* the uplink is traced */
			feed_sent(&f, 1000, q);
			feed_back(&f, 2000, pkt_reply(&q));
			q = pkt_echo(p->pod, p->peer_pod, 7, 2);
			q.skb = feed_skb(&f);
			feed_path(&f, 10 * MS, AT_TC_INGRESS, IF_CALI1, q);
			feed_path(&f, 10 * MS + 20, AT_TC_EGRESS, IF_TUNNEL,
				  with_dst(q, p->peer, IF_TUNNEL, RT_UNICAST, 0));
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_int_equal(feed_summary(&f).problems, 0);
			if (failed)
				feed_drop(&f, 3 * US_PER_S + 10, IF_ETH0, "NEIGH_FAILED",
					  "neigh_invalidate",
					  with_encap(q, ENCAP_IPIP, p->node, p->peer));
			feed_ticks(&f, 3 * US_PER_S + 50 * MS, 7 * US_PER_S);
			assert_verdict(said(&f, 3), failed ? V_NEIGH_FAILED : V_UNANSWERED);
			assert_int_equal(feed_summary(&f).finding_cnt, 1);
			assert_int_equal(feed_summary(&f).problems, 1);
			feed_close(&f, 7 * US_PER_S);
		}
	}
}

/* ---- fragments ---- */

static void test_later_fragment(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		struct obs_pkt q = pkt_echo(p->pod, p->peer_pod, 7, 1), later;
		struct feed f;

		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		q.flags |= EV_F_FRAG;
		q.ip_id = 0x4711;
		q.skb = feed_skb(&f);
		feed_sent(&f, 1000, q);
		later = q;
		later.skb = feed_skb(&f);
		later.flags = (q.flags & ~EV_F_FRAG) | EV_F_FRAG_LATER;
		later.sport = later.dport = 0;
		later.icmp_type = 0;
		/* of another packet: nothing is known of it */
		later.ip_id = 0x4712;
		feed_drop(&f, 2000, IF_TUNNEL, "NETFILTER_DROP", "nf_hook_slow", later);
		assert_int_equal(engine__last_packet(f.engine), 0);
		later.ip_id = 0x4711;
		feed_drop(&f, 2010, IF_TUNNEL, "NETFILTER_DROP", "nf_hook_slow", later);
		assert_int_equal(engine__last_packet(f.engine), 1);
		feed_drop(&f, 2020, IF_TUNNEL, "NETFILTER_DROP", "nf_hook_slow", later);
		feed_ticks(&f, 50 * MS, 3 * US_PER_S);
		assert_verdict(said(&f, 1), V_FILTERED);
		assert_int_equal(feed_summary(&f).seen, 1);
		assert_int_equal(feed_summary(&f).verdicts[V_FILTERED], 1);
		assert_addr(said(&f, 1)->dst, p->peer_pod);
		feed_close(&f, 3 * US_PER_S);
	}
}

/* ---- ICMP errors ---- */

static size_t put_ip(uint8_t *b, uint8_t proto, const char *src, const char *dst)
{
	struct addr s = ip(src), d = ip(dst);

	memset(b, 0, 20);
	b[0] = 0x45;
	b[9] = proto;
	memcpy(b + 12, s.b, 4);
	memcpy(b + 16, d.b, 4);
	return 20;
}

/* The IP packet of an ICMP error that quotes a DNS question, in a tunnel or not */
static struct obs_pkt icmp_error(const char *from, const char *to, uint8_t code,
				 const struct obs_pkt *q, enum encap_kind kind, const char *osrc,
				 const char *odst)
{
	char src[ADDR_STRLEN], dst[ADDR_STRLEN];
	struct obs_pkt e = pkt_echo(from, to, 0, 0);
	uint8_t b[SNAP_LEN] = { 0 };
	size_t n = put_ip(b, 1, from, to);

	b[n] = e.icmp_type = 3;
	b[n + 1] = e.icmp_code = code;
	n += 8;
	if (kind == ENCAP_IPIP) {
		n += put_ip(b + n, 4, osrc, odst);
	} else if (kind == ENCAP_VXLAN) {
		n += put_ip(b + n, 17, osrc, odst);
		n += 8 + 8 + 14;
	}
	n += put_ip(b + n, 17, addr_str(&q->src, src), addr_str(&q->dst, dst));
	b[n] = (uint8_t)(q->sport >> 8);
	b[n + 1] = (uint8_t)q->sport;
	b[n + 2] = (uint8_t)(q->dport >> 8);
	b[n + 3] = (uint8_t)q->dport;
	n += 8;
	b[n] = (uint8_t)(q->dns_id >> 8);
	b[n + 1] = (uint8_t)q->dns_id;
	e.sport = e.dport = 0;
	return with_snap(e, b, n + 12);
}

static void test_icmp_error(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (enum encap_kind k = ENCAP_NONE; k <= ENCAP_VXLAN; k++) {
			struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 3), er;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			q.skb = feed_skb(&f);
			feed_sent(&f, 1000, q);
			er = icmp_error(p->gw, k ? p->node : p->pod, 1, &q, k, p->node, p->peer);
			feed_path(&f, 5000, AT_TC_INGRESS, IF_ETH0, er);
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			/* from somewhere on the way: there is still no reply */
			assert_verdict(said(&f, 1), V_UNANSWERED);
			assert_true(said(&f, 1)->icmp_error.valid);
			assert_int_equal(said(&f, 1)->icmp_error.type, 3);
			assert_int_equal(said(&f, 1)->icmp_error.code, 1);
			assert_addr(said(&f, 1)->icmp_error.from, p->gw);
			assert_true(evidence_has(finding_at(&f, 1), "ICMP error"));
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* A tunnel over a device that is too narrow drops without a word of why, and tells the sender. */
static void test_tunnel_too_big(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int told = 0; told < 2; told++) {
			struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 3), er;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			q.skb = feed_skb(&f);
			feed_path(&f, 1000, AT_TC_INGRESS, IF_CALI1, q);
			er = icmp_error(p->node, p->pod, 4, &q, ENCAP_NONE, NULL, NULL);
			er.skb = feed_skb(&f);
			if (told)
				feed_path(&f, 1005, AT_TC_EGRESS, IF_CALI1,
					  with_dst(er, NULL, IF_CALI1, RT_UNICAST, 0));
			feed_drop(&f, 1010, IF_TUNNEL, "NOT_SPECIFIED", "ip_tunnel_xmit", q);
			feed_ticks(&f, 50 * MS, US_PER_S);
			assert_verdict(said(&f, 1), told ? V_TOO_BIG : V_TUNNEL_ERROR);
			feed_close(&f, US_PER_S);
		}
	}
}

/* "Port unreachable" proves that nobody listens only if the target itself says so. */
static void test_port_unreachable(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int target = 0; target < 2; target++) {
			struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 3), er;
			struct feed f;

			feed_open(&f, p, NULL);
			feed_node(&f, POOL_IPIP, 0);
			q.skb = feed_skb(&f);
			feed_sent(&f, 1000, q);
			er = icmp_error(target ? p->peer_pod : p->peer, p->pod, 3, &q, ENCAP_NONE,
					NULL, NULL);
			er.skb = feed_skb(&f);
			feed_path(&f, 5000, AT_TC_INGRESS, IF_TUNNEL, er);
			feed_path(&f, 5010, AT_TC_EGRESS, IF_CALI1,
				  with_dst(er, NULL, IF_CALI1, RT_UNICAST, 0));
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_verdict(said(&f, 1), target ? V_NO_SOCKET : V_UNANSWERED);
			assert_int_equal(feed_summary(&f).apps[APP_DNS].unanswered, !target);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* ---- the filter ---- */

struct wanted {
	struct addr odst, src;
};

static uint32_t match_outer(const void *ctx, const struct obs_pkt *p)
{
	const struct wanted *w = ctx;

	return p->encap && addr_eq(&p->odst, &w->odst);
}

static uint32_t match_source(const void *ctx, const struct obs_pkt *p)
{
	const struct wanted *w = ctx;

	return addr_eq(&p->src, &w->src);
}

static bool any_bit(const void *ctx, uint32_t bits, bool final)
{
	(void)ctx;
	(void) final;
	return bits;
}

static struct engine_opts filter_opts(uint32_t (*match)(const void *, const struct obs_pkt *),
				      bool (*wants)(const void *, uint32_t, bool),
				      const struct wanted *w)
{
	return (struct engine_opts){ .reply_timeout_ns = 2 * NS_PER_S,
				     .all = true,
				     .dns_port = { 53 },
				     .match = match,
				     .wants = wants,
				     .match_ctx = w };
}

/* A request that nobody asked for, unanswered */
static void feed_unasked(struct feed *f, uint32_t us)
{
	const struct plan *p = f->plan;
	struct obs_pkt q = pkt_echo(p->pod, p->other_pod, 9, 1);

	q.skb = feed_skb(f);
	feed_path(f, us, AT_TC_INGRESS, IF_CALI1, q);
	feed_path(f, us + 10, AT_TC_EGRESS, IF_ETH0, with_dst(q, p->gw, IF_ETH0, RT_UNICAST, 0));
}

/* One packet that matches, at a later hop or in the reply, brings in the whole exchange. */
static void test_filter(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int by_reply = 0; by_reply < 2; by_reply++) {
			struct wanted w = { ip(p->peer), ip(p->peer_pod) };
			struct engine_opts o =
				filter_opts(by_reply ? match_source : match_outer, any_bit, &w);
			struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 3), r;
			struct summary s;
			struct feed f;

			feed_open(&f, p, &o);
			feed_node(&f, POOL_IPIP, 0);
			q.skb = feed_skb(&f);
			feed_sent(&f, 1000, q);
			feed_unasked(&f, 1500);
			/* the reply after the request was settled */
			feed_ticks(&f, 50 * MS, 500 * MS);
			r = pkt_reply(&q);
			r.skb = feed_skb(&f);
			feed_back(&f, 600 * MS, r);
			feed_ticks(&f, 650 * MS, 3 * US_PER_S);
			s = feed_summary(&f);
			assert_int_equal(s.seen, 2);
			assert_int_equal(s.problems, 0);
			assert_int_equal(s.apps[APP_DNS].sent, 1);
			assert_int_equal(s.apps[APP_DNS].answered, 1);
			assert_int_equal(s.apps[APP_ICMP].sent, 0);
			assert_int_equal(s.finding_cnt, 0);
			assert_verdict(said(&f, 1), V_SENT);
			assert_verdict(said(&f, 3), V_DELIVERED);
			assert_false(was_told(&f, 2));
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

/* Bit 0: came from the pod; bit 1: went into the tunnel; bit 2: is for the peer's pod */
static uint32_t match_three(const void *ctx, const struct obs_pkt *p)
{
	const struct wanted *w = ctx;

	return (p->hook == AT_TC_INGRESS ? 1 : 0) | (p->encap ? 2 : 0) |
	       (addr_eq(&p->dst, &w->src) ? 4 : 0);
}

static bool wants_two(const void *ctx, uint32_t bits, bool final)
{
	(void)ctx;
	(void) final;
	return (bits & 3) == 3;
}

static bool wants_not_peer(const void *ctx, uint32_t bits, bool final)
{
	(void)ctx;
	return final && !(bits & 4);
}

/* What is asked for may stand in several packets, and what is ruled out in any. */
static void test_filter_bits(void **state)
{
	(void)state;
	EACH_PLAN(p)
	{
		for (int by_not = 0; by_not < 2; by_not++) {
			struct wanted w = { ip(p->peer), ip(p->peer_pod) };
			struct engine_opts o =
				filter_opts(match_three, by_not ? wants_not_peer : wants_two, &w);
			struct obs_pkt q = pkt_dns(p->pod, p->peer_pod, 40001, 3);
			struct feed f;

			feed_open(&f, p, &o);
			feed_node(&f, POOL_IPIP, 0);
			q.skb = feed_skb(&f);
			feed_sent(&f, 1000, q);
			feed_unasked(&f, 1500);
			feed_ticks(&f, 50 * MS, 3 * US_PER_S);
			assert_int_equal(was_told(&f, 1), !by_not);
			assert_int_equal(was_told(&f, 2), by_not);
			assert_int_equal(feed_summary(&f).seen, 1);
			feed_close(&f, 3 * US_PER_S);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	       cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_allowlist),      cmocka_unit_test(test_link_down_told_later),
		cmocka_unit_test(test_tunnel_down),    cmocka_unit_test(test_held_up),
		cmocka_unit_test(test_later_fragment), cmocka_unit_test(test_icmp_error),
		cmocka_unit_test(test_tunnel_too_big), cmocka_unit_test(test_port_unreachable),
		cmocka_unit_test(test_filter),	       cmocka_unit_test(test_filter_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
