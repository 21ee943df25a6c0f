// SPDX-License-Identifier: GPL-2.0-only
#include "help_text.h"

const char help_report[] =
	"calitrace report FILE [AFTER] -w FILE.html [OPTIONS]\n"
	"\n"
	"Turns a capture into one HTML page: what is wrong, since when and why, the way\n"
	"of a failing packet, what happened when, and the numbers in tables. The page\n"
	"needs nothing else: no network, no scripts. With AFTER both captures stand side\n"
	"by side, under what 'calitrace diff' says of them. FILE and AFTER are captures,\n"
	"directories of *.pcapng (one a node), or - for standard input.\n"
	"\n"
	"  -w FILE.html           new, mode 0600; - is standard output\n"
	"      --force            replace FILE.html\n"
	"  -f FILTER              only exchanges that match (man 7 pcap-filter, IPv4)\n"
	"  -q, --quiet            say less on stderr\n"
	"  -v, --verbose          say more there\n"
	"      --help, --version\n"
	"\n"
	"Exit status: 0 the page is written; 2 trouble. Of a capture that was cut short\n"
	"the page has all up to the cut, says so, and the status is 2.\n";
