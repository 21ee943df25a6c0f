// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes of cause_priv.h: who filtered it: Calico's rules, somebody else's, conntrack. Which rule it was
 * is culprit.c's.
 */
#include "cause_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "culprit.h"
#include "nfclass.h"
#include "util.h"

/* Rules that are named, of several that may have done it */
#define NAMED 3
static const char *hook_of(const struct facts *x)
{
	return nf_hook_name(x->f->nf_hook);
}

static enum confidence sure_rule(const struct facts *x)
{
	return culprit_of(x).conf;
}

enum cause cause_of_rules(const struct facts *x, enum confidence *sure)
{
	struct culprit c = culprit_of(x);

	*sure = c.conf;
	return c.how == HOW_NOT || c.how == HOW_SEVERAL ? C_UNKNOWN : c.cause;
}

/* ---- in words ---- */

static void add(char *buf, size_t sz, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *buf, size_t sz, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, sz - n, fmt, ap);
	va_end(ap);
}

/* iptables-nft's tables have the names that iptables has, and are of family ip. */
static const char *where_from(const struct obs_nfrule *p)
{
	return p->backend == NFB_LEGACY ? "iptables-legacy" : "nf_tables";
}

static void name_place(const struct obs_nfrule *p, char *buf, size_t sz)
{
	buf[0] = '\0';
	if (p->number)
		add(buf, sz, "rule %u of chain %s", p->number, p->chain);
	else
		add(buf, sz, "the policy of chain %s", p->chain);
	if (p->backend == NFB_LEGACY)
		add(buf, sz, " (%s, table %s)", where_from(p), p->table);
	else
		add(buf, sz, " (%s, table %s %s)", where_from(p), p->family, p->table);
}

static void name_traced(const struct obs_nftrace *n, char *buf, size_t sz)
{
	const struct obs_nfrule *p = &n->rule;

	if (!n->handle)
		return name_place(p, buf, sz);
	buf[0] = '\0';
	add(buf, sz, "the rule with handle %llu of chain %s (nf_tables, table %s %s)",
	    (unsigned long long)n->handle, p->chain, p->family, p->table);
}

/* The one that it is known to be, by the trace; NULL: by other ways, or not */
static const struct obs_nftrace *traced(const struct facts *x, const struct culprit *c)
{
	return c->how == HOW_TRACED ? &x->f->rules->traced[0] : NULL;
}

static void tell_traced(const struct facts *x, const struct obs_nftrace *n)
{
	char src[ADDR_STRLEN], dst[ADDR_STRLEN], name[200];

	evidence(x->f,
		 "somebody has nf_tables trace packets on this node (nftrace); the trace of one "
		 "that was lost, %s > %s, IP id %u, ends with a drop:",
		 addr_str(&n->src, src), addr_str(&n->dst, dst), n->ip_id);
	name_traced(n, name, sizeof(name));
	if (n->rule.text[0])
		add(name, sizeof(name), ": %s", n->rule.text);
	if (n->rule.comment[0])
		add(name, sizeof(name), " /* %s */", n->rule.comment);
	evidence(x->f, "%s", name);
	evidence(x->f, "to see it: nft -a list chain %s %s %s", n->rule.family, n->rule.table,
		 n->rule.chain);
}

/* Does the place belong to what is told of? */
static bool is_told(const struct culprit *c, uint32_t i)
{
	const struct obs_nfrule *p = &c->by->place[i];

	if (c->how == HOW_SEVERAL)
		return p->moved;
	if (c->by->class[i] != c->cause)
		return false;
	if (c->how == HOW_SILENT)
		return !p->counted;
	return c->how == HOW_PLACE || p->moved;
}

/* A rule of its own, which nothing like it stands beside */
static const struct obs_nfrule *only_place(const struct facts *x, const struct culprit *c)
{
	const struct obs_nfrule *one = NULL;

	if (traced(x, c))
		return &traced(x, c)->rule;
	for (uint32_t i = 0; i < c->by->cnt; i++) {
		const struct obs_nfrule *p = &c->by->place[i];

		if (!is_told(c, i))
			continue;
		if (one || p->alike > 1)
			return NULL;
		one = p;
	}
	return one;
}

static void tell_place(const struct facts *x, const struct culprit *c, const struct obs_nfrule *p)
{
	const struct rules_reading *r = c->by;
	char name[160], rest[160] = "";

	name_place(p, name, sizeof(name));
	if (p->number)
		add(rest, sizeof(rest), ": %s", p->text);
	if (p->comment[0])
		add(rest, sizeof(rest), " /* %s */", p->comment);
	if (p->moved)
		evidence(x->f, "%s dropped %llu packet%s while %llu of these %s lost%s", name,
			 (unsigned long long)p->moved, p->moved == 1 ? "" : "s",
			 (unsigned long long)r->lost, r->lost == 1 ? "was" : "were", rest);
	else if (c->how == HOW_SILENT)
		evidence(x->f, "%s has no counter, and no other one moved while %llu %s lost%s",
			 name, (unsigned long long)r->lost, r->lost == 1 ? "was" : "were", rest);
	else if (p->alike > 1)
		evidence(x->f, "%s and %u more of its kind may drop in %s%s", name, p->alike - 1,
			 hook_of(x), rest);
	else
		evidence(x->f, "%s may drop in %s%s", name, hook_of(x), rest);
}

static void tell_places(const struct facts *x, const struct culprit *c)
{
	const struct fnd_rules *r = x->f->rules;
	uint32_t told = 0;

	/* several, and no counter tells: then the traces do */
	for (uint32_t i = 0; !c->by && c->how != HOW_NOT && i < r->traced_cnt; i++)
		tell_traced(x, &r->traced[i]);
	for (uint32_t i = 0; c->by && i < c->by->cnt && told < NAMED; i++) {
		if (!is_told(c, i))
			continue;
		tell_place(x, c, &c->by->place[i]);
		told++;
	}
}

static void tell_mix(const struct facts *x, const struct culprit *c)
{
	const struct obs_nflook *h = c->by ? &c->by->head : NULL;

	if (h && h->nft_rules && h->legacy_rules)
		evidence(
			x->f,
			"rules stand in nf_tables (%u) and in the legacy iptables (%u), and packets "
			"pass both: iptables-save shows only one of them",
			h->nft_rules, h->legacy_rules);
}

static void say_rule(const struct facts *x, struct because *b)
{
	struct culprit c = culprit_of(x);

	(void)b;
	tell_places(x, &c);
	if (c.how == HOW_PLACE)
		evidence(x->f, "no other rule on this node can drop packets in %s", hook_of(x));
	tell_mix(x, &c);
}

void cause_say_rules(const struct facts *x, struct because *b)
{
	say_rule(x, b);
}

static void explain(const struct facts *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void explain(const struct facts *x, const char *fmt, ...)
{
	char *buf = x->f->f.explain;
	size_t n = strlen(buf), sz = sizeof(x->f->f.explain);
	va_list ap;

	if (n + 2 > sz)
		return;
	buf[n++] = ' ';
	va_start(ap, fmt);
	vsnprintf(buf + n, sz - n, fmt, ap);
	va_end(ap);
}

static void say_policy(const struct facts *x, struct because *b)
{
	struct culprit c = culprit_of(x);
	const struct obs_nfrule *p = only_place(x, &c);
	char name[NFR_COMMENT_LEN + 16] = "";

	if (p)
		nfclass_policy(p, name, sizeof(name));
	if (name[0])
		explain(x, "Calico's %s denies them.", name);
	else if (p && strstr(p->comment, "no policies passed"))
		explain(x, "Calico's network policies select the pod, and none of them allows "
			   "these packets.");
	else
		explain(x, "Calico's network policy denies them.");
	say_rule(x, b);
}

static void say_foreign(const struct facts *x, struct because *b)
{
	struct culprit c = culprit_of(x);
	const struct obs_nfrule *p = only_place(x, &c);
	char name[200];

	if (p) {
		if (traced(x, &c))
			name_traced(traced(x, &c), name, sizeof(name));
		else
			name_place(p, name, sizeof(name));
		explain(x, "It is not Calico: %s drops them.", name);
	} else {
		explain(x, "It is not Calico: rules of somebody else in %s drop them.", hook_of(x));
	}
	say_rule(x, b);
}

static const char *workload(const struct facts *x, bool in)
{
	const char *dev = in ? x->f->in_dev : x->f->out_dev;

	return dev[0] ? dev : "its device";
}

static void say_unknown_interface(const struct facts *x, struct because *b)
{
	bool in = !strncmp(x->f->in_dev, "cali", 4);

	explain(x, "Calico (Felix) knows no pod behind %s, and drops all that comes or goes there.",
		workload(x, in));
	say_rule(x, b);
}

/* ---- the rows of rules ---- */

#define ROW(name, c)                               \
	static bool name(const struct facts *x)    \
	{                                          \
		return culprit_of(x).cause == (c); \
	}
ROW(row_foreign, C_FOREIGN_FIREWALL)
ROW(row_policy, C_POLICY_DENY)
ROW(row_unknown_interface, C_UNKNOWN_INTERFACE)
ROW(row_wl_to_host, C_WL_TO_HOST)
ROW(row_invalid, C_CONNTRACK_INVALID)
ROW(row_rpf, C_CALICO_RPF)

/* ---- TC, XDP, sysctl ---- */

static void find_bpf(void *ctx, const struct link_info *l)
{
	bool *found = ctx;

	*found |= !strcmp(l->name, "bpfin.cali") || !strcmp(l->name, "bpfout.cali");
}

/* With its eBPF data plane Calico's own programs drop what policies deny. */
static bool calico_is_bpf(const struct facts *x)
{
	bool found = false;

	mirror__each_link(x->e->mirror, find_bpf, &found);
	return found;
}

static const struct {
	const char *reason, *location, *text;
} programs[] = {
	{ "TC_INGRESS", "", "a TC program or action at ingress" },
	{ "TC_EGRESS", "", "a TC program or action at egress" },
	{ "XDP", "", "an XDP program" },
	{ "BPF_CGROUP_EGRESS", "", "a BPF program of the sender's cgroup" },
	{ "", "__netif_receive_skb", "a TC program or action at ingress" },
	{ "", "__dev_queue_xmit", "a TC program or action at egress" },
	{ "", "do_xdp_generic", "an XDP program" },
	{ "", "netif_receive_generic_xdp", "an XDP program" },
	{ "", "generic_xdp_tx", "an XDP program" },
};

/* NULL: no such place */
static const char *program(const struct facts *x)
{
	const struct fnd *f = x->f;

	if (f->f.verdict != V_FILTERED || f->nf_hook != NF_HOOK_NONE || f->in_pod)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		const char *l = programs[i].location;

		if (l[0] ? !strncmp(f->location, l, strlen(l)) :
			   !strcmp(f->reason, programs[i].reason))
			return programs[i].text;
	}
	return NULL;
}

static bool row_program(const struct facts *x)
{
	return program(x) && !calico_is_bpf(x);
}

/* Without the kernel's own word for it, the function that freed the packet says it less surely. */
static enum confidence sure_program(const struct facts *x)
{
	return x->f->reason[0] && strcmp(x->f->reason, "NOT_SPECIFIED") ? CONF_CERTAIN :
									  CONF_LIKELY;
}

static void say_program(const struct facts *x, struct because *b)
{
	(void)b;
	explain(x, "It is not Calico: %s on %s drops them.", program(x),
		x->f->f.dev[0] ? x->f->f.dev : "their device");
	evidence(x->f, "%s on %s threw them away; Calico has no eBPF data plane on this node",
		 program(x), x->f->f.dev[0] ? x->f->f.dev : "?");
}

struct by_name {
	const char *name;
	uint32_t ifindex;
};

static void find_dev(void *ctx, const struct link_info *l)
{
	struct by_name *d = ctx;

	if (!strcmp(l->name, d->name))
		d->ifindex = l->ifindex;
}

/*
 * Felix copies conf/default/rp_filter to the devices of pods (endpoint_mgr.go); only strict (1) asks for
 * the very device. A device that differs from it was set by somebody else.
 */
static bool rp_filter_is_calicos(const struct facts *x)
{
	const struct obs_sysctl *all = world_sysctl(x->e, 0), *dev;
	const struct obs_sysctl *def = world_sysctl(x->e, SYSCTL_DEFAULT);
	struct by_name d = { .name = x->f->f.dev };

	mirror__each_link(x->e->mirror, find_dev, &d);
	dev = d.ifindex ? world_sysctl(x->e, d.ifindex) : NULL;
	return all && dev && def && judge_dev(x->e, d.ifindex) == DEV_WORKLOAD &&
	       all->rp_filter < 2 && dev->rp_filter == 1 && def->rp_filter == 1;
}

static bool row_rp_filter(const struct facts *x)
{
	/* cause_limit.c says it with more certainty where CNI's record tells whose address it is */
	for (int i = 0; i < x->f->f.because_cnt; i++)
		if (x->f->f.because[i].cause == C_CALICO_RPF)
			return false;
	return x->f->f.verdict == V_RP_FILTER && !x->f->in_pod && rp_filter_is_calicos(x);
}

static void say_rp_filter(const struct facts *x, struct because *b)
{
	const struct addr *src = x->f->sample_cnt ? &x->f->sample[0].asker : NULL;
	const struct route *r = src ? mirror__lookup(x->e->mirror, src) : NULL;
	char a[ADDR_STRLEN], p[PREFIX_STRLEN];

	(void)b;
	evidence(
		x->f,
		"rp_filter of %s is 1 (strict), as Felix copies it from conf/default: a source must be routed by that device",
		x->f->f.dev);
	if (r && r->nh_cnt)
		evidence(x->f, "this node's route to %s is %s dev %s", addr_str(src, a),
			 prefix_str(&r->dst, p), mirror__dev(x->e->mirror, r->nh[0].ifindex));
}

/* ---- nobody, so far ---- */

static const char *why_not(const struct fnd_rules *r, char *buf, size_t sz)
{
	if (r->why == SOURCE_OK)
		snprintf(buf, sz,
			 "this node has more than 5000 rules, too many to compare counters");
	else
		snprintf(buf, sz, "the rules' counters could not be read (%s)",
			 source_state_name(r->why));
	return buf;
}

/* The others are left to those who know more of them. */
static bool has_row(enum cause c)
{
	return c != C_UNKNOWN && c != C_NO_ENDPOINTS && c != C_PEER_NOT_IN_ALLOWLIST;
}

/* No counter tells: how many were lost, and which rules have none */
static void tell_uncounted(const struct facts *x, const struct rules_reading *r)
{
	char name[160];

	evidence(x->f, "no rule that drops in %s counted the %llu packet%s lost", hook_of(x),
		 (unsigned long long)r->lost, r->lost == 1 ? "" : "s");
	for (uint32_t i = 0; i < r->cnt; i++) {
		if (r->place[i].counted)
			continue;
		name_place(&r->place[i], name, sizeof(name));
		evidence(x->f, "%s has no counter, so it cannot be told whether it did", name);
	}
}

static void tell_doubt(const struct facts *x, const struct culprit *c)
{
	const struct fnd_rules *r = x->f->rules;
	char buf[100];

	if (c->how == HOW_SEVERAL && !c->by) {
		evidence(x->f, "rules of several kinds drop these packets:");
		tell_places(x, c);
	} else if (r->state == RULES_FAILED) {
		evidence(x->f, "which rule it was cannot be told: %s",
			 why_not(r, buf, sizeof(buf)));
	} else if (c->how == HOW_SEVERAL) {
		evidence(x->f, "several rules dropped as many packets as were lost:");
		tell_places(x, c);
	} else if (r->second) {
		tell_uncounted(x, r->second);
	} else if (r->first) {
		evidence(x->f, "the rules' counters were read; which of them counts these packets "
			       "shows when more are lost");
	}
}

void cause_policy_doubt(const struct facts *x)
{
	struct culprit c = culprit_of(x);

	if (x->f->f.verdict == V_FILTERED && x->f->in_pod)
		evidence(x->f,
			 "the rule is one in the pod's own network namespace, which only the pod "
			 "(or its sidecar) makes");
	/* cause_service.c has told its rule */
	if (!culprit_wanted(x) || has_row(c.cause) ||
	    (c.cause == C_NO_ENDPOINTS && cause_no_endpoints(x)))
		return;
	if (c.how == HOW_COUNTED || c.how == HOW_BUSY || c.how == HOW_TRACED) {
		evidence(x->f, "rules that are Calico's or kube-proxy's own did it:");
		tell_places(x, &c);
	} else {
		tell_doubt(x, &c);
	}
	tell_mix(x, &c);
}

const struct cause_row cause_policy_rows[] = {
	{ C_FOREIGN_FIREWALL, row_foreign, sure_rule, CONF_LIKELY, say_foreign, "",
	  "look at it on this node: iptables-save -c; iptables-legacy-save -c; nft list ruleset. Find out "
	  "who made the rule (docker, firewalld, ufw, an administrator), and let pods' traffic pass" },
	{ C_FOREIGN_FIREWALL, row_program, sure_program, CONF_LIKELY, say_program, "",
	  "see whose program it is, on this node: tc filter show dev DEVICE ingress (and egress); bpftool "
	  "net; ip -d link show dev DEVICE (xdp)" },
	{ C_POLICY_DENY, row_policy, sure_rule, CONF_LIKELY, say_policy, "",
	  "see the rules on this node: iptables-save -c | grep cali-p (or nft list table ip calico); then "
	  "kubectl get networkpolicy -A, calicoctl get networkpolicy,globalnetworkpolicy -A" },
	{ C_UNKNOWN_INTERFACE, row_unknown_interface, sure_rule, CONF_LIKELY, say_unknown_interface,
	  "",
	  "see whether calico-node runs on this node and what Felix logs; ls /var/run/calico/"
	  "endpoint-status; calicoctl get workloadendpoint -A: is the pod there, with that interface?" },
	{ C_WL_TO_HOST, row_wl_to_host, sure_rule, CONF_LIKELY, say_rule,
	  "Calico does not let pods talk to their own node (DefaultEndpointToHostAction).",
	  "calicoctl get felixconfiguration default -o yaml: set defaultEndpointToHostAction to Accept, or "
	  "allow it by a policy; on this node: iptables-save -c | grep cali-wl-to-host" },
	{ C_CONNTRACK_INVALID, row_invalid, sure_rule, CONF_LIKELY, say_rule,
	  "Connection tracking calls them INVALID: this node has not seen the connection's other direction, "
	  "or sees it out of order.",
	  "compare both ways: ip route get the source and the destination on this node and on the other "
	  "one; conntrack -L -d DESTINATION; conntrack -S" },
	{ C_CALICO_RPF, row_rpf, sure_rule, CONF_LIKELY, say_rule,
	  "Calico refuses their source address: this node's route back to it leads elsewhere than to the "
	  "device that they came by.",
	  "ip route get the source address, on this node: it has to lead to that pod's device; who else has "
	  "the address: calicoctl ipam show --ip=ADDRESS" },
	{ C_CALICO_RPF, row_rp_filter, NULL, CONF_LIKELY, say_rp_filter,
	  "The kernel refuses their source address on a pod's device: the route back leads elsewhere.",
	  "ip route get the source address, on this node: it has to lead to that pod's device; who else has "
	  "the address: calicoctl ipam show --ip=ADDRESS" },
};
const size_t cause_policy_row_cnt = ARRAY_SIZE(cause_policy_rows);
