// SPDX-License-Identifier: GPL-2.0-only
/*
 * C:felix/rules/rule_defs.go has the names of Felix' chains; with nf_tables (v3.29 and later) they stand
 * in a table "calico", each behind the name of what iptables calls its table: filter-cali-fw-cali1.
 */
#include "nfclass.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

/* The chain's name as iptables has it; NULL: it is not Calico's */
static const char *calico_chain(const struct obs_nfrule *r)
{
	const char *p = r->chain;

	if (str_begins(p, "cali-"))
		return p;
	if (strcmp(r->table, "calico"))
		return NULL;
	p = strstr(p, "-cali-");
	return p ? p + 1 : r->chain;
}

static const struct {
	const char *start;
	enum cause cause;
} chains[] = {
	{ "cali-po-", C_POLICY_DENY },
	{ "cali-pi-", C_POLICY_DENY },
	{ "cali-pro-", C_POLICY_DENY },
	{ "cali-pri-", C_POLICY_DENY },
	{ "cali-go-", C_POLICY_DENY },
	{ "cali-gi-", C_POLICY_DENY },
	{ "cali-fw-", C_POLICY_DENY },
	{ "cali-tw-", C_POLICY_DENY },
	{ "cali-fh-", C_POLICY_DENY },
	{ "cali-th-", C_POLICY_DENY },
	{ "cali-fhfw-", C_POLICY_DENY },
	{ "cali-thfw-", C_POLICY_DENY },
	{ "cali-from-wl-dispatch", C_UNKNOWN_INTERFACE },
	{ "cali-to-wl-dispatch", C_UNKNOWN_INTERFACE },
	{ "cali-wl-to-host", C_WL_TO_HOST },
};

static enum cause calico_class(const struct obs_nfrule *r, const char *chain)
{
	if (r->rpfilter && !strcmp(chain, "cali-PREROUTING"))
		return C_CALICO_RPF;
	if (r->invalid && (str_begins(chain, "cali-fw-") || str_begins(chain, "cali-tw-") ||
			   str_begins(chain, "cali-fh") || str_begins(chain, "cali-th")))
		return C_CONNTRACK_INVALID;
	if (!strcmp(chain, "cali-INPUT") &&
	    (strstr(r->comment, "non-Calico hosts") || strstr(r->comment, "non-allowed hosts")))
		return C_PEER_NOT_IN_ALLOWLIST;
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		if (str_begins(chain, chains[i].start))
			return chains[i].cause;
	return C_UNKNOWN;
}

enum cause nfclass(const struct obs_nfrule *r)
{
	const char *chain = calico_chain(r);

	if (chain)
		return calico_class(r, chain);
	if (str_begins(r->chain, "KUBE-") || !strcmp(r->table, "kube-proxy")) {
		if (strstr(r->comment, "has no endpoints") || strstr(r->chain, "no-endpoint") ||
		    !strcmp(r->chain, "reject-chain"))
			return C_NO_ENDPOINTS;
		return r->invalid ? C_CONNTRACK_INVALID : C_UNKNOWN;
	}
	return C_FOREIGN_FIREWALL;
}

/* "Policy NAME ingress" of a chain's comment: what stands between the two */
static bool between(const char *comment, const char *word, char *name, size_t sz)
{
	const char *p = strstr(comment, word), *end;

	if (!p)
		return false;
	p += strlen(word);
	end = p + strcspn(p, " ;");
	snprintf(name, sz, "%.*s", (int)(end - p), p);
	return name[0];
}

void nfclass_policy(const struct obs_nfrule *r, char *buf, size_t sz)
{
	const char *chain = calico_chain(r), *p;
	char name[NFR_COMMENT_LEN];
	bool profile;

	buf[0] = '\0';
	if (!chain || calico_class(r, chain) != C_POLICY_DENY)
		return;
	if (between(r->comment, "Policy ", name, sizeof(name)))
		snprintf(buf, sz, "policy %s", name);
	else if (between(r->comment, "Profile ", name, sizeof(name)))
		snprintf(buf, sz, "profile %s", name);
	if (buf[0] || !(str_begins(chain, "cali-p") || str_begins(chain, "cali-g")))
		return;
	profile = str_begins(chain, "cali-pr");
	p = strchr(chain + strlen("cali-"), '-');
	/* what is too long for a chain's name is a hash there, which tells nobody anything */
	if (p && p[1] && p[1] != '_')
		snprintf(buf, sz, "%s %s", profile ? "profile" : "policy", p + 1);
}

const char *nfclass_dev(const struct obs_nfrule *r, bool *in)
{
	static const struct {
		const char *start;
		bool in;
	} ends[] = {
		{ "cali-fw-", true },  { "cali-tw-", false },  { "cali-fh-", true },
		{ "cali-th-", false }, { "cali-fhfw-", true }, { "cali-thfw-", false },
	};
	const char *chain = calico_chain(r);

	for (size_t i = 0; chain && i < ARRAY_SIZE(ends); i++) {
		if (!str_begins(chain, ends[i].start))
			continue;
		*in = ends[i].in;
		return chain + strlen(ends[i].start);
	}
	return "";
}
