/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a report keeps of a replay; for user/report*.c alone. Everything is bounded: where more comes
 * than fits, the rest is counted, and the page says so. Times are wall clock, nanoseconds (_ns).
 */
#ifndef CALITRACE_REPORT_PRIV_H
#define CALITRACE_REPORT_PRIV_H

#include "addr.h"
#include "hmap.h"
#include "report.h"

#define REPORT_BUCKETS 200 /* of the time axis */
#define REPORT_LANES 512   /* blocks that are followed, of a node */
#define REPORT_PEERS 512
#define REPORT_FLOWS 1024
#define REPORT_SPANS 40	   /* changes of one route or session */
#define REPORT_EVENTS 400  /* of all nodes */
#define REPORT_SAMPLES 200 /* packets that are told one by one */
#define REPORT_PER_CASE 4  /* of each finding at least */
#define REPORT_CASES 64	   /* findings of which packets are kept */
#define REPORT_CHECKS 32
#define REPORT_NODES 256
#define REPORT_MEMORY (1u << 17) /* packets whose verdict may still change */

/* ---- the time axis ---- */

struct axis {
	bool begun;
	uint64_t t0_ns, t1_ns; /* first and last moment seen */
	uint64_t width_ns;     /* of a bucket */
};

/*
 * The bucket of a moment; times before t0 are in the first. Returns how many buckets have to become
 * one first (1: none), which the caller does before it counts.
 */
uint32_t axis_grow(struct axis *a, uint64_t ts_ns);
uint32_t axis_bucket(const struct axis *a, uint64_t ts_ns);
/* Buckets in use: up to that of t1_ns */
uint32_t axis_cnt(const struct axis *a);
/* 0 ... 100: where a moment stands between the first bucket's begin and the last one's end */
double axis_percent(const struct axis *a, uint64_t ts_ns);

/* ---- what changes over time: a route, a session ---- */

enum span_state {
	SPAN_UNKNOWN,
	SPAN_GOOD,  /* the route is there; the session is up */
	SPAN_OTHER, /* the route leads elsewhere; the session is being set up */
	SPAN_BAD,   /* the route is missing; the session is down */
	SPAN_OWN,   /* the node's own block */
};

struct span {
	uint64_t from_ns;
	enum span_state state;
	char what[48]; /* "tunl0 via 10.2.7.200", "Established" ... */
};

struct track {
	uint32_t cnt;
	uint32_t left_out; /* changes between the last span but one and the last */
	struct span span[REPORT_SPANS];
};

/* A state that is the same as the last one is none. */
void track_add(struct track *t, uint64_t ts_ns, enum span_state state, const char *what);
enum span_state track_first(const struct track *t);
enum span_state track_last(const struct track *t);
/* Was it ever? */
bool track_was(const struct track *t, enum span_state state);

/* ---- a node ---- */

struct bar {
	uint32_t good, lost;
};

/* Packets to a block, and its route; the one without a block is all that is outside the pools */
struct lane {
	struct hnode node;
	uint16_t nr;	     /* of the node's lanes, from 1 on */
	struct prefix block; /* family 0: outside */
	struct addr
		owner; /* the last gateway that a good route had, or a finding's peer; family 0: ? */
	char dev[DEV_LEN]; /* of that route */
	struct track route;
	struct bar bar[REPORT_BUCKETS];
	uint64_t good, lost;
	uint64_t first_lost_ns, last_lost_ns,
		answer_ns; /* the first answer after the last loss; 0: none */
};

struct conn {
	uint16_t local_port, peer_port;
	bool up;
};
#define PEER_CONNS 4
struct peer {
	struct addr addr;
	char name[BIRD_NAME_LEN]; /* BIRD's, "" not said */
	char node[NODE_LEN_SHORT];
	char bgp[BIRD_WORD_LEN], info[INFO_LEN]; /* what BIRD said last */
	uint32_t imported;
	bool by_bird;
	uint64_t since_ns; /* wall; BIRD's */
	struct conn conn[PEER_CONNS];
	struct track session;
};

struct flow {
	struct hnode node;
	uint16_t nr;
	struct prefix src, dst; /* family 0: outside */
	enum app app;
	uint64_t sent, answered, late, lost, answer_lost;
};

/* A packet that was counted, for when it is told again */
struct memory {
	uint64_t id;
	uint16_t lane, flow; /* + 1; 0: none */
	uint8_t verdict;
	bool late, reply;
};

/* A failing packet and what should have become of it */
struct journey {
	struct packet packet;
	uint64_t wall_ns;
	struct route should; /* nh_cnt 0: not known */
	char should_dev[DEV_LEN], uplink[DEV_LEN];
	enum pool_mode mode;
	bool own; /* the block is this node's */
};

struct case_file { /* of a finding */
	uint32_t kept;
	bool have;
	struct journey journey; /* the most telling packet */
};

/* The block of an address, for as long as the routes stay */
#define REPORT_MEMOS 4096
struct block_memo {
	struct addr addr;
	uint64_t version;
	struct prefix block;
};

struct report_node {
	struct report *report;
	struct replay_node *rn;
	uint32_t idx;
	/* copies of META */
	char name[NODE_LEN], version[64], kernel[128], filter[FILTER_LEN], pod[POD_LEN];
	char argv[512], path[512];
	bool foreign, ready, ended, have_summary;
	uint64_t start_ns, finish_ns;
	struct obs_pools pools;
	struct block_memo *memo;
	struct hmap lanes_by;
	struct lane **lane;
	uint32_t lane_cnt, lanes_left_out;
	struct peer **peer;
	uint32_t peer_cnt, peers_left_out;
	struct hmap flows_by;
	struct flow **flow;
	uint32_t flow_cnt;
	uint64_t flows_left_out; /* packets of flows that are not listed */
	struct memory *memory;
	struct case_file **cases;    /* by finding's id - 1 */
	uint32_t told[REPORT_CASES]; /* finding's state when it was told: 1 open, 2 recovered */
	struct check start[REPORT_CHECKS], end[REPORT_CHECKS];
	uint32_t start_cnt, end_cnt;
	struct obs_source source[SOURCE_MAX];
	uint64_t loss[LOSS_BIRD + 1];
	struct summary sum;
	char probes[512], missing[1024], reason[INFO_LEN];
	uint64_t end_packets, packets;
	struct obs_conf_peer *conf; /* who is whose neighbour */
	uint32_t conf_cnt;
};

/* ---- events ---- */

enum event_kind {
	MARK_LOSS, /* the first packet of a finding */
	MARK_FINDING,
	MARK_ROUTES,
	MARK_ADDR,
	MARK_LINK,
	MARK_PROC,
	MARK_BGP,
	MARK_REPAIR,
	MARK_ANSWER,
	MARK_GAP, /* events lost */
	MARK_KINDS
};

struct event {
	uint64_t ts_ns, last_ns;
	enum event_kind kind;
	uint32_t node, cnt;
	int op; /* of its kind: what is the same is folded */
	uint32_t pid;
	uint32_t finding;
	bool bad;
	char text[160];
};

struct sample {
	uint32_t node;
	struct packet packet;
	uint64_t wall_ns;
};

struct report {
	char file[512], trouble[512];
	bool failed;
	struct axis axis;
	struct report_node **node;
	uint32_t node_cnt, nodes_left_out;
	struct event event[REPORT_EVENTS];
	uint32_t event_cnt;
	uint64_t events_left_out;
	struct sample *sample;
	uint32_t sample_cnt, sample_cap;
	uint64_t samples_left_out;
};

#define SAMPLES_MAX (REPORT_SAMPLES + REPORT_CASES * REPORT_PER_CASE)

/* MONOTONIC of the node to wall clock */
uint64_t report_wall(const struct report_node *n, uint64_t ts_ns);

/* report_lane.c; NULL: no room (counted), or no memory (report.failed) */
struct lane *report_lane(struct report_node *n, const struct prefix *block, uint64_t ts_ns);
/* The state of the lane's route from ts_ns on, as the mirror has it now */
void lane_look(struct report_node *n, struct lane *l, uint64_t ts_ns);
void lanes_begin(struct report_node *n, uint64_t ts_ns);
void lanes_route(struct report_node *n, const struct obs_route *o, uint64_t ts_ns);
/* The block of the pools that holds a, len 0 and no family: none does */
struct prefix report_block(struct report_node *n, const struct addr *a);
const struct pool *report_pool(const struct report_node *n, const struct addr *a);

/* report_packet.c */
void report_packet(struct report_node *n, const struct packet *p, uint64_t ts_ns);
/* The device by which the node reaches gw, as its routes are now; unchanged where there is none */
void find_uplink(const struct mirror *m, const struct addr *gw, char dev[DEV_LEN]);
void report_grow(struct report *r, uint64_t ts_ns);

/* report_peer.c */
void peer_bgp(struct report_node *n, const struct obs_bgp *b, uint64_t ts_ns);
void peer_bird(struct report_node *n, const struct obs_bird_proto *p, uint64_t ts_ns);
void peer_conf(struct report_node *n, const struct obs_conf_peer *c);
/* The name of the node that has this address, "" not known */
const char *peer_node(const struct report_node *n, const struct addr *a);

/* report_event.c */
void event_record(struct report_node *n, const struct record *rec, uint64_t ts_ns);
void event_proc(struct report_node *n, const struct obs_proc *p);
void event_answers(struct report_node *n);

/* ---- rendering ---- */

struct html;

/* "02:04:23.4", UTC, with as many digits as the axis has use for */
#define CLOCK_LEN 40
const char *clock_str(const struct axis *a, uint64_t wall_ns, char buf[CLOCK_LEN]);
/* The same with milliseconds, but where the axis is of days */
const char *moment_str(const struct axis *a, uint64_t wall_ns, char buf[CLOCK_LEN]);
const char *date_str(uint64_t wall_ns, char buf[CLOCK_LEN]);
const char *span_str(uint64_t ns, char buf[CLOCK_LEN]);
/* Half a sentence: "no BGP session of this node is established" */
const char *cause_clause(enum cause c);
/* What a verdict means, in a few words */
const char *verdict_clause(enum verdict v);
const char *event_word(enum event_kind k);
const char *check_clause(const char *name);
void block_str(const struct prefix *p, char buf[PREFIX_STRLEN]);

/* One side of the page: a capture. depth: of its headings, 2 ... */
struct side {
	struct html *h;
	const struct report *r;
	const char *tag; /* "": the only one, else "before", "after": part of ids */
	int depth;
	bool open; /* tables are not folded */
};

/* What is to be told first */
enum state_word {
	STATE_BROKEN,
	STATE_RECOVERED,
	STATE_SILENT, /* nothing wrong was seen, and not enough to say so */
	STATE_HEALTHY
};
struct headline {
	enum state_word state;
	const struct report_node *node; /* of the worst finding or check */
	const struct finding *worst;	/* NULL: none */
	const struct check *check;	/* wrong without traffic; NULL: none */
	const struct report_node *check_node;
	bool cut;
	uint32_t open, recovered, broken_checks;
	uint32_t unknown; /* checks that are needed and say nothing */
	uint64_t seen, lost, unanswered, gaps;
};
/* NULL: there is none of that id, or it turned out to be something else */
const struct finding *report_finding(const struct report_node *n, uint32_t id);
struct headline headline_of(const struct report *r);

const char *state_badge(enum state_word w); /* markup */

/* report_compare.c: what is above the two sides */
void report_compare(struct html *h, const struct report *r, const struct diff *d);

void side_head(struct side *s);
void side_findings(struct side *s);
void side_chart(struct side *s);
void side_journeys(struct side *s);
void side_tables(struct side *s);
void side_gaps(struct side *s);
void side_capture(struct side *s);
void side_heading(struct side *s, int below, const char *id, const char *text);

#endif
