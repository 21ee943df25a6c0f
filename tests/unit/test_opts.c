// SPDX-License-Identifier: GPL-2.0-only
/* The command line: what is taken, and the one line that says why something is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "opts.h"
#include "util.h"

#define MAX_WORDS 16

/* Splits words at blanks, a word "''" is empty. The strings live until the next call. */
static int parse(const char *words, struct opts *o, char **ret_err)
{
	static char copy[512];
	static char *argv[MAX_WORDS + 1];
	char *rest = copy, *word;
	size_t err_len;
	FILE *err = open_memstream(ret_err, &err_len);
	int argc = 0, ret;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " ")) && argc < MAX_WORDS) {
		if (!strcmp(word, "''"))
			word += 2;
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	ret = opts_parse(argc, argv, o, err);
	fclose(err);
	return ret;
}

static struct opts parse_ok(const char *words)
{
	struct opts o;
	char *err;
	int ret = parse(words, &o, &err);

	if (ret || *err)
		fail_msg("%s: %d, %s", words, ret, err);
	free(err);
	return o;
}

static void defaults(void **state)
{
	struct opts o = parse_ok("calitrace live");

	(void)state;
	assert_int_equal(o.command, CMD_LIVE);
	assert_true(o.duration_ns == 0 && o.count == 0);
	assert_true(o.iface_default);
	assert_int_equal(o.iface_cnt, 0);
	assert_int_equal(o.pool_cnt, 0);
	assert_null(o.netns);
	assert_null(o.node);
	assert_null(o.program);
	assert_string_equal(o.host_root, "/");
	assert_true(o.reply_timeout_ns == 2 * NS_PER_S);
	assert_int_equal(o.output, OUTPUT_TEXT);
	assert_false(o.no_bird || o.all || o.exit_code || o.quiet || o.verbose || o.numeric);
	assert_int_equal(parse_ok("calitrace doctor").command, CMD_DOCTOR);
}

static void durations(void **state)
{
	(void)state;
	assert_true(parse_ok("calitrace live -d 30s").duration_ns == 30 * NS_PER_S);
	assert_true(parse_ok("calitrace live -d 30").duration_ns == 30 * NS_PER_S);
	assert_true(parse_ok("calitrace live -d5m").duration_ns == 300 * NS_PER_S);
	assert_true(parse_ok("calitrace live --duration=1h").duration_ns == 3600 * NS_PER_S);
	assert_true(parse_ok("calitrace live --duration 2s").duration_ns == 2 * NS_PER_S);
	assert_true(parse_ok("calitrace live --reply-timeout 10ms").reply_timeout_ns ==
		    10 * NS_PER_MS);
	assert_true(parse_ok("calitrace live --reply-timeout 10m").reply_timeout_ns ==
		    600 * NS_PER_S);
}

static void flags(void **state)
{
	struct opts o =
		parse_ok("calitrace live -qvn --no-bird --all --exit-code -o json -c 3 --netns "
			 "k8s02 --host-root /lab --node n1");

	(void)state;
	assert_true(o.quiet && o.verbose && o.numeric && o.no_bird && o.all && o.exit_code);
	assert_int_equal(o.output, OUTPUT_JSON);
	assert_true(o.count == 3);
	assert_string_equal(o.netns, "k8s02");
	assert_string_equal(o.host_root, "/lab");
	assert_string_equal(o.node, "n1");
	o = parse_ok(
		"calitrace doctor --clean -q -v -ojson --netns a --host-root b --node c --no-bird");
	assert_true(o.clean && o.quiet && o.verbose && o.no_bird);
	assert_true(parse_ok("calitrace live -qd30s").duration_ns == 30 * NS_PER_S);
}

static void ifaces(void **state)
{
	struct opts o = parse_ok("calitrace live -i cali* --iface eth0");

	(void)state;
	assert_false(o.iface_default);
	assert_int_equal(o.iface_cnt, 2);
	assert_string_equal(o.iface[0], "cali*");
	assert_string_equal(o.iface[1], "eth0");
	o = parse_ok("calitrace live -i any");
	assert_true(o.iface_default);
	assert_int_equal(o.iface_cnt, 0);
	o = parse_ok("calitrace live -i any -i dummy0");
	assert_true(o.iface_default);
	assert_int_equal(o.iface_cnt, 1);
}

static void pools(void **state)
{
	struct opts o =
		parse_ok("calitrace live --pool 10.253.0.0/16 --pool=10.254.0.0/16=vxlan --pool "
			 "10.252.0.0/16=none --pool 10.251.0.0/16=crosssubnet");
	char buf[PREFIX_STRLEN];

	(void)state;
	assert_int_equal(o.pool_cnt, 4);
	assert_string_equal(prefix_str(&o.pool[0].cidr, buf), "10.253.0.0/16");
	assert_int_equal(o.pool[0].mode, POOL_UNKNOWN);
	assert_int_equal(o.pool[0].from, FROM_OPTION);
	assert_int_equal(o.pool[1].mode, POOL_VXLAN);
	assert_int_equal(o.pool[2].mode, POOL_NONE);
	assert_int_equal(o.pool[3].mode, POOL_CROSSSUBNET);
}

static void proto_and_ports(void **state)
{
	struct opts o = parse_ok("calitrace live");

	(void)state;
	assert_int_equal(o.apps, EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP);
	assert_int_equal(o.dns_port[0], 53);
	assert_int_equal(o.dns_port[1], 0);
	assert_string_equal(o.filter, "");
	assert_null(o.pod);
	assert_int_equal(parse_ok("calitrace live --proto icmp").apps, EV_APP_ICMP);
	assert_int_equal(parse_ok("calitrace live --proto=tcp,dns").apps, EV_APP_TCP | EV_APP_DNS);
	assert_int_equal(parse_ok("calitrace live --proto tcp --proto dns,tcp").apps,
			 EV_APP_TCP | EV_APP_DNS);
	o = parse_ok("calitrace live --dns-port 53,5353 --dns-port 1,65535");
	assert_int_equal(o.dns_port[0], 53);
	assert_int_equal(o.dns_port[1], 5353);
	assert_int_equal(o.dns_port[2], 1);
	assert_int_equal(o.dns_port[3], 65535);
	o = parse_ok("calitrace live --dns-port 5353");
	assert_int_equal(o.dns_port[0], 5353);
	assert_int_equal(o.dns_port[1], 0);
}

static void filters(void **state)
{
	struct opts o = parse_ok("calitrace live udp -d 3 port 8080 --all -- ping icmp");

	(void)state;
	assert_string_equal(o.filter, "udp port 8080");
	assert_int_equal(o.apps, EV_APP_UDP);
	assert_true(o.all && o.duration_ns == 3 * NS_PER_S);
	assert_string_equal(o.program[1], "icmp");
	o = parse_ok("calitrace live ''");
	assert_string_equal(o.filter, "");
	o = parse_ok("calitrace live ( icmp or tcp )");
	assert_string_equal(o.filter, "( icmp or tcp )");
	assert_int_equal(o.apps, EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP);
	assert_int_equal(parse_ok("calitrace live icmp").apps, EV_APP_ICMP);
	assert_int_equal(parse_ok("calitrace live host 10.1.1.1").apps,
			 EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP);
	assert_int_equal(parse_ok("calitrace live --proto tcp host 10.1.1.1").apps, EV_APP_TCP);
	assert_int_equal(parse_ok("calitrace live --dns-port 5353 port 5353").apps, EV_APP_DNS);
	assert_int_equal(parse_ok("calitrace live not port 53").apps,
			 EV_APP_ICMP | EV_APP_TCP | EV_APP_UDP);
}

static void too_long_filter(void **state)
{
	char word[FILTER_LEN], *err;
	char *argv[] = { "calitrace", "live", "icmp", word, NULL };
	struct opts o;
	size_t len;
	FILE *f = open_memstream(&err, &len);

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(opts_parse(4, argv, &o, f), -EINVAL);
	fclose(f);
	assert_string_equal(err, "calitrace: FILTER 'icmp "
				 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...': longer than 4095 "
				 "characters; use networks and ranges\n");
	free(err);
}

static void pods(void **state)
{
	struct opts o = parse_ok("calitrace live --pod kube-system/coredns-5d78c9869d-x2x4b");

	(void)state;
	assert_string_equal(o.pod, "kube-system/coredns-5d78c9869d-x2x4b");
	/* printf kube-system.coredns-5d78c9869d-x2x4b | sha1sum */
	assert_string_equal(o.pod_dev, "cali9ed3f72c08c");
	assert_false(addr_is_set(&o.pod_addr));
	o = parse_ok("calitrace live --pod cali0123456789a");
	assert_string_equal(o.pod_dev, "cali0123456789a");
	assert_false(addr_is_set(&o.pod_addr));
	o = parse_ok("calitrace live --pod 10.253.65.67");
	assert_string_equal(o.pod_dev, "");
	assert_true(addr_is_set(&o.pod_addr));
}

static void captures(void **state)
{
	struct opts o = parse_ok("calitrace capture -w x.pcapng -s 64 -C 10m -W 5 --force icmp");

	(void)state;
	assert_int_equal(o.command, CMD_CAPTURE);
	assert_string_equal(o.write, "x.pcapng");
	assert_true(o.force && !o.snapshot && o.snaplen == 64);
	assert_true(o.file_bytes == 10 << 20 && o.file_max == 5);
	assert_string_equal(o.filter, "icmp");
	o = parse_ok("calitrace capture -w -");
	assert_string_equal(o.write, "-");
	assert_int_equal(o.snaplen, SNAP_LEN);
	assert_true(parse_ok("calitrace capture -w a -C 64k").file_bytes == 65536);
	assert_true(parse_ok("calitrace capture -w a -C 2G").file_bytes == 2ull << 30);
	assert_true(parse_ok("calitrace capture -w a -C 3").file_bytes == 3000000);
	assert_true(parse_ok("calitrace capture -w a -d 0").snapshot);
	o = parse_ok("calitrace capture -w a -d 0 -d 5");
	assert_true(!o.snapshot && o.duration_ns == 5 * NS_PER_S);
	o = parse_ok("calitrace capture -w a --pod 10.253.65.67 --reply-timeout 5s -- ping -c 3 x");
	assert_true(o.reply_timeout_ns == 5 * NS_PER_S);
	assert_string_equal(o.program[3], "x");
	assert_string_equal(parse_ok("calitrace live -w a").write, "a");
}

static void files(void **state)
{
	struct opts o = parse_ok("calitrace show a - b -f icmp --verdict leaked,no-route --since "
				 "90s --until 2026-11-23T02:00:05.5Z");

	(void)state;
	assert_int_equal(o.file_cnt, 3);
	assert_string_equal(o.file[1], "-");
	assert_string_equal(o.filter, "icmp");
	assert_true(o.verdicts == (1ull << V_LEAKED | 1ull << V_NO_ROUTE));
	assert_true(o.since.kind == WHEN_OFFSET && o.since.ns == 90 * (int64_t)NS_PER_S);
	/* date -u -d 2026-11-23T02:00:05Z +%s */
	assert_true(o.until.kind == WHEN_WALL && o.until.ns == 1795399205500000000);
	o = parse_ok("calitrace show a --since 02:00:05");
	assert_true(o.since.kind == WHEN_CLOCK && o.since.ns == 7205 * (int64_t)NS_PER_S);
	assert_int_equal(parse_ok("calitrace diff a b").file_cnt, 2);
	assert_string_equal(parse_ok("calitrace report a -w b.html").write, "b.html");
	assert_string_equal(parse_ok("calitrace check --baseline a --baseline b").baseline[1], "b");
}

static void program(void **state)
{
	struct opts o = parse_ok("calitrace live -d 3 -- ping -c 1 -- x");

	(void)state;
	assert_non_null(o.program);
	assert_string_equal(o.program[0], "ping");
	assert_string_equal(o.program[1], "-c");
	assert_string_equal(o.program[3], "--");
	assert_string_equal(o.program[4], "x");
	assert_null(o.program[5]);
}

/* Words, and the line without "calitrace: " */
static const struct {
	const char *words, *line;
} wrong[] = {
	{ "calitrace tcpdump",
	  "'tcpdump': there is no such command; 'live', 'capture', 'show', 'diff', 'report', 'check', "
	  "'metrics' and 'doctor' are, see 'calitrace --help'" },
	{ "calitrace metrics --listen localhost:9435",
	  "--listen 'localhost:9435': not ADDRESS:PORT with a numeric address, such as "
	  "127.0.0.1:9435 or [::1]:9435, or :9435 for all" },
	{ "calitrace -d 30s live", "'-d': the command comes first, as in 'calitrace live -d'" },
	{ "calitrace help tcpdump",
	  "help for 'tcpdump': there is no such command, see 'calitrace help'" },
	{ "calitrace live -d 0",
	  "-d '0': not a duration above zero; write 30s, 5m, 1h or a bare number of seconds" },
	{ "calitrace live -d -5",
	  "-d '-5': not a duration above zero; write 30s, 5m, 1h or a bare number of seconds" },
	{ "calitrace live --duration=5x",
	  "--duration '5x': not a duration above zero; write 30s, 5m, "
	  "1h or a bare number of seconds" },
	{ "calitrace live -d 1.5h",
	  "-d '1.5h': not a duration above zero; write 30s, 5m, 1h or a bare number of seconds" },
	{ "calitrace live -d 500ms",
	  "-d '500ms': not a duration above zero; write 30s, 5m, 1h or a bare number of seconds" },
	{ "calitrace live -d 99999999999999999999", "-d '99999999999999999999': too long" },
	{ "calitrace live -d", "option '-d' needs a value: see 'calitrace live --help'" },
	{ "calitrace live --netns --all",
	  "option '--netns' needs a value, and '--all' is an option: see 'calitrace live --help'" },
	{ "calitrace live --node ''",
	  "option '--node' needs a value, it is empty: see 'calitrace live --help'" },
	{ "calitrace live --node=",
	  "option '--node' needs a value, it is empty: see 'calitrace live --help'" },
	{ "calitrace live --all=yes", "option '--all' takes no value: leave '=yes' out" },
	{ "calitrace live -c 0", "-c '0': not a number from 1 to 4294967295" },
	{ "calitrace live -c 5k", "-c '5k': not a number from 1 to 4294967295" },
	{ "calitrace live -i a/b",
	  "-i 'a/b': not the name of a device or a pattern such as 'cali*'" },
	{ "calitrace live -o xml",
	  "-o 'xml': neither text nor json (it is the format; data goes to stdout)" },
	{ "calitrace live --reply-timeout 9ms", "--reply-timeout '9ms': not between 10ms and 10m" },
	{ "calitrace live --reply-timeout 0", "--reply-timeout '0': not between 10ms and 10m" },
	{ "calitrace live --reply-timeout 11m", "--reply-timeout '11m': not between 10ms and 10m" },
	{ "calitrace live --reply-timeout soon",
	  "--reply-timeout 'soon': not a duration; write 500ms, 2s or 1m" },
	{ "calitrace live --pool 10.253.65.67/16",
	  "--pool '10.253.65.67/16': host bits are set; the prefix is 10.253.0.0/16" },
	{ "calitrace live --pool fd00::/64=none",
	  "--pool 'fd00::/64': IPv6 is not traced yet; give an IPv4 prefix such as 10.253.0.0/16" },
	{ "calitrace live --pool 10.253.0.0",
	  "--pool '10.253.0.0': not an IPv4 prefix such as 10.253.0.0/16" },
	{ "calitrace live --pool 10.253.0.0/16=gre",
	  "--pool '10.253.0.0/16=gre': the mode after '=' is none of "
	  "ipip, vxlan, crosssubnet, none" },
	{ "calitrace live --pool 10.253.0.0/16=",
	  "--pool '10.253.0.0/16=': the mode after '=' is none of ipip, vxlan, crosssubnet, none" },
	{ "calitrace live --pool 10.253.0.0/16 --pool 10.253.0.0/16=ipip",
	  "--pool '10.253.0.0/16': given twice; leave one out" },
	{ "calitrace live --bogus", "unknown option '--bogus': see 'calitrace live --help'" },
	{ "calitrace live -z", "unknown option '-z': see 'calitrace live --help'" },
	{ "calitrace live -qz", "unknown option '-z': see 'calitrace live --help'" },
	{ "calitrace live --dur 3",
	  "unknown option '--dur': options are not abbreviated, did you mean '--duration'?" },
	{ "calitrace live --no", "unknown option '--no': see 'calitrace live --help'" },
	{ "calitrace live --proto udp",
	  "--proto 'udp': 'udp' is none of dns, icmp, tcp (several: dns,icmp); other UDP is asked "
	  "for by a FILTER such as 'udp port 8080'" },
	{ "calitrace live --proto dns,",
	  "--proto 'dns,': '' is none of dns, icmp, tcp (several: dns,icmp); other UDP is asked "
	  "for by a FILTER such as 'udp port 8080'" },
	{ "calitrace live --proto ICMP",
	  "--proto 'ICMP': 'ICMP' is none of dns, icmp, tcp (several: dns,icmp); other UDP is "
	  "asked for by a FILTER such as 'udp port 8080'" },
	{ "calitrace live --proto icmp port 53",
	  "--proto icmp contradicts the FILTER 'port 53', which selects dns: leave one of them "
	  "out" },
	{ "calitrace live port 5353 --dns-port 5353 --proto tcp",
	  "--proto tcp contradicts the FILTER 'port 5353', which selects dns: leave one of them "
	  "out" },
	{ "calitrace live --pod a/b/c",
	  "--pod 'a/b/c': not NAMESPACE/POD such as kube-system/coredns-5d78c9869d" },
	{ "calitrace live --pod /b",
	  "--pod '/b': not NAMESPACE/POD such as kube-system/coredns-5d78c9869d" },
	{ "calitrace live --pod a/",
	  "--pod 'a/': not NAMESPACE/POD such as kube-system/coredns-5d78c9869d" },
	{ "calitrace live --pod Default/b",
	  "--pod 'Default/b': not NAMESPACE/POD such as kube-system/coredns-5d78c9869d" },
	{ "calitrace live --pod coredns-5d78c9869d-x2x4b",
	  "--pod 'coredns-5d78c9869d-x2x4b': neither an interface (cali0123456789a), an IPv4 "
	  "address nor NAMESPACE/POD" },
	{ "calitrace live --pod fd00::1",
	  "--pod 'fd00::1': IPv6 is not traced yet; give its IPv4 address" },
	{ "calitrace live --pod a/b --pod a/c",
	  "--pod 'a/c': given twice; leave one out, or name both in a FILTER" },
	{ "calitrace live --on-loss warn",
	  "option '--on-loss' of 'live' is not in this version yet: leave it out" },
	{ "calitrace live --dns-port 0",
	  "--dns-port '0': '0' is not a port from 1 to 65535 (several: 53,5353)" },
	{ "calitrace live --dns-port 53,x",
	  "--dns-port '53,x': 'x' is not a port from 1 to 65535 (several: 53,5353)" },
	{ "calitrace live --dns-port 65536",
	  "--dns-port '65536': '65536' is not a port from 1 to 65535 (several: 53,5353)" },
	{ "calitrace live --dns-port 53000000000",
	  "--dns-port '53000000000': '53000000000' is not a port from 1 to 65535 (several: "
	  "53,5353)" },
	{ "calitrace live --dns-port 53,54,53",
	  "--dns-port '53,54,53': 53 is given twice; leave one out" },
	{ "calitrace live --dns-port 1,2,3,4,5", "--dns-port '1,2,3,4,5': more than 4 ports" },
	{ "calitrace check -w f", "option '-w' does not belong to 'check': it is one of 'live', "
				  "'capture', 'show', 'report'" },
	{ "calitrace live --listen x", "option '--listen' does not belong to 'live': it is one of "
				       "'metrics'" },
	{ "calitrace live --strict", "option '--strict' does not belong to 'live': it is one of "
				     "'check'" },
	{ "calitrace live --clean",
	  "option '--clean' does not belong to 'live': it is one of 'doctor'" },
	{ "calitrace doctor -d 3",
	  "option '-d' does not belong to 'doctor': it is one of 'live', 'capture'" },
	{ "calitrace doctor x", "'x': 'doctor' takes options only, see 'calitrace doctor --help'" },
	{ "calitrace doctor -- x",
	  "'--' does not belong to 'doctor': only 'live' and 'capture' run a program" },
	{ "calitrace live --",
	  "nothing follows '--': give the PROGRAM to run while tracing, or leave "
	  "'--' out" },
	{ "calitrace live udp prot 53",
	  "FILTER 'udp prot 53': can't parse filter expression: syntax error; man 7 pcap-filter "
	  "has the syntax" },
	{ "calitrace live x\x1b[31m\ny",
	  "FILTER 'x\\x1b[31m\\x0ay': can't parse filter expression: syntax error; man 7 "
	  "pcap-filter has the syntax" },
	{ "calitrace capture host 10.0.0.1",
	  "'capture' needs a file: -w FILE, or -w - for stdout" },
	{ "calitrace capture -w a -w b", "-w 'b': given twice; leave one out" },
	{ "calitrace capture -w a udp prot 53",
	  "FILTER 'udp prot 53': can't parse filter expression: syntax error; man 7 pcap-filter "
	  "has the syntax" },
	{ "calitrace capture -w a -s 63", "-s '63': not a number of octets from 64 to 192" },
	{ "calitrace capture -w a -s 193", "-s '193': not a number of octets from 64 to 192" },
	{ "calitrace capture -w a -C 63k",
	  "-C '63k': not a size of at least 64k; write 500k, 10m, 1g, or a bare number of millions "
	  "of octets" },
	{ "calitrace capture -w a -C k",
	  "-C 'k': not a size of at least 64k; write 500k, 10m, 1g, or a bare number of millions of "
	  "octets" },
	{ "calitrace capture -w a -C 99999999999g",
	  "-C '99999999999g': not a size of at least 64k; write 500k, 10m, 1g, or a bare number of "
	  "millions of octets" },
	{ "calitrace capture -w a -C 1m -W 0", "-W '0': not a number of files from 1 to 1000000" },
	{ "calitrace capture -w a -W 3",
	  "-W says how many files to keep, -C SIZE when to begin the next: give both" },
	{ "calitrace capture -w - -C 1m",
	  "-C begins new files, and stdout is none: leave one out" },
	{ "calitrace capture -w a -d 0 -c 3",
	  "-d 0 writes the node's state and no packet: leave it or -c out" },
	{ "calitrace capture -w a -d 0 -C 1m",
	  "-d 0 writes the node's state and no packet: leave it or -C out" },
	{ "calitrace capture -w a -d 0 -- true",
	  "-d 0 writes the node's state and no packet: leave it or -- PROGRAM out" },
	{ "calitrace capture -w a -o json",
	  "option '-o' does not belong to 'capture': it is one of 'live', 'show', 'diff', 'check', "
	  "'doctor'" },
	{ "calitrace live -w -", "-w -: 'live' prints to stdout; 'capture -w -' writes there" },
	{ "calitrace live --force",
	  "--force lets -w replace a file: give -w FILE, or leave it out" },
	{ "calitrace show", "'show' needs a capture: FILE, or - for stdin" },
	{ "calitrace show a --verdict lost",
	  "--verdict 'lost': 'lost' is no verdict; leaked, no-route, filtered, unanswered ... are "
	  "(calitrace show --help)" },
	{ "calitrace show a --since soon",
	  "--since 'soon': not a point of time; write 2026-11-23T02:00:05Z, 02:00:05 (UTC), or 90s "
	  "after the capture's start" },
	{ "calitrace show a --until 2600-01-01T00:00:00Z",
	  "--until '2600-01-01T00:00:00Z': not a point of time; write 2026-11-23T02:00:05Z, "
	  "02:00:05 (UTC), or 90s after the capture's start" },
	{ "calitrace diff a",
	  "'diff' needs two captures: BEFORE and AFTER, each a file or a directory of *.pcapng" },
	{ "calitrace diff a b c", "'c': 'diff' takes no more than 2 files" },
	{ "calitrace report a", "'report' needs a file: -w FILE.html, or -w - for stdout" },
};

static void wrong_words(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		char expected[512], *err;
		struct opts o;

		snprintf(expected, sizeof(expected), "calitrace: %s\n", wrong[i].line);
		assert_int_equal(parse(wrong[i].words, &o, &err), -EINVAL);
		assert_string_equal(err, expected);
		free(err);
	}
}

static void too_many(void **state)
{
	char *argv[2 * (MAX_POOLS + 1) + 3] = { "calitrace", "live" }, *err;
	char cidr[MAX_POOLS + 1][32];
	struct opts o;
	size_t len;
	FILE *f = open_memstream(&err, &len);
	int i, argc = 2;

	(void)state;
	for (i = 0; i <= MAX_POOLS; i++) {
		snprintf(cidr[i], sizeof(cidr[i]), "10.%d.0.0/16", i);
		argv[argc++] = "--pool";
		argv[argc++] = cidr[i];
	}
	assert_int_equal(opts_parse(argc - 2, argv, &o, f), 0);
	assert_int_equal(o.pool_cnt, MAX_POOLS);
	assert_int_equal(opts_parse(argc, argv, &o, f), -EINVAL);
	fclose(f);
	assert_string_equal(err, "calitrace: --pool '10.64.0.0/16': more than 64 pools\n");
	free(err);
}

/* What goes to stdout while words are parsed; *ret as opts_parse() has it */
static char *stdout_of(const char *words, int *ret)
{
	static char text[8192];
	FILE *tmp = tmpfile();
	int saved = dup(1);
	struct opts o;
	char *err;
	size_t n;

	fflush(stdout);
	dup2(fileno(tmp), 1);
	*ret = parse(words, &o, &err);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	rewind(tmp);
	n = fread(text, 1, sizeof(text) - 1, tmp);
	text[n] = '\0';
	fclose(tmp);
	free(err);
	return text;
}

static void help_fits(const char *words, int min, int max)
{
	int ret, lines = 0;
	char *text = stdout_of(words, &ret), *line;

	assert_int_equal(ret, 1);
	while ((line = strsep(&text, "\n")) && text) {
		assert_true(strlen(line) <= 80);
		lines++;
	}
	assert_in_range(lines, min, max);
}

static void help(void **state)
{
	int ret;

	(void)state;
	help_fits("calitrace --help", 16, 24);
	help_fits("calitrace help", 24, 40);
	help_fits("calitrace live --help", 16, 24);
	help_fits("calitrace help live", 30, 60);
	help_fits("calitrace live -d 3 --help", 16, 24);
	help_fits("calitrace doctor --help", 10, 24);
	help_fits("calitrace capture --help", 16, 24);
	help_fits("calitrace help capture", 30, 60);
	help_fits("calitrace show --help", 16, 24);
	help_fits("calitrace diff --help", 10, 24);
	help_fits("calitrace report --help", 10, 24);
	help_fits("calitrace check --help", 10, 24);
	assert_memory_equal(stdout_of("calitrace --version", &ret), "calitrace ", 10);
	assert_int_equal(ret, 1);
	stdout_of("calitrace doctor --version", &ret);
	assert_int_equal(ret, 1);
}

static void usage(void **state)
{
	struct opts o;
	char *err;

	(void)state;
	assert_int_equal(parse("calitrace", &o, &err), -EINVAL);
	assert_non_null(strstr(err, "usage: calitrace COMMAND"));
	free(err);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),    cmocka_unit_test(durations),
		cmocka_unit_test(flags),       cmocka_unit_test(ifaces),
		cmocka_unit_test(pools),       cmocka_unit_test(proto_and_ports),
		cmocka_unit_test(filters),     cmocka_unit_test(too_long_filter),
		cmocka_unit_test(pods),	       cmocka_unit_test(program),
		cmocka_unit_test(captures),    cmocka_unit_test(files),
		cmocka_unit_test(wrong_words), cmocka_unit_test(too_many),
		cmocka_unit_test(help),	       cmocka_unit_test(usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
