// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line: one table of all options of the contract, those of later
 * versions included, so that each gets the message that fits. Not getopt_long():
 * it takes abbreviations, which would change their meaning with a new option.
 */
#include "opts.h"

#include <errno.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/events.h"
#include "addr.h"
#include "help_text.h"
#include "listen.h"
#include "opts_priv.h"
#include "sha1.h"
#include "util.h"
#include "version.h"

#define L (1u << CMD_LIVE)
#define C (1u << CMD_CAPTURE)
#define S (1u << CMD_SHOW)
#define D (1u << CMD_DIFF)
#define R (1u << CMD_REPORT)
#define K (1u << CMD_CHECK)
#define M (1u << CMD_METRICS)
#define O (1u << CMD_DOCTOR)
#define ALL_CMDS (L | C | S | D | R | K | M | O)

#define REPLY_TIMEOUT_MIN (10 * NS_PER_MS)
#define REPLY_TIMEOUT_MAX (600 * NS_PER_S)
#define DNS_PORT 53
/* Names of Kubernetes: DNS labels, RFC 1123 */
#define NS_MAX 63
#define POD_NAME_MAX 253

struct option_def {
	const char *name; /* long, NULL: none */
	char letter;	  /* 0: none */
	bool has_value;
	uint32_t cmds; /* of the contract */
	/* NULL: not in this version. val is NULL without has_value. 0, 1 (stop, exit 0), -EINVAL */
	int (*set)(struct parser *p, const char *val);
};

int opts_fail(struct parser *p, const char *fmt, ...)
{
	char text[512], clean[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_clean(clean, sizeof(clean), text);
	fprintf(p->err, "calitrace: %s\n", clean);
	return -EINVAL;
}

static int set_duration(struct parser *p, const char *val)
{
	uint64_t ns;
	int err = parse_duration_ns(val, false, &ns);

	if (err == -ERANGE)
		return opts_fail(p, "%s '%.60s': too long", p->word, val);
	p->o->snapshot = !err && !ns && p->o->command == CMD_CAPTURE;
	if (err || (!ns && !p->o->snapshot))
		return opts_fail(
			p,
			"%s '%.60s': not a duration above zero; write 30s, 5m, 1h or a bare "
			"number of seconds",
			p->word, val);
	p->o->duration_ns = ns;
	return 0;
}

static int set_count(struct parser *p, const char *val)
{
	if (parse_u64(val, 1, UINT32_MAX, &p->o->count))
		return opts_fail(p, "%s '%.60s': not a number from 1 to %u", p->word, val,
				 UINT32_MAX);
	return 0;
}

static int set_iface(struct parser *p, const char *val)
{
	if (!strcmp(val, "any")) {
		p->o->iface_default = true;
		return 0;
	}
	if (strpbrk(val, "/ \t\n"))
		return opts_fail(
			p, "%s '%.60s': not the name of a device or a pattern such as 'cali*'",
			p->word, val);
	if (p->o->iface_cnt == MAX_IFACE_GLOBS)
		return opts_fail(p,
				 "%s '%.60s': more than %d of them; use a pattern such as 'cali*'",
				 p->word, val, MAX_IFACE_GLOBS);
	p->o->iface[p->o->iface_cnt++] = val;
	return 0;
}

static int pool_mode_parse(const char *word, enum pool_mode *out)
{
	enum pool_mode m;

	for (m = POOL_NONE; m <= POOL_CROSSSUBNET; m++) {
		if (!strcmp(word, pool_mode_name(m))) {
			*out = m;
			return 0;
		}
	}
	return -EINVAL;
}

static int pool_host_bits(struct parser *p, const char *cidr)
{
	char addr[PREFIX_STRLEN], right[PREFIX_STRLEN];
	struct prefix wrong;
	uint64_t len = 0;

	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(cidr, "/"), cidr);
	if (addr_parse(addr, &wrong.addr) || parse_u64(cidr + strcspn(cidr, "/") + 1, 0, 32, &len))
		return opts_fail(p, "%s '%.60s': host bits are set", p->word, cidr);
	wrong = prefix_of(&wrong.addr, (uint8_t)len);
	return opts_fail(p, "%s '%.60s': host bits are set; the prefix is %s", p->word, cidr,
			 prefix_str(&wrong, right));
}

static int pool_cidr_parse(struct parser *p, const char *cidr, struct prefix *out)
{
	int err = prefix_parse(cidr, out);
	uint32_t i;

	if (strchr(cidr, ':'))
		return opts_fail(p,
				 "%s '%.60s': IPv6 is not traced yet; give an IPv4 prefix such as "
				 "10.253.0.0/16",
				 p->word, cidr);
	if (err == -EDOM)
		return pool_host_bits(p, cidr);
	if (err || !strchr(cidr, '/'))
		return opts_fail(p, "%s '%.60s': not an IPv4 prefix such as 10.253.0.0/16", p->word,
				 cidr);
	for (i = 0; i < p->o->pool_cnt; i++)
		if (prefix_eq(&p->o->pool[i].cidr, out))
			return opts_fail(p, "%s '%.60s': given twice; leave one out", p->word,
					 cidr);
	return 0;
}

static int set_pool(struct parser *p, const char *val)
{
	struct pool pool = { .from = FROM_OPTION, .mode_from = FROM_OPTION };
	size_t len = strcspn(val, "=");
	char cidr[PREFIX_STRLEN + 16];

	if (len >= sizeof(cidr))
		return opts_fail(p, "%s '%.60s...': not an IPv4 prefix such as 10.253.0.0/16",
				 p->word, val);
	memcpy(cidr, val, len);
	cidr[len] = '\0';
	if (pool_cidr_parse(p, cidr, &pool.cidr))
		return -EINVAL;
	if (val[len] && pool_mode_parse(val + len + 1, &pool.mode))
		return opts_fail(
			p,
			"%s '%.60s': the mode after '=' is none of ipip, vxlan, crosssubnet, "
			"none",
			p->word, val);
	if (p->o->pool_cnt == MAX_POOLS)
		return opts_fail(p, "%s '%.60s': more than %d pools", p->word, val, MAX_POOLS);
	p->o->pool[p->o->pool_cnt++] = pool;
	return 0;
}

static int set_netns(struct parser *p, const char *val)
{
	p->o->netns = val;
	return 0;
}

static int set_host_root(struct parser *p, const char *val)
{
	p->o->host_root = val;
	return 0;
}

static int set_node(struct parser *p, const char *val)
{
	if (strlen(val) >= NODE_LEN)
		return opts_fail(p, "%s '%.60s...': longer than the %d characters of a node name",
				 p->word, val, NODE_LEN - 1);
	p->o->node = val;
	return 0;
}

static int set_listen(struct parser *p, const char *val)
{
	union listen_at at;

	if (listen_parse(val, &at))
		return opts_fail(p,
				 "%s '%.60s': not ADDRESS:PORT with a numeric address, such as "
				 "127.0.0.1:9435 or [::1]:9435, or :9435 for all",
				 p->word, val);
	p->o->listen = val;
	return 0;
}

static int set_reply_timeout(struct parser *p, const char *val)
{
	uint64_t ns;
	int err = parse_duration_ns(val, true, &ns);

	if (err == -EINVAL)
		return opts_fail(p, "%s '%.60s': not a duration; write 500ms, 2s or 1m", p->word,
				 val);
	if (err || ns < REPLY_TIMEOUT_MIN || ns > REPLY_TIMEOUT_MAX)
		return opts_fail(p, "%s '%.60s': not between 10ms and 10m", p->word, val);
	p->o->reply_timeout_ns = ns;
	p->o->timeout_given = true;
	return 0;
}

/* Takes the next item of a list off *rest: its length; *item points to it. */
static size_t next_item(const char **rest, const char **item)
{
	size_t len = strcspn(*rest, ",");

	*item = *rest;
	*rest += len + ((*rest)[len] == ',');
	return len;
}

static int set_proto(struct parser *p, const char *val)
{
	static const struct {
		const char *word;
		uint32_t app;
	} protos[] = { { "dns", EV_APP_DNS }, { "icmp", EV_APP_ICMP }, { "tcp", EV_APP_TCP } };
	const char *rest = val, *item;
	uint32_t app;

	do {
		size_t i, len = next_item(&rest, &item);

		for (i = 0, app = 0; i < ARRAY_SIZE(protos); i++)
			if (strlen(protos[i].word) == len && !memcmp(protos[i].word, item, len))
				app = protos[i].app;
		if (!app)
			return opts_fail(
				p,
				"%s '%.60s': '%.*s' is none of dns, icmp, tcp (several: "
				"dns,icmp); other UDP is asked for by a FILTER such as 'udp "
				"port 8080'",
				p->word, val, (int)(len < 40 ? len : 40), item);
		p->o->apps |= app;
	} while (*rest || rest[-1] == ',');
	return 0;
}

static int add_dns_port(struct parser *p, const char *val, uint16_t port)
{
	for (int i = 0; i < FILTER_DNS_PORTS; i++) {
		if (p->o->dns_port[i] == port)
			return opts_fail(p, "%s '%.60s': %u is given twice; leave one out", p->word,
					 val, port);
		if (!p->o->dns_port[i]) {
			p->o->dns_port[i] = port;
			return 0;
		}
	}
	return opts_fail(p, "%s '%.60s': more than %d ports", p->word, val, FILTER_DNS_PORTS);
}

static int set_dns_port(struct parser *p, const char *val)
{
	const char *rest = val, *item;
	char word[8];
	uint64_t port;

	do {
		size_t len = next_item(&rest, &item);

		snprintf(word, sizeof(word), "%.*s", (int)(len < 7 ? len : 7), item);
		if (parse_u64(word, 1, UINT16_MAX, &port))
			return opts_fail(
				p,
				"%s '%.60s': '%.*s' is not a port from 1 to 65535 (several: "
				"53,5353)",
				p->word, val, (int)(len < 40 ? len : 40), item);
		if (add_dns_port(p, val, (uint16_t)port))
			return -EINVAL;
	} while (*rest || rest[-1] == ',');
	return 0;
}

static bool is_k8s_name(const char *s, size_t len, size_t max)
{
	return len && len <= max && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.") >= len;
}

static int pod_by_name(struct parser *p, const char *val)
{
	size_t ns_len = strcspn(val, "/");
	const char *name = val + ns_len + 1;
	char ns[NS_MAX + 1];

	if (!is_k8s_name(val, ns_len, NS_MAX) || !is_k8s_name(name, strlen(name), POD_NAME_MAX))
		return opts_fail(
			p, "%s '%.80s': not NAMESPACE/POD such as kube-system/coredns-5d78c9869d",
			p->word, val);
	memcpy(ns, val, ns_len);
	ns[ns_len] = '\0';
	pod_dev_name(ns, name, p->o->pod_dev);
	return 0;
}

static int set_pod(struct parser *p, const char *val)
{
	if (p->o->pod)
		return opts_fail(p,
				 "%s '%.60s': given twice; leave one out, or name both in a FILTER",
				 p->word, val);
	p->o->pod = val;
	if (strchr(val, '/'))
		return pod_by_name(p, val);
	if (strchr(val, ':'))
		return opts_fail(p, "%s '%.60s': IPv6 is not traced yet; give its IPv4 address",
				 p->word, val);
	if (!addr_parse(val, &p->o->pod_addr))
		return 0;
	if (strlen(val) >= DEV_LEN || strpbrk(val, " \t\n"))
		return opts_fail(
			p,
			"%s '%.80s': neither an interface (cali0123456789a), an IPv4 address "
			"nor NAMESPACE/POD",
			p->word, val);
	snprintf(p->o->pod_dev, sizeof(p->o->pod_dev), "%s", val);
	return 0;
}

static int set_output(struct parser *p, const char *val)
{
	if (!strcmp(val, "text"))
		p->o->output = OUTPUT_TEXT;
	else if (!strcmp(val, "json"))
		p->o->output = OUTPUT_JSON;
	else
		return opts_fail(
			p,
			"%s '%.60s': neither text nor json (it is the format; data goes to "
			"stdout)",
			p->word, val);
	return 0;
}

/* Setters of the options without a value */
#define FLAG(member)                                               \
	static int set_##member(struct parser *p, const char *val) \
	{                                                          \
		(void)val;                                         \
		p->o->member = true;                               \
		return 0;                                          \
	}
FLAG(no_bird)
FLAG(all)
FLAG(exit_code)
FLAG(quiet)
FLAG(verbose)
FLAG(numeric)
FLAG(strict)
FLAG(clean)
FLAG(force)
FLAG(summary)
FLAG(timeline)
FLAG(packets)
FLAG(top)

static int set_help(struct parser *p, const char *val)
{
	(void)val;
	help_brief(stdout, p->o->command);
	return 1;
}

static int set_version(struct parser *p, const char *val)
{
	(void)p;
	(void)val;
	version_print(stdout);
	return 1;
}

static const struct option_def options[] = {
	{ "duration", 'd', true, L | C, set_duration },
	{ "count", 'c', true, L | C, set_count },
	{ "iface", 'i', true, L | C, set_iface },
	{ "proto", 0, true, L | C, set_proto },
	{ "pool", 0, true, L | C | S | K | M, set_pool },
	{ "pod", 0, true, L | C | S, set_pod },
	{ "all", 0, false, L | S, set_all },
	{ "netns", 0, true, L | C | K | M | O, set_netns },
	{ "host-root", 0, true, L | C | K | M | O, set_host_root },
	{ "baseline", 0, true, L | K | S, opts_set_baseline },
	{ "node", 0, true, L | C | K | M | O, set_node },
	{ "reply-timeout", 0, true, L | C | S | M, set_reply_timeout },
	{ "no-bird", 0, false, L | C | K | M | O, set_no_bird },
	{ "output", 'o', true, L | S | D | K | O, set_output },
	{ "exit-code", 0, false, L | S, set_exit_code },
	{ "quiet", 'q', false, ALL_CMDS, set_quiet },
	{ "verbose", 'v', false, ALL_CMDS, set_verbose },
	{ "numeric", 'n', false, L | S, set_numeric },
	{ "strict", 0, false, K, set_strict },
	{ NULL, 's', true, C, opts_set_snaplen },
	{ NULL, 'C', true, C, opts_set_file_bytes },
	{ NULL, 'W', true, C, opts_set_file_max },
	{ NULL, 'w', true, L | C | S | R, opts_set_write },
	{ NULL, 'f', true, S | D | R, opts_set_filter },
	{ "force", 0, false, L | C | S | R, set_force },
	{ "since", 0, true, S, opts_set_since },
	{ "until", 0, true, S, opts_set_until },
	{ "summary", 0, false, S, set_summary },
	{ "verdict", 0, true, S, opts_set_verdict },
	{ "timeline", 0, false, S, set_timeline },
	{ "packets", 0, false, S, set_packets },
	{ "dns-port", 0, true, L | C, set_dns_port },
	{ "on-loss", 0, true, L | C, NULL },
	{ "top", 0, false, L, set_top },
	{ "listen", 0, true, M, set_listen },
	{ "clean", 0, false, O, set_clean },
	{ "help", 0, false, ALL_CMDS, set_help },
	{ "version", 0, false, ALL_CMDS, set_version },
};

static const struct option_def *find_long(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].name && strlen(options[i].name) == len &&
		    !memcmp(options[i].name, name, len))
			return &options[i];
	return NULL;
}

static const struct option_def *find_short(char letter)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* The only option of this command that begins so, or NULL */
static const struct option_def *find_abbreviated(const char *name, size_t len, uint32_t cmd)
{
	const struct option_def *found = NULL;
	size_t i;

	for (i = 0; len && i < ARRAY_SIZE(options); i++) {
		if (!options[i].name || !(options[i].cmds & cmd) ||
		    strncmp(options[i].name, name, len))
			continue;
		if (found)
			return NULL;
		found = &options[i];
	}
	return found;
}

static int fail_unknown(struct parser *p, const char *name, size_t len)
{
	const char *cmd = command_name(p->o->command);
	const struct option_def *near = find_abbreviated(name, len, 1u << p->o->command);

	if (near)
		return opts_fail(
			p, "unknown option '%s': options are not abbreviated, did you mean '--%s'?",
			p->word, near->name);
	return opts_fail(p, "unknown option '%s': see 'calitrace %s --help'", p->word, cmd);
}

static int fail_foreign(struct parser *p, const struct option_def *def)
{
	char owners[96] = "";
	bool works = false;
	enum command c;

	for (c = CMD_NONE + 1; c < CMD_MAX; c++) {
		size_t len = strlen(owners);

		if (!(def->cmds & (1u << c)))
			continue;
		snprintf(owners + len, sizeof(owners) - len, "%s'%s'", len ? ", " : "",
			 command_name(c));
		works |= command_works(c);
	}
	return opts_fail(p, "option '%s' does not belong to '%s': it is one of %s%s", p->word,
			 command_name(p->o->command), owners,
			 works ? "" : ", not in this version yet");
}

/* An option that stands where a value should is a forgotten value, but "-5" is a bad one. */
static bool looks_like_option(const char *s)
{
	return s[0] == '-' && s[1] && (s[1] < '0' || s[1] > '9');
}

/* attached: what follows in the same word, else NULL. Consumes the next word if needed. */
static int apply(struct parser *p, const struct option_def *def, const char *attached)
{
	const char *val = attached;

	if (!(def->cmds & (1u << p->o->command)))
		return fail_foreign(p, def);
	if (!def->set)
		return opts_fail(p, "option '%s' of '%s' is not in this version yet: leave it out",
				 p->word, command_name(p->o->command));
	if (!def->has_value)
		return attached ? opts_fail(p, "option '%s' takes no value: leave '=%.60s' out",
					    p->word, attached) :
				  def->set(p, NULL);
	if (!val) {
		if (p->idx + 1 >= p->argc)
			return opts_fail(p, "option '%s' needs a value: see 'calitrace %s --help'",
					 p->word, command_name(p->o->command));
		val = p->argv[++p->idx];
		if (looks_like_option(val))
			return opts_fail(p,
					 "option '%s' needs a value, and '%.60s' is an option: see "
					 "'calitrace %s --help'",
					 p->word, val, command_name(p->o->command));
	}
	if (!*val)
		return opts_fail(
			p, "option '%s' needs a value, it is empty: see 'calitrace %s --help'",
			p->word, command_name(p->o->command));
	return def->set(p, val);
}

static int parse_long(struct parser *p, const char *arg)
{
	size_t len = strcspn(arg + 2, "=");
	const struct option_def *def = find_long(arg + 2, len);

	snprintf(p->word, sizeof(p->word), "%.*s", (int)(len + 2 < 60 ? len + 2 : 60), arg);
	if (!def)
		return fail_unknown(p, arg + 2, len);
	return apply(p, def, arg[len + 2] ? arg + len + 3 : NULL);
}

/* "-q", "-d 30", "-d30", "-qd30" */
static int parse_short(struct parser *p, const char *arg)
{
	size_t i;

	for (i = 1; arg[i]; i++) {
		const struct option_def *def = find_short(arg[i]);
		bool takes_rest = def && def->has_value;
		int err;

		snprintf(p->word, sizeof(p->word), "-%c", arg[i]);
		if (!def)
			return fail_unknown(p, "", 0);
		err = apply(p, def, takes_rest && arg[i + 1] ? arg + i + 1 : NULL);
		if (err || takes_rest)
			return err;
	}
	return 0;
}

static int parse_program(struct parser *p)
{
	if (p->o->command != CMD_LIVE && p->o->command != CMD_CAPTURE)
		return opts_fail(
			p, "'--' does not belong to '%s': only 'live' and 'capture' run a program",
			command_name(p->o->command));
	if (p->idx + 1 >= p->argc)
		return opts_fail(
			p, "nothing follows '--': give the PROGRAM to run while tracing, or leave "
			   "'--' out");
	p->o->program = p->argv + p->idx + 1;
	p->idx = p->argc;
	return 0;
}

static int parse_positional(struct parser *p, const char *arg)
{
	enum command c = p->o->command;

	if (c == CMD_LIVE || c == CMD_CAPTURE)
		return opts_add_filter(p, arg);
	if (c == CMD_SHOW || c == CMD_DIFF || c == CMD_REPORT)
		return opts_add_file(p, arg);
	return opts_fail(p, "'%.60s': '%s' takes options only, see 'calitrace %s --help'", arg,
			 command_name(c), command_name(c));
}

static int parse_words(struct parser *p)
{
	for (p->idx = 2; p->idx < p->argc; p->idx++) {
		const char *arg = p->argv[p->idx];
		int err;

		if (!strcmp(arg, "--"))
			err = parse_program(p);
		else if (!strncmp(arg, "--", 2))
			err = parse_long(p, arg);
		else if (arg[0] == '-' && arg[1])
			err = parse_short(p, arg);
		else
			err = parse_positional(p, arg);
		if (err)
			return err;
	}
	return 0;
}

struct filter_opts opts_filter(const struct opts *o)
{
	struct filter_opts f = {
		.expr = o->filter,
		.pod_dev = o->pod_dev,
		.pod_addr = addr_is_set(&o->pod_addr) ? &o->pod_addr : NULL,
		.vxlan_port = VXLAN_PORT,
	};

	memcpy(f.dns_port, o->dns_port, sizeof(f.dns_port));
	return f;
}

/* What is traced hangs on --proto, --dns-port and FILTER together, in whatever order they came. */
static int settle_filter(struct parser *p)
{
	struct filter_opts fo;
	struct filter *f = NULL;
	char why[400] = "out of memory";
	int err;

	if (!p->o->dns_port[0])
		p->o->dns_port[0] = DNS_PORT;
	p->o->proto_given = p->o->apps != 0;
	fo = opts_filter(p->o);
	err = filter__new(&fo, &f, why, sizeof(why));
	if (!err)
		err = filter__apps(f, p->o->apps, &p->o->apps, why, sizeof(why));
	filter__free(f);
	return err ? opts_fail(p, "%s", why) : 0;
}

/* "calitrace help [COMMAND]": all of it, where --help is a screen */
static int parse_help(struct parser *p)
{
	if (p->argc > 2) {
		p->o->command = command_find(p->argv[2]);
		if (p->o->command == CMD_NONE)
			return opts_fail(
				p,
				"help for '%.60s': there is no such command, see 'calitrace "
				"help'",
				p->argv[2]);
	}
	help_print(stdout, p->o->command);
	return 1;
}

static int parse_command(struct parser *p, const char *word)
{
	p->o->command = command_find(word);
	if (p->o->command == CMD_NONE)
		return opts_fail(p,
				 "'%.60s': there is no such command; " COMMANDS_THAT_WORK
				 ", see 'calitrace --help'",
				 word);
	if (command_works(p->o->command))
		return parse_words(p);
	if (p->argc > 2 && !strcmp(p->argv[2], "--help"))
		return set_help(p, NULL);
	if (p->argc > 2 && !strcmp(p->argv[2], "--version"))
		return set_version(p, NULL);
	return opts_fail(p, "'%s' is not in this version yet; " COMMANDS_THAT_WORK, word);
}

int opts_parse(int argc, char **argv, struct opts *out, FILE *err)
{
	struct parser p = { .o = out, .err = err, .argc = argc, .argv = argv };
	int ret;

	*out = (struct opts){ .host_root = "/",
			      .listen = "127.0.0.1:9435",
			      .reply_timeout_ns = 2 * NS_PER_S,
			      .snaplen = SNAP_LEN };
	if (argc < 2) {
		usage_print(err);
		return -EINVAL;
	}
	if (!strcmp(argv[1], "--help"))
		return set_help(&p, NULL);
	if (!strcmp(argv[1], "--version"))
		return set_version(&p, NULL);
	if (!strcmp(argv[1], "help"))
		return parse_help(&p);
	if (argv[1][0] == '-')
		return opts_fail(&p,
				 "'%.60s': the command comes first, as in 'calitrace live %.60s'",
				 argv[1], argv[1]);
	ret = parse_command(&p, argv[1]);
	if (ret)
		return ret;
	if (!out->iface_cnt)
		out->iface_default = true;
	ret = opts_check_files(&p);
	return ret ? ret : settle_filter(&p);
}
