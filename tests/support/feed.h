/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Feeds an engine with observations of an imagined node, and keeps what it says. Each feed is
 * checked when it is closed: the counters agree with the records, and the same observations fed
 * once more give the same records, byte for byte.
 */
#ifndef CALITRACE_TEST_FEED_H
#define CALITRACE_TEST_FEED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "engine.h"
#include "util.h"

/* All times of the tests are microseconds after this */
#define FEED_T0 (1000 * NS_PER_S)
#define US_PER_S 1000000u
#define MS 1000u

enum {
	IF_LO = 1,
	IF_ETH0 = 2,
	IF_TUNNEL = 3,
	IF_CALI1 = 11,
	IF_CALI2 = 12
};
enum {
	RT_UNICAST = 1,
	RT_LOCAL = 2,
	RT_BLACKHOLE = 6,
	RT_UNREACHABLE = 7,
	RT_PROHIBIT = 8
};
enum {
	RP_KERNEL = 2,
	RP_BOOT = 3,
	RP_STATIC = 4,
	RP_BIRD = 12,
	RP_FELIX = 80
};

/* Addresses of a node; nothing may hang on one of these plans. */
struct plan {
	const char *name, *pool, *own_block, *peer_block, *other_block;
	const char *pod, *pod2, *peer_pod, *other_pod, *tunnel;
	const char *node, *subnet, *peer, *gw, *service;
	uint8_t block_len;
};
#define PLAN_CNT 3
extern const struct plan plans[PLAN_CNT];
#define EACH_PLAN(p) for (const struct plan *p = plans; p < plans + PLAN_CNT; p++)

struct feed {
	const struct plan *plan;
	struct engine *engine;
	struct engine_opts opts;
	struct obs *log;
	size_t log_cnt, log_cap;
	struct packet *pkt; /* last revision, by id - 1 */
	size_t pkt_cap;
	uint32_t pkt_recs;	     /* packet records, revisions included */
	uint32_t recs[REC_BIRD + 1]; /* of each kind */
	struct obs_route route[64];  /* the last ones told */
	enum link_op link_op;
	uint64_t skb;
};

/* opts: NULL for all packets, 2 s, port 53 */
void feed_open(struct feed *f, const struct plan *p, const struct engine_opts *opts);
/* Ends the trace at us, checks what holds for each trace, frees. */
void feed_close(struct feed *f, uint32_t us);
void feed_obs(struct feed *f, uint32_t us, struct obs *o);
/* Ticks each 50 ms, as a session gives them, up to us */
void feed_ticks(struct feed *f, uint32_t from_us, uint32_t to_us);

/* ---- the node ---- */

/* What feed_node() leaves out or adds */
#define NODE_NO_BLOCK (1u << 0) /* no route to the peer's block */
#define NODE_NO_DEFAULT (1u << 1)
#define NODE_NO_BGP (1u << 2)	/* no session, no listener, no routes by bird */
#define NODE_BGP_DOWN (1u << 3) /* somebody listens, no session */
#define NODE_NO_OWN (1u << 4)	/* no blackhole for the own block, its length not known */
#define NODE_OTHER_UP (1u << 5) /* another peer's session stands */
#define NODE_NO_DIAG (1u << 6)	/* nobody tells who listens on 179, or is connected */
/* A snapshot of a node with two pods and one peer, whose pool is of that mode */
void feed_node(struct feed *f, enum pool_mode mode, unsigned int flags);
void feed_route(struct feed *f, uint32_t us, enum route_op op, const char *dst, const char *gw,
		uint32_t ifindex, uint8_t type, uint8_t protocol, const char *comm);
void feed_link(struct feed *f, uint32_t us, uint32_t ifindex, const char *name, const char *kind,
	       bool up, const char *comm);
void feed_link_del(struct feed *f, uint32_t us, uint32_t ifindex);
void feed_bgp(struct feed *f, uint32_t us, enum bgp_state state, const char *peer);
/* Of another connection than the one that the snapshot has: port says which */
void feed_bgp_conn(struct feed *f, uint32_t us, enum bgp_state state, const char *peer,
		   uint16_t port);
void feed_loss(struct feed *f, uint32_t us, enum loss_what what, uint64_t count);

/* ---- what is around the node ---- */

/* A round of a source begins, ends; what is told between the two is what there is */
void feed_begin(struct feed *f, uint32_t us, enum source s);
void feed_end(struct feed *f, uint32_t us, enum source s, enum source_state state);
void feed_bird_status(struct feed *f, uint32_t us, bool recovering);
/* name tells the kind (Mesh_, Node_, Global_); bgp: the state, "": down */
void feed_bird_proto(struct feed *f, uint32_t us, const char *name, struct addr neighbor,
		     const char *bgp, const char *info);
void feed_bird_route(struct feed *f, uint32_t us, const char *proto, struct prefix dst,
		     struct addr from);
void feed_conf_peer(struct feed *f, uint32_t us, enum conf_peer_kind kind, struct addr addr,
		    struct addr source, const char *node);
/* The first of a new list: reset, and no address */
void feed_listed(struct feed *f, uint32_t us, bool reset, uint8_t lists, struct addr a);
void feed_answer(struct feed *f, uint32_t us, struct addr dst, struct addr gw, struct addr src,
		 uint32_t ifindex, uint16_t err);
void feed_sysctl(struct feed *f, uint32_t us, uint32_t ifindex, int forwarding, int proxy_arp);
void feed_neigh_seen(struct feed *f, uint32_t us, struct addr a, bool failed);
void feed_vtep(struct feed *f, uint32_t us, struct addr vtep, struct addr node, bool neigh,
	       bool fdb);
void feed_proc(struct feed *f, uint32_t us, const char *comm);
void feed_addr(struct feed *f, uint32_t us, uint32_t ifindex, const char *addr, uint8_t len,
	       bool del);

/* How a peer behaves on TCP port 179 */
enum tcp_is {
	TCP_UP,
	TCP_NONE,
	TCP_SILENT,
	TCP_CLOSES,
	TCP_REFUSES,
	TCP_KNOCKS
};
struct mesh_peer {
	struct addr addr;
	struct prefix block;
	char name[32]; /* of BIRD's protocol */
	char node[16]; /* "": confd does not name it */
	char bgp[BIRD_WORD_LEN], info[INFO_LEN];
	enum tcp_is tcp;
	bool route;    /* the kernel has one to its block */
	bool imported; /* BIRD has it */
	bool unlisted, restarts;
	int arp; /* 1 answers, -1 does not, 0 nobody asked */
};
/* Sources that are not there */
#define MESH_NO_BIRD (1u << 0)
#define MESH_NO_CONF (1u << 1)
#define MESH_NO_LIST (1u << 2)
#define MESH_NO_ANSWER (1u << 3)
#define MESH_NO_DIAG (1u << 4)
#define MESH_NO_PROC (1u << 5)
#define MESH_NO_VTEP (1u << 6)
/* The node of feed_node() among others, each of whom has a block */
struct mesh {
	uint32_t cnt;
	struct mesh_peer *peer;
	enum pool_mode mode;
	enum conf_peer_kind kind;
	unsigned int without;
	uint8_t protocol; /* of the routes */
	struct addr self; /* what this node is registered with */
	bool recovering, no_listen, felix_owns;
	bool vteps; /* gateways are VTEPs, the last address of each block */
};
/* A healthy one; the first peer is the plan's. Freed by mesh_free(). */
struct mesh mesh_of(const struct feed *f, enum pool_mode mode, uint32_t peers);
void mesh_free(struct mesh *m);
struct addr mesh_vtep(const struct mesh_peer *p);
/* That peer is down: no session, no routes by it */
void mesh_down(struct mesh *m, uint32_t i, enum tcp_is tcp, const char *bgp, const char *info);
/* Tells the node, and all sources, at us */
void feed_mesh(struct feed *f, uint32_t us, const struct mesh *m);
/* The sources once more */
void feed_around(struct feed *f, uint32_t us, const struct mesh *m);

/* ---- the audit ---- */

struct audit_said {
	struct check check[20];
	uint32_t cnt;
};
struct audit_said feed_audit(const struct feed *f);
/* Fails if there is none of that name */
const struct check *check_of(const struct audit_said *a, const char *name);
bool check_says(const struct check *c, const char *text);
/* All are ok but those named (NULL at the end) */
void assert_all_ok_but(const struct audit_said *a, const char *const *names);
#define assert_check(a, name, st, cs)                                                   \
	do {                                                                            \
		const struct check *c_ = check_of(a, name);                             \
                                                                                        \
		assert_string_equal(check_state_name(c_->state), check_state_name(st)); \
		assert_string_equal(cause_name(c_->cause), cause_name(cs));             \
	} while (0)

/* ---- packets ---- */

struct obs_pkt pkt_echo(const char *src, const char *dst, uint16_t id, uint16_t seq);
struct obs_pkt pkt_dns(const char *src, const char *dst, uint16_t sport, uint16_t id);
struct obs_pkt pkt_syn(const char *src, const char *dst, uint16_t sport, uint16_t dport);
/* The reply to it, a packet of its own */
struct obs_pkt pkt_reply(const struct obs_pkt *request);
/* The same packet with what hangs on it */
struct obs_pkt with_dst(struct obs_pkt p, const char *gw, uint32_t oif, uint8_t type, uint16_t err);
struct obs_pkt with_encap(struct obs_pkt p, enum encap_kind kind, const char *src, const char *dst);
struct obs_pkt with_ct(struct obs_pkt p, const char *src, const char *dst, const char *rsrc,
		       const char *rdst, bool reply);
struct obs_pkt with_addrs(struct obs_pkt p, const char *src, const char *dst);
struct obs_pkt with_snap(struct obs_pkt p, const void *snap, size_t len);

/* Each packet has an sk_buff address of its own unless the caller sets .skb. */
uint64_t feed_skb(struct feed *f);
void feed_path(struct feed *f, uint32_t us, enum hook hook, uint32_t ifindex, struct obs_pkt p);
void feed_drop(struct feed *f, uint32_t us, uint32_t ifindex, const char *reason,
	       const char *location, struct obs_pkt p);
void feed_fib(struct feed *f, uint32_t us, uint8_t class, uint16_t err, uint32_t table,
	      uint32_t ifindex, const char *src, const char *dst, uint8_t proto, uint16_t dport,
	      const char *comm);

/* From a pod into the tunnel and out by eth0; the reply, back to the pod; as the mode calls for */
void feed_sent(struct feed *f, uint32_t us, struct obs_pkt p);
void feed_back(struct feed *f, uint32_t us, struct obs_pkt p);
/* From a pod, un-encapsulated by eth0 to the default gateway */
void feed_leaked(struct feed *f, uint32_t us, struct obs_pkt p);
/* One ping each 200 ms from the plan's pod to dst, all of which leak, and ticks */
void feed_leak_on(struct feed *f, uint32_t from_us, uint32_t to_us, const char *dst);

/* ---- what the engine said ---- */

/* The last record of packet id; fails if there was none */
const struct packet *said(const struct feed *f, uint64_t id);
bool was_told(const struct feed *f, uint64_t id);
struct summary feed_summary(const struct feed *f);
const struct finding *finding_at(const struct feed *f, uint32_t id);
/* NULL: not in the chain */
const struct because *chain_has(const struct finding *f, enum cause c);
bool evidence_has(const struct finding *f, const char *text);

struct addr ip(const char *text);
struct prefix pfx(const char *text);
#define assert_prefix(p, text) \
	assert_string_equal(prefix_str(&(p), (char[PREFIX_STRLEN]){ 0 }), text)
#define assert_addr(a, text) assert_string_equal(addr_str(&(a), (char[ADDR_STRLEN]){ 0 }), text)
#define assert_verdict(p, v) assert_string_equal(verdict_name((p)->verdict), verdict_name(v))

#endif
