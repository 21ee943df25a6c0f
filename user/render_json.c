// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON lines, version 1 of the contract: one object a line, keys in its order,
 * what is not known left out. Output is pure ASCII whatever names the network
 * and the node made up.
 */
#include "render.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "cluster.h"
#include "render_int.h"
#include "util.h"

/* 12 digits: microseconds of a day-long duration, no 30.000000000000004 */
#define DUMP_FLAGS \
	(JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12))

/* A string that jansson takes: bytes that are no UTF-8 become U+FFFD. Never NULL but for memory. */
static json_t *json_text(const char *s)
{
	json_t *str = json_string(s);
	size_t len = strlen(s), i, n = 0;
	char *safe;

	if (str)
		return str;
	safe = malloc(len * 3 + 1);
	if (!safe)
		return NULL;
	/* Rare enough to give up all that is not ASCII, rather than to sort it out. */
	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x80) {
			safe[n++] = s[i];
		} else {
			memcpy(safe + n, "\xef\xbf\xbd", 3);
			n += 3;
		}
	}
	str = json_stringn(safe, n);
	free(safe);
	return str;
}

/* ---- an object under construction; a failed allocation is remembered, not passed around ---- */

static void put(struct render *r, json_t *obj, const char *key, json_t *val)
{
	if (json_object_set_new(obj, key, val))
		render_fail(r, -ENOMEM);
}

static void append(struct render *r, json_t *arr, json_t *val)
{
	if (json_array_append_new(arr, val))
		render_fail(r, -ENOMEM);
}

static void put_int(struct render *r, json_t *obj, const char *key, uint64_t n)
{
	put(r, obj, key, json_integer((json_int_t)n));
}

/* Unset is "" */
static void put_str(struct render *r, json_t *obj, const char *key, const char *s)
{
	if (s && *s)
		put(r, obj, key, json_text(s));
}

static void put_addr(struct render *r, json_t *obj, const char *key, const struct addr *a)
{
	char buf[ADDR_STRLEN];

	if (addr_is_set(a))
		put_str(r, obj, key, addr_str(a, buf));
}

static void put_prefix(struct render *r, json_t *obj, const char *key, const struct prefix *p)
{
	char buf[PREFIX_STRLEN];

	if (addr_is_set(&p->addr))
		put_str(r, obj, key, prefix_str(p, buf));
}

static void put_time(struct render *r, json_t *obj, const char *key, uint64_t ns)
{
	char buf[RFC3339_LEN];

	put_str(r, obj, key, rfc3339_str(r, ns, buf));
}

static void put_actor(struct render *r, json_t *obj, const struct actor *by)
{
	json_t *o;

	if (!by->pid)
		return;
	o = json_object();
	put_int(r, o, "pid", by->pid);
	put_str(r, o, "comm", by->comm);
	put(r, obj, "by", o);
}

static void put_strings(struct render *r, json_t *obj, const char *key, const char *const *strs)
{
	json_t *arr = json_array();

	for (; strs && *strs; strs++)
		append(r, arr, json_text(*strs));
	put(r, obj, key, arr);
}

/* What every record begins with, `start` without the time */
static json_t *begin(struct render *r, const char *type)
{
	json_t *obj = json_object();

	put_int(r, obj, "v", 1);
	put_str(r, obj, "type", type);
	return obj;
}

static json_t *begin_at(struct render *r, const char *type, uint64_t ts_ns)
{
	json_t *obj = begin(r, type);

	put_str(r, obj, "node", r->opts.node);
	put_time(r, obj, "ts", ts_ns);
	return obj;
}

static void print(struct render *r, json_t *obj)
{
	errno = 0;
	if (json_dumpf(obj, r->opts.out, DUMP_FLAGS) || putc('\n', r->opts.out) == EOF)
		render_fail(r, 0);
	json_decref(obj);
}

/* ---- packet ---- */

static void put_icmp(struct render *r, json_t *obj, const struct packet *p)
{
	json_t *o;

	if (!p->icmp_valid)
		return;
	o = json_object();
	put_int(r, o, "type", p->icmp_type);
	put_int(r, o, "code", p->icmp_code);
	if (p->icmp_echo) {
		put_int(r, o, "id", p->icmp_id);
		put_int(r, o, "seq", p->icmp_seq);
	}
	put(r, obj, "icmp", o);
}

static void put_dns(struct render *r, json_t *obj, const struct packet *p)
{
	char buf[WORD_LEN];
	json_t *o;

	if (!p->dns_valid)
		return;
	o = json_object();
	put_int(r, o, "id", p->dns_id);
	put_str(r, o, "qname", p->qname);
	if (p->dns_qtype)
		put_str(r, o, "qtype", dns_qtype_name(p->dns_qtype, buf));
	put(r, o, "response", json_boolean(p->dns_response));
	if (p->dns_response || p->dns_rcode)
		put_str(r, o, "rcode", dns_rcode_name(p->dns_rcode, buf));
	put(r, obj, "dns", o);
}

static void put_encap(struct render *r, json_t *obj, const struct packet *p)
{
	json_t *o;

	if (p->encap.kind == ENCAP_NONE)
		return;
	o = json_object();
	put_str(r, o, "kind", encap_name(p->encap.kind));
	put_addr(r, o, "src", &p->encap.src);
	put_addr(r, o, "dst", &p->encap.dst);
	put(r, obj, "encap", o);
}

static void put_icmp_error(struct render *r, json_t *obj, const struct packet *p)
{
	json_t *o;

	if (!p->icmp_error.valid)
		return;
	o = json_object();
	put_int(r, o, "type", p->icmp_error.type);
	put_int(r, o, "code", p->icmp_error.code);
	put_addr(r, o, "from", &p->icmp_error.from);
	put(r, obj, "icmp_error", o);
}

static void put_route_ref(struct render *r, json_t *obj, const struct route_ref *ref)
{
	char dst[PREFIX_STRLEN], buf[WORD_LEN];
	json_t *o;

	if (!ref->have)
		return;
	o = json_object();
	if (ref->have_dst)
		put_str(r, o, "dst", route_dst_str(&ref->dst, dst));
	put_addr(r, o, "gateway", &ref->gw);
	put_str(r, o, "dev", ref->dev);
	if (ref->protocol)
		put_str(r, o, "protocol", route_protocol_name(ref->protocol, buf));
	if (ref->type)
		put_str(r, o, "type", route_type_name(ref->type, buf));
	if (ref->table)
		put_str(r, o, "table", route_table_name(ref->table, buf));
	put(r, obj, "route", o);
}

/* node: "" where one node alone saw the packet */
static json_t *hop_json(struct render *r, enum hook at, const char *dev, const char *node,
			int64_t dt_ns)
{
	json_t *o = json_object();

	put_str(r, o, "at", hook_name(at));
	put_str(r, o, "dev", dev);
	put(r, o, "dt_ns", json_integer(dt_ns));
	put_str(r, o, "node", node);
	return o;
}

/* Its hops on this node and on others, in the order of time */
static void put_path(struct render *r, json_t *obj, const struct packet *p)
{
	size_t cnt = p->hop_cnt < MAX_HOPS ? p->hop_cnt : MAX_HOPS, i = 0, far = 0;
	const char *own = p->far_cnt ? r->opts.node : "";
	json_t *arr;

	if (!cnt)
		return;
	arr = json_array();
	while (i < cnt || far < p->far_cnt) {
		const struct far_hop *f = &p->far[far];
		const struct hop *h = &p->hop[i];
		bool mine = far == p->far_cnt || (i < cnt && h->ts_ns <= f->ts_ns);
		int64_t dt = (int64_t)((mine ? h->ts_ns : f->ts_ns) - p->hop[0].ts_ns);

		append(r, arr,
		       mine ? hop_json(r, h->at, h->dev, own, dt) :
			      hop_json(r, f->at, f->dev, f->node, dt));
		*(mine ? &i : &far) += 1;
	}
	put(r, obj, "path", arr);
}

static void put_flow(struct render *r, json_t *obj, const struct packet *p)
{
	char buf[WORD_LEN];

	if (p->proto)
		put_str(r, obj, "l4", ip_proto_name(p->proto, buf));
	if (p->app != APP_NONE)
		put_str(r, obj, "app", app_name(p->app));
	put_addr(r, obj, "src", &p->src);
	put_addr(r, obj, "dst", &p->dst);
	if (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP) {
		put_int(r, obj, "sport", p->sport);
		put_int(r, obj, "dport", p->dport);
	}
	if (p->ip_id)
		put_int(r, obj, "ip_id", p->ip_id);
	if (p->len)
		put_int(r, obj, "len", p->len);
	if (p->netns)
		put_int(r, obj, "netns", p->netns);
	if (!r->opts.numeric)
		put_str(r, obj, "src_pod", p->src_pod);
	if (!r->opts.numeric)
		put_str(r, obj, "dst_pod", p->dst_pod);
	put_icmp(r, obj, p);
	put_dns(r, obj, p);
	put_addr(r, obj, "orig_dst", &p->orig_dst);
	put_encap(r, obj, p);
}

static void put_fate(struct render *r, json_t *obj, const struct packet *p)
{
	char buf[WORD_LEN];

	if (p->verdict != V_NONE)
		put_str(r, obj, "verdict", verdict_name(p->verdict));
	if (p->at != AT_NONE)
		put_str(r, obj, "at", hook_name(p->at));
	put_str(r, obj, "dev", p->dev);
	put_prefix(r, obj, "block", &p->block);
	if (addr_is_set(&p->block.addr) && p->block_from != BLOCK_UNKNOWN)
		put_str(r, obj, "block_from", block_from_name(p->block_from));
	put_route_ref(r, obj, &p->route);
	if (p->err)
		put_str(r, obj, "errno", errno_name(p->err, buf));
	put_str(r, obj, "reason", p->reason);
	put_str(r, obj, "location", p->location);
	put_str(r, obj, "nf_hook", nf_hook_name(p->nf_hook));
	put_str(r, obj, "in_dev", p->in_dev);
	put_str(r, obj, "out_dev", p->out_dev);
	put_icmp_error(r, obj, p);
	if (p->latency_us >= 0)
		put_int(r, obj, "latency_us", (uint64_t)p->latency_us);
	if (p->late_us >= 0)
		put_int(r, obj, "late_us", (uint64_t)p->late_us);
}

static void print_packet(struct render *r, const struct packet *p)
{
	char mono[WORD_LEN];
	json_t *obj;

	/* One that was printed as a problem is printed again when it turns out well. */
	if (!r->opts.all && !verdict_is_problem(p->verdict) && p->rev <= 1)
		return;
	obj = begin(r, "packet");
	put_int(r, obj, "id", p->id);
	put_int(r, obj, "rev", p->rev);
	put_str(r, obj, "node", r->opts.node);
	put_time(r, obj, "ts", p->ts_ns);
	snprintf(mono, sizeof(mono), "%llu", (unsigned long long)p->ts_ns);
	put_str(r, obj, "mono_ns", mono);
	put_flow(r, obj, p);
	put_fate(r, obj, p);
	put_path(r, obj, p);
	if (p->by.pid) {
		put_int(r, obj, "pid", p->by.pid);
		put_str(r, obj, "comm", p->by.comm);
	}
	if (p->finding)
		put_int(r, obj, "finding", p->finding);
	print(r, obj);
}

/* ---- changes of the node ---- */

static void print_route(struct render *r, const struct record *rec)
{
	const struct route *rt = &rec->route->route;
	char dst[PREFIX_STRLEN], buf[WORD_LEN];
	json_t *obj = begin_at(r, "route", rec->ts_ns);

	put_str(r, obj, "op", route_op_name(rec->route->op));
	put_str(r, obj, "dst", route_dst_str(&rt->dst, dst));
	if (rt->nh_cnt)
		put_addr(r, obj, "gateway", &rt->nh[0].gw);
	put_str(r, obj, "dev", rec->dev);
	if (rt->protocol)
		put_str(r, obj, "protocol", route_protocol_name(rt->protocol, buf));
	put_actor(r, obj, &rec->route->by);
	/* Beyond the contract's example, where they differ from it; "type" is the record's. */
	if (rt->type > 1)
		put_str(r, obj, "route_type", route_type_name(rt->type, buf));
	if (rt->table && rt->table != 254)
		put_str(r, obj, "table", route_table_name(rt->table, buf));
	if (rt->metric)
		put_int(r, obj, "metric", rt->metric);
	print(r, obj);
}

static void print_link(struct render *r, const struct record *rec)
{
	const struct link_info *link = &rec->link->link;
	json_t *obj = begin_at(r, "link", rec->ts_ns);

	put_str(r, obj, "op", link_op_name(rec->link->op));
	put_str(r, obj, "dev", link->name);
	put_int(r, obj, "ifindex", link->ifindex);
	if (link->mtu)
		put_int(r, obj, "mtu", link->mtu);
	put_actor(r, obj, &rec->link->by);
	print(r, obj);
}

static void print_addr(struct render *r, const struct record *rec)
{
	json_t *obj = begin_at(r, "addr", rec->ts_ns);

	put_str(r, obj, "op", rec->addr->del ? "del" : "add");
	put_str(r, obj, "dev", rec->dev);
	put_prefix(r, obj, "address", &rec->addr->address);
	put_actor(r, obj, &rec->addr->by);
	print(r, obj);
}

static void print_neigh(struct render *r, const struct record *rec)
{
	json_t *obj = begin_at(r, "neigh", rec->ts_ns);

	put_str(r, obj, "op", rec->neigh->failed ? "failed" : "reachable");
	put_addr(r, obj, "dst", &rec->neigh->dst);
	put_str(r, obj, "dev", rec->dev);
	print(r, obj);
}

static void print_bgp(struct render *r, const struct record *rec)
{
	json_t *obj = begin_at(r, "bgp", rec->ts_ns);

	put_addr(r, obj, "peer", &rec->bgp->peer);
	put_str(r, obj, "state", bgp_state_name(rec->bgp->state));
	put_str(r, obj, "source", "tcp");
	print(r, obj);
}

static void print_bird(struct render *r, const struct record *rec)
{
	const struct obs_bird_proto *p = rec->bird_proto;
	json_t *obj = begin_at(r, "bgp", rec->ts_ns);

	put_addr(r, obj, "peer", &p->neighbor);
	put_str(r, obj, "state", p->bgp[0] ? p->bgp : p->state);
	if (p->info[0])
		put_str(r, obj, "info", p->info);
	put_str(r, obj, "source", "bird");
	print(r, obj);
}

static void print_loss(struct render *r, const struct record *rec)
{
	json_t *obj = begin_at(r, "loss", rec->ts_ns);

	put_str(r, obj, "what", loss_name(rec->loss->what));
	put_int(r, obj, "count", rec->loss->count);
	if (rec->loss->verdict != V_NONE)
		put_str(r, obj, "verdict", verdict_name(rec->loss->verdict));
	if (addr_is_set(&rec->loss->block.addr))
		put_prefix(r, obj, "block", &rec->loss->block);
	print(r, obj);
}

static void print_clock(struct render *r, const struct record *rec)
{
	const struct clock_rel *c = rec->clock;
	json_t *obj = begin_at(r, "clock", rec->ts_ns);

	put_str(r, obj, "reference", c->reference);
	if (c->known) {
		put(r, obj, "offset_ns", json_integer(c->offset_ns));
		put_int(r, obj, "error_ns", c->error_ns);
	}
	put_int(r, obj, "packets", c->packets);
	print(r, obj);
}

/* ---- finding ---- */

static void put_verdicts(struct render *r, json_t *obj, const uint64_t counts[V_MAX])
{
	json_t *o = json_object();
	enum verdict v;

	for (v = V_NONE + 1; v < V_MAX; v++)
		if (counts[v])
			put_int(r, o, verdict_name(v), counts[v]);
	put(r, obj, "verdicts", o);
}

static json_t *because_json(struct render *r, const struct because *b)
{
	json_t *o = json_object();
	char buf[RFC3339_LEN];

	put_str(r, o, "cause", cause_name(b->cause));
	put_str(r, o, "confidence", confidence_name(b->confidence));
	if (b->since_from == SINCE_BIRD)
		put_str(r, o, "since", rfc3339_second_str(r, b->since_ns, buf));
	else if (b->since_from != SINCE_UNSET && b->since_from != SINCE_BEFORE_START)
		put_time(r, o, "since", b->since_ns);
	if (b->since_from != SINCE_UNSET)
		put_str(r, o, "since_from", since_from_name(b->since_from));
	put_actor(r, o, &b->by);
	return o;
}

static void put_because(struct render *r, json_t *obj, const struct finding *f)
{
	size_t cnt = f->because_cnt < MAX_BECAUSE ? f->because_cnt : MAX_BECAUSE, i;
	json_t *arr = json_array();

	for (i = 0; i < cnt; i++)
		append(r, arr, because_json(r, &f->because[i]));
	put(r, obj, "because", arr);
}

static void put_blocks(struct render *r, json_t *obj, const struct finding *f)
{
	size_t cnt = f->block_cnt < MAX_BLOCKS ? f->block_cnt : MAX_BLOCKS, i;
	char buf[PREFIX_STRLEN];
	json_t *arr;

	if (!cnt)
		return;
	arr = json_array();
	for (i = 0; i < cnt; i++)
		append(r, arr, json_text(prefix_str(&f->block[i], buf)));
	put(r, obj, "blocks", arr);
	if (f->block_cnt > cnt)
		put_int(r, obj, "blocks_total", f->block_cnt);
	if (f->block_from != BLOCK_UNKNOWN)
		put_str(r, obj, "block_from", block_from_name(f->block_from));
}

/* In the order of the peers; "" for one that nobody named */
static void put_peer_nodes(struct render *r, json_t *obj, const struct finding *f, size_t cnt)
{
	json_t *arr = json_array();
	bool any = false;

	for (size_t i = 0; i < cnt; i++) {
		append(r, arr, json_text(f->peer_node[i]));
		any |= f->peer_node[i][0];
	}
	if (any)
		put(r, obj, "peer_nodes", arr);
	else
		json_decref(arr);
}

static void put_peers(struct render *r, json_t *obj, const struct finding *f)
{
	size_t cnt = f->peer_cnt < MAX_BLOCKS ? f->peer_cnt : MAX_BLOCKS, i;
	char buf[ADDR_STRLEN];
	json_t *arr;

	if (!cnt)
		return;
	arr = json_array();
	for (i = 0; i < cnt; i++)
		append(r, arr, json_text(addr_str(&f->peer[i], buf)));
	put(r, obj, "peers", arr);
	if (!r->opts.numeric)
		put_peer_nodes(r, obj, f, cnt);
}

static void put_apps(struct render *r, json_t *obj, const uint64_t counts[APP_MAX])
{
	json_t *o = json_object();
	enum app a;

	for (a = APP_NONE + 1; a < APP_MAX; a++)
		if (counts[a])
			put_int(r, o, app_name(a), counts[a]);
	put(r, obj, "apps", o);
}

static void put_words(struct render *r, json_t *obj, const struct finding *f)
{
	size_t cnt = f->evidence_cnt < MAX_EVIDENCE ? f->evidence_cnt : MAX_EVIDENCE, i;
	json_t *arr;

	put_str(r, obj, "explain", f->explain);
	if (cnt) {
		arr = json_array();
		for (i = 0; i < cnt; i++)
			append(r, arr, json_text(f->evidence[i]));
		put(r, obj, "evidence", arr);
	}
	put_str(r, obj, "advice", f->advice);
}

static void print_finding(struct render *r, const struct finding *f)
{
	json_t *obj = begin_at(r, "finding", f->ts_ns);

	put_int(r, obj, "id", f->id);
	put_str(r, obj, "key", f->key);
	put_int(r, obj, "rev", f->rev);
	put_str(r, obj, "state", f->recovered ? "recovered" : "open");
	if (f->verdict != V_NONE)
		put_str(r, obj, "verdict", verdict_name(f->verdict));
	put_verdicts(r, obj, f->verdicts);
	put_str(r, obj, "cause", cause_name(f->cause));
	put_because(r, obj, f);
	put_blocks(r, obj, f);
	put_peers(r, obj, f);
	put_str(r, obj, "dev", f->dev);
	put_int(r, obj, "packets", f->packets);
	if (f->withheld)
		put_int(r, obj, "withheld", f->withheld);
	put_apps(r, obj, f->apps);
	put_time(r, obj, "first", f->first_ns);
	put_time(r, obj, "last", f->last_ns);
	if (f->recovered)
		put_time(r, obj, "recovered", f->recovered_ns);
	put_words(r, obj, f);
	print(r, obj);
}

static void print_check(struct render *r, const struct record *rec)
{
	const struct check *c = rec->check;
	json_t *obj = begin_at(r, "check", rec->ts_ns), *arr;

	put_str(r, obj, "name", c->name);
	put_str(r, obj, "state", check_state_name(c->state));
	if (c->cause != C_UNKNOWN)
		put_str(r, obj, "cause", cause_name(c->cause));
	put_str(r, obj, "explain", c->explain);
	if (c->evidence_cnt) {
		arr = json_array();
		for (int i = 0; i < c->evidence_cnt; i++)
			append(r, arr, json_text(c->evidence[i]));
		put(r, obj, "evidence", arr);
	}
	if (c->advice[0])
		put_str(r, obj, "advice", c->advice);
	print(r, obj);
}

/* ---- the calls ---- */

static void json_record(struct render *r, const struct record *rec)
{
	/* -q keeps what was concluded, and what those conclusions cannot know. */
	if (r->opts.quiet && rec->kind != REC_FINDING && rec->kind != REC_LOSS &&
	    !(rec->kind == REC_CHECK && r->opts.checks))
		return;
	switch (rec->kind) {
	case REC_PACKET:
		return print_packet(r, rec->packet);
	case REC_FINDING:
		return print_finding(r, rec->finding);
	case REC_ROUTE:
		return print_route(r, rec);
	case REC_LINK:
		return print_link(r, rec);
	case REC_ADDR:
		return print_addr(r, rec);
	case REC_NEIGH:
		return print_neigh(r, rec);
	case REC_BGP:
		return print_bgp(r, rec);
	case REC_LOSS:
		return print_loss(r, rec);
	case REC_CHECK:
		return print_check(r, rec);
	case REC_BIRD:
		return print_bird(r, rec);
	case REC_CLOCK:
		return print_clock(r, rec);
	case REC_SILENCE:
		return;
	}
}

static void put_pools(struct render *r, json_t *obj, const struct obs_pools *pools)
{
	size_t cnt = pools->cnt < MAX_POOLS ? pools->cnt : MAX_POOLS, i;
	json_t *arr = json_array();

	for (i = 0; i < cnt; i++) {
		json_t *o = json_object();

		put_prefix(r, o, "cidr", &pools->pool[i].cidr);
		put_str(r, o, "mode", pool_mode_name(pools->pool[i].mode));
		put_str(r, o, "from", pool_from_name(pools->pool[i].from));
		append(r, arr, o);
	}
	put(r, obj, "pools", arr);
}

static void json_start(struct render *r, const struct start_info *info)
{
	json_t *obj = begin(r, "start"), *argv = json_array();
	int i;

	put_str(r, obj, "node", info->node ? info->node : r->opts.node);
	put_str(r, obj, "version", info->version);
	put_str(r, obj, "kernel", info->kernel);
	for (i = 0; i < info->argc; i++)
		append(r, argv, json_text(info->argv[i]));
	put(r, obj, "argv", argv);
	if (info->pools)
		put_pools(r, obj, info->pools);
	put_strings(r, obj, "ifaces", info->ifaces);
	put_strings(r, obj, "probes", info->probes);
	put_strings(r, obj, "missing", info->missing);
	print(r, obj);
}

static void json_tick(struct render *r, uint64_t now_ns)
{
	(void)r;
	(void)now_ns;
}

static json_t *app_stats_json(struct render *r, const struct app_stats *s)
{
	json_t *o = json_object(), *rcodes = json_object();
	char buf[WORD_LEN];
	uint8_t i;

	put_int(r, o, "sent", s->sent);
	put_int(r, o, "answered", s->answered);
	put_int(r, o, "late", s->late);
	put_int(r, o, "unanswered", s->unanswered);
	if (s->answered) {
		put_int(r, o, "p50_us", s->p50_us);
		put_int(r, o, "p99_us", s->p99_us);
	}
	for (i = 0; i < RCODE_MAX; i++)
		if (s->rcode[i])
			put_int(r, rcodes, dns_rcode_name(i, buf), s->rcode[i]);
	if (json_object_size(rcodes))
		put(r, o, "rcode", rcodes);
	else
		json_decref(rcodes);
	return o;
}

static void put_app_stats(struct render *r, json_t *obj, const struct app_stats apps[APP_MAX])
{
	json_t *o = json_object();
	enum app a;

	for (a = APP_NONE + 1; a < APP_MAX; a++)
		if (apps[a].sent || apps[a].answered || apps[a].late || apps[a].unanswered)
			put(r, o, app_name(a), app_stats_json(r, &apps[a]));
	put(r, obj, "apps", o);
}

static void json_summary(struct render *r, const struct summary *s, uint64_t ts_ns)
{
	json_t *obj = begin_at(r, "summary", ts_ns), *ids = json_array();
	uint32_t i;

	put(r, obj, "duration_s", json_real((double)(s->duration_ns / NS_PER_MS) / 1000.0));
	put_int(r, obj, "seen", s->seen);
	put_verdicts(r, obj, s->verdicts);
	put_app_stats(r, obj, s->apps);
	for (i = 1; i <= s->finding_cnt; i++)
		append(r, ids, json_integer(i));
	put(r, obj, "findings", ids);
	put_int(r, obj, "lost", s->lost);
	put_int(r, obj, "withheld", s->withheld);
	if (s->have_status)
		put(r, obj, "command_status", json_integer(s->command_status));
	print(r, obj);
}

static void json_free(struct render *r)
{
	free(r);
}

static const struct render_ops json_ops = {
	.start = json_start,
	.record = json_record,
	.tick = json_tick,
	.summary = json_summary,
	.free = json_free,
};

int render_json__new(const struct render_opts *opts, struct render **ret)
{
	struct render *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->ops = &json_ops;
	r->opts = *opts;
	*ret = r;
	return 0;
}
