// SPDX-License-Identifier: GPL-2.0-only
/* `calitrace doctor`: what this kernel allows, and what is lost without the rest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attach.h"
#include "cmd.h"
#include "jsonl.h"
#include "loader.h"
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

static void tell_probe(const struct doctor *d, const struct probe_state *p)
{
	char text[400], lost[200];

	if (p->ok) {
		tell(d, p->name, "ok", "available", NULL);
		return;
	}
	snprintf(text, sizeof(text), "not available: %s", p->why[0] ? p->why : "refused");
	snprintf(lost, sizeof(lost), "lost without it: %s", p->without);
	tell(d, p->name, "warn", text, lost);
}

static void ignore_obs(void *ctx, const struct obs *o)
{
	(void)o;
	++*(int *)ctx;
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

static int diagnose(const struct doctor *d, uint32_t inum)
{
	struct loader_opts lo = {
		.netns_inum = inum, .dns_port = { 53 }, .bgp_port = 179, .vxlan_port = 4789
	};
	struct loader *l = NULL;
	char why[400] = "";
	struct utsname u;

	uname(&u);
	tell(d, "kernel", "ok", u.release, NULL);
	if (loader__open(&lo, &l, why, sizeof(why))) {
		tell(d, "tracing", "problem", why, NULL);
		return EXIT_TROUBLE;
	}
	for (int i = 0; i < PROBE_MAX; i++)
		tell_probe(d, loader__probe(l, i));
	tell_sources(d, inum);
	tell(d, "tracing", "ok",
	     loader__probe(l, PROBE_TCX)->ok ?
		     "can trace; nothing can be left behind (TCX)" :
		     "can trace (clsact: after SIGKILL run calitrace doctor --clean)",
	     NULL);
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
