#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Capture files and other programs: tcpdump, tshark and capinfos read what the writer makes, the
# reader reads what they make, and a damaged file does nobody harm. tests/cli/capfile.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
shopt -s nullglob
progs=()
for dir in "$root"/.output/*/tests; do
	[[ $dir == *-san/* ]] || progs+=("$dir")
done
[ ${#progs[@]} -gt 0 ] || { echo "capfile.sh: make test-progs first" >&2 && exit 2; }
capfile=${progs[0]}/bench/capfile
fuzz=${progs[0]}/fuzz/main
packets=500

# same NAME WANT GOT
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "expected $2, saw $3"
	fi
}

# silent NAME: nothing on the last command's standard error but what is said of every file
silent() {
	local said

	said=$(grep -v -e '^reading from file' -e '^Running as user' "$out/stderr") || :
	same "$1 has no complaint" '' "$said"
}

count_tcpdump() { tcpdump -n -r "$out/$1" "${@:2}" 2>"$out/stderr" | wc -l; }
count_tshark() { tshark -n -r "$out/$1" "${@:2}" 2>"$out/stderr" | wc -l; }

ours_read() {
	local filter

	"$capfile" write "$out/full.pcapng" $packets
	same "tcpdump reads every packet" $packets "$(count_tcpdump full.pcapng)"
	silent tcpdump
	same "tshark reads every packet" $packets "$(count_tshark full.pcapng)"
	silent tshark
	same "capinfos counts every packet" $packets \
		"$(capinfos -M -T -r -c "$out/full.pcapng" 2>"$out/stderr" | awk '{ print $NF }')"
	silent capinfos
	for filter in 'udp port 53' 'icmp' 'src host 10.253.65.67'; do
		same "filter '$filter' means the same to tcpdump and tshark" \
			"$(count_tcpdump full.pcapng "$filter")" "$(count_tshark full.pcapng -Y "$(display "$filter")")"
	done
	same "tshark finds nothing malformed" 0 "$(count_tshark full.pcapng -Y _ws.malformed)"
}

# display FILTER: as tshark has it
display() {
	case $1 in
	'udp port 53') echo udp.port==53 ;;
	icmp) echo icmp ;;
	*) echo "ip.src==${1##* }" ;;
	esac
}

comments_are_seen() {
	local lines

	lines=$(tshark -n -r "$out/full.pcapng" -T fields -e frame.interface_name -e frame.comment 2>"$out/stderr")
	same "each packet has a comment" $packets \
		"$(awk -F '\t' '$2 ~ /^(tc-ingress|tc-egress|drop) / { n++ } END { print n + 0 }' <<<"$lines")"
	same "the comment names the packet's device" $packets \
		"$(awk -F '\t' '{ split($2, word, /[ ,]+/) } word[2] == $1 { n++ } END { print n + 0 }' <<<"$lines")"
	same "interfaces have the names of devices" 'cali' \
		"$(cut -f1 <<<"$lines" | sort -u | sed 's/^\(cali\).*/\1/' | grep -v '^tunl0$' | sort -u)"
	same "a drop's comment has reason and function" \
		"$(grep -c $'\tdrop ' <<<"$lines")" "$(grep -c 'NETFILTER_DROP in nf_hook_slow' <<<"$lines")"
}

# A node that was recorded without any packet
no_packets() {
	same "tcpdump opens a file without packets" 0 "$(count_tcpdump none.pcapng)"
	silent "tcpdump, without packets,"
	same "tshark opens a file without packets" 0 "$(count_tshark none.pcapng)"
	silent "tshark, without packets,"
}

# packets_of FILE: what our reader finds in it
packets_of() { "$capfile" read "$1" 2>&1 | sed -n 's/^\([0-9]*\) packets,.*/\1/p'; }

foreign_read() {
	local format

	same "our reader reads every packet" $packets "$(packets_of "$out/full.pcapng")"
	for format in pcap nsecpcap pcapng; do
		editcap -F $format "$out/full.pcapng" "$out/foreign.$format" 2>"$out/stderr" || :
		same "packets of a file by editcap -F $format" $packets "$(packets_of "$out/foreign.$format")"
	done
	tcpdump -r "$out/full.pcapng" -w "$out/foreign.tcpdump" 2>"$out/stderr"
	same "packets of a file by tcpdump -w" $packets "$(packets_of "$out/foreign.tcpdump")"
	same "packets from a pipe" $packets "$(packets_of - <"$out/full.pcapng")"
}

# Everything up to the cut, and a word about it; other programs see the same packets
cut_file() {
	local size said

	size=$(stat -c %s "$out/full.pcapng")
	head -c $((size / 2)) "$out/full.pcapng" >"$out/cut.pcapng"
	said=$("$capfile" read "$out/cut.pcapng" 2>&1) || :
	same "a cut file is read up to the cut" "$(count_tcpdump cut.pcapng)" "$(packets_of "$out/cut.pcapng")"
	if [[ $said == *"cut.pcapng: cut at octet $((size / 2)); the "*" packets before it are good"* ]]; then
		ok "a cut file is called so"
	else
		fail "a cut file is called so" "expected 'cut at octet $((size / 2))', saw $said"
	fi
}

hostile() {
	local status=0

	"$capfile" write "$out/seed.pcapng" 12
	timeout 300 "$fuzz" -n 3000 capfile "$out/seed.pcapng" "$out/none.pcapng" "$out/foreign.pcap" >&2 || status=$?
	same "files with random damage" 0 $status
}

"$capfile" write "$out/none.pcapng" 0
ours_read
comments_are_seen
no_packets
foreign_read
cut_file
hostile
