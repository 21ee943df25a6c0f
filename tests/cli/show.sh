#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# show: says of a capture what live said, line by line; of a part, of several nodes, of other
# programs' captures, of a file that was cut, what there is to say. tests/cli/show.sh DIR

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
export PATH=$PATH:/usr/sbin:/sbin

# shown STATUS ARGUMENT...: show, its output in $out/shown and $out/shown.err
shown() {
	local want=$1 status=0

	shift
	timeout 60 "$calitrace" show "$@" >"$out/shown" 2>"$out/shown.err" </dev/null || status=$?
	[ "$status" -eq "$want" ] ||
		echo "expected exit status $want of show $*, saw $status: $(head -n 1 "$out/shown.err")"
}

# same FILE FILE: as they are; else the first line that differs
same() { cmp -s "$1" "$2" || echo "expected the same, saw $(diff "$1" "$2" | head -n 3 | cut -c 1-300)"; }

# ---- one run: a fault that comes and goes, seen by two nodes, in text and in JSON ----

record() {
	local name tcpdump_pid

	rm -f "$out"/*.pcapng "$out"/*.pcap
	live text k8s02 -w "$out/text.pcapng"
	live json k8s02 -o json -w "$out/json.pcapng"
	live peer k8s01 -o json -w "$out/peer.pcapng"
	nsenter --net="/run/netns/${node_ns[k8s02]}" tcpdump -i "$POD_DEV_k8s02_p1" -U -w "$out/foreign.pcap" \
		>"$out/tcpdump.out" 2>"$out/tcpdump.err" </dev/null &
	tcpdump_pid=$!
	for name in text json peer; do
		tracer_wait $name
	done
	within "$patience" grep -q listening "$out/tcpdump.err" || echo "expected tcpdump to listen, saw $(cat "$out/tcpdump.err")"
	lab traffic --count 2 ping dns >&2 || echo "expected healthy traffic, saw none"
	lab fault incident >&2
	lab traffic --count 2 ping dns >&2 || :
	# Who captured packets alone does not know that a neighbour was not waited for: 2 s and 3.5 s.
	sleep 6
	lab heal >&2
	now_ts >"$out/healed"
	lab traffic --count 2 ping dns >&2 || echo "expected traffic after the heal, saw none"
	for name in text json peer; do
		tracer_stop $name
		[ "${tracer_status[$name]}" -eq 0 ] || echo "expected exit status 0 of $name, saw ${tracer_status[$name]}"
	done
	kill "$tcpdump_pid"
	wait "$tcpdump_pid" || :
	[ "$(jq -s 'map(select(.verdict == "leaked" and .type == "packet")) | length' "$out/json.json")" -gt 0 ] ||
		echo "expected the fault to be seen, saw no leak"
}

line_by_line() {
	shown 0 "$out/text.pcapng"
	same "$out/text.json" "$out/shown"
	shown 0 -o json "$out/json.pcapng"
	same "$out/json.json" "$out/shown"
	# the closing line, too
	same <(tail -n 1 "$out/json.err") <(tail -n 1 "$out/shown.err")
	shown 0 -o json "$out/peer.pcapng"
	same "$out/peer.json" "$out/shown"
	shown 1 -q --exit-code "$out/json.pcapng"
}

# Other forms of the same output hold the same as the whole
summary() {
	shown 0 --summary "$out/text.pcapng"
	same <(sed -n '/^SUMMARY/,$p' "$out/text.json") <(sed -n '/^SUMMARY/,$p' "$out/shown")
	[ "$(grep -c '^FINDING 1  leaked' "$out/shown")" = 1 ] || echo "expected the finding once, saw $(grep '^FINDING' "$out/shown")"
	shown 0 --summary -o json "$out/json.pcapng"
	same <(tail -n 1 "$out/json.json") <(tail -n 1 "$out/shown")
	[ "$(jq -r .type "$out/shown" | sort | uniq -c | tr -s ' \n' ' ')" = ' 1 finding 1 summary ' ] ||
		echo "expected a finding and a summary, saw $(jq -r .type "$out/shown" | paste -sd' ')"
}

verdict() {
	shown 0 -o json --verdict leaked,no-route "$out/json.pcapng"
	same <(jq -c 'select(.type == "packet" and .verdict == "leaked")' "$out/json.json") <(jq -c 'select(.type == "packet")' "$out/shown")
	[ "$(jq -s 'map(select(.type == "route")) | length' "$out/shown")" = 0 ] || echo "expected no routes, saw some"
	shown 0 -o json --verdict ttl "$out/json.pcapng"
	[ "$(jq -s 'map(select(.type == "packet" or .type == "finding")) | length' "$out/shown")" = 0 ] ||
		echo "expected nothing of a verdict that was not there, saw $(grep -E 'packet|finding' "$out/shown" | head -n 1)"
}

packets() {
	local seen

	seen=$(jq -r 'select(.type == "summary") | .seen' "$out/json.json")
	shown 0 --packets "$out/json.pcapng"
	[ "$(grep -c . "$out/shown")" = "$seen" ] || echo "expected $seen lines, saw $(grep -c . "$out/shown")"
	sort -c "$out/shown" 2>/dev/null || echo "expected them in the order of time, saw another"
	shown 0 --packets --verdict leaked "$out/json.pcapng"
	[ "$(grep -c ' leaked ' "$out/shown")" = "$(jq -r 'select(.type == "summary") | .verdicts.leaked' "$out/json.json")" ] ||
		echo "expected all that leaked, saw $(grep -c ' leaked ' "$out/shown")"
}

timeline() {
	local what

	shown 0 --timeline "$out/json.pcapng"
	while read -r what; do
		grep -qE "^[0-9-]+ [0-9:.~]+ +$what" "$out/shown" || echo "expected '$what' among the events, saw none"
	done <<-END
		kernel +address +${NODE_IP_k8s02}/
		kernel +address +$LAB_WRONG_ADDRESS/[0-9]+ given to
		kernel +address +$LAB_WRONG_ADDRESS/[0-9]+ taken from
		kernel +link +.* add
		/proc +process +bird\[[0-9]+\] began
		bird +bgp +.* Established
		tcp +bgp +$NODE_IP_k8s01 
		kernel +route +del $NODE_BLOCK_k8s01
		packets +loss +first loss: leaked for $NODE_BLOCK_k8s01.*finding 1
		kernel +repair +add $NODE_BLOCK_k8s01 .*finding 1
		packets +answer +first answer for $NODE_BLOCK_k8s01
	END
	# what only counts in seconds is left out of the order
	grep -v '~' "$out/shown" | cut -c 1-18 | sort -c 2>/dev/null || echo "expected the order of time, saw another"
	shown 0 --timeline -o json "$out/json.pcapng"
	jq -es 'all(.type == "event" and .ts and .source and .what and .explain)' "$out/shown" >/dev/null ||
		echo "expected events with ts, source, what and explain, saw $(head -n 1 "$out/shown")"
}

# After the heal nothing is wrong; what the node was like before is known all the same.
interval() {
	local healed when

	healed=$(<"$out/healed")
	shown 0 -o json --since "$healed" --all "$out/json.pcapng"
	jq -es 'map(select(.type == "packet")) | length > 0 and all(.verdict == "sent" or .verdict == "delivered")' "$out/shown" >/dev/null ||
		echo "expected good packets after $healed, saw $(jq -r 'select(.type == "packet") | .verdict' "$out/shown" | sort | uniq -c | paste -sd,)"
	shown 0 --since "$healed" --exit-code "$out/json.pcapng"
	shown 1 --until "$healed" --exit-code "$out/json.pcapng"
	shown 3 --until 1ms --exit-code "$out/json.pcapng"
	for when in '--until 2026-01-01T00:00:00Z' '--since 2100-01-01T00:00:00Z' '--since 10h'; do
		# shellcheck disable=SC2086 # two words
		shown 0 $when "$out/json.pcapng"
		grep -qE 'the capture is from 20[0-9T:-]+Z to 20[0-9T:-]+Z$' "$out/shown.err" ||
			echo "expected the capture's span with $when, saw $(cat "$out/shown.err")"
	done
	shown 0 --since 1s "$out/json.pcapng"
	! grep 'the capture is from' "$out/shown.err" || echo "expected no word of its span"
	shown 0 -f icmp -o json --all "$out/json.pcapng"
	jq -es 'map(select(.type == "packet")) | length > 0 and all(.app == "icmp")' "$out/shown" >/dev/null ||
		echo "expected ICMP alone, saw $(jq -r 'select(.type == "packet") | .app' "$out/shown" | sort | uniq -c | paste -sd,)"
}

# ---- -w ----

copy() {
	local mode want saw

	rm -f "$out/copy.pcapng"
	shown 0 -o json -w "$out/copy.pcapng" "$out/json.pcapng"
	same "$out/json.json" "$out/shown"
	mode=$(stat -c %a "$out/copy.pcapng")
	[ "$mode" = 600 ] || echo "expected mode 600, saw $mode"
	shown 0 -o json "$out/copy.pcapng"
	same "$out/json.json" "$out/shown"
	# every hop of each packet that leaked, and no other
	want=$(jq -s 'map(select(.type == "packet" and .verdict == "leaked") | {key: "\(.id)", value: (.path | length)}) |
		from_entries | add' "$out/json.json")
	saw=$(tshark -n -r "$out/copy.pcapng" -Y 'frame.comment contains "verdict=leaked cause=node-address-mismatch finding=1"' 2>/dev/null | grep -c .) || :
	[ "$saw" = "$want" ] || echo "expected $want packets with the verdict in the comment by tshark, saw $saw"
	same <(tshark -n -r "$out/json.pcapng" 2>/dev/null) <(tshark -n -r "$out/copy.pcapng" 2>/dev/null)
	same <(tcpdump -n -tt -r "$out/json.pcapng" 2>/dev/null) <(tcpdump -n -tt -r "$out/copy.pcapng" 2>/dev/null)
	# of a copy, the same copy
	rm -f "$out/again.pcapng"
	shown 0 -w "$out/again.pcapng" "$out/copy.pcapng"
	same "$out/copy.pcapng" "$out/again.pcapng"
}

# refused WORD ARGUMENT...: status 2, nothing on stdout, one line with WORD in it
refused() {
	local word=$1

	shift
	shown 2 "$@"
	[ ! -s "$out/shown" ] || echo "expected nothing on standard output of show $*, saw $(head -n 1 "$out/shown")"
	grep -q -e "$word" "$out/shown.err" || echo "expected '$word' of show $*, saw $(head -n 1 "$out/shown.err")"
	[ "$(grep -c . "$out/shown.err")" -eq 1 ] || echo "expected one line on standard error, saw $(cat "$out/shown.err")"
}

refusals() {
	local sum

	sum=$(md5sum <"$out/json.pcapng")
	refused 'another file' --force -w "$out/json.pcapng" "$out/json.pcapng"
	refused '--force' -w "$out/copy.pcapng" "$out/json.pcapng"
	refused 'one FILE' -w "$out/x.pcapng" "$out/json.pcapng" "$out/peer.pcapng"
	refused 'no calitrace' -w "$out/x.pcapng" "$out/foreign.pcap"
	refused 'No such file' "$out/none.pcapng"
	refused 'exclude' --packets --summary "$out/json.pcapng"
	refused 'neither pcapng nor pcap' "$0"
	gzip -c "$out/json.pcapng" >"$out/json.gz"
	refused 'gzip -dc' "$out/json.gz"
	refused 'same part' "$out/json.pcapng" "$out/json.pcapng"
	refused 'no \*.pcapng' "$out/empty"
	[ "$sum" = "$(md5sum <"$out/json.pcapng")" ] || echo "expected the capture as it was, saw another"
	[ ! -e "$out/x.pcapng" ] || echo "expected no copy, saw one"
	refused 'a device' --force -w /dev/null "$out/json.pcapng"
	# neither a link nor what it leads to
	echo kept >"$out/target"
	ln -sf target "$out/link.pcapng"
	refused 'symbolic link' -w "$out/link.pcapng" "$out/json.pcapng"
	refused 'symbolic link' --force -w "$out/link.pcapng" "$out/json.pcapng"
	[ "$(cat "$out/target")" = kept ] || echo "expected what the link led to as it was"
}

full_disk() {
	local status=0

	"$calitrace" show "$out/json.pcapng" >/dev/full 2>"$out/shown.err" || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2 where nothing can be written, saw $status"
	grep -q 'No space left' "$out/shown.err" || echo "expected why, saw $(cat "$out/shown.err")"
	# an earlier copy stays where the new one does not fit
	status=0
	echo kept >"$out/full.pcapng"
	(ulimit -f 4 && "$calitrace" show --force -w "$out/full.pcapng" "$out/json.pcapng" >/dev/null 2>"$out/shown.err") || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2 of -w, saw $status"
	grep -q 'File too large' "$out/shown.err" || echo "expected why, saw $(cat "$out/shown.err")"
	[ "$(printf '%s\n' "$out"/full.pcapng*)" = "$out/full.pcapng" ] || echo "expected one file, saw $(printf '%s ' "$out"/full.pcapng*)"
	[ "$(cat "$out/full.pcapng")" = kept ] || echo "expected the earlier file as it was"
	# a reader that has seen enough
	"$calitrace" show --packets "$out/json.pcapng" 2>"$out/shown.err" | head -n 1 >/dev/null || echo "expected exit status 0, saw $?"
}

# ---- files that are not whole, not ours, not files ----

cut_files() {
	local size cut

	size=$(stat -c %s "$out/text.pcapng")
	for cut in 1 9 100 $((size / 20)) $((size / 3)); do
		head -c $((size - cut)) "$out/text.pcapng" >"$out/cut.pcapng"
		shown 2 "$out/cut.pcapng"
		grep -q "cut.pcapng: cut at" "$out/shown.err" || echo "expected to be told of the cut by $cut, saw $(cat "$out/shown.err")"
		# all that was said before the cut: as live said it
		same <(sed '/^SUMMARY/,$d' "$out/shown" | head -n -8) <(head -n "$(sed '/^SUMMARY/,$d' "$out/shown" | head -n -8 | wc -l)" "$out/text.json")
		grep -q '^SUMMARY' "$out/shown" || echo "expected a summary of what there is, saw none"
	done
	head -c 700 "$out/text.pcapng" >"$out/cut.pcapng"
	shown 2 "$out/cut.pcapng"
	: >"$out/cut.pcapng"
	shown 2 "$out/cut.pcapng"
}

foreign() {
	local file seen

	seen=$(tcpdump -n -r "$out/foreign.pcap" 'icmp or udp port 53' 2>/dev/null | grep -c .)
	editcap -F pcapng "$out/foreign.pcap" "$out/foreign.pcapng" 2>/dev/null
	for file in "$out/foreign.pcap" "$out/foreign.pcapng"; do
		shown 1 --exit-code "$file"
		grep -q ' unanswered  *icmp echo' "$out/shown" || echo "expected an unanswered request, saw $(grep -v '^ ' "$out/shown" | head -n 3)"
		! grep -E 'pools:|leaked|left this node' "$out/shown" || echo "expected nothing about routes"
		shown 0 -o json --summary "$file"
		[ "$(jq -c 'select(.type == "summary") | [.seen, (.verdicts | keys)]' "$out/shown")" = "[$seen,[\"unanswered\"]]" ] ||
			echo "expected $seen packets and no other verdict, saw $(jq -c 'select(.type == "summary")' "$out/shown")"
		[ "$(jq -r 'select(.type == "finding").cause' "$out/shown")" = unknown ] || echo "expected no cause, saw $(grep finding "$out/shown")"
		shown 0 --packets "$file"
		[ "$(grep -c . "$out/shown")" -ge "$seen" ] || echo "expected $seen lines, saw $(grep -c . "$out/shown")"
	done
}

from_stdin() {
	"$calitrace" show -o json - <"$out/json.pcapng" >"$out/shown" 2>"$out/shown.err"
	same "$out/json.json" "$out/shown"
	# shellcheck disable=SC2002 # a pipe is what is tested
	cat "$out/text.pcapng" | "$calitrace" show - >"$out/shown" 2>"$out/shown.err"
	same "$out/text.json" "$out/shown"
}

# What happens is shown while the capture still runs.
pipe() {
	rm -f "$out/fifo" "$out/pipe".*
	mkfifo "$out/fifo"
	"$calitrace" show -o json --all - <"$out/fifo" >"$out/pipe.out" 2>"$out/pipe.err" &
	local shower=$! status=0

	"$calitrace" capture -w - --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" >"$out/fifo" 2>"$out/pipe.capture.err" </dev/null &
	local capturer=$!

	within "$patience" tracing "$out/pipe.capture.err" || echo "expected it to trace, saw $(cat "$out/pipe.capture.err")"
	lab traffic --count 1 ping >&2 || echo "expected healthy traffic, saw none"
	within "$patience" grep -q '"type":"packet".*"verdict":"delivered"' "$out/pipe.out" || echo "expected the packet while it runs, saw $(tail -n 1 "$out/pipe.out")"
	kill -INT $capturer
	wait $capturer || echo "expected exit status 0 of capture, saw $?"
	wait $shower || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0 of show, saw $status"
	[ "$(tail -n 1 "$out/pipe.out" | jq -r .type)" = summary ] || echo "expected a summary in the end, saw $(tail -n 1 "$out/pipe.out")"
}

# ---- several ----

two_nodes() {
	local node

	shown 0 -o json "$out/json.pcapng" "$out/peer.pcapng"
	[ "$(jq -r 'select(.type == "summary").node' "$out/shown" | sort | paste -sd,)" = k8s01,k8s02 ] ||
		echo "expected both nodes, saw $(jq -r .node "$out/shown" | sort | uniq -c | paste -sd,)"
	# routes and links are told when they change: in one order of time
	jq -r 'select(.type == "route" or .type == "link").ts' "$out/shown" | sort -c || echo "expected one order of time, saw another"
	for node in k8s01 k8s02; do
		[ "$(jq -r "select(.node == \"$node\") | .type" "$out/shown" | grep -cE 'start|route')" -gt 1 ] ||
			echo "expected routes of $node, saw none"
	done
	rm -rf "$out/both"
	mkdir "$out/both"
	cp "$out/json.pcapng" "$out/both/1.pcapng"
	cp "$out/peer.pcapng" "$out/both/2.pcapng"
	cp "$out/shown" "$out/both/shown"
	shown 0 -o json "$out/both"
	same "$out/both/shown" "$out/shown"
	shown 0 "$out/both"
	! grep -vE '^k8s0[12]  ' "$out/shown" || echo "expected each line to say whose it is"
}

# The parts of a run say together what the run said, and nothing at their seams.
rotated() {
	rm -rf "$out/parts"
	mkdir "$out/parts"
	tracer_run rotated capture -C 64k -w "$out/parts/r.pcapng" --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}"
	tracer_wait rotated
	lab traffic --count 20 ping dns >&2 || echo "expected healthy traffic, saw none"
	tracer_stop rotated
	[ "$(find "$out/parts" -name '*.pcapng' | wc -l)" -gt 1 ] || echo "expected several files, saw $(ls "$out/parts")"
	shown 0 -o json "$out/parts"
	same <(tail -n 1 "$out/rotated.err") "$out/shown.err"
	[ "$(jq -r .type "$out/shown" | paste -sd' ')" = 'start summary' ] || echo "expected start and summary, saw $(jq -r .type "$out/shown" | paste -sd' ')"
	shown 0 "$out/parts/r_000001.pcapng"
	grep -q 'goes on in another file' "$out/shown.err" || echo "expected to be told of the rest, saw $(cat "$out/shown.err")"
}

# What capture -d 0 has is what check says, sick or not; that no packet passed is no news.
snapshot() {
	local at=(--netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}")

	rm -f "$out"/snap*.pcapng
	"$calitrace" capture "${at[@]}" -d 0 -w "$out/snap.pcapng" 2>"$out/snap.err" || echo "expected a snapshot, saw $(tail -n 1 "$out/snap.err")"
	"$calitrace" check "${at[@]}" >"$out/snap.check" || echo "expected a healthy node, saw $(head -n 3 "$out/snap.check")"
	shown 0 "$out/snap.pcapng"
	same <(sed 's/  .*//' "$out/snap.check") <(sed -n '/^\(ok\|warn\|problem\|unknown\) /,/^SUMMARY/p' "$out/shown" | sed '/^SUMMARY/d; s/  .*//')
	! grep -E 'CANNOT SAY|no matching' "$out/shown" || echo "expected nothing about packets"
	grep -q "no problem seen in the node's state" "$out/shown" || echo "expected good news, saw $(tail -n 1 "$out/shown")"
	shown 3 -q --exit-code "$out/snap.pcapng"
	lab fault incident >&2
	"$calitrace" capture "${at[@]}" -d 0 -w "$out/snap2.pcapng" 2>"$out/snap.err" || echo "expected a snapshot, saw $(tail -n 1 "$out/snap.err")"
	lab heal >&2
	shown 1 --exit-code "$out/snap2.pcapng"
	grep -q '^problem  *routes ' "$out/shown" || echo "expected the problem, saw $(head -n 9 "$out/shown")"
	grep -q 'do: ' "$out/shown" || echo "expected advice, saw none"
	shown 1 --exit-code --summary "$out/snap2.pcapng"
	grep -q '^  PROBLEM: checks fail: .*routes' "$out/shown" || echo "expected the problem in the end, saw $(tail -n 1 "$out/shown")"
	shown 0 -o json "$out/snap2.pcapng"
	[ "$(jq -rs 'map(.type) | unique | join(" ")' "$out/shown")" = 'check start summary' ] || echo "expected the checks, saw $(jq -r .type "$out/shown" | paste -sd' ')"
}

# One file of all: -o json of live, show and check, each record and key that came by
keys() {
	shown 0 -o json --timeline "$out/json.pcapng"
	cp "$out/shown" "$out/timeline.shown"
	shown 0 -o json --all "$out/json.pcapng" "$out/peer.pcapng"
	"$calitrace" check -o json --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" >"$out/check.shown" ||
		echo "expected a healthy node, saw exit status $?"
	"$calitrace" doctor -o json >"$out/doctor.shown" || echo "expected exit status 0 of doctor, saw $?"
	described "$out/json.json" "$out/peer.json" "$out/shown" "$out"/{timeline,check,doctor}.shown
}

mkdir -p "$out/empty"
lab_up "${CALITRACE_TEST_PREFIX:-t$$-}shw-"
check 'show: a run to show' record
check 'show: what live said, line by line' line_by_line
check 'show: --summary' summary
check 'show: --verdict' verdict
check 'show: --packets' packets
check 'show: --timeline' timeline
check 'show: --since, --until, -f' interval
check 'show: -w' copy
check 'show: refusals' refusals
check 'show: full disk, closed pipe' full_disk
check 'show: cut files' cut_files
check 'show: captures of others' foreign
check 'show: stdin' from_stdin
check 'show: from a capture that runs' pipe
check 'show: two nodes' two_nodes
check 'show: the parts of a rotated capture' rotated
check 'show: a snapshot' snapshot
check 'show: the manual page has each key' keys
