/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by engine.c, journey.c, judge.c, finding.c and cause.c, by nobody else. */
#ifndef CALITRACE_ENGINE_PRIV_H
#define CALITRACE_ENGINE_PRIV_H

#include "engine.h"
#include "engine_count.h"
#include "hmap.h"
#include "judge_words.h"
#include "kmap.h"
#include "list.h"
#include "rtnum.h"

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

/* After TC egress come the queue and the driver: a drop there shows within this time. */
#define SETTLE_NS (10 * NSEC_PER_MSEC)
/* A packet that came in and was seen nowhere else went to a local socket. */
#define VANISH_NS (100 * NSEC_PER_MSEC)
/* From the pod's device going down to its being gone, when the pod is deleted */
#define LEAVE_NS NSEC_PER_SEC
/* Neighbour failures name packets that left up to 3 s ago. */
#define KEEP_NS (5 * NSEC_PER_SEC)
/*
 * What was seen to leave by a device found its neighbour before that (the hook is in
 * dev_queue_xmit, behind neigh_output): what may still happen to it happens at once.
 */
#define KEEP_LEFT_NS NSEC_PER_SEC
/* A neighbour is given up after 3 probes, a second each (mcast_solicit, retrans_time). */
#define NEIGH_NS (3500 * NSEC_PER_MSEC)
/* Replies are called late up to this long after the request. */
#define LATE_NS (30 * NSEC_PER_SEC)
/* Silence is told once for each stretch of this length. */
#define SILENCE_NS (10 * NSEC_PER_SEC)

#define TRK_KEYS 4
#define TRK_HOPS 8

#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17
#define TCPF_SYN 0x02
#define TCPF_RST 0x04
#define TCPF_ACK 0x10
#define DNS_QR 0x8000 /* in the flags of a DNS message: it is an answer */

enum role {
	ROLE_PLAIN,
	ROLE_REQUEST,
	ROLE_REPLY,
	ROLE_ICMP_ERROR
};

/* An exchange end to end: what a request and its reply have in common */
struct flow_key {
	struct addr src, dst;
	uint16_t sport, dport, id; /* ICMP: id, seq in the ports */
	uint8_t proto, pad;
};

struct trk_hop {
	uint64_t ts_ns;
	uint32_t ifindex;
	uint8_t at;
};

struct trk_key {
	struct knode node;
	struct flow_key key;
	uint8_t idx; /* in its packet's list: tells which packet that is */
	bool closed; /* of this key, no older request waits for a reply, nor does this one */
};

/* A route_ref with numbers for names, which are asked for when it is told */
struct trk_route {
	bool have, have_dst;
	uint8_t type, protocol, scope;
	struct prefix dst;
	struct addr gw;
	uint32_t ifindex, table; /* ifindex 0: no device */
};

/* What only a packet that was dropped, or not even born, has */
struct trk_drop {
	char reason[REASON_LEN], location[LOCATION_LEN];
	uint32_t in_ifindex, out_ifindex; /* 0: not known */
	uint8_t nf_hook;		  /* enum nf_hook */
	bool ct;			  /* it had an entry of conntrack: */
	uint32_t ct_status;		  /* IPS_* */
	uint64_t twin_ns; /* another question of the same socket was seen just before, 0: none */
	uint16_t twin_id; /* its DNS id */
	struct actor by;
};

/* Of a reply: the request, as it was when it was answered */
struct trk_asked {
	uint64_t ts_ns;
	struct addr dst, orig, src; /* dst after, orig before NAT */
	bool have_block;	    /* that of dst, of so many bits */
	uint8_t block_len;
};

/*
 * A packet on its way through the node. There are very many, and most of them are well. Each has
 * its lines of 64 octets in one block of memory, and what stands together in one is used together:
 * of most packets, many lines are never touched.
 */
#define TRK_LINE __attribute__((aligned(64)))
struct trk {
	/* what look-ups compare, and ageing walks over */
	struct knode by_skb;
	uint8_t hop_cnt, key_cnt;
	bool own_question : 1; /* question was allocated */
	bool by_owner : 1,
		asked_bird : 1; /* its route was compared with the owner's; waited for BIRD */
	uint64_t skb, sig, first_ns, last_ns;
	struct list age; /* queues, each in the order of its deadline */

	/* what ageing has to undo */
	TRK_LINE struct list settle;
	struct list reply;
	struct trk *pair;      /* the reply of a request, the request of a reply; NULL: none */
	struct trk_drop *drop; /* NULL: it was not dropped */
	uint64_t settle_at, reply_at;

	TRK_LINE uint64_t id;
	uint8_t *question; /* of a DNS message: name, type, class, as sent; NULL: none */
	uint8_t proto, icmp_type, icmp_code, tcp_flags;
	enum app app : 8;
	enum role role : 8;
	enum verdict verdict : 8, counted : 8; /* now; as it stands in the counters */
	enum hook at : 8;
	enum encap_kind encap : 8;
	uint16_t ip_id, ip_len, dns_id, dns_flags, question_len;
	uint32_t ifindex, rev, netns, finding;
	uint32_t match_bits; /* what its packets said to the filter */
	bool settled, answered, from_fib, pod_drop, encapsulated, leaving;
	bool matched; /* the exchange passed the filter */
	bool held;    /* settled, but for the filter: not counted, not told */

	TRK_LINE bool wrong_hop;
	bool passing, patience; /* in the tunnel, not yet out of it; was given more time */
	bool answer_counted;	/* a reply: it stands in the app's answers */
	bool pair_good; /* a reply: its request was no problem itself; asked has its block */
	bool snap_seen; /* the question was looked for */
	uint16_t err;
	struct addr dst, orig_dst; /* after and before NAT */
	struct prefix block;
	enum block_from block_from;

	TRK_LINE int64_t latency_us;
	int64_t late_us;
	struct trk_route route;

	TRK_LINE struct addr encap_src;
	struct addr encap_dst; /* with encap */
	struct {
		bool valid;
		uint8_t type, code;
		struct addr from;
	} icmp_error;

	/* what follows is not even cleared before it is needed */
	TRK_LINE struct trk_key key[TRK_KEYS]; /* the first is that as first seen */
	TRK_LINE struct trk_hop hop[TRK_HOPS];
	uint8_t short_question[64];
	struct trk_asked asked;
};
_Static_assert(offsetof(struct trk, key) == 6 * 64 && sizeof(struct trk) == 14 * 64, "lines");

#define TRK_CLEARED offsetof(struct trk, key)

/* A look-up that failed, kept for the drop or the packet that it explains */
struct fib_fail {
	uint64_t ts_ns;
	struct obs_fib fib;
	bool open; /* waits to become a packet that was never born, or a silence */
};
#define FIB_FAILS 128

/* A pod that asks for its gateway and gets no answer */
struct arp_silence {
	uint64_t ts_ns;
	uint32_t ifindex;
	struct addr pod, gateway;
};
#define ARP_SILENCES 64

/* Whose a block is: the gateway that the routing daemons gave it last */
struct owner {
	struct hnode node;
	struct prefix block;
	struct addr gw;
	uint64_t changed_ns; /* when a route for it was last announced, 0: before the start */
	uint64_t moved_ns;   /* when the daemon gave it to another gateway, 0: never */
	bool withdrawn;	     /* by the daemon itself: nobody's any more */
	/* the node that BIRD has the route from, and the hop that it shows, as of that round */
	struct addr bird_from, bird_gw;
	uint64_t bird_ns;
};

/* An address of a node, as Felix lists them */
struct cluster_node {
	struct hnode node;
	struct addr addr;
	uint8_t lists; /* NODES_* */
};

/* What the FIB said for a packet that took its route from another table than main */
struct fib_result {
	uint64_t ts_ns;
	struct obs_res res;
};
#define FIB_RESULTS 64

#define MAX_CONNS 4
struct bgp_peer {
	struct addr peer;
	uint8_t established; /* connections: both sides may connect at once */
	struct bgp_conn {
		uint16_t local_port, peer_port;
	} conn[MAX_CONNS];
	uint64_t since_ns; /* of the last change; 0: before we started */
	uint64_t down_ns;  /* when a session that stood ended; 0: not seen */
	/* since the last session: it connected to our port; our connects failed; it closed them; 0: no */
	uint64_t knock_ns, silent_ns, closes_ns, refused_ns;
	uint64_t connect_ns; /* since when our SYN waits for an answer; 0: none does */
	enum bgp_state last;
};
#define MAX_PEERS 8192

/* Whose exchanges of which kind fail: others may fare well all the time */
struct sample {
	struct addr asker;
	enum app app;
};
#define MAX_SAMPLES 8

/* An exchange that fared well */
struct good {
	struct prefix block;
	struct addr dst, orig_dst; /* after and before NAT, the latter family 0 if the same */
	struct addr asker[2];	   /* before and after NAT */
	enum app app;
	uint64_t asked_ns, ts_ns; /* the request, the reply */
};

/* What a reading of the packet filters told of a finding, and what was lost since the one before */
#define RULES_KEPT 32
struct rules_reading {
	struct obs_nflook head;
	uint64_t lost, hook_lost; /* of this finding, of all at that hook */
	bool cut;		  /* there were more places */
	uint32_t cnt;		  /* places that may have dropped these packets */
	struct obs_nfrule place[RULES_KEPT];
	enum cause class[RULES_KEPT]; /* nfclass() of each */
};

/* See nflook.c */
struct fnd_rules {
	enum {
		RULES_WANTED,
		RULES_OPEN, /* first is there */
		RULES_DONE, /* and second, or so many readings went by without a loss of it */
		RULES_FAILED
	} state;
	enum source_state why; /* with RULES_FAILED; SOURCE_OK: too many rules */
	uint8_t tries;
	uint64_t lost, closing;		      /* since the last reading, before it */
	struct rules_reading *first, *second; /* NULL: not there */
	struct obs_nftrace *traced;	      /* of its packets, each of another kind of rule */
	uint32_t traced_cnt;
};
#define TRACED_KEPT 2

/* Of the packet that opened a finding: whose it was, for whom, and by which devices */
struct fnd_flow {
	struct addr src;      /* as it came from its sender */
	struct addr orig_dst; /* before NAT, family 0: it was not translated */
	uint16_t dport;	      /* behind NAT, host order; 0: ICMP, or not known */
	uint16_t dns_id;
	uint8_t proto;
	enum role role;
	bool from_afar; /* a reply, whose request came in by a device that is no pod's */
	uint32_t ifindex, in_ifindex, out_ifindex; /* 0: not known */
	bool ct;
	uint32_t ct_status; /* IPS_* */
	uint64_t ts_ns, twin_ns;
	uint16_t twin_id; /* as in struct trk_drop */
};

/* A finding and what the engine has to know of it besides */
struct fnd {
	struct finding f;
	bool dirty;			 /* counts changed since it was emitted */
	bool proxy_arp, external, local; /* where the packets were for */
	/* another node's capture, or counters, told something of it since it was explained last */
	bool told_elsewhere;
	struct fnd_rules *rules; /* NULL: no packet filter dropped these */
	bool answers;		 /* it is about DNS answers, not about lost packets */
	uint64_t late;		 /* requests of it that were answered after all */
	int64_t late_us;	 /* the longest of these waits */
	uint64_t emitted_ns, good_ns;
	struct fnd *waits; /* the next one in e->waiting */
	uint32_t arp_ifindex;
	struct addr example; /* a destination */
	struct addr gateway; /* of the route taken, family 0: none */
	struct addr pod;     /* proxy ARP: who asked */
	struct route_ref route;
	struct sample sample[MAX_SAMPLES];
	uint8_t sample_cnt;
	struct fnd_flow first;
	/* of the first packet: where it died */
	enum hook at;
	uint8_t nf_hook;
	bool in_pod, encapsulated;
	enum encap_kind encap;
	char in_dev[DEV_LEN], out_dev[DEV_LEN];
	char reason[REASON_LEN], location[LOCATION_LEN];
	struct addr encap_src, encap_dst;
	uint16_t len; /* octets of that IP packet */
	uint8_t icmp_type, icmp_code;
	struct addr icmp_from; /* of the ICMP error that answered it, family 0: none */
};

struct latency {
	uint32_t bucket[64 * 8]; /* eight to each power of two of microseconds */
	uint64_t cnt;
};

/* Whether a pool has life in it, as of that version of the mirror */
struct pool_life {
	uint64_t version;
	bool alive;
};

/* Lists of what a source says: the last full round, and the one that is coming in */
enum world_kind {
	W_PROTO,
	W_PROTO6,
	W_BROUTE,
	W_BROUTE6,
	W_PEER,
	W_SYSCTL,
	W_FILL,
	W_PROC,
	W_VTEP,
	W_POD,
	W_STATUS,
	W_ANSWER,
	W_NEIGH,
	W_NFRULE,
	W_SERVICE,
	W_MAX
};
struct world_list {
	void *item;
	uint32_t cnt, cap;
	bool cut; /* there was more than could be kept */
};
struct world {
	enum source_state state[SOURCE_MAX];
	char detail[SOURCE_MAX][INFO_LEN];
	uint64_t told_ns[SOURCE_MAX]; /* end of the last round that ended well; 0: none did */
	uint64_t version;	      /* changes with each round */
	bool open[SOURCE_MAX];	      /* its round has begun, and not ended */
	struct world_list cur[W_MAX], next[W_MAX];
	uint32_t proto_was;		       /* BIRD's protocols of the round before */
	struct obs_bird bird[2], bird_next[2]; /* IPv4's, IPv6's */
	struct obs_conf conf, conf_next;
	struct obs_nflook nflook, nflook_next;
};

/* nflook.c: losses since the last reading (to_ns), and those between it and the one before */
struct nflook {
	bool closing; /* the last ones before it may not have settled yet */
	uint64_t since_ns, from_ns, to_ns;
	uint64_t lost[NF_HOOK_POSTROUTING + 1], lost_before[NF_HOOK_POSTROUTING + 1];
};

/* recall.c: what baselines told */
struct recall {
	struct hmap blocks, nodes, by_addr;
	bool len[33]; /* prefix lengths that a block has */
};

/* elsewhere.c: fates of this node's requests on others */
struct elsewhere_list {
	struct elsewhere *item;
	uint32_t cnt, cap;
};

/* An address that conntrack was seen to translate: a service's; service.c */
#define SERVICES 256
struct service {
	struct addr addr;
	struct addr target; /* where it led last */
	uint64_t ts_ns;
};

/* A server of DNS, and how it answered lately; dns_answers.c */
#define DNS_SERVERS 64
#define DNS_WINDOW_S 10
struct dns_server {
	struct addr addr;
	struct addr asker; /* who got its last failure */
	/* when it answered last, with a failure, with anything else */
	uint64_t last_ns, bad_ns, good_ns;
	struct dns_second {
		uint64_t s; /* which second this is */
		uint32_t answers, servfail, refused;
	} second[DNS_WINDOW_S];
	uint32_t finding; /* id, 0: it never had one */
};

struct engine {
	struct engine_opts opts;
	struct engine_counts counts; /* NULLs: nobody counts */
	struct world world;
	struct recall recall;
	struct elsewhere_list elsewhere;
	struct nflook look;
	struct traced *traced; /* NULL: none yet; traced.c */
	struct diag *diag;     /* what follows from it, kept for a moment */
	bool urgent;	       /* something happened that other sources may explain */
	struct mirror *mirror;
	struct ways *ways;
	uint64_t ways_now; /* way_version() as long as packets come, 0: is to be asked */
	struct obs_pools pools;
	struct pool_life life[MAX_POOLS];
	uint64_t now_ns, start_ns, last_packet_ns, last_check_ns;
	uint64_t due_ns; /* before this, nothing in any of the queues below is due */
	bool started, silence_told, snapshot_done;

	/* by_skb: packets that were pushed out of recent, but whose sk_buff was not used again */
	struct kmap by_skb, by_key;
	/* of an sk_buff's address: who had it last, may be gone (key_cnt 0) */
#define RECENT 1024
#define RECENT_ALIGN 256 /* of sk_buffs */
	struct recent {
		struct trk *t;
		uint64_t skb, sig; /* as t had them then: most look-ups are over without t */
	} recent[RECENT];
	/* packets: opts.max_packets of them, how many of those were ever used */
	struct trk *trk;
	uint32_t trk_used;
	/* Those that are free again, chained by pair, the one that is so for longest first */
	struct trk *unused, *unused_last;
	/* every packet is in one: may still change, unanswered, done, done and gone for good */
	struct list age, late, idle, left;
	struct list settle, vanish, reply, leaving, asking;
	struct list held_up; /* waits for a reply, and did not even leave yet */
	bool encap_seen;     /* tunnel packets leave by a device that is traced */
	uint32_t trk_cnt;
	uint64_t next_id, last_id;

	struct fib_fail fib_fail[FIB_FAILS];
	uint32_t fib_next;
	uint64_t fib_open_ns; /* of the earliest one that waits; 0: none does */
	struct arp_silence arp[ARP_SILENCES];
	uint32_t arp_cnt;
	struct fib_result res[FIB_RESULTS];
	uint32_t res_next;
	struct hmap owners, nodes;
	uint64_t moved_ns;	/* when a block was last given to another gateway, 0: never */
	uint64_t owner_version; /* changes with them, the pools, what is recalled */
	uint8_t node_lists;	/* NODES_*: which lists could be read */
	uint32_t listed[2];	/* nodes of each list */
	bool owner_len[33];	/* prefix lengths that an owner has */

	struct bgp_peer *peer;
	uint32_t peer_cnt, peer_cap;
	uint64_t bgp_version; /* changes with each observation of a session */
	bool bgp_listen, bgp_listen_known, bgp_in_snapshot;

	struct fnd **finding;
	uint32_t finding_cnt, finding_cap;
	/* those that a good exchange may end; waiting_known: nothing changed since it was made */
	struct fnd *waiting;
	bool waiting_known;

	struct service service[SERVICES];
	struct dns_server dns[DNS_SERVERS];
	uint32_t dns_cnt;

	uint64_t lost_ns; /* of the last loss */
	uint64_t seen, lost, withheld, problems;
	uint64_t torn_ns; /* up to then, part of an exchange may have been withheld or lost */
	uint64_t verdicts[V_MAX];
	struct app_stats apps[APP_MAX];
	struct latency latency[APP_MAX];
};

/* What tells a packet, of an observation; key, its hash if have_key is set */
struct sighting {
	uint64_t sig, key_hash;
	bool have_key;
	struct flow_key key;
};

/* The packet as it was first seen, before or behind NAT */
static inline const struct flow_key *trk_first(const struct trk *t)
{
	return &t->key[0].key;
}

/* journey.c: which packet an observation belongs to */
/* Memory for packets. 0 or -ENOMEM; journey_free_all() gives it back. */
int journey_init(struct engine *e);
struct trk *journey_find(struct engine *e, const struct obs *o, struct sighting *s);
struct trk *journey_new(struct engine *e, const struct obs *o, struct sighting *s);
void journey_add_key(struct engine *e, struct trk *t, const struct flow_key *k);
/* This sighting's, too, unless it has it already. s gets its key. */
void journey_add_sight(struct engine *e, struct trk *t, const struct obs_pkt *p,
		       struct sighting *s);
/* Is it one of the ports that are taken for DNS? Host order. */
bool journey_is_dns_port(const struct engine *e, uint16_t port);
/* role.c: whose packet it is, and whether it asks or answers */
enum app journey_app(const struct engine *e, const struct obs_pkt *p);
enum role journey_role(const struct engine *e, const struct obs_pkt *p, enum app app);
/*
 * The request that a reply with this key answers, NULL: none. Others, older ones, are handed to copy();
 * none of them is found again, so the caller has to take the one that is returned as answered.
 */
struct trk *journey_request(struct engine *e, const struct flow_key *reply,
			    void (*copy)(struct engine *e, struct trk *t));
/* The latest request with exactly this key, answered or not, NULL: none */
struct trk *journey_by_key(struct engine *e, const struct flow_key *k);
/* The packet whose later fragment this is, NULL: its first one was none of ours */
struct trk *journey_fragment(struct engine *e, const struct obs *o);
/* Remembers of a first fragment what its later ones will have in common with it. */
void journey_note_fragment(struct engine *e, struct trk *t, const struct obs_pkt *p);
/* Of a protocol without requests and replies: the latest packet in the other direction */
struct trk *journey_opposite(struct engine *e, const struct flow_key *k);
void journey_free(struct engine *e, struct trk *t);
/* Ahead of journey_free(), so that it need not wait for memory: first all, then indexes */
void journey_expect_free(const struct trk *t);
/* The packet of that settle will settle next. Or it is the head of the queue, and in no packet. */
static inline void journey_expect_settle(const struct list *settle)
{
	const char *t = (const char *)settle - offsetof(struct trk, settle);

	__builtin_prefetch(t + offsetof(struct trk, by_skb), 1);
	__builtin_prefetch(t + offsetof(struct trk, id), 1);
	__builtin_prefetch(t + offsetof(struct trk, wrong_hop), 1);
	__builtin_prefetch(t + offsetof(struct trk, asked));
}
/* Of a list of packets: that will be walked over, up to there, from here on */
void journey_expect_walk(const struct trk *t);
void journey_expect_unindex(const struct engine *e, const struct trk *t);
void journey_free_all(struct engine *e);
/* What is only said of a packet that was dropped; NULL: out of memory */
struct trk_drop *journey_drop(struct trk *t);
static inline void journey_hop(struct trk *t, enum hook at, uint32_t ifindex, uint64_t ts_ns)
{
	if (ts_ns > t->last_ns)
		t->last_ns = ts_ns;
	if (t->hop_cnt < TRK_HOPS)
		t->hop[t->hop_cnt++] = (struct trk_hop){ ts_ns, ifindex, at };
}

static inline void journey_key(const struct obs_pkt *p, struct flow_key *k)
{
	k->src = p->src;
	k->dst = p->dst;
	k->sport = p->sport;
	k->dport = p->dport;
	/* of a stream any answer will do: messages need not begin where segments do */
	k->id = p->proto == PROTO_UDP ? p->dns_id : 0;
	k->proto = p->proto;
	k->pad = 0;
}

/* judge.c: what became of it */
const struct pool *judge_pool(const struct engine *e, const struct addr *a);
void judge_block(const struct engine *e, const struct addr *a, struct prefix *block,
		 enum block_from *from);
struct way;
/* The same, not from memory: sets w->from and w->block_len from the rest of it */
void judge_find_block(const struct engine *e, struct way *w);
/* The kind of device that a packet was seen on */
enum dev_class {
	DEV_OTHER,
	DEV_WORKLOAD,
	DEV_TUNNEL
};
enum dev_class judge_dev(const struct engine *e, uint32_t ifindex);
enum dev_class judge_find_dev(const struct engine *e, uint32_t ifindex);
void judge_egress(struct engine *e, struct trk *t, const struct obs_pkt *p);
/* False: only looks like a drop */
bool judge_drop(struct engine *e, struct trk *t, const struct obs_pkt *p, uint64_t ts_ns);
/* The verdict when the wait for what may contradict it is over */
void judge_final(const struct engine *e, struct trk *t);
/* A reply whose asker's pod was deleted a moment ago: no fault, wherever it ends */
bool judge_asker_gone(const struct engine *e, const struct trk *t, uint64_t ts_ns);
bool judge_drop_is_noise(const struct engine *e, const struct obs_pkt *p);
void judge_route(const struct engine *e, const struct addr *dst, const struct obs_pkt *p,
		 struct trk_route *ret);
void judge_set_route(const struct route *r, struct trk_route *ret);
/* The same as it is told, with names */
void judge_tell_route(const struct engine *e, const struct trk_route *r, struct route_ref *ref);
const struct arp_silence *judge_arp(const struct engine *e, const struct addr *pod, uint64_t ts_ns);

/* way.c: answers that hold for more than one packet; the rest of it in way.h */
struct ways;
struct ways *ways_new(void);
/*
 * Of routes, links, addresses, pools and owners: both of its parts only ever grow, so that their sum
 * stays the same only if neither changes.
 */
uint64_t way_version(const struct engine *e);

/* finding.c */
void finding_problem(struct engine *e, struct trk *t);
void finding_arp(struct engine *e, const struct arp_silence *a, uint64_t ts_ns);
/* A request of a finding, late_us set, was answered after its time */
void finding_late(struct engine *e, const struct trk *req);
/* A packet whose verdict was changed leaves the finding that it was counted in */
void finding_uncount(struct engine *e, struct trk *t);
void finding_good(struct engine *e, const struct good *g);
/* Packets like those of a finding may be among what the kernel side withheld. */
void finding_withheld(struct engine *e, const struct obs_loss *l);
/* Causes are looked at again; changed findings are emitted. */
void finding_review(struct engine *e, uint64_t ts_ns);
/* At the end: counts that changed are told, too */
void finding_finish(struct engine *e, uint64_t ts_ns);
void finding_free_all(struct engine *e);
/* finding_first.c: where and whose the packet was that opened it */
void finding_first(const struct engine *e, struct fnd *f, const struct trk *t);
/* A reply to who asked from elsewhere: his request came in by a device that is no pod's */
bool finding_from_afar(const struct engine *e, const struct trk *t);
/* The finding about answers that has this key: made if there is none; NULL: out of memory */
struct fnd *finding_answers(struct engine *e, const char *key, uint64_t ts_ns);
/* It changed: told as it stands now. */
void finding_tell(struct engine *e, struct fnd *f, uint64_t ts_ns);

/* service.c: addresses that are nobody's own, but translated to a pod's */
void service_learn(struct engine *e, const struct obs_pkt *p, uint64_t ts_ns);
/* How it is known that a is a service's address */
enum service_from {
	SERVICE_NOT,	 /* it is not, as far as anything tells */
	SERVICE_KUBELET, /* pods are told to ask it for names */
	SERVICE_RANGE,	 /* in a range that Calico announces, and that is no pool */
	SERVICE_DEVICE,	 /* it stands on kube-ipvs0 */
	SERVICE_SEEN,	 /* packets for it were translated while we watched */
};
enum service_from service_known(const struct engine *e, const struct addr *a);
/* What was seen of it; NULL: nothing */
const struct service *service_seen(const struct engine *e, const struct addr *a);
/* The route that makes a's range one of services, NULL: none does */
const struct route *service_range(const struct engine *e, const struct addr *a);
/* A drop's: did the same socket ask something else a moment before? Fills twin_*. */
void service_find_twin(struct engine *e, struct trk *t);

/* dns_answers.c: servers that answer, and say that they cannot */
void dns_answer(struct engine *e, const struct trk *reply);
/* That server's answers of the last seconds */
struct dns_second dns_counts(const struct dns_server *d, uint64_t now_ns);
const struct dns_server *dns_server(const struct engine *e, const struct addr *a);
/* A server that fails, too, and that a asks; NULL: none is known */
const struct dns_server *dns_asked_by(const struct engine *e, const struct addr *a);
/* The failure has ended, as far as answers tell */
bool dns_recovered(const struct engine *e, const struct fnd *f, uint64_t *since_ns);

/* nflook.c: who filtered it, by the filters' counters */
/* The finding was raised, or raised again: readings are wanted if a packet filter is behind it. */
void nflook_finding(const struct engine *e, struct fnd *f);
void nflook_free(struct fnd *f);
/* A packet was counted in it */
void nflook_lost(struct engine *e, struct fnd *f, const struct trk *t);
/* A reading has come, or failed */
void nflook_round(struct engine *e, enum source_state state);
/* Once all that was lost before the second reading is counted; final: it is */
void nflook_tick(struct engine *e, bool final);

/* traced.c: who filtered it, by nf_tables' own trace */
void traced_lost(struct engine *e, struct fnd *f, const struct trk *t);
void traced_observe(struct engine *e, const struct obs_nftrace *n, uint64_t ts_ns);
/* As nfclass(), but C_UNKNOWN where that takes to know what the rule says */
enum cause traced_cause(const struct obs_nftrace *n);
void traced_free(struct engine *e);

/* owner.c: whose a block is, which addresses are nodes' */
void owner_route(struct engine *e, const struct obs_route *o, uint64_t ts_ns);
/* The pools are known, or changed: routes that stand already tell owners, too. */
void owner_pools(struct engine *e);
/* BIRD and Felix, as their processes are called; a change that nobody signed is taken for theirs. */
bool owner_is_daemon(const struct actor *by);
void owner_node(struct engine *e, const struct obs_node *o);
void owner_free_all(struct engine *e);
/* The owner of the longest block that holds a and is not withdrawn, NULL: nobody told */
struct owner *owner_for(const struct engine *e, const struct addr *a);
/* Somebody else than a routing daemon sent the block of dst to another gateway than its owner's */
bool owner_differs(const struct engine *e, const struct addr *dst, const struct addr *gw);
/* The block of a is another node's, as far as its routes told */
bool owner_is_other(const struct engine *e, const struct addr *a);
/* A node of the cluster, by Felix' list or because it speaks BGP with this one */
bool owner_is_node(const struct engine *e, const struct addr *a);
/* Is it on one of those lists (NODES_*)? How many are on that one? */
bool owner_on_any_list(const struct engine *e, const struct addr *a);
bool owner_is_listed(const struct engine *e, const struct addr *a, uint8_t lists);
uint32_t owner_listed_cnt(const struct engine *e, uint8_t list);
/* The tunnel's other end is no node of the cluster, as far as Felix' list goes */
bool owner_is_stranger(const struct engine *e, const struct addr *dst, const struct addr *end);

/* world.c: what the node's other programs and files say, each source's last full round */
void world_observe(struct engine *e, const struct obs *o);
void world_free_all(struct engine *e);
/* Did the source say anything, ever? What it said last is kept when it falls silent. */
bool world_knows(const struct engine *e, enum source s);
/* Its last round ended well */
bool world_is_fresh(const struct engine *e, enum source s);
/* Or that did a short while ago: a busy node lets a round fail now and then. */
bool world_is_recent(const struct engine *e, enum source s);
uint32_t world_cnt(const struct engine *e, enum world_kind k);
const struct obs_bird_proto *world_proto(const struct engine *e, uint32_t i);
const struct obs_conf_peer *world_peer(const struct engine *e, uint32_t i);
const struct obs_bird_route *world_broute(const struct engine *e, uint32_t i);
const struct obs_vtep *world_vtep(const struct engine *e, uint32_t i);
const struct obs_proc *world_proc(const struct engine *e, uint32_t i);
const struct obs_nfrule *world_nfrule(const struct engine *e, uint32_t i);
/* NULL: there is none */
const struct obs_bird_proto *world_proto_of(const struct engine *e, const struct addr *neighbor);
const struct obs_conf_peer *world_peer_of(const struct engine *e, const struct addr *peer);
/* The neighbour that is that node, by confd's word; NULL: none, or name is "" */
const struct obs_conf_peer *world_peer_named(const struct engine *e, const char *name);
const struct obs_sysctl *world_sysctl(const struct engine *e, uint32_t ifindex);
const struct obs_fill *world_fill(const struct engine *e, enum fill what);
/* What is known of a neighbour on the link, NULL: nothing */
const struct obs_neigh *world_neigh(const struct engine *e, const struct addr *a);
const struct obs_answer *world_answer(const struct engine *e, const struct addr *dst);
/* The first of BIRD's routes for exactly that prefix; those that follow it may be for the same */
const struct obs_bird_route *world_broute_of(const struct engine *e, const struct prefix *p);
/* The pod with that address, NULL: none known; its name holds only if it is verified */
const struct obs_pod *world_pod_of(const struct engine *e, const struct addr *a);
/* "" where nobody told the node's name */
const char *world_node_name(const struct engine *e, const struct addr *peer);

/* icmp.c: ICMP errors */
/* The request that the error quotes, NULL: none that is known */
struct trk *icmp_error_request(struct engine *e, const struct obs_pkt *p);

/* symptom.c: what happened, in plain words, and where; the why is cause.c's */
void symptom(const struct fnd *f, char *buf, size_t sz);
void symptom_evidence(struct fnd *f);

/* cause.c: fills because, cause, explain, advice, evidence, peers from what is known now */
void cause_explain(const struct engine *e, struct fnd *f);
/* Adds a sentence, as long as there is room */
void evidence(struct fnd *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool bgp_in_use(const struct engine *e);
/* No session of this node is established, and it uses BGP */
bool bgp_all_down(const struct engine *e);
const struct bgp_peer *bgp_peer_find(const struct engine *e, const struct addr *a);
bool bgp_peer_up(const struct engine *e, const struct bgp_peer *p);
void bgp_observe(struct engine *e, const struct obs_bgp *b, uint64_t ts_ns);

/* exchange.c: requests, replies, ICMP errors, the filter */
void exchange_begin(struct engine *e, struct trk *t, const struct obs_pkt *p);
/* Does this sighting of the packet pass the filter? Then its exchange counts from now on. */
void exchange_match(struct engine *e, struct trk *t, const struct obs_pkt *p);
/* It settles: decides about what no packet alone could decide. */
void exchange_decide(struct engine *e, struct trk *t);
/* Counts (by 1) or discounts (-1) an answer that took so many microseconds. */
void exchange_latency(struct latency *l, int64_t us, int by);

/* lookup.c: FIB look-ups that failed */
void lookup_failed(struct engine *e, const struct obs *o);
/* What no hit has taken back is final. */
void lookup_run(struct engine *e);

/* engine.c */
/* The verdict is final for now: counted and told, or held back by the filter. */
void engine_settle(struct engine *e, struct trk *t);
/* The same, that long after the packet was last seen; queue is one of the engine's */
void engine_settle_later(struct engine *e, struct trk *t, struct list *queue, uint64_t delay);
/* engine_wait.c: the verdict is not final yet: it waits for something else; may change it */
bool wait_more(struct engine *e, struct trk *t);
/* Its device had the time to go */
void wait_leave(struct engine *e, struct trk *t);
/* BIRD has been heard */
void wait_told(struct engine *e);
/* Into the queue of what is still expected of it */
void engine_shelve(struct engine *e, struct trk *t);
/* Before a new packet: a full table gives up an old one. */
void engine_make_room(struct engine *e);
void engine_emit(struct engine *e, struct record *rec);
void engine_emit_packet(struct engine *e, struct trk *t);
/* Offset of the question in an IPv4 packet that is DNS, may be behind its end; 0: out of reach */
size_t engine_question(const uint8_t *p, size_t len);
void engine_set_verdict(struct engine *e, struct trk *t, enum verdict v);
void engine_set_passing(struct engine *e, struct trk *t, enum verdict v);

#endif
