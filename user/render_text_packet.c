// SPDX-License-Identifier: GPL-2.0-only
/*
 * One line a problem. Repeats of a problem are counted for a while instead: a
 * broken block makes thousands of them, all alike.
 */
#include <netinet/in.h>
#include <string.h>

#include "render_text.h"

#define COL_VERDICT 13
#define COL_WHAT 26
#define COL_FLOW 47
#define COL_TAIL 78
#define WHAT_MIN 20
#define WHAT_MAX 40
/* Room that a long DNS name leaves for the route: "default dev eth0" */
#define TAIL_MIN 18
#define WHAT_LEN 256

/* ---- what the packet is: "dns A kubernetes.default id 4711" ---- */

static void dns_str(const struct packet *p, size_t cols, char buf[WHAT_LEN])
{
	char head[64], end[64], name[3 * WHAT_MAX + 1], word[WORD_LEN];
	size_t used;

	if (!p->dns_valid) {
		snprintf(buf, WHAT_LEN, "dns %s %u", ip_proto_name(p->proto, word), p->dport);
		return;
	}
	snprintf(head, sizeof(head), "dns %s%s%s", p->dns_response ? "answer " : "",
		 p->dns_qtype ? dns_qtype_name(p->dns_qtype, word) : "",
		 p->dns_qtype && p->qname[0] ? " " : "");
	snprintf(end, sizeof(end), " id %u%s%s", p->dns_id, p->dns_rcode ? " " : "",
		 p->dns_rcode ? dns_rcode_name(p->dns_rcode, word) : "");
	used = strlen(head) + strlen(end);
	short_str(name, sizeof(name), cols > used + 4 ? cols - used : 4, p->qname);
	snprintf(buf, WHAT_LEN, "%s%s%s", head, name, end);
}

static void icmp_str(const struct packet *p, char buf[WHAT_LEN])
{
	if (!p->icmp_valid)
		snprintf(buf, WHAT_LEN, "icmp");
	else if (p->icmp_echo)
		snprintf(buf, WHAT_LEN, "icmp %s seq %u", p->icmp_type == 8 ? "echo" : "reply",
			 p->icmp_seq);
	else if (p->icmp_type == 3 || p->icmp_type == 11)
		snprintf(buf, WHAT_LEN, "icmp %s code %u",
			 p->icmp_type == 3 ? "unreachable" : "time-exceeded", p->icmp_code);
	else
		snprintf(buf, WHAT_LEN, "icmp type %u code %u", p->icmp_type, p->icmp_code);
}

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* The service's port: of a SYN-ACK it is the source's. */
static void tcp_str(const struct packet *p, char buf[WHAT_LEN])
{
	if (p->tcp_flags & TCP_RST)
		snprintf(buf, WHAT_LEN, "tcp rst %u to %u", p->sport, p->dport);
	else if ((p->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		snprintf(buf, WHAT_LEN, "tcp syn-ack %u", p->sport);
	else if (p->tcp_flags & TCP_SYN)
		snprintf(buf, WHAT_LEN, "tcp syn %u", p->dport);
	else
		snprintf(buf, WHAT_LEN, "tcp%s %u to %u", p->tcp_flags & TCP_FIN ? " fin" : "",
			 p->sport, p->dport);
}

static void what_str(const struct packet *p, size_t cols, char buf[WHAT_LEN])
{
	char word[WORD_LEN];

	if (p->app == APP_DNS)
		dns_str(p, cols, buf);
	else if (p->app == APP_ICMP)
		icmp_str(p, buf);
	else if (p->app == APP_TCP)
		tcp_str(p, buf);
	else
		snprintf(buf, WHAT_LEN, "%s %u", ip_proto_name(p->proto, word), p->dport);
}

#define FLOW_LEN (3 * ADDR_STRLEN + 16)

static void flow_str(const struct addr *src, const struct addr *dst, const struct addr *orig,
		     char buf[FLOW_LEN])
{
	char s[ADDR_STRLEN], d[ADDR_STRLEN], o[ADDR_STRLEN];

	snprintf(buf, FLOW_LEN, "%s -> %s%s%s", addr_str(src, s), addr_str(dst, d),
		 addr_is_set(orig) ? " via " : "", addr_is_set(orig) ? addr_str(orig, o) : "");
}

/* ---- the rest of the line: as much as fits, the most telling first ---- */

static void tail_route(struct line *l, const struct packet *p)
{
	const struct route_ref *ref = &p->route;
	char dst[PREFIX_STRLEN + WORD_LEN] = "", prefix[PREFIX_STRLEN], gw[ADDR_STRLEN];
	char type[WORD_LEN];
	const char *dev = ref->have && ref->dev[0] ? ref->dev : p->dev;
	bool special = ref->type > 1; /* blackhole and the like have no device */

	if (ref->have && ref->have_dst)
		snprintf(dst, sizeof(dst), "%s%s%s ",
			 special ? route_type_name(ref->type, type) : "", special ? " " : "",
			 route_dst_str(&ref->dst, prefix));
	if (special && ref->have && line_try(l, "%.*s", (int)strlen(dst) - (*dst != '\0'), dst))
		return;
	if (!*dev)
		return;
	if (ref->have && addr_is_set(&ref->gw) &&
	    line_try(l, "%svia %s dev %s", dst, addr_str(&ref->gw, gw), dev))
		return;
	if (ref->have && line_try(l, "%sdev %s", dst, dev))
		return;
	line_try(l, "dev %s", dev);
}

static void tail_reason(struct line *l, const struct packet *p)
{
	char word[WORD_LEN];

	if (p->verdict == V_NONE || (p->at != AT_DROP && p->verdict != V_OTHER))
		return;
	if (p->nf_hook)
		line_try(l, "in %s", nf_hook_name(p->nf_hook));
	if (p->reason[0] && p->location[0] && line_try(l, "%s at %s", p->reason, p->location))
		return;
	if (p->reason[0])
		line_try(l, "%s", p->reason);
	if (p->location[0])
		line_try(l, "at %s", p->location);
	if (!p->reason[0] && !p->location[0] && p->err)
		line_try(l, "%s", errno_name(p->err, word));
}

static void tail_block(struct line *l, const struct packet *p)
{
	char buf[PREFIX_STRLEN];

	if (!addr_is_set(&p->block.addr))
		return;
	if (p->route.have && p->route.have_dst && prefix_eq(&p->route.dst, &p->block))
		return;
	/* The length is enough to tell: the block holds the destination. */
	if (!line_try(l, "block %s", prefix_str(&p->block, buf)))
		line_try(l, "block /%u", p->block.len);
}

static void tail_times(struct line *l, const struct packet *p)
{
	char buf[DURATION_LEN];

	if (p->late_us >= 0)
		line_try(l, "answered after %s", duration_str((uint64_t)p->late_us, buf));
	else if (p->latency_us >= 0)
		line_try(l, "in %s", duration_str((uint64_t)p->latency_us, buf));
}

static void tail_icmp(struct line *l, const struct packet *p)
{
	char buf[ADDR_STRLEN];

	if (p->icmp_error.valid)
		line_try(l, "icmp %u/%u by %s", p->icmp_error.type, p->icmp_error.code,
			 addr_str(&p->icmp_error.from, buf));
}

static void tail_pods(struct line *l, const struct packet *p)
{
	if (p->src_pod[0])
		line_try(l, "from %s", p->src_pod);
	if (p->dst_pod[0])
		line_try(l, "to %s", p->dst_pod);
}

static void tail(struct line *l, const struct packet *p, bool names)
{
	char buf[ADDR_STRLEN];

	if (p->verdict == V_OTHER || p->verdict == V_FILTERED)
		tail_reason(l, p);
	if (p->encap.kind != ENCAP_NONE && addr_is_set(&p->encap.dst))
		line_try(l, "%s to %s", encap_name(p->encap.kind), addr_str(&p->encap.dst, buf));
	tail_route(l, p);
	if (p->by.pid)
		line_try(l, "by %s[%u]", p->by.comm, p->by.pid);
	if (p->route.have && p->dev[0] && p->route.dev[0] && strcmp(p->dev, p->route.dev))
		line_try(l, "at %s", p->dev);
	tail_icmp(l, p);
	tail_times(l, p);
	if (names)
		tail_pods(l, p);
	tail_block(l, p);
	if (p->verdict != V_OTHER && p->verdict != V_FILTERED)
		tail_reason(l, p);
}

static void print_packet(struct text *t, const struct packet *p)
{
	char what[WHAT_LEN], flow[FLOW_LEN];
	size_t cols;
	struct line l;

	flow_str(&p->src, &p->dst, &p->orig_dst, flow);
	cols = LINE_COLS - COL_WHAT - 2 - TAIL_MIN;
	cols = cols > strlen(flow) ? cols - strlen(flow) : 0;
	cols = cols < WHAT_MIN ? WHAT_MIN : cols > WHAT_MAX ? WHAT_MAX : cols;
	what_str(p, cols, what);
	line_init(&l);
	line_time(t, &l, p->ts_ns);
	line_pad(&l, COL_VERDICT);
	line_paint(&l, PAINT_RED, "%s", verdict_name(p->verdict));
	line_pad(&l, COL_WHAT);
	line_add(&l, "%s", what);
	line_pad(&l, COL_FLOW);
	line_add(&l, "%s", flow);
	if (l.cols < COL_TAIL - 1)
		line_pad(&l, COL_TAIL - 1);
	tail(&l, p, !t->r.opts.numeric);
	if (!verdict_is_problem(p->verdict)) {
		l.paint = PAINT_DIM;
		l.paint_from = 0;
		l.paint_to = l.len;
	}
	line_emit(t, &l);
	text_journey(t, p);
}

/* ---- folding ---- */

static uint64_t fnv(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ull;
	return hash;
}

static void fold_key(struct fold *f, const struct packet *p)
{
	*f = (struct fold){ .verdict = p->verdict, .app = p->app, .src = p->src, .dst = p->dst };
	snprintf(f->dev, sizeof(f->dev), "%s", p->dev);
	f->hash = fnv(0xcbf29ce484222325ull, &f->verdict, sizeof(f->verdict));
	f->hash = fnv(f->hash, &f->app, sizeof(f->app));
	f->hash = fnv(f->hash, &f->src, sizeof(f->src));
	f->hash = fnv(f->hash, &f->dst, sizeof(f->dst));
	f->hash = fnv(f->hash, f->dev, strlen(f->dev));
}

static bool fold_same(const struct fold *a, const struct fold *b)
{
	return a->hash == b->hash && a->verdict == b->verdict && a->app == b->app &&
	       addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) && !strcmp(a->dev, b->dev);
}

/* The window ended at end_ns, or earlier because the trace did. */
static void print_fold(struct text *t, const struct fold *f, uint64_t end_ns)
{
	uint64_t ns = end_ns > f->first_ns ? end_ns - f->first_ns : 0;
	const struct addr none = { 0 };
	char flow[FLOW_LEN];
	struct line l;

	line_init(&l);
	ns = ns < FOLD_NS ? ns : FOLD_NS;
	line_time(t, &l, f->first_ns + ns);
	line_pad(&l, COL_VERDICT);
	line_paint(&l, PAINT_RED, "%s", verdict_name(f->verdict));
	line_pad(&l, COL_WHAT);
	line_add(&l, "… %llu more in %u s", (unsigned long long)f->more,
		 (unsigned int)((ns + NS_PER_S - 1) / NS_PER_S));
	line_pad(&l, COL_FLOW);
	flow_str(&f->src, &f->dst, &none, flow);
	line_add(&l, "%s", flow);
	line_pad(&l, COL_TAIL);
	line_add(&l, "%s%s%s", app_name(f->app), f->dev[0] ? " dev " : "", f->dev);
	line_emit(t, &l);
}

static void print_crowd(struct text *t)
{
	struct line l;

	line_init(&l);
	line_time(t, &l, t->crowd_ns + FOLD_NS);
	line_pad(&l, COL_VERDICT);
	line_add(&l, "… %llu more problems of other flows, too many to list",
		 (unsigned long long)t->crowd);
	line_emit(t, &l);
	t->crowd = 0;
}

void text_folds(struct text *t, uint64_t now_ns, bool all)
{
	size_t i, kept = 0;

	for (i = 0; i < t->fold_cnt; i++) {
		struct fold *f = &t->fold[i];

		if (!all && now_ns < f->first_ns + FOLD_NS)
			t->fold[kept++] = *f;
		else if (f->more)
			print_fold(t, f, now_ns);
	}
	t->fold_cnt = kept;
	if (t->crowd && (all || now_ns >= t->crowd_ns + FOLD_NS))
		print_crowd(t);
}

/* Whether the packet is to have a line of its own */
static bool fold_add(struct text *t, const struct packet *p)
{
	uint64_t now_ns = t->now_ns;
	struct fold key;
	size_t i;

	fold_key(&key, p);
	for (i = 0; i < t->fold_cnt; i++) {
		if (!fold_same(&t->fold[i], &key))
			continue;
		if (now_ns >= t->fold[i].first_ns + FOLD_NS) {
			/* No tick came since: the window ends now and a new one begins. */
			text_folds(t, now_ns, false);
			break;
		}
		t->fold[i].more++;
		return false;
	}
	if (t->fold_cnt == MAX_FOLDS) {
		if (!t->crowd++)
			t->crowd_ns = now_ns;
		return false;
	}
	key.first_ns = now_ns;
	t->fold[t->fold_cnt++] = key;
	return true;
}

/* ---- a packet whose verdict or answer came later than its line ---- */

static void print_revision(struct text *t, const struct packet *p, bool verdict)
{
	char flow[FLOW_LEN], buf[DURATION_LEN];
	bool bad = verdict_is_problem(p->verdict);
	struct line l;

	line_init(&l);
	line_time(t, &l, p->ts_ns);
	line_pad(&l, COL_VERDICT);
	if (verdict)
		line_paint(&l, bad ? PAINT_RED : PAINT_GREEN, "id %llu is now %s",
			   (unsigned long long)p->id, verdict_name(p->verdict));
	else
		line_add(&l, "id %llu was answered after %s", (unsigned long long)p->id,
			 duration_str((uint64_t)p->late_us, buf));
	line_pad(&l, COL_FLOW);
	flow_str(&p->src, &p->dst, &p->orig_dst, flow);
	line_add(&l, "%s", flow);
	tail_reason(&l, p);
	line_emit(t, &l);
}

void text_packet(struct text *t, const struct packet *p)
{
	struct memory *m = &t->memory[p->id % MEMORY_CNT];
	bool known = m->id == p->id && m->verdict != V_NONE;
	bool own = known && m->own_line;
	bool changed = !known || m->verdict != p->verdict;
	bool late = p->late_us >= 0;

	if (p->verdict == V_NONE)
		return;
	if (own && changed) {
		print_revision(t, p, true);
	} else if (own) {
		if (late && !m->late)
			print_revision(t, p, false);
	} else if (verdict_is_problem(p->verdict)) {
		if (changed)
			own = fold_add(t, p);
		if (changed && own)
			print_packet(t, p);
	} else if (t->r.opts.all && changed) {
		print_packet(t, p);
		own = true;
	} else if (!known) {
		return;
	}
	*m = (struct memory){ .id = p->id, .verdict = p->verdict, .own_line = own, .late = late };
}
