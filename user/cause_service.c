// SPDX-License-Identifier: GPL-2.0-only
/* Causes of cause_priv.h: the service that it was for: its translation, its endpoints, its server. */
#include "cause_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "util.h"

/* include/uapi/linux/netfilter/nf_conntrack_common.h */
#define IPS_SEEN_REPLY 2
#define IPS_CONFIRMED 8
#define IPS_DST_NAT 0x20

#define ICMP_UNREACH 3
#define ICMP_PORT_UNREACH 3

/* The destination was put in place of a service's address */
static bool is_translated(const struct facts *x)
{
	const struct fnd_flow *p = &x->f->first;

	return p->role != ROLE_REPLY && addr_is_set(&p->orig_dst) &&
	       !addr_eq(&p->orig_dst, &x->f->example);
}

/* ---- pods that are gone ---- */

/*
 * What dies of the own block's blackhole never gets as far as conntrack's confirmation, behind
 * POSTROUTING. An entry that is confirmed all the same is of an earlier packet, which found the pod.
 */
static bool row_stale_nat(const struct facts *x)
{
	const struct fnd_flow *p = &x->f->first;

	return cause_dead_target(x) && is_translated(x) && p->ct && p->ct_status & IPS_CONFIRMED;
}

static void say_gone_pod(const struct facts *x, struct because *b)
{
	const struct gone *g = mirror__gone(x->e->mirror, &x->f->example, 32, 32);
	char a[ADDR_STRLEN], p[PREFIX_STRLEN];

	if (g) {
		b->since_from = SINCE_SEEN;
		b->since_ns = g->ts_ns;
		b->by = g->by;
	}
	evidence(x->f, "%s lies in this node's own block %s, and no pod here has it%s",
		 addr_str(&x->f->example, a), prefix_str(&x->f->route.dst, p),
		 g ? " any more: its route was deleted while we watched" : "");
}

static void say_stale_nat(const struct facts *x, struct because *b)
{
	char svc[ADDR_STRLEN], a[ADDR_STRLEN];

	say_gone_pod(x, b);
	evidence(
		x->f,
		"conntrack, the kernel's table of connections, still translates %s to %s by an entry of an "
		"earlier packet%s",
		addr_str(&x->f->first.orig_dst, svc), addr_str(&x->f->example, a),
		x->f->first.ct_status & IPS_SEEN_REPLY ? ", which was answered" : "");
}

static bool row_stale(const struct facts *x)
{
	return cause_dead_target(x) && !row_stale_nat(x);
}

static void say_stale(const struct facts *x, struct because *b)
{
	const struct fnd_flow *p = &x->f->first;
	char svc[ADDR_STRLEN], a[ADDR_STRLEN];

	say_gone_pod(x, b);
	if (is_translated(x) && p->ct && !(p->ct_status & IPS_CONFIRMED))
		evidence(
			x->f,
			"%s was translated to %s for this very packet: the service still has that endpoint",
			addr_str(&p->orig_dst, svc), addr_str(&x->f->example, a));
}

/* ---- kube-proxy ---- */

/* The service's address itself, as it came from the pod */
static bool is_untouched(const struct facts *x)
{
	const struct fnd_flow *p = &x->f->first;

	return p->role == ROLE_REQUEST && !addr_is_set(&p->orig_dst) &&
	       !(p->ct && p->ct_status & IPS_DST_NAT);
}

/* REJECT says so before it drops; a filter that rejects for another reason sees what is translated. */
static bool is_rejected(const struct facts *x)
{
	const struct fnd *f = x->f;

	return (f->nf_hook == NF_HOOK_FORWARD || f->nf_hook == NF_HOOK_INPUT ||
		f->nf_hook == NF_HOOK_OUTPUT) &&
	       is_untouched(x) && addr_is_set(&f->icmp_from) && f->icmp_type == ICMP_UNREACH &&
	       f->icmp_code == ICMP_PORT_UNREACH && mirror__is_local(x->e->mirror, &f->icmp_from) &&
	       service_known(x->e, &f->example) != SERVICE_NOT;
}

bool cause_no_endpoints(const struct facts *x)
{
	enum confidence sure;
	enum cause rules;

	if (x->f->f.verdict != V_FILTERED || !x->f->external)
		return false;
	rules = cause_of_rules(x, &sure);
	return rules == C_NO_ENDPOINTS || (rules == C_UNKNOWN && is_rejected(x));
}

static enum confidence sure_no_endpoints(const struct facts *x)
{
	enum confidence sure;

	return cause_of_rules(x, &sure) == C_NO_ENDPOINTS ? sure : CONF_LIKELY;
}

static void say_known(const struct facts *x)
{
	const struct service *s = service_seen(x->e, &x->f->example);
	const struct route *r = service_range(x->e, &x->f->example);
	char a[ADDR_STRLEN], to[ADDR_STRLEN], p[PREFIX_STRLEN];

	addr_str(&x->f->example, a);
	if (s)
		evidence(x->f, "%s is a service's address: packets for it were translated to %s %s",
			 a, addr_str(&s->target, to),
			 s->ts_ns < x->f->first.ts_ns ? "before" : "by now");
	else if (service_known(x->e, &x->f->example) == SERVICE_KUBELET)
		evidence(x->f, "%s is the DNS service: the kubelet gives it to pods (clusterDNS)",
			 a);
	else if (r)
		evidence(
			x->f,
			"%s lies in %s, which BIRD announces and which is no pool: services' addresses",
			a, prefix_str(&r->dst, p));
	else
		evidence(x->f, "%s is a service's address: it stands on kube-ipvs0", a);
}

static void say_no_endpoints(const struct facts *x, struct because *b)
{
	enum confidence sure;
	char a[ADDR_STRLEN];

	if (is_rejected(x)) {
		evidence(
			x->f,
			"this node itself (%s) rejects what is for the service, as kube-proxy has it done where "
			"no endpoint is ready",
			addr_str(&x->f->icmp_from, a));
		say_known(x);
	}
	if (cause_of_rules(x, &sure) == C_NO_ENDPOINTS)
		cause_say_rules(x, b);
}

/* It left with the service's address; what dies of a blackhole for services is cause_path.c's */
bool cause_not_translated(const struct facts *x)
{
	const struct fnd *f = x->f;

	if (!is_untouched(x) || f->local || service_known(x->e, &f->example) == SERVICE_NOT)
		return false;
	return f->f.verdict == V_UNANSWERED && f->at == AT_TC_EGRESS && f->f.dev[0] &&
	       judge_dev(x->e, f->first.ifindex) == DEV_OTHER;
}

static enum confidence sure_not_translated(const struct facts *x)
{
	return service_known(x->e, &x->f->example) == SERVICE_RANGE ? CONF_LIKELY : CONF_CERTAIN;
}

static void say_not_translated(const struct facts *x, struct because *b)
{
	char a[ADDR_STRLEN];

	(void)b;
	if (x->f->f.verdict == V_UNANSWERED)
		evidence(
			x->f,
			"packets for %s left by %s as they came from the pod, as if it were a host",
			addr_str(&x->f->example, a), x->f->f.dev);
	say_known(x);
}

/* ---- two questions at once ---- */

/*
 * Two packets of one socket, each the first of its connection as far as conntrack knew: one entry
 * is confirmed, behind POSTROUTING, and the other one's packet is dropped there (insert_failed).
 */
static bool row_clash(const struct facts *x)
{
	const struct fnd_flow *p = &x->f->first;

	return x->f->f.verdict == V_FILTERED && x->f->nf_hook == NF_HOOK_POSTROUTING &&
	       p->role == ROLE_REQUEST && p->proto == PROTO_UDP && p->ct &&
	       !(p->ct_status & IPS_CONFIRMED) && is_translated(x) && p->twin_ns;
}

static void say_clash(const struct facts *x, struct because *b)
{
	const struct fnd_flow *p = &x->f->first;
	uint64_t us = p->ts_ns > p->twin_ns ? (p->ts_ns - p->twin_ns) / 1000 : 0;
	char svc[ADDR_STRLEN];

	(void)b;
	evidence(
		x->f,
		"two questions for %s (DNS ids %u, %u) came from the same socket within %llu us; the first "
		"one passed, the other was dropped unconfirmed",
		addr_str(&p->orig_dst, svc), p->twin_id, p->dns_id, (unsigned long long)us);
}

/* ---- the server's own answers ---- */

static bool row_upstream(const struct facts *x)
{
	return x->f->answers;
}

static void say_upstream(const struct facts *x, struct because *b)
{
	const struct dns_server *d = dns_server(x->e, &x->f->example);
	const struct dns_server *up;
	char a[ADDR_STRLEN], asked[ADDR_STRLEN], pod[POD_SUFFIX];
	struct dns_second sum;

	(void)b;
	if (!d)
		return;
	sum = dns_counts(d, x->f->f.last_ns);
	evidence(x->f, "%u of %u answers of %s%s within 10 s are failures: %u SERVFAIL, %u REFUSED",
		 sum.servfail + sum.refused, sum.answers, addr_str(&d->addr, a),
		 cause_pod_name(x, &d->addr, pod, sizeof(pod)), sum.servfail, sum.refused);
	up = dns_asked_by(x->e, &d->addr);
	if (up)
		evidence(x->f, "%s asks %s, which answers it with failures as well", a,
			 addr_str(&up->addr, asked));
	evidence(x->f, "questions and answers arrive: the network between is not to blame");
}

const struct cause_row cause_service_rows[] = {
	{ C_STALE_NAT, row_stale_nat, NULL, CONF_CERTAIN, say_stale_nat,
	  "An old entry of conntrack still leads the service's packets to a pod that is gone.",
	  "conntrack -D -d SERVICE -p udp on this node takes the old entries away; kube-proxy should have done "
	  "so: see its log" },
	{ C_STALE_ENDPOINT, row_stale, NULL, CONF_LIKELY, say_stale,
	  "The address belongs to this node's own block, but to no pod on it.",
	  "find out who still uses that address: a service with a stale endpoint, or a cached DNS answer" },
	{ C_NO_ENDPOINTS, cause_no_endpoints, sure_no_endpoints, CONF_LIKELY, say_no_endpoints,
	  "The service has no endpoint that is ready.",
	  "kubectl get endpointslices for that service; iptables-save -t filter | grep 'no endpoints' on this "
	  "node names it; then see why its pods are not ready" },
	{ C_NOT_TRANSLATED, cause_not_translated, sure_not_translated, CONF_CERTAIN,
	  say_not_translated, "This node does not translate the service's address to a pod's.",
	  "does kube-proxy run on this node? iptables-save -t nat | grep KUBE-SERVICES (or ipvsadm -Ln, nft list "
	  "table ip kube-proxy) has to name that address" },
	{ C_CONNTRACK_CLASH, row_clash, NULL, CONF_LIKELY, say_clash,
	  "Two packets of one socket raced for the same entry of conntrack, and one was dropped.",
	  "conntrack -S counts them (insert_failed); NodeLocal DNSCache, or options single-request-reopen in "
	  "the pods' resolv.conf, avoid it" },
	{ C_DNS_UPSTREAM, row_upstream, NULL, CONF_CERTAIN, say_upstream,
	  "It cannot resolve names: the fault is its own, or that of the servers it asks.",
	  "look at that server's log (kubectl -n kube-system logs -l k8s-app=kube-dns), at the forward line of its "
	  "Corefile, and whether those servers answer from this node: dig @SERVER" },
};
const size_t cause_service_row_cnt = ARRAY_SIZE(cause_service_rows);
