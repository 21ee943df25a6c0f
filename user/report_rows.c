// SPDX-License-Identifier: GPL-2.0-only
/* Long tables: packets one by one, routes at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render_int.h"
#include "report_table.h"
#include "rtnum.h"
#include "util.h"

#define ROUTES_MAX 2000 /* of a node */

/* ---- packets ---- */

static void packet_what(struct html *h, const struct packet *p)
{
	char word[WORD_LEN];

	html_text(h, app_name(p->app));
	if (p->app == APP_DNS && p->dns_valid) {
		html_textf(h, "%s %s ", p->dns_response ? " answer" : "",
			   p->dns_qtype ? dns_qtype_name(p->dns_qtype, word) : "");
		html_text(h, p->qname);
		html_textf(h, " id %u", p->dns_id);
	} else if (p->app == APP_ICMP && p->icmp_valid && p->icmp_echo) {
		html_textf(h, " %s id %u seq %u", p->icmp_type == 8 ? "echo" : "reply", p->icmp_id,
			   p->icmp_seq);
	} else if (p->app == APP_ICMP && p->icmp_valid) {
		html_textf(h, " type %u code %u", p->icmp_type, p->icmp_code);
	} else if (p->proto != 1) {
		html_textf(h, " %s %u to %u", ip_proto_name(p->proto, word), p->sport, p->dport);
	}
}

static void packet_end(struct html *h, const char *tag, const struct addr *a, const char *pod)
{
	char buf[ADDR_STRLEN];

	html_lit(h, tag);
	html_text(h, addr_str(a, buf));
	if (pod[0]) {
		html_lit(h, "<br/><span class=\"sub\">");
		html_text(h, pod);
		html_lit(h, "</span>");
	}
}

static void packet_why(struct html *h, const struct packet *p)
{
	char dst[PREFIX_STRLEN], gw[ADDR_STRLEN], word[WORD_LEN];
	const struct route_ref *r = &p->route;

	if (r->have && r->have_dst)
		html_textf(h, "%s%s%s ", r->type > RTN_LOCAL ? route_type_name(r->type, word) : "",
			   r->type > RTN_LOCAL ? " " : "", route_dst_str(&r->dst, dst));
	if (r->have && addr_is_set(&r->gw))
		html_textf(h, "via %s ", addr_str(&r->gw, gw));
	if (p->encap.kind != ENCAP_NONE)
		html_textf(h, "%s to %s ", encap_name(p->encap.kind), addr_str(&p->encap.dst, gw));
	if (p->nf_hook != NF_HOOK_NONE)
		html_textf(h, "hook %s ", nf_hook_name(p->nf_hook));
	if (p->reason[0])
		html_textf(h, "%s ", p->reason);
	if (p->location[0])
		html_textf(h, "at %s ", p->location);
	if (p->by.pid)
		html_textf(h, "by %.*s[%u] ", COMM_LEN, p->by.comm, p->by.pid);
	if (p->late_us >= 0)
		html_textf(h, "answered late, after %lld us", (long long)p->late_us);
}

static void packet_path(struct html *h, const struct packet *p)
{
	for (int i = 0; i < p->hop_cnt && i < MAX_HOPS; i++) {
		html_lit(h, i ? " &#8594; " : "");
		html_text(h, p->hop[i].dev[0] ? p->hop[i].dev : hook_name(p->hop[i].at));
	}
}

static void sample_line(struct side *s, const struct sample *sm)
{
	const struct packet *p = &sm->packet;
	const struct report_node *n = s->r->node[sm->node];
	char buf[CLOCK_LEN];

	row_open(s->h, moment_str(&s->r->axis, sm->wall_ns, buf));
	if (s->r->node_cnt > 1)
		html_el(s->h, "td", "", n->name);
	html_el(s->h, "td", verdict_is_problem(p->verdict) ? "lost" : "", verdict_name(p->verdict));
	packet_end(s->h, "<td>", &p->src, p->src_pod);
	packet_end(s->h, "</td><td>", &p->dst, p->dst_pod);
	html_lit(s->h, "</td><td class=\"brk\">");
	packet_what(s->h, p);
	html_lit(s->h, "</td><td>");
	packet_path(s->h, p);
	html_lit(s->h, "</td><td class=\"brk\">");
	packet_why(s->h, p);
	html_lit(s->h, "</td>");
	if (p->finding)
		cell_num(s->h, p->finding);
	else
		html_lit(s->h, "<td></td>");
	html_lit(s->h, "</tr>\n");
}

void table_samples(struct side *s)
{
	static const char *const heads[] = { "when", "node", "verdict", "from",	    "to",
					     "what", "path", "why",	"#finding", NULL };
	const char *one[ARRAY_SIZE(heads)] = { heads[0] };

	for (size_t i = 2; i < ARRAY_SIZE(heads); i++)
		one[i - 1] = heads[i];
	table_open(s, "Packets with a problem, one by one", s->r->sample_cnt,
		   s->r->node_cnt > 1 ? heads : one);
	for (uint32_t i = 0; i < s->r->sample_cnt; i++)
		sample_line(s, &s->r->sample[i]);
	table_close(s, s->r->samples_left_out, "packets with a problem");
}

/* ---- routes ---- */

struct routes {
	const struct route *route[ROUTES_MAX];
	uint32_t cnt;
	uint64_t left_out;
};

static void on_route(void *ctx, const struct route *r)
{
	struct routes *rs = ctx;

	if (r->table != TABLE_MAIN)
		return;
	if (rs->cnt < ROUTES_MAX)
		rs->route[rs->cnt++] = r;
	else
		rs->left_out++;
}

static int route_cmp(const void *pa, const void *pb)
{
	const struct route *a = *(const struct route *const *)pa;
	const struct route *b = *(const struct route *const *)pb;
	int d = memcmp(&a->dst.addr, &b->dst.addr, sizeof(a->dst.addr));

	if (!d)
		d = (int)a->dst.len - (int)b->dst.len;
	if (d)
		return d;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

static void route_line(struct side *s, const struct report_node *n, const struct route *r)
{
	const struct mirror *m = engine__mirror(n->rn->engine);
	char dst[PREFIX_STRLEN], gw[ADDR_STRLEN], word[WORD_LEN];

	row_open(s->h, route_dst_str(&r->dst, dst));
	if (s->r->node_cnt > 1)
		html_el(s->h, "td", "", n->name);
	html_el(s->h, "td", "",
		r->nh_cnt && addr_is_set(&r->nh[0].gw) ? addr_str(&r->nh[0].gw, gw) : "");
	html_lit(s->h, "<td>");
	if (r->nh_cnt)
		html_text(s->h, mirror__dev(m, r->nh[0].ifindex));
	if (r->nh_cnt > 1)
		html_textf(s->h, " (first of %u)", r->nh_cnt);
	html_lit(s->h, "</td>");
	html_el(s->h, "td", "", route_type_name(r->type, word));
	html_el(s->h, "td", "", route_protocol_name(r->protocol, word));
	cell_num(s->h, r->metric);
	html_lit(s->h, "</tr>\n");
}

static void node_routes(struct side *s, const struct report_node *n, struct routes *rs)
{
	rs->cnt = 0;
	if (n->have_summary)
		mirror__each_route(engine__mirror(n->rn->engine), on_route, rs);
	qsort(rs->route, rs->cnt, sizeof(struct route *), route_cmp);
	for (uint32_t i = 0; i < rs->cnt; i++)
		route_line(s, n, rs->route[i]);
}

static void count_route(void *ctx, const struct route *r)
{
	uint32_t *cnt = ctx;

	*cnt += r->table == TABLE_MAIN;
}

void table_routes(struct side *s)
{
	static const char *const heads[] = { "to",   "node",  "by gateway", "by device",
					     "type", "owner", "#metric",    NULL };
	const char *one[ARRAY_SIZE(heads)] = { heads[0] };
	struct routes *rs = calloc(1, sizeof(*rs));
	uint32_t cnt = 0;

	if (!rs)
		return;
	for (size_t i = 2; i < ARRAY_SIZE(heads); i++)
		one[i - 1] = heads[i];
	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		if (s->r->node[i]->have_summary)
			mirror__each_route(engine__mirror(s->r->node[i]->rn->engine), count_route,
					   &cnt);
	table_open(s, "Routes at the end", cnt, s->r->node_cnt > 1 ? heads : one);
	for (uint32_t i = 0; i < s->r->node_cnt; i++)
		node_routes(s, s->r->node[i], rs);
	table_close(s, rs->left_out, "routes");
	free(rs);
}
