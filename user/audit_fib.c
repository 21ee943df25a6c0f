// SPDX-License-Identifier: GPL-2.0-only
/* The audit of what the kernel would do: its own answers, against what table main says. */
#include <string.h>

#include "addr.h"
#include "audit.h"

struct fib_ask {
	struct audit *a;
	uint32_t asked, wrong;
};

bool audit_is_best(const struct engine *e, const struct route *r)
{
	return mirror__lookup_len(e->mirror, &r->dst.addr, r->dst.len, r->dst.len) == r;
}

/* One of several next hops is as good as another; WireGuard's rule takes what it encrypts. */
static bool agrees(const struct audit *a, const struct route *r, const struct obs_answer *ans)
{
	const struct link_info *dev = mirror__link_info(a->e->mirror, ans->ifindex);

	if (ans->err)
		return false;
	if (dev && (!strcmp(dev->kind, "wireguard") || !strcmp(dev->name, "wireguard.cali")))
		return true;
	for (int i = 0; i < r->nh_cnt; i++)
		if (r->nh[i].ifindex == ans->ifindex && addr_eq(&r->nh[i].gw, &ans->gw))
			return true;
	return false;
}

static void ask_fib(void *ctx, const struct route *r)
{
	struct fib_ask *f = ctx;
	struct audit *a = f->a;
	const struct obs_answer *ans = world_answer(a->e, &r->dst.addr);
	char dst[ADDR_STRLEN];

	/* a longer route may begin with the same address: it is the one that the answer is about */
	if (!ans || r->type != RTN_UNICAST || !r->dst.len || !r->nh_cnt ||
	    !addr_is_set(&r->nh[0].gw) || !judge_pool(a->e, &r->dst.addr) ||
	    mirror__lookup(a->e->mirror, &r->dst.addr) != r)
		return;
	f->asked++;
	if (agrees(a, r, ans))
		return;
	f->wrong++;
	audit_raise(a, CHECK_PROBLEM, ans->err ? C_ROUTE_MISSING : C_WRONG_GATEWAY);
	if (ans->err)
		audit_evidence(a, "%s: the kernel refuses (%s)", addr_str(&ans->dst, dst),
			       strerror(ans->err));
	else
		audit_evidence(a, "%s: the kernel sends by %s, table main says %s",
			       addr_str(&ans->dst, dst), mirror__dev(a->e->mirror, ans->ifindex),
			       mirror__dev(a->e->mirror, r->nh[0].ifindex));
}

/* Nodes that blocks are routed to, and that the kernel refuses to send to */
static uint32_t refused_nodes(struct audit *a)
{
	char addr[ADDR_STRLEN], node[NODE_LEN_SHORT + 4];
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->d->gw_cnt; i++) {
		const struct addr *gw = &a->d->gw[i].node;
		const struct obs_answer *ans = world_answer(a->e, gw);

		if (!ans || !ans->err)
			continue;
		n++;
		audit_raise(a, CHECK_PROBLEM, C_NODE_UNREACHABLE);
		audit_evidence(a, "%s%s: the kernel refuses (%s)", addr_str(gw, addr),
			       node_suffix(a->e, gw, node, sizeof(node)), strerror(ans->err));
	}
	return n;
}

void audit_fib(struct audit *a)
{
	struct fib_ask f = { .a = a };
	uint32_t nodes;

	audit_begin(a, "fib", false);
	mirror__each_route(a->e->mirror, ask_fib, &f);
	nodes = refused_nodes(a);
	if (nodes)
		audit_say(a, "%u node%s that blocks are routed to cannot be reached from here.",
			  nodes, nodes == 1 ? "" : "s");
	if (f.wrong)
		audit_say(
			a,
			"For %u of %u blocks the kernel does not do what table main says: a rule or "
			"another table takes them, or the route has just changed.",
			f.wrong, f.asked);
	if (nodes || f.wrong)
		audit_advise(a, "look at ip rule, and at ip route show table all");
	else if (f.asked)
		audit_say(a, "The kernel sends to all %u blocks asked for as table main says.",
			  f.asked);
	else if (world_is_fresh(a->e, SOURCE_ANSWER))
		audit_say(a, "No route to another node's block to ask for.");
	if (!nodes && !f.asked && !world_is_fresh(a->e, SOURCE_ANSWER)) {
		audit_raise(a, CHECK_UNKNOWN, C_UNKNOWN);
		audit_say(a, "The kernel was not asked (RTM_GETROUTE).");
	}
	audit_end(a);
}
