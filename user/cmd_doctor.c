// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace doctor`: what this kernel allows, and what is lost without the rest. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "addr.h"
#include "around.h"
#include "attach.h"
#include "cmd.h"
#include "engine.h"
#include "jsonl.h"
#include "loader.h"
#include "priv.h"
#include "sandbox.h"
#include "session.h"
#include "sources.h"
#include "util.h"

struct doctor {
	const struct opts *o;
	char node[NODE_LEN];
	bool json;
};

static void tell(const struct doctor *d, const char *name, const char *state, const char *explain,
		 const char *advice)
{
	if (d->json)
		jsonl_check(stdout, d->node, name, state, explain, advice);
	else
		printf("%-8s %-8s %s%s%s\n", state, name, explain, advice ? "; " : "",
		       advice ? advice : "");
}

/* Those without which every verdict stands, and only says less about where it comes from */
static bool is_optional(enum probe p)
{
	return p == PROBE_FEXIT;
}

static void tell_probe(const struct doctor *d, const struct probe_state *p, bool optional)
{
	char text[400], lost[200];

	if (p->ok) {
		tell(d, p->name, "ok", "available", NULL);
		return;
	}
	snprintf(text, sizeof(text), "not available: %s", p->why[0] ? p->why : "refused");
	snprintf(lost, sizeof(lost), "%s: %s", optional ? "optional" : "lost without it",
		 p->without);
	tell(d, p->name, optional ? "ok" : "warn", text, lost);
}

static void ignore_obs(void *ctx, const struct obs *o)
{
	(void)o;
	++*(int *)ctx;
}

/* What is not known without a source */
static const char *const without[SOURCE_MAX] = {
	[SOURCE_BIRD] =
		"whether BIRD has a route, its sessions' errors and a graceful restart are not known",
	[SOURCE_BIRD6] = "IPv6 is not traced yet",
	[SOURCE_CONF] =
		"which peers there should be, their nodes' names, and this node's own address "
		"are known less surely",
	[SOURCE_IPSET] = "the nodes that tunnel packets are taken from are not known",
	[SOURCE_CNI] = "pods have no names",
	[SOURCE_STATUS] = "pods have names from CNI alone",
	[SOURCE_SYSCTL] = "forwarding, proxy ARP and rp_filter are not audited",
	[SOURCE_VTEP] = "the other ends of VXLAN are not known",
	[SOURCE_FILL] = "full tables are not seen",
	[SOURCE_PROC] = "whether BIRD runs is not known",
	[SOURCE_ANSWER] = "the address that this node uses towards its peers is not known",
	[SOURCE_NEIGH] = "signs of life of other nodes are missing",
	[SOURCE_NFRULES] = "which rule of a firewall drops packets is not known",
	[SOURCE_KUBELET] = "which address is the DNS service's only traffic tells",
	[SOURCE_NFTRACE] = "which rule drops packets is known by the rules' counters alone",
};

struct rounds {
	const struct doctor *d;
	struct engine *engine;
};

static void on_round(void *ctx, const struct obs *o)
{
	const struct obs_source *s = &o->source;
	struct rounds *r = ctx;
	char text[200];

	engine__feed(r->engine, o);
	/* no IPv6, no VXLAN, no status files: most nodes are like that */
	if (o->kind != OBS_SOURCE || s->begin ||
	    (s->state == SOURCE_ABSENT && (s->id == SOURCE_BIRD6 || s->id == SOURCE_VTEP ||
					   s->id == SOURCE_STATUS || s->id == SOURCE_KUBELET)))
		return;
	snprintf(text, sizeof(text), "%s%s%s", source_state_name(s->state),
		 s->detail[0] ? ": " : "", s->detail);
	tell(r->d, source_name(s->id), s->state == SOURCE_OK ? "ok" : "warn", text,
	     s->state == SOURCE_OK ? NULL : without[s->id]);
}

static void feed(void *ctx, const struct obs *o)
{
	struct rounds *r = ctx;

	engine__feed(r->engine, o);
}

static size_t one_question(void *ctx, struct addr *out, size_t max)
{
	(void)ctx;
	return max && !addr_parse("127.0.0.1", &out[0]);
}

/* What the node's programs, files and tables say: asked once, as check and live do. */
static void tell_rounds(const struct doctor *d, uint32_t inum)
{
	struct engine_opts eo = { .dns_port = { 53 } };
	struct rounds r = { .d = d };
	struct around *a = NULL;
	struct rtnl *rtnl;

	if (engine__new(&eo, &r.engine))
		return;
	if (!rtnl__open(&rtnl)) {
		rtnl__dump(rtnl, mono_ns(), feed, &r);
		rtnl__free(rtnl);
	}
	if (!around__new(&(struct around_opts){ .o = d->o,
						.inum = inum,
						.mirror = engine__mirror(r.engine),
						.fn = on_round,
						.ctx = &r,
						.questions = one_question },
			 &a)) {
		around__look(a, mono_ns());
		around__wait_bird(a, NS_PER_S);
		around__ask_kernel(a, mono_ns());
		around__ask_rules(a, mono_ns());
	}
	around__free(a);
	engine__free(r.engine);
}

/* Sources besides the kernel: each is optional, its absence costs something. */
static void tell_sources(const struct doctor *d, uint32_t inum)
{
	struct prefix p[4];
	int n = 0, bird = proc_find(d->o->host_root, "bird", inum);
	char text[200];

	if (ipset_members("cali40all-ipam-pools", p, ARRAY_SIZE(p)) > 0 ||
	    ipset_members("cali40network-ip-pools", p, ARRAY_SIZE(p)) > 0)
		tell(d, "ipsets", "ok", "Calico's sets tell the pools", NULL);
	else
		tell(d, "ipsets", "warn", "no Calico ipset here",
		     "pools come from bird_ipam.cfg, from a guess, or from --pool");
	if (bird > 0)
		snprintf(text, sizeof(text), "bird runs in this namespace (pid %d)", bird);
	tell(d, "bird", bird > 0 ? "ok" : "warn",
	     bird > 0 ? text : "no bird runs in this namespace",
	     bird > 0 ? NULL : "routes may be Felix's, or it is down");
	if (bgp_diag(179, 0, ignore_obs, &n))
		tell(d, "inet_diag", "warn", "not available",
		     "BGP sessions that stood before the start are not known");
	else
		tell(d, "inet_diag", "ok", "tells the BGP sessions that stand", NULL);
}

/* ---- clsact filters, which do not end with their maker ---- */

struct left {
	int dead, running;
	size_t len;
	char where[300]; /* of the dead */
};

static void on_left(void *ctx, uint32_t ifindex, const char *hook, uint32_t handle, bool running)
{
	char dev[IF_NAMESIZE] = "?";
	struct left *l = ctx;
	int n;

	if (running) {
		l->running++;
		return;
	}
	if_indextoname(ifindex, dev);
	n = snprintf(l->where + l->len, sizeof(l->where) - l->len, "%s%s %s 0x%x",
		     l->dead++ ? ", " : "", dev, hook, handle);
	/* the first few say enough */
	if (n < 0 || l->len + (size_t)n >= sizeof(l->where))
		l->where[l->len] = '\0';
	else
		l->len += (size_t)n;
}

static void tell_leftovers(const struct doctor *d)
{
	struct left l = { 0 };
	char text[500];
	int err = attach_leftovers(on_left, &l);

	if (err)
		snprintf(text, sizeof(text), "cannot be told: %s", strerror(-err));
	else if (l.dead)
		snprintf(text, sizeof(text), "%d filter%s of a calitrace that is dead: %s", l.dead,
			 l.dead == 1 ? "" : "s", l.where);
	else
		snprintf(text, sizeof(text), "no filters of a calitrace that is dead");
	tell(d, "leftovers", err || l.dead ? "warn" : "ok", text,
	     l.dead ? "calitrace doctor --clean removes them, and so does the next start" : NULL);
	if (!l.running)
		return;
	snprintf(text, sizeof(text), "%d clsact filter%s of a calitrace that runs here", l.running,
		 l.running == 1 ? "" : "s");
	tell(d, "in-use", "ok", text, NULL);
}

static void tell_guardian(const struct doctor *d)
{
	tell(d, "guardian", "ok",
	     "a process calitrace-guard removes the clsact filters if calitrace is killed", NULL);
	tell(d, "heartbeat", "ok",
	     "if both are killed, the filters do nothing from 2 s on, and the next start removes "
	     "them",
	     NULL);
}

static void tell_sandbox(const struct doctor *d)
{
	if (sandbox_works())
		tell(d, "sandbox", "ok", "show, diff and report run in one (seccomp)", NULL);
	else
		tell(d, "sandbox", "warn", "this kernel has no seccomp",
		     "show, diff and report read captures with all the rights of their caller");
}

/* Those without which nothing goes are told where tracing fails. */
static void tell_privileges(const struct doctor *d)
{
	char names[100], text[160];

	priv_missing(names, sizeof(names));
	snprintf(text, sizeof(text), "without %s", names);
	if (names[0])
		tell(d, "rights", "warn", text,
		     "lost: function names (SYSLOG), whose BIRD it is and what confd wrote in its "
		     "container (SYS_PTRACE), --netns and whose filter stands in front (SYS_ADMIN)");
	else
		tell(d, "rights", "ok", "all that the sources need", NULL);
}

static int diagnose(const struct doctor *d, uint32_t inum)
{
	struct loader_opts lo = {
		.netns_inum = inum, .dns_port = { 53 }, .bgp_port = 179, .vxlan_port = 4789
	};
	struct loader *l = NULL;
	char why[400] = "";
	struct utsname u;
	bool tcx;

	uname(&u);
	tell(d, "kernel", "ok", u.release, NULL);
	if (loader__open(&lo, &l, why, sizeof(why))) {
		tell(d, "tracing", "problem", why, NULL);
		return EXIT_TROUBLE;
	}
	for (int i = 0; i < PROBE_MAX; i++)
		tell_probe(d, loader__probe(l, i), is_optional(i));
	tell_sources(d, inum);
	tell_rounds(d, inum);
	tcx = loader__probe(l, PROBE_TCX)->ok;
	if (!tcx && loader__probe(l, PROBE_PATH)->ok)
		tell_guardian(d);
	tell_leftovers(d);
	tell_privileges(d);
	tell_sandbox(d);
	tell(d, "tracing", "ok",
	     tcx ? "can trace; nothing can be left behind (TCX)" : "can trace (clsact)", NULL);
	loader__free(l);
	return EXIT_OK;
}

static int clean(void)
{
	int n = attach_clean();

	if (n < 0) {
		log_err("cannot remove leftovers: %s", strerror(-n));
		return EXIT_TROUBLE;
	}
	printf("%d filter%s of an earlier calitrace removed\n", n, n == 1 ? "" : "s");
	return EXIT_OK;
}

int cmd_doctor(const struct opts *o)
{
	struct doctor d = { .o = o, .json = o->output == OUTPUT_JSON };
	char why[400] = "";
	uint32_t inum;
	int orig, status;

	node_name(o, d.node, sizeof(d.node));
	if (node_netns(o, &orig, &inum, why, sizeof(why))) {
		log_err("%s", why);
		return EXIT_TROUBLE;
	}
	status = o->clean ? clean() : diagnose(&d, inum);
	if (orig >= 0)
		close(orig);
	return status;
}
