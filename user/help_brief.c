// SPDX-License-Identifier: GPL-2.0-only
/*
 * --help: a screen of 24 lines of 80 columns, with each option that there is. What `calitrace help
 * COMMAND` says beyond that, and the manual with it, stands in help.c and help_COMMAND.c.
 */
#include "help_text.h"

static const char brief_program[] =
	"usage: calitrace COMMAND [OPTIONS] [FILE...] [FILTER] [-- PROGRAM ARG...]\n"
	"The way of pod packets through a Kubernetes node that runs Calico: which route\n"
	"each took, whether it left by the right device and next hop, and why not.\n"
	"\n"
	"On a node, as root:\n"
	"  live      trace this node now, each problem as it happens\n"
	"  check     audit this node now, no traffic needed\n"
	"  capture   the same tracing as live, quiet, into a pcapng file\n"
	"  metrics   long-running OpenMetrics endpoint\n"
	"  doctor    which probes this kernel allows, what is lost without\n"
	"Anywhere:\n"
	"  show      replay captures through the same engine\n"
	"  diff      compare two captures, before and after\n"
	"  report    one self-contained HTML page\n"
	"\n"
	"  calitrace live -d 30s host 10.253.181.10 and port 53\n"
	"  calitrace live -- ping -c 3 10.253.181.10\n"
	"  calitrace capture -d 5m -w before.pcapng\n"
	"  calitrace diff before.pcapng after.pcapng\n"
	"\n"
	"Exit status: 0 ran, 2 trouble; of 'check' and 'diff', and with --exit-code of\n"
	"'live' and 'show': 0 nothing wrong, 1 something is, 2 trouble, 3 cannot say.\n"
	"'calitrace COMMAND --help': its options. 'calitrace --version': what is in it.\n";

static const char brief_live[] =
	"usage: calitrace live [OPTIONS] [FILTER] [-- PROGRAM ARG...]\n"
	"What is wrong on this node, each problem as it happens, then a summary. As root.\n"
	"\n"
	"  -d, --duration 30s  -c, --count N   stop after that; after N problems\n"
	"  -w FILE  --force                    also record it; replace FILE\n"
	"  -i, --iface GLOB                    devices (default: pods', tunnels, uplinks)\n"
	"  --proto LIST  --dns-port LIST       dns,icmp,tcp; ports taken for DNS (53)\n"
	"  --pod NS/NAME                       only this pod; its interface or address do\n"
	"  --pool CIDR[=MODE]                  a pool: ipip, vxlan, crosssubnet, none\n"
	"  --all  --top                        also what fared well; a full screen\n"
	"  --reply-timeout 2s                  then a request counts as unanswered\n"
	"  --netns NAME|PATH  --host-root DIR  the node's network namespace; its files\n"
	"  --node NAME  --no-bird              the node's name; leave BIRD alone\n"
	"  --baseline FILE                     earlier, other nodes' captures: memory\n"
	"  -o, --output text|json              json: one object a line\n"
	"  --exit-code                         0 nothing wrong, 1 is, 3 cannot say\n"
	"  -q, --quiet  -v, --verbose          findings only; say more on stderr\n"
	"  -n, --numeric                       numbers instead of pod and node names\n"
	"  --help  --version  -- PROGRAM ARG   trace while that runs\n"
	"\n"
	"FILTER (pcap-filter(7)) keeps whole exchanges: host 10.253.181.10 and icmp\n"
	"All of it: calitrace help live\n";

static const char brief_capture[] =
	"usage: calitrace capture -w FILE [OPTIONS] [FILTER] [-- PROGRAM ARG...]\n"
	"What 'live' traces, quietly into a pcapng file for 'show', 'diff', 'report'.\n"
	"\n"
	"  -w FILE  --force                    new, - is stdout; replace FILE\n"
	"  -d, --duration 30s  -c, --count N   after that (0: the node's state alone);\n"
	"                                      after N packets\n"
	"  -C SIZE  -W COUNT                   a new file at 10m, 1g; keep the last COUNT\n"
	"  -s OCTETS                           of each packet (192)\n"
	"  -i, --iface GLOB                    devices (default: pods', tunnels, uplinks)\n"
	"  --proto LIST  --dns-port LIST       dns,icmp,tcp; ports taken for DNS (53)\n"
	"  --pod NS/NAME                       only this pod; its interface or address do\n"
	"  --pool CIDR[=MODE]                  a pool: ipip, vxlan, crosssubnet, none\n"
	"  --reply-timeout 2s                  then a request counts as unanswered\n"
	"  --netns NAME|PATH  --host-root DIR  the node's network namespace; its files\n"
	"  --node NAME  --no-bird              the node's name; leave BIRD alone\n"
	"  -q, --quiet  -v, --verbose          say less; more on stderr\n"
	"  --help  --version  -- PROGRAM ARG   record while that runs\n"
	"\n"
	"FILTER as in 'live'. SIGUSR1 writes out what is buffered, SIGINT ends it.\n"
	"Exit status: 0 ran, 2 trouble. All of it: calitrace help capture\n";

static const char brief_show[] =
	"usage: calitrace show [OPTIONS] FILE...\n"
	"What 'live' would have printed of captures; several nodes' are put together.\n"
	"\n"
	"  --summary  --timeline  --packets    one of: the end, what happened, packets\n"
	"  -f FILTER  --pod NS/NAME            only these exchanges; only this pod\n"
	"  --since T  --until T                2026-11-23T02:00:05Z, 02:00:05, 90s\n"
	"  --verdict LIST  --all               leaked,no-route; also what fared well\n"
	"  --pool CIDR[=MODE]                  instead of the pools that the node had\n"
	"  --reply-timeout 2s                  then a request counts as unanswered\n"
	"  --baseline FILE                     earlier, other nodes' captures: memory\n"
	"  -w OUT.pcapng  --force              copy, verdicts in comments; replace it\n"
	"  -o, --output text|json              json: one object a line\n"
	"  --exit-code                         0 nothing wrong, 1 is, 3 cannot say\n"
	"  -q, --quiet  -v, --verbose          findings only; say more\n"
	"  -n, --numeric                       numbers instead of names\n"
	"  --help  --version\n"
	"\n"
	"A FILE that is a directory: its *.pcapng; -: stdin; tcpdump's files will do.\n"
	"Exit status: 0 ran, 2 trouble, or a file that was cut short.\n"
	"All of it: calitrace help show\n";

static const char brief_diff[] =
	"usage: calitrace diff [OPTIONS] BEFORE AFTER\n"
	"Compares two captures, each a file or a directory of *.pcapng (one a node):\n"
	"routes, BGP sessions, addresses, links, exchanges by block and app, findings.\n"
	"\n"
	"  -f FILTER               only these exchanges (pcap-filter(7))\n"
	"  -o, --output text|json  json: one object a line\n"
	"  -q, --quiet             one sentence only\n"
	"  -v, --verbose           all changes, and what is unchanged\n"
	"  --help  --version\n"
	"\n"
	"Marks: ! wrong in AFTER, ? cannot be said, + repaired, ~ otherwise different.\n"
	"Only what has answers in AFTER is cured: let pods use it meanwhile.\n"
	"Exit status: 0 cured or healthy, 1 something is wrong in AFTER, 2 trouble,\n"
	"3 cannot say. All of it: calitrace help diff\n";

static const char brief_check[] =
	"usage: calitrace check [OPTIONS]\n"
	"Audits this node now, without any traffic: routes, BGP, addresses, BIRD,\n"
	"tunnels, sysctls, tables that fill up. Loads nothing into the kernel. As root.\n"
	"\n"
	"  --strict                            a warning counts as a problem\n"
	"  --pool CIDR[=MODE]                  a pool: ipip, vxlan, crosssubnet, none\n"
	"  --netns NAME|PATH  --host-root DIR  the node's network namespace; its files\n"
	"  --node NAME  --no-bird              the node's name; leave BIRD alone\n"
	"  --baseline FILE                     earlier, other nodes' captures: memory\n"
	"  -o, --output text|json              json: one object a line\n"
	"  -q, --quiet  -v, --verbose          only problems; say more on stderr\n"
	"  --help  --version\n"
	"\n"
	"Exit status: 0 nothing wrong, 1 something is wrong, 2 trouble, 3 cannot say.\n"
	"All of it: calitrace help check\n";

static const char brief_metrics[] =
	"usage: calitrace metrics [OPTIONS]\n"
	"Traces as 'live' does, until a signal comes, and serves what it counts over HTTP\n"
	"to Prometheus: /metrics, and /healthz. As root.\n"
	"\n"
	"  --listen ADDR:PORT                  where (127.0.0.1:9435); no password\n"
	"  --pool CIDR[=MODE]                  a pool: ipip, vxlan, crosssubnet, none\n"
	"  --reply-timeout 2s                  then a request counts as unanswered\n"
	"  --netns NAME|PATH  --host-root DIR  the node's network namespace; its files\n"
	"  --node NAME  --no-bird              the node's name; leave BIRD alone\n"
	"  -q, --quiet  -v, --verbose          say less; more on stderr\n"
	"  --help  --version\n"
	"\n"
	"  calitrace_packets_total{verdict,app,block}   calitrace_findings{cause,state}\n"
	"  calitrace_routes_missing                     calitrace_bgp_sessions{state}\n"
	"  calitrace_reply_seconds{app} (histogram)     calitrace_build_info\n"
	"  calitrace_events_lost_total                  calitrace_events_withheld_total\n"
	"\n"
	"Exit status: 0 ran, 2 trouble. All of it: calitrace help metrics\n";

void help_brief(FILE *out, enum command c)
{
	static const char *const brief[CMD_MAX] = {
		[CMD_NONE] = brief_program,    [CMD_LIVE] = brief_live,
		[CMD_CAPTURE] = brief_capture, [CMD_SHOW] = brief_show,
		[CMD_DIFF] = brief_diff,       [CMD_CHECK] = brief_check,
		[CMD_METRICS] = brief_metrics,
	};

	/* the others' whole help fits a screen */
	if (brief[c])
		fputs(brief[c], out);
	else
		help_print(out, c);
}
