// SPDX-License-Identifier: GPL-2.0-only
/* The commands and their help: texts that fit a screen of 80 columns. */
#include "help_text.h"
#include "opts.h"

#include <string.h>

static const struct {
	const char *name, *job;
	bool works;
} commands[CMD_MAX] = {
	[CMD_LIVE] = { "live", "trace this node now, each problem as it happens", true },
	[CMD_CAPTURE] = { "capture", "the same tracing, quiet, into a pcapng file", true },
	[CMD_SHOW] = { "show", "replay captures through the same engine", true },
	[CMD_DIFF] = { "diff", "compare two captures, before and after", true },
	[CMD_REPORT] = { "report", "one self-contained HTML page", true },
	[CMD_CHECK] = { "check", "audit this node now, no traffic needed", true },
	[CMD_METRICS] = { "metrics", "long-running OpenMetrics endpoint", true },
	[CMD_DOCTOR] = { "doctor", "which probes this kernel allows, what is lost without", true },
};

static const char usage[] =
	"usage: calitrace COMMAND [OPTIONS] [FILE...] [FILTER] [-- PROGRAM ARG...]\n"
	"       calitrace live      trace this node now (as root; Ctrl-C ends it)\n"
	"       calitrace doctor    can this kernel be traced?\n"
	"       calitrace --help    more\n";

static const char help_head[] =
	"calitrace - traces the way of pod packets through a Kubernetes node that runs\n"
	"Calico: which route each took, whether it left by the right device and next\n"
	"hop, and why not.\n"
	"\n"
	"usage: calitrace COMMAND [OPTIONS] [FILE...] [FILTER] [-- PROGRAM ARG...]\n"
	"\n"
	"Commands:\n";

static const char help_tail[] =
	"\n"
	"Examples:\n"
	"  calitrace live -d 30s                    trace for 30 seconds, then summarise\n"
	"  calitrace live -o json -c 1              JSON lines, stop at the first one\n"
	"  calitrace live host 10.253.181.10 and port 53\n"
	"                                           only these, requests with replies\n"
	"  calitrace live -- ping -c 3 10.253.181.10\n"
	"                                           trace while a program runs\n"
	"  calitrace capture -d 5m -w before.pcapng record, to look at it later:\n"
	"  calitrace show before.pcapng\n"
	"  calitrace diff before.pcapng after.pcapng\n"
	"\n"
	"Data goes to stdout, everything else to stderr. Exit status: 0 ran, 2 trouble;\n"
	"'check', 'diff', 'live' and 'show' with --exit-code: 0 nothing wrong,\n"
	"1 something is wrong, 2 trouble, 3 cannot say.\n"
	"\n"
	"'calitrace COMMAND --help' tells the options of a command, 'calitrace help\n"
	"COMMAND' all about it, 'calitrace --version' the version.\n";

static const char help_live[] =
	"calitrace live [OPTIONS] [FILTER] [-- PROGRAM ARG...]\n"
	"\n"
	"Traces this node now: first what is wrong without any traffic, then each\n"
	"problem as it happens, then a summary. Needs root.\n"
	"\n"
	"  -d, --duration 30s     stop after 30s, 5m, 1h; a bare number is seconds\n"
	"  -c, --count N          stop after N problems\n"
	"  -w FILE                record it as 'capture' does\n"
	"      --force            replace FILE\n"
	"  -i, --iface GLOB       trace these devices, repeatable; default (any): tunl0,\n"
	"                         vxlan.calico, wireguard.cali, cali*, and every other\n"
	"                         device that a route of the node leaves by\n"
	"      --proto LIST       dns, icmp, tcp (connection attempts); default: all\n"
	"      --dns-port LIST    up to 4 ports taken for DNS (default: 53)\n"
	"      --pool CIDR[=MODE] an IP pool, repeatable; replaces the pools learnt on\n"
	"                         the node; MODE is ipip, vxlan, crosssubnet or none\n"
	"      --pod POD          only this pod: NAMESPACE/NAME, its interface\n"
	"                         (cali0123456789a) or its address\n"
	"      --all              also the packets that fared well\n"
	"      --reply-timeout 2s after which a request counts as unanswered (ms, s, m)\n"
	"      --netns NAME|PATH  the node's network namespace (default: own)\n"
	"      --host-root DIR    where the node's files are (default: /)\n"
	"      --node NAME        the node's name (default: /var/lib/calico/nodename,\n"
	"                         else the host name)\n"
	"      --baseline FILE    an earlier capture, or another node's, as memory of\n"
	"                         blocks, owners and peers; repeatable\n"
	"      --no-bird          do not talk to BIRD\n"
	"  -o, --output FORMAT    text (default) or json: one object a line\n"
	"      --exit-code        exit 0 nothing wrong, 1 something is wrong, 2 trouble,\n"
	"                         3 cannot say\n"
	"      --top              a full screen: findings, a table by block and verdict\n"
	"  -q, --quiet            only findings and the summary\n"
	"  -v, --verbose          say more on stderr\n"
	"  -n, --numeric          numbers instead of pod and node names\n"
	"      --help, --version\n"
	"  -- PROGRAM ARG...      trace while it runs; its status is in the summary\n"
	"\n"
	"FILTER (man 7 pcap-filter, IPv4) selects exchanges: where any packet matches, at\n"
	"any hop, before or after NAT, inside or outside a tunnel, request and reply are\n"
	"kept whole; with 'not', those of which no packet has what it names. A protocol\n"
	"or port in it replaces the default of --proto: 'udp port 8080'.\n"
	"\n"
	"Scripts wait for 'calitrace: tracing N interfaces, M pools' on stderr. SIGINT,\n"
	"SIGTERM, SIGHUP and SIGPIPE end like -d; a second one skips the summary.\n";

static const char help_doctor[] =
	"calitrace doctor [OPTIONS]\n"
	"\n"
	"Tells which probes this kernel allows, which are in use, and what is lost\n"
	"without the others. Needs root. Exit status: 0 can trace, 2 cannot.\n"
	"\n"
	"      --clean            remove what an earlier run left behind\n"
	"      --netns NAME|PATH  the node's network namespace (default: own)\n"
	"      --host-root DIR    where the node's files are (default: /)\n"
	"      --node NAME        the node's name (default: /var/lib/calico/nodename,\n"
	"                         else the host name)\n"
	"      --no-bird          do not talk to BIRD\n"
	"  -o, --output FORMAT    text (default) or json: one object a line\n"
	"  -q, --quiet            say less\n"
	"  -v, --verbose          say more on stderr\n"
	"      --help, --version\n";

static const char help_check[] =
	"calitrace check [OPTIONS]\n"
	"\n"
	"Audits this node now, without any traffic: routes to the other nodes' blocks,\n"
	"what the kernel would do, BGP sessions, this node's address, BIRD, graceful\n"
	"restart, tunnel devices, sysctls, the list of tunnel peers, the default route,\n"
	"own blocks, tables that fill up, leftovers. Loads nothing into the kernel.\n"
	"\n"
	"      --strict           a warning counts as a problem\n"
	"      --pool CIDR[=MODE] an IP pool, repeatable; replaces the pools learnt on\n"
	"                         the node; MODE is ipip, vxlan, crosssubnet or none\n"
	"      --netns NAME|PATH  the node's network namespace (default: own)\n"
	"      --host-root DIR    where the node's files are (default: /)\n"
	"      --node NAME        the node's name (default: /var/lib/calico/nodename,\n"
	"                         else the host name)\n"
	"      --baseline FILE    an earlier capture, or another node's, as memory of\n"
	"                         blocks, owners and peers; repeatable\n"
	"      --no-bird          do not talk to BIRD\n"
	"  -o, --output FORMAT    text (default) or json: one object a line\n"
	"  -q, --quiet            only problems\n"
	"  -v, --verbose          say more on stderr\n"
	"      --help, --version\n"
	"\n"
	"Exit status: 0 nothing wrong, 1 something is wrong, 2 trouble, 3 cannot say:\n"
	"what is needed (routes, bgp, tunnel, sysctl) is unknown, or BIRD restarts\n"
	"gracefully.\n"
	"A warning is another node that seems down, or what may be meant so.\n";

const char *command_name(enum command c)
{
	return c > CMD_NONE && c < CMD_MAX ? commands[c].name : "?";
}

enum command command_find(const char *word)
{
	enum command c;

	for (c = CMD_NONE + 1; c < CMD_MAX; c++)
		if (!strcmp(commands[c].name, word))
			return c;
	return CMD_NONE;
}

bool command_works(enum command c)
{
	return c > CMD_NONE && c < CMD_MAX && commands[c].works;
}

void usage_print(FILE *out)
{
	fputs(usage, out);
}

static void help_program(FILE *out)
{
	enum command c;

	fputs(help_head, out);
	for (c = CMD_NONE + 1; c < CMD_MAX; c++)
		fprintf(out, "  %-8s %s%s\n", commands[c].name, commands[c].job,
			commands[c].works ? "" : " (not yet)");
	fputs(help_tail, out);
}

void help_print(FILE *out, enum command c)
{
	if (c == CMD_NONE)
		help_program(out);
	else if (c == CMD_LIVE)
		fputs(help_live, out);
	else if (c == CMD_CHECK)
		fputs(help_check, out);
	else if (c == CMD_DOCTOR)
		fputs(help_doctor, out);
	else if (c == CMD_CAPTURE)
		fputs(help_capture, out);
	else if (c == CMD_SHOW)
		fputs(help_show, out);
	else if (c == CMD_DIFF)
		fputs(help_diff, out);
	else if (c == CMD_METRICS)
		fputs(help_metrics, out);
	else if (c == CMD_REPORT)
		fputs(help_report, out);
}
